"""Kernels over self-avoiding conformations of a chain: their numbers, their list, their contacts.

A conformation of n monomers is n - 1 bonds, directions ``2 axis + sign``. The canonical one of all symmetric copies
names the axes in the order in which the chain first takes them, each first step upward; so the first bond is 0. Its
*code* has one digit for each further bond, in base ``2 dimension - 1``: the rank of its direction among those that do
not step straight back. Codes in ascending order are the conformations in lexicographic order.

Sites are single numbers on a helical torus of side L > n, a power of two: monomers of one chain never lie L apart along
an axis, so that the numbers tell all its sites apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "bonds_of",
    "code_from",
    "code_of",
    "codes_before",
    "count_contacts",
    "grow",
    "lowest_energies",
    "mark",
    "pair_energies",
    "place_chain",
    "rank_of",
    "shared_contacts",
    "step_table",
]

Bonds = NDArray[np.int8]
Codes = NDArray[np.int64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Grid = NDArray[np.int16]


def step_table(n: int, dimension: int) -> tuple[Ints, int]:
    """Site offset of each direction, and the mask of the torus, for a chain of n monomers.

    Examples
    --------
    >>> step_table(6, 2)
    (array([ 1, -1,  8, -8]), 63)
    """
    side = 1 << (n + 1).bit_length()
    axis = side ** np.arange(dimension, dtype=np.int64)
    return np.stack([axis, -axis], axis=1).ravel(), int(side**dimension - 1)


@njit(cache=True, nogil=True)
def bonds_of(code: int, bonds: Bonds, base: int) -> int:
    """Write the canonical bonds of a code; return the number of axes that they take."""
    rest = np.uint64(code)
    # Divisors that are known when this is compiled become multiplications.
    if base == 3:
        for place in range(bonds.size - 1, 0, -1):
            bonds[place] = rest % np.uint64(3)
            rest = rest // np.uint64(3)
    else:
        for place in range(bonds.size - 1, 0, -1):
            bonds[place] = rest % np.uint64(5)
            rest = rest // np.uint64(5)
    previous, axes = 0, 1
    bonds[0] = 0
    for place in range(1, bonds.size):
        direction = bonds[place]
        direction += direction >= previous ^ 1
        bonds[place] = direction
        previous = direction
        axes = max(axes, 1 + (direction >> 1))
    return axes


@njit(cache=True, nogil=True)
def codes_before(bonds: Bonds, base: int, code: Ints, axes: Bonds) -> None:
    """Write, for each bond of a canonical conformation, the code of the bonds before it and the axes they take."""
    code[0], axes[0] = 0, 0
    code[1], axes[1] = 0, 1
    for place in range(1, bonds.size - 1):
        direction = bonds[place]
        code[place + 1] = code[place] * base + direction - (direction > bonds[place - 1] ^ 1)
        axes[place + 1] = max(axes[place], 1 + (direction >> 1))


@njit(cache=True, nogil=True)
def code_from(bonds: Bonds, base: int, start: int, code: int, seen: int) -> int:
    """Code of the canonical copy of bonds of which those before `start` are canonical.

    `code` and `seen` are the code of those and the number of axes that they take.
    """
    first, second = np.int8(0), np.int8(1 if seen > 1 else -1)
    one, two, three = np.int8(0), np.int8(0), np.int8(0)
    previous = np.int8(0)
    if start == 0:
        first, one = bonds[0] >> 1, bonds[0] & 1
        start, seen = 1, 1
    elif start > 1:
        previous = bonds[start - 1]
    for place in range(start, bonds.size):
        axis, sign = bonds[place] >> 1, bonds[place] & 1
        if axis == first:
            direction = sign ^ one
        elif axis == second:
            direction = 2 + (sign ^ two)
        elif seen == 1:
            second, two, seen = axis, sign, 2
            direction = np.int8(2)
        else:
            # What is neither of the first two is the third.
            if seen == 2:
                three, seen = sign, 3
            direction = 4 + (sign ^ three)
        code = code * base + direction - (direction > previous ^ 1)
        previous = direction
    return code


@njit(cache=True, nogil=True)
def code_of(bonds: Bonds, base: int) -> int:
    """Code of the canonical copy of any bonds."""
    return code_from(bonds, base, 0, 0, 0)


@njit(cache=True, nogil=True)
def place_chain(bonds: Bonds, steps: Ints, mask: int, site: Ints, grid: Grid) -> None:
    """Write the sites of a chain, and its monomers, counted from 1, into the grid."""
    here = np.int64(mask >> 1)
    site[0] = here
    grid[here] = 1
    for place in range(bonds.size):
        here = (here + steps[bonds[place]]) & mask
        site[place + 1] = here
        grid[here] = place + 2


@njit(cache=True, nogil=True)
def grow(prefix: int, length: int, n: int, dimension: int, steps: Ints, mask: int, out: Codes, fill: bool) -> int:
    """Count the canonical self-avoiding conformations whose first `length` bonds have a code; write theirs to `out`."""
    base = 2 * dimension - 1
    bonds = np.zeros(n - 1, np.int8)
    axes = np.zeros(n, np.int8)
    site = np.zeros(n, np.int64)
    grid = np.zeros(mask + 1, np.int16)
    axes[length] = bonds_of(prefix, bonds[:length], base)
    place_chain(bonds[:length], steps, mask, site, grid)
    if length == n - 1:
        if fill:
            out[0] = prefix
        return 1
    codes = np.zeros(n, np.int64)
    codes[length] = prefix
    trial = np.full(n, -1, np.int8)
    found, depth = 0, length
    while depth >= length:
        trial[depth] += 1
        direction = trial[depth]
        # A new axis is taken upward.
        if direction > min(2 * axes[depth], 2 * dimension - 1):
            depth -= 1
            if depth >= length:
                grid[site[depth + 1]] = 0
            continue
        if direction == bonds[depth - 1] ^ 1:
            continue
        there = (site[depth] + steps[direction]) & mask
        if grid[there]:
            continue
        code = codes[depth] * base + direction - (direction > bonds[depth - 1] ^ 1)
        if depth == n - 2:
            if fill:
                out[found] = code
            found += 1
            continue
        bonds[depth] = direction
        site[depth + 1] = there
        grid[there] = 1
        axes[depth + 1] = max(axes[depth], 1 + (direction >> 1))
        codes[depth + 1] = code
        trial[depth + 1] = -1
        depth += 1
    return found


# ---------------------------------------------------------------------------------------------
# Numbers of conformations: one bit for each code that occurs, and the number of bits before each word


@njit(cache=True, nogil=True)
def mark(codes: Any, words: Words, before: NDArray[np.uint32]) -> None:
    """Set the bit of every code, and count the bits before each word."""
    for code in codes:
        words[code >> 6] |= np.uint64(1) << np.uint64(code & 63)
    total = 0
    for place in range(words.size):
        before[place] = total
        total += _bits(words[place])


@njit(cache=True, nogil=True, inline="always")
def _bits(word: np.uint64) -> int:
    """Number of bits set (Hacker's Delight, 5-1)."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)  # type: ignore[return-value]


@njit(cache=True, nogil=True, inline="always")
def rank_of(code: int, words: Words, before: NDArray[np.uint32]) -> int:
    """Number of a code that occurs: how many are smaller."""
    below = words[code >> 6] & ((np.uint64(1) << np.uint64(code & 63)) - np.uint64(1))
    return np.int64(before[code >> 6]) + _bits(below)


# ---------------------------------------------------------------------------------------------
# Contacts: neighbours on the lattice that are no neighbours along the chain


@njit(cache=True, nogil=True)
def _follow(code: int, base: int, steps: Ints, mask: int, bonds: Bonds, before: Bonds, site: Ints, grid: Grid) -> int:
    """Move a chain from the conformation before to that of a code; return the last monomer that stays in place.

    Codes in ascending order share most of their first bonds with the one before, and so the sums over these.
    """
    bonds_of(code, bonds, base)
    same = 0
    while same < bonds.size and bonds[same] == before[same]:
        same += 1
    if site[0]:
        for i in range(same + 1, site.size):
            grid[site[i]] = 0
    else:
        site[0] = mask >> 1
        grid[site[0]] = 1
    for i in range(same + 1, site.size):
        site[i] = (site[i - 1] + steps[bonds[i - 1]]) & mask
        grid[site[i]] = i + 1
        before[i - 1] = bonds[i - 1]
    return same


@njit(cache=True, nogil=True)
def pair_energies(
    codes: Any, n: int, dimension: int, steps: Ints, mask: int, pair: NDArray[np.int32], out: NDArray[np.int32]
) -> None:
    """Sum over contacts of ``pair[i, j]`` for every code."""
    bonds, before = np.zeros(n - 1, np.int8), np.full(n - 1, -1, np.int8)
    site, total, grid = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(mask + 1, np.int16)
    for row in range(codes.size):
        same = _follow(codes[row], 2 * dimension - 1, steps, mask, bonds, before, site, grid)
        for i in range(same + 1, n):
            sum_here = total[i - 1]
            for direction in range(2 * dimension):
                j = grid[(site[i] + steps[direction]) & mask] - 1
                if 0 <= j < i - 1:
                    sum_here += pair[i, j]
            total[i] = sum_here
        out[row] = total[n - 1]


@njit(cache=True, nogil=True)
def lowest_energies(
    codes: Any, n: int, dimension: int, steps: Ints, mask: int, pairs: NDArray[np.int32], out: NDArray[np.int64]
) -> None:
    """Lowest sum over contacts among all codes, for many tables at once: ``pairs[i, j, k]`` to ``out[k]``."""
    bonds, before = np.zeros(n - 1, np.int8), np.full(n - 1, -1, np.int8)
    site, total, grid = np.zeros(n, np.int64), np.zeros((n, out.size), np.int64), np.zeros(mask + 1, np.int16)
    for row in range(codes.size):
        same = _follow(codes[row], 2 * dimension - 1, steps, mask, bonds, before, site, grid)
        for i in range(same + 1, n):
            total[i] = total[i - 1]
            for direction in range(2 * dimension):
                j = grid[(site[i] + steps[direction]) & mask] - 1
                if 0 <= j < i - 1:
                    for k in range(out.size):
                        total[i, k] += pairs[i, j, k]
        for k in range(out.size):
            out[k] = min(out[k], total[n - 1, k])


@njit(cache=True, nogil=True)
def count_contacts(codes: Any, n: int, dimension: int, steps: Ints, mask: int, out: NDArray[np.uint64]) -> None:
    """Write the contact map of every code: bit ``i n + j`` (i < j) of a row of words."""
    base = 2 * dimension - 1
    bonds = np.zeros(n - 1, np.int8)
    site = np.zeros(n, np.int64)
    grid = np.zeros(mask + 1, np.int16)
    for row in range(codes.size):
        bonds_of(codes[row], bonds, base)
        place_chain(bonds, steps, mask, site, grid)
        for i in range(n):
            for axis in range(dimension):
                j = grid[(site[i] + steps[2 * axis]) & mask] - 1
                if j >= 0 and abs(i - j) > 1:
                    bit = min(i, j) * n + max(i, j)
                    out[row, bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
        for i in range(n):
            grid[site[i]] = 0


@njit(cache=True, nogil=True)
def shared_contacts(
    codes: Any, n: int, dimension: int, steps: Ints, mask: int, owner: NDArray[np.uint64], size: Ints,
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Write the largest share of native contacts that every code has, over up to 64 native contact maps.

    Bit k of ``owner[i, j]`` says whether map k has the contact; ``size[k]`` is its number of contacts.
    """
    base = 2 * dimension - 1
    bonds = np.zeros(n - 1, np.int8)
    site = np.zeros(n, np.int64)
    grid = np.zeros(mask + 1, np.int16)
    shared = np.zeros(size.size, np.int64)
    for row in range(codes.size):
        bonds_of(codes[row], bonds, base)
        place_chain(bonds, steps, mask, site, grid)
        shared[:] = 0
        for i in range(n):
            for axis in range(dimension):
                j = grid[(site[i] + steps[2 * axis]) & mask] - 1
                if j >= 0 and abs(i - j) > 1:
                    maps = owner[i, j]
                    k = 0
                    while maps:
                        if maps & np.uint64(1):
                            shared[k] += 1
                        maps >>= np.uint64(1)
                        k += 1
        best = 0.0
        for k in range(size.size):
            best = max(best, shared[k] / size[k])
        out[row] = best
        for i in range(n):
            grid[site[i]] = 0
