"""The histograms of the flood against sums over all states."""

from dataclasses import replace

import numpy as np
import pytest

from spinfunnel.explore.flood import state_density as density
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import state_bits
from spinfunnel.systems import FunctionLandscape, resolve

pytestmark = pytest.mark.quick

SPECS = (
    "sk:n=14",
    "rem:n=13",
    "labs:n=13",
    "golf:n=9",
    "committee",
    "partition:n=13",
    "ea:shape=3x4,bonds=bimodal",
    "hopfield:n=9,patterns=1",
    "rfim:shape=3x4",
    "sk:n=5",
)


def energies_of(landscape):
    """All energies as the flood sees them: to the last digit."""
    if landscape.size < 7:  # flooded as a plain graph
        return landscape.energy(state_bits(np.arange(1 << landscape.size), size=landscape.size))
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (landscape.size - halved))
    landscape.enumerate(energies)
    return np.concatenate([energies, energies[::-1]]) if halved else energies


def moments(tally):
    count, mean, spread = (np.array(getattr(tally, name)) for name in ("count", "mean", "spread"))
    return np.array([count.sum(), count @ mean, count @ (mean**2 + spread**2)])


def assert_moments(tally, energies):
    found = moments(tally)
    expected = np.array([len(energies), energies.sum(), (energies**2).sum()])
    assert found[0] == expected[0]
    scale = np.array([1.0, np.abs(energies).sum(), expected[2]]) + 1e-300
    assert np.all(np.abs(found - expected) <= 1e-11 * scale)
    assert min(tally.lowest) == energies.min()


@pytest.mark.parametrize("spec", SPECS)
def test_every_histogram_counts_every_state_with_its_energy(spec):
    landscape = resolve(spec)
    energies = energies_of(landscape)
    for tally in flood(landscape, workers=2).tallies:
        assert_moments(tally, energies)


@pytest.mark.parametrize("spec", SPECS)
def test_the_lowest_states_are_levels(spec):
    landscape = resolve(spec)
    energies = energies_of(landscape)
    tally = next(tally for tally in flood(landscape).tallies if tally.quantity == "energy")
    level, count = np.unique(energies, return_counts=True)
    whole = int(np.argmax(np.append(np.array(tally.spread), 1.0) > 0))
    assert whole == len(level) or sum(tally.count[:whole]) > density.LEVELS / 4
    assert list(tally.position[:whole]) == level[:whole].tolist()
    assert list(tally.count[:whole]) == count[:whole].tolist()
    assert tally.position[0] == energies.min()
    assert np.all(np.diff(tally.mean) > 0)


@pytest.mark.parametrize("spec", SPECS[:-1])
def test_the_joint_histogram_has_the_other_two_as_margins(spec):
    overlap, energy, joint = flood(resolve(spec)).tallies
    place, count = np.array(joint.overlap), np.array(joint.count)
    margin = [count[place == q].sum() for q in np.unique(place)]
    assert margin == list(overlap.count)
    assert count.sum() == sum(energy.count)
    rows = list(zip(joint.overlap, joint.mean, strict=True))
    assert rows == sorted(rows)


def test_the_histograms_do_not_depend_on_the_workers():
    landscape = resolve("sk:n=19,seed=2")
    one, two = (flood(landscape, workers=workers).tallies for workers in (1, 2))
    assert one == two


def test_a_landscape_with_nearly_all_states_in_one_bin_keeps_its_lowest_levels():
    rng = np.random.default_rng(3)
    energies = np.concatenate([[1e9], np.round(rng.normal(size=2**13 - 1) * 2**30) / 2**30])
    landscape = FunctionLandscape(lambda bits: energies[bits @ (1 << np.arange(13))], 13, name="outlier")
    graph = flood(landscape)
    assert_moments(graph.tallies[0], energies)
    tally = graph.tallies[1]
    levels = np.sort(energies)
    assert list(tally.position[: density.LEVELS]) == levels[: density.LEVELS].tolist()
    assert len(tally.count) == density.LEVELS + 2


def test_a_plain_graph_with_many_levels_is_binned_above_the_lowest():
    energies = np.random.default_rng(1).normal(size=5000)
    copies = np.random.default_rng(2).integers(1, 4, 5000)
    tally = density.graph_histogram(energies, copies)
    assert len(tally.count) <= density.LEVELS + density.BINS
    assert_moments(tally, np.repeat(energies, copies))
    assert list(tally.mean[: density.LEVELS]) == np.sort(energies)[: density.LEVELS].tolist()


def test_the_check_of_moments_can_fail():
    landscape = resolve("sk:n=10")
    tally = flood(landscape).tallies[1]
    wrong = replace(tally, count=(tally.count[0] - 2, *tally.count[1:-1], tally.count[-1] + 2))
    with pytest.raises(AssertionError):
        assert_moments(wrong, energies_of(landscape))
