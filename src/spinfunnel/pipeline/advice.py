"""Which method suits a landscape: greedy descent, annealing or tempering, by the time to its lowest energy.

The time to solution at 99 % is the number of flips to be offered so that the lowest energy is met with that
probability: ``t ln(0.01) / ln(1 - p)`` for independent searches of t flips of which a share p succeeds, and ``ln(100)``
times the mean run length for a search without memory that is only stopped when it arrives. Flips offered are counted
the same for all, one for each spin and replica, whether accepted or not.

Ronnow et al., Science 345, 420 (2014); Hoos, Stutzle, Stochastic Local Search (Morgan Kaufmann, 2004), ch. 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.ladder import temperature_range
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, Budget, Clock, InputError, Progress, is_binary, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.run_lengths import mean_run_length

__all__ = ["Advice", "advise", "time_to_solution"]

METHODS = {"greedy": "greedy descent", "annealing": "annealing", "tempering": "parallel tempering"}
SCHEDULES = (10, 100, 1000)
"""Sweeps of the annealings that are tried."""
ENOUGH = 10_000
"""Solutions after which nothing is left to be learnt."""
RUNS = 8
"""Temperings, each cut off where it does not arrive."""
SEARCH, GREEDY, ANNEALING = 0.3, 0.4, 0.65
"""Shares of the effort after which the search for the lowest energy, the descents and the annealings are over."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How long each method takes, and which to use.

    Attributes
    ----------
    target : float
        Energy that counts as solved: the one given, or the lowest that was met.
    time : mapping from method to Estimate or NoAnswer
        Flips offered until the target is met with 99 % probability.
    levinthal : mapping from method to Estimate or NoAnswer
        ``1 - ln(mean flips to the target) / ln(states)``: 1 for a funnel, 0 for blind search.
    sweeps : int
        Of the annealing that did best.
    recommended : str
        Of the methods that may be the fastest, within their intervals, the simplest.
    reason : str
    """

    target: float
    time: Mapping[str, Measurement]
    levinthal: Mapping[str, Measurement]
    sweeps: int
    recommended: str | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return plain objects, as ``spinfunnel advise --json`` prints them."""
        return {
            "target": self.target,
            "recommended": self.recommended,
            "reason": self.reason,
            "annealing_sweeps": self.sweeps,
            "time_to_solution": {name: _plain(value) for name, value in self.time.items()},
            "levinthal": {name: _plain(value) for name, value in self.levinthal.items()},
        }


def time_to_solution(flips: float, *, hits: int, runs: int) -> Measurement:
    """Flips until one of many independent searches succeeds, with 99 % probability.

    Parameters
    ----------
    flips : float
        Of one search.
    hits, runs : int
        Searches that succeeded, of how many.

    Returns
    -------
    Estimate or NoAnswer
        With the exact 95 % interval of a share (Clopper, Pearson, Biometrika 26, 404, 1934). At least one search is
        needed, so that a sure success costs one. The high end is finite wherever there was a hit.

    Examples
    --------
    >>> print(time_to_solution(100.0, hits=50, runs=100))
    664.4 [500.3, 906.5]
    """
    from scipy.special import betaincinv

    if hits == 0:
        return NoAnswer(
            "never_solved",
            f"none of {runs} searches of {flips:.3g} flips met the target",
            "allow more time, or name a higher target",
        )
    low = float(betaincinv(hits, runs - hits + 1, 0.025))
    high = float(betaincinv(hits + 1, runs - hits, 0.975)) if hits < runs else 1.0

    def cost(share: float) -> float:
        return flips * max(1.0, math.log(0.01) / math.log1p(-share)) if share < 1.0 else flips

    return Estimate(cost(hits / runs), cost(high), cost(low))


def advise(
    landscape: Binary,
    *,
    target: float | None = None,
    seconds: float = 10.0,
    flips: float | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Advice:
    """Try the methods on a landscape and say which suits.

    Parameters
    ----------
    landscape : Binary
    target : float, optional
        Energy that counts as solved; the lowest that a tempering meets in a third of the effort unless given.
    seconds : float
        For all trials together: with other speeds of the machine other numbers of trials are made.
    flips : float, optional
        Flips to be offered in all, in place of a time, so that the advice is the same on any machine.
    seed, workers : int
    progress : callable

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> advise(hopfield_memory(30, patterns=1, seed=1), seconds=1.0).recommended
    'greedy'
    """
    if not is_binary(landscape):
        raise InputError("advice is on binary landscapes: spins, or variables 0 and 1")
    if not seconds > 0.0 or (flips is not None and not flips > 0.0):
        raise InputError(f"{seconds} seconds, or {flips} flips, are too few to try anything; give more than 0")
    budget = Budget(seconds=seconds) if flips is None else Budget(evaluations=max(1, round(flips)))
    trial = _Trial(landscape, Clock(budget), seed, workers, progress)
    trial.clock.evaluations = lambda: trial.flips
    solved = trial.lowest() if target is None else float(target)
    greedy = trial.descents(solved)
    annealings = {sweeps: trial.annealings(solved, sweeps) for sweeps in SCHEDULES}
    sweeps = min(SCHEDULES, key=lambda each: _value(annealings[each][0]))
    tempering = trial.temperings(solved)
    progress("advice", 1.0)
    times = {"greedy": greedy[0], "annealing": annealings[sweeps][0], "tempering": tempering[0]}
    means = {"greedy": greedy[1], "annealing": annealings[sweeps][1], "tempering": tempering[1]}
    eta = {name: _efficiency(mean, times[name], landscape.size) for name, mean in means.items()}
    recommended = _simplest(times)
    return Advice(solved, times, eta, sweeps, recommended, _reason(times, recommended, sweeps, solved))


@dataclass(slots=True)
class _Trial:
    """Trials of the methods, within a time or a number of flips."""

    landscape: Binary
    clock: Clock
    seed: int
    workers: int
    progress: Progress
    flips: int = 0

    def over(self, part: float) -> bool:
        """Whether so great a part of the effort is made."""
        self.progress("advice", min(1.0, self.clock.used()))
        return self.clock.over(part)

    def solved(self, replicas: Replicas, target: float) -> NDArray[np.bool_]:
        """Which of the replicas are at the target."""
        tolerance = 1e-9 * max(1.0, abs(target))
        return np.asarray(replicas.energies() <= target + tolerance)

    def lowest(self) -> float:
        """Lowest energy that a tempering meets."""
        run = Tempering(self.landscape, seed=self.seed, workers=self.workers)
        rounds = 16
        while not self.over(0.5 * SEARCH):
            run.tune(rounds=rounds)
            rounds = min(2 * rounds, 64)
            self.flips = run.replicas.attempts
        while not self.over(SEARCH):
            run.run(16)
            self.flips = run.replicas.attempts
        found = Replicas(self.landscape, groups=1, seed=self.seed)
        state, energy = run.replicas.best()
        found.set_states(np.repeat(state[None], REPLICAS, axis=0))
        found.quench()
        return min(energy, float(found.energies().min()))

    def descents(self, target: float) -> tuple[Measurement, float]:
        """Time to solution, and flips for each solution, of descents from random states."""

        def search(number: int) -> Replicas:
            replicas = Replicas(self.landscape, groups=4, seed=_seed(self.seed, 1, number), workers=self.workers)
            replicas.quench()
            return replicas

        return self._repeated(search, target, until=GREEDY)

    def annealings(self, target: float, sweeps: int) -> tuple[Measurement, float]:
        """Time to solution, and flips for each solution, of annealings of so many sweeps."""
        probe = Replicas(self.landscape, groups=1, seed=self.seed)
        cold, hot = temperature_range(probe)
        self.flips += probe.attempts
        betas = 1.0 / np.geomspace(hot, cold, sweeps)

        def search(number: int) -> Replicas:
            replicas = Replicas(self.landscape, groups=2, seed=_seed(self.seed, sweeps, number), workers=self.workers)
            replicas.anneal(betas)
            replicas.quench()
            return replicas

        share = (1 + SCHEDULES.index(sweeps)) / len(SCHEDULES)
        return self._repeated(search, target, until=GREEDY + (ANNEALING - GREEDY) * share)

    def _repeated(self, search: Callable[[int], Replicas], target: float, *, until: float) -> tuple[Measurement, float]:
        """Search again and again, at least once."""
        hits = runs = flips = number = 0
        while not runs or (not self.over(until) and hits < ENOUGH):
            replicas = search(number)
            hits += int(self.solved(replicas, target).sum())
            runs += REPLICAS * len(replicas.groups)
            flips += replicas.attempts
            self.flips += replicas.attempts
            number += 1
        return time_to_solution(flips / runs, hits=hits, runs=runs), flips / max(hits, 1)

    def temperings(self, target: float) -> tuple[Measurement, float]:
        """Time to solution, and mean flips to it, of temperings that stop when they arrive."""
        tolerance = 1e-9 * max(1.0, abs(target))
        length, arrived = np.zeros(RUNS, np.int64), np.zeros(RUNS, np.bool_)
        for number in range(RUNS):
            part = ANNEALING + (1.0 - ANNEALING) * (number + 1) / RUNS
            run = Tempering(self.landscape, replicas=REPLICAS, seed=_seed(self.seed, 2, number), workers=self.workers)
            rounds, before = 0, self.flips
            while not arrived[number] and (rounds == 0 or not self.over(part)):
                if rounds < 256:
                    run.tune(rounds=8)
                else:
                    run.run(8)
                rounds += 8
                self.flips = before + run.replicas.attempts
                arrived[number] = run.replicas.best()[1] <= target + tolerance
            length[number] = run.replicas.attempts
        mean = mean_run_length(length, arrived)
        if isinstance(mean, NoAnswer):
            return NoAnswer("never_solved", mean.cause, "allow more time, or name a higher target"), math.inf
        factor = math.log(100.0)
        return Estimate(factor * mean.value, factor * mean.low, factor * mean.high), mean.value


def _seed(seed: int, kind: int, number: int) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=(1 << 22, kind, number)).generate_state(1, np.uint64)[0])


def _value(time: Measurement) -> float:
    return time.value if isinstance(time, Estimate) else math.inf


def _efficiency(mean: float, time: Measurement, size: int) -> Measurement:
    if isinstance(time, NoAnswer):
        return time
    # The interval is that of the time, which is proportional to the mean but for certain successes.
    states = size * math.log(2.0)

    def eta(ratio: float) -> float:
        return 1.0 - math.log(max(mean * ratio, 1.0)) / states

    return Estimate(eta(1.0), eta(time.high / time.value), eta(time.low / time.value))


def _simplest(times: Mapping[str, Measurement]) -> str | None:
    """First method, in order of simplicity, whose time may be the least: its low end is below every high end."""
    known = {name: time for name, time in times.items() if isinstance(time, Estimate)}
    if not known:
        return None
    bound = min(time.high for time in known.values())
    return next(name for name, time in known.items() if time.low <= bound)


def _reason(times: Mapping[str, Measurement], recommended: str | None, sweeps: int, target: float) -> str:
    if recommended is None:
        return f"no method met {target:.8g} in the time that was given; allow more, or name a higher target"
    said = []
    for name, measured in times.items():
        what = METHODS[name] + (f" of {sweeps} sweeps" if name == "annealing" else "")
        cost = f"{measured} flips" if isinstance(measured, Estimate) else "not in the time that was given"
        said.append(f"{what} {cost}")
    return f"{METHODS[recommended]}: to meet {target:.8g} with 99 % probability takes " + ", ".join(said)


def _plain(value: Measurement) -> dict[str, Any]:
    if isinstance(value, NoAnswer):
        return {"outcome": value.outcome, "reason": f"{value.cause}; {value.remedy}"}
    return {"value": value.value, "low": value.low, "high": value.high, "outcome": "ok"}
