"""The other end of the shuffled null: the same energies, sorted by distance from the native states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, Kind, Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.measure.native_distances import native_distances
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import enumerated_bits

__all__ = ["SortedEnergies"]

LARGEST = 26
"""Bits: energies, distances and an order of the states are held."""


@dataclass(frozen=True, slots=True, eq=False)
class SortedEnergies:
    """A landscape's energies sorted by distance from its ground states, at random within a shell; a `Binary` landscape.

    The perfect funnel with the same density of states: thermodynamics is kept, and every step toward the native states
    leads down, or nearly so. Rulers that stand at 0 for the shuffled energies stand near 1 for these.

    Parameters
    ----------
    landscape : Binary
        At most 26 bits.
    seed : int
        Of the order within shells.

    Examples
    --------
    >>> from spinfunnel.systems.spins.glasses import sherrington_kirkpatrick
    >>> glass = sherrington_kirkpatrick(6, seed=1)
    >>> before, after = np.empty(32), np.empty(32)
    >>> glass.enumerate(before)
    >>> SortedEnergies(glass, seed=2).enumerate(after)
    >>> bool((np.sort(before) == np.sort(after)).all()), int(before.argmin()) == int(after.argmin())
    (True, True)
    """

    kind: ClassVar[Kind] = Kind.BINARY

    landscape: Binary
    seed: int = 0
    energies: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_range("seed", self.seed, low=0)
        if self.size > LARGEST:
            raise InputError(f"{self.size} bits are too many to sort energies; the null is made up to {LARGEST} bits")
        energies = np.empty(1 << (self.size - len(self.symmetries)))
        self.landscape.enumerate(energies)
        away = native_distances(energies, size=self.size)
        chance = np.random.default_rng(self.seed).random(len(energies))
        placed = np.empty_like(energies)
        placed[np.lexsort((chance, away))] = np.sort(energies)
        object.__setattr__(self, "energies", placed)

    @property
    def name(self) -> str:
        """Name of the landscape, marked as sorted."""
        return f"{self.landscape.name} (sorted energies)"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Those of the landscape, and the seed of the order."""
        return {**self.landscape.parameters, "order": self.seed}

    @property
    def size(self) -> int:
        """Number of bits."""
        return self.landscape.size

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """The global flip, where the landscape has it; other symmetries are lost."""
        return tuple(symmetry for symmetry in self.landscape.symmetries if symmetry.is_global_flip)

    @property
    def identity(self) -> str:
        """Hash of the landscape's identity and the seed."""
        return identity_hash("sorted energies", {"of": self.landscape.identity, "order": self.seed})

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        numbers = state_numbers(states, size=self.size, name=self.name).astype(np.int64)
        last = (1 << self.size) - 1
        return self.energies[np.where(numbers >= len(self.energies), numbers ^ last, numbers)]

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)
        half = min(len(out), len(self.energies))
        out[:half] = self.energies[:half]
        if len(out) > half:
            out[half:] = self.energies[::-1]
        progress("energies", 1.0)
