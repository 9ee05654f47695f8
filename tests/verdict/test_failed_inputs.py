"""Inputs that an earlier verdict got wrong, and ten more of each kind: wells, gauges, ties, fields, units."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

import spinfunnel as sf
from spinfunnel.calibration.planted import fully_frustrated, hidden_magnet, regular_bonds
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.systems import SpinPolynomial, landscape_from
from spinfunnel.systems.own_function import FunctionLandscape
from spinfunnel.systems.spins.glasses import lattice_bonds
from spinfunnel.verdict import judge_map

DATA = Path(__file__).parent / "data"
READ = [name for name, measure in MEASURES.items() if measure.definition in (22, 23)]
READ += ["blind_search", "minima", "funnel_weight", "frustration", "two_state_ratio"]
MORE = range(10)


def found(landscape):
    graph = flood(landscape)
    measures = measure_all(graph, names=READ, landscape=landscape)
    return judge_map(graph, measures), measures, graph


def spins(states):
    return 2.0 * states - 1.0


def pairs_function(n, bonds, values):
    return FunctionLandscape(lambda s: (spins(s)[:, bonds[:, 0]] * spins(s)[:, bonds[:, 1]]) @ values, n)


# ---------------------------------------------------------------------------------------------
# Two funnels of one depth


def test_two_exactly_equal_wells_eight_bits_apart():
    first = np.random.default_rng(0).integers(0, 2, 16)
    second = first.copy()
    second[:8] ^= 1
    wells = FunctionLandscape(lambda s: np.minimum((s != first).sum(1), (s != second).sum(1)).astype(float), 16)
    verdict, measures, graph = found(wells)
    assert verdict.kind == "multi-funnel"
    assert graph.minima == 2
    assert 0.3 < measures["rival_share"].value < 0.5


# ---------------------------------------------------------------------------------------------
# One energy, given as couplings and as a function


def test_a_mattis_model_is_judged_alike_as_a_file_and_as_a_function():
    rows = np.loadtxt(DATA / "mattis.txt", skiprows=1)
    file = landscape_from(DATA / "mattis.txt")
    function = pairs_function(16, rows[:, :2].astype(int) - 1, rows[:, 2])
    ours, theirs = found(file), found(function)
    assert ours[0].kind == theirs[0].kind == "funnel"
    assert ours[0].reason == theirs[0].reason
    assert "proven" in ours[0].reason


@pytest.mark.parametrize("seed", MORE)
def test_couplings_and_a_function_of_the_same_energies_get_one_verdict(seed):
    rng = np.random.default_rng([seed, 41])
    n = int(rng.integers(9, 13))
    bonds = np.stack(np.triu_indices(n, 1), axis=1) if seed % 2 else regular_bonds(n, 4, rng)
    values = rng.normal(size=len(bonds)) if seed % 3 else hidden_magnet(n, bonds, weights="unit", seed=seed).terms[2][1]
    ours, theirs = found(SpinPolynomial(n, [(bonds, values)])), found(pairs_function(n, bonds, values))
    assert ours[0].kind == theirs[0].kind
    assert ours[2].minima == theirs[2].minima
    for name in ("search_ruler", "native_gap", "trap_height", "rival_valley_depth", "funnel_weight"):
        assert str(ours[1][name]) == str(theirs[1][name]), name


@pytest.mark.parametrize("n", [8, 12, 16])
def test_a_ferromagnetic_ring_has_two_ground_states_that_the_flip_joins(n):
    ring = FunctionLandscape(lambda s: -np.sum(spins(s) * np.roll(spins(s), 1, axis=1), axis=1), n)
    verdict, measures, graph = found(ring)
    assert graph.minima == 1
    assert measures["ground_states"].value == 2
    assert verdict.kind in {"funnel", "smooth"}


# ---------------------------------------------------------------------------------------------
# Separable energies


def test_fields_that_halve_are_smooth_by_proof():
    fields = 2.0 ** -np.arange(16)
    verdict, _, graph = found(FunctionLandscape(lambda s: (1 - 2.0 * s) @ fields, 16))
    assert verdict.kind == "smooth"
    assert "proven" in verdict.reason
    assert graph.minima == 1


@pytest.mark.parametrize("seed", MORE)
def test_independent_bits_of_any_fields_are_smooth_by_proof(seed):
    rng = np.random.default_rng([seed, 42])
    n = int(rng.integers(7, 14))
    fields = rng.choice([-1.0, 1.0], n) * rng.choice([rng.lognormal(0.0, 2.0, n), np.ones(n), rng.random(n) + 1e-3][:3])
    verdict, _, _ = found(FunctionLandscape(lambda s: s @ fields + 7.5, n))
    assert verdict.kind == "smooth"
    assert "proven" in verdict.reason


# ---------------------------------------------------------------------------------------------
# Many ground states


@pytest.mark.parametrize("seed", MORE)
def test_a_fully_frustrated_lattice_in_any_gauge_says_how_many_ground_states_it_has(seed):
    verdict, measures, graph = found(fully_frustrated((4, 4), seed=seed))
    assert measures["ground_states"].value == 272
    assert graph.energy[0] == -16.0
    assert verdict.kind in {"undecided", "glass"}
    assert "272 ground states" in verdict.reason


# ---------------------------------------------------------------------------------------------
# Ties


def test_noise_of_a_ten_trillionth_makes_no_minima():
    verdict, _, graph = found(landscape_from(DATA / "noise1e-13_12.json"))
    assert graph.minima == 3
    assert verdict.kind in {"glass", "undecided"}


@pytest.mark.parametrize("seed", MORE)
def test_couplings_that_differ_in_the_last_digits_are_ties(seed):
    rng = np.random.default_rng([seed, 43])
    n, noise = 10, 1.0 + 1e-13 * rng.uniform(-1.0, 1.0, 45)
    bonds, sign = np.stack(np.triu_indices(n, 1), axis=1), rng.choice([-1.0, 1.0], 45)
    clean, noisy = found(SpinPolynomial(n, [(bonds, sign)])), found(SpinPolynomial(n, [(bonds, sign * noise)]))
    assert clean[0].kind == noisy[0].kind
    assert clean[2].minima == noisy[2].minima
    assert clean[1]["ground_states"] == noisy[1]["ground_states"]


@pytest.mark.parametrize("name", ["tsp4_dimod945.json", "tsp4_grid_2-30.json"])
def test_eight_equal_tours_are_eight_ground_states_however_distances_are_rounded(name):
    verdict, measures, graph = found(landscape_from(DATA / name))
    assert measures["ground_states"].value == 8
    assert measures["funnel_weight"].value == 1.0
    assert measures["frustration"].value < 100.0
    assert graph.minima == 24
    assert verdict.kind not in {"glass", "golf course"}


def tours(distances, *, penalty):
    """Assignment of cities to places as bits: distances of neighbours on the tour, and penalties for each conflict."""
    cities = len(distances)

    def energy(states):
        table = states.reshape(-1, cities, cities).astype(float)
        once = ((table.sum(1) - 1.0) ** 2).sum(1) + ((table.sum(2) - 1.0) ** 2).sum(1)
        return np.einsum("bip,ij,bjp->b", table, distances, np.roll(table, -1, axis=2)) + penalty * once

    return FunctionLandscape(energy, cities * cities)


@pytest.mark.parametrize("seed", MORE)
def test_tours_of_three_cities_tie_with_distances_that_no_double_holds(seed):
    place = np.random.default_rng([seed, 44]).random((3, 2))
    apart = np.linalg.norm(place[:, None] - place, axis=2)
    real, grid = found(tours(apart, penalty=4.0)), found(tours(np.round(apart * 2.0**30) / 2.0**30, penalty=4.0))
    assert real[1]["ground_states"].value == len(list(permutations(range(3)))) == 6
    assert real[0].kind == grid[0].kind
    assert real[2].minima == grid[2].minima
    assert real[1]["funnel_weight"].value == grid[1]["funnel_weight"].value == 1.0


# ---------------------------------------------------------------------------------------------
# Units


@pytest.mark.parametrize("seed", MORE)
@pytest.mark.parametrize(("unit", "shift"), [(1e6, 0.0), (1e-6, 0.0), (1.0, 1e9)])
def test_units_and_zeros_change_no_ruler_and_no_verdict(seed, unit, shift):
    couplings = np.triu(np.random.default_rng(5 + seed).normal(size=(10, 10)), 1) / np.sqrt(10)

    def energy(states, *, unit=1.0, shift=0.0):
        s = 1 - 2.0 * states
        return shift - unit * np.einsum("bi,ij,bj->b", s, couplings, s)

    ours = found(FunctionLandscape(energy, 10))
    other = found(FunctionLandscape(lambda s: energy(s, unit=unit, shift=shift), 10))
    assert ours[0].kind == other[0].kind
    for name in ("frustration", "two_state_ratio", "search_ruler", "native_gap", "rival_valley_depth", "funnel_weight"):
        one, two = ours[1][name], other[1][name]
        assert isinstance(one, Estimate) == isinstance(two, Estimate), name
        if isinstance(one, Estimate):
            # Energies of 10^9 are known to 10^-4, the floor at which they are merged.
            assert two.value == pytest.approx(one.value, rel=1e-3 if shift else 1e-6, abs=1e-4 if shift else 1e-9), name


# ---------------------------------------------------------------------------------------------
# What was called a leader at larger sizes


@pytest.mark.parametrize("seed", range(3))
def test_the_three_spin_glass_is_no_funnel_at_any_size(seed):
    for n in (10, 13, 16):
        assert sf.study(f"pspin:n={n},p=3", seed=seed, nulls=False).verdict.kind in {"glass", "undecided"}


def test_a_magnet_on_a_lattice_in_any_gauge_keeps_its_verdict():
    bonds = lattice_bonds((3, 4))
    strength = np.abs(np.random.default_rng(45).normal(size=len(bonds)))
    reasons = set()
    for seed in range(4):
        gauge = np.random.default_rng([seed, 46]).choice([-1.0, 1.0], 12)
        reasons.add(found(SpinPolynomial(12, [(bonds, -strength * gauge[bonds].prod(axis=1))]))[0].reason)
    assert len(reasons) == 1
