"""Coordinates of smooth maps in the formats of other programs: trajectories, binary files, pathways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.export import Format, write_whole
from spinfunnel.landscape import InputError

__all__ = ["POINTS", "Pathway", "Points", "export_points"]

Floats = NDArray[np.float64]


class Pathway(Protocol):
    """What is written of a way between two minima: see `explore.smooth.pathway.Pathway`."""

    @property
    def positions(self) -> Floats:
        """Shape (F, D)."""

    @property
    def energies(self) -> Floats:
        """Shape (F,)."""

    @property
    def minima(self) -> tuple[int, ...]:
        """Frames that are minima."""

    @property
    def saddles(self) -> tuple[int, ...]:
        """Frames that are saddles."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Energies and coordinates (bytes of doubles) of a smooth map, the element of each atom or X, perhaps a pathway.

    The box is what a frame's second line says of cell and periodic directions.
    """

    minima: Sequence[tuple[float, bytes]]
    saddles: Sequence[tuple[float, bytes]]
    symbols: tuple[str, ...]
    pathway: Pathway | None = None
    box: str = 'pbc="F F F"'


def _write_xyz(points: Points, paths: Sequence[Path]) -> None:
    """Write trajectories as extended XYZ, one frame for each point."""
    for path, rows in zip(paths, (points.minima, points.saddles), strict=True):
        with path.open("w", encoding="ascii") as stream:
            for energy, state in rows:
                _write_frame(stream, points, energy, np.frombuffer(state, "<f8"))


def _write_frame(stream: IO[str], points: Points, energy: float, position: Floats, note: str = "") -> None:
    head = f"Properties=species:S:1:pos:R:3 energy={energy!r}{note} {points.box}"
    stream.write(f"{len(points.symbols)}\n{head}\n")
    for symbol, (x, y, z) in zip(points.symbols, position.reshape(-1, 3).tolist(), strict=True):
        stream.write(f"{symbol} {x!r} {y!r} {z!r}\n")


def _write_pathway(points: Points, paths: Sequence[Path]) -> None:
    """Write the frames of a pathway in order; ``point`` says which are minima and saddles."""
    way = points.pathway
    if way is None:
        raise InputError("the coordinates were given without a pathway; follow one first")
    named = dict.fromkeys(way.minima, "minimum") | dict.fromkeys(way.saddles, "saddle")
    with paths[0].open("w", encoding="ascii") as stream:
        for frame, (energy, position) in enumerate(zip(way.energies.tolist(), way.positions, strict=True)):
            _write_frame(stream, points, energy, position, f" point={named.get(frame, 'path')}")


def _write_points(points: Points, paths: Sequence[Path]) -> None:
    """Write coordinates one after the other as doubles: PATHSAMPLE's ``points.min`` and ``points.ts``."""
    for path, rows in zip(paths, (points.minima, points.saddles), strict=True):
        path.write_bytes(b"".join(state for _, state in rows))


POINTS: dict[str, Format] = {
    made.name: made
    for made in (
        Format(
            "xyz",
            "",
            ("minima.xyz", "saddles.xyz"),
            _write_xyz,
            "minima and saddles of atoms as trajectories, which ASE reads",
            "Hjorth Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
        ),
        Format(
            "points",
            "",
            ("points.min", "points.ts"),
            _write_points,
            "coordinates in the order of the lines of cambridge's files",
            "Wales, D. J., Energy Landscapes, Cambridge University Press (2003)",
        ),
        Format(
            "pathway",
            ".xyz",
            (),
            _write_pathway,
            "frames from a minimum to another, down both sides of each saddle, which ASE reads",
            "Page, McIver, J. Chem. Phys. 88, 922 (1988)",
        ),
    )
}
"""Formats of the coordinates of a smooth map."""


def export_points(points: Points, target: Path | str, *, format: str, overwrite: bool = False) -> list[Path]:  # noqa: A002
    """Write the coordinates of a smooth map; parameters and errors as of `export`, with a name in `POINTS`."""
    return write_whole(POINTS[format], points, Path(target), overwrite=overwrite)
