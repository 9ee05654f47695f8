"""The commands that list what there is: systems, formats, explorers and measures."""

from __future__ import annotations

from typing import Annotated

import typer

from spinfunnel.cli import terminal
from spinfunnel.cli.options import AsJson

__all__ = ["explorers", "formats", "measures", "systems"]


def systems(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One system in detail.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """List the systems, or explain one."""
    with terminal.answering(kept="repeat the command"):
        from spinfunnel.cli import catalogue

        catalogue.systems(name, json=json)


def formats(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One format in detail, with an example.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """List the file formats, or show one."""
    with terminal.answering(kept="repeat the command"):
        from spinfunnel.cli import catalogue

        catalogue.formats(name, json=json)


def explorers(json: AsJson = False) -> None:
    """List the ways to map a landscape."""
    with terminal.answering(kept="repeat the command"):
        from spinfunnel.cli import catalogue

        catalogue.explorers(json=json)


def measures(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="One measure in detail: definition, formula, source.", show_default=False),
    ] = None,
    json: AsJson = False,
) -> None:
    """List the measures, or explain one."""
    with terminal.answering(kept="repeat the command"):
        from spinfunnel.cli import catalogue

        catalogue.measures(name, json=json)
