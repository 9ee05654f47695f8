"""Which stationary points are one: keys that do not depend on how a point was found, and a catalogue of points.

Two positions are the same point if a symmetry of the energy takes one to within a tolerance of the other - for atoms a
translation, a rotation, a mirror image and an exchange of like atoms. Energies and two more numbers that no symmetry
changes only say which pairs have to be compared; what decides is the comparison (see `alignment_kernels`).
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.geometry import geometry_of
from spinfunnel.moves.differentiable import Invariance

__all__ = ["DISTANCE", "Catalogue", "Point", "group_order", "in_one_piece", "same_point"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DISTANCE = 1e-3
"""Largest distance of an atom, or of a position, from its partner in the same point."""
WINDOW = 1e-6
"""Difference in energy, relative to 1 + its size, above which two points are not compared: quenches are far closer."""
DIGITS = 4
"""Decimals that make the key; points are refined to 1e-9, so that two runs round alike but for one point in 10^4."""


@dataclass(slots=True, eq=False)
class Point:
    """A stationary point: key, energy, position, logarithm of its harmonic volume, visits."""

    key: str
    energy: float
    position: Floats
    log_volume: float = math.nan
    visits: int = 0


@dataclass(slots=True, eq=False)
class Catalogue:
    """Stationary points of one index, each once.

    Examples
    --------
    >>> catalogue = Catalogue(Invariance("atoms", species=(0, 0)))
    >>> pair = np.array([0.0, 0, 0, 1, 0, 0])
    >>> number = catalogue.add(pair, -1.0).key
    >>> catalogue.find(np.array([5.0, 1, 1, 5, 0, 1]), -1.0) is catalogue.points[0], len(catalogue.points)
    (True, 1)
    """

    invariance: Invariance
    tolerance: float = DISTANCE
    noise: float = 0.0
    points: list[Point] = field(default_factory=list)
    _order: list[tuple[float, int]] = field(default_factory=list)
    _named: dict[str, Point] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Point:
        return self._named[key]

    @property
    def lowest(self) -> float:
        """Lowest energy."""
        return self._order[0][0]

    @property
    def floor(self) -> Point:
        """Point of the lowest energy."""
        return self.points[self._order[0][1]]

    def find(self, position: Floats, energy: float) -> Point | None:
        """Known point at a position, if there is one."""
        window = WINDOW * (1.0 + abs(energy)) + self.noise
        for place in range(bisect_left(self._order, (energy - window, -1)), len(self._order)):
            point = self.points[self._order[place][1]]
            if point.energy > energy + window:
                break
            if same_point(self.invariance, point.position, position, tolerance=self.tolerance):
                return point
        return None

    def add(self, position: Floats, energy: float) -> Point:
        """Enter a point that `find` does not know."""
        key = _key(self.invariance, position, energy)
        copy, unique = 1, key
        while unique in self._named:
            copy += 1
            unique = f"{key}.{copy}"
        point = Point(unique, energy, np.array(position))
        self._named[unique] = point
        insort(self._order, (energy, len(self.points)))
        self.points.append(point)
        return point


def same_point(invariance: Invariance, one: Floats, other: Floats, *, tolerance: float = DISTANCE) -> bool:
    """Whether a symmetry takes one position to within the tolerance of the other."""
    return geometry_of(invariance).same(one, other, tolerance)


def group_order(invariance: Invariance, position: Floats, *, tolerance: float = DISTANCE) -> int:
    """Order of the point group: symmetries that take a position to itself, up to an exchange of like atoms.

    Examples
    --------
    >>> triangle = np.array([0.0, 0, 0, 1, 0, 0, 0.5, 3**0.5 / 2, 0])
    >>> group_order(Invariance("atoms", species=(0, 0, 0)), triangle)
    12
    """
    return geometry_of(invariance).order(position, tolerance)


def in_one_piece(invariance: Invariance, position: Floats) -> bool:
    """Whether a cluster has not lost an atom; of other landscapes, always."""
    return geometry_of(invariance).whole(position)


def _key(invariance: Invariance, position: Floats, energy: float) -> str:
    """Energy in words, and a hash of all three numbers."""
    first, second = geometry_of(invariance).numbers(position)
    numbers = [round(value * 10**DIGITS) for value in (energy, first, second)]
    digest = hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]
    return f"{energy:.{DIGITS}f}:{digest}"
