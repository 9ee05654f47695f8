"""Folding and glass temperature in the random-energy form (definition 8).

The states that are dissimilar from the native one (see `native_ensemble`) are taken for a random energy model with
their own mean, standard deviation DE and number exp(S0); the lowest native state lies dE below their mean. With
the gap over the roughness, ``a = dE / (DE sqrt(2 S0))``::

    Tg = DE / sqrt(2 S0)        Tf = (dE + sqrt(dE^2 - 2 S0 DE^2)) / (2 S0)        Tf / Tg = a + sqrt(a^2 - 1)

for a >= 1. Below, the native state lies within the band of energies that so many random states reach by chance, and
there is no folding above the glass transition. Plain states are counted, symmetric copies included. In the theory of
folding dE grows as n and DE as sqrt(n) while S0 grows as n: a stays as it is for one random sequence, and grows as
sqrt(n) where all energies agree.

Of a sampled map the mean and the variance of all states are exact; from these the states of overlap above 1/2 are
taken out as their shells were sampled.

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem.
48, 545 (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.free_energy import HALF, SAME
from spinfunnel.measure.ground_found import of_ground
from spinfunnel.measure.histograms import jackknifed
from spinfunnel.measure.native_ensemble import dissimilar_states
from spinfunnel.measure.outcome import Measure, Topography, census_of, exactly, overlap_tally

if TYPE_CHECKING:
    from spinfunnel.landscape import Census

__all__ = ["MEASURES", "Band", "band_of"]

FEWEST = 2
"""States that are not native, below which they make no band."""


@dataclass(frozen=True, slots=True)
class Band:
    """The states that are not native: gap of their mean above the ground energy, standard deviation, entropy."""

    gap: float
    roughness: float
    entropy: float


def entropy(topography: Topography) -> Measurement:
    """Entropy ``S0`` of the dissimilar states: the logarithm of their number."""
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
    return band if isinstance(band, NoAnswer) else _ratio(band)


def _ratio(band: Band) -> Measurement:
    if band.roughness <= 1e-12 * band.gap:
        return _no_roughness()
    a = band.gap / (band.roughness * math.sqrt(2.0 * band.entropy))
    return _no_folding(band) if a < 1.0 else exactly(a + math.sqrt(a * a - 1.0))


def band_of(topography: Topography) -> Band | NoAnswer:
    """Read the band of states that are not native off a map, or say why there is none."""
    return topography.shared(_sampled_band if topography.graph.road == "sampled" else _exact_band)


def _exact_band(topography: Topography) -> Band | NoAnswer:
    found = topography.shared(dissimilar_states)
    if isinstance(found, NoAnswer):
        return found
    ground, others = found
    mean, roughness = others.moments()
    return Band(mean - ground, roughness, others.log_states)


def _sampled_band(topography: Topography) -> Band | NoAnswer:
    """All states, whose moments are exact, without the sampled shells of the native ones."""
    census, tally = census_of(topography.graph), overlap_tally(topography.graph)
    if isinstance(census, NoAnswer):
        return census
    if isinstance(tally, NoAnswer):
        return tally
    inside = np.array(tally.position) > HALF + SAME
    share = np.exp(np.log(np.array(tally.count)[inside]) - math.log(census.states))
    left = 1.0 - float(share.sum())
    if left <= 0.0 or left * census.states < FEWEST:
        return NoAnswer("too_few_states", "hardly a state is dissimilar from the native one", "use a larger system")
    rise = census.mean - census.ground_energy
    native = np.array(tally.mean)[inside] - census.ground_energy
    gap = (rise - float(share @ native)) / left
    second = (census.variance + rise**2 - float(share @ (native**2 + np.array(tally.spread)[inside] ** 2))) / left
    return Band(gap, math.sqrt(max(second - gap * gap, 0.0)), math.log(census.states) + math.log(left))


def gap_over_roughness(topography: Topography) -> Measurement:
    """Gap over roughness, ``a = dE / (DE sqrt(2 S0))``: 1 where chance reaches as low as the native state."""
    band = band_of(topography)
    if isinstance(band, NoAnswer):
        return band
    if band.roughness <= 1e-12 * band.gap:
        return _no_roughness()
    return exactly(band.gap / (band.roughness * math.sqrt(2.0 * band.entropy)))


def tf_tg_ground_state(topography: Topography) -> Measurement:
    """Ratio ``Tf / Tg`` with all states but those at the ground energy as the band, 1 or more."""
    census = census_of(topography.graph)
    if isinstance(census, NoAnswer):
        return census
    others = census.states - census.ground_states
    if others < FEWEST:
        return NoAnswer(
            "too_few_states",
            f"{others} of the {census.states} states are not native",
            "no entropy to compare with: use a larger system",
        )
    gap, second = _moments_above_ground(census, others)
    return _ratio(Band(gap, math.sqrt(max(second - gap * gap, 0.0)), math.log(others)))


def _moments_above_ground(census: Census, others: int) -> tuple[float, float]:
    """First and second moment of (energy - ground energy) over the states that are not at the ground energy."""
    rise = census.mean - census.ground_energy
    scale = census.states / others
    return scale * rise, scale * (census.variance + rise * rise)


def _no_roughness() -> NoAnswer:
    return NoAnswer(
        "no_roughness",
        "all states but the native ones have one energy, so that Tg is 0 and Tf/Tg unbounded",
        "read tf instead",
    )


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
        "logarithm of the number of dissimilar states",
        _SOURCE,
        8,
        exact=entropy,
        sampled=jackknifed(entropy),
    ),
    Measure(
        "tf",
        "folding temperature, random-energy form",
        _SOURCE,
        8,
        exact=tf,
        sampled=of_ground(jackknifed(tf)),
    ),
    Measure(
        "tg",
        "glass temperature, random-energy form",
        _SOURCE,
        8,
        exact=tg,
        sampled=of_ground(jackknifed(tg)),
    ),
    Measure(
        "tf_tg",
        "folding over glass temperature, random-energy form",
        _SOURCE,
        8,
        exact=tf_tg,
        sampled=of_ground(jackknifed(tf_tg)),
    ),
    Measure(
        "gap_over_roughness",
        "gap over roughness, dE / (DE sqrt(2 S)): 1 where chance reaches as low",
        _SOURCE,
        8,
        exact=gap_over_roughness,
        sampled=of_ground(jackknifed(gap_over_roughness)),
    ),
    Measure(
        "tf_tg_ground_state",
        "folding over glass temperature, random-energy form, the ground states alone being native",
        _SOURCE,
        8,
        exact=tf_tg_ground_state,
        sampled=of_ground(tf_tg_ground_state),
    ),
)
