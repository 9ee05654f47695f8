"""The rival valley: how many states drain into another deep valley than that of the native state (definition 6).

A valley is a subtree of the merge tree: a superbasin just below the height at which it joins another. Its depth is how
far its lowest minimum lies below that height, in units of the mean gap (mean energy of a random state - ground energy).
Unlike the funnels of lowest exits, valleys see a rival that leads to the native state over a high pass only - with two
minima there is always one funnel - and one that is itself native: two stored patterns of one energy.

Wales, Miller, Walsh, Nature 394, 758 (1998), for the picture; Edelsbrunner, Letscher, Zomorodian, Discrete Comput.
Geom. 28, 511 (2002), for the depth, which they call persistence.
"""

from __future__ import annotations

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.landscape.tree import subtree_weight
from spinfunnel.measure.coverage import weighed
from spinfunnel.measure.outcome import Measure, Topography, energy_scale, exactly, no_path

__all__ = ["DEEP", "MEASURES"]

DEEP = 0.18
"""Depth from which a valley counts, in units of the mean gap.

On labelled landscapes of 16 to 24 bits the valleys beside the native one of funnels reach 0.15, those of two stored
patterns or two planted states lie between 0.18 and 0.5.
"""


def rival_valley(topography: Topography) -> Measurement:
    """Share of all states in the largest deep valley without the chief native minimum; 0 where there is none.

    The chief native minimum is the lowest one with the largest basin; a valley is deep from `DEEP` mean gaps on.
    """
    graph, scale = topography.graph, energy_scale(topography.graph)
    if isinstance(scale, NoAnswer):
        return scale
    tree = topography.tree
    if len(tree.roots) > 1:
        return no_path()
    chief = np.zeros(graph.minima)
    chief[graph.chief] = 1.0
    away = np.flatnonzero((subtree_weight(tree, chief) == 0.0) & (tree.parent >= 0))
    depth = tree.energy[tree.parent[away]] - graph.energy[tree.lowest[away]]
    share = subtree_weight(tree, graph.weight)[away] / graph.weight.sum()
    return exactly(float(share[depth >= DEEP * scale].max(initial=0.0)))


MEASURES = (
    Measure(
        "rival_valley",
        f"share of all states in the largest other valley that is {DEEP:g} of the mean gap deep",
        "this project, after Wales, Miller, Walsh, Nature 394, 758 (1998)",
        6,
        exact=rival_valley,
        sampled=weighed(rival_valley),
    ),
)
