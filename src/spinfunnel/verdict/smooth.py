"""The kind of a smooth landscape: by the rivals of its lowest minimum, what they hold, and for how long.

A smooth map holds minima and saddles that were found; what decides are the measures of `measure.rivals` and
`measure.superposition`. Few minima tell the kinds apart only where the map is likely to hold all of them.

Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.thresholds import THRESHOLDS

__all__ = ["SMOOTH_EVIDENCE", "smooth_kind"]

SmoothKind: TypeAlias = Literal["funnel", "multi-funnel", "glass", "smooth", "undecided"]

SMOOTH_EVIDENCE = (
    "minima", "fewest_visits", "connected_share", "rivals", "trap_ratio", "rival_gap", "rival_barrier",
    "rival_occupation", "rival_descents", "rival_funnels", "rival_escape", "frustration",
)  # fmt: skip
"""Measures on which the verdict of a smooth landscape rests."""


def _limit(name: str) -> float:
    return THRESHOLDS[name].value


def smooth_kind(measures: Mapping[str, Measurement]) -> tuple[SmoothKind, str] | None:
    """Kind of a smooth landscape by its rivals, and the reason; None for the measures of another kind of landscape."""
    count, minima = measures.get("rivals"), measures.get("minima")
    if not (isinstance(count, Estimate) and isinstance(minima, Estimate)):
        return None
    told = measures.get("funnel_weight")
    descents = not (isinstance(told, NoAnswer) and told.outcome == "no_descents")
    if minima.value >= _limit("few_minima"):
        return _kind_by_rivals(measures, minima.value, descents=descents)
    visits = measures.get("fewest_visits")
    met = visits.value if isinstance(visits, Estimate) else 0.0
    if met < _limit("searches_met"):
        return "undecided", _too_few(minima.value, met)
    if minima.value == 1.0:
        return "smooth", f"every search ends in the one minimum ({met:.0f} of them)"
    kind, reason = _kind_by_rivals(measures, minima.value, descents=descents)
    return kind, f"{reason}; none is likely to be missing, for each was met by {met:.0f} searches or more"


def _too_few(minima: float, met: float) -> str:
    met_enough = _limit("searches_met")
    few = "1 minimum is" if minima == 1.0 else f"{minima:.0f} minima are"
    return (
        f"{few} too few to tell the kinds apart while others may be missing: one was met by {met:.0f} "
        f"search{'' if met == 1.0 else 'es'} only, not {met_enough:.0f}; explore further"
    )


def _kind_by_rivals(measures: Mapping[str, Measurement], minima: float, *, descents: bool) -> tuple[SmoothKind, str]:
    share_inside, ratio = measures.get("connected_share"), measures.get("trap_ratio")
    if not isinstance(share_inside, Estimate) or share_inside.low < _limit("connected_share"):
        said = f"{100 * share_inside.value:.0f} %" if isinstance(share_inside, Estimate) else "an unknown share"
        which = "of the descents end in minima with" if descents else "of the minima have"
        return "undecided", f"only {said} {which} a known path to the lowest: explore further"
    if not isinstance(ratio, Estimate):
        return "undecided", "no barriers are known: explore further"
    count = measures.get("rivals")
    assert isinstance(count, Estimate)  # noqa: S101 - the caller saw it
    if count.value == 0.0:
        return "funnel", (
            f"each of {minima:.0f} minima leads to the lowest over barriers below the drop that remains "
            f"(largest ratio {ratio.value:.2g})"
        )
    held, caught, funnels = (measures.get(f"rival_{name}") for name in ("occupation", "descents", "funnels"))
    if not (isinstance(held, Estimate) and isinstance(caught, Estimate) and isinstance(funnels, Estimate)):
        return "undecided", "it is not known how much the rivals hold: measure all"
    gap, barrier = measures.get("rival_gap"), measures.get("rival_barrier")
    lowest = ""
    if isinstance(gap, Estimate) and isinstance(barrier, Estimate):
        lowest = f", the lowest {gap.value:.3g} above it and behind a barrier of {barrier.value:.3g} at most"
    noun = "trap is" if count.value == 1.0 else "traps are"
    said = f"{count.value:.0f} {noun} deeper than the drop to the lowest minimum that remains{lowest}"
    share = f"{_percent(held.value)} of the weight"
    if held.value < _limit("rival_occupation") and caught.low < _limit("rival_descents"):
        return "funnel", f"{said}; but they never hold more than {share} before the landscape melts"
    escape = measures.get("rival_escape")
    if held.value < _limit("rival_majority") and isinstance(escape, Estimate) and escape.value < _limit("rival_escape"):
        return "funnel", (
            f"{said}; but they never hold more than {share}, and the highest barrier out of them is {escape.value:.2g} "
            "times the temperature then, so that they are soon left: substates of one native state"
        )
    falling = f" and {_percent(caught.value)} of the descents" if descents else ""
    weighed = f"{said}; they hold {share}{falling}, shared out as among {funnels.value:.1f} equal funnels"
    if funnels.value <= _limit("rival_funnels_lost"):
        return "multi-funnel", weighed
    if funnels.value >= _limit("rival_funnels"):
        return "glass", weighed
    return "undecided", f"{weighed}: more than a few, and fewer than a glass has"


def _percent(share: float) -> str:
    """Two digits, and 100 % only of all."""
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{min(100.0 * share, 99.9 if share < 1.0 else 100.0):.3g} %"
