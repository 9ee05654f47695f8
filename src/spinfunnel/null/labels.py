"""The null of a network: the same network on the same inputs with the labels dealt at random."""

from __future__ import annotations

import time
from typing import Any

from spinfunnel.landscape import BasinGraph, InputError, Landscape, Progress
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import COMPARED, MEASURES, Measures, measure_all
from spinfunnel.network.solutions import Solutions
from spinfunnel.null.ensemble import over_ensemble
from spinfunnel.null.row import Asked, Found, MapNull, Null

__all__ = ["SHUFFLED_LABELS", "compared", "label_nulls"]

FEWEST = 2
"""Draws below which there is no spread to compare with."""


def _trained(asked: Asked) -> Found:
    if asked.map_of is None:
        return Found({})
    maps, refusal = label_nulls(
        asked.landscape,
        asked.graph,
        count=asked.count,
        seed=asked.seed,
        map_of=asked.map_of,
        progress=asked.progress,
        deadline=asked.deadline,
    )
    if refusal is not None:
        return Found({}, 0, {name: refusal for name in COMPARED if MEASURES[name].trained is not None})
    rows, own = compared(asked.graph, maps)
    names = dict.fromkeys(name for row in rows for name in row)
    return Found({name: over_ensemble([row[name] for row in rows]) for name in names}, len(maps), own)


def label_nulls(
    landscape: Landscape | None,
    graph: BasinGraph,
    *,
    count: int,
    seed: int,
    map_of: MapNull,
    progress: Progress,
    deadline: float,
) -> tuple[list[BasinGraph], NoAnswer | None]:
    """Maps of a network on shuffled labels, trained as long as the network itself, or the reason why there are none.

    Parameters
    ----------
    landscape : Landscape or None
    graph : BasinGraph
        Map of the network's own trainings.
    count : int
        Draws of labels; 0 takes as many as suit the cost of the network.
    seed : int
    map_of : callable
    progress : callable
    deadline : float
        Reading of `time.perf_counter` by which the nulls are over.
    """
    found = Solutions.of(graph)
    refusal = _refusal(landscape, found)
    if refusal is not None or landscape is None or found is None:
        return [], refusal
    shuffle: Any = landscape
    draws, starts = count or found.null[0], found.null[1]
    made: list[BasinGraph] = []
    for draw in range(draws):
        now = time.perf_counter()
        if now > deadline and draw >= FEWEST:
            break
        one = map_of(
            shuffle.shuffled_labels(1000 * seed + draw),
            options={"networks": starts, "rounds": found.rounds},
            seed=seed + draw + 1,
            until=now + max(deadline - now, 0.0) / (draws - draw),
            progress=lambda stage, done, draw=draw: progress(f"shuffled labels: {stage}", (draw + done) / draws),  # type: ignore[misc]
        )
        if one is None:
            return [], NoAnswer(
                "no_null", "the atlas holds no trainings on shuffled labels", "judge the network itself with this atlas"
            )
        made.append(one)
    return made, None


def _refusal(landscape: Landscape | None, found: Solutions | None) -> NoAnswer | None:
    """Why there is no null of shuffled labels, or None where there is one."""
    if found is None:
        return NoAnswer(
            "no_null", "the map holds no trainings that could be repeated on shuffled labels", "map it by training"
        )
    if landscape is None:
        return NoAnswer("no_energies", "the network itself is not known here, only its map", "judge the network itself")
    try:
        landscape.shuffled_labels(0)  # type: ignore[union-attr]
    except InputError as problem:
        return NoAnswer("no_labels", str(problem), "read it without a null")
    return None


def compared(graph: BasinGraph, nulls: list[BasinGraph]) -> tuple[list[Measures], Measures]:
    """Measures of each null, and those of the map itself that compare with them."""
    names = [name for name, measure in MEASURES.items() if measure.trained is not None and name not in COMPARED]
    rows = [measure_all(one, names=names) for one in nulls]
    own = {name: MEASURES[name] for name in COMPARED if MEASURES[name].trained is not None}
    return rows, measure_all(graph, names=own, null_maps=nulls)


SHUFFLED_LABELS = Null(
    "shuffled_labels",
    "the same network on the same inputs with shuffled labels, trained as long",
    "Zhang, Bengio, Hardt, Recht, Vinyals, ICLR (2017)",
    trained=_trained,
)
