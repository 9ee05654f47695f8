"""Imports run one way: the contracts of pyproject, what CONTRIBUTING says of them, and no circle at any depth."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from import_graph import circles, import_graph
from repository import ROOT
from spinfunnel.explore import EXPLORERS

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = import_graph()
    homes = set()
    for explorer in EXPLORERS.own.values():
        named = [explorer.home] if isinstance(explorer.home, str) else list(explorer.home.values())
        homes |= {f"spinfunnel.explore.{text.partition(':')[0]}" for text in named}
    assert homes <= set(graph)
    assert len(homes) > 10
    graph["spinfunnel.explore"] |= homes  # Rows that name their modules import them as well.
    assert circles(graph) == []


def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path) -> None:
    package = tmp_path / "spinfunnel"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "room" / "__init__.py").write_text("from spinfunnel.room.one import a\n")
    (package / "room" / "one.py").write_text("def a():\n    from spinfunnel import two\n")
    (package / "two.py").write_text("if TYPE_CHECKING:\n    from .three import b\n")
    (package / "three.py").write_text("import spinfunnel.room.one as one\n")
    (package / "four.py").write_text("from spinfunnel.room import one, a\n")
    graph = import_graph(tmp_path)
    assert graph["spinfunnel.four"] == {"spinfunnel.room", "spinfunnel.room.one"}
    assert circles(graph) == [["spinfunnel.room.one", "spinfunnel.three", "spinfunnel.two"]]


def test_contributing_draws_the_layers_of_the_contract(contracts: list[dict[str, Any]]) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert f"\n    {' > '.join(layers)}\n" in text
    for contract in contracts:
        assert contract["type"] == "layers" or f"\n- {contract['name']}\n" in text


def test_every_module_stands_under_every_contract_that_concerns_it(contracts: list[dict[str, Any]]) -> None:
    """A room that is new must be named as one that imports no database and no plotting library, or as one that does."""
    rooms = {name.split(".")[1] for name in import_graph() if name.count(".")} - {"__main__", "version"}
    allowed = {
        "Only the atlas imports SQLAlchemy": {"atlas"},
        "Only plot, report and reproduce import a plotting library": {"plot", "report", "reproduce"},
    }
    for contract in contracts:
        if contract["name"] in allowed:
            named = {module.removeprefix("spinfunnel.") for module in contract["source_modules"]}
            assert named == rooms - allowed[contract["name"]]


def test_the_tests_have_the_rooms_of_the_package() -> None:
    rooms = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    package = ROOT / "src" / "spinfunnel"
    for room in rooms - {Path("."), Path("laws")}:
        assert (package / room / "__init__.py").is_file(), room


def test_a_file_name_occurs_once() -> None:
    """Who searches for a name finds one place."""
    names = [path.name for path in (ROOT / "src" / "spinfunnel").rglob("*.py") if path.name != "__init__.py"]
    assert len(names) > 300
    assert {name for name in names if names.count(name) > 1} == set()


def test_the_kind_of_a_landscape_is_not_asked_by_its_class() -> None:
    """A capability may be asked for by its protocol; the kind is an attribute."""
    kinds = re.compile(r"isinstance\([^()]*\b(Binary|Finite|Graph|Smooth|Recorded)\b")
    assert kinds.search("if isinstance(landscape, Binary | Graph):")
    found = [
        f"{path.name}:{number}"
        for path in (ROOT / "src" / "spinfunnel").rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if kinds.search(line)
    ]
    assert found == []
