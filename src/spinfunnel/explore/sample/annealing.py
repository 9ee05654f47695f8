"""Exploring large binary landscapes by simulated annealing, of replicas one by one or of a population.

References
----------
Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983). Population annealing: see `population`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from spinfunnel.explore.pace import Pace
from spinfunnel.explore.sample.endings import Endings, random_endings
from spinfunnel.explore.sample.ladder import temperature_range
from spinfunnel.explore.sample.population_annealing import cool_population
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, Budget, InputError, Landscape, Progress, Record, is_binary, no_progress

__all__ = ["explore", "explore_population"]

RUNS = 8
"""Annealings, or populations, where neither their number nor a budget is given."""


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    replicas: int = 128,
    runs: int = 0,
    sweeps: int = 1000,
) -> Iterator[list[Record]]:
    """Yield minima in which annealings from random states end, and an `Effort` last.

    Parameters
    ----------
    landscape : Binary
        Of any size.
    seed, workers, progress
        The result does not depend on the number of workers, unless time is limited.
    budget : Budget, optional
        The run goes on until it is spent.
    replicas : int
        Annealed side by side, rounded up to a multiple of 64.
    runs : int
        How often; 0: 8 times, or as often as the budget allows.
    sweeps : int
        Of each annealing; the temperature falls by equal factors from where everything moves to where nothing does (see
        `ladder.temperature_range`).
    """
    binary, groups = _checked(landscape, "annealing", replicas=replicas, runs=runs, sweeps=sweeps)
    started = time.perf_counter()
    endings = Endings(binary, workers=workers)
    probe = Replicas(binary, groups=1, seed=seed)
    offered = 0
    pace = Pace.of(
        budget,
        lambda: offered + probe.attempts + endings.flips,
        asked=runs,
        usual=RUNS,
        length=sweeps,
        started=started,
    )
    random_endings(endings, pace, seed=seed)
    yield list(endings.news())
    cold, hot = temperature_range(probe)
    betas = 1.0 / np.geomspace(hot, cold, sweeps)
    number = 0
    while not pace.over():
        run = Replicas(binary, groups=groups, seed=_seed(seed, number), workers=workers)
        done = 0
        before = offered
        while done < sweeps and not pace.over():
            length = min(pace.chunk(), sweeps - done)
            run.anneal(betas[done : done + length])
            offered = before + run.attempts
            done += length
            pace.did(length)
            progress("annealing", min(1.0, pace.share()))
        endings.add(np.concatenate([run.states(), run.best()[0][None]]))
        number += 1
        yield list(endings.news())
    yield list(endings.all())
    yield [pace.effort()]


def explore_population(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    replicas: int = 1024,
    runs: int = 0,
    sweeps: int = 10,
) -> Iterator[list[Record]]:
    """Yield minima below populations that were cooled from infinite temperature, and an `Effort` last.

    Parameters
    ----------
    landscape : Binary
    seed, workers, progress, budget
        As for `explore`.
    replicas : int
        Members of a population, rounded up to a multiple of 64.
    runs : int
        Populations; 0: 8, or as many as the budget allows.
    sweeps : int
        After each step of the temperature.
    """
    binary, _ = _checked(landscape, "population annealing", replicas=replicas, runs=runs, sweeps=sweeps)
    started = time.perf_counter()
    endings = Endings(binary, workers=workers)
    offered = 0
    pace = Pace.of(budget, lambda: offered + endings.flips, asked=runs, usual=RUNS, started=started)
    random_endings(endings, pace, seed=seed)
    yield list(endings.news())
    number = 0
    while not pace.over():
        before = offered

        def wanted(attempts: int, done: float, before: int = before) -> bool:
            nonlocal offered
            offered = before + attempts
            share = (pace.steps + done) / pace.whole
            progress("population annealing", min(1.0, max(share, pace.share())))
            return not pace.over()

        found = cool_population(
            binary, size=replicas, sweeps=sweeps, seed=_seed(seed, number), workers=workers, wanted=wanted
        )
        offered = before + found.attempts
        pace.did(1)
        number += 1
        endings.add(np.concatenate([found.state, found.best[None]]))
        yield list(endings.news())
    yield list(endings.all())
    yield [pace.effort()]


def _checked(landscape: Landscape, name: str, *, replicas: int, runs: int, sweeps: int) -> tuple[Binary, int]:
    if not is_binary(landscape):
        raise InputError(f"{landscape.name} has no spins to flip; {name} explores binary landscapes")
    if replicas < 1 or sweeps < 1 or runs < 0:
        raise InputError(
            f"{replicas} replicas of {sweeps} sweeps, {runs} times, is no work; give at least 1, 1 and 0 (as often as "
            "the budget allows)"
        )
    return landscape, -(-replicas // REPLICAS)


def _seed(seed: int, number: int) -> int:
    """Seed of a run of many."""
    return int(np.random.SeedSequence(seed, spawn_key=(1 << 21, number)).generate_state(1, np.uint64)[0])
