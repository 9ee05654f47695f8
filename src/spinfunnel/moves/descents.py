"""Steepest descent on a binary landscape of any size, kernel by kernel: a tournament over the spins, and plateaus.

Steepest descent goes to the neighbour of lowest energy, ties to the smallest state number after symmetric copies are
identified; a state without a lower neighbour but with equal ones takes the shortest neutral walk to a state that has
one (see `spinfunnel.explore.sample.quench`, which descends from many states at once).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.moves.spins import (
    Floats,
    Model,
    Spins,
    Words,
    below,
    beside,
    canonical,
    grown,
    pack,
    place_of,
    same,
    start_changes,
    turn,
    unpack,
)

__all__ = ["NEUTRAL", "OPEN", "STRICT", "descend", "rebuild", "steepest", "winners"]

STRICT, NEUTRAL, OPEN = 0, 1, 2
"""How a descent ends: at a single state, on a closed plateau, on one that was not searched to its end."""


@njit(cache=True, nogil=True)
def winners(size: int) -> NDArray[np.int32]:
    """Room for a tournament."""
    leaves = 1
    while leaves < size:
        leaves *= 2
    return np.full(2 * leaves, -1, np.int32)


@njit(cache=True, nogil=True, inline="always")
def _wins(spins: Spins, change: Floats, flip: int, one: int, two: int) -> int:
    """Of two spins (-1 for none) the one whose flip leads lower; ties to the smaller state number."""
    if one < 0 or two < 0:
        return max(one, two)
    if change[one] != change[two]:
        return one if change[one] < change[two] else two
    last = spins.size - 1
    up = np.int8(-1) if flip and spins[last] > 0 else np.int8(1)
    if flip and two == last:
        return one  # Compared in full by `steepest`.
    # Clearing a high bit is best, setting a low one next.
    if spins[two] == up:
        return two if two > one or spins[one] != up else one
    return one


@njit(cache=True, nogil=True)
def rebuild(tree: NDArray[np.int32], spins: Spins, change: Floats, flip: int) -> None:
    """Hold the tournament."""
    leaves = tree.size // 2
    for i in range(spins.size):
        tree[leaves + i] = i
    for node in range(leaves - 1, 0, -1):
        tree[node] = _wins(spins, change, flip, tree[2 * node], tree[2 * node + 1])


@njit(cache=True, nogil=True, inline="always")
def _replay(tree: NDArray[np.int32], spins: Spins, change: Floats, flip: int, i: int) -> None:
    node = (tree.size // 2 + i) // 2
    while node:
        tree[node] = _wins(spins, change, flip, tree[2 * node], tree[2 * node + 1])
        node //= 2


@njit(cache=True, nogil=True)
def turn_and_replay(model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], i: int) -> None:
    """Flip a spin and bring the tournament up to date."""
    turn(model, spins, change, i)
    first, last = model.begin[model.start[i]], model.begin[model.start[i + 1]]
    if model.table.size or 8 * (last - first) > model.size or (model.flip and i == model.size - 1):
        rebuild(tree, spins, change, model.flip)
        return
    _replay(tree, spins, change, model.flip, i)
    for place in range(first, last):
        _replay(tree, spins, change, model.flip, model.others[place])


@njit(cache=True, nogil=True)
def steepest(model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32]) -> int:
    """Spin whose flip leads lowest, ties to the smallest state number of all symmetric copies."""
    best = tree[1]
    last = model.size - 1
    if model.turned.shape[0] == 1:
        if not (model.flip and best != last and change[last] == change[best]):
            return best
        # Turning the last spin is turning all others: two states that differ in the highest bit but for `best`.
        up = np.int8(-1) if spins[last] > 0 else np.int8(1)
        for i in range(last - 1, -1, -1):
            if i != best:
                return last if spins[i] == up else best
        return best
    lowest, ties = change[best], 0
    for i in range(model.size):
        ties += change[i] == lowest
    if ties == 1:
        return best
    wide = (model.size + 63) // 64
    trial, words, least = np.empty(wide, np.uint64), np.empty(wide, np.uint64), np.empty(wide, np.uint64)
    image = np.empty(model.size, np.int8)
    chosen = -1
    for i in range(model.size):
        if change[i] == lowest:
            spins[i] = -spins[i]
            canonical(model, spins, image, trial, words)
            spins[i] = -spins[i]
            if chosen < 0 or below(words, least):
                chosen = i
                least[:] = words
    return chosen


@njit(cache=True, nogil=True)
def descend(
    model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], cap: int, words: Words
) -> tuple[int, int, int, int]:
    """Descend from the working state to its minimum.

    The packed canonical state of the minimum is written to `words`, and a state of it is left as the working state.
    Returns the number of flips, how it ended, the number of states of the plateau, and how many of those are copies of
    the canonical one.
    """
    flips = 0
    rebuild(tree, spins, change, model.flip)
    while True:
        i = steepest(model, spins, change, tree)
        if change[i] < -model.tolerance:
            turn_and_replay(model, spins, change, tree, i)
            flips += 1
            continue
        if change[i] > model.tolerance:
            image, trial = np.empty(model.size, np.int8), np.empty(words.size, np.uint64)
            canonical(model, spins, image, trial, words)
            return flips, STRICT, 1, 1
        steps, ended, size, inner = across(model, spins, change, tree, cap, words)
        flips += steps
        if ended >= 0:
            return flips, ended, size, inner


@njit(cache=True, nogil=True)
def _goes_down(model: Model, change: Floats, i: int) -> bool:
    """Whether a way down opened when spin i was turned, before which there was none: at the spins beside it, if any."""
    if model.table.size:
        return change.min() < -model.tolerance
    for place in range(model.begin[model.start[i]], model.begin[model.start[i + 1]]):
        if change[model.others[place]] < -model.tolerance:
            return True
    return False


@njit(cache=True, nogil=True)
def across(  # noqa: C901 - a kernel
    model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], cap: int, words: Words
) -> tuple[int, int, int, int]:
    """Search the plateau of the working state, which has no lower neighbour, for the nearest way down.

    Where there is one, the working state becomes the state that has it, of several equally near ones that with the
    smallest number, and the second answer is -1. Otherwise `words` receives the smallest state of the plateau. No more
    than `cap` states are looked at, in an order that takes no longer where there are more spins.
    """
    wide = words.size
    kept, index = np.empty((cap + 1, wide), np.uint64), np.full(64, -1, np.int32)
    image, trial = np.empty(model.size, np.int8), np.empty(wide, np.uint64)
    here, out, least = np.empty(wide, np.uint64), np.empty(wide, np.uint64), words
    level = np.empty(cap + 1, np.int32)
    pack(spins, model.flip, kept[0])
    here[:] = kept[0]
    index[place_of(index, kept, here)] = 0
    filled, start, flips, ways_out = 1, 0, 0, 0
    alone = model.turned.shape[0] == 1
    while start < filled and not ways_out and filled <= cap:
        stop = filled
        for slot in range(start, stop):
            _step_to(model, spins, change, tree, here, kept[slot])
            here[:] = kept[slot]
            for number in range(_neutral(tree, change, model.tolerance, level)):
                i = level[number]
                if filled + ways_out > cap:
                    break
                beside(kept[slot], i, model.size, model.flip, kept[filled])
                place = place_of(index, kept, kept[filled])
                if index[place] >= 0:
                    continue
                turn(model, spins, change, i)
                flips += 1
                if _goes_down(model, change, i):
                    trial[:] = kept[filled]
                    if not alone:
                        canonical(model, spins, image, kept[filled], trial)
                        beside(kept[slot], i, model.size, model.flip, kept[filled])
                    if not ways_out or below(trial, least):
                        least[:] = trial
                        out[:] = kept[filled]
                    ways_out += 1
                else:
                    index[place] = filled
                    filled += 1
                    index = grown(index, kept, filled)
                turn(model, spins, change, i)
        start = stop
    if ways_out:
        _step_to(model, spins, change, tree, here, out)
        return flips, -1, 0, 0
    inner = 0
    for slot in range(filled):
        here[:] = kept[slot]
        if not alone:
            unpack(kept[slot], spins)
            canonical(model, spins, image, trial, here)
        if slot == 0 or below(here, least):
            least[:] = here
            inner = 0
        if same(here, least):
            inner += 1
    unpack(kept[filled - 1], spins)
    start_changes(model, spins, change)
    return flips, OPEN if filled > cap else NEUTRAL, filled, inner


@njit(cache=True, nogil=True)
def _neutral(tree: NDArray[np.int32], change: Floats, tolerance: float, found: NDArray[np.int32]) -> int:
    """Spins in ascending order whose change is no more than the tolerance, as many as there is room for."""
    leaves, count, node = tree.size // 2, 0, 1
    while True:
        low = tree[node] >= 0 and change[tree[node]] <= tolerance
        if low and node < leaves:
            node *= 2
            continue
        if low:
            found[count] = tree[node]
            count += 1
            if count == found.size:
                return count
        while node & 1:
            node >>= 1
        if node == 0:
            return count
        node += 1


@njit(cache=True, nogil=True)
def _step_to(model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], here: Words, there: Words) -> None:
    """Bring the working state from one packed state to another that is near (or to mirror images of both)."""
    apart, size = 0, model.size
    for word in range(here.size):
        rest = here[word] ^ there[word]
        while rest:
            rest &= rest - np.uint64(1)
            apart += 1
    mirrored = model.flip and 2 * apart > size
    for word in range(here.size):
        rest = here[word] ^ there[word]
        if mirrored:
            rest = ~rest
        i = 64 * word
        while rest and i < size:
            if rest & np.uint64(1):
                turn_and_replay(model, spins, change, tree, i)
            rest >>= np.uint64(1)
            i += 1
