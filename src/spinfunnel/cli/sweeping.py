"""From what was typed to a sweep, and its output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from spinfunnel.cli import terminal
from spinfunnel.cli.work import limit_of

if TYPE_CHECKING:
    from spinfunnel.landscape.estimate import Estimate, NoAnswer
    from spinfunnel.sweeps import Fit, Size, Sweep

__all__ = ["answer", "draw", "kept", "swept"]

SILENCE = 10.0
"""Seconds between two lines of progress where standard error is no terminal."""
SHOWN = ("funnel_weight", "funnels", "minima", "profile_area", "levinthal")
"""Measures of the table; all are in the JSON."""
DRAWN = ("profile_area", "funnel_weight", "levinthal")
"""Measures of the figure, a panel each."""
FITTED = (*SHOWN, "folding_time")
"""Measures of which the fits are shown."""


def swept(
    systems: Sequence[str],
    *,
    over: Sequence[str],
    samples: int,
    seed: int,
    workers: int | None,
    dask: str | None,
    atlas: str | None,
    explorer: str,
    measures: str | None,
    nulls: bool | int,
    temperature: float | None,
    native_tolerance: float,
    budget: str | None,
    quiet: bool,
) -> Sweep:
    """Sweep, with progress on standard error."""
    from spinfunnel.sweeps import sweep

    limit = limit_of(budget)
    names = None if measures is None else "all" if measures == "all" else [name.strip() for name in measures.split(",")]
    with _told(wanted=not quiet) as progress:
        return sweep(
            list(systems),
            over=read_over(over),
            samples=samples,
            seed=seed,
            workers=workers,
            dask=dask,
            atlas=atlas,
            explorer=explorer,
            budget=limit,
            measures=names,
            nulls=nulls,
            temperature=temperature,
            native_tolerance=native_tolerance,
            progress=progress,
        )


def read_over(texts: Sequence[str]) -> dict[str, list[str]]:
    """Parameters and values of ``key=value,value,...``, each text one parameter.

    Examples
    --------
    >>> read_over(["n=12,16", "shape=3x4,4x4"])
    {'n': ['12', '16'], 'shape': ['3x4', '4x4']}
    """
    from spinfunnel.landscape import InputError

    found: dict[str, list[str]] = {}
    for text in texts:
        key, equals, values = (part.strip() for part in text.partition("="))
        listed = [value.strip() for value in values.split(",")]
        if not key or not equals or not all(listed) or any("=" in value for value in listed):
            raise InputError(f"--over {text!r} is no list of sizes; write --over n=12,16,20, one parameter each time")
        if key in found:
            raise InputError(f"--over {key} is given twice; list all its values in one")
        found[key] = listed
    return found


def draw(found: Sweep, figure: Path | None) -> None:
    """Write the figure: profile area and what else was measured of `DRAWN` against size, all systems on one axis."""
    if figure is None:
        return
    from spinfunnel.plot.scaling_picture import scaling_sheet

    sheet = scaling_sheet({name: (found.curves(name), found.fits(name)) for name in DRAWN})
    sheet.savefig(figure, dpi=150, facecolor="white")
    terminal.say(f"the figure is {figure}")


def kept(atlas: str | None) -> str:
    """Say what an interrupted sweep leaves behind."""
    if atlas is None:
        return "nothing was kept; with --atlas PATH finished jobs are kept and the same command goes on from there"
    return f"the jobs that were finished are kept in {atlas}, and the same command goes on from there"


@contextmanager
def _told(*, wanted: bool) -> Iterator[Callable[[str, float], None]]:
    """Progress as a bar on a terminal, and elsewhere as a line now and then."""
    if not wanted or sys.stderr is None or sys.stderr.isatty():
        with terminal.progress_shown("sweep", wanted=wanted) as progress:
            yield progress
        return
    last = time.monotonic()

    def line(stage: str, _done: float) -> None:
        nonlocal last
        if time.monotonic() - last >= SILENCE:
            last = time.monotonic()
            terminal.say(stage)

    yield line


# ---------------------------------------------------------------------------------------------
# What a person reads


def answer(found: Sweep, *, json: bool, quiet: bool) -> None:
    """Print the verdicts and, unless quiet, a table of the sizes and one of the fits."""
    if json:
        terminal.put_json(found.to_json())
        return
    from spinfunnel.cli import show

    out = show.console()
    for series in found.series:
        kind = Text(series.scaling.kind, style=f"bold {show.COLOURS.get(series.scaling.kind, '')}".strip())
        out.print(Text.assemble((series.name, "bold"), "  ", kind))
        out.print(Text(f"  {series.scaling.reason}"))
        if not quiet:
            out.print(_sizes(series.sizes))
            out.print()
            out.print(_fits({name: series.scaling.fits[name] for name in FITTED if name in series.scaling.fits}))
            out.print()
    for result in found.jobs:
        if result.failure is not None:
            terminal.say(f"{result.job.spec}, seed {result.job.seed}, has no answer: {result.failure.cause}")


def _sizes(sizes: Sequence[Size]) -> Table:
    from spinfunnel.landscape.estimate import Estimate

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 2))
    names = [name for name in SHOWN if any(isinstance(size.means.get(name), Estimate) for size in sizes)]
    for header in ("spins", "swept", "samples", *names):
        table.add_column(header.replace("_", " "))
    for size in sizes:
        swept_here = ", ".join(f"{key}={value}" for key, value in size.parameters.items())
        cells = []
        for name in names:
            mean = size.means[name]
            if isinstance(mean, Estimate):
                cells.append(Text(_short(mean)))
            else:
                cells.append(Text(mean.outcome.replace("_", " "), style="dim"))
        table.add_row(str(size.n), swept_here, str(size.samples), *cells)
    return table


def _short(mean: Estimate) -> str:
    return f"{mean.value:.3g}" if mean.exact else f"{mean.value:.3g} [{mean.low:.2g}, {mean.high:.2g}]"


def _fits(fits: dict[str, Fit | NoAnswer]) -> Table:
    from spinfunnel.sweeps import Fit

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 2))
    for header in ("measure", "model", "b for each spin", ""):
        table.add_column(header)
    for name, fit in fits.items():
        if isinstance(fit, Fit):
            said = "changes with size" if fit.changes else "constant within its interval"
            table.add_row(name.replace("_", " "), fit.model, _short(fit.rate), said)
    return table
