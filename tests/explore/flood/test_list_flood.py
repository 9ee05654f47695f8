"""Flooding of listed states against the flood of the same states as a plain graph."""

from dataclasses import replace

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.explore.flood.graph_flood import StateGraph, flood_graph
from spinfunnel.explore.flood.list_flood import flood_list
from spinfunnel.landscape import Finite, InputError, StateList
from spinfunnel.landscape.tree import merge_tree
from spinfunnel.systems.chains.conformations import conformations
from spinfunnel.systems.chains.lattice import LatticeProtein

pytestmark = pytest.mark.quick


def chain(n, dimension, *, kinds, moves, seed):
    """Protein with random whole-number contact energies of so many kinds."""
    pair = -np.random.default_rng(seed).integers(0, kinds, (n, n)).astype(np.int32)
    return LatticeProtein("chain", {}, dimension, pair + pair.T, 1.0, moves, "contacts")


def plain(protein):
    """The same landscape as a graph held in arrays."""
    listed = protein.list_states()
    offsets, neighbours = listed.rows(slice(None))
    keys = listed.keys(np.arange(len(listed.energies)))
    return StateGraph(
        protein.name, listed.energies, offsets, neighbours.astype(np.int64), keys,
        listed.multiplicity.astype(np.int64), {}, protein.identity,
    )  # fmt: skip


def heights(graph):
    """Merge heights of the tree, sorted, and the lowest exit of each minimum."""
    hub, spoke, height = graph.direct_edges()
    exits = np.full(graph.minima, np.inf)
    np.minimum.at(exits, hub, height)
    np.minimum.at(exits, spoke, height)
    pairs = sorted({(height[k], *sorted((hub[k], spoke[k]))) for k in range(len(hub))
                    if height[k] in (exits[hub[k]], exits[spoke[k]])})  # fmt: skip
    return exits, pairs


CASES = [(9, 2, 2, "pivot"), (10, 2, 3, "local"), (9, 2, 40, "pull"), (7, 3, 3, "pivot"), (8, 3, 30, "pull")]


@pytest.mark.parametrize(("n", "dimension", "kinds", "moves"), CASES)
def test_equals_the_flood_of_the_plain_graph(n, dimension, kinds, moves):
    protein = chain(n, dimension, kinds=kinds, moves=moves, seed=n)
    assert isinstance(protein, Finite)
    fast, slow = flood(protein, workers=2), flood_graph(plain(protein), symmetry=())
    for name in ("key", "energy", "weight", "plateau", "orbit"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    one, two = (replace(graph.census, autocorrelation=None) for graph in (fast, slow))
    assert (one.states, one.ground_energy, one.ground_states, one.minima_raw) == (
        two.states, two.ground_energy, two.ground_states, two.minima_raw,
    )  # fmt: skip
    assert one.mean == pytest.approx(two.mean, rel=1e-12)
    assert one.variance == pytest.approx(two.variance, rel=1e-12)
    assert fast.census.autocorrelation == pytest.approx(slow.census.autocorrelation, rel=1e-9)
    assert fast.tallies[1].count == slow.tallies[0].count
    for mine, theirs in zip(heights(fast), heights(slow), strict=True):
        assert np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
    assert np.array_equal(np.sort(merge_tree(fast).energy), np.sort(merge_tree(slow).energy))
    assert fast.saddles <= slow.saddles


def test_a_wrong_neighbour_is_noticed():
    """Broken twin: one move less, and the map differs."""
    protein = chain(9, 2, kinds=5, moves="pivot", seed=3)
    whole = protein.list_states()
    neighbours = whole.rows(slice(None))[1]

    def rows(states):
        own, near = whole.rows(states)
        return own, np.where(near == neighbours[0], near * 0 + 7, near)

    broken = flood_list(replace(whole, rows=rows), name="broken")
    assert not np.array_equal(broken.weight, flood(protein).weight)


def test_the_result_does_not_depend_on_the_workers(monkeypatch):
    monkeypatch.setattr("spinfunnel.explore.flood.list_flood.BLOCK", 100)
    protein = chain(11, 2, kinds=3, moves="pivot", seed=1)
    one, two = flood(protein, workers=1), flood(protein, workers=3)
    for name in ("key", "energy", "weight", "saddle_key", "saddle_energy", "saddle_minima", "plateau"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.census == two.census


def test_an_energy_that_is_not_finite_is_refused():
    listed = conformations(4, 2)
    bad = StateList(
        np.array([0, 1, np.nan, 0, 0.0]), listed.multiplicity, lambda s: listed.rows(s, moves="pivot"),
        lambda s: np.array(["a"] * len(s)), lambda _: None,
    )  # fmt: skip
    with pytest.raises(InputError, match="finite energy"):
        flood_list(bad, name="bad")
