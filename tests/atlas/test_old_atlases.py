"""Atlases of older versions open, and say what they said."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spinfunnel.atlas import Atlas
from spinfunnel.atlas.tables import APPLICATION
from spinfunnel.cli import app
from spinfunnel.pipeline.study import recall
from spinfunnel.systems import resolve

SQL = Path(__file__).with_name("schema5.sql")
"""Maps of sk:n=8, lj:atoms=5 and go:n=8 that version 0.1.0 of 2026-11 wrote, as text."""
GROUNDS = {"sk": -4.409876791344975, "lj": -9.103852415707552, "go": -3.0}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    link = sqlite3.connect(path)
    link.executescript(SQL.read_text(encoding="utf-8"))
    link.execute(f"PRAGMA application_id = {APPLICATION}")
    link.commit()
    link.close()
    return path


def test_an_atlas_of_schema_5_opens_and_its_maps_are_whole(old: Path) -> None:
    with Atlas(old) as atlas:
        entries = {entry.name: entry for entry in atlas.landscapes()}
        assert set(entries) == set(GROUNDS)
        for name, entry in entries.items():
            graph = atlas.basin_graph(entry.identity)
            assert graph.minima == 1
            assert graph.energy[0] == pytest.approx(GROUNDS[name], abs=1e-12)
        assert atlas.basin_graph(entries["lj"].identity).saddles == 2


def test_a_landscape_rebuilt_beside_an_old_map_is_the_same_one(old: Path) -> None:
    """The ground energy differs in the last bit: couplings are added in another order now."""
    glass = resolve("sk:n=8")
    with Atlas(old) as atlas:
        assert glass.identity in {entry.identity for entry in atlas.landscapes()}
        study = recall(atlas, glass.identity, landscape=glass, nulls=False)
    assert study.measures["levinthal"].value == pytest.approx(0.3691473982197946, rel=1e-9)
    assert study.verdict.kind == "smooth"


def test_the_command_measures_and_judges_it(old: Path) -> None:
    done = CliRunner().invoke(app, ["measure", str(old), "--json"])
    assert done.exit_code == 0, done.stderr
    studies = json.loads(done.stdout)["studies"]
    assert [each["landscape"]["name"] for each in studies] == ["sk", "lj", "go"]
