"""The whole calibration: plan, samples, thresholds, accuracy, separation, and the two scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spinfunnel.calibration.families import FAMILIES, SCANS, SIZES, WEIGHTS
from spinfunnel.calibration.fitting import Accuracy, Judged, accuracy, fit, judged, left_out
from spinfunnel.calibration.labelled import COMPARABLE, Sample, Task, collect
from spinfunnel.calibration.scans import LEARNT, Crossing, Difference, crossing, difference
from spinfunnel.calibration.separation import PAIRS, Separation, separate
from spinfunnel.landscape import Progress, no_progress
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold

__all__ = ["Calibration", "calibrate", "concluded", "plan"]

SHARES: Mapping[int, float] = {24: 0.25}
"""Samples at a size, in units of those at the others: dear ones fewer."""
SCANNED: Mapping[int, float] = {12: 1.5, 16: 1.5, 20: 1.5}
"""The same of random energy models at each slope."""
QUICK = 16
"""Bits up to which a quick calibration goes."""
NETWORKS = 2.0
"""Networks at a size, in the same unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What came of it.

    Attributes
    ----------
    samples : sequence of Sample
    fitted : mapping of str to Threshold
        Thresholds from these samples.
    shipped, held_out : list of Judged
        Verdicts with the thresholds of `verdict.THRESHOLDS`, and with those fitted without the family in question.
    accuracy, held_out_accuracy : mapping of int to Accuracy
        Of both, for each size.
    separations : list of Separation
        Measures for each size and pair of kinds.
    crossings : list of Crossing
    networks : list of Difference
    """

    samples: Sequence[Sample]
    fitted: Mapping[str, Threshold]
    shipped: list[Judged]
    held_out: list[Judged]
    accuracy: Mapping[int, Accuracy]
    held_out_accuracy: Mapping[int, Accuracy]
    separations: list[Separation]
    crossings: list[Crossing]
    networks: list[Difference]


def plan(*, samples: int, quick: bool = False, seed: int = 0) -> list[Task]:
    """Landscapes to make.

    Parameters
    ----------
    samples : int
        Of each family at each size; a quarter at 24 bits.
    quick : bool
        Up to 16 bits only.
    seed : int
        Number of the first sample, in thousands.

    Examples
    --------
    >>> sum(task.family == "sk" for task in plan(samples=4, quick=True))
    8
    """

    def numbers(share: float) -> range:
        return range(1000 * seed, 1000 * seed + round(share * samples))

    most = QUICK if quick else max(SIZES)
    tasks = [
        Task(family.name, n, number)
        for family in FAMILIES.values()
        for n in SIZES
        if n <= most and family.made(n)
        for number in numbers(SHARES.get(n, 1.0))
    ]
    for name in SCANS:
        shares = dict.fromkeys(WEIGHTS, NETWORKS) if name.startswith("network") else SCANNED
        tasks += [Task(name, n, number) for n, share in shares.items() if n <= most for number in numbers(share)]
    return tasks


def calibrate(
    *,
    samples: int = 6,
    quick: bool = False,
    seed: int = 0,
    workers: int = 1,
    keep: Path | None = None,
    progress: Progress = no_progress,
) -> Calibration:
    """Make the landscapes of `plan` and conclude; parameters as there and in `collect`."""
    found = collect(plan(samples=samples, quick=quick, seed=seed), workers=workers, keep=keep, progress=progress)
    return concluded(found)


def concluded(samples: Sequence[Sample], *, thresholds: Mapping[str, Threshold] = THRESHOLDS) -> Calibration:
    """Draw all conclusions from samples; random resampling starts from the same seed each time."""
    labelled = [sample for sample in samples if sample.task.family in FAMILIES]
    sizes = sorted({sample.task.n for sample in labelled})
    shipped, held_out = judged(labelled, thresholds), left_out(labelled)
    separations = [
        found
        for measure in COMPARABLE
        for n in sizes
        for pair in PAIRS
        if (found := separate(labelled, measure, n, pair=pair, rng=np.random.default_rng([1, n]))) is not None
    ]
    scans = [sample for sample in samples if sample.task.family in SCANS]
    slopes = sorted({sample.task.n for sample in scans if sample.task.family.startswith("rem")})
    weights = sorted({sample.task.n for sample in scans if sample.task.family.startswith("network")})
    return Calibration(
        samples,
        fit(labelled),
        shipped,
        held_out,
        {n: accuracy(shipped, n, rng=np.random.default_rng([2, n])) for n in sizes},
        {n: accuracy(held_out, n, rng=np.random.default_rng([2, n])) for n in sizes},
        separations,
        [crossing(scans, n, rng=np.random.default_rng([3, n]), thresholds=thresholds) for n in slopes],
        [difference(scans, name, n, rng=np.random.default_rng([4, n])) for name in LEARNT for n in weights],
    )
