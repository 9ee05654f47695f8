"""Compiled comparison of two arrangements of atoms: every rigid motion that maps one onto the other, counted.

A rigid motion is fixed by where it takes the centre and two atoms out of line with it. Two atoms of the first
arrangement are chosen that have the fewest partners at the same distances in the second; each pair of partners gives
a rotation and a mirrored one, which is a match if every atom lands on one of its kind. Nothing is guessed: a match is
found if there is one, and the number of matches of an arrangement with itself is the order of its point group.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["connected", "matches", "moments"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def _centred(position: Floats) -> tuple[Floats, Floats]:
    """Atoms (N, 3) about their centre, and their distances from it."""
    n = len(position) // 3
    atoms, radius = np.empty((n, 3)), np.empty(n)
    for axis in range(3):
        mean = 0.0
        for i in range(n):
            mean += position[3 * i + axis] / n
        for i in range(n):
            atoms[i, axis] = position[3 * i + axis] - mean
    for i in range(n):
        radius[i] = math.sqrt(atoms[i, 0] ** 2 + atoms[i, 1] ** 2 + atoms[i, 2] ** 2)
    return atoms, radius


@njit(cache=True, nogil=True, error_model="numpy")
def moments(position: Floats, species: Ints) -> tuple[float, float]:
    """Two numbers that no rigid motion and no exchange of like atoms changes, nearly independent of the energy."""
    atoms, radius = _centred(position)
    n = len(radius)
    second = fourth = 0.0
    for i in range(n):
        weight = 1.0 + 0.618 * species[i]
        second += weight * radius[i] ** 2
        total = 0.0
        for j in range(n):
            dx, dy, dz = atoms[i, 0] - atoms[j, 0], atoms[i, 1] - atoms[j, 1], atoms[i, 2] - atoms[j, 2]
            total += (1.0 + 0.618 * species[j]) * math.sqrt(dx * dx + dy * dy + dz * dz)
        fourth += weight * total * total
    return math.sqrt(second / n), math.sqrt(fourth / n) / n


@njit(cache=True, nogil=True, error_model="numpy")
def connected(position: Floats, reach: float) -> bool:
    """Whether no part lies further from the rest than `reach` times the median distance of nearest neighbours."""
    n = len(position) // 3
    if n < 3:
        return True
    square = np.empty((n, n))
    nearest = np.full(n, np.inf)
    for i in range(n):
        square[i, i] = np.inf
        for j in range(i):
            total = 0.0
            for axis in range(3):
                total += (position[3 * i + axis] - position[3 * j + axis]) ** 2
            square[i, j] = square[j, i] = total
            nearest[i], nearest[j] = min(nearest[i], total), min(nearest[j], total)
    limit = reach * reach * np.median(nearest)
    seen = np.zeros(n, np.bool_)
    stack = np.empty(n, np.int64)
    stack[0], depth, count = 0, 1, 1
    seen[0] = True
    while depth:
        depth -= 1
        i = stack[depth]
        for j in range(n):
            if not seen[j] and square[i, j] <= limit:
                seen[j] = True
                stack[depth] = j
                depth += 1
                count += 1
    return count == n


@njit(cache=True, nogil=True, error_model="numpy")
def _partners(radius: Floats, species: Ints, value: float, kind: int, tolerance: float) -> int:
    count = 0
    for j in range(len(radius)):
        if species[j] == kind and abs(radius[j] - value) <= tolerance:
            count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _frame(one: Floats, other: Floats, frame: Floats) -> None:
    """Orthonormal frame (rows) of two vectors out of line."""
    length = math.sqrt(one[0] ** 2 + one[1] ** 2 + one[2] ** 2)
    along = 0.0
    for axis in range(3):
        frame[0, axis] = one[axis] / length
        along += frame[0, axis] * other[axis]
    length = 0.0
    for axis in range(3):
        frame[1, axis] = other[axis] - along * frame[0, axis]
        length += frame[1, axis] ** 2
    length = math.sqrt(length)
    for axis in range(3):
        frame[1, axis] /= length
    frame[2, 0] = frame[0, 1] * frame[1, 2] - frame[0, 2] * frame[1, 1]
    frame[2, 1] = frame[0, 2] * frame[1, 0] - frame[0, 0] * frame[1, 2]
    frame[2, 2] = frame[0, 0] * frame[1, 1] - frame[0, 1] * frame[1, 0]


@njit(cache=True, nogil=True, error_model="numpy")
def _lands(
    a: Floats,
    ra: Floats,
    b: Floats,
    rb: Floats,
    species: Ints,
    turn: Floats,
    tolerance: float,
    taken: NDArray[np.bool_],
) -> bool:
    """Whether a, turned, is b up to an exchange of like atoms."""
    n = len(ra)
    taken[:] = False
    for i in range(n):
        x = turn[0, 0] * a[i, 0] + turn[0, 1] * a[i, 1] + turn[0, 2] * a[i, 2]
        y = turn[1, 0] * a[i, 0] + turn[1, 1] * a[i, 1] + turn[1, 2] * a[i, 2]
        z = turn[2, 0] * a[i, 0] + turn[2, 1] * a[i, 1] + turn[2, 2] * a[i, 2]
        found = False
        for j in range(n):
            if taken[j] or species[j] != species[i] or abs(ra[i] - rb[j]) > tolerance:
                continue
            if (x - b[j, 0]) ** 2 + (y - b[j, 1]) ** 2 + (z - b[j, 2]) ** 2 <= tolerance * tolerance:
                taken[j] = found = True
                break
        if not found:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def matches(  # noqa: C901 - a kernel: loops
    one: Floats, other: Floats, species: Ints, mirror: bool, tolerance: float, first_only: bool
) -> int:
    """Number of rigid motions that map one position (D,) onto another, mirrored ones where `mirror`; 1 may be enough.

    A motion of a linear arrangement and its mirror image in a plane through the axis count as two.
    """
    a, ra = _centred(one)
    b, rb = _centred(other)
    n = len(ra)
    widest = ra.max()
    if n == 1 or widest <= tolerance:
        return 1
    turn, frame_a, frame_b = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    taken = np.empty(n, np.bool_)
    pivot, fewest = -1, n + 1
    for i in range(n):
        count = _partners(rb, species, ra[i], species[i], tolerance)
        if count == 0:
            return 0
        if ra[i] > 0.5 * widest and count < fewest:
            pivot, fewest = i, count
    # The second atom must lie well out of line with the first, lest a small difference turn the frame.
    off, furthest = np.empty(n), 0.0
    for i in range(n):
        along = (a[i, 0] * a[pivot, 0] + a[i, 1] * a[pivot, 1] + a[i, 2] * a[pivot, 2]) / ra[pivot]
        off[i] = math.sqrt(max(ra[i] * ra[i] - along * along, 0.0))
        furthest = max(furthest, off[i])
    if furthest < 1e-3 * widest:
        return _linear(a, b, ra, rb, species, pivot, mirror, tolerance, first_only, taken)
    second, fewest = -1, n + 1
    for i in range(n):
        if off[i] > 0.5 * furthest:
            count = _partners(rb, species, ra[i], species[i], tolerance)
            if count < fewest:
                second, fewest = i, count
    apart = math.sqrt(((a[pivot] - a[second]) ** 2).sum())
    _frame(a[pivot], a[second], frame_a)
    total = 0
    for j in range(n):
        if species[j] != species[pivot] or abs(rb[j] - ra[pivot]) > tolerance:
            continue
        for k in range(n):
            if k == j or species[k] != species[second] or abs(rb[k] - ra[second]) > tolerance:
                continue
            if abs(math.sqrt(((b[j] - b[k]) ** 2).sum()) - apart) > 2.0 * tolerance:
                continue
            _frame(b[j], b[k], frame_b)
            for side in range(2 if mirror else 1):
                for p in range(3):
                    for q in range(3):
                        turn[p, q] = frame_b[0, p] * frame_a[0, q] + frame_b[1, p] * frame_a[1, q]
                        turn[p, q] += (1 - 2 * side) * frame_b[2, p] * frame_a[2, q]
                if _lands(a, ra, b, rb, species, turn, 4.0 * tolerance, taken):
                    total += 1
                    if first_only:
                        return total
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _linear(
    a: Floats,
    b: Floats,
    ra: Floats,
    rb: Floats,
    species: Ints,
    pivot: int,
    mirror: bool,
    tolerance: float,
    first_only: bool,
    taken: NDArray[np.bool_],
) -> int:
    n = len(ra)
    far = rb.argmax()
    line_a, line_b = np.zeros((n, 3)), np.zeros((n, 3))
    for i in range(n):
        for axis in range(3):
            line_a[i, 0] += a[i, axis] * a[pivot, axis] / ra[pivot]
            line_b[i, 0] += b[i, axis] * b[far, axis] / rb[far]
        if abs(abs(line_b[i, 0]) - rb[i]) > tolerance:
            return 0
    total = 0
    for way in range(2):
        turn = np.eye(3) * (1.0 - 2.0 * way)
        if _lands(line_a, ra, line_b, rb, species, turn, 4.0 * tolerance, taken):
            total += 2 if mirror else 1
    return min(total, 1) if first_only else total
