"""All direct saddles and basin flows against plain loops over the states."""

import numpy as np
import pytest

from slow_twins import slow_flood
from spinfunnel.explore.flood.direct import basin_flow, direct_saddles
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.landscape.tree import merge_tree
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick

SPECS = ("ea:shape=3x3,seed=1", "rem:n=8,seed=2", "sk:n=10,seed=3", "partition:n=8,seed=1", "rfim:shape=3x3,seed=1")


def enumerated(landscape):
    flip = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (landscape.size - flip))
    landscape.enumerate(energies)
    return energies, flip


def slow_labels(energies, graph, *, flip):
    """Number of the minimum to which each state drains, by steepest descent (no plateaus)."""
    bits = len(energies).bit_length() - 1
    number = np.arange(len(energies))
    near = np.array([number ^ (1 << i) for i in range(bits)] + ([number[::-1]] if flip else []))
    lowest = np.sort(near, axis=0)
    drain = lowest[np.argmin(energies[lowest], axis=0), number]
    drain = np.where(energies[drain] < energies, drain, number)
    while not np.array_equal(drain, drain[drain]):
        drain = drain[drain]
    rank = {int(key[::-1], 2): i for i, key in enumerate(graph.key)}
    return np.array([rank[state] for state in drain.tolist()]), near


@pytest.mark.parametrize("spec", SPECS)
def test_every_pair_has_its_lowest_pass(spec):
    landscape = resolve(spec)
    energies, flip = enumerated(landscape)
    slow, fast = slow_flood(energies, flip=flip), direct_saddles(landscape)
    assert fast.key.tolist() == slow.key.tolist()

    def passes(graph):
        one, other, height = graph.direct_edges()
        return {(min(i, j), max(i, j)): s for i, j, s in zip(one.tolist(), other.tolist(), height, strict=True)}

    assert passes(fast) == passes(slow)
    assert (np.diff(fast.saddle_energy) >= 0.0).all()


@pytest.mark.parametrize("spec", [*SPECS, "labs:n=11", "golf:n=8"])
def test_more_saddles_leave_the_merge_tree_alone(spec):
    landscape = resolve(spec)
    one, two = merge_tree(flood(landscape)), merge_tree(direct_saddles(landscape))
    assert one.parent.tolist() == two.parent.tolist()
    assert one.energy.tolist() == two.energy.tolist()


def test_a_saddle_belongs_to_its_first_minimum_and_has_its_energy():
    landscape = resolve("sk:n=10,seed=3")
    graph = direct_saddles(landscape)
    energies, flip = enumerated(landscape)
    label, near = slow_labels(energies, graph, flip=flip)
    for row, key in enumerate(graph.saddle_key):
        state = int(key[::-1], 2)
        hub, spoke = graph.saddle_minima[graph.saddle_offsets[row] : graph.saddle_offsets[row + 1]]
        assert energies[state] == graph.saddle_energy[row]
        assert label[state] == hub
        around = near[:, state]
        assert spoke in label[around[energies[around] <= energies[state]]]


@pytest.mark.parametrize("spec", ["ea:shape=3x3,seed=1", "rem:n=8,seed=2", "sk:n=10,seed=3"])
def test_flows_are_sums_over_moves(spec):
    landscape, temperature = resolve(spec), 0.9
    graph, found = basin_flow(landscape, temperature=temperature)
    energies, flip = enumerated(landscape)
    label, near = slow_labels(energies, graph, flip=flip)
    boltzmann = (1 + flip) * np.exp(-(energies - energies.min()) / temperature)
    flow = np.zeros((graph.minima, graph.minima))
    for around in near:
        np.add.at(flow, (label, label[around]), np.minimum(boltzmann, boltzmann[around]))
    dense = np.zeros_like(flow)
    dense[found.rows, found.columns] = found.flow
    np.testing.assert_allclose(dense, np.triu(flow, 1), rtol=1e-12)
    np.testing.assert_allclose(found.weight, np.bincount(label, weights=boltzmann), rtol=1e-12)


def test_workers_change_nothing():
    landscape = resolve("labs:n=17")
    one, two = direct_saddles(landscape), direct_saddles(landscape, workers=3)
    assert one.saddle_key.tolist() == two.saddle_key.tolist()
    assert one.saddle_minima.tolist() == two.saddle_minima.tolist()


def test_what_cannot_be_done_is_refused():
    with pytest.raises(InputError, match="flood it"):
        direct_saddles(resolve("rem:n=4,seed=1"))
    with pytest.raises(InputError, match="finite number above 0"):
        basin_flow(resolve("rem:n=8,seed=1"), temperature=0.0)
