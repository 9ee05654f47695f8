"""How the Hessian bends along each parameter tensor: largest eigenvalue and trace of its own block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.plot.palette import ACCENT, NATIVE, axes_or_new, axis, key_text, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

    from spinfunnel.network import LayerFigures

__all__ = ["layer_curvature", "layer_curvature_caption", "layer_curvature_figure"]

SPELLED = 12
"""Tensors whose figures are spelled out in the caption."""


def layer_curvature_caption(layers: Sequence[LayerFigures]) -> str:
    """Say what is drawn, with the figures of the tensors that bend most, their residuals and intervals."""
    most = sorted(layers, key=lambda layer: -abs(float(layer.largest.values[0])))
    more = len(most) - SPELLED
    return (
        "Largest eigenvalue of each parameter tensor's own block of the Hessian, all others held fixed, and its mean "
        f"eigenvalue, the trace over the number of weights. {'; '.join(_told(layer) for layer in most[:SPELLED])}"
        f"{f'; and {more} others' if more > 0 else ''}."
    )


def _told(layer: LayerFigures) -> str:
    largest = layer.largest
    said = "converged" if largest.converged else "not converged"
    return (
        f"{layer.name}: {float(largest.values[0]):.4g} (residual {float(largest.residuals[0]):.2g}, {said}), "
        f"trace {layer.trace}"
    )


def layer_curvature(layers: Sequence[LayerFigures], ax: Axes | None = None) -> Axes:
    """Draw largest eigenvalues with their residuals, and mean eigenvalues with their intervals."""
    axes = axes_or_new(ax, size=(5.8, 4.0))
    place = np.arange(len(layers), dtype=np.float64)
    for (value, below, above), colour, label, shift in _series(layers):
        axes.errorbar(
            value, place + shift, xerr=(below, above), fmt="o", ms=5, color=colour, label=label, elinewidth=1.4
        )
    axes.set_yticks(place, [layer.name for layer in layers], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=_smallest(layers))
    axes.margins(x=0.12)
    axes.set_xlabel("eigenvalue of the tensor's block")
    axes.grid(axis="x", alpha=0.25, lw=0.6)
    tidy(axes)
    axes.legend(frameon=False, fontsize=9)
    return axes


def layer_curvature_figure(layers: Sequence[LayerFigures]) -> Figure:
    """Draw the same as a Plotly figure, on a linear scale."""
    import plotly.graph_objects as go

    figure = go.Figure()
    names = [key_text(layer.name) for layer in layers]
    for (value, below, above), colour, label, _ in _series(layers):
        bars = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        marks = {"size": 9, "color": colour}
        figure.add_scatter(x=value, y=names, error_x=bars, mode="markers", marker=marks, name=label)
    abscissa = axis("eigenvalue of the tensor's block")
    figure.update_layout(layout(xaxis=abscissa, yaxis={"autorange": "reversed", "type": "category"}))
    return figure


def _series(
    layers: Sequence[LayerFigures],
) -> tuple[tuple[tuple[NDArray[np.float64], ...], str, str, float], ...]:
    """Values with what lies below and above them, colour, label and shift of the two series."""
    largest = np.array([[float(one.largest.values[0]), *[float(one.largest.residuals[0])] * 2] for one in layers]).T
    mean = np.full((3, len(layers)), np.nan)
    for number, layer in enumerate(layers):
        if not isinstance(layer.trace, NoAnswer):
            found, size = layer.trace, layer.weights
            spans = found.value, found.value - found.low, found.high - found.value
            mean[:, number] = np.array(spans) / size
    return (
        (tuple(largest), NATIVE, "largest, with its residual", -0.12),
        (tuple(mean), ACCENT, "mean (trace over weights), 95 %", 0.12),
    )


def _smallest(layers: Sequence[LayerFigures]) -> float:
    """Magnitude below which the axis is linear: a hundredth of the largest eigenvalue."""
    return max(1e-2 * max(abs(float(layer.largest.values[0])) for layer in layers), 1e-12)
