"""Ties of a user's own energies: a rounding floor that is measured, and levels within it made one.

A function rounds as it likes, and states of one energy in exact arithmetic differ in their last digits. The floor says
how much: what the function itself differed by when it was asked for the same states in another order, in other batches
or flipped, and at least some units in the last place of a typical energy.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["merge_levels", "rounding_floor", "to_grid"]

Floats = NDArray[np.float64]

LAST_PLACES = 1024.0
"""Units in the last place of the median energy that count as rounding.

A sum of a thousand terms, each as large as the sum, rounds by up to 500 units, and by 16 as a rule. The median, and not
the largest: a penalty on a few states does not blur the others.
"""
SAFETY = 8.0
"""The floor over the largest difference seen: those of other states may be larger than those of a sample."""
LONGEST = 8
"""Levels in a row, each one step from the next, that are merged; more are no tie but a continuum."""


def rounding_floor(energies: Floats, difference: float, *, dtype: DTypeLike) -> float:
    """Power of two below which differences of energies are rounding.

    Parameters
    ----------
    energies : array of float64
        A sample.
    difference : float
        Largest difference between energies of one state that was seen.
    dtype : dtype
        In which the function answers: single precision rounds more than double.

    Returns
    -------
    float
        0 where most energies of the sample are 0 and none was seen to differ.

    Examples
    --------
    >>> rounding_floor(np.array([1.0, -1.0]), 0.0, dtype=np.float64) == 2.0**-42
    True
    """
    typical = float(np.median(np.abs(energies)))
    # Whole numbers are counted, and rounded nowhere.
    digits = float(np.finfo(dtype).eps) if np.issubdtype(dtype, np.floating) else float(np.finfo(np.float64).eps)
    floor = max(SAFETY * difference, LAST_PLACES * digits * typical)
    return 2.0 ** math.ceil(math.log2(floor)) if floor > 0.0 else 0.0


def to_grid(energies: Floats, floor: float) -> Floats:
    """Energies rounded to multiples of the floor; whole numbers, and what is a multiple already, stay as they are.

    Examples
    --------
    >>> to_grid(np.array([0.3, 0.1 + 0.2]), 2.0**-44).tolist()
    [0.30000000000001137, 0.30000000000001137]
    """
    return energies if floor == 0.0 else np.rint(energies / floor) * floor + 0.0


def merge_levels(energies: Floats, floor: float) -> int:
    """Make levels one that lie one step of the floor apart, in place; return how many levels were merged into others.

    Equal energies may straddle two multiples of the floor. The lowest of such a row counts. `energies` are multiples.

    Examples
    --------
    >>> energies = np.array([1.0, 2.0, 5.0, 2.0])
    >>> merge_levels(energies, 1.0), energies.tolist()
    (1, [1.0, 1.0, 5.0, 1.0])
    """
    if floor == 0.0:
        return 0
    levels = np.unique(energies)
    close = np.diff(levels) <= 1.5 * floor
    if not close.any():
        return 0
    start = np.flatnonzero(np.append(True, ~close))
    length = np.diff(np.append(start, len(levels)))
    rows = (length > 1) & (length <= LONGEST)
    lowest = levels.copy()
    for first, count in zip(start[rows].tolist(), length[rows].tolist(), strict=True):
        lowest[first : first + count] = levels[first]
    changed = levels != lowest
    raised, instead = levels[changed], lowest[changed]
    place = np.minimum(np.searchsorted(raised, energies), len(raised) - 1) if len(raised) else np.zeros(0, np.int64)
    if len(raised):
        hit = raised[place] == energies
        energies[hit] = instead[place[hit]]
    return len(raised)
