"""Critical points of the spherical p-spin model: how many of each index, and where, at finite and at large n."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError

__all__ = ["complexity", "critical_energy", "expected_points", "threshold_energy"]

Floats = NDArray[np.float64]


def threshold_energy(p: int) -> float:
    """``E_inf = 2 sqrt((p - 1) / p)``: above ``-E_inf n`` critical points have an index of the order of n.

    Examples
    --------
    >>> round(threshold_energy(3), 6)
    1.632993
    """
    if p < 2:
        raise InputError(f"p={p} is out of range: give p >= 2")
    return 2.0 * math.sqrt((p - 1) / p)


def complexity(u: float, *, p: int = 3, index: int = 0) -> float:
    """Logarithm, per spin, of the mean number of critical points of an index with energies near ``n u``.

    ``Theta_k(u) = ln(p - 1) / 2 - (p - 2) u^2 / (4 (p - 1)) - (k + 1) I(u)`` for u <= -E_inf and minima k = 0, with
    ``I(u) = -(u / E_inf^2) sqrt(u^2 - E_inf^2) - ln(-u + sqrt(u^2 - E_inf^2)) + ln E_inf``. Negative where there are
    none.

    Raises
    ------
    InputError
        Above the threshold energy, where all these are the same.

    Source: Auffinger, Ben Arous, Cerny, Commun. Pure Appl. Math. 66, 165 (2013).

    Examples
    --------
    The largest number of minima is that at the threshold:

    >>> round(complexity(-threshold_energy(3)), 6)
    0.01324
    """
    edge = threshold_energy(p)
    if u > -edge:
        raise InputError(f"u={u} lies above the threshold energy {-edge:.6f}: give a lower energy per spin")
    if index < 0:
        raise InputError(f"index={index} is out of range: give index >= 0")
    root = math.sqrt(max(u * u - edge * edge, 0.0))
    rate = -(u / edge**2) * root - math.log(-u + root) + math.log(edge)
    return 0.5 * math.log(p - 1) - (p - 2) * u * u / (4.0 * (p - 1)) - (index + 1) * rate


def critical_energy(index: int, *, p: int = 3) -> float:
    """E_k, the root of ``Theta_k(-E_k) = 0``: below ``-E_k n`` there are no critical points of index k or more.

    -E_0 n is the ground energy, for p >= 3; E_k falls with k toward `threshold_energy`.

    Examples
    --------
    >>> [round(critical_energy(k), 6) for k in range(3)]
    [1.656998, 1.652873, 1.650253]
    """
    if p < 3:
        raise InputError(f"p={p}: energies of critical points are ordered by index for p >= 3")
    from scipy.optimize import brentq

    edge = threshold_energy(p)
    return float(brentq(lambda energy: complexity(-energy, p=p, index=index), edge, 4.0 * edge, xtol=1e-14))


def expected_points(n: int, *, p: int = 3, draws: int = 20_000, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Mean number and mean energy per spin of the critical points of each index, exact at every n but for the draws.

    By the Kac-Rice formula, with the eigenvalues ``l_0 <= ... <= l_(n-1)`` of the Gaussian orthogonal ensemble whose
    spectrum fills [-sqrt 2, sqrt 2]: index k has ``2 sqrt(2 / p) (p - 1)^(n/2) E[exp(-n (p - 2) l_k^2 / (2 p))]``
    points on average, each draw's at the energy ``l_k sqrt(2 (p - 1) / p)`` per spin. A point and its antipode are two.

    Parameters
    ----------
    n, p : int
        Spins and order, both at least 2.
    draws : int
        Random matrices, from which the means are estimated.
    seed : int

    Returns
    -------
    count, error, energy : array of float64, shape (n,)
        Numbers, their standard errors, and energies per spin, by index.

    Source: Auffinger, Ben Arous, Cerny, Commun. Pure Appl. Math. 66, 165 (2013), theorem 2.1.

    Examples
    --------
    A quadratic form has one eigenvector of each index, and its negative:

    >>> expected_points(4, p=2, draws=100)[0].tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    if n < 2 or p < 2 or draws < 2:
        raise InputError(f"n={n}, p={p}, draws={draws}: give at least 2 of each")
    entries = np.random.default_rng(seed).standard_normal((draws, n, n))
    values = np.linalg.eigvalsh((entries + entries.transpose(0, 2, 1)) / math.sqrt(4.0 * n))
    weight = np.exp(-n * (p - 2) / (2.0 * p) * values**2)
    scale = 2.0 * math.sqrt(2.0 / p) * (p - 1) ** (n / 2.0)
    energy = (weight * values).sum(axis=0) / weight.sum(axis=0) * math.sqrt(2.0 * (p - 1) / p)
    return scale * weight.mean(axis=0), scale * weight.std(axis=0) / math.sqrt(draws), energy
