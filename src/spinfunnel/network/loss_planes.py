"""Loss surfaces on lines, planes and boxes through weight space, and the curve between two points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.network.directions import Plane, _vector, random_plane
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.span import Span

__all__ = ["Interpolation", "Surface", "adaptive_surface", "interpolation", "surface"]

MOST_POINTS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Energies on a grid: ``energy[i, j, ...]`` belongs to ``origin + axes[0][i] d_0 + axes[1][j] d_1 + ...``.

    Attributes
    ----------
    axes : tuple of array
        Coordinates along each direction.
    energy : array of float64
        Of the axes' lengths; NaN and infinity are what the loss gave there.
    evaluated : array of bool
        Where the energy was computed; elsewhere an adaptive surface interpolates.
    plane : Plane
    name : str
        Of the landscape.
    computed_by : {"layers", "plain"}
        See `span.Span`.
    """

    axes: tuple[NDArray[np.float64], ...]
    energy: NDArray[np.float64]
    evaluated: NDArray[np.bool_]
    plane: Plane
    name: str
    computed_by: str

    @property
    def centre(self) -> float:
        """Energy of the origin, where the grid holds it; NaN otherwise."""
        places = [np.flatnonzero(axis == 0.0) for axis in self.axes]
        return float(self.energy[tuple(int(place[0]) for place in places)]) if all(map(len, places)) else math.nan

    @property
    def not_finite(self) -> int:
        """Number of points whose loss is no finite number."""
        return int((~np.isfinite(self.energy)).sum())


def surface(
    landscape: NetworkLandscape,
    plane: Plane | None = None,
    *,
    reach: float | None = None,
    points: int = 51,
    axes: Sequence[Any] | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Surface:
    """Energy on a grid of a plane (or a line, or a box).

    Parameters
    ----------
    landscape : NetworkLandscape
    plane : Plane, optional
        Two filter-normalised random directions through the model unless given.
    reach : float, optional
        The grid goes from -reach to +reach. 1 unless given for random directions; for planes that hold a path, the
        path's extent and a quarter more on every side.
    points : int
        Along each direction; an odd number has the origin among its points.
    axes : sequence of arrays, optional
        Coordinates along each direction, instead of `reach` and `points`.
    seed : int
        Of random directions.

    Returns
    -------
    Surface
        Every energy is that of the very weights at its coordinates. A random plane of a space of thousands of
        dimensions meets no saddle but by chance: it shows how steep the surroundings are, and hides where they lead.

    Source: Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018).

    Examples
    --------
    >>> from spinfunnel.systems import perceptron
    >>> found = surface(perceptron(3, data="xor", seed=1), points=5, seed=2)
    >>> found.energy.shape, round(found.centre, 4)
    ((5, 5), 0.7323)
    """
    flat, grid, span = _prepared(landscape, plane, reach=reach, points=points, axes=axes, seed=seed)
    place = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, len(grid))
    energy = span.energies(place, progress=progress).reshape([len(axis) for axis in grid])
    return Surface(grid, energy, np.ones(energy.shape, bool), flat, landscape.name, span.path)


def adaptive_surface(
    landscape: NetworkLandscape,
    plane: Plane | None = None,
    *,
    reach: float | None = None,
    points: int = 65,
    axes: Sequence[Any] | None = None,
    tolerance: float = 0.01,
    coarse: int = 8,
    seed: int = 0,
) -> Surface:
    """Like `surface`, computing points only where the surface is not yet as good as linear.

    The grid is computed at every `coarse`-th point first, then at steps of half the size, in the cells whose middle
    points differed from the mean of their neighbours by more than `tolerance`, or where an energy was not finite. The
    scale is ``arcsinh((E - lowest) / spread)``, the spread being that of the lower nine tenths: linear at the bottom,
    logarithmic on the walls. The rest is interpolated, and marked so in `Surface.evaluated`. What is narrower than the
    coarse grid can be missed.

    Parameters
    ----------
    points : int
        Along each direction; ``coarse * m + 1``.
    tolerance : float
        On that scale.
    coarse : int
        A power of two.
    """
    if coarse < 2 or coarse & (coarse - 1) or (points - 1) % coarse:
        raise InputError(f"points={points} must be a multiple of coarse={coarse}, a power of two, and 1")
    flat, grid, span = _prepared(landscape, plane, reach=reach, points=points, axes=axes, seed=seed)
    shape = tuple(len(axis) for axis in grid)
    energy, evaluated = np.full(shape, np.nan), np.zeros(shape, bool)
    wanted = np.zeros(shape, bool)
    wanted[tuple(slice(None, None, coarse) for _ in shape)] = True
    step = coarse
    while True:
        todo = np.argwhere(wanted & ~evaluated)
        if len(todo):
            place = np.stack([axis[todo[:, k]] for k, axis in enumerate(grid)], axis=1)
            energy[tuple(todo.T)] = span.energies(place)
            evaluated |= wanted
        if step == 1:
            break
        rough = _rough(energy, evaluated, step=step, tolerance=tolerance)
        step //= 2
        wanted = _refined(rough, evaluated, step=step)
    return Surface(grid, _filled(energy, evaluated, coarse=coarse), evaluated, flat, landscape.name, span.path)


def _rough(
    energy: NDArray[np.float64], evaluated: NDArray[np.bool_], *, step: int, tolerance: float
) -> NDArray[np.bool_]:
    """Points of the grid of this step that differ from the mean of their neighbours along some axis."""
    sub = tuple(slice(None, None, step) for _ in energy.shape)
    here, known = energy[sub], evaluated[sub]
    seen = here[np.isfinite(here)]
    low = float(seen.min()) if seen.size else 0.0
    spread = float(np.quantile(seen, 0.9)) - low if seen.size else 0.0
    scaled = np.arcsinh((here - low) / max(spread, 1e-300))
    rough = known & ~np.isfinite(here)
    for axis in range(energy.ndim):
        moved, out = np.moveaxis(scaled, axis, 0), np.moveaxis(rough, axis, 0)
        with np.errstate(invalid="ignore"):
            out[1:-1] |= np.abs(moved[1:-1] - 0.5 * (moved[2:] + moved[:-2])) > tolerance
    return rough


def _refined(rough: NDArray[np.bool_], evaluated: NDArray[np.bool_], *, step: int) -> NDArray[np.bool_]:
    """Points at steps of `step` next to rough points at twice that step."""
    wanted = np.zeros(evaluated.shape, bool)
    for place in np.argwhere(rough) * (2 * step):
        box = tuple(slice(max(0, k - 2 * step), k + 2 * step + 1, step) for k in place)
        wanted[box] = True
    return wanted


def _filled(energy: NDArray[np.float64], evaluated: NDArray[np.bool_], *, coarse: int) -> NDArray[np.float64]:
    """Fill what was not computed, from coarse to fine, by the mean of the two neighbours along one axis at a time."""
    filled, known = energy.copy(), evaluated.copy()
    step = coarse
    while step > 1:
        half = step // 2
        for axis in range(energy.ndim):
            finer = tuple(
                slice(half, None, step) if k == axis else slice(None, None, half if k < axis else step)
                for k in range(energy.ndim)
            )
            before = tuple(slice(None, -half, step) if k == axis else part for k, part in enumerate(finer))
            after = tuple(slice(step, None, step) if k == axis else part for k, part in enumerate(finer))
            mean = 0.5 * (filled[before] + filled[after])
            filled[finer] = np.where(known[finer], filled[finer], mean)
            known[finer] = True
        step = half
    return filled


def _prepared(
    landscape: NetworkLandscape,
    plane: Plane | None,
    *,
    reach: float | None,
    points: int,
    axes: Sequence[Any] | None,
    seed: int,
) -> tuple[Plane, tuple[NDArray[np.float64], ...], Span]:
    flat = random_plane(landscape, seed=seed) if plane is None else plane
    k = len(flat.directions)
    if axes is not None:
        grid = tuple(np.asarray(axis, np.float64) for axis in axes)
    else:
        if points < 2 or points**k > MOST_POINTS:
            raise InputError(f"points={points} along {k} directions is out of range: give 2 to {MOST_POINTS} in all")
        grid = tuple(_axis(flat, number, reach=reach, points=points) for number in range(k))
    if len(grid) != k or any(axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all() for axis in grid):
        raise InputError(f"a grid of {k} directions needs {k} axes of finite numbers")
    return flat, grid, Span(landscape, flat.origin, flat.directions)


def _axis(plane: Plane, number: int, *, reach: float | None, points: int) -> NDArray[np.float64]:
    path = plane.path[:, number] if len(plane.path) else np.zeros(1)
    if reach is None and len(path) > 1:
        extent = max(float(path.max() - path.min()), 1e-12)
        return np.linspace(path.min() - 0.25 * extent, path.max() + 0.25 * extent, points)
    far = 1.0 if reach is None else float(reach)
    if not (math.isfinite(far) and far > 0.0):
        raise InputError(f"reach={reach} is out of range: give a number above 0")
    # From the middle outwards, so that the origin is met exactly and both sides are the same numbers.
    half = np.arange(points, dtype=np.float64) - 0.5 * (points - 1)
    return np.asarray(far * half / (0.5 * (points - 1)), np.float64)


# ---------------------------------------------------------------------------------------------
# Lines


@dataclass(frozen=True, slots=True, eq=False)
class Interpolation:
    """Energy along ``theta(a) = (1 - a) theta_0 + a theta_1``.

    Attributes
    ----------
    alpha, energy : array of float64
    test : array of float64
        Test loss along the line, where there are test data; empty otherwise.
    name : str
    """

    alpha: NDArray[np.float64]
    energy: NDArray[np.float64]
    test: NDArray[np.float64]
    name: str

    @property
    def min_delta(self) -> Measurement:
        """Largest rise on the way from a = 0 to a = 1: ``max over a1 < a2 of L(a2) - L(a1)``; 0 where it only falls.

        Exact for the points of the grid, and a lower bound for the line between them.

        Source: Lucas, Bae, Zhang, Fort, Zemel, Grosse, ICML (2021).
        """
        inside = (self.alpha >= 0.0) & (self.alpha <= 1.0)
        energy = self.energy[inside]
        if not np.isfinite(energy).all():
            return _not_finite(energy)
        return Estimate.exactly(float((energy - np.minimum.accumulate(energy)).max()))

    @property
    def barrier(self) -> Measurement:
        """``sup over a of L(theta(a)) - [(1 - a) L(theta_0) + a L(theta_1)]``, at least 0.

        Source: Entezari, Sedghi, Saukh, Neyshabur, ICLR (2022).
        """
        inside = (self.alpha >= 0.0) & (self.alpha <= 1.0)
        alpha, energy = self.alpha[inside], self.energy[inside]
        if not np.isfinite(energy).all():
            return _not_finite(energy)
        return Estimate.exactly(float((energy - (1.0 - alpha) * energy[0] - alpha * energy[-1]).max()))


def interpolation(
    landscape: NetworkLandscape,
    start: torch.Tensor,
    end: torch.Tensor,
    *,
    points: int = 101,
    beyond: float = 0.0,
    test: bool = False,
) -> Interpolation:
    """Energy along the straight line between two weight vectors.

    Parameters
    ----------
    landscape : NetworkLandscape
    start, end : torch.Tensor, shape (D,)
    points : int
        From a = 0 to a = 1.
    beyond : float
        How far the line goes on at both ends.
    test : bool
        Whether to add the test loss.

    Source: Goodfellow, Vinyals, Saxe, ICLR (2015). A monotone line alone is weak evidence of a funnel: it is seen from
    random starts, and on random labels, too (Lucas et al., ICML 2021).

    Examples
    --------
    >>> from torch import nn
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> line = NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, x))
    >>> curve = interpolation(line, torch.tensor([0.0]), torch.tensor([2.0]), points=5)
    >>> curve.energy.tolist(), str(curve.min_delta)
    ([2.5, 0.625, 0.0, 0.625, 2.5], '2.5')
    """
    if not 2 <= points <= MOST_POINTS:
        raise InputError(f"points={points} is out of range: give 2 to {MOST_POINTS}")
    if not 0.0 <= beyond <= 100.0:
        raise InputError(f"beyond={beyond} is out of range: give 0 to 100")
    origin, goal = _vector(landscape, start), _vector(landscape, end)
    step = 1.0 / (points - 1)
    extra = math.ceil(beyond / step - 1e-9)
    alpha = step * np.arange(-extra, points + extra, dtype=np.float64)
    alpha[extra + points - 1] = 1.0
    span = Span(landscape, origin, (goal - origin)[None])
    energy = span.energies(alpha[:, None])
    # 1 is not origin + (goal - origin) to the last digit.
    with torch.no_grad():
        energy[extra + points - 1] = float(landscape.energy(goal[None])[0])
    held = np.zeros(0)
    if test:
        if landscape.test is None:
            raise InputError(f"{landscape.name} was given no test data")
        held = np.array([landscape.evaluate(span.point(np.array([a])), split="test").loss for a in alpha])
    return Interpolation(alpha, energy, held, landscape.name)


def _not_finite(energy: NDArray[np.float64]) -> NoAnswer:
    share = int((~np.isfinite(energy)).sum())
    return NoAnswer(
        "not_finite",
        f"the loss is no finite number at {share} of {len(energy)} points of the line",
        "compare solutions of one scale, or look at what overflows in the model",
    )
