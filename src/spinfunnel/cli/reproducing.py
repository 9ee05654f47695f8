"""The command ``reproduce``: list what can be made again, make it, print the table, write figure and data."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinfunnel.cli import terminal

if TYPE_CHECKING:
    from spinfunnel.landscape.estimate import Estimate
    from spinfunnel.reproduce import Redrawn, Reproduction

__all__ = ["listed", "reproduced"]


def listed(*, json: bool) -> None:
    """List the reproductions with their sources."""
    from rich.table import Table
    from rich.text import Text

    from spinfunnel.cli.show import console
    from spinfunnel.reproduce import REPRODUCTIONS

    if json:
        rows = [{"name": e.name, "summary": e.summary, "source": e.source} for e in REPRODUCTIONS.values()]
        terminal.put_json({"reproductions": rows})
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(("name", "what", "source")):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for entry in REPRODUCTIONS.values():
        table.add_row(entry.name, Text(entry.summary), Text(entry.source, style="dim"))
    out = console()
    out.print(table)
    out.print(Text("\nMake one again: spinfunnel reproduce NAME"))


def reproduced(
    name: str,
    *,
    output: Path,
    samples: int | None,
    quick: bool,
    seed: int,
    workers: int | None,
    json: bool,
    quiet: bool,
    images: Path | None = None,
) -> None:
    """Make one again; everything that can be refused is refused before the work."""
    from spinfunnel.reproduce import Order, find, targets, write

    entry = find(name)
    made = _folder(output)
    try:
        for target in targets(name, output):
            terminal.check_target(target, what="result")
        started = time.perf_counter()
        with terminal.progress_shown(f"reproduce {name}", wanted=not (quiet or json)) as progress:
            order = Order(samples, quick, seed, workers or _cores(), progress, images, kept=output)
            redrawn = entry.run(order)
            progress("drawing", 0.0)
            written = write(name, redrawn, folder=output)
    except BaseException:
        if made and not any(output.iterdir()):
            output.rmdir()
        raise
    seconds = time.perf_counter() - started
    if json:
        terminal.put_json(_as_json(entry, redrawn, seed=seed, seconds=seconds, written=written))
        return
    _show(entry, redrawn)
    if not quiet:
        terminal.say(f"the figure is {written[0]}, its data {written[1]}; made in {seconds:.0f} s")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folder(output: Path) -> bool:
    """Make the folder where it is missing; whether it was."""
    from spinfunnel.landscape import InputError

    if output.is_dir():
        return False
    if output.exists():
        raise InputError(f"{output} is a file; give a folder for the figure and its data")
    if not output.parent.is_dir():
        raise InputError(f"the folder {output.parent} for {output.name} does not exist; create it or choose another")
    try:
        output.mkdir()
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise InputError(f"the folder {output} cannot be made ({reason}); choose another place") from None
    return True


def _as_json(
    entry: Reproduction, redrawn: Redrawn, *, seed: int, seconds: float, written: tuple[Path, Path]
) -> dict[str, Any]:
    return {
        "reproduction": entry.name,
        "summary": entry.summary,
        "source": entry.source,
        "seed": seed,
        "seconds": seconds,
        "rows": [row.to_json() for row in redrawn.rows],
        "notes": list(redrawn.notes),
        "figure": str(written[0]),
        "data": str(written[1]),
    }


def _told(ours: Estimate) -> str:
    """Exact numbers with all digits of a count, others with their interval."""
    return f"{ours.value:.8g}" if ours.exact else str(ours)


def _show(entry: Reproduction, redrawn: Redrawn) -> None:
    from rich.table import Table
    from rich.text import Text

    from spinfunnel.cli.show import console
    from spinfunnel.landscape.estimate import NoAnswer

    out = console()
    out.print(Text.assemble((entry.name, "bold"), f"  {entry.summary}"))
    out.print(Text(f"  {entry.source}", style="dim"))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("quantity", "known", "ours", "agreement"):
        table.add_column(column, no_wrap=True)
    table.add_column("known from", overflow="fold", min_width=12)
    for row in redrawn.rows:
        known = "" if row.known is None else f"{row.known:.7g}" if row.known_error == 0.0 else f"{row.known:.5g}"
        known += f" ± {row.known_error:.2g}" if row.known_error else ""
        ours = row.ours.outcome.replace("_", " ") if isinstance(row.ours, NoAnswer) else _told(row.ours)
        table.add_row(Text(row.quantity), known, Text(ours), row.agreement, Text(row.origin, style="dim"))
    out.print(table)
    for note in redrawn.notes:
        out.print(Text(f"- {note}"))
