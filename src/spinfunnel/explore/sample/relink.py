"""Paths between two minima, flip by flip: the highest state on one is an upper bound on the saddle between them.

A path flips each spin in which the two differ once. Each step takes the flip that raises the energy least, the first
path strictly so, the others with Gumbel noise of a growing temperature, drawn anew whenever the cost of a flip changes;
the path with the lowest summit is kept. A tournament over the spins finds each flip in the logarithm of their number.
Glover, Laguna, Marti, Control Cybern. 39, 653 (2000), for relinking.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.moves.descents import winners
from spinfunnel.moves.spins import Floats, Model, Spins, Words, next_random, pack, start_changes, turn, unpack

__all__ = ["relink"]

MANY = 8
"""A flip that touches more than an eighth of the spins has the tournament held anew."""


@njit(cache=True, nogil=True)
def relink(model: Model, start: Words, goal: Words, tries: int, seed: int, summit: Words) -> float:
    """Height above `start` of the lowest summit found; its packed state is written to `summit`.

    Where the global flip is a symmetry, the nearer of the goal and its mirror image is gone to.
    """
    here, there = np.empty(model.size, np.int8), np.empty(model.size, np.int8)
    unpack(start, here)
    unpack(goal, there)
    off = 0
    for i in range(model.size):
        off += here[i] != there[i]
    if model.flip and 2 * off > model.size:
        for i in range(model.size):
            there[i] = -there[i]
    change, origin = np.empty(model.size), np.empty(model.size)
    start_changes(model, here, origin)
    state, spins = np.full(1, np.uint64(seed)), np.empty(model.size, np.int8)
    words, score, tree = np.empty(start.size, np.uint64), np.empty(model.size), winners(model.size)
    scale = np.sqrt(np.mean(origin**2))
    lowest = np.inf
    for number in range(tries):
        spins[:] = here
        change[:] = origin
        noise = scale * 0.3 * number / max(tries - 1, 1)
        height = _walk(model, spins, change, there, noise, state, lowest, words, score, tree)
        if height < lowest:
            lowest = height
            summit[:] = words
    return lowest


@njit(cache=True, nogil=True)
def _walk(
    model: Model, spins: Spins, change: Floats, there: Spins, noise: float, state: Words, limit: float, summit: Words,
    score: Floats, tree: NDArray[np.int32],
) -> float:  # fmt: skip
    """Go to `there`; the height of the summit, or `limit` once the path is no better."""
    energy, highest = 0.0, 0.0
    pack(spins, model.flip, summit)
    for i in range(model.size):
        score[i] = change[i] + _luck(noise, state) if spins[i] != there[i] else np.inf
    _hold(tree, score)
    while score[tree[1]] < np.inf:
        best = tree[1]
        energy += change[best]
        turn(model, spins, change, best)
        score[best] = np.inf
        if energy > highest:
            if energy >= limit:
                return limit
            highest = energy
            pack(spins, model.flip, summit)
        first, last = model.begin[model.start[best]], model.begin[model.start[best + 1]]
        if model.table.size or MANY * (last - first) > model.size:
            for i in range(model.size):
                if score[i] < np.inf:
                    score[i] = change[i] + _luck(noise, state)
            _hold(tree, score)
            continue
        _replay(tree, score, best)
        for place in range(first, last):
            i = model.others[place]
            if score[i] < np.inf:
                score[i] = change[i] + _luck(noise, state)
                _replay(tree, score, i)
    return highest


@njit(cache=True, nogil=True, inline="always")
def _luck(noise: float, state: Words) -> float:
    """Gumbel noise of a strength."""
    if noise == 0.0:
        return 0.0
    luck = (np.float64(next_random(state) >> np.uint64(11)) + 0.5) * 2.0**-53
    return noise * math.log(-math.log(luck))


@njit(cache=True, nogil=True)
def _hold(tree: NDArray[np.int32], score: Floats) -> None:
    """Hold the tournament for the least score; ties to the smaller number."""
    leaves = tree.size // 2
    for i in range(score.size):
        tree[leaves + i] = i
    for node in range(leaves - 1, 0, -1):
        tree[node] = _less(score, tree[2 * node], tree[2 * node + 1])


@njit(cache=True, nogil=True, inline="always")
def _less(score: Floats, one: int, two: int) -> int:
    if one < 0 or two < 0:
        return max(one, two)
    return two if score[two] < score[one] else one


@njit(cache=True, nogil=True)
def _replay(tree: NDArray[np.int32], score: Floats, i: int) -> None:
    node = (tree.size // 2 + i) // 2
    while node:
        tree[node] = _less(score, tree[2 * node], tree[2 * node + 1])
        node //= 2
