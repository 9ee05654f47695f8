"""Numba kernel of the random energy model: normal numbers that depend on their own number only."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["hashed_normals", "hashed_normals_of"]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


@njit(inline="always", error_model="numpy")
def _centred(number: np.uint64, key: np.uint64) -> float:  # pragma: no cover - compiled
    """SplitMix64 at a position, as an odd multiple of 2**-53 in (-1/2, 1/2)."""
    z = key + (number + np.uint64(1)) * _STEP
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z = z ^ (z >> np.uint64(31))
    return (np.float64(np.int64(z >> np.uint64(12))) + 0.5) * (1.0 / 4503599627370496.0) - 0.5


@njit(inline="always", error_model="numpy")
def _central(q: float) -> float:  # pragma: no cover - compiled
    r = 0.180625 - q * q
    top = 2509.0809287301226727 * r + 33430.575583588128105
    top = ((top * r + 67265.770927008700853) * r + 45921.953931549871457) * r + 13731.693765509461125
    top = ((top * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608
    low = 5226.495278852545925 * r + 28729.085735721942674
    low = ((low * r + 39307.89580009271061) * r + 21213.794301586595867) * r + 5394.1960214247511077
    low = ((low * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1.0
    return q * top / low


@njit(inline="always", error_model="numpy")
def _tail(r: float) -> float:  # pragma: no cover - compiled
    """Quantile from r = sqrt(-log p) <= 5."""
    r -= 1.6
    top = 7.7454501427834140764e-4 * r + 0.0227238449892691845833
    top = ((top * r + 0.24178072517745061177) * r + 1.27045825245236838258) * r + 3.64784832476320460504
    top = ((top * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
    low = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4
    low = ((low * r + 0.0151986665636164571966) * r + 0.14810397642748007459) * r + 0.68976733498510000455
    low = ((low * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    return top / low


@njit(error_model="numpy")
def _far_tail(r: float) -> float:  # pragma: no cover - compiled
    """Quantile from r = sqrt(-log p) > 5."""
    r -= 5.0
    top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    top = ((top * r + 0.0012426609473880784386) * r + 0.026532189526576123093) * r + 0.29656057182850489123
    top = ((top * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
    low = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7
    low = ((low * r + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r + 0.0148753612908506148525
    low = ((low * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
    return top / low


@njit(inline="always", error_model="numpy")
def _root_log(pattern: np.int64, fraction: float) -> float:  # pragma: no cover - compiled
    """Return sqrt(-log p) from the bit pattern of p and its significand in [1, 2).

    Spelled out because a call of the library's logarithm would neither vectorise nor be the same everywhere.
    """
    exponent = np.float64((pattern >> 52) - 1023)
    half = fraction > 1.4142135623730951
    exponent = exponent + 1.0 if half else exponent
    fraction = 0.5 * fraction if half else fraction
    s = (fraction - 1.0) / (fraction + 1.0)
    z = s * s
    series = 1.0 / 21.0
    series = ((series * z + 1.0 / 19.0) * z + 1.0 / 17.0) * z + 1.0 / 15.0
    series = ((series * z + 1.0 / 13.0) * z + 1.0 / 11.0) * z + 1.0 / 9.0
    series = ((series * z + 1.0 / 7.0) * z + 1.0 / 5.0) * z + 1.0 / 3.0
    return math.sqrt(-(exponent * 0.6931471805599453 + 2.0 * s * (series * z + 1.0)))


@njit(inline="always", error_model="numpy")
def _distance(number: np.uint64, target: np.uint64) -> np.int64:  # pragma: no cover - compiled
    x = number ^ target
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True, error_model="numpy")
def _mend_tails(
    normal: NDArray[np.float64], q: NDArray[np.float64], place: NDArray[np.int64], p: NDArray[np.float64]
) -> None:  # pragma: no cover - compiled
    """Replace the quantiles beyond the central 85 %; `place` and `p` are scratch."""
    count = 0
    for i in range(len(q)):
        place[count] = i
        p[count] = 0.5 - abs(q[i])
        count += abs(q[i]) > 0.425
    pattern = p.view(np.int64)
    fraction = np.empty(count, np.int64)
    for k in range(count):
        fraction[k] = (pattern[k] & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000
    significand = fraction.view(np.float64)
    for k in range(count):
        p[k] = _root_log(pattern[k], significand[k])
    for k in range(count):
        significand[k] = _tail(p[k])
    for k in range(count):
        value = significand[k] if p[k] <= 5.0 else _far_tail(p[k])
        normal[place[k]] = math.copysign(value, q[place[k]])


@njit(cache=True, nogil=True, error_model="numpy")
def hashed_normals(
    out: NDArray[np.float64], start: int, key: np.uint64, spread: float, slope: float, target: np.uint64
) -> None:  # pragma: no cover - compiled
    """Write ``spread * z_x + slope * (Hamming distance of x to target)`` for x = start, start + 1, ...

    z_x is the quantile (Wichura, Appl. Stat. 37, 477, 1988: algorithm AS 241, 16 digits) of a hash of x (SplitMix64:
    Steele, Lea, Flood, 2014). The passes are kept apart so that all but the collecting of the tails vectorise.
    """
    first = np.uint64(start)
    q = np.empty(len(out))
    for i in range(len(out)):
        q[i] = _centred(first + np.uint64(i), key)
    for i in range(len(out)):
        out[i] = _central(q[i])
    _mend_tails(out, q, np.empty(len(out) + 1, np.int64), np.empty(len(out) + 1))
    for i in range(len(out)):
        out[i] = spread * out[i] + slope * _distance(first + np.uint64(i), target)


@njit(cache=True, nogil=True, error_model="numpy")
def hashed_normals_of(
    out: NDArray[np.float64],
    numbers: NDArray[np.uint64],
    key: np.uint64,
    spread: float,
    slope: float,
    target: np.uint64,
) -> None:  # pragma: no cover - compiled
    """`hashed_normals` of the states with the given numbers."""
    q = np.empty(len(out))
    for i in range(len(out)):
        q[i] = _centred(numbers[i], key)
        out[i] = _central(q[i])
    _mend_tails(out, q, np.empty(len(out) + 1, np.int64), np.empty(len(out) + 1))
    for i in range(len(out)):
        out[i] = spread * out[i] + slope * _distance(numbers[i], target)
