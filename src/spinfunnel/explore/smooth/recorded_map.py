"""A map that another program made, taken as it is."""

from __future__ import annotations

from collections.abc import Iterator

from spinfunnel.landscape import Progress, Record, Recorded, no_progress

__all__ = ["explore"]


def explore(
    landscape: Recorded,
    *,
    seed: int = 0,  # noqa: ARG001 - asked of every explorer
    workers: int = 1,  # noqa: ARG001
    progress: Progress = no_progress,
) -> Iterator[list[Record]]:
    """Yield all records in one chunk; `seed` and `workers` change nothing."""
    progress("reading", 0.0)
    yield list(landscape.records())
