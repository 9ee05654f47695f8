"""Weighted maximum satisfiability of DIMACS, as a polynomial in spins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from spinfunnel.formats.lines import Line
from spinfunnel.formats.problem import MOST_VARIABLES, Problem, ProblemFormat, ReadOptions, TermList, check_announced
from spinfunnel.formats.source import Source, file_name
from spinfunnel.landscape import InputError

__all__ = ["FORMAT"]

LONGEST_CLAUSE = 16
MOST_TERMS = 20_000_000
Clauses = dict[int, tuple[list[list[int]], list[float]]]
"""Length -> literals and weights; hard clauses have weight infinity."""


def _sniff(source: Source) -> bool:
    lines = [line.words for line in source.head if line.words[0] != "c"]
    return bool(lines) and (
        lines[0][:2] in (["p", "cnf"], ["p", "wcnf"]) or (source.ending in (".wcnf", ".cnf") and not source.is_json)
    )


def _read(source: Source, options: ReadOptions) -> Problem:
    lines: Iterator[Line] = (line for line in source.lines() if line.words[0][0] not in "c%#")
    first = next(lines, None)
    if first is None:
        raise InputError(f"{source.file} holds comments only")
    weighted, top, variables, count = True, float("inf"), 0, -1
    if first.words[0] == "p":
        weighted, top, variables, count = _announced(first)
    else:
        lines = _again(first, lines)
    clauses, found, largest = _clauses(lines, weighted=weighted, top=top, variables=variables)
    if count not in (-1, found):
        kind = "is cut short" if found < count else "goes on too long"
        raise InputError(f"{source.file} {kind}: line {first.number} announces {count} clauses, {found} follow")
    size = max(variables, largest)
    if size == 0:
        raise InputError(f"{source.file} has no variable")
    check_announced(size, entries=found)
    soft = sum(value for _, values in clauses.values() for value in values if np.isfinite(value))
    hard = sum(not np.isfinite(value) for _, values in clauses.values() for value in values)
    penalty = options.penalty if options.penalty is not None else soft + 1.0
    if hard == found and options.penalty is None:
        penalty = 1.0
    terms, constant = _polynomial(clauses, penalty)
    note = f"{hard} hard clauses became penalties of weight {penalty:g} each (--penalty chooses)" if hard else ""
    return Problem(
        size, terms, "SPIN", "max-sat", name=file_name(source.file), constant=constant,
        labels=tuple(range(1, size + 1)), note=note,
    )  # fmt: skip


def _again(first: Line, lines: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from lines


def _announced(head: Line) -> tuple[bool, float, int, int]:
    """Whether clauses have weights, the weight of hard ones, and how many variables and clauses there are."""
    words = head.words
    if len(words) not in (4, 5) or words[1] not in ("cnf", "wcnf") or (words[1] == "cnf" and len(words) == 5):
        raise head.error("expected 'p cnf variables clauses' or 'p wcnf variables clauses top'")
    variables = head.whole(2, low=0, high=MOST_VARIABLES, what="number of variables")
    count = head.whole(3, low=0, high=10**12, what="number of clauses")
    top = head.finite(4, what="top") if len(words) == 5 else float("inf")
    return words[1] == "wcnf", top, variables, count


def _clauses(lines: Iterator[Line], *, weighted: bool, top: float, variables: int) -> tuple[Clauses, int, int]:
    """Clauses by length, how many there are, and the largest variable."""
    by_length: Clauses = {}
    found = largest = 0
    weight: float | None = None if weighted else 1.0
    literals: dict[int, None] = {}
    for line in lines:
        for place, word in enumerate(line.words):
            if weight is None:
                hard = word == "h"
                weight = float("inf") if hard else line.finite(place, what="weight")
                weight = float("inf") if weight >= top else weight
                if not weight > 0.0:
                    raise line.error(f"weight {word[:40]} of a clause is not positive; leave such clauses out")
                continue
            literal = line.whole(place, low=-MOST_VARIABLES, high=MOST_VARIABLES, what="literal")
            if variables and abs(literal) > variables:
                raise line.error(f"literal {literal} is out of range: the file announces {variables} variables")
            if literal:
                literals[literal] = None
                largest = max(largest, abs(literal))
                if len(literals) > LONGEST_CLAUSE:
                    raise line.error(
                        f"a clause of more than {LONGEST_CLAUSE} literals has more than 2**{LONGEST_CLAUSE} terms; "
                        "split it by further variables"
                    )
                continue
            # A clause that holds a literal and its negation is always satisfied.
            if not any(-each in literals for each in literals):
                rows, values = by_length.setdefault(len(literals), ([], []))
                rows.append(list(literals))
                values.append(weight)
            found, literals, weight = found + 1, {}, None if weighted else 1.0
    if literals or (weighted and weight is not None):
        raise InputError(f"{line.file} is cut short: its last clause does not end in 0")
    if found == 0:
        raise InputError("the file has no clause")
    return by_length, found, largest


def _polynomial(clauses: Clauses, penalty: float) -> tuple[TermList, float]:
    """Weight of the clauses that are not satisfied: ``sum_c w_c prod_{l in c} (1 - sign_l s_l) / 2``."""
    total = sum(len(values) << length for length, (_, values) in clauses.items())
    if total > MOST_TERMS:
        raise InputError(f"the clauses have {total} terms in spins, more than the {MOST_TERMS} that are kept in memory")
    constant = 0.0
    collected: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for length, (rows, values) in clauses.items():
        literals = np.array(rows, np.int64).reshape(len(rows), length)
        weight = np.array(values)
        share = np.where(np.isfinite(weight), weight, penalty) / 2.0**length
        constant += float(share.sum())
        for order in range(1, length + 1):
            for columns in combinations(range(length), order):
                part = literals[:, columns]
                collected.setdefault(order, []).append((np.abs(part) - 1, share * np.prod(-np.sign(part), axis=1)))
    terms = tuple(
        (np.concatenate([indices for indices, _ in parts]), np.concatenate([value for _, value in parts]))
        for _, parts in sorted(collected.items())
    )
    return terms, constant


FORMAT = ProblemFormat(
    "max-sat",
    (".wcnf", ".cnf"),
    _sniff,
    _read,
    "E = weight of the clauses that are not satisfied (s = 1 is true); 'p cnf', 'p wcnf ... top', or h and weights",
    "DIMACS (1993); MaxSAT Evaluation (2022)",
    "p wcnf 3 4 10\n10 1 -2 0\n3 2 3 0\n2 -1 0\n1 -3 0\n",
    options=("penalty",),
)
