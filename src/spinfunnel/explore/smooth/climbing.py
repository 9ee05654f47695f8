"""Map a smooth landscape from minima over saddles to minima: random quenches, then climbs from every minimum.

Quenches from random states find minima and how much of the space drains to each. From every minimum climbs set out in
random directions, near and far, until they find nothing new, and some from states that were quenched half the way; each
saddle is followed down both ways, and the minima found there are climbed from in turn. Every point is refined by
Newton's method and proven by its gradient and the index of its Hessian; what fails is not kept, and is counted by its
reason.

Wales, Energy Landscapes (Cambridge, 2003), ch. 6; Tsai, Jordan, J. Phys. Chem. 97, 11227 (1993).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from spinfunnel.explore.smooth.bridging import Front
from spinfunnel.explore.smooth.engine import TOLERANCE
from spinfunnel.explore.smooth.identity import DISTANCE
from spinfunnel.explore.smooth.search import Search
from spinfunnel.landscape import Budget, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["explore"]

QUIET = 250
"""Blocks of climbs in a row without a new saddle that end a search at the earliest; half of all that were made, where
more."""


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    starts: int = 400,
    searches: int = 96,
    depth: float = 1e6,
    wander: int = 2,
    distance: float = DISTANCE,
    gradient: float = TOLERANCE,
) -> Iterator[list[Record]]:
    """Map a smooth landscape.

    Parameters
    ----------
    landscape : Differentiable
    seed : int
    workers : int
        Threads. Within a budget of seconds their number decides how much is found; else it changes nothing.
    progress : callable
    budget : Budget, optional
    starts : int
        Random states that are quenched; their shares are the weights of the basins.
    searches : int
        Climbs from each minimum at least; three times as many as found the last new saddle.
    depth : float
        Height above the lowest minimum up to which minima are climbed from.
    wander : int
        One block of climbs in so many sets out from random states, 0 for none: some saddles are seen from no minimum.
    distance : float
        Tolerance of identity, in the unit of a coordinate.
    gradient : float
        Root of the mean square gradient at which a stationary point is one.

    Yields
    ------
    list of Minimum and Saddle, and an Effort last

    Raises
    ------
    InputError
        When no start leads to a minimum, with the reasons.
    """
    search = Search(landscape, budget or Budget(), seed=seed, progress=progress, tolerance=gradient, distance=distance)
    rounds = _Rounds(search, searches=searches, depth=depth, wander=wander)

    def stages(pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        yield from search.quenches(pool, starts)
        yield from search.climbs(pool, rounds.tasks(), rounds.stage)

    yield from search.run(workers, stages)


class _Rounds:
    """The order in which minima are climbed from: all a few times, then all again, until nothing new turns up."""

    def __init__(self, search: Search, *, searches: int, depth: float, wander: int) -> None:
        self.search, self.searches, self.depth, self.wander = search, searches, depth, wander

    def tasks(self) -> Iterator[Front | None]:
        """What to climb from next: the minimum with the fewest climbs, the lowest of those."""
        queue: list[tuple[int, float, str]] = []
        listed: set[str] = set()
        number = 0
        while True:
            floor = self.search.found.minima.lowest
            for key, front in self.search.fronts.items():
                if key not in listed and front.point.energy <= floor + self.depth:
                    heapq.heappush(queue, (front.asked, front.point.energy, key))
                    listed.add(key)
            chosen = self._next(queue)
            if chosen is None:
                return
            aside = self.wander and number % self.wander == self.wander - 1
            if not aside:
                chosen.asked += self.search.block
            heapq.heappush(queue, (chosen.asked, chosen.point.energy, chosen.point.key))
            yield None if aside else chosen
            number += 1

    def _next(self, queue: list[tuple[int, float, str]]) -> Front | None:
        """Take the front out of the queue that is climbed from next; None where nothing is left to be found."""
        spared: list[tuple[int, float, str]] = []
        chosen = None
        while queue and chosen is None:
            entry = heapq.heappop(queue)
            front = self.search.fronts[entry[2]]
            if front.done(self.searches):
                spared.append(entry)
            else:
                chosen = front
        if chosen is None and spared and self.search.quiet < max(QUIET * self.search.block, self.search.made // 2):
            # All have had their share; while new saddles still turn up now and then, every one has some more.
            chosen = self.search.fronts[spared.pop(0)[2]]
        if chosen is None:
            return None
        for entry in spared:
            heapq.heappush(queue, entry)
        return chosen

    def stage(self) -> tuple[str, float]:
        """Share of the minima that were climbed from often enough."""
        fronts = self.search.fronts.values()
        return "climbing", sum(front.done(self.searches) for front in fronts) / max(len(fronts), 1)
