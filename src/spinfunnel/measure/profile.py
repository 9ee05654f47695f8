"""The funnel profile W(eps) and the area above it (definition 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import solution_measures as solutions
from spinfunnel.measure.coverage import coverage, reached
from spinfunnel.measure.outcome import Measure, Topography, energy_scale, exactly

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEASURES", "FunnelProfile", "bottoms_height", "funnel_profile"]


@dataclass(frozen=True, slots=True, eq=False)
class FunnelProfile:
    """Step function W(eps): ``weight[k]`` from ``eps[k]`` up to ``eps[k + 1]``.

    Attributes
    ----------
    eps : array of float64, shape (k,)
        Heights of funnel bottoms above the ground energy, in units of (mean energy of a random state - ground energy);
        ascending, the first is 0.
    weight : array of float64, shape (k,)
        Share of all states that drain into a funnel whose bottom is no higher; the last is 1.
    """

    eps: NDArray[np.float64]
    weight: NDArray[np.float64]


def funnel_profile(graph: BasinGraph) -> FunnelProfile:
    """Weight of the funnels whose bottoms lie within eps of the ground energy, as a function of eps.

    ``W(eps) = sum of weight(i) over minima i whose chain ends at a bottom b with (E_b - E_0) / (<E> - E_0) <= eps``.
    Native bottoms count at eps = 0, so that W(0) is the weight of the native funnel.

    Raises
    ------
    InputError
        Where the graph has no minimum, or no census to take the mean energy from, or all states have one energy.

    Examples
    --------
    >>> from spinfunnel.landscape import Census
    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11"]),
    ...     energy=np.array([-2.0, -1.0]),
    ...     weight=np.array([0.75, 0.25]),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array([], str),
    ...     saddle_energy=np.array([]),
    ...     saddle_offsets=np.array([0]),
    ...     saddle_minima=np.array([], np.int64),
    ...     saddle_exact=np.array([], bool),
    ...     census=Census(4, 0.0, 2.5, -2.0, 1, 2, -1.0),
    ... )
    >>> profile = funnel_profile(graph)
    >>> profile.eps.tolist(), profile.weight.tolist()
    ([0.0, 0.5], [0.75, 1.0])
    """
    if graph.minima == 0:
        raise InputError("a map without a minimum has no funnel profile: explore the landscape first")
    scale = energy_scale(graph)
    if isinstance(scale, NoAnswer):
        raise InputError(f"there is no funnel profile: {scale.cause}")
    height, weight = _heights(Topography(graph), scale)
    eps, place = np.unique(height, return_inverse=True)
    steps: NDArray[np.float64] = np.cumsum(np.bincount(place, weights=weight, minlength=len(eps)), dtype=np.float64)
    steps[-1] = 1.0  # Summing shares may miss 1 in the last digit.
    return FunnelProfile(eps, steps)


def profile_area(topography: Topography) -> Measurement:
    """Area above the funnel profile, ``integral over eps from 0 to 1 of 1 - W(eps)``.

    0 for a perfect funnel, at most 1. It equals the mean over random states of ``min(eps, 1)``, eps the height of the
    bottom of the funnel they drain into.
    """
    scale = energy_scale(topography.graph)
    if isinstance(scale, NoAnswer):
        return scale
    height, weight = _heights(topography, scale)
    return exactly(float(np.sum(weight * np.minimum(height, 1.0))))


def sampled_area(topography: Topography) -> Measurement:
    """Mean over random quenches of the height of the bottom that their chain ends in (see `profile`)."""
    known, scale = topography.shared(coverage), energy_scale(topography.graph)
    if isinstance(known, NoAnswer):
        return known
    if isinstance(scale, NoAnswer):
        return scale
    found = topography.shared(reached)
    height = np.minimum(bottoms_height(topography, scale), 1.0)
    most = float((found.visits * height).sum()) / known.searches
    least = float((found.visits * np.where(found.certain, height, 0.0)).sum()) / known.searches
    spread = float((found.visits * (height - most) ** 2).sum()) / known.searches
    reach = 1.96 * math.sqrt(spread / known.searches) if spread > 0.0 else 1.96 / known.searches * 0.5
    value = 0.5 * (least + most)
    return Estimate(value, max(0.0, least - reach), min(1.0, most + reach))


def bottoms_height(topography: Topography, scale: float) -> NDArray[np.float64]:
    """Height above the ground energy, in units of `scale`, of the bottom to which each minimum's chain leads."""
    graph, bottom = topography.graph, topography.chains.bottom
    height: NDArray[np.float64] = np.where(graph.native, 0.0, (graph.energy - graph.energy[0]) / scale)[bottom]
    return height


def _heights(topography: Topography, scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Height of the funnel bottom and share of the states of each minimum."""
    graph = topography.graph
    return bottoms_height(topography, scale), graph.weight / graph.weight.sum()


MEASURES = (
    Measure(
        "profile_area",
        "area above the funnel profile: 0 is a perfect funnel",
        "this project, after Klemm et al. (2008)",
        2,
        exact=profile_area,
        sampled=sampled_area,
        trained=solutions.final_height,
    ),
)
