"""Parallel tempering of replicas over temperatures that set themselves.

References
----------
Exchange Monte Carlo: Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996). Odd and even pairs in turn, equal
rejections: Syed, Bouchard-Cote, Deligiannidis, Doucet, J. R. Stat. Soc. B 84, 321 (2022). Cluster swaps: Houdayer, Eur.
Phys. J. B 22, 479 (2001); Zhu, Ochoa, Katzgraber, Phys. Rev. Lett. 115, 077201 (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.ladder import barrier, check_temperatures, equalised, temperature_range
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, InputError

__all__ = ["Samples", "Tempering", "temper"]

Floats = NDArray[np.float64]

FIRST_RUNGS, MOST_RUNGS = 16, REPLICAS
FIRST_STAGE = 16
"""Rounds of the first stage of tuning."""
CLUSTER_DEGREE = 7.0
"""Mean number of neighbours up to which the clusters in which replicas differ are worth the time."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What tempering brought home.

    Attributes
    ----------
    temperature : array of float64, shape (K,)
        Cold to hot, in the unit of the energy.
    series : array of float64, shape (rounds, K, copies)
        Energies after every round of sweeps.
    state : array of uint8, shape (samples, N)
        States as bits: all replicas, at intervals.
    energy : array of float64, shape (samples,)
    rung : array of int64, shape (samples,)
        Number of the temperature at which each state was drawn.
    rejection : array of float64, shape (K - 1,)
        Mean probability that neighbouring temperatures do not exchange.
    round_trips : int
        Replicas that went from the coldest temperature to the hottest and back.
    best : array of uint8, shape (N,)
    best_energy : float
        Lowest seen after any sweep.
    attempts : int
        Flips offered.
    """

    temperature: Floats
    series: Floats
    state: NDArray[np.uint8]
    energy: Floats
    rung: NDArray[np.int64]
    rejection: Floats
    round_trips: int
    best: NDArray[np.uint8]
    best_energy: float
    attempts: int


class Tempering:
    """A run of parallel tempering that goes on as long as it is asked to.

    Parameters
    ----------
    landscape : Binary
    replicas : int
        Rounded up to whole groups of 64.
    temperatures : array, optional
        Cold to hot; found by the run itself unless given (see `ladder.temperature_range`).
    sweeps : int
        In each round.
    clusters : bool, optional
        Whether replicas at one temperature swap clusters in which they differ, every sixteenth round; unless given,
        where no interaction is of more than two spins and a spin has at most 7 of them in the mean.
    seed, workers : int
        The result does not depend on the number of workers.

    Attributes
    ----------
    betas : array, shape (K,)
        Inverse temperatures in units of ``1 / replicas.scale``, cold to hot.
    rejection : array, shape (K - 1,)
    """

    def __init__(
        self, landscape: Binary, *, replicas: int = 128, temperatures: Floats | None = None, sweeps: int = 1,
        clusters: bool | None = None, seed: int = 0, workers: int = 1,
    ) -> None:  # fmt: skip
        if replicas < 1 or sweeps < 1:
            raise InputError(f"{replicas} replicas of {sweeps} sweeps a round do nothing; give at least 1 of each")
        self.replicas = Replicas(landscape, groups=-(-replicas // REPLICAS), seed=seed, workers=workers)
        self.sweeps, self.rounds = sweeps, 0
        couplings = self.replicas.couplings
        local = couplings is not None and couplings.quadratic
        degree = couplings.degree if couplings is not None else 0.0
        if clusters and not local:
            raise InputError(f"clusters are swapped only where no interaction is of more than two spins; "
                             f"{landscape.name} has others: leave clusters out")  # fmt: skip
        self._clusters = local and degree <= CLUSTER_DEGREE if clusters is None else clusters
        self.tuned, self._stage = temperatures is not None, 0
        if temperatures is None:
            cold, hot = temperature_range(self.replicas)
            self.betas = 1.0 / np.geomspace(cold, hot, FIRST_RUNGS)
        else:
            self.betas = self.replicas.scale / check_temperatures(temperatures)
            if len(self.betas) > MOST_RUNGS:
                raise InputError(
                    f"{len(self.betas)} temperatures exceed {MOST_RUNGS}, the replicas of a group; give fewer"
                )
        self.at = [self._laid_out(np.arange(REPLICAS), len(self.betas)) for _ in self.replicas.groups]
        self.rejection = np.zeros(len(self.betas) - 1)

    @staticmethod
    def _laid_out(lanes: NDArray[np.int64], rungs: int) -> NDArray[np.int64]:
        """Replicas of a group at rungs and copies; what does not divide rests."""
        copies = REPLICAS // rungs
        return np.ascontiguousarray(lanes[: rungs * copies].reshape(rungs, copies))

    def tune(self, *, rounds: int = 512) -> None:
        """Run, and set the temperatures so that neighbours exchange equally often, in stages of doubled length.

        After the second stage and the fourth the number of rungs is set as well: twice the communication barrier, so
        that about half of all exchanges succeed, as a power of two from 8 to 64. Two calls do the same as one of both
        lengths; the first `run` ends it.
        """
        self.tuned = False
        while rounds > 0:
            length = min(FIRST_STAGE << self._stage, self.rounds + rounds) - self.rounds
            self._go(length, series=False)
            rounds -= length
            if self.rounds == FIRST_STAGE << self._stage:
                self._set_temperatures()

    def _set_temperatures(self) -> None:
        rungs = len(self.betas)
        if self._stage in (1, 3):
            rungs = 1 << max(3, min(6, math.ceil(math.log2(max(1.0, 2.0 * barrier(self.rejection))))))
        self.betas = equalised(self.betas, self.rejection, rungs=rungs)
        if rungs != self.at[0].shape[0]:
            self.at = [self._laid_out(at.ravel(), rungs) for at in self.at]
        self._stage += 1
        self._reset()

    def _reset(self) -> None:
        self.rejection = np.zeros(len(self.betas) - 1)
        self.rounds = 0
        for group in self.replicas.groups:
            group.came[:], group.trips[:] = 0, 0

    def run(self, rounds: int, *, series: bool = False) -> Floats:
        """Go on for so many rounds; return the energies (rounds, K, copies) if asked for.

        `rejection` is the mean over all rounds since the temperatures were set.
        """
        if not self.tuned:
            self.tuned = True
            self._reset()
        return self._go(rounds, series=series)

    def _go(self, rounds: int, *, series: bool) -> Floats:
        copies = self.at[0].shape[1]
        clusters = len(self.betas) if self._clusters and copies > 1 else 0
        rejected, energies = self.replicas.temper(
            self.betas, self.at, rounds=rounds, sweeps=self.sweeps, first=self.rounds, clusters=clusters, series=series
        )
        self.rejection = (self.rounds * self.rejection + rounds * rejected) / max(1, self.rounds + rounds)
        self.rounds += rounds
        return energies

    @property
    def temperatures(self) -> Floats:
        """Temperatures in the landscape's unit, cold to hot."""
        return self.replicas.scale / self.betas

    def snapshot(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """States of all replicas, shape (replicas, N), and the rung of each."""
        rungs, copies = self.at[0].shape
        lanes = np.concatenate([at.ravel() + REPLICAS * number for number, at in enumerate(self.at)])
        return self.replicas.states()[lanes], np.tile(np.repeat(np.arange(rungs), copies), len(self.at))


def temper(
    landscape: Binary, *, replicas: int = 128, temperatures: Floats | None = None, rounds: int = 1024, sweeps: int = 1,
    snapshots: int = 16, seed: int = 0, workers: int = 1,
) -> Samples:  # fmt: skip
    """Sample a landscape at many temperatures at once.

    Half the rounds are spent on setting the temperatures (or on coming to equilibrium at those given); the others are
    recorded.

    Parameters
    ----------
    landscape : Binary
    replicas : int
        Rounded up to a multiple of 64.
    temperatures : array, optional
        At most 64; chosen by the run unless given.
    rounds, sweeps : int
        Rounds in all, and sweeps in each, after which neighbouring temperatures may exchange their replicas.
    snapshots : int
        Times at which the states of all replicas are kept.
    seed, workers : int

    Examples
    --------
    >>> from spinfunnel.systems import edwards_anderson
    >>> samples = temper(edwards_anderson((4, 4), seed=1), rounds=64, seed=1)
    >>> round(samples.best_energy, 3), bool((np.diff(samples.temperature) > 0).all())
    (-17.031, True)
    """
    if rounds < 2 or snapshots < 1:
        raise InputError(f"{rounds} rounds with {snapshots} snapshots are too few; give at least 2 and 1")
    run = Tempering(landscape, replicas=replicas, temperatures=temperatures, sweeps=sweeps, seed=seed, workers=workers)
    if run.tuned:
        run.run(rounds // 2)
        run._reset()
    else:
        run.tune(rounds=rounds // 2)
    left = rounds - rounds // 2
    edges = np.linspace(0, left, min(snapshots, left) + 1).astype(int)
    series, states, rungs = [], [], []
    for length in np.diff(edges).tolist():
        series.append(run.run(length, series=True))
        state, rung = run.snapshot()
        states.append(state)
        rungs.append(rung)
    best, lowest = run.replicas.best()
    state = np.concatenate(states)
    return Samples(
        run.temperatures, np.concatenate(series), state, landscape.energy(state), np.concatenate(rungs),
        run.rejection, run.replicas.trips(), best, lowest, run.replicas.attempts,
    )  # fmt: skip
