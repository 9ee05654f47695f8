"""Levinthal's numbers of a lattice protein: conformations, blind search and folding time against temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.levinthal import folding_time
from spinfunnel.moves.batches import over_blocks
from spinfunnel.plot.palette import ACCENT, FUNNELS, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, mean_comparison, paragraphs
from spinfunnel.reproduce.disorder import sample_seeds
from spinfunnel.systems import lattice_go

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["levinthal_protein"]

LENGTHS, QUICK_LENGTHS = (8, 9, 10, 11, 12), (8, 9, 10)
"""Monomers; the passage times of up to 12 are solved for."""
TEMPERATURES = tuple(np.geomspace(0.15, 3.0, 12).tolist())


def levinthal_protein(order: Order) -> Redrawn:
    """Blind search and folding time of lattice Go proteins against length and against temperature."""
    count = order.count(6, quick=3)
    lengths = QUICK_LENGTHS if order.quick else LENGTHS
    seeds = sample_seeds(order, label="levinthal-protein", count=count)
    blind, folding = {}, {}
    for number, n in enumerate(lengths):

        def some(start: int, stop: int, n: int = n) -> list[tuple[float, float]]:
            return [_times(n, seed) for seed in seeds[start:stop]]

        def relay(stage: str, done: float, number: int = number) -> None:
            order.progress(stage, (number + done) / (len(lengths) + 1))

        parts = over_blocks(some, count, workers=order.workers, progress=relay, stage=f"{n} monomers", block=1)
        found = np.array([one for part in parts for one in part])
        blind[n], folding[n] = found[:, 0], found[:, 1]
    rows: list[Comparison] = []
    for n in lengths:
        rows.append(mean_comparison(f"{n} monomers: conformations for each native one", blind[n], origin="Levinthal"))
        rows.append(
            mean_comparison(f"{n} monomers: moves to fold at the best temperature", folding[n], origin="funnel")
        )
    growth = [_growth(lengths, [times[n][k] for n in lengths]) for times in (blind, folding) for k in range(count)]
    rows.append(mean_comparison("growth for each monomer, blind search", growth[:count], origin="exponential"))
    rows.append(mean_comparison("growth for each monomer, folding", growth[count:], origin="slower"))
    curve = _curve(lengths[-1], seeds[0])
    best = int(np.nanargmin(curve))
    for place, what in ((0, "coldest"), (len(curve) - 1, "hottest")):
        ratio = float(curve[place] / curve[best])
        rows.append(exact_comparison(f"folding time, {what} over best temperature", ratio, origin="U-shape"))
    data: dict[str, list[Any]] = {"curve": [], "x": [], "evaluations": []}
    for title, xs, ys in (
        ("blind search", lengths, [blind[n].mean() for n in lengths]),
        ("folding", lengths, [folding[n].mean() for n in lengths]),
        (f"{lengths[-1]} monomers, against temperature", TEMPERATURES, curve.tolist()),
    ):
        data["curve"] += [title] * len(xs)
        data["x"] += list(xs)
        data["evaluations"] += list(ys)
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, data), size=(9.0, 3.6))


def _times(n: int, seed: int) -> tuple[float, float]:
    """States for each native one, and moves to fold at the best temperature."""
    found = folding_time(lattice_go(n=n, seed=seed))
    return (np.nan, np.nan) if isinstance(found, NoAnswer) else (found.random, found.evaluations.value)


def _growth(lengths: tuple[int, ...], times: list[float]) -> float:
    return float(np.exp(np.polyfit(lengths, np.log(times), 1)[0]))


def _curve(n: int, seed: int) -> NDArray[np.float64]:
    protein = lattice_go(n=n, seed=seed)
    times = [folding_time(protein, temperature=temperature) for temperature in TEMPERATURES]
    return np.array([np.nan if isinstance(one, NoAnswer) else one.evaluations.value for one in times])


_NOTES = paragraphs("""
Lattice Go proteins with compact native structures in the plane, moves are pivots; passage times are solved for, not
sampled, from conformations drawn evenly.

Blind search takes as many trials as there are conformations for each native one: its growth for each monomer is that of
self-avoiding walks, 2.64. In the funnel the time grows more slowly. Too cold, and the chain sits in traps; too hot,
and the energy no longer guides: the folding time against temperature is U-shaped.
""")


def _draw(figure: Figure, data: dict[str, list[Any]]) -> None:
    left, right = figure.subplots(1, 2)
    titles = list(dict.fromkeys(data["curve"]))
    for title, axes, colour in zip(titles, (left, left, right), (REST, ACCENT, FUNNELS[0]), strict=True):
        points = [(x, y) for name, x, y in zip(*data.values(), strict=True) if name == title]
        axes.plot(*zip(*points, strict=True), "o-", color=colour, label=title, ms=4)
    left.set(yscale="log", xlabel="monomers", ylabel="energy evaluations")
    right.set(xscale="log", yscale="log", xlabel="temperature")
    left.set_xticks(sorted({x for name, x in zip(data["curve"], data["x"], strict=True) if name == "folding"}))
    right.set_xticks([0.2, 0.5, 1.0, 2.0], ["0.2", "0.5", "1", "2"])
    right.minorticks_off()
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
        tidy(axes)
