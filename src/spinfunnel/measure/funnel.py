"""Funnels of Klemm, Flamm and Stadler: minima linked by their lowest exits.

The exit of a minimum is its lowest direct saddle, ``e(i) = min over j of s(i, j)``. An edge i -> j says that j lies
behind an exit of i and is lower: ``s(i, j) = e(i)`` and ``E(j) < E(i)``. Minima without an edge are the bottoms. Where
several lower minima lie behind exits at exactly one height, the edge whose chain ends in the lowest bottom is kept,
and of those the lowest minimum (the smallest number among equals): so the native funnel is all that can reach a native
bottom by lowest exits, and its size does not hang on the order in which equals are numbered. A funnel is all that
leads to one bottom; the native funnel is the union of the funnels with a native bottom.

Klemm, Flamm, Stadler, Eur. Phys. J. B 63, 387 (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from spinfunnel.landscape import BasinGraph

__all__ = ["Chains", "chains", "funnel_of"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Where the chain of lowest exits leads from each minimum.

    Attributes
    ----------
    following : array of int64, shape (m,)
        Next minimum of the chain; the minimum itself at a bottom.
    bottom : array of int64, shape (m,)
        Last minimum of the chain.
    length : array of int64, shape (m,)
        Number of steps to the bottom.
    """

    following: Ints
    bottom: Ints
    length: Ints


def chains(graph: BasinGraph) -> Chains:
    """Follow the lowest exits from every minimum.

    Examples
    --------
    Minimum 2 leaves over its lowest exit to 1, although 0 is lower; 1 has its lowest exit toward 2, which is higher: a
    bottom.

    >>> from spinfunnel.landscape import BasinGraph
    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11", "01"]),
    ...     energy=np.array([-2.0, -1.0, 0.0]),
    ...     weight=np.full(3, 1 / 3),
    ...     plateau=np.ones(3, np.int64),
    ...     orbit=np.ones(3, np.int64),
    ...     saddle_key=np.array(["a", "b"]),
    ...     saddle_energy=np.array([0.5, 1.0]),
    ...     saddle_offsets=np.array([0, 2, 5]),
    ...     saddle_minima=np.array([1, 2, 0, 1, 2]),
    ...     saddle_exact=np.ones(2, bool),
    ... )
    >>> chains(graph).bottom.tolist()
    [0, 1, 1]
    """
    hub, spoke, energy = graph.direct_edges()
    return Chains(*_follow(hub, spoke, energy, graph.energy))


def funnel_of(graph: BasinGraph) -> Ints:
    """Find the bottom in which each minimum's chain of lowest exits ends, by number, shape (m,).

    A minimum i is a bottom where ``funnel_of(graph)[i] == i``.

    Examples
    --------
    >>> from spinfunnel.landscape import BasinGraph
    >>> graph = BasinGraph(
    ...     key=np.array(["00", "11"]),
    ...     energy=np.array([-2.0, -1.0]),
    ...     weight=np.array([0.75, 0.25]),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array(["a"]),
    ...     saddle_energy=np.array([0.5]),
    ...     saddle_offsets=np.array([0, 2]),
    ...     saddle_minima=np.array([0, 1]),
    ...     saddle_exact=np.ones(1, bool),
    ... )
    >>> funnel_of(graph).tolist()
    [0, 0]
    """
    return chains(graph).bottom


@njit(cache=True, nogil=True)
def _follow(hub: Ints, spoke: Ints, saddle: Floats, energy: Floats) -> tuple[Ints, Ints, Ints]:
    minima = len(energy)
    leave = np.full(minima, np.inf)
    for k in range(len(hub)):
        if hub[k] != spoke[k]:
            leave[hub[k]] = min(leave[hub[k]], saddle[k])
            leave[spoke[k]] = min(leave[spoke[k]], saddle[k])
    # Edges to lower minima, in compressed rows: at most one for each saddle, from its higher to its lower end.
    count = np.zeros(minima + 1, np.int64)
    source = np.full(len(hub), -1, np.int64)
    for k in range(len(hub)):
        upper = hub[k] if energy[hub[k]] > energy[spoke[k]] else spoke[k]
        lower = hub[k] + spoke[k] - upper
        if energy[lower] < energy[upper] and saddle[k] == leave[upper]:
            source[k] = upper
            count[upper + 1] += 1
    place = np.zeros(minima + 1, np.int64)
    place[0] = count[0]
    for i in range(minima):  # the sum of NumPy takes a second to compile
        place[i + 1] = place[i] + count[i + 1]
    target = np.empty(place[-1], np.int64)
    for k in range(len(hub)):
        if source[k] >= 0:
            target[place[source[k]]] = hub[k] + spoke[k] - source[k]
            place[source[k]] += 1
    following, bottom, length = np.arange(minima), np.arange(minima), np.zeros(minima, np.int64)
    # Minima are numbered by energy: what follows has a smaller number and is done before.
    for i in range(minima):
        for k in range(place[i] - count[i + 1], place[i]):
            j = target[k]
            further = bottom[j] < bottom[i] or (bottom[j] == bottom[i] and j < following[i])
            if following[i] == i or further:
                following[i], bottom[i], length[i] = j, bottom[j], length[j] + 1
    return following, bottom, length
