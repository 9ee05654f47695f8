"""Landscapes of problems that were read from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.formats import Problem, ReadOptions, read_problem
from spinfunnel.landscape import InputError
from spinfunnel.landscape.assignments import parse_assignments, read_value, suggestion
from spinfunnel.systems.spins.conversion import spins_from_binary
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["exists", "landscape_of_problem", "load_problem", "problem_of", "split_options"]


def landscape_of_problem(problem: Problem) -> SpinPolynomial:
    """Landscape of a problem: its polynomial over spins ``s = 2 x - 1``.

    Examples
    --------
    >>> import numpy as np
    >>> pair = Problem(2, ((np.array([[0, 1]]), np.array([4.0])),), "BINARY", "qubo")
    >>> landscape_of_problem(pair).energy(np.array([[0, 1], [1, 1]], np.uint8)).tolist()
    [0.0, 4.0]
    """
    terms, shift = spins_from_binary(problem.terms) if problem.vartype == "BINARY" else (list(problem.terms), 0.0)
    return SpinPolynomial(
        problem.size,
        terms,
        name=problem.name,
        parameters=({"format": problem.format} if problem.format else {}) | dict(problem.facts),
        constant=problem.constant + shift,
        labels=problem.labels,
        note=problem.note,
    )


def problem_of(landscape: SpinPolynomial) -> Problem:
    """Problem over spins that a landscape of spins is, to be written to a file.

    Examples
    --------
    >>> problem_of(SpinPolynomial(2, [([[0, 1]], [1.5])], labels=("a", "b"))).labels
    ('a', 'b')
    """
    terms = tuple((indices.astype(np.int64), values) for indices, values in landscape.terms.values())
    return Problem(
        landscape.size, terms, "SPIN", "spins", name=landscape.name, constant=landscape.constant,
        labels=landscape.labels,
    )  # fmt: skip


def load_problem(
    path: str | Path,
    *,
    vartype: str | None = None,
    as_: str | None = None,
    penalty: float | None = None,
    format: str | None = None,  # noqa: A002
) -> SpinPolynomial:
    r"""Landscape of a problem file: `spinfunnel formats` lists the formats.

    Parameters
    ----------
    path : str or Path
    vartype : {"SPIN", "BINARY"}, optional
        What the variables are, where the file does not say.
    as_ : {"ising", "qubo"}, optional
        What a bare matrix is: couplings J (``E = -sum_{i<j} J_ij s_i s_j``) or Q (``E = x^T Q x``).
    penalty : float, optional
        Weight of constraints, which become penalties.
    format : str, optional
        Name in `spinfunnel.formats.FORMATS_READ`, where the file could be of several.

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
    options = ReadOptions(vartype=vartype, form=as_, penalty=penalty, format=format)
    problem = read_problem(path, options=options)
    try:
        return landscape_of_problem(problem)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


FILE_OPTIONS = {"vartype": "vartype", "as": "as_", "penalty": "penalty", "format": "format"}
"""What can be said of a problem file behind a colon, and the arguments of `load_problem`."""


def exists(path: Path) -> bool:
    """Whether a path exists; none that the system refuses does."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def split_options(spec: str) -> tuple[Path, dict[str, Any]]:
    """Path of a file, and what is said of it behind the last colon."""
    head, colon, tail = spec.rpartition(":")
    path = Path(head)
    if not colon or "=" not in tail or exists(Path(spec)) or not (path.suffix or len(path.parts) > 1 or exists(path)):
        return Path(spec), {}
    given: dict[str, Any] = {}
    for key, value in parse_assignments(tail, spec=spec).items():
        if key not in FILE_OPTIONS:
            near = suggestion(key[-60:], list(FILE_OPTIONS))
            raise InputError(
                f"{key[-60:]}={value[:60]} says nothing of a problem file{near}; give {', '.join(FILE_OPTIONS)}"
            )
        given[FILE_OPTIONS[key]] = read_value(key, value, float) if key == "penalty" else value
    return path, given
