"""Flooding: the exact map of a binary landscape, from every one of its states.

The passes, each in blocks over all cores: energies; steepest descent; plateaus; basins; weights; saddles and merges in
slices of ascending energy; states by energy and overlap with the native state. Nothing is sampled, nothing rounded.

References
----------
Steepest-descent basins and barrier trees of degenerate landscapes: Flamm, Hofacker, Stadler, Wolfinger, Z. Phys.
Chem. 216, 155 (2002).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood import hypercube
from spinfunnel.explore.flood.cube import Cube
from spinfunnel.explore.flood.graph_flood import flood_graph, hypercube_graph
from spinfunnel.explore.flood.list_flood import flood_list
from spinfunnel.explore.flood.memory import refuse_if_too_large
from spinfunnel.explore.flood.slices import find_saddles
from spinfunnel.explore.flood.state_density import count_states
from spinfunnel.landscape import (
    BasinGraph,
    Binary,
    Census,
    Finite,
    Graph,
    InputError,
    Kind,
    Landscape,
    Progress,
    Record,
    index_key,
    no_progress,
)
from spinfunnel.landscape.basin_graph import chief_native
from spinfunnel.moves.group import Group, canonical_numbers, close_group

__all__ = ["evaluations", "explore", "flood"]

FEWEST_BITS = 6
"""Below this a landscape is flooded as a plain graph: a vector of 64 distances needs six bits."""
FEW_MINIMA = 1 << 12
"""Up to here the states of each minimum are counted in four tables at a time."""
HOPS = 2
"""Steps that pointers skip while they are in the cache; none where moves are still to be made canonical."""
RECORDS_AT_ONCE = 10_000
FINITE = frozenset({Kind.BINARY, Kind.CHAIN, Kind.GRAPH})


def flood(landscape: Binary | Graph | Finite, *, workers: int = 1, progress: Progress = no_progress) -> BasinGraph:
    """Map a landscape exactly: minima, basins, exits and the merge tree.

    Parameters
    ----------
    landscape : Binary, Graph or Finite
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
      identified). A state without a lower neighbour but with equal ones belongs to a plateau. A plateau whose states
      have no lower
      neighbour is one minimum; otherwise its inner states follow the shortest neutral walk to a state that has one.
    - The saddle between neighbouring basins is ``s(i, j) = min max(E(u), E(v))`` over neighbours u, v in the basins
      of i and j. A basin's exit is its lowest saddle; of several, the one to the lowest minimum is kept.

    Examples
    --------
    A ring of four ferromagnetic bonds has one minimum up to the global flip:

    >>> from spinfunnel.systems import edwards_anderson
    >>> ring = edwards_anderson((5,), seed=1)
    >>> flood(ring).census.states
    32
    """
    given: Any = landscape
    if landscape.kind is Kind.BINARY:
        return _flood_binary(given, workers=workers, progress=progress)
    if landscape.kind is Kind.CHAIN:
        listed = given.list_states(workers=workers, progress=progress)
        return flood_list(listed, name=landscape.name, workers=workers, progress=progress)
    if landscape.kind is Kind.GRAPH:
        return flood_graph(given, symmetry=())
    raise _infinite(landscape)


def _flood_binary(landscape: Binary, *, workers: int, progress: Progress) -> BasinGraph:
    """Flood the hypercube; one of few bits as any other graph."""
    group = close_group(landscape.symmetries, size=landscape.size)
    bits = landscape.size - int(group.has_global_flip)
    if bits < FEWEST_BITS:
        found = flood_graph(
            hypercube_graph(landscape, group=group), symmetry=tuple(s.name for s in landscape.symmetries)
        )
        return replace(found, kind=Kind.BINARY)
    refuse_if_too_large(landscape.size, bits=bits, symmetric=group.modulo_flip().order > 1)
    return _flood_cube(_open_cube(landscape, group=group, bits=bits, workers=workers, progress=progress), landscape)


def _infinite(landscape: Landscape) -> InputError:
    return InputError(
        f"{landscape.name} is neither binary nor a graph of states; flooding needs a finite set of states"
    )


def evaluations(landscape: Landscape) -> int:
    """Energies that a flood computes."""
    given: Any = landscape
    if landscape.kind is Kind.BINARY:
        return 1 << (given.size - any(symmetry.is_global_flip for symmetry in given.symmetries))
    return int(given.distinct_states()) if landscape.kind is Kind.CHAIN else len(given.energies)


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,  # noqa: ARG001 - every explorer takes one
    workers: int = 1,
    progress: Progress = no_progress,
) -> Iterator[list[Record]]:
    """Yield the records of `flood` in chunks, minima before the saddles that name them. The seed has no effect."""
    if landscape.kind not in FINITE:
        raise _infinite(landscape)
    finite: Any = landscape
    records = flood(finite, workers=workers, progress=progress).records()
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        yield chunk


def _open_cube(landscape: Binary, *, group: Group, bits: int, workers: int, progress: Progress) -> Cube:
    energies = np.empty(1 << bits)
    landscape.enumerate(energies, workers=workers, progress=progress)
    canon = canonical_numbers(group, bits=bits, workers=workers, progress=progress)
    cube = Cube(landscape.size, bits, group, energies, canon, np.empty(1 << bits, np.int32), workers, progress)
    if len(canon):
        _check_symmetry(cube, landscape)
    return cube


def _check_symmetry(cube: Cube, landscape: Binary) -> None:
    """Verify that states of one orbit have one energy, to the last digit, so that no tie is broken by rounding."""
    worst = max(
        cube.in_blocks(
            lambda start, stop: hypercube.image_off(cube.energies, cube.canon, start, stop), stage="symmetries"
        )
    )
    if worst >= 0:
        raise InputError(
            f"{landscape.name} declares symmetries that change energies: state {index_key(worst, size=cube.size)[0]} "
            f"has {float(cube.energies[worst])!r}, its image {float(cube.energies[cube.canon[worst]])!r}; "
            "declare only those that leave every energy alone, to the last digit"
        )


def _flood_cube(cube: Cube, landscape: Binary) -> BasinGraph:
    strict, neutral, census_sums = _descend(cube)
    roots, members, weak = _settle_plateaus(cube, neutral)
    state = np.concatenate([strict, roots])
    state = state[_by_energy_and_key(cube, state)]
    cube.label[state] = np.arange(len(state), dtype=np.int32)
    weight = _drain(cube, len(state))
    plateau, orbit = _copies(cube, state, members=members)
    energy = cube.energies[state]
    native = energy == energy[0]
    census = _census(
        cube, census_sums, int((plateau * orbit)[native].sum()), float(energy[0]), weak + _orbits(cube, strict).sum()
    )
    table = find_saddles(cube, energy)
    chief = chief_native(energy, weight)
    tallies = count_states(cube, state[chief : chief + 1], members, census=census)
    table = table.reordered(_by_energy_and_key(cube, table.state))
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
        tallies=tallies,
        symmetry=tuple(symmetry.name for symmetry in landscape.symmetries),
    )


def _by_energy_and_key(cube: Cube, state: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order of states by energy, then by key, which writes bit 0 first."""
    energy = cube.energies[state]
    order = np.argsort(energy)
    if not (np.diff(energy[order]) == 0).any():
        return order
    mirrored = np.zeros_like(state)
    for bit in range(cube.size):
        mirrored = (mirrored << 1) | ((state >> bit) & 1)
    return np.lexsort((mirrored, energy))


# ---------------------------------------------------------------------------------------------
# Minima and basins


def _descend(cube: Cube) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[float, float, NDArray[np.float64]]]:
    """Point every state downhill; return strict minima, neutral states, and (shift, moves, sums) for the census."""
    hops = 0 if len(cube.canon) else HOPS
    sample = cube.energies[:: max(1, cube.states >> 12)]
    shift = float(sample.mean())
    if not np.isfinite(shift):
        raise InputError("an energy is not finite; every state needs one")

    def work(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        room = max(64, (stop - start) >> 3)
        while True:
            found, sums = np.empty(room, np.int64), np.zeros(24)
            strict, neutral = hypercube.descend(
                cube.energies, cube.label, start, stop, *cube.geometry, shift, sums, found, hops
            )
            if strict + neutral <= room:
                return found[:strict].copy(), found[room - neutral :][::-1].copy(), sums.reshape(3, 8).sum(axis=1)
            room = strict + neutral

    parts = cube.in_blocks(work, stage="descent")
    sums = np.sum([part[2] for part in parts], axis=0)
    if not np.isfinite(sums).all():
        raise InputError("an energy is not finite, or too large to square; every state needs a finite one")
    strict, neutral = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    if len(cube.canon):
        cube.in_blocks(
            lambda start, stop: hypercube.canonical_moves(
                cube.energies, cube.canon, cube.label, start, stop, *cube.geometry
            ),
            stage="symmetries",
        )
        strict, neutral = (states[cube.canon[states] == states] for states in (strict, neutral))
    return strict, neutral, (shift, float(cube.bits + cube.flip), sums)


def _settle_plateaus(cube: Cube, neutral: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
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


def _orbits(cube: Cube, state: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of plain states in the orbit of each state."""
    if not len(cube.canon):
        return np.full(len(state), 1 + cube.flip, np.int64)
    sizes = np.empty(len(state), np.int64)
    for start in range(0, len(state), 4096):
        images = np.sort(cube.group.images(state[start : start + 4096]), axis=0)
        sizes[start : start + 4096] = 1 + (np.diff(images, axis=0) != 0).sum(axis=0)
    return sizes


def _drain(cube: Cube, minima: int) -> NDArray[np.float64]:
    """Label every state with its minimum; return each minimum's share of the states."""
    tables: SimpleQueue[NDArray[np.int64]] = SimpleQueue()
    shape = (4 if minima <= FEW_MINIMA else 1, minima)
    for _ in range(cube.workers):
        tables.put(np.zeros(shape, np.int64))

    def work(start: int, stop: int) -> None:
        counts = tables.get()
        hypercube.drain(cube.label, start, stop, counts)
        tables.put(counts)

    cube.in_blocks(work, stage="basins")
    total = np.sum([tables.get().sum(axis=0) for _ in range(cube.workers)], axis=0)
    return np.asarray(total / cube.states)


def _copies(
    cube: Cube, state: NDArray[np.int64], *, members: NDArray[np.int64]
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
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

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
    cube: Cube, sums: tuple[float, float, NDArray[np.float64]], ground_states: int, ground: float, minima_raw: int
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
