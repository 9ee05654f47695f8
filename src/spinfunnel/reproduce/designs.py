"""Sequences designed for a structure against the same letters in random order: the theory of minimal frustration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Kind, no_progress
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import measure_all
from spinfunnel.moves.batches import over_blocks
from spinfunnel.null.sequence import chain_grounds
from spinfunnel.plot.palette import ACCENT, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, mean_comparison, paragraphs
from spinfunnel.reproduce.disorder import sample_seeds
from spinfunnel.reproduce.itfix import success
from spinfunnel.systems import lattice_protein
from spinfunnel.verdict.rules import judge_measures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["design_vs_random"]

KINDS = ("designed", "random")
NUMBERS = ("tf_tg", "funnel_weight", "levinthal", "stability_gap")
READ = (
    *NUMBERS[:3], "entropy", "native_depth", "decoy_gap", "funnel_slope", "relative_depth", "rival_valley", "minima",
    "profile_area",
)  # fmt: skip
LENGTH, QUICK_LENGTH = 16, 12
NULLS = 20
"""Shuffled sequences of each."""


def design_vs_random(order: Order) -> Redrawn:
    """Tf/Tg, funnel weight and Levinthal efficiency of designed and of random sequences; how they are judged."""
    count = order.count(50, quick=6)
    length = QUICK_LENGTH if order.quick else LENGTH
    seeds = sample_seeds(order, label="design", count=count)
    found: dict[str, list[tuple[NDArray[np.float64], str]]] = {}
    for number, kind in enumerate(KINDS):

        def some(start: int, stop: int, kind: str = kind) -> list[tuple[NDArray[np.float64], str]]:
            return [_one(kind, length, seed) for seed in seeds[start:stop]]

        def relay(stage: str, done: float, number: int = number) -> None:
            order.progress(stage, (number + done) / len(KINDS))

        parts = over_blocks(some, count, workers=order.workers, progress=relay, stage=f"{kind} sequences", block=1)
        found[kind] = [one for part in parts for one in part]
    rows: list[Comparison] = []
    for column, name in enumerate(NUMBERS):
        for kind in KINDS:
            values = np.array([one[0][column] for one in found[kind]])
            rows.append(mean_comparison(f"{name}, {kind}", values[np.isfinite(values)], origin="minimal frustration"))
        apart = np.array([a[0][column] - b[0][column] for a, b in zip(*(found[kind] for kind in KINDS), strict=True)])
        rows.append(
            mean_comparison(f"{name}, designed - random", apart[np.isfinite(apart)], origin="paired by letters")
        )
    rows += [row for kind in KINDS for row in _verdicts(kind, [one[1] for one in found[kind]])]
    data: dict[str, list[Any]] = {"kind": [], **{name: [] for name in NUMBERS}, "verdict": []}
    for kind in KINDS:
        for values, verdict in found[kind]:
            data["kind"].append(kind)
            data["verdict"].append(verdict)
            for name, value in zip(NUMBERS, values.tolist(), strict=True):
                data[name].append(value)
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, data), size=(11.0, 3.4))


def _one(kind: str, length: int, seed: int) -> tuple[NDArray[np.float64], str]:
    protein = lattice_protein(kind, n=length, alphabet="independent", goal="consistency", seed=seed)
    graph = flood(protein)
    _, compared = chain_grounds(protein, graph, count=NULLS, seed=seed, workers=1, progress=no_progress)
    measures = {**measure_all(graph, landscape=protein, names=READ, seed=seed), **compared}
    values = [one.value if isinstance(one := measures[name], Estimate) else np.nan for name in NUMBERS]
    # Below a ratio of 1 there is none: the native state lies within the band of random energies.
    if not isinstance(measures["tf_tg"], Estimate):
        values[0] = 1.0
    return np.array(values), judge_measures(measures, kind=Kind.CHAIN).kind


def _verdicts(kind: str, verdicts: list[str]) -> list[Comparison]:
    rows = []
    for verdict in sorted(set(verdicts)):
        said = np.array([0 if one == verdict else -1 for one in verdicts])
        rows.append(Comparison(f"{kind}: judged {verdict}", success(said, 1.0), origin="share of sequences"))
    return rows


_NOTES = paragraphs("""
Letters are of twenty kinds whose contact energies are independent normal numbers (Shakhnovich, Gutin, 1989). Design
chooses and arranges them so that the native contacts of one compact structure lie below all other contacts, and below
none, as far as can be in units of the scatter of both: the principle of consistency (Go, 1983). A random sequence
has the same letters in random order. All conformations are flooded, moves are pivots.

The stability gap is that below the ground energies of twenty more random orders of the same letters, exact ones; the
verdict reads it.

Where there is no folding transition in the random-energy form, Tf/Tg counts as 1, from above. Its roughness is that of
all conformations, most of them loose: random sequences of strong letters have a ratio above 1 as well.
""")


def _draw(figure: Figure, data: dict[str, list[Any]]) -> None:
    for axes, name in zip(figure.subplots(1, len(NUMBERS)), NUMBERS, strict=True):
        for place, (kind, colour) in enumerate(zip(KINDS, (ACCENT, REST), strict=True)):
            values = np.array([value for value, one in zip(data[name], data["kind"], strict=True) if one == kind])
            offsets = np.linspace(-0.18, 0.18, len(values))
            axes.plot(place + offsets, values, "o", color=colour, ms=3, alpha=0.7)
            axes.hlines(np.nanmean(values), place - 0.3, place + 0.3, color=colour)
        axes.set_xticks(range(len(KINDS)), KINDS)
        axes.set_title(name, fontsize=9)
        tidy(axes)
