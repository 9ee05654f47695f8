"""Landscapes and runs as the atlas knows them, and how they are written into its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spinfunnel.landscape import InputError, Kind, Parameter

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

__all__ = ["Description", "LandscapeEntry", "RunEntry", "from_json", "landscape_entry", "run_entry", "to_json"]


class Description(Protocol):
    """What the atlas keeps of a landscape itself."""

    @property
    def identity(self) -> str:
        """Hash that is equal for equal landscapes only."""
        ...

    @property
    def name(self) -> str: ...  # noqa: D102 - the word says it
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def kind(self) -> Kind:
        """What kind of landscape it is."""
        ...

    @property
    def size(self) -> int | None:
        """Number of bits or coordinates, where there is one."""
        ...

    @property
    def states(self) -> int | None:
        """Number of states, where it is finite and known."""
        ...

    @property
    def symmetry(self) -> tuple[str, ...]:
        """Names of the symmetries that are divided out."""
        ...


@dataclass(frozen=True, slots=True)
class LandscapeEntry:
    """A landscape as the atlas knows it; attributes as in `Description`."""

    identity: str
    name: str
    parameters: Mapping[str, Parameter]
    kind: Kind
    size: int | None
    states: int | None
    symmetry: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as the atlas knows it: a `Run`, or one that is still going (or was killed): outcome "running".

    Attributes
    ----------
    number : int
        Number of the run in this atlas.
    explorer, options, seed, version, evaluations, seconds, outcome, exact, failures
        As in `Run`.
    started, finished : str or None
        Times, ISO 8601, UTC.
    """

    number: int
    explorer: str
    options: Mapping[str, Parameter]
    seed: int
    version: str
    evaluations: int
    seconds: float
    outcome: str
    exact: bool
    failures: Mapping[str, int]
    started: str
    finished: str | None


# ---------------------------------------------------------------------------------------------
# Rows


def to_json(values: Mapping[str, Parameter]) -> str:
    """Parameters as a text that is equal for equal parameters."""
    return json.dumps(dict(sorted(values.items())), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise InputError(
        "a parameter of a landscape or an explorer is a number, a text or a tuple of them, got "
        f"{type(value).__name__} {value!r}"
    )


def from_json(text: str) -> dict[str, Parameter]:
    """Parameters of a text; lists become tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}


def _kind(row: Row[Any]) -> Kind:
    try:
        return Kind(row.kind)
    except ValueError:
        raise InputError(
            f"the atlas holds a landscape of the kind {row.kind!r}; there are: {', '.join(Kind)}"
        ) from None


def landscape_entry(row: Row[Any]) -> LandscapeEntry:
    """Landscape of a row of its table."""
    states = None if row.states is None else int(row.states)
    return LandscapeEntry(
        row.identity, row.name, from_json(row.parameters), _kind(row), row.size, states, tuple(json.loads(row.symmetry))
    )


def run_entry(row: Row[Any]) -> RunEntry:
    """Run of a row of its table."""
    return RunEntry(
        row.id,
        row.explorer,
        from_json(row.options),
        int(row.seed),
        row.version,
        row.evaluations,
        row.seconds,
        row.outcome,
        bool(row.exact),
        json.loads(row.failures),
        row.started,
        row.finished,
    )
