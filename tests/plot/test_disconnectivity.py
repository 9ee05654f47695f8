"""The lines of the disconnectivity graph: where they are, and that none crosses another."""

from __future__ import annotations

import numpy as np
import pytest

from spinfunnel.plot.disconnectivity import disconnectivity_caption, disconnectivity_graph, drawing


def crossings(stems: np.ndarray, bars: np.ndarray) -> int:
    """Number of bars and stems that cross in the interior of both."""
    low, high = stems[:, 0, 1], stems[:, 1, 1]
    count = 0
    for (left, level), (right, _) in bars.tolist():
        left, right = min(left, right), max(left, right)
        across = (stems[:, 0, 0] > left + 1e-9) & (stems[:, 0, 0] < right - 1e-9)
        count += int(np.count_nonzero(across & (low < level) & (level < high)))
    return count


@pytest.mark.parametrize(
    "case",
    [
        {"minima": 1},
        {"minima": 2},
        {"minima": 60, "ties": True},
        {"minima": 200, "parts": True},
        {"minima": 400, "seed": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [None, 25])
def test_no_two_lines_cross(make_map, case, limit):
    plan = drawing(make_map(**case), limit=limit)
    stems, bars = plan.stems(), plan.bars()
    assert crossings(stems, bars) == 0
    stub = np.stack([np.stack([plan.stub_x, plan.stub_low], 1), np.stack([plan.stub_x, plan.stub_high], 1)], axis=1)
    assert crossings(stub, bars) == 0
    link = np.stack(
        [np.stack([plan.x[np.searchsorted(plan.split.kept, plan.stub_of)], plan.stub_high], 1), stub[:, 1]], 1
    )
    assert crossings(np.concatenate([stems, stub]), link) == 0
    places = np.concatenate([plan.x, plan.stub_x])
    assert len(np.unique(places.round(6))) == len(places)


def test_a_crossing_would_be_noticed(make_map):
    plan = drawing(make_map(60, seed=1), limit=None)
    shuffled = plan.stems()
    shuffled[:, :, 0] = np.random.default_rng(0).permutation(plan.x)[:, None]
    assert crossings(shuffled, plan.bars()) > 0


def test_heights_are_exact_and_every_minimum_is_accounted_for(make_map):
    graph = make_map(300, seed=2)
    plan = drawing(graph, limit=40)
    assert plan.stems()[:, 0, 1].tolist() == graph.energy[plan.split.kept].tolist()
    inner = plan.split.kept[plan.split.joined[plan.split.kept] >= 0]
    assert plan.bars()[:, 0, 1].tolist() == plan.split.death[inner].tolist()
    assert len(plan.x) + plan.stub_count.sum() == 300
    assert "260" in disconnectivity_caption(graph, limit=40)


def test_the_ground_state_is_central(make_map):
    plan = drawing(make_map(400, seed=4), limit=None)
    assert abs(plan.x[0] / plan.width - 0.5) < 0.1


def test_a_hundred_thousand_minima_are_drawn(make_map):
    graph = make_map(100_000, seed=5)
    axes = disconnectivity_graph(graph, limit=None)
    axes.figure.canvas.draw()
    assert sum(len(lines.get_segments()) for lines in axes.collections if hasattr(lines, "get_segments")) >= 100_000
