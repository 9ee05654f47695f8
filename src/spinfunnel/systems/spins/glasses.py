"""Spin glasses and their kin: all pairs coupled, lattices, disordered ferromagnet, random field, p-spin."""

from __future__ import annotations

import math
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.ranges import check_choice, check_range, check_terms, disorder
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = [
    "disordered_ferromagnet",
    "edwards_anderson",
    "lattice_bonds",
    "p_spin_glass",
    "random_field_ising",
    "sherrington_kirkpatrick",
    "subsets",
]


def subsets(n: int, order: int) -> NDArray[np.int32]:
    """All sets of `order` of n spins, in lexical order, shape (n choose order, order).

    Examples
    --------
    >>> subsets(3, 2).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    count = math.comb(n, order)
    check_terms(count, f"a system of {n} spins with all interactions of order {order}")
    flat = np.fromiter(chain.from_iterable(combinations(range(n), order)), np.int32, count * order)
    return flat.reshape(count, order)


def lattice_bonds(shape: tuple[int, ...], *, boundary: str = "periodic") -> NDArray[np.int32]:
    """Nearest neighbours of a hypercubic lattice, shape (bonds, 2); sites are numbered with the last direction fastest.

    A periodic direction of length 2 has one bond for each pair (not two parallel ones), a direction of length 1 none.

    Examples
    --------
    >>> len(lattice_bonds((4, 4))), len(lattice_bonds((4, 4), boundary="open")), len(lattice_bonds((2, 3)))
    (32, 24, 9)
    """
    check_choice("boundary", boundary, ("periodic", "open"))
    if not shape:
        raise InputError("shape is empty: give the length of each direction, for instance shape=4x4")
    for length in shape:
        check_range("shape", length, low=1, unit=" in each direction")
    if math.prod(shape) < 2:
        raise InputError(f"shape={'x'.join(map(str, shape))} has a single spin and no bond: give at least 2 spins")
    check_terms(math.prod(shape) * len(shape), f"a lattice of shape {'x'.join(map(str, shape))}")
    site = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    bonds = []
    for axis, length in enumerate(shape):
        wraps = boundary == "periodic" and length > 2
        last = length if wraps else length - 1
        start = np.take(site, range(last), axis=axis)
        end = np.take(np.roll(site, -1, axis=axis), range(last), axis=axis)
        bonds.append(np.stack([start.ravel(), end.ravel()], axis=1))
    return np.concatenate(bonds)


def sherrington_kirkpatrick(n: int = 16, *, bias: float = 0.0, seed: int = 0) -> SpinPolynomial:
    """Sherrington-Kirkpatrick spin glass, ``E = -sum_{i<j} J_ij s_i s_j`` with ``J_ij ~ N(bias / n, 1 / n)``.

    Parameters
    ----------
    n : int
        Number of spins, at least 2.
    bias : float
        J_0 of the ferromagnetic mean J_0 / n: beyond 1 the system orders.
    seed : int
        Of the couplings.

    Source: Sherrington, Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975).

    Examples
    --------
    >>> glass = sherrington_kirkpatrick(8, seed=1)
    >>> glass.order, len(glass.terms[2][1])
    (2, 28)
    """
    check_range("n", n, low=2)
    check_range("bias", bias, low=-1e6, high=1e6)
    pairs = subsets(n, 2)
    couplings = disorder(seed).normal(0.0, math.sqrt(1.0 / n), len(pairs)) + bias / n
    return SpinPolynomial(n, [(pairs, -couplings)], name="sk", parameters={"n": n, "bias": bias, "seed": seed})


def edwards_anderson(
    shape: tuple[int, ...] = (4, 4), *, bonds: str = "gaussian", boundary: str = "periodic", seed: int = 0
) -> SpinPolynomial:
    """Edwards-Anderson spin glass on a hypercubic lattice, ``E = -sum_<ij> J_ij s_i s_j``.

    Parameters
    ----------
    shape : tuple of int
        Length of each direction; any dimension.
    bonds : {"gaussian", "bimodal"}
        ``J ~ N(0, 1)``, or +1 and -1 with equal probability.
    boundary : {"periodic", "open"}
        See `lattice_bonds`.
    seed : int

    Source: Edwards, Anderson, J. Phys. F 5, 965 (1975).

    Examples
    --------
    >>> edwards_anderson((3, 4), bonds="bimodal", seed=1).unit
    1.0
    """
    check_choice("bonds", bonds, ("gaussian", "bimodal"))
    shape = tuple(shape)
    pairs = lattice_bonds(shape, boundary=boundary)
    rng = disorder(seed)
    couplings = rng.normal(size=len(pairs)) if bonds == "gaussian" else 2.0 * rng.integers(0, 2, len(pairs)) - 1.0
    facts: dict[str, Parameter] = {"shape": shape, "bonds": bonds, "boundary": boundary, "seed": seed}
    return SpinPolynomial(math.prod(shape), [(pairs, -couplings)], name="ea", parameters=facts)


def disordered_ferromagnet(
    shape: tuple[int, ...] = (4, 4), *, boundary: str = "periodic", seed: int = 0
) -> SpinPolynomial:
    """Disordered ferromagnet, ``E = -sum_<ij> J_ij s_i s_j`` with ``J = |N(0, 1)|``: a spin funnel.

    Nothing is frustrated, all spins up (or down) is the ground state; minima are domains held by weak bonds.

    Source: Garstecki, Hoang, Cieplak, Phys. Rev. E 60, 3219 (1999).

    Examples
    --------
    >>> magnet = disordered_ferromagnet((3, 3), seed=2)
    >>> bool(np.isclose(magnet.energy(np.ones((1, 9), np.uint8))[0], magnet.terms[2][1].sum()))
    True
    """
    shape = tuple(shape)
    pairs = lattice_bonds(shape, boundary=boundary)
    couplings = np.abs(disorder(seed).normal(size=len(pairs)))
    facts: dict[str, Parameter] = {"shape": shape, "boundary": boundary, "seed": seed}
    return SpinPolynomial(math.prod(shape), [(pairs, -couplings)], name="dfm", parameters=facts)


def random_field_ising(
    shape: tuple[int, ...] = (4, 4), *, field: float = 1.0, boundary: str = "periodic", seed: int = 0
) -> SpinPolynomial:
    """Random-field Ising ferromagnet, ``E = -sum_<ij> s_i s_j - sum_i h_i s_i`` with ``h_i ~ N(0, field^2)``.

    Source: Imry, Ma, Phys. Rev. Lett. 35, 1399 (1975).

    Examples
    --------
    >>> random_field_ising((3, 3), field=0.5, seed=1).symmetries
    ()
    """
    check_range("field", field, low=0.0, high=1e6)
    shape = tuple(shape)
    pairs = lattice_bonds(shape, boundary=boundary)
    n = math.prod(shape)
    fields = field * disorder(seed).normal(size=n)
    facts: dict[str, Parameter] = {"shape": shape, "field": field, "boundary": boundary, "seed": seed}
    terms = [(pairs, -np.ones(len(pairs))), (np.arange(n)[:, None], -fields)]
    return SpinPolynomial(n, terms, name="rfim", parameters=facts)


def p_spin_glass(n: int = 14, *, p: int = 3, seed: int = 0) -> SpinPolynomial:
    """Fully connected Ising p-spin glass, ``E = -sum J_{i1..ip} s_i1 ... s_ip`` with ``J ~ N(0, p! / (2 n^(p-1)))``.

    p = 2 has the statistics of `sherrington_kirkpatrick`; p -> infinity is the random energy model.

    Source: Derrida, Phys. Rev. B 24, 2613 (1981); Gross, Mezard, Nucl. Phys. B 240, 431 (1984).

    Examples
    --------
    >>> p_spin_glass(8, p=3, seed=1).order
    3
    """
    check_range("n", n, low=2)
    check_range("p", p, low=1, high=n)
    sets = subsets(n, p)
    spread = math.sqrt(math.exp(math.lgamma(p + 1) - (p - 1) * math.log(n)) / 2.0)
    couplings = disorder(seed).normal(0.0, spread, len(sets))
    return SpinPolynomial(n, [(sets, -couplings)], name="pspin", parameters={"n": n, "p": p, "seed": seed})
