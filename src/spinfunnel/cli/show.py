"""What a person reads: verdicts first, then one table of the numbers they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from spinfunnel.cli.show_checkpoints import checkpoints
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer

if TYPE_CHECKING:
    from spinfunnel.pipeline.result import Study

__all__ = ["console", "explored", "studies", "title"]

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


def studies(found: Sequence[Study], *, quiet: bool) -> None:
    """Print verdicts and, unless quiet, the table behind them."""
    out = console()
    for study in found:
        head = Text(title(study.landscape.name, study.landscape.parameters), style="bold")
        kind = Text(study.verdict.kind, style=f"bold {COLOURS.get(study.verdict.kind, '')}".strip())
        out.print(Text.assemble(head, "  ", kind))
        out.print(Text(f"  {study.verdict.reason}"))
        if "advice" in study.details:
            out.print(Text(f"  to solve it, {study.details['advice']['reason']}"))
    for study in found:
        checkpoints(out, study.details)
    if not quiet:
        out.print(_table(found))
        for line in _unanswered(found):
            out.print(line)


def explored(made: Mapping[str, Any], *, atlas: str) -> None:
    """Print what an exploration found."""
    out = console()
    place, run = made["landscape"], made["run"]
    out.print(Text(title(place["name"], place["parameters"]), style="bold"))
    out.print(
        Text(
            f"  {made['minima']} minima ({made.get('minima_raw', '?')} plain states), {made['saddles']} saddles, "
            f"ground energy {made['ground_energy']:.8g}\n"
            f"  {run['seconds']:.2f} s by {run['explorer']}, kept in {atlas}"
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


def _unanswered(found: Sequence[Study]) -> list[Text]:
    """A line for each reason why measures have no value, with their names."""
    answered = set(_answered(found))
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, measurement in found[0].measures.items():
        if isinstance(measurement, NoAnswer) and name not in answered:
            reasons.setdefault((measurement.outcome.replace("_", " "), measurement.cause), []).append(name)
    for null, row in found[0].nulls.items() if len(found) == 1 else ():
        if not any(isinstance(each, Estimate) for each in row.values()):
            for answer in row.values():
                assert isinstance(answer, NoAnswer)  # noqa: S101 - none of them is an estimate
                names = reasons.setdefault((answer.outcome.replace("_", " "), answer.cause), [])
                names.extend([null] if null not in names else [])
    return [
        Text.assemble((", ".join(names), "dim"), (f": {outcome} ({cause})", "dim"))
        for (outcome, cause), names in reasons.items()
    ]


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
