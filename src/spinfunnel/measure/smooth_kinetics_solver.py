"""Elimination of a flow network in logarithms: rates over hundreds of orders of magnitude, and maps of many minima.

With some minima absorbing, passage times solve ``A y = b``, A the matrix with ``sum_j F_ij + e_i`` on its diagonal and
``-F_ij`` off it; F is the symmetric equilibrium flow and ``e_i`` the flow into what absorbs. Nodes are eliminated one
by one, that with the fewest neighbours first::

    F_ij += F_ik F_kj / p_k        e_i += F_ik e_k / p_k        p_k = e_k + sum_j F_kj

Nothing is ever subtracted, so that every digit survives. Numbers are held as logarithms, so that none under- or
overflows; where the flows span less than a double holds they are held as they are, which is faster. A flow that
underflows on the way is lost beside others: it came through a node that is joined far better to a third one. What is
left when nearly all of it are neighbours of each other is eliminated as a dense matrix.

Grassmann, Taksar, Heyman, Oper. Res. 33, 1107 (1985); Trygubenko, Wales, J. Chem. Phys. 124, 234110 (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LogElimination", "eliminate_logs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ENTRIES = 60_000_000
"""Entries of the factor before an elimination is given up: a gigabyte."""
DENSE_FROM = 48
"""Nodes left from which on a nearly complete graph is eliminated as a dense matrix."""
FULL = 0.3
"""Share of all neighbours from which on it is nearly complete: a dense matrix is that much faster."""
PLAIN_SPAN = 600.0
"""Natural logarithm of the span of flows up to which they are held as doubles."""
BLOCK = 48
"""Pivots of a dense matrix that are eliminated together."""
LOST = 40.0
"""A term smaller by this many natural logarithms changes no digit of a sum."""


@dataclass(frozen=True, slots=True, eq=False)
class LogElimination:
    """Factors of the matrix A of the module's head.

    Attributes
    ----------
    order : array of int64, shape (n,)
        Nodes as they were eliminated.
    pivot : array of float64, shape (n,)
        Logarithm of the total flow out of each when its turn came.
    offsets : array of int64, shape (n + 1,)
    neighbour : array of int64
    flow : array of float64
        Logarithm of the flow from each to the nodes then left, in compressed rows.
    """

    order: Ints
    pivot: Floats
    offsets: Ints
    neighbour: Ints
    flow: Floats

    def solve(self, log_b: Floats) -> Floats:
        """Logarithm of the solution of ``A y = exp(log_b)``; minus infinity stands for 0."""
        return _solve(self.order, self.pivot, self.offsets, self.neighbour, self.flow, np.asarray(log_b, np.float64))


def eliminate_logs(one: Ints, other: Ints, log_flow: Floats, log_outflow: Floats) -> LogElimination | None:
    """Factor the matrix of a symmetric flow with an outflow.

    Parameters
    ----------
    one, other : array of int64, shape (e,)
        Pairs of different nodes, each pair once.
    log_flow : array of float64, shape (e,)
        Logarithm of the flow between them.
    log_outflow : array of float64, shape (n,)
        Logarithm of the outflow of each node, minus infinity for none; above it somewhere in every connected part.

    Returns
    -------
    LogElimination or None
        None where the factor would take more than `MOST_ENTRIES` entries.

    Examples
    --------
    Two nodes in a row, the second one with an outflow, at rates that no double holds:

    >>> low = -2000.0
    >>> found = eliminate_logs(np.array([0]), np.array([1]), np.array([low]), np.array([-np.inf, 3 * low]))
    >>> (found.solve(np.array([0.0, -np.inf])) / low).round(9).tolist()
    [-3.0, -3.0]
    """
    n = len(log_outflow)
    ends = np.concatenate([one, other])
    starts = np.argsort(ends, kind="stable")
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=n), out=offsets[1:])
    neighbour = np.concatenate([other, one])[starts]
    flow = np.concatenate([log_flow, log_flow])[starts]
    outflow = np.array(log_outflow, np.float64)
    every = np.concatenate([flow, outflow[outflow > -np.inf]])
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 0.0)
    plain, middle = high - low <= PLAIN_SPAN, 0.5 * (low + high)
    if plain:
        flow, outflow = np.exp(flow - middle), np.exp(outflow - middle)
    order, pivot, done, kept, weight = _eliminate(offsets, neighbour.astype(np.int64), flow, outflow, plain)
    if n and order[0] < 0:
        return None
    if plain:
        with np.errstate(divide="ignore"):
            pivot, weight = np.log(pivot) + middle, np.log(weight) + middle
    return LogElimination(order, pivot, done, kept, weight)


# ---------------------------------------------------------------------------------------------
# Kernels


@njit(cache=True, nogil=True)
def _plus(a: float, b: float) -> float:
    """ln(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b == -math.inf or a - b > LOST:
        return a
    return a + math.log1p(math.exp(b - a))


@njit(cache=True, nogil=True, inline="always")
def _sum(a: float, b: float, plain: bool) -> float:
    return a + b if plain else _plus(a, b)


@njit(cache=True, nogil=True, inline="always")
def _product(a: float, b: float, plain: bool) -> float:
    return a * b if plain else a + b


@njit(cache=True, nogil=True, inline="always")
def _ratio(a: float, b: float, plain: bool) -> float:
    return a / b if plain else a - b


@njit(cache=True, nogil=True)
def _eliminate(  # noqa: C901 - a kernel
    offsets: Ints, neighbour: Ints, flow: Floats, outflow: Floats, plain: bool
) -> tuple[Ints, Floats, Ints, Ints, Floats]:
    n = len(outflow)
    order, pivot, done = np.full(n, -1, np.int64), np.empty(n), np.zeros(n + 1, np.int64)
    # Rows that are still to be eliminated lie in a pool; a row that outgrows its place is moved to the pool's end.
    size = np.empty(n, np.int64)
    place, room = np.empty(n, np.int64), np.empty(n, np.int64)
    total = 0
    for i in range(n):
        size[i] = offsets[i + 1] - offsets[i]
        place[i], room[i] = total, size[i] + 4
        total += room[i]
    pool, value = np.empty(2 * total + 16, np.int64), np.empty(2 * total + 16)
    for i in range(n):
        for k in range(size[i]):
            pool[place[i] + k], value[place[i] + k] = neighbour[offsets[i] + k], flow[offsets[i] + k]
    kept, weight = np.empty(total + 16, np.int64), np.empty(total + 16)
    # Nodes by number of neighbours, as doubly linked lists.
    head, after, before = np.full(n + 1, -1, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n - 1, -1, -1):
        _link(i, size[i], head, after, before)
    seat = np.full(n, -1, np.int64)
    fewest, written = 0, 0
    for turn in range(n):
        fewest = max(fewest - 1, 0)
        while head[fewest] < 0:
            fewest += 1
        left = n - turn
        if left >= DENSE_FROM and fewest >= FULL * (left - 1):
            return _finish(turn, order, pivot, done, kept, weight, written, outflow, size, place, pool, value, plain)
        node = head[fewest]
        _unlink(node, size[node], head, after, before)
        count, first = size[node], place[node]
        out = outflow[node]
        for k in range(count):
            out = _sum(out, value[first + k], plain)
        if written + count > len(kept):
            kept, weight = _longer(kept, written + count), _longer_values(weight, written + count)
        for k in range(count):
            kept[written + k], weight[written + k] = pool[first + k], value[first + k]
        order[turn], pivot[turn] = node, out
        for a in range(count):
            i = kept[written + a]
            share = _ratio(weight[written + a], out, plain)
            outflow[i] = _sum(outflow[i], _product(share, outflow[node], plain), plain)
            _unlink(i, size[i], head, after, before)
            # The node leaves the row; where each neighbour sits in it is noted.
            start, stop = place[i], place[i] + size[i]
            k = start
            while k < stop:
                if pool[k] == node:
                    stop -= 1
                    pool[k], value[k] = pool[stop], value[stop]
                else:
                    seat[pool[k]] = k
                    k += 1
            size[i] = stop - start
            if size[i] + count > room[i]:
                needed = 2 * (size[i] + count)
                if total + needed > len(pool):
                    pool, value = _longer(pool, total + needed), _longer_values(value, total + needed)
                for k in range(size[i]):
                    pool[total + k], value[total + k] = pool[start + k], value[start + k]
                    seat[pool[total + k]] = total + k
                place[i], room[i] = total, needed
                total += needed
                start = place[i]
            for b in range(count):
                j = kept[written + b]
                if j == i:
                    continue
                more = _product(share, weight[written + b], plain)
                k = seat[j]
                if k >= 0:
                    value[k] = _sum(value[k], more, plain)
                else:
                    k = start + size[i]
                    pool[k], value[k] = j, more
                    size[i] += 1
            for k in range(start, start + size[i]):
                seat[pool[k]] = -1
            _link(i, size[i], head, after, before)
        written += count
        done[turn + 1] = written
        if max(written, total) > MOST_ENTRIES:
            order[0] = -1
            return order, pivot, done, kept[:0].copy(), weight[:0].copy()
    return order, pivot, done, kept[:written].copy(), weight[:written].copy()


@njit(cache=True, nogil=True)
def _finish(  # noqa: C901 - a kernel
    turn: int, order: Ints, pivot: Floats, done: Ints, kept: Ints, weight: Floats, written: int, outflow: Floats,
    size: Ints, place: Ints, pool: Ints, value: Floats, plain: bool,
) -> tuple[Ints, Floats, Ints, Ints, Floats]:  # fmt: skip
    """Eliminate what is left, nearly all neighbours of each other, as a dense matrix."""
    n = len(order)
    gone = np.zeros(n, np.bool_)
    for k in range(turn):
        gone[order[k]] = True
    names = np.flatnonzero(~gone)
    left = len(names)
    more = left * (left - 1) // 2
    if left * left > MOST_ENTRIES or written + more > MOST_ENTRIES:
        order[0] = -1
        return order, pivot, done, kept[:0].copy(), weight[:0].copy()
    number = np.full(n, -1, np.int64)
    number[names] = np.arange(left)
    matrix = np.full((left, left), 0.0 if plain else -math.inf)
    exits = outflow[names]
    for a in range(left):
        i = names[a]
        for k in range(place[i], place[i] + size[i]):
            matrix[a, number[pool[k]]] = value[k]
    if written + more > len(kept):
        kept, weight = _longer(kept, written + more), _longer_values(weight, written + more)
    # Pivots go by blocks, so that most of the work is a product of matrices.
    step = BLOCK if plain else left
    for begin in range(0, left, step):
        end = min(begin + step, left)
        shares = np.empty((end - begin, left - end))
        for a in range(begin, end):
            out = exits[a]
            for b in range(a + 1, left):
                out = _sum(out, matrix[a, b], plain)
            for b in range(a + 1, left):
                kept[written], weight[written] = names[b], matrix[a, b]
                written += 1
            for b in range(a + 1, end):
                share = _ratio(matrix[a, b], out, plain)
                exits[b] = _sum(exits[b], _product(share, exits[a], plain), plain)
                for c in range(b + 1, left):
                    matrix[b, c] = _sum(matrix[b, c], _product(share, matrix[a, c], plain), plain)
            for b in range(end, left):
                shares[a - begin, b - end] = _ratio(matrix[a, b], out, plain)
            order[turn + a], pivot[turn + a], done[turn + a + 1] = names[a], out, written
        if end < left:
            rows = np.ascontiguousarray(matrix[begin:end, end:])
            matrix[end:, end:] += np.dot(shares.T.copy(), rows)
            exits[end:] += np.dot(shares.T.copy(), exits[begin:end].copy())
    return order, pivot, done, kept[:written].copy(), weight[:written].copy()


@njit(cache=True, nogil=True)
def _link(i: int, degree: int, head: Ints, after: Ints, before: Ints) -> None:
    after[i], before[i] = head[degree], -1
    if head[degree] >= 0:
        before[head[degree]] = i
    head[degree] = i


@njit(cache=True, nogil=True)
def _unlink(i: int, degree: int, head: Ints, after: Ints, before: Ints) -> None:
    if before[i] >= 0:
        after[before[i]] = after[i]
    else:
        head[degree] = after[i]
    if after[i] >= 0:
        before[after[i]] = before[i]


@njit(cache=True, nogil=True)
def _longer(values: Ints, least: int) -> Ints:
    larger = np.empty(max(2 * len(values), least), np.int64)
    larger[: len(values)] = values
    return larger


@njit(cache=True, nogil=True)
def _longer_values(values: Floats, least: int) -> Floats:
    larger = np.empty(max(2 * len(values), least))
    larger[: len(values)] = values
    return larger


@njit(cache=True, nogil=True)
def _solve(order: Ints, pivot: Floats, offsets: Ints, neighbour: Ints, flow: Floats, b: Floats) -> Floats:
    y = b.copy()
    for turn in range(len(order)):
        passed_on = y[order[turn]] - pivot[turn]
        if passed_on > -math.inf:
            for place in range(offsets[turn], offsets[turn + 1]):
                y[neighbour[place]] = _plus(y[neighbour[place]], passed_on + flow[place])
    for turn in range(len(order) - 1, -1, -1):
        total = y[order[turn]]
        for place in range(offsets[turn], offsets[turn + 1]):
            total = _plus(total, flow[place] + y[neighbour[place]])
        y[order[turn]] = total - pivot[turn]
    return y
