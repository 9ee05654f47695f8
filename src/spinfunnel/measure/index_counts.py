"""Index of stationary points against their energy (definition 15)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.outcome import Measure, Topography, exactly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spinfunnel.landscape import BasinGraph

__all__ = ["MEASURES", "concordance", "points_by_index"]


def points_by_index(graph: BasinGraph) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Index and energy of every stationary point of a smooth map, minima first."""
    saddles = np.ones(graph.saddles, np.int64) if graph.saddle_index is None else graph.saddle_index
    index = np.concatenate([np.zeros(graph.minima, np.int64), saddles])
    return index, np.concatenate([graph.energy, graph.saddle_energy])


def concordance(index: NDArray[Any], energy: NDArray[np.float64]) -> float:
    """Share of pairs of different index in which the higher index has the higher energy; NaN without such a pair.

    Examples
    --------
    >>> concordance(np.array([0, 1, 2]), np.array([-2.0, -1.0, -1.5]))
    0.6666666666666666
    """
    groups = [np.sort(energy[index == value]) for value in np.unique(index)]
    above = pairs = 0
    for low, high in itertools.combinations(groups, 2):
        above += int(np.searchsorted(low, high).sum())
        pairs += len(low) * len(high)
    return above / pairs if pairs else float("nan")


def index_order(topography: Topography) -> Measurement:
    """Share of pairs of stationary points of different index in which that of the higher index has the higher energy.

    1 where the energy tells the index, 1/2 where it says nothing. Of the points that were found.
    """
    graph = topography.graph
    if graph.saddles == 0:
        return NoAnswer("one_index", "no saddle is known", "explore by climbing, or --explorer stationary")
    return exactly(concordance(*points_by_index(graph)))


MEASURES = (
    Measure(
        "index_order",
        "share of pairs of stationary points whose energies are in the order of their indices",
        "Dauphin et al., NeurIPS 27, 2933 (2014); Auffinger, Ben Arous, Cerny, Commun. Pure Appl. Math. 66, 165 (2013)",
        15,
        smooth=index_order,
    ),
)
