"""Every stationary point of a smooth landscape of low or middle dimension, whatever its index.

From random states, and from the neighbourhood of what was found, the size of the gradient is lowered to nothing by
damped Gauss-Newton steps. Where that ends, the point is refined, proven by its gradient and the index of its Hessian,
and followed down along each of its negative modes to the minima below. The search goes on until as many starts again
have brought nothing new.

Levenberg, Q. Appl. Math. 2, 164 (1944); Marquardt, SIAM J. Appl. Math. 11, 431 (1963); on energy landscapes Broderix,
Bhattacharya, Cavagna, Zippelius, Giardina, Phys. Rev. Lett. 85, 5360 (2000).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spinfunnel.explore.smooth.engine import TOLERANCE, Engine, Proof
from spinfunnel.explore.smooth.identity import DISTANCE, Catalogue, Point
from spinfunnel.explore.smooth.point_catalogue import Collection, nothing_found, record_of
from spinfunnel.landscape import Budget, Clock, Effort, InputError, Progress, Record, Saddle, no_progress
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["descend_gradient", "explore"]

Floats = NDArray[np.float64]

BLOCK = 32
"""Starts that are followed together."""
ROUND = 4
"""Blocks whose starts are chosen together: the same for any number of workers, so that the search does not depend on
it."""
MOST_STEPS = 150
MOST_COORDINATES = 300
"""Hessians are diagonalised at every step."""
LARGEST_DAMPING = 1e12


def descend_gradient(
    landscape: Differentiable, start: Floats, *, tolerance: float = 1e-10, deadline: float = math.inf
) -> tuple[Floats, Floats, int]:
    """Lower the size of the gradient from positions (B, D) until it vanishes, or no more.

    Steps are ``-sum_k v_k c_k l_k / (l_k^2 + d)`` over eigenvalues l and eigenvectors v of the Hessian, c the gradient
    along them; the damping d falls after steps that lower the gradient's size, and rises instead of those that do not.
    At the deadline, a reading of `time.perf_counter`, all end where they are.

    Returns
    -------
    position : array (B, D)
    size : array (B,)
        Root mean square of the gradient; inf where energies are no numbers.
    evaluations : int

    Examples
    --------
    >>> from spinfunnel.systems import himmelblau
    >>> position, size, _ = descend_gradient(himmelblau(), np.array([[-0.2, -0.8]]))
    >>> position.round(6).tolist(), bool(size[0] < 1e-10)
    ([[-0.270845, -0.923039]], True)
    """
    x = np.array(start, np.float64)
    width = x.shape[1]
    reach = 4.0 * landscape.step * math.sqrt(width)
    with np.errstate(all="ignore"):
        energy, gradient = landscape.energy_and_gradient(x)
        size = _size(energy, gradient)
        damping = np.full(len(x), 1e-3)
        active = np.isfinite(size)
        spent = len(x)
        modes = np.zeros((len(x), width, width))
        curvature = np.zeros((len(x), width))
        stale = np.ones(len(x), bool)
        for _ in range(MOST_STEPS):
            active &= (size > tolerance * (1.0 + np.abs(energy))) & (damping < LARGEST_DAMPING)
            rows = np.flatnonzero(active)
            if not len(rows) or time.perf_counter() >= deadline:
                break
            renewed = rows[stale[rows]]
            if len(renewed):
                hessian = _on_surface(landscape, x[renewed])
                spent += len(renewed)
                sound = np.isfinite(hessian).all(axis=(1, 2))
                active[renewed[~sound]] = False
                curvature[renewed[sound]], modes[renewed[sound]] = np.linalg.eigh(hessian[sound])
                stale[renewed] = False
                rows = rows[active[rows]]
            scale = (curvature[rows] ** 2).mean(axis=1)
            along = np.einsum("bij,bi->bj", modes[rows], gradient[rows])
            along *= -curvature[rows] / (curvature[rows] ** 2 + (damping[rows] * scale)[:, None])
            step = np.einsum("bij,bj->bi", modes[rows], along)
            length = np.linalg.norm(step, axis=1)
            step *= np.minimum(1.0, reach / np.maximum(length, 1e-300))[:, None]
            place = x[rows] + step
            place = landscape.invariance.returned(place, like=x[rows])
            found = landscape.energy_and_gradient(place)
            spent += len(rows)
            there = _size(*found)
            better = there < size[rows]
            kept = rows[better]
            x[kept] = place[better]
            energy[kept], gradient[kept], size[kept] = found[0][better], found[1][better], there[better]
            stale[kept] = True
            damping[rows] = np.where(better, np.maximum(damping[rows] * 0.2, 1e-14), damping[rows] * 8.0)
    return x, size, spent


def _on_surface(landscape: Differentiable, x: Floats) -> Floats:
    """Hessians at x; on the sphere, within it: elsewhere than at stationary points the length has curvature too."""
    return landscape.invariance.on_surface(x, landscape.hessian(x))


def _size(energy: Floats, gradient: Floats) -> Floats:
    size = np.sqrt((gradient**2).mean(axis=1))
    return np.where(np.isfinite(energy) & np.isfinite(size), size, np.inf)


@dataclass(slots=True, eq=False)
class _Points:
    """What was found, by index; minima are those of the collection."""

    engine: Engine
    minima: Collection
    every: Catalogue
    saddles: dict[int, Catalogue] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    news: list[Record] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self.minima.minima.points) + sum(len(catalogue.points) for catalogue in self.saddles.values())

    @property
    def positions(self) -> list[Floats]:
        """Positions of all points."""
        catalogues = [self.minima.minima, *self.saddles.values()]
        return [point.position for catalogue in catalogues for point in catalogue.points]

    def enter(self, position: Floats) -> None:
        """Prove the end of a search and enter it, with the minima below it."""
        energy = float(self.engine.landscape.energy_and_gradient(position[None])[0][0])
        if self.every.find(position, energy) is not None:
            return
        self.every.add(position, energy)
        curvature = self.engine.curvatures(position)
        index = int((curvature < 0.0).sum())
        if index == 0:
            # Its own gradient vanishes; a quench from there would add nothing.
            self.minima.minimum(position, energy, 0.0)
            return
        catalogue = self.saddles.setdefault(
            index, Catalogue(self.engine.landscape.invariance, self.engine.distance, self.engine.same_energy)
        )
        known = catalogue.find(position, energy)
        if known is not None:
            known.visits += 1
            return
        proof = self.engine.prove(position, index=index)
        if isinstance(proof, str):
            self.failures[proof] += 1
            return
        below = self._below(proof)
        if not below:
            self.failures["no way down ends in a minimum"] += 1
            return
        point = catalogue.add(proof.position, proof.energy)
        point.log_volume, point.visits = proof.log_volume, 1
        names = tuple(dict.fromkeys(minimum.key for minimum in below))
        self.news.append(_record(point, names if len(names) > 1 else names * 2, index))

    def _below(self, proof: Proof) -> list[Point]:
        """Minima to which the ways down along the negative modes lead."""
        landscape = self.engine.landscape
        values, vectors = np.linalg.eigh(landscape.hessian(proof.position[None])[0])
        down = vectors[:, : proof.index].T[np.argsort(values[: proof.index])]
        away = 0.05 * landscape.step * math.sqrt(len(proof.position)) * np.concatenate([down, -down])
        x, energy, size, spent = self.engine.quench(proof.position + away)
        self.minima.evaluations += spent
        ends = [self.minima.minimum(x[row], float(energy[row]), float(size[row])) for row in range(len(x))]
        return [end for end in ends if end is not None]

    def records(self, hits: Counter[str]) -> list[Record]:
        """Records since the last call, minima first."""
        total = max(sum(hits.values()), 1)
        found = self.minima.news(weight=lambda point: hits[point.key] / total) + self.news
        self.news = []
        return found


def _record(point: Point, minima: tuple[str, ...], index: int) -> Saddle:
    return Saddle(
        f"{point.key}:{index}" if index > 1 else point.key,
        point.energy,
        minima,
        index=index,
        bound="upper",
        state=point.position.astype("<f8").tobytes(),
        log_volume=point.log_volume,
    )


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    starts: int = 512,
    distance: float = DISTANCE,
    gradient: float = TOLERANCE,
) -> Iterator[list[Record]]:
    """Find every stationary point.

    Parameters
    ----------
    landscape : Differentiable
        Of at most 300 coordinates.
    seed : int
    workers : int
        Threads. Within a budget of seconds their number decides how much is found; else it changes nothing.
    progress : callable
    budget : Budget, optional
    starts : int
        Starts at least, half of them random and half near points found before; twice as many as found the last new
        point.
    distance : float
        Tolerance of identity, in the unit of a coordinate.
    gradient : float
        Root of the mean square gradient at which a stationary point is one.

    Yields
    ------
    list of Minimum and Saddle (of every index), and an Effort last
        Weights of minima are their shares of the quenches from the random starts.

    Raises
    ------
    InputError
        For a landscape of more coordinates, or when no start leads to a minimum, with the reasons.
    """
    if landscape.dimension > MOST_COORDINATES:
        raise InputError(
            f"{landscape.name} has {landscape.dimension} coordinates; every stationary point is sought for at most "
            f"{MOST_COORDINATES}: use --explorer climbing"
        )
    clock = Clock(budget)
    engine = Engine(landscape, tolerance=gradient, distance=distance, deadline=clock.deadline())
    points = _Points(engine, Collection(engine), Catalogue(landscape.invariance, distance, engine.same_energy))
    search = _Rounds(points, clock, seed=seed, starts=starts, progress=progress)
    # Matrices are small: threads of the linear algebra would only wait for each other.
    with ThreadPoolExecutor(workers) as pool, threadpool_limits(limits=1):
        yield from search.run(pool)
    if not points.minima.minima.points:
        _nothing(points, search.made)
    yield search.ending()


class _Rounds:
    """Blocks of starts until as many again have brought nothing new."""

    def __init__(self, points: _Points, clock: Clock, *, seed: int, starts: int, progress: Progress) -> None:
        self.points, self.seed, self.starts, self.progress, self.clock = points, seed, starts, progress, clock
        clock.evaluations = lambda: points.minima.evaluations
        self.hits: Counter[str] = Counter()
        self.made = self.last = 0

    def run(self, pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        """Make rounds, and tell what each found."""
        points, engine = self.points, self.points.engine
        turn = 0
        while self.made < max(self.starts, 2 * self.last):
            if self.clock.over():
                return
            blocks = range(turn * ROUND, (turn + 1) * ROUND)
            for answer in pool.map(partial(_block, engine, points.positions, self.seed), blocks):
                before = points.count
                _enter(points, self.hits, answer)
                self.made += BLOCK
                self.last = self.made if points.count > before else self.last
            turn += 1
            done = self.made / max(self.starts, 2 * self.last)
            self.progress(f"{points.count} stationary points", min(done, 1.0))
            yield points.records(self.hits)

    def ending(self) -> list[Record]:
        """Last records: every minimum with its weight, and the effort."""
        total = max(sum(self.hits.values()), 1)
        known = self.points.minima
        last: list[Record] = [
            record_of(each, weight=self.hits[each.key] / total, visits=0) for each in known.minima.points
        ]
        failures = dict(self.points.failures + known.failures)
        return [*self.points.records(self.hits), *last, Effort(known.evaluations, self.clock.outcome, failures)]


Answer = tuple[Floats, Floats, tuple[Floats, Floats, Floats] | None, int]


def _block(engine: Engine, known: list[Floats], seed: int, block: int) -> Answer:
    """Searches of one block: where they end, sizes of the gradients, and quenches from the same random starts."""
    near = block % 2 == 1 and bool(known)
    landscape = engine.landscape
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, block)))
    if near:
        chosen = np.array(known)[generator.integers(len(known), size=BLOCK)]
        reach = landscape.step * generator.choice([1.0, 3.0, 8.0], (BLOCK, 1))
        places = chosen + reach * generator.standard_normal(chosen.shape)
        x, size, spent = descend_gradient(landscape, places, deadline=engine.deadline)
        return x, size, None, spent
    places = landscape.starts(generator, BLOCK)
    x, size, spent = descend_gradient(landscape, places, deadline=engine.deadline)
    *quenched, more = engine.quench(places)
    return x, size, (quenched[0], quenched[1], quenched[2]), spent + int(more)


def _enter(points: _Points, hits: Counter[str], answer: Answer) -> None:
    x, size, quenched, spent = answer
    points.minima.evaluations += spent
    if quenched is not None:
        for place, energy, left in zip(*quenched, strict=True):
            minimum = points.minima.minimum(place, float(energy), float(left))
            if minimum is not None:
                hits[minimum.key] += 1
    for place, left in zip(x, size, strict=True):
        if left < 1e-5:
            points.enter(place)
        elif math.isfinite(left):
            points.failures["the gradient is smallest where it does not vanish"] += 1
        else:
            points.failures["energy is not a number"] += 1


def _nothing(points: _Points, made: int) -> None:
    failures = points.failures + points.minima.failures
    raise nothing_found(points.engine.landscape.name, f"{made} random starts", failures)
