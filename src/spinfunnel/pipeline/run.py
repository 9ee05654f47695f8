"""From a plan to a map: the one place where explorers are run and their records are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from spinfunnel.explore import loaded
from spinfunnel.landscape import (
    BasinGraph,
    Budget,
    Effort,
    Kind,
    Landscape,
    Progress,
    Record,
    Run,
    no_progress,
)
from spinfunnel.measure.solution_measures import NATIVE_SHARE, SCALE
from spinfunnel.pipeline.plan import Plan, describe, plan, threads
from spinfunnel.version import __version__

if TYPE_CHECKING:
    from spinfunnel.atlas import Atlas

__all__ = ["Mapped", "carried_out", "explore", "graph_of", "map_of", "with_tolerance"]


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """A map with the run that made it.

    Attributes
    ----------
    landscape : Landscape or None
        None where only its map is known.
    run : Run
    graph : BasinGraph
    minima, saddles : mapping from key to bytes
        Coordinates, doubles one after the other, where points have some (see `Minimum.state`).
    """

    landscape: Landscape | None
    run: Run
    graph: BasinGraph
    minima: Mapping[str, bytes]
    saddles: Mapping[str, bytes]


@dataclass(slots=True)
class _RunMemory:
    """Memory of an explorer in the run that is being written (see `explore.remembering.Memory`)."""

    atlas: Atlas
    run: int = -1

    def recall(self, question: str) -> str | None:
        """Return what the run, or an earlier attempt at it, kept."""
        return self.atlas.remembered(self.run, question)

    def keep(self, question: str, answer: str) -> None:
        """Keep an answer in the run."""
        self.atlas.remember(self.run, question, answer)


def explore(
    landscape: Landscape,
    *,
    atlas: Atlas,
    explorer: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    budget: Budget | None = None,
    quick: bool = False,
    progress: Progress = no_progress,
) -> Run:
    """Map a landscape into an atlas, unless the atlas holds the finished job already.

    Parameters
    ----------
    landscape : Landscape
    atlas : Atlas
    explorer : str
        As in `plan.plan`.
    seed : int
    workers : int, optional
        Threads; all cores unless given.
    budget : Budget, optional
        Names the job.
    quick : bool
        For an explorer that has a quick way.
    progress : callable

    Returns
    -------
    Run
        The run just made, or the one that was found.

    Raises
    ------
    InputError
        As `plan.plan`. A landscape that is refused leaves the atlas untouched.
    """
    chosen = plan(landscape, explorer, budget=budget, quick=quick)
    return carried_out(chosen, landscape, atlas=atlas, seed=seed, workers=threads(workers), progress=progress)


def carried_out(
    chosen: Plan,
    landscape: Landscape,
    *,
    atlas: Atlas,
    seed: int,
    workers: int,
    progress: Progress,
    left: Budget | None = None,
) -> Run:
    """Carry out a plan into an atlas; `left` is what is left of its budget, all unless given."""
    name, job = chosen.explorer.name, chosen.job
    known = atlas.finished(landscape.identity, explorer=name, options=job, seed=seed)
    if known is not None:
        return known
    started = time.perf_counter()
    memory = _RunMemory(atlas)
    chunks = _records(
        chosen, landscape, memory, seed=seed, workers=workers, budget=left or chosen.budget, progress=progress
    )
    # What the explorer refuses, it refuses before its first records; only then does a file come into being.
    first = next(chunks, [])
    number = atlas.begin(describe(landscape), explorer=name, options=job, seed=seed, version=__version__)
    memory.run = number
    try:
        effort = _keep(first, chunks, atlas=atlas, number=number, progress=progress)
    except KeyboardInterrupt:
        atlas.finish(number, _ended(chosen, landscape, seed=seed, started=started, outcome="interrupted"))
        raise
    run = _ended(chosen, landscape, seed=seed, started=started, effort=effort)
    atlas.finish(number, run)
    return run


def map_of(
    chosen: Plan,
    landscape: Landscape,
    *,
    atlas: Atlas | None,
    seed: int,
    workers: int,
    progress: Progress,
    left: Budget | None = None,
    tolerance: float | None = None,
) -> Mapped:
    """Carry out a plan and return the map; without an atlas it is kept in memory, or made at once."""
    at_once = chosen.explorer.map_at_once
    if atlas is None and at_once is not None:
        started = time.perf_counter()
        graph = loaded(at_once)(landscape, workers=workers, progress=progress, **chosen.options)
        run = _ended(chosen, landscape, seed=seed, started=started)
        return Mapped(landscape, run, with_tolerance(graph, tolerance), {}, {})
    from spinfunnel.atlas import Atlas

    with Atlas() as own:
        db = atlas or own
        run = carried_out(chosen, landscape, atlas=db, seed=seed, workers=workers, progress=progress, left=left)
        graph = db.basin_graph(landscape.identity, of=run)
        minima, saddles = db.coordinates(landscape.identity), db.saddle_coordinates(landscape.identity)
    return Mapped(landscape, run, with_tolerance(graph, tolerance), minima, saddles)


def graph_of(
    landscape: Landscape, chunks: Iterator[list[Record]], *, explorer: str, tolerance: float | None = None
) -> BasinGraph:
    """Map that an explorer's records make, kept nowhere."""
    from spinfunnel.atlas import Atlas

    with Atlas() as db:
        number = db.begin(describe(landscape), explorer=explorer, options={}, seed=0, version=__version__)
        effort = _keep([], chunks, atlas=db, number=number, progress=no_progress)
        spent = 0 if effort is None else effort.evaluations
        db.finish(number, Run(explorer, {}, 0, __version__, spent, 0.0, "finished", exact=False))
        return with_tolerance(db.basin_graph(landscape.identity), tolerance)


def with_tolerance(graph: BasinGraph, tolerance: float | None) -> BasinGraph:
    """Return a map whose native minima are those within a tolerance of the lowest.

    Of a network it is 2 % of the energy scale unless given, else 0.
    """
    if tolerance is None:
        tolerance = NATIVE_SHARE * float((graph.facts or {}).get(SCALE, 0.0)) if graph.kind is Kind.NETWORK else 0.0
    return replace(graph, native_tolerance=tolerance)


def _records(
    chosen: Plan,
    landscape: Landscape,
    memory: _RunMemory,
    *,
    seed: int,
    workers: int,
    budget: Budget,
    progress: Progress,
) -> Iterator[list[Record]]:
    """Explore a landscape."""
    given: dict[str, Any] = {"budget": budget, "memory": memory}
    taken = {name: value for name, value in given.items() if chosen.explorer.takes(name, chosen.kind)}
    run = chosen.explorer.explore(chosen.kind)
    return run(landscape, seed=seed, workers=workers, progress=progress, **taken, **chosen.options)


def _ended(
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
    count = chosen.explorer.evaluations
    spent = 0
    if effort is not None:
        spent = effort.evaluations
    elif whole and count is not None:
        spent = loaded(count)(landscape)
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
