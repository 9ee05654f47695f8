"""Minima to climb from, and climbs between two that are near each other.

Two minima of a chain that differ in a few dihedral angles are far apart in many coordinates at once, so that hardly any
random direction leads from one to the other. From between them, along the line that joins them, many climbs do.

Carr, Trygubenko, Wales, J. Chem. Phys. 122, 234903 (2005), who join nearest minima, by chains of images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.identity import Point

__all__ = ["Bridge", "Bridges", "Front", "between", "laid_on"]

Floats = NDArray[np.float64]

ENDS = 0.05
"""Share of the way between two minima, at either end, that climbs do not set out from."""
NOISE = 0.1
"""Random part of the direction of a climb, over its length."""


@dataclass(slots=True)
class Front:
    """How a minimum stands: climbs made from it, and how many of them there were when one last found something new."""

    point: Point
    made: int = 0
    asked: int = 0
    last: int = 0

    def done(self, searches: int) -> bool:
        """Whether enough climbs were made: a number of them, or three times as many as found the last new saddle."""
        return self.made >= max(searches, 3 * self.last)


@dataclass(slots=True, frozen=True)
class Bridge:
    """Climbs to be made between a minimum and another."""

    front: Front
    other: Point


@dataclass(slots=True)
class Bridges:
    """The choice of which two minima to climb between: the nearest, farther ones as these fail.

    Examples
    --------
    >>> near, far = (Point(k, 0.0, np.array([0.0, 0, 0, 1, 0, 0, 0, x, 0])) for k, x in (("a", 1.0), ("b", 2.0)))
    >>> here = Point("c", 0.0, np.array([0.0, 0, 0, 1, 0, 0, 0, 1.2, 0]))
    >>> bridges = Bridges()
    >>> bridges.nearest([here], [near, far])[1].key, len(bridges.nearest([here], [near, far]))
    ('a', 2)
    """

    mirror: bool = True
    _apart: dict[tuple[str, str], float] = field(default_factory=dict)
    _tried: Counter[tuple[str, str]] = field(default_factory=Counter)

    def nearest(self, ones: Iterable[Point], others: Iterable[Point]) -> tuple[Point, Point]:
        """Return the pair, one of each kind, of the least distance times the number of times that it was tried."""
        ones, others = list(ones), list(others)
        best = min(
            ((one, other) for one in ones for other in others),
            key=lambda pair: (self._distance(*pair) * (1 + self._tried[_pair(*pair)]), pair[0].key, pair[1].key),
        )
        self._tried[_pair(*best)] += 1
        return best

    def _distance(self, one: Point, other: Point) -> float:
        pair = _pair(one, other)
        if pair not in self._apart:
            laid = laid_on(one.position, other.position, mirror=self.mirror)
            self._apart[pair] = float(np.linalg.norm(one.position - laid))
        return self._apart[pair]


def _pair(one: Point, other: Point) -> tuple[str, str]:
    return (one.key, other.key) if one.key < other.key else (other.key, one.key)


def laid_on(one: Floats, other: Floats, *, mirror: bool) -> Floats:
    """Turn the other position of distinct atoms, and mirror it where that is allowed, to lie on one of them (Kabsch).

    Examples
    --------
    >>> bent = np.array([0.0, 0, 0, 1, 0, 0, 1, 1, 0])
    >>> turned = np.array([5.0, 0, 0, 5, 1, 0, 4, 1, 0])
    >>> bool(np.allclose(laid_on(bent, turned, mirror=False), bent))
    True
    """
    fixed, moved = one.reshape(-1, 3), other.reshape(-1, 3)
    centre = fixed.mean(axis=0)
    moved = moved - moved.mean(axis=0)
    left, _, right = np.linalg.svd(moved.T @ (fixed - centre))
    if not mirror and np.linalg.det(left @ right) < 0.0:
        left[:, -1] *= -1.0
    return np.asarray(moved @ (left @ right) + centre).ravel()


def between(bridge: Bridge, generator: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Positions (count, D) on the line between two minima of a chain, and directions along it."""
    one = bridge.front.point.position
    line = laid_on(one, bridge.other.position, mirror=True) - one
    share = generator.uniform(ENDS, 1.0 - ENDS, count)[:, None]
    noise = generator.standard_normal((count, len(one))) * (NOISE * np.linalg.norm(line) / np.sqrt(len(one)))
    direction = line + noise
    return one + share * line, direction / np.linalg.norm(direction, axis=1, keepdims=True)
