"""Histograms of a landscape that is sampled: of energies and overlaps at each temperature.

Each comes once for every independent group of replicas, so that a measure can tell its sampling error from how the
groups differ. Energies of all groups and temperatures share their bins: the lowest levels that were seen one by one,
then equal ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, Census, Tally
from spinfunnel.moves.spins import Floats, Model

__all__ = ["Grid", "census_of_sample", "energy_tallies", "overlap_tallies"]

LEVELS, BINS = 96, 320
SAME = 2e-6
"""Energies within this share of the range that was seen are one level: kernels add up single-precision fields."""


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
    runs: Sequence[tuple[Floats, Floats]], *, random: Floats, ground: float, groups: int
) -> Iterator[Tally]:
    """Histograms of the energies that temperings saw, group by group, and of random states.

    Parameters
    ----------
    runs : sequence of pairs of arrays
        Energies, shape (rounds, K, groups * copies), and temperatures, shape (K,), of each tempering.
    random : array of float64, shape (groups, n)
        Energies of random states.
    ground : float
        Lowest energy known.
    groups : int
    """
    grid = Grid(np.concatenate([*(series.ravel() for series, _ in runs), random.ravel()]), ground=ground)
    for group in range(groups):
        for series, temperatures in runs:
            copies = series.shape[2] // groups
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


def census_of_sample(landscape: Binary, model: Model, *, ground: tuple[float, int], minima_raw: int) -> Census:
    """Mean, variance and autocorrelation of all energies, exact, beside the ground states and minima that were found.

    Of a polynomial the variance is the sum of the squares of its coefficients, and a term of p spins is correlated by
    ``1 - 2 p / N`` over one flip; of other landscapes there is the table of their energies.
    """
    terms = getattr(landscape, "terms", None)
    if terms is not None:
        power = {order: float((coefficients**2).sum()) for order, (_, coefficients) in terms.items()}
        mean, variance = float(getattr(landscape, "constant", 0.0)), sum(power.values())
        covariance = sum((1.0 - 2.0 * order / landscape.size) * value for order, value in power.items())
    else:
        table = model.table
        mean, variance = float(table.mean()), float(table.var())
        beside = [1 << bit for bit in range(landscape.size - model.flip)]
        products = sum(float(np.mean(table * table[np.arange(len(table)) ^ bit])) for bit in beside)
        products += float(np.mean(table * table[::-1])) if model.flip else 0.0
        covariance = products / landscape.size - mean**2
    correlation = covariance / variance if variance > 0.0 else None
    return Census(1 << landscape.size, mean, variance, *ground, minima_raw, correlation)
