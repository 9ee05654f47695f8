"""Annealing with some features fixed: pairs of spins, bits where there are no interactions, contacts of a chain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, Landscape, Polynomial, no_progress
from spinfunnel.landscape.states import Walkable
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.spins import (
    Model,
    Spins,
    next_random,
    random_spins,
    spin_energy,
    spin_model,
    start_changes,
    turn,
)

__all__ = ["ChainSearch", "Search", "SpinSearch"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SWEEPS = 20
"""Sweeps of an annealing: moves offered for each free feature."""
STEPS = 10
"""Temperatures of an annealing."""
HOT, COLD = 2.0, 0.1
"""First and last temperature of spins, in units of the root mean square field of random states."""
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


@njit(cache=True, nogil=True)
def anneal_spins(
    model: Model, free: Ints, held: Spins, temperatures: Floats, sweeps: int, seed: NDArray[np.uint64], target: float,
    states: Spins, spent: Ints, reached: Ints,
) -> None:  # fmt: skip
    """Anneal random states of which only the `free` spins move; `held` has the values of the others."""
    change, state = np.empty(model.size), np.empty(1, np.uint64)
    for run in range(seed.size):
        spins = states[run]
        state[0] = seed[run]
        random_spins(state, spins)
        for i in range(model.size):
            if held[i] != 0:
                spins[i] = held[i]
        start_changes(model, spins, change)
        level, made = spin_energy(model, spins), 1
        reached[run] = 1 if level <= target else -1
        for temperature in temperatures:
            for _ in range(sweeps * free.size):
                luck = next_random(state)
                i = free[np.int64(((luck >> np.uint64(32)) * np.uint64(free.size)) >> np.uint64(32))]
                rise, made = change[i], made + 1
                if rise > 0.0 and math.exp(-rise / temperature) * 4294967296.0 <= np.float64(
                    luck & np.uint64(0xFFFFFFFF)
                ):
                    continue
                level += rise
                turn(model, spins, change, i)
                if level <= target and reached[run] < 0:
                    reached[run] = made
        spent[run] = made


@njit(cache=True, nogil=True)
def descend_spins(model: Model, target: float, states: Spins, energies: Floats, spent: Ints, reached: Ints) -> None:
    """Go steepest downhill with all spins free, in place; each neighbour of a step is an energy evaluation."""
    change = np.empty(model.size)
    for run in range(energies.size):
        spins = states[run]
        start_changes(model, spins, change)
        while True:
            i = np.argmin(change)
            spent[run] += model.size
            if change[i] >= -model.tolerance:
                break
            turn(model, spins, change, i)
        energies[run] = spin_energy(model, spins)
        if energies[run] <= target and reached[run] < 0:
            reached[run] = spent[run]


@dataclass(frozen=True, slots=True)
class _Reduced:
    """A polynomial in fewer spins, as `spin_model` takes it."""

    name: str
    size: int
    terms: Mapping[int, tuple[NDArray[np.int32], Floats]]
    unit: float | None
    constant: float
    symmetries: tuple[()] = ()


def reduced(landscape: Polynomial, block: Ints, sign: Spins) -> Polynomial:
    """Return a polynomial landscape in blocks of spins: ``s_i = sign_i S_(block_i)``.

    Houdayer, Martin, Phys. Rev. Lett. 83, 1030 (1999), where blocks are found by what replicas agree on.

    Examples
    --------
    >>> from spinfunnel.systems import edwards_anderson
    >>> ring = edwards_anderson((4,), bonds="bimodal", seed=1)
    >>> pairs = reduced(ring, np.array([0, 0, 1, 1]), np.ones(4, np.int8))
    >>> pairs.size, pairs.terms[2][0].tolist()
    (2, [[0, 1]])
    """
    blocks, constant = int(block.max()) + 1, float(landscape.constant)
    orders: dict[int, list[tuple[NDArray[np.int32], Floats]]] = {}
    for rows, coefficients in landscape.terms.values():
        values = coefficients * np.prod(sign[rows], axis=1)
        odd = np.sort(block[rows], axis=1)
        # A block that occurs twice in a term is squared away.
        for place in range(odd.shape[1] - 1):
            twice = (odd[:, place] == odd[:, place + 1]) & (odd[:, place] < blocks)
            odd[twice, place], odd[twice, place + 1] = blocks, blocks
        left, number = np.unique(np.sort(odd, axis=1), axis=0, return_inverse=True)
        value, length = np.bincount(number.ravel(), weights=values, minlength=len(left)), (left < blocks).sum(axis=1)
        constant += float(value[length == 0].sum())
        for order in np.unique(length[length > 0]).tolist():
            own = length == order
            orders.setdefault(order, []).append((left[own, :order].astype(np.int32), value[own]))
    terms = {
        order: (np.concatenate([rows for rows, _ in parts]), np.concatenate([values for _, values in parts]))
        for order, parts in orders.items()
    }
    unit = getattr(landscape, "unit", None)
    return cast("Polynomial", _Reduced(landscape.name, blocks, terms, unit, constant))


def temperatures_of(model: Model) -> Floats:
    """Temperatures of an annealing, from where everything moves to where little does."""
    if model.table.size:
        return np.geomspace(0.7, 0.07, STEPS) * max(float(model.table.std()), 1e-12)
    square = np.add.reduceat(np.append(model.weight**2, 0.0), model.start[:-1]) * (np.diff(model.start) > 0)
    return np.geomspace(HOT, COLD, STEPS) * max(float(np.sqrt(square.mean())), 1e-12)


@dataclass(slots=True, eq=False)
class SpinSearch:
    """Spins of a binary landscape: its features are pairs of spins that interact, alike or opposite.

    Fixed pairs tie spins to blocks, which are annealed as one spin each; so that neither the global flip nor a wall
    between two domains hides what states agree on. Of a landscape that is no polynomial the features are its bits.

    Attributes
    ----------
    landscape : Binary
    model : Model
    pairs : array of int32, shape (features, 2)
        Empty where bits are fixed.
    """

    landscape: Binary
    model: Model
    pairs: NDArray[np.int32]
    workers: int
    _last: Spins
    only_present: bool = False

    @classmethod
    def of(cls, landscape: Binary, *, workers: int) -> SpinSearch:
        """Anneal a binary landscape.

        Raises
        ------
        InputError
            For a large one that is no polynomial in spins.
        """
        model = spin_model(landscape)
        return cls(landscape, model, _partners(landscape), workers, np.zeros((0, landscape.size), np.int8))

    @property
    def features(self) -> int:
        """Number of pairs, or of bits."""
        return len(self.pairs) or self.model.size

    def anneal(
        self, fixes: NDArray[np.int8], count: int, rng: np.random.Generator, target: float
    ) -> tuple[Ints, Floats, int, int]:
        """See `Search`."""
        small, block, sign, held = self.model, np.arange(self.model.size), np.ones(self.model.size, np.int8), fixes
        if len(self.pairs):
            block, sign = _blocks(self.pairs, fixes, self.model.size)
            held = np.full(int(block.max()) + 1, -1, np.int8)
            if len(held) < self.model.size:
                small = spin_model(reduced(cast("Polynomial", self.landscape), block, sign))
        free, values = np.flatnonzero(held < 0), np.where(held < 0, 0, 2 * held - 1).astype(np.int8)
        seed, temperatures = rng.integers(0, 1 << 64, count, dtype=np.uint64), temperatures_of(small)
        spent, reached, energies = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
        states, few = np.zeros((count, self.model.size), np.int8), np.zeros((count, len(held)), np.int8)

        def goal(model: Model) -> float:
            return (target - model.constant) / model.unit

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            anneal_spins(
                small, free, values, temperatures, max(1, SWEEPS // STEPS), seed[part], goal(small), few[part],
                spent[part], reached[part],
            )  # fmt: skip
            states[part] = sign * few[part][:, block]
            descend_spins(self.model, goal(self.model), states[part], energies[part], spent[part], reached[part])

        over_blocks(work, count, workers=self.workers, progress=no_progress, stage="annealing", block=8)
        self._last = states
        energies = self.model.unit * energies + self.model.constant + 0.0
        return np.arange(count), energies, int(spent.sum()), first_reached(spent, reached)

    def shown(self, states: Ints, fixes: NDArray[np.int8]) -> NDArray[np.int8]:  # noqa: ARG002
        """Which pairs are alike; or bits."""
        spins = self._last[states]
        if len(self.pairs):
            return (spins[:, self.pairs[:, 0]] == spins[:, self.pairs[:, 1]]).astype(np.int8)
        return (spins > 0).astype(np.int8)

    def keys(self, states: Ints) -> tuple[NDArray[np.str_], Ints]:
        """Bits, the last 0 where the global flip is divided out."""
        bits = self._last[states] > 0
        if self.model.flip:
            bits = bits ^ bits[:, -1:]
        letters = np.ascontiguousarray(bits.astype(np.uint32) + np.uint32(ord("0")))
        return letters.view(f"U{self.model.size}")[:, 0], np.full(len(states), 1 + self.model.flip, np.int64)


def _partners(landscape: Binary) -> NDArray[np.int32]:
    """Pairs of spins that share a term; none of a landscape without terms."""
    if not isinstance(landscape, Polynomial):
        return np.zeros((0, 2), np.int32)
    found = [np.zeros((0, 2), np.int32)]
    for order, (rows, _) in landscape.terms.items():
        found += [rows[:, [i, j]] for i in range(order) for j in range(i + 1, order)]
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0).astype(np.int32)


def _blocks(pairs: NDArray[np.int32], fixes: NDArray[np.int8], size: int) -> tuple[Ints, Spins]:
    """Block of each spin, and its sign within it; of pairs that contradict each other the first ones count."""
    block, sign = np.arange(size), np.ones(size, np.int8)
    for (i, j), alike in zip(pairs[fixes >= 0].tolist(), fixes[fixes >= 0].tolist(), strict=True):
        if block[i] != block[j]:
            joined = block == block[j]
            sign[joined] *= sign[i] * sign[j] * (2 * alike - 1)
            block[joined] = block[i]
    return np.unique(block, return_inverse=True)[1].astype(np.int64), sign


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
