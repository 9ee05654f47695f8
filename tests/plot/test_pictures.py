"""Every picture of the list, on every kind of map."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.profile import FunnelProfile
from spinfunnel.plot import PICTURES
from spinfunnel.plot.overlap_picture import native_overlap, overlap_caption
from spinfunnel.plot.palette import funnel_colours
from spinfunnel.plot.profile_picture import funnel_profile, funnel_profile_figure

MAPS = [
    {"minima": 1},
    {"minima": 2, "seed": 1},
    {"minima": 30, "seed": 2, "ties": True},
    {"minima": 40, "seed": 3, "parts": True},
    {"minima": 1000, "seed": 4},
]


@pytest.mark.parametrize("name", list(PICTURES))
@pytest.mark.parametrize("case", MAPS, ids=str)
def test_it_is_drawn_for_print_and_for_the_report(make_map, name, case):
    picture, graph = PICTURES[name], make_map(**case)
    if name == "terrain" and case["minima"] == 1000:
        # 600 pits can be seen, and the other minima hold two fifths of the weight.
        assert "smooth bowl" in picture.obstacle(graph)
    else:
        assert picture.obstacle(graph) == ""
    axes = picture.draw(graph)
    axes.figure.canvas.draw()
    assert axes.has_data()
    figure = json.loads(picture.figure(graph).to_json())
    assert figure["data"]
    assert picture.caption(graph).endswith(".")


@pytest.mark.parametrize("name", list(PICTURES))
def test_it_draws_into_axes_that_are_given(make_map, name):
    import matplotlib.pyplot as plt

    picture = PICTURES[name]
    given = plt.figure().add_subplot(projection=None if picture.flat else "3d")
    assert picture.draw(make_map(5), given) is given


@pytest.mark.parametrize("name", list(PICTURES))
def test_a_map_without_minima_has_an_obstacle(make_map, name):
    assert PICTURES[name].obstacle(make_map(0))


def test_keys_cannot_smuggle_markup_into_hover_texts(make_map):
    graph = make_map(3)
    names = np.array(["<b onmouseover=x>", "b", "c"])
    evil = BasinGraph(
        **{slot: getattr(graph, slot) for slot in graph.__slots__ if slot not in {"native", "key"}}, key=names
    )
    for name in ("terrain", "disconnectivity"):
        assert "<b onmouseover" not in PICTURES[name].figure(evil).to_json()
    assert "bit strings" in PICTURES["overlap"].obstacle(evil)


def test_overlap_is_with_the_chief_native_minimum_up_to_the_flip():
    graph = BasinGraph(
        key=np.array(["0000", "0011", "0111"]),
        energy=np.array([-2.0, -2.0, -1.0]),
        weight=np.full(3, 1 / 3),
        plateau=np.ones(3, np.int64),
        orbit=np.ones(3, np.int64),
        saddle_key=np.array([], str),
        saddle_energy=np.array([]),
        saddle_offsets=np.array([0]),
        saddle_minima=np.array([], np.int64),
        saddle_exact=np.array([], bool),
        symmetry=("global flip", "reversal"),
    )
    assert native_overlap(graph).tolist() == [1.0, 0.0, 0.5]
    assert "reversal" in overlap_caption(graph)


def test_overlap_refuses_keys_that_are_no_bit_strings(make_map):
    graph = make_map(3)
    words = BasinGraph(
        **{slot: getattr(graph, slot) for slot in graph.__slots__ if slot not in {"native", "key"}},
        key=np.array(["x", "y", "z"]),
    )
    with pytest.raises(InputError, match="bit strings"):
        native_overlap(words)


def test_the_profile_shows_the_null_band(make_map):
    graph = make_map(20)
    nulls = [FunnelProfile(np.array([0.0, 0.4 + 0.01 * k]), np.array([0.1, 1.0])) for k in range(20)]
    axes = funnel_profile(graph, nulls=nulls)
    assert axes.get_legend() is not None
    assert any(trace.name and "shuffled" in trace.name for trace in funnel_profile_figure(graph, nulls=nulls).data)


def test_captions_count_what_the_figures_draw(make_map):
    graph = make_map(6000, seed=7)
    points = next(trace for trace in PICTURES["overlap"].figure(graph).data if trace.name == "minima")
    assert f"{len(points.x):,} heaviest of 6,000" in PICTURES["overlap"].caption(graph)
    bottoms = [trace for trace in PICTURES["disconnectivity"].figure(graph).data if trace.hoverinfo == "text"]
    drawn = sum(len(trace.x) for trace in bottoms if "more minima" not in trace.text[0])
    assert f"{drawn:,} minima with the highest barriers" in PICTURES["disconnectivity"].caption(graph)
    pits = next(
        trace
        for trace in PICTURES["terrain"].figure(graph).data
        if trace.type == "scatter3d" and trace.mode == "markers"
    )
    assert f"{len(pits.x):,} minima with the highest barriers" in PICTURES["terrain"].caption(graph)


def test_the_native_funnel_has_the_first_colour(make_map):
    graph = make_map(200, seed=6)
    shade = funnel_colours(graph)
    assert shade.group[0] == 0
    assert len(shade.colours) == len(shade.labels) == shade.group.max() + 1
    assert "native" in shade.labels[0]


def test_the_profile_shows_the_null_of_its_first_point(make_map):
    graph = make_map(20)
    null = Estimate(0.2, 0.1, 0.4)
    points = [trace for trace in funnel_profile_figure(graph, null=null).data if trace.error_y.array is not None]
    assert [(trace.y[0], trace.error_y.array[0], trace.error_y.arrayminus[0]) for trace in points] == [
        (0.2, pytest.approx(0.2), pytest.approx(0.1))
    ]
    assert "shuffled" in funnel_profile(graph, null=null).get_legend().get_texts()[-1].get_text()
    none = NoAnswer("not_binary", "no bits", "nothing to do")
    assert funnel_profile(graph, null=none).get_legend() is None
    assert not any(trace.name and "shuffled" in trace.name for trace in funnel_profile_figure(graph, null=none).data)


def test_one_minimum_says_that_its_wall_is_not_measured(make_map):
    assert "drawn, not measured" in PICTURES["terrain"].caption(make_map(1))
    assert "drawn, not measured" not in PICTURES["terrain"].caption(make_map(2))
