"""The random energy model, with a slope toward a target: the dial from glass to funnel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.spins.state_blocks import block_count, enumerated_bits

__all__ = ["RandomEnergyModel", "random_energy_model", "state_numbers"]

BLOCK = 1 << 12


def state_numbers(states: NDArray[np.uint8], *, size: int, name: str) -> NDArray[np.uint64]:
    """Numbers (B,) of states (B, N) given as bits, N <= 64.

    Examples
    --------
    >>> state_numbers(np.array([[0, 1, 1]], np.uint8), size=3, name="rem").tolist()
    [6]
    """
    bits = np.asarray(states)
    if bits.ndim != 2 or bits.shape[1] != size:
        raise InputError(f"states of {name} are rows of {size} bits, got an array of shape {bits.shape}")
    weight = np.uint64(1) << np.arange(size, dtype=np.uint64)
    numbers: NDArray[np.uint64] = np.where(bits != 0, weight, np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return numbers


@dataclass(frozen=True, slots=True, eq=False)
class RandomEnergyModel:
    """Independent normal energies on the cube, plus a slope; a `Binary` landscape made by `random_energy_model`.

    The energy of a state is a function of its number and the seed alone, so any state can be asked for, in any order
    and block. Enumeration takes about 2 ns for a state on two threads and no memory beyond `out`.
    """

    kind: ClassVar[Kind] = Kind.BINARY

    size: int
    slope: float
    seed: int

    __repr__ = short_name

    @property
    def name(self) -> str:
        """Name of the system."""
        return "rem"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was made from."""
        return {"n": self.size, "slope": self.slope, "seed": self.seed}

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """None."""
        return ()

    @property
    def identity(self) -> str:
        """Hash of name, parameters and the generator's version."""
        return identity_hash(self.name, {**self.parameters, "generator": "splitmix64 as241"})

    @property
    def target(self) -> NDArray[np.uint8]:
        """Bits (n,) of the state toward which the slope leads."""
        return disorder(self.seed, 1).integers(0, 2, self.size).astype(np.uint8)

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        from spinfunnel.systems.spins.rem_kernels import hashed_normals_of

        numbers = state_numbers(states, size=self.size, name=self.name)
        out = np.empty(len(numbers))
        hashed_normals_of(out, numbers, *self._arguments())
        return out

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        from spinfunnel.systems.spins.rem_kernels import hashed_normals

        enumerated_bits(out, size=self.size)
        arguments = self._arguments()

        def block(first: int, last: int) -> None:
            for number in range(first, last):
                hashed_normals(out[number * BLOCK : (number + 1) * BLOCK], number * BLOCK, *arguments)

        over_blocks(
            block, block_count(len(out), BLOCK), workers=workers, progress=progress, stage="energies", block=256
        )

    def _arguments(self) -> tuple[np.uint64, float, float, np.uint64]:
        key = np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0]
        target = state_numbers(self.target[None], size=self.size, name=self.name)[0]
        return key, math.sqrt(self.size / 2.0), self.slope, target


def random_energy_model(n: int = 12, *, slope: float = 0.0, seed: int = 0) -> RandomEnergyModel:
    """Random energy model, ``E_x = N(0, n / 2) + slope * d(x, target)`` with the Hamming distance d.

    Parameters
    ----------
    n : int
        Number of bits, 1 to 62.
    slope : float
        The dial from glass (0) to funnel (several) around a target state drawn from the seed; the target's own
        energy is drawn like any other.
    seed : int

    Source: Derrida, Phys. Rev. B 24, 2613 (1981); the slope makes it a rough funnel ("rough Mount Fuji": Aita et al.,
    Biopolymers 54, 64, 2000).

    Examples
    --------
    >>> model = random_energy_model(10, seed=1)
    >>> energies = np.empty(1024)
    >>> model.enumerate(energies)
    >>> bool(abs(energies.mean()) < 0.3), bool(4.0 < energies.var() < 6.0)
    (True, True)
    """
    check_range("n", n, low=1, high=62)
    check_range("slope", slope, low=-1e6, high=1e6)
    check_range("seed", seed, low=0)
    return RandomEnergyModel(n, float(slope), seed)
