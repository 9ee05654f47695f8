"""Commitment probability of every conformation, and how well the overlap tells it.

``p(u)`` is the probability that Metropolis dynamics at the folding temperature reaches a native state from u before an
unfolded one, of which no native contact is made. Of the states in equilibrium those on a passage between the two are
``2 p (1 - p)``, since the dynamics is reversible: with Boltzmann's weights this is the ensemble of transition paths,
whose middle, p = 1/2, is the transition state.

Du, Pande, Grosberg, Tanaka, Shakhnovich, J. Chem. Phys. 108, 334 (1998); Hummer, J. Chem. Phys. 120, 516 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Finite, StateList, is_chain
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.listed_chain import COMMITTED, EXACT_STATES, ListedChain
from spinfunnel.measure.outcome import Measure, Topography, exactly
from spinfunnel.measure.thermodynamics import folding_temperature

__all__ = ["MEASURES", "Commitment", "commitment", "committed"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Commitment:
    """Commitment of all states of a chain at one temperature.

    Attributes
    ----------
    temperature : float
    probability : array of float64, shape (n,)
        1 on native states, 0 on unfolded ones.
    overlap : array of float64, shape (n,)
        Share of native contacts.
    weight : array of float64, shape (n,)
        Boltzmann weight of all copies of a state, in all 1.
    listed : StateList
    native : array of bool, shape (n,)
    """

    temperature: float
    probability: Floats
    overlap: Floats
    weight: Floats
    listed: StateList
    native: NDArray[np.bool_]

    @property
    def passages(self) -> Floats:
        """Weight of every state among the transition paths, in all 1."""
        along = self.weight * self.probability * (1.0 - self.probability)
        return np.asarray(along / along.sum())

    @property
    def passing(self) -> float:
        """Share of the equilibrium that is on a passage."""
        return float(2.0 * self.weight @ (self.probability * (1.0 - self.probability)))


def commitment(
    landscape: Finite, *, temperature: float, native_energy: float | None = None, workers: int = 1
) -> Commitment | NoAnswer:
    """Solve for the commitment probability of every state.

    Parameters
    ----------
    landscape : Finite
        At most `EXACT_STATES` states: lattice proteins of 12 monomers in the plane, 9 in space.
    temperature : float
        In the unit of the energy.
    native_energy : float, optional
        States of at most this energy are native; the ground states unless given.
    workers : int

    Examples
    --------
    The native square of four monomers is the only state with a contact; the others have none, and are unfolded:

    >>> from spinfunnel.systems import hp_protein
    >>> found = commitment(hp_protein("HPPH"), temperature=1.0)
    >>> found.probability.tolist(), found.outcome if isinstance(found, NoAnswer) else found.passing
    ([0.0, 0.0, 0.0, 1.0, 0.0], 0.0)
    """
    states = landscape.distinct_states()
    if states > EXACT_STATES:
        return NoAnswer(
            "too_large",
            f"commitment is solved for up to {EXACT_STATES} states, and there are {states:.3g}",
            "use a shorter chain",
        )
    chain = ListedChain(landscape, native_energy=native_energy, workers=workers)
    listed = landscape.list_states(workers=workers)
    overlap = listed.overlap(np.flatnonzero(chain.native))
    if overlap is None:
        return NoAnswer(
            "no_overlap", "there is no measure of how near a state is to the native ones", "use a chain with contacts"
        )
    unfolded = (overlap == 0.0) & ~chain.native
    if not unfolded.any():
        return NoAnswer("no_unfolded", "every state has a native contact", "use a longer chain")
    chance, error = chain.commitment(temperature, unfolded=unfolded)
    if not error <= 100.0 * COMMITTED:
        return NoAnswer(
            "not_converged", f"commitment is known to a residual of {error:.1g} only", "measure at a higher temperature"
        )
    # The residual may leave states that are all but committed a little above 1, where passages would be negative.
    chance = np.clip(chance, 0.0, 1.0)
    weight = chain.copies * np.exp(-(chain.energies - chain.energies.min()) / temperature)
    return Commitment(temperature, chance, overlap.astype(np.float64), weight / weight.sum(), listed, chain.native)


def committed(topography: Topography) -> Commitment | NoAnswer:
    """Commitment at the folding temperature, or why there is none."""
    landscape, graph = topography.landscape, topography.graph
    if not is_chain(landscape):
        return NoAnswer(
            "not_listed", "commitment is solved for on chains whose states are listed", "judge a lattice protein"
        )
    tf = topography.shared(folding_temperature)
    if isinstance(tf, NoAnswer):
        return tf
    native = float(graph.energy[0]) + graph.native_tolerance
    found = commitment(landscape, temperature=tf.value, native_energy=native, workers=topography.workers)
    if isinstance(found, Commitment) and not found.passing > 0.0:
        return NoAnswer("no_passage", "every state is native or unfolded", "use a longer chain")
    return found


def transition_overlap(topography: Topography) -> Measurement:
    """Mean overlap with the native state on transition paths: 0 as if unfolded, 1 as if native."""
    found = topography.shared(committed)
    return found if isinstance(found, NoAnswer) else exactly(float(found.passages @ found.overlap))


def commitment_told(topography: Topography) -> Measurement:
    """Share of the variance of the commitment probability on transition paths that the overlap explains, 0 to 1.

    1 where all states of one overlap are committed alike: the overlap is then a perfect reaction coordinate.
    """
    found = topography.shared(committed)
    if isinstance(found, NoAnswer):
        return found
    share, chance = found.passages, found.probability
    level, place = np.unique(found.overlap, return_inverse=True)
    held = np.bincount(place, weights=share, minlength=len(level))
    mean = np.bincount(place, weights=share * chance, minlength=len(level)) / np.maximum(held, 1e-300)
    middle = float(share @ chance)
    whole, between = float(share @ (chance - middle) ** 2), float(held @ (mean - middle) ** 2)
    if whole <= 1e-12:
        return NoAnswer("alike", "all states on the way are committed alike", "nothing to do: there is one step")
    return exactly(min(between / whole, 1.0))


_SOURCE = "Du, Pande, Grosberg, Tanaka, Shakhnovich, J. Chem. Phys. 108, 334 (1998)"

MEASURES = (
    Measure(
        "transition_overlap",
        "mean overlap with the native state on transition paths at Tf",
        "Hummer, J. Chem. Phys. 120, 516 (2004)",
        13,
        exact=transition_overlap,
        reads="landscape",
    ),
    Measure(
        "commitment_told",
        "share of the variance of the commitment probability that the overlap explains",
        _SOURCE,
        13,
        exact=commitment_told,
        reads="landscape",
    ),
)
