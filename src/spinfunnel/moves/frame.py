"""Atoms that are not free in space: some are held, or the cell is periodic. What may move, and which symmetries.

A position q (D,) of the landscape gives those of all atoms, ``x = x0 + B q`` with orthonormal columns B. Its numbers
are the coordinates of the atoms that may move, and of an atom in a plane or on a line those within it. A symmetry is a
motion ``x -> R x + t`` that takes the lattice and the held atoms to themselves; the energy does not change. Where the
cell is periodic and nothing is held, one atom is held to stand for the translations: a motion then also takes any like
atom to its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frame"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Cell, held atoms and symmetries of a set of atoms.

    Attributes
    ----------
    origin : array (N, 3)
        Positions of all atoms at q = 0: the part of them that nothing moves.
    basis : array (3 N, D)
        Orthonormal columns along which they move.
    species : array of int, shape (N,)
        Atoms of one number may be exchanged; those that are held otherwise have numbers of their own.
    cell : array (p, 3)
        Lattice vectors of the p periodic directions.
    turns, shifts : arrays (G, 3, 3), (G, 3)
        Motions ``x -> R x + t`` that leave the energy alone, the identity among them.
    pin : int
        The atom that is held for the translations; -1 where others are.

    Examples
    --------
    Two atoms in a periodic cube, the first held; the second at a quarter of an edge and its mirror image:

    >>> frame = Frame(
    ...     np.zeros((2, 3)),
    ...     np.eye(6)[:, 3:],
    ...     np.array([0, 1]),
    ...     4.0 * np.eye(3),
    ...     np.array([np.eye(3), -np.eye(3)]),
    ...     np.zeros((2, 3)),
    ...     -1,
    ... )
    >>> frame.same(np.array([1.0, 0, 0]), np.array([3.0, 0, 0]), 1e-3), frame.order(np.array([2.0, 0, 0]), 1e-3)
    (True, 2)
    """

    origin: Floats
    basis: Floats
    species: Ints
    cell: Floats
    turns: Floats
    shifts: Floats
    pin: int = -1

    @property
    def dimension(self) -> int:
        """Number of coordinates that move."""
        return int(self.basis.shape[1])

    @property
    def movable(self) -> NDArray[np.bool_]:
        """Which atoms move at all (N,)."""
        return np.asarray((np.abs(self.basis).reshape(len(self.origin), -1) > 0.0).any(axis=1))

    def atoms(self, position: Floats) -> Floats:
        """Positions of all atoms (..., N, 3) at q (..., D)."""
        moved = np.asarray(position) @ self.basis.T
        return np.asarray(self.origin + moved.reshape(*moved.shape[:-1], -1, 3))

    def coordinates(self, atoms: Floats) -> Floats:
        """Coordinates q (..., D) of positions of all atoms (..., N, 3), or components of a slope along them."""
        flat = np.asarray(atoms, np.float64)
        return np.asarray(flat.reshape(*flat.shape[:-2], -1) @ self.basis)

    def nearest(self, difference: Floats) -> Floats:
        """Differences of positions (..., 3), each brought to its shortest image in the lattice."""
        if len(self.cell) == 0:
            return difference
        share = difference @ np.linalg.pinv(self.cell)
        near = difference - np.round(share) @ self.cell
        metric = self.cell @ self.cell.T
        if np.allclose(metric, np.diag(np.diag(metric)), atol=1e-9 * float(metric.max())):
            return np.asarray(near)
        best, length = near, (near**2).sum(axis=-1)
        # In a skew cell the image that rounding names may not be the shortest: one of its neighbours is.
        for steps in product((-1, 0, 1), repeat=len(self.cell)):
            image = near + np.asarray(steps, float) @ self.cell
            size = (image**2).sum(axis=-1)
            closer = size < length - 1e-12
            best, length = np.where(closer[..., None], image, best), np.where(closer, size, length)
        return np.asarray(best)

    def same(self, one: Floats, other: Floats, tolerance: float) -> bool:
        """Whether a symmetry and an exchange of like atoms bring each atom so near to its partner."""
        return self._count(one, other, tolerance) > 0

    def order(self, position: Floats, tolerance: float) -> int:
        """Number of symmetries that take a state to itself."""
        return max(1, self._count(position, position, tolerance))

    def numbers(self, position: Floats) -> tuple[float, float]:
        """Two sums over pairs of atoms that no symmetry changes."""
        atoms = self.atoms(position)
        gap = np.sqrt((self.nearest(atoms[:, None] - atoms[None]) ** 2).sum(axis=-1))
        weight = 1.0 + (self.species[:, None] + self.species[None]) % 7
        return float((weight * np.exp(-0.5 * gap)).sum()), float((weight * np.exp(-0.05 * gap**2)).sum())

    def whole(self, position: Floats, reach: float) -> bool:
        """Whether no atom has left the others by so many median distances of neighbours."""
        atoms = self.atoms(position)
        gap = np.sqrt((self.nearest(atoms[:, None] - atoms[None]) ** 2).sum(axis=-1))
        np.fill_diagonal(gap, np.inf)
        linked = gap < reach * float(np.median(gap.min(axis=1)))
        seen = np.zeros(len(atoms), bool)
        seen[0] = True
        for _ in range(len(atoms)):
            grown = seen | linked[seen].any(axis=0)
            if (grown == seen).all():
                break
            seen = grown
        return bool(seen.all())

    def overlaid(self, one: Floats, other: Floats) -> Floats:
        """Image of the other state near the first: the shortest way over symmetries, exchanges and the lattice."""
        from scipy.optimize import linear_sum_assignment

        here, images = self.atoms(one), self._images(other)
        kinds = [np.flatnonzero(self.species == kind) for kind in np.unique(self.species)]
        # An atom goes at least to its nearest partner: a bound from below, by which most images need no assignment.
        bound = np.array([
            sum((self.nearest(image[k][None] - here[k][:, None]) ** 2).sum(axis=-1).min(axis=1).sum() for k in kinds)
            for image in images
        ])  # fmt: skip
        best, least = np.array(other), np.inf
        for number in np.argsort(bound, kind="stable"):
            if bound[number] >= least - 1e-9:
                break
            moved = np.array(here)
            for kind in kinds:
                ways = self.nearest(images[number][kind][None] - here[kind][:, None])
                row, column = linear_sum_assignment((ways**2).sum(axis=-1))
                moved[kind[row]] = here[kind[row]] + ways[row, column]
            apart = float(((moved - here) ** 2).sum())
            if apart < least - 1e-9:
                best, least = self.coordinates(moved), apart
        return np.asarray(best)

    def _images(self, position: Floats) -> list[Floats]:
        """All atoms (N, 3) of every image of a state."""
        atoms = self.atoms(position)
        found = []
        for turn, shift in zip(self.turns, self.shifts, strict=True):
            moved = atoms @ turn.T + shift
            if self.pin < 0:
                found.append(moved)
                continue
            likes = np.flatnonzero(self.species == self.species[self.pin])
            found += [moved + (atoms[self.pin] - moved[like]) for like in likes]
        return found

    def _count(self, one: Floats, other: Floats, tolerance: float) -> int:
        """Number of images of the other state that lie on the first: atom by atom, so that most fall out early."""
        images = np.array(self._images(other))
        here = self.atoms(one)
        moving = np.flatnonzero(self.movable) if self.pin < 0 else np.arange(len(here))
        inverse = np.linalg.pinv(self.cell) if len(self.cell) else None
        for number in moving:
            like = images[:, self.species == self.species[number]]
            way = like - here[number]
            if inverse is not None:
                # What lies on the atom has a share near a whole number of every edge: rounding finds it in any cell.
                way = way - np.round(way @ inverse) @ self.cell
            images = images[((way**2).sum(axis=-1) <= tolerance**2).any(axis=1)]
            if len(images) == 0:
                return 0
        return len(images)
