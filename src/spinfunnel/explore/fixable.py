"""Annealing with some features fixed: bits of a binary landscape, contacts of a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.blocks import over_blocks
from spinfunnel.states import Walkable

from ..landscape import Binary, InputError, Landscape, index_key, no_progress

__all__ = ["BitSearch", "ChainSearch", "Search"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_BITS = 24
"""Bits up to which the energies of all states are looked up."""
SWEEPS = 20
"""Sweeps of an annealing: moves offered for each free feature."""
STEPS = 10
"""Temperatures of an annealing."""
LEAST = 0.2
"""Smallest share of an unfixed chain's annealing that a chain of fixed contacts still gets."""
BIAS = 3.0
"""What a fixed contact counts beyond its own energy, in units of the landscape's scale."""


class Search(Protocol):
    """A landscape whose states are annealed with some features fixed."""

    only_present: bool
    """Whether a feature is fixed as present only (a contact), not as absent."""

    @property
    def features(self) -> int:
        """Number of features."""
        ...

    def anneal(
        self, fixes: NDArray[np.int8], count: int, rng: np.random.Generator, target: float
    ) -> tuple[Ints, Floats, int, int]:
        """Anneal so many random states with the fixes, then descend with everything free.

        Returns
        -------
        states : array of int64
            Numbers by which `shown` and `keys` know them.
        energies : array of float64
        spent : int
            Energy evaluations.
        reached : int
            Evaluations when the target was first reached, the states one after the other, or -1.
        """
        ...

    def shown(self, states: Ints, fixes: NDArray[np.int8]) -> NDArray[np.int8]:
        """Features of states, shape (count, features), of the symmetric copies nearest to the fixes."""
        ...

    def keys(self, states: Ints) -> tuple[NDArray[np.str_], Ints]:
        """Keys, and symmetric copies."""
        ...


@njit(cache=True, nogil=True, inline="always")
def _mixed(number: np.uint64) -> np.uint64:
    """Output of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(cache=True, nogil=True)
def anneal_table(
    energies: Floats, free: Ints, held: int, temperatures: Floats, sweeps: int, seed: NDArray[np.uint64], bits: int,
    target: float, state: Ints, energy: Floats, spent: Ints, reached: Ints,
) -> None:  # fmt: skip
    """Anneal numbered states of which only the `free` bits move, then descend with all bits free."""
    step = np.uint64(0x9E3779B97F4A7C15)
    for run in range(seed.size):
        number = seed[run] + step
        drawn = np.int64(_mixed(number) & np.uint64((1 << bits) - 1))
        here = held
        for bit in free:
            here |= drawn & (np.int64(1) << bit)
        level, made = energies[here], 1
        reached[run] = 1 if level <= target else -1
        for temperature in temperatures:
            for _ in range(sweeps * free.size):
                number = number + step
                draw = _mixed(number)
                bit = free[np.int64(((draw >> np.uint64(32)) * np.uint64(free.size)) >> np.uint64(32))]
                other = here ^ (np.int64(1) << bit)
                rise = energies[other] - level
                made += 1
                if rise > 0.0:
                    number = number + step
                    uniform = np.float64(_mixed(number) >> np.uint64(11)) * 1.1102230246251565e-16
                    if uniform >= np.exp(-rise / temperature):
                        continue
                here, level = other, energies[other]
                if level <= target and reached[run] < 0:
                    reached[run] = made
        lower = True
        while lower:
            lower = False
            best, lowest = here, level
            for bit in range(bits):
                other = here ^ (np.int64(1) << bit)
                made += 1
                if energies[other] < lowest:
                    best, lowest, lower = int(other), energies[other], True
            here, level = best, lowest
            if level <= target and reached[run] < 0:
                reached[run] = made
        state[run], energy[run], spent[run] = here, level, made


@dataclass(slots=True, eq=False)
class BitSearch:
    """Bits of a landscape of which all energies are looked up; the global flip is divided out by the first bit."""

    name: str
    size: int
    energies: Floats
    temperatures: Floats
    mirrored: bool
    workers: int
    only_present: bool = False

    @classmethod
    def of(cls, landscape: Binary, *, workers: int) -> BitSearch:
        """Look up all energies of a landscape.

        Raises
        ------
        InputError
            For more than `MOST_BITS` bits.
        """
        mirrored = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
        free = landscape.size - mirrored
        if free > MOST_BITS:
            raise InputError(
                f"iterative fixing looks up all energies of {landscape.name}: up to {MOST_BITS} free bits, not {free}"
            )
        half = np.empty(1 << free)
        landscape.enumerate(half, workers=workers)
        energies = np.concatenate([half, half[::-1]]) if mirrored else half
        rough = float(half.std())
        return cls(landscape.name, landscape.size, energies, np.geomspace(0.7, 0.07, STEPS) * max(rough, 1e-12),
                   mirrored, workers)  # fmt: skip

    @property
    def features(self) -> int:
        """Number of bits."""
        return self.size

    def anneal(
        self, fixes: NDArray[np.int8], count: int, rng: np.random.Generator, target: float
    ) -> tuple[Ints, Floats, int, int]:
        """See `Search`."""
        free = np.flatnonzero(fixes < 0)
        held = int(sum(1 << bit for bit in np.flatnonzero(fixes == 1).tolist()))
        seed = rng.integers(0, 1 << 64, count, dtype=np.uint64)
        state, spent, reached = (np.zeros(count, np.int64) for _ in range(3))
        energy = np.zeros(count)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            anneal_table(
                self.energies, free, held, self.temperatures, max(1, SWEEPS // STEPS), seed[part], self.size, target,
                state[part], energy[part], spent[part], reached[part],
            )  # fmt: skip

        over_blocks(work, count, workers=self.workers, progress=no_progress, stage="annealing", block=8)
        return state, energy, int(spent.sum()), first_reached(spent, reached)

    def shown(self, states: Ints, fixes: NDArray[np.int8]) -> NDArray[np.int8]:
        """Bits; of two mirror images the one nearer to the fixes, or without any to the first state."""
        bits = ((states[:, None] >> np.arange(self.size)) & 1).astype(np.int8)
        if self.mirrored:
            known = fixes >= 0
            near = fixes if known.any() else bits[0]
            places = known if known.any() else np.ones(self.size, np.bool_)
            far = (bits != near)[:, places].sum(axis=1) > places.sum() / 2
            bits[far] ^= 1
        return bits

    def keys(self, states: Ints) -> tuple[NDArray[np.str_], Ints]:
        """Bits, the last 0 where the global flip is divided out."""
        copies = np.full(len(states), 1 + self.mirrored, np.int64)
        if self.mirrored:
            states = np.where(states >> (self.size - 1), states ^ ((1 << self.size) - 1), states)
        return index_key(states, size=self.size), copies


def first_reached(spent: Ints, reached: Ints) -> int:
    """Evaluations until the first of several searches, made one after the other, is there; -1 where none is."""
    hit = np.flatnonzero(reached >= 0)
    if not len(hit):
        return -1
    return int(spent[: hit[0]].sum() + reached[hit[0]])


@dataclass(slots=True, eq=False)
class ChainSearch:
    """Contacts of a chain; a fixed contact counts more than its own energy while the chain is annealed."""

    landscape: Walkable
    workers: int
    features: int
    temperatures: Floats
    _last: NDArray[np.int8]
    only_present: bool = True

    @classmethod
    def of(cls, landscape: Landscape, *, workers: int) -> ChainSearch:
        """Anneal a chain.

        Raises
        ------
        InputError
            For a landscape that is no chain.
        """
        if not isinstance(landscape, Walkable):
            raise InputError(
                f"{landscape.name} has no features to fix: iterative fixing takes bits, or a lattice chain"
            )
        one = landscape.draw_states(1, np.random.default_rng(0))
        scale = landscape.energy_scale()
        count = landscape.feature_table(one).shape[1]
        return cls(landscape, workers, count, np.geomspace(1.0, 0.2, STEPS) * scale, one)

    def anneal(
        self, fixes: NDArray[np.int8], count: int, rng: np.random.Generator, target: float
    ) -> tuple[Ints, Floats, int, int]:
        """See `Search`."""
        biased = self.landscape.biased(fixes == 1, BIAS * self.landscape.energy_scale())
        seeds = rng.integers(0, 1 << 64, count, dtype=np.uint64)
        states = self.landscape.draw_states(count, rng)
        spent, reached = np.zeros(count, np.int64), np.full(count, -1, np.int64)
        # A compact chain has about as many contacts as monomers: what share of these is left to be found.
        free = max(LEAST, 1.0 - float((fixes == 1).sum()) / states.shape[1])
        offers = max(1, round(SWEEPS * states.shape[1] ** 2 * free / STEPS))
        for temperature in self.temperatures.tolist():
            energies = biased.energy(states)
            hot = np.full(count, temperature)
            spent += biased.walk(states, energies, hot, offers=offers, seeds=seeds, workers=self.workers)[2]
            # The true energy is known of the last state of each temperature; its evaluations are counted with it.
            there = (self.landscape.energy(states) <= target) & (reached < 0)
            reached[there] = spent[there]
        true = self.landscape.energy(states)
        spent += self.landscape.quench(states, true, workers=self.workers)
        there = (true <= target) & (reached < 0)
        reached[there] = spent[there]
        self._last = states
        return np.arange(count), true, int(spent.sum()), first_reached(spent, reached)

    def shown(self, states: Ints, fixes: NDArray[np.int8]) -> NDArray[np.int8]:  # noqa: ARG002
        """Contacts, which are the same of all copies."""
        return self.landscape.feature_table(self._last[states])

    def keys(self, states: Ints) -> tuple[NDArray[np.str_], Ints]:
        """Bonds of the canonical copies."""
        return self.landscape.state_keys(self._last[states])
