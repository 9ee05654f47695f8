"""Iterative fixing: its rule, its accounts, and that it finds what is there."""

import numpy as np
import pytest

from spinfunnel.explore.itfix import Fixing, agreement, explore, search_of
from spinfunnel.landscape import Budget, Effort, InputError, Minimum
from spinfunnel.systems import disordered_ferromagnet, golf_course, hp_protein, lattice_go


def test_only_clear_agreement_is_fixed():
    sure = agreement(np.array([1.0, 7 / 8, 0.5]), 8)
    assert sure[0] > 0.6 > sure[1] > sure[2]


def test_fixed_bits_do_not_move_until_the_descent():
    landscape = golf_course(10, seed=1)
    search = search_of(landscape)
    fixes = np.full(10, -1, np.int8)
    fixes[:4] = [1, 0, 1, 1]
    states, _, spent, _ = search.anneal(fixes, 20, np.random.default_rng(1), -np.inf)
    held = search.shown(states, fixes)[:, :4]
    # A flat landscape has no descent that could move them, unless it falls into the hole.
    stayed = (held == fixes[:4]).all(axis=1) | (search.energies[states] < 0)
    assert stayed.all()
    assert spent >= 20 * (1 + 20 * 6)


@pytest.mark.parametrize("landscape", [disordered_ferromagnet((4, 4), seed=1), lattice_go(n=16, seed=1)])
def test_a_funnel_is_found_and_the_records_are_minima(landscape):
    records = [record for chunk in explore(landscape, budget=Budget(evaluations=30_000)) for record in chunk]
    again = [record for chunk in explore(landscape, budget=Budget(evaluations=30_000), workers=2) for record in chunk]
    assert records == again
    assert isinstance(records[-1], Effort)
    minima = [record for record in records if isinstance(record, Minimum)]
    states = landscape.list_states().energies if hasattr(landscape, "list_states") else search_of(landscape).energies
    assert minima[0].energy == states.min()


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
    with pytest.raises(InputError, match="up to 24 free bits"):
        search_of(golf_course(30))
