"""Damaged atlases: what differs from what was written is found, and what is whole is saved."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from atlas_graphs import RUN, assert_same, begin, chunks, fill, random_graph
from spinfunnel.atlas import Atlas
from spinfunnel.atlas.repair import repair
from spinfunnel.atlas.seals import CHUNK
from spinfunnel.cli import app
from spinfunnel.landscape import BasinGraph, InputError

GRAPH = random_graph(300, 200, seed=3, smooth=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damage") / "atlas.db"
    with Atlas(path) as atlas:
        fill(atlas, GRAPH)
        fill(atlas, random_graph(20, 9, seed=4), run=replace(RUN, explorer="tempering", exact=False))
        job = {"explorer": "flooding", "options": {}, "seed": 0}
        atlas.keep_answer("f00d", **job, question="how many?", content="three hundred")
    link = sqlite3.connect(path)
    link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    link.execute("PRAGMA journal_mode = DELETE")
    link.close()
    return path


def said(path: Path) -> tuple[object, ...]:
    """All that an atlas answers."""
    with Atlas(path, read_only=True) as atlas:
        found = [(entry, atlas.runs(entry.identity), atlas.basin_graph(entry.identity)) for entry in atlas.landscapes()]
        return found, atlas.answer("f00d", seed=0, question="how many?")


def same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    for a, b in zip(one[0], other[0], strict=True):  # type: ignore[call-overload]
        assert_same(a[2], b[2])
        if a[:2] != b[:2]:
            return False
    # An answer that is not found is computed again.
    return other[1] is None or one[1] == other[1]


def mutated(path: Path, content: bytes, seed: int) -> None:
    """Damage a copy: up to four bits or pieces, and sometimes its end."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        place = int(rng.integers(0, len(data)))
        if rng.random() < 0.8:
            data[place] ^= 1 << int(rng.integers(0, 8))
        else:
            data[place : place + int(rng.integers(1, 600))] = b""
    if rng.random() < 0.05:
        del data[int(rng.integers(0, len(data))) :]
    path.write_bytes(data)


def damaged_ends(whole: Path, folder: Path, seeds: range) -> dict[str, int]:
    """Counts of the ends of mutated atlases; any other end is an error of the test."""
    before, content = said(whole), whole.read_bytes()
    counts = {"refused": 0, "same": 0}
    path, sentences = folder / "mutated.db", set[str]()
    for seed in seeds:
        mutated(path, content, seed)
        try:
            after = said(path)
        except InputError as error:
            sentences.add(str(error))
            counts["refused"] += 1
            continue
        assert same(before, after), seed
        counts["same"] += 1
    assert not any("\n" in sentence for sentence in sentences)
    return counts


def test_mutated_atlases_are_refused_or_say_the_same(whole: Path, tmp_path: Path) -> None:
    counts = damaged_ends(whole, tmp_path, range(200))
    assert counts["refused"] > 50
    assert sum(counts.values()) == 200


@pytest.mark.long
def test_ten_thousand_mutated_atlases_are_refused_or_say_the_same(whole: Path, tmp_path: Path) -> None:
    counts = damaged_ends(whole, tmp_path, range(1000, 11_000))
    assert sum(counts.values()) == 10_000


CHANGES = (
    "UPDATE minimum SET energy = energy + 1e-15 WHERE run_id = 1 AND number = 7",
    "UPDATE minimum SET visits = visits + 1 WHERE run_id = 1 AND number = 299",
    "UPDATE minimum SET log_volume = NULL WHERE run_id = 1",
    "DELETE FROM minimum WHERE run_id = 1 AND number = 299",
    "UPDATE saddle SET bound = iif(bound = 'exact', 'upper', 'exact') WHERE run_id = 1 AND number = 5",
    "UPDATE saddle_minimum SET minimum = (minimum + 1) % 300 WHERE run_id = 1 AND saddle = 3 AND position = 0",
    "DELETE FROM saddle_minimum WHERE run_id = 1 AND saddle = 3 AND position = 1",
    "UPDATE census SET mean = 0.2",
    "DELETE FROM census WHERE run_id = 1",
    "UPDATE tally SET count = '[1.0, 3.0]' WHERE run_id = 1 AND number = 0",
    "DELETE FROM tally WHERE run_id = 1 AND number = 0",
    "UPDATE run SET evaluations = 4097 WHERE id = 1",
    "UPDATE run SET outcome = 'running' WHERE id = 1",
    "DELETE FROM run WHERE id = 1",
    "UPDATE landscape SET parameters = '{\"n\": 13}'",
    "DELETE FROM landscape",
    "UPDATE answer SET content = 'three hundred and one'",
    "DELETE FROM seal WHERE what = 'minimum' AND owner = 1",
    "DELETE FROM seal",
    "UPDATE spinfunnel_atlas SET value = '5' WHERE name = 'schema'",
)


def changed(whole: Path, path: Path, *statements: str) -> Path:
    path.write_bytes(whole.read_bytes())
    link = sqlite3.connect(path)
    for statement in statements:
        link.execute(statement)
    link.commit()
    link.close()
    return path


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_content_is_found(whole: Path, tmp_path: Path, change: str) -> None:
    path = changed(whole, tmp_path / "changed.db", change)
    with pytest.raises(InputError, match=r"is damaged \(.*spinfunnel repair"):
        said(path)


@pytest.mark.parametrize(
    "program",
    [
        "CREATE VIEW more AS SELECT * FROM run",
        "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM minimum; END",
        "CREATE TABLE g (a INTEGER, b AS (a + 1))",
    ],
)
def test_an_atlas_that_computes_is_refused(whole: Path, tmp_path: Path, program: str) -> None:
    path = changed(whole, tmp_path / "program.db", program)
    with pytest.raises(InputError, match="computes"):
        Atlas(path)


def test_records_in_any_portions_have_the_digests_of_the_whole(tmp_path: Path) -> None:
    graph = random_graph(CHUNK + 50, 60, seed=5)
    records = list(graph.records())
    digests: list[set[tuple[object, ...]]] = []
    for number, size in enumerate((len(records), 1000, 333)):
        path = tmp_path / f"{number}.db"
        with Atlas(path) as atlas:
            run = begin(atlas)
            for portion in chunks(records, size):
                atlas.add(run, portion)
            if size == 1000:  # Again: every minimum is visited twice, so that chunks are read back.
                atlas.add(run, records)
            atlas.finish(run, RUN)
            assert isinstance(atlas.basin_graph("f00d"), BasinGraph)
        link = sqlite3.connect(path)
        digests.append(set(link.execute("SELECT what, part, digest FROM seal WHERE owner = 1 AND what != 'run'")))
        link.close()
    assert digests[0] == digests[2]
    assert {row[:2] for row in digests[0]} == {row[:2] for row in digests[1]}
    assert digests[0] != digests[1]


def test_an_atlas_without_damage_is_repaired_to_the_same(whole: Path, tmp_path: Path) -> None:
    made = repair(whole, tmp_path / "new.db")
    assert (made.landscapes, made.runs, made.parts, made.lost) == (1, 2, 0, [])
    with Atlas(tmp_path / "new.db") as atlas:
        assert_same(atlas.basin_graph("f00d"), GRAPH)
        assert atlas.answer("f00d", seed=0, question="how many?") == "three hundred"


def test_what_is_whole_is_saved_and_the_rest_is_said(whole: Path, tmp_path: Path) -> None:
    path = changed(whole, tmp_path / "broken.db", "UPDATE saddle SET energy = 99 WHERE run_id = 1 AND number = 5")
    done = CliRunner().invoke(app, ["measure", str(path)])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "spinfunnel repair" in done.stderr
    done = CliRunner().invoke(app, ["repair", str(path), "--to", str(tmp_path / "new.db")])
    assert done.exit_code == 0, done.stderr
    assert "1 whole runs, and 1 of which some records are lost" in done.stdout
    with Atlas(tmp_path / "new.db") as atlas:
        outcomes = {run.explorer: run.outcome for run in atlas.runs("f00d")}
        assert outcomes == {"flooding": "interrupted", "tempering": "finished"}
        assert atlas.basin_graph("f00d", allow_unfinished=True).minima > 300
    again = CliRunner().invoke(app, ["repair", str(path), "--to", str(tmp_path / "new.db")])
    assert again.exit_code == 2
    assert "exists already" in again.stderr
