"""Blocks of work on threads: in order, interruptible, and with the same result on any number of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from spinfunnel.landscape import InputError, Progress

__all__ = ["over_blocks"]

Result = TypeVar("Result")

LARGEST = 1 << 20
"""Largest block of states: some milliseconds of work, so that an interrupt and the progress bar do not wait."""
SMALLEST = 1 << 14
"""Smallest block of states: below this, handing it over costs more than the work."""


def over_blocks(
    work: Callable[[int, int], Result],
    total: int,
    *,
    workers: int,
    progress: Progress,
    stage: str,
    block: int | None = None,
) -> list[Result]:
    """Call ``work(start, stop)`` over the blocks of ``range(total)``; return the results in order.

    Each block is done once and alone, and blocks are a function of `total` and `block`, never of `workers`; so work
    whose result for a block depends on the block only gives the same answer with any number of workers. Progress is
    reported from the calling thread; an exception (Ctrl-C included) stops the run after the blocks in flight.

    Parameters
    ----------
    work : callable
    total : int
    workers : int
        Threads, at least 1.
    progress, stage
        Told of the stage and the share done.
    block : int, optional
        Length of a block; by default a sixteenth of `total`, within 16,384 and 2^20, a multiple of the former.

    Raises
    ------
    InputError
        For fewer than one worker.

    Examples
    --------
    >>> from spinfunnel.landscape import no_progress
    >>> over_blocks(lambda start, stop: stop - start, 20000, workers=2, progress=no_progress, stage="counting")
    [16384, 3616]
    """
    if workers < 1:
        raise InputError(f"{workers} workers cannot work; give at least 1")
    if block is None:
        block = min(LARGEST, max(SMALLEST, (total // 16) & -SMALLEST))
    starts = range(0, total, block)
    results = []
    if workers == 1 or len(starts) == 1:
        for start in starts:
            results.append(work(start, min(start + block, total)))
            progress(stage, min(start + block, total) / total)
        return results
    pool = _pool(workers, os.getpid())
    futures: list[Future[Result]] = []
    try:
        # Inside, so that an interrupt during a long row of submissions leaves nothing running either.
        futures.extend(pool.submit(work, start, min(start + block, total)) for start in starts)
        for done, future in enumerate(futures, 1):
            results.append(future.result())
            progress(stage, done / len(futures))
    finally:
        for future in futures:
            future.cancel()
        wait(futures)
    return results


@cache
def _pool(workers: int, process: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Threads that stay: the dozen stages of a small flood are each shorter than a thread's birth.

    Kept for each process: a forked one has none of its parent's threads.
    """
    return ThreadPoolExecutor(workers, thread_name_prefix="spinfunnel")
