"""Reading runs back: columns of the database become arrays, several runs become one map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, Table, func, select
from sqlalchemy.engine import Connection

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.writing import FACTS
from spinfunnel.landscape import BasinGraph, Census, Kind, Tally
from spinfunnel.landscape.basin_graph import taken

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Found", "merged", "read_run", "to_graph"]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one run (or several together) found, in the order in which it came; names as in `BasinGraph`."""

    key: NDArray[np.str_]
    energy: NDArray[np.float64]
    weight: NDArray[np.float64]
    plateau: NDArray[np.int64]
    orbit: NDArray[np.int64]
    visits: NDArray[np.int64]
    log_volume: NDArray[np.float64] | None
    lid: NDArray[np.float64] | None
    saddle_key: NDArray[np.str_]
    saddle_energy: NDArray[np.float64]
    saddle_exact: NDArray[np.bool_]
    saddle_offsets: NDArray[np.int64]
    saddle_minima: NDArray[np.int64]
    saddle_log_volume: NDArray[np.float64] | None
    saddle_index: NDArray[np.int64] | None
    census: Census | None
    tallies: tuple[Tally, ...]
    facts: Mapping[str, Any] | None = None

    def minimum_order(self) -> NDArray[np.int64]:
        """Places of the minima, sorted by energy, then key."""
        return _order(self.energy, self.key)


def _order(energy: NDArray[np.float64], key: NDArray[np.str_]) -> NDArray[np.int64]:
    tied = np.flatnonzero(energy[1:] == energy[:-1])
    if np.all(energy[1:] >= energy[:-1]) and np.all(key[tied + 1] > key[tied]):
        return np.arange(len(energy))
    return np.lexsort((key, energy))


# ---------------------------------------------------------------------------------------------
# One run


def _columns(connection: Connection, query: Select[*tuple[Any, ...]], *, kinds: Sequence[str]) -> list[NDArray[Any]]:
    """Columns of a result as arrays, past the row objects of SQLAlchemy where there are many."""
    names = [str(number) for number in range(len(kinds))]
    rows: Iterator[tuple[Any, ...]]
    if connection.dialect.name == "sqlite":
        text = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        driver = connection.connection.driver_connection
        rows = cast("sqlite3.Connection", driver).execute(text)
    else:
        rows = map(tuple, connection.execute(query))
    found = np.fromiter(rows, dtype=list(zip(names, kinds, strict=True)))
    return [np.ascontiguousarray(found[name]) for name in names]


def _key_kind(connection: Connection, within: Table, *, run: int) -> str:
    longest = connection.execute(select(func.max(func.length(within.c.key))).where(within.c.run_id == run)).scalar()
    return f"U{max(1, longest or 0)}"


def read_run(connection: Connection, run: int) -> Found:
    """Read everything that a run added."""
    least, link, most = table.minimum.c, table.saddle_minimum.c, table.saddle.c
    query: Select[*tuple[Any, ...]] = select(
        least.number, least.key, least.energy, least.weight, least.plateau, least.orbit, least.visits
    )
    kinds = ["i8", _key_kind(connection, table.minimum, run=run), "f8", "f8", "i8", "i8", "i8"]
    number, key, energy, weight, plateau, orbit, visits = _columns(
        connection, query.where(least.run_id == run).order_by(least.number), kinds=kinds
    )
    query = select(most.number, most.key, most.energy, most.bound).where(most.run_id == run).order_by(most.number)
    kinds = ["i8", _key_kind(connection, table.saddle, run=run), "f8", "U5"]
    saddle, saddle_key, saddle_energy, bound = _columns(connection, query, kinds=kinds)
    query = select(link.saddle, link.minimum).where(link.run_id == run).order_by(link.saddle, link.position)
    owner, joined = _columns(connection, query, kinds=["i8", "i8"])
    size = np.bincount(np.searchsorted(saddle, owner), minlength=len(saddle))
    return Found(
        key,
        energy,
        weight,
        plateau,
        orbit,
        visits,
        _where_all(connection, least.log_volume, run=run, count=len(number)),
        _lids(connection, energy, number, run=run),
        saddle_key,
        saddle_energy,
        bound == "exact",
        np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        np.searchsorted(number, joined).astype(np.int64),
        _where_all(connection, most.log_volume, run=run, count=len(saddle)),
        _where_all(connection, most.index, run=run, count=len(saddle)),
        _read_census(connection, run),
        _read_tallies(connection, run),
        _read_facts(connection, run),
    )


def _where_all(connection: Connection, column: Any, *, run: int, count: int) -> NDArray[Any] | None:
    """Column of a run in the order of its numbers, or None where a row has nothing in it."""
    within = column.table.c
    values = connection.execute(select(column).where(within.run_id == run, column.is_not(None)).order_by(within.number))
    found = values.scalars().all()
    return np.array(found) if found and len(found) == count else None


def _lids(
    connection: Connection, energy: NDArray[np.float64], number: NDArray[np.int64], *, run: int
) -> NDArray[np.float64] | None:
    """Heights below which no path leaves each minimum: its own energy where nothing more is known."""
    least = table.minimum.c
    query = select(least.number, least.lid).where(least.run_id == run, least.lid.is_not(None)).order_by(least.number)
    rows = connection.execute(query).all()
    if not rows:
        return None
    lid = energy.copy()
    lid[np.searchsorted(number, [row.number for row in rows])] = [row.lid for row in rows]
    return lid


def _read_census(connection: Connection, run: int) -> Census | None:
    row = connection.execute(select(table.census).where(table.census.c.run_id == run)).one_or_none()
    if row is None:
        return None
    return Census(
        int(row.states),
        row.mean,
        row.variance,
        row.ground_energy,
        int(row.ground_states),
        int(row.minima_raw),
        row.autocorrelation,
    )


def _read_facts(connection: Connection, run: int) -> Mapping[str, Any] | None:
    known = table.answer.c
    content = connection.execute(select(known.content).where(known.run_id == run, known.question == FACTS)).scalar()
    return None if content is None else json.loads(content)


def _read_tallies(connection: Connection, run: int) -> tuple[Tally, ...]:
    rows = connection.execute(select(table.tally).where(table.tally.c.run_id == run).order_by(table.tally.c.number))
    names = ("position", "count", "mean", "spread", "lowest", "overlap")
    columns = [(row, {name: tuple(json.loads(row._mapping[name])) for name in names}) for row in rows]
    return tuple(Tally(row.quantity, row.temperature, **content, replica=int(row.replica)) for row, content in columns)


# ---------------------------------------------------------------------------------------------
# Several runs


def merged(parts: Sequence[Found]) -> Found:
    """Put sampled runs together: of a minimum the latest record, of a saddle the best.

    Visits are added up, but where some runs know basin weights (their searches began at random states), only theirs:
    weights are means over those searches. Histograms stay apart, replica by replica.
    """
    if len(parts) == 1:
        return parts[0]
    minima: dict[str, tuple[Any, ...]] = {}
    visits: dict[str, int] = {}
    saddles: dict[str, tuple[_Rank, tuple[Any, ...]]] = {}
    tallies: list[Tally] = []
    lids: dict[str, float] = {}
    starts: dict[str, float] = {}
    weighed = [_are_shares(part) for part in parts]
    for part, counts in zip(parts, weighed, strict=True):
        keys = part.key.tolist()
        columns = (part.energy, part.weight, part.plateau, part.orbit, _filled(part.log_volume, len(keys)))
        minima.update(zip(keys, zip(*(column.tolist() for column in columns), strict=True), strict=True))
        counted = counts or not any(weighed)
        searches = float(part.visits.sum()) if counted else 0.0
        for key, count, share in zip(keys, part.visits.tolist(), part.weight.tolist(), strict=True):
            visits[key] = visits.get(key, 0) + (count if counted else 0)
            starts[key] = starts.get(key, 0.0) + share * searches
        for key, height in zip(keys, (part.energy if part.lid is None else part.lid).tolist(), strict=True):
            lids[key] = max(height, lids.get(key, height))
        for key, rank, facts in _ranks(part):
            if key not in saddles or rank < saddles[key][0]:
                saddles[key] = rank, facts
        first = 1 + max((tally.replica for tally in tallies), default=-1)
        tallies.extend(replace(tally, replica=first + tally.replica) for tally in part.tallies)
    number = {key: place for place, key in enumerate(minima)}
    energy, latest, plateau, orbit, volume = zip(*minima.values(), strict=True) if minima else ((),) * 5
    weight = np.array([starts[key] for key in minima] if any(weighed) else latest, np.float64)
    ranks = [rank for rank, _ in saddles.values()]
    return Found(
        np.array(list(minima), np.str_),
        np.array(energy, np.float64),
        weight / weight.sum() if any(weighed) else weight,
        np.array(plateau, np.int64),
        np.array(orbit, np.int64),
        np.array([visits[key] for key in minima], np.int64),
        _where_known(volume, np.float64),
        np.array([lids[key] for key in minima]) if any(part.lid is not None for part in parts) else None,
        np.array(list(saddles), np.str_),
        np.array([rank[1] for rank in ranks], np.float64),
        np.array([not rank[0] for rank in ranks], np.bool_),
        np.cumsum([0, *(len(rank[3]) for rank in ranks)], dtype=np.int64),
        np.array([number[name] for rank in ranks for name in rank[3]], np.int64),
        _where_known([facts[0] for _, facts in saddles.values()], np.float64),
        _where_known([facts[1] for _, facts in saddles.values()], np.int64),
        min(
            (part.census for part in reversed(parts) if part.census is not None),
            key=lambda census: census.ground_energy,
            default=None,
        ),
        tuple(tallies),
        next((part.facts for part in reversed(parts) if part.facts is not None), None),
    )


def _are_shares(part: Found) -> bool:
    """Whether the weights of a run are the shares of its visits: all its searches began at random states."""
    return bool(part.weight.any() and np.allclose(part.weight * part.visits.sum(), part.visits, rtol=0.0, atol=1e-3))


_Rank: TypeAlias = tuple[bool, float, int, tuple[str, ...]]


def _filled(column: NDArray[Any] | None, count: int) -> NDArray[np.object_]:
    return np.full(count, None) if column is None else column.astype(object)


def _where_known(values: Sequence[Any], kind: type) -> NDArray[Any] | None:
    return np.array(values, kind) if len(values) and all(value is not None for value in values) else None


def _ranks(part: Found) -> list[tuple[str, _Rank, tuple[Any, ...]]]:
    names = part.key[part.saddle_minima].tolist()
    starts = part.saddle_offsets.tolist()
    count = len(part.saddle_key)
    rows = zip(part.saddle_key.tolist(), part.saddle_energy.tolist(), part.saddle_exact.tolist(), strict=True)
    facts = zip(_filled(part.saddle_log_volume, count), _filled(part.saddle_index, count), strict=True)
    ranks = []
    for place, ((key, energy, exact), beside) in enumerate(zip(rows, facts, strict=True)):
        joined = tuple(names[starts[place] : starts[place + 1]])
        ranks.append((key, (not exact, energy, -len(joined), joined), beside))
    return ranks


def to_graph(
    found: Found, *, kind: Kind, symmetry: tuple[str, ...], exact: bool, native_tolerance: float
) -> BasinGraph:
    """Sort what was found into a `BasinGraph`."""
    minimum = found.minimum_order()
    number = np.empty(len(minimum), np.int64)
    number[minimum] = np.arange(len(minimum))
    saddle = _order(found.saddle_energy, found.saddle_key)
    size = np.diff(found.saddle_offsets)[saddle]
    offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    ends = np.repeat(found.saddle_offsets[:-1][saddle] - offsets[:-1], size) + np.arange(offsets[-1])
    return BasinGraph(
        key=found.key[minimum],
        energy=found.energy[minimum],
        weight=found.weight[minimum],
        plateau=found.plateau[minimum],
        orbit=found.orbit[minimum],
        saddle_key=found.saddle_key[saddle],
        saddle_energy=found.saddle_energy[saddle],
        saddle_offsets=offsets,
        saddle_minima=number[found.saddle_minima[ends]],
        saddle_exact=found.saddle_exact[saddle],
        census=found.census,
        tallies=found.tallies,
        symmetry=symmetry,
        exact=exact,
        native_tolerance=native_tolerance,
        visits=found.visits[minimum],
        log_volume=taken(found.log_volume, minimum),
        lid=taken(found.lid, minimum),
        saddle_log_volume=taken(found.saddle_log_volume, saddle),
        saddle_index=taken(found.saddle_index, saddle),
        kind=kind,
        facts=found.facts,
    )
