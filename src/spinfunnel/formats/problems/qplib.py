"""Quadratic programs of QPLIB: those over binary variables without constraints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from spinfunnel.formats.lines import Line
from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, check_announced
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]

COMMENTS = "#%!"


def _sniff(source: Source) -> bool:
    if source.is_json:
        return False
    lines = [line.words for line in source.head if line.words[0][0] not in COMMENTS]
    kind = lines[1][0] if len(lines) > 2 else ""
    shaped = len(kind) == 3 and kind[0] in "LDCQ" and kind[1] in "CBMIG" and kind[2] in "NBLDCQ"
    return shaped and lines[2][0].lower() in ("minimize", "maximize")


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    lines = (line for line in source.lines() if line.words[0][0] not in COMMENTS)
    next(lines)
    kind = next(lines)
    said = kind.words[0]
    if len(said) != 3 or said[1] != "B" or said[2] not in "NB":
        raise kind.error(
            f"a problem of type {said[:20]!r} has other than binary variables, or constraints, and is not read: "
            "give the .lp file of it, or one of type QBN"
        )
    sense = next(lines).words[0].lower()
    sign = -1.0 if sense == "maximize" else 1.0
    head = _line(source, lines)
    size = head.whole(0, low=1, high=MOST_VARIABLES, what="number of variables")
    # Values stand in the lower triangle of Q in E = 1/2 x'Qx; each off the diagonal stands for two.
    quadratic: dict[tuple[int, int], float] = {}
    linear: dict[int, float] = {}
    if said[0] != "L":
        for line in _counted(source, lines, what="number of quadratic terms"):
            i, j = (line.whole(place, low=1, high=size, what="index") for place in (0, 1))
            pair = (min(i, j) - 1, max(i, j) - 1)
            if pair in quadratic:
                raise line.error(f"the pair {i} {j} was given before; give each pair once")
            quadratic[pair] = line.finite(2, what="value") * (0.5 if i == j else 1.0)
    usual = _line(source, lines).finite(0, what="default value")
    for line in _counted(source, lines, what="number of linear terms"):
        linear[line.whole(0, low=1, high=size, what="index") - 1] = line.finite(1, what="value")
    constant = _line(source, lines).finite(0, what="constant")
    check_announced(size, entries=len(quadratic) + len(linear) + (size if usual else 0))
    values = np.full(size, usual)
    values[list(linear)] = list(linear.values())
    for (i, j), value in quadratic.items():
        if i == j:
            values[i] += value
    pairs = [(pair, value) for pair, value in quadratic.items() if pair[0] != pair[1]]
    terms = (
        (np.arange(size)[:, None], sign * values),
        (np.array([pair for pair, _ in pairs], np.int64).reshape(-1, 2), sign * np.array([v for _, v in pairs], float)),
    )
    return Problem(
        size, terms, "BINARY", "qplib", name=file_name(source.file), constant=sign * constant,
        labels=tuple(range(1, size + 1)), note="maximised there: energies are minus the objective" if sign < 0 else "",
    )  # fmt: skip


def _line(source: Source, lines: Iterator[Line]) -> Line:
    found = next(lines, None)
    if found is None:
        raise InputError(f"{source.file} is cut short: its objective is not whole")
    return found


def _counted(source: Source, lines: Iterator[Line], *, what: str) -> Iterator[Line]:
    head = _line(source, lines)
    count = head.whole(0, low=0, high=10**12, what=what)
    return chain.from_iterable([_line(source, lines)] for _ in range(count))


FORMAT = ProblemFormat(
    "qplib",
    (".qplib",),
    _sniff,
    _read,
    "E = 1/2 x'Qx + b'x + q over binary x, minus it where it is maximised; types QBN, CBN, LBN and their B",
    "Furini et al., Math. Program. Comput. 11, 237 (2019)",
    "tiny\nQBN\nminimize\n2\n1\n2 1 2.0\n-1.0\n0\n0.0\n1e30\n0.0\n0\n0\n0\n",
)
