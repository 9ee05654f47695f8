"""Funnel tables and binary strings, quick; every deviation within its errors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.reproduce.comparison import Order
from spinfunnel.reproduce.klemm import TABLE, TIED, _funnels, _funnels_without_ties, klemm
from spinfunnel.reproduce.labs import OPTIMA, annealed_exponent, labs
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def table():
    return klemm(Order(samples=40, workers=2))


def test_the_funnel_table_is_within_its_errors(table):
    """32 deviations beyond 4 sigma: about 1 in 500 by chance if all is well; the seed is fixed."""
    deviations = [row.deviation for row in table.rows if row.deviation is not None]
    assert len(deviations) == 4 * len(TABLE)
    assert max(map(abs, deviations)) < 4.0


def test_a_wrong_table_would_be_noticed(table):
    """The broken twin: the rows of the glass held against those of the ferromagnet."""
    glass, ferromagnet = table.rows[:4], table.rows[4:8]
    swapped = [
        dataclasses.replace(row, known=other.known, known_error=other.known_error)
        for row, other in zip(glass, ferromagnet, strict=True)
    ]
    assert max(abs(row.deviation or 0.0) for row in swapped) > 4.0


def test_minima_of_binary_strings_are_exact(table):
    exact = {row.quantity: row.agreement for row in table.rows if row.quantity.startswith("LABS")}
    assert exact["LABS 12: minima"] == exact["LABS 16: minima"] == "equal"


def test_breaking_ties_leaves_no_two_equal_minima_and_one_native():
    tied = next(landscape for seed in range(50) if flood(landscape := resolve(f"{TIED},seed={seed}")).native.sum() > 1)
    assert _funnels_without_ties(tied) == _funnels_without_ties(tied)
    assert _funnels_without_ties(tied) != _funnels(tied)


def test_the_same_order_gives_the_same_rows_on_any_number_of_workers():
    one, two = (klemm(Order(samples=3, workers=workers)).rows for workers in (1, 2))
    assert one == two


def test_binary_strings_are_counted_exactly():
    redrawn = labs(Order(quick=True, samples=20, workers=2))
    exact = [row for row in redrawn.rows if row.known is not None]
    assert all(row.agreement == "equal" for row in exact)
    assert sum(row.quantity.startswith("optimal") for row in exact) == 13
    assert redrawn.data["n"] == list(range(8, 21))
    rate = next(row for row in redrawn.rows if row.quantity.startswith("growth"))
    assert isinstance(rate.ours, Estimate)
    assert 0.4 < rate.ours.value < 0.55


def test_depth_is_like_that_of_the_two_spin_glass():
    """The claim of the paper, in its unit of energy; and the broken twin, in units of the span, where it fails."""
    redrawn = labs(Order(quick=True, samples=100, workers=2))
    share = {row.quantity: row.ours.value for row in redrawn.rows if row.quantity.startswith("2-spin")}
    assert 0.025 < share["2-spin glasses of smaller depth, n = 16"] < 0.975
    assert share["2-spin glasses of smaller relative depth, n = 16"] > 0.975


def test_optimal_energies_are_those_published():
    assert (OPTIMA[13], OPTIMA[20], OPTIMA[24], OPTIMA[28]) == (6, 26, 36, 50)


def test_exponents_by_steepest_descent():
    assert np.round([annealed_exponent(2), annealed_exponent(3)], 6).tolist() == [0.199228, 0.295638]
