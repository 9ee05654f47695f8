"""Iterative fixing: rounds of annealing, each of which fixes what the best of the last one agree on.

A round anneals some states. Of each feature - two interacting spins that are alike or opposite, a bit where there are
no interactions, or a contact of a chain - the best quarter of them is asked: where they agree so clearly that the lower
end of a 95 % interval of the agreement (Wilson 1927) exceeds a confidence, the feature is fixed, the clearest first and
at most half of what is free. The next round samples what is left, for as many moves a free feature, so that it costs
less. Descents with everything free end each round: a fix that the best of them leave is released, and where a round
neither improves nor fixes anything, or fails to come as low as the best before, all fixes are given up and a new cycle
begins.

DeBartolo, Colubri, Jha, Fitzgerald, Freed, Sosnick, Proc. Natl. Acad. Sci. 106, 3734 (2009), where the features are
secondary structure. For spins that is the renormalisation of Houdayer, Martin, Phys. Rev. Lett. 83, 1030 (1999): pairs
of spins, and not spins, are local as well; two states that differ in the sign of a whole domain agree on all pairs but
those along its wall.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.fixable import ChainSearch, Search, SpinSearch
from spinfunnel.landscape import (
    Budget,
    Clock,
    Effort,
    InputError,
    Landscape,
    Minimum,
    Progress,
    Record,
    is_binary,
    no_progress,
)

__all__ = ["Fixing", "agreement", "explore", "search_of"]

USUAL = 2_000_000
"""Energy evaluations without a budget."""
Z = 1.96
FEWEST = 8
"""States that are asked at least: fewer cannot agree clearly."""


def agreement(share: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Lower end of the 95 % interval (Wilson) of a share of so many.

    Examples
    --------
    >>> agreement(np.array([1.0, 0.5]), 8).round(3).tolist()
    [0.676, 0.215]
    """
    centre = share + Z * Z / (2 * count)
    reach = Z * np.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    return np.asarray((centre - reach) / (1 + Z * Z / count))


def search_of(landscape: Landscape, *, workers: int = 1) -> Search:
    """How a landscape is annealed with some of its features fixed.

    Raises
    ------
    InputError
        For a landscape that is neither binary nor a chain, or a large binary one that is no polynomial in spins.
    """
    if is_binary(landscape):
        return SpinSearch.of(landscape, workers=workers)
    return ChainSearch.of(landscape, workers=workers)


@dataclass(slots=True, eq=False)
class Fixing:
    """A search by iterative fixing, a round at a time.

    Attributes
    ----------
    search : Search
    rng : numpy.random.Generator
    annealed : int
        States of a round.
    confidence : float
        Which the lower end of the agreement must exceed.
    fixing : bool
        False for plain restarts: the same rounds, and nothing is ever fixed.
    evaluations, rounds, released : int
    best_energy : float
    fixes : array of int8, shape (features,)
        0 or 1, and -1 where free.
    """

    search: Search
    rng: np.random.Generator
    annealed: int = 32
    confidence: float = 0.6
    fixing: bool = True
    evaluations: int = 0
    rounds: int = 0
    released: int = 0
    best_energy: float = math.inf
    fixes: NDArray[np.int8] = field(init=False)
    _floor: float = field(init=False, default=math.inf)

    def __post_init__(self) -> None:
        self.fixes = np.full(self.search.features, -1, np.int8)

    def round(self, target: float = -math.inf) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """Anneal, descend and fix.

        Returns
        -------
        states, energies
            Where the descents ended.
        reached : int
            Evaluations of the whole search when the target was first reached, -1 where it was not.
        """
        states, energies, spent, hit = self.search.anneal(self.fixes, self.annealed, self.rng, target)
        reached = self.evaluations + hit if hit >= 0 else -1
        self.evaluations += spent
        self.rounds += 1
        lowest = float(energies.min())
        self.best_energy = min(self.best_energy, lowest)
        if self.fixing:
            self._fix(states, energies, lowest)
        return states, energies, reached

    def _fix(self, states: NDArray[np.int64], energies: NDArray[np.float64], lowest: float) -> None:
        best = np.argsort(energies, kind="stable")[: max(FEWEST, self.annealed // 4)]
        shown = self.search.shown(states[best], self.fixes)
        share = shown.mean(axis=0)
        value = (share >= 0.5).astype(np.int8)
        sure = agreement(np.maximum(share, 1.0 - share), len(best))
        fixed = self.fixes >= 0
        left = fixed & ((value != self.fixes) | (sure <= self.confidence))
        self.fixes[left] = -1
        self.released += int(left.sum())
        able = (self.fixes < 0) & (sure > self.confidence) & ~left
        if self.search.only_present:
            able &= value == 1
        chosen = np.flatnonzero(able)
        most = max(1, int((self.fixes < 0).sum()) // 2)
        chosen = chosen[np.argsort(-sure[chosen], kind="stable")][:most]
        self.fixes[chosen] = value[chosen]
        stuck = lowest > self._floor or (lowest == self._floor and len(chosen) == 0)
        self._floor = min(self._floor, lowest)
        if stuck or not (self.fixes < 0).any():
            self.released += int((self.fixes >= 0).sum())
            self.fixes[:] = -1
            self._floor = math.inf


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    annealed: int = 32,
    confidence: float = 0.6,
) -> Iterator[list[Record]]:
    """Yield the minima that the descents ended in, the lowest first.

    Parameters
    ----------
    landscape : Binary or Walkable
    seed, workers, progress
        As every explorer.
    budget : Budget, optional
        2 million energy evaluations unless given.
    annealed : int
        States of a round, at least 8.
    confidence : float
        Agreement above which a feature is fixed, 0.5 to 1.

    Raises
    ------
    InputError
        For a landscape that has no features to fix, or options out of range.
    """
    if annealed < 8 or not 0.5 <= confidence < 1.0:
        raise InputError(
            f"annealed={annealed}, confidence={confidence} fix nothing well: give annealed >= 8 and "
            "0.5 <= confidence < 1"
        )
    fixing = Fixing(search_of(landscape, workers=workers), np.random.default_rng(seed), annealed, confidence)
    limits = Budget(evaluations=USUAL) if budget is None or budget == Budget() else budget
    clock = Clock(limits, lambda: fixing.evaluations)
    found: dict[str, tuple[float, int, int]] = {}
    ended = 0
    while not clock.over():
        states, energies, _ = fixing.round()
        keys, copies = fixing.search.keys(states)
        ended += len(states)
        for key, energy, many in zip(keys.tolist(), energies.tolist(), copies.tolist(), strict=True):
            found[key] = (energy, many, found.get(key, (energy, many, 0))[2] + 1)
        progress("iterative fixing", min(1.0, clock.used()))
    progress("iterative fixing", 1.0)
    rows = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
    yield [Minimum(key, energy, visits / ended, 1, many, None, visits) for key, (energy, many, visits) in rows]
    yield [Effort(fixing.evaluations, "out of budget")]
