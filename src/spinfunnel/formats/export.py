"""Maps in the formats of other programs: `FORMATS` lists them, `export` writes one."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spinfunnel.formats.maps import barriers_table, cambridge_map, csv_tables, dimod_minima, graphml, parquet_tables
from spinfunnel.formats.maps.map_rows import Format
from spinfunnel.landscape import BasinGraph, InputError

__all__ = ["FORMATS", "Format", "export", "write_whole"]

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        graphml.FORMAT,
        csv_tables.FORMAT,
        parquet_tables.FORMAT,
        cambridge_map.FORMAT,
        barriers_table.FORMAT,
        dimod_minima.FORMAT,
    )
}
"""Formats of maps by name."""


def export(graph: BasinGraph, target: Path | str, *, format: str, overwrite: bool = False) -> list[Path]:  # noqa: A002
    """Write a map in a format of other programs.

    Parameters
    ----------
    graph : BasinGraph
    target : Path or str
        The file; for formats of several files (csv, parquet, cambridge) the folder, made where it is missing.
    format : str
        A name in `FORMATS`.
    overwrite : bool
        Whether files that exist are replaced.

    Returns
    -------
    list of Path
        The files written. They appear whole or not at all.

    Raises
    ------
    InputError
        When the format is unknown or cannot hold this map, when a file exists, or when the target cannot be written.
    """
    if format not in FORMATS:
        close = difflib.get_close_matches(format, FORMATS, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"there is no format {format!r}; {meant}there are {', '.join(FORMATS)}")
    return write_whole(FORMATS[format], graph, Path(target), overwrite=overwrite)


def write_whole(chosen: Format, found: Any, place: Path, *, overwrite: bool) -> list[Path]:
    """Write all files of a format, or none; errors as of `export`."""
    folder = place if chosen.files else place.parent
    paths = [folder / name for name in chosen.files] or [place]
    made = _prepare(chosen, place, paths=paths, overwrite=overwrite)
    partial = [path.with_name(f".{path.name}.{os.getpid()}.partial") for path in paths]
    try:
        chosen.write(found, partial)
        for source, path in zip(partial, paths, strict=True):
            os.replace(source, path)
    except OSError as error:
        raise InputError(f"{place} cannot be written ({error.strerror or error}); give another path") from None
    finally:
        for source in partial:
            source.unlink(missing_ok=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()
    return paths


def _prepare(chosen: Format, place: Path, *, paths: Sequence[Path], overwrite: bool) -> bool:
    """Refuse a target that cannot be written; make the folder. Whether it was made."""
    folder = paths[0].parent
    if chosen.files and place.exists() and not place.is_dir():
        raise InputError(
            f"{place} is a file, but the format {chosen.name} is a folder of {' and '.join(chosen.files)}; give a "
            "folder"
        )
    if not chosen.files and place.is_dir():
        raise InputError(f"{place} is a directory; give a file in it, such as {place / ('map' + chosen.extension)}")
    missing = chosen.files and not place.exists()
    base = place.parent if missing else folder
    if not base.is_dir():
        raise InputError(f"the directory {base} does not exist; create it first or give another path")
    _need_writable(base)
    for path in paths:
        if path.exists():
            if not overwrite:
                raise InputError(
                    f"{path} exists; give another path, or overwrite it (--overwrite, in Python overwrite=True)"
                )
            _need_writable(path)
    if missing:
        try:
            place.mkdir()
        except OSError as error:
            raise InputError(f"the directory {place} cannot be made ({error.strerror}); give another path") from None
    return bool(missing)


def _need_writable(place: Path) -> None:
    # The superuser may write everything; a place without a single write bit was still meant to be left alone.
    if not os.access(place, os.W_OK) or not place.stat().st_mode & 0o222:
        raise InputError(f"{place} is read-only; make it writable or give another path")
