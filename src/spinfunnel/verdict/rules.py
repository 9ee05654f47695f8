"""Measures in, kind of landscape out: which rule judges which kind, and the one function that asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spinfunnel.landscape import Kind as LandscapeKind
from spinfunnel.landscape.basin_graph import Road
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.verdict import binary, chain, sampled
from spinfunnel.verdict.smooth import SMOOTH_EVIDENCE, smooth_kind
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold
from spinfunnel.verdict.witness import Case, Conclusion, Verdict

__all__ = ["RULES", "judge_measures"]

Rule = Callable[[Case], Conclusion]


def _smooth(case: Case) -> Conclusion:
    found = smooth_kind(case.measures)
    for name in SMOOTH_EVIDENCE:
        case.read(name)
    if found is None:
        return "undecided", "neither minima nor rivals are known; explore further"
    return found


def _bits(case: Case) -> Conclusion:
    """Rulers are measured on the states themselves; a map from an atlas, or one that is too large, is read without."""
    known = case.measures.get("order_1")
    without = known is None or (isinstance(known, NoAnswer) and known.outcome in ("no_landscape", "too_large"))
    if without or not case.exact:
        return sampled.conclude(case)
    found = binary.conclude(case)
    for name in POSITIONED:
        if name in case.measures:
            case.read(name)
    return found


POSITIONED = ("funnel_weight", "funnel_slope", "fitness_distance", "native_depth", "tf_tg", "decoy_gap")
"""Measures of which the evidence gives the position between shuffled and sorted energies; the kind does not rest on it.

docs/calibration.md says how well they part the kinds.
"""


RULES: Mapping[LandscapeKind, Rule] = {
    LandscapeKind.BINARY: _bits,
    LandscapeKind.GRAPH: sampled.conclude,
    LandscapeKind.CHAIN: chain.conclude,
    LandscapeKind.SMOOTH: _smooth,
    LandscapeKind.RECORDED: _smooth,
}
"""The rule of each kind."""


def judge_measures(
    measures: Mapping[str, Measurement],
    *,
    kind: LandscapeKind = LandscapeKind.BINARY,
    road: Road = "exact",
    nulls: Mapping[str, Mapping[str, Measurement]] | None = None,
    thresholds: Mapping[str, Threshold] = THRESHOLDS,
) -> Verdict:
    """Judge a landscape by its measures.

    Parameters
    ----------
    measures : mapping of str to Estimate or NoAnswer
        As `spinfunnel.measure.measure_all` returns them; what is missing counts as not measured.
    kind : landscape.Kind
        Of the landscape; it chooses the rule.
    road : {"exact", "sampled", "smooth", "trained"}
        How the map was made (`BasinGraph.road`).
    nulls : mapping of str to mapping, optional
        The same measures of null ensembles, by the name of the ensemble.
    thresholds : mapping of str to Threshold
        All of `THRESHOLDS`; others serve their calibration.

    Returns
    -------
    Verdict
        "undecided" where a measure that matters has no answer, or where an interval or a zone in between leaves it
        open.

    Examples
    --------
    >>> from spinfunnel.landscape.estimate import Estimate
    >>> measures = {
    ...     "minima": 9,
    ...     "native_gap": 0.3,
    ...     "native_z": 5.0,
    ...     "order_1": 0.0,
    ...     "search_ruler": 0.75,
    ...     "rival_valley_depth": 0.1,
    ...     "native_overlap": 1.0,
    ... }
    >>> found = judge_measures({name: Estimate.exactly(value) for name, value in measures.items()})
    >>> found.kind
    'funnel'
    >>> print(found.reason)  # doctest: +ELLIPSIS
    search stands at 0.75 between blind (0) and ideal (1), and the ground energy lies 30 % (Z = 5) below that of ...
    """
    case = Case(measures, nulls or {}, thresholds, kind=kind, road=road)
    found, reason = RULES[kind](case)
    return Verdict(found, case.evidence, reason)
