"""Where an atlas lives: finding it, refusing what is not one, and opening it.

Everything is checked before anything is written, and a file is created no earlier than the first run.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import create_engine, event, func, inspect, pool, select, update
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.seals import RUNNING, DamagedError, Growing, answer_name, digest, put, seal_landscape, seal_run
from spinfunnel.atlas.tables import APPLICATION, SCHEMA, UNSEALED, marker, metadata
from spinfunnel.landscape import InputError
from spinfunnel.landscape.passwords import without_passwords

__all__ = ["Target", "create", "find", "guarded", "is_created", "look", "open_engine", "upgrade"]

_HEADER = b"SQLite format 3\x00"
_DIALECTS = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Target:
    """Where an atlas lives.

    Attributes
    ----------
    shown : str
        The name under which messages speak of it; never holds a password.
    path : Path or None
        The file, for SQLite; None in memory and on a server.
    url : sqlalchemy.engine.URL or None
        The server; None for SQLite.
    read_only : bool
    """

    shown: str
    path: Path | None
    url: URL | None
    read_only: bool


def find(target: str | Path | None, *, read_only: bool) -> Target:
    """Resolve what the user gave, and refuse what cannot be an atlas.

    Parameters
    ----------
    target : str, Path or None
        A path, a SQLAlchemy URL (anything with ``://``), or None for an atlas in memory.
    read_only : bool
        Whether the caller promises not to write.

    Raises
    ------
    InputError
        When the URL is not understood, or the path is a directory, not SQLite, not writable, or missing where it has
        to exist.

    Examples
    --------
    >>> find(None, read_only=False).shown
    'the atlas in memory'
    """
    if target is None:
        return Target("the atlas in memory", None, None, read_only)
    if isinstance(target, str) and "://" in target:
        url = _parsed(target)
        if url.get_backend_name() != "sqlite":
            shown = f"{url.get_backend_name()}://{url.host or 'localhost'}/{url.database or ''}"
            return Target(shown, None, url, read_only)
        if not url.database or url.database == ":memory:":
            return Target("the atlas in memory", None, None, read_only)
        target = url.database
    if not str(target):
        raise InputError("the atlas needs a file name, got an empty one: give a path such as atlas.db")
    path = Path(target)
    _check_path(path, read_only=read_only)
    return Target(f"the atlas {path}", path, None, read_only)


def _parsed(text: str) -> URL:
    scheme = text.split("://", 1)[0]
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise InputError(
            f"the atlas URL that begins with {scheme}:// is not understood; write it as "
            "postgresql://user@host/database, or give a file path"
        ) from None
    if url.get_backend_name() not in _DIALECTS:
        raise InputError(
            f"an atlas lives in SQLite or PostgreSQL, got {scheme}://; give a file path or "
            "postgresql://user@host/database"
        )
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _check_path(path: Path, *, read_only: bool) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return _check_absent(path, read_only=read_only)
    except OSError as error:
        raise InputError(f"the atlas {path} cannot be reached ({error.strerror}); give another path") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"the atlas {path} is a directory; give a file in it, such as {path / 'atlas.db'}")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"the atlas {path} is not a regular file; give a path such as atlas.db")
    if not os.access(path, os.R_OK):
        raise InputError(f"the atlas {path} may not be read by this user; change its permissions or give another path")
    if not read_only:
        _check_writable(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_HEADER))
    except OSError as error:
        raise InputError(f"the atlas {path} cannot be read ({error.strerror}); give another path") from None
    if start and start != _HEADER:
        raise InputError(f"{path} is not an atlas (it is no SQLite file); give another path")
    return None


def _check_absent(path: Path, *, read_only: bool) -> None:
    if read_only:
        raise InputError(f"there is no atlas at {path}; make one with: spinfunnel explore SYSTEM --atlas {path}")
    if not path.parent.is_dir():
        raise InputError(
            f"the directory {path.parent} of the atlas {path} does not exist; create it first or give another path"
        )
    if not _may_write(path.parent):
        raise InputError(
            f"the directory {path.parent} is read-only, so the atlas {path} cannot be made there; give another path"
        )


def _check_writable(path: Path) -> None:
    for place in (path, path.parent):
        if not _may_write(place):
            what = "is read-only" if place is path else "is in a read-only directory"
            raise InputError(f"the atlas {path} {what}; make it writable or give another path")


def _may_write(place: Path) -> bool:
    # The superuser may write everything; a place without a single write bit was still meant to be left alone.
    return os.access(place, os.W_OK) and bool(place.stat().st_mode & 0o222)


# ---------------------------------------------------------------------------------------------
# Errors of the database


BROKEN = (SQLAlchemyError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What reading rows that no atlas has written raises; errors of text and JSON are among them."""


@contextmanager
def guarded(target: Target, *, reading: bool = False) -> Iterator[None]:
    """Turn what the database complains of into one sentence that names the atlas; on `reading`, what rows do too."""
    try:
        yield
    except DamagedError as error:
        raise InputError(_damaged(target, str(error))) from None
    except InputError:
        raise
    except DBAPIError as error:
        raise InputError(_sentence(target, str(error.orig))) from None
    except sqlite3.Error as error:
        raise InputError(_sentence(target, str(error))) from None
    except ImportError as error:
        raise InputError(_sentence(target, str(error))) from None
    except UnicodeError:
        raise InputError(_damaged(target, "a text is none")) from None
    except BROKEN as error:
        if not reading:
            raise
        raise InputError(_damaged(target, f"a record cannot be read, {type(error).__name__}")) from None


def _damaged(target: Target, what: str) -> str:
    if target.path is None:
        return f"{target.shown} is damaged ({what}); restore it from a copy"
    return (
        f"{target.shown} is damaged ({what}); save what is whole with: spinfunnel repair {target.path} --to NEW.db, "
        "or restore it from a copy"
    )


def _sentence(target: Target, complaint: str) -> str:
    lines = complaint.strip().splitlines()
    reason = lines[0] if lines else "no reason given"
    reason = without_passwords(reason)
    for secret in _secrets(target.url):
        reason = reason.replace(secret, "***")
    if any(mark in reason for mark in ("malformed", "no such", "disk image")) and target.path is not None:
        return _damaged(target, reason)
    known = {
        "locked": "is being written by another process; wait for it to end and repeat the command",
        "disk is full": "cannot grow: the disk is full; free some space and repeat the command, whole records "
        "that were added are kept",
        "disk I/O": "cannot be written: input/output error; check the disk and repeat the command, whole records "
        "that were added are kept",
        "readonly": "is read-only; make it writable or give another path",
        "malformed": "is damaged; restore it from a copy or give another path",
        "not a database": "is no SQLite database; give another path",
        "unable to open": "cannot be opened; check the permissions of the file and of its directory",
        "No module named": "needs a database driver that is not installed; for PostgreSQL: pip install "
        "'psycopg[binary]'",
    }
    for mark, sentence in known.items():
        if mark in reason:
            return f"{target.shown} {sentence}"
    return f"{target.shown} cannot be used: {reason}"


def _secrets(url: URL | None) -> set[str]:
    """Passwords of a URL, as they were typed and as they are meant."""
    if url is None:
        return set()
    given = [url.password, *(url.query.get(name) for name in ("password", "sslpassword"))]
    plain = {str(word) for word in given if word}
    return plain | {quote(word, safe="") for word in plain} | {quote_plus(word) for word in plain}


# ---------------------------------------------------------------------------------------------
# Opening


def open_engine(target: Target, *, patience: float, untouched: bool = False) -> Engine:
    """Open the database; a SQLite file that is absent comes into being at the first statement.

    Writing transactions (execution option ``write``) lock at their start, so that a second writer waits up to
    `patience` seconds and then gets one sentence.
    """
    if target.url is not None:
        with guarded(target):
            try:
                return create_engine(
                    target.url, pool_pre_ping=True, connect_args={"connect_timeout": max(1, round(patience))}
                )
            except NoSuchModuleError:
                raise ImportError("No module named driver") from None
    place = ":memory:" if target.path is None else _sqlite_uri(target, untouched=untouched)
    in_memory = target.path is None

    def connect() -> sqlite3.Connection:
        link = sqlite3.connect(
            place, uri=not in_memory, timeout=patience, check_same_thread=False, isolation_level=None
        )
        # An atlas may come from anybody: its schema calls no function, and the sizes of its cells are checked.
        link.execute("PRAGMA trusted_schema = OFF")
        link.execute("PRAGMA cell_size_check = ON")
        if target.read_only:
            link.execute("PRAGMA query_only = ON")
        elif not in_memory:
            # Kept in the file: readers go on while one process writes.
            link.execute("PRAGMA journal_mode = WAL")
            link.execute("PRAGMA synchronous = NORMAL")
            # In KiB: the two key indexes of a million-minimum map are filled in random order and should stay in memory.
            link.execute("PRAGMA cache_size = -131072")
        return link

    engine = create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=pool.StaticPool if in_memory else pool.QueuePool
    )
    event.listen(engine, "begin", _begin)
    return engine


def _sqlite_uri(target: Target, *, untouched: bool) -> str:
    path = target.path or Path()
    uri = path.resolve().as_uri()
    if not target.read_only:
        return f"{uri}?mode=rwc"
    if not untouched and _may_write(path) and _may_write(path.parent):
        # A reader beside a writer needs a shared-memory file; only who may write can clear it away afterwards.
        return f"{uri}?mode=rw"
    return f"{uri}?mode=ro" if Path(f"{path}-wal").exists() else f"{uri}?mode=ro&immutable=1"


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("write", False)
    # The writer numbers what it links, so its foreign keys hold by construction; checking them again row by row costs
    # a third of the time, and minutes on deleting. Everyone else, other programs included, has them checked.
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if writing else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def is_created(connection: Connection, target: Target) -> int:
    """Schema of the atlas that the database holds; 0 where it is still empty.

    Raises
    ------
    InputError
        When it belongs to another program, or to a newer spinfunnel.
    """
    tables = inspect(connection).get_table_names()
    number = 0
    if connection.dialect.name == "sqlite":
        number = int(connection.exec_driver_sql("PRAGMA application_id").scalar() or 0)
    if not tables and number == 0:
        return 0
    if marker.name not in tables or (connection.dialect.name == "sqlite" and number != APPLICATION):
        raise InputError(
            f"{target.shown} is a database of another program; give another path, nothing was written to it"
        )
    schema = connection.execute(select(marker.c.value).where(marker.c.name == "schema")).scalar()
    if schema is None or not str(schema).isdigit():
        raise InputError(
            f"{target.shown} is damaged: it does not say which schema it has; restore it from a copy or give "
            "another path"
        )
    if int(schema) > SCHEMA:
        raise InputError(
            f"{target.shown} was written by a newer spinfunnel (schema {schema}, this one knows {SCHEMA}); "
            "upgrade spinfunnel or give another path"
        )
    if int(schema) < UNSEALED:
        raise InputError(
            f"{target.shown} was written by an older spinfunnel (schema {schema}, this one writes {SCHEMA}); "
            "give another path and explore again"
        )
    if (int(schema) == SCHEMA) != (table.seal.name in tables):
        raise DamagedError("its schema and its tables differ")
    if connection.dialect.name == "sqlite":
        _refuse_programs(connection, target)
    return int(schema)


def _refuse_programs(connection: Connection, target: Target) -> None:
    """Refuse a file whose tables compute: views, triggers, virtual tables and generated columns are no atlas's."""
    for kind, text in connection.exec_driver_sql("SELECT type, sql FROM sqlite_master"):
        words = str(text or "").upper()
        if kind not in ("table", "index") or "VIRTUAL" in words or " AS (" in words or " AS(" in words:
            raise InputError(f"{target.shown} holds a {kind} that computes, as no atlas does; give another path")


def upgrade(engine: Engine, target: Target) -> None:
    """Seal what an older version wrote, as it is."""
    writing = engine.connect().execution_options(write=True)
    with guarded(target, reading=True), writing as connection, connection.begin():
        if is_created(connection, target) == SCHEMA:
            return
        table.seal.create(connection)
        for number in connection.execute(select(table.landscape.c.id)).scalars().all():
            seal_landscape(connection, number)
        over = select(table.run.c.id).where(table.run.c.outcome != RUNNING)
        for number in connection.execute(over).scalars().all():
            ends = {name: _end(connection, name, number) for name in ("minimum", "saddle")}
            seal_run(connection, number, Growing(whole=False), ends={**ends, "saddle_minimum": ends["saddle"]})
        for row in connection.execute(select(table.answer)).all():
            name = answer_name(row.question)
            put(connection, name, row.run_id, 0, value=digest([(row.question, row.content)]))
        connection.execute(update(marker).where(marker.c.name == "schema").values(value=str(SCHEMA)))


def _end(connection: Connection, name: str, run: int) -> int:
    within = metadata.tables[name].c
    last = connection.execute(select(func.max(within.number)).where(within.run_id == run)).scalar()
    return 0 if last is None else int(last) + 1


def look(target: Target, *, patience: float) -> int:
    """Schema of the atlas at a target, 0 where there is none yet, without writing to it."""
    if target.path is not None and (not target.path.exists() or target.path.stat().st_size == 0):
        return 0
    if target.path is None and target.url is None:
        return 0
    engine = open_engine(
        Target(target.shown, target.path, target.url, read_only=True), patience=patience, untouched=True
    )
    try:
        with guarded(target, reading=True), engine.connect() as connection:
            return is_created(connection, target)
    finally:
        engine.dispose()


def create(engine: Engine, target: Target, **facts: Any) -> None:
    """Make the tables and the marker, unless another process was faster."""
    with guarded(target), engine.connect().execution_options(write=True) as connection, connection.begin():
        if is_created(connection, target):
            return
        metadata.create_all(connection)
        rows = {"schema": SCHEMA, **facts}
        connection.execute(marker.insert(), [{"name": name, "value": str(value)} for name, value in rows.items()])
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
