"""The command sweep: on a Dask cluster whose workers are killed, killed itself, interrupted, and refused."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from spinfunnel.atlas import Atlas
from spinfunnel.cli import app
from spinfunnel.landscape import InputError
from spinfunnel.sweeps import sweep
from waiting import wait_for

if TYPE_CHECKING:
    from conftest import Command

MANY = ("sk", "--over", "n=8,9,10,11,12", "--samples", "40", "--measures", "minima,funnels,funnel_weight,profile_area")
SLOWER = ("sk", "--over", "n=13,14,15", "--samples", "6")


def told(text: str) -> Any:
    answer = json.loads(text)
    del answer["run"]["seconds"]
    return answer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, ["sweep", *arguments], prog_name="spinfunnel")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.stderr
        return result

    return call


def test_json_has_sizes_with_means_and_intervals_and_the_scaling(run: Any) -> None:
    result = run("ea", "--over", "shape=3x3,3x4", "--samples", "3", "--json", "--workers", "1")
    answer = json.loads(result.stdout)
    assert answer["system"] == "ea"
    assert [(size["n"], size["samples"], size["parameters"]) for size in answer["sizes"]] == [
        (9, 3, {"shape": "3x3"}),
        (12, 3, {"shape": "3x4"}),
    ]
    weight = answer["sizes"][0]["measures"]["funnel_weight"]
    assert weight["low"] <= weight["value"] <= weight["high"]
    assert answer["scaling"]["kind"] in {"funnel", "glass", "golf course", "undecided"}
    assert answer["scaling"]["fits"]["folding_time"]["model"] == "typical = exp(a + b n)"
    both = json.loads(
        run("sk", "dfm", "--over", "n=6,7", "--over", "shape=3x3", "--samples", "2", "--json", "--workers", "1").stdout
    )
    assert [one["system"] for one in both["sweeps"]] == ["sk", "dfm"]
    assert both["sweeps"][1]["scaling"]["fits"]["minima"]["outcome"] == "one_size"


def test_a_person_reads_the_verdict_first(run: Any) -> None:
    full = run("sk", "--over", "n=6,8", "--samples", "3", "--workers", "1").stdout
    assert full.startswith("sk  undecided")
    assert "funnel weight" in full
    quiet = run("sk", "--over", "n=6,8", "--samples", "3", "--workers", "1", "--quiet").stdout
    assert quiet.startswith("sk  undecided")
    assert "profile_area" not in quiet
    assert "Usage: spinfunnel sweep" in run("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sk"], "--over n=12,16,20"),
        (["sk", "--over", "n"], "--over n=12,16,20"),
        (["sk", "--over", "n=8,,9"], "--over n=12,16,20"),
        (["sk", "--over", "n=8,shape=3x3"], "one parameter each time"),
        (["sk", "--over", "n=8", "--over", "n=9"], "twice"),
        (["sk", "--over", "n=eight"], "whole number"),
        (["sk", "--over", "n=8,60", "--explorer", "flooding"], "60-spin"),
        (["sk", "--over", "shape=3x3"], "no parameter 'shape'"),
        (["sk", "--over", "n=8", "--measures", "sharp"], "no measure 'sharp'"),
        (["sk", "--over", "n=8", "--budget", "3s"], "--budget"),
        (["sk", "--over", "n=8", "--explorer", "flodding"], "did you mean 'flooding'"),
        (["sk", "--over", "n=8", "--atlas", "missing/a.db"], "missing"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(run: Any, arguments: list[str], words: str) -> None:
    result = run(*arguments, status=2)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr
    assert list(Path().iterdir()) == []


# ---------------------------------------------------------------------------------------------
# Killed


def answers_in(atlas: Path) -> int:
    import sqlite3

    if not atlas.exists():
        return 0
    link = sqlite3.connect(f"file:{atlas}?mode=ro", uri=True)
    try:
        return int(link.execute("select count(*) from answer").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        link.close()


def test_killed_in_the_middle_the_same_command_goes_on_and_leaves_no_worker(
    spinfunnel: Command, tmp_path: Path
) -> None:
    atlas = tmp_path / "a.db"
    command = ("sweep", *SLOWER, "--workers", "2", "--json")
    process = spinfunnel.start(*command, "--atlas", str(atlas))
    wait_for(lambda: answers_in(atlas) >= 5 or process.poll() is not None)
    workers = [int(line) for line in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.kill()
    process.communicate()
    before = answers_in(atlas)
    assert 5 <= before < 18
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), seconds=20.0)
    done = spinfunnel(*command, "--atlas", str(atlas))
    assert done.returncode == 0, done.stderr
    assert answers_in(atlas) == 18
    whole = spinfunnel("sweep", *SLOWER, "--workers", "1", "--json")
    assert told(done.stdout) == told(whole.stdout)


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(spinfunnel: Command, tmp_path: Path) -> None:
    atlas = tmp_path / "a.db"
    process = spinfunnel.start("sweep", *SLOWER, "--workers", "2", "--atlas", str(atlas))
    wait_for(lambda: answers_in(atlas) >= 3 or process.poll() is not None)
    os.kill(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=600)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in error
    assert re.search(r"interrupted; .*a\.db, and the same command goes on", error.splitlines()[-1])
    with Atlas(atlas, read_only=True) as book:
        assert len(book.landscapes()) >= 3


# ---------------------------------------------------------------------------------------------
# Dask

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Any:
    """A cluster of two processes on this machine."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as made:
        yield made


def kill_workers(cluster: Any, *, atlas: Path, at: tuple[int, ...], killed: list[int]) -> None:
    """Kill a worker each time that so many answers are kept."""
    for count in at:
        wait_for(lambda count=count: answers_in(atlas) >= count)
        wait_for(lambda: any(nanny.pid for nanny in cluster.workers.values()))
        pids = [int(nanny.pid) for nanny in cluster.workers.values() if nanny.pid]
        victim = pids[len(killed) % len(pids)]
        os.kill(victim, signal.SIGKILL)
        killed.append(victim)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.slow
def test_two_hundred_jobs_on_dask_with_workers_killed_equal_the_serial_ones(
    run: Any, cluster: Any, tmp_path: Path
) -> None:
    atlas, killed = tmp_path / "a.db", []
    killer = threading.Thread(
        target=kill_workers, args=(cluster,), kwargs={"atlas": atlas, "at": (5, 30, 60), "killed": killed}
    )
    killer.start()
    address = cluster.scheduler_address
    spread = told(run(*MANY, "--dask", address, "--atlas", str(atlas), "--json").stdout)
    killer.join(timeout=600)
    assert len(killed) == 3
    assert spread["run"]["jobs"] == 200
    assert spread["run"]["failed"] == 0
    assert answers_in(atlas) == 200
    assert spread == told(run(*MANY, "--workers", "1", "--json").stdout)


def test_a_cluster_or_its_client_may_be_given(cluster: Any) -> None:
    options: dict[str, Any] = {"over": {"n": [6, 7]}, "samples": 2, "measures": ["minima"]}
    here = sweep("sk", workers=1, **options).to_json()["sizes"]
    assert sweep("sk", dask=cluster, **options).to_json()["sizes"] == here
    with distributed.Client(cluster, set_as_default=False) as client:
        assert sweep("sk", dask=client, **options).to_json()["sizes"] == here
        assert client.status == "running"


def test_a_scheduler_that_is_not_there_is_a_sentence(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # By name it would be an attribute of the function, which goes before the folder.
    monkeypatch.setattr(sys.modules["spinfunnel.sweeps.crew"], "PATIENCE", 0.5)
    result = run("sk", "--over", "n=6,7", "--dask", "tcp://127.0.0.1:9", status=2)
    assert "no Dask scheduler answers at 'tcp://127.0.0.1:9'" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    result = run("sk", "--over", "n=6,7", "--dask", "nonsense://", status=2)
    assert "no Dask scheduler answers" in result.stderr
    with (
        pytest.raises(InputError, match="has no worker"),
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty,
    ):
        sweep("sk", over={"n": [6, 7]}, dask=empty)


def test_without_dask_installed_the_way_out_is_said(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = run("sk", "--over", "n=6,7", "--dask", "tcp://127.0.0.1:9", status=2)
    assert "pip install 'spinfunnel[dask]'" in result.stderr


def test_the_figure_is_written_and_a_bad_name_is_refused_before_the_work(run: Any, tmp_path: Path) -> None:
    figure = tmp_path / "sharpening.svg"
    run("sk", "--over", "n=6,8", "--samples", "2", "--workers", "1", "--figure", str(figure))
    text = figure.read_text()
    for panel in ("profile area", "funnel weight", "levinthal"):
        assert f"<!-- {panel} -->" in text
    refused = run("sk", "--over", "n=6,8", "--figure", str(tmp_path / "a.gif"), status=2).stderr
    assert ".png or .pdf or .svg" in refused
