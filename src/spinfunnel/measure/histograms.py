"""The density of states from histograms at many temperatures, and errors from independent replicas.

Ferrenberg and Swendsen's equations, in logarithms: with n_k(b) states seen in bin b at inverse temperature
beta_k, N_k in all, and E_b the mean energy of the bin,

    g(b) = sum_k n_k(b) / sum_k N_k exp(f_k - beta_k E_b),    exp(-f_k) = sum_b g(b) exp(-beta_k E_b)

They say where a convex function of the f_k is least (Zhu, Hummer), which Newton's steps find in a dozen. Random states,
at beta = 0, set the scale: the g(b) add up to the number of all states. The histograms come from independent groups of
replicas; leaving out one group at a time gives the error of whatever is read off the density (jackknife, with Student's
t of groups - 1 degrees of freedom).

Ferrenberg, Swendsen, Phys. Rev. Lett. 63, 1195 (1989); Kumar et al., J. Comput. Chem. 13, 1011 (1992); Zhu, Hummer,
J. Comput. Chem. 33, 453 (2012); Quenouille, Biometrika 43, 353 (1956).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, Tally
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import SAMPLE_IT, Topography

__all__ = ["density_of_states", "jackknifed", "views_of"]

Floats = NDArray[np.float64]

STEPS = 200
"""Steps to the free energies; a dozen where histograms of neighbouring temperatures overlap."""
SETTLED = 1e-9
LARGEST_STEP = 5.0
"""Of a logarithm, by Newton's method: far from the solution its quadratic form tells little."""
PARTS = (1.0, 0.5, 0.25, 0.0)
"""Parts of a Newton step that are tried; at last, 0, a step of the iteration by which g and f follow in turn."""
CONTRADICTION = 1.0
"""Logarithm of the ratio of the native states counted and known beyond which not all are known."""
LARGEST_COUNT = 700.0
"""Natural logarithm of the count up to which a double holds it."""


NOT_SETTLED = NoAnswer(
    "not_settled",
    "the replicas were at the lowest energy too rarely, or at too few temperatures, for the number of states at it to "
    "come out right",
    "explore longer: --explorer tempering:rounds=10000",
)


def density_of_states(tallies: Sequence[Tally], *, states: int) -> Tally | NoAnswer:
    """Histogram over all states from those at many temperatures.

    Parameters
    ----------
    tallies : sequence of Tally
        Of the energy; of one temperature there may be several. Bins are told apart by their position.
    states : int
        Number of all states.

    Returns
    -------
    Tally or NoAnswer
        At infinite temperature, its counts adding up to `states`.

    Examples
    --------
    Two levels, one state below three, seen at infinite temperature and at T = 1 / ln 3, where both are as likely:

    >>> nothing = (0.0, 0.0)
    >>> hot = Tally("energy", math.inf, (0.0, 1.0), (250.0, 750.0), (0.0, 1.0), nothing, (0.0, 1.0))
    >>> cold = Tally("energy", 1.0 / math.log(3.0), (0.0, 1.0), (500.0, 500.0), (0.0, 1.0), nothing, (0.0, 1.0))
    >>> found = density_of_states([hot, cold], states=4)
    >>> [round(count, 3) for count in found.count]
    [1.0, 3.0]
    """
    pooled = _pooled(tallies)
    if pooled is None:
        return NoAnswer("no_density", "the map has no energies at several temperatures", SAMPLE_IT)
    position, beta, count, mean, spread, lowest = pooled
    log_g = _solved(beta, count, mean)
    top = float(log_g.max())
    log_g -= top + math.log(float(np.exp(log_g - top).sum()))
    return _counted(log_g + math.log(states), position, mean, spread, lowest)


def _counted(log_count: Floats, position: Floats, mean: Floats, spread: Floats, lowest: Floats) -> Tally:
    """Histogram at infinite temperature with counts given as logarithms."""
    large = bool(log_count.max() > LARGEST_COUNT)
    with np.errstate(over="ignore"):
        columns = (position, np.exp(log_count), mean, spread, lowest)
    rows = (tuple(column.tolist()) for column in columns)
    return Tally("energy", math.inf, *rows, log_count=tuple(log_count.tolist()) if large else ())


def _pooled(tallies: Sequence[Tally]) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats] | None:
    """Bins, inverse temperatures, counts (K, B), and mean, spread and lowest energy of each bin."""
    chosen = [tally for tally in tallies if tally.quantity == "energy" and tally.temperature > 0.0]
    temperatures = sorted({tally.temperature for tally in chosen}, reverse=True)
    if len(temperatures) < 2 or not math.isinf(temperatures[0]):
        return None
    position, place = np.unique(np.concatenate([tally.position for tally in chosen]), return_inverse=True)
    row = np.repeat([temperatures.index(tally.temperature) for tally in chosen], [len(t.position) for t in chosen])
    columns = (
        np.concatenate([getattr(tally, name) for tally in chosen]) for name in ("count", "mean", "spread", "lowest")
    )
    n, m, s, low = columns
    count = np.zeros((len(temperatures), len(position)))
    np.add.at(count, (row, place), n)
    total = count.sum(axis=0)
    mean = np.bincount(place, weights=n * m) / total
    spread = np.sqrt(np.bincount(place, weights=n * (s**2 + (m - mean[place]) ** 2)) / total)
    spread[spread <= 1e-9 * (np.ptp(position) + 1e-300)] = 0.0
    lowest = np.full(len(position), np.inf)
    np.minimum.at(lowest, place, low)
    beta = np.array([0.0 if math.isinf(t) else 1.0 / t for t in temperatures])
    return position, beta, count, mean, spread, np.minimum(lowest, mean)


def _solved(beta: Floats, count: Floats, energy: Floats) -> Floats:
    """Logarithms of g, up to a constant, by iteration that starts from a chain of reweightings."""
    seen, runs = np.log(count.sum(axis=0)), count.sum(axis=1)
    rise = energy - energy.min()
    heat = beta[:, None] * rise[None]
    log_runs = np.log(runs)
    free = np.zeros(len(beta))
    for k in range(1, len(beta)):  # Each from the histogram of the next hotter one.
        with np.errstate(divide="ignore"):
            log_share = np.log(count[k - 1] / runs[k - 1])
        free[k] = free[k - 1] - _log_sum(log_share - (heat[k] - heat[k - 1]))
    log_g, residual = _step(log_runs, free, heat, seen)
    for _ in range(STEPS):
        if float(np.abs(residual).max()) < SETTLED:
            break
        way = _newton(log_runs, free, heat, log_g, residual)
        for part in PARTS:
            trial = free + part * way if part else free - (residual - residual[0])
            trial_g, trial_residual = _step(log_runs, trial, heat, seen)
            if np.abs(trial_residual).max() < np.abs(residual).max():
                break
        free, log_g, residual = trial, trial_g, trial_residual
    return log_g


def _step(log_runs: Floats, free: Floats, heat: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Logarithms of g for free energies, and by how much each fails to give back the states seen at its temperature."""
    log_g = seen - _log_sum_rows(log_runs[:, None] + free[:, None] - heat)
    return log_g, free + _log_sum_columns(log_g[None] - heat)


def _newton(log_runs: Floats, free: Floats, heat: Floats, log_g: Floats, residual: Floats) -> Floats:
    """Newton's step of the free energies, the first of which stays.

    In the states n_k(b) expected of each temperature in each bin, N_k exp(f_k - beta_k E_b) g(b), the gradient is their
    sum over bins less N_k, and the Hessian ``diag(sum_b n_k(b)) - sum_b n_k(b) n_l(b) / n(b)``.
    """
    expected = np.exp(log_runs[:, None] + free[:, None] - heat + log_g)
    expected[expected < 1e-100] = 0.0  # Products of numbers near the least are slow.
    whole = expected.sum(axis=1)
    hessian = np.diag(whole) - (expected / expected.sum(axis=0)) @ expected.T
    gradient = np.exp(log_runs) * np.expm1(residual)
    step = np.zeros(len(free))
    step[1:] = -np.linalg.lstsq(hessian[1:, 1:], gradient[1:], rcond=None)[0]
    return np.clip(step, -LARGEST_STEP, LARGEST_STEP)


def _log_sum(values: Floats) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))


def _log_sum_rows(values: Floats) -> Floats:
    top = values.max(axis=0)
    return np.asarray(top + np.log(np.exp(values - top).sum(axis=0)))


def _log_sum_columns(values: Floats) -> Floats:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))


# ---------------------------------------------------------------------------------------------
# Errors


def jackknifed(
    answer: Callable[[Topography], Measurement], *, log: bool = False
) -> Callable[[Topography], Measurement]:
    """Read a measure of histograms off those of independent replicas, with its error.

    Parameters
    ----------
    answer : callable
        The measure of an exact map, which reads its census and its histograms at infinite temperature.
    log : bool
        Whether the error is that of the logarithm: for positive numbers.

    Returns
    -------
    callable
        A measure of sampled maps: the answer for the histograms of all replicas put together; the interval from
        leaving out one replica at a time.
    """

    @wraps(answer)
    def sampled(topography: Topography) -> Measurement:
        views = topography.shared(views_of)
        if isinstance(views, NoAnswer):
            return views
        answers = [answer(view) for view in views]
        whole = answers[0]
        if isinstance(whole, NoAnswer):
            return NOT_SETTLED if whole.outcome == "no_density" else whole
        parts = [part for part in answers[1:] if isinstance(part, Estimate)]
        if len(parts) < len(answers) - 1:
            return next(part for part in answers if isinstance(part, NoAnswer))
        return _jackknife(whole, np.array([part.value for part in parts]), log=log)

    return sampled


def _jackknife(whole: Estimate, parts: Floats, *, log: bool) -> Estimate:
    from scipy.special import stdtrit

    count = len(parts)
    use = log and whole.value > 0.0 and bool((parts > 0.0).all())
    values = np.log(parts) if use else parts
    error = math.sqrt((count - 1) / count * float(((values - values.mean()) ** 2).sum()))
    reach = float(stdtrit(count - 1, 0.975)) * error
    low, high = (
        (whole.value * math.exp(-reach), whole.value * math.exp(reach)) if use
        else (whole.value - reach, whole.value + reach)
    )  # fmt: skip
    return Estimate(whole.value, min(low, whole.low), max(high, whole.high))


def views_of(topography: Topography) -> list[Topography] | NoAnswer:
    """Return the map with the histograms of all replicas put together, and with those of all but each one."""
    graph = topography.graph
    if graph.census is None:
        return NoAnswer("no_census", "the map knows nothing of all states", SAMPLE_IT)
    replicas = sorted({tally.replica for tally in graph.tallies})
    if len(replicas) < 2:
        return NoAnswer("one_replica", "its histograms are of one sample, which has no error", SAMPLE_IT)
    views = []
    for left_out in (None, *replicas):
        kept = [tally for tally in graph.tallies if tally.replica != left_out]
        found = [_together([tally for tally in kept if tally.quantity == "overlap"])]
        density = density_of_states(kept, states=graph.census.states)
        found.append(_anchored(density, graph) if isinstance(density, Tally) else None)
        tallies = tuple(tally for tally in found if tally is not None)
        views.append(topography.on_graph(dataclasses.replace(graph, tallies=tallies)))
    return views


def _anchored(density: Tally, graph: BasinGraph) -> Tally | None:
    """Density of states scaled to the number of native states, which is known; None where it contradicts that number.

    What matters at low temperatures is how many states there are for each native one, and that is known better than
    how many there are for all states together.
    """
    at_ground = graph.energy == graph.energy[0]
    natives = float((graph.plateau * graph.orbit)[at_ground].sum())
    ground = float(graph.energy[0])
    log_count = np.array(density.log_count or np.log(density.count))
    scale = math.log(natives) - float(log_count[0])
    # Energies that tempering adds up are single-precision sums.
    apart = abs(density.mean[0] - ground) > 1e-5 * (density.mean[-1] - density.mean[0])
    if apart or abs(scale) > CONTRADICTION:
        return None
    position, mean, spread, lowest = (
        np.array(getattr(density, name)) for name in ("position", "mean", "spread", "lowest")
    )
    mean[0] = lowest[0] = ground
    return _counted(log_count + scale, position, mean, spread, lowest)


def _together(tallies: Sequence[Tally]) -> Tally | None:
    """Several histograms of the overlap as one: shells with their counts, means and spreads averaged."""
    if not tallies:
        return None
    position, place = np.unique(np.concatenate([tally.position for tally in tallies]), return_inverse=True)
    n, m, s, low = (
        np.concatenate([getattr(tally, name) for tally in tallies]) for name in ("count", "mean", "spread", "lowest")
    )
    times = np.bincount(place)
    mean = np.bincount(place, weights=m) / times
    # Each group's spread is about its own mean.
    spread = np.sqrt(np.bincount(place, weights=s**2 + (m - mean[place]) ** 2) / times)
    lowest = np.full(len(position), np.inf)
    np.minimum.at(lowest, place, low)
    columns = (position, np.bincount(place, weights=n) / len(tallies), mean, spread, lowest)
    return Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns))
