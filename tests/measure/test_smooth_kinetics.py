"""Kinetics in logarithms against dense linear algebra, toys by hand and a second method."""

import dataclasses
import math

import numpy as np
import pytest

import smooth_families as families
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, kinetics, measure_all
from spinfunnel.measure.smooth_kinetics import (
    dealt,
    heights_to,
    log_passage_times,
    log_relaxation_time,
    log_residence_times,
    saddle_heights,
    smooth_kinetics,
    steps_to,
)
from spinfunnel.measure.smooth_kinetics_measures import frustration_curve
from spinfunnel.measure.smooth_kinetics_solver import eliminate_logs


def dense_times(graph, temperature, target):
    """Passage times by dense linear algebra on the rates themselves."""
    floor = graph.energy[0]
    rate = np.zeros((graph.minima, graph.minima))
    for energy, volume, (a, b) in zip(
        graph.saddle_energy, graph.saddle_log_volume, graph.saddle_minima.reshape(-1, 2), strict=True
    ):
        if a != b:
            flow = np.exp(volume - (energy - floor) / temperature) / (2 * np.pi)
            for i, j in ((a, b), (b, a)):
                rate[i, j] += flow / np.exp(graph.log_volume[i] - (graph.energy[i] - floor) / temperature)
    generator = rate - np.diag(rate.sum(axis=1))
    left = np.setdiff1d(np.arange(graph.minima), target)
    time = np.zeros(graph.minima)
    time[left] = np.linalg.solve(generator[np.ix_(left, left)], -np.ones(len(left)))
    return time, generator


def random_map(seed, n=40):
    rng = np.random.default_rng(seed)
    energy, volume = rng.normal(0, 1, n), rng.normal(0, 1, n)
    edges = families.random_graph(n, rng, degree=4)
    edges += [edges[0], (3, 3)]  # two saddles of one pair, and one between two copies of a minimum
    made = families.smooth_map(
        energy, [(max(energy[a], energy[b]) + rng.exponential(), a, b) for a, b in edges], volume=volume
    )
    return dataclasses.replace(made, saddle_log_volume=rng.normal(0, 1, made.saddles))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("temperature", [0.3, 1.0, 20.0])
def test_passage_and_relaxation_are_those_of_dense_linear_algebra(seed, temperature):
    graph = random_map(seed)
    target = np.array([0, 5])
    found = smooth_kinetics(graph, temperature=temperature)
    time, generator = dense_times(graph, temperature, target)
    assert np.exp(log_passage_times(found, target)) == pytest.approx(time, rel=1e-9)
    assert np.exp(log_residence_times(found)) == pytest.approx(-1.0 / np.diag(generator), rel=1e-12)
    root = np.exp(0.5 * found.log_weight)
    symmetric = root[:, None] * generator / root[None]
    slowest = -1.0 / np.linalg.eigvalsh(0.5 * (symmetric + symmetric.T))[-2]
    assert math.exp(log_relaxation_time(found)) == pytest.approx(slowest, rel=1e-6)


@pytest.mark.parametrize(("n", "degree"), [(300, 6), (150, 120)])
def test_elimination_agrees_with_a_factorisation_where_the_matrix_fills(n, degree):
    rng = np.random.default_rng(n)
    edges = np.array(families.random_graph(n, rng, degree=degree))
    flow, out, source = rng.normal(0, 2, len(edges)), np.full(n, -np.inf), rng.random(n)
    out[:2] = rng.normal(size=2)
    matrix = np.zeros((n, n))
    matrix[edges[:, 0], edges[:, 1]] = -np.exp(flow)
    matrix += matrix.T
    matrix[np.arange(n), np.arange(n)] = -matrix.sum(axis=1) + np.exp(out)
    for shift in (0.0, 5000.0):  # the same flows where no double holds them, and one that makes them span too much
        more = np.append(flow, -1000.0) + shift
        ends = np.vstack([edges, [0, 1] if (0, 1) not in set(map(tuple, edges.tolist())) else [0, 0]])
        used = more if ends[-1, 1] else more[:-1]
        ends = ends if ends[-1, 1] else ends[:-1]
        solved = eliminate_logs(ends[:, 0], ends[:, 1], used, out + shift).solve(np.log(source))
        assert np.exp(solved + shift) == pytest.approx(np.linalg.solve(matrix, source), rel=1e-10)


def test_the_slowest_relaxation_overflows_nowhere():
    """Two wells behind a barrier of 500, and a minimum far above them: two states of equal weight relax in 1 / 2 k."""
    graph = families.smooth_map([0.0, 0.0, 900.0], [(500.0, 0, 1), (901.0, 1, 2)])
    found = log_relaxation_time(smooth_kinetics(graph, temperature=0.6))
    assert found == pytest.approx(500.0 / 0.6 + math.log(2 * math.pi / 2), abs=1e-6)


def twelve_states():
    """A row of twelve minima of energies 0, 1, 0, 1, ..., each saddle at 3."""
    return families.smooth_map([float(k % 2) for k in range(12)], [(3.0, k, k + 1) for k in range(11)])


def test_passage_along_a_row_of_twelve_is_the_sum_by_hand():
    """From end to end of a row, ``t = sum_k (Z_0 + ... + Z_k) / F``: the flow over every saddle is the same."""
    temperature = 0.4
    graph = twelve_states()
    weight, flow = [math.exp(-(k % 2) / temperature) for k in range(12)], math.exp(-3.0 / temperature) / (2 * math.pi)
    by_hand = sum(sum(weight[: k + 1]) for k in range(11)) / flow
    # Sorted by energy: the row's even places come first, so that its ends are number 0 and the last of all.
    time = log_passage_times(smooth_kinetics(graph, temperature=temperature), np.array([11]))
    assert math.exp(time[0]) == pytest.approx(by_hand, rel=1e-12)


def test_rates_over_three_hundred_orders_of_magnitude_keep_their_digits():
    """A row with barriers of 1 and 700: the passage is that over the one high barrier, whatever the others are."""
    low = families.smooth_map([0.0, 0.5, 0.6, 0.7], [(1.0, 2, 3), (1.2, 1, 2), (700.0, 0, 1)])
    kinetics_of = smooth_kinetics(low, temperature=1.0)
    time = log_passage_times(kinetics_of, np.array([0]))
    held = sum(math.exp(-e) for e in (0.5, 0.6, 0.7))
    assert time[3] == pytest.approx(700.0 + math.log(2 * math.pi * held), abs=1e-9)
    colder = log_passage_times(smooth_kinetics(low, temperature=0.01), np.array([0]))
    beside = math.log(2 * math.pi) + math.log1p(math.exp(-10.0) + math.exp(-20.0))
    assert colder[1] == pytest.approx((700.0 - 0.5) / 0.01 + beside, rel=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 0.2, 0.3])
def test_seven_atoms_fold_as_the_older_solver_says(temperature):
    """The map of the seven-atom cluster, volumes made up: two solvers, to 1e-6 and better."""
    graph = families.smooth_map(
        [-16.505384, -15.935043, -15.593211, -15.533060],
        [(-15.444730, 1, 0), (-15.319860, 1, 2), (-15.283420, 1, 3), (-15.0, 0, 2)],
        volume=[-28.0, -25.6, -26.1, -24.9],
    )
    ours = np.exp(log_passage_times(smooth_kinetics(graph, temperature=temperature), np.array([0])))
    theirs = kinetics.passage_times(kinetics.arrhenius(graph, temperature=temperature), 0)
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_the_same_minima_stay_where_they_are_when_dealt_to_themselves():
    graph = random_map(1)
    same = dealt(graph, np.arange(graph.minima))
    for name in ("energy", "weight", "log_volume", "saddle_energy", "saddle_log_volume", "saddle_minima"):
        assert getattr(same, name) == pytest.approx(getattr(graph, name), abs=1e-12)


def test_dealt_minima_keep_the_heights_of_saddles_and_their_own_energies():
    graph = random_map(2)
    turned = dealt(graph, np.random.default_rng(0).permutation(graph.minima))
    assert turned.energy.tolist() == graph.energy.tolist()
    assert np.sort(saddle_heights(turned)) == pytest.approx(np.sort(saddle_heights(graph)), abs=1e-12)
    assert sorted(turned.log_volume) == sorted(graph.log_volume)
    assert not np.array_equal(turned.saddle_minima, graph.saddle_minima)


def test_distances_count_saddles_or_add_their_heights():
    row = families.smooth_map([0.0, 1.0, 2.0], [(1.5, 0, 1), (4.0, 1, 2), (9.0, 0, 2)])
    assert steps_to(row, np.array([0])).tolist() == [0.0, 1.0, 1.0]
    assert heights_to(row, np.array([0])) == pytest.approx([0.0, 0.5, 2.5], abs=1e-4)


def test_frustration_is_a_curve_in_temperature():
    three = families.smooth_map([0.0, 1.0, 2.0], [(1.5, 0, 1), (6.0, 0, 2)])
    cold, hot = frustration_curve(three, np.array([0.01, 1e6]))
    assert cold == pytest.approx(1.5)
    assert hot == pytest.approx(0.5 * (1.5 + 3.0), rel=1e-4)


def test_drop_per_barrier_goes_down_over_the_lowest_passes():
    """From 3 over 3.5 to 1 (the pass to 0 is higher), from there over 2 to 0: drops 2 + 1, barriers .5 + 1."""
    graph = families.smooth_map([0.0, 1.0, 3.0], [(3.5, 2, 1), (4.0, 2, 0), (2.0, 1, 0)], weight=[0.0, 0.0, 1.0])
    assert MEASURES["drop_per_barrier"].compute(graph).value == pytest.approx(2.0)


READ = (
    "guidance",
    "guidance_room",
    "passage",
    "relaxation",
    "blind_share",
    "drop_per_barrier",
    "loops",
    "rival_height",
)


@pytest.mark.parametrize("make", [lambda: families.guided(60, 3), lambda: families.trap_glass(60, 3)])
def test_unit_and_zero_of_the_energy_change_no_measure(make):
    graph = make()
    scaled = dataclasses.replace(graph, energy=1e5 * graph.energy - 7e6, saddle_energy=1e5 * graph.saddle_energy - 7e6)
    one, other = (measure_all(each, names=READ) for each in (graph, scaled))
    for name in READ:
        if isinstance(one[name], NoAnswer):
            assert isinstance(other[name], NoAnswer)
        else:
            assert isinstance(other[name], Estimate)
            assert other[name].value == pytest.approx(one[name].value, rel=1e-4, abs=1e-6), name


def test_guidance_is_one_of_a_sorted_map_and_none_of_shuffled_ones():
    """Sorted by saddles it may beat the slower of both sorted nulls. The mean of twenty shuffled maps is near 0."""
    graph = families.guided(60, 5, roughness=0.0)
    distance = steps_to(graph, np.array([0]))
    ordered = np.empty(60, np.int64)
    ordered[np.argsort(distance, kind="stable")] = np.arange(60)
    assert MEASURES["guidance"].compute(dealt(graph, ordered)).value >= 1.0 - 1e-9
    rng = np.random.default_rng(1)
    answers = [MEASURES["guidance"].compute(dealt(graph, rng.permutation(60))) for _ in range(20)]
    values = [answer.value for answer in answers if isinstance(answer, Estimate)]
    assert len(values) >= 15
    assert abs(np.mean(values)) < 0.5
