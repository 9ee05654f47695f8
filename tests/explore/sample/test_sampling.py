"""Explorers that sample, against flooding; the same on any threads, whole after an interrupt, within their budgets."""

import time

import numpy as np
import pytest

from spinfunnel import systems
from spinfunnel.atlas import Atlas
from spinfunnel.explore import EXPLORERS
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.explore.pace import Pace
from spinfunnel.landscape import Budget, Effort, InputError, Kind, Minimum
from spinfunnel.pipeline.run import explore

NAMES = ["exchange", "annealing", "population"]


def found(name, landscape, **options):
    minima, effort = {}, None
    for chunk in EXPLORERS[name].explore(landscape.kind)(landscape, **options):
        for record in chunk:
            if isinstance(record, Minimum):
                visits = minima[record.key].visits if record.key in minima else 0
                minima[record.key] = Minimum(
                    record.key,
                    record.energy,
                    record.weight,
                    record.plateau,
                    record.orbit,
                    visits=visits + record.visits,
                )
            elif isinstance(record, Effort):
                effort = record
    return minima, effort


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spec", ["ea:shape=3x4,seed=3", "labs:n=13", "rem:n=8"])
def test_minima_are_those_of_a_flood(name, spec):
    landscape = systems.resolve(spec)
    exact = flood(landscape)
    few = {"rounds": 100} if name == "exchange" else {"runs": 1, "sweeps": 30 if name == "annealing" else 3}
    options = {"replicas": 64, **few} if spec.startswith("rem") else {}
    minima, effort = found(name, landscape, seed=1, **options)
    known = dict(zip(exact.key.tolist(), exact.energy.tolist(), strict=True))
    lowest = min(minima.values(), key=lambda minimum: minimum.energy)
    assert lowest.energy == pytest.approx(exact.energy[0])
    if exact.plateau.max() == 1:
        assert set(minima) <= set(known)
        assert all(known[key] == pytest.approx(minimum.energy) for key, minimum in minima.items())
        orbit = dict(zip(exact.key.tolist(), exact.orbit.tolist(), strict=True))
        assert all(orbit[key] == minimum.orbit for key, minimum in minima.items())
    assert sum(minimum.weight for minimum in minima.values()) == pytest.approx(1.0)
    assert effort.outcome == "finished"
    assert effort.evaluations > 0


@pytest.mark.parametrize("name", NAMES)
def test_threads_change_nothing(name):
    landscape = systems.resolve("sk:n=40")
    options = {"rounds": 200} if name == "exchange" else {"runs": 2, "sweeps": 20}
    one, two = (found(name, landscape, seed=2, workers=workers, **options) for workers in (1, 2))
    assert one == two
    assert one != found(name, landscape, seed=3, **options)


@pytest.mark.parametrize("name", NAMES)
def test_budgets_of_evaluations_are_kept(name):
    landscape = systems.resolve("ea:shape=10x10")
    budget = Budget(evaluations=20_000_000)
    one, effort = found(name, landscape, seed=1, budget=budget)
    assert effort.outcome == "out of budget"
    assert effort.evaluations <= 1.1 * 20_000_000
    assert effort.evaluations > 0.8 * 20_000_000
    assert found(name, landscape, seed=1, budget=budget, workers=2)[0] == one


@pytest.mark.parametrize("name", NAMES)
def test_budgets_of_time_are_kept(name):
    landscape = systems.resolve("ea:shape=6x6")
    found(name, landscape, budget=Budget(evaluations=1_000_000))
    start = time.perf_counter()
    _, effort = found(name, landscape, budget=Budget(seconds=1.0))
    # A tenth more on an idle machine, twice as much on one that is busy otherwise.
    assert time.perf_counter() - start < 2.0
    assert effort.outcome == "out of budget"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("exchange:rounds=400", "tempering"),
        ("tempering:rounds=32,quenches=64,pocket=100,floods=200", "local floods"),
        ("tempering:rounds=32,quenches=64,pocket=100,floods=200", "keeping the map"),
    ],
)
def test_an_interrupted_run_is_made_whole(tmp_path, text, last):
    landscape = systems.resolve("sk:n=40")

    def stop(stage, done):
        if stage == last and done > 0.5:
            raise KeyboardInterrupt

    with Atlas(tmp_path / "whole.db") as whole, Atlas(tmp_path / "broken.db") as broken:
        explore(landscape, atlas=whole, explorer=text, seed=1)
        with pytest.raises(KeyboardInterrupt):
            explore(landscape, atlas=broken, explorer=text, seed=1, progress=stop)
        assert broken.runs(landscape.identity)[0].outcome == "interrupted"
        explore(landscape, atlas=broken, explorer=text, seed=1)
        one, two = (book.basin_graph(landscape.identity) for book in (whole, broken))
    assert one.key.tolist() == two.key.tolist()
    assert np.array_equal(one.visits, two.visits)
    assert np.array_equal(one.weight, two.weight)
    assert np.array_equal(one.saddle_energy, two.saddle_energy)
    assert one.tallies == two.tallies


def test_ten_thousand_spins_are_linear():
    rate = {}
    for side in (32, 100):
        landscape = systems.resolve(f"ea:shape={side}x{side},bonds=bimodal")
        start = time.thread_time()
        minima, _ = found("exchange", landscape, rounds=64, replicas=64)
        rate[side] = (time.thread_time() - start) / side**2
        assert minima
    assert rate[100] < 4.0 * rate[32]


def test_what_cannot_be_explored_is_refused():
    path = systems.resolve("sk:n=8")
    for name in NAMES:
        with pytest.raises(InputError):
            next(EXPLORERS[name].explore(Kind.BINARY)(path, replicas=0))
        with pytest.raises(InputError):
            next(EXPLORERS[name].explore(Kind.BINARY)(object.__new__(_Named)))
    with pytest.raises(InputError, match="rounds"):
        next(EXPLORERS["exchange"].explore(Kind.BINARY)(path, rounds=-1))


class _Named:
    name, kind = "smooth", Kind.SMOOTH


def test_pace_counts_what_is_most():
    pace = Pace(Budget(evaluations=1000), lambda: 10 * pace.steps, whole=50)
    assert pace.chunk() == 1
    pace.did(1)
    assert [pace.chunk(), pace.chunk()] == [2, 4]
    pace.did(49)
    assert pace.over()
    assert not pace.cut


def test_tempering_asks_a_network_for_few_energies(monkeypatch):
    """All energies are in a table; sweeps that called the network for each spin took twenty times a small budget."""
    landscape, asked = systems.resolve("committee:inputs=4", seed=1), []
    energy = type(landscape).energy

    def counted(self, states):
        asked.append(len(states))
        return energy(self, states)

    monkeypatch.setattr(type(landscape), "energy", counted)
    _, effort = found("tempering", landscape, seed=1, rounds=32, quenches=64)
    assert effort.evaluations > 200_000
    assert sum(asked) < 50_000
    assert len(asked) < 2_000
