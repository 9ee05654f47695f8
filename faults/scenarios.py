"""Faults other than kills: full disks, locks, clocks that jump, dead workers, a database server that restarts.

Each is a function of the jobs, a folder, a number of rounds and a seed. A run ends by itself or in one sentence; begun
again without the fault it leaves what an undisturbed run leaves.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import numpy as np

from faults.forks import forked, forked_off
from faults.jobs import Job, contents
from faults.kills import SEED, removed
from faults.postgresql import missing, serving
from spinfunnel.landscape import InputError
from spinfunnel.sweeps import sweep

__all__ = ["SCENARIOS", "Said"]

Floats = np.random.Generator


@dataclass
class Said:
    """What came of a fault: one sentence, and what went wrong."""

    sentence: str
    failures: list[str] = field(default_factory=list)


def full_disk(jobs: list[Job], folder: Path, rounds: int, seed: int) -> Said:
    """Let no file grow beyond a random size while a job runs; a limit on the size of files stands in for the disk."""
    generator = np.random.default_rng(seed)
    said = Said("")
    refused = 0
    for number in range(rounds):
        job, file = jobs[number % len(jobs)], folder / "full.db"
        whole, size = _undisturbed(job, file)
        limit = int(generator.integers(0, size))
        removed(file)

        def limited(job: Job = job, file: Path = file, limit: int = limit) -> str:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            return _sentence(lambda: job.run(file, seed=SEED))

        answer = forked(limited)
        refused += answer.startswith("refused")
        _compared(said, job, file, answer, whole, f"at {limit} of {size} bytes")
    said.sentence = f"{rounds} runs with too little room, {refused} refused in a sentence"
    return said


def locks(jobs: list[Job], folder: Path, rounds: int, seed: int) -> Said:
    """Hold the lock of an atlas: short patience ends in a sentence, and longer patience outlasts the lock."""
    generator = np.random.default_rng(seed)
    said = Said(f"{rounds} atlases locked, by impatient and by patient runs")
    for number in range(rounds):
        job, file = jobs[number % len(jobs)], folder / "locked.db"
        whole, _ = _undisturbed(job, file)
        link = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        link.execute("BEGIN IMMEDIATE")
        answer = forked(lambda job=job, file=file: _sentence(lambda: job.run(file, seed=SEED + 1, patience=0.05)))  # type: ignore[misc]
        if "is being written by another process" not in answer:
            said.failures.append(f"{job.name}, locked: {answer[:200]}")
        wait = float(generator.uniform(0.1, 1.0))
        timer = threading.Timer(wait, lambda link=link: link.execute("ROLLBACK"))  # type: ignore[misc]
        timer.start()
        answer = _sentence(lambda job=job, file=file: job.run(file, seed=SEED))  # type: ignore[misc]
        timer.join()
        link.close()
        _compared(said, job, file, answer, whole, f"locked for {wait:.2f} s")
    return said


def clocks(jobs: list[Job], folder: Path, rounds: int, seed: int) -> Said:
    """Let the time of day jump by days, forwards and backwards, at every look at it."""
    generator = np.random.default_rng(seed)
    said = Said(f"{rounds} runs under a clock that jumps by up to ten days")

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # noqa: ARG003 - as the method that it replaces
            return datetime.now(UTC) + timedelta(days=float(generator.uniform(-10.0, 10.0)))

    def jumping_time() -> float:
        return real() + float(generator.uniform(-1e6, 1e6))

    real = time.time
    for number in range(rounds):
        job, file = jobs[number % len(jobs)], folder / "clock.db"
        whole, _ = _undisturbed(job, file)
        removed(file)

        def run(job: Job = job, file: Path = file) -> str:
            with mock.patch("spinfunnel.atlas.job_rows.datetime", Jumping), mock.patch("time.time", jumping_time):
                return _sentence(lambda: job.run(file, seed=SEED))

        answer = forked(run)
        if answer != "ended":
            said.failures.append(f"{job.name}, jumping clock: {answer[:200]}")
        _compared(said, job, file, answer, whole, "under a jumping clock")
    return said


def dead_workers(_jobs: list[Job], folder: Path, rounds: int, seed: int) -> Said:
    """Kill processes of a sweep at random moments: it ends with the answers of a sweep in a piece."""
    generator = np.random.default_rng(seed)
    said = Said("")
    asked = {"over": {"n": [8, 9, 10]}, "samples": 6, "seed": seed, "nulls": False, "measures": ["funnel_weight"]}
    whole = _answers(sweep("sk", workers=1, **asked))  # type: ignore[arg-type]
    killed = 0
    for _ in range(min(rounds, 3)):
        moments = generator.exponential(1.0, 3)
        ended = threading.Event()
        deaths: list[int] = []

        def hunt(moments: np.ndarray = moments, ended: threading.Event = ended, deaths: list[int] = deaths) -> None:
            for moment in moments:
                while not ended.is_set() and not multiprocessing.active_children():
                    time.sleep(0.05)
                if ended.wait(2.0 + float(moment)):
                    return
                for worker in multiprocessing.active_children()[:1]:
                    if worker.pid is not None:
                        with suppress(ProcessLookupError):
                            os.kill(worker.pid, signal.SIGKILL)
                            deaths.append(worker.pid)

        hunter = threading.Thread(target=hunt)
        hunter.start()
        try:
            found = _answers(sweep("sk", workers=2, atlas=folder / "sweep.db", **asked))  # type: ignore[arg-type]
        except InputError as error:
            found = str(error)
        finally:
            ended.set()
            hunter.join()
        killed += len(deaths)
        if found != whole:
            # Too many deaths are a named outcome; the same sweep begun again does what is missing.
            found = _answers(sweep("sk", workers=1, atlas=folder / "sweep.db", **asked))  # type: ignore[arg-type]
        if found != whole:
            said.failures.append(f"after {len(deaths)} deaths the sweep differs")
        removed(folder / "sweep.db")
    said.sentence = f"{killed} processes of {min(rounds, 3)} sweeps killed"
    return said


def _answers(found: object) -> str:
    content = found.to_json()  # type: ignore[attr-defined]
    return json.dumps(_without_times(content), sort_keys=True)


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_times(part) for name, part in value.items() if name not in {"seconds", "workers"}}
    return [_without_times(part) for part in value] if isinstance(value, list) else value


def restarts(jobs: list[Job], _folder: Path, rounds: int, seed: int) -> Said:
    """Stop the database server at random moments, as a crash would, and start it again."""
    if missing():
        return Said(f"left out: {missing()}")
    generator = np.random.default_rng(seed)
    said = Said("")
    refused = 0
    with serving() as server:
        for number in range(rounds):
            job = jobs[number % len(jobs)]
            begun = time.monotonic()
            if (answer := forked(lambda job=job: _ran_anew(job, server.url))) != "ended":  # type: ignore[misc]
                said.failures.append(f"{job.name}, undisturbed: {answer[:200]}")
                continue
            usual = time.monotonic() - begun
            whole = forked(lambda: contents(server.url))
            _emptied(server.url)
            read, write = os.pipe()

            def run(job: Job = job, write: int = write) -> None:
                os.write(write, _sentence(lambda: job.run(server.url, seed=SEED, patience=5.0)).encode()[:4000])

            child = forked_off(run)
            os.close(write)
            time.sleep(float(generator.uniform(0.0, usual)))
            server.stop()
            server.start()
            with open(read) as stream:
                answer = stream.read()
            os.waitpid(child, 0)
            refused += answer.startswith("refused")
            _compared(said, job, server.url, answer, whole, "over a restart")
            _emptied(server.url)
    said.sentence = f"{rounds} restarts of PostgreSQL, {refused} runs refused in a sentence"
    return said


def _ran_anew(job: Job, url: str) -> str:
    return _sentence(lambda: job.run(url, seed=SEED))


def _emptied(url: str) -> None:
    """Remove every table of a database."""

    def drop() -> str:
        from sqlalchemy import MetaData, create_engine

        engine = create_engine(url)
        known = MetaData()
        known.reflect(engine)
        known.drop_all(engine)
        engine.dispose()
        return "dropped"

    if (said := forked(drop)) != "dropped":
        raise RuntimeError(said)


def _undisturbed(job: Job, file: Path) -> tuple[str, int]:
    """What a run without a fault leaves, and the bytes of its atlas."""
    removed(file)

    def run() -> str:
        job.run(file, seed=SEED)
        return contents(file)

    return forked(run), file.stat().st_size


def _sentence(work: Callable[[], object]) -> str:
    """How it ended: by itself, or in one sentence."""
    try:
        work()
    except InputError as error:
        said = str(error)
        return f"refused: {said}" if len(said) <= 400 else f"too long: {said}"
    return "ended"


def _compared(said: Said, job: Job, target: Path | str, answer: str, whole: str, when: str) -> None:
    """Note where a run ended in anything but a sentence, or where begun again it does not come to the same."""
    if answer != "ended" and not answer.startswith("refused"):
        said.failures.append(f"{job.name}, {when}: {' '.join(answer.split())[-300:]}")

    def again() -> str:
        job.run(target, seed=SEED)
        return contents(target)

    found = forked(again)
    if found != whole:
        said.failures.append(f"{job.name}, {when}: begun again it differs: {' '.join(found.split())[-300:]}")


SCENARIOS: dict[str, Callable[[list[Job], Path, int, int], Said]] = {
    "full disk": full_disk,
    "locks": locks,
    "clocks": clocks,
    "dead workers": dead_workers,
    "restarts": restarts,
}
"""Faults by name."""
