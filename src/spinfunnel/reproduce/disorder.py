"""Ensembles: the same question put to many samples of the disorder."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems import resolve

if TYPE_CHECKING:
    from spinfunnel.landscape import Binary
    from spinfunnel.reproduce.comparison import Order

__all__ = ["ensemble", "sample_seeds"]

Answer = TypeVar("Answer")

MOST_BLOCKS = 1000
"""Pieces into which an ensemble is cut, so that handing them over is soon done."""


def sample_seeds(order: Order, *, label: str, count: int) -> list[int]:
    """Seeds of the samples of one ensemble; two ensembles share none, and the first ones do not depend on `count`.

    Examples
    --------
    >>> from spinfunnel.reproduce.comparison import Order
    >>> sample_seeds(Order(), label="sk", count=3)[:2] == sample_seeds(Order(), label="sk", count=2)
    True
    """
    source = np.random.SeedSequence([order.seed, zlib.crc32(label.encode())])
    return [int(number) for number in source.generate_state(count, np.uint32)]


def ensemble(
    order: Order, system: str, ask: Callable[[Binary], Answer], *, count: int, share: tuple[float, float] = (0.0, 1.0)
) -> list[Answer]:
    """Ask the same of `count` samples of a system, one thread each, in order of the samples.

    Parameters
    ----------
    order : Order
    system : str
        As a user types it, without a seed.
    ask : callable
        Maps a landscape to an answer; called in several threads at once.
    count : int
    share : (float, float)
        Which part of the whole reproduction this is, for its progress.
    """
    seeds = sample_seeds(order, label=system, count=count)
    joint = "," if ":" in system else ":"

    def relay(stage: str, done: float) -> None:
        order.progress(stage, share[0] + done * (share[1] - share[0]))

    def some(start: int, stop: int) -> list[Answer]:
        return [ask(cast("Binary", resolve(f"{system}{joint}seed={seed}"))) for seed in seeds[start:stop]]

    block = 1 + count // MOST_BLOCKS
    parts = over_blocks(some, count, workers=order.workers, progress=relay, stage=system, block=block)
    return [answer for part in parts for answer in part]
