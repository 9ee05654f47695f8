"""The part of a smooth map that saddles join to its lowest minimum, and shares of the searches that ended there.

A smooth map holds minima and saddles that were found, each proven; its saddles are true, but others may be missing, so
that barriers are upper bounds. Minima to which no path is known from the lowest one are left out, and their share of
random descents is a measure of its own. Of a chain explored by `joining` the descents are from the coldest replicas of
its dynamics instead: random chains end as coils that a folded one is never in.

Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

import dataclasses
import math
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.basin_graph import taken
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import Answer, Measure, Topography, exactly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spinfunnel.landscape import BasinGraph

__all__ = ["MEASURES", "connected_part", "of_descents", "on_part"]

FEW_WEIGHTS = 3
"""Weights from which on the number of descents is told from them."""
MOST_COUNTED = 1000
"""Descents into the minimum of least weight up to which the number of all of them is told from the weights."""


def connected_part(graph: BasinGraph) -> BasinGraph:
    """Return the minima that a path of saddles joins to the lowest one, and the saddles between them."""
    hub, spoke, _ = graph.direct_edges()
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    m = graph.minima
    label = connected_components(coo_matrix((np.ones(len(hub)), (hub, spoke)), shape=(m, m)), directed=False)[1]
    inside = label == label[0]
    if bool(inside.all()):
        return graph
    number = np.cumsum(inside) - 1
    first = graph.saddle_minima[graph.saddle_offsets[:-1]]
    kept = inside[first]
    size = np.diff(graph.saddle_offsets)
    return dataclasses.replace(
        graph,
        **{name: getattr(graph, name)[inside] for name in ("key", "energy", "weight", "plateau", "orbit", "visits")},
        log_volume=taken(graph.log_volume, inside),
        lid=taken(graph.lid, inside),
        saddle_key=graph.saddle_key[kept],
        saddle_energy=graph.saddle_energy[kept],
        saddle_exact=graph.saddle_exact[kept],
        saddle_offsets=np.concatenate([[0], np.cumsum(size[kept])]),
        saddle_minima=number[graph.saddle_minima[np.repeat(kept, size)]],
        saddle_log_volume=taken(graph.saddle_log_volume, kept),
        saddle_index=taken(graph.saddle_index, kept),
    )


def _part(topography: Topography) -> Topography:
    graph = connected_part(topography.graph)
    if graph is topography.graph:
        return topography
    return topography.on_graph(graph)


def on_part(answer: Answer) -> Answer:
    """Read a measure off the connected part of a smooth map alone."""

    @wraps(answer)
    def smooth(topography: Topography) -> Measurement:
        return answer(topography.shared(_part))

    return smooth


def of_descents(answer: Answer, *, or_else: bool = False) -> Answer:
    """Read a share of random descents, with the interval that their number allows (Wilson, 95 %).

    Where there were none there is no answer, or what was read as it is.
    """

    @wraps(answer)
    def measured(topography: Topography) -> Measurement:
        weight = topography.graph.weight
        if not or_else and (weight > 0.0).any() and not (topography.shared(_part).graph.weight > 0.0).any():
            return NoAnswer(
                "no_path", "no descent ends in a minimum with a known path to the lowest", "explore further"
            )
        found = answer(topography)
        if isinstance(found, NoAnswer):
            return found
        if not (weight > 0.0).any():
            return (
                found
                if or_else
                else NoAnswer("no_descents", "no random state was quenched", "explore the landscape by climbing")
            )
        descents = _descents(weight[weight > 0.0])
        if np.count_nonzero(weight) < FEW_WEIGHTS:
            # Halves and wholes do not tell of how many; each minimum was met at least by its descents.
            met = weight > 0.0
            descents = max(descents, float((topography.graph.visits[met] / weight[met]).min()))
        p, z = found.value, 1.96
        middle = (p + z * z / (2 * descents)) / (1 + z * z / descents)
        half = z * math.sqrt(p * (1 - p) / descents + z * z / (4 * descents**2)) / (1 + z * z / descents)
        return Estimate(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))

    return measured


def _descents(weight: NDArray[np.float64]) -> float:
    """Least number of descents of which all weights are shares.

    Examples
    --------
    >>> _descents(np.array([0.4, 0.4, 0.2])), _descents(np.array([1.0])), _descents(np.array([0.3, 0.7]))
    (5.0, 1.0, 10.0)
    """
    least = float(weight.min())
    counts = np.arange(1, MOST_COUNTED + 1)
    shared = np.abs(np.outer(counts / least, weight) - np.round(np.outer(counts / least, weight))).max(axis=1) < 1e-6
    # Weights that are no shares of a whole number are read as if the least were that of one descent.
    return float(counts[int(shared.argmax())] / least)


def fewest_visits(topography: Topography) -> Measurement:
    """Fewest searches that ended in one of the minima: random descents, and climbs that began elsewhere."""
    return exactly(float(topography.graph.visits.min()))


def connected_share(topography: Topography) -> Measurement:
    """Share of random descents that end in a minimum with a known path to the lowest, 0 to 1.

    Of the minima themselves where there were no descents: databases of other programs keep none.
    """
    graph = topography.graph
    inside = np.isin(graph.key, topography.shared(_part).graph.key)
    if not (graph.weight > 0.0).any():
        return exactly(float(inside.mean()))
    return exactly(float(min(graph.weight[inside].sum() / max(graph.weight.sum(), 1e-300), 1.0)))


_RIVALS = "this project, after Wales, Miller, Walsh, Nature 394, 758 (1998); Catoni, Ann. Probab. 20, 1109 (1992)"

MEASURES = (
    Measure(
        "fewest_visits",
        "fewest searches that ended in one of the minima",
        "Good, Biometrika 40, 237 (1953)",
        6,
        smooth=fewest_visits,
    ),
    Measure(
        "connected_share",
        "share of random descents into the mapped funnels",
        _RIVALS,
        6,
        smooth=of_descents(connected_share, or_else=True),
    ),
)
