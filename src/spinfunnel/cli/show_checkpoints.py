"""Checkpoints of one model side by side, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["checkpoints"]


def checkpoints(out: Console, details: Mapping[str, Any]) -> None:
    """Print what a study knows of checkpoints, where its map is one of them."""
    if "checkpoints" not in details:
        return
    table = _table("checkpoint", "energy", "test loss", "test accuracy", "top eigenvalue (residual)", "gradient")
    for one in details["checkpoints"]:
        test = "-" if one["test_loss"] is None else f"{one['test_loss']:.4g}"
        rate = "-" if one["test_accuracy"] is None else f"{100 * one['test_accuracy']:.1f} %"
        bend = f"{one['top_eigenvalue']:.4g} ({one['eigenvalue_error']:.2g})"
        table.add_row(Text(one["name"]), f"{one['energy']:.4g}", test, rate, bend, f"{one['gradient_norm']:.2g}")
    out.print(table)
    ways = _table("between", "linear barrier", "aligned", "lowest found", "one funnel?")
    for pair in details["between"]:
        numbers = (pair["linear_barrier"], pair["aligned_barrier"], pair["curved_barrier"])
        ways.add_row(
            Text(f"{pair['one']} - {pair['two']}"), *(f"{value:.4g}" for value in numbers), pair["same_funnel"]
        )
    out.print(ways)
    scale, alignment = details["energy_scale"], details["alignment"]
    out.print(Text(f"Energy scale {scale:.4g}: a random start above the lowest checkpoint. {alignment}."))


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    return table
