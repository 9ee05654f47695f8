"""Compiled energies, gradients and Hessians of the spherical p-spin model, one state at a time and many at once.

Parameters: n, p, then the couplings: at p = 3 the rows of the symmetric matrices ``M_i`` over j, k <= i, else the
symmetric tensor.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import SIGNATURE
from spinfunnel.moves.differentiable import Kernel

__all__ = ["cubic_slopes", "pspin_kernel"]

Floats = NDArray[np.float64]

_HEADER = 2


@njit(error_model="numpy", cache=True)
def _plain_gradient(s: Floats, parameters: Floats, g: Floats, work: Floats) -> float:
    """H at s; dH/ds goes to g."""
    n, p = int(parameters[0]), int(parameters[1])
    if p == 3:
        g[:] = 0.0
        place = _HEADER
        for i in range(n):
            for j in range(i + 1):
                product = 0.0
                for k in range(i + 1):
                    product += parameters[place + k] * s[k]
                place += i + 1
                g[i] += s[j] * product
                g[j] += 2.0 * s[i] * product
    else:
        rows = n ** (p - 1)
        for row in range(rows):
            product = 0.0
            for k in range(n):
                product += parameters[_HEADER + row * n + k] * s[k]
            work[row] = product
        while rows > n:
            rows //= n
            for row in range(rows):
                product = 0.0
                for k in range(n):
                    product += work[row * n + k] * s[k]
                work[row] = product
        for k in range(n):
            g[k] = p * work[k]
    energy = 0.0
    for k in range(n):
        energy += s[k] * g[k]
    return energy / p


@njit(nogil=True, fastmath=True, cache=True)
def cubic_slopes(parameters: Floats, s: Floats) -> Floats:
    """Plain derivatives dH/ds (n, B) at states (n, B), for p = 3: a product of matrices for each ``M_i``.

    What one state after the other takes from memory again and again, the couplings, a batch takes once.
    """
    n, count = s.shape
    g, room = np.zeros((n, count)), np.empty((n, count))
    place = _HEADER
    for i in range(n):
        rows = i + 1
        product = room[:rows]
        np.dot(parameters[place : place + rows * rows].reshape(rows, rows), s[:rows], product)
        place += rows * rows
        for j in range(rows):
            for b in range(count):
                g[i, b] += s[j, b] * product[j, b]
                g[j, b] += 2.0 * s[i, b] * product[j, b]
    return g


@njit(error_model="numpy", cache=True)
def _tensor_hessian(s: Floats, parameters: Floats, h: Floats, work: Floats) -> None:
    """Second derivatives from the symmetric tensor."""
    n, p = int(parameters[0]), int(parameters[1])
    if p == 2:
        for k in range(n * n):
            h[k] = 2.0 * parameters[_HEADER + k]
        return
    rows = n ** (p - 1)
    for row in range(rows):
        product = 0.0
        for k in range(n):
            product += parameters[_HEADER + row * n + k] * s[k]
        work[row] = product
    while rows > n * n:
        rows //= n
        for row in range(rows):
            product = 0.0
            for k in range(n):
                product += work[row * n + k] * s[k]
            work[row] = product
    for k in range(n * n):
        h[k] = p * (p - 1) * work[k]


@njit(error_model="numpy", cache=True)
def _plain_hessian(s: Floats, parameters: Floats, h: Floats, work: Floats) -> None:
    """Second derivatives of H at s go to h (n * n)."""
    n = int(parameters[0])
    if int(parameters[1]) != 3:
        _tensor_hessian(s, parameters, h, work)
        return
    h[:] = 0.0
    place = _HEADER
    for i in range(n):
        for j in range(i + 1):
            product = 0.0
            for k in range(i + 1):
                entry = parameters[place + k]
                product += entry * s[k]
                h[j * n + k] += 2.0 * s[i] * entry
            place += i + 1
            h[i * n + j] += 2.0 * product
            h[j * n + i] += 2.0 * product


@njit(error_model="numpy", cache=True)
def _gradient(x: Floats, parameters: Floats, out: Floats, work: Floats) -> float:
    """Energy of the direction of x; its gradient goes to out."""
    n = len(x)
    s = work[:n]
    length = 0.0
    for k in range(n):
        length += x[k] * x[k]
    length = math.sqrt(length)
    scale = math.sqrt(n) / length
    for k in range(n):
        s[k] = scale * x[k]
    energy = _plain_gradient(s, parameters, out, work[n:])
    along = energy * parameters[1] / n
    for k in range(n):
        out[k] = scale * (out[k] - along * s[k])
    return energy


@njit(error_model="numpy", cache=True)
def _hessian(x: Floats, parameters: Floats, out: Floats, work: Floats) -> float:
    """Energy of the direction of x; its Hessian goes to out (n * n)."""
    n = len(x)
    s, g, t = work[:n], work[n : 2 * n], work[2 * n : 3 * n]
    length = 0.0
    for k in range(n):
        length += x[k] * x[k]
    scale = math.sqrt(n / length)
    for k in range(n):
        s[k] = scale * x[k]
    energy = _plain_gradient(s, parameters, g, work[3 * n :])
    _plain_hessian(s, parameters, out, work[3 * n :])
    along = energy * parameters[1] / n
    middle = 0.0
    for i in range(n):
        product = 0.0
        for k in range(n):
            product += out[i * n + k] * s[k]
        t[i] = product / n
        g[i] -= along * s[i]
        middle += s[i] * t[i]
    middle /= n
    square = scale * scale
    for i in range(n):
        for k in range(n):
            tangent = out[i * n + k] - t[i] * s[k] - s[i] * t[k] + middle * s[i] * s[k]
            flat = (1.0 if i == k else 0.0) - s[i] * s[k] / n
            side = (s[i] * g[k] + g[i] * s[k]) / n
            out[i * n + k] = square * (tangent - along * flat - side)
    return energy


@njit(cache=True)
def _length(parameters: Any) -> int:
    n, p = int(parameters[0]), int(parameters[1])
    return _HEADER + (n * (n + 1) * (2 * n + 1) // 6 if p == 3 else n**p)


@njit(cache=True)
def _work(parameters: Any) -> int:
    n, p = int(parameters[0]), int(parameters[1])
    return 3 * n + (0 if p == 3 else n ** (p - 1))


@cfunc(SIGNATURE, cache=True)
def _gradient_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters))
    return _gradient(carray(x, d), p, carray(out, d), carray(work, _work(parameters)))


@cfunc(SIGNATURE, cache=True)
def _hessian_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters))
    return _hessian(carray(x, d), p, carray(out, d * d), carray(work, _work(parameters)))


def pspin_kernel(packed: Floats) -> Kernel:
    """Kernel of the packed couplings of `pspin_sphere.SphericalCouplings`."""
    n, p = int(packed[0]), int(packed[1])
    work = 3 * n + (0 if p == 3 else n ** (p - 1))
    return Kernel(_gradient_c.address, _hessian_c.address, packed, work, (_gradient_c, _hessian_c))
