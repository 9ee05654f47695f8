"""Binary quadratic models of dimod as JSON, of every version of its schema."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions, TermList
from spinfunnel.formats.problems.json_fields import array, entry, label, labels, mapping, number, places, rows, table
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]


def _sniff(source: Source) -> bool:
    if not source.is_json or not isinstance(source.document, dict):
        return False
    first_schema = {"linear_terms", "quadratic_terms", "variable_type"} <= set(source.document)
    return source.document.get("type") == "BinaryQuadraticModel" or first_schema


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    content = mapping(source.document)
    names, terms = _first_schema(content) if "linear_terms" in content else _later_schema(content)
    offset = number(content.get("offset", 0.0), what="the offset")
    vartype = str(entry(content, "variable_type"))[:40]
    return Problem(
        len(names), terms, vartype, "dimod JSON", name=file_name(source.file), constant=offset, labels=names,
        facts={"vartype": vartype},
    )  # fmt: skip


def _first_schema(content: dict[str, Any]) -> tuple[tuple[Any, ...], TermList]:
    """Names and terms of schema 1.0.0: one object for each bias."""
    linear, quadratic = rows(content, "linear_terms"), rows(content, "quadratic_terms")
    if "variable_labels" in content:
        names = labels(content["variable_labels"])
    else:
        names = tuple(dict.fromkeys(label(entry(row, "label")) for row in linear))
    place = places(names)
    near: list[tuple[int, ...]] = [(_known(place, entry(row, "label")),) for row in linear]
    far: list[tuple[int, ...]] = [
        (_known(place, entry(row, "label_head")), _known(place, entry(row, "label_tail"))) for row in quadratic
    ]
    for pair in far:
        if pair[0] == pair[1]:
            raise InputError(f"{names[pair[0]]!r} is joined to itself; put it among the linear terms")
    biases = [[number(entry(row, "bias"), what="a bias") for row in part] for part in (linear, quadratic)]
    return names, (table(near, biases[0], 1), table(far, biases[1], 2))


def _known(place: dict[Any, int], value: Any) -> int:
    name = label(value)
    if name not in place:
        raise InputError(f"a term names {str(name)[:40]!r}, which is not among the variables")
    return place[name]


def _later_schema(content: dict[str, Any]) -> tuple[tuple[Any, ...], TermList]:
    """Names and terms of schemas 2.0.0 and 3.0.0: lists of biases."""
    if content.get("use_bytes"):
        raise InputError("the biases are raw bytes; write the model by to_serializable() or to_file()")
    names = labels(entry(content, "variable_labels"))
    linear, quadratic = (array(content, name, np.float64) for name in ("linear_biases", "quadratic_biases"))
    head, tail = (array(content, name, np.int64) for name in ("quadratic_head", "quadratic_tail"))
    if len(linear) != len(names) or not len(head) == len(tail) == len(quadratic):
        raise InputError(
            f"{len(names)} names, {len(linear)} linear biases, {len(quadratic)} quadratic biases with {len(head)} "
            f"heads and {len(tail)} tails do not fit together; the file is damaged"
        )
    for index in (head, tail):
        bad = np.flatnonzero((index < 0) | (index >= len(names)))
        if len(bad):
            raise InputError(
                f"interaction {bad[0]} names variable {index[bad[0]]}, but they are numbered 0 to {len(names) - 1}"
            )
    loops = np.flatnonzero(head == tail)
    if len(loops):
        raise InputError(
            f"interaction {loops[0]} joins variable {str(names[head[loops[0]]])[:40]!r} to itself; put it among the "
            "linear biases"
        )
    return names, ((np.arange(len(names))[:, None], linear), (np.stack([head, tail], axis=1), quadratic))


FORMAT = ProblemFormat(
    "dimod-json",
    (".json",),
    _sniff,
    _read,
    "a BinaryQuadraticModel by json.dump(bqm.to_serializable(), file), schemas 1.0.0 to 3.0.0",
    "D-Wave Systems, dimod",
    '{"type": "BinaryQuadraticModel", "variable_labels": ["a", "b"], "variable_type": "SPIN", "offset": 0.0, '
    '"linear_biases": [0.5, 0.0], "quadratic_head": [0], "quadratic_tail": [1], "quadratic_biases": [-1.0]}\n',
)
