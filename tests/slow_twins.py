"""Slow, obvious twins of the fast paths, for small cases."""

from __future__ import annotations

import types
from dataclasses import replace

import numpy as np

from spinfunnel.landscape import BasinGraph, Census, Kind, Symmetry, Tally, index_key

# ---------------------------------------------------------------------------------------------
# Landscapes


class Table:
    """A binary landscape that is nothing but its energies."""

    kind = Kind.BINARY
    name = "table"
    parameters = types.MappingProxyType({})
    identity = "table"

    def __init__(self, energies, symmetries=()):
        self.energies = np.asarray(energies, float)
        self.size = len(self.energies).bit_length() - 1
        self.symmetries = tuple(symmetries)

    @classmethod
    def halved(cls, energies):
        """The landscape with a global flip of which `energies` are the first half."""
        size = len(energies).bit_length()
        return cls(np.concatenate([energies, energies[::-1]]), [Symmetry.global_flip(size)])

    def energy(self, states):
        return self.energies[states @ (1 << np.arange(self.size))]

    def enumerate(self, out, *, workers=1, progress=None):
        out[:] = self.energies[: len(out)]


# ---------------------------------------------------------------------------------------------
# Basin graphs, merge trees and floods


def basin_graph(energy, edges, *, weight=None, census=None, tallies=(), exact=True, native_tolerance=0.0):
    """Basin graph typed by hand: `edges` are (saddle energy, hub, spoke, ...), minima ascend in energy."""
    energy = np.asarray(energy, float)
    edges = sorted(edges, key=lambda row: row[0])
    size = [len(row) - 1 for row in edges]
    return BasinGraph(
        key=np.array([f"{i:06d}" for i in range(len(energy))], dtype=np.str_),
        energy=energy,
        weight=np.full(len(energy), 1 / max(len(energy), 1)) if weight is None else np.asarray(weight, float),
        plateau=np.ones(len(energy), np.int64),
        orbit=np.ones(len(energy), np.int64),
        saddle_key=np.array([f"s{i:06d}" for i in range(len(edges))], dtype=np.str_),
        saddle_energy=np.array([row[0] for row in edges], float),
        saddle_offsets=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        saddle_minima=np.array([i for row in edges for i in row[1:]], np.int64),
        saddle_exact=np.ones(len(edges), bool),
        census=census,
        tallies=tallies,
        exact=exact,
        native_tolerance=native_tolerance,
    )


def random_basin_graph(rng, *, minima, edges, levels=None):
    """Basin graph with random saddles, several of them between the same minima; few `levels` make many ties."""
    energy = np.sort(rng.integers(0, levels, minima).astype(float) if levels else rng.normal(size=minima))
    rows = []
    for _ in range(edges):
        joined = rng.choice(minima, size=min(minima, int(rng.integers(2, 4))), replace=False)
        rise = float(rng.integers(1, 4)) if levels else float(rng.exponential()) + 1e-9
        rows.append((float(energy[joined].max() + rise), *joined.tolist()))
    return basin_graph(energy, rows, weight=rng.dirichlet(np.ones(minima)))


def slow_minimax(graph):
    """All minimax saddles S(i, j) by Floyd and Warshall's recursion in the (min, max) algebra; inf without a path."""
    pass_energy = np.full((graph.minima, graph.minima), np.inf)
    for hub, spoke, energy in zip(*graph.direct_edges(), strict=True):
        pass_energy[hub, spoke] = pass_energy[spoke, hub] = min(pass_energy[hub, spoke], energy)
    for k in range(graph.minima):
        pass_energy = np.minimum(pass_energy, np.maximum(pass_energy[:, k, None], pass_energy[None, k]))
    np.fill_diagonal(pass_energy, graph.energy)
    return pass_energy


def slow_funnel_of(graph):
    """Bottom of each minimum's chain: the lowest that is reached by going to anything lower behind a lowest exit."""
    rows = list(zip(*(column.tolist() for column in graph.direct_edges()), strict=True))
    edges = []
    for i in range(graph.minima):
        exits = [(s, b if a == i else a) for a, b, s in rows if i in (a, b) and a != b]
        lowest = min((s for s, _ in exits), default=None)
        edges.append([j for s, j in exits if s == lowest and graph.energy[j] < graph.energy[i]])

    def bottoms(i):
        return set().union(*(bottoms(j) for j in edges[i])) if edges[i] else {i}

    return np.array([min(bottoms(i)) for i in range(graph.minima)])


def slow_flood(energies, *, flip=False, ties="number"):
    """Basin graph of the hypercube with these energies; with `flip`, of the half cube that the global flip leaves.

    Steepest descent with ties to the lowest-numbered neighbour, or with `ties` "bit" to the lowest-numbered flip; a
    plateau state without a lower neighbour drains over its plateau by the shortest neutral walk.
    """
    energies = np.asarray(energies, float)
    states = len(energies)
    bits = states.bit_length() - 1
    number = np.arange(states)
    around = [number ^ (1 << i) for i in range(bits)] + ([number ^ (states - 1)] if flip else [])
    near = np.array(around) if ties == "bit" else np.sort(np.array(around), axis=0)
    first = near[np.argmin(energies[near], axis=0), number]
    drain = np.where(energies[first] < energies, first, -1)
    plateau = _plateaus(energies, near)
    while True:  # One neutral step further from the exits at each turn.
        for_free = (drain[near] >= 0) & (energies[near] == energies)
        take = (drain < 0) & for_free.any(axis=0)
        if not take.any():
            break
        drain[take] = near[np.argmax(for_free, axis=0), number][take]
    floor = drain < 0
    drain[floor] = plateau[floor]
    while not np.array_equal(drain, drain[drain]):
        drain = drain[drain]
    return _assemble(energies, near, drain, copies=2 if flip else 1, bits=bits + flip)


def _plateaus(energies, near):
    label = np.arange(len(energies))
    while True:
        candidate = np.where(energies[near] == energies, label[near], len(energies)).min(axis=0)
        lower = np.minimum(label, candidate)
        if np.array_equal(lower, label):
            return label
        label = lower


def _assemble(energies, near, drain, *, copies, bits):
    states = len(energies)
    floor = np.unique(drain)
    floor = floor[np.lexsort((index_key(floor, size=bits), energies[floor]))]
    rank = np.full(states, -1)
    rank[floor] = np.arange(len(floor))
    basin = rank[drain]
    pair = (np.minimum(basin, basin[near]) * len(floor) + np.maximum(basin, basin[near])).ravel()
    height = np.maximum(energies, energies[near]).ravel()
    order = np.lexsort((height, pair))
    lowest = order[np.unique(pair[order], return_index=True)[1]]
    saddles = {divmod(int(pair[k]), len(floor)): float(height[k]) for k in lowest}
    saddles = {(i, j): s for (i, j), s in saddles.items() if i != j}
    member = _plateaus(energies, near)
    natives = chief_states(energies, basin, floor, member)
    graph = basin_graph(
        energies[floor], [(s, i, j) for (i, j), s in saddles.items()], weight=np.bincount(basin) / states,
        census=slow_census(energies, near, copies=copies),
        tallies=slow_tallies(energies, natives=natives, copies=copies, bits=bits),
    )  # fmt: skip
    return replace(
        graph, key=index_key(floor, size=bits), plateau=np.array([(member == f).sum() for f in floor]),
        orbit=np.full(len(floor), copies), symmetry=("global flip",) if copies == 2 else (),
    )  # fmt: skip


def slow_census(energies, near, *, copies):
    """Count over all states."""
    mean, variance = energies.mean(), energies.var()
    spread = variance > 1e-24 * max(1.0, mean * mean)
    return Census(
        states=len(energies) * copies, mean=float(mean), variance=float(variance), ground_energy=float(energies.min()),
        ground_states=int((energies == energies.min()).sum()) * copies,
        minima_raw=int((energies <= energies[near].min(axis=0)).sum()) * copies,
        autocorrelation=float(np.mean((energies - mean) * (energies[near] - mean)) / variance) if spread else None,
    )  # fmt: skip


def chief_states(energies, basin, floor, member):
    """States of the plateau of the lowest minimum with the largest basin."""
    chief = max(np.flatnonzero(energies[floor] == energies.min()), key=lambda k: ((basin == k).sum(), -k))
    return np.flatnonzero(member == floor[chief])


def slow_overlap(energies, *, natives, copies, bits):
    """Overlap of every state with the nearest of some native states."""
    number = np.arange(len(energies))
    ones = np.array([int(x).bit_count() for x in number])
    distance = np.full(len(energies), bits)
    for native in natives:
        apart = ones[number ^ native]
        distance = np.minimum(distance, np.minimum(apart, bits - apart) if copies == 2 else apart)
    return 1 - 2 * distance / bits


def slow_tallies(energies, *, natives, copies, bits):
    """States by overlap with the nearest of some native states, by energy, and by both, level by level."""
    overlap = slow_overlap(energies, natives=natives, copies=copies, bits=bits)
    shells = [(q, energies[overlap == q]) for q in np.unique(overlap)]
    levels = [(level, energies[energies == level]) for level in np.unique(energies)]
    pairs = [(q, level) for q, shell in shells for level in np.unique(shell)]
    both = [(q, level, energies[(overlap == q) & (energies == level)]) for q, level in pairs]

    def tally(quantity, place, sets, **more):
        moments = ((len(e) * copies, e.mean(), e.std() if np.ptp(e) else 0.0, e.min()) for e in sets)
        columns = zip(*moments, strict=True)
        return Tally(quantity, float("inf"), tuple(place), *(tuple(map(float, column)) for column in columns), **more)

    return (
        tally("overlap", [q for q, _ in shells], [e for _, e in shells]),
        tally("energy", [level for level, _ in levels], [e for _, e in levels]),
        tally(
            "overlap and energy", [row[1] for row in both], [row[2] for row in both],
            overlap=tuple(float(row[0]) for row in both),
        ),
    )  # fmt: skip
