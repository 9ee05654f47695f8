"""Tables of observed variables, read as spins: samples of -1 and +1 with names."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.source import content
from spinfunnel.landscape import InputError

__all__ = ["SpinTable", "read_spin_table", "spin_table"]

CHOICES = {"rows": ("auto", "samples", "variables"), "binarise": ("mean", "median")}


@dataclass(frozen=True, slots=True, eq=False)
class SpinTable:
    """Samples (P, N) of -1 and +1, the N names, and what was decided when they were read."""

    samples: NDArray[np.float64]
    names: tuple[str, ...]
    note: str


def read_spin_table(path: str | Path, *, rows: str = "auto", binarise: str = "mean") -> SpinTable:
    """Read a table of numbers from a `.npy` file or a text file with commas, semicolons, tabs or blanks.

    A first row that is no numbers holds the names. Without one, a file `roiname.dat` beside a `.dat` file does.

    Raises
    ------
    InputError
        For a file that cannot be read, a cell that is no number, and as of `spin_table`.
    """
    file = Path(path)
    if file.suffix.lower() == ".npy":
        try:
            values = np.load(BytesIO(content(file, what="table of observations")), allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{file} is no array of numbers: {str(error)[:80]}") from None
        return spin_table(values, rows=rows, binarise=binarise)
    cells = _cells(file)
    names: tuple[str, ...] = ()
    if not any(_is_number(cell) for cell in cells[0]):
        names = tuple(cell.strip() for cell in cells.pop(0))
    values = np.array([[_number(cell, i, j, file) for j, cell in enumerate(row)] for i, row in enumerate(cells, 1)])
    beside = file.with_name("roiname.dat")
    if not names and file.suffix.lower() == ".dat" and beside.is_file():
        text = content(beside, what="list of names").decode("utf-8", "replace")
        names = tuple(line.strip() for line in text.splitlines() if line.strip())
    elif names and rows == "auto":
        rows = "samples"
    return spin_table(values, names=names, rows=rows, binarise=binarise)


def spin_table(
    values: NDArray[np.generic], *, names: tuple[str, ...] = (), rows: str = "auto", binarise: str = "mean"
) -> SpinTable:
    """Turn a table of numbers into spins; columns of other values than 0, 1 or -1, 1 are parted at mean or median.

    Parameters
    ----------
    values : array of shape (P, N), or (N, P)
    names : tuple of str
        Of the N variables; x0, x1, ... when empty.
    rows : {"auto", "samples", "variables"}
        What a row is; auto: the longer side counts samples.
    binarise : {"mean", "median"}

    Raises
    ------
    InputError
        For a missing value, a constant variable, two equal variables, names that do not fit, or too few samples.

    Examples
    --------
    >>> spin_table(np.array([[0, 1], [1, 1], [0, 0]])).samples.tolist()
    [[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]
    """
    for key, value in (("rows", rows), ("binarise", binarise)):
        if value not in CHOICES[key]:
            raise InputError(f"{key}={value[:60]} is unknown: give {key}={' or '.join(CHOICES[key])}")
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise InputError(f"a table of {values.ndim} dimensions is no table of numbers; give two dimensions")
    turned = rows == "variables" or (rows == "auto" and values.shape[0] < values.shape[1])
    data = np.array(values.T if turned else values, np.float64)
    count, size = data.shape
    names = names or tuple(f"x{i}" for i in range(size))
    if len(names) != size or len(set(names)) != size:
        raise InputError(f"{len(set(names))} different names cannot label {size} variables; give one for each")
    if count <= size:
        raise InputError(f"{count} samples are too few for {size} variables; give more samples than variables")
    missing = np.argwhere(~np.isfinite(data))
    if len(missing):
        row, column = missing[0]
        raise InputError(f"sample {row + 1} of {names[column]} is missing or infinite; fill it in or leave it out")
    binary = [bool(np.isin(column, (0, 1)).all() or np.isin(column, (-1, 1)).all()) for column in data.T]
    cut = np.mean(data, axis=0) if binarise == "mean" else np.median(data, axis=0)
    cut[np.array(binary, bool)] = 0.0
    spins = np.where(data > cut, 1.0, -1.0)
    _check_columns(spins, names)
    note = f"rows are {'variables' if turned else 'samples'}: {size} variables, {count} samples"
    if not all(binary):
        note += f"; {size - sum(binary)} variables parted at their {binarise}"
    return SpinTable(spins, tuple(names), note)


def _check_columns(spins: NDArray[np.float64], names: tuple[str, ...]) -> None:
    """Refuse variables that tell nothing."""
    seen: dict[bytes, str] = {}
    for column, name in zip(spins.T, names, strict=True):
        if (column == column[0]).all():
            raise InputError(f"{name} has the same value in all {len(column)} samples; leave it out")
        same = seen.setdefault((column * column[0]).tobytes(), name)
        if same is not name:
            raise InputError(f"{same} and {name} are equal or opposite in all samples; leave one out")


def _cells(file: Path) -> list[list[str]]:
    lines = [line for line in _text(file).splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{file} holds no rows; give a table of numbers")
    sign = next((sign for sign in "\t;," if sign in lines[0]), None)
    cells = list(csv.reader(lines, delimiter=sign)) if sign else [line.split() for line in lines]
    if sign and all(row[-1].strip() == "" for row in cells):
        cells = [row[:-1] for row in cells]
    for number, row in enumerate(cells, 1):
        if len(row) != len(cells[0]):
            raise InputError(f"row {number} of {file} has {len(row)} cells, the first {len(cells[0])}; give as many")
    return cells


def _text(file: Path) -> str:
    return content(file, what="table of observations").decode("utf-8-sig", "replace")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip() == ""
    return True


def _number(cell: str, row: int, column: int, file: Path) -> float:
    if not _is_number(cell):
        raise InputError(f"row {row}, column {column + 1} of {file} holds {cell[:40]!r}; give a number")
    return float(cell) if cell.strip() else float("nan")
