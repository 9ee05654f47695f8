"""Files that are not read: each is named for what it is, with the way out."""

from __future__ import annotations

from spinfunnel.formats.source import Source
from spinfunnel.landscape import InputError

__all__ = ["name_unread"]

BY_BYTES = (
    (
        b"DIMODDQM",
        "a discrete quadratic model of dimod",
        "write it as a ConstrainedQuadraticModel or BinaryQuadraticModel",
    ),
    (b"DIMODQM", "a quadratic model of dimod", "write it as a BinaryQuadraticModel, or set it as a CQM's objective"),
    (b"DIMODEXPR", "an expression of dimod", "write the BinaryQuadraticModel"),
    (b"DIMOD", "another model of dimod's", "give a BinaryQuadraticModel or ConstrainedQuadraticModel"),
    (b"\x89HDF", "an HDF5 file", "save its matrix as .npy or .npz"),
    (b"BZh", "a bzip2 archive", "unpack it with bunzip2"),
    (b"\xfd7zXZ", "an xz archive", "unpack it with unxz"),
    (b"(\xb5/\xfd", "a zstd archive", "unpack it with unzstd"),
    (b"MATLAB", "a MATLAB file", "save its matrix as .npy or .csv"),
    (b"SQLite format 3", "an SQLite file", "for an atlas: spinfunnel measure FILE"),
    (
        b"\x80",
        "a pickle, which could run code",
        "write the model by to_serializable() or to_file(), a matrix by numpy.save",
    ),
    (b"%PDF", "a PDF", "give the problem itself"),
    (b"\x89PNG", "a picture", "give the problem itself"),
)
BY_WORD = (
    ("NAME", "an MPS file", "write it as .lp (Gurobi, CPLEX, HiGHS and SCIP do)"),
    ("ROWS", "an MPS file", "write it as .lp (Gurobi, CPLEX, HiGHS and SCIP do)"),
    ("*", "an OPB or MPS file", "write it as .lp or .wcnf"),
    ("graph", "a GML graph", "read it with networkx, and give the graph to landscape_from, or write rudy's lines"),
    ("<?xml", "an XML file", "read it with networkx, and give the graph to landscape_from, or write rudy's lines"),
    ("var", "a MiniZinc model", "write the objective as .lp or as JSON"),
)
BY_TYPE = {
    "SampleSet": ("a set of samples", "give the model, and the samples as --samples FILE"),
    "DiscreteQuadraticModel": ("a discrete quadratic model", "write it as a BinaryQuadraticModel"),
}


def name_unread(source: Source) -> InputError:
    """Refusal of a file that no format claims."""
    for start, what, way in BY_BYTES:
        if source.data.startswith(start):
            return InputError(f"{source.file} is {what}: {way}")
    if source.is_json:
        kind = source.document.get("type") if isinstance(source.document, dict) else None
        what, way = BY_TYPE.get(kind, ("", "")) if isinstance(kind, str) else ("", "")
        if what:
            return InputError(f"{source.file} is {what}: {way}")
        return InputError(
            f"{source.file}: this JSON is no model: its 'type' must be 'BinaryQuadraticModel' or 'BinaryPolynomial', "
            f"or it must be bqpjson, got {str(kind)[:40]!r}"
        )
    _ = source.text
    lines = [line for line in source.head if line.words[0][0] not in "#%"]
    if not lines:
        return InputError(f"{source.file} holds comments only")
    first = lines[0]
    for word, what, way in BY_WORD:
        if first.words[0] == word:
            return InputError(f"{source.file} is {what}: {way}")
    if first.words[0] == "p":
        return first.error(f"'{' '.join(first.words)[:40]}' begins a graph of DIMACS: write 'vertices edges' and i j w")
    return first.error(
        f"{' '.join(first.words)[:40]!r} begins no known format: expected 'vertices edges', 'i j value', 'p qubo ...', "
        "a matrix or JSON; `spinfunnel formats` lists the formats"
    )
