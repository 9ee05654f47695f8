"""The Hopfield memory."""

from __future__ import annotations

from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.spins.glasses import subsets
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["hopfield_memory"]


def hopfield_memory(n: int = 16, *, patterns: int = 2, seed: int = 0) -> SpinPolynomial:
    """Hopfield memory with Hebb's rule, ``E = -1/(2n) sum_mu sum_{i != j} xi_i^mu xi_j^mu s_i s_j``.

    The self-interaction (a constant -patterns / 2) is left out. Couplings are whole multiples of 1 / n, so that
    energies which are equal on paper are equal as floats. One pattern has exactly two minima, the pattern and its
    negative.

    Parameters
    ----------
    n : int
        Number of spins, at least 2.
    patterns : int
        Number of random patterns stored; beyond about 0.14 n the memory breaks down into a glass.
    seed : int

    Source: Hopfield, Proc. Natl. Acad. Sci. 79, 2554 (1982).

    Examples
    --------
    >>> import numpy as np
    >>> memory = hopfield_memory(6, patterns=1, seed=1)
    >>> energies = np.empty(32)
    >>> memory.enumerate(energies)
    >>> float(energies.min()), int((energies == energies.min()).sum())
    (-2.5, 1)
    """
    check_range("n", n, low=2)
    check_range("patterns", patterns, low=1, high=1_000_000)
    xi = 2 * disorder(seed).integers(0, 2, (patterns, n)) - 1
    overlap = xi.T @ xi
    pairs = subsets(n, 2)
    couplings = overlap[pairs[:, 0], pairs[:, 1]] / n
    return SpinPolynomial(
        n, [(pairs, -couplings)], name="hopfield", parameters={"n": n, "patterns": patterns, "seed": seed}
    )
