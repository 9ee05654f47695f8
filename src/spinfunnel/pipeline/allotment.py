"""How the time of one study is shared between exploring, walks, nulls and advice.

A budget of time is that of the whole study of a binary landscape that is sampled. What a stage does not need is left to
the next ones; what no stage is asked for is left to exploring.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from spinfunnel.explore.sample import tempering as mapping
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, Budget
from spinfunnel.measure.long_walks import SpinChain, annealed_walks
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["Allotment"]

PARTS = {"exploring": 0.57, "walks": 0.14, "nulls": 0.14, "advice": 0.1, "rest": 0.05}
"""Shares of the stages in their order; the rest is for what takes no time worth sharing: histograms, output."""
LEAST = 1 / 30
"""Share of the time that is left to a stage at least."""
LEAST_EXPLORING = 0.5
"""Share of the time of exploring that the compilation of kernels leaves to it, however long it takes."""


@dataclass(slots=True)
class Allotment:
    """Times by which the stages of a study are over.

    Parameters
    ----------
    budget : Budget
    without : frozenset of str
        Stages that are not asked for.

    Examples
    --------
    >>> Allotment(Budget(seconds=100.0)).exploring()
    Budget(seconds=57.0, evaluations=None)
    >>> Allotment(Budget(evaluations=1000), frozenset({"nulls"})).exploring()
    Budget(seconds=None, evaluations=1000)
    """

    budget: Budget
    without: frozenset[str] = frozenset()
    started: float = field(default_factory=time.perf_counter)

    def _share(self, stage: str) -> float:
        """Share of the time by the end of which a stage is over."""
        names = list(PARTS)
        left_out = sum(PARTS[name] for name in self.without)
        return left_out + sum(PARTS[name] for name in names[: names.index(stage) + 1] if name not in self.without)

    def until(self, stage: str) -> float:
        """Reading of `time.perf_counter` by which a stage that begins now is to be over; infinite without a limit.

        Where the stages before it took too long, a thirtieth of the time is left to it.
        """
        seconds = self.budget.seconds
        if seconds is None:
            return math.inf
        return max(self.started + self._share(stage) * seconds, time.perf_counter() + LEAST * seconds)

    def exploring(self) -> Budget:
        """Budget of exploring."""
        if self.budget.seconds is None:
            return self.budget
        return Budget(round(self._share("exploring") * self.budget.seconds, 6), self.budget.evaluations)

    def left_to_exploring(self) -> Budget:
        """What is left of that after the compilation of kernels."""
        whole = self.exploring()
        if whole.seconds is None:
            return whole
        left = whole.seconds - (time.perf_counter() - self.started)
        return Budget(max(left, LEAST_EXPLORING * whole.seconds), whole.evaluations)

    def compile_kernels(self, landscape: Binary) -> None:
        """Have all kernels compiled, or read from the cache, before anything is timed."""
        ring = SpinPolynomial(5, [([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]], [-1.0, 1.5, -2.0, 2.5, -3.0])])
        for _ in mapping.explore(ring, groups=2, rounds=4, quenches=4):
            pass
        annealed_walks(SpinChain(ring, native_energy=-9.0, natives=2.0, gap=9.0, workers=1), budget=1000, seed=0)
        run = Tempering(landscape, replicas=1)
        run.tune(rounds=1)
        run.run(1, series=True)
        replicas = Replicas(landscape, groups=1)
        replicas.anneal(1.0 / run.temperatures[:1])
        replicas.quench()
