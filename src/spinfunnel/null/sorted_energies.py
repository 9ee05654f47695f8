"""The other end of the shuffled null: the same energies, sorted by distance from the native states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import (
    Binary,
    InputError,
    Kind,
    Parameter,
    Progress,
    Symmetry,
    identity_hash,
    is_binary,
    no_progress,
)  # fmt: skip
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.native_distances import native_distances
from spinfunnel.null.ensemble import flooded, refused, without_bits
from spinfunnel.null.row import Asked, Found, Null
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import enumerated_bits

__all__ = ["SORTED_ENERGIES", "Shells", "SortedEnergies", "sorted_by_distance"]

LARGEST = 26
"""Bits: energies, distances and an order of the states are held."""
SAMPLES = 3
"""At most: they differ within shells alone, and hardly by any measure."""


@dataclass(frozen=True, slots=True, eq=False)
class Shells:
    """States by distance from the ground states, and the energies in ascending order; made once for all samples.

    Attributes
    ----------
    state : array of int64, shape (states,)
        Numbers of the states, nearest first.
    end : array of int64, shape (size + 1,)
        Where each shell ends among them.
    energy : array of float64, shape (states,)
    """

    state: NDArray[np.int64]
    end: NDArray[np.int64]
    energy: NDArray[np.float64]

    @classmethod
    def of(cls, landscape: Binary, *, workers: int = 1) -> Shells:
        """Enumerate a landscape and sort it."""
        halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
        energies = np.empty(1 << (landscape.size - halved))
        landscape.enumerate(energies, workers=workers)
        away = native_distances(energies, size=landscape.size)
        energies.sort()
        shells = np.bincount(away, minlength=landscape.size + 1)
        return cls(np.argsort(away, kind="stable"), np.cumsum(shells), energies)

    def placed(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Energies by number of state, those of a shell at random over it."""
        dealt = self.energy.copy()
        for start, stop in zip([0, *self.end.tolist()], self.end.tolist(), strict=False):
            rng.shuffle(dealt[start:stop])
        energies = np.empty_like(dealt)
        energies[self.state] = dealt
        return energies


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
    shells : Shells, optional
        To save sorting again for each seed.

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

    def __init__(self, landscape: Binary, seed: int = 0, *, shells: Shells | None = None) -> None:
        check_range("seed", seed, low=0)
        if landscape.size > LARGEST:
            raise InputError(f"{landscape.size} bits are too many to sort energies; the null is made up to {LARGEST}")
        put = object.__setattr__
        put(self, "landscape", landscape)
        put(self, "seed", seed)
        put(self, "energies", (shells or Shells.of(landscape)).placed(np.random.default_rng(seed)))

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


def sorted_by_distance(landscape: Binary, workers: int) -> Callable[[int], SortedEnergies]:
    """Sampler of the null: states and energies are sorted once."""
    shells = Shells.of(landscape, workers=workers)
    return lambda draw: SortedEnergies(landscape, draw, shells=shells)


def _exact(asked: Asked) -> Found:
    landscape = asked.landscape
    refusal = without_bits(landscape)
    if refusal is None and is_binary(landscape) and landscape.size > LARGEST:
        refusal = NoAnswer(
            "too_large", f"energies of {landscape.size} bits are not sorted in memory; that is done up to {LARGEST}",
            "compare at a smaller size",
        )  # fmt: skip
    if refusal is not None:
        return refused(refusal)
    return flooded(replace(asked, count=min(asked.count, SAMPLES)), sorted_by_distance, title="sorted energies")


SORTED_ENERGIES = Null(
    "sorted_energies",
    "the same energies sorted by distance from the ground states: the perfect funnel, thermodynamics is kept",
    "as defined by this project; Bryngelson, Wolynes, PNAS 84, 7524 (1987), for the minimally frustrated limit",
    exact=_exact,
)
