"""From systems, sizes and a number of samples to jobs: which landscapes a sweep looks at, each under a name."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.landscape import Budget, InputError
from spinfunnel.pipeline.plan import describe, refuse_unexplorable
from spinfunnel.systems import SYSTEMS, resolve
from spinfunnel.systems.registry import parse_assignments, suggestion

__all__ = ["Job", "disorder_seed", "plan_jobs"]


@dataclass(frozen=True, slots=True)
class Job:
    """One study of a sweep: one sample of one system at one size.

    Attributes
    ----------
    system : str
        As it was given.
    spec : str
        The system with what is swept filled in; with the seed, what `spinfunnel judge` takes.
    point : tuple of (str, str)
        What is swept and its value here, as typed.
    series : str
        The system with those swept values that leave the number of spins alone.
    seed : int
        Of the disorder, of the explorer and of the nulls.
    identity : str
        Of the landscape; empty where it could not be built.
    n : int
        Number of spins.
    cost : float
        States to be visited, up to a factor, for shares of the work.
    sample : int
        Number of the sample at this size, from 0.
    """

    system: str
    spec: str
    point: tuple[tuple[str, str], ...]
    series: str
    seed: int
    identity: str
    n: int
    cost: float
    sample: int


def disorder_seed(spec: str, *, seed: int, sample: int) -> int:
    """Seed of one sample: a function of the system and its size, so that no two draw the same numbers.

    Equal seeds for all would give a disordered ferromagnet the absolute values of the spin glass's very couplings, and
    a lattice the first couplings of the next smaller one; means at different sizes would not be independent.

    Examples
    --------
    >>> disorder_seed("sk:n=12", seed=0, sample=0) == disorder_seed("sk:n=12", seed=0, sample=0)
    True
    >>> disorder_seed("sk:n=12", seed=0, sample=0) == disorder_seed("sk:n=16", seed=0, sample=0)
    False
    """
    source = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(spec.encode()), sample))
    return int(source.generate_state(1)[0])


def plan_jobs(
    systems: Sequence[str],
    *,
    over: Mapping[str, Sequence[Any]],
    samples: int,
    seed: int,
    explorer: str = "auto",
    budget: Budget | None = None,
) -> tuple[Job, ...]:
    """List the jobs of a sweep: systems by their order, sizes as given, samples by number.

    Each landscape is built once here, for its identity, its number of spins and what can be refused at once. Samples
    that turn out to be one and the same landscape (nothing is random in it) are one job.

    Raises
    ------
    InputError
        For what cannot be swept, built or explored.

    Examples
    --------
    >>> jobs = plan_jobs(["ea"], over={"shape": [(3, 3), (3, 4)]}, samples=2, seed=0)
    >>> [(job.spec, job.n, job.sample) for job in jobs]
    [('ea:shape=3x3', 9, 0), ('ea:shape=3x3', 9, 1), ('ea:shape=3x4', 12, 0), ('ea:shape=3x4', 12, 1)]
    """
    if not systems:
        raise InputError("a sweep needs a system; spinfunnel systems lists them")
    if samples < 2:
        raise InputError(f"samples={samples} gives no interval; give at least 2 samples of the disorder")
    texts = _checked_over(over)
    swept = {system: _parameters_swept(system, texts) for system in systems}
    unused = [key for key in texts if not any(key in keys for keys in swept.values())]
    if unused:
        raise InputError(f"none of {', '.join(systems)} has a parameter {unused[0]!r}; leave it out of --over")
    jobs: list[Job] = []
    for system in dict.fromkeys(systems):
        found = [
            job
            for values in itertools.product(*(texts[key] for key in swept[system]))
            for job in _samples(
                system,
                tuple(zip(swept[system], values, strict=True)),
                samples=samples,
                seed=seed,
                explorer=explorer,
                budget=budget,
            )
        ]
        jobs.extend(_in_series(found))
    return tuple(jobs)


def _checked_over(over: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Values as they are typed, each once."""
    if not over:
        raise InputError("a sweep needs sizes: give --over n=12,16,20 or --over shape=3x4,4x4,4x5")
    found: dict[str, tuple[str, ...]] = {}
    for key, values in over.items():
        if isinstance(values, str):
            raise InputError(f"over={{{key!r}: {values!r}}} is one text; give a list of values")
        texts = tuple(dict.fromkeys(_typed(value) for value in values))
        if key == "seed":
            raise InputError("the seed is not swept over: --samples says how many, --seed where they begin")
        if not texts:
            raise InputError(f"--over {key} names no value; write {key}=12,16,20")
        found[key] = texts
    return found


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value).strip()


def _parameters_swept(system: str, texts: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Those parameters of the sweep that a system has."""
    name, _, rest = system.strip().partition(":")
    if name in SYSTEMS:
        known = [parameter.name for parameter in SYSTEMS[name].parameters]
    elif Path(name).suffix == ".py":
        known, rest = list(texts), rest.partition(":")[2]
    elif Path(name).exists():
        raise InputError(f"{name} is one problem of one size; a sweep needs a system with a size to vary")
    else:
        resolve(system)  # says what is wrong with the name
        known = []
    keys = tuple(key for key in texts if key in known)
    if not keys:
        wrong = next(iter(texts))
        raise InputError(
            f"{system} has no parameter {wrong!r} to sweep over{suggestion(wrong, known)}; it has {', '.join(known)}"
        )
    fixed = parse_assignments(rest, spec=system) if rest else {}
    for key in (*keys, "seed"):
        if key in fixed:
            way = "leave it out of the system" if key != "seed" else "each sample has its own; give --seed"
            raise InputError(f"{system} fixes {key}, which the sweep varies; {way}")
    return keys


def _samples(
    system: str, point: tuple[tuple[str, str], ...], *, samples: int, seed: int, explorer: str, budget: Budget | None
) -> list[Job]:
    name = system.strip().rstrip(":")
    colons = 2 if name.partition(":")[0].endswith(".py") else 1
    typed = ",".join(f"{key}={value}" for key, value in point)
    spec = f"{name},{typed}" if name.count(":") >= colons else f"{name}:{typed}"
    found: dict[str, Job] = {}
    n = 0
    for sample in range(samples):
        own = disorder_seed(spec, seed=seed, sample=sample)
        try:
            landscape = resolve(spec, seed=own)
        except InputError:
            if sample == 0:
                raise
            # One sample that cannot be built is that job's outcome, which its worker will name.
            found[f"sample {sample}"] = Job(system, spec, point, system, own, "", n, 1.0, sample)
            continue
        if sample == 0:
            refuse_unexplorable(landscape, explorer=explorer, budget=budget)
        entry = describe(landscape)
        n = int(entry.size or 0)
        # A flood of small landscapes takes some milliseconds whatever their size.
        job = Job(system, spec, point, system, own, entry.identity, n, float((1 << min(n, 40)) + (1 << 17)), sample)
        found.setdefault(entry.identity, job)
    return list(found.values())


def _in_series(jobs: Sequence[Job]) -> list[Job]:
    """Name the series: a swept parameter that never changes the number of spins tells one series from another."""
    keys = [key for key, _ in jobs[0].point]
    sizes = {job.point: job.n for job in jobs}
    labels = []
    for key in keys:
        groups: dict[tuple[tuple[str, str], ...], set[int]] = {}
        for point, n in sizes.items():
            groups.setdefault(tuple(item for item in point if item[0] != key), set()).add(n)
        if len(keys) > 1 and all(len(group) == 1 for group in groups.values()):
            labels.append(key)
    named = []
    for job in jobs:
        extra = [f"{key}={value}" for key, value in job.point if key in labels]
        joint = "," if ":" in job.system else ":"
        series = job.system + (joint + ",".join(extra) if extra else "")
        named.append(Job(job.system, job.spec, job.point, series, job.seed, job.identity, job.n, job.cost, job.sample))
    return named
