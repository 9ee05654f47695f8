"""Jobs, and the rows of landscapes and runs that they begin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.entries import Description, RunEntry, to_json
from spinfunnel.atlas.seals import OWNED, PART
from spinfunnel.atlas.target import Target
from spinfunnel.atlas.writing import OpenRun
from spinfunnel.landscape import InputError, Parameter, Run

__all__ = ["after", "check_attempt", "job_of", "landscape_id", "now", "restart", "same_job"]


def now() -> str:
    """Return the time, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def after(last: str | None) -> str:
    """Time of day, or just after the last run's end where the clock was set back: the latest run is told by it."""
    moment = now()
    if last is None or moment > last:
        return moment
    try:
        return (datetime.fromisoformat(last) + timedelta(microseconds=1)).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return moment


def same_job(one: RunEntry, other: Run) -> bool:
    """Whether a run of an atlas is of the job of another run."""
    return (one.explorer, one.seed, dict(one.options)) == (other.explorer, other.seed, dict(other.options))


def job_of(identity: str, explorer: str, *, options: Mapping[str, Parameter], seed: int) -> str:
    """Name of a job: equal for equal jobs only."""
    return hashlib.sha256(json.dumps([identity, explorer, to_json(options), int(seed)]).encode()).hexdigest()[:32]


def landscape_id(connection: Connection, landscape: Description) -> int:
    """Number of a landscape, whose row is made or brought up to date."""
    known = table.landscape
    values = {
        "name": landscape.name,
        "parameters": to_json(landscape.parameters),
        "kind": landscape.kind.value,
        "size": landscape.size,
        "states": None if landscape.states is None else str(landscape.states),
        "symmetry": json.dumps(list(landscape.symmetry)),
    }
    number = connection.execute(select(known.c.id).where(known.c.identity == landscape.identity)).scalar()
    if number is None:
        result = connection.execute(insert(known).values(identity=landscape.identity, **values))
        return int(result.inserted_primary_key[0])  # type: ignore[index]
    connection.execute(update(known).where(known.c.id == number).values(values))
    return int(number)


def restart(connection: Connection, job: str, fresh: Mapping[str, Any]) -> tuple[int, int]:
    """Number and attempt of a run that begins, or begins again without what it found before."""
    row = connection.execute(select(table.run.c.id, table.run.c.attempt).where(table.run.c.job == job)).one_or_none()
    if row is None:
        result = connection.execute(insert(table.run).values(**fresh, attempt=1))
        return int(result.inserted_primary_key[0]), 1  # type: ignore[index]
    connection.execute(update(table.run).where(table.run.c.id == row.id).values(**fresh, attempt=row.attempt + 1))
    answers = table.answer
    connection.execute(delete(answers).where(answers.c.run_id == row.id, answers.c.question.not_like(f"{PART}%")))
    seals = table.seal.c
    mine = (seals.owner == row.id) & (seals.what.in_(OWNED) | seals.what.like("answer %"))
    connection.execute(delete(table.seal).where(mine))
    connection.execute(delete(table.seal).where(seals.what == "run", seals.part == row.id))
    for owned in (table.saddle_minimum, table.saddle, table.minimum, table.census, table.tally):
        connection.execute(delete(owned).where(owned.c.run_id == row.id))
    return int(row.id), int(row.attempt) + 1


def check_attempt(connection: Connection, state: OpenRun, target: Target) -> None:
    """Refuse to go on where another process began the same run again."""
    query = select(func.max(table.run.c.attempt)).where(table.run.c.id == state.number)
    if connection.execute(query).scalar() != state.attempt:
        raise InputError(
            f"another process began run {state.number} of {target.shown} again; let that one finish, or repeat the "
            "command after it"
        )
