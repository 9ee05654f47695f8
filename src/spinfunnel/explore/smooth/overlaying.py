"""Laying one point of a smooth landscape on another by what leaves the energy alone, so that the two are near.

Of atoms the least distance over turns, mirror images and exchanges of like atoms is sought by turns: for one
orientation the best exchange is an assignment, for one exchange the best turn is known in closed form. Several
orientations are begun with, and the best end is kept: the distance is an upper bound of the least one, and that of the
sorted distances between atoms a lower one.

Kabsch, Acta Cryst. A 32, 922 (1976); Kuhn, Nav. Res. Logist. Q. 2, 83 (1955); Wales, Carr, J. Chem. Theory Comput. 8,
5020 (2012).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spinfunnel.explore.smooth.bridging import laid_on
from spinfunnel.explore.smooth.geometry import geometry_of
from spinfunnel.explore.smooth.identity import same_point
from spinfunnel.explore.smooth.pathway import superposed
from spinfunnel.landscape import InputError
from spinfunnel.moves.differentiable import Invariance

__all__ = ["at_least_apart", "least_apart", "overlaid", "signature"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ORIENTATIONS, ROUNDS = 16, 20
"""Orientations that are begun with, and exchanges with turns after each at most."""


def overlaid(invariance: Invariance, one: Floats, other: Floats) -> Floats:
    """Image of the other position (D,) that lies near one (D,), of the same energy as the other.

    Examples
    --------
    >>> here, there = np.array([0.0, 0, 0, 1, 0, 0, 0, 2, 0]), np.array([5.0, 0, 0, 5, 0, 2.2, 5, 1, 0])
    >>> image = overlaid(Invariance("atoms", species=(0, 0, 0)), here, there)
    >>> round(float(np.linalg.norm(there - here)), 2), round(float(np.linalg.norm(image - here)), 2)
    (8.48, 0.16)
    """
    return OVERLAID[invariance.kind](invariance, one, other)


def _as_it_is(invariance: Invariance, one: Floats, other: Floats) -> Floats:  # noqa: ARG001 - nothing can be done to it
    return np.array(other)


def _directions_overlaid(invariance: Invariance, one: Floats, other: Floats) -> Floats:
    """The direction or its antipode, as long as the one."""
    scale = np.linalg.norm(one) / np.linalg.norm(other)
    images = [sign * scale * other for sign in geometry_of(invariance).signs]
    return min(images, key=lambda each: float(np.linalg.norm(one - each)))


def _angles_overlaid(invariance: Invariance, one: Floats, other: Floats) -> Floats:
    images = [_unwound(one, sign * other) for sign in geometry_of(invariance).signs]
    return min(images, key=lambda each: float(np.linalg.norm(one - each)))


def _unwound(one: Floats, other: Floats) -> Floats:
    """Angles less their common turn against one, each within half a turn of it."""
    turns = np.exp(1j * (other - one))
    return np.asarray(one + np.angle(turns * np.exp(-1j * np.angle(turns.mean()))))


def _atoms_overlaid(invariance: Invariance, one: Floats, other: Floats) -> Floats:
    if same_point(invariance, one, other):
        try:
            return superposed(invariance, other[None], one)[0]
        except InputError:
            pass  # a linear arrangement, which the orientations below do well
    species = np.asarray(invariance.species)
    if len(set(invariance.species)) == len(species):
        return laid_on(one, other, mirror=invariance.mirror)
    groups = [np.flatnonzero(species == kind) for kind in sorted(set(invariance.species))]
    images = _settled(_centred(one), _centred(other) @ _orientations(invariance.mirror), groups, invariance.mirror)
    best = int(((images - _centred(one)) ** 2).sum(axis=(1, 2)).argmin())
    return np.asarray(images[best] + one.reshape(-1, 3).mean(axis=0)).ravel()


def _framed_overlaid(invariance: Invariance, one: Floats, other: Floats) -> Floats:
    return np.array(other) if invariance.frame is None else invariance.frame.overlaid(one, other)


OVERLAID: dict[str, Callable[[Invariance, Floats, Floats], Floats]] = {
    "none": _as_it_is,
    "sphere": _directions_overlaid,
    "angles": _angles_overlaid,
    "atoms": _atoms_overlaid,
    "frame": _framed_overlaid,
}


@cache
def _orientations(mirror: bool) -> Floats:
    """Orthogonal matrices (K, 3, 3), every other one with a mirror where that is allowed: always the same."""
    turns, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((ORIENTATIONS, 3, 3)))
    wanted = np.where(mirror & (np.arange(ORIENTATIONS) % 2 == 1), -1.0, 1.0)
    turns[:, :, 0] *= (np.linalg.det(turns) * wanted)[:, None]
    return np.asarray(turns)


def _settled(fixed: Floats, images: Floats, groups: list[NDArray[np.intp]], mirror: bool) -> Floats:
    """Exchange like atoms of images (K, N, 3) and turn each until no exchange brings it nearer to the fixed (N, 3)."""
    order = np.tile(np.arange(len(fixed)), (len(images), 1))
    row = np.arange(len(images))[:, None]
    for number in range(ROUNDS):
        likeness = fixed @ images.swapaxes(1, 2)
        for group in groups:
            for k, each in enumerate(likeness[:, group[:, None], group]):
                order[k, group] = group[linear_sum_assignment(each, maximize=True)[1]]
        if number and (order == np.arange(len(fixed))).all():
            break
        images = images[row, order]
        left, _, right = np.linalg.svd(images.swapaxes(1, 2) @ fixed)
        if not mirror:
            left[:, :, -1] *= np.linalg.det(left @ right)[:, None]
        images = images @ (left @ right)
    return images


def _centred(position: Floats) -> Floats:
    atoms = position.reshape(-1, 3)
    return np.asarray(atoms - atoms.mean(axis=0))


def signature(invariance: Invariance, position: Floats) -> NDArray[np.inexact]:
    """Numbers of a point from which `at_least_apart` is had for many pairs at a time: see there.

    Examples
    --------
    >>> pair = np.array([0.0, 0, 0, 3, 0, 0])
    >>> signature(Invariance("atoms", species=(0, 0)), pair).round(4).tolist()
    [2.1213]
    """
    return geometry_of(invariance).signature(position)


def at_least_apart(invariance: Invariance, ones: NDArray[np.inexact], others: NDArray[np.inexact]) -> Floats:
    """Distances (n, m) that points of signatures (n, S) and (m, S) are apart at least, however they are overlaid.

    Of N atoms it is the distance of their sorted distances over ``sqrt(N)``: displacements u about a common centre
    change that of a pair by ``|u_i - u_j|`` at most, and ``sum_(i<j) |u_i - u_j|^2 = N sum |u|^2``. Of angles, arcs are
    replaced by their chords: ``sqrt(2 N - 2 |sum exp(i (a - b))|)``. All else is exact.
    """
    return geometry_of(invariance).at_least_apart(ones, others)


def least_apart(invariance: Invariance, one: Floats, other: Floats) -> float:
    """Distance of two positions (D,) when overlaid."""
    return float(np.linalg.norm(one - overlaid(invariance, one, other)))
