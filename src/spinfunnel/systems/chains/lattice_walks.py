"""Walks of chains by pulls, at a temperature or straight down, with nothing listed.

Slots and what they do are those of `systems.chains.lattice_moves.pull_moves`: ``2 d + (2 d)^2`` at each end, where
d is the dimension, and 2 d at each other monomer toward either end. Each is offered with equal chance, and each that
can be made has one that undoes it, so that Metropolis' rule keeps detailed balance (the tests compare with all states).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.systems.chains.lattice_kernels import place_chain
from spinfunnel.systems.chains.lattice_moves import follow

__all__ = ["chain_energy", "quench_chain", "slot_count", "walk_chain"]

Bonds = NDArray[np.int8]
Ints = NDArray[np.int64]
Grid = NDArray[np.int16]
Pairs = NDArray[np.int32]


@njit(cache=True, nogil=True, inline="always")
def slot_count(n: int, directions: int) -> int:
    """Number of slots."""
    return 2 * (directions + directions * directions + (n - 2) * directions)


@njit(cache=True, nogil=True, inline="always")
def _next(number: np.uint64) -> np.uint64:
    """Step of the Weyl sequence of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    return number + np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True, inline="always")
def _mixed(number: np.uint64) -> np.uint64:
    """Output of splitmix64."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _beside(offset: int, steps: Ints, mask: int) -> bool:
    for step in steps:  # noqa: SIM110 - compiled
        if step & mask == offset & mask:
            return True
    return False


@njit(cache=True, nogil=True)
def propose(slot: int, site: Ints, grid: Grid, steps: Ints, mask: int, moved: Ints) -> tuple[int, int]:
    """Write the new sites that a slot leads to; return the range of monomers moved, empty (1, 0) where it cannot."""
    n, directions = site.size, steps.size
    half = slot_count(n, directions) // 2
    way = -1 if slot < half else 1
    rest = slot if slot < half else slot - half
    end = 0 if way < 0 else n - 1
    inner = end - way
    if rest < directions:
        there = (site[inner] + steps[rest]) & mask
        if grid[there]:
            return 1, 0
        moved[end] = there
        return end, end
    rest -= directions
    if rest < directions * directions:
        beside = (site[end] + steps[rest // directions]) & mask
        there = (beside + steps[rest % directions]) & mask
        if grid[beside] or grid[there] or _beside(there - site[inner], steps, mask):
            return 1, 0
        moved[end], moved[inner] = there, beside
        stop = follow(site, steps, mask, moved, inner - way, -way)
        return (end, stop - 1) if way < 0 else (stop + 1, end)
    rest -= directions * directions
    i, direction = 1 + rest // directions, rest % directions
    anchor = site[i - way]
    toward = site[i] - anchor
    there = (anchor + steps[direction]) & mask
    if grid[there] or (there - site[i]) & mask == (-2 * toward) & mask:
        return 1, 0
    corner = (there + toward) & mask
    moved[i] = there
    if corner == site[i + way]:
        return i, i
    if grid[corner]:
        return 1, 0
    moved[i + way] = corner
    stop = follow(site, steps, mask, moved, i + 2 * way, way)
    return (stop + 1, i) if way < 0 else (i, stop - 1)


@njit(cache=True, nogil=True)
def _contacts(low: int, high: int, site: Ints, grid: Grid, steps: Ints, mask: int, pair: Pairs) -> int:
    """Energy of the contacts in which monomers from `low` to `high` take part."""
    total = 0
    for k in range(low, high + 1):
        for direction in range(steps.size):
            j = grid[(site[k] + steps[direction]) & mask] - 1
            # A contact within the range is seen from both of its ends.
            if j >= 0 and abs(j - k) > 1 and (j < k or j > high):
                total += pair[k, j]
    return total


@njit(cache=True, nogil=True)
def _move(low: int, high: int, site: Ints, other: Ints, grid: Grid) -> None:
    """Exchange the sites of some monomers with other ones."""
    for k in range(low, high + 1):
        grid[site[k]] = 0
    for k in range(low, high + 1):
        site[k], other[k] = other[k], site[k]
        grid[site[k]] = k + 1


@njit(cache=True, nogil=True)
def _bonds(site: Ints, steps: Ints, mask: int, bonds: Bonds) -> None:
    for k in range(bonds.size):
        for direction in range(steps.size):
            if (steps[direction] & mask) == (site[k + 1] - site[k]) & mask:
                bonds[k] = direction


@njit(cache=True, nogil=True)
def chain_energy(bonds: Bonds, steps: Ints, mask: int, pair: Pairs) -> int:
    """Energy of a chain, in units."""
    site, grid = np.zeros(bonds.size + 1, np.int64), np.zeros(mask + 1, np.int16)
    place_chain(bonds, steps, mask, site, grid)
    total = 0
    for k in range(site.size):
        for direction in range(steps.size):
            j = grid[(site[k] + steps[direction]) & mask] - 1
            if 0 <= j < k - 1:
                total += pair[k, j]
    return total


@njit(cache=True, nogil=True)
def walk_chain(
    bonds: Bonds, energy: int, temperature: float, offers: int, seed: NDArray[np.uint64], target: int,
    steps: Ints, mask: int, pair: Pairs, free: NDArray[np.bool_], best: Bonds,
) -> tuple[int, int, int]:  # fmt: skip
    """Metropolis walk of so many slots offered, or until the energy is at most `target`.

    Temperature and energies are in units. Only monomers that are `free` move. Changes `bonds` and `seed`, and writes
    the lowest conformation seen to `best` where it is lower than `energy`; returns the energy at the end, the lowest
    seen, and the number of moves that could be made, each an energy evaluation.
    """
    n = bonds.size + 1
    site, moved, grid = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(mask + 1, np.int16)
    place_chain(bonds, steps, mask, site, grid)
    slots = np.uint64(slot_count(n, steps.size))
    lowest, made, number = energy, 0, seed[0]
    best_site = site.copy()
    fresh = False
    for _ in range(offers):
        if lowest <= target:
            break
        number = _next(number)
        slot = np.int64(((_mixed(number) >> np.uint64(32)) * slots) >> np.uint64(32))
        low, high = propose(slot, site, grid, steps, mask, moved)
        able = low <= high
        for k in range(low, high + 1):
            able = able and free[k]
        if not able:
            continue
        made += 1
        before = _contacts(low, high, site, grid, steps, mask, pair)
        _move(low, high, site, moved, grid)
        rise = _contacts(low, high, site, grid, steps, mask, pair) - before
        if rise > 0:
            number = _next(number)
            uniform = np.float64(_mixed(number) >> np.uint64(11)) * 1.1102230246251565e-16
            if uniform >= np.exp(-rise / temperature):
                _move(low, high, site, moved, grid)
                continue
        energy += rise
        if energy < lowest:
            lowest, fresh = energy, True
            best_site[:] = site
    seed[0] = number
    _bonds(site, steps, mask, bonds)
    if fresh:
        _bonds(best_site, steps, mask, best)
    return energy, lowest, made


@njit(cache=True, nogil=True)
def quench_chain(bonds: Bonds, energy: int, steps: Ints, mask: int, pair: Pairs) -> tuple[int, int]:
    """Steepest descent by pulls, ties to the first slot; return the energy of the minimum and the moves looked at."""
    n = bonds.size + 1
    site, moved, grid = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(mask + 1, np.int16)
    place_chain(bonds, steps, mask, site, grid)
    slots, made = slot_count(n, steps.size), 0
    while True:
        chosen, deepest = -1, 0
        for slot in range(slots):
            low, high = propose(slot, site, grid, steps, mask, moved)
            if low > high:
                continue
            made += 1
            before = _contacts(low, high, site, grid, steps, mask, pair)
            _move(low, high, site, moved, grid)
            rise = _contacts(low, high, site, grid, steps, mask, pair) - before
            _move(low, high, site, moved, grid)
            if rise < deepest:
                deepest, chosen = rise, slot
        if chosen < 0:
            break
        low, high = propose(chosen, site, grid, steps, mask, moved)
        _move(low, high, site, moved, grid)
        energy += deepest
    _bonds(site, steps, mask, bonds)
    return energy, made
