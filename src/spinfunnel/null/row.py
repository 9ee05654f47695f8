"""A null is one row: ensembles made from a landscape on each road by which its map was made."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from spinfunnel.landscape import BasinGraph, Landscape, Progress, no_progress
from spinfunnel.landscape.estimate import Measurement

__all__ = ["Asked", "Found", "MapNull", "Null", "Road"]


class MapNull(Protocol):
    """Explores a null as the landscape itself was explored; None where that cannot be."""

    def __call__(  # noqa: D102 - documented on the class
        self, landscape: Landscape, *, options: Mapping[str, Any], seed: int, until: float, progress: Progress
    ) -> BasinGraph | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a null is asked for.

    Attributes
    ----------
    landscape : Landscape or None
        None where only its map is known.
    graph : BasinGraph
        Its map; its native tolerance is that of the samples.
    count : int
        Samples; 0 for as many as suit the null.
    seed : int
        From which a seed is spawned for each sample.
    temperature : float, optional
        As for the landscape itself.
    workers : int
        Threads; the result does not depend on it.
    progress : callable
    deadline : float
        Reading of `time.perf_counter` by which nulls that take time are over.
    map_of : callable, optional
        Explores a null as the landscape itself was explored.
    """

    landscape: Landscape | None
    graph: BasinGraph
    count: int
    seed: int
    temperature: float | None = None
    workers: int = 1
    progress: Progress = no_progress
    deadline: float = math.inf
    map_of: MapNull | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a null says.

    Attributes
    ----------
    measures : mapping of str to Estimate or NoAnswer
        For each measure the mean and the central 95 % over the samples.
    samples : int
        Number of samples; 0 where there is no null.
    own : mapping of str to Estimate or NoAnswer
        Measures of the landscape itself that compare with this null.
    """

    measures: Mapping[str, Measurement]
    samples: int = 0
    own: Mapping[str, Measurement] = field(default_factory=dict)


Road: TypeAlias = Callable[[Asked], Found]


@dataclass(frozen=True, slots=True)
class Null:
    """One null, a row of `NULLS`.

    Attributes
    ----------
    name, summary, source : str
    exact, sampled, smooth, trained : callable, optional
        The null of a map of that road (`BasinGraph.road`); a road without one does not list this null.
    """

    name: str
    summary: str
    source: str
    exact: Road | None = None
    sampled: Road | None = None
    smooth: Road | None = None
    trained: Road | None = None

    def on(self, road: str) -> Road | None:
        """Return the way for maps of a road: exact, sampled, smooth or trained."""
        way: Road | None = getattr(self, road)
        return way
