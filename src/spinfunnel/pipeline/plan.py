"""From a landscape and the name of an explorer to a finished run in an atlas."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spinfunnel.atlas import Atlas, LandscapeEntry
from spinfunnel.explore import EXPLORERS, Explorer
from spinfunnel.explore.flood.memory import refuse_if_too_large, refuse_long_list
from spinfunnel.landscape import (
    Binary,
    Budget,
    Effort,
    Finite,
    Graph,
    InputError,
    Kind,
    Landscape,
    Parameter,
    Progress,
    Record,
    Run,
    Smooth,
    no_progress,
)
from spinfunnel.landscape.assignments import parse_assignments, read_assignments, suggestion
from spinfunnel.version import __version__

__all__ = ["Plan", "describe", "explore", "plan", "refuse_unexplorable", "threads"]

MOST_LISTED = 60
"""Coordinates of a smooth landscape up to which all its minima are sought: 13 atoms have some 1500, one more atom makes
them nearly three times as many."""
FEWEST_CLIMBED = 4
"""Coordinates below which every stationary point is sought from all over: climbs from minima know few directions there,
and each costs as many energies as a whole search."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An explorer with its options and its budget: with a landscape and a seed, a job.

    Attributes
    ----------
    explorer : Explorer
    options : mapping
        Every option of the explorer, defaults filled in.
    budget : Budget
    """

    explorer: Explorer
    options: Mapping[str, Parameter]
    budget: Budget

    @property
    def job(self) -> dict[str, Parameter]:
        """Options as they name the job in an atlas: with the limits of the budget, and what a file holds."""
        limits: dict[str, Parameter | None]
        limits = {"budget_seconds": self.budget.seconds, "budget_evaluations": self.budget.evaluations}
        file = self.options.get("file")
        if isinstance(file, str) and Path(file).is_file():
            limits["content"] = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
        return {**self.options, **{name: limit for name, limit in limits.items() if limit is not None}}

    def records(self, landscape: Landscape, *, seed: int, workers: int, progress: Progress) -> Iterator[list[Record]]:
        """Explore a landscape."""
        budget: dict[str, Any] = {"budget": self.budget} if self.explorer.samples else {}
        return self.explorer.explore(landscape, seed=seed, workers=workers, progress=progress, **budget, **self.options)


def plan(landscape: Landscape, explorer: str = "auto", *, budget: Budget | None = None) -> Plan:
    """Explorer that a text names, ``name`` or ``name:option=value,...``, for a landscape.

    Parameters
    ----------
    landscape : Binary, Graph or Smooth
    explorer : str
        "auto" takes the first that can take the landscape; the exact one where it fits into memory; of a smooth
        landscape stationary below 4 coordinates, and joining where it has more minima than can be listed.
    budget : Budget, optional
        For an explorer that samples.

    Raises
    ------
    InputError
        For an unknown explorer or option, one that does not take this kind of landscape, a landscape too large for
        it, or a budget for one that takes none.

    Examples
    --------
    >>> from spinfunnel.systems import sherrington_kirkpatrick
    >>> plan(sherrington_kirkpatrick(12, seed=1)).explorer.name
    'flooding'
    """
    name, colon, rest = explorer.partition(":")
    chosen = _chosen(landscape, name)
    defaults = chosen.options
    values = read_assignments(
        chosen.explore, parse_assignments(rest, spec=explorer), name=f"the explorer {chosen.name}", among=list(defaults)
    ) if colon else {}  # fmt: skip
    if budget is not None and not chosen.samples:
        given = f"{budget.seconds:g}s" if budget.seconds is not None else f"{budget.evaluations}"
        raise InputError(
            f"{chosen.name} visits every state of {landscape.name} once and cannot stop at a budget of {given}; "
            "leave --budget out, it is for explorers that sample"
        )
    return Plan(chosen, {**defaults, **values}, budget or Budget())


def _chosen(landscape: Landscape, name: str) -> Explorer:
    kind = describe(landscape).kind
    fitting = [explorer for explorer in EXPLORERS.values() if kind in explorer.kinds]
    if name == "auto":
        if not fitting:
            raise InputError(
                f"no explorer takes {landscape.name}, a {kind.word} landscape; there are: {', '.join(EXPLORERS)}"
            )
        if kind is Kind.SMOOTH and isinstance(landscape, Smooth):
            if landscape.dimension > MOST_LISTED:
                return EXPLORERS["joining"]
            if landscape.dimension < FEWEST_CLIMBED:
                return EXPLORERS["stationary"]
        for explorer in fitting[:-1]:
            if _obstacle(landscape, explorer) is None:
                return explorer
        last = fitting[-1]
    elif name not in EXPLORERS:
        hint = suggestion(name, list(EXPLORERS))
        raise InputError(f"there is no explorer {name!r}{hint}; there are: auto, {', '.join(EXPLORERS)}")
    elif EXPLORERS[name] not in fitting:
        raise InputError(
            f"the explorer {name} takes {_words(EXPLORERS[name])} landscapes, {landscape.name} is {kind.word}"
        )
    else:
        last = EXPLORERS[name]
    problem = _obstacle(landscape, last)
    if problem is not None:
        raise problem from None
    return last


def _words(explorer: Explorer) -> str:
    return " and ".join(dict.fromkeys(kind.word for kind in explorer.kinds))


def _obstacle(landscape: Landscape, explorer: Explorer) -> InputError | None:
    """Why an explorer cannot take a landscape of its kind, of what can be known without exploring."""
    if isinstance(landscape, Binary) and explorer.name == "flooding":
        symmetries = landscape.symmetries
        flips = sum(symmetry.is_global_flip for symmetry in symmetries)
        bits = landscape.size - min(flips, 1)
        try:
            refuse_if_too_large(landscape.size, bits=bits, symmetric=len(symmetries) > flips)
        except InputError as problem:
            return InputError(f"{landscape.name}: {problem}")
    if isinstance(landscape, Finite) and explorer.name == "flooding":
        try:
            refuse_long_list(landscape.distinct_states())
        except InputError as problem:
            return InputError(f"{landscape.name}: {problem}")
    return None


def refuse_unexplorable(landscape: Landscape, *, explorer: str = "auto", budget: Budget | None = None) -> None:
    """Raise what `explore` would, of what can be known without exploring.

    Raises
    ------
    InputError
        When no explorer takes the landscape, or it is too large for this machine.

    Examples
    --------
    >>> from spinfunnel.systems import sherrington_kirkpatrick
    >>> refuse_unexplorable(sherrington_kirkpatrick(60, seed=1), explorer="flooding")
    Traceback (most recent call last):
        ...
    spinfunnel.InputError: sk: a 60-spin landscape needs ... GiB to flood exactly; ...
    """
    plan(landscape, explorer, budget=budget)


def explore(
    landscape: Landscape,
    *,
    atlas: Atlas,
    explorer: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    budget: Budget | None = None,
    left: Budget | None = None,
    progress: Progress = no_progress,
) -> Run:
    """Map a landscape into an atlas, unless the atlas holds the finished job already.

    Parameters
    ----------
    landscape : Binary, Graph or Smooth
    atlas : Atlas
    explorer : str
        As in `plan`.
    seed : int
    workers : int, optional
        Threads; all cores unless given.
    budget : Budget, optional
        Names the job.
    left : Budget, optional
        What is left of it; all unless given.
    progress : callable

    Returns
    -------
    Run
        The run just made, or the one that was found.

    Raises
    ------
    InputError
        As `plan`. A landscape that is refused leaves the atlas untouched.
    """
    chosen = plan(landscape, explorer, budget=budget)
    name, job = chosen.explorer.name, chosen.job
    known = atlas.finished(landscape.identity, explorer=name, options=job, seed=seed)
    if known is not None:
        return known
    started = time.perf_counter()
    spending = chosen if left is None else dataclasses.replace(chosen, budget=left)
    chunks = spending.records(landscape, seed=seed, workers=threads(workers), progress=progress)
    # What the explorer refuses, it refuses before its first records; only then does a file come into being.
    first = next(chunks, [])
    number = atlas.begin(describe(landscape), explorer=name, options=job, seed=seed, version=__version__)
    try:
        effort = _keep(first, chunks, atlas=atlas, number=number, progress=progress)
    except KeyboardInterrupt:
        atlas.finish(number, ended(chosen, landscape, seed=seed, started=started, outcome="interrupted"))
        raise
    run = ended(chosen, landscape, seed=seed, started=started, effort=effort)
    atlas.finish(number, run)
    return run


def describe(landscape: Landscape) -> LandscapeEntry:
    """Say what a landscape is, as the atlas keeps it.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> entry = describe(hopfield_memory(6, patterns=1, seed=1))
    >>> entry.kind.word, entry.states, entry.symmetry
    ('binary', 64, ('global flip',))
    """
    if not hasattr(landscape, "identity") or not hasattr(landscape, "kind"):
        raise InputError(f"{landscape!r:.60} is no landscape; make one: spinfunnel.systems.resolve('sk:n=12')")
    common = landscape.identity, landscape.name, dict(landscape.parameters)
    given: Any = landscape
    if landscape.kind is Kind.BINARY:
        names = tuple(symmetry.name for symmetry in given.symmetries)
        return LandscapeEntry(*common, landscape.kind, given.size, 1 << given.size, names)
    if landscape.kind is Kind.CHAIN:
        return LandscapeEntry(*common, landscape.kind, None, given.plain_states(), ())
    if landscape.kind is Kind.GRAPH:
        return LandscapeEntry(*common, landscape.kind, None, int(given.multiplicity.sum()), ())
    return LandscapeEntry(*common, landscape.kind, given.dimension, None, ())


def ended(
    chosen: Plan,
    landscape: Landscape,
    *,
    seed: int,
    started: float,
    effort: Effort | None = None,
    outcome: Literal["finished", "interrupted"] = "finished",
) -> Run:
    """Run that began at a reading of `time.perf_counter` and has just ended."""
    whole = outcome == "finished"
    spent = effort.evaluations if effort is not None else _evaluations(landscape) if whole else 0
    how = effort.outcome if whole and effort is not None else outcome
    seconds = time.perf_counter() - started
    exact = whole and chosen.explorer.exact
    failures = effort.failures if effort is not None else {}
    return Run(chosen.explorer.name, chosen.job, seed, __version__, spent, seconds, how, exact, failures)


def _keep(
    first: list[Record], rest: Iterator[list[Record]], *, atlas: Atlas, number: int, progress: Progress
) -> Effort | None:
    """Add everything to the atlas; return what the explorer said of its effort."""
    progress("keeping the map", 0.0)
    effort = None
    for chunk in _all(first, rest):
        atlas.add(number, chunk)
        effort = next((record for record in chunk if isinstance(record, Effort)), effort)
    progress("keeping the map", 1.0)
    return effort


def _all(first: list[Record], rest: Iterator[list[Record]]) -> Iterator[list[Record]]:
    yield first
    yield from rest


def _evaluations(landscape: Landscape) -> int:
    """Energies that an exhaustive exploration computes."""
    if isinstance(landscape, Binary):
        return 1 << (landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries))
    if isinstance(landscape, Finite):
        return landscape.distinct_states()
    return len(landscape.energies) if isinstance(landscape, Graph) else 0


def threads(workers: int | None) -> int:
    """Number of threads: as given, or all cores.

    Raises
    ------
    InputError
        For fewer than one.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise InputError(f"{workers} workers cannot work; give at least 1")
    return workers
