"""Faults on a small scale; and each kind of loss that they look for is found where it is planted."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults import scenarios
from faults.forks import forked
from faults.jobs import Job, contents
from faults.kills import SEED, kills
from faults.postgresql import missing

from repository import ROOT, environment
from spinfunnel.atlas import Atlas
from spinfunnel.landscape import Budget, InputError
from spinfunnel.systems import resolve


def job(explorer: str = "exchange", evaluations: int = 5_000) -> Job:
    return Job(explorer, explorer, lambda: resolve("sk:n=8", seed=5), Budget(evaluations=evaluations))


def test_killed_runs_resume_to_the_same(tmp_path: Path):
    tallies = kills([job(), job("annealing")], tmp_path, count=20, seed=1)
    assert {name: tally.equal for name, tally in tallies.items()} == {"exchange": 10, "annealing": 10}
    assert [tally.failures for tally in tallies.values()] == [[], []]


def test_a_run_that_is_not_begun_anew_is_found(tmp_path: Path):
    def forgetful(one: Job, file: Path) -> None:
        time.sleep(0.02)
        with Atlas(file) as atlas:
            known = bool(atlas.landscapes())
        one.run(file, seed=SEED + known)
        time.sleep(0.2)

    tally = kills([job()], tmp_path, count=6, seed=1, run=forgetful)["exchange"]
    assert tally.equal < 6
    assert "differs" in tally.failures[0]


def test_an_atlas_that_does_not_open_is_found(tmp_path: Path):
    def careless(one: Job, file: Path) -> None:
        one.run(file, seed=SEED)
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        time.sleep(0.3)
        file.write_bytes(whole)

    tally = kills([job()], tmp_path, count=6, seed=1, run=careless)["exchange"]
    assert any("does not open" in failure for failure in tally.failures)


def test_a_fork_says_what_went_wrong():
    assert forked(lambda: "fine") == "fine"
    assert "ZeroDivisionError" in forked(lambda: str(1 // 0))


def test_digests_tell_maps_apart(tmp_path: Path):
    found = set()
    for number, seed in enumerate((1, 1, 2)):
        job().run(tmp_path / f"{number}.db", seed=seed)
        found.add(contents(tmp_path / f"{number}.db"))
    assert len(found) == 2


@pytest.mark.parametrize("fault", ["full disk", "locks", "clocks"])
def test_runs_survive(tmp_path: Path, fault: str):
    said = scenarios.SCENARIOS[fault]([job(), job("annealing")], tmp_path, 4, 1)
    assert said.failures == []
    assert said.sentence.startswith("4 ")


def test_a_run_that_ends_in_a_traceback_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = Job.run

    def crashes(self: Job, target: Path, *, seed: int, workers: int = 1, patience: float = 30.0):
        try:
            return real(self, target, seed=seed, workers=workers, patience=patience)
        except InputError as error:
            raise RuntimeError("out of room") from error

    monkeypatch.setattr(Job, "run", crashes)
    assert "out of room" in scenarios.full_disk([job()], tmp_path, 4, 1).failures[0]


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason="no PostgreSQL server on this machine")
def test_runs_survive_restarts_of_the_database(tmp_path: Path):
    assert scenarios.restarts([job()], tmp_path, 3, 1).failures == []


@pytest.mark.slow
def test_sweeps_survive_the_deaths_of_their_workers(tmp_path: Path):
    assert scenarios.dead_workers([], tmp_path, 1, 1).failures == []


@pytest.mark.slow
def test_every_explorer_has_a_job_that_is_killed_and_resumed():
    done = subprocess.run(
        [sys.executable, "-m", "faults", "--kills", "42", "--rounds", "0"],
        cwd=ROOT, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "42 of 42 equal an uninterrupted run" in done.stdout
