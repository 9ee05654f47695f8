"""Rates between minima against dense linear algebra, hand-made networks, and the full dynamics of small systems."""

from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest

from slow_twins import basin_graph, random_basin_graph, slow_flood
from spinfunnel.explore.flood.direct import basin_flow, direct_saddles
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.measure.kinetics import arrhenius, from_flow, passage_times, relaxation_times
from spinfunnel.measure.pathways import committor, dominant_path, reactive_flow
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick


def random_kinetics(seed=1, minima=12, temperature=0.7):
    graph = random_basin_graph(np.random.default_rng(seed), minima=minima, edges=4 * minima)
    return arrhenius(graph, temperature=temperature)


def chain_of(flows, weight):
    """A row of minima with the given flows between neighbours."""
    steps = np.arange(len(flows))
    return from_flow(np.asarray(weight), rows=steps, columns=steps + 1, flow=np.asarray(flows), temperature=1.0)


# ---------------------------------------------------------------------------------------------
# The generator


@pytest.mark.parametrize("temperature", [0.05, 0.5, 5.0])
def test_rows_sum_to_zero_and_detailed_balance_holds(temperature):
    for landscape in (resolve("ea:shape=3x4,seed=1"), resolve("labs:n=11"), resolve("pspin:n=9,seed=1")):
        scale = MEASURES["tg"].compute(flood(landscape)).value
        for kinetics in (
            arrhenius(flood(landscape), temperature=temperature * scale),
            arrhenius(direct_saddles(landscape), temperature=temperature * scale),
            flow_kinetics(landscape, temperature * scale),
        ):
            generator = kinetics.generator()
            size = np.abs(generator).max()
            assert np.abs(generator.sum(axis=1)).max() <= 1e-10 * size
            balance = generator.multiply(kinetics.population[:, None]).tocsr()
            assert np.abs(balance - balance.T).max() <= 1e-10 * np.abs(balance).max()
            assert np.abs(kinetics.population @ generator).max() <= 1e-10 * np.abs(balance).max()
            assert kinetics.population.sum() == pytest.approx(1.0, abs=1e-12)
            assert (kinetics.flow.data > 0.0).all()


def flow_kinetics(landscape, temperature):
    _, flow = basin_flow(landscape, temperature=temperature)
    return from_flow(flow.weight, rows=flow.rows, columns=flow.columns, flow=flow.flow, temperature=temperature)


def test_rates_are_those_of_the_formula():
    # Two saddles between 0 and 1, one that joins all three; a plateau of four states.
    graph = basin_graph([0.0, 0.5, 1.0], [(2.0, 0, 1), (2.5, 1, 0), (3.0, 0, 1, 2)])
    graph.plateau[1] = 4
    rates = arrhenius(graph, temperature=0.8).rates().toarray()

    def a(barrier):
        return np.exp(-barrier / 0.8)

    assert rates[0, 1] == pytest.approx(a(2.0) / 2 + a(2.5) / 2 + a(3.0) / 3)
    assert rates[1, 0] == pytest.approx((a(1.5) / 2 + a(2.0) / 2 + a(2.5) / 3) / 4)
    assert rates[2, 1] == pytest.approx(a(2.0) / 3)
    assert rates[1, 2] == pytest.approx(a(2.5) / 3 / 4)


def test_symmetric_copies_count():
    # One minimum of orbit 1 between copies of another, of orbit 2: it is left over either of two saddles.
    graph = basin_graph([0.0, 0.5], [(2.0, 0, 1)])
    graph.orbit[1] = 2
    rates = arrhenius(graph, temperature=1.0).rates()
    assert rates[0, 1] == pytest.approx(2 * np.exp(-2.0) / 2)
    assert rates[1, 0] == pytest.approx(np.exp(-1.5) / 2)


# ---------------------------------------------------------------------------------------------
# What follows from it


@pytest.mark.parametrize("minima", [2, 3, 12, 150])
def test_relaxation_times_are_those_of_the_dense_spectrum(minima):
    kinetics = random_kinetics(minima=minima)
    assert kinetics.connected
    values = np.sort(np.linalg.eigvals(kinetics.generator().toarray()).real)[::-1]
    times = relaxation_times(kinetics, count=5)
    assert len(times) == min(5, minima - 1)
    np.testing.assert_allclose(times, -1.0 / values[1 : 1 + len(times)], rtol=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_passage_times_and_committors_solve_their_equations(seed):
    kinetics = random_kinetics(seed, minima=20)
    generator = kinetics.generator().toarray()
    time = passage_times(kinetics, [3, 7])
    away = np.setdiff1d(np.arange(20), [3, 7])
    np.testing.assert_allclose((generator @ time)[away], -1.0, rtol=1e-9)
    assert (time[[3, 7]] == 0.0).all()
    chance = committor(kinetics, source=[3], target=[7, 9])
    away = np.setdiff1d(np.arange(20), [3, 7, 9])
    np.testing.assert_allclose((generator @ chance)[away], 0.0, atol=1e-9 * np.abs(generator).max())
    assert chance[3] == 0.0
    assert (chance[[7, 9]] == 1.0).all()
    assert ((chance >= 0.0) & (chance <= 1.0)).all()


def test_times_that_differ_by_eighty_orders_keep_their_digits():
    # A row of five traps behind passes of very different height, against exact fractions.
    flows, weight = [1e-5, 1e-45, 1e-25, 1e-60], [1.0, 1e-3, 1e-20, 1e-9, 1e-30]
    kinetics = chain_of(flows, weight)
    share = [Fraction(value) for value in kinetics.population.tolist()]
    step = [Fraction(kinetics.flow[i, i + 1]) for i in range(4)]
    exact = [Fraction(0)]
    for i in range(4):  # tau_(i+1) - tau_i = (all weight beyond) / flow
        exact.append(exact[-1] + sum(share[i + 1 :]) / step[i])
    np.testing.assert_allclose(passage_times(kinetics, 0), [float(time) for time in exact], rtol=1e-13)


def test_two_deep_traps_relax_with_the_sum_of_their_rates():
    kinetics = chain_of([1e-40, 1e-40], [1.0, 1e-41, 0.5])
    # The middle is left at once: half the flow gets through, and 1/t = k_01 + k_10 of what remains.
    through = 0.5e-40
    exact = 1.0 / (through + through / 0.5)
    assert relaxation_times(kinetics)[0] == pytest.approx(exact, rel=1e-10)
    # The broken twin: an eigenvalue solver of the generator has not one digit of the slow end right.
    ordinary = np.sort(np.abs(np.linalg.eigvals(kinetics.generator().toarray())))[1]
    assert abs(ordinary * exact - 1.0) > 0.1


def test_a_two_state_folder_has_a_large_ratio_and_a_staircase_of_equal_steps_a_small_one():
    folder = basin_graph([0.0, 0.2, 0.4, 1.0], [(1.0, 0, 1), (1.2, 0, 2), (6.0, 0, 3)])
    glass = basin_graph([0.0, 0.0, 0.0, 0.0], [(5.0, 0, 1), (5.0, 1, 2), (5.0, 2, 3)])
    one, two = (MEASURES["two_state_ratio"].compute(graph, temperature=0.5).value for graph in (folder, glass))
    assert one > 1000
    assert two < 4


def test_reactive_flow_is_conserved_and_gives_the_rate():
    kinetics = random_kinetics(3, minima=25)
    flow = reactive_flow(kinetics, source=0, target=4)
    out, into = (np.asarray(flow.sum(axis=axis)).ravel() for axis in (1, 0))
    inner = np.setdiff1d(np.arange(25), [0, 4])
    np.testing.assert_allclose(out[inner], into[inner], rtol=1e-8, atol=1e-14 * out[0])
    assert into[0] == out[4] == 0.0
    chance = committor(kinetics, source=0, target=4)
    # Hill's relation: the mean time of a passage from 0 to 4 is the share of what was last at 0, over the flow.
    last_at_source = float(kinetics.population @ (1.0 - chance))
    assert passage_times(kinetics, 4)[0] == pytest.approx(last_at_source / out[0], rel=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_the_dominant_path_is_the_likeliest_of_all(seed):
    kinetics = random_kinetics(seed, minima=6)
    jump = kinetics.rates().toarray()
    jump /= jump.sum(axis=1, keepdims=True)
    best = 0.0
    for size in range(5):
        for between in permutations(range(1, 5), size):
            walk = (0, *between, 5)
            best = max(best, float(np.prod([jump[a, b] for a, b in pairwise(walk)])))
    path, log_probability = dominant_path(kinetics, source=0, target=5)
    assert path[0] == 0
    assert path[-1] == 5
    assert np.exp(log_probability) == pytest.approx(best, rel=1e-9)
    assert np.prod([jump[a, b] for a, b in pairwise(path)]) == pytest.approx(best, rel=1e-9)


# ---------------------------------------------------------------------------------------------
# The full dynamics


def full_chain(landscape, temperature):
    """Boltzmann weights and flows of single-spin-flip Metropolis dynamics over all states, per sweep."""
    flip = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    bits = landscape.size - flip
    energies, number = np.empty(1 << bits), np.arange(1 << bits)
    landscape.enumerate(energies)
    weight = np.exp(-(energies - energies.min()) / temperature)
    operator = np.zeros((len(weight), len(weight)))
    for other in [number ^ (1 << bit) for bit in range(bits)] + ([number[::-1]] if flip else []):
        flow = np.minimum(weight, weight[other])
        operator[number, other] -= flow
        operator[number, number] += flow
    return energies, weight, operator


def full_passage(landscape, graph, temperature):
    """Time from the second minimum to the native set."""
    energies, weight, operator = full_chain(landscape, temperature)
    away = np.flatnonzero(energies > energies.min())
    time = np.zeros(len(energies))
    time[away] = np.linalg.solve(operator[np.ix_(away, away)], weight[away])
    return time[[int(key[::-1], 2) for key in graph.key]]


SYSTEMS = ("ea:shape=3x4,seed=1", "sk:n=11,seed=1", "pspin:n=10,seed=1", "dfm:shape=3x4,seed=2", "labs:n=11")


@pytest.mark.parametrize("spec", SYSTEMS)
@pytest.mark.parametrize("share", [0.1, 0.07])
def test_passage_between_the_deepest_minima_agrees_with_the_full_dynamics(spec, share):
    landscape = resolve(spec)
    exits, pairs = flood(landscape), direct_saddles(landscape)
    temperature = share * pairs.census.variance**0.5
    deep = int(np.flatnonzero(~pairs.native)[0])
    native = np.flatnonzero(pairs.native)
    full = full_passage(landscape, pairs, temperature)[deep]
    assert 0.5 < passage_times(arrhenius(pairs, temperature=temperature), native)[deep] / full < 2.0
    assert 0.25 < passage_times(arrhenius(exits, temperature=temperature), native)[deep] / full < 4.0
    lumped = passage_times(flow_kinetics(landscape, temperature), native)[deep] / full
    assert 0.2 < lumped < 1.0


@pytest.mark.parametrize("spec", SYSTEMS[:4])
def test_the_slowest_relaxation_agrees_with_the_full_dynamics(spec):
    landscape = resolve(spec)
    graph = direct_saddles(landscape)
    temperature = 0.1 * graph.census.variance**0.5
    _, weight, operator = full_chain(landscape, temperature)
    root = np.sqrt(weight)
    slowest = 1.0 / np.linalg.eigvalsh(operator / root[:, None] / root)[1]
    assert 0.5 < relaxation_times(arrhenius(graph, temperature=temperature))[0] / slowest < 2.0
    # Lumping to basins can only speed relaxation up.
    assert relaxation_times(flow_kinetics(landscape, temperature))[0] < slowest
    # A broken twin without the half that falls back would be faster by two, and below this.
    assert relaxation_times(arrhenius(graph, temperature=temperature))[0] > 0.7 * slowest


# ---------------------------------------------------------------------------------------------
# Named outcomes and refusals


def test_what_has_no_answer_says_why():
    two = basin_graph([0.0, 1.0], [(2.0, 0, 1)])
    assert MEASURES["two_state_ratio"].compute(two).outcome == "no_second_time"
    assert MEASURES["slowest_relaxation"].compute(two, temperature=1e-3).outcome == "too_cold"
    assert MEASURES["slowest_relaxation"].compute(basin_graph([0.0, 1.0], [])).outcome == "disconnected"
    assert MEASURES["folding_sweeps"].compute(basin_graph([0.0], [])).outcome == "single_minimum"
    assert MEASURES["folding_sweeps"].compute(basin_graph([0.0, 0.0], [(1.0, 0, 1)])).outcome == "all_native"
    many = slow_flood(np.zeros(4))
    assert isinstance(MEASURES["slowest_relaxation"].compute(many), NoAnswer)


def test_the_measures_are_the_functions():
    graph = slow_flood(np.random.default_rng(1).normal(size=256))
    kinetics = arrhenius(graph, temperature=0.5)
    times = relaxation_times(kinetics)
    assert MEASURES["slowest_relaxation"].compute(graph, temperature=0.5).value == pytest.approx(times[0], rel=1e-9)
    ratio = times[0] / times[1]
    assert MEASURES["two_state_ratio"].compute(graph, temperature=0.5).value == pytest.approx(ratio, rel=1e-9)
    folding = graph.weight @ passage_times(kinetics, 0)
    assert MEASURES["folding_sweeps"].compute(graph, temperature=0.5).value == pytest.approx(folding, rel=1e-9)


def test_bad_input_is_refused_in_a_sentence():
    graph = basin_graph([0.0, 1.0, 2.0], [(3.0, 0, 1)])
    with pytest.raises(InputError, match="above 0"):
        arrhenius(graph, temperature=0.0)
    with pytest.raises(InputError, match="at least"):
        arrhenius(graph, temperature=1e-4)
    with pytest.raises(InputError, match="explore"):
        arrhenius(basin_graph([], []), temperature=1.0)
    parts = arrhenius(graph, temperature=1.0)
    with pytest.raises(InputError, match="explore further"):
        passage_times(parts, 0)
    with pytest.raises(InputError, match="explore further"):
        dominant_path(parts, source=0, target=2)
    whole = arrhenius(basin_graph([0.0, 1.0], [(3.0, 0, 1)]), temperature=1.0)
    with pytest.raises(InputError, match="keep them apart"):
        committor(whole, source=0, target=0)
    with pytest.raises(InputError, match="minima 0 to 1"):
        dominant_path(whole, source=0, target=2)
