"""Compiled searches for saddles: hybrid eigenvector following.

(1) Translations, rotations and the like cost no energy: these zero modes are projected out of every direction.
(2) The mode is the direction of lowest curvature, improved from that of the step before (`mode_kernels`).
(3) Where the curvature along the mode is not negative, the search is still inside the basin of the minimum: it goes on
    uphill by steps of the greatest length.
(4) Where it is negative, the step along the mode is that of eigenvector following: uphill, and Newton's step near the
    saddle, limited in length.
(5) After each step the energy is lowered in all directions but the mode, by a few steps of L-BFGS.
(6) Where the gradient is small and the curvature negative, Newton's method goes to the stationary point. Where that
    does not help, the search goes on from closer by.
(7) A saddle counts only with a gradient below the tolerance. Every other end has a name: steps spent, energy not a
    number, energy above the ceiling.
(8) From a saddle the search goes down both ways along its mode, to the two minima that it joins. It starts far enough
    away for the energy to have fallen.

Munro, Wales, Phys. Rev. B 59, 3969 (1999); Kumeda, Munro, Wales, Chem. Phys. Lett. 341, 185 (2001).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.smooth.mode_kernels import clear_of, fill_zero_modes, lowest_mode
from spinfunnel.explore.smooth.quench_kernels import FAST, HISTORY, _dot, quench, root_mean_square, step_along
from spinfunnel.moves.compiled_call import call

__all__ = ["FOUND", "REASONS", "climb_block", "refine"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOUND, STEPS_SPENT, NOT_A_NUMBER, TOO_HIGH = 0, 1, 2, 3
REASONS = ("found", "search does not converge", "energy is not a number", "energy rises too high")

KRYLOV_FIRST, KRYLOV = 24, 12
"""Lanczos steps at the beginning of a search and after each move."""
BEND = -1e-6
"""Curvature from which a direction counts as one of descent."""


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(matrix: Floats, right: Floats) -> bool:
    """Solve in place by elimination with row exchanges; False for a matrix without an inverse."""
    n = len(right)
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        if not abs(matrix[pivot, k]) > 1e-300:
            return False
        if pivot != k:
            for j in range(k, n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
            right[k], right[pivot] = right[pivot], right[k]
        for i in range(k + 1, n):
            factor = matrix[i, k] / matrix[k, k]
            if factor != 0.0:
                for j in range(k + 1, n):
                    matrix[i, j] -= factor * matrix[k, j]
                right[i] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        total = right[k]
        for j in range(k + 1, n):
            total -= matrix[k, j] * right[j]
        right[k] = total / matrix[k, k]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def refine(
    addresses: Ints,
    parameters: Floats,
    work: Floats,
    kind: int,
    x: Floats,
    gradient: Floats,
    matrix: Floats,
    modes: Floats,
    tolerance: float,
    most: int,
    longest: float,
) -> tuple[float, float, int]:
    """Newton's method to the stationary point next to x, in place; return energy, size of the gradient, Hessians made.

    Zero modes are given a curvature of their own, so that the system has one solution. Without progress it ends.
    """
    d = len(x)
    energy = call(addresses[0], x, parameters, gradient, work)
    size = root_mean_square(gradient)
    made = 0
    for _ in range(most):
        if not size > tolerance:
            break
        call(addresses[1], x, parameters, matrix.reshape(-1), work)
        made += 1
        zero = fill_zero_modes(kind, x, modes)
        stiff = 0.0
        for k in range(d):
            stiff += abs(matrix[k, k]) / d
        for row in range(zero):
            for i in range(d):
                for k in range(d):
                    matrix[i, k] += stiff * modes[row, i] * modes[row, k]
        step = -gradient
        if not _solve(matrix, step):
            break
        furthest = 0.0
        for k in range(d):
            furthest = max(furthest, abs(step[k]))
        if not furthest < 3.0 * longest:
            break
        for k in range(d):
            step[k] += x[k]
        found = call(addresses[0], step, parameters, gradient, work)
        fresh = root_mean_square(gradient)
        if not fresh < size:
            call(addresses[0], x, parameters, gradient, work)
            break
        x[:] = step
        energy, size = found, fresh
    return energy, size, made


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _slide(
    address: int,
    parameters: Floats,
    work: Floats,
    x: Floats,
    gradient: Floats,
    mode: Floats,
    modes: Floats,
    zero: int,
    space: Floats,
    most: int,
    longest: float,
    goal: float,
) -> tuple[float, int]:
    """Go down in all directions but the mode, by L-BFGS, in place; return the energy and the evaluations.

    The energy may rise: the component along the mode is not a matter of this step.
    """
    d = len(x)
    steps, changes = space[:HISTORY], space[HISTORY : 2 * HISTORY]
    way, old, tangent = space[2 * HISTORY], space[2 * HISTORY + 1], space[2 * HISTORY + 2]
    inverse, share = np.empty(HISTORY), np.empty(HISTORY)
    energy = call(address, x, parameters, gradient, work)
    along = _dot(gradient, mode)
    for k in range(d):
        tangent[k] = gradient[k] - along * mode[k]
    clear_of(tangent, modes, zero)
    scale = 0.02
    known = 0
    for turn in range(most):
        if root_mean_square(tangent) < goal:
            return energy, turn + 1
        factor = step_along(tangent, way, steps, changes, inverse, share, known, scale, longest)
        slot = known % HISTORY
        for k in range(d):
            steps[slot, k] = factor * way[k]
            x[k] += steps[slot, k]
            old[k] = tangent[k]
        energy = call(address, x, parameters, gradient, work)
        along = _dot(gradient, mode)
        for k in range(d):
            tangent[k] = gradient[k] - along * mode[k]
        clear_of(tangent, modes, zero)
        for k in range(d):
            changes[slot, k] = tangent[k] - old[k]
        curvature, square = _dot(steps[slot], changes[slot]), _dot(changes[slot], changes[slot])
        if square > 0.0 and curvature > 0.0:
            inverse[slot] = 1.0 / curvature
            scale = curvature / square
            known += 1
    return energy, most + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _climb(
    addresses: Ints,
    parameters: Floats,
    work: Floats,
    kind: int,
    x: Floats,
    mode: Floats,
    gradient: Floats,
    hessian: Floats,
    each: bool,
    modes: Floats,
    basis: Floats,
    space: Floats,
    two: Floats,
    tolerance: float,
    most: int,
    longest: float,
    ceiling: float,
) -> tuple[int, float, float, int]:
    """Climb from x, in place, first along `mode`; return outcome, energy, size of the gradient and evaluations.

    The Hessian is made at each step, or for Newton's method at the end alone. The numbers are those of the module.
    """
    d = len(x)
    known = hessian if each else hessian[:0]
    spent = 0
    krylov = KRYLOV_FIRST
    energy, size = np.inf, np.inf
    close = 0.05 if each else 0.005
    inside = True
    for turn in range(most):
        zero = fill_zero_modes(kind, x, modes)
        clear_of(mode, modes, zero)  # (1)
        if each:
            call(addresses[1], x, parameters, hessian, work)
        room = min(krylov, d - zero, len(basis))
        # Step (2).
        curvature, made = lowest_mode(addresses[0], parameters, work, x, known, mode, modes, zero, room, basis, two)
        spent += 1 if each else 2 * made
        krylov = KRYLOV
        energy = call(addresses[0], x, parameters, gradient, work)
        spent += 1
        size = root_mean_square(gradient)
        if not (math.isfinite(energy) and math.isfinite(size) and math.isfinite(curvature)):
            return NOT_A_NUMBER, energy, size, spent  # (7)
        if turn > 4 and energy > ceiling:
            return TOO_HIGH, energy, size, spent  # (7)
        along = _dot(gradient, mode)
        if turn and curvature < BEND and size < close:
            if size > tolerance and len(hessian):
                # Step (6).
                matrix = hessian.reshape(d, d)
                energy, size, extra = refine(
                    addresses, parameters, work, kind, x, gradient, matrix, modes,
                    tolerance, 12, longest,
                )  # fmt: skip
                spent += 2 * extra
            if size <= tolerance:  # (7)
                return FOUND, energy, size, spent
            close *= 0.1
            continue
        if curvature >= BEND:
            # (3): along the mode, whichever way the search began.
            step = longest if along >= 0.0 or inside else -longest
        else:
            inside = False  # (4)
            ratio = along / curvature
            step = 2.0 * along / (abs(curvature) * (1.0 + math.sqrt(1.0 + 4.0 * ratio * ratio)))
            step = min(max(step, -2.0 * longest), 2.0 * longest)
        for k in range(d):
            x[k] += step * mode[k]
        # Step (5).
        energy, extra = _slide(
            addresses[0], parameters, work, x, gradient, mode, modes, zero, space,
            12 if curvature < BEND else 4, longest, 0.1 * min(close, size),
        )  # fmt: skip
        spent += extra
    return STEPS_SPENT, energy, size, spent


@njit(cache=True, nogil=True, error_model="numpy")
def climb_block(
    addresses: Ints,
    parameters: Floats,
    work: int,
    kind: int,
    x: Floats,
    direction: Floats,
    dense: bool,
    each: bool,
    tolerance: float,
    most: int,
    longest: float,
    ceiling: float,
    settled: float,
    most_down: int,
) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats, Floats, int]:
    """Search saddles from positions (B, D) along directions (B, D), both in place, and go down from each both ways.

    Dense: Hessians are made, at each step or near saddles alone; else products with them are asked for throughout. The
    numbers are those of the module.

    Returns
    -------
    outcome (B,), energy (B,), size of the gradient (B,), curvature along the mode (B,)
        x holds the saddles and direction their modes.
    ends (B, 2, D), their energies (B, 2), sizes of their gradients (B, 2)
    evaluations
    """
    count, d = x.shape
    outcome, energy, size, bend = np.empty(count, np.int64), np.empty(count), np.empty(count), np.empty(count)
    ends, end_energy, end_size = np.zeros((count, 2, d)), np.full((count, 2), np.nan), np.full((count, 2), np.nan)
    scratch, gradient = np.empty(work), np.empty(d)
    hessian = np.empty(d * d if dense else 0)
    modes, basis = np.empty((6, d)), np.empty((max(KRYLOV_FIRST, KRYLOV) + 1, d))
    space, two = np.empty((2 * HISTORY + 3, d)), np.empty((3, d))
    spent = 0
    for row in range(count):
        outcome[row], energy[row], size[row], extra = _climb(
            addresses, parameters, scratch, kind, x[row], direction[row], gradient, hessian, each, modes, basis, space,
            two, tolerance, most, longest, ceiling,
        )  # fmt: skip
        spent += extra
        bend[row] = np.nan
        if outcome[row] != FOUND:
            continue
        zero = fill_zero_modes(kind, x[row], modes)
        if each:
            call(addresses[1], x[row], parameters, hessian, scratch)
        room = min(KRYLOV_FIRST, d - zero)
        known = hessian if each else hessian[:0]
        bend[row], made = lowest_mode(
            addresses[0], parameters, scratch, x[row], known, direction[row], modes, zero, room, basis, two
        )
        spent += 1 if each else 2 * made
        for side in range(2):  # (8)
            end = ends[row, side]
            reach = 0.1 * longest
            # Far enough down for the first step to know the way, and not further than the curve bends.
            for _ in range(6):
                for k in range(d):
                    end[k] = x[row, k] + (1 - 2 * side) * reach * direction[row, k]
                below = call(addresses[0], end, parameters, gradient, scratch)
                spent += 1
                if below < energy[row]:
                    break
                reach *= 2.0
            end_energy[row, side], end_size[row, side], extra = quench(
                addresses[0], parameters, scratch, end, gradient, space,
                settled, most_down, 0.5 * longest,
            )  # fmt: skip
            spent += extra
    return outcome, energy, size, bend, ends, end_energy, end_size, spent
