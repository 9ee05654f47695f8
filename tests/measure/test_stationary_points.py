"""Index against energy, on points typed by hand and on all critical points of a spherical p-spin model."""

import numpy as np
import pytest

from spinfunnel.landscape import Kind
from spinfunnel.measure.index_counts import concordance
from spinfunnel.pipeline.study import study
from spinfunnel.plot import pictures_of
from spinfunnel.systems import resolve


def slow_concordance(index, energy) -> float:
    pairs = [(e < f) for i, e in zip(index, energy, strict=True) for j, f in zip(index, energy, strict=True) if i < j]
    return sum(pairs) / len(pairs)


def test_pairs_are_counted_as_one_by_one():
    rng = np.random.default_rng(1)
    index, energy = rng.integers(0, 4, 60), rng.standard_normal(60)
    assert concordance(index, energy) == pytest.approx(slow_concordance(index, energy))
    assert concordance(index, index + 0.1 * energy / abs(energy).max()) == 1.0
    assert np.isnan(concordance(np.zeros(3, int), np.arange(3.0)))


def test_energy_tells_the_index_of_the_critical_points_of_a_spherical_model():
    found = study(resolve("spherical-pspin:n=6,seed=3"), explorer="stationary:starts=128", nulls=False)
    assert found.measures["index_order"].value > 0.9
    assert found.graph.saddle_index.max() == 5
    (picture,) = (
        each
        for each in pictures_of(found.landscape.name, found.landscape.parameters, kind=Kind.SMOOTH)
        if each.name == "index_energy"
    )
    axes = picture.draw(found.graph)
    line = axes.lines[1]
    assert line.get_label() == "mean, Kac-Rice"
    assert (np.diff(line.get_xdata()) > 0.0).all()
    assert len(picture.figure(found.graph).data) == 2
    assert "Kac-Rice" in picture.caption(found.graph)


def test_a_picture_without_theory_has_none():
    found = study(resolve("mueller-brown"), explorer="stationary:starts=64", nulls=False)
    assert found.measures["index_order"].value == 1.0
    picture = pictures_of("mueller-brown", {}, kind=Kind.SMOOTH)[-1]
    assert len(picture.draw(found.graph).lines) == 1
    assert "Kac-Rice" not in picture.caption(found.graph)
    assert pictures_of("sk", {"n": 8}, kind=Kind.BINARY)[-1].name != "index_energy"
