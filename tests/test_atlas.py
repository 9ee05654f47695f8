"""The atlas: what goes in comes out to the last bit, and nothing it cannot use is ever touched."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spinfunnel.atlas import Atlas, LandscapeEntry
from spinfunnel.landscape import BasinGraph, Census, InputError, Minimum, Record, Run, Saddle, Tally, index_key

ISLAND = LandscapeEntry("f00d", "sk", {"n": 12, "shape": (3, 4), "bias": 0.1}, "binary", 12, 4096, ("global flip",))
RUN = Run("flooding", {}, 0, "0.1", 4096, 0.25, "finished", True, {"quench does not converge": 3})


def random_graph(
    minima: int, saddles: int, *, seed: int, size: int = 20, ties: bool = False, smooth: bool = False
) -> BasinGraph:
    """A basin graph of random content; with ties, energies are small integers and order rests on the keys."""
    rng = np.random.default_rng(seed)
    keys = index_key(rng.permutation(2**size)[: minima + saddles], size=size)
    energy = rng.integers(-3, 3, minima).astype(float) if ties else rng.normal(size=minima)
    height = rng.integers(3, 6, saddles).astype(float) if ties else 5 + rng.normal(size=saddles)
    key, saddle_key = keys[:minima], keys[minima:]
    low, high = np.lexsort((key, energy)), np.lexsort((saddle_key, height))
    joined = [rng.permutation(minima)[: rng.integers(2, min(minima, 6) + 1)] for _ in range(saddles)]
    states = rng.random(9) * 100
    return BasinGraph(
        key=key[low],
        energy=energy[low],
        weight=rng.random(minima),
        plateau=rng.integers(1, 9, minima),
        orbit=rng.integers(1, 3, minima),
        saddle_key=saddle_key[high],
        saddle_energy=height[high],
        saddle_offsets=np.cumsum([0, *map(len, joined)]),
        saddle_minima=np.concatenate(joined).astype(np.int64),
        saddle_exact=rng.random(saddles) < 0.7,
        census=Census(2**70, 0.1, 1 / 3, float(energy.min()), 2, 2 * minima, None if ties else -0.25),
        tallies=(
            Tally("overlap", np.inf, (-1.0, 0.1), (1.0, 2.0), (0.1 + 0.2, 0.0), (0.0, 5e-324), (-1e300, 0.0)),
            Tally("energy", np.inf, *(tuple(states.tolist()),) * 5),
            Tally("overlap and energy", np.inf, *(tuple(states.tolist()),) * 5, overlap=tuple(states.tolist())),
        ),
        symmetry=("global flip",),
        **(_smooth(minima, saddles, rng=rng) if smooth else {}),
    )


def _smooth(minima: int, saddles: int, *, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    return {
        "visits": rng.integers(1, 9, minima),
        "log_volume": rng.normal(size=minima),
        "saddle_log_volume": rng.normal(size=saddles),
        "saddle_index": rng.integers(1, 3, saddles),
    }


def assert_same(one: BasinGraph, other: BasinGraph) -> None:
    """Equal to the last bit, the sign of zero included."""
    for field in fields(BasinGraph):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            assert a.shape == b.shape, field.name
            assert a.tobytes() == b.tobytes(), field.name
        else:
            assert a == b, field.name


def chunks(records: list[Record], size: int) -> list[list[Record]]:
    return [records[start : start + size] for start in range(0, len(records), size)]


def begin(atlas: Atlas, *, seed: int = 0, explorer: str = "flooding") -> int:
    return atlas.begin(ISLAND, explorer=explorer, options={}, seed=seed, version="0.1")


def fill(atlas: Atlas, graph: BasinGraph, *, run: Run = RUN) -> int:
    number = begin(atlas, seed=run.seed, explorer=run.explorer)
    atlas.add(number, graph.records())
    atlas.finish(number, run)
    return number


# ---------------------------------------------------------------------------------------------
# What goes in comes out


def test_volumes_and_indices_survive_and_add_up(tmp_path: Path) -> None:
    first, second = (random_graph(40, 60, seed=seed, smooth=True) for seed in (1, 2))
    with Atlas(tmp_path / "atlas.db") as atlas:
        fill(atlas, first)
        assert_same(atlas.basin_graph("f00d"), first)
    sampled = Run("tempering", {}, 3, "0.1", 9, 1.0, "out of budget", False)
    with Atlas() as atlas:
        for number, graph in enumerate((first, second)):
            fill(atlas, graph, run=replace(sampled, seed=number))
        both = atlas.basin_graph("f00d")
        volume = dict(zip(first.key.tolist(), first.log_volume.tolist(), strict=True))
        volume |= dict(zip(second.key.tolist(), second.log_volume.tolist(), strict=True))
        assert both.log_volume.tolist() == [volume[key] for key in both.key.tolist()]
        index = dict(zip(both.saddle_key.tolist(), both.saddle_index.tolist(), strict=True))
        known = dict(zip(first.saddle_key.tolist(), first.saddle_index.tolist(), strict=True))
        apart = set(known) - set(second.saddle_key.tolist())
        assert apart
        assert {key: index[key] for key in apart} == {key: known[key] for key in apart}
        fill(atlas, random_graph(5, 5, seed=3), run=replace(sampled, seed=9))
        assert atlas.basin_graph("f00d").log_volume is None


@pytest.mark.parametrize("ties", [False, True])
def test_graph_survives_to_the_last_bit(tmp_path: Path, ties: bool) -> None:
    graph = random_graph(300, 500, seed=1, ties=ties)
    with Atlas(tmp_path / "atlas.db") as atlas:
        fill(atlas, graph)
    with Atlas(tmp_path / "atlas.db", read_only=True) as atlas:
        assert_same(atlas.basin_graph("f00d"), graph)
        assert atlas.landscapes() == (ISLAND,)
        assert atlas.finished("f00d", explorer="flooding", options={}, seed=0) == RUN
        assert atlas.finished("f00d", explorer="flooding", options={}, seed=1) is None
        assert atlas.finished("f00d", explorer="flooding", options={"budget": 3}, seed=0) is None
    assert list(listing(tmp_path)) == ["atlas.db"]


def test_awkward_floats_survive() -> None:
    energy = np.array([-np.inf, -1.7976931348623157e308, -0.1 - 0.2, -5e-324, -0.0, 5e-324, 1.0, 2.0**60])
    graph = replace(random_graph(8, 3, seed=2), energy=energy, saddle_energy=np.array([-0.0, 1e16 + 2, np.inf]))
    with Atlas() as atlas:
        fill(atlas, graph)
        assert_same(atlas.basin_graph("f00d"), graph)


def test_empty_and_single() -> None:
    none = np.array([], np.int64)
    empty = np.array([], np.float64)
    for keys, energies in (([], []), (["0101"], [2.5])):
        graph = BasinGraph(
            np.array(keys, str), np.array(energies, float), np.ones(len(keys)), *[np.ones(len(keys), int)] * 2,
            np.array([], str), empty, np.array([0]), none, np.array([], bool), symmetry=("global flip",),
        )  # fmt: skip
        with Atlas() as atlas:
            fill(atlas, graph)
            assert_same(atlas.basin_graph("f00d"), graph)


@pytest.mark.parametrize("seed", range(6))
def test_law_any_chunking_order_and_repetition_gives_the_same_graph(seed: int) -> None:
    graph = random_graph(60, 90, seed=seed, ties=seed % 2 == 0)
    dice = random.Random(seed)  # noqa: S311
    records = list(graph.records())
    minima = [record for record in records if isinstance(record, Minimum)]
    others = [record for record in records if isinstance(record, Saddle)]
    rest = [record for record in records if not isinstance(record, (Minimum, Saddle))]
    dice.shuffle(minima)
    dice.shuffle(others)
    minima += dice.choices(minima, k=20)
    others += dice.choices(others, k=30)
    with Atlas() as atlas:
        number = begin(atlas)
        for part in chunks(minima, dice.randint(1, 40)):
            atlas.add(number, part)
        for part in chunks([*rest[:1], *others, *rest, *others[:7]], dice.randint(1, 40)):
            atlas.add(number, part)
        atlas.finish(number, RUN)
        found = atlas.basin_graph("f00d")
        assert_same(replace(found, visits=graph.visits), graph)
        assert found.visits.tolist() == atlas.visits("f00d").tolist()
        assert found.visits.sum() == len(minima)


def test_better_saddles_win_whatever_the_order() -> None:
    shores = [Minimum(key, float(place), 0.25) for place, key in enumerate("abcd")]
    ranked = [
        Saddle("s", 7.0, ("a", "b"), None, "exact"),
        Saddle("s", 5.0, ("a", "b", "c"), None, "upper"),
        Saddle("s", 5.0, ("a", "d"), None, "upper"),
        Saddle("s", 6.0, ("a", "b", "c", "d"), None, "upper"),
    ]
    for start in range(len(ranked)):
        for order in (ranked[start:], ranked[start:][::-1]):
            for split in (False, True):
                with Atlas() as atlas:
                    number = begin(atlas)
                    atlas.add(number, shores)
                    for part in chunks(order, 1) if split else [order]:
                        atlas.add(number, part)
                    atlas.finish(number, RUN)
                    graph = atlas.basin_graph("f00d")
                best = ranked[start]
                assert graph.saddle_energy.tolist() == [best.energy]
                assert tuple(graph.key[graph.saddle_minima].tolist()) == best.minima
                assert graph.saddle_exact.tolist() == [best.bound == "exact"]


def test_a_minimum_added_again_is_updated_and_counted() -> None:
    with Atlas() as atlas:
        number = begin(atlas)
        atlas.add(number, [Minimum("a", 1.0, 0.5), Minimum("b", 0.0, 0.5)])
        atlas.add(number, [Minimum("a", 1.0, 0.6, 3, 2, b"12345678"), Minimum("a", 1.0, 0.7, 3, 2, b"12345678")])
        atlas.finish(number, RUN)
        graph = atlas.basin_graph("f00d")
        assert graph.key.tolist() == ["b", "a"]
        assert (graph.weight[1], graph.plateau[1], graph.orbit[1]) == (0.7, 3, 2)
        assert atlas.visits("f00d").tolist() == [1, 3]
        assert atlas.coordinates("f00d") == {"a": b"12345678"}


def test_saddles_are_refused_before_their_minima_and_nothing_of_the_chunk_stays() -> None:
    with Atlas() as atlas:
        number = begin(atlas)
        atlas.add(number, [Minimum("a", 0.0, 1.0)])
        with pytest.raises(InputError, match="joins the minimum c, which was not added"):
            atlas.add(number, [Minimum("b", 1.0, 0.0), Saddle("s", 2.0, ("a", "c"))])
        atlas.add(number, [Minimum("c", 3.0, 0.0), Saddle("s", 4.0, ("c", "a"))])
        atlas.finish(number, RUN)
        graph = atlas.basin_graph("f00d")
    assert graph.key.tolist() == ["a", "c"]
    assert graph.saddle_minima.tolist() == [1, 0]


# ---------------------------------------------------------------------------------------------
# Several runs


def test_unfinished_maps_are_refused_until_finished(tmp_path: Path) -> None:
    graph = random_graph(20, 30, seed=5)
    path = tmp_path / "atlas.db"
    with Atlas(path) as atlas:
        number = begin(atlas)
        atlas.add(number, list(graph.records())[:13])
    with Atlas(path) as atlas:
        with pytest.raises(InputError, match=r"unfinished.*repeat the command"):
            atlas.basin_graph("f00d")
        part = atlas.basin_graph("f00d", allow_unfinished=True)
        assert part.minima == 13
        assert not part.exact
        assert [run.outcome for run in atlas.runs("f00d")] == ["running"]
        assert atlas.finished("f00d", explorer="flooding", options={}, seed=0) is None
        fill(atlas, graph)
        assert_same(atlas.basin_graph("f00d"), graph)
        assert [run.outcome for run in atlas.runs("f00d")] == ["finished"]
        with pytest.raises(InputError, match="does not know the landscape beef"):
            atlas.basin_graph("beef")


def test_beginning_anew_forgets_what_the_first_attempt_said() -> None:
    first, second = random_graph(20, 30, seed=6), random_graph(25, 10, seed=7)
    with Atlas() as atlas:
        assert fill(atlas, first) == fill(atlas, second)
        assert_same(atlas.basin_graph("f00d"), second)


def test_an_exact_map_is_never_mixed_with_sampled_ones() -> None:
    exact, sampled = random_graph(20, 30, seed=8), random_graph(25, 10, seed=9)
    tempering = Run("tempering", {}, 3, "0.1", 9, 1.0, "out of budget", False)
    for order in ((exact, sampled), (sampled, exact)):
        with Atlas() as atlas:
            for graph in order:
                fill(atlas, graph, run=RUN if graph is exact else tempering)
            assert_same(atlas.basin_graph("f00d"), exact)


def test_sampled_maps_add_up() -> None:
    graph = random_graph(30, 40, seed=10)
    records = list(graph.records())
    one, other = records[:20], [*records[10:30], *records[30:]]
    shores = {record.key for record in one if isinstance(record, Minimum)}
    early = [record for record in records[30:70] if isinstance(record, Saddle) and set(record.minima) <= shores]
    assert early
    worse = [replace(saddle, energy=saddle.energy + 1, bound="upper") for saddle in early]
    with Atlas() as atlas:
        for seed, found in enumerate(([*one, *worse], [*records[:30], *other[20:]])):
            number = begin(atlas, seed=seed, explorer="tempering")
            atlas.add(number, found)
            atlas.finish(number, Run("tempering", {}, seed, "0.1", 9, 1.0, "finished", False))
        assert_same(atlas.basin_graph("f00d"), replace(graph, exact=False, visits=atlas.visits("f00d")))
        visits = atlas.visits("f00d")
        again = {record.key for record in one}
        assert all(count == (2 if key in again else 1) for key, count in zip(graph.key.tolist(), visits, strict=True))


def test_a_second_process_on_the_same_job_takes_it_over(tmp_path: Path) -> None:
    graph = random_graph(20, 30, seed=11)
    with Atlas(tmp_path / "a.db") as slow, Atlas(tmp_path / "a.db") as fast:
        number = begin(slow)
        slow.add(number, list(graph.records())[:5])
        fill(fast, graph)
        with pytest.raises(InputError, match="anew"):
            slow.add(number, list(graph.records())[5:9])
        with pytest.raises(InputError, match="anew"):
            slow.finish(number, RUN)
        assert_same(fast.basin_graph("f00d"), graph)


# ---------------------------------------------------------------------------------------------
# Targets that are no atlas


def listing(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def other_program(path: Path, *, number: int = 0) -> Path:
    link = sqlite3.connect(path)
    link.execute(f"PRAGMA application_id = {number}")
    link.execute("CREATE TABLE run (id INTEGER PRIMARY KEY, note TEXT)")
    link.execute("INSERT INTO run (note) VALUES ('mine')")
    link.commit()
    link.close()
    return path


def of_schema(path: Path, schema: int) -> Path:
    with Atlas(path) as atlas:
        fill(atlas, random_graph(3, 2, seed=1))
    link = sqlite3.connect(path)
    link.execute("UPDATE spinfunnel_atlas SET value = ? WHERE name = 'schema'", (str(schema),))
    link.commit()
    link.execute("PRAGMA journal_mode = DELETE")
    link.close()
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read_only(path: Path) -> Path:
    with Atlas(path) as atlas:
        fill(atlas, random_graph(3, 2, seed=1))
    path.chmod(0o444)
    return path


def in_read_only_directory(path: Path) -> Path:
    path.mkdir()
    path.chmod(0o555)
    return path / "atlas.db"


def truncated(path: Path) -> Path:
    with Atlas(path) as atlas:
        fill(atlas, random_graph(300, 200, seed=1))
    path.write_bytes(path.read_bytes()[:3000])
    return path


BAD = {
    "directory": (lambda d: d, "is a directory"),
    "missing directory": (lambda d: d / "no" / "atlas.db", "does not exist"),
    "text": (lambda d: written(d / "notes.txt", b"n = 12\nhello, world, this is text\n"), "no SQLite file"),
    "short text": (lambda d: written(d / "notes.txt", b"x"), "no SQLite file"),
    "binary": (lambda d: written(d / "noise.bin", bytes(range(256)) * 40), "no SQLite file"),
    "other program": (lambda d: other_program(d / "other.db"), "another program"),
    "other program with a number": (lambda d: other_program(d / "other.db", number=77), "another program"),
    "newer schema": (lambda d: of_schema(d / "new.db", 999), "newer spinfunnel"),
    "older schema": (lambda d: of_schema(d / "old.db", 1), "older spinfunnel"),
    "read-only file": (lambda d: read_only(d / "ro.db"), "is read-only"),
    "read-only directory": (lambda d: in_read_only_directory(d / "ro"), "read-only"),
    "truncated": (lambda d: truncated(d / "cut.db"), "damaged"),
    "header only": (lambda d: written(d / "head.db", b"SQLite format 3\x00" + b"\x07" * 200), "SQLite"),
    "device": (lambda _: Path("/dev/null"), "regular file"),
    "under a file": (lambda d: written(d / "file", b"") / "atlas.db", "cannot be reached|does not exist"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_atlas_is_refused_in_one_sentence_and_left_alone(tmp_path: Path, case: str) -> None:
    make, reason = BAD[case]
    path = make(tmp_path)
    before = listing(tmp_path)
    try:
        for target in (path, f"sqlite:///{path}"):
            with pytest.raises(InputError, match=reason) as caught:
                fill(Atlas(target, patience=0.1), random_graph(3, 2, seed=1))
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
        assert listing(tmp_path) == before
    finally:
        for folder in (tmp_path / "ro", tmp_path):
            if folder.exists():
                folder.chmod(0o755)


def test_a_read_only_atlas_can_be_read(tmp_path: Path) -> None:
    graph = random_graph(3, 2, seed=1)
    path = tmp_path / "deep" / "atlas.db"
    path.parent.mkdir()
    with Atlas(path) as atlas:
        fill(atlas, graph)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with Atlas(path, read_only=True) as atlas:
            assert_same(atlas.basin_graph("f00d"), graph)
            with pytest.raises(InputError, match="for reading only"):
                begin(atlas)
        assert sorted(listing(path.parent)) == ["atlas.db"]
    finally:
        path.parent.chmod(0o755)


def test_reading_needs_an_atlas_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no atlas at"):
        Atlas(tmp_path / "atlas.db", read_only=True)
    with Atlas(tmp_path / "atlas.db") as atlas:
        assert atlas.landscapes() == ()
        with pytest.raises(InputError, match="does not know"):
            atlas.basin_graph("f00d")
    assert listing(tmp_path) == {}


def test_an_empty_file_becomes_an_atlas(tmp_path: Path) -> None:
    path = written(tmp_path / "atlas.db", b"")
    with Atlas(path) as atlas:
        fill(atlas, random_graph(3, 2, seed=1))
        assert len(atlas.landscapes()) == 1


def test_a_locked_atlas_says_so(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    with Atlas(path) as atlas:
        fill(atlas, random_graph(3, 2, seed=1))
    link = sqlite3.connect(path, isolation_level=None)
    link.execute("BEGIN IMMEDIATE")
    with Atlas(path, patience=0.05) as atlas:
        with pytest.raises(InputError, match=r"atlas\.db is being written by another process"):
            begin(atlas, seed=1)
        assert atlas.basin_graph("f00d").minima == 3
    link.execute("ROLLBACK")
    link.close()


def test_a_full_disk_keeps_whole_chunks(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk."""
    script = """
        import resource, sys
        from pathlib import Path
        from test_atlas import begin, chunks, random_graph
        from spinfunnel.atlas import Atlas
        from spinfunnel.landscape import InputError
        with Atlas(sys.argv[1]) as atlas:
            number = begin(atlas)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
            try:
                for part in chunks(list(random_graph(20000, 1, seed=1).records()), 500):
                    atlas.add(number, part)
            except InputError as error:
                print(error)
    """
    path = tmp_path / "atlas.db"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)], capture_output=True, text=True, env=environment()
    )
    assert done.stderr == ""
    assert str(path) in done.stdout
    assert "repeat the command" in done.stdout
    assert done.stdout.count("\n") == 1
    with Atlas(path) as atlas:
        found = atlas.basin_graph("f00d", allow_unfinished=True).minima
    assert found > 0
    assert found % 500 == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:s3cret@localhost:1/none", "localhost/none"),
        ("postgresql+psycopg2://me:s3cret@localhost:1/none", "driver"),
        ("mysql://me:s3cret@host/none", "SQLite or PostgreSQL"),
        ("nonsense://me:s3cret@host/none", "SQLite or PostgreSQL"),
        ("postgresql://me:s3cret@host:port/none", "is not understood"),
        ("postgresql://localhost:1/none?user=me&password=s3cret", "localhost/none"),
    ],
)
def test_passwords_are_never_shown(url: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        begin(Atlas(url, patience=1.0))
    shown = "".join(map(str, (caught.value, caught.value.__cause__)))
    assert "s3cret" not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# ---------------------------------------------------------------------------------------------
# Processes


def environment() -> dict[str, str]:
    here = Path(__file__).parent
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent / "src")])}


WRITER = """
    import itertools, sys
    from test_atlas import ISLAND, chunks, random_graph
    from spinfunnel.atlas import Atlas
    atlas = Atlas(sys.argv[1])
    records = list(random_graph(3000, 4000, seed=4).records())
    for seed in itertools.count():
        number = atlas.begin(ISLAND, explorer="tempering", options={}, seed=seed, version="0.1")
        for part in chunks(records, 350):
            atlas.add(number, part)
            print(len(part), flush=True)
"""


@contextmanager
def writing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that adds and adds, and has added one chunk already."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            yield writer
        finally:
            writer.kill()


@pytest.mark.parametrize("delay", [0.0, 0.04, 0.11, 0.23])
def test_kill_leaves_whole_chunks_and_the_same_job_finishes(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "atlas.db"
    with writing(path) as writer:
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        told = 350 + sum(int(line) for line in writer.stdout or () if line.endswith("\n"))
    graph = random_graph(3000, 4000, seed=4)
    link = sqlite3.connect(path)
    assert link.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert link.execute("PRAGMA foreign_key_check").fetchall() == []
    every = " UNION ALL ".join(f"SELECT run_id FROM {name}" for name in ("minimum", "saddle", "census", "tally"))  # noqa: S608
    held = [count for _, count in link.execute(f"SELECT run_id, count(*) FROM ({every}) GROUP BY run_id")]  # noqa: S608
    links = link.execute("SELECT count(*) FROM saddle_minimum").fetchone()[0]
    sizes = np.diff(graph.saddle_offsets)
    whole = link.execute("SELECT run_id, count(*) FROM saddle GROUP BY run_id").fetchall()
    link.close()
    # Every chunk that was reported is there; one more may have been through before it was reported.
    assert told <= sum(held) <= told + 350
    assert all(count == 7004 or count % 350 == 0 for count in held)
    assert links == sum(int(sizes[:count].sum()) for _, count in whole)
    with Atlas(path) as atlas:
        assert {run.outcome for run in atlas.runs("f00d")} == {"running"}
        fill(atlas, graph)
        assert_same(atlas.basin_graph("f00d"), graph)


def test_one_process_writes_while_another_reads(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    graph = random_graph(3000, 4000, seed=4)
    with Atlas(path) as atlas:
        fill(atlas, graph)
    with writing(path) as writer:
        for read in (True, False):
            with Atlas(path, read_only=read, patience=5.0) as atlas:
                assert_same(atlas.basin_graph("f00d"), graph)
                assert len(atlas.runs("f00d")) >= 2
        assert writer.poll() is None


# ---------------------------------------------------------------------------------------------
# PostgreSQL, where there is one


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("psycopg")
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("no PostgreSQL server on this machine")
    place = Path(tempfile.mkdtemp())
    # The server refuses to run as root.
    other: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root")
        shutil.chown(place, "nobody")
        other = ["runuser", "-u", "nobody", "--"]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place}
    subprocess.run([*other, "initdb", "-D", place / "data", "-U", "me", "-A", "trust", "-E", "UTF8"], **quiet)
    options = f"-c listen_addresses='' -k {place} -c fsync=off"
    control = [*other, "pg_ctl", "-D", place / "data"]
    subprocess.run([*control, "-w", "-o", options, "-l", place / "log", "start"], **quiet)
    try:
        yield f"postgresql://me@/postgres?host={place}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(place)


def test_postgresql_holds_the_same(server: str) -> None:
    graph = random_graph(200, 300, seed=12)
    records = list(graph.records())
    with Atlas(server) as atlas:
        number = begin(atlas)
        atlas.add(number, records[:250])
        begin(atlas)
        atlas.add(number, records[:230])
        atlas.add(number, records[210:])
        atlas.finish(number, RUN)
        fill(atlas, random_graph(5, 5, seed=1), run=replace(RUN, explorer="tempering", exact=False))
    with Atlas(server, read_only=True) as atlas:
        assert_same(atlas.basin_graph("f00d"), graph)
        assert atlas.landscapes() == (ISLAND,)
