"""Where searches end: states brought to the bottom of their basins and counted as minima."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.pace import Pace
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import Binary, Minimum
from spinfunnel.moves.group import Group, close_group

__all__ = ["Endings", "random_endings"]

RANDOM, AT_ONCE = 1024, 256
"""Descents from random states, and how many are made between two looks at the clock."""
RANDOM_SHARE = 0.1
"""Share of a budget that they may take."""


class Endings:
    """Minima in which searches ended, with how often, and how often from random states.

    Parameters
    ----------
    landscape : Binary
    workers : int

    Attributes
    ----------
    flips : int
        Flips offered by the descents.
    random : int
        Descents from random states so far: the weights are their shares.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> endings = Endings(hopfield_memory(20, patterns=1, seed=1))
    >>> endings.add(np.random.default_rng(1).integers(0, 2, (100, 20)).astype(np.uint8), random=True)
    >>> [(minimum.weight, minimum.visits) for minimum in endings.news()]
    [(1.0, 100)]
    """

    def __init__(self, landscape: Binary, *, workers: int = 1) -> None:
        self.landscape, self.workers = landscape, workers
        self.group: Group = close_group(landscape.symmetries, size=landscape.size)
        self.flips = self.random = 0
        self._energy: dict[str, float] = {}
        self._orbit: dict[str, int] = {}
        self._random: dict[str, int] = {}
        self._fresh: dict[str, int] = {}

    def add(self, states: NDArray[np.uint8], *, random: bool = False) -> None:
        """Descend from states, shape (B, N): each spin in turn is flipped where that lowers the energy.

        Parameters
        ----------
        states : array of uint8, shape (B, N)
        random : bool
            Whether they were drawn at random from all states.
        """
        groups = -(-len(states) // REPLICAS)
        replicas = Replicas(self.landscape, groups=groups, workers=self.workers)
        replicas.set_states(np.concatenate([states, np.repeat(states[-1:], groups * REPLICAS - len(states), axis=0)]))
        replicas.quench()
        self.flips += replicas.attempts
        keys, orbits, bottoms = self._canonical(replicas.states()[: len(states)])
        energies = self.landscape.energy(bottoms)
        for key, orbit, energy in zip(keys, orbits, energies.tolist(), strict=True):
            self._energy.setdefault(key, energy)
            self._orbit.setdefault(key, orbit)
            self._fresh[key] = self._fresh.get(key, 0) + 1
            if random:
                self._random[key] = self._random.get(key, 0) + 1
        self.random += len(states) if random else 0

    def _canonical(self, states: NDArray[np.uint8]) -> tuple[list[str], list[int], NDArray[np.uint8]]:
        """Keys of the smallest-numbered symmetric copies, the number of copies, and those states themselves."""
        images = np.stack(
            [
                states[:, row] ^ flip
                for row, flip in zip(self.group.permutation, self.group.flips.astype(np.uint8), strict=True)
            ]
        )
        # The highest bit weighs most: the smallest number is the first of the mirrored strings in the alphabet.
        text = np.ascontiguousarray(images[:, :, ::-1] + np.uint8(ord("0")))
        mirrored = text.view(f"S{text.shape[2]}")[:, :, 0]
        copies = mirrored.T.tolist()
        least = np.array([column.index(min(column)) for column in copies])
        canonical = images[least, np.arange(len(states))]
        orbits = [len(set(column)) for column in copies]
        keys = [min(column).decode()[::-1] for column in copies]
        return keys, orbits, canonical

    def news(self) -> list[Minimum]:
        """Minima in which searches ended since this was last asked for, with the visits since then."""
        found = [self._record(key, visits=visits) for key, visits in self._fresh.items()]
        self._fresh.clear()
        return found

    def all(self) -> list[Minimum]:
        """Every minimum with its weight, no visits added."""
        return [self._record(key, visits=0) for key in self._energy]

    def _record(self, key: str, *, visits: int) -> Minimum:
        weight = self._random.get(key, 0) / self.random if self.random else 0.0
        return Minimum(key, self._energy[key], weight, 1, self._orbit[key], visits=visits)


def random_endings(endings: Endings, pace: Pace, *, seed: int) -> None:
    """Descend from random states: the shares in which they end are estimates of the weights of basins."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 20,)))
    for _ in range(RANDOM // AT_ONCE):
        endings.add(rng.integers(0, 2, (AT_ONCE, endings.landscape.size), dtype=np.uint8), random=True)
        if pace.over(RANDOM_SHARE):
            break
