"""Folding and glass temperature, measured on the density of states (definition 8), and the heat capacity.

*Folding*: Tf is the temperature at which the native set - every plain state of the native minima - holds half of the
Boltzmann weight.

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
from collections.abc import Callable

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.densities import all_states, native_states, other_states, within
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Measure, Topography

__all__ = ["MEASURES", "folding_temperature", "freezing_temperature"]

STEPS = 80
"""Halvings of an interval: to the last digit."""
PER_FOLD = 16
"""Temperatures in the search for the heat capacity's peak, to a factor e."""
FOLDS = 25.0
"""Factors e that are searched at most below the hottest temperature."""


def folding_temperature(topography: Topography) -> Measurement:
    """Folding temperature: the native set holds half of the Boltzmann weight, ``Z_native(Tf) = Z_others(Tf)``.

    In the unit of the energy. Read off the density of states; an interval is a bound on the error of that.
    """
    others, natives = topography.shared(other_states), topography.shared(native_states)
    if isinstance(others, NoAnswer):
        return others
    if others.log_states <= natives.log_states:
        return NoAnswer(
            "mostly_native",
            f"{natives.states:.0f} states are native and {others.states:.0f} are not: the native ones hold half of "
            "the weight at every temperature",
            "lower the native tolerance, if it is above 0, or use a larger system",
        )
    ground = natives.ground

    def lead(temperature: float) -> float:
        return natives.log_weight(temperature, above=ground) - others.log_weight(temperature, above=ground)

    scale = max(others.at(math.inf).energy[0] - ground, 0.0)
    if not scale > 0.0:
        return NoAnswer("flat", "every state has the ground energy", "nothing to do: there is no landscape")
    tf = _crossing(lead, scale)
    fall = abs(float(others.at(tf).energy[0] - natives.at(tf).energy[0])) / tf**2
    return within(tf, others.log_error(tf) / fall if fall > 0.0 else math.inf)


def freezing_temperature(topography: Topography) -> Measurement:
    """Glass temperature: ``1 / Y2 = S0`` of the states that are not native (see above), in the unit of the energy."""
    others = topography.shared(other_states)
    if isinstance(others, NoAnswer):
        return others
    entropy = others.log_states
    lowest = float(others.count[0])
    if others.spread[0] > 0.0:
        return within(math.nan, 0.0)
    if lowest >= entropy:
        return NoAnswer(
            "no_freezing",
            f"the lowest energy that is not native has {lowest:.0f} states, which {entropy:.3g}, the entropy of all, "
            "does not exceed: they freeze at no temperature above 0",
            "read tf_measured instead",
        )

    def frozen(temperature: float) -> float:
        return float(others.at(temperature).participation[0]) - 1.0 / entropy

    scale = float(others.at(math.inf).energy[0]) - others.ground
    tg = _crossing(frozen, scale)
    here, half = others.at(tg), others.at(0.5 * tg)
    rise = 2.0 * abs(float(here.energy[0] - half.energy[0])) / tg**2
    error = others.log_error(0.5 * tg) + 2.0 * others.log_error(tg)
    return within(tg, error / rise if rise > 0.0 else math.inf)


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
    peak, everything = capacity_peak(topography), topography.shared(all_states)
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
    best = int(everything.at(grid).heat_capacity.argmax())
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]

    def rising(temperature: float) -> float:
        """Sign of dC/dT = (skew / T - 2 variance) / T^3."""
        here = everything.at(temperature)
        return float(here.skew[0] - 2.0 * temperature**3 * here.heat_capacity[0])

    return Estimate.exactly(_root(rising, float(low), float(high)))


def _crossing(fall: Callable[[float], float], scale: float) -> float:
    """Temperature at which a function that falls with it passes 0; `scale` is where the search begins."""
    low = high = scale
    while fall(high) > 0.0:
        low, high = high, 2.0 * high
    while fall(low) <= 0.0:
        low, high = 0.5 * low, low
    return _root(fall, low, high)


def _root(fall: Callable[[float], float], low: float, high: float) -> float:
    """Place at which a function goes from above 0 at `low` to 0 or below at `high`."""
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if fall(middle) > 0.0 else (low, middle)
    return high


_FROZEN = "Derrida, Phys. Rev. B 24, 2613 (1981); Bryngelson, Wolynes, PNAS 84, 7524 (1987)"

MEASURES = (
    Measure(
        "tf_measured",
        "folding temperature: the native states hold half of the Boltzmann weight",
        "Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997)",
        8,
        exact=tf_measured,
        sampled=jackknifed(tf_measured, log=True),
    ),
    Measure(
        "tg_measured",
        "glass temperature: as many other states are occupied as the logarithm of their number",
        _FROZEN,
        8,
        exact=tg_measured,
        sampled=jackknifed(tg_measured, log=True),
    ),
    Measure(
        "tf_tg_measured",
        "folding over glass temperature, from the density of states",
        _FROZEN,
        8,
        exact=measured_ratio,
        sampled=jackknifed(measured_ratio, log=True),
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
