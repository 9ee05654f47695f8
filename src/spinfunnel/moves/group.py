"""Orbits of states: the group that a landscape's symmetries generate, and the canonical state of each orbit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress, Symmetry
from spinfunnel.moves.batches import over_blocks

__all__ = ["Group", "canonical_numbers", "close_group", "symmetry_images"]

LARGEST_GROUP = 50_000
CHUNK = 11
"""Bits per lookup table: three tables of 2**11 numbers cover 33 bits and stay in the first-level cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All symmetries of a landscape of `size` bits as signed permutations.

    Attributes
    ----------
    permutation : array of int64, shape (g, size)
        Bit i of the image is bit ``permutation[i]`` of the state, flipped where ``flips[i]``.
    flips : array of uint8, shape (g, size)
    has_global_flip : bool
    """

    permutation: NDArray[np.int64]
    flips: NDArray[np.uint8]
    has_global_flip: bool

    @property
    def order(self) -> int:
        """Number of elements."""
        return len(self.flips)

    def images(self, state: NDArray[np.int64]) -> NDArray[np.int64]:
        """Images of numbered states under every element, shape (g, len(state))."""
        size = self.flips.shape[1]
        weight = np.int64(1) << np.arange(size, dtype=np.int64)
        bits = (state[:, None] >> np.arange(size)) & 1
        return np.stack(
            [(bits[:, row] ^ flip) @ weight for row, flip in zip(self.permutation, self.flips, strict=True)]
        )

    def modulo_flip(self) -> Group:
        """One element of each pair that differs by the global flip."""
        if not self.has_global_flip:
            return self
        half = self.flips[:, -1] == 0
        return Group(self.permutation[half], self.flips[half], has_global_flip=False)


def close_group(symmetries: tuple[Symmetry, ...], *, size: int) -> Group:
    """Generate the group of the given symmetries.

    Raises
    ------
    InputError
        When an element does not fit the number of bits, or the group has more than 50,000 elements.

    Examples
    --------
    >>> close_group((Symmetry.global_flip(3),), size=3).order
    2
    """
    identity = (tuple(range(size)), (0,) * size)
    for symmetry in symmetries:
        if sorted(symmetry.permutation) != list(range(size)) or len(symmetry.flips) != size:
            raise InputError(f"the symmetry {symmetry.name!r} is not a permutation with flips of {size} bits")
    generators = [(symmetry.permutation, symmetry.flips) for symmetry in symmetries]
    found = {identity}
    newest = [identity]
    while newest:
        fresh = []
        for permutation, flips in newest:
            for then, turn in generators:
                image = (
                    tuple(permutation[i] for i in then),
                    tuple(flips[i] ^ int(t) for i, t in zip(then, turn, strict=True)),
                )
                if image not in found:
                    found.add(image)
                    fresh.append(image)
        if len(found) > LARGEST_GROUP:
            raise InputError(f"the symmetries generate more than {LARGEST_GROUP} elements; declare fewer of them")
        newest = fresh
    ordered = sorted(found)
    flip = (identity[0], (1,) * size)
    return Group(
        np.array([row[0] for row in ordered], np.int64), np.array([row[1] for row in ordered], np.uint8), flip in found
    )


def symmetry_images(symmetries: tuple[Symmetry, ...], *, size: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Permutations and flips of all symmetries modulo the global flip, the identity first.

    Examples
    --------
    >>> permutation, flips = symmetry_images((Symmetry.global_flip(3),), size=3)
    >>> permutation.tolist(), flips.tolist()
    ([[0, 1, 2]], [[0, 0, 0]])
    """
    group = close_group(symmetries, size=size).modulo_flip()
    off = (group.permutation != np.arange(size)).any(axis=1) | group.flips.any(axis=1)
    order = np.argsort(off, kind="stable")
    return group.permutation[order], group.flips[order]


@njit(cache=True, nogil=True)
def _canonical_block(
    tables: NDArray[np.uint32], mask: int, flip: int, start: int, stop: int, canon: NDArray[np.uint32]
) -> None:
    low = (1 << CHUNK) - 1
    for state in range(start, stop):
        best = state
        for element in range(tables.shape[0]):
            image = (
                tables[element, 0, state & low]
                ^ tables[element, 1, (state >> CHUNK) & low]
                ^ tables[element, 2, state >> (2 * CHUNK)]
            )
            if flip and image > mask:
                image ^= np.uint32(2 * mask + 1)
            if image < best:
                best = int(image)
        canon[state] = best


def canonical_numbers(group: Group, *, bits: int, workers: int, progress: Progress) -> NDArray[np.uint32]:
    """Smallest number in the orbit of every state, shape (2**bits,); empty when the global flip is all there is.

    Costs four bytes and a few nanoseconds per state and group element.
    """
    essential = group.modulo_flip()
    if essential.order == 1:
        return np.zeros(0, np.uint32)
    size = group.flips.shape[1]
    tables = np.zeros((essential.order, 3, 1 << CHUNK), np.uint32)
    for chunk in range(3):
        reach = max(0, min(CHUNK, size - chunk * CHUNK))
        part = np.arange(1 << reach, dtype=np.int64) << (chunk * CHUNK)
        constant = essential.images(np.zeros(1, np.int64))
        images = essential.images(part) ^ (constant if chunk else 0)
        tables[:, chunk, : 1 << reach] = images
    canon = np.empty(1 << bits, np.uint32)
    mask = (1 << bits) - 1

    def work(start: int, stop: int) -> None:
        _canonical_block(tables, mask, int(group.has_global_flip), start, stop, canon)

    over_blocks(work, 1 << bits, workers=workers, progress=progress, stage="symmetries")
    return canon
