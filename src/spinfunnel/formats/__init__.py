"""Files: what is read and what is written, one file a format.

`FORMATS_READ` lists the problem files that are read, `export.FORMATS` and `trajectories.POINTS` the maps that are
written. A file is asked by every format in turn, and read by the first that claims it.
"""

from __future__ import annotations

from pathlib import Path

from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems import (
    biqmac,
    bqpjson,
    constrained,
    coo,
    dimod_binary,
    dimod_json,
    matrix,
    max_sat,
    mqlib,
    polynomial_json,
    qbsolv,
    qplib,
    qubist,
    rudy,
)
from spinfunnel.formats.problems.unread import name_unread
from spinfunnel.formats.source import Source
from spinfunnel.landscape import InputError
from spinfunnel.landscape.assignments import suggestion
from spinfunnel.landscape.plugins import Registry
from spinfunnel.landscape.running import plain_text

__all__ = ["FORMATS_READ", "Problem", "ProblemFormat", "ReadOptions", "read_problem"]

FORMATS_READ: Registry[ProblemFormat] = Registry(
    "spinfunnel.formats",
    ProblemFormat,
    (
        dimod_binary.FORMAT,
        constrained.CQM_FORMAT,
        dimod_json.FORMAT,
        polynomial_json.FORMAT,
        bqpjson.FORMAT,
        constrained.LP_FORMAT,
        qplib.FORMAT,
        max_sat.FORMAT,
        qbsolv.FORMAT,
        matrix.FORMAT,
        biqmac.FORMAT,
        mqlib.FORMAT,
        qubist.FORMAT,
        rudy.FORMAT,
        coo.FORMAT,
    ),
)
"""Formats of problems by name, in the order in which they are asked whether a file is theirs; plug-ins come last."""


def read_problem(path: str | Path, *, options: ReadOptions | None = None) -> Problem:
    r"""Read an Ising, QUBO, maximum-cut, satisfiability or polynomial problem from a file.

    Nothing in it is executed or unpickled; a gzip archive is unpacked.

    Parameters
    ----------
    path : str or Path
    options : ReadOptions, optional
        What the file does not say itself.

    Raises
    ------
    InputError
        Naming the file, the line, the value and the bound; also where `options` contradict the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "triangle.txt")
    >>> _ = file.write_text("3 3\n1 2 1\n2 3 1\n1 3 1\n")
    >>> made = read_problem(file)
    >>> made.format, made.vartype, made.terms[0][0].tolist()
    ('rudy', 'SPIN', [[0, 1], [1, 2], [0, 2]])
    """
    chosen = options or ReadOptions()
    wanted = chosen.wanted
    source = Source.of(path)
    try:
        row = _format_of(source, chosen.format)
        problem = row.read(source, chosen)
        if wanted is not None and problem.vartype != wanted:
            raise InputError(
                f"this file says itself that its variables are {problem.vartype}; leave --vartype and --as out"
            )
        if chosen.penalty is not None and "penalty" not in row.options:
            raise InputError(f"a file of the format {row.name} has no constraints; leave --penalty out")
    except InputError as error:
        message = str(error)
        named = message.startswith(plain_text(str(source.file)))
        raise InputError(message if named else f"{source.file}: {message}") from None
    except StopIteration:
        raise InputError(f"{source.file} is cut short: it holds no problem") from None
    return problem


def _format_of(source: Source, name: str | None) -> ProblemFormat:
    """Row of the format that was named, or of the first that claims the file."""
    if name is not None:
        if name not in FORMATS_READ:
            raise InputError(
                f"there is no format {name[:40]!r}{suggestion(name, list(FORMATS_READ))}; there are "
                f"{', '.join(FORMATS_READ)}"
            )
        return FORMATS_READ[name]
    for row in FORMATS_READ.values():
        if row.sniff(source):
            return row
    raise name_unread(source)
