"""The tables of an atlas.

A run owns what it found: its minima, saddles, links, census and tallies carry its number, so that beginning it anew can
throw away exactly that, and so that what an exact run says is never mixed with what a sampled run says. Numbers count
up within the run. What the runs of one landscape say together is put together on reading.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import UserDefinedType

__all__ = [
    "APPLICATION",
    "SCHEMA",
    "UNSEALED",
    "answer",
    "census",
    "landscape",
    "marker",
    "metadata",
    "minimum",
    "run",
    "saddle",
    "saddle_minimum",
    "seal",
    "tally",
]

SCHEMA = 6
"""Version of the tables below; raised by one whenever they change."""

UNSEALED = 5
"""The schema before, without the table `seal`: read as it is, and sealed when first written to."""

APPLICATION = 0x5370466E
"""The SQLite ``application_id`` of an atlas: "SpFn"."""


class _Bare(UserDefinedType[float]):
    """A SQLite column without affinity: REAL affinity stores -0.0 as the integer 0 and loses its sign."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "BLOB"


def _float() -> Any:
    return Double(53).with_variant(_Bare(), "sqlite")


metadata = MetaData()

marker = Table(
    "spinfunnel_atlas",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

landscape = Table(
    "landscape",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("size", BigInteger),
    # 2**N states overflow every integer column from N = 63 on.
    Column("states", Text),
    Column("symmetry", Text, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("landscape_id", ForeignKey("landscape.id"), nullable=False, index=True),
    Column("job", Text, nullable=False, unique=True),
    Column("explorer", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("evaluations", BigInteger, nullable=False),
    Column("seconds", _float(), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("exact", Boolean, nullable=False),
    Column("failures", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text),
)

minimum = Table(
    "minimum",
    metadata,
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("energy", _float(), nullable=False),
    Column("weight", _float(), nullable=False),
    Column("plateau", BigInteger, nullable=False),
    Column("orbit", BigInteger, nullable=False),
    Column("visits", BigInteger, nullable=False),
    Column("state", LargeBinary),
    Column("log_volume", _float()),
    Column("lid", _float()),
    PrimaryKeyConstraint("run_id", "number"),
    UniqueConstraint("run_id", "key"),
    sqlite_with_rowid=False,
)

saddle = Table(
    "saddle",
    metadata,
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("energy", _float(), nullable=False),
    Column("bound", Text, nullable=False),
    Column("index", Integer),
    Column("state", LargeBinary),
    Column("log_volume", _float()),
    PrimaryKeyConstraint("run_id", "number"),
    UniqueConstraint("run_id", "key"),
    sqlite_with_rowid=False,
)

saddle_minimum = Table(
    "saddle_minimum",
    metadata,
    Column("run_id", Integer, nullable=False),
    Column("saddle", Integer, nullable=False),
    # Position 0 is the hub: the basin to which the saddle's own state drains.
    Column("position", Integer, nullable=False),
    Column("minimum", Integer, nullable=False),
    PrimaryKeyConstraint("run_id", "saddle", "position"),
    ForeignKeyConstraint(["run_id", "saddle"], ["saddle.run_id", "saddle.number"]),
    ForeignKeyConstraint(["run_id", "minimum"], ["minimum.run_id", "minimum.number"]),
    sqlite_with_rowid=False,
)

census = Table(
    "census",
    metadata,
    Column("run_id", ForeignKey("run.id"), primary_key=True),
    Column("states", Text, nullable=False),
    Column("mean", _float(), nullable=False),
    Column("variance", _float(), nullable=False),
    Column("ground_energy", _float(), nullable=False),
    Column("ground_states", Text, nullable=False),
    Column("minima_raw", Text, nullable=False),
    Column("autocorrelation", _float()),
)

tally = Table(
    "tally",
    metadata,
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("temperature", _float(), nullable=False),
    Column("replica", Integer, nullable=False),
    # JSON lists of numbers: the shortest decimal that reads back as the same float.
    Column("position", Text, nullable=False),
    Column("count", Text, nullable=False),
    Column("mean", Text, nullable=False),
    Column("spread", Text, nullable=False),
    Column("lowest", Text, nullable=False),
    Column("overlap", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "number"),
    UniqueConstraint("run_id", "quantity", "temperature", "replica"),
)

answer = Table(
    "answer",
    metadata,
    Column("run_id", ForeignKey("run.id"), nullable=False),
    # What was asked of the map, in full: measures, nulls, options, version of the program.
    Column("question", Text, nullable=False),
    Column("content", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "question"),
)

seal = Table(
    "seal",
    metadata,
    # What is sealed (see `seals`): the owner is a run, or the landscape of a run; parts count chunks of records.
    Column("what", Text, nullable=False),
    Column("owner", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint("what", "owner", "part"),
    sqlite_with_rowid=False,
)
