"""Rows of a map that several formats write: minima and saddles, numbered from 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinfunnel.landscape import BasinGraph

__all__ = ["MINIMUM_COLUMNS", "SADDLE_COLUMNS", "Format", "minimum_rows", "saddle_rows"]

MINIMUM_COLUMNS = ("number", "key", "energy", "weight", "plateau", "orbit", "native")
SADDLE_COLUMNS = ("number", "key", "energy", "exact", "minima")


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a map down.

    Attributes
    ----------
    name : str
    extension : str
        Of the file, with its dot; empty where the target is a folder.
    files : tuple of str
        Names of the files in the folder; empty where the target is one file.
    write : callable
        Takes the map, or its `trajectories.Points`, and the paths to write to: that of the file, or those of `files`
        in order.
    summary, source : str
        What it is, and where it is defined.
    """

    name: str
    extension: str
    files: tuple[str, ...]
    write: Callable[[Any, Sequence[Path]], None]
    summary: str
    source: str


def minimum_rows(graph: BasinGraph) -> list[tuple[str, float, float, int, int, bool]]:
    """Key, energy, weight, plateau, orbit and whether native of every minimum."""
    columns = (graph.key, graph.energy, graph.weight, graph.plateau, graph.orbit, graph.native)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def saddle_rows(graph: BasinGraph) -> list[tuple[str, float, bool, list[int]]]:
    """Key, energy, whether exact, and minima of every saddle, its hub first."""
    starts, joined = graph.saddle_offsets.tolist(), graph.saddle_minima.tolist()
    columns = (graph.saddle_key, graph.saddle_energy, graph.saddle_exact)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [(*row, joined[starts[number] : starts[number + 1]]) for number, row in enumerate(rows)]
