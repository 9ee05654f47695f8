"""Compiled pair potentials: energy, gradient and Hessian of clusters, checked against PyTorch in the tests.

A pair of atoms at distance r has the energy u(r^2). Two shapes, with strength e, length s and the stiffness a::

    Lennard-Jones   u = 4 e ((s / r)^12 - (s / r)^6)
    Morse           u = e y (y - 2),   y = exp(a (1 - r / s))

Parameters: the shape, the number of kinds k, the stiffness, the strengths (k, k), the lengths (k, k), and the kind of
each atom.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import SIGNATURE
from spinfunnel.moves.differentiable import Kernel

__all__ = ["LENNARD_JONES", "MORSE", "kernel", "pack"]

Floats = NDArray[np.float64]

LENNARD_JONES, MORSE = 0, 1
_HEADER = 3

ITSELF = 1e20
"""Displacement that takes an atom out of its own sum: beyond it both potentials vanish."""


# Loops run over all ordered pairs: twice the work of unordered ones, but four to a vector without a dependence.


@njit(fastmath=True, error_model="numpy", cache=True)
def _lennard_jones(x: Floats, parameters: Floats, gradient: Floats, work: Floats) -> float:  # noqa: ARG001
    n = len(x) // 3
    for i in range(n):
        work[i], work[n + i], work[2 * n + i] = x[3 * i], x[3 * i + 1], x[3 * i + 2]
    X, Y, Z = work[:n], work[n : 2 * n], work[2 * n : 3 * n]
    energy = 0.0
    for i in range(n):
        xi, yi, zi = X[i], Y[i], Z[i]
        gx = gy = gz = 0.0
        X[i] = ITSELF
        for j in range(n):
            dx, dy, dz = xi - X[j], yi - Y[j], zi - Z[j]
            inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
            s = inverse * inverse * inverse
            energy += s * (s - 1.0)
            slope = s * (s - 0.5) * inverse
            gx += slope * dx
            gy += slope * dy
            gz += slope * dz
        X[i] = xi
        gradient[3 * i], gradient[3 * i + 1], gradient[3 * i + 2] = -48.0 * gx, -48.0 * gy, -48.0 * gz
    return 2.0 * energy


@njit(error_model="numpy", cache=True)
def _pair(shape: int, square: float, strength: float, length: float, stiffness: float) -> tuple[float, float, float]:
    """Energy, and its first and second derivative by the square of the distance."""
    if shape == LENNARD_JONES:
        inverse = 1.0 / square
        s = (length * length * inverse) ** 3
        return (
            4.0 * strength * s * (s - 1.0),
            -12.0 * strength * s * (2.0 * s - 1.0) * inverse,
            12.0 * strength * s * (14.0 * s - 4.0) * inverse * inverse,
        )
    r = math.sqrt(square)
    y = math.exp(stiffness * (1.0 - r / length))
    decay = stiffness / length
    first = -2.0 * strength * decay * y * (y - 1.0)
    second = 2.0 * strength * decay * decay * y * (2.0 * y - 1.0)
    return strength * y * (y - 2.0), 0.5 * first / r, 0.25 * (second - first / r) / square


@njit(error_model="numpy", cache=True)
def _gradient(x: Floats, parameters: Floats, gradient: Floats, work: Floats) -> float:  # noqa: ARG001
    n, shape, k, stiffness = len(x) // 3, int(parameters[0]), int(parameters[1]), parameters[2]
    energy = 0.0
    gradient[:] = 0.0
    for i in range(n):
        row = _HEADER + k * int(parameters[_HEADER + 2 * k * k + i])
        for j in range(i + 1, n):
            place = row + int(parameters[_HEADER + 2 * k * k + j])
            dx, dy, dz = x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]
            square = dx * dx + dy * dy + dz * dz
            value, first, _ = _pair(shape, square, parameters[place], parameters[place + k * k], stiffness)
            energy += value
            slope = 2.0 * first
            gradient[3 * i] += slope * dx
            gradient[3 * i + 1] += slope * dy
            gradient[3 * i + 2] += slope * dz
            gradient[3 * j] -= slope * dx
            gradient[3 * j + 1] -= slope * dy
            gradient[3 * j + 2] -= slope * dz
    return energy


@njit(error_model="numpy", cache=True)
def _hessian(x: Floats, parameters: Floats, hessian: Floats, work: Floats) -> float:
    n, shape, k, stiffness = len(x) // 3, int(parameters[0]), int(parameters[1]), parameters[2]
    width = 3 * n
    energy = 0.0
    hessian[:] = 0.0
    apart = work[:3]
    for i in range(n):
        row = _HEADER + k * int(parameters[_HEADER + 2 * k * k + i])
        for j in range(i + 1, n):
            place = row + int(parameters[_HEADER + 2 * k * k + j])
            square = 0.0
            for axis in range(3):
                apart[axis] = x[3 * i + axis] - x[3 * j + axis]
                square += apart[axis] * apart[axis]
            value, first, second = _pair(shape, square, parameters[place], parameters[place + k * k], stiffness)
            energy += value
            for a in range(3):
                stiff = 4.0 * second * apart[a]
                top, low = (3 * i + a) * width, (3 * j + a) * width
                for b in range(3):
                    entry = stiff * apart[b]
                    if a == b:
                        entry += 2.0 * first
                    hessian[top + 3 * j + b] = -entry
                    hessian[low + 3 * i + b] = -entry
                    hessian[top + 3 * i + b] += entry
                    hessian[low + 3 * j + b] += entry
    return energy


@njit(cache=True)
def _length(parameters: Any, d: int) -> int:
    kinds = int(parameters[1])
    return _HEADER + 2 * kinds * kinds + d // 3


def _lennard_jones_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters, d))
    return _lennard_jones(carray(x, d), p, carray(out, d), carray(work, d))


def _gradient_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters, d))
    return _gradient(carray(x, d), p, carray(out, d), carray(work, d))


def _hessian_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters, d))
    return _hessian(carray(x, d), p, carray(out, d * d), carray(work, d))


def pack(shape: int, *, strength: Floats, length: Floats, stiffness: float, kinds: NDArray[np.int64]) -> Floats:
    """Parameters as the kernels read them."""
    header = np.array([shape, len(strength), stiffness], np.float64)
    return np.concatenate([header, strength.ravel(), length.ravel(), kinds.astype(np.float64)])


def kernel(parameters: Floats, *, atoms: int) -> Kernel:
    """Kernel of packed parameters."""
    plain = parameters[0] == LENNARD_JONES and parameters[1] == 1 and parameters[3] == parameters[4] == 1.0
    gradient, hessian = _compiled()[0 if plain else 1], _compiled()[2]
    return Kernel(gradient.address, hessian.address, parameters, 3 * atoms, (gradient, hessian))


@cache
def _compiled() -> tuple[Any, Any, Any]:
    """C functions, made when first asked for: importing the systems compiles nothing."""
    return tuple(cfunc(SIGNATURE, cache=True)(each) for each in (_lennard_jones_c, _gradient_c, _hessian_c))
