"""The verdict of a network: the two questions put to its solutions.

*Does a native state stand out?* The lowest energy against the lowest for shuffled labels. *Does the landscape lead
there?* Where training ends, and how high the barriers are that part what is not native from what is lower. Every
barrier is an upper bound, since it was read on paths between trained solutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeAlias

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.network.solutions import Solutions, alignment_sentence
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold
from spinfunnel.verdict.witness import Evidence, Kind, Verdict

__all__ = ["judge_network_map", "judge_trained", "one_funnel"]

Answer: TypeAlias = Literal["yes", "no", "open"]
READ = (
    "starts", "distinct_solutions", "native_share", "profile_area", "training_gain", "null_training_gain",
    "relative_depth", "curved_barrier", "aligned_barrier", "linear_barrier", "funnels", "funnel_weight",
    "concentration", "generalisation_gap", "stability_gap", "stability_z",
)  # fmt: skip
"""Measures that make up the evidence."""


def judge_trained(
    measures: Mapping[str, Measurement],
    *,
    nulls: Mapping[str, Mapping[str, Measurement]] | None = None,
    thresholds: Mapping[str, Threshold] = THRESHOLDS,
) -> Verdict:
    """Judge a network by the measures of its solutions.

    Parameters
    ----------
    measures : mapping of str to Estimate or NoAnswer
    nulls : mapping, optional
        The same measures of networks on shuffled labels, for the evidence.
    thresholds : mapping of str to Threshold

    Examples
    --------
    >>> one, none = Estimate.exactly(1.0), Estimate.exactly(0.0)
    >>> print(judge_trained({"distinct_solutions": one, "starts": Estimate.exactly(5.0), "training_gain": none}))
    smooth: all 5 starts end in one minimum, up to symmetries of the network
    """
    beside = nulls or {}
    evidence = {
        name: Evidence(measures[name], {null: rows[name] for null, rows in beside.items() if name in rows})
        for name in READ
        if name in measures
    }
    kind, reason = _decide(measures, {name: entry.value for name, entry in thresholds.items()})
    return Verdict(kind, evidence, reason)


def judge_network_map(
    graph: BasinGraph,
    measures: Mapping[str, Measurement],
    *,
    nulls: Mapping[str, Mapping[str, Measurement]] | None = None,
) -> Verdict:
    """Judge the map of a network: trainings by their measures; points that were not trained say what they lack."""
    found = judge_trained(measures, nulls=nulls)
    facts, solutions = graph.facts or {}, Solutions.of(graph)
    if solutions is not None:
        unaligned = solutions.reason and solutions.pairs
        return replace(found, reason=f"{found.reason}; {alignment_sentence(solutions.reason)}") if unaligned else found
    if "comparison" in facts:
        reason = f"{graph.minima} checkpoints are points of a landscape; its kind takes trainings from many starts"
        return replace(found, kind="undecided", reason=reason)
    if graph.minima > 1:
        points = facts.get("network", {}).get("points_of_index", [])
        counts = " and ".join(f"{number} of index {k}" for k, number in enumerate(points))
        reason = (
            f"{counts} up to symmetry are all stationary points of {facts.get('searches', 0)} searches; a verdict "
            "takes shuffled labels: --explorer training"
        )
        return replace(found, kind="undecided", reason=reason)
    return found


def one_funnel(barrier: float, *, scale: float) -> str:
    """Whether one funnel holds two checkpoints, by the lowest barrier found between them.

    "yes" where a path climbs no more than a trap of a funnel is deep, "no barrier low enough was found" where every
    path tried climbs as much as a trap of a glass is deep (a lower one may exist), and "undecided" in between.

    Examples
    --------
    >>> [one_funnel(barrier, scale=1.0) for barrier in (0.0, 0.035, 1.0)]
    ['yes', 'undecided', 'no barrier low enough was found']
    """
    if barrier <= THRESHOLDS["relative_depth_lost"].value * scale:
        return "yes"
    return "undecided" if barrier < THRESHOLDS["relative_depth"].value * scale else "no barrier low enough was found"


def _decide(measures: Mapping[str, Measurement], limit: Mapping[str, float]) -> tuple[Kind, str]:
    known = measures.get("starts")
    starts = int(known.value) if isinstance(known, Estimate) else 0
    if starts < limit["starts"]:
        return "undecided", f"{starts} starts are too few to say where training leads; train at least 4 networks"
    gain = measures.get("training_gain")
    if isinstance(gain, Estimate) and gain.value > limit["training_gain"]:
        return "undecided", (
            f"training has not converged: the last third lowered the energy by {_interval(gain)} of its scale, not "
            f"{100 * limit['training_gain']:.2g} %; go on with --explorer training:rounds=N"
        )
    if isinstance(gain, NoAnswer) and gain.outcome != "not_trained":
        return "undecided", f"it is not known whether training converged: {gain.cause}"
    distinct = measures.get("distinct_solutions")
    if isinstance(distinct, Estimate) and distinct.value == 1.0:
        return "smooth", f"all {starts} starts end in one minimum, up to symmetries of the network"
    stands, native = _stands(measures, limit)
    leads, way = _leads(measures, limit)
    traps, depth = _traps(measures, limit)
    if stands == "open":
        return "undecided", f"{way}, but {native}"
    if stands == "yes":
        if leads == "yes" and traps != "yes":
            return "funnel", f"{native}, and {way}"
        if traps == "yes" and _rival(measures):
            return "multi-funnel", f"{native}, but {depth}"
        if traps == "yes":
            return "undecided", f"{native}, but {depth}; train more networks"
        return "undecided", f"{native}, but {way}; train more networks"
    if traps == "yes":
        return "glass", f"{native}, and {depth}"
    if traps == "no" and leads == "yes":
        return "smooth", f"{native}, but {way}"
    return "undecided", f"{native}, and {way if leads == 'open' or traps == 'no' else depth}"


def _stands(measures: Mapping[str, Measurement], limit: Mapping[str, float]) -> tuple[Answer, str]:
    gap, score = measures.get("stability_gap"), measures.get("stability_z")
    if not isinstance(gap, Estimate):
        cause = gap.cause if isinstance(gap, NoAnswer) else "it was not measured"
        return "open", f"the gap to shuffled labels is not known: {cause}"
    said = f"{100 * gap.value:.3g} % of the energy scale"
    # Shuffled labels are trained as long and take longer: the gap must outlast what their last round gained.
    still = measures.get("null_training_gain")
    further = max(still.value, 0.0) if isinstance(still, Estimate) else 0.0
    lowered = Estimate(gap.value - further, gap.low - further, gap.high) if further else gap
    answers: list[Answer] = [_side(lowered, limit["stability_gap"], limit["stability_gap_lost"])]
    if isinstance(score, Estimate):
        answers.append(_side(score, limit["stability_z"], limit["stability_z_lost"]))
        said += f", Z = {score.value:.2g}"
    if "no" in answers:
        return "no", f"shuffled labels are learned as well (gap {said})"
    if "open" in answers:
        return "open", f"its gap to shuffled labels is that of glass or funnel ({said})"
    if further > limit["training_gain"]:
        said += f"; they still fell by {100 * further:.2g} % a round"
    return "yes", f"shuffled labels end far higher with as much training ({said})"


def _leads(measures: Mapping[str, Measurement], limit: Mapping[str, float]) -> tuple[Answer, str]:
    share, height = measures.get("native_share"), measures.get("profile_area")
    if not isinstance(share, Estimate) or not isinstance(height, Estimate):
        return "open", "where training ends was not measured"
    ends = f"{100 * share.value:.0f} % of the starts end in the native state"
    if share.low >= limit["native_share"]:
        return "yes", ends
    if height.high <= limit["final_height"]:
        return "yes", f"trainings end {100 * height.value:.2g} % above the lowest on average"
    return ("no", f"only {ends}") if share.high <= limit["native_share_lost"] else ("open", ends)


def _traps(measures: Mapping[str, Measurement], limit: Mapping[str, float]) -> tuple[Answer, str]:
    depth, barrier = measures.get("relative_depth"), measures.get("curved_barrier")
    if isinstance(depth, NoAnswer) and depth.outcome == "all_native":
        if isinstance(barrier, Estimate):
            return "no", f"the lowest paths between solutions rise by {_percent(barrier)} of the energy scale"
        return "no", "no solution found is a trap"
    if not isinstance(depth, Estimate):
        return "open", "the depth of other solutions is not known"
    said = f"the deepest trap has a barrier of {_percent(depth)} at most"
    return _side(depth, limit["relative_depth"], limit["relative_depth_lost"]), said


def _rival(measures: Mapping[str, Measurement]) -> bool:
    """Whether solutions that are not native hold a tenth of the starts or more."""
    share = measures.get("native_share")
    return isinstance(share, Estimate) and share.value <= 1.0 - THRESHOLDS["rival_valley_lost"].value


def _side(estimate: Estimate, yes: float, no: float) -> Answer:
    if estimate.low >= yes:
        return "yes"
    return "no" if estimate.high <= no else "open"


def _interval(estimate: Estimate) -> str:
    """A share in per cent with its interval."""
    return f"{100 * estimate.value:.2g} [{100 * estimate.low:.2g}, {100 * estimate.high:.2g}] %"


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.2g} %"
