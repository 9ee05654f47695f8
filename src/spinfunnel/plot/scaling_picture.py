"""A measure against size, several systems on one axis: whether the funnel gets sharper as the system grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.plot.palette import FUNNELS, axes_or_new, axis, key_text, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet
    from plotly.graph_objects import Figure

__all__ = ["Curves", "Fits", "scaling", "scaling_caption", "scaling_figure", "scaling_sheet"]

Curves: TypeAlias = Mapping[str, Sequence[tuple[int, Estimate]]]
"""For each system its sizes and what was measured there; `Sweep.curves` gives them."""
Fits: TypeAlias = Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]
"""For each system a curve through them, as a function of the number of spins; `Sweep.fits` gives them."""

MARKERS = (
    ("o", "circle"),
    ("s", "square"),
    ("^", "triangle-up"),
    ("D", "diamond"),
    ("v", "triangle-down"),
    ("P", "cross"),
)
"""Matplotlib's and Plotly's names: shapes tell systems apart where colours do not."""
LONGEST_NAME = 40
APART = 0.006
"""Share of the range of sizes by which neighbouring systems are drawn apart, so that no interval hides another."""
_HOVER = "N = %{customdata[0]}<br>%{y:.4g} [%{customdata[1]:.4g}, %{customdata[2]:.4g}]<extra>%{fullData.name}</extra>"


def scaling_caption(curves: Curves, *, measure: str) -> str:
    """Say what is drawn.

    Examples
    --------
    >>> scaling_caption({"sk": [(12, Estimate(0.02, 0.01, 0.03))]}, measure="profile_area")
    'Mean profile area over samples of the disorder against the number of spins, with 95 % intervals: sk (12 spins). ...
    """
    parts = []
    for name, points in curves.items():
        sizes = sorted({n for n, _ in points})
        spread = f"{sizes[0]} to {sizes[-1]} spins" if len(sizes) > 1 else f"{sizes[0]} spins" if sizes else "no answer"
        parts.append(f"{name} ({spread})")
    note = " The profile area is 0 for a perfect funnel." if measure == "profile_area" else ""
    return (
        f"Mean {measure.replace('_', ' ')} over samples of the disorder against the number of spins, with 95 % "
        f"intervals: {', '.join(parts)}.{note}"
    )


def scaling(
    curves: Curves,
    ax: Axes | None = None,
    *,
    measure: str = "profile_area",
    fits: Fits | None = None,
    logarithmic: bool = False,
) -> Axes:
    """Draw a measure against size with intervals, one colour and marker a system.

    Parameters
    ----------
    curves : mapping of str to sequence of (int, Estimate)
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    measure : str
        Its name, for the axis.
    fits : mapping of str to callable, optional
        Dashed curves, by the name of the system.
    logarithmic : bool
        Whether the measure has a logarithmic axis, on which an exponential is a line.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Where no system has a point to draw, or a logarithmic axis meets a value that is not above 0.
    """
    drawn = _drawn(curves, measure=measure, logarithmic=logarithmic)
    axes = axes_or_new(ax, size=(6.2, 4.2))
    if logarithmic:
        axes.set_yscale("log")
    apart = _apart(drawn)
    for place, (name, points) in enumerate(drawn.items()):
        colour, marker = FUNNELS[place % len(FUNNELS)], MARKERS[place % len(MARKERS)][0]
        n, value, below, above = _columns(points, logarithmic=logarithmic)
        axes.errorbar(
            n + apart[place],
            value,
            yerr=[below, above],
            fmt=marker,
            ms=5.5,
            color=colour,
            capsize=2.5,
            lw=1.4,
            label=_short(name),
        )
        if fits is not None and name in fits:
            fine = np.linspace(n.min(), n.max(), 200)
            axes.plot(fine, fits[name](fine), "--", color=colour, lw=1.2, alpha=0.8)
    axes.set_xlabel("number of spins, N")
    axes.set_ylabel(measure.replace("_", " "))
    if not logarithmic and all(estimate.low >= 0.0 for points in drawn.values() for _, estimate in points):
        axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.25, lw=0.6)
    axes.legend(frameon=False, fontsize=9)
    tidy(axes)
    return axes


def scaling_sheet(panels: Mapping[str, tuple[Curves, Fits]]) -> Sheet:
    """Draw several measures against size side by side, a panel each with the same systems in the same colours.

    Parameters
    ----------
    panels : mapping of str to (Curves, Fits)
        By the name of the measure.

    Returns
    -------
    matplotlib.figure.Figure
        Of no window; write it with its `savefig`.

    Raises
    ------
    InputError
        Where no measure has a point to draw.
    """
    from matplotlib.figure import Figure as Sheet

    shown = {measure: given for measure, given in panels.items() if any(given[0].values())}
    if not shown:
        raise InputError(f"none of {', '.join(panels)} has an answer at any size; there is nothing to draw")
    sheet = Sheet(figsize=(5.6 * len(shown), 4.4), layout="constrained")
    row = sheet.subplots(1, len(shown), squeeze=False)[0]
    for axes, (measure, (curves, fits)) in zip(row, shown.items(), strict=True):
        legend = scaling(curves, axes, measure=measure, fits=fits).get_legend()
        if legend is not None:
            legend.remove()
    handles, labels = max((axes.get_legend_handles_labels() for axes in row), key=lambda pair: len(pair[1]))
    sheet.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 3), frameon=False, fontsize=9)
    return sheet


def scaling_figure(
    curves: Curves, *, measure: str = "profile_area", fits: Fits | None = None, logarithmic: bool = False
) -> Figure:
    """Draw the same as a Plotly figure; see `scaling`."""
    import plotly.graph_objects as go

    drawn = _drawn(curves, measure=measure, logarithmic=logarithmic)
    figure = go.Figure()
    apart = _apart(drawn)
    for place, (name, points) in enumerate(drawn.items()):
        colour, symbol = FUNNELS[place % len(FUNNELS)], MARKERS[place % len(MARKERS)][1]
        n, value, below, above = _columns(points, logarithmic=logarithmic)
        if fits is not None and name in fits:
            fine = np.linspace(n.min(), n.max(), 200)
            dash: dict[str, Any] = {"color": colour, "width": 1.5, "dash": "dash"}
            figure.add_scatter(
                x=fine,
                y=fits[name](fine),
                mode="lines",
                line=dash,
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
            )
        figure.add_scatter(
            x=n + apart[place],
            y=value,
            error_y={"type": "data", "symmetric": False, "array": above, "arrayminus": below, "width": 3},
            mode="markers",
            marker={"color": colour, "size": 9, "symbol": symbol},
            name=key_text(name, width=LONGEST_NAME),
            legendgroup=name,
            customdata=np.column_stack([n, value - below, value + above]),
            hovertemplate=_HOVER,
        )
    ordinate = axis(measure.replace("_", " "), type="log" if logarithmic else "linear")
    if not logarithmic and all(estimate.low >= 0.0 for points in drawn.values() for _, estimate in points):
        ordinate["rangemode"] = "tozero"
    figure.update_layout(layout(xaxis=axis("number of spins, N"), yaxis=ordinate))
    return figure


def _drawn(curves: Curves, *, measure: str, logarithmic: bool) -> dict[str, list[tuple[int, Estimate]]]:
    found = {name: list(points) for name, points in curves.items() if points}
    if not found:
        raise InputError(f"no system has an answer for {measure} at any size; there is nothing to draw")
    for name, points in found.items():
        if logarithmic and min(estimate.value for _, estimate in points) <= 0.0:
            raise InputError(f"{measure} of {name} is not above 0, which a logarithmic axis needs; draw a linear one")
    return found


def _columns(
    points: Sequence[tuple[int, Estimate]], *, logarithmic: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sizes, values, and lengths of the error bars below and above."""
    n = np.array([size for size, _ in points], np.float64)
    value, low, high = np.array([(e.value, e.low, e.high) for _, e in points]).T
    if logarithmic:  # an interval that reaches 0 ends where the axis can show it
        low = np.maximum(low, 0.1 * value)
    return n, value, value - low, high - value


def _apart(drawn: Curves) -> NDArray[np.float64]:
    sizes = [n for points in drawn.values() for n, _ in points]
    offset = np.arange(len(drawn), dtype=np.float64) - (len(drawn) - 1) / 2
    return np.asarray(APART * max(1, max(sizes) - min(sizes)) * offset, np.float64)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
