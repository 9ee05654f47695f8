"""Maps as two tables of text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from spinfunnel.formats.maps.map_rows import MINIMUM_COLUMNS, SADDLE_COLUMNS, Format, minimum_rows, saddle_rows
from spinfunnel.landscape import BasinGraph

__all__ = ["FORMAT"]


def _write_csv(graph: BasinGraph, paths: Sequence[Path]) -> None:
    with paths[0].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(MINIMUM_COLUMNS)
        writer.writerows((number, *row[:-1], int(row[-1])) for number, row in enumerate(minimum_rows(graph)))
    with paths[1].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(SADDLE_COLUMNS)
        for number, (key, energy, exact, joined) in enumerate(saddle_rows(graph)):
            writer.writerow((number, key, energy, int(exact), " ".join(map(str, joined))))


FORMAT = Format(
    "csv",
    "",
    ("minima.csv", "saddles.csv"),
    _write_csv,
    "two tables as text, numbers from 0, hub first",
    "RFC 4180",
)
