"""Flooding of any finite graph of states in compressed rows; small hypercubes as such graphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood.saddles import Forest, Stars
from spinfunnel.explore.flood.state_density import graph_histogram
from spinfunnel.landscape import BasinGraph, Binary, Census, Graph, InputError, Kind, Parameter, index_key, state_bits
from spinfunnel.moves.group import Group

__all__ = ["StateGraph", "flood_graph", "hypercube_graph"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StateGraph:
    """A `Graph` held in arrays, with a key for every state.

    Attributes
    ----------
    name : str
    energies : array of float64, shape (n,)
    offsets : array of int64, shape (n + 1,)
    neighbours : array of int64
        A state may be its own neighbour (a move to a symmetric copy of itself).
    keys : array of str, shape (n,)
    multiplicity : array of int64, shape (n,)
        Plain states behind each state.
    """

    kind: ClassVar[Kind] = Kind.GRAPH

    name: str
    energies: Floats
    offsets: Ints
    neighbours: Ints
    keys: NDArray[np.str_]
    multiplicity: Ints
    parameters: Mapping[str, Parameter]
    identity: str

    def key(self, index: int) -> str:
        """Key of a numbered state."""
        return str(self.keys[index])


def hypercube_graph(landscape: Binary, *, group: Group) -> StateGraph:
    """Quotient of the hypercube by a group as a plain graph: small, slow and obvious.

    States are the orbits' smallest numbers in ascending order.
    """
    size = landscape.size
    every = np.arange(1 << size, dtype=np.int64)
    orbit = group.images(every).min(axis=0)
    states, place = np.unique(orbit, return_inverse=True)
    moves = place[states[:, None] ^ (np.int64(1) << np.arange(size, dtype=np.int64))]
    return StateGraph(
        name=landscape.name,
        energies=landscape.energy(state_bits(states, size=size)),
        offsets=np.arange(len(states) + 1, dtype=np.int64) * size,
        neighbours=moves.ravel(),
        keys=index_key(states, size=size),
        multiplicity=np.bincount(place),
        parameters=dict(landscape.parameters),
        identity=landscape.identity,
    )


@njit(cache=True, nogil=True)
def _descend(energies: Floats, offsets: Ints, neighbours: Ints, target: Ints, neutral: NDArray[np.bool_]) -> None:
    for state in range(energies.size):
        best = state
        lowest = np.inf
        for place in range(offsets[state], offsets[state + 1]):
            other = neighbours[place]
            if other != state and (energies[other] < lowest or (energies[other] == lowest and other < best)):
                lowest = energies[other]
                best = other
        target[state] = best if lowest < energies[state] else state
        neutral[state] = lowest == energies[state]


@njit(cache=True, nogil=True)
def _drain(energies: Floats, offsets: Ints, neighbours: Ints, target: Ints, neutral: NDArray[np.bool_]) -> None:
    """Point neutral states to an exit of their plateau, layer by layer; what stays neutral is closed."""
    found = True
    layer = ~neutral
    while found:
        found = False
        following = np.zeros(neutral.size, np.bool_)
        for state in range(energies.size):
            if not neutral[state]:
                continue
            best = -1
            for place in range(offsets[state], offsets[state + 1]):
                other = neighbours[place]
                if layer[other] and energies[other] == energies[state] and (best < 0 or other < best):
                    best = other
            if best >= 0:
                target[state] = best
                following[state] = True
                found = True
        neutral &= ~following
        layer = following


@njit(cache=True, nogil=True)
def _gather_stars(
    energies: Floats, offsets: Ints, neighbours: Ints, label: NDArray[np.int32], size: Ints, spoke: NDArray[np.int32]
) -> None:
    spokes = 0
    for state in range(energies.size):
        first = spokes
        for place in range(offsets[state], offsets[state + 1]):
            other = neighbours[place]
            basin = label[other]
            if energies[other] > energies[state] or basin == label[state]:
                continue
            fresh = True
            for seen in range(first, spokes):
                fresh = fresh and spoke[seen] != basin
            if fresh:
                spoke[spokes] = basin
                spokes += 1
        size[state] = spokes - first


def flood_graph(graph: Graph, *, symmetry: tuple[str, ...]) -> BasinGraph:
    """Map a finite graph of states exactly; see `flooding.flood` for the definitions.

    Raises
    ------
    InputError
        When the rows do not describe a symmetric relation on the states, or an energy is not finite.

    Examples
    --------
    A path of five states with two wells:

    >>> path = StateGraph(
    ...     "path",
    ...     np.array([0.0, 2.0, 1.0, 3.0, 0.5]),
    ...     np.array([0, 1, 3, 5, 7, 8]),
    ...     np.array([1, 0, 2, 1, 3, 2, 4, 3]),
    ...     np.array(["a", "b", "c", "d", "e"]),
    ...     np.ones(5, int),
    ...     {},
    ...     "path",
    ... )
    >>> found = flood_graph(path, symmetry=())
    >>> found.key.tolist(), found.saddle_energy.tolist()
    (['a', 'e', 'c'], [2.0, 3.0])
    """
    energies, offsets, neighbours = _checked(graph)
    target, neutral = np.empty(len(energies), np.int64), np.empty(len(energies), np.bool_)
    _descend(energies, offsets, neighbours, target, neutral)
    weak = (target == np.arange(len(energies))).copy()
    _drain(energies, offsets, neighbours, target, neutral)
    root = _plateau_roots(energies, offsets, neighbours, neutral)
    target = np.where(neutral, root, target)
    while not np.array_equal(target[target], target):
        target = target[target]
    bottom = np.unique(target)
    keys = np.array([graph.key(int(state)) for state in bottom], dtype=np.str_)
    bottom = bottom[np.lexsort((keys, energies[bottom]))]
    number = np.full(len(energies), -1, np.int32)
    number[bottom] = np.arange(len(bottom), dtype=np.int32)
    label = number[target]
    flat = np.bincount(label[neutral], minlength=len(bottom))
    copies = np.asarray(graph.multiplicity)
    plain = np.bincount(label[neutral], weights=copies[neutral], minlength=len(bottom)).astype(np.int64)
    plain = np.where(flat > 0, plain, copies[bottom])
    # A graph does not tell how the copies of a plateau hang together, so all of them count as one.
    plateau = np.where(flat > 0, plain, 1)
    return _assemble(
        graph, energies, offsets, neighbours, label,
        bottom=bottom, plateau=plateau, orbit=plain // plateau, weak=weak, symmetry=symmetry, plain=plain,
    )  # fmt: skip


def _checked(graph: Graph) -> tuple[Floats, Ints, Ints]:
    energies = np.ascontiguousarray(graph.energies, np.float64)
    offsets = np.ascontiguousarray(graph.offsets, np.int64)
    neighbours = np.ascontiguousarray(graph.neighbours, np.int64)
    states = len(energies)
    if not states or not np.isfinite(energies).all():
        raise InputError(f"{graph.name}: a graph of states needs at least one state, and a finite energy for every one")
    if len(offsets) != states + 1 or offsets[0] != 0 or offsets[-1] != len(neighbours) or (np.diff(offsets) < 0).any():
        raise InputError(
            f"{graph.name}: offsets must rise from 0 to {len(neighbours)}, the number of neighbours, "
            f"in {states + 1} steps"
        )
    if len(neighbours) and not (neighbours.min() >= 0 and neighbours.max() < states):
        raise InputError(f"{graph.name}: a neighbour's number lies outside 0 ... {states - 1}")
    from scipy.sparse import csr_matrix

    forward = csr_matrix((np.ones(len(neighbours), np.int64), neighbours, offsets), shape=(states, states)) > 0
    if (forward != forward.T).nnz:
        raise InputError(f"{graph.name}: the neighbour relation is not symmetric; list every move in both directions")
    return energies, offsets, neighbours


def _plateau_roots(energies: Floats, offsets: Ints, neighbours: Ints, closed: NDArray[np.bool_]) -> Ints:
    """Smallest state of the closed plateau of each state; its own number elsewhere."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    states = len(energies)
    row = np.repeat(np.arange(states), np.diff(offsets))
    level = closed[row] & closed[neighbours] & (energies[row] == energies[neighbours])
    graph = csr_matrix((np.ones(level.sum(), np.int8), (row[level], neighbours[level])), shape=(states, states))
    _, part = connected_components(graph, directed=False)
    smallest = np.full(part.max() + 1, states, np.int64)
    np.minimum.at(smallest, part, np.arange(states))
    return smallest[part]


def _assemble(
    graph: Graph, energies: Floats, offsets: Ints, neighbours: Ints, label: NDArray[np.int32], *,
    bottom: Ints, plateau: Ints, orbit: Ints, weak: NDArray[np.bool_], symmetry: tuple[str, ...], plain: Ints,
) -> BasinGraph:  # fmt: skip
    copies = np.asarray(graph.multiplicity, np.int64)
    size, spoke = np.empty(len(energies), np.int64), np.empty(len(neighbours), np.int32)
    _gather_stars(energies, offsets, neighbours, label, size, spoke)
    states = np.flatnonzero(size)
    forest = Forest(len(bottom))
    forest.add(Stars(states, energies[states], label[states], np.concatenate([[0], np.cumsum(size[states])]), spoke))
    table = forest.table()
    keys = np.array([graph.key(int(state)) for state in table.state], dtype=np.str_)
    rank = np.lexsort((keys, table.energy))
    table = table.reordered(rank)
    ground = float(energies[bottom[0]])
    return BasinGraph(
        key=np.array([graph.key(int(state)) for state in bottom], dtype=np.str_),
        energy=energies[bottom],
        weight=np.bincount(label, weights=copies) / copies.sum(),
        plateau=plateau,
        orbit=orbit,
        saddle_key=keys[rank],
        saddle_energy=table.energy,
        saddle_offsets=table.offset,
        saddle_minima=table.joined,
        saddle_exact=np.ones(len(table.state), np.bool_),
        census=_census(
            energies,
            offsets,
            neighbours,
            copies,
            ground=(ground, int(plain[energies[bottom] == ground].sum())),
            weak=weak,
        ),
        tallies=(graph_histogram(energies, copies),),
        symmetry=symmetry,
        kind=Kind.GRAPH,
    )


def _census(
    energies: Floats,
    offsets: Ints,
    neighbours: Ints,
    copies: Ints,
    *,
    ground: tuple[float, int],
    weak: NDArray[np.bool_],
) -> Census:
    share = copies / copies.sum()
    mean = float(share @ energies)
    offset = energies - mean
    variance = float(share @ offset**2)
    degree = np.diff(offsets)
    around = np.add.reduceat(np.append(offset[neighbours], 0.0), offsets[:-1]) * (degree > 0) / np.maximum(1, degree)
    return Census(
        states=int(copies.sum()),
        mean=mean,
        variance=variance,
        ground_energy=ground[0],
        ground_states=ground[1],
        minima_raw=int(copies[weak].sum()),
        autocorrelation=float(share @ (offset * around)) / variance if variance > 0 else None,
    )
