"""Temperatures of a landscape, from itself: where everything moves, where nothing does, and the rungs between."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import InputError

__all__ = ["barrier", "check_temperatures", "equalised", "temperature_range"]

Floats = NDArray[np.float64]

HOT = 2.0
"""Highest temperature, in units of the root mean square field: most flips are accepted there."""
STEPS = 60
"""Sweeps of the quick annealing before temperatures are chosen."""
STILL = 0.001
"""Excitation of a minimum at the lowest temperature, in units of the median field: 1, and this for each spin."""
NARROWEST, WIDEST = 4.0, 2000.0
"""Bounds of the ratio of the highest to the lowest temperature."""


def temperature_range(replicas: Replicas) -> tuple[float, float]:
    """Lowest and highest temperature worth sampling, in units of `replicas.scale`; the replicas are left in minima.

    The highest is twice the root mean square field on a spin, spins weighted by the square of their own. The lowest is
    where the uphill moves of a minimum, ``sum_i dE_i exp(-dE_i / T)``, come to the median of the fields and a
    thousandth of it for each spin: cold enough to see the ground state of some hundred spins, not so cold that only the
    softest spin of many moves.
    """
    field = _fields(replicas)
    total = float((field**2).sum())
    if total == 0.0:
        return 1.0 / NARROWEST, 1.0
    hot = HOT * math.sqrt(float((field**4).sum()) / total)
    replicas.anneal(1.0 / np.geomspace(hot, hot / 50.0, STEPS))
    replicas.quench()
    climbs = replicas.climbs().astype(np.float64)
    climbs = climbs[climbs > 1e-6 * hot]
    if len(climbs) == 0:
        return hot / NARROWEST, hot
    copies = 64 * len(replicas.groups)
    target = (1.0 + STILL * replicas.size) * float(np.median(field[field > 0.0])) * copies
    low, high = math.log(hot / WIDEST), math.log(hot / NARROWEST)
    for _ in range(40):
        middle = 0.5 * (low + high)
        moves = float((climbs * np.exp(-climbs / math.exp(middle))).sum())
        low, high = (middle, high) if moves < target else (low, middle)
    return math.exp(low), hot


def _fields(replicas: Replicas) -> Floats:
    """Root mean square field on each spin over all states, or over the replicas' own where they can only be asked."""
    if replicas.couplings is not None:
        return replicas.couplings.spread()
    return np.sqrt(0.25 * (replicas.climbs().astype(np.float64) ** 2).mean(axis=1))


def barrier(rejected: Floats) -> float:
    """Communication barrier: the sum of the probabilities that neighbouring temperatures do not exchange.

    The number of round trips per round is at most ``1 / (2 + 2 barrier)``, whatever the number of rungs (Syed,
    Bouchard-Cote, Deligiannidis, Doucet, J. R. Stat. Soc. B 84, 321, 2022).
    """
    return float(np.sum(rejected))


def equalised(betas: Floats, rejected: Floats, *, rungs: int) -> Floats:
    """Inverse temperatures between the same ends at which all neighbours exchange equally often.

    The sum of the rejections up to a temperature, as a function of it, is taken as linear between rungs and divided
    into equal parts (Syed et al. 2022, algorithm 4).

    Parameters
    ----------
    betas : array, shape (K,)
        Descending.
    rejected : array, shape (K - 1,)
        Mean probability that neighbours do not exchange.
    rungs : int

    Examples
    --------
    >>> equalised(np.array([4.0, 3.0, 1.0]), np.array([0.3, 0.6]), rungs=4).round(3).tolist()
    [4.0, 3.0, 2.0, 1.0]
    """
    share = np.maximum(rejected, 0.02)
    reached = np.concatenate([[0.0], np.cumsum(share)])
    found = np.interp(np.linspace(0.0, reached[-1], rungs), reached, betas)
    found[0], found[-1] = betas[0], betas[-1]
    return found


def check_temperatures(temperatures: Floats) -> Floats:
    """Temperatures that a user gave, cold to hot.

    Raises
    ------
    InputError
        For fewer than two, or one that is not positive and finite.
    """
    given = np.unique(np.asarray(temperatures, np.float64))
    if len(given) < 2 or not np.isfinite(given).all() or given[0] <= 0.0:
        raise InputError("temperatures must be at least two different positive numbers, cold to hot")
    return given
