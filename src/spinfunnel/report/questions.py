"""Where a landscape lies in the plane of the two questions: does a native state stand out, does it lead there.

Each question is answered by one or several measures against the thresholds of the verdict. A scale brings them all to
one axis from 0 to 1, on which "no" ends at a third and "yes" begins at two thirds, whatever the measure: so landscapes
of different kinds stand in one picture, and the areas of the verdict are the same in all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spinfunnel.landscape.estimate import Estimate, Measurement
from spinfunnel.report.reported import Reported
from spinfunnel.verdict.thresholds import THRESHOLDS

__all__ = ["NO", "YES", "Cloud", "Placed", "Position", "Scale", "position_of", "scale_of"]

NO, YES = 1.0 / 3.0, 2.0 / 3.0
"""Ends of the zones of "no" and "yes" on both axes."""
SURE = 0.9
"""Place of what is proven."""
EDGE = 0.025
"""Distance from the edge at which a point is drawn that lies beyond."""
MARGIN = 0.04
"""Place of the ends of a measure's range."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of one measure lie on an axis.

    Attributes
    ----------
    measure : str
    yes, no : float or None
        Thresholds of the verdict from which the answer is yes, and up to which it is no; None where it has none.
    worst, best : float
        Values at the two ends of the axis. Of a measure that is better the lower, `worst` is the larger.
    """

    measure: str
    yes: float
    no: float | None
    worst: float
    best: float

    def place(self, value: float) -> float:
        """Place of a value, 0 to 1.

        Examples
        --------
        >>> scale = Scale("search_ruler", yes=0.5, no=0.4, worst=0.0, best=1.0)
        >>> [round(scale.place(value), 3) for value in (0.4, 0.45, 0.5)]
        [0.333, 0.5, 0.667]
        """
        way = 1.0 if self.best > self.worst else -1.0
        v, yes, worst, best = (way * each for each in (value, self.yes, self.worst, self.best))
        if v >= yes:
            return _between(v, yes, best, YES, 1.0 - MARGIN)
        if self.no is None:
            # It can say yes, and never no.
            return _between(v, worst, yes, NO + EDGE, YES)
        no = way * self.no
        if v <= no:
            return _between(v, worst, no, MARGIN, NO)
        return _between(v, no, yes, NO, YES)


def _between(v: float, low: float, high: float, start: float, stop: float) -> float:
    """Place of a value in a zone; one beyond the range stays at the edge of the picture, or of its zone."""
    share = (v - low) / (high - low) if high > low else 0.5
    return min(max(start + share * (stop - start), EDGE if start < NO else start), 1.0 - EDGE)


@dataclass(frozen=True, slots=True)
class Placed:
    """Place of a landscape on one axis, with its interval, and what put it there."""

    value: float
    low: float
    high: float
    measure: str
    said: str

    @property
    def answer(self) -> str:
        """Yes, no or open, by the whole interval."""
        if self.low >= YES - 1e-9:
            return "yes"
        return "no" if self.high <= NO + 1e-9 else "open"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where a null ensemble lies: the central 95 % of its samples on each axis, None where it was not measured."""

    name: str
    leads: tuple[float, float] | None
    stands: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Position:
    """Place of a landscape in the plane; None on an axis that has no answer.

    Attributes
    ----------
    leads, stands : Placed or None
    clouds : tuple of Cloud
    scales : pair of Scale or None
        Those of the two axes (leads, stands) whose limits are written at them.
    """

    leads: Placed | None
    stands: Placed | None
    clouds: tuple[Cloud, ...]
    scales: tuple[Scale | None, Scale | None]


@dataclass(frozen=True, slots=True)
class _Witness:
    """Measures that must all say yes, each with the name of its thresholds, and the ends of its axis."""

    parts: tuple[tuple[str, str, float, float], ...]


def scale_of(measure: str, threshold: str, worst: float, best: float) -> Scale:
    """Scale of a measure by the name of its thresholds, read from those of the verdict."""
    lost = THRESHOLDS.get(f"{threshold}_lost")
    # Where there is one number only, it parts yes from no.
    first = THRESHOLDS.get(threshold, lost)
    if first is None:
        raise KeyError(f"no threshold of the verdict is called {threshold}")
    return Scale(measure, first.value, None if lost is None else lost.value, worst, best)


def _w(*parts: tuple[str, str, float, float]) -> _Witness:
    return _Witness(parts)


_BINARY = (
    (_w(("search_ruler", "search_ruler", 0.0, 1.0)),),
    (_w(("native_gap", "native_gap", -0.1, 1.0), ("native_z", "native_z", -3.0, 10.0)),),
)
_SAMPLED = (
    (_w(("levinthal", "levinthal", 0.0, 1.0)), _w(("funnel_weight", "funnel_weight", 0.0, 1.0))),
    (
        _w(("tf_tg", "tf_tg", 1.0, 4.0)),
        _w(("stability_gap", "stability_gap", -0.1, 1.0), ("stability_z", "stability_z", -3.0, 12.0)),
        _w(("native_depth", "native_depth", 0.0, 2.0)),
        _w(("decoy_gap", "decoy_gap", 0.0, 1.0)),
    ),
)
_TRAINED = (
    (_w(("profile_area", "final_height", 0.2, 0.0)), _w(("native_share", "native_share", 0.0, 1.0))),
    (_w(("stability_gap", "stability_gap", -0.1, 1.0), ("stability_z", "stability_z", -3.0, 20.0)),),
)
_SMOOTH = (
    (_w(("guidance", "guidance", -0.5, 1.0)), _w(("blind_share", "blind_share", 0.0, 1.0))),
    (
        _w(("rival_occupation", "rival_occupation", 1.0, 0.0)),
        _w(("rival_escape", "rival_escape", 60.0, 0.0)),
        _w(("rival_height", "rival_height", 8.0, 0.0)),
    ),
)
"""For each rule of the verdict the witnesses of the two questions, (leads there, stands out), in its order."""


def _witnesses(study: Reported) -> tuple[Sequence[_Witness], Sequence[_Witness]]:
    if study.graph.road == "trained":
        return _TRAINED
    if study.graph.road == "smooth":
        leads, stands = _SMOOTH
        # The search among all minima is asked only where no order of the energies matters.
        return leads[0 if isinstance(evidence_of(study).get("guidance"), Estimate) else 1 :][:1], stands
    return _BINARY if "search_ruler" in evidence_of(study) else _SAMPLED


def evidence_of(study: Reported) -> Mapping[str, Measurement]:
    """Measures that the verdict read; all of them where it does not say which."""
    evidence = getattr(study.verdict, "evidence", None)
    if not evidence:
        return study.measures
    return {name: entry.measurement for name, entry in evidence.items()}


def _scale(part: tuple[str, str, float, float]) -> Scale:
    measure, threshold, worst, best = part
    return scale_of(measure, threshold, worst, best)


def position_of(study: Reported) -> Position:
    """Place a landscape in the plane of the two questions."""
    leads, stands = _witnesses(study)
    measures = evidence_of(study)
    across, across_scale, across_parts = _ask(leads, measures)
    up, up_scale, up_parts = _ask(stands, measures)
    if up is not None or "satisfied" in measures:
        met = measures.get("satisfied")
        if isinstance(met, Estimate) and met.low >= 1.0:
            up, up_scale = Placed(SURE, SURE, SURE, "satisfied", "every interaction (proven)"), None
    rivals = measures.get("rivals")
    if isinstance(rivals, Estimate) and rivals.high == 0.0:
        up, up_scale = Placed(SURE, SURE, SURE, "rivals", "none"), None
    clouds = _clouds(study, across_parts if across else (), up_parts, up_scale=up_scale)
    return Position(across, up, clouds, (across_scale, up_scale))


Parts = tuple[tuple[str, str, float, float], ...]


def _ask(
    witnesses: Sequence[_Witness], measures: Mapping[str, Measurement]
) -> tuple[Placed | None, Scale | None, Parts]:
    """First witness that says yes or no; else the first with an answer."""
    kept: tuple[Placed | None, Scale | None, Parts] = (None, None, witnesses[0].parts)
    for witness in witnesses:
        found = [(part, answer) for part in witness.parts if isinstance(answer := measures.get(part[0]), Estimate)]
        if not found or found[0][0] is not witness.parts[0]:
            continue
        rows = [_placed(_scale(part), answer) for part, answer in found]
        # All must say yes: the lowest of them stands for the witness.
        lowest = min(rows, key=lambda row: row.value)
        whole = Placed(
            lowest.value, min(row.low for row in rows), min(row.high for row in rows), lowest.measure, lowest.said
        )
        main = next(_scale(part) for part, _ in found if part[0] == lowest.measure)
        if whole.answer != "open":
            return whole, main, witness.parts
        if kept[0] is None:
            kept = (whole, main, witness.parts)
    return kept


def _placed(scale: Scale, answer: Estimate) -> Placed:
    ends = sorted((scale.place(answer.low), scale.place(answer.high)))
    return Placed(scale.place(answer.value), ends[0], ends[1], scale.measure, said(answer))


def said(answer: Estimate) -> str:
    """Three digits, and the interval where it shows."""
    ends = f"{answer.low:.3g}", f"{answer.high:.3g}"
    return f"{answer.value:.3g}" + ("" if ends[0] == ends[1] else f" [{ends[0]}, {ends[1]}]")


RULED = {"search_ruler": ("blind search", 0.0), "guidance": ("shuffled minima", 0.0)}
"""Measures that are places between two nulls by their definition: what stands at 0."""
REFERENCE = {"native_gap": ("native_z", "random signs"), "stability_gap": ("stability_z", "shuffled interactions")}
"""Gaps to an ensemble, whose own spread is the gap over its score."""


def _clouds(study: Reported, across: Parts, up: Parts, *, up_scale: Scale | None) -> tuple[Cloud, ...]:
    """Clouds of the nulls that were measured, and of those that a measure compares with by its definition."""
    clouds: list[Cloud] = []
    for name, row in study.nulls.items():
        leads, stands = _measured(row, across), _measured(row, up)
        if leads or stands:
            clouds.append(Cloud(name.replace("_", " "), leads, stands))
    for part in across[:1]:
        if part[0] in RULED and all(cloud.leads is None for cloud in clouds):
            name, at = RULED[part[0]]
            place = _scale(part).place(at)
            clouds.append(Cloud(name, (place - 0.015, place + 0.015), None))
    reference = _reference(study, up, scale=up_scale)
    if reference is not None:
        clouds = _with(clouds, reference)
    return tuple(clouds)


def _measured(row: Mapping[str, Measurement], parts: Parts) -> tuple[float, float] | None:
    answer = row.get(parts[0][0]) if parts else None
    if not isinstance(answer, Estimate) or answer.exact:
        return None
    placed = _placed(_scale(parts[0]), answer)
    return placed.low, placed.high


def _reference(study: Reported, up: Parts, *, scale: Scale | None) -> Cloud | None:
    """Cloud of the ensemble to which a gap is measured: its mean at 0, its spread as the score says."""
    found = REFERENCE.get(up[0][0])
    gap = evidence_of(study).get(up[0][0])
    if found is None or scale is None or not isinstance(gap, Estimate):
        return None
    score = evidence_of(study).get(found[0])
    if not isinstance(score, Estimate) or abs(score.value) < 1e-6 or not math.isfinite(gap.value / score.value):
        return None
    reach = 1.96 if scale.measure == found[0] else 1.96 * abs(gap.value / score.value)
    name = "shuffled labels" if study.graph.road == "trained" else found[1]
    return Cloud(name, None, (scale.place(-reach), scale.place(reach)))


def _with(clouds: list[Cloud], added: Cloud) -> list[Cloud]:
    """Clouds with the extent of one added, to the cloud of its name where there is one."""
    for place, cloud in enumerate(clouds):
        if cloud.name == added.name:
            clouds[place] = Cloud(cloud.name, cloud.leads or added.leads, cloud.stands or added.stands)
            return clouds
    return [*clouds, added]
