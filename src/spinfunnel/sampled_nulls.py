"""Nulls of landscapes that were sampled: the lowest energies that the same search reaches with interactions shuffled.

Shuffled energies have no place here: dealing out all energies takes a list of all states.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinfunnel.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.explore.temper import Tempering
from spinfunnel.landscape import Binary, Progress
from spinfunnel.systems.interactions import shuffled_interactions

__all__ = ["SAMPLES", "ground_energies", "no_dealt_energies", "of_grounds"]

SAMPLES = 10
"""Size of the ensemble unless asked otherwise."""
GROUPS, ROUNDS = 4, 1024
"""Groups of 64 replicas, and rounds of tempering, for each sample: half of them set the temperatures."""


def ground_energies(landscape: Binary, *, count: int, seed: int, workers: int, progress: Progress) -> tuple[float, ...]:
    """Lowest energies that tempering reaches in samples with shuffled interactions.

    Upper bounds of their ground energies, found by a search like that of the landscape itself.

    Examples
    --------
    >>> from spinfunnel.landscape import no_progress
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> magnet = disordered_ferromagnet((4, 4), seed=1)
    >>> grounds = ground_energies(magnet, count=2, seed=1, workers=1, progress=no_progress)
    >>> bool(min(grounds) > magnet.energy(np.ones((1, 16), np.uint8))[0])
    True
    """
    lowest = []
    for number, child in enumerate(np.random.SeedSequence(seed).spawn(count)):
        progress(f"shuffled interactions, {number + 1} of {count}", number / count)
        draw = int(child.generate_state(1)[0])
        run = Tempering(shuffled_interactions(landscape, seed=draw), replicas=64 * GROUPS, seed=draw, workers=workers)
        run.tune(rounds=ROUNDS // 2)
        run.run(ROUNDS // 2)
        lowest.append(run.replicas.best()[1])
    progress(f"shuffled interactions, {count} of {count}", 1.0)
    return tuple(lowest)


def of_grounds(own: Mapping[str, Measurement], *, names: tuple[str, ...]) -> Mapping[str, Measurement]:
    """What the ensemble says of each measure: nothing, but of those that compare with it, of which 0 is typical."""
    nothing = NoAnswer(
        "not_affordable",
        "of each sample of a landscape too large to flood only the lowest energy is sought",
        "compare at a smaller size",
    )
    typical = Estimate.exactly(0.0)
    return {name: typical if isinstance(own.get(name), Estimate) else nothing for name in names}


def no_dealt_energies() -> NoAnswer:
    """Outcome that energies are not dealt anew."""
    return NoAnswer(
        "too_large",
        "the energies of a landscape that was sampled are not all known, and cannot be dealt out anew",
        "compare with shuffled interactions, or at a smaller size",
    )
