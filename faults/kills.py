"""Kills at random moments: every atlas opens afterwards, and a run resumed and finished equals one in a piece.

A warm process has imported the package and loaded its kernels; each run is a fork of it, so that a kill costs a
fraction of a second.
"""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faults.forks import forked, forked_off
from faults.jobs import Job, contents
from spinfunnel.atlas import Atlas

__all__ = ["Tally", "killed", "kills", "lines", "removed"]

SEED = 3
DIGEST = 64
SLOW, TENTH = 2.5, 10
"""Seconds of a run from which on it is killed in every tenth turn only."""
SPARE = 1.1
"""Moments are drawn from the usual time of a run times this: a few come after its end."""


@dataclass
class Tally:
    """What became of the kills of one job."""

    kills: int = 0
    unborn: int = 0
    amid: int = 0
    ended: int = 0
    equal: int = 0
    failures: list[str] = field(default_factory=list)


def kills(
    jobs: list[Job],
    folder: Path,
    *,
    count: int,
    seed: int,
    run: Callable[[Job, Path], object] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, Tally]:
    """Kill runs of the jobs in turn.

    Parameters
    ----------
    jobs : list of Job
    folder : Path
        For atlases.
    count, seed : int
        How many kills, and the seed of their moments.
    run : callable, optional
        What is killed and resumed; `Job.run` unless given.
    told : callable
        Told how far it is.
    """
    work = run or (lambda job, file: job.run(file, seed=SEED))
    generator = np.random.default_rng(seed)
    whole, usual = {}, {}
    for job in jobs:
        whole[job.name], usual[job.name] = _in_a_piece(job, folder / "whole.db", work)
        told(f"{job.name}: {usual[job.name]:.2f} s")
    tallies = {job.name: Tally() for job in jobs}
    for number, job in zip(range(count), _turns(jobs, usual), strict=False):
        moment = float(generator.uniform(0.0, SPARE)) * usual[job.name]
        killed(job, folder / "killed.db", work=work, moment=moment, whole=whole[job.name], tally=tallies[job.name])
        if (number + 1) % 100 == 0:
            told(f"{number + 1} kills")
    return tallies


def _turns(jobs: list[Job], usual: dict[str, float]) -> Iterator[Job]:
    """Jobs in turn, slow ones every tenth time."""
    for turn in itertools.count():
        yield from (job for job in jobs if turn % TENTH == 0 or usual[job.name] < SLOW)


def _in_a_piece(job: Job, file: Path, work: Callable[[Job, Path], object]) -> tuple[str, float]:
    """What an uninterrupted run leaves, and its seconds."""
    removed(file)
    work(job, file)  # loads the kernels into this process, for all its forks
    removed(file)

    def timed() -> str:
        begun = time.monotonic()
        work(job, file)
        return f"{time.monotonic() - begun} {contents(file)}"

    seconds, _, digest = (said := forked(timed)).partition(" ")
    if len(digest) != DIGEST:
        raise RuntimeError(f"{job.name} does not run even without a fault: {said}")
    return digest, float(seconds)


def killed(
    job: Job, file: Path, *, work: Callable[[Job, Path], object], moment: float, whole: str, tally: Tally
) -> None:
    """Kill one run at a moment in seconds, look at its atlas, finish it and compare it with `whole`."""
    removed(file)
    tally.kills += 1
    child = forked_off(lambda: work(job, file))
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state = _state(file)
    if state.startswith("!"):
        tally.failures.append(f"after {moment:.3f} s the atlas does not open: {state[1:]}")
        return
    tally.unborn += state == "unborn"
    tally.amid += state == "running"
    tally.ended += state == "ended"
    said = forked(lambda: (work(job, file), contents(file))[1])
    if said == whole:
        tally.equal += 1
    else:
        tally.failures.append(f"after {moment:.3f} s ({state}) the finished run differs: {said[:200]}")


def _state(file: Path) -> str:
    """What a kill left: no atlas yet, one that is running or has ended; "!" and why it does not open."""
    if not file.exists():
        return "unborn"
    try:
        with closing(sqlite3.connect(file)) as link:
            if link.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return "!damaged"
            if link.execute("PRAGMA foreign_key_check").fetchall():
                return "!records of no run"
        with Atlas(file) as atlas:
            entries = atlas.landscapes()
            if not entries:
                return "unborn"
            outcomes = {run.outcome for run in atlas.runs(entries[0].identity)}
            atlas.basin_graph(entries[0].identity, allow_unfinished=True)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        if "no minima" in str(error) or "holds no" in str(error):
            return "running"
        return f"!{type(error).__name__}: {error}"
    return "running" if "running" in outcomes else "ended"


def removed(file: Path) -> None:
    """Remove an atlas with the files that SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{file}{ending}").unlink(missing_ok=True)


def lines(tallies: dict[str, Tally]) -> Iterator[str]:
    """Rows of a table."""
    yield f"{'job':<34}{'kills':>7}{'unborn':>8}{'amid':>6}{'ended':>7}{'equal':>7}"
    for name, tally in tallies.items():
        yield f"{name:<34}{tally.kills:>7}{tally.unborn:>8}{tally.amid:>6}{tally.ended:>7}{tally.equal:>7}"
    for name, tally in tallies.items():
        yield from (f"{name}: {failure}" for failure in tally.failures)
