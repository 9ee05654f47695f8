"""The supergraph: the disconnectivity graph with the dynamical connectivity drawn on it.

An arc for each pair of minima that a saddle joins, its middle at the energy of the lowest such saddle; its width says
how often it is crossed at equilibrium at temperature T, ``p_i k_ij = p_j k_ji`` (`spinfunnel.measure.kinetics`).
Circles are the minima, their area the equilibrium population p_i. What folds looks like a fan of strong arcs around the
native state, what does not like a web without a centre.

Garstecki, Hoang, Cieplak, Phys. Rev. E 60, 3219 (1999).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.measure.kinetics import LARGEST_EXPONENT, arrhenius, saddle_pairs
from spinfunnel.plot.disconnectivity import Drawing, drawing
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["Web", "half_native_temperature", "supergraph", "supergraph_caption", "supergraph_figure", "web"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_MINIMA = 300
"""Minima drawn one by one, those with the highest barriers."""
MOST_ARCS = 150
"""Connections drawn, the strongest."""
DECADES = 3.0
"""Connections weaker than the strongest by more powers of ten are not drawn."""
WIDEST = 4.5
THINNEST = 0.35
"""Of an arc, in points; the widest of a few, and of any."""
BETWEEN = "#5a606b"
"""Colour of arcs between funnels."""
STEPS = 7
"""Temperatures of the slider, from a quarter of the middle one to four times it."""
ARC_POINTS = 13


@dataclass(frozen=True, slots=True, eq=False)
class Web:
    """What is drawn at one temperature.

    Attributes
    ----------
    temperature : float
    low, high : array of int64, shape (e,)
        Pairs of drawn minima that a saddle joins, low < high, the strongest first.
    saddle : array of float64, shape (e,)
        Energy of the lowest saddle between them.
    flow : array of float64, shape (e,)
        How often the connection is crossed one way at equilibrium, per sweep.
    population : array of float64, shape (m,)
        Equilibrium shares of all minima.
    between : int
        Number of connections between drawn minima, drawn or not.
    total : int
        Number of connections of the map.
    """

    temperature: float
    low: Ints
    high: Ints
    saddle: Floats
    flow: Floats
    population: Floats
    between: int
    total: int

    def width(self, *, reference: float | None = None) -> Floats:
        """Line width of each connection in points, by the logarithm of its flow.

        Parameters
        ----------
        reference : float, optional
            The flow that is drawn widest; the largest unless given.
        """
        if len(self.flow) == 0:
            return np.zeros(0)
        scale = float(self.flow.max()) if reference is None else reference
        with np.errstate(divide="ignore"):
            rank = 1.0 + np.log10(self.flow / scale) / DECADES
        widest = max(WIDEST * min(1.0, math.sqrt(40.0 / len(self.flow))), THINNEST)
        return np.where(rank > 0.0, THINNEST + (widest - THINNEST) * np.maximum(rank, 0.0) ** 2, 0.0)


def half_native_temperature(graph: BasinGraph) -> float:
    """Temperature at which the native minima hold half of the population of all minima, in the unit of the energy.

    Where they hold half of it at any temperature: that at which half of what is above infinite temperature is gained;
    and with one minimum, its depth below the mean energy of a random state, or 1. Never so cold that the weights of the
    highest saddles underflow.

    Examples
    --------
    Two minima: where the native one has gained half of the way from 1/2 to 1, ``exp(-1 / T) = 1 / 3``.

    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11"]),
    ...     energy=np.array([0.0, 1.0]),
    ...     weight=np.full(2, 0.5),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array(["01"]),
    ...     saddle_energy=np.array([2.0]),
    ...     saddle_offsets=np.array([0, 2]),
    ...     saddle_minima=np.array([0, 1]),
    ...     saddle_exact=np.ones(1, bool),
    ... )
    >>> round(half_native_temperature(graph) * float(np.log(3.0)), 6)
    1.0
    """
    copies = (graph.plateau * graph.orbit).astype(np.float64)
    above = graph.energy - graph.energy[0]
    if bool(graph.native.all()) or not above[-1] > 0.0:
        depth = graph.census.mean - graph.census.ground_energy if graph.census is not None else 0.0
        return depth if depth > 0.0 else 1.0
    share = float(copies[graph.native].sum() / copies.sum())
    goal = max(0.5, 0.5 + 0.5 * share) if share >= 0.5 else 0.5

    def native(temperature: float) -> float:
        weight = copies * np.exp(-above / temperature)
        return float(weight[graph.native].sum() / weight.sum())

    low, high = 1e-6 * float(above[-1]), float(above[-1])
    while native(high) > goal:
        high *= 2.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if native(middle) > goal else (low, middle)
    return max(high, _coldest(graph))


def _coldest(graph: BasinGraph) -> float:
    """Temperature below which Boltzmann weights of the map underflow, and a little."""
    highest = max(float(graph.energy[-1]), float(graph.saddle_energy.max()) if graph.saddles else -math.inf)
    return 1.001 * (highest - float(graph.energy[0])) / LARGEST_EXPONENT


def web(
    graph: BasinGraph, *, temperature: float | None = None, limit: int = MOST_ARCS, kept: Ints | None = None
) -> Web:
    """Strongest connections between the minima that are drawn.

    Parameters
    ----------
    graph : BasinGraph
        Its direct saddles; `explore.flood.direct.direct_saddles` gives one for every pair, a flood those that
        matter for exits and merges.
    temperature : float, optional
        `half_native_temperature` unless given.
    limit : int
        Connections kept.
    kept : array of int64, optional
        Minima that are drawn; all unless given.

    Raises
    ------
    InputError
        From `arrhenius`.
    """
    at = half_native_temperature(graph) if temperature is None else temperature
    kinetics = arrhenius(graph, temperature=at)
    flow = kinetics.flow.tocoo()
    upper = flow.row < flow.col
    low, high, strength = (np.asarray(part)[upper] for part in (flow.row, flow.col, flow.data))
    total = len(low)
    if kept is not None:
        drawn = np.zeros(graph.minima, bool)
        drawn[kept] = True
        both = drawn[low] & drawn[high]
        low, high, strength = low[both], high[both], strength[both]
    between = len(low)
    strongest = np.lexsort((high, low, -strength))[:limit]
    low, high, strength = low[strongest].astype(np.int64), high[strongest].astype(np.int64), strength[strongest]
    return Web(at, low, high, _heights(graph, low, high), strength, kinetics.population, between, total)


def _heights(graph: BasinGraph, low: Ints, high: Ints) -> Floats:
    """Lowest saddle that joins each pair."""
    one, other, saddle = saddle_pairs(graph)
    pair = np.minimum(one, other) * graph.minima + np.maximum(one, other)
    known, place = np.unique(pair, return_inverse=True)
    lowest = np.full(len(known), np.inf)
    np.minimum.at(lowest, place, graph.saddle_energy[saddle])
    return lowest[np.searchsorted(known, low * graph.minima + high)]


def supergraph_caption(graph: BasinGraph, *, temperature: float | None = None) -> str:
    """Say what the picture shows and what it leaves out."""
    plan = drawing(graph, limit=MOST_MINIMA)
    found = web(graph, temperature=temperature, kept=plan.split.kept)
    shown = int(np.count_nonzero(found.width() > 0.0))
    text = f"The disconnectivity graph (grey) and how its minima are connected at T = {found.temperature:.3g}."
    if temperature is None:
        text = f"{text[:-1]}, where the native minima hold half of their population."
    text += (
        " An arc joins two minima over the lowest saddle between them, at whose energy its middle lies; width: how"
        f" often it is crossed at equilibrium, by powers of ten down to 10^-{DECADES:.0f} of the strongest. Area of a"
        " circle: population; colour: funnel, dark grey between funnels."
    )
    if shown < found.total:
        text += f" Drawn are the {shown:,} strongest of {found.total:,} connections."
    if plan.split.omitted:
        text += (
            f" Circles are the {len(plan.split.kept):,} minima with the highest barriers; {plan.split.omitted:,} others"
            " are left out."
        )
    return text


def _arcs(graph: BasinGraph, plan: Drawing, found: Web, *, points: int = ARC_POINTS) -> Floats:
    """Points of the arcs, shape (e, points, 2): parabolas through both minima, their middle at the saddle's energy."""
    place = np.searchsorted(plan.split.kept, np.stack([found.low, found.high]))
    (x0, x1), (y0, y1) = plan.x[place], graph.energy[np.stack([found.low, found.high])]
    t = np.linspace(0.0, 1.0, points)[None, :, None]
    ends = np.stack([np.stack([x0, y0], 1), np.stack([x1, y1], 1)])[:, :, None, :]
    control = np.stack([0.5 * (x0 + x1), 2.0 * found.saddle - 0.5 * (y0 + y1)], 1)[:, None, :]
    return (1.0 - t) ** 2 * ends[0] + 2.0 * t * (1.0 - t) * control + t**2 * ends[1]


def _shades(found: Web, shade: FunnelColours) -> list[str]:
    """Colour of each arc: its funnel's, dark between funnels."""
    one, two = shade.group[found.low], shade.group[found.high]
    return [shade.colours[a] if a == b else BETWEEN for a, b in zip(one.tolist(), two.tolist(), strict=True)]


def _areas(found: Web, kept: Ints) -> Floats:
    """Areas of circles in square points."""
    return 6.0 + 320.0 * found.population[kept] * min(1.0, 60.0 / max(len(kept), 1)) ** 0.5


def _top(arcs: Floats, plan: Drawing, graph: BasinGraph, shown: NDArray[np.bool_]) -> float:
    highest = float(arcs[shown, :, 1].max()) if shown.any() else plan.top
    span = max(highest, plan.top) - float(graph.energy[0])
    return max(highest, plan.top) + 0.03 * span


def supergraph(
    graph: BasinGraph,
    ax: Axes | None = None,
    *,
    temperature: float | None = None,
    limit: int = MOST_ARCS,
    legend: bool = True,
) -> Axes:
    """Draw the supergraph.

    Parameters
    ----------
    graph : BasinGraph
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    temperature : float, optional
        `half_native_temperature` unless given.
    limit : int
        Connections drawn, the strongest.
    legend : bool
        Whether to list the funnels.

    Raises
    ------
    InputError
        For a map without minima, or from `arrhenius`.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    plan = drawing(graph, limit=MOST_MINIMA)
    kept = plan.split.kept
    found = web(graph, temperature=temperature, limit=limit, kept=kept)
    shade = funnel_colours(graph)
    axes = axes_or_new(ax, size=(7.0, 5.4))
    axes.add_collection(LineCollection([*plan.stems(), *plan.bars()], colors=REST, linewidths=0.6, alpha=0.6, zorder=1))
    width, arcs, colour = found.width(), _arcs(graph, plan, found, points=33), _shades(found, shade)
    shown = width > 0.0
    alpha = np.clip(0.35 + 0.5 * width / max(float(width.max(initial=0.0)), 1e-9), 0.0, 0.85)
    for place in np.flatnonzero(shown)[::-1].tolist():  # The strongest on top.
        axes.plot(
            *arcs[place].T, color=colour[place], lw=width[place], alpha=alpha[place], solid_capstyle="round", zorder=2
        )
    face = np.array(shade.colours, dtype=object)[shade.group[kept]]
    native = graph.native[kept]
    axes.scatter(plan.x, graph.energy[kept], s=_areas(found, kept), c=list(face), edgecolors="white", lw=0.6, zorder=4)
    axes.scatter(
        plan.x[native], graph.energy[kept][native], marker="*", s=45, color=ACCENT, ec="white", lw=0.4, zorder=5
    )
    top = _top(arcs, plan, graph, shown)
    reach = 1.03 * max(float(plan.x[0]), plan.width - float(plan.x[0]))
    axes.set(xlim=(plan.x[0] - reach, plan.x[0] + reach), ylim=(_floor(graph, top), top), ylabel="energy")
    axes.set_xticks([])
    tidy(axes)
    axes.spines["bottom"].set_visible(False)
    if legend:
        handles = [
            Line2D([], [], color=c, lw=3, label=text) for c, text in zip(shade.colours, shade.labels, strict=True)
        ]
        handles.append(Line2D([], [], color=BETWEEN, lw=2, label="between funnels"))
        axes.legend(
            handles=handles,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=min(4, len(handles)),
            frameon=False,
            fontsize=8,
        )
    return axes


def _floor(graph: BasinGraph, top: float) -> float:
    return float(graph.energy[0]) - 0.07 * (top - float(graph.energy[0]))


def supergraph_figure(graph: BasinGraph) -> Figure:
    """Draw the supergraph as a Plotly figure with a slider for the temperature."""
    import plotly.graph_objects as go

    plan = drawing(graph, limit=MOST_MINIMA)
    kept = plan.split.kept
    shade = funnel_colours(graph)
    webs = [web(graph, temperature=t, limit=MOST_ARCS, kept=kept) for t in _temperatures(graph)]
    low, high, flow = _together(webs)
    every = Web(webs[0].temperature, low, high, _heights(graph, low, high), flow[0], webs[0].population, 0, 0)
    arcs, colour = _arcs(graph, plan, every), _shades(every, shade)
    widths = [_width(row, every) for row in flow]
    # The slider begins at the temperature of the caption, also where the coldest are left out.
    said = half_native_temperature(graph)
    middle = min(range(len(webs)), key=lambda place: abs(webs[place].temperature - said))
    figure = go.Figure()
    _tree(figure, plan)
    for place, points in enumerate(arcs.tolist()):
        figure.add_scatter(
            x=[round(x, 3) for x, _ in points],
            y=[float(f"{y:.6g}") for _, y in points],
            mode="lines",
            line={"color": colour[place], "width": widths[middle][place]},
            opacity=0.7,
            text=_passage(graph, every, place),
            hoverinfo="text",
            showlegend=False,
        )
    sizes = [np.sqrt(_areas(found, kept)).round(2).tolist() for found in webs]
    figure.add_scatter(
        x=plan.x,
        y=graph.energy[kept],
        mode="markers",
        marker={
            "size": sizes[middle],
            "color": [ACCENT if graph.native[leaf] else shade.colours[shade.group[leaf]] for leaf in kept.tolist()],
            "symbol": ["star" if graph.native[leaf] else "circle" for leaf in kept.tolist()],
            "line": {"color": "white", "width": 0.5},
        },
        text=[f"minimum {key_text(str(graph.key[leaf]))}<br>energy {graph.energy[leaf]:.6g}" for leaf in kept.tolist()],
        hoverinfo="text",
        customdata=kept,
        meta="minima",
        showlegend=False,
    )
    for one, text in zip((*shade.colours, BETWEEN), (*shade.labels, "between funnels"), strict=True):
        figure.add_scatter(x=[None], y=[None], mode="lines", line={"color": one, "width": 4}, name=text)
    steps = _steps(webs, widths, sizes, first=1)
    _lay_out(figure, graph, plan, _top(arcs, plan, graph, np.ones(len(arcs), bool)), steps, active=middle)
    return figure


def _temperatures(graph: BasinGraph) -> list[float]:
    """Temperatures of the slider, those at which the weights would underflow left out."""
    middle = half_native_temperature(graph)
    return [t for t in (middle * 4.0 ** np.linspace(-1.0, 1.0, STEPS)).tolist() if t >= _coldest(graph)]


def _together(webs: list[Web]) -> tuple[Ints, Ints, Floats]:
    """Connections that are among the strongest at some temperature, and their flow at each, 0 where it is weak."""
    places: dict[tuple[int, int], int] = {}
    for found in webs:
        for pair in zip(found.low.tolist(), found.high.tolist(), strict=True):
            places.setdefault(pair, len(places))
    flow = np.zeros((len(webs), len(places)))
    for row, found in enumerate(webs):
        for a, b, value in zip(found.low.tolist(), found.high.tolist(), found.flow.tolist(), strict=True):
            flow[row, places[a, b]] = value
    pairs = np.array(list(places), np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], flow


def _width(flow: Floats, every: Web) -> list[float]:
    if not (flow > 0.0).any():
        return [0.0] * len(flow)
    one = Web(every.temperature, every.low, every.high, every.saddle, flow, every.population, 0, 0)
    width: list[float] = one.width().round(2).tolist()
    return width


def _passage(graph: BasinGraph, every: Web, place: int) -> str:
    up, down = (every.saddle[place] - graph.energy[end[place]] for end in (every.low, every.high))
    return f"saddle {every.saddle[place]:.6g}<br>barriers {up:.4g} from the lower, {down:.4g} from the other minimum"


def _tree(figure: Figure, plan: Drawing) -> None:
    segments = np.concatenate([plan.stems(), plan.bars()])
    gap = np.full((len(segments), 1), np.nan)
    figure.add_scatter(
        x=np.hstack([segments[:, :, 0], gap]).ravel(),
        y=np.hstack([segments[:, :, 1], gap]).ravel(),
        mode="lines",
        line={"color": REST, "width": 0.7},
        opacity=0.6,
        hoverinfo="skip",
        showlegend=False,
    )


def _steps(webs: list[Web], widths: list[list[float]], sizes: list[list[float]], *, first: int) -> list[dict[str, Any]]:
    """Steps of the slider: new widths of the arcs, new sizes of the circles."""
    traces = list(range(first, first + len(widths[0]) + 1))
    return [
        {
            "label": f"{found.temperature:.3g}",
            "method": "restyle",
            "args": [{"line.width": [*width, 0], "marker.size": [*[6] * len(width), size]}, traces],
        }
        for found, width, size in zip(webs, widths, sizes, strict=True)
    ]


def _lay_out(
    figure: Figure, graph: BasinGraph, plan: Drawing, top: float, steps: list[dict[str, Any]], *, active: int
) -> None:
    reach = 1.03 * max(float(plan.x[0]), plan.width - float(plan.x[0]))
    window = [float(plan.x[0]) - reach, float(plan.x[0]) + reach]
    slider = {
        "active": active,
        "currentvalue": {"prefix": "temperature ", "font": {"size": 12}},
        "pad": {"t": 8, "b": 0},
        "steps": steps,
        "font": {"size": 10, "color": REST},
        "bordercolor": REST,
    }
    figure.update_layout(
        layout(
            xaxis=axis("", showticklabels=False, ticks="", showgrid=False, range=window),
            yaxis=axis("energy", range=[_floor(graph, top), top], nticks=8),
            hovermode="closest",
            margin={"l": 64, "r": 16, "t": 16, "b": 16},
            sliders=[slider] if len(steps) > 1 else [],
        )
    )
