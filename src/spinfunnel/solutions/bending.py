"""How the landscape bends at a network's lowest solution: Hessian, its layers, and the spectra of the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinfunnel.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.network import Curvature, eigenvalues, layer_figures, layer_spectra, spectral_density, trace
from spinfunnel.network.hessian import Eigenvalues, LayerFigures, SpectralDensity
from spinfunnel.network.spectra import LayerSpectrum
from spinfunnel.plot import Picture
from spinfunnel.plot.curves import Curve, curves, curves_figure
from spinfunnel.plot.layer_curvature import layer_curvature, layer_curvature_caption, layer_curvature_figure
from spinfunnel.plot.palette import NATIVE
from spinfunnel.plot.weight_spectra import weight_spectra, weight_spectra_caption, weight_spectra_figure
from spinfunnel.solutions.mapping import Solutions

__all__ = ["Bending", "bending", "bending_pictures", "bending_told"]


@dataclass(frozen=True, slots=True, eq=False)
class Bending:
    """Figures of the Hessian and of the weights at one point, each with its convergence (`spinfunnel.network`)."""

    density: SpectralDensity
    largest: Eigenvalues
    trace: Measurement
    layers: tuple[LayerFigures, ...]
    spectra: tuple[LayerSpectrum, ...]


def bending(found: Solutions, *, quick: bool = False, seed: int = 0) -> Bending:
    """Figures at the lowest solution: it is where training left it, since the others are aligned to it."""
    landscape, point = found.landscape, found.vectors[0].to(found.landscape.dtype)
    curvature = Curvature(landscape, point)
    few = min(5, landscape.dimension)
    return Bending(
        spectral_density(curvature, steps=10 if quick else 40, probes=2 if quick else 4, seed=seed),
        eigenvalues(curvature, count=few, tolerance=1e-3, steps=20 if quick else 80, seed=seed),
        trace(curvature, products=15 if quick else 60, seed=seed),
        layer_figures(curvature, probes=4 if quick else 16, steps=10 if quick else 30, seed=seed),
        layer_spectra(landscape, point, resamples=40 if quick else 200, seed=seed),
    )


def bending_told(bent: Bending) -> dict[str, Any]:
    """The same as plain numbers."""
    return {
        "largest_eigenvalues": _eigenvalues(bent.largest),
        "trace": _plain(bent.trace),
        "density": {"steps": bent.density.nodes.shape[1], "change": bent.density.change, "spread": bent.density.spread},
        "layers": [
            {"name": one.name, "weights": one.weights, "largest": _eigenvalues(one.largest), "trace": _plain(one.trace)}
            for one in bent.layers
        ],
        "weight_spectra": [
            {"name": one.name, "alpha": _plain(one.alpha), "stable_rank": _plain(one.stable_rank)} | _fit(one)
            for one in bent.spectra
        ],
    }


def _eigenvalues(found: Eigenvalues) -> dict[str, Any]:
    return {"values": found.values.tolist(), "residuals": found.residuals.tolist(), "converged": found.converged}


def _fit(layer: LayerSpectrum) -> dict[str, Any]:
    fit = layer.power_law
    return {} if isinstance(fit, NoAnswer) else {"tail": fit.tail, "plausible": fit.plausible}


def _plain(measurement: Measurement) -> dict[str, Any]:
    if isinstance(measurement, Estimate):
        return {"value": measurement.value, "low": measurement.low, "high": measurement.high}
    return {"outcome": measurement.outcome, "reason": measurement.cause}


def bending_pictures(bent: Bending) -> tuple[Picture, ...]:
    """Density of the Hessian, its layers, and the spectra of the weights where one has a tail."""
    made = [
        _density(bent),
        _picture(
            "layer_curvature",
            "Hessian, layer by layer",
            bent.layers,
            (layer_curvature, layer_curvature_figure, layer_curvature_caption),
            summary="largest eigenvalue and trace of each parameter's block of the Hessian",
            source="Ghorbani, Krishnan, Xiao, ICML (2019)",
        ),
    ]
    if any(not isinstance(layer.power_law, NoAnswer) for layer in bent.spectra):
        made.append(
            _picture(
                "weight_spectra",
                "Spectra of the weights",
                bent.spectra,
                (weight_spectra, weight_spectra_figure, weight_spectra_caption),
                summary="eigenvalues of each layer's weights and their power-law tails",
                source="Martin, Mahoney, J. Mach. Learn. Res. 22, 165 (2021)",
            )
        )
    return tuple(made)


def _picture(
    name: str, title: str, what: Any, made: tuple[Callable[..., Any], ...], *, summary: str, source: str
) -> Picture:
    draw, figure, caption = made
    return Picture(
        name,
        title,
        lambda _graph, ax=None: draw(what, ax),
        lambda _graph: figure(what),
        lambda _graph: caption(what),
        summary,
        source,
    )


def _density(bent: Bending) -> Picture:
    density = bent.density
    margin = 4.0 * density.width
    place = np.linspace(float(density.nodes.min()) - margin, float(density.nodes.max()) + margin, 400)
    given = [Curve(place, np.maximum(density.density(place), 1e-9), NATIVE, "density of eigenvalues")]
    axes = ("eigenvalue of the Hessian", "density")
    negative = density.below(-density.width)
    largest = bent.largest
    told = ", ".join(
        f"{value:.4g} (residual {residual:.2g})"
        for value, residual in zip(largest.values, largest.residuals, strict=True)
    )
    caption = (
        f"Density of the Hessian's eigenvalues at the lowest solution, by stochastic Lanczos quadrature; about "
        f"{100 * negative.value:.2g} % of them are clearly negative. The cumulative density changed by up to "
        f"{density.change:.2g} over the second half of the steps, and its standard error over probes is up to "
        f"{density.spread:.2g}. Largest eigenvalues, {'converged' if largest.converged else 'not converged'}: {told}. "
        f"Trace {bent.trace}."
    )
    return Picture(
        "hessian",
        "Hessian",
        lambda _graph, ax=None: curves(given, ax, title=axes, logarithmic=(False, True)),
        lambda _graph: curves_figure(given, title=axes, logarithmic=(False, True)),
        lambda _graph: caption,
        "density of the Hessian's eigenvalues",
        "Ghorbani, Krishnan, Xiao, ICML (2019)",
    )
