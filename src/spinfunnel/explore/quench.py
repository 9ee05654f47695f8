"""Quenches: descents from many states at once, on binary landscapes of any size.

Steepest descent goes to the neighbour of lowest energy, ties to the smallest state number after symmetric copies are
identified; a state without a lower neighbour but with equal ones takes the shortest neutral walk to a state that has
one. So it ends where a flood says that the state drains. What is bounded is the search of a plateau: one of more than
`PLATEAU` states without a way down so far is taken for a minimum, named after the smallest of the states seen, and
marked as open: other descents to the same plateau may then count as other minima.

Random descent takes any lower neighbour, each with the same chance, and has no basins; it serves to reach minima.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ..blocks import over_blocks
from ..landscape import Progress, no_progress
from ..spins import (
    Floats,
    Ints,
    Model,
    Spins,
    Words,
    below,
    beside,
    canonical,
    go_to,
    grown,
    next_random,
    pack,
    packed,
    place_of,
    random_spins,
    same,
    start_changes,
    turn,
    unpack,
)

__all__ = ["PLATEAU", "Quenched", "quench"]

PLATEAU = 1 << 10
"""States of one plateau that are searched for a way down before it is taken for a minimum."""
AT_ONCE = 16

STRICT, NEUTRAL, OPEN = 0, 1, 2
"""How a descent ends: at a single state, on a closed plateau, on one that was not searched to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Quenched:
    """Where descents ended.

    Attributes
    ----------
    words : array of uint64, shape (B, W)
        Packed canonical state of each minimum.
    plateau, inner : array of int64, shape (B,)
        States of the plateau (mirror images counted once), and how many of them are symmetric copies of its canonical
        one.
    open : array of bool, shape (B,)
        Whether the plateau was not searched to its end.
    flips : int
        Spins that were flipped in all: energies that were evaluated.
    """

    words: Words
    plateau: Ints
    inner: Ints
    open: NDArray[np.bool_]
    flips: int


def quench(
    model: Model,
    *,
    states: NDArray[np.uint8] | None = None,
    random: int = 0,
    seed: np.random.SeedSequence | None = None,
    steepest: bool = True,
    plateau: int = PLATEAU,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Quenched:
    """Descend from given states, or from so many random ones.

    Parameters
    ----------
    model : Model
    states : array of uint8, shape (B, N), optional
        Bits of the starts.
    random : int
        Number of random starts, where `states` is not given.
    seed : SeedSequence, optional
        Of the random starts and of random descents.
    steepest : bool
        Steepest or random descent.
    plateau : int
        States of a plateau searched at most.
    workers : int
        Threads; the result does not depend on it.
    progress : callable

    Examples
    --------
    A ferromagnetic ring of five spins has one minimum up to the global flip:

    >>> from spinfunnel.spins import spin_model, unpacked
    >>> from spinfunnel.systems.polynomial import SpinPolynomial
    >>> ring = SpinPolynomial(5, [([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]], [-1.0] * 5)])
    >>> found = quench(spin_model(ring), random=4, seed=np.random.SeedSequence(1))
    >>> unpacked(found.words, size=5).any(), found.open.any()
    (np.False_, np.False_)
    """
    count = random if states is None else len(states)
    root = seed if seed is not None else np.random.SeedSequence(0)
    seeds = root.generate_state(max(count, 1), np.uint64)
    starts = np.zeros((0, model.words), np.uint64) if states is None else packed(np.asarray(states, np.uint8))
    words = np.zeros((count, model.words), np.uint64)
    size, inner, ended = np.ones(count, np.int64), np.ones(count, np.int64), np.zeros(count, np.int64)

    def work(first: int, last: int) -> int:
        return _quench_block(
            model, starts, seeds[first:last], steepest, plateau, first, words[first:last], size[first:last],
            inner[first:last], ended[first:last],
        )  # fmt: skip

    flips = over_blocks(work, count, workers=workers, progress=progress, stage="quenches", block=AT_ONCE)
    return Quenched(words, size, inner, ended == OPEN, int(sum(flips)))


@njit(cache=True, nogil=True)
def _quench_block(
    model: Model, starts: Words, seeds: Words, steepest: bool, cap: int, first: int,
    words: Words, size: Ints, inner: Ints, ended: Ints,
) -> int:  # fmt: skip
    spins, change = np.empty(model.size, np.int8), np.empty(model.size)
    tree, state = winners(model.size), np.empty(1, np.uint64)
    flips = 0
    for number in range(words.shape[0]):
        state[0] = seeds[number]
        if starts.shape[0]:
            unpack(starts[first + number], spins)
        else:
            random_spins(state, spins)
        start_changes(model, spins, change)
        if not steepest:
            flips += random_descent(model, spins, change, state)
        steps, ended[number], size[number], inner[number] = descend(model, spins, change, tree, cap, words[number])
        flips += steps
    return flips


@njit(cache=True, nogil=True)
def random_descent(model: Model, spins: Spins, change: Floats, state: Words) -> int:
    """Flip spins that lower the energy in random order until there are none; returns how many."""
    order = np.arange(model.size)
    flips, before = 0, -1
    while flips > before:
        before = flips
        for i in range(model.size - 1, 0, -1):
            j = np.int64(next_random(state) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        for place in range(model.size):
            if change[order[place]] < -model.tolerance:
                turn(model, spins, change, order[place])
                flips += 1
    return flips


# ---------------------------------------------------------------------------------------------
# Steepest descent: a tournament over the spins


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
    if model.turned.shape[0] == 1 and not (model.flip and best != last and change[last] == change[best]):
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
        steps, ended, size, inner = across(model, spins, change, cap, words)
        flips += steps
        if ended >= 0:
            return flips, ended, size, inner
        rebuild(tree, spins, change, model.flip)


@njit(cache=True, nogil=True)
def _goes_down(change: Floats, tolerance: float) -> bool:
    for i in range(change.size):  # noqa: SIM110 - a kernel
        if change[i] < -tolerance:
            return True
    return False


@njit(cache=True, nogil=True)
def across(model: Model, spins: Spins, change: Floats, cap: int, words: Words) -> tuple[int, int, int, int]:
    """Search the plateau of the working state, which has no lower neighbour, for the nearest way down.

    Where there is one, the working state becomes the state that has it, of several equally near ones that with the
    smallest number, and the second answer is -1. Otherwise `words` receives the smallest state of the plateau.
    """
    wide = words.size
    kept = np.empty((cap + 1, wide), np.uint64)
    index = np.full(64, -1, np.int32)
    image, trial = np.empty(model.size, np.int8), np.empty(wide, np.uint64)
    here, out, least = np.empty(wide, np.uint64), np.empty(wide, np.uint64), words
    pack(spins, model.flip, kept[0])
    index[place_of(index, kept, kept[0])] = 0
    filled, start, flips = 1, 0, 0
    way_out = False
    while start < filled and not way_out and filled <= cap:
        stop = filled
        for slot in range(start, stop):
            go_to(model, spins, change, kept[slot])
            for i in range(model.size):
                if abs(change[i]) > model.tolerance or filled > cap:
                    continue
                beside(kept[slot], i, model.size, model.flip, kept[filled])
                place = place_of(index, kept, kept[filled])
                if index[place] < 0:
                    turn(model, spins, change, i)
                    flips += 1
                    if _goes_down(change, model.tolerance):
                        canonical(model, spins, image, trial, here)
                        if not way_out or below(here, least):
                            least[:] = here
                            out[:] = kept[filled]
                        way_out = True
                    else:
                        index[place] = filled
                        filled += 1
                        index = grown(index, kept, filled)
                    turn(model, spins, change, i)
        start = stop
    if way_out:
        go_to(model, spins, change, out)
        return flips, -1, 0, 0
    inner = 0
    for slot in range(filled):
        unpack(kept[slot], spins)
        canonical(model, spins, image, trial, here)
        if slot == 0 or below(here, least):
            least[:] = here
            inner = 0
        if same(here, least):
            inner += 1
    start_changes(model, spins, change)
    return flips, OPEN if filled > cap else NEUTRAL, filled, inner
