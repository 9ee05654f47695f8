"""Run-length statistics: mean lengths of walks of which some were cut off, and the temperature at which they are least.

Hoos, Stutzle, Stochastic Local Search (Morgan Kaufmann, 2004), ch. 4.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.metropolis import COLDEST

__all__ = ["HOTTEST", "STEP", "WalkingChain", "folding_by_walks", "mean_run_length"]

STEP = 1.5
"""Ratio of neighbouring temperatures in the search for the best."""
HOTTEST = 4.0
"""Highest finite temperature tried, in units of the span of the energies; infinite temperature is tried as well."""
ENOUGH_RUNS = 2048
PILOT_RUNS = 64
FEWEST_RUNS = 16
"""Fewer walks at each temperature would not tell them apart."""
STEADY = 1.5
"""A mean that a fourfold limit raises by no more than this is that of walks that arrive."""
PATIENCE = 30.0
"""Limit of a walk, in units of the mean expected from the pilot: of memoryless ones e^-30 are cut off."""


class WalkingChain(Protocol):
    """Dynamics whose walks end in a native state."""

    span: float
    """Of the energies; 0 where all are equal."""
    random: float
    """Mean number of moves that blind search needs."""

    @property
    def shortest(self) -> int:
        """Moves of the shortest walks that are worth a try."""

    def run_lengths(
        self, temperature: float, *, runs: int, limit: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Lengths of walks from random states, of at most `limit` moves, and whether each arrived."""


def mean_run_length(length: NDArray[np.int64], hit: NDArray[np.bool_], *, confidence: float = 0.95) -> Measurement:
    """Mean length of walks of which some were cut off.

    The maximum-likelihood mean of a memoryless law, ``(sum of all lengths) / (number of arrivals)``; where none was
    cut off it is the plain mean, of any law.

    Parameters
    ----------
    length : array of int64, shape (runs,)
    hit : array of bool, shape (runs,)
        Whether the walk arrived; otherwise its length is only a lower bound.
    confidence : float

    Returns
    -------
    Estimate or NoAnswer
        The interval is the wider of two: the exact one of a memoryless law, from the Gamma distribution (Epstein,
        Sobel, J. Am. Stat. Assoc. 48, 486, 1953; low end conservative), and that of a ratio of two means on a log
        scale, which allows for lengths more spread than memoryless ones.

    Examples
    --------
    >>> print(mean_run_length(np.array([10, 30, 50]), np.array([True, True, False])))
    45 [2.23, 908.1]
    """
    from scipy.special import gammaincinv, stdtrit

    hits, total = int(np.count_nonzero(hit)), float(length.sum())
    if hits == 0:
        return NoAnswer(
            "never_folded",
            f"none of {len(length)} walks of {total:.3g} moves in all reached a native state",
            "allow more evaluations, or choose a smaller size",
        )
    mean, tail = total / hits, 0.5 * (1.0 - confidence)
    censored = int(hits < len(length))
    low, high = total / gammaincinv(hits + censored, 1.0 - tail), total / gammaincinv(hits, tail)
    if len(length) > 1 and mean > 0.0:
        spread = math.sqrt(float(np.sum((length - mean * hit) ** 2))) / total
        reach = math.exp(min(float(stdtrit(len(length) - 1, 1.0 - tail)) * spread, 700.0))
        low, high = min(low, mean / reach), max(high, mean * reach)
    return Estimate(mean, min(float(low), mean), max(float(high), mean))


def folding_by_walks(
    chain: WalkingChain,
    temperature: float | None,
    *,
    budget: int,
    rng: np.random.Generator,
) -> tuple[Estimate, float, int, int] | NoAnswer:
    """Mean length of walks at a temperature, or at the best one.

    Parameters
    ----------
    chain : WalkingChain
    temperature : float or None
        None to seek the best, by walks of their own.
    budget : int
        Evaluations that all walks may take together.
    rng : numpy.random.Generator

    Returns
    -------
    time : Estimate
    temperature : float
    runs, hits : int
        Walks made at this temperature, and those that arrived.
    """
    walks = _Walks(chain, rng, budget)
    found = _guess(walks, [temperature] if temperature is not None else _ladder(chain.span))
    if temperature is None and chain.span > 0.0:
        found = _nearby(walks, *found)
    best, expected = found
    walks.lengths.clear()
    walks.hits.clear()
    limit = max(1, min(int(PATIENCE * expected) + 64, walks.left // PILOT_RUNS))
    for _ in range(ENOUGH_RUNS // PILOT_RUNS):
        walks.mean(best, runs=PILOT_RUNS, limit=limit)
        if walks.left < PILOT_RUNS * limit // 2:
            break
    arrived = np.concatenate(walks.hits)
    time = mean_run_length(np.concatenate(walks.lengths), arrived)
    if isinstance(time, NoAnswer):
        return time
    return time, best, len(arrived), int(np.count_nonzero(arrived))


class _Walks:
    """Walks on a chain, their source of randomness, and the evaluations that are left for them."""

    def __init__(self, chain: WalkingChain, rng: np.random.Generator, left: int) -> None:
        self.chain, self.rng, self.left = chain, rng, left
        self.lengths: list[NDArray[np.int64]] = []
        self.hits: list[NDArray[np.bool_]] = []

    def mean(self, temperature: float, *, runs: int, limit: int) -> tuple[float, int]:
        """Mean length of memoryless walks of which so many were seen to arrive, and their number."""
        length, hit = self.chain.run_lengths(temperature, runs=runs, limit=limit, rng=self.rng)
        self.lengths.append(length)
        self.hits.append(hit)
        total, hits = int(length.sum()), int(np.count_nonzero(hit))
        self.left -= total
        return (max(total / hits, 1.0) if hits else math.inf), hits


def _ladder(span: float) -> list[float]:
    if span == 0.0:
        return [math.inf]
    rungs = int(math.log(HOTTEST / COLDEST) / math.log(STEP))
    return [math.inf, *(HOTTEST * span * STEP**-k for k in range(rungs + 1))]


def _guess(walks: _Walks, ladder: list[float]) -> tuple[float, float]:
    """Temperature of a ladder at which short walks do best, and the mean length expected there.

    They are given longer and longer, until half of them arrive and a longer limit no longer changes their mean much, or
    a quarter of the budget is spent. Short walks alone favour the cold, where some go straight down and the others
    never arrive. Where none arrives, the hottest is taken: at infinite temperature a walk does about as well as blind
    search.
    """
    limit, reserve, before = walks.chain.shortest, 3 * walks.left // 4, 0.0
    while True:
        found = [walks.mean(temperature, runs=PILOT_RUNS, limit=limit) for temperature in ladder]
        place = min(range(len(ladder)), key=lambda k: found[k][0])
        mean, hits = found[place]
        longer = min(4 * limit, (walks.left - reserve) // (PILOT_RUNS * len(ladder)))
        settled = 2 * hits >= PILOT_RUNS and mean <= STEADY * before
        if settled or longer <= limit:
            return (ladder[place], mean) if hits else (ladder[0], walks.chain.random)
        limit, before = longer, mean if hits else 0.0


def _nearby(walks: _Walks, guess: float, expected: float) -> tuple[float, float]:
    """Best temperature, and the mean length there, by walks long enough that few are cut off.

    From the guess to hotter ones and then to colder ones, while that is not clearly worse.
    """
    # A third of the budget for some eight temperatures.
    runs = min(int(walks.left / (2.4 * PATIENCE * expected)), 4 * PILOT_RUNS)
    if runs < FEWEST_RUNS:
        return guess, expected
    coldest, hottest = COLDEST * walks.chain.span, HOTTEST * walks.chain.span
    here = min(guess, hottest)
    points: list[tuple[float, float]] = []
    best = expected
    for ratio in (STEP, 1.0 / STEP):
        temperature = here if ratio > 1.0 else here * ratio
        worse = 0
        while worse < 2 and coldest <= temperature <= hottest and walks.left > 0:
            limit = max(64, min(int(0.5 * PATIENCE * best), walks.left // runs))
            mean, hits = walks.mean(temperature, runs=runs, limit=limit)
            if hits:
                points.append((math.log(temperature), math.log(mean)))
                best = min(best, mean) if len(points) > 1 else mean
            worse = worse + 1 if mean > 1.5 * best else 0
            temperature *= ratio
    return _smoothed(points) if points else (guess, expected)


def _smoothed(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Temperature of least time, and the least time seen, by a parabola through the times about the least.

    Through all within twice the least where those are at least four, else through the least and its neighbours.
    """
    points = sorted(points)
    place = min(range(len(points)), key=lambda k: points[k][1])
    least = points[place]
    near = np.array([point for point in points if point[1] <= least[1] + math.log(2.0)])
    if len(near) < 4:
        near = np.array(points[max(place - 1, 0) : place + 2])
    if len(near) >= 3:
        curvature, slope, _ = np.polyfit(near[:, 0], near[:, 1], 2)
        vertex = -0.5 * slope / curvature if curvature > 0.0 else math.inf
        if near[:, 0].min() <= vertex <= near[:, 0].max():
            return math.exp(vertex), math.exp(least[1])
    return math.exp(least[0]), math.exp(least[1])
