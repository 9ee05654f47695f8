"""Doubly nudged elastic bands between two minima: where they are highest, climbs to saddles set out.

Images on the line between two minima, their ends overlaid, relax for a fixed number of steps under the gradient across
the band and springs along it, of which a part across the band is kept as well. The band itself is kept nowhere: what
counts are the saddles that eigenvector following reaches from its maxima.

Trygubenko, Wales, J. Chem. Phys. 120, 2082 (2004); tangents: Henkelman, Jonsson, J. Chem. Phys. 113, 9978 (2000).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.batch_quench import two_loops
from spinfunnel.explore.smooth.bridging import Front
from spinfunnel.explore.smooth.engine import Climbs, Engine
from spinfunnel.explore.smooth.identity import Point
from spinfunnel.explore.smooth.overlaying import overlaid
from spinfunnel.explore.smooth.quench_kernels import FIRST_STEP, HISTORY

__all__ = ["Band", "band_gradient", "climb_from_band", "laid_out", "maxima", "relaxed", "tangents"]

Floats = NDArray[np.float64]

SPACING = 1.5
"""Distance between images that is aimed at, over the step of the landscape."""
FEWEST, MOST = 7, 40
"""Images between two minima."""
STEPS = 40
"""Steps of L-BFGS, each of one evaluation for each image."""
STIFF = 0.1
"""Constant of the springs over the stiffness of the landscape beside the softer end."""
NOISE = 0.3
"""Random part of an image's place where a pair is tried again, over the distance between images."""


@dataclass(slots=True, frozen=True)
class Band:
    """A band to be made from a minimum to another, and how many were made before."""

    front: Front
    other: Point
    tried: int = 0


def tangents(images: Floats, energies: Floats) -> Floats:
    """Unit tangents (M, D) of the images (M + 2, D) of a band but for its ends.

    Each points to the higher of its neighbours; at a maximum or minimum, both count, the one that differs more in
    energy with the larger weight (Henkelman, Jonsson 2000, eqs. 8-11).

    Examples
    --------
    >>> tangents(np.array([[0.0, 0], [1, 0], [1, 1]]), np.array([0.0, 1.0, 2.0])).tolist()
    [[0.0, 1.0]]
    """
    ahead, behind = images[2:] - images[1:-1], images[1:-1] - images[:-2]
    up, down = energies[2:] - energies[1:-1], energies[:-2] - energies[1:-1]
    more, less = np.maximum(abs(up), abs(down)), np.minimum(abs(up), abs(down))
    forward = np.where(up > down, more, less)[:, None] * ahead + np.where(up > down, less, more)[:, None] * behind
    one_way = (up > 0.0) != (down > 0.0)
    way = np.where(one_way[:, None], np.where((up > down)[:, None], ahead, behind), forward)
    flat = np.linalg.norm(way, axis=1) < 1e-300
    way[flat] = (ahead + behind)[flat]
    return np.asarray(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-300))


def band_gradient(images: Floats, energies: Floats, gradient: Floats, spring: float) -> Floats:
    """Doubly nudged gradient (M, D) on images (M + 2, D) with energies (M + 2,) and gradients (M, D).

    With the tangent t, the gradient g of the energy and that of the springs, ``s_i = k (2 x_i - x_(i-1) - x_(i+1))``,
    it is ``g' + (s.t) t + s' - (s'.e) e``, where ``g' = g - (g.t) t``, ``s' = s - (s.t) t`` and ``e = g' / |g'|``
    (Trygubenko, Wales 2004).
    """
    way = tangents(images, energies)
    pull = spring * (2.0 * images[1:-1] - images[:-2] - images[2:])
    across, pull_across = _without(gradient, way), _without(pull, way)
    unit = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)
    return across + (pull - pull_across) + _without(pull_across, unit)


def _without(vectors: Floats, unit: Floats) -> Floats:
    """Vectors (M, D) less their parts along unit vectors."""
    return np.asarray(vectors - (vectors * unit).sum(axis=1, keepdims=True) * unit)


def relaxed(engine: Engine, images: Floats, ends: tuple[float, float], *, steps: int = STEPS) -> tuple[Floats, int]:
    """Energies (M + 2,) of a band of images (M + 2, D), relaxed in place, and the evaluations.

    Parameters
    ----------
    engine : Engine
    images : array (M + 2, D)
        The first and the last are held; their energies are `ends`.
    steps : int
        At the deadline of the engine, fewer.
    """
    landscape = engine.landscape
    count = len(images) - 2
    energies = np.array([ends[0], *[0.0] * count, ends[1]])
    memory = _Memory(images[1:-1].size)
    spring, spent = math.nan, 0
    for step in range(steps + 1):
        energies[1:-1], gradient = landscape.energy_and_gradient(np.ascontiguousarray(images[1:-1]))
        spent += count
        if not np.isfinite(gradient).all() or step == steps or time.perf_counter() >= engine.deadline:
            break
        if step == 0:
            spring = STIFF * _stiffness(images, gradient)
        images[1:-1] += memory.step(band_gradient(images, energies, gradient, spring), longest=landscape.step)
        images[1:-1] = landscape.invariance.returned(images[1:-1], like=images[0])
    return energies, spent


class _Memory:
    """Last steps and changes of the gradient of a whole band: L-BFGS without line searches, which bands have none of.

    The doubly nudged gradient is that of no function, so that only its own changes tell of curvatures.
    """

    def __init__(self, size: int) -> None:
        self.steps, self.changes = np.zeros((2, HISTORY, 1, size))
        self.inverse, self.known, self.scale = np.zeros((HISTORY, 1)), np.zeros(1, np.int64), np.full(1, FIRST_STEP)
        self.last: tuple[Floats, Floats] | None = None

    def step(self, gradient: Floats, *, longest: float) -> Floats:
        """Displacements (M, D) of images, none of a coordinate longer than `longest`."""
        if self.last is not None:
            moved, change = self.last[0], gradient.ravel() - self.last[1]
            curvature = float(moved @ change)
            if curvature > 0.0:
                slot = self.known[0] % HISTORY
                self.steps[slot, 0], self.changes[slot, 0], self.inverse[slot, 0] = moved, change, 1.0 / curvature
                self.scale[0] = curvature / float(change @ change)
                self.known[0] += 1
        way = two_loops(gradient.reshape(1, -1), self.steps, self.changes, self.inverse, self.scale, self.known)
        way = way.reshape(gradient.shape)
        way *= np.minimum(1.0, longest / np.maximum(np.abs(way).max(axis=1, keepdims=True), 1e-300))
        self.last = way.ravel(), gradient.ravel()
        return way


def _stiffness(images: Floats, gradient: Floats) -> float:
    """Gradient over distance from the minimum, of the first image or the last, whichever is less."""
    ends = (images[1] - images[0], gradient[0]), (images[-2] - images[-1], gradient[-1])
    return min(float(np.linalg.norm(slope) / np.linalg.norm(way)) for way, slope in ends)


def maxima(images: Floats, energies: Floats) -> tuple[Floats, Floats]:
    """Images (K, D) that lie higher than both neighbours, all three of finite energy, and the tangents there (K, D)."""
    inner = energies[1:-1]
    top = np.isfinite(energies[:-2] + inner + energies[2:]) & (inner > energies[:-2]) & (inner >= energies[2:])
    with np.errstate(invalid="ignore"):
        return images[1:-1][top], tangents(images, energies)[top]


def laid_out(engine: Engine, band: Band, generator: np.random.Generator) -> Floats:
    """Images (M + 2, D) in equal steps on the line between two minima; none where they are one and the same."""
    one = band.front.point.position
    line = overlaid(engine.landscape.invariance, one, band.other.position) - one
    length = float(np.linalg.norm(line))
    if length <= engine.distance * math.sqrt(len(one)):
        return np.zeros((0, len(one)))
    aim = SPACING * engine.landscape.step
    count = min(MOST, max(FEWEST, math.ceil(length / aim)) * (1 + band.tried))
    images = one + np.linspace(0.0, 1.0, count + 2)[:, None] * line
    if band.tried:
        noise = generator.standard_normal((count, len(one))) / math.sqrt(len(one))
        images[1:-1] += NOISE * length / (count + 1) * min(band.tried, 3) * noise
    return engine.landscape.invariance.returned(images, like=one)


def climb_from_band(engine: Engine, band: Band, generator: np.random.Generator) -> Climbs:
    """Relax a band and climb from its maxima, first along its tangents."""
    images = laid_out(engine, band, generator)
    if not len(images):
        return engine.climb(images, images)
    energies, spent = relaxed(engine, images, (band.front.point.energy, band.other.energy))
    climbs = engine.climb(*maxima(images, energies))
    return replace(climbs, evaluations=climbs.evaluations + spent)
