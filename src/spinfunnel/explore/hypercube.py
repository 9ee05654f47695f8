"""Kernels on the hypercube: steepest descent, plateaus, basins, and sums over states.

States are numbers below ``2**bits``. Where the global flip was divided out, state x stands for x and its mirror image, and
the move of the fixed spin is ``mask ^ x``, mask = 2**bits - 1: a quotient keeps every move. Where further symmetries were
divided out, ``canon[x]`` is the smallest number in the orbit of x; otherwise `canon` is empty.

A label is ``~target`` (negative) while it points to the next state of the descent, and the number of the minimum (zero or
above) once that is known. In between, states without a lower neighbour but with an equal one carry the number of
another state of their plateau (zero or above): a union-find forest in place.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .lanes import descend_lanes

__all__ = [
    "canonical_moves",
    "chase",
    "count_labels",
    "descend",
    "drain_plateaus",
    "equal_exits",
    "move",
    "overlap_sums",
    "plateau_root",
    "spread_distance",
    "union_plateaus",
]

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def descend(
    energies: Floats, label: Labels, start: int, stop: int, bits: int, flip: int, shift: float, sums: Floats, found: Ints
) -> tuple[int, int]:
    """Point every state of a block to its lowest neighbour; collect states that have none lower.

    `found` receives strict minima from its front and neutral states (some neighbour equal, none lower) from its back;
    both counts are returned, and are right even where `found` was too short to hold them.
    """
    strict = 0
    neutral = 0
    for first in range(start, stop, 8):
        marks = descend_lanes(energies, first, bits, flip, label, shift, sums)
        if marks != 0:
            for lane in range(8):
                if (marks >> lane) & 1:
                    if strict + neutral < found.size:
                        found[strict] = first + lane
                    strict += 1
                elif (marks >> (8 + lane)) & 1:
                    if strict + neutral < found.size:
                        found[found.size - 1 - neutral] = first + lane
                    neutral += 1
    return strict, neutral


@njit(cache=True, nogil=True, inline="always")
def move(state: int, number: int, bits: int) -> int:
    """Neighbour of a state: flip bit `number`, or all bits where number == bits."""
    return state ^ (1 << number) if number < bits else state ^ ((1 << bits) - 1)


@njit(cache=True, nogil=True)
def canonical_moves(
    energies: Floats, canon: NDArray[np.uint32], label: Labels, start: int, stop: int, bits: int, flip: int
) -> None:
    """Redirect a block's moves to canonical states: other copies point to their canonical state, ties go to the smallest."""
    for state in range(start, stop):
        if canon[state] != state:
            label[state] = ~np.int32(canon[state])
            continue
        target = ~label[state]
        if target == state:
            continue
        lowest = energies[target]
        best = np.int64(canon[target])
        for number in range(bits + flip):
            other = move(state, number, bits)
            if energies[other] == lowest and np.int64(canon[other]) < best:
                best = np.int64(canon[other])
        label[state] = ~np.int32(best)


@njit(cache=True, nogil=True)
def chase(label: Labels, start: int, stop: int, lanes: int) -> None:
    """Replace pointers by labels of minima: many independent walks at once, so that their cache misses overlap."""
    place = np.empty(lanes, np.int64)
    source = np.empty(lanes, np.int64)
    for base in range(start, stop, lanes):
        walking = 0
        for state in range(base, min(base + lanes, stop)):
            value = label[state]
            source[walking] = state
            place[walking] = ~value
            walking += value < 0
        while walking > 0:
            left = 0
            for walk in range(walking):
                value = label[place[walk]]
                state = source[walk]
                label[state] = value
                source[left] = state
                place[left] = ~value
                left += value < 0
            walking = left


@njit(cache=True, nogil=True)
def count_labels(label: Labels, start: int, stop: int, counts: Ints) -> None:
    """Add the number of states of each label to `counts`, shape (4, minima): four rows, so that sums do not wait for each other."""
    middle = stop - (stop - start) % 4
    for state in range(start, middle, 4):
        counts[0, label[state]] += 1
        counts[1, label[state + 1]] += 1
        counts[2, label[state + 2]] += 1
        counts[3, label[state + 3]] += 1
    for state in range(middle, stop):
        counts[0, label[state]] += 1


# ---------------------------------------------------------------------------------------------
# Plateaus


@njit(cache=True, nogil=True)
def plateau_root(label: Labels, state: int) -> int:
    """Smallest state of the neutral set of a state, as joined so far."""
    while label[state] != state:
        label[state] = label[label[state]]
        state = label[state]
    return state


@njit(cache=True, nogil=True)
def union_plateaus(energies: Floats, canon: NDArray[np.uint32], label: Labels, neutral: Ints, bits: int, flip: int) -> None:
    """Join neutral states that are neighbours; afterwards each one's label is the smallest state of its set."""
    for state in neutral:
        label[state] = state
    for state in neutral:
        for number in range(bits + flip):
            other = move(state, number, bits)
            if canon.size:
                other = np.int64(canon[other])
            if energies[other] == energies[state] and label[other] >= 0:
                first = plateau_root(label, state)
                second = plateau_root(label, other)
                label[max(first, second)] = min(first, second)
    for state in neutral:
        label[state] = plateau_root(label, state)


@njit(cache=True, nogil=True)
def equal_exits(energies: Floats, canon: NDArray[np.uint32], label: Labels, neutral: Ints, bits: int, flip: int) -> Ints:
    """Smallest equal neighbour that has a lower neighbour itself, for each neutral state; -1 where there is none."""
    exits = np.full(neutral.size, -1, np.int64)
    for row in range(neutral.size):
        state = neutral[row]
        for number in range(bits + flip):
            other = move(state, number, bits)
            if canon.size:
                other = np.int64(canon[other])
            if energies[other] == energies[state] and label[other] < 0 and (exits[row] < 0 or other < exits[row]):
                exits[row] = other
    return exits


@njit(cache=True, nogil=True)
def drain_plateaus(
    energies: Floats, canon: NDArray[np.uint32], label: Labels, front: Ints, exits: Ints, room: int, bits: int, flip: int
) -> None:
    """Point the states of open plateaus to the next state on a shortest neutral walk to an exit (ties: smallest state).

    `front` are the neutral states beside an exit, `exits` their exits, `room` the number of neutral states.
    """
    layer = np.empty(room, np.int64)
    following = np.empty(room, np.int64)
    size = front.size
    layer[:size] = front
    for row in range(size):
        label[front[row]] = ~np.int32(exits[row])
    while size > 0:
        layer[:size].sort()
        fresh = 0
        for row in range(size):
            state = layer[row]
            for number in range(bits + flip):
                other = move(state, number, bits)
                if canon.size:
                    other = np.int64(canon[other])
                if energies[other] == energies[state] and label[other] >= 0:
                    label[other] = ~np.int32(state)
                    following[fresh] = other
                    fresh += 1
        layer, following = following, layer
        size = fresh


# ---------------------------------------------------------------------------------------------
# Overlap with the native state


@njit(cache=True, nogil=True)
def spread_distance(distance: NDArray[np.uint8], start: int, stop: int, bit: int) -> None:
    """One pass of the Hamming distance transform over the pairs of states that differ in `bit`.

    Pairs are numbered 0 ... 2**(bits-1) - 1; the passes over all bits, in any order, give the exact distance to the nearest source.
    """
    low = (1 << bit) - 1
    for pair in range(start, stop):
        first = ((pair & ~low) << 1) | (pair & low)
        second = first | (1 << bit)
        near = distance[first]
        far = distance[second]
        if far > near + 1:
            distance[second] = near + 1
        elif near > far + 1:
            distance[first] = far + 1


@njit(cache=True, nogil=True)
def overlap_sums(
    energies: Floats, distance: NDArray[np.uint8], start: int, stop: int, shift: float, sums: Floats, lowest: Floats
) -> None:
    """Add count, sum and sum of squares of (E - shift) by distance to `sums`, shape (3, N + 1), and keep the lowest."""
    for state in range(start, stop):
        ring = distance[state]
        energy = energies[state]
        sums[0, ring] += 1.0
        sums[1, ring] += energy - shift
        sums[2, ring] += (energy - shift) * (energy - shift)
        if energy < lowest[ring]:
            lowest[ring] = energy
