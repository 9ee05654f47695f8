"""A chain on the square or cubic lattice whose energy is a sum over its contacts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, Progress, StateList, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.chains.conformations import (
    DIRECTIONS,
    MOVES,
    Conformations,
    conformation_count,
    conformations,
    walk_count,
)
from spinfunnel.systems.chains.lattice_kernels import shared_contacts, step_table
from spinfunnel.systems.chains.lattice_walks import quench_chain, walk_chain
from spinfunnel.systems.ranges import check_choice, check_range

__all__ = [
    "LatticeProtein",
    "bond_keys",
    "canonical_bonds",
    "check_chain",
    "contacts_of",
    "possible_contacts",
    "read_bonds",
    "site_coordinates",
]

MOST_NATIVES = 64
"""Different native contact maps up to which there is an overlap with them."""
LONGEST = 256
SHAKES = 4
"""Slots offered, in units of the square of the length, until a chain has forgotten where it began."""
NEVER = -(1 << 40)


@dataclass(frozen=True, eq=False)
class LatticeProtein:
    """A self-avoiding chain on a lattice with energy ``unit * sum over contacts of pair[i, j]``; a `Finite` landscape.

    A contact is a pair of monomers that are neighbours on the lattice and not along the chain. Its states are the
    conformations up to the rotations and reflections of the lattice; a move is one of the named move set (see
    `spinfunnel.systems.chains.lattice_moves`).

    Attributes
    ----------
    name : str
    parameters : mapping
    dimension : int
        2 or 3.
    pair : array of int32, shape (n, n)
        Energy of each contact in units, symmetric. Whole numbers, so that ties are ties to the last digit.
    unit : float
    moves : {"local", "pivot", "pull"}
    shuffle : {"sequence", "contacts"}
        What the null of shuffled interactions shuffles: the monomers along the chain, or the energies over the contacts
        that can be made.
    """

    kind: ClassVar[Kind] = Kind.CHAIN

    name: str
    parameters: Mapping[str, Parameter]
    dimension: int
    pair: NDArray[np.int32]
    unit: float
    moves: str
    shuffle: Literal["sequence", "contacts"]

    __repr__ = short_name

    @property
    def length(self) -> int:
        """Number of monomers."""
        return len(self.pair)

    @property
    def identity(self) -> str:
        """Hash of the dimension, the move set and the contact energies."""
        return identity_hash(
            "lattice protein", {"dimension": self.dimension, "moves": self.moves, "unit": self.unit}, self.pair
        )

    def plain_states(self) -> int | None:
        """Number of conformations, symmetric copies counted; None for chains so long that it is not known."""
        return walk_count(self.length, self.dimension)

    def distinct_states(self) -> int:
        """Number of conformations up to symmetry; an estimate for chains so long that it is not known."""
        return conformation_count(self.length, self.dimension)

    def list_states(self, *, workers: int = 1, progress: Progress = no_progress) -> StateList:
        """List all conformations in lexicographic order.

        Raises
        ------
        InputError
            For a chain too long to be listed.
        """
        space = conformations(self.length, self.dimension, workers=workers, progress=progress)
        energies = np.multiply(
            self.unit, space.energies(self.pair, workers=workers, progress=progress), dtype=np.float64
        )

        def rows(states: slice | NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
            return space.rows(states, moves=self.moves)

        return StateList(
            energies + 0.0, space.multiplicity, rows, lambda states: bond_keys(space.bonds(states)),
            lambda natives: self._overlap(space, natives), ("rotations and reflections of the lattice",),
            lambda states: self.feature_table(space.bonds(states)),
        )  # fmt: skip

    def _overlap(self, space: Conformations, natives: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Share of native contacts of every conformation: of the native contact map of which it has most."""
        maps = np.unique(space.contact_maps(natives[: 64 * MOST_NATIVES]), axis=0)
        if len(maps) > MOST_NATIVES or len(natives) > 64 * MOST_NATIVES or not maps.any(axis=1).all():
            return None
        n = self.length
        bits = (maps[:, np.arange(n * n) >> 6] >> (np.arange(n * n, dtype=np.uint64) & np.uint64(63))) & np.uint64(1)
        owner = np.bitwise_or.reduce(bits << np.arange(len(maps), dtype=np.uint64)[:, None], axis=0).reshape(n, n)
        return self._shared(space, owner | owner.T, bits.sum(axis=1).astype(np.int64))

    def _shared(self, space: Conformations, owner: NDArray[np.uint64], size: NDArray[np.int64]) -> NDArray[np.float32]:
        out = np.empty(space.states, np.float32)
        shared_contacts(space.code, *space.geometry, owner, size, out)
        return out

    def energy(self, bonds: NDArray[np.int8]) -> NDArray[np.float64]:
        """Energies (B,) of conformations given by the directions of their bonds, shape (B, n - 1).

        Raises
        ------
        InputError
            For a chain that crosses itself.
        """
        out = np.empty(len(bonds))
        for row, directions in enumerate(bonds):
            total = sum(int(self.pair[i, j]) for i, j in contacts_of(directions, dimension=self.dimension))
            out[row] = self.unit * total
        return out + 0.0

    def shuffled(self, seed: int) -> LatticeProtein:
        """Return the protein with its monomers in random order, or its contact energies dealt anew.

        The energies are then those of a random heteropolymer of the same composition. Contacts that no chain can make,
        between monomers an even number apart or next to each other, take no part in a deal.
        """
        rng = np.random.default_rng(seed)
        n, pair = self.length, self.pair
        if self.shuffle == "sequence":
            order = rng.permutation(n)
            pair = pair[order][:, order]
        else:
            i, j = possible_contacts(n)
            dealt = np.zeros_like(pair)
            dealt[i, j] = rng.permutation(pair[i, j])
            pair = dealt + dealt.T
        parameters = {**self.parameters, "shuffled": seed}
        return replace(self, name=f"{self.name} (shuffled interactions)", parameters=parameters, pair=pair)

    def shuffled_grounds(self, seeds: Sequence[int], *, workers: int = 1) -> NDArray[np.float64]:
        """Ground energies of ``shuffled(seed)`` for many seeds, in one pass over all conformations.

        Raises
        ------
        InputError
            For a chain too long to be listed.
        """
        space = conformations(self.length, self.dimension, workers=workers)
        pairs = np.stack([self.shuffled(seed).pair for seed in seeds], axis=-1)
        return np.multiply(self.unit, space.lowest(pairs, workers=workers), dtype=np.float64) + 0.0

    # The chain is walked with nothing listed (see `landscape.states.Walkable`), by pulls, whatever the move set.

    @property
    def _geometry(self) -> tuple[NDArray[np.int64], int]:
        return step_table(self.length, self.dimension)

    def energy_scale(self) -> float:
        """Root mean square of the contact energies that are not zero."""
        i, j = possible_contacts(self.length)
        values = self.pair[i, j].astype(np.float64)
        some = values[values != 0.0]
        return self.unit * float(np.sqrt((some**2).mean())) if len(some) else self.unit

    def draw_states(self, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """Conformations reached from the straight chain by many pulls at infinite temperature."""
        states = np.zeros((count, self.length - 1), np.int8)
        seeds = rng.integers(0, 1 << 64, count, dtype=np.uint64)
        energies, hot = np.zeros(count), np.full(count, np.inf)
        self.walk(states, energies, hot, offers=SHAKES * self.length * self.length, seeds=seeds)
        return states

    def walk(
        self,
        states: NDArray[np.int8],
        energies: NDArray[np.float64],
        temperatures: NDArray[np.float64],
        *,
        offers: int,
        seeds: NDArray[np.uint64],
        workers: int = 1,
        held: NDArray[np.bool_] | None = None,
        target: float = -math.inf,
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.int64]]:
        """Walk chains by pulls (see `landscape.states.Walkable`); `held` marks monomers, shape (count, n)."""
        steps, mask = self._geometry
        best, lowest, made = states.copy(), energies.copy(), np.zeros(len(states), np.int64)
        goal = math.floor(target / self.unit + 1e-9) if math.isfinite(target) else NEVER
        free = np.ones((len(states), self.length), np.bool_) if held is None else ~held

        def work(start: int, stop: int) -> None:
            for k in range(start, stop):
                now, low, made[k] = walk_chain(
                    states[k], round(energies[k] / self.unit), temperatures[k] / self.unit, offers, seeds[k : k + 1],
                    goal, steps, mask, self.pair, free[k], best[k],
                )  # fmt: skip
                energies[k], lowest[k] = self.unit * now + 0.0, self.unit * low + 0.0

        over_blocks(work, len(states), workers=workers, progress=no_progress, stage="walks", block=1)
        return lowest, best, made

    def quench(self, states: NDArray[np.int8], energies: NDArray[np.float64], *, workers: int = 1) -> NDArray[np.int64]:
        """Steepest descent by pulls (see `spinfunnel.landscape.states.Walkable`)."""
        steps, mask = self._geometry
        made = np.zeros(len(states), np.int64)

        def work(start: int, stop: int) -> None:
            for k in range(start, stop):
                now, made[k] = quench_chain(states[k], round(energies[k] / self.unit), steps, mask, self.pair)
                energies[k] = self.unit * now + 0.0

        over_blocks(work, len(states), workers=workers, progress=no_progress, stage="descents", block=1)
        return made

    def feature_table(self, states: NDArray[np.int8]) -> NDArray[np.int8]:
        """Contacts that each conformation has, of those that can be made."""
        i, j = possible_contacts(self.length)
        steps, mask = self._geometry
        site = np.full((len(states), self.length), mask >> 1, np.int64)
        site[:, 1:] += np.cumsum(steps[states], axis=1)
        apart = (site[:, j] - site[:, i]) & mask
        return np.isin(apart, steps & mask).astype(np.int8)

    def biased(self, features: NDArray[np.bool_], strength: float) -> LatticeProtein:
        """Return the protein in which some contacts count so much more."""
        i, j = possible_contacts(self.length)
        pair = self.pair.copy()
        more = round(strength / self.unit)
        pair[i[features], j[features]] -= more
        pair[j[features], i[features]] -= more
        return replace(self, name=f"{self.name} (biased)", pair=pair)

    def state_keys(self, states: NDArray[np.int8]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
        """Keys of the canonical copies, and the number of copies of each."""
        canonical = canonical_bonds(states)
        axes = 1 + (canonical >> 1).max(axis=1)
        copies = np.array([0, 4, 8] if self.dimension == 2 else [0, 6, 24, 48])[axes]
        return bond_keys(canonical), copies


def possible_contacts(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs i < j of monomers that can touch on these lattices: an odd number of bonds apart, at least three.

    Examples
    --------
    >>> [column.tolist() for column in possible_contacts(6)]
    [[0, 0, 1, 2], [3, 5, 4, 5]]
    """
    i, j = np.triu_indices(n, 3)
    odd = (j - i) % 2 == 1
    return i[odd], j[odd]


def bond_keys(bonds: NDArray[np.int8]) -> NDArray[np.str_]:
    """Keys of conformations: a letter for each bond.

    Examples
    --------
    >>> bond_keys(np.array([[0, 2, 1]], np.int8)).tolist()
    ['RUL']
    """
    letters = np.array([ord(letter) for letter in DIRECTIONS], np.uint32)[bonds]
    return np.ascontiguousarray(letters).view(f"U{bonds.shape[1]}")[:, 0]


def canonical_bonds(bonds: NDArray[np.int8]) -> NDArray[np.int8]:
    """Canonical copies of conformations: axes named in the order in which they are first taken, each first step upward.

    Examples
    --------
    >>> canonical_bonds(np.array([[3, 1, 1], [4, 4, 5]], np.int8)).tolist()
    [[0, 2, 2], [0, 0, 1]]
    """
    out = np.empty_like(bonds)
    for row, directions in enumerate(bonds.tolist()):
        named: dict[int, int] = {}
        for place, direction in enumerate(directions):
            axis = direction >> 1
            if axis not in named:
                named[axis] = 2 * len(named) + (direction & 1)
            out[row, place] = named[axis] ^ (direction & 1)
    return out


def read_bonds(text: str, *, dimension: int) -> NDArray[np.int8]:
    """Directions of the bonds of a chain written in letters R, L, U, D, F, B, as its canonical copy.

    Raises
    ------
    InputError
        For other letters, or a chain that crosses itself.

    Examples
    --------
    >>> read_bonds("ULD", dimension=2).tolist()
    [0, 2, 1]
    """
    known = DIRECTIONS[: 2 * dimension]
    directions = [known.find(letter) for letter in text.upper()]
    if len(directions) < 2 or -1 in directions:
        raise InputError(
            f"{text!r} is no structure of a chain in {dimension} dimensions: write one letter of {', '.join(known)} "
            "for each bond, at least two"
        )
    bonds = np.array(directions, np.int8)
    site_coordinates(bonds, dimension=dimension)
    return canonical_bonds(bonds[None])[0]


def site_coordinates(bonds: NDArray[np.int8], *, dimension: int) -> NDArray[np.int64]:
    """Sites of the monomers, shape (n, dimension), the first at the origin.

    Raises
    ------
    InputError
        For a chain that crosses itself.
    """
    unit = np.eye(dimension, dtype=np.int64)
    steps = np.stack([unit, -unit], axis=1).reshape(-1, dimension)[bonds]
    sites = np.concatenate([np.zeros((1, dimension), np.int64), np.cumsum(steps, axis=0)])
    if len(np.unique(sites, axis=0)) < len(sites):
        raise InputError(f"the chain {bond_keys(bonds[None])[0]} crosses itself")
    return sites


def contacts_of(bonds: NDArray[np.int8], *, dimension: int) -> list[tuple[int, int]]:
    """Contacts i < j of a conformation.

    Examples
    --------
    >>> contacts_of(np.array([0, 2, 1], np.int8), dimension=2)
    [(0, 3)]
    """
    sites = site_coordinates(bonds, dimension=dimension)
    i, j = possible_contacts(len(sites))
    near = np.abs(sites[i] - sites[j]).sum(axis=1) == 1
    return list(zip(i[near].tolist(), j[near].tolist(), strict=True))


def check_chain(n: int, *, dimension: int, moves: str) -> None:
    """Refuse a length, dimension or move set that no lattice protein has."""
    check_range("dimension", dimension, low=2, high=3)
    check_range("n", n, low=4, high=LONGEST, unit=" monomers")
    check_choice("moves", moves, tuple(MOVES))
