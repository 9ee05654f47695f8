"""The Walsh spectrum of an exact map: which orders of interaction the energy is made of (definition 22).

Every energy of N spins is one polynomial, ``E(s) = sum over sets S of c_S prod_{i in S} s_i``, and the squares of its
coefficients are the variance of the energy, order by order: ``Var E = sum over S other than the empty set of c_S^2``.
The share of order 1 is what independent spins would have; where it is all there is, the spins are independent, which is
a proof. The shares are the same in every gauge, unit and order of the variables, and the mean order k gives the
autocorrelation of neighbours, ``1 - 2 k / N``.

Weinberger, Stadler, in Evolution and Biocomputation, LNCS 899 (1995); Stadler, J. Math. Chem. 20, 1 (1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Kind, Polynomial
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import Measure, Topography, exactly
from spinfunnel.moves.walsh_transform import interactions_of

__all__ = ["MEASURES", "MOST_FREE_BITS", "Spectrum", "spectrum", "state_energies"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_FREE_BITS = 26
"""Free bits up to which the spectrum is taken: 16 bytes a state."""
NOISE = 2.0**-40
"""Share of the largest coefficient below which one is rounding: that of ties (`polynomial_ties.TIE`)."""
ROUNDING = 2.0**-44
"""The same as a share of the largest energy, whose rounding a coefficient shares."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The interactions that make up an energy.

    Attributes
    ----------
    size : int
        Number of spins N.
    interactions : array of float64, shape (2**bits,)
        Coefficients c_S, at the number whose bits are S; exactly 0 where they are rounding. Of half of the states,
        where the global flip is a symmetry: S then stands for itself or, if odd, for itself and the fixed spin.
    mean : float
        Coefficient of the empty set.
    """

    size: int
    interactions: Floats
    mean: float

    @property
    def flip(self) -> bool:
        """Whether the global flip was divided out."""
        return len(self.interactions) < 1 << self.size

    def orders(self) -> NDArray[np.uint8]:
        """Number of spins in each interaction, shape (2**bits,)."""
        order = np.bitwise_count(np.arange(len(self.interactions), dtype=np.uint32))
        return order + (order & 1) if self.flip else order

    def shares(self) -> Floats:
        """Share of the variance of the energy by order, shape (N + 1,); all 0 where the energy is constant."""
        square = self.interactions**2
        total = np.bincount(self.orders(), weights=square, minlength=self.size + 1).astype(np.float64)
        variance = float(total.sum())
        return total / variance if variance > 0.0 else total

    def blocks(self) -> Ints:
        """Sizes of the blocks of spins that do not interact with each other, largest first; single spins included.

        Examples
        --------
        >>> pairs = np.zeros(16)
        >>> pairs[[0b0011, 0b1000]] = 1.0
        >>> Spectrum(4, pairs, 0.0).blocks().tolist()
        [2, 1, 1]
        """
        sets = np.flatnonzero(self.interactions)
        if self.flip:
            sets = sets | ((np.bitwise_count(sets).astype(np.int64) & 1) << (self.size - 1))
        near = [int(np.bitwise_or.reduce(sets[(sets >> i) & 1 == 1], initial=1 << i)) for i in range(self.size)]
        left, sizes = set(range(self.size)), []
        while left:
            block, grown = 0, 1 << min(left)
            while grown != block:
                block = grown
                for i in range(self.size):
                    if (block >> i) & 1:
                        grown |= near[i]
            sizes.append(block.bit_count())
            left -= {i for i in left if (block >> i) & 1}
        return np.array(sorted(sizes, reverse=True))


def state_energies(topography: Topography) -> Floats | NoAnswer:
    """Energies of all states, of one of each pair where the global flip is a symmetry; listed once for all measures."""
    landscape = topography.landscape
    if landscape is None or landscape.kind is not Kind.BINARY:
        return NoAnswer("not_binary", "interactions are those of bits", "nothing to do: it has no bits")
    free = landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries)  # type: ignore[union-attr]
    if free > MOST_FREE_BITS:
        return NoAnswer(
            "too_large", f"the energies of 2^{free} states would be transformed; that is done up to 2^{MOST_FREE_BITS}",
            "use a smaller size",
        )  # fmt: skip
    energies = np.empty(1 << free)
    landscape.enumerate(energies, workers=topography.workers)  # type: ignore[union-attr]
    return energies


def spectrum(topography: Topography) -> Spectrum | NoAnswer:
    """Walsh spectrum of the landscape of a map, or the reason why there is none."""
    energies = topography.shared(state_energies)
    if isinstance(energies, NoAnswer):
        return energies
    return spectrum_of(energies, size=topography.landscape.size)  # type: ignore[union-attr]


def spectrum_of(energies: Floats, *, size: int) -> Spectrum:
    """Walsh spectrum of 2**size energies, or of half of them where the global flip is a symmetry.

    Examples
    --------
    Two spins in fields 1 and 2:

    >>> spectrum_of(np.array([-3.0, -1.0, 1.0, 3.0]), size=2).shares().tolist()
    [0.0, 1.0, 0.0]
    """
    found = interactions_of(energies)
    mean = float(found[0])
    found[0] = 0.0
    largest = float(np.abs(energies).max(initial=0.0))
    found[np.abs(found) <= max(NOISE * float(np.abs(found).max()), ROUNDING * largest)] = 0.0
    return Spectrum(size, found, mean)


# ---------------------------------------------------------------------------------------------
# Measures


def _shares(topography: Topography) -> Floats | NoAnswer:
    found = topography.shared(spectrum)
    if isinstance(found, NoAnswer):
        return found
    shares = found.shares()
    if not shares.any():
        return NoAnswer("flat", "every state has one energy", "nothing to do: there is nothing to interact")
    return shares


def order_1(topography: Topography) -> Measurement:
    """Share of the variance of the energy that is of order 1: exactly 1 where, and only where, no spins interact."""
    shares = topography.shared(_shares)
    return shares if isinstance(shares, NoAnswer) else exactly(1.0 if not shares[2:].any() else float(shares[1]))


def order_2(topography: Topography) -> Measurement:
    """Share of the variance of the energy that is of order 2: pairs."""
    shares = topography.shared(_shares)
    if isinstance(shares, NoAnswer):
        return shares
    return exactly(float(shares[2]) if len(shares) > 2 else 0.0)


def mean_order(topography: Topography) -> Measurement:
    """Mean order of interaction, weighted by variance: 1 for independent spins, about N / 2 for random energies."""
    shares = topography.shared(_shares)
    return shares if isinstance(shares, NoAnswer) else exactly(float(shares @ np.arange(len(shares))))


def largest_block(topography: Topography) -> Measurement:
    """Share of the spins in the largest block that interacts with no spin outside: 1 / N of independent spins."""
    found = topography.shared(spectrum)
    return found if isinstance(found, NoAnswer) else exactly(float(found.blocks()[0]) / found.size)


# ---------------------------------------------------------------------------------------------
# Estimates from random states, where there are too many to list

GROUPS = 32
"""Groups of random states, by whose scatter intervals are given."""
DRAWN_BITS = 1 << 25
"""Bits of all random states together: half a second."""
ASKED_SHARE = 8
"""By how much fewer are drawn of a landscape that is no polynomial: each may cost as much as hundreds of terms."""
FEWEST_DRAWN, MOST_DRAWN = 64, 8192
"""Random states of a group."""
STUDENT = 2.04
"""Quantile of Student's distribution for a 95 % interval over so many groups."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Means over groups of random states: coefficients of order 1, their variance, and squared changes by a flip."""

    fields: Floats
    variance: Floats
    change: Floats
    size: int


def _drawn(topography: Topography) -> _Drawn | NoAnswer:
    """Energies of random states and of a random neighbour of each, by groups."""
    landscape: Any = topography.landscape
    if landscape is None or landscape.kind is not Kind.BINARY:
        return NoAnswer("not_binary", "interactions are those of bits", "nothing to do: it has no bits")
    size = landscape.size
    count = max(FEWEST_DRAWN, min(MOST_DRAWN, DRAWN_BITS // (GROUPS * size)))
    if not isinstance(landscape, Polynomial):
        count = max(FEWEST_DRAWN, count // ASKED_SHARE)
    rng = np.random.default_rng([topography.seed, 22])
    fields, variance, change = np.empty((GROUPS, size)), np.empty(GROUPS), np.empty(GROUPS)
    middle = 0.0
    for group in range(GROUPS):
        states = rng.integers(0, 2, (count, size), dtype=np.uint8)
        energy = landscape.energy(states)
        middle = float(energy.mean()) if group == 0 else middle
        spins = 1.0 - 2.0 * states
        fields[group] = (energy - middle) @ spins / count
        variance[group] = energy.var(ddof=1)
        rows, flipped = np.arange(count), rng.integers(0, size, count)
        states[rows, flipped] ^= 1
        change[group] = float(np.mean((landscape.energy(states) - energy) ** 2))
    if not variance.mean() > 0.0:
        return NoAnswer("flat", "random states have one energy", "nothing to do: there is nothing to interact")
    return _Drawn(fields, variance, change, size)


def _ratio(parts: Floats, variance: Floats, *, most: float) -> Estimate:
    """Mean over the mean variance, its interval by leaving out one group after the other (jackknife)."""
    value = float(parts.mean() / variance.mean())
    left = (parts.sum() - parts) / (variance.sum() - variance)
    error = STUDENT * float(np.sqrt((len(left) - 1) * np.mean((left - left.mean()) ** 2)))
    value = min(max(value, 0.0), most)
    return Estimate(value, max(value - error, 0.0), min(value + error, most))


def sampled_order_1(topography: Topography) -> Measurement:
    """Share of order 1, ``sum_i <E s_i>^2 / Var E``: products of means of different groups, which have no bias."""
    found = topography.shared(_drawn)
    if isinstance(found, NoAnswer):
        return found
    total = found.fields.sum(axis=0)
    # What one group and all others make of each coefficient; their mean is the mean over pairs of groups.
    pairs = (found.fields * (total - found.fields)).sum(axis=1) / (GROUPS - 1)
    value = float(pairs.mean() / found.variance.mean())
    # A group is in all pairs with others: leaving it out takes two of its shares.
    left = np.array([
        ((total - row) @ (total - row) - (np.delete(found.fields, k, axis=0) ** 2).sum())
        / ((GROUPS - 1) * (GROUPS - 2)) / np.delete(found.variance, k).mean()
        for k, row in enumerate(found.fields)
    ])  # fmt: skip
    error = STUDENT * float(np.sqrt((GROUPS - 1) * np.mean((left - left.mean()) ** 2)))
    value = min(max(value, 0.0), 1.0)
    return Estimate(value, max(value - error, 0.0), min(value + error, 1.0))


def sampled_mean_order(topography: Topography) -> Measurement:
    """Mean order ``N <(E(x) - E(x with one bit turned))^2> / (4 Var E)``: each order k of N changes k times in N."""
    found = topography.shared(_drawn)
    if isinstance(found, NoAnswer):
        return found
    return _ratio(0.25 * found.size * found.change, found.variance, most=float(found.size))


_SOURCE = "Weinberger, Stadler (1995); Stadler, J. Math. Chem. 20, 1 (1996)"

MEASURES = (
    Measure("order_1", "share of the energy's variance of order 1; 1 proves independent spins", _SOURCE, 22,
            exact=order_1, sampled=sampled_order_1, reads="landscape"),
    Measure("order_2", "share of the energy's variance that is of pairs", _SOURCE, 22, exact=order_2,
            reads="landscape"),
    Measure("mean_order", "mean order of interaction, weighted by variance", _SOURCE, 22, exact=mean_order,
            sampled=sampled_mean_order, reads="landscape"),
    Measure("largest_block", "share of the spins in the largest block without interactions beyond it", _SOURCE, 22,
            exact=largest_block, reads="landscape"),
)  # fmt: skip
