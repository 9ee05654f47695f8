"""The atlas: what goes in comes out to the last bit, and nothing it cannot use is ever touched."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atlas_graphs import ISLAND, RUN, assert_same, begin, chunks, fill, random_graph
from spinfunnel.atlas import Atlas
from spinfunnel.landscape import BasinGraph, InputError, Minimum, Run, Saddle

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
    assert [path.name for path in tmp_path.iterdir()] == ["atlas.db"]


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
        with pytest.raises(InputError, match="again"):
            slow.add(number, list(graph.records())[5:9])
        with pytest.raises(InputError, match="again"):
            slow.finish(number, RUN)
        assert_same(fast.basin_graph("f00d"), graph)


def test_the_latest_run_is_the_latest_though_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = random_graph(5, 5, seed=1), random_graph(6, 5, seed=2)
    times = iter(f"2030-01-0{day}T00:00:00.000000+00:00" for day in (3, 3, 2, 2))
    for room in ("store", "job_rows"):
        monkeypatch.setattr(f"spinfunnel.atlas.{room}.now", lambda: next(times))
    with Atlas() as atlas:
        for graph, seed in ((first, 0), (second, 1)):
            number = begin(atlas, seed=seed)
            atlas.add(number, graph.records())
            atlas.finish(number, replace(RUN, seed=seed))
        assert_same(atlas.basin_graph("f00d"), second)
