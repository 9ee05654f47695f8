"""Energies of all states by their overlap with the nearest native state."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..landscape import Census, Tally
from . import hypercube
from .cube import Cube

__all__ = ["overlap_tally"]

RUN = 1 << 12
"""States whose energies are summed ring by ring around the native state."""
LOW_BITS = 14
"""Bits over which distances are spread within one block (no block is smaller)."""
ROUNDING = 1e-13


def _native_distance(cube: Cube, roots: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Hamming distance of every state to the nearest native plain state."""
    native = np.union1d(roots, members[np.isin(cube.label[members], cube.label[roots])])
    plain = np.unique(cube.group.images(native))
    mask = (1 << cube.bits) - 1
    distance = np.full(cube.states, cube.size, np.uint8)
    turned = plain > mask
    distance[plain[turned] & mask] = 1
    distance[plain[~turned]] = 0
    low = min(cube.bits, LOW_BITS)
    cube.in_blocks(lambda start, stop: hypercube.spread_low(distance, start, stop, low), stage="overlap")
    for bit in range(low, cube.bits):
        cube.in_blocks(partial(hypercube.spread_bit, distance, bit), stage="overlap", total=cube.states // 2)
    return distance


def _ring_order(native: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets within a run of states by distance to the low bits of `native`, and where each distance starts."""
    offset = np.arange(RUN, dtype=np.int64)
    distance = np.bitwise_count(offset ^ (native & (RUN - 1)))
    order = np.argsort(distance, kind="stable")
    return order, np.searchsorted(distance[order], np.arange(int(distance.max()) + 2))


def overlap_tally(cube: Cube, roots: NDArray[np.int64], members: NDArray[np.int64], *, census: Census) -> Tally:
    """Number, mean, spread and lowest of the energies by overlap Q = 1 - 2 d / N, ascending in Q.

    `roots` are the native minima, `members` the states of all closed plateaus.
    """
    single = len(roots) == 1 and not len(cube.canon) and not len(members) and cube.states >= RUN
    if single:
        native, (order, rings) = int(roots[0]), _ring_order(int(roots[0]))
    else:
        distance = _native_distance(cube, roots, members)

    def work(start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sums, lowest = np.zeros((3, cube.size + 1)), np.full(cube.size + 1, np.inf)
        if single:
            hypercube.overlap_sums(cube.energies, order, rings, start, stop, native, census.mean, sums, lowest)
        else:
            hypercube.distance_sums(cube.energies, distance, start, stop, census.mean, sums, lowest)
        return sums, lowest

    parts = cube.in_blocks(work, stage="overlap")
    sums, lowest = np.sum([part[0] for part in parts], axis=0), np.min([part[1] for part in parts], axis=0)
    if single and cube.flip:
        sums, lowest = _fold(sums), np.minimum(lowest, lowest[::-1])[: cube.size // 2 + 1]
    count, first, second = sums
    seen = np.flatnonzero(count)[::-1]
    offset = first[seen] / count[seen]
    square = second[seen] / count[seen]
    variance = square - offset**2
    # A difference of the size of rounding is none: states of one overlap and one energy have no spread.
    spread = np.sqrt(np.where(variance > ROUNDING * square, variance, 0.0))
    columns = (1.0 - 2.0 * seen / cube.size, count[seen] * (1 + cube.flip), census.mean + offset, spread, lowest[seen])
    return Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns))


def _fold(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums by distance to the nearer of a state and its mirror image, from sums by distance to the one."""
    half = sums.shape[1] // 2
    folded = sums[:, : (sums.shape[1] + 1) // 2].copy()
    folded[:, :half] += sums[:, ::-1][:, :half]
    return folded
