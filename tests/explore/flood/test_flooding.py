"""The flood against slow twins, independent merge trees, and itself."""

import gudhi
import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree

from slow_twins import Table, slow_flood
from spinfunnel.explore import EXPLORERS
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.explore.flood.graph_flood import StateGraph, flood_graph, hypercube_graph
from spinfunnel.explore.flood.memory import refuse_if_too_large
from spinfunnel.landscape import InputError, Symmetry, state_bits
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.moves.group import close_group
from spinfunnel.systems import FunctionLandscape, resolve

pytestmark = pytest.mark.quick

SMALL = [
    "sk:n=11,seed=3",
    "sk:n=12,seed=4,bias=1.5",
    "ea:shape=3x4,seed=1",
    "ea:shape=3x4,bonds=bimodal,seed=1",
    "ea:shape=2x2x3,bonds=bimodal,seed=2",
    "ea:shape=11,bonds=bimodal,boundary=open,seed=2",
    "dfm:shape=3x4,seed=1",
    "rfim:shape=3x4,seed=1",
    "pspin:n=11,p=3,seed=1",
    "pspin:n=10,p=4,seed=1",
    "multiscale:n=12,seed=1",
    "rem:n=11,seed=1",
    "rem:n=12,slope=1.0,seed=1",
    "hopfield:n=12,patterns=3,seed=1",
    "hopfield:n=10,patterns=1,seed=1",
    "labs:n=10",
    "labs:n=11",
    "labs:n=12",
    "maxcut:n=12,seed=1",
    "partition:n=12,seed=1",
    "golf:n=10",
    "committee:seed=1",
]


def all_energies(landscape):
    return landscape.energy(state_bits(np.arange(1 << landscape.size), size=landscape.size))


def assert_same_map(fast, slow):
    """Minima with their weights and sizes, saddles with what they join, and the census agree."""
    assert fast.key.tolist() == slow.key.tolist()
    assert fast.saddle_key.tolist() == slow.saddle_key.tolist()
    np.testing.assert_array_equal(fast.saddle_offsets, slow.saddle_offsets)
    np.testing.assert_array_equal(fast.saddle_minima, slow.saddle_minima)
    for name in ("energy", "weight", "saddle_energy"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(fast.plateau * fast.orbit, slow.plateau * slow.orbit)
    assert_same_census(fast.census, slow.census)


def assert_same_census(one, two):
    scale = max(1.0, abs(one.mean), one.variance)
    for name in ("states", "ground_states", "minima_raw"):
        assert getattr(one, name) == getattr(two, name), name
    for name in ("mean", "variance", "ground_energy"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-9, abs=1e-12 * scale), name
    assert one.autocorrelation == pytest.approx(two.autocorrelation, abs=1e-9)


def minimax_matrix(graph):
    tree = merge_tree(graph)
    return np.array([minimax_to(tree, leaf) for leaf in range(graph.minima)])


@pytest.mark.parametrize("spec", SMALL)
def test_equals_the_flood_of_the_quotient_as_a_plain_graph(spec):
    landscape = resolve(spec)
    group = close_group(landscape.symmetries, size=landscape.size)
    assert_same_map(flood(landscape, workers=2), flood_graph(hypercube_graph(landscape, group=group), symmetry=()))


@pytest.mark.parametrize("spec", [spec for spec in SMALL if not spec.startswith(("labs", "committee"))])
def test_equals_the_slow_twin(spec):
    landscape = resolve(spec)
    flip = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = all_energies(landscape)
    fast, slow = flood(landscape), slow_flood(energies[: len(energies) >> flip], flip=flip)
    assert fast.key.tolist() == slow.key.tolist()
    np.testing.assert_allclose(fast.weight, slow.weight, rtol=0, atol=1e-12)
    np.testing.assert_allclose(minimax_matrix(fast), minimax_matrix(slow), rtol=1e-12, atol=1e-12)
    assert_same_census(fast.census, slow.census)
    for name in ("position", "count", "mean", "spread", "lowest"):
        expected = getattr(slow.tallies[0], name)
        scale = max(1.0, np.abs(energies).max())
        np.testing.assert_allclose(getattr(fast.tallies[0], name), expected, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("seed", range(12))
def test_plateaus_of_landscapes_with_few_levels(seed):
    rng = np.random.default_rng(seed)
    landscape = Table(rng.integers(0, rng.integers(1, 6), 1 << 9))
    fast, slow = flood(landscape), slow_flood(landscape.energies)
    assert fast.key.tolist() == slow.key.tolist()
    np.testing.assert_array_equal(fast.plateau, slow.plateau)
    np.testing.assert_allclose(fast.weight, slow.weight, atol=1e-12)
    np.testing.assert_array_equal(minimax_matrix(fast), minimax_matrix(slow))
    assert_same_map(fast, flood_graph(hypercube_graph(landscape, group=close_group((), size=9)), symmetry=()))


@pytest.mark.parametrize("seed", range(8))
def test_plateaus_of_landscapes_with_symmetries(seed):
    """Random levels made symmetric under a rotation of the bits and, half of the time, the global flip."""
    rng = np.random.default_rng(seed)
    symmetries = [Symmetry("rotation", tuple(np.roll(np.arange(8), 2).tolist()), (0,) * 8)]
    symmetries += [Symmetry.global_flip(8)] if seed % 2 else []
    group = close_group(tuple(symmetries), size=8)
    orbit = group.images(np.arange(256)).min(axis=0)
    landscape = Table(rng.integers(0, 3 + seed, 256)[orbit], symmetries)
    fast = flood(landscape)
    assert_same_map(fast, flood_graph(hypercube_graph(landscape, group=group), symmetry=()))
    plain = slow_flood(landscape.energies)
    assert (fast.plateau * fast.orbit).sum() == plain.plateau.sum()
    assert fast.orbit.sum() == plain.minima
    assert fast.census.minima_raw == plain.census.minima_raw


def test_exits_of_equal_height_are_all_kept():
    landscape = resolve("labs:n=11")
    graph = flood(landscape)
    hub, spoke, height = graph.direct_edges()
    exit_of = np.full(graph.minima, np.inf)
    for column in (hub, spoke):
        np.minimum.at(exit_of, column, height)
    plain = flood_graph(hypercube_graph(landscape, group=close_group(landscape.symmetries, size=11)), symmetry=())
    np.testing.assert_array_equal(
        np.bincount(hub, height == exit_of[hub]), np.bincount(plain.direct_edges()[0], height == exit_of[hub])
    )
    assert ((height == exit_of[hub]) | (height == exit_of[spoke])).sum() > graph.minima


@pytest.mark.parametrize("spec", SMALL)
def test_merge_heights_equal_gudhi(spec):
    """0-dimensional persistence of the lower-star filtration of the full hypercube: the same deaths.

    Symmetric copies of a minimum merge with each other over saddles that the quotient does not need, so both sides are
    compared where no symmetry was declared, and by the number of infinite bars and the set of heights otherwise.
    """
    landscape = resolve(spec)
    energies = all_energies(landscape)
    states = np.arange(len(energies))
    tree = gudhi.SimplexTree()
    tree.insert_batch(states[None, :], energies)
    for bit in range(landscape.size):
        lower = states[(states >> bit) & 1 == 0]
        pair = np.stack([lower, lower | (1 << bit)])
        tree.insert_batch(pair, energies[pair].max(axis=0))
    tree.compute_persistence(persistence_dim_max=True, min_persistence=0.0)
    deaths = np.sort([death for birth, death in tree.persistence_intervals_in_dimension(0) if np.isfinite(death)])
    merged = merge_tree(flood(landscape))
    ours = _persistence_deaths(merged)
    if landscape.symmetries:
        scale = np.abs(energies).max()
        distance = np.abs(ours[:, None] - deaths[None, :]).min(axis=1) if len(ours) else np.zeros(0)
        assert (distance <= 1e-9 * scale).all()
    else:
        np.testing.assert_allclose(ours, deaths, rtol=1e-12, atol=1e-12)


def _persistence_deaths(tree):
    """Heights at which a component dies, once for each component that does."""
    inner = tree.parent[tree.parent >= 0]
    count = np.bincount(inner, minlength=len(tree.parent))
    return np.sort(np.repeat(tree.energy, np.maximum(0, count - 1)))


@pytest.mark.parametrize("spec", SMALL)
def test_merge_tree_equals_the_minimum_spanning_tree_of_the_quotient(spec):
    """All minimax heights between minima, from scipy's spanning tree of the states of the quotient graph."""
    landscape = resolve(spec)
    graph = hypercube_graph(landscape, group=close_group(landscape.symmetries, size=landscape.size))
    row = np.repeat(np.arange(len(graph.energies)), np.diff(graph.offsets))
    height = np.maximum(graph.energies[row], graph.energies[graph.neighbours])
    levels, rank = np.unique(height, return_inverse=True)
    keep = row < graph.neighbours
    from scipy.sparse import coo_matrix

    weights = coo_matrix(
        (rank[keep] + 1.0, (row[keep], graph.neighbours[keep])), shape=(len(graph.energies),) * 2
    ).tocsr()
    weights.data = _fewest(weights, row[keep], graph.neighbours[keep], rank[keep] + 1.0)
    spanning = minimum_spanning_tree(weights).tocoo()
    found = flood(landscape)
    place = {graph.key(state): state for state in range(len(graph.energies))}
    expected = _minimax_over_forest(spanning, levels, [place[key] for key in found.key], graph.energies)
    np.testing.assert_allclose(minimax_matrix(found), expected, rtol=1e-12, atol=1e-9)


def _fewest(weights, row, column, rank):
    """Undo the summing of duplicate moves: parallel moves of a quotient join the same two states at one height."""
    table = dict(zip(zip(row.tolist(), column.tolist(), strict=True), rank.tolist(), strict=True))
    coo = weights.tocoo()
    return np.array([table[pair] for pair in zip(coo.row.tolist(), coo.col.tolist(), strict=True)])


def _minimax_over_forest(spanning, levels, states, energies):
    parent = np.arange(len(energies))
    members = {state: [number] for number, state in enumerate(states)}
    groups = {state: members.get(state, []) for state in range(len(energies))}
    result = np.full((len(states), len(states)), np.inf)
    np.fill_diagonal(result, energies[states])

    def find(node):
        while parent[node] != node:
            node = parent[node]
        return node

    for edge in np.argsort(spanning.data, kind="stable"):
        one, two = find(spanning.row[edge]), find(spanning.col[edge])
        height = levels[int(spanning.data[edge]) - 1]
        for a in groups[one]:
            for b in groups[two]:
                result[a, b] = result[b, a] = height
        if len(groups[one]) < len(groups[two]):
            one, two = two, one
        groups[one] = groups[one] + groups.pop(two)
        parent[two] = one
    return result


@pytest.mark.parametrize("spec", ["sk:n=17,seed=1", "rem:n=15,seed=1", "labs:n=16", "ea:shape=4x4,bonds=bimodal"])
def test_the_number_of_workers_changes_nothing(spec):
    one, three = (flood(resolve(spec), workers=workers) for workers in (1, 3))
    for name in one.__dataclass_fields__:
        first, second = getattr(one, name), getattr(three, name)
        if isinstance(first, np.ndarray):
            assert first.tobytes() == second.tobytes(), name
        else:
            assert first == second, name


def test_a_broken_symmetry_is_refused():
    with pytest.raises(InputError, match="declares symmetries that change energies"):
        flood(Table(np.arange(256.0), [Symmetry("rotation", tuple(np.roll(np.arange(8), 1).tolist()), (0,) * 8)]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_energies_must_be_finite(value):
    energies = np.arange(256.0)
    energies[77] = value
    with pytest.raises(InputError, match="not finite"):
        flood(Table(energies))


def test_what_does_not_fit_is_refused_before_anything_is_allocated():
    with pytest.raises(InputError, match=r"a 800-spin landscape needs about 2\^7\d\d GiB to flood exactly"):
        refuse_if_too_large(800, bits=799, symmetric=False, available=24 << 30)
    with pytest.raises(InputError, match="the largest that fits here has 31 spins"):
        refuse_if_too_large(34, bits=33, symmetric=False, available=24 << 30)
    with pytest.raises(InputError, match="33-spin"):
        refuse_if_too_large(33, bits=32, symmetric=False, available=1 << 50)
    refuse_if_too_large(31, bits=30, symmetric=False, available=14 << 30)


def test_explorers_yield_minima_before_the_saddles_that_name_them():
    known = set()
    landscape = resolve("rem:n=14,seed=2")
    for chunk in EXPLORERS["flooding"].explore(landscape.kind)(landscape, seed=0, workers=1):
        for record in chunk:
            if type(record).__name__ == "Minimum":
                known.add(record.key)
            elif type(record).__name__ == "Saddle":
                assert set(record.minima) <= known
                assert len(record.minima) >= 2


def test_one_and_two_bits():
    for size in (1, 2, 3):
        landscape = FunctionLandscape(lambda states: states.sum(axis=1).astype(float), size=size, name="sum")
        graph = flood(landscape)
        assert graph.minima == 1
        assert graph.census.states == 2**size
        assert graph.key.tolist() == ["0" * size]


def test_a_graph_of_states():
    """A square with a diagonal: two minima of two states each, joined over the diagonal's higher end."""
    graph = StateGraph(
        "square", np.array([0.0, 0.0, 2.0, 1.0, 1.0, 3.0]), np.array([0, 2, 4, 8, 10, 12, 14]),
        np.array([1, 2, 0, 2, 0, 1, 3, 4, 2, 4, 2, 3, 5, 5]), np.array(list("abcdef")),
        np.ones(6, np.int64), {}, "square",
    )  # fmt: skip
    found = flood_graph(graph, symmetry=())
    assert found.key.tolist() == ["a", "d", "f"]
    assert found.plateau.tolist() == [2, 2, 1]


def test_a_graph_of_states_must_be_symmetric():
    graph = StateGraph(
        "arrow",
        np.array([0.0, 1.0]),
        np.array([0, 1, 1]),
        np.array([1]),
        np.array(["a", "b"]),
        np.ones(2, np.int64),
        {},
        "arrow",
    )
    with pytest.raises(InputError, match="not symmetric"):
        flood_graph(graph, symmetry=())
