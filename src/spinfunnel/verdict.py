"""From measures to a verdict: funnel, multi-funnel, golf course, smooth, glass, or undecided.

Two independent questions span the plane of the verdict. *Thermodynamics*: does a native state stand out? *Kinetics*:
does the landscape lead there? Each is put to a row of witnesses, functions that read measures and say yes, no, or
nothing, with a clause for the reason; the first that says yes or no decides. A better witness (measured Tf/Tg, the
stability gap against shuffled interactions, the Levinthal efficiency) is one more function at the head of its row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spinfunnel.estimate import Estimate, Measurement, NoAnswer

__all__ = ["THRESHOLDS", "Evidence", "Kind", "Threshold", "Verdict", "judge"]

Kind: TypeAlias = Literal["funnel", "multi-funnel", "golf course", "smooth", "glass", "undecided"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number at which the verdict turns, and where it comes from."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measurement beside the same measurement of each null ensemble (the interval is the ensemble's central 95 %)."""

    measurement: Measurement
    nulls: Mapping[str, Measurement]


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


THRESHOLDS: Mapping[str, Threshold] = {
    "entropy": Threshold(
        4.0,
        "55 states: below, means and spreads over a handful of states fit a funnel, a golf course and a glass alike",
    ),
    "tf_tg": Threshold(
        1.6,
        "Tf/Tg of minimally frustrated proteins: Onuchic, Wolynes, Luthey-Schulten, Socci, PNAS 92, 3626 (1995); "
        "a random energy model of 2^14 states exceeds it by chance in about 1 % of samples",
    ),
    "tf_tg_glass": Threshold(
        1.3, "a pure random energy model's own Tf/Tg lies between 1 and about 1.3 by the scatter of its lowest level"
    ),
    "funnel_weight": Threshold(0.5, "more than half of all states: the native funnel outweighs all others together"),
    "funnel_weight_lost": Threshold(
        0.35,
        "labelled landscapes of 12 to 20 bits: random energy models, LABS and many spin glasses lie below it, "
        "disordered ferromagnets rarely",
    ),
    "rival_weight": Threshold(
        0.25, "a quarter of all states in one rival funnel: one greedy descent in four is trapped there"
    ),
    "funnel_slope": Threshold(
        1.0,
        "the mean energy falls by more than its roughness on the way: "
        "Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995)",
    ),
    "relative_depth": Threshold(
        0.01,
        "the deepest trap is a hundredth of the way from a random state to the native one; "
        "disordered ferromagnets of 16 spins have 0.03 to 0.12",
    ),
}
"""Every number at which the verdict turns."""

SHUFFLED = "shuffled_energies"
"""Name of the null ensemble in which the same energies are dealt at random over the same states."""

Answer: TypeAlias = Literal["yes", "no", "open"]


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a witness says: its answer, and a clause with the numbers."""

    answer: Answer
    clause: str


class _Case:
    """The measures and nulls of one landscape, and a record of which were read."""

    def __init__(self, measures: Mapping[str, Measurement], nulls: Mapping[str, Mapping[str, Measurement]]) -> None:
        self._measures, self._nulls = measures, nulls
        self.evidence: dict[str, Evidence] = {}

    def read(self, name: str) -> Measurement:
        """Measurement of a name; the outcome ``not_measured`` where the caller has none."""
        answer = self._measures.get(
            name, NoAnswer("not_measured", f"{name} was not measured", "measure the landscape again")
        )
        beside = {null: values[name] for null, values in self._nulls.items() if name in values}
        self.evidence[name] = Evidence(answer, beside)
        return answer

    def shuffled(self, name: str) -> Estimate | None:
        """Measurement of the shuffled landscape, where it has a value."""
        null = self._nulls.get(SHUFFLED, {}).get(name)
        return null if isinstance(null, Estimate) else None


def judge(
    measures: Mapping[str, Measurement],
    *,
    nulls: Mapping[str, Mapping[str, Measurement]] | None = None,
    exact: bool = True,
) -> Verdict:
    """Judge a landscape by its measures.

    Parameters
    ----------
    measures : mapping of str to Estimate or NoAnswer
        As `spinfunnel.measure.measure_all` returns them; what is missing counts as not measured.
    nulls : mapping of str to mapping, optional
        The same measures of null ensembles, by the name of the ensemble: ``shuffled_energies`` is read. Without it the
        verdict rests on the thresholds alone, and the reason says so.
    exact : bool
        Whether the map is exact; a sampled one is said to be in the reason.

    Returns
    -------
    Verdict
        "undecided" where a measure that matters has no answer, or where an interval or a zone in between leaves it
        open.

    Examples
    --------
    >>> measures = {
    ...     "minima": 9,
    ...     "funnel_weight": 0.77,
    ...     "rival_weight": 0.1,
    ...     "sharpness": 0.02,
    ...     "funnel_slope": 4.2,
    ...     "tf_tg": 2.0,
    ...     "relative_depth": 0.1,
    ... }
    >>> print(judge({name: Estimate.exactly(value) for name, value in measures.items()}))
    funnel: 77 % of the state space drains to the native state, and Tf/Tg = 2 (no null was compared)
    """
    case = _Case(measures, nulls or {})
    entropy = case.read("entropy")
    if isinstance(entropy, Estimate) and entropy.high < THRESHOLDS["entropy"].value:
        few = round(math.exp(entropy.value))
        return Verdict(
            "undecided", case.evidence, f"{few} states that are not native are too few to tell the kinds apart"
        )
    stands, leads, smooth = _ask(case, _STANDS_OUT), _ask(case, _LEADS_THERE), _barrierless(case)
    kind, reason = _decide(case, stands=stands, leads=leads, smooth=smooth)
    notes = [] if SHUFFLED in (nulls or {}) else ["no null was compared"]
    notes += [] if exact else ["from a sampled map"]
    return Verdict(kind, case.evidence, f"{reason} ({', '.join(notes)})" if notes else reason)


def _decide(case: _Case, *, stands: _Finding, leads: _Finding, smooth: _Finding) -> tuple[Kind, str]:
    together = f"{leads.clause}, and {stands.clause}"
    if leads.answer == "yes" and smooth.answer == "yes" and not _above_band(case):
        return "smooth", f"{leads.clause}, and {smooth.clause}"
    if stands.answer == "yes":
        rival = _rival(case)
        if rival.answer == "yes":
            return "multi-funnel", f"{together}, but {rival.clause}"
        if leads.answer == "yes":
            return "funnel", together
        if leads.answer == "no":
            return "golf course", f"{stands.clause}, but {leads.clause}"
    elif leads.answer == "no":
        # Where nothing leads to it, a native state that does not clearly stand out is the lowest of many.
        return "glass", together
    if leads.answer == "yes":
        return "undecided", f"{leads.clause}, but {stands.clause}; compare larger sizes of the same system"
    return "undecided", together


# ---------------------------------------------------------------------------------------------
# Thermodynamics: does a native state stand out?


def _random_energy_form(case: _Case) -> _Finding:
    """Tf/Tg with all other states as one random energy model: its yes is strong, its no proves little."""
    ratio = case.read("tf_tg")
    if isinstance(ratio, NoAnswer):
        if ratio.outcome == "no_roughness":
            return _Finding("yes", "all other states have one energy, far above the native one")
        return _Finding("open", f"Tf/Tg has no answer: {ratio.cause}")
    if ratio.low >= THRESHOLDS["tf_tg"].value:
        return _Finding("yes", f"Tf/Tg = {_number(ratio)}")
    return _Finding("open", f"Tf/Tg = {_number(ratio)} lies in the glass zone below {THRESHOLDS['tf_tg'].value:g}")


def _gap_to_decoys(case: _Case) -> _Finding:
    """Gap to the best dissimilar state, read as Tf/Tg with the measured bottom of the band of random states.

    Correlated landscapes need it: a disordered ferromagnet in two dimensions reaches only a = 0.96 in the
    random-energy form at any size, since most of its low states are the native one with a few spins turned.
    """
    gap = case.read("decoy_gap")
    if isinstance(gap, NoAnswer):
        return _Finding("open", f"the gap to dissimilar states has no answer: {gap.cause}")
    low, high, said = _ratio_of_gap(gap.low), _ratio_of_gap(gap.high), f"{100 * gap.value:.3g} % of the mean gap"
    null = case.shuffled("decoy_gap")
    slope = case.read("funnel_slope")
    if low >= THRESHOLDS["tf_tg"].value:
        if null is not None and gap.low <= null.high:
            by_chance = f"shuffled energies: up to {100 * null.high:.3g} %"
            return _Finding(
                "open",
                f"the best dissimilar state lies {said} above the native one, no more than by chance ({by_chance})",
            )
        if null is None and isinstance(slope, Estimate) and slope.high < THRESHOLDS["funnel_slope"].value:
            return _Finding(
                "open", f"the best dissimilar state lies {said} above the native one, as by chance in a rough landscape"
            )
        beside = "" if null is None else f" (shuffled energies: {100 * null.value:.3g} %)"
        return _Finding("yes", f"the best dissimilar state lies {said} above the native one{beside}")
    if high <= THRESHOLDS["tf_tg_glass"].value:
        return _Finding("no", f"a dissimilar state lies only {said} above the native one")
    return _Finding("open", f"a dissimilar state lies {said} above the native one, between glass and funnel")


def _ratio_of_gap(gap: float) -> float:
    """Tf/Tg of a native state 1 / (1 - gap) times as deep as the band of dissimilar states; inf from a gap of 1."""
    if gap >= 1.0:
        return math.inf
    a = 1.0 / (1.0 - max(gap, 0.0))
    return a + math.sqrt(a * a - 1.0)


def _above_band(case: _Case) -> bool:
    """Whether even a landscape without barriers has a folding transition."""
    return _random_energy_form(case).answer == "yes"


# ---------------------------------------------------------------------------------------------
# Kinetics: does the landscape lead there?


def _guidance(case: _Case) -> _Finding:
    """Slope of the mean energy along the overlap: without it even a funnel that holds all states leads nowhere."""
    slope = case.read("funnel_slope")
    if isinstance(slope, NoAnswer):
        if slope.outcome == "flat":
            return _Finding("no", "the energy gives no guidance: all states but the native ones have one energy")
        return _Finding("open", f"the slope toward the native state has no answer: {slope.cause}")
    if slope.high < THRESHOLDS["funnel_slope"].value:
        return _Finding(
            "no", f"the mean energy falls by only {_number(slope)} times its roughness on the way to the native state"
        )
    return _Finding(
        "open", f"the mean energy falls by {_number(slope)} times its roughness on the way to the native state"
    )


def _drainage(case: _Case) -> _Finding:
    """Share of all states that drain into the native funnel, against the thresholds and against shuffled energies."""
    weight, sharp = case.read("funnel_weight"), case.read("sharpness")
    if isinstance(weight, NoAnswer):
        return _Finding("open", f"the weight of the native funnel has no answer: {weight.cause}; {weight.remedy}")
    null = case.shuffled("funnel_weight")
    beside = "" if null is None else f" (shuffled energies: {_percent(null)})"
    said = f"{_percent(weight)} of the state space drains to the native state{beside}"
    if weight.high <= THRESHOLDS["funnel_weight_lost"].value:
        return _Finding("no", f"only {said}")
    if weight.low < THRESHOLDS["funnel_weight"].value:
        return _Finding("open", said)
    guide = _guidance(case)
    if guide.answer == "no":
        return guide
    if null is not None and weight.low <= null.high:
        return _Finding("open", f"{said}, which so few states reach by chance")
    blunt = case.shuffled("sharpness")
    if blunt is not None and isinstance(sharp, Estimate) and sharp.high > max(blunt.low, 0.0) > 0.0:
        return _Finding("open", f"{said}, but the funnel is no sharper than by chance (sharpness {_number(sharp)})")
    return _Finding("yes", said)


def _rival(case: _Case) -> _Finding:
    """Whether one rival funnel traps a stated share, while most states drain to it or to the native funnel."""
    weight, rival = case.read("funnel_weight"), case.read("rival_weight")
    if isinstance(weight, NoAnswer) or isinstance(rival, NoAnswer) or _guidance(case).answer == "no":
        return _Finding("open", "rival funnels are not known")
    if rival.low < THRESHOLDS["rival_weight"].value or weight.low + rival.low < THRESHOLDS["funnel_weight"].value:
        return _Finding("no", f"the largest rival funnel traps {_percent(rival)}")
    return _Finding("yes", f"a rival funnel traps {_percent(rival)}")


def _barrierless(case: _Case) -> _Finding:
    """Whether there is nothing to be trapped in."""
    depth, minima = case.read("relative_depth"), case.read("minima")
    if isinstance(depth, NoAnswer):
        if depth.outcome in ("single_minimum", "all_native"):
            lone = isinstance(minima, Estimate) and minima.value == 1.0
            return _Finding("yes", "there is no other minimum to be trapped in" if lone else "every minimum is native")
        if depth.outcome == "flat":
            return _Finding("yes", "every state has the same energy")
        return _Finding("open", f"the depth of traps has no answer: {depth.cause}")
    said = f"the deepest trap is {100 * depth.value:.2g} % of the way from a random state to the native one"
    return _Finding("yes" if depth.high <= THRESHOLDS["relative_depth"].value else "no", said)


# ---------------------------------------------------------------------------------------------

_Witness: TypeAlias = Callable[[_Case], _Finding]

_STANDS_OUT: tuple[_Witness, ...] = (_random_energy_form, _gap_to_decoys)
_LEADS_THERE: tuple[_Witness, ...] = (_drainage,)


def _ask(case: _Case, witnesses: tuple[_Witness, ...]) -> _Finding:
    """First yes or no; else what the last witness left open, since the rows go from the narrow to the general."""
    finding = _Finding("open", "nothing was measured")
    for witness in witnesses:
        finding = witness(case)
        if finding.answer != "open":
            break
    return finding


def _number(estimate: Estimate) -> str:
    if estimate.exact:
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def _percent(estimate: Estimate) -> str:
    if estimate.exact or round(100 * estimate.low) == round(100 * estimate.high):
        return f"{_round_percent(estimate.value)} %"
    return f"{_round_percent(estimate.value)} % [{_round_percent(estimate.low)}, {_round_percent(estimate.high)}]"


def _round_percent(share: float) -> str:
    """Write a percentage that says 0 or 100 only where it is so."""
    percent = 100.0 * share
    if 0.0 < percent < 1.0 or 99.0 < percent < 100.0:
        return f"{percent:.2g}" if percent < 1.0 else f"{min(percent, 99.9):.3g}"
    return f"{percent:.0f}"
