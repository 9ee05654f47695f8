"""How sharp folding is: its cooperativity, its width in temperature, and its barrier (definitions 8 and 10).

At the folding temperature Tf the native ensemble and all other states weigh the same, and the logarithm of their ratio
falls with temperature by the difference of their mean energies,

    d ln(Z_native / Z_others) / d ln T = -Omega,    Omega = (<E>_others - <E>_native) / Tf    at Tf

which is van 't Hoff's enthalpy over Tf. Where the native state is one of a funnel, energies grow as n and Tf does not,
so that Omega grows as n and the transition, from 80 % to 20 % native, narrows as ``ln(T20 / T80) ~ 2 ln 4 / Omega``.

Klimov, Thirumalai, Fold. Des. 3, 127 (1998), for cooperativity by the width; Privalov, Khechinashvili, J. Mol. Biol.
86, 665 (1974), for van 't Hoff's enthalpy; Socci, Onuchic, Wolynes, J. Chem. Phys. 104, 5860 (1996), for the barrier.
"""

from __future__ import annotations

import math

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.densities import within
from spinfunnel.measure.native_ensemble import folding_of, transition_temperature
from spinfunnel.measure.outcome import Measure, Topography

__all__ = ["MEASURES"]

FOLDED, UNFOLDED = 0.8, 0.2
"""Shares of the weight in the native ensemble between which the width is read."""
NEGLIGIBLE = 1e-3
"""Error of a number from bins below which it is given without an interval."""


def cooperativity(topography: Topography) -> Measurement:
    """Cooperativity ``Omega = (<E>_others - <E>_native) / Tf`` at Tf: van 't Hoff's enthalpy over Tf; above 0."""
    found = folding_of(topography)
    if isinstance(found, NoAnswer):
        return found
    ensemble, tf = found
    error = 2.0 * (ensemble.others.log_error(tf.value) + ensemble.native.log_error(tf.value))
    return _known(ensemble.gap(tf.value) / tf.value, error)


def transition_width(topography: Topography) -> Measurement:
    """Width of the transition, ``ln(T20 / T80)``: from 20 % of the weight in the native ensemble to 80 %; above 0."""
    found = folding_of(topography)
    if isinstance(found, NoAnswer):
        return found
    ensemble = found[0]
    hot, cold = (transition_temperature(ensemble.native, ensemble.others, share=share) for share in (UNFOLDED, FOLDED))
    if isinstance(hot, NoAnswer):
        return NoAnswer("no_width", f"the transition has no hot end: {hot.cause}", hot.remedy)
    if isinstance(cold, NoAnswer):
        return NoAnswer("no_width", f"the transition has no cold end: {cold.cause}", cold.remedy)
    error = sum((each.high - each.low) / (2.0 * each.value) for each in (hot, cold))
    return _known(math.log(hot.value / cold.value), error)


def folding_barrier(topography: Topography) -> Measurement:
    """Barrier of F(Q, Tf) between the unfolded and the native basin, above the unfolded, in units of Tf; 0 if downhill.

    The unfolded bottom is the lowest F among overlaps up to the border of the native ensemble: a shell next to the
    native state is none.
    """
    found = folding_of(topography)
    if isinstance(found, NoAnswer):
        return found
    ensemble, tf = found
    if ensemble.shells is None or ensemble.border is None:
        return NoAnswer("no_overlap", "there is no overlap with the native state", "read tf_measured instead")
    profile = ensemble.shells.at(tf.value)
    answer = _known(profile.barrier(ensemble.border) / tf.value, 2.0 * float(profile.error.max()) / tf.value)
    return Estimate(answer.value, max(answer.low, 0.0), answer.high) if isinstance(answer, Estimate) else answer


def _known(value: float, error: float) -> Measurement:
    return within(value, 0.0 if error < NEGLIGIBLE else error)


_SHARP = "Klimov, Thirumalai, Fold. Des. 3, 127 (1998); Privalov, Khechinashvili, J. Mol. Biol. 86, 665 (1974)"

MEASURES = (
    Measure(
        "cooperativity",
        "fall of the energy on folding at Tf, over Tf: grows with size where folding sharpens",
        _SHARP,
        8,
        exact=cooperativity,
    ),
    Measure(
        "transition_width",
        "width of the folding transition: ln of the temperatures at 20 % and 80 % native",
        _SHARP,
        8,
        exact=transition_width,
    ),
    Measure(
        "folding_barrier",
        "barrier of the free energy F(Q) at the folding temperature, over that temperature",
        "Socci, Onuchic, Wolynes, J. Chem. Phys. 104, 5860 (1996)",
        10,
        exact=folding_barrier,
    ),
)
