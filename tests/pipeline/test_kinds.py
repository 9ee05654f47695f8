"""One study of each kind of landscape: the same road, the same shape of answer, the same answer twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

import spinfunnel as sf
from spinfunnel.landscape import Kind

pytestmark = pytest.mark.quick

STUDIES = {
    "exact": ("dfm:shape=3x3", "auto", Kind.BINARY),
    "sampled": ("sk:n=24", "tempering:rounds=32,quenches=64,floods=30", Kind.BINARY),
    "chain": ("hp:sequence=HPPHPH", "auto", Kind.CHAIN),
    "smooth": ("double-well:n=2", "stationary:starts=64", Kind.SMOOTH),
    "trained": ("network:width=2,labels=random", "training:networks=2,rounds=0,epochs=5", Kind.NETWORK),
}
"""Spec, explorer and kind."""


def judged(name: str) -> Any:
    spec, explorer, _ = STUDIES[name]
    nulls = False if name == "trained" else 2  # A null of a network is a second ensemble of trainings.
    return sf.study(sf.systems.resolve(spec, seed=1), explorer=explorer, nulls=nulls, seed=3)


@pytest.fixture(scope="module", params=STUDIES)
def twice(request: pytest.FixtureRequest) -> tuple[str, Any, Any]:
    return request.param, judged(request.param), judged(request.param)


def test_the_kind_of_the_landscape_is_that_of_its_map(twice: tuple[str, Any, Any]) -> None:
    name, found, _ = twice
    assert found.graph.kind is STUDIES[name][2]
    assert found.graph.road == {"chain": "exact"}.get(name, name)
    assert found.graph.minima > 0


def test_every_kind_is_measured_and_judged_in_one_shape(twice: tuple[str, Any, Any]) -> None:
    _, found, _ = twice
    answer = found.to_json()
    json.dumps(answer, allow_nan=False)
    assert {"landscape", "run", "minima", "measures", "verdict"} <= set(answer)
    assert list(answer["measures"]) == [name for name in sf.measure.MEASURES if name in answer["measures"]]
    assert any(measured["outcome"] == "ok" for measured in answer["measures"].values())
    assert answer["verdict"]["kind"]
    assert answer["verdict"]["reason"]


def test_the_same_seed_gives_the_same_answer(twice: tuple[str, Any, Any]) -> None:
    _, first, second = twice
    one, other = first.to_json(), second.to_json()
    for answer in (one, other):
        del answer["run"]["seconds"]
    assert one == other
