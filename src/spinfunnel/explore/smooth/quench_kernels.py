"""Compiled quenches: limited-memory BFGS from one position, and from a block of them.

Steps are those of the L-BFGS two-loop recursion, no coordinate moving further than a given length, without a line
search: a step that raises the energy is halved. So the energy falls all the way, and a quench rarely leaves the basin
in which it began.

Liu, Nocedal, Math. Program. 45, 503 (1989); Wales, Doye, J. Phys. Chem. A 101, 5111 (1997).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import call

__all__ = ["ENDLESS", "FAST", "HISTORY", "quench", "quench_block", "root_mean_square", "step_along"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAST = {"contract", "reassoc", "arcp", "nsz"}
"""Liberties with rounding. That nothing is infinite or not a number is not among them: both are found out."""
HISTORY = 6
FIRST_STEP = 0.1
"""Inverse curvature that the first step assumes."""
HALVINGS = 12
ENDLESS = 300
"""Steps in a row of the greatest length after which the energy counts as one that falls without end."""


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def root_mean_square(vector: Floats) -> float:
    """Root of the mean square of the entries."""
    total = 0.0
    for value in vector:
        total += value * value
    return math.sqrt(total / len(vector))


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _dot(one: Floats, other: Floats) -> float:
    total = 0.0
    for k in range(len(one)):
        total += one[k] * other[k]
    return total


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def step_along(
    gradient: Floats,
    way: Floats,
    steps: Floats,
    changes: Floats,
    inverse: Floats,
    share: Floats,
    known: int,
    scale: float,
    longest: float,
) -> float:
    """Write the quasi-Newton step of the two-loop recursion into `way`; return the factor that keeps it short."""
    d = len(gradient)
    for k in range(d):
        way[k] = -gradient[k]
    for back in range(min(known, HISTORY)):
        slot = (known - 1 - back) % HISTORY
        share[slot] = inverse[slot] * _dot(steps[slot], way)
        for k in range(d):
            way[k] -= share[slot] * changes[slot, k]
    for k in range(d):
        way[k] *= scale
    for back in range(min(known, HISTORY) - 1, -1, -1):
        slot = (known - 1 - back) % HISTORY
        gap = share[slot] - inverse[slot] * _dot(changes[slot], way)
        for k in range(d):
            way[k] += gap * steps[slot, k]
    sign = -1.0 if _dot(way, gradient) > 0.0 else 1.0
    furthest = 0.0
    for k in range(d):
        way[k] *= sign
        furthest = max(furthest, abs(way[k]))
    return longest / furthest if furthest > longest else 1.0


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def quench(
    address: int,
    parameters: Floats,
    work: Floats,
    x: Floats,
    gradient: Floats,
    space: Floats,
    tolerance: float,
    most: int,
    longest: float,
) -> tuple[float, float, int]:
    """Quench x in place; return its energy, the root mean square of its gradient and the evaluations.

    `space` has (2 HISTORY + 3, D) numbers of scratch. The gradient is above the tolerance where `most` evaluations
    did not do, not a number where the energy is none, and infinite where it falls without end.
    """
    d = len(x)
    steps, changes = space[:HISTORY], space[HISTORY : 2 * HISTORY]
    way, old, fresh = space[2 * HISTORY], space[2 * HISTORY + 1], space[2 * HISTORY + 2]
    inverse, share = np.empty(HISTORY), np.empty(HISTORY)
    energy = call(address, x, parameters, gradient, work)
    evaluations, known, scale = 1, 0, FIRST_STEP
    size = root_mean_square(gradient)
    long = 0
    while evaluations < most and size > tolerance:
        factor = step_along(gradient, way, steps, changes, inverse, share, known, scale, longest)
        long = long + 1 if factor < 1.0 else 0
        if long > ENDLESS:
            size = np.inf
            break
        rise = 1e-13 * abs(energy) + 1e-300
        moved = False
        for _ in range(HALVINGS):
            for k in range(d):
                fresh[k] = x[k] + factor * way[k]
            old[:] = gradient
            found = call(address, fresh, parameters, gradient, work)
            evaluations += 1
            if found <= energy + rise:
                moved = True
                break
            for k in range(d):
                gradient[k] = old[k]
            factor *= 0.25
        if not moved:
            if known == 0 or not math.isfinite(energy):
                break
            known, scale = 0, FIRST_STEP
            continue
        slot = known % HISTORY
        for k in range(d):
            steps[slot, k] = fresh[k] - x[k]
            changes[slot, k] = gradient[k] - old[k]
            x[k] = fresh[k]
        energy = found
        size = root_mean_square(gradient)
        curvature, square = _dot(steps[slot], changes[slot]), _dot(changes[slot], changes[slot])
        if square > 0.0 and curvature != 0.0:
            inverse[slot] = 1.0 / curvature
            scale = abs(curvature) / square
            known += 1
        elif square == 0.0:
            # A slope that stays the same may have no end: longer steps tell.
            scale *= 2.0
    return energy, size, evaluations


@njit(cache=True, nogil=True)
def quench_block(
    address: int,
    parameters: Floats,
    work: int,
    x: Floats,
    tolerance: float,
    most: int,
    longest: float,
) -> tuple[Floats, Floats, int]:
    """Quench positions (B, D) in place; return energies (B,), sizes of the gradients (B,) and all evaluations."""
    count, d = x.shape
    energy, size, evaluations = np.empty(count), np.empty(count), 0
    scratch, gradient, space = np.empty(work), np.empty(d), np.empty((2 * HISTORY + 3, d))
    for row in range(count):
        energy[row], size[row], spent = quench(
            address, parameters, scratch, x[row], gradient, space, tolerance, most, longest
        )
        evaluations += spent
    return energy, size, evaluations
