"""The command that saves what is whole of a damaged atlas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spinfunnel.cli import terminal
from spinfunnel.cli.options import AsJson

__all__ = ["repair"]

SAID = 3
"""Losses that are named on the terminal; the JSON has all."""


def repair(
    broken: Annotated[str, typer.Argument(metavar="BROKEN", help="File of a damaged atlas.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="NEW", help="File of the new atlas.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Copy the whole records of a damaged atlas into a new one, and say what is lost."""
    with terminal.answering(kept=f"{broken} is as it was; remove {to} and repeat the command"):
        from spinfunnel.atlas.repair import repair as repaired

        made = repaired(broken, to)
        if json:
            counts = {"landscapes": made.landscapes, "runs": made.runs, "parts": made.parts, "records": made.records}
            terminal.put_json({**counts, "lost": made.lost})
            return
        typer.echo(
            f"{to} holds {made.records:,} whole records: {made.runs} whole runs, and {made.parts} of which some "
            "records are lost (explore these again)"
        )
        for what in made.lost[:SAID]:
            typer.echo(f"lost: {terminal.one_line(what)}")
        if len(made.lost) > SAID:
            typer.echo(f"and {len(made.lost) - SAID} more losses (--json names them)")
