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

import numpy as np

from ..landscape import Binary, Budget, Census, Effort, InputError, Landscape, Progress, Record, no_progress
from ..spins import Floats, Model, spin_model
from .chart import Chart
from .quench import quench
from .sampled_counts import SHELLS, around_native, energy_tallies, native_images, overlap_tallies
from .symmetry import symmetry_images
from .temper import Tempering

__all__ = ["explore"]

RECORDS_AT_ONCE = 10_000
CHUNK = 256
"""Quenches, or rounds of tempering, between two looks at the clock."""
SNAPSHOTS = 16
LOWEST = 64
"""States of each snapshot that are quenched: the coldest replicas."""
RANDOM = 2048
"""Random states for each group whose energies are counted."""
MOST_WORK = 2e8
"""Terms that are added up for random states, and for those around the native ones: a second or two of each."""
MOST_QUENCHES = 1 << 16
FEWEST_QUENCHES = 1 << 14
"""Of a small landscape: minima with a thousandth of the states are all but surely hit."""
SINGLETONS = 0.0005
"""Random quenches go on while more than this share of them would find something new."""
SHARES = {"tempering": 0.3, "quenches": 0.45, "floods": 0.8, "joins": 0.9}
"""Share of a budget by the end of which each stage is over."""


class _Clock:
    """When each stage has to be over."""

    def __init__(self, budget: Budget) -> None:
        self.started, self.budget = time.perf_counter(), budget
        self.cut = False

    def end(self, stage: str) -> float:
        """Reading of the clock at which a stage is over."""
        seconds = self.budget.seconds
        return math.inf if seconds is None else self.started + SHARES[stage] * seconds

    def over(self, stage: str, *, evaluations: int) -> bool:
        """Whether a stage has to stop."""
        limit = self.budget.evaluations
        late = time.perf_counter() > self.end(stage) or (limit is not None and evaluations > SHARES[stage] * limit)
        self.cut = self.cut or late
        return late


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
        Quenches from random states; 0: 512, but up to 24 bits 16,384, and up to 65,536 while they find new minima.
    groups : int
        Independent groups of 64 replicas.
    rounds : int
        Of tempering, the half in which temperatures are set included.
    pocket : int
        States inside a local flood; 0: 2^18 up to 24 bits, else 2,000.
    floods : int
        Minima that are flooded; 0: 200,000 up to 24 bits, else 5,000.

    Raises
    ------
    InputError
        For a landscape of another kind or a larger one that is no polynomial, or options below their least.
    """
    if not isinstance(landscape, Binary):
        raise InputError(f"tempering flips spins, and {landscape.name} has none; it takes binary landscapes")
    if groups < 2 or rounds < 4 or min(quenches, pocket, floods) < 0:
        raise InputError(
            f"groups={groups}, rounds={rounds}, quenches={quenches}, pocket={pocket}, floods={floods} is out of range: "
            "give at least 2 groups, 4 rounds, and no negative numbers"
        )
    clock = _Clock(budget or Budget())
    size = landscape.size
    small = size <= 24
    model = spin_model(landscape, symmetries=symmetry_images(landscape.symmetries, size=size))
    chart = Chart(landscape, model, pocket or (1 << 18 if small else 2000), 1 << 16 if small else 256, workers=workers)
    seeds = np.random.SeedSequence(seed).spawn(5)
    yield []
    run, series, states, rungs = _temper(
        landscape, clock, seed=seed, groups=groups, rounds=rounds, workers=workers, progress=progress
    )
    _quench_random(
        chart, clock, seeds[0], count=quenches, groups_small=small, run=run, workers=workers, progress=progress
    )
    low = states[rungs < max(1, len(run.betas) // 4)]
    low = np.unique(low, axis=0)
    order = np.argsort(landscape.energy(low), kind="stable")[: LOWEST * SNAPSHOTS // 4]
    best, _ = run.replicas.best()
    chart.add(
        quench(model, states=np.concatenate([best[None], low[order]]), plateau=chart.plateau, workers=workers),
        count=False,
    )
    limit = floods or (200_000 if small else 5000)
    done = chart.follow(deadline=clock.end("floods"), limit=limit, progress=progress)
    if small or size <= 64:
        done = chart.complete(deadline=clock.end("floods"), limit=limit, progress=progress) and done
    joined = chart.connect(deadline=clock.end("joins"), limit=limit, seed=seed, progress=progress)
    clock.cut = clock.cut or (budget is not None and budget.seconds is not None and not (done and joined))
    records = chart.records()
    yield from _chunks(records)
    rng = np.random.default_rng(seeds[1])
    work = max(len(model.weight) // 2, size) * groups
    affordable = int(min(RANDOM, max(64, MOST_WORK // work)))
    random = np.array(
        [landscape.energy(rng.integers(0, 2, (affordable, size), dtype=np.uint8)) for _ in range(groups)], np.float64
    )
    yield [_census(landscape, model, chart, random)]
    yield list(energy_tallies(series, run.temperatures, random=random, ground=chart.ground_energy, groups=groups))
    flip, snapshots = bool(model.flip), len(states) // (run.at[0].size * groups)
    yield list(overlap_tallies(states, rungs, run.temperatures, groups=groups, snapshots=snapshots, flip=flip))
    words, _ = chart.natives()
    natives = native_images(landscape, model, chart._bits(words))
    if natives is not None:
        found, energy = chart.states()
        known = np.concatenate([found, states]), np.concatenate([energy, landscape.energy(states)])
        drawn = int(min(128, max(16, MOST_WORK // (SHELLS * work))))
        yield list(around_native(landscape, natives, drawn=drawn, groups=groups, seed=seeds[2], known=known))
    spent = chart.evaluations + run.replicas.attempts + random.size
    yield [Effort(spent, "out of budget" if clock.cut else "finished")]


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == RECORDS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _temper(
    landscape: Binary, clock: _Clock, *, seed: int, groups: int, rounds: int, workers: int, progress: Progress
) -> tuple[Tempering, Floats, np.ndarray, np.ndarray]:
    """Tempering, with the energies of its second half and states at intervals."""
    run = Tempering(landscape, replicas=64 * groups, seed=seed, workers=workers)
    half, began = rounds // 2, time.perf_counter()
    run.tune(rounds=min(64, half))
    # The clock is looked at between stages; what is left of the time is kept for the second half.
    pace = (time.perf_counter() - began) / min(64, half)
    room = (clock.end("tempering") - time.perf_counter()) / max(pace, 1e-9)
    if clock.budget.evaluations is not None:
        each = landscape.size * 64 * groups
        room = min(room, SHARES["tempering"] * clock.budget.evaluations / each - 64)
    if room < rounds:
        clock.cut, half = True, max(2, int(room / 2.2))
    if half > 64:
        run.tune(rounds=half - 64)
    progress("tempering", 0.5)
    series, states, rungs = [], [], []
    edges = np.linspace(0, half, min(SNAPSHOTS, half) + 1).astype(int)
    for number, length in enumerate(np.diff(edges).tolist()):
        series.append(run.run(length, series=True))
        state, rung = run.snapshot()
        states.append(state)
        rungs.append(rung)
        progress("tempering", 0.5 + 0.5 * (number + 1) / (len(edges) - 1))
        if clock.over("tempering", evaluations=run.replicas.attempts):
            break
    return run, np.concatenate(series), np.concatenate(states), np.concatenate(rungs)


def _quench_random(
    chart: Chart, clock: _Clock, seed: np.random.SeedSequence, *, count: int, groups_small: bool, run: Tempering,
    workers: int, progress: Progress,
) -> None:  # fmt: skip
    """Quench random states: as many as asked for, or until few would find anything new."""
    most, done = count or (MOST_QUENCHES if groups_small else 512), 0
    while done < most:
        chunk = min(max(CHUNK, done), most - done)
        chunk = chunk if clock.budget.seconds is None else min(chunk, CHUNK)
        (child,) = seed.spawn(1)
        chart.add(quench(chart.model, random=chunk, seed=child, plateau=chart.plateau, workers=workers), count=True)
        done += chunk
        progress("quenches", done / most)
        if clock.over("quenches", evaluations=run.replicas.attempts + chart.evaluations):
            return
        visits = chart.visits
        if not count and done >= FEWEST_QUENCHES and float((visits == 1).sum()) <= SINGLETONS * done:
            return


def _census(landscape: Binary, model: Model, chart: Chart, random: Floats) -> Census:
    """Mean, variance and autocorrelation: exact for polynomials and tables, else from random states."""
    terms = getattr(landscape, "terms", None)
    natives, ground_states = chart.natives()
    del natives
    correlation: float | None
    if terms is not None:
        power = {order: float((coefficients**2).sum()) for order, (_, coefficients) in terms.items()}
        mean, variance = float(getattr(landscape, "constant", 0.0)), sum(power.values())
        weighted = sum((1.0 - 2.0 * order / landscape.size) * value for order, value in power.items())
        correlation = weighted / variance if variance > 0.0 else None
    else:
        mean, variance = float(model.table.mean()), float(model.table.var())
        products = sum(
            float(np.mean(model.table * model.table[np.arange(len(model.table)) ^ (1 << bit)]))
            for bit in range(landscape.size - model.flip)
        )
        if model.flip:
            products += float(np.mean(model.table * model.table[::-1]))
        correlation = (products / landscape.size - mean**2) / variance if variance > 0.0 else None
    raw = sum(chart._copies(number) for number in range(chart.minima))
    del random
    return Census(1 << landscape.size, mean, variance, chart.ground_energy, ground_states, raw, correlation)
