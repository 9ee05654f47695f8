"""What holds for every measure, because it is listed."""

from dataclasses import replace

import numpy as np
import pytest

from slow_twins import basin_graph, random_basin_graph, slow_flood
from spinfunnel.landscape import BasinGraph, Census, Tally
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import COMPARED, MEASURES, measure_all

pytestmark = pytest.mark.quick

SHARES = {
    "funnel_minima",
    "funnel_weight",
    "funnel_boltzmann",
    "rival_weight",
    "profile_area",
    "stem_share",
    "rival_size",
}
IN_ENERGY_UNITS = {
    "depth", "rival_depth", "tf", "tg", "tf_measured", "tg_measured", "tf_ground_state", "tg_ground_state",
    "heat_capacity_peak",
}  # fmt: skip
OF_DENSITY = {
    "entropy",
    "tg",
    "gap_over_roughness",
    "band_gap",
    "native_depth",
    "cooperativity",
    "transition_width",
    "tf_ground_state",
    "tg_ground_state",
    "tf_measured",
    "tg_measured",
    "tf_tg_measured",
    "heat_capacity_peak",
    "folding_barrier",
    "calorimetric_ratio",
}
AT_LEAST_ONE = {"frustration", "tf_tg", "funnels", "minima", "two_state_ratio"}
OF_SMOOTH = {name for name, measure in MEASURES.items() if measure.exact is None and measure.smooth is not None}
OF_TRAINED = {name for name, measure in MEASURES.items() if measure.exact is measure.smooth is None}
OF_THE_MAP = [
    name
    for name, measure in MEASURES.items()
    if measure.reads == "map" and name not in {*COMPARED, *OF_SMOOTH, *OF_TRAINED}
]
OF_THE_CENSUS = {"entropy", "autocorrelation"}
OF_FEW_MINIMA = {name for name in OF_THE_MAP if MEASURES[name].definition == 13}


def rough(bits=8, seed=1):
    return slow_flood(np.random.default_rng(seed).normal(size=2**bits))


def awkward_graphs():
    yield "one minimum", basin_graph([0.0], [])
    yield "two minima", basin_graph([0.0, 1.0], [(2.0, 0, 1)])
    yield "two unconnected minima", basin_graph([0.0, 1.0], [])
    yield "all degenerate", basin_graph(np.zeros(6), [(1.0, *range(6))])
    yield "no minimum", basin_graph([], [])
    yield "sampled", basin_graph([0.0, 1.0], [(2.0, 0, 1)], exact=False)
    yield "no weight off the ground", basin_graph([0.0, 1.0], [(2.0, 0, 1)], weight=[1.0, 0.0])
    yield "tiny differences", basin_graph([0.0, 5e-324], [(1.0, 0, 1)])
    yield "huge energies", basin_graph([-1e308, 1e307], [(1.5e308, 0, 1)])
    for bits in range(1, 5):
        yield f"constant, {bits} bits", slow_flood(np.zeros(2**bits))
        yield f"rough, {bits} bits", rough(bits)
        yield f"rough, {bits} bits, flip", slow_flood(np.random.default_rng(2).normal(size=2**bits), flip=True)
    rng = np.random.default_rng(7)
    for trial in range(20):
        yield f"random {trial}", random_basin_graph(rng, minima=10, edges=20, levels=[None, 2][trial % 2])


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_every_graph_has_a_number_or_a_named_outcome(name):
    for label, graph in awkward_graphs():
        answer = MEASURES[name].compute(graph)
        if isinstance(answer, NoAnswer):
            assert answer.outcome.isidentifier(), label
            assert len(answer.cause) > 10, label
            assert len(answer.remedy) > 10, label
        else:
            assert isinstance(answer, Estimate)
            assert answer.exact or label == "sampled", label
            if name in SHARES:
                assert -1e-12 <= answer.value <= 1 + 1e-12, label
            if name in AT_LEAST_ONE:
                assert answer.value >= 1 - 1e-12, label


@pytest.mark.parametrize("name", MEASURES)
def test_a_sampled_map_gives_no_number_without_interval(name):
    """Where every minimum was hit once, nearly all are still to be seen; the census stays what it is."""
    answer = MEASURES[name].compute(replace(rough(), exact=False))
    if isinstance(answer, Estimate):
        assert name in OF_THE_CENSUS or not answer.exact
    elif MEASURES[name].sampled is None:
        elsewhere = "not_smooth" if name in OF_SMOOTH else "not_trained" if name in OF_TRAINED else "sampled_map"
        assert answer.outcome == elsewhere


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {*OF_THE_MAP, *COMPARED, *OF_SMOOTH, *OF_TRAINED}))
def test_what_reads_the_landscape_says_so_without_it(name):
    answer = MEASURES[name].compute(rough())
    assert isinstance(answer, NoAnswer)
    assert answer.outcome == "no_landscape"


@pytest.mark.parametrize("name", sorted(set(COMPARED) - OF_TRAINED))
def test_what_compares_with_a_null_says_so_without_it(name):
    answer = MEASURES[name].compute(rough())
    assert isinstance(answer, NoAnswer)
    assert answer.outcome == "no_null"


@pytest.mark.parametrize("name", OF_THE_MAP)
def test_a_shift_and_a_scale_of_the_energy_change_only_the_unit(name):
    energies = np.random.default_rng(4).normal(size=256)
    energies[9] = -9.0
    for unit, shift in ((3.0, 8.0), (1e6, -1e9), (1e-6, 0.0)):
        for warm in (0.5, None):
            one = MEASURES[name].compute(slow_flood(energies), temperature=warm)
            hot = None if warm is None else unit * warm
            two = MEASURES[name].compute(slow_flood(unit * energies + shift), temperature=hot)
            assert isinstance(one, Estimate)
            assert isinstance(two, Estimate)
            assert two.value == pytest.approx(one.value * (unit if name in IN_ENERGY_UNITS else 1.0), rel=1e-7)


@pytest.mark.parametrize("name", MEASURES)
def test_the_order_of_minima_of_equal_energy_does_not_matter(name):
    energies = np.random.default_rng(11).integers(0, 4, 128).astype(float)
    graph = slow_flood(energies)
    turned = relabel(graph, np.lexsort((np.random.default_rng(5).random(graph.minima), graph.energy)))
    one, two = (MEASURES[name].compute(each) for each in (graph, turned))
    assert type(one) is type(two)
    if isinstance(one, Estimate) and name not in {"profile_area", "rival_weight", "longest_chain"}:
        # The three depend on which of several equal funnels a minimum with exits to both is counted to.
        assert two.value == pytest.approx(one.value, rel=1e-9)


def relabel(graph, order):
    place = np.argsort(order)
    return replace(
        graph, key=graph.key[order], energy=graph.energy[order], weight=graph.weight[order],
        plateau=graph.plateau[order], orbit=graph.orbit[order], saddle_minima=place[graph.saddle_minima],
    )  # fmt: skip


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_documented(name):
    measure = MEASURES[name]
    assert measure.name == name
    assert measure.summary
    assert measure.source
    assert 1 <= measure.definition <= 23
    roads = [way for way in (measure.exact, measure.sampled, measure.smooth, measure.trained) if way is not None]
    assert roads
    assert all(way.__doc__ for way in roads)


def test_measuring_all_equals_measuring_one_by_one():
    graph = rough()
    together = measure_all(graph, temperature=0.3)
    assert list(together) == list(MEASURES)
    for name, measure in MEASURES.items():
        assert together[name] == measure.compute(graph, temperature=0.3)


def test_a_million_minima_are_measured_or_refused():
    rng = np.random.default_rng(1)
    m, s = 1_000_000, 2_000_000
    energy = np.sort(rng.normal(size=m))
    height = np.sort(rng.normal(loc=6.0, scale=0.2, size=s))
    chain = np.stack([np.arange(1, m), (np.arange(1, m) * rng.random(m - 1)).astype(np.int64)], axis=1)
    pairs = np.concatenate([chain, rng.integers(0, m, (s - m + 1, 2))])
    shells = ((0.0, 0.5, 1.0), (9.0, 5.0, 1.0), (1.0, 0.0, -5.0), (1.0, 1.0, 0.0), (-4.0, -4.5, -5.0))
    overlap = Tally("overlap", float("inf"), *shells)
    graph = BasinGraph(
        key=np.zeros(m, "U1"), energy=energy, weight=np.full(m, 1 / m), plateau=np.ones(m, np.int64),
        orbit=np.ones(m, np.int64), saddle_key=np.zeros(s, "U1"), saddle_energy=height,
        saddle_offsets=np.arange(0, 2 * s + 1, 2), saddle_minima=rng.permutation(pairs).ravel(),
        saddle_exact=np.ones(s, bool), census=Census(2**24, 1.0, 1.0, float(energy[0]), 1, m, 0.0), tallies=(overlap,),
    )  # fmt: skip
    answers = measure_all(graph)
    asked = set(OF_THE_MAP) - OF_FEW_MINIMA - OF_DENSITY - {"tf", "tf_tg"}
    assert all(isinstance(answers[name], Estimate) for name in asked), answers
    assert all(answers[name].outcome == "too_many_minima" for name in OF_FEW_MINIMA)
