"""How energies of states are correlated with their places (definition 7)."""

from __future__ import annotations

import math

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Measure, Topography, census_of, exactly, overlap_tally

__all__ = ["MEASURES"]


def fitness_distance(topography: Topography) -> Measurement:
    """Correlation, over all states, of energy and distance to the nearest native state; -1 to 1, 1 is the ideal guide.

    Jones and Forrest's fitness-distance correlation with the energy as fitness. The distance ``N (1 - Q) / 2`` is
    linear in the overlap Q, so the histogram of Q with the mean and the spread of the energy in its bins gives it
    without loss.

    Jones, Forrest, Proc. 6th Int. Conf. Genetic Algorithms, 184 (1995).
    """
    tally = overlap_tally(topography.graph)
    if isinstance(tally, NoAnswer):
        return tally
    share = np.array(tally.count) / sum(tally.count)
    distance, energy = -np.array(tally.position), np.array(tally.mean)
    distance = distance - share @ distance
    energy = energy - share @ energy
    variance = share @ (energy**2 + np.array(tally.spread) ** 2)
    reach = share @ distance**2
    scale = max(float(np.abs(tally.mean).max()), 1e-300)
    if reach <= 1e-24 or variance <= (1e-12 * scale) ** 2:
        return _flat()
    value = float(share @ (distance * energy)) / math.sqrt(variance * reach)
    return exactly(min(1.0, max(-1.0, value)))


def autocorrelation(topography: Topography) -> Measurement:
    """Correlation of the energies of a random state and a random neighbour.

    The first step of a random walk's autocorrelation: 1 - 2p/N for interactions of p spins, 1 - 4/N for
    Sherrington-Kirkpatrick, about 0 for the random energy model.

    Weinberger, Biol. Cybern. 63, 325 (1990).
    """
    census = census_of(topography.graph)
    if isinstance(census, NoAnswer):
        return census
    return _flat() if census.autocorrelation is None else exactly(census.autocorrelation)


def _flat() -> NoAnswer:
    return NoAnswer(
        "flat",
        "all energies, or all distances to the native state, are equal",
        "nothing to do: there is nothing to correlate",
    )


MEASURES = (
    Measure(
        "fitness_distance",
        "correlation of energy and distance to the native state",
        "Jones, Forrest, Proc. 6th Int. Conf. Genetic Algorithms, 184 (1995)",
        7,
        exact=fitness_distance,
        sampled=jackknifed(fitness_distance),
    ),
    Measure(
        "autocorrelation",
        "correlation of the energies of neighbours",
        "Weinberger, Biol. Cybern. 63, 325 (1990)",
        7,
        exact=autocorrelation,
        sampled=autocorrelation,
    ),
)
