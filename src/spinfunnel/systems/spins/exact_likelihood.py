"""Exact maximum likelihood of interactions of spins, by fast Walsh-Hadamard transforms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.moves.walsh_transform import energies_of, interactions_of

__all__ = ["fit_interactions", "probabilities"]

Floats = NDArray[np.float64]

STEPS = 60
CLOSE = 1e-10
"""Largest component of the gradient at the optimum."""
SETTLED = 1e-4
"""Largest Newton step that is left at the optimum."""
FLAT = 1e-9
"""Curvature below which the likelihood has no maximum that its samples tell."""
SHRINK = 40


def probabilities(theta: Floats, masks: NDArray[np.int64], size: int) -> tuple[Floats, float]:
    """``p(s) = exp(sum_S theta_S prod_{i in S} s_i) / Z`` of all states (2^size,), and ln Z.

    Examples
    --------
    >>> p, log_z = probabilities(np.array([0.0]), np.array([1]), 1)
    >>> p.tolist(), round(log_z, 6)
    ([0.5, 0.5], 0.693147)
    """
    terms = np.zeros(1 << size)
    terms[masks] = theta
    weights = energies_of(terms)
    top = float(weights.max())
    weights -= top
    np.exp(weights, out=weights)
    total = float(weights.sum())
    weights /= total
    return weights, top + float(np.log(total))


def fit_interactions(means: Floats, masks: NDArray[np.int64], size: int, *, ridge: float = 0.0) -> Floats:
    """Interactions theta that maximise ``theta . means - ln Z - ridge |theta|^2 / 2``, by Newton's method.

    One transform of p gives every correlation, so that the Hessian ``<S xor T> - <S> <T>`` costs nothing more.

    Parameters
    ----------
    means : array of shape (m,)
        Observed means of ``prod_{i in S} s_i``.
    masks : array of shape (m,)
        The sets S, as numbers whose bits are the spins.
    size : int
        Number of spins, at most 24.
    ridge : float

    Raises
    ------
    InputError
        Where the likelihood has no maximum, as when two spins are never up together.

    Examples
    --------
    >>> fit_interactions(np.array([np.tanh(0.3)]), np.array([1]), 1).round(9).tolist()
    [0.3]
    """
    theta = np.zeros(len(masks))
    p, log_z = probabilities(theta, masks, size)
    for _ in range(STEPS):
        correlation = interactions_of(p) * len(p)
        model = correlation[masks]
        gradient = means - model - ridge * theta
        hessian = correlation[masks[:, None] ^ masks] - np.outer(model, model) + ridge * np.eye(len(masks))
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            break
        if np.abs(gradient).max() < CLOSE:
            # Where there is no maximum, gradient and curvature vanish together, and the steps do not.
            if np.abs(step).max() < SETTLED and np.linalg.eigvalsh(hessian)[0] > FLAT:
                return theta
            break
        value = theta @ means - log_z - ridge / 2 * theta @ theta
        slope = float(gradient @ step)
        share = 1.0
        for _ in range(SHRINK):
            tried = theta + share * step
            p, log_z = probabilities(tried, masks, size)
            gain = tried @ means - log_z - ridge / 2 * tried @ tried - value
            if gain >= 1e-4 * share * slope - 1e-12:
                break
            share /= 2
        theta = tried
        if np.abs(theta).max() > 50:
            break
    raise InputError("the likelihood has no maximum, as some combination of values never occurs; give ridge=0.01")
