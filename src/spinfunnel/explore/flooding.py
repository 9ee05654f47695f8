"""Flooding: the exact map of a binary landscape, from every one of its states.

The passes, each in blocks over all cores: energies; steepest descent; plateaus; basins; weights; saddles and merges in
slices of ascending energy; energies by overlap with the native state. Nothing is sampled and nothing is rounded.

References
----------
Steepest-descent basins and barrier trees of degenerate landscapes: Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216,
155 (2002).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..landscape import BasinGraph, Binary, Census, Graph, InputError, Landscape, Progress, Record, Tally, index_key, no_progress
from . import hypercube
from .blocks import over_blocks
from .graph_flood import flood_graph, hypercube_graph
from .memory import refuse_if_too_large
from .saddles import Forest, SaddleTable, Stars, collect_stars
from .symmetry import Group, canonical_numbers, close_group

__all__ = ["explore", "flood"]

Result = TypeVar("Result")

FEWEST_BITS = 4
"""Below this a landscape is flooded as a plain graph: vectors of eight states need at least three bits."""
CHASE_LANES = 512
RECORDS_AT_ONCE = 10_000
STAR_ROOM = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class _Cube:
    """The states to be flooded, and what is known of all of them."""

    size: int
    bits: int
    group: Group
    energies: NDArray[np.float64]
    canon: NDArray[np.uint32]
    label: NDArray[np.int32]
    workers: int
    progress: Progress

    @property
    def flip(self) -> int:
        return self.size - self.bits

    @property
    def states(self) -> int:
        return len(self.energies)

    @property
    def geometry(self) -> tuple[int, int]:
        return self.bits, self.flip


def flood(landscape: Binary | Graph, *, workers: int = 1, progress: Progress = no_progress) -> BasinGraph:
    """Map a landscape exactly: minima, basins, exits and the merge tree.

    Parameters
    ----------
    landscape : Binary or Graph
        Up to 31 free bits, as memory allows: 13 bytes a state, and half the states with a global flip.
    workers : int
        Threads. The result does not depend on it.
    progress : callable
        Told the stage and the share done.

    Returns
    -------
    BasinGraph
        With ``exact=True``. Its saddles are those that can matter: every exit, and every merge of the tree.

    Raises
    ------
    InputError
        When the landscape does not fit into memory (before anything is allocated), an energy is not finite, or a
        declared symmetry changes an energy.

    Notes
    -----
    - Descent goes to the neighbour of lowest energy, ties to the smallest state number (after symmetric copies are
      identified). A state without a lower neighbour but with equal ones belongs to a plateau. A plateau whose states have no lower
      neighbour is one minimum; otherwise its inner states follow the shortest neutral walk to a state that has one.
    - The saddle between neighbouring basins is ``s(i, j) = min max(E(u), E(v))`` over neighbours u, v in the basins of i and j.
      A basin's exit is its lowest saddle; of several, the one to the lowest minimum is kept.

    Examples
    --------
    A ring of four ferromagnetic bonds has one minimum up to the global flip:

    >>> from spinfunnel.systems import edwards_anderson
    >>> ring = edwards_anderson((5,), seed=1)
    >>> flood(ring).census.states
    32
    """
    if isinstance(landscape, Binary):
        group = close_group(landscape.symmetries, size=landscape.size)
        bits = landscape.size - int(group.has_global_flip)
        if bits < FEWEST_BITS:
            return flood_graph(hypercube_graph(landscape, group=group), symmetry=tuple(s.name for s in landscape.symmetries))
        refuse_if_too_large(landscape.size, bits=bits, symmetric=group.modulo_flip().order > 1)
        return _flood_cube(_open_cube(landscape, group=group, bits=bits, workers=workers, progress=progress), landscape)
    if isinstance(landscape, Graph):
        return flood_graph(landscape, symmetry=())
    raise InputError(f"{landscape.name} is neither binary nor a graph of states; flooding needs a finite set of states")


def explore(
    landscape: Landscape, *, seed: int = 0, workers: int = 1, progress: Progress = no_progress
) -> Iterator[list[Record]]:
    """Yield the records of `flood` in chunks, minima before the saddles that name them. The seed has no effect."""
    if not isinstance(landscape, Binary | Graph):
        raise InputError(f"{landscape.name} is neither binary nor a graph of states; flooding needs a finite set of states")
    records = flood(landscape, workers=workers, progress=progress).records()
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        yield chunk


def _open_cube(landscape: Binary, *, group: Group, bits: int, workers: int, progress: Progress) -> _Cube:
    energies = np.empty(1 << bits)
    landscape.enumerate(energies, workers=workers, progress=progress)
    canon = canonical_numbers(group, bits=bits, workers=workers, progress=progress)
    if len(canon):
        _check_symmetry(landscape, energies, canon)
    return _Cube(landscape.size, bits, group, energies, canon, np.empty(1 << bits, np.int32), workers, progress)


def _check_symmetry(landscape: Binary, energies: NDArray[np.float64], canon: NDArray[np.uint32]) -> None:
    """Verify that states of one orbit have one energy, to the last digit, so that no tie is broken by rounding."""
    for start in range(0, len(energies), 1 << 20):
        block = slice(start, start + (1 << 20))
        images = energies[canon[block]]
        differ = np.flatnonzero(energies[block] != images)
        if differ.size:
            worst = differ[np.argmax(np.abs(energies[block] - images)[differ])]
            here = index_key(start + worst, size=landscape.size)[0]
            raise InputError(
                f"{landscape.name} declares symmetries that change energies: state {here} has {energies[start + worst]!r}, its image "
                f"{images[worst]!r}; declare only those that leave every energy alone"
            )


def _flood_cube(cube: _Cube, landscape: Binary) -> BasinGraph:
    strict, neutral, census_sums = _descend(cube)
    roots, members, weak = _settle_plateaus(cube, neutral)
    state = np.concatenate([strict, roots])
    state = state[np.lexsort((_reversed_bits(state, size=cube.size), cube.energies[state]))]
    cube.label[state] = np.arange(len(state), dtype=np.int32)
    _in_blocks(cube, lambda start, stop: hypercube.chase(cube.label, start, stop, CHASE_LANES), stage="basins")
    weight = _weights(cube, len(state))
    plateau, orbit = _copies(cube, state, members=members)
    energy = cube.energies[state]
    native = energy == energy[0]
    census = _census(cube, census_sums, int((plateau * orbit)[native].sum()), float(energy[0]), weak + _orbits(cube, strict).sum())
    table = _saddles(cube, energy)
    tally = _overlap(cube, state[native], members, census=census)
    rank = np.lexsort((_reversed_bits(table.state, size=cube.size), table.energy))
    table = table.reordered(rank)
    return BasinGraph(
        key=index_key(state, size=cube.size),
        energy=energy,
        weight=weight,
        plateau=plateau,
        orbit=orbit,
        saddle_key=index_key(table.state, size=cube.size),
        saddle_energy=table.energy,
        saddle_offsets=table.offset,
        saddle_minima=table.joined,
        saddle_exact=np.ones(len(table.state), np.bool_),
        census=census,
        tallies=(tally,),
        symmetry=tuple(symmetry.name for symmetry in landscape.symmetries),
    )


def _in_blocks(cube: _Cube, work: Callable[[int, int], Result], *, stage: str, total: int | None = None) -> list[Result]:
    count = cube.states if total is None else total
    return over_blocks(work, count, workers=cube.workers, progress=cube.progress, stage=stage)


def _reversed_bits(state: NDArray[np.int64], *, size: int) -> NDArray[np.int64]:
    """Numbers whose order is the order of the keys, which write bit 0 first."""
    number = np.zeros_like(state)
    for bit in range(size):
        number = (number << 1) | ((state >> bit) & 1)
    return number


# ---------------------------------------------------------------------------------------------
# Minima and basins


def _descend(cube: _Cube) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[float, float, NDArray[np.float64]]]:
    """Point every state downhill; return strict minima, neutral states, and (shift, moves, sums) for the census."""
    sample = cube.energies[:: max(1, cube.states >> 12)]
    shift = float(sample.mean())
    if not np.isfinite(shift):
        raise InputError("an energy is not finite; every state needs one")

    def work(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        room = max(64, (stop - start) >> 3)
        while True:
            found, sums = np.empty(room, np.int64), np.zeros(24)
            strict, neutral = hypercube.descend(cube.energies, cube.label, start, stop, *cube.geometry, shift, sums, found)
            if strict + neutral <= room:
                return found[:strict].copy(), found[room - neutral :][::-1].copy(), sums.reshape(3, 8).sum(axis=1)
            room = strict + neutral

    parts = _in_blocks(cube, work, stage="descent")
    sums = np.sum([part[2] for part in parts], axis=0)
    if not np.isfinite(sums).all():
        raise InputError("an energy is not finite, or too large to square; every state needs a finite one")
    strict, neutral = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    if len(cube.canon):
        _in_blocks(
            cube,
            lambda start, stop: hypercube.canonical_moves(cube.energies, cube.canon, cube.label, start, stop, *cube.geometry),
            stage="symmetries",
        )
        strict, neutral = (states[cube.canon[states] == states] for states in (strict, neutral))
    return strict, neutral, (shift, float(cube.bits + cube.flip), sums)


def _settle_plateaus(cube: _Cube, neutral: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Drain open plateaus and point closed ones to their smallest state.

    Returns those smallest states, all states of closed plateaus, and the number of plain states behind `neutral`.
    """
    if not len(neutral):
        return neutral, neutral, 0
    cube.progress("plateaus", 0.0)
    shape = (cube.energies, cube.canon, cube.label)
    hypercube.union_plateaus(*shape, neutral, *cube.geometry)
    exits = hypercube.equal_exits(*shape, neutral, *cube.geometry)
    beside = exits >= 0
    root = cube.label[neutral].astype(np.int64)
    hypercube.drain_plateaus(*shape, neutral[beside], exits[beside], len(neutral), *cube.geometry)
    closed = cube.label[neutral] >= 0
    cube.label[neutral[closed]] = ~root[closed].astype(np.int32)
    cube.progress("plateaus", 1.0)
    return np.unique(root[closed]), neutral[closed], int(_orbits(cube, neutral).sum())


def _orbits(cube: _Cube, state: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of plain states in the orbit of each state."""
    if not len(cube.canon):
        return np.full(len(state), 1 + cube.flip, np.int64)
    sizes = np.empty(len(state), np.int64)
    for start in range(0, len(state), 4096):
        images = np.sort(cube.group.images(state[start : start + 4096]), axis=0)
        sizes[start : start + 4096] = 1 + (np.diff(images, axis=0) != 0).sum(axis=0)
    return sizes


def _weights(cube: _Cube, minima: int) -> NDArray[np.float64]:
    def work(start: int, stop: int) -> NDArray[np.int64]:
        counts = np.zeros((4, minima), np.int64)
        hypercube.count_labels(cube.label, start, stop, counts)
        return counts.sum(axis=0)

    if minima > 1 << 14:
        counts = np.zeros((4, minima), np.int64)
        hypercube.count_labels(cube.label, 0, cube.states, counts)
        return counts.sum(axis=0) / cube.states
    return np.sum(_in_blocks(cube, work, stage="weights"), axis=0) / cube.states


def _copies(
    cube: _Cube, state: NDArray[np.int64], *, members: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Size of one copy of each minimum's plateau, and the number of its copies under the symmetries."""
    orbit = _orbits(cube, state)
    plateau = np.ones(len(state), np.int64)
    if not len(members):
        return plateau, orbit
    owner = cube.label[members].astype(np.int64)
    plain, first = np.unique(cube.group.images(members).T, return_index=True)
    minimum = np.repeat(owner, cube.group.order)[first]
    copies = _connected_copies(plain, minimum, size=cube.size, minima=len(state))
    total = np.bincount(minimum, minlength=len(state))
    flat = total > 0
    orbit[flat] = copies[flat]
    plateau[flat] = total[flat] // copies[flat]
    return plateau, orbit


def _connected_copies(
    plain: NDArray[np.int64], minimum: NDArray[np.int64], *, size: int, minima: int
) -> NDArray[np.int64]:
    """Number of connected sets of plain states (sorted numbers) that each minimum consists of."""
    rows, columns = [], []
    for bit in range(size):
        partner = plain ^ (1 << bit)
        place = np.minimum(np.searchsorted(plain, partner), len(plain) - 1)
        beside = (plain[place] == partner) & (minimum[place] == minimum)
        rows.append(np.flatnonzero(beside))
        columns.append(place[beside])
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_matrix((np.ones(len(row), np.int8), (row, column)), shape=(len(plain), len(plain)))
    _, part = connected_components(graph, directed=False)
    first = np.unique(part, return_index=True)[1]
    return np.bincount(minimum[first], minlength=minima)


def _census(
    cube: _Cube, sums: tuple[float, float, NDArray[np.float64]], ground_states: int, ground: float, minima_raw: int
) -> Census:
    shift, moves, (first, second, cross) = sums[0], sums[1], sums[2].tolist()
    offset = first / cube.states
    variance = max(0.0, second / cube.states - offset**2)
    covariance = cross / (cube.states * moves) - offset**2
    return Census(
        states=1 << cube.size,
        mean=shift + offset,
        variance=variance,
        ground_energy=ground,
        ground_states=ground_states,
        minima_raw=int(minima_raw),
        autocorrelation=covariance / variance if variance > 0 else None,
    )


# ---------------------------------------------------------------------------------------------
# Saddles


def _slices(cube: _Cube) -> Iterator[tuple[float, float]]:
    """Energy intervals (above, upto] from the ground up, doubling in the number of states, then a twentieth at a time."""
    sample = np.sort(cube.energies[:: max(1, cube.states >> 16)])
    share = min(0.05, max((1 << 17) / cube.states, 16 / len(sample)))
    above = -np.inf
    while share < 1.0:
        upto = float(sample[int(share * len(sample))])
        if upto > above:
            yield above, upto
            above = upto
        share = share * 2 if share < 0.05 else share + 0.05
    yield above, np.inf


def _stars(cube: _Cube, component: NDArray[np.int32], above: float, upto: float) -> Stars:
    fixed = (cube.energies, cube.canon, cube.label, component)

    def work(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        room = (np.empty(STAR_ROOM, np.int64), np.empty(STAR_ROOM, np.int32), np.empty(STAR_ROOM, np.int32))
        parts = []
        while start < stop:
            stars, spokes, start = collect_stars(*fixed, start, stop, above, upto, *cube.geometry, *room)
            parts.append((room[0][:stars].copy(), room[1][:stars].copy(), room[2][:spokes].copy()))
        state, size, spoke = (np.concatenate(column) for column in zip(*parts, strict=True))
        return state, size, spoke

    columns = zip(*_in_blocks(cube, work, stage="saddles"), strict=True)
    state, size, spoke = (np.concatenate(column) for column in columns)
    offset = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    return Stars(state, cube.energies[state], cube.label[state], offset, spoke)


def _saddles(cube: _Cube, energy: NDArray[np.float64]) -> SaddleTable:
    forest = Forest(len(energy))
    for above, upto in _slices(cube):
        if forest.components == 1:
            break
        forest.add(_stars(cube, forest.parent, above, upto))
    return forest.table()


# ---------------------------------------------------------------------------------------------
# Energy by overlap with the native state


def _native_distance(cube: _Cube, roots: NDArray[np.int64], members: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Hamming distance of every state to the nearest native plain state."""
    native = np.union1d(roots, members[np.isin(cube.label[members], cube.label[roots])])
    plain = np.unique(cube.group.images(native))
    mask = (1 << cube.bits) - 1
    distance = np.full(cube.states, cube.size, np.uint8)
    turned = plain > mask
    distance[plain[turned] & mask] = 1
    distance[plain[~turned]] = 0
    for bit in range(cube.bits):
        _in_blocks(
            cube,
            lambda start, stop, bit=bit: hypercube.spread_distance(distance, start, stop, bit),
            stage="overlap",
            total=cube.states // 2,
        )
    return distance


def _overlap(cube: _Cube, roots: NDArray[np.int64], members: NDArray[np.int64], *, census: Census) -> Tally:
    distance = _native_distance(cube, roots, members)

    def work(start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sums, lowest = np.zeros((3, cube.size + 1)), np.full(cube.size + 1, np.inf)
        hypercube.overlap_sums(cube.energies, distance, start, stop, census.mean, sums, lowest)
        return sums, lowest

    parts = _in_blocks(cube, work, stage="overlap")
    (count, first, second), lowest = np.sum([part[0] for part in parts], axis=0), np.min([part[1] for part in parts], axis=0)
    seen = np.flatnonzero(count)[::-1]
    offset = first[seen] / count[seen]
    spread = np.sqrt(np.maximum(0.0, second[seen] / count[seen] - offset**2))
    columns = (1.0 - 2.0 * seen / cube.size, count[seen] * (1 + cube.flip), census.mean + offset, spread, lowest[seen])
    return Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns))
