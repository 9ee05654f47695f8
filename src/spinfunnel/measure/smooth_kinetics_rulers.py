"""Does a smooth map lead to its lowest minimum? Its passage times between those of two nulls made of the map itself.

*Guidance*: ``(ln t_shuffled - ln t) / (ln t_shuffled - ln t_sorted)``, t the mean passage time to the lowest minimum.
The nulls have the same graph and the same minima. Shuffled, the minima are dealt at random over the nodes: no
topography, 0. Sorted, they are dealt in order of energy by the distance from the lowest one, in saddles or in heights,
whichever is slower: the perfect funnel with these minima, 1. A saddle keeps its height above its higher end (see
`smooth_kinetics.dealt`). *Room* is the denominator: where it is small no arrangement of these energies leads anywhere.
Guidance is the lesser of two: from the minimum of a random descent, and from equilibrium elsewhere.

*Bottoms*: where the map does not lead to one minimum it may lead to one of a few. Of the minima that are not bottoms
yet, the one where most is kept waiting, ``Z_i t_i``, is the next one; the nulls are then those of all bottoms together.
A landscape of k funnels has k bottoms, a glass has no few.

Temperature: where the lowest minimum holds half of the weight in the harmonic superposition; where there is no such
temperature, that of the heat capacity's peak; or the user's own.

This project, after Wales, Energy Landscapes (Cambridge, 2003), ch. 7, and Bryngelson, Onuchic, Socci, Wolynes, Proteins
21, 167 (1995).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import superposition
from spinfunnel.measure.outcome import Topography, exactly
from spinfunnel.measure.smooth_kinetics import (
    SmoothKinetics,
    dealt,
    heights_to,
    log_mean,
    log_passage_times,
    log_residence_times,
    smooth_kinetics,
    steps_to,
    volumes_known,
)

__all__ = ["LEADS", "MOST_BOTTOMS", "Ruler", "funnel_bottoms", "melting_temperature", "rulers", "start_weights"]

Floats = NDArray[np.float64]
Pair: TypeAlias = tuple[float, float]
Ints = NDArray[np.int64]

LEADS = 0.75
"""Guidance from which on a map leads to its bottoms: no more of them are sought."""
MOST_BOTTOMS = 6
"""Bottoms up to which they are few."""
SHUFFLES, FEWER_SHUFFLES, MANY_MINIMA = 8, 3, 500
"""Shuffled maps that are solved for one bottom, and for more or of larger maps."""
COLD = 200.0
"""Lowest gap over temperature at which melting is looked for."""
LEAST_ROOM = 1.0
"""Room below which it is no ruler: the best arrangement is not even e times faster than a random one."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A map's passage times to some bottoms, beside those of its nulls.

    Times are natural logarithms, over the typical time for which a minimum is stayed in. They come in pairs: from the
    minimum of a random descent, and from equilibrium outside of the bottoms.

    Attributes
    ----------
    bottoms : tuple of int
        Minima that are to be reached.
    own, sorted_null : pair of float
    shuffled_nulls : tuple of pair of float
    """

    bottoms: tuple[int, ...]
    own: Pair
    sorted_null: Pair
    shuffled_nulls: tuple[Pair, ...]

    @property
    def room(self) -> float:
        """Logarithm of the shuffled over the sorted time, from random descents."""
        return self._room(0)

    def _room(self, start: int) -> float:
        return float(np.mean([null[start] for null in self.shuffled_nulls])) - self.sorted_null[start]

    @property
    def guidance(self) -> Measurement:
        """Guidance with the interval that the number of shuffled maps allows (95 %)."""
        if self.room < LEAST_ROOM:
            return NoAnswer(
                "no_room",
                f"the best arrangement of these energies is exp({self.room:.2g}) times as fast as a random one",
                "nothing to do: these energies lead nowhere in any order",
            )
        starts = [start for start in (0, 1) if self._room(start) >= LEAST_ROOM]
        return min((self._from(start) for start in starts), key=lambda found: found.value)

    def _from(self, start: int) -> Estimate:
        from scipy.special import stdtrit

        times = np.array([null[start] for null in self.shuffled_nulls])
        middle, best = float(times.mean()), self.sorted_null[start]
        half = float(times.std(ddof=1) / math.sqrt(len(times)) * stdtrit(len(times) - 1, 0.975))
        ends = [max(middle + sign * half, best + LEAST_ROOM) for sign in (-1.0, 0.0, 1.0)]
        low, value, high = ((end - self.own[start]) / (end - best) for end in ends)
        return Estimate(value, min(low, value, high), max(low, value, high))


def start_weights(graph: BasinGraph) -> Floats:
    """Shares of the random descents, or equal ones where there were none."""
    total = float(graph.weight.sum())
    return np.asarray(graph.weight / total) if total > 0.0 else np.full(graph.minima, 1.0 / graph.minima)


def melting_temperature(topography: Topography) -> float | NoAnswer:
    """Temperature at which kinetics are read (see the module's head).

    Minima whose energies equal the lowest within `superposition.rounding_floor` melt together.
    """
    if topography.given_temperature is not None:
        return float(topography.given_temperature)
    graph = topography.graph
    known = graph if volumes_known(graph) else dataclasses.replace(graph, log_volume=np.zeros(graph.minima))
    lowest = superposition.levels(graph) <= graph.native_tolerance
    if not bool(lowest.all()):
        above = superposition.levels(graph)
        # Where the next level is far above T the lowest holds all, whatever the volumes are.
        low, high = float(above[~lowest].min()) / COLD, float(superposition.temperatures(known)[-1])

        def held(temperature: float) -> float:
            return float(superposition.shares(known, np.array([temperature]))[0, lowest].sum())

        if held(high) < superposition.HALF < held(low):
            for _ in range(60):
                middle = math.sqrt(low * high)
                low, high = (middle, high) if held(middle) > superposition.HALF else (low, middle)
            return high
        peak = superposition.superposition_peak(Topography(known))
        if isinstance(peak, Estimate):
            return peak.value
    return NoAnswer(
        "no_melting", "no temperature is known at which the lowest minimum melts", "give one: --temperature"
    )


def typical_residence(kinetics: SmoothKinetics, weight: Floats) -> float:
    """Logarithm of the typical time for which a minimum is stayed in: the median over random descents."""
    stay = log_residence_times(kinetics)
    order = np.argsort(stay, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum()))
    return float(stay[order][min(place, len(order) - 1)])


def rulers(topography: Topography) -> tuple[Ruler, ...] | NoAnswer:
    """Rulers of one bottom, and of more until the map leads to them, they are too many, or no ruler is left.

    The map must be connected. Of the nulls the seed is the topography's.
    """
    graph = topography.graph
    temperature = melting_temperature(topography)
    if isinstance(temperature, NoAnswer):
        return temperature
    if graph.minima < 3:
        return NoAnswer("few_minima", "two minima can be arranged in one way only", "nothing to do")
    kinetics = smooth_kinetics(graph, temperature=temperature)
    unit = typical_residence(kinetics, start_weights(graph))
    generator = np.random.default_rng(np.random.SeedSequence(topography.seed, spawn_key=(17,)))
    deals = [generator.permutation(graph.minima) for _ in range(SHUFFLES)]
    identity = np.arange(graph.minima)
    bottoms, found = [0], []
    while len(bottoms) <= MOST_BOTTOMS and len(bottoms) < graph.minima:
        target = np.array(bottoms)
        distances = (steps_to(graph, target), heights_to(graph, target))
        count = SHUFFLES if graph.minima <= MANY_MINIMA and len(bottoms) == 1 else FEWER_SHUFFLES
        every = [identity, *(_sorted(target, distance) for distance in distances), *deals[:count]]
        times = [_times(graph, deal, target, temperature=temperature, unit=unit) for deal in every]
        solved = [time for time in times if time is not None]
        if len(solved) < len(times):
            return NoAnswer(
                "too_many_paths",
                f"{graph.minima} minima are joined by too many saddles to solve for their kinetics",
                "measure a part of the map, or one of a smaller size",
            )
        own, by_steps, by_heights, *shuffled = solved
        best = max(by_steps[0], by_heights[0]), max(by_steps[1], by_heights[1])
        found.append(Ruler(tuple(bottoms), own, best, tuple(shuffled)))
        answer = found[-1].guidance
        if not isinstance(answer, Estimate) or answer.value >= LEADS:
            break
        own_times = log_passage_times(kinetics, target)
        assert own_times is not None  # noqa: S101 - it was solved above
        waiting = kinetics.log_weight + own_times
        waiting[target] = -np.inf
        bottoms.append(int(waiting.argmax()))
    return tuple(found)


def _sorted(target: Ints, distance: NDArray[np.float64]) -> Ints:
    """Which minimum comes to each node when they are dealt by the distance from the bottoms."""
    deal = np.empty(len(distance), np.int64)
    rest = np.setdiff1d(np.arange(len(distance)), target)
    deal[target] = target
    deal[rest[np.lexsort((rest, distance[rest]))]] = rest
    return deal


def _times(graph: BasinGraph, deal: Ints, target: Ints, *, temperature: float, unit: float) -> Pair | None:
    """Passage times to the same minima when they are dealt to the nodes, from both starts."""
    other = dealt(graph, deal)
    holds = deal[np.argsort(graph.energy[deal], kind="stable")]
    kinetics = smooth_kinetics(other, temperature=temperature)
    place = np.flatnonzero(np.isin(holds, target))
    times = log_passage_times(kinetics, place)
    if times is None:
        return None
    outside = np.delete(np.arange(other.minima), place)
    held = kinetics.log_weight[outside]
    from_equilibrium = log_mean(times[outside], np.exp(held - held.max()))
    return log_mean(times, start_weights(other)) - unit, from_equilibrium - unit


def funnel_bottoms(found: tuple[Ruler, ...]) -> Measurement:
    """Fewest bottoms to which a map leads; the outcome ``many_bottoms`` where it leads to no few."""
    last = found[-1].guidance
    if isinstance(last, Estimate) and last.value >= LEADS:
        return exactly(float(len(found[-1].bottoms)))
    if isinstance(last, NoAnswer) and len(found) == 1:
        return last
    return NoAnswer(
        "many_bottoms",
        f"the map leads to no {len(found[-1].bottoms)} of its minima",
        "nothing to do: it has many funnels, or none",
    )
