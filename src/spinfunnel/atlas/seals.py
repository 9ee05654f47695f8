"""Digests of what an atlas holds: a flipped bit is found when the record is read.

A chunk is the `CHUNK` records of a run whose numbers share a quotient. Its digest grows while records are added, and is
kept when the run ends. Chunks whose records changed later are read back for it. Rows of landscapes, runs, censuses,
tallies and answers have digests as well.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.engine import Connection

from spinfunnel.atlas import tables as table
from spinfunnel.landscape import InputError

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "CHUNK",
    "OWNED",
    "PART",
    "RECORDS",
    "RUNNING",
    "STATES",
    "WHOLE",
    "DamagedError",
    "Digest",
    "Growing",
    "Seals",
    "answer_name",
    "check",
    "check_answer",
    "check_landscapes",
    "check_runs",
    "digest",
    "in_chunk",
    "put",
    "raw_pieces",
    "raw_rows",
    "rows_of",
    "seal_landscape",
    "seal_run",
    "sealed_columns",
    "seals_of",
    "split",
]

CHUNK = 4096
"""Records under one digest."""
PIECE = 512
"""Rows at a time: fewer than wake the garbage collector."""
PART = "part: "
"""Beginning of the questions whose answers outlive a run's being begun again."""
RUNNING = "running"
RECORDS = {"minimum": table.minimum, "saddle": table.saddle, "saddle_minimum": table.saddle_minimum}
WHOLE = {"census": table.census, "tally": table.tally}
"""Tables of a run that have one digest."""
STATES = {"minimum": "minimum state", "saddle": "saddle state"}
"""Coordinates have digests of their own: maps are read without them."""

OWNED = (*RECORDS, *STATES.values(), *WHOLE, "seals")
"""What is sealed of a run; the last is the digest of the others, so that none is lost unseen."""


class DamagedError(InputError):
    """Content of an atlas does not match its digest."""


# ---------------------------------------------------------------------------------------------
# Digests


class Digest:
    """A digest that grows with rows; how they are cut into lists does not matter."""

    __slots__ = ("_hasher",)

    def __init__(self) -> None:
        self._hasher = hashlib.blake2b(digest_size=16)

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take further rows of numbers, texts, bytes and None."""
        # Version 2 has no references, so that equal rows have equal bytes; the head of a list has five.
        self._hasher.update(memoryview(marshal.dumps(list(rows), 2))[5:])

    def value(self) -> str:
        """Return what it is so far."""
        return self._hasher.hexdigest()


def digest(rows: Iterable[Sequence[Any]]) -> str:
    """Digest of rows of numbers, texts, bytes and None.

    Examples
    --------
    >>> digest([(1, 2.0)]) == digest([(1, 2.0)]), digest([(1, 2.0)]) == digest([(1, 2.0000000000000004)])
    (True, False)
    """
    made = Digest()
    made.add([tuple(row) for row in rows])
    return made.value()


def sealed_columns(name: str) -> list[Any]:
    """Columns of a table of records that its digest covers, coordinates apart; the order of links says the position."""
    left_out = ("run_id", "position", "state")
    return [column for column in RECORDS[name].columns if column.name not in left_out]


def split(name: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[str, Sequence[tuple[Any, ...]]]]:
    """Yield rows of all columns, number second, as those with digests: without coordinates, and coordinates alone."""
    if name not in STATES:
        yield name, [(row[1], row[3]) for row in rows]
        return
    place = list(RECORDS[name].columns.keys()).index("state")
    yield name, [row[1:place] + row[place + 1 :] for row in rows]
    states = [(row[1], row[place]) for row in rows if row[place] is not None]
    if states:
        yield STATES[name], states


@dataclass(slots=True)
class Growing:
    """Digests of the chunks of a run while records are added."""

    chunks: dict[tuple[str, int], Digest] = field(default_factory=dict)
    changed: set[tuple[str, int]] = field(default_factory=set)
    whole: bool = True

    def add(self, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take new rows of one chunk, all columns."""
        if not rows or not self.whole:
            return
        part = rows[0][1] // CHUNK
        for what, content in split(name, rows):
            if (what, part) not in self.chunks:
                self.chunks[what, part] = Digest()
            self.chunks[what, part].add(content)

    def change(self, name: str, numbers: Iterable[int]) -> None:
        """Note that records were changed, so that their chunks are read back."""
        self.changed.update((name, number // CHUNK) for number in numbers)

    def forget(self) -> None:
        """Note that what was taken is no longer what the database holds."""
        self.chunks.clear()
        self.changed.clear()
        self.whole = False


# ---------------------------------------------------------------------------------------------
# Keeping them


def put(connection: Connection, what: str, owner: int, part: int, *, value: str) -> None:
    """Keep one digest; an earlier one is replaced."""
    known = table.seal.c
    connection.execute(delete(table.seal).where(known.what == what, known.owner == owner, known.part == part))
    connection.execute(insert(table.seal).values(what=what, owner=owner, part=part, digest=value))


def answer_name(question: str) -> str:
    """Under which the digest of an answer is kept."""
    kind = "part" if question.startswith(PART) else "answer"
    return f"{kind} {hashlib.sha256(question.encode()).hexdigest()[:32]}"


def raw_pieces(
    connection: Connection, query: Select[*tuple[Any, ...]], several: Iterable[Mapping[str, int]]
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows of a query as plain tuples, for several values of its parameters, a few hundred at a time."""
    if connection.dialect.name == "sqlite":
        # Past the row objects of SQLAlchemy: millions of rows come this way.
        made = query.compile(dialect=connection.dialect)
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        for values in several:
            known = made.params | values
            cursor = driver.execute(str(made), [known[name] for name in made.positiontup or ()])
            while rows := cursor.fetchmany(PIECE):
                yield rows
        return
    for values in several:
        for found in connection.execute(query, values).partitions(PIECE):
            yield [tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row) for row in found]


def raw_rows(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of a query as plain tuples."""
    return [row for piece in raw_pieces(connection, query, [{}]) for row in piece]


def rows_of(connection: Connection, name: str, run: int, *, part: int | None = None) -> list[tuple[Any, ...]]:
    """Rows of a run with all columns, in the order of their digest; one chunk, or all."""
    within = (RECORDS | WHOLE)[name]
    query = select(*within.columns).where(within.c.run_id == run).order_by(*within.primary_key.columns)
    return raw_rows(
        connection, query if part is None else query.where(in_chunk(name, part * CHUNK, (part + 1) * CHUNK))
    )


def in_chunk(name: str, low: Any, high: Any) -> Any:
    """Condition that a record's number is from one to before another."""
    number = RECORDS[name].c["saddle" if name == "saddle_minimum" else "number"]
    return (number >= low) & (number < high)


def seal_landscape(connection: Connection, landscape: int) -> None:
    """Keep the digest of a landscape's row."""
    row = connection.execute(select(table.landscape).where(table.landscape.c.id == landscape)).one()
    put(connection, "landscape", landscape, 0, value=digest([row]))


def seal_run(connection: Connection, run: int, growing: Growing, *, ends: dict[str, int]) -> None:
    """Keep the digests of a run that has ended, and of all its records.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    run : int
    growing : Growing
        What is known of its chunks.
    ends : dict
        By table of records, the number after the last.
    """
    known = table.seal
    connection.execute(delete(known).where(known.c.owner == run, known.c.what.in_(OWNED)))
    values = []
    for name, end in ends.items():
        for part in range(-(-end // CHUNK)):
            if growing.whole and (name, part) not in growing.changed:
                named = (name, STATES.get(name, name))[: 1 + (name in STATES)]
                found = [(what, growing.chunks.get((what, part))) for what in named]
                values += [(what, part, made.value()) for what, made in found if made is not None]
            else:
                rows = rows_of(connection, name, run, part=part)
                values += [(what, part, digest(content)) for what, content in split(name, rows) if content]
    values += [(name, 0, digest(rows_of(connection, name, run))) for name in WHOLE]
    values.append(("seals", 0, digest(sorted(values))))
    sealed = [{"what": what, "owner": run, "part": part, "digest": value} for what, part, value in values]
    connection.execute(insert(known), sealed)
    row = connection.execute(select(table.run).where(table.run.c.id == run)).one()
    put(connection, "run", row.landscape_id, run, value=digest([row]))


# ---------------------------------------------------------------------------------------------
# Checking


Seals = Mapping[tuple[str, int], str]


def seals_of(connection: Connection, run: int) -> Seals:
    """Digests of what a run found, by what and part, none of them missing.

    Raises
    ------
    DamagedError
    """
    known = table.seal.c
    query = select(known.what, known.part, known.digest).where(known.owner == run)
    found = {(row[0], row[1]): row[2] for row in raw_rows(connection, query) if row[0] in OWNED}
    own = found.pop(("seals", 0), None)
    check(own, sorted((*name, value) for name, value in found.items()), what="its digests")
    for name in WHOLE:
        check(found.get((name, 0)), rows_of(connection, name, run), what=f"table {name}")
    return found


def check(known: str | None, rows: Iterable[Sequence[Any]], *, what: str) -> None:
    """Refuse rows that are not those that were sealed.

    Raises
    ------
    DamagedError
    """
    if known is None or digest(rows) != known:
        raise DamagedError(f"{what} differs from what was written")


def check_landscapes(connection: Connection, rows: Sequence[Any], *, only: int | None = None) -> None:
    """Check rows of landscapes; every one that was sealed is to be among them, or `only` one."""
    known = table.seal.c
    query = select(known.owner, known.digest).where(known.what == "landscape")
    if only is not None:
        query = query.where(known.owner == only)
    found = dict(cast("list[tuple[int, str]]", raw_rows(connection, query)))
    for row in rows:
        check(found.pop(row.id, None), [row], what="a landscape")
    if found:
        raise DamagedError("a landscape is missing")


def check_runs(connection: Connection, landscape: int | None, rows: Sequence[Any]) -> None:
    """Check the rows of all runs on a landscape (its number); every one that was sealed is to be among them."""
    known = table.seal.c
    query = select(known.part, known.digest).where(known.what == "run", known.owner == landscape)
    found = dict(cast("list[tuple[int, str]]", raw_rows(connection, query)))
    for row in rows:
        sealed = found.pop(row.id, None)
        if sealed is not None or row.outcome != RUNNING:
            check(sealed, [row], what="a run")
    if found:
        raise DamagedError("a run is missing")


def check_answer(connection: Connection, run: int, question: str, content: str) -> None:
    """Check an answer."""
    known = table.seal.c
    query = select(known.digest).where(known.what == answer_name(question), known.owner == run)
    check(connection.execute(query).scalar(), [(question, content)], what="an answer")
