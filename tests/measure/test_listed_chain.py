"""Metropolis dynamics on listed states against a dense solution and against walks."""

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.measure.levinthal import folding_time
from spinfunnel.measure.listed_chain import ListedChain
from spinfunnel.systems import hp_protein, lattice_go

pytestmark = pytest.mark.quick


def dense(protein, temperature):
    """Passage times from the transition matrix of the moves, inverted."""
    listed = protein.list_states()
    offsets, neighbours = listed.rows(slice(None))
    n = len(listed.energies)
    step = np.zeros((n, n))
    for state in range(n):
        row = neighbours[offsets[state] : offsets[state + 1]]
        for other in row:
            take = min(1.0, np.exp(-(listed.energies[other] - listed.energies[state]) / temperature))
            step[state, other] += take / len(row)
            step[state, state] += (1.0 - take) / len(row)
    away = np.flatnonzero(listed.energies > listed.energies.min())
    tau = np.zeros(n)
    tau[away] = np.linalg.solve(np.eye(len(away)) - step[np.ix_(away, away)], np.ones(len(away)))
    return tau


@pytest.mark.parametrize(
    "protein", [hp_protein("HPHPPHHPH"), lattice_go(n=9, moves="pull"), hp_protein("HPPHPPH", dimension=3)]
)
def test_passage_times_are_those_of_the_dense_chain(protein):
    chain = ListedChain(protein)
    for temperature in (0.4, 2.0):
        tau, error = chain.passage_times(temperature)
        assert error < 1e-6
        np.testing.assert_allclose(tau, dense(protein, temperature), rtol=1e-5)


def test_walks_agree_with_the_solution():
    """The interval is one of 95 %, taken three times as wide: false alarms below 1e-6."""
    protein = hp_protein("HPHPPHHPHPPH")
    exact = folding_time(protein, temperature=0.5, method="exact").evaluations
    walked = folding_time(protein, temperature=0.5, method="runs", seed=3, budget=2_000_000).evaluations
    assert abs(walked.value - exact.value) < 1.5 * (walked.high - walked.low)
    # Broken twin: at infinite temperature it takes longer.
    hot = folding_time(protein, temperature=np.inf, method="exact").evaluations
    assert abs(walked.value - hot.value) > 1.5 * (walked.high - walked.low)


class Listed:
    """States of given energies and moves, as a landscape lists them."""

    name = "listed by hand"

    def __init__(self, energies, moves):
        self.energies, self.moves = np.array(energies, float), moves
        self.multiplicity = np.ones(len(energies), np.int64)

    def distinct_states(self):
        return len(self.energies)

    def list_states(self, *, workers):
        return self

    def rows(self, part):
        moves = self.moves[part]
        offsets = np.cumsum([0, *map(len, moves)])
        return offsets, np.array([other for row in moves for other in row], np.int32)


def test_states_without_a_move_are_held_and_said():
    """A row of four states, the first native, the last unfolded, and two that no move leaves."""
    energies = [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    frozen = ListedChain(Listed(energies, [[1], [0, 2], [1, 3], [2], [], [5]]))
    unfolded = np.arange(6) == 3
    chance, error = frozen.commitment(1.0, unfolded=unfolded)
    np.testing.assert_allclose(chance, [1.0, 2 / 3, 1 / 3, 0.0, 0.0, 0.0], atol=1e-8)
    assert error < 1e-6
    with pytest.raises(InputError, match=r"2 states have no move .* moves=pivot"):
        frozen.passage_times(1.0)


def test_the_measure_answers_for_lattice_proteins():
    protein = lattice_go(n=10, seed=1)
    graph = flood(protein)
    found = MEASURES["levinthal"].compute(graph, landscape=protein)
    assert isinstance(found, Estimate)
    assert 0.0 < found.value < 1.0
    assert isinstance(MEASURES["funnel_slope"].compute(graph), Estimate | NoAnswer)
    assert isinstance(MEASURES["tf_measured"].compute(graph), Estimate)
