"""States of one energy in exact arithmetic have one energy in the program, whatever the order of summation."""

from fractions import Fraction

import numpy as np
import pytest

from spinfunnel.landscape import state_bits
from spinfunnel.systems.function_ties import merge_levels, rounding_floor, to_grid
from spinfunnel.systems.own_function import FunctionLandscape
from spinfunnel.systems.spins.polynomial import SpinPolynomial
from spinfunnel.systems.spins.polynomial_ties import TIE, exact_coefficients

SIZE = 9


def random_terms(rng, *, orders=(1, 2, 3), decimals=None):
    terms = []
    for order in orders:
        rows = np.array([rng.choice(SIZE, order, replace=False) for _ in range(14)])
        values = rng.normal(size=len(rows))
        terms.append((rows, values if decimals is None else np.round(values, decimals)))
    return terms


def exact_energies(landscape):
    """Slow twin: sums of fractions."""
    states = state_bits(np.arange(1 << landscape.size), size=landscape.size)
    spins = 2 * states.astype(int) - 1
    total = [Fraction(0)] * len(states)
    for indices, coefficients in landscape.terms.values():
        for row, value in zip(indices.tolist(), coefficients.tolist(), strict=True):
            for number, sign in enumerate(spins[:, row].prod(axis=1).tolist()):
                total[number] += Fraction(value) * sign
    return total


@pytest.mark.parametrize("seed", range(4))
def test_energies_are_exact_sums_of_their_coefficients(seed):
    landscape = SpinPolynomial(SIZE, random_terms(np.random.default_rng(seed)))
    assert landscape.unit is None
    out = np.empty(1 << SIZE)
    landscape.enumerate(out)
    assert [Fraction(value) for value in out.tolist()] == exact_energies(landscape)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_terms_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    terms = random_terms(rng)
    mixed = [(rows[turn], values[turn]) for rows, values in terms[::-1] for turn in [rng.permutation(len(rows))]]
    first, second = np.empty(1 << SIZE), np.empty(1 << SIZE)
    SpinPolynomial(SIZE, terms).enumerate(first)
    SpinPolynomial(SIZE, mixed).enumerate(second)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("noise", [1e-15, 1e-13])
@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [0.3, 0.4, 0.7], [0.123, 0.877]])
def test_noise_of_a_file_is_merged(values, noise):
    rng = np.random.default_rng(3)
    rows = np.array([(i, j) for i in range(SIZE) for j in range(i)])
    clean = rng.choice(values, len(rows)) * rng.choice([-1.0, 1.0], len(rows))
    noisy = clean * (1.0 + noise * rng.uniform(-1.0, 1.0, len(rows)))
    levels = []
    for coefficients in (clean, noisy):
        out = np.empty(1 << SIZE)
        SpinPolynomial(SIZE, [(rows, coefficients)]).enumerate(out)
        levels.append(np.unique(out, return_inverse=True)[1])
    assert np.array_equal(levels[0], levels[1])


def test_irrational_couplings_with_noise_are_merged_into_one_value():
    rng = np.random.default_rng(4)
    values = np.pi * rng.choice([-1.0, 1.0], 40) * (1.0 + 1e-13 * rng.uniform(-1.0, 1.0, 40))
    ties = exact_coefficients(values)
    assert len(np.unique(np.abs(ties.coefficients))) == 1
    assert ties.merged == len(np.unique(np.abs(values))) - 1
    assert np.abs(ties.coefficients - values).max() < 1e-12


def test_what_differs_by_more_is_kept_apart():
    values = np.array([np.pi, np.pi * (1.0 + 4.0 * TIE), 1.0])
    assert exact_coefficients(values).merged == 0


@pytest.mark.parametrize("values", [[1.0, -3.0, 7.0], [0.5, 0.25, -0.125], [2.0**-20, 1.0 + 2.0**-20], [1e6, 1.0]])
def test_what_is_representable_stays_bit_by_bit(values):
    assert exact_coefficients(np.array(values)).coefficients.tolist() == values


def test_a_penalty_leaves_the_costs_beside_it():
    costs = np.random.default_rng(5).random(16)
    ties = exact_coefficients(np.concatenate([np.full(24, 2e7), costs]))
    assert np.abs(ties.coefficients[24:] - costs).max() < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_a_function_that_rounds_as_it_likes_has_the_ties_of_its_exact_twin(seed):
    rng = np.random.default_rng(seed)
    rows = np.array([(i, j) for i in range(SIZE) for j in range(i)])
    coefficients = rng.choice([0.1, 0.2, 0.3, -0.1, -0.2], len(rows)) * np.pi
    exact = np.empty(1 << (SIZE - 1))
    SpinPolynomial(SIZE, [(rows, coefficients)]).enumerate(exact)

    def energy(states):
        turn = np.random.default_rng(len(states)).permutation(len(rows))
        spins = 2.0 * states - 1.0
        return (spins[:, rows[turn, 0]] * spins[:, rows[turn, 1]]) @ coefficients[turn]

    landscape = FunctionLandscape(energy, SIZE)
    assert [symmetry.name for symmetry in landscape.symmetries] == ["global flip"]
    found = np.empty(len(exact))
    landscape.enumerate(found)
    same = [np.unique(energies, return_inverse=True)[1] for energies in (exact, found)]
    assert np.array_equal(*same)


def test_one_state_alone_breaks_the_flip():
    """A hole of a golf course is seen by no sample of 4,096 states."""
    hole = 12345

    def energy(states):
        return -1.0 * (states @ (1 << np.arange(16)) == hole)

    assert FunctionLandscape(energy, 16).symmetries == ()


def test_a_flip_is_believed_when_it_is_declared_and_not_looked_for_when_it_is_not():
    landscape = FunctionLandscape(lambda states: np.abs(states.sum(axis=1) - 4.0), 8, symmetries=())
    assert landscape.symmetries == ()
    assert len(FunctionLandscape(landscape.function, 8).symmetries) == 1


def test_a_floor_follows_what_was_seen_to_differ():
    energies = np.array([1.0, -2.0, 3.0])
    assert rounding_floor(energies, 1e-6, dtype=np.float64) >= 8e-6
    assert rounding_floor(energies, 0.0, dtype=np.float32) > 1e5 * rounding_floor(energies, 0.0, dtype=np.float64)
    assert to_grid(np.array([3.0, 0.5]), 2.0**-40).tolist() == [3.0, 0.5]


def test_a_continuum_of_levels_is_no_tie():
    energies = np.arange(100.0)
    assert merge_levels(energies, 1.0) == 0
    assert energies.tolist() == list(range(100))
