"""Ties of polynomial energies: coefficients rounded once, so that sums of them are exact.

States that have one energy in exact arithmetic must have one energy in the program. Sums of doubles round, and
differently in each order; sums of whole multiples of one number do not, as long as they stay below 2^53 of it. So each
coefficient is rounded once, to a multiple of one number, and every sum of coefficients is exact in whatever order it is
made.

Rounding alone would part coefficients that were meant to be equal but straddle two multiples. Those are merged before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["TIE", "Ties", "common_unit", "exact_coefficients"]

Floats = NDArray[np.float64]

TIE = 2.0**-40
"""Relative difference below which two magnitudes count as one, 9e-13.

Files that were written with 13 digits or more, and coefficients that were computed in double precision, agree to 1e-13.
Of a million random coefficients of one magnitude the nearest two differ by about 1e-12.
"""
BITS = 51
"""Bits of the sum of all magnitudes in units of the grid: sums, and differences of two of them, fit into 53."""
FEW = 1_000
"""Largest denominator of the fractions that coefficients with noise are taken for.

Beyond a thousand a random number is one to within `TIE` by chance: a million of them leave 3e-6 between neighbours.
"""
MANY = 1_000_000
"""The same of coefficients that are fractions to the last digit."""
MOST_DECIMALS = 8
LAST_DIGITS = 4.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Coefficients of which sums are exact.

    Attributes
    ----------
    coefficients : array of float64
        In the order in which they were given; those that are multiples of the grid already are the same, bit by bit.
    unit : float or None
        The number of which all are whole multiples, where it is a number that a person would write.
    grid : float
        The number of which all are whole multiples: the unit, or a power of two.
    merged : int
        Different magnitudes that were given, less those that are left.
    """

    coefficients: Floats
    unit: float | None
    grid: float
    merged: int


def exact_coefficients(given: Floats, *, spare: int = 0) -> Ties:
    """Round coefficients so that sums of them are exact.

    Parameters
    ----------
    given : array of float64
        Finite.
    spare : int
        Bits to leave for a later division by ``2**spare``, which must stay exact as well.

    Returns
    -------
    Ties

    Notes
    -----
    Magnitudes are merged that differ by less than `TIE` of themselves. Then, in this order: a
    common unit to the last digit; a common unit with small denominators to within `TIE`; a dyadic grid of 2^-51 of the
    sum of the magnitudes, which is the finest whose sums are exact. A grid of 2^-40 would merge as much, and lose what
    stands beside penalties of 10^7.

    Examples
    --------
    >>> noisy = exact_coefficients(np.array([1.0, -1.0 - 1e-13, 2.0 + 1e-13]))
    >>> noisy.coefficients.tolist(), noisy.unit, noisy.merged
    ([1.0, -1.0, 2.0], 1.0, 1)
    >>> root = exact_coefficients(np.array([2.0**0.5, 1.0]))
    >>> root.unit, bool(abs(root.coefficients[0] - 2.0**0.5) < root.grid)
    (None, True)
    """
    if len(given) == 0 or not given.any():
        return Ties(given, 1.0, 1.0, 0)
    unit = common_unit(given)
    if unit is not None:
        return Ties(given, unit, unit, 0)
    magnitude = np.abs(given)
    # The total is taken exactly, so that the grid does not depend on the order of the terms.
    grid = 2.0 ** (math.frexp(math.fsum(magnitude.tolist()))[1] - BITS + spare)
    values, place = np.unique(magnitude, return_inverse=True)
    shared, left = _merged(values)
    unit = common_unit(shared, tolerance=TIE, largest=FEW)
    if unit is not None:
        grid = unit
    rounded = np.rint(shared / grid) * grid
    coefficients = np.copysign(rounded[place], given)
    return Ties(coefficients, unit, grid, len(values) - left)


def _merged(values: Floats) -> tuple[Floats, int]:
    """Ascending magnitudes, those of one value made equal to the middle one; and how many values are left."""
    apart = np.diff(values) > TIE * values[1:]
    start = np.flatnonzero(np.append(True, apart))
    stop = np.append(start[1:], len(values))
    middle = values[(start + stop - 1) // 2]
    return np.repeat(middle, stop - start), len(start)


def common_unit(coefficients: Floats, *, tolerance: float = LAST_DIGITS, largest: int = MANY) -> float | None:
    """Largest unit of which all coefficients are whole multiples, or None.

    Parameters
    ----------
    coefficients : array of float64
    tolerance : float
        Relative error up to which a coefficient counts as a multiple. Four units in the last place, unless given, let
        decimal fractions (0.1, 0.3) qualify.
    largest : int
        Largest denominator of the ratios of two coefficients.

    Notes
    -----
    The multiples must add up to less than 2**52, so that their sums are exact.

    Examples
    --------
    >>> common_unit(np.array([0.3, -0.5, 1.2])), common_unit(np.array([4.0, -6.0])), common_unit(np.array([1.0, np.pi]))
    (0.1, 2.0, None)
    """
    values = np.unique(np.abs(coefficients[coefficients != 0.0]))
    if len(values) == 0:
        return 1.0
    top = float(values[-1])
    total = float(np.abs(coefficients).sum())
    if top < 2.0**52 and np.array_equal(values, np.rint(values)):
        unit = float(math.gcd(*(int(value) for value in values)))
        return unit if total / unit < 2.0**52 else None
    decimal = _decimal_unit(values, total=total, tolerance=tolerance)
    if decimal is not None:
        return decimal
    multiple = 1
    for value in values.tolist():
        ratio = Fraction(value / top).limit_denominator(largest)
        if abs(float(ratio) - value / top) > tolerance * value / top:
            return None
        multiple = math.lcm(multiple, ratio.denominator)
        if total / top * multiple >= 2.0**52:
            return None
    unit = top / multiple
    neat = float(Fraction(unit).limit_denominator(1_000_000_000))
    unit = neat if neat > 0.0 and abs(neat - unit) <= tolerance * unit else unit
    whole = np.rint(values / unit)
    return unit if bool(np.all(np.abs(whole * unit - values) <= 2 * tolerance * values)) else None


def _decimal_unit(values: Floats, *, total: float, tolerance: float) -> float | None:
    """Largest unit of numbers of few decimals, as a penalty of 10^7 beside costs of 0.131 has it; or None."""
    for digits in range(1, MOST_DECIMALS + 1):
        power = 10.0**digits
        if total * power >= 2.0**52:
            return None
        whole = np.rint(values * power)
        if bool(np.all(np.abs(whole / power - values) <= tolerance * values)):
            common = math.gcd(*(int(value) for value in whole))
            return common / power
    return None
