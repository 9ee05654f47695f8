"""How a passage between minima goes: committor, reactive flow, dominant path (definition 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.measure.kinetics import Kinetics, check_solvable, grounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

__all__ = ["committor", "dominant_path", "reactive_flow"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def committor(kinetics: Kinetics, *, source: int | Sequence[int] | Ints, target: int | Sequence[int] | Ints) -> Floats:
    """Probability of reaching the target before the source, from every minimum.

    Examples
    --------
    >>> from spinfunnel.measure.kinetics import from_flow
    >>> kinetics = from_flow(
    ...     np.ones(3), rows=np.array([0, 1]), columns=np.array([1, 2]), flow=np.array([1.0, 3.0]), temperature=1.0
    ... )
    >>> committor(kinetics, source=0, target=2).tolist()
    [0.0, 0.75, 1.0]
    """
    check_solvable(kinetics)
    start, end = np.atleast_1d(source), np.atleast_1d(target)
    if len(np.intersect1d(start, end)):
        raise InputError(f"minimum {int(np.intersect1d(start, end)[0])} is both source and target; keep them apart")
    others, factors = grounded(kinetics, np.concatenate([start, end]))
    into = np.asarray(kinetics.flow[:, end].sum(axis=1)).ravel()
    chance = np.zeros(kinetics.minima)
    chance[end] = 1.0
    if len(others):
        chance[others] = factors.solve(into[others])
    return chance


def reactive_flow(
    kinetics: Kinetics, *, source: int | Sequence[int] | Ints, target: int | Sequence[int] | Ints
) -> csr_matrix:
    """Net flow of the passages from source to target, per sweep: ``max(0, p_i k_ij (q_j - q_i))``, q the committor.

    What leaves the source is the rate of passages; divided by the equilibrium share of what was last at the source it
    is the rate constant. E, Vanden-Eijnden, J. Stat. Phys. 123, 503 (2006).

    Examples
    --------
    >>> from spinfunnel.measure.kinetics import from_flow
    >>> kinetics = from_flow(
    ...     np.ones(3), rows=np.array([0, 1]), columns=np.array([1, 2]), flow=np.array([3.0, 3.0]), temperature=1.0
    ... )
    >>> reactive_flow(kinetics, source=0, target=2).toarray().tolist()
    [[0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]]
    """
    from scipy.sparse import csr_matrix

    chance = committor(kinetics, source=source, target=target)
    flow = kinetics.flow.tocoo()
    net = np.maximum(flow.data * (chance[flow.col] - chance[flow.row]), 0.0)
    answer = csr_matrix((net, (flow.row, flow.col)), shape=flow.shape)
    answer.eliminate_zeros()
    return answer


def dominant_path(kinetics: Kinetics, *, source: int, target: int) -> tuple[Ints, float]:
    """Likeliest walk from source to target: greatest product of branching probabilities ``k_ij / sum_j k_ij``.

    Dijkstra's algorithm with ``-ln`` of them as lengths: Evans, Wales, J. Chem. Phys. 121, 1080 (2004).

    Returns
    -------
    path : array of int64
        Minima from source to target.
    log_probability : float
        Logarithm of the product.

    Examples
    --------
    >>> from spinfunnel.measure.kinetics import from_flow
    >>> kinetics = from_flow(
    ...     np.ones(3), rows=np.array([0, 1, 0]), columns=np.array([1, 2, 2]), flow=np.array([3.0, 3.0, 1.0]),
    ...     temperature=1.0,
    ... )  # fmt: skip
    >>> path, log_probability = dominant_path(kinetics, source=0, target=2)
    >>> path.tolist(), round(float(np.exp(log_probability)), 6)
    ([0, 1, 2], 0.375)
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    for name, number in (("source", source), ("target", target)):
        if not 0 <= number < kinetics.minima:
            raise InputError(f"the {name} is minimum {number}; there are minima 0 to {kinetics.minima - 1}")
    flow = kinetics.flow.tocoo()
    # A step that is certain has length 0, which a sparse matrix would take for no step at all.
    length = np.maximum(-np.log(flow.data / kinetics.visits[flow.row]), 1e-300)
    steps = csr_matrix((length, (flow.row, flow.col)), shape=flow.shape)
    distance, before = dijkstra(steps, indices=source, return_predecessors=True)
    if not np.isfinite(distance[target]):
        raise InputError(f"no path of known saddles leads from minimum {source} to {target}: explore further")
    path = [target]
    while path[-1] != source:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], np.int64), -float(distance[target])
