"""The steps of Langevin dynamics that do not know the energy: splitting BAOAB, unit masses, k_B = 1.

Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34 (2013).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["glide", "push"]

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def glide(x: Floats, v: Floats, g: Floats, noise: Floats, dt: float, keep: float, kick: float) -> None:
    """Half a push, half a step, friction and noise (normal numbers), half a step; all in place.

    ``keep`` is exp(-friction dt), ``kick`` sqrt((1 - keep^2) T).

    Examples
    --------
    Without force, friction and noise a particle goes straight on:

    >>> x, v, none = np.array([0.0]), np.array([2.0]), np.zeros(1)
    >>> glide(x, v, none, none, 0.5, 1.0, 0.0)
    >>> x.tolist(), v.tolist()
    ([1.0], [2.0])
    """
    for i in range(x.size):
        v[i] -= 0.5 * dt * g[i]
        x[i] += 0.5 * dt * v[i]
        v[i] = keep * v[i] + kick * noise[i]
        x[i] += 0.5 * dt * v[i]


@njit(cache=True, nogil=True)
def push(v: Floats, g: Floats, dt: float) -> None:
    """Half a step of the velocities along the force -g, in place."""
    for i in range(v.size):
        v[i] -= 0.5 * dt * g[i]
