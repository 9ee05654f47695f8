"""Numba kernels of the binary network."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "LANES", "canonical_energies", "copy_energies", "energies_of", "unit_rows"]

ACTIVATIONS = {"tanh": 0, "relu": 1, "sign": 2}
LANES = 8
RELU_MEAN = 1.0 / math.sqrt(2.0 * math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def unit_rows(
    rows: NDArray[np.float64],
    first: int,
    inputs: NDArray[np.float64],
    margin: NDArray[np.float64],
    activation: int,
    output: bool,
) -> None:  # pragma: no cover - compiled
    """Fill ``rows[c, p] = exp(-margin_p * (output of a unit with code first + c on pattern p))``.

    The lowest bits of a code are the unit's weights, the next one (where `output`) the weight of its output.
    Patterns that only fill up the lanes have margin 0 and get 0.
    """
    count, patterns = inputs.shape
    field = np.empty(patterns)
    for c in range(rows.shape[0]):
        code = first + c
        field[:] = 0.0
        for i in range(count):
            if (code >> i) & 1:
                for p in range(patterns):
                    field[p] += inputs[i, p]
            else:
                for p in range(patterns):
                    field[p] -= inputs[i, p]
        turned = output and not (code >> count) & 1
        for p in range(patterns):
            h = field[p]
            if activation == 0:
                h = math.tanh(h)
            elif activation == 1:
                h = max(h, 0.0) - RELU_MEAN
            else:
                h = 1.0 if h > 0.0 else (-1.0 if h < 0.0 else 0.0)
            if turned:
                h = -h
            rows[c, p] = math.exp(-margin[p] * h) if margin[p] != 0.0 else 0.0


@njit(cache=True, nogil=True)
def _canonical(
    number: int, codes: NDArray[np.int64], count: int, output: bool, odd: bool
) -> int:  # pragma: no cover - compiled
    """Fill the codes of the state's canonical copy, descending, and return its number: no copy has a smaller one."""
    units = len(codes)
    mask = (1 << count) - 1
    for k in range(units):
        code = (number >> (k * count)) & mask
        if output and (number >> (units * count + k)) & 1:
            code = code ^ mask if odd else code | (mask + 1)
        place = k
        while place > 0 and codes[place - 1] < code:
            codes[place] = codes[place - 1]
            place -= 1
        codes[place] = code
    result = 0
    for k in range(units):
        result |= (codes[k] & mask) << (k * count)
        if codes[k] > mask:
            result |= 1 << (units * count + k)
    return result


@njit(cache=True, nogil=True, inline="always")
def _loss(
    rest: NDArray[np.float64], row: NDArray[np.float64], lane: NDArray[np.float64], chunk: int
) -> float:  # pragma: no cover - compiled
    """Sum of log(1 + rest_p * row_p), as logarithms of products of at most `chunk` factors in each lane."""
    total = 0.0
    groups = len(row) // LANES
    start = 0
    while start < groups:
        stop = min(start + chunk, groups)
        lane[:] = 1.0
        for group in range(start, stop):
            for i in range(LANES):
                lane[i] *= 1.0 + rest[group * LANES + i] * row[group * LANES + i]
        for i in range(LANES):
            total += math.log(lane[i])
        start = stop
    return total


@njit(cache=True, nogil=True)
def canonical_energies(
    out: NDArray[np.float64],
    first: int,
    last: int,
    rows: NDArray[np.float64],
    units: int,
    count: int,
    output: bool,
    odd: bool,
    chunk: int,
) -> None:  # pragma: no cover - compiled
    """Energies of the canonical states among blocks of 2**count states; the others are left alone."""
    codes = np.empty(units, np.int64)
    rest = np.empty(rows.shape[1])
    lane = np.empty(LANES)
    width = min(1 << count, len(out))
    for block in range(first, last):
        start = block << count
        top = start | (width - 1)
        # The largest lowest unit gives a canonical state if any does.
        if _canonical(top, codes, count, output, odd) != top:
            continue
        rest[:] = 1.0
        for k in range(units - 1, 0, -1):
            rest *= rows[codes[k]]
        raised = codes[0] & ~((1 << count) - 1)
        lowest = max(codes[1] - raised, 0) if units > 1 else 0
        for code in range(lowest, width):
            out[start + code] = _loss(rest, rows[raised + code], lane, chunk)


@njit(cache=True, nogil=True)
def copy_energies(
    out: NDArray[np.float64], first: int, last: int, units: int, count: int, output: bool, odd: bool
) -> None:  # pragma: no cover - compiled
    """Give every state the energy of its canonical copy."""
    codes = np.empty(units, np.int64)
    for number in range(first, last):
        copy = _canonical(number, codes, count, output, odd)
        if copy != number:
            out[number] = out[copy]


@njit(cache=True, nogil=True)
def energies_of(
    out: NDArray[np.float64],
    numbers: NDArray[np.int64],
    inputs: NDArray[np.float64],
    margin: NDArray[np.float64],
    activation: int,
    units: int,
    output: bool,
    odd: bool,
    chunk: int,
) -> None:  # pragma: no cover - compiled
    """Energies of numbered states, operation by operation as in `canonical_energies`."""
    codes = np.empty(units, np.int64)
    rest = np.empty(inputs.shape[1])
    row = np.empty((1, inputs.shape[1]))
    lane = np.empty(LANES)
    for place in range(len(numbers)):
        _canonical(numbers[place], codes, inputs.shape[0], output, odd)
        rest[:] = 1.0
        for k in range(units - 1, 0, -1):
            unit_rows(row, codes[k], inputs, margin, activation, output)
            rest *= row[0]
        unit_rows(row, codes[0], inputs, margin, activation, output)
        out[place] = _loss(rest, row[0], lane, chunk)
