"""Nulls by flooding: samples of a null are flooded and measured as the landscape itself was."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import BasinGraph, InputError, Kind, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import COMPARED, MEASURES, measure_all
from spinfunnel.null.row import Asked, Found

__all__ = [
    "Ensemble",
    "Sampler",
    "ensemble",
    "flooded",
    "null_sample_count",
    "null_seeds",
    "over_ensemble",
    "refused",
    "unsuited",
    "without_bits",
]

MOST_SAMPLES = 20
FEWEST_SAMPLES = 5
FULL_ENSEMBLE_STATES = 1 << 20
MOST_STATES = 1 << 26
MOST_STATES_ASKED = 1 << 28
ONE_THREAD = 1 << 16
"""States up to which samples are made on one thread: several would wait for each other longer than they work."""
AFFORDABLE = {3: 1 << 12, 12: 0, 13: 1 << 12, 22: 0, 23: 0}
"""States up to which the measures of a definition are taken of every sample; others are cheap at any size.

Rulers make nulls of their own, and walks on all samples would take longer than everything else together.
"""


Sampler: TypeAlias = Callable[[Any, int], Callable[[int], Any]]
"""From a landscape and a number of threads to what makes the sample of a seed."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What an ensemble says.

    Attributes
    ----------
    measures : mapping of str to Estimate or NoAnswer
        For each measure the ensemble's mean and central 95 % (see `over_ensemble`).
    grounds : tuple of float
        Ground energy of each sample.
    """

    measures: Mapping[str, Measurement]
    grounds: tuple[float, ...]


def null_sample_count(states: int) -> int:
    """Size of the null ensemble: each sample is a flood of as many states, so it is smaller for larger landscapes.

    20 up to 2^20 states, then in inverse proportion to their number, at least 5 up to 2^26; none above.

    Examples
    --------
    >>> [null_sample_count(1 << bits) for bits in (10, 20, 21, 24, 26, 27)]
    [20, 20, 10, 5, 5, 0]
    """
    if states > MOST_STATES:
        return 0
    return max(FEWEST_SAMPLES, min(MOST_SAMPLES, MOST_SAMPLES * FULL_ENSEMBLE_STATES // max(states, 1)))


def null_seeds(seed: int, count: int) -> list[int]:
    """Seeds of the samples of a null; the first ones do not depend on their number."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(count)]


def refused(refusal: NoAnswer) -> Found:
    """Outcome that a landscape has no such null, and why."""
    return Found(dict.fromkeys(MEASURES, refusal))


def without_bits(landscape: Any) -> NoAnswer | None:
    """Why a landscape has no null made of bit strings, or None where it has."""
    if landscape.kind is Kind.BINARY:
        return None
    remedy = "compare with shuffled interactions" if landscape.kind is Kind.CHAIN else "read it without a null"
    return NoAnswer("not_binary", f"{landscape.name} is not a landscape of bits", remedy)


def unsuited(landscape: Any, count: int) -> NoAnswer | None:
    """Why samples of a landscape cannot be flooded, or None where they can.

    Parameters
    ----------
    landscape : Landscape
    count : int
        Samples; 0 where `null_sample_count` gave none.

    Examples
    --------
    >>> from spinfunnel.systems import sherrington_kirkpatrick
    >>> unsuited(sherrington_kirkpatrick(29, seed=1), 5).outcome
    'too_large'
    """
    refusal = without_bits(landscape)
    if refusal is not None:
        return refusal
    if 1 << landscape.size > MOST_STATES_ASKED:
        return NoAnswer(
            "too_large",
            f"a landscape of 2^{landscape.size} states cannot be shuffled within memory; the limit is 2^28",
            "compare at a smaller size",
        )
    if count == 0:
        return NoAnswer(
            "not_asked",
            f"each sample of the null floods all 2^{landscape.size} states, and above 2^26 that is not done unasked",
            f"ask for it with --null-samples {FEWEST_SAMPLES}, in Python with nulls={FEWEST_SAMPLES}",
        )
    return None


def flooded(asked: Asked, sampler: Sampler, *, title: str, own_grounds: bool = False) -> Found:
    """Null of an exact map of bits: samples that are flooded and measured.

    Parameters
    ----------
    asked : Asked
    sampler, title, own_grounds
        As of `ensemble`.
    """
    refusal = unsuited(asked.landscape, asked.count)
    if refusal is not None:
        return refused(refusal)
    found = ensemble(
        asked.landscape,
        sampler,
        count=asked.count,
        seed=asked.seed,
        title=title,
        own_grounds=own_grounds,
        temperature=asked.temperature,
        native_tolerance=asked.graph.native_tolerance,
        workers=asked.workers,
        progress=asked.progress,
    )
    own = measure_all(asked.graph, names=COMPARED, null_grounds=found.grounds) if own_grounds else {}
    return Found(found.measures, asked.count, own)


def ensemble(
    landscape: Any,
    sampler: Sampler,
    *,
    count: int,
    seed: int,
    title: str = "null",
    own_grounds: bool = False,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
    only: Collection[str] | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Ensemble:
    """Flood and measure samples of a null.

    Parameters
    ----------
    landscape : Binary or Finite
    sampler : callable
        Makes the samples.
    count : int
        Samples, at least 2.
    seed : int
        From which a seed is spawned for each sample.
    title : str
        Name of the samples on the progress bar.
    own_grounds : bool
        Whether samples have ground energies of their own, so that each is compared with the others.
    temperature, native_tolerance : float
        As for the landscape itself.
    only : collection of str, optional
        Measures to take of each sample; all unless given.
    workers : int
        Threads; the result does not depend on it.
    progress : callable

    Returns
    -------
    Ensemble

    Raises
    ------
    InputError
        For fewer than 2 samples, which have no spread, or a landscape of which the sampler makes none.
    """
    if count < 2:
        raise InputError(f"a null ensemble of {count} has no spread; give at least 2 samples")
    states = 1 << landscape.size if landscape.kind is Kind.BINARY else landscape.distinct_states()
    make = sampler(landscape, workers)
    seeds = null_seeds(seed, count)
    names = [
        name for name, measure in MEASURES.items()
        if name not in COMPARED
        and (name in only if only is not None else states <= AFFORDABLE.get(measure.definition, states))
    ]  # fmt: skip

    def one(draw: int, *, threads: int) -> tuple[BasinGraph, dict[str, Measurement]]:
        sample = make(draw)
        graph = dataclasses.replace(flood(sample, workers=threads), native_tolerance=native_tolerance)
        found = measure_all(
            graph, temperature=temperature, names=names, landscape=sample, workers=threads, seed=draw
        )  # fmt: skip
        return graph, found

    maps, rows = [], []
    threads = 1 if states <= ONE_THREAD else workers
    for number, draw in enumerate(seeds):
        progress(f"{title}, {number + 1} of {count}", number / count)
        graph, row = one(draw, threads=threads)
        maps.append((float(graph.energy[0]), graph if own_grounds else None))
        rows.append(row)
    progress(f"{title}, {count} of {count}", 1.0)
    grounds = tuple(ground for ground, _ in maps)
    for number, (_, kept) in enumerate(maps):
        others = (*grounds[:number], *grounds[number + 1 :])
        if kept is not None and only is None:
            rows[number] |= measure_all(kept, names=COMPARED, null_grounds=others)
    measures = {name: _over(name, rows, states=states) for name in MEASURES if only is None or name in names}
    return Ensemble(measures, grounds)


def _over(name: str, rows: Sequence[Mapping[str, Measurement]], *, states: int) -> Measurement:
    if name in rows[0]:
        return over_ensemble([row[name] for row in rows])
    if name in COMPARED:
        return NoAnswer(
            "no_null",
            "shuffled energies keep the ground energy, and there is nothing to compare it with",
            "read it beside shuffled interactions",
        )
    most = AFFORDABLE[MEASURES[name].definition]
    if most == 0:
        cause = "it takes too long for each of the samples of a null"
        return NoAnswer("not_affordable", cause, "nothing to do: it has a null of its own, or needs none")
    cause = f"it takes too long for each of the samples of a null above {most:,} states"
    return NoAnswer("not_affordable", cause, f"compare at a smaller size than {states:,} states")


def over_ensemble(sample: Sequence[Measurement]) -> Measurement:
    """Mean and central 95 % of one measure over an ensemble.

    Samples without an answer are left out; where fewer than half have one, the commonest reason is the answer.

    Examples
    --------
    >>> print(over_ensemble([Estimate.exactly(value) for value in (1.0, 2.0, 3.0)]))
    2 [1.05, 2.95]
    >>> missing = NoAnswer("flat", "every state has the ground energy", "nothing to do")
    >>> over_ensemble([missing, missing, Estimate.exactly(1.0)]).outcome
    'flat'
    """
    values = np.array([item.value for item in sample if isinstance(item, Estimate)])
    if 2 * len(values) < len(sample) or len(values) == 0:
        failures = [item for item in sample if isinstance(item, NoAnswer)]
        name = Counter(item.outcome for item in failures).most_common(1)[0][0]
        return next(item for item in failures if item.outcome == name)
    mean = float(values.mean())
    low, high = (float(quantile) for quantile in np.quantile(values, [0.025, 0.975]))
    # The mean of a skewed ensemble may lie outside its central 95 %; the mean of equal values may be off by rounding.
    return Estimate(mean, min(low, mean), max(high, mean))
