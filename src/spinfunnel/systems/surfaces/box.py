"""A function in a box as a landscape: bounds that are walls, coordinates that repeat, and derivatives from anywhere.

Walls are part of the landscape: where the function falls through a wall there is a minimum on it, if it falls nowhere
along the wall (the multiplier of that bound is positive). Positions outside are brought back: to the wall, or by whole
periods. Gradients come from PyTorch, from the user, or from central differences; their step follows the noise of the
function, which is measured at the start.

Gill, Murray, Wright, Practical Optimization (Academic Press, 1981), sec. 3.4 and 8.6.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, identity_hash
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.differentiable import Invariance, Kernel, checked_positions

__all__ = ["BoxLandscape", "box_function", "read_bounds"]

Floats = NDArray[np.float64]
Energies = Callable[[Floats], Any]

BLOCK = 1 << 16
"""Positions that are asked for in one call."""
LARGEST_DIMENSION = 1000
PROBES, LADDERS = 16, 6
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class BoxLandscape:
    """A function of D coordinates between bounds.

    Attributes
    ----------
    name, parameters
        For reports; part of the identity.
    low, high : array of float64, shape (D,)
        Bounds; of a periodic coordinate they are one period apart.
    periodic : array of bool, shape (D,)
    function : callable
        Positions (B, D), inside the bounds, to energies (B,).
    slope : callable or None
        Positions (B, D) to gradients (B, D); central differences unless given.
    noise, spread : float
        Spread of the function's own noise, and of its energies over the box, in the unit of the energy.
    source : bytes
        Text by which the function is identified.

    Examples
    --------
    >>> bowl = box_function(lambda x: (x * x).sum(axis=1), bounds=([-1.0, 2.0], [3.0, 4.0]), name="bowl")
    >>> bowl.energy_and_gradient(np.array([[0.5, 9.0]]))[0].tolist()
    [16.25]
    """

    kind: ClassVar[Kind] = Kind.SMOOTH
    invariance: ClassVar[Invariance] = Invariance()
    kernel: ClassVar[Kernel | None] = None

    name: str
    parameters: Mapping[str, Parameter]
    low: Floats
    high: Floats
    periodic: NDArray[np.bool_]
    function: Energies
    slope: Energies | None = None
    noise: float = 0.0
    spread: float = 1.0
    source: bytes = b""
    identity: str = field(init=False)

    __repr__ = short_name

    def __post_init__(self) -> None:
        content = np.frombuffer(hashlib.sha256(self.source).digest(), np.uint8)
        probe = self.energies(self.starts(np.random.default_rng(0), PROBES)).astype(np.float32)
        facts = self.low, self.high, self.periodic, content, probe
        object.__setattr__(self, "identity", identity_hash(self.name, self.parameters, *facts))

    @property
    def dimension(self) -> int:
        """Number of coordinates D."""
        return len(self.low)

    @property
    def width(self) -> Floats:
        """Width of the box in every coordinate, shape (D,)."""
        return self.high - self.low

    @property
    def step(self) -> float:
        """Largest sensible step of a coordinate: 1/20 of the box."""
        return float(self.width.max()) / 20.0

    def starts(self, generator: np.random.Generator, count: int) -> Floats:
        """Random positions (count, D), even over the box."""
        return generator.uniform(self.low, self.high, (count, self.dimension))

    def inside(self, position: Floats) -> Floats:
        """Positions (B, D) brought back into the box: to its walls, or by whole periods."""
        turned = self.low + np.mod(position - self.low, self.width)
        return np.where(self.periodic, turned, np.clip(position, self.low, self.high))

    def energies(self, position: Floats) -> Floats:
        """Energies (B,) of positions (B, D), inf where the function has no number."""
        x = self.inside(checked_positions(position, dimension=self.dimension))
        parts = [self._asked(x[start : start + BLOCK]) for start in range(0, len(x), BLOCK)]
        found = np.concatenate(parts) if parts else np.zeros(0)
        return np.where(np.isnan(found), np.inf, found)

    def _asked(self, x: Floats) -> Floats:
        with np.errstate(all="ignore"):
            try:
                found = np.asarray(self.function(x), np.float64)
            except InputError:
                raise
            except Exception as problem:
                raise InputError(f"{self.name} raised {type(problem).__name__}: {_line(problem)}") from problem
        if found.shape != (len(x),):
            raise InputError(f"{self.name} returned shape {found.shape} for {len(x)} positions; return one energy each")
        return found

    def energy(self, position: Any) -> Any:
        """Energies (B,) of positions (B, D), as the kind of array that was given."""
        if isinstance(position, np.ndarray):
            return self.energies(position)
        import torch

        return torch.as_tensor(self.energies(position.detach().cpu().double().numpy()))

    def energy_and_gradient(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies (B,) and gradients (B, D), one-sided at walls."""
        x = self.inside(checked_positions(position, dimension=self.dimension))
        if self.slope is not None:
            with np.errstate(all="ignore"):
                return self.energies(x), np.asarray(self.slope(x), np.float64)
        step = self._step(1.0 / 3.0)
        ahead, behind = self._shifted(x, step), self._shifted(x, -step)
        size, d = x.shape
        values = self.energies(np.concatenate([x, ahead.reshape(-1, d), behind.reshape(-1, d)]))
        up, down = values[size : size + size * d].reshape(size, d), values[size + size * d :].reshape(size, d)
        ends = np.arange(d)
        apart = ahead[:, ends, ends] - behind[:, ends, ends]
        with np.errstate(all="ignore"):
            return values[:size], np.where(np.isfinite(up - down), (up - down) / apart, 0.0)

    def hessian(self, position: Floats) -> Floats:
        """Hessians (B, D, D), differences of gradients; at walls those a step further inside."""
        x = self.inside(checked_positions(position, dimension=self.dimension))
        size, d = x.shape
        step = self._step(0.25 if self.slope is None else 1.0 / 3.0)
        # A little inside, so that both neighbours exist.
        centre = np.where(self.periodic, x, np.clip(x, self.low + step, self.high - step))
        if self.slope is not None:
            moved = np.concatenate([centre[:, None] + step * np.eye(d), centre[:, None] - step * np.eye(d)], axis=1)
            gradient = np.asarray(self.slope(self.inside(moved.reshape(-1, d))), np.float64).reshape(size, 2, d, d)
            found = (gradient[:, 0] - gradient[:, 1]) / (2.0 * step)[None, :, None]
            return np.asarray(0.5 * (found + found.transpose(0, 2, 1)))
        pairs = [(i, j) for i in range(d) for j in range(i)]
        shifts = [np.zeros(d), *(sign * row for sign in (1.0, -1.0) for row in np.diag(step))]
        shifts += [
            s * np.diag(step)[i] + t * np.diag(step)[j] for i, j in pairs for s in (1.0, -1.0) for t in (1.0, -1.0)
        ]
        values = self.energies((centre[:, None] + np.array(shifts)[None]).reshape(-1, d)).reshape(size, len(shifts))
        found = np.zeros((size, d, d))
        for i in range(d):
            found[:, i, i] = (values[:, 1 + i] + values[:, 1 + d + i] - 2.0 * values[:, 0]) / step[i] ** 2
        for number, (i, j) in enumerate(pairs):
            first = 1 + 2 * d + 4 * number
            corner = values[:, first] - values[:, first + 1] - values[:, first + 2] + values[:, first + 3]
            found[:, i, j] = found[:, j, i] = corner / (4.0 * step[i] * step[j])
        return np.where(np.isfinite(found), found, 0.0)

    def hessian_product(self, position: Floats, direction: Floats) -> Floats:
        """Hessians times directions (B, D)."""
        return np.einsum("bij,bj->bi", self.hessian(position), checked_positions(direction, dimension=self.dimension))

    def _step(self, power: float) -> Floats:
        """Step of differences, a power of the relative noise times the box: rounding and curvature err alike."""
        relative = max(self.noise / max(self.spread, 1e-300), EPSILON)
        return np.asarray(np.clip(relative**power, 1e-6, 1e-2) * 0.05 * self.width)

    def _shifted(self, x: Floats, step: Floats) -> Floats:
        """Each position moved along every coordinate, (B, D, D), no further than the wall."""
        moved = x[:, None, :] + np.diag(step)[None]
        return np.where(self.periodic, moved, np.clip(moved, self.low, self.high))


def read_bounds(bounds: Any, *, dimension: int | None, name: str) -> tuple[Floats, Floats]:
    """Bounds as two arrays, from (low, high) of numbers or rows, or from pairs as SciPy has them.

    Raises
    ------
    InputError
        For what is neither, for ends in the wrong order or not finite, and where the dimension stays unknown.

    Examples
    --------
    >>> read_bounds((-5, 5), dimension=2, name="f")[0].tolist()
    [-5.0, -5.0]
    >>> read_bounds([(-5, 5), (0, 1)], dimension=None, name="f")[1].tolist()
    [5.0, 1.0]
    """
    try:
        table = [np.asarray(end, np.float64) for end in bounds]
        if len(table) == 2:
            ends = (
                np.broadcast_arrays(*table) if dimension is None else [np.broadcast_to(t, (dimension,)) for t in table]
            )
            if ends[0].ndim == 1 and bool((ends[0] < ends[1]).all()):
                return _checked_bounds(ends[0], ends[1], bounds, name=name)
        pairs = np.asarray(bounds, np.float64)
    except (TypeError, ValueError):
        pairs = np.zeros(0)
    if pairs.ndim == 2 and pairs.shape[1] == 2 and dimension in {None, len(pairs)}:
        return _checked_bounds(pairs[:, 0], pairs[:, 1], bounds, name=name)
    hint = "" if dimension is not None else ", and set dimension = 2 where they are numbers"
    raise InputError(
        f"{name}: bounds={bounds!r} are no (low, high) of numbers or rows with low < high, nor a pair for each "
        f"coordinate: write bounds = (-5, 5){hint}"
    )


def _checked_bounds(low: Floats, high: Floats, bounds: Any, *, name: str) -> tuple[Floats, Floats]:
    low, high = np.array(low, np.float64), np.array(high, np.float64)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
        raise InputError(f"{name}: bounds={bounds!r} need finite numbers with low < high")
    if not 1 <= len(low) <= LARGEST_DIMENSION:
        raise InputError(f"{name}: bounds of {len(low)} coordinates are given; give 1 to {LARGEST_DIMENSION}")
    return low, high


def box_function(
    function: Callable[[Any], Any],
    *,
    bounds: Any,
    name: str,
    dimension: int | None = None,
    period: Any = None,
    gradient: Callable[[Any], Any] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    source: bytes = b"",
) -> BoxLandscape:
    """Landscape of a function in a box.

    Parameters
    ----------
    function : callable
        Of positions (B, D), NumPy or PyTorch, to energies (B,); or of one vector (D,) to a number, as SciPy has it.
    bounds : (low, high), or pairs
        Numbers, or one for each coordinate.
    name : str
    dimension : int, optional
        D, where the bounds are numbers.
    period : float or sequence, optional
        Period of each coordinate, 0 or None for none; a periodic coordinate runs from its lower bound over one period.
    gradient : callable, optional
        Of the same argument as the function, its gradient.

    Raises
    ------
    InputError
        For bounds or periods that are none, and a function that returns no numbers for positions inside them.
    """
    low, high = read_bounds(bounds, dimension=dimension, name=name)
    periodic = np.zeros(len(low), bool)
    if period is not None:
        try:
            each = np.broadcast_to(
                np.asarray([0.0 if p is None else p for p in np.atleast_1d(period)], float), low.shape
            )
        except (TypeError, ValueError):
            raise InputError(
                f"{name}: period={period!r} is no number, nor one for each of {len(low)} coordinates"
            ) from None
        if not (np.isfinite(each).all() and (each >= 0.0).all()):
            raise InputError(f"{name}: period={period!r} needs positive numbers, or 0 for a coordinate without one")
        periodic = each > 0.0
        high = np.where(periodic, low + each, high)
    trial = low + (high - low) * np.random.default_rng(5).uniform(0.1, 0.9, (PROBES, len(low)))
    batched, slope = _batched(function, trial, name=name)
    if gradient is not None:
        slope = _batched_gradient(gradient, trial, name=name)
    draft = BoxLandscape(
        name, {**(parameters or {}), "dimension": len(low)}, low, high, periodic, batched, slope, source=source
    )
    values = draft.energies(draft.starts(np.random.default_rng(1), 256))
    values = values[np.isfinite(values)]
    if not len(values):
        raise InputError(f"{name} is no number at any of 256 random positions in its bounds: mend it, or its bounds")
    return dataclasses.replace(draft, noise=_noise(draft), spread=float(np.ptp(values)))


def _batched(function: Callable[[Any], Any], trial: Floats, *, name: str) -> tuple[Energies, Energies | None]:
    """Energies and, of a PyTorch function, gradients of batches of positions."""
    problems: list[str] = []
    for make in (_of_torch, _of_arrays, _of_vectors):
        energies, slope = make(function)
        try:
            with np.errstate(all="ignore"):
                found, alone = np.asarray(energies(trial)), np.asarray(energies(trial[:1]))
                if slope is not None:
                    slope(trial[:2])
        except Exception as problem:  # noqa: BLE001 - the function is the user's own, and is tried in other ways
            problems.append(f"{type(problem).__name__}: {_line(problem)}")
            continue
        if found.shape == (len(trial),) and found.dtype.kind in "biuf" and alone.shape == (1,):
            sound = found[np.isfinite(found)]
            spread = float(np.ptp(sound)) if len(sound) else 1.0
            # Noise of the function's own must not look like a row that sees others.
            if np.allclose(found[:1], alone, rtol=1e-3, atol=1e-2 * spread, equal_nan=True):
                return energies, slope
            problems.append(f"{found[0]} for a position among others and {alone[0]} for it alone")
        else:
            problems.append(f"an array of shape {found.shape} for {len(trial)} positions")
    raise InputError(
        f"{name} is no function of positions (B, {trial.shape[1]}), nor of one vector: it gave {problems[-1]}"
    )


def _of_torch(function: Callable[[Any], Any]) -> tuple[Energies, Energies | None]:
    def tensor(x: Floats, *, grown: bool) -> Any:
        import sys

        if "torch" not in sys.modules:
            raise TypeError("PyTorch was not loaded")
        import torch

        position = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        energy = function(position)
        if not isinstance(energy, torch.Tensor) or energy.grad_fn is None:
            raise TypeError("the energies are no tensors with gradients")
        if not grown:
            return energy.detach().double().numpy()
        (found,) = torch.autograd.grad(energy.sum(), position)
        return found.numpy()

    return (lambda x: tensor(x, grown=False)), (lambda x: tensor(x, grown=True))


def _of_arrays(function: Callable[[Any], Any]) -> tuple[Energies, Energies | None]:
    return (lambda x: function(x.copy())), None


def _of_vectors(function: Callable[[Any], Any]) -> tuple[Energies, Energies | None]:
    return (lambda x: np.array([float(function(row.copy())) for row in x])), None


def _batched_gradient(gradient: Callable[[Any], Any], trial: Floats, *, name: str) -> Energies:
    for call in (gradient, lambda x: np.array([np.asarray(gradient(row.copy()), float) for row in x])):
        try:
            found = np.asarray(call(trial.copy()), np.float64)
        except Exception:  # noqa: BLE001, S112 - tried in another way
            continue
        if found.shape == trial.shape:
            return call
    raise InputError(f"the gradient of {name} returns no array of shape {trial.shape} for positions of that shape")


def _noise(landscape: BoxLandscape) -> float:
    """Spread of the function's noise: third differences over steps so short that the function itself is straight.

    Hamming, Introduction to Applied Numerical Analysis (McGraw-Hill, 1971); More, Wild, SIAM J. Sci. Comput. 33, 1292
    (2011). The least of several steps is taken, since a longer one sees curvature.
    """
    generator = np.random.default_rng(3)
    start = landscape.low + landscape.width * generator.uniform(0.2, 0.8, (LADDERS, landscape.dimension))
    way = generator.standard_normal(start.shape)
    way *= landscape.width / np.linalg.norm(way, axis=1, keepdims=True)
    spreads = []
    for length in (1e-9, 1e-8, 1e-7, 1e-6):
        ladder = start[:, None] + length * np.arange(8)[None, :, None] * way[:, None]
        values = landscape.energies(ladder.reshape(-1, landscape.dimension)).reshape(LADDERS, 8)
        with np.errstate(all="ignore"):
            # The sum of squares of the coefficients 1, 3, 3, 1 is 20.
            third = np.diff(values, n=3, axis=1) / np.sqrt(20.0)
        sound = np.isfinite(third).all(axis=1)
        if sound.any():
            spreads.append(float(np.median(np.sqrt((third[sound] ** 2).mean(axis=1)))))
    return min(spreads, default=0.0)


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else "no message"
