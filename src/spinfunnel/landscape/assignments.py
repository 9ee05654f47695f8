"""From text such as ``shape=4x5,seed=3`` to the keyword arguments of a function, read by its type hints."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spinfunnel.landscape import InputError, Parameter

__all__ = ["KINDS", "as_typed", "parse_assignments", "read_assignments", "read_value", "shown", "suggestion"]


def parse_assignments(text: str, *, spec: str) -> dict[str, str]:
    """Split ``key=value,key=value``.

    Examples
    --------
    >>> parse_assignments("n=3,seed=1", spec="sk:n=3,seed=1")
    {'n': '3', 'seed': '1'}
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or not equals or not value:
            raise InputError(f"{shown(part)} in {shown(spec)} is no parameter: write key=value, separated by commas")
        if key in found:
            raise InputError(f"{key[:40]} is given twice in {shown(spec)}: give it once")
        found[key] = value
    return found


def read_assignments(
    function: Callable[..., Any], assignments: Mapping[str, str], *, name: str, among: Sequence[str]
) -> dict[str, Parameter]:
    """Read texts as the arguments of a function, by its type hints.

    Parameters
    ----------
    function : callable
    assignments : mapping of str to str
    name : str
        What the function makes, for messages.
    among : sequence of str
        Parameters that may be given.

    Raises
    ------
    InputError
        For a parameter that does not exist, with a suggestion, or a value of the wrong kind.
    """
    hints = typing.get_type_hints(function)
    values: dict[str, Parameter] = {}
    for key, text in assignments.items():
        if key not in among:
            raise InputError(
                f"{name} has no parameter {shown(key)}{suggestion(key[:60], among)}; it has {', '.join(among)}"
            )
        values[key] = read_value(key, text, hints[key])
    return values


def shown(text: str) -> str:
    """Return a text in quotation marks as an error shows it: its middle is left out where it is long.

    Examples
    --------
    >>> shown("sk:n=3"), len(shown("x" * 999))
    ("'sk:n=3'", 165)
    """
    said = repr(text)
    return said if len(said) <= 165 else f"{said[:80]} ... {said[-80:]}"


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return " (did you mean 'x'?)" for the known word nearest to a misspelled one, or nothing."""
    close = (
        difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
        or [name for name in known if name.startswith(word[:3])][:1]
    )
    return f" (did you mean {close[0]!r}?)" if close else ""


KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a word",
    bool: "true or false",
    tuple[int, ...]: "whole numbers, as 4x4",
}
"""Kinds of value, in words."""


def as_typed(value: Any) -> str:
    """Return a default as it is typed."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_value(key: str, text: str, kind: Any) -> Parameter:
    """Read the text of a parameter as its kind, a key of `KINDS`.

    Raises
    ------
    InputError
        Naming the parameter, the text and what is needed.

    Examples
    --------
    >>> read_value("shape", "4x5", tuple[int, ...])
    (4, 5)
    """
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
        if kind is str:
            return text
        return tuple(int(piece) for piece in text.split("x"))
    except (ValueError, KeyError):
        raise InputError(f"{key}={text[:60]} is not what {key} needs: give {KINDS[kind]}") from None
