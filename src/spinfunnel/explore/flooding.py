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
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..landscape import (
    BasinGraph,
    Binary,
    Census,
    Graph,
    InputError,
    Landscape,
    Progress,
    Record,
    Tally,
    index_key,
    no_progress,
)
from . import hypercube
from ..blocks import over_blocks
from .graph_flood import flood_graph, hypercube_graph
from .memory import refuse_if_too_large
from .saddles import Forest, SaddleTable, Stars, collect_stars
from .symmetry import Group, canonical_numbers, close_group

__all__ = ["explore", "flood"]

Result = TypeVar("Result")

FEWEST_BITS = 6
"""Below this a landscape is flooded as a plain graph: a vector of 64 distances needs six bits."""
LOW_BITS = 14
"""Bits over which distances are spread within one block (no block is smaller)."""
FEW_MINIMA = 1 << 12
"""Up to here the states of each minimum are counted in four tables at a time."""
RUN = 1 << 12
"""States whose energies are summed ring by ring around the native state."""
ROUNDING = 1e-13
FIRST_SLICE = 1 << 13
"""States in the first slice."""
WIDEST_SLICE = 0.05
"""Largest share of all states in one slice."""
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
            return flood_graph(
                hypercube_graph(landscape, group=group), symmetry=tuple(s.name for s in landscape.symmetries)
            )
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
        raise InputError(
            f"{landscape.name} is neither binary nor a graph of states; flooding needs a finite set of states"
        )
    records = flood(landscape, workers=workers, progress=progress).records()
    while chunk := list(islice(records, RECORDS_AT_ONCE)):
        yield chunk


def _open_cube(landscape: Binary, *, group: Group, bits: int, workers: int, progress: Progress) -> _Cube:
    energies = np.empty(1 << bits)
    landscape.enumerate(energies, workers=workers, progress=progress)
    canon = canonical_numbers(group, bits=bits, workers=workers, progress=progress)
    cube = _Cube(landscape.size, bits, group, energies, canon, np.empty(1 << bits, np.int32), workers, progress)
    if len(canon):
        _check_symmetry(cube, landscape)
    return cube


def _check_symmetry(cube: _Cube, landscape: Binary) -> None:
    """Verify that states of one orbit have one energy, to the last digit, so that no tie is broken by rounding."""
    worst = max(
        _in_blocks(
            cube, lambda start, stop: hypercube.image_off(cube.energies, cube.canon, start, stop), stage="symmetries"
        )
    )
    if worst >= 0:
        raise InputError(
            f"{landscape.name} declares symmetries that change energies: state {index_key(worst, size=cube.size)[0]} has "
            f"{float(cube.energies[worst])!r}, its image {float(cube.energies[cube.canon[worst]])!r}; declare only those that leave "
            "every energy alone, to the last digit"
        )


def _flood_cube(cube: _Cube, landscape: Binary) -> BasinGraph:
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
    table = _saddles(cube, energy)
    tally = _overlap(cube, state[native], members, census=census)
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
        tallies=(tally,),
        symmetry=tuple(symmetry.name for symmetry in landscape.symmetries),
    )


def _in_blocks(
    cube: _Cube, work: Callable[[int, int], Result], *, stage: str, total: int | None = None
) -> list[Result]:
    count = cube.states if total is None else total
    return over_blocks(work, count, workers=cube.workers, progress=cube.progress, stage=stage)


def _by_energy_and_key(cube: _Cube, state: NDArray[np.int64]) -> NDArray[np.int64]:
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
            strict, neutral = hypercube.descend(
                cube.energies, cube.label, start, stop, *cube.geometry, shift, sums, found
            )
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
            lambda start, stop: hypercube.canonical_moves(
                cube.energies, cube.canon, cube.label, start, stop, *cube.geometry
            ),
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


def _drain(cube: _Cube, minima: int) -> NDArray[np.float64]:
    """Label every state with its minimum; return each minimum's share of the states."""
    tables: SimpleQueue[NDArray[np.int64]] = SimpleQueue()
    shape = (4 if minima <= FEW_MINIMA else 1, minima)
    for _ in range(cube.workers):
        tables.put(np.zeros(shape, np.int64))

    def work(start: int, stop: int) -> None:
        counts = tables.get()
        hypercube.drain(cube.label, start, stop, counts)
        tables.put(counts)

    _in_blocks(cube, work, stage="basins")
    total = np.sum([tables.get().sum(axis=0) for _ in range(cube.workers)], axis=0)
    return np.asarray(total / cube.states)


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


def _sample(cube: _Cube) -> NDArray[np.float64]:
    """Sorted energies of states spread evenly over the cube, by the golden ratio; the quantiles that the slices need."""
    count = min(1 << 16, cube.states)
    step = int(cube.states * 0.6180339887498949) | 1
    return np.sort(cube.energies[(np.arange(count, dtype=np.int64) * step) & (cube.states - 1)])


def _states_between(cube: _Cube, above: float, upto: float) -> NDArray[np.uint32]:
    def work(start: int, stop: int) -> NDArray[np.uint32]:
        found = np.empty(stop - start, np.uint32)
        return found[: hypercube.gather_below(cube.energies, start, stop, above, upto, found)].copy()

    pool = np.concatenate(_in_blocks(cube, work, stage="saddles"))
    return pool[cube.canon[pool] == pool] if len(cube.canon) else pool


def _levels(sample: NDArray[np.float64], *, states: int) -> Iterator[float]:
    """Energies at which the states are cut into slices: doubling at first, then a twentieth of the states at a time."""
    share = max(FIRST_SLICE / states, 32 / len(sample))
    while share < 1.0:
        yield float(sample[int(share * len(sample))])
        share = 2 * share if share < WIDEST_SLICE else share + WIDEST_SLICE
    yield math.inf


def _slices(cube: _Cube, highest: float) -> Iterator[NDArray[np.uint32]]:
    """States in slices of ascending energy, ascending by number within a slice; equal energies stay together.

    No merge lies far above the highest minimum: what a little more than that asks for is gathered in one pass, and cut up there.
    """
    sample = _sample(cube)
    share = min(WIDEST_SLICE, 0.0005 + 1.2 * float(np.searchsorted(sample, highest, side="right")) / len(sample))
    above, gathered = -math.inf, float(sample[int(share * len(sample))])
    pool = _states_between(cube, above, gathered)
    energy = cube.energies[pool]
    for upto in _levels(sample, states=cube.states):
        if above < gathered:
            yield pool[(energy > above) & (energy <= upto)]
            above = min(upto, gathered)
        if above < upto:
            yield _states_between(cube, above, upto)
            above = upto


def _stars(cube: _Cube, component: NDArray[np.int32], candidate: NDArray[np.uint32]) -> Stars:
    fixed = (cube.energies, cube.label, component, candidate)

    def work(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        room = min(STAR_ROOM, (stop - start) * cube.size)
        state, size, spoke = np.empty(room, np.int64), np.empty(room, np.int32), np.empty(room, np.int32)
        parts = []
        while start < stop:
            stars, spokes, start = collect_stars(*fixed, start, stop, *cube.geometry, state, size, spoke)
            parts.append((state[:stars].copy(), size[:stars].copy(), spoke[:spokes].copy()))
        first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
        return first, second, third

    columns = zip(*_in_blocks(cube, work, stage="saddles", total=len(candidate)), strict=True)
    state, size, spoke = (np.concatenate(column) for column in columns)
    offset = np.concatenate([[0], np.cumsum(size, dtype=np.int64)])
    return Stars(state, cube.energies[state], cube.label[state], offset, spoke)


def _saddles(cube: _Cube, energy: NDArray[np.float64]) -> SaddleTable:
    forest = Forest(len(energy))
    for candidate in _slices(cube, float(energy[-1])):
        if forest.components == 1:
            break
        if len(candidate):
            forest.add(_stars(cube, forest.parent, candidate))
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
    low = min(cube.bits, LOW_BITS)
    _in_blocks(cube, lambda start, stop: hypercube.spread_low(distance, start, stop, low), stage="overlap")
    for bit in range(low, cube.bits):
        spread = partial(hypercube.spread_bit, distance, bit=bit)
        _in_blocks(
            cube, lambda start, stop, spread=spread: spread(start, stop), stage="overlap", total=cube.states // 2
        )
    return distance


def _ring_order(native: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets within a run of states by distance to the low bits of `native`, and where each distance starts."""
    offset = np.arange(RUN, dtype=np.int64)
    distance = np.bitwise_count(offset ^ (native & (RUN - 1)))
    order = np.argsort(distance, kind="stable")
    return order, np.searchsorted(distance[order], np.arange(int(distance.max()) + 2))


def _overlap(cube: _Cube, roots: NDArray[np.int64], members: NDArray[np.int64], *, census: Census) -> Tally:
    single = len(roots) == 1 and not len(cube.canon) and not len(members) and cube.states >= RUN
    if single:
        native, (order, rings) = int(roots[0]), _ring_order(int(roots[0]))
    else:
        distance = _native_distance(cube, roots, members)

    def work(start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sums, lowest = np.zeros((3, cube.size + 1)), np.full(cube.size + 1, np.inf)
        if single:
            hypercube.overlap_sums(cube.energies, order, rings, start, stop, native, census.mean, sums, lowest)
        else:
            hypercube.distance_sums(cube.energies, distance, start, stop, census.mean, sums, lowest)
        return sums, lowest

    parts = _in_blocks(cube, work, stage="overlap")
    sums, lowest = np.sum([part[0] for part in parts], axis=0), np.min([part[1] for part in parts], axis=0)
    if single and cube.flip:
        sums, lowest = _fold(sums), np.minimum(lowest, lowest[::-1])[: cube.size // 2 + 1]
    count, first, second = sums
    seen = np.flatnonzero(count)[::-1]
    offset = first[seen] / count[seen]
    square = second[seen] / count[seen]
    variance = square - offset**2
    # A difference of the size of rounding is none: states of one overlap and one energy have no spread.
    spread = np.sqrt(np.where(variance > ROUNDING * square, variance, 0.0))
    columns = (1.0 - 2.0 * seen / cube.size, count[seen] * (1 + cube.flip), census.mean + offset, spread, lowest[seen])
    return Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns))


def _fold(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums by distance to the nearer of a state and its mirror image, from sums by distance to the one."""
    half = sums.shape[1] // 2
    folded = sums[:, : (sums.shape[1] + 1) // 2].copy()
    folded[:, :half] += sums[:, ::-1][:, :half]
    return folded
