"""Adding records to a run: the common case - everything is new - in bulk, the rest by comparing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.seals import CHUNK, RECORDS, Growing, answer_name, digest, put
from spinfunnel.landscape import Census, Effort, Facts, InputError, Minimum, Record, Saddle, Tally

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FACTS", "OpenRun", "write", "write_answer"]

FACTS = "facts"
"""Question whose answer are the `Facts` of a run."""

_CACHED = 4_000_000
"""Keys whose numbers are held in memory: about 0.8 GB; beyond, they are looked up."""
_LOOKED_UP = 500
"""Keys in one query: below the least limit on bound variables of any SQLite (999)."""


@dataclass(slots=True)
class OpenRun:
    """What a writer remembers of its run: the next numbers, the numbers of keys, and digests of whole chunks."""

    number: int
    attempt: int
    next_minimum: int = 0
    next_saddle: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    growing: Growing = field(default_factory=Growing)


def write(connection: Connection, state: OpenRun, records: Iterable[Record]) -> tuple[int, int]:
    """Write records within the caller's transaction.

    Returns
    -------
    tuple of int
        The next numbers of a minimum and of a saddle, valid once the transaction is through. If it fails,
        `state.numbers` is to be cleared and `state.growing` forgotten.
    """
    minima: dict[str, Minimum] = {}
    visits: dict[str, int] = {}
    saddles: dict[str, Saddle] = {}
    for record in records:
        if isinstance(record, Minimum):
            minima[record.key] = record
            visits[record.key] = visits.get(record.key, 0) + record.visits
        elif isinstance(record, Saddle):
            known = saddles.get(record.key)
            if known is None or _rank(record) < _rank(known):
                saddles[record.key] = record
        elif isinstance(record, Census):
            _write_census(connection, state.number, record)
        elif isinstance(record, Tally):
            _write_tally(connection, state.number, record)
        elif isinstance(record, Facts):
            write_answer(connection, state.number, question=FACTS, content=json.dumps(dict(record.content)))
        elif not isinstance(record, Effort):
            raise InputError(f"an atlas holds minima, saddles, censuses and tallies, got {type(record).__name__}")
    if len(state.numbers) > _CACHED:
        state.numbers.clear()
    _write_minima(connection, state, minima, visits=visits)
    _write_saddles(connection, state, saddles)
    return state.next_minimum + len(minima), state.next_saddle + len(saddles)


def _rank(saddle: Saddle) -> tuple[bool, float, int, tuple[str, ...]]:
    """Order of two records of one saddle, the better first; total, so that the order of arrival does not matter."""
    return saddle.bound != "exact", saddle.energy, -len(saddle.minima), saddle.minima


# ---------------------------------------------------------------------------------------------
# Bulk


def _insert(connection: Connection, into: Table, rows: Iterable[tuple[Any, ...]], *, known: bool = True) -> None:
    """Insert rows (all columns, in order); where keys may be `known`, leave those alone that are there already."""
    names = [column.name for column in into.columns]
    if connection.dialect.name == "sqlite":
        # Plain tuples, one at a time and past the machinery of statements: millions of rows come this way.
        plain = sqlite.insert(into)
        statement = plain.on_conflict_do_nothing() if known else plain
        driver = connection.connection.driver_connection
        cast("sqlite3.Connection", driver).executemany(
            str(statement.compile(dialect=connection.dialect, column_keys=names)), rows
        )
    else:
        connection.execute(
            postgresql.insert(into).on_conflict_do_nothing(), [dict(zip(names, row, strict=True)) for row in rows]
        )


def _insert_records(
    connection: Connection, state: OpenRun, name: str, rows: Iterable[tuple[Any, ...]], *, known: bool = True
) -> None:
    """Insert records, ascending in their numbers, chunk by chunk as they are sealed."""
    for _, chunk in groupby(rows, key=lambda row: row[1] // CHUNK):
        records = list(chunk)
        state.growing.add(name, records)
        _insert(connection, RECORDS[name], records, known=known)


def _count_from(connection: Connection, within: Table, *, run: int, first: int) -> int:
    query = select(func.count()).select_from(within).where(within.c.run_id == run, within.c.number >= first)
    return int(connection.execute(query).scalar_one())


def _numbers(connection: Connection, within: Table, *, run: int, keys: Sequence[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for start in range(0, len(keys), _LOOKED_UP):
        part = keys[start : start + _LOOKED_UP]
        query = select(within.c.key, within.c.number).where(within.c.run_id == run, within.c.key.in_(part))
        numbers.update((row.key, row.number) for row in connection.execute(query))
    return numbers


def _maybe(number: float | None) -> float | None:
    # SQLite has no NaN and stores NULL for it.
    return None if number is None or number != number else float(number)


# ---------------------------------------------------------------------------------------------
# Minima


def _write_minima(
    connection: Connection, state: OpenRun, minima: dict[str, Minimum], *, visits: dict[str, int]
) -> None:
    if not minima:
        return
    run, first = state.number, state.next_minimum
    rows = (
        (
            *(
                run,
                first + number,
                str(key),
                float(m.energy),
                float(m.weight),
                int(m.plateau),
                int(m.orbit),
                int(visits[key]),
            ),
            *(m.state, _maybe(m.log_volume), _maybe(m.lid)),
        )
        for number, (key, m) in enumerate(minima.items())
    )
    _insert_records(connection, state, "minimum", rows)
    if _count_from(connection, table.minimum, run=run, first=first) == len(minima):
        state.numbers.update((key, first + number) for number, key in enumerate(minima))
        return
    actual = _numbers(connection, table.minimum, run=run, keys=list(minima))
    state.growing.change("minimum", range(first, first + len(minima)))
    state.growing.change("minimum", actual.values())
    state.numbers.update(actual)
    again = [
        {
            "at": number,
            "energy": float(minima[key].energy),
            "weight": float(minima[key].weight),
            "plateau": int(minima[key].plateau),
            "orbit": int(minima[key].orbit),
            "state": minima[key].state,
            "log_volume": _maybe(minima[key].log_volume),
            "new_lid": _maybe(minima[key].lid),
            "further": visits[key],
        }
        for key, number in actual.items()
        if number < first
    ]
    if again:
        known = table.minimum
        # One statement for all: a search may visit hundreds of minima between two chunks.
        kept = {
            "lid": func.coalesce(bindparam("new_lid", type_=known.c.lid.type), known.c.lid),
            "visits": known.c.visits + bindparam("further", type_=known.c.visits.type),
        }
        same: dict[str, Any] = {
            name: bindparam(name) for name in ("energy", "weight", "plateau", "orbit", "state", "log_volume")
        }
        here = (known.c.run_id == run) & (known.c.number == bindparam("at"))
        connection.execute(update(known).where(here).values(**same, **kept), again)


# ---------------------------------------------------------------------------------------------
# Saddles


def _write_saddles(connection: Connection, state: OpenRun, saddles: dict[str, Saddle]) -> None:
    if not saddles:
        return
    _look_up_joined(connection, state, saddles)
    run, first, joined = state.number, state.next_saddle, state.numbers
    rows = (
        (
            *(run, first + number, str(key), float(s.energy), str(s.bound), None if s.index is None else int(s.index)),
            *(s.state, _maybe(s.log_volume)),
        )
        for number, (key, s) in enumerate(saddles.items())
    )
    _insert_records(connection, state, "saddle", rows)
    kept = {key: first + number for number, key in enumerate(saddles)}
    if _count_from(connection, table.saddle, run=run, first=first) != len(saddles):
        actual = _numbers(connection, table.saddle, run=run, keys=list(saddles))
        for name in ("saddle", "saddle_minimum"):
            state.growing.change(name, range(first, first + len(saddles)))
            state.growing.change(name, actual.values())
        better = _improved(
            connection, run, {key: number for key, number in actual.items() if number < first}, saddles=saddles
        )
        kept = {key: number for key, number in actual.items() if number >= first or key in better}
    if kept:
        links = (
            (run, number, position, joined[name])
            for key, number in kept.items()
            for position, name in enumerate(saddles[key].minima)
        )
        _insert_records(connection, state, "saddle_minimum", links, known=False)


def _look_up_joined(connection: Connection, state: OpenRun, saddles: dict[str, Saddle]) -> None:
    """Make sure that the numbers of all minima that the saddles name are known."""
    numbers = state.numbers
    missing = {name: key for key, saddle in saddles.items() for name in saddle.minima if name not in numbers}
    numbers.update(_numbers(connection, table.minimum, run=state.number, keys=list(missing)))
    for name, key in missing.items():
        if name not in numbers:
            raise InputError(
                f"the saddle {key} joins the minimum {name}, which was not added: add minima before the saddles "
                "that name them"
            )


def _improved(connection: Connection, run: int, known: dict[str, int], *, saddles: dict[str, Saddle]) -> set[str]:
    """Update those known saddles whose new record is better, and free their links."""
    link = table.saddle_minimum
    better: set[str] = set()
    for key, number in known.items():
        saddle = saddles[key]
        if _rank(saddle) >= _rank(_read_saddle(connection, run, key, number=number)):
            continue
        here = (table.saddle.c.run_id == run) & (table.saddle.c.number == number)
        values = {
            "energy": float(saddle.energy),
            "bound": saddle.bound,
            "index": saddle.index,
            "state": saddle.state,
            "log_volume": _maybe(saddle.log_volume),
        }
        connection.execute(update(table.saddle).where(here).values(values))
        connection.execute(delete(link).where(link.c.run_id == run, link.c.saddle == number))
        better.add(key)
    return better


def _read_saddle(connection: Connection, run: int, key: str, *, number: int) -> Saddle:
    here = (table.saddle.c.run_id == run) & (table.saddle.c.number == number)
    row = connection.execute(select(table.saddle.c.energy, table.saddle.c.bound).where(here)).one()
    link, minimum = table.saddle_minimum, table.minimum
    query = select(minimum.c.key).join_from(link, minimum).where(link.c.run_id == run, link.c.saddle == number)
    names = connection.execute(query.order_by(link.c.position)).scalars().all()
    return Saddle(key, row.energy, tuple(names), None, row.bound)


# ---------------------------------------------------------------------------------------------
# What is said of all states together


def write_answer(connection: Connection, run: int, *, question: str, content: str) -> None:
    """Keep the answer to a question beside a run; an earlier one is replaced."""
    known = table.answer.c
    connection.execute(delete(table.answer).where(known.run_id == run, known.question == question))
    connection.execute(insert(table.answer).values(run_id=run, question=question, content=content))
    put(connection, answer_name(question), run, 0, value=digest([(question, content)]))


def _write_census(connection: Connection, run: int, census: Census) -> None:
    connection.execute(delete(table.census).where(table.census.c.run_id == run))
    values = {
        "states": str(int(census.states)),
        "mean": float(census.mean),
        "variance": float(census.variance),
        "ground_energy": float(census.ground_energy),
        "ground_states": str(int(census.ground_states)),
        "minima_raw": str(int(census.minima_raw)),
        "autocorrelation": None if census.autocorrelation is None else float(census.autocorrelation),
    }
    connection.execute(insert(table.census).values(run_id=run, **values))


def _write_tally(connection: Connection, run: int, tally: Tally) -> None:
    temperature = float(tally.temperature)
    same = (
        (table.tally.c.run_id == run)
        & (table.tally.c.quantity == tally.quantity)
        & (table.tally.c.temperature == temperature)
        & (table.tally.c.replica == tally.replica)
    )
    values = {
        name: json.dumps([float(number) for number in getattr(tally, name)])
        for name in ("position", "count", "mean", "spread", "lowest", "overlap")
    }
    if connection.execute(select(table.tally.c.number).where(same)).scalar() is not None:
        connection.execute(update(table.tally).where(same).values(values))
        return
    number = connection.execute(
        select(func.count()).select_from(table.tally).where(table.tally.c.run_id == run)
    ).scalar_one()
    statement = insert(table.tally).values(
        run_id=run,
        number=number,
        quantity=tally.quantity,
        temperature=temperature,
        replica=tally.replica,
        **values,
    )
    connection.execute(statement)
