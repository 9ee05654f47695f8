"""The rule for maps whose states were not all counted, and for graphs: measures of the map against fixed limits.

Two independent questions span the plane of the verdict. *Thermodynamics*: does a native state stand out? *Kinetics*:
does the landscape lead there? Each is put to a row of witnesses; the first that says yes or no decides. Where nothing
stands out, a third row asks for *barriers*: they tell a glass from a smooth landscape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.verdict.witness import SHUFFLED, Answer, Case, Conclusion, Finding, Witness, ask, number, percent

__all__ = ["Own", "conclude", "concluded", "guided", "stability", "stands_out", "walks_fail"]


@dataclass(frozen=True, slots=True)
class Own:
    """What a kind of landscape asks in its own way; all else is asked of every kind.

    Attributes
    ----------
    stands : callable
        Whether a native state stands out.
    lost : callable
        Whether nothing leads to a native state that stands out, so that it is a hole.
    """

    stands: Witness
    lost: Callable[[Case], bool]


def conclude(case: Case) -> Conclusion:
    """Kind and reason, of bits and of graphs."""
    return concluded(case, Own(stands_out, walks_fail))


def concluded(case: Case, own: Own) -> Conclusion:
    """Kind and reason, with the questions that a kind asks in its own way."""
    entropy = case.read("entropy")
    if isinstance(entropy, Estimate) and entropy.high < case.limit("entropy"):
        few = round(math.exp(entropy.value))
        return "undecided", f"{few} states that are not native are too few to tell the kinds apart"
    kind, reason = _decide(case, own)
    return kind, reason if SHUFFLED in case.nulls else f"{reason} (no nulls)"


def _decide(case: Case, own: Own) -> Conclusion:
    stands, leads, barriers = own.stands(case), _leads(case), _barriers(case)
    if leads.answer == "yes" and barriers.answer == "no" and _featureless(case):
        follows = _follows(case)
        if follows.answer == "yes":
            return "smooth", f"{leads.clause}, and {barriers.clause}"
        return "undecided", f"{barriers.clause}, but {follows.clause}; compare larger sizes"
    if stands.answer == "yes":
        return _native(case, own, stands=stands, leads=leads)
    together = f"{leads.clause}, and {stands.clause}"
    if leads.answer == "no":
        # Where nothing leads to it, a native state that does not clearly stand out is the lowest of many.
        return "glass", together
    if stands.answer == "no" and barriers.answer == "yes":
        lost = _lost(case)
        if lost.answer == "yes":
            return "glass", f"{stands.clause}, and {lost.clause}"
        return "undecided", f"{stands.clause}, but {lost.clause}; compare larger sizes"
    if leads.answer == "yes":
        return "undecided", f"{leads.clause}, but {stands.clause}; compare larger sizes"
    return "undecided", together


def _native(case: Case, own: Own, *, stands: Finding, leads: Finding) -> Conclusion:
    """Kind of a landscape whose native state stands out."""
    together = f"{leads.clause}, and {stands.clause}"
    rival = _rival(case)
    if rival.answer != "no":
        slope = guided(case)
        if rival.answer == "yes" and slope.answer == "yes":
            return "multi-funnel", f"{stands.clause}, but {rival.clause}"
        if slope.answer != "no":
            return "undecided", f"{slope.clause}, but {rival.clause}"
    if leads.answer == "no" and own.lost(case):
        return "golf course", f"{stands.clause}, but {leads.clause}"
    if leads.answer == "yes" and rival.answer == "no":
        return "funnel", together
    return "undecided", f"{leads.clause}, but {rival.clause}" if leads.answer == "yes" else together


# ---------------------------------------------------------------------------------------------
# Thermodynamics: does a native state stand out?


def stands_out(case: Case) -> Finding:
    """Ask the witnesses in a row."""
    return ask(case, _STANDS_OUT)


def _random_energy_form(case: Case) -> Finding:
    """Tf/Tg with all other states as one random energy model: its yes is strong, its no proves little."""
    ratio = case.read("tf_tg")
    if isinstance(ratio, NoAnswer):
        if ratio.outcome == "no_roughness":
            return Finding("yes", "all other states have one energy, far above the native one")
        return Finding("open", f"Tf/Tg is not known: {ratio.cause}")
    if ratio.low >= case.limit("tf_tg"):
        return Finding("yes", f"Tf/Tg = {number(ratio)}")
    return Finding("open", f"Tf/Tg = {number(ratio)}, below the limit of {case.limit('tf_tg'):g}")


def stability(case: Case) -> Finding:
    """Gap of the native energy below the ground energies of the same system with its interactions shuffled.

    The gap says how far it lies below, the Z-score whether that is chance; without a spread there is no chance. A large
    gap that may be chance, as small systems have it, says nothing.
    """
    gap, score = case.read("stability_gap"), case.read("stability_z")
    if isinstance(gap, NoAnswer):
        return Finding("open", f"the gap to shuffled interactions is not known: {gap.cause}")
    deep, sure = case.side("stability_gap", gap), "yes"
    said = flat = f"{100.0 * gap.value:.2g} %"
    if isinstance(score, Estimate):
        sure = case.side("stability_z", score)
        flat = f"{said}, Z = {score.value:.2g}"
        said += f" (Z = {score.value:.2g})"
    if deep == sure == "yes":
        return Finding("yes", f"the ground energy lies {said} below that of shuffled interactions")
    if deep == "no" or (sure == "no" and deep != "yes"):
        return Finding("no", f"shuffled interactions reach as low (gap {flat})")
    return Finding("open", f"its gap to shuffled interactions is that of glass or funnel ({flat})")


def _depth_below_band(case: Case) -> Finding:
    """Depth of the native state in units of what random energies of the roughness at fixed overlap reach."""
    depth = case.read("native_depth")
    if isinstance(depth, NoAnswer):
        if depth.outcome == "no_roughness":
            return Finding("yes", "the energy depends on the overlap with the native state alone")
        return Finding("open", f"the depth of the native state is not known: {depth.cause}")
    said = f"{number(depth)} times that of random energies"
    answer = case.side("native_depth", depth)
    if answer == "yes":
        return Finding("yes", f"the native depth is {said}")
    if answer == "no":
        return Finding("no", f"the native depth is only {said}")
    return Finding("open", f"the native depth is {said} (glass or funnel)")


def _gap_to_decoys(case: Case) -> Finding:
    """Gap to the best dissimilar state.

    Correlated landscapes without interactions to shuffle need it: a disordered ferromagnet in two dimensions lies no
    deeper than its band, since most of its low states are the native one with a few spins turned.
    """
    gap = case.read("decoy_gap")
    if isinstance(gap, NoAnswer):
        return Finding("open", f"the gap to dissimilar states is not known: {gap.cause}")
    said = f"{100 * gap.value:.3g} % of the mean gap higher"
    answer = case.side("decoy_gap", gap)
    if answer == "yes":
        return Finding("yes", f"the best dissimilar state lies {said}")
    if answer == "no":
        return Finding("no", f"a dissimilar state lies only {said}")
    return Finding("open", f"a dissimilar state lies {said} (glass or funnel)")


def _featureless(case: Case) -> bool:
    """Whether nothing says that the native state is more than the foot of one slope.

    The depth below the band at fixed overlap is not asked: independent spins in a field of one strength have none.
    """
    gap, score = case.read("stability_gap"), case.read("stability_z")
    chance = isinstance(score, Estimate) and case.side("stability_z", score) == "no"
    by_chance = chance or isinstance(gap, NoAnswer) or stability(case).answer == "no"
    return by_chance and _random_energy_form(case).answer != "yes"


# ---------------------------------------------------------------------------------------------
# Kinetics: does the landscape lead there?


def _leads(case: Case) -> Finding:
    """What the witnesses say, but no "no" that a rival may be to blame for.

    Walks are slow to leave a rival, so that they cannot tell two funnels from none; the slope can.
    """
    found = ask(case, _LEADS_THERE)
    if found.answer != "no" or _rival(case).answer != "yes":
        return found
    slope = guided(case)
    return Finding("open", slope.clause) if slope.answer == "yes" else found


def _walks(case: Case) -> Finding:
    """Levinthal efficiency: whether walks find the native state faster than blind search."""
    efficiency = case.read("levinthal")
    case.read("funnel_weight")  # beside it in the evidence
    if isinstance(efficiency, NoAnswer):
        return Finding("open", f"the Levinthal efficiency is not known: {efficiency.cause}")
    walks = f"(Levinthal efficiency {number(efficiency)})"
    answer = case.side("levinthal", efficiency)
    said = {"yes": "find the native state fast", "no": "are no faster than blind search", "open": "are hardly faster"}
    return Finding(answer, f"walks {said[answer]} {walks}")


def walks_fail(case: Case) -> bool:
    """Whether walks say that nothing leads to the native state, or are unknown."""
    return isinstance(case.read("levinthal"), NoAnswer) or _walks(case).answer == "no"


def _drainage(case: Case) -> Finding:
    """Share of all states that drain into the native funnel, against the thresholds and against shuffled energies."""
    weight, sharp = case.read("funnel_weight"), case.read("profile_area")
    if isinstance(weight, NoAnswer):
        return Finding("open", f"the funnel's weight is not known: {weight.cause}")
    said = _drains(weight)
    if weight.high <= case.limit("funnel_weight_lost"):
        return Finding("no", _drains(weight, only="only "))
    if weight.low < case.limit("funnel_weight"):
        return Finding("open", said)
    guide = _guidance(case)
    if guide.answer == "no":
        return guide
    null = case.shuffled("funnel_weight")
    if null is not None and weight.low <= null.high:
        return Finding("open", f"{said}, which so few states reach by chance")
    blunt = case.shuffled("profile_area")
    if blunt is not None and isinstance(sharp, Estimate) and sharp.high > max(blunt.low, 0.0) > 0.0:
        return Finding(
            "open",
            f"{said}, but no more sharply than by chance (profile area {number(sharp)})",
        )
    return Finding("yes", said)


def _guidance(case: Case) -> Finding:
    """Slope of the mean energy along the overlap: without it even a funnel that holds all states leads nowhere."""
    slope = case.read("funnel_slope")
    if isinstance(slope, NoAnswer):
        if slope.outcome in ("flat", "misleading"):
            return Finding("no", f"the energy gives no guidance: {slope.cause}")
        return Finding("open", f"the slope toward the native state is not known: {slope.cause}")
    said = f"{number(slope)} times its roughness toward the native state"
    if slope.high < case.limit("funnel_slope"):
        return Finding("no", f"the energy falls only {said}")
    return Finding("open", f"the energy falls {said}")


def guided(case: Case) -> Finding:
    """Whether the energy falls toward the native state as it does in a funnel, where a rival holds up the walks."""
    slope = case.read("funnel_slope")
    if isinstance(slope, NoAnswer):
        answers: Mapping[str, Answer] = {"no_roughness": "yes", "misleading": "no"}
        said = f"the slope toward the native state is not known: {slope.cause}"
        return Finding(answers.get(slope.outcome, "open"), said)
    said = f"the mean energy falls {number(slope)} times its roughness toward the native state"
    return Finding(case.side("rival_slope", slope), said)


def _rival(case: Case) -> Finding:
    """Whether another deep valley, or another native one, holds a stated share."""
    rival = case.read("rival_valley")
    if isinstance(rival, NoAnswer):
        answer: Answer = "open" if rival.outcome == "disconnected" else "no"
        return Finding(answer, f"rival valleys are not known: {rival.cause}")
    said = f"another deep valley holds {percent(rival)} of all states"
    return Finding(case.side("rival_valley", rival), said)


# ---------------------------------------------------------------------------------------------
# Barriers: is there anything to be trapped in?


def _barriers(case: Case) -> Finding:
    """Whether there are traps."""
    depth, minima = case.read("relative_depth"), case.read("minima")
    if not case.exact:
        many = _many_traps(case, minima)
        if many is not None:
            return many
    if isinstance(depth, NoAnswer):
        if depth.outcome in ("single_minimum", "all_native"):
            lone = isinstance(minima, Estimate) and minima.value == 1.0
            return Finding("no", "there is no other minimum to be trapped in" if lone else "every minimum is native")
        if depth.outcome == "flat":
            return Finding("no", "every state has the same energy")
        return Finding("open", f"the depth of traps is not known: {depth.cause}")
    said = f"the deepest trap is {100 * depth.value:.2g} % of the mean gap deep"
    return Finding(case.side("relative_depth", depth), said)


def _follows(case: Case) -> Finding:
    """Whether the energy follows the distance to the native state, as it does where spins hardly interact.

    A glass of few spins, or one with few levels of energy, may have no barrier at all, and is no smooth landscape.
    """
    correlation = case.read("fitness_distance")
    if isinstance(correlation, NoAnswer):
        alike = correlation.outcome == "flat"
        return Finding(
            "yes" if alike else "open", f"the correlation of energy and distance is not known: {correlation.cause}"
        )
    said = f"energy and distance to the native state correlate by only {number(correlation)}"
    return Finding(case.side("fitness_distance", correlation), said)


def _many_traps(case: Case, minima: Measurement) -> Finding | None:
    """Whether random descents of a sampled landscape end in many minima, most of them outside the native funnel.

    Depths over the mean gap fall with size whatever the landscape, so that those of small ones are no measure here.
    """
    if isinstance(minima, NoAnswer) or minima.low < case.limit("many_minima"):
        return None
    shares = (case.read(name) for name in ("funnel_weight", "followed_weight", "kick_weight"))
    if not any(isinstance(share, Estimate) and share.high <= case.limit("funnel_weight_lost") for share in shares):
        return None
    return Finding("yes", f"at least {minima.low:.3g} minima trap descents")


def _lost(case: Case) -> Finding:
    """Whether a share of the states worth the name is trapped outside the native funnel."""
    weight = case.read("funnel_weight")
    if isinstance(weight, NoAnswer):
        return Finding("open", f"the funnel's weight is not known: {weight.cause}")
    if weight.high <= case.limit("funnel_weight_all"):
        return Finding("yes", _drains(weight))
    for name, said in (
        ("followed_weight", "only {} of the descents followed reach the native state"),
        ("kick_weight", "only {} of the descents with kicks reach the native state"),
    ):
        share = case.read(name)
        if not case.exact and isinstance(share, Estimate) and share.high <= case.limit("funnel_weight_lost"):
            return Finding("yes", said.format(percent(share)))
    return Finding("open", _drains(weight))


# ---------------------------------------------------------------------------------------------


_STANDS_OUT: tuple[Witness, ...] = (_random_energy_form, stability, _depth_below_band, _gap_to_decoys)
_LEADS_THERE: tuple[Witness, ...] = (_walks, _drainage)


def _drains(weight: Estimate, *, only: str = "") -> str:
    return f"{only}{percent(weight)} of all states drain to the native one"
