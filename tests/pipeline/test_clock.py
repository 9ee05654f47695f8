"""How a budget of time is shared between the stages of a study."""

import time

import pytest

from spinfunnel.landscape import Budget, Kind
from spinfunnel.pipeline.clock import SHARES, StudyClock
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

PARTS = SHARES[Kind.BINARY]


def test_shares_add_up_and_what_is_not_asked_for_is_left_to_exploring():
    for shares in SHARES.values():
        assert sum(shares.values()) == pytest.approx(1.0)
    whole = StudyClock(Budget(seconds=60.0), Kind.BINARY)
    alone = StudyClock(Budget(seconds=60.0), Kind.BINARY, frozenset({"nulls", "advice"}))
    assert whole.exploring().seconds == pytest.approx(60.0 * PARTS["exploring"])
    assert alone.exploring().seconds == pytest.approx(60.0 * (PARTS["exploring"] + PARTS["nulls"] + PARTS["advice"]))
    assert alone.until("walks") - alone.started == pytest.approx(60.0 * (1.0 - PARTS["rest"]))


def test_a_late_stage_has_a_little_time_of_its_own():
    late = StudyClock(Budget(seconds=30.0), Kind.BINARY, started=time.perf_counter() - 100.0)
    assert 0.9 < late.until("nulls") - time.perf_counter() < 1.1
    assert late.left_to_exploring().seconds == pytest.approx(0.5 * late.exploring().seconds)


def test_a_study_keeps_to_its_time_nulls_and_advice_included():
    """Three times the time is allowed for, since tests share their machine; unbounded it took six times and more."""
    landscape = resolve("maxcut:n=300,probability=0.1,seed=1")
    StudyClock(Budget(seconds=1.0), Kind.BINARY).compile_kernels(landscape)
    started = time.perf_counter()
    found = study(landscape, explorer="tempering", budget=Budget(seconds=5.0), workers=1)
    assert time.perf_counter() - started < 15.0
    assert found.run.options["budget_seconds"] == pytest.approx(5.0 * PARTS["exploring"])
    assert found.run.outcome == "out of budget"
    assert found.null_samples["shuffled_interactions"] >= 3
    assert found.details["advice"]["recommended"] in ("greedy", "annealing", "tempering")
    assert found.to_json()["advice"]["reason"] == found.details["advice"]["reason"]


def test_a_map_explored_for_the_whole_time_serves_a_study(tmp_path):
    from spinfunnel.atlas import Atlas
    from spinfunnel.pipeline.run import explore

    landscape, budget = resolve("sk:n=30,seed=1"), Budget(seconds=1.0)
    with Atlas(tmp_path / "map.db") as atlas:
        run = explore(landscape, atlas=atlas, explorer="tempering", budget=budget, workers=1)
        found = study(landscape, explorer="tempering", budget=budget, atlas=atlas, nulls=False, advice=False, workers=1)
        assert found.run == run


def test_exploring_has_all_of_the_time_where_stages_do_not_share_it():
    clock = StudyClock(Budget(seconds=10.0), Kind.SMOOTH)
    assert clock.exploring().seconds == clock.left_to_exploring().seconds == 10.0
    assert clock.until("nulls") == float("inf")
