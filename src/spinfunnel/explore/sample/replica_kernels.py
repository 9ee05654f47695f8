"""Numba kernels on groups of sixty-four replicas: sweeps, exchanges of temperature, cluster swaps, quenches.

A group is worked on by one thread and has random numbers of its own, so that nothing depends on the number of threads.
Its arrays: `spins` (n + 1, 64) floats, +1 or -1, the last row ones; `generator` (2, 32) words, `dice` (2,) words for
what concerns the group as a whole; `energy` (64,) in units of the couplings' scale.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, uint64

from spinfunnel.explore.sample.replica_lanes import REPLICAS, decide, sum_pairs, sum_terms

__all__ = [
    "anneal_group",
    "climbs_of",
    "energies_of",
    "exchange",
    "quench_group",
    "sweep_group",
    "temper_group",
    "uniform",
    "uniform_rows",
]

DESCENT = (1e30, -200.0)
"""Rate and offset with which `decide` flips exactly the spins whose flip lowers the energy."""
RENEW = 64
"""Sweeps after which energies, followed by their changes, are summed anew; every sweep where couplings are doubles."""
CLUSTERS_EVERY = 16
"""Rounds from one swap of clusters to the next: following clusters spin by spin takes as long as ten sweeps."""
EXPONENT = 2.0 / math.log(2.0)
_FIRST, _SECOND = uint64(23), uint64(18)


@njit(cache=True, nogil=True, inline="never")
def uniform(dice: Any) -> float:  # pragma: no cover - compiled
    """Return the next number of a xorshift128+ generator in [0, 1)."""
    first, second = dice[0], dice[1]
    dice[0] = second
    first ^= first << _FIRST
    first ^= second ^ (first >> _SECOND) ^ (second >> uint64(5))
    dice[1] = first
    return float((first + second) >> uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def uniform_rows(generator: Any, out: Any) -> None:  # pragma: no cover - compiled
    """Fill rows of 64 with numbers in [0, 1) from a group's generator, two replicas to each of its 32 lanes."""
    dice = np.empty(2, np.uint64)
    for lane in range(generator.shape[1]):
        dice[0], dice[1] = generator[0, lane], generator[1, lane]
        for row in range(out.shape[0]):
            out[row, 2 * lane] = uniform(dice)
            out[row, 2 * lane + 1] = uniform(dice)
        generator[0, lane], generator[1, lane] = dice[0], dice[1]


@njit(cache=True, nogil=True)
def _sweep(
    spins: Any, tables: Any, rate: Any, offset: Any, generator: Any, field: Any, change: Any
) -> None:  # pragma: no cover - compiled
    """Offer every spin a flip, in their order; add half of what each replica lost to `change`."""
    fields, offsets, neighbours, couplings, term_offsets, others, coefficients = tables
    width = others.shape[1]
    for spin in range(fields.size):
        sum_pairs(spins, neighbours, couplings, field, offsets[spin], offsets[spin + 1], fields[spin])
        if term_offsets[spin + 1] > term_offsets[spin]:
            sum_terms(spins, others, coefficients, field, width, term_offsets[spin], term_offsets[spin + 1])
        decide(spins, field, rate, offset, generator, change, spin)


@njit(cache=True, nogil=True)
def sweep_group(spins: Any, tables: Any, rate: Any, offset: Any, generator: Any) -> None:  # pragma: no cover - compiled
    """Offer every spin a flip with probability ``min(1, 2^(rate s field + offset))``, whatever each replica's are."""
    _sweep(spins, tables, rate, offset, generator, np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32))


@njit(cache=True, nogil=True)
def energies_of(spins: Any, tables: Any, energy: Any) -> None:  # pragma: no cover - compiled
    """Sum the energies of all replicas anew, every term once."""
    fields, offsets, neighbours, couplings, term_offsets, _, _ = tables
    energy[:] = 0.0
    total = np.empty(REPLICAS)
    for spin in range(fields.size):
        total[:] = fields[spin]
        for place in range(offsets[spin], offsets[spin + 1]):
            other = neighbours[place]
            if other > spin:
                for lane in range(REPLICAS):
                    total[lane] += couplings[place] * spins[other, lane]
        for lane in range(REPLICAS):
            energy[lane] += total[lane] * spins[spin, lane]
        for term in range(term_offsets[spin], term_offsets[spin + 1]):
            _add_term(spins, tables, spin, term, total, energy)


@njit(cache=True, nogil=True)
def _add_term(
    spins: Any, tables: Any, spin: int, term: int, product: Any, energy: Any
) -> None:  # pragma: no cover - compiled
    """Add a term of three spins or more, if the spin is the first of it."""
    others, coefficients = tables[5], tables[6]
    for k in range(others.shape[1]):
        if others[term, k] < spin:
            return
    for lane in range(REPLICAS):
        product[lane] = coefficients[term] * spins[spin, lane]
    for k in range(others.shape[1]):
        for lane in range(REPLICAS):
            product[lane] *= spins[others[term, k], lane]
    for lane in range(REPLICAS):
        energy[lane] += product[lane]


@njit(cache=True, nogil=True)
def climbs_of(spins: Any, tables: Any, out: Any) -> None:  # pragma: no cover - compiled
    """Write what every flip would raise the energy by into `out` (n, 64)."""
    fields, offsets, neighbours, couplings, term_offsets, others, coefficients = tables
    field, width = np.empty(REPLICAS, np.float32), others.shape[1]
    for spin in range(fields.size):
        sum_pairs(spins, neighbours, couplings, field, offsets[spin], offsets[spin + 1], fields[spin])
        if term_offsets[spin + 1] > term_offsets[spin]:
            sum_terms(spins, others, coefficients, field, width, term_offsets[spin], term_offsets[spin + 1])
        for lane in range(REPLICAS):
            out[spin, lane] = -2.0 * spins[spin, lane] * field[lane]


@njit(cache=True, nogil=True)
def _follow(energy: Any, change: Any) -> None:  # pragma: no cover - compiled
    for lane in range(REPLICAS):
        energy[lane] += 2.0 * change[lane]
        change[lane] = 0.0


@njit(cache=True, nogil=True)
def _note_best(spins: Any, energy: Any, best: Any, best_energy: Any) -> None:  # pragma: no cover - compiled
    """Keep the lowest state that any replica of the group is seen in after a sweep."""
    lowest = 0
    for lane in range(1, REPLICAS):
        if energy[lane] < energy[lowest]:
            lowest = lane
    if energy[lowest] < best_energy[0]:
        best_energy[0] = energy[lowest]
        for spin in range(best.size):
            best[spin] = spins[spin, lowest] > 0.0


@njit(cache=True, nogil=True)
def quench_group(spins: Any, tables: Any, generator: Any, energy: Any, most: int) -> int:  # pragma: no cover - compiled
    """Let every replica fall, spin by spin in their order, until no flip lowers it; return the sweeps that took."""
    field, change = np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32)
    rate, offset = np.full(REPLICAS, DESCENT[0], np.float32), np.full(REPLICAS, DESCENT[1], np.float32)
    sweeps = 0
    while sweeps < most:
        _sweep(spins, tables, rate, offset, generator, field, change)
        sweeps += 1
        still = True
        for lane in range(REPLICAS):
            still = still and change[lane] == 0.0
            change[lane] = 0.0
        if still:
            break
    energies_of(spins, tables, energy)
    return sweeps


@njit(cache=True, nogil=True)
def anneal_group(
    spins: Any, tables: Any, generator: Any, energy: Any, betas: Any, best: Any, best_energy: Any
) -> None:  # pragma: no cover - compiled
    """Sweep once at each inverse temperature, the same for all replicas, and follow their energies."""
    field, change = np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32)
    rate, offset = np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32)
    energies_of(spins, tables, energy)
    renew = RENEW if tables[0].itemsize == 4 else 1
    for step in range(betas.size):
        rate[:] = EXPONENT * betas[step]
        _sweep(spins, tables, rate, offset, generator, field, change)
        _follow(energy, change)
        if step % renew == renew - 1 or step == betas.size - 1:
            energies_of(spins, tables, energy)
        _note_best(spins, energy, best, best_energy)


@njit(cache=True, nogil=True)
def exchange(
    energy: Any, betas: Any, at: Any, parity: int, dice: Any, rejected: Any, came: Any, trips: Any
) -> None:  # pragma: no cover - compiled
    """Offer replicas at neighbouring temperatures each other's: pairs (k, k + 1) of one parity of k.

    `at` (K, C) holds the replica of each rung and copy. `came` is 1 for a replica that was at the hottest rung since
    it was at the coldest; `trips` counts those that then arrived at the coldest.
    """
    rungs, copies = at.shape
    for rung in range(parity, rungs - 1, 2):
        for copy in range(copies):
            cold, hot = at[rung, copy], at[rung + 1, copy]
            gain = (betas[rung] - betas[rung + 1]) * (energy[cold] - energy[hot])
            chance = 1.0 if gain >= 0.0 else math.exp(gain)
            rejected[rung] += 1.0 - chance
            if uniform(dice) < chance:
                at[rung, copy], at[rung + 1, copy] = hot, cold
    for copy in range(copies):
        came[at[rungs - 1, copy]] = 1
        cold = at[0, copy]
        if came[cold] == 1:
            trips[0] += 1
        came[cold] = 0


@njit(cache=True, nogil=True)
def _swap_cluster(
    spins: Any, tables: Any, energy: Any, a: int, b: int, dice: Any, stamp: Any, mark: int, queue: Any
) -> None:  # pragma: no cover - compiled
    """Swap a connected cluster of spins in which two replicas at one temperature differ (Houdayer 2001).

    The sum of their energies stays, since every interaction across the cluster's edge is met by opposite spins on the
    inside and equal ones on the outside.
    """
    fields, offsets, neighbours, couplings, _, _, _ = tables
    n = fields.size
    seed = int(uniform(dice) * n)
    for _ in range(n):
        if spins[seed, a] != spins[seed, b]:
            break
        seed = seed + 1 if seed + 1 < n else 0
    if spins[seed, a] == spins[seed, b]:
        return
    queue[0], filled, done = seed, 1, 0
    stamp[seed] = mark
    while done < filled:
        spin = queue[done]
        done += 1
        spins[spin, a], spins[spin, b] = spins[spin, b], spins[spin, a]
        for place in range(offsets[spin], offsets[spin + 1]):
            other = neighbours[place]
            if stamp[other] != mark and spins[other, a] != spins[other, b]:
                stamp[other] = mark
                queue[filled] = other
                filled += 1
    won = 0.0
    for done in range(filled):
        spin = queue[done]
        outside = np.float64(fields[spin])
        for place in range(offsets[spin], offsets[spin + 1]):
            if stamp[neighbours[place]] != mark:
                outside += couplings[place] * spins[neighbours[place], a]
        won += 2.0 * outside * spins[spin, a]
    energy[a] += won
    energy[b] -= won


@njit(cache=True, nogil=True)
def _swap_clusters(
    spins: Any, tables: Any, energy: Any, at: Any, upto: int, dice: Any, stamp: Any, marks: Any, queue: Any
) -> None:  # pragma: no cover - compiled
    copies = at.shape[1]
    for rung in range(upto):
        for pair in range(copies // 2):
            # Random partners: the k-th of a row shuffled as far as it is read.
            for place in (2 * pair, 2 * pair + 1):
                other = place + int(uniform(dice) * (copies - place))
                at[rung, place], at[rung, other] = at[rung, other], at[rung, place]
            marks[0] += 1
            a, b = at[rung, 2 * pair], at[rung, 2 * pair + 1]
            _swap_cluster(spins, tables, energy, a, b, dice, stamp, marks[0], queue)


@njit(cache=True, nogil=True)
def temper_group(
    spins: Any,
    tables: Any,
    generator: Any,
    dice: Any,
    energy: Any,
    betas: Any,
    at: Any,
    rounds: int,
    sweeps: int,
    first_round: int,
    clusters: int,
    rejected: Any,
    came: Any,
    trips: Any,
    best: Any,
    best_energy: Any,
    series: Any,
) -> None:  # pragma: no cover - compiled
    """Rounds of parallel tempering: some sweeps, then exchanges, odd and even pairs in turn.

    `clusters` rungs from the coldest swap clusters after the sweeps of every `CLUSTERS_EVERY`-th round (0: none).
    `series` (rounds, K, C) receives the energies after the sweeps, before the exchange; its length may be 0.
    """  # fmt: skip
    field, change = np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32)
    rate, offset = np.empty(REPLICAS, np.float32), np.zeros(REPLICAS, np.float32)
    n = tables[0].size
    rungs, copies = at.shape
    stamp, queue, marks = np.zeros(n, np.int64), np.empty(n, np.int64), np.zeros(1, np.int64)
    energies_of(spins, tables, energy)
    since = 0
    for turn in range(rounds):
        for rung in range(rungs):
            for copy in range(copies):
                rate[at[rung, copy]] = EXPONENT * betas[rung]
        for _ in range(sweeps):
            _sweep(spins, tables, rate, offset, generator, field, change)
            _follow(energy, change)
            _note_best(spins, energy, best, best_energy)
            since += 1
        if clusters > 0 and (first_round + turn) % CLUSTERS_EVERY == 0:
            _swap_clusters(spins, tables, energy, at, clusters, dice, stamp, marks, queue)
        if since >= (RENEW if tables[0].itemsize == 4 else 1):
            energies_of(spins, tables, energy)
            since = 0
        if turn < series.shape[0]:
            for rung in range(rungs):
                for copy in range(copies):
                    series[turn, rung, copy] = energy[at[rung, copy]]
        exchange(energy, betas, at, (first_round + turn) % 2, dice, rejected, came, trips)
