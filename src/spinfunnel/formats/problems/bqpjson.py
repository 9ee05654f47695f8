"""Binary quadratic programs as bqpjson, the format of D-WIG's benchmarks."""

from __future__ import annotations

from typing import Any

from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.json_fields import entry, labels, mapping, number, places, rows, table
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]

DOMAINS = {"spin": "SPIN", "boolean": "BINARY"}


def _sniff(source: Source) -> bool:
    return source.is_json and isinstance(source.document, dict) and "variable_domain" in source.document


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    content = mapping(source.document)
    domain = entry(content, "variable_domain")
    if not isinstance(domain, str) or domain not in DOMAINS:
        raise InputError(f"variable_domain is {str(domain)[:40]!r}; it must be spin or boolean")
    names = labels(entry(content, "variable_ids"))
    place = places(names)
    scale = number(content.get("scale", 1.0), what="the scale")
    offset = number(content.get("offset", 0.0), what="the offset")

    def terms(name: str, *ends: str) -> tuple[list[tuple[int, ...]], list[float]]:
        found = rows(content, name)
        indices = [tuple(_known(place, row, end) for end in ends) for row in found]
        values = [scale * number(entry(row, "coeff"), what=f"a coefficient of {name}") for row in found]
        if any(len(set(index)) != len(index) for index in indices):
            raise InputError(f"{name} joins a variable to itself; put it among the linear terms")
        return indices, values

    quadratic = table(*terms("quadratic_terms", "id_tail", "id_head"), 2)
    linear = table(*terms("linear_terms", "id"), 1)
    return Problem(
        len(names), (linear, quadratic), DOMAINS[domain], "bqpjson", name=file_name(source.file),
        constant=scale * offset, labels=names,
    )  # fmt: skip


def _known(place: dict[Any, int], row: Any, end: str) -> int:
    name = entry(row, end)
    if not isinstance(name, int) or name not in place:
        raise InputError(f"a term names variable {str(name)[:40]}, which is not among variable_ids")
    return place[name]


FORMAT = ProblemFormat(
    "bqpjson",
    (".json", ".bqpjson"),
    _sniff,
    _read,
    "E = scale (offset + sum coeff v + sum coeff v v) over spin or boolean variables",
    "Coffrin, Nagarajan, Bent, bqpjson (2018)",
    '{"version": "1.0.0", "id": 0, "metadata": {}, "variable_domain": "spin", "variable_ids": [2, 4], "scale": 1.0, '
    '"offset": 0.0, "linear_terms": [{"id": 2, "coeff": 0.5}], '
    '"quadratic_terms": [{"id_tail": 2, "id_head": 4, "coeff": -1.0}]}\n',
)
