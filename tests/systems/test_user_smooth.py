"""A user's own smooth landscapes."""

from __future__ import annotations

import numpy as np
import pytest

from spinfunnel.landscape import InputError
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

def nowhere(x):
    return x[:, 0] * float("nan")

def wide(x):
    return x

def mixed(x):
    return (x ** 2).sum(1) + x.mean()

def flat(x):
    return torch.zeros(len(x), dtype=x.dtype)

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
        ("nowhere", "is not a number at any of 16 random positions"),
        ("wide", r"Tensor of shape \(16, 2\) for 16 positions"),
        ("mixed", "must depend on its own row only"),
        ("flat", "without gradients"),
        ("broken", "raised ZeroDivisionError"),
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
