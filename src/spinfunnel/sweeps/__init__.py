"""Many studies: systems over sizes and samples of the disorder, on one machine or on a cluster."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

from spinfunnel.atlas import Atlas
from spinfunnel.explore.flood.memory import available_bytes, refuse_if_too_large
from spinfunnel.landscape import Budget, InputError, Progress, is_binary, no_progress
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.pipeline.plan import describe
from spinfunnel.sweeps.crew import QUEUED, Borrowed, Crew, Here, Processes, dask_crew, run_all
from spinfunnel.sweeps.job_list import Job, plan_jobs
from spinfunnel.sweeps.jobs import Answer, Question, Task, study_one
from spinfunnel.sweeps.scaling import Fit, Scaling, fit_scaling, judge_scaling
from spinfunnel.sweeps.sweep_result import JobResult, Series, Size, Sweep, gather
from spinfunnel.systems import resolve
from spinfunnel.version import __version__

__all__ = [
    "Fit",
    "Job",
    "JobResult",
    "Scaling",
    "Series",
    "Size",
    "Sweep",
    "fit_scaling",
    "judge_scaling",
    "sweep",
]

RECORDS_AT_ONCE = 50_000


def sweep(
    systems: str | Sequence[str],
    *,
    over: Mapping[str, Sequence[Any]],
    samples: int = 20,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    dask: Any = None,
    atlas: Atlas | str | Path | None = None,
    measures: Iterable[str] | str | None = None,
    nulls: bool | int = False,
    explorer: str = "auto",
    budget: Budget | None = None,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
    progress: Progress = no_progress,
) -> Sweep:
    """Study systems over sizes and samples of their disorder, and judge how each measure scales.

    One job is one landscape on one thread of one worker. Workers hand back plain records; the calling process alone
    writes. Answers are put in the order of the plan, so that the result does not depend on who did what, nor when.

    Parameters
    ----------
    systems : str or sequence of str
        As `spinfunnel.systems.resolve` takes them, without a seed.
    over : mapping of str to sequence
        Values of parameters, such as ``{"n": [12, 16, 20]}`` or ``{"shape": [(3, 4), (4, 4)]}``. A system is swept over
        those of them that it has; over several at once in all combinations.
    samples : int
        Landscapes for each system and size, at least 2; each draws its own disorder (see `Size.seeds`).
    seed : int
        From which the seeds of all jobs are made.
    workers : int, optional
        Processes; all cores unless given, fewer where memory does not suffice for as many floods. One worker is the
        calling process itself.
    executor : concurrent.futures.Executor, optional
        Workers of the caller's own instead.
    dask : str, cluster or distributed.Client, optional
        A Dask cluster instead, by its scheduler's address or as an object.
    atlas : Atlas, str or Path, optional
        Where maps and answers are kept. Jobs that are finished there are not done again: the same sweep resumes.
    measures : iterable of str or "all", optional
        Names of measures. Unless given, all; those that walk over the states themselves up to 2^18 states only.
    nulls : bool or int
        Whether to compare each landscape with its null, which multiplies the work; see `pipeline.study.study`.
    explorer, budget, temperature, native_tolerance
        As in `spinfunnel.pipeline.study.study`.
    progress : callable
        Told how many jobs are done, the time that is left, and the share of the work done.

    Raises
    ------
    InputError
        For what cannot be swept, explored or kept, for workers that cannot be had, or when no job has an answer.

    Examples
    --------
    >>> found = sweep("hopfield:patterns=1", over={"n": [6, 8, 10]}, samples=3, workers=1)
    >>> print(found)
    hopfield:patterns=1: funnel: the weight of the native funnel stays: it goes as exp(-c n) with c = 0, and is
    100 % at the largest size
    """
    if executor is not None and dask is not None:
        raise InputError("an executor and a Dask cluster are both given; give one of them")
    question = Question(_names(measures), nulls, explorer, temperature, native_tolerance, budget)
    jobs = plan_jobs(
        [systems] if isinstance(systems, str) else systems,
        over=over,
        samples=samples,
        seed=seed,
        explorer=explorer,
        budget=budget,
    )
    started = time.perf_counter()
    with nullcontext(None) if atlas is None else nullcontext(atlas) if isinstance(atlas, Atlas) else Atlas(atlas) as db:
        kept = _kept(jobs, question, db)
        # The largest first: a long job begun last would be waited for alone.
        missing = sorted((n for n in range(len(jobs)) if n not in kept), key=lambda n: (-jobs[n].cost, n))
        found = {number: JobResult(jobs[number], content) for number, content in kept.items()}
        if missing:
            crew = _crew(workers, executor, dask=dask, jobs=[jobs[number] for number in missing])
            clock = _Clock(jobs, missing, progress=progress)

            def take(place: int, answer: Answer | NoAnswer) -> None:
                number = missing[place]
                found[number] = _taken(jobs[number], answer, question, db)
                clock.count(number)

            tasks = [Task(job.spec, job.seed, job.identity, question, db is not None) for job in _pick(jobs, missing)]
            run_all(study_one, tasks, crew=crew, take=take, tick=clock.tell)
    results = [found[number] for number in range(len(jobs))]
    if all(result.failure is not None for result in results):
        why = results[0].failure
        raise InputError(f"none of the {len(jobs)} jobs has an answer; the first: {why.cause if why else ''}")
    return gather(results, seed=seed, seconds=time.perf_counter() - started)


def _pick(jobs: Sequence[Job], numbers: Sequence[int]) -> list[Job]:
    return [jobs[number] for number in numbers]


def _names(measures: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if measures is None:
        return None
    names = tuple(MEASURES) if measures == "all" else (measures,) if isinstance(measures, str) else tuple(measures)
    unknown = [name for name in names if name not in MEASURES]
    if unknown or not names:
        raise InputError(f"there is no measure {unknown[0] if unknown else ''!r}; there are all, {', '.join(MEASURES)}")
    return names


# ---------------------------------------------------------------------------------------------
# Workers


def _crew(workers: int | None, executor: Executor | None, *, dask: Any, jobs: Sequence[Job]) -> Crew:
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers cannot work; give at least 1")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if dask is not None:
        return dask_crew(dask)
    if executor is not None:
        known = getattr(executor, "_max_workers", None)
        return Borrowed(executor, slots=QUEUED * (workers or (known if isinstance(known, int) else cores)))
    count = _affordable(min(workers or cores, len(jobs)), max(jobs, key=lambda job: job.cost))
    return Here() if count == 1 else Processes(count)


def _affordable(workers: int, largest: Job) -> int:
    """As many workers as there is memory for, all at the largest landscape at once."""
    if not largest.identity:
        return workers
    landscape = resolve(largest.spec, seed=largest.seed)
    if not is_binary(landscape):
        return workers
    flips = sum(symmetry.is_global_flip for symmetry in landscape.symmetries)
    bits, symmetric = landscape.size - min(flips, 1), len(landscape.symmetries) > flips
    free = available_bytes()
    for count in range(workers, 1, -1):
        try:
            refuse_if_too_large(landscape.size, bits=bits, symmetric=symmetric, available=free // count)
        except InputError:
            continue
        return count
    return 1


# ---------------------------------------------------------------------------------------------
# What is kept


def _kept(jobs: Sequence[Job], question: Question, db: Atlas | None) -> dict[int, dict[str, Any]]:
    """Answers that the atlas holds already, by number of the job."""
    if db is None:
        return {}
    text = question.text(__version__)
    found = {n: db.answer(job.identity, seed=job.seed, question=text) for n, job in enumerate(jobs)}
    return {number: json.loads(content) for number, content in found.items() if content is not None}


def _taken(job: Job, answer: Answer | NoAnswer, question: Question, db: Atlas | None) -> JobResult:
    if isinstance(answer, NoAnswer):
        return JobResult(job, {}, answer)
    if answer.failure is not None:
        return JobResult(job, {}, answer.failure)
    if db is not None:
        _keep(job, answer, question, db)
    return JobResult(job, answer.content)


def _keep(job: Job, answer: Answer, question: Question, db: Atlas) -> None:
    """Write the map, unless it is there, then the answer: an answer without its map would never be looked at again."""
    run, graph = answer.run, answer.graph
    if run is None or graph is None:
        raise RuntimeError(f"the worker of {job.spec} returned no map")
    name, options, seed = run.explorer, run.options, run.seed
    if db.finished(job.identity, explorer=name, options=options, seed=seed) is None:
        entry = describe(resolve(job.spec, seed=job.seed))
        number = db.begin(entry, explorer=name, options=options, seed=seed, version=run.version)
        records = graph.records()
        while chunk := list(islice(records, RECORDS_AT_ONCE)):
            db.add(number, chunk)
        db.finish(number, run)
    content = json.dumps(answer.content, allow_nan=False)
    text = question.text(__version__)
    db.keep_answer(job.identity, explorer=name, options=options, seed=seed, question=text, content=content)


# ---------------------------------------------------------------------------------------------
# Progress


class _Clock:
    """Counts jobs and tells the time that is left, at the rate at which work went so far."""

    def __init__(self, jobs: Sequence[Job], missing: Sequence[int], *, progress: Progress) -> None:
        self._jobs, self._progress = jobs, progress
        self._total, self._known = len(jobs), len(jobs) - len(missing)
        self._all = sum(jobs[number].cost for number in missing)
        self._done, self._count = 0.0, 0
        self._started = time.monotonic()
        self.tell()

    def count(self, number: int) -> None:
        self._done += self._jobs[number].cost
        self._count += 1

    def tell(self) -> None:
        share = self._done / self._all
        spent = time.monotonic() - self._started
        left = f", {duration(spent * (1.0 - share) / share)} left" if share > 0.0 else ""
        before = f" ({self._known} from the atlas)" if self._known else ""
        self._progress(f"{self._known + self._count} of {self._total} jobs{before}{left}", share)


def duration(seconds: float) -> str:
    """Write a time as a person would.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.2, 75, 7300)]
    ['1 s', '1 min 15 s', '2 h 1 min']
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
