"""The measures that decided, each as a strip: its value with interval, its nulls, the limits of the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spinfunnel.landscape.estimate import Estimate, Measurement
from spinfunnel.measure import MEASURES
from spinfunnel.report.questions import evidence_of, position_of
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape, number, title
from spinfunnel.verdict.thresholds import THRESHOLDS

__all__ = ["Strip", "deciding", "strip_picture", "strips"]

MOST, FEWEST = 6, 4

EXTRA: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "binary": {
        "funnel": ("rival_valley_depth", "native_overlap", "trap_height", "order_1"),
        "multi-funnel": ("rival_valley_depth", "rival_share", "either_ruler", "deep_valleys"),
        "golf course": ("order_1", "rival_valley_depth", "stuck_share", "native_overlap"),
        "smooth": ("order_1", "trap_height", "stuck_share", "native_overlap", "minima"),
        "glass": ("trap_height", "deep_valleys", "rival_valley_depth", "order_1", "native_overlap"),
        "undecided": ("order_1", "rival_valley_depth", "trap_height", "deep_valleys"),
    },
    "sampled": {
        "": ("funnel_weight", "levinthal", "tf_tg", "rival_valley", "relative_depth", "funnel_slope", "minima"),
    },
    "trained": {
        "": ("native_share", "profile_area", "relative_depth", "curved_barrier", "training_gain", "starts"),
    },
    "smooth": {
        "": (
            "guidance", "rival_occupation", "rival_descents", "rival_escape", "rival_funnels", "blind_share",
            "rival_height", "ground_descents", "fewest_visits", "connected_share", "minima",
        ),
    },
}  # fmt: skip
"""What decides beside the two questions, by the rule and by the kind ("" any), the weightiest first."""

LIMITS: Mapping[str, tuple[str, ...]] = {
    "profile_area": ("final_height",),
    "guidance": ("guidance_lost",),
    "blind_share": ("blind_share_lost",),
    "rival_occupation": ("rival_occupation", "rival_majority"),
    "rivals": (),
    "ground_descents": ("ground_descents_lost",),
    "fewest_visits": ("searches_met",),
}
"""Limits of measures whose thresholds bear other names than ``name`` and ``name_lost``."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One measure that decided.

    Attributes
    ----------
    name : str
    answer : Estimate or NoAnswer
    nulls : mapping from null to Estimate or NoAnswer
    limits : tuple of float
        Where the verdict turns.
    """

    name: str
    answer: Measurement
    nulls: Mapping[str, Measurement]
    limits: tuple[float, ...]


def deciding(study: Reported) -> tuple[Strip, ...]:
    """Four to six measures that decided: those of the two questions, then what else the rule asks for this kind."""
    evidence = evidence_of(study)
    position = position_of(study)
    chosen = [place.measure for place in (position.stands, position.leads) if place is not None]
    # A gap and its score are read together.
    pairs = {"native_z": "native_gap", "stability_z": "stability_gap"}
    chosen = [name for one in chosen for name in (pairs.get(one, one), one)]
    road = study.graph.road
    rule: str = ("binary" if "search_ruler" in evidence else "sampled") if road in ("exact", "sampled") else road
    extra = EXTRA[rule].get(study.verdict.kind, EXTRA[rule].get("", ()))
    known = [name for name in dict.fromkeys(chosen) if name in evidence]
    further = [name for name in extra if name in evidence and name not in known]
    known += [name for name in further if isinstance(evidence[name], Estimate)]
    # What the rule reads and no row above names still counts, where it has a limit.
    rest = [name for name in evidence if name not in known and _limits(study, name)]
    known += [name for name in rest if isinstance(evidence[name], Estimate)][: max(FEWEST - len(known), 0)]
    known += [name for name in further if name not in known][: max(FEWEST - len(known), 0)]
    return tuple(
        Strip(
            name,
            evidence[name],
            _nulls(study, name, evidence),
            _limits(study, name),
        )
        for name in known[:MOST]
    )


def _limits(study: Reported, name: str) -> tuple[float, ...]:
    if name == "profile_area" and study.graph.road != "trained":
        return ()
    names = LIMITS.get(name, (f"{name}_lost", name))
    return tuple(dict.fromkeys(THRESHOLDS[each].value for each in names if each in THRESHOLDS))


def strips(study: Reported) -> str:
    """HTML of the strips, with a key; a null that no strip could measure is named once, in the key."""
    found = deciding(study)
    seen = {null for strip in found for null, answer in strip.nulls.items() if isinstance(answer, Estimate)}
    causes: dict[str, str] = {}
    for strip in found:
        for null, answer in strip.nulls.items():
            if null not in seen and not isinstance(answer, Estimate):
                causes.setdefault(null, answer.cause)
    lacking = "".join(f" {_capital(null)}: not measured, since {escape(why)}." for null, why in causes.items())
    rows = "".join(_strip(strip, seen=seen, whole=study.graph.road == "exact") for strip in found)
    key = (
        "Dot: this landscape, line: its 95 % interval. Grey and sand: null ensembles, central 95 %. Red: limits of the"
        " verdict."
    )
    return f'<div class="strips">{rows}</div><p class="key">{key}{lacking}</p>'


def _strip(strip: Strip, *, seen: set[str], whole: bool) -> str:
    summary = MEASURES[strip.name].summary if strip.name in MEASURES else ""
    if isinstance(strip.answer, Estimate):
        shown = f"<b>{short(strip.answer.value)}</b>{_interval(strip.answer, whole=whole)}"
    else:
        words = escape(strip.answer.outcome.replace("_", " "))
        shown = f'<b class="none">no value</b> <span class="interval">{words}: {escape(strip.answer.cause)}</span>'
    limits = " and ".join(short(limit) for limit in strip.limits)
    told = [f"Limit{'s' if len(strip.limits) > 1 else ''}: {limits}." if limits else "No limit of its own."]
    known = {null: answer for null, answer in strip.nulls.items() if isinstance(answer, Estimate)}
    told += [
        f"{_capital(null)}: {short(answer.value)}{'' if answer.exact else _interval(answer)}."
        for null, answer in known.items()
    ]
    missing = [null for null in strip.nulls if null in seen and null not in known]
    if missing:
        causes = "; ".join(dict.fromkeys(str(getattr(strip.nulls[null], "cause", "")) for null in missing))
        names = " and ".join(null.replace("_", " ") for null in missing)
        told.append(f'<span title="{escape(causes)}">{_capital(names)}: not measured.</span>')
    return (
        f'<section class="strip"><h3>{escape(title(strip.name))}</h3><p class="about">{escape(summary)}</p>'
        f'<p class="value">{shown}</p>{strip_picture(strip.answer, list(strip.nulls.values()), limits=strip.limits)}'
        f'<p class="told">{" ".join(told)}</p></section>'
    )


def short(value: float) -> str:
    """Three digits; whole numbers in full."""
    return number(float(f"{value:.3g}")) if abs(value) < 1e5 and value != round(value) else number(value)


def _capital(text: str) -> str:
    words = text.replace("_", " ")
    return escape(words[:1].upper() + words[1:])


def _interval(answer: Estimate, *, whole: bool = False) -> str:
    """Interval of a value; "exact" only where the whole landscape is known."""
    low, high = short(answer.low), short(answer.high)
    if low == high:
        return ' <span class="interval">exact</span>' if answer.exact and whole else ""
    return f' <span class="interval">[{low}, {high}]</span>'


REFERENCE = {
    "native_gap": ("native_z", "random_signs"),
    "stability_gap": ("stability_z", "shuffled_interactions"),
    "search_ruler": ("", "blind_search"),
    "either_ruler": ("", "blind_search"),
    "guidance": ("", "shuffled_minima"),
}
"""Measures that are relative to a null by their definition: the score that tells its spread, and its name."""


def _nulls(study: Reported, name: str, evidence: Mapping[str, Measurement]) -> dict[str, Measurement]:
    """Nulls of a measure: those that were measured, and the one to which it is relative, at 0."""
    rows = {null: row[name] for null, row in study.nulls.items() if name in row}
    if name in ("native_z", "stability_z"):
        reference = REFERENCE[name.replace("_z", "_gap")][1]
        return {**rows, _named(study, reference): Estimate(0.0, -1.96, 1.96)}
    if name not in REFERENCE:
        return rows
    score, reference = REFERENCE[name]
    gap, spread = evidence.get(name), evidence.get(score)
    reach = 0.0
    if isinstance(gap, Estimate) and isinstance(spread, Estimate) and spread.value:
        reach = 1.96 * abs(gap.value / spread.value)
    return {**rows, _named(study, reference): Estimate(0.0, -reach, reach)}


def _named(study: Reported, reference: str) -> str:
    return "shuffled_labels" if study.graph.road == "trained" else reference


def strip_picture(answer: Measurement, nulls: Sequence[Measurement], *, limits: Sequence[float] = ()) -> str:
    """Small drawing of a value against its nulls and the limits of the verdict; empty where there is no value.

    Examples
    --------
    >>> strip_picture(Estimate.exactly(1.0), [Estimate(0.5, 0.4, 0.6)]).count("<rect")
    1
    """
    bands = [null for null in nulls if isinstance(null, Estimate)]
    if not isinstance(answer, Estimate) or not (bands or limits):
        return ""
    ends = [end for one in (answer, *bands) for end in (one.low, one.high)] + list(limits)
    low, high = min(ends), max(ends)
    if not high - low > 1e-9 * max(abs(low), abs(high)) or not math.isfinite(high - low):
        return ""

    def at(place: float) -> float:
        return 8.0 + 184.0 * (place - low) / (high - low)

    pieces = [
        f'<rect class="null n{k}" x="{at(band.low):.1f}" y="{5 + 7 * k if len(bands) > 1 else 6}" '
        f'height="{6 if len(bands) > 1 else 12}" rx="2" width="{max(at(band.high) - at(band.low), 2):.1f}"/>'
        for k, band in enumerate(bands[:2])
    ]
    pieces += [f'<line class="limit" x1="{at(limit):.1f}" x2="{at(limit):.1f}" y1="1" y2="23"/>' for limit in limits]
    if not answer.exact:
        pieces.append(f'<line class="value" x1="{at(answer.low):.1f}" x2="{at(answer.high):.1f}" y1="12" y2="12"/>')
    pieces.append(f'<circle class="value" cx="{at(answer.value):.1f}" cy="12" r="4.5"/>')
    return f'<svg class="bar" viewBox="0 0 200 24" aria-hidden="true">{"".join(pieces)}</svg>'
