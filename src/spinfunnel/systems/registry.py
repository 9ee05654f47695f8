"""From a text such as ``ea:shape=4x5,seed=3`` to a landscape."""

from __future__ import annotations

import difflib
import inspect
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinfunnel.landscape import Binary, InputError, Parameter

__all__ = ["System", "SystemParameter", "file_name", "parse_assignments", "suggestion"]


@dataclass(frozen=True, slots=True)
class SystemParameter:
    """One parameter of a system: its name, the kind of value in words, and its default as it is typed."""

    name: str
    kind: str
    default: str


@dataclass(frozen=True, slots=True)
class System:
    """A family of landscapes that can be asked for by name.

    Attributes
    ----------
    name : str
        As typed on the command line.
    build : callable
        Constructor; every parameter has a default and a type.
    summary, source : str
        One line each: what it is, and where it comes from.
    """

    name: str
    build: Callable[..., Binary]
    summary: str
    source: str

    @property
    def parameters(self) -> tuple[SystemParameter, ...]:
        """What can be set, with defaults."""
        hints = typing.get_type_hints(self.build)
        found = inspect.signature(self.build).parameters.values()
        return tuple(
            SystemParameter(entry.name, _KINDS[hints[entry.name]], _as_typed(entry.default)) for entry in found
        )

    def read(self, assignments: Mapping[str, str]) -> dict[str, Parameter]:
        """Values of parameters given as text.

        Raises
        ------
        InputError
            For a parameter that does not exist, with a suggestion, or a value of the wrong kind.
        """
        hints = typing.get_type_hints(self.build)
        known = list(inspect.signature(self.build).parameters)
        values: dict[str, Parameter] = {}
        for key, text in assignments.items():
            if key not in known:
                raise InputError(
                    f"{self.name} has no parameter {key!r}{suggestion(key, known)}; it has {', '.join(known)}"
                )
            values[key] = _value(key, text, hints[key])
        return values


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
            raise InputError(f"{part!r} in {spec!r} is no parameter: write key=value, separated by commas")
        if key in found:
            raise InputError(f"{key} is given twice in {spec!r}: give it once")
        found[key] = value
    return found


def file_name(path: Path) -> str:
    r"""Name of a file as text that can be printed and kept, whatever bytes it is made of.

    Examples
    --------
    >>> file_name(Path("problems/\udcff.qubo"))
    '�.qubo'
    """
    return os.fsencode(path.name).decode("utf-8", "replace")


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return " (did you mean 'x'?)" for the known word nearest to a misspelled one, or nothing."""
    close = (
        difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
        or [name for name in known if name.startswith(word[:3])][:1]
    )
    return f" (did you mean {close[0]!r}?)" if close else ""


_KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "a word",
    bool: "true or false",
    tuple[int, ...]: "whole numbers, as 4x4",
}


def _as_typed(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(key: str, text: str, kind: Any) -> Parameter:
    """Read a parameter's text as its kind."""
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
        raise InputError(f"{key}={text} is not what {key} needs: give {_KINDS[kind]}") from None
