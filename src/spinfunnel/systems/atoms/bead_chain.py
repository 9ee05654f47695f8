"""A chain of beads in space: bonds, angles, dihedral angles and pairs, as a torch energy and as a Numba kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from spinfunnel.moves.differentiable import Kernel

__all__ = ["ChainField", "dihedral_angles"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChainField:
    """Force field of a chain of n beads.

    ``E = sum_bonds K_b (r - r0)^2 + sum_angles K_a (theta - theta0)^2
    + sum_dihedrals { k1 [1 - cos(phi - phi0)] + k3 [1 - cos 3(phi - phi0)] }
    + sum_pairs (a r^-12 + b r^-10 + c r^-6)``

    Attributes
    ----------
    bond_stiffness, angle_stiffness : float
    bond : array, shape (n - 1,)
        Lengths r0 between neighbours along the chain.
    angle : array, shape (n - 2,)
        Angles theta0 in radians.
    dihedral : array, shape (n - 3, 3)
        Rows k1, k3, phi0 (radians).
    pairs : array of int64, shape (P, 2)
    wells : array, shape (P, 3)
        Rows a, b, c.
    """

    bond_stiffness: float
    angle_stiffness: float
    bond: Floats
    angle: Floats
    dihedral: Floats
    pairs: NDArray[np.int64]
    wells: Floats

    @property
    def beads(self) -> int:
        """Number of beads n."""
        return len(self.bond) + 1

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """What defines the field, for its identity."""
        stiffness = np.array([self.bond_stiffness, self.angle_stiffness])
        return stiffness, self.bond, self.angle, self.dihedral, self.pairs, self.wells

    def energy(self, position: torch.Tensor) -> torch.Tensor:
        """Energies (B,) of positions (B, 3 n)."""
        import torch

        beads = position.reshape(len(position), -1, 3)
        bond, angle, dihedral = (torch.as_tensor(a).to(position) for a in (self.bond, self.angle, self.dihedral))
        step = beads[:, 1:] - beads[:, :-1]
        energy = self.bond_stiffness * ((step.norm(dim=2) - bond) ** 2).sum(1)
        if len(self.angle):
            bend = _torch_angle(-step[:, :-1], step[:, 1:])
            energy = energy + self.angle_stiffness * ((bend - angle) ** 2).sum(1)
        if len(self.dihedral):
            energy = energy + _torch_torsion(step, dihedral).sum(1)
        if len(self.pairs):
            pairs = torch.as_tensor(self.pairs, device=position.device)
            wells = torch.as_tensor(self.wells).to(position)
            inverse = 1.0 / ((beads[:, pairs[:, 0]] - beads[:, pairs[:, 1]]) ** 2).sum(2)
            third = inverse**3
            shape = third**2 * wells[:, 0] + third * inverse**2 * wells[:, 1] + third * wells[:, 2]
            energy = energy + shape.sum(1)
        return energy

    def kernel(self) -> Kernel:
        """Compiled twin of `energy`."""
        from spinfunnel.systems.atoms.bead_kernels import chain_kernel, pack

        stiffness = (self.bond_stiffness, self.angle_stiffness)
        packed = pack(
            stiffness, bond=self.bond, angle=self.angle, dihedral=self.dihedral, pairs=self.pairs, wells=self.wells
        )
        return chain_kernel(packed)


def dihedral_angles(beads: Floats) -> Floats:
    """Dihedral angles (n - 3,) of a chain of beads (n, 3), in radians.

    Examples
    --------
    A chain in a plane that turns always the same way has the angle 0:

    >>> square = np.array([[0.0, 1, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0]])
    >>> dihedral_angles(square).tolist()
    [0.0]
    """
    step = np.diff(beads, axis=0)
    first, axis, last = -step[:-2], -step[1:-1], step[2:]
    one, other = np.cross(first, axis), np.cross(last, axis)
    sine = (np.cross(other, one) * axis).sum(1) / np.linalg.norm(axis, axis=1)
    return np.arctan2(sine, (one * other).sum(1))


def _torch_angle(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Angle between vectors, well behaved near a right angle as near 0 and pi."""
    import torch

    return torch.atan2(torch.linalg.cross(one, other, dim=2).norm(dim=2), (one * other).sum(2))


def _torch_torsion(step: torch.Tensor, dihedral: torch.Tensor) -> torch.Tensor:
    """Energies (B, n - 3) of the dihedral angles between bond vectors (B, n - 1, 3)."""
    import torch

    first, axis, last = -step[:, :-2], -step[:, 1:-1], step[:, 2:]
    one, other = torch.linalg.cross(first, axis, dim=2), torch.linalg.cross(last, axis, dim=2)
    scale = one.norm(dim=2) * other.norm(dim=2)
    cosine = (one * other).sum(2) / scale
    sine = (torch.linalg.cross(other, one, dim=2) * axis).sum(2) / (scale * axis.norm(dim=2))
    single, triple, phase = dihedral[:, 0], dihedral[:, 1], dihedral[:, 2]
    once = cosine * torch.cos(phase) + sine * torch.sin(phase)
    thrice = (4.0 * cosine**3 - 3.0 * cosine) * torch.cos(3.0 * phase)
    thrice = thrice + (3.0 * sine - 4.0 * sine**3) * torch.sin(3.0 * phase)
    return single * (1.0 - once) + triple * (1.0 - thrice)
