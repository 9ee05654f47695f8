"""Folding a chain: replica exchange of walks over a ladder of temperatures, with descents from what they pass.

For landscapes too large to list. What comes out are minima, each with the number of descents that ended there, and the
lowest energy seen; the saddles between them are not known.

References
----------
Thachuk, Shmygelska, Hoos, BMC Bioinformatics 8, 342 (2007); Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Budget, Clock, Effort, InputError, Landscape, Minimum, Progress, Record, no_progress
from spinfunnel.landscape.states import Walkable

__all__ = ["COLDEST", "HOTTEST", "LADDERS", "RUNGS", "Ladder", "explore"]

OFFERS = 2000
"""Slots offered to each chain between exchanges."""
DESCENDS = 10
"""Rounds between descents from all replicas."""
MOST_MINIMA = 20_000
"""Lowest minima that are kept."""
USUAL = 300_000_000
"""Energy evaluations without a budget, at most: some minutes."""
PATIENCE, FEWEST = 10.0, 2000
"""Without a budget the search ends once it has gone on for so many times as long as the lowest energy took to find, and
for so many evaluations times the cube of the number of bonds: the last contact of 48 monomers took up to twenty times
as long as the last but one."""
LADDERS, RUNGS, COLDEST, HOTTEST = 3, 6, 0.26, 0.56
"""Ladders of temperatures around the freezing of HP chains, at 0.3 to 0.45 contact energies: with twelve rungs from
0.22 to 0.8 the lowest energies of 48 monomers took about twice as many evaluations."""


@dataclass(slots=True, eq=False)
class Ladder:
    """Chains on the rungs of one or several ladders of temperatures; moves and exchanges them.

    Attributes
    ----------
    landscape : Walkable
    temperature : array of float64, shape (replicas,)
        Of each replica, cold to hot within each ladder of `rungs`.
    rungs : int
    rng : numpy.random.Generator
    workers : int
    evaluations, found_after : int
        Energy evaluations so far, and when the lowest energy was found.
    """

    landscape: Walkable
    temperature: NDArray[np.float64]
    rungs: int
    rng: np.random.Generator
    workers: int = 1
    evaluations: int = 0
    found_after: int = 0
    states: NDArray[np.int8] = field(init=False)
    energy: NDArray[np.float64] = field(init=False)
    best: NDArray[np.int8] = field(init=False)
    best_energy: float = field(init=False, default=math.inf)
    seeds: NDArray[np.uint64] = field(init=False)
    _parity: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        count = len(self.temperature)
        self.states = self.landscape.draw_states(count, self.rng)
        self.energy = self.landscape.energy(self.states)
        self.seeds = self.rng.integers(0, 1 << 64, count, dtype=np.uint64)
        self.best = self.states[0].copy()

    def round(self, offers: int = OFFERS) -> None:
        """Walk each chain, then offer exchanges between neighbouring rungs."""
        lowest, where, made = self.landscape.walk(
            self.states, self.energy, self.temperature, offers=offers, seeds=self.seeds, workers=self.workers
        )
        self.evaluations += int(made.sum())
        first = int(np.argmin(lowest))
        if lowest[first] < self.best_energy:
            self.best_energy, self.best = float(lowest[first]), where[first].copy()
            self.found_after = self.evaluations
        self._exchange()

    def _exchange(self) -> None:
        count = len(self.temperature)
        lower = np.arange(self._parity, count - 1, 2)
        lower = lower[(lower + 1) % self.rungs != 0]
        self._parity ^= 1
        gain = (1.0 / self.temperature[lower] - 1.0 / self.temperature[lower + 1]) * (
            self.energy[lower] - self.energy[lower + 1]
        )
        swap = lower[np.log(self.rng.random(len(lower))) < gain]
        for array in (self.states, self.energy):
            array[swap], array[swap + 1] = array[swap + 1].copy(), array[swap].copy()


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    ladders: int = LADDERS,
    rungs: int = RUNGS,
    coldest: float = COLDEST,
    hottest: float = HOTTEST,
) -> Iterator[list[Record]]:
    """Yield the minima found, the lowest first.

    Parameters
    ----------
    landscape : Walkable
    seed, workers, progress
        As every explorer. The same seed gives the same minima on any number of workers, unless the budget is in
        seconds.
    budget : Budget, optional
        Unless given, the search ends by itself: after ten times as many evaluations as the lowest energy took to be
        found, but not before 2000 for the cube of the number of bonds (210 million for 48 monomers), and not after
        300 million, some two minutes on two cores.
    ladders, rungs : int
        Independent ladders of temperatures, and temperatures of each.
    coldest, hottest : float
        Ends of a ladder, in units of the landscape's scale of energy.

    Raises
    ------
    InputError
        For a landscape that cannot be walked, or a ladder without rungs.
    """
    if not isinstance(landscape, Walkable):
        raise InputError(f"{landscape.name} has no chain to fold: flood it, or sample it with another explorer")
    if ladders < 1 or rungs < 2 or not 0.0 < coldest < hottest:
        raise InputError(
            f"{ladders} ladders of {rungs} rungs from {coldest} to {hottest} are none: give at least one of two rungs, "
            "with 0 < coldest < hottest"
        )
    own = budget is None or budget == Budget()
    limits = Budget(evaluations=USUAL) if budget is None or own else budget
    steps = np.geomspace(coldest, hottest, rungs) * landscape.energy_scale()
    ladder = Ladder(landscape, np.tile(steps, ladders), rungs, np.random.default_rng(seed), workers)
    catch = _Catch(landscape, workers)
    clock = Clock(limits, lambda: ladder.evaluations + catch.evaluations)
    fewest = FEWEST * ladder.states.shape[1] ** 3
    rounds, patient = 0, True
    while patient and not clock.over():
        ladder.round()
        rounds += 1
        if rounds % DESCENDS == 0:
            catch.descend(ladder.states, ladder.energy)
            due = max(fewest, PATIENCE * ladder.found_after) if own else math.inf
            patient = ladder.evaluations < due
            progress("folding", min(1.0, max(clock.evaluations() / due, clock.used())))
    catch.descend(ladder.best[None], np.array([ladder.best_energy]))
    progress("folding", 1.0)
    records = catch.records()
    while chunk := list(islice(records, 10_000)):
        yield list[Record](chunk)
    yield [Effort(clock.evaluations(), "out of budget" if patient else "finished")]


class _Catch:
    """Minima that descents ended in: the lowest, by key."""

    def __init__(self, landscape: Walkable, workers: int) -> None:
        self.landscape, self.workers, self.evaluations, self.descents = landscape, workers, 0, 0
        self.found: dict[str, tuple[float, int, int]] = {}

    def descend(self, states: NDArray[np.int8], energy: NDArray[np.float64]) -> None:
        """Descend from copies of some states."""
        bottom, depth = states.copy(), energy.copy()
        self.evaluations += int(self.landscape.quench(bottom, depth, workers=self.workers).sum())
        self.descents += len(bottom)
        keys, copies = self.landscape.state_keys(bottom)
        for key, value, many in zip(keys.tolist(), depth.tolist(), copies.tolist(), strict=True):
            before = self.found.get(key, (value, many, 0))
            self.found[key] = (value, many, before[2] + 1)
        if len(self.found) > 2 * MOST_MINIMA:
            self.found = dict(self._lowest())

    def _lowest(self) -> list[tuple[str, tuple[float, int, int]]]:
        return sorted(self.found.items(), key=lambda item: (item[1][0], item[0]))[:MOST_MINIMA]

    def records(self) -> Iterator[Minimum]:
        """Minima, the lowest first, weighted by the descents that ended there."""
        for key, (value, many, visits) in self._lowest():
            yield Minimum(key, value, visits / self.descents, 1, many, None, visits)
