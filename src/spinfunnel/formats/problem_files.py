"""Problem files: rudy and Gset graphs, ``.qubo``, COO, matrices, and the models of dimod."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from spinfunnel.formats.lines import Line, content, lines
from spinfunnel.formats.model_files import BQM_MAGIC, load_bqm, load_json, load_matrix, spin_model
from spinfunnel.landscape import InputError
from spinfunnel.systems.registry import file_name
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["load_problem"]

MOST_VARIABLES = 1_000_000
MATRIX_SUFFIXES = (".npy", ".npz", ".csv")


def load_problem(path: str | Path, *, vartype: str = "BINARY") -> SpinPolynomial:
    r"""Read an Ising, QUBO, max-cut or polynomial problem from a file.

    The format is told by the content, and by the name where the content leaves a doubt:

    - **rudy / Gset**: first line ``vertices edges``, then ``i j weight`` for each edge, counted from 1, the weight 1
      where no edge has one. ``E = sum w_ij s_i s_j`` = (sum of weights) - 2 cut. Loops and repeated edges are refused,
      and so is a number of edges other than the announced one.
    - **.qubo** (qbsolv): ``p qubo target maxNodes nNodes nCouplers`` after comment lines ``c ...``, then ``i i a``
      and ``i j b`` counted from 0. ``E = sum a_i x_i + sum b_ij x_i x_j`` over x in {0, 1}. Repeated entries are
      refused.
    - **COO**: lines ``i j value`` counted from 0, ``i i value`` being linear; repeated entries are summed, as dimod
      does. A comment ``# vartype=SPIN`` or ``# vartype=BINARY`` says over what; without it, `vartype` holds.
    - **matrix** ``.npy``, ``.csv``, or a text with more than three columns (or three rows of three numbers with a
      zero diagonal or no whole number where an index would stand): symmetric couplings J with zero diagonal,
      ``E = -sum_{i<j} J_ij s_i s_j``; ``.npz`` with ``J`` and perhaps ``h`` (``-sum h_i s_i``), or with
      ``Q`` (``E = x^T Q x``; symmetric or upper triangular).
    - **dimod**: the JSON of ``BinaryQuadraticModel.to_serializable()``; the binary
      ``BinaryQuadraticModel.to_file()``; and for higher orders the JSON object ``{"type": "BinaryPolynomial",
      "vartype": "SPIN" or "BINARY", "terms": [[[variable, ...], bias], ...]}``. Names of
      variables are kept as `labels`.

    Nothing is executed or unpickled.

    Parameters
    ----------
    path : str or Path
    vartype : {"BINARY", "SPIN"}
        Meaning of a COO file that does not say.

    Raises
    ------
    InputError
        Naming the file, the line, the value and the bound.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "triangle.txt")
    >>> _ = file.write_text("3 3\n1 2 1\n2 3 1\n1 3 1\n")
    >>> load_problem(file).terms[2][0].tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    file = Path(path)
    data = content(file, what="problem file")
    try:
        if data.startswith(BQM_MAGIC):
            return load_bqm(file, data)
        if data.startswith(b"DIMOD"):
            raise InputError(f"{file} holds another model of dimod's: give a BinaryQuadraticModel")
        if data.startswith((b"\x93NUMPY", b"PK")) or file.suffix.lower() in (".npy", ".npz"):
            return load_matrix(file)
        text = _text(file, data)
        if text.lstrip()[:1] in ("{", "["):
            return load_json(file, text)
        return _load_table(file, text, vartype=vartype)
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(str(file)) else f"{file}: {message}") from None


def _text(file: Path, data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        raise InputError(f"{file} is compressed: unpack it with gunzip, and give the file in it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is no text and no model of dimod or NumPy: byte {error.start} is {data[error.start]:#04x}"
        ) from None
    if "\0" in text:
        raise InputError(f"{file} is no text and no model of dimod or NumPy: byte {text.index(chr(0))} is 0x00")
    return text


# ---------------------------------------------------------------------------------------------
# Tables of numbers


def _load_table(file: Path, text: str, *, vartype: str) -> SpinPolynomial:
    every = list(lines(file, text))
    comments = [line for line in every if line.words[0][0] in "#%"]
    numbers = [line for line in every if line.words[0][0] not in "#%"]
    if not numbers:
        raise InputError(f"{file} holds comments only")
    if any(line.words[:2] == ["p", "qubo"] for line in numbers):
        return _load_qubo(file, [line for line in numbers if line.words[0] != "c"])
    first = " ".join(numbers[0].words).replace(",", " ").split()
    if file.suffix.lower() == ".csv" or (_numeric(first) and (len(first) > 3 or "," in "".join(numbers[0].words))):
        return load_matrix(file, text="\n".join(" ".join(line.words).replace(",", " ") for line in numbers))
    if file.suffix.lower() != ".coo" and _three_by_three([line.words for line in numbers]):
        return load_matrix(file, text="\n".join(" ".join(line.words).replace(",", " ") for line in numbers))
    if file.suffix.lower() == ".qubo":
        raise numbers[0].error("a .qubo file needs the line 'p qubo 0 maxNodes nNodes nCouplers' before its numbers")
    if not _numeric(numbers[0].words):
        raise numbers[0].error(
            f"{' '.join(numbers[0].words)[:40]!r} begins no known format: expected "
            "'vertices edges', 'i j value', 'p qubo ...', a matrix or JSON"
        )
    if len(numbers[0].words) == 2 and file.suffix.lower() != ".coo":
        return _load_rudy(file, numbers)
    return _load_coo(file, numbers, vartype=_declared(comments) or vartype)


def _numeric(words: list[str]) -> bool:
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True


def _three_by_three(rows: list[list[str]]) -> bool:
    """Whether three lines of three numbers are a matrix of couplings, not three entries ``i j value``."""
    if [len(row) for row in rows] != [3, 3, 3] or not all(map(_numeric, rows)):
        return False
    indices = [word for row in rows for word in row[:2]]
    return not all(map(_whole, indices)) or all(float(rows[i][i]) == 0.0 for i in range(3))


def _whole(word: str) -> bool:
    return word.lstrip("+-").isdecimal()


def _declared(comments: list[Line]) -> str | None:
    """Vartype that a comment declares."""
    for line in comments:
        text = "".join(line.words).lstrip("#%")
        if text.lower().startswith("vartype="):
            return text.partition("=")[2].upper()
    return None


def _entries(
    lines: list[Line], *, first: int, last: int, default: bool, unique: bool, loop: Callable[[Line, int], None] | None
) -> dict[tuple[int, int], float]:
    """Weights by pair of indices counted from 0, the smaller first."""
    found: dict[tuple[int, int], float] = {}
    for line in lines:
        if len(line.words) != 3 and not (default and len(line.words) == 2):
            raise line.error(f"{len(line.words)} columns where 'i j weight' was expected")
        i = line.whole(0, low=first, high=last, what="index")
        j = line.whole(1, low=first, high=last, what="index")
        value = line.finite(2, what="weight") if len(line.words) == 3 else 1.0
        if i == j and loop is not None:
            loop(line, i)
        pair = (min(i, j) - first, max(i, j) - first)
        if unique and pair in found:
            raise line.error(f"the pair {i} {j} was given before; give each pair once")
        found[pair] = found.get(pair, 0.0) + value
    return found


def _load_rudy(file: Path, lines: list[Line]) -> SpinPolynomial:
    head = lines[0]
    vertices = head.whole(0, low=1, high=MOST_VARIABLES, what="number of vertices")
    edges = head.whole(1, low=0, high=10**12, what="number of edges")
    if len(lines) - 1 != edges:
        kind = "is cut short" if len(lines) - 1 < edges else "goes on too long"
        raise InputError(f"{file} {kind}: line {head.number} announces {edges} edges, {len(lines) - 1} follow")

    def loop(line: Line, vertex: int) -> None:
        raise line.error(f"vertex {vertex} is joined to itself; a cut has no self-loops")

    weighted = len(lines) > 1 and len(lines[1].words) == 3
    found = _entries(lines[1:], first=1, last=vertices, default=not weighted, unique=True, loop=loop)
    pairs = np.array(list(found), np.int64).reshape(-1, 2)
    terms = [(pairs, np.array(list(found.values())))]
    return SpinPolynomial(
        vertices, terms, name=file_name(file), parameters={"format": "rudy"}, labels=tuple(range(1, vertices + 1))
    )


def _load_qubo(file: Path, lines: list[Line]) -> SpinPolynomial:
    head = lines[0]
    if head.words[:2] != ["p", "qubo"] or len(head.words) != 6:
        raise head.error("expected 'p qubo 0 maxNodes nNodes nCouplers' before the numbers")
    variables = head.whole(3, low=1, high=MOST_VARIABLES, what="maxNodes")
    counts = [head.whole(place, low=0, high=10**12, what=what) for place, what in ((4, "nNodes"), (5, "nCouplers"))]
    found = _entries(lines[1:], first=0, last=variables - 1, default=False, unique=True, loop=None)
    nodes = sum(i == j for i, j in found)
    for name, announced, there in (("nNodes", counts[0], nodes), ("nCouplers", counts[1], len(found) - nodes)):
        if announced != there:
            kind = "is cut short" if there < announced else "goes on too long"
            raise InputError(f"{file} {kind}: line {head.number} announces {name} = {announced}, {there} follow")
    return _quadratic(file, found, size=variables, vartype="BINARY", kind="qubo")


def _load_coo(file: Path, lines: list[Line], *, vartype: str) -> SpinPolynomial:
    found = _entries(lines, first=0, last=MOST_VARIABLES - 1, default=False, unique=False, loop=None)
    size = 1 + max(j for _, j in found)
    return _quadratic(file, found, size=size, vartype=vartype, kind="coo")


def _quadratic(
    file: Path, found: dict[tuple[int, int], float], *, size: int, vartype: str, kind: str
) -> SpinPolynomial:
    linear = [(i, value) for (i, j), value in found.items() if i == j]
    pairs = [(pair, value) for pair, value in found.items() if pair[0] != pair[1]]
    terms = [
        (np.array([[i] for i, _ in linear], np.int64).reshape(-1, 1), np.array([value for _, value in linear])),
        (np.array([pair for pair, _ in pairs], np.int64).reshape(-1, 2), np.array([value for _, value in pairs])),
    ]
    return spin_model(file, terms, size=size, constant=0.0, vartype=vartype, kind=kind, labels=())
