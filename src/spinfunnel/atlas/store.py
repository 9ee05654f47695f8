"""The atlas itself: runs begin, add what they find in whole chunks, and finish; maps are read back as arrays."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection, Engine

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.entries import Description, LandscapeEntry, RunEntry, landscape_entry, run_entry, to_json
from spinfunnel.atlas.job_rows import after, check_attempt, job_of, landscape_id, now, restart, same_job
from spinfunnel.atlas.reading import Found, merged, read_run, read_states, to_graph
from spinfunnel.atlas.seals import (
    PART,
    RUNNING,
    check_answer,
    check_landscapes,
    check_runs,
    seal_landscape,
    seal_run,
)
from spinfunnel.atlas.tables import SCHEMA, UNSEALED
from spinfunnel.atlas.target import Target, create, find, guarded, look, open_engine, upgrade
from spinfunnel.atlas.writing import OpenRun, write, write_answer
from spinfunnel.landscape import BasinGraph, InputError, Kind, Parameter, Record, Run

__all__ = ["Atlas", "Description", "LandscapeEntry", "RunEntry"]

_OVER = ("finished", "out of budget")


class Atlas:
    """Maps of landscapes in one database.

    Parameters
    ----------
    target : str, Path or None
        A file for SQLite (made at the first run), a SQLAlchemy URL (``postgresql://user@host/database``), or None: in
        memory.
    read_only : bool
        Promise not to write; the atlas must exist.
    patience : float
        Seconds to wait for another process that is writing.

    Raises
    ------
    InputError
        When the target is not an atlas and cannot become one: a directory, a missing directory, read-only, not
        SQLite, another program's database, an atlas of a newer schema. Nothing was written then.

    Notes
    -----
    A job is what a landscape, an explorer, its options and a seed name. Each `add` is one transaction, so that a
    process killed at any moment leaves whole records only, and its run "running"; `begin` of the same job starts it
    again.

    Examples
    --------
    >>> from spinfunnel.landscape import Kind, Minimum, Run, Saddle
    >>> island = LandscapeEntry("f00", "island", {"n": 2}, Kind.BINARY, 2, 4, ())
    >>> with Atlas() as atlas:
    ...     number = atlas.begin(island, explorer="flooding", options={}, seed=0, version="0.1")
    ...     atlas.add(number, [Minimum("00", -1.0, 0.5), Minimum("11", 0.0, 0.5), Saddle("01", 2.0, ("00", "11"))])
    ...     atlas.finish(number, Run("flooding", {}, 0, "0.1", 4, 0.1, "finished", True))
    ...     graph = atlas.basin_graph("f00")
    >>> graph.key.tolist(), graph.saddle_energy.tolist(), graph.exact
    (['00', '11'], [2.0], True)
    """

    def __init__(self, target: str | Path | None = None, *, read_only: bool = False, patience: float = 30.0) -> None:
        self._target: Target = find(target, read_only=read_only)
        self._patience = patience
        self._schema = look(self._target, patience=patience)
        if read_only and not self._schema:
            raise InputError(f"{self._target.shown} is empty; fill it with: spinfunnel explore SYSTEM --atlas ...")
        self._engine: Engine = open_engine(self._target, patience=patience)
        self._close = weakref.finalize(self, self._engine.dispose)
        self._open: dict[int, OpenRun] = {}

    def close(self) -> None:
        """Let go of the database; what was added stays."""
        self._open.clear()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Atlas: {self._target.shown}>"

    # -----------------------------------------------------------------------------------------
    # Writing

    @property
    def read_only(self) -> bool:
        """Whether it was opened for reading only."""
        return self._target.read_only

    def begin(
        self, landscape: Description, *, explorer: str, options: Mapping[str, Parameter], seed: int, version: str
    ) -> int:
        """Begin a run, or begin it again: what an earlier attempt at the same job left is thrown away.

        Returns
        -------
        int
            The number of the run, for `add` and `finish`.
        """
        if self._target.read_only:
            raise InputError(f"{self._target.shown} was opened for reading only; open it for writing to explore")
        self._prepare(version)
        job = job_of(landscape.identity, explorer, options=options, seed=seed)
        with self._writing() as connection:
            place = landscape_id(connection, landscape)
            fresh = {
                "landscape_id": place,
                "job": job,
                "explorer": explorer,
                "options": to_json(options),
                "seed": str(seed),
                "version": version,
                "evaluations": 0,
                "seconds": 0.0,
                "outcome": RUNNING,
                "exact": False,
                "failures": "{}",
                "started": now(),
                "finished": None,
            }
            number, attempt = restart(connection, job, fresh)
            seal_landscape(connection, place)
        self._open[number] = OpenRun(number, attempt)
        return number

    def _prepare(self, version: str) -> None:
        """Make the tables, or seal what an older version wrote."""
        if not self._schema:
            create(self._engine, self._target, version=version)
        elif self._schema == UNSEALED:
            upgrade(self._engine, self._target)
        self._schema = SCHEMA

    def add(self, run: int, records: Iterable[Record]) -> None:
        """Add what a run found, all of it or (on an error) nothing.

        A key that is there already is updated: a minimum by the newer record, each time counting one more visit; a
        saddle only by a better one - exact before upper bound, then the lower energy, then the one that joins more
        minima.

        Raises
        ------
        InputError
            When a saddle names a minimum that was not added before it or with it, when another process began
            the same job again, or when the database cannot be written.
        """
        state = self._opened(run)
        try:
            with self._writing() as connection:
                check_attempt(connection, state, self._target)
                following = write(connection, state, records)
        except BaseException:
            state.numbers.clear()
            state.growing.forget()
            raise
        state.next_minimum, state.next_saddle = following

    def finish(self, run: int, result: Run) -> None:
        """Close a run with what came of it."""
        state = self._opened(run)
        values = {
            "version": result.version,
            "evaluations": int(result.evaluations),
            "seconds": float(result.seconds),
            "outcome": result.outcome,
            "exact": bool(result.exact),
            "failures": json.dumps(dict(sorted(result.failures.items()))),
        }
        with self._writing() as connection:
            check_attempt(connection, state, self._target)
            values["finished"] = after(connection.execute(select(func.max(table.run.c.finished))).scalar())
            connection.execute(update(table.run).where(table.run.c.id == run).values(values))
            ends = {"minimum": state.next_minimum, "saddle": state.next_saddle, "saddle_minimum": state.next_saddle}
            seal_run(connection, run, state.growing, ends=ends)
        del self._open[run]

    def keep_answer(
        self,
        identity: str,
        *,
        explorer: str,
        options: Mapping[str, Parameter],
        seed: int,
        question: str,
        content: str,
    ) -> None:
        """Keep, beside a finished run, what was answered to a question about it; an earlier answer is replaced.

        Parameters
        ----------
        identity, explorer, options, seed
            The job.
        question : str
            All that the answer depends on beyond the job.
        content : str
            In a format of the caller's.

        Raises
        ------
        InputError
            When no run of this job has finished here, or when the database cannot be written.
        """
        job = job_of(identity, explorer, options=options, seed=seed)
        if self._schema == UNSEALED:
            self._prepare("")
        with self._writing() as connection:
            query = select(table.run.c.id).where(table.run.c.job == job, table.run.c.outcome.in_(_OVER))
            run = connection.execute(query).scalar()
            if run is None:
                raise InputError(
                    f"{self._target.shown} holds no finished run of {explorer} on {identity}; finish it before its "
                    "answers are kept"
                )
            write_answer(connection, run, question=question, content=content)

    def remember(self, run: int, question: str, content: str) -> None:
        """Keep a finished part of a run that is still going; it outlives the run's end and its being begun again."""
        state = self._opened(run)
        with self._writing() as connection:
            check_attempt(connection, state, self._target)
            write_answer(connection, run, question=PART + question, content=content)

    def remembered(self, run: int, question: str) -> str | None:
        """Return what `remember` kept, else None."""
        known = table.answer.c
        query = select(known.content).where(known.run_id == run, known.question == PART + question)
        with self._reading() as connection:
            content = connection.execute(query).scalar() if connection else None
            if connection and content is not None and self._sealed:
                check_answer(connection, run, PART + question, str(content))
        return None if content is None else str(content)

    def _opened(self, run: int) -> OpenRun:
        if run not in self._open:
            raise InputError(f"run {run} of {self._target.shown} is not open here; begin it first")
        return self._open[run]

    # -----------------------------------------------------------------------------------------
    # Reading

    def finished(self, identity: str, *, explorer: str, options: Mapping[str, Parameter], seed: int) -> Run | None:
        """Return the run of this job if it ended by itself, else None: what makes a sweep resume.

        The budget is an option of the job: a run that spent it is over.
        """
        job = job_of(identity, explorer, options=options, seed=seed)
        query = select(table.run).where(table.run.c.job == job, table.run.c.outcome.in_(_OVER))
        with self._reading() as connection:
            row = connection.execute(query).one_or_none() if connection else None
            if connection is None or row is None:
                return None
            self._runs(connection, identity)
            entry = run_entry(row)
        return Run(
            entry.explorer,
            entry.options,
            entry.seed,
            entry.version,
            entry.evaluations,
            entry.seconds,
            "finished" if entry.outcome == "finished" else "out of budget",
            entry.exact,
            entry.failures,
        )

    def answer(self, identity: str, *, seed: int, question: str) -> str | None:
        """Return what was kept by `keep_answer` of a landscape and a seed, else None."""
        query = (
            select(table.answer.c.run_id, table.answer.c.content)
            .join_from(table.answer, table.run)
            .join(table.landscape)
            .where(table.landscape.c.identity == identity, table.run.c.seed == str(seed))
            .where(table.answer.c.question == question, table.run.c.outcome.in_(_OVER))
            .order_by(table.run.c.id.desc())
        )
        with self._reading() as connection:
            row = connection.execute(query.limit(1)).one_or_none() if connection else None
            if connection is None or row is None:
                return None
            if self._sealed:
                check_answer(connection, row.run_id, question, row.content)
            return str(row.content)

    def landscapes(self) -> tuple[LandscapeEntry, ...]:
        """Every landscape in the atlas, in the order in which they came."""
        with self._reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute(select(table.landscape).order_by(table.landscape.c.id)).all()
            if self._sealed:
                check_landscapes(connection, rows)
            return tuple(landscape_entry(row) for row in rows)

    def runs(self, identity: str) -> tuple[RunEntry, ...]:
        """Every run on a landscape, in the order in which they began first."""
        with self._reading() as connection:
            return self._runs(connection, identity)

    def basin_graph(
        self, identity: str, *, allow_unfinished: bool = False, native_tolerance: float = 0.0, of: Run | None = None
    ) -> BasinGraph:
        """Return the map of a landscape as arrays.

        Where an exact run has finished, its map alone (of several the latest). Otherwise all that the finished runs
        found: of a minimum the latest record, of a saddle the best (see `add`). Of a network the latest run alone:
        what is known of its solutions belongs to one run.

        Parameters
        ----------
        identity : str
            Of the landscape.
        allow_unfinished : bool
            Whether runs that were interrupted or killed, or are still going, count too.
        native_tolerance : float
            See `BasinGraph`.
        of : Run, optional
            Of a network, the run whose map is wanted.

        Raises
        ------
        InputError
            When the atlas does not know the landscape, or no run on it has finished.
        """
        with self._reading() as connection:
            entry = self._entry(connection, identity)
            chosen = self._chosen(connection, entry, allow_unfinished=allow_unfinished)
            if entry.kind is Kind.NETWORK:
                wanted = [run for run in chosen if of is None or same_job(run, of)]
                chosen = (max(wanted or chosen, key=lambda run: (run.finished or "", run.number)),)
            found = self._found(connection, chosen)
            exact = len(chosen) == 1 and chosen[0].exact and chosen[0].outcome == "finished"
            return to_graph(
                found, kind=entry.kind, symmetry=entry.symmetry, exact=exact, native_tolerance=native_tolerance
            )

    def visits(self, identity: str, *, allow_unfinished: bool = False) -> NDArray[np.int64]:
        """How often each minimum of `basin_graph` was found by the runs it rests on, in its numbering, shape (m,)."""
        with self._reading() as connection:
            entry = self._entry(connection, identity)
            found = self._found(connection, self._chosen(connection, entry, allow_unfinished=allow_unfinished))
        return found.visits[found.minimum_order()]

    def coordinates(self, identity: str) -> dict[str, bytes]:
        """Coordinates of the minima that have some, by key (see `Minimum.state`), from the latest run of several."""
        return self._coordinates(identity, "minimum")

    def saddle_coordinates(self, identity: str) -> dict[str, bytes]:
        """Coordinates of the saddles that have some, by key, from the latest run of several."""
        return self._coordinates(identity, "saddle")

    def _coordinates(self, identity: str, within: str) -> dict[str, bytes]:
        with self._reading() as connection:
            self._entry(connection, identity)
            if connection is None:
                return {}
            found: dict[str, bytes] = {}
            for run in self._runs(connection, identity):
                sealed = self._sealed and run.outcome != RUNNING
                found.update(read_states(connection, within, run.number, sealed=sealed))
            return found

    def _runs(self, connection: Connection | None, identity: str) -> tuple[RunEntry, ...]:
        if connection is None:
            return ()
        query = (
            select(table.run)
            .join(table.landscape)
            .where(table.landscape.c.identity == identity)
            .order_by(table.run.c.id)
        )
        rows = connection.execute(query).all()
        if self._sealed:
            place = select(table.landscape.c.id).where(table.landscape.c.identity == identity)
            check_runs(connection, connection.execute(place).scalar(), rows)
        return tuple(run_entry(row) for row in rows)

    def _entry(self, connection: Connection | None, identity: str) -> LandscapeEntry:
        row = None
        if connection is not None:
            row = connection.execute(
                select(table.landscape).where(table.landscape.c.identity == identity)
            ).one_or_none()
        if row is None:
            raise InputError(
                f"{self._target.shown} does not know the landscape {identity}; explore it first: spinfunnel "
                "explore SYSTEM"
            )
        if connection is not None and self._sealed:
            check_landscapes(connection, [row], only=row.id)
        return landscape_entry(row)

    def _chosen(
        self, connection: Connection | None, entry: LandscapeEntry, *, allow_unfinished: bool
    ) -> tuple[RunEntry, ...]:
        runs = self._runs(connection, entry.identity)
        exact = [run for run in runs if run.exact and run.outcome == "finished"]
        if exact:
            return (max(exact, key=lambda run: (run.finished or "", run.number)),)
        chosen = tuple(run for run in runs if allow_unfinished or run.outcome in _OVER)
        if not chosen:
            raise InputError(
                f"the map of {entry.name} in {self._target.shown} is unfinished (its run was interrupted, or is "
                "still going); "
                "repeat the command that began it to finish it"
            )
        return chosen

    def _found(self, connection: Connection | None, chosen: tuple[RunEntry, ...]) -> Found:
        if connection is None:
            raise InputError(f"{self._target.shown} is empty")
        parts = [read_run(connection, run.number, sealed=self._sealed and run.outcome != RUNNING) for run in chosen]
        return merged(parts)

    @property
    def _sealed(self) -> bool:
        return self._schema == SCHEMA

    # -----------------------------------------------------------------------------------------
    # Transactions

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with (
            guarded(self._target),
            self._engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        if not self._schema:
            self._schema = look(self._target, patience=self._patience)
        if not self._schema:
            yield None
            return
        with guarded(self._target, reading=True), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite reads one state of the database in any case
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
