"""Distances of all states from the ground states, as arrays of energies tell them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["native_distances"]


def native_distances(energies: NDArray[np.float64], *, size: int) -> NDArray[np.uint8]:
    """Flips from each state to the nearest state of the lowest energy, shape of the energies.

    Parameters
    ----------
    energies : array of float64, shape (2**size,) or, with the global flip, (2**(size - 1),)

    Examples
    --------
    >>> native_distances(np.array([5.0, 0.0, 5.0, 5.0]), size=2).tolist()
    [1, 0, 2, 1]
    """
    away = np.where(energies == energies.min(), 0, size).astype(np.uint8)
    if len(away) < 1 << size:
        away = np.concatenate([away, away[::-1]])
    # Distances add over the bits, so that one pass along each is enough.
    for bit in range(size):
        pairs = away.reshape(-1, 2, 1 << bit)
        one, other = pairs[:, 0].copy(), pairs[:, 1].copy()
        np.minimum(one, other + 1, out=pairs[:, 0])
        np.minimum(other, one + 1, out=pairs[:, 1])
    return away[: len(energies)]
