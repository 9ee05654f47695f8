"""Registries: rows of the package, rows of plug-ins, and plug-ins that are broken."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plugin_package import lay
from spinfunnel.landscape.plugins import Registry

pytestmark = pytest.mark.quick


@dataclass(frozen=True)
class Row:
    name: str
    value: int = 0


GROUP = "spinfunnel.test_rows"
MODULE = """
from types import SimpleNamespace
from rows_of_the_test import Row
good = Row("good", 7)
taken = Row("own", 8)
again = Row("good", 9)
other = SimpleNamespace(name="other")
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a maker of registries with one row of their own, beside plug-ins of such modules and entry points."""

    def make(modules: dict[str, str], points: dict[str, str]) -> Registry[Row]:
        stand_in = type(sys)("rows_of_the_test")
        stand_in.Row = Row  # type: ignore[attr-defined]
        stand_in.registry = made  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "rows_of_the_test", stand_in)
        monkeypatch.syspath_prepend(lay(tmp_path, "some_rows", modules=modules, points={GROUP: points}))
        return made

    made = Registry(GROUP, Row, [Row("own", 1), Row("second", 2)])
    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == "some_rows"]:
        del sys.modules[name]


def test_a_plug_in_is_imported_only_when_it_can_matter(registry: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = registry({"a": MODULE}, {"good": "some_rows.a:good"})
    assert rows["own"].value == 1
    assert "second" in rows
    assert rows.own == {"own": Row("own", 1), "second": Row("second", 2)}
    assert "some_rows.a" not in sys.modules
    assert rows["good"].value == 7
    assert list(rows) == ["own", "second", "good"]
    assert len(rows) == 3
    with pytest.raises(KeyError):
        rows["missing"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("some_rows.missing:row", "No module named 'some_rows.missing'"),
        ("some_rows.a:absent", "absent"),
        ("some_rows.raising:row", "ValueError: two lines in one sentence"),
        ("some_rows.a:other", "it is no Row but a SimpleNamespace"),
        ("some_rows.a:taken", "there is a row 'own' already; give it another name"),
        ("some_rows.a:again", "there is a row 'good' already; give it another name"),
    ],
)
def test_a_broken_plug_in_is_one_sentence_and_the_others_work(
    registry: Any, capsys: pytest.CaptureFixture[str], value: str, words: str
) -> None:
    modules = {"a": MODULE, "raising": "raise ValueError('two lines\\nin one sentence')"}
    rows = registry(modules, {"good": "some_rows.a:good", "second_one": value})
    assert {name: row.value for name, row in rows.items()} == {"own": 1, "second": 2, "good": 7}
    said = capsys.readouterr().err
    assert said.startswith(f"spinfunnel: the plug-in {value} cannot be used: ")
    assert words in said
    assert said.count("\n") == 1
    assert list(rows) == ["own", "second", "good"]
    assert capsys.readouterr().err == "", "it is said once"


def test_a_plug_in_may_list_the_registry_while_it_is_imported(registry: Any) -> None:
    source = "from rows_of_the_test import Row, registry\nrow = Row('late', len(list(registry)))\n"
    assert registry({"b": source}, {"late": "some_rows.b:row"})["late"].value == 2


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two rows of spinfunnel\.test_rows are called 'own'"):
        Registry(GROUP, Row, [Row("own", 1), Row("own", 2)])


def test_rows_can_be_set_for_a_session(registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = registry({}, {})
    with monkeypatch.context() as patch:
        patch.setitem(rows, "own", Row("own", 5))
        assert rows["own"].value == 5
    assert rows["own"].value == 1
