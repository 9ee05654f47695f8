"""States in slices of ascending energy, and the saddles found slice by slice.

(1) Saddles are sought in ascending order of energy, until all basins are connected (see `saddles`). The states are
    never sorted: slices between two energies are gathered one after the other, as they are needed.
(2) The borders are quantiles of a sample of states. They set the time alone: every border lies between energies, so
    that states of equal energy stay together.
(3) The first slice is small and each is twice as large as the one before, up to a twentieth of all states. So little
    more is gathered than is needed.
(4) The early slices, up to a little above the highest minimum, are cut from one pass over all states: few merges lie
    much higher. Each late slice, above that, takes a pass of its own.
(5) A later slice drops spokes that earlier slices have connected to their hub when its stars are collected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood import hypercube
from spinfunnel.explore.flood.cube import Cube
from spinfunnel.explore.flood.saddles import Forest, SaddleTable, Stars, collect_stars

__all__ = ["find_saddles"]

STAR_ROOM = 1 << 16
CANDIDATES = 1 << 12
"""Candidate saddles dealt to a thread at a time: each takes some hundred nanoseconds."""
SAMPLE = 1 << 14
FIRST_SLICE = 1 << 13
"""States in the first slice."""
WIDEST_SLICE = 0.05
"""Largest share of all states in one slice."""


def _sample(cube: Cube) -> NDArray[np.float64]:
    """Sorted energies of states spread evenly over the cube by the golden ratio: quantiles for the slices."""
    count = min(SAMPLE, cube.states)
    step = int(cube.states * 0.6180339887498949) | 1
    return np.sort(cube.energies[(np.arange(count, dtype=np.int64) * step) & (cube.states - 1)])


def _states_between(cube: Cube, above: float, upto: float) -> NDArray[np.uint32]:
    def work(start: int, stop: int) -> NDArray[np.uint32]:
        found = np.empty(stop - start, np.uint32)
        return found[: hypercube.gather_below(cube.energies, start, stop, above, upto, found)].copy()

    pool = np.concatenate(cube.in_blocks(work, stage="saddles"))
    return pool[cube.canon[pool] == pool] if len(cube.canon) else pool


def _levels(sample: NDArray[np.float64], *, states: int) -> Iterator[float]:
    """Energies at which the states are cut into slices: doubling at first, then a twentieth of the states at a time."""
    share = max(FIRST_SLICE / states, 32 / len(sample))
    while share < 1.0:
        yield float(sample[int(share * len(sample))])
        share = 2 * share if share < WIDEST_SLICE else share + WIDEST_SLICE
    yield math.inf


def _slices(cube: Cube, highest: float) -> Iterator[NDArray[np.uint32]]:
    """States in slices of ascending energy, ascending by number within a slice; equal energies stay together."""
    sample = _sample(cube)  # (2)
    share = min(WIDEST_SLICE, 0.0005 + 1.2 * float(np.searchsorted(sample, highest, side="right")) / len(sample))
    above, gathered = -math.inf, float(sample[int(share * len(sample))])  # (4): the early slices
    pool = _states_between(cube, above, gathered)
    energy = cube.energies[pool]
    for upto in _levels(sample, states=cube.states):  # (3)
        if above < gathered:
            yield pool[(energy > above) & (energy <= upto)]
            above = min(upto, gathered)
        if above < upto:  # (4): a late slice
            yield _states_between(cube, above, upto)
            above = upto


def _stars(cube: Cube, component: NDArray[np.int32], candidate: NDArray[np.uint32]) -> Stars:
    fixed = (cube.energies, cube.label, component, candidate)

    def work(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        room = min(STAR_ROOM, (stop - start) * cube.size)
        state, size, spoke = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int32)
        parts = []
        while start < stop:
            stars, spokes, start = collect_stars(*fixed, start, stop, *cube.geometry, state, size, spoke)
            parts.append((state[:stars].copy(), size[:stars].copy(), spoke[:spokes].copy()))
        first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
        return first, second, third

    columns = zip(*cube.in_blocks(work, stage="saddles", total=len(candidate), block=CANDIDATES), strict=True)
    state, size, spoke = (np.concatenate(column) for column in columns)
    offset = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    return Stars(state, cube.energies[state], cube.label[state], offset, spoke)


def find_saddles(cube: Cube, energy: NDArray[np.float64]) -> SaddleTable:
    """All exits and merges between the basins of a labelled cube, whose minima have the given energies, ascending."""
    forest = Forest(len(energy))
    for candidate in _slices(cube, float(energy[-1])):
        if forest.components == 1:  # (1)
            break
        if len(candidate):
            forest.add(_stars(cube, forest.parent, candidate))  # (5)
    return forest.table()
