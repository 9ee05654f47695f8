"""Fields of JSON models: each is checked before it is used, and named when it is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError

__all__ = ["array", "entry", "label", "labels", "mapping", "number", "places", "rows", "table"]

DEEPEST_LABEL = 8
LARGEST_INTEGER = 1 << 63


def mapping(document: Any) -> dict[str, Any]:
    """Return the document, which must be a JSON object."""
    if not isinstance(document, dict):
        raise InputError("this JSON is no model: it must be an object {...}")
    return document


def entry(content: Any, name: str) -> Any:
    """What stands under a name in a JSON object."""
    if not isinstance(content, dict) or name not in content:
        raise InputError(f"the model has no entry {name!r}")
    return content[name]


def number(value: Any, *, what: str) -> float:
    """A finite number."""
    try:
        found = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InputError(f"{what} is {_short(value)}; it must be a finite number")
    return found


def array(content: Any, name: str, kind: type) -> NDArray[Any]:
    """A list of numbers as float64, or of whole numbers as int64."""
    values = entry(content, name)
    word = "whole numbers" if kind is np.int64 else "numbers"
    if not isinstance(values, list):
        raise InputError(f"{name!r} must be a list of {word}")
    fits = (int,) if kind is np.int64 else (int, float)
    if not all(type(value) in fits for value in values):
        raise InputError(f"{name!r} must be a list of {word}")
    try:
        return np.array(values, kind)
    except (OverflowError, ValueError):
        raise InputError(f"{name!r} holds a number that is too large") from None


def rows(content: Any, name: str) -> list[Any]:
    """A list of JSON objects."""
    found = entry(content, name)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InputError(f"{name!r} must be a list of objects")
    return found


def label(value: Any, depth: int = 0) -> Any:
    """Name of a variable as dimod has it: a word, a number, or a tuple of these."""
    if isinstance(value, list) and depth < DEEPEST_LABEL:
        return tuple(label(part, depth + 1) for part in value)
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_INTEGER
    if whole or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise InputError(f"a variable is called {_short(value)}; names must be words, numbers or lists of them")


def labels(values: Any) -> tuple[Any, ...]:
    """Names of variables, no two of them equal."""
    if not isinstance(values, list):
        raise InputError("names of variables must be a list of words, numbers or lists of them")
    found = tuple(label(value) for value in values)
    if len(set(found)) != len(found):
        raise InputError(f"a variable's name occurs twice among {len(found)}; names must differ")
    return found


def places(found: Iterable[Any]) -> dict[Any, int]:
    """Number of each name."""
    return {name: place for place, name in enumerate(found)}


def table(
    rows: list[tuple[int, ...]], values: list[float], order: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Indices and coefficients of terms of one order."""
    return np.array(rows, np.int64).reshape(-1, order), np.array(values, np.float64)


def _short(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"a {'list' if isinstance(value, list) else 'mapping'} of {len(value)}"
    try:
        return repr(value)[:40]
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
