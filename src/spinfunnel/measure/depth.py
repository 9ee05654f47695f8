"""Depth and difficulty of annealing (definition 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.tree import escape_barriers
from spinfunnel.measure import solution_measures as solutions
from spinfunnel.measure.connected_part import on_part
from spinfunnel.measure.coverage import complete, too_little, when_complete
from spinfunnel.measure.outcome import Measure, Topography, energy_scale, exactly, no_path, single_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEASURES"]


def depth(topography: Topography) -> Measurement:
    """Deepest trap: ``max over non-native minima x of D(x)``, in the unit of the energy.

    ``D(x) = min over y with E(y) < E(x) of S(x, y) - E(x)``. Annealing with T(k) = c / ln k finds the ground state
    if and only if c is at least the depth: Hajek, Math. Oper. Res. 13, 311 (1988).
    """
    barrier = _barriers(topography)
    return barrier if isinstance(barrier, NoAnswer) else exactly(float(barrier.max()))


def relative_depth(topography: Topography) -> Measurement:
    """Depth in units of (mean energy of a random state - ground energy), the unit of the funnel profile."""
    barrier, scale = _barriers(topography), energy_scale(topography.graph)
    if isinstance(barrier, NoAnswer):
        return barrier
    return scale if isinstance(scale, NoAnswer) else exactly(float(barrier.max()) / scale)


def sampled_depth(topography: Topography) -> Measurement:
    """Read a depth off a sampled map: at most that of its saddles, at least what the water says around each minimum."""
    if complete(topography):
        return relative_depth(topography)
    most = relative_depth(topography)
    graph = topography.graph
    if isinstance(most, NoAnswer) or graph.lid is None:
        return most if isinstance(most, NoAnswer) else too_little(topography, what="depths need exits")
    scale = energy_scale(graph)
    if isinstance(scale, NoAnswer):
        return scale
    least = float((graph.lid - graph.energy)[~graph.native].max(initial=0.0)) / scale
    return Estimate(most.value, min(least, most.value), most.value)


def difficulty(topography: Topography) -> Measurement:
    """Difficulty of annealing: ``max over non-native minima x of D(x) / (E(x) - E_0)``, a pure number.

    It sets how fast the best finite schedule converges: Catoni, Ann. Probab. 20, 1109 (1992).
    """
    barrier, graph = _barriers(topography), topography.graph
    if isinstance(barrier, NoAnswer):
        return barrier
    return exactly(float((barrier / (graph.energy[~graph.native] - graph.energy[0])).max()))


def _barriers(topography: Topography) -> NDArray[np.float64] | NoAnswer:
    """Escape barriers of the non-native minima."""
    graph = topography.graph
    lonely = single_minimum(graph)
    if lonely is not None:
        return lonely
    barrier = escape_barriers(topography.tree)[~graph.native]
    return barrier if bool(np.isfinite(barrier).all()) else no_path()


_HAJEK = "Hajek, Math. Oper. Res. 13, 311 (1988)"

MEASURES = (
    Measure(
        "depth",
        "largest barrier from a non-native minimum to anything lower",
        _HAJEK,
        5,
        exact=depth,
        sampled=when_complete(depth),
        smooth=on_part(depth),
    ),
    Measure(
        "relative_depth",
        "depth over (mean energy - ground energy)",
        _HAJEK,
        5,
        exact=relative_depth,
        sampled=sampled_depth,
        trained=solutions.relative_depth,
    ),
    Measure(
        "difficulty",
        "largest barrier over height above the ground energy",
        "Catoni, Ann. Probab. 20, 1109 (1992)",
        5,
        exact=difficulty,
        sampled=when_complete(difficulty),
        smooth=on_part(difficulty),
    ),
)
