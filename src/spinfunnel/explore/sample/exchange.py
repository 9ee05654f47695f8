"""Exploring large binary landscapes by parallel tempering: minima below what is sampled, from cold to hot.

Tempering (see `temper`) goes on for as long as the budget lasts. At intervals all its replicas are taken, copied, and
brought to the bottom of their basins; so are random states, whose shares are estimates of the basins' weights.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from spinfunnel.explore.pace import Pace
from spinfunnel.explore.sample.endings import Endings, random_endings
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.landscape import Budget, InputError, Landscape, Progress, Record, is_binary, no_progress

__all__ = ["explore"]

ROUNDS = 4096
"""Rounds where neither they nor a budget are given: about a second for a thousand spins of few neighbours."""
TUNING = 0.25
"""Share of the run after which the temperatures are left as they are."""
SNAPSHOTS = 32
"""Times at which all replicas are quenched."""


def explore(
    landscape: Landscape,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    replicas: int = 128,
    rounds: int = 0,
    sweeps: int = 1,
) -> Iterator[list[Record]]:
    """Yield minima found by tempering, and an `Effort` last.

    Parameters
    ----------
    landscape : Binary
        Of any size. Where it is a polynomial in spins, time and memory are linear in the number of its terms.
    seed, workers, progress
        The result does not depend on the number of workers, unless time is limited.
    budget : Budget, optional
        The run goes on until it is spent.
    replicas : int
        Rounded up to a multiple of 64.
    rounds : int
        Rounds of sweeps and exchanges; 0: 4096, or as many as the budget allows.
    sweeps : int
        Sweeps in each round.
    """
    if not is_binary(landscape):
        raise InputError(f"{landscape.name} has no spins to flip; tempering explores binary landscapes")
    if rounds < 0:
        raise InputError(f"{rounds} rounds are less than none; give 0 for as many as the budget allows")
    started = time.perf_counter()
    run = Tempering(landscape, replicas=replicas, sweeps=sweeps, seed=seed, workers=workers)
    endings = Endings(landscape, workers=workers)
    pace = Pace.of(budget, lambda: run.replicas.attempts + endings.flips, asked=rounds, usual=ROUNDS, started=started)
    random_endings(endings, pace, seed=seed)
    yield list(endings.news())
    yield from _sampled(run, endings, pace, progress)
    yield list(endings.all())
    progress("tempering", 1.0)
    yield [pace.effort()]


def _sampled(run: Tempering, endings: Endings, pace: Pace, progress: Progress) -> Iterator[list[Record]]:
    taken = 0
    while not pace.over():
        tuning = pace.share() < TUNING
        length = pace.chunk(TUNING if tuning else 1.0)
        if tuning:
            run.tune(rounds=length)
        else:
            run.run(length)
        pace.did(length)
        progress("tempering", min(1.0, pace.share()))
        if not tuning and pace.share() >= TUNING + (1.0 - TUNING) * taken / SNAPSHOTS:
            taken += 1
            endings.add(np.concatenate([run.snapshot()[0], run.replicas.best()[0][None]]))
            yield list(endings.news())
    endings.add(run.replicas.best()[0][None])
    yield list(endings.news())
