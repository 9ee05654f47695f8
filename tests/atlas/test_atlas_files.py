"""Atlases as files and databases: targets that are none, killed writers, readers beside writers, PostgreSQL."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atlas_graphs import ISLAND, RUN, assert_same, begin, fill, random_graph
from postgresql_server import postgresql
from repository import environment
from spinfunnel.atlas import Atlas
from spinfunnel.landscape import InputError

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
        from atlas_graphs import begin, chunks, random_graph
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


WRITER = """
    import itertools, sys
    from atlas_graphs import ISLAND, chunks, random_graph
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
    with postgresql() as place:
        yield f"postgresql://me@/postgres?host={place}"


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
