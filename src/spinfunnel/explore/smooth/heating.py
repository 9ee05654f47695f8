"""Low minima of a chain by dynamics: replica exchange over a ladder of temperatures, with quenches on the way.

Basin hopping moves atoms one by one or all at random, which a chain, whose atoms cannot change places, hardly
survives: from random starts three million energies led no lower than -44.4 on the 46-bead protein whose lowest minimum
has -49.26. Langevin dynamics folds it within two million.

Hukushima, Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34 (the
integrator).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.moves.compiled_call import call
from spinfunnel.moves.differentiable import Differentiable
from spinfunnel.moves.langevin_step import glide, push

__all__ = ["COLD", "drift", "heat", "is_chain"]

Floats = NDArray[np.float64]

REPLICAS = 8
COLDEST, HOTTEST = 0.3, 1.1
"""Ends of the ladder, in units of the temperature that is asked for."""
COLD = 2
"""Coldest replicas, whose quenches are the descents that are counted: below the folding temperature of a protein."""
STRETCH, SAMPLED = 1000, 4
"""Steps between exchanges, and exchanges between quenches of all replicas."""
STEP, LOST = 0.4, 1e-3
"""Time step in units of the inverse of the fastest frequency, stable up to 2; share of the velocity lost in a step."""
FEWEST_ATOMS = 5


def is_chain(landscape: Differentiable) -> bool:
    """Whether no two atoms may change places, and energies are compiled, so that dynamics are fast."""
    kinds = landscape.invariance.species
    alone = landscape.invariance.of_atoms and len(set(kinds)) == len(kinds)
    return alone and len(kinds) >= FEWEST_ATOMS and landscape.kernel is not None


@njit(cache=True, nogil=True, error_model="numpy")
def drift(
    address: int, parameters: Floats, work: int, x: Floats, v: Floats, steps: int, dt: float, friction: float,
    temperature: float, generator: np.random.Generator,
) -> float:  # fmt: skip
    """Langevin dynamics in place (splitting BAOAB, unit masses); return the energy at the end."""
    g, noise, scratch = np.empty(x.size), np.empty(x.size), np.empty(work)
    energy = call(address, x, parameters, g, scratch)
    keep = math.exp(-friction * dt)
    kick = math.sqrt((1.0 - keep * keep) * temperature)
    for _ in range(steps):
        for i in range(x.size):
            noise[i] = generator.standard_normal()
        glide(x, v, g, noise, dt, keep, kick)
        energy = call(address, x, parameters, g, scratch)
        push(v, g, dt)
    return energy


def heat(
    engine: Engine, pool: ThreadPoolExecutor, *, seed: int, rounds: int, temperature: float
) -> Iterator[tuple[Floats, int, int]]:
    """Yield positions of all replicas, coldest first, every few rounds, the evaluations and the rounds that they took.

    The result is that of the seed, on any number of threads.
    """
    landscape, kernel = engine.landscape, engine.kernel
    swaps = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
    own = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3, k))) for k in range(REPLICAS)]
    x, _, _, spent = engine.quench(landscape.starts(swaps, REPLICAS))
    dt = STEP / math.sqrt(max(float(engine.curvatures(x[0])[-1]), 1e-300))
    ladder = temperature * np.geomspace(COLDEST, HOTTEST, REPLICAS)
    v = np.stack([each.standard_normal(x.shape[1]) * math.sqrt(hot) for each, hot in zip(own, ladder, strict=True)])

    def run(k: int) -> float:
        return drift(
            kernel.gradient, kernel.parameters, kernel.work, x[k], v[k], STRETCH, dt, LOST / dt,
            float(ladder[k]), own[k],
        )  # fmt: skip

    for number in range(1, rounds + 1):
        energy = np.array([future.result() for future in [pool.submit(run, k) for k in range(REPLICAS)]])
        spent += REPLICAS * STRETCH
        for k in range(number % 2, REPLICAS - 1, 2):
            gain = (1.0 / ladder[k] - 1.0 / ladder[k + 1]) * (energy[k] - energy[k + 1])
            if math.log(swaps.random()) < gain:
                scale = math.sqrt(ladder[k] / ladder[k + 1])
                x[[k, k + 1]] = x[[k + 1, k]]
                v[[k, k + 1]] = v[[k + 1, k]] * np.array([[scale], [1.0 / scale]])
        if number % SAMPLED == 0:
            yield x[np.isfinite(energy)].copy(), spent, SAMPLED
            spent = 0
