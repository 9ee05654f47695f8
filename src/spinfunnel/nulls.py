"""The null of topography: what the measures say of the same energies dealt at random over the same states."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from spinfunnel.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.explore.flooding import flood
from spinfunnel.landscape import BasinGraph, Binary, InputError, Landscape, Progress, no_progress
from spinfunnel.measure import measure_all
from spinfunnel.systems.shuffled import ShuffledEnergies

__all__ = ["SHUFFLED", "null_refusal", "null_sample_count", "over_ensemble", "shuffled_energies"]

SHUFFLED = "shuffled_energies"
"""Name of this null wherever nulls are listed."""
MOST_SAMPLES = 20
FEWEST_SAMPLES = 5
FULL_ENSEMBLE_STATES = 1 << 20
MOST_STATES = 1 << 26
MOST_STATES_ASKED = 1 << 28


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


def null_refusal(landscape: Landscape | None, *, count: int) -> NoAnswer | None:
    """Why there is no null of so many samples, or None where there is one.

    Parameters
    ----------
    landscape : Landscape or None
        None where only its map is known.
    count : int
        Samples wanted; 0 where `null_sample_count` gave none.

    Examples
    --------
    >>> null_refusal(None, count=20).outcome
    'no_energies'
    """
    if landscape is None:
        return NoAnswer(
            "no_energies",
            "the null is made of the energies of all states, and an atlas does not keep those",
            "judge the system itself with this atlas; its map is not computed again",
        )
    if not isinstance(landscape, Binary):
        return NoAnswer(
            "not_binary",
            f"{landscape.name} has no bit strings over which energies could be dealt",
            "read its measures without a null",
        )
    if 1 << landscape.size > MOST_STATES_ASKED:
        return NoAnswer(
            "too_large",
            f"a landscape of 2^{landscape.size} states cannot be dealt anew within memory; that is done up to 2^28",
            "compare at a smaller size",
        )
    if count == 0:
        return NoAnswer(
            "not_asked",
            f"each sample of the null floods all 2^{landscape.size} states, and above 2^26 that is not done unasked",
            f"ask for it with --null-samples {FEWEST_SAMPLES}, in Python with nulls={FEWEST_SAMPLES}",
        )
    return None


def shuffled_energies(
    landscape: Binary,
    *,
    count: int,
    seed: int,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> dict[str, Measurement]:
    """Measures of an ensemble in which a landscape's energies are dealt at random over its states.

    Parameters
    ----------
    landscape : Binary
    count : int
        Samples, at least 2.
    seed : int
        From which a seed is spawned for each sample.
    temperature, native_tolerance : float
        As for the landscape itself.
    workers : int
        Threads; the result does not depend on it.
    progress : callable

    Returns
    -------
    dict of str to Estimate or NoAnswer
        For each measure the ensemble's mean and central 95 % (see `over_ensemble`).

    Raises
    ------
    InputError
        For fewer than 2 samples, which have no spread.

    Examples
    --------
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> null = shuffled_energies(disordered_ferromagnet((3, 3), seed=1), count=3, seed=1)
    >>> null["funnel_weight"].value < 0.6
    True
    """
    if count < 2:
        raise InputError(f"a null ensemble of {count} has no spread; give at least 2 samples")
    # Half the states where the global flip is divided out: the contract of `Binary.enumerate`.
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (landscape.size - halved))
    landscape.enumerate(energies, workers=workers)
    found = []
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(count)):
        progress(f"shuffled energies, {number + 1} of {count}", number / count)
        sample = ShuffledEnergies(landscape, seed=int(child.generate_state(1)[0]), energies=energies)
        graph: BasinGraph = dataclasses.replace(flood(sample, workers=workers), native_tolerance=native_tolerance)
        found.append(measure_all(graph, temperature=temperature))
    progress(f"shuffled energies, {count} of {count}", 1.0)
    return {name: over_ensemble([row[name] for row in found]) for name in found[0]}


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
