"""Basin graphs to draw: random ones of any size, with ties and in several parts."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest

from spinfunnel.landscape import BasinGraph, Census, Tally

mpl.use("Agg")

MakeMap = Callable[..., BasinGraph]


@pytest.fixture(autouse=True)
def _no_open_figures() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def make_map() -> MakeMap:
    """Return a maker of random maps: a random tree of saddles and as many chords; seeded, so the same every time."""
    return _make_map


def _make_map(minima: int, *, seed: int = 0, ties: bool = False, parts: bool = False, bits: int = 20) -> BasinGraph:
    rng = np.random.default_rng(seed)
    energy = np.sort(2.0 * rng.normal(size=minima) - 5.0)
    energy = np.round(energy) if ties else energy
    child = np.arange(1, minima)
    pairs = np.stack([child, (rng.random(len(child)) * child).astype(np.int64)], axis=1)
    if parts:
        pairs = pairs[rng.random(len(pairs)) > 0.1]
    else:
        chords = rng.integers(0, minima, (minima, 2))
        pairs = np.concatenate([pairs, chords[chords[:, 0] != chords[:, 1]]])
    height = energy[pairs].max(axis=1, initial=-np.inf) + rng.exponential(size=len(pairs)) + 0.01
    height = np.ceil(height) if ties else height
    order = np.argsort(height, kind="stable")
    position = np.linspace(-1.0, 1.0, bits + 1)
    tally = Tally(
        "overlap",
        np.inf,
        tuple(position),
        (1.0,) * (bits + 1),
        tuple(-3 * position),
        (1.0,) * (bits + 1),
        tuple(-5 * position),
    )
    ground = float(energy.min(initial=0.0))
    natives = float((energy == ground).sum())
    level = (ground, *(ground + 1.0 + 0.5 * step for step in range(40)))
    count = (natives, *(np.exp(10.0 - 0.03 * (step - 20.0) ** 2) for step in range(40)))
    density = Tally("energy", np.inf, level, count, level, (0.0,) * 41, level)
    spots = [(1.0, ground, natives)] + [
        (q, e, max(1.0, n / len(position))) for q in position[:-1] for e, n in zip(level[1:], count[1:], strict=True)
    ]
    spots.sort()
    overlap, place, number = zip(*spots, strict=True)
    joint = Tally("overlap and energy", np.inf, place, number, place, (0.0,) * len(place), place, overlap=overlap)
    return BasinGraph(
        key=np.array([f"{number:0{bits}b}" for number in range(minima)]),
        energy=energy,
        weight=rng.dirichlet(np.full(minima, 0.4)),
        plateau=np.ones(minima, np.int64),
        orbit=np.ones(minima, np.int64),
        saddle_key=np.arange(len(pairs)).astype(str),
        saddle_energy=height[order],
        saddle_offsets=2 * np.arange(len(pairs) + 1),
        saddle_minima=pairs[order].ravel(),
        saddle_exact=np.ones(len(pairs), bool),
        census=Census(2**bits, 3.0, 4.0, float(energy.min(initial=0.0)), 1, minima, 0.5),
        tallies=(tally, density, joint),
    )
