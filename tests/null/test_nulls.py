"""Both nulls: what they keep, what they destroy, and what they say where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.null import ensemble as nulls
from spinfunnel.null.energies import dealt
from spinfunnel.null.ensemble import ensemble
from spinfunnel.null.interactions import shuffled
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def magnet():
    return resolve("dfm:shape=3x4,seed=1")


@pytest.mark.parametrize(("null", "own"), [(dealt, False), (shuffled, True)])
@pytest.mark.parametrize("workers", [1, 3])
def test_an_ensemble_is_the_same_on_any_number_of_workers(magnet, null, own, workers):
    one = ensemble(magnet, null, count=4, seed=7, own_grounds=own, workers=1)
    again = ensemble(magnet, null, count=4, seed=7, own_grounds=own, workers=workers)
    assert one == again
    assert one != ensemble(magnet, null, count=4, seed=8, own_grounds=own)
    assert list(one.measures) == list(MEASURES)


def test_one_thread_finds_what_several_find(magnet, monkeypatch):
    beside = ensemble(magnet, shuffled, count=3, seed=2, own_grounds=True, workers=2)
    monkeypatch.setattr(nulls, "ONE_THREAD", 0)
    assert ensemble(magnet, shuffled, count=3, seed=2, own_grounds=True, workers=2) == beside


def test_shuffled_energies_keep_the_thermodynamics(magnet):
    own = measure_all(flood(magnet))
    found = ensemble(magnet, dealt, count=3, seed=1).measures
    for name in ("tf_ground_state", "tg_ground_state", "heat_capacity_peak"):
        assert found[name].value == pytest.approx(own[name].value, rel=1e-6), name
    assert found["stability_gap"].outcome == "no_null"
    assert found["funnel_weight"].high < own["funnel_weight"].value


def test_shuffled_interactions_keep_the_variance_and_raise_the_ground(magnet):
    result = study(magnet, nulls=8, seed=1)
    null = result.nulls["shuffled_interactions"]
    # That of all states is kept to the last digit; those dissimilar from the native state are other ones in each.
    assert null["tg"].value == pytest.approx(result.measures["tg"].value, rel=0.05)
    gap, z = (result.measures[name] for name in ("stability_gap", "stability_z"))
    assert gap.value > 0.1
    assert z.value > 2
    # The null's own samples compare with each other: no gap between them but scatter.
    assert null["stability_gap"].low < 0 < null["stability_gap"].high
    assert result.null_samples == {"shuffled_energies": 8, "sorted_energies": 3, "shuffled_interactions": 8}


def test_a_glass_does_not_stand_out_from_its_own_shuffles():
    """Coupling signs of a Gaussian glass are symmetric, so its Z-score is that of one more sample.

    With 20 samples Student's t at 19 degrees of freedom: |Z| > 4.2 in less than one case in 2000.
    """
    result = study(resolve("ea:shape=3x4,seed=5"), nulls=20)
    assert abs(result.measures["stability_z"].value) < 4.2


@pytest.mark.parametrize("spec", ["rem:n=8", "golf:n=8"])
def test_without_interactions_the_reason_is_named(spec):
    result = study(resolve(spec), nulls=2)
    assert {answer.outcome for answer in result.nulls["shuffled_interactions"].values()} == {"no_interactions"}
    assert result.null_samples["shuffled_interactions"] == 0
    assert result.measures["stability_gap"].outcome == "no_null"
    assert isinstance(result.measures["band_gap"], Estimate)
    json.dumps(result.to_json(), allow_nan=False)


def test_the_golf_course_has_the_largest_band_gap_there_is():
    assert measure_all(flood(resolve("golf:n=10")))["band_gap"].value == pytest.approx(1.0, abs=1e-6)
    band = [measure_all(flood(resolve(f"rem:n=10,seed={seed}")))["band_gap"].value for seed in range(20)]
    assert abs(np.mean(band)) < 0.4


def test_long_measures_are_not_taken_of_every_sample(monkeypatch):
    monkeypatch.setattr(nulls, "AFFORDABLE", {3: 1 << 8, 12: 1 << 8, 13: 1 << 8})
    found = ensemble(resolve("sk:n=9"), dealt, count=2, seed=1).measures
    assert found["levinthal"].outcome == found["sinks"].outcome == "not_affordable"
    assert isinstance(found["funnels"], Estimate)


def test_a_null_of_one_sample_or_of_nothing_is_refused(magnet):
    with pytest.raises(InputError, match="at least 2 samples"):
        ensemble(magnet, dealt, count=1, seed=0)
    with pytest.raises(InputError, match="no interactions"):
        ensemble(resolve("rem:n=8"), shuffled, count=2, seed=0)


def test_no_measure_is_said_to_be_taken_up_to_zero_states() -> None:
    found = study(resolve("sk:n=8"), nulls=2, views=False)
    causes = [answer.cause for row in found.nulls.values() for answer in row.values() if isinstance(answer, NoAnswer)]
    assert any("too long for each of the samples" in cause for cause in causes)
    assert not any("above 0 states" in cause or "up to 0 states" in cause for cause in causes)
