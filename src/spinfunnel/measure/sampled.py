"""Which measures a sampled map answers, and how: `SAMPLED` by name.

- Shares of all states are shares of random quenches (see `coverage`).
- What is read off histograms has the error of independent replicas (see `histograms`).
- What rests on saddles is exact where local floods found every exit, else a bound.
- What counts all minima has an answer only where none is left to be seen.
- What the census alone decides rests on the mean and variance of all energies, which are exact, and on the lowest
  energy, which was found or not: independent replicas tell.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import (
    correlation,
    coverage,
    depth,
    folding,
    frustration,
    guided,
    kick_walks,
    kinetics,
    long_walks,
    motif,
    share,
    slope,
    stability,
    thermodynamics,
    valley,
)
from spinfunnel.measure.coverage import when_complete
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Topography

__all__ = ["SAMPLED", "ground_margin"]

Answer = Callable[[Topography], Measurement]

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


def of_ground(answer: Answer) -> Answer:
    """Read a measure of the lowest energy off a sampled map; its interval reaches to a ground state not found."""

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
        lower = answer(
            Topography(
                _with_lower_ground(graph, margin), temperature=topography.temperature,
                null_grounds=topography.null_grounds,
            )
        )  # fmt: skip
        if isinstance(found, NoAnswer) or isinstance(lower, NoAnswer):
            return found if isinstance(found, NoAnswer) else lower
        ends = (found.low, found.high, lower.value)
        return Estimate(found.value, min(ends), max(ends))

    return sampled


def _decoy_gap(topography: Topography) -> Measurement:
    found = jackknifed(slope.decoy_gap)(topography)
    if isinstance(found, NoAnswer) or coverage.complete(topography):
        return found
    return Estimate(found.value, 0.0, found.high)


def _of_one_native_state(answer: Answer) -> Answer:
    """Read a slope off shells around the native state, where that is one up to the global flip.

    Around several the shells overlap, and their sample of the way in between is too small for its interval: LABS of 14
    bits was put at 2.1 [1.4, 2.8] where a flood knows 6.3.
    """

    def sampled(topography: Topography) -> Measurement:
        graph = topography.graph
        copies = int((graph.plateau * graph.orbit)[graph.native].sum())
        if copies > 1 + ("global flip" in graph.symmetry):
            return NoAnswer(
                "several_native_states",
                f"{copies} states share the lowest energy known, and the shells around them were not sampled apart",
                "flood the landscape exactly, at a smaller size where this one does not fit in memory",
            )
        return answer(topography)

    return sampled


SAMPLED: Mapping[str, Answer] = {
    "minima": coverage.minima,
    "funnel_minima": when_complete(share.funnel_minima),
    "funnel_weight": coverage.funnel_weight,
    "followed_weight": coverage.followed_weight,
    "funnels": when_complete(share.funnels),
    "funnel_boltzmann": when_complete(share.funnel_boltzmann),
    "longest_chain": when_complete(share.longest_chain),
    "kick_weight": kick_walks.sampled_kick_weight,
    "sinks": kick_walks.sampled_sinks,
    "rival_weight": coverage.rival_weight,
    "sharpness": coverage.sharpness,
    "frustration": when_complete(frustration.frustration),
    "depth": when_complete(depth.depth),
    "relative_depth": partial(coverage.relative_depth, answer=depth.relative_depth),
    "difficulty": when_complete(depth.difficulty),
    "rival_valley": coverage.weighed(valley.rival_valley),
    "fitness_distance": jackknifed(correlation.fitness_distance),
    "autocorrelation": correlation.autocorrelation,
    "entropy": folding.entropy,
    "tf": of_ground(folding.tf),
    "tg": of_ground(folding.tg),
    "tf_tg": of_ground(folding.tf_tg),
    "tf_measured": jackknifed(thermodynamics.tf_measured, log=True),
    "tg_measured": jackknifed(thermodynamics.tg_measured, log=True),
    "tf_tg_measured": jackknifed(thermodynamics.measured_ratio, log=True),
    "heat_capacity_peak": jackknifed(thermodynamics.capacity_peak, log=True),
    "band_gap": of_ground(stability.band_gap),
    "stability_gap": of_ground(stability.stability_gap),
    "stability_z": of_ground(stability.stability_z),
    "native_depth": jackknifed(guided.native_depth),
    "funnel_slope": _of_one_native_state(jackknifed(slope.funnel_slope)),
    "decoy_gap": _decoy_gap,
    "levinthal": long_walks.levinthal,
    "folding_time": long_walks.folding_time,
    **{measure.name: when_complete(measure.answer) for group in (motif, kinetics) for measure in group.MEASURES},
}
"""How a measure is read off a sampled map; those not in here have no answer there."""
