"""Metropolis walks on binary landscapes of any size, by local fields, until the native energy is reached."""

from __future__ import annotations

import math
import time

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, is_binary, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.outcome import SAMPLE_IT, Topography
from spinfunnel.measure.run_lengths import folding_by_walks, mean_run_length
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.spins import (
    Model,
    Words,
    next_random,
    random_spins,
    spin_energy,
    spin_model,
    start_changes,
    turn,
)

__all__ = ["SpinChain", "annealed_walks", "folding_time", "levinthal"]

RUNS_AT_ONCE = 4
BUDGET = 60_000_000
"""Energy evaluations that walks may take in all, where a move touches a few dozen spins; fewer for more."""
CHEAP = 64.0
MOVES_A_SECOND = 4e6
"""Pace of walks, at least, where time is limited and nothing is known of it yet."""
WALKS_BITS = 28
"""Free bits above which walks at one temperature give way to annealing, as floods do to sampling."""
FIRST_SWEEPS, ANNEALINGS, FEWEST_ANNEALINGS, COLD = 16, 32, 4, 0.05
"""Sweeps of the shortest annealing, runs of each length and the fewest, and the last temperature over the first."""
NATIVE = 1e-7
"""Energies within this share of the gap above the native energy count as native: they are added up move by move."""


class SpinChain:
    """Single-spin-flip Metropolis dynamics, absorbed at the native energy; what `folding_by_walks` needs of it.

    Parameters
    ----------
    landscape : Binary
    native_energy : float
    natives : float
        Number of native states, as far as known.
    gap : float
        Mean energy of a random state above the native energy.
    workers : int
    """

    def __init__(self, landscape: Binary, *, native_energy: float, natives: float, gap: float, workers: int) -> None:
        self.model = spin_model(landscape)
        self.flip, self.workers = self.model.flip, workers
        self.bits, self.shortest = landscape.size - self.flip, 16 * landscape.size
        self.log_random = landscape.size * math.log(2.0) - math.log(max(natives, 1.0))
        self.random = math.exp(min(self.log_random, 700.0))
        self.span = 2.0 * gap
        self.threshold = native_energy + NATIVE * gap
        square = np.zeros(landscape.size)
        np.add.at(square, np.repeat(np.arange(landscape.size), np.diff(self.model.start)), self.model.weight**2)
        field = math.sqrt(float((square**2).sum() / square.sum())) if square.any() else gap / landscape.size
        self.hottest = 2.0 * field * self.model.unit

    def run_lengths(
        self,
        temperature: float,
        *,
        runs: int,
        limit: int,
        rng: np.random.Generator,
        coldest: float | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Walk from random states until the native energy is reached or `limit` moves were proposed.

        With `coldest`, the temperature falls in equal steps from `temperature` to it.
        """
        seed = rng.integers(0, 1 << 64, runs, dtype=np.uint64)
        length, hit = np.zeros(runs, np.int64), np.zeros(runs, np.bool_)
        threshold = (self.threshold - self.model.constant) / self.model.unit
        hot = temperature / self.model.unit
        cold = hot if coldest is None else coldest / self.model.unit

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            _walk(self.model, hot, cold, threshold, limit, seed[part], length[part], hit[part])

        over_blocks(work, runs, workers=self.workers, progress=no_progress, stage="walks", block=RUNS_AT_ONCE)
        return length, hit


@njit(cache=True, nogil=True)
def _walk(
    model: Model, hot: float, cold: float, threshold: float, limit: int, seed: Words, length: NDArray[np.int64],
    hit: NDArray[np.bool_],
) -> None:  # fmt: skip
    spins, change, state = np.empty(model.size, np.int8), np.empty(model.size), np.empty(1, np.uint64)
    for run in range(seed.size):
        state[0] = seed[run]
        random_spins(state, spins)
        start_changes(model, spins, change)
        energy = spin_energy(model, spins)
        moves, beta = 0, 1.0 / hot
        while energy > threshold and moves < limit:
            luck = next_random(state)
            i = np.int64(((luck >> np.uint64(32)) * np.uint64(model.size)) >> np.uint64(32))
            if cold < hot and moves % model.size == 0:
                beta = 1.0 / (hot + (cold - hot) * moves / limit)
            moves += 1
            rise = change[i]
            if rise <= 0.0 or math.exp(-beta * rise) * 4294967296.0 > np.float64(luck & np.uint64(0xFFFFFFFF)):
                energy += rise
                turn(model, spins, change, i)
        length[run], hit[run] = moves, energy <= threshold


def _folding(topography: Topography) -> tuple[Estimate, float] | NoAnswer:
    """Mean number of moves to the native energy, and the logarithm of the number of states for each native one."""
    landscape, graph = topography.landscape, topography.graph
    if not is_binary(landscape):
        return NoAnswer(
            "not_binary", "single-spin-flip dynamics needs a landscape of bit strings", "measure a binary landscape"
        )
    census = graph.census
    if census is None or not census.mean > graph.energy[0]:
        return NoAnswer("no_census", "the mean energy is not known, or all are equal", SAMPLE_IT)
    natives = float((graph.plateau * graph.orbit)[graph.native].sum())
    try:
        chain = SpinChain(
            landscape, native_energy=float(graph.energy[0]) + graph.native_tolerance, natives=natives,
            gap=census.mean - float(graph.energy[0]), workers=topography.workers,
        )  # fmt: skip
    except InputError as problem:
        return NoAnswer("too_large", str(problem), "write it as a polynomial in spins")
    degree = len(chain.model.others) / landscape.size if not len(chain.model.table) else float(landscape.size)
    dear = max(1.0, degree / CHEAP)
    budget = int(BUDGET / dear)
    if chain.bits > WALKS_BITS:
        found = annealed_walks(chain, budget=budget, seed=topography.seed, deadline=topography.deadline)
        return found if isinstance(found, NoAnswer) else (found, chain.log_random)
    if math.isfinite(topography.deadline):
        left = max(topography.deadline - time.perf_counter(), 0.1)
        budget = min(budget, int(left * MOVES_A_SECOND / dear))
    walked = folding_by_walks(chain, None, budget=budget, rng=np.random.default_rng(topography.seed))
    return walked if isinstance(walked, NoAnswer) else (walked[0], chain.log_random)


def annealed_walks(chain: SpinChain, *, budget: int, seed: int, deadline: float = math.inf) -> Estimate | NoAnswer:
    """Moves until the native energy is first reached by annealing from random states, again and again.

    Schedules grow fourfold until half of the runs arrive; of all lengths that had arrivals the best one counts. What a
    run has done when it arrives, or its whole schedule, is its length (see `run_lengths.mean_run_length`).
    """
    rng, began = np.random.default_rng(seed), time.perf_counter()
    sweeps, spent, left = FIRST_SWEEPS, 0, budget
    best: Measurement = mean_run_length(np.ones(1, np.int64), np.zeros(1, np.bool_))
    while True:
        limit = sweeps * chain.model.size
        runs = min(ANNEALINGS, max(FEWEST_ANNEALINGS, left // limit))
        length, hit = chain.run_lengths(chain.hottest, runs=runs, limit=limit, rng=rng, coldest=chain.hottest * COLD)
        spent += int(length.sum())
        found = mean_run_length(length, hit)
        if isinstance(found, Estimate) and (isinstance(best, NoAnswer) or found.value < best.value):
            best = found
        left = budget - spent
        if math.isfinite(deadline):
            now = time.perf_counter()
            left = min(left, int((deadline - now) * spent / max(now - began, 1e-9)))
        if 2 * int(hit.sum()) >= runs or left < 4 * limit * FEWEST_ANNEALINGS:
            break
        sweeps *= 4
    if isinstance(best, NoAnswer):
        return NoAnswer(
            "never_folded",
            f"no annealing of up to {sweeps:,} sweeps, of {spent:.3g} moves in all, reached the lowest energy",
            "nothing to do: walks alone do not find it",
        )
    return best


def folding_time(topography: Topography) -> Measurement:
    """Mean number of energy evaluations until the lowest energy known is first reached, at the best temperature."""
    found = topography.shared(_folding)
    return found if isinstance(found, NoAnswer) else found[0]


def levinthal(topography: Topography) -> Measurement:
    """Levinthal efficiency of walks to the lowest energy known."""
    found = topography.shared(_folding)
    if isinstance(found, NoAnswer):
        return found
    time, log_random = found
    if not time.low > 1.0:
        return NoAnswer(
            "too_small", f"a native state is reached after {time.value:.3g} evaluations", "use a larger system"
        )
    value, low, high = (1.0 - math.log(t) / log_random for t in (time.value, time.high, time.low))
    return Estimate(value, low, high)
