"""The two nulls, each an ensemble made from the landscape itself.

*Shuffled energies*: the same energies dealt at random over the same states. Destroys topography, keeps thermodynamics.
*Shuffled interactions*: the same system with its frustration randomised, coupling signs, a protein's sequence or a
network's labels. The random heteropolymer of folding theory; for a network, training on labels that mean nothing.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import BasinGraph, Binary, Finite, InputError, Kind, Landscape, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.states import Shuffleable
from spinfunnel.measure import COMPARED, MEASURES, measure_all
from spinfunnel.null.energies import ShuffledEnergies
from spinfunnel.null.interactions import has_interactions
from spinfunnel.null.interactions import shuffled_interactions as with_shuffled_interactions
from spinfunnel.null.labels import SHUFFLED_LABELS, MapNull, compared, label_nulls
from spinfunnel.null.sampled_grounds import SAMPLES, ground_energies, no_dealt_energies, of_grounds
from spinfunnel.null.sequence import chain_grounds, mapped, null_seeds

__all__ = [
    "INTERACTIONS",
    "NULLS",
    "SHUFFLED",
    "Comparison",
    "Ensemble",
    "compare",
    "ensemble",
    "null_refusal",
    "null_sample_count",
    "over_ensemble",
    "shuffled_energies",
    "shuffled_interactions",
]

SHUFFLED = "shuffled_energies"
INTERACTIONS = "shuffled_interactions"
NULLS = (SHUFFLED, INTERACTIONS)
"""Names of the nulls wherever nulls are listed."""
MOST_SAMPLES = 20
FEWEST_SAMPLES = 5
FULL_ENSEMBLE_STATES = 1 << 20
MOST_STATES = 1 << 26
MOST_STATES_ASKED = 1 << 28
SIDE_BY_SIDE = 1 << 17
"""States up to which samples are made side by side, one a thread; above, one after the other on all threads."""
AFFORDABLE = {3: 1 << 12, 12: 0, 13: 1 << 12, 22: 0, 23: 0}
"""States up to which the measures of a definition are taken of every sample; others are cheap at any size.

Rulers make nulls of their own, and walks on all samples would take longer than everything else together.
"""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What an ensemble says.

    Attributes
    ----------
    measures : mapping of str to Estimate or NoAnswer
        For each measure the ensemble's mean and central 95 % (see `over_ensemble`).
    grounds : tuple of float
        Ground energy of each sample.
    """

    measures: Mapping[str, Measurement]
    grounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All nulls of one landscape, by name: their measures, and the number of their samples (0 where there is none).

    `own` are the measures of the landscape itself that compare with a null.
    """

    nulls: Mapping[str, Mapping[str, Measurement]]
    samples: Mapping[str, int]
    own: Mapping[str, Measurement]


def null_sample_count(states: int) -> int:
    """Size of the null ensemble: each sample is a flood of as many states, so it is smaller for larger landscapes.

    20 up to 2^20 states, then in inverse proportion to their number, at least 5 up to 2^26; none above.

    Examples
    --------
    >>> [null_sample_count(1 << bits) for bits in (10, 20, 21, 24, 26, 27)]
    [20, 20, 10, 5, 5, 0]
    """
    if states > MOST_STATES:
        return 0
    return max(FEWEST_SAMPLES, min(MOST_SAMPLES, MOST_SAMPLES * FULL_ENSEMBLE_STATES // max(states, 1)))


def null_refusal(landscape: Landscape | None, *, count: int, null: str = SHUFFLED) -> NoAnswer | None:
    """Why there is no null of so many samples, or None where there is one.

    Parameters
    ----------
    landscape : Landscape or None
        None where only its map is known.
    count : int
        Samples wanted; 0 where `null_sample_count` gave none.
    null : str
        One of `NULLS`.

    Examples
    --------
    >>> null_refusal(None, count=20).outcome
    'no_energies'
    """
    if landscape is None:
        return NoAnswer(
            "no_energies",
            "a null is made from the landscape itself, and an atlas keeps only its map",
            "judge the system itself with this atlas; its map is not computed again",
        )
    if not isinstance(landscape, Binary):
        return NoAnswer(
            "not_binary",
            f"{landscape.name} has no bit strings over which energies could be dealt",
            "compare with shuffled interactions" if isinstance(landscape, Shuffleable) else "read it without a null",
        )
    if null == INTERACTIONS and not has_interactions(landscape):
        return NoAnswer(
            "no_interactions",
            f"{landscape.name} has neither couplings whose signs could be shuffled nor labels",
            "compare with shuffled energies",
        )
    if 1 << landscape.size > MOST_STATES_ASKED:
        return NoAnswer(
            "too_large",
            f"a landscape of 2^{landscape.size} states cannot be dealt anew within memory; that is done up to 2^28",
            "compare at a smaller size",
        )
    if count == 0:
        return NoAnswer(
            "not_asked",
            f"each sample of the null floods all 2^{landscape.size} states, and above 2^26 that is not done unasked",
            f"ask for it with --null-samples {FEWEST_SAMPLES}, in Python with nulls={FEWEST_SAMPLES}",
        )
    return None


def compare(
    landscape: Landscape | None,
    graph: BasinGraph,
    *,
    count: int,
    seed: int,
    temperature: float | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
    deadline: float = math.inf,
    map_of: MapNull | None = None,
) -> Comparison:
    """Make all nulls of a landscape that there are, each of `count` samples, and say why there are no others.

    Parameters
    ----------
    landscape : Landscape or None
        None where only its map is known.
    graph : BasinGraph
        Its map; its native tolerance is that of the samples.
    count, seed, temperature, workers, progress
        As in `ensemble`.
    deadline : float
        Reading of `time.perf_counter` by which the nulls of a map that was sampled are over.
    map_of : callable, optional
        Explores a null as the landscape itself was explored; for networks.
    """
    if graph.kind is Kind.NETWORK:
        return _compare_network(
            landscape, graph, count=count, seed=seed, progress=progress, deadline=deadline, map_of=map_of
        )
    if isinstance(landscape, Finite) and isinstance(landscape, Shuffleable):
        return _compare_chain(landscape, graph, count=count, seed=seed, workers=workers, progress=progress)
    if isinstance(landscape, Binary) and not graph.exact:
        return _compare_sampled(
            landscape, graph, count=count or SAMPLES, seed=seed, workers=workers, progress=progress, deadline=deadline
        )
    nulls: dict[str, Mapping[str, Measurement]] = {}
    own: dict[str, Measurement] = {}
    samples = dict.fromkeys(NULLS, 0)
    for null in NULLS:
        refusal = null_refusal(landscape, count=count, null=null)
        if refusal is not None or not isinstance(landscape, Binary):
            nulls[null] = dict.fromkeys(MEASURES, refusal) if refusal is not None else {}
            continue
        found = ensemble(
            landscape,
            null=null,
            count=count,
            seed=seed,
            temperature=temperature,
            native_tolerance=graph.native_tolerance,
            workers=workers,
            progress=progress,
        )
        nulls[null], samples[null] = found.measures, count
        if null == INTERACTIONS:
            own = measure_all(graph, names=COMPARED, null_grounds=found.grounds)
    return Comparison(nulls, samples, own)


def _compare_network(
    landscape: Landscape | None,
    graph: BasinGraph,
    *,
    count: int,
    seed: int,
    progress: Progress,
    deadline: float,
    map_of: MapNull | None,
) -> Comparison:
    """Compare trainings with trainings on shuffled labels."""
    if map_of is None:
        return Comparison({}, {}, {})
    maps, refusal = label_nulls(
        landscape, graph, count=count, seed=seed, map_of=map_of, progress=progress, deadline=deadline
    )
    if refusal is not None:
        own: dict[str, Measurement] = {name: refusal for name in COMPARED if MEASURES[name].trained is not None}
        return Comparison({}, {}, own)
    rows, own = compared(graph, maps)
    names = dict.fromkeys(name for row in rows for name in row)
    nulls = {SHUFFLED_LABELS: {name: over_ensemble([row[name] for row in rows]) for name in names}}
    return Comparison(nulls, {SHUFFLED_LABELS: len(maps)}, own)


def _compare_sampled(
    landscape: Binary, graph: BasinGraph, *, count: int, seed: int, workers: int, progress: Progress, deadline: float
) -> Comparison:
    """Compare a sampled landscape: lowest energies against those of shuffled interactions by a like search."""
    nulls: dict[str, Mapping[str, Measurement]] = {SHUFFLED: dict.fromkeys(MEASURES, no_dealt_energies())}
    samples = dict.fromkeys(NULLS, 0)
    if not has_interactions(landscape):
        refusal = null_refusal(landscape, count=count, null=INTERACTIONS)
        nulls[INTERACTIONS] = dict.fromkeys(MEASURES, refusal or no_dealt_energies())
        return Comparison(nulls, samples, {})
    grounds = ground_energies(landscape, count=count, seed=seed, workers=workers, progress=progress, deadline=deadline)
    own = measure_all(graph, names=COMPARED, null_grounds=grounds)
    nulls[INTERACTIONS] = of_grounds(own, names=tuple(MEASURES))
    samples[INTERACTIONS] = len(grounds)
    return Comparison(nulls, samples, own)


def _compare_chain(
    landscape: Finite, graph: BasinGraph, *, count: int, seed: int, workers: int, progress: Progress
) -> Comparison:
    """Compare a lattice protein with its shuffled sequences: ground energies, and whole maps where affordable."""
    refusal = null_refusal(landscape, count=count, null=SHUFFLED)
    nulls: dict[str, Mapping[str, Measurement]] = {SHUFFLED: dict.fromkeys(MEASURES, refusal) if refusal else {}}
    chain = cast("Shuffleable", landscape)
    grounds, own = chain_grounds(chain, graph, count=count, seed=seed, workers=workers, progress=progress)
    measured = of_grounds(own, names=tuple(MEASURES))
    if count and mapped(landscape, graph):
        found = ensemble(
            landscape, null=INTERACTIONS, count=count, seed=seed, native_tolerance=graph.native_tolerance,
            workers=workers, progress=progress,
        )  # fmt: skip
        measured = {**measured, **found.measures, **{name: measured[name] for name in COMPARED}}
    nulls[INTERACTIONS] = measured
    return Comparison(nulls, {SHUFFLED: 0, INTERACTIONS: len(grounds)}, own)


def ensemble(
    landscape: Binary | Finite,
    *,
    null: str,
    count: int,
    seed: int,
    temperature: float | None = None,
    native_tolerance: float = 0.0,
    only: Collection[str] | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Ensemble:
    """Flood and measure samples of a null.

    Parameters
    ----------
    landscape : Binary or Finite
        Of a lattice protein there is the null of shuffled interactions only.
    null : str
        One of `NULLS`.
    count : int
        Samples, at least 2.
    seed : int
        From which a seed is spawned for each sample.
    temperature, native_tolerance : float
        As for the landscape itself.
    only : collection of str, optional
        Measures to take of each sample; all unless given.
    workers : int
        Threads; the result does not depend on it.
    progress : callable

    Returns
    -------
    Ensemble
        Measures that compare with shuffled interactions compare each such sample with the others.

    Raises
    ------
    InputError
        For fewer than 2 samples, which have no spread, or a landscape without interactions to shuffle.
    """
    if count < 2:
        raise InputError(f"a null ensemble of {count} has no spread; give at least 2 samples")
    states = 1 << landscape.size if isinstance(landscape, Binary) else landscape.distinct_states()
    make = _maker(landscape, null, workers=workers)
    seeds = null_seeds(seed, count)
    names = [
        name for name, measure in MEASURES.items()
        if name not in COMPARED
        and (name in only if only is not None else states <= AFFORDABLE.get(measure.definition, states))
    ]  # fmt: skip

    def one(draw: int, *, threads: int) -> tuple[BasinGraph, dict[str, Measurement]]:
        sample = make(draw)
        graph = dataclasses.replace(flood(sample, workers=threads), native_tolerance=native_tolerance)
        found = measure_all(
            graph, temperature=temperature, names=names, landscape=sample, workers=threads, seed=draw
        )  # fmt: skip
        return graph, found

    title = null.replace("_", " ")
    maps, rows = [], []
    with ThreadPoolExecutor(workers) as pool:
        apart = states <= SIDE_BY_SIDE and workers > 1
        futures = [pool.submit(one, draw, threads=1) for draw in seeds] if apart else []
        try:
            for number, draw in enumerate(seeds):
                progress(f"{title}, {number + 1} of {count}", number / count)
                graph, row = futures[number].result() if apart else one(draw, threads=workers)
                maps.append((float(graph.energy[0]), graph if null == INTERACTIONS else None))
                rows.append(row)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    progress(f"{title}, {count} of {count}", 1.0)
    grounds = tuple(ground for ground, _ in maps)
    for number, (_, kept) in enumerate(maps):
        others = (*grounds[:number], *grounds[number + 1 :])
        if kept is not None and only is None:
            rows[number] |= measure_all(kept, names=COMPARED, null_grounds=others)
    measures = {name: _over(name, rows, states=states) for name in MEASURES if only is None or name in names}
    return Ensemble(measures, grounds)


def shuffled_energies(landscape: Binary, *, count: int, seed: int, **options: object) -> Mapping[str, Measurement]:
    """Measures of an ensemble in which a landscape's energies are dealt at random over its states.

    Options are those of `ensemble`.

    Examples
    --------
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> null = shuffled_energies(disordered_ferromagnet((3, 3), seed=1), count=3, seed=1)
    >>> null["funnel_weight"].value < 0.6
    True
    """
    return ensemble(landscape, null=SHUFFLED, count=count, seed=seed, **options).measures  # type: ignore[arg-type]


def shuffled_interactions(landscape: Binary, *, count: int, seed: int, **options: object) -> Mapping[str, Measurement]:
    """Measures of an ensemble of the same system with random coupling signs, or labels dealt anew.

    Options are those of `ensemble`.

    Examples
    --------
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> null = shuffled_interactions(disordered_ferromagnet((3, 3), seed=1), count=4, seed=1)
    >>> null["band_gap"].low <= null["band_gap"].value
    True
    """
    return ensemble(landscape, null=INTERACTIONS, count=count, seed=seed, **options).measures  # type: ignore[arg-type]


def _maker(landscape: Binary | Finite, null: str, *, workers: int) -> Callable[[int], Binary | Finite]:
    """Sample of a null from its seed."""
    if not isinstance(landscape, Binary):
        return cast("Shuffleable", landscape).shuffled
    if null == INTERACTIONS:
        return lambda draw: with_shuffled_interactions(landscape, seed=draw)
    # Half the states where the global flip is divided out: the contract of `Binary.enumerate`.
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    energies = np.empty(1 << (landscape.size - halved))
    landscape.enumerate(energies, workers=workers)
    return lambda draw: ShuffledEnergies(landscape, seed=draw, energies=energies)


def _over(name: str, rows: Sequence[Mapping[str, Measurement]], *, states: int) -> Measurement:
    if name in rows[0]:
        return over_ensemble([row[name] for row in rows])
    if name in COMPARED:
        return NoAnswer(
            "no_null",
            "energies dealt anew keep the ground energy, and there is nothing to compare it with",
            "read it beside shuffled interactions",
        )
    return NoAnswer(
        "not_affordable",
        f"it takes long, and is measured of each sample up to {AFFORDABLE[MEASURES[name].definition]:,} states only",
        f"compare at a smaller size than {states:,} states",
    )


def over_ensemble(sample: Sequence[Measurement]) -> Measurement:
    """Mean and central 95 % of one measure over an ensemble.

    Samples without an answer are left out; where fewer than half have one, the commonest reason is the answer.

    Examples
    --------
    >>> print(over_ensemble([Estimate.exactly(value) for value in (1.0, 2.0, 3.0)]))
    2 [1.05, 2.95]
    >>> missing = NoAnswer("flat", "every state has the ground energy", "nothing to do")
    >>> over_ensemble([missing, missing, Estimate.exactly(1.0)]).outcome
    'flat'
    """
    values = np.array([item.value for item in sample if isinstance(item, Estimate)])
    if 2 * len(values) < len(sample) or len(values) == 0:
        failures = [item for item in sample if isinstance(item, NoAnswer)]
        name = Counter(item.outcome for item in failures).most_common(1)[0][0]
        return next(item for item in failures if item.outcome == name)
    mean = float(values.mean())
    low, high = (float(quantile) for quantile in np.quantile(values, [0.025, 0.975]))
    # The mean of a skewed ensemble may lie outside its central 95 %; the mean of equal values may be off by rounding.
    return Estimate(mean, min(low, mean), max(high, mean))
