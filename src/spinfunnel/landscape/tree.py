"""The merge tree of a basin graph: which minima become one valley, at which height.

A superbasin holds the minima that paths below a height join. As the height rises, superbasins become one at the saddles
between them. The merge tree records it: a leaf for each minimum, an inner node for each height at which superbasins
meet. The same object is called barrier tree (Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216, 155, 2002),
disconnectivity graph (Becker, Karplus, J. Chem. Phys. 106, 1495, 1997) and join tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spinfunnel.landscape import BasinGraph

__all__ = ["MergeTree", "children", "escape_barriers", "leaf_order", "merge_tree", "minimax_to", "subtree_weight"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MergeTree:
    """The merge tree (a forest where the graph is not connected).

    Attributes
    ----------
    leaves : int
        Number m of leaves; leaf i is minimum i of the basin graph.
    parent : array of int64, shape (nodes,)
        Node into which each node merges, -1 at a root. A parent has a larger number than its children.
    energy : array of float64, shape (nodes,)
        Energy of the minimum at a leaf, of the merge at an inner node. Inner nodes ascend in energy, and an inner node
        lies strictly below its parent: superbasins that meet at exactly one energy meet in one node.
    lowest : array of int64, shape (nodes,)
        Number of the lowest leaf of the subtree (the smallest number among equals).
    """

    leaves: int
    parent: Ints
    energy: Floats
    lowest: Ints

    def __repr__(self) -> str:
        return f"<MergeTree: {self.leaves:,} leaves, {self.nodes - self.leaves:,} merges>"

    @property
    def nodes(self) -> int:
        """Number of leaves and inner nodes."""
        return len(self.parent)

    @property
    def roots(self) -> Ints:
        """Nodes without a parent: one where the graph is connected."""
        return np.flatnonzero(self.parent < 0)


def merge_tree(graph: BasinGraph) -> MergeTree:
    """Merge the minima of a basin graph in ascending order of saddle energy.

    Parameters
    ----------
    graph : BasinGraph
        Any number of minima; need not be connected.

    Returns
    -------
    MergeTree
        Two minima have their lowest common ancestor at their minimax saddle S(i, j), the least over
        paths of the highest saddle. It does not depend on the order of saddles of equal energy, but for the
        numbers of inner nodes of equal energy.

    Examples
    --------
    Three minima; 1 and 2 meet at energy 0.5, 0 joins them at 1.

    >>> from spinfunnel.landscape import BasinGraph
    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11", "01"]),
    ...     energy=np.array([-2.0, -1.0, 0.0]),
    ...     weight=np.full(3, 1 / 3),
    ...     plateau=np.ones(3, np.int64),
    ...     orbit=np.ones(3, np.int64),
    ...     saddle_key=np.array(["a", "b"]),
    ...     saddle_energy=np.array([0.5, 1.0]),
    ...     saddle_offsets=np.array([0, 2, 4]),
    ...     saddle_minima=np.array([1, 2, 0, 1]),
    ...     saddle_exact=np.ones(2, bool),
    ... )
    >>> tree = merge_tree(graph)
    >>> tree.parent.tolist(), tree.energy.tolist(), tree.lowest.tolist()
    ([4, 3, 3, 4, -1], [-2.0, -1.0, 0.0, 0.5, 1.0], [0, 1, 2, 1, 0])
    """
    hub, spoke, energy = graph.direct_edges()
    if np.any(energy[1:] < energy[:-1]):  # A graph typed by hand may list its saddles in any order.
        order = np.argsort(energy, kind="stable")
        hub, spoke, energy = hub[order], spoke[order], energy[order]
    leaves = graph.minima
    size = max(2 * leaves - 1, 0)
    parent, height, lowest = np.full(size, -1, np.int64), np.empty(size), np.empty(size, np.int64)
    height[:leaves] = graph.energy
    lowest[:leaves] = np.arange(leaves)
    used = _merge(_ints(hub), _ints(spoke), np.ascontiguousarray(energy, np.float64), leaves, parent, height, lowest)
    return MergeTree(leaves, parent[:used].copy(), height[:used].copy(), lowest[:used].copy())


def minimax_to(tree: MergeTree, leaf: int | Ints) -> Floats:
    """Minimax saddle S(a, leaf) of every minimum a.

    Parameters
    ----------
    tree : MergeTree
    leaf : int or array of int64
        A leaf, or several: then the least over them, the height of the pass to the nearest of the set.

    Returns
    -------
    array of float64, shape (leaves,)
        The energy of the leaf itself at the leaf, and inf where no path leads there.

    Examples
    --------
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> minimax_to(tree, 0).tolist()
    [-2.0, 0.5]
    """
    target = np.zeros(tree.nodes, bool)
    target[np.atleast_1d(leaf)] = True
    return _minimax(tree.parent, tree.energy, target, tree.leaves)


def escape_barriers(tree: MergeTree) -> Floats:
    """Barrier between each minimum and the nearest strictly lower one.

    ``D(x) = min over y with E(y) < E(x) of S(x, y) - E(x)`` (Hajek, Math. Oper. Res. 13, 311, 1988).

    Returns
    -------
    array of float64, shape (leaves,)
        inf where nothing lower can be reached: the ground states, and the lowest minima of each further tree of a
        forest.

    Examples
    --------
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> escape_barriers(tree).tolist()
    [inf, 1.5]
    """
    return _escape(tree.parent, tree.energy, tree.lowest, tree.leaves)


def subtree_weight(tree: MergeTree, weight: Floats) -> Floats:
    """Sum of the leaves' weights below each node, shape (nodes,).

    Examples
    --------
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> subtree_weight(tree, np.array([0.75, 0.25])).tolist()
    [0.75, 0.25, 1.0]
    """
    return _accumulate(tree.parent, np.asarray(weight, np.float64), tree.leaves)


def children(tree: MergeTree) -> tuple[Ints, Ints]:
    """Children of every node in compressed rows, those with the lowest leaf first.

    Returns
    -------
    offsets : array of int64, shape (nodes + 1,)
    child : array of int64, shape (nodes - number of roots,)
        ``child[offsets[v]:offsets[v + 1]]`` are the children of node v.

    Examples
    --------
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> [rows.tolist() for rows in children(tree)]
    [[0, 0, 0, 2], [0, 1]]
    """
    inner = np.flatnonzero(tree.parent >= 0)
    inner = inner[np.argsort(tree.lowest[inner], kind="stable")]
    offsets = np.zeros(tree.nodes + 1, np.int64)
    np.cumsum(np.bincount(tree.parent[inner], minlength=tree.nodes), out=offsets[1:])
    return offsets, inner[np.argsort(tree.parent[inner], kind="stable")]


def leaf_order(tree: MergeTree) -> Ints:
    """Leaves in depth-first order: every subtree is a run of neighbours, so branches drawn in this order never cross.

    Returns
    -------
    array of int64, shape (leaves,)
        Subtrees with lower leaves come first, at every node.

    Examples
    --------
    >>> tree = MergeTree(
    ...     3, np.array([4, 3, 4, -1, 3]), np.array([-2.0, -1.5, -1.0, 1.0, 0.0]), np.array([0, 1, 2, 0, 0])
    ... )
    >>> leaf_order(tree).tolist()
    [0, 2, 1]
    """
    offsets, child = children(tree)
    roots = tree.roots
    roots = roots[np.argsort(tree.lowest[roots], kind="stable")]
    size = _accumulate(tree.parent, np.ones(tree.leaves), tree.leaves).astype(np.int64)
    return _order(roots, offsets, child, size, tree.leaves)


def _ints(values: NDArray[np.int64]) -> Ints:
    return np.ascontiguousarray(values, np.int64)


# ---------------------------------------------------------------------------------------------
# Kernels


@njit(cache=True, nogil=True)
def _root(link: Ints, node: int) -> int:
    while link[node] != node:
        link[node] = link[link[node]]
        node = link[node]
    return node


@njit(cache=True, nogil=True)
def _merge(hub: Ints, spoke: Ints, energy: Floats, leaves: int, parent: Ints, height: Floats, lowest: Ints) -> int:
    """Fill `parent`, `height` and `lowest`; returns the number of nodes. Edges ascend in energy."""
    link, top, fresh = np.arange(leaves), np.arange(leaves), np.full(leaves, -1, np.int64)
    size = np.ones(leaves, np.int64)
    one, two = np.empty(leaves, np.int64), np.empty(leaves, np.int64)
    used, start, edges = leaves, 0, len(energy)
    while start < edges:
        level, stop, found = energy[start], start, 0
        group = used
        # All superbasins that touch at one level meet in one node, so the roots as they were below the level are kept
        # (`one`, `two`) until it is done: of the edges that unite only, so that there are fewer than leaves.
        while stop < edges and energy[stop] == level:
            a, b = _root(link, hub[stop]), _root(link, spoke[stop])
            if a != b:
                if size[a] < size[b]:
                    a, b = b, a
                link[b] = a
                size[a] += size[b]
                one[found], two[found] = a, b
                found += 1
            stop += 1
        for k in range(found):
            a = _root(link, one[k])
            if fresh[a] < group:
                fresh[a] = used
                height[used], lowest[used] = level, leaves
                used += 1
            node = fresh[a]
            for old in (top[one[k]], top[two[k]]):
                parent[old] = node
                lowest[node] = min(lowest[node], lowest[old])
        for k in range(found):
            a = _root(link, one[k])
            top[a] = fresh[a]
        start = stop
    return used


@njit(cache=True, nogil=True)
def _minimax(parent: Ints, energy: Floats, target: NDArray[np.bool_], leaves: int) -> Floats:
    nodes = len(parent)
    for node in range(nodes):
        if target[node] and parent[node] >= 0:
            target[parent[node]] = True
    pass_energy = np.empty(nodes)
    for node in range(nodes - 1, -1, -1):
        if target[node]:
            pass_energy[node] = energy[node]
        else:
            pass_energy[node] = pass_energy[parent[node]] if parent[node] >= 0 else np.inf
    return pass_energy[:leaves].copy()


@njit(cache=True, nogil=True)
def _escape(parent: Ints, energy: Floats, lowest: Ints, leaves: int) -> Floats:
    nodes = len(parent)
    height = np.empty(nodes)  # Of the lowest ancestor that holds something lower than this node's lowest leaf.
    for node in range(nodes - 1, -1, -1):
        above = parent[node]
        if above < 0:
            height[node] = np.inf
        elif energy[lowest[above]] < energy[lowest[node]]:
            height[node] = energy[above]
        else:
            height[node] = height[above]
    return height[:leaves] - energy[:leaves]


@njit(cache=True, nogil=True)
def _accumulate(parent: Ints, weight: Floats, leaves: int) -> Floats:
    total = np.zeros(len(parent))
    total[:leaves] = weight
    for node in range(len(parent)):
        if parent[node] >= 0:
            total[parent[node]] += total[node]
    return total


@njit(cache=True, nogil=True)
def _order(roots: Ints, offsets: Ints, child: Ints, size: Ints, leaves: int) -> Ints:
    start = np.zeros(len(size), np.int64)
    place = 0
    for root in roots:
        start[root] = place
        place += size[root]
    order = np.empty(leaves, np.int64)
    for node in range(len(size) - 1, -1, -1):
        if node < leaves:
            order[start[node]] = node
        place = start[node]
        for k in range(offsets[node], offsets[node + 1]):
            start[child[k]] = place
            place += size[child[k]]
    return order
