"""The kind of a smooth landscape: by where its kinetics lead, and by the rivals of its lowest minimum.

*Where it leads*: guidance places the passage to the lowest minimum between that of shuffled and that of sorted minima
on the same graph. Where it is low, a few bottoms to which the map leads make several funnels, and none a glass. Where
no order of these energies would lead anywhere, a passage as slow as trying all minima is a golf course.

*Rivals*: a map that leads to its lowest minimum may still have another valley that holds as much and is left over a
barrier far higher than the usual one. Too few minima for a ruler are judged by rivals alone.

Measures: `measure.smooth_kinetics_measures`, `measure.rivals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.thresholds import THRESHOLDS

__all__ = ["SMOOTH_EVIDENCE", "smooth_kind"]

SmoothKind: TypeAlias = Literal["funnel", "multi-funnel", "golf course", "glass", "smooth", "undecided"]
Found: TypeAlias = tuple[SmoothKind, str]
Measures: TypeAlias = Mapping[str, Measurement]

SMOOTH_EVIDENCE = (
    "minima", "fewest_visits", "connected_share", "loops", "guidance", "guidance_room", "funnel_bottoms",
    "bottoms_guidance", "passage", "relaxation", "blind_share", "rivals", "rival_gap", "rival_barrier",
    "rival_occupation", "rival_descents", "rival_funnels", "rival_escape", "rival_height", "drop_per_barrier",
    "frustration", "ground_descents", "ground_depth",
)  # fmt: skip
"""Measures on which the verdict of a smooth landscape rests."""


def _limit(name: str) -> float:
    return THRESHOLDS[name].value


def _read(measures: Measures, name: str) -> Estimate | None:
    found = measures.get(name)
    return found if isinstance(found, Estimate) else None


def smooth_kind(measures: Measures) -> Found | None:
    """Kind of a smooth landscape and the reason; None for the measures of another kind of landscape."""
    count, minima = _read(measures, "rivals"), _read(measures, "minima")
    if count is None or minima is None:
        return None
    needle = _needle(measures)
    if needle is not None:
        return needle
    met = _read(measures, "fewest_visits")
    visits = 0.0 if met is None else met.value
    if minima.value < _limit("few_minima") and visits < _limit("searches_met"):
        return "undecided", _too_few(minima.value, visits)
    if minima.value == 1.0:
        return "smooth", f"every search ends in the one minimum ({visits:.0f} of them)"
    unknown = _unconnected(measures)
    if unknown is not None:
        return "undecided", unknown
    found = _kind(measures, minima.value, count.value, visits=visits)
    if minima.value < _limit("few_minima"):
        return found[0], f"{found[1]}; each minimum was met by {visits:.0f} searches"
    return found


def _kind(measures: Measures, minima: float, count: float, *, visits: float) -> Found:
    ruled = minima >= _limit("ruled_minima") and not _search_tree(measures, visits)
    found = _kind_by_kinetics(measures, minima) if ruled else None
    if found is not None:
        return found
    return _kind_by_rivals(measures, minima, count, ruled=ruled)


def _too_few(minima: float, met: float) -> str:
    few = "1 minimum is" if minima == 1.0 else f"{minima:.0f} minima are"
    return (
        f"{few} too few while others may be missing: one was met by {met:.0f} "
        f"search{'' if met == 1.0 else 'es'} only, not {_limit('searches_met'):.0f}; explore further"
    )


def _unconnected(measures: Measures) -> str | None:
    """Why the map is too disconnected to judge, if it is."""
    inside = _read(measures, "connected_share")
    if inside is not None and inside.low >= _limit("connected_share"):
        return None
    few = inside is not None and inside.value < _limit("connected_share")
    said = (
        "an unknown share" if inside is None else f"{'only ' if few and inside.value else ''}{100 * inside.value:.0f} %"
    )
    drained = measures.get("funnel_weight")
    without = isinstance(drained, NoAnswer) and drained.outcome == "no_descents"
    which = "minima have" if without else "descents end in minima with"
    return f"{said} of the {which} a known path to the lowest{'' if few else ', not surely half'}: explore further"


def _search_tree(measures: Measures, visits: float) -> bool:
    """Whether the saddles form hardly more than a tree because a search went from one minimum to the next."""
    loops, drained = _read(measures, "loops"), measures.get("funnel_weight")
    recorded = isinstance(drained, NoAnswer) and drained.outcome == "no_descents"
    sparse = loops is not None and loops.value < _limit("loops")
    return sparse and not recorded and visits < _limit("searches_met")


def _kind_by_kinetics(measures: Measures, minima: float) -> Found | None:
    """Kind that passage times tell; None where they tell none, or that rivals have the last word."""
    room = _read(measures, "guidance_room")
    if room is None:
        return None
    guidance = _read(measures, "guidance")
    if guidance is None:
        return _kind_without_room(measures, minima, room.value)
    bottoms, reached = _read(measures, "funnel_bottoms"), _read(measures, "bottoms_guidance")
    gained = 0.0 if reached is None else reached.value - guidance.value
    if bottoms is not None and bottoms.value > 1.0 and reached is not None and gained >= _limit("guidance_gained"):
        return "multi-funnel", (
            f"it leads to one of {bottoms.value:.0f} minima (guidance {reached.value:.2f}), not to the lowest alone "
            f"({guidance.value:.2f}; shuffled 0, sorted 1)"
        )
    if guidance.low >= _limit("guidance_lost"):
        return None
    if guidance.high > _limit("guidance_lost") and _held_apart(measures):
        # It leads too far for a glass; rivals that are hard to leave make it no single funnel.
        return None
    if guidance.high > _limit("guidance_lost"):
        return "undecided", (
            f"passage to the lowest of {minima:.0f} minima is about as near to shuffled as to sorted minima "
            f"(guidance {guidance.value:.2f})"
        )
    passage = _read(measures, "passage")
    slow = "" if passage is None else f", passage takes exp({passage.value:.1f}) stays"
    return "glass", (
        f"it leads neither to the lowest of {minima:.0f} minima (guidance {guidance.value:.2f}; shuffled 0, sorted 1) "
        f"nor to a few others{slow}"
    )


def _needle(measures: Measures) -> Found | None:
    """Golf course where nearly all random descents end on ground that is flat beside the lowest minimum's depth."""
    caught, depth = _read(measures, "ground_descents"), _read(measures, "ground_depth")
    if caught is None or depth is None:
        return None
    if caught.high > _limit("ground_descents_lost") or depth.low < _limit("ground_depth"):
        return None
    return "golf course", (
        f"{_percent(caught.value)} of the random descents find the lowest minimum, {depth.value:.3g} times as deep as "
        "the ground around it is rough"
    )


def _kind_without_room(measures: Measures, minima: float, room: float) -> Found | None:
    """Kind of a map whose energies lead nowhere in any order: the lowest minimum is found blindly, or at once."""
    blind = _read(measures, "blind_share")
    if blind is None:
        return None
    if room < _limit("guidance_room_lost"):
        return "undecided", (
            f"sorted minima are passed exp({-room:.1f}) times slower than shuffled ones: heights of passes, not "
            "energies, decide"
        )
    if blind.high <= _limit("blind_share_lost"):
        return "golf course", (
            f"no order of these energies leads to the lowest of {minima:.0f} minima, and finding it is as slow as "
            f"trying all (efficiency {blind.value:.2f})"
        )
    return None


def _kind_by_rivals(measures: Measures, minima: float, count: float, *, ruled: bool) -> Found:
    lead = _lead(measures) if ruled else ""
    if count == 0.0:
        return "funnel", f"no trap among {minima:.0f} minima is deeper than the drop that remains{lead}"
    held, caught, funnels = (_read(measures, f"rival_{name}") for name in ("occupation", "descents", "funnels"))
    if held is None or caught is None or funnels is None:
        return "undecided", "it is not known how much the rivals hold: measure all"
    traps, be, hold = ("one rival trap", "is", "holds") if count == 1.0 else (f"{count:.0f} rival traps", "are", "hold")
    if held.value < _limit("rival_occupation") and caught.low < _limit("rival_descents"):
        return "funnel", f"{traps} {hold} {_percent(held.value)} of the weight at most{lead}"
    escape, height = _read(measures, "rival_escape"), _read(measures, "rival_height")
    if held.value < _limit("rival_majority") and escape is not None and escape.value < _limit("rival_escape"):
        return "funnel", (
            f"{traps} {hold} {_percent(held.value)} of the weight behind barriers of {escape.value:.2g} temperatures "
            f"at most, as substates do{lead}"
        )
    low = height is not None and height.value < _limit("rival_height")
    if height is not None and low and (lead or (ruled and _soon(measures))):
        return "funnel", f"{traps} {be} left over barriers {height.value:.2g} times the usual one at most{lead}"
    falling = "" if caught.value <= held.value else f" and {_percent(caught.value)} of the descents"
    share = _percent(held.value)
    weighed = f"{traps} {hold} {share} of the weight{falling}, as {funnels.value:.1f} equal funnels do"
    # No glass leads to its lowest minimum, even half-way, however many rivals there are.
    if lead or (ruled and _half_way(measures)) or funnels.value <= _limit("rival_funnels_lost"):
        return "multi-funnel", weighed
    if funnels.value >= _limit("rival_funnels") and not low:
        return "glass", weighed
    led = _lead(measures)
    if funnels.value >= _limit("rival_funnels") and led:
        # On the tree of a search guidance alone says little; that none of many rivals is hard to leave settles it.
        return "funnel", f"{traps} {be} left over barriers like any other{led}"
    if funnels.value >= _limit("rival_funnels"):
        return "undecided", f"{weighed}, over usual barriers: explore further"
    return "undecided", f"{weighed}: between multi-funnel and glass"


def _half_way(measures: Measures) -> bool:
    """Whether guidance is not surely lost."""
    guidance = _read(measures, "guidance")
    return guidance is not None and guidance.high > _limit("guidance_lost")


def _held_apart(measures: Measures) -> bool:
    """Whether rivals hold weight behind barriers far above the usual one."""
    held, height = _read(measures, "rival_occupation"), _read(measures, "rival_height")
    weighty = held is not None and held.value >= _limit("rival_occupation")
    return weighty and height is not None and height.value >= _limit("rival_height")


def _soon(measures: Measures) -> bool:
    """Whether the lowest minimum is found much sooner than by trying all, where no order of energies matters."""
    blind, guidance = _read(measures, "blind_share"), _read(measures, "guidance")
    return guidance is None and blind is not None and blind.low > _limit("blind_share_lost")


def _lead(measures: Measures) -> str:
    """Clause that the kinetics lead to the lowest minimum; empty where no ruler says it."""
    guidance = _read(measures, "guidance")
    leads = guidance is not None and guidance.low >= _limit("guidance_lost")
    return f" (guidance {guidance.value:.2f}; shuffled 0, sorted 1)" if leads and guidance is not None else ""


def _percent(share: float) -> str:
    """Two digits, and 100 % only of all."""
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{min(100.0 * share, 99.9 if share < 1.0 else 100.0):.3g} %"
