"""Graphs as rudy and the Gset have them: maximum cut."""

from __future__ import annotations

from itertools import chain

from spinfunnel.formats.lines import Line
from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, check_announced
from spinfunnel.formats.problems.sparse_table import body, counted, first_line, is_numeric, quadratic_terms, weights
from spinfunnel.formats.source import Source, file_name

__all__ = ["FORMAT"]


def _sniff(source: Source) -> bool:
    words = first_line(source)
    return len(words) == 2 and is_numeric(words) and source.ending != ".coo"


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    lines = body(source)
    head = next(lines)
    vertices = head.whole(0, low=1, high=MOST_VARIABLES, what="number of vertices")
    edges = head.whole(1, low=0, high=10**12, what="number of edges")

    def loop(line: Line, vertex: int) -> None:
        raise line.error(
            f"vertex {vertex} is joined to itself; a cut has no self-loops: for a QUBO or fields give "
            "--format biqmac (x'Qx is minimised), mqlib (maximised) or qubist (spins)"
        )

    rest = counted(lines, head=head, announced=edges, what="edges")
    first = next(rest, None)
    weighted = first is not None and len(first.words) == 3
    following = rest if first is None else chain([first], rest)
    found = weights(following, first=1, last=vertices, default=not weighted, unique=True, loop=loop)
    check_announced(vertices, entries=len(found))
    _, pairs = quadratic_terms(found, first=1)
    labels = tuple(range(1, vertices + 1))
    return Problem(vertices, (pairs,), "SPIN", "rudy", name=file_name(source.file), labels=labels)


FORMAT = ProblemFormat(
    "rudy",
    (".rud", ".mc", ".txt"),
    _sniff,
    _read,
    "maximum cut, E = sum w_ij s_i s_j = (sum of weights) - 2 cut; first line: vertices edges, then i j w from 1",
    "Rinaldi, rudy (1998); Helmberg, Rendl, SIAM J. Optim. 10, 673 (2000)",
    "3 3\n1 2 1\n2 3 1\n1 3 -1\n",
)
