"""Replicas of a binary landscape, in groups of sixty-four: set them off, sweep, anneal, temper and quench them.

Where the landscape lays its interactions open, kernels work on whole rows of replicas; of others the energy function is
asked for every flip, one call for each spin and group.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample import replica_kernels as kernels
from spinfunnel.explore.sample.couplings import Couplings, couplings_of
from spinfunnel.explore.sample.replica_asking import AskedReplicas
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.landscape import Binary, InputError, Polynomial, no_progress
from spinfunnel.moves.batches import over_blocks

__all__ = ["Group", "Replicas"]

Result = TypeVar("Result")
Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Group:
    """Sixty-four replicas and the random numbers that are theirs alone (see `replica_kernels`)."""

    spins: NDArray[np.float32]
    generator: NDArray[np.uint64]
    dice: NDArray[np.uint64]
    energy: Floats
    best: NDArray[np.uint8]
    best_energy: Floats
    came: NDArray[np.uint8]
    trips: NDArray[np.int64]


class Replicas:
    """Groups of replicas of one landscape.

    Parameters
    ----------
    landscape : Binary
    groups : int
        Of 64 replicas each.
    seed : int
    workers : int
        Threads; each takes whole groups, so that nothing depends on their number.

    Attributes
    ----------
    scale : float
        Unit of the energies and temperatures in here.
    attempts : int
        Flips offered so far.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> replicas = Replicas(hopfield_memory(20, patterns=1, seed=1), groups=1, seed=1)
    >>> replicas.quench()
    >>> bool(np.ptp(replicas.energies()) < 1e-9)
    True
    """

    def __init__(self, landscape: Binary, *, groups: int, seed: int = 0, workers: int = 1) -> None:
        if groups < 1:
            raise InputError(f"{groups} groups of replicas are none; give at least {REPLICAS} replicas")
        self.landscape, self.size, self.workers = landscape, landscape.size, workers
        self.couplings: Couplings | None = couplings_of(landscape) if isinstance(landscape, Polynomial) else None
        self._tables = self.couplings.tables if self.couplings is not None else ()
        self._asked = AskedReplicas(landscape) if self.couplings is None else None
        self.scale = self.couplings.scale if self.couplings is not None else 1.0
        self.constant = float(landscape.constant) if isinstance(landscape, Polynomial) else 0.0
        self.groups = [self._group(seed, number) for number in range(groups)]
        self.attempts = 0

    def _group(self, seed: int, number: int) -> Group:
        source = np.random.SeedSequence(seed, spawn_key=(number,))
        words = np.asarray(source.generate_state(REPLICAS + 2, np.uint64), np.uint64)
        rng = np.random.default_rng(source.spawn(1)[0])
        spins = np.ones((self.size + 1, REPLICAS), np.float32)
        spins[:-1] -= 2.0 * rng.integers(0, 2, (self.size, REPLICAS), dtype=np.int8)
        return Group(
            spins, words[:REPLICAS].reshape(2, -1).copy(), words[REPLICAS:].copy(), np.zeros(REPLICAS),
            np.zeros(self.size, np.uint8), np.full(1, math.inf), np.zeros(REPLICAS, np.uint8), np.zeros(1, np.int64),
        )  # fmt: skip

    def each(self, work: Callable[[int, Group], Result]) -> list[Result]:
        """Call ``work(number, group)`` on every group, on all threads; results in order."""
        return over_blocks(
            lambda start, _: work(start, self.groups[start]),
            len(self.groups), workers=self.workers, progress=no_progress, stage="replicas", block=1,
        )  # fmt: skip

    def temper(
        self, betas: Floats, at: list[NDArray[np.int64]], *, rounds: int, sweeps: int, first: int, clusters: int,
        series: bool = False,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        """Rounds of parallel tempering in every group (see `replica_kernels.temper_group`).

        Parameters
        ----------
        betas : array, shape (K,)
            Inverse temperatures in units of 1 / `scale`, cold to hot.
        at : list of arrays, shape (K, C)
            Replica at each rung and copy, for each group; changed in place.
        rounds, sweeps, first : int
            `first` is the number of the first round.
        clusters : int
            Rungs that swap clusters.
        series : bool
            Whether to return the energies.

        Returns
        -------
        rejected : array, shape (K - 1,)
            Mean probability that neighbours do not exchange.
        energies : array, shape (rounds, K, groups * C)
            In the landscape's unit; rounds is 0 unless `series`.
        """
        rungs, copies = at[0].shape
        length = rounds if series else 0

        def work(number: int, group: Group) -> tuple[Floats, Floats]:
            rejected, energies = np.zeros(max(rungs - 1, 1)), np.empty((length, rungs, copies))
            run = self._asked.temper if self._asked is not None else kernels.temper_group
            run(
                group.spins, self._tables, group.generator, group.dice, group.energy, betas, at[number], rounds,
                sweeps, first, clusters, rejected, group.came, group.trips, group.best, group.best_energy, energies,
            )  # fmt: skip
            return rejected, energies

        parts = self.each(work)
        self.attempts += rounds * sweeps * self.size * REPLICAS * len(self.groups)
        # Each pair of rungs is offered an exchange every other round.
        parity = (np.arange(rungs - 1) + first) % 2
        offers = np.maximum((rounds + 1 - parity) // 2, 1) * copies * len(self.groups)
        rejected = np.sum([part[0] for part in parts], axis=0)[: rungs - 1] / offers
        return rejected, np.concatenate([part[1] for part in parts], axis=2) * self.scale + self.constant

    def anneal(self, betas: Floats) -> None:
        """Sweep every replica once at each inverse temperature, in units of 1 / `scale`."""

        def work(_: int, group: Group) -> None:
            run = self._asked.anneal if self._asked is not None else kernels.anneal_group
            run(group.spins, self._tables, group.generator, group.energy, betas, group.best, group.best_energy)

        self.each(work)
        self.attempts += len(betas) * self.size * REPLICAS * len(self.groups)

    def quench(self, *, most: int = 100_000) -> None:
        """Let every replica fall until no flip lowers it, at most so many sweeps; neutral flips are not made."""

        def work(_: int, group: Group) -> int:
            run = self._asked.quench if self._asked is not None else kernels.quench_group
            return int(run(group.spins, self._tables, group.generator, group.energy, most))

        self.attempts += sum(self.each(work)) * self.size * REPLICAS

    def climbs(self) -> NDArray[np.float32]:
        """What each flip of each replica would raise the energy by, in units of `scale`, shape (n, replicas)."""

        def work(_: int, group: Group) -> NDArray[np.float32]:
            out = np.empty((self.size, REPLICAS), np.float32)
            run = self._asked.climbs if self._asked is not None else kernels.climbs_of
            run(group.spins, self._tables, out)
            return out

        self.attempts += self.size * REPLICAS * len(self.groups)
        return np.concatenate(self.each(work), axis=1)

    def states(self) -> NDArray[np.uint8]:
        """States of all replicas as bits, shape (replicas, n), group by group."""
        return np.concatenate([(group.spins[:-1].T > 0).astype(np.uint8) for group in self.groups])

    def energies(self) -> Floats:
        """Energies of all replicas in the landscape's unit, by its own energy function."""
        return self.landscape.energy(self.states())

    def set_states(self, states: NDArray[np.uint8]) -> None:
        """Put the replicas into states, shape (replicas, n)."""
        for number, group in enumerate(self.groups):
            part = states[number * REPLICAS : (number + 1) * REPLICAS]
            group.spins[:-1] = 2.0 * part.T.astype(np.float32) - 1.0

    def best(self) -> tuple[NDArray[np.uint8], float]:
        """Lowest state seen after any sweep of `temper` or `anneal`, and its energy; the first group's of equals."""
        lowest = min(self.groups, key=lambda group: float(group.best_energy[0]))
        state = lowest.best[None] if math.isfinite(lowest.best_energy[0]) else self.states()[:1]
        return state[0].copy(), float(self.landscape.energy(state)[0])

    def trips(self) -> int:
        """Times a replica went from the coldest temperature to the hottest and back."""
        return sum(int(group.trips[0]) for group in self.groups)

    def arrays(self) -> dict[str, Any]:
        """Everything that changes, by name: what a run must keep to go on later."""
        names = ("spins", "generator", "dice", "energy", "best", "best_energy", "came", "trips")
        return {f"{name}{number}": getattr(g, name) for number, g in enumerate(self.groups) for name in names}
