"""The calorimetric test of two states: van't Hoff over calorimetric enthalpy.

::

    kappa = 2 T_max sqrt(C_max) / (<E> at infinite temperature - E_0)

with the largest heat capacity C_max, at T_max. Two levels have nearly 1 (0.99 where a million states face one), for
there ``C = dE^2 p (1 - p) / T^2`` with p near 1/2; states in between, or a band whose energy follows the temperature,
make the transition wider and the ratio smaller.

Privalov, Khechinashvili, J. Mol. Biol. 86, 665 (1974); Kaya, Chan, Proteins 40, 637 (2000), whose kappa_2 without
baselines this is.
"""

from __future__ import annotations

import math

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.densities import all_states, within
from spinfunnel.measure.outcome import Measure, Topography
from spinfunnel.measure.thermodynamics import capacity_peak

__all__ = ["MEASURES", "calorimetric_ratio"]


def calorimetric_ratio(topography: Topography) -> Measurement:
    """Van't Hoff over calorimetric enthalpy: near 1 for two states, less for a gradual transition."""
    peak, everything = topography.shared(capacity_peak), topography.shared(all_states)
    if isinstance(peak, NoAnswer):
        return peak
    if isinstance(everything, NoAnswer):
        return everything
    calorimetric = float(everything.at(math.inf).energy[0]) - everything.ground
    if not calorimetric > 0.0:
        return NoAnswer("flat", "every state has one energy", "nothing to do: there is no landscape")
    largest = float(everything.at(peak.value).heat_capacity[0])
    known = everything.log_error(peak.value) < 1e-3
    return within(2.0 * peak.value * math.sqrt(largest) / calorimetric, 0.0 if known else math.inf)


MEASURES = (
    Measure(
        "calorimetric_ratio",
        "van't Hoff over calorimetric enthalpy: near 1 for two states, less for a gradual transition",
        "Kaya, Chan, Proteins 40, 637 (2000)",
        10,
        exact=calorimetric_ratio,
    ),
)
