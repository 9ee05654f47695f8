"""Databases of the Cambridge programs: ``min.data``, ``ts.data``, and the coordinates in ``points.min``, ``points.ts``.

A line of ``min.data`` is: energy, log product of the positive Hessian eigenvalues, order of the point group, three
moments of inertia; of ``ts.data``: energy, log product, order, the two minima, counted from 1, three moments. Files of
points hold the coordinates as doubles, little end first, one point after the other, in the order of the lines.

Wales, Energy Landscapes (Cambridge, 2003); PATHSAMPLE, OPTIM and pele write these files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from spinfunnel.formats.lines import Line
from spinfunnel.formats.source import Source, content, file_name
from spinfunnel.landscape import InputError, Minimum, Parameter, Record, Saddle, identity_hash
from spinfunnel.landscape.kinds import Kind, short_name

__all__ = ["CambridgeDatabase", "is_database", "load_database"]

MINIMA, SADDLES = "min.data", "ts.data"
POINTS = {MINIMA: "points.min", SADDLES: "points.ts"}
COLUMNS = {
    MINIMA: "energy, log product, order and three moments",
    SADDLES: "energy, log product, order, two minima and three moments",
}
WIDTH = {MINIMA: 6, SADDLES: 8}
LARGEST_ORDER = 10**15
"""Of a point group: atlases and doubles hold it."""
ROUNDING = 1e-6
"""By how much a saddle may lie below its minima, relative to the energy, before it is refused: files are rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class CambridgeDatabase:
    """A map of stationary points that another program made; what is known of its landscape.

    Attributes
    ----------
    name : str
        Of the folder.
    minima : list of Minimum
    saddles : list of Saddle
        Keys are the numbers of the lines. Logarithms of volumes are ``-1/2 (log product) - ln(order)``.
    dimension : int or None
        Number of coordinates, where there are files of points.
    """

    kind: ClassVar[Kind] = Kind.RECORDED

    name: str
    minima: list[Minimum]
    saddles: list[Saddle]
    dimension: int | None
    identity: str = field(init=False)

    __repr__ = short_name

    def __post_init__(self) -> None:
        number = {minimum.key: place for place, minimum in enumerate(self.minima)}
        rows = [(minimum.energy, minimum.log_volume) for minimum in self.minima]
        rows += [(saddle.energy, saddle.log_volume) for saddle in self.saddles]
        joined = [[number[key] for key in saddle.minima] for saddle in self.saddles]
        states = b"".join(minimum.state or b"" for minimum in self.minima)
        states += b"".join(saddle.state or b"" for saddle in self.saddles)
        arrays = np.array(rows), np.array(joined, np.int64), np.frombuffer(states, np.uint8)
        object.__setattr__(self, "identity", identity_hash("cambridge", self.parameters, *arrays))

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """How large it is."""
        return {"minima": len(self.minima), "saddles": len(self.saddles)}

    def records(self) -> Iterator[Record]:
        """Yield minima, then the saddles between them."""
        yield from self.minima
        yield from self.saddles


def is_database(path: Path) -> bool:
    """Whether a path is that of a database: a folder with ``min.data``, or this file."""
    return path.name == MINIMA or (path / MINIMA).is_file()


def load_database(path: str | Path) -> CambridgeDatabase:
    r"""Read a database of the Cambridge programs.

    Parameters
    ----------
    path : str or Path
        The folder, or ``min.data`` in it. ``ts.data`` must be there; ``points.min`` and ``points.ts`` may be.

    Raises
    ------
    InputError
        Naming the file and the line or point, what is wrong and what was expected.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "min.data").write_text("-2.0 3.0 2 1 1 1\n-1.0 4.0 1 1 1 1\n")
    >>> _ = (folder / "ts.data").write_text("0.5 1.0 1 1 2 1 1 1\n")
    >>> found = load_database(folder)
    >>> [minimum.energy for minimum in found.minima], [saddle.minima for saddle in found.saddles]
    ([-2.0, -1.0], [('1', '2')])
    """
    given = Path(path)
    folder = given.parent if given.name == MINIMA else given
    low, high = _rows(folder / MINIMA), _rows(folder / SADDLES)
    if not low:
        raise InputError(f"{folder / MINIMA} is empty; give one line for each minimum")
    lowest, dimension = _states(folder, MINIMA, len(low), None)
    passes, dimension = _states(folder, SADDLES, len(high), dimension)
    digits = len(str(len(low)))
    minima = []
    for number, (row, state) in enumerate(zip(low, lowest, strict=True), 1):
        energy, volume = _weighed(row)
        # No search is known that ended here: a database says nothing of random descents.
        minima.append(Minimum(f"{number:0{digits}d}", energy, 0.0, state=state, log_volume=volume))
    return CambridgeDatabase(file_name(folder.resolve()), minima, _saddles(high, passes, minima), dimension)


def _rows(file: Path) -> list[Line]:
    """Lines of a table, each of as many columns as it should have."""
    if file.is_file() and file.stat().st_size == 0:
        return []
    data = content(file, what="table of stationary points")
    try:
        data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file}, line {line}: byte {data[error.start]:#04x} is no text") from None
    # Fortran writes exponents of doubles with a D.
    found = list(Source(file, data.replace(b"D", b"E").replace(b"d", b"e")).lines())
    for row in found:
        if len(row.words) != WIDTH[file.name]:
            raise row.error(f"{len(row.words)} columns where {WIDTH[file.name]} are expected: {COLUMNS[file.name]}")
    return found


def _weighed(row: Line) -> tuple[float, float]:
    """Energy and logarithm of the harmonic volume."""
    product = row.finite(1, what="log product")
    order = row.whole(2, low=1, high=LARGEST_ORDER, what="order of the point group")
    for place in range(WIDTH[row.file.name] - 3, WIDTH[row.file.name]):
        row.finite(place, what="moment of inertia")
    return row.finite(0, what="energy"), -0.5 * product - math.log(order)


def _saddles(rows: list[Line], states: list[bytes | None], minima: list[Minimum]) -> list[Saddle]:
    """Transition states, each between two minima, or between two copies of one."""
    found, digits = [], len(str(len(rows)))
    for number, (row, state) in enumerate(zip(rows, states, strict=True), 1):
        energy, volume = _weighed(row)
        ends = [minima[row.whole(place, low=1, high=len(minima), what="minimum") - 1] for place in (3, 4)]
        floor = max(end.energy for end in ends)
        if energy < floor - ROUNDING * max(abs(floor), 1.0):
            raise row.error(f"the saddle's energy {energy} lies below that of a minimum that it joins, {floor}")
        joined = ends[0].key, ends[1].key
        key = f"{number:0{digits}d}"
        found.append(Saddle(key, max(energy, floor), joined, index=1, state=state, log_volume=volume))
    return found


def _states(folder: Path, table: str, count: int, dimension: int | None) -> tuple[list[bytes | None], int | None]:
    """Coordinates of each point as bytes, and how many they are; None where there is no file of them."""
    file = folder / POINTS[table]
    if not file.exists():
        return [None] * count, dimension
    if count == 0 and file.is_file() and file.stat().st_size == 0:
        return [], dimension
    data = content(file, what="file of coordinates")
    size = 8 * dimension if dimension is not None else len(data) // max(count, 1)
    if len(data) != size * count or size % 24 or size == 0:
        expected = f"{size * count} bytes are expected" if dimension is not None else "three doubles for each atom"
        raise InputError(
            f"{file} has {len(data)} bytes for the {count} lines of {folder / table}; {expected}, the same number for "
            "each line: the file is cut short or belongs to another table"
        )
    numbers = np.frombuffer(data, "<f8").reshape(count, -1)
    broken = np.argwhere(~np.isfinite(numbers))
    if len(broken):
        point, place = broken[0].tolist()
        raise InputError(
            f"{file}, point {point + 1}, atom {place // 3 + 1}: coordinate {numbers[point, place]} is not finite"
        )
    return [data[start : start + size] for start in range(0, len(data), size)], size // 8
