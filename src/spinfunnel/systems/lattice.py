"""A chain on the square or cubic lattice whose energy is a sum over its contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, Progress, StateList, identity_hash, no_progress
from spinfunnel.systems.conformations import (
    DIRECTIONS,
    MOVES,
    Conformations,
    conformation_count,
    conformations,
    walk_count,
)
from spinfunnel.systems.lattice_kernels import bonds_of, code_of, shared_contacts
from spinfunnel.systems.ranges import check_choice, check_range

__all__ = ["LatticeProtein", "check_chain", "contacts_of", "read_bonds", "site_coordinates"]

MOST_NATIVES = 64
"""Different native contact maps up to which there is an overlap with them."""
LONGEST = 256
LISTED_DIGITS = 27
"""Bonds whose code fits into 64 bits in either dimension."""


@dataclass(frozen=True, eq=False)
class LatticeProtein:
    """A self-avoiding chain on a lattice with energy ``unit * sum over contacts of pair[i, j]``; a `Finite` landscape.

    A contact is a pair of monomers that are neighbours on the lattice and not along the chain. Its states are the
    conformations up to the rotations and reflections of the lattice; a move is one of the named move set (see
    `spinfunnel.systems.lattice_moves`).

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

    name: str
    parameters: Mapping[str, Parameter]
    dimension: int
    pair: NDArray[np.int32]
    unit: float
    moves: str
    shuffle: Literal["sequence", "contacts"]

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
    canonical, base = np.zeros_like(bonds), 2 * dimension - 1
    if len(bonds) <= LISTED_DIGITS:
        bonds_of(code_of(bonds, base), canonical, base)
        return canonical
    return bonds


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
