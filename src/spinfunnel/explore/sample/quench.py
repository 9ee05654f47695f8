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

from spinfunnel.landscape import Progress, no_progress
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.descents import OPEN, descend, winners
from spinfunnel.moves.spins import (
    Floats,
    Ints,
    Model,
    Spins,
    Words,
    next_random,
    packed,
    random_spins,
    start_changes,
    turn,
    unpack,
)

__all__ = ["PLATEAU", "Quenched", "quench"]

PLATEAU = 1 << 10
"""States of one plateau that are searched for a way down before it is taken for a minimum."""
AT_ONCE = 16


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

    >>> from spinfunnel.moves.spins import spin_model, unpacked
    >>> from spinfunnel.systems.spins.polynomial import SpinPolynomial
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
