"""A study in a few plain lines: what a terminal, ``print(study)`` and a notebook without pictures show."""

from __future__ import annotations

from collections.abc import Sequence

from spinfunnel.landscape.estimate import Estimate
from spinfunnel.report.first_screen import MEANING, how_sure, sentence
from spinfunnel.report.names import landscape_title
from spinfunnel.report.next_step import next_step
from spinfunnel.report.reported import Reported
from spinfunnel.report.strips import Strip, deciding, short
from spinfunnel.report.text import title

__all__ = ["decided", "in_brief", "next_lines", "summary", "sure", "verdict_line", "why"]

MOST = 5
"""Measures that are shown."""
NULLS = {
    "shuffled_energies": "shuffled",
    "sorted_energies": "sorted",
    "shuffled_interactions": "shuffled interactions",
    "shuffled_minima": "shuffled minima",
    "shuffled_labels": "shuffled labels",
}
"""Names of the nulls in a narrow column; others by their own."""


def verdict_line(study: Reported) -> str:
    """Landscape in human words, verdict, and how sure it is."""
    return f"{landscape_title(study.landscape)}: {study.verdict.kind} ({sure(study)})"


def sure(study: Reported) -> str:
    """How the map was made, whatever the verdict."""
    return how_sure(study).removeprefix("undecided; ")


def decided(study: Reported) -> list[str]:
    """Table of the measures that decided, a line each below one of headings; empty where none has a value."""
    strips = [strip for strip in deciding(study) if isinstance(strip.answer, Estimate)][:MOST]
    if not strips:
        return []
    rows = [("Decided by", "value [95 %]", "limits", "nulls"), *map(_cells, strips)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows]


def _cells(strip: Strip) -> tuple[str, str, str, str]:
    limits = " and ".join(short(limit) for limit in sorted(strip.limits))
    known = {null: answer for null, answer in strip.nulls.items() if isinstance(answer, Estimate)}
    beside = ", ".join(f"{NULLS.get(null, null.replace('_', ' '))} {_number(answer)}" for null, answer in known.items())
    return title(strip.name), _number(strip.answer), limits or "-", beside or "-"


def _number(answer: object) -> str:
    assert isinstance(answer, Estimate)  # noqa: S101 - the caller left out what has no value
    low, high = short(answer.low), short(answer.high)
    return short(answer.value) if low == high else f"{short(answer.value)} [{low}, {high}]"


def next_lines(studies: Sequence[Reported]) -> list[str]:
    """What to do next, of the first undecided landscape or else of the first."""
    chosen = next((study for study in studies if study.verdict.kind == "undecided"), studies[0])
    step = next_step(chosen)
    return [f"Next: {step.command}", f"      {step.why}"]


def why(study: Reported) -> str:
    """Reason of the verdict as a sentence."""
    return f"Why: {sentence(study.verdict.reason)}"


def in_brief(study: Reported) -> str:
    """Verdict, why, and the size of the map: three lines."""
    minima, saddles = study.graph.minima, study.graph.saddles
    size = f"{minima:,} {'minimum' if minima == 1 else 'minima'}, {saddles:,} saddle{'' if saddles == 1 else 's'}"
    answered = sum(isinstance(answer, Estimate) for answer in study.measures.values())
    return (
        f"{verdict_line(study)}\n{why(study)}\n"
        f"Map: {size}, by {study.run.explorer}. {answered} measures have a value; summary() shows what decided."
    )


def summary(study: Reported) -> str:
    """Verdict, its meaning, why, what decided, and the next command."""
    return "\n".join(
        [
            verdict_line(study),
            MEANING[study.verdict.kind],
            why(study),
            *decided(study),
            *next_lines([study]),
        ]
    )
