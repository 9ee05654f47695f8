"""Thresholds from labelled samples, and how often verdicts with them are right.

The rule is the same for every threshold. A witness asks one question of one measure; families whose label answers yes
are on one side, those whose label answers no on the other. A yes may be said from the number that `FALSE_RATE` of the
samples of the worst no-family exceed; a no up to the number that `FALSE_RATE` of the samples of the worst yes-family
fall short of. Between the two, whichever is the larger, the witness says nothing.

Leave one family out: the thresholds are fitted without it, and its samples are judged with them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.calibration.families import FAMILIES, Label
from spinfunnel.calibration.labelled import Sample
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.verdict.rules import judge
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold
from spinfunnel.verdict.witness import Kind

__all__ = ["FALSE_RATE", "RULES", "Judged", "Outcome", "Rule", "accuracy", "fit", "judged", "kind_of", "left_out"]

Outcome: TypeAlias = Literal["right", "wrong", "undecided"]

FALSE_RATE = 0.02
"""Share of a training family that a witness may get wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One witness: the measure it reads, and the labels that answer its question with yes and with no.

    Its thresholds are called `name` and `name` + "_lost".
    """

    name: str
    measure: str
    yes: tuple[Label, ...]
    no: tuple[Label, ...]
    question: str


NATIVE: tuple[Label, ...] = ("funnel", "multi-funnel", "golf course")

RULES = (
    Rule(
        "stability_z", "stability_z", ("funnel", "multi-funnel"), ("glass", "smooth"), "does a native state stand out?"
    ),
    Rule("native_depth", "native_depth", NATIVE, ("glass",), "does a native state stand out?"),
    Rule("decoy_gap", "decoy_gap", NATIVE, ("glass",), "does a native state stand out?"),
    Rule("levinthal", "levinthal", ("funnel", "smooth"), ("golf course",), "does the landscape lead there?"),
    Rule("relative_depth", "relative_depth", ("glass",), ("smooth",), "are there barriers?"),
    Rule("rival_valley", "rival_valley", ("multi-funnel",), ("funnel",), "is there a rival?"),
    Rule("rival_slope", "funnel_slope", ("multi-funnel",), ("golf course",), "does the landscape lead to either?"),
)
"""Smooth landscapes are told apart by their want of barriers before depth and decoys are asked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample, and what was said of it."""

    sample: Sample
    kind: Kind
    outcome: Outcome


def fit(samples: Iterable[Sample], *, without: str | None = None) -> dict[str, Threshold]:
    """Thresholds of `RULES` from samples with undoubted labels, the others as in `verdict.THRESHOLDS`.

    Parameters
    ----------
    samples : iterable of Sample
        Those without a label are passed over.
    without : str, optional
        A family to leave out.
    """
    source = "calibration on labelled landscapes, docs/calibration.md"
    trusted = [
        sample
        for sample in samples
        if (family := FAMILIES.get(sample.task.family)) is not None
        and family.name != without
        and not family.doubtful(sample.task.n)
    ]
    thresholds = dict(THRESHOLDS)
    for rule in RULES:
        values: dict[str, list[float]] = {}
        for sample in trusted:
            answer = sample.measures.get(rule.measure)
            if isinstance(answer, Estimate):
                values.setdefault(sample.task.family, []).append(answer.value)
        high = [_quantile(row, 1.0 - FALSE_RATE) for name, row in values.items() if FAMILIES[name].label in rule.no]
        low = [_quantile(row, FALSE_RATE) for name, row in values.items() if FAMILIES[name].label in rule.yes]
        if high and low:
            ends = sorted((max(high), min(low)))
            thresholds[rule.name] = Threshold(ends[1], source)
            thresholds[f"{rule.name}_lost"] = Threshold(ends[0], source)
    return thresholds


def kind_of(sample: Sample, thresholds: Mapping[str, Threshold] = THRESHOLDS) -> Kind:
    """What the verdict says of a sample."""
    return judge(sample.measures, nulls=sample.nulls, thresholds=thresholds).kind


def judged(samples: Iterable[Sample], thresholds: Mapping[str, Threshold] = THRESHOLDS) -> list[Judged]:
    """Judge the samples that have a label."""
    answers = []
    for sample in samples:
        family = FAMILIES.get(sample.task.family)
        if family is not None:
            kind = kind_of(sample, thresholds)
            outcome: Outcome = "undecided" if kind == "undecided" else "right" if kind == family.label else "wrong"
            answers.append(Judged(sample, kind, outcome))
    return answers


def left_out(samples: Sequence[Sample]) -> list[Judged]:
    """Judge each family with thresholds that were fitted without it."""
    names = dict.fromkeys(sample.task.family for sample in samples if sample.task.family in FAMILIES)
    return [
        answer
        for name in names
        for answer in judged((s for s in samples if s.task.family == name), fit(samples, without=name))
    ]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over families of equal weight, doubtful labels apart: share right of the decided, and share undecided."""

    right: Estimate
    undecided: Estimate
    samples: int


def accuracy(answers: Iterable[Judged], n: int, *, rng: np.random.Generator, resamples: int = 1000) -> Accuracy:
    """How often verdicts at a size are right and undecided, with 95 % intervals over families and samples.

    Both families and the samples within them are drawn anew: Efron, Ann. Statist. 7, 1 (1979).
    """
    table: dict[str, list[Outcome]] = {}
    for answer in answers:
        task = answer.sample.task
        if task.n == n and not FAMILIES[task.family].doubtful(n):
            table.setdefault(task.family, []).append(answer.outcome)
    counts = np.array([[row.count(o) for o in ("right", "wrong", "undecided")] for row in table.values()], float)
    number = counts.sum(axis=1)
    shares = counts / number[:, None]
    draws = np.empty((resamples, 2))
    for row in range(resamples):
        chosen = rng.integers(0, len(shares), len(shares))
        drawn = rng.multinomial(number[chosen].astype(int), shares[chosen]) / number[chosen][:, None]
        draws[row] = _both(drawn.mean(axis=0))
    value = _both(shares.mean(axis=0))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    right, undecided = (Estimate(v, min(a, v), max(b, v)) for v, a, b in zip(value, low, high, strict=True))
    return Accuracy(right, undecided, int(number.sum()))


def _both(mean: NDArray[np.float64]) -> tuple[float, float]:
    """Share right of the decided (1 where none is decided), and share undecided."""
    right, wrong, undecided = (float(part) for part in mean)
    return (right / (right + wrong) if right + wrong > 0.0 else 1.0), undecided


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(np.array(values), share))


def rounded(thresholds: Mapping[str, Threshold]) -> dict[str, Threshold]:
    """The fitted thresholds with two digits, as they stand in `verdict.THRESHOLDS`."""
    fitted = {name for rule in RULES for name in (rule.name, f"{rule.name}_lost")}
    return {
        name: dataclasses.replace(entry, value=float(f"{entry.value:.2g}")) if name in fitted else entry
        for name, entry in thresholds.items()
    }
