"""Kinetics on a map of minima and saddles, in logarithms: passage times and relaxation by transition-state theory.

Minimum i holds the weight ``ln Z_i = v_i - E_i / T``, v_i the logarithm of its harmonic volume. A saddle carries the
equilibrium flow ``ln F = v_s - E_s / T - ln 2 pi`` between the minima that it joins; saddles of one pair add up. The
master equation with the rates ``k_ij = F_ij / Z_i`` keeps the superposition weights. Where a volume is unknown, all
count as equal.

Times are in the landscape's own unit, so that only their ratios are said; energies times a constant at a temperature
times the same constant change none of those.

Pelzer, Wigner, Z. Phys. Chem. B 15, 445 (1932); Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.measure.kinetics import saddle_pairs
from spinfunnel.measure.smooth_kinetics_solver import LogElimination, eliminate_logs

__all__ = [
    "SmoothKinetics",
    "dealt",
    "heights_to",
    "log_mean",
    "log_passage_times",
    "log_relaxation_time",
    "log_residence_times",
    "saddle_heights",
    "smooth_kinetics",
    "steps_to",
    "volumes_known",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LANCZOS = 24
"""Vectors at most in the search for the slowest relaxation."""
CONVERGED = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SmoothKinetics:
    """Weights and flows of a map at one temperature, as logarithms.

    Attributes
    ----------
    temperature : float
    log_weight : array of float64, shape (m,)
        ``ln Z_i`` less that of the heaviest minimum.
    one, other : array of int64, shape (e,)
        Pairs of different minima that saddles join, each once.
    log_flow : array of float64, shape (e,)
        ``ln F`` of each pair, less the same constant.
    """

    temperature: float
    log_weight: Floats
    one: Ints
    other: Ints
    log_flow: Floats

    @property
    def minima(self) -> int:
        """Number of minima."""
        return len(self.log_weight)


def volumes_known(graph: BasinGraph) -> bool:
    """Whether every minimum and saddle has a harmonic volume."""
    volumes = (graph.log_volume, graph.saddle_log_volume)
    return all(each is not None and bool(np.isfinite(each).all()) for each in volumes)


def smooth_kinetics(graph: BasinGraph, *, temperature: float) -> SmoothKinetics:
    """Weights and flows of a map by harmonic transition-state theory.

    Parameters
    ----------
    graph : BasinGraph
        Connected, of at least one minimum.
    temperature : float
        In the unit of the energy, k_B = 1.

    Raises
    ------
    InputError
        For a temperature that is not a positive finite number.

    Examples
    --------
    Two minima at 0 and 1 with a saddle at 2: the rate from the upper one is exp(-1) / 2 pi at a temperature of 1.

    >>> graph = BasinGraph(
    ...     key=np.array(["a", "b"]),
    ...     energy=np.array([0.0, 1.0]),
    ...     weight=np.full(2, 0.5),
    ...     plateau=np.ones(2, np.int64),
    ...     orbit=np.ones(2, np.int64),
    ...     saddle_key=np.array(["s"]),
    ...     saddle_energy=np.array([2.0]),
    ...     saddle_offsets=np.array([0, 2]),
    ...     saddle_minima=np.array([0, 1]),
    ...     saddle_exact=np.ones(1, bool),
    ...     log_volume=np.zeros(2),
    ...     saddle_log_volume=np.zeros(1),
    ... )
    >>> found = smooth_kinetics(graph, temperature=1.0)
    >>> bool(np.isclose(np.exp(found.log_flow[0] - found.log_weight[1]), np.exp(-1.0) / (2 * np.pi)))
    True
    """
    if not (math.isfinite(temperature) and temperature > 0.0):
        raise InputError(f"a temperature of {temperature} has no Boltzmann weights: give a finite number above 0")
    low, saddle = graph.log_states, graph.saddle_log_states
    if not volumes_known(graph):
        low, saddle = np.zeros(graph.minima), np.zeros(graph.saddles)
    floor = graph.energy[0]
    weight = low - (graph.energy - floor) / temperature
    crossed = saddle - (graph.saddle_energy - floor) / temperature - math.log(2.0 * math.pi)
    common = weight.max()
    rows, columns, number = saddle_pairs(graph)
    apart = rows != columns
    first, second = np.minimum(rows, columns)[apart], np.maximum(rows, columns)[apart]
    order = np.lexsort((second, first))
    first, second, flow = first[order], second[order], crossed[number[apart]][order] - common
    if len(first) == 0:
        return SmoothKinetics(temperature, weight - common, first, second, flow)
    fresh = np.concatenate([[True], (np.diff(first) != 0) | (np.diff(second) != 0)])
    start = np.flatnonzero(fresh)
    return SmoothKinetics(temperature, weight - common, first[start], second[start], np.logaddexp.reduceat(flow, start))


def log_residence_times(kinetics: SmoothKinetics) -> Floats:
    """Logarithm of the mean time for which each minimum is stayed in, ``ln Z_i - ln sum_j F_ij``."""
    out = np.full(kinetics.minima, -np.inf)
    ends = np.concatenate([kinetics.one, kinetics.other])
    order = np.argsort(ends, kind="stable")
    flow = np.concatenate([kinetics.log_flow, kinetics.log_flow])[order]
    start = np.flatnonzero(np.concatenate([[True], np.diff(ends[order]) != 0])) if len(ends) else np.zeros(0, np.int64)
    if len(start):
        out[ends[order][start]] = np.logaddexp.reduceat(flow, start)
    return np.asarray(kinetics.log_weight - out)


def log_passage_times(kinetics: SmoothKinetics, target: Ints) -> Floats | None:
    """Logarithm of the mean first passage time from every minimum to a set of them.

    Parameters
    ----------
    kinetics : SmoothKinetics
        Connected.
    target : array of int64
        Numbers of the minima that are to be reached.

    Returns
    -------
    array of float64, shape (m,), or None
        Minus infinity in the target; None where the map is too large and too well connected to solve.

    Examples
    --------
    >>> two = SmoothKinetics(1.0, np.log([3.0, 1.0]), np.array([0]), np.array([1]), np.log([0.5]))
    >>> np.exp(log_passage_times(two, np.array([0]))).round(12).tolist()
    [0.0, 2.0]
    """
    solved = _grounded(kinetics, target)
    if solved is None:
        return None
    others, factors = solved
    time = np.full(kinetics.minima, -np.inf)
    time[others] = factors.solve(kinetics.log_weight[others])
    return time


def _grounded(kinetics: SmoothKinetics, target: Ints) -> tuple[Ints, LogElimination] | None:
    """Minima outside of the target, and the elimination of their flow."""
    inside = np.zeros(kinetics.minima, bool)
    inside[target] = True
    others = np.flatnonzero(~inside)
    number = np.cumsum(~inside) - 1
    one, other, flow = kinetics.one, kinetics.other, kinetics.log_flow
    out = np.full(len(others), -np.inf)
    for from_, to in ((one, other), (other, one)):
        leaving = inside[to] & ~inside[from_]
        np.logaddexp.at(out, number[from_[leaving]], flow[leaving])
    both = ~inside[one] & ~inside[other]
    factors = eliminate_logs(number[one[both]], number[other[both]], flow[both], out)
    return None if factors is None else (others, factors)


def log_mean(log_time: Floats, weight: Floats) -> float:
    """Logarithm of the weighted mean of times that are given as logarithms."""
    with np.errstate(divide="ignore"):
        terms = log_time + np.log(weight / weight.sum())
    top = terms.max()
    return float(top + math.log(np.exp(terms - top).sum())) if math.isfinite(top) else float(top)


def log_relaxation_time(kinetics: SmoothKinetics) -> float | None:
    """Logarithm of the slowest relaxation time: the largest eigenvalue of the generator's inverse, by Lanczos steps.

    With the heaviest minimum absorbing, ``A^-1`` solves for any source that sums to 0; between the square roots of the
    populations it is symmetric, and its largest eigenvalue is the time. None where the map is too large to solve, or
    has one minimum.

    Examples
    --------
    >>> two = SmoothKinetics(1.0, np.log([3.0, 1.0]), np.array([0]), np.array([1]), np.log([0.5]))
    >>> round(float(np.exp(log_relaxation_time(two))), 12)
    1.5
    """
    m = kinetics.minima
    if m < 2:
        return None
    ground = int(kinetics.log_weight.argmax())
    solved = _grounded(kinetics, np.array([ground]))
    if solved is None:
        return None
    others, factors = solved
    population = np.exp(kinetics.log_weight)
    root = np.sqrt(population / population.sum())
    # Times are counted in the longest one, so that vectors are of order 1.
    scale = float(factors.solve(kinetics.log_weight[others]).max())

    def relax(vector: Floats) -> Floats:
        vector = vector - root * float(root @ vector)
        answer = np.zeros(m)
        with np.errstate(divide="ignore"):
            for sign in (1.0, -1.0):
                source = np.log(np.maximum(sign * vector, 0.0)) + 0.5 * kinetics.log_weight
                # Root and solution together: none is longer than the longest passage, though either may overflow.
                solved = factors.solve(source[others]) + 0.5 * kinetics.log_weight[others] - scale
                answer[others] += sign * np.exp(solved)
        return np.asarray(answer - root * float(root @ answer))

    return _largest(relax, m) + scale


def _largest(operator: Callable[[Floats], Floats], m: int) -> float:
    """Logarithm of the largest eigenvalue of a symmetric operator that is not negative, by Lanczos steps."""
    vector = np.random.default_rng(m).standard_normal(m)
    vector /= np.linalg.norm(vector)
    basis, last = [vector], 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(min(LANCZOS, m)):
        image = operator(basis[-1])
        diagonal.append(float(basis[-1] @ image))
        known = np.array(basis)
        image = image - known.T @ (known @ image)
        image -= known.T @ (known @ image)
        found = float(np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))[-1])
        length = float(np.linalg.norm(image))
        if found - last <= CONVERGED * found or length <= 1e-14 * found:
            last = found
            break
        last = found
        beside.append(length)
        basis.append(image / length)
    return math.log(last) if last > 0.0 else -math.inf


def dealt(graph: BasinGraph, minimum: Ints) -> BasinGraph:
    """Return the same graph with other minima at its nodes: node k gets what minimum ``minimum[k]`` was.

    A minimum moves with its energy, volume and share of descents. A saddle keeps its height above the higher of its
    ends, and its volume over that of this end, so that the barrier from there is what it was.
    """
    m = graph.minima
    hub = graph.saddle_minima[graph.saddle_offsets[:-1]] if graph.saddles else np.zeros(0, np.int64)
    higher = hub.copy()
    size = np.diff(graph.saddle_offsets)
    saddle = np.repeat(np.arange(graph.saddles), size)
    energy = graph.energy[minimum]
    top_before = np.full(graph.saddles, -np.inf)
    np.maximum.at(top_before, saddle, graph.energy[graph.saddle_minima])
    top_now = np.full(graph.saddles, -np.inf)
    np.maximum.at(top_now, saddle, energy[graph.saddle_minima])
    volume, over = graph.log_volume, graph.saddle_log_volume
    if volume is not None and over is not None and volumes_known(graph):
        moved = volume[minimum]
        before, now = higher.copy(), higher.copy()
        at_top = graph.energy[graph.saddle_minima] == top_before[saddle]
        before[saddle[at_top]] = graph.saddle_minima[at_top]
        at_top = energy[graph.saddle_minima] == top_now[saddle]
        now[saddle[at_top]] = graph.saddle_minima[at_top]
        over = over - volume[before] + moved[now]
        volume = moved
    # Number 0 must be the lowest again.
    order = np.argsort(energy, kind="stable")
    place = np.empty(m, np.int64)
    place[order] = np.arange(m)
    height = top_now + np.maximum(graph.saddle_energy - top_before, 0.0)
    rising = np.argsort(height, kind="stable")
    starts = graph.saddle_offsets[:-1][rising]
    sizes = size[rising]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    gather = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
    return dataclasses.replace(
        graph,
        key=graph.key[order],
        energy=energy[order],
        weight=graph.weight[minimum][order],
        log_volume=None if volume is None else volume[order],
        saddle_key=graph.saddle_key[rising],
        saddle_energy=height[rising],
        saddle_exact=graph.saddle_exact[rising],
        saddle_offsets=offsets,
        saddle_minima=place[graph.saddle_minima[gather]],
        saddle_log_volume=None if over is None else over[rising],
        saddle_index=None if graph.saddle_index is None else graph.saddle_index[rising],
        plateau=graph.plateau[minimum][order],
        orbit=graph.orbit[minimum][order],
        visits=graph.visits[minimum][order],
    )


def steps_to(graph: BasinGraph, target: Ints) -> Floats:
    """Least number of saddles from every minimum to the target."""
    return _distances(graph, target, np.ones(graph.saddles))


def heights_to(graph: BasinGraph, target: Ints) -> Floats:
    """Least sum of heights of saddles, each above the higher of its ends, from every minimum to the target."""
    heights = saddle_heights(graph)
    # Ways over nothing count a little, so that the shorter of two is the nearer.
    return _distances(graph, target, heights + 1e-6 * (float(np.median(heights)) if len(heights) else 0.0) + 1e-300)


def saddle_heights(graph: BasinGraph) -> Floats:
    """Height of every saddle above the highest minimum that it joins, shape (s,)."""
    top = np.full(graph.saddles, -np.inf)
    np.maximum.at(
        top, np.repeat(np.arange(graph.saddles), np.diff(graph.saddle_offsets)), graph.energy[graph.saddle_minima]
    )
    return np.asarray(np.maximum(graph.saddle_energy - top, 0.0))


def _distances(graph: BasinGraph, target: Ints, length: Floats) -> Floats:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    rows, columns, number = saddle_pairs(graph)
    low, high, long = np.minimum(rows, columns), np.maximum(rows, columns), length[number]
    order = np.lexsort((long, high, low))
    low, high, long = low[order], high[order], long[order]
    # Of several saddles between two minima the nearest counts: entries of one place would be added up.
    fresh = (low != high) & np.concatenate([[True], (np.diff(low) != 0) | (np.diff(high) != 0)])
    joined = csr_matrix((long[fresh], (low[fresh], high[fresh])), shape=(graph.minima, graph.minima))
    return np.asarray(dijkstra(joined, directed=False, indices=np.asarray(target), min_only=True))
