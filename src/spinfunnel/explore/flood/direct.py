"""All direct saddles between basins, and the flows between them: what kinetics can use beyond the flood's map.

The flood keeps the saddles that matter for exits and merges. Here every pair of neighbouring basins is looked at: its
direct saddle ``s(i, j) = min max(E(u), E(v))`` over neighbours u, v in the basins of i and j, and its equilibrium flow.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood.flooding import FEWEST_BITS, _flood_cube, _open_cube
from spinfunnel.explore.flood.hypercube import move
from spinfunnel.explore.flood.memory import available_bytes, refuse_if_too_large
from spinfunnel.landscape import BasinGraph, Binary, InputError, Progress, index_key, no_progress
from spinfunnel.moves.group import close_group

if TYPE_CHECKING:
    from spinfunnel.explore.flood.cube import Cube

__all__ = ["MOST_MINIMA", "BasinFlow", "basin_flow", "direct_saddles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_MINIMA = 16_384
"""Minima up to which pairs are held densely, in up to 16 bytes each."""


@dataclass(frozen=True, slots=True, eq=False)
class BasinFlow:
    """Weights of basins and flows between them at one temperature, up to one common factor.

    Attributes
    ----------
    temperature : float
    weight : array of float64, shape (m,)
        Partition function of each basin: the sum of ``exp(-E / T)`` over its plain states.
    rows, columns : array of int64, shape (e,)
        Pairs of neighbouring basins, rows < columns.
    flow : array of float64, shape (e,)
        Sum over their plain moves u -> v of ``min(exp(-E(u) / T), exp(-E(v) / T))``.
    """

    temperature: float
    weight: Floats
    rows: Ints
    columns: Ints
    flow: Floats


def direct_saddles(landscape: Binary, *, workers: int = 1, progress: Progress = no_progress) -> BasinGraph:
    """Map a landscape like `flooding.flood`, with the direct saddle of every pair of neighbouring basins.

    Parameters
    ----------
    landscape : Binary
        At least 6 free bits, and at most `MOST_MINIMA` minima.
    workers : int
        Threads of the flood. The result does not depend on it.
    progress : callable

    Returns
    -------
    BasinGraph
        The flood's, with one saddle for each pair: its state is the smallest-numbered of the lowest, its first minimum
        the basin of that state.

    Raises
    ------
    InputError
        For too few bits, or so many minima that their pairs do not fit into memory.

    Examples
    --------
    >>> from spinfunnel.systems import low_autocorrelation
    >>> graph = direct_saddles(low_autocorrelation(9))
    >>> bool((np.diff(graph.saddle_offsets) == 2).all())
    True
    """
    cube, graph = _labelled(landscape, workers=workers, progress=progress, bytes_per_pair=16)
    m = graph.minima
    height, state = np.full((m, m), np.inf), np.full((m, m), -1, np.int64)
    _lowest_passes(cube.energies, cube.label, *cube.geometry, height, state)
    low, high = np.nonzero(np.isfinite(np.triu(height, 1)) & (np.triu(state + 1, 1) > 0))
    energy, place = height[low, high], state[low, high]
    if len(cube.canon):
        place = cube.canon[place].astype(np.int64)
    key = index_key(place, size=cube.size) if len(place) else np.zeros(0, f"U{cube.size}")
    order = np.lexsort((high, low, key, energy))
    hub = cube.label[place[order]].astype(np.int64)
    joined = np.stack([hub, np.where(hub == low[order], high[order], low[order])], axis=1)
    return dataclasses.replace(
        graph,
        saddle_key=key[order],
        saddle_energy=energy[order],
        saddle_offsets=np.arange(len(order) + 1, dtype=np.int64) * 2,
        saddle_minima=joined.ravel(),
        saddle_exact=np.ones(len(order), np.bool_),
    )


def basin_flow(
    landscape: Binary, *, temperature: float, workers: int = 1, progress: Progress = no_progress
) -> tuple[BasinGraph, BasinFlow]:
    """Map a landscape, and sum Boltzmann weights over its basins and over the moves between them.

    Parameters
    ----------
    landscape : Binary
        At least 6 free bits, and at most `MOST_MINIMA` minima.
    temperature : float
        In the unit of the energy, k_B = 1.
    workers, progress
        As for `direct_saddles`.

    Returns
    -------
    graph : BasinGraph
        As of `flooding.flood`.
    flow : BasinFlow
        Numbered like the minima of the graph.

    Raises
    ------
    InputError
        As for `direct_saddles`, or for a temperature that is not positive and finite.

    Examples
    --------
    >>> from spinfunnel.systems import low_autocorrelation
    >>> graph, flow = basin_flow(low_autocorrelation(9), temperature=5.0)
    >>> len(flow.weight) == graph.minima
    True
    """
    if not 0.0 < temperature < np.inf:
        raise InputError(f"the temperature is {temperature}; give a finite number above 0")
    cube, graph = _labelled(landscape, workers=workers, progress=progress, bytes_per_pair=8)
    boltzmann = (1 + cube.flip) * np.exp(-(cube.energies - graph.energy[0]) / temperature)
    between = np.zeros((graph.minima, graph.minima))
    _flow_between(boltzmann, cube.label, *cube.geometry, between)
    low, high = np.nonzero(between)
    weight = np.bincount(cube.label, weights=boltzmann, minlength=graph.minima).astype(np.float64)
    return graph, BasinFlow(float(temperature), weight, low, high, between[low, high])


def _labelled(landscape: Binary, *, workers: int, progress: Progress, bytes_per_pair: int) -> tuple[Cube, BasinGraph]:
    """Flooded cube with the number of its minimum at every state, and its map."""
    group = close_group(landscape.symmetries, size=landscape.size)
    bits = landscape.size - int(group.has_global_flip)
    if bits < FEWEST_BITS:
        raise InputError(
            f"{landscape.name} has {bits} free bits; pairs of basins are looked at from {FEWEST_BITS} on: flood it"
        )
    refuse_if_too_large(landscape.size, bits=bits, symmetric=group.modulo_flip().order > 1)
    cube = _open_cube(landscape, group=group, bits=bits, workers=workers, progress=progress)
    graph = _flood_cube(cube, landscape)
    needed, free = bytes_per_pair * graph.minima**2, available_bytes()
    if graph.minima > MOST_MINIMA or needed > free:
        raise InputError(
            f"the pairs of {graph.minima} minima need {needed / 2**30:.1f} GiB; there are {free / 2**30:.1f} GiB, and "
            f"it is done up to {MOST_MINIMA} minima: keep to the saddles of the flood"
        )
    return cube, graph


@njit(cache=True, nogil=True)
def _lowest_passes(
    energies: Floats, label: NDArray[np.int32], bits: int, flip: int, height: Floats, state: Ints
) -> None:
    """Fill the upper triangles with the lowest pass between basins, and the smallest state that is one."""
    for here in range(energies.size):
        for number in range(bits + flip):
            other = move(here, number, bits)
            if energies[other] > energies[here] or label[other] == label[here]:
                continue
            low, high = min(label[here], label[other]), max(label[here], label[other])
            # States ascend, so the first of equal height is the smallest.
            if energies[here] < height[low, high]:
                height[low, high] = energies[here]
                state[low, high] = here


@njit(cache=True, nogil=True)
def _flow_between(boltzmann: Floats, label: NDArray[np.int32], bits: int, flip: int, between: Floats) -> None:
    """Add up the flow between basins, each plain move counted one way, in the upper triangle."""
    for here in range(boltzmann.size):
        for number in range(bits + flip):
            other = move(here, number, bits)
            if label[here] < label[other]:
                between[label[here], label[other]] += min(boltzmann[here], boltzmann[other])
