"""Fits and intervals that several reproductions need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer

__all__ = ["binomial", "exponential_fit", "resampled"]

Floats = NDArray[np.float64]


def exponential_fit(
    size: NDArray[np.int64], count: Floats, *, rng: np.random.Generator, resamples: int = 2000
) -> tuple[Estimate, float]:
    """Rate a of ``count = c exp(a size)``, least squares of the logarithm, with its interval and standard error.

    The interval is the central 95 % over resampled residuals (Efron, Ann. Statist. 7, 1, 1979).

    Examples
    --------
    >>> size = np.arange(8, 16)
    >>> rate, error = exponential_fit(size, 3.0 * np.exp(0.5 * size), rng=np.random.default_rng(1))
    >>> round(rate.value, 12), error < 1e-12
    (0.5, True)
    """
    logarithm = np.log(count)
    slope, start = np.polyfit(size, logarithm, 1)
    line = start + slope * size
    residual = (logarithm - line) * math.sqrt(len(size) / (len(size) - 2))
    drawn = line + residual[rng.integers(0, len(size), (resamples, len(size)))]
    slopes = np.polyfit(size, drawn.T, 1)[0]
    low, high = (float(end) for end in np.quantile(slopes, [0.025, 0.975]))
    return Estimate(float(slope), min(low, float(slope)), max(high, float(slope))), float(slopes.std(ddof=1))


def binomial(hits: int, trials: int) -> Estimate:
    """Share of hits with its exact 95 % interval: Clopper, Pearson, Biometrika 26, 404 (1934).

    Examples
    --------
    >>> print(binomial(5, 10))
    0.5 [0.1871, 0.8129]
    """
    from scipy.special import betaincinv

    low = float(betaincinv(hits, trials - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 0.975)) if hits < trials else 1.0
    return Estimate(hits / trials, low, high)


def resampled(
    samples: Sequence[Floats], statistic: Callable[[list[Floats]], float], *, seed: int, resamples: int = 1000
) -> tuple[Measurement, float]:
    """Statistic of several independent ensembles with its bootstrap interval (95 %) and standard error.

    Parameters
    ----------
    samples : sequence of array
        Each is resampled on its own, along its first axis.
    statistic : callable
        Maps the list of ensembles to a number.
    seed : int

    Examples
    --------
    >>> ours, error = resampled([np.ones(5), np.zeros(4)], lambda parts: parts[0].mean() - parts[1].mean(), seed=1)
    >>> str(ours), error
    ('1', 0.0)
    """
    if min(len(part) for part in samples) < 2:
        return NoAnswer("too_few_samples", "fewer than 2 samples have no spread", "give --samples 2 or more"), 0.0
    rng = np.random.default_rng(seed)
    ours = float(statistic(list(samples)))
    drawn = np.array(
        [statistic([part[rng.integers(0, len(part), len(part))] for part in samples]) for _ in range(resamples)]
    )
    low, high = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    return Estimate(ours, min(low, ours), max(high, ours)), float(drawn.std(ddof=1))
