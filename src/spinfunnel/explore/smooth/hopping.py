"""Basin hopping: low minima of a smooth landscape, by moves, quenches and Metropolis's acceptance between minima.

Several chains from random starts, each adapting the size of its moves; of clusters, one move in five takes the worst
bound atoms to other places of the surface. Two chains whose temperatures are neighbours exchange their minima now and
then, as in parallel tempering.

Wales, Doye, J. Phys. Chem. A 101, 5111 (1997); Strodel, Lee, Whittleston, Wales, J. Am. Chem. Soc. 132, 13300 (2010).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spinfunnel.explore.smooth.engine import MOST_EVALUATIONS, Engine
from spinfunnel.explore.smooth.geometry import REACH
from spinfunnel.explore.smooth.hopping_kernels import hop_chain
from spinfunnel.explore.smooth.identity import DISTANCE
from spinfunnel.explore.smooth.point_catalogue import Collection, record_of
from spinfunnel.landscape import Budget, Clock, Effort, InputError, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["CHAINS", "Chain", "explore", "hop"]

Floats = NDArray[np.float64]

CHAINS = 4
BLOCK = 250
"""Hops between exchanges of temperatures."""
FIRST_BLOCK, BLOCKS_LEFT = 4, 40
"""Hops of the first block where time is limited, and blocks that must fit into what is left of the time."""
SPREAD = 1.3
"""Factor between neighbouring temperatures."""
ROUGH = 1e-3
"""Size of the gradient at which a quench of a hop ends; what is kept is quenched further."""
FIRST_MOVE = 3.5
"""Largest displacement of a coordinate at first, in steps of the landscape."""
KEPT = 40
"""Minima of a block that are looked at, the lowest."""


@dataclass(slots=True, eq=False)
class Chain:
    """One walk between minima."""

    position: Floats
    energy: float
    size: float
    generator: np.random.Generator


def hop(
    engine: Engine, pool: ThreadPoolExecutor, *, seed: int, hops: int, temperature: float
) -> Iterator[tuple[Floats, Floats, int, int]]:
    """Yield positions and energies of low minima block by block, the evaluations and the hops that they took.

    The result is that of the seed, on any number of threads.
    """
    landscape = engine.landscape
    atoms = landscape.invariance.of_atoms
    swaps = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    chains = []
    spent = 0
    for number in range(CHAINS):
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, number)))
        x, energy, _, extra = engine.quench(landscape.starts(generator, 1))
        spent += extra
        chains.append(Chain(x[0], float(energy[0]), FIRST_MOVE * landscape.step, generator))
    start = landscape.starts(swaps, 16).reshape(16, -1, 3) if atoms else np.zeros((1, 1, 3))
    container = float(np.linalg.norm(start - start.mean(axis=1, keepdims=True), axis=2).max())
    heat = [temperature * SPREAD ** (number - 1) for number in range(CHAINS)]
    kernel = engine.kernel

    def run(chain: Chain, hot: float, block: int) -> tuple[Floats, Floats, int]:
        chain.energy, chain.size, evaluations, _, energies, _, ends = hop_chain(
            kernel.gradient, kernel.parameters, kernel.work, chain.position, chain.energy, chain.size, hot, atoms,
            container, REACH, block, chain.generator, ROUGH, MOST_EVALUATIONS, 2.5 * landscape.step,
        )  # fmt: skip
        energies = np.where(np.isfinite(energies), energies, np.inf)
        _, first = np.unique(np.round(energies, 3), return_index=True)
        kept = first[np.argsort(energies[first])][:KEPT]
        kept = kept[np.isfinite(energies[kept])]
        return ends[kept], energies[kept], int(evaluations)

    done, block = 0, BLOCK if math.isinf(engine.deadline) else FIRST_BLOCK
    while done < hops:
        began = time.perf_counter()
        tasks = [pool.submit(run, chain, hot, block) for chain, hot in zip(chains, heat, strict=True)]
        found = [task.result() for task in tasks]
        for low in range(CHAINS - 1):
            one, two = chains[low], chains[low + 1]
            gain = (1.0 / heat[low] - 1.0 / heat[low + 1]) * (one.energy - two.energy)
            if gain >= 0.0 or swaps.random() < math.exp(gain):
                one.position, two.position = two.position, one.position
                one.energy, two.energy = two.energy, one.energy
        positions = np.concatenate([each[0] for each in found])
        energies = np.concatenate([each[1] for each in found])
        yield positions, energies, spent + sum(each[2] for each in found), block * CHAINS
        spent, done = 0, done + block * CHAINS
        if math.isfinite(engine.deadline):
            now = time.perf_counter()
            fitting = block * (engine.deadline - now) / (BLOCKS_LEFT * max(now - began, 1e-9))
            block = max(1, min(BLOCK, 2 * block, int(fitting)))


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    hops: int = 20_000,
    temperature: float = 0.8,
    distance: float = DISTANCE,
) -> Iterator[list[Record]]:
    """Find low minima of a smooth landscape.

    Parameters
    ----------
    landscape : Differentiable
    seed, workers, progress, budget
        As for `climbing.explore`.
    hops : int
        Moves and quenches of all chains together.
    temperature : float
        Of the second of four chains, in the unit of the energy; the others are hotter and colder.
    distance : float
        Tolerance of identity.

    Yields
    ------
    list of Minimum, and an Effort last

    Raises
    ------
    InputError
        When no minimum is found, with the reasons; for a temperature that is not above 0.
    """
    if not temperature > 0.0 or hops < 1:
        raise InputError(f"{hops} hops at a temperature of {temperature} find nothing: give both above 0")
    engine = Engine(landscape, distance=distance)
    found = Collection(engine)
    clock = Clock(budget, lambda: found.evaluations)
    done = 0
    with ThreadPoolExecutor(workers) as pool, threadpool_limits(limits=1):
        for positions, _, spent, made in hop(engine, pool, seed=seed, hops=hops, temperature=temperature):
            found.enter_rough(positions)
            found.evaluations += spent
            done += made
            lowest = f", lowest {found.minima.lowest:.6f}" if found.minima.points else ""
            progress(f"hopping, {len(found.minima.points)} minima{lowest}", min(done / hops, 1.0))
            yield found.news(weight=lambda _: 0.0)
            if clock.over():
                break
    found.refuse_if_empty(f"{done} hops")
    total = sum(point.visits for point in found.minima.points)
    last: list[Record] = [record_of(p, weight=p.visits / total, visits=0) for p in found.minima.points]
    yield [*last, Effort(found.evaluations, clock.outcome, dict(found.failures))]
