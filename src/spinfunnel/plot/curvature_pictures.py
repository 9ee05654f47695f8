"""Pictures of the curvature at a network's lowest solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.network.curvature_summary import CurvatureSummary
from spinfunnel.plot.curves import Curve, curves, curves_figure
from spinfunnel.plot.layer_curvature import layer_curvature, layer_curvature_caption, layer_curvature_figure
from spinfunnel.plot.palette import NATIVE
from spinfunnel.plot.picture import Picture
from spinfunnel.plot.weight_spectra import weight_spectra, weight_spectra_caption, weight_spectra_figure

__all__ = ["curvature_pictures"]


def curvature_pictures(bent: CurvatureSummary) -> tuple[Picture, ...]:
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


def _density(bent: CurvatureSummary) -> Picture:
    density = bent.density
    margin = 4.0 * density.width
    place = np.linspace(float(density.nodes.min()) - margin, float(density.nodes.max()) + margin, 400)
    given = [Curve(place, np.maximum(density.density(place), 1e-9), NATIVE, "density of eigenvalues")]
    axes = ("eigenvalue of the Hessian", "density")
    negative = density.below(-density.width)
    largest = bent.largest
    found = ", ".join(
        f"{value:.4g} (residual {residual:.2g})"
        for value, residual in zip(largest.values, largest.residuals, strict=True)
    )
    caption = (
        f"Density of the Hessian's eigenvalues at the lowest solution, by stochastic Lanczos quadrature; about "
        f"{100 * negative.value:.2g} % of them are clearly negative. The cumulative density changed by up to "
        f"{density.change:.2g} over the second half of the steps, and its standard error over probes is up to "
        f"{density.spread:.2g}. Largest eigenvalues, {'converged' if largest.converged else 'not converged'}: {found}. "
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
