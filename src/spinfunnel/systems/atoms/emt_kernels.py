"""Effective medium theory of metals as ASE's calculator has it, compiled: energy, gradient and Hessian of free atoms.

With r the distance of a pair, w its cut-off and the parameters of the elements of both::

    w(r)   = 1 / (1 + exp(a (r - r_c)))                             0 from the list's radius on, as in ASE
    s_i    = sum over j of f_ij(r),    f_ij = chi_ij exp(-eta_j (r - beta s0_j)) w(r)
    x_i    = -ln(s_i / 12 gamma_i) / (beta eta_i)
    E      = sum over i of F_i(x_i) - E0_i,  plus the sum over ordered pairs of g_ij(r)
    F_i    = E0_i (1 + lambda_i x) exp(-lambda_i x) + 6 V0_i exp(-kappa_i x)
    g_ij   = -V0_i / (2 gamma2_i) chi_ij exp(-kappa_j (r / beta - s0_j)) w(r)

An atom without neighbours counts as the free atom. Parameters: the kinds k, a, r_c, the list's radius, beta; for each
kind E0, V0, lambda, kappa, beta eta, 1 / 12 gamma; for each ordered pair of kinds factor and decay of f and of g; the
kind of each atom.

Jacobsen, Stoltze, Norskov, Surf. Sci. 366, 394 (1996); ase.calculators.emt.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import carray, cfunc, njit
from numpy.typing import NDArray

from spinfunnel.moves.compiled_call import SIGNATURE
from spinfunnel.moves.differentiable import Kernel

__all__ = ["compiled_emt", "emt_parameters"]

Floats = NDArray[np.float64]

_HEADER, _OF_KIND, _OF_PAIR = 4, 6, 4


@njit(error_model="numpy", cache=True, inline="always")
def _row_of_pair(parameters: Floats, one: int, other: int) -> int:
    kinds = int(parameters[0])
    return _HEADER + _OF_KIND * kinds + _OF_PAIR * (one * kinds + other)


@njit(error_model="numpy", cache=True)
def _density(parameters: Floats, row: int, r: float) -> tuple[float, float, float]:
    """Share f of a neighbour in the density about an atom, and its first two derivatives by the distance."""
    slope, radius = parameters[1], parameters[2]
    w = 1.0 / (1.0 + math.exp(slope * (r - radius)))
    rate = slope * (w - 1.0) - parameters[row + 1]
    value = parameters[row] * math.exp(-parameters[row + 1] * r) * w
    return value, value * rate, value * (rate * rate + slope * slope * w * (w - 1.0))


@njit(error_model="numpy", cache=True)
def _embedding(parameters: Floats, kind: int, density: float) -> tuple[float, float, float]:
    """Energy F of an atom in a density, and its first two derivatives by the density."""
    at = _HEADER + _OF_KIND * kind
    e0, six_v0, decay, stiff, scale, unit = parameters[at : at + _OF_KIND]
    if density <= 0.0:
        return -e0, 0.0, 0.0
    x = -math.log(density * unit) / scale
    soft, hard = math.exp(-decay * x), six_v0 * math.exp(-stiff * x)
    first = -e0 * decay * decay * x * soft - stiff * hard
    second = -e0 * decay * decay * (1.0 - decay * x) * soft + stiff * stiff * hard
    inner = -1.0 / (scale * density)
    return (
        e0 * (1.0 + decay * x) * soft + hard - e0,
        first * inner,
        second * inner * inner - first * inner / density,
    )


@njit(error_model="numpy", cache=True)
def _distance(x: Floats, i: int, j: int) -> float:
    dx, dy, dz = x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]
    return math.sqrt(dx * dx + dy * dy + dz * dz)


@njit(error_model="numpy", cache=True)
def _densities(x: Floats, parameters: Floats, first_atom: int, work: Floats) -> float:
    """Fill the work space (2 + 2 n, n) and return the energy.

    Rows: first and second derivative of F of each atom; then of each ordered pair the derivative of f; then of each
    pair distance (upper half) and derivative of both g (lower half).
    """
    n = len(x) // 3
    inner, outer, slope, pair = work[:n], work[n : 2 * n], work[2 * n : 2 * n + n * n], work[2 * n + n * n :]
    energy, reach = 0.0, parameters[3]
    inner[:] = 0.0
    for i in range(n):
        one = int(parameters[first_atom + i])
        for j in range(i + 1, n):
            r = _distance(x, i, j)
            pair[i * n + j] = r
            slope[i * n + j] = slope[j * n + i] = pair[j * n + i] = 0.0
            if not r < reach:
                # What is not a number is to stay none.
                energy += 0.0 if r >= reach else math.nan
                continue
            other = int(parameters[first_atom + j])
            near, far = _row_of_pair(parameters, one, other), _row_of_pair(parameters, other, one)
            f, fd, _ = _density(parameters, near, r)
            g, gd, _ = _density(parameters, near + 2, r)
            if near == far:
                back, back_d, back_g, back_gd = f, fd, g, gd
            else:
                back, back_d, _ = _density(parameters, far, r)
                back_g, back_gd, _ = _density(parameters, far + 2, r)
            inner[i] += f
            inner[j] += back
            slope[i * n + j], slope[j * n + i] = fd, back_d
            pair[j * n + i] = gd + back_gd
            energy += g + back_g
    for i in range(n):
        value, inner[i], outer[i] = _embedding(parameters, int(parameters[first_atom + i]), inner[i])
        energy += value
    return energy


@njit(error_model="numpy", cache=True)
def _gradient(x: Floats, parameters: Floats, first_atom: int, gradient: Floats, work: Floats) -> float:
    n = len(x) // 3
    energy = _densities(x, parameters, first_atom, work)
    inner, slope, pair = work[:n], work[2 * n : 2 * n + n * n], work[2 * n + n * n :]
    gradient[:] = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            r = pair[i * n + j]
            if not r < parameters[3]:
                continue
            along = (pair[j * n + i] + inner[i] * slope[i * n + j] + inner[j] * slope[j * n + i]) / r
            for axis in range(3):
                part = along * (x[3 * i + axis] - x[3 * j + axis])
                gradient[3 * i + axis] += part
                gradient[3 * j + axis] -= part
    return energy


@njit(error_model="numpy", cache=True)
def _hessian(x: Floats, parameters: Floats, first_atom: int, hessian: Floats, work: Floats) -> float:
    n = len(x) // 3
    energy = _densities(x, parameters, first_atom, work)
    inner, slope, pair = work[:n], work[2 * n : 2 * n + n * n], work[2 * n + n * n :]
    hessian[:] = 0.0
    for i in range(n):
        one = int(parameters[first_atom + i])
        for j in range(i + 1, n):
            r = pair[i * n + j]
            if not r < parameters[3]:
                continue
            other = int(parameters[first_atom + j])
            near, far = _row_of_pair(parameters, one, other), _row_of_pair(parameters, other, one)
            first = pair[j * n + i] + inner[i] * slope[i * n + j] + inner[j] * slope[j * n + i]
            second = (
                _density(parameters, near + 2, r)[2]
                + _density(parameters, far + 2, r)[2]
                + inner[i] * _density(parameters, near, r)[2]
                + inner[j] * _density(parameters, far, r)[2]
            )
            _add_spring(x, i, j, first / r, second, r, hessian)
    _add_embedding(x, parameters[3], hessian, work)
    return energy


@njit(error_model="numpy", cache=True)
def _add_spring(x: Floats, i: int, j: int, across: float, along: float, r: float, hessian: Floats) -> None:
    """Add a pair of curvatures across and along the line between two atoms."""
    width = len(x)
    for a in range(3):
        for b in range(3):
            entry = (along - across) * (x[3 * i + a] - x[3 * j + a]) * (x[3 * i + b] - x[3 * j + b]) / (r * r)
            if a == b:
                entry += across
            hessian[(3 * i + a) * width + 3 * i + b] += entry
            hessian[(3 * j + a) * width + 3 * j + b] += entry
            hessian[(3 * i + a) * width + 3 * j + b] -= entry
            hessian[(3 * j + a) * width + 3 * i + b] -= entry


@njit(error_model="numpy", cache=True)
def _add_embedding(x: Floats, reach: float, hessian: Floats, work: Floats) -> None:
    """Add of each atom the second derivative of F times the square of its density's gradient."""
    n, width = len(x) // 3, len(x)
    outer, slope, pair = work[n : 2 * n], work[2 * n : 2 * n + n * n], work[2 * n + n * n :]
    density = np.empty(width)
    for i in range(n):
        density[:] = 0.0
        for j in range(n):
            r = pair[min(i, j) * n + max(i, j)]
            if i == j or not r < reach:
                continue
            for axis in range(3):
                part = slope[i * n + j] * (x[3 * i + axis] - x[3 * j + axis]) / r
                density[3 * i + axis] += part
                density[3 * j + axis] -= part
        for a in range(width):
            share = outer[i] * density[a]
            if share != 0.0:
                for b in range(width):
                    hessian[a * width + b] += share * density[b]


@njit(cache=True)
def _first_atom(parameters: Any) -> int:
    kinds = int(parameters[0])
    return _HEADER + _OF_KIND * kinds + _OF_PAIR * kinds * kinds


def _gradient_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    n, first = d // 3, _first_atom(parameters)
    return _gradient(
        carray(x, d), carray(parameters, first + n), first, carray(out, d), carray(work, 2 * n + 2 * n * n)
    )


def _hessian_c(d: Any, x: Any, parameters: Any, out: Any, work: Any) -> float:
    n, first = d // 3, _first_atom(parameters)
    return _hessian(
        carray(x, d), carray(parameters, first + n), first, carray(out, d * d), carray(work, 2 * n + 2 * n * n)
    )


@cache
def _compiled() -> tuple[Any, Any]:
    """C functions, made when first asked for: importing the systems compiles nothing."""
    return tuple(cfunc(SIGNATURE, cache=True)(each) for each in (_gradient_c, _hessian_c))


def compiled_emt(atoms: Any) -> Kernel | None:
    """Kernel of the EMT calculator that free ASE atoms carry; None where they carry another one.

    All numbers are read off the calculator.
    """
    parameters = emt_parameters(atoms)
    if parameters is None:
        return None
    gradient, hessian = _compiled()
    count = len(atoms)
    return Kernel(gradient.address, hessian.address, parameters, 2 * count + 2 * count**2, (gradient, hessian))


def emt_parameters(atoms: Any) -> Floats | None:
    """Parameters of the EMT calculator that atoms carry, as the kernels read them; None where they carry another."""
    from ase.calculators import emt

    if type(atoms.calc) is not emt.EMT:
        return None
    try:
        atoms.calc.initialize(atoms)
        return _packed(atoms.calc, emt.beta)
    except (AttributeError, KeyError, NotImplementedError):
        # Elements that it does not have, or an ASE that keeps its numbers elsewhere.
        return None


def _packed(calculator: Any, beta: float) -> Floats:
    """Parameters as the kernels read them."""
    par = calculator.par
    kinds = len(par["E0"])
    own = np.stack(
        [par["E0"], 6.0 * par["V0"], par["lambda"], par["kappa"], beta * par["eta2"], par["inv12gamma1"]], axis=1
    )
    shape = (kinds, kinds)
    outward, decay = np.broadcast_to(par["eta2"], shape), np.broadcast_to(par["kappa"] / beta, shape)
    near = calculator.chi * np.exp(par["eta2"] * beta * par["s0"])
    far = par["neghalfv0overgamma2"][:, None] * calculator.chi * np.exp(par["kappa"] * par["s0"])
    pairs = np.stack([near, outward, far, decay], axis=2)
    header = [kinds, calculator.acut, calculator.rc, calculator.rc_list]
    return np.concatenate([header, own.ravel(), pairs.ravel(), np.asarray(calculator.ia2iz, np.float64)])
