"""Ising problems of D-Wave's Qubist."""

from __future__ import annotations

import numpy as np

from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.sparse_table import body, counted, first_line, is_numeric, quadratic_terms, weights
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]


def _sniff(source: Source) -> bool:
    words = first_line(source)
    return source.ending == ".qh" and len(words) == 2 and is_numeric(words)


def _read(source: Source, options: ReadOptions) -> Problem:  # noqa: ARG001
    lines = body(source)
    head = next(lines)
    # Sites are qubits, most of which a problem may leave out; some writers count them from 0, others from 1.
    sites = head.whole(0, low=1, high=MOST_VARIABLES, what="number of sites")
    count = head.whole(1, low=0, high=10**12, what="number of lines")
    found = weights(counted(lines, head=head, announced=count, what="lines"), first=0, last=sites, unique=True)
    if not found:
        raise InputError(f"{source.file} has no lines 'i j value' after its head: give at least one")
    names = np.unique(np.array(list(found), np.int64))
    terms = tuple((np.searchsorted(names, indices), values) for indices, values in quadratic_terms(found))
    return Problem(len(names), terms, "SPIN", "qubist", name=file_name(source.file), labels=tuple(names.tolist()))


FORMAT = ProblemFormat(
    "qubist",
    (".qh",),
    _sniff,
    _read,
    "E = sum h_i s_i + sum J_ij s_i s_j; first line: sites lines, then i i h and i j J; spins are those that occur",
    "Coffrin, Nagarajan, Bent, bqpjson (2018), bqp2qh",
    "3 3\n1 1 0.5\n1 2 -1\n2 3 1\n",
)
