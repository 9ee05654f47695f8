"""The interactions of a landscape as rows in memory, one spin after another, for kernels that walk over spins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Polynomial

__all__ = ["Couplings", "couplings_of"]

EXACT_FLOATS = float(1 << 24)
"""Whole numbers up to here are exact as floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Couplings:
    """``E(s) = constant + scale (sum_i h_i s_i + sum_ij J_ij s_i s_j + sum_m c_m prod_k s_k)``, seen from each spin.

    Attributes
    ----------
    size : int
    scale : float
        The unit of all coefficients where there is one, else the largest: rescaled energies make the same numbers.
    fields : array, shape (n,)
        h, of floats; doubles, as `couplings` and `coefficients`, where sums of floats would round whole numbers.
    offsets : array of int64, shape (n + 1,)
    neighbours, couplings : arrays of int32 and float, shape (offsets[-1],)
        Of spin i: those from ``offsets[i]`` to ``offsets[i + 1]``.
    term_offsets : array of int64, shape (n + 1,)
    others, coefficients : arrays of int32 and float, shapes (terms, width) and (terms,)
        Terms of order three and above: the other spins, short rows filled up with n, which stands for a constant 1.
    """

    size: int
    scale: float
    fields: NDArray[np.floating]
    offsets: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    couplings: NDArray[np.floating]
    term_offsets: NDArray[np.int64]
    others: NDArray[np.int32]
    coefficients: NDArray[np.floating]

    @property
    def quadratic(self) -> bool:
        """Whether no term couples more than two spins."""
        return len(self.coefficients) == 0

    @property
    def degree(self) -> float:
        """Mean number of interactions of a spin."""
        return (len(self.neighbours) + len(self.coefficients)) / self.size

    def spread(self) -> NDArray[np.float64]:
        """Root mean square over all states of the field on each spin, in units of `scale`, shape (n,)."""
        square = np.asarray(self.fields, np.float64) ** 2
        square += _row_sums(np.asarray(self.couplings, np.float64) ** 2, self.offsets)
        square += _row_sums(np.asarray(self.coefficients, np.float64) ** 2, self.term_offsets)
        return np.sqrt(square)

    @property
    def tables(self) -> tuple[NDArray[np.generic], ...]:
        """The arrays in the order in which the kernels take them."""
        return (
            self.fields, self.offsets, self.neighbours, self.couplings,
            self.term_offsets, self.others, self.coefficients,
        )  # fmt: skip


def couplings_of(landscape: Polynomial) -> Couplings:
    """Interactions of a polynomial landscape, seen from each spin.

    Memory and time are linear in the number of interactions.

    Examples
    --------
    >>> from spinfunnel.systems import edwards_anderson
    >>> ring = couplings_of(edwards_anderson((5,), bonds="bimodal", seed=1))
    >>> ring.offsets.tolist(), ring.neighbours[:2].tolist(), ring.scale
    ([0, 2, 4, 6, 8, 10], [1, 4], 1.0)
    """
    n = landscape.size
    unit = getattr(landscape, "unit", None)
    largest = max((float(np.abs(values).max()) for _, values in landscape.terms.values() if len(values)), default=0.0)
    scale = float(unit or largest or 1.0)
    of_order = {
        order: (rows, np.rint(values / scale) if unit else values / scale)
        for order, (rows, values) in landscape.terms.items()
    }
    total = np.zeros(n)
    for rows, values in of_order.values():
        np.add.at(total, rows.ravel(), np.repeat(np.abs(values), rows.shape[1]))
    kind = np.float64 if unit and total.max(initial=0.0) > EXACT_FLOATS else np.float32
    fields = np.zeros(n)
    if 1 in of_order:
        fields[of_order[1][0][:, 0]] = of_order[1][1]
    offsets, neighbours, couplings = _seen_from_each({2: of_order[2]} if 2 in of_order else {}, n)
    term_offsets, others, coefficients = _seen_from_each({o: t for o, t in of_order.items() if o > 2}, n)
    return Couplings(
        n, scale, fields.astype(kind), offsets, neighbours.ravel(), couplings.astype(kind),
        term_offsets, others, coefficients.astype(kind),
    )  # fmt: skip


def _seen_from_each(
    of_order: dict[int, tuple[NDArray[np.int32], NDArray[np.float64]]], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    width = max(of_order, default=2) - 1
    owner, others, values = [np.zeros(0, np.int32)], [np.zeros((0, width), np.int32)], [np.zeros(0)]
    for order, (rows, coefficients) in of_order.items():
        for place in range(order):
            rest = np.full((len(rows), width), n, np.int32)
            rest[:, : order - 1] = np.delete(rows, place, axis=1)
            owner.append(rows[:, place])
            others.append(rest)
            values.append(coefficients)
    whose = np.concatenate(owner)
    table = np.concatenate(others)
    rank = np.lexsort((*table.T[::-1], whose))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(whose, minlength=n))]).astype(np.int64)
    return offsets, np.ascontiguousarray(table[rank]), np.concatenate(values)[rank]


def _row_sums(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    whose = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.bincount(whose, weights=values, minlength=len(offsets) - 1).astype(np.float64)
