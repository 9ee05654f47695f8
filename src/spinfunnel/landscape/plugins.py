"""Lists of what the package offers by name, to which other packages add by entry point.

A package adds a system by one line of its ``pyproject.toml``, and a measure, an explorer or any other row likewise::

    [project.entry-points."spinfunnel.systems"]
    ring = "mypackage.ring:RING"

where ``RING`` is a `spinfunnel.systems.System`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, MutableMapping
from importlib.metadata import EntryPoint, entry_points
from threading import RLock
from typing import Generic, Protocol, TypeVar

__all__ = ["Named", "Registry"]


class Named(Protocol):
    """What stands in a registry: a row that says its name."""

    @property
    def name(self) -> str:
        """Key of the row."""


Row = TypeVar("Row", bound=Named)


class Registry(MutableMapping[str, Row], Generic[Row]):
    """Rows by name: the package's own, then those of plug-ins.

    Plug-ins are looked for once: when a name is asked for that is not one of the package's own, or when all rows are
    listed. One that cannot be used is named in a sentence on stderr and left out. None replaces a row of the package.

    Parameters
    ----------
    group : str
        Group of the entry points, such as "spinfunnel.systems". Each names an object of the type `row`.
    row : type
    own : iterable of Row
        The package's own rows, in their order.

    Raises
    ------
    ValueError
        Where two of the package's own rows have one name.

    Examples
    --------
    >>> from spinfunnel.systems import SYSTEMS
    >>> SYSTEMS["sk"].name, "skk" in SYSTEMS, list(SYSTEMS)[:3]
    ('sk', False, ['sk', 'ea', 'dfm'])
    """

    def __init__(self, group: str, row: type[Row], own: Iterable[Row]) -> None:
        self._group, self._row = group, row
        self._own: dict[str, Row] = {}
        for entry in own:
            if entry.name in self._own:
                raise ValueError(f"two rows of {group} are called {entry.name!r}; give one another name")
            self._own[entry.name] = entry
        self._added: dict[str, Row] | None = None
        self._lock = RLock()

    @property
    def own(self) -> dict[str, Row]:
        """The package's own rows, without any plug-in."""
        return dict(self._own)

    def __getitem__(self, name: str) -> Row:
        return self._own[name] if name in self._own else self._plugins()[name]

    def __setitem__(self, name: str, row: Row) -> None:
        """Add or replace a row until the process ends."""
        self._own[name] = row

    def __delitem__(self, name: str) -> None:
        del self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._own, *self._plugins()])

    def __len__(self) -> int:
        return len(self._own) + len(self._plugins())

    def _plugins(self) -> dict[str, Row]:
        """Rows of other packages."""
        with self._lock:
            if self._added is None:
                # Set before any import: a plug-in may ask this registry while it is being imported.
                found = self._added = {}
                for point in entry_points(group=self._group):
                    refusal = self._add(point, found)
                    if refusal:
                        sys.stderr.write(f"spinfunnel: the plug-in {point.value} cannot be used: {refusal}\n")
            return self._added

    def _add(self, point: EntryPoint, found: dict[str, Row]) -> str:
        """Add the row of an entry point to those found; return why it cannot be added, or nothing."""
        try:
            row = point.load()
        except Exception as error:  # noqa: BLE001 - whatever another package does, ours goes on
            return " ".join(f"{type(error).__name__}: {error}".split())
        if not isinstance(row, self._row):
            return f"it is no {self._row.__name__} but a {type(row).__name__}"
        if row.name in self._own or row.name in found:
            return f"there is a {self._row.__name__.lower()} {row.name!r} already; give it another name"
        found[row.name] = row
        return ""
