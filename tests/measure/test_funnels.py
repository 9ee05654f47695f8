"""Funnels, shares and the profile on graphs typed by hand, and against the slow twin."""

import numpy as np
import pytest

from slow_twins import basin_graph, random_basin_graph, slow_funnel_of
from spinfunnel.landscape import Census, InputError
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES, funnel_of, funnel_profile, measure_all

pytestmark = pytest.mark.quick

CENSUS = Census(32, 2.0, 4.0, -2.0, 1, 5, 0.5)


def five(**change):
    """Five minima: 3 -> 1 -> 0 over lowest exits; 4 -> 2, and 2 is a bottom since its lowest exit leads up to 4."""
    edges = [(3.0, 1, 0), (2.5, 3, 1), (2.75, 3, 0), (1.5, 4, 2), (4.0, 2, 0)]
    weight = [0.4, 0.2, 0.2, 0.1, 0.1]
    return basin_graph([-2.0, -1.0, -1.0, 0.0, 1.0], edges, weight=weight, census=CENSUS, **change)


def value(graph, name, **options):
    answer = MEASURES[name].compute(graph, **options)
    assert not isinstance(answer, NoAnswer), answer
    assert answer.exact
    return answer.value


def test_five_minima_by_hand():
    # Minimum 1 has exits at 2.5 (up to 3) and 3.0 (down to 0): the lowest leads up, so 1 is a bottom.
    assert funnel_of(five()).tolist() == [0, 1, 2, 1, 2]


def test_shares_by_hand():
    graph = five()
    assert value(graph, "funnels") == 3
    assert value(graph, "funnel_minima") == pytest.approx(0.2)
    assert value(graph, "funnel_weight") == pytest.approx(0.4)
    assert value(graph, "rival_weight") == pytest.approx(0.3)
    assert value(graph, "longest_chain") == 1
    assert value(graph, "minima") == 5


def test_any_lower_neighbour_is_not_enough():
    # The trap that the definition names: 1 has a lower neighbour, but not behind its lowest exit.
    relaxed = [min((int(j) for i, j, _ in edges_both_ways(five()) if i == k and j < k), default=k) for k in range(5)]
    assert relaxed[1] == 0 != funnel_of(five())[1]


def edges_both_ways(graph):
    for i, j, s in zip(*graph.direct_edges(), strict=True):
        yield int(i), int(j), s
        yield int(j), int(i), s


def test_a_tie_takes_the_chain_that_ends_lowest():
    # Behind the exit of 3 lie 1, a bottom of its own, and 2, whose chain ends in 0.
    graph = basin_graph([0.0, 1.0, 2.0, 3.0], [(4.0, 3, 1, 2), (3.5, 2, 0), (9.0, 1, 0)], weight=[0.1, 0.2, 0.3, 0.4])
    assert funnel_of(graph).tolist() == [0, 1, 0, 0]
    assert value(graph, "funnel_weight") == pytest.approx(0.8)


def test_equal_energy_is_not_lower():
    assert funnel_of(basin_graph([0.0, 0.0], [(1.0, 0, 1)])).tolist() == [0, 1]


def test_chains_equal_the_slow_twin():
    rng = np.random.default_rng(3)
    for trial in range(150):
        minima = int(rng.integers(1, 20))
        edges = 0 if minima == 1 else int(rng.integers(0, 3 * minima))
        graph = random_basin_graph(rng, minima=minima, edges=edges, levels=[None, 3][trial % 2])
        np.testing.assert_array_equal(funnel_of(graph), slow_funnel_of(graph))


def test_boltzmann_weight_counts_plain_states():
    graph = basin_graph([0.0, np.log(2.0)], [])
    assert value(graph, "funnel_boltzmann", temperature=1.0) == pytest.approx(2 / 3)
    graph.plateau[1] = 4
    assert value(graph, "funnel_boltzmann", temperature=1.0) == pytest.approx(1 / 3)


def test_boltzmann_weight_survives_low_temperature():
    graph = basin_graph([-1e6, 1e6], [])
    assert value(graph, "funnel_boltzmann", temperature=1e-3) == 1.0


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperature_must_be_positive(temperature):
    with pytest.raises(InputError, match="temperature"):
        MEASURES["funnel_boltzmann"].compute(five(), temperature=temperature)


def test_profile_by_hand():
    profile = funnel_profile(five())
    assert profile.eps.tolist() == [0.0, 0.25]
    assert profile.weight.tolist() == pytest.approx([0.4, 1.0])
    assert value(five(), "profile_area") == pytest.approx(0.6 * 0.25)


def test_the_profile_area_is_the_area_above_the_profile():
    rng = np.random.default_rng(8)
    for _ in range(30):
        graph = random_basin_graph(rng, minima=15, edges=20)
        census = Census(100, float(graph.energy[-3]), 1.0, float(graph.energy[0]), 1, 15, 0.0)
        graph = basin_graph(
            graph.energy, [(s, i, j) for i, j, s in zip(*graph.direct_edges(), strict=True)],
            weight=graph.weight, census=census,
        )  # fmt: skip
        profile = funnel_profile(graph)
        fine = np.linspace(0, 1, 100_001)[:-1] + 5e-6
        height = profile.weight[np.searchsorted(profile.eps, fine, side="right") - 1]
        assert value(graph, "profile_area") == pytest.approx(1 - height.mean(), abs=1e-4)
        assert profile.weight[0] == pytest.approx(value(graph, "funnel_weight"))


def test_native_tolerance_joins_funnels():
    wide = five(native_tolerance=1.0)
    assert value(wide, "funnel_weight") == 1.0
    assert value(wide, "profile_area") == 0.0
    assert value(wide, "rival_weight") == 0.0


def test_a_profile_needs_a_census():
    with pytest.raises(InputError, match="count over all states"):
        funnel_profile(basin_graph([0.0], []))


def test_a_misspelled_measure_is_refused():
    with pytest.raises(InputError, match="funel"):
        measure_all(five(), names=["funel"])
