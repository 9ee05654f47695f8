"""A small network judged by all its stationary points."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

from spinfunnel.atlas import Atlas
from spinfunnel.landscape import BasinGraph, Minimum, Progress, Run, Saddle, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched
from spinfunnel.network.stationary_search import Stationary, stationary_points
from spinfunnel.pipeline.plan import describe
from spinfunnel.pipeline.study import Study
from spinfunnel.solutions.keeping import key_of
from spinfunnel.solutions.solution_measures import NATIVE_SHARE, share, topography
from spinfunnel.solutions.trained import judge_solutions
from spinfunnel.verdict.binary import Verdict
from spinfunnel.version import __version__

__all__ = ["judge_stationary", "stationary_graph"]


def stationary_graph(landscape: NetworkLandscape, found: Stationary, *, native_tolerance: float = 0.0) -> BasinGraph:
    """Minima with the share of random descents that end in each, and the saddles of index 1 between them.

    Saddles are verified stationary points and counted exact; that none is missing is only as sure as `found.unseen`
    says, so that the map as a whole counts as sampled. A saddle between copies of one minimum joins nothing and is
    left out.
    """
    with Atlas() as book:
        _keep(book, landscape, found, seed=0, seconds=0.0)
        return book.basin_graph(landscape.identity, native_tolerance=native_tolerance)


def judge_stationary(
    landscape: NetworkLandscape,
    *,
    starts: int = 600,
    seed: int = 0,
    atlas: Atlas | None = None,
    native_tolerance: float = 0.0,
    progress: Progress = no_progress,
) -> Study:
    """Map every stationary point of a small network, measure the map and judge it.

    Without the null of shuffled labels, which for problems this small are mostly easier ones, a landscape of more than
    one minimum is left undecided; what counts is the list of points.

    Parameters
    ----------
    landscape : NetworkLandscape
        Of at most `network.stationary.LARGEST` weights, with weight decay.
    starts : int
        Of each kind of search.
    seed : int
        Of the searches.
    atlas : Atlas, optional
        Where the map is kept.
    native_tolerance : float
        Minima within this of the lowest count as native.

    Raises
    ------
    InputError
        For a network that is too large, or without weight decay.
    """
    began = time.perf_counter()
    found = stationary_points(landscape, starts=starts, seed=seed, progress=progress)
    with nullcontext(atlas) if atlas is not None else Atlas() as book:
        run = _keep(book, landscape, found, seed=seed, seconds=time.perf_counter() - began)
        scale = max(_start_energy(landscape, seed=seed) - float(found.energy[0]), 1e-12)
        graph = book.basin_graph(landscape.identity, native_tolerance=max(native_tolerance, NATIVE_SHARE * scale))
    starts = int(found.visits[found.minima].sum())
    native = round(float(graph.weight[graph.native].sum()) * starts)
    measures: dict[str, Measurement] = {
        "distinct_solutions": Estimate.exactly(float(graph.minima)),
        "native_share": share(native, starts),
        **topography(graph, starts=starts, scale=scale),
    }
    verdict = judge_solutions(measures, starts=starts)
    if graph.minima > 1:
        counts = " and ".join(f"{number} of index {k}" for k, number in enumerate(np.bincount(found.index)))
        reason = (
            f"{counts} up to symmetry are all stationary points that {found.searches} searches found; whether they are "
            "a funnel takes the null of shuffled labels: --explorer training"
        )
        verdict = Verdict("undecided", verdict.evidence, reason)
    return Study(describe(landscape), run, graph, measures, {}, {}, verdict, details={"network": _told(found)})


def _start_energy(landscape: NetworkLandscape, *, seed: int) -> float:
    """Mean energy of 100 starts as training draws them."""
    network = Batched(landscape)
    return float(network.losses(torch.stack([network.fresh(1000 * seed + k) for k in range(100)])).mean())


def _told(found: Stationary) -> dict[str, Any]:
    """Every stationary point as plain numbers."""
    points = [
        {
            "energy": float(found.energy[number]),
            "index": int(found.index[number]),
            "gradient_norm": float(found.slope[number]),
            "copies": int(found.copies[number]),
            "searches": int(found.visits[number]),
            **({"joins": list(found.joins[number])} if number in found.joins else {}),
        }
        for number in range(len(found.energy))
    ]
    indices = np.bincount(found.index).tolist()
    return {"stationary_points": points, "points_of_index": indices, "chance_of_a_new_point": found.unseen}


def _keep(book: Atlas, landscape: NetworkLandscape, found: Stationary, *, seed: int, seconds: float) -> Run:
    number = book.begin(describe(landscape), explorer="stationary", options={}, seed=seed, version=__version__)
    book.add(number, list(_records(found)))
    run = Run("stationary", {}, seed, __version__, found.searches, seconds, "finished", False)
    book.finish(number, run)
    return run


def _records(found: Stationary) -> Iterator[Minimum | Saddle]:
    visits = found.visits[found.minima]
    total = max(int(visits.sum()), 1)
    keys = {int(number): key_of(found.points[number]) for number in found.minima}
    for number, count in zip(found.minima, visits, strict=True):
        share, copies = float(count) / total, int(found.copies[number])
        energy = float(found.energy[number])
        yield Minimum(keys[int(number)], energy, share, orbit=copies, visits=int(count))
    for saddle, (one, two) in found.joins.items():
        if one != two:
            key = key_of(found.points[saddle])
            yield Saddle(key, float(found.energy[saddle]), (keys[one], keys[two]), index=1)
