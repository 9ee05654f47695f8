"""The engine of every verdict: witnesses read measures, say yes, no or nothing, and give a clause with their numbers.

A rule (`binary`, `chain`, `smooth`, `trained`) puts questions to witnesses and concludes; nothing here knows a kind.
Thresholds come in pairs, `name` and `name` + "_lost": a witness says yes where the whole interval lies at the first or
above, no where it lies at the second or below, and nothing in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spinfunnel.landscape import Kind as LandscapeKind
from spinfunnel.landscape.basin_graph import Road
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, between
from spinfunnel.verdict.thresholds import Threshold

__all__ = [
    "SHUFFLED", "SORTED", "Answer", "Case", "Conclusion", "Evidence", "Finding", "Kind", "Verdict", "Witness", "ask",
    "number", "percent",
]  # fmt: skip

Kind: TypeAlias = Literal["funnel", "multi-funnel", "golf course", "smooth", "glass", "undecided"]
Answer: TypeAlias = Literal["yes", "no", "open"]
Conclusion: TypeAlias = tuple[Kind, str]
"""A kind, and the reason as a sentence."""

SHUFFLED = "shuffled_energies"
"""Name of the null ensemble in which the same energies are dealt at random over the same states."""
SORTED = "sorted_energies"
"""Name of the null ensemble in which they are sorted by distance from the ground states."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measurement beside the same measurement of each null ensemble (the interval is the ensemble's central 95 %)."""

    measurement: Measurement
    nulls: Mapping[str, Measurement]

    @property
    def position(self) -> Measurement | None:
        """Where it stands between the shuffled energies, 0, and the sorted ones, 1; None without both nulls."""
        if SHUFFLED not in self.nulls or SORTED not in self.nulls:
            return None
        return between(self.measurement, self.nulls[SHUFFLED], self.nulls[SORTED])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which kind of landscape it is, on what evidence, and why in one sentence.

    Attributes
    ----------
    kind : {"funnel", "multi-funnel", "golf course", "smooth", "glass", "undecided"}
    evidence : mapping of str to Evidence
        Every measure that was read, by name.
    reason : str
        A plain sentence with the numbers that decided.
    """

    kind: Kind
    evidence: Mapping[str, Evidence]
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"

    def __repr__(self) -> str:
        return f"<Verdict: {self.kind}; {self.reason}; {len(self.evidence)} measures read>"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a witness says: its answer, and a clause with the numbers."""

    answer: Answer
    clause: str

    @property
    def yes(self) -> bool:
        """Whether the answer is yes."""
        return self.answer == "yes"

    @property
    def no(self) -> bool:
        """Whether the answer is no."""
        return self.answer == "no"


class Case:
    """The measures and nulls of one landscape, the thresholds, and a record of which measures were read.

    Parameters
    ----------
    measures, nulls, thresholds
        As in `verdict.rules.judge_measures`.
    kind : landscape.Kind
    road : {"exact", "sampled", "smooth", "trained"}
        How its map was made.
    """

    def __init__(
        self,
        measures: Mapping[str, Measurement],
        nulls: Mapping[str, Mapping[str, Measurement]],
        thresholds: Mapping[str, Threshold],
        *,
        kind: LandscapeKind,
        road: Road,
    ) -> None:
        self.kind, self.road = kind, road
        self.measures, self.nulls = measures, nulls
        self._thresholds = thresholds
        self.evidence: dict[str, Evidence] = {}

    @property
    def exact(self) -> bool:
        """Whether all states, or all stationary points, are known."""
        return self.road == "exact"

    def read(self, name: str) -> Measurement:
        """Measurement of a name; the outcome ``not_measured`` where the caller has none."""
        missing = NoAnswer("not_measured", f"{name} was not measured", "measure the landscape again")
        answer = self.measures.get(name, missing)
        beside = {null: values[name] for null, values in self.nulls.items() if name in values}
        self.evidence[name] = Evidence(answer, beside)
        return answer

    def value(self, name: str) -> Estimate | None:
        """Estimate of a name, or None where it has no answer."""
        answer = self.read(name)
        return answer if isinstance(answer, Estimate) else None

    def shuffled(self, name: str) -> Estimate | None:
        """Measurement of the shuffled landscape, where it has a value."""
        null = self.nulls.get(SHUFFLED, {}).get(name)
        return null if isinstance(null, Estimate) else None

    def limit(self, name: str) -> float:
        """Threshold of a name."""
        return self._thresholds[name].value

    def side(self, name: str, estimate: Estimate) -> Answer:
        """Which side of its pair of thresholds the whole interval of a measure lies on."""
        if estimate.low >= self.limit(name):
            return "yes"
        return "no" if estimate.high <= self.limit(f"{name}_lost") else "open"

    def compared(self, name: str, measure: str, clause: Callable[[Estimate], str]) -> Finding:
        """Finding of a measure against a pair of thresholds; open, with the cause, where it has no answer."""
        answer = self.read(measure)
        if isinstance(answer, NoAnswer):
            return Finding("open", f"{measure} has no answer: {answer.cause}")
        return Finding(self.side(name, answer), clause(answer))


Witness: TypeAlias = Callable[[Case], Finding]


def ask(case: Case, witnesses: Iterable[Witness]) -> Finding:
    """First yes or no; else what the last witness left open, since rows go from the narrow to the general."""
    finding = Finding("open", "nothing was measured")
    for witness in witnesses:
        finding = witness(case)
        if finding.answer != "open":
            break
    return finding


def number(estimate: Estimate) -> str:
    """Three digits, and the interval where there is one."""
    if estimate.exact:
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def percent(estimate: Estimate) -> str:
    """A share as a percentage, with its interval where that shows."""
    if estimate.exact or round(100 * estimate.low) == round(100 * estimate.high):
        return f"{_round_percent(estimate.value)} %"
    return f"{_round_percent(estimate.value)} % [{_round_percent(estimate.low)}, {_round_percent(estimate.high)}]"


def _round_percent(share: float) -> str:
    """Write a percentage that says 0 or 100 only where it is so."""
    value = 100.0 * share
    if 0.0 < value < 1.0 or 99.0 < value < 100.0:
        return f"{value:.2g}" if value < 1.0 else f"{min(value, 99.9):.3g}"
    return f"{value:.0f}"
