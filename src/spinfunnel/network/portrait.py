"""What pictures of a network's landscape are drawn from: lines from starts, a plane through solutions, curvature."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.landscape.estimate import Measurement
from spinfunnel.network import NetworkLandscape, interpolation, plane_through, random_plane, surface
from spinfunnel.network.curvature_summary import CurvatureSummary
from spinfunnel.network.solutions import Solutions

__all__ = ["Line", "PlaneView", "Portrait", "Trained", "portrait"]

Floats = NDArray[np.float64]

MOST_DRAWN = 3
"""Nulls whose lines are drawn."""
CHEAP = 1 << 31
"""Activations times weights below which a network's surface is drawn finely."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network, its solutions and the weights of them and of a start; the lowest solution comes first."""

    landscape: NetworkLandscape
    found: Solutions
    vectors: Tensor
    start: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Energy along the straight line from a start to a solution, with the largest rise on the way."""

    place: Floats
    energy: Floats
    rise: Measurement


@dataclass(frozen=True, slots=True, eq=False)
class PlaneView:
    """Energies over a plane, and where solutions lie in it.

    Attributes
    ----------
    axes : two arrays of float64
    energy : array of float64, shape (points, points)
    marks : array of float64, shape (k, 2)
    labels : tuple of str
    through_solutions : bool
        Whether the plane goes through the three lowest solutions; it is a random one otherwise.
    not_finite : int
        Points where the energy is no finite number.
    dimension : int
        Of the whole space.
    """

    axes: tuple[Floats, Floats]
    energy: Floats
    marks: Floats
    labels: tuple[str, ...]
    through_solutions: bool
    not_finite: int
    dimension: int


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """All that the pictures of a network need; None where there was no time."""

    found: Solutions
    others: tuple[Solutions, ...]
    lines: tuple[Line, ...]
    plane: PlaneView | None
    curvature: CurvatureSummary | None


def portrait(
    own: Trained,
    nulls: Sequence[Trained],
    curvature: CurvatureSummary | None,
    *,
    quick: bool = False,
    seed: int = 0,
    until: float = math.inf,
    progress: Progress = no_progress,
) -> Portrait:
    """Compute what pictures are drawn from; what does not begin before `until` is left out."""
    cheap = own.landscape.activations * own.landscape.dimension < CHEAP
    points = 51 if cheap else 11 if quick else 21
    lines = []
    for number, one in enumerate((own, *nulls[:MOST_DRAWN])):
        if number and time.perf_counter() > until:
            break
        line = interpolation(one.landscape, one.start, one.vectors[0].to(one.landscape.dtype), points=points)
        lines.append(Line(line.alpha, line.energy, line.min_delta))
    progress("loss surface", 0.2)
    size = (25 if quick else 41) if cheap else (11 if quick else 21)
    plane = None if time.perf_counter() > until else _plane(own, points=size, seed=seed)
    progress("loss surface", 1.0)
    return Portrait(own.found, tuple(one.found for one in nulls), tuple(lines), plane, curvature)


def _plane(own: Trained, *, points: int, seed: int) -> PlaneView:
    """Plane through the three lowest solutions, or a random one where there are fewer."""
    landscape = own.landscape
    labels: tuple[str, ...]
    try:
        plane = plane_through(landscape, [vector.to(landscape.dtype) for vector in own.vectors[:3]])
        labels, through = ("1", "2", "3"), True
        sheet = surface(landscape, plane, points=points)
        marks = np.asarray(plane.path)[:, :2]
    except InputError:
        plane = random_plane(landscape, own.vectors[0].to(landscape.dtype), seed=seed)
        labels, through, marks = ("solution",), False, np.zeros((1, 2))
        sheet = surface(landscape, plane, points=points)
    return PlaneView(
        (sheet.axes[0], sheet.axes[1]), sheet.energy, marks, labels, through, sheet.not_finite, landscape.dimension
    )
