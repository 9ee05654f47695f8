"""Measures of the monotonic local optima network (definition 3): its sinks, and what comes to the native ones.

What the network is stands in `local_optima`; how walks stand in for it on sampled maps, in `kick_walks`.

Ochoa, Veerapen, J. Heuristics 24, 265 (2018).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.coverage import Coverage, share_estimate
from spinfunnel.measure.kick_walks import kick_walks
from spinfunnel.measure.local_optima import KickNetwork, Network, contracted, kick_network, leads_to
from spinfunnel.measure.outcome import Measure, Topography, exactly

__all__ = ["MEASURES", "absorbed", "kick_weight"]

Floats = NDArray[np.float64]

DENSE = 128
"""Minima up to which a dense matrix is quicker than a sparse one."""


def _network(topography: Topography) -> Network | NoAnswer:
    kicks = topography.shared(kick_network)
    if isinstance(kicks, NoAnswer):
        return kicks
    return contracted(kicks, topography.graph.energy, native=topography.graph.native)


def sinks(topography: Topography) -> Measurement:
    """Number of sinks: nodes of the compressed network from which no kick leads on, 1 or more."""
    network = topography.shared(_network)
    return network if isinstance(network, NoAnswer) else exactly(float(network.sink.sum()))


def global_funnel(topography: Topography) -> Measurement:
    """Share of the nodes from which kicks and descents lead to a native sink without ever going up, 0 to 1."""
    network = topography.shared(_network)
    return network if isinstance(network, NoAnswer) else exactly(float(network.reaches.mean()))


def sink_strength(topography: Topography) -> Measurement:
    """Weight of the edges into native sinks over that into all sinks, 0 to 1."""
    network = topography.shared(_network)
    if isinstance(network, NoAnswer):
        return network
    total = float(network.inward[network.sink].sum())
    if not total > 0.0:
        return NoAnswer(
            "no_inward_edges",
            f"no kick leads to one of the {int(network.sink.sum())} sinks from elsewhere",
            "nothing to do: there is no weight to compare",
        )
    return exactly(float(network.inward[network.sink & network.native].sum()) / total)


def neutrality(topography: Topography) -> Measurement:
    """Share of minima that contraction removed: 1 - nodes after / before, 0 to 1."""
    network = topography.shared(_network)
    return network if isinstance(network, NoAnswer) else exactly(1.0 - len(network.sink) / len(network.node))


def absorbed(network: KickNetwork, energy: Floats, *, native: NDArray[np.bool_]) -> Floats:
    """Chance of each minimum that a walk from there ends in a native one, each kick being as likely as any other.

    Examples
    --------
    From the highest of four minima one kick leads to the ground state, two to a minimum without a way down:

    >>> edges = KickNetwork(np.array([3, 3]), np.array([0, 1]), np.array([0.1, 0.2]))
    >>> absorbed(edges, np.array([0.0, 1.0, 2.0, 3.0]), native=np.array([True, False, False, False])).round(3).tolist()
    [1.0, 0.0, 0.0, 0.333]
    """
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import spsolve

    size = len(energy)
    chance = native.astype(np.float64)
    if size <= DENSE:
        return _absorbed_of_few(network, native)
    step = csr_matrix((network.weight, (network.start, network.end)), shape=(size, size))
    known = native | ~leads_to(step, native)  # All others get to one of these with some chance: one solution.
    if known.all():
        return chance
    total = np.asarray(step.sum(axis=1)).ravel()
    rows = np.flatnonzero(~known)
    step = csr_matrix(step[rows].multiply(1.0 / total[rows, None]))
    system = (identity(len(rows), format="csr") - step[:, rows]).tocsc()
    chance[rows] = spsolve(system, step[:, np.flatnonzero(known)] @ chance[known], permc_spec="NATURAL")
    return chance


def _absorbed_of_few(network: KickNetwork, native: NDArray[np.bool_]) -> Floats:
    """`absorbed` of few minima, without sparse matrices, whose making takes longer than the answer."""
    size = len(native)
    step = np.zeros((size, size))
    np.add.at(step, (network.start, network.end), network.weight)
    reaching, before = native.copy(), -1
    while before != (before := int(reaching.sum())):
        reaching |= (step[:, reaching] > 0.0).any(axis=1)
    rows = np.flatnonzero(reaching & ~native)
    chance = native.astype(np.float64)
    step = step[rows] / step[rows].sum(axis=1)[:, None]
    chance[rows] = np.linalg.solve(np.eye(len(rows)) - step[:, rows], step[:, native].sum(axis=1))
    return chance


def kick_weight(topography: Topography) -> Measurement:
    """Kick weight of a map of which every kick is known, 0 to 1."""
    network, graph = topography.shared(kick_network), topography.graph
    if isinstance(network, NoAnswer):
        return network
    return exactly(float(np.clip(graph.weight @ absorbed(network, graph.energy, native=graph.native), 0.0, 1.0)))


def sampled_kick_weight(topography: Topography) -> Measurement:
    """Share of walks from random descents that end in a native state, with the interval of a share (Jeffreys)."""
    walks = topography.shared(kick_walks)
    if isinstance(walks, NoAnswer):
        return walks
    count = int(walks.native.sum())
    return share_estimate(count, count, len(walks.native))


def sampled_sinks(topography: Topography) -> Measurement:
    """Number of sinks that walks from random descents end in: those seen, and those not hit (Chao1).

    Ends of one energy may belong to one sink, over neutral kicks that were not tried: at least as many as there are
    energies are sinks.
    """
    walks = topography.shared(kick_walks)
    if isinstance(walks, NoAnswer):
        return walks
    times = np.unique(walks.end, axis=0, return_counts=True)[1]
    seen = len(times)
    found = Coverage(len(walks.end), seen, seen, int((times == 1).sum()), int((times == 2).sum())).minima()
    apart = len(np.unique(np.round(walks.energy, 9)))
    return Estimate(found.value, float(min(apart, found.low)), found.high)


_SOURCE = "Ochoa, Veerapen, J. Heuristics 24, 265 (2018)"

MEASURES = (
    Measure(
        "sinks",
        "sinks of the monotonic local optima network",
        _SOURCE,
        3,
        exact=sinks,
        sampled=sampled_sinks,
        reads="landscape",
    ),
    Measure(
        "global_funnel",
        "share of its nodes that lead to a native sink without going up",
        _SOURCE,
        3,
        exact=global_funnel,
        reads="landscape",
    ),
    Measure(
        "sink_strength",
        "weight into native sinks over weight into all sinks",
        _SOURCE,
        3,
        exact=sink_strength,
        reads="landscape",
    ),
    Measure(
        "neutrality",
        "share of minima contracted with others of their energy",
        _SOURCE,
        3,
        exact=neutrality,
        reads="landscape",
    ),
    Measure(
        "kick_weight",
        "share of random states that descents and kicks lead to a native one",
        "Ochoa, Veerapen, J. Heuristics 24, 265 (2018)",
        3,
        exact=kick_weight,
        sampled=sampled_kick_weight,
        reads="landscape",
    ),
)
