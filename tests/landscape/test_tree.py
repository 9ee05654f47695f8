"""The merge tree against slow twins and by its own laws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from slow_twins import basin_graph, random_basin_graph, slow_minimax
from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.tree import children, escape_barriers, leaf_order, merge_tree, minimax_to, subtree_weight

pytestmark = pytest.mark.quick


def random_graphs():
    rng = np.random.default_rng(20)
    for trial in range(120):
        minima = int(rng.integers(1, 25))
        edges = 0 if minima == 1 else int(rng.integers(0, 3 * minima))
        yield random_basin_graph(rng, minima=minima, edges=edges, levels=[None, 2, 4][trial % 3])


def test_minimax_saddles_equal_the_slow_twin():
    for graph in random_graphs():
        tree, slow = merge_tree(graph), slow_minimax(graph)
        fast = np.array([minimax_to(tree, leaf) for leaf in range(graph.minima)])
        np.testing.assert_array_equal(fast, slow)


def test_minimax_to_a_set_is_the_least_over_its_members():
    for graph in random_graphs():
        members = np.arange(0, graph.minima, 3)
        np.testing.assert_array_equal(minimax_to(merge_tree(graph), members), slow_minimax(graph)[members].min(axis=0))


def test_escape_barriers_equal_the_slow_twin():
    for graph in random_graphs():
        slow = np.where(graph.energy[None, :] < graph.energy[:, None], slow_minimax(graph), np.inf).min(axis=1)
        np.testing.assert_array_equal(escape_barriers(merge_tree(graph)), slow - graph.energy)


def test_parents_are_higher_and_no_merge_is_split():
    for graph in random_graphs():
        tree = merge_tree(graph)
        inner = np.flatnonzero(tree.parent >= 0)
        assert np.all(tree.parent[inner] > inner)
        assert np.all(tree.energy[tree.parent[inner]] > tree.energy[inner])
        assert np.all(np.diff(tree.energy[tree.leaves :]) >= 0)
        assert np.all(np.bincount(tree.parent[inner], minlength=tree.nodes)[tree.leaves :] >= 2)


def test_merges_are_the_components_of_the_minimum_spanning_tree_at_each_level():
    rng = np.random.default_rng(5)
    graph = random_basin_graph(rng, minima=60, edges=200)
    best: dict[tuple[int, int], float] = {}
    for i, j, s in zip(*graph.direct_edges(), strict=True):
        pair = (int(min(i, j)), int(max(i, j)))
        best[pair] = min(best.get(pair, np.inf), float(s))
    rows, columns = np.array(list(best)).T
    shift = min(best.values()) - 1.0  # Zero would mean "no edge" to scipy.
    spanning = minimum_spanning_tree(
        coo_array((np.array(list(best.values())) - shift, (rows, columns)), shape=(60, 60)).tocsr()
    )
    heights = np.sort(spanning.data + shift)
    tree = merge_tree(graph)
    np.testing.assert_allclose(tree.energy[60:], np.unique(heights.round(12)), atol=1e-11)
    for level in np.quantile(heights, [0.2, 0.5, 0.8]) + 1e-9:
        kept = spanning.copy()
        kept.data = np.where(kept.data + shift <= level, kept.data, 0)
        kept.eliminate_zeros()
        _, label = connected_components(kept, directed=False)
        for leaf in range(60):
            together = minimax_to(tree, leaf) <= level
            together[leaf] = True
            np.testing.assert_array_equal(together, label == label[leaf])


def test_the_order_of_equal_saddles_does_not_matter():
    rng = np.random.default_rng(9)
    energy = np.sort(rng.integers(0, 3, 15).astype(float))
    rows = [(float(4 + rng.integers(0, 3)), *rng.choice(15, 2, replace=False).tolist()) for _ in range(40)]
    one = merge_tree(basin_graph(energy, rows))
    two = merge_tree(basin_graph(energy, [rows[i] for i in rng.permutation(40)]))
    for leaf in range(15):
        np.testing.assert_array_equal(minimax_to(one, leaf), minimax_to(two, leaf))
    np.testing.assert_array_equal(np.sort(one.energy), np.sort(two.energy))


def test_leaf_order_keeps_every_subtree_together():
    for graph in random_graphs():
        tree = merge_tree(graph)
        order = leaf_order(tree)
        np.testing.assert_array_equal(np.sort(order), np.arange(graph.minima))
        place = np.argsort(order)
        low, high, count = np.full(tree.nodes, graph.minima), np.full(tree.nodes, -1), np.zeros(tree.nodes, int)
        for leaf in range(graph.minima):
            node = leaf
            while node >= 0:
                low[node], high[node] = min(low[node], place[leaf]), max(high[node], place[leaf])
                count[node] += 1
                node = tree.parent[node]
        np.testing.assert_array_equal(high - low + 1, count)


def test_children_and_weights_add_up():
    for graph in random_graphs():
        tree = merge_tree(graph)
        offsets, child = children(tree)
        weight = subtree_weight(tree, graph.weight)
        assert weight[tree.roots].sum() == pytest.approx(1.0)
        for node in range(tree.leaves, tree.nodes):
            own = child[offsets[node] : offsets[node + 1]]
            assert np.all(tree.parent[own] == node)
            assert np.all(np.diff(tree.lowest[own]) > 0)
            assert weight[own].sum() == pytest.approx(weight[node])


def test_a_saddle_that_joins_many_basins_is_one_node():
    tree = merge_tree(basin_graph([0, 0, 1, 1, 2], [(3.0, 4, 0, 1, 2, 3)]))
    assert tree.parent.tolist() == [5, 5, 5, 5, 5, -1]


@pytest.mark.parametrize("minima", [0, 1])
def test_nothing_to_merge(minima):
    graph = basin_graph(np.zeros(minima), [])
    tree = merge_tree(graph)
    assert tree.nodes == minima
    assert len(leaf_order(tree)) == len(escape_barriers(tree)) == minima


def test_unsorted_saddles_are_sorted_first():
    graph = basin_graph([0.0, 1.0, 2.0], [(3.0, 0, 1), (4.0, 1, 2)])
    turned = replace(graph, saddle_energy=graph.saddle_energy[::-1].copy(), saddle_minima=np.array([1, 2, 0, 1]))
    np.testing.assert_array_equal(minimax_to(merge_tree(turned), 0), minimax_to(merge_tree(graph), 0))


def test_a_million_minima_are_one_tree():
    rng = np.random.default_rng(1)
    m, s = 1_000_000, 3_000_000
    energy = np.sort(rng.normal(size=m))
    pairs = np.stack([rng.integers(0, m, s), rng.integers(0, m, s)], axis=1)
    height = np.sort(rng.normal(loc=5.0, size=s))
    graph = BasinGraph(
        key=np.zeros(m, "U1"), energy=energy, weight=np.full(m, 1 / m), plateau=np.ones(m, np.int64),
        orbit=np.ones(m, np.int64), saddle_key=np.zeros(s, "U1"), saddle_energy=height,
        saddle_offsets=np.arange(0, 2 * s + 1, 2), saddle_minima=pairs.ravel(), saddle_exact=np.ones(s, bool),
    )  # fmt: skip
    assert merge_tree(graph).leaves == m
