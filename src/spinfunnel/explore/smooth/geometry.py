"""What positions are: plain vectors, atoms (free or held), points of a sphere, or angles. One class for each.

A geometry says which positions are the same point, which numbers no symmetry changes, and how far two points are apart
at least, however they are turned and exchanged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from spinfunnel.explore.smooth.alignment_kernels import connected, matches, moments
from spinfunnel.landscape import InputError
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.moves.frame import Frame

__all__ = ["REACH", "Geometry", "geometry_of"]

Floats = NDArray[np.float64]
Numbers = NDArray[np.inexact]

REACH = 2.5
"""Gap in a cluster, in median distances of nearest neighbours, from which on it is in two pieces."""


class Geometry(ABC):
    """What can be asked of positions; that of plain vectors unless a class says otherwise.

    Attributes
    ----------
    number : int
        By which compiled loops know it.
    sized : bool
        Whether the energy knows how long a position is.
    """

    number: ClassVar[int]
    sized: ClassVar[bool] = True

    def __init__(self, invariance: Invariance) -> None:
        self.invariance = invariance

    @property
    def signs(self) -> tuple[float, ...]:
        """Factors of a position that leave the energy alone."""
        return (1.0, -1.0) if self.invariance.mirror else (1.0,)

    @abstractmethod
    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether a symmetry takes one position to within the tolerance of the other."""

    @abstractmethod
    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two numbers that no symmetry changes."""

    def order(self, position: Floats, tolerance: float) -> int:  # noqa: ARG002 - atoms have one
        """Order of the point group."""
        return 1

    def whole(self, position: Floats) -> bool:  # noqa: ARG002 - atoms can be lost
        """Whether nothing has come apart."""
        return True

    def signature(self, position: Floats) -> Numbers:
        """Numbers of a point from which `at_least_apart` is had for many pairs at a time."""
        return np.array(position)

    def at_least_apart(self, ones: Numbers, others: Numbers) -> Floats:
        """Distances (n, m) that points of signatures (n, S) and (m, S) are apart at least."""
        return np.asarray(cdist(ones, others))


class Plain(Geometry):
    """Vectors of which no two have the same energy for a reason."""

    number = 0

    @property
    def signs(self) -> tuple[float, ...]:
        """Nothing but the position itself."""
        return (1.0,)

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether the positions lie so near."""
        return any(float(np.linalg.norm(one - sign * other)) <= tolerance for sign in self.signs)

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two waves along the coordinates."""
        number = np.arange(1, len(position) + 1)
        first, second = float(np.cos(number) @ position), float(np.sin(2.0 * number) @ position)
        return (abs(first), abs(second)) if len(self.signs) == 2 else (first, second)


class Sphere(Geometry):
    """Directions: the energy does not know their length."""

    number = 2
    sized = False

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether the directions, or the antipodes, lie so near."""
        one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
        return any(float(np.linalg.norm(one - sign * other)) <= tolerance for sign in self.signs)

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two waves along the coordinates of the direction."""
        unit, number = position / np.linalg.norm(position), np.arange(1, len(position) + 1)
        first, second = float(np.cos(number) @ unit), float(np.sin(2.0 * number) @ unit)
        return (abs(first), abs(second)) if len(self.signs) == 2 else (first, second)

    def at_least_apart(self, ones: Numbers, others: Numbers) -> Floats:
        """Distance of the directions, or of one from the other's antipode: exact."""
        apart = cdist(ones, others)
        return np.asarray(np.minimum(apart, cdist(ones, -others)) if self.invariance.mirror else apart)


class Angles(Geometry):
    """Angles that may all be turned together."""

    number = 3

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether the angles lie so near after the common turn that brings them together."""
        return any(self._apart(one, sign * other) <= tolerance for sign in self.signs)

    @staticmethod
    def _apart(one: Floats, other: Floats) -> float:
        turns = np.exp(1j * (one - other))
        return float(np.linalg.norm(np.angle(turns * np.conj(turns.mean()))))

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Lengths of two sums of unit vectors."""
        waves = [np.exp(1j * position), np.exp(1j * position) * np.cos(np.arange(len(position)))]
        first, second = (float(np.abs(wave.mean())) for wave in waves)
        return first, second

    def signature(self, position: Floats) -> Numbers:
        """Points on the unit circle."""
        return np.exp(1j * position)

    def at_least_apart(self, ones: Numbers, others: Numbers) -> Floats:
        """Chords in place of arcs: ``sqrt(2 N - 2 |sum exp(i (a - b))|)``."""
        images = (others, others.conj()) if self.invariance.mirror else (others,)
        meet = np.max([np.abs(ones.conj() @ each.T) for each in images], axis=0)
        return np.asarray(np.sqrt(np.maximum(2.0 * ones.shape[1] - 2.0 * meet, 0.0)))


class Atoms(Geometry):
    """Atoms in space, which may be moved, turned, and exchanged where they are alike."""

    number = 1

    @property
    def species(self) -> NDArray[np.int64]:
        """Kind of each atom."""
        return np.asarray(self.invariance.species, np.int64)

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether a rigid motion and an exchange of like atoms bring every atom so near to its partner."""
        one, other = (np.require(each, np.float64, ["C", "W"]) for each in (one, other))
        return matches(one, other, self.species, self.invariance.mirror, tolerance, True) > 0

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two moments of the distances between atoms."""
        first, second = moments(position, self.species)
        return float(first), float(second)

    def order(self, position: Floats, tolerance: float) -> int:
        """Number of rigid motions that take the atoms to themselves."""
        return max(1, matches(position, position, self.species, self.invariance.mirror, tolerance, False))

    def whole(self, position: Floats) -> bool:
        """Whether no atom has left the others."""
        return bool(connected(position, REACH))

    def signature(self, position: Floats) -> Numbers:
        """Sorted distances over the root of the number of atoms.

        Displacements u about a common centre change that of a pair by ``|u_i - u_j|`` at most, and
        ``sum_(i<j) |u_i - u_j|^2 = N sum |u|^2``.
        """
        atoms = position.reshape(-1, 3)
        return np.asarray(np.sort(pdist(atoms)) / np.sqrt(len(atoms)))


class Framed(Geometry):
    """Atoms among others that are held, or in a periodic cell (see `spinfunnel.moves.frame`)."""

    number = 0

    @property
    def signs(self) -> tuple[float, ...]:
        """Nothing but the position itself: mirror images are among the motions of the frame."""
        return (1.0,)

    @property
    def frame(self) -> Frame:
        """Cell, held atoms and symmetries."""
        if self.invariance.frame is None:
            raise InputError("atoms that are not free in space need a frame: give Invariance(..., frame=...)")
        return self.invariance.frame

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether a symmetry and an exchange of like atoms bring each atom so near to its partner."""
        return self.frame.same(one, other, tolerance)

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two sums over pairs of atoms."""
        return self.frame.numbers(position)

    def order(self, position: Floats, tolerance: float) -> int:
        """Number of symmetries that take a state to itself."""
        return self.frame.order(position, tolerance)

    def whole(self, position: Floats) -> bool:
        """Whether no atom has left the others."""
        return self.frame.whole(position, REACH)

    def signature(self, position: Floats) -> Numbers:  # noqa: ARG002 - no bound is known but zero
        """One zero: two states may be near in any image."""
        return np.zeros(1)


GEOMETRIES: dict[str, type[Geometry]] = {
    "none": Plain, "sphere": Sphere, "angles": Angles, "atoms": Atoms, "frame": Framed,
}  # fmt: skip


def geometry_of(invariance: Invariance) -> Geometry:
    """Geometry of the positions of a landscape, by what leaves its energy alone."""
    return GEOMETRIES[invariance.kind](invariance)
