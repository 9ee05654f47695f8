"""A network as a landscape: exact values, an untouched model, and one clear sentence for every wrong use."""

from __future__ import annotations

import ast
import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import spinfunnel
from spinfunnel.formats.checkpoint import read_checkpoint
from spinfunnel.landscape import InputError, Smooth
from spinfunnel.network import NetworkLandscape, network_from
from spinfunnel.systems import resolve


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def perceptron(*layers: nn.Module, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), *layers, nn.Linear(7, 3))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def data(count: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, 5, generator=generator(2)), torch.randint(0, 3, (count,), generator=generator(3))


def test_energy_is_loss_plus_decay_of_the_model_itself() -> None:
    model, (x, y) = perceptron().eval(), data()
    landscape = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y), weight_decay=0.3)
    assert isinstance(landscape, Smooth)
    squares = sum(float((parameter.detach() ** 2).sum()) for parameter in model.parameters())
    known = float(nn.CrossEntropyLoss()(model(x), y).detach()) + 0.15 * squares
    assert float(landscape.energy(landscape.start[None])[0]) == pytest.approx(known, rel=1e-6)
    without = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    assert float(without.energy(without.start[None])[0]) == pytest.approx(known - 0.15 * squares, rel=1e-6)


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_rows_and_gradients_are_those_of_each_vector_alone(rows: int) -> None:
    landscape = NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), data(), weight_decay=0.1, dtype="float64")
    points = torch.randn(rows, landscape.dimension, generator=generator(4), dtype=torch.float64)
    energy, gradient = landscape.value_and_gradient(points)
    for row in range(rows):
        point = points[row].clone().requires_grad_(True)
        model = perceptron().double()
        nn.utils.vector_to_parameters(point.detach(), model.parameters())
        x, y = data()
        loss = nn.CrossEntropyLoss()(model(x.double()), y)
        loss.backward()
        known = torch.cat([parameter.grad.reshape(-1) for parameter in model.parameters()]) + 0.1 * points[row]
        torch.testing.assert_close(gradient[row], known, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(energy[row], loss.detach() + 0.05 * points[row].square().sum(), rtol=1e-9, atol=0)


def test_the_model_its_mode_and_its_gradients_are_untouched() -> None:
    model = perceptron(nn.BatchNorm1d(7)).train()
    x, y = data()
    nn.CrossEntropyLoss()(model(x), y).backward()
    before = copy.deepcopy(model.state_dict())
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    state = torch.get_rng_state()
    landscape = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    landscape.value_and_gradient(torch.randn(5, landscape.dimension, generator=generator(5)))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, known) for p, known in zip(model.parameters(), gradients, strict=True))
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_batch_norm_is_frozen_or_recomputed_and_says_which() -> None:
    model, (x, y) = perceptron(nn.BatchNorm1d(7)), data()
    fresh = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    assert fresh.batch_norm == fresh.parameters["batch_norm"] == "recomputed"
    known = nn.CrossEntropyLoss()(copy.deepcopy(model).train()(x), y).detach()
    torch.testing.assert_close(fresh.energy(fresh.start[None])[0], known)
    model(x)
    seen = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    assert seen.batch_norm == "frozen"
    torch.testing.assert_close(seen.energy(seen.start[None])[0], nn.CrossEntropyLoss()(model.eval()(x), y).detach())
    assert float(seen.energy(seen.start[None])) != pytest.approx(float(known), rel=1e-3)


def test_identity_tells_data_and_decay_apart_but_not_weights() -> None:
    x, y = data()
    first = NetworkLandscape(perceptron(seed=1), nn.CrossEntropyLoss(), (x, y))
    assert first.identity == NetworkLandscape(perceptron(seed=9), nn.CrossEntropyLoss(), (x, y)).identity
    others = [
        NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), (x + 0.1, y)),
        NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), (x, y), weight_decay=0.1),
        NetworkLandscape(perceptron(nn.Tanh()), nn.CrossEntropyLoss(), (x, y)),
        first.shuffled_labels(1),
        first.shuffled_labels(2),
    ]
    assert len({first.identity, *(other.identity for other in others)}) == 6


def test_shuffled_labels_keep_inputs_and_counts() -> None:
    landscape = NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), data())
    null = landscape.shuffled_labels(3)
    assert torch.equal(null.train[0], landscape.train[0])
    assert torch.equal(null.train[1].bincount(), landscape.train[1].bincount())
    assert not torch.equal(null.train[1], landscape.train[1])


class OwnLoss(nn.Module):
    """As Hugging Face models: keywords in, an object with the loss out."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 3)

    def forward(self, values: torch.Tensor, labels: torch.Tensor) -> Any:
        class Output:
            logits = self.layer(values)
            loss = nn.functional.cross_entropy(logits, labels)

        return Output()


class Stepper(nn.Module):
    """As Lightning modules: a training step that logs, and a loader."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 3)

    def log(self, *arguments: Any) -> None:
        raise RuntimeError("there is no trainer")

    def training_step(self, batch: Any, number: int) -> Mapping[str, torch.Tensor]:
        loss = nn.functional.cross_entropy(self.layer(batch[0]), batch[1])
        self.log("loss", loss)
        return {"loss": loss}

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(TensorDataset(*data()), batch_size=16)


def test_lightning_and_hugging_face_models_by_what_they_have() -> None:
    x, y = data()
    own, stepper = OwnLoss(), Stepper()
    stepper.load_state_dict(own.state_dict())
    plain = network_from((own.layer, nn.CrossEntropyLoss(), (x, y)))
    for given in ((own, {"values": x, "labels": y}), (own, None, {"values": x, "labels": y}), stepper):
        found = network_from(given)
        torch.testing.assert_close(found.energy(found.start[None]), plain.energy(plain.start[None]))
    assert network_from((own, {"values": x, "labels": y})).evaluate(plain.start).accuracy == pytest.approx(
        float((own.layer(x).argmax(1) == y).double().mean())
    )
    with pytest.raises(RuntimeError, match="no trainer"):
        stepper.log("the user's own is untouched")


def test_loaders_are_read_in_order() -> None:
    x, y = data()
    loader = DataLoader(TensorDataset(x, y), batch_size=7)
    found = network_from((perceptron(), nn.CrossEntropyLoss(), (loader, loader)))
    assert torch.equal(found.train[0], x)
    assert torch.equal(found.test[1], y)
    assert len(network_from((perceptron(), nn.CrossEntropyLoss(), loader), samples=9).train[1]) == 9


# ---------------------------------------------------------------------------------------------
# Wrong use


class Noisy(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + torch.randn(len(x), self.out_features)


class Dropping(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(super().forward(x), training=self.training)


def refusal(model: Any, loss: Any = None, train: Any = None, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        NetworkLandscape(model, loss or nn.CrossEntropyLoss(), data() if train is None else train, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_wrong_use_is_refused_in_one_sentence() -> None:
    x, y = data()
    cross = nn.CrossEntropyLoss()
    assert "training mode with dropout (2)" in refusal(perceptron(nn.Dropout(0.5)))
    assert "drawn at random (dropout)" in refusal(Dropping(5, 3))
    assert "different losses for the same weights" in refusal(Noisy(5, 3).eval())
    assert "shuffles (RandomSampler)" in refusal(perceptron(), cross, DataLoader(TensorDataset(x, y), shuffle=True))
    assert "is nan on the training data" in refusal(perceptron(), lambda outputs, _: outputs.sum() * float("nan"))
    assert "is inf on the training data" in refusal(perceptron(), lambda outputs, _: outputs.sum() * 0 + torch.inf)
    assert "first in sample 3" in refusal(perceptron(), cross, (x.index_fill(0, torch.tensor(3), torch.nan), y))
    assert "40, 41 samples" in refusal(perceptron(), cross, (x, torch.zeros(41, dtype=torch.long)))
    assert "fails on the training data" in refusal(perceptron(), cross, (x[:, :4], y))
    assert "no parameter that requires gradients" in refusal(perceptron().requires_grad_(False))
    assert "no running statistics" in refusal(
        perceptron(nn.BatchNorm1d(7, track_running_stats=False)), batch_norm="frozen"
    )
    assert "batch_norm=maybe" in refusal(perceptron(), batch_norm="maybe")
    assert "differ when they are read again" in refusal(perceptron(), cross, [(x, y)].__iter__())
    assert "needed" in refusal("model")
    if not torch.cuda.is_available():
        assert "finds no GPU" in refusal(perceptron(), device="cuda")


def test_dropout_can_be_put_off() -> None:
    x, y = data()
    landscape = NetworkLandscape(perceptron(nn.Dropout(0.5)), nn.CrossEntropyLoss(), (x, y), dropout="off")
    plain = NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), (x, y))
    torch.testing.assert_close(landscape.energy(plain.start[None]), plain.energy(plain.start[None]))


# ---------------------------------------------------------------------------------------------
# Checkpoints


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    header, body = {}, b""
    for name, value in tensors.items():
        raw = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def test_checkpoints_are_read_as_tensors(tmp_path: Path) -> None:
    model = perceptron(seed=5)
    landscape = NetworkLandscape(perceptron(seed=6), nn.CrossEntropyLoss(), data())
    known = nn.utils.parameters_to_vector(model.parameters()).detach()
    torch.save(model.state_dict(), tmp_path / "plain.pt")
    torch.save(
        {"epoch": 3, "state_dict": {f"model.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "l.ckpt"
    )
    torch.save({f"module.{name}": value for name, value in model.state_dict().items()}, tmp_path / "parallel.pt")
    write_safetensors(tmp_path / "plain.safetensors", model.state_dict())
    for name in ("plain.pt", "l.ckpt", "parallel.pt", "plain.safetensors"):
        assert torch.equal(landscape.vector(read_checkpoint(tmp_path / name)), known), name


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    torch.save({"state_dict": perceptron().state_dict(), "more": Bomb(mark)}, tmp_path / "bomb.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Bomb(mark)))
    for name in ("bomb.pt", "bare.pt"):
        with pytest.raises(InputError, match="nothing of it was run"):
            read_checkpoint(tmp_path / name)
    assert not mark.exists()


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path: Path) -> None:
    landscape = NetworkLandscape(perceptron(), nn.CrossEntropyLoss(), data())
    state = perceptron().state_dict()
    write_safetensors(tmp_path / "good.safetensors", state)
    raw = (tmp_path / "good.safetensors").read_bytes()
    damaged = {
        "letters.pt": b"abc",
        "short.safetensors": raw[:-4],
        "long.safetensors": (1 << 60).to_bytes(8, "little") + raw[8:],
        "text.safetensors": raw[:8] + b"x" * (len(raw) - 8),
        "empty.safetensors": b"",
        "empty.pt": b"",
        "noise.pt": bytes(range(256)),
        "cut.pt": b"PK\x03\x04" + bytes(100),
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=r"damaged|cannot be read|nothing of it was run"):
            read_checkpoint(tmp_path / name)
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(InputError, match="no tensors by name"):
        read_checkpoint(tmp_path / "list.pt")
    with pytest.raises(InputError, match="does not exist"):
        read_checkpoint(tmp_path / "none.pt")
    with pytest.raises(InputError, match=r"lacks 2\.bias"):
        landscape.vector({name: value for name, value in state.items() if name != "2.bias"})
    with pytest.raises(InputError, match=r"in addition 9\.weight"):
        landscape.vector({**state, "9.weight": torch.zeros(1)})
    with pytest.raises(InputError, match=r"0\.weight has shape \(7, 4\) there and \(7, 5\) here"):
        landscape.vector({**state, "0.weight": torch.zeros(7, 4)})
    with pytest.raises(InputError, match="not finite"):
        landscape.vector({**state, "0.weight": torch.full((7, 5), torch.nan)})


def test_frozen_statistics_of_another_checkpoint_are_refused() -> None:
    model, (x, y) = perceptron(nn.BatchNorm1d(7)), data()
    model(x)
    frozen = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))
    recomputed = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y), batch_norm="recomputed")
    state = {name: value.clone() for name, value in model.state_dict().items()}
    assert torch.equal(frozen.vector(state), frozen.start)
    model(x + 1.0)
    with pytest.raises(InputError, match="batch_norm=recomputed"):
        frozen.vector(model.state_dict())
    assert torch.equal(recomputed.vector(model.state_dict()), recomputed.start)


# ---------------------------------------------------------------------------------------------
# By name


def test_networks_by_name_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(
        "import torch\n"
        "def network(width: int = 3):\n"
        "    torch.manual_seed(0)\n"
        "    x = torch.linspace(-1, 1, 12).reshape(6, 2)\n"
        "    model = torch.nn.Sequential(torch.nn.Linear(2, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))\n"
        "    return model, torch.nn.MSELoss(), (x, x.sum(1, keepdim=True))\n"
    )
    found: Any = resolve(f"{file}:network:width=4,weight_decay=0.5,dtype=float64")
    assert (found.dimension, found.weight_decay, found.dtype) == (17, 0.5, torch.float64)
    assert found.name == "train.py:network"
    with pytest.raises(InputError, match="no parameter 'widht'"):
        resolve(f"{file}:network:widht=4")
    real: Any = resolve("network:width=4,samples=100", seed=1)
    random: Any = resolve("network:width=4,samples=100,labels=random", seed=1)
    assert torch.equal(real.start, random.start)
    assert torch.equal(real.train[0], random.train[0])
    assert not torch.equal(real.train[1], random.train[1])
    linear: Any = resolve("network:depth=0,weight_decay=0.1")
    assert linear.dimension == 650


def test_nothing_imports_torch_before_a_network_is_used() -> None:
    code = (
        "import sys, spinfunnel, spinfunnel.network, spinfunnel.systems; from spinfunnel.systems import SYSTEMS; "
        "[system.parameters for system in SYSTEMS.values()]; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_torch_a_network_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from spinfunnel.systems import resolve\n"
        "try: resolve('network')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'spinfunnel[torch]'" in done.stdout


def test_nothing_leaves_a_device_but_by_way_of_the_processor() -> None:
    # A tensor on a GPU has no numpy(): calls follow a cpu(), but in the two files that only run on a processor.
    package = Path(spinfunnel.__file__).parent
    files = [*package.glob("network/*.py"), *package.glob("solutions/*.py"), *package.glob("systems/*smooth*.py")]
    seen = 0
    for path in files:
        if path.name in ("stack_losses.py", "stack_images.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "numpy":
                source = ast.unparse(node)
                assert ".cpu()" in source or "to('cpu')" in source or "zeros(plain.shape" in source, f"{path}: {source}"
                seen += 1
    assert seen > 20


class Scored(nn.Module):
    """Answers with an object that holds logits, as models of Hugging Face do without labels."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return SimpleNamespace(logits=self.layer(x))


def test_a_loss_of_pytorch_takes_the_logits_of_an_answer() -> None:
    inputs, labels = torch.randn(9, 4, generator=torch.Generator().manual_seed(1)), torch.arange(9) % 3
    model = Scored()
    known = nn.functional.cross_entropy(model.layer(inputs), labels).item()
    for loss in (nn.CrossEntropyLoss(), lambda answer, y: nn.functional.cross_entropy(answer.logits, y)):
        found = NetworkLandscape(model, loss, (inputs, labels))
        assert float(found.energy(found.start[None])[0]) == pytest.approx(known, rel=1e-6)
