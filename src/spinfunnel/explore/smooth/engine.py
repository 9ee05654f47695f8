"""What all searches for stationary points share: the landscape as compiled code sees it, and the proof of a point."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.batch_quench import quench_together
from spinfunnel.explore.smooth.climb_kernels import REASONS, climb_block, refine
from spinfunnel.explore.smooth.geometry import geometry_of
from spinfunnel.explore.smooth.identity import DISTANCE, group_order, in_one_piece
from spinfunnel.explore.smooth.quench_kernels import quench_block
from spinfunnel.landscape import InputError
from spinfunnel.moves.differentiable import Differentiable, Kernel
from spinfunnel.moves.noise import Noise, measured_noise

__all__ = ["Climbs", "Engine", "Proof"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_DENSE = 400
"""Coordinates up to which every step of a climb makes the Hessian; above, it asks for products with it."""
SETTLED = 1e-6
"""Size of the gradient at which a quench ends, before it is compared with known minima."""
ABOVE_NOISE = 6.0
"""Tolerances over the noise of a component of the gradient."""
TOLERANCE = 1e-9
"""Size of the gradient, root of the mean square, of a point that is kept: to rounding, for energies of order 1."""
FLAT = 1e-7
"""Curvature, over the largest, below which it counts as none: its sign is not known."""
APART, FLAT_THERE = "cluster falls apart", "a curvature vanishes"
"""Why a point is not kept."""
MOST_STEPS = 300
MOST_EVALUATIONS = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Climbs:
    """A block of climbs: where they ended, and the two ends of the way down (see `climb_block`)."""

    outcome: Ints
    energy: Floats
    saddle: Floats
    mode: Floats
    ends: Floats
    end_energy: Floats
    end_size: Floats
    evaluations: int


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """A stationary point that was refined and examined.

    Attributes
    ----------
    position : array (D,)
    energy, size : float
        Energy, and the root mean square of the gradient.
    index : int
        Number of negative curvatures, zero modes left out.
    log_volume : float
        ``-1/2 ln |product of the positive curvatures| - ln h``, h the order of the point group.
    order : int
        h.
    """

    position: Floats
    energy: float
    size: float
    index: int
    log_volume: float
    order: int


@dataclass(slots=True, eq=False)
class Engine:
    """Quenches, climbs and proofs on one landscape; safe to use from several threads.

    Attributes
    ----------
    landscape : Differentiable
    tolerance : float
        Size of the gradient of a proven point.
    distance : float
        Tolerance of identity.
    deadline : float
        Reading of `time.perf_counter` from which on energies without a compiled kernel are no longer asked for.
    most_steps : int
        Of a climb, before it is given up.
    """

    landscape: Differentiable
    tolerance: float = TOLERANCE
    distance: float = DISTANCE
    deadline: float = math.inf
    most_steps: int = MOST_STEPS
    kernel: Kernel = field(init=False)
    proving: Kernel = field(init=False)
    """The kernel again, without a deadline: what was found in time is also proven."""
    kind: int = field(init=False)
    dense: bool = field(init=False)
    noise: Noise = field(init=False)
    """Noise of energies and gradients, measured where they are no compiled ones; tolerances are no smaller."""
    settled: float = field(init=False)
    """Size of the gradient at which a quench ends."""
    costly: bool = field(init=False)
    """Whether a Hessian costs as many gradients as there are coordinates, or more."""

    def __post_init__(self) -> None:
        missing = [
            name for name in ("invariance", "starts", "energy_and_gradient") if not hasattr(self.landscape, name)
        ]
        if missing:
            raise InputError(
                f"{self.landscape.name} has no {missing[0]}, which a search for saddles needs: wrap its energy in "
                "spinfunnel.systems.TorchLandscape"
            )
        own = self.landscape.kernel
        self.noise = Noise() if own is not None else measured_noise(self.landscape)
        self.tolerance = max(self.tolerance, ABOVE_NOISE * self.noise.gradient)
        self.settled = max(SETTLED, ABOVE_NOISE * self.noise.gradient)
        self.kernel = own if own is not None else called_back(self.landscape, deadline=self.deadline)
        self.proving = own if own is not None else called_back(self.landscape)
        self.kind = geometry_of(self.landscape.invariance).number
        self.dense = self.landscape.dimension <= MOST_DENSE
        self.costly = bool(getattr(self.landscape, "costly_hessian", False))

    @property
    def same_energy(self) -> float:
        """Difference in energy that noise makes of one point found twice."""
        return ABOVE_NOISE * self.noise.energy

    @property
    def raised(self) -> list[BaseException]:
        """What the energy raised in compiled loops, where it is no compiled one."""
        return [*self.kernel.owner[2], *self.proving.owner[2]] if self.landscape.kernel is None else []

    @property
    def addresses(self) -> Ints:
        """Addresses of gradient and Hessian."""
        return np.array([self.kernel.gradient, self.kernel.hessian], np.int64)

    def quench(self, position: Floats, *, most: int = MOST_EVALUATIONS) -> tuple[Floats, Floats, Floats, int]:
        """Quench positions (B, D): where they end, energies, sizes of the gradients, evaluations."""
        if self.landscape.kernel is None:
            longest = 2.0 * self.landscape.step
            return quench_together(
                self.landscape, position, settled=self.settled, most=most, longest=longest, deadline=self.deadline,
                noise=self.same_energy,
            )  # fmt: skip
        x = np.array(position, np.float64, order="C")
        kernel = self.kernel
        energy, size, spent = quench_block(
            kernel.gradient, kernel.parameters, kernel.work, x, self.settled, most, 2.0 * self.landscape.step
        )
        return x, energy, size, int(spent)

    def climb(self, position: Floats, direction: Floats, *, ceiling: float = math.inf) -> Climbs:
        """Search saddles from positions (B, D), first along directions (B, D), and go down from them both ways."""
        x, mode = (np.array(each, np.float64, order="C") for each in (position, direction))
        kernel = self.kernel
        outcome, energy, _, _, ends, end_energy, end_size, spent = climb_block(
            self.addresses, kernel.parameters, kernel.work, self.kind, x, mode, self.dense,
            self.dense and not self.costly, self.tolerance, self.most_steps, self.landscape.step, ceiling, self.settled,
            MOST_EVALUATIONS,
        )  # fmt: skip
        return Climbs(outcome, energy, x, mode, ends, end_energy, end_size, int(spent))

    def prove(self, position: Floats, *, index: int) -> Proof | str:
        """Refine a point by Newton's method and examine it; or say why it is not what it seems.

        Returns
        -------
        Proof or str
            The reason where the gradient does not vanish, a curvature vanishes, the index is another or a cluster has
            lost an atom.
        """
        x = np.array(position, np.float64)
        d, kernel = len(x), self.proving
        addresses = np.array([kernel.gradient, kernel.hessian], np.int64)
        gradient, matrix, modes = np.empty(d), np.empty((d, d)), np.empty((6, d))
        energy, size, _ = refine(
            addresses, kernel.parameters, np.empty(kernel.work), self.kind, x, gradient, matrix, modes,
            self.tolerance * 1e-2, 4, self.landscape.step,
        )  # fmt: skip
        if not (math.isfinite(energy) and math.isfinite(size)):
            return REASONS[2]
        if size > self.tolerance * (1.0 + abs(energy)):
            return REASONS[1]
        if not in_one_piece(self.landscape.invariance, x):
            return APART
        curvature = self.curvatures(x)
        stiffest = float(np.abs(curvature).max(initial=0.0))
        if (np.abs(curvature) <= FLAT * stiffest).any():
            return FLAT_THERE
        negative = int((curvature < 0.0).sum())
        if negative != index:
            return f"index {negative} instead of {index}"
        order = group_order(self.landscape.invariance, x, tolerance=self.distance)
        volume = -0.5 * float(np.log(curvature[curvature > 0.0]).sum()) - math.log(order)
        return Proof(x, float(energy), float(size), negative, volume, order)

    def curvatures(self, position: Floats) -> Floats:
        """Eigenvalues of the Hessian, ascending, without those of the zero modes."""
        hessian = self.landscape.hessian(position[None])[0]
        modes = self.landscape.invariance.zero_modes(position)
        # Zero modes are lifted above all others, where they are left out. Where there is no curvature at all, none may
        # arise from rounding either: two atoms out of each other's reach are no minimum.
        above = 2.0 * float(np.abs(hessian).sum(axis=1).max())
        found = np.linalg.eigvalsh(hessian + above * modes.T @ modes)
        return np.asarray(found[: len(found) - len(modes)])


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_ssize_t, *[ctypes.POINTER(ctypes.c_double)] * 4)


def called_back(landscape: Differentiable, *, deadline: float = math.inf) -> Kernel:
    """Make a kernel of a landscape without one, which calls back into Python: slow, and the same for the searches.

    What the landscape raises there ends the search with an energy that is not a number, and so does a deadline; what
    was raised is kept in ``kernel.owner[2]``.
    """
    raised: list[BaseException] = []

    def gradient(d: int, x: Any, _p: Any, out: Any, _w: Any) -> float:
        position = np.ctypeslib.as_array(x, (d,))[None].copy()
        energy, slope = landscape.energy_and_gradient(position)
        np.ctypeslib.as_array(out, (d,))[:] = slope[0]
        return float(energy[0])

    def hessian(d: int, x: Any, _p: Any, out: Any, _w: Any) -> float:
        position = np.ctypeslib.as_array(x, (d,))[None].copy()
        np.ctypeslib.as_array(out, (d * d,))[:] = landscape.hessian(position)[0].ravel()
        return 0.0

    made = [_CALLBACK(_guarded(each, raised, deadline)) for each in (gradient, hessian)]
    addresses = [ctypes.cast(each, ctypes.c_void_p).value or 0 for each in made]
    return Kernel(addresses[0], addresses[1], np.zeros(1), 1, (*made, raised))


def _guarded(function: Callable[..., float], raised: list[BaseException], deadline: float) -> Callable[..., float]:
    def run(*arguments: Any) -> float:
        if time.perf_counter() >= deadline:
            return math.nan
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 - nothing may pass through compiled code; it is raised afterwards
            raised.append(error)
            return math.nan

    return run
