"""Curves, scattered points and filled contours: what pictures of networks are made of, each with its Plotly twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.plot.palette import HEIGHTS, INK, axes_or_new, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["Curve", "Sheet", "contours", "contours_figure", "curves", "curves_figure"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve or a set of points; those of one label share a colour and one line in the legend."""

    x: Floats
    y: Floats
    colour: str
    label: str
    style: Literal["line", "thin", "points"] = "line"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Heights on a grid: ``height[i, j]`` at ``(x[i], y[j])``, and marked points."""

    x: Floats
    y: Floats
    height: Floats
    points: Floats
    labels: tuple[str, ...]
    title: tuple[str, str]


def curves(
    given: Sequence[Curve],
    ax: Axes | None = None,
    *,
    title: tuple[str, str],
    logarithmic: tuple[bool, bool] = (False, False),
) -> Axes:
    """Draw curves; `title` names the axes."""
    axes = axes_or_new(ax, size=(5.6, 4.0))
    labelled: set[str] = set()
    for one in given:
        label = None if one.label in labelled else one.label
        labelled.add(one.label)
        if one.style == "points":
            axes.plot(one.x, one.y, "o", ms=5.5, alpha=0.85, color=one.colour, label=label)
        else:
            thin = one.style == "thin"
            axes.plot(one.x, one.y, lw=0.9 if thin else 2.0, alpha=0.6 if thin else 1.0, color=one.colour, label=label)
    if logarithmic[0]:
        axes.set_xscale("log")
    if logarithmic[1]:
        axes.set_yscale("log")
    axes.set(xlabel=title[0], ylabel=title[1])
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)
    axes.legend(frameon=False, fontsize=9)
    return axes


def curves_figure(
    given: Sequence[Curve], *, title: tuple[str, str], logarithmic: tuple[bool, bool] = (False, False)
) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    figure = go.Figure()
    labelled: set[str] = set()
    for one in given:
        marks = {"size": 8, "color": one.colour}
        line = {"width": 1 if one.style == "thin" else 2.5, "color": one.colour}
        figure.add_scatter(
            x=one.x,
            y=one.y,
            mode="markers" if one.style == "points" else "lines",
            marker=marks,
            line=line,
            name=one.label,
            legendgroup=one.label,
            showlegend=one.label not in labelled,
        )
        labelled.add(one.label)
    kinds = ["log" if one else "linear" for one in logarithmic]
    figure.update_layout(
        **layout(
            xaxis={"title": {"text": title[0]}, "type": kinds[0]}, yaxis={"title": {"text": title[1]}, "type": kinds[1]}
        )
    )
    return figure


def contours(sheet: Sheet, ax: Axes | None = None) -> Axes:
    """Draw heights as filled contours, closer together near the lowest; what is not finite stays white."""
    from matplotlib.colors import LinearSegmentedColormap

    axes = axes_or_new(ax, size=(5.6, 4.4))
    levels, shown = _levels(sheet.height)
    colours = LinearSegmentedColormap.from_list("heights", HEIGHTS)
    filled = axes.contourf(sheet.x, sheet.y, shown.T, levels=levels, cmap=colours, extend="both")
    bar = axes.figure.colorbar(filled, ax=axes, label="energy")
    bar.set_ticks(levels[::3].tolist(), labels=[f"{level:.3g}" for level in levels[::3]])
    for (x, y), label in zip(sheet.points, sheet.labels, strict=True):
        axes.plot([x], [y], "o", ms=7, mfc="white", mec=INK)
        axes.annotate(label, (x, y), xytext=(6, 6), textcoords="offset points", color=INK, fontsize=9)
    axes.set(xlabel=sheet.title[0], ylabel=sheet.title[1])
    tidy(axes)
    return axes


def contours_figure(sheet: Sheet) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    levels, shown = _levels(sheet.height)
    logs = np.log10(np.maximum(shown - levels[0], 1e-12) + 0.01 * (levels[-1] - levels[0]))
    scale = [[place, colour] for place, colour in zip(np.linspace(0.0, 1.0, len(HEIGHTS)), HEIGHTS, strict=True)]
    figure = go.Figure()
    figure.add_contour(
        x=sheet.x,
        y=sheet.y,
        z=logs.T,
        customdata=shown.T,
        colorscale=scale,
        ncontours=20,
        showscale=False,
        hovertemplate="energy %{customdata:.4g}<extra></extra>",
    )
    marks = {"size": 11, "color": "white", "line": {"width": 1.5, "color": INK}}
    x, y = sheet.points.reshape(-1, 2).T
    figure.add_scatter(
        x=x, y=y, mode="markers+text", text=sheet.labels, textposition="top right", marker=marks, showlegend=False
    )
    figure.update_layout(**layout(xaxis={"title": {"text": sheet.title[0]}}, yaxis={"title": {"text": sheet.title[1]}}))
    return figure


def _levels(height: Floats) -> tuple[Floats, Floats]:
    """Levels evenly spaced in the logarithm above the lowest, and heights with gaps where they are not finite."""
    known = height[np.isfinite(height)]
    if known.size == 0:
        return np.linspace(0.0, 1.0, 16), np.full(height.shape, np.nan)
    low, high = float(known.min()), float(np.quantile(known, 0.98))
    span = max(high - low, 1e-9 * max(abs(low), 1.0))
    steps: Floats = low + span * (np.geomspace(1.0, 101.0, 16) - 1.0) / 100.0
    return steps, np.where(np.isfinite(height), height, np.nan)
