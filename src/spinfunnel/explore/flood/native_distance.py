"""Distance of all states to the nearest native state."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood import hypercube
from spinfunnel.explore.flood.cube import Cube

__all__ = ["native_distance"]

LOW_BITS = 14
"""Bits over which distances are spread within one block (no block is smaller)."""


def native_distance(cube: Cube, roots: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Hamming distance of every state to the nearest native plain state.

    `roots` are the native minima, `members` the states of all closed plateaus.
    """
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
