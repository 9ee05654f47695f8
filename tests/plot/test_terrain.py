"""The terrain's own merge tree, found anew on its mesh, is the tree of the landscape."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.plot.relief import Relief
from spinfunnel.plot.terrain import funnel_terrain_caption, funnel_terrain_figure, terrain

CASES = [
    {"minima": 1},
    {"minima": 2, "seed": 1},
    {"minima": 3, "seed": 2},
    {"minima": 5, "seed": 5},
    {"minima": 30, "seed": 3},
    {"minima": 60, "seed": 4, "ties": True},
    {"minima": 60, "seed": 5, "parts": True},
    {"minima": 250, "seed": 6},
]


def edges_of(surface: Relief) -> np.ndarray:
    corners = surface.triangles
    both = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    return np.unique(np.sort(both, axis=1), axis=0)


def mesh_pairs(surface: Relief) -> list[tuple[float, float]]:
    """Birth and death of every superbasin of the mesh but the lowest, by union-find over edges in ascending height."""
    edges = edges_of(surface)
    height = surface.height[edges].max(axis=1)
    link, lowest = list(range(len(surface.height))), surface.height.tolist()

    def root(vertex: int) -> int:
        while link[vertex] != vertex:
            link[vertex] = link[link[vertex]]
            vertex = link[vertex]
        return vertex

    pairs = []
    order = np.argsort(height, kind="stable")
    for (one, two), level in zip(edges[order].tolist(), height[order].tolist(), strict=True):
        a, b = root(one), root(two)
        if a != b:
            a, b = (b, a) if lowest[b] < lowest[a] else (a, b)
            link[b] = a
            if level > lowest[b]:
                pairs.append((lowest[b], level))
    return sorted(pairs)


def mesh_minimax(surface: Relief, start: int) -> np.ndarray:
    """Least highest vertex on a path over the mesh, from one vertex to all."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

    edges = edges_of(surface)
    level = surface.height[edges].max(axis=1)
    rank = np.searchsorted(np.unique(level), level) + 1.0
    size = len(surface.height)
    tree = minimum_spanning_tree(coo_matrix((rank, (edges[:, 0], edges[:, 1])), shape=(size, size)))
    order, before = breadth_first_order(tree, start, directed=False)
    height = np.full(size, -np.inf)
    height[start] = surface.height[start]
    for vertex in order[1:].tolist():
        height[vertex] = max(height[before[vertex]], surface.height[vertex])
    return height


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_mesh_has_exactly_the_barrier_tree(make_map, case):
    graph = make_map(**case)
    surface, split = terrain(graph, limit=None)
    expected = sorted(
        (split.birth[leaf], min(split.death[leaf], surface.rim))
        for leaf in split.kept[1:]
        if split.death[leaf] > split.birth[leaf]
    )
    assert mesh_pairs(surface) == expected
    assert len(surface.pit) == graph.minima
    assert surface.height[surface.pit].tolist() == graph.energy[surface.minimum].tolist()


@pytest.mark.parametrize("case", [{"minima": 40, "seed": 7}, {"minima": 40, "seed": 8, "ties": True}], ids=str)
def test_all_pairs_of_pits_have_their_minimax_heights(make_map, case):
    graph = make_map(**case)
    surface, _ = terrain(graph, limit=None)
    tree = merge_tree(graph)
    for place, leaf in zip(surface.pit.tolist(), surface.minimum.tolist(), strict=True):
        assert mesh_minimax(surface, place)[surface.pit].tolist() == minimax_to(tree, leaf)[surface.minimum].tolist()


def test_gudhi_finds_the_same_tree(make_map):
    gudhi = pytest.importorskip("gudhi")
    graph = make_map(80, seed=9)
    surface, split = terrain(graph, limit=None)
    complex_ = gudhi.SimplexTree()
    for vertex, height in enumerate(surface.height.tolist()):
        complex_.insert([vertex], height)
    for one, two in edges_of(surface).tolist():
        complex_.insert([one, two], max(surface.height[one], surface.height[two]))
    complex_.compute_persistence(persistence_dim_max=False)
    found = [tuple(pair) for pair in complex_.persistence_intervals_in_dimension(0).tolist() if np.isfinite(pair[1])]
    expected = sorted((split.birth[leaf], split.death[leaf]) for leaf in split.kept[1:])
    assert sorted(found) == expected


def test_a_lowered_pass_would_be_noticed(make_map):
    graph = make_map(30, seed=3)
    surface, _ = terrain(graph, limit=None)
    height = surface.height.copy()
    death = mesh_pairs(surface)[-1][1]
    height[surface.height == death] -= 0.01
    assert mesh_pairs(dataclasses.replace(surface, height=height)) != mesh_pairs(surface)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_areas_are_weights(make_map, case):
    graph = make_map(**case)
    surface, split = terrain(graph, limit=None, spacing=0.05)
    corner = np.stack([surface.x, surface.y], axis=1)[surface.triangles]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    area = 0.5 * (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    share = np.bincount(surface.basin, weights=area, minlength=graph.minima) / np.pi
    raised = np.maximum(graph.weight, 1e-4)
    assert np.abs(share - raised / raised.sum()).max() < 0.05**2
    assert area[area < 0].sum() > -1e-3  # Nowhere does the mesh fold over itself by more than a hair.
    assert len(split.kept) == graph.minima


def test_water_drains_to_the_pit_of_its_own_basin(make_map):
    graph = make_map(25, seed=10)
    surface, _ = terrain(graph, limit=None)
    edges = edges_of(surface)
    ends = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((surface.height[ends[:, 1]], ends[:, 0]))
    first = np.unique(ends[order, 0], return_index=True)[1]
    lowest = ends[order][first, 1]
    down = np.where(surface.height[lowest] < surface.height, lowest, np.arange(len(lowest)))
    for _ in range(20):
        down = down[down]
    assert set(down.tolist()) == set(surface.pit.tolist())
    owner = np.full(len(down), -1)
    owner[surface.pit] = surface.minimum
    inside = np.bincount(surface.triangles.ravel(), weights=np.repeat(surface.basin, 3)) / np.bincount(
        surface.triangles.ravel()
    )
    basins = [set() for _ in down]
    for triangle, basin in zip(surface.triangles.tolist(), surface.basin.tolist(), strict=True):
        for vertex in triangle:
            basins[vertex].add(basin)
    assert len(inside) == len(down)
    assert all(owner[down[vertex]] in basins[vertex] for vertex in range(len(down)))


def test_the_native_state_is_in_the_middle(make_map):
    surface, _ = terrain(make_map(40, seed=11))
    native = surface.pit[surface.minimum == 0]
    assert (surface.x[native].item(), surface.y[native].item()) == (0.0, 0.0)


def test_a_limit_keeps_the_most_persistent_and_says_so(make_map):
    graph = make_map(500, seed=12)
    surface, split = terrain(graph, limit=50)
    assert len(surface.pit) == 50
    tree = merge_tree(graph)
    among = minimax_to(tree, 0)[split.kept]
    native = surface.pit[surface.minimum == 0].item()
    found = dict(zip(surface.minimum.tolist(), mesh_minimax(surface, native)[surface.pit].tolist(), strict=True))
    assert [found[leaf] for leaf in split.kept.tolist()] == among.tolist()
    assert "50 minima" in funnel_terrain_caption(graph, limit=50)
    assert "450" in funnel_terrain_caption(graph, limit=50)


def test_a_map_without_minima_is_refused(make_map):
    with pytest.raises(InputError, match="without a minimum"):
        terrain(make_map(0))


def test_the_terrain_of_the_report_lies_in_a_block(make_map):
    """Its outline is a cylinder from the rim to below the ground state, whatever the landscape: never a funnel."""
    figure = funnel_terrain_figure(make_map(30, seed=5))
    mesh = figure.data[0]
    block = next(trace for trace in figure.data if trace.meta == "block")
    np.testing.assert_allclose(np.hypot(block.x, block.y), 1.0)
    assert max(block.z) == pytest.approx(max(mesh.z), rel=1e-6)
    assert min(block.z) < min(mesh.z)
    edges = np.sort(
        np.stack([np.stack(pair, 1) for pair in ((block.i, block.j), (block.j, block.k), (block.k, block.i))])
    )
    _, met = np.unique(edges.reshape(-1, 2), axis=0, return_counts=True)
    # Every edge is shared by two triangles, but those of the two rims.
    assert sorted(set(met.tolist())) == [1, 2]
    assert (met == 1).sum() == len(block.x)
