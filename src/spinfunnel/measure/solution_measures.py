"""Measures of trained networks, each with a 95 % interval over starts, pairs or draws of labels.

Barriers and heights are in units of the energy scale, ``mean energy of a random start - lowest energy found``, so that
networks of different losses, widths and data can be compared. Barriers are upper bounds: a lower path may exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, mean_estimate
from spinfunnel.landscape.tree import minimax_to
from spinfunnel.measure.outcome import Measure, Topography
from spinfunnel.network.solutions import Pair, Solutions

__all__ = [
    "MEASURES",
    "NATIVE_SHARE",
    "SCALE",
    "final_height",
    "funnel_weight",
    "funnels",
    "relative_depth",
    "stability_gap",
    "stability_z",
]

Floats = NDArray[np.float64]

NATIVE_SHARE = 0.02
"""Solutions within this share of the energy scale above the lowest count as native: a training run that is repeated
with other batches ends so far apart (docs/networks.md)."""
SCALE = "scale"
"""Name of the energy scale among the facts of a map."""


def solutions_of(topography: Topography) -> Solutions | NoAnswer:
    """Solutions behind a map of trainings, or the outcome that it is none."""
    found = Solutions.of(topography.graph)
    if found is not None:
        return found
    return NoAnswer("not_trained", "the map holds points that were not reached by training", "map it by training")


def _of_solutions(read: Callable[[Solutions], Measurement]) -> Callable[[Topography], Measurement]:
    """Read a measure off the solutions of a map."""

    def answer(topography: Topography) -> Measurement:
        found = topography.shared(solutions_of)
        return found if isinstance(found, NoAnswer) else read(found)

    answer.__doc__ = (read.func if isinstance(read, partial) else read).__doc__
    return answer


def _scale(topography: Topography) -> float:
    return float((topography.graph.facts or {}).get(SCALE, 1.0))


def starts_of(topography: Topography) -> int:
    """Number of searches behind a map."""
    return int((topography.graph.facts or {}).get("starts", 0))


# ---------------------------------------------------------------------------------------------
# What every map of a network tells


def distinct_solutions(topography: Topography) -> Measurement:
    """Solutions that are no symmetric copies of each other."""
    return Estimate.exactly(float(topography.graph.minima))


def starts(topography: Topography) -> Measurement:
    """Number of trainings, or of searches, that the map rests on."""
    return Estimate.exactly(float(starts_of(topography)))


def native_share(topography: Topography) -> Measurement:
    """Share of the starts that end in a native solution."""
    graph, total = topography.graph, starts_of(topography)
    if total == 0:
        return NoAnswer("no_starts", "these points were reached from no starts that are known", "map it by training")
    return share(round(float(graph.weight[graph.native].sum()) * total), total)


def funnels(topography: Topography) -> Measurement:
    """Number of funnels of lowest exits among the solutions."""
    graph = topography.graph
    if graph.minima == 1:
        return Estimate.exactly(1.0)
    bottom = topography.chains.bottom
    return Estimate.exactly(float(len({int(end) for end in bottom[~graph.native[bottom]]}) + 1))


def funnel_weight(topography: Topography) -> Measurement:
    """Share of the starts in the native funnel."""
    graph, total = topography.graph, starts_of(topography)
    if total == 0:
        return NoAnswer("no_starts", "these points were reached from no starts that are known", "map it by training")
    if graph.minima == 1:
        return Estimate.exactly(1.0)
    inside = graph.native[topography.chains.bottom]
    return share(round(float(graph.weight[inside].sum() * total)), total)


def relative_depth(topography: Topography) -> Measurement:
    """Deepest solution that is not native: energy to climb out toward a lower one, in energy scales; an upper bound."""
    graph = topography.graph
    if graph.minima == 1:
        return NoAnswer("single_minimum", "there is one minimum only", "nothing to do: no barrier exists")
    others = ~graph.native
    if not others.any():
        return NoAnswer("all_native", "every solution found is native", "nothing to do: none is a trap")
    rise = minimax_to(topography.tree, np.flatnonzero(graph.native)) - graph.energy
    return Estimate.exactly(float(max(rise[others].max(), 0.0)) / _scale(topography))


# ---------------------------------------------------------------------------------------------
# What trainings tell


def final_height(topography: Topography) -> Measurement:
    """Mean height above the lowest solution at which training ends, in energy scales: 0 is a perfect funnel."""
    return _of_solutions(lambda found: _mean(np.minimum((_ends(found) - found.energy.min()) / found.scale, 1.0)))(
        topography
    )


def _ends(found: Solutions) -> Floats:
    return np.repeat(found.energy, found.visits)


def _training_gain(found: Solutions) -> Measurement:
    """Energy that the last round still took away, mean over starts, in energy scales."""
    return _gain([found], scale=found.scale)


def _generalisation(found: Solutions) -> Measurement:
    """Test loss minus training loss, mean over starts."""
    if not len(found.test):
        return NoAnswer("no_test_data", "the network has no data beside those it is trained on", "give a test set")
    return _mean(np.repeat(found.test - found.train, found.visits))


def _curved(pair: Pair) -> float | None:
    return None if pair.curved is None else pair.curved.barrier


def _barrier(found: Solutions, *, read: Callable[[Pair], float | None]) -> Measurement:
    """Mean barrier over pairs of solutions, in energy scales."""
    if not found.pairs:
        if len(found.energy) == 1:
            return Estimate.exactly(0.0)
        return NoAnswer("no_pairs", "no two solutions were connected", "train more networks")
    rows = [(pair.one, pair.two, read(pair)) for pair in found.pairs]
    known = [(one, two, value / found.scale) for one, two, value in rows if value is not None]
    return _over_pairs(known, len(found.energy))


# ---------------------------------------------------------------------------------------------
# Against shuffled labels


def _nulls(topography: Topography) -> list[Solutions] | NoAnswer:
    found = [Solutions.of(graph) for graph in topography.null_maps]
    known = [one for one in found if one is not None]
    if len(known) < 2:
        return NoAnswer("no_null", "fewer than two draws of shuffled labels were trained", "leave --no-nulls out")
    return known


def _gaps(topography: Topography) -> tuple[Floats, float, float] | NoAnswer:
    """Height of each null's lowest energy above the lowest one, its spread, and the energy scale of all together."""
    found, nulls = topography.shared(solutions_of), _nulls(topography)
    if isinstance(found, NoAnswer):
        return found
    if isinstance(nulls, NoAnswer):
        return nulls
    lowest = float(found.energy.min())
    grounds = np.array([null.energy.min() for null in nulls])
    start = float(np.mean([found.start_energy.mean(), *(null.start_energy.mean() for null in nulls)]))
    scale = max(start - lowest, 1e-12)
    own = found.energy.std() if len(found.energy) > 1 else 0.0
    return (grounds - lowest) / scale, float(np.hypot(grounds.std(ddof=1), own)) / scale, scale


def stability_gap(topography: Topography) -> Measurement:
    """How far the lowest energy lies below that for shuffled labels, in energy scales."""
    gaps = _gaps(topography)
    return gaps if isinstance(gaps, NoAnswer) else _mean(gaps[0])


def stability_z(topography: Topography) -> Measurement:
    """The same in standard deviations over draws of shuffled labels."""
    gaps = _gaps(topography)
    if isinstance(gaps, NoAnswer):
        return gaps
    values, spread, _ = gaps
    if spread <= 0.0:
        return NoAnswer("no_spread", "all draws have one lowest energy", "draw more with --null-samples")
    return Estimate.exactly(float(values.mean()) / spread)


def null_training_gain(topography: Topography) -> Measurement:
    """Energy that the last round of training took away for shuffled labels, in the energy scale of the true ones."""
    gaps, nulls = _gaps(topography), _nulls(topography)
    if isinstance(gaps, NoAnswer) or isinstance(nulls, NoAnswer):
        return gaps if isinstance(gaps, NoAnswer) else nulls  # type: ignore[return-value]
    return _gain(nulls, scale=gaps[2])


def _gain(some: Sequence[Solutions], *, scale: float) -> Measurement:
    """What the last round of training took away."""
    gain = np.concatenate([one.gain for one in some])
    if not np.isfinite(gain).all():
        cause = "there was only one round of training"
        return NoAnswer("one_round", cause, "give one round more, rounds=1 or above, or more time")
    return _mean(gain / scale)


# ---------------------------------------------------------------------------------------------
# Intervals


def _mean(values: Floats) -> Measurement:
    if len(values) < 2:
        return NoAnswer("too_few", f"{len(values)} start has no spread to take an interval from", "train more networks")
    return mean_estimate(values)


def _concentration(found: Solutions) -> Measurement:
    """Standard deviation of the final energies, in energy scales."""
    return _spread(_ends(found) / found.scale)


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


MEASURES = (
    Measure("distinct_solutions", "solutions that are no symmetric copies of each other", "this project", 1,
            trained=distinct_solutions),
    Measure("starts", "trainings, or searches, that the map of a network rests on", "this project", 1, trained=starts),
    Measure("native_share", "share of the starts whose training ends within 2 % of the energy scale above the lowest "
            "solution", "definition 12 for training: how surely a start leads to the native state", 12,
            trained=native_share),
    Measure("training_gain", "energy that the last round of training still took away, mean over starts, in energy "
            "scales: 0 where it has converged", "this project", 16, trained=_of_solutions(_training_gain)),
    Measure("null_training_gain", "the same for shuffled labels, in the energy scale of the true ones", "this project",
            16, trained=null_training_gain),
    Measure("curved_barrier", "barrier on the lowest path found between solutions, in energy scales; an upper bound",
            "Draxler, Veschgini, Salmhofer, Hamprecht, ICML (2018)", 18,
            trained=_of_solutions(partial(_barrier, read=_curved))),
    Measure("aligned_barrier", "barrier on the straight path between solutions whose units were aligned, in energy "
            "scales", "Entezari, Sedghi, Saukh, Neyshabur, ICLR (2022); Ainsworth, Hayase, Srinivasa, ICLR (2023)", 18,
            trained=_of_solutions(partial(_barrier, read=lambda pair: pair.aligned.barrier))),
    Measure("linear_barrier", "barrier on the straight path between solutions as they were found, in energy scales",
            "Frankle, Dziugaite, Roy, Carbin, ICML (2020)", 18,
            trained=_of_solutions(partial(_barrier, read=lambda pair: pair.linear.barrier))),
    Measure("concentration", "standard deviation of the final energies in energy scales",
            "Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)", 20,
            trained=_of_solutions(_concentration)),
    Measure("generalisation_gap", "test loss minus training loss, mean over solutions", "definition 20", 20,
            trained=_of_solutions(_generalisation)),
)  # fmt: skip
