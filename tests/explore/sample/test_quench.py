"""Quenches and local floods against exhaustive floods: what they call a minimum, its basin, and its exit."""

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.explore.sample.pocket import escape
from spinfunnel.explore.sample.quench import quench
from spinfunnel.landscape import key_states
from spinfunnel.moves.group import symmetry_images
from spinfunnel.moves.spins import packed, spin_model, start_changes, turn, unpacked
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick

SYSTEMS = (
    "sk:n=12", "ea:shape=3x4", "ea:shape=3x4,bonds=bimodal,seed=3", "labs:n=11", "hopfield:n=12,patterns=3", "rem:n=10",
    "committee:inputs=5,hidden=3", "partition:n=11", "maxcut:n=12,seed=2", "multiscale:n=12", "rfim:shape=3x4",
)  # fmt: skip
STARTS = 4000


def model_of(landscape):
    return spin_model(landscape, symmetries=symmetry_images(landscape.symmetries, size=landscape.size))


def keys_of(words, size):
    return ["".join(map(str, row)) for row in unpacked(words, size=size)]


@pytest.mark.parametrize("spec", SYSTEMS)
def test_random_states_drain_as_in_a_flood(spec):
    landscape = resolve(spec)
    graph = flood(landscape)
    found = quench(model_of(landscape), random=STARTS, seed=np.random.SeedSequence(5), plateau=1 << 12)
    assert not found.open.any()
    names, first, count = np.unique(keys_of(found.words, landscape.size), return_index=True, return_counts=True)
    place = {key: number for number, key in enumerate(graph.key.tolist())}
    assert set(names) <= set(place)
    seen = np.zeros(graph.minima)
    seen[[place[name] for name in names]] = count
    expected = graph.weight * STARTS
    # Chi-square of the well-filled classes; five standard deviations, 11 systems: false alarms below 1e-4.
    filled = expected > 5
    square = float(((seen - expected)[filled] ** 2 / expected[filled]).sum())
    assert square < filled.sum() + 5.0 * np.sqrt(2.0 * filled.sum())
    for name, number in zip(names, first, strict=True):
        i = place[name]
        assert found.plateau[number] * (2 if landscape.symmetries else 1) <= graph.plateau[i] * graph.orbit[i]


def test_a_broken_twin_drains_elsewhere():
    landscape = resolve("ea:shape=3x4")
    graph = flood(landscape)
    found = quench(model_of(landscape), random=STARTS, seed=np.random.SeedSequence(5), steepest=False)
    names, count = np.unique(keys_of(found.words, 12), return_counts=True)
    place = {key: number for number, key in enumerate(graph.key.tolist())}
    seen = np.zeros(graph.minima)
    seen[[place[name] for name in names]] = count
    expected = graph.weight * STARTS
    assert float(((seen - expected) ** 2 / expected).sum()) > graph.minima + 5.0 * np.sqrt(2.0 * graph.minima)


@pytest.mark.parametrize("spec", SYSTEMS)
def test_the_water_finds_the_exit_of_each_minimum(spec):
    landscape = resolve(spec)
    graph, model = flood(landscape), model_of(landscape)
    hub, spoke, energy = graph.direct_edges()
    exits = np.full(graph.minima, np.inf)
    np.minimum.at(exits, hub, energy)
    np.minimum.at(exits, spoke, energy)
    place = {key: number for number, key in enumerate(graph.key.tolist())}
    words = packed(key_states(graph.key))
    for i in range(0, graph.minima, 1 + graph.minima // 60):
        found = escape(model, words[i : i + 1], np.zeros(1), most=1 << 13, plateau=1 << 12)
        assert found.closed
        if graph.minima == 1:
            assert len(found.outside) == 0
            continue
        assert graph.energy[i] + found.level * model.unit == pytest.approx(exits[i], abs=1e-9)
        assert np.all(
            landscape.energy(unpacked(found.saddle, size=landscape.size)) == pytest.approx(exits[i], abs=1e-9)
        )
        behind = [place[key] for key in keys_of(found.outside, landscape.size)]
        at_exit = energy == exits[i]
        known = set(spoke[(hub == i) & at_exit]) | set(hub[(spoke == i) & at_exit])
        assert graph.energy[min(behind)] == graph.energy[min(known)]


def test_a_flood_that_is_cut_off_says_how_high_the_water_came():
    landscape = resolve("ea:shape=4x4,seed=1")
    graph, model = flood(landscape), model_of(landscape)
    words = packed(key_states(graph.key[:1]))
    whole = escape(model, words, np.zeros(1), most=1 << 14, plateau=16)
    short = escape(model, words, np.zeros(1), most=5, plateau=16)
    assert whole.closed
    assert not short.closed
    assert 0.0 < short.level <= whole.level
    assert short.states == 5


@pytest.mark.parametrize("spec", ["sk:n=70", "pspin:n=20,p=3", "labs:n=30", "ea:shape=5x5x5,bonds=bimodal"])
def test_changes_kept_up_to_date_are_those_from_scratch(spec):
    landscape = resolve(spec)
    model = model_of(landscape)
    rng = np.random.default_rng(1)
    spins = (2 * rng.integers(0, 2, landscape.size) - 1).astype(np.int8)
    change, fresh = np.empty(landscape.size), np.empty(landscape.size)
    start_changes(model, spins, change)
    for i in rng.integers(0, landscape.size, 50):
        turn(model, spins, change, i)
    start_changes(model, spins, fresh)
    assert change == pytest.approx(fresh, abs=1e-9)
    bits = np.repeat(((spins + 1) // 2).astype(np.uint8)[None], landscape.size + 1, axis=0)
    bits[np.arange(landscape.size), np.arange(landscape.size)] ^= 1
    energy = landscape.energy(bits)
    assert energy[:-1] - energy[-1] == pytest.approx(model.unit * fresh, abs=1e-9)


def test_quenches_do_not_depend_on_the_number_of_workers():
    model = model_of(resolve("ea:shape=6x6x6,bonds=bimodal"))
    one, two = (
        quench(model, random=40, seed=np.random.SeedSequence(3), plateau=64, workers=workers) for workers in (1, 2)
    )
    assert np.array_equal(one.words, two.words)
    assert one.open.any()
    assert one.flips == two.flips
