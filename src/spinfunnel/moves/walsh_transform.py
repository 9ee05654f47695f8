"""The fast Walsh-Hadamard transform: from interactions of spins to energies of all states, and back, in place."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["energies_of", "interactions_of", "walsh_hadamard"]

Floats = NDArray[np.float64]


def energies_of(interactions: Floats) -> Floats:
    """Energies of all states from the coefficients of all monomials; a new array.

    Examples
    --------
    >>> energies_of(np.array([0.0, 1.0, 0.0, 0.5])).tolist()
    [-0.5, 0.5, -1.5, 1.5]
    """
    energies = interactions.copy()
    walsh_hadamard(energies, 0, len(energies).bit_length() - 1, 0)
    return energies


def interactions_of(energies: Floats) -> Floats:
    """Coefficients of all monomials from the energies of all states, ``c_S = 2^-N sum_s E(s) prod_{i in S} s_i``.

    The coefficient of ``prod_{i in S} s_i`` stands at the number whose bits are S. `energies_of` is the inverse: the
    matrix of a spin is ``((1, -1), (1, 1))``, and its transpose is the same read from the other end.

    Examples
    --------
    >>> interactions_of(np.array([-0.5, 0.5, -1.5, 1.5])).tolist()
    [0.0, 1.0, 0.0, 0.5]
    """
    turned = energies[::-1].copy()
    walsh_hadamard(turned, 0, len(turned).bit_length() - 1, 0)
    found = turned[::-1]
    found /= len(energies)
    return np.ascontiguousarray(found)


@njit(cache=True, nogil=True)
def _radix4(a: NDArray[np.float64], start: int, stop: int, quarter: int) -> None:  # pragma: no cover - compiled
    """Butterflies of the two bits whose strides are 2 * quarter and quarter."""
    for base in range(start, stop, 4 * quarter):
        a0 = a[base : base + quarter]
        a1 = a[base + quarter : base + 2 * quarter]
        a2 = a[base + 2 * quarter : base + 3 * quarter]
        a3 = a[base + 3 * quarter : base + 4 * quarter]
        for i in range(quarter):
            x0 = a0[i] - a2[i]
            x2 = a0[i] + a2[i]
            x1 = a1[i] - a3[i]
            x3 = a1[i] + a3[i]
            a0[i] = x0 - x1
            a1[i] = x0 + x1
            a2[i] = x2 - x3
            a3[i] = x2 + x3


@njit(cache=True, nogil=True)
def _radix2(a: NDArray[np.float64], start: int, stop: int, half: int) -> None:  # pragma: no cover - compiled
    for base in range(start, stop, 2 * half):
        a0 = a[base : base + half]
        a1 = a[base + half : base + 2 * half]
        for i in range(half):
            x0 = a0[i]
            x1 = a1[i]
            a0[i] = x0 - x1
            a1[i] = x0 + x1


@njit(cache=True, nogil=True)
def _levels(a: NDArray[np.float64], start: int, stop: int, high: int, low: int) -> None:  # pragma: no cover - compiled
    """Butterflies of bits high - 1, ..., low."""
    bit = high
    while bit - low >= 2:
        _radix4(a, start, stop, 1 << (bit - 2))
        bit -= 2
    if bit > low:
        _radix2(a, start, stop, 1 << (bit - 1))


@njit(cache=True, nogil=True)
def walsh_hadamard(a: NDArray[np.float64], start: int, bits: int, low: int) -> None:  # pragma: no cover - compiled
    """Turn coefficients of monomials into values, in place: bits low, ..., bits - 1 of ``a[start : start + 2**bits]``.

    The coefficient of the monomial prod_{i in S} s_i stands at the number whose bits are S. Strides beyond 2**12
    come first, so that what follows stays in the first-level cache.
    """
    stop = start + (1 << bits)
    near = min(bits, max(12, low))
    _levels(a, start, stop, bits, near)
    for base in range(start, stop, 1 << near):
        _levels(a, base, base + (1 << near), near, low)
