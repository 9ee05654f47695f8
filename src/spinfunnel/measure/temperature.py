"""The temperature of measures that need one and were given none, in units that the landscape itself has.

Of maps whose states are counted it is the folding temperature Tf, or the glass temperature Tg = DE / sqrt(2 S) of all
states in the random-energy form where Tf is lower or there is none: below Tg no landscape is in equilibrium. Of smooth
maps it is the temperature at which the native minima hold half of the weight in the harmonic superposition, or else
that of its largest heat capacity, or else the standard deviation of the minima's energies. So every number that does
not depend on the unit of the energy, nor on where it is counted from, stays so.
"""

from __future__ import annotations

import math

from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.native_ensemble import native_ensemble
from spinfunnel.measure.outcome import Topography, census_of
from spinfunnel.measure.superposition import superposition_peak, superposition_tf

__all__ = ["temperature_of"]


def temperature_of(topography: Topography) -> float | NoAnswer:
    """Temperature that was given, or that of the landscape (see above), in the unit of the energy."""
    given = topography.given_temperature
    if given is not None:
        return given
    return topography.shared(_of_minima if topography.graph.road == "smooth" else _of_states)


def _of_states(topography: Topography) -> float | NoAnswer:
    census = census_of(topography.graph)
    if isinstance(census, NoAnswer):
        return _of_spread(topography)
    frozen = math.sqrt(census.variance / (2.0 * math.log(max(census.states, 2))))
    found = topography.shared(native_ensemble) if topography.graph.road == "exact" else census
    tf = getattr(found, "tf", None)
    warm = max(frozen, tf.value) if isinstance(tf, Estimate) else frozen
    return warm if math.isfinite(warm) and warm > 0.0 else _flat()


def _of_minima(topography: Topography) -> float | NoAnswer:
    if topography.graph.log_volume is not None:
        for answer in (superposition_tf, superposition_peak):
            found = answer(topography)
            if isinstance(found, Estimate):
                return found.value
    return _of_spread(topography)


def _of_spread(topography: Topography) -> float | NoAnswer:
    energy = topography.graph.energy
    spread = float((energy - energy[0]).std())
    return spread if math.isfinite(spread) and spread > 0.0 else _flat()


def _flat() -> NoAnswer:
    return NoAnswer(
        "no_temperature", "all energies are equal, so that no temperature is theirs", "give one: --temperature"
    )
