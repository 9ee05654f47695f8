"""Energy against overlap with the native state, which shows whether the landscape slopes toward it.

Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995). Minima are points; of all states at one overlap, the
mean energy, its spread and the lowest are curves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError, Tally, key_states
from spinfunnel.plot.palette import ACCENT, REST, axes_or_new, axis, funnel_colours, key_text, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["native_overlap", "overlap", "overlap_caption", "overlap_figure", "overlap_obstacle"]

_FLIP = "global flip"
LIMIT = 5_000
"""Points drawn; beyond it the lightest are left out, and the caption says so."""


def overlap_obstacle(graph: BasinGraph) -> str:
    """Why this picture cannot be drawn, empty when it can."""
    if graph.minima == 0:
        return "the map has no minimum"
    if (
        not all(set(key) <= {"0", "1"} and key for key in map(str, graph.key[:1000]))
        or len({len(str(key)) for key in graph.key}) != 1
    ):
        return "an overlap is defined for states that are bit strings, and the minima of this landscape are not"
    return ""


def native_overlap(graph: BasinGraph) -> NDArray[np.float64]:
    """Overlap of each minimum with the chief native one a, ``Q = 1 - 2 d(x, a) / N`` (see `BasinGraph.chief`).

    With the global flip among the symmetries the copies with all spins turned over count as well, so that 0 <= Q <= 1.
    Other symmetries are not applied: a minimum is represented by its key.

    Returns
    -------
    array of float64, shape (m,)

    Raises
    ------
    InputError
        Where keys are not bit strings of one length.

    Examples
    --------
    >>> graph = BasinGraph(
    ...     key=np.array(["0000", "0111"]),
    ...     energy=np.array([-2.0, -1.0]),
    ...     weight=np.full(2, 0.5),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array([], str),
    ...     saddle_energy=np.array([]),
    ...     saddle_offsets=np.array([0]),
    ...     saddle_minima=np.array([], np.int64),
    ...     saddle_exact=np.array([], bool),
    ... )
    >>> native_overlap(graph).tolist()
    [1.0, -0.5]
    """
    obstacle = overlap_obstacle(graph)
    if obstacle:
        raise InputError(obstacle)
    spins = key_states(graph.key).astype(np.float32) * 2.0 - 1.0
    size = spins.shape[1]
    product = spins @ spins[graph.chief] / size
    nearest = np.abs(product) if _FLIP in graph.symmetry else product
    overlaps: NDArray[np.float64] = np.round(nearest.astype(np.float64) * size) / size
    return overlaps


def _tally(graph: BasinGraph) -> Tally | None:
    return next((tally for tally in graph.tallies if tally.quantity == "overlap" and np.isinf(tally.temperature)), None)


def _curves(tally: Tally) -> tuple[NDArray[np.float64], ...]:
    used = np.asarray(tally.count) > 0
    columns = (tally.position, tally.mean, tally.spread, tally.lowest)
    rows = [np.asarray(column, np.float64)[used] for column in columns]
    order = np.argsort(rows[0], kind="stable")
    return tuple(row[order] for row in rows)


def overlap_caption(graph: BasinGraph, *, limit: int = LIMIT) -> str:
    """Say what the picture shows, and up to which symmetry."""
    text = "Points are minima: colour is the funnel, size the basin weight."
    if _tally(graph) is not None:
        text += (
            " The line is the mean energy of all states at an overlap, the band its standard deviation, the dotted line"
            " the lowest energy."
        )
    others = [name for name in graph.symmetry if name != _FLIP]
    if _FLIP in graph.symmetry:
        text += " Q is counted up to the global flip."
    if others:
        names = ", ".join(others)
        text += f" Minima are represented by one symmetric copy, so that their overlap is not the largest over {names}."
    if graph.minima > limit:
        text += f" Drawn are the {limit:,} heaviest of {graph.minima:,} minima."
    return text


def _chosen(graph: BasinGraph, limit: int) -> NDArray[np.int64]:
    if graph.minima <= limit:
        return np.arange(graph.minima)
    return np.sort(np.lexsort((np.arange(graph.minima), -graph.weight, ~graph.native))[:limit])


def _sizes(graph: BasinGraph, chosen: NDArray[np.int64], largest: float) -> NDArray[np.float64]:
    weight = graph.weight[chosen]
    share = np.sqrt(weight / weight.max()) if weight.max() > 0 else np.zeros(len(chosen))
    crowded = min(1.0, float(np.sqrt(400.0 / max(len(chosen), 1))))
    return (2.0 if len(chosen) > 300 else 4.5) + crowded * largest * share


def overlap(graph: BasinGraph, ax: Axes | None = None, *, limit: int = LIMIT) -> Axes:
    """Draw energy against overlap with the native state.

    Parameters
    ----------
    graph : BasinGraph
        Keys of minima are bit strings; the curves need an "overlap" tally.
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    limit : int
        Number of points, the heaviest minima first.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Where keys are not bit strings of one length.
    """
    place = native_overlap(graph)
    axes = axes_or_new(ax, size=(5.6, 4.0))
    tally = _tally(graph)
    if tally is not None:
        position, mean, spread, lowest = _curves(tally)
        axes.fill_between(
            position, mean - spread, mean + spread, color=REST, alpha=0.3, lw=0, label="all states: mean ± spread"
        )
        axes.plot(position, mean, color="#5b616b", lw=1.4)
        axes.plot(position, lowest, color="#5b616b", lw=1.0, ls=":", label="lowest state")
    chosen = _chosen(graph, limit)
    shade = funnel_colours(graph)
    colour = np.array(shade.colours, dtype=object)[shade.group[chosen]]
    size = _sizes(graph, chosen, 12.0)
    axes.scatter(
        place[chosen],
        graph.energy[chosen],
        s=size**2,
        c=list(colour),
        alpha=0.85,
        edgecolors="white",
        linewidths=0.4,
        zorder=3,
        label="minima",
    )
    native = np.flatnonzero(graph.native)
    axes.scatter(
        place[native],
        graph.energy[native],
        marker="*",
        s=110,
        color=ACCENT,
        edgecolors="white",
        linewidths=0.6,
        zorder=5,
        label="native state",
    )
    axes.set(xlabel="overlap Q with the native state", ylabel="energy", xlim=_range(place, tally))
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        handletextpad=0.4,
        columnspacing=1.2,
    )
    return axes


def _range(place: NDArray[np.float64], tally: Tally | None) -> tuple[float, float]:
    low = float(place.min())
    if tally is not None and any(tally.count):
        low = min(low, float(_curves(tally)[0][0]))
    low = min(low, 0.0)
    return low - 0.03, 1.05


def overlap_figure(graph: BasinGraph, *, limit: int = LIMIT) -> Figure:
    """Draw energy against overlap as a Plotly figure; see `overlap`."""
    import plotly.graph_objects as go

    place = native_overlap(graph)
    figure = go.Figure()
    tally = _tally(graph)
    if tally is not None:
        position, mean, spread, lowest = _curves(tally)
        figure.add_scatter(
            x=position, y=mean - spread, mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False
        )
        figure.add_scatter(
            x=position,
            y=mean + spread,
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor="rgba(141,146,155,0.3)",
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=position, y=mean, mode="lines", line={"color": REST, "width": 2}, name="all states, mean ± spread"
        )
        figure.add_scatter(
            x=position, y=lowest, mode="lines", line={"color": REST, "width": 1.5, "dash": "dot"}, name="lowest state"
        )
    chosen = _chosen(graph, limit)
    shade = funnel_colours(graph)
    size = _sizes(graph, chosen, 14.0)
    order = np.argsort(-size, kind="stable")
    chosen, size = chosen[order], size[order]
    figure.add_scatter(
        x=place[chosen],
        y=graph.energy[chosen],
        mode="markers",
        marker={
            "size": size,
            "color": [shade.colours[group] for group in shade.group[chosen]],
            "opacity": 0.85,
            "line": {"color": "white", "width": 0.5},
        },
        text=[
            f"minimum {key_text(str(graph.key[leaf]))}<br>Q {place[leaf]:.3g}, energy {graph.energy[leaf]:.6g}"
            f"<br>basin weight {graph.weight[leaf]:.3g}"
            for leaf in chosen.tolist()
        ],
        hoverinfo="text",
        customdata=chosen,
        meta="minima",
        name="minima",
    )
    native = np.flatnonzero(graph.native)
    figure.add_scatter(
        x=place[native],
        y=graph.energy[native],
        mode="markers",
        marker={"symbol": "star", "size": 14, "color": ACCENT, "line": {"color": "white", "width": 0.7}},
        hoverinfo="skip",
        name="native state",
    )
    low, high = _range(place, tally)
    figure.update_layout(
        layout(
            xaxis=axis("overlap Q with the native state", range=[low, high]),
            yaxis=axis("energy", nticks=8),
            hovermode="closest",
        )
    )
    return figure
