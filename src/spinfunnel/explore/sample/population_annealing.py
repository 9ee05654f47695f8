"""Population annealing: a population is cooled, and at every step its members are copied by their Boltzmann weights.

References
----------
Hukushima, Iba, AIP Conf. Proc. 690, 200 (2003); Machta, Phys. Rev. E 82, 026704 (2010); steps of equal culling: Barash,
Weigel, Borovsky, Janke, Shchur, Comput. Phys. Commun. 220, 341 (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.ladder import temperature_range
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, InputError

__all__ = ["Population", "cool_population"]

Floats = NDArray[np.float64]

OVERLAP = 0.85
"""Share of the population that one step of the temperature keeps as it would be without copying."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """What cooling a population brought home.

    Attributes
    ----------
    temperature : array of float64, shape (K,)
        Steps of the schedule, hot to cold, in the unit of the energy.
    mean_energy : array of float64, shape (K,)
    log_partition : array of float64, shape (K,)
        ``ln sum_s exp(-E(s) / T)``, from the factors by which the population was reweighted, beginning with 2^N states
        at infinite temperature; its standard error is about ``sqrt(families / size)`` times that of the weights.
    families : int
        Members of the first population of which descendants are left: below about a hundred the last steps are not to
        be trusted.
    state, energy : arrays, shapes (R, N) and (R,)
        The population at the lowest temperature.
    best : array of uint8, shape (N,)
    best_energy : float
    attempts : int
    finished : bool
        Whether it came to the lowest temperature.
    """

    temperature: Floats
    mean_energy: Floats
    log_partition: Floats
    families: int
    state: NDArray[np.uint8]
    energy: Floats
    best: NDArray[np.uint8]
    best_energy: float
    attempts: int
    finished: bool


def cool_population(
    landscape: Binary, *, size: int = 1024, sweeps: int = 8, coldest: float | None = None, seed: int = 0,
    workers: int = 1, wanted: Callable[[int, float], bool] = lambda _attempts, _done: True,
) -> Population:  # fmt: skip
    """Cool a population from infinite temperature.

    Parameters
    ----------
    landscape : Binary
    size : int
        Members, rounded up to a multiple of 64.
    sweeps : int
        Of every member after each step of the temperature.
    coldest : float, optional
        Last temperature; that of `ladder.temperature_range` unless given.
    seed, workers : int
    wanted : callable
        Asked after each step, with the flips offered and the share of inverse temperature done, whether to go on.

    Examples
    --------
    The free energy of a ferromagnetic chain is known, ln Z = N ln 2 + (N - 1) ln cosh(1 / T):

    >>> from spinfunnel.systems.spins.polynomial import SpinPolynomial
    >>> chain = SpinPolynomial(8, [([[i, i + 1] for i in range(7)], [-1.0] * 7)])
    >>> found = cool_population(chain, coldest=1.0, seed=1)
    >>> exact = 8 * np.log(2.0) + 7 * np.log(np.cosh(1.0))
    >>> bool(abs(found.log_partition[-1] - exact) < 0.2)
    True
    """
    if size < 1 or sweeps < 1:
        raise InputError(f"a population of {size} with {sweeps} sweeps a step does nothing; give at least 1 of each")
    groups = -(-size // REPLICAS)
    replicas = Replicas(landscape, groups=groups, seed=seed, workers=workers)
    probe = Replicas(landscape, groups=1, seed=seed, workers=1)
    least = temperature_range(probe)[0] if coldest is None else coldest / replicas.scale
    if not least > 0.0:
        raise InputError(f"a population cannot be cooled to a temperature of {coldest}; give a positive one")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(groups, 1)))
    beta, last, logarithm = 0.0, 1.0 / least, landscape.size * math.log(2.0)
    family = np.arange(groups * REPLICAS)
    rows: list[tuple[float, float, float]] = []
    finished = True
    while beta < last:
        energy = replicas.energies() / replicas.scale
        step = _step(energy, last - beta)
        weight = np.exp(-step * (energy - energy.min()))
        logarithm += math.log(float(weight.mean())) - step * float(energy.min())
        chosen = _copied(weight, rng)
        replicas.set_states(replicas.states()[chosen])
        family = family[chosen]
        beta += step
        replicas.anneal(np.full(sweeps, beta))
        energy = replicas.energies()
        rows.append((replicas.scale / beta, float(energy.mean()), logarithm))
        if not wanted(replicas.attempts + probe.attempts, min(1.0, beta / last)) and beta < last:
            finished = False
            break
    temperature, mean, log_partition = np.array(rows).T
    best, lowest = replicas.best()
    return Population(
        temperature, mean, log_partition, len(np.unique(family)), replicas.states(), replicas.energies(), best,
        lowest, replicas.attempts + probe.attempts, finished,
    )  # fmt: skip


def _step(energy: Floats, most: float) -> float:
    """Step of inverse temperature after which `OVERLAP` of the population is kept, by bisection."""
    height = energy - energy.min()
    size = len(height)

    def kept(step: float) -> float:
        weight = np.exp(-step * height)
        return float(np.minimum(1.0, weight / weight.mean()).sum()) / size

    if height.max() == 0.0 or kept(most) >= OVERLAP:
        return most
    low, high = 0.0, most
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if kept(middle) >= OVERLAP else (low, middle)
    # A step of nothing would never end: the coldest states alone are left after this one.
    return max(low, 1e-6 * most)


def _copied(weight: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Members of the next population: systematic resampling, each copied its expected number of times up to one."""
    reached = np.cumsum(weight)
    marks = (rng.random() + np.arange(len(weight))) / len(weight) * reached[-1]
    return np.minimum(np.searchsorted(reached, marks, side="right"), len(weight) - 1)
