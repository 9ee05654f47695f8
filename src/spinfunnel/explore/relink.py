"""Paths between two minima, flip by flip: the highest state on one is an upper bound on the saddle between them.

A path flips each spin in which the two differ once. Each step takes the flip that raises the energy least, the first
path strictly so, the others with Gumbel noise of a growing temperature, so that flips are drawn by their Boltzmann
weights; the path with the lowest summit is kept. Glover, Laguna, Marti, Control Cybern. 39, 653 (2000), for relinking.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ..spins import Floats, Model, Spins, Words, next_random, pack, start_changes, turn, unpack

__all__ = ["relink"]


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
    words = np.empty(start.size, np.uint64)
    scale = np.sqrt(np.mean(origin**2))
    lowest = np.inf
    for number in range(tries):
        spins[:] = here
        change[:] = origin
        noise = scale * 0.3 * number / max(tries - 1, 1)
        height = _walk(model, spins, change, there, noise, state, lowest, words)
        if height < lowest:
            lowest = height
            summit[:] = words
    return lowest


@njit(cache=True, nogil=True)
def _walk(
    model: Model, spins: Spins, change: Floats, there: Spins, noise: float, state: Words, limit: float, summit: Words
) -> float:  # fmt: skip
    """Go to `there`; the height of the summit, or `limit` once the path is no better."""
    energy, highest = 0.0, 0.0
    pack(spins, model.flip, summit)
    while True:
        best, least = -1, np.inf
        for i in range(model.size):
            if spins[i] != there[i]:
                score = change[i]
                if noise > 0.0:
                    luck = (np.float64(next_random(state) >> np.uint64(11)) + 0.5) * 2.0**-53
                    score += noise * math.log(-math.log(luck))
                if score < least:
                    best, least = i, score
        if best < 0:
            return highest
        energy += change[best]
        turn(model, spins, change, best)
        if energy > highest:
            if energy >= limit:
                return limit
            highest = energy
            pack(spins, model.flip, summit)
