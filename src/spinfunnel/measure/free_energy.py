"""Energy, entropy and free energy along the overlap Q with the native state (definition 10).

    F(Q, T) = -T ln sum over states of overlap Q of exp(-E / T),    U(Q, T) their mean energy,    S = (U - F) / T

At infinite temperature U is the mean energy E(Q), and S the logarithm S(Q) of the number of states. A landscape folds
downhill where F falls all the way to the native state, and over a barrier where it does not.

Socci, Onuchic, Wolynes, J. Chem. Phys. 104, 5860 (1996); Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48,
545 (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, Tally
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.densities import Spectrum, within
from spinfunnel.measure.outcome import Measure, Topography
from spinfunnel.measure.thermodynamics import folding_temperature

__all__ = ["MEASURES", "FreeEnergy", "FreeEnergyProfile", "folding_barrier", "free_energy"]

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-3
"""Error of a barrier, in units of the temperature, below which it is given without an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class FreeEnergyProfile:
    """Along Q at one temperature: free energy F, mean energy U and entropy S of the states of each overlap.

    `error` bounds what F may be off for states being in bins.
    """

    temperature: float
    overlap: Floats
    free_energy: Floats
    energy: Floats
    entropy: Floats
    error: Floats

    @property
    def probability(self) -> Floats:
        """Boltzmann weight of each overlap."""
        weight = np.exp(-(self.free_energy - self.free_energy.min()) / self.temperature)
        return np.asarray(weight / weight.sum())

    @property
    def barrier(self) -> float:
        """Height of the highest F between the unfolded minimum and the native state above that minimum, 0 or more.

        The unfolded minimum is the lowest F at an overlap below 1; the native state is Q = 1.
        """
        away = self.overlap < 1.0 - 1e-12
        if not away.any():
            return 0.0
        unfolded = int(np.where(away, self.free_energy, np.inf).argmin())
        between = (self.overlap >= self.overlap[unfolded]) & away
        return float(self.free_energy[between].max() - self.free_energy[unfolded])


@dataclass(frozen=True, slots=True, eq=False)
class FreeEnergy:
    """The states of each overlap, from which F(Q, T) follows at any temperature.

    Attributes
    ----------
    overlap : array of float64, shape (q,)
        Ascending.
    spectra : tuple of Spectrum
        States of each overlap.
    """

    overlap: Floats
    spectra: tuple[Spectrum, ...]

    def at(self, temperature: float) -> FreeEnergyProfile:
        """Profile at a temperature above 0; at ``inf``, where F is not finite, it is given as 0."""
        rows = [spectrum.at(temperature) for spectrum in self.spectra]
        energy, entropy, log_z = (
            np.array([float(getattr(row, name)[0]) for row in rows]) for name in ("energy", "entropy", "log_z")
        )
        ground = np.array([spectrum.ground for spectrum in self.spectra])
        if math.isinf(temperature):
            flat = np.zeros(len(rows))
            return FreeEnergyProfile(temperature, self.overlap, flat, energy, entropy, flat)
        error = temperature * np.array([spectrum.log_error(temperature) for spectrum in self.spectra])
        return FreeEnergyProfile(temperature, self.overlap, ground - temperature * log_z, energy, entropy, error)


def free_energy(graph: BasinGraph) -> FreeEnergy | NoAnswer:
    """Read the states of each overlap off a map.

    Returns
    -------
    FreeEnergy or NoAnswer
        The latter where the map has no histogram of overlap and energy.
    """
    tally = _joint_tally(graph)
    if isinstance(tally, NoAnswer):
        return tally
    overlap, first = np.unique(np.array(tally.overlap), return_index=True)
    ends = [*first[1:].tolist(), len(tally.overlap)]
    spectra = (Spectrum.of(tally, slice(start, stop)) for start, stop in zip(first.tolist(), ends, strict=True))
    return FreeEnergy(overlap, tuple(spectra))


def folding_barrier(topography: Topography) -> Measurement:
    """Barrier of F(Q, Tf) on the way from the unfolded minimum to the native state, in units of Tf; 0 if downhill."""
    profile = free_energy(topography.graph)
    if isinstance(profile, NoAnswer):
        return profile
    tf = topography.shared(folding_temperature)
    if isinstance(tf, NoAnswer):
        return tf
    if len(profile.overlap) < 2:
        return NoAnswer("too_few_shells", "all states have one overlap with the native ones", "use a larger system")
    at_folding = profile.at(tf.value)
    barrier, error = at_folding.barrier / tf.value, 2.0 * float(at_folding.error.max()) / tf.value
    answer = within(barrier, 0.0 if error < NEGLIGIBLE else error)
    if isinstance(answer, Estimate):
        return Estimate(answer.value, max(answer.low, 0.0), answer.high)
    return answer


def _joint_tally(graph: BasinGraph) -> Tally | NoAnswer:
    for tally in graph.tallies:
        if tally.quantity == "overlap and energy" and math.isinf(tally.temperature):
            return tally
    return NoAnswer(
        "no_overlap",
        "the map has no histogram of energy and overlap with the native state",
        "flood the landscape exactly",
    )


MEASURES = (
    Measure(
        "folding_barrier",
        "barrier of the free energy F(Q) at the folding temperature, over that temperature",
        "Socci, Onuchic, Wolynes, J. Chem. Phys. 104, 5860 (1996)",
        10,
        exact=folding_barrier,
    ),
)
