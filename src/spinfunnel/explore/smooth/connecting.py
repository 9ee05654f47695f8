"""Map a smooth landscape by bands between minima that no known path joins, chosen by Dijkstra's algorithm.

Quenches and basin hopping find minima. Of the graph of all pairs of them, what known saddles join costs nothing, and
what is missing the more, the farther two minima are from each other and the oftener they were tried. On the cheapest
path from a low minimum to the lowest, a band is made for each missing piece, until known saddles join them.

Carr, Trygubenko, Wales, J. Chem. Phys. 122, 234903 (2005); Dijkstra, Numer. Math. 1, 269 (1959).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.bands import Band
from spinfunnel.explore.smooth.bridging import Front
from spinfunnel.explore.smooth.engine import TOLERANCE
from spinfunnel.explore.smooth.identity import DISTANCE, Catalogue, Point
from spinfunnel.explore.smooth.overlaying import at_least_apart, least_apart, signature
from spinfunnel.explore.smooth.search import Search
from spinfunnel.explore.smooth.superbasins import Superbasins
from spinfunnel.landscape import Budget, InputError, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Differentiable, Invariance

__all__ = ["Connections", "cheapest", "explore"]

Floats = NDArray[np.float64]

MOST_TRIES = 5
"""Bands between two minima before the pair is given up."""
MOST_ROUNDS = 5
"""Paths of which the pieces are overlaid before one is taken."""
MOST_NODES = 1000
"""Lowest minima among which a path is sought."""


def cheapest(cost: Floats, start: int, end: int) -> list[tuple[int, int]]:
    """Steps of the path of least cost by Dijkstra's algorithm; none where all paths cost an infinity.

    Parameters
    ----------
    cost : array (n, n)
        Of each step, not negative.

    Examples
    --------
    >>> cheapest(np.array([[0, 1, 9], [1, 0, 2], [9, 2, 0.0]]), 0, 2)
    [(0, 1), (1, 2)]
    """
    total, before = np.full(len(cost), np.inf), np.full(len(cost), -1)
    left = np.ones(len(cost), bool)
    total[start] = 0.0
    while left[end]:
        open_ones = np.where(left, total, np.inf)
        here = int(open_ones.argmin())
        if math.isinf(open_ones[here]):
            return []
        left[here] = False
        reached = total[here] + cost[here]
        nearer = left & (reached < total)
        total[nearer], before[nearer] = reached[nearer], here
    path = []
    while end != start:
        path.append((int(before[end]), end))
        end = path[-1][0]
    return path[::-1]


@dataclass(slots=True, eq=False)
class Connections:
    """The choice of which minima to lay bands between.

    Attributes
    ----------
    invariance : Invariance
    minima, saddles : Catalogue
    joins : mapping from key of saddle to keys of minima
    fronts : dict from key of minimum to Front
    low : int
        Lowest minima that are to be joined to the lowest, 0 for all.
    done : float
        Share of them that are.
    """

    invariance: Invariance
    minima: Catalogue
    saddles: Catalogue
    joins: Mapping[str, tuple[str, str]]
    fronts: dict[str, Front]
    low: int = 0
    done: float = 0.0
    superbasins: Superbasins = field(default_factory=lambda: Superbasins(math.inf))
    _seen: int = 0
    _nodes: list[Point] = field(default_factory=list)
    _number: dict[str, int] = field(default_factory=dict)
    _signs: NDArray[np.inexact] = field(default_factory=lambda: np.zeros((0, 0)))
    _apart: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _known: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))
    _tried: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def tasks(self) -> Iterator[Band]:
        """Bands to be made, until all that is wanted is joined or given up; what was found has to be entered."""
        given_up: set[str] = set()
        while True:
            wanted = [key for key in self._unjoined() if key not in given_up]
            if not wanted:
                return
            for key in wanted:
                self._catch_up()
                if self.superbasins.of(key) is self.superbasins.of(self.minima.floor.key):
                    continue
                missing = self._missing(key)
                if not missing:
                    given_up.add(key)
                for one, other in missing:
                    tried = int(self._tried[one, other])
                    self._tried[one, other] = self._tried[other, one] = tried + 1
                    near = self._nodes[one]
                    yield Band(self.fronts.setdefault(near.key, Front(near)), self._nodes[other], tried)

    def _unjoined(self) -> list[str]:
        """Wanted minima without a known path to the lowest, the lowest first."""
        self._catch_up()
        points = sorted(self.minima.points, key=lambda each: (each.energy, each.key))
        wanted = points[: self.low or MOST_NODES]
        floor = self.superbasins.of(self.minima.floor.key)
        left = [point.key for point in wanted if point.key not in floor]
        self.done = 1.0 - len(left) / len(wanted)
        new = [point for point in points[:MOST_NODES] if point.key not in self._number]
        if new:
            self._add(new)
        return left

    def _missing(self, key: str) -> list[tuple[int, int]]:
        """Pairs on the cheapest path from the lowest minimum that no known saddles join.

        Distances are only known from below until two minima are overlaid, which is done for those on the path alone:
        once all of its distances are known it is the cheapest, since others cost no less than is known of them. After
        `MOST_ROUNDS` of overlaying it is taken as it is.
        """
        if self.minima.floor.key not in self._number:
            self._add([self.minima.floor])
        _, superbasin = np.unique([id(self.superbasins.of(point.key)) for point in self._nodes], return_inverse=True)
        joined = superbasin[:, None] == superbasin
        start, end = self._number[self.minima.floor.key], self._number[key]
        cost = np.where(joined, 0.0, self._apart**2 * (1 + self._tried))
        cost[~joined & (self._tried >= MOST_TRIES)] = np.inf
        for number in range(MOST_ROUNDS + 1):
            path = [pair for pair in cheapest(cost, start, end) if not joined[pair]]
            rough = [pair for pair in path if not self._known[pair]]
            if not rough or number == MOST_ROUNDS:
                break
            for one, other in rough:
                self._measure(one, other)
                cost[one, other] = cost[other, one] = self._apart[one, other] ** 2 * (1 + self._tried[one, other])
        return path

    def _measure(self, one: int, other: int) -> None:
        one, other = min(one, other), max(one, other)
        apart = least_apart(self.invariance, self._nodes[one].position, self._nodes[other].position)
        self._apart[one, other] = self._apart[other, one] = apart
        self._known[one, other] = self._known[other, one] = True

    def _add(self, points: list[Point]) -> None:
        """Take in minima among which paths are sought."""
        for point in points:
            self._number[point.key] = len(self._number)
        old, width = len(self._nodes), len(points)
        self._nodes += points
        signs = np.array([signature(self.invariance, point.position) for point in points])
        self._signs = np.concatenate([self._signs, signs]) if old else signs
        around = ((0, width), (0, width))
        self._apart, self._known = np.pad(self._apart, around), np.pad(self._known, around)
        self._tried = np.pad(self._tried, around)
        self._apart[old:] = at_least_apart(self.invariance, signs, self._signs)
        self._apart[:, old:] = self._apart[old:].T

    def _catch_up(self) -> None:
        """Take in the saddles that were found since the last time."""
        for point in self.saddles.points[self._seen :]:
            self.superbasins.add(point.energy, self.joins[point.key])
        self._seen = len(self.saddles.points)


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    starts: int = 40,
    hops: int = -1,
    low: int = 0,
    temperature: float = 0.8,
    distance: float = DISTANCE,
    gradient: float = TOLERANCE,
) -> Iterator[list[Record]]:
    """Map the minima of a smooth landscape and paths between them by elastic bands.

    Parameters
    ----------
    landscape : Differentiable
    seed, workers, progress, budget
        As for `climbing.explore`.
    starts, hops, temperature
        As for `joining.explore`.
    low : int
        Lowest minima that are to be joined to the lowest, 0 for all, of which there may be 1000.
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
        When no start leads to a minimum, with the reasons; for a temperature that is not above 0.
    """
    if low < 0 or low > MOST_NODES:
        raise InputError(f"low={low} minima cannot be joined: give 0 for all, or up to {MOST_NODES}")
    search = Search(landscape, budget or Budget(), seed=seed, progress=progress, tolerance=gradient, distance=distance)
    found, opening = search.found, search.opening(starts, hops=hops, temperature=temperature)
    wanted = Connections(landscape.invariance, found.minima, found.saddles, found.joins, search.fronts, low)

    def stages(pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        yield from opening(pool)
        known = -1
        # Once more where the last bands, under way when all was given up, brought something new.
        while known != len(found.saddles.points):
            known = len(found.saddles.points)
            yield from search.climbs(pool, wanted.tasks(), lambda: ("connecting", wanted.done))

    yield from search.run(workers, stages)
