"""Low autocorrelation binary strings."""

from __future__ import annotations

import numpy as np

from spinfunnel.landscape import Symmetry
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["low_autocorrelation"]


def low_autocorrelation(n: int = 12, *, seed: int = 0) -> SpinPolynomial:  # noqa: ARG001
    """Low autocorrelation binary strings, ``E = sum_{k=1}^{n-1} C_k^2`` with ``C_k = sum_i s_i s_{i+k}``.

    Nothing is random: `seed` is accepted and ignored, as every system takes one. Symmetries: global flip, reversal and
    the flip of every other spin, a group of order 8. Energies are whole numbers. About n^3 / 12 terms of order 4 (n
    up to 300).

    Source: Bernasconi, J. Physique 48, 559 (1987); Packebusch, Mertens, J. Phys. A 49, 165001 (2016).

    Examples
    --------
    >>> strings = low_autocorrelation(13)
    >>> energies = np.empty(2**12)
    >>> strings.enumerate(energies)
    >>> float(energies.min())
    6.0
    >>> [symmetry.name for symmetry in strings.symmetries]
    ['global flip', 'reversal', 'alternating flip']
    """
    check_range("n", n, low=3, high=300)
    terms = []
    for k in range(1, n):
        first, second = np.triu_indices(n - k, 1)
        apart = second != first + k
        four = np.stack([first, first + k, second, second + k], axis=1)[apart]
        two = np.stack([first, second + k], axis=1)[~apart]
        terms += [(four, np.full(len(four), 2.0)), (two, np.full(len(two), 2.0))]
    reversal = Symmetry("reversal", tuple(range(n - 1, -1, -1)), (0,) * n)
    alternating = Symmetry("alternating flip", tuple(range(n)), tuple(i % 2 for i in range(n)))
    return SpinPolynomial(
        n,
        terms,
        name="labs",
        parameters={"n": n},
        constant=n * (n - 1) / 2,
        symmetries=(reversal, alternating),
    )
