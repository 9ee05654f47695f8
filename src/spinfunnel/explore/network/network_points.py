"""Every stationary point of a small network: minima, saddles of index 1 between them, and the others as facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from spinfunnel.explore.network.network_jobs import key_of, state_of
from spinfunnel.landscape import Effort, Facts, Minimum, Progress, Record, Saddle, no_progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched
from spinfunnel.network.stationary_search import Stationary, stationary_points

__all__ = ["explore", "reported"]

STARTS = 100
"""Random starts whose mean energy is the upper end of the energy scale."""


def explore(
    landscape: NetworkLandscape,
    *,
    seed: int = 0,
    workers: int = 1,  # noqa: ARG001 - every explorer takes them
    progress: Progress = no_progress,
    starts: int = 600,
) -> Iterator[list[Record]]:
    """Yield minima with the share of random descents that end in each, and the saddles of index 1 between them.

    Saddles are verified stationary points and counted exact; that none is missing is only as sure as the facts say, so
    that the map as a whole counts as sampled. A saddle between copies of one minimum joins nothing and is left out.

    Parameters
    ----------
    landscape : NetworkLandscape
        Of at most `network.stationary_search.LARGEST` weights, with weight decay.
    starts : int
        Of each kind of search.

    Raises
    ------
    InputError
        For a network that is too large, or without weight decay.
    """
    found = stationary_points(landscape, starts=starts, seed=seed, progress=progress)
    yield from reported(landscape, found, seed=seed)


def reported(landscape: NetworkLandscape, found: Stationary, *, seed: int) -> Iterator[list[Record]]:
    """Yield stationary points that were found as records and facts."""
    yield list(_records(found))
    scale = max(_start_energy(landscape, seed=seed) - float(found.energy[0]), 1e-12)
    facts = {
        "trained": False,
        "scale": scale,
        "starts": int(found.visits[found.minima].sum()),
        "searches": int(found.searches),
        "network": _plain(found),
    }
    yield [Facts(facts), Effort(found.searches)]


def _start_energy(landscape: NetworkLandscape, *, seed: int) -> float:
    """Mean energy of starts as training draws them."""
    network = Batched(landscape)
    return float(network.losses(torch.stack([network.fresh(1000 * seed + k) for k in range(STARTS)])).mean())


def _plain(found: Stationary) -> dict[str, Any]:
    """Every stationary point as plain numbers."""
    points = [
        {
            "energy": float(found.energy[number]),
            "index": int(found.index[number]),
            "gradient_norm": float(found.slope[number]),
            "copies": int(found.copies[number]),
            "searches": int(found.visits[number]),
            **({"joins": [int(end) for end in found.joins[number]]} if number in found.joins else {}),
        }
        for number in range(len(found.energy))
    ]
    indices = np.bincount(found.index).tolist()
    return {"stationary_points": points, "points_of_index": indices, "chance_of_a_new_point": float(found.unseen)}


def _records(found: Stationary) -> Iterator[Minimum | Saddle]:
    visits = found.visits[found.minima]
    total = max(int(visits.sum()), 1)
    keys = {int(number): key_of(found.points[number]) for number in found.minima}
    for number, count in zip(found.minima, visits, strict=True):
        state = state_of(found.points[int(number)])
        share, energy, copies = float(count) / total, float(found.energy[number]), int(found.copies[number])
        yield Minimum(keys[int(number)], energy, share, orbit=copies, state=state, visits=int(count))
    for saddle, (one, two) in found.joins.items():
        if one != two:
            point = found.points[saddle]
            joined = (keys[one], keys[two])
            yield Saddle(key_of(point), float(found.energy[saddle]), joined, index=1, state=state_of(point))
