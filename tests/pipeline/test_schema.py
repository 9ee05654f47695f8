"""The JSON of a study of each kind against the schema in docs/."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

import spinfunnel as sf
from repository import ROOT
from spinfunnel.landscape import Kind
from spinfunnel.pipeline.result import SCHEMA, studies_to_json

pytestmark = pytest.mark.quick

STUDIES = {
    "exact": ("dfm:shape=3x3", "auto"),
    "sampled": ("sk:n=24", "tempering:rounds=32,quenches=64,floods=30"),
    "chain": ("hp:sequence=HPPHPH", "auto"),
    "smooth": ("double-well:n=2", "stationary:starts=64"),
    "trained": ("network:width=2,labels=random", "training:networks=2,rounds=0,epochs=5"),
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "result.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return {
        name: sf.study(spec, explorer=explorer, seed=1, nulls=name != "trained" and 2, views=False)
        for name, (spec, explorer) in STUDIES.items()
    }


def test_one_study_of_each_kind_is_as_the_schema_says(schema: dict[str, Any], answers: dict[str, Any]) -> None:
    for found in answers.values():
        jsonschema.validate(studies_to_json([found]), schema)
    several = studies_to_json(list(answers.values()))
    jsonschema.validate(several, schema)
    assert len(several["studies"]) == len(STUDIES)
    assert several["schema"] == SCHEMA == schema["properties"]["schema"]["const"]


def test_a_single_study_stands_where_scripts_have_always_found_it(answers: dict[str, Any]) -> None:
    answer = studies_to_json([answers["exact"]])
    assert answer["studies"] == [{name: value for name, value in answer.items() if name not in ("schema", "studies")}]
    assert answer["minima"] == answers["exact"].graph.minima


def test_kinds_of_landscapes_are_those_of_the_schema(schema: dict[str, Any]) -> None:
    assert set(schema["$defs"]["landscape"]["properties"]["kind"]["enum"]) == {kind.word for kind in Kind}


def damaged(answer: dict[str, Any], how: str) -> dict[str, Any]:
    bad = copy.deepcopy(answer)
    if how == "a measure without a reason":
        bad["studies"][0]["measures"]["funnel_weight"] = {"outcome": "too_large"}
    elif how == "a value beside a failure":
        bad["studies"][0]["measures"]["funnel_weight"] = {"outcome": "too_large", "reason": "it is", "value": -1.0}
    elif how == "another kind of verdict":
        bad["studies"][0]["verdict"]["kind"] = "bowl"
    elif how == "no version":
        del bad["schema"]
    return bad


@pytest.mark.parametrize(
    "how",
    ["a measure without a reason", "a value beside a failure", "another kind of verdict", "no version"],
)
def test_the_schema_refuses(schema: dict[str, Any], answers: dict[str, Any], how: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(damaged(studies_to_json([answers["exact"]]), how), schema)


def test_what_was_decided_on_reading_a_file_is_part_of_the_answer(schema: dict[str, Any], tmp_path: Any) -> None:
    file = tmp_path / "couplings.csv"
    file.write_text("0,1,1\n1,0,-1\n1,-1,0\n")
    landscape = sf.systems.resolve(str(file))
    assert landscape.note
    answer = studies_to_json([sf.study(landscape, nulls=False, views=False)])
    jsonschema.validate(answer, schema)
    assert answer["landscape"]["note"] == landscape.note
