"""Reading runs back: columns of the database become arrays, several runs become one map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from spinfunnel.atlas import tables as table
from spinfunnel.atlas.seals import (
    CHUNK,
    RECORDS,
    STATES,
    DamagedError,
    Digest,
    Seals,
    check,
    check_answer,
    in_chunk,
    raw_pieces,
    raw_rows,
    sealed_columns,
    seals_of,
)
from spinfunnel.atlas.writing import FACTS
from spinfunnel.landscape import BasinGraph, Census, Kind, Tally
from spinfunnel.landscape.basin_graph import taken

__all__ = ["Found", "merged", "read_census", "read_run", "read_states", "read_tallies", "to_graph"]


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


def _columns(connection: Connection, name: str, run: int, seals: Seals | None) -> dict[str, NDArray[Any]]:
    """Columns of a table of records as arrays, chunk by chunk checked against their digests where there are some.

    Numbers that may be None become NaN.
    """
    names = [column.name for column in sealed_columns(name)]
    parts = [np.empty(0, [(column, _kind(column, [])) for column in names])]
    for rows in _pieces(connection, name, run, seals):
        keys = [row[1] for row in rows] if "key" in names else []
        parts.append(np.fromiter(rows, [(column, _kind(column, keys)) for column in names], count=len(rows)))
    whole = {column: np.concatenate([part[column] for part in parts]) for column in names}
    return {column: values.astype(np.float64) if values.dtype == object else values for column, values in whole.items()}


def _pieces(connection: Connection, name: str, run: int, seals: Seals | None) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the records of a run in pieces that are not empty; the last of a chunk once its digest was checked."""
    within = RECORDS[name]
    query = select(*sealed_columns(name)).where(within.c.run_id == run).order_by(*within.primary_key.columns)
    if seals is None:
        yield from raw_pieces(connection, query, [{}])
        return
    parts = sorted(part for what, part in seals if what == name)
    bounds = [{"low": part * CHUNK, "high": (part + 1) * CHUNK} for part in parts]
    made, at = Digest(), 0
    for piece in raw_pieces(connection, query.where(in_chunk(name, bindparam("low"), bindparam("high"))), bounds):
        while piece[0][0] >= bounds[at]["high"]:
            made, at = _checked(made, seals[name, parts[at]], name), at + 1
        made.add(piece)
        yield piece
    for part in parts[at:]:
        made = _checked(made, seals[name, part], name)


def _checked(made: Digest, sealed: str, name: str) -> Digest:
    """Compare the digest of a chunk, and begin the next."""
    if made.value() != sealed:
        raise DamagedError(f"records of the table {name} differ from what was written")
    return Digest()


_KINDS = {"energy": "f8", "weight": "f8", "log_volume": "O", "lid": "O", "index": "O", "bound": "U5"}


def _kind(column: str, keys: Sequence[str]) -> str:
    """Type of an array for a column: keys as long as the longest, objects where there may be None, else integers."""
    if column == "key":
        return f"U{max(map(len, keys), default=1) or 1}"
    return _KINDS.get(column, "i8")


def _chunks(
    connection: Connection, name: str, run: int, seals: Seals | None, *, columns: Sequence[Any]
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the records of a run in chunks that are not empty."""
    within = RECORDS[name]
    query = select(*columns).where(within.c.run_id == run).order_by(*within.primary_key.columns)
    if seals is None:
        rows = raw_rows(connection, query)
        yield from [rows] if rows else []
        return
    for part in sorted(part for what, part in seals if what == name):
        rows = raw_rows(connection, query.where(in_chunk(name, part * CHUNK, (part + 1) * CHUNK)))
        check(seals[name, part], rows, what=f"chunk {part} of table {name}")
        yield rows


def read_run(connection: Connection, run: int, *, sealed: bool) -> Found:
    """Read everything that a run added; where it is sealed, what differs from what was written is refused."""
    seals = seals_of(connection, run) if sealed else None
    low, high, link = (_columns(connection, name, run, seals) for name in RECORDS)
    size = np.bincount(np.searchsorted(high["number"], link["saddle"]), minlength=len(high["number"]))
    index = _where_all(high["index"])
    # Heights below which no path leaves each minimum: its own energy where nothing more is known.
    lid = np.where(np.isnan(low["lid"]), low["energy"], low["lid"])
    return Found(
        low["key"],
        low["energy"],
        low["weight"],
        low["plateau"],
        low["orbit"],
        low["visits"],
        _where_all(low["log_volume"]),
        None if np.isnan(low["lid"]).all() else lid,
        high["key"],
        high["energy"],
        high["bound"] == "exact",
        np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        np.searchsorted(low["number"], link["minimum"]).astype(np.int64),
        _where_all(high["log_volume"]),
        None if index is None else index.astype(np.int64),
        read_census(connection, run),
        read_tallies(connection, run),
        _read_facts(connection, run, sealed=sealed),
    )


def read_states(connection: Connection, name: str, run: int, *, sealed: bool) -> dict[str, bytes]:
    """Coordinates of the minima or saddles of a run that have some, by key."""
    within = RECORDS[name].c
    query = select(within.number, within.state, within.key).where(within.run_id == run, within.state.is_not(None))
    query = query.order_by(within.number)
    seals = seals_of(connection, run) if sealed else {}
    found: dict[str, bytes] = {}
    if not sealed:
        found.update((key, bytes(state)) for _, state, key in raw_rows(connection, query))
        return found
    known = sorted(part for what, part in seals if what == STATES[name])
    for part in known:
        rows = raw_rows(connection, query.where(in_chunk(name, part * CHUNK, (part + 1) * CHUNK)))
        check(seals[STATES[name], part], [row[:2] for row in rows], what=f"coordinates of table {name}")
        found.update((key, bytes(state)) for _, state, key in rows)
    return found


def _where_all(values: NDArray[Any]) -> NDArray[Any] | None:
    """Return a column, or None where a row has nothing in it."""
    return None if np.isnan(values).any() or not len(values) else values


def read_census(connection: Connection, run: int) -> Census | None:
    """Read the census of a run, where it has one."""
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


def _read_facts(connection: Connection, run: int, *, sealed: bool) -> Mapping[str, Any] | None:
    known = table.answer.c
    content = connection.execute(select(known.content).where(known.run_id == run, known.question == FACTS)).scalar()
    if content is None:
        return None
    if sealed:
        check_answer(connection, run, FACTS, content)
    return json.loads(content)


def read_tallies(connection: Connection, run: int) -> tuple[Tally, ...]:
    """Read the histograms of a run."""
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
