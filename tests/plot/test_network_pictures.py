"""Pictures of networks: what is drawn is what was computed, and what is not finite stays blank."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.network import (
    Curvature,
    eigenvalues,
    interpolation,
    layer_spectra,
    plane_through,
    spectral_density,
    surface,
    trajectory_plane,
)
from spinfunnel.plot import NETWORK_PICTURES
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    network: Any = resolve("network:width=24,samples=40", seed=1)
    return {
        "network": network,
        "loss_surface": surface(network, points=7),
        "loss_line": interpolation(network, network.start, 2.0 * network.start, points=9, test=True),
        "hessian_density": spectral_density(Curvature(network), steps=12, probes=3),
        "weight_spectra": layer_spectra(network, resamples=20),
    }


@pytest.mark.parametrize("name", NETWORK_PICTURES)
def test_every_picture_is_drawn_twice_and_captioned(name: str, results: dict[str, Any]) -> None:
    picture = NETWORK_PICTURES[name]
    axes = picture.draw(results[name])
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    axes.figure.canvas.draw()
    assert len(picture.figure(results[name]).to_json()) > 500
    assert picture.caption(results[name]).endswith(".")
    assert picture.summary
    assert picture.source


def test_captions_tell_what_matters(results: dict[str, Any]) -> None:
    found = results["loss_surface"]
    caption = NETWORK_PICTURES["loss_surface"].caption
    assert "hides where they lead" in caption(found)
    assert "no finite number" not in caption(found)
    energy = found.energy.copy()
    energy[0, 0], energy[1, 1] = np.nan, np.inf
    holed = replace(found, energy=energy)
    assert "At 2 points the loss is no finite number" in caption(holed)
    drawn = NETWORK_PICTURES["loss_surface"].figure(holed).data[0].customdata
    assert np.isnan(drawn[0, 0])
    assert np.isnan(drawn[1, 1])
    assert np.isfinite(drawn).sum() == 47
    NETWORK_PICTURES["loss_surface"].draw(holed)
    for nothing in (np.nan, np.inf):
        with pytest.raises(InputError, match="nothing to draw"):
            NETWORK_PICTURES["loss_surface"].draw(replace(found, energy=np.full((7, 7), nothing)))
    assert "8 eigenvalues are fewer" not in NETWORK_PICTURES["weight_spectra"].caption(results["weight_spectra"])
    assert "10 eigenvalues are fewer than the 20" in NETWORK_PICTURES["weight_spectra"].caption(
        results["weight_spectra"]
    )


def test_paths_and_solutions_are_drawn_where_they_are(results: dict[str, Any]) -> None:
    network = results["network"]
    rng = np.random.default_rng(3)
    points = [network.start + 0.3 * network.start.new_tensor(rng.normal(size=network.dimension)) for _ in range(3)]
    for plane in (plane_through(network, points), trajectory_plane(network, points)):
        found = surface(network, plane, points=5)
        axes = NETWORK_PICTURES["loss_surface"].draw(found)
        drawn = np.array(axes.lines[0].get_xydata())
        np.testing.assert_allclose(drawn, plane.path)
        NETWORK_PICTURES["loss_surface"].figure(found)
    line = surface(network, replace(plane, directions=plane.directions[:1], path=plane.path[:, :1]), points=3)
    with pytest.raises(InputError, match="over two directions"):
        NETWORK_PICTURES["loss_surface"].draw(line)


def test_largest_eigenvalues_are_ticks(results: dict[str, Any]) -> None:
    curvature = Curvature(results["network"])
    found = eigenvalues(curvature, count=2)
    axes = NETWORK_PICTURES["hessian_density"].draw(results["hessian_density"], largest=found)
    np.testing.assert_allclose(axes.lines[-1].get_xdata(), found.values)
