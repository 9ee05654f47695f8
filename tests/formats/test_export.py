"""Exports, read back by the programs or libraries they are for."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dimod
import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest

from repository import environment
from spinfunnel.formats.export import FORMATS, export
from spinfunnel.formats.maps.dimod_minima import to_sampleset
from spinfunnel.landscape import BasinGraph, Budget, InputError, index_key
from spinfunnel.pipeline.study import study

# Five minima. 1 and 2 meet at 0; 3 joins both at one state of energy 1 (a saddle of three); 0 meets 3 at 2;
# 4 is out of reach.
ISLAND = BasinGraph(
    key=np.array(["0000", "1100", "0110", "0011", "1111"]),
    energy=np.array([-3.0, -2.0, -1.0, -0.5, 0.1 + 0.2]),
    weight=np.array([0.4, 0.2, 0.2, 0.1, 0.1]),
    plateau=np.array([1, 2, 1, 3, 1]),
    orbit=np.array([2, 4, 1, 1, 3]),
    saddle_key=np.array(["1000", "0111", "0001"]),
    saddle_energy=np.array([0.0, 1.0, 2.0]),
    saddle_offsets=np.array([0, 2, 5, 7]),
    saddle_minima=np.array([2, 1, 3, 1, 2, 0, 3]),
    saddle_exact=np.array([True, False, True]),
    symmetry=("global flip",),
)
EMPTY = BasinGraph(
    np.array([], str), np.array([]), np.array([]), np.array([], int), np.array([], int),
    np.array([], str), np.array([]), np.array([0]), np.array([], int), np.array([], bool),
)  # fmt: skip


def random_graph(minima: int, saddles: int, *, seed: int, size: int = 12) -> BasinGraph:
    rng = np.random.default_rng(seed)
    keys = index_key(rng.permutation(2**size)[: minima + saddles], size=size)
    joined = [rng.permutation(minima)[: rng.integers(2, 5)] for _ in range(saddles)]
    return BasinGraph(
        keys[:minima],
        np.sort(rng.integers(-9, 0, minima) / 3),
        rng.random(minima),
        rng.integers(1, 4, minima),
        rng.choice([1, 2, 4], minima),
        keys[minima:],
        np.sort(rng.integers(0, 9, saddles) / 3),
        np.cumsum([0, *map(len, joined)]),
        np.concatenate(joined),
        rng.random(saddles) < 0.5,
    )


def joined(graph: BasinGraph, saddle: int) -> list[int]:
    return graph.saddle_minima[graph.saddle_offsets[saddle] : graph.saddle_offsets[saddle + 1]].tolist()


def minimax(graph: BasinGraph) -> np.ndarray:
    """Minimax saddles between all pairs by Floyd and Warshall: slow and plain."""
    best = np.full((graph.minima, graph.minima), np.inf)
    np.fill_diagonal(best, graph.energy)
    for saddle in range(graph.saddles):
        hub, *spokes = joined(graph, saddle)
        for spoke in spokes:
            height = min(best[hub, spoke], graph.saddle_energy[saddle])
            best[hub, spoke] = best[spoke, hub] = height
    for middle in range(graph.minima):
        best = np.minimum(best, np.maximum(best[:, middle, None], best[None, middle, :]))
    return best


def test_every_format_is_complete_and_takes_any_map(tmp_path: Path) -> None:
    assert list(FORMATS) == ["graphml", "csv", "parquet", "cambridge", "barriers", "dimod"]
    for name, chosen in FORMATS.items():
        assert chosen.name == name
        assert chosen.summary
        assert chosen.source
        assert bool(chosen.files) != bool(chosen.extension)
        for graph in (ISLAND, EMPTY, random_graph(50, 80, seed=1)):
            target = tmp_path / f"{name}{id(graph)}{chosen.extension}"
            written = export(graph, target, format=name)
            assert written
            assert all(path.is_file() for path in written)
    assert not list(tmp_path.rglob("*.partial"))


def test_graphml_keeps_saddles_of_many_minima(tmp_path: Path) -> None:
    (path,) = export(ISLAND, tmp_path / "map.graphml", format="graphml")
    read = nx.read_graphml(path)
    drawn = ISLAND.to_networkx()
    assert dict(read.nodes(data=True)) == dict(drawn.nodes(data=True))
    assert read.graph["symmetry"] == "global flip"
    assert read.graph["exact"] is True
    assert read.nodes["m4"] == {
        "kind": "minimum", "key": "1111", "energy": 0.1 + 0.2, "weight": 0.1, "plateau": 1, "orbit": 3, "native": False,
    }  # fmt: skip
    assert {name: read.edges["s1", name]["hub"] for name in read["s1"]} == {"m3": True, "m1": False, "m2": False}
    assert read.nodes["s1"]["exact"] is False


def test_graphml_survives_hostile_keys(tmp_path: Path) -> None:
    keys = np.array(["<&>\"'", "]]>", "\x00a\x1b", "é∆𝄞", " a b\n"])
    (path,) = export(replace_graph(ISLAND, key=keys), tmp_path / "map.graphml", format="graphml")
    read = nx.read_graphml(path)
    assert [read.nodes[f"m{number}"]["key"] for number in range(4)] == ["<&>\"'", "]]>", "\\x00a\\x1b", "é∆𝄞"]


def replace_graph(graph: BasinGraph, **changes: object) -> BasinGraph:
    return replace(graph, **changes)


def test_csv_reads_back(tmp_path: Path) -> None:
    keys = np.array(["0000", 'a,"b"', "line\nbreak", "0011", "1111"])
    graph = replace_graph(ISLAND, key=keys)
    low, high = export(graph, tmp_path / "map", format="csv")
    with low.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["key"] for row in rows] == keys.tolist()
    assert [float(row["energy"]) for row in rows] == graph.energy.tolist()
    assert [float(row["weight"]) for row in rows] == graph.weight.tolist()
    assert [int(row["plateau"]) * int(row["orbit"]) for row in rows] == (graph.plateau * graph.orbit).tolist()
    assert [row["native"] for row in rows] == ["1", "0", "0", "0", "0"]
    with high.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [[int(word) for word in row["minima"].split()] for row in rows] == [joined(graph, s) for s in range(3)]
    assert [row["exact"] for row in rows] == ["1", "0", "1"]


def test_parquet_reads_back(tmp_path: Path) -> None:
    graph = random_graph(200, 300, seed=3)
    low, high = (pq.read_table(path) for path in export(graph, tmp_path / "map", format="parquet"))
    for name in ("key", "energy", "weight", "plateau", "orbit", "native"):
        assert low[name].to_pylist() == getattr(graph, name).tolist()
    assert high["energy"].to_pylist() == graph.saddle_energy.tolist()
    assert high["minima"].to_pylist() == [joined(graph, saddle) for saddle in range(graph.saddles)]
    assert json.loads(low.schema.metadata[b"spinfunnel"])["exact"] is True


def test_cambridge_pair_of_a_smooth_map_weighs_by_volume(tmp_path: Path) -> None:
    volume, height = np.array([0.5, -1.0, 2.0, 0.0, 1.5]), np.array([0.25, -0.75, 3.0])
    smooth = replace(ISLAND, log_volume=volume, saddle_log_volume=height)
    low, high = (np.loadtxt(path) for path in export(smooth, tmp_path / "map", format="cambridge"))
    np.testing.assert_allclose(np.exp(-low[:, 1] / 2) / low[:, 2], np.exp(volume))
    np.testing.assert_allclose(np.exp(-high[:, 1] / 2) / high[:, 2], np.exp(height[[0, 1, 1, 2]]))


def test_cambridge_pair(tmp_path: Path) -> None:
    low, high = export(ISLAND, tmp_path / "map", format="cambridge")
    assert (low.name, high.name) == ("min.data", "ts.data")
    rows = [line.split() for line in low.read_text().splitlines()]
    assert [len(row) for row in rows] == [6] * 5
    assert [float(row[0]) for row in rows] == ISLAND.energy.tolist()
    # exp(-log product / 2) / order is the number of plain states behind the minimum, up to one factor.
    behind = [math.exp(-float(row[1]) / 2) / int(row[2]) for row in rows]
    assert np.allclose(np.array(behind) * 12, ISLAND.plateau * ISLAND.orbit)
    rows = [line.split() for line in high.read_text().splitlines()]
    assert [len(row) for row in rows] == [8] * 4
    assert [(float(row[0]), int(row[3]), int(row[4])) for row in rows] == [
        (0.0, 3, 2),
        (1.0, 4, 2),
        (1.0, 4, 3),
        (2.0, 1, 4),
    ]


def barrier_rows(path: Path) -> list[tuple[int, str, float, int, float]]:
    head, *lines = path.read_text().splitlines()
    assert len(head.split()) == 1
    rows = [line.split() for line in lines]
    return [(int(row[0]), row[1], float(row[2]), int(row[3]), float(row[4])) for row in rows]


def test_barriers_table_by_hand(tmp_path: Path) -> None:
    (path,) = export(ISLAND, tmp_path / "map.bar", format="barriers")
    assert barrier_rows(path) == [
        (1, "0000", -3.0, 0, 5.0),
        (2, "1100", -2.0, 1, 4.0),
        (3, "0110", -1.0, 2, 1.0),
        (4, "0011", -0.5, 2, 1.5),
        (5, "1111", 0.3, 0, 1.7),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_barriers_table_against_plain_minimax(tmp_path: Path, seed: int) -> None:
    graph = random_graph(40, 45, seed=seed)
    (path,) = export(graph, tmp_path / "map.bar", format="barriers")
    best = minimax(graph)
    for place, (number, key, energy, father, barrier) in enumerate(barrier_rows(path)):
        assert (number, key) == (place + 1, graph.key[place])
        assert energy == pytest.approx(graph.energy[place], abs=1e-9)
        below = best[place, :place]
        if not np.isfinite(below).any():
            assert father == 0
            continue
        # The superbasin of `place` flows at the lowest pass to a deeper minimum; the deepest there is the father.
        height = below.min()
        assert barrier == pytest.approx(height - graph.energy[place], abs=1e-9)
        assert father == 1 + int(np.flatnonzero(best[place] <= height)[0])


def test_dimod_sample_set(tmp_path: Path) -> None:
    (path,) = export(ISLAND, tmp_path / "map.json", format="dimod")
    read = dimod.SampleSet.from_serializable(json.loads(path.read_text()))
    assert read == to_sampleset(ISLAND)
    assert read.vartype is dimod.SPIN
    assert [int(spin) for spin in read.first.sample.values()] == [-1, -1, -1, -1]
    assert read.record.energy.tolist() == ISLAND.energy.tolist()
    assert read.record.num_occurrences.tolist() == [2, 8, 1, 3, 3]
    assert read.record.weight.tolist() == ISLAND.weight.tolist()
    assert read.record.sample[1].tolist() == [1, 1, -1, -1]
    for keys in (["0000", "1100", "0110", "0011", "111"], ["0000", "1100", "0110", "0011", "fold"]):
        with pytest.raises(InputError, match="not bit strings"):
            export(replace_graph(ISLAND, key=np.array(keys)), tmp_path / "no.json", format="dimod")
    assert not (tmp_path / "no.json").exists()


def test_dimod_spins_carry_the_energy_of_a_model() -> None:
    """Spin i is bit i: dimod's own model gives the energies back."""
    rng = np.random.default_rng(5)
    model = dimod.BinaryQuadraticModel.from_ising({}, {(i, j): rng.normal() for i in range(6) for j in range(i)})
    exact = dimod.ExactSolver().sample(model)
    numbers = [
        sum((spin > 0) << i for i, spin in enumerate(row[[list(exact.variables).index(v) for v in range(6)]]))
        for row in exact.record.sample
    ]
    order = np.argsort(exact.record.energy)[:9]
    graph = BasinGraph(
        index_key(np.array(numbers)[order], size=6), exact.record.energy[order], np.ones(9), *[np.ones(9, int)] * 2,
        np.array([], str), np.array([]), np.array([0]), np.array([], int), np.array([], bool),
    )  # fmt: skip
    assert np.allclose(model.energies(to_sampleset(graph)), graph.energy)


# ---------------------------------------------------------------------------------------------
# Targets


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_overwritten_unless_asked(tmp_path: Path, name: str) -> None:
    target = tmp_path / f"map{FORMATS[name].extension}"
    paths = export(ISLAND, target, format=name)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(InputError, match="exists"):
        export(EMPTY, target, format=name)
    assert [path.read_bytes() for path in paths] == before
    export(EMPTY, target, format=name, overwrite=True)
    assert paths[0].read_bytes() != before[0]


@pytest.mark.parametrize("name", FORMATS)
def test_bad_targets_are_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    chosen = FORMATS[name]
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0o555)
    cases = {
        "closed/map": "read-only",
        "missing/deep/map": "does not exist",
        "file": "is a file" if chosen.files else "exists",
        "file/map": "does not exist",
        "folder": None if chosen.files else "is a directory",
    }
    try:
        for place, reason in cases.items():
            if reason is not None:
                with pytest.raises(InputError, match=reason) as caught:
                    export(ISLAND, tmp_path / place, format=name)
                assert "\n" not in str(caught.value)
                assert str(tmp_path) in str(caught.value)
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["closed", "file", "folder"]
    assert (tmp_path / "file").read_text() == "mine"


def test_unknown_format_suggests() -> None:
    with pytest.raises(InputError, match="did you mean graphml"):
        export(ISLAND, "x", format="graphlm")


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    """A limit on the size of files stands in for the disk."""
    script = """if True:
        import resource, sys
        from atlas_graphs import random_graph
        from spinfunnel.formats.export import export
        from spinfunnel.landscape import InputError
        graph = random_graph(900, 900, seed=1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            export(graph, sys.argv[1], format=sys.argv[2])
        except InputError as error:
            print(error)
    """
    command = [sys.executable, "-B", "-c", script, str(tmp_path / "map"), name]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.stderr == ""
    assert "cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_points_of_clusters_are_written_in_the_order_of_the_map(tmp_path):
    """What ASE reads back, and what stands in points.min, has the energies of min.data and ts.data."""
    ase_io = pytest.importorskip("ase.io")
    from spinfunnel.cli.work import exported
    from spinfunnel.systems import lennard_jones

    atlas, clusters = str(tmp_path / "lj.db"), lennard_jones(7)
    found = study(clusters, atlas=atlas, nulls=False, budget=Budget(evaluations=400_000))
    exported(atlas, form="xyz", output=tmp_path / "frames", which=None, overwrite=False)
    exported(atlas, form="points", output=tmp_path / "points", which=None, overwrite=False)
    exported(atlas, form="cambridge", output=tmp_path / "lists", which=None, overwrite=False)
    for frames, numbers, lines in (
        ("minima.xyz", "points.min", "min.data"), ("saddles.xyz", "points.ts", "ts.data"),
    ):  # fmt: skip
        read = ase_io.read(tmp_path / "frames" / frames, index=":")
        places = np.array([atoms.positions.ravel() for atoms in read])
        energies = np.loadtxt(tmp_path / "lists" / lines, ndmin=2)[:, 0]
        np.testing.assert_allclose(clusters.energy_and_gradient(places)[0], energies, atol=1e-9)
        np.testing.assert_array_equal(np.fromfile(tmp_path / "points" / numbers).reshape(-1, 21), places)
    assert len(read) == found.graph.saddles


def test_points_of_spins_are_refused(tmp_path):
    from spinfunnel.cli.work import exported
    from spinfunnel.systems import sherrington_kirkpatrick

    study(sherrington_kirkpatrick(8, seed=1), atlas=str(tmp_path / "sk.db"), nulls=False)
    with pytest.raises(InputError, match="no landscape of atoms"):
        exported(str(tmp_path / "sk.db"), form="xyz", output=tmp_path / "x", which=None, overwrite=False)
