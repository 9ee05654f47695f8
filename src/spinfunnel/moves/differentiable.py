"""What explorers need of a smooth landscape beyond its energy: derivatives, symmetry, places to start, a compiled form.

Positions and derivatives are NumPy arrays of doubles, batch first: positions (B, D), energies (B,), gradients (B, D),
Hessians (B, D, D). Atoms are rows of three coordinates, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Smooth
from spinfunnel.moves.frame import Frame

__all__ = ["Boxed", "Differentiable", "Invariance", "Kernel"]

Floats = NDArray[np.float64]

ZERO_MODE = 1e-8
"""Length below which a turn displaces no atom, relative to the longest: that of a linear chain about its axis."""


@dataclass(frozen=True, slots=True)
class Invariance:
    """What can be done to a position without changing its energy.

    Attributes
    ----------
    kind : {"none", "atoms", "sphere", "angles", "frame"}
        Nothing; translations, rotations and permutations of like atoms in space; the length of the vector (the energy
        is a function of its direction); turns of every angle by 2 pi, and of all angles together; the motions of a
        frame of held atoms and lattice vectors, and permutations of like atoms.
    species : tuple of int
        Kind of each atom: those with one number may be permuted. Atoms that may not are given numbers of their own.
    mirror : bool
        Whether the mirror image has the same energy: of atoms, ``x -> -x``; of the sphere, the antipode; of angles,
        their negatives.
    frame : Frame or None
        Of atoms that are not free in space.

    Examples
    --------
    >>> Invariance("atoms", species=(0, 0, 0)).zero_modes(np.array([0.0, 0, 0, 1, 0, 0, 0, 1, 0])).shape
    (6, 9)
    """

    kind: Literal["none", "atoms", "sphere", "angles", "frame"] = "none"
    species: tuple[int, ...] = ()
    mirror: bool = True
    frame: Frame | None = None

    @property
    def of_atoms(self) -> bool:
        """Whether positions are those of atoms that are free in space."""
        return self.kind == "atoms"

    def returned(self, position: Floats, *, like: Floats) -> Floats:
        """Positions (B, D) brought back to where the energy is defined: on the sphere, to the length of others."""
        if self.kind != "sphere":
            return position
        length = np.linalg.norm(like, axis=-1, keepdims=True)
        return np.asarray(position * (length / np.linalg.norm(position, axis=1, keepdims=True)))

    def on_surface(self, position: Floats, hessian: Floats) -> Floats:
        """Hessians (B, D, D) within the surface of the sphere, whose length has curvature off stationary points."""
        if self.kind != "sphere":
            return hessian
        unit = position / np.linalg.norm(position, axis=1, keepdims=True)
        flat = np.eye(position.shape[1]) - unit[:, :, None] * unit[:, None, :]
        return np.asarray(flat @ hessian @ flat)

    def zero_modes(self, position: Floats) -> Floats:
        """Orthonormal directions (k, D) in which the energy does not change, at one position (D,).

        Atoms: three translations and the rotations, two of them for a linear arrangement. They are zero modes of the
        Hessian at stationary points only; the gradient is orthogonal to them everywhere.
        """
        x = np.asarray(position, np.float64)
        if self.kind == "sphere":
            return (x / np.linalg.norm(x))[None]
        if self.kind == "angles":
            return np.full((1, len(x)), len(x) ** -0.5)
        if self.kind in ("none", "frame"):
            return np.zeros((0, len(x)))
        atoms = x.reshape(-1, 3) - x.reshape(-1, 3).mean(axis=0)
        shift = np.broadcast_to(np.eye(3)[:, None, :], (3, len(atoms), 3)).reshape(3, -1) / len(atoms) ** 0.5
        turn = np.cross(np.eye(3)[:, None, :], atoms[None]).reshape(3, -1)
        left, size, _ = np.linalg.svd(turn.T, full_matrices=False)
        return np.concatenate([shift, left.T[size > ZERO_MODE * max(size[0], 1.0)]])


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """Compiled derivatives at one position, for loops that do not return to Python.

    Both functions are C functions given by their address, ``double f(intptr_t d, const double *x, const double *p,
    double *out, double *work)``, that return the energy at x (d numbers) and write into `out`; they must not call back
    into Python. With Numba: `cfunc` of that signature.

    Attributes
    ----------
    gradient : int
        Address of the function that writes the gradient, d numbers.
    hessian : int
        Address of the one that writes the Hessian, d * d numbers.
    parameters : array of float64
        What is passed as p.
    work : int
        Numbers of scratch space that are passed as `work`.
    owner : object
        Whatever has to stay alive for as long as the addresses are used.
    """

    gradient: int
    hessian: int
    parameters: Floats
    work: int
    owner: Any = None


class Differentiable(Smooth, Protocol):
    """A smooth landscape with everything that the explorers of stationary points use."""

    @property
    def invariance(self) -> Invariance:
        """What leaves the energy alone."""
        ...

    @property
    def kernel(self) -> Kernel | None:
        """Compiled derivatives, where there are any."""
        ...

    @property
    def step(self) -> float:
        """Length in which the landscape varies: the largest sensible step of one coordinate in a quench."""
        ...

    def starts(self, generator: np.random.Generator, count: int) -> Floats:
        """Random positions (count, D) that cover the landscape."""
        ...

    def energy_and_gradient(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies (B,) and gradients (B, D)."""
        ...

    def hessian(self, position: Floats) -> Floats:
        """Hessians (B, D, D)."""
        ...

    def hessian_product(self, position: Floats, direction: Floats) -> Floats:
        """Hessians times directions (B, D)."""
        ...


class Boxed(Differentiable, Protocol):
    """A differentiable landscape between bounds that are walls, or a period apart."""

    low: Floats
    high: Floats
    periodic: NDArray[np.bool_]
    noise: float
    spread: float

    @property
    def width(self) -> Floats:
        """Width of the box in every coordinate, shape (D,)."""
        ...

    def inside(self, position: Floats) -> Floats:
        """Positions (B, D) brought back into the box."""
        ...

    def energies(self, position: Floats) -> Floats:
        """Energies (B,) of positions (B, D), inf where there is no number."""
        ...


def checked_positions(position: Any, *, dimension: int) -> Floats:
    """Positions (B, D) as doubles, or a refusal."""
    # Compiled code is compiled again for arrays that cannot be written, which states out of an atlas are.
    array = np.require(position, np.float64, ["C", "W"])
    if array.ndim != 2 or array.shape[1] != dimension:
        raise InputError(f"positions of shape {array.shape} are given; this landscape takes (any, {dimension})")
    return array
