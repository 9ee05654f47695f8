"""The compressed monotonic local optima network (definition 3).

Nodes are the minima. From a minimum every two spins are turned over (the kick) and the state descends steepest; the
share of kicks from i that end in j is the weight of the edge i -> j. Kept are edges that do not lead upward,
E(j) <= E(i); minima of one energy that are connected by such edges are contracted to one node. A node without a way
out is a *sink*, and a funnel is all that reaches one sink: unlike the funnels of lowest exits (definition 1), these
overlap. A plateau is kicked from each of its states. Of several lowest neighbours the descent takes the one with the
smallest number, and on a plateau walks to the nearest state with a way down.

Ochoa, Veerapen, J. Heuristics 24, 265 (2018); Ochoa, Veerapen, Daolio, Tomassini, EvoCOP 2017, LNCS 10197, 233.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import is_binary, key_states
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.outcome import Topography

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["KickNetwork", "Network", "contracted", "kick_network", "leads_to"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW_EDGES = 1 << 14
MOST_BITS = 26
"""Free bits up to which descents are made: 12 bytes a state."""
MOST_KICKS = 1 << 26
"""Kicks in all: some seconds."""
KICKS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class KickNetwork:
    """Edges ``start -> end`` between minima with the share of the kicks from the start; no loops, none upward."""

    start: Ints
    end: Ints
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """The network after contraction.

    Attributes
    ----------
    node : array of int64, shape (m,)
        Node of each minimum.
    sink, native, reaches : arrays of bool, shape (n,)
        Whether a node has no way out, holds a native minimum, and leads to a native sink (being one included).
    inward : array of float64, shape (n,)
        Weight of the edges into each node.
    """

    node: Ints
    sink: NDArray[np.bool_]
    native: NDArray[np.bool_]
    reaches: NDArray[np.bool_]
    inward: Floats


def kick_network(topography: Topography) -> KickNetwork | NoAnswer:
    """Kick every minimum of a binary landscape in every way, and descend."""
    from spinfunnel.measure.kick_kernels import claim, kick

    landscape, graph = topography.landscape, topography.graph
    if not is_binary(landscape):
        return NoAnswer("not_binary", "kicks turn over two spins, and there are none", "measure a binary landscape")
    flip = int(any(symmetry.is_global_flip for symmetry in landscape.symmetries))
    bits, moves = landscape.size - flip, landscape.size
    kicks = graph.plateau * (moves * (moves - 1) // 2)
    if bits > MOST_BITS or int(kicks.sum()) > MOST_KICKS:
        return NoAnswer(
            "too_large",
            f"{int(kicks.sum()):,} kicks on 2^{bits} states are too many: {MOST_KICKS:,} on 2^{MOST_BITS} are the most",
            "measure a smaller size of the same system",
        )
    energies = np.empty(1 << bits)
    landscape.enumerate(energies, workers=topography.workers)
    label = np.full(len(energies), -1, np.int32)
    generators = [symmetry for symmetry in landscape.symmetries if not symmetry.is_global_flip]
    permutation = np.array([symmetry.permutation for symmetry in generators], np.int64).reshape(-1, landscape.size)
    turned = np.array([symmetry.flips for symmetry in generators], np.int64).reshape(-1, landscape.size)
    members = np.empty(min(int((graph.plateau * graph.orbit).sum()), len(energies)) + 1, np.int64)
    first, stop = np.empty(graph.minima, np.int64), np.empty(graph.minima, np.int64)
    claim(energies, label, bits, flip, _numbers(graph.key), permutation, turned, members, first, stop)
    parts = []
    edges = np.concatenate([[0], np.cumsum(kicks)])
    begin = 0
    while begin < graph.minima:
        end = max(begin + 1, int(np.searchsorted(edges, edges[begin] + KICKS_AT_ONCE, side="right")) - 1)
        room = int(edges[end] - edges[begin])
        start, target, weight = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
        found = kick(
            energies, label, bits, flip, members, first, stop, graph.energy, begin, end, start, target, weight
        )  # fmt: skip
        parts.append((start[:found].copy(), target[:found].copy(), weight[:found].copy()))
        begin = end
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return KickNetwork(columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2])


def contracted(network: KickNetwork, energy: Floats, *, native: NDArray[np.bool_]) -> Network:
    """Contract minima of one energy that are connected, and find the sinks and what reaches the native ones.

    Examples
    --------
    Two minima of energy 1 joined with each other, one of which leads to the ground state:

    >>> edges = KickNetwork(np.array([1, 2]), np.array([2, 0]), np.array([0.5, 0.25]))
    >>> found = contracted(edges, np.array([0.0, 1.0, 1.0]), native=np.array([True, False, False]))
    >>> found.node.tolist(), found.sink.tolist(), found.inward.tolist()
    ([0, 1, 1], [True, False], [0.25, 0.0])
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    level = energy[network.start] == energy[network.end]
    size = len(energy)
    flat = csr_matrix(
        (np.ones(int(level.sum()), np.int8), (network.start[level], network.end[level])), shape=(size, size)
    )
    nodes, node = connected_components(flat, directed=True, connection="weak")
    node = node.astype(np.int64)
    start, end, weight = node[network.start[~level]], node[network.end[~level]], network.weight[~level]
    down = csr_matrix((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    sink = np.diff(down.indptr) == 0
    holds_native = np.zeros(nodes, bool)
    holds_native[node[native]] = True
    return Network(
        node,
        sink,
        holds_native,
        leads_to(down, sink & holds_native),
        np.bincount(end, weights=weight, minlength=nodes).astype(np.float64),
    )


def leads_to(down: csr_matrix, goal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes from which edges lead to a goal, the goals included."""
    reached = goal.copy()
    if down.nnz <= FEW_EDGES:
        # Taking rows of a sparse matrix takes longer than going over all of so few edges a few times.
        start, end, before = np.repeat(np.arange(down.shape[0]), np.diff(down.indptr)), down.indices, -1
        while before != (before := int(reached.sum())):
            reached[start[reached[end]]] = True
        return reached
    upward = down.T.tocsr()
    front = np.flatnonzero(goal)
    while len(front):
        fresh = np.unique(upward[front].indices)
        front = fresh[~reached[fresh]]
        reached[front] = True
    return reached


def _numbers(key: NDArray[np.str_]) -> Ints:
    bits = key_states(key).astype(np.int64)
    return np.asarray(bits @ (np.int64(1) << np.arange(bits.shape[1], dtype=np.int64)), np.int64)
