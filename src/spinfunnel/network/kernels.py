"""Numba kernels of networks along lines and planes: samples run along the last axis, so that all loops vectorise.

(1) The exponential is ``2^k exp(r)`` with ``x = k ln 2 + r``, ``|r| <= ln(2) / 2``: right to two units in the last
    place, and several times as fast as the library's.
(2) k is rounded by adding and taking off a number so large that its last bit is worth 1. ln 2 stands in two parts, so
    that k times the first is exact and r keeps all its digits.
(3) ``2^k`` is made of its bits: k plus the bias, shifted into the place of the exponent.
(4) ``exp(r)`` is Taylor's series of degree 12 (7 in single precision) by Horner's scheme.
(5) The hyperbolic tangent in single precision is a quotient of polynomials, right to 4e-7; in double precision it
    comes from the exponential, and so does the sigmoid.
(6) Cross-entropies are taken relative to the largest logit. The logarithm of a product of up to `PRODUCT` sums stands
    for as many logarithms; each sum is at least 1 and at most the number of classes, so that the product stays in
    range.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "PRODUCT",
    "TANH",
    "activate",
    "activated",
    "affine",
    "cross_entropy",
    "entropies",
    "exponential_table",
]

ACTIVATIONS = {"identity": 0, "relu": 1, "tanh": 2, "sigmoid": 3}
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


TANH = np.array(
    [
        *(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08),
        *(1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03),
        *(1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03),
        *(7.90531110763549805, 0.5, -7.90531110763549805),
    ],
    np.float32,
)
"""tanh x = x P(x^2) / Q(x^2) for |x| <= 7.9, beyond which it is 1 in single precision: P, Q from the highest power, the
bound, the half that makes a sigmoid of it, and the bound below. Coefficients of Eigen (MathFunctionsImpl.h)."""


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _tangent(row: NDArray[Any], sigmoid: bool) -> None:  # pragma: no cover - compiled
    """Replace a row in single precision by its tanh, or by ``(1 + tanh(x / 2)) / 2``."""
    p0, p1, p2, p3, p4, p5, p6 = TANH[0], TANH[1], TANH[2], TANH[3], TANH[4], TANH[5], TANH[6]
    q0, q1, q2, q3, bound, half = TANH[7], TANH[8], TANH[9], TANH[10], TANH[11], TANH[12]
    inner = half if sigmoid else half + half
    for s in range(len(row)):
        x = np.minimum(np.maximum(inner * row[s], -bound), bound)
        y = x * x
        p = p0 * y + p1
        p = p * y + p2
        p = p * y + p3
        p = p * y + p4
        p = p * y + p5
        p = p * y + p6
        q = q0 * y + q1
        q = q * y + q2
        q = q * y + q3
        row[s] = x * p / q
    if sigmoid:
        for s in range(len(row)):
            row[s] = half * row[s] + half


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
        k = (x * inverse + magic) - magic  # (2)
        bits[s] = (np.int32(k) + bias) << shift  # (3)
        row[s] = (x - k * high) - k * low
    if scale.itemsize == 4:  # (4)
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
def activated(
    row: NDArray[Any], kind: int, work: NDArray[Any], bits: NDArray[Any], scale: NDArray[Any], table: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Apply an activation to a row; what is not a number stays so."""
    zero, one, two = table[19], table[0], table[20]
    if kind == 1:
        for s in range(len(row)):
            row[s] = np.maximum(row[s], zero)  # a branch would become a masked store, four times as slow
    elif kind >= 2:
        if row.itemsize == 4:  # (5)
            _tangent(row, kind == 3)
            return
        factor = two if kind == 2 else one
        for s in range(len(row)):
            work[s] = factor * row[s]
        _exponential(work[: len(row)], bits, scale, table)
        for s in range(len(row)):
            row[s] = one - factor / (work[s] + one)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def fields(field: NDArray[Any], parts: NDArray[Any], place: NDArray[Any]) -> None:  # pragma: no cover - compiled
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
def entropies(
    logits: NDArray[Any],
    target: NDArray[np.int64],
    shares: NDArray[Any],
    bits: NDArray[Any],
    scale: NDArray[Any],
    table: NDArray[Any],
) -> float:  # pragma: no cover - compiled
    """``sum_s [ln sum_o exp z_os - z_(target of s, s)]`` over the first ``len(target)`` samples of logits (o, n).

    `shares`, `bits` and `scale` are scratch of ``o n``; one long row is done twice as fast as ten short ones.
    """
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
            shares[o * width + s] = logits[o, s] - largest[s]  # (6)
    _exponential(shares, bits, scale, table)
    for o in range(classes):
        for s in range(width):
            whole[s] += shares[o * width + s]
    value = 0.0
    for s in range(samples):
        value += largest[s] - logits[target[s], s]
    for start in range(0, samples, PRODUCT):  # (6)
        product = 1.0
        for s in range(start, min(start + PRODUCT, samples)):
            product *= whole[s]
        value += math.log(product)
    return value


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
    for c in range(out.shape[0]):
        for j in range(out.shape[1]):
            fields(out[c, j : j + 1], parts[:, j : j + 1], place[c])
            activated(out[c, j], kind, work, bits, scale, table)


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
            activated(row, kind, work, bits, scale, table)


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
    """Add the sums of cross-entropies of logits (C, o, n) + bias (C, o) to total (C,); the logits are changed.

    Scratch of ``o n``, as of `entropies`.
    """
    activate(logits, bias, 0, work, bits, scale, table)
    for c in range(len(total)):
        total[c] += entropies(logits[c], target, work, bits, scale, table)
