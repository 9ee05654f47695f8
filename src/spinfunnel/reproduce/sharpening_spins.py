"""Which landscapes of spins, chains and binary networks sharpen with size, and by which exponents.

In the theory of folding energies grow as n and roughness as sqrt(n), so that the folding transition becomes
cooperative: its width falls as 1/n, the cooperativity Omega grows as n and the gap over the roughness as sqrt(n).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Binary
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import measure_all
from spinfunnel.plot.palette import tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, paragraphs
from spinfunnel.reproduce.disorder import ensemble, sample_seeds
from spinfunnel.sweeps.scaling import POWER, Fit, fit_scaling
from spinfunnel.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FAMILIES", "sharpening_spins"]

EXPECTED = {
    "transition_width": ("the width", "theory, cooperative: -1"),
    "cooperativity": ("Omega", "theory, cooperative: 1"),
    "gap_over_roughness": ("the gap over roughness", "theory: 1/2 in a funnel, 0 at random"),
}
"""Measures that are fitted, their short names, and what theory expects of their exponents."""
NAMES = (*EXPECTED, "decoy_gap", "tf_measured")
SAMPLES, QUICK = 40, 8
LARGEST_QUICK = 18
"""Bits, and monomers, up to which `--quick` goes."""
LARGEST_CHAIN = 12
CHAIN = "heteropolymer"
FITTED = 12
"""Bits from which on sizes are fitted: of fewer, a tenth of all states or more are similar to any one by chance."""


@dataclass(frozen=True, slots=True)
class Family:
    """An ensemble over sizes: a title, and the system of each number of bits or monomers."""

    title: str
    systems: Mapping[int, str]


def _bits(system: str) -> dict[int, str]:
    return {n: system.format(n) for n in (9, 12, 15, 18, 21, 24)}


def _lattices(name: str, *shapes: str) -> dict[int, str]:
    return {math.prod(map(int, shape.split("x"))): f"{name}:shape={shape}" for shape in shapes}


def _plane(name: str) -> dict[int, str]:
    return _lattices(name, "3x3", "3x4", "4x4", "4x5", "4x6")


def _space(name: str) -> dict[int, str]:
    return _lattices(name, "2x2x2", "2x2x3", "2x3x3", "2x3x4")


def _chains(frustration: float) -> dict[int, str]:
    return {n: f"heteropolymer:n={n},frustration={frustration:g}" for n in (9, 10, 11, 12, 13, 14)}


def _committees(labels: str) -> dict[int, str]:
    return {3 * d: f"committee:inputs={d},hidden=3,labels={labels}" for d in (3, 4, 5, 6, 7, 8)}


FAMILIES = (
    *(
        Family(f"multiscale, frustration {f:g}", _bits(f"multiscale:n={{}},frustration={f:g}"))
        for f in (0.1, 0.3, 0.6, 1)
    ),
    Family("Hopfield, 1 pattern", _bits("hopfield:n={},patterns=1")),
    Family("Sherrington-Kirkpatrick", _bits("sk:n={}")),
    Family("Sherrington-Kirkpatrick, bias 2", _bits("sk:n={},bias=2")),
    Family("disordered ferromagnet, 2D", _plane("dfm")),
    Family("disordered ferromagnet, 3D", _space("dfm")),
    Family("spin glass, 2D", _plane("ea")),
    Family("spin glass, 3D", _space("ea")),
    *(Family(f"heteropolymer, frustration {f:g}", _chains(f)) for f in (0.1, 0.5, 1.0)),
    Family("committee, teacher's labels", _committees("teacher")),
    Family("committee, random labels", _committees("random")),
)


def sharpening_spins(order: Order) -> Redrawn:
    """Measure every ensemble at every size, and fit the exponents."""
    book = _Book(order)
    cases = [(family, n) for family in FAMILIES for n in family.systems if not (order.quick and n > _most(family))]
    cost = [_cost(family, n) for family, n in cases]
    done, found = 0.0, dict[str, dict[int, Any]]()
    for (family, n), part in zip(cases, cost, strict=True):
        count = 2 if family.title.startswith("Hopfield") else order.count(SAMPLES, quick=QUICK)
        share = (done / sum(cost), (done + part) / sum(cost))
        done += part
        found.setdefault(family.title, {})[n] = book.answers(family.systems[n], count=count, share=share)
    fits = {
        title: {name: _fit(sizes, name, chains=title.startswith(CHAIN)) for name in EXPECTED}
        for title, sizes in found.items()
    }
    rows = [_row(title, name, fits[title][name]) for title in fits for name in EXPECTED]
    return Redrawn(tuple(rows), _NOTES, _data(found), lambda figure: _draw(figure, found, fits), size=(13.0, 5.6))


_NOTES = paragraphs("""
Exponents are of typical values: least squares of the mean logarithm over samples against the logarithm of the number of
bits (of monomers for chains), with intervals of 95 %, widened where the points do not lie on a power. Sizes are small,
so that they are exponents of 9 to 24 bits and not asymptotic ones. Points of 8 and 9 bits are drawn and not fitted:
there 18 % of all states are similar to any one by chance (overlap above 1/2), of 12 bits 4 %.

The native ensemble is what folds: the width is ln(T20 / T80) between 20 % and 80 % of the weight in it. Omega is the
fall of the energy on folding over Tf. Gap over roughness compares the lowest energy with those of dissimilar states,
dE / (DE sqrt(2 S)). Samples whose native state has a rival at its own energy have no Tf and are left out.

Omega grows in glasses too: what tells a funnel that sharpens is the gap over the roughness. One Hopfield pattern
differs from sample to sample by a gauge alone, which no measure sees, so that two samples stand for all.
""")


def _most(family: Family) -> int:
    return LARGEST_CHAIN if _of_chains(family) else LARGEST_QUICK


def _cost(family: Family, n: int) -> float:
    """Seconds of a sample, but for a factor: chains have 2.7 times as many conformations for each monomer."""
    return 2.7**n / 100.0 if _of_chains(family) else 2.0**n


def _of_chains(family: Family) -> bool:
    return family.title.startswith(CHAIN)


def _ask(landscape: Binary) -> dict[str, float | None]:
    found = measure_all(flood(landscape, workers=1), names=NAMES)
    return {name: None if isinstance(answer, NoAnswer) else answer.value for name, answer in found.items()}


class _Book:
    """Answers of finished ensembles, kept in a file beside the results, so that the same order resumes."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.path: Path | None = None if order.kept is None else order.kept / "sharpening-spins.samples.jsonl"
        self.known: dict[str, list[dict[str, float | None]]] = {}
        if self.path is not None and self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if entry["version"] == __version__:
                    self.known[entry["key"]] = entry["answers"]

    def answers(self, system: str, *, count: int, share: tuple[float, float]) -> list[dict[str, float | None]]:
        """Answers of so many samples of a system, made or kept."""
        seeds = sample_seeds(self.order, label=system, count=count)
        key = f"{system} of seeds {seeds[0]} to {seeds[-1]}, {count}"
        if key not in self.known:
            self.known[key] = ensemble(self.order, system, _ask, count=count, share=share)
            if self.path is not None:
                entry = {"version": __version__, "key": key, "answers": self.known[key]}
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry) + "\n")
        return self.known[key]


def _values(answers: list[dict[str, float | None]], name: str) -> list[float]:
    return [value for answer in answers if (value := answer[name]) is not None]


def _fit(sizes: Mapping[int, list[dict[str, float | None]]], name: str, *, chains: bool) -> Fit | NoAnswer:
    least = 0 if chains else FITTED
    groups = [(n, values) for n, answers in sizes.items() if n >= least and len(values := _values(answers, name)) >= 2]
    return fit_scaling(groups, model=POWER)


def _row(title: str, name: str, fit: Fit | NoAnswer) -> Comparison:
    short, origin = EXPECTED[name]
    if isinstance(fit, NoAnswer):
        return Comparison(f"{title}: exponent of {short}", fit, origin=origin)
    rate = Estimate(*(float(f"{end:.4g}") for end in (fit.rate.value, fit.rate.low, fit.rate.high)))
    return Comparison(f"{title}: exponent of {short}", rate, (rate.high - rate.low) / 3.92, origin=origin)


def _data(found: Mapping[str, Mapping[int, list[dict[str, float | None]]]]) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {"landscape": [], "n": [], "samples": []}
    data |= {part: [] for name in NAMES for part in (f"median {name}", f"answered {name}")}
    for title, sizes in found.items():
        for n, answers in sizes.items():
            row: list[Any] = [title, n, len(answers)]
            for name in NAMES:
                values = _values(answers, name)
                row += [float(np.median(values)) if values else None, len(values)]
            for column, cell in zip(data.values(), row, strict=True):
                column.append(cell)
    return data


def _draw(
    figure: Figure, found: Mapping[str, Mapping[int, Any]], fits: Mapping[str, Mapping[str, Fit | NoAnswer]]
) -> None:
    import matplotlib as mpl

    axes = figure.subplots(1, 3)
    colours = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
    for ax, (name, (short, expected)) in zip(axes, EXPECTED.items(), strict=True):
        for number, (title, sizes) in enumerate(found.items()):
            shown = [(n, values) for n, answers in sizes.items() if (values := _values(answers, name))]
            style: dict[str, Any] = {"color": colours[number], "marker": "osD^v"[number % 5], "ms": 5}
            size = np.array([n for n, _ in shown], float)
            ax.plot(size, [np.exp(np.log(values).mean()) for _, values in shown], ls="", label=title, **style)
            fit = fits[title][name]
            if isinstance(fit, Fit):
                ax.plot(size, fit(size), color=colours[number], lw=0.9)
        ax.set(
            xscale="log", yscale="log", xlabel="bits, or monomers", title=f"{short.removeprefix('the ')} ({expected})"
        )
        ax.title.set_fontsize(9)
        ax.set_xticks([9, 12, 16, 20, 24], labels=["9", "12", "16", "20", "24"])
        ax.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10], labels=["0.1", "0.2", "0.5", "1", "2", "5", "10"])
        ax.set_ylim(*_span([value for sizes in found.values() for n in sizes for value in _values(sizes[n], name)]))
        ax.minorticks_off()
        tidy(ax)
    axes[0].set_ylabel("typical value")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7, frameon=False)


def _span(values: list[float]) -> tuple[float, float]:
    """Limits of an axis: the central 99 % of all samples."""
    low, high = (float(end) for end in np.quantile(values, [0.005, 0.995]))
    return 0.9 * low, 1.1 * high
