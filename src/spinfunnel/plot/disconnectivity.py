"""The disconnectivity graph: which minima are separated by barriers up to which energy.

Becker, Karplus, J. Chem. Phys. 106, 1495 (1997); Wales, Miller, Walsh, Nature 394, 758 (1998). Drawn
with exact heights: each minimum hangs at the end of its own vertical line, which ends at the merge where a lower
minimum's line takes it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.tree import merge_tree
from spinfunnel.plot.branch import Branches, branches
from spinfunnel.plot.palette import (
    ACCENT,
    REST,
    FunnelColours,
    axes_or_new,
    axis,
    funnel_colours,
    key_text,
    layout,
    tidy,
)
from spinfunnel.plot.unknown import what_is_missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["Drawing", "disconnectivity_caption", "disconnectivity_figure", "disconnectivity_graph", "drawing"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIMIT = 400
"""Branches drawn one by one unless told otherwise; the others become stubs with their number."""
_LABELLED = 8
"""Stubs whose number is written beside them in print (all carry it in the report)."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Lines of the graph.

    Attributes
    ----------
    split : Branches
    x : array of float64, shape (k,)
        Abscissa of each kept branch; branches are one unit apart, stubs take a unit of their own.
    stub_of, stub_count : array of int64, shape (b,)
        Kept minima with branches that are not drawn, and how many.
    stub_x, stub_low, stub_high : array of float64, shape (b,)
        Abscissa, lowest energy and highest merge of the branches behind each stub.
    top : float
        Height at which the last stem of each connected part ends.
    width : float
        Extent of the abscissa.
    """

    split: Branches
    x: Floats
    stub_of: Ints
    stub_count: Ints
    stub_x: Floats
    stub_low: Floats
    stub_high: Floats
    top: float
    width: float

    def stems(self) -> NDArray[np.float64]:
        """Vertical lines of the kept branches, shape (k, 2, 2)."""
        kept = self.split.kept
        end = np.where(np.isfinite(self.split.death[kept]), self.split.death[kept], self.top)
        return np.stack([np.stack([self.x, self.split.birth[kept]], 1), np.stack([self.x, end], 1)], axis=1)

    def bars(self) -> NDArray[np.float64]:
        """Horizontal lines from each branch to the one that takes it in, shape (j, 2, 2), in the order of branches."""
        kept = self.split.kept
        inner = np.flatnonzero(self.split.joined[kept] >= 0)
        height = self.split.death[kept[inner]]
        other = self.x[np.searchsorted(kept, self.split.joined[kept[inner]])]
        return np.stack([np.stack([self.x[inner], height], 1), np.stack([other, height], 1)], axis=1)


def drawing(graph: BasinGraph, *, limit: int | None = LIMIT) -> Drawing:
    """Lay out the graph so that no two lines cross.

    Around each stem the branches that it takes in are placed on the side that is narrower so far, lowest merge
    innermost: so the ground state's stem ends up in the middle, and what merges high stands outside of what merges low.

    Parameters
    ----------
    graph : BasinGraph
    limit : int or None
        Branches drawn one by one, the most persistent; None draws all.

    Raises
    ------
    InputError
        For a map without minima.
    """
    if graph.minima == 0:
        raise InputError("a map without a minimum has no disconnectivity graph: explore the landscape first")
    split = branches(merge_tree(graph), limit=limit)
    hidden = np.flatnonzero((split.home != np.arange(len(split.home))) & (split.home >= 0))
    stub_of, member = np.unique(split.home[hidden], return_inverse=True)
    low, high = np.full(len(stub_of), np.inf), np.full(len(stub_of), -np.inf)
    np.minimum.at(low, member, split.birth[hidden])
    np.maximum.at(high, member, split.death[hidden])
    x, stub_x, width = _places(split, stub_of, high)
    finite = split.death[np.isfinite(split.death)]
    bottom = float(split.birth[0])
    top = float(finite.max()) if len(finite) else float(split.birth.max()) + (float(split.birth.max()) - bottom or 1.0)
    top += 0.04 * (top - bottom)
    return Drawing(split, x, stub_of, np.bincount(member, minlength=len(stub_of)), stub_x, low, high, top, width)


def _places(split: Branches, stub_of: Ints, stub_high: Floats) -> tuple[Floats, Floats, float]:
    """Abscissae of kept branches and stubs, and the extent. A stub is placed like a branch that merges at its top."""
    kept = split.kept
    lines = len(kept) + len(stub_of)
    above = split.joined[kept]
    place_above = np.where(above >= 0, np.searchsorted(kept, above), 0)  # Further parts stand beside the first one.
    parent = np.concatenate([place_above, np.searchsorted(kept, stub_of)]).tolist()
    death = np.concatenate([split.death[kept], stub_high])
    family: list[list[int]] = [[] for _ in range(lines)]
    for place in np.lexsort((np.arange(lines), death)).tolist():
        if place:
            family[parent[place]].append(place)
    before, after = np.full(lines, 0.5), np.full(lines, 0.5)
    offset = np.zeros(lines)
    for place in range(len(kept) - 1, -1, -1):
        left, right = 0.5, 0.5
        for child in family[place]:
            if left <= right:
                offset[child] = -(left + after[child])
                left += before[child] + after[child]
            else:
                offset[child] = right + before[child]
                right += before[child] + after[child]
        before[place], after[place] = left, right
    x = np.zeros(lines)
    x[0] = before[0]
    for place in range(1, lines):
        x[place] = x[parent[place]] + offset[place]
    return x[: len(kept)], x[len(kept) :], float(before[0] + after[0])


def disconnectivity_caption(graph: BasinGraph, *, limit: int | None = LIMIT) -> str:
    """Say what the graph shows and what it leaves out."""
    plan = drawing(graph, limit=limit)
    split = plan.split
    text = (
        "Each line ends below at a minimum; lines meet at the energy of the lowest pass between them."
        " Colour: funnel; width: basin weight."
    )
    if split.omitted:
        lost = int(np.count_nonzero(split.home < 0))
        text += (
            f" Drawn one by one are the {len(split.kept):,} minima with the highest barriers; the other"
            f" {split.omitted - lost:,} are the grey stubs, from the lowest energy to the highest merge behind each."
        )
        if lost:
            text += f" {lost:,} minima in parts that no saddle joins to the rest are not drawn."
    missing = what_is_missing(graph)
    if missing:
        text += f" {missing}"
    if split.parts > 1:
        text += f" The map has {split.parts:,} parts that no saddle joins: their stems end at the top without meeting."
    return text


def _widths(graph: BasinGraph, kept: Ints) -> Floats:
    weight = graph.weight[kept]
    thin = float(np.clip(60.0 / max(len(kept), 1), 0.25, 0.9))
    share = np.sqrt(weight / weight.max()) if weight.max() > 0 else np.zeros(len(kept))
    return thin + (3.2 if len(kept) < 200 else 2.0) * share * min(1.0, 400.0 / len(kept))


def disconnectivity_graph(
    graph: BasinGraph,
    ax: Axes | None = None,
    *,
    limit: int | None = LIMIT,
    colours: FunnelColours | None = None,
    legend: bool = True,
) -> Axes:
    """Draw the disconnectivity graph with exact heights.

    Parameters
    ----------
    graph : BasinGraph
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    limit : int or None
        Branches drawn one by one; the others become counted stubs. None draws all, 100,000 in a few seconds.
    colours : FunnelColours, optional
        By funnel unless given.
    legend : bool
        Whether to list the funnels.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For a map without minima.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator

    plan = drawing(graph, limit=limit)
    axes = axes_or_new(ax, size=(7.0, 5.0))
    kept = plan.split.kept
    shade = colours or funnel_colours(graph)
    palette = np.array(shade.colours, dtype=object)
    line = palette[shade.group[kept]]
    width = _widths(graph, kept)
    inner = plan.split.joined[kept] >= 0
    if len(plan.stub_of):
        sticks, bars = _stub_lines(plan)
        axes.add_collection(LineCollection([*sticks, *bars], colors=REST, linewidths=0.8, linestyles="-", zorder=1))
        _label_stubs(axes, plan)
    axes.add_collection(
        LineCollection(
            list(plan.bars()),
            colors=list(line[inner]),
            linewidths=np.minimum(width[inner], 0.9),
            linestyles="-" if graph.saddle_exact.all() else (0, (3, 2)),
            zorder=2,
        )
    )
    axes.add_collection(
        LineCollection(list(plan.stems()), colors=list(line), linewidths=width, capstyle="butt", zorder=3)
    )
    native = np.flatnonzero(graph.native[kept])
    axes.scatter(
        plan.x[native],
        graph.energy[kept[native]],
        marker="*",
        s=90,
        color=ACCENT,
        edgecolors="white",
        linewidths=0.6,
        zorder=5,
    )
    span = plan.top - float(graph.energy[0])
    axes.set(xlim=_limits(plan), ylim=(graph.energy[0] - 0.06 * span, plan.top), ylabel="energy")
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(7))
    tidy(axes)
    axes.spines["bottom"].set_visible(False)
    if legend:
        _legend(axes, shade)
    return axes


def _limits(plan: Drawing) -> tuple[float, float]:
    """Abscissa limits with the ground state's stem in the middle."""
    reach = 1.03 * max(float(plan.x[0]), plan.width - float(plan.x[0]))
    return float(plan.x[0]) - reach, float(plan.x[0]) + reach


def _stub_lines(plan: Drawing) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stem = plan.x[np.searchsorted(plan.split.kept, plan.stub_of)]
    sticks = np.stack([np.stack([plan.stub_x, plan.stub_low], 1), np.stack([plan.stub_x, plan.stub_high], 1)], axis=1)
    bars = np.stack([np.stack([stem, plan.stub_high], 1), np.stack([plan.stub_x, plan.stub_high], 1)], axis=1)
    return sticks, bars


def _label_stubs(axes: Axes, plan: Drawing) -> None:
    taken: list[float] = []
    for stub in np.argsort(-plan.stub_count, kind="stable").tolist():
        place = float(plan.stub_x[stub])
        if len(taken) == _LABELLED:
            break
        if all(abs(place - other) > 0.07 * plan.width for other in taken):
            taken.append(place)
            axes.annotate(
                f"+{plan.stub_count[stub]:,}",
                (place, plan.stub_low[stub]),
                xytext=(3, 1),
                textcoords="offset points",
                ha="left",
                va="center",
                fontsize=7,
                color="#5b616b",
                zorder=6,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
            )


def _legend(axes: Axes, shade: FunnelColours) -> None:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], color=colour, lw=3, label=label)
        for colour, label in zip(shade.colours, shade.labels, strict=True)
    ]
    entries.append(Line2D([], [], color=ACCENT, marker="*", lw=0, markersize=9, label="native state"))
    axes.legend(
        handles=entries,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=min(4, len(entries)),
        frameon=False,
        fontsize=8,
    )


def disconnectivity_figure(graph: BasinGraph, *, limit: int | None = LIMIT) -> Figure:
    """Draw the disconnectivity graph as a Plotly figure; see `disconnectivity_graph`."""
    import plotly.graph_objects as go

    plan = drawing(graph, limit=limit)
    kept = plan.split.kept
    shade = funnel_colours(graph)
    width = _widths(graph, kept)
    figure = go.Figure()
    if len(plan.stub_of):
        _stub_traces(figure, plan)
    group = shade.group[kept]
    inner = np.flatnonzero(plan.split.joined[kept] >= 0)
    stems, bars = plan.stems(), plan.bars()
    dash = "solid" if graph.saddle_exact.all() else "dash"
    for number, colour in enumerate(shade.colours):
        _lines(figure, bars[group[inner] == number], colour, 0.9, dash=dash)
        mine = group == number
        for low, high in ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 99.0)):
            chosen = mine & (width >= low) & (width < high)
            if chosen.any():
                _lines(figure, stems[chosen], colour, float(width[chosen].mean()))
        if mine.any():
            text = [_hover(graph, plan, leaf) for leaf in kept[mine].tolist()]
            figure.add_scatter(
                x=plan.x[mine],
                y=graph.energy[kept[mine]],
                mode="markers",
                marker={
                    "color": [ACCENT if native else colour for native in graph.native[kept[mine]]],
                    "symbol": ["star" if native else "circle" for native in graph.native[kept[mine]]],
                    "size": [13 if native else (5 if len(kept) < 120 else 3) for native in graph.native[kept[mine]]],
                },
                text=text,
                hoverinfo="text",
                customdata=kept[mine],
                meta="minima",
                name=shade.labels[number],
                showlegend=False,
            )
        figure.add_scatter(
            x=[None], y=[None], mode="lines", line={"color": colour, "width": 4}, name=shade.labels[number]
        )
    x_axis = axis("", showticklabels=False, ticks="", showgrid=False, range=list(_limits(plan)))
    span = plan.top - float(graph.energy[0])
    y_axis = axis("energy", range=[float(graph.energy[0]) - 0.06 * span, plan.top], nticks=8)
    figure.update_layout(
        layout(xaxis=x_axis, yaxis=y_axis, hovermode="closest", margin={"l": 64, "r": 16, "t": 16, "b": 16})
    )
    return figure


def _hover(graph: BasinGraph, plan: Drawing, leaf: int) -> str:
    barrier = plan.split.death[leaf] - plan.split.birth[leaf]
    escape = f"barrier {barrier:.4g}" if np.isfinite(barrier) else "no lower minimum behind any pass"
    title = "native state" if graph.native[leaf] else "minimum"
    return (
        f"{title} {key_text(str(graph.key[leaf]))}<br>energy {graph.energy[leaf]:.6g}<br>{escape}"
        f"<br>basin weight {graph.weight[leaf]:.3g}"
    )


def _lines(figure: Figure, segments: NDArray[np.float64], colour: str, width: float, *, dash: str = "solid") -> None:
    if len(segments):
        gap = np.full((len(segments), 1), np.nan)
        x = np.hstack([segments[:, :, 0], gap]).ravel()
        y = np.hstack([segments[:, :, 1], gap]).ravel()
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            hoverinfo="skip",
            showlegend=False,
        )


def _stub_traces(figure: Figure, plan: Drawing) -> None:
    sticks, bars = _stub_lines(plan)
    _lines(figure, np.concatenate([sticks, bars]), REST, 0.8)
    figure.add_scatter(
        x=plan.stub_x,
        y=plan.stub_low,
        mode="markers",
        marker={"color": REST, "size": 3, "symbol": "triangle-down"},
        text=[f"{count:,} more minima" for count in plan.stub_count.tolist()],
        hoverinfo="text",
        showlegend=False,
    )
