"""What tables of ``i j value`` lines share: bounds, repetitions, and their terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from spinfunnel.formats.lines import Line
from spinfunnel.formats.problem import TermList
from spinfunnel.formats.source import Source
from spinfunnel.landscape import InputError

__all__ = ["Weights", "body", "counted", "first_line", "is_numeric", "quadratic_terms", "weights"]

Weights = dict[tuple[int, int], float]
"""Values by pair of indices, the smaller first."""


def is_numeric(words: list[str]) -> bool:
    """Whether all words are numbers."""
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True


def body(source: Source, *, comments: str = "#%") -> Iterator[Line]:
    """Lines that are no comments."""
    return (line for line in source.lines() if line.words[0][0] not in comments)


def first_line(source: Source, *, comments: str = "#%") -> list[str]:
    """Words of the first line that is no comment; none where the head of the file has none."""
    return next((line.words for line in source.head if line.words[0][0] not in comments), [])


def weights(
    lines: Iterable[Line],
    *,
    first: int,
    last: int,
    unique: bool,
    default: bool = False,
    loop: Callable[[Line, int], None] | None = None,
) -> Weights:
    """Values by pair of indices.

    Parameters
    ----------
    lines : iterable of Line
    first, last : int
        Bounds of an index.
    unique : bool
        Whether a pair that comes again is refused; otherwise values add up.
    default : bool
        Whether a line without a value counts as 1.
    loop : callable, optional
        Called for a pair of one index with itself.
    """
    found: Weights = {}
    for line in lines:
        if len(line.words) != 3 and not (default and len(line.words) == 2):
            raise line.error(f"{len(line.words)} columns where 'i j weight' was expected")
        i = line.whole(0, low=first, high=last, what="index")
        j = line.whole(1, low=first, high=last, what="index")
        value = line.finite(2, what="weight") if len(line.words) == 3 else 1.0
        if i == j and loop is not None:
            loop(line, i)
        pair = (min(i, j), max(i, j))
        if unique and pair in found:
            raise line.error(f"the pair {i} {j} was given before; give each pair once")
        found[pair] = found.get(pair, 0.0) + value
    return found


def counted(lines: Iterator[Line], *, head: Line, announced: int, what: str) -> Iterator[Line]:
    """The lines that follow a head, which are refused unless they are as many as announced."""
    found = 0
    for line in lines:
        found += 1
        if found <= announced:
            yield line
    if found != announced:
        kind = "is cut short" if found < announced else "goes on too long"
        raise InputError(f"{head.file} {kind}: line {head.number} announces {announced} {what}, {found} follow")


def quadratic_terms(found: Weights, *, first: int = 0, linear: float = 1.0, pair: float = 1.0) -> TermList:
    """Linear and quadratic terms, their values times a factor each, indices from 0."""
    if not math.isfinite(sum(map(abs, found.values())) * max(abs(linear), abs(pair))):
        raise InputError("the values add up beyond the largest number of a computer; give them in a larger unit")
    near = [(i, value) for (i, j), value in found.items() if i == j]
    far = [(place, value) for place, value in found.items() if place[0] != place[1]]
    return (
        (
            np.array([i for i, _ in near], np.int64).reshape(-1, 1) - first,
            linear * np.array([value for _, value in near], np.float64),
        ),
        (
            np.array([place for place, _ in far], np.int64).reshape(-1, 2) - first,
            pair * np.array([value for _, value in far], np.float64),
        ),
    )
