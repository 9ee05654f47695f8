"""QUBOs of the Biq Mac library, and those of MQLib, which are maximised."""

from __future__ import annotations

from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, check_announced
from spinfunnel.formats.problems.sparse_table import body, counted, first_line, is_numeric, quadratic_terms, weights
from spinfunnel.formats.source import Source, file_name

__all__ = ["FORMAT", "symmetric_qubo"]


def _sniff(source: Source) -> bool:
    words = first_line(source)
    return source.ending in (".sparse", ".bq") and len(words) == 2 and is_numeric(words)


def symmetric_qubo(source: Source, *, format: str, sign: float = 1.0, note: str = "") -> Problem:  # noqa: A002
    """Problem ``E = sign x^T Q x`` of a file ``n m`` and m lines ``i j q``, each of which stands for (j, i), too."""
    lines = body(source)
    head = next(lines)
    size = head.whole(0, low=1, high=MOST_VARIABLES, what="number of variables")
    entries = head.whole(1, low=0, high=10**12, what="number of entries")
    rest = counted(lines, head=head, announced=entries, what="entries")
    found = weights(rest, first=1, last=size, unique=True)
    check_announced(size, entries=len(found))
    terms = quadratic_terms(found, first=1, linear=sign, pair=2.0 * sign)
    labels = tuple(range(1, size + 1))
    return Problem(size, terms, "BINARY", format, name=file_name(source.file), labels=labels, note=note)


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    return symmetric_qubo(source, format="biqmac")


FORMAT = ProblemFormat(
    "biqmac",
    (".sparse", ".bq"),
    _sniff,
    _read,
    "E = x^T Q x with Q symmetric: first line: variables entries, then i j q from 1, each off the diagonal twice",
    "Wiegele, Biq Mac Library (2007); Rendl, Rinaldi, Wiegele, Math. Program. 121, 307 (2010)",
    "3 5\n1 1 -1\n1 2 2\n2 2 -1\n2 3 2\n3 3 -1\n",
)
