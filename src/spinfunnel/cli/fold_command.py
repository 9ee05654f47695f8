"""The command ``fold``: a protein's Go model from a file, folded from a stretched chain."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from spinfunnel.cli import terminal
from spinfunnel.landscape.estimate import NoAnswer

if TYPE_CHECKING:
    from pathlib import Path

    from spinfunnel.systems.atoms.calpha_folding import Folding

__all__ = ["folded"]


def folded(
    file: str, *, chain: str, residues: str, contacts: str, steps: int, engine: str, figure: Path | None, seed: int,
    workers: int, json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Fold, print Tf, Q(T) and the free energy along Q, and draw them with Q(t)."""
    from spinfunnel.systems.atoms.calpha_folding import fold_protein

    terminal.check_figure(figure)
    started = time.perf_counter()
    with terminal.progress_shown(f"fold {file}", wanted=not (quiet or json)) as progress:
        found = fold_protein(
            file, chain=chain, residues=residues, contacts=contacts, steps=steps, engine=engine, seed=seed,
            workers=workers, progress=progress,
        )  # fmt: skip
    if json:
        terminal.put_json(_as_json(file, found, seconds=time.perf_counter() - started))
    else:
        _show(file, found)
    if figure is not None:
        from spinfunnel.plot.folding_picture import folding_sheet

        folding_sheet(found).savefig(figure, dpi=150, facecolor="white")
        terminal.say(f"the figure is {figure}")


def _as_json(file: str, found: Folding, *, seconds: float) -> dict[str, Any]:
    answer = found.folding_temperature
    shown: dict[str, Any] = (
        {"outcome": answer.outcome, "reason": f"{answer.cause}; {answer.remedy}"}
        if isinstance(answer, NoAnswer)
        else {"value": answer.value, "low": answer.low, "high": answer.high, "outcome": "ok"}
    )
    free = [value if math.isfinite(value) else None for value in found.free_energy.tolist()]
    return {
        "file": file, "residues": found.residues, "contacts": found.contacts, "steps": found.steps,
        "first_folded": found.first_folded, "folding_temperature": shown, "temperature": found.temperature.tolist(),
        "overlap": found.overlap.tolist(), "folded": found.native_share.tolist(), "overlap_bins": found.bins.tolist(),
        "free_energy": free, "seconds": seconds,
    }  # fmt: skip


def _show(file: str, found: Folding) -> None:
    from rich.table import Table
    from rich.text import Text

    from spinfunnel.cli.show import console

    out = console()
    out.print(Text.assemble((file, "bold"), f"  {found.residues} residues, {found.contacts} native contacts"))
    answer = found.folding_temperature
    shown = f"{answer.cause}; {answer.remedy}" if isinstance(answer, NoAnswer) else str(answer)
    out.print(Text(f"folding temperature: {shown}"))
    first = "not folded in this run" if found.first_folded is None else f"after {found.first_folded:,} steps"
    out.print(Text(f"80 % of the native contacts from a stretched chain, at the coldest temperature: {first}"))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("T", "native contacts Q", "folded"):
        table.add_column(column, justify="right")
    for k in range(0, len(found.temperature), 10):
        table.add_row(f"{found.temperature[k]:.2f}", f"{found.overlap[k]:.2f}", f"{found.native_share[k]:.2f}")
    out.print(table)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Q", "F(Q) / Tf"):
        table.add_column(column, justify="right")
    for q, free in zip(found.bins.tolist(), found.free_energy.tolist(), strict=True):
        table.add_row(f"{q:.2f}", f"{free:.2f}" if math.isfinite(free) else "not seen")
    out.print(table)
