"""Minima under Langevin trajectories: many walkers at one temperature, quenched again and again on the way.

What a trajectory at a temperature descends to are its inherent structures; their shares are those of the basins at that
temperature (Boltzmann weights of whole basins, not of harmonic ones). All walkers take a step at once, so that energies
that answer a batch quickly are asked for in batches.

Stillinger, Weber, Phys. Rev. A 25, 978 (1982); Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34 (integrator).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spinfunnel.explore.smooth.climb_kernels import NOT_A_NUMBER, REASONS
from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.geometry import geometry_of
from spinfunnel.explore.smooth.identity import DISTANCE
from spinfunnel.explore.smooth.point_catalogue import Collection, record_of
from spinfunnel.landscape import Budget, Clock, Effort, InputError, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Differentiable
from spinfunnel.moves.langevin_step import glide, push

__all__ = ["Walkers", "explore"]

Floats = NDArray[np.float64]

STEP = 0.2
"""Time step in units of the inverse of the fastest frequency at the minima; steps are stable up to 2."""
LOST = 0.05
"""Share of the velocity that friction takes in a step."""
WARM = 0.25
"""Temperature where none is given, over the spread of the energies at the ends of random quenches."""
SPREAD_NEEDED = 1e-9
"""Spread of those energies, over their size, below which it tells no temperature."""


@dataclass(slots=True, eq=False)
class Walkers:
    """Positions (B, D) and velocities (B, D) of walkers in Langevin dynamics: splitting BAOAB, unit masses, k_B = 1.

    Attributes
    ----------
    landscape : Differentiable
    x, v : array (B, D)
    dt, temperature : float
    lost : float
        Share of the velocity that friction takes in a step.
    generator : Generator
    """

    landscape: Differentiable
    x: Floats
    v: Floats
    dt: float
    temperature: float
    generator: np.random.Generator
    lost: float = LOST

    def go(self, steps: int, *, deadline: float = math.inf) -> int:
        """Make steps, all walkers at once; return the energies that were asked for."""
        sized = geometry_of(self.landscape.invariance).sized
        radius = None if sized else np.linalg.norm(self.x, axis=1, keepdims=True)
        keep = 1.0 - self.lost
        kick = math.sqrt((1.0 - keep * keep) * self.temperature)
        gradient = self.landscape.energy_and_gradient(self.x)[1]
        asked = len(self.x)
        for _ in range(steps):
            if time.perf_counter() >= deadline:
                break
            noise = self.generator.standard_normal(self.v.shape)
            glide(self.x.ravel(), self.v.ravel(), gradient.ravel(), noise.ravel(), self.dt, keep, kick)
            if radius is not None:
                self.x *= radius / np.linalg.norm(self.x, axis=1, keepdims=True)
                self.v -= (self.v * self.x).sum(axis=1, keepdims=True) * self.x / radius**2
            gradient = self.landscape.energy_and_gradient(self.x)[1]
            push(self.v.ravel(), gradient.ravel(), self.dt)
            asked += len(self.x)
        return asked


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,  # noqa: ARG001 - all walkers take their steps in one call
    progress: Progress = no_progress,
    budget: Budget | None = None,
    walkers: int = 16,
    quenches: int = 2000,
    stretch: int = 200,
    temperature: float = 0.0,
    distance: float = DISTANCE,
) -> Iterator[list[Record]]:
    """Find the minima under Langevin trajectories of a smooth landscape.

    Parameters
    ----------
    landscape : Differentiable
    seed, workers, progress, budget
        As for `climbing.explore`; the number of workers changes nothing.
    walkers : int
        Trajectories side by side, from the ends of random quenches.
    quenches : int
        Of all walkers together; their shares are the weights of the minima.
    stretch : int
        Steps between two quenches of a walker.
    temperature : float
        In the unit of the energy; 0 for a quarter of the spread of energies at the ends of random quenches.
    distance : float
        Tolerance of identity.

    Yields
    ------
    list of Minimum, and an Effort last

    Raises
    ------
    InputError
        When no start leads to a minimum, with the reasons; for numbers below 1, a temperature below 0, or one that
        cannot be chosen since all random quenches end at one energy.
    """
    if min(walkers, quenches, stretch) < 1 or not 0.0 <= temperature < math.inf:
        raise InputError(
            f"walkers={walkers}, quenches={quenches}, stretch={stretch}, temperature={temperature}: give whole numbers "
            "of at least 1 and a finite temperature of at least 0"
        )
    clock = Clock(budget)
    engine = Engine(landscape, distance=distance, deadline=clock.deadline())
    found = Collection(engine)
    clock.evaluations = lambda: found.evaluations
    with threadpool_limits(limits=1):
        walking = _set_out(engine, found, walkers, seed=seed, temperature=temperature)
        home, done = walking.x.copy(), 0
        while done < quenches:
            found.evaluations += walking.go(stretch, deadline=clock.deadline())
            if clock.over():
                break
            lost = ~np.isfinite(walking.x).all(axis=1)
            found.failures.update([REASONS[NOT_A_NUMBER]] * int(lost.sum()))
            walking.x[lost] = home[lost]
            ends = found.enter_rough(walking.x)
            lost |= np.array([end is None for end in ends])
            # Those that left for nowhere go on from where they last were.
            walking.x[lost] = home[lost]
            walking.v[lost] = math.sqrt(walking.temperature) * walking.generator.standard_normal(home[lost].shape)
            home[~lost] = walking.x[~lost]
            done += walkers
            progress(f"wandering, {len(found.minima.points)} minima", min(done / quenches, 1.0))
            yield found.news(weight=lambda _: 0.0)
    total = max(sum(point.visits for point in found.minima.points), 1)
    last: list[Record] = [record_of(p, weight=p.visits / total, visits=0) for p in found.minima.points]
    yield [*last, Effort(found.evaluations, clock.outcome, dict(found.failures))]


def _set_out(engine: Engine, found: Collection, walkers: int, *, seed: int, temperature: float) -> Walkers:
    """Walkers at the ends of random quenches."""
    landscape, generator = engine.landscape, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,)))
    x, energy, size, spent = engine.quench(landscape.starts(generator, walkers))
    found.evaluations += spent
    points = [found.minimum(*each) for each in zip(x, energy.tolist(), size.tolist(), strict=True)]
    late = time.perf_counter() >= engine.deadline
    found.refuse_if_empty(f"{walkers} random starts", late=late)
    good = np.array([point is not None for point in points])
    # Where a start led nowhere another one is taken twice.
    x = x[np.flatnonzero(good)[np.arange(walkers) % int(good.sum())]]
    if temperature == 0.0:
        spread = float(np.std(energy[good]))
        if spread <= SPREAD_NEEDED * (1.0 + abs(float(energy[good].mean()))):
            raise InputError(
                f"{landscape.name}: all {int(good.sum())} random quenches end at one energy, which tells no "
                "temperature: give temperature=..."
            )
        temperature = WARM * spread
    stiffest = max(float(engine.curvatures(point.position)[-1]) for point in found.minima.points)
    v = math.sqrt(temperature) * generator.standard_normal(x.shape)
    return Walkers(landscape, np.array(x, order="C"), v, STEP / math.sqrt(stiffest), temperature, generator)
