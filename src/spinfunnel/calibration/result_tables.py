"""The calibration as tables of text, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from spinfunnel.calibration.families import FAMILIES
from spinfunnel.calibration.fitting import RULES, Judged
from spinfunnel.calibration.separation import PAIRS, Separation
from spinfunnel.landscape.estimate import Estimate, Measurement
from spinfunnel.verdict.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from spinfunnel.calibration.outcome_table import Calibration

__all__ = ["markdown"]


def markdown(calibration: Calibration) -> str:
    """All tables, each with a heading."""
    sections = (
        ("Thresholds", _thresholds(calibration)),
        ("How often the verdict is right", _accuracy(calibration)),
        ("Right / wrong / undecided, with all families in the fit", _outcomes(calibration.shipped)),
        ("Right / wrong / undecided, with the family left out of the fit", _outcomes(calibration.held_out)),
        ("What is said in error, with the family left out", _errors(calibration.held_out)),
        ("How well each measure tells the kinds apart", _separations(calibration.separations)),
        ("From glass to funnel: random energy models on a slope", _crossings(calibration)),
        ("Networks with binary weights", _networks(calibration)),
    )
    return "\n".join(f"## {title}\n\n{text}\n" for title, text in sections)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def _interval(answer: Measurement, digits: int = 2) -> str:
    if not isinstance(answer, Estimate):
        return answer.outcome.replace("_", " ")
    if answer.exact:
        return f"{answer.value:.{digits}f}"
    return f"{answer.value:.{digits}f} [{answer.low:.{digits}f}, {answer.high:.{digits}f}]"


def _thresholds(calibration: Calibration) -> str:
    rows = [
        (
            rule.name,
            rule.question,
            f"{calibration.fitted[rule.name].value:g}",
            f"{calibration.fitted[f'{rule.name}_lost'].value:g}",
            f"{THRESHOLDS[rule.name].value:g}, {THRESHOLDS[f'{rule.name}_lost'].value:g}",
        )
        for rule in RULES
    ]
    return _table(("measure", "question", "yes from", "no up to", "in the program"), rows)


def _accuracy(calibration: Calibration) -> str:
    rows = []
    for n, every in calibration.accuracy.items():
        held = calibration.held_out_accuracy[n]
        rows.append(
            (
                str(n),
                str(every.samples),
                *(_interval(answer) for answer in (every.right, every.undecided, held.right, held.undecided)),
            )
        )
    head = ("bits", "landscapes", "right of decided", "undecided", "family left out: right of decided", "undecided")
    return _table(head, rows)


def _outcomes(answers: Iterable[Judged]) -> str:
    counts: dict[tuple[str, int], Counter[str]] = {}
    for answer in answers:
        counts.setdefault((answer.sample.task.family, answer.sample.task.n), Counter())[answer.outcome] += 1
    sizes = sorted({n for _, n in counts})
    rows = []
    for family in FAMILIES.values():
        cells = []
        for n in sizes:
            found = counts.get((family.name, n))
            text = "" if found is None else f"{found['right']} / {found['wrong']} / {found['undecided']}"
            cells.append(f"({text})" if text and family.doubtful(n) else text)
        rows.append((family.label, family.name, *cells))
    return _table(("label", "family", *(f"{n} bits" for n in sizes)), rows)


def _errors(answers: Iterable[Judged]) -> str:
    wrong = Counter(
        (answer.sample.task.family, answer.sample.task.n, answer.kind)
        for answer in answers
        if answer.outcome == "wrong"
    )
    rows = [
        (FAMILIES[family].label, family, str(n), kind, str(number))
        for (family, n, kind), number in sorted(wrong.items())
    ]
    return _table(("label", "family", "bits", "called", "times"), rows) if rows else "Nothing."


def _separations(separations: Sequence[Separation]) -> str:
    """Funnels against the rest at every size, and every pair at the largest size with many samples."""
    sizes = sorted({found.n for found in separations})
    by_place = {(found.measure, found.n, found.first, found.second): found for found in separations}
    measures = list(dict.fromkeys(found.measure for found in separations))
    first = [(name, *(_area(by_place.get((name, n, *PAIRS[0]))) for n in sizes)) for name in measures]
    chosen = 20 if 20 in sizes else sizes[-1]
    second = [
        (name, *(_area(by_place.get((name, chosen, *pair)), short=True) for pair in PAIRS[1:])) for name in measures
    ]
    return "\n".join(
        (
            "Funnels against all others; in brackets the interval, then the worst family left out.\n",
            _table(("measure", *(f"{n} bits" for n in sizes)), first),
            f"\nEvery pair at {chosen} bits; after the area that of the worst family left out.\n",
            _table(("measure", *(f"{one} / {other}" for one, other in PAIRS[1:])), second),
        )
    )


def _area(found: Separation | None, *, short: bool = False) -> str:
    if found is None:
        return ""
    share = "" if found.answered > 0.995 else f" ({100.0 * found.answered:.0f} %)"
    if short:
        return f"{found.area.value:.2f}, {found.left_out:.2f}{share}"
    return f"{_interval(found.area)} {found.left_out:.2f}{share}"


def _crossings(calibration: Calibration) -> str:
    slopes = sorted({slope for row in calibration.crossings for slope in row.shares})
    rows = []
    for row in calibration.crossings:
        cells = []
        for slope in slopes:
            kinds = row.shares.get(slope, {})
            cells.append(", ".join(f"{kind} {share:.2g}" for kind, share in sorted(kinds.items())))
        rows.append((str(row.n), str(row.samples), _interval(row.slope), *cells))
    return _table(("bits", "samples", "crossing slope", *(f"{slope:g}" for slope in slopes)), rows)


def _networks(calibration: Calibration) -> str:
    rows = [
        (
            row.measure,
            str(row.weights),
            str(row.samples),
            *(_interval(answer) for answer in (row.teacher, row.random, row.difference)),
        )
        for row in calibration.networks
    ]
    return _table(("measure", "weights", "samples", "teacher's labels", "random labels", "difference"), rows)
