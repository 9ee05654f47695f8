"""Atomic clusters: Lennard-Jones, its binary mixture, and Morse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.atoms.pair_kernels import LENNARD_JONES, MORSE, kernel, pack
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape, import_torch

__all__ = ["binary_lennard_jones", "lennard_jones", "morse"]

Floats = NDArray[np.float64]

MOST_ATOMS = 400
"""Dense Hessians of more do not fit a cache, and searches by them take seconds each."""
VOLUME = 1.7
"""Volume for each atom of a random start, in pair lengths cubed: a little above that of the liquid, so that no atom
starts out of the others' reach."""


def lennard_jones(atoms: int = 13, *, seed: int = 0) -> TorchLandscape:  # noqa: ARG001
    """Lennard-Jones cluster in reduced units, ``E = 4 sum over pairs of r^-12 - r^-6``.

    Parameters
    ----------
    atoms : int
        2 to 400.
    seed : int
        Accepted and ignored, as every system takes one: nothing is random.

    Source: Jones, Proc. R. Soc. A 106, 463 (1924); Wales, Doye, J. Phys. Chem. A 101, 5111 (1997).

    Examples
    --------
    Two atoms at the distance 2^(1/6) have the energy -1:

    >>> pair = np.array([[0.0, 0, 0, 2 ** (1 / 6), 0, 0]])
    >>> print(lennard_jones(2).energy_and_gradient(pair)[0].round(12))
    [-1.]
    """
    check_range("atoms", atoms, low=2, high=MOST_ATOMS)
    one = np.ones((1, 1))
    return _cluster("lj", {"atoms": atoms}, LENNARD_JONES, strength=one, length=one, kinds=np.zeros(atoms, np.int64))


def binary_lennard_jones(atoms: int = 13, *, small: int = 6, ratio: float = 0.88, seed: int = 0) -> TorchLandscape:  # noqa: ARG001
    """Mixture of two sizes of atoms with one strength, ``E = 4 sum over pairs of (s_ij / r)^12 - (s_ij / r)^6``.

    Parameters
    ----------
    atoms : int
        2 to 400.
    small : int
        Atoms of the smaller size, the first ones, 1 to atoms - 1.
    ratio : float
        Length of two small atoms over that of two large ones, which is 1; of unlike atoms it is the mean.
    seed : int
        Accepted and ignored.

    Source: Doye, Meyer, Phys. Rev. Lett. 95, 063401 (2005).

    Examples
    --------
    >>> binary_lennard_jones(4, small=2).invariance.species
    (0, 0, 1, 1)
    """
    check_range("atoms", atoms, low=2, high=MOST_ATOMS)
    check_range("small", small, low=1, high=atoms - 1)
    check_range("ratio", ratio, low=0.5, high=1.0)
    mean = 0.5 * (1.0 + ratio)
    return _cluster(
        "blj",
        {"atoms": atoms, "small": small, "ratio": float(ratio)},
        LENNARD_JONES,
        strength=np.ones((2, 2)),
        length=np.array([[ratio, mean], [mean, 1.0]]),
        kinds=(np.arange(atoms) >= small).astype(np.int64),
    )


def morse(atoms: int = 13, *, rho: float = 6.0, seed: int = 0) -> TorchLandscape:  # noqa: ARG001
    """Morse cluster, ``E = sum over pairs of y (y - 2)``, ``y = exp(rho (1 - r))``: depth and distance of a pair are 1.

    Parameters
    ----------
    atoms : int
        2 to 400.
    rho : float
        Stiffness, 3 (long-ranged, sodium) to 14 (short-ranged, C60); 6 is as stiff as Lennard-Jones.
    seed : int
        Accepted and ignored.

    Source: Morse, Phys. Rev. 34, 57 (1929); Doye, Wales, J. Chem. Soc., Faraday Trans. 93, 4233 (1997).

    Examples
    --------
    >>> print(morse(2).energy_and_gradient(np.array([[0.0, 0, 0, 1, 0, 0]]))[0])
    [-1.]
    """
    check_range("atoms", atoms, low=2, high=MOST_ATOMS)
    check_range("rho", rho, low=1.0, high=20.0)
    one = np.ones((1, 1))
    given: dict[str, Parameter] = {"atoms": atoms, "rho": float(rho)}
    return _cluster("morse", given, MORSE, strength=one, length=one, kinds=np.zeros(atoms, np.int64), stiffness=rho)


def _cluster(
    name: str,
    parameters: dict[str, Parameter],
    shape: int,
    *,
    strength: Floats,
    length: Floats,
    kinds: NDArray[np.int64],
    stiffness: float = 0.0,
) -> TorchLandscape:
    atoms = len(kinds)
    apart = _pair_distance(shape)
    return TorchLandscape(
        name,
        parameters,
        3 * atoms,
        _torch_energy(shape, strength[np.ix_(kinds, kinds)], length[np.ix_(kinds, kinds)], stiffness),
        lambda generator, count: _in_a_ball(generator, count, atoms=atoms, apart=apart * float(length.mean())),
        invariance=Invariance("atoms", species=tuple(kinds.tolist())),
        kernel=kernel(
            pack(shape, strength=strength, length=length, stiffness=stiffness, kinds=kinds),
            atoms=atoms,
        ),
    )


def _pair_distance(shape: int) -> float:
    """Distance of the pair's minimum, for unit length."""
    return float(2 ** (1 / 6)) if shape == LENNARD_JONES else 1.0


def _torch_energy(shape: int, strength: Floats, length: Floats, stiffness: float) -> Any:
    """Energy (B,) of positions (B, D) as a function of tensors; strengths and lengths for each pair of atoms."""
    one, other = np.triu_indices(len(strength), 1)
    table = {"strength": strength[one, other], "length": length[one, other]}

    def energy(x: Any) -> Any:
        torch = import_torch()
        e, s = (torch.as_tensor(table[name], device=x.device, dtype=x.dtype) for name in ("strength", "length"))
        atoms = x.reshape(len(x), -1, 3)
        square = ((atoms[:, one] - atoms[:, other]) ** 2).sum(-1)
        if shape == LENNARD_JONES:
            sixth = (s * s / square) ** 3
            return (4.0 * e * sixth * (sixth - 1.0)).sum(-1)
        y = torch.exp(stiffness * (1.0 - square.sqrt() / s))
        return (e * y * (y - 2.0)).sum(-1)

    return energy


def _in_a_ball(generator: np.random.Generator, count: int, *, atoms: int, apart: float) -> Floats:
    """Atoms at random, evenly in a ball."""
    radius = apart * (VOLUME * 0.75 * atoms / math.pi) ** (1 / 3)
    direction = generator.standard_normal((count, atoms, 3))
    direction /= np.linalg.norm(direction, axis=2, keepdims=True)
    distance = radius * generator.random((count, atoms, 1)) ** (1 / 3)
    return (direction * distance).reshape(count, -1)
