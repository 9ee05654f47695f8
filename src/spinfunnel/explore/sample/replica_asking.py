"""The kernels' work on landscapes that only tell the energy of a state: a call for each spin and group of replicas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.replica_kernels import exchange, uniform_rows
from spinfunnel.explore.sample.replica_lanes import REPLICAS
from spinfunnel.landscape import Binary

__all__ = ["AskedReplicas"]

Floats = NDArray[np.float64]


class AskedReplicas:
    """Sweeps of a group by the landscape's own energy function; methods as the kernels of the same names.

    The second argument of each, the tables of interactions, is empty here.
    """

    def __init__(self, landscape: Binary) -> None:
        self.landscape = landscape

    def _energy(self, states: NDArray[np.uint8]) -> Floats:
        return np.asarray(self.landscape.energy(states), np.float64)

    def _sweep(self, bits: NDArray[np.uint8], energy: Floats, beta: Floats, generator: NDArray[np.uint64]) -> None:
        dice = np.empty((self.landscape.size, REPLICAS))
        uniform_rows(generator, dice)
        for spin in range(self.landscape.size):
            bits[:, spin] ^= 1
            proposed = self._energy(bits)
            with np.errstate(over="ignore", invalid="ignore"):
                rise = np.where(proposed > energy, (proposed - energy) * beta, 0.0)
                flips = dice[spin] < np.exp(-rise)
            bits[~flips, spin] ^= 1
            energy[flips] = proposed[flips]

    def temper(
        self, spins: Any, _: Any, generator: Any, dice: Any, energy: Floats, betas: Floats, at: Any, rounds: int,
        sweeps: int, first: int, _clusters: int, rejected: Any, came: Any, trips: Any, best: Any, best_energy: Any,
        series: Any,
    ) -> None:  # fmt: skip
        """Rounds of parallel tempering."""
        bits = _bits(spins)
        energy[:] = self._energy(bits)
        beta = np.empty(REPLICAS)
        for turn in range(rounds):
            beta[at] = betas[:, None]
            for _ in range(sweeps):
                self._sweep(bits, energy, beta, generator)
                _note(bits, energy, best, best_energy)
            if turn < len(series):
                series[turn] = energy[at]
            exchange(energy, betas, at, (first + turn) % 2, dice, rejected, came, trips)
        _put(spins, bits)

    def anneal(
        self, spins: Any, _: Any, generator: Any, energy: Floats, betas: Floats, best: Any, best_energy: Any
    ) -> None:
        """One sweep at each inverse temperature."""
        bits = _bits(spins)
        energy[:] = self._energy(bits)
        for beta in betas.tolist():
            self._sweep(bits, energy, np.full(REPLICAS, beta), generator)
            _note(bits, energy, best, best_energy)
        _put(spins, bits)

    def quench(self, spins: Any, _: Any, __: Any, energy: Floats, most: int) -> int:
        """Descend until no flip lowers the energy."""
        bits = _bits(spins)
        energy[:] = self._energy(bits)
        sweeps, fell = 0, True
        while fell and sweeps < most:
            fell = False
            for spin in range(self.landscape.size):
                bits[:, spin] ^= 1
                proposed = self._energy(bits)
                lower = proposed < energy
                bits[~lower, spin] ^= 1
                energy[lower] = proposed[lower]
                fell = fell or bool(lower.any())
            sweeps += 1
        _put(spins, bits)
        return sweeps

    def climbs(self, spins: Any, _: Any, out: Any) -> None:
        """What every flip would raise the energy by."""
        bits = _bits(spins)
        energy = self._energy(bits)
        for spin in range(self.landscape.size):
            bits[:, spin] ^= 1
            out[spin] = self._energy(bits) - energy
            bits[:, spin] ^= 1


def _bits(spins: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(spins[:-1].T > 0).astype(np.uint8)


def _put(spins: NDArray[np.float32], bits: NDArray[np.uint8]) -> None:
    spins[:-1] = 2.0 * bits.T - 1.0


def _note(bits: NDArray[np.uint8], energy: Floats, best: NDArray[np.uint8], best_energy: Floats) -> None:
    lowest = int(np.argmin(energy))
    if energy[lowest] < best_energy[0] and math.isfinite(energy[lowest]):
        best_energy[0] = energy[lowest]
        best[:] = bits[lowest]
