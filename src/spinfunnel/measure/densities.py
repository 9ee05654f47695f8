"""Canonical averages from the density of states.

A histogram over all states gives exact levels where it has them, and bins with mean and standard deviation elsewhere.
A bin of n states with mean m and standard deviation s stands for states at two energies, m - s and m + s or, where the
lowest state l of the bin lies higher, l and m + s^2 / (m - l), in numbers that make up n, m and s. What is left out is
of third order: at temperature T a bin of width w changes Z by ``n exp(-(l - E_0) / T) (w / T) (s / T)^2 / 3`` at most,
and `Spectrum.log_error` adds that up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, Tally
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import Topography

__all__ = [
    "Canonical",
    "Spectrum",
    "above_ground",
    "all_states",
    "crossing",
    "enough",
    "ground_states",
    "within",
]

Floats = NDArray[np.float64]

GRID, PIECE, STEPS = 48, 8, 100
"""Temperatures among which a crossing is sought, and steps in which it is refined at most: a dozen as a rule."""
SETTLED = 1e-14
"""Step of the logarithm of a temperature below which the search for a crossing ends."""
EXACT = 1e-6
"""Relative error up to which a number is given without an interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Canonical:
    """Averages in equilibrium, one for each temperature; energies in the system's unit, k_B = 1.

    Attributes
    ----------
    temperature, energy, heat_capacity, entropy : array of float64
        Mean energy U, its variance over T^2, and ``S = (U - E_0) / T + ln Z``.
    log_z : array of float64
        ``ln sum exp(-(E - E_0) / T)``, E_0 the lowest energy of the spectrum.
    participation : array of float64
        ``Y2 = sum_i p_i^2`` over states: its inverse is the number of states that are occupied.
    skew : array of float64
        Third central moment of the energy.
    """

    temperature: Floats
    energy: Floats
    heat_capacity: Floats
    skew: Floats
    entropy: Floats
    log_z: Floats
    participation: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """States by energy: sets with mean, number, standard deviation, lowest energy and width, in ascending order.

    Numbers are kept as natural logarithms: more than a thousand spins have more states than a double counts.

    Examples
    --------
    One spin in a field has two levels; at T = 2 its heat capacity is ``1 / (4 cosh(1 / 4)^2) / 4``:

    >>> spin = Spectrum.levels(np.array([0.0, 1.0]), np.ones(2))
    >>> bool(np.isclose(spin.at(2.0).heat_capacity[0], 0.25 / (4 * np.cosh(0.25) ** 2)))
    True
    """

    energy: Floats
    log_count: Floats
    spread: Floats
    lowest: Floats
    width: Floats
    _level: Floats = field(init=False, repr=False)
    _log_number: Floats = field(init=False, repr=False)
    _inverse: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        level, log_number = self._two_levels()
        object.__setattr__(self, "_level", level)
        object.__setattr__(self, "_log_number", log_number)
        object.__setattr__(self, "_inverse", np.exp(-log_number))

    @classmethod
    def levels(cls, energy: Floats, count: Floats) -> Spectrum:
        """Exact levels, ascending."""
        return cls(energy, np.log(count), np.zeros(len(energy)), energy, np.zeros(len(energy)))

    @classmethod
    def of(cls, tally: Tally) -> Spectrum:
        """Read a histogram of the energy."""
        return cls._of_columns(*_columns(tally))

    @classmethod
    def of_shells(cls, tally: Tally) -> tuple[Floats, tuple[Spectrum, ...]]:
        """Read a histogram of overlap and energy: the overlaps, ascending, and the spectrum of each."""
        overlap, first = np.unique(np.array(tally.overlap), return_index=True)
        columns = _columns(tally)
        ends = [*first[1:].tolist(), len(tally.overlap)]
        rows = (slice(start, stop) for start, stop in zip(first.tolist(), ends, strict=True))
        return overlap, tuple(cls._of_columns(*(column[row] for column in columns)) for row in rows)

    @classmethod
    def joined(cls, parts: Sequence[Spectrum]) -> Spectrum:
        """Spectrum of several sets of states together."""
        order = np.argsort(np.concatenate([part.lowest for part in parts]), kind="stable")
        names = ("energy", "log_count", "spread", "lowest", "width")
        return cls(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in names))

    @classmethod
    def _of_columns(cls, energy: Floats, log_count: Floats, spread: Floats, lowest: Floats) -> Spectrum:
        reach = np.diff(lowest)
        # The last bin's upper end is not kept: it is taken for as wide as the widest, and six standard deviations.
        widest = max(float(reach[spread[:-1] > 0].max(initial=0.0)), 6.0 * float(spread[-1])) if len(spread) else 0.0
        return cls(energy, log_count, spread, lowest, np.where(spread > 0, np.append(reach, widest), 0.0))

    @property
    def count(self) -> Floats:
        """Numbers of states; infinite where a double does not hold them."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.log_count))

    @property
    def log_states(self) -> float:
        """Logarithm of the number of all states."""
        top = float(self.log_count.max())
        return top + math.log(float(np.exp(self.log_count - top).sum()))

    @property
    def states(self) -> float:
        """Number of states; infinite where a double does not hold it."""
        return float(self.count.sum())

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the energy over all states alike."""
        share = np.exp(self.log_count - self.log_states)
        rise = self.energy - self.ground
        mean = float(share @ rise)
        return self.ground + mean, math.sqrt(float(share @ ((rise - mean) ** 2 + self.spread**2)))

    @property
    def ground(self) -> float:
        """Lowest energy."""
        return float(self.lowest[0])

    def without(self, energies: Floats, numbers: Floats) -> Spectrum:
        """The spectrum without so many states at given energies; those must be in it."""
        energy, count, spread = self.energy.copy(), self.count.copy(), self.spread.copy()
        place = np.searchsorted(energy, energies)
        exact = (place < len(energy)) & (energy[np.minimum(place, len(energy) - 1)] == energies)
        np.subtract.at(count, place[exact], numbers[exact])
        for value, number in zip(energies[~exact].tolist(), numbers[~exact].tolist(), strict=True):
            # Taken out of the bin whose mean is next: only natives within a wide tolerance are not levels.
            row = int(np.abs(self.energy - value).argmin())
            left = count[row] - number
            if 0 < left < math.inf:
                mean = energy[row] + (energy[row] - value) * number / left
                square = count[row] * (spread[row] ** 2 + energy[row] ** 2) - number * value**2
                energy[row], spread[row] = mean, math.sqrt(max(square / left - mean**2, 0.0))
            count[row] = left
        kept = count > 0.5
        log_count = np.where(np.isfinite(count), np.log(np.where(kept, count, 1.0)), self.log_count)
        return Spectrum(energy[kept], log_count[kept], spread[kept], self.lowest[kept], self.width[kept])

    def _two_levels(self) -> tuple[Floats, Floats]:
        """Energies of the levels that stand for the states, and the logarithms of their numbers."""
        # A bin whose spread is rounding alone, its mean at its lowest energy, is one level.
        wide = (self.spread > 0) & (self.energy > self.lowest)
        mean, spread = self.energy[wide], self.spread[wide]
        down = np.minimum(spread, mean - self.lowest[wide])
        up = spread**2 / down
        share = up / (up + down)
        energy = np.concatenate([self.energy[~wide], mean - down, mean + up])
        within_bins = self.log_count[wide]
        return energy, np.concatenate(
            [self.log_count[~wide], np.log(share) + within_bins, np.log1p(-share) + within_bins]
        )

    def at(self, temperature: Floats | float) -> Canonical:
        """Averages at temperatures above 0."""
        degrees = np.atleast_1d(np.asarray(temperature, np.float64))
        level, log_number = self._level, self._log_number
        ground = float(level.min())
        rise = level - ground
        exponent = log_number - rise / degrees[:, None]
        top = exponent.max(axis=1)
        share = np.exp(exponent - top[:, None])
        total = share.sum(axis=1)
        share /= total[:, None]
        mean = share @ rise
        off = rise - mean[:, None]
        square = share * off * off
        variance = square.sum(axis=1)
        skew = np.einsum("tl,tl->t", square, off)
        log_z = top + np.log(total)
        paired = np.einsum("tl,tl,l->t", share, share, self._inverse)
        return Canonical(degrees, ground + mean, variance / degrees**2, skew, mean / degrees + log_z, log_z, paired)

    def participation(self, temperature: Floats) -> Floats:
        """``sum_i p_i^2`` over states at each temperature: that of `at`, alone."""
        exponent = self._log_number - (self._level - float(self._level.min())) / temperature[:, None]
        share = np.exp(exponent - exponent.max(axis=1)[:, None])
        share /= share.sum(axis=1)[:, None]
        return np.asarray(np.einsum("tl,tl,l->t", share, share, self._inverse))

    def capacity(self, temperature: Floats) -> Floats:
        """Heat capacity at each temperature; quicker than `at`, and less exact where it is small."""
        level, log_number = self._level, self._log_number
        rise = level - float(level.min())
        exponent = log_number - rise / temperature[:, None]
        share = np.exp(exponent - exponent.max(axis=1)[:, None])
        share /= share.sum(axis=1)[:, None]
        mean = share @ rise
        return np.asarray((share @ rise**2 - mean**2) / temperature**2)

    def log_weight(self, temperature: Floats | float, *, above: float) -> Floats:
        """``ln sum exp(-(E - above) / T)`` at each temperature."""
        degrees = np.atleast_1d(np.asarray(temperature, np.float64))
        exponent = self._log_number - (self._level - above) / degrees[:, None]
        top = exponent.max(axis=1)
        return np.asarray(top + np.log(np.exp(exponent - top[:, None]).sum(axis=1)))

    def log_error(self, temperature: float) -> float:
        """Bound on the error of ln Z from states being in bins; 0 where all are levels.

        A bin's part of Z lies between ``n exp(-m / T)``, since the exponential is convex, and ``n exp(-l / T)``.
        """
        wide = self.spread > 0
        if not wide.any():
            return 0.0
        log_z = float(self.at(temperature).log_z[0])
        reach, spread = self.width[wide] / temperature, self.spread[wide] / temperature
        share_of_z = self.log_count - log_z
        most = np.exp(np.minimum(share_of_z[wide] - (self.lowest[wide] - self.ground) / temperature, 700.0))
        least = np.exp(share_of_z[wide] - (self.energy[wide] - self.ground) / temperature)
        # What was read from a file may contradict itself; a bound is never below nothing.
        share = max(float(np.minimum(most * reach * spread**2 / 3.0, most - least).sum()), 0.0)
        bottom = float(np.exp(share_of_z - (self.energy - self.ground) / temperature).sum())
        below = -math.log(bottom) if bottom > 0.0 else math.inf
        return max(math.log1p(share), min(-math.log1p(-share), below) if share < 1.0 else below)


def all_states(topography: Topography) -> Spectrum | NoAnswer:
    """Spectrum of all plain states, or the outcome that there is none."""
    tally = _energy_tally(topography.graph)
    return tally if isinstance(tally, NoAnswer) else Spectrum.of(tally)


def ground_states(topography: Topography) -> Spectrum:
    """Spectrum of the plain states of the native minima, symmetric copies included."""
    return Spectrum.levels(*_native(topography.graph))


def above_ground(topography: Topography) -> Spectrum | NoAnswer:
    """Spectrum of all states but those of the native minima; at least three."""
    everything = topography.shared(all_states)
    if isinstance(everything, NoAnswer):
        return everything
    others = everything.without(*_native(topography.graph))
    return enough(others, of=everything.states)


def enough(others: Spectrum, *, of: float) -> Spectrum | NoAnswer:
    """The states that are not native, where they are three at least."""
    if len(others.energy) == 0 or others.states < 3:
        return NoAnswer(
            "too_few_states",
            f"{others.states:.0f} of the {of:.0f} states are not native",
            "no entropy to compare with: use a larger system",
        )
    return others


def crossing(fall: Callable[[Floats], Floats], *, hot: float, cold: float) -> float | None:
    """Highest temperature below which a function is above 0, to the last digits; None where it is nowhere above.

    Parameters
    ----------
    fall : callable
        Maps temperatures (t,) to values (t,); not above 0 at `hot`, or at some hotter temperature.
    hot, cold : float
        Ends of the search; a crossing within a step of a factor that is narrower than the search's is missed.

    Examples
    --------
    >>> round(crossing(lambda t: 3.0 - t, hot=10.0, cold=0.1), 9)
    3.0
    """
    if not 0.0 < cold < hot < math.inf:
        return None  # Energies that contradict themselves, as a file may have them, span no temperatures.
    grid = np.geomspace(hot, cold, GRID)
    values = fall(grid[:PIECE])
    while values[0] > 0.0:
        grid, values = np.append(2.0 * grid[0], grid), np.append(fall(2.0 * grid[:1]), values)
    # Most roots lie in the hot half: the rest of the grid is searched where it has to be.
    while not (values > 0.0).any():
        if len(values) == len(grid):
            return None
        values = np.append(values, fall(grid[len(values) : len(values) + PIECE]))
    k = int((values > 0.0).argmax())
    return _refined(fall, low=(math.log(grid[k]), float(values[k])), high=(math.log(grid[k - 1]), float(values[k - 1])))


def _refined(fall: Callable[[Floats], Floats], *, low: tuple[float, float], high: tuple[float, float]) -> float:
    """Root between two temperatures, given as logarithms with the function's values, by false position (Illinois)."""
    (a, one), (b, other) = low, high
    before, side = math.inf, 0
    for _ in range(STEPS):
        middle = (a * other - b * one) / (other - one)
        if not a < middle < b:
            middle = 0.5 * (a + b)
        if abs(middle - before) < SETTLED:
            break
        before = middle
        value = float(fall(np.array([math.exp(middle)]))[0])
        # An end that stays twice pulls half as hard, so that both ends close in.
        if value > 0.0:
            other, side = (0.5 * other if side > 0 else other), 1
            a, one = middle, value
        else:
            one, side = (0.5 * one if side < 0 else one), -1
            b, other = middle, value
        if value == 0.0 or b - a < SETTLED:
            break
    return math.exp(middle)


def within(value: float, error: float) -> Measurement:
    """Estimate of a number whose error is bounded; exact where that is of no account."""
    if not math.isfinite(value) or not math.isfinite(error):
        return NoAnswer(
            "bins_too_wide",
            "the states that matter at this temperature lie in one bin of the density of states",
            "rescale the energies so that the lowest are a larger share of their range",
        )
    if error <= EXACT * abs(value):
        return Estimate.exactly(value)
    return Estimate(value, value - error, value + error)


def _native(graph: BasinGraph) -> tuple[Floats, Floats]:
    energies, place = np.unique(graph.energy[graph.native], return_inverse=True)
    return energies, np.bincount(place, weights=(graph.plateau * graph.orbit)[graph.native]).astype(np.float64)


def _columns(tally: Tally) -> tuple[Floats, Floats, Floats, Floats]:
    logs = np.array(tally.log_count, np.float64) if tally.log_count else np.log(np.array(tally.count, np.float64))
    return np.array(tally.mean), logs, np.array(tally.spread), np.array(tally.lowest)


def _energy_tally(graph: BasinGraph) -> Tally | NoAnswer:
    for tally in graph.tallies:
        if tally.quantity == "energy" and math.isinf(tally.temperature):
            return tally
    return NoAnswer("no_density", "the map has no density of states", "flood the landscape exactly")
