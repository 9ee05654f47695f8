"""Numba kernels of convolutions along lines and planes: samples along the last axis, the pixels of a line beside.

Numbers of a block of samples are rows: row ``(c H + y) W + x`` holds one pixel of one channel. With a
stride of 1 the pixels of a line follow each other, and one long loop does them all; a linear layer is a convolution
with one position. On one core two outputs and five inputs at a time fill the registers of AVX2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.network.kernels import activated, entropies

__all__ = ["FEWEST", "MOST", "affine_lines", "entropy", "gathered", "pooled"]

FEWEST, MOST = 40, 96
"""Samples of a block: eight channels of an image of 8 x 8 and what a convolution makes of them fit into 512 KiB."""


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def affine_lines(
    out: NDArray[Any],
    start: NDArray[np.int64],
    parts: NDArray[Any],
    place: NDArray[Any],
    kind: int,
    scratch: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
) -> None:  # pragma: no cover - compiled
    """``activation(parts[0] + sum_i place[i] parts[i + 1])`` of lines: parts (k + 1, lines, w) to out[start[line]:]."""
    work, bits, scale, table = scratch
    lines, width = parts.shape[1:]
    for line in range(lines):
        row = out[start[line] : start[line] + width]
        first = parts[0, line]
        for s in range(width):
            row[s] = first[s]
        for i in range(len(place)):
            a, more = place[i], parts[i + 1, line]
            for s in range(width):
                row[s] += a * more[s]
        activated(row, kind, work, bits, scale, table)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def gathered(
    out: NDArray[Any],
    place: NDArray[np.int64],
    plane: int,
    given: NDArray[Any],
    base: NDArray[np.int64],
    taps: NDArray[np.int64],
    weights: NDArray[Any],
    bias: NDArray[Any],
    kind: int,
    sums: NDArray[Any],
    scratch: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
) -> None:  # pragma: no cover - compiled
    """``out[o plane + place[p]] = activation(bias[o] + sum_t weights[o, t] given[base[p] + taps[t]])`` of whole lines.

    Places, bases and taps count numbers, not rows; weights have shape (pairs of outputs, taps, 2), sums (2, width).
    """
    work, bits, scale, table = scratch
    width, count, outs = sums.shape[1], len(taps), len(bias)
    one, two = sums[0], sums[1]
    for p in range(len(base)):
        for pair in range(len(weights)):
            w, b = weights[pair], base[p]
            shift, other = bias[2 * pair], bias[min(2 * pair + 1, outs - 1)]
            for s in range(width):
                one[s] = shift
                two[s] = other
            t = 0
            while t + 5 <= count:
                v0, v1, v2, v3, v4 = w[t, 0], w[t + 1, 0], w[t + 2, 0], w[t + 3, 0], w[t + 4, 0]
                u0, u1, u2, u3, u4 = w[t, 1], w[t + 1, 1], w[t + 2, 1], w[t + 3, 1], w[t + 4, 1]
                f0, f1 = given[b + taps[t] : b + taps[t] + width], given[b + taps[t + 1] : b + taps[t + 1] + width]
                f2, f3 = (
                    given[b + taps[t + 2] : b + taps[t + 2] + width],
                    given[b + taps[t + 3] : b + taps[t + 3] + width],
                )
                f4 = given[b + taps[t + 4] : b + taps[t + 4] + width]
                for s in range(width):
                    x0, x1, x2, x3, x4 = f0[s], f1[s], f2[s], f3[s], f4[s]
                    y, z = one[s], two[s]
                    y += v0 * x0
                    z += u0 * x0
                    y += v1 * x1
                    z += u1 * x1
                    y += v2 * x2
                    z += u2 * x2
                    y += v3 * x3
                    z += u3 * x3
                    y += v4 * x4
                    z += u4 * x4
                    one[s] = y
                    two[s] = z
                t += 5
            while t < count:
                v0, u0, f0 = w[t, 0], w[t, 1], given[b + taps[t] : b + taps[t] + width]
                for s in range(width):
                    one[s] += v0 * f0[s]
                for s in range(width):
                    two[s] += u0 * f0[s]
                t += 1
            for o in range(2 * pair, min(2 * pair + 2, outs)):
                row, found = out[o * plane + place[p] : o * plane + place[p] + width], sums[o - 2 * pair]
                activated(found, kind, work, bits, scale, table)
                for s in range(width):
                    row[s] = found[s]


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def pooled(
    out: NDArray[Any],
    place: NDArray[np.int64],
    plane: int,
    given: NDArray[Any],
    base: NDArray[np.int64],
    taps: NDArray[np.int64],
    given_plane: int,
    channels: int,
    mean: bool,
    width: int,
    kind: int,
    scratch: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
) -> None:  # pragma: no cover - compiled
    """Largest number, or mean, of the taps at each base, channel by channel; rows of `width` samples."""
    work, bits, scale, table = scratch
    share = table[0] / len(taps)
    for c in range(channels):
        for p in range(len(base)):
            row = out[c * plane + place[p] : c * plane + place[p] + width]
            b = c * given_plane + base[p]
            first = given[b + taps[0] : b + taps[0] + width]
            for s in range(width):
                row[s] = first[s]
            for t in range(1, len(taps)):
                more = given[b + taps[t] : b + taps[t] + width]
                if mean:
                    for s in range(width):
                        row[s] += more[s]
                else:
                    for s in range(width):
                        row[s] = np.maximum(row[s], more[s])
            if mean:
                for s in range(width):
                    row[s] *= share
            activated(row, kind, work, bits, scale, table)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def entropy(
    logits: NDArray[Any],
    target: NDArray[np.int64],
    scratch: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
) -> float:  # pragma: no cover - compiled
    """Sum of the cross-entropies of the first ``len(target)`` samples of logits (o, w)."""
    work, bits, scale, table = scratch
    size = logits.size
    return entropies(logits, target, work[:size], bits[:size], scale[:size], table)
