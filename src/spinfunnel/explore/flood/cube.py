"""The states of a binary landscape on the way through the flood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Progress
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.group import Group

__all__ = ["Cube"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """The states to be flooded, and what is known of all of them.

    Attributes
    ----------
    size, bits : int
        Spins N, and free bits: N - 1 where the global flip is divided out.
    group : Group
        All symmetries.
    energies : array of float64, shape (2**bits,)
    canon : array of uint32
        Canonical number of every state, or empty (see `hypercube`).
    label : array of int32, shape (2**bits,)
        Pointers downhill, later numbers of minima (see `hypercube`).
    """

    size: int
    bits: int
    group: Group
    energies: NDArray[np.float64]
    canon: NDArray[np.uint32]
    label: NDArray[np.int32]
    workers: int
    progress: Progress

    @property
    def flip(self) -> int:
        """1 where the global flip is divided out, else 0."""
        return self.size - self.bits

    @property
    def states(self) -> int:
        """Number of states enumerated."""
        return len(self.energies)

    @property
    def geometry(self) -> tuple[int, int]:
        """Free bits and flip, as the kernels take them."""
        return self.bits, self.flip

    def in_blocks(
        self, work: Callable[[int, int], Result], *, stage: str, total: int | None = None, block: int | None = None
    ) -> list[Result]:
        """Call ``work(start, stop)`` over blocks of the states, or of ``range(total)``, on all workers."""
        count = self.states if total is None else total
        return over_blocks(work, count, workers=self.workers, progress=self.progress, stage=stage, block=block)
