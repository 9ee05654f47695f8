"""The landscapes of Dill and Chan: their energies and degeneracies, and what kind each is judged to be."""

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.pipeline.study import study
from spinfunnel.systems import dill_chan, resolve
from spinfunnel.systems.spins.dill_chan import SHAPES

KINDS = {"smooth": "smooth", "rugged": "funnel", "champagne": "smooth", "golf": "golf course"}
"""The champagne glass has no roughness and one minimum: a smooth funnel, whatever its rim costs in entropy."""


def distances(landscape, states):
    """Number of residues that are not native, one at a time."""
    width = landscape.size // landscape.residues
    wrong = (states != landscape.native).reshape(len(states), landscape.residues, width)
    return wrong.any(axis=2).sum(axis=1), wrong.any(axis=2)[:, 0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "states"), [(8, 2), (4, 4), (3, 8)])
def test_energy_and_degeneracy_are_those_of_the_distance(shape, n, states):
    landscape = dill_chan(n, shape=shape, states=states, roughness=0.0, seed=3)
    energies = np.empty(1 << landscape.size)
    landscape.enumerate(energies)
    every = (np.arange(1 << landscape.size)[:, None] >> np.arange(landscape.size) & 1).astype(np.uint8)
    distance, barred = distances(landscape, every)
    assert np.array_equal(np.bincount(distance), landscape.degeneracy())
    expected = np.where(barred, landscape.profile(gate=False)[distance], landscape.profile()[distance])
    assert np.array_equal(energies, expected)
    assert np.array_equal(energies, landscape.energy(every))
    # Twin that must fail: the distance in bits.
    broken = np.where(barred, landscape.profile(gate=False)[distance], landscape.profile()[distance - (distance > 1)])
    assert not np.array_equal(energies, broken) or shape == "golf"


@pytest.mark.parametrize("shape", SHAPES)
def test_there_is_one_ground_state_and_it_is_the_native_one(shape):
    landscape = dill_chan(10, shape=shape, roughness=0.3, seed=4)
    found = flood(landscape)
    assert (found.energy == found.energy[0]).sum() == 1
    assert found.energy[0] == -10.0
    assert found.key[0] == "".join(str(bit) for bit in landscape.native)


def test_the_moat_is_one_valley_as_deep_as_asked():
    found = flood(dill_chan(12, shape="moat", ditch=0.2, seed=1))
    # Inner bank at d = 4: 8 residues native, and the ditch 0.2 * 12 below.
    assert found.energy.tolist() == [-12.0, pytest.approx(-8.0 - 2.4)]
    assert found.saddle_energy.min() == -9.0


@pytest.mark.parametrize(("shape", "kind"), KINDS.items())
def test_each_is_judged_as_what_it_was_drawn_for(shape, kind):
    verdict = study(dill_chan(12, shape=shape, roughness=0.5, seed=2), nulls=False, workers=1).verdict
    assert verdict.kind == kind


@pytest.mark.parametrize(
    "spec",
    ["dill-chan:shape=moats", "dill-chan:states=3", "dill-chan:n=2", "dill-chan:rim=0", "dill-chan:n=40,states=4"],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(spec):
    with pytest.raises(InputError, match="give"):
        resolve(spec)
