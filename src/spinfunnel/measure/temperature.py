"""The temperature of measures that need one and were given none, in units that the landscape itself has.

Of maps whose states are counted it is the glass temperature ``DE / sqrt(2 S)`` of all states in the random-energy form,
DE the standard deviation of their energies and S the logarithm of their number: the lowest at which a random landscape
with these energies is in equilibrium, about 0.6 for the Sherrington-Kirkpatrick model of unit couplings. It is known
exactly of sampled maps as well, and a landscape has it in common with its energies dealt anew. Of smooth maps it is the
temperature at which the native minima hold half of the weight in the harmonic superposition, or else that of its
largest heat capacity, or else the standard deviation of the minima's energies. So every number that does not depend on
the unit of the energy, nor on where it is counted from, stays so.

Derrida, Phys. Rev. B 24, 2613 (1981); Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987).
"""

from __future__ import annotations

import math

from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.superposition import superposition_peak, superposition_tf

__all__ = ["temperature_of"]


def temperature_of(topography: Topography) -> float | NoAnswer:
    """Temperature that was given, or that of the landscape (see above), in the unit of the energy."""
    given = topography.given_temperature
    if given is not None:
        return given
    found = topography.shared(_of_minima if topography.graph.road == "smooth" else _of_states)
    if math.isfinite(found) and found > 0.0:
        return found
    return NoAnswer(
        "no_temperature", "all energies are equal, so that no temperature is theirs", "give one: --temperature"
    )


def _of_states(topography: Topography) -> float:
    census = topography.graph.census
    if census is None or census.states < 2:
        return _spread(topography)
    return math.sqrt(census.variance / (2.0 * math.log(census.states)))


def _of_minima(topography: Topography) -> float:
    if topography.graph.harmonic:
        for answer in (superposition_tf, superposition_peak):
            found = answer(topography)
            if isinstance(found, Estimate):
                return found.value
    return _spread(topography)


def _spread(topography: Topography) -> float:
    energy = topography.graph.energy
    return float((energy - energy[0]).std())
