"""One exploration of a smooth landscape under way: quenches, hops and climbs, run in parallel and entered in order."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spinfunnel.explore.smooth.bands import Band, climb_from_band
from spinfunnel.explore.smooth.bridging import Bridge, Front, between
from spinfunnel.explore.smooth.engine import TOLERANCE, Climbs, Engine
from spinfunnel.explore.smooth.heating import COLD, heat, is_chain
from spinfunnel.explore.smooth.hopping import hop
from spinfunnel.explore.smooth.identity import DISTANCE, Point
from spinfunnel.explore.smooth.point_catalogue import Collection, record_of
from spinfunnel.landscape import Budget, Clock, Effort, InputError, Progress, Record
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["Front", "Search"]

Floats = NDArray[np.float64]
Task = Front | Bridge | Band | None
"""What to climb from."""

BLOCK, SLOW_BLOCK, COSTLY_BLOCK = 24, 3, 1
"""Climbs from one minimum that are made in one go; fewer where there is no compiled energy, or not even a Hessian."""
STARTS, SLOW_STARTS, COSTLY_STARTS = 25, 8, 2
"""Quenches that are made in one go."""
HOPS_A_ROUND = 100
"""Hops for which a chain makes one round of dynamics (see `heating`), in about a third of their time."""
FOLDING, HALF = 0.4, 0.5
"""Share of a budget after which the dynamics of a chain end, and share of them after which descents are counted."""
CHAIN_STEPS = 80
"""Steps of a climb of a chain before it is given up. With 300 of them three climbs of the 46-bead protein find a saddle
where two do with these, in one and a half to three times the time for each saddle."""
QUENCHING = 0.25
"""Share of a budget in seconds after which no more random starts are quenched: without climbs there is no map."""
RANDOM_CHAINS = 8
"""Random chains that are quenched at most before hops: what is counted are descents from folded ones."""
HOPS = 200
"""Steps of basin hopping for each coordinate."""
AHEAD = 6
"""Blocks that are under way while their forerunners are entered: the same for any number of workers, so that what is
searched next does not depend on it."""


class Search:
    """What was found so far, and how more is found.

    Attributes
    ----------
    found : Collection
    fronts : dict from key of minimum to Front
    hits : Counter
        Random starts that ended in each minimum.
    outcome : {"finished", "out of budget"}
    made, quiet : int
        Climbs, and how many of them since one last found a new saddle.
    """

    def __init__(
        self,
        landscape: Differentiable,
        budget: Budget,
        *,
        seed: int,
        progress: Progress,
        tolerance: float = TOLERANCE,
        distance: float = DISTANCE,
    ) -> None:
        self.clock = Clock(budget, lambda: self.found.evaluations)
        self.engine = Engine(landscape, tolerance=tolerance, distance=distance, deadline=self.clock.deadline())
        if is_chain(landscape):
            self.engine.most_steps = CHAIN_STEPS
        self.seed, self.progress = seed, progress
        self.found = Collection(self.engine)
        self.fronts: dict[str, Front] = {}
        self.hits: Counter[str] = Counter()
        self.quiet = self.made = 0
        self.block, self._starts = BLOCK, STARTS
        if landscape.kernel is None:
            costly = self.engine.costly
            self.block, self._starts = (COSTLY_BLOCK, COSTLY_STARTS) if costly else (SLOW_BLOCK, SLOW_STARTS)
        self._number = self._quenched = 0
        self._settled = False
        self._reported = 0.0

    def weight(self, point: Point) -> float:
        """Share of the random starts that ended in a minimum."""
        return self.hits[point.key] / max(sum(self.hits.values()), 1)

    def spent(self) -> bool:
        """Whether the budget is used up; the outcome then says so."""
        return self.clock.over()

    def run(
        self, workers: int, stages: Callable[[ThreadPoolExecutor], Iterator[list[Record]]]
    ) -> Iterator[list[Record]]:
        """Yield what the stages of a search find on so many threads, and the last records."""
        # Matrices are small: threads of the linear algebra would only wait for each other.
        with ThreadPoolExecutor(workers) as pool, threadpool_limits(limits=1):
            try:
                yield from stages(pool)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        yield self._ending()

    def opening(
        self, starts: int, *, hops: int, temperature: float
    ) -> Callable[[ThreadPoolExecutor], Iterator[list[Record]]]:
        """Quenches of random states, then basin hopping: how explorers of low minima begin.

        Parameters
        ----------
        starts : int
            Random states; of a chain at most eight.
        hops : int
            -1 for 200 for each coordinate.
        temperature : float

        Raises
        ------
        InputError
            At once, for a temperature that is not above 0.
        """
        if not temperature > 0.0:
            raise InputError(f"hops at a temperature of {temperature} find nothing: give one above 0")
        landscape = self.engine.landscape
        some = min(starts, RANDOM_CHAINS) if is_chain(landscape) else starts
        many = HOPS * landscape.dimension if hops < 0 else hops

        def stages(pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
            yield from self.quenches(pool, some)
            yield from self.hops(pool, many, temperature)

        return stages

    def quenches(self, pool: ThreadPoolExecutor, starts: int) -> Iterator[list[Record]]:
        """Quench random states.

        Raises
        ------
        InputError
            When none leads to a minimum, with the reasons.
        """
        blocks = -(-starts // self._starts)

        def one(block: int) -> tuple[Floats, Floats, Floats, int]:
            generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, block)))
            count = min(self._starts, starts - block * self._starts)
            return self.engine.quench(self.engine.landscape.starts(generator, count))

        for number, (x, energy, size, spent) in enumerate(_in_order(pool, one, self._early(range(blocks)))):
            self.found.evaluations += spent
            self._quenched += len(x)
            for row in range(len(x)):
                point = self.found.minimum(x[row], float(energy[row]), float(size[row]))
                if point is not None:
                    self.hits[point.key] += 1
            self.progress(f"quenching, {len(self.found.minima.points)} minima", (number + 1) / blocks)
        late = self.clock.left() <= 0.0
        self.found.refuse_if_empty(f"{self._quenched} random starts", late=late)
        yield self.found.news(weight=self.weight)

    def hops(self, pool: ThreadPoolExecutor, hops: int, temperature: float) -> Iterator[list[Record]]:
        """Enter low minima that basin hopping finds, or of a chain dynamics, a round for every `HOPS_A_ROUND` hops."""
        done = 0
        if self.spent():
            return
        chain = is_chain(self.engine.landscape)
        stage, whole = ("folding", hops // HOPS_A_ROUND) if chain else ("hopping", hops)
        for positions, spent, made in self._low(pool, whole, temperature, chain=chain):
            self.found.evaluations += spent
            points = self.found.enter_rough(positions)
            done += made
            share = max(done / whole, self.clock.used() / FOLDING if chain else 0.0)
            if chain:
                self._count_descents(points[:COLD], settled=share > HALF)
            self.progress(f"{stage}, {len(self.found.minima.points)} minima", min(share, 1.0))
            yield self.found.news(weight=self.weight)
            if share >= 1.0 or self.spent():
                return

    def _count_descents(self, points: list[Point | None], *, settled: bool) -> None:
        """Weigh minima of a chain by what the cold replicas descend to, in the second half of the dynamics.

        Random chains end as coils, each in a minimum of its own, which no folded chain is ever in.
        """
        if settled and not self._settled:
            self.hits.clear()
            self._settled = True
        if settled:
            self.hits.update(point.key for point in points if point is not None)

    def _low(
        self, pool: ThreadPoolExecutor, steps: int, temperature: float, *, chain: bool
    ) -> Iterator[tuple[Floats, int, int]]:
        if chain:
            yield from heat(self.engine, pool, seed=self.seed, rounds=steps, temperature=temperature)
            return
        for positions, _, spent, made in hop(self.engine, pool, seed=self.seed, hops=steps, temperature=temperature):
            yield positions, spent, made

    def climbs(
        self, pool: ThreadPoolExecutor, tasks: Iterator[Task], describe: Callable[[], tuple[str, float]]
    ) -> Iterator[list[Record]]:
        """Climb from minima, between two, from a band, or from states quenched half the way where a task is None.

        Parameters
        ----------
        pool : ThreadPoolExecutor
        tasks : iterator of Front, Bridge, Band or None
            Asked for the next block when the one `AHEAD` before it was entered.
        describe : callable
            Stage, and the share of it that is done.
        """
        for point in self.found.minima.points:
            self.fronts.setdefault(point.key, Front(point))
        numbered = ((front, self._count()) for front in self._unless_spent(tasks))
        for done, (front, climbs) in enumerate(_in_order(pool, self._climb, numbered)):
            self._enter(front, climbs)
            if done % 32 == 31:
                self._report(describe)
                yield self.found.news(weight=self.weight)
        yield self.found.news(weight=self.weight)

    def _ending(self) -> list[Record]:
        """Last records: every minimum with its weight, and the effort."""
        share = self.weight
        last: list[Record] = [record_of(point, weight=share(point), visits=0) for point in self.found.minima.points]
        effort = Effort(self.found.evaluations, self.clock.outcome, dict(self.found.failures))
        return [*self.found.news(weight=share), *last, effort]

    def _count(self) -> int:
        self._number += 1
        return self._number - 1

    def _early(self, blocks: range) -> Iterator[int]:
        """Blocks of quenches: one, and more for a share of the time."""
        until = self.clock.deadline(QUENCHING)
        for block in self._unless_spent(blocks):
            if block and time.perf_counter() > until:
                return
            yield block

    def _unless_spent(self, tasks: Any) -> Iterator[Any]:
        for task in tasks:
            if self.spent():
                return
            yield task

    def _climb(self, task: tuple[Task, int]) -> tuple[Front | None, Climbs]:
        front, number = task
        engine = self.engine
        generator = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(1, number)))
        if isinstance(front, Band):
            return front.front, climb_from_band(engine, front, generator)
        if isinstance(front, Bridge):
            return front.front, engine.climb(*between(front, generator, self.block))
        if front is not None:
            return front, engine.climb(*self._setting_out(front.point.position, generator))
        position = engine.landscape.starts(generator, self.block)
        position, _, _, spent = engine.quench(position, most=int(generator.integers(4, 30)))
        climbs = engine.climb(position, generator.standard_normal(position.shape))
        return None, dataclasses.replace(climbs, evaluations=climbs.evaluations + spent)

    def _setting_out(self, position: Floats, generator: np.random.Generator) -> tuple[Floats, Floats]:
        """Positions and directions of a block of climbs."""
        d, step = len(position), self.engine.landscape.step
        direction = generator.standard_normal((self.block, d))
        reach = step * generator.choice([0.2, 1.0, 2.0, 3.0, 4.5], self.block)
        if self.engine.landscape.invariance.of_atoms and d > 12:
            atoms = position.reshape(-1, 3)
            centre = atoms[generator.integers(len(atoms), size=self.block)]
            square = ((atoms[None] - centre[:, None]) ** 2).sum(axis=2)
            # Around one atom, over a range from itself alone to the whole cluster.
            width = generator.choice([0.6, 1.0, 2.0], self.block)[:, None] * math.sqrt(np.median(_nearest(atoms)))
            direction *= np.repeat(np.exp(-square / width**2), 3, axis=1)
        return position + reach[:, None] * direction, direction / np.linalg.norm(direction, axis=1, keepdims=True)

    def _enter(self, front: Front | None, climbs: Climbs) -> None:
        self.found.evaluations += climbs.evaluations
        for row in range(len(climbs.outcome)):
            found = self.found.saddle(climbs, row, start=None if front is None else front.point.key)
            if front is not None:
                front.made += 1
            self.quiet += 1
            self.made += 1
            if found is None or not found[1]:
                continue
            self.quiet = 0
            joined = self.found.joins[found[0].key]
            if front is not None and front.point.key in joined:
                front.last = front.made
            for key in joined:
                if key not in self.fronts:
                    self.fronts[key] = Front(self.found.minima[key])

    def _report(self, describe: Callable[[], tuple[str, float]]) -> None:
        now = time.perf_counter()
        if now - self._reported < 0.2:
            return
        self._reported = now
        stage, done = describe()
        done = max(done, self.clock.used())
        found = self.found
        said = f"{stage}, {len(found.minima.points)} minima, {len(found.saddles.points)} saddles"
        self.progress(said, min(done, 1.0))


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
