"""Basin graphs of random content, and atlases that are filled with them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from spinfunnel.atlas import Atlas, LandscapeEntry
from spinfunnel.landscape import BasinGraph, Census, Kind, Record, Run, Tally, index_key

ISLAND = LandscapeEntry("f00d", "sk", {"n": 12, "shape": (3, 4), "bias": 0.1}, Kind.BINARY, 12, 4096, ("global flip",))
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
