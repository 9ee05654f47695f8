"""Levinthal's paradox: search time against size, for blind search, golf course, glasses and funnels.

The time is the mean number of energy evaluations until single-spin-flip Metropolis dynamics first reaches a ground
state, from a random state and at the best temperature, solved for exactly (definition 12).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.levinthal import folding_time
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, mean_comparison, paragraphs
from spinfunnel.reproduce.disorder import ensemble
from spinfunnel.reproduce.trend import resampled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["golf_search_time", "levinthal"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Family:
    """Landscapes of one kind over sizes.

    Attributes
    ----------
    title : str
    systems : dict of int to str
        System for each number of free bits: one less than the spins where the global flip is a symmetry.
    kind : str
        What the literature takes it for.
    known : (float, float) or None
        Levinthal efficiency at 11 free bits and its standard error, means over 3 samples.
    colour, marker : str
    random : bool
        Whether samples differ.
    """

    title: str
    systems: dict[int, str]
    kind: str
    known: tuple[float, float] | None
    colour: str
    marker: str
    random: bool = True


def _spins(system: str) -> dict[int, str]:
    return {n - 1: system.format(n) for n in (8, 10, 12, 14, 16)}


def _lattices(name: str) -> dict[int, str]:
    return {bits: f"{name}:shape={shape}" for bits, shape in ((8, "3x3"), (11, "3x4"), (14, "3x5"), (15, "4x4"))}


def _cubes(system: str) -> dict[int, str]:
    return {n: system.format(n) for n in (7, 9, 11, 13, 15)}


FAMILIES = (
    Family("golf course", _cubes("golf:n={}"), "golf course", (-0.015, 0.004), REST, "v", random=False),
    Family("random energies", _cubes("rem:n={}"), "glass", (0.015, 0.010), ACCENT, "^"),
    Family("3-spin glass", _cubes("pspin:n={},p=3"), "glass", (0.139, 0.004), FUNNELS[1], "D"),
    Family("spin glass", _lattices("ea"), "glass", (0.360, 0.022), FUNNELS[3], "s"),
    Family("Sherrington-Kirkpatrick", _spins("sk:n={}"), "glass", (0.390, 0.011), FUNNELS[4], "P"),
    Family("disordered ferromagnet", _lattices("dfm"), "funnel", (0.464, 0.007), FUNNELS[0], "o"),
    Family(
        "Hopfield, one pattern", _spins("hopfield:n={},patterns=1"), "funnel", (0.572, 0.0005), FUNNELS[2], "*", False
    ),
)
COMPARED_BITS = 11
LARGEST_QUICK = 11


def levinthal(order: Order) -> Redrawn:
    """Search time against size: the exponents of blind search, golf course, glasses and funnels."""
    found: dict[str, dict[int, Floats]] = {}
    cases = [
        (family, bits) for family in FAMILIES for bits in family.systems if not (order.quick and bits > LARGEST_QUICK)
    ]
    done, whole = 0.0, sum(_cost(family, bits) for family, bits in cases)
    for family, bits in cases:
        count = order.count(24, quick=8) if family.random else 1
        share = (done / whole, (done + _cost(family, bits)) / whole)
        done += _cost(family, bits)
        answers = ensemble(order, family.systems[bits], _search, count=count, share=share)
        found.setdefault(family.title, {})[bits] = np.array(answers)
    rows = [_blind(), *_golf(found)]
    rows += [row for family in FAMILIES if (row := _efficiency(family, found)) is not None]
    rows += [_exponent(family, found[family.title], seed=order.seed) for family in FAMILIES]
    data = _data(found)
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, found), size=(12.0, 5.0))


_NOTES = paragraphs("""
Times are mean first passage times of the Metropolis chain, solved for exactly, in energy evaluations; a start in a
ground state counts 0. Bits are free bits: one less than the spins where turning all over changes nothing.

Exponents are least squares of ln(time) against free bits, geometric means over samples of the disorder; intervals are
a bootstrap over these. They describe up to 15 bits: small glasses are searched almost as fast as funnels, and how long
larger ones take is not to be read off here. Lattices of 3x3 to 4x4 spins are no series of one shape.

The known efficiencies are means over 3 samples. An error taken from 3 samples is too small more often than not, so they
are given at least that of 3 samples with the spread of ours.

The times of the golf course and of random energies pass those of blind search, by 1 / n of them: a walk comes back to
where it has been. One Hopfield pattern is the purest funnel: it takes n ln n.
""")


def _cost(family: Family, bits: int) -> float:
    return (1.0 if family.random else 0.05) * 2.0**bits


def _search(landscape: Binary) -> tuple[float, float]:
    """Search time and Levinthal efficiency."""
    answer = folding_time(landscape)
    if isinstance(answer, NoAnswer):
        raise InputError(f"a sample of {landscape.name} has no search time ({answer}); choose another --seed")
    efficiency = answer.efficiency
    return answer.evaluations.value, math.nan if isinstance(efficiency, NoAnswer) else efficiency.value


def golf_search_time(n: int) -> float:
    """Mean number of moves of the random walk on the n-cube from a random state to a given one.

    Kemeny's constant, ``sum over k of C(n, k) n / (2 k)``, as the walk's eigenvalues are 1 - 2 k / n. Kemeny, Snell,
    Finite Markov Chains (Van Nostrand, 1960).

    Examples
    --------
    >>> golf_search_time(1), golf_search_time(2)
    (0.5, 2.5)
    """
    return float(sum(math.comb(n, k) * n / (2 * k) for k in range(1, n + 1)))


def _blind() -> Comparison:
    return exact_comparison(
        "blind search: exponent per bit", math.log(2.0), known=math.log(2.0), origin="by definition"
    )


def _golf(found: dict[str, dict[int, Floats]]) -> list[Comparison]:
    return [
        Comparison(
            f"golf course, {bits} bits: search time",
            Estimate.exactly(float(f"{times[0, 0]:.6g}")),
            known=float(f"{golf_search_time(bits):.6g}"),
            origin="Kemeny's constant",
        )
        for bits, times in found["golf course"].items()
    ]


def _efficiency(family: Family, found: dict[str, dict[int, Floats]]) -> Comparison | None:
    if family.known is None or COMPARED_BITS not in found[family.title]:
        return None
    efficiency = found[family.title][COMPARED_BITS][:, 1]
    known, error = family.known
    title = f"{family.title}, 11 bits: efficiency"
    if not family.random:
        return Comparison(title, Estimate.exactly(float(efficiency[0])), 0.0, known, error, "prototype, 3 samples")
    spread = float(efficiency.std(ddof=1)) if len(efficiency) > 1 else 0.0
    error = max(error, spread / math.sqrt(3.0))
    return mean_comparison(title, efficiency, known=known, known_error=error, origin="prototype, 3 samples")


def _exponent(family: Family, times: dict[int, Floats], *, seed: int) -> Comparison:
    bits = np.array(list(times), float)
    title = f"{family.title}: exponent per bit"
    origin = f"{family.kind}; blind search: 0.693"
    logs = [np.log(np.maximum(answers[:, 0], 1e-12)) for answers in times.values()]

    def slope(parts: list[Floats]) -> float:
        return float(np.polyfit(bits, [part.mean() for part in parts], 1)[0])

    if not family.random:
        return Comparison(title, Estimate.exactly(slope(logs)), origin=origin)
    ours, error = resampled(logs, slope, seed=seed)
    return Comparison(title, ours, error, origin=origin)


def _data(found: dict[str, dict[int, Floats]]) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {
        name: []
        for name in ("landscape", "free bits", "samples", "geometric mean time", "log time spread", "efficiency")
    }
    for title, times in found.items():
        for bits, answers in times.items():
            logs = np.log(answers[:, 0])
            middle = float(np.nanmean(answers[:, 1]))
            spread = float(logs.std(ddof=1)) if len(logs) > 1 else 0.0
            for name, cell in zip(data, (title, bits, len(logs), math.exp(logs.mean()), spread, middle), strict=True):
                data[name].append(cell)
    return data


def _draw(figure: Figure, found: dict[str, dict[int, Floats]]) -> None:
    left, right = figure.subplots(1, 2)
    largest = max(max(times) for times in found.values())
    bits = np.linspace(6.5, largest + 0.5, 50)
    left.semilogy(bits, 2.0**bits, color=INK, lw=1.2, ls="--", label="blind search, 2 to the bits")
    right.axhline(0.0, color=INK, lw=1.2, ls="--", label="blind search")
    for family in FAMILIES:
        _series(left, right, family, found[family.title])
    left.set(xlabel="free bits", ylabel="energy evaluations to the ground state")
    right.set(xlabel="free bits", ylabel="Levinthal efficiency", ylim=(-0.1, 0.75))
    left.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.grid(alpha=0.25, lw=0.6)
        tidy(axes)


def _series(left: Axes, right: Axes, family: Family, times: dict[int, Floats]) -> None:
    bits = np.array(list(times), float)
    logs = [np.log(answers[:, 0]) for answers in times.values()]
    middle = np.array([part.mean() for part in logs])
    error = np.array([1.96 * _standard_error(part) for part in logs])
    slope, start = np.polyfit(bits, middle, 1)
    kind = "" if family.kind == family.title else f" ({family.kind})"
    label = f"{family.title}{kind}, {slope:.2f} per bit"
    reach = np.stack([np.exp(middle) - np.exp(middle - error), np.exp(middle + error) - np.exp(middle)])
    style: dict[str, Any] = {"fmt": family.marker, "color": family.colour, "ms": 6, "capsize": 2}
    left.errorbar(bits, np.exp(middle), yerr=reach, label=label, **style)
    left.plot(bits, np.exp(start + slope * bits), color=family.colour, lw=0.9)
    efficiency = [answers[np.isfinite(answers[:, 1]), 1] for answers in times.values()]
    right.errorbar(
        bits, [part.mean() for part in efficiency], yerr=[1.96 * _standard_error(part) for part in efficiency], **style
    )
    right.plot(bits, [part.mean() for part in efficiency], color=family.colour, lw=0.9)


def _standard_error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0
