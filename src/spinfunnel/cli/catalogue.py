"""What there is: systems, explorers and measures, each with its source."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spinfunnel.cli.show import console
from spinfunnel.cli.terminal import put_json

if TYPE_CHECKING:
    from spinfunnel.explore import Explorer
    from spinfunnel.formats import ProblemFormat
    from spinfunnel.formats.export import Format
    from spinfunnel.measure import Measure
    from spinfunnel.systems import System

__all__ = ["explorers", "formats", "measures", "systems"]


def systems(name: str | None, *, json: bool) -> None:
    """List the systems, or show one in detail."""
    from spinfunnel.landscape import InputError
    from spinfunnel.systems import SYSTEMS
    from spinfunnel.systems.registry import suggestion

    if name is not None and name not in SYSTEMS:
        raise InputError(
            f"there is no system {name!r}{suggestion(name, list(SYSTEMS))}; there are {', '.join(SYSTEMS)}"
        )
    chosen = list(SYSTEMS.values()) if name is None else [SYSTEMS[name]]
    if json:
        put_json({"systems": [_system_json(system) for system in chosen]})
    elif name is None:
        _list_systems(chosen)
    else:
        _show_system(chosen[0])


def formats(name: str | None, *, json: bool) -> None:
    """List the formats of files, or show one of a problem in detail."""
    from spinfunnel.formats import FORMATS_READ
    from spinfunnel.formats.export import FORMATS
    from spinfunnel.formats.trajectories import POINTS
    from spinfunnel.landscape import InputError
    from spinfunnel.landscape.assignments import suggestion

    if name is not None and name not in FORMATS_READ:
        raise InputError(
            f"there is no format {name[:40]!r}{suggestion(name, list(FORMATS_READ))}; there are "
            f"{', '.join(FORMATS_READ)}"
        )
    chosen = list(FORMATS_READ.values()) if name is None else [FORMATS_READ[name]]
    written = [] if name is not None else [*FORMATS.values(), *POINTS.values()]
    if json:
        put_json({"read": [_read_json(row) for row in chosen], "written": [_written_json(row) for row in written]})
        return
    out = console()
    if name is not None:
        row = chosen[0]
        out.print(Text.assemble((row.name, "bold"), f"  {row.summary}"))
        out.print(Text(f"  {row.source}; {' '.join(row.endings)}", style="dim"))
        out.print(Text(f"\nExample:\n{row.example.rstrip()}"))
        return
    table = _table("problems read", "endings", "what", "source")
    for row in chosen:
        table.add_row(row.name, Text(" ".join(row.endings)), Text(row.summary), Text(row.source, style="dim"))
    out.print(table)
    below = _table("maps written", "files", "what", "source")
    for kind in written:
        files = " ".join(kind.files) or kind.extension
        below.add_row(kind.name, Text(files), Text(kind.summary), Text(kind.source, style="dim"))
    out.print(Padding(below, (1, 0, 0, 0)))
    out.print(
        Text(
            "\nAlso read: databases of the Cambridge programs (a folder with min.data), PDB, mmCIF, ASE's files.\n"
            "A file is recognised by its content; --format NAME, or FILE:format=NAME, overrides that. "
            "One in detail: spinfunnel formats NAME"
        )
    )


def _read_json(row: ProblemFormat) -> dict[str, Any]:
    return {
        "name": row.name, "endings": list(row.endings), "summary": row.summary, "source": row.source,
        "example": row.example, "options": [{"form": "as"}.get(option, option) for option in row.options],
    }  # fmt: skip


def _written_json(row: Format) -> dict[str, Any]:
    files = list(row.files) or [row.extension]
    return {"name": row.name, "files": files, "summary": row.summary, "source": row.source}


def explorers(*, json: bool) -> None:
    """List the explorers."""
    from spinfunnel.explore import EXPLORERS

    if json:
        put_json({"explorers": [_explorer_json(explorer) for explorer in EXPLORERS.values()]})
        return
    table = _table("explorer", "landscapes", "what", "source")
    for explorer in EXPLORERS.values():
        table.add_row(
            explorer.name, ", ".join(explorer.kinds), Text(explorer.summary), Text(explorer.source, style="dim")
        )
    console().print(table)


def measures(name: str | None, *, json: bool) -> None:
    """List the measures, or show one in detail."""
    from spinfunnel.landscape import InputError
    from spinfunnel.measure import MEASURES
    from spinfunnel.systems.registry import suggestion

    if name is not None and name not in MEASURES:
        raise InputError(
            f"there is no measure {name[:40]!r}{suggestion(name, list(MEASURES))}; spinfunnel measures lists them"
        )
    chosen = list(MEASURES.values()) if name is None else [MEASURES[name]]
    if json:
        put_json({"measures": [_measure_json(measure) for measure in chosen]})
        return
    if name is not None:
        _show_measure(chosen[0])
        return
    table = _table("measure", "what", "source")
    for measure in chosen:
        table.add_row(measure.name, Text(measure.summary), Text(measure.source, style="dim"))
    console().print(table)
    console().print(Text("\nOne in detail: spinfunnel measures NAME"))


ROADS = {
    "exact": "maps of all states",
    "sampled": "sampled maps of spins or bits",
    "smooth": "smooth maps (minima and saddles)",
    "trained": "trained networks",
}
"""Kinds of maps in words, by how they are measured."""


def _show_measure(measure: Measure) -> None:
    """Print what a measure is, its definition as its code documents it, its limits, and where it has an answer."""
    from spinfunnel.verdict.thresholds import THRESHOLDS

    out = console()
    out.print(Text.assemble((measure.name, "bold"), f"  {measure.summary}"))
    out.print(Text(f"  {measure.source}", style="dim"))
    answers = {road: getattr(measure, road) for road in ROADS}
    there = [ROADS[road] for road, answer in answers.items() if answer is not None]
    missing = [ROADS[road] for road, answer in answers.items() if answer is None]
    out.print(Text(f"\nHas an answer for: {'; '.join(there)}"))
    if missing:
        out.print(Text(f"Has none for: {'; '.join(missing)}"))
    if measure.reads == "landscape":
        out.print(Text("Reads the energies of the states, not the map alone."))
    for limit in (f"{measure.name}_lost", measure.name):
        if limit in THRESHOLDS:
            side = "no" if limit.endswith("_lost") else "yes"
            out.print(Text(f"Limit of the verdict for {side}: {THRESHOLDS[limit].value:g}"))
    told = next((text for answer in answers.values() if answer is not None and (text := definition(answer))), "")
    if told:
        out.print(Text(f"\n{told}"), soft_wrap=True)


def definition(answer: Any) -> str:
    """What a function's documentation says, without its examples; empty of one that is none of ours."""
    function = inspect.unwrap(getattr(answer, "func", answer))
    text = inspect.getdoc(function) if inspect.isfunction(function) else None
    return (text or "").partition("Examples\n--------")[0].rstrip()


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    return table


def _list_systems(chosen: list[System]) -> None:
    table = _table("system", "parameters and defaults", "what", "source")
    for system in chosen:
        given = ",".join(f"{parameter.name}={parameter.default}" for parameter in system.parameters)
        table.add_row(system.name, Text(given.replace(",", ", ")), system.summary, Text(system.source, style="dim"))
    out = console()
    out.print(table)
    out.print(
        Text(
            "\nType a name, or name:parameter=value,...; a problem file (spinfunnel formats); "
            "or file.py:function.\n"
            "One in detail: spinfunnel systems NAME"
        )
    )


def _show_system(system: System) -> None:
    out = console()
    out.print(Text.assemble((system.name, "bold"), f"  {system.summary}"))
    out.print(Text(f"  {system.source}", style="dim"))
    table = _table("parameter", "kind", "default")
    for parameter in system.parameters:
        table.add_row(parameter.name, parameter.kind, parameter.default)
    out.print(Padding(table, (1, 0, 1, 2)))
    description = (inspect.getdoc(system.build) or "").partition("Examples\n--------")[0]
    out.print(Text(description.rstrip()), soft_wrap=True)
    first = next((p for p in system.parameters if p.name != "seed"), None)
    example = f"{system.name}:{first.name}={first.default},seed=1" if first else system.name
    out.print(Text(f"\nExample: spinfunnel judge {example}"))


def _system_json(system: System) -> dict[str, Any]:
    parameters = [{"name": p.name, "kind": p.kind, "default": p.default} for p in system.parameters]
    return {"name": system.name, "parameters": parameters, "summary": system.summary, "source": system.source}


def _explorer_json(explorer: Explorer) -> dict[str, Any]:
    return {
        "name": explorer.name,
        "kinds": list(explorer.kinds),
        "exact": explorer.exact,
        "options": dict(explorer.options(explorer.kinds[0])),
        "summary": explorer.summary,
        "source": explorer.source,
    }


def _measure_json(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "definition": measure.definition,
        "summary": measure.summary,
        "source": measure.source,
        "roads": [road for road in ROADS if getattr(measure, road) is not None],
    }
