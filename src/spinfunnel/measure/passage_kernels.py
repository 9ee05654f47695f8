"""Kernels of the Metropolis chain on the hypercube: its passage-time system without a matrix, and walks.

States are numbers below ``2**bits``. With `flip` = 1 the global flip was divided out, and the move of the fixed spin is
the complement: the quotient keeps all ``bits + flip`` moves. `weight` is the Boltzmann weight of every state up to one
factor; detailed balance makes the flow between neighbours ``min(weight[x], weight[y])`` both ways, so that one array is
all that the operator needs::

    (L v)(x) = sum over moves of min(weight[x], weight[y]) (v(x) - v(y))
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["flow_out", "relax_passage", "solve_passage", "walk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TILE_BITS = 11
"""States of a tile: three arrays of 2^11 doubles fill the first-level cache."""
LANES = 8
"""Walks side by side, so that waiting for the memory of one is filled by the others."""


@njit(cache=True, nogil=True)
def flow_out(weight: Floats, bits: int, flip: int, total: Floats) -> None:
    """Write the flow out of every state, the diagonal of L, to `total`."""
    states = weight.size
    total[:] = 0.0
    for bit in range(bits):
        half = 1 << bit
        for base in range(0, states, 2 * half):
            for low in range(base, base + half):
                flow = min(weight[low], weight[low + half])
                total[low] += flow
                total[low + half] += flow
    if flip:
        for state in range(states):
            total[state] += min(weight[state], weight[states - 1 - state])


@njit(cache=True, nogil=True)
def _within(weight: Floats, v: Floats, y: Floats, first: int) -> None:
    """Subtract from y the flow of v over the moves within one tile, from bit `first` on."""
    size = weight.size
    bit = first
    while 1 << bit < size:
        half = 1 << bit
        for base in range(0, size, 2 * half):
            for low in range(base, base + half):
                flow = min(weight[low], weight[low + half])
                y[low] -= flow * v[low + half]
                y[low + half] -= flow * v[low]
        bit += 1


@njit(cache=True, nogil=True)
def _within_quads(weight: Floats, v: Floats, y: Floats) -> None:
    """Like `_within` for bits 0 and 1 at once, four states in registers."""
    for i in range(0, weight.size, 4):
        w0, w1, w2, w3 = weight[i], weight[i + 1], weight[i + 2], weight[i + 3]
        v0, v1, v2, v3 = v[i], v[i + 1], v[i + 2], v[i + 3]
        w01, w23, w02, w13 = min(w0, w1), min(w2, w3), min(w0, w2), min(w1, w3)
        y[i] -= w01 * v1 + w02 * v2
        y[i + 1] -= w01 * v0 + w13 * v3
        y[i + 2] -= w23 * v3 + w02 * v0
        y[i + 3] -= w23 * v2 + w13 * v1


@njit(cache=True, nogil=True)
def _apply(weight: Floats, diagonal: Floats, bits: int, flip: int, v: Floats, y: Floats) -> None:
    """``y = L v``, tile by tile; partners in other tiles are read as runs."""
    states = weight.size
    tile_bits = min(bits, TILE_BITS)
    size = 1 << tile_bits
    for start in range(0, states, size):
        here, out = weight[start : start + size], y[start : start + size]
        mine = v[start : start + size]
        for i in range(size):
            out[i] = diagonal[start + i] * mine[i]
        if tile_bits >= 2:
            _within_quads(here, mine, out)
        _within(here, mine, out, 2 if tile_bits >= 2 else 0)
        for bit in range(tile_bits, bits):
            other = start ^ (1 << bit)
            there, theirs = weight[other : other + size], v[other : other + size]
            for i in range(size):
                out[i] -= min(here[i], there[i]) * theirs[i]
        if flip:
            other = states - size - start
            there, theirs = weight[other : other + size], v[other : other + size]
            for i in range(size):
                out[i] -= min(here[i], there[size - 1 - i]) * theirs[size - 1 - i]


@njit(cache=True, nogil=True)
def relax_passage(
    weight: Floats, diagonal: Floats, native: Mask, bits: int, flip: int, tau: Floats, tolerance: float, sweeps: int
) -> float:
    """Damped Jacobi sweeps on `tau` until the largest ``|1 - ((I - P) tau)(x)|`` is at most the tolerance; return it.

    Undamped sweeps would swap the two halves of the bipartite hypercube for ever.
    """
    moves = float(bits + flip)
    y = np.empty(weight.size)
    for sweep in range(sweeps + 1):
        _apply(weight, diagonal, bits, flip, tau, y)
        worst = 0.0
        for state in range(weight.size):
            if not native[state]:
                worst = max(worst, abs(moves * weight[state] - y[state]) / weight[state])
        if worst <= tolerance * moves or sweep == sweeps:
            return worst / moves
        for state in range(weight.size):
            if not native[state]:
                tau[state] += 0.75 * (moves * weight[state] - y[state]) / diagonal[state]
    return np.inf


@njit(cache=True, nogil=True)
def solve_passage(
    weight: Floats, diagonal: Floats, native: Mask, bits: int, flip: int, tau: Floats, tolerance: float, most: int
) -> int:
    """Conjugate gradients with diagonal preconditioning for ``L tau = moves weight``, tau = 0 on native states.

    Starts from `tau` and overwrites it; stops when the residual of (I - P) tau = 1 is below the tolerance in every
    state by recursion, or after the most steps allowed. Returns the number of steps.
    """
    states = weight.size
    moves = float(bits + flip)
    y, r, p = np.empty(states), np.zeros(states), np.zeros(states)
    _apply(weight, diagonal, bits, flip, tau, y)
    square = 0.0
    for state in range(states):
        if not native[state]:
            r[state] = moves * weight[state] - y[state]
            p[state] = r[state] / diagonal[state]
            square += r[state] * p[state]
    steps = 0
    while steps < most and square > 0.0:
        steps += 1
        _apply(weight, diagonal, bits, flip, p, y)
        curvature = 0.0
        for state in range(states):
            curvature += p[state] * y[state]
        length = square / curvature
        fresh = 0.0
        worst = 0.0
        for state in range(states):
            if not native[state]:
                tau[state] += length * p[state]
                r[state] -= length * y[state]
                fresh += r[state] * r[state] / diagonal[state]
                worst = max(worst, abs(r[state]) / weight[state])
        if worst < tolerance * moves:
            return steps
        turn = fresh / square
        square = fresh
        for state in range(states):
            if not native[state]:
                p[state] = r[state] / diagonal[state] + turn * p[state]
    return steps


# ---------------------------------------------------------------------------------------------
# Walks


@njit(cache=True, nogil=True, inline="always")
def _next_number(number: np.uint64) -> np.uint64:
    """Step of the Weyl sequence of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    return number + np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True, inline="always")
def _mixed(number: np.uint64) -> np.uint64:
    """Output of splitmix64."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(cache=True, nogil=True)
def walk(
    energies: Floats,
    bits: int,
    flip: int,
    temperature: float,
    threshold: float,
    limit: int,
    seed: NDArray[np.uint64],
    length: Ints,
    hit: Mask,
) -> None:
    """Metropolis walks from random states until ``E <= threshold`` or `limit` moves; one for each seed.

    `length` receives the moves made, `hit` whether the threshold was reached.
    """
    complement = np.int64((1 << bits) - 1)
    moves = np.uint64(bits + flip)
    half_word = np.uint64(32)
    number = np.empty(LANES, np.uint64)
    place, run, count = np.empty(LANES, np.int64), np.full(LANES, -1, np.int64), np.zeros(LANES, np.int64)
    level = np.empty(LANES)
    following = 0
    active = min(LANES, seed.size)
    for lane in range(active):
        run[lane] = -2
    while active > 0:
        for lane in range(LANES):
            if run[lane] == -1:
                continue
            if run[lane] >= 0 and level[lane] > threshold and count[lane] < limit:
                number[lane] = _next_number(number[lane])
                draw = _mixed(number[lane])
                move = np.int64(((draw >> half_word) * moves) >> half_word)
                state = place[lane]
                other = state ^ (np.int64(1) << move) if move < bits else state ^ complement
                energy = energies[other]
                rise = energy - level[lane]
                take = rise <= 0.0
                if not take:
                    number[lane] = _next_number(number[lane])
                    uniform = np.float64(_mixed(number[lane]) >> np.uint64(11)) * 1.1102230246251565e-16
                    take = uniform < np.exp(-rise / temperature)
                if take:
                    place[lane] = other
                    level[lane] = energy
                count[lane] += 1
                continue
            if run[lane] >= 0:
                length[run[lane]] = count[lane]
                hit[run[lane]] = level[lane] <= threshold
            if following == seed.size:
                run[lane] = -1
                active -= 1
                continue
            run[lane] = following
            following += 1
            number[lane] = _next_number(seed[run[lane]])
            place[lane] = np.int64(_mixed(number[lane])) & complement
            level[lane] = energies[place[lane]]
            count[lane] = 0
