"""The outside: exit statuses, sentences, JSON, resuming."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dimod
import pytest
from typer.testing import CliRunner

from spinfunnel.atlas import Atlas
from spinfunnel.cli import app, terminal
from spinfunnel.landscape import InputError
from waiting import wait_for

if TYPE_CHECKING:
    from conftest import Command

SMALL = "dfm:shape=3x3"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, list(arguments), prog_name="spinfunnel")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.stderr
        return result

    return call


def refused(run: Any, *arguments: str) -> str:
    """Return the one sentence of a command that must be refused and write nothing."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = run(*arguments, status=2)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("spinfunnel: ")
    after = {
        path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert after == before
    return str(lines[0])


# ---------------------------------------------------------------------------------------------
# Starting


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from spinfunnel.cli import app\n"
        "sys.argv = ['spinfunnel', 'judge', '--help']\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'numba', 'scipy', 'plotly', 'matplotlib', 'sqlalchemy', 'dimod', 'rich.console'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "spinfunnel judge sk:n=20" in done.stdout


@pytest.mark.parametrize(
    "command", ["demo", "judge", "explore", "measure", "report", "export", "systems", "explorers", "measures"]
)
def test_every_command_has_help(run: Any, command: str) -> None:
    assert "Usage: spinfunnel" in run(command, "--help").stdout
    assert command in run("--help").stdout


def test_an_unknown_command_or_option_is_a_usage_error(run: Any) -> None:
    assert "juge" in run("juge", status=2).stderr
    assert "--sed" in run("judge", SMALL, "--sed", "1", status=2).stderr


# ---------------------------------------------------------------------------------------------
# Bad input

PROBLEMS = {
    "nan.coo": "0 1 nan\n1 2 1.0\n",
    "infinite.coo": "0 1 inf\n1 2 1.0\n",
    "loop.txt": "3 2\n1 1 1\n2 3 1\n",
    "range.txt": "3 2\n1 2 1\n2 7 1\n",
    "short.txt": "3 5\n1 2 1\n2 3 1\n",
    "words.txt": "this is no problem file at all\n",
    "empty.txt": "",
    "binary.qubo": b"\x00\xff\x17\x80" * 64,
    "broken.json": '{"type": "BinaryQuadraticModel", "lin',
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_bad_problem_file_is_refused_in_one_sentence(run: Any, name: str) -> None:
    content = PROBLEMS[name]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert name in refused(run, "judge", name, "--report", "page.html", "--atlas", "a.db")


def test_an_asymmetric_matrix_is_refused(run: Any) -> None:
    Path("asymmetric.csv").write_text("0,1,2\n1,0,3\n2,4,0\n")
    assert "symmetric" in refused(run, "judge", "asymmetric.csv")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["judge", "skk"], "did you mean 'sk'"),
        (["judge", "ea:shap=4x4"], "did you mean 'shape'"),
        (["judge", "sk:n=-4"], "n=-4"),
        (["judge", "sk:n=four"], "whole number"),
        (["judge", "nowhere.txt"], "nowhere.txt"),
        (["judge", "sk:n=60", "--atlas", "a.db", "--explorer", "flooding"], "60-spin landscape needs"),
        (["judge", SMALL, "sk:n=60", "--atlas", "a.db", "--explorer", "flooding"], "60-spin landscape needs"),
        (["explore", "sk:n=60", "--atlas", "a.db", "--explorer", "flooding"], "60-spin landscape needs"),
        (["judge", SMALL, "--explorer", "flodding"], "did you mean 'flooding'"),
        (["judge", SMALL, "--budget", "3s"], "--budget"),
        (["judge", SMALL, "--temperature", "nan"], "temperature"),
        (["judge", SMALL, "--temperature", "-1"], "temperature"),
        (["judge", SMALL, "--report", "missing/page.html"], "missing"),
        (["judge", SMALL, "--report", "."], "folder"),
        (["judge", SMALL, "--atlas", "missing/a.db"], "missing"),
        (["measure", "missing.db"], "missing.db"),
        (["report", "missing.db"], "missing.db"),
        (["export", "missing.db", "--format", "csv"], "missing.db"),
        (["systems", "skk"], "did you mean 'sk'"),
        (["fold", "missing.pdb"], "missing.pdb does not exist"),
        (["fold", "."], "is a folder"),
        (["fold", "--steps", "100"], "at least 4 replicas of 20000 steps"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(run: Any, arguments: list[str], words: str) -> None:
    assert words in refused(run, *arguments)


USERS = {
    "shape": "import numpy as np\ndef energy(states):\n    return np.zeros((len(states), 2))\n",
    "nan": "import numpy as np\ndef energy(states):\n    return np.full(len(states), np.nan)\n",
    "fickle": "import numpy as np\nrng = np.random.default_rng(1)\ndef energy(s):\n    return rng.random(len(s))\n",
    "raises": "def energy(states):\n    raise RuntimeError('no')\n",
    "syntax": "def energy(states:\n",
    "nameless": "x = 1\n",
}


@pytest.mark.parametrize("name", USERS)
def test_a_bad_function_is_refused_in_one_sentence(run: Any, name: str) -> None:
    Path(f"{name}.py").write_text(USERS[name])
    assert f"{name}.py" in refused(run, "judge", f"{name}.py:energy:n=6", "--report", "page.html", "--atlas", "a.db")


def test_a_read_only_target_is_refused_before_the_work(run: Any) -> None:
    page = Path("page.html")
    page.write_text("mine")
    page.chmod(0o444)
    assert "page.html" in refused(run, "judge", "sk:n=26", "--report", "page.html")
    folder = Path("locked")
    folder.mkdir(mode=0o555)
    assert "locked" in refused(run, "judge", "sk:n=26", "--report", "locked/page.html")
    assert "locked" in refused(run, "judge", "sk:n=26", "--atlas", "locked/a.db")
    folder.chmod(0o755)


def test_foreign_and_newer_databases_are_refused(run: Any) -> None:
    with sqlite3.connect("other.db") as other:
        other.execute("create table songs (name text)")
    other.close()
    assert "another program" in refused(run, "judge", SMALL, "--atlas", "other.db")
    run("explore", SMALL, "--atlas", "newer.db")
    with sqlite3.connect("newer.db") as newer:
        newer.execute("update spinfunnel_atlas set value = '999' where name = 'schema'")
    newer.close()
    assert "newer" in refused(run, "judge", SMALL, "--atlas", "newer.db")
    Path("text.db").write_text("this is no database, whatever its name says\n")
    assert "text.db" in refused(run, "measure", "text.db")


def test_a_bug_shows_its_traceback(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("spinfunnel.cli.work.studies", breaks)
    with pytest.raises(ZeroDivisionError):
        run("judge", SMALL)


def test_a_target_that_may_be_written_passes_untouched(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    terminal.check_target(page, what="report")
    assert not page.exists()
    page.write_text("mine")
    terminal.check_target(page, what="report")
    assert page.read_text() == "mine"
    with pytest.raises(InputError, match="is a folder"):
        terminal.check_target(tmp_path, what="report")


# ---------------------------------------------------------------------------------------------
# Answers


def test_json_is_one_object_and_nothing_else(run: Any) -> None:
    result = run("judge", SMALL, "--json", "--seed", "3")
    answer = json.loads(result.stdout)
    assert result.stderr == ""
    assert answer["landscape"]["parameters"]["seed"] == 3
    assert answer["verdict"]["kind"] in {"funnel", "multi-funnel", "golf course", "smooth", "glass", "undecided"}
    assert answer["measures"]["funnel_weight"]["outcome"] == "ok"
    both = json.loads(run("judge", SMALL, "sk:n=8,seed=7", "--json", "--seed", "3", "--no-nulls").stdout)
    assert [study["landscape"]["parameters"]["seed"] for study in both["studies"]] == [3, 7]
    assert "null" not in both["studies"][0]["measures"]["funnel_weight"]


def test_same_seed_same_json_on_one_worker_and_on_two(run: Any) -> None:
    answers = []
    for workers in ("1", "2"):
        answer = json.loads(run("judge", "ea:shape=3x4", "--seed", "5", "--workers", workers, "--json").stdout)
        del answer["run"]["seconds"], answer["studies"][0]["run"]["seconds"]
        answers.append(answer)
    assert answers[0] == answers[1]


def test_the_answer_is_a_dozen_lines_with_the_verdict_first(run: Any) -> None:
    lines = run("judge", SMALL, "--report", "page.html").stdout.splitlines()
    assert 8 <= len(lines) <= 12
    assert re.fullmatch(r"Disordered ferromagnet, 3 × 3: [a-z -]+ \(exact: every state was visited\)", lines[0])
    assert len(lines[1].split()) <= 30
    assert lines[2].startswith("Why: ")
    assert "value [95 %]" in lines[3]
    assert "nulls" in lines[3]
    assert 3 <= len(lines[4:-3]) <= 6
    assert lines[-3].startswith("Next: spinfunnel ")
    assert lines[-1] == "Report: page.html"
    assert "funnel_weight" not in "".join(lines)


def test_quiet_is_the_verdict_alone_and_all_is_every_measure(run: Any) -> None:
    (quiet,) = run("judge", SMALL, "--quiet").stdout.splitlines()
    assert quiet.startswith("Disordered ferromagnet, 3 × 3: ")
    every = run("judge", SMALL, "--all").stdout
    assert every.startswith(quiet)
    assert "funnel_weight" in every
    (elsewhere,) = (line for line in every.splitlines() if "of other kinds of landscape" in line)
    answer = json.loads(run("judge", SMALL, "--json").stdout)["measures"].values()
    others = {"not_smooth", "not_trained", "not_listed"}
    assert int(elsewhere.split()[0]) == sum(one["outcome"] in others for one in answer)


def test_several_systems_end_with_their_verdicts_and_the_page(run: Any) -> None:
    lines = run("judge", SMALL, "sk:n=9", "--all", "--report", "page.html").stdout.splitlines()
    assert lines[-1] == "Report: page.html"
    verdicts = [number for number, line in enumerate(lines) if "(exact: every state was visited)" in line]
    assert [lines[number].split(":")[0] for number in verdicts] == [
        "Disordered ferromagnet, 3 × 3",
        "Spin glass, all pairs coupled, 9 spins",
    ]
    assert verdicts[0] > next(number for number, line in enumerate(lines) if "funnel_weight" in line)


def test_the_version_is_said_and_shells_complete(run: Any) -> None:
    from spinfunnel import __version__

    assert run("--version").stdout == f"spinfunnel {__version__}\n"
    asked = {"_SPINFUNNEL_COMPLETE": "complete_bash", "COMP_WORDS": "spinfunnel ju", "COMP_CWORD": "1"}
    assert process(stdout=subprocess.PIPE, env={**os.environ, **asked}).stdout.split() == ["judge"]


def test_a_measure_is_explained(run: Any) -> None:
    told = run("measures", "funnel_weight").stdout
    assert "basin weight" in told
    assert "Klemm" in told
    assert "Has an answer for: maps of all states" in told
    assert "trained networks" in run("measures", "native_share").stdout.split("Has none for")[0]
    assert "did you mean 'funnel_weight'" in refused(run, "measures", "funnelweight")
    (one,) = json.loads(run("measures", "guidance", "--json").stdout)["measures"]
    assert one["roads"] == ["smooth"]


@pytest.mark.parametrize("page", ["page.pdf", "page.md", "page.docx"])
def test_a_report_is_a_web_page_or_refused_before_the_work(run: Any, page: str) -> None:
    assert ".html" in refused(run, "judge", SMALL, "--report", page)
    assert ".html" in refused(run, "demo", "--report", page)


def test_a_problem_written_by_dimod_has_the_ground_state_of_its_exact_solver(run: Any) -> None:
    model = dimod.generators.gnp_random_bqm(10, 0.5, "BINARY", random_state=4)
    Path("problem.json").write_text(json.dumps(model.to_serializable()))
    answer = json.loads(run("judge", "problem.json", "--no-nulls", "--json").stdout)
    best = dimod.ExactSolver().sample(model).first
    assert answer["ground_energy"] == pytest.approx(best.energy, abs=1e-9)
    ours = dict(zip(model.variables, map(int, answer["ground_state"]), strict=True))
    assert model.energy(ours) == pytest.approx(best.energy, abs=1e-9)


def test_a_function_of_ones_own_is_judged(run: Any) -> None:
    Path("mine.py").write_text(
        "import numpy as np\n\nn = 9\n\n\ndef energy(states):\n"
        "    spins = 2.0 * states - 1.0\n    return -np.sum(spins * np.roll(spins, 1, axis=1), axis=1)\n"
    )
    answer = json.loads(run("judge", "mine.py:energy", "--no-nulls", "--json").stdout)
    assert answer["landscape"]["states"] == 512
    assert answer["ground_energy"] == -9.0
    assert answer["ground_states"] == 2


def test_explore_measure_report_export(run: Any) -> None:
    run("explore", SMALL, "--atlas", "a.db")
    first = json.loads(run("explore", SMALL, "--atlas", "a.db", "--json").stdout)
    assert json.loads(run("explore", SMALL, "--atlas", "a.db", "--json").stdout) == first  # the very same run
    measured = json.loads(run("measure", "a.db", "--json").stdout)
    judged = json.loads(run("judge", SMALL, "--json", "--atlas", "a.db").stdout)
    assert measured == judged
    run("explore", SMALL, "--atlas", "seven.db", "--seed", "7")
    dealt = json.loads(run("measure", "seven.db", "--seed", "8", "--json").stdout)
    assert dealt["run"]["seed"] == 7  # the run's own, whatever the null is dealt from
    run("report", "a.db", "--output", "page.html")
    assert "dfm" in Path("page.html").read_text()
    written = json.loads(run("export", "a.db", "--format", "cambridge", "--output", "out", "--json").stdout)["written"]
    assert sorted(Path(path).name for path in written) == ["min.data", "ts.data"]
    assert len(Path("out/min.data").read_text().splitlines()) == first["minima"]
    assert "exists" in refused(run, "export", "a.db", "--format", "cambridge", "--output", "out")
    run("export", "a.db", "--format", "graphml")
    assert Path("dfm.graphml").is_file()
    assert "did you mean" in refused(run, "export", "a.db", "--format", "grafml")


def test_an_atlas_of_several_maps_is_told_apart(run: Any) -> None:
    run("explore", SMALL, "--atlas", "a.db")
    run("explore", "sk:n=8", "--atlas", "a.db")
    every = json.loads(run("measure", "a.db", "--json", "--no-nulls").stdout)["studies"]
    assert [study["landscape"]["name"] for study in every] == ["dfm", "sk"]
    one = json.loads(run("measure", "a.db", "--json", "--no-nulls", "--landscape", "sk").stdout)
    assert one["landscape"]["name"] == "sk"
    assert "--landscape" in refused(run, "export", "a.db", "--format", "csv")
    assert "dfm, sk" in refused(run, "measure", "a.db", "--landscape", "ea")


def test_catalogues_list_everything_with_sources(run: Any) -> None:
    from spinfunnel.measure import MEASURES
    from spinfunnel.systems import SYSTEMS

    listed = json.loads(run("systems", "--json").stdout)["systems"]
    assert [row["name"] for row in listed] == list(SYSTEMS)
    assert all(row["source"] and row["summary"] for row in listed)
    assert all(name in run("systems").stdout for name in SYSTEMS)
    assert "bias" in run("systems", "sk").stdout
    assert [row["name"] for row in json.loads(run("measures", "--json").stdout)["measures"]] == list(MEASURES)
    assert "funnel_weight" in run("measures").stdout
    assert "flooding" in run("explorers").stdout
    assert json.loads(run("explorers", "--json").stdout)["explorers"][0]["exact"] is True


# ---------------------------------------------------------------------------------------------
# Interruption


def test_kill_in_the_middle_and_the_same_command_finishes(spinfunnel: Command, tmp_path: Path) -> None:
    atlas = tmp_path / "a.db"
    many = "rem:n=17"  # thousands of minima: writing them takes long enough to be hit
    process = spinfunnel.start("explore", many, "--atlas", str(atlas))
    wait_for(lambda: atlas.exists() or process.poll() is not None)
    time.sleep(0.05)
    process.kill()
    process.communicate()
    with Atlas(atlas) as book:
        runs = [run for entry in book.landscapes() for run in book.runs(entry.identity)]
        assert all(run.outcome in {"running", "finished"} for run in runs)
    done = spinfunnel("explore", many, "--atlas", str(atlas), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    with Atlas(atlas, read_only=True) as book:
        graph = book.basin_graph(answer["landscape"]["identity"])
    assert graph.minima == answer["minima"]
    assert graph.weight.sum() == pytest.approx(1.0)
    fresh = json.loads(spinfunnel("explore", many, "--atlas", str(tmp_path / "b.db"), "--json").stdout)
    del answer["run"]["seconds"], fresh["run"]["seconds"]
    assert answer == fresh


def test_an_interruption_ends_with_130_and_says_how_to_go_on(spinfunnel: Command, tmp_path: Path) -> None:
    atlas = tmp_path / "a.db"
    process = spinfunnel.start("judge", "rem:n=18", "--null-samples", "200", "--atlas", str(atlas))
    wait_for(lambda: atlas.exists() or process.poll() is not None)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=600)
    assert process.returncode == 130, error
    assert out == ""
    assert error.splitlines()[-1].startswith("spinfunnel: interrupted; ")
    assert "same command" in error
    assert "Traceback" not in error
    with Atlas(atlas) as book:
        assert len(book.landscapes()) == 1


def test_a_reader_that_went_away_is_no_error_message(tmp_path: Path, spinfunnel: Command) -> None:
    process = spinfunnel.start("systems")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    error = process.stderr.read()
    process.wait(timeout=600)
    process.stderr.close()
    assert "Traceback" not in error


# ---------------------------------------------------------------------------------------------
# The process


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spinfunnel", *arguments], stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("judge", "sk", "--sed", "1"), "No such option: --sed"),
        (("judge", "sk", "--seed", "x"), "--seed"),
        (("judge",), "SYSTEM"),
        (("juge",), "juge"),
    ],
)
def test_a_wrong_option_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    done = process(*arguments, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr
    assert "see: spinfunnel" in done.stderr


def test_without_a_command_it_says_what_there_is() -> None:
    done = process(stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert "judge" in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_answer_that_cannot_be_written_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = process("judge", "dfm:shape=2x3", "--json", "--no-nulls", stdout=full)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


def test_what_a_function_prints_is_no_part_of_the_answer(run: Any) -> None:
    Path("chatty.py").write_text("n = 4\nprint('loading')\ndef f(s):\n    print('hello')\n    return s.sum(axis=1)\n")
    result = run("judge", "chatty.py:f", "--json")
    assert json.loads(result.stdout)["minima"] == 1
    assert "hello" in result.stderr


def test_a_file_whose_name_is_no_text_is_judged(tmp_path: Path) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")
    try:
        Path(file).write_text("4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n")
    except OSError:
        pytest.skip("this file system takes no such name")
    page = tmp_path / "page.html"
    done = process("judge", file, "--report", str(page), "--atlas", str(tmp_path / "a.db"), stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert "\N{REPLACEMENT CHARACTER}.txt" in done.stdout
    assert "\N{REPLACEMENT CHARACTER}.txt" in page.read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# The demo

NOT_IN_THE_DEMO = ("torch", "ase", "dask", "distributed", "pytest", "playwright", "IPython", "pandas", "jsonschema")
"""Packages that `make demo` does not install."""


def test_the_demo_runs_without_pytorch_and_ends_with_four_verdicts_and_the_page(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {NOT_IN_THE_DEMO!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "sys.argv = ['spinfunnel', 'demo']\nfrom spinfunnel.cli import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    kinds = [re.search(r": ([\w -]+) \(exact", line) for line in lines[:4]]
    assert all(kinds), lines
    assert len({line.partition(":")[0] for line in lines[:4]}) == 4, "each landscape has a name of its own"
    page = Path(lines[4].removeprefix("Page: "))
    assert page.is_absolute()
    assert page.stat().st_size < 3_000_000
    assert lines[5].startswith("Next: spinfunnel judge")
