"""Compiled basin hopping: a move, a quench, and the acceptance of Metropolis between the minima.

Wales, Doye, J. Phys. Chem. A 101, 5111 (1997).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.smooth.alignment_kernels import connected
from spinfunnel.explore.smooth.quench_kernels import HISTORY, quench

__all__ = ["hop_chain"]

Floats = NDArray[np.float64]

SURFACE = 0.2
"""Share of the moves that take badly bound atoms to other places of the surface."""
BOUND = 1.4
"""Distance of neighbours, in distances of nearest ones."""
GOAL = 0.5
"""Share of accepted moves to which the size of moves is adapted."""
PULL = 25


@njit(cache=True, nogil=True, error_model="numpy")
def _square(x: Floats, i: int, j: int) -> float:
    """Squared distance of two atoms."""
    a, b, c = x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]
    return a * a + b * b + c * c


@njit(cache=True, nogil=True, error_model="numpy")
def _neighbours(x: Floats, count: Floats) -> float:
    """Write each atom's number of neighbours, and return the largest distance from the centre."""
    n = len(x) // 3
    nearest = np.inf
    for i in range(n):
        for j in range(i):
            square = _square(x, i, j)
            nearest = min(nearest, square)
    count[:] = 0.0
    for i in range(n):
        for j in range(i):
            square = _square(x, i, j)
            if square < BOUND * BOUND * nearest:
                count[i] += 1.0
                count[j] += 1.0
    radius = 0.0
    for i in range(n):
        radius = max(radius, math.sqrt(x[3 * i] ** 2 + x[3 * i + 1] ** 2 + x[3 * i + 2] ** 2))
    return radius


@njit(cache=True, nogil=True, error_model="numpy")
def _centre(x: Floats) -> None:
    n = len(x) // 3
    for axis in range(3):
        mean = 0.0
        for i in range(n):
            mean += x[3 * i + axis] / n
        for i in range(n):
            x[3 * i + axis] -= mean


@njit(cache=True, nogil=True, error_model="numpy")
def _move(x: Floats, atoms: bool, size: float, container: float, generator: np.random.Generator, count: Floats) -> bool:
    """Move in place; return whether it was a displacement of everything."""
    d = len(x)
    if not atoms:
        for k in range(d):
            x[k] += size * (2.0 * generator.random() - 1.0)
        return True
    n = d // 3
    _centre(x)
    if generator.random() < SURFACE:
        radius = _neighbours(x, count)
        for _ in range(1 + int(3.0 * generator.random())):
            # The worst bound atom, ties broken at random, to a random place on the surface.
            worst, least = 0, np.inf
            for i in range(n):
                value = count[i] + 0.9 * generator.random()
                if value < least:
                    worst, least = i, value
            count[worst] = np.inf
            height = 2.0 * generator.random() - 1.0
            angle = 2.0 * math.pi * generator.random()
            wide = math.sqrt(1.0 - height * height)
            x[3 * worst] = radius * wide * math.cos(angle)
            x[3 * worst + 1] = radius * wide * math.sin(angle)
            x[3 * worst + 2] = radius * height
        return False
    for k in range(d):
        x[k] += size * (2.0 * generator.random() - 1.0)
    for i in range(n):
        radius = math.sqrt(x[3 * i] ** 2 + x[3 * i + 1] ** 2 + x[3 * i + 2] ** 2)
        if radius > container:
            for axis in range(3):
                x[3 * i + axis] *= container / radius
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def hop_chain(
    address: int,
    parameters: Floats,
    work: int,
    x: Floats,
    energy: float,
    size: float,
    temperature: float,
    atoms: bool,
    container: float,
    reach: float,
    hops: int,
    generator: np.random.Generator,
    tolerance: float,
    most: int,
    longest: float,
) -> tuple[float, float, int, int, Floats, Floats, Floats]:
    """Hop from a minimum x, in place.

    Returns
    -------
    energy, size of the moves, evaluations, hops accepted
    energies (hops,), sizes of the gradients (hops,), positions (hops, D) of the ends of all quenches
        Those of clusters that lost an atom have an energy that is not a number.
    """
    d = len(x)
    scratch, gradient, space = np.empty(work), np.empty(d), np.empty((2 * HISTORY + 3, d))
    energies, sizes, ends = np.empty(hops), np.empty(hops), np.empty((hops, d))
    count = np.empty(d)
    spent = accepted = tried = taken = 0
    for hop in range(hops):
        end = ends[hop]
        end[:] = x
        whole = _move(end, atoms, size, container, generator, count)
        found, sizes[hop], extra = quench(address, parameters, scratch, end, gradient, space, tolerance, most, longest)
        spent += extra
        energies[hop] = found
        if not math.isfinite(found) or (atoms and not connected(end, reach)):
            energies[hop] = np.nan
            continue
        accept = found <= energy or generator.random() < math.exp(-(found - energy) / temperature)
        if whole:
            tried += 1
            taken += accept
            if tried == PULL:
                size *= 1.05 if taken > GOAL * PULL else 1.0 / 1.05
                tried = taken = 0
        if accept:
            energy = found
            x[:] = end
            accepted += 1
    return energy, size, spent, accepted, energies, sizes, ends
