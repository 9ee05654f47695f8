"""Numbers about the solutions of a network, each with a 95 % interval over starts, pairs or draws of labels.

Barriers and heights are in units of the energy scale, ``mean energy of a random start - lowest energy found``, so that
networks of different losses, widths and data can be compared. Barriers are upper bounds: a lower path may exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, mean_estimate
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.measure.funnel import chains
from spinfunnel.solutions.training_map import Solutions

__all__ = ["NATIVE_SHARE", "SUMMARIES", "Summary", "against_null", "measure_solutions", "native", "share", "topography"]

Floats = NDArray[np.float64]

NATIVE_SHARE = 0.02
"""Solutions within this share of the energy scale above the lowest count as native: a training run that is repeated
with other batches ends so far apart (docs/networks.md)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a measure of solutions is, and where it comes from."""

    text: str
    source: str
    definition: int


SUMMARIES: Mapping[str, Summary] = {
    "distinct_solutions": Summary("solutions that are no symmetric copies of each other", "this project", 1),
    "native_share": Summary(
        "share of the starts whose training ends within 2 % of the energy scale above the lowest solution",
        "definition 12 for training: how surely a start leads to the native state",
        12,
    ),
    "sharpness": Summary(
        "mean height above the lowest solution at which training ends, in energy scales: 0 is a perfect funnel",
        "this project, after Klemm et al. (2008): the funnel profile of training",
        2,
    ),
    "training_gain": Summary(
        "energy that the last round of training still took away, mean over starts, in energy scales: 0 where it has "
        "converged",
        "this project",
        16,
    ),
    "null_training_gain": Summary(
        "the same for shuffled labels, in the energy scale of the true ones", "this project", 16
    ),
    "curved_barrier": Summary(
        "barrier on the lowest path found between solutions, in energy scales; an upper bound",
        "Draxler, Veschgini, Salmhofer, Hamprecht, ICML (2018)",
        18,
    ),
    "aligned_barrier": Summary(
        "barrier on the straight path between solutions whose units were aligned, in energy scales",
        "Entezari, Sedghi, Saukh, Neyshabur, ICLR (2022); Ainsworth, Hayase, Srinivasa, ICLR (2023)",
        18,
    ),
    "linear_barrier": Summary(
        "barrier on the straight path between solutions as they were found, in energy scales",
        "Frankle, Dziugaite, Roy, Carbin, ICML (2020)",
        18,
    ),
    "funnels": Summary("funnels of lowest exits among the solutions", "Klemm, Flamm, Stadler (2008)", 1),
    "funnel_weight": Summary("share of the starts in the native funnel", "Klemm, Flamm, Stadler (2008)", 1),
    "relative_depth": Summary(
        "deepest minimum that is not native: energy to climb out toward a lower one, in energy scales; an upper bound",
        "Hajek, Math. Oper. Res. 13, 311 (1988)",
        5,
    ),
    "concentration": Summary(
        "standard deviation of the final energies in energy scales",
        "Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)",
        20,
    ),
    "generalisation_gap": Summary("test loss minus training loss, mean over solutions", "", 20),
    "stability_gap": Summary(
        "how far the lowest energy lies below that for shuffled labels, in energy scales",
        "definition 9, after the random heteropolymer of folding theory",
        9,
    ),
    "stability_z": Summary(
        "the same in standard deviations over draws of shuffled labels",
        "definition 9, after the random heteropolymer of folding theory",
        9,
    ),
}


def native(solutions: Solutions) -> NDArray[np.bool_]:
    """Which solutions count as native, shape (m,)."""
    return solutions.energy <= solutions.energy.min() + NATIVE_SHARE * solutions.scale


def measure_solutions(solutions: Solutions) -> dict[str, Measurement]:
    """All measures of one network's solutions that need no null."""
    found: dict[str, Measurement] = {"distinct_solutions": Estimate.exactly(float(len(solutions.energy)))}
    found["native_share"] = share(int(solutions.visits[native(solutions)].sum()), solutions.starts)
    ends = np.repeat(solutions.energy, solutions.visits)
    height = np.minimum((ends - ends.min()) / solutions.scale, 1.0)
    found["sharpness"] = _mean(height)
    found["concentration"] = _spread(ends / solutions.scale)
    found["training_gain"] = _gain([solutions], scale=solutions.scale)
    found |= _barriers(solutions)
    graph = solutions.graph(native_tolerance=NATIVE_SHARE * solutions.scale)
    found |= topography(graph, starts=solutions.starts, scale=solutions.scale)
    if len(solutions.test):
        found["generalisation_gap"] = _mean(np.repeat(solutions.test - solutions.train, solutions.visits))
    return found


def against_null(solutions: Solutions, nulls: Sequence[Solutions]) -> dict[str, Measurement]:
    """Stability gap and its Z-score against networks on shuffled labels, with as many starts in each."""
    if len(nulls) < 2:
        missing = NoAnswer("no_null", "fewer than two draws of shuffled labels were trained", "leave --no-nulls out")
        return {"stability_gap": missing, "stability_z": missing, "null_training_gain": missing}
    grounds = np.array([null.energy.min() for null in nulls])
    start = float(np.mean([solutions.start_energy.mean(), *(null.start_energy.mean() for null in nulls)]))
    scale = max(start - float(solutions.energy.min()), 1e-12)
    gaps = (grounds - float(solutions.energy.min())) / scale
    spread = float(np.hypot(grounds.std(ddof=1), solutions.energy.std() if len(solutions.energy) > 1 else 0.0)) / scale
    if spread <= 0.0:
        lone: Measurement = NoAnswer("no_spread", "all draws have one lowest energy", "draw more with --null-samples")
    else:
        lone = Estimate.exactly(float(gaps.mean()) / spread)
    return {"stability_gap": _mean(gaps), "stability_z": lone, "null_training_gain": _gain(nulls, scale=scale)}


def _gain(some: Sequence[Solutions], *, scale: float) -> Measurement:
    """What the last round of training took away."""
    gain = np.concatenate([one.gain for one in some])
    if not np.isfinite(gain).all():
        cause = "training was not gone on with to see whether it gains anything"
        return NoAnswer("one_round", cause, "give one round more, rounds=1 or above")
    return _mean(gain / scale)


def _barriers(solutions: Solutions) -> dict[str, Measurement]:
    names = ("linear_barrier", "aligned_barrier", "curved_barrier")
    if not solutions.pairs:
        if len(solutions.energy) == 1:
            return dict.fromkeys(names, Estimate.exactly(0.0))
        none = NoAnswer("no_pairs", "no two solutions were connected", "train more networks")
        return dict.fromkeys(names, none)
    reads: tuple[Callable[..., float | None], ...] = (
        lambda pair: pair.linear.barrier,
        lambda pair: pair.aligned.barrier,
        lambda pair: None if pair.curved is None else pair.curved.barrier,
    )
    found: dict[str, Measurement] = {}
    for name, read in zip(names, reads, strict=True):
        rows = [(pair.one, pair.two, read(pair)) for pair in solutions.pairs]
        known = [(one, two, value / solutions.scale) for one, two, value in rows if value is not None]
        found[name] = _over_pairs(known, len(solutions.energy))
    return found


def topography(graph: BasinGraph, *, starts: int, scale: float) -> dict[str, Measurement]:
    """Funnels and depth of a basin graph whose weights are shares of so many starts; energies in units of `scale`."""
    if graph.minima == 1:
        alone = NoAnswer("single_minimum", "there is one minimum only", "nothing to do: no barrier exists")
        return {
            "funnels": Estimate.exactly(1.0),
            "funnel_weight": Estimate.exactly(1.0),
            "relative_depth": alone,
        }
    bottom = chains(graph).bottom
    native_ends = graph.native[bottom]
    ends = {int(end) for end in bottom[~native_ends]}
    weight = round(float(graph.weight[native_ends].sum() * starts))
    tree = merge_tree(graph)
    rise = minimax_to(tree, np.flatnonzero(graph.native)) - graph.energy
    others = ~graph.native
    depth: Measurement = NoAnswer("all_native", "every solution found is native", "nothing to do: none is a trap")
    if others.any():
        depth = Estimate.exactly(float(max(rise[others].max(), 0.0)) / scale)
    return {
        "funnels": Estimate.exactly(float(len(ends) + 1)),
        "funnel_weight": share(weight, starts),
        "relative_depth": depth,
    }


def _mean(values: Floats) -> Measurement:
    if len(values) < 2:
        return NoAnswer("too_few", f"{len(values)} start has no spread to take an interval from", "train more networks")
    return mean_estimate(values)


def _spread(values: Floats) -> Measurement:
    """Standard deviation with the chi-square interval of a normal distribution."""
    from scipy.special import chdtri

    count = len(values)
    if count < 2:
        return NoAnswer("too_few", "one start has no spread", "train more networks")
    spread = float(values.std(ddof=1))
    low, high = (spread * float(np.sqrt((count - 1) / chdtri(count - 1, tail))) for tail in (0.025, 0.975))
    return Estimate(spread, min(low, spread), max(high, spread))


def share(count: int, total: int) -> Measurement:
    """A share of independent starts with its Wilson interval."""
    z, value = 1.959964, count / total
    middle = (value + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * np.sqrt(value * (1 - value) / total + z * z / (4 * total * total))
    return Estimate(value, float(min(max(middle - half, 0.0), value)), float(max(min(middle + half, 1.0), value)))


def _over_pairs(rows: Sequence[tuple[int, int, float]], count: int) -> Measurement:
    """Mean over pairs; pairs that share a solution are not independent, so the jackknife leaves out solutions."""
    values = np.array([value for _, _, value in rows])
    mean = float(values.mean())
    left_out = []
    for gone in range(count):
        rest = [value for one, two, value in rows if gone not in (one, two)]
        if rest:
            left_out.append(float(np.mean(rest)))
    if len(left_out) < 2:
        return NoAnswer("too_few", "too few solutions for an interval", "train more networks")
    from scipy.special import stdtrit

    n = len(left_out)
    error = float(np.sqrt((n - 1) / n * np.sum((np.array(left_out) - np.mean(left_out)) ** 2)))
    half = float(stdtrit(n - 1, 0.975)) * error
    return Estimate(mean, max(mean - half, min(0.0, mean)), mean + half)
