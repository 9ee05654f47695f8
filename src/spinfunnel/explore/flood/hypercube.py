"""Kernels on the hypercube: steepest descent, plateaus, basins, and sums over states.

States are numbers below ``2**bits``. Where the global flip was divided out, state x stands for x and its mirror
image, and
the move of the fixed spin is ``mask ^ x``, mask = 2**bits - 1: a quotient keeps every move. Where further symmetries
were divided out, ``canon[x]`` is the smallest number in the orbit of x; otherwise `canon` is empty.

A label is ``~target`` (negative) while it points to the next state of the descent, and the number of the minimum
(zero or
above) once that is known. In between, states without a lower neighbour but with an equal one carry the number of
another state of their plateau (zero or above): a union-find forest in place.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood.descent_lanes import (
    ROW,
    WALKS,
    below_lanes,
    descend_lanes,
    hop_lanes,
    relax_lanes,
    relax_rows,
    walk_lanes,
)

__all__ = [
    "canonical_moves",
    "descend",
    "drain",
    "drain_plateaus",
    "equal_exits",
    "gather_below",
    "image_off",
    "move",
    "plateau_root",
    "spread_bit",
    "spread_low",
    "union_plateaus",
]

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
NEAR = 1 << 15
"""States whose labels stay in the second-level cache."""
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def descend(
    energies: Floats,
    label: Labels,
    start: int,
    stop: int,
    bits: int,
    flip: int,
    shift: float,
    sums: Floats,
    found: Ints,
    hops: int,
) -> tuple[int, int]:
    """Point every state of a block to its lowest neighbour; collect states that have none lower.

    `found` receives strict minima from its front and neutral states (some neighbour equal, none lower) from its back;
    both counts are returned, and are right even where `found` was too short to hold them. With `hops`, pointers skip
    so many states ahead while their run of states is in the cache.
    """
    strict = 0
    neutral = 0
    for run in range(start, stop, NEAR):
        last = min(run + NEAR, stop)
        for first in range(run, last, 8):
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
        for _ in range(hops):
            for first in range(run, last, 16):
                hop_lanes(label, first, run, last)
    return strict, neutral


@njit(cache=True, nogil=True, inline="always")
def move(state: int, number: int, bits: int) -> int:
    """Neighbour of a state: flip bit `number`, or all bits where number == bits."""
    return state ^ (1 << number) if number < bits else state ^ ((1 << bits) - 1)


@njit(cache=True, nogil=True)
def image_off(energies: Floats, canon: NDArray[np.uint32], start: int, stop: int) -> int:
    """A state of the block whose energy is not that of its canonical state, or -1."""
    for state in range(start, stop):
        if energies[state] != energies[canon[state]]:
            return state
    return -1


@njit(cache=True, nogil=True)
def canonical_moves(
    energies: Floats, canon: NDArray[np.uint32], label: Labels, start: int, stop: int, bits: int, flip: int
) -> None:
    """Redirect a block's moves to canonical states, ties to the smallest; other copies point to theirs."""
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
def drain(label: Labels, start: int, stop: int, counts: Ints) -> None:
    """Replace pointers by labels of minima and count the states of each.

    `counts` has shape (rows, minima); several rows keep sums of the same minimum from waiting for each other.
    """
    rows = counts.shape[0]
    middle = stop - (stop - start) % WALKS
    for first in range(start, middle, WALKS):
        walk_lanes(label, first)
        for state in range(first, first + WALKS):
            counts[state % rows, label[state]] += 1
    for state in range(middle, stop):
        value = label[state]
        while value < 0:
            value = label[~value]
        label[state] = value
        counts[0, value] += 1


@njit(cache=True, nogil=True)
def gather_below(energies: Floats, start: int, stop: int, above: float, upto: float, found: NDArray[np.uint32]) -> int:
    """Write the states of a block with above < E <= upto to `found`, which holds a block; return their number."""
    count = 0
    for first in range(start, stop, 8):
        inside = below_lanes(energies, first, above, upto)
        while inside:
            bit = inside & -inside
            inside ^= bit
            lane = 0
            while bit > 1:
                bit >>= 1
                lane += 1
            found[count] = first + lane
            count += 1
    return count


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
def union_plateaus(
    energies: Floats, canon: NDArray[np.uint32], label: Labels, neutral: Ints, bits: int, flip: int
) -> None:
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
def equal_exits(
    energies: Floats, canon: NDArray[np.uint32], label: Labels, neutral: Ints, bits: int, flip: int
) -> Ints:
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
    energies: Floats,
    canon: NDArray[np.uint32],
    label: Labels,
    front: Ints,
    exits: Ints,
    room: int,
    bits: int,
    flip: int,
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
def spread_low(distance: NDArray[np.uint8], start: int, stop: int, bits: int) -> None:
    """Hamming distance transform over the low `bits` (6 or more) of a block that holds all their settings."""
    for row in range(start, stop, ROW):
        relax_lanes(distance, row)
    for bit in range(6, bits):
        for row in range(start, stop, ROW):
            if not (row >> bit) & 1:
                relax_rows(distance, row, row ^ (1 << bit))


@njit(cache=True, nogil=True)
def spread_bit(distance: NDArray[np.uint8], bit: int, start: int, stop: int) -> None:
    """One pass of the Hamming distance transform over the pairs of states that differ in `bit`, 6 or above.

    Pairs are numbered 0 ... 2**(bits-1) - 1, in blocks of multiples of 64; the passes over all bits, in any order,
    give the exact distance to the nearest source.
    """
    low = (1 << bit) - 1
    for pair in range(start, stop, ROW):
        first = ((pair & ~low) << 1) | (pair & low)
        relax_rows(distance, first, first | (1 << bit))
