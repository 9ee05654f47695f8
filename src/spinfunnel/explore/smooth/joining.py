"""Map a smooth landscape of more minima than can be listed: its low minima, and the lowest passes between them.

Quenches from random states, basin hopping for the low minima, then climbs from where they help: until low minima have
a path to the lowest, until barriers between the lowest and its rivals no longer fall, and until ways down are known
from where the quenches ended (see `superbasins`). The map leaves out most minima, but few that decide what kind of
landscape it is.

Wales, Doye, J. Phys. Chem. A 101, 5111 (1997); Munro, Wales, Phys. Rev. B 59, 3969 (1999).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from spinfunnel.explore.smooth.bridging import Bridges
from spinfunnel.explore.smooth.engine import TOLERANCE
from spinfunnel.explore.smooth.heating import is_chain
from spinfunnel.explore.smooth.identity import DISTANCE
from spinfunnel.explore.smooth.search import Search
from spinfunnel.explore.smooth.superbasins import Joining
from spinfunnel.landscape import Budget, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Differentiable

__all__ = ["explore"]

BLOCK = 8
"""Climbs from one minimum that are made in one go: what to climb from next hangs on what they find."""


def explore(
    landscape: Differentiable,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    starts: int = 40,
    searches: int = 96,
    hops: int = -1,
    temperature: float = 0.8,
    distance: float = DISTANCE,
    gradient: float = TOLERANCE,
) -> Iterator[list[Record]]:
    """Map the low minima of a smooth landscape and the lowest passes between them.

    Parameters
    ----------
    landscape : Differentiable
    seed, workers, progress, budget
        As for `climbing.explore`.
    starts : int
        Random states that are quenched; their shares are the weights of the basins. Of a chain at most eight: its
        weights are of descents from the coldest replicas of the dynamics.
    searches : int
        Climbs from each minimum below a barrier before the barrier stands; three times as many as found the last new
        saddle.
    hops : int
        Steps of basin hopping; -1 for 200 for each coordinate.
    temperature : float
        Of the basin hopping, in the unit of the energy (see `hopping.explore`).
    distance : float
        Tolerance of identity, in the unit of a coordinate.
    gradient : float
        Root of the mean square gradient at which a stationary point is one.

    Yields
    ------
    list of Minimum and Saddle, and an Effort last

    Raises
    ------
    InputError
        When no start leads to a minimum, with the reasons; for a temperature that is not above 0.
    """
    search = Search(landscape, budget or Budget(), seed=seed, progress=progress, tolerance=gradient, distance=distance)
    search.block = min(search.block, BLOCK)
    found, opening = search.found, search.opening(starts, hops=hops, temperature=temperature)

    def stages(pool: ThreadPoolExecutor) -> Iterator[list[Record]]:
        yield from opening(pool)
        bridges = Bridges() if is_chain(landscape) else None
        joining = Joining(found.minima, found.saddles, found.joins, search.fronts, searches, list(search.hits), bridges)
        yield from search.climbs(pool, joining.tasks(search.block), lambda: (joining.stage, joining.done))

    yield from search.run(workers, stages)
