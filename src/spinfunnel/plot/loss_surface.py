"""The loss surface of a network: contours for print, and a surface to turn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.plot.palette import ACCENT, HEIGHTS, INK, axes_or_new, axis, layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

    from spinfunnel.network import Surface

__all__ = ["loss_surface", "loss_surface_caption", "loss_surface_figure"]

LEVELS = 18
RATIO = 20.0
"""Ratio of the largest to the smallest height above which heights are drawn logarithmically."""


def loss_surface_caption(surface: Surface) -> str:
    """Say what is drawn, what was computed, and what a plane cannot show."""
    _check(surface)
    plane, count = surface.plane, surface.energy.size
    words = [f"Loss of {surface.name} on {plane.kind}, {' x '.join(map(str, surface.energy.shape))} points"]
    if plane.seed is not None:
        words.append(f"directions of seed {plane.seed}")
    computed = int(surface.evaluated.sum())
    words.append("each computed" if computed == count else f"{computed} of {count} computed, the others interpolated")
    if plane.explained:
        shares = " and ".join(f"{100 * share:.1f} %" for share in plane.explained)
        words.append(f"the directions hold {shares} of the path's spread")
    missing = f" At {surface.not_finite} points the loss is no finite number; they are left blank." * bool(
        surface.not_finite
    )
    hidden = (
        " A random plane in a space of so many dimensions meets no saddle but by chance: it shows how steep the "
        "surroundings are, and hides where they lead."
        if plane.seed is not None
        else ""
    )
    return f"{', '.join(words)}.{missing}{hidden}"


def loss_surface(surface: Surface, ax: Axes | None = None) -> Axes:
    """Draw contours of a surface in a plane, with the model, path or solutions that it holds.

    Heights that span more than a factor of 20 are logarithmic above the lowest one.

    Raises
    ------
    InputError
        For a surface that is not of two directions, or has no finite energy.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    _check(surface)
    axes = axes_or_new(ax, size=(5.6, 4.6))
    energy = np.ma.masked_invalid(surface.energy.T)
    low, high = float(energy.min()), float(energy.max())
    logarithmic = low > 0.0 and high > RATIO * low
    levels = np.geomspace(low, high, LEVELS) if logarithmic else np.linspace(low, max(high, low + 1e-12), LEVELS)
    norm = LogNorm(low, high) if logarithmic else Normalize(low, high)
    colours = LinearSegmentedColormap.from_list("heights", HEIGHTS)
    filled = axes.contourf(*surface.axes, energy, levels=levels, cmap=colours, norm=norm, extend="both")
    axes.contour(*surface.axes, energy, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    bar = axes.figure.colorbar(filled, ax=axes, pad=0.02)
    bar.set_label("loss (logarithmic)" if logarithmic else "loss")
    shown = [float(level) for level in levels[:: LEVELS // 5]]
    bar.set_ticks(shown, labels=[f"{level:.3g}" for level in shown])
    bar.ax.minorticks_off()
    _draw_path(axes, surface)
    x, y = _titles(surface)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_facecolor("#d9dbdf")
    return axes


def _draw_path(axes: Axes, surface: Surface) -> None:
    path = surface.plane.path
    if not len(path):
        return
    if surface.plane.explained:
        axes.plot(path[:, 0], path[:, 1], "-", color=ACCENT, lw=1.4)
        axes.plot(path[:, 0], path[:, 1], ".", color=ACCENT, ms=4)
        axes.plot(*path[-1], "*", color="white", mec=INK, ms=12)
    else:
        axes.plot(path[:, 0], path[:, 1], "*", color="white", mec=INK, ms=12, ls="none")


def loss_surface_figure(surface: Surface) -> Figure:
    """Draw the same as a Plotly surface."""
    import plotly.graph_objects as go

    _check(surface)
    finite = surface.energy[np.isfinite(surface.energy)]
    low, high = float(finite.min()), float(finite.max())
    logarithmic = low > 0.0 and high > RATIO * low
    height = np.where(np.isfinite(surface.energy), surface.energy, np.nan)
    drawn = np.log10(height) if logarithmic else height
    scale = [[place / (len(HEIGHTS) - 1), colour] for place, colour in enumerate(HEIGHTS)]
    title = "log10 of the loss" if logarithmic else "loss"
    figure = go.Figure(
        go.Surface(
            x=surface.axes[0],
            y=surface.axes[1],
            z=drawn.T,
            customdata=height.T,
            colorscale=scale,
            colorbar={"title": {"text": title}, "thickness": 12, "len": 0.7},
            contours={"z": {"show": True, "usecolormap": False, "color": "rgba(255,255,255,0.5)", "width": 1}},
            hovertemplate="(%{x:.3g}, %{y:.3g})<br>loss %{customdata:.4g}<extra></extra>",
        )
    )
    path = surface.plane.path
    if len(path):
        above = np.array([_height(surface, drawn, place) for place in path])
        figure.add_scatter3d(
            x=path[:, 0],
            y=path[:, 1],
            z=above + 0.01 * (np.nanmax(drawn) - np.nanmin(drawn)),
            mode="lines+markers" if surface.plane.explained else "markers",
            marker={"color": ACCENT, "size": 4},
            line={"color": ACCENT, "width": 4},
            hoverinfo="skip",
            showlegend=False,
        )
    x, y = _titles(surface)
    scene: dict[str, Any] = {"xaxis": axis(x), "yaxis": axis(y), "zaxis": axis(title), "aspectmode": "cube"}
    for entry in scene.values():
        if isinstance(entry, dict):
            entry.pop("automargin", None)
            entry["title"].pop("standoff", None)
    figure.update_layout(layout(scene=scene, margin={"l": 0, "r": 0, "t": 8, "b": 8}))
    return figure


def _height(surface: Surface, drawn: NDArray[np.float64], place: NDArray[np.float64]) -> float:
    """Height at the grid point nearest to a place."""
    i, j = (int(np.abs(line - value).argmin()) for line, value in zip(surface.axes, place, strict=True))
    return float(drawn[i, j])


def _titles(surface: Surface) -> tuple[str, str]:
    explained = surface.plane.explained
    if explained:
        first, second = (f"principal component {k + 1} ({100 * explained[k]:.1f} %)" for k in range(2))
        return first, second
    if surface.plane.seed is not None:
        return "first direction (filter lengths)", "second direction (filter lengths)"
    return "along the first two solutions", "toward the third"


def _check(surface: Surface) -> None:
    if len(surface.axes) != 2 or min(surface.energy.shape) < 2:
        raise InputError(f"a surface is drawn over two directions, this one has {len(surface.axes)}")
    if not np.isfinite(surface.energy).any() or math.isinf(float(np.nanmin(np.abs(surface.energy)))):
        raise InputError("the loss is nowhere on this plane a finite number; there is nothing to draw")
