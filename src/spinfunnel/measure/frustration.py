"""The frustration index (definition 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.landscape.tree import minimax_to
from spinfunnel.measure.connected_part import on_part
from spinfunnel.measure.coverage import when_complete
from spinfunnel.measure.outcome import Measure, Topography, exactly, no_path, single_minimum
from spinfunnel.measure.temperature import temperature_of

if TYPE_CHECKING:
    from spinfunnel.landscape.estimate import Measurement

__all__ = ["MEASURES"]


def frustration(topography: Topography) -> Measurement:
    """Mean barrier toward the native set over energy difference, weighted by occupation; 1 or more.

    ``f(T) = sum over non-native a of p_a / (1 - p_native) * (S(a, native) - E_0) / (E_a - E_0)`` with S the minimax
    saddle to the nearest native minimum, E_0 the ground energy and ``p_a`` proportional to ``plateau * orbit *
    exp(-E_a / T)``: each plain state at the bottom of a minimum counts, symmetric copies and neutral neighbours
    included. Since the native occupation drops out, it cannot underflow at low temperature. It is heavy-tailed over
    disorder (a near-degenerate rival dominates): report medians.

    de Souza, Stevenson, Niblett, Farrell, Wales, J. Chem. Phys. 146, 124103 (2017).
    """
    graph = topography.graph
    lonely = single_minimum(graph)
    if lonely is not None:
        return lonely
    others = ~graph.native
    barrier = minimax_to(topography.tree, np.flatnonzero(graph.native))[others]
    if not np.isfinite(barrier).all():
        return no_path()
    energy = graph.energy[others]
    temperature = temperature_of(topography)
    if isinstance(temperature, NoAnswer):
        return temperature
    states = graph.log_states[others]
    occupation = np.exp(states - states.max() - (energy - energy[0]) / temperature)
    ratio = (barrier - graph.energy[0]) / (energy - graph.energy[0])
    return exactly(float(np.average(ratio, weights=occupation)))


MEASURES = (
    Measure(
        "frustration",
        "mean barrier over energy difference toward the native state: 1 is a palm tree",
        "de Souza et al., J. Chem. Phys. 146, 124103 (2017)",
        4,
        exact=frustration,
        sampled=when_complete(frustration),
        smooth=on_part(frustration),
    ),
)
