"""Hessian spectra of the native minimum and of the saddles that lead out of it, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.curvature_rows import HessianRows
from spinfunnel.plot.palette import ACCENT, NATIVE, REST, axes_or_new, axis, layout, tidy
from spinfunnel.plot.picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["hessian_rows", "hessian_rows_caption", "hessian_rows_figure", "hessian_rows_picture"]

Floats = NDArray[np.float64]

TITLE = "frequency (below 0: of a way down)"


def hessian_rows_caption(rows: HessianRows) -> str:
    """Say what is drawn, and how stiff and how soft the native minimum is."""
    native = rows.curvatures[0][np.isfinite(rows.curvatures[0])]
    drawn = len(rows.energies) - 1
    others = f" (lowest row) and at {drawn} of the {rows.known} known saddles that lead out of it" if drawn else ""
    return (
        f"Eigenvalues of the Hessian at the native minimum{others}, in order of energy, zero modes left out: their "
        "square roots, those of negative ones left of 0. The native minimum has curvatures from "
        f"{native.min():.4g} to {native.max():.4g}."
    )


def hessian_rows(rows: HessianRows, ax: Axes | None = None) -> Axes:
    """Draw the spectra as ticks, a row for each point."""
    axes = axes_or_new(ax, size=(6.0, 4.2))
    for number, line in enumerate(rows.frequencies):
        axes.plot(line[line >= 0.0], np.full((line >= 0.0).sum(), number), "|", color=_colour(number), ms=9, mew=1.2)
        axes.plot(line[line < 0.0], np.full((line < 0.0).sum(), number), "|", color=ACCENT, ms=11, mew=2.0)
    axes.axvline(0.0, color=REST, lw=0.8)
    axes.set_yticks(range(len(rows.energies)), labels=_labels(rows), fontsize=7)
    axes.set_xlabel(TITLE)
    axes.set_ylabel("energy of the point")
    tidy(axes)
    return axes


def hessian_rows_figure(rows: HessianRows) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, line in enumerate(rows.frequencies):
        line = line[np.isfinite(line)]
        colours = [ACCENT if value < 0.0 else _colour(number) for value in line]
        figure.add_scatter(
            x=line, y=np.full(len(line), number), mode="markers", customdata=np.sign(line) * line * line,
            marker={"symbol": "line-ns-open", "size": 10, "color": colours, "line": {"width": 2}},
            hovertemplate="curvature %{customdata:.5g}<extra></extra>", showlegend=False,
        )  # fmt: skip
    figure.add_vline(x=0.0, line={"color": REST, "width": 1})
    ticks = {"tickvals": list(range(len(rows.energies))), "ticktext": _labels(rows), "tickfont": {"size": 10}}
    figure.update_layout(layout(xaxis=axis(TITLE), yaxis=axis("energy of the point", **ticks)))
    return figure


def _labels(rows: HessianRows) -> list[str]:
    return [f"{energy:.5g}" for energy in rows.energies]


def _colour(number: int) -> str:
    return NATIVE if number == 0 else "#56b4e9"


def hessian_rows_picture(rows: HessianRows) -> Picture:
    """Return the picture of some Hessian spectra."""
    return Picture(
        "hessian_rows",
        "Hessian spectra",
        lambda _graph, ax=None: hessian_rows(rows, ax),
        lambda _graph: hessian_rows_figure(rows),
        lambda _graph: hessian_rows_caption(rows),
        "how stiff the native minimum and the passes out of it are",
        "Wales, Energy Landscapes, Cambridge University Press (2003)",
        tab="dynamics",
    )
