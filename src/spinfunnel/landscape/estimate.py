"""A number with its interval, and the named ways in which there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Measurement", "NoAnswer", "between", "bootstrap", "mean_estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the interval in which it lies (95 % where it was sampled).

    Parameters
    ----------
    value, low, high : float
        Finite, with ``low <= value <= high``; all three equal when the value is exact.

    Raises
    ------
    ValueError
        When a number is not finite or the order is broken: a failed measure is a
        `NoAnswer`, never a number.

    Examples
    --------
    >>> print(Estimate(0.77, 0.7, 0.83))
    0.77 [0.7, 0.83]
    >>> Estimate.exactly(0.5).exact
    True
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(f"an estimate needs finite numbers, got {self.value}, {self.low}, {self.high}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an estimate needs low <= value <= high, got {self.low}, {self.value}, {self.high}")

    @classmethod
    def exactly(cls, value: float) -> Estimate:
        """Return an estimate without uncertainty."""
        number = float(value)
        return cls(number, number, number)

    @property
    def exact(self) -> bool:
        """Whether the interval has no width."""
        return self.low == self.high

    def __str__(self) -> str:
        if self.exact:
            return f"{self.value:.4g}"
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why a measure has no value: a name, the cause, and what would help.

    Examples
    --------
    >>> print(NoAnswer("single_minimum", "there is one minimum only", "nothing to do: no barrier exists"))
    single_minimum: there is one minimum only; nothing to do: no barrier exists
    """

    outcome: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.outcome}: {self.cause}; {self.remedy}"


Measurement: TypeAlias = Estimate | NoAnswer
"""What a measure returns."""


def between(measured: Measurement, zero: Measurement, one: Measurement) -> Measurement:
    """Position of a number between two others, ``(x - a) / (b - a)``: 0 as the first null, 1 as the second.

    Below 0 and above 1 are possible. The interval adds the errors of all three as independent ones.

    Parameters
    ----------
    measured, zero, one : Estimate or NoAnswer
        The number; its value at 0; its value at 1.

    Examples
    --------
    >>> exactly = Estimate.exactly
    >>> print(between(exactly(0.5), exactly(0.25), exactly(0.75)))
    0.5
    >>> between(exactly(0.5), Estimate(0.4, 0.2, 0.6), exactly(0.5)).outcome
    'no_room'
    """
    for each in (measured, zero, one):
        if isinstance(each, NoAnswer):
            return each
    assert isinstance(measured, Estimate)  # noqa: S101 - told apart above
    assert isinstance(zero, Estimate)  # noqa: S101
    assert isinstance(one, Estimate)  # noqa: S101
    room = one.value - zero.value
    errors = [(each.high - each.low) / 2.0 for each in (measured, zero, one)]
    if abs(room) <= errors[1] + errors[2] or room == 0.0:
        return NoAnswer(
            "no_room", f"both nulls reach {zero.value:.3g}, so that nothing lies between them", "use a larger system"
        )
    value = (measured.value - zero.value) / room
    parts = zip(errors, (1.0, 1.0 - value, value), strict=True)
    error = math.sqrt(sum((each * share / room) ** 2 for each, share in parts))
    return Estimate(value, value - error, value + error)


def bootstrap(
    samples: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float],
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate:
    """Percentile bootstrap interval of a statistic of independent samples.

    Parameters
    ----------
    samples : array of shape (n,)
        Independent draws, n >= 2.
    statistic : callable
        Maps an array of shape (n,) to a number.
    rng : numpy.random.Generator
        Source of the resampling.
    resamples : int
        Number of bootstrap resamples.
    confidence : float
        Coverage aimed at.

    Raises
    ------
    ValueError
        With fewer than two samples: one number has no spread.

    Notes
    -----
    Efron, B., Ann. Statist. 7, 1 (1979). The interval is widened to contain the plug-in value, which
    percentile intervals of skewed statistics need not do.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> bootstrap(np.full(10, 2.0), np.mean, rng=rng)
    Estimate(value=2.0, low=2.0, high=2.0)
    """
    data = np.asarray(samples, dtype=np.float64)
    if data.ndim != 1 or data.size < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples in one dimension, got shape {data.shape}")
    value = float(statistic(data))
    draws = np.array([statistic(data[rng.integers(0, data.size, data.size)]) for _ in range(resamples)])
    tail = 0.5 * (1.0 - confidence)
    low, high = (float(quantile) for quantile in np.quantile(draws, [tail, 1.0 - tail]))
    return Estimate(value, min(low, value), max(high, value))


def mean_estimate(samples: Any, *, confidence: float = 0.95) -> Estimate:
    """Mean of independent samples with its Student-t interval.

    Raises
    ------
    ValueError
        With fewer than two samples.

    Examples
    --------
    >>> print(mean_estimate([1.0, 2.0, 3.0]))
    2 [-0.4841, 4.484]
    """
    from scipy.special import stdtrit

    data = np.asarray(samples, dtype=np.float64)
    if data.ndim != 1 or data.size < 2:
        raise ValueError(f"a mean with an interval needs at least 2 samples, got shape {data.shape}")
    mean = float(data.mean())
    half = float(data.std(ddof=1) / math.sqrt(data.size) * stdtrit(data.size - 1, 0.5 + 0.5 * confidence))
    return Estimate(mean, mean - half, mean + half)
