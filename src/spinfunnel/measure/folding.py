"""Folding and glass temperature in the random-energy form (definition 8).

The states that are not native are taken for a random energy model with their own mean, standard deviation DE and
number exp(S0); the native state lies dE below their mean. With ``a = dE / (DE sqrt(2 S0))``::

    Tg = DE / sqrt(2 S0)        Tf = (dE + sqrt(dE^2 - 2 S0 DE^2)) / (2 S0)        Tf / Tg = a + sqrt(a^2 - 1)

for a >= 1. Below, the native state lies within the band of energies that so many random states reach by chance, and
there is no folding above the glass transition. Native are the states at exactly the ground energy, whatever the native
tolerance, since the census counts no others; plain states are counted, symmetric copies included.

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem.
48, 545 (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.ground_found import of_ground
from spinfunnel.measure.outcome import Measure, Topography, census_of, exactly

if TYPE_CHECKING:
    from spinfunnel.landscape import Census

__all__ = ["MEASURES", "Band", "band_of"]


@dataclass(frozen=True, slots=True)
class Band:
    """The states that are not native: gap of their mean above the native energy, standard deviation, entropy."""

    gap: float
    roughness: float
    entropy: float


def entropy(topography: Topography) -> Measurement:
    """Entropy ``S0`` of the states that are not native: the logarithm of their number."""
    band = band_of(topography)
    return band if isinstance(band, NoAnswer) else exactly(band.entropy)


def tg(topography: Topography) -> Measurement:
    """Glass temperature ``Tg = DE / sqrt(2 S0)``, 0 where all other states have one energy."""
    band = band_of(topography)
    return band if isinstance(band, NoAnswer) else exactly(band.roughness / math.sqrt(2.0 * band.entropy))


def tf(topography: Topography) -> Measurement:
    """Folding temperature ``Tf = (dE + sqrt(dE^2 - 2 S0 DE^2)) / (2 S0)``, in the unit of the energy."""
    band = band_of(topography)
    if isinstance(band, NoAnswer):
        return band
    inside = band.gap**2 - 2.0 * band.entropy * band.roughness**2
    return _no_folding(band) if inside < 0.0 else exactly((band.gap + math.sqrt(inside)) / (2.0 * band.entropy))


def tf_tg(topography: Topography) -> Measurement:
    """Ratio ``Tf / Tg = a + sqrt(a^2 - 1)`` of folding and glass temperature, 1 or more."""
    band = band_of(topography)
    if isinstance(band, NoAnswer):
        return band
    if band.roughness <= 1e-12 * band.gap:
        return NoAnswer(
            "no_roughness",
            "all states but the native ones have one energy, so that Tg is 0 and Tf/Tg unbounded",
            "read tf instead",
        )
    a = band.gap / (band.roughness * math.sqrt(2.0 * band.entropy))
    return _no_folding(band) if a < 1.0 else exactly(a + math.sqrt(a * a - 1.0))


def band_of(topography: Topography) -> Band | NoAnswer:
    """Read the band of states that are not native off the census, or say why there is none."""
    census = census_of(topography.graph)
    if isinstance(census, NoAnswer):
        return census
    others = census.states - census.ground_states
    if others < 2:
        return NoAnswer(
            "too_few_states",
            f"{others} of the {census.states} states are not native",
            "no entropy to compare with: use a larger system",
        )
    gap, second = _moments_above_ground(census, others)
    return Band(gap, math.sqrt(max(second - gap * gap, 0.0)), math.log(others))


def _moments_above_ground(census: Census, others: int) -> tuple[float, float]:
    """First and second moment of (energy - ground energy) over the states that are not native."""
    rise = census.mean - census.ground_energy
    scale = census.states / others
    return scale * rise, scale * (census.variance + rise * rise)


def _no_folding(band: Band) -> NoAnswer:
    a = band.gap / (band.roughness * math.sqrt(2.0 * band.entropy))
    return NoAnswer(
        "no_folding_transition",
        f"the ground energy lies only {a:.3g} times as deep as random energies of this spread reach by chance",
        "none: in the random-energy form the native state does not stand out",
    )


_SOURCE = "Bryngelson, Wolynes (1987); Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997)"

MEASURES = (
    Measure(
        "entropy",
        "logarithm of the number of states that are not native",
        _SOURCE,
        8,
        exact=entropy,
        sampled=entropy,
    ),
    Measure(
        "tf",
        "folding temperature, random-energy form",
        _SOURCE,
        8,
        exact=tf,
        sampled=of_ground(tf),
    ),
    Measure(
        "tg",
        "glass temperature, random-energy form",
        _SOURCE,
        8,
        exact=tg,
        sampled=of_ground(tg),
    ),
    Measure(
        "tf_tg",
        "folding over glass temperature, random-energy form",
        _SOURCE,
        8,
        exact=tf_tg,
        sampled=of_ground(tf_tg),
    ),
)
