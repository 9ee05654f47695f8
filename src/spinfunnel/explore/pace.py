"""Work in chunks that fit into a budget of time or of energy evaluations."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from spinfunnel.landscape import Budget, Clock, Effort

__all__ = ["Pace"]

CHUNK = 0.5
"""Seconds that a chunk of work takes at most: how long an interrupt or the progress bar waits."""
RESERVE = 0.04
"""Share of the time that is left for what comes after the last chunk: the last minima, the atlas."""
ENDLESS = 1 << 62
"""Steps of a run that only its budget ends."""
CHUNK_EVALUATIONS = 2e8
"""The same where no time is limited, so that the chunks are the same on any machine."""


class Pace(Clock):
    """Work in chunks that keep within a budget.

    Parameters
    ----------
    budget : Budget or None
    evaluations : callable
        Energy evaluations so far.
    whole : int
        Steps of work that the run takes where the budget does not end it before.
    started : float, optional
        Reading of `time.perf_counter` at which the budget's time began; now unless given.

    Examples
    --------
    >>> pace = Pace(Budget(evaluations=100), lambda: 30, whole=10)
    >>> pace.share(), pace.over(), pace.over(0.25)
    (0.3, False, True)
    """

    def __init__(
        self, budget: Budget | None, evaluations: Callable[[], int], *, whole: int, started: float | None = None
    ) -> None:
        super().__init__(budget, evaluations, started=started)
        self.whole, self.steps = max(1, whole), 0
        self._length = 1

    @classmethod
    def of(
        cls,
        budget: Budget | None,
        evaluations: Callable[[], int],
        *,
        asked: int,
        usual: int,
        length: int = 1,
        started: float | None = None,
    ) -> Pace:
        """Pace of a run of so many parts as were asked for, or as the budget allows, or as usual.

        Parameters
        ----------
        budget, evaluations, started
            As of the class.
        asked : int
            Parts; 0: as many as the budget allows, and the usual number where it has no limit.
        usual : int
        length : int
            Steps of each part.

        Examples
        --------
        >>> Pace.of(None, lambda: 0, asked=0, usual=8, length=10).whole
        80
        >>> Pace.of(Budget(seconds=1.0), lambda: 0, asked=3, usual=8).whole
        3
        """
        limited = budget is not None and budget != Budget() and asked == 0
        return cls(budget, evaluations, whole=ENDLESS if limited else (asked or usual) * length, started=started)

    def effort(self) -> Effort:
        """Record of what the run took, and whether the budget ended it."""
        return Effort(self.evaluations(), self.outcome)

    def used(self) -> float:
        """Share of the budget that is used up, less the time that is left for what comes after the last chunk."""
        seconds, most = self.budget.seconds, self.budget.evaluations
        by_time = 0.0 if seconds is None else (time.perf_counter() - self.started) / ((1.0 - RESERVE) * seconds)
        return max(by_time, 0.0 if most is None else self.evaluations() / most)

    def share(self) -> float:
        """Share of the run that is done: of time, evaluations or steps, whichever is most."""
        return max(self.steps / self.whole, self.used())

    def over(self, part: float = 1.0) -> bool:
        """Whether so great a part of the run is done."""
        self.cut = self.cut or self.used() >= 1.0
        return self.share() >= part

    def chunk(self, part: float = 1.0) -> int:
        """Steps to do next, at least 1: what takes half a second, or what is left of the part of the budget.

        Where no time is limited the answer is the same on any machine.
        """
        seconds, evaluations = self.budget.seconds, self.budget.evaluations
        fits = [part * self.whole - self.steps, 2.0 * self._length if self.steps else 1.0]
        if self.steps:
            cost = max(1.0, self.evaluations() / self.steps)
            if evaluations is not None:
                fits.append((part * evaluations - self.evaluations()) / cost)
            if seconds is not None:
                passed = time.perf_counter() - self.started
                fits.append(min(CHUNK, part * (1.0 - RESERVE) * seconds - passed) * self.steps / max(passed, 1e-9))
            else:
                fits.append(CHUNK_EVALUATIONS / cost)
        self._length = max(1, math.floor(min(fits)))
        return self._length

    def did(self, steps: int) -> None:
        """Count steps of work."""
        self.steps += steps
