"""Metropolis dynamics on listed states: passage times to the native states, and walks.

A move is drawn evenly from those that can be made from a state, each an energy evaluation, and accepted by Metropolis'
rule. With r(u, v) the number of moves from u to v, m(u) the copies of u, r(u) all its moves and w = exp(-E/T)::

    sum over v of m(u) r(u, v) min(w(u), w(v)) (tau(u) - tau(v)) = m(u) r(u) w(u)

on the states that are not native, tau = 0 on those. Since ``m(u) r(u, v) = m(v) r(v, u)``, the system is symmetric and
positive definite. Boltzmann's distribution is kept by the same chain once moves that cannot be made count as time.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import Finite, InputError, no_progress
from spinfunnel.measure.metropolis import COLDEST, FINAL, MOST_STEPS, RUNS_AT_ONCE, SWEEPS, native_threshold
from spinfunnel.moves.batches import over_blocks

__all__ = ["EXACT_STATES", "MOST_LISTED", "ListedChain"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

EXACT_STATES = 1 << 15
"""States up to which passage times are solved for unless walks are asked for."""
COMMITTED = 1e-9
"""Residual of commitment probabilities, in units of the flow out of a state."""
MOST_LISTED = 1 << 23
"""States up to which there is a chain: their neighbours are held, some hundred bytes a state."""


@njit(cache=True, nogil=True)
def flow_rows(weight: Floats, copies: Floats, offsets: Ints, neighbours: Labels, total: Floats) -> None:
    """Write the flow out of every state, the diagonal of the system."""
    for state in range(weight.size):
        here, flow = weight[state], 0.0
        for place in range(offsets[state], offsets[state + 1]):
            if neighbours[place] != state:
                flow += min(here, weight[neighbours[place]])
        total[state] = copies[state] * flow


@njit(cache=True, nogil=True)
def _apply(
    weight: Floats, copies: Floats, diagonal: Floats, offsets: Ints, neighbours: Labels, v: Floats, y: Floats
) -> None:
    for state in range(weight.size):
        here, flow = weight[state], 0.0
        for place in range(offsets[state], offsets[state + 1]):
            other = neighbours[place]
            if other != state:
                flow += min(here, weight[other]) * v[other]
        y[state] = diagonal[state] * v[state] - copies[state] * flow


@njit(cache=True, nogil=True)
def relax_rows(
    weight: Floats, copies: Floats, diagonal: Floats, held: Mask, offsets: Ints, neighbours: Labels, right: Floats,
    scale: Floats, tau: Floats, tolerance: float, sweeps: int,
) -> float:  # fmt: skip
    """Damped Jacobi sweeps until the largest residual, in units of `scale`, is at most the tolerance; return it."""
    y = np.empty(weight.size)
    for sweep in range(sweeps + 1):
        _apply(weight, copies, diagonal, offsets, neighbours, tau, y)
        worst = 0.0
        for state in range(weight.size):
            if not held[state]:
                worst = max(worst, abs(right[state] - y[state]) / scale[state])
        if worst <= tolerance or sweep == sweeps:
            return worst
        for state in range(weight.size):
            if not held[state]:
                tau[state] += 0.75 * (right[state] - y[state]) / diagonal[state]
    return np.inf


@njit(cache=True, nogil=True)
def solve_rows(
    weight: Floats, copies: Floats, diagonal: Floats, held: Mask, offsets: Ints, neighbours: Labels, right: Floats,
    scale: Floats, tau: Floats, tolerance: float, most: int,
) -> int:  # fmt: skip
    """Conjugate gradients with diagonal preconditioning, from `tau`, which is overwritten but where it is held.

    Ends at a residual of the tolerance in units of `scale`, or after so many steps; returns the steps made.
    """
    states = weight.size
    y, r, p = np.empty(states), np.zeros(states), np.zeros(states)
    _apply(weight, copies, diagonal, offsets, neighbours, tau, y)
    square = 0.0
    for state in range(states):
        if not held[state]:
            r[state] = right[state] - y[state]
            p[state] = r[state] / diagonal[state]
            square += r[state] * p[state]
    steps = 0
    while steps < most and square > 0.0:
        steps += 1
        _apply(weight, copies, diagonal, offsets, neighbours, p, y)
        curvature = 0.0
        for state in range(states):
            curvature += p[state] * y[state]
        length, fresh, worst = square / curvature, 0.0, 0.0
        for state in range(states):
            if not held[state]:
                tau[state] += length * p[state]
                r[state] -= length * y[state]
                fresh += r[state] * r[state] / diagonal[state]
                worst = max(worst, abs(r[state]) / scale[state])
        if worst < tolerance:
            return steps
        turn = fresh / square
        square = fresh
        for state in range(states):
            if not held[state]:
                p[state] = r[state] / diagonal[state] + turn * p[state]
    return steps


@njit(cache=True, nogil=True, inline="always")
def _mixed(number: np.uint64) -> np.uint64:
    """Output of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@njit(cache=True, nogil=True)
def walk_rows(
    energies: Floats, offsets: Ints, neighbours: Labels, temperature: float, threshold: float, limit: int,
    start: Ints, seed: NDArray[np.uint64], length: Ints, hit: Mask,
) -> None:  # fmt: skip
    """Metropolis walks from given states until ``E <= threshold`` or `limit` moves; one for each seed."""
    step = np.uint64(0x9E3779B97F4A7C15)
    for run in range(seed.size):
        number, state, count = seed[run], start[run], 0
        energy = energies[state]
        while energy > threshold and count < limit:
            number = number + step
            first, size = offsets[state], np.uint64(offsets[state + 1] - offsets[state])
            if size == 0:
                count = limit
                break
            other = neighbours[first + np.int64(((_mixed(number) >> np.uint64(32)) * size) >> np.uint64(32))]
            rise = energies[other] - energy
            take = rise <= 0.0
            if not take:
                number = number + step
                uniform = np.float64(_mixed(number) >> np.uint64(11)) * 1.1102230246251565e-16
                take = uniform < np.exp(-rise / temperature)
            if take:
                state = other
                energy = energies[other]
            count += 1
        length[run] = count
        hit[run] = energy <= threshold


class ListedChain:
    """Metropolis dynamics on a listed landscape, absorbed in its native states.

    Parameters
    ----------
    landscape : Finite
        At most `MOST_LISTED` states.
    native_energy : float, optional
        States of at most this energy are native; the ground states unless given.
    workers : int

    Raises
    ------
    InputError
        For more states, or where no state is native.

    Examples
    --------
    The five conformations of a chain of four, of which one is native:

    >>> from spinfunnel.systems import hp_protein
    >>> chain = ListedChain(hp_protein("HPPH", moves="local"))
    >>> chain.random, chain.passage_times(math.inf)[0].round(3).tolist()
    (4.5, [5.8, 4.8, 4.2, 0.0, 4.8])
    """

    def __init__(self, landscape: Finite, *, native_energy: float | None = None, workers: int = 1) -> None:
        if landscape.distinct_states() > MOST_LISTED:
            raise InputError(
                f"walks on {landscape.name} would hold moves of {landscape.distinct_states():.3g} states; that "
                f"is done up to {MOST_LISTED}: choose a smaller size"
            )
        listed = landscape.list_states(workers=workers)
        self.workers = workers
        self.energies = np.ascontiguousarray(listed.energies)
        self.copies = listed.multiplicity.astype(np.float64)
        self.offsets, self.neighbours = self._rows(listed.rows)
        self.threshold = native_threshold(self.energies, native_energy)
        self.native = self.energies <= self.threshold
        if not self.native.any():
            raise InputError(f"no state of {landscape.name} has an energy of at most {self.threshold}; raise it")
        self.random = float(self.copies.sum() / self.copies[self.native].sum())
        others = self.energies[~self.native] if not self.native.all() else np.zeros(1)
        self.floor, self.span = float(others.min()), float(others.max() - others.min())
        self.exact = len(self.energies) <= EXACT_STATES
        self.shortest = 16 * max(1, round(len(self.neighbours) / len(self.energies)))

    def _rows(self, rows: object) -> tuple[Ints, Labels]:
        make = rows
        size = 1 << 16
        starts = range(0, len(self.energies), size)
        parts = over_blocks(
            lambda start, stop: make(slice(start, stop)), len(self.energies),  # type: ignore[operator]
            workers=self.workers, progress=no_progress, stage="moves", block=size,
        )  # fmt: skip
        if len(starts) == 1:
            return parts[0]
        ends = np.cumsum([0, *(part[0][-1] for part in parts)])
        offsets = [part[0][:-1] + end for part, end in zip(parts, ends.tolist(), strict=False)]
        return np.concatenate([*offsets, ends[-1:]]), np.concatenate([part[1] for part in parts])

    def mean(self, tau: Floats) -> float:
        """Average over all plain states."""
        return float(self.copies @ tau / self.copies.sum())

    def passage_times(
        self, temperature: float, *, tolerance: float = FINAL, start: Floats | None = None
    ) -> tuple[Floats, float]:
        """Mean number of moves until a native state is first reached, from every state; see `MetropolisChain`.

        Raises
        ------
        InputError
            Where a state has no move to another, as compact conformations may without turns: it waits for ever.
        """
        frozen = int((self._frozen() & ~self.native).sum())
        if frozen:
            raise InputError(
                f"{frozen} state{' has' if frozen == 1 else 's have'} no move to another, so that the mean time to the "
                "native state is infinite: choose moves=pivot or moves=pull"
            )
        tau = np.zeros_like(self.energies) if start is None else start
        weight = self._weight(temperature)
        right = self.copies * weight * np.diff(self.offsets)
        return tau, self._solve(weight, self.native, right, tau, scale=right, tolerance=tolerance)

    def commitment(self, temperature: float, *, unfolded: Mask) -> tuple[Floats, float]:
        """Probability of reaching a native state before one of some unfolded states, from every state.

        The flow ``sum over v of m(u) r(u, v) min(w(u), w(v)) (p(u) - p(v))`` vanishes elsewhere; moves that cannot be
        made change nothing.

        Returns
        -------
        p : array of float64, shape (n,)
            1 on native states, 0 on unfolded ones and on those that have no move to another.
        error : float
            Largest residual, over the flow out of a state.
        """
        chance = self.native.astype(np.float64)
        weight, nothing = self._weight(temperature), np.zeros_like(self.energies)
        held = self.native | unfolded | self._frozen()
        return chance, self._solve(weight, held, nothing, chance, scale=None, tolerance=COMMITTED)

    def _frozen(self) -> Mask:
        """States that no move leaves."""
        here = np.repeat(np.arange(len(self.energies)), np.diff(self.offsets))
        return np.bincount(here[self.neighbours != here], minlength=len(self.energies)) == 0

    def _solve(
        self, weight: Floats, held: Mask, right: Floats, guess: Floats, *, scale: Floats | None, tolerance: float
    ) -> float:
        """Solve for the states that are not held, in place; return the largest residual in units of the scale."""
        diagonal = np.empty_like(weight)
        flow_rows(weight, self.copies, self.offsets, self.neighbours, diagonal)
        shape = (weight, self.copies, diagonal, held, self.offsets, self.neighbours, right)
        unit = diagonal if scale is None else scale
        error = np.inf
        for _ in range(3):
            steps = solve_rows(*shape, unit, guess, tolerance, MOST_STEPS)
            error = float(relax_rows(*shape, unit, guess, tolerance, SWEEPS))
            if error <= tolerance or steps == MOST_STEPS:
                break
        return error

    def _weight(self, temperature: float) -> Floats:
        if not temperature >= COLDEST * self.span:
            raise InputError(
                f"at a temperature of {temperature} Boltzmann weights of this landscape underflow; "
                f"give at least {COLDEST * self.span:.3g}"
            )
        above = np.maximum(self.energies - self.floor, 0.0)
        return np.ones_like(above) if math.isinf(temperature) or self.span == 0.0 else np.exp(-above / temperature)

    def run_lengths(self, temperature: float, *, runs: int, limit: int, rng: np.random.Generator) -> tuple[Ints, Mask]:
        """Walk from random plain states until a native one is reached or `limit` moves are made."""
        seed = rng.integers(0, 1 << 64, runs, dtype=np.uint64)
        share = np.cumsum(self.copies)
        start = np.searchsorted(share, rng.random(runs) * share[-1], side="right")
        length, hit = np.zeros(runs, np.int64), np.zeros(runs, np.bool_)

        def work(first: int, stop: int) -> None:
            part = slice(first, stop)
            walk_rows(
                self.energies, self.offsets, self.neighbours, temperature, self.threshold, limit,
                start[part], seed[part], length[part], hit[part],
            )  # fmt: skip

        over_blocks(work, runs, workers=self.workers, progress=no_progress, stage="walks", block=RUNS_AT_ONCE)
        return length, hit
