"""The compressed monotonic local optima network against a plain one and against networks typed by hand."""

import itertools

import numpy as np
import pytest

from slow_twins import slow_flood
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import key_states, state_bits
from spinfunnel.measure import MEASURES
from spinfunnel.measure.local_optima import KickNetwork, contracted, kick_network
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.sinks import absorbed
from spinfunnel.pipeline.study import study
from spinfunnel.systems import FunctionLandscape, resolve

NAMES = ("sinks", "global_funnel", "sink_strength", "neutrality")


def tabulated(energies):
    bits = len(energies).bit_length() - 1
    return FunctionLandscape(
        lambda states: energies[states @ (1 << np.arange(bits))], bits, name="table", symmetries=()
    )


def slow_edges(energies, graph):
    """Edges (i, j) -> share of the kicks, for landscapes without symmetry whose plateaus are single states."""
    bits = len(energies).bit_length() - 1
    number = {int(state): place for place, state in enumerate(key_states(graph.key) @ (1 << np.arange(bits)))}
    edges = {}
    for start, place in number.items():
        for one, two in itertools.combinations(range(bits), 2):
            here = start ^ (1 << one) ^ (1 << two)
            while here not in number:
                here = min((here ^ (1 << bit) for bit in range(bits)), key=lambda state: (energies[state], state))
            end = number[here]
            if end != place and graph.energy[end] <= graph.energy[place]:
                edges[place, end] = edges.get((place, end), 0.0) + 2 / (bits * (bits - 1))
    return edges


@pytest.mark.parametrize("spec", ["rem:n=9,seed=1", "rem:n=10,seed=2,slope=1", "rfim:shape=3x3,field=2,seed=1"])
def test_kicks_equal_the_slow_twin(spec):
    landscape = resolve(spec)
    graph = flood(landscape)
    energies = np.empty(1 << landscape.size)
    landscape.enumerate(energies)
    found = kick_network(Topography(graph, landscape=landscape))
    expected = slow_edges(energies, graph)
    rows = zip(found.start.tolist(), found.end.tolist(), strict=True)
    assert dict(zip(rows, found.weight.tolist(), strict=True)) == pytest.approx(expected)
    assert len(found.start) == len(expected) > 0


def test_the_global_flip_changes_nothing_but_the_count():
    """A landscape with the flip divided out has the network of the plain one with mirror images taken together."""
    glass = resolve("sk:n=9,seed=3")
    folded = flood(glass)
    energies = glass.energy(state_bits(np.arange(512), size=9))
    energies = 0.5 * (energies + energies[::-1])
    plain = flood(tabulated(energies))
    one = kick_network(Topography(folded, landscape=glass))
    # States of the plain map by their folded minimum.
    number = {key: place for place, key in enumerate(folded.key.tolist())}
    turned = str.maketrans("01", "10")
    of = np.array([number.get(key, number.get(key.translate(turned))) for key in plain.key.tolist()])
    two = kick_network(Topography(plain, landscape=tabulated(energies)))
    total = np.zeros((folded.minima,) * 2)
    np.add.at(total, (of[two.start], of[two.end]), two.weight / 2)
    np.fill_diagonal(total, 0.0)
    expected = np.zeros_like(total)
    expected[one.start, one.end] = one.weight
    np.testing.assert_allclose(total, expected, atol=1e-12)


@pytest.mark.parametrize("spec", ["labs:n=11", "committee", "ea:shape=3x3,bonds=bimodal,seed=2", "partition:n=10"])
def test_symmetries_and_plateaus_leave_every_kick_a_known_end(spec):
    landscape = resolve(spec)
    topography = Topography(flood(landscape), landscape=landscape)
    found = kick_network(topography)
    out = np.bincount(found.start, weights=found.weight, minlength=topography.graph.minima)
    assert np.all(out <= 1 + 1e-12)
    energy = topography.graph.energy
    assert np.all(energy[found.end] <= energy[found.start])
    answers = [MEASURES[name].on(topography) for name in NAMES]
    assert answers[0].value >= 1
    assert 0 < answers[1].value <= 1


def test_a_network_typed_by_hand():
    """Minima 0 | 1 2 | 3 4, of which 1 and 2 are joined; 3 leads to 0 and to 1, 4 to nobody."""
    energy = np.array([0.0, 1.0, 1.0, 2.0, 2.0])
    rows = [(1, 2, 0.5), (3, 0, 0.1), (3, 1, 0.3), (3, 2, 0.2)]
    start, end, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = contracted(KickNetwork(start, end, weight), energy, native=energy == 0.0)
    assert found.node.tolist() == [0, 1, 1, 2, 3]
    assert found.sink.tolist() == [True, True, False, True]
    assert found.reaches.tolist() == [True, False, True, False]
    assert found.inward == pytest.approx([0.1, 0.5, 0.0, 0.0])


def test_a_chain_of_reach_is_followed_to_its_end():
    energy = np.arange(6.0)
    found = contracted(KickNetwork(np.arange(1, 6), np.arange(5), np.ones(5)), energy, native=energy == 0.0)
    assert found.reaches.all()
    assert found.sink.tolist() == [True, False, False, False, False, False]


def test_a_single_minimum_is_its_own_sink_and_has_no_strength():
    landscape = resolve("golf:n=8")
    graph = flood(landscape)
    answers = {name: MEASURES[name].compute(graph, landscape=landscape) for name in NAMES}
    assert answers["sinks"].value == answers["global_funnel"].value == 1
    assert answers["neutrality"].value == 0
    assert answers["sink_strength"].outcome == "no_inward_edges"


def test_what_is_too_large_or_not_binary_is_said():
    graph = slow_flood(np.random.default_rng(1).normal(size=64))
    large = resolve("sk:n=40")
    assert MEASURES["sinks"].compute(graph, landscape=large).outcome == "too_large"
    # A graph of states is no hypercube.
    from spinfunnel.explore.flood.graph_flood import StateGraph

    path = StateGraph(
        "path", np.array([0.0, 1.0]), np.array([0, 1, 2]), np.array([1, 0]), np.array(["a", "b"]), np.ones(2, int),
        {}, "path",
    )  # fmt: skip
    assert MEASURES["sinks"].compute(graph, landscape=path).outcome == "not_binary"


# ---------------------------------------------------------------------------------------------
# Walks of kicks on sampled maps


def share_of_walks(spec, *, seed):
    """Kick weight of the exact map and of a sampled one."""
    landscape = resolve(spec)
    exact = MEASURES["kick_weight"].compute(flood(landscape), landscape=landscape)
    found = study(
        landscape, explorer="tempering:rounds=16,quenches=256,pocket=4", seed=seed, nulls=False, advice=False,
        measures=("kick_weight", "sinks"),
    )  # fmt: skip
    return exact, found.measures["kick_weight"], found.measures["sinks"]


@pytest.mark.parametrize("spec", ["rem:n=10,seed=1", "partition:n=12,seed=1"])
def test_walks_from_random_descents_arrive_as_often_as_the_network_says(spec):
    """Fixed seed; with another one each interval misses with 5 %. A network of other weights is told apart."""
    exact, sampled, sinks = share_of_walks(spec, seed=2)
    assert 0.1 < exact.value < 0.9
    assert sampled.low <= exact.value <= sampled.high < exact.value + 0.2
    assert sinks.low >= 2.0


def test_walks_of_a_large_ferromagnet_arrive_and_those_of_a_glass_do_not():
    """All walks of one stored pattern arrive; of a dense glass (pairs at random) and a lattice (near pairs) few do."""
    magnet = resolve("hopfield:n=80,patterns=1,seed=1")
    glass = resolve("sk:n=80,seed=1")
    lattice = resolve("ea:shape=12x12,seed=1")
    answers = [
        study(
            landscape, explorer="tempering:rounds=16,quenches=64,pocket=4,floods=4", nulls=False, advice=False,
            measures=("kick_weight",),
        ).measures["kick_weight"]
        for landscape in (magnet, glass, lattice)
    ]  # fmt: skip
    assert answers[0].value == 1.0
    assert answers[1].high < 0.6
    assert answers[2].high < 0.35


def test_a_minimum_with_a_neutral_way_in_and_none_out_ends_a_walk():
    """1 and 2 have one energy; kicks lead from 1 to 2 and to the ground state, and from 2 nowhere."""
    network = KickNetwork(np.array([1, 1]), np.array([0, 2]), np.array([0.1, 0.3]))
    chance = absorbed(network, np.array([0.0, 1.0, 1.0]), native=np.array([True, False, False]))
    assert chance == pytest.approx([1.0, 0.25, 0.0])
