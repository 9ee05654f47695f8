"""Quenches of many positions at once, for landscapes that answer a batch as quickly as a single position.

The same limited-memory BFGS as `quench_kernels`, every row on its own: rows that are done are no longer asked for.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.quench_kernels import ENDLESS, FIRST_STEP, HISTORY
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["quench_together", "two_loops"]

Floats = NDArray[np.float64]

SMALLEST_FACTOR = 0.25**12


def quench_together(
    landscape: Differentiable,
    position: Floats,
    *,
    settled: float,
    most: int,
    longest: float,
    deadline: float = math.inf,
    noise: float = 0.0,
) -> tuple[Floats, Floats, Floats, int]:
    """Quench positions (B, D).

    Parameters
    ----------
    landscape : Differentiable
    position : array (B, D)
    settled : float
        Root mean square of the gradient at which a quench ends.
    most : int
        Evaluations for each position at most.
    longest : float
        How far a coordinate moves in one step at most.
    deadline : float
        Reading of `time.perf_counter` at which all end where they are.
    noise : float
        Rise of the energy that is none.

    Returns
    -------
    position : array (B, D)
    energy, size : array (B,)
        Energies, and root mean squares of the gradient: above `settled` where a quench did not converge, infinite
        where the energy falls without end, not a number where it is none.
    evaluations : int

    Examples
    --------
    >>> from spinfunnel.systems import quadratic
    >>> place, energy, size, _ = quench_together(quadratic(3), np.ones((2, 3)), settled=1e-9, most=200, longest=0.5)
    >>> bool((energy < 1e-16).all()), bool((size < 1e-9).all())
    (True, True)
    """
    x = np.array(position, np.float64)
    count, width = x.shape
    with np.errstate(all="ignore"):
        energy, gradient = landscape.energy_and_gradient(x)
        size = np.sqrt((gradient**2).mean(axis=1))
        steps, changes = np.zeros((HISTORY, count, width)), np.zeros((HISTORY, count, width))
        inverse = np.zeros((HISTORY, count))
        scale = np.full(count, FIRST_STEP)
        factor = np.ones(count)
        known = np.zeros(count, np.int64)
        long = np.zeros(count, np.int64)
        stuck = ~np.isfinite(energy)
        spent, asked = count, 1
        while asked < most and time.perf_counter() < deadline:
            rows = np.flatnonzero(~stuck & (size > settled))
            if not len(rows):
                break
            way = two_loops(
                gradient[rows], steps[:, rows], changes[:, rows], inverse[:, rows], scale[rows], known[rows]
            )
            furthest = np.abs(way).max(axis=1)
            long[rows] = np.where(furthest > longest, long[rows] + 1, 0)
            stuck[rows] |= long[rows] > ENDLESS
            way *= (factor[rows] * np.minimum(1.0, longest / np.maximum(furthest, 1e-300)))[:, None]
            there, slope = landscape.energy_and_gradient(x[rows] + way)
            spent, asked = spent + len(rows), asked + 1
            good = there <= energy[rows] + 1e-13 * np.abs(energy[rows]) + noise + 1e-300
            _give_way(rows[~good], factor, known, scale, stuck)
            kept, moved = rows[good], way[good]
            change = slope[good] - gradient[kept]
            x[kept] += moved
            energy[kept], gradient[kept] = there[good], slope[good]
            size[kept] = np.sqrt((gradient[kept] ** 2).mean(axis=1))
            factor[kept] = 1.0
            curvature, square = (moved * change).sum(axis=1), (change**2).sum(axis=1)
            tells = (square > 0.0) & (curvature != 0.0)
            learnt, slot = kept[tells], known[kept[tells]] % HISTORY
            steps[slot, learnt], changes[slot, learnt] = moved[tells], change[tells]
            inverse[slot, learnt] = 1.0 / curvature[tells]
            scale[learnt] = np.abs(curvature[tells]) / square[tells]
            scale[kept[square == 0.0]] *= 2.0
            known[learnt] += 1
    size[long > ENDLESS] = np.inf
    return x, energy, np.where(np.isfinite(energy), size, np.nan), spent


def _give_way(
    rows: NDArray[np.int64], factor: Floats, known: NDArray[np.int64], scale: Floats, stuck: NDArray[np.bool_]
) -> None:
    """Shorten steps that raised the energy; forget what was learnt where that helps no more; at last give up."""
    factor[rows] *= 0.25
    ended = rows[factor[rows] < SMALLEST_FACTOR]
    stuck[ended[known[ended] == 0]] = True
    known[ended], scale[ended], factor[ended] = 0, FIRST_STEP, 1.0


def two_loops(
    gradient: Floats, steps: Floats, changes: Floats, inverse: Floats, scale: Floats, known: NDArray[np.int64]
) -> Floats:
    """Quasi-Newton steps (B, D), downhill."""
    way = -gradient
    every = np.arange(len(way))
    share = np.zeros((HISTORY, len(way)))
    for back in range(HISTORY):
        slot = (known - 1 - back) % HISTORY
        there = back < np.minimum(known, HISTORY)
        share[back] = np.where(there, inverse[slot, every] * (steps[slot, every] * way).sum(axis=1), 0.0)
        way -= share[back][:, None] * changes[slot, every]
    way *= scale[:, None]
    for back in range(HISTORY - 1, -1, -1):
        slot = (known - 1 - back) % HISTORY
        there = back < np.minimum(known, HISTORY)
        other = np.where(there, inverse[slot, every] * (changes[slot, every] * way).sum(axis=1), share[back])
        way += (share[back] - other)[:, None] * steps[slot, every]
    uphill = (way * gradient).sum(axis=1) > 0.0
    way[uphill] *= -1.0
    return way
