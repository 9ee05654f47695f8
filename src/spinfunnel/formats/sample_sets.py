r"""Samples of other solvers: sample sets of dimod as JSON, tables with or without names, lists of samples.

Nothing is unpickled. dimod's, D-Wave's, PyQUBO's and OpenJij's sample sets are written by
``json.dump(sampleset.to_serializable(), file)``, or as a table by ``sampleset.to_pandas_dataframe().to_csv(file)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.bounded_arrays import NPY_MAGIC, ZIP_MAGIC, read_npy
from spinfunnel.formats.problems.json_fields import labels
from spinfunnel.formats.problems.sparse_table import body, is_numeric
from spinfunnel.formats.source import Source
from spinfunnel.landscape import InputError
from spinfunnel.landscape.running import plain_text

__all__ = ["SampleRows", "read_sample_rows"]

BESIDE = ("energy", "num_occurrences", "num_oc.", "chain_break_fraction", "chain_b.", "is_feasible")
"""Columns of a table that are no variables."""
LARGEST_COUNT = 1 << 31


@dataclass(frozen=True, slots=True, eq=False)
class SampleRows:
    """Samples: values (B, N) in {0, 1} or {-1, 1}, how often each occurred (B,), and the columns' names.

    `variables` is None where columns are the variables in their order.
    """

    values: NDArray[Any]
    times: NDArray[np.int64]
    variables: tuple[Any, ...] | None = None


def read_sample_rows(path: str | Path) -> SampleRows:
    r"""Read samples from a file.

    Parameters
    ----------
    path : str or Path
        A dimod SampleSet as JSON; a JSON list of samples ``{name: value}``; rows of numbers as ``.npy`` or text; or a
        table whose first line names the columns, those of the energy and of occurrences among them.

    Raises
    ------
    InputError
        Naming the file and what is wrong.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "reads.csv")
    >>> _ = file.write_text("a,b,energy,num_occurrences\n0,1,-1.0,2\n")
    >>> rows = read_sample_rows(file)
    >>> rows.values.tolist(), rows.times.tolist(), rows.variables
    ([[0, 1]], [2], ('a', 'b'))
    """
    source = Source.of(path, what="file of samples")
    try:
        found = _rows(source)
        if found.values.ndim != 2 or not found.values.size:
            raise InputError("it holds no samples; give at least one")
        if not np.isin(found.values, (-1, 0, 1)).all() or {-1, 0} <= set(np.unique(found.values).tolist()):
            raise InputError("it holds no samples: give rows of 0 and 1, or of -1 and 1, one a sample")
    except InputError as error:
        message = str(error)
        named = message.startswith(plain_text(str(source.file)))
        raise InputError(message if named else f"{source.file}: {message}") from None
    return SampleRows(found.values.astype(np.int64), found.times, found.variables)


def _rows(source: Source) -> SampleRows:
    if source.data.startswith(NPY_MAGIC) or source.ending == ".npy":
        return _plain(read_npy(source.data, what=str(source.file)))
    if source.data.startswith((b"\x80", ZIP_MAGIC)):
        raise InputError("this is a pickle or an archive; write sampleset.to_serializable() as JSON")
    _ = source.text
    if source.is_json:
        document = source.document
        return _listed(document) if isinstance(document, list) else _sample_set(document)
    return _table(source)


def _plain(values: NDArray[Any]) -> SampleRows:
    return SampleRows(values, np.ones(len(values) if values.ndim else 0, np.int64))


def _table(source: Source) -> SampleRows:
    """Rows of numbers, or a table whose first line has names."""
    lines = (" ".join(line.words).replace(",", " , ").split() for line in body(source, comments="#"))
    split = [_cells(words) for words in lines]
    if not split:
        raise InputError("it holds no samples; give at least one")
    head = None if is_numeric([cell for cell in split[0] if cell]) else split.pop(0)
    width = len(head) if head is not None else len(split[0])
    for number, cells in enumerate(split, 1):
        if len(cells) != width or not is_numeric(cells):
            raise InputError(f"it holds no samples: row {number} is not {width} numbers")
    numbers = np.array(split, np.float64).reshape(-1, width)
    if head is None:
        return _plain(numbers)
    columns = [place for place, name in enumerate(head) if name and name not in BESIDE]
    if not columns:
        raise InputError("it holds no samples: its first line names no variable")
    names = labels([int(head[place]) if _is_index(head[place]) else head[place] for place in columns])
    counts = next((numbers[:, head.index(name)] for name in ("num_occurrences", "num_oc.") if name in head), None)
    times = np.ones(len(numbers), np.int64) if counts is None else _counts(counts)
    return SampleRows(numbers[:, columns], times, names)


def _cells(words: list[str]) -> list[str]:
    """Cells of a row by commas, or by blanks where there is none; the first may be empty, as pandas writes it."""
    if "," not in words:
        return words
    cells = " ".join(words).split(",")
    return [cell.strip().strip('"') for cell in cells]


def _is_index(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 10


def _counts(values: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isfinite(values).all() or (values != np.rint(values)).any() or not _within(values):
        raise InputError("occurrences of samples must be whole numbers from 0")
    return values.astype(np.int64)


def _within(values: NDArray[Any]) -> bool:
    return values.size == 0 or bool(values.min() >= 0 and values.sum() < LARGEST_COUNT)


def _listed(document: list[Any]) -> SampleRows:
    """Samples ``[{name: value, ...}, ...]``."""
    if not document or not all(isinstance(row, dict) and row for row in document):
        raise InputError("it holds no samples: a list must hold samples {name: value}")
    names = list(document[0])
    if any(row.keys() != document[0].keys() for row in document):
        raise InputError("its samples are not of the same variables")
    values = np.array(list(_whole(row[name] for row in document for name in names)), np.int64)
    known = labels([int(name) if _is_index(name) else name for name in names])
    return SampleRows(values.reshape(-1, len(names)), np.ones(len(document), np.int64), known)


def _whole(values: Iterator[Any]) -> Iterator[int]:
    for value in values:
        if value not in (-1, 0, 1) or isinstance(value, str | list | dict):
            raise InputError("it holds no samples: values must be 0 and 1, or -1 and 1")
        yield int(value)


def _sample_set(document: Any) -> SampleRows:
    """Sample set by ``dimod.SampleSet.to_serializable()``, its samples packed into bits or not."""
    if not isinstance(document, dict) or "sample_data" not in document:
        kind = document.get("type") if isinstance(document, dict) else None
        raise InputError(
            f"this JSON of the type {str(kind)[:40]!r} is no sample set of dimod; write "
            "json.dump(sampleset.to_serializable(), file)"
        )
    names = labels(_list(document, "variable_labels"))
    samples = _array(document, "sample_data")
    values = _unpacked(samples, len(names)) if document.get("sample_packed") else samples
    occurrences = document.get("vectors", {})
    counts = occurrences.get("num_occurrences") if isinstance(occurrences, dict) else None
    times = np.ones(len(values), np.int64) if counts is None else _counts(_numbers(counts))
    if values.ndim != 2 or values.shape[1] != len(names) or len(times) != len(values):
        raise InputError(
            f"{len(names)} names, samples of shape {str(values.shape)[:40]} and {len(times)} occurrences do not fit "
            "together; the file is damaged"
        )
    return SampleRows(values, times, names)


def _list(document: dict[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise InputError(f"the sample set has no list {name!r}")
    return found


def _array(document: dict[str, Any], name: str) -> NDArray[Any]:
    return _numbers(document.get(name))


def _numbers(entry: Any) -> NDArray[Any]:
    """Array as dimod writes it: ``{"type": "array", "data": nested lists, ...}``, without raw bytes."""
    if not isinstance(entry, dict) or entry.get("type") != "array":
        raise InputError("an array of this sample set is damaged")
    if entry.get("use_bytes"):
        raise InputError("its arrays are raw bytes; write the samples by to_serializable() without use_bytes")
    try:
        found = np.array(entry.get("data"))
    except (ValueError, OverflowError):
        raise InputError("an array of this sample set has rows of different lengths") from None
    if found.dtype.kind not in "iuf" or found.ndim not in (1, 2):
        raise InputError("an array of this sample set holds something else than numbers")
    return found


def _unpacked(words: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Bits of samples that were packed into words of 32, the first variable in the lowest bit."""
    if words.ndim != 2 or words.dtype.kind not in "iu" or words.shape[1] != -(-size // 32):
        raise InputError("the packed samples do not fit the number of variables; the file is damaged")
    if words.size and not 0 <= words.min() <= words.max() < 1 << 32:
        raise InputError("the packed samples are no words of 32 bits; the file is damaged")
    raw = np.ascontiguousarray(words.astype("<u4")).view(np.uint8).reshape(len(words), -1)
    return np.unpackbits(raw, axis=1, bitorder="little")[:, :size].astype(np.int64)
