"""Losses of networks with one hidden layer along lines and planes, by vectors of samples in registers.

(1) Along a line or plane the weights are affine in the coordinates, and so are the fields of the hidden units: the
    answers of the first layer are given for the origin and for each direction, and at a point they are only added up.
(2) Samples lie side by side in vectors as wide as the processor's registers. A pair of vectors goes through both
    layers at once, which hides the time that each operation takes.
(3) Of the second layer four or five classes are summed at both vectors in registers, over all hidden units: eight or
    ten sums, which fit into the registers. Classes are filled up to groups of four and five (`rows`).
(4) The cross-entropy ``ln sum_o exp z_o - z_target`` is taken relative to the largest logit, so that no exponential
    overflows.
(5) The logarithm of a product stands for the sum of the logarithms of up to `PRODUCT` samples. Each factor is at
    least 1 and at most the number of classes, so that the product stays in range.
(6) A block of `PRODUCT` samples passes all points before the next block. Its inputs and logits stay in the first
    cache; nothing but the sums of losses is written further than that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.network.kernel_lanes import (
    BYTES,
    capped,
    clipped,
    fused,
    load,
    minus,
    over,
    plus,
    raised,
    spread,
    store,
    times,
    width,
)
from spinfunnel.network.kernels import PRODUCT

__all__ = ["hidden_losses", "rows"]

DOUBLES = BYTES // 8
"""Numbers of double precision in one vector."""
_FAST: Any = {"cache": True, "nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}


def rows(classes: int) -> int:
    """Classes filled up to groups of four and five.

    Examples
    --------
    >>> [rows(classes) for classes in (2, 5, 7, 10, 100)]
    [4, 5, 8, 10, 100]
    """
    return classes if 5 * (classes % 4) <= classes else 4 * -(-classes // 4)


@njit(**_FAST, forceinline=True)
def _exponential(x: Any, table: NDArray[Any]) -> Any:  # pragma: no cover - compiled
    """The exponential of a vector of numbers up to 88 (709 in double precision); what is not a number stays so."""
    x, magic = clipped(x, spread(table, 17)), spread(table, 16)
    moved = fused(x, spread(table, 13), magic)
    k = minus(moved, magic)
    r = minus(minus(x, times(k, spread(table, 14))), times(k, spread(table, 15)))
    if width(table) == DOUBLES:
        p = fused(spread(table, 12), r, spread(table, 11))
        p = fused(p, r, spread(table, 10))
        p = fused(p, r, spread(table, 9))
        p = fused(p, r, spread(table, 8))
        p = fused(p, r, spread(table, 7))
        p = fused(p, r, spread(table, 6))
    else:
        p = fused(spread(table, 7), r, spread(table, 6))
    p = fused(p, r, spread(table, 5))
    p = fused(p, r, spread(table, 4))
    p = fused(p, r, spread(table, 3))
    p = fused(p, r, spread(table, 2))
    p = fused(p, r, spread(table, 1))
    p = fused(p, r, spread(table, 0))
    return times(p, raised(moved))


@njit(**_FAST, forceinline=True)
def _quotient(x: Any, tangent: NDArray[Any]) -> Any:  # pragma: no cover - compiled
    """P(x^2) x and Q(x^2) of the hyperbolic tangent in single precision, `kernels.TANH`; x within its bound."""
    y = times(x, x)
    p = fused(spread(tangent, 0), y, spread(tangent, 1))
    p = fused(p, y, spread(tangent, 2))
    p = fused(p, y, spread(tangent, 3))
    p = fused(p, y, spread(tangent, 4))
    p = fused(p, y, spread(tangent, 5))
    p = fused(p, y, spread(tangent, 6))
    q = fused(spread(tangent, 7), y, spread(tangent, 8))
    q = fused(q, y, spread(tangent, 9))
    return times(p, x), fused(q, y, spread(tangent, 10))


@njit(**_FAST, forceinline=True)
def _tangents(x: Any, y: Any, tangent: NDArray[Any], table: NDArray[Any]) -> Any:  # pragma: no cover - compiled
    """Hyperbolic tangents of two vectors by one division: ``a / b`` and ``c / d`` from ``1 / (b d)``."""
    one = spread(table, 0)
    if width(table) == DOUBLES:
        two, bound = spread(table, 20), spread(table, 18)
        b = plus(_exponential(capped(times(two, x), bound), table), one)
        d = plus(_exponential(capped(times(two, y), bound), table), one)
        return minus(one, over(two, b)), minus(one, over(two, d))
    bound, floor = spread(tangent, 11), spread(tangent, 13)
    a, b = _quotient(clipped(capped(x, bound), floor), tangent)
    c, d = _quotient(clipped(capped(y, bound), floor), tangent)
    whole = over(one, times(b, d))
    return times(a, times(d, whole)), times(c, times(b, whole))


@njit(**_FAST, forceinline=True)
def _fields(
    field: NDArray[Any],
    parts: NDArray[Any],
    start: int,
    place: NDArray[Any],
    at: int,
    directions: int,
    kind: int,
    tangent: NDArray[Any],
    table: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Hidden units of a pair of vectors: ``activation(parts[0] + sum_i place[at + i] parts[i + 1])`` (1)."""
    w = width(field)
    plane = field.size
    zero, half = spread(table, 19), spread(tangent, 12)
    one, two = spread(place, at), spread(place, at + directions - 1)
    for j in range(0, plane, 2 * w):
        here = start + j
        x, y = load(parts, here), load(parts, here + w)
        if directions == 2:
            x, y = fused(one, load(parts, here + plane), x), fused(one, load(parts, here + plane + w), y)
            here += 2 * plane
            x, y = fused(two, load(parts, here), x), fused(two, load(parts, here + w), y)
        else:
            for i in range(at, at + directions):
                here += plane
                a = spread(place, i)
                x, y = fused(a, load(parts, here), x), fused(a, load(parts, here + w), y)
        if kind == 1:
            x, y = clipped(x, zero), clipped(y, zero)
        elif kind == 2:
            x, y = _tangents(x, y, tangent, table)
        elif kind == 3:
            x, y = _tangents(times(half, x), times(half, y), tangent, table)
            x, y = fused(half, x, half), fused(half, y, half)
        store(field, j, x)
        store(field, j + w, y)


@njit(**_FAST, forceinline=True)
def _four(
    logits: NDArray[Any], at: int, field: NDArray[Any], weights: NDArray[Any], first: int, apart: int
) -> None:  # pragma: no cover - compiled
    """Logits of four classes at a pair of vectors (3); their biases follow the weights of the last unit."""
    w = width(field)
    bias = first + field.size // (2 * w) * apart
    a0, a1, a2, a3 = (
        spread(weights, bias),
        spread(weights, bias + 1),
        spread(weights, bias + 2),
        spread(weights, bias + 3),
    )
    b0, b1, b2, b3 = a0, a1, a2, a3
    for j in range(0, field.size, 2 * w):
        x, y = load(field, j), load(field, j + w)
        v = spread(weights, first)
        a0, b0 = fused(v, x, a0), fused(v, y, b0)
        v = spread(weights, first + 1)
        a1, b1 = fused(v, x, a1), fused(v, y, b1)
        v = spread(weights, first + 2)
        a2, b2 = fused(v, x, a2), fused(v, y, b2)
        v = spread(weights, first + 3)
        a3, b3 = fused(v, x, a3), fused(v, y, b3)
        first += apart
    for a, b in ((a0, b0), (a1, b1), (a2, b2), (a3, b3)):
        store(logits, at, a)
        store(logits, at + w, b)
        at += PRODUCT


@njit(**_FAST, forceinline=True)
def _five(
    logits: NDArray[Any], at: int, field: NDArray[Any], weights: NDArray[Any], first: int, apart: int
) -> None:  # pragma: no cover - compiled
    """The same of five classes."""
    w = width(field)
    bias = first + field.size // (2 * w) * apart
    a0, a1, a2, a3 = (
        spread(weights, bias),
        spread(weights, bias + 1),
        spread(weights, bias + 2),
        spread(weights, bias + 3),
    )
    a4 = spread(weights, bias + 4)
    b0, b1, b2, b3, b4 = a0, a1, a2, a3, a4
    for j in range(0, field.size, 2 * w):
        x, y = load(field, j), load(field, j + w)
        v = spread(weights, first)
        a0, b0 = fused(v, x, a0), fused(v, y, b0)
        v = spread(weights, first + 1)
        a1, b1 = fused(v, x, a1), fused(v, y, b1)
        v = spread(weights, first + 2)
        a2, b2 = fused(v, x, a2), fused(v, y, b2)
        v = spread(weights, first + 3)
        a3, b3 = fused(v, x, a3), fused(v, y, b3)
        v = spread(weights, first + 4)
        a4, b4 = fused(v, x, a4), fused(v, y, b4)
        first += apart
    for a, b in ((a0, b0), (a1, b1), (a2, b2), (a3, b3), (a4, b4)):
        store(logits, at, a)
        store(logits, at + w, b)
        at += PRODUCT


@njit(**_FAST, forceinline=True)
def _normalised(
    logits: NDArray[Any], at: int, classes: int, largest: NDArray[Any], whole: NDArray[Any], table: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Largest logit z and ``sum_o exp(z_o - z)`` of one vector of samples (4); not a number ends in the sum."""
    top = load(logits, at)
    end = at + classes * PRODUCT
    for o in range(at + PRODUCT, end, PRODUCT):
        top = clipped(load(logits, o), top)
    total = spread(table, 19)
    for o in range(at, end, PRODUCT):
        total = plus(total, _exponential(minus(load(logits, o), top), table))
    store(largest, at, top)
    store(whole, at, total)


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"}, error_model="numpy")
def _ending(
    logits: NDArray[Any], largest: NDArray[Any], whole: NDArray[Any], target: NDArray[np.int64]
) -> float:  # pragma: no cover - compiled
    """Sum of the losses of up to `PRODUCT` samples, one logarithm for all (5): sums may be taken in any order."""
    value, product = 0.0, 1.0
    for s in range(len(target)):
        value += np.float64(largest[s]) - np.float64(logits[target[s] * PRODUCT + s])
    for s in range(len(target)):
        product *= np.float64(whole[s])
    return value + math.log(product)


@njit(**_FAST)
def hidden_losses(
    total: NDArray[np.float64],
    parts: NDArray[Any],
    place: NDArray[Any],
    kind: int,
    weights: NDArray[Any],
    classes: int,
    target: NDArray[np.int64],
    tangent: NDArray[Any],
    table: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Add the sums of cross-entropies of a network with one hidden layer to total (C,).

    Shapes (pairs, k + 1, h, w) of the parts of the first field, w two vectors' length, the last pair filled up;
    (C, k) of the places; (C, h + 1, r) of the second layer, r classes filled up to `rows`, biases last; (n,) of the
    target. The numbers are those of the module's argument.
    """
    pairs, more, units, step = parts.shape
    points, _, apart = weights.shape
    fives, directions, size = apart % 4, more - 1, (units + 1) * apart
    field, logits = np.empty(units * step, parts.dtype), np.empty(apart * PRODUCT, parts.dtype)
    largest, whole = np.empty(PRODUCT, parts.dtype), np.empty(PRODUCT, parts.dtype)
    flat, places, second = parts.reshape(parts.size), place.reshape(place.size), weights.reshape(weights.size)
    for start in range(0, pairs * step, PRODUCT):  # (6)
        labels = target[start : start + PRODUCT]
        for c in range(points):
            for s in range(0, min(PRODUCT, pairs * step - start), step):  # (2)
                here = (start + s) * more * units
                _fields(field, flat, here, places, c * directions, directions, kind, tangent, table)  # (1)
                for o in range(fives):  # (3)
                    _five(logits, 5 * o * PRODUCT + s, field, second, c * size + 5 * o, apart)
                for o in range(5 * fives, apart, 4):
                    _four(logits, o * PRODUCT + s, field, second, c * size + o, apart)
                _normalised(logits, s, classes, largest, whole, table)  # (4)
                _normalised(logits, s + step // 2, classes, largest, whole, table)
            total[c] += _ending(logits, largest, whole, labels)  # (5)
