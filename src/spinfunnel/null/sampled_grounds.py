"""Nulls of landscapes that were sampled: the lowest energies that the same search reaches with interactions shuffled.

Shuffled energies have no place here: dealing out all energies takes a list of all states.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.landscape import Binary, Polynomial, Progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import COMPARED, MEASURES, measure_all
from spinfunnel.null.ensemble import Sampler
from spinfunnel.null.row import Asked, Found

__all__ = ["SAMPLES", "ground_energies", "of_grounds", "sought"]

SAMPLES = 10
"""Size of the ensemble unless asked otherwise."""
GROUPS, ROUNDS, FEWEST_ROUNDS = 4, 1024, 64
"""Groups of 64 replicas, and rounds of tempering, for each sample: half of them set the temperatures."""
CHUNK = 32
"""Rounds between two looks at the clock."""
FEWEST_SAMPLES = 3
"""Samples that are made however long they take: fewer have no spread worth the name."""


def sought(asked: Asked, sampler: Sampler) -> Found:
    """Null of a sampled landscape of bits: the lowest energies of samples of it, by a like search."""
    landscape: Any = asked.landscape
    grounds = ground_energies(
        landscape,
        sampler,
        count=asked.count or SAMPLES,
        seed=asked.seed,
        workers=asked.workers,
        progress=asked.progress,
        deadline=asked.deadline,
    )
    own = measure_all(asked.graph, names=COMPARED, null_grounds=grounds)
    return Found(of_grounds(own, names=tuple(MEASURES)), len(grounds), own)


def ground_energies(
    landscape: Binary,
    sampler: Sampler,
    *,
    count: int,
    seed: int,
    workers: int,
    progress: Progress,
    deadline: float = math.inf,
) -> tuple[float, ...]:
    """Lowest energies that tempering reaches in samples with shuffled interactions.

    Upper bounds of their ground energies, found by a search like that of the landscape itself; of landscapes that are
    no polynomials, which are sampled up to 24 bits only, the ground energies themselves. By a deadline, a reading
    of `time.perf_counter`, searches are shorter, and at last fewer, but not below 3 of 64 rounds.

    Examples
    --------
    >>> from spinfunnel.landscape import no_progress
    >>> from spinfunnel.null.interactions import shuffled
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> magnet = disordered_ferromagnet((4, 4), seed=1)
    >>> grounds = ground_energies(magnet, shuffled, count=2, seed=1, workers=1, progress=no_progress)
    >>> bool(min(grounds) > magnet.energy(np.ones((1, 16), np.uint8))[0])
    True
    """
    lowest = []
    make = sampler(landscape, workers)
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(count)):
        progress(f"shuffled interactions, {number + 1} of {count}", number / count)
        draw = int(child.generate_state(1)[0])
        sample = make(draw)
        now = time.perf_counter()
        if isinstance(sample, Polynomial):
            run = Tempering(sample, replicas=64 * GROUPS, seed=draw, workers=workers)
            _search(run, until=now + (deadline - now) / (count - number))
            lowest.append(run.replicas.best()[1])
        else:
            lowest.append(_lowest_of_all(sample, workers=workers))
        if number + 1 >= FEWEST_SAMPLES and time.perf_counter() > deadline:
            break
    progress(f"shuffled interactions, {len(lowest)} of {count}", 1.0)
    return tuple(lowest)


def _lowest_of_all(sample: Binary, *, workers: int) -> float:
    """Ground energy of a small landscape that is no polynomial: all its states cost less than a search that asks."""
    flip = any(symmetry.is_global_flip for symmetry in sample.symmetries)
    table = np.empty(1 << (sample.size - flip))
    sample.enumerate(table, workers=workers)
    return float(table.min())


def _search(run: Tempering, *, until: float) -> None:
    """Temper, for half of the rounds, or of the time where that is less, with temperatures that are still set."""
    began, tuned, done = time.perf_counter(), 0, 0
    middle = 0.5 * (began + until) if math.isfinite(until) else until
    while tuned < ROUNDS // 2 and (tuned < FEWEST_ROUNDS // 2 or time.perf_counter() < middle):
        run.tune(rounds=CHUNK)
        tuned += CHUNK
    while done < ROUNDS // 2 and (done < FEWEST_ROUNDS // 2 or time.perf_counter() < until):
        run.run(CHUNK)
        done += CHUNK


def of_grounds(own: Mapping[str, Measurement], *, names: tuple[str, ...]) -> Mapping[str, Measurement]:
    """What the ensemble says of each measure: nothing, but of those that compare with it, of which 0 is typical."""
    nothing = NoAnswer(
        "not_affordable",
        "of each sample of a landscape too large to flood only the lowest energy is sought",
        "compare at a smaller size",
    )
    typical = Estimate.exactly(0.0)
    return {name: typical if isinstance(own.get(name), Estimate) else nothing for name in names}
