"""Shares of the native funnel (definition 1); what a funnel is stands in `spinfunnel.measure.funnel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import solution_measures as solutions
from spinfunnel.measure.connected_part import of_descents, on_part
from spinfunnel.measure.coverage import coverage, reached, share_estimate, when_complete
from spinfunnel.measure.outcome import Measure, Topography, exactly, no_weights
from spinfunnel.measure.temperature import temperature_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spinfunnel.landscape import BasinGraph
    from spinfunnel.landscape.estimate import Measurement

__all__ = ["MEASURES", "boltzmann_weight"]

FEWEST_FOLLOWED = 16
"""Descents whose chain is known to its end, from which on a share of them is given."""


def funnel_minima(topography: Topography) -> Measurement:
    """Share of the minima whose chain ends in a native bottom, 0 to 1."""
    return exactly(float(_in_native(topography).mean()))


def funnel_weight(topography: Topography) -> Measurement:
    """Share of all states that drain into the native funnel, 0 to 1: the basin weight of its minima."""
    weight = topography.graph.weight
    return exactly(_share(weight, _in_native(topography))) if weight.any() else no_weights()


def funnels(topography: Topography) -> Measurement:
    """Count the funnels: the minima whose lowest exits lead to nothing lower. Each native bottom counts."""
    return exactly(float(len(np.unique(topography.chains.bottom))))


def funnel_boltzmann(topography: Topography) -> Measurement:
    """Share of the equilibrium weight of the minima that the native funnel holds at a temperature.

    The weight of minimum a is ``plateau * orbit * exp(-E_a / T)``: the plain states at its bottom, not its basin.
    """
    temperature = temperature_of(topography)
    if isinstance(temperature, NoAnswer):
        return temperature
    return exactly(_share(boltzmann_weight(topography.graph, temperature=temperature), _in_native(topography)))


def longest_chain(topography: Topography) -> Measurement:
    """Count the steps of the longest chain of lowest exits; 0 where every minimum is a bottom."""
    return exactly(float(topography.chains.length.max()))


def rival_weight(topography: Topography) -> Measurement:
    """Share of all states that drain into the largest funnel whose bottom is not native; 0 where there is none."""
    graph, bottom = topography.graph, topography.chains.bottom
    weight = np.bincount(bottom, weights=graph.weight, minlength=graph.minima)
    whole = float(graph.weight.sum())
    if not whole > 0.0:
        return no_weights()
    return exactly(float(weight[~graph.native].max(initial=0.0)) / whole)


def minima(topography: Topography) -> Measurement:
    """Count the minima after symmetries were divided out and plateaus merged."""
    return exactly(float(topography.graph.minima))


def sampled_minima(topography: Topography) -> Measurement:
    """Number of minima: those seen, and those that visits say were not (Chao1)."""
    known = topography.shared(coverage)
    return known if isinstance(known, NoAnswer) else known.minima()


def sampled_weight(topography: Topography) -> Measurement:
    """Share of random quenches whose chain of lowest exits ends in a native bottom."""
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer):
        return known
    found, graph = topography.shared(reached), topography.graph
    native = graph.native[topography.chains.bottom]
    sure = int(found.visits[found.certain & native].sum())
    against = int(found.visits[found.certain & ~native].sum())
    return share_estimate(sure, known.searches - against, known.searches)


def followed_weight(topography: Topography) -> Measurement:
    """Share of the native funnel among random quenches whose chain of lowest exits is known to its end.

    Not a share of all states: chains over high exits are the harder to follow. It stands in where chains that are not
    known leave `funnel_weight` open.
    """
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer):
        return known
    found, graph = topography.shared(reached), topography.graph
    followed = int(found.visits[found.certain].sum())
    if followed < FEWEST_FOLLOWED:
        return NoAnswer(
            "coverage",
            f"of {known.searches} random quenches the chains of {followed} are known to their end, and fewer than "
            f"{FEWEST_FOLLOWED} make no share",
            "explore longer, or with larger pockets: --explorer tempering:pocket=20000",
        )
    native = int(found.visits[found.certain & graph.native[topography.chains.bottom]].sum())
    return share_estimate(native, native, followed)


def sampled_rival_weight(topography: Topography) -> Measurement:
    """Share of random quenches in the largest funnel that is not native."""
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer):
        return known
    found, graph, bottom = topography.shared(reached), topography.graph, topography.chains.bottom
    counts = np.bincount(bottom[found.certain], weights=found.visits[found.certain], minlength=graph.minima)
    most = float(counts[~graph.native].max(initial=0.0))
    return share_estimate(most, most + float(found.visits[~found.certain].sum()), known.searches)


def boltzmann_weight(graph: BasinGraph, *, temperature: float) -> NDArray[np.float64]:
    """Equilibrium weights ``plateau * orbit * exp(-(E_a - E_0) / T)`` of the minima but for a factor, shape (m,).

    Of smooth minima, the exponential of the logarithm of the harmonic volume stands for the number of states.
    """
    # Numbers of states over the largest: only ratios count, and harmonic volumes themselves overflow.
    states = graph.log_states
    return np.asarray(np.exp(states - states.max() - (graph.energy - graph.energy[0]) / temperature))


def _in_native(topography: Topography) -> NDArray[np.bool_]:
    return topography.graph.native[topography.chains.bottom]


def _share(weight: NDArray[np.float64], chosen: NDArray[np.bool_]) -> float:
    # An exact 1 where all is chosen: the two sums may differ in their last digits.
    return 1.0 if bool(chosen.all()) else float(weight[chosen].sum() / weight.sum())


_SOURCE = "Klemm, Flamm, Stadler, Eur. Phys. J. B 63, 387 (2008)"

MEASURES = (
    Measure(
        "minima",
        "number of minima, symmetries divided out and plateaus merged",
        "definition of a minimum",
        1,
        exact=minima,
        sampled=sampled_minima,
        smooth=minima,
        trained=minima,
    ),
    Measure(
        "funnel_minima",
        "share of the minima in the native funnel",
        _SOURCE,
        1,
        exact=funnel_minima,
        sampled=when_complete(funnel_minima),
        smooth=on_part(funnel_minima),
    ),
    Measure(
        "funnel_weight",
        "share of all states that drain into the native funnel",
        _SOURCE,
        1,
        exact=funnel_weight,
        sampled=sampled_weight,
        smooth=of_descents(on_part(funnel_weight)),
        trained=solutions.funnel_weight,
    ),
    Measure(
        "followed_weight",
        "the same share, of those states whose chain of lowest exits is known to its end",
        _SOURCE,
        1,
        exact=funnel_weight,
        sampled=followed_weight,
    ),
    Measure(
        "funnels",
        "number of funnels",
        _SOURCE,
        1,
        exact=funnels,
        sampled=when_complete(funnels),
        smooth=on_part(funnels),
        trained=solutions.funnels,
    ),
    Measure(
        "funnel_boltzmann",
        "share of the minima's Boltzmann weight in the native funnel",
        _SOURCE,
        1,
        exact=funnel_boltzmann,
        sampled=when_complete(funnel_boltzmann),
        smooth=on_part(funnel_boltzmann),
    ),
    Measure(
        "longest_chain",
        "steps of the longest chain of lowest exits",
        _SOURCE,
        1,
        exact=longest_chain,
        sampled=when_complete(longest_chain),
        smooth=on_part(longest_chain),
    ),
    Measure(
        "rival_weight",
        "share of all states that drain into the largest other funnel",
        _SOURCE,
        1,
        exact=rival_weight,
        sampled=sampled_rival_weight,
        smooth=of_descents(on_part(rival_weight)),
    ),
)
