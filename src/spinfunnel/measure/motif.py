"""The motif of the disconnectivity graph: palm tree, willow or banyan (definition 6).

The *stem* is every node of the merge tree with a native minimum below it. What hangs from it without a native minimum
is a *rival*. Palm tree: nearly all minima hang from the stem singly, on short branches. Willow: singly, on long
branches. Banyan: in large, deep rival subtrees. Wales, Miller, Walsh, Nature 394, 758 (1998) gave the pictures; the
numbers are this project's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.landscape.tree import subtree_weight
from spinfunnel.measure.connected_part import on_part
from spinfunnel.measure.coverage import when_complete
from spinfunnel.measure.outcome import Measure, Topography, exactly, no_path, single_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEASURES"]


@dataclass(frozen=True, slots=True, eq=False)
class _Motif:
    """Rivals: subtrees that hang from the stem. All arrays have a row for each node."""

    rival: NDArray[np.bool_]
    leaves: NDArray[np.float64]


def stem_share(topography: Topography) -> Measurement:
    """Share of the non-native minima that merge straight into the stem: their parent is on it; 0 to 1."""
    motif = _motif(topography)
    if isinstance(motif, NoAnswer):
        return motif
    graph = topography.graph
    return exactly(float(motif.rival[: graph.minima].sum() / (~graph.native).sum()))


def branch_length(topography: Topography) -> Measurement:
    """Mean barrier above a non-native minimum over the mean height of these minima above the ground energy.

    ``sum over non-native a of (E_parent(a) - E_a) / sum over non-native a of (E_a - E_0)``, E_parent(a) the energy at
    which the branch of a merges with another. A palm tree has short branches, a willow long ones.
    """
    motif = _motif(topography)
    if isinstance(motif, NoAnswer):
        return motif
    graph, tree = topography.graph, topography.tree
    others = np.flatnonzero(~graph.native)
    rise = tree.energy[tree.parent[others]] - graph.energy[others]
    return exactly(float(rise.sum() / (graph.energy[others] - graph.energy[0]).sum()))


def rival_size(topography: Topography) -> Measurement:
    """Share of all minima in the largest rival subtree, whatever the height at which it hangs from the stem."""
    motif = _motif(topography)
    if isinstance(motif, NoAnswer):
        return motif
    return exactly(float(motif.leaves[motif.rival].max() / topography.graph.minima))


def rival_depth(topography: Topography) -> Measurement:
    """Depth of the largest rival subtree: from its lowest minimum up to where it meets the stem.

    In the unit of the energy. Of several largest rivals the deepest counts.
    """
    motif = _motif(topography)
    if isinstance(motif, NoAnswer):
        return motif
    tree = topography.tree
    largest = np.flatnonzero(motif.rival & (motif.leaves == motif.leaves[motif.rival].max()))
    return exactly(float((tree.energy[tree.parent[largest]] - tree.energy[tree.lowest[largest]]).max()))


def _motif(topography: Topography) -> _Motif | NoAnswer:
    graph = topography.graph
    lonely = single_minimum(graph)
    if lonely is not None:
        return lonely
    tree = topography.tree
    if len(tree.roots) > 1:
        return no_path()
    stem = subtree_weight(tree, graph.native.astype(np.float64)) > 0.0
    rival = ~stem & stem[tree.parent]
    return _Motif(rival, subtree_weight(tree, np.ones(graph.minima)))


_SOURCE = "Wales, Miller, Walsh, Nature 394, 758 (1998)"

MEASURES = (
    Measure(
        "stem_share",
        "share of the other minima that merge straight into the native stem",
        _SOURCE,
        6,
        exact=stem_share,
        sampled=when_complete(stem_share),
        smooth=on_part(stem_share),
    ),
    Measure(
        "branch_length",
        "mean branch length over mean height of the other minima",
        _SOURCE,
        6,
        exact=branch_length,
        sampled=when_complete(branch_length),
        smooth=on_part(branch_length),
    ),
    Measure(
        "rival_size",
        "share of the minima in the largest subtree off the native stem",
        _SOURCE,
        6,
        exact=rival_size,
        sampled=when_complete(rival_size),
        smooth=on_part(rival_size),
    ),
    Measure(
        "rival_depth",
        "depth of the largest subtree off the native stem",
        _SOURCE,
        6,
        exact=rival_depth,
        sampled=when_complete(rival_depth),
        smooth=on_part(rival_depth),
    ),
)
