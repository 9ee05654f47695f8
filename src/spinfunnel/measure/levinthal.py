"""Levinthal efficiency: how much faster than blind search a landscape folds (definition 12).

::

    eta = 1 - ln(t_fold) / ln(t_random)

``t_fold`` is the least, over temperature, of the mean number of energy evaluations until single-spin-flip Metropolis
dynamics first reaches a native state from a uniformly random state; ``t_random = states / native states`` is the same
for drawing states blindly. 1 is a funnel, 0 no better than blind search, and a walk that revisits states can be
worse than that. An evaluation is a proposed move, accepted or not; the energy of the start is not counted, so that a
start in a native state counts 0. Symmetric copies of native states are native, which leaves t_random as it is on the
quotient.

Up to `EXACT_BITS` free bits the mean first passage time is solved for exactly; above, walks are run, of which those
that have not arrived by a limit are counted for what they are, censored.

Levinthal, in Mossbauer Spectroscopy in Biological Systems (Univ. of Illinois Press, 1969), 22; Dill, Chan, Nat. Struct.
Biol. 4, 10 (1997); Metropolis, Rosenbluth, Rosenbluth, Teller, Teller, J. Chem. Phys. 21, 1087 (1953).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, Finite, InputError, is_binary, is_chain
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import long_walks
from spinfunnel.measure.listed_chain import MOST_LISTED, ListedChain
from spinfunnel.measure.metropolis import COLDEST, EXACT_BITS, FINAL, MOST_BITS, MetropolisChain
from spinfunnel.measure.outcome import Measure, Topography, exactly
from spinfunnel.measure.run_lengths import HOTTEST, STEP, folding_by_walks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXACT_BITS", "MEASURES", "FoldingTime", "folding", "folding_time", "solving"]

HOPELESS = 10.0
"""The search goes no colder once folding takes so many times longer than at the best temperature."""
SCAN = 1e-4
"""Relative error to which passage times are solved for while the best temperature is sought."""
LISTED_BUDGET = 20_000_000
"""The same on listed states, whose moves are far apart in memory."""
BUDGET = 200_000_000
"""Energy evaluations that walks may take in all: some seconds."""


@dataclass(frozen=True, slots=True)
class FoldingTime:
    """How long a landscape takes to fold.

    Attributes
    ----------
    evaluations : Estimate
        ``t_fold``: mean number of energy evaluations until a native state is first reached.
    temperature : float
        At which that holds: the best one, unless it was given; inf where energies are best disregarded.
    random : float
        ``t_random``, the number of states for each native one.
    method : {"exact", "runs"}
    runs, hits : int
        Walks made at this temperature, and those that arrived; 0 where the answer is exact.
    curve : tuple of (float, float)
        Temperatures at which the time was solved for while the best one was sought, from hot to cold, and the times.
    """

    evaluations: Estimate
    temperature: float
    random: float
    method: Literal["exact", "runs"]
    runs: int = 0
    hits: int = 0
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def efficiency(self) -> Measurement:
        """Levinthal efficiency with its interval.

        Examples
        --------
        >>> print(FoldingTime(Estimate(32.0, 16.0, 64.0), 0.5, 1024.0, "runs").efficiency)
        0.5 [0.4, 0.6]
        """
        time = self.evaluations
        if not time.low > 1.0:
            return NoAnswer(
                "too_small",
                f"a native state is reached after {time.value:.3g} evaluations on average",
                "there is nothing to search: use a larger system",
            )
        value, low, high = (1.0 - math.log(t) / math.log(self.random) for t in (time.value, time.high, time.low))
        return Estimate(value, low, high)


def folding_time(
    landscape: Binary | Finite,
    *,
    temperature: float | None = None,
    native_energy: float | None = None,
    also_native: NDArray[np.int64] | None = None,
    method: Literal["exact", "runs"] | None = None,
    budget: int = BUDGET,
    seed: int = 0,
    workers: int = 1,
) -> FoldingTime | NoAnswer:
    """Mean number of energy evaluations until a landscape folds, at the best temperature or at a given one.

    Parameters
    ----------
    landscape : Binary or Finite
        At most `MOST_BITS` free bits, or `MOST_LISTED` states.
    temperature : float, optional
        In the unit of the energy; the best one is sought unless it is given.
    native_energy : float, optional
        States of at most this energy are native; the ground states unless given.
    also_native : array of int64, optional
        Numbers of further states of bits that count as native.
    method : {"exact", "runs"}, optional
        Solve for it, or walk; unless given, solve up to `EXACT_BITS` free bits.
    budget : int
        Evaluations that walks may take in all.
    seed : int
        Of the walks.
    workers : int
        Threads; the result does not depend on it.

    Returns
    -------
    FoldingTime or NoAnswer
        Exact times are solved for to a relative error of 1e-6, and lie within 1e-4 of the least over temperature
        (temperatures between 1/600 and 4 times the span of the energies, and infinity). The temperature of walks is
        chosen by walks of their own, so that no luck is carried over; their 95 % interval is for that temperature.

    Raises
    ------
    InputError
        For a landscape that is too large, or a temperature so low that Boltzmann weights underflow.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> found = folding_time(hopfield_memory(12, patterns=1, seed=1))
    >>> print(found.method, found.random, found.efficiency)
    exact 2048.0 0.5724
    """
    if temperature is not None and not temperature > 0.0:
        raise InputError(f"the temperature is {temperature}; give a number above 0")
    chain: MetropolisChain | ListedChain
    if is_binary(landscape):
        chain = MetropolisChain(landscape, native_energy=native_energy, workers=workers)
        if also_native is not None:
            chain.also_native(also_native)
    elif is_chain(landscape):
        chain = ListedChain(landscape, native_energy=native_energy, workers=workers)
        budget = min(budget, LISTED_BUDGET)
    else:
        raise InputError(f"{landscape.name} is a {landscape.kind} landscape; give one of bits or a lattice chain")
    if bool(chain.native.all()):
        return NoAnswer("all_native", "every state counts as native", "nothing to do: there is nothing to search for")
    if method is None:
        method = "exact" if chain.exact else "runs"
    if method == "exact":
        return _solved(chain, temperature)
    walked = folding_by_walks(chain, temperature, budget=budget, rng=np.random.default_rng(seed))
    if isinstance(walked, NoAnswer):
        return walked
    time, best, runs, hits = walked
    return FoldingTime(time, best, chain.random, "runs", runs, hits)


# ---------------------------------------------------------------------------------------------
# Solving


def _solved(chain: MetropolisChain | ListedChain, temperature: float | None) -> FoldingTime | NoAnswer:
    tau = np.zeros(len(chain.energies))
    curve: list[tuple[float, float]] = []

    def log_time(at: float) -> float:
        """Logarithm of the mean passage time, each solution being the guess for the next; inf without one."""
        error = chain.passage_times(at, tolerance=SCAN, start=tau)[1]
        if error < 0.5:
            curve.append((at, chain.mean(tau)))
            return math.log(chain.mean(tau))
        tau[:] = 0.0
        return math.inf

    best = _best_temperature(log_time, span=chain.span) if temperature is None else temperature
    tau, error = chain.passage_times(best, start=tau)
    if error > 10.0 * FINAL:
        return NoAnswer(
            "not_converged",
            f"the passage times are known to a relative error of {error:.1g} only",
            "measure at a higher temperature, or by walks",
        )
    ordered = tuple(sorted(curve, reverse=True))
    return FoldingTime(Estimate.exactly(chain.mean(tau)), best, chain.random, "exact", curve=ordered)


def _best_temperature(log_time: Callable[[float], float], *, span: float) -> float:
    """Temperature of the least time: from hot to cold until it is hopeless, then parabolas through the best three."""
    tried = [(math.inf, log_time(math.inf))]
    if span == 0.0:
        return math.inf
    temperature, best = HOTTEST * span, tried[0][1]
    while temperature >= COLDEST * span:
        tried.append((temperature, log_time(temperature)))
        best = min(best, tried[-1][1])
        if tried[-1][1] > best + math.log(HOPELESS):
            break
        temperature /= STEP
    # Where folding no longer gets faster on cooling, the hottest of the equals is the best.
    place = next(k for k in range(len(tried)) if tried[k][1] <= best + SCAN)
    if place < 2 or place == len(tried) - 1 or math.isinf(tried[place + 1][1]):
        return tried[place][0]
    return _refined(log_time, [(math.log(t), value) for t, value in tried[place - 1 : place + 2]])


def _refined(log_time: Callable[[float], float], bracket: list[tuple[float, float]]) -> float:
    """Least point of a function of ln T within three points of which the middle one is lowest."""
    for _ in range(5):
        vertex, gain = _vertex(bracket)
        if gain < SCAN or abs(vertex - bracket[1][0]) < 1e-3:
            break
        bracket = sorted([*bracket, (vertex, log_time(math.exp(vertex)))])
        middle = min((1, 2), key=lambda k: bracket[k][1])
        bracket = bracket[middle - 1 : middle + 2]
    return math.exp(bracket[1][0])


def _vertex(bracket: list[tuple[float, float]]) -> tuple[float, float]:
    """Lowest point of the parabola through three points, and how far it lies below the middle one."""
    (a, fa), (b, fb), (c, fc) = sorted(bracket)
    left, right = (b - a) * (fb - fc), (b - c) * (fb - fa)
    if left == right:
        return b, 0.0
    vertex = b - 0.5 * ((b - a) * left - (b - c) * right) / (left - right)
    curvature = ((fc - fb) / (c - b) - (fb - fa) / (b - a)) / (c - a)
    return vertex, curvature * (vertex - b) ** 2


# ---------------------------------------------------------------------------------------------
# Measures


def blind_search(topography: Topography) -> Measurement:
    """Mean number of evaluations ``t_random`` until states drawn blindly are native: states for each native one."""
    found = topography.shared(folding)
    return found if isinstance(found, NoAnswer) else exactly(found.random)


def levinthal(topography: Topography) -> Measurement:
    """Levinthal efficiency ``1 - ln(t_fold) / ln(t_random)``: 1 a funnel, 0 no better than blind search."""
    found = topography.shared(folding)
    return found if isinstance(found, NoAnswer) else found.efficiency


def folding_evaluations(topography: Topography) -> Measurement:
    """Mean number of energy evaluations ``t_fold`` until a native state is first reached, at the best temperature."""
    found = topography.shared(folding)
    return found if isinstance(found, NoAnswer) else found.evaluations


def fastest_temperature(topography: Topography) -> Measurement:
    """Temperature at which Metropolis dynamics folds fastest, in the unit of the energy."""
    found = topography.shared(folding)
    if isinstance(found, NoAnswer):
        return found
    if math.isinf(found.temperature):
        return NoAnswer(
            "no_guidance",
            "native states are found fastest by a walk that disregards the energy",
            "nothing to do: no temperature is better than infinity",
        )
    return exactly(found.temperature)


def folding(topography: Topography) -> FoldingTime | NoAnswer:
    """How long the landscape of a map takes to fold, at the best temperature."""
    landscape, graph = topography.landscape, topography.graph
    native = float(graph.energy[0]) + graph.native_tolerance if graph.minima else None
    if is_chain(landscape):
        if landscape.distinct_states() > MOST_LISTED:
            return NoAnswer(
                "too_large",
                f"moves of {landscape.distinct_states():.3g} states would be held; that is done up to {MOST_LISTED}",
                "use a smaller size",
            )
        return folding_time(landscape, native_energy=native, seed=topography.seed, workers=topography.workers)
    if not is_binary(landscape):
        return NoAnswer(
            "not_binary",
            "Metropolis dynamics needs a landscape of bit strings, or one whose states are listed",
            "read the passage times between its minima instead",
        )
    free = landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    if free > MOST_BITS:
        return NoAnswer(
            "too_large", f"2^{free} energies would be looked up; that is done up to 2^{MOST_BITS}", "use a smaller size"
        )
    return folding_time(
        landscape,
        native_energy=native,
        method=solving(landscape, topography),
        seed=topography.seed,
        workers=topography.workers,
    )


def solving(landscape: Binary, topography: Topography) -> Literal["runs"] | None:
    """How passage times of bits are found: as their number suggests, or by walks above the limit that is asked for."""
    free = landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    return "runs" if topography.solved_bits is not None and free > topography.solved_bits else None


_SOURCE = "Levinthal (1969); Dill, Chan, Nat. Struct. Biol. 4, 10 (1997); exponent as defined by this project"

MEASURES = (
    Measure(
        "levinthal",
        "Levinthal efficiency: 1 a funnel, 0 no better than blind search",
        _SOURCE,
        12,
        exact=levinthal,
        sampled=long_walks.levinthal,
        reads="landscape",
    ),
    Measure(
        "folding_time",
        "energy evaluations until a native state is first reached, at the best temperature",
        _SOURCE,
        12,
        exact=folding_evaluations,
        sampled=long_walks.folding_time,
        reads="landscape",
    ),
    Measure(
        "blind_search",
        "energy evaluations until blind search finds a native state",
        "Levinthal (1969)",
        12,
        exact=blind_search,
        reads="landscape",
    ),
    Measure(
        "fastest_temperature",
        "temperature at which Metropolis dynamics folds fastest",
        _SOURCE,
        12,
        exact=fastest_temperature,
        reads="landscape",
    ),
)
