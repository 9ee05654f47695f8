"""Monotonic walks of kicks: which random descents come to the native state without ever going up (definition 3).

From a minimum two spins are turned over (the kick) and the state descends steepest; where it ends no higher, the walk
goes on from there. The walk ends at a native state, or where no kick leads on: in a *sink* of the monotonic local
optima network (see `local_optima`). The *kick weight* is the share of random states whose steepest descent begins a
walk that ends in a native state.

On an exact map of which every kick is known it is the solution of a linear system. On a sampled one walks begin at the
minima that random descents hit. Kicks are tried in random order, and a walk is given up when all were tried since the
energy last fell. All are those of pairs of spins up to 2,016 pairs (64 spins); else those of pairs that interact or
interact with a common spin, and of single spins (others fall back one by one), where there are at most ``32 N``; else
``8 N`` pairs drawn at random, after which the walk is given up. Plateaus are wandered over for as many kicks at least.
Where several neighbours are lowest, or energies are equal, a walk may end elsewhere than the network has it.

Ochoa, Veerapen, J. Heuristics 24, 265 (2018).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, is_binary, key_states, no_progress
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.coverage import coverage
from spinfunnel.measure.outcome import Topography
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.descents import rebuild, steepest, turn_and_replay, winners
from spinfunnel.moves.group import symmetry_images
from spinfunnel.moves.spins import (
    Floats,
    Ints,
    Model,
    Spins,
    Words,
    canonical,
    next_random,
    packed,
    spin_energy,
    spin_model,
    start_changes,
    table_number,
    unpack,
)

__all__ = ["Walks", "kick_walks"]

ALL_PAIRS, NEAR, DRAWN = 2016, 32, 8
"""Pairs up to which all are tried; near pairs that are tried, and others that are drawn, for each spin."""
WALKS, AT_ONCE = 128, 2
"""Walks, and how many are made between two looks at the clock."""
FEWEST, MOST_WORK = 16, 1 << 22
"""Walks that are made where no time is limited, and terms of the energy in all kicks after which no more are begun."""
SHARE = 0.5
"""Share of the time of all walks that these may take."""
NATIVE = 1e-9
"""Share of the energy within which a state is native: energies are summed up step by step."""


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """Where walks ended.

    Attributes
    ----------
    native : array of bool, shape (n,)
    end : array of uint64, shape (n, W)
        Packed last state.
    energy : array of float64, shape (n,)
        In the landscape's unit.
    """

    native: NDArray[np.bool_]
    end: Words
    energy: Floats


def kick_walks(topography: Topography) -> Walks | NoAnswer:
    """Walks from minima that random descents of a sampled map hit, each as often as it was hit."""
    known, landscape, graph = topography.shared(coverage), topography.landscape, topography.graph
    if isinstance(known, NoAnswer):
        return known
    if not is_binary(landscape):
        return NoAnswer("not_binary", "kicks turn over two spins, and there are none", "measure a binary landscape")
    try:
        model = spin_model(landscape)
        whole = spin_model(landscape, symmetries=symmetry_images(landscape.symmetries, size=landscape.size))
    except InputError as problem:
        return NoAnswer("too_large", str(problem), "write it as a polynomial in spins")
    rng = np.random.default_rng(np.random.SeedSequence(topography.seed, spawn_key=(3,)))
    hit = np.where(graph.weight > 0.0, graph.visits, 0)
    order = rng.permutation(np.repeat(np.arange(graph.minima), hit))[:WALKS]
    starts = packed(key_states(graph.key[order]))
    pairs = _kicks(model)
    tries = len(pairs) or DRAWN * model.size
    if model.tolerance == 0.0:
        tries = max(tries, DRAWN * model.size)
    native = float(graph.energy[0]) + graph.native_tolerance
    threshold = (native - model.constant) / model.unit
    threshold += NATIVE * max(1.0, abs(threshold))
    seeds = rng.integers(0, 1 << 64, len(order), dtype=np.uint64)
    end, energy, kicks = np.zeros_like(starts), np.zeros(len(order)), np.zeros(len(order), np.int64)

    def work(offset: int, first: int, last: int) -> None:
        part = slice(offset + first, offset + last)
        _walk(whole, model, starts[part], pairs, tries, threshold, seeds[part], end[part], energy[part], kicks[part])

    timed, dear = math.isfinite(topography.deadline), max(1.0, len(model.others) / model.size)
    now, done = time.perf_counter(), 0
    until = now + SHARE * max(topography.deadline - now, 0.0) if timed else math.inf
    while done < len(order):
        stop = min(done + (topography.workers if timed else AT_ONCE), len(order))
        over_blocks(
            partial(work, done), stop - done, workers=topography.workers, progress=no_progress, stage="kicks", block=1
        )
        done = stop
        if time.perf_counter() > until or (not timed and done >= FEWEST and int(kicks.sum()) * dear > MOST_WORK):
            break
    return Walks(energy[:done] <= threshold, end[:done], energy[:done] * model.unit + model.constant)


def _kicks(model: Model) -> NDArray[np.int32]:
    """Pairs that are tried (a single spin as a pair of one with itself); none where they are drawn at random."""
    from scipy.sparse import csr_matrix, triu

    size = model.size
    if size * (size - 1) // 2 <= ALL_PAIRS:
        return np.stack(np.triu_indices(size, 1), axis=1).astype(np.int32)
    degree = np.diff(model.begin[model.start])
    if not len(model.others) or float((degree.astype(float) ** 2).sum()) > 2.0 * NEAR * size:
        return np.zeros((0, 2), np.int32)
    entries = (np.ones(len(model.others), np.int32), model.others, model.begin[model.start])
    beside = csr_matrix(entries, shape=(size, size))
    near = triu(beside + beside @ beside, 1).tocoo()
    single = np.repeat(np.arange(size), 2).reshape(-1, 2)
    return np.ascontiguousarray(np.concatenate([np.stack([near.row, near.col], axis=1), single]).astype(np.int32))


@njit(cache=True, nogil=True)
def _walk(
    whole: Model, model: Model, starts: Words, pairs: NDArray[np.int32], tries: int, threshold: float, seeds: Words,
    end: Words, reached: Floats, kicks: Ints,
) -> None:  # fmt: skip
    spins, change, tree = np.empty(model.size, np.int8), np.empty(model.size), winners(model.size)
    state, turned, odd = np.empty(1, np.uint64), np.empty(4096, np.int64), np.zeros(model.size, np.bool_)
    order, image, trial = np.arange(pairs.shape[0]), np.empty(model.size, np.int8), np.empty(end.shape[1], np.uint64)
    for number in range(starts.shape[0]):
        state[0] = seeds[number]
        unpack(starts[number], spins)
        start_changes(model, spins, change)
        rebuild(tree, spins, change, model.flip)
        energy, idle, place = spin_energy(model, spins), 0, 0
        for i in range(order.size - 1, 0, -1):
            j = np.int64(next_random(state) % np.uint64(i + 1))
            order[i], order[j] = order[j], order[i]
        while energy > threshold and idle < tries:
            if order.size:
                one, two = np.int64(pairs[order[place], 0]), np.int64(pairs[order[place], 1])
                place = (place + 1) % order.size
            else:
                one = np.int64(next_random(state) % np.uint64(model.size))
                two = np.int64(next_random(state) % np.uint64(model.size))
            rise, count, turned = _kick(model, spins, change, tree, one, two, turned)
            if model.table.size:
                rise = model.table[table_number(model, spins)] - energy  # Sums of differences are rounded.
            idle = 0 if rise < -model.tolerance else idle + 1
            kicks[number] += 1
            if rise > model.tolerance:
                _take_back(model, spins, change, tree, turned[:count], odd)
                continue
            energy += rise
            if whole.turned.shape[0] > 1:  # Ties are broken by number, and each minimum stands for its copies.
                canonical(whole, spins, image, trial, end[number])
                unpack(end[number], spins)
                start_changes(model, spins, change)
                rebuild(tree, spins, change, model.flip)
        canonical(whole, spins, image, trial, end[number])
        reached[number] = energy


@njit(cache=True, nogil=True)
def _kick(
    model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], one: int, two: int, turned: Ints
) -> tuple[float, int, Ints]:
    """Turn one spin or two and descend; returns the change of the energy, and the spins that were turned in all."""
    rise, count = change[one], 1
    turned[0] = one
    turn_and_replay(model, spins, change, tree, one)
    if two != one:
        rise += change[two]
        turned[1] = two
        count = 2
        turn_and_replay(model, spins, change, tree, two)
    while True:
        i = np.int64(steepest(model, spins, change, tree))
        if change[i] >= -model.tolerance:
            return rise, count, turned
        if count == turned.size:
            longer = np.empty(2 * count, np.int64)
            longer[:count] = turned
            turned = longer
        turned[count] = i
        count += 1
        rise += change[i]
        turn_and_replay(model, spins, change, tree, i)


@njit(cache=True, nogil=True)
def _take_back(
    model: Model, spins: Spins, change: Floats, tree: NDArray[np.int32], turned: Ints, odd: NDArray[np.bool_]
) -> None:
    """Turn back what was turned an odd number of times."""
    for i in turned:
        odd[i] = not odd[i]
    for i in turned:
        if odd[i]:
            odd[i] = False
            turn_and_replay(model, spins, change, tree, i)
