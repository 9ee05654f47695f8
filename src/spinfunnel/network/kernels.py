"""Numba kernels of networks along lines and planes: samples run along the last axis, so that all loops vectorise.

The exponential is ``2^k exp(r)`` with ``x = k ln 2 + r``, ``|r| <= ln(2) / 2``, by Taylor's series of degree 12 (7 in
single precision) and the bits of the exponent: right to two units in the last place, and several times as fast as the
library's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ACTIVATIONS", "SAMPLES", "activate", "affine", "cross_entropy", "exponential_table", "hidden_losses"]

ACTIVATIONS = {"identity": 0, "relu": 1, "tanh": 2, "sigmoid": 3}
SAMPLES = 128
"""Samples of a block in `hidden_losses`: the block's answers and fields stay in the first two caches."""
PRODUCT = 64
"""Sums of exponentials multiplied before one logarithm is taken: up to 10^4 classes stay below 10^300."""
_SERIES = [1.0 / math.factorial(power) for power in range(13)]
_LN2 = {"float32": (0.693359375, -2.12194440e-4), "float64": (0.693147180369123816490, 1.90821492927058770002e-10)}
"""ln 2 in two parts, the first with zeros at its end, so that k times it is exact (Cephes, fdlibm)."""


def exponential_table(dtype: Any) -> NDArray[Any]:
    """Constants in one precision: series, 1 / ln 2, ln 2 in two parts, rounding, bounds, zero, two."""
    kind = np.dtype(dtype)
    magic, lowest, highest = (1.5 * 2.0**23, -87.0, 88.0) if kind == np.float32 else (1.5 * 2.0**52, -708.0, 709.0)
    return np.array([*_SERIES, 1.0 / math.log(2.0), *_LN2[kind.name], magic, lowest, highest, 0.0, 2.0], kind)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _exponential(
    row: NDArray[Any], bits: NDArray[Any], scale: NDArray[Any], table: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Replace a row by its exponential; `bits` and `scale` are one scratch row, seen as integers and as numbers."""
    shift, bias = (23, 127) if scale.itemsize == 4 else (52, 1023)
    inverse, high, low, magic, lowest, highest = table[13], table[14], table[15], table[16], table[17], table[18]
    for s in range(len(row)):
        x = row[s]
        x = np.minimum(np.maximum(x, lowest), highest)
        k = (x * inverse + magic) - magic
        bits[s] = (np.int32(k) + bias) << shift
        row[s] = (x - k * high) - k * low
    if scale.itemsize == 4:
        for s in range(len(row)):
            r = row[s]
            p = table[7] * r + table[6]
            p = p * r + table[5]
            p = p * r + table[4]
            p = p * r + table[3]
            p = p * r + table[2]
            p = p * r + table[1]
            p = p * r + table[0]
            row[s] = p * scale[s]
        return
    for s in range(len(row)):
        r = row[s]
        p = table[12] * r + table[11]
        p = p * r + table[10]
        p = p * r + table[9]
        p = p * r + table[8]
        p = p * r + table[7]
        p = p * r + table[6]
        p = p * r + table[5]
        p = p * r + table[4]
        p = p * r + table[3]
        p = p * r + table[2]
        p = p * r + table[1]
        p = p * r + table[0]
        row[s] = p * scale[s]


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _activated(
    row: NDArray[Any], kind: int, work: NDArray[Any], bits: NDArray[Any], scale: NDArray[Any], table: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Apply an activation to a row; what is not a number stays so."""
    zero, one, two = table[19], table[0], table[20]
    if kind == 1:
        for s in range(len(row)):
            row[s] = np.maximum(row[s], zero)  # a branch would become a masked store, four times as slow
    elif kind >= 2:
        factor = two if kind == 2 else one
        for s in range(len(row)):
            work[s] = factor * row[s]
        _exponential(work, bits, scale, table)
        for s in range(len(row)):
            row[s] = one - factor / (work[s] + one)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def affine(
    out: NDArray[Any],
    parts: NDArray[Any],
    place: NDArray[Any],
    kind: int,
    work: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
    table: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Fill out (C, h, n) by ``activation(parts[0] + sum_i place[c, i] parts[i + 1])``, parts (k + 1, h, n)."""
    points, units, samples = out.shape
    for c in range(points):
        for j in range(units):
            row = out[c, j]
            if place.shape[1] == 2:
                a, b = place[c, 0], place[c, 1]
                for s in range(samples):
                    row[s] = parts[0, j, s] + a * parts[1, j, s] + b * parts[2, j, s]
            else:
                for s in range(samples):
                    row[s] = parts[0, j, s]
                for i in range(place.shape[1]):
                    a = place[c, i]
                    for s in range(samples):
                        row[s] += a * parts[i + 1, j, s]
            _activated(row, kind, work, bits, scale, table)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def activate(
    field: NDArray[Any],
    bias: NDArray[Any],
    kind: int,
    work: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
    table: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Replace field (C, h, n) by ``activation(field + bias)``, bias (C, h)."""
    for c in range(field.shape[0]):
        for j in range(field.shape[1]):
            row, shift = field[c, j], bias[c, j]
            for s in range(field.shape[2]):
                row[s] += shift
            _activated(row, kind, work, bits, scale, table)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def cross_entropy(
    total: NDArray[np.float64],
    logits: NDArray[Any],
    bias: NDArray[Any],
    target: NDArray[np.int64],
    work: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
    table: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Add ``sum_s [ln sum_o exp z_os - z_(target of s, s)]``, z = logits + bias, to total (C,).

    Shapes (C, o, n) of the logits, which are left changed, and (C, o) of the bias.
    """
    points, classes, samples = logits.shape
    largest = np.empty_like(work)
    whole = np.empty_like(work)
    for c in range(points):
        z = logits[c]
        for s in range(samples):
            z[0, s] += bias[c, 0]
            largest[s] = z[0, s]
        for o in range(1, classes):
            shift = bias[c, o]
            row = z[o]
            for s in range(samples):
                row[s] += shift
                largest[s] = np.maximum(row[s], largest[s])
        value = 0.0
        for s in range(samples):
            value += largest[s] - z[target[s], s]
        for s in range(samples):
            whole[s] = table[19]
        for o in range(classes):
            row = z[o]
            for s in range(samples):
                work[s] = row[s] - largest[s]
            _exponential(work, bits, scale, table)
            for s in range(samples):
                whole[s] += work[s]
        for first in range(0, samples, PRODUCT):
            product = 1.0
            for s in range(first, min(first + PRODUCT, samples)):
                product *= whole[s]
            value += math.log(product)
        total[c] += value


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _fields(field: NDArray[Any], parts: NDArray[Any], place: NDArray[Any]) -> None:  # pragma: no cover - compiled
    """Fill field (h, n) by ``parts[0] + sum_i place[i] parts[i + 1]``."""
    units, width = field.shape
    for j in range(units):
        row = field[j]
        if len(place) == 2:
            a, b = place[0], place[1]
            for s in range(width):
                row[s] = parts[0, j, s] + a * parts[1, j, s] + b * parts[2, j, s]
        else:
            for s in range(width):
                row[s] = parts[0, j, s]
            for i in range(len(place)):
                a = place[i]
                for s in range(width):
                    row[s] += a * parts[i + 1, j, s]


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _products(
    logits: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any], field: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Fill logits (o, n) by ``bias + weights @ field``, four units at a time, which halves the traffic of `logits`."""
    units, width = field.shape
    for o in range(logits.shape[0]):
        out, shift = logits[o], bias[o]
        for s in range(width):
            out[s] = shift
        j = 0
        while j + 4 <= units:
            w0, w1, w2, w3 = weights[o, j], weights[o, j + 1], weights[o, j + 2], weights[o, j + 3]
            f0, f1, f2, f3 = field[j], field[j + 1], field[j + 2], field[j + 3]
            for s in range(width):
                out[s] += w0 * f0[s] + w1 * f1[s] + w2 * f2[s] + w3 * f3[s]
            j += 4
        while j < units:
            w0, f0 = weights[o, j], field[j]
            for s in range(width):
                out[s] += w0 * f0[s]
            j += 1


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _entropies(
    logits: NDArray[Any],
    target: NDArray[np.int64],
    shares: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
    table: NDArray[Any],
) -> float:  # pragma: no cover - compiled
    """Sum of the cross-entropies of the first ``len(target)`` samples of logits (o, n); `shares` is scratch."""
    classes, width = logits.shape
    samples = len(target)
    largest, whole = np.empty(width, logits.dtype), np.empty(width, logits.dtype)
    for s in range(width):
        largest[s] = logits[0, s]
        whole[s] = table[19]
    for o in range(1, classes):
        for s in range(width):
            largest[s] = np.maximum(logits[o, s], largest[s])
    for o in range(classes):
        for s in range(width):
            shares[o * width + s] = logits[o, s] - largest[s]
    _exponential(shares, bits, scale, table)
    for o in range(classes):
        for s in range(width):
            whole[s] += shares[o * width + s]
    value = 0.0
    for s in range(samples):
        value += largest[s] - logits[target[s], s]
    for start in range(0, samples, PRODUCT):
        product = 1.0
        for s in range(start, min(start + PRODUCT, samples)):
            product *= whole[s]
        value += math.log(product)
    return value


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def hidden_losses(
    total: NDArray[np.float64],
    parts: NDArray[Any],
    place: NDArray[Any],
    kind: int,
    weights: NDArray[Any],
    bias: NDArray[Any],
    target: NDArray[np.int64],
    table: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Add the sums of cross-entropies of a network with one hidden layer to total (C,).

    Shapes (blocks, k + 1, h, `SAMPLES`) of the parts of the first field, the last block filled up; (C, k) of the
    places, (C, o, h) and (C, o) of the second layer; (n,) of the target. `bits` and `scale` are one scratch row of
    ``max(h, o) * SAMPLES``, seen as integers and as numbers. All stages of a block and a point follow each other while
    its numbers are in the first cache.
    """
    blocks, _, units, width = parts.shape
    points, classes = bias.shape
    field, logits = np.empty((units, width), parts.dtype), np.empty((classes, width), parts.dtype)
    work, every = np.empty(scale.size, parts.dtype), field.reshape(units * width)
    for block in range(blocks):
        labels = target[block * width : (block + 1) * width]
        for c in range(points):
            _fields(field, parts[block], place[c])
            _activated(every, kind, work, bits, scale, table)
            _products(logits, weights[c], bias[c], field)
            total[c] += _entropies(logits, labels, work[: classes * width], bits, scale, table)
