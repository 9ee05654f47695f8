"""The verdict on exact maps of bits: inputs that failed once, and others of their kinds with other sizes and seeds."""

import numpy as np
import pytest

from spinfunnel.calibration.energy_table import EnergyTable
from spinfunnel.calibration.planted import hidden_magnet, leading_ones, random_energies, regular_bonds, separable
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.systems import SpinPolynomial, golf_course, p_spin_glass, sherrington_kirkpatrick
from spinfunnel.systems.own_function import FunctionLandscape
from spinfunnel.systems.spins.glasses import lattice_bonds
from spinfunnel.verdict import judge_map

READ = [name for name, measure in MEASURES.items() if measure.definition in (22, 23)] + ["blind_search", "minima"]
MOST_WORDS = 30


def judged(landscape):
    graph = flood(landscape)
    found = judge_map(graph, measure_all(graph, names=READ, landscape=landscape))
    assert len(found.reason.split()) <= MOST_WORDS, found.reason
    return found


def away(n, target):
    return np.bitwise_count(np.arange(1 << n) ^ target).astype(float)


def distant(n, count, apart, rng):
    """Some states at least so many flips from each other."""
    chosen = []
    while len(chosen) < count:
        state = int(rng.integers(1 << n))
        if all((state ^ other).bit_count() >= apart for other in chosen):
            chosen.append(state)
    return chosen


# ---------------------------------------------------------------------------------------------
# Several funnels


@pytest.mark.parametrize("n", [10, 12, 13, 16])
@pytest.mark.parametrize("seed", range(3))
def test_two_equal_wells_are_two_funnels(n, seed):
    rng = np.random.default_rng([seed, n])
    first, second = distant(n, 2, n // 2, rng)
    found = judged(FunctionLandscape(lambda s: np.minimum(away(n, first), away(n, second))[s @ (1 << np.arange(n))], n))
    assert found.kind == "multi-funnel", found


@pytest.mark.parametrize("n", [11, 12, 14])
@pytest.mark.parametrize("seed", range(3))
def test_three_wells_are_three_funnels(n, seed):
    rng = np.random.default_rng([seed, n, 1])
    wells = [away(n, target) for target in distant(n, 3, n // 2, rng)]
    assert judged(EnergyTable(n, np.min(wells, axis=0))).kind == "multi-funnel"


@pytest.mark.parametrize("n", [12, 14])
@pytest.mark.parametrize("seed", range(5))
def test_wells_with_noise_and_of_unlike_depth_stay_two_funnels(n, seed):
    rng = np.random.default_rng([seed, n, 2])
    first, second = distant(n, 2, n // 2, rng)
    energies = np.minimum(away(n, first), away(n, second) + 0.03 * n) + rng.normal(0.0, 0.06 * np.sqrt(n), 1 << n)
    assert judged(EnergyTable(n, energies)).kind == "multi-funnel"


# ---------------------------------------------------------------------------------------------
# One funnel


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "bonds",
    [
        lambda _: np.stack(np.triu_indices(13, 1), axis=1),
        lambda rng: regular_bonds(14, 6, rng),
        lambda _: lattice_bonds((4, 4)),
    ],
    ids=["all pairs", "six neighbours", "square"],
)
def test_a_magnet_in_any_gauge_is_a_funnel(bonds, seed):
    pairs = bonds(np.random.default_rng(seed))
    found = judged(hidden_magnet(int(pairs.max()) + 1, pairs, weights="gaussian", seed=50 + seed))
    assert found.kind in {"funnel", "undecided"}, found


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_of_bonds_is_never_a_glass(seed):
    """No sign frustrates a tree, so that its random signs say nothing."""
    rng = np.random.default_rng([seed, 9])
    bonds = np.array([(int(rng.integers(site)), site) for site in range(1, 13)])
    found = judged(hidden_magnet(13, bonds, weights="gaussian", seed=seed))
    assert found.kind in {"funnel", "undecided"}, found


def test_magnets_in_a_gauge_are_funnels_as_a_rule():
    square = lattice_bonds((4, 4))
    kinds = [judged(hidden_magnet(16, square, weights="gaussian", seed=100 + seed)).kind for seed in range(6)]
    assert kinds.count("funnel") >= 5


@pytest.mark.parametrize("seed", range(3))
def test_one_energy_gets_one_verdict_however_it_is_given(seed):
    """Couplings, a function that adds them up, and a table of energies."""
    magnet = hidden_magnet(12, lattice_bonds((3, 4)), weights="gaussian", seed=seed)
    pairs, values = magnet.terms[2]

    def energy(states):
        spins = 2.0 * states - 1.0
        return (spins[:, pairs[:, 0]] * spins[:, pairs[:, 1]]) @ values

    function = FunctionLandscape(energy, 12)
    assert [symmetry.name for symmetry in function.symmetries] == ["global flip"]
    assert judged(magnet).reason == judged(function).reason


@pytest.mark.parametrize("seed", range(5))
def test_a_hidden_slope_with_noise_is_a_funnel(seed):
    found = judged(random_energies(13, draw="normal", slope=3.5, seed=30 + seed))
    assert found.kind in {"funnel", "undecided"}, found


def test_steep_hidden_slopes_are_funnels_as_a_rule():
    kinds = [judged(random_energies(13, draw="uniform", slope=4.5, seed=40 + seed)).kind for seed in range(6)]
    assert kinds.count("funnel") >= 5


# ---------------------------------------------------------------------------------------------
# Smooth, golf courses, glasses


@pytest.mark.parametrize("n", [10, 13, 16])
@pytest.mark.parametrize("ratio", [0.5, 0.7, 0.95])
def test_spins_that_do_not_interact_are_smooth_by_proof(n, ratio):
    found = judged(separable(n, ratio=ratio, seed=n))
    assert found.kind == "smooth"
    assert "proven" in found.reason


def test_a_function_of_independent_bits_is_smooth_by_proof():
    fields = 2.0 ** -np.arange(14)
    found = judged(FunctionLandscape(lambda states: (1 - 2.0 * states) @ fields, 14))
    assert found.kind == "smooth"
    assert "proven" in found.reason


@pytest.mark.parametrize("seed", range(3))
def test_one_minimum_that_is_found_bit_by_bit_is_no_trap(seed):
    assert judged(leading_ones(12, seed=seed)).kind in {"smooth", "funnel"}


@pytest.mark.parametrize("n", [10, 12, 15])
@pytest.mark.parametrize("seed", range(3))
def test_a_hole_in_a_plain_is_a_golf_course(n, seed):
    assert judged(golf_course(n, depth=0.1 + seed, seed=seed)).kind == "golf course"
    rng = np.random.default_rng([seed, n, 3])
    rough = rng.normal(size=1 << n)
    rough[rng.integers(1 << n)] = -2.5 * np.sqrt(2.0 * n * np.log(2.0))
    assert judged(EnergyTable(n, rough)).kind == "golf course"


def test_a_slope_that_leads_away_from_a_hole_is_a_golf_course():
    ones = 12.0 - away(12, 0)
    energies = np.where(ones == 12.0, -3.0, 0.5 - 0.8 * ones / 12.0)
    energies[-1] = -3.0
    assert judged(EnergyTable(12, energies)).kind in {"golf course", "undecided"}


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: EnergyTable(12, np.random.default_rng([seed, 4]).normal(size=4096)),
        lambda seed: EnergyTable(12, np.random.default_rng([seed, 5]).exponential(size=4096)),
        lambda seed: p_spin_glass(12, p=3, seed=60 + seed),
        lambda seed: p_spin_glass(13, p=4, seed=60 + seed),
        lambda seed: sherrington_kirkpatrick(15, seed=60 + seed),
    ],
    ids=["normal", "exponential", "three spins", "four spins", "pairs"],
)
@pytest.mark.parametrize("seed", range(4))
def test_frustration_is_never_a_funnel(make, seed):
    assert judged(make(seed)).kind in {"glass", "undecided"}


def test_random_energies_are_glasses_as_a_rule():
    kinds = [judged(EnergyTable(12, np.random.default_rng([seed, 6]).normal(size=4096))).kind for seed in range(8)]
    assert kinds.count("glass") >= 6


# ---------------------------------------------------------------------------------------------
# Many ground states, and independent parts


@pytest.mark.parametrize("shape", [(4, 4), (2, 6)])
def test_a_fully_frustrated_lattice_is_no_funnel(shape):
    """Villain's lattice: ground states of one energy that have little in common."""
    rows, columns = shape
    bonds = [(x * columns + y, (x + 1) % rows * columns + y) for x in range(rows) for y in range(columns)]
    bonds += [(x * columns + y, x * columns + (y + 1) % columns) for x in range(rows) for y in range(columns)]
    sign = [-1.0] * (rows * columns) + [-1.0 if x % 2 else 1.0 for x in range(rows) for _ in range(columns)]
    found = judged(SpinPolynomial(rows * columns, [(np.array(bonds), np.array(sign))]))
    assert found.kind in {"undecided", "glass"}, found


@pytest.mark.parametrize("seed", range(5))
def test_independent_blocks_are_no_glass(seed):
    rng = np.random.default_rng([seed, 7])
    energies = np.zeros(1)
    for _ in range(4):
        energies = np.add.outer(energies, rng.normal(size=8)).ravel()
    assert judged(EnergyTable(12, energies)).kind in {"undecided", "smooth", "funnel"}


def test_a_constant_is_smooth_and_few_states_are_left_open():
    assert judged(EnergyTable(7, np.full(128, 3.0))).kind == "smooth"
    assert judged(EnergyTable(4, np.random.default_rng(8).normal(size=16))).kind == "undecided"
