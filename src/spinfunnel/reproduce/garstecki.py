"""Disordered ferromagnets against spin glasses: supergraphs and their statistics.

Garstecki, Hoang and Cieplak draw the connections between the minima of two-dimensional Ising systems on their
disconnectivity graphs: with couplings |N(0, 1)| (disordered ferromagnet) these supergraphs are like those of
model proteins, with couplings N(0, 1) (spin glass) like those of random sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.direct import direct_saddles
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import funnel_of, measure_all
from spinfunnel.measure.kinetics import arrhenius
from spinfunnel.plot.palette import FUNNELS, tidy
from spinfunnel.plot.supergraph import half_native_temperature, supergraph
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, mean_comparison, paragraphs, value
from spinfunnel.reproduce.disorder import ensemble, sample_seeds
from spinfunnel.reproduce.trend import resampled
from spinfunnel.systems import resolve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinfunnel.landscape import BasinGraph, Binary

__all__ = ["garstecki", "statistics"]

Floats = NDArray[np.float64]

SHAPES = ("4x4", "4x5")
KINDS = {"dfm": "ferromagnet", "ea": "glass"}
TEMPERATURE = 0.5
"""Of the frustration index, in units of the couplings."""
QUANTITIES = (
    "funnels",
    "native basin weight",
    "frustration",
    "relative depth",
    "connections per minimum",
    "crossings in the native funnel",
)
CLAIMED_SMALLER, UNCLAIMED = {"funnels", "frustration", "relative depth"}, {"connections per minimum"}
"""Of the ferromagnet; it is claimed to have more of what is in neither."""
KNOWN = {
    ("dfm", "4x4", "funnels"): (2.3, 0.1),
    ("dfm", "4x4", "native basin weight"): (0.884, 0.011),
    ("dfm", "4x4", "frustration"): (1.21, 0.02),
    ("ea", "4x4", "funnels"): (3.5, 0.2),
    ("ea", "4x4", "native basin weight"): (0.543, 0.020),
    ("ea", "4x4", "frustration"): (6.5, 1.8),
    ("dfm", "4x5", "funnels"): (3.9, 0.4),
    ("dfm", "4x5", "native basin weight"): (0.766, 0.027),
    ("ea", "4x5", "funnels"): (6.8, 0.5),
    ("ea", "4x5", "native basin weight"): (0.436, 0.032),
}


def garstecki(order: Order) -> Redrawn:
    """Supergraphs of disordered ferromagnets and spin glasses, and what tells the two apart."""
    found: dict[tuple[str, str], Floats] = {}
    typical: dict[tuple[str, str], BasinGraph] = {}
    cases = [(kind, shape) for shape in SHAPES for kind in KINDS]
    for place, (kind, shape) in enumerate(cases):
        system = f"{kind}:shape={shape}"
        count = order.count(200 if shape == "4x4" else 100, quick=20)
        share = (place / len(cases), (place + 1) / len(cases))
        found[kind, shape] = np.array(ensemble(order, system, _statistics_of, count=count, share=share))
        typical[kind, shape] = _typical(order, system, found[kind, shape])
    rows = [row for shape in SHAPES for row in _rows(found, shape, seed=order.seed)]
    data = _data(found)
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, typical, found), size=(15.0, 9.0))


_NOTES = paragraphs("""
Every pair of neighbouring basins is looked at, the global flip divided out. Frustration is that of de Souza et al. at
T = 0.5; its mean over spin glasses hangs on a few samples, so medians are given as well. Crossings are counted at
equilibrium at the temperature at which the native minimum holds half of the population of the minima.

The paper's statement is one of likeness, to proteins and to random sequences, and is drawn rather than counted.
Compared is what it stands for. P(less) and P(more): the probability that a ferromagnet has less (or more) of it than a
glass, both drawn at random, with a bootstrap interval; 1/2 is no difference.

The supergraphs shown are of the sample whose native basin weight is the median of its ensemble; arcs are the 150
strongest connections, down to a thousandth of the strongest. The number of connections is not what makes a funnel: the
glass, with more minima, has more of them. It is where the strong ones lead, to one minimum or to many.
""")


def statistics(graph: BasinGraph) -> tuple[float, ...]:
    """Numbers of `QUANTITIES` for a map with all direct saddles; nan where there is no answer."""
    names = {
        "funnels": "funnels",
        "native basin weight": "funnel_weight",
        "frustration": "frustration",
        "relative depth": "relative_depth",
    }
    answers = measure_all(graph, names=names.values(), temperature=TEMPERATURE)
    numbers = [
        float("nan") if isinstance(answers[name], NoAnswer) else value(answers[name], name) for name in names.values()
    ]
    if graph.minima == 1:
        return (*numbers, float("nan"), float("nan"))
    flow = arrhenius(graph, temperature=half_native_temperature(graph)).flow
    inside = graph.native[funnel_of(graph)]
    share = float(flow[inside][:, inside].sum()) / float(flow.sum())
    return (*numbers, flow.nnz / graph.minima, share)


def _statistics_of(landscape: Binary) -> tuple[float, ...]:
    return statistics(direct_saddles(landscape))


def _typical(order: Order, system: str, found: Floats) -> BasinGraph:
    """Map of the sample whose native basin weight is the median."""
    place = int(np.argsort(found[:, QUANTITIES.index("native basin weight")], kind="stable")[len(found) // 2])
    seed = sample_seeds(order, label=system, count=len(found))[place]
    return direct_saddles(cast("Binary", resolve(f"{system},seed={seed}")))


def _rows(found: dict[tuple[str, str], Floats], shape: str, *, seed: int) -> list[Comparison]:
    rows = []
    for column, name in enumerate(QUANTITIES):
        both = {kind: found[kind, shape][:, column] for kind in KINDS}
        both = {kind: numbers[np.isfinite(numbers)] for kind, numbers in both.items()}
        for kind, title in KINDS.items():
            known, error = KNOWN.get((kind, shape, name), (None, 0.0))
            origin = "" if known is None else "enumeration"
            rows.append(
                mean_comparison(f"{shape} {name}: {title}", both[kind], known=known, known_error=error, origin=origin)
            )
            if name == "frustration":
                rows.append(
                    _median(
                        f"{shape} {name}: median of {title}{'es' if title == 'glass' else 's'}", both[kind], seed=seed
                    )
                )
        rows.append(_apart(name, shape, both["dfm"], both["ea"], seed=seed))
    return rows


def _median(title: str, numbers: Floats, *, seed: int) -> Comparison:
    ours, error = resampled([numbers], lambda parts: float(np.median(parts[0])), seed=seed)
    return Comparison(title, ours, error)


def _apart(name: str, shape: str, ferromagnet: Floats, glass: Floats, *, seed: int) -> Comparison:
    """Probability that a ferromagnet has less (or more) than a glass, ties counted half."""
    sign = -1.0 if name not in CLAIMED_SMALLER else 1.0

    def chance(parts: list[Floats]) -> float:
        difference = sign * (parts[1][None, :] - parts[0][:, None])
        return float((difference > 0.0).mean() + 0.5 * (difference == 0.0).mean())

    ours, error = resampled([ferromagnet, glass], chance, seed=seed)
    title = f"{shape} {name}: P({'less' if sign > 0 else 'more'})"
    return Comparison(title, ours, error, origin="" if name in UNCLAIMED else "claim: above 1/2")


def _data(found: dict[tuple[str, str], Floats]) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {"system": [], "shape": [], "sample": []} | {name: [] for name in QUANTITIES}
    for (kind, shape), numbers in found.items():
        data["system"] += [kind] * len(numbers)
        data["shape"] += [shape] * len(numbers)
        data["sample"] += list(range(len(numbers)))
        for column, name in enumerate(QUANTITIES):
            data[name] += ["" if np.isnan(number) else number for number in numbers[:, column].tolist()]
    return data


def _draw(figure: Figure, typical: dict[tuple[str, str], BasinGraph], found: dict[tuple[str, str], Floats]) -> None:
    whole = figure.add_gridspec(1, 2, width_ratios=(2.6, 1.0))
    left, right = (figure.add_subfigure(whole[0, column]) for column in (0, 1))
    panels = left.subplots(len(SHAPES), len(KINDS))
    for row, shape in enumerate(SHAPES):
        for column, kind in enumerate(KINDS):
            graph = typical[kind, shape]
            axes = supergraph(graph, panels[row, column], legend=False)
            name = "disordered ferromagnet" if kind == "dfm" else "spin glass"
            heat = half_native_temperature(graph)
            axes.set_title(f"{name} {shape}, {graph.minima} minima, T = {heat:.2g}", fontsize=10)
            if column:
                axes.set_ylabel("")
    columns = right.subplots(len(QUANTITIES), 1)
    for column, (axes, name) in enumerate(zip(columns, QUANTITIES, strict=True)):
        _strip(axes, name, {key: numbers[:, column] for key, numbers in found.items()}, last=name == QUANTITIES[-1])


def _strip(axes: Axes, name: str, found: dict[tuple[str, str], Floats], *, last: bool) -> None:
    """Box of each ensemble: median, half and 90 % of the samples."""
    for place, ((kind, _shape), numbers) in enumerate(found.items()):
        kept = numbers[np.isfinite(numbers)]
        if len(kept) == 0:
            continue
        low, quarter, middle, three, high = np.quantile(kept, [0.05, 0.25, 0.5, 0.75, 0.95])
        colour = FUNNELS[0] if kind == "dfm" else FUNNELS[1]
        axes.plot([low, high], [place, place], color=colour, lw=1.0)
        axes.plot([quarter, three], [place, place], color=colour, lw=6.0, alpha=0.5, solid_capstyle="butt")
        axes.plot(middle, place, "|", ms=10, mew=2.0, color=colour)
    if name == "frustration":
        axes.set_xscale("log")
    axes.set_yticks(range(len(found)), [f"{KINDS[kind]} {shape}" for kind, shape in found], fontsize=7)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_title(name, fontsize=9, pad=2)
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", alpha=0.25, lw=0.6)
    tidy(axes)
    if last:
        axes.set_xlabel("median, half, and 90 % of the samples", fontsize=8)
