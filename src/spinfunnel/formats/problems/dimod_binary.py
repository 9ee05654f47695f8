"""Binary quadratic models as ``BinaryQuadraticModel.to_file`` writes them, every index checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.json_fields import labels
from spinfunnel.formats.source import Source, file_name, json_document
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]

MAGIC = b"DIMODBQM"
FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")


def _sniff(source: Source) -> bool:
    return source.data.startswith(MAGIC)


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    # dimod's own reader believes the indices in a file, and writes outside of its arrays where they are wrong.
    data = source.data
    header, start = _header(data)
    version = tuple(data[8:10])
    if version not in ((1, 0), (2, 0)):
        raise InputError(f"this model is of version {version[0]}.{version[1]} of the format; 1.0 and 2.0 are read")
    size, interactions = _shape(header)
    bias, index, place = (
        _dtype(header, name, among) for name, among in (("dtype", FLOATS), ("itype", INTEGERS), ("ntype", INTEGERS))
    )
    near = np.dtype([("start", place), ("bias", bias)])
    far = np.dtype([("other", index), ("bias", bias)])
    end = start + bias.itemsize + size * near.itemsize + 2 * interactions * far.itemsize
    if end > len(data):
        raise InputError(
            f"{source.file} is cut short: {size} variables and {interactions} interactions do not fit into "
            f"{len(data)} bytes"
        )
    offset = float(np.frombuffer(data, bias, 1, start)[0])
    first = np.frombuffer(data, near, size, start + bias.itemsize)
    pairs = np.frombuffer(data, far, 2 * interactions, start + bias.itemsize + size * near.itemsize)
    rows, columns = _neighbours(first["start"].astype(np.int64), pairs["other"].astype(np.int64), size)
    below = columns < rows
    quadratic = pairs["bias"].astype(np.float64)
    names = _names(source, header, version, end, size)
    terms = (
        (np.arange(size)[:, None], first["bias"].astype(np.float64)),
        (np.stack([columns[below], rows[below]], axis=1), quadratic[below]),
    )
    vartype = str(header.get("vartype"))[:40]
    return Problem(
        size, terms, vartype, "dimod BQM", name=file_name(source.file), constant=offset, labels=names,
        facts={"vartype": vartype},
    )  # fmt: skip


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """What the header says, and where the numbers begin."""
    length = int.from_bytes(data[10:14], "little")
    if len(data) < 14 or 14 + length > len(data):
        raise InputError("the header of this dimod model is damaged or cut short")
    header = json_document(data[14 : 14 + length], what="the header of this dimod model")
    if not isinstance(header, dict) or header.get("type") != "BinaryQuadraticModel":
        raise InputError("the header of this dimod model is damaged: it names no BinaryQuadraticModel")
    return header, 14 + length


def _shape(header: dict[str, Any]) -> tuple[int, int]:
    shape = header.get("shape")
    if not isinstance(shape, list) or len(shape) != 2 or not all(type(part) is int for part in shape):
        raise InputError("the header of this dimod model is damaged: it has no shape")
    if not 1 <= shape[0] <= MOST_VARIABLES or not 0 <= shape[1] < 1 << 40:
        raise InputError(f"the model has {str(shape[0])[:40]} variables; between 1 and {MOST_VARIABLES} can be read")
    return shape[0], shape[1]


def _dtype(header: dict[str, Any], name: str, among: tuple[str, ...]) -> np.dtype[Any]:
    said = header.get(name)
    if said not in among:
        raise InputError(f"the header of this dimod model has {name} {str(said)[:40]!r}, not one of {', '.join(among)}")
    return np.dtype(said).newbyteorder("<")


def _neighbours(
    starts: NDArray[np.int64], others: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Variable and neighbour of each entry, after a check that they are lists of neighbours."""
    ends = np.append(starts, len(others))
    if starts[0] != 0 or (np.diff(ends) < 0).any():
        raise InputError("the lists of neighbours in this dimod model are damaged")
    rows = np.repeat(np.arange(size), np.diff(ends))
    if len(others) and not 0 <= others.min() <= others.max() < size:
        raise InputError("a neighbour in this dimod model is out of range; the file is damaged")
    ascending = (np.diff(others) > 0) | (np.diff(rows) > 0)
    code, mirrored = rows * size + others, others * size + rows
    if not ascending.all() or (rows == others).any() or not np.array_equal(code, np.sort(mirrored)):
        raise InputError("the lists of neighbours in this dimod model do not mirror each other; the file is damaged")
    return rows, others


def _names(source: Source, header: dict[str, Any], version: tuple[int, ...], end: int, size: int) -> tuple[Any, ...]:
    """Names of the variables: in the header of version 1, behind the numbers in version 2."""
    said = header.get("variables")
    if version == (1, 0):
        found = labels(said)
    elif not said:
        found = tuple(range(size))
    else:
        data = source.data
        length = int.from_bytes(data[end + 4 : end + 8], "little")
        if data[end : end + 4] != b"VARS" or end + 8 + length > len(data):
            raise InputError(f"{source.file} is cut short: its names of variables are not whole")
        found = labels(json_document(data[end + 8 : end + 8 + length], what="the names of this dimod model"))
    if len(found) != size:
        raise InputError(f"this dimod model has {size} variables and {len(found)} names; the file is damaged")
    return found


FORMAT = ProblemFormat(
    "dimod-bqm",
    (".bqm",),
    _sniff,
    _read,
    "a BinaryQuadraticModel by bqm.to_file(), versions 1 and 2",
    "D-Wave Systems, dimod",
    "with bqm.to_file() as made: open('model.bqm', 'wb').write(made.read())",
)
