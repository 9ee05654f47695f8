"""QUBO files as qbsolv reads them: ``p qubo``."""

from __future__ import annotations

from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, check_announced
from spinfunnel.formats.problems.sparse_table import body, quadratic_terms, weights
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]


def _sniff(source: Source) -> bool:
    return any(line.words[:2] == ["p", "qubo"] for line in source.head)


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    lines = (line for line in body(source) if line.words[0] != "c")
    head = next(lines)
    if head.words[:2] != ["p", "qubo"] or len(head.words) != 6:
        raise head.error("expected 'p qubo 0 maxNodes nNodes nCouplers' before the numbers")
    variables = head.whole(3, low=1, high=MOST_VARIABLES, what="maxNodes")
    announced = [head.whole(place, low=0, high=10**12, what=what) for place, what in ((4, "nNodes"), (5, "nCouplers"))]
    found = weights(lines, first=0, last=variables - 1, unique=True)
    check_announced(variables, entries=len(found))
    nodes = sum(i == j for i, j in found)
    for name, said, there in (("nNodes", announced[0], nodes), ("nCouplers", announced[1], len(found) - nodes)):
        if said != there:
            kind = "is cut short" if there < said else "goes on too long"
            raise InputError(f"{source.file} {kind}: line {head.number} announces {name} = {said}, {there} follow")
    facts = {"vartype": "BINARY"}
    return Problem(variables, quadratic_terms(found), "BINARY", "qubo", name=file_name(source.file), facts=facts)


FORMAT = ProblemFormat(
    "qubo",
    (".qubo",),
    _sniff,
    _read,
    "E = sum a_i x_i + sum b_ij x_i x_j; 'p qubo 0 maxNodes nNodes nCouplers', then i i a and i j b from 0",
    "D-Wave Systems, qbsolv (2017)",
    "p qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 2\n",
)
