"""Coordinate lists as dimod and dwave-hybrid write them."""

from __future__ import annotations

import re

import numpy as np

from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions
from spinfunnel.formats.problems.sparse_table import body, first_line, is_numeric, quadratic_terms, weights
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]

LARGEST_INDEX = 10**9
_DECLARED = re.compile(r"[#%]+vartype[:=](.{0,40})", re.IGNORECASE)


def _sniff(source: Source) -> bool:
    words = first_line(source)
    return is_numeric(words) and (len(words) == 3 or (len(words) > 0 and source.ending == ".coo"))


def _read(source: Source, options: ReadOptions) -> Problem:
    found = weights(body(source), first=0, last=LARGEST_INDEX, unique=False)
    if not found:
        raise InputError(f"{source.file} has no line 'i j value'; give at least one")
    vartype = _declared(source) or options.wanted
    if vartype is None:
        raise InputError(
            f"{source.file} does not say whether its variables are spins or 0 and 1: give --vartype SPIN or --vartype "
            "BINARY (in Python vartype=...), or begin it with '# vartype=SPIN'"
        )
    names = np.unique(np.array(list(found), np.int64))
    if len(names) > MOST_VARIABLES:
        raise InputError(f"{source.file} has {len(names)} variables; at most {MOST_VARIABLES} can be read")
    terms = tuple((np.searchsorted(names, indices), values) for indices, values in quadratic_terms(found))
    labels = () if int(names[-1]) == len(names) - 1 else tuple(names.tolist())
    facts = {"vartype": vartype}
    return Problem(len(names), terms, vartype, "coo", name=file_name(source.file), labels=labels, facts=facts)


def _declared(source: Source) -> str | None:
    """Kind of variables that a comment declares."""
    for line in source.head:
        said = _DECLARED.fullmatch("".join(line.words)) if line.words[0][0] in "#%" else None
        if said:
            return said[1].upper()
    return None


FORMAT = ProblemFormat(
    "coo",
    (".coo", ".txt", ".qubo"),
    _sniff,
    _read,
    "E = sum a_i v_i + sum b_ij v_i v_j; lines i j b and i i a from 0, over what '# vartype=SPIN' or --vartype says; "
    "variables are those that occur, repeated entries add up",
    "D-Wave Systems, dimod, dimod.serialization.coo",
    "# vartype=SPIN\n0 0 0.5\n0 1 -1\n1 2 1\n",
    options=("vartype", "form"),
)
