"""The supergraph draws the flow it says it draws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spinfunnel.explore.flood.direct import direct_saddles
from spinfunnel.measure.kinetics import arrhenius
from spinfunnel.plot.phase_diagram import PhaseMap, phase_diagram
from spinfunnel.plot.supergraph import half_native_temperature, supergraph, supergraph_caption, supergraph_figure, web
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def graph():
    return direct_saddles(resolve("ea:shape=4x4,seed=1"))


def test_the_web_is_the_flow_of_the_kinetics_with_the_lowest_saddles(graph):
    found = web(graph, temperature=0.6, limit=10_000)
    flow = arrhenius(graph, temperature=0.6).flow.toarray()
    assert (np.diff(found.flow) <= 0).all()
    assert len(found.flow) == found.total == np.count_nonzero(np.triu(flow))
    for low, high, strength, saddle in zip(found.low, found.high, found.flow, found.saddle, strict=True):
        assert strength == flow[low, high]
        members = [
            set(graph.saddle_minima[graph.saddle_offsets[k] : graph.saddle_offsets[k + 1]].tolist())
            for k in range(graph.saddles)
        ]
        assert saddle == min(e for e, m in zip(graph.saddle_energy, members, strict=True) if {low, high} <= m)


def test_at_the_middle_temperature_the_native_minima_hold_half(make_map, graph):
    for one in (graph, make_map(40, seed=3), make_map(30, seed=2, ties=True)):
        kinetics = arrhenius(one, temperature=half_native_temperature(one))
        assert kinetics.population[one.native].sum() == pytest.approx(0.5, abs=1e-6)


def test_widths_fall_with_the_flow_and_end(graph):
    found = web(graph, limit=10_000)
    width = found.width()
    assert (np.diff(width) <= 0).all()
    assert ((width == 0) == (found.flow <= 1e-3 * found.flow[0])).all()


def test_only_the_strongest_are_drawn_and_counted_in_the_caption(make_map):
    big = make_map(400, seed=5)
    caption = supergraph_caption(big)
    found = web(big, kept=np.arange(big.minima))
    assert "300 minima with the highest barriers; 100 others" in caption
    assert f"of {found.total:,} connections" in caption
    lines = [trace for trace in supergraph_figure(big).data if trace.hoverinfo == "text" and trace.mode == "lines"]
    assert 0 < len(lines) <= 7 * 150


def test_the_slider_changes_every_arc_and_circle(graph):
    figure = json.loads(supergraph_figure(graph).to_json())
    (slider,) = figure["layout"]["sliders"]
    assert len(slider["steps"]) == 7
    arcs = [k for k, trace in enumerate(figure["data"]) if trace.get("hoverinfo") == "text"]
    for step in slider["steps"]:
        changes, traces = step["args"]
        assert traces == arcs
        assert len(changes["line.width"]) == len(changes["marker.size"]) == len(traces)
        assert len(changes["marker.size"][-1]) == graph.minima
    cold, hot = slider["steps"][0]["args"][0], slider["steps"][-1]["args"][0]
    assert cold["line.width"] != hot["line.width"]
    assert max(cold["marker.size"][-1]) > max(hot["marker.size"][-1])


def test_nearly_degenerate_ground_states_do_not_underflow(make_map):
    graph = make_map(6, seed=1)
    energy = graph.energy.copy()
    energy[1] = energy[0] + 1e-9
    slots = {slot: getattr(graph, slot) for slot in graph.__slots__ if slot not in {"native", "energy"}}
    close = type(graph)(**slots, energy=energy)
    assert supergraph(close).has_data()
    assert supergraph_figure(close).data


def test_phases_are_named_where_they_are():
    phase = np.zeros((21, 21), np.int64)
    phase[:, 11:] = 1
    plane = PhaseMap(np.arange(21.0), np.arange(21.0), phase, ("left", "right", "nowhere"), {})
    assert plane.centre(0)[0] < 10.5 < plane.centre(1)[0]
    assert plane.centre(2) is None
    axes = phase_diagram(plane)
    assert {text.get_text() for text in axes.texts} == {"left", "right"}
