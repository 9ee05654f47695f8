"""Low autocorrelation binary strings: minima, depth and difficulty against length.

Ferreira, Fontanari and Stadler enumerated barrier trees of these strings and compared depth and difficulty with those
of random landscapes; their conclusion is that the landscape is much like that of a mean-field 2-spin glass. Known to
compare with digit by digit are exact counts and optimal energies.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.measure import measure_all
from spinfunnel.plot.palette import FUNNELS, INK, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, paragraphs, value
from spinfunnel.reproduce.disorder import ensemble
from spinfunnel.reproduce.trend import binomial, exponential_fit
from spinfunnel.systems import low_autocorrelation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinfunnel.landscape import BasinGraph, Binary

__all__ = ["OPTIMA", "WEAK_MINIMA", "annealed_exponent", "labs"]

Floats = NDArray[np.float64]

OPTIMA = dict(
    enumerate([7, 3, 8, 12, 13, 5, 10, 6, 19, 15, 24, 32, 25, 29, 26, 26, 39, 47, 36, 36, 45, 37, 50], start=6)
)
"""Least energies: Packebusch, Mertens, J. Phys. A 49, 165001 (2016)."""
WEAK_MINIMA = {8: 24, 10: 168, 12: 280, 13: 500, 14: 736, 15: 1392, 16: 1352, 20: 9628, 21: 20564, 24: 59172}
"""Strings none of whose neighbours is lower, all symmetric copies counted: enumerated with another program."""
FIRST, LAST, LAST_QUICK = 8, 26, 20
TITLES = ("depth", "difficulty", "relative depth")
QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)
GLASS_SIZES = (8, 10, 12, 14, 16, 18, 20)
QUANTITIES = ("depth", "difficulty", "relative_depth")


def labs(order: Order) -> Redrawn:
    """Minima, depth and difficulty of binary strings, beside those of a mean-field 2-spin glass."""
    last = LAST_QUICK if order.quick else LAST
    sizes = np.arange(FIRST, last + 1)
    strings = []
    for n in sizes.tolist():
        strings.append(_strings(n, order))
        order.progress(f"labs:n={n}", 0.5 * 2.0 ** (n - last))
    minima, energy, depth, difficulty, relative = np.array(strings).T
    glass_sizes = GLASS_SIZES[: 5 if order.quick else None]
    glasses = {}
    for place, n in enumerate(glass_sizes):
        share = (0.5 + 0.5 * place / len(glass_sizes), 0.5 + 0.5 * (place + 1) / len(glass_sizes))
        glasses[n] = np.array(ensemble(order, f"sk:n={n}", _glass, count=order.count(200, quick=50), share=share))
    data: dict[str, list[Any]] = {
        "n": sizes.tolist(),
        "minima": minima.tolist(),
        "optimal energy": energy.tolist(),
        "depth": (depth / (2 * sizes)).tolist(),
        "difficulty": difficulty.tolist(),
        "relative depth": relative.tolist(),
    }
    for column, name in enumerate(TITLES):
        for quantile in QUANTILES:
            found = {n: float(np.quantile(glasses[n][:, column], quantile)) for n in glasses}
            data[f"2-spin glass {name} {100 * quantile:.3g} %"] = [found.get(n, "") for n in sizes.tolist()]
    rows = [*_counted(data), _growth(sizes, minima), *_beside_glass(data, glasses)]
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, data), size=(12.0, 4.2))


_NOTES = paragraphs("""
Minima are strings none of whose neighbours is lower, all symmetric copies counted. Depth is the largest barrier from
a minimum to anything lower, difficulty the largest barrier over height above the optimum; both exact. Depths are in the
paper's unit of energy, H = E / 2n.

The paper's own curves of depth and difficulty are not compared digit by digit: no table of them was at hand. What is
compared is its conclusion, that by depth and difficulty the landscape is qualitatively like that of the mean-field
2-spin glass (J of variance 1/n): the rows give the share of single glasses that lie below the strings, and any share
between 0.025 and 0.975 is alike.

Alike in that unit is not alike in every unit: the strings' energies span less (their optimum lies some n / 5 below
the mean, a glass's some 3 n / 4), and over that span their deepest trap is two to three times as deep as a glass's.

The growth rate is a least-squares fit with an interval from resampled residuals. The scatter from size to size is
number theory, not noise, so that the interval describes these sizes and does not bound the rate for long strings.
""")


def _strings(n: int, order: Order) -> tuple[float, ...]:
    graph = flood(low_autocorrelation(n), workers=order.workers)
    raw = math.nan if graph.census is None else float(graph.census.minima_raw)
    return raw, float(graph.energy[0]), *_barriers(graph, QUANTITIES)


def _glass(landscape: Binary) -> tuple[float, ...]:
    return _barriers(flood(landscape), QUANTITIES)


def _barriers(graph: BasinGraph, names: Iterable[str]) -> tuple[float, ...]:
    """Measures of a graph; where every minimum is native there is no trap, so that the deepest is 0 deep."""
    wanted = list(names)
    if graph.native.all():
        return (0.0,) * len(wanted)
    answers = measure_all(graph, names=wanted)
    return tuple(value(answers[name], name) for name in wanted)


def _counted(data: dict[str, list[Any]]) -> list[Comparison]:
    rows = []
    for n, count, ground in zip(data["n"], data["minima"], data["optimal energy"], strict=True):
        if n in WEAK_MINIMA:
            origin = "enumeration"
            rows.append(exact_comparison(f"minima, n = {n}", count, known=WEAK_MINIMA[n], origin=origin))
        origin = "Packebusch, Mertens (2016)"
        rows.append(exact_comparison(f"optimal energy, n = {n}", ground, known=OPTIMA[n], origin=origin))
    return rows


def _growth(sizes: NDArray[np.int64], minima: Floats) -> Comparison:
    rate, error = exponential_fit(sizes, minima, rng=np.random.default_rng(0))
    origin = f"no known value; 4-spin glass with random couplings: {annealed_exponent(4):.3f}"
    return Comparison("growth rate of ln(minima)", rate, error, origin=origin)


def _beside_glass(data: dict[str, list[Any]], glasses: dict[int, Floats]) -> list[Comparison]:
    """Shares of single glasses below the strings, with their binomial intervals."""
    rows = []
    for column, name in enumerate(TITLES):
        for n in list(glasses)[-3:]:
            single = glasses[n][:, column]
            ours = data[name][data["n"].index(n)]
            share = binomial(int(np.count_nonzero(single < ours)), len(single))
            error = math.sqrt(share.value * (1.0 - share.value) / len(single))
            origin = f"strings {ours:.3g}, median of glasses {np.median(single):.3g}"
            rows.append(Comparison(f"2-spin glasses of smaller {name}, n = {n}", share, error, origin=origin))
    return rows


def annealed_exponent(p: int) -> float:
    """Growth rate of the mean number of one-flip-stable states of the p-spin glass, ``lim ln<N_s> / n``.

    Of ``<N_s> = 2^n Integral phi(z) Phi(z sqrt(r / (1 - r)))^n dz`` with r = (p - 1) / (n - 1), by steepest descent:
    ``ln 2 + max over y of ln Phi(y sqrt(p - 1)) - y^2 / 2``. Gross, Mezard, Nucl. Phys. B 240, 431 (1984).

    Examples
    --------
    >>> round(annealed_exponent(2), 6), round(annealed_exponent(3), 6)
    (0.199228, 0.295638)
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_ndtr

    found = minimize_scalar(
        lambda y: 0.5 * y * y - log_ndtr(y * math.sqrt(p - 1)),
        bounds=(0.0, 5.0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(math.log(2.0) - found.fun)


def _draw(figure: Figure, data: dict[str, list[Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    left, *others = figure.subplots(1, 3)
    n, minima = np.array(data["n"], float), np.array(data["minima"], float)
    slope, start = np.polyfit(n, np.log(minima), 1)
    left.semilogy(n, minima, "o", color=FUNNELS[0], ms=5, label="binary strings")
    left.semilogy(n, np.exp(start + slope * n), color=FUNNELS[0], lw=1, label=f"fit, exp({slope:.3f} n)")
    known = np.array([(size, count) for size, count in WEAK_MINIMA.items() if n[0] <= size <= n[-1]])
    left.semilogy(*known.T, "s", ms=9, mfc="none", mec=INK, mew=0.8, label="known")
    left.set_ylabel("minima, symmetric copies counted")
    for axes, name in zip(others, TITLES, strict=False):
        _beside(axes, name, data)
    others[0].set_ylabel("depth, in the unit of H = E / 2n")
    others[0].set_ylim(bottom=0.0)
    others[1].set_ylabel("difficulty of annealing")
    others[1].set_yscale("log")
    others[1].set_ylim(bottom=0.3)
    for axes in (left, *others):
        axes.set_xlabel("length n")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.grid(alpha=0.25, lw=0.6)
        axes.legend(frameon=False, fontsize=8, loc="best")
        tidy(axes)


def _beside(axes: Axes, name: str, data: dict[str, list[Any]]) -> None:
    held = [place for place, found in enumerate(data[f"2-spin glass {name} 50 %"]) if found != ""]
    size = np.array(data["n"])[held]
    low, quarter, middle, three, high = (
        np.array([data[f"2-spin glass {name} {100 * quantile:.3g} %"][place] for place in held])
        for quantile in QUANTILES
    )
    axes.fill_between(size, low, high, color=REST, alpha=0.22, lw=0, label="2-spin glasses, 95 % of them")
    axes.fill_between(size, quarter, three, color=REST, alpha=0.35, lw=0, label="half of them")
    axes.plot(size, middle, color=REST, lw=1.5, label="median")
    axes.plot(data["n"], data[name], "o-", color=FUNNELS[0], ms=4, lw=1, label="binary strings")
