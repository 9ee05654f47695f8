"""Moves of a chain on the lattice, each in both directions: local moves, pivots, pulls.

A move is a slot: one way of moving one place of the chain. Each slot has exactly one slot of the new conformation that
leads back, so that moves drawn evenly from all slots keep detailed balance; two slots may lead to one conformation.

- *local*: ends turn, corners flip, crankshafts turn over (Verdier, Stockmayer, J. Chem. Phys. 36, 227, 1962; Hilhorst,
  Deutch, ibid. 63, 5153, 1975). Some compact conformations have none.
- *pivot*: the local ones, and rigid turns of the chain beyond a monomer by 90, 180 or 270 degrees: the move set 2 of
  Chan, Dill, J. Chem. Phys. 99, 2116 (1993). Connects all conformations (Madras, Sokal, J. Stat. Phys. 50, 109, 1988).
- *pull*: Lesh, Mitzenmacher, Whitesides, RECOMB 2003, 188. Monomer i goes to a free site L beside its successor and
  diagonal to itself, its predecessor to the corner C between; earlier monomers follow two places along the chain until
  it is whole again; the same toward the other end. Ends turn, and are pulled to two free sites. Of the latter those
  are left out whose outer site touches the second monomer: their way back would stop early, which makes the full set
  irreversible (Gyorffy, Zavodszky, Szilagyi, IEEE/ACM Trans. Comput. Biol. Bioinform. 9, 1847, 2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.systems.chains.lattice_kernels import bonds_of, code_from, codes_before, place_chain, rank_of

__all__ = [
    "LOCAL",
    "PIVOT",
    "PULL",
    "local_moves",
    "most_slots",
    "neighbour_rows",
    "pivot_moves",
    "pull_moves",
    "turns",
]

Bonds = NDArray[np.int8]
Ints = NDArray[np.int64]
Grid = NDArray[np.int16]

LOCAL, PIVOT, PULL = 0, 1, 2


def turns(dimension: int) -> NDArray[np.int8]:
    """Images of the directions under the rotations by 90, 180 and 270 degrees about each axis.

    Examples
    --------
    >>> turns(2).tolist()
    [[2, 3, 1, 0], [1, 0, 3, 2], [3, 2, 0, 1]]
    """
    planes = [(0, 1)] if dimension == 2 else [(0, 1), (1, 2), (2, 0)]
    table = []
    for one, other in planes:
        quarter = np.arange(2 * dimension)
        quarter[[2 * one, 2 * one + 1, 2 * other, 2 * other + 1]] = [2 * other, 2 * other + 1, 2 * one + 1, 2 * one]
        half = quarter[quarter]
        table += [quarter, half, quarter[half]]
    return np.array(table, np.int8)


def most_slots(n: int, dimension: int) -> int:
    """Bound of the number of slots of any move set."""
    return (len(turns(dimension)) + 2 * dimension + 6) * n + 2 * (2 * dimension) ** 2


@njit(cache=True, nogil=True)
def local_moves(  # noqa: C901 - one loop for each kind of move
    bonds: Bonds, site: Ints, grid: Grid, steps: Ints, mask: int, ends: bool, code: Ints, axes: Bonds,
    trial: Bonds, out: Ints,
) -> int:  # fmt: skip
    """Write the codes that local moves lead to; return their number."""
    n, base, found = site.size, steps.size - 1, 0
    trial[:] = bonds
    if ends:
        for direction in range(steps.size):
            if grid[(site[1] - steps[direction]) & mask] == 0:
                trial[0] = direction
                out[found] = code_from(trial, base, 0, code[0], axes[0])
                found += 1
        trial[0] = bonds[0]
        for direction in range(steps.size):
            if grid[(site[n - 2] + steps[direction]) & mask] == 0:
                trial[n - 2] = direction
                out[found] = code_from(trial, base, n - 2, code[n - 2], axes[n - 2])
                found += 1
        trial[n - 2] = bonds[n - 2]
    for i in range(1, n - 1):
        if bonds[i - 1] != bonds[i] and grid[(site[i - 1] + steps[bonds[i]]) & mask] == 0:
            trial[i - 1], trial[i] = bonds[i], bonds[i - 1]
            out[found] = code_from(trial, base, i - 1, code[i - 1], axes[i - 1])
            found += 1
            trial[i - 1], trial[i] = bonds[i - 1], bonds[i]
    for k in range(n - 3):
        if bonds[k] != bonds[k + 2] ^ 1:
            continue
        for direction in range(steps.size):
            if direction == bonds[k] or direction >> 1 == bonds[k + 1] >> 1:
                continue
            there = (site[k] + steps[direction]) & mask
            if grid[there] == 0 and grid[(there + steps[bonds[k + 1]]) & mask] == 0:
                trial[k], trial[k + 2] = direction, direction ^ 1
                out[found] = code_from(trial, base, k, code[k], axes[k])
                found += 1
                trial[k], trial[k + 2] = bonds[k], bonds[k + 2]
    return found


@njit(cache=True, nogil=True)
def pivot_moves(
    bonds: Bonds, site: Ints, grid: Grid, steps: Ints, mask: int, rotations: Bonds, code: Ints, axes: Bonds,
    trial: Bonds, out: Ints,
) -> int:  # fmt: skip
    """Write the codes that turns of the chain beyond each monomer lead to; return their number."""
    n, base, found = site.size, steps.size - 1, 0
    trial[:] = bonds
    for k in range(1, n - 1):
        for turn in range(rotations.shape[0]):
            here, same, clear = site[k], True, True
            for j in range(k, n - 1):
                direction = rotations[turn, bonds[j]]
                same = same and direction == bonds[j]
                trial[j] = direction
                here = (here + steps[direction]) & mask
                # Sites of the part that turns are left by it.
                if 0 < grid[here] <= k + 1:
                    clear = False
                    break
            if clear and not same:
                out[found] = code_from(trial, base, k, code[k], axes[k])
                found += 1
        trial[k:] = bonds[k:]
    return found


@njit(cache=True, nogil=True, inline="always")
def _direction(offset: int, steps: Ints, mask: int) -> int:
    for direction in range(steps.size):
        if (steps[direction] & mask) == offset & mask:
            return direction
    return -1


@njit(cache=True, nogil=True)
def follow(site: Ints, steps: Ints, mask: int, moved: Ints, first: int, way: int) -> int:
    """Let monomers from `first` on, toward the end that `way` points to, follow two places along the chain.

    `moved` holds the new sites of the monomers before; returns the first monomer that stays.
    """
    k = first
    while 0 <= k < site.size:
        if _direction(moved[k - way] - site[k], steps, mask) >= 0:
            return k
        moved[k] = site[k - 2 * way]
        k += way
    return k


@njit(cache=True, nogil=True)
def _between(moved: Ints, bonds: Bonds, steps: Ints, mask: int, low: int, high: int, trial: Bonds) -> int:
    """Bonds of a chain of which the monomers from `low` to `high` have new sites; return the first that may differ."""
    trial[:] = bonds
    start = max(low - 1, 0)
    for k in range(start, min(high + 1, moved.size - 1)):
        trial[k] = _direction(moved[k + 1] - moved[k], steps, mask)
    return start


@njit(cache=True, nogil=True)
def pull_moves(  # noqa: C901 - one loop for each kind of pull
    bonds: Bonds, site: Ints, grid: Grid, steps: Ints, mask: int, moved: Ints, code: Ints, axes: Bonds,
    trial: Bonds, out: Ints,
) -> int:  # fmt: skip
    """Write the codes that pulls lead to; return their number."""
    n, base, found = site.size, steps.size - 1, 0
    moved[:] = site
    for way in (-1, 1):
        end = 0 if way < 0 else n - 1
        inner = end - way
        # The end alone turns, or is pulled to two free sites, of which the outer does not touch its successor.
        for direction in range(steps.size):
            there = (site[inner] + steps[direction]) & mask
            if grid[there] == 0:
                moved[end] = there
                start = _between(moved, bonds, steps, mask, end, end, trial)
                out[found] = code_from(trial, base, start, code[start], axes[start])
                found += 1
        for direction in range(steps.size):
            beside = (site[end] + steps[direction]) & mask
            if grid[beside]:
                continue
            for further in range(steps.size):
                there = (beside + steps[further]) & mask
                if grid[there] or _direction(there - site[inner], steps, mask) >= 0:
                    continue
                moved[end], moved[inner] = there, beside
                stop = follow(site, steps, mask, moved, inner - way, -way)
                low, high = (end, stop - 1) if way < 0 else (stop + 1, end)
                start = _between(moved, bonds, steps, mask, low, high, trial)
                out[found] = code_from(trial, base, start, code[start], axes[start])
                found += 1
                moved[low : high + 1] = site[low : high + 1]
        moved[end] = site[end]
        for i in range(1, n - 1):
            anchor, previous = site[i - way], site[i + way]
            toward = site[i] - anchor
            for direction in range(steps.size):
                there = (anchor + steps[direction]) & mask
                corner = (there + toward) & mask
                if grid[there] or (grid[corner] and corner != previous):
                    continue
                if corner == site[i] or _direction(there - site[i], steps, mask) >= 0:
                    continue
                if (there - site[i]) & mask == (-2 * toward) & mask:
                    continue
                moved[i] = there
                stop = i + way
                if corner != previous:
                    moved[i + way] = corner
                    stop = follow(site, steps, mask, moved, i + 2 * way, way)
                low, high = (stop + 1, i) if way < 0 else (i, stop - 1)
                start = _between(moved, bonds, steps, mask, low, high, trial)
                out[found] = code_from(trial, base, start, code[start], axes[start])
                found += 1
                moved[low : high + 1] = site[low : high + 1]
    return found


@njit(cache=True, nogil=True)
def neighbour_rows(
    codes: Any, n: int, steps: Ints, mask: int, moves: int, rotations: Bonds, words: NDArray[np.uint64],
    before: NDArray[np.uint32], offsets: Ints, out: NDArray[np.int32],
) -> int:  # fmt: skip
    """Write the numbers of the conformations that each code's moves lead to, in compressed rows.

    Stops before a row that might not fit into `out`; returns the number of rows written.
    """
    base, room = steps.size - 1, most_slots_of(n, steps.size, rotations.shape[0])
    bonds, trial = np.zeros(n - 1, np.int8), np.zeros(n - 1, np.int8)
    site, moved = np.zeros(n, np.int64), np.zeros(n, np.int64)
    grid = np.zeros(mask + 1, np.int16)
    code, axes = np.zeros(n, np.int64), np.zeros(n, np.int8)
    fresh = np.zeros(room, np.int64)
    total = 0
    offsets[0] = 0
    for row in range(codes.size):
        if total + room > out.size:
            return row
        bonds_of(codes[row], bonds, base)
        place_chain(bonds, steps, mask, site, grid)
        codes_before(bonds, base, code, axes)
        if moves == PULL:
            found = pull_moves(bonds, site, grid, steps, mask, moved, code, axes, trial, fresh)
        else:
            found = local_moves(bonds, site, grid, steps, mask, moves == LOCAL, code, axes, trial, fresh)
            if moves == PIVOT:
                found += pivot_moves(bonds, site, grid, steps, mask, rotations, code, axes, trial, fresh[found:])
        for k in range(n):
            grid[site[k]] = 0
        for k in range(found):
            out[total + k] = rank_of(fresh[k], words, before)
        total += found
        offsets[row + 1] = total
    return codes.size


@njit(cache=True, nogil=True)
def most_slots_of(n: int, directions: int, rotations: int) -> int:
    """See `most_slots`."""
    return (rotations + directions + 6) * n + 2 * directions * directions
