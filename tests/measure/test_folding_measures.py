"""Commitment, phi-values, two states and the folding window against closed forms and dense solutions."""

import dataclasses
import math

import numpy as np
import pytest

from slow_twins import basin_graph
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import StateList, Tally
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.measure.commitment import Commitment, commitment
from spinfunnel.measure.folding_window import window
from spinfunnel.measure.levinthal import folding_time
from spinfunnel.measure.phi_values import phi_values
from spinfunnel.systems import dill_chan, hp_protein, lattice_go

MOVES = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2], np.int32)


class Line:
    """Four states in a row, the last of which is native."""

    name, identity = "line", "line"
    parameters: dict = {}  # noqa: RUF012 - read only

    def __init__(self, energies):
        self.energies = np.array(energies)

    def plain_states(self):
        return 4

    def distinct_states(self):
        return 4

    def list_states(self, *, workers=1, progress=None):
        del workers, progress
        share = np.array([0.0, 0.3, 0.6, 1.0], np.float32)
        return StateList(
            self.energies, np.ones(4, np.uint8), lambda _: MOVES,
            lambda states: np.array(["abcd"[state] for state in states]), lambda _: share,
        )  # fmt: skip


def test_commitment_on_a_line_is_the_electric_potential():
    """Between states the resistance is ``1 / min(w, w')``: the potential drops in proportion to it."""
    energies = [0.0, 0.7, -0.2, -1.0]
    found = commitment(Line(energies), temperature=0.5)
    weight = np.exp(-np.array(energies) / 0.5)
    drop = np.concatenate([[0.0], np.cumsum(1.0 / np.minimum(weight[1:], weight[:-1]))])
    np.testing.assert_allclose(found.probability, drop / drop[-1], atol=1e-8)


def dense_commitment(protein, temperature):
    """Commitment from the transition matrix of slots, of which those that cannot be made stay."""
    listed = protein.list_states()
    offsets, neighbours = listed.rows(slice(None))
    n, degree = len(listed.energies), np.diff(offsets).max()
    step = np.zeros((n, n))
    for state in range(n):
        for other in neighbours[offsets[state] : offsets[state + 1]]:
            rise = listed.energies[other] - listed.energies[state]
            step[state, other] += min(1.0, np.exp(-rise / temperature)) / degree
        step[state, state] += 1.0 - step[state].sum()
    native = listed.energies == listed.energies.min()
    loose = listed.overlap(np.flatnonzero(native)) == 0.0
    free = np.flatnonzero(~native & ~loose)
    p = native.astype(float)
    into = step[np.ix_(free, np.flatnonzero(native))].sum(axis=1)
    p[free] = np.linalg.solve(np.eye(len(free)) - step[np.ix_(free, free)], into)
    return p


@pytest.mark.parametrize(
    "protein", [lattice_go(n=9, seed=1), hp_protein("HPHPPHHPH"), hp_protein("HPPHPPH", dimension=3)]
)
def test_commitment_of_a_chain_is_that_of_the_dense_solution(protein):
    found = commitment(protein, temperature=0.6)
    np.testing.assert_allclose(found.probability, dense_commitment(protein, 0.6), atol=1e-7)
    # Broken twin: at another temperature it is another.
    if found.passing > 0.0:
        assert np.abs(found.probability - dense_commitment(protein, 1.5)).max() > 1e-3


def square(one, other, *, chance):
    """Two contacts, made one after the other by either way; energies of the halves in units of the temperature."""
    made = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.int8)
    weight = np.exp(-np.array([0.0, one, other, 0.0]))
    listed = dataclasses.replace(Line(np.zeros(4)).list_states(), features=lambda states: made[states])
    return Commitment(
        1.0, np.array([0.0, chance, chance, 1.0]), made.mean(axis=1), weight / weight.sum(), listed,
        np.array([False, False, False, True]),
    )  # fmt: skip


def test_phi_values_of_two_contacts_are_the_closed_form():
    """Two alike: 1/2. A cheaper one is made first: its phi is ``(x - u) / (f - u)`` with shares of the halves."""
    assert phi_values(square(1.0, 1.0, chance=0.5))[1].tolist() == pytest.approx([0.5, 0.5])
    a, b, p = math.exp(-0.5), math.exp(-2.0), 0.4
    folded, unfolded = 1.0 + p * (a + b), 1.0 + (1.0 - p) * (a + b)
    native, loose = (1.0 + p * a) / folded, (1.0 - p) * a / unfolded
    phi = phi_values(square(0.5, 2.0, chance=p))[1]
    assert phi[0] == pytest.approx((a / (a + b) - loose) / (native - loose))
    assert phi[0] > 0.5 > phi[1]


def test_measures_of_a_chain_agree_with_one_another():
    protein = lattice_go(n=10, seed=1)
    found = measure_all(flood(protein), landscape=protein)
    assert found["blind_search"].value == folding_time(protein).random
    for name in ("transition_overlap", "commitment_told", "phi_mean"):
        assert 0.0 < found[name].value < 1.0
    assert found["calorimetric_ratio"].value < 1.0


def test_the_window_of_a_chain_is_the_curve_of_folding_times():
    protein = lattice_go(n=11, seed=2)
    found = folding_time(protein)
    width = window(found.curve)
    assert min(time for _, time in found.curve) == pytest.approx(found.evaluations.value, rel=1e-3)
    assert width.low <= width.value <= width.high
    # Broken twins: a curve that only falls on cooling has no cold end, one that only rises no hot one.
    assert window([(4.0, 9.0), (2.0, 3.0), (1.0, 1.0)]).outcome == "no_cold_end"
    assert window([(4.0, 1.0), (2.0, 3.0), (1.0, 9.0)]).outcome == "no_hot_end"


def tallied(energies, counts):
    energies, counts = tuple(map(float, energies)), tuple(map(float, counts))
    flat = (0.0,) * len(energies)
    tally = Tally("energy", math.inf, energies, counts, energies, flat, energies)
    graph = basin_graph([energies[0], energies[1]], [(energies[1], 0, 1)])
    return dataclasses.replace(graph, tallies=(tally,))


def test_two_levels_are_two_states_and_a_band_is_not():
    """Two levels have ``2 sqrt(p (1 - p))`` with p the upper one's weight where ``p (1 - p) / T^2`` is largest."""
    two = MEASURES["calorimetric_ratio"].compute(tallied([0.0, 1.0], [1, 1e6])).value
    t = np.linspace(0.05, 0.1, 100_001)
    p = 1.0 / (1.0 + 1e-6 * np.exp(1.0 / t))
    best = p[(p * (1 - p) / t**2).argmax()]
    assert two == pytest.approx(2.0 * np.sqrt(best * (1.0 - best)), abs=1e-5)
    levels = np.arange(30.0)
    band = (
        MEASURES["calorimetric_ratio"]
        .compute(tallied(levels, np.exp(-((levels - 24.0) ** 2) / 40.0) * 1e6 + 1.0))
        .value
    )
    assert band < 0.8
    graph = flood(dill_chan(10, shape="golf"))
    assert 0.9 < MEASURES["calorimetric_ratio"].compute(graph).value < 1.0


def test_what_has_no_chain_says_so():
    graph = flood(dill_chan(8, shape="rugged"))
    answer = MEASURES["phi_mean"].compute(graph, landscape=dill_chan(8, shape="rugged"))
    assert isinstance(answer, NoAnswer)
    assert answer.outcome == "not_listed"
