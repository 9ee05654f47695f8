"""One landscape from beginning to end: explore, keep, measure, compare with its null, judge."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.atlas import Atlas, LandscapeEntry
from spinfunnel.landscape import BasinGraph, Binary, Budget, InputError, Landscape, Progress, Run, no_progress
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.landscape.states import Shuffleable
from spinfunnel.measure import measure_all
from spinfunnel.null.compare import compare, null_sample_count
from spinfunnel.pipeline.advice import advise
from spinfunnel.pipeline.allotment import Allotment
from spinfunnel.pipeline.plan import Plan, describe, ended, explore, plan, refuse_unexplorable, threads
from spinfunnel.verdict.binary import Verdict, judge

__all__ = ["Study", "describe", "explore", "map_to_json", "recall", "refuse_unexplorable", "study"]

ADVICE_SHARE, FEWEST_FLIPS, LEAST_ADVICE = 0.2, 1e6, 0.5
"""Flips that advice may take over those of exploring, the fewest, and the least seconds where time is limited."""

Nulls = bool | int
"""Whether to compare with the nulls, or with how many samples of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """A smooth landscape and where its stationary points lie, for pictures that are made from both.

    Attributes
    ----------
    landscape : Differentiable
    minima, saddles : mapping from key to bytes
        Positions, doubles one after the other (see `Minimum.state`).
    """

    landscape: Any
    minima: Mapping[str, bytes]
    saddles: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What came of one landscape.

    Attributes
    ----------
    landscape : LandscapeEntry
        Name, parameters, kind, size, states, symmetry and identity.
    run : Run
        Who explored it, from which seed, for how long.
    graph : BasinGraph
        The map.
    measures : mapping from name to Estimate or NoAnswer
    nulls : mapping from null to (mapping from name to Estimate or NoAnswer)
        Mean of the null ensemble with its central 95 %.
    null_samples : mapping from null to int
        Size of each ensemble.
    verdict : Verdict
    figures : tuple of Picture
        Pictures of this landscape's own, for the report.
    details : mapping
        What else is known, as plain numbers under names of their own; part of the JSON object.
    coordinates : Coordinates or None
        Of a smooth landscape.
    """

    landscape: LandscapeEntry
    run: Run
    graph: BasinGraph
    measures: Mapping[str, Measurement]
    nulls: Mapping[str, Mapping[str, Measurement]]
    null_samples: Mapping[str, int]
    verdict: Verdict
    figures: tuple[Any, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    coordinates: Coordinates | None = None

    def report(self, path: str | Path, *, command: str | None = None) -> Path:
        """Write the report, one self-contained HTML page, and return its path.

        Raises
        ------
        InputError
            When the page cannot be written there.
        """
        from spinfunnel.report import write_report

        return write_report([self], path, command=command)

    def to_json(self) -> dict[str, Any]:
        """Return the study as what ``spinfunnel judge --json`` prints: strictly valid JSON, without NaN and infinity.

        All but ``run.seconds`` is the same for the same seed, on any number of workers.
        """
        answer = map_to_json(self.landscape, run=self.run, graph=self.graph)
        answer["measures"] = {
            name: _measure_json(value, {null: row[name] for null, row in self.nulls.items() if name in row})
            for name, value in self.measures.items()
        }
        answer["null_samples"] = dict(self.null_samples)
        answer["verdict"] = {
            "kind": self.verdict.kind,
            "reason": self.verdict.reason,
            "evidence": {
                name: _measure_json(item.measurement, item.nulls) for name, item in self.verdict.evidence.items()
            },
        }
        return answer | dict(self.details)


def study(
    landscape: Landscape,
    *,
    explorer: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    budget: Budget | None = None,
    atlas: Atlas | str | Path | None = None,
    measures: Iterable[str] | None = None,
    nulls: Nulls = True,
    advice: bool = True,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
    progress: Progress = no_progress,
) -> Study:
    """Explore a landscape, measure its map, compare it with its null and judge it.

    Parameters
    ----------
    landscape : Binary, Graph or Smooth
    explorer : str
        A name in `EXPLORERS`, with options as ``name:option=value,...``; "auto" takes the exact one where it fits.
    seed : int
        Of the explorer and of the null ensemble.
    workers : int, optional
        Threads; all cores unless given. The result does not depend on it.
    budget : Budget, optional
        For an explorer that samples. A time is that of the whole study of a binary landscape: exploring takes 57 % of
        it, walks and nulls 14 % each, advice 10 % (see `allotment`); evaluations are those of exploring.
    atlas : Atlas, str or Path, optional
        Where the map is kept; nowhere unless given. A job that is finished there is read instead of done again.
    measures : iterable of str, optional
        Names in `MEASURES`; all unless given. The verdict rests on those.
    nulls : bool or int
        Whether to compare with shuffled energies and shuffled interactions; a number sets the size of those ensembles
        (see `nulls.null_sample_count`).
    advice : bool
        Whether to say of a binary landscape that was sampled which method suits it (`Study.details`).
    temperature : float, optional
        For the measures that need one, in the unit of the energy.
    native_tolerance : float
        Minima within this of the ground energy count as native.
    progress : callable
        Told the stage and the share of it that is done.

    Raises
    ------
    InputError
        For an unknown explorer, a landscape that it cannot take or that does not fit into memory, or what is
        no atlas.

    Examples
    --------
    One stored pattern makes a landscape with one minimum, up to the global flip:

    >>> from spinfunnel.systems import hopfield_memory
    >>> result = study(hopfield_memory(10, patterns=1, seed=1))
    >>> result.graph.minima, str(result.measures["funnel_weight"])
    (1, '1')
    """
    _check(seed=seed, nulls=nulls, temperature=temperature, native_tolerance=native_tolerance)
    cores = threads(workers)
    chosen = plan(landscape, explorer, budget=budget)
    time_of = _allotted(chosen, landscape, nulls=nulls, advice=advice)
    at_once = chosen.explorer.map_at_once
    coordinates = None
    if atlas is None and at_once is not None:
        started = time.perf_counter()
        found = at_once(landscape, workers=cores, progress=progress, **chosen.options)
        graph = dataclasses.replace(found, native_tolerance=native_tolerance)
        run = ended(chosen, landscape, seed=seed, started=started)
    else:
        with nullcontext(atlas) if isinstance(atlas, Atlas) else Atlas(atlas) as book:
            whole = book.finished(landscape.identity, explorer=chosen.explorer.name, options=chosen.job, seed=seed)
            shared = time_of.budget.seconds is not None and whole is None
            run = explore(
                landscape, atlas=book, explorer=explorer, seed=seed, workers=cores,
                budget=time_of.exploring() if shared else budget, left=time_of.left_to_exploring() if shared else None,
                progress=progress,
            )  # fmt: skip
            graph = book.basin_graph(landscape.identity, native_tolerance=native_tolerance)
            coordinates = _coordinates(landscape, book)
    judged = _concluded(
        describe(landscape),
        run=run,
        graph=graph,
        landscape=landscape,
        nulls=nulls,
        seed=seed,
        temperature=temperature,
        workers=cores,
        names=measures,
        advice=advice,
        time_of=time_of,
        progress=progress,
    )
    return dataclasses.replace(judged, coordinates=coordinates)


def recall(
    atlas: Atlas,
    identity: str,
    *,
    landscape: Landscape | None = None,
    nulls: Nulls = True,
    seed: int | None = None,
    workers: int | None = None,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
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
    nulls, workers, temperature, native_tolerance, progress
        As in `study`.
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
    _check(seed=seed, nulls=nulls, temperature=temperature, native_tolerance=native_tolerance)
    graph = atlas.basin_graph(identity, native_tolerance=native_tolerance)
    known = next(entry for entry in atlas.landscapes() if entry.identity == identity)
    entry = known if landscape is None else describe(landscape)
    last = [run for run in atlas.runs(identity) if run.outcome in {"finished", "out of budget"}][-1]
    fields = {field.name: getattr(last, field.name) for field in dataclasses.fields(Run)}
    run = Run(**fields)
    found = _concluded(
        entry,
        run=run,
        graph=graph,
        landscape=landscape,
        nulls=nulls,
        seed=run.seed if seed is None else seed,
        temperature=temperature,
        workers=threads(workers),
        progress=progress,
    )
    return dataclasses.replace(found, coordinates=None if landscape is None else _coordinates(landscape, atlas))


def _coordinates(landscape: Landscape, atlas: Atlas) -> Coordinates | None:
    """Where the stationary points of a smooth landscape lie; None of others, and of one that has energies alone."""
    if landscape.kind.word != "smooth" or not hasattr(landscape, "invariance"):
        return None
    identity = landscape.identity
    return Coordinates(landscape, atlas.coordinates(identity), atlas.saddle_coordinates(identity))


def map_to_json(entry: LandscapeEntry, *, run: Run, graph: BasinGraph) -> dict[str, Any]:
    """Return what is known before anything is measured, as strictly valid JSON; part of `Study.to_json`."""
    answer: dict[str, Any] = {
        "landscape": {
            "name": entry.name,
            "parameters": {name: _plain(value) for name, value in entry.parameters.items()},
            "kind": entry.kind.word,
            "size": entry.size,
            "states": entry.states,
            "symmetry": list(graph.symmetry),
            "identity": entry.identity,
        },
        "run": {
            "explorer": run.explorer,
            "exact": bool(graph.exact),
            "outcome": run.outcome,
            "seconds": run.seconds,
            "evaluations": run.evaluations,
            "seed": run.seed,
            "version": run.version,
            "failures": dict(sorted(run.failures.items())),
        },
        "minima": graph.minima,
        "saddles": graph.saddles,
        "ground_energy": float(graph.energy[0]),
        "ground_state": str(graph.key[0]),
    }
    if graph.census is not None:
        answer["ground_states"] = int(graph.census.ground_states)
        answer["minima_raw"] = int(graph.census.minima_raw)
    return answer


def _check(*, seed: int | None, nulls: Nulls, temperature: float | None, native_tolerance: float) -> None:
    """Refuse, before the work, options that would be refused after it."""
    if seed is not None and seed < 0:
        raise InputError(f"seed={seed} is out of range: give seed >= 0")
    if not isinstance(nulls, bool) and nulls < 2:
        raise InputError(f"a null ensemble of {nulls} has no spread; give at least 2 samples, or none with nulls=False")
    if temperature is not None and not 0.0 < temperature < np.inf:
        raise InputError(f"the temperature is {temperature}; give a finite number above 0")
    if not 0.0 <= native_tolerance < np.inf:
        raise InputError(f"the native tolerance is {native_tolerance}; give a finite number of at least 0")


# ---------------------------------------------------------------------------------------------
# Measuring


def _concluded(
    entry: LandscapeEntry,
    *,
    run: Run,
    graph: BasinGraph,
    landscape: Landscape | None,
    nulls: Nulls,
    seed: int,
    temperature: float | None,
    workers: int,
    progress: Progress,
    names: Iterable[str] | None = None,
    advice: bool = True,
    time_of: Allotment | None = None,
) -> Study:
    progress("measuring", 0.0)
    time_of = time_of or Allotment(Budget())
    measures = measure_all(
        graph, temperature=temperature, names=names, landscape=landscape, workers=workers, seed=seed,
        deadline=time_of.until("walks"),
    )  # fmt: skip
    ensembles: Mapping[str, Mapping[str, Measurement]] = {}
    samples: Mapping[str, int] = {}
    if nulls is not False:
        beside = compare(
            landscape,
            graph,
            count=null_sample_count(entry.states or 0) if nulls is True else int(nulls),
            seed=seed,
            temperature=temperature,
            workers=workers,
            progress=progress,
            deadline=time_of.until("nulls"),
        )
        ensembles, samples = beside.nulls, beside.samples
        measures |= beside.own
    verdict = judge(measures, nulls=ensembles, exact=graph.exact, chain=isinstance(landscape, Shuffleable))
    details: dict[str, Any] = {}
    if advice and names is None and isinstance(landscape, Binary) and not graph.exact:
        details["advice"] = _advised(
            landscape, run=run, graph=graph, seed=seed, workers=workers, until=time_of.until("advice"),
            progress=progress,
        )  # fmt: skip
    return Study(entry, run, graph, measures, ensembles, samples, verdict, details=details)


def _advised(
    landscape: Binary, *, run: Run, graph: BasinGraph, seed: int, workers: int, until: float, progress: Progress
) -> dict[str, Any]:
    """Which method suits, as plain objects: tried for a time, or for a share of what exploring took."""
    timed = np.isfinite(until)
    found = advise(
        landscape,
        target=float(graph.energy[0]),
        seconds=max(until - time.perf_counter(), LEAST_ADVICE) if timed else 1.0,
        flips=None if timed else max(ADVICE_SHARE * run.evaluations, FEWEST_FLIPS),
        seed=seed,
        workers=workers,
        progress=progress,
    )
    return found.to_json()


def _allotted(chosen: Plan, landscape: Landscape, *, nulls: Nulls, advice: bool) -> Allotment:
    """Share out a budget of time over the stages of a study that samples a binary landscape; else leave it whole."""
    shared = isinstance(landscape, Binary) and chosen.explorer.samples and chosen.budget.seconds is not None
    without = {"nulls"} if nulls is False else set()
    without |= set() if advice else {"advice"}
    made = Allotment(chosen.budget if shared else Budget(), frozenset(without))
    if shared and isinstance(landscape, Binary):
        made.compile_kernels(landscape)
    return made


# ---------------------------------------------------------------------------------------------
# JSON


def _measure_json(measurement: Measurement, nulls: Mapping[str, Measurement]) -> dict[str, Any]:
    answer = _plain_measure(measurement)
    if nulls:
        answer["null"] = {name: _plain_measure(value) for name, value in nulls.items()}
    return answer


def _plain_measure(measurement: Measurement) -> dict[str, Any]:
    if isinstance(measurement, NoAnswer):
        return {"outcome": measurement.outcome, "reason": f"{measurement.cause}; {measurement.remedy}"}
    return {
        "value": float(measurement.value),
        "low": float(measurement.low),
        "high": float(measurement.high),
        "outcome": "ok",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
