"""Square matrices: couplings J of spins, or Q of a QUBO."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.bounded_arrays import NPY_MAGIC, ZIP_MAGIC, read_npy, read_npz
from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, TermList
from spinfunnel.formats.problems.sparse_table import body, first_line, is_numeric
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT", "matrix_problem"]

Floats = NDArray[np.float64]

SAME = 16 * 2.0**-52
"""Difference, relative to the larger, up to which two entries count as equal: some sixteen units in the last place."""
SPARSE = {"format", "shape", "data"}
"""Arrays that ``scipy.sparse.save_npz`` writes, whatever the form."""


def _sniff(source: Source) -> bool:
    if source.data.startswith((NPY_MAGIC, ZIP_MAGIC)) or source.ending in (".npy", ".npz"):
        return True
    if source.is_json:
        return False
    first = first_line(source)
    words = " ".join(first).replace(",", " ").split()
    if source.ending == ".csv" or (is_numeric(words) and (len(words) > 3 or "," in "".join(first))):
        return bool(words)
    return source.ending != ".coo" and _three_by_three(source)


def _three_by_three(source: Source) -> bool:
    """Whether three lines of three numbers are a matrix, not three entries ``i j value``."""
    rows = [line.words for line in source.head if line.words[0][0] not in "#%"]
    if [len(row) for row in rows] != [3, 3, 3] or not all(map(is_numeric, rows)):
        return False
    indices = [word for row in rows for word in row[:2]]
    return not all(map(_whole, indices)) or all(float(rows[i][i]) == 0.0 for i in range(3))


def _whole(word: str) -> bool:
    return word.lstrip("+-").isdecimal()


def _read(source: Source, options: ReadOptions) -> Problem:
    arrays = _arrays(source)
    name = file_name(source.file)
    if {"J", "Q"} <= set(arrays):
        raise InputError("both J (couplings of spins) and Q (QUBO) are there: give one of them")
    if "J" in arrays or "Q" in arrays:
        key = "J" if "J" in arrays else "Q"
        form = "ising" if key == "J" else "qubo"
        return _problem(arrays[key], form=form, given=key, fields=arrays.get("h"), name=name, bare=False)
    if len(arrays) != 1:
        raise InputError(
            f"expected an array J (couplings of spins) or Q (QUBO), found {', '.join(arrays)[:80] or 'nothing'}"
        )
    key, only = next(iter(arrays.items()))
    return matrix_problem(
        only, form={"SPIN": "ising", "BINARY": "qubo"}.get(options.wanted or ""), given=key, name=name
    )


def matrix_problem(matrix: Floats, *, form: str | None, given: str = "the matrix", name: str = "matrix") -> Problem:
    """Problem of a bare square matrix.

    Parameters
    ----------
    matrix : array, shape (n, n)
    form : {"ising", "qubo"} or None
        ``E = -sum_{i<j} J_ij s_i s_j`` (symmetric, or one triangle alone), or ``E = x^T Q x`` (any square matrix).
        Without it a matrix with a diagonal is a QUBO, and a symmetric one without a diagonal couplings of spins; a
        matrix that is neither is refused, since it could be both.

    Raises
    ------
    InputError
        For anything but a square matrix of finite numbers, and couplings with a diagonal.

    Examples
    --------
    >>> matrix_problem(np.array([[-1.0, 2.0], [0.0, -1.0]]), form=None).note
    'read as a QUBO, E = x^T Q x, since it has a diagonal'
    """
    square = _square(matrix, given)
    note = ""
    if form is None:
        if np.diag(square).any():
            form, note = "qubo", "read as a QUBO, E = x^T Q x, since it has a diagonal"
        elif _is_symmetric(square):
            form, note = (
                "ising",
                (
                    "read as couplings of spins, E = -sum J_ij s_i s_j over pairs, since it is symmetric without a "
                    "diagonal; --as qubo reads x^T Q x"
                ),
            )
        else:
            raise InputError(
                f"{given} is square, not symmetric and without a diagonal, so that it could be couplings of spins or a "
                "QUBO: give --as ising or --as qubo (in Python as_=...)"
            )
    return _problem(square, form=form, given=given, fields=None, name=name, bare=True, note=note)


def _problem(
    matrix: Floats, *, form: str, given: str, fields: Floats | None, name: str, bare: bool, note: str = ""
) -> Problem:
    square = _square(matrix, given)
    size = len(square)
    if form == "qubo":
        if fields is not None:
            raise InputError("fields h belong to couplings J; put the linear part of a QUBO on the diagonal of Q")
        terms = _halves(square, size, linear=np.diag(square).copy(), sign=1.0)
        facts = {"vartype": "BINARY"}
        return Problem(size, terms, "BINARY", "matrix", name=name, facts=facts, note=note)
    loops = np.flatnonzero(np.diag(square))
    if len(loops):
        hint = "read it by --as qubo" if bare else "give fields as h, a QUBO as Q in an .npz"
        raise InputError(
            f"the diagonal entry {loops[0]} is {square[loops[0], loops[0]]:g}: a spin cannot couple to itself; {hint}"
        )
    given_fields = np.zeros(size) if fields is None else fields
    if given_fields.shape != (size,):
        raise InputError(f"h has shape {given_fields.shape}; {size} spins need shape ({size},)")
    triangle = not np.tril(square, -1).any() or not np.triu(square, 1).any()
    if not triangle and not _is_symmetric(square):
        i, j = np.argwhere(~_alike(square, square.T))[0].tolist()
        raise InputError(
            f"the matrix is not symmetric: entry [{i}, {j}] is {square[i, j]:g}, entry [{j}, {i}] is "
            f"{square[j, i]:g}; couplings are symmetric or one triangle, a QUBO may be any square matrix"
        )
    terms = _halves(square, size, linear=-given_fields, sign=-1.0 if triangle else -0.5)
    return Problem(size, terms, "SPIN", "matrix", name=name, facts={"vartype": "SPIN"}, note=note)


def _halves(square: Floats, size: int, *, linear: Floats, sign: float) -> TermList:
    """Diagonal and pairs; what stands above and below the diagonal adds up."""
    rows, columns = np.nonzero(np.triu(square, 1) + np.tril(square, -1).T)
    pairs = sign * (square[rows, columns] + square[columns, rows])
    return (np.arange(size)[:, None], linear), (np.stack([rows, columns], axis=1), pairs)


def _alike(a: Floats, b: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.abs(a - b) <= SAME * np.maximum(np.abs(a), np.abs(b)))


def _is_symmetric(square: Floats) -> bool:
    return np.array_equal(square, square.T) or bool(_alike(square, square.T).all())


def _square(matrix: Any, given: str) -> Floats:
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"{given} holds {matrix.dtype}, not numbers")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) == 0:
        raise InputError(f"{given} has shape {str(matrix.shape)[:60]}; couplings need a square matrix")
    if len(matrix) > MOST_VARIABLES:
        raise InputError(f"{given} has {len(matrix)} rows; at most {MOST_VARIABLES} can be read")
    square = matrix.astype(np.float64)
    if not np.isfinite(square).all():
        i, j = np.argwhere(~np.isfinite(square))[0].tolist()
        raise InputError(f"{given}[{i}, {j}] is {square[i, j]}; couplings must be finite numbers")
    return np.asarray(square)


# ---------------------------------------------------------------------------------------------
# Files


def _arrays(source: Source) -> dict[str, Floats]:
    """Arrays by name; a bare one is called 'the matrix'."""
    data = source.data
    if data.startswith(ZIP_MAGIC) or source.ending == ".npz":
        found = read_npz(data, what=str(source.file))
        if set(found) >= SPARSE:
            return {"the matrix": _dense(found)}
        for name, array in found.items():
            if array.dtype.kind not in "biuf":
                raise InputError(f"array {name[:40]} holds {array.dtype}, not numbers")
        return {name: array.astype(np.float64) for name, array in found.items()}
    if data.startswith(NPY_MAGIC) or source.ending == ".npy":
        return {"the matrix": read_npy(data, what=str(source.file)).astype(np.float64)}
    return {"the matrix": _table(source)}


def _dense(found: dict[str, NDArray[Any]]) -> Floats:
    """Matrix of an archive of ``scipy.sparse.save_npz``, whose entries are checked before they are used."""
    form = found["format"].ravel()[:1].tolist()
    kind = form[0].decode("latin-1") if form and isinstance(form[0], bytes) else str(form[0]) if form else ""
    shape = found["shape"].ravel().tolist()
    data = found["data"].ravel()
    if len(shape) != 2 or shape[0] != shape[1] or not 0 < shape[0] <= 4096 or data.dtype.kind not in "biuf":
        raise InputError(
            f"a sparse matrix of shape {str(shape)[:60]} is not read; give a square one of 4096 rows at most"
        )
    size = int(shape[0])
    if kind == "coo" and {"row", "col"} <= set(found):
        rows, columns = found["row"].ravel(), found["col"].ravel()
    elif kind in ("csr", "csc") and {"indices", "indptr"} <= set(found):
        ends = found["indptr"].ravel().astype(np.int64)
        if len(ends) != size + 1 or ends[0] != 0 or ends[-1] != len(data) or (np.diff(ends) < 0).any():
            raise InputError("the rows of this sparse matrix do not fit its entries; the file is damaged")
        rows, columns = np.repeat(np.arange(size), np.diff(ends)), found["indices"].ravel()
        rows, columns = (rows, columns) if kind == "csr" else (columns, rows)
    else:
        raise InputError(f"a sparse matrix of form {kind[:20]!r} is not read; save it as csr, csc or coo")
    rows, columns = (np.asarray(places).astype(np.int64) for places in (rows, columns))
    if not len(rows) == len(columns) == len(data) or (len(rows) and not _within(rows, columns, size)):
        raise InputError("the indices of this sparse matrix are out of range; the file is damaged")
    matrix = np.zeros((size, size))
    np.add.at(matrix, (rows, columns), data.astype(np.float64))
    return matrix


def _within(rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> bool:
    return bool(min(rows.min(), columns.min()) >= 0 and max(rows.max(), columns.max()) < size)


def _table(source: Source) -> Floats:
    """Matrix written as text, one row a line, by blanks or commas."""
    rows: list[list[float]] = []
    for line in body(source):
        words = " ".join(line.words).replace(",", " ").split()
        try:
            row = [float(word) for word in words]
        except ValueError:
            wrong = next((word for word in words if not is_numeric([word])), "")
            raise line.error(f"a matrix holds numbers only, got {wrong[:40]!r}") from None
        if rows and len(row) != len(rows[0]):
            raise InputError(
                f"{source.file}, row {len(rows) + 1}: {len(row)} numbers where the first row has {len(rows[0])}"
            )
        rows.append(row)
    return np.array(rows, np.float64)


FORMAT = ProblemFormat(
    "matrix",
    (".npy", ".npz", ".csv", ".txt"),
    _sniff,
    _read,
    "E = -sum_{i<j} J_ij s_i s_j - sum h_i s_i, or E = x^T Q x for any square Q; .npz names J, h or Q, a bare matrix "
    "with a diagonal is Q, --as chooses",
    "NumPy, numpy.lib.format; SciPy, scipy.sparse.save_npz",
    "0,1,0\n1,0,-1\n0,-1,0\n",
    options=("vartype", "form"),
)
