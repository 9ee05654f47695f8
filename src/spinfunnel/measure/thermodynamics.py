"""Folding and glass temperature, measured on the density of states (definition 8), and the heat capacity.

*Folding*: Tf is the temperature at which the native ensemble (see `native_ensemble`) holds half of the Boltzmann
weight. With the ground states alone in its place, Tf falls as 1 / ln n in a magnet, whose native state has flipped
spins: the measure of that name says what was meant before.

*Freezing*: of the states that are not native, ``1 / Y2``, Y2 = sum_i p_i^2, are occupied. In a random energy model
Y2 falls from 1 - T / Tg below Tg to exponentially small values above; at Tg itself a sum over the levels next to the
edge, a Poisson process of intensity ``exp(u) / sqrt(4 pi S0)`` in u = (E - E_edge) / Tg, gives a median Y2 of
``1.1 / S0``, where S0 is the logarithm of the number of states. So Tg is measured as the temperature at which

    1 / Y2 = S0

of the states that are not native. It needs no threshold, and no correction for size: on random energy models of 8 to
20 bits beside a native state of their own, Tg measured over Tg by the formula is 1.06 in the mean with a scatter of 0.3
(8 bits) to 0.2 (20 bits) from sample to sample, without a trend; where the native state is but the lowest level of the
band, 0.82 to 0.88. The entropy of a finite system does not vanish at any temperature above 0, which is why the
participation ratio is used.

Derrida, Phys. Rev. B 24, 2613 (1981); Gross, Mezard, Nucl. Phys. B 240, 431 (1984); Bryngelson, Wolynes, Proc. Natl.
Acad. Sci. 84, 7524 (1987); Sali, Shakhnovich, Karplus, J. Mol. Biol. 235, 1614 (1994), who take 1 - Y2 = 0.8 of all
states for the folding transition.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.densities import Spectrum, all_states, crossing, within
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.native_ensemble import COLD, ground_state_ensemble, native_ensemble
from spinfunnel.measure.outcome import Measure, Topography

__all__ = ["MEASURES", "folding_temperature", "freezing_of", "freezing_temperature"]

Floats = NDArray[np.float64]

PER_FOLD = 16
"""Temperatures in the search for the heat capacity's peak, to a factor e."""
FOLDS = 25.0
"""Factors e that are searched at most below the hottest temperature."""


def folding_temperature(topography: Topography) -> Measurement:
    """Folding temperature: the native ensemble holds half of the Boltzmann weight, ``Z_native(Tf) = Z_others(Tf)``.

    In the unit of the energy. Read off the density of states; an interval is a bound on the error of that.
    """
    found = topography.shared(native_ensemble)
    return found if isinstance(found, NoAnswer) else found.tf


def freezing_temperature(topography: Topography) -> Measurement:
    """Glass temperature: ``1 / Y2 = S0`` of the states that are not native (see above), in the unit of the energy."""
    found = topography.shared(native_ensemble)
    return found if isinstance(found, NoAnswer) else freezing_of(found.others)


def freezing_of(others: Spectrum) -> Measurement:
    """Glass temperature of states that are not native: as many are occupied as the logarithm of their number."""
    entropy = others.log_states
    bottom = others.lowest == others.ground
    lowest = float(others.count[bottom].sum())
    if others.spread[bottom].any():
        return within(math.nan, 0.0)
    if lowest >= entropy:
        return NoAnswer(
            "no_freezing",
            f"the lowest energy that is not native has {lowest:.0f} states, which {entropy:.3g}, the entropy of all, "
            "does not exceed: they freeze at no temperature above 0",
            "read tf_measured instead",
        )

    def frozen(temperature: Floats) -> Floats:
        return others.participation(temperature) - 1.0 / entropy

    rise = others.energy - others.ground
    scale, least = float(others.at(math.inf).energy[0]) - others.ground, float(rise[rise > 0.0].min(initial=math.inf))
    tg = crossing(frozen, hot=scale, cold=min(least, scale) / (COLD + entropy))
    if tg is None:
        return within(math.nan, 0.0)
    here, half = others.at(tg), others.at(0.5 * tg)
    steepness = 2.0 * abs(float(here.energy[0] - half.energy[0])) / tg**2
    error = others.log_error(0.5 * tg) + 2.0 * others.log_error(tg)
    return within(tg, error / steepness if steepness > 0.0 else math.inf)


def tf_ground_state(topography: Topography) -> Measurement:
    """Temperature at which the plain states of the native minima alone hold half of the Boltzmann weight."""
    found = topography.shared(ground_state_ensemble)
    return found if isinstance(found, NoAnswer) else found.tf


def tg_ground_state(topography: Topography) -> Measurement:
    """Glass temperature of all states but those of the native minima, see `freezing_temperature`."""
    found = topography.shared(ground_state_ensemble)
    return found if isinstance(found, NoAnswer) else freezing_of(found.others)


def tf_measured(topography: Topography) -> Measurement:
    """Folding temperature, see `folding_temperature`."""
    return topography.shared(folding_temperature)


def tg_measured(topography: Topography) -> Measurement:
    """Glass temperature, see `freezing_temperature`."""
    return topography.shared(freezing_temperature)


def measured_ratio(topography: Topography) -> Measurement:
    """Ratio of the measured folding and glass temperature, above 0."""
    tf, tg = topography.shared(folding_temperature), topography.shared(freezing_temperature)
    if isinstance(tf, NoAnswer):
        return tf
    if isinstance(tg, NoAnswer):
        return tg
    if tf.exact and tg.exact:
        return Estimate.exactly(tf.value / tg.value)
    low = tf.low / tg.high
    return Estimate(tf.value / tg.value, low, tf.high / tg.low) if tg.low > 0.0 else within(math.nan, 0.0)


def heat_capacity_peak(topography: Topography) -> Measurement:
    """Temperature at which the heat capacity ``C(T) = (<E^2> - <E>^2) / T^2`` of all states is largest."""
    peak, everything = topography.shared(capacity_peak), topography.shared(all_states)
    if isinstance(peak, NoAnswer) or isinstance(everything, NoAnswer):
        return peak
    return within(peak.value, 0.0 if everything.log_error(peak.value) < 1e-3 else math.inf)


def capacity_peak(topography: Topography) -> Measurement:
    """Temperature of the largest heat capacity, whatever the error that bins make."""
    everything = topography.shared(all_states)
    if isinstance(everything, NoAnswer):
        return everything
    if len(everything.energy) < 2:
        return NoAnswer("flat", "every state has one energy", "nothing to do: there is no landscape")
    hottest = 4.0 * float(everything.energy[-1] - everything.ground)
    coldest = max(0.05 * float(everything.energy[1] - everything.ground), hottest * math.exp(-FOLDS))
    grid = np.geomspace(coldest, hottest, 2 + int(PER_FOLD * math.log(hottest / coldest)))
    best = int(everything.capacity(grid).argmax())
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]

    def rising(temperature: Floats) -> Floats:
        """Sign of dC/dT = (skew / T - 2 variance) / T^3."""
        here = everything.at(temperature)
        return np.asarray(here.skew / (temperature**3 * np.maximum(here.heat_capacity, 1e-300)) - 2.0)

    peak = crossing(rising, hot=float(high), cold=float(low)) if best not in {0, len(grid) - 1} else None
    return Estimate.exactly(float(grid[best]) if peak is None else peak)


_FROZEN = "Derrida, Phys. Rev. B 24, 2613 (1981); Bryngelson, Wolynes, PNAS 84, 7524 (1987)"

MEASURES = (
    Measure(
        "tf_measured",
        "folding temperature: the native ensemble holds half of the Boltzmann weight",
        "Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997)",
        8,
        exact=tf_measured,
    ),
    Measure(
        "tg_measured",
        "glass temperature: as many other states are occupied as the logarithm of their number",
        _FROZEN,
        8,
        exact=tg_measured,
    ),
    Measure(
        "tf_tg_measured",
        "folding over glass temperature, from the density of states",
        _FROZEN,
        8,
        exact=measured_ratio,
    ),
    Measure(
        "tf_ground_state",
        "temperature at which the ground states alone hold half of the Boltzmann weight",
        "Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997)",
        8,
        exact=tf_ground_state,
        sampled=jackknifed(tf_ground_state, log=True),
    ),
    Measure(
        "tg_ground_state",
        "glass temperature of all states but the ground states",
        _FROZEN,
        8,
        exact=tg_ground_state,
        sampled=jackknifed(tg_ground_state, log=True),
    ),
    Measure(
        "heat_capacity_peak",
        "temperature of the largest heat capacity",
        "Sali, Shakhnovich, Karplus, J. Mol. Biol. 235, 1614 (1994)",
        8,
        exact=heat_capacity_peak,
        sampled=jackknifed(capacity_peak, log=True),
    ),
)
