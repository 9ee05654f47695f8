"""The rule for exact maps of binary landscapes: proofs, then rivals, then what stands out, then where it leads.

*Proofs*: no interactions, or one minimum. *Rivals*: a few deep valleys that have little in common, to one of which a
search leads. *Does a native state stand out?* Its energy lies below what the same interactions with random signs reach;
or fields, the interactions of order 1, make up most of the energy. *Does the landscape lead there?* The time to the
native states between that of blind search and that of the ideal guide.

Every number is a ruler, a share, or compared with nulls made of the landscape itself, so that the limits are the same
at every size (see `measure.rulers`, `measure.walsh`).
"""

from __future__ import annotations

import math

from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.verdict.witness import Answer, Case, Conclusion, Finding, number, percent

__all__ = ["conclude"]

LARGER = "compare larger sizes"


def conclude(case: Case) -> Conclusion:
    """Kind and reason."""
    fields = case.read("order_1")
    if isinstance(fields, NoAnswer) and fields.outcome == "flat":
        return "smooth", "every state has one energy (proven)"
    if isinstance(fields, Estimate) and fields.low >= 1.0:
        return "smooth", "no two variables interact, so that there is one minimum (proven)"
    blind = case.value("blind_search")
    if blind is not None and math.log(max(blind.value, 1.0)) < case.limit("entropy"):
        return "undecided", f"one state in {blind.value:.3g} is native: too few others to tell the kinds apart"
    leads, stands, sloped = _leads(case), _stands_out(case), _sloped(case)
    if _one_minimum(case):
        return _of_one_minimum(leads=leads, stands=stands, sloped=sloped)
    rivals = _rivals(case)
    if rivals.yes:
        either = _either(case)
        if either.yes:
            return "multi-funnel", f"{rivals.clause}; {either.clause} (ideal 1)"
        if either.answer == "open" and not leads.no:
            return "undecided", f"{rivals.clause}, but {either.clause}; {LARGER}"
    if stands.yes or sloped.yes:
        return _with_native(case, leads=leads, stands=stands, sloped=sloped, rivals=rivals)
    return _without_native(case, leads=leads, stands=stands, sloped=sloped)


def _of_one_minimum(*, leads: Finding, stands: Finding, sloped: Finding) -> Conclusion:
    """Of one minimum, to which every descent leads: by proof there is no trap and no rival."""
    if leads.no:
        if stands.yes:
            return "golf course", f"{stands.clause}, but {leads.clause}"
        return "undecided", f"there is one minimum (proven), but {leads.clause}; {LARGER}"
    if stands.yes and not sloped.yes:
        return "funnel", f"there is one minimum (proven), and {stands.clause}"
    return "smooth", "there is one minimum, and no descent ends elsewhere (proven)"


def _with_native(
    case: Case, *, leads: Finding, stands: Finding, sloped: Finding, rivals: Finding
) -> Conclusion:  # fmt: skip
    """Of a landscape with a native state: one that stands out, or to which fields point."""
    native = stands if stands.yes else sloped
    if leads.no:
        if stands.yes:
            return "golf course", f"{stands.clause}, but {leads.clause}"
        return "undecided", f"{sloped.clause}, but {leads.clause}; {LARGER}"
    if leads.answer == "open":
        return "undecided", f"{native.clause}, but {leads.clause}; {LARGER}"
    if rivals.answer != "no":
        return "undecided", f"{leads.clause}, but {rivals.clause}"
    alike = _alike(case)
    if not alike.yes:
        return "undecided", f"{leads.clause}, but {alike.clause}"
    traps = _traps(case)
    if sloped.yes and traps.no:
        return "smooth", f"{sloped.clause}, and {traps.clause}"
    parts = _parts(case)
    if parts is not None:
        return "undecided", parts
    if sloped.yes and traps.answer == "open" and not stands.yes:
        return "undecided", f"{sloped.clause}, and {traps.clause}, between smooth and funnel"
    return "funnel", f"{leads.clause}, and {native.clause}"


def _without_native(case: Case, *, leads: Finding, stands: Finding, sloped: Finding) -> Conclusion:
    """Of a landscape of which nothing says that a native state stands out."""
    parts = _parts(case)
    if parts is not None:
        return "undecided", parts
    if stands.answer == "open" or sloped.answer == "open":
        left = stands if stands.answer == "open" else sloped
        if leads.no and _many_valleys(case):
            return "glass", f"{leads.clause}, and {left.clause}"
        return "undecided", f"{leads.clause}, but {left.clause}; {LARGER}"
    if leads.no:
        return "glass", f"{leads.clause}, and {stands.clause}"
    traps, alike = _traps(case), _alike(case)
    if traps.yes:
        return "glass", f"{stands.clause}, and {traps.clause}"
    if not alike.yes:
        return "undecided", f"{traps.clause}, but {alike.clause}"
    return "undecided", f"{stands.clause}, but {traps.clause}; {LARGER}"


# ---------------------------------------------------------------------------------------------
# Witnesses


def _one_minimum(case: Case) -> bool:
    """Whether there is one minimum, of one state up to symmetry, and every other state has a lower neighbour."""
    minima, overlap, stuck = (case.value(name) for name in ("minima", "native_overlap", "stuck_share"))
    alone = minima is not None and minima.value == 1.0 and overlap is not None and overlap.value >= 1.0
    return alone and stuck is not None and stuck.value == 0.0


def _stands_out(case: Case) -> Finding:
    """Nothing is frustrated; or the gap below the ground energy of random signs, over the mean gap and its scatter."""
    met = case.value("satisfied")
    if met is not None and met.value >= 1.0:
        return Finding("yes", "the ground state satisfies every interaction (proven)")
    gap, score = case.read("native_gap"), case.read("native_z")
    if isinstance(gap, NoAnswer):
        return Finding("open", f"the gap to random signs has no answer: {gap.cause}")
    sure: Answer = "yes"
    said = flat = f"{100.0 * gap.value:.2g} %"
    if isinstance(score, Estimate):
        sure = case.side("native_z", score)
        flat = f"{said}, Z = {score.value:.2g}"
        said += f" (Z = {score.value:.2g})"
    deep = case.side("native_gap", gap)
    if deep == sure == "yes":
        return Finding("yes", f"the ground energy lies {said} below that of random signs")
    if deep == "no" or sure == "no":
        return Finding("no", f"random signs reach as low as the ground energy (gap {flat})")
    return Finding("open", f"its gap to random signs is that of glass or funnel ({flat})")


def _sloped(case: Case) -> Finding:
    """Share of the energy's variance that fields make up: a slope to one state from everywhere."""
    return case.compared(
        "order_1", "order_1", lambda share: f"fields make up {percent(share)} of the energy's variance"
    )


def _leads(case: Case) -> Finding:
    """Search ruler: 0 as blind search, 1 as the ideal guide."""
    return case.compared(
        "search_ruler", "search_ruler",
        lambda found: f"search stands at {number(found)} between blind (0) and ideal (1)",
    )  # fmt: skip


def _rivals(case: Case) -> Finding:
    """Whether a few other valleys are as deep, hold a share, and have little in common with the native one."""
    depth, share, valleys = case.read("rival_valley_depth"), case.value("rival_share"), case.value("deep_valleys")
    if isinstance(depth, NoAnswer):
        return Finding("open", f"rival valleys are not known: {depth.cause}")
    answer = case.side("rival_valley_depth", depth)
    held = "a share" if share is None else percent(share)
    said = f"a dissimilar valley, {percent(depth)} of the mean gap deep, drains {held} of states"
    if answer == "yes" and share is not None and share.value > 1.0 - case.limit("valley_share"):
        return Finding("open", f"a dissimilar valley drains {held} of the states, and hardly any is left")
    if answer == "yes" and (valleys is None or valleys.value > case.limit("deep_valleys")):
        many = "many" if valleys is None else f"{valleys.value:.0f}"
        return Finding("open", f"{many} valleys are deep")
    return Finding(answer, said)


def _either(case: Case) -> Finding:
    """Search ruler of the native states and the rivals' bottoms together."""
    return case.compared(
        "either_ruler",
        "either_ruler",
        lambda found: f"search for either stands at {number(found)}",
    )


def _parts(case: Case) -> str | None:
    """What to do where the variables fall into blocks of like size that do not interact; None where they do not."""
    block = case.value("largest_block")
    if block is None or block.value > case.limit("largest_block"):
        return None
    return f"it falls into blocks that do not interact, of at most {percent(block)} of the variables; judge one"


def _many_valleys(case: Case) -> bool:
    valleys = case.value("deep_valleys")
    return valleys is not None and valleys.value > case.limit("deep_valleys")


def _alike(case: Case) -> Finding:
    """Whether the ground states are one structure."""
    count = case.value("ground_states")
    many = "the" if count is None else f"{count.value:.0f}"
    return case.compared(
        "native_overlap",
        "native_overlap",
        lambda found: f"{many} ground states have a mean overlap of {number(found)}, so that no structure is native",
    )


def _traps(case: Case) -> Finding:
    """Depth of the deepest trap in units of what a flip changes."""
    found = case.compared(
        "trap_height", "trap_height", lambda height: f"the deepest trap is {number(height)} typical flips deep"
    )
    height = case.value("trap_height")
    return Finding(found.answer, "no barrier traps a descent") if height is not None and height.value == 0.0 else found
