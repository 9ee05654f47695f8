"""Nothing executes that an atlas from anybody names, on any road: measure, report, export, JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from atlas_graphs import ISLAND, RUN, random_graph
from spinfunnel.atlas import Atlas
from spinfunnel.cli import app
from spinfunnel.explore import EXPLORERS
from spinfunnel.landscape import InputError, Kind
from spinfunnel.systems import SYSTEMS, resolve

MODULE = "canary_of_atlases"
WORDS = (
    f"{MODULE}.Canary", f"{MODULE}:Canary", f"{MODULE}.py:Canary", f"./{MODULE}.py:Canary",
    f"ase:calculator={MODULE}.Canary",
    f"__import__('{MODULE}')", f"<script>{MODULE}</script>", f"[link={MODULE}]x", f"\x1b]8;;{MODULE}\x07", "os.system",
    "../../etc/passwd", "", "file.pt", f"{MODULE}.pkl",
)  # fmt: skip
VALUES = (*WORDS, -1, 0, 2**53, -(2**60), 1e308, True, (1, 2), (10**6, 10**6))
CHOSEN = ("calculator", "file", "labels", "data", "structure", "formula", "network", "function", "module", "no_such")


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that a module writes when it is imported; the module lies on the import path and in this folder."""
    (tmp_path / f"{MODULE}.py").write_text(f"open({str(tmp_path / 'sung')!r}, 'w').close()\nCanary = dict\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "sung"
    sys.modules.pop(MODULE, None)


def hostile(path: Path, seed: int) -> None:
    """Write an atlas with valid digests whose names, parameters, options, facts and answers are of an enemy."""
    rng = np.random.default_rng(seed)

    def one(values: Any) -> Any:
        return values[int(rng.integers(0, len(values)))]

    names = tuple(SYSTEMS.own)
    name = one(names) if rng.random() < 0.8 else one(WORDS) or "x"
    known: dict[str, Any] = dict(resolve(SYSTEMS[name].example).parameters) if name in names else {}
    own = [entry.name for entry in SYSTEMS[name].parameters] if name in names else []
    for _ in range(int(rng.integers(1, 4))):
        known[one((*own, *own, *CHOSEN))] = one(VALUES)
    entry = replace(
        ISLAND, name=name, parameters=known, kind=one(tuple(Kind)), identity=one(("f00d", f"{MODULE}.Canary", "'; --"))
    )
    explorer = one((*EXPLORERS.own, *WORDS[:6]))
    options = {one(("file", "gradient", "explorer", "module")): one(VALUES)}
    run = replace(RUN, explorer=explorer, options=options, version=one(WORDS), exact=bool(rng.random() < 0.5))
    with Atlas(path) as atlas:
        number = atlas.begin(entry, explorer=explorer, options=options, seed=0, version=run.version)
        atlas.add(number, random_graph(6, 5, seed=seed, size=12).records())
        atlas.finish(number, run)
        atlas.keep_answer(
            entry.identity, explorer=explorer, options=options, seed=0, question=one(WORDS), content=one(WORDS)
        )


def opened(folder: Path, seeds: Sequence[int]) -> int:
    """Number of hostile atlases that ended in an answer, or in one sentence and exit status 2."""
    ended = 0
    page = str(folder / "page.html")
    for seed in seeds:
        path = folder / f"{seed}.db"
        hostile(path, seed)
        roads = (
            ["measure", str(path), "--json", "--null-samples", "2"],
            ["report", str(path), "--output", page, "--no-nulls", "-q"],
            ["export", str(path), "--format", "csv", "--output", str(folder / "tables"), "--overwrite"],
        )
        ended += CliRunner().invoke(app, roads[seed % len(roads)]).exit_code in (0, 2)
        path.unlink()
    return ended


def test_hostile_atlases_execute_nothing(tmp_path: Path, canary: Path) -> None:
    assert opened(tmp_path, (*range(8), 21, 112)) == 10
    assert not canary.exists()


@pytest.mark.long
def test_a_thousand_hostile_atlases_execute_nothing(tmp_path: Path, canary: Path) -> None:
    assert opened(tmp_path, range(100, 1100)) == 1000
    assert not canary.exists()


def test_the_canary_sings_for_a_users_own_words(canary: Path) -> None:
    with pytest.raises(InputError):
        resolve(f"ase:formula=Cu3,calculator={MODULE}.Canary")
    assert canary.exists()
