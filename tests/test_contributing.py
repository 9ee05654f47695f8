"""The examples of CONTRIBUTING, word by word: laid as a plug-in, tested by their tests, tried by the laws, and run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plugin_package import lay
from repository import ROOT, environment

BLOCK = re.compile(r"```(python|toml)\n(.*?)```", re.DOTALL)
PACKAGE = "my_package"


@dataclass(frozen=True)
class Example:
    """One of the five: its file, its row where the file does not hold it, its test, and its entry point."""

    title: str
    module: str
    source: str
    row: str
    test: str
    group: str
    name: str
    value: str


def _examples() -> dict[str, Example]:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    sections = re.split(r"^### ", text[text.index("## How to add") : text.index("## Names")], flags=re.MULTILINE)[1:]
    return {example.title: example for example in map(_example, sections)}


def _example(section: str) -> Example:
    title = section.partition("\n")[0].removeprefix("A ").removeprefix("An ")
    source = row = test = ""
    points: dict[str, dict[str, str]] = {}
    module = ""
    for language, body in BLOCK.findall(section):
        first, _, rest = body.partition("\n")
        if language == "toml":
            points = tomllib.loads(body)["project"]["entry-points"]
        elif first.startswith("# src/"):
            module, source = Path(first).stem, rest
        elif first.startswith("# a row of "):
            home = first.rpartition("src/")[2].removesuffix("/__init__.py").replace("/", ".")
            kind = "\nfrom spinfunnel.landscape import Kind" if "Kind." in rest else ""
            row = f"\n\nfrom {home} import {rest.partition('(')[0]}{kind}\n\nROW = {rest}"
        elif first.startswith("# tests/"):
            test = rest
    ((group, rows),) = points.items()
    ((name, value),) = rows.items()
    return Example(title, module, source, row, test, group, name, value)


EXAMPLES = _examples()


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what lays the plug-in of an example, and runs Python with it."""
    folders: dict[str, Path] = {}

    def run(title: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        example = EXAMPLES[title]
        if title not in folders:
            folder = tmp_path_factory.mktemp(title)
            modules = {example.module: example.source + example.row}
            lay(folder, PACKAGE, modules=modules, points={example.group: {example.name: example.value}})
            (folder / f"test_{example.module}.py").write_text(example.test)
            folders[title] = folder
        own = environment()
        own["PYTHONPATH"] += f":{folders[title]}"
        own["NO_COLOR"] = "1"
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=own, cwd=folders[title], timeout=300
        )

    return run


def _commands(plug_in: Any, title: str, *commands: str) -> list[tuple[int, str, str]]:
    """Run commands of the command line in one process: exit status, output and errors of each."""
    script = """if True:
        import json, sys
        from typer.testing import CliRunner
        from spinfunnel.cli import app
        done = [CliRunner().invoke(app, line.split(), prog_name="spinfunnel") for line in sys.argv[1:]]
        json.dump([(one.exit_code, one.stdout, one.stderr) for one in done], open("done.json", "w"))
        print(open("done.json").read())
    """
    done = plug_in(title, "-c", script, *commands)
    assert done.stderr == "", done.stderr
    return [tuple(one) for one in json.loads(done.stdout)]


def test_there_are_five_examples_each_with_its_test() -> None:
    groups = {example.group.removeprefix("spinfunnel.") for example in EXAMPLES.values()}
    assert groups == {"systems", "measures", "explorers", "pictures", "reproductions"}
    assert all(example.source and example.test and example.module for example in EXAMPLES.values())


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_passes_its_own_test_and_its_doctests(plug_in: Any, title: str) -> None:
    example = EXAMPLES[title]
    options = [
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "-o",
        "addopts=",
        "--doctest-modules",
        "--import-mode=importlib",
    ]
    done = plug_in(title, "-m", "pytest", *options, f"test_{example.module}.py", PACKAGE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


LAWS = {
    "system": ("laws/test_systems.py", "ring"),
    "measure": ("laws/test_measures.py", "native_hits"),
    "picture": ("plot/test_pictures.py", "spectrum"),
}


@pytest.mark.parametrize("title", LAWS)
def test_the_laws_hold_for_a_plug_in(plug_in: Any, title: str) -> None:
    file, name = LAWS[title]
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "-k", name]
    done = plug_in(title, "-m", "pytest", *options, str(ROOT / "tests" / file))
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 3


def test_the_system_is_judged_and_refuses_what_it_cannot_build(plug_in: Any) -> None:
    exact, sampled, wrong, misspelt, listed = _commands(
        plug_in,
        "system",
        "judge ring:n=8 --no-nulls --json",
        "judge ring:n=40 --no-nulls --json --explorer tempering:rounds=32,quenches=64,floods=50",
        "judge ring:n=-3",
        "judge rin:n=8",
        "systems",
    )
    assert exact[0] == 0, exact
    assert json.loads(exact[1])["run"]["exact"] is True
    assert sampled[0] == 0, sampled
    assert json.loads(sampled[1])["run"]["exact"] is False
    assert wrong[0] == 2
    assert wrong[2].count("\n") == 1
    assert "n=-3 is out of range: give 3 <= n" in wrong[2]
    assert "did you mean 'ring'" in misspelt[2]
    assert "ring of spins with random couplings" in " ".join(listed[1].split())


def test_the_measure_answers_on_all_four_roads_and_refuses_a_wrong_temperature(plug_in: Any) -> None:
    *judged, wrong, listed = _commands(
        plug_in,
        "measure",
        "judge rem:n=8 --json",
        "judge sk:n=40 --no-nulls --json --explorer tempering:rounds=32,quenches=64,floods=50",
        "judge mueller-brown --no-nulls --json",
        "judge network:width=2 --quick --no-nulls --json",
        "judge rem:n=8 -T 0",
        "measures",
    )
    for status, out, error in judged:
        assert status == 0, error
        answer = json.loads(out)["measures"]["native_hits"]
        assert answer["outcome"] == "ok"
        assert 0.0 <= answer["low"] <= answer["value"] <= answer["high"] <= 1.0
    exact, *others = (json.loads(out)["measures"]["native_hits"] for _, out, _ in judged)
    assert exact["low"] == exact["high"]
    assert all(other["low"] < other["high"] for other in others)
    assert wrong[0] == 2
    assert wrong[2].count("\n") == 1
    assert "temperature" in wrong[2]
    assert "native_hits" in listed[1]


def test_the_explorer_is_run_and_refuses_a_wrong_number(plug_in: Any) -> None:
    small, limited, wrong, unfit, listed = _commands(
        plug_in,
        "explorer",
        "judge sk:n=10 --no-nulls --json --explorer descents:descents=300",
        "judge sk:n=60 --no-nulls --json --explorer descents --budget 1e5",
        "judge sk:n=10 --explorer descents:descents=-5",
        "judge lj:atoms=5 --explorer descents",
        "explorers",
    )
    assert small[0] == limited[0] == 0, (small, limited)
    assert json.loads(small[1])["run"]["outcome"] == "finished"
    spent = json.loads(limited[1])["run"]
    assert spent["outcome"] == "out of budget"
    assert spent["evaluations"] < 2e5
    for one, words in ((wrong, "descents=-5 is out of range"), (unfit, "takes binary landscapes")):
        assert one[0] == 2
        assert one[2].count("\n") == 1
        assert words in one[2]
    assert "minima below random states" in " ".join(listed[1].split())


def test_the_picture_stands_in_the_report(plug_in: Any) -> None:
    (done,) = _commands(plug_in, "picture", "judge rem:n=8 --no-nulls --report page.html")
    assert done[0] == 0, done
    (read,) = [plug_in("picture", "-c", "print(open('page.html').read())").stdout]
    assert "Energies of the minima" in read
    assert "that are known, in about 50 bins." in read


def test_the_reproduction_is_made_and_refuses_a_wrong_number(plug_in: Any) -> None:
    done, wrong = _commands(
        plug_in, "reproduction", "reproduce derrida --quick --json", "reproduce derrida --samples 0"
    )
    assert done[0] == 0, done
    assert "minima, 12 bits" in done[1]
    assert wrong[0] == 2
