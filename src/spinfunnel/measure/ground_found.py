"""Measures of the lowest energy of a sampled map: what they are worth where it may not be the ground energy.

Whether the lowest energy was found is told by independent replicas.
"""

from __future__ import annotations

import dataclasses
import math
from functools import wraps

import numpy as np

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import Answer, Topography

__all__ = ["ground_margin", "of_ground", "of_one_native_state"]

ENOUGH = 2
"""Independent replicas that reach the lowest energy known, from which on it counts as found."""


def ground_margin(graph: BasinGraph) -> float:
    """How far the ground energy may lie below the lowest energy known: the scatter of what replicas reached.

    0 where at least `ENOUGH` independent replicas reached the lowest energy. Otherwise the mean height of what each
    reached above it, which is an estimate and no bound.
    """
    lowest: dict[int, float] = {}
    for tally in graph.tallies:
        if tally.quantity == "energy":
            lowest[tally.replica] = min(lowest.get(tally.replica, math.inf), *tally.lowest)
    if len(lowest) < ENOUGH:
        return math.inf
    reached = np.sort(list(lowest.values())) - float(graph.energy[0])
    near = 1e-5 * max(float(np.ptp(graph.energy)), abs(float(graph.energy[0])), 1e-300)
    return 0.0 if int((reached <= near).sum()) >= ENOUGH else float(np.maximum(reached, 0.0).mean())


def _with_lower_ground(graph: BasinGraph, margin: float) -> BasinGraph:
    assert graph.census is not None  # noqa: S101 - the caller saw it
    census = dataclasses.replace(graph.census, ground_energy=graph.census.ground_energy - margin)
    energy = graph.energy.copy()
    energy[0] -= margin
    return dataclasses.replace(graph, census=census, energy=energy)


def _lowered(topography: Topography) -> Topography:
    graph = topography.graph
    return topography.on_graph(_with_lower_ground(graph, ground_margin(graph)))


def of_ground(answer: Answer) -> Answer:
    """Read a measure of the lowest energy off a sampled map; its interval reaches to a ground state not found."""

    @wraps(answer)
    def sampled(topography: Topography) -> Measurement:
        graph = topography.graph
        found = answer(topography)
        margin = ground_margin(graph)
        if margin == 0.0 or graph.census is None:
            return found
        if math.isinf(margin):
            return NoAnswer(
                "ground_unknown",
                "no independent replicas say whether the lowest energy seen is the ground energy",
                "explore the landscape into the same atlas as well: --explorer tempering",
            )
        lower = answer(topography.shared(_lowered))
        if isinstance(found, NoAnswer) or isinstance(lower, NoAnswer):
            return found if isinstance(found, NoAnswer) else lower
        ends = (found.low, found.high, lower.value)
        return Estimate(found.value, min(ends), max(ends))

    return sampled


def of_one_native_state(answer: Answer) -> Answer:
    """Read a slope off shells around the native state, where that is one up to the global flip.

    Around several the shells overlap, and their sample of the way in between is too small for its interval: LABS of 14
    bits was put at 2.1 [1.4, 2.8] where a flood knows 6.3.
    """

    @wraps(answer)
    def sampled(topography: Topography) -> Measurement:
        graph = topography.graph
        copies = int((graph.plateau * graph.orbit)[graph.chief])
        if copies > 1 + ("global flip" in graph.symmetry):
            return NoAnswer(
                "several_native_states",
                f"the lowest minimum has {copies} states, and the shells around them were not sampled apart",
                "flood the landscape exactly, at a smaller size where this one does not fit in memory",
            )
        return answer(topography)

    return sampled
