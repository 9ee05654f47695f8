"""Harmonic superposition: the weights of the minima of a smooth map, and where the native state melts.

Minimum i has the weight ``Z_i = exp(v_i - E_i / T) T^k``, v_i the logarithm of its harmonic volume
(`landscape.Minimum`) and k one number for all, which drops out of every share.

Strodel, Wales, Chem. Phys. Lett. 466, 105 (2008); Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.outcome import Answer, Measure, Topography, exactly, single_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spinfunnel.landscape import BasinGraph

__all__ = ["HALF", "MEASURES", "capacity", "levels", "rounding_floor", "shares", "temperatures", "with_volumes"]

HALF = 0.5
TIE, ROUNDING = 1e-9, 1e-13
"""Of the span of the energies, and of their size, below which a difference is none."""
FLOOR, CEILING, STEPS = 1e-3, 4.0, 400
"""Temperatures at which the heat capacity is looked at, over the largest difference in energy."""


def rounding_floor(graph: BasinGraph) -> float:
    """Difference below which two energies of a map are equal: what rounding leaves of points that were refined.

    `TIE` of all that the energies span, and `ROUNDING` of the largest energy, which a constant may have made large.
    """
    top = float(graph.saddle_energy.max()) if graph.saddles else float(graph.energy[-1])
    size = max(abs(float(graph.energy[0])), abs(top))
    return max(TIE * (top - float(graph.energy[0])), ROUNDING * size)


def levels(graph: BasinGraph) -> NDArray[np.float64]:
    """Energies of the minima above the lowest, 0 for those that equal it but for rounding."""
    above = graph.energy - graph.energy[0]
    return np.where(above <= rounding_floor(graph), 0.0, above)


def with_volumes(answer: Answer) -> Answer:
    """Read a measure off smooth maps whose minima have harmonic volumes; others have no superposition."""

    @wraps(answer)
    def smooth(topography: Topography) -> Measurement:
        if not topography.graph.harmonic:
            return NoAnswer(
                "no_volumes",
                "the minima of the map have no harmonic volumes",
                "explore the landscape itself, or read a database that keeps them",
            )
        return answer(topography)

    return smooth


def shares(graph: BasinGraph, temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    """Occupation (t, m) of the minima at temperatures (t,)."""
    exponent = graph.log_states[None] - levels(graph)[None] / temperature[:, None]
    exponent -= exponent.max(axis=1, keepdims=True)
    weight = np.exp(exponent)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def temperatures(graph: BasinGraph) -> NDArray[np.float64]:
    """Temperatures (t,) at which a map is looked at: over what its energies span, or its passes if all are equal."""
    span = float(levels(graph)[-1])
    if span == 0.0 and graph.saddles:
        span = float(graph.saddle_energy[-1] - graph.energy[0])
    span = span if span > 0.0 else 1.0
    return np.geomspace(FLOOR * span, CEILING * span, STEPS)


def capacity(graph: BasinGraph, temperature: NDArray[np.float64], occupied: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heat capacity of the superposition at each temperature, less that of the vibrations."""
    energy = levels(graph)
    mean = occupied @ energy
    return np.asarray((occupied @ (energy * energy) - mean * mean) / temperature**2)


def superposition_tf(topography: Topography) -> Measurement:
    """Temperature at which the native minima hold half of the weight in the harmonic superposition."""
    graph = topography.graph
    lonely = single_minimum(graph)
    if lonely is not None:
        return lonely
    low, high = (float(each) for each in temperatures(graph)[[0, -1]])

    def native(temperature: float) -> float:
        return float(shares(graph, np.array([temperature]))[0, graph.native].sum())

    if native(high) > HALF or native(low) < HALF:
        return NoAnswer(
            "no_crossing",
            "the native minima hold more than half of the weight at every temperature, or less",
            "set a native tolerance that takes in the copies of the lowest minimum",
        )
    for _ in range(80):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if native(middle) > HALF else (low, middle)
    return exactly(high)


def superposition_peak(topography: Topography) -> Measurement:
    """Temperature of the largest heat capacity of the superposition, ``(<E^2> - <E>^2) / T^2`` over the minima.

    Vibrations add a constant to it.
    """
    graph = topography.graph
    lonely = single_minimum(graph)
    if lonely is not None:
        return lonely
    temperature = temperatures(graph)
    best = int(capacity(graph, temperature, shares(graph, temperature)).argmax())
    if best in {0, STEPS - 1}:
        return NoAnswer("no_peak", "the heat capacity has no peak", "nothing to do: no transition")
    return exactly(float(temperature[best]))


_SOURCE = "Strodel, Wales, Chem. Phys. Lett. 466, 105 (2008)"

MEASURES = (
    Measure(
        "superposition_tf",
        "temperature at which the native minima hold half of the weight, harmonic superposition",
        _SOURCE,
        8,
        smooth=with_volumes(superposition_tf),
    ),
    Measure(
        "superposition_peak",
        "temperature of the largest heat capacity, harmonic superposition",
        _SOURCE,
        8,
        smooth=with_volumes(superposition_peak),
    ),
)
