"""Ferromagnets against glasses, and search times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinfunnel.explore.flood.direct import direct_saddles
from spinfunnel.measure.kinetics import arrhenius
from spinfunnel.measure.levinthal import folding_time
from spinfunnel.plot.supergraph import half_native_temperature
from spinfunnel.reproduce.comparison import Order
from spinfunnel.reproduce.garstecki import QUANTITIES, garstecki, statistics
from spinfunnel.reproduce.levinthal_paradox import golf_search_time, levinthal
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def ferromagnets_and_glasses():
    return garstecki(Order(samples=25, workers=2))


def test_what_is_known_is_within_its_errors(ferromagnets_and_glasses):
    """Ten deviations beyond 4 sigma: 1 in 1,500 by chance; the seed is fixed."""
    deviations = [row.deviation for row in ferromagnets_and_glasses.rows if row.deviation is not None]
    assert len(deviations) == 10
    assert max(map(abs, deviations)) < 4.0


@pytest.mark.parametrize("name", ["frustration: P(less)", "native basin weight: P(more)", "relative depth: P(less)"])
@pytest.mark.parametrize("shape", ["4x4", "4x5"])
def test_a_ferromagnet_is_told_from_a_glass(ferromagnets_and_glasses, name, shape):
    row = next(row for row in ferromagnets_and_glasses.rows if row.quantity == f"{shape} {name}")
    assert row.ours.low > 0.5


def test_crossings_are_those_of_the_flow_between_minima_of_the_native_funnel():
    """By loops over a map whose funnels are read off one by one."""
    from spinfunnel.measure import funnel_of

    graph = direct_saddles(resolve("ea:shape=3x4,seed=3"))
    flow = arrhenius(graph, temperature=half_native_temperature(graph)).flow.toarray()
    bottom = funnel_of(graph)
    inside = total = 0.0
    for i in range(graph.minima):
        for j in range(graph.minima):
            total += flow[i, j]
            inside += flow[i, j] * bool(graph.native[bottom[i]] and graph.native[bottom[j]])
    found = dict(zip(QUANTITIES, statistics(graph), strict=True))
    assert found["crossings in the native funnel"] == pytest.approx(inside / total)
    assert found["connections per minimum"] == pytest.approx((flow > 0).sum() / graph.minima)


def test_one_minimum_has_no_connections():
    found = dict(zip(QUANTITIES, statistics(direct_saddles(resolve("hopfield:n=9,patterns=1"))), strict=True))
    assert found["funnels"] == 1.0
    assert math.isnan(found["connections per minimum"])
    assert math.isnan(found["frustration"])


@pytest.mark.parametrize("n", [4, 7])
def test_the_golf_course_is_searched_in_kemenys_time(n):
    """By the mean first passage times of the walk, from its linear system."""
    size = 1 << n
    walk = np.zeros((size, size))
    for state in range(size):
        for bit in range(n):
            walk[state, state ^ (1 << bit)] = 1 / n
    others = np.arange(1, size)
    times = np.linalg.solve(np.eye(size - 1) - walk[np.ix_(others, others)], np.ones(size - 1))
    assert golf_search_time(n) == pytest.approx(times.sum() / size)
    assert folding_time(resolve(f"golf:n={n}")).evaluations.value == pytest.approx(golf_search_time(n), rel=1e-5)


def test_search_times_are_ordered_from_funnel_to_golf_course():
    redrawn = levinthal(Order(quick=True, samples=8, workers=2))
    rows = {row.quantity: row for row in redrawn.rows}
    exponent = {name.split(":")[0]: row.ours for name, row in rows.items() if name.endswith("exponent per bit")}
    funnel, golf = exponent["Hopfield, one pattern"].value, exponent["golf course"].value
    for name in ("spin glass", "Sherrington-Kirkpatrick", "3-spin glass"):
        assert funnel < exponent[name].low
        assert exponent[name].high < golf
    assert exponent["random energies"].value == pytest.approx(golf, abs=0.02)
    golf_rows = [row for name, row in rows.items() if name.startswith("golf course") and "time" in name]
    assert golf_rows
    assert all(abs(row.ours.value / row.known - 1.0) < 1e-5 for row in golf_rows)
    deviations = [row.deviation for row in redrawn.rows if row.deviation is not None]
    assert max(map(abs, deviations)) < 4.0
