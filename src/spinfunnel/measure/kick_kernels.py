"""Kernels on the hypercube for kicks: which states are minima, and where a kicked one descends to.

States are numbered as in a flood: where the global flip is divided out, a state stands for its mirror image as well,
and turning over the fixed spin is ``mask ^ x``. A label is the number of a minimum where known, -1 where not, and
below -1 for states seen in the search on a plateau.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["claim", "kick"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]


@njit(cache=True, nogil=True)
def _moved(state: int, number: int, bits: int) -> int:
    return state ^ (1 << number) if number < bits else state ^ ((1 << bits) - 1)


@njit(cache=True, nogil=True)
def claim(
    energies: Floats, label: Labels, bits: int, flip: int, key: Ints, permutation: Ints, turned: Ints,
    members: Ints, first: Ints, stop: Ints,
) -> int:  # fmt: skip
    """Label all states of the minima, given one state of each and the generators of the symmetries.

    The plateau of that state is written to ``members[first:stop]`` of its minimum; its copies follow. Returns how many
    states were labelled.
    """
    mask = (1 << bits) - 1
    size = bits + flip
    filled = 0
    for minimum in range(key.size):
        state = key[minimum]
        if state > mask:
            state = ((1 << size) - 1) ^ state
        first[minimum] = filled
        if label[state] < 0:
            label[state] = minimum
            members[filled] = state
            filled += 1
        place = first[minimum]
        while place < filled:
            here = members[place]
            place += 1
            for number in range(size):
                other = _moved(here, number, bits)
                if energies[other] == energies[here] and label[other] < 0:
                    label[other] = minimum
                    members[filled] = other
                    filled += 1
        stop[minimum] = filled
        place = first[minimum]
        while place < filled:
            here = members[place]
            place += 1
            for generator in range(permutation.shape[0]):
                image = 0
                for bit in range(size):
                    value = ((here >> permutation[generator, bit]) & 1) ^ turned[generator, bit]
                    image |= value << bit
                if image > mask:
                    image = ((1 << size) - 1) ^ image
                if label[image] < 0:
                    label[image] = minimum
                    members[filled] = image
                    filled += 1
    return filled


@njit(cache=True, nogil=True)
def _grown(full: Ints) -> Ints:
    """Copy into twice the room; the loop takes a tenth of the time to compile that a slice takes."""
    room = np.empty(2 * full.size, np.int64)
    for place in range(full.size):
        room[place] = full[place]
    return room


@njit(cache=True, nogil=True)
def _lower(energies: Floats, bits: int, flip: int, state: int) -> int:
    """The lowest neighbour, the first by number of several; the state itself where none is lower."""
    best = state
    lowest = energies[state]
    for number in range(bits + flip):
        other = _moved(state, number, bits)
        if energies[other] < lowest or (energies[other] == lowest and best != state and other < best):
            lowest = energies[other]
            best = other
    return best


@njit(cache=True, nogil=True)
def _across(energies: Floats, label: Labels, bits: int, flip: int, state: int, stamp: int, queue: Ints) -> int:
    """Nearest state of the same plateau that has a way down, the first by number of several; -1 without one."""
    queue[0] = state
    label[state] = stamp
    start, filled = 0, 1
    while start < filled:
        layer = filled
        exit_state = -1
        for place in range(start, layer):
            here = queue[place]
            for number in range(bits + flip):
                other = _moved(here, number, bits)
                if energies[other] != energies[here] or label[other] == stamp:
                    continue
                if label[other] >= 0 or _lower(energies, bits, flip, other) != other:
                    if exit_state < 0 or other < exit_state:
                        exit_state = other
                    continue
                label[other] = stamp
                if filled == queue.size:
                    queue = _grown(queue)
                queue[filled] = other
                filled += 1
        if exit_state >= 0:
            return exit_state
        start = layer
    return -1


@njit(cache=True, nogil=True)
def _settle(
    energies: Floats, label: Labels, bits: int, flip: int, state: int, stamp: Ints, path: Ints, queue: Ints
) -> int:
    """Minimum to which a state descends; all states on the way are labelled. -1 for a minimum that is not known."""
    steps = 0
    here = state
    while label[here] < 0:
        if steps == path.size:
            path = _grown(path)
        path[steps] = here
        steps += 1
        following = _lower(energies, bits, flip, here)
        if following == here:
            stamp[0] -= 1
            following = _across(energies, label, bits, flip, here, stamp[0], queue)
            if following < 0:
                return -1
        here = following
    for place in range(steps):
        label[path[place]] = label[here]
    return label[here]


@njit(cache=True, nogil=True)
def kick(
    energies: Floats, label: Labels, bits: int, flip: int, members: Ints, first: Ints, stop: Ints, level: Floats,
    begin: int, end: int, start: Labels, target: Labels, weight: Floats,
) -> int:  # fmt: skip
    """Kick the minima from `begin` to before `end`; write the edges that do not lead upward and return their number."""
    size = bits + flip
    count = np.zeros(first.size, np.int64)
    reached = np.empty(first.size, np.int64)
    path, queue, stamp = np.empty(256, np.int64), np.empty(1024, np.int64), np.full(1, -1, np.int64)
    edges = 0
    for minimum in range(begin, end):
        seen = 0
        for place in range(first[minimum], stop[minimum]):
            for one in range(size):
                beside = _moved(members[place], one, bits)
                for two in range(one + 1, size):
                    found = _settle(energies, label, bits, flip, _moved(beside, two, bits), stamp, path, queue)
                    if found < 0:
                        continue
                    if count[found] == 0:
                        reached[seen] = found
                        seen += 1
                    count[found] += 1
        kicks = (stop[minimum] - first[minimum]) * size * (size - 1) // 2
        for place in range(seen):
            found = reached[place]
            if found != minimum and level[found] <= level[minimum]:
                start[edges] = minimum
                target[edges] = found
                weight[edges] = count[found] / kicks
                edges += 1
            count[found] = 0
    return edges
