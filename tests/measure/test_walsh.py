"""The Walsh spectrum: a dense twin, shares that are known, and what proves that bits are independent."""

from math import comb

import numpy as np
import pytest

from spinfunnel.calibration.energy_table import EnergyTable
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.measure import MEASURES
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.walsh import spectrum_of
from spinfunnel.moves.walsh_transform import energies_of, interactions_of
from spinfunnel.systems import SpinPolynomial, resolve
from spinfunnel.systems.own_function import FunctionLandscape


def dense(bits):
    """Products of spins in every set, for every state: the slow twin's matrix."""
    spins = 2 * ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1) - 1
    columns = [spins[:, [i for i in range(bits) if (chosen >> i) & 1]].prod(axis=1) for chosen in range(1 << bits)]
    return np.stack(columns, axis=1)


def value(name, landscape):
    return MEASURES[name].compute(flood(landscape), landscape=landscape).value


@pytest.mark.parametrize("bits", [1, 2, 5, 9])
def test_the_fast_transform_is_the_dense_matrix(bits):
    rng = np.random.default_rng(bits)
    coefficients = rng.normal(size=1 << bits)
    energies = dense(bits) @ coefficients
    np.testing.assert_allclose(energies_of(coefficients), energies, atol=1e-12)
    np.testing.assert_allclose(interactions_of(energies), coefficients, atol=1e-12)


def test_the_transform_of_a_large_landscape_comes_back():
    energies = np.random.default_rng(1).normal(size=1 << 20)
    np.testing.assert_allclose(energies_of(interactions_of(energies)), energies, atol=1e-9)


@pytest.mark.parametrize(
    "spec", ["sk:n=9", "ea:shape=3x3", "pspin:n=9,p=3", "pspin:n=9,p=4", "rfim:shape=3x3", "labs:n=9"]
)
def test_the_mean_order_gives_the_autocorrelation(spec):
    """``1 - 2 k / N`` for the mean order k (Weinberger 1990)."""
    landscape = resolve(spec, seed=3)
    graph = flood(landscape)
    order = MEASURES["mean_order"].compute(graph, landscape=landscape).value
    assert 1.0 - 2.0 * order / 9 == pytest.approx(graph.census.autocorrelation, abs=1e-9)


@pytest.mark.parametrize(
    ("spec", "order"), [("sk:n=8", 2), ("pspin:n=8,p=3", 3), ("pspin:n=8,p=4", 4), ("hopfield:n=8", 2)]
)
def test_all_variance_is_of_the_order_of_the_couplings(spec, order):
    landscape = resolve(spec, seed=1)
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (8 - halved))
    landscape.enumerate(energies)
    shares = spectrum_of(energies, size=8).shares()
    assert shares[order] == pytest.approx(1.0)


def test_a_hole_has_interactions_of_every_order_alike():
    """All 2^N - 1 coefficients of one state have one size, so that order k has binomial(N, k) of them."""
    energies = np.zeros(256)
    energies[77] = -1.0
    shares = spectrum_of(energies, size=8).shares()
    np.testing.assert_allclose(shares[1:], [comb(8, k) / 255 for k in range(1, 9)])


def test_one_part_in_a_thousand_of_a_coupling_is_no_independence():
    fields = np.arange(1.0, 9.0)
    spins = 2.0 * ((np.arange(256)[:, None] >> np.arange(8)) & 1) - 1.0
    alone = spins @ fields
    assert value("order_1", EnergyTable(8, alone)) == 1.0
    assert value("order_1", EnergyTable(8, alone + 1e-3 * spins[:, 0] * spins[:, 5])) < 1.0


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_rounding_is_no_interaction(shift):
    """Fields that span four decades, added up by a product of matrices."""
    fields = np.random.default_rng(2).permutation(10.0 ** np.linspace(0, -4, 12))
    landscape = FunctionLandscape(lambda states: (1 - 2.0 * states) @ fields + shift, 12)
    assert value("order_1", landscape) == 1.0


def test_blocks_are_what_interacts():
    rng = np.random.default_rng(4)
    energies = np.add.outer(rng.normal(size=32), rng.normal(size=8)).ravel()
    turned = np.arange(256)
    image = np.zeros_like(turned)
    for to, source in enumerate(rng.permutation(8)):
        image |= ((turned >> source) & 1) << to
    assert value("largest_block", EnergyTable(8, energies[image])) == 5 / 8


# ---------------------------------------------------------------------------------------------
# Estimates from random states


def estimated(name, landscape, seed):
    return MEASURES[name].sampled(Topography(flood(landscape), landscape=landscape, seed=seed))


@pytest.mark.parametrize(
    "spec", ["sk:n=10", "rem:n=9,slope=2", "rfim:shape=3x3,field=2", "pspin:n=10,p=3", "labs:n=10"]
)
@pytest.mark.parametrize("name", ["order_1", "mean_order"])
def test_estimates_hold_the_exact_value_and_a_wrong_one_lies_outside(spec, name):
    """Intervals of 95 %: of 8 seeds 5 at least hold the exact value but once in 200 tests."""
    landscape = resolve(spec) if "labs" in spec else resolve(spec, seed=1)
    exact = value(name, landscape)
    found = [estimated(name, landscape, seed) for seed in range(8)]
    slack = 1e-9  # an order that every term has is met exactly, up to rounding
    assert sum(each.low - slack <= exact <= each.high + slack for each in found) >= 5
    wrong = exact + 0.3
    assert sum(each.low <= wrong <= each.high for each in found) < 5


def test_a_thousand_spins_have_a_spectrum_with_an_interval():
    rng = np.random.default_rng(3)
    pairs = np.stack([np.arange(1000), (np.arange(1000) + 1) % 1000], axis=1)
    fields, bonds = rng.normal(size=1000), rng.normal(size=1000)
    chain = SpinPolynomial(1000, [(np.arange(1000)[:, None], fields), (pairs, bonds)])
    share = float(fields @ fields / (fields @ fields + bonds @ bonds))
    graph = flood(resolve("sk:n=8", seed=1))  # read is the landscape alone
    for name, exact in (("order_1", share), ("mean_order", 2.0 - share)):
        answer = MEASURES[name].sampled(Topography(graph, landscape=chain, seed=4))
        assert answer.low <= exact <= answer.high
        assert 0.0 < answer.high - answer.low < 0.4
