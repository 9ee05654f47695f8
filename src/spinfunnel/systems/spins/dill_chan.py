"""The landscapes that Dill and Chan drew: golf course, moat, champagne glass, rugged and smooth funnel, made exact.

A chain of n residues, each in its native conformation or in one of ``states - 1`` others. Energy is a function of the
number d of residues that are not native, and ``C(n, d) (states - 1)^d`` states share a d: depth and width of each
funnel are known to the last digit. Energies are counted from the unfolded chain, the native state has ``-n``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.ranges import check_choice, check_range, disorder
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import block_count, enumerated_bits

__all__ = ["SHAPES", "DillChan", "dill_chan"]

SHAPES = ("smooth", "rugged", "moat", "champagne", "golf")
STATES = ("2", "4", "8", "16")
BLOCK = 1 << 14

Numbers = NDArray[np.uint64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DillChan:
    """A landscape of one of the `SHAPES`; a `Binary` landscape made by `dill_chan`."""

    kind: ClassVar[Kind] = Kind.BINARY

    residues: int
    shape: str
    states: int
    roughness: float
    rim: float
    ditch: float
    seed: int

    __repr__ = short_name

    @property
    def name(self) -> str:
        """Name of the system."""
        return "dill-chan"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was made from."""
        dials: dict[str, dict[str, Parameter]] = {
            "rugged": {"roughness": self.roughness}, "moat": {"ditch": self.ditch}, "champagne": {"rim": self.rim},
        }  # fmt: skip
        own = dials.get(self.shape, {})
        return {"n": self.residues, "shape": self.shape, "states": self.states, **own, "seed": self.seed}

    @property
    def _width(self) -> int:
        return self.states.bit_length() - 1

    @property
    def size(self) -> int:
        """Number of bits."""
        return self.residues * self._width

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """None are declared: those that exist depend on the native state and are of no use."""
        return ()

    @property
    def identity(self) -> str:
        """Hash of name, parameters and the generator's version."""
        return identity_hash(self.name, {**self.parameters, "generator": "splitmix64 as241"})

    @property
    def native(self) -> NDArray[np.uint8]:
        """Bits of the native state."""
        return disorder(self.seed, 1).integers(0, 2, self.size).astype(np.uint8)

    def degeneracy(self) -> NDArray[np.float64]:
        """Number of states with d = 0, ..., n residues that are not native.

        Examples
        --------
        >>> dill_chan(3, states=4).degeneracy().tolist()
        [1.0, 9.0, 27.0, 27.0]
        """
        n = self.residues
        return np.array([float(math.comb(n, d)) * float(self.states - 1) ** d for d in range(n + 1)])

    def profile(self, *, gate: bool = True) -> Floats:
        """Energy against d, without roughness.

        Parameters
        ----------
        gate : bool
            Of the moat: whether the first residue is native, which is the way around the ditch. Where it is not, d is
            at least 1.

        Examples
        --------
        >>> dill_chan(4, shape="champagne", rim=0.5).profile().tolist()
        [-4.0, -2.0, 0.0, 0.0, 0.0]
        >>> dill_chan(8, shape="moat", ditch=0.125).profile(gate=False).tolist()
        [-5.0, -5.0, -5.0, -6.0, -6.0, -3.0, -2.0, -1.0, 0.0]
        """
        n, d = self.residues, np.arange(self.residues + 1, dtype=np.float64)
        if self.shape == "golf":
            return np.where(d == 0, -float(n), 0.0)
        if self.shape == "champagne":
            return np.minimum(n * (d / max(1.0, round(self.rim * n)) - 1.0), 0.0)
        slope = d - n
        if self.shape != "moat" or gate:
            return slope
        inner = self._inner
        bank, bed = inner - n, inner - n - self.ditch * n
        return np.where(d < inner, bank, np.where(d <= inner + 1, bed, slope))

    @property
    def _inner(self) -> float:
        """Least d in the ditch; it is two residues wide, so that it is one valley."""
        return float(1 + max(1, round(self.residues / 4)))

    def energy(self, states: NDArray[np.uint8]) -> Floats:
        """Energies (B,) of states (B, N) given as bits."""
        return self._energies(state_numbers(states, size=self.size, name=self.name))

    def enumerate(self, out: Floats, *, workers: int = 1, progress: Progress = no_progress) -> None:
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)

        def block(first: int, last: int) -> None:
            for number in range(first, last):
                start, stop = number * BLOCK, min((number + 1) * BLOCK, len(out))
                out[start:stop] = self._energies(np.arange(start, stop, dtype=np.uint64))

        over_blocks(block, block_count(len(out), BLOCK), workers=workers, progress=progress, stage="energies", block=16)

    def _energies(self, numbers: Numbers) -> Floats:
        target = state_numbers(self.native[None], size=self.size, name=self.name)[0]
        wrong, every = numbers ^ target, sum(1 << (self._width * place) for place in range(self.residues))
        spread = wrong.copy()
        for shift in range(1, self._width):
            spread |= wrong >> np.uint64(shift)
        spread &= np.uint64(every)
        distance = np.bitwise_count(spread).astype(np.int64)
        out: Floats = self.profile()[distance]
        if self.shape == "moat":
            out = np.where(spread & np.uint64(1), self.profile(gate=False)[distance], out)
        if self.shape == "rugged":
            out += np.where(distance == 0, 0.0, self._rough(numbers))
        return out

    def _rough(self, numbers: Numbers) -> Floats:
        from spinfunnel.systems.spins.rem_kernels import hashed_normals_of

        key = np.random.SeedSequence(self.seed).generate_state(1, np.uint64)[0]
        out = np.empty(len(numbers))
        hashed_normals_of(out, numbers, key, self.roughness, 0.0, np.uint64(0))
        return out


def dill_chan(
    n: int = 12, *, shape: str = "rugged", states: int = 2, roughness: float = 0.8, rim: float = 0.5,
    ditch: float = 0.2, seed: int = 0,
) -> DillChan:  # fmt: skip
    """Landscape of Dill and Chan: energy by the number d of residues that are not native.

    Parameters
    ----------
    n : int
        Number of residues; together they have at most 62 bits.
    shape : {"smooth", "rugged", "moat", "champagne", "golf"}
        *smooth*: ``E = d - n``. *rugged*: the same, and independent normal energies on every state but the native one.
        *moat*: as smooth where the first residue is native; where it is not, a ditch lies around the native state.
        *champagne*: flat far from the native state, steep near it. *golf*: flat but for the native state.
    states : {2, 4, 8, 16}
        Conformations of a residue, one of them native. One bit is changed at a time: with 2 the native one is a move
        away, with more it may be several.
    roughness : float
        Of the rugged funnel: standard deviation, in units of what a native residue gains.
    rim : float
        Of the champagne glass: share of the residues that are wrong where its wall begins, above 0 to 1.
    ditch : float
        Of the moat: depth in units of the whole, n; 0 to 0.24, for the native state is deeper.
    seed : int
        Of the native state and the roughness.

    Source: Dill, Chan, Nat. Struct. Biol. 4, 10 (1997), figures 3 to 6; the degeneracy is that of Zwanzig, Szabo,
    Bagchi, PNAS 89, 20 (1992).

    Examples
    --------
    >>> glass = dill_chan(4, shape="champagne", seed=2)
    >>> energies = np.empty(16)
    >>> glass.enumerate(energies)
    >>> np.unique(energies, return_counts=True)[1].tolist()
    [1, 4, 11]
    """
    check_choice("shape", shape, SHAPES)
    check_choice("states", str(states), STATES)
    width = states.bit_length() - 1
    check_range("n", n, low=3, high=62 // width)
    check_range("roughness", roughness, low=0.0, high=1e6)
    check_range("rim", rim, low=1e-9, high=1.0)
    check_range("ditch", ditch, low=0.0, high=0.24)
    check_range("seed", seed, low=0)
    return DillChan(n, shape, states, float(roughness), float(rim), float(ditch), seed)
