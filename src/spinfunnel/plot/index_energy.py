"""Index of stationary points of a smooth map against their energy, with the theory of the spherical p-spin model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.measure.complexity import expected_points, threshold_energy
from spinfunnel.measure.index_counts import concordance, points_by_index
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["IndexTheory", "index_energy", "index_energy_caption", "index_energy_figure"]

MOST_SPINS = 60
"""Spins up to which the mean energies of all indices are computed, by random matrices of that size."""
MOST_TICKS = 10
"""Indices that are each given a tick."""
MOST_DRAWN = 4000
"""Points that are drawn; of more, some evenly chosen over each index."""


@dataclass(frozen=True, slots=True)
class IndexTheory:
    """Spherical p-spin model whose theory is drawn over the points."""

    n: int
    p: int

    @staticmethod
    def of(name: str, parameters: Mapping[str, Any]) -> IndexTheory | None:
        """Theory of a system, where there is one.

        Examples
        --------
        >>> IndexTheory.of("spherical-pspin", {"n": 8, "p": 3, "seed": 1})
        IndexTheory(n=8, p=3)
        >>> IndexTheory.of("lj", {"atoms": 8}) is None
        True
        """
        n, p = parameters.get("n"), parameters.get("p")
        # The parameters may be those of an atlas from anybody.
        if name != "spherical-pspin" or not isinstance(n, int) or not isinstance(p, int):
            return None
        return IndexTheory(n, p)

    @property
    def threshold(self) -> float:
        """Energy -E_inf n."""
        return -threshold_energy(self.p) * self.n

    def means(self) -> NDArray[np.float64]:
        """Mean energy of the critical points of each index at this size; none for large sizes."""
        return _means(self.n, self.p) if self.n <= MOST_SPINS else np.zeros(0)


@cache
def _means(n: int, p: int) -> NDArray[np.float64]:
    return n * expected_points(n, p=p, draws=4000)[2]


def index_energy_caption(graph: BasinGraph, theory: IndexTheory | None = None) -> str:
    """Say what is drawn, and how far the energy tells the index."""
    index, energy = _points(graph)
    said = (
        f"Index (number of negative Hessian eigenvalues) against energy of {len(index)} stationary points that were "
        f"found. In {100.0 * concordance(index, energy):.3g} % of the pairs of different index the higher has the "
        "higher energy."
    )
    if theory is None:
        return said
    if len(theory.means()):
        said += " Line: mean energy of all critical points of each index, by the Kac-Rice formula."
    return f"{said} Dashed: -E_inf n, below which large systems have critical points of low index alone."


def index_energy(graph: BasinGraph, ax: Axes | None = None, *, theory: IndexTheory | None = None) -> Axes:
    """Draw the index of stationary points against their energy."""
    from matplotlib.ticker import MaxNLocator

    axes = axes_or_new(ax, size=(5.8, 4.0))
    index, energy = _drawn(graph)
    shaken = index + np.random.default_rng(0).uniform(-0.25, 0.25, len(index))
    axes.plot(energy, shaken, ".", ms=4, color=FUNNELS[0], alpha=0.5, label="found")
    if theory is not None:
        means = theory.means()
        if len(means):
            axes.plot(means, np.arange(len(means)), "o-", color=ACCENT, lw=1.6, ms=4, label="mean, Kac-Rice")
        axes.axvline(theory.threshold, color=INK, lw=1.2, ls="--", label="-E_inf n")
        axes.legend(frameon=False, fontsize=9, loc="lower right")
    axes.set_xlabel("energy")
    axes.set_ylabel("index")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(axes)
    return axes


def index_energy_figure(graph: BasinGraph, *, theory: IndexTheory | None = None) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    index, energy = _drawn(graph)
    shaken = index + np.random.default_rng(0).uniform(-0.25, 0.25, len(index))
    figure = go.Figure()
    figure.add_scatter(
        x=energy, y=shaken, customdata=index, mode="markers", name="found", marker={"size": 5, "color": FUNNELS[0]},
        opacity=0.6, hovertemplate="index %{customdata}, energy %{x:.5g}<extra></extra>",
    )  # fmt: skip
    if theory is not None:
        means = theory.means()
        if len(means):
            figure.add_scatter(
                x=means, y=np.arange(len(means)), mode="lines+markers", name="mean, Kac-Rice", line={"color": ACCENT}
            )
        figure.add_vline(x=theory.threshold, line={"color": INK, "dash": "dash", "width": 1})
    whole = {"dtick": 1} if index.max() - index.min() <= MOST_TICKS else {}
    figure.update_layout(layout(xaxis=axis("energy"), yaxis=axis("index", **whole)))
    return figure


def _points(graph: BasinGraph) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if graph.road != "smooth":
        raise InputError("the map is not of a smooth landscape, whose points have an index")
    if graph.saddles == 0:
        raise InputError("no saddle is known, so that all points have one index")
    return points_by_index(graph)


def _drawn(graph: BasinGraph) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    index, energy = _points(graph)
    every = max(1, -(-len(index) // MOST_DRAWN))
    order = np.lexsort((energy, index))[::every]
    return index[order], energy[order]
