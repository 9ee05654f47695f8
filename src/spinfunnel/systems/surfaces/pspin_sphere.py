"""Spherical p-spin model: random couplings of all p-tuples of spins on a sphere."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, identity_hash
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.differentiable import Invariance, Kernel, checked_positions
from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape, import_torch, over_batch

if TYPE_CHECKING:
    import torch

__all__ = ["SphericalCouplings", "SphericalPSpin", "spherical_p_spin"]

Floats = NDArray[np.float64]

_HEADER = 2
MOST_COUPLINGS = 1 << 26
"""Half a GiB in double precision."""
LARGEST_KERNEL = 1 << 20
"""Couplings up to which there is a kernel for one state at a time; of more, products of matrices are quicker."""
FEWEST_TOGETHER = 4
"""States from which on a batch is quicker than one after the other."""


class SphericalCouplings:
    r"""Homogeneous random polynomial of degree p in n variables, stored by its symmetric slabs.

    ``H(s) = n^(-(p-1)/2) sum_{i1...ip} X_{i1...ip} s_i1 ... s_ip`` with independent X ~ N(0, 1), so that
    ``E[H(s) H(t)] = n (s . t / n)^p``. Only the sums of X over the orders of a multiset matter; a multiset with m
    orders has a coefficient of variance m, and H is the sum over multisets.

    For p = 3 the coefficients are kept as n symmetric matrices ``M_i`` over j, k <= i, about n^3 / 3 numbers:
    ``H = sum_i s_i (s_{<=i} . M_i s_{<=i})``, which a batch of states takes as n products of matrices. Other orders
    keep the full symmetric tensor.

    Parameters
    ----------
    n, p : int
    seed : int

    Raises
    ------
    InputError
        For more couplings than fit into memory.
    """

    def __init__(self, n: int, p: int, *, seed: int) -> None:
        check_range("n", n, low=2)
        check_range("p", p, low=2, high=6)
        if _stored(n, p) > MOST_COUPLINGS:
            largest = next(m for m in itertools.count(1) if _stored(m + 1, p) > MOST_COUPLINGS)
            raise InputError(
                f"n={n} at p={p} has {_stored(n, p)} couplings to keep, more than fit: give n <= {largest}"
            )
        self.n, self.p = n, p
        self.scale = n ** (-(p - 1) / 2)
        self._moved: dict[tuple[Any, ...], list[torch.Tensor]] = {}
        rng = disorder(seed, 5, p)
        self.packed = np.empty(_HEADER + _stored(n, p))
        """n, p, and the couplings, of which `parts` are views."""
        self.packed[:_HEADER] = n, p
        self.parts: list[Floats] = []
        place = _HEADER
        for i in range(n) if p == 3 else (0,):
            part = _slab(i, rng, self.scale) if p == 3 else _tensor(n, p, rng, self.scale)
            self.packed[place : place + part.size] = part.ravel()
            self.parts.append(self.packed[place : place + part.size].reshape(part.shape))
            place += part.size

    def on(self, like: torch.Tensor) -> list[torch.Tensor]:
        """Slabs (p = 3) or the symmetric tensor, with the type and on the device of a tensor."""
        import torch

        key = (like.dtype, like.device)
        if key not in self._moved:
            self._moved = {key: [torch.as_tensor(part).to(like) for part in self.parts]}
        return self._moved[key]

    def energy(self, states: torch.Tensor) -> torch.Tensor:
        """Energies H (B,) of states (B, n), differentiable as often as is wanted."""
        import torch

        parts, columns = self.on(states), states.T
        if self.p == 3:
            below = [columns[: i + 1] for i in range(self.n)]
            shares = [columns[i] * (b * (parts[i] @ b)).sum(0) for i, b in enumerate(below)]
            return torch.stack(shares).sum(0)
        found = parts[0].reshape(-1, self.n) @ columns
        for _ in range(self.p - 1):
            found = (found.reshape(-1, self.n, states.shape[0]) * columns).sum(1)
        return found[0]

    def gradient(self, states: torch.Tensor) -> torch.Tensor:
        """Plain derivatives dH/ds (B, n) at states (B, n); ``s . dH/ds = p H``."""
        import torch

        parts = self.on(states)
        if self.p == 3:
            columns = states.T.contiguous()
            found = torch.zeros_like(columns)
            for i, matrix in enumerate(parts):
                below = columns[: i + 1]
                product = matrix @ below
                found[i] += (below * product).sum(0)
                found[: i + 1] += 2.0 * columns[i] * product
            return found.T
        found = parts[0].reshape(-1, self.n) @ states.T
        for _ in range(self.p - 2):
            found = (found.reshape(-1, self.n, len(states)) * states.T).sum(1)
        return self.p * found.reshape(self.n, len(states)).T

    def hessian(self, states: torch.Tensor) -> torch.Tensor:
        """Plain second derivatives (B, n, n) at states (B, n)."""
        import torch

        parts = self.on(states)
        if self.p == 3:
            found = torch.zeros((len(states), self.n, self.n), dtype=states.dtype, device=states.device)
            for i, matrix in enumerate(parts):
                found[:, : i + 1, : i + 1] += 2.0 * states[:, i, None, None] * matrix
                product = 2.0 * states[:, : i + 1] @ matrix
                found[:, i, : i + 1] += product
                found[:, : i + 1, i] += product
            return found
        found = parts[0].reshape(1, -1, self.n).expand(len(states), -1, -1)
        for _ in range(self.p - 2):
            found = (found @ states[:, :, None]).reshape(len(states), -1, self.n)
        return self.p * (self.p - 1) * found

    def along(self, states: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        """Hessian times vectors (B, n), one for each state (B, n)."""
        import torch

        if self.p != 3:
            return (self.hessian(states) @ vectors[:, :, None])[:, :, 0]
        columns, others = states.T.contiguous(), vectors.T.contiguous()
        found = torch.zeros_like(columns)
        both = torch.cat([columns, others], dim=1)
        for i, matrix in enumerate(self.on(states)):
            one, other = (matrix @ both[: i + 1]).chunk(2, dim=1)
            found[i] += 2.0 * (others[: i + 1] * one).sum(0)
            found[: i + 1] += 2.0 * (others[i] * one + columns[i] * other)
        return found.T


def _stored(n: int, p: int) -> int:
    """Numbers that are kept."""
    return n * (n + 1) * (2 * n + 1) // 6 if p == 3 else n**p


def _slab(i: int, rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    """Symmetric matrix M over j, k <= i whose form is the sum over multisets {i, j, k}."""
    rows = np.tril(rng.standard_normal((i + 1, i + 1)))
    rows *= math.sqrt(6.0)
    rows[np.diag_indices(i + 1)] *= math.sqrt(0.5)
    rows[i, :i] *= math.sqrt(0.5)
    rows[i, i] *= math.sqrt(1.0 / 3.0)
    return (rows + rows.T) * (0.5 * scale)


def _tensor(n: int, p: int, rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    """Full symmetric tensor, each entry the coefficient of its multiset over the number of its orders."""
    entries = rng.standard_normal((n,) * p)
    total = np.zeros_like(entries)
    orders = list(itertools.permutations(range(p)))
    for order in orders:
        total += entries.transpose(order)
    return total * (scale / len(orders))


@dataclass(frozen=True, slots=True, eq=False)
class SphericalPSpin:
    """Spherical p-spin model as a `spinfunnel.moves.differentiable.Differentiable` landscape (see `spherical_p_spin`).

    Attributes
    ----------
    couplings : SphericalCouplings
    parameters : mapping
    device, dtype : str
        Where and how precisely PyTorch computes; no part of the identity.
    """

    kind: ClassVar[Kind] = Kind.SMOOTH

    couplings: SphericalCouplings
    parameters: Mapping[str, Parameter]
    device: str = "cpu"
    dtype: str = "float64"
    name: str = "spherical-pspin"
    kernel: Kernel | None = None
    identity: str = field(init=False)

    __repr__ = short_name

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", identity_hash(self.name, self.parameters))

    @property
    def dimension(self) -> int:
        """Number of spins."""
        return self.couplings.n

    @property
    def invariance(self) -> Invariance:
        """The length of the vector, and its sign for even p."""
        return Invariance("sphere", mirror=self.couplings.p % 2 == 0)

    @property
    def step(self) -> float:
        """Largest sensible step of one coordinate, whose size is about 1."""
        return 0.3

    def on(self, device: str | None = None, dtype: str | None = None) -> SphericalPSpin:
        """Return the same landscape, computed elsewhere (see `TorchLandscape.on`).

        Raises
        ------
        InputError
            For a device that PyTorch does not find, or a dtype that it does not have.
        """
        plain = TorchLandscape(self.name, self.parameters, self.dimension, self.energy, self.starts, kernel=self.kernel)
        moved = plain.on(device or self.device, dtype or self.dtype)
        return dataclasses.replace(self, device=moved.device, dtype=moved.dtype, kernel=moved.kernel)

    def starts(self, generator: np.random.Generator, count: int) -> Floats:
        """Random positions (count, n), even on the sphere of radius sqrt(n)."""
        rows = generator.standard_normal((count, self.dimension))
        rows *= math.sqrt(self.dimension) / np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def energy(self, position: Any) -> Any:
        """Energies (B,) of positions (B, n), as tensors that carry gradients."""
        states = position * (math.sqrt(self.dimension) / position.norm(dim=1, keepdim=True))
        return self.couplings.energy(states)

    def energy_and_gradient(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies (B,) and gradients (B, n)."""
        if self.couplings.p == 3 and self._plain and (self.kernel is None or len(position) >= FEWEST_TOGETHER):
            return self._together(position)
        if self.kernel is not None:
            return over_batch(self.kernel, position, width=self.dimension)
        length, unit, states = self._on_sphere(position)
        slope = self.couplings.gradient(states)
        along = (unit * slope).sum(1, keepdim=True)
        energy = along[:, 0] * (math.sqrt(self.dimension) / self.couplings.p)
        return _doubles(energy), _doubles((slope - along * unit) * (math.sqrt(self.dimension) / length))

    @property
    def _plain(self) -> bool:
        """Whether it is computed in doubles on the processor, without PyTorch."""
        return (self.device, self.dtype) == ("cpu", "float64")

    def _together(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies and gradients of a batch, by products of matrices."""
        from spinfunnel.systems.surfaces.pspin_kernels import cubic_slopes

        rows = checked_positions(position, dimension=self.dimension)
        scale = math.sqrt(self.dimension) / np.linalg.norm(rows, axis=1)
        states = np.ascontiguousarray((rows * scale[:, None]).T)
        slope = cubic_slopes(self.couplings.packed, states)
        energy = (states * slope).sum(axis=0) / 3.0
        tangent = slope - (3.0 / self.dimension) * energy * states
        return energy, np.ascontiguousarray((tangent * scale).T)

    def hessian(self, position: Floats) -> Floats:
        """Hessians (B, n, n)."""
        if self.kernel is not None:
            rows = over_batch(self.kernel, position, width=self.dimension**2)[1]
            return rows.reshape(-1, self.dimension, self.dimension)
        import torch

        length, unit, states = self._on_sphere(position)
        slope, curve = self.couplings.gradient(states), self.couplings.hessian(states)
        along = (unit * slope).sum(1, keepdim=True)
        flat = torch.eye(self.dimension).to(unit) - unit[:, :, None] * unit[:, None, :]
        side = unit[:, :, None] * (slope - along * unit)[:, None, :]
        root = math.sqrt(self.dimension)
        found = self.dimension * flat @ curve @ flat - root * (along[:, :, None] * flat + side + side.mT)
        return _doubles(found / length[:, :, None] ** 2)

    def hessian_product(self, position: Floats, direction: Floats) -> Floats:
        """Hessians times directions (B, n), without the Hessians."""
        length, unit, states = self._on_sphere(position)
        vector = self._tensor(direction)
        slope = self.couplings.gradient(states)
        along = (unit * slope).sum(1, keepdim=True)
        across = slope - along * unit
        radial = (unit * vector).sum(1, keepdim=True)
        tangent = vector - radial * unit
        curved = self.couplings.along(states, tangent)
        curved = curved - (unit * curved).sum(1, keepdim=True) * unit
        side = along * tangent + (across * vector).sum(1, keepdim=True) * unit + radial * across
        found = self.dimension * curved - math.sqrt(self.dimension) * side
        return _doubles(found / length**2)

    def _tensor(self, array: Floats) -> torch.Tensor:
        torch = import_torch()
        rows = checked_positions(array, dimension=self.dimension)
        return torch.tensor(rows, device=self.device, dtype=getattr(torch, self.dtype))

    def _on_sphere(self, position: Floats) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Lengths (B, 1), unit vectors and states on the sphere of radius sqrt(n)."""
        x = self._tensor(position)
        length = x.norm(dim=1, keepdim=True)
        unit = x / length
        return length, unit, unit * math.sqrt(self.dimension)


def spherical_p_spin(n: int = 12, *, p: int = 3, seed: int = 0) -> SphericalPSpin:
    """Spherical p-spin model, ``E(s) = n^(-(p-1)/2) sum X_{i1...ip} s_i1 ... s_ip`` with ``|s|^2 = n``, X ~ N(0, 1).

    The loss of a network in the mapping of Choromanska et al. For large n and p = 3 the ground energy is
    -1.656998 n; gradient descent from random starts ends near ``-E_inf n = -1.632993 n``.

    Parameters
    ----------
    n : int
        Number of spins; up to 585 at p = 3, 90 at p = 4.
    p : int
        Order of the interactions, 2 to 6. For p = 2 the stationary points are the eigenvectors of a random matrix.
    seed : int
        Of the couplings.

    Notes
    -----
    The energy is that of the direction: ``E(x) = H(sqrt(n) x / |x|)``, so that derivatives on the sphere of radius
    sqrt(n) are plain derivatives. At stationary points the Hessian is the Riemannian one,
    ``P (H'' - (s . H' / n)) P``, with the zero mode s.

    Source: Crisanti, Sommers, Z. Phys. B 87, 341 (1992); Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS
    (2015).

    Examples
    --------
    >>> model = spherical_p_spin(8, p=2, seed=1)
    >>> matrix = SphericalCouplings(8, 2, seed=1).parts[0]
    >>> s = np.sqrt(8) * np.linalg.eigh(matrix)[1][:, :1].T
    >>> bool(abs(model.energy_and_gradient(s)[1]).max() < 1e-12)
    True
    """
    couplings = SphericalCouplings(n, p, seed=seed)
    kernel = None
    if couplings.packed.size <= LARGEST_KERNEL:
        from spinfunnel.systems.surfaces.pspin_kernels import pspin_kernel

        kernel = pspin_kernel(couplings.packed)
    return SphericalPSpin(couplings, {"n": n, "p": p, "seed": seed}, kernel=kernel)


def _doubles(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.detach().to("cpu").double().numpy())
