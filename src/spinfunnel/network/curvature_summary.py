"""Curvature at a network's lowest solution: the Hessian, its blocks layer by layer, and the spectra of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

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

__all__ = ["CurvatureSummary", "curvature_summary", "least_products"]

BLOCK_COST = 3.0
"""Times as cheap as a product with the whole Hessian one with a tensor's own block is."""


@dataclass(frozen=True, slots=True, eq=False)
class CurvatureSummary:
    """Figures of the Hessian and of the weights at one point, each with its convergence (`spinfunnel.network`).

    `layers` are the largest of the network's `tensors`, all of them where there is time.
    """

    density: SpectralDensity
    largest: Eigenvalues
    trace: Measurement
    layers: tuple[LayerFigures, ...]
    spectra: tuple[LayerSpectrum, ...]
    tensors: int

    def to_json(self) -> dict[str, Any]:
        """Return the same as plain numbers."""
        return {
            "largest_eigenvalues": _eigenvalues(self.largest),
            "trace": _plain(self.trace),
            "density": {
                "steps": self.density.nodes.shape[1],
                "change": self.density.change,
                "spread": self.density.spread,
            },
            "layers": [
                {
                    "name": one.name,
                    "weights": one.weights,
                    "largest": _eigenvalues(one.largest),
                    "trace": _plain(one.trace),
                }
                for one in self.layers
            ],
            "weight_spectra": [
                {"name": one.name, "alpha": _plain(one.alpha), "stable_rank": _plain(one.stable_rank)} | _fit(one)
                for one in self.spectra
            ],
        }


def curvature_summary(
    landscape: NetworkLandscape, point: Tensor, *, products: int, quick: bool = False, seed: int = 0
) -> CurvatureSummary:
    """Figures at one point, with about so many products with the Hessian; see `least_products`."""
    curvature = Curvature(landscape, point)
    few = min(5, landscape.dimension)
    effort = Effort.of(landscape, quick=quick, allowed=products)
    return CurvatureSummary(
        spectral_density(curvature, steps=effort.density, probes=effort.probes, seed=seed),
        eigenvalues(curvature, count=few, tolerance=1e-3, steps=max(few, effort.largest), seed=seed),
        trace(curvature, products=effort.trace, seed=seed),
        layer_figures(curvature, most=effort.tensors, probes=effort.layer_probes, steps=effort.layer_steps, seed=seed),
        layer_spectra(landscape, point, resamples=40 if quick else 200, seed=seed),
        len(landscape.layout),
    )


def least_products(*, quick: bool) -> int:
    """Products with the Hessian below which nothing is worth being said."""
    return 4 * (2 if quick else 4) + 8 + 6


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
    def of(cls, landscape: NetworkLandscape, *, quick: bool, allowed: int) -> Effort:
        """All that is wanted, or less of it where a product of this network costs much."""
        density, probes, largest, traced, steps, signs = (10, 2, 20, 15, 10, 4) if quick else (40, 4, 80, 60, 30, 16)
        tensors = len(landscape.layout)
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


def _eigenvalues(found: Eigenvalues) -> dict[str, Any]:
    return {"values": found.values.tolist(), "residuals": found.residuals.tolist(), "converged": found.converged}


def _fit(layer: LayerSpectrum) -> dict[str, Any]:
    fit = layer.power_law
    return {} if isinstance(fit, NoAnswer) else {"tail": fit.tail, "plausible": fit.plausible}


def _plain(measurement: Measurement) -> dict[str, Any]:
    if isinstance(measurement, Estimate):
        return {"value": measurement.value, "low": measurement.low, "high": measurement.high}
    return {"outcome": measurement.outcome, "reason": measurement.cause}
