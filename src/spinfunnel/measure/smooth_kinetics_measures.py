"""Measures of the kinetics on smooth maps: guidance, passage and relaxation times, drops per barrier.

All are read off the part of the map that saddles join to the lowest minimum, at the temperature of
`smooth_kinetics_rulers`. They are ratios, so that neither the unit of the energy nor a constant changes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.measure import rivals
from spinfunnel.measure.connected_part import of_descents, on_part
from spinfunnel.measure.outcome import Measure, Topography, exactly, no_weights
from spinfunnel.measure.smooth_kinetics import log_relaxation_time, saddle_heights, smooth_kinetics, volumes_known
from spinfunnel.measure.smooth_kinetics_rulers import (
    Ruler,
    funnel_bottoms,
    melting_temperature,
    rulers,
    start_weights,
    typical_residence,
)
from spinfunnel.measure.superposition import levels, with_volumes

__all__ = ["MEASURES", "frustration_curve"]

Floats = NDArray[np.float64]


def frustration_curve(graph: BasinGraph, temperatures: Floats) -> Floats:
    """Frustration index of a connected map at several temperatures, shape (t,).

    ``f(T) = sum over a > 0 of p_a / (1 - p_0) (S(a, 0) - E_0) / (E_a - E_0)`` with the occupations p of the harmonic
    superposition; minima of the ground energy are left out. 1 is a palm tree.

    de Souza, Stevenson, Niblett, Farrell, Wales, J. Chem. Phys. 146, 124103 (2017).
    """
    drop = levels(graph)
    above = drop > 0.0
    energy = drop[above]
    ratio = (minimax_to(merge_tree(graph), 0)[above] - graph.energy[0]) / energy
    volume = graph.log_states[above] if volumes_known(graph) else np.zeros(len(energy))
    exponent = volume[None] - energy[None] / np.asarray(temperatures, np.float64)[:, None]
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray((weight @ ratio) / weight.sum(axis=1))


def _rulers(topography: Topography) -> tuple[Ruler, ...] | NoAnswer:
    return topography.shared(rulers)


def _of_rulers(read: Callable[[tuple[Ruler, ...]], Measurement]) -> Callable[[Topography], Measurement]:
    @wraps(read)
    def answer(topography: Topography) -> Measurement:
        found = _rulers(topography)
        return found if isinstance(found, NoAnswer) else read(found)

    return on_part(answer)


def guidance(found: tuple[Ruler, ...]) -> Measurement:
    """Passage to the lowest minimum, between that of shuffled (0) and that of sorted (1) minima on the same graph."""
    return found[0].guidance


def guidance_room(found: tuple[Ruler, ...]) -> Measurement:
    """Natural logarithm of the passage time of shuffled minima over that of sorted ones."""
    return exactly(found[0].room)


def bottoms_guidance(found: tuple[Ruler, ...]) -> Measurement:
    """Guidance to the fewest bottoms to which the map leads, or to the most that were tried."""
    return found[-1].guidance


def passage(found: tuple[Ruler, ...]) -> Measurement:
    """Natural logarithm of the mean passage time from a random descent's minimum to the lowest, over a typical stay."""
    return exactly(found[0].own[0])


def loops(topography: Topography) -> Measurement:
    """Independent loops of saddles for each minimum; near 0 for a tree, which only a search leaves behind."""
    graph = topography.graph
    pairs = smooth_kinetics(graph, temperature=1.0)
    return exactly((len(pairs.one) - graph.minima + 1) / graph.minima)


def ground_descents(topography: Topography) -> Measurement:
    """Share of the random descents that end in the lowest minimum."""
    weight = topography.graph.weight
    return exactly(float(weight[0] / weight.sum())) if weight.any() else no_weights()


def ground_depth(topography: Topography) -> Measurement:
    """Depth of the lowest minimum below the mean energy of the others that random descents end in, over its spread.

    The spread is at least the median barrier between them, so that two other minima of one energy make no flat ground.
    """
    graph = topography.graph
    caught = (graph.weight > 0.0) & (levels(graph) > 0.0)
    if not caught.any():
        return no_weights()
    mean = float(np.average(graph.energy[caught], weights=graph.weight[caught]))
    spread = math.sqrt(float(np.average((graph.energy[caught] - mean) ** 2, weights=graph.weight[caught])))
    barrier = float(np.median(saddle_heights(graph))) if graph.saddles else 0.0
    rough = max(spread, barrier, 1e-12 * (mean - float(graph.energy[0])))
    return exactly((mean - float(graph.energy[0])) / rough)


def relaxation(topography: Topography) -> Measurement:
    """Natural logarithm of the slowest relaxation time over the typical stay in a minimum."""
    graph, temperature = topography.graph, melting_temperature(topography)
    if isinstance(temperature, NoAnswer):
        return temperature
    kinetics = smooth_kinetics(graph, temperature=temperature)
    found = log_relaxation_time(kinetics)
    if found is None:
        return NoAnswer("no_relaxation", "the map has one minimum, or too many paths to solve for", "nothing to do")
    return exactly(found - typical_residence(kinetics, start_weights(graph)))


def drop_per_barrier(topography: Topography) -> Measurement:
    """Mean drop over mean barrier on the way down from a random descent's minimum, each step over the lowest pass.

    From each minimum the way goes to the lowest one that a saddle joins, over the lowest saddle that leads lower, until
    none does. Structure seekers fall far over low barriers, glass formers fall little over high ones.
    """
    graph = topography.graph
    hub, spoke, height = graph.direct_edges()
    # Each pair both ways; only ways that end lower are kept, the lowest saddle first.
    one, other, pass_ = np.concatenate([hub, spoke]), np.concatenate([spoke, hub]), np.concatenate([height, height])
    down = graph.energy[other] < graph.energy[one]
    one, other, pass_ = one[down], other[down], pass_[down]
    order = np.lexsort((graph.energy[other], pass_, one))
    one, other, pass_ = one[order], other[order], pass_[order]
    drop, barrier = np.zeros(graph.minima), np.zeros(graph.minima)
    if len(one):
        first = np.flatnonzero(np.concatenate([[True], np.diff(one) != 0]))
        # Minima ascend in energy, so that where a way leads to is known before it is needed.
        for start, end, top in zip(one[first].tolist(), other[first].tolist(), pass_[first].tolist(), strict=True):
            drop[start] = drop[end] + graph.energy[start] - graph.energy[end]
            barrier[start] = barrier[end] + top - graph.energy[start]
    weight = start_weights(graph)
    if not float(weight @ barrier) > 0.0:
        return NoAnswer("no_barriers", "no way down leads over a barrier", "nothing to do")
    return exactly(float(weight @ drop) / float(weight @ barrier))


def blind_search(topography: Topography) -> Measurement:
    """Levinthal's efficiency on the map: 1 less ``ln(passage over stay) / ln(number of minima)``.

    1 where one stay leads to the lowest minimum; 0 where as many are needed as there are minima, like trying all.
    """
    found = _rulers(topography)
    if isinstance(found, NoAnswer):
        return found
    return exactly(1.0 - found[0].own[0] / math.log(topography.graph.minima))


def rival_height(topography: Topography) -> Measurement:
    """Highest barrier out of a rival that holds weight, over the median height of the saddles above their higher end.

    Near 1 the rival is left over a barrier like any other; far above it a valley of its own.
    """
    escape = rivals.rival_escape(topography)
    if isinstance(escape, NoAnswer):
        return escape
    heights = saddle_heights(topography.graph)
    typical = float(np.median(heights)) / rivals.weighed_at(topography)
    if not typical > 0.0:
        return NoAnswer("no_barriers", "half of the saddles rise above nothing", "nothing to do")
    return exactly(escape.value / typical)


_RULERS = "this project, after Bryngelson, Onuchic, Socci, Wolynes, Proteins 21, 167 (1995)"
_RATES = "Pelzer, Wigner, Z. Phys. Chem. B 15, 445 (1932); Wales, Energy Landscapes (Cambridge, 2003), ch. 7"

MEASURES = (
    Measure(
        "rival_height",
        "highest barrier out of a rival over the median height of the saddles",
        "this project, after Wales, Miller, Walsh, Nature 394, 758 (1998)",
        6,
        smooth=with_volumes(on_part(rival_height)),
    ),
    Measure(
        "guidance",
        "passage to the lowest minimum between shuffled (0) and sorted (1) minima on the same graph",
        _RULERS,
        12,
        smooth=_of_rulers(guidance),
    ),
    Measure(
        "guidance_room",
        "logarithm of the shuffled over the sorted passage time",
        _RULERS,
        12,
        smooth=_of_rulers(guidance_room),
    ),
    Measure(
        "funnel_bottoms",
        "fewest minima to one of which the map leads, guidance 3/4 or more",
        _RULERS,
        12,
        smooth=_of_rulers(funnel_bottoms),
    ),
    Measure(
        "bottoms_guidance",
        "guidance to those, or to the most that were tried",
        _RULERS,
        12,
        smooth=_of_rulers(bottoms_guidance),
    ),
    Measure(
        "loops",
        "independent loops of saddles for each minimum of the connected part",
        "Kirchhoff, Ann. Phys. Chem. 148, 497 (1847)",
        6,
        smooth=on_part(loops),
    ),
    Measure(
        "ground_descents",
        "share of the random descents that end in the lowest minimum",
        "this project",
        6,
        smooth=of_descents(on_part(ground_descents)),
    ),
    Measure(
        "ground_depth",
        "depth of the lowest minimum over the roughness of the ground around it",
        "this project, after Baum, Phys. Rev. Lett. 57, 2764 (1986)",
        6,
        smooth=on_part(ground_depth),
    ),
    Measure(
        "passage",
        "logarithm of the mean passage time to the lowest minimum over the typical stay in one",
        _RATES,
        13,
        smooth=_of_rulers(passage),
    ),
    Measure(
        "relaxation",
        "logarithm of the slowest relaxation time over the typical stay in a minimum",
        _RATES,
        13,
        smooth=on_part(relaxation),
    ),
    Measure(
        "blind_share",
        "1 - ln(passage over stay) / ln(minima): 0 is like trying all minima",
        "Levinthal, Moessbauer Spectroscopy in Biological Systems, 22 (1969)",
        12,
        smooth=on_part(blind_search),
    ),
    Measure(
        "drop_per_barrier",
        "drop over barrier along ways down: large for structure seekers, small for glass formers",
        "Ball, Berry, Kunz, Li, Proykova, Wales, Science 271, 963 (1996)",
        6,
        smooth=on_part(drop_per_barrier),
    ),
)
