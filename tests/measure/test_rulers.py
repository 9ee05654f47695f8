"""Rulers: known positions, the nulls at their ends, and slow twins."""

from math import comb

import numpy as np
import pytest

from spinfunnel.calibration.energy_table import EnergyTable
from spinfunnel.calibration.planted import ring, wells
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.measure.native_distances import native_distances
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.rulers import ideal_time
from spinfunnel.null.energies import ShuffledEnergies
from spinfunnel.null.sorted_energies import SortedEnergies
from spinfunnel.systems import golf_course, resolve


def read(name, landscape, **options):
    return MEASURES[name].compute(flood(landscape), landscape=landscape, **options)


# ---------------------------------------------------------------------------------------------
# Gap


def test_independent_spins_lie_exactly_as_low_as_with_random_signs():
    landscape = EnergyTable(7, (2.0 * ((np.arange(128)[:, None] >> np.arange(7)) & 1) - 1.0) @ np.arange(1.0, 8.0))
    assert read("native_gap", landscape).value == pytest.approx(0.0, abs=1e-12)
    assert read("native_z", landscape) == Estimate.exactly(0.0)


@pytest.mark.parametrize("n", [8, 12])
def test_a_ring_with_random_signs_is_frustrated_every_other_time(n):
    """Ground energies -n and -n + 2, each with chance 1/2: the mean gap is 1 / n."""
    gap = read("native_gap", ring(n, seed=1))
    assert gap.low <= 1.0 / n <= gap.high


def test_a_glass_stands_out_once_in_a_hundred_times():
    """Of 60 glasses more than 4 would stand out by chance in 1 of 1,000 sets, at a rate of 1 in 100."""
    count = 0
    for seed in range(60):
        landscape = resolve("sk:n=11", seed=1000 + seed)
        found = measure_all(flood(landscape), names=["native_gap", "native_z"], landscape=landscape)
        count += found["native_z"].low >= 2.5 and found["native_gap"].low >= 0.1
    assert count <= 4


def test_random_signs_are_the_same_in_another_gauge():
    energies = np.random.default_rng(1).normal(size=512)
    turned = energies[np.arange(512) ^ 0b101100101]
    one, other = (read("native_z", EnergyTable(9, row)) for row in (energies, turned))
    assert one.value == pytest.approx(other.value)


# ---------------------------------------------------------------------------------------------
# Search


def test_the_ideal_guide_collects_wrong_bits():
    """From distance d the next wrong bit is met after n / d moves, the one after it after n / (d - 1), and so on."""
    energies = np.zeros(128)
    energies[0] = -1.0
    landscape = EnergyTable(7, energies)
    known = sum(comb(7, d) / 128 * sum(7 / j for j in range(1, d + 1)) for d in range(8))
    assert ideal_time(Topography(flood(landscape), landscape=landscape)) == pytest.approx(known)


def test_spins_in_equal_fields_are_found_as_by_the_ideal_guide():
    energies = -np.bitwise_count(np.arange(1 << 11)).astype(float)
    assert read("search_ruler", EnergyTable(11, energies)).value == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("spec", ["sk:n=12", "rem:n=11", "pspin:n=11", "dfm:shape=3x4"])
def test_shuffled_energies_stand_at_0_and_sorted_ones_near_1(spec):
    landscape = resolve(spec, seed=2)
    shuffled = read("search_ruler", ShuffledEnergies(landscape, seed=1)).value
    ordered = read("search_ruler", SortedEnergies(landscape, seed=1)).value
    own = read("search_ruler", landscape).value
    assert abs(shuffled) < 0.15
    assert ordered > 0.85
    assert shuffled - 0.05 < own < ordered + 0.05


def test_a_hole_is_found_no_faster_than_by_blind_search():
    assert abs(read("search_ruler", golf_course(12, seed=3)).value) < 0.05


def test_distances_are_those_to_the_nearest_native_state():
    energies = np.random.default_rng(5).integers(0, 4, 128).astype(float)
    natives = np.flatnonzero(energies == 0.0)
    slow = np.bitwise_count(np.arange(128)[:, None] ^ natives).min(axis=1)
    assert np.array_equal(native_distances(energies, size=7), slow)
    both = np.concatenate([energies, energies[::-1]])
    assert np.array_equal(native_distances(energies, size=8), native_distances(both, size=8)[:128])


def test_sorting_keeps_the_energies_and_the_native_state():
    landscape = resolve("sk:n=9", seed=4)
    before, after = np.empty(256), np.empty(256)
    landscape.enumerate(before)
    SortedEnergies(landscape, seed=1).enumerate(after)
    assert np.array_equal(np.sort(before), np.sort(after))
    away = native_distances(after, size=9)
    assert (np.diff(after[np.argsort(away, kind="stable")][np.cumsum(np.bincount(away))[:-1] - 1]) >= 0).all()


# ---------------------------------------------------------------------------------------------
# Rivals


def test_two_equal_wells_are_rivals_as_deep_as_half_of_their_distance():
    """Two states six of twelve flips apart: the pass lies three flips up."""
    landscape = wells(12, count=2, seed=3)
    depth = read("rival_valley_depth", landscape)
    assert depth.value == pytest.approx(3.0 / landscape.energies.mean())
    assert read("deep_valleys", landscape).value == 2.0
    assert read("native_overlap", landscape).value == pytest.approx(0.5)
    assert read("rival_share", landscape).value <= 0.5
    assert read("ground_states", landscape).value == 2.0


def test_a_higher_well_slows_the_search_for_the_native_one_but_not_for_either():
    landscape = wells(12, count=2, lift=0.1, seed=4)
    assert read("search_ruler", landscape).value < 0.8
    assert read("either_ruler", landscape).value > 0.95


def test_one_well_has_no_rival():
    landscape = wells(10, count=1, seed=5)
    assert read("rival_valley_depth", landscape).value == read("rival_share", landscape).value == 0.0
    assert read("either_ruler", landscape) == read("search_ruler", landscape)
    assert read("trap_height", landscape).value == read("stuck_share", landscape).value == 0.0


def test_the_height_of_a_trap_is_in_units_of_a_flip():
    """Two well separated states, one lower; every flip changes the energy by 1, but over the pass."""
    landscape = wells(8, count=2, lift=0.25, seed=6)
    energies = landscape.energies
    flips = np.concatenate([energies - energies[np.arange(256) ^ (1 << bit)] for bit in range(8)])
    depth = read("depth", landscape).value
    assert read("trap_height", landscape).value == pytest.approx(depth / np.sqrt((flips**2).mean()))
