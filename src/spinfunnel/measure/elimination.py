"""Elimination of a flow network without a subtraction, so that every digit of the slowest times survives.

The equilibrium flow between minima is symmetric; with some minima absorbing, passage times and committors solve
``A y = b``, A the matrix with ``sum_j F_ij + e_i`` on its diagonal and ``-F_ij`` off it, ``e_i`` the flow into what
absorbs. Rates that differ by tens of orders of magnitude cost an ordinary factorisation all its digits, since its
diagonal is a difference. Keeping the outflow e instead, a pivot is a sum: Grassmann, Taksar, Heyman, Oper. Res. 33,
1107 (1985); O'Cinneide, Numer. Math. 65, 109 (1993). For minima this is the renormalisation of Trygubenko, Wales,
J. Chem. Phys. 124, 234110 (2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Elimination", "eliminate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Elimination:
    """Factors of the matrix A of the module's head.

    Attributes
    ----------
    order : array of int64, shape (n,)
        Nodes as they were eliminated, those with the fewest neighbours left first.
    pivot : array of float64, shape (n,)
        Total flow out of each when its turn came.
    offsets : array of int64, shape (n + 1,)
    neighbour : array of int64
    flow : array of float64
        Flow from each to the nodes then left, in compressed rows.
    """

    order: Ints
    pivot: Floats
    offsets: Ints
    neighbour: Ints
    flow: Floats

    def solve(self, b: Floats) -> Floats:
        """Solution of ``A y = b``; every entry to full relative precision where b has no negative one.

        Parts of either sign are solved for apart, and subtracted at the end.
        """
        if bool((b >= 0.0).all()):
            return _solve(self.order, self.pivot, self.offsets, self.neighbour, self.flow, b)
        return self.solve(np.maximum(b, 0.0)) - self.solve(np.maximum(-b, 0.0))


def eliminate(flow: csr_matrix, outflow: Floats) -> Elimination:
    """Factor the matrix of a symmetric flow with an outflow.

    Parameters
    ----------
    flow : csr_matrix, shape (n, n)
        Symmetric, not negative; its diagonal is not read. Held densely: 8 n^2 bytes.
    outflow : array of float64, shape (n,)
        Not negative, and above 0 somewhere in every connected part.

    Examples
    --------
    Two nodes in a row, the second one with an outflow:

    >>> from scipy.sparse import csr_matrix
    >>> found = eliminate(csr_matrix([[0.0, 2.0], [2.0, 0.0]]), np.array([0.0, 1.0]))
    >>> found.solve(np.array([1.0, 0.0])).tolist()
    [1.5, 1.0]
    """
    dense = np.ascontiguousarray(flow.toarray(), np.float64)
    np.fill_diagonal(dense, 0.0)
    return Elimination(*_eliminate(dense, np.array(outflow, np.float64)))


@njit(cache=True, nogil=True)
def _eliminate(flow: Floats, outflow: Floats) -> tuple[Ints, Floats, Ints, Ints, Floats]:
    n = len(outflow)
    order, pivot, offsets = np.empty(n, np.int64), np.empty(n), np.zeros(n + 1, np.int64)
    room = 16 * n + 16
    neighbour, value = np.empty(room, np.int64), np.empty(room)
    left = np.ones(n, np.bool_)
    degree = np.zeros(n, np.int64)
    for i in range(n):
        for j in range(n):
            degree[i] += flow[i, j] > 0.0
    around = np.empty(n, np.int64)
    for turn in range(n):
        node = -1
        for i in range(n):
            if left[i] and (node < 0 or degree[i] < degree[node]):
                node = i
        left[node] = False
        count = 0
        total = outflow[node]
        for j in range(n):
            if left[j] and flow[node, j] > 0.0:
                around[count] = j
                count += 1
                total += flow[node, j]
        first = offsets[turn]
        if first + count > room:
            room = 2 * room + count
            neighbour, value = _grown(neighbour, room), _grown_values(value, room)
        for a in range(count):
            i = around[a]
            neighbour[first + a], value[first + a] = i, flow[node, i]
            share = flow[node, i] / total
            outflow[i] += share * outflow[node]
            degree[i] -= 1
            for b in range(a):
                j = around[b]
                if flow[i, j] == 0.0:
                    degree[i] += 1
                    degree[j] += 1
                fresh = flow[i, j] + share * flow[node, j]
                flow[i, j] = fresh
                flow[j, i] = fresh
        order[turn], pivot[turn], offsets[turn + 1] = node, total, first + count
    used = offsets[n]
    return order, pivot, offsets, neighbour[:used].copy(), value[:used].copy()


@njit(cache=True, nogil=True)
def _grown(values: Ints, room: int) -> Ints:
    larger = np.empty(room, np.int64)
    for place in range(values.size):  # a slice takes ten times as long to compile
        larger[place] = values[place]
    return larger


@njit(cache=True, nogil=True)
def _grown_values(values: Floats, room: int) -> Floats:
    larger = np.empty(room)
    for place in range(values.size):
        larger[place] = values[place]
    return larger


@njit(cache=True, nogil=True)
def _solve(order: Ints, pivot: Floats, offsets: Ints, neighbour: Ints, flow: Floats, b: Floats) -> Floats:
    y = b.copy()
    for turn in range(len(order)):
        passed_on = y[order[turn]] / pivot[turn]
        for place in range(offsets[turn], offsets[turn + 1]):
            y[neighbour[place]] += passed_on * flow[place]
    for turn in range(len(order) - 1, -1, -1):
        total = y[order[turn]]
        for place in range(offsets[turn], offsets[turn + 1]):
            total += flow[place] * y[neighbour[place]]
        y[order[turn]] = total / pivot[turn]
    return y
