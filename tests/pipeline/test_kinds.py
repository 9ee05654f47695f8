"""One study of each kind of landscape: the same road, the same shape of answer, the same answer twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import spinfunnel as sf
from spinfunnel.explore.flood.graph_flood import hypercube_graph
from spinfunnel.landscape import Kind
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.moves.group import close_group
from spinfunnel.null import NULLS
from spinfunnel.systems import load_database, resolve

pytestmark = pytest.mark.quick

STUDIES = {
    "exact": ("dfm:shape=3x3", "auto", Kind.BINARY),
    "sampled": ("sk:n=24", "tempering:rounds=32,quenches=64,floods=30", Kind.BINARY),
    "chain": ("hp:sequence=HPPHPH", "auto", Kind.CHAIN),
    "graph": (None, "auto", Kind.GRAPH),
    "smooth": ("double-well:n=2", "stationary:starts=64", Kind.SMOOTH),
    "recorded": (None, "auto", Kind.RECORDED),
    "trained": ("network:width=2,labels=random", "training:networks=2,rounds=0,epochs=5", Kind.NETWORK),
}
"""Spec, explorer and kind; a graph and a database of another program have no spec."""
ROADS = {"chain": "exact", "graph": "exact", "recorded": "smooth"}


def landscape_of(name: str, folder: Path) -> Any:
    """By its spec; a graph is a hypercube written out, a recorded map a database of three files."""
    if name == "graph":
        return hypercube_graph(resolve("sk:n=6", seed=1), group=close_group((), size=6))
    if name == "recorded":
        (folder / "min.data").write_text("-2.0 3.5 2 1.0 1.0 1.0\n-1.0 4.0 1 1 1 1\n-0.5 4.0 1 1 1 1\n")
        (folder / "ts.data").write_text("0.5 1.0 3 1 2 1 1 1\n0.75 1.0 1 2 3 1 1 1\n")
        return load_database(folder)
    return resolve(STUDIES[name][0], seed=1)


def judged(name: str, folder: Path) -> Any:
    nulls = False if name == "trained" else 2  # A null of a network is a second ensemble of trainings: see below.
    return sf.study(landscape_of(name, folder), explorer=STUDIES[name][1], nulls=nulls, seed=3)


@pytest.fixture(scope="module", params=STUDIES)
def twice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any, Any]:
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, judged(request.param, folder), judged(request.param, folder)


def test_the_kind_of_the_landscape_is_that_of_its_map(twice: tuple[str, Any, Any]) -> None:
    name, found, _ = twice
    assert found.graph.kind is STUDIES[name][2]
    assert found.graph.road == ROADS.get(name, name)
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


def test_every_null_of_a_road_stands_in_the_answer(twice: tuple[str, Any, Any]) -> None:
    """With its summary and an outcome for each measure that it was asked; a refusal is an outcome with a reason."""
    name, found, _ = twice
    expected = {null for null, row in NULLS.items() if row.on(found.graph.road) is not None}
    if name == "trained":
        assert not found.nulls  # They were not asked for.
        return
    assert set(found.nulls) == expected
    for measured in found.nulls.values():
        for answer in measured.values():
            assert isinstance(answer, Estimate) or (answer.outcome and answer.cause)
