"""States drawn at all distances from the native ones: the histogram of the overlap of a landscape that is sampled.

A native state a and a distance d are drawn, each as likely as the others, and a state x at that distance from a. It
counts in the shell of its distance from the *nearest* native state, and for ``1 / q(x)`` states, where

    q(x) = mean over native states a of p(d) / binomial(N, d),  d the distance of x from a,

is the chance of drawing it, whichever native state was the one (the balance heuristic of multiple importance sampling).
So each state counts once in the mean, however the shells around several native states overlap.

Veach, Guibas, Proc. SIGGRAPH 419 (1995).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, Tally
from spinfunnel.moves.spins import Floats, Model, Words, packed, spins_apart, start_changes

__all__ = ["SHELLS", "around_native", "native_images"]

Bits = NDArray[np.uint8]

SHELLS = 64
"""Shells of distance: each distance one up to so many spins, of equal width above."""
MOST_KNOWN, MOST_NATIVES = 4096, 256
"""Native states that are looked for beside those found, and of those how many the distances are measured from."""
LARGEST_COUNT = 690.0
"""Natural logarithm of the largest count that is given."""
FEWEST_DRAWN = 8
"""States of a shell that say something of its mean and spread."""
AT_ONCE = 4_000_000
"""Words of states that are compared with native ones at a time: 32 MB."""


def native_images(model: Model, natives: Bits) -> tuple[Bits, bool]:
    """Plain native states, those of plateaus and symmetric copies included, and whether they are all there are.

    Where they are more than `MOST_NATIVES`, some of them that are far from each other.

    Parameters
    ----------
    model : Model
        With the symmetries of the landscape.
    natives : array of uint8, shape (m, N)
        One state of each native minimum at least.
    """
    rows = {row.tobytes() for row in natives}
    front = [row.copy() for row in natives]
    spins, change = np.empty(model.size, np.int8), np.empty(model.size)
    while front and len(rows) <= MOST_KNOWN:
        state = front.pop()
        spins[:] = 2 * state.astype(np.int8) - 1
        start_changes(model, spins, change)
        flat = np.flatnonzero(np.abs(change) <= model.tolerance)
        beside = np.repeat(state[None], len(flat), axis=0)
        beside[np.arange(len(flat)), flat] ^= 1
        images = np.bitwise_xor(state[model.permutation], (model.turned < 0).astype(np.uint8))
        for other in (*images, *([1 - state] if model.flip else []), *beside):
            if other.tobytes() not in rows:
                rows.add(other.tobytes())
                front.append(other)
    known = np.array([np.frombuffer(row, np.uint8) for row in sorted(rows)])
    whole = not front and len(known) <= MOST_NATIVES
    return (known if len(known) <= MOST_NATIVES else _apart(known)), whole


def _apart(states: Bits) -> Bits:
    """States far from each other: one after the other that which is farthest from those taken."""
    words = packed(states)
    taken, near = [0], spins_apart(words, words[:1])[:, 0]
    while len(taken) < MOST_NATIVES:
        taken.append(int(near.argmax()))
        near = np.minimum(near, spins_apart(words, words[taken[-1:]])[:, 0])
    return np.asarray(states[taken])


def around_native(
    landscape: Binary, natives: Bits, *, flip: bool, drawn: int, groups: int, seed: np.random.SeedSequence,
    known: tuple[Bits, Floats],
) -> Iterator[Tally]:  # fmt: skip
    """Histogram over all states of the overlap with the nearest native state, from states drawn at each distance.

    Distances in one shell have the same weight in its mean; the spread is that about the line through them.

    Parameters
    ----------
    landscape : Binary
    natives : array of uint8, shape (m, N)
    flip : bool
        Whether the global flip is a symmetry, so that `natives` has mirror images and none is farther than N / 2.
    drawn : int
        States for each shell and group.
    groups : int
        Independent histograms.
    seed : SeedSequence
    known : pair of arrays
        States with their energies, whatever way they were found: each shell's lowest energy is at most theirs, but for
        those of the native energy.
    """
    size, words = landscape.size, packed(natives)
    ground = float(landscape.energy(natives[:1])[0])
    shells = _Shells(size, size // 2 if flip else size)
    higher = known[1] > ground
    best = np.full(len(shells.centre), np.inf)
    nearest = shells.nearest(packed(known[0][higher]), words)[0]
    np.minimum.at(best, shells.number[nearest], known[1][higher])
    for group, child in enumerate(seed.spawn(groups)):
        states = shells.drawn(natives, count=drawn, rng=np.random.default_rng(child))
        energy = landscape.energy(states)
        distance, log_states = shells.nearest(packed(states), words)
        rows = [(1.0, float(len(natives)), ground, 0.0, ground)]
        for number in range(1, len(shells.centre)):
            here = shells.number[distance] == number
            if here.sum() >= min(FEWEST_DRAWN, drawn):
                mean, spread = shells.moments(number, distance[here], log_states[here], energy[here])
                count = math.exp(min(_log_sum(log_states[here]), LARGEST_COUNT))
                least = min(float(energy[here].min()), float(best[number]))
                rows.append((1.0 - 2.0 * shells.centre[number] / size, count, mean, spread, least))
        table = np.array(rows)[::-1]
        yield Tally("overlap", math.inf, *(tuple(column.tolist()) for column in table.T), replica=group)


class _Shells:
    """Shells of distance from the nearest native state; the native states are the first.

    Attributes
    ----------
    number : array of int64, shape (N + 1,)
        Shell of each distance.
    centre : array of float64
        Mean distance of each shell.
    """

    def __init__(self, size: int, farthest: int) -> None:
        self.size, self.farthest = size, farthest
        away = np.arange(1, size + 1)
        self.number = np.append(0, 1 + (away - 1) * min(size, SHELLS) // size)
        inside = self.number[: farthest + 1]
        self.width = np.bincount(inside)
        self.centre = np.bincount(inside, weights=np.arange(farthest + 1)) / self.width
        self.log_binomial = np.array([_log_binomial(size, d) for d in range(size + 1)])
        # Chance of a distance, over that of each state at it.
        chance = 1.0 / ((len(self.width) - 1) * self.width[inside])
        self.log_chance = np.full(size + 1, -np.inf)
        self.log_chance[1 : farthest + 1] = np.log(chance[1:]) - self.log_binomial[1 : farthest + 1]

    def drawn(self, natives: Bits, *, count: int, rng: np.random.Generator) -> Bits:
        """States in every shell around any of the native states, so many of each shell."""
        rows = []
        for number in range(1, len(self.width)):
            away = rng.choice(np.flatnonzero(self.number[: self.farthest + 1] == number), count)
            states = natives[rng.integers(0, len(natives), count)].copy()
            order = np.argsort(rng.random(states.shape), axis=1)
            turned = np.zeros(states.shape, np.uint8)
            np.put_along_axis(turned, order, (np.arange(self.size) < away[:, None]).astype(np.uint8), axis=1)
            rows.append(states ^ turned)
        return np.concatenate(rows)

    def nearest(self, states: Words, natives: Words) -> tuple[NDArray[np.int64], Floats]:
        """Distance of each state from the nearest native one, and the logarithm of the states that it stands for."""
        distance, log_drawn = np.zeros(len(states), np.int64), np.zeros(len(states))
        rows = max(1, AT_ONCE // natives.size)
        for start in range(0, len(states), rows):
            away = spins_apart(states[start : start + rows], natives)
            distance[start : start + rows] = np.minimum(away.min(axis=1), self.farthest)
            chance = self.log_chance[away]
            top = np.maximum(chance.max(axis=1), -1e300)
            log_drawn[start : start + rows] = top + np.log(np.exp(chance - top[:, None]).sum(axis=1) / len(natives))
        return distance, -log_drawn - math.log(max(len(states), 1))

    def moments(
        self, number: int, distance: NDArray[np.int64], log_states: Floats, energy: Floats
    ) -> tuple[float, float]:
        """Mean energy at the centre of a shell, and its standard deviation at one distance."""
        logs = log_states - self.log_binomial[distance]
        share = np.exp(logs - logs.max())
        share /= share.sum()
        off = distance - self.centre[number]
        free = 1.0 / float((share**2).sum())
        line = np.zeros(1)
        if np.ptp(distance) > 0:
            line = np.polyfit(off, energy, 1, w=np.sqrt(share))
            free -= 1.0
        mean = float(line[-1]) if len(line) > 1 else float(share @ energy)
        rest = energy - (np.polyval(line, off) if len(line) > 1 else mean)
        free = max((free - 1.0) / (1.0 / float((share**2).sum())), 0.1)
        return mean, math.sqrt(float(share @ rest**2) / free)


def _log_sum(logs: Floats) -> float:
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


def _log_binomial(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
