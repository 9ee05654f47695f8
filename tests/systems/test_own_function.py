"""A user's own smooth landscapes."""

from __future__ import annotations

import numpy as np
import pytest

from spinfunnel.explore.smooth import climbing
from spinfunnel.landscape import Budget, InputError
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

FILE = """
import torch
dimension = 2
box = (-3, 3)

def energy(x, a=1.0):
    return (x[:, 0] ** 2 - a) ** 2 + x[:, 1] ** 2

def atoms(x):
    beads = x.reshape(len(x), -1, 3)
    return ((beads[:, 0] - beads[:, 1]) ** 2).sum(1) + 1 / (beads[:, 0] - beads[:, 1]).norm(dim=1)
atoms.dimension, atoms.species, atoms.step = 6, (1, 1), 0.3

def partly(x):
    return torch.sqrt(x[:, 0]) + x[:, 1] ** 2

def half(x):
    return torch.where(x[:, 0] < 0, torch.nan, 1.0) * ((x[:, 0] - 1).square() + x[:, 1].square())

def nowhere(x):
    return x[:, 0] * float("nan")

def wide(x):
    return x

def mixed(x):
    return (x ** 2).sum(1) + x.mean()

def flat(x):
    return torch.zeros(len(x), dtype=x.dtype)

def slope(x):
    return x.sum(1)

def kinked(x):
    return x.abs().sum(1)

def level(x):
    return 0.0 * x.sum(1)

def ring(x):
    return (x.square().sum(1) - 1).square()

def alone(x):
    if len(x) == 1:
        raise ValueError("no batch")
    return x.square().sum(1)

def broken(x):
    return 1 / 0

def torn(x):
    return torch.nn.functional.softplus(x).sum(1)
torn.box = (3, -3)

def cluster():
    from ase import Atoms
    from ase.calculators.emt import EMT
    return Atoms("Cu3", [[0, 0, 0], [2.5, 0, 0], [0, 2.5, 0]], calculator=EMT())
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def test_a_torch_energy_with_a_dimension_is_a_landscape(mine) -> None:
    landscape = resolve(f"{mine}:energy:a=4")
    assert landscape.name == "mine.py:energy"
    assert landscape.dimension == 2
    energy, gradient = landscape.energy_and_gradient(np.array([[0.0, 1.0], [2.0, 0.0]]))
    assert energy.tolist() == [17.0, 0.0]
    assert gradient.tolist() == [[0.0, 2.0], [0.0, 0.0]]
    starts = landscape.starts(np.random.default_rng(0), 200)
    assert np.abs(starts).max() < 3.0
    assert np.abs(starts).max() > 2.5
    assert landscape.identity != resolve(f"{mine}:energy").identity
    assert resolve(f"{mine}:energy").identity == resolve(f"{mine}:energy:dtype=float32").identity
    assert resolve(f"{mine}:energy:dtype=float32").dtype == "float32"
    assert resolve(f"{mine}:energy:dimension=3").dimension == 3


def test_atoms_of_ones_own_have_the_symmetries_of_space(mine) -> None:
    landscape = resolve(f"{mine}:atoms")
    assert landscape.invariance.kind == "atoms"
    assert landscape.invariance.species == (1, 1)
    assert landscape.step == 0.3
    assert resolve(f"{mine}:cluster").invariance.species == (29, 29, 29)


def test_an_energy_that_is_a_number_somewhere_is_taken(mine) -> None:
    energy = resolve(f"{mine}:partly").energy_and_gradient(np.array([[-1.0, 0.0], [4.0, 0.0]]))[0]
    assert np.isnan(energy[0])
    assert energy[1] == 2.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slope", r"energy falls without end \(4\).*; confine it"),
        ("kinked", r"quench does not converge \(4\).*; smooth its kinks"),
        ("level", r"a curvature vanishes \(4\).*; .*hold that coordinate"),
        ("ring", r"a curvature vanishes \(4\).*; .*hold that coordinate"),
    ],
)
def test_why_no_minimum_is_found_is_said_and_what_to_do(mine, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        list(climbing.explore(resolve(f"{mine}:{name}"), starts=4))
    assert "\n" not in str(caught.value)


def test_searches_that_led_to_nothing_are_counted_beside_what_was_found(mine) -> None:
    """x1 < 0 is no number; the minimum at its edge is none, for the slope there has no end. See `half`."""
    found = study(resolve(f"{mine}:half"), explorer="climbing:starts=40", budget=Budget(evaluations=4000))
    assert found.graph.minima == 1
    assert found.graph.energy[0] == pytest.approx(0.0, abs=1e-12)
    failures = found.to_json()["run"]["failures"]
    assert failures == dict(found.run.failures)
    assert failures["energy is not a number"] >= 8  # Of 40 starts half; fewer than 8 in 1 of 50,000.


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "is not a number at any of 16 random positions"),
        ("wide", r"Tensor of shape \(16, 2\) for 16 positions"),
        ("mixed", "must depend on its own row only"),
        ("flat", "without gradients"),
        ("broken", "raised ZeroDivisionError"),
        ("alone", "raised ValueError for one position alone: no batch"),
        ("torn", "low < high"),
        ("energy:dimension=x", "set it to a whole number"),
        ("energy:dimension=0", "dimension=0 is out of range"),
        ("energy:b=3", "no parameter 'b'"),
        ("energy:dtype=int8", "dtype 'int8' is not offered"),
    ],
)
def test_what_is_no_landscape_is_refused_in_a_sentence(mine, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        resolve(f"{mine}:{name}")
    assert "\n" not in str(caught.value)
