"""F(Q, T) against sums over all states."""

import math

import numpy as np
import pytest

from slow_twins import slow_overlap
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Tally, key_states, state_bits
from spinfunnel.measure import MEASURES
from spinfunnel.measure.free_energy import free_energy
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("spec", ["sk:n=12,seed=4", "rem:n=11", "dfm:shape=3x3"])
def test_profiles_agree_with_sums_over_states(spec):
    landscape = resolve(spec)
    size = landscape.size
    energies = landscape.energy(state_bits(np.arange(1 << size), size=size))
    graph = flood(landscape)
    chief = key_states(graph.key[graph.chief : graph.chief + 1])[0] @ (1 << np.arange(size))
    images = [int(chief), (1 << size) - 1 - int(chief)] if "global flip" in graph.symmetry else [int(chief)]
    overlap = slow_overlap(energies, natives=images, copies=1, bits=size)
    states = free_energy(graph)
    assert states.overlap.tolist() == pytest.approx(np.unique(overlap).tolist())
    for share in (0.05, 0.3):
        temperature = share * (energies.mean() - energies.min())
        profile = states.at(temperature)
        for place, q in enumerate(np.unique(overlap)):
            shell = energies[overlap == q]
            weight = np.exp(-(shell - shell.min()) / temperature)
            expected = shell.min() - temperature * math.log(weight.sum())
            assert abs(profile.free_energy[place] - expected) <= profile.error[place] + 1e-9
            assert profile.error[place] < 0.02 * temperature
            tolerance = 20 * profile.error[place] + 1e-9
            assert profile.energy[place] == pytest.approx(weight @ shell / weight.sum(), abs=tolerance)
            assert profile.entropy[place] == pytest.approx(
                (profile.energy[place] - profile.free_energy[place]) / temperature, abs=1e-9
            )
        assert profile.probability.sum() == pytest.approx(1.0)


def test_at_infinite_temperature_energy_is_the_mean_and_entropy_counts():
    hot = free_energy(flood(resolve("golf:n=8"))).at(math.inf)
    assert hot.energy.tolist() == [0.0] * 8 + [-1.0]
    assert np.exp(hot.entropy) == pytest.approx([math.comb(8, k) for k in range(9)])


def test_the_golf_course_has_the_barrier_of_its_rim():
    """At Tf the hole weighs as much as all else; the rim has N states and the fairway's middle C(N, N/2)."""
    graph = flood(resolve("golf:n=10"))
    barrier = MEASURES["folding_barrier"].compute(graph)
    assert barrier.value == pytest.approx(math.log(math.comb(10, 5) / 10), rel=1e-9)


def test_a_magnet_without_frustration_folds_downhill():
    assert MEASURES["folding_barrier"].compute(flood(resolve("hopfield:n=10,patterns=1"))).value == 0.0


def test_a_map_without_the_histogram_has_a_named_outcome():
    graph = flood(resolve("sk:n=8"))
    bare = type(graph)(
        **{name: getattr(graph, name) for name in graph.__slots__ if name not in {"native", "tallies"}},
        tallies=graph.tallies[:2],
    )
    assert MEASURES["folding_barrier"].compute(bare).outcome == "no_overlap"
    assert isinstance(graph.tallies[2], Tally)
