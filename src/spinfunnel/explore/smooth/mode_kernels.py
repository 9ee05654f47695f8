"""Compiled search for the direction of lowest curvature, and the zero modes that are kept out of it.

(1) Translations, rotations and the like cost no energy: these zero modes are projected out of every direction.
(2) Lanczos iterations improve the direction from the last one, on a Hessian where there is one, else on products by
    differences of gradients. They end where the residual of the Ritz vector is 2 % of its value: the mode is a
    direction to go, not a result.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.smooth.quench_kernels import FAST, _dot, root_mean_square
from spinfunnel.moves.compiled_call import call

__all__ = ["clear_of", "fill_zero_modes", "lowest_mode"]

Floats = NDArray[np.float64]


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
def clear_of(vector: Floats, modes: Floats, count: int) -> None:
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
def lowest_mode(
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
    """Improve `mode`, the direction of lowest curvature, in place; return the curvature and the Lanczos steps.

    The numbers are those of the module.
    """
    d = len(x)
    diagonal, beside, ritz = np.empty(most), np.empty(most), np.empty(most)
    basis[0] = mode
    clear_of(basis[0], modes, zero)
    length = math.sqrt(_dot(basis[0], basis[0]))
    for k in range(d):
        basis[0, k] /= length
    count, value = 0, 0.0
    out = two[2]
    while count < most:
        _curve(address, parameters, work, x, hessian, basis[count], out, two)
        clear_of(out, modes, zero)  # (1)
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
            if done or abs(beside[count - 1] * ritz[count - 1]) < 0.02 * abs(value):  # (2): the residual
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
