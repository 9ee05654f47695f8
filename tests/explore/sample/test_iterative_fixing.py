"""Iterative fixing: its rule, its accounts, and that it finds what is there."""

import numpy as np
import pytest

from spinfunnel.explore.sample.fixable import reduced
from spinfunnel.explore.sample.iterative_fixing import Fixing, agreement, explore, search_of
from spinfunnel.landscape import Binary, Budget, Effort, InputError, Minimum
from spinfunnel.landscape.states import key_states
from spinfunnel.moves.spins import spin_energy, spin_model
from spinfunnel.systems import (
    disordered_ferromagnet,
    edwards_anderson,
    golf_course,
    hp_protein,
    lattice_go,
    low_autocorrelation,
    p_spin_glass,
)


def test_only_clear_agreement_is_fixed():
    sure = agreement(np.array([1.0, 7 / 8, 0.5]), 8)
    assert sure[0] > 0.6 > sure[1] > sure[2]


def test_fixed_bits_do_not_move_until_the_descent():
    landscape = golf_course(10, seed=1)
    search = search_of(landscape)
    fixes = np.full(10, -1, np.int8)
    fixes[:4] = [1, 0, 1, 1]
    states, energies, spent, _ = search.anneal(fixes, 20, np.random.default_rng(1), -np.inf)
    held = search.shown(states, fixes)[:, :4]
    # A flat landscape has no descent that could move them, unless it falls into the hole.
    stayed = (held == fixes[:4]).all(axis=1) | (energies < 0)
    assert stayed.all()
    assert spent >= 20 * (1 + 20 * 6)


@pytest.mark.parametrize("landscape", [edwards_anderson((4, 4), seed=1), low_autocorrelation(9), p_spin_glass(8)])
def test_a_landscape_in_blocks_has_the_energies_of_its_states(landscape):
    rng = np.random.default_rng(2)
    block, sign = np.append(np.arange(5), rng.integers(0, 5, landscape.size - 5)), rng.choice([-1, 1], landscape.size)
    small = reduced(landscape, block, sign)
    model = spin_model(small)
    states = rng.choice(np.array([-1, 1], np.int8), (10, 5))
    ours = [model.unit * spin_energy(model, state) + model.constant for state in states]
    plain = landscape.energy(((sign * states[:, block]) > 0).astype(np.uint8))
    assert ours == pytest.approx(plain.tolist(), abs=1e-9)
    # Twin that must fail: the signs within blocks forgotten.
    assert ours != pytest.approx(landscape.energy((states[:, block] > 0).astype(np.uint8)).tolist(), abs=1e-9)


def test_states_have_the_energies_that_are_told():
    landscape = disordered_ferromagnet((5, 5), seed=1)
    search = search_of(landscape)
    fixes = np.full(search.features, -1, np.int8)
    fixes[::3] = 1
    states, energies, _, hit = search.anneal(fixes, 10, np.random.default_rng(3), float("inf"))
    keys, copies = search.keys(states)
    assert landscape.energy(key_states(keys)) == pytest.approx(energies, abs=1e-9)
    assert (copies == 2).all()
    assert hit == 1


def evaluations(fixing, *, seed, rule=None, budget=100_000):
    """Evaluations at which a search on a ring of random bonds is at its ground state, or the budget."""
    ring = disordered_ferromagnet((48,), seed=1)
    goal = float(ring.energy(np.ones((1, 48), np.uint8))[0]) + 1e-6
    search = Fixing(search_of(ring), np.random.default_rng(seed), annealed=8, fixing=fixing)
    while search.evaluations < budget:
        reached = search.round(goal)[2]
        if 0 <= reached <= budget:
            return reached
        if rule is not None:
            search.fixes = rule(search.fixes)
    return budget


def test_fixing_helps_on_a_funnel():
    """Twenty searches each: 18 of them are there with fixing, with a chance above 0.99 each, and not 12 without."""
    fixed, plain, broken = (
        np.array([evaluations(fixing, seed=seed, rule=rule) for seed in range(20)])
        for fixing, rule in ((True, None), (False, None), (True, upside_down))
    )
    assert (fixed < 100_000).sum() >= 18
    assert (plain < 100_000).sum() <= 12
    assert np.median(fixed) < np.median(plain) / 2
    # Twin that must fail: what the best agree on, fixed the wrong way round.
    assert np.median(broken) > 2 * np.median(fixed)


def upside_down(fixes):
    return np.where(fixes >= 0, 1 - fixes, fixes).astype(np.int8)


@pytest.mark.parametrize("landscape", [disordered_ferromagnet((4, 4), seed=1), lattice_go(n=16, seed=1)])
def test_a_funnel_is_found_and_the_records_are_minima(landscape):
    records = [record for chunk in explore(landscape, budget=Budget(evaluations=30_000)) for record in chunk]
    again = [record for chunk in explore(landscape, budget=Budget(evaluations=30_000), workers=2) for record in chunk]
    assert records == again
    assert isinstance(records[-1], Effort)
    minima = [record for record in records if isinstance(record, Minimum)]
    if isinstance(landscape, Binary):
        energies = np.empty(1 << (landscape.size - 1))
        landscape.enumerate(energies)
    else:
        energies = landscape.list_states().energies
    assert minima[0].energy == pytest.approx(energies.min(), abs=1e-9)


def test_fixes_are_made_and_released():
    fixing = Fixing(search_of(disordered_ferromagnet((4, 5), seed=2)), np.random.default_rng(1), annealed=16)
    most = 0
    for _ in range(40):
        fixing.round()
        most = max(most, int((fixing.fixes >= 0).sum()))
    assert most > 5
    assert fixing.released > 0
    plain = Fixing(search_of(golf_course(8)), np.random.default_rng(1), fixing=False)
    plain.round()
    assert (plain.fixes < 0).all()


def test_a_fixed_contact_draws_the_chain_together():
    protein = hp_protein("PPPPPPPPPP")
    search = search_of(protein)
    fixes = np.full(search.features, -1, np.int8)
    fixes[0] = 1
    with_it, without = (
        search.shown(search.anneal(these, 40, np.random.default_rng(1), -np.inf)[0], these)[:, 0].mean()
        for these in (fixes, np.full(search.features, -1, np.int8))
    )
    # At the coldest temperature a bias of 3 is exp(15): 40 of 40 but for chance, against a few.
    assert with_it > 0.8 > 0.5 > without


def test_what_cannot_be_fixed_is_refused():
    with pytest.raises(InputError, match="annealed >= 8"):
        next(explore(golf_course(8), annealed=2))
    with pytest.raises(InputError, match="no polynomial in spins"):
        search_of(golf_course(30))
