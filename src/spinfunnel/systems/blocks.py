"""Fixed blocks of states, dealt to threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress

__all__ = ["block_count", "enumerated_bits", "run_blocks"]


def enumerated_bits(out: NDArray[Any], *, size: int) -> int:
    """Number of bits whose settings `out` holds.

    Raises
    ------
    InputError
        When the length of `out` is no power of two, or larger than ``2**size``.

    Examples
    --------
    >>> import numpy as np
    >>> enumerated_bits(np.empty(8), size=4)
    3
    """
    length = len(out)
    bits = length.bit_length() - 1
    if length < 1 or length != 1 << bits or bits > size:
        raise InputError(
            f"an array of {length} energies cannot hold the states of {size} "
            f"bits; give 2**{size}, or 2**{size - 1} with the global flip"
        )
    if out.dtype != "float64" or not out.flags.c_contiguous or out.ndim != 1:
        raise InputError(
            "energies are written into a contiguous one-dimensional "
            f"array of float64, not into {out.dtype} of shape {out.shape}"
        )
    return bits


def block_count(states: int, block: int) -> int:
    """Number of blocks that cover the states (the last may be shorter)."""
    return -(-states // block)


def run_blocks(
    function: Callable[[int, int], None],
    count: int,
    *,
    workers: int,
    progress: Progress,
    stage: str = "energies",
    share: int = 1,
) -> None:
    """Call ``function(first, last)`` on runs of `share` blocks until all `count` blocks are done.

    Each block is done exactly once and alone, so a function whose result for a block depends on the
    block only gives the same answer with any number of workers. Progress is reported from the calling
    thread; an exception (Ctrl-C included) stops the run after the blocks in flight.

    Examples
    --------
    >>> seen = []
    >>> run_blocks(
    ...     lambda first, last: seen.extend(range(first, last)),
    ...     5,
    ...     workers=1,
    ...     progress=lambda stage, done: None,
    ...     share=2,
    ... )
    >>> seen
    [0, 1, 2, 3, 4]
    """
    if workers < 1:
        raise InputError(f"{workers} workers cannot work; give at least 1")
    starts = range(0, count, share)
    if workers == 1 or len(starts) == 1:
        for first in starts:
            function(first, min(first + share, count))
            progress(stage, min(first + share, count) / count)
        return
    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for first in starts:
                waiting.append(pool.submit(function, first, min(first + share, count)))
            for done in range(len(starts)):
                waiting.popleft().result()
                progress(stage, (done + 1) / len(starts))
        finally:
            for future in waiting:
                future.cancel()
