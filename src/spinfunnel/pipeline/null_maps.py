"""Maps of nulls that are explored as the landscape itself was: networks trained on shuffled labels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spinfunnel.explore import EXPLORERS
from spinfunnel.landscape import BasinGraph, Budget, Landscape, Progress
from spinfunnel.pipeline.plan import Plan
from spinfunnel.pipeline.request import Request
from spinfunnel.pipeline.run import Mapped, map_of

if TYPE_CHECKING:
    from spinfunnel.atlas import Atlas

__all__ = ["NullMaps"]


@dataclass(slots=True)
class NullMaps:
    """Explores nulls by the explorer and the options by which the landscape was explored.

    Attributes
    ----------
    found : Mapped
        The landscape's own map.
    asked : Request
    atlas : Atlas or None
        Where the maps are kept; one that is opened for reading only gives those that it holds.
    workers : int
    made : list of Mapped
        What was explored so far, for pictures.
    """

    found: Mapped
    asked: Request
    atlas: Atlas | None
    workers: int
    made: list[Mapped] = field(default_factory=list)

    def __call__(
        self, landscape: Landscape, *, options: Mapping[str, Any], seed: int, until: float, progress: Progress
    ) -> BasinGraph | None:
        """Map of a null; None where the atlas does not hold it and cannot be written to."""
        chosen = self._plan(landscape, options)
        if self.atlas is not None and self.atlas.read_only:
            name, identity = chosen.explorer.name, landscape.identity
            if self.atlas.finished(identity, explorer=name, options=chosen.job, seed=seed) is None:
                return None
        left = max(until - time.perf_counter(), 0.0)
        mapped = map_of(
            chosen,
            landscape,
            atlas=self.atlas,
            seed=seed,
            workers=self.workers,
            progress=progress,
            left=Budget(seconds=left) if until < float("inf") else None,
            tolerance=self.asked.native_tolerance,
        )
        self.made.append(mapped)
        return mapped.graph

    def _plan(self, landscape: Landscape, options: Mapping[str, Any]) -> Plan:
        explorer, run = EXPLORERS[self.found.run.explorer], self.found.run
        own = explorer.options(landscape.kind)
        kept = {name: value for name, value in run.options.items() if name in own}
        budget = Budget(run.options.get("budget_seconds"), run.options.get("budget_evaluations"))  # type: ignore[arg-type]
        return Plan(explorer, landscape.kind, {**own, **kept, **options}, budget)
