"""What a person reads: the verdict, why, what decided and what to do next; all measures where they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from spinfunnel.cli.show_checkpoints import checkpoints
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.passwords import without_passwords
from spinfunnel.pipeline import summary
from spinfunnel.report.first_screen import MEANING
from spinfunnel.report.names import landscape_title

if TYPE_CHECKING:
    from pathlib import Path

    from spinfunnel.pipeline.result import Study

__all__ = ["console", "demonstrated", "explored", "studies", "title", "verdict"]

COLOURS = {
    "funnel": "green",
    "multi-funnel": "cyan",
    "golf course": "yellow",
    "smooth": "blue",
    "glass": "magenta",
    "undecided": "bright_black",
}
PLAIN_WIDTH = 140
"""Columns where standard output is no terminal."""
LONGEST_VALUE = 40


def console() -> Console:
    """Return the console of standard output; plain and wide where it is no terminal."""
    made = Console(highlight=False, markup=False)
    return made if made.is_terminal else Console(highlight=False, markup=False, width=PLAIN_WIDTH)


def title(name: str, parameters: Mapping[str, Any]) -> str:
    """Return a landscape's name with its seed and those parameters that are not as usual, as they are typed.

    Examples
    --------
    >>> title("dfm", {"shape": (4, 5), "boundary": "periodic", "seed": 0})
    'dfm:shape=4x5,seed=0'
    """
    from spinfunnel.systems import SYSTEMS

    usual = {entry.name: entry.default for entry in SYSTEMS[name].parameters} if name in SYSTEMS else {}
    typed = {key: _typed(value) for key, value in parameters.items()}
    return _spelled(name, {key: text for key, text in typed.items() if key == "seed" or usual.get(key) != text})


def studies(found: Sequence[Study], *, quiet: bool = False, every: bool = False, report: Path | None = None) -> None:
    """Print the answer: of one landscape a dozen lines, of several the verdicts and their reasons.

    Parameters
    ----------
    found : sequence of Study
    quiet : bool
        The verdicts alone.
    every : bool
        All measures besides, as a table.
    report : Path, optional
        Where the page is.
    """
    out = console()
    if quiet:
        for study in found:
            _verdict(out, study)
    elif len(found) == 1:
        _one(out, found[0], every=every)
    else:
        if every:
            _everything(out, found)
        for study in found:
            _verdict(out, study)
            out.print(Text(f"  {summary.why(study)}"), soft_wrap=not out.is_terminal)
            checkpoints(out, study.details)
    if not quiet and (len(found) == 1 or report is None):
        for line in summary.next_lines(found):
            out.print(Text(line), soft_wrap=True)
    if not quiet and report is not None:
        out.print(Text(f"Report: {report}"), soft_wrap=True)


def _one(out: Console, study: Study, *, every: bool) -> None:
    """Print the verdict of one landscape, its meaning, its reason and what decided."""
    _verdict(out, study)
    out.print(Text(MEANING[study.verdict.kind]))
    out.print(Text(summary.why(study)), soft_wrap=not out.is_terminal)
    for line in summary.decided(study):
        out.print(Text(line), soft_wrap=True)
    checkpoints(out, study.details)
    if every:
        _everything(out, [study])


def _verdict(out: Console, study: Study) -> None:
    """Print the landscape in words, its verdict and how sure it is."""
    kind = study.verdict.kind
    coloured = (kind, f"bold {COLOURS.get(kind, '')}".strip())
    out.print(
        Text.assemble((landscape_title(study.landscape), "bold"), ": ", coloured, f" ({summary.sure(study)})"),
        soft_wrap=True,
    )


def verdict(study: Study) -> None:
    """Print the verdict of one landscape at once."""
    _verdict(console(), study)
    sys.stdout.flush()


def demonstrated(report: Path) -> None:
    """Print where the page is, and what to try next."""
    out = console()
    out.print(Text(f"Page: {report.resolve()}"), soft_wrap=True)
    out.print(Text("Next: spinfunnel judge YOUR-PROBLEM.qubo --report page.html"), soft_wrap=True)


def _everything(out: Console, found: Sequence[Study]) -> None:
    """Print the facts and every measure that has a value, and count the others."""
    out.print()
    out.print(_table(found))
    for line in _unanswered(found):
        out.print(line)
    out.print()


def explored(made: Mapping[str, Any], *, atlas: str) -> None:
    """Print what an exploration found."""
    out = console()
    place, run = made["landscape"], made["run"]
    out.print(Text(title(place["name"], place["parameters"]), style="bold"))
    out.print(
        Text(
            f"  {made['minima']} minima ({made.get('minima_raw', '?')} plain states), {made['saddles']} saddles, "
            f"ground energy {made['ground_energy']:.8g}\n"
            f"  {run['seconds']:.2f} s by {run['explorer']}, kept in {without_passwords(atlas)}"
        )
    )


def _table(found: Sequence[Study]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    single = len(found) == 1
    for header in ["value"] if single else _headers(found):
        table.add_column(Text(header), overflow="fold")
    nulls = [null for null, row in found[0].nulls.items() if any(isinstance(each, Estimate) for each in row.values())]
    nulls = nulls if single else []
    for null in nulls:
        table.add_column(Text(f"{null.replace('_', ' ')}: mean [central 95 %]"))
    for row in _facts(found):
        table.add_row(*row, *[""] * len(nulls))
    table.add_section()
    for name in _answered(found):
        cells = [_cell(study.measures[name]) for study in found]
        if single:
            table.add_row(name, cells[0], *[_null_cell(found[0], null, name) for null in nulls])
        else:
            table.add_row(
                name, *[Text.assemble(cell, _bracketed(study, name)) for cell, study in zip(cells, found, strict=True)]
            )
    if not single and any(study.nulls for study in found):
        table.caption = Text("In brackets: the mean of shuffled energies.", style="dim")
        table.caption_justify = "left"
    return table


def _answered(found: Sequence[Study]) -> list[str]:
    """Measures that have a value for one landscape at least."""
    return [name for name in found[0].measures if any(isinstance(study.measures[name], Estimate) for study in found)]


INAPPLICABLE = frozenset({"not_smooth", "smooth_map", "not_trained", "trained_map", "not_listed", "not_binary"})
"""Outcomes that say that a measure is of another kind of landscape."""


def _unanswered(found: Sequence[Study]) -> list[Text]:
    """A line for each reason why measures have no value, with their names; those of other kinds are counted."""
    answered = set(_answered(found))
    reasons: dict[tuple[str, str], list[str]] = {}
    elsewhere = 0
    for name, measurement in found[0].measures.items():
        if not isinstance(measurement, NoAnswer) or name in answered:
            continue
        if measurement.outcome in INAPPLICABLE:
            elsewhere += 1
            continue
        reasons.setdefault((measurement.outcome.replace("_", " "), measurement.cause), []).append(name)
    lines = [
        Text.assemble((", ".join(names), "dim"), (f": {outcome} ({cause})", "dim"))
        for (outcome, cause), names in reasons.items()
    ]
    if elsewhere:
        said = f"{elsewhere} measures are of other kinds of landscape: spinfunnel measures"
        lines.append(Text(said, style="dim"))
    return lines


def _headers(found: Sequence[Study]) -> list[str]:
    """Name of each landscape, with what tells it from the others of that name."""
    headers = []
    for study in found:
        name, parameters = study.landscape.name, study.landscape.parameters
        rivals = [other.landscape.parameters for other in found if other.landscape.name == name]
        own = {key: value for key, value in parameters.items() if any(other.get(key) != value for other in rivals)}
        headers.append(_spelled(name, {key: _typed(value) for key, value in own.items()}))
    return headers


def _facts(found: Sequence[Study]) -> list[list[str]]:
    rows: dict[str, list[str]] = {
        "states": [_count(study.landscape.states) for study in found],
        "minima": [_count(study.graph.minima) for study in found],
        "saddles": [_count(study.graph.saddles) for study in found],
        "ground energy": [f"{study.graph.energy[0]:.8g}" for study in found],
        "ground state": [str(study.graph.key[0]) for study in found],
        "symmetry": [", ".join(study.graph.symmetry) or "none" for study in found],
        "map": ["exact" if study.graph.exact else "sampled" for study in found],
        "seconds to explore": [f"{study.run.seconds:.2f}" for study in found],
    }
    if any(study.run.failures for study in found):
        rows["searches that led to nothing"] = [_failures(study.run.failures) for study in found]
    return [[name, *cells] for name, cells in rows.items()]


def _failures(failures: Mapping[str, int]) -> str:
    """Reasons with their numbers, the most frequent first."""
    reasons = sorted(failures.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{reason} ({_count(count)})" for reason, count in reasons) or "none"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}".replace(",", " ")


def _spelled(name: str, typed: Mapping[str, str]) -> str:
    return f"{name}:{','.join(f'{key}={text}' for key, text in typed.items())}" if typed else name


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "x".join(str(item) for item in value)
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"...{text[-LONGEST_VALUE:]}"


def _cell(measurement: Measurement) -> Text:
    if isinstance(measurement, Estimate):
        return Text(str(measurement))
    return Text(measurement.outcome.replace("_", " "), style="dim")


def _null_cell(study: Study, null_name: str, name: str) -> Text:
    row = study.nulls[null_name]
    if name not in row:
        return Text("")
    null = row[name]
    return Text(f"{null.value:.3g} [{null.low:.3g}, {null.high:.3g}]") if isinstance(null, Estimate) else _cell(null)


def _bracketed(study: Study, name: str) -> Text:
    null = study.nulls.get("shuffled_energies", {}).get(name)
    return Text(f" [{null.value:.3g}]", style="dim") if isinstance(null, Estimate) else Text("")
