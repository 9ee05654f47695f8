"""Phi-values of native contacts: how far each is made in the transition state.

``phi = (<c>_TS - <c>_U) / (<c>_N - <c>_U)`` for a contact c, 1 made and 0 not. Since the derivative of the free energy
of an ensemble by the energy of a contact is the mean of that contact, this is what a small mutation of the contact does
to the free energy of activation over what it does to the stability. The ensembles are the equilibrium at Tf by
commitment probability p (see `spinfunnel.measure.commitment`): N with the weights p, U with 1 - p, and TS, the
transition paths, with p (1 - p).

Fersht, Matouschek, Serrano, J. Mol. Biol. 224, 771 (1992); Onuchic, Socci, Luthey-Schulten, Wolynes, Fold. Des. 1, 441
(1996), for the form by ensembles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.commitment import Commitment, committed
from spinfunnel.measure.outcome import Measure, Topography, exactly

__all__ = ["MEASURES", "phi_values"]

Floats = NDArray[np.float64]

MADE = 0.5
"""A contact is native where more than this share of the native states has it."""


def phi_values(found: Commitment) -> tuple[NDArray[np.int64], Floats] | NoAnswer:
    """Phi-values of the native contacts.

    Returns
    -------
    contacts : array of int64, shape (c,)
        Columns of the landscape's table of contacts.
    phi : array of float64, shape (c,)

    Examples
    --------
    Two of four contacts are half made on the way over, two hardly at all:

    >>> from spinfunnel.measure.commitment import commitment
    >>> from spinfunnel.systems import lattice_go
    >>> contacts, phi = phi_values(commitment(lattice_go(n=9, seed=1), temperature=0.5))
    >>> phi.round(2).tolist()
    [-0.02, 0.1, 0.53, 0.49]
    """
    if found.listed.features is None:
        return NoAnswer("no_contacts", "its states have no contacts", "judge a lattice protein")
    made = found.listed.features(np.arange(len(found.weight))).astype(np.float64)
    contacts = np.flatnonzero(made[found.native].mean(axis=0) > MADE)
    if not len(contacts):
        return NoAnswer("no_contacts", "native states share no contact", "read it of a chain with one native state")
    made, p = made[:, contacts], found.probability
    folded, unfolded = found.weight * p, found.weight * (1.0 - p)
    native, loose = folded @ made / folded.sum(), unfolded @ made / unfolded.sum()
    return contacts, np.asarray((found.passages @ made - loose) / (native - loose))


def _phi(topography: Topography) -> Floats | NoAnswer:
    found = topography.shared(committed)
    if isinstance(found, NoAnswer):
        return found
    values = phi_values(found)
    return values if isinstance(values, NoAnswer) else values[1]


def phi_mean(topography: Topography) -> Measurement:
    """Mean phi-value over the native contacts: 0 an unfolded transition state, 1 a native one."""
    phi = topography.shared(_phi)
    return phi if isinstance(phi, NoAnswer) else exactly(float(phi.mean()))


def phi_spread(topography: Topography) -> Measurement:
    """Standard deviation of the phi-values: 0 where all contacts are made alike, large where a nucleus forms first."""
    phi = topography.shared(_phi)
    return phi if isinstance(phi, NoAnswer) else exactly(float(phi.std()))


_SOURCE = "Fersht, Matouschek, Serrano, J. Mol. Biol. 224, 771 (1992); Onuchic et al., Fold. Des. 1, 441 (1996)"

MEASURES = (
    Measure(
        "phi_mean",
        "mean phi-value of the native contacts at Tf",
        _SOURCE,
        13,
        exact=phi_mean,
        reads="landscape",
    ),
    Measure(
        "phi_spread",
        "standard deviation of the phi-values",
        _SOURCE,
        13,
        exact=phi_spread,
        reads="landscape",
    ),
)
