"""Histograms of a landscape that is sampled: of energies at each temperature, and of states around the native ones.

Each comes once for every independent group of replicas, so that a measure can tell its sampling error from how the
groups differ. Energies of all groups and temperatures share their bins: the lowest levels that were seen one by one,
then equal ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..landscape import Binary, Tally
from ..spins import Floats, Model

__all__ = ["SHELLS", "Grid", "around_native", "energy_tallies", "native_images", "overlap_tallies"]

LEVELS, BINS = 96, 320
SAME = 2e-6
"""Energies within this share of the range that was seen are one level: kernels add up single-precision fields."""
MOST_NATIVES = 256
SHELLS = 64
"""Distances from the native state at which states are drawn; all of them up to so many."""
LARGEST_COUNT = 1e300
FEWEST_DRAWN = 8


class Grid:
    """Bins of energy that all histograms share.

    Parameters
    ----------
    seen : array of float64
        Energies that were seen, in any order.
    ground : float
        Lowest energy known.
    """

    def __init__(self, seen: Floats, *, ground: float) -> None:
        values = np.unique(np.concatenate([[ground], seen]))
        span = max(float(values[-1] - ground), 1e-300)
        self.ground, self._near = ground, SAME * span
        apart = np.concatenate([[True], np.diff(values) > self._near])
        levels = values[apart][: LEVELS + 1]
        top = float(levels[-1]) if len(levels) > LEVELS else float(values[-1]) + 2.0 * self._near
        self.levels = levels[:LEVELS]
        self.edges = np.linspace(top, float(values[-1]) + self._near, BINS + 1) if top < values[-1] else np.zeros(0)

    def tally(self, energy: Floats, *, temperature: float, replica: int) -> Tally:
        """Histogram of energies drawn at one temperature."""
        place = np.searchsorted(self.levels, energy + self._near, side="right") - 1
        place = np.maximum(place, 0)
        if len(self.edges):
            high = energy >= self.edges[0] - self._near
            inside = np.clip(np.searchsorted(self.edges, energy[high], side="right") - 1, 0, BINS - 1)
            place[high] = len(self.levels) + inside
        filled, group, count = np.unique(place, return_inverse=True, return_counts=True)
        level = filled < len(self.levels)
        rise = energy - self.ground
        mean = np.bincount(group, weights=rise) / count
        spread = np.sqrt(np.maximum(np.bincount(group, weights=(rise - mean[group]) ** 2) / count, 0.0))
        lowest = np.full(len(filled), np.inf)
        np.minimum.at(lowest, group, energy)
        mean = np.where(level, self.levels[np.minimum(filled, len(self.levels) - 1)], self.ground + mean)
        position = mean.copy()
        if len(self.edges):
            number = np.clip(filled - len(self.levels), 0, BINS - 1)
            position = np.where(level, mean, 0.5 * (self.edges[number] + self.edges[number + 1]))
        columns = (count, mean, np.where(level, 0.0, spread), np.where(level, mean, lowest))
        return Tally(
            "energy", temperature, tuple(position.tolist()), *(tuple(column.tolist()) for column in columns),
            replica=replica,
        )  # fmt: skip


def energy_tallies(
    series: Floats, temperatures: Floats, *, random: Floats, ground: float, groups: int
) -> Iterator[Tally]:
    """Histograms of the energies that tempering saw, group by group, and of random states.

    Parameters
    ----------
    series : array of float64, shape (rounds, K, groups * copies)
    temperatures : array of float64, shape (K,)
    random : array of float64, shape (groups, n)
        Energies of random states.
    ground : float
        Lowest energy known.
    groups : int
    """
    grid = Grid(np.concatenate([series.ravel(), random.ravel()]), ground=ground)
    copies = series.shape[2] // groups
    for group in range(groups):
        part = series[:, :, group * copies : (group + 1) * copies]
        for rung, temperature in enumerate(temperatures.tolist()):
            yield grid.tally(part[:, rung].ravel(), temperature=temperature, replica=group)
        yield grid.tally(random[group], temperature=math.inf, replica=group)


def overlap_tallies(
    states: NDArray[np.uint8], rung: NDArray[np.int64], temperatures: Floats, *, groups: int, snapshots: int, flip: bool
) -> Iterator[Tally]:
    """Histogram of the overlap ``q = 1 - 2 d / N`` of independent replicas at each temperature.

    Replicas of different groups are compared, each of a group with one of the next, snapshot by snapshot; where the
    global flip is a symmetry, of a state and its mirror image both.

    Parameters
    ----------
    states : array of uint8, shape (snapshots * groups * replicas, N)
    rung : array of int64
        Temperature of each state.
    temperatures : array of float64
    groups, snapshots : int
    flip : bool
    """
    size = states.shape[1]
    for number, temperature in enumerate(temperatures.tolist()):
        here = states[rung == number]
        rows = here.reshape(snapshots, groups, -1, size)
        distance = (rows != np.roll(rows, 1, axis=1)).sum(axis=3).ravel()
        if flip:
            distance = np.concatenate([distance, size - distance])
        away, count = np.unique(distance, return_counts=True)
        nothing = tuple([0.0] * len(away))
        yield Tally(
            "replica overlap", temperature, tuple((1.0 - 2.0 * away[::-1] / size).tolist()),
            tuple(count[::-1].astype(float).tolist()), nothing, nothing, nothing,
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------
# Around the native state


def native_images(landscape: Binary, model: Model, natives: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """All plain native states: plateaus and symmetric copies included; None where there are too many."""
    rows = {row.tobytes() for row in natives}
    front = list(natives)
    ground = float(landscape.energy(natives[:1])[0])
    while front:
        state = front.pop()
        beside = np.repeat(state[None], landscape.size, axis=0)
        beside[np.arange(landscape.size), np.arange(landscape.size)] ^= 1
        images = np.bitwise_xor(state[model.permutation], (model.turned < 0).astype(np.uint8))
        near = [*beside[landscape.energy(beside) == ground], *images, *([1 - state] if model.flip else [])]
        for other in near:
            if other.tobytes() not in rows:
                rows.add(other.tobytes())
                front.append(other)
        if len(rows) > MOST_NATIVES:
            return None
    return np.array([np.frombuffer(row, np.uint8) for row in sorted(rows)])


def around_native(
    landscape: Binary, natives: NDArray[np.uint8], *, drawn: int, groups: int, seed: np.random.SeedSequence,
    known: tuple[NDArray[np.uint8], Floats],
) -> Iterator[Tally]:  # fmt: skip
    """Histogram over all states of the overlap with the nearest native state, from states drawn at each distance.

    A native state a and a state at distance d from it are drawn. The state counts where no native state is nearer, with
    weight one over the number of those as near: so each state at distance d from the native set counts once. The number
    of states of a shell is estimated with it.

    Parameters
    ----------
    landscape : Binary
    natives : array of uint8, shape (m, N)
        All of them.
    drawn : int
        States for each shell and group.
    groups : int
    seed : SeedSequence
    known : pair of arrays
        States with their energies, whatever way they were found: each shell's lowest energy is at most theirs.
    """
    size = landscape.size
    shells = np.unique(np.linspace(0, size, min(size, SHELLS) + 1).round().astype(int))
    width = np.gradient(shells.astype(float)) if len(shells) > 1 else np.ones(1)
    far, low = _distance(known[0], natives), known[1]
    best = np.full(len(shells), np.inf)
    np.minimum.at(best, np.abs(shells[None] - far[:, None]).argmin(axis=1), low)
    total = size * math.log(2.0)
    for group, child in enumerate(seed.spawn(groups)):
        rng = np.random.default_rng(child)
        rows = []
        for place, away in enumerate(shells.tolist()):
            start = natives[rng.integers(0, len(natives), drawn)].copy()
            turned = np.argsort(rng.random((drawn, size)), axis=1)[:, :away]
            np.put_along_axis(start, turned, 1 - np.take_along_axis(start, turned, axis=1), axis=1)
            near = (start[:, None] != natives[None]).sum(axis=2)
            counts = near.min(axis=1) == away
            if counts.sum() < min(FEWEST_DRAWN, drawn) and away:
                continue
            share = 1.0 / (near[counts] == away).sum(axis=1)
            energy = landscape.energy(start[counts])
            mean = float(np.average(energy, weights=share))
            spread = math.sqrt(max(float(np.average((energy - mean) ** 2, weights=share)), 0.0))
            log_count = math.log(len(natives)) + _log_binomial(size, away) + math.log(share.sum() / drawn)
            least = min(float(energy.min()), float(best[place]))
            rows.append((1.0 - 2.0 * away / size, log_count + math.log(width[place]) - total, mean, spread, least))
        table = np.array(rows)[::-1]
        log_share = table[:, 1]
        top = min(total, math.log(LARGEST_COUNT))
        count = np.exp(log_share + top)
        count[-1] = len(natives) if total <= top else count[-1]
        columns = (table[:, 0], count, *table[:, 2:].T)
        yield Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns), replica=group)


def _distance(states: NDArray[np.uint8], natives: NDArray[np.uint8]) -> NDArray[np.int64]:
    away = np.full(len(states), states.shape[1] if len(states) else 0, np.int64)
    for native in natives:
        np.minimum(away, (states != native).sum(axis=1), out=away)
    return away


def _log_binomial(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
