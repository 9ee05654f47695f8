"""Maps of trained solutions, their measures, the verdict on typed measures, and the atlas that resumes them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from spinfunnel.solutions import judge_network
from spinfunnel.solutions.schedule import Schedule
from spinfunnel.solutions.solution_measures import against_null, measure_solutions
from spinfunnel.solutions.trained import judge_solutions
from spinfunnel.solutions.training_map import map_solutions
from torch import nn
from typer.testing import CliRunner

from spinfunnel.atlas import Atlas
from spinfunnel.cli import app
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.network import Curvature, NetworkLandscape, eigenvalues, surface, trace
from spinfunnel.network.batched import Batched
from spinfunnel.network.training import Recipe
from spinfunnel.systems import resolve

SMALL = Schedule(4, Recipe(epochs=15), False, 5, 20, 256, 9, 2, 2)


@pytest.fixture(scope="module")
def real_and_random():
    network = resolve("network:width=8,samples=500,dtype=float32")
    real = map_solutions(network, plan=SMALL, seed=0)
    return real, [map_solutions(network.shuffled_labels(draw), plan=SMALL, seed=draw) for draw in (1, 2)]


def test_the_map_of_solutions(real_and_random):
    real, _ = real_and_random
    graph = real.graph()
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
    real, random = real_and_random
    gap = against_null(real, random)["stability_gap"]
    assert isinstance(gap, Estimate)
    assert gap.low > 0.3
    turned = against_null(random[0], [real, real])["stability_gap"]
    assert isinstance(turned, Estimate)
    assert turned.high < 0.0


def test_a_linear_model_has_one_minimum_and_is_smooth():
    network = resolve("network:depth=0,samples=200")
    plan = Schedule(4, Recipe(epochs=10), True, 5, 20, 0, 5, 2, 2, 1)
    found = map_solutions(network, plan=plan, seed=3)
    assert len(found.energy) == 1
    assert found.visits.tolist() == [4]
    assert judge_solutions(measure_solutions(found), starts=4).kind == "smooth"
    # The Hessian is positive at it, exactly: the softmax's own curvature and the decay.
    values = np.linalg.eigvalsh(Batched(network).hessians(found.vectors)[0].numpy())
    assert values[0] == pytest.approx(0.001, rel=1e-6)


def test_an_atlas_resumes(tmp_path):
    network = resolve("network:width=3,samples=100,dtype=float32")
    plan = Schedule(3, Recipe(epochs=4), False, 5, 6, 0, 5, 2, 2)
    with Atlas(str(tmp_path / "a.db")) as book:
        first = map_solutions(network, plan=plan, seed=1, atlas=book)
        before = len(book.runs(network.identity))
        again = map_solutions(network, plan=plan, seed=1, atlas=book)
        assert len(book.runs(network.identity)) == before == 1 + sum(pair.curved is not None for pair in first.pairs)
    fresh = map_solutions(network, plan=plan, seed=1)
    for other in (again, fresh):
        assert other.keys() == first.keys()
        np.testing.assert_array_equal(other.energy, first.energy)
        assert [pair.saddle for pair in other.pairs] == [pair.saddle for pair in first.pairs]


def convolution(samples: int = 96) -> NetworkLandscape:
    """A network of a convolution on a few digits, whose trainings are jobs of their own."""
    pixels, target = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels[:samples] / 16.0, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(target[:samples])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10))
    return NetworkLandscape(model, nn.CrossEntropyLoss(), (x, y))


def test_any_number_of_workers_gives_the_same_map():
    plan = Schedule(3, Recipe(epochs=2, batch=32), False, 5, 3, 32, 5, 2, 2, 1)
    one, two = (map_solutions(convolution(), plan=plan, seed=2, workers=workers) for workers in (1, 2))
    assert one.keys() == two.keys()
    assert [pair.saddle for pair in one.pairs] == [pair.saddle for pair in two.pairs]
    np.testing.assert_array_equal(one.gain, two.gain)


def test_training_that_has_not_converged_is_undecided_and_says_what_to_do():
    short, long = (
        judge_network(convolution(), explorer=f"training:epochs=2,rounds={rounds},networks=4,rate=0.02", quick=True)
        for rounds in (1, 11)
    )
    assert short.verdict.kind == "undecided"
    assert "training has not converged" in short.verdict.reason
    assert "training:rounds=N" in short.verdict.reason
    assert short.measures["training_gain"].low > 0.005 > long.measures["training_gain"].value
    assert "converged" not in long.verdict.reason


FUNNEL = {
    "distinct_solutions": Estimate.exactly(8.0),
    "native_share": Estimate(1.0, 0.68, 1.0),
    "sharpness": Estimate(0.003, 0.001, 0.005),
    "curved_barrier": Estimate(0.001, 0.0, 0.002),
    "relative_depth": NoAnswer("all_native", "every solution is native", "nothing to do"),
    "stability_gap": Estimate(0.9, 0.88, 0.92),
    "stability_z": Estimate.exactly(40.0),
}
GLASS = {
    "native_share": Estimate(0.25, 0.07, 0.59),
    "sharpness": Estimate(0.1, 0.05, 0.15),
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
        ({"native_share": Estimate(0.5, 0.2, 0.8), "sharpness": Estimate(0.1, 0.05, 0.2)}, "undecided"),
    ],
)
def test_the_verdict_on_typed_measures(changed, kind):
    assert judge_solutions({**FUNNEL, **changed}, starts=8).kind == kind
    assert judge_solutions({**FUNNEL, **changed}, starts=3).kind == "undecided"


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
    judge_network(network, quick=True, nulls=False, explorer="training:networks=2,rounds=1,epochs=2", workers=1)

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
    found = map_solutions(network, plan=Schedule(2, Recipe(epochs=3), null_samples=2), seed=1)
    assert found.reason.startswith("exchanging units changes the outputs")
