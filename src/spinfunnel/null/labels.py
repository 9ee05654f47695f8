"""The null of a network: the same network on the same inputs with the labels dealt at random."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from spinfunnel.landscape import BasinGraph, InputError, Landscape, Progress
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure import COMPARED, MEASURES, measure_all
from spinfunnel.network.solutions import Solutions

__all__ = ["SHUFFLED_LABELS", "MapNull", "compared", "label_nulls"]

SHUFFLED_LABELS = "shuffled_labels"
FEWEST = 2
"""Draws below which there is no spread to compare with."""


class MapNull(Protocol):
    """Explores a null as the landscape itself was explored; None where that cannot be."""

    def __call__(  # noqa: D102 - documented on the class
        self, landscape: Landscape, *, options: Mapping[str, Any], seed: int, until: float, progress: Progress
    ) -> BasinGraph | None: ...


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


def compared(graph: BasinGraph, nulls: list[BasinGraph]) -> tuple[list[dict[str, Measurement]], dict[str, Measurement]]:
    """Measures of each null, and those of the map itself that compare with them."""
    names = [name for name, measure in MEASURES.items() if measure.trained is not None and name not in COMPARED]
    rows = [measure_all(one, names=names) for one in nulls]
    own = {name: MEASURES[name] for name in COMPARED if MEASURES[name].trained is not None}
    return rows, measure_all(graph, names=own, null_maps=nulls)
