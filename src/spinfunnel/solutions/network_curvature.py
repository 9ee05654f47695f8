"""How the landscape bends at a network's lowest solution: Hessian, its layers, and the spectra of the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.network import (
    Curvature,
    NetworkLandscape,
    eigenvalues,
    layer_figures,
    layer_spectra,
    spectral_density,
    trace,
)
from spinfunnel.network.hessian import Eigenvalues, LayerFigures, SpectralDensity
from spinfunnel.network.spectra import LayerSpectrum
from spinfunnel.plot import Picture
from spinfunnel.plot.curves import Curve, curves, curves_figure
from spinfunnel.plot.layer_curvature import layer_curvature, layer_curvature_caption, layer_curvature_figure
from spinfunnel.plot.palette import NATIVE
from spinfunnel.plot.weight_spectra import weight_spectra, weight_spectra_caption, weight_spectra_figure
from spinfunnel.solutions.schedule import hessian_products
from spinfunnel.solutions.training_map import Solutions

__all__ = ["Bending", "bending", "bending_pictures", "bending_told"]

BLOCK_COST = 3.0
"""Times as cheap as a product with the whole Hessian one with a tensor's own block is."""


@dataclass(frozen=True, slots=True, eq=False)
class Bending:
    """Figures of the Hessian and of the weights at one point, each with its convergence (`spinfunnel.network`).

    `layers` are the largest of the network's `tensors`, all of them where there is time.
    """

    density: SpectralDensity
    largest: Eigenvalues
    trace: Measurement
    layers: tuple[LayerFigures, ...]
    spectra: tuple[LayerSpectrum, ...]
    tensors: int


def bending(found: Solutions, *, quick: bool = False, seed: int = 0) -> Bending:
    """Figures at the lowest solution: it is where training left it, since the others are aligned to it."""
    landscape, point = found.landscape, found.vectors[0].to(found.landscape.dtype)
    curvature = Curvature(landscape, point)
    few = min(5, landscape.dimension)
    effort = Effort.of(landscape, quick=quick)
    return Bending(
        spectral_density(curvature, steps=effort.density, probes=effort.probes, seed=seed),
        eigenvalues(curvature, count=few, tolerance=1e-3, steps=max(few, effort.largest), seed=seed),
        trace(curvature, products=effort.trace, seed=seed),
        layer_figures(curvature, most=effort.tensors, probes=effort.layer_probes, steps=effort.layer_steps, seed=seed),
        layer_spectra(landscape, point, resamples=40 if quick else 200, seed=seed),
        len(landscape.layout),
    )


@dataclass(frozen=True, slots=True)
class Effort:
    """Products for each figure: steps of the density and its probes, of eigenvalues, for the trace, for each tensor."""

    density: int
    probes: int
    largest: int
    trace: int
    tensors: int
    layer_steps: int
    layer_probes: int

    @classmethod
    def of(cls, landscape: NetworkLandscape, *, quick: bool) -> Effort:
        """All that is wanted, or less of it where a product of this network costs much."""
        density, probes, largest, traced, steps, signs = (10, 2, 20, 15, 10, 4) if quick else (40, 4, 80, 60, 30, 16)
        tensors = len(landscape.layout)
        allowed = hessian_products(landscape, quick=quick)
        wanted = density * probes + largest + traced + tensors * (steps + signs) / BLOCK_COST
        share = min(1.0, allowed / wanted)

        def some(number: int, least: int) -> int:
            return max(least, round(share * number))

        steps, signs = some(steps, 2), some(signs, 2)
        affordable = int(0.5 * allowed * BLOCK_COST / (steps + signs))
        return cls(
            some(density, 4),
            probes,
            some(largest, 8),
            some(traced, 6),
            min(tensors, max(1, affordable if share < 1.0 else tensors)),
            steps,
            signs,
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
    some = f"Hessian of the {len(bent.layers)} largest of {bent.tensors} tensors"
    made = [
        _density(bent),
        _picture(
            "layer_curvature",
            "Hessian, layer by layer" if len(bent.layers) == bent.tensors else some,
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
