"""What a sampled map does not know: how much of the state space, and how many minima."""

from __future__ import annotations

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure.coverage import coverage, reached
from spinfunnel.measure.outcome import Topography

__all__ = ["MOST_UNKNOWN", "unknown_weight", "what_is_missing"]

MOST_UNKNOWN = 0.1
"""Share of the weight that may be unknown, or left out, before shares and terrains are not shown."""


def unknown_weight(graph: BasinGraph) -> float:
    """Share of random descents of a sampled map that end where it does not know the exit, or does not reach."""
    if graph.road != "sampled":
        return 0.0
    topography = Topography(graph)
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer) or known.searches == 0:
        return 1.0
    found = topography.shared(reached)
    return max(float(found.visits[~found.certain].sum()) / known.searches, known.unseen_share)


def what_is_missing(graph: BasinGraph) -> str:
    """One sentence on what the map lacks; empty where it is exact."""
    if graph.exact:
        return ""
    if graph.road == "trained":
        return f"{graph.minima:,} trained networks; passes between them are upper bounds, other solutions exist."
    known = Topography(graph).shared(coverage) if graph.road == "sampled" else None
    if known is None or isinstance(known, NoAnswer) or known.searches == 0:
        return f"Sampled map: {graph.minima:,} minima were found, others may exist; passes are the lowest found."
    many = known.minima().value
    whole = f"about {float(f'{many:.2g}'):,.0f}" if many > graph.minima else f"{graph.minima:,}"
    return f"Sampled map: {graph.minima:,} of {whole} minima; passes are upper bounds (dashed)."
