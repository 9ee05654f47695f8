"""One landscape from beginning to end: plan, explore, measure, compare with nulls, judge."""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape import Budget, InputError, Kind, Landscape, Polynomial, Progress, Run, no_progress
from spinfunnel.measure import measure_all
from spinfunnel.null import Asked
from spinfunnel.null.compare import Comparison, compare
from spinfunnel.null.ensemble import null_sample_count
from spinfunnel.pipeline.clock import StudyClock
from spinfunnel.pipeline.null_maps import NullMaps
from spinfunnel.pipeline.plan import Plan, describe, plan, threads
from spinfunnel.pipeline.progress_bar import progress_bar
from spinfunnel.pipeline.request import Nulls, Request
from spinfunnel.pipeline.result import Study
from spinfunnel.pipeline.run import Mapped, map_of, with_tolerance
from spinfunnel.pipeline.views import curvature_of, details_of, views_of
from spinfunnel.verdict import judge_map

if TYPE_CHECKING:
    from spinfunnel.atlas import Atlas, LandscapeEntry

__all__ = ["opened", "recall", "study"]

ADVICE_SHARE, FEWEST_FLIPS, LEAST_ADVICE = 0.2, 1e6, 0.5
"""Flips that advice may take over those of exploring, the fewest, and the least seconds where time is limited."""


def study(landscape: Any, **options: Any) -> Study:
    """Explore a landscape, measure its map, compare it with its nulls and judge it.

    Parameters
    ----------
    landscape : Landscape, Request, or anything of which `systems.landscape_from` makes a landscape
        A text such as "sk:n=10", a file, a model of dimod, a matrix, a graph of NetworkX, atoms of ASE, a function.
    **options
        Attributes of `Request`; and what `systems.landscape_from` takes, for what is no landscape yet. Without
        ``progress=...`` a bar is drawn on a terminal and in a notebook.

    Raises
    ------
    InputError
        For an unknown explorer or option, one that this landscape cannot honour, a landscape that does not fit into
        memory, or what is no atlas.

    Examples
    --------
    One stored pattern makes a landscape with one minimum, up to the global flip:

    >>> from spinfunnel.systems import hopfield_memory
    >>> result = study(hopfield_memory(10, patterns=1, seed=1))
    >>> result.graph.minima, str(result.measures["funnel_weight"])
    (1, '1')
    """
    if isinstance(landscape, Request):
        return _studied(landscape if not options else dataclasses.replace(landscape, **options))
    asked = {field.name for field in dataclasses.fields(Request)}
    of_landscape = {name: value for name, value in options.items() if name not in asked}
    of_study = {name: value for name, value in options.items() if name in asked}
    if isinstance(of_study.get("budget"), str):
        of_study["budget"] = Budget.read(of_study["budget"])
    if of_landscape or not isinstance(getattr(landscape, "kind", None), Kind):
        landscape = _made(landscape, of_landscape, seed=int(options.get("seed", 0)))
    if "progress" in options:
        return _studied(Request(landscape=landscape, **of_study))
    with progress_bar(str(landscape.name)) as progress:
        return _studied(Request(landscape=landscape, **of_study, progress=progress))


def _made(what: Any, of_landscape: Mapping[str, Any], *, seed: int) -> Landscape:
    """Landscape of what is none yet; a system by name has the seed of the study unless it names one."""
    from spinfunnel.systems import landscape_from

    unknown = sorted(of_landscape.keys() - inspect.signature(landscape_from).parameters.keys())
    if unknown:
        raise InputError(f"a study takes no {unknown[0]}=...; help(spinfunnel.Request) lists what it takes")
    named: dict[str, Any] = {"seed": seed} if isinstance(what, str | Path) else {}
    made: Landscape = landscape_from(what, **named, **of_landscape)
    return made


def _studied(asked: Request) -> Study:
    """Go the one road: plan, map, measure, compare, judge, and what pictures and advice need."""
    workers = threads(asked.workers)
    if asked.landscape is None:
        raise InputError("there is nothing to study: give a landscape")
    chosen = plan(asked.landscape, asked.explorer, budget=asked.budget, quick=asked.quick)
    clock = _clock(asked, chosen)
    clock.compile_kernels(asked.landscape)
    with opened(asked.atlas) as db:
        found = map_of(
            _shortened(chosen, asked, clock, atlas=db),
            asked.landscape,
            atlas=db,
            seed=asked.seed,
            workers=workers,
            progress=asked.progress,
            left=clock.left_to_exploring(),
            tolerance=asked.native_tolerance,
        )
        entry = describe(asked.landscape)
        return _concluded(asked, found, entry, clock=clock, workers=workers, atlas=db)


def opened(atlas: Atlas | str | Path | None) -> AbstractContextManager[Atlas | None]:
    """Atlas of a study: as given, opened by its name, or none."""
    if atlas is None:
        return nullcontext()
    from spinfunnel.atlas import Atlas

    return nullcontext(atlas) if isinstance(atlas, Atlas) else Atlas(atlas)


def _shortened(chosen: Plan, asked: Request, clock: StudyClock, *, atlas: Atlas | None) -> Plan:
    """Return the plan with the share of its time that exploring has; as it is where the atlas holds it finished."""
    if atlas is not None and asked.landscape is not None:
        name, identity = chosen.explorer.name, asked.landscape.identity
        if atlas.finished(identity, explorer=name, options=chosen.job, seed=asked.seed) is not None:
            return chosen
    return dataclasses.replace(chosen, budget=clock.exploring())


def recall(
    atlas: Atlas,
    identity: str,
    *,
    landscape: Landscape | None = None,
    nulls: Nulls = True,
    seed: int | None = None,
    workers: int | None = None,
    temperature: float | None = None,
    native_tolerance: float | None = None,
    views: bool = True,
    progress: Progress = no_progress,
) -> Study:
    """Measure and judge what an atlas holds, without exploring.

    Parameters
    ----------
    atlas : Atlas
    identity : str
        Of the landscape in the atlas.
    landscape : Landscape, optional
        The landscape itself: its null is made from its energies, which an atlas does not keep.
    nulls, workers, temperature, native_tolerance, views, progress
        As in `Request`.
    seed : int, optional
        Of the null ensemble; the run's unless given.

    Raises
    ------
    InputError
        When the atlas holds no finished map of it, or `landscape` is another one.
    """
    if landscape is not None and landscape.identity != identity:
        raise InputError(
            f"the landscape given is {landscape.identity}, not {identity} of the atlas; give the one that was explored"
        )
    graph = atlas.basin_graph(identity)
    entry = next(entry for entry in atlas.landscapes() if entry.identity == identity)
    last = [run for run in atlas.runs(identity) if run.outcome in {"finished", "out of budget"}][-1]
    run = Run(**{field.name: getattr(last, field.name) for field in dataclasses.fields(Run)})
    asked = Request(
        landscape=landscape,
        seed=run.seed if seed is None else seed,
        workers=workers,
        nulls=nulls,
        temperature=temperature,
        native_tolerance=native_tolerance,
        advice=landscape is not None,
        views=views,
        progress=progress,
    )
    minima, saddles = atlas.coordinates(identity), atlas.saddle_coordinates(identity)
    found = Mapped(landscape, run, with_tolerance(graph, native_tolerance), minima, saddles)
    clock = StudyClock(Budget(), graph.kind)
    shown = entry if landscape is None else describe(landscape)
    return _concluded(asked, found, shown, clock=clock, workers=threads(workers), atlas=atlas)


def _concluded(
    asked: Request, found: Mapped, entry: LandscapeEntry, *, clock: StudyClock, workers: int, atlas: Atlas | None
) -> Study:
    """Measure a map, compare it with its nulls, judge it, and make what advice and pictures need."""
    graph, landscape = found.graph, found.landscape
    asked.progress("measuring", 0.0)
    measures = measure_all(
        graph,
        temperature=asked.temperature,
        names=asked.measures,
        landscape=landscape,
        workers=workers,
        seed=asked.seed,
        deadline=clock.until("walks"),
    )
    beside = Comparison({}, {}, {})
    nulls = NullMaps(found, asked, atlas=atlas, workers=workers)
    if asked.nulls is not False:
        beside = compare(
            Asked(
                landscape=landscape,
                graph=graph,
                count=_null_samples(asked, entry),
                seed=asked.seed,
                temperature=asked.temperature,
                workers=workers,
                progress=asked.progress,
                deadline=clock.until("nulls"),
                map_of=nulls,
            )
        )
        measures |= {name: value for name, value in beside.own.items() if asked.measures is None or name in measures}
    verdict = judge_map(graph, measures, nulls=beside.nulls)
    limit = clock.until("views")
    curvature = curvature_of(found, quick=asked.quick, seed=asked.seed, until=limit)
    details = details_of(found, curvature)
    if asked.advice and asked.measures is None and graph.road == "sampled" and graph.kind is Kind.BINARY:
        details["advice"] = _advised(asked, found, workers=workers, until=clock.until("advice"))
    views = {}
    if asked.views:
        views = views_of(
            found, nulls.made, curvature, quick=asked.quick, seed=asked.seed, until=limit, progress=asked.progress
        )
    return Study(entry, found.run, graph, measures, beside.nulls, beside.samples, verdict, details=details, views=views)


def _null_samples(asked: Request, entry: LandscapeEntry) -> int:
    """Size of each null ensemble: as asked, or by the number of states; 0 where the null itself knows what suits."""
    if asked.nulls is not True:
        return int(asked.nulls)
    return 0 if entry.kind is Kind.NETWORK else null_sample_count(entry.states or 0)


def _advised(asked: Request, found: Mapped, *, workers: int, until: float) -> dict[str, Any]:
    """Which method suits, as plain objects: tried for a time, or for a share of what exploring took."""
    from spinfunnel.explore.sample.tabulated import tabulated
    from spinfunnel.moves.spins import spin_model
    from spinfunnel.pipeline.advice import advise

    binary: Any = asked.landscape
    if not isinstance(binary, Polynomial):
        binary = tabulated(binary, spin_model(binary))
    timed = np.isfinite(until)
    advice = advise(
        binary,
        target=float(found.graph.energy[0]),
        seconds=max(until - time.perf_counter(), LEAST_ADVICE) if timed else 1.0,
        flips=None if timed else max(ADVICE_SHARE * found.run.evaluations, FEWEST_FLIPS),
        seed=asked.seed,
        workers=workers,
        progress=asked.progress,
    )
    return advice.to_json()


def _clock(asked: Request, chosen: Plan) -> StudyClock:
    """Share out a budget of time over the stages of a study."""
    without = {"nulls"} if asked.nulls is False else set()
    without |= set() if asked.advice else {"advice"}
    return StudyClock(chosen.budget, chosen.kind, frozenset(without))
