"""How many states there are at each energy, at each overlap with the native state, and at both.

One pass over all states fills a table of overlap against energy in `BINS` equal bins; in each cell it keeps the number
of states, the sums of their energies and of the squares, and the lowest. The three histograms of a map are read off
that table: energies by overlap; the density of states, its lowest states level by level; and both together, in bins
`COARSE` times as wide. Mean and standard deviation within each bin are kept exactly, so that what is computed from a
bin of width w at temperature T is right to third order in w / T (see `spinfunnel.measure.densities` for the bound).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood import hypercube
from spinfunnel.explore.flood.cube import Cube
from spinfunnel.explore.flood.native_distance import native_distance
from spinfunnel.landscape import Census, Tally

__all__ = ["BINS", "COARSE", "LEVELS", "count_states", "graph_histogram"]

Floats = NDArray[np.float64]
Column: TypeAlias = tuple[float, ...]

BINS = 512
COARSE = 4
"""Bins of overlap and energy above the lowest quarter of the energies are so many times as wide."""
FINE = BINS // 4
LEVELS = 1024
"""As many of the lowest states are told apart: the bins that hold them are resolved into levels."""
MOST_RESOLVED = 1 << 22
"""States of the bin with the last of them that are looked through."""
RUN = 1 << 12
MOST_BLOCKS = 64
"""Bounds the tables in memory, half a MB for each block."""
STAGE = "density of states"
ONE_LEVEL = 1e-9
"""Bin in which the mean lies within this share of its width above the lowest: one level, and rounding."""


@njit(cache=True, nogil=True)
def tally_around(
    energies: Floats, near: NDArray[np.uint8], start: int, stop: int, native: int, low: float, scale: float,
    table: Floats,
) -> None:  # fmt: skip
    """Add states to `table`, shape (N + 1, bins, 4), by their distance to one state.

    A cell holds count, sum and sum of squares of the place within the bin (0 to 1), and the lowest energy. `near` is
    the distance of each offset within a run to the low bits of `native`; `start` and `stop` are multiples of a run.
    """
    run, bins = near.size, table.shape[1]
    flat = table.reshape(-1)
    for base in range(start, stop, run):
        away = 0
        rest = (base ^ native) & ~(run - 1)
        while rest:
            rest &= rest - 1
            away += 1
        for offset in range(run):
            energy = energies[base + offset]
            place = (energy - low) * scale
            number = min(int(place), bins - 1)
            within = place - number
            cell = ((away + near[offset]) * bins + number) * 4
            flat[cell] += 1.0
            flat[cell + 1] += within
            flat[cell + 2] += within * within
            flat[cell + 3] = min(flat[cell + 3], energy)


@njit(cache=True, nogil=True)
def tally_by(
    energies: Floats, distance: NDArray[np.uint8], start: int, stop: int, low: float, scale: float, table: Floats
) -> None:
    """The same by distances that are known."""
    bins = table.shape[1]
    flat = table.reshape(-1)
    for state in range(start, stop):
        energy = energies[state]
        place = (energy - low) * scale
        number = min(int(place), bins - 1)
        within = place - number
        cell = (distance[state] * bins + number) * 4
        flat[cell] += 1.0
        flat[cell + 1] += within
        flat[cell + 2] += within * within
        flat[cell + 3] = min(flat[cell + 3], energy)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Some sets of states: number, mean, standard deviation and lowest of the energies in each."""

    count: Floats
    mean: Floats
    spread: Floats
    lowest: Floats

    def merged(self, group: NDArray[np.int64], groups: int) -> _Cells:
        """Union of the sets of each group; empty ones have a lowest energy of inf."""
        lowest = np.full(groups, np.inf)
        np.minimum.at(lowest, group, self.lowest)
        count: Floats = np.bincount(group, weights=self.count, minlength=groups).astype(np.float64)
        filled = np.maximum(count, 1.0)
        # From the lowest upward, so that one level has no spread, to the last digit.
        rise = self.mean - lowest[group]
        mean = np.bincount(group, weights=self.count * rise, minlength=groups) / filled
        off = rise - mean[group]
        square = np.bincount(group, weights=self.count * (off * off + self.spread**2), minlength=groups) / filled
        return _Cells(count, np.where(count > 0, lowest, 0.0) + mean, np.sqrt(square), lowest)

    def before(self, others: _Cells) -> _Cells:
        pairs = ((self.count, others.count), (self.mean, others.mean), (self.spread, others.spread))
        return _Cells(*(np.concatenate(pair) for pair in (*pairs, (self.lowest, others.lowest))))

    def take(self, chosen: NDArray[np.int64]) -> _Cells:
        return _Cells(self.count[chosen], self.mean[chosen], self.spread[chosen], self.lowest[chosen])

    def columns(self, copies: int) -> tuple[Column, Column, Column, Column]:
        """As a `Tally` has them, from its count on."""
        count = tuple((self.count * copies).tolist())
        return count, tuple(self.mean.tolist()), tuple(self.spread.tolist()), tuple(self.lowest.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Bins of energy: number x holds ``low + width x <= E < low + width (x + 1)``."""

    low: float
    width: float

    @classmethod
    def over(cls, low: float, high: float) -> _Grid:
        width = (high - low) / BINS
        return cls(low, width if math.isfinite(width) and width > 1e-290 else 1.0)

    @property
    def scale(self) -> float:
        return 1.0 / self.width

    def number(self, energies: Floats) -> NDArray[np.int64]:
        return np.minimum(((energies - self.low) * self.scale).astype(np.int64), BINS - 1)

    def centre(self, number: NDArray[np.int64]) -> Floats:
        """Centres of bins."""
        return np.asarray(self.low + (number + 0.5) * self.width, np.float64)

    def wide_centre(self, number: NDArray[np.int64]) -> Floats:
        """Centres of bins as `_widened` numbers them."""
        first = np.where(number < FINE, number, FINE + (number - FINE) * COARSE)
        half = np.where(number < FINE, 0.5, 0.5 * COARSE)
        return np.asarray(self.low + (first + half) * self.width, np.float64)

    def cells(self, sums: Floats, number: NDArray[np.int64]) -> _Cells:
        """What the sums over some filled bins, shape (n, 4), say of each."""
        count, first, second, lowest = sums.T
        place = first / count
        one = place - ((lowest - self.low) * self.scale - number) <= ONE_LEVEL
        mean = np.where(one, lowest, self.low + self.width * (number + place))
        spread = self.width * np.sqrt(np.maximum(second / count - place * place, 0.0))
        return _Cells(count, np.maximum(mean, lowest), np.where(one, 0.0, spread), lowest)


def count_states(
    cube: Cube, roots: NDArray[np.int64], members: NDArray[np.int64], *, census: Census
) -> tuple[Tally, Tally, Tally]:
    """Histograms over all states: of the overlap Q = 1 - 2 d / N with the native state, of energy, of both.

    The native state is the nearest of those at the bottom of the minima given, and of their symmetric images.

    Parameters
    ----------
    cube : Cube
        Labelled.
    roots, members : arrays of int64
        Minima from which the overlap is measured, the chief native one (see `landscape.basin_graph.chief_native`), and
        the states of all closed plateaus.
    census : Census

    Returns
    -------
    tuple of Tally
        "overlap", "energy" and "overlap and energy".
    """
    highest = max(cube.in_blocks(lambda start, stop: float(cube.energies[start:stop].max()), stage=STAGE))
    grid = _Grid.over(census.ground_energy, highest)
    ruler = _Ruler.to(cube, roots, members)
    table = _table(cube, ruler, grid=grid)
    ring, number = np.nonzero(table[:, :, 0])
    cells = grid.cells(table[ring, number], number)
    filled, group = np.unique(number, return_inverse=True)
    whole = cells.merged(group, len(filled))
    cut = _resolved_bins(whole, filled)
    low = _lowest(cube, ruler, grid=grid, cut=cut)
    above, beyond = filled >= cut, number >= cut
    place = np.where(whole.spread > 0.0, grid.centre(filled), whole.mean)[above]
    energy = _shown(low.by_energy(), whole.take(np.flatnonzero(above)), place, copies=1 + cube.flip)
    coarse = cells.take(np.flatnonzero(beyond)), ring[beyond], _widened(number[beyond])
    joint = _joint(low, coarse, grid=grid, size=cube.size, copies=1 + cube.flip)
    return _by_overlap(cells, ring, size=cube.size, copies=1 + cube.flip), energy, joint


@dataclass(frozen=True, slots=True, eq=False)
class _Ruler:
    """Distance of states to the nearest native state: looked up, or counted where there is but one."""

    native: int
    near: NDArray[np.uint8]
    distance: NDArray[np.uint8]
    mirror: int

    @classmethod
    def to(cls, cube: Cube, roots: NDArray[np.int64], members: NDArray[np.int64]) -> _Ruler:
        nothing = np.zeros(0, np.uint8)
        if len(roots) > 1 or len(cube.canon) or len(members):
            return cls(-1, nothing, native_distance(cube, roots, members), 0)
        native, run = int(roots[0]), min(RUN, cube.states)
        near = np.bitwise_count(np.arange(run, dtype=np.int64) ^ (native & (run - 1))).astype(np.uint8)
        return cls(native, near, nothing, cube.size if cube.flip else 0)

    def of(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.native < 0:
            return self.distance[states].astype(np.int64)
        away = np.bitwise_count(states ^ self.native).astype(np.int64)
        return np.minimum(away, self.mirror - away) if self.mirror else away


def _table(cube: Cube, ruler: _Ruler, *, grid: _Grid) -> Floats:
    """Sums by distance to the nearest native state and bin, shape (N + 1, BINS, 4)."""

    def work(start: int, stop: int) -> Floats:
        table = np.zeros((cube.size + 1, BINS, 4))
        table[:, :, 3] = np.inf
        if ruler.native >= 0:
            tally_around(cube.energies, ruler.near, start, stop, ruler.native, grid.low, grid.scale, table)
        else:
            tally_by(cube.energies, ruler.distance, start, stop, grid.low, grid.scale, table)
        return table

    wide = cube.states // MOST_BLOCKS
    parts = cube.in_blocks(work, stage=STAGE, block=wide if wide > 1 << 20 else None)
    total: Floats = parts[0]
    for part in parts[1:]:
        total[:, :, :3] += part[:, :, :3]
        np.minimum(total[:, :, 3], part[:, :, 3], out=total[:, :, 3])
    return _folded(total) if ruler.mirror else total


def _folded(table: Floats) -> Floats:
    """By distance to the nearer of a state and its mirror image, from distance to the one."""
    half = len(table) // 2
    folded = table[: (len(table) + 1) // 2].copy()
    folded[:half, :, :3] += table[::-1][:half, :, :3]
    np.minimum(folded[:half, :, 3], table[::-1][:half, :, 3], out=folded[:half, :, 3])
    return folded


def _by_overlap(cells: _Cells, ring: NDArray[np.int64], *, size: int, copies: int) -> Tally:
    seen, group = np.unique(-ring, return_inverse=True)
    rows = cells.merged(group, len(seen))
    return Tally("overlap", math.inf, tuple((1.0 + 2.0 * seen / size).tolist()), *rows.columns(copies))


# ---------------------------------------------------------------------------------------------
# The lowest states, level by level


def _resolved_bins(whole: _Cells, number: NDArray[np.int64]) -> int:
    """Number of the bin from which on states are left in bins: the native level is always told from others."""
    few = int(np.searchsorted(np.cumsum(whole.count), LEVELS, side="right"))
    if few == 0 or (few < len(number) and whole.count[few] <= MOST_RESOLVED):
        few += 1
    mixed = np.flatnonzero(whole.spread[:few])
    return int(number[mixed[-1]]) + 1 if len(mixed) else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Lowest:
    """The lowest states one by one: energies, distances, and the number of the level of each."""

    energies: Floats
    ring: NDArray[np.int64]
    level: NDArray[np.int64]

    def cells(self) -> _Cells:
        return _Cells(np.ones(len(self.energies)), self.energies, np.zeros(len(self.energies)), self.energies)

    def by_energy(self) -> _Cells:
        return self.cells().merged(self.level, int(self.level.max(initial=-1)) + 1)


def _lowest(cube: Cube, ruler: _Ruler, *, grid: _Grid, cut: int) -> _Lowest:
    """States in the bins below `cut`; those beyond the lowest `LEVELS` are one set."""
    states = np.zeros(0, np.int64)
    if cut:
        upto = grid.low + (cut + 0.5) * grid.width
        parts = cube.in_blocks(lambda start, stop: _below(cube.energies, start, stop, upto), stage=STAGE)
        states = np.concatenate(parts).astype(np.int64)
        states = states[grid.number(cube.energies[states]) < cut]
    energies = cube.energies[states]
    last = float(np.partition(energies, LEVELS - 1)[LEVELS - 1]) if len(energies) > LEVELS else np.inf
    level = np.unique(np.minimum(energies, np.nextafter(last, np.inf)), return_inverse=True)[1]
    return _Lowest(energies, ruler.of(states), level)


def _below(energies: Floats, start: int, stop: int, upto: float) -> NDArray[np.uint32]:
    found = np.empty(stop - start, np.uint32)
    return found[: hypercube.gather_below(energies, start, stop, -np.inf, upto, found)].copy()


def _shown(low: _Cells, rest: _Cells, place: Floats, *, copies: int) -> Tally:
    cells = low.before(rest)
    return Tally("energy", math.inf, tuple(np.concatenate([low.mean, place]).tolist()), *cells.columns(copies))


def _widened(number: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(number < FINE, number, FINE + (number - FINE) // COARSE)


def _joint(
    low: _Lowest,
    coarse: tuple[_Cells, NDArray[np.int64], NDArray[np.int64]],
    *,
    grid: _Grid,
    size: int,
    copies: int,
) -> Tally:
    """Histogram of overlap and energy: levels where those are known one by one, then bins."""
    cells, ring, number = coarse
    levels = len(low.level) + 1
    seen, group = np.unique(low.ring * levels + low.level, return_inverse=True)
    first = low.cells().merged(group, len(seen))
    filled, group = np.unique(ring * BINS + number, return_inverse=True)
    rows = first.before(cells.merged(group, len(filled)))
    away = np.concatenate([seen // levels, filled // BINS])
    place = np.concatenate([first.mean, grid.wide_centre(filled % BINS)])
    order = np.lexsort((rows.mean, -away))
    return Tally(
        "overlap and energy",
        math.inf,
        tuple(place[order].tolist()),
        *rows.take(order).columns(copies),
        overlap=tuple((1.0 - 2.0 * away[order] / size).tolist()),
    )


def graph_histogram(energies: Floats, copies: NDArray[np.int64]) -> Tally:
    """Density of the states of a graph, each of which stands for so many copies: its lowest levels, then bins."""
    level, place = np.unique(energies, return_inverse=True)
    count = np.bincount(place, weights=copies).astype(np.float64)
    cells = _Cells(count, level, np.zeros(len(level)), level)
    if len(level) <= LEVELS + BINS:
        return Tally("energy", math.inf, tuple(level.tolist()), *cells.columns(1))
    grid = _Grid.over(float(level[LEVELS]), float(level[-1]))
    number = grid.number(level[LEVELS:])
    filled, group = np.unique(number, return_inverse=True)
    rest = cells.take(np.arange(LEVELS, len(level))).merged(group, len(filled))
    return _shown(cells.take(np.arange(LEVELS)), rest, grid.centre(filled), copies=1)
