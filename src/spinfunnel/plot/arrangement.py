"""Where each basin lies in the terrain: a partition of a disc with areas equal to weights.

The disc is handled in the coordinates (turn, r^2), in which area is turn times r^2, so that every
region is a rectangle there: an annular sector on the disc. The native basin is the disc in the
middle; what merges into it first lies next to it, what merges last lies outermost. The rings are
filled as in a squarified treemap (Bruls, Huizing, van Wijk, Data Visualization 2000, 33), but in the order of
the merges, so that the regions of each subtree are connected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.plot.branch import Branches

__all__ = ["Region", "arrange"]

_TURN = 40 / 64
"""Shift of the seam from ring to ring; a multiple of 1/64, so that adding and removing a whole turn is exact."""
_LOOK = 48
"""How many branches are tried in one ring or strip."""

_Box: TypeAlias = tuple[float, float, float, float]
"""Start and stop in turns, inner and outer r^2."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in (turn, r^2): an annular sector, or the whole disc inside `outer` where `inner` is 0.

    Where the native basin is so heavy that a ring around it would be too thin to hold anything, it reaches into the
    ring between the others; such a `shelf` belongs to the native minimum and has no pit of its own.
    """

    minimum: int
    start: float
    stop: float
    inner: float
    outer: float
    shelf: bool = False

    @property
    def disc(self) -> bool:
        """Whether this is the disc in the middle."""
        return self.inner == 0.0

    @property
    def area(self) -> float:
        """Share of the whole disc."""
        return (self.stop - self.start) * (self.outer - self.inner)


def arrange(split: Branches, weight: NDArray[np.float64]) -> list[Region]:
    """Partition the unit disc among the kept minima.

    Parameters
    ----------
    split : Branches
    weight : array of float64, shape (m,)
        Positive for kept minima, sums to 1 over them.

    Returns
    -------
    list of Region
        One for each kept minimum, and the shelves; the areas of each minimum's regions sum to its weight.

    Examples
    --------
    >>> from spinfunnel.plot.branch import branches
    >>> from spinfunnel.landscape.tree import MergeTree
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> [(region.minimum, region.disc, region.area) for region in arrange(branches(tree), np.array([0.25, 0.75]))]
    [(0, True, 0.25), (1, False, 0.75)]
    """
    below, mass = _families(split, weight)
    top = int(split.kept[0])
    waiting = below[top]
    regions: list[Region] = []
    tasks: list[tuple[int, _Box]] = []
    shelf = _shelf([mass[branch] for branch in waiting], float(weight[top]))
    inner = float(weight[top]) - shelf if waiting else 1.0
    regions.append(Region(top, 0.0, 1.0, 0.0, inner))
    turn = 0.0
    while waiting:
        count = len(waiting) if shelf else _ring(waiting, mass, inner)
        ring, waiting = waiting[:count], waiting[count:]
        outer = 1.0 if not waiting else inner + math.fsum(mass[branch] for branch in ring)
        along = math.pi * (math.sqrt(inner) + math.sqrt(outer))
        share = math.fsum(mass[branch] for branch in ring) / (outer - inner)
        columns = _columns(ring, mass, along * share, math.sqrt(outer) - math.sqrt(inner))
        for column, box in _sectors(columns, mass, (turn, turn + 1.0, inner, outer), shelf):
            if column:
                tasks += _stack(column, mass, box)
            else:
                regions.append(Region(top, *box, shelf=True))
        inner, turn, shelf = outer, (turn + _TURN) % 1.0, 0.0
    while tasks:
        branch, box = tasks.pop()
        regions.append(_fill(branch, box, below[branch], mass, tasks))
    return regions


def _families(split: Branches, weight: NDArray[np.float64]) -> tuple[dict[int, list[int]], dict[int, float]]:
    """Branches that merge into each kept one, lowest merge first, and the weight of each with all it takes in."""
    below: dict[int, list[int]] = {int(leaf): [] for leaf in split.kept}
    mass = {int(leaf): float(weight[leaf]) for leaf in split.kept}
    top = int(split.kept[0])
    for leaf in split.kept[:0:-1].tolist():
        above = int(split.joined[leaf])
        below[above if above >= 0 else top].append(leaf)
        mass[above if above >= 0 else top] += mass[leaf]
    for family in below.values():
        family.sort(key=lambda leaf: (split.death[leaf], leaf))
    return below, mass


def _shelf(masses: list[float], native: float) -> float:
    """Share of the disc by which the native basin fills up the ring around it, to make it as thick as its regions."""
    if not masses:
        return 0.0
    thick = min(max(0.9 * math.sqrt(math.pi * max(masses)), 0.10), 0.42)
    missing = 1.0 - (1.0 - thick) ** 2 - math.fsum(masses)
    return min(missing, 0.6 * native) if missing > 0.03 else 0.0


def _aspect(along: float, across: float) -> float:
    return max(along / across, across / along) if along > 0 and across > 0 else 1e9


def _columns(names: list[int], mass: dict[int, float], along: float, across: float) -> list[list[int]]:
    """Distribute branches over the columns of a ring or strip; light ones share a column, lowest merge innermost."""
    total = math.fsum(mass[name] for name in names)
    columns: list[list[int]] = []
    worst = 0.0
    for name in names:
        if columns:
            trial = [*columns[-1], name]
            width = along * math.fsum(mass[one] for one in trial) / total
            together = max(_aspect(width, across * mass[one] * along / (total * width)) for one in trial)
            if together <= max(worst, _aspect(along * mass[name] / total, across)):
                columns[-1], worst = trial, together
                continue
        columns.append([name])
        worst = _aspect(along * mass[name] / total, across)
    return columns


def _crookedness(names: list[int], mass: dict[int, float], along: float, across: float) -> float:
    """Mean aspect ratio of the regions when these branches fill a ring or strip."""
    total = math.fsum(mass[name] for name in names)
    ratios = []
    for column in _columns(names, mass, along, across):
        width = along * math.fsum(mass[name] for name in column) / total
        ratios += [_aspect(width, across * mass[name] * along / (total * width)) for name in column]
    return math.fsum(ratios) / len(ratios)


def _ring(waiting: list[int], mass: dict[int, float], inner: float) -> int:
    """How many branches share the next ring; what would be left over for a thin last ring is taken in."""
    best, count = math.inf, 1
    for number in range(1, min(len(waiting), _LOOK) + 1):
        outer = inner + math.fsum(mass[name] for name in waiting[:number])
        low, high = math.sqrt(inner), math.sqrt(outer)
        worth = _crookedness(waiting[:number], mass, math.pi * (low + high), high - low)
        if worth < best:
            best, count = worth, number
    taken = math.fsum(mass[name] for name in waiting[:count])
    return len(waiting) if math.fsum(mass[name] for name in waiting[count:]) < 0.3 * taken else count


def _edges(masses: list[float], start: float, stop: float) -> list[float]:
    """Cut an interval in proportion to the masses; the ends are met exactly."""
    edges = start + (stop - start) * np.cumsum([0.0, *masses]) / math.fsum(masses)
    edges[0], edges[-1] = start, stop
    return [float(edge) for edge in edges]


def _sectors(columns: list[list[int]], mass: dict[int, float], box: _Box, shelf: float) -> list[tuple[list[int], _Box]]:
    """Cut a ring into sectors, with a shelf of the native basin (an empty column) after each where there is one."""
    start, stop, inner, outer = box
    parts: list[list[int]] = []
    masses: list[float] = []
    for column in columns:
        parts.append(column)
        masses.append(math.fsum(mass[name] for name in column))
        if shelf:
            parts.append([])
            masses.append(shelf / len(columns))
    edges = _edges(masses, start, stop)
    return [(part, (edges[k], edges[k + 1], inner, outer)) for k, part in enumerate(parts)]


def _stack(column: list[int], mass: dict[int, float], box: _Box, *, sideways: bool = False) -> list[tuple[int, _Box]]:
    """Stack branches from the inside out, or from the start to the stop of a strip that lies sideways."""
    start, stop, inner, outer = box
    edges = _edges([mass[name] for name in column], *((start, stop) if sideways else (inner, outer)))
    if sideways:
        return [(name, (edges[k], edges[k + 1], inner, outer)) for k, name in enumerate(column)]
    return [(name, (start, stop, edges[k], edges[k + 1])) for k, name in enumerate(column)]


def _fill(branch: int, box: _Box, waiting: list[int], mass: dict[int, float], tasks: list[tuple[int, _Box]]) -> Region:
    """Lay out one branch in its box: strips for what merges last first, what is left is the minimum's own region."""
    start, stop, inner, outer = box
    left = mass[branch]
    while waiting:
        low, high = math.sqrt(inner), math.sqrt(outer)
        arc, depth = math.pi * (low + high) * (stop - start), high - low
        sideways = arc > depth
        long, short = (arc, depth) if sideways else (depth, arc)
        count = _strip(waiting, mass, left, long, short)
        strip, waiting = waiting[-count:], waiting[:-count]
        taken = math.fsum(mass[name] for name in strip)
        share, left = taken / left, left - taken
        columns = _columns(strip, mass, short, long * share)
        edges = _edges(
            [math.fsum(mass[name] for name in column) for column in columns],
            *((inner, outer) if sideways else (start, stop)),
        )
        cut = stop - (stop - start) * share if sideways else outer - (outer - inner) * share
        for k, column in enumerate(columns):
            part = (cut, stop, edges[k], edges[k + 1]) if sideways else (edges[k], edges[k + 1], cut, outer)
            tasks += _stack(column, mass, part, sideways=sideways)
        stop, outer = (cut, outer) if sideways else (stop, cut)
    return Region(branch, start, stop, inner, outer)


def _strip(waiting: list[int], mass: dict[int, float], left: float, long: float, short: float) -> int:
    """How many of the branches that merge last share a strip across the short side of a box."""
    best, count = math.inf, 1
    for number in range(1, min(len(waiting), _LOOK) + 1):
        names = waiting[-number:]
        worth = _crookedness(names, mass, short, long * math.fsum(mass[name] for name in names) / left)
        if worth < best:
            best, count = worth, number
    return count
