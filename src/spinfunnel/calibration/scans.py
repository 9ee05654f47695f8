"""Where a random energy model turns from glass to funnel, and what labels that can be learnt do to a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.calibration.families import SLOPES
from spinfunnel.calibration.fitting import kind_of
from spinfunnel.calibration.labelled import Sample
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold
from spinfunnel.verdict.witness import Kind

__all__ = ["LEARNT", "Crossing", "Difference", "crossing", "difference"]

Floats = NDArray[np.float64]

LEARNT = ("funnel_weight", "levinthal", "native_gap")
"""Measures by which networks are compared."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Verdicts along the slope at one size.

    Attributes
    ----------
    n : int
    shares : mapping of float to mapping of str to float
        For each slope, the share of samples of each kind.
    slope : Estimate or NoAnswer
        Slope at which as many samples are funnels as are glasses, with its 95 % interval over samples.
    samples : int
    """

    n: int
    shares: Mapping[float, Mapping[Kind, float]]
    slope: Measurement
    samples: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure of networks on their teacher's labels, on random ones, and the difference of the means."""

    measure: str
    weights: int
    teacher: Measurement
    random: Measurement
    difference: Measurement
    samples: int


def crossing(
    samples: Sequence[Sample], n: int, *, rng: np.random.Generator, thresholds: Mapping[str, Threshold] = THRESHOLDS
) -> Crossing:
    """Slope at which random energy models of n bits turn from glass to funnel.

    The lead of funnels over glasses, in samples, is joined by straight lines between slopes; the first zero counts.
    Samples of one number at different slopes share their random energies, so that they are drawn anew together.
    """
    kinds: dict[float, dict[int, Kind]] = {slope: {} for slope in SLOPES}
    for sample in samples:
        task = sample.task
        if task.n == n and task.family.startswith("rem, slope "):
            kinds[float(task.family.removeprefix("rem, slope "))][task.seed] = kind_of(sample, thresholds)
    seeds = sorted(set.intersection(*(set(row) for row in kinds.values())))
    score = {"funnel": 1.0, "glass": -1.0}
    lead = np.array([[score.get(row[seed], 0.0) for seed in seeds] for row in kinds.values()])
    shares: dict[float, Mapping[Kind, float]] = {}
    for slope, row in kinds.items():
        counted = Counter(row[seed] for seed in seeds)
        shares[slope] = {kind: number / len(seeds) for kind, number in counted.items()}
    return Crossing(n, shares, _resampled_zero(lead, rng=rng), len(seeds))


def _resampled_zero(lead: Floats, *, rng: np.random.Generator, resamples: int = 1000) -> Measurement:
    """Zero of the mean lead along the slope with its percentile interval over samples."""
    value = _zero(lead.mean(axis=1))
    if value is None:
        return NoAnswer("no_crossing", "funnels never outnumber glasses along these slopes", "try steeper slopes")
    number = lead.shape[1]
    draws = [_zero(lead[:, rng.integers(0, number, number)].mean(axis=1)) for _ in range(resamples)]
    low, high = np.quantile([draw for draw in draws if draw is not None], [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value))


def _zero(lead: Floats) -> float | None:
    """First slope at which the lead reaches 0 from below.

    Examples
    --------
    >>> _zero(np.array([-1.0, -1.0, 1.0] + [1.0] * 7))
    0.75
    """
    for place in range(len(lead) - 1):
        here, there = float(lead[place]), float(lead[place + 1])
        if here < 0.0 <= there:
            return SLOPES[place] + (SLOPES[place + 1] - SLOPES[place]) * here / (here - there)
    return None


def difference(samples: Sequence[Sample], measure: str, weights: int, *, rng: np.random.Generator) -> Difference:
    """Mean of a measure over networks with their teacher's labels less that with random ones, with 95 % intervals."""
    teacher, random = (
        np.array(
            [
                answer.value
                for sample in samples
                if sample.task.family == f"network, {labels} labels" and sample.task.n == weights
                and isinstance(answer := sample.measures.get(measure), Estimate)
            ]
        )
        for labels in ("teacher", "random")
    )  # fmt: skip
    if min(len(teacher), len(random)) < 2:
        missing = NoAnswer("too_few_samples", f"{measure} has a value in fewer than two samples", "make more samples")
        return Difference(measure, weights, missing, missing, missing, min(len(teacher), len(random)))

    def drawn(values: Floats) -> Floats:
        return values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)

    means = drawn(teacher), drawn(random)
    return Difference(
        measure,
        weights,
        _central(means[0], float(teacher.mean())),
        _central(means[1], float(random.mean())),
        _central(means[0] - means[1], float(teacher.mean() - random.mean())),
        min(len(teacher), len(random)),
    )


def _central(draws: Floats, value: float) -> Estimate:
    low, high = (float(end) for end in np.quantile(draws, [0.025, 0.975]))
    return Estimate(value, min(low, value), max(high, value))
