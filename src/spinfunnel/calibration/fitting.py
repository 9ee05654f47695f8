"""Thresholds from labelled samples, and how often verdicts with them are right.

Each fitted pair of thresholds is chosen among a few pairs of round numbers, `RULES`, the first of which is what one
would say without having seen a landscape: half-way, half of the variance, a quarter of the gap. Pair by pair, twice
over, that is taken which makes most verdicts right, a wrong one costing as much as five undecided ones; families weigh
the same. Of equals the widest stands.

Leave one family out: the thresholds are fitted without it, and its samples are judged with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.calibration.families import FAMILIES
from spinfunnel.calibration.labelled import Sample, Task
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.verdict.rules import judge_measures
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold
from spinfunnel.verdict.witness import Kind

__all__ = [
    "COST",
    "RULES",
    "Judged",
    "Outcome",
    "Rule",
    "accuracy",
    "fit",
    "judged",
    "kind_of",
    "left_out",
    "outcome_of",
]

Outcome: TypeAlias = Literal["right", "wrong", "undecided"]

COST = 5.0
"""Undecided verdicts that a wrong one weighs as much as."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One pair of thresholds, `name` and `name` + "_lost", the question it answers, and the pairs it is chosen from."""

    name: str
    question: str
    pairs: tuple[tuple[float, float], ...]


RULES = (
    Rule("native_z", "does a native state stand out?", ((2.0, 2.0), (2.5, 2.0), (3.0, 2.0), (3.0, 1.0), (4.0, 2.0))),
    Rule("order_1", "do fields point to it?", ((0.5, 0.5), (0.6, 0.4), (0.7, 0.3), (0.7, 0.5), (0.5, 0.3), (0.8, 0.4))),
    Rule("search_ruler", "does the landscape lead there?",
         ((0.5, 0.5), (0.5, 0.4), (0.6, 0.4), (0.5, 0.3), (0.6, 0.5), (0.4, 0.3), (0.7, 0.5))),
    Rule("rival_valley_depth", "is there a rival?",
         ((0.25, 0.25), (0.3, 0.2), (0.2, 0.1), (0.3, 0.25), (0.4, 0.2), (0.2, 0.2), (0.4, 0.3))),
    Rule("either_ruler", "does the landscape lead to one of them?",
         ((0.5, 0.5), (0.6, 0.5), (0.7, 0.5), (0.8, 0.6), (0.8, 0.5), (0.9, 0.7))),
    Rule("trap_height", "are there barriers?",
         ((0.2, 0.2), (0.25, 0.1), (0.3, 0.1), (0.5, 0.1), (0.25, 0.05), (0.1, 0.05), (0.5, 0.25))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample, and what was said of it."""

    sample: Sample
    kind: Kind
    outcome: Outcome


Pairs: TypeAlias = tuple[tuple[float, float], ...]
"""A pair of thresholds for each of `RULES`."""
Known: TypeAlias = dict[tuple[Task, Pairs], float]
"""What a sample is worth with some pairs: fits without one family or another ask for the same."""


def fit(
    samples: Iterable[Sample], *, without: str | None = None, known: Known | None = None
) -> dict[str, Threshold]:  # fmt: skip
    """Thresholds of `RULES` from samples with undoubted labels, the others as in `verdict.THRESHOLDS`.

    Parameters
    ----------
    samples : iterable of Sample
        Those without a label are passed over.
    without : str, optional
        A family to leave out.
    known : dict, optional
        Filled with what samples are worth, and read; for several fits of the same samples.
    """
    trusted: dict[str, list[Sample]] = {}
    for sample in samples:
        family = FAMILIES.get(sample.task.family)
        if family is not None and family.name != without and not family.doubtful(sample.task.n):
            trusted.setdefault(family.name, []).append(sample)
    worth = {} if known is None else known
    pairs: Pairs = tuple(rule.pairs[0] for rule in RULES)
    for _ in range(ROUNDS if trusted else 0):
        for place, rule in enumerate(RULES):
            tried = [(*pairs[:place], pair, *pairs[place + 1 :]) for pair in rule.pairs]
            # Of equals the widest apart: it decides no case by a margin that the samples do not show to be enough.
            width = {found: found[place][0] - found[place][1] for found in tried}
            pairs = max(tried, key=lambda found: (_worth(trusted, found, worth), width[found]))
    return _thresholds(pairs)


def _thresholds(pairs: Pairs) -> dict[str, Threshold]:
    source = "calibration on labelled landscapes, docs/calibration.md"
    fitted: dict[str, Threshold] = dict(THRESHOLDS)
    for rule, (yes, no) in zip(RULES, pairs, strict=True):
        fitted |= {rule.name: Threshold(yes, source), f"{rule.name}_lost": Threshold(no, source)}
    return fitted


def _worth(trusted: Mapping[str, Sequence[Sample]], pairs: Pairs, known: Known) -> float:
    """Mean over families of the share right less `COST` times the share wrong."""
    value = {"right": 1.0, "wrong": -COST, "undecided": 0.0}
    thresholds = _thresholds(pairs)
    for row in trusted.values():
        for sample in row:
            if (sample.task, pairs) not in known:
                known[sample.task, pairs] = value[outcome_of(sample, thresholds)[1]]
    means = [float(np.mean([known[sample.task, pairs] for sample in row])) for row in trusted.values()]
    return round(float(np.mean(means)), 9) if means else 0.0


def outcome_of(sample: Sample, thresholds: Mapping[str, Threshold]) -> tuple[Kind, Outcome]:
    """What is said of a labelled sample, and whether that is right."""
    kind = kind_of(sample, thresholds)
    if kind == "undecided":
        return kind, "undecided"
    return kind, "right" if FAMILIES[sample.task.family].right(kind) else "wrong"


def kind_of(sample: Sample, thresholds: Mapping[str, Threshold] = THRESHOLDS) -> Kind:
    """What the verdict says of a sample."""
    return judge_measures(sample.measures, nulls=sample.nulls, thresholds=thresholds).kind


def judged(samples: Iterable[Sample], thresholds: Mapping[str, Threshold] = THRESHOLDS) -> list[Judged]:
    """Judge the samples that have a label."""
    answers = []
    for sample in samples:
        family = FAMILIES.get(sample.task.family)
        if family is not None:
            answers.append(Judged(sample, *outcome_of(sample, thresholds)))
    return answers


def left_out(samples: Sequence[Sample]) -> list[Judged]:
    """Judge each family with thresholds that were fitted without it."""
    names = dict.fromkeys(sample.task.family for sample in samples if sample.task.family in FAMILIES)
    known: Known = {}
    return [
        answer
        for name in names
        for answer in judged((s for s in samples if s.task.family == name), fit(samples, without=name, known=known))
    ]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over families of equal weight, doubtful labels apart: share right of the decided, and share undecided."""

    right: Estimate
    undecided: Estimate
    samples: int


def accuracy(answers: Iterable[Judged], n: int, *, rng: np.random.Generator, resamples: int = 1000) -> Accuracy:
    """How often verdicts at a size are right and undecided, with 95 % intervals over families and samples.

    Both families and the samples within them are drawn anew: Efron, Ann. Statist. 7, 1 (1979). Where nothing is wrong,
    so that what is drawn has no spread, the interval is at least that of as many families as trials: Clopper, Pearson,
    Biometrika 26, 404 (1934).
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
    trials = [_of_trials(share, trials=len(shares)) for share in value]
    ends = zip(value, low, high, trials, strict=True)
    right, undecided = (Estimate(v, min(a, v, least), max(b, v, most)) for v, a, b, (least, most) in ends)
    return Accuracy(right, undecided, int(number.sum()))


def _of_trials(share: float, *, trials: int) -> tuple[float, float]:
    """95 % interval of a share of so many trials."""
    from scipy.stats import beta

    hits = share * trials
    low = float(beta.ppf(0.025, hits, trials - hits + 1.0)) if hits > 0.0 else 0.0
    high = float(beta.ppf(0.975, hits + 1.0, trials - hits)) if hits < trials else 1.0
    return low, high


def _both(mean: NDArray[np.float64]) -> tuple[float, float]:
    """Share right of the decided (1 where none is decided), and share undecided."""
    right, wrong, undecided = (float(part) for part in mean)
    return (right / (right + wrong) if right + wrong > 0.0 else 1.0), undecided
