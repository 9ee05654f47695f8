"""From a text such as ``ea:shape=4x5,seed=3`` to a landscape."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spinfunnel.landscape import InputError, Landscape, Parameter
from spinfunnel.landscape.assignments import KINDS, as_typed, parse_assignments, read_assignments, suggestion
from spinfunnel.systems.ranges import check_range

__all__ = ["System", "SystemParameter", "build_from_text", "parse_assignments", "suggestion"]


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
    example : str
        The spec of a small landscape of this family, on which the laws of all systems are tried: a few hundred states,
        or a few coordinates.
    closed : mapping of str to tuple of str
        Values of a parameter that may come from an atlas; others may name code, and only a user's own words do.
    """

    name: str
    build: Callable[..., Landscape]
    summary: str
    source: str
    example: str
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[SystemParameter, ...]:
        """What can be set, with defaults."""
        hints = typing.get_type_hints(self.build)
        found = inspect.signature(self.build).parameters.values()
        return tuple(SystemParameter(entry.name, KINDS[hints[entry.name]], as_typed(entry.default)) for entry in found)

    def read(self, assignments: Mapping[str, str]) -> dict[str, Parameter]:
        """Values of parameters given as text.

        Raises
        ------
        InputError
            For a parameter that does not exist, with a suggestion, or a value of the wrong kind.
        """
        known = list(inspect.signature(self.build).parameters)
        return read_assignments(self.build, assignments, name=self.name, among=known)

    def allows(self, parameters: Mapping[str, Any]) -> bool:
        """Whether parameters from an atlas are of the kinds that the constructor takes, and name no code."""
        hints = typing.get_type_hints(self.build)
        known = inspect.signature(self.build).parameters
        return all(
            key in known and _is_kind(value, hints[key]) and value in self.closed.get(key, (value,))
            for key, value in parameters.items()
        )


LARGEST = 1 << 53
"""Size of a whole number in parameters; atlases hold them as JSON, whose readers agree up to here."""


def _is_kind(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind that parameters have."""
    if kind == tuple[int, ...]:
        return isinstance(value, tuple | list) and all(_is_kind(part, int) for part in value)
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if isinstance(value, int) and kind in (int, float):
        return abs(value) <= LARGEST
    return isinstance(value, kind)


def build_from_text(system: System, text: str | None, *, spec: str, seed: int | None) -> Landscape:
    """Landscape of a system from the text of its parameters; errors as of `systems.resolve`."""
    given = parse_assignments(text, spec=spec) if text else {}
    own = {entry.name for entry in system.parameters}
    place: dict[str, str] = {key: given.pop(key) for key in ("device", "dtype") if key in given and key not in own}
    values: dict[str, Parameter] = system.read(given)
    if text == "":
        raise InputError(f"{spec!r} ends in a colon: write {system.name}:key=value, or {system.name} alone")
    if seed is not None:
        values.setdefault("seed", seed)
    drawn = values.get("seed", 0)
    check_range("seed", drawn if isinstance(drawn, int) else 0, low=0)
    try:
        landscape = system.build(**values)
        return _elsewhere(landscape, place) if place else landscape
    except InputError as error:
        raise InputError(f"{spec[:160]}: {error}") from None
    except MemoryError:
        raise InputError(f"{spec[:160]} needs more memory than there is; choose a smaller size") from None


def _elsewhere(landscape: Landscape, place: dict[str, str]) -> Landscape:
    """Return a landscape as it is computed by another device or in another precision."""
    move = getattr(landscape, "on", None)
    if move is None:
        key = next(iter(place))
        raise InputError(f"{landscape.name} is not computed with PyTorch and has no parameter {key!r}: leave it out")
    moved: Landscape = move(**place)
    return moved
