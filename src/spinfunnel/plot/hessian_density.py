"""The density of the Hessian's eigenvalues, on a logarithmic scale that shows single outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.plot.palette import ACCENT, NATIVE, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

    from spinfunnel.network import Eigenvalues, SpectralDensity

__all__ = ["hessian_density", "hessian_density_caption", "hessian_density_figure"]

LOWEST = 1e-3
"""Share of one eigenvalue, spread over the width of the Gaussians, at which the axis ends."""


def hessian_density_caption(density: SpectralDensity) -> str:
    """Say what is drawn and how far it has converged."""
    probes, steps = density.nodes.shape
    negative = density.below(-density.width)
    return (
        f"Density of the Hessian's {density.dimension} eigenvalues, {probes} random vectors of {steps} Lanczos steps, "
        f"Gaussians of width {density.width:.3g}. From {steps // 2} steps to all the cumulative density changed by "
        f"at most {density.change:.2g}; its standard error over vectors is at most {density.spread:.2g}. Below minus "
        f"that width: {100 * negative.value:.2g} % [{100 * negative.low:.2g}, {100 * negative.high:.2g}] of them."
    )


def hessian_density(density: SpectralDensity, ax: Axes | None = None, *, largest: Eigenvalues | None = None) -> Axes:
    """Draw the density, with the largest eigenvalues as ticks where they are given."""
    axes = axes_or_new(ax, size=(6.0, 3.8))
    x, y, floor = _curve(density)
    axes.fill_between(x, floor, np.maximum(y, floor), color=NATIVE, alpha=0.25, lw=0)
    axes.plot(x, np.maximum(y, floor), color=NATIVE, lw=1.4)
    axes.axvline(0.0, color="#8d929b", lw=0.8)
    if largest is not None:
        axes.plot(largest.values, np.full(len(largest.values), 2.0 * floor), "|", color=ACCENT, ms=12, mew=1.8)
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    axes.set_xlabel("eigenvalue of the Hessian")
    axes.set_ylabel("density")
    tidy(axes)
    return axes


def hessian_density_figure(density: SpectralDensity, *, largest: Eigenvalues | None = None) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    x, y, floor = _curve(density)
    figure = go.Figure()
    figure.add_scatter(
        x=x,
        y=np.maximum(y, floor),
        mode="lines",
        line={"color": NATIVE, "width": 2},
        name="density",
        hovertemplate="%{x:.4g}: %{y:.3g}<extra></extra>",
        showlegend=False,
    )
    if largest is not None:
        figure.add_scatter(
            x=largest.values,
            y=np.full(len(largest.values), 2.0 * floor),
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 12, "color": ACCENT, "line": {"width": 2}},
            name="largest eigenvalues",
        )
    bounds = [float(np.log10(floor)), float(np.log10(y.max())) + 0.2]
    ordinate = axis("density", type="log", range=bounds)
    figure.update_layout(layout(xaxis=axis("eigenvalue of the Hessian"), yaxis=ordinate))
    return figure


def _curve(density: SpectralDensity) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    margin = 4.0 * density.width
    x = np.linspace(float(density.nodes.min()) - margin, float(density.nodes.max()) + margin, 800)
    y = density.density(x)
    return x, y, LOWEST / (density.dimension * density.width)
