"""Flooding of listed states whose moves are computed when asked for: tens of millions of them, block by block.

The definitions are those of `flooding.flood`. What is kept for a state is its energy, where its descent leads, and its
basin: 16 bytes. Neighbours are made twice, for the descent and for the saddles; in between, those of equal energy are
kept for the states that have no lower one, since plateaus are all that needs them.

Of several states at which two basins meet at one height, the first is kept as their saddle: lattice proteins have few
energies, and tens of thousands of states on every border.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood.list_density import count_listed
from spinfunnel.explore.flood.saddles import Forest, SaddleTable, Stars
from spinfunnel.landscape import BasinGraph, Census, InputError, Kind, Progress, StateList, no_progress
from spinfunnel.landscape.basin_graph import chief_native
from spinfunnel.moves.batches import over_blocks

__all__ = ["flood_list"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

BLOCK = 1 << 14
"""States of a block: their neighbours are some MB."""
MOST_LEVELS = 64
SLICES = 32
SAMPLE = 1 << 14


@njit(cache=True, nogil=True)
def descend_rows(
    energies: Floats, start: int, offsets: Ints, neighbours: Labels, mean: float, copies: NDArray[np.uint8],
    target: Labels, neutral: Mask, equal_offsets: Ints, equal: Labels,
) -> float:  # fmt: skip
    """Point a block of states to their lowest neighbours; write the equal ones of those that have no lower.

    Returns the sum over states of ``copies (E - mean) (mean over neighbours of E - mean)``.
    """
    total, kept = 0.0, 0
    equal_offsets[0] = 0
    for row in range(offsets.size - 1):
        state = start + row
        here = energies[state]
        best, lowest, around = state, np.inf, 0.0
        first = kept
        for place in range(offsets[row], offsets[row + 1]):
            other = neighbours[place]
            energy = energies[other]
            around += energy - mean
            if other == state:
                continue
            if energy < lowest or (energy == lowest and other < best):
                lowest, best = energy, other
            if energy == here:
                equal[kept] = other
                kept += 1
        if lowest < here:
            target[row] = best
            kept = first
        else:
            target[row] = state
            neutral[row] = lowest == here
        if offsets[row + 1] > offsets[row]:
            total += copies[row] * (here - mean) * around / (offsets[row + 1] - offsets[row])
        equal_offsets[row + 1] = kept
    return total


@njit(cache=True, nogil=True)
def drain_layer(rest: Ints, offsets: Ints, equal: Labels, layer: Mask, exits: Labels) -> int:
    """For each row of `rest` find the smallest equal neighbour in the layer, or -1; return how many have one."""
    found = 0
    for place in range(rest.size):
        row, best = rest[place], -1
        for k in range(offsets[row], offsets[row + 1]):
            other = equal[k]
            if layer[other] and (best < 0 or other < best):
                best = other
        exits[place] = best
        found += best >= 0
    return found


@njit(cache=True, nogil=True)
def follow_targets(target: Labels, start: int, stop: int, label: Labels) -> None:
    """Follow the pointers of a block to their ends."""
    for state in range(start, stop):
        there = target[state]
        while target[there] != there:
            there = target[there]
        label[state] = there


@njit(cache=True, nogil=True)
def collect_pairs(
    energies: Floats, label: Labels, component: Labels, candidate: Ints, offsets: Ints, neighbours: Labels,
    key: Ints, slot: Ints, pair: Ints, state: Ints,
) -> int:  # fmt: skip
    """Write the pairs of basins that meet at candidate states, each once, at the lowest of these; return their number.

    `key` is a hash table filled with -1, of a power of two at least twice the number of neighbours, `slot` the place of
    each entry. A pair is ``(lower label) 2^32 + (higher label)``.
    """
    found, cut = 0, np.uint64(key.size - 1)
    for row in range(candidate.size):
        here = candidate[row]
        hub, height = label[here], energies[here]
        home = component[hub]
        for place in range(offsets[row], offsets[row + 1]):
            other = neighbours[place]
            basin = label[other]
            if basin == hub or energies[other] > height or component[basin] == home:
                continue
            number = (np.int64(min(hub, basin)) << 32) | np.int64(max(hub, basin))
            at = (np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & cut
            while key[at] != -1 and key[at] != number:
                at = (at + np.uint64(1)) & cut
            if key[at] == -1:
                key[at], slot[at] = number, found
                pair[found], state[found] = number, here
                found += 1
            elif energies[state[slot[at]]] > height:
                state[slot[at]] = here
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sea:
    """Listed states on their way to a map."""

    listed: StateList
    energies: Floats
    copies: NDArray[np.uint8]
    target: Labels
    workers: int
    progress: Progress

    @property
    def states(self) -> int:
        return len(self.energies)


def flood_list(listed: StateList, *, name: str, workers: int = 1, progress: Progress = no_progress) -> BasinGraph:
    """Map listed states exactly.

    Parameters
    ----------
    listed : StateList
        At most 2^31 states, whose moves lead both ways.
    name : str
        For messages.
    workers : int
        Threads. The result does not depend on it.
    progress : callable

    Raises
    ------
    InputError
        When an energy is not finite.
    """
    energies = np.ascontiguousarray(listed.energies, np.float64)
    if not len(energies) or not np.isfinite(energies).all():
        raise InputError(f"{name}: a graph of states needs at least one state, and a finite energy for every one")
    copies = np.ascontiguousarray(listed.multiplicity, np.uint8)
    sea = _Sea(listed, energies, copies, np.empty(len(energies), np.int32), workers, progress)
    total = int(copies.sum(dtype=np.int64))
    mean = float(np.dot(copies, energies)) / total
    weak, closed, around = _descend(sea, mean)
    label = _drained(sea)
    bottom = np.flatnonzero(sea.target == np.arange(sea.states, dtype=np.int32))
    keys = listed.keys(bottom)
    order = np.lexsort((keys, energies[bottom]))
    bottom, keys = bottom[order], keys[order]
    label = _numbered(sea, label, bottom)
    weight = np.bincount(label, weights=copies, minlength=len(bottom)) / total
    flat = np.bincount(label[closed], weights=copies[closed], minlength=len(bottom)).astype(np.int64)
    plain = np.where(flat > 0, flat, copies[bottom])
    # How the copies of a plateau hang together is not known, so all of them count as one.
    plateau = np.where(flat > 0, flat, 1)
    table = _saddles(sea, label, len(bottom))
    saddle_keys = listed.keys(table.state)
    rank = np.lexsort((saddle_keys, table.energy))
    table = table.reordered(rank)
    ground = energies[bottom] == energies[bottom[0]]
    variance = float(np.dot(copies, (energies - mean) ** 2)) / total
    census = Census(
        states=total,
        mean=mean,
        variance=variance,
        ground_energy=float(energies[bottom[0]]),
        ground_states=int(plain[ground].sum()),
        minima_raw=weak,
        autocorrelation=around / total / variance if variance > 0 else None,
    )
    return BasinGraph(
        key=keys,
        energy=energies[bottom],
        weight=weight,
        plateau=plateau,
        orbit=plain // plateau,
        saddle_key=saddle_keys[rank],
        saddle_energy=table.energy,
        saddle_offsets=table.offset,
        saddle_minima=table.joined,
        saddle_exact=np.ones(len(table.state), np.bool_),
        census=census,
        tallies=count_listed(energies, copies, listed.overlap(_chief_states(energies, label, bottom, weight))),
        symmetry=listed.symmetry,
        kind=Kind.CHAIN,
    )


def _chief_states(energies: Floats, label: Labels, bottom: Ints, weight: Floats) -> Ints:
    """States of the chief native minimum, those of its plateau included."""
    chief = chief_native(energies[bottom], weight)
    return np.flatnonzero((label == chief) & (energies == energies[bottom[0]]))


def _descend(sea: _Sea, mean: float) -> tuple[int, Ints, float]:
    """Point every state downhill, or along its plateau to an exit, or to the smallest state of its closed plateau.

    Returns the number of plain states without a lower neighbour, the states of closed plateaus, and the sum for the
    autocorrelation.
    """

    def work(start: int, stop: int) -> tuple[Ints, Ints, Labels, int, float]:
        offsets, neighbours = sea.listed.rows(slice(start, stop))
        equal_offsets, equal = np.empty(stop - start + 1, np.int64), np.empty(len(neighbours), np.int32)
        neutral = np.zeros(stop - start, np.bool_)
        total = descend_rows(
            sea.energies, start, offsets, neighbours, mean, sea.copies[start:stop],
            sea.target[start:stop], neutral, equal_offsets, equal,
        )  # fmt: skip
        rows = np.flatnonzero(neutral)
        lone = sea.target[start:stop] == np.arange(start, stop)
        weak = int(sea.copies[start:stop][lone].sum(dtype=np.int64))
        return start + rows, np.diff(equal_offsets)[rows], equal[: equal_offsets[-1]].copy(), weak, total

    parts = over_blocks(work, sea.states, workers=sea.workers, progress=sea.progress, stage="descent", block=BLOCK)
    neutral = np.concatenate([part[0] for part in parts])
    offsets = np.concatenate([[0], np.cumsum(np.concatenate([part[1] for part in parts]))])
    equal = np.concatenate([part[2] for part in parts])
    weak, around = sum(part[3] for part in parts), math.fsum(part[4] for part in parts)
    return weak, _settle(sea, neutral, offsets, equal), around


def _settle(sea: _Sea, neutral: Ints, offsets: Ints, equal: Labels) -> Ints:
    """Drain open plateaus, layer by layer, and point the states of closed ones to their smallest."""
    layer = np.ones(sea.states, np.bool_)
    layer[neutral] = False
    rest = np.arange(len(neutral))
    while len(rest):
        exits = np.empty(len(rest), np.int32)
        if not drain_layer(rest, offsets, equal, layer, exits):
            break
        leaves = exits >= 0
        sea.target[neutral[rest[leaves]]] = exits[leaves]
        layer[neutral[rest[leaves]]] = True
        rest = rest[~leaves]
    closed = neutral[rest]
    if len(closed):
        size = np.diff(offsets)[rest]
        places = np.repeat(offsets[:-1][rest] - np.concatenate([[0], np.cumsum(size)[:-1]]), size) + np.arange(
            size.sum()
        )
        row = np.repeat(np.arange(len(closed)), size)
        column = np.searchsorted(closed, equal[places])
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        graph = csr_matrix((np.ones(len(row), np.int8), (row, column)), shape=(len(closed),) * 2)
        part = connected_components(graph, directed=False)[1]
        # States ascend, so the first of each part is its smallest.
        sea.target[closed] = closed[np.unique(part, return_index=True)[1]][part]
    return closed


def _drained(sea: _Sea) -> Labels:
    label = np.empty(sea.states, np.int32)
    over_blocks(
        lambda start, stop: follow_targets(sea.target, start, stop, label), sea.states,
        workers=sea.workers, progress=sea.progress, stage="basins",
    )  # fmt: skip
    return label


def _numbered(sea: _Sea, label: Labels, bottom: Ints) -> Labels:
    """Label states with the numbers of their minima instead of these minima's states, in place."""
    number = np.full(sea.states, -1, np.int32)
    number[bottom] = np.arange(len(bottom), dtype=np.int32)

    def work(start: int, stop: int) -> None:
        label[start:stop] = number[label[start:stop]]

    over_blocks(work, sea.states, workers=sea.workers, progress=sea.progress, stage="basins")
    return label


# ---------------------------------------------------------------------------------------------
# Saddles


def _cuts(energies: Floats) -> Iterator[tuple[float, float]]:
    """Ranges of energy ``above < E <= upto`` that cover all states: levels where they are few."""
    step = max(1, len(energies) // SAMPLE)
    sample = np.unique(energies[::step])
    if len(sample) > MOST_LEVELS:
        sample = np.unique(np.quantile(energies[::step], np.linspace(0.0, 1.0, SLICES + 1)[1:] ** 2))
    edges = [-math.inf, *sample.tolist(), math.inf]
    yield from pairwise(edges)


def _saddles(sea: _Sea, label: Labels, minima: int) -> SaddleTable:
    forest = Forest(minima)
    for above, upto in _cuts(sea.energies):
        if forest.components == 1:
            break
        candidate = np.flatnonzero((sea.energies > above) & (sea.energies <= upto))
        if len(candidate):
            forest.add(_stars(sea, label, forest.parent, candidate))
    return forest.table()


def _stars(sea: _Sea, label: Labels, component: Labels, candidate: Ints) -> Stars:
    def work(start: int, stop: int) -> tuple[Ints, Ints]:
        chosen = candidate[start:stop]
        offsets, neighbours = sea.listed.rows(chosen)
        room = 1 << max(10, (2 * len(neighbours)).bit_length())
        key, slot = np.full(room, -1, np.int64), np.empty(room, np.int64)
        pair, state = np.empty(len(neighbours), np.int64), np.empty(len(neighbours), np.int64)
        found = collect_pairs(
            sea.energies, label, component, chosen, offsets, neighbours, key, slot, pair, state
        )  # fmt: skip
        return pair[:found].copy(), state[:found].copy()

    parts = over_blocks(work, len(candidate), workers=sea.workers, progress=sea.progress, stage="saddles", block=BLOCK)
    pair, state = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((state, sea.energies[state], pair))
    first = np.ones(len(order), np.bool_)
    first[1:] = pair[order][1:] != pair[order][:-1]
    pair, state = pair[order][first], state[order][first]
    order = np.lexsort((pair, state))
    pair, state = pair[order], state[order]
    hub = label[state]
    low, high = (pair >> 32).astype(np.int32), (pair & 0xFFFFFFFF).astype(np.int32)
    spoke = np.where(low == hub, high, low)
    place = np.flatnonzero(np.concatenate([[True], state[1:] != state[:-1]])) if len(state) else np.zeros(0, np.int64)
    return Stars(state[place], sea.energies[state[place]], hub[place], np.concatenate([place, [len(state)]]), spoke)
