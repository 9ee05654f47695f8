"""Compiled energies, gradients and Hessians of `chain.ChainField`.

Parameters: the number of beads n and of pairs P, the stiffness of bonds and of angles, then n - 1 bond lengths, n - 2
angles, n - 3 rows k1, k3, phi0, and P rows i, j, a, b, c.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import SIGNATURE
from spinfunnel.moves.differentiable import Kernel

__all__ = ["chain_gradient", "chain_kernel", "pack"]

Floats = NDArray[np.float64]

_HEADER = 4
STEP = 1e-3
"""Of the differences in angles and dihedral angles, whose beads are about 1 apart or more: errors of 1e-10."""


@njit(cache=True)
def pairs_start(parameters: Any) -> int:
    """Place of the first pair."""
    beads = int(parameters[0])
    return _HEADER + beads - 1 + max(beads - 2, 0) + 3 * max(beads - 3, 0)


@njit(error_model="numpy", cache=True)
def _local(x: Floats, parameters: Floats, g: Floats) -> float:
    """Energy of bonds, angles and dihedral angles of one chain x (3 n,); its gradient goes to g (3 n,)."""
    beads = int(parameters[0])
    bond_stiffness, angle_stiffness = parameters[2], parameters[3]
    angle = _HEADER + beads - 1
    twist = angle + max(beads - 2, 0)
    g[:] = 0.0
    energy = 0.0
    for i in range(beads - 1):
        a, b = 3 * i, 3 * i + 3
        dx, dy, dz = x[b] - x[a], x[b + 1] - x[a + 1], x[b + 2] - x[a + 2]
        r = math.sqrt(dx * dx + dy * dy + dz * dz)
        off = r - parameters[_HEADER + i]
        energy += bond_stiffness * off * off
        f = 2.0 * bond_stiffness * off / r
        g[a] -= f * dx
        g[a + 1] -= f * dy
        g[a + 2] -= f * dz
        g[b] += f * dx
        g[b + 1] += f * dy
        g[b + 2] += f * dz
    for i in range(beads - 2):
        energy += _bend(x, i, angle_stiffness, parameters[angle + i], g)
    for i in range(beads - 3):
        p = twist + 3 * i
        energy += _twist(x, i, parameters[p], parameters[p + 1], parameters[p + 2], g)
    return energy


@njit(error_model="numpy", cache=True)
def chain_gradient(x: Floats, parameters: Floats, g: Floats, work: Floats) -> float:  # noqa: ARG001
    """Energy of one chain x (3 n,); its gradient goes to g (3 n,)."""
    energy = _local(x, parameters, g)
    first = pairs_start(parameters)
    for p in range(int(parameters[1])):
        place = first + 5 * p
        a, b = 3 * int(parameters[place]), 3 * int(parameters[place + 1])
        dx, dy, dz = x[b] - x[a], x[b + 1] - x[a + 1], x[b + 2] - x[a + 2]
        inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
        third = inverse * inverse * inverse
        twelve = parameters[place + 2] * third * third
        ten = parameters[place + 3] * third * inverse * inverse
        six = parameters[place + 4] * third
        energy += twelve + ten + six
        f = -(12.0 * twelve + 10.0 * ten + 6.0 * six) * inverse
        g[a] -= f * dx
        g[a + 1] -= f * dy
        g[a + 2] -= f * dz
        g[b] += f * dx
        g[b + 1] += f * dy
        g[b + 2] += f * dz
    return energy


@njit(error_model="numpy", cache=True)
def _chain_hessian(x: Floats, parameters: Floats, hessian: Floats, work: Floats) -> float:
    """Energy of one chain; its Hessian goes to the flat array.

    Pairs and bonds exactly; angles and dihedral angles by differences of fourth order of their gradients, taken over
    the coordinates of the beads of each.
    """
    beads, width = int(parameters[0]), len(x)
    hessian[:] = 0.0
    energy = 0.0
    for i in range(beads - 1):
        dx, dy, dz = x[3 * i + 3] - x[3 * i], x[3 * i + 4] - x[3 * i + 1], x[3 * i + 5] - x[3 * i + 2]
        r = math.sqrt(dx * dx + dy * dy + dz * dz)
        off = r - parameters[_HEADER + i]
        energy += parameters[2] * off * off
        slope = parameters[2] * off / r
        _add_pair(hessian, width, i, i + 1, dx, dy, dz, slope, 0.5 * (parameters[2] - slope) / (r * r))
    first = pairs_start(parameters)
    for p in range(int(parameters[1])):
        place = first + 5 * p
        a, b = int(parameters[place]), int(parameters[place + 1])
        dx, dy, dz = x[3 * b] - x[3 * a], x[3 * b + 1] - x[3 * a + 1], x[3 * b + 2] - x[3 * a + 2]
        inverse = 1.0 / (dx * dx + dy * dy + dz * dz)
        third = inverse * inverse * inverse
        twelve = parameters[place + 2] * third * third
        ten = parameters[place + 3] * third * inverse * inverse
        six = parameters[place + 4] * third
        energy += twelve + ten + six
        slope = -(6.0 * twelve + 5.0 * ten + 3.0 * six) * inverse
        curve = (42.0 * twelve + 30.0 * ten + 12.0 * six) * inverse * inverse
        _add_pair(hessian, width, a, b, dx, dy, dz, slope, curve)
    angle = _HEADER + beads - 1
    twist = angle + max(beads - 2, 0)
    near, far, none = work[:12], work[12:24], work[24:36]
    near[:] = far[:] = 0.0
    for i in range(beads - 2):
        energy += _add_local(x, hessian, i, 9, parameters[3], parameters[angle + i], 0.0, near, far, none)
    for i in range(beads - 3):
        p = twist + 3 * i
        energy += _add_local(x, hessian, i, 12, parameters[p], parameters[p + 1], parameters[p + 2], near, far, none)
    return energy


@njit(error_model="numpy", cache=True)
def _add_pair(
    hessian: Floats, width: int, i: int, j: int, dx: float, dy: float, dz: float, slope: float, curve: float
) -> None:
    """Add a pair's part; slope and curve are the derivatives of its energy by the square of the distance."""
    for a in range(3):
        da = dx if a == 0 else (dy if a == 1 else dz)
        for b in range(3):
            db = dx if b == 0 else (dy if b == 1 else dz)
            entry = 4.0 * curve * da * db
            if a == b:
                entry += 2.0 * slope
            hessian[(3 * i + a) * width + 3 * j + b] -= entry
            hessian[(3 * j + a) * width + 3 * i + b] -= entry
            hessian[(3 * i + a) * width + 3 * i + b] += entry
            hessian[(3 * j + a) * width + 3 * j + b] += entry


@njit(error_model="numpy", cache=True)
def _add_local(
    x: Floats,
    hessian: Floats,
    i: int,
    size: int,
    one: float,
    two: float,
    three: float,
    near: Floats,
    far: Floats,
    place: Floats,
) -> float:
    """Add the part of one angle (size 9: stiffness, rest) or dihedral angle (size 12: k1, k3, phase); its energy."""
    width = len(x)
    place[:size] = x[3 * i : 3 * i + size]
    for k in range(size):
        kept = place[k]
        place[k] = kept + STEP
        _bend_or_twist(place, size, one, two, three, near, 1.0)
        place[k] = kept - STEP
        _bend_or_twist(place, size, one, two, three, near, -1.0)
        place[k] = kept + 2.0 * STEP
        _bend_or_twist(place, size, one, two, three, far, 1.0)
        place[k] = kept - 2.0 * STEP
        _bend_or_twist(place, size, one, two, three, far, -1.0)
        place[k] = kept
        for m in range(size):
            slope = 0.5 * (8.0 * near[m] - far[m]) / (12.0 * STEP)
            hessian[(3 * i + k) * width + 3 * i + m] += slope
            hessian[(3 * i + m) * width + 3 * i + k] += slope
            near[m] = far[m] = 0.0
    energy = _bend_or_twist(place, size, one, two, three, near, 1.0)
    near[:] = 0.0
    return energy


@njit(error_model="numpy", cache=True)
def _bend_or_twist(x: Floats, size: int, one: float, two: float, three: float, g: Floats, sign: float) -> float:
    if size == 9:
        return _bend(x, 0, sign * one, two, g)
    return _twist(x, 0, sign * one, sign * two, three, g)


@njit(error_model="numpy", cache=True)
def _bend(x: Floats, i: int, stiffness: float, rest: float, g: Floats) -> float:
    """Energy of the angle at bead i + 1."""
    a, b, c = 3 * i, 3 * i + 3, 3 * i + 6
    ux, uy, uz = x[a] - x[b], x[a + 1] - x[b + 1], x[a + 2] - x[b + 2]
    vx, vy, vz = x[c] - x[b], x[c + 1] - x[b + 1], x[c + 2] - x[b + 2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    uu, vv = ux * ux + uy * uy + uz * uz, vx * vx + vy * vy + vz * vz
    cross = math.sqrt(nx * nx + ny * ny + nz * nz)
    off = math.atan2(cross, ux * vx + uy * vy + uz * vz) - rest
    # d theta / d u = (u x n) / (u^2 |n|), d theta / d v = (n x v) / (v^2 |n|)
    f = 2.0 * stiffness * off / max(cross, 1e-300)
    fu, fv = f / uu, f / vv
    px, py, pz = fu * (uy * nz - uz * ny), fu * (uz * nx - ux * nz), fu * (ux * ny - uy * nx)
    qx, qy, qz = fv * (ny * vz - nz * vy), fv * (nz * vx - nx * vz), fv * (nx * vy - ny * vx)
    g[a] += px
    g[a + 1] += py
    g[a + 2] += pz
    g[c] += qx
    g[c + 1] += qy
    g[c + 2] += qz
    g[b] -= px + qx
    g[b + 1] -= py + qy
    g[b + 2] -= pz + qz
    return stiffness * off * off


@njit(error_model="numpy", cache=True)
def _twist(x: Floats, i: int, single: float, triple: float, phase: float, g: Floats) -> float:
    """Energy of the dihedral angle of beads i to i + 3 (gradient after Blondel, Karplus, J. Comput. Chem. 1996)."""
    a, b, c, d = 3 * i, 3 * i + 3, 3 * i + 6, 3 * i + 9
    fx, fy, fz = x[a] - x[b], x[a + 1] - x[b + 1], x[a + 2] - x[b + 2]
    gx, gy, gz = x[b] - x[c], x[b + 1] - x[c + 1], x[b + 2] - x[c + 2]
    hx, hy, hz = x[d] - x[c], x[d + 1] - x[c + 1], x[d + 2] - x[c + 2]
    ax, ay, az = fy * gz - fz * gy, fz * gx - fx * gz, fx * gy - fy * gx
    bx, by, bz = hy * gz - hz * gy, hz * gx - hx * gz, hx * gy - hy * gx
    aa = max(ax * ax + ay * ay + az * az, 1e-300)
    bb = max(bx * bx + by * by + bz * bz, 1e-300)
    length = math.sqrt(gx * gx + gy * gy + gz * gz)
    sine = (by * az - bz * ay) * gx + (bz * ax - bx * az) * gy + (bx * ay - by * ax) * gz
    phi = math.atan2(sine / length, ax * bx + ay * by + az * bz) - phase
    slope = single * math.sin(phi) + 3.0 * triple * math.sin(3.0 * phi)
    fg, hg = fx * gx + fy * gy + fz * gz, hx * gx + hy * gy + hz * gz
    one, other = slope * length / aa, slope * length / bb
    near, far = slope * fg / (aa * length), slope * hg / (bb * length)
    for k, (ak, bk) in enumerate(((ax, bx), (ay, by), (az, bz))):
        shift = near * ak - far * bk
        g[a + k] -= one * ak
        g[b + k] += one * ak + shift
        g[c + k] -= other * bk + shift
        g[d + k] += other * bk
    return single * (1.0 - math.cos(phi)) + triple * (1.0 - math.cos(3.0 * phi))


@njit(cache=True)
def _length(parameters: Any) -> int:
    return pairs_start(parameters) + 5 * int(parameters[1])


@cfunc(SIGNATURE, cache=True)
def _gradient_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    return chain_gradient(carray(x, d), carray(parameters, _length(parameters)), carray(out, d), carray(work, 36))


@cfunc(SIGNATURE, cache=True)
def _hessian_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    p = carray(parameters, _length(parameters))
    return _chain_hessian(carray(x, d), p, carray(out, d * d), carray(work, 36))


def pack(
    stiffness: tuple[float, float],
    *,
    bond: Floats,
    angle: Floats,
    dihedral: Floats,
    pairs: NDArray[np.int64],
    wells: Floats,
) -> Floats:
    """Parameters as the kernels read them."""
    rows = np.column_stack([pairs.astype(np.float64), wells]).ravel()
    return np.concatenate([[len(bond) + 1, len(pairs), *stiffness], bond, angle, dihedral.ravel(), rows])


def chain_kernel(parameters: Floats) -> Kernel:
    """Kernel of packed parameters."""
    return Kernel(_gradient_c.address, _hessian_c.address, parameters, 36, (_gradient_c, _hessian_c))
