"""Energy along the overlap with the native state (definition 10): slope, roughness, and the gap to dissimilar states.

The measures read the histogram of the overlap Q with the nearest native state over all states.
"""

from __future__ import annotations

import math

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.coverage import complete
from spinfunnel.measure.free_energy import HALF, SAME
from spinfunnel.measure.ground_found import of_one_native_state
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Measure, Topography, energy_scale, exactly, overlap_tally

__all__ = ["MEASURES"]


def funnel_slope(topography: Topography) -> Measurement:
    """Fall of the mean energy along the overlap over the roughness: ``-dE/dQ / std(E | Q)``, a pure number.

    The slope is that of the least-squares line through the mean energies E(Q) of the states that are not native, from
    Q = 0, where random states are, toward the native state (beyond, at Q < 0, lies the native state's mirror image,
    which pair interactions lower as well); the roughness is the root mean square of std(E | Q) there. Each shell of
    states with one Q counts once, since a walk to the native state passes each. Above 1 the energy guides over the
    bumps; Levinthal's golf course, flat but for the hole, has no slope at all, and a random energy model about 0.

    Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995).
    """
    tally = overlap_tally(topography.graph)
    if isinstance(tally, NoAnswer):
        return tally
    away = (np.array(tally.position) < 1.0) & (np.array(tally.position) > -1e-12)
    overlap, energy = np.array(tally.position)[away], np.array(tally.mean)[away]
    if len(overlap) < 2:
        return NoAnswer(
            "too_few_shells",
            "all states but the native ones and those beyond Q = 0 have one overlap with them",
            "use a larger system",
        )
    slope = -float(np.polyfit(overlap, energy - energy.mean(), 1)[0])
    roughness = math.sqrt(float(np.mean(np.array(tally.spread)[away] ** 2)))
    # The scale is a difference of energies, since their zero is arbitrary. Below it are digits that rounding leaves.
    scale = float(np.max(tally.mean) - np.min(tally.lowest))
    floor = 1e-9 * scale + 8.0 * float(np.spacing(np.abs(tally.mean).max()))
    if abs(slope) <= floor and roughness <= floor:
        return NoAnswer(
            "flat", "all states but the native ones have one energy", "nothing to do: a golf course gives no guidance"
        )
    if roughness <= 1e-9 * abs(slope) and slope < 0.0:
        return NoAnswer(
            "misleading",
            "the energy is a function of the overlap alone and rises along it",
            "nothing to do: it leads away from the native state",
        )
    if roughness <= 1e-9 * abs(slope):
        return NoAnswer(
            "no_roughness",
            "the energy is a function of the overlap alone and falls along it",
            "nothing to do: the ratio is unbounded",
        )
    return exactly(slope / roughness)


def decoy_gap(topography: Topography) -> Measurement:
    """Gap between the native state and the best dissimilar one, over the gap to a random one.

    ``(min over dissimilar states of E - E_0) / (<E> - E_0)``, 0 or more. Dissimilar are states with overlap up to 1/2
    (a quarter of the spins differ), another state at the ground energy included. Reading the energy of the best of them
    as the bottom of the band of random states turns the gap g into a = 1 / (1 - g) in ``Tf/Tg = a + sqrt(a^2 - 1)``.

    Sali, Shakhnovich, Karplus, Nature 369, 248 (1994).
    """
    tally, scale = overlap_tally(topography.graph), energy_scale(topography.graph)
    if isinstance(tally, NoAnswer):
        return tally
    if isinstance(scale, NoAnswer):
        return scale
    far = np.array(tally.position) <= HALF + SAME
    if not far.any():
        return NoAnswer("no_decoys", "no state is dissimilar from the native ones", "use a larger system")
    return exactly((float(np.array(tally.lowest)[far].min()) - float(np.array(tally.lowest).min())) / scale)


def sampled_gap(topography: Topography) -> Measurement:
    """Gap to the best dissimilar state that was seen: a lower one may have been missed, unless the map is complete."""
    found = jackknifed(decoy_gap)(topography)
    if isinstance(found, NoAnswer) or complete(topography):
        return found
    return Estimate(found.value, 0.0, found.high)


MEASURES = (
    Measure(
        "funnel_slope",
        "fall of the mean energy toward the native state over its roughness",
        "Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995)",
        10,
        exact=funnel_slope,
        sampled=of_one_native_state(jackknifed(funnel_slope)),
    ),
    Measure(
        "decoy_gap",
        "gap to the best dissimilar state over the mean gap",
        "Sali, Shakhnovich, Karplus, Nature 369, 248 (1994)",
        10,
        exact=decoy_gap,
        sampled=sampled_gap,
    ),
)
