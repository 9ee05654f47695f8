"""From variables 0 and 1 to spins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.systems.ranges import check_terms
from spinfunnel.systems.spins.polynomial_ties import exact_coefficients

__all__ = ["TermList", "spins_from_binary"]

TermList = Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Pairs of indices (t, order) and coefficients (t,)."""

HIGHEST_ORDER = 16
ROUNDING = 2.0**-46
"""Share of the sum of sizes up to which a sum is the rounding of some ten additions and of what was read."""


def spins_from_binary(terms: TermList) -> tuple[list[tuple[NDArray[np.int64], NDArray[np.float64]]], float]:
    """Terms in spins ``s = 2 x - 1``, and the constant, of a polynomial in ``x`` in {0, 1}.

    ``prod_{i in m} x_i = 2^-|m| sum over subsets u of m of prod_{i in u} s_i``. Where the coefficients have a common
    unit, the sums are made in whole numbers, so that what cancels on paper cancels here; else a sum that is less than
    2^-46 of its terms counts as none: spins without a field, written as a QUBO, have none again.

    Raises
    ------
    InputError
        Beyond order 16, where a term has more than 65,536 subsets.

    Examples
    --------
    >>> spins_from_binary([(np.array([[0, 1]]), np.array([4.0]))])
    ([(array([[0],
           [1]]), array([1., 1.])), (array([[0, 1]]), array([1.]))], 1.0)
    """
    highest = max((indices.shape[1] for indices, _ in terms), default=0)
    if highest > HIGHEST_ORDER:
        raise InputError(
            f"a term of {highest} binary variables has 2**{highest} terms in "
            f"spins; give the model in spins, or orders up to {HIGHEST_ORDER}"
        )
    check_terms(sum(len(values) << indices.shape[1] for indices, values in terms), "the model in spins")
    coefficients = np.concatenate([values for _, values in terms]) if terms else np.zeros(0)
    # Rounded before they are summed: fields and couplings of spins then keep, exactly, the relations that make ties.
    finite = bool(np.isfinite(coefficients).all())
    ties = exact_coefficients(coefficients, spare=highest) if finite else None
    unit = None if ties is None else ties.unit
    constant, start = 0.0, 0
    collected: dict[int, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = {}
    for indices, given in terms:
        order = indices.shape[1]
        values = given if ties is None else ties.coefficients[start : start + len(given)]
        start += len(given)
        share = (values if unit is None else np.rint(values / unit)) * 2.0 ** (highest - order)
        constant += float(share.sum())
        for size in range(1, order + 1):
            for columns in combinations(range(order), size):
                collected.setdefault(size, []).append((indices[:, columns], share))
    scale = (unit or 1.0) / 2.0**highest
    spread = []
    for size in sorted(collected):
        rows, values = _summed(
            np.concatenate([i for i, _ in collected[size]]), np.concatenate([v for _, v in collected[size]])
        )
        spread.append((rows, values * scale))
    return spread, constant * scale


def _summed(rows: NDArray[np.int64], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Terms with the same variables added up; what is left of those that cancel but for rounding is none."""
    unique, place = np.unique(np.sort(rows, axis=1), axis=0, return_inverse=True)
    total, size = np.zeros(len(unique)), np.zeros(len(unique))
    np.add.at(total, place.ravel(), values)
    np.add.at(size, place.ravel(), np.abs(values))
    total[np.abs(total) <= ROUNDING * size] = 0.0
    return unique, total
