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
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.densities import Spectrum

__all__ = ["FreeEnergy", "FreeEnergyProfile", "barrier_between", "free_energy"]

Floats = NDArray[np.float64]

HALF = 0.5
"""Overlap above which a state is taken for similar to the native one, where no barrier of F(Q) says where to part."""
SAME = 1e-9
"""Overlaps this near are one."""


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

    def barrier(self, border: float = HALF) -> float:
        """Height of the highest F between the unfolded basin and the native one above the unfolded, 0 or more.

        Parameters
        ----------
        border : float
            Overlap up to which states are unfolded. The bottom of each basin is its lowest F, so that a shell next to
            the native state is never taken for the unfolded one.
        """
        unfolded, top, native = barrier_between(self.free_energy, self.overlap <= border + SAME)
        # Where F has no maximum on the way, folding is downhill.
        return 0.0 if top == native else float(self.free_energy[top] - self.free_energy[unfolded])


def barrier_between(free_energy: Floats, unfolded: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Places of the unfolded bottom, of the highest F between, and of the native bottom.

    Parameters
    ----------
    free_energy : array of float64, shape (q,)
        By ascending overlap.
    unfolded : array of bool, shape (q,)
        The shells below the border, at least one of them and at least one above.

    Examples
    --------
    >>> barrier_between(np.array([0.0, 2.0, 1.0, -1.0]), np.array([True, True, False, False]))
    (0, 1, 3)
    """
    low = int(np.where(unfolded, free_energy, np.inf).argmin())
    native = int(np.where(unfolded, np.inf, free_energy).argmin())
    first, last = min(low, native), max(low, native)
    return low, first + int(free_energy[first : last + 1].argmax()), native


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

    def log_z(self, temperature: Floats, *, above: float) -> Floats:
        """``ln Z`` of the states of each overlap, with energies counted from `above`, shape (t, q)."""
        return np.stack([spectrum.log_weight(temperature, above=above) for spectrum in self.spectra], axis=1)

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
    return FreeEnergy(*Spectrum.of_shells(tally))


def _joint_tally(graph: BasinGraph) -> Tally | NoAnswer:
    for tally in graph.tallies:
        if tally.quantity == "overlap and energy" and math.isinf(tally.temperature):
            return tally
    return NoAnswer(
        "no_overlap",
        "the map has no histogram of energy and overlap with the native state",
        "flood the landscape exactly",
    )
