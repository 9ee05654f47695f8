"""The option ``judge --checkpoints``: checkpoints of one model side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from spinfunnel.cli import terminal as sitting

__all__ = ["compared"]


@sitting.prints_aside()
def _made(systems: Sequence[str], pattern: str, *, seed: int, quick: bool, quiet: bool) -> Any:
    from spinfunnel.landscape import InputError
    from spinfunnel.systems import resolve

    if len(systems) != 1:
        raise InputError(f"checkpoints belong to one model, but {len(systems)} systems are given; give one")
    landscape = resolve(systems[0], seed=seed)
    if type(landscape).__name__ != "NetworkLandscape":
        raise InputError(f"{systems[0]} is no neural network, so it has no checkpoints; leave --checkpoints out")
    from spinfunnel.solutions.checkpoint_reader import checkpoint_files, compare_checkpoints

    files = checkpoint_files(pattern)
    with sitting.progress_shown(systems[0], wanted=not quiet) as progress:
        return compare_checkpoints(cast("Any", landscape), files, seed=seed, quick=quick, progress=progress)


def compared(systems: Sequence[str], pattern: str, *, seed: int, quick: bool, json: bool, quiet: bool) -> None:
    """Compare checkpoints and print what was found."""
    found = _made(systems, pattern, seed=seed, quick=quick, quiet=quiet or json)
    if json:
        sitting.put_json(found.to_json())
        return
    from rich.table import Table
    from rich.text import Text

    from spinfunnel.cli.show import console

    out = console()
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("checkpoint", "energy", "test loss", "test accuracy", "top eigenvalue (residual)", "gradient"):
        table.add_column(column)
    for one in found.checkpoints:
        test = "-" if one.test_loss is None else f"{one.test_loss:.4g}"
        rate = "-" if one.test_accuracy is None else f"{100 * one.test_accuracy:.1f} %"
        bend = f"{one.top_eigenvalue:.4g} ({one.eigenvalue_error:.2g})"
        table.add_row(Text(one.name), f"{one.energy:.4g}", test, rate, bend, f"{one.gradient_norm:.2g}")
    out.print(table)
    ways = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("between", "linear barrier", "aligned", "lowest found", "one funnel?"):
        ways.add_column(column)
    for pair in found.between:
        numbers = (pair.linear_barrier, pair.aligned_barrier, pair.curved_barrier)
        ways.add_row(Text(f"{pair.one} - {pair.two}"), *(f"{value:.4g}" for value in numbers), pair.same_funnel)
    out.print(ways)
    out.print(
        Text(f"Energy scale {found.energy_scale:.4g}: a random start above the lowest checkpoint. {found.alignment}.")
    )
