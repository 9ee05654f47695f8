"""Compiled searches for saddles: hybrid eigenvector following.

Uphill along the direction of lowest curvature, downhill in all others, until the gradient is small and one curvature
negative; then Newton's method. Lowest curvatures come from Lanczos iterations that start at the last direction, on a
Hessian where there is one, else on differences of gradients. Translations, rotations and the like are projected out.

Munro, Wales, Phys. Rev. B 59, 3969 (1999); Kumeda, Munro, Wales, Chem. Phys. Lett. 341, 185 (2001).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.smooth.quench_kernels import FAST, HISTORY, _dot, quench, root_mean_square, step_along
from spinfunnel.moves.compiled_call import call

__all__ = ["FOUND", "REASONS", "climb_block", "fill_zero_modes", "refine"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOUND, STEPS_SPENT, NOT_A_NUMBER, TOO_HIGH = 0, 1, 2, 3
REASONS = ("found", "search does not converge", "energy is not a number", "energy rises too high")

KRYLOV_FIRST, KRYLOV = 24, 12
"""Lanczos steps at the beginning of a search and after each move."""
BEND = -1e-6
"""Curvature from which a direction counts as one of descent."""


@njit(cache=True, nogil=True, error_model="numpy")
def fill_zero_modes(kind: int, x: Floats, modes: Floats) -> int:  # noqa: C901 - a kernel: loops
    """Write orthonormal zero modes into rows of modes (6, D); return their number. See `Invariance.zero_modes`."""
    d = len(x)
    if kind == 0:
        return 0
    if kind >= 2:
        for k in range(d):
            modes[0, k] = x[k] if kind == 2 else 1.0
        length = math.sqrt(_dot(modes[0], modes[0]))
        for k in range(d):
            modes[0, k] /= length
        return 1
    n = d // 3
    modes[:] = 0.0
    centre = np.zeros(3)
    for i in range(n):
        for axis in range(3):
            centre[axis] += x[3 * i + axis] / n
            modes[axis, 3 * i + axis] = n**-0.5
    for i in range(n):
        a, b, c = x[3 * i] - centre[0], x[3 * i + 1] - centre[1], x[3 * i + 2] - centre[2]
        modes[3, 3 * i + 1], modes[3, 3 * i + 2] = -c, b
        modes[4, 3 * i], modes[4, 3 * i + 2] = c, -a
        modes[5, 3 * i], modes[5, 3 * i + 1] = -b, a
    known = 3
    longest = 0.0
    for row in range(3, 6):
        longest = max(longest, math.sqrt(_dot(modes[row], modes[row])))
    for row in range(3, 6):
        for k in range(d):
            modes[known, k] = modes[row, k]
        # Twice, against rounding: three turns of a nearly linear arrangement are nearly dependent.
        for _ in range(2):
            for other in range(3, known):
                share = _dot(modes[known], modes[other])
                for k in range(d):
                    modes[known, k] -= share * modes[other, k]
        length = math.sqrt(_dot(modes[known], modes[known]))
        if length > 1e-6 * longest:
            for k in range(d):
                modes[known, k] /= length
            known += 1
    return known


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _clear(vector: Floats, modes: Floats, count: int) -> None:
    """Take the zero modes out of a vector."""
    for row in range(count):
        share = _dot(vector, modes[row])
        for k in range(len(vector)):
            vector[k] -= share * modes[row, k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _curve(
    address: int, parameters: Floats, work: Floats, x: Floats, hessian: Floats, vector: Floats, out: Floats, two: Floats
) -> None:
    """Hessian times vector: by the matrix (flat, D * D) where it is given, else by the difference of two gradients."""
    d = len(x)
    if len(hessian):
        for i in range(d):
            total = 0.0
            for k in range(d):
                total += hessian[i * d + k] * vector[k]
            out[i] = total
        return
    reach = 1e-5 * (1.0 + root_mean_square(x)) / max(root_mean_square(vector), 1e-300)
    for k in range(d):
        two[0, k] = x[k] + reach * vector[k]
    call(address, two[0], parameters, out, work)
    for k in range(d):
        two[0, k] = x[k] - reach * vector[k]
    call(address, two[0], parameters, two[1], work)
    for k in range(d):
        out[k] = (out[k] - two[1, k]) / (2.0 * reach)


@njit(cache=True, nogil=True, error_model="numpy")
def _lowest_of_tridiagonal(diagonal: Floats, beside: Floats, count: int, vector: Floats) -> float:
    """Lowest eigenvalue of a symmetric tridiagonal matrix by bisection, its vector by inverse iteration."""
    low = high = diagonal[0]
    for k in range(count):
        reach = (abs(beside[k - 1]) if k else 0.0) + (abs(beside[k]) if k + 1 < count else 0.0)
        low, high = min(low, diagonal[k] - reach), max(high, diagonal[k] + reach)
    floor, width = low, high - low
    for _ in range(60):
        middle = 0.5 * (low + high)
        pivot, negative = diagonal[0] - middle, False
        for k in range(count):
            if k:
                pivot = diagonal[k] - middle - beside[k - 1] ** 2 / pivot
            if pivot <= 0.0:
                negative = True
                break
        if negative:
            high = middle
        else:
            low = middle
        if high - low < 1e-14 * (abs(low) + abs(high)) + 1e-300:
            break
    # Just below the eigenvalue the shifted matrix is positive definite and needs no exchange of rows.
    shift = low - 1e-10 * (width + abs(floor)) - 1e-300
    pivots = np.empty(count)
    vector[:count] = 1.0
    for _ in range(3):
        pivots[0] = diagonal[0] - shift
        for k in range(1, count):
            factor = beside[k - 1] / pivots[k - 1]
            pivots[k] = diagonal[k] - shift - factor * beside[k - 1]
            vector[k] -= factor * vector[k - 1]
        vector[count - 1] /= pivots[count - 1]
        for k in range(count - 2, -1, -1):
            vector[k] = (vector[k] - beside[k] * vector[k + 1]) / pivots[k]
        length = math.sqrt(_dot(vector[:count], vector[:count]))
        for k in range(count):
            vector[k] /= length
    return low


@njit(cache=True, nogil=True, error_model="numpy")
def _lowest_mode(
    address: int,
    parameters: Floats,
    work: Floats,
    x: Floats,
    hessian: Floats,
    mode: Floats,
    modes: Floats,
    zero: int,
    most: int,
    basis: Floats,
    two: Floats,
) -> tuple[float, int]:
    """Improve `mode`, the direction of lowest curvature, in place; return the curvature and the Lanczos steps."""
    d = len(x)
    diagonal, beside, ritz = np.empty(most), np.empty(most), np.empty(most)
    basis[0] = mode
    _clear(basis[0], modes, zero)
    length = math.sqrt(_dot(basis[0], basis[0]))
    for k in range(d):
        basis[0, k] /= length
    count, value = 0, 0.0
    out = two[2]
    while count < most:
        _curve(address, parameters, work, x, hessian, basis[count], out, two)
        _clear(out, modes, zero)
        diagonal[count] = _dot(out, basis[count])
        for _ in range(2):
            for row in range(count + 1):
                share = _dot(out, basis[row])
                for k in range(d):
                    out[k] -= share * basis[row, k]
        beside[count] = math.sqrt(_dot(out, out))
        count += 1
        done = count == most or beside[count - 1] < 1e-10 * (1.0 + abs(diagonal[0])) or count + zero >= d
        if done or count % 4 == 0:
            value = _lowest_of_tridiagonal(diagonal, beside, count, ritz)
            if done or abs(beside[count - 1] * ritz[count - 1]) < 0.02 * abs(value):
                break
        for k in range(d):
            basis[count, k] = out[k] / beside[count - 1]
    for k in range(d):
        total = 0.0
        for row in range(count):
            total += ritz[row] * basis[row, k]
        out[k] = total
    sign = 1.0 if _dot(out, mode) >= 0.0 else -1.0
    for k in range(d):
        mode[k] = sign * out[k]
    return value, count


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
    _clear(tangent, modes, zero)
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
        _clear(tangent, modes, zero)
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

    The Hessian is made at each step, or for Newton's method at the end alone.
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
        _clear(mode, modes, zero)
        if each:
            call(addresses[1], x, parameters, hessian, work)
        room = min(krylov, d - zero, len(basis))
        curvature, made = _lowest_mode(addresses[0], parameters, work, x, known, mode, modes, zero, room, basis, two)
        spent += 1 if each else 2 * made
        krylov = KRYLOV
        energy = call(addresses[0], x, parameters, gradient, work)
        spent += 1
        size = root_mean_square(gradient)
        if not (math.isfinite(energy) and math.isfinite(size) and math.isfinite(curvature)):
            return NOT_A_NUMBER, energy, size, spent
        if turn > 4 and energy > ceiling:
            return TOO_HIGH, energy, size, spent
        along = _dot(gradient, mode)
        if turn and curvature < BEND and size < close:
            if size > tolerance and len(hessian):
                # Newton's method has the last word; where it does not help, the climb goes on from closer by.
                matrix = hessian.reshape(d, d)
                energy, size, extra = refine(
                    addresses, parameters, work, kind, x, gradient, matrix, modes,
                    tolerance, 12, longest,
                )  # fmt: skip
                spent += 2 * extra
            if size <= tolerance:
                return FOUND, energy, size, spent
            close *= 0.1
            continue
        if curvature >= BEND:
            # Still inside the basin: on along the mode, whichever way the search began.
            step = longest if along >= 0.0 or inside else -longest
        else:
            inside = False
            ratio = along / curvature
            step = 2.0 * along / (abs(curvature) * (1.0 + math.sqrt(1.0 + 4.0 * ratio * ratio)))
            step = min(max(step, -2.0 * longest), 2.0 * longest)
        for k in range(d):
            x[k] += step * mode[k]
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

    Dense: Hessians are made, at each step or near saddles alone; else products with them are asked for throughout.

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
        bend[row], made = _lowest_mode(
            addresses[0], parameters, scratch, x[row], known, direction[row], modes, zero, room, basis, two
        )
        spent += 1 if each else 2 * made
        for side in range(2):
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
