"""Stationary points of a function in a box, many at a time: descents to minima, climbs to saddles, walls respected.

Steps are Newton's in coordinates that run over one box, no longer than a radius that grows where the function is as its
Hessian says and shrinks where it is not. A coordinate at a wall through which the function falls is held there; so a
point on a wall is stationary if its multipliers are positive and the gradient along the wall vanishes.

Nocedal, Wright, Numerical Optimization (Springer, 2006), ch. 4; Cerjan, Miller, J. Chem. Phys. 75, 2800 (1981).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spinfunnel.moves.differentiable import Boxed

__all__ = ["FIELDS", "SAME", "Ends", "climb", "descend", "no_ends", "same_places"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALL = 1e-7
"""Gradient over the energy's spread, both over one box, at which a point is stationary."""
LEAST_RADIUS, WIDEST = 1e-9, 0.05
SAME = 2e-4
"""Distance, over the box, within which two points are one."""
BATCH = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """Where searches ended.

    Attributes
    ----------
    position : array (B, D)
    energy, size : array (B,)
        Energy, and the largest component of the free gradient, over one box.
    index : array of int64 (B,)
        Number of negative curvatures among the free coordinates.
    log_volume : array (B,)
        ``-1/2 ln`` of the product of the free curvatures but the negative ones; nan where a wall holds a coordinate.
    flat : array of bool (B,)
        Whether gradient and Hessian vanish altogether, as on a plateau.
    evaluations : int
    """

    position: Floats
    energy: Floats
    size: Floats
    index: Ints
    log_volume: Floats
    flat: NDArray[np.bool_]
    evaluations: int


FIELDS = ("position", "energy", "size", "index", "log_volume", "flat")
"""Columns of `Ends`, one entry for each search."""


def no_ends(dimension: int) -> Ends:
    """Ends of no search."""
    nothing = np.zeros(0)
    return Ends(np.zeros((0, dimension)), nothing, nothing, np.zeros(0, np.int64), nothing, np.zeros(0, bool), 0)


def descend(landscape: Boxed, start: Floats, *, radius: float = 0.02, most: int = 60) -> Ends:
    """Go down from positions (B, D) to minima."""
    return _all(landscape, start, radius=radius, most=most, index=0)


def climb(landscape: Boxed, start: Floats, *, radius: float, direction: Floats | None = None, most: int = 15) -> Ends:
    """Go from positions (B, D) near saddles to stationary points: up along one mode and down along the others.

    The mode is the one most along a direction (B, D) over one box, where it is given, and else the lowest.
    """
    return _all(landscape, start, radius=radius, most=most, index=1, direction=direction)


def _all(
    landscape: Boxed, start: Floats, *, radius: float, most: int, index: int, direction: Floats | None = None
) -> Ends:
    parts = []
    for first in range(0, len(start), BATCH):
        rows = slice(first, first + BATCH)
        way = None if direction is None else direction[rows]
        parts.append(_search(landscape, start[rows], radius=radius, most=most, index=index, direction=way))
    d = landscape.dimension
    if not parts:
        return no_ends(d)
    return Ends(
        np.concatenate([part.position for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.size for part in parts]),
        np.concatenate([part.index for part in parts]),
        np.concatenate([part.log_volume for part in parts]),
        np.concatenate([part.flat for part in parts]),
        sum(part.evaluations for part in parts),
    )


def _search(landscape: Boxed, start: Floats, *, radius: float, most: int, index: int, direction: Floats | None) -> Ends:
    width = landscape.width
    x = landscape.inside(np.array(start, np.float64))
    count, d = x.shape
    energy, gradient = landscape.energy_and_gradient(x)
    gradient = gradient * width
    hessian = landscape.hessian(x) * width[:, None] * width[None]
    reach, widest = np.full(count, radius), (WIDEST if index == 0 else 2.5 * radius)
    goal = _goal(landscape)
    each = 2 * d + 1 + 2 * d * d + 1
    spent = count * each
    active = np.isfinite(energy)
    for _ in range(most):
        held = _held(landscape, x, gradient)
        size = np.abs(np.where(held, 0.0, gradient)).max(axis=1)
        active &= (size > goal) & (reach > LEAST_RADIUS)
        rows = np.flatnonzero(active)
        if not len(rows):
            break
        way = None if direction is None else direction[rows]
        move = _step(gradient[rows], hessian[rows], held[rows], reach[rows], index=index, direction=way)
        place = landscape.inside(x[rows] + move * width)
        moved = (place - x[rows]) / width
        moved = np.where(landscape.periodic, moved - np.round(moved), moved)
        there = landscape.energies(place)
        spent += len(rows)
        model = np.einsum("bi,bi->b", gradient[rows], moved) + 0.5 * np.einsum(
            "bi,bij,bj->b", moved, hessian[rows], moved
        )
        with np.errstate(invalid="ignore"):
            change = there - energy[rows]
            off = np.abs(change - model)
            good = np.isfinite(there) & (change < 0.0 if index == 0 else off <= 0.5 * np.abs(model) + landscape.noise)
            straight = off <= 0.25 * np.abs(model)
        length = np.linalg.norm(moved, axis=1)
        grown = np.where(straight & (length > 0.8 * reach[rows]), np.minimum(2.0 * reach[rows], widest), reach[rows])
        reach[rows] = np.where(good, grown, 0.25 * np.minimum(reach[rows], np.maximum(length, LEAST_RADIUS)))
        better = rows[good]
        x[better], energy[better] = place[good], there[good]
        if len(better):
            _, slope = landscape.energy_and_gradient(x[better])
            gradient[better] = slope * width
            hessian[better] = landscape.hessian(x[better]) * width[:, None] * width[None]
            spent += len(better) * (each - 1)
    return _ended(landscape, x, energy, gradient, hessian, spent)


def _goal(landscape: Boxed) -> float:
    """Size of the free gradient at which a point is stationary: what rounding and noise leave of it."""
    relative = max(landscape.noise / max(landscape.spread, 1e-300), 2e-16)
    # Central differences over a step h err by noise / h and h^2; at the best h that is noise to the power 2/3.
    return max(SMALL, 100.0 * relative ** (2.0 / 3.0)) * max(landscape.spread, 1e-300)


def _held(landscape: Boxed, x: Floats, gradient: Floats) -> NDArray[np.bool_]:
    at_low = (x <= landscape.low) & (gradient > 0.0)
    at_high = (x >= landscape.high) & (gradient < 0.0)
    return np.asarray((at_low | at_high) & ~landscape.periodic)


def _step(
    gradient: Floats, hessian: Floats, held: NDArray[np.bool_], reach: Floats, *, index: int, direction: Floats | None
) -> Floats:
    """Newton steps among the free coordinates, with curvatures made positive, or the one to be climbed negative."""
    values, modes, stiffest = _modes(hessian, held)
    size = np.maximum(np.abs(values), 1e-8 * stiffest[:, None])
    if index == 1:
        up = np.zeros(len(size), np.int64)
        if direction is not None:
            up = np.abs(np.einsum("bij,bi->bj", modes, np.where(held, 0.0, direction))).argmax(axis=1)
        size[np.arange(len(size)), up] *= -1.0
    along = np.einsum("bij,bi->bj", modes, np.where(held, 0.0, gradient))
    move = -np.einsum("bij,bj->bi", modes, along / size)
    move = np.where(held, 0.0, move)
    length = np.linalg.norm(move, axis=1)
    return np.asarray(move * np.minimum(1.0, reach / np.maximum(length, 1e-300))[:, None])


def _modes(hessian: Floats, held: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Curvatures, modes and the largest curvature; held coordinates have modes of their own, stiffer than all."""
    free = np.where(held[:, :, None] | held[:, None, :], 0.0, hessian)
    stiffest = np.maximum(np.abs(free).sum(axis=2).max(axis=1), 1e-300)
    free = free + np.einsum("bi,ij->bij", np.where(held, 2.0, 0.0) * stiffest[:, None], np.eye(hessian.shape[1]))
    values, modes = np.linalg.eigh(free)
    return values, modes, stiffest


def _ended(landscape: Boxed, x: Floats, energy: Floats, gradient: Floats, hessian: Floats, spent: int) -> Ends:
    held = _held(landscape, x, gradient)
    values, _, stiffest = _modes(hessian, held)
    negative = values < -1e-8 * stiffest[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        volume = -0.5 * np.log(np.where(negative, 1.0, np.abs(values))).sum(axis=1)
    volume = np.where(held.any(axis=1) | (np.abs(values) <= 1e-8 * stiffest[:, None]).any(axis=1), np.nan, volume)
    size = np.abs(np.where(held, 0.0, gradient)).max(axis=1)
    least = _goal(landscape)
    flat = (np.abs(gradient).max(axis=1) <= least) & (np.abs(hessian).max(axis=(1, 2)) <= 100.0 * least)
    index = np.where(flat, 0, negative.sum(axis=1))
    return Ends(x, energy, np.where(np.isfinite(energy), size, np.inf), index, volume, flat, spent)


def same_places(landscape: Boxed, position: Floats, *, distance: float = SAME) -> Ints:
    """Number of the point that each position (B, D) is, points numbered from 0 in the order of their first position."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    count = len(position)
    if count == 0:
        return np.zeros(0, np.int64)
    scaled = (position - landscape.low) / landscape.width
    # A tree without a period in a coordinate takes 0 for it.
    size = np.where(landscape.periodic, 1.0, 0.0)
    scaled = np.where(landscape.periodic, np.mod(scaled, 1.0), scaled)
    pairs = cKDTree(scaled, boxsize=size).query_pairs(distance, output_type="ndarray")
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    label = connected_components(joined, directed=False)[1]
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[number], np.int64)
