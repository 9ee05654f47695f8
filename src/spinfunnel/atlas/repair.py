"""From a damaged atlas to a new one that holds what is whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.entries import LandscapeEntry, RunEntry, landscape_entry, run_entry
from spinfunnel.atlas.reading import read_census, read_tallies
from spinfunnel.atlas.seals import (
    PART,
    RECORDS,
    RUNNING,
    STATES,
    WHOLE,
    check_answer,
    check_landscapes,
    digest,
    rows_of,
    split,
)
from spinfunnel.atlas.store import Atlas
from spinfunnel.atlas.target import BROKEN, find, open_engine
from spinfunnel.atlas.writing import FACTS
from spinfunnel.landscape import Facts, InputError, Minimum, Record, Run, Saddle

__all__ = ["Repaired", "repair"]

ResultT = TypeVar("ResultT")
LOST = (*BROKEN, sqlite3.Error, MemoryError)
"""What reading a damaged record raises; `InputError` is among them."""


@dataclass(slots=True)
class Repaired:
    """What was saved, and what was not.

    Attributes
    ----------
    landscapes, runs, parts : int
        Landscapes, whole runs, and runs of which some records are missing: those count as interrupted.
    records : int
        Minima and saddles.
    lost : list of str
        What is missing, a phrase each.
    """

    landscapes: int = 0
    runs: int = 0
    parts: int = 0
    records: int = 0
    lost: list[str] = field(default_factory=list)


def repair(broken: str | Path, new: str | Path) -> Repaired:
    """Copy the whole records of an atlas into a new one.

    Records without digests, of a run that never ended or of an older version, are copied as they are read. A run of
    which anything is missing is marked as interrupted, so that it answers no question before it is explored again.

    Raises
    ------
    InputError
        Where the new atlas exists already, or nothing can be saved.
    """
    if Path(new).exists():
        raise InputError(f"{new} exists already; repair writes a new atlas, give another path")
    target = find(broken, read_only=True)
    if target.path is None:
        raise InputError(f"{target.shown} is no file; a server's own tools repair its databases")
    made = Repaired()
    engine = open_engine(target, patience=30.0)
    try:
        with engine.connect() as connection, Atlas(new) as atlas:
            rows = _tried(made, "the list of landscapes", lambda: _each(connection, table.landscape)) or []
            for row in rows:
                entry = _tried(made, "a landscape", lambda row=row: _landscape(connection, row))  # type: ignore[misc]
                if entry is not None:
                    made.landscapes += 1
                    _copy_runs(connection, atlas, made, entry=entry, number=row.id)
    except LOST as error:
        raise InputError(f"nothing in {broken} can be saved ({type(error).__name__}); restore it from a copy") from None
    finally:
        engine.dispose()
    if not made.runs and not made.parts:
        raise InputError(f"no whole record was found in {broken}; restore it from a copy, {new} was not made")
    return made


def _tried(made: Repaired, what: str, read: Callable[[], ResultT]) -> ResultT | None:
    """Return what can be read, or note that it is lost."""
    try:
        return read()
    except LOST:
        made.lost.append(what)
        return None


def _each(connection: Connection, within: Any) -> list[Row[Any]]:
    """Rows of a small table, up to the first that cannot be read."""
    found: list[Row[Any]] = []
    rows = iter(connection.execute(select(within).order_by(within.c.id)))
    try:
        found.extend(rows)
    except LOST:
        if not found:
            raise
    return found


def _sealed(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'seal'").scalar())


def _landscape(connection: Connection, row: Row[Any]) -> LandscapeEntry:
    if _sealed(connection):
        check_landscapes(connection, [row], only=row.id)
    return landscape_entry(row)


def _copy_runs(connection: Connection, atlas: Atlas, made: Repaired, *, entry: LandscapeEntry, number: int) -> None:
    rows = _tried(made, f"the runs of {entry.name}", lambda: _each(connection, table.run)) or []
    for row in rows:
        if row.landscape_id != number:
            continue
        what = f"a run of {entry.name}"
        run = _tried(made, what, lambda row=row: _run(connection, row))  # type: ignore[misc]
        if run is not None:
            _tried(made, what, lambda run=run: _copy(connection, atlas, made, entry=entry, run=run))  # type: ignore[misc]


def _run(connection: Connection, row: Row[Any]) -> RunEntry:
    if _sealed(connection) and row.outcome != RUNNING:
        known = table.seal.c
        query = select(known.digest).where(known.what == "run", known.part == row.id)
        if connection.execute(query).scalar() != digest([row]):
            raise InputError("a run differs from what was written")
    return run_entry(row)


def _copy(connection: Connection, atlas: Atlas, made: Repaired, *, entry: LandscapeEntry, run: RunEntry) -> None:
    copied = _Copied(connection, run, sealed=_sealed(connection) and run.outcome != RUNNING)
    records = list(copied.records())
    number = atlas.begin(entry, explorer=run.explorer, options=run.options, seed=run.seed, version=run.version)
    atlas.add(number, records)
    for question, content in copied.answers(parts=True):
        atlas.remember(number, question.removeprefix(PART), content)
    whole = copied.lost == 0
    outcome: Any = run.outcome if whole and run.outcome != RUNNING else "interrupted"
    result = Run(
        run.explorer, run.options, run.seed, run.version, run.evaluations, run.seconds, outcome, run.exact, run.failures
    )
    atlas.finish(number, result)
    if outcome in ("finished", "out of budget"):
        job: dict[str, Any] = {"explorer": run.explorer, "options": run.options, "seed": run.seed}
        for question, content in copied.answers(parts=False):
            atlas.keep_answer(entry.identity, **job, question=question, content=content)
    made.records += len(records)
    made.runs += whole
    made.parts += not whole
    if not whole:
        made.lost.append(f"{copied.lost} of the chunks of {run.explorer} on {entry.name}")


@dataclass(slots=True)
class _Copied:
    """What can be read of one run."""

    connection: Connection
    run: RunEntry
    sealed: bool
    lost: int = 0

    def records(self) -> Iterator[Record]:
        """Yield minima, saddles, census and tallies."""
        seals = self._seals()
        names: dict[int, str] = {}
        for row in self._rows("minimum", seals):
            _, number, key, energy, weight, plateau, orbit, visits, state, volume, lid = row
            names[number] = key
            yield Minimum(key, energy, weight, plateau, orbit, state, visits, volume, lid)
        joined: dict[int, list[str | None]] = {}
        for _, saddle, _, minimum in self._rows("saddle_minimum", seals):
            joined.setdefault(saddle, []).append(names.get(minimum))
        for _, number, key, energy, bound, index, state, volume in self._rows("saddle", seals):
            minima = joined.get(number, [None])
            if None in minima:
                self.lost += not self.lost
                continue
            yield Saddle(key, energy, tuple(map(str, minima)), index, bound, state, volume)
        for name, read in (("census", read_census), ("tally", read_tallies)):
            try:
                found: Any = read(self.connection, self.run.number)
                if self.sealed and digest(rows_of(self.connection, name, self.run.number)) != seals.get((name, 0)):
                    raise InputError(f"the {name} differs from what was written")
            except LOST:
                self.lost += 1
                continue
            yield from [] if found is None else found if isinstance(found, tuple) else [found]
        for question, content in self.answers(parts=False):
            if question == FACTS:
                yield Facts(json.loads(content))

    def _seals(self) -> dict[tuple[str, int], str]:
        known = table.seal.c
        query = select(known.what, known.part, known.digest).where(known.owner == self.run.number)
        owned = (*RECORDS, *STATES.values(), *WHOLE, "seals")
        try:
            rows = self.connection.execute(query).all() if self.sealed else []
        except LOST:
            self.lost += 1
            return {}
        found = {(row.what, row.part): row.digest for row in rows if row.what in owned}
        own = found.pop(("seals", 0), None)
        self.lost += self.sealed and own != digest(sorted((*name, value) for name, value in found.items()))
        return found

    def _rows(self, name: str, seals: dict[tuple[str, int], str]) -> Iterator[tuple[Any, ...]]:
        """Rows of the chunks that are whole."""
        parts = sorted(part for what, part in seals if what == name) if self.sealed else [None]
        for part in parts:
            try:
                rows = rows_of(self.connection, name, self.run.number, part=part)
                whole = part is None or all(
                    digest(content) == seals.get((what, part)) for what, content in split(name, rows) if content
                )
            except LOST:
                whole, rows = False, []
            if whole and (part is None or rows):
                yield from rows
            else:
                self.lost += 1

    def answers(self, *, parts: bool) -> list[tuple[str, str]]:
        """Questions and answers that are whole: those that outlive the run's end, or the others."""
        known = table.answer.c
        try:
            rows = self.connection.execute(select(known.question, known.content).where(known.run_id == self.run.number))
            found = [(str(row.question), str(row.content)) for row in rows]
        except LOST:
            self.lost += 1
            return []
        kept = []
        for question, content in found:
            if question.startswith(PART) != parts:
                continue
            try:
                if self.sealed:
                    check_answer(self.connection, self.run.number, question, content)
            except LOST:
                continue
            kept.append((question, content))
        return kept
