"""Effective medium theory of metals in a cell, or beside atoms that are held: energy, gradient and Hessian, compiled.

The formulas are those of `emt_kernels`; r runs over the distances of an atom from all others and from their images in
the lattice. What is asked for are derivatives by the coordinates of the atoms that move.

1. Positions: held atoms stand where the parameters say, the others where the coordinates do.
2. Pairs within reach of which one atom moves at least, each once: of an atom and its own images, half of them, since
   the other half are their negatives. Each gives its share to the densities of both atoms, and its pair energy.
   What pairs of held atoms give does not change: it is among the parameters.
3. Embedding: the energy of each atom in its density, held atoms included.
4. Slopes and curvatures, pair by pair, along the line between the atoms; an atom and its own image move together and
   give none of their own.
5. Curvature of the embedding: of each atom, the second derivative times the square of its density's gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import SIGNATURE
from spinfunnel.moves.differentiable import Kernel
from spinfunnel.moves.frame import Frame
from spinfunnel.systems.atoms.emt_kernels import _density, _embedding, _first_atom, _row_of_pair, emt_parameters

__all__ = ["compiled_cell_emt"]

Floats = NDArray[np.float64]

_SIZES, _OF_PAIR = 5, 9
"""Numbers before the EMT parameters, and numbers kept of each pair."""
NEIGHBOURS = 150
"""Pairs for each atom at most; with more the energy is not a number, as where atoms lie on one another."""


@njit(error_model="numpy", cache=True)
def _wrap(way: Floats, lattice: Floats) -> None:
    """Bring a difference near zero by lattice vectors, however far an atom has gone."""
    for k in range(3):
        steps = round(way[0] * lattice[9 + k] + way[1] * lattice[12 + k] + way[2] * lattice[15 + k])
        for axis in range(3):
            way[axis] -= steps * lattice[3 * k + axis]


@njit(error_model="numpy", cache=True)
def _shares(emt: Floats, near: int, far: int, r: float) -> tuple[float, float, float, float, float, float]:
    """Densities that two atoms give each other and their slopes, the energy of the pair and its slope."""
    f, fd, _ = _density(emt, near, r)
    g, gd, _ = _density(emt, near + 2, r)
    if near == far:
        return f, fd, f, fd, 2.0 * g, 2.0 * gd
    back, back_d, _ = _density(emt, far, r)
    back_g, back_gd, _ = _density(emt, far + 2, r)
    return f, fd, back, back_d, g + back_g, gd + back_gd


@njit(error_model="numpy", cache=True)
def _pairs(x: Floats, par: Floats, emt: Floats, places: Floats, inner: Floats, pairs: Floats) -> tuple[float, int]:
    """Steps 1 and 2: fill positions, densities and pairs (atoms, way, distance, slopes); energy and number of pairs."""
    n, shifts, most, base = int(par[0]), int(par[1]), int(par[2]), int(par[3])
    reach, kinds_at = emt[3], _first_atom(emt)
    # Rows after the EMT parameters: origin (3 n), first coordinate of each atom or -1 (n), densities of held pairs (n),
    # lattice vectors and their inverse (9 each), shifts (3 each, the first of them zero).
    origin, slot, start, lattice, shift = base, base + 3 * n, base + 4 * n, base + 5 * n, base + 5 * n + 18
    way = np.empty(3)
    for i in range(n):
        at = int(par[slot + i])
        for axis in range(3):
            places[3 * i + axis] = par[origin + 3 * i + axis] if at < 0 else x[at + axis]
        inner[i] = par[start + i]
    energy, count = par[4], 0
    for i in range(n):
        one = int(emt[kinds_at + i])
        for j in range(i, n):
            if par[slot + i] < 0.0 and par[slot + j] < 0.0:
                continue
            other = int(emt[kinds_at + j])
            near, far = _row_of_pair(emt, one, other), _row_of_pair(emt, other, one)
            for axis in range(3):
                way[axis] = places[3 * j + axis] - places[3 * i + axis]
            _wrap(way, par[lattice : lattice + 18])
            # Shifts come as zero, then pairs of a vector and its negative: of an atom's own images every other one.
            for s in range(i == j, shifts, 1 + (i == j)):
                dx, dy = way[0] + par[shift + 3 * s], way[1] + par[shift + 3 * s + 1]
                dz = way[2] + par[shift + 3 * s + 2]
                r = math.sqrt(dx * dx + dy * dy + dz * dz)
                if not r < reach:
                    # What is not a number is to stay none.
                    energy += 0.0 if r >= reach else math.nan
                    continue
                if count == most:
                    return math.nan, count
                f, fd, back, back_d, g, gd = _shares(emt, near, far, r)
                inner[i] += f
                inner[j] += back
                energy += g
                at = _OF_PAIR * count
                pairs[at], pairs[at + 1], pairs[at + 5] = i, j, r
                pairs[at + 2], pairs[at + 3], pairs[at + 4] = dx / r, dy / r, dz / r
                pairs[at + 6], pairs[at + 7], pairs[at + 8] = fd, back_d, gd
                count += 1
    return energy, count


@njit(error_model="numpy", cache=True)
def _embedded(emt: Floats, n: int, inner: Floats, outer: Floats) -> float:
    """Step 3: energies of the atoms in their densities; densities become first, `outer` second derivatives."""
    energy, kinds_at = 0.0, _first_atom(emt)
    for i in range(n):
        value, inner[i], outer[i] = _embedding(emt, int(emt[kinds_at + i]), inner[i])
        energy += value
    return energy


@njit(error_model="numpy", cache=True)
def _gradient(x: Floats, par: Floats, out: Floats, work: Floats) -> float:
    """Steps 1 to 4 for the gradient."""
    n, slot = int(par[0]), int(par[3]) + 3 * int(par[0])
    emt = par[_SIZES:]
    places, inner, outer, pairs = work[: 3 * n], work[3 * n : 4 * n], work[4 * n : 5 * n], work[5 * n :]
    energy, count = _pairs(x, par, emt, places, inner, pairs)
    out[:] = 0.0
    if not math.isfinite(energy):
        out[:] = math.nan
        return math.nan
    energy += _embedded(emt, n, inner, outer)
    for p in range(count):
        at = _OF_PAIR * p
        i, j = int(pairs[at]), int(pairs[at + 1])
        if i == j:
            continue
        along = pairs[at + 8] + inner[i] * pairs[at + 6] + inner[j] * pairs[at + 7]
        for axis in range(3):
            part = along * pairs[at + 2 + axis]
            if par[slot + i] >= 0.0:
                out[int(par[slot + i]) + axis] -= part
            if par[slot + j] >= 0.0:
                out[int(par[slot + j]) + axis] += part
    return energy


@njit(error_model="numpy", cache=True)
def _hessian(x: Floats, par: Floats, out: Floats, work: Floats) -> float:
    """Steps 1 to 5 for the Hessian."""
    n, d, slot = int(par[0]), len(x), int(par[3]) + 3 * int(par[0])
    emt = par[_SIZES:]
    places, inner, outer, pairs = work[: 3 * n], work[3 * n : 4 * n], work[4 * n : 5 * n], work[5 * n :]
    energy, count = _pairs(x, par, emt, places, inner, pairs)
    out[:] = 0.0
    if not math.isfinite(energy):
        out[:] = math.nan
        return math.nan
    energy += _embedded(emt, n, inner, outer)
    kinds_at = _first_atom(emt)
    for p in range(count):
        at = _OF_PAIR * p
        i, j, r = int(pairs[at]), int(pairs[at + 1]), pairs[at + 5]
        if i == j:
            continue
        near = _row_of_pair(emt, int(emt[kinds_at + i]), int(emt[kinds_at + j]))
        far = _row_of_pair(emt, int(emt[kinds_at + j]), int(emt[kinds_at + i]))
        across = (pairs[at + 8] + inner[i] * pairs[at + 6] + inner[j] * pairs[at + 7]) / r
        along = _density(emt, near + 2, r)[2] + _density(emt, far + 2, r)[2]
        along += inner[i] * _density(emt, near, r)[2] + inner[j] * _density(emt, far, r)[2]
        _add_spring(out, d, int(par[slot + i]), int(par[slot + j]), pairs[at + 2 : at + 5], across, along)
    _add_embedding(par, outer, pairs[: _OF_PAIR * count], out, d)
    return energy


@njit(error_model="numpy", cache=True)
def _add_embedding(par: Floats, outer: Floats, pairs: Floats, out: Floats, d: int) -> None:
    """Step 5: add of each atom the second derivative of its energy times the square of its density's gradient."""
    n, slot = int(par[0]), int(par[3]) + 3 * int(par[0])
    gradient = np.empty(d)
    for i in range(n):
        gradient[:] = 0.0
        for at in range(0, len(pairs), _OF_PAIR):
            one, two = int(pairs[at]), int(pairs[at + 1])
            if one == two or i not in (one, two):
                continue
            slope = pairs[at + 6] if one == i else pairs[at + 7]
            for axis in range(3):
                part = slope * pairs[at + 2 + axis]
                if par[slot + one] >= 0.0:
                    gradient[int(par[slot + one]) + axis] -= part
                if par[slot + two] >= 0.0:
                    gradient[int(par[slot + two]) + axis] += part
        for a in range(d):
            share = outer[i] * gradient[a]
            if share != 0.0:
                for b in range(d):
                    out[a * d + b] += share * gradient[b]


@njit(error_model="numpy", cache=True)
def _add_spring(out: Floats, d: int, one: int, two: int, way: Floats, across: float, along: float) -> None:
    """Step 4: add the curvatures across and along the line of a pair, to the blocks of the atoms that move."""
    for a in range(3):
        for b in range(3):
            entry = (along - across) * way[a] * way[b] + (across if a == b else 0.0)
            if one >= 0:
                out[(one + a) * d + one + b] += entry
            if two >= 0:
                out[(two + a) * d + two + b] += entry
            if one >= 0 and two >= 0:
                out[(one + a) * d + two + b] -= entry
                out[(two + a) * d + one + b] -= entry


def _gradient_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    n, most, base, shifts = int(parameters[0]), int(parameters[2]), int(parameters[3]), int(parameters[1])
    par = carray(parameters, base + 5 * n + 18 + 3 * shifts)
    return _gradient(carray(x, d), par, carray(out, d), carray(work, 5 * n + _OF_PAIR * most))


def _hessian_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    n, most, base, shifts = int(parameters[0]), int(parameters[2]), int(parameters[3]), int(parameters[1])
    par = carray(parameters, base + 5 * n + 18 + 3 * shifts)
    return _hessian(carray(x, d), par, carray(out, d * d), carray(work, 5 * n + _OF_PAIR * most))


@cache
def _compiled() -> tuple[Any, Any]:
    """C functions, made when first asked for."""
    return tuple(cfunc(SIGNATURE, cache=True)(each) for each in (_gradient_c, _hessian_c))


def compiled_cell_emt(atoms: Any, frame: Frame) -> Kernel | None:
    """Kernel of the EMT calculator of atoms in a frame; None for other calculators, springs and partial constraints."""
    movable = frame.movable
    if frame.dimension != 3 * int(movable.sum()) or atoms.constraints:
        return None
    emt = emt_parameters(atoms)
    if emt is None:
        return None
    n = len(atoms)
    first = np.full(n, -1.0)
    first[movable] = 3.0 * np.arange(int(movable.sum()))
    shifts = _shifts(frame.cell, float(emt[3]))
    most = NEIGHBOURS * n
    base = _SIZES + len(emt)
    held = np.flatnonzero(~movable)
    energy, density = _of_held(atoms.positions, held, emt, shifts, frame.nearest)
    lattice = np.zeros((2, 3, 3))
    if len(frame.cell):
        lattice[0, : len(frame.cell)], lattice[1, :, : len(frame.cell)] = frame.cell, np.linalg.pinv(frame.cell)
    header = [n, len(shifts), most, base, energy]
    rows = [header, emt, atoms.positions.ravel(), first, density, lattice.ravel(), shifts.ravel()]
    gradient, hessian = _compiled()
    return Kernel(
        gradient.address, hessian.address, np.concatenate(rows).astype(float), 5 * n + _OF_PAIR * most,
        (gradient, hessian),
    )  # fmt: skip


def _shifts(cell: Floats, reach: float) -> Floats:
    """Lattice vectors (S, 3) that may bring an image within reach of a wrapped difference.

    Zero, then each with its negative behind it. A wrapped difference is at most half the sum of the edges long.
    """
    if len(cell) == 0:
        return np.zeros((1, 3))
    longest = reach + 0.5 * float(np.linalg.norm(cell, axis=1).sum())
    most = [int(longest * height) + 1 for height in np.linalg.norm(np.linalg.pinv(cell), axis=0)]
    found = [np.zeros(3)]
    for steps in product(*(range(-m, m + 1) for m in most)):
        if steps > (0,) * len(steps):
            vector = np.asarray(steps, float) @ cell
            if np.linalg.norm(vector) <= longest:
                found += [vector, -vector]
    return np.array(found)


def _of_held(
    places: Floats, held: NDArray[np.intp], emt: Floats, shifts: Floats, wrapped: Callable[[Floats], Floats]
) -> tuple[float, Floats]:
    """Pair energy and densities of the pairs of held atoms, which do not change."""
    energy, density, kinds_at = 0.0, np.zeros(len(places)), _first_atom(emt)
    for i in held:
        for j in held:
            gaps = np.linalg.norm(wrapped(places[j] - places[i]) + shifts, axis=1)
            row = _row_of_pair(emt, int(emt[kinds_at + i]), int(emt[kinds_at + j]))
            for r in gaps[(gaps > 1e-9) & (gaps < emt[3])]:
                density[i] += _density(emt, row, r)[0]
                energy += _density(emt, row + 2, r)[0]
    return energy, density
