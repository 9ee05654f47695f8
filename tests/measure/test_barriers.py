"""Frustration, depth, difficulty and motif on graphs typed by hand, and against slow twins."""

import numpy as np
import pytest

from slow_twins import basin_graph, random_basin_graph, slow_minimax
from spinfunnel.landscape import Census
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES

pytestmark = pytest.mark.quick


def value(graph, name, **options):
    answer = MEASURES[name].compute(graph, **options)
    assert not isinstance(answer, NoAnswer), answer
    return answer.value


def outcome(graph, name):
    answer = MEASURES[name].compute(graph)
    assert isinstance(answer, NoAnswer)
    return answer.outcome


PALM = basin_graph([0.0, 1.0, 2.0, 3.0], [(1.5, 1, 0), (2.5, 2, 0), (3.5, 3, 0)])
WILLOW = basin_graph([0.0, 1.0, 2.0, 3.0], [(11.0, 1, 0), (12.0, 2, 0), (13.0, 3, 0)])
BANYAN = basin_graph([0.0, 1.0, 2.0, 3.0], [(8.0, 1, 0), (5.0, 2, 1), (4.0, 3, 2)])


def test_motifs_by_hand():
    assert value(PALM, "stem_share") == value(WILLOW, "stem_share") == 1.0
    assert value(PALM, "branch_length") == pytest.approx(1.5 / 6)
    assert value(WILLOW, "branch_length") == pytest.approx(30 / 6)
    assert value(PALM, "rival_size") == 0.25
    assert value(WILLOW, "rival_depth") == 10.0  # three rivals of one leaf: each is 10 deep
    assert value(BANYAN, "stem_share") == 0.0
    assert value(BANYAN, "rival_size") == 0.75
    assert value(BANYAN, "rival_depth") == 7.0


def test_depth_and_difficulty_by_hand():
    # Barriers to something lower: 1 -> 0: 7, 2 -> 1: 3, 3 -> 2: 1.
    assert value(BANYAN, "depth") == 7.0
    assert value(BANYAN, "difficulty") == 7.0
    assert value(PALM, "depth") == 0.5
    assert value(PALM, "difficulty") == 0.5


def test_relative_depth_is_in_units_of_the_mean_energy():
    graph = basin_graph([0.0, 1.0], [(3.0, 0, 1)], census=Census(16, 8.0, 1.0, 0.0, 1, 2, 0.0))
    assert value(graph, "relative_depth") == 0.25


def test_frustration_by_hand():
    one = basin_graph([0.0, 2.0], [(3.0, 0, 1)])
    assert value(one, "frustration", temperature=0.1) == 1.5
    two = basin_graph([0.0, 1.0, 1.0], [(2.0, 0, 1), (3.0, 0, 2)])
    assert value(two, "frustration") == 2.5
    two.orbit[1] = 3
    assert value(two, "frustration") == 2.25


def test_frustration_follows_the_formula():
    rng = np.random.default_rng(4)
    for _ in range(40):
        graph = random_basin_graph(rng, minima=12, edges=60)
        pass_energy = slow_minimax(graph)[:, graph.native].min(axis=1)
        if not np.isfinite(pass_energy).all():
            continue
        p = np.exp(-graph.energy / 0.7)
        p /= p.sum()
        gm = 0
        terms = [
            p[a] / (1 - p[gm]) * (pass_energy[a] - graph.energy[gm]) / (graph.energy[a] - graph.energy[gm])
            for a in range(1, 12)
        ]
        assert value(graph, "frustration", temperature=0.7) == pytest.approx(sum(terms))


def test_frustration_at_low_temperature_is_that_of_the_next_minimum():
    graph = basin_graph([0.0, 500.0, 600.0], [(1000.0, 0, 1), (700.0, 0, 2)])
    assert value(graph, "frustration", temperature=0.01) == 2.0


def test_degenerate_ground_states_are_one_native_set():
    graph = basin_graph([0.0, 0.0, 1.0], [(5.0, 0, 1), (1.5, 1, 2)])
    assert value(graph, "frustration") == 1.5
    assert value(graph, "depth") == 0.5
    assert value(graph, "stem_share") == 1.0


@pytest.mark.parametrize(
    "name", ["frustration", "depth", "difficulty", "stem_share", "branch_length", "rival_size", "rival_depth"]
)
def test_named_outcomes(name):
    assert outcome(basin_graph([0.0], []), name) == "single_minimum"
    assert outcome(basin_graph([0.0, 0.0], [(1.0, 0, 1)]), name) == "all_native"
    assert outcome(basin_graph([0.0, 1.0, 2.0], [(3.0, 1, 2)]), name) == "disconnected"
