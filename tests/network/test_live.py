"""Figures while training, for a plain loop and for Lightning; checkpoints compared."""

from __future__ import annotations

import csv
import sys
import types
import warnings

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from spinfunnel.cli import app
from spinfunnel.landscape import InputError
from spinfunnel.network.batched import Batched
from spinfunnel.network.live import Recorder, lightning_callback, top_eigenvalue
from spinfunnel.network.training import Recipe, train
from spinfunnel.systems import resolve


def problem():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, generator=generator)
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), x, x.sum(1, keepdim=True)


def test_a_plain_loop_is_recorded_and_left_alone(tmp_path):
    model, x, y = problem()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    state = torch.random.get_rng_state()
    with Recorder(model, nn.MSELoss(), (x, y), path=tmp_path / "live.csv", every=5) as recorder:
        for _ in range(20):
            optimiser.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            kept = [parameter.grad.clone() for parameter in model.parameters()]
            optimiser.step()
            recorder.step()
            assert all(torch.equal(a, p.grad) for a, p in zip(kept, model.parameters(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())
    assert model.training
    rows = list(csv.DictReader((tmp_path / "live.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [5, 10, 15, 20]
    energies = [float(row["energy"]) for row in rows]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] == pytest.approx(nn.functional.mse_loss(model(x), y).item(), rel=1e-4)
    assert all(0.0 < float(row["overlap"]) <= 1.0 for row in rows)
    assert all(float(row["distance"]) > 0.0 for row in rows)


def test_the_top_eigenvalue_is_that_of_the_dense_hessian():
    network = Batched(resolve("network:data=xor,width=3", seed=2))
    vector = network.fresh(1)
    value, error = top_eigenvalue(network, vector, steps=200)
    dense = torch.linalg.eigvalsh(network.hessians(vector[None]))[0]
    assert value == pytest.approx(float(dense[dense.abs().argmax()]), rel=1e-4)
    assert error < 1e-2 * abs(value)


def test_lightning_calls_the_recorder(monkeypatch, tmp_path):
    for name in ("lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="Lightning"):
        lightning_callback(nn.MSELoss(), None)
    stand_in = types.ModuleType("lightning.pytorch")
    stand_in.Callback = type("Callback", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lightning", types.ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", stand_in)
    model, x, y = problem()
    callback = lightning_callback(nn.MSELoss(), (x, y), path=tmp_path / "l.csv", every=2)
    callback.on_fit_start(None, model)
    for number in range(4):
        callback.on_train_batch_end(None, model, None, None, number)
    callback.on_fit_end(None, model)
    assert [row.step for row in callback.recorder.rows] == [2, 4]
    assert callback.recorder.rows[0].overlap == pytest.approx(1.0)


def test_lightning_itself_trains_and_is_recorded(tmp_path):
    lightning = pytest.importorskip("lightning")
    _, x, y = problem()

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = problem()[0]

        def training_step(self, batch, _number):
            loss = nn.functional.mse_loss(self.model(batch[0]), batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=len(x))
    module, callback = Module(), lightning_callback(None, (x, y), path=tmp_path / "l.csv", every=2)
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lightning.Trainer(max_epochs=6, accelerator="cpu", callbacks=[callback], **quiet).fit(module, data)
    assert [row.step for row in callback.recorder.rows] == [2, 4, 6]
    energies = [row.energy for row in callback.recorder.rows]
    assert energies[0] > energies[-1]
    assert energies[-1] == pytest.approx(float(nn.functional.mse_loss(module.model(x), y).detach()), rel=1e-5)


def test_tensorboard_holds_what_was_recorded(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model, x, y = problem()
    with Recorder(model, nn.MSELoss(), (x, y), tensorboard=tmp_path) as recorder:
        recorder.step()
    events = EventAccumulator(str(tmp_path)).Reload()
    (scalar,) = events.Scalars("landscape/energy")
    assert (scalar.step, scalar.value) == (1, pytest.approx(recorder.rows[0].energy))


def test_checkpoints_are_compared(tmp_path):
    spec = "network:width=8,samples=300,dtype=float32"
    network = Batched(resolve(spec))
    ends = train(network, [0, 1], recipe=Recipe(epochs=15)).end
    for number, end in enumerate(ends):
        torch.save(network.landscape.state(end), tmp_path / f"{number}.pt")
    command = ["judge", spec, "--checkpoints", str(tmp_path / "*.pt"), "--quick"]
    result = CliRunner().invoke(app, [*command, "--json"], prog_name="spinfunnel")
    assert result.exit_code == 0, result.stderr
    assert '"same_funnel": "yes"' in result.stdout
    table = CliRunner().invoke(app, command, prog_name="spinfunnel")
    assert "one funnel?" in table.stdout
    (tmp_path / "1.pt").unlink()
    refused = CliRunner().invoke(app, command, prog_name="spinfunnel")
    assert refused.exit_code == 2
    assert "two at least" in refused.stderr
    torch.save({"wrong": torch.zeros(2)}, tmp_path / "2.pt")
    refused = CliRunner().invoke(app, command, prog_name="spinfunnel")
    assert refused.exit_code == 2
    assert "2.pt" in refused.stderr
