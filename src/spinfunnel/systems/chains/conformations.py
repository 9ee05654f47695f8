"""All self-avoiding conformations of a chain on the square or cubic lattice, up to the symmetries of the lattice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.chains import lattice_kernels as kernels
from spinfunnel.systems.chains.lattice_moves import LOCAL, PIVOT, PULL, most_slots, neighbour_rows, turns

__all__ = ["DIRECTIONS", "LARGEST", "MOVES", "Conformations", "conformation_count", "conformations", "walk_count"]

MOVES = {"local": LOCAL, "pivot": PIVOT, "pull": PULL}
DIRECTIONS = "RLUDFB"
"""Letters of the directions: right and left, up and down, forward and back."""
LARGEST = {2: 22, 3: 15}
"""Longest chains that are listed: 301 and 93 million conformations."""
PREFIX = 8
"""Bonds of the beginnings that are dealt to threads."""
KEPT = 1 << 30
"""Lists of up to so many bytes in all are kept, for the next sequence of the same length."""
BLOCK = 1 << 16
ROWS_KEPT = 1 << 20
"""States up to which neighbours are kept as well, some 256 MB: for a chain of 16 monomers in the plane, 12 in space."""

SQUARE = (
    1, 4, 12, 36, 100, 284, 780, 2172, 5916, 16268, 44100, 120292, 324932, 881500, 2374444, 6416596, 17245332, 46466676,
    124658732, 335116620, 897697164, 2408806028, 6444560484, 17266613812, 46146397316, 123481354908, 329712786220,
    881317491628,
)  # fmt: skip
CUBIC = (
    1, 6, 30, 150, 726, 3534, 16926, 81390, 387966, 1853886, 8809878, 41934150, 198842742, 943974510, 4468911678,
    21175146054, 100121875974, 473730252102, 2237723684094, 10576033219614, 49917327838734,
)  # fmt: skip
ASYMPTOTIC = {2: (1.17704, 2.63815853, 43 / 32 - 1), 3: (1.2153, 4.684044, 0.15695)}


def walk_count(n: int, dimension: int) -> int | None:
    """Number of conformations of n monomers, symmetric copies counted; None for lengths that are not tabulated.

    OEIS A001411 (square) and A001412 (cubic); Jensen, J. Phys. A 37, 5503 (2004); Clisby, Liang, Slade, J. Phys. A 40,
    10973 (2007).

    Examples
    --------
    >>> walk_count(18, 2), walk_count(4, 3)
    (46466676, 150)
    """
    table = SQUARE if dimension == 2 else CUBIC
    return table[n - 1] if n <= len(table) else None


def conformation_count(n: int, dimension: int) -> int:
    """Number of conformations of n monomers up to symmetry; for lengths not tabulated, from the asymptotic law.

    The straight chain has 4 or 6 copies, planar ones 8 or 24, others 48.

    Examples
    --------
    >>> conformation_count(18, 2), conformation_count(20, 2), conformation_count(4, 3)
    (5808335, 41889578, 6)
    """
    walks, plane = walk_count(n, dimension), walk_count(n, 2)
    if walks is None or plane is None:
        factor, growth, power = ASYMPTOTIC[dimension]
        return int(factor * growth ** (n - 1) * float(n - 1) ** power / (8 if dimension == 2 else 48))
    flat = (plane - 4) // 8
    return flat + 1 if dimension == 2 else (walks - 24 * flat - 6) // 48 + flat + 1


@dataclass(frozen=True, eq=False)
class Conformations:
    """Every conformation of n monomers once, numbered in lexicographic order.

    Attributes
    ----------
    n, dimension : int
    code : array of int32 or int64, shape (states,)
        See `spinfunnel.systems.chains.lattice_kernels`.
    words, before : arrays
        Which codes occur, a bit each, and how many before each word: the inverse of `code` in two look-ups.
    """

    n: int
    dimension: int
    code: NDArray[Any]
    words: NDArray[np.uint64]
    before: NDArray[np.uint32]
    _kept: dict[str, tuple[NDArray[np.int64], NDArray[np.int32]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def states(self) -> int:
        """Number of conformations."""
        return len(self.code)

    @cached_property
    def geometry(self) -> tuple[int, int, NDArray[np.int64], int]:
        """Length, dimension, steps and mask, as the kernels take them."""
        return (self.n, self.dimension, *kernels.step_table(self.n, self.dimension))

    @cached_property
    def multiplicity(self) -> NDArray[np.uint8]:
        """Number of symmetric copies of each conformation."""
        base = 2 * self.dimension - 1
        copies = np.array([4, 8] if self.dimension == 2 else [6, 24, 48], np.uint8)
        out = np.full(self.states, copies[-1], np.uint8)
        out[self.code == 0] = copies[0]
        if self.dimension == 3:
            flat = conformations(self.n, 2).code
            out[self.numbers(_in_space(flat, self.n, base))] = copies[1]
            out[0] = copies[0]
        return out

    def numbers(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of conformations from their codes."""
        return np.searchsorted(self.code, codes)

    def bonds(self, states: NDArray[np.int64]) -> NDArray[np.int8]:
        """Directions of the bonds, shape (len(states), n - 1)."""
        out = np.zeros((len(states), self.n - 1), np.int8)
        for row, code in zip(out, self.code[states].tolist(), strict=True):
            kernels.bonds_of(code, row, 2 * self.dimension - 1)
        return out

    def energies(self, pair: NDArray[np.int32], *, workers: int, progress: Progress = no_progress) -> NDArray[np.int32]:
        """Sum over contacts of ``pair[i, j]``, for every conformation."""
        out = np.empty(self.states, np.int32)

        def work(start: int, stop: int) -> None:
            kernels.pair_energies(self.code[start:stop], *self.geometry, pair, out[start:stop])

        over_blocks(work, self.states, workers=workers, progress=progress, stage="energies", block=BLOCK)
        return out

    def lowest(self, pairs: NDArray[np.int32], *, workers: int) -> NDArray[np.int64]:
        """Lowest energy of all conformations under each of many tables, shape (n, n, tables), in one pass."""

        def work(start: int, stop: int) -> NDArray[np.int64]:
            out = np.zeros(pairs.shape[2], np.int64)
            kernels.lowest_energies(self.code[start:stop], *self.geometry, np.ascontiguousarray(pairs), out)
            return out

        # The straight chain, which has no contact, makes 0 an energy that occurs.
        parts = over_blocks(work, self.states, workers=workers, progress=no_progress, stage="energies", block=BLOCK)
        return np.asarray(np.min(parts, axis=0))

    def contact_maps(self, states: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Contact map of each state: bit ``i n + j`` stands for the contact of monomers i < j."""
        out = np.zeros((len(states), -(-self.n * self.n // 64)), np.uint64)
        kernels.count_contacts(self.code[states], *self.geometry, out)
        return out

    def rows(self, states: slice | NDArray[np.int64], *, moves: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Neighbours of some states in compressed rows; a move that leads to a copy of a state leads to that state."""
        if self.states > ROWS_KEPT:
            return self._made_rows(states, moves)
        offsets, neighbours = self._every_row(moves)
        if isinstance(states, slice):
            start, stop, _ = states.indices(self.states)
            return offsets[start : stop + 1] - offsets[start], neighbours[offsets[start] : offsets[stop]]
        size = np.diff(offsets)[states]
        own = np.concatenate([[0], np.cumsum(size)])
        return own, neighbours[np.repeat(offsets[states] - own[:-1], size) + np.arange(own[-1])]

    def _every_row(self, moves: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """All rows, made once and kept for the next sequence of the same length."""
        with self._lock:
            if moves not in self._kept:
                starts = range(0, self.states, BLOCK)
                parts = [self._made_rows(slice(start, min(start + BLOCK, self.states)), moves) for start in starts]
                ends = np.cumsum([0, *(part[0][-1] for part in parts)])
                offsets = [part[0][:-1] + end for part, end in zip(parts, ends.tolist(), strict=False)]
                neighbours = np.concatenate([part[1] for part in parts])
                self._kept[moves] = (np.concatenate([*offsets, ends[-1:]]), neighbours)
            return self._kept[moves]

    def _made_rows(self, states: slice | NDArray[np.int64], moves: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        code = self.code[states]
        offsets = np.zeros(len(code) + 1, np.int64)
        n, dimension, steps, mask = self.geometry
        out = np.empty(len(code) * min(most_slots(n, dimension), 8 * n) + most_slots(n, dimension), np.int32)
        done = neighbour_rows(
            code, n, steps, mask, MOVES[moves], turns(dimension), self.words, self.before, offsets, out
        )
        if done == len(code):
            return offsets, out[: offsets[-1]]
        chosen = np.arange(self.states)[states] if isinstance(states, slice) else states
        more, rest = self._made_rows(chosen[done:], moves)
        kept = offsets[: done + 1]
        return np.concatenate([kept, more[1:] + kept[-1]]), np.concatenate([out[: kept[-1]], rest])


def _in_space(codes: NDArray[Any], n: int, base: int) -> NDArray[np.int64]:
    """Codes in space of chains in the plane: the same digits in the larger base."""
    rest, out, place = codes.astype(np.int64), np.zeros(len(codes), np.int64), 1
    for _ in range(n - 2):
        out += (rest % 3) * place
        rest //= 3
        place *= base
    return out


_LISTS: dict[tuple[int, int], Conformations] = {}
_LOCK = threading.Lock()


def conformations(n: int, dimension: int, *, workers: int = 1, progress: Progress = no_progress) -> Conformations:
    """List the conformations of a chain; a list that is not large is kept for the next time.

    Raises
    ------
    InputError
        For chains longer than `LARGEST`.

    Examples
    --------
    >>> conformations(10, 2).states, conformations(8, 3).states
    (2034, 1832)
    """
    if n > LARGEST[dimension]:
        raise InputError(
            f"a chain of {n} monomers in {dimension} dimensions has about {conformation_count(n, dimension):.2g} "
            f"conformations; they are listed up to {LARGEST[dimension]} monomers: sample it instead"
        )
    with _LOCK:
        found = _LISTS.get((n, dimension))
        if found is None:
            found = _listed(n, dimension, workers=workers, progress=progress)
            if sum(_bytes(one) for one in _LISTS.values()) + _bytes(found) > KEPT:
                _LISTS.clear()
            if _bytes(found) <= KEPT:
                _LISTS[n, dimension] = found
    return found


def _bytes(one: Conformations) -> int:
    return int(one.code.nbytes + one.words.nbytes + one.before.nbytes)


def _listed(n: int, dimension: int, *, workers: int, progress: Progress) -> Conformations:
    geometry = (n, dimension, *kernels.step_table(n, dimension))
    base, length = 2 * dimension - 1, min(PREFIX, n - 1)
    begin = np.zeros(1, np.int64)
    if length > 1:
        begin = np.zeros(kernels.grow(0, 1, length + 1, dimension, *geometry[2:], begin, False), np.int64)
        kernels.grow(0, 1, length + 1, dimension, *geometry[2:], begin, True)
    size = base ** (n - 2)
    kind = np.int32 if size < 1 << 31 else np.int64

    def count(start: int, stop: int) -> list[int]:
        nothing = np.zeros(0, np.int64)
        return [kernels.grow(code, length, *geometry, nothing, False) for code in begin[start:stop].tolist()]

    counts = over_blocks(count, len(begin), workers=workers, progress=no_progress, stage="conformations", block=64)
    ends = np.cumsum(np.concatenate([[0], *counts]))
    codes = np.empty(int(ends[-1]), kind)

    def fill(start: int, stop: int) -> None:
        for number in range(start, stop):
            part = np.empty(int(ends[number + 1] - ends[number]), np.int64)
            kernels.grow(int(begin[number]), length, *geometry, part, True)
            codes[ends[number] : ends[number + 1]] = part

    over_blocks(fill, len(begin), workers=workers, progress=progress, stage="conformations", block=64)
    words = np.zeros((size >> 6) + 1, np.uint64)
    before = np.zeros(len(words), np.uint32)
    kernels.mark(codes, words, before)
    return Conformations(n, dimension, codes, words, before)
