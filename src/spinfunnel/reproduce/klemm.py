"""Funnels of Klemm, Flamm and Stadler on spin landscapes of up to 20 spins, every state visited.

Their paper defines the funnel and counts funnels on number partitioning and spin landscapes; the table here is an
independent enumeration of the same definition, by another program and on other samples of the disorder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import measure_all
from spinfunnel.plot.palette import FUNNELS, REST, tidy
from spinfunnel.reproduce.comparison import (
    Comparison,
    Order,
    Redrawn,
    exact_comparison,
    mean_comparison,
    paragraphs,
    value,
)
from spinfunnel.reproduce.disorder import ensemble
from spinfunnel.systems import FunctionLandscape, SpinPolynomial, low_autocorrelation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinfunnel.landscape import Binary

__all__ = ["TABLE", "Known", "klemm"]

QUANTITIES = ("minima", "share of minima", "basin weight", "funnels")
ORIGIN = "enumeration"


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the table: means over 100 samples (fewer at 20 spins), each with its standard error.

    Attributes
    ----------
    title, system : str
        What it is called, and how it is typed.
    minima, share, weight, funnels : (float, float or None)
        Number of minima, share of the minima and of the basin weight in the native funnel, number of funnels.
    usual : int
        Samples taken unless told otherwise.
    """

    title: str
    system: str
    minima: tuple[float, float | None]
    share: tuple[float, float | None]
    weight: tuple[float, float | None]
    funnels: tuple[float, float | None]
    usual: int = 400


TABLE = (
    Known("spin glass 4x4", "ea:shape=4x4", (16.1, 0.6), (0.482, 0.021), (0.543, 0.020), (3.5, 0.2)),
    Known("ferromagnet 4x4", "dfm:shape=4x4", (12.7, 0.5), (0.766, 0.019), (0.884, 0.011), (2.3, 0.1)),
    Known("SK 16", "sk:n=16", (12.6, 0.5), (0.577, 0.028), (0.656, 0.025), (2.5, 0.1)),
    Known("Hopfield 16/4", "hopfield:n=16,patterns=4", (5.1, None), (0.75, None), (0.82, None), (1.7, None)),
    Known("REM 14", "rem:n=14", (2**14 / 15, 0.0), (0.007, 0.001), (0.008, 0.001), (274.0, 2.0)),
    Known("spin glass 4x5", "ea:shape=4x5", (35.6, 2.4), (0.348, 0.029), (0.436, 0.032), (6.8, 0.5), 200),
    Known("ferromagnet 4x5", "dfm:shape=4x5", (25.4, 1.7), (0.635, 0.043), (0.766, 0.027), (3.9, 0.4), 200),
    Known("SK 20", "sk:n=20", (24.9, 1.3), (0.547, 0.067), (0.614, 0.061), (3.2, 0.4), 200),
)
TIED = "hopfield:n=16,patterns=4"
"""Energies are whole multiples of 1 / n, so that ground states other than symmetric copies are often exactly equal."""
BREAK_TIES = 1e-9
STRINGS = {12: (280, 0.214, 0.117, 68), 16: (1352, 0.183, 0.174, 408)}
"""Low autocorrelation binary strings: no disorder, and every symmetric copy counted."""


def klemm(order: Order) -> Redrawn:
    """Funnel table: minima, native funnel and number of funnels beside an independent enumeration."""
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"landscape": [], "samples": []}
    for name in QUANTITIES:
        data |= {f"{name}{part}": [] for part in ("", " low", " high", " known", " known error")}
    for place, known in enumerate(TABLE):
        count = order.count(known.usual, quick=20)
        share = (place / len(TABLE), (place + 1) / len(TABLE))
        ask = _funnels_without_ties if known.system == TIED else _funnels
        found = np.array(ensemble(order, known.system, ask, count=count, share=share))
        data["landscape"].append(known.title)
        data["samples"].append(count)
        for column, name in enumerate(QUANTITIES):
            row = _row(known, name, found[:, column])
            rows.append(row)
            parts = (math.nan,) * 3 if isinstance(row.ours, NoAnswer) else (row.ours.value, row.ours.low, row.ours.high)
            for part, number in zip(("", " low", " high"), parts, strict=True):
                data[f"{name}{part}"].append(number)
            data[f"{name} known"].append(row.known)
            data[f"{name} known error"].append(row.known_error)
    rows += _tied(order)
    rows += [row for n in STRINGS for row in _strings(n)]
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, data), size=(12.0, 4.6))


def _row(known: Known, name: str, found: NDArray[np.float64]) -> Comparison:
    mean, error = (known.minima, known.share, known.weight, known.funnels)[QUANTITIES.index(name)]
    origin = "2^n / (n + 1)" if error == 0.0 else ORIGIN
    if error is None:
        error = float(found.std(ddof=1)) / 10.0
    return mean_comparison(f"{known.title}: {name}", found, known=mean, known_error=error, origin=origin)


_NOTES = paragraphs("""
Steepest-descent basins and direct saddles, the global flip divided out; means over samples of the disorder with their
95 % intervals. A deviation counts both standard errors.

The Hopfield row is known without errors; they are taken to be those of 100 samples with the spread of ours. The
basin weight of the random energies (REM) is given the error of the share beside it.

Energies of the Hopfield memory are often exactly equal. Rounding seems to have broken these ties in the known row,
which makes one of several ground states the native one; so in the row compared with it energies are perturbed by 1e-9.
The tied row, where every ground state is native, is what the program reports otherwise.

Low autocorrelation strings have no disorder, and here none of their symmetries is divided out. Their energies are
degenerate: descent from a state with several lowest neighbours goes to the smallest state here, to the first bit in
the known rows, which moves the shares by a few percent of themselves; the number of minima does not depend on it.
""")


def _funnels(landscape: Binary) -> tuple[float, ...]:
    graph = flood(landscape)
    answers = measure_all(graph, names=["minima", "funnel_minima", "funnel_weight", "funnels"])
    return tuple(value(answers[name], name) for name in ("minima", "funnel_minima", "funnel_weight", "funnels"))


def _funnels_without_ties(landscape: Binary) -> tuple[float, ...]:
    if not isinstance(landscape, SpinPolynomial):
        raise TypeError(f"{landscape.name} has no couplings to perturb")
    pairs, coupling = landscape.terms[2]
    # Drawn from the landscape itself, so that every sample has its own noise and always the same.
    noise = np.random.default_rng(int(landscape.identity, 16)).standard_normal(len(coupling))
    return _funnels(SpinPolynomial(landscape.size, [(pairs, coupling + BREAK_TIES * noise)], name=landscape.name))


def _tied(order: Order) -> list[Comparison]:
    known = next(known for known in TABLE if known.system == TIED)
    count = order.count(known.usual, quick=20)
    found = np.array(ensemble(order, TIED, _funnels, count=count, share=(1.0, 1.0)))
    title = f"{known.title} tied"
    return [mean_comparison(f"{title}: {name}", found[:, column]) for column, name in enumerate(QUANTITIES)]


def _strings(n: int) -> list[Comparison]:
    strings = low_autocorrelation(n)
    plain = FunctionLandscape(
        strings.energy, size=n, name="labs without symmetries", symmetries=(), source=strings.identity.encode()
    )
    found = zip(QUANTITIES, _funnels(plain), STRINGS[n], strict=True)
    return [exact_comparison(f"LABS {n}: {name}", ours, known=known, origin=ORIGIN) for name, ours, known in found]


def _draw(figure: Figure, data: dict[str, list[Any]]) -> None:
    panels = figure.subplots(1, len(QUANTITIES), sharey=True)
    for axes, name in zip(panels, QUANTITIES, strict=True):
        _panel(axes, name, data)
    panels[0].set_yticks(range(len(TABLE)), [known.title for known in TABLE])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)


def _panel(axes: Axes, name: str, data: dict[str, list[Any]]) -> None:
    place = np.arange(len(TABLE))
    ours, low, high, known, error = (
        np.array(data[f"{name}{part}"], float) for part in ("", " low", " high", " known", " known error")
    )
    axes.errorbar(known, place - 0.14, xerr=1.96 * error, fmt="s", ms=5, color=REST, capsize=2, label="known, 95 %")
    reach = np.abs(np.stack([ours - low, high - ours]))
    axes.errorbar(ours, place + 0.14, xerr=reach, fmt="o", ms=5, color=FUNNELS[0], capsize=2, label="ours, 95 %")
    if name in {"minima", "funnels"}:
        axes.set_xscale("log")
        axes.set_xlabel(f"number of {name}")
    else:
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(f"{name}, native funnel")
    axes.grid(axis="x", alpha=0.25, lw=0.6)
    for edge in place[:-1] + 0.5:
        axes.axhline(edge, color=REST, lw=0.4, alpha=0.4)
    tidy(axes)
