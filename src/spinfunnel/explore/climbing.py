"""Map a smooth landscape from minima over saddles to minima: random quenches, then climbs from every minimum.

Quenches from random states find minima and how much of the space drains to each. From every minimum climbs set out in
random directions, near and far, until they find nothing new, and some from states that were quenched half the way; each
saddle is followed down both ways, and the minima found there are climbed from in turn. Every point is refined by
Newton's method and proven by its gradient and the index of its Hessian; what fails is not kept, and is counted by its
reason.

Wales, Energy Landscapes (Cambridge, 2003), ch. 6; Tsai, Jordan, J. Phys. Chem. 97, 11227 (1993).
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..landscape import Budget, Effort, Progress, Record, no_progress
from ..smooth import Differentiable
from .engine import TOLERANCE, Climbs, Engine
from .hopping import hop
from .identity import DISTANCE, Point
from .stationary_points import Collection, record_of

__all__ = ["explore"]

Floats = NDArray[np.float64]

BLOCK, SLOW_BLOCK = 24, 3
"""Climbs from one minimum that are made in one go; fewer where there is no compiled energy."""
STARTS_A_BLOCK = 25
QUIET = 6000
"""Climbs in a row without a new saddle that end a search at the earliest; half of all that were made, where more."""
SMALL, HOPS = 60, 200
"""Coordinates up to which quenches and climbs find every low minimum; hops for each coordinate of larger ones."""
AHEAD = 6
"""Blocks that are under way while their forerunners are entered: the same for any number of workers, so that what is
searched next does not depend on it."""


@dataclass(slots=True)
class _Front:
    """How a minimum stands: climbs made from it, and how many of them there were when one last found something new."""

    point: Point
    made: int = 0
    asked: int = 0
    last: int = 0

    def done(self, searches: int) -> bool:
        return self.made >= max(searches, 3 * self.last)


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
    hops: int = -1,
    temperature: float = 0.8,
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
    hops : int
        Steps of basin hopping before the climbs; -1 chooses: none for up to 60 coordinates, 200 for each of more.
    temperature : float
        Of the basin hopping, in the unit of the energy (see `hopping.explore`).
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
    limits = budget or Budget()
    engine = Engine(landscape, tolerance=gradient, distance=distance)
    search = _Search(engine, limits, seed=seed, searches=searches, depth=depth, wander=wander, progress=progress)
    # Matrices are small: threads of the linear algebra would only wait for each other.
    with ThreadPoolExecutor(workers) as pool, threadpool_limits(limits=1):
        try:
            yield from search.quenches(pool, starts)
            if hops < 0:
                hops = HOPS * landscape.dimension if landscape.dimension > SMALL else 0
            yield from search.hops(pool, hops, temperature)
            yield from search.climbs(pool)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    share = search.weight
    last: list[Record] = [record_of(p, weight=share(p), visits=0) for p in search.found.minima.points]
    yield [*search.found.news(weight=share), *last, Effort(search.found.evaluations, search.outcome)]


class _Search:
    """One exploration under way."""

    def __init__(
        self,
        engine: Engine,
        budget: Budget,
        *,
        seed: int,
        searches: int,
        depth: float,
        wander: int,
        progress: Progress,
    ) -> None:
        self.engine, self.seed, self.progress = engine, seed, progress
        self.searches, self.depth, self.wander = searches, depth, wander
        self.block = BLOCK if engine.landscape.kernel is not None else SLOW_BLOCK
        self.found = Collection(engine)
        self.fronts: dict[str, _Front] = {}
        self.hits: Counter[str] = Counter()
        self.quiet = self.made = 0
        self.outcome: Any = "finished"
        self._deadline, self._most = budget.deadline(), budget.evaluations or math.inf
        self._began, self._told = time.perf_counter(), 0.0

    def weight(self, point: Point) -> float:
        """Share of the random starts that ended in a minimum."""
        return self.hits[point.key] / max(sum(self.hits.values()), 1)

    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.found.out_of(deadline=self._deadline, most=self._most)

    def quenches(self, pool: ThreadPoolExecutor, starts: int) -> Iterator[list[Record]]:
        blocks = -(-starts // STARTS_A_BLOCK)

        def one(block: int) -> tuple[Floats, Floats, Floats, int]:
            generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, block)))
            count = min(STARTS_A_BLOCK, starts - block * STARTS_A_BLOCK)
            return self.engine.quench(self.engine.landscape.starts(generator, count))

        for number, (x, energy, size, spent) in enumerate(_in_order(pool, one, iter(range(blocks)))):
            self.found.evaluations += spent
            for row in range(len(x)):
                point = self.found.minimum(x[row], float(energy[row]), float(size[row]))
                if point is not None:
                    self.hits[point.key] += 1
            self.progress(f"quenching, {len(self.found.minima.points)} minima", (number + 1) / blocks)
            if self.spent():
                self.outcome = "out of budget"
                break
        self.found.refuse_if_empty(f"{starts} random starts")
        yield self.found.news(weight=self.weight)

    def hops(self, pool: ThreadPoolExecutor, hops: int, temperature: float) -> Iterator[list[Record]]:
        """Enter low minima that basin hopping finds."""
        done = 0
        for positions, _, spent, made in hop(self.engine, pool, seed=self.seed, hops=hops, temperature=temperature):
            self.found.evaluations += spent
            self.found.enter_rough(positions)
            done += made
            self.progress(f"hopping, {len(self.found.minima.points)} minima", min(done / hops, 1.0))
            yield self.found.news(weight=self.weight)
            if self.spent():
                self.outcome = "out of budget"
                return

    def climbs(self, pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        for point in self.found.minima.points:
            self.fronts[point.key] = _Front(point)

        def one(task: tuple[_Front | None, int]) -> tuple[_Front | None, Climbs]:
            front, number = task
            generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(1, number)))
            if front is not None:
                return front, self.engine.climb(*self._setting_out(front.point.position, generator))
            position = self.engine.landscape.starts(generator, self.block)
            position, _, _, spent = self.engine.quench(position, most=int(generator.integers(4, 30)))
            climbs = self.engine.climb(position, generator.standard_normal(position.shape))
            return None, dataclasses.replace(climbs, evaluations=climbs.evaluations + spent)

        for done, (front, climbs) in enumerate(_in_order(pool, one, self._tasks())):
            self._enter(front, climbs)
            if done % 32 == 31:
                self._tell()
                yield self.found.news(weight=self.weight)
        yield self.found.news(weight=self.weight)

    def _tasks(self) -> Iterator[tuple[_Front | None, int]]:
        """What to climb from next: the minimum with the fewest climbs, the lowest of those."""
        number = 0
        queue: list[tuple[int, float, str]] = []
        listed: set[str] = set()
        while True:
            if self.outcome != "finished" or self.spent():
                self.outcome = "out of budget"
                return
            floor = self.found.minima.lowest
            for key, front in self.fronts.items():
                if key not in listed and front.point.energy <= floor + self.depth:
                    heapq.heappush(queue, (front.asked, front.point.energy, key))
                    listed.add(key)
            chosen = self._next(queue)
            if chosen is None:
                return
            if self.wander and number % self.wander == self.wander - 1:
                heapq.heappush(queue, (chosen.asked, chosen.point.energy, chosen.point.key))
                yield None, number
                number += 1
                continue
            chosen.asked += self.block
            heapq.heappush(queue, (chosen.asked, chosen.point.energy, chosen.point.key))
            yield chosen, number
            number += 1

    def _next(self, queue: list[tuple[int, float, str]]) -> _Front | None:
        """Take the front out of the queue that is climbed from next; None where nothing is left to be found."""
        spared: list[tuple[int, float, str]] = []
        chosen = None
        while queue and chosen is None:
            entry = heapq.heappop(queue)
            front = self.fronts[entry[2]]
            if front.done(self.searches):
                spared.append(entry)
            else:
                chosen = front
        if chosen is None and spared and self.quiet < max(QUIET, self.made // 2):
            # All have had their share; while new saddles still turn up now and then, every one has some more.
            chosen = self.fronts[spared.pop(0)[2]]
        if chosen is None:
            return None
        for entry in spared:
            heapq.heappush(queue, entry)
        return chosen

    def _setting_out(self, position: Floats, generator: np.random.Generator) -> tuple[Floats, Floats]:
        """Positions and directions of a block of climbs."""
        d, step = len(position), self.engine.landscape.step
        direction = generator.standard_normal((self.block, d))
        reach = step * generator.choice([0.2, 1.0, 2.0, 3.0, 4.5], self.block)
        if self.engine.landscape.invariance.kind == "atoms" and d > 12:
            atoms = position.reshape(-1, 3)
            centre = atoms[generator.integers(len(atoms), size=self.block)]
            square = ((atoms[None] - centre[:, None]) ** 2).sum(axis=2)
            # Around one atom, over a range from itself alone to the whole cluster.
            width = generator.choice([0.6, 1.0, 2.0], self.block)[:, None] * math.sqrt(np.median(_nearest(atoms)))
            direction *= np.repeat(np.exp(-square / width**2), 3, axis=1)
        return position + reach[:, None] * direction, direction / np.linalg.norm(direction, axis=1, keepdims=True)

    def _enter(self, front: _Front | None, climbs: Climbs) -> None:
        self.found.evaluations += climbs.evaluations
        for row in range(len(climbs.outcome)):
            found = self.found.saddle(climbs, row)
            if front is not None:
                front.made += 1
            self.quiet += 1
            self.made += 1
            if found is None or not found[1]:
                continue
            self.quiet = 0
            saddle = found[0]
            if front is not None and front.point.key in self.found.joins[saddle.key]:
                front.last = front.made
            for key in self.found.joins[saddle.key]:
                if key not in self.fronts:
                    self.fronts[key] = _Front(self.found.minima[key])

    def _tell(self) -> None:
        if time.perf_counter() - self._told < 0.2:
            return
        self._told = time.perf_counter()
        done = sum(front.done(self.searches) for front in self.fronts.values()) / max(len(self.fronts), 1)
        if math.isfinite(self._deadline):
            done = max(done, (self._told - self._began) / (self._deadline - self._began))
        found = self.found
        self.progress(
            f"climbing, {len(found.minima.points)} minima, {len(found.saddles.points)} saddles", min(done, 1.0)
        )


def _nearest(atoms: Floats) -> Floats:
    """Squared distance of each atom from the next."""
    square = ((atoms[:, None] - atoms[None]) ** 2).sum(axis=2)
    np.fill_diagonal(square, np.inf)
    return np.asarray(square.min(axis=1))


def _in_order(pool: ThreadPoolExecutor, work: Callable[[Any], Any], tasks: Iterator[Any]) -> Iterator[Any]:
    """Results of tasks in their order; a task is drawn only when the one `AHEAD` before it has been answered."""
    waiting: deque[Future[Any]] = deque()
    for task in tasks:
        waiting.append(pool.submit(work, task))
        if len(waiting) == AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
