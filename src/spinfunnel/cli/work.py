"""From what was typed to studies: everything is checked first, then explored, then answered."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinfunnel.cli import terminal
from spinfunnel.cli.file_options import resolved

if TYPE_CHECKING:
    from spinfunnel.atlas import Atlas, LandscapeEntry
    from spinfunnel.formats.trajectories import Points
    from spinfunnel.landscape import BasinGraph, Budget, Landscape
    from spinfunnel.pipeline.result import Study

__all__ = [
    "advised",
    "answer",
    "demonstrate",
    "explored",
    "explorer_of",
    "exported",
    "kept",
    "limit_of",
    "null_choice",
    "recalled",
    "studies",
]


@terminal.prints_aside()
def studies(
    systems: Sequence[str],
    *,
    explorer: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    atlas: str | None = None,
    nulls: bool | int = True,
    temperature: float | None = None,
    native_tolerance: float | None = None,
    budget: str | None = None,
    report: Path | None = None,
    quick: bool = False,
    quiet: bool = False,
    found_one: Callable[[Study], None] = lambda _study: None,
) -> list[Study]:
    """Study systems one after the other; whatever can be refused is refused before the first is explored.

    ``found_one`` is told each study as soon as it is there.
    """
    if report is not None:
        terminal.check_report(report)
    with terminal.progress_shown("starting", wanted=not quiet):
        landscapes = _checked(systems, explorer=explorer, seed=seed, budget=budget, quick=quick)
        from spinfunnel.pipeline.request import Request
        from spinfunnel.pipeline.study import opened, study
    found = []
    with opened(atlas) as db:
        for system, landscape in zip(systems, landscapes, strict=True):
            with terminal.progress_shown(system, wanted=not quiet) as progress:
                request = Request(
                    landscape=landscape,
                    explorer=explorer,
                    seed=seed,
                    workers=workers,
                    budget=limit_of(budget),
                    atlas=db,
                    nulls=nulls,
                    temperature=temperature,
                    native_tolerance=native_tolerance,
                    quick=quick,
                    views=report is not None,
                    progress=progress,
                )
                found.append(study(request))
            found_one(found[-1])
    return found


def demonstrate(
    systems: Sequence[str], *, seed: int, workers: int | None, report: Path, json: bool, quiet: bool
) -> None:
    """Print the verdict of each system as soon as it is there, then where the page is."""
    from spinfunnel.cli import show

    out = sys.stdout  # what a user's function prints goes aside, the verdicts do not

    def told(study: Study) -> None:
        with redirect_stdout(out):
            show.verdict(study)

    silent: Callable[[Study], None] = lambda _study: None  # noqa: E731 - as the default of `studies`
    found = studies(
        systems, seed=seed, workers=workers, report=report, quiet=quiet or json, found_one=silent if json else told
    )
    _write_report(found, report)
    if json:
        from spinfunnel.pipeline.result import studies_to_json

        terminal.put_json(studies_to_json(found))
    elif not quiet:
        show.demonstrated(report)


@terminal.prints_aside()
def explored(
    system: str, *, explorer: str, seed: int, workers: int | None, atlas: str, budget: str | None, quiet: bool
) -> dict[str, Any]:
    """Map one system into an atlas; the map as JSON."""
    with terminal.progress_shown("starting", wanted=not quiet):
        from spinfunnel.atlas import Atlas
        from spinfunnel.pipeline.plan import describe
        from spinfunnel.pipeline.result import map_to_json
        from spinfunnel.pipeline.run import explore

        (landscape,) = _checked([system], explorer=explorer, seed=seed, budget=budget)
    with Atlas(atlas) as opened, terminal.progress_shown(system, wanted=not quiet) as progress:
        run = explore(
            landscape,
            atlas=opened,
            explorer=explorer,
            seed=seed,
            workers=workers,
            budget=limit_of(budget),
            progress=progress,
        )
        graph = opened.basin_graph(landscape.identity)
    return map_to_json(describe(landscape), run=run, graph=graph)


@terminal.prints_aside()
def recalled(
    atlas: str,
    *,
    which: str | None,
    seed: int | None,
    workers: int | None,
    nulls: bool | int,
    temperature: float | None,
    native_tolerance: float | None,
    quiet: bool,
    report: Path | None = None,
) -> list[Study]:
    """Studies of what an atlas holds; nulls where the landscape can be built again from its name."""
    from spinfunnel.atlas import Atlas
    from spinfunnel.pipeline.study import recall

    found = []
    with Atlas(atlas, read_only=True) as opened:
        for entry in _entries(opened, atlas, which=which):
            with terminal.progress_shown(entry.name, wanted=not quiet) as progress:
                landscape = _rebuilt(entry) if nulls is not False or report is not None else None
                one = recall(
                    opened,
                    entry.identity,
                    landscape=landscape,
                    nulls=nulls,
                    seed=seed,
                    workers=workers,
                    temperature=temperature,
                    native_tolerance=native_tolerance,
                    views=report is not None,
                    progress=progress,
                )
                found.append(one)
    return found


def answer(found: Sequence[Study], *, json: bool, quiet: bool, report: Path | None, every: bool = False) -> None:
    """Write the report, if one is wanted, and print the answer."""
    if report is not None:
        _write_report(found, report)
    if json:
        from spinfunnel.pipeline.result import studies_to_json

        terminal.put_json(studies_to_json(found))
        return
    from spinfunnel.cli import show

    show.studies(found, quiet=quiet, every=every, report=report)


def _write_report(found: Sequence[Study], report: Path) -> None:
    from spinfunnel.landscape.passwords import without_passwords
    from spinfunnel.report import write_report

    write_report(found, report, command=without_passwords(shlex.join(["spinfunnel", *sys.argv[1:]])))


@terminal.prints_aside()
def advised(system: str, *, seed: int, workers: int | None, budget: str | None) -> dict[str, Any]:
    """Say which method suits a system, as plain objects."""
    from spinfunnel.landscape import InputError, is_binary
    from spinfunnel.pipeline.advice import advise
    from spinfunnel.pipeline.plan import threads

    limit = limit_of(budget)
    if limit is not None and limit.seconds is None:
        raise InputError(f"advice is given in a time, not in {budget} evaluations; give --budget as 30s or 5m")
    landscape = resolved(system, seed=seed)
    if not is_binary(landscape):
        raise InputError(f"{system} has no spins to flip; advice is on binary landscapes")
    seconds = 10.0 if limit is None or limit.seconds is None else limit.seconds
    found = advise(landscape, seconds=seconds, seed=seed, workers=threads(workers))
    return {"landscape": {"name": landscape.name, "size": landscape.size}, "advice": found.to_json()}


def null_choice(nulls: bool, samples: int | None) -> bool | int:
    """Put --nulls and --null-samples together."""
    return samples if nulls and samples is not None else nulls


def explorer_of(explorer: str, samples: str | None, checkpoints: str | None = None) -> str:
    """Put --explorer together with --samples or --checkpoints, each of which names what a map is made from."""
    from spinfunnel.landscape import InputError

    if samples is not None and checkpoints is not None:
        raise InputError("--samples are of spins and --checkpoints of a network; give one of the two")
    for name, file in (("samples", samples), ("checkpoints", checkpoints)):
        if file is None:
            continue
        if explorer != "auto" and explorer.partition(":")[0] != name:
            raise InputError(f"--{name} maps from {file}, not by {explorer}; give one of the two")
        rest = explorer.partition(":")[2]
        return f"{name}:file={file}" + (f",{rest}" if rest else "")
    return explorer


def limit_of(budget: str | None) -> Budget | None:
    """Read --budget."""
    from spinfunnel.landscape import Budget

    return None if budget is None else Budget.read(budget)


def kept(atlas: str | None) -> str:
    """Say what an interrupted command leaves behind."""
    if atlas is None:
        return "nothing was kept; with --atlas PATH finished maps are kept and the same command goes on from there"
    return f"what was finished is kept in {atlas}, and the same command resumes it"


def _checked(
    systems: Sequence[str], *, explorer: str, seed: int, budget: str | None, quick: bool = False
) -> list[Landscape]:
    """Landscapes of what was typed; what cannot be explored is refused before anything is."""
    limit = limit_of(budget)
    landscapes: list[Landscape] = [resolved(system, seed=seed) for system in systems]
    from spinfunnel.pipeline.plan import refuse_unexplorable  # after the files: a bad one is refused at once

    for landscape in landscapes:
        refuse_unexplorable(landscape, explorer=explorer, budget=limit, quick=quick)
    return landscapes


def _entries(opened: Atlas, atlas: str, *, which: str | None) -> list[LandscapeEntry]:
    from spinfunnel.landscape import InputError

    every = opened.landscapes()
    chosen = [entry for entry in every if which in {None, entry.name, entry.identity}]
    if not chosen:
        names = ", ".join(sorted({entry.name for entry in every})) or "none"
        raise InputError(f"the atlas {atlas} holds no landscape {which!r}; it holds: {names}")
    done = [
        entry
        for entry in chosen
        if any(run.outcome in {"finished", "out of budget"} for run in opened.runs(entry.identity))
    ]
    if len(done) < len(chosen) and done:
        terminal.say(
            f"{len(chosen) - len(done)} unfinished maps of {atlas} are left out; repeat the command that began them"
        )
    return done or chosen


def _rebuilt(entry: LandscapeEntry) -> Landscape | None:
    """Build a landscape again from its name and parameters, if that gives the very same one."""
    from spinfunnel.systems import rebuilt

    landscape = rebuilt(entry.name, entry.parameters)
    return landscape if landscape is not None and landscape.identity == entry.identity else None


def exported(
    atlas: str, *, form: str, output: Path | None, which: str | None, overwrite: bool, between: str | None = None
) -> list[Path]:
    """Write one map of an atlas in a format of other programs; the files written."""
    from spinfunnel.atlas import Atlas
    from spinfunnel.formats.export import FORMATS, export
    from spinfunnel.formats.trajectories import POINTS, export_points
    from spinfunnel.landscape import InputError

    if between is not None and form != "pathway":
        raise InputError(f"--between names the ends of a pathway; {form} writes the whole map, leave it out")
    points = None
    with Atlas(atlas, read_only=True) as opened:
        entries = _entries(opened, atlas, which=which)
        if len(entries) > 1:
            choices = ", ".join(f"{entry.name} ({entry.identity})" for entry in entries)
            raise InputError(f"the atlas {atlas} holds {len(entries)} maps; choose one with --landscape: {choices}")
        graph = opened.basin_graph(entries[0].identity)
        if form in POINTS:
            points = _points(opened, entries[0], graph)
            if form == "pathway":
                points = _with_pathway(points, entries[0], graph, between=between)
    formats = {**FORMATS, **POINTS}
    if output is None and form in formats:
        name = "".join(letter if letter.isalnum() else "-" for letter in entries[0].name)
        output = Path(f"{name}-{form}" if formats[form].files else f"{name}{formats[form].extension}")
    if points is not None:
        return export_points(points, output or Path(), format=form, overwrite=overwrite)
    return export(graph, output or Path(), format=form, overwrite=overwrite)


def _points(opened: Atlas, entry: LandscapeEntry, graph: BasinGraph) -> Points:
    """Coordinates of the stationary points of atoms, in the order in which the map has them."""
    from spinfunnel.formats.trajectories import Points
    from spinfunnel.landscape import InputError

    landscape: Any = _rebuilt(entry) if entry.name == "ase" else None
    minima, saddles = opened.coordinates(entry.identity), opened.saddle_coordinates(entry.identity)
    if getattr(landscape, "frame", None) is not None:
        return Points(
            [(float(e), landscape.with_held(minima[key])) for key, e in zip(graph.key, graph.energy, strict=True)],
            [
                (float(e), landscape.with_held(saddles[key]))
                for key, e in zip(graph.saddle_key, graph.saddle_energy, strict=True)
            ],
            tuple(landscape.atoms.get_chemical_symbols()),
            box=landscape.box,
        )
    if entry.kind.word != "smooth" or not entry.size or entry.size % 3:
        raise InputError(f"{entry.name} is no landscape of atoms in space: its coordinates have no such files")
    energies = zip(graph.saddle_key.tolist(), graph.saddle_energy.tolist(), strict=True)
    return Points(
        [(energy, minima[key]) for key, energy in zip(graph.key.tolist(), graph.energy.tolist(), strict=True)],
        [(energy, saddles[key]) for key, energy in energies],
        _symbols(entry, atoms=entry.size // 3),
    )


def _with_pathway(points: Points, entry: LandscapeEntry, graph: BasinGraph, *, between: str | None) -> Points:
    """Coordinates with the lowest known way between two minima, the two lowest unless named."""
    from dataclasses import replace

    from spinfunnel.explore.smooth.pathway import follow_pathway
    from spinfunnel.landscape import InputError

    landscape: Any = _rebuilt(entry)
    if landscape is None:
        raise InputError(f"the energy of {entry.name} is not known here, and pathways are followed down its slopes")
    if graph.minima < 2:
        raise InputError(f"{entry.name} has one known minimum: there is no way to another")
    start, end = (0, 1) if between is None else _ends(between, graph)
    minima = {key: state for key, (_, state) in zip(graph.key.tolist(), points.minima, strict=True)}
    saddles = {key: state for key, (_, state) in zip(graph.saddle_key.tolist(), points.saddles, strict=True)}
    return replace(points, pathway=follow_pathway(landscape, graph, minima, saddles, start=start, end=end))


def _ends(between: str, graph: BasinGraph) -> tuple[int, int]:
    """Read --between: two minima by number, from 1 and the lowest, or by key."""
    from spinfunnel.landscape import InputError

    keys, found = graph.key.tolist(), []
    for word in between.split(","):
        name = word.strip()
        number = int(name) - 1 if name.isdecimal() else keys.index(name) if name in keys else -1
        if not 0 <= number < graph.minima:
            raise InputError(f"there is no minimum {name[:60]!r}; give numbers from 1 to {graph.minima}, or keys")
        found.append(number)
    if len(found) != 2 or found[0] == found[1]:
        raise InputError(f"--between {between} names no two minima; give them as 1,2")
    return found[0], found[1]


def _symbols(entry: LandscapeEntry, *, atoms: int) -> tuple[str, ...]:
    """Elements of the atoms of an ASE landscape; X for those of models."""
    from spinfunnel.landscape import InputError

    if entry.name == "ase":
        from spinfunnel.systems.atoms.ase_atoms import ase_atoms

        given: dict[str, Any] = dict(entry.parameters)
        try:
            return tuple(ase_atoms(**given).atoms.get_chemical_symbols())
        except InputError as problem:
            raise InputError(f"the elements of {entry.name} are not known any more: {problem}") from None
    return ("X",) * atoms
