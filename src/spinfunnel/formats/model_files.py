"""Models of dimod, as JSON or binary, and matrices of NumPy."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.systems.registry import file_name
from spinfunnel.systems.spins.conversion import TermList, spins_from_binary
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["BQM_MAGIC", "load_bqm", "load_json", "load_matrix", "spin_model", "write_polynomial"]

BQM_MAGIC = b"DIMODBQM"
MOST_VARIABLES = 1_000_000


def spin_model(
    file: Path, terms: TermList, *, size: int, constant: float, vartype: str, kind: str, labels: tuple[Any, ...]
) -> SpinPolynomial:
    """Polynomial in spins from terms over spins or over variables 0 and 1."""
    if vartype not in ("SPIN", "BINARY"):
        raise InputError(f"{file}: vartype {vartype!r} is unknown: give SPIN or BINARY")
    for indices, values in terms:
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            names = [labels[i] if labels else i for i in indices[wrong[0]].tolist()]
            raise InputError(f"{file}: the coupling of {names} is {values[wrong[0]]}; couplings must be finite numbers")
    parameters = {"format": kind, "vartype": vartype}
    spread, shift = spins_from_binary(terms) if vartype == "BINARY" else (list(terms), 0.0)
    return SpinPolynomial(
        size, spread, name=file_name(file), parameters=parameters, constant=constant + shift, labels=labels
    )


# ---------------------------------------------------------------------------------------------
# JSON


def load_json(file: Path, text: str) -> SpinPolynomial:
    """Read a model that was written as JSON (see `files.load_problem`)."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: this is no whole JSON document: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{file}: this JSON is nested too deeply for a model") from None
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "BinaryQuadraticModel":
        return _quadratic_model(file, content)
    if kind == "BinaryPolynomial":
        return _polynomial_model(file, content)
    raise InputError(
        f"{file}: this JSON is no model: its 'type' must be 'BinaryQuadraticModel' or 'BinaryPolynomial', got {kind!r}"
    )


def _field(file: Path, content: dict[str, Any], name: str) -> Any:
    if name not in content:
        raise InputError(f"{file}: the model has no entry {name!r}")
    return content[name]


def _array(file: Path, content: dict[str, Any], name: str, kind: Any) -> NDArray[Any]:
    values = _field(file, content, name)
    try:
        array = np.asarray(values)
        if not isinstance(values, list) or array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
            raise ValueError
        if kind is np.int64 and array.size and array.dtype.kind == "f":
            raise ValueError
        return array.astype(kind)
    except (ValueError, OverflowError):
        word = "whole numbers" if kind is np.int64 else "numbers"
        raise InputError(f"{file}: {name!r} must be a list of {word}") from None


def _number(file: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise InputError(f"{file}: {name} is {str(value)[:40]}; it must be a finite number")
    return float(value)


def _label(value: Any) -> Any:
    """Names as dimod has them: lists in JSON were tuples."""
    return tuple(_label(part) for part in value) if isinstance(value, list) else value


def _labels(file: Path, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list) or not all(isinstance(value, (str, int, float, list)) for value in values):
        raise InputError(f"{file}: names of variables must be a list of words, numbers or lists of them")
    labels = tuple(_label(value) for value in values)
    if len(set(labels)) != len(labels):
        raise InputError(f"{file}: a variable's name occurs twice among {len(labels)}; names must differ")
    return labels


def _quadratic_model(file: Path, content: dict[str, Any]) -> SpinPolynomial:
    if content.get("use_bytes"):
        raise InputError(f"{file}: the biases are raw bytes; write the model by to_serializable() or to_file()")
    labels = _labels(file, _field(file, content, "variable_labels"))
    linear = _array(file, content, "linear_biases", np.float64)
    quadratic = _array(file, content, "quadratic_biases", np.float64)
    head, tail = (_array(file, content, name, np.int64) for name in ("quadratic_head", "quadratic_tail"))
    if len(linear) != len(labels) or not len(head) == len(tail) == len(quadratic):
        raise InputError(
            f"{file}: {len(labels)} names, {len(linear)} linear biases, "
            f"{len(quadratic)} quadratic biases with {len(head)} heads and "
            f"{len(tail)} tails do not fit together; the file is damaged"
        )
    for index in (head, tail):
        bad = np.flatnonzero((index < 0) | (index >= len(labels)))
        if len(bad):
            raise InputError(
                f"{file}: interaction {bad[0]} names variable {index[bad[0]]}, "
                f"but they are numbered 0 to {len(labels) - 1}"
            )
    loops = np.flatnonzero(head == tail)
    if len(loops):
        raise InputError(
            f"{file}: interaction {loops[0]} joins variable "
            f"{labels[head[loops[0]]]!r} to itself; put it among the linear biases"
        )
    offset = _number(file, "the offset", content.get("offset", 0.0))
    terms = [(np.arange(len(labels))[:, None], linear), (np.stack([head, tail], axis=1), quadratic)]
    vartype = str(_field(file, content, "variable_type"))
    return spin_model(file, terms, size=len(labels), constant=offset, vartype=vartype, kind="dimod JSON", labels=labels)


def _polynomial_model(file: Path, content: dict[str, Any]) -> SpinPolynomial:
    rows = _field(file, content, "terms")
    if not isinstance(rows, list):
        raise InputError(f"{file}: 'terms' must be a list of [[variable, ...], bias]")
    numbers: dict[Any, int] = {}
    if "variables" in content:
        numbers = {label: i for i, label in enumerate(_labels(file, content["variables"]))}
    constant, by_order = 0.0, dict[int, list[tuple[list[int], float]]]()
    for place, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], list):
            raise InputError(f"{file}: term {place} must be [[variable, ...], bias], got {str(row)[:40]}")
        labels = _labels(file, row[0])
        value = _number(file, f"the bias of term {place}", row[1])
        if "variables" in content and not set(labels) <= set(numbers):
            raise InputError(f"{file}: term {place} names a variable that is not among 'variables'")
        if labels:
            by_order.setdefault(len(labels), []).append(
                ([numbers.setdefault(label, len(numbers)) for label in labels], value)
            )
        else:
            constant += value
    if not numbers:
        raise InputError(f"{file}: the polynomial has no variable")
    terms = [(np.array([i for i, _ in part], np.int64), np.array([v for _, v in part])) for part in by_order.values()]
    vartype = str(_field(file, content, "vartype"))
    return spin_model(
        file,
        terms,
        size=len(numbers),
        constant=constant,
        vartype=vartype,
        kind="polynomial JSON",
        labels=tuple(numbers),
    )


def write_polynomial(landscape: SpinPolynomial, path: str | Path) -> None:
    """Write a polynomial as the JSON that `files.load_problem` reads.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "three.json")
    >>> write_polynomial(SpinPolynomial(3, [([[0, 1, 2]], [0.5])], labels=("a", "b", "c")), file)
    >>> load_json(file, file.read_text()).labels
    ('a', 'b', 'c')
    """
    rows: list[Any] = [[[], landscape.constant]] if landscape.constant else []
    for indices, values in landscape.terms.values():
        for row, value in zip(indices.tolist(), values.tolist(), strict=True):
            rows.append([[landscape.labels[i] for i in row], value])
    content = {"type": "BinaryPolynomial", "vartype": "SPIN", "variables": list(landscape.labels), "terms": rows}
    Path(path).write_text(json.dumps(content), encoding="utf-8")


# ---------------------------------------------------------------------------------------------
# Binary files


def load_bqm(file: Path, data: bytes) -> SpinPolynomial:
    """Read a model that dimod wrote by ``BinaryQuadraticModel.to_file()``."""
    import dimod

    try:
        length = struct.unpack("<I", data[10:14])[0]
        shape: Sequence[int] = json.loads(data[14 : 14 + length])["shape"]
        variables, interactions = int(shape[0]), int(shape[1])
    except (struct.error, ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{file}: the header of this dimod model is damaged") from None
    if not 1 <= variables <= MOST_VARIABLES:
        raise InputError(f"{file}: the model has {variables} variables; between 1 and {MOST_VARIABLES} can be read")
    if interactions < 0 or 6 * (variables + 2 * interactions) > len(data):
        raise InputError(
            f"{file} is cut short: {variables} variables and {interactions} "
            f"interactions do not fit into {len(data)} bytes"
        )
    # Names come last, blanks after them; dimod reads whatever part of both there is.
    names = data.find(b"VARS", 14 + length)
    if names >= 0 and len(data) < names + 8 + int.from_bytes(data[names + 4 : names + 8], "little"):
        raise InputError(f"{file} is cut short: its names of variables are not whole")
    try:
        model = dimod.BinaryQuadraticModel.from_file(BytesIO(data))
        labels = tuple(model.variables)
        linear, (head, tail, quadratic), offset = model.to_numpy_vectors(labels)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to its reader
        raise InputError(f"{file}: dimod cannot read this model: {type(error).__name__}: {str(error)[:80]}") from None
    terms = [
        (np.arange(len(labels))[:, None], np.asarray(linear, np.float64)),
        (np.stack([head, tail], axis=1).astype(np.int64), np.asarray(quadratic, np.float64)),
    ]
    constant = _number(file, "the offset", float(offset))
    return spin_model(
        file, terms, size=len(labels), constant=constant, vartype=model.vartype.name, kind="dimod BQM", labels=labels
    )


def load_matrix(file: Path, *, text: str | None = None) -> SpinPolynomial:
    """Read couplings given as a matrix (see `files.load_problem`)."""
    arrays = {"J": _parsed_matrix(file, text)} if text is not None else _numpy_arrays(file)
    if ("J" in arrays) == ("Q" in arrays):
        raise InputError(
            f"{file}: expected an array J (couplings of spins) or Q (QUBO), found {', '.join(arrays) or 'nothing'}"
        )
    name = "J" if "J" in arrays else "Q"
    matrix = _square(file, name, arrays[name])
    size = len(matrix)
    above = np.argwhere(np.triu(matrix, 1) != 0.0)
    each = np.arange(size)[:, None]
    if name == "Q":
        upper = not np.tril(matrix, -1).any()
        if not upper:
            _check_symmetric(file, matrix, "symmetric or upper triangular")
        pairs = matrix[above[:, 0], above[:, 1]] * (1.0 if upper else 2.0)
        terms = [(each, np.diag(matrix).copy()), (above, pairs)]
        return spin_model(file, terms, size=size, constant=0.0, vartype="BINARY", kind="matrix", labels=())
    _check_symmetric(file, matrix, "symmetric")
    loops = np.flatnonzero(np.diag(matrix))
    if len(loops):
        raise InputError(
            f"{file}: the diagonal entry {loops[0]} is {matrix[loops[0], loops[0]]:g}: "
            "a spin cannot couple to itself; give fields as h, a QUBO as Q in an .npz"
        )
    fields = arrays.get("h", np.zeros(size))
    if fields.shape != (size,):
        raise InputError(f"{file}: h has shape {fields.shape}; {size} spins need shape ({size},)")
    terms = [(each, -fields), (above, -matrix[above[:, 0], above[:, 1]])]
    return spin_model(file, terms, size=size, constant=0.0, vartype="SPIN", kind="matrix", labels=())


def _numpy_arrays(file: Path) -> dict[str, NDArray[np.float64]]:
    try:
        with file.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            arrays = {"J": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
        numbers = {name: np.asarray(array) for name, array in arrays.items()}
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to its reader
        raise InputError(f"{file}: NumPy cannot read this file: {type(error).__name__}: {str(error)[:80]}") from None
    for name, array in numbers.items():
        if array.dtype.kind not in "biuf":
            raise InputError(f"{file}: array {name} holds {array.dtype}, not numbers")
    return {name: array.astype(np.float64) for name, array in numbers.items()}


def _parsed_matrix(file: Path, text: str) -> NDArray[np.float64]:
    rows = [line.split() for line in text.splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise InputError(f"{file}, row {number}: {len(row)} numbers where the first row has {len(rows[0])}")
    try:
        return np.array([[float(word) for word in row] for row in rows])
    except ValueError as error:
        raise InputError(f"{file}: a matrix holds numbers only: {error}") from None


def _square(file: Path, name: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) == 0:
        raise InputError(f"{file}: {name} has shape {matrix.shape}; couplings need a square matrix")
    wrong = np.argwhere(~np.isfinite(matrix))
    if len(wrong):
        i, j = wrong[0].tolist()
        raise InputError(f"{file}: {name}[{i}, {j}] is {matrix[i, j]}; couplings must be finite numbers")
    return matrix


def _check_symmetric(file: Path, matrix: NDArray[np.float64], what: str) -> None:
    wrong = np.argwhere(matrix != matrix.T)
    if len(wrong):
        i, j = wrong[0].tolist()
        raise InputError(
            f"{file}: the matrix is not {what}: entry [{i}, {j}] is "
            f"{matrix[i, j]:g}, entry [{j}, {i}] is {matrix[j, i]:g}"
        )
