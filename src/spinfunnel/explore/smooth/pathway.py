"""The way from one minimum of atoms to another: over the saddles of the lowest pass, down both sides of each.

The route keeps below the lowest pass; among such routes it takes the one whose saddles are lowest in sum. From each
saddle the steepest descent is followed on the local quadratic surface, whose own steepest descent is known exactly. The
pieces are turned, mirrored and their like atoms exchanged so that each begins where the one before it ends.

Page, McIver, J. Chem. Phys. 88, 922 (1988).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.identity import same_point
from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.moves.differentiable import Differentiable, Invariance

__all__ = ["Pathway", "follow_pathway", "superposed"]

Floats = NDArray[np.float64]

ATTEMPTS = 20
"""Routes that are tried where a way down does not end in the minimum that the map has there."""
STRIDE = 0.5
"""Length of a step of the descent, over the step of the landscape."""
MOST_STEPS = 2000
CLOSE = 1e-2
"""Distance of each atom within which one end of a piece is the beginning of the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Pathway:
    """Positions from a minimum to another in equal steps, and what is on the way.

    Attributes
    ----------
    positions : array (F, D)
    energies : array (F,)
    minima, saddles : tuple of int
        Frames that are minima, both ends among them, and saddles.
    """

    positions: Floats
    energies: Floats
    minima: tuple[int, ...]
    saddles: tuple[int, ...]


def follow_pathway(
    landscape: Differentiable,
    graph: BasinGraph,
    minima: Mapping[str, bytes],
    saddles: Mapping[str, bytes],
    *,
    start: int = 0,
    end: int = 1,
) -> Pathway:
    """Follow the lowest known way between two minima.

    Parameters
    ----------
    landscape : Differentiable
        Atoms in space.
    graph : BasinGraph
        Its map.
    minima, saddles : mapping
        Coordinates by key, as an atlas has them.
    start, end : int
        Numbers of the minima in the map.

    Raises
    ------
    InputError
        When no path of saddles is known between the two, or none of those tried leads down to the minima of the map.
    """
    if not landscape.invariance.of_atoms:
        raise InputError(f"{landscape.name} is no landscape of atoms in space: pathways are followed for those")
    left_out: set[int] = set()
    for _ in range(ATTEMPTS):
        route = _route(graph, start, end, left_out)
        pieces = []
        for saddle, here, there in route:
            x = np.frombuffer(saddles[str(graph.saddle_key[saddle])], "<f8")
            ends = [np.frombuffer(minima[str(graph.key[number])], "<f8") for number in (here, there)]
            piece = _piece(landscape, x, *ends)
            if piece is None:
                left_out.add(saddle)
                break
            pieces.append(piece)
        else:
            return _joined(landscape, pieces)
    raise InputError(
        f"none of {ATTEMPTS} routes over the known saddles leads down to the minima of the map: explore further"
    )


def _route(graph: BasinGraph, start: int, end: int, left_out: set[int]) -> list[tuple[int, int, int]]:
    """Saddles in order, each with the minima before and behind it."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    top = minimax_to(merge_tree(graph), end)[start]
    hub, spoke, energy = graph.direct_edges()
    number = np.repeat(np.arange(graph.saddles), np.diff(graph.saddle_offsets) - 1)
    usable = (hub != spoke) & ~np.isin(number, list(left_out))
    if not left_out:
        usable &= energy <= top
    hub, spoke, energy, number = hub[usable], spoke[usable], energy[usable], number[usable]
    best: dict[tuple[int, int], int] = {}
    for row in range(len(hub)):
        # Rows ascend in energy: the first of a pair is its lowest saddle.
        best.setdefault((min(hub[row], spoke[row]), max(hub[row], spoke[row])), row)
    rows = list(best.values())
    height = energy[rows] - graph.energy[0] + 1e-12
    links = csr_matrix((height, (hub[rows], spoke[rows])), shape=(graph.minima, graph.minima))
    before = dijkstra(links, directed=False, indices=start, return_predecessors=True)[1]
    route: list[tuple[int, int, int]] = []
    here = end
    while here != start:
        previous = int(before[here])
        if previous < 0:
            raise InputError(
                f"no path of saddles is known between the minima {start + 1} and {end + 1}: explore further"
            )
        row = best[min(previous, here), max(previous, here)]
        route.append((int(number[row]), previous, here))
        here = previous
    return route[::-1]


def _piece(landscape: Differentiable, saddle: Floats, here: Floats, there: Floats) -> tuple[Floats, int] | None:
    """Positions from one minimum over a saddle to another, and the place of the saddle; None for other minima."""
    value, vector, _ = _modes(landscape, saddle)
    if value[0] >= 0.0:
        return None
    sides = [_descent(landscape, saddle, sign * vector[:, 0]) for sign in (1.0, -1.0)]
    for down, up in (sides, sides[::-1]):
        if down is None or up is None:
            return None
        if all(
            same_point(landscape.invariance, side[-1], minimum, tolerance=CLOSE)
            for side, minimum in ((down, here), (up, there))
        ):
            return np.concatenate([down[::-1], saddle[None], up]), len(down)
    return None


def _modes(landscape: Differentiable, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Curvatures in ascending order and their directions, zero modes left out, and the gradient in these directions."""
    hessian = landscape.hessian(x[None])[0]
    zero = landscape.invariance.zero_modes(x)
    above = 2.0 * float(np.abs(hessian).sum(axis=1).max()) + 1.0
    value, vector = np.linalg.eigh(hessian + above * zero.T @ zero)
    kept = len(value) - len(zero)
    slope = landscape.energy_and_gradient(x[None])[1][0] @ vector[:, :kept]
    return value[:kept], vector[:, :kept], slope


def _descent(landscape: Differentiable, saddle: Floats, direction: Floats) -> Floats | None:
    """Steepest descent from beside a saddle to a minimum, in steps of one length; None where it does not end."""
    stride = STRIDE * landscape.step
    x = saddle + 0.5 * stride * direction
    path = [x]
    for _ in range(MOST_STEPS):
        value, vector, slope = _modes(landscape, x)
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            return None
        step = _quadratic_descent(value, slope, stride)
        x = x + vector @ step
        path.append(x)
        if np.linalg.norm(step) < 1e-9 * stride:
            break
    else:
        return None
    # The last steps close in on the minimum; one frame is enough for them.
    away = np.linalg.norm(np.array(path) - x, axis=1) > 0.3 * stride
    return np.array([place for place, far in zip(path, away, strict=True) if far] + [x])


def _quadratic_descent(value: Floats, slope: Floats, length: float) -> Floats:
    """Displacement by steepest descent on a quadratic surface, so long or as far as its minimum."""
    if value[0] > 0.0 and np.linalg.norm(slope / value) <= length:
        return np.asarray(-slope / value)

    def reached(time: float) -> Floats:
        # The limit for no curvature is -slope * time.
        exponent = np.clip(-value * time, -700.0, 700.0)
        flat = np.abs(exponent) < 1e-12
        return np.asarray(slope * np.where(flat, -time, np.expm1(exponent) / np.where(flat, 1.0, value)))

    low, high = 0.0, length / max(float(np.linalg.norm(slope)), 1e-300)
    while np.linalg.norm(reached(high)) < length and math.isfinite(high):
        high *= 2.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if np.linalg.norm(reached(middle)) < length else (low, middle)
    return reached(high)


def _joined(landscape: Differentiable, pieces: list[tuple[Floats, int]]) -> Pathway:
    """All pieces one after the other, each brought to where the one before it ended."""
    whole, low, high = pieces[0][0][:1], [0], []
    for positions, top in pieces:
        brought = positions if len(whole) == 1 else superposed(landscape.invariance, positions, whole[-1])
        high.append(len(whole) - 1 + top)
        whole = np.concatenate([whole, brought[1:]])
        low.append(len(whole) - 1)
    centred = whole.reshape(len(whole), -1, 3)
    centred = centred - centred.mean(axis=1, keepdims=True)
    flat = np.ascontiguousarray(centred.reshape(len(whole), -1))
    return Pathway(flat, landscape.energy_and_gradient(flat)[0], tuple(low), tuple(high))


def superposed(invariance: Invariance, positions: Floats, target: Floats) -> Floats:
    """Positions (F, D), moved as one by the symmetry that takes the first of them to a target (D,).

    Raises
    ------
    InputError
        When there is no such symmetry.

    Examples
    --------
    >>> line = np.array([[0.0, 0, 0, 1, 0, 0, 0, 2, 0], [0.0, 0, 0, 1, 0, 0, 0, 2, 3]])
    >>> turned = np.array([0.0, 2, 0, 0, 0, 0, 1, 0, 0]) + 5
    >>> moved = superposed(Invariance("atoms", species=(0, 0, 0)), line, turned)
    >>> bool(np.allclose(moved[0], turned))
    True
    """
    species = np.asarray(invariance.species)
    a, b = (each.reshape(-1, 3) for each in (positions[0], target))
    shift, middle = a.mean(axis=0), b.mean(axis=0)
    found = _motion(a - shift, b - middle, species, mirror=invariance.mirror)
    if found is None:
        raise InputError("two pieces of a pathway do not meet in one minimum: its tolerance of identity is too wide")
    turn, order = found
    frames = positions.reshape(len(positions), -1, 3)
    moved = (frames - shift) @ turn + middle
    return np.asarray(moved[:, order].reshape(len(positions), -1))


def _motion(a: Floats, b: Floats, species: NDArray[np.int_], *, mirror: bool) -> tuple[Floats, NDArray[np.intp]] | None:
    """Orthogonal matrix and order of atoms with ``(a @ turn)[order] = b``."""
    radius, other = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    first = int(radius.argmax())
    second = int(np.linalg.norm(np.cross(a, a[first]), axis=1).argmax())
    own = _frame(a[first], a[second])
    for i in np.flatnonzero((np.abs(other - radius[first]) < CLOSE) & (species == species[first])):
        for j in np.flatnonzero((np.abs(other - radius[second]) < CLOSE) & (species == species[second])):
            if abs(np.linalg.norm(b[i] - b[j]) - np.linalg.norm(a[first] - a[second])) > 2.0 * CLOSE or i == j:
                continue
            for hand in (1.0, -1.0) if mirror else (1.0,):
                there = _frame(b[i], b[j])
                there[2] *= hand
                moved = a @ own.T @ there
                apart = np.linalg.norm(b[:, None] - moved[None], axis=2)
                order = apart.argmin(axis=1)
                lands = (apart.min(axis=1) < CLOSE).all() and (species[order] == species).all()
                if lands and len(set(order.tolist())) == len(b):
                    left, _, right = np.linalg.svd(a[order].T @ b)
                    return left @ right, order
    return None


def _frame(one: Floats, other: Floats) -> Floats:
    """Orthonormal frame (rows) of two vectors out of line."""
    x = one / np.linalg.norm(one)
    y = other - (other @ x) * x
    y = y / max(float(np.linalg.norm(y)), 1e-300)
    return np.array([x, y, np.cross(x, y)])
