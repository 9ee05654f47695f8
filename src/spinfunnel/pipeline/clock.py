"""The clock of a study: how a budget of time is shared between exploring, walks, nulls, views and advice.

A budget of time is that of the whole study of a landscape whose stages share it (see `SHARES`). What a stage does not
need is left to the next ones; what no stage is asked for is left to exploring.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from spinfunnel.landscape import Budget, Clock, Kind, Landscape, Polynomial

__all__ = ["SHARES", "StudyClock"]

SHARES: Mapping[Kind, Mapping[str, float]] = {
    Kind.BINARY: {"exploring": 0.57, "walks": 0.14, "nulls": 0.14, "advice": 0.1, "rest": 0.05},
    Kind.NETWORK: {"exploring": 0.5, "nulls": 0.35, "views": 0.1, "rest": 0.05},
}
"""Shares of the stages in their order; the rest is for what takes no time worth sharing: histograms, output."""
WHOLE: Mapping[str, float] = {"exploring": 1.0}
"""Of other kinds of landscape exploring takes all."""
LEAST = 1 / 30
"""Share of the time that is left to a stage at least."""
LEAST_EXPLORING = 0.5
"""Share of the time of exploring that the compilation of kernels leaves to it, however long it takes."""


class StudyClock(Clock):
    """Times by which the stages of a study are over: the clock of its budget, shared out.

    Parameters
    ----------
    budget : Budget
    kind : Kind
        Of the landscape.
    without : frozenset of str
        Stages that are not asked for.
    started : float, optional
        As of `Clock`.

    Examples
    --------
    >>> StudyClock(Budget(seconds=100.0), Kind.BINARY).exploring()
    Budget(seconds=57.0, evaluations=None)
    >>> StudyClock(Budget(evaluations=1000), Kind.BINARY, frozenset({"nulls"})).exploring()
    Budget(seconds=None, evaluations=1000)
    """

    def __init__(
        self, budget: Budget, kind: Kind, without: frozenset[str] = frozenset(), *, started: float | None = None
    ) -> None:
        super().__init__(budget, started=started)
        self.kind, self.without = kind, without

    @property
    def shares(self) -> Mapping[str, float]:
        """Share of each stage."""
        return SHARES.get(self.kind, WHOLE)

    def _share(self, stage: str) -> float:
        """Share of the time by the end of which a stage is over."""
        names = list(self.shares)
        left_out = sum(self.shares.get(name, 0.0) for name in self.without)
        done = names[: names.index(stage) + 1] if stage in names else names
        return left_out + sum(self.shares[name] for name in done if name not in self.without)

    def until(self, stage: str) -> float:
        """Reading of `time.perf_counter` by which a stage that begins now is to be over; infinite without a limit.

        Where the stages before it took too long, a thirtieth of the time is left to it. Of a kind whose stages do not
        share the budget only exploring has a limit.
        """
        seconds = self.budget.seconds
        if seconds is None or self.kind not in SHARES:
            return math.inf
        return max(self.deadline(self._share(stage)), time.perf_counter() + LEAST * seconds)

    def exploring(self) -> Budget:
        """Budget of exploring."""
        if self.budget.seconds is None:
            return self.budget
        return Budget(round(self._share("exploring") * self.budget.seconds, 6), self.budget.evaluations)

    def left_to_exploring(self) -> Budget:
        """What is left of that after the compilation of kernels."""
        whole = self.exploring()
        if whole.seconds is None or self.kind not in SHARES:
            return whole
        return Budget(max(self.left(self._share("exploring")), LEAST_EXPLORING * whole.seconds), whole.evaluations)

    def compile_kernels(self, landscape: Landscape) -> None:
        """Have all kernels that a limit of time would count compiled, or read from the cache, before they are timed."""
        if self.budget.seconds is None or self.kind is not Kind.BINARY:
            return
        from spinfunnel.explore.sample import tempering
        from spinfunnel.explore.sample.replica_exchange import Tempering
        from spinfunnel.explore.sample.replicas import Replicas
        from spinfunnel.measure.long_walks import SpinChain, annealed_walks
        from spinfunnel.systems.spins.polynomial import SpinPolynomial

        binary: Any = landscape
        ring = SpinPolynomial(5, [([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]], [-1.0, 1.5, -2.0, 2.5, -3.0])])
        for _ in tempering.explore(ring, groups=2, rounds=4, quenches=4):
            pass
        annealed_walks(SpinChain(ring, native_energy=-9.0, natives=2.0, gap=9.0, workers=1), budget=1000, seed=0)
        if not isinstance(binary, Polynomial):
            return  # Its energies are asked for or looked up: no kernel is made for its interactions.
        run = Tempering(binary, replicas=1)
        run.tune(rounds=1)
        run.run(1, series=True)
        replicas = Replicas(binary, groups=1)
        replicas.anneal(1.0 / run.temperatures[:1])
        replicas.quench()
