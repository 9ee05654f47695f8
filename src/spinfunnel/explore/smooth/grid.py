"""Map a function of up to three coordinates in a box by flooding a grid, and polish what was found.

Every node of the grid is visited, so that no valley wider than a cell is missed. Minima of the grid are followed down
to minima of the function, and the lowest pass between every two basins that touch to a saddle; the walls of the box
are part of it. A pass that cannot be polished keeps the grid's height, an upper bound, if the map needs it. The grid
is made finer until twice as many nodes a coordinate find as many minima, or no more fit.

Vincent, Soille, IEEE Trans. Pattern Anal. Mach. Intell. 13, 583 (1991), for the flooding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth import downhill
from spinfunnel.explore.smooth.box_points import Ends, climb, descend, same_places
from spinfunnel.explore.smooth.box_records import box_records
from spinfunnel.explore.smooth.grid_kernels import flood, further_passes, passes
from spinfunnel.landscape import Budget, Clock, InputError, Landscape, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Boxed

__all__ = ["explore", "refusal"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST = {1: 1025, 2: 257, 3: 49}
"""Nodes a coordinate of the first grid."""
MOST_NODES = 4_500_000
MOST_MINIMA = 6000
"""Minima up to which a grid is polished; where there are more, random descents are followed instead (`downhill`)."""
ALIKE = 0.01
"""Share of the minima by which two grids may differ."""
TIE = 1e-9
"""Share of the energy's spread below which a basin is none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Flooded:
    """A grid's basins and the passes between them."""

    axes: list[Floats]
    energy: Floats
    label: NDArray[np.int32]
    bottom: Ints
    pairs: tuple[Ints, Ints, Floats, Ints]

    def position(self, node: Ints) -> Floats:
        """Positions (B, D) of nodes."""
        shape = tuple(len(axis) for axis in self.axes)
        return np.stack([axis[at] for axis, at in zip(self.axes, np.unravel_index(node, shape), strict=True)], axis=1)


def refusal(landscape: Landscape) -> InputError | None:
    """Why a landscape cannot be mapped on a grid, or None."""
    if not hasattr(landscape, "periodic"):
        return InputError(f"{landscape.name} has no bounds, which a grid needs: set bounds = (low, high)")
    dimension = getattr(landscape, "dimension", 0)
    if dimension not in FIRST:
        return InputError(
            f"{landscape.name} has {dimension} coordinates; a grid is flooded for up to 3: use --explorer downhill"
        )
    return None


def explore(
    landscape: Boxed,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
    budget: Budget | None = None,
    nodes: int = 0,
) -> Iterator[list[Record]]:
    """Map a function in a box on a grid.

    Parameters
    ----------
    landscape : Boxed
        Of one to three coordinates.
    seed, workers : int
        Change nothing, unless there are too many minima for a grid.
    progress : callable
    budget : Budget, optional
        Time after which the grid is made no finer.
    nodes : int
        Nodes a coordinate; found by making the grid finer where 0.

    Yields
    ------
    list of Minimum and Saddle, and an Effort last
        Weights are shares of the grid's nodes that drain to each minimum.

    Raises
    ------
    InputError
        For a landscape without bounds, or of more than three coordinates.
    """
    problem = refusal(landscape)
    if problem is not None:
        raise problem
    clock = Clock(budget)
    size = nodes or FIRST[landscape.dimension]
    flooded = _flooded(landscape, size)
    low, place = _polished(landscape, flooded)
    spent = len(flooded.energy) + low.evaluations
    converged = bool(nodes)
    while not converged and (2 * size - 1) ** landscape.dimension <= MOST_NODES and not clock.over():
        known = int(place.max(initial=-1)) + 1
        progress(f"{known} minima on a grid of {size} nodes a coordinate", 0.3)
        if known > MOST_MINIMA:
            break
        size = 2 * size - 1
        flooded = _flooded(landscape, size)
        low, place = _polished(landscape, flooded)
        spent += len(flooded.energy) + low.evaluations
        found = int(place.max(initial=-1)) + 1
        converged = abs(found - known) <= ALIKE * found
    if not len(flooded.bottom):
        raise InputError(f"{landscape.name} is no number anywhere on a grid in its bounds: mend it, or its bounds")
    if int(place.max()) >= MOST_MINIMA and not nodes:
        yield from downhill.explore(landscape, seed=seed, workers=workers, progress=progress, budget=budget)
        return
    cell = 1.0 / (size - 1)
    one, other, height, node = flooded.pairs
    progress(f"polishing {len(one)} passes", 0.8)
    high = climb(landscape, flooded.position(node), radius=cell)
    failures = {} if converged else {f"grid of {size} nodes a coordinate may be too coarse": 1}
    weight = np.bincount(flooded.label[flooded.label >= 0], minlength=len(flooded.bottom)).astype(np.float64)
    near = _near(landscape, high, flooded.position(node), reach=3.0 * cell)
    yield box_records(
        landscape, low, place, weight=weight, visits=weight.astype(np.int64), one=one, other=other, rough=height,
        saddles=high, polished=near, evaluations=spent + high.evaluations, failures=failures,
    )  # fmt: skip


def _polished(landscape: Boxed, flooded: _Flooded) -> tuple[Ends, Ints]:
    """Where the bottoms of the basins are followed down to, and which of the ends are one."""
    low = descend(landscape, flooded.position(flooded.bottom), radius=1.0 / len(flooded.axes[0]))
    return low, same_places(landscape, low.position)


def _flooded(landscape: Boxed, size: int) -> _Flooded:
    axes = [
        np.linspace(low, high, size, endpoint=not repeats) if not repeats else np.linspace(low, high, size)[:-1]
        for low, high, repeats in zip(landscape.low, landscape.high, landscape.periodic, strict=True)
    ]
    mesh = np.meshgrid(*axes, indexing="ij")
    energy = landscape.energies(np.stack([axis.ravel() for axis in mesh], axis=1))
    shape = np.ones(3, np.int64)
    shape[: len(axes)] = [len(axis) for axis in axes]
    periodic = np.zeros(3, np.bool_)
    periodic[: len(axes)] = landscape.periodic
    finite = energy[np.isfinite(energy)]
    spread = float(np.ptp(finite)) if len(finite) else 0.0
    rounding = 4.0 * np.finfo(float).eps * float(np.abs(finite).max(initial=0.0))
    floor = max(TIE * spread, 8.0 * landscape.noise, rounding)
    label, bottom = flood(energy, np.argsort(energy, kind="stable"), shape, periodic, floor)
    one, other, height, node = passes(energy, label, shape, periodic, len(bottom))
    more = further_passes(energy, label, shape, periodic, len(bottom))
    pairs = (
        np.concatenate([one, more[0]]),
        np.concatenate([other, more[1]]),
        np.concatenate([height, energy[more[2]]]),
        np.concatenate([node, more[2]]),
    )
    return _Flooded(axes, energy, label, bottom, pairs)


def _near(landscape: Boxed, ends: Ends, start: Floats, *, reach: float) -> NDArray[np.bool_]:
    """Which climbs ended in a saddle near where they began."""
    moved = (ends.position - start) / landscape.width
    moved = np.where(landscape.periodic, moved - np.round(moved), moved)
    goal = 1e-4 * max(landscape.spread, 1e-300)
    close = np.abs(moved).max(axis=1) <= reach if len(moved) else np.zeros(0, bool)
    return np.asarray(close & (ends.index == 1) & (ends.size <= goal) & np.isfinite(ends.energy))
