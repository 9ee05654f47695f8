"""QUBOs as MQLib reads them: the same table as that of the Biq Mac library, to be maximised."""

from __future__ import annotations

from spinfunnel.formats.problem import Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.biqmac import symmetric_qubo
from spinfunnel.formats.source import Source

__all__ = ["FORMAT"]


def _sniff(source: Source) -> bool:
    return source.ending == ".mqlib"


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    return symmetric_qubo(source, format="mqlib", sign=-1.0, note="maximised there: energies are -x^T Q x")


FORMAT = ProblemFormat(
    "mqlib",
    (".mqlib",),
    _sniff,
    _read,
    "E = -x^T Q x with Q symmetric, since x^T Q x is maximised; by --format mqlib; its graphs are those of rudy",
    "Dunning, Gupta, Silberholz, INFORMS J. Comput. 30, 608 (2018)",
    "2 3\n1 1 5\n2 2 3\n1 2 -6\n",
)
