"""What a user says of a problem file that it does not say itself: --vartype, --as, --penalty, --format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinfunnel.cli import terminal

if TYPE_CHECKING:
    from spinfunnel.landscape import Landscape

__all__ = ["FileFormat", "Form", "Penalty", "Vartype", "read_as", "resolved"]

Vartype = Annotated[
    str | None,
    typer.Option("--vartype", metavar="SPIN|BINARY", help="Variables of a file that does not name their kind."),
]
Form = Annotated[
    str | None,
    typer.Option("--as", metavar="ising|qubo", help="Meaning of a bare matrix: couplings of spins, or Q of x'Qx."),
]
Penalty = Annotated[
    float | None,
    typer.Option("--penalty", metavar="W", help="Weight of the constraints of a CQM or LP file, or of hard clauses."),
]
FileFormat = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Format of the file, if several fit (spinfunnel formats)."),
]


def read_as(
    systems: Sequence[str],
    *,
    vartype: str | None,
    form: str | None,
    penalty: float | None,
    format: str | None,  # noqa: A002
) -> list[str]:
    """Write what was said of files behind their names: ``file.csv:as=qubo``.

    Raises
    ------
    InputError
        For a system that is no file, of which nothing of the kind can be said.
    """
    from spinfunnel.landscape import InputError

    given = {"vartype": vartype, "as": form, "penalty": penalty, "format": format}
    said = [f"{key}={value!r}" if key == "penalty" else f"{key}={value}" for key, value in given.items() if value]
    if not said:
        return list(systems)
    for system in systems:
        if not Path(system).is_file():
            raise InputError(
                f"--{said[0].partition('=')[0]} is said of problem files, and {system!r} is none; leave it out"
            )
    return [f"{system}:{','.join(said)}" for system in systems]


def resolved(system: str, *, seed: int) -> Landscape:
    """Landscape that a text names; what was decided on reading a file is said on standard error."""
    from spinfunnel.systems import resolve

    landscape = resolve(system, seed=seed)
    note = getattr(landscape, "note", "")
    if note:
        terminal.say(f"{landscape.name}: {note}")
    return landscape
