"""How deep the native state lies below the band of random energies at fixed overlap (definitions 8 and 11).

A funnel's energies fall toward the native state, and that fall is no roughness. So the band of energies that chance
reaches is that of the states of one overlap Q with the native state, as in the theory of Bryngelson and Wolynes: with
``DE^2 = sum over Q of p(Q) Var(E | Q)``, p(Q) the share of the states that are not native at overlap Q, and S0 the
logarithm of their number,

    a = (<E> - E_0) / (DE sqrt(2 S0))

In the random-energy form a of 1 or more means a folding transition, at ``Tf / Tg = a + sqrt(a^2 - 1)``. Taking all
states together instead counts the slope of the funnel as roughness, and misses a random energy model on a steep slope.

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); J. Phys. Chem. 93, 6902 (1989).
"""

from __future__ import annotations

import math

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.folding import band_of
from spinfunnel.measure.free_energy import HALF, SAME
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Measure, Topography, exactly, overlap_tally

__all__ = ["MEASURES"]


def native_depth(topography: Topography) -> Measurement:
    """Depth of the native state over that of the band of random energies at fixed overlap, ``a`` above; 0 or more.

    About 0.8 to 1 for glasses, 1 for the random energy model, by the scatter of its lowest level.
    """
    tally, band = overlap_tally(topography.graph), band_of(topography)
    if isinstance(tally, NoAnswer):
        return tally
    if isinstance(band, NoAnswer):
        return band
    scale = band.gap
    away = np.array(tally.position) <= HALF + SAME
    count, spread = np.array(tally.count)[away], np.array(tally.spread)[away]
    if not away.any():
        return NoAnswer("all_native", "every state counts as native", "lower the native tolerance, if it is above 0")
    roughness = math.sqrt(float(count @ spread**2 / count.sum()))
    if roughness <= 1e-9 * scale:
        return NoAnswer(
            "no_roughness",
            "the energy is a function of the overlap with the native state alone",
            "nothing to do: the ratio is unbounded",
        )
    return exactly(scale / (roughness * math.sqrt(2.0 * band.entropy)))


MEASURES = (
    Measure(
        "native_depth",
        "depth of the native state over that of as many random energies, roughness at fixed overlap",
        "Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)",
        8,
        exact=native_depth,
        sampled=jackknifed(native_depth),
    ),
)
