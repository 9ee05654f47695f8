"""Binary polynomials of any order as JSON, which dimod has no format for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.json_fields import entry, label, labels, mapping, number, places, table
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT", "write_polynomial"]


def _sniff(source: Source) -> bool:
    return source.is_json and isinstance(source.document, dict) and source.document.get("type") == "BinaryPolynomial"


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    content = mapping(source.document)
    terms = entry(content, "terms")
    if not isinstance(terms, list):
        raise InputError("'terms' must be a list of [[variable, ...], bias]")
    fixed = "variables" in content
    numbers = places(labels(content["variables"])) if fixed else {}
    constant, by_order = 0.0, dict[int, tuple[list[tuple[int, ...]], list[float]]]()
    for place, row in enumerate(terms):
        names, value = _term(row, place)
        if fixed and not set(names) <= numbers.keys():
            raise InputError(f"term {place} names a variable that is not among 'variables'")
        if not names:
            constant += value
            continue
        indices, values = by_order.setdefault(len(names), ([], []))
        indices.append(tuple(numbers.setdefault(name, len(numbers)) for name in names))
        values.append(value)
    if not numbers:
        raise InputError("the polynomial has no variable")
    vartype = str(entry(content, "vartype"))[:40]
    return Problem(
        len(numbers),
        tuple(table(indices, values, order) for order, (indices, values) in by_order.items()),
        vartype,
        "polynomial JSON",
        name=file_name(source.file),
        constant=constant,
        labels=tuple(numbers),
        facts={"vartype": vartype},
    )


def _term(row: Any, place: int) -> tuple[tuple[Any, ...], float]:
    """Names and coefficient of one term."""
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], list):
        raise InputError(f"term {place} must be [[variable, ...], bias]")
    names = tuple(label(name) for name in row[0])
    if len(set(names)) != len(names):
        raise InputError(f"term {place}: a variable's name occurs twice among {len(names)}; names must differ")
    return names, number(row[1], what=f"the bias of term {place}")


def write_polynomial(problem: Problem, path: str | Path) -> None:
    """Write a problem of any order as the JSON that `read_problem` reads.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from spinfunnel.formats import read_problem
    >>> file = pathlib.Path(tempfile.mkdtemp(), "three.json")
    >>> cubic = Problem(3, ((np.array([[0, 1, 2]]), np.array([0.5])),), "SPIN", "cubic", labels=("a", "b", "c"))
    >>> write_polynomial(cubic, file)
    >>> read_problem(file).labels
    ('a', 'b', 'c')
    """
    labels = problem.labels or tuple(range(problem.size))
    terms: list[Any] = [[[], problem.constant]] if problem.constant else []
    for indices, values in problem.terms:
        for row, value in zip(indices.tolist(), values.tolist(), strict=True):
            terms.append([[labels[i] for i in row], value])
    content = {"type": "BinaryPolynomial", "vartype": problem.vartype, "variables": list(labels), "terms": terms}
    Path(path).write_text(json.dumps(content), encoding="utf-8")


FORMAT = ProblemFormat(
    "polynomial-json",
    (".json",),
    _sniff,
    _read,
    'E = sum bias prod v, any order: {"type": "BinaryPolynomial", "vartype": ..., "terms": [[[name, ...], bias], ...]}',
    "spinfunnel; dimod.BinaryPolynomial",
    '{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": [[["a", "b", "c"], -1.0], [["a"], 0.5]]}\n',
)
