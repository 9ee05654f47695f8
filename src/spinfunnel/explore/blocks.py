"""Blocks of work on threads: in order, interruptible, and with the same result on any number of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..landscape import Progress

__all__ = ["over_blocks"]

Result = TypeVar("Result")

BLOCK = 1 << 20
"""Largest block: some milliseconds of work, so that an interrupt and the progress bar do not wait."""
SMALLEST = 1 << 14
"""Smallest block: below this, handing it over costs more than the work."""


def over_blocks(
    work: Callable[[int, int], Result], total: int, *, workers: int, progress: Progress, stage: str
) -> list[Result]:
    """Call ``work(start, stop)`` over the blocks of ``range(total)``; return the results in order.

    Blocks are a function of `total` alone, never of `workers`, and multiples of 16,384.

    Examples
    --------
    >>> from spinfunnel.landscape import no_progress
    >>> over_blocks(lambda start, stop: stop - start, 20000, workers=2, progress=no_progress, stage="counting")
    [16384, 3616]
    """
    block = min(BLOCK, max(SMALLEST, (total // 16) & -SMALLEST))
    starts = range(0, total, block)
    if workers == 1 or len(starts) == 1:
        results = []
        for start in starts:
            results.append(work(start, min(start + block, total)))
            progress(stage, min(start + block, total) / total)
        return results
    pool = ThreadPoolExecutor(workers)
    try:
        futures = [pool.submit(work, start, min(start + block, total)) for start in starts]
        results = []
        for done, future in enumerate(futures, 1):
            results.append(future.result())
            progress(stage, done / len(futures))
        return results
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
