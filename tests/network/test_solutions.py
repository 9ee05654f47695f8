"""Maps of trained solutions, their measures, the verdict on typed measures, and the atlas that resumes them."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from typer.testing import CliRunner

from spinfunnel.atlas import Atlas
from spinfunnel.cli import app
from spinfunnel.explore.network.ensemble_training import explore_by
from spinfunnel.explore.network.network_jobs import vector_of
from spinfunnel.explore.network.schedule import Schedule
from spinfunnel.landscape import Budget, InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import measure_all
from spinfunnel.network import Curvature, NetworkLandscape, eigenvalues, surface, trace
from spinfunnel.network.batched import Batched
from spinfunnel.network.solutions import Solutions
from spinfunnel.network.training import Recipe, settle
from spinfunnel.pipeline.run import explore, graph_of
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve
from spinfunnel.verdict import judge_map
from spinfunnel.verdict.trained import judge_trained


def trained(network, *, plan, seed, **options):
    """Map of trainings by a schedule, and the solutions behind it."""
    graph = graph_of(network, explore_by(plan, Batched(network), seed=seed, **options), explorer="training")
    return graph, Solutions.of(graph)


SMALL = Schedule(4, Recipe(epochs=15), False, 5, 20, 256, 9, 2, 2)


@pytest.fixture(scope="module")
def real_and_random():
    network = resolve("network:width=8,samples=500,dtype=float32")
    real = trained(network, plan=SMALL, seed=0)
    return real, [trained(network.shuffled_labels(draw), plan=SMALL, seed=draw)[0] for draw in (1, 2)]


def test_the_map_of_solutions(real_and_random):
    (graph, real), _ = real_and_random
    assert graph.minima == 4
    assert not graph.exact
    assert not graph.saddle_exact.any()
    assert (np.diff(graph.energy) >= 0).all()
    assert graph.weight.sum() == pytest.approx(1.0)
    for pair in real.pairs:
        assert pair.saddle >= max(real.energy[pair.one], real.energy[pair.two]) - 1e-5
        assert pair.aligned.barrier <= pair.linear.barrier + 0.05
        if pair.curved is not None:
            assert pair.curved.saddle <= pair.aligned.saddle + 1e-6


def test_real_labels_stand_out_from_shuffled_ones(real_and_random):
    (real, _), random = real_and_random
    gap = measure_all(real, names=["stability_gap"], null_maps=random)["stability_gap"]
    assert isinstance(gap, Estimate)
    assert gap.low > 0.3
    turned = measure_all(random[0], names=["stability_gap"], null_maps=[real, real])["stability_gap"]
    assert isinstance(turned, Estimate)
    assert turned.high < 0.0


def test_a_linear_model_has_one_minimum_and_is_smooth():
    network = resolve("network:depth=0,samples=200")
    plan = Schedule(4, Recipe(epochs=10), True, 5, 20, 0, 5, 2, 2, 1)
    chunks = list(explore_by(plan, Batched(network), seed=3))
    graph = graph_of(network, iter(chunks), explorer="training")
    found = Solutions.of(graph)
    assert len(found.energy) == 1
    assert found.visits.tolist() == [4]
    assert judge_map(graph, measure_all(graph)).kind == "smooth"
    # The Hessian is positive at it, exactly: the softmax's own curvature and the decay.
    values = np.linalg.eigvalsh(Batched(network).hessians(vector_of(chunks[0][0].state, network)[None])[0].numpy())
    assert values[0] == pytest.approx(0.001, rel=1e-6)


def test_an_atlas_has_the_answer_of_a_finished_job(tmp_path):
    network = resolve("network:width=3,samples=100,dtype=float32")
    options = "training:networks=3,epochs=4,rounds=0"
    with Atlas(str(tmp_path / "a.db")) as book:
        first = explore(network, atlas=book, explorer=options, seed=1)
        assert explore(network, atlas=book, explorer=options, seed=1) == first
        graph = book.basin_graph(network.identity, of=first)
    with Atlas() as other:
        fresh = other.basin_graph(network.identity, of=explore(network, atlas=other, explorer=options, seed=1))
    assert fresh.key.tolist() == graph.key.tolist()
    assert fresh.facts == graph.facts
    np.testing.assert_array_equal(fresh.saddle_energy, graph.saddle_energy)


def test_what_a_killed_run_had_trained_is_not_trained_again(tmp_path, monkeypatch):
    network, options = convolution(), "training:networks=4,epochs=2,rounds=0,batch=32"
    whole = study(convolution(), explorer=options, nulls=False, views=False, workers=1, seed=2)
    trainings = []

    def counted(*given, **named):
        trainings.append(named["start"])
        if len(trainings) == 3 and stopping:
            raise KeyboardInterrupt
        return settle(*given, **named)

    monkeypatch.setattr("spinfunnel.explore.network.ensemble_training.settle", counted)
    with Atlas(str(tmp_path / "a.db")) as book:
        stopping = True
        with pytest.raises(KeyboardInterrupt):
            explore(network, atlas=book, explorer=options, seed=2, workers=1)
        assert len(trainings) == 3
        stopping = False
        run = explore(network, atlas=book, explorer=options, seed=2, workers=1)
        assert len(trainings) == 3 + 2
        graph = book.basin_graph(network.identity, of=run)
    assert graph.key.tolist() == whole.graph.key.tolist()
    assert graph.facts == whole.graph.facts


def test_time_ends_a_training_with_what_it_has():
    began = time.perf_counter()
    asked = {"explorer": "training:networks=6,epochs=4000,rounds=5", "nulls": False, "views": False, "workers": 1}
    found = study(convolution(), budget=Budget(seconds=1.0), **asked)
    assert time.perf_counter() - began < 30.0
    assert found.run.outcome == "out of budget"
    assert found.graph.minima >= 2
    assert found.verdict.kind == "undecided"


def test_what_a_network_cannot_honour_is_refused_by_name():
    network = resolve("network:width=2,samples=50")
    with pytest.raises(InputError, match="temperature of 1 means nothing to network"):
        study(network, temperature=1.0)
    with pytest.raises(InputError, match="cannot stop at a budget"):
        study(network, explorer="stationary", budget=Budget(seconds=1.0))


def test_a_native_tolerance_is_honoured():
    asked = {"explorer": "training:networks=4,epochs=3,rounds=0", "nulls": False, "views": False}
    network = resolve("network:width=3,samples=100,dtype=float32")
    strict, lax = (study(network, native_tolerance=tolerance, **asked) for tolerance in (0.0, 100.0))
    assert int(strict.graph.native.sum()) == 1
    assert lax.graph.native.all()
    assert lax.measures["native_share"].value == 1.0


def convolution(samples: int = 96) -> NetworkLandscape:
    """A network of a convolution on a few digits, whose trainings are jobs of their own."""
    pixels, target = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels[:samples] / 16.0, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(target[:samples])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10))
    return NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))


def test_any_number_of_workers_gives_the_same_map():
    plan = Schedule(3, Recipe(epochs=2, batch=32), False, 5, 3, 32, 5, 2, 2, 1)
    one, two = (trained(convolution(), plan=plan, seed=2, workers=workers)[1] for workers in (1, 2))
    assert one.keys == two.keys
    assert [pair.saddle for pair in one.pairs] == [pair.saddle for pair in two.pairs]
    np.testing.assert_array_equal(one.gain, two.gain)


def test_training_that_has_not_converged_is_undecided_and_says_what_to_do():
    options = "training:epochs=2,networks=4,rate=0.02"
    short, long = (
        study(convolution(), explorer=f"{options},rounds={rounds}", quick=True, views=False) for rounds in (1, 11)
    )
    assert short.verdict.kind == "undecided"
    assert "training has not converged" in short.verdict.reason
    assert "training:rounds=N" in short.verdict.reason
    assert short.measures["training_gain"].low > 0.005 > long.measures["training_gain"].value
    assert "converged" not in long.verdict.reason


FUNNEL = {
    "distinct_solutions": Estimate.exactly(8.0),
    "native_share": Estimate(1.0, 0.68, 1.0),
    "profile_area": Estimate(0.003, 0.001, 0.005),
    "curved_barrier": Estimate(0.001, 0.0, 0.002),
    "relative_depth": NoAnswer("all_native", "every solution is native", "nothing to do"),
    "stability_gap": Estimate(0.9, 0.88, 0.92),
    "stability_z": Estimate.exactly(40.0),
}
GLASS = {
    "native_share": Estimate(0.25, 0.07, 0.59),
    "profile_area": Estimate(0.1, 0.05, 0.15),
    "relative_depth": Estimate.exactly(0.2),
    "stability_gap": Estimate(-0.01, -0.04, 0.02),
    "stability_z": Estimate.exactly(-0.4),
}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, "funnel"),
        (GLASS, "glass"),
        ({**GLASS, "stability_gap": FUNNEL["stability_gap"], "stability_z": Estimate.exactly(9.0)}, "multi-funnel"),
        ({"stability_gap": Estimate(0.0, -0.02, 0.02)}, "smooth"),
        ({"stability_gap": NoAnswer("no_null", "none", "none")}, "undecided"),
        ({"stability_gap": Estimate(0.06, 0.04, 0.08)}, "undecided"),
        ({"distinct_solutions": Estimate.exactly(1.0)}, "smooth"),
        ({"training_gain": Estimate(0.02, 0.01, 0.03)}, "undecided"),
        ({"training_gain": Estimate(0.002, 0.001, 0.003)}, "funnel"),
        ({"training_gain": NoAnswer("one_round", "one round only", "more")}, "undecided"),
        ({"null_training_gain": Estimate(0.05, 0.04, 0.06)}, "funnel"),
        ({"null_training_gain": Estimate(0.82, 0.8, 0.84)}, "undecided"),
        ({"native_share": Estimate(0.5, 0.2, 0.8), "profile_area": Estimate(0.1, 0.05, 0.2)}, "undecided"),
    ],
)
def test_the_verdict_on_typed_measures(changed, kind):
    assert judge_trained({**FUNNEL, **changed, "starts": Estimate.exactly(8.0)}).kind == kind
    assert judge_trained({**FUNNEL, **changed, "starts": Estimate.exactly(3.0)}).kind == "undecided"


def test_judge_draws_and_tells(tmp_path):
    page = tmp_path / "page.html"
    command = ["judge", "network:depth=0,samples=150", "--quick", "--json", "--report", str(page)]
    result = CliRunner().invoke(app, command, prog_name="spinfunnel")
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["verdict"]["kind"] == "smooth"
    assert len(answer["network"]["solutions"]) == 1
    assert answer["network"]["solutions"][0]["test_accuracy"] > 0.5
    text = page.read_text()
    assert "a random one hides saddles" in text
    assert "The map of the whole space has one minimum" in text
    for title in ("From a start to a solution", "Loss surface", "Training and test loss", "Hessian, layer by layer"):
        assert title in text
    bends = answer["network"]["hessian"]
    assert [layer["name"] for layer in bends["layers"]] == ["0.weight", "0.bias"]
    for found in (bends["largest_eigenvalues"], *(layer["largest"] for layer in bends["layers"])):
        assert found["converged"] == (max(found["residuals"]) <= 1e-3 * max(found["values"]))
    assert bends["trace"]["low"] < bends["trace"]["value"] < bends["trace"]["high"]
    assert bends["weight_spectra"][0]["alpha"]["outcome"] == "too_few_eigenvalues"
    assert f"0.weight: {bends['layers'][0]['largest']['values'][0]:.4g} (residual " in text


def test_the_user_s_model_is_left_alone():
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Dropout(0.3), nn.Linear(3, 2))
    model[0].bias.requires_grad_(False)
    model.train()
    model[3].eval()
    x, y = torch.randn(40, 4), torch.arange(40) % 2
    nn.functional.cross_entropy(model(x), y).backward()
    tensors = [*model.parameters(), *model.buffers(), *(p.grad for p in model.parameters() if p.grad is not None)]
    before = [tensor.clone() for tensor in tensors]
    flags = [p.requires_grad for p in model.parameters()], [part.training for part in model.modules()]
    bare = [p.grad is None for p in model.parameters()]

    network = NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y), dropout="off")
    surface(network, points=5)
    curvature = Curvature(network)
    eigenvalues(curvature, count=1)
    trace(curvature, products=9)
    study(network, quick=True, nulls=False, explorer="training:networks=2,rounds=1,epochs=2", workers=1)

    assert all(torch.equal(tensor, known) for tensor, known in zip(tensors, before, strict=True))
    assert flags == ([p.requires_grad for p in model.parameters()], [part.training for part in model.modules()])
    assert bare == [p.grad is None for p in model.parameters()]
    assert not flags[0][1]
    assert not model[3].training


class Tied(nn.Module):
    """Two layers with the same weights, whose units cannot be renamed one layer at a time."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.head(torch.tanh(self.two(torch.tanh(self.one(x)))))


def test_units_that_prove_unlike_are_left_as_they_are():
    torch.manual_seed(2)
    x = torch.randn(40, 4)
    network = NetworkLandscape(Tied(), nn.CrossEntropyLoss(), (x, (x[:, 0] > 0).long()), weight_decay=0.01)
    _, found = trained(network, plan=Schedule(2, Recipe(epochs=3), null_samples=2), seed=1)
    assert found.reason.startswith("exchanging units changes the outputs")


def test_what_an_atlas_holds_of_a_network_is_judged_as_before(tmp_path):
    """The network is rebuilt from its name, and the trainings on shuffled labels are read, not made again."""
    path = str(tmp_path / "a.db")
    command = ["network:data=xor,width=1", "--seed", "1", "--json"]
    options = ["--explorer", "training:networks=4,epochs=20,rounds=1", "--atlas", path]
    runner = CliRunner()
    first = json.loads(runner.invoke(app, ["judge", *command, *options], prog_name="spinfunnel").stdout)
    again = runner.invoke(app, ["measure", path, "--landscape", "network", "--json"], prog_name="spinfunnel")
    recalled = json.loads(again.stdout)
    assert recalled["verdict"] == first["verdict"]
    assert recalled["measures"] == first["measures"]
