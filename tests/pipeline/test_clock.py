"""How a budget of time is shared between the stages of a study."""

import time

import pytest
from spinfunnel.pipeline.allotment import PARTS, Allotment

from spinfunnel.landscape import Budget
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve


def test_shares_add_up_and_what_is_not_asked_for_is_left_to_exploring():
    assert sum(PARTS.values()) == pytest.approx(1.0)
    whole, alone = Allotment(Budget(seconds=60.0)), Allotment(Budget(seconds=60.0), frozenset({"nulls", "advice"}))
    assert whole.exploring().seconds == pytest.approx(60.0 * PARTS["exploring"])
    assert alone.exploring().seconds == pytest.approx(60.0 * (PARTS["exploring"] + PARTS["nulls"] + PARTS["advice"]))
    assert alone.until("walks") - alone.started == pytest.approx(60.0 * (1.0 - PARTS["rest"]))


def test_a_late_stage_has_a_little_time_of_its_own():
    late = Allotment(Budget(seconds=30.0), started=time.perf_counter() - 100.0)
    assert 0.9 < late.until("nulls") - time.perf_counter() < 1.1
    assert late.left_to_exploring().seconds == pytest.approx(0.5 * late.exploring().seconds)


def test_a_study_keeps_to_its_time_nulls_and_advice_included():
    """Three times the time is allowed for, since tests share their machine; unbounded it took six times and more."""
    landscape = resolve("maxcut:n=300,probability=0.1,seed=1")
    Allotment(Budget()).compile_kernels(landscape)
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
