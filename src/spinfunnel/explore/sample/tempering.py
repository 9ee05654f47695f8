"""The map of a landscape that is too large to flood: temper, quench, flood around minima, count.

1. Parallel tempering (see `temper`) finds low states and counts energies at many temperatures.
2. Quenches from random states give basins their weights: the share of them that ends in a minimum is an unbiased
   estimate of its basin. Quenches from states of the tempering add low minima, which have no weight of their own.
3. Around each minimum the water rises to its exit, and the chain of lowest exits is followed to the bottom.
4. Parts that are still apart are joined, exactly where that is possible, else by paths.
5. States are drawn at all distances from the native ones.

The map says of each saddle whether it is exact, and of each minimum how far the water came. Nothing depends on the
number of workers; what a budget of time cuts off depends on the clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.chart import EXACT_SIZE, Chart
from spinfunnel.explore.sample.native_shells import SHELLS, around_native, native_images
from spinfunnel.explore.sample.quench import quench
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.explore.sample.sampled_counts import census_of_sample, energy_tallies, overlap_tallies
from spinfunnel.explore.sample.tabulated import tabulated
from spinfunnel.landscape import (
    Binary,
    Budget,
    Census,
    Clock,
    Effort,
    InputError,
    Landscape,
    Progress,
    Record,
    is_binary,
    no_progress,
)
from spinfunnel.moves.group import symmetry_images
from spinfunnel.moves.spins import Floats, Model, spin_model

__all__ = ["Survey", "explore"]

RECORDS_AT_ONCE = 10_000
CHUNK = 256
"""Quenches between two looks at the clock."""
FIRST_ROUNDS = 64
"""Rounds of tempering that are made whatever they cost, one by one while the time for them lasts."""
SNAPSHOTS = 16
LOWEST = 64
"""States of each snapshot that are quenched: the coldest replicas."""
MOST_BRIDGES, BRIDGE_ROUNDS = 32, 64
"""Temperatures above the hottest of the tempering, and rounds at them: where states move freely a few do."""
RANDOM = 2048
"""Random states for each group whose energies are counted."""
MOST_WORK, WORK_SHARE = 2e8, 4e6
"""Terms that are added up for random states, and for those around the native ones: a second or two of each; and at most
so many for each second of a budget, a thirtieth of it."""
MOST_QUENCHES = 1 << 16
FEWEST_QUENCHES = 1 << 14
"""Of a small landscape: minima with a thousandth of the states are all but surely hit."""
MOST_STATES, FEWEST_STATES, STATES_TIMES_SPINS = 2000, 100, 2_000_000
"""States inside a local flood where none are asked for: fewer for many spins, so that a flood takes as long."""
MOST_FLAT, FEWEST_FLAT, FLAT_TIMES_SPINS = 256, 16, 256_000
"""The same for the states of a plateau that are searched."""
SMALL = 24
"""Bits up to which a landscape is small: every minimum is to be found."""
OFTEN = 3
"""Random quenches of a small landscape go on until every minimum that they met was met so often."""
SHARES = {"tempering": 0.3, "quenches": 0.42, "floods": 0.75, "joins": 0.83}
"""Share of a budget by the end of which each stage is over; then states are counted."""


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    quenches: int = 0,
    groups: int = 8,
    rounds: int = 1024,
    pocket: int = 0,
    floods: int = 0,
) -> Iterator[list[Record]]:
    """Sample a binary landscape and yield its map in chunks, an `Effort` last.

    Parameters
    ----------
    landscape : Binary
        A polynomial in spins of any size, or any other of at most 24 bits.
    seed, workers, progress
        As every explorer.
    budget : Budget, optional
        Seconds, or energy evaluations.
    quenches : int
        Quenches from random states; 0: 512, but up to 24 bits 16,384, to 65,536 while some are met once or twice.
    groups : int
        Independent groups of 64 replicas.
    rounds : int
        Of tempering, the half in which temperatures are set included.
    pocket : int
        States inside a local flood; 0: 2^18 up to 24 bits, 2,000 up to 1,000, then in inverse proportion, at least 100.
    floods : int
        Minima that are flooded; 0: 200,000 up to 24 bits, else 5,000.

    Raises
    ------
    InputError
        For a landscape of another kind or a larger one that is no polynomial, or options below their least.
    """
    if not is_binary(landscape):
        raise InputError(f"tempering flips spins, and {landscape.name} has none; it takes binary landscapes")
    if groups < 2 or rounds < 4 or min(quenches, pocket, floods) < 0:
        raise InputError(
            f"groups={groups}, rounds={rounds}, quenches={quenches}, pocket={pocket}, floods={floods} is out of range: "
            "give at least 2 groups, 4 rounds, and no negative numbers"
        )
    survey = Survey.of(
        landscape, budget=budget, seed=seed, groups=groups, workers=workers, progress=progress, pocket=pocket
    )
    yield []
    samples = survey.temper(rounds)
    survey.quench(quenches, survey.coldest(samples))
    yield from survey.mapped(floods)
    yield from survey.histograms(samples)
    yield from survey.counts(samples.states[2 * samples.rungs < len(samples.temperatures)])
    yield [Effort(survey.evaluations, survey.clock.outcome)]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What tempering saw: energies (rounds, K, copies), states at intervals with the rung of each, the best state."""

    temperatures: Floats
    series: Floats
    states: NDArray[np.uint8]
    rungs: NDArray[np.int64]
    best: NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Survey:
    """The stages of one exploration, each within its part of the budget."""

    landscape: Binary
    model: Model
    chart: Chart
    clock: Clock
    seed: int
    groups: int
    workers: int
    progress: Progress
    attempts: int = 0

    @classmethod
    def of(
        cls, landscape: Binary, *, budget: Budget | None, seed: int, groups: int, workers: int, progress: Progress,
        pocket: int,
    ) -> Survey:  # fmt: skip
        """Begin, the clock first; `pocket` states in a local flood, as many as usual where it is 0."""
        clock, small = Clock(budget), landscape.size <= SMALL
        model = spin_model(landscape, symmetries=symmetry_images(landscape.symmetries, size=landscape.size))
        usual = 1 << 18 if small else max(FEWEST_STATES, min(MOST_STATES, STATES_TIMES_SPINS // landscape.size))
        plateau = 1 << 16 if small else max(FEWEST_FLAT, min(MOST_FLAT, FLAT_TIMES_SPINS // landscape.size))
        most = pocket or usual
        chart = Chart(landscape, model, most, plateau, workers=workers)
        survey = cls(tabulated(landscape, model), model, chart, clock, seed, groups, workers, progress)
        clock.evaluations = lambda: survey.evaluations
        return survey

    @property
    def evaluations(self) -> int:
        """Energy evaluations so far."""
        return self.chart.evaluations + self.attempts

    def _child(self, number: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self.seed, spawn_key=(number,))

    # -----------------------------------------------------------------------------------------
    # Low states

    def temper(self, rounds: int) -> Samples:
        """Tempering, with the energies of its second half and states at intervals."""
        run = Tempering(self.landscape, replicas=64 * self.groups, seed=self.seed, workers=self.workers)
        half = self._tune(run, rounds)
        self.progress("tempering", 0.5)
        series, states, rungs = [], [], []
        edges = np.linspace(0, half, min(SNAPSHOTS, half) + 1).astype(int)
        for number, length in enumerate(np.diff(edges).tolist()):
            series.append(run.run(length, series=True))
            state, rung = run.snapshot()
            states.append(state)
            rungs.append(rung)
            self.progress("tempering", 0.5 + 0.5 * (number + 1) / (len(edges) - 1))
            self.attempts = run.replicas.attempts
            if self.clock.over(SHARES["tempering"]):
                break
        best, _ = run.replicas.best()
        return Samples(run.temperatures, np.concatenate(series), np.concatenate(states), np.concatenate(rungs), best)

    def _tune(self, run: Tempering, rounds: int) -> int:
        """Set the temperatures; return the rounds that are left for samples: as many, as far as the budget goes."""
        half, done, clock = rounds // 2, 0, self.clock
        run.tune(rounds=1)  # Not timed: kernels may have to be compiled.
        began, first = time.perf_counter(), min(FIRST_ROUNDS, half)
        while done < first - 1:
            length = min(8, first - 1 - done) if clock.timed else first - 1
            run.tune(rounds=length)
            done += length
            if clock.timed and 2.0 * clock.left(SHARES["tempering"]) < time.perf_counter() - began:
                break
        pace = (time.perf_counter() - began) / max(done, 1)
        room = clock.left(SHARES["tempering"]) / max(pace, 1e-9)
        if clock.budget.evaluations is not None:
            each = self.landscape.size * 64 * self.groups
            room = min(room, SHARES["tempering"] * clock.budget.evaluations / each - done)
        if room < rounds - done:
            clock.cut, half = True, max(2, int((room + done) / 2.2))
        if half > done + 1:
            run.tune(rounds=half - done - 1)
        return half

    def coldest(self, samples: Samples) -> NDArray[np.uint8]:
        """Lowest states of the coldest quarter of the temperatures, the lowest of all first."""
        low = np.unique(samples.states[samples.rungs < max(1, len(samples.temperatures) // 4)], axis=0)
        order = np.argsort(self.landscape.energy(low), kind="stable")[: LOWEST * SNAPSHOTS // 4]
        return np.concatenate([samples.best[None], low[order]])

    def quench(self, count: int, starts: NDArray[np.uint8]) -> None:
        """Quench so many random states (0: as many as usual), and those given, which are not counted as visits."""
        self._quench_random(count)
        step = CHUNK if self.clock.timed else len(starts)
        for start in range(0, len(starts), step):
            if start and self.clock.over(SHARES["floods"]):
                break
            part = starts[start : start + step]
            self.chart.add(
                quench(self.model, states=part, plateau=self.chart.plateau, workers=self.workers), count=False
            )

    def _quench_random(self, count: int) -> None:
        """Quench random states: as many as asked for, or until few would find anything new."""
        chart, seed = self.chart, self._child(0)
        most, done = count or (MOST_QUENCHES if self.landscape.size <= SMALL else 512), 0
        while done < most:
            chunk = min(max(CHUNK, done), most - done)
            chunk = min(chunk, CHUNK) if self.clock.timed else chunk
            (child,) = seed.spawn(1)
            chart.add(
                quench(chart.model, random=chunk, seed=child, plateau=chart.plateau, workers=self.workers), count=True
            )
            done += chunk
            self.progress("quenches", done / most)
            if self.clock.over(SHARES["quenches"]):
                return
            met = chart.visits[chart.visits > 0]
            if not count and done >= FEWEST_QUENCHES and int(met.min()) >= OFTEN:
                return

    # -----------------------------------------------------------------------------------------
    # Saddles

    def mapped(self, limit: int) -> Iterator[list[Record]]:
        """Flood around so many minima (0: as many as usual), join what is apart; yield all that is known of them."""
        chart, clock, size = self.chart, self.clock, self.landscape.size
        limit = limit or (200_000 if size <= SMALL else 5000)
        floods, joins = clock.deadline(SHARES["floods"]), clock.deadline(SHARES["joins"])
        done = chart.follow(deadline=floods, limit=limit, progress=self.progress)
        if size <= EXACT_SIZE:
            done = chart.complete(deadline=floods, limit=limit, progress=self.progress) and done
        joined = chart.connect(deadline=joins, limit=limit, seed=self.seed, progress=self.progress)
        clock.cut = clock.cut or (clock.timed and not (done and joined))
        yield from _chunks(chart.records())

    # -----------------------------------------------------------------------------------------
    # Histograms

    @property
    def _most_work(self) -> float:
        """Terms that may be added up for each kind of states that are counted."""
        return MOST_WORK if not self.clock.timed else min(MOST_WORK, WORK_SHARE * float(self.clock.budget.seconds or 0))

    @property
    def _work(self) -> int:
        """Terms that are added up for a state of each group."""
        return max(len(self.model.weight) // 2, self.landscape.size) * self.groups

    def histograms(self, samples: Samples) -> Iterator[list[Record]]:
        """Energies and overlaps at all temperatures, and energies of random states."""
        groups, spread = self.groups, math.sqrt(self._census().variance)
        rng = np.random.default_rng(self._child(1))
        shape = int(min(RANDOM, max(64, self._most_work // self._work))), self.landscape.size
        random = np.array([self.landscape.energy(rng.integers(0, 2, shape, dtype=np.uint8)) for _ in range(groups)])
        self.attempts += random.size
        runs = [(samples.series, samples.temperatures), *self._hotter(samples, spread=spread)]
        yield list(energy_tallies(runs, random=random, ground=self.chart.ground_energy, groups=groups))
        copies = samples.series.shape[1] * (samples.series.shape[2] // groups)
        snapshots = len(samples.states) // (copies * groups)
        yield list(
            overlap_tallies(
                samples.states, samples.rungs, samples.temperatures, groups=groups, snapshots=snapshots,
                flip=bool(self.model.flip),
            )
        )  # fmt: skip

    def _census(self) -> Census:
        ground = self.chart.ground_energy, self.chart.natives()[1]
        return census_of_sample(self.landscape, self.model, ground=ground, minima_raw=self.chart.minima_raw)

    def counts(self, low: NDArray[np.uint8]) -> Iterator[list[Record]]:
        """Census, and shells around the native states; low states that are known beside the minima count as seen."""
        landscape, work = self.landscape, self._work
        yield [self._census()]
        natives, _ = native_images(self.model, self.chart.chief())
        found, energy = self.chart.states()
        low = low[: int(max(self._most_work // work * self.groups, 64))]
        known = np.concatenate([found, low]), np.concatenate([energy, landscape.energy(low)])
        drawn = int(min(128, max(16, self._most_work // (SHELLS * work))))
        yield list(
            around_native(
                landscape, natives, flip=bool(self.model.flip), drawn=drawn, groups=self.groups, seed=self._child(2),
                known=known,
            )
        )  # fmt: skip

    def _hotter(self, samples: Samples, *, spread: float) -> list[tuple[Floats, Floats]]:
        """Energies between the hottest temperature and random states, so that each histogram overlaps with the next.

        Energies of neighbours differ by their spread, where there are not more than `MOST_BRIDGES` of them.
        """
        beta = 1.0 / float(samples.temperatures[-1])
        if beta * spread < 1.0:
            return []
        steps = min(max(math.ceil(beta * spread), 3), MOST_BRIDGES)
        run = Tempering(
            self.landscape, replicas=64 * self.groups, temperatures=steps / (beta * np.arange(1, steps)),
            clusters=False, seed=int(self._child(3).generate_state(1)[0]), workers=self.workers,
        )  # fmt: skip
        run.run(BRIDGE_ROUNDS // 8)
        series = run.run(BRIDGE_ROUNDS, series=True)
        self.attempts += run.replicas.attempts
        return [(series, run.temperatures)]


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == RECORDS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
