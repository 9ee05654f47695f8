"""From a text such as ``ea:shape=4x5,seed=3`` to a landscape."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spinfunnel.landscape import Landscape, Parameter
from spinfunnel.landscape.assignments import KINDS, as_typed, parse_assignments, read_assignments, suggestion

__all__ = ["System", "SystemParameter", "parse_assignments", "suggestion"]


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
    """

    name: str
    build: Callable[..., Landscape]
    summary: str
    source: str
    example: str

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
