"""How far the native energy lies below what chance reaches (definition 9).

Chance is an ensemble of the same system with its frustration randomised - coupling signs, or a network's labels -,
whose ground energies are given beside the map. In the theory of folding these are the random heteropolymers.

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Goldstein, Luthey-Schulten, Wolynes, Proc. Natl. Acad. Sci.
89, 4918 (1992); Bowie, Luthy, Eisenberg, Science 253, 164 (1991) for the Z-score.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure import solution_measures as solutions
from spinfunnel.measure.folding import band_of
from spinfunnel.measure.ground_found import of_ground
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.outcome import Measure, Topography, energy_scale, exactly

__all__ = ["COMPARED", "MEASURES"]

COMPARED = ("stability_gap", "stability_z", "null_training_gain")
"""Measures that need the ground energies of a null."""


def stability_gap(topography: Topography) -> Measurement:
    """Gap between the native energy and the mean ground energy of shuffled interactions, over the mean gap.

    ``(<E_0>_null - E_0) / (<E> - E_0)``: 0 for a typical glass, 1 where the null reaches no further than the mean
    energy of a random state; can be negative.
    """
    scale = energy_scale(topography.graph)
    if isinstance(scale, NoAnswer):
        return scale
    grounds = _null_grounds(topography)
    if isinstance(grounds, NoAnswer):
        return grounds
    return exactly((float(grounds.mean()) - float(topography.graph.energy[0])) / scale)


def stability_z(topography: Topography) -> Measurement:
    """Z-score of the native energy among the ground energies of shuffled interactions: ``(<E_0> - E_0) / std(E_0)``.

    Standard deviation of a sample (n - 1). Some twenty samples know it to a sixth.
    """
    grounds = _null_grounds(topography)
    if isinstance(grounds, NoAnswer):
        return grounds
    spread = float(grounds.std(ddof=1))
    if spread <= 1e-12 * float(np.abs(grounds).max()):
        return NoAnswer(
            "no_spread",
            f"all {len(grounds)} samples of shuffled interactions have one ground energy",
            "read stability_gap instead, or use a larger system",
        )
    return exactly((float(grounds.mean()) - float(topography.graph.energy[0])) / spread)


def band_gap(topography: Topography) -> Measurement:
    """Gap between the native energy and the least of as many random energies, over the mean gap: ``1 - 1 / a``.

    The null in the random-energy form: energies with mean and standard deviation DE of the states that are not native
    reach ``DE sqrt(2 S0)`` below their mean. Needs no interactions; 1 for Levinthal's golf course, about 0 for a random
    energy model, negative where the band reaches lower than the native state.
    """
    band = band_of(topography)
    if isinstance(band, NoAnswer):
        return band
    return exactly(1.0 - band.roughness * math.sqrt(2.0 * band.entropy) / band.gap)


def _null_grounds(topography: Topography) -> NDArray[np.float64] | NoAnswer:
    grounds = topography.null_grounds
    if len(grounds) < 2:
        return NoAnswer(
            "no_null",
            "it compares with an ensemble of shuffled interactions, and there is none",
            "judge a system that has interactions, with its nulls",
        )
    return np.array(grounds, np.float64)


_FOLDING = "Bryngelson, Wolynes (1987); Goldstein, Luthey-Schulten, Wolynes, PNAS 89, 4918 (1992)"

MEASURES = (
    Measure(
        "stability_gap",
        "gap of the native energy below the ground energies of shuffled interactions, over the mean gap",
        _FOLDING,
        9,
        exact=stability_gap,
        sampled=of_ground(stability_gap),
        trained=solutions.stability_gap,
    ),
    Measure(
        "stability_z",
        "Z-score of the native energy among the ground energies of shuffled interactions",
        "Bowie, Luthy, Eisenberg, Science 253, 164 (1991)",
        9,
        exact=stability_z,
        sampled=of_ground(stability_z),
        trained=solutions.stability_z,
    ),
    Measure(
        "band_gap",
        "gap of the native energy below the least of as many random energies, over the mean gap",
        _FOLDING,
        9,
        exact=band_gap,
        sampled=of_ground(jackknifed(band_gap)),
    ),
)
