"""How well each measure tells kinds of landscape apart: areas under the ROC curve, with intervals.

The area is the chance that a sample of one kind exceeds one of the other, ties counting half. Families weigh the same,
so it is the mean over pairs of families. 1/2 is no better than a coin, 1 and 0 tell the kinds apart without error;
which of the two is a matter of direction, which is chosen over all families. *Left out*: the direction is chosen
without a family, and the area is that of the family alone against the other kind; the worst family counts.

Hanley, McNeil, Radiology 143, 29 (1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.calibration.families import FAMILIES, LABELS
from spinfunnel.calibration.labelled import Sample
from spinfunnel.landscape.estimate import Estimate

__all__ = ["PAIRS", "Separation", "area", "separate"]

Floats = NDArray[np.float64]

PAIRS: tuple[tuple[str, str], ...] = (
    ("funnel", "rest"),
    *((first, second) for place, first in enumerate(LABELS) for second in LABELS[place + 1 :]),
)
"""Pairs of kinds; the rest is all but the funnels."""


@dataclass(frozen=True, slots=True)
class Separation:
    """How well one measure tells two kinds apart at one size.

    Attributes
    ----------
    area : Estimate
        Area under the curve, 1/2 or more, with the 95 % interval over families and samples.
    left_out : float
        Area of the worst family when the direction is chosen without it.
    worst : str
        That family.
    larger : bool
        Whether the first kind has the larger values.
    answered : float
        Share of the samples that have a value.
    """

    measure: str
    n: int
    first: str
    second: str
    area: Estimate
    left_out: float
    worst: str
    larger: bool
    answered: float


def area(first: Sequence[float], second: Sequence[float]) -> float:
    """Chance that a value of the first exceeds one of the second, ties counting half.

    Examples
    --------
    >>> area([2.0, 3.0], [1.0, 2.0])
    0.875
    """
    a, b = np.asarray(first, float)[:, None], np.asarray(second, float)
    return float(((a > b) + 0.5 * (a == b)).mean())


def separate(
    samples: Iterable[Sample],
    measure: str,
    n: int,
    *,
    pair: tuple[str, str],
    rng: np.random.Generator,
    resamples: int = 200,
) -> Separation | None:
    """Separation of two kinds by a measure at a size, doubtful labels apart; None where one has no value.

    Parameters
    ----------
    samples : iterable of Sample
    measure : str
    n : int
        Nominal number of bits.
    pair : (str, str)
        Of `PAIRS`.
    rng : numpy.random.Generator
    resamples : int
        Of families, and of samples within them.
    """
    wanted = [s for s in samples if s.task.n == n and not FAMILIES[s.task.family].doubtful(n) and _side(s, pair) >= 0]
    values: dict[tuple[int, str], list[float]] = {}
    for sample in wanted:
        answer = sample.measures.get(measure)
        if isinstance(answer, Estimate):
            values.setdefault((_side(sample, pair), sample.task.family), []).append(answer.value)
    sides = [{name: row for (side, name), row in values.items() if side == which} for which in (0, 1)]
    if not sides[0] or not sides[1]:
        return None
    matrix = np.array([[area(one, other) for other in sides[1].values()] for one in sides[0].values()])
    larger = bool(matrix.mean() >= 0.5)
    draws = _resampled(sides[0], sides[1], rng=rng, resamples=resamples)
    draws = draws if larger else 1.0 - draws
    value = float(matrix.mean() if larger else 1.0 - matrix.mean())
    low, high = (float(end) for end in np.quantile(draws, [0.025, 0.975]))
    worst, name = _left_out(matrix, names=(list(sides[0]), list(sides[1])))
    share = sum(len(row) for row in values.values()) / len(wanted)
    interval = Estimate(value, min(low, value), max(high, value))
    return Separation(measure, n, *pair, interval, worst, name, larger, share)


def _side(sample: Sample, pair: tuple[str, str]) -> int:
    """Number of the kind that a sample belongs to, -1 for neither."""
    label = FAMILIES[sample.task.family].label
    if label == pair[0]:
        return 0
    return 1 if pair[1] in (label, "rest") else -1


def _left_out(matrix: Floats, *, names: tuple[list[str], list[str]]) -> tuple[float, str]:
    """Least area of a family against the other kind, in the direction of all other families."""
    found = []
    for axis in (0, 1):
        for place, name in enumerate(names[axis]):
            others = np.delete(matrix, place, axis=axis)
            larger = (others if others.size else matrix).mean() >= 0.5
            own = float(np.take(matrix, place, axis=axis).mean())
            found.append((own if larger else 1.0 - own, name))
    return min(found)


def _resampled(
    first: dict[str, list[float]], second: dict[str, list[float]], *, rng: np.random.Generator, resamples: int
) -> Floats:
    """Mean areas over families and samples that were drawn anew."""
    rows, columns = (np.concatenate([np.array(row) for row in side.values()]) for side in (first, second))
    above = (rows[:, None] > columns) + 0.5 * (rows[:, None] == columns)
    weights = [_weights(side, rng=rng, resamples=resamples) for side in (first, second)]
    drawn: Floats = np.einsum("ir,ij,jr->r", weights[0], above, weights[1], optimize=True)
    return drawn


def _weights(side: dict[str, list[float]], *, rng: np.random.Generator, resamples: int) -> Floats:
    """Weight of each sample in each resample, shape (samples, resamples); those of a resample sum to 1."""
    families = rng.multinomial(len(side), np.full(len(side), 1.0 / len(side)), resamples) / len(side)
    blocks = []
    for place, row in enumerate(side.values()):
        within = rng.multinomial(len(row), np.full(len(row), 1.0 / len(row)), resamples) / len(row)
        blocks.append((within * families[:, place : place + 1]).T)
    return np.concatenate(blocks)
