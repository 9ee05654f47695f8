"""Numba kernels of `SpinPolynomial`: energies of given states, and of all states in order."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.moves.walsh_transform import walsh_hadamard

__all__ = ["add_terms", "quadratic_blocks", "walsh_blocks"]


@njit(cache=True, nogil=True)
def add_terms(
    total: NDArray[np.float64], states: NDArray[np.uint8], indices: NDArray[np.int32], coefficients: NDArray[np.float64]
) -> None:  # pragma: no cover - compiled
    """Add ``sum_t c_t prod_i s_i`` of terms of one order to `total`, term by term in their order."""
    for row in range(states.shape[0]):
        value = 0.0
        for term in range(indices.shape[0]):
            ones = 0
            for position in range(indices.shape[1]):
                ones += states[row, indices[term, position]]
            if (indices.shape[1] - ones) & 1:
                value -= coefficients[term]
            else:
                value += coefficients[term]
        total[row] += value


@njit(cache=True, nogil=True)
def _linear_table(
    table: NDArray[np.float64], field: NDArray[np.float64], constant: float
) -> None:  # pragma: no cover - compiled
    """Fill table[x] = constant + sum_j field[j] s_j(x) by doubling."""
    value = constant
    for j in range(len(field)):
        value -= field[j]
    table[0] = value
    for j in range(len(field)):
        step = 2.0 * field[j]
        for i in range(1 << j):
            table[(1 << j) + i] = table[i] + step


@njit(cache=True, nogil=True)
def quadratic_blocks(
    out: NDArray[np.float64],
    first: int,
    last: int,
    low: NDArray[np.float64],
    cross: NDArray[np.float64],
    pairs: NDArray[np.float64],
    field: NDArray[np.float64],
    split: int,
    unit: float,
    constant: float,
) -> None:  # pragma: no cover - compiled
    """Write blocks of energies of a polynomial of order two.

    A block is one setting of the high bits. There the energy is that of the low bits alone (`low`) plus
    a function linear in the low spins, which is a sum of two small tables: two additions for a state.
    """
    high, bits = cross.shape
    block = len(low)
    g = np.empty(bits)
    spin = np.empty(high)
    near = np.empty(1 << split)
    far = np.empty(block >> split)
    for number in range(first, last):
        energy = 0.0
        g[:] = 0.0
        for i in range(high):
            spin[i] = 1.0 if (number >> i) & 1 else -1.0
            local = field[i]
            for j in range(i):
                local += pairs[i, j] * spin[j]
            energy += local * spin[i]
            for j in range(bits):
                g[j] += cross[i, j] * spin[i]
        _linear_table(near, g[:split], energy)
        _linear_table(far, g[split:], 0.0)
        start = number * block
        for row in range(len(far)):
            shift = far[row]
            target = out[start + (row << split) : start + ((row + 1) << split)]
            source = low[row << split : (row + 1) << split]
            for i in range(len(near)):
                target[i] = (source[i] + (near[i] + shift)) * unit + constant


@njit(cache=True, nogil=True)
def walsh_blocks(
    out: NDArray[np.float64],
    first: int,
    last: int,
    bits: int,
    lanes: NDArray[np.float64],
    low_mask: NDArray[np.int64],
    offsets: NDArray[np.int64],
    high_number: NDArray[np.int64],
    coefficients: NDArray[np.float64],
    high_mask: NDArray[np.int64],
    unit: float,
    constant: float,
) -> None:  # pragma: no cover - compiled
    """Write blocks of energies of a polynomial of any order.

    In a block of 2**bits states the high spins are fixed; the coefficients of the monomials in the
    low spins are collected in place, spread over the lowest bits through the table `lanes`, and
    transformed.
    """
    width = lanes.shape[0]
    lane_bits = 0
    while (1 << lane_bits) < width:
        lane_bits += 1
    sign = np.empty(len(high_mask))
    for number in range(first, last):
        for i in range(len(high_mask)):
            down = high_mask[i] & ~number
            odd = False
            while down:
                odd = not odd
                down &= down - 1
            sign[i] = -1.0 if odd else 1.0
        start = number << bits
        out[start : start + (1 << bits)] = 0.0
        for row in range(len(low_mask)):
            value = 0.0
            for term in range(offsets[row], offsets[row + 1]):
                value += coefficients[term] * sign[high_number[term]]
            base = start + (low_mask[row] >> lane_bits) * width
            target = out[base : base + width]
            pattern = lanes[low_mask[row] & (width - 1)]
            for i in range(width):
                target[i] += value * pattern[i]
        walsh_hadamard(out, start, bits, lane_bits)
        if unit != 1.0 or constant != 0.0:
            for i in range(start, start + (1 << bits)):
                out[i] = out[i] * unit + constant
        else:
            for i in range(start, start + (1 << bits)):
                out[i] += 0.0
