"""Replica exchange of chains against exact averages and known ground energies."""

import numpy as np
import pytest

from spinfunnel.explore.sample.chain_folding import Ladder, explore
from spinfunnel.landscape import Budget, Effort, InputError, Minimum
from spinfunnel.landscape.states import Walkable
from spinfunnel.pipeline.study import study
from spinfunnel.systems import hp_protein, lattice_go, sherrington_kirkpatrick
from spinfunnel.systems.chains.lattice_kernels import step_table
from spinfunnel.systems.chains.lattice_walks import chain_energy, quench_chain, walk_chain


def exact_shares(protein, temperature):
    listed = protein.list_states()
    weight = listed.multiplicity * np.exp(-listed.energies / temperature)
    level, place = np.unique(listed.energies, return_inverse=True)
    return level, np.bincount(place, weights=weight) / weight.sum()


@pytest.mark.parametrize(("sequence", "dimension"), [("HHPHPHHPH", 2), ("HHPHPHH", 3)])
def test_walks_draw_from_the_boltzmann_distribution(sequence, dimension):
    """Twenty thousand draws 100 slots apart; 5 standard errors, doubled for correlation: false alarms below 1e-5."""
    protein = hp_protein(sequence, dimension=dimension)
    level, share = exact_shares(protein, 0.7)
    steps, mask = step_table(len(sequence), dimension)
    bonds, seed, free = np.zeros(len(sequence) - 1, np.int8), np.array([5], np.uint64), np.ones(len(sequence), bool)
    energy, seen = 0, []
    for _ in range(20_000):
        energy, lowest, _ = walk_chain(
            bonds, energy, 0.7, 100, seed, -99, steps, mask, protein.pair, free, bonds.copy()
        )
        seen.append(energy)
        assert lowest <= energy
    assert chain_energy(bonds, steps, mask, protein.pair) == energy
    found = np.array([np.mean(np.array(seen) == value) for value in level])
    assert (np.abs(found - share) < 10.0 * np.sqrt(share * (1 - share) / len(seen))).all()
    # Broken twin: at another temperature the shares are others.
    other = exact_shares(protein, 0.5)[1]
    assert (np.abs(found - other) > 10.0 * np.sqrt(other * (1 - other) / len(seen))).any()


def test_a_descent_ends_where_the_map_of_pulls_has_a_minimum():
    protein = hp_protein("HPHPPHHPHP", moves="pull")
    listed = protein.list_states()
    offsets, neighbours = listed.rows(slice(None))
    number = {key: state for state, key in enumerate(listed.keys(np.arange(len(listed.energies))).tolist())}
    states = protein.draw_states(50, np.random.default_rng(1))
    energies = protein.energy(states)
    before = energies.copy()
    assert protein.quench(states, energies).sum() > 0
    assert np.array_equal(energies, protein.energy(states))
    assert (energies <= before).all()
    for key in protein.state_keys(states)[0].tolist():
        state = number[key]
        around = neighbours[offsets[state] : offsets[state + 1]]
        assert listed.energies[around].min() >= listed.energies[state]
    steps, mask = step_table(10, 2)
    assert quench_chain(states[0], int(energies[0]), steps, mask, protein.pair)[0] == energies[0]


KNOWN = [
    ("hhpphpphpphpphpphpphpphh", 2, -9),
    ("ppphhpphhppppphhhhhhhpphhpppphhpphpp", 2, -14),
    ("HPHHPPHHHHPHHHPPHHPPHPHHHPHPHHPPHHPPPHPPPPPPPPHH", 3, -32),
]


@pytest.mark.parametrize(("sequence", "dimension", "ground"), KNOWN)
def test_best_known_energies_are_reached(sequence, dimension, ground):
    protein = hp_protein(sequence, dimension=dimension)
    assert isinstance(protein, Walkable)
    steps = np.tile(np.geomspace(0.22, 0.8, 12), 2)
    ladder = Ladder(protein, steps, 12, np.random.default_rng(0), 2)
    while ladder.evaluations < 5_000_000 and ladder.best_energy > ground:
        ladder.round()
    assert ladder.best_energy == ground
    assert protein.energy(ladder.best[None])[0] == ground


def test_records_are_minima_then_effort_and_do_not_depend_on_the_workers():
    protein = lattice_go(n=20, seed=1)
    one, two = (
        [record for chunk in explore(protein, workers=workers, budget=Budget(evaluations=200_000)) for record in chunk]
        for workers in (1, 2)
    )
    assert one == two
    assert isinstance(one[-1], Effort)
    assert one[-1].outcome == "out of budget"
    minima = [record for record in one if isinstance(record, Minimum)]
    assert minima[0].energy == min(record.energy for record in minima) == -12.0
    assert sum(record.weight for record in minima) == pytest.approx(1.0)


def test_a_long_chain_is_judged_by_folding_and_says_what_it_rests_on():
    result = study(hp_protein("hhpphpphpphpphpphpphpphh"), budget=Budget(evaluations=300_000), nulls=False)
    assert result.run.explorer == "folding"
    assert not result.run.exact
    assert result.graph.energy[0] == -9.0
    assert result.verdict.kind == "undecided"


def test_what_cannot_be_folded_is_refused():
    with pytest.raises(InputError, match="no chain to fold"):
        next(explore(sherrington_kirkpatrick(8, seed=1)))
    with pytest.raises(InputError, match="at least one of two rungs"):
        next(explore(hp_protein("HPPHPH"), rungs=1))
