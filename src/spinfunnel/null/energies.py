"""The null of topography: the same energies, dealt at random over the same states.

It destroys topography and keeps thermodynamics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.landscape.kinds import Kind
from spinfunnel.null.ensemble import flooded, refused, without_bits
from spinfunnel.null.row import Asked, Found, Null
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import enumerated_bits

__all__ = ["SHUFFLED_ENERGIES", "ShuffledEnergies", "dealt", "orbit_numbers"]

LARGEST = 28


@dataclass(frozen=True, slots=True, eq=False)
class ShuffledEnergies:
    """A landscape's energies dealt at random over its states, its symmetries kept; a `Binary` landscape.

    This is a random energy model with the very same density of states: topography is destroyed, thermodynamics is
    kept. Symmetric copies of a state stay equal: energies are dealt over orbits, among orbits of equal size, so that
    the multiset of energies is exactly that of the landscape.

    Parameters
    ----------
    landscape : Binary
        At most 28 bits.
    seed : int
        Of the deal.
    energies : array of float64, optional
        The landscape's enumerated energies, to save doing it again for each seed; it is only read.

    Notes
    -----
    Memory: a second array of energies, and with symmetries beyond the global flip a number of 8 bytes for each
    state; about 10 ns for a state and deal.

    Examples
    --------
    >>> from spinfunnel.systems.spins.glasses import sherrington_kirkpatrick
    >>> glass = sherrington_kirkpatrick(6, seed=1)
    >>> null = ShuffledEnergies(glass, seed=2)
    >>> before, after = np.empty(32), np.empty(32)
    >>> glass.enumerate(before)
    >>> null.enumerate(after)
    >>> bool((before == after).all()), bool((np.sort(before) == np.sort(after)).all())
    (False, True)
    """

    kind: ClassVar[Kind] = Kind.BINARY

    landscape: Binary
    seed: int = 0
    energies: NDArray[np.float64] = field(init=False, repr=False)

    def __init__(self, landscape: Binary, seed: int = 0, *, energies: NDArray[np.float64] | None = None) -> None:
        check_range("seed", seed, low=0)
        if landscape.size > LARGEST:
            raise InputError(
                f"{landscape.size} bits are too many to deal out energies "
                f"one by one; the null is made up to {LARGEST} bits"
            )
        halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
        states = 1 << (landscape.size - halved)
        if energies is None:
            energies = np.empty(states)
            landscape.enumerate(energies)
        elif energies.shape != (states,):
            raise InputError(f"energies of shape {energies.shape} are not those of {states} states")
        put = object.__setattr__
        put(self, "landscape", landscape)
        put(self, "seed", seed)
        put(self, "energies", self._dealt(energies))

    @property
    def name(self) -> str:
        """Name of the landscape, marked as shuffled."""
        return f"{self.landscape.name} (shuffled energies)"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Those of the landscape, and the seed of the deal."""
        return {**self.landscape.parameters, "deal": self.seed}

    @property
    def size(self) -> int:
        """Number of bits."""
        return self.landscape.size

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Those of the landscape."""
        return self.landscape.symmetries

    @property
    def identity(self) -> str:
        """Hash of the landscape's identity and the seed."""
        return identity_hash("shuffled energies", {"of": self.landscape.identity, "deal": self.seed})

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        numbers = state_numbers(states, size=self.size, name=self.name)
        if len(self.energies) < 1 << self.size:
            top = np.uint64(1) << np.uint64(self.size - 1)
            numbers = np.where(numbers & top, numbers ^ np.uint64((1 << self.size) - 1), numbers)
        return self.energies[numbers.astype(np.int64)]

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        bits = enumerated_bits(out, size=self.size)
        if len(out) <= len(self.energies):
            out[:] = self.energies[: len(out)]
        else:
            out[: len(out) // 2] = self.energies[: len(out) // 2]
            out[len(out) // 2 :] = self.energies[::-1][: 1 << (bits - 1)]
        progress("energies", 1.0)

    def _dealt(self, energies: NDArray[np.float64]) -> NDArray[np.float64]:
        rng = np.random.default_rng(self.seed)
        if not [symmetry for symmetry in self.symmetries if not symmetry.is_global_flip]:
            return rng.permutation(energies)
        first = orbit_numbers(self.landscape, len(energies))
        founders, orbit, sizes = np.unique(first, return_inverse=True, return_counts=True)
        values = energies[founders]
        dealt = np.empty_like(values)
        for size in np.unique(sizes):
            same = np.flatnonzero(sizes == size)
            dealt[same] = values[rng.permutation(same)]
        return dealt[orbit]


def orbit_numbers(landscape: Binary, states: int) -> NDArray[np.int64]:
    """Smallest number in the orbit of each of the first `states` states, under all symmetries.

    Labels are lowered along the generators until nothing changes.

    Examples
    --------
    >>> from spinfunnel.systems.spins.low_autocorrelation import low_autocorrelation
    >>> orbit_numbers(low_autocorrelation(3), 4).tolist()
    [0, 1, 0, 1]
    """
    size = landscape.size
    numbers = np.arange(states, dtype=np.int64)
    flip = (1 << size) - 1
    maps = []
    for symmetry in landscape.symmetries:
        if symmetry.is_global_flip and states < 1 << size:
            continue
        image = np.zeros(states, np.int64)
        for i, (source, turned) in enumerate(zip(symmetry.permutation, symmetry.flips, strict=True)):
            image |= (((numbers >> source) & 1) ^ turned) << i
        maps.append(np.where(image >= states, image ^ flip, image) if states < 1 << size else image)
    label = numbers
    while True:
        lowered = label
        for image in maps:
            lowered = np.minimum(lowered, lowered[image])
            np.minimum.at(lowered, image, lowered.copy())
        lowered = lowered[lowered]
        if np.array_equal(lowered, label):
            return label
        label = lowered


def dealt(landscape: Binary, workers: int) -> Callable[[int], ShuffledEnergies]:
    """What makes samples: the landscape's energies, enumerated once, dealt by a seed."""
    # Half the states where the global flip is divided out: the contract of `Binary.enumerate`.
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (landscape.size - halved))
    landscape.enumerate(energies, workers=workers)
    return lambda draw: ShuffledEnergies(landscape, seed=draw, energies=energies)


def _exact(asked: Asked) -> Found:
    return flooded(asked, dealt, title="shuffled energies")


def _beyond(asked: Asked) -> Found:
    """Where not all energies are known."""
    return refused(without_bits(asked.landscape) or _not_listed())


def _not_listed() -> NoAnswer:
    return NoAnswer(
        "too_large",
        "the energies of a landscape that was sampled are not all known, and cannot be shuffled",
        "compare with shuffled interactions, or at a smaller size",
    )


SHUFFLED_ENERGIES = Null(
    "shuffled_energies",
    "the same energies at random over the same states: topography is destroyed, thermodynamics is kept",
    "Derrida, Phys. Rev. B 24, 2613 (1981)",
    exact=_exact,
    sampled=_beyond,
    smooth=_beyond,
)
