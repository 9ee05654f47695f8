"""The null of lattice proteins: the same monomers in another order along the chain, the random heteropolymer.

Of chains whose conformations are listed, the ground energy of every shuffled sequence is exact, and costs next to
nothing; of the shorter ones whole maps are made as well. Of longer chains the lowest energy is sought, by the search
that folds the chain itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spinfunnel.explore.sample.chain_folding import COLDEST, HOTTEST, RUNGS, Ladder
from spinfunnel.landscape import BasinGraph, Progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.states import Shuffleable, Walkable
from spinfunnel.measure import COMPARED, MEASURES, measure_all
from spinfunnel.null.ensemble import ensemble, null_seeds
from spinfunnel.null.row import Asked, Found
from spinfunnel.null.sampled_grounds import of_grounds

__all__ = ["GROUNDS", "MAPPED_STATES", "chain_grounds", "reordered", "shuffled_sequences"]

GROUNDS, SOUGHT = 20, 10
"""Shuffled sequences whose ground energies are taken from lists, and sought by folding, unless asked for more."""
MAPPED_STATES = 1 << 20
"""Conformations up to which whole maps of shuffled sequences are made: 16 monomers in the plane, 12 in space."""
RANDOM_CHAINS = 1000
"""Random conformations whose mean energy is the upper end of the gap, where not all are listed."""
PATIENCE, FEWEST, MOST = 10.0, 1_000_000, 4_000_000
"""A search ends ten times as late as its lowest energy was found, and between so many energy evaluations."""


def reordered(landscape: Shuffleable, workers: int) -> Callable[[int], Any]:  # noqa: ARG001 - every sampler's parameters
    """What makes samples: the chain with its monomers in the order of a seed."""
    return landscape.shuffled


def shuffled_sequences(asked: Asked) -> Found:
    """Null of a lattice protein: ground energies of shuffled sequences, and whole maps where affordable."""
    chain: Any = asked.landscape
    grounds, own = chain_grounds(
        chain, asked.graph, count=asked.count, seed=asked.seed, workers=asked.workers, progress=asked.progress
    )
    measured = of_grounds(own, names=tuple(MEASURES))
    if asked.count and asked.graph.exact and chain.distinct_states() <= MAPPED_STATES:
        found = ensemble(
            chain,
            reordered,
            count=asked.count,
            seed=asked.seed,
            title="shuffled interactions",
            own_grounds=True,
            native_tolerance=asked.graph.native_tolerance,
            workers=asked.workers,
            progress=asked.progress,
        )
        measured = {**measured, **found.measures, **{name: measured[name] for name in COMPARED}}
    return Found(measured, len(grounds), own)


def chain_grounds(
    landscape: Shuffleable, graph: BasinGraph, *, count: int, seed: int, workers: int, progress: Progress
) -> tuple[tuple[float, ...], Mapping[str, Measurement]]:
    """Ground energies of shuffled sequences, and the measures of a map that compare with them.

    Parameters
    ----------
    landscape : Shuffleable
        A lattice protein.
    graph : BasinGraph
        Its map. Where that is exact so are the energies; where it was sampled they are upper bounds, of a like search.
    count : int
        Samples; at least `GROUNDS` are taken from a list, and `SOUGHT` are sought where none are asked for.
    seed, workers, progress
        As for every null.

    Examples
    --------
    >>> from spinfunnel.explore.flood.flooding import flood
    >>> from spinfunnel.landscape import no_progress
    >>> from spinfunnel.systems import lattice_go
    >>> protein = lattice_go(n=10, seed=1)
    >>> grounds, own = chain_grounds(protein, flood(protein), count=0, seed=1, workers=1, progress=no_progress)
    >>> len(grounds), min(grounds) >= -4.0, own["stability_gap"].value > 0.0
    (20, True, True)
    """
    if graph.exact:
        grounds = landscape.shuffled_grounds(null_seeds(seed, max(count, GROUNDS)), workers=workers).tolist()
    else:
        seeds = null_seeds(seed, count or SOUGHT)
        grounds = []
        for number, draw in enumerate(seeds):
            progress(f"shuffled sequences, {number + 1} of {len(seeds)}", number / len(seeds))
            grounds.append(_folded(landscape.shuffled(draw), seed=draw, workers=workers))
        progress(f"shuffled sequences, {len(seeds)} of {len(seeds)}", 1.0)
    own = measure_all(graph, names=COMPARED, null_grounds=grounds)
    if graph.census is None and isinstance(landscape, Walkable):
        own["stability_gap"] = _gap(landscape, float(graph.energy[0]), float(np.mean(grounds)), seed=seed)
    return tuple(grounds), own


def _gap(landscape: Walkable, ground: float, null: float, *, seed: int) -> Measurement:
    """Stability gap (see `measure.stability`) with the mean energy of random chains, and its 95 % interval."""
    energies = landscape.energy(landscape.draw_states(RANDOM_CHAINS, np.random.default_rng(seed)))
    mean, reach = float(energies.mean()), 1.96 * float(energies.std(ddof=1)) / np.sqrt(RANDOM_CHAINS)
    if mean - reach <= ground:
        return NoAnswer("flat", "random chains have the lowest energy", "nothing to do: there is no landscape")
    ends = sorted((null - ground) / (mean + shift - ground) for shift in (-reach, reach))
    return Estimate((null - ground) / (mean - ground), *ends)


def _folded(landscape: Walkable, *, seed: int, workers: int) -> float:
    steps = np.geomspace(COLDEST, HOTTEST, RUNGS) * landscape.energy_scale()
    ladder = Ladder(landscape, steps, RUNGS, np.random.default_rng(seed), workers)
    while ladder.evaluations < min(MOST, max(FEWEST, PATIENCE * ladder.found_after)):
        ladder.round()
    return ladder.best_energy
