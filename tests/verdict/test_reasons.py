"""Reasons are what people read first: one sentence of at most 30 words, whatever was measured."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from spinfunnel.landscape import Kind
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.verdict.rules import judge_measures
from spinfunnel.verdict.smooth import SMOOTH_EVIDENCE
from spinfunnel.verdict.thresholds import THRESHOLDS
from spinfunnel.verdict.trained import judge_trained

MOST_WORDS = 30
DRAWS = 1000
SLOW = 8.0
MISSING = NoAnswer("not_measured", "it was not measured", "measure it")


def drawn(name: str, rng: random.Random) -> Estimate | NoAnswer:
    """A measure on either side of a limit, at it, far from it, with and without an interval, or none at all."""
    if rng.random() < 0.12:
        return MISSING
    limits = [THRESHOLDS[each].value for each in (name, f"{name}_lost") if each in THRESHOLDS]
    value = rng.choice([limit * factor for limit in limits for factor in (0.5, 0.99, 1.01, 2.0)] or [0, 1, 0.3, 5, 200])
    wide = abs(value) * rng.choice([0.0, 0.02, 0.5])
    return Estimate(value, value - wide, value + wide)


def verdicts(way: str, rng: random.Random) -> Any:
    measures = {name: drawn(name, rng) for name in {*MEASURES, *SMOOTH_EVIDENCE}}
    measures["entropy"] = Estimate.exactly(12.0)  # else two in three say that there are too few states
    if way == "trained":
        return judge_trained({**measures, "starts": Estimate.exactly(SLOW)})
    kind, road = {
        "bits": (Kind.BINARY, "exact"), "sampled": (Kind.BINARY, "sampled"), "chain": (Kind.CHAIN, "exact"),
        "smooth": (Kind.SMOOTH, "smooth"),
    }[way]  # fmt: skip
    return judge_measures(measures, kind=kind, road=road)  # type: ignore[arg-type]


@pytest.mark.quick
@pytest.mark.parametrize("way", ["bits", "sampled", "chain", "smooth", "trained"])
def test_no_reason_is_longer_than_thirty_words(way: str) -> None:
    """Measures are drawn from a fixed seed, so the test is the same each time."""
    rng = random.Random(3)  # noqa: S311 - draws of a test
    patterns = set()
    for _ in range(DRAWS):
        reason = verdicts(way, rng).reason
        words = [word for word in reason.split() if re.search(r"\w", word)]
        assert len(words) <= MOST_WORDS, reason
        patterns.add(re.sub(r"[\d.,\[\]-]+", "#", reason))
    assert len(patterns) > 8, "the draws reach few branches"
