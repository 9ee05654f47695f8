"""What a worker does: build one landscape, study it on one thread, hand back plain records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from spinfunnel.landscape import BasinGraph, Budget, InputError, Run, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.pipeline.plan import describe
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve

__all__ = ["Answer", "Question", "Task", "read_measurement", "study_one", "write_measurement"]

STATES_UNASKED = 1 << 18
"""Measures that walk over the states themselves take seconds above it, where a flood takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every landscape of a sweep.

    Attributes
    ----------
    measures : tuple of str, or None
        Names in `MEASURES`. None means all; those that read the landscape's states up to `STATES_UNASKED` only.
    nulls : bool or int
        As in `spinfunnel.pipeline.study.study`.
    explorer, budget, temperature, native_tolerance
        As in `spinfunnel.pipeline.study.study`.
    """

    measures: tuple[str, ...] | None = None
    nulls: bool | int = False
    explorer: str = "auto"
    temperature: float | None = None
    native_tolerance: float = 0.0
    budget: Budget | None = None

    def text(self, version: str) -> str:
        """Key under which an atlas keeps the answer; another version of the program asks another question."""
        names = "all" if self.measures is None else ",".join(sorted(self.measures))
        mapped = "" if self.explorer == "auto" and self.budget is None else f"; by {self.explorer}, {self.budget}"
        return (
            f"sweep {version}; measures {names}; nulls {self.nulls}; temperature {self.temperature}; "
            f"native tolerance {self.native_tolerance}{mapped}"
        )


@dataclass(frozen=True, slots=True)
class Task:
    """What is sent to a worker."""

    spec: str
    seed: int
    identity: str
    question: Question
    with_map: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a worker sends back.

    Attributes
    ----------
    content : dict
        The study as plain JSON; empty where there is none.
    run : Run or None
    graph : BasinGraph or None
        The map, where it was asked for.
    failure : NoAnswer or None
        Why there is no study.
    """

    content: dict[str, Any]
    run: Run | None = None
    graph: BasinGraph | None = None
    failure: NoAnswer | None = None


def study_one(task: Task) -> Answer:
    """Study one landscape; what goes wrong with it is its own answer.

    Examples
    --------
    >>> from spinfunnel.pipeline.plan import describe
    >>> identity = describe(resolve("hopfield:n=8,patterns=1", seed=1)).identity
    >>> task = Task("hopfield:n=8,patterns=1", 1, identity, Question(), with_map=False)
    >>> study_one(task).content["measures"]["funnel_weight"]["value"]
    1.0
    """
    try:
        # One thread a worker; and sums by BLAS, whose order follows the number of threads, come out the same anywhere.
        with threadpool_limits(1):
            return _studied(task)
    except InputError as problem:
        return Answer({}, failure=NoAnswer("refused", str(problem), "change the system or leave out this size"))
    except MemoryError:
        cause = f"{task.spec} took more memory than this worker has"
        return Answer({}, failure=NoAnswer("no_memory", cause, "give fewer workers or leave out this size"))


def _studied(task: Task) -> Answer:
    landscape, question = resolve(task.spec, seed=task.seed), task.question
    if task.identity and landscape.identity != task.identity:
        raise InputError(
            f"this worker builds {task.spec} with seed {task.seed} differently; give all workers the same version of "
            "spinfunnel and NumPy, and the same files"
        )
    wanted = set(MEASURES if question.measures is None else question.measures)
    unasked = set()
    if question.measures is None and (describe(landscape).states or 0) > STATES_UNASKED:
        unasked = {measure.name for measure in MEASURES.values() if measure.reads == "landscape"}
    # What reads the map alone takes milliseconds, and the verdict rests on it.
    measured = [name for name, row in MEASURES.items() if row.reads == "map" or name in wanted - unasked]
    result = study(
        landscape,
        explorer=question.explorer,
        seed=task.seed,
        workers=1,
        budget=question.budget,
        measures=measured,
        nulls=question.nulls,
        temperature=question.temperature,
        native_tolerance=question.native_tolerance,
        progress=no_progress,
    )
    content = result.to_json()
    del content["verdict"]["evidence"]
    cause = f"it walks over the states, and above {STATES_UNASKED} of them that is not done unasked"
    refusal = write_measurement(NoAnswer("not_asked", cause, "ask for it with --measures all"))
    answers = content["measures"]
    content["measures"] = {name: answers.get(name, refusal) for name in MEASURES if name in wanted}
    return Answer(content, run=result.run, graph=result.graph if task.with_map else None)


def write_measurement(measurement: Measurement) -> dict[str, Any]:
    """Return a measurement as plain JSON, as `Study.to_json` does.

    Examples
    --------
    >>> write_measurement(Estimate(0.5, 0.25, 0.75))
    {'value': 0.5, 'low': 0.25, 'high': 0.75, 'outcome': 'ok'}
    """
    if isinstance(measurement, NoAnswer):
        return {"outcome": measurement.outcome, "reason": f"{measurement.cause}; {measurement.remedy}"}
    return {"value": measurement.value, "low": measurement.low, "high": measurement.high, "outcome": "ok"}


def read_measurement(plain: Mapping[str, Any]) -> Measurement:
    """Read what `write_measurement` wrote.

    Examples
    --------
    >>> read_measurement(write_measurement(NoAnswer("flat", "no landscape", "nothing to do")))
    NoAnswer(outcome='flat', cause='no landscape', remedy='nothing to do')
    """
    if plain["outcome"] != "ok":
        cause, _, remedy = str(plain["reason"]).rpartition("; ")
        return NoAnswer(plain["outcome"], cause or remedy, remedy)
    numbers = [float(plain[name]) for name in ("value", "low", "high")]
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"a kept measurement reads {numbers}, which is no number; explore again into another atlas")
    return Estimate(*numbers)
