"""A measure against size: what is drawn, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.plot.scaling_picture import scaling, scaling_caption, scaling_figure

CURVES = {
    "dfm": [(9, Estimate(0.01, 0.0, 0.02)), (16, Estimate(0.04, 0.03, 0.05))],
    "ea": [(9, Estimate(0.02, 0.01, 0.03)), (12, Estimate.exactly(0.03)), (16, Estimate(0.04, 0.03, 0.05))],
    "<b>mine</b>": [(12, Estimate(0.001, -0.001, 0.003))],
    "nothing": [],
}
FITS = {"ea": lambda n: 0.002 * np.asarray(n)}


@pytest.mark.parametrize("logarithmic", [False, True])
def test_it_is_drawn_for_print_and_for_the_page(logarithmic):
    axes = scaling(CURVES, fits=FITS, logarithmic=logarithmic)
    axes.figure.canvas.draw()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["dfm", "ea", "<b>mine</b>"]
    assert axes.get_yscale() == ("log" if logarithmic else "linear")
    figure = json.loads(scaling_figure(CURVES, fits=FITS, logarithmic=logarithmic).to_json())
    assert [trace["mode"] for trace in figure["data"]] == ["markers", "lines", "markers", "markers"]
    assert "<b>" not in figure["data"][-1]["name"]


def test_intervals_are_those_given_and_systems_stand_apart():
    trace = scaling_figure(CURVES).data[0]
    assert np.allclose(trace.customdata, [[9, 0.0, 0.02], [16, 0.03, 0.05]])
    assert np.allclose(trace.error_y.array, [0.01, 0.01])
    places = [each.x[0] for each in scaling_figure(CURVES).data[:2]]
    assert places[0] < 9 < 9.1 > places[1] > places[0]


def test_it_draws_into_axes_that_are_given():
    import matplotlib.pyplot as plt

    given = plt.figure().add_subplot()
    assert scaling(CURVES, given, measure="funnel_weight") is given
    assert given.get_ylabel() == "funnel weight"


def test_the_caption_names_the_systems_and_what_is_sharp():
    caption = scaling_caption(CURVES, measure="profile_area")
    assert "dfm (9 to 16 spins)" in caption
    assert "nothing (no answer)" in caption
    assert "The profile area is 0 for a perfect funnel." in caption


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="nothing to draw"):
        scaling({"a": []})
    with pytest.raises(InputError, match="logarithmic"):
        scaling({"a": [(8, Estimate.exactly(0.0))]}, logarithmic=True)
