"""How much of a landscape a sampled map has seen, and what that allows to be said.

Quenches from random states are independent draws of minima, with their basin weights as probabilities. Of R of them,
f1 minima came up once and f2 twice. Good and Turing: the basins that were not hit hold about f1 / R of all states.
Chao: at least f1 (f1 - 1) / (2 (f2 + 1)) minima were not hit.

The chain of lowest exits from a minimum is known as far as local floods found the exits: where the *lid*, the height
below which no path leaves the basin, reaches the lowest known saddle, that saddle is the exit. Where a chain is not
known to its end, a random state that begins it counts for and against the native funnel at once.

Good, Biometrika 40, 237 (1953); Chao, Scand. J. Stat. 11, 265 (1984), Biometrics 43, 783 (1987); Brown, Cai, DasGupta,
Stat. Sci. 16, 101 (2001) for the intervals of shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import SAMPLE_IT, Topography

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


__all__ = ["Coverage", "coverage", "reached", "share_estimate", "when_complete"]

ENOUGH_SEARCHES = 1 << 14
"""Random quenches from which on all minima may count as seen: one with a thousandth of the states is not missed."""
SAME_HEIGHT = 1e-9
"""Heights within this share of the range of energies are one, where they were added up in different orders."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What visits say of what was not seen.

    Attributes
    ----------
    searches : int
        Quenches from random states; 0 where none is known to be one.
    seen : int
        Minima known, however they were found.
    once, twice : int
        Minima hit by one and by two of the searches.
    """

    searches: int
    seen: int
    hit: int
    once: int
    twice: int

    @property
    def unseen_share(self) -> float:
        """Share of all states in basins that were not hit (Good, Turing)."""
        return self.once / self.searches if self.searches else 1.0

    @property
    def unseen(self) -> float:
        """Least number of minima that were not hit (Chao1, bias-corrected form).

        Examples
        --------
        >>> Coverage(searches=100, seen=20, hit=20, once=4, twice=2).unseen
        2.0
        """
        return self.once * (self.once - 1) / (2.0 * (self.twice + 1))

    def minima(self) -> Estimate:
        """Number of minima with the log-normal interval of Chao (1987).

        Chao's is a least number: minima that are hardly ever hit leave no trace. So the interval reaches at least to as
        many further ones as those hit once may be by chance (the upper 97.5 % limit of a Poisson mean).
        """
        from scipy.special import gammaincinv

        missing = max(self.hit + self.unseen - self.seen, 0.0)
        value = self.seen + missing
        least_high = self.seen + math.ceil(float(gammaincinv(self.once + 1, 0.975)))
        if missing == 0.0:
            return Estimate(float(self.seen), float(self.seen), float(least_high))
        once, twice = float(self.once), float(self.twice)
        variance = (
            once * (once - 1.0) / (2.0 * (twice + 1.0))
            + once * (2.0 * once - 1.0) ** 2 / (4.0 * (twice + 1.0) ** 2)
            + once**2 * twice * (once - 1.0) ** 2 / (4.0 * (twice + 1.0) ** 4)
        )
        reach = math.exp(1.96 * math.sqrt(math.log1p(variance / missing**2)))
        return Estimate(value, self.seen + missing / reach, max(self.seen + missing * reach, least_high))


def coverage(topography: Topography) -> Coverage | NoAnswer:
    """Coverage of a sampled map, or the outcome that its searches did not begin at random states."""
    graph = topography.graph
    # Weights that are not the visits' shares are of searches that are not told apart from others here.
    if not graph.weight.any() or not np.allclose(graph.weight * graph.visits.sum(), graph.visits, rtol=0.0, atol=1e-3):
        return NoAnswer(
            "no_basin_weights",
            "not all searches in this map were steepest descents from random states, so that basins have no weights",
            SAMPLE_IT,
        )
    visits = graph.visits
    return Coverage(
        int(visits.sum()), graph.minima, int((visits > 0).sum()), int((visits == 1).sum()), int((visits == 2).sum())
    )


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Where chains of lowest exits lead, as far as that is known.

    Attributes
    ----------
    certain : array of bool, shape (m,)
        Whether the chain is known to its bottom.
    closed : array of bool, shape (m,)
        Whether the exit of the minimum itself is known.
    visits : array of int64, shape (m,)
        Random searches that ended there.
    """

    certain: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    visits: NDArray[np.int64]


def reached(topography: Topography) -> Reached:
    """Follow the chains of a sampled map."""
    graph, chains = topography.graph, topography.chains
    hub, spoke, energy = graph.direct_edges()
    exits = np.full(graph.minima, np.inf)
    np.minimum.at(exits, hub, energy)
    np.minimum.at(exits, spoke, energy)
    lid = graph.energy if graph.lid is None else graph.lid
    span = float(np.ptp(graph.energy)) + float(np.abs(exits[np.isfinite(exits)]).max(initial=0.0))
    closed = (lid > graph.energy) & (lid >= exits - SAME_HEIGHT * span)
    if graph.minima == 1:
        closed[:] = True
    certain = np.zeros(graph.minima, bool)
    for number in range(graph.minima):  # Ascending in energy, so what follows is known.
        after = chains.following[number]
        certain[number] = graph.native[number] or (closed[number] and (after == number or certain[after]))
    return Reached(certain, closed, np.where(graph.weight > 0.0, graph.visits, 0))


def complete(topography: Topography) -> bool:
    """Whether nothing is left to be seen that the coverage knows of: every exit found, every minimum joined exactly."""
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer) or known.searches < ENOUGH_SEARCHES:
        return False
    if known.hit + known.unseen > known.seen + 0.5 or known.unseen_share > 0.01:
        return False
    graph = topography.graph
    return (
        bool(topography.shared(reached).closed.all())
        and bool(graph.saddle_exact.all())
        and len(topography.tree.roots) == 1
    )


def share_estimate(low_count: float, high_count: float, total: int) -> Estimate:
    """Share of independent draws with its 95 % interval (Jeffreys), where some count both for and against.

    Examples
    --------
    >>> print(share_estimate(50, 50, 100))
    0.5 [0.4032, 0.5968]
    >>> print(share_estimate(100, 100, 100))
    1 [0.9753, 1]
    """
    from scipy.special import betaincinv

    low = 0.0 if low_count <= 0 else float(betaincinv(low_count + 0.5, total - low_count + 0.5, 0.025))
    high = 1.0 if high_count >= total else float(betaincinv(high_count + 0.5, total - high_count + 0.5, 0.975))
    value = 0.5 * (low_count + high_count) / total
    return Estimate(value, min(low, value), max(high, value))


def too_little(topography: Topography, *, what: str) -> NoAnswer:
    """Outcome where a measure counts all minima and some are not known, with what is missing."""
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer):
        return known
    still = int((~topography.shared(reached).closed).sum())
    upper = int((~topography.graph.saddle_exact).sum())
    return NoAnswer(
        "coverage",
        f"{what}: of {known.seen} minima seen {still} have exits that no local flood found, {upper} of their saddles "
        f"are upper bounds, and at least {known.unseen:.3g} further minima were not hit",
        "explore longer, or at a smaller size",
    )


def when_complete(answer: Callable[[Topography], Measurement]) -> Callable[[Topography], Measurement]:
    """Read a measure of all minima off a sampled map that is complete as far as the visits tell; else say why not."""

    @wraps(answer)
    def sampled(topography: Topography) -> Measurement:
        if complete(topography):
            return answer(topography)
        return too_little(topography, what="it is a number of all minima")

    return sampled


def weighed(answer: Callable[[Topography], Measurement]) -> Callable[[Topography], Measurement]:
    """Read a share of all states off a sampled map: at most what the saddles, being upper bounds, allow.

    The interval is that of a share of the random quenches; where the map is not complete it reaches down to 0.
    """

    @wraps(answer)
    def sampled(topography: Topography) -> Measurement:
        known = topography.shared(coverage)
        if isinstance(known, NoAnswer):
            return known
        share = answer(topography)
        if isinstance(share, NoAnswer):
            return share
        count = share.value * known.searches
        found = share_estimate(count, count, known.searches)
        return found if complete(topography) else replace(found, low=0.0)

    return sampled
