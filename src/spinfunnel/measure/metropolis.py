"""Single-spin-flip Metropolis dynamics on a binary landscape: passage times to the native states, and walks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError, no_progress
from spinfunnel.measure.passage_kernels import flow_out, relax_passage, solve_passage, walk
from spinfunnel.moves.batches import over_blocks

__all__ = ["COLDEST", "EXACT_BITS", "FINAL", "MOST_BITS", "MetropolisChain", "native_threshold"]

Floats = NDArray[np.float64]

MOST_BITS = 28
"""Free bits up to which there is a chain: its energies are looked up, 8 bytes a state."""
EXACT_BITS = 18
"""Free bits up to which passage times are solved for: 64 bytes a state, and some twenty solutions of seconds in all."""
COLDEST = 1.0 / 600.0
"""Lowest temperature, in units of the span of the energies: Boltzmann weights and their squares fit into a double."""
FINAL = 1e-7
"""Relative error to which passage times are solved for."""
MOST_STEPS = 3000
"""Steps of conjugate gradients; two hundred are usual."""
SWEEPS = 60
"""Sweeps after them; ten are usual."""
RUNS_AT_ONCE = 16
ROUNDING = 2.0**-46
"""Of the largest energy: what another order of summation may change in the lowest."""


def native_threshold(energies: NDArray[np.float64], native_energy: float | None) -> float:
    """Energy up to which a state is native: the lowest, or the one given and what rounding may make of it.

    A map that another version of the program made may have summed the same energies in another order.

    Examples
    --------
    >>> native_threshold(np.array([0.1 + 0.2, 2.0]), 0.3) >= 0.1 + 0.2
    True
    """
    low, high = float(energies.min()), float(energies.max())
    return low if native_energy is None else native_energy + ROUNDING * max(abs(low), abs(high))


class MetropolisChain:
    """Single-spin-flip Metropolis dynamics on a binary landscape, absorbed in its native states.

    Parameters
    ----------
    landscape : Binary
        At most `MOST_BITS` free bits.
    native_energy : float, optional
        States of at most this energy are native; the ground states unless given.
    workers : int
        Threads for the energies and the walks.

    Raises
    ------
    InputError
        For more free bits, or where no state is native.

    Examples
    --------
    The hole of a golf course of 3 bits is found after 10 moves from the far corner, after 9 and 7 from nearer ones:

    >>> from spinfunnel.systems import golf_course
    >>> tau, _ = MetropolisChain(golf_course(3)).passage_times(1.0)
    >>> sorted(tau.round(6).tolist())
    [0.0, 7.0, 7.0, 7.0, 9.0, 9.0, 9.0, 10.0]
    """

    def __init__(self, landscape: Binary, *, native_energy: float | None = None, workers: int = 1) -> None:
        # Half the states where the global flip is divided out: the contract of `Binary.enumerate`.
        self.flip = int(any(symmetry.is_global_flip for symmetry in landscape.symmetries))
        self.bits = landscape.size - self.flip
        if self.bits > MOST_BITS:
            raise InputError(
                f"walks on {landscape.name} would look up 2^{self.bits} energies; that is done up to 2^{MOST_BITS}: "
                "choose a smaller size"
            )
        self.workers = workers
        self.energies = np.empty(1 << self.bits)
        landscape.enumerate(self.energies, workers=workers)
        self.threshold = native_threshold(self.energies, native_energy)
        self.native = self.energies <= self.threshold
        natives = int(np.count_nonzero(self.native))
        if natives == 0:
            raise InputError(f"no state of {landscape.name} has an energy of at most {self.threshold}; raise it")
        self.random = len(self.energies) / natives
        others = self.energies[~self.native] if natives < len(self.energies) else np.zeros(1)
        self.floor, self.span = float(others.min()), float(others.max() - others.min())

    def also_native(self, states: NDArray[np.int64]) -> None:
        """Count more states as native, as if they had the energy of the threshold; numbers below 2**bits."""
        self.energies[states] = self.threshold
        self.native = self.energies <= self.threshold
        natives = int(np.count_nonzero(self.native))
        self.random = len(self.energies) / natives
        others = self.energies[~self.native] if natives < len(self.energies) else np.zeros(1)
        self.floor, self.span = float(others.min()), float(others.max() - others.min())

    @property
    def exact(self) -> bool:
        """Whether passage times are solved for unless walks are asked for."""
        return self.bits <= EXACT_BITS

    @property
    def shortest(self) -> int:
        """Length of the shortest walks worth making."""
        return 16 * (self.bits + self.flip)

    def mean(self, tau: Floats) -> float:
        """Average over all states."""
        return float(tau.mean())

    def passage_times(
        self, temperature: float, *, tolerance: float = FINAL, start: Floats | None = None
    ) -> tuple[Floats, float]:
        """Mean number of moves until a native state is first reached, from every state.

        The solution of ``(I - P) tau = 1`` on the states that are not native, P the transition matrix.

        Parameters
        ----------
        temperature : float
            In the unit of the energy, above `COLDEST` times the span of the energies; inf is allowed.
        tolerance : float
            Residual to be reached in every state.
        start : array of float64, optional
            A guess, overwritten.

        Returns
        -------
        tau : array of float64, shape (2**bits,)
            0 on native states.
        error : float
            Bound of the relative error of every entry, rounding apart: the largest residual eps. Since
            ``(I - P)^-1`` has no negative entries, ``|tau - exact| <= eps exact``.

        Notes
        -----
        Detailed balance makes the system symmetric and positive definite once its rows carry Boltzmann weights;
        conjugate gradients need the weights only, no matrix (a factorisation of the hypercube would fill in).
        """
        weight = self._weight(temperature)
        diagonal, tau = np.empty_like(weight), np.zeros_like(weight) if start is None else start
        flow_out(weight, self.bits, self.flip, diagonal)
        shape = (weight, diagonal, self.native, self.bits, self.flip)
        for _ in range(3):
            steps = solve_passage(*shape, tau, tolerance, MOST_STEPS)
            # The norm of conjugate gradients hardly sees high states, which a few sweeps set right.
            error = float(relax_passage(*shape, tau, tolerance, SWEEPS))
            if error <= tolerance or steps == MOST_STEPS:
                break
        return tau, error

    def _weight(self, temperature: float) -> Floats:
        if not temperature >= COLDEST * self.span:
            raise InputError(
                f"at a temperature of {temperature} Boltzmann weights of this landscape underflow; "
                f"give at least {COLDEST * self.span:.3g}"
            )
        # Every move into a native state is accepted, however deep it lies, so its own energy does not matter.
        above = np.maximum(self.energies - self.floor, 0.0)
        return np.ones_like(above) if math.isinf(temperature) or self.span == 0.0 else np.exp(-above / temperature)

    def run_lengths(
        self, temperature: float, *, runs: int, limit: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Walk from random states until a native one is reached or `limit` moves are made.

        Returns
        -------
        length : array of int64, shape (runs,)
            Moves made.
        hit : array of bool, shape (runs,)
            Whether a native state was reached; where not, the length is censored.
        """
        seed = rng.integers(0, 1 << 64, runs, dtype=np.uint64)
        length, hit = np.zeros(runs, np.int64), np.zeros(runs, np.bool_)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            walk(
                self.energies, self.bits, self.flip, temperature, self.threshold, limit,
                seed[part], length[part], hit[part],
            )  # fmt: skip

        over_blocks(work, runs, workers=self.workers, progress=no_progress, stage="walks", block=RUNS_AT_ONCE)
        return length, hit
