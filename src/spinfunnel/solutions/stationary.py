"""The basin graph of a small network's stationary points."""

from __future__ import annotations

from spinfunnel import __version__
from spinfunnel.atlas import Atlas
from spinfunnel.exploring import describe
from spinfunnel.landscape import BasinGraph, Minimum, Run, Saddle
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.stationary import Stationary
from spinfunnel.solutions.mapping import key_of

__all__ = ["stationary_graph"]


def stationary_graph(landscape: NetworkLandscape, found: Stationary, *, native_tolerance: float = 0.0) -> BasinGraph:
    """Minima with the share of random descents that end in each, and the saddles of index 1 between them.

    Saddles are verified stationary points and counted exact; that none is missing is only as sure as `found.unseen`
    says, so that the map as a whole counts as sampled. A saddle between copies of one minimum joins nothing and is
    left out.
    """
    visits = found.visits[found.minima]
    total = max(int(visits.sum()), 1)
    keys = {int(number): key_of(found.points[number]) for number in found.minima}
    records: list[Minimum | Saddle] = [
        Minimum(
            keys[int(number)],
            float(found.energy[number]),
            float(count) / total,
            orbit=int(found.copies[number]),
            visits=int(count),
        )
        for number, count in zip(found.minima, visits, strict=True)
    ]
    records += [
        Saddle(key_of(found.points[saddle]), float(found.energy[saddle]), (keys[one], keys[two]), index=1)
        for saddle, (one, two) in found.joins.items()
        if one != two
    ]
    with Atlas() as book:
        run = book.begin(describe(landscape), explorer="stationary", options={}, seed=0, version=__version__)
        book.add(run, records)
        book.finish(run, Run("stationary", {}, 0, __version__, 0, 0.0, "finished", False))
        return book.basin_graph(landscape.identity, native_tolerance=native_tolerance)
