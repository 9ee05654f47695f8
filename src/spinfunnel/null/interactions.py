"""The null of frustration: the same system with its interactions shuffled.

Coupling signs, or a protein's sequence: the random heteropolymer of folding theory. Where not every state was visited,
only the lowest energies of the samples are sought.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from spinfunnel.landscape import Binary, InputError, Kind, Landscape
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.null.ensemble import flooded, refused, without_bits
from spinfunnel.null.row import Asked, Found, Null
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.spins.committee import BinaryNetwork
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["SHUFFLED_INTERACTIONS", "has_interactions", "shuffled", "shuffled_interactions"]


def has_interactions(landscape: Landscape) -> bool:
    """Whether a landscape has interactions that can be shuffled: couplings, or a network's labels.

    Examples
    --------
    >>> from spinfunnel.systems import golf_course, low_autocorrelation
    >>> has_interactions(low_autocorrelation(6)), has_interactions(golf_course(6))
    (True, False)
    """
    return isinstance(landscape, BinaryNetwork) or (isinstance(landscape, SpinPolynomial) and bool(landscape.terms))


def shuffled_interactions(landscape: Binary, *, seed: int) -> Binary:
    """Return the same system with its frustration randomised: the random heteropolymer of folding theory.

    Every coefficient of a `SpinPolynomial`, fields included, keeps its magnitude and gets a random sign, + or - with
    equal chance; so the energies keep their mean and their variance, ``sum_m c_m^2``. A `BinaryNetwork` keeps its
    inputs and learns its own labels dealt anew over the patterns: as many of each, but nothing to be learnt.

    Parameters
    ----------
    landscape : SpinPolynomial or BinaryNetwork
    seed : int
        Of the signs or the deal.

    Raises
    ------
    InputError
        For a landscape without interactions, or a negative seed.

    Notes
    -----
    The global flip stays a symmetry where all orders are even; other symmetries of a polynomial rest on its signs and
    are lost. The exchange of hidden units stays.

    Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); for labels Zhang, Bengio, Hardt, Recht, Vinyals, ICLR
    2017.

    Examples
    --------
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> magnet = disordered_ferromagnet((3, 3), seed=1)
    >>> glass = shuffled_interactions(magnet, seed=1)
    >>> before, after = magnet.terms[2][1], glass.terms[2][1]
    >>> bool((abs(before) == abs(after)).all()), bool((before == after).all())
    (True, False)
    """
    check_range("seed", seed, low=0)
    name = f"{landscape.name} (shuffled interactions)"
    parameters = {**landscape.parameters, "shuffled": seed}
    rng = np.random.default_rng(seed)
    if isinstance(landscape, BinaryNetwork):
        labels = rng.permutation(landscape.labels)
        return dataclasses.replace(landscape, labels=labels, name=name, parameters=parameters)
    if isinstance(landscape, SpinPolynomial):
        terms = [
            (indices, coefficients * (2.0 * rng.integers(0, 2, len(coefficients)) - 1.0))
            for _, (indices, coefficients) in sorted(landscape.terms.items())
        ]
        return SpinPolynomial(
            landscape.size,
            terms,
            name=name,
            parameters=parameters,
            constant=landscape.constant,
            labels=landscape.labels,
        )
    raise InputError(f"{landscape.name} has no interactions to shuffle; it needs couplings or labels")


def shuffled(landscape: Binary, workers: int) -> Callable[[int], Binary]:  # noqa: ARG001 - every sampler's parameters
    """What makes samples: the landscape with its interactions shuffled by a seed."""
    return lambda draw: shuffled_interactions(landscape, seed=draw)


def _exact(asked: Asked) -> Found:
    if asked.landscape is not None and asked.landscape.kind is Kind.CHAIN:
        return _sequences(asked)
    refusal = _missing(asked.landscape)
    if refusal is not None:
        return refused(refusal)
    return flooded(asked, shuffled, title="shuffled interactions", own_grounds=True)


def _sampled(asked: Asked) -> Found:
    from spinfunnel.null.sampled_grounds import sought

    if asked.landscape is not None and asked.landscape.kind is Kind.CHAIN:
        return _sequences(asked)
    refusal = _missing(asked.landscape)
    return sought(asked, shuffled) if refusal is None else refused(refusal)


def _sequences(asked: Asked) -> Found:
    from spinfunnel.null.sequence import shuffled_sequences

    return shuffled_sequences(asked)


def _missing(landscape: Landscape | None) -> NoAnswer | None:
    """Why a landscape has no interactions to shuffle, or None where it has."""
    refusal = without_bits(landscape)
    if refusal is not None or landscape is None or has_interactions(landscape):
        return refusal
    return NoAnswer(
        "no_interactions",
        f"{landscape.name} has neither couplings whose signs could be shuffled nor labels",
        "compare with shuffled energies",
    )


SHUFFLED_INTERACTIONS = Null(
    "shuffled_interactions",
    "the same system with its frustration randomised: signs of couplings, labels, the order of a chain's monomers",
    "Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)",
    exact=_exact,
    sampled=_sampled,
    smooth=_exact,
)
