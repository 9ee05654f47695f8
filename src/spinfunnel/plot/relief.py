"""A surface with a given barrier tree: the mesh of the funnel terrain.

A topological landscape (Weber, Bremer, Pascucci, IEEE Trans. Vis. Comput. Graph. 13, 1416, 2007) on a
disc. Each minimum has a region whose area is its basin weight (`arrange`), with one pit in it.
Two regions meet along walls that are nowhere lower than the minimax saddle between their minima and
exactly as high in the middle: the pass. Along every straight line from the pit to the edge of its region the
surface only rises. So each superbasin below a pass is connected, superbasins meet at passes only, and the
merge tree of the mesh - not merely of the surface it stands for - is the tree of the landscape, to the last digit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinfunnel.plot.arrangement import Region, arrange
from spinfunnel.plot.branch import Branches

__all__ = ["SMALLEST", "Relief", "basin_shares", "relief"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST = 1e-4
"""Least share of the disc that a region gets: what is smaller could be neither seen nor hit with the mouse."""


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """The terrain as a triangle mesh over the unit disc.

    Attributes
    ----------
    x, y : array of float64, shape (v,)
        Coordinates in the plane; area is weight, the native minimum at the origin.
    height : array of float64, shape (v,)
        Energy.
    triangles : array of int64, shape (t, 3)
    basin : array of int64, shape (t,)
        Minimum to which each triangle belongs.
    minimum, pit : array of int64, shape (k,)
        The minima drawn, and the vertex at which each lies.
    rim : float
        Height of the edge of the disc, above every saddle; also of the walls between parts that no saddle joins.
    """

    x: Floats
    y: Floats
    height: Floats
    triangles: Ints
    basin: Ints
    minimum: Ints
    pit: Ints
    rim: float


@dataclass(frozen=True, slots=True, eq=False)
class _Wall:
    """One stretch of edge between two regions (or a region and the outside), between two corners."""

    vertices: Ints
    place: Floats
    """Where the vertices lie along the wall: turns from its start on an arc, r^2 on a spoke."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """An edge before it has vertices: on a circle (fixed r^2) or on a spoke (fixed turn)."""

    arc: bool
    line: float
    start: float
    stop: float
    inside: int
    outside: int

    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        if self.arc:
            return (self.start, self.line), (self.stop % 1.0, self.line)
        return (self.line, self.start), (self.line, self.stop)

    def length(self) -> float:
        if self.arc:
            return 2.0 * math.pi * math.sqrt(self.line) * (self.stop - self.start)
        return math.sqrt(self.stop) - math.sqrt(self.start)


def relief(split: Branches, weight: Floats, *, spacing: float = 0.035) -> Relief:
    """Build the terrain of the kept branches.

    Parameters
    ----------
    split : Branches
        At least one minimum.
    weight : array of float64, shape (m,)
        Basin weights; those of minima that are not kept are added to the branch into which they merge.
    spacing : float
        Distance between vertices along the walls, in radii of the disc. It bears on the looks alone: the merge tree is
        exact at any spacing. The areas are those of polygons whose corners lie on the circles.

    Returns
    -------
    Relief
        Each basin's area over the disc's differs from its weight by less than ``spacing**2``; basins of less than 1e-4
        get that much, so that they can be seen, and the others are scaled down to make room.

    Examples
    --------
    >>> from spinfunnel.plot.branch import branches
    >>> from spinfunnel.landscape.tree import MergeTree
    >>> tree = MergeTree(2, np.array([2, 2, -1]), np.array([-2.0, -1.0, 0.5]), np.array([0, 1, 0]))
    >>> terrain = relief(branches(tree), np.array([0.75, 0.25]))
    >>> terrain.height[terrain.pit].tolist(), float(terrain.x[terrain.pit[0]]), float(terrain.y[terrain.pit[0]])
    ([-2.0, -1.0], 0.0, 0.0)
    """
    regions = arrange(split, _areas(split, weight))
    return _Mesh(split, regions, spacing).build()


def basin_shares(split: Branches, weight: Floats) -> Floats:
    """Share of the drawn weight that each kept minimum stands for, with all that merges into its branch, shape (k,)."""
    reached = split.home >= 0
    summed: Floats = np.zeros(len(weight))
    np.add.at(summed, split.home[reached], weight[reached])
    kept = summed[split.kept]
    total = float(kept.sum())
    return kept / total if total > 0 else np.full(len(kept), 1.0 / len(kept))


def _areas(split: Branches, weight: Floats) -> Floats:
    area = np.zeros(len(weight))
    shares = np.maximum(basin_shares(split, weight), SMALLEST)
    area[split.kept] = shares / shares.sum()
    return area


class _Mesh:
    """Collects vertices and triangles region by region."""

    def __init__(self, split: Branches, regions: list[Region], spacing: float) -> None:
        self.split, self.regions, self.spacing = split, regions, spacing
        finite = split.death[split.kept]
        finite = finite[np.isfinite(finite)]
        ground, highest = float(split.birth[split.kept].min()), float(split.birth[split.kept].max())
        top = max(highest, float(finite.max())) if len(finite) else highest
        span = top - ground if top > ground else 1.0
        self.rim = top + (0.10 if len(finite) else 0.6) * span
        self.bump = 0.05 * span
        # A shelf lies below every pass of the native basin and slopes down into it: height of threshold and middle.
        native = int(split.kept[0])
        lowest = min(
            (float(split.death[leaf]) for leaf in split.kept if split.joined[leaf] == native), default=self.rim
        )
        self.shelf = tuple(ground + part * (min(lowest, self.rim) - ground) for part in (0.55, 0.70))
        self.turn: list[float] = []
        self.square: list[float] = []
        self.height: list[float] = []
        self.extra: list[tuple[Floats, Floats, Floats]] = []
        self.count = 0
        self.triangles: list[Ints] = []
        self.basin: list[Ints] = []
        self.corner: dict[tuple[float, float], int] = {}

    def build(self) -> Relief:
        stretches = [*_arcs(self.regions), *_spokes(self.regions)]
        heights = [self._pass(stretch) for stretch in stretches]
        self._corners(stretches, heights)
        sides: list[dict[str, list[tuple[_Stretch, _Wall]]]] = [
            {"bottom": [], "right": [], "top": [], "left": []} for _ in self.regions
        ]
        for stretch, height in zip(stretches, heights, strict=True):
            wall = self._wall(stretch, height)
            if stretch.inside >= 0:
                sides[stretch.inside]["top" if stretch.arc else "right"].append((stretch, wall))
            if stretch.outside >= 0:
                sides[stretch.outside]["bottom" if stretch.arc else "left"].append((stretch, wall))
        pits = [self._pit(number, side) for number, side in enumerate(sides)]
        return self._finish(pits)

    def _pass(self, stretch: _Stretch) -> float:
        if stretch.outside < 0:
            return self.rim
        one, two = self.regions[stretch.inside].minimum, self.regions[stretch.outside].minimum
        if stretch.arc and self.regions[stretch.outside].shelf and self.regions[stretch.inside].disc:
            return self.shelf[0]
        if one == two:  # The seam of a region that goes all the way round.
            return min(self.rim, float(self.split.death[one]))
        return min(self.rim, self.split.minimax(one, two))

    def _corners(self, stretches: list[_Stretch], heights: list[float]) -> None:
        highest: dict[tuple[float, float], float] = {}
        for stretch, height in zip(stretches, heights, strict=True):
            for corner in stretch.corners():
                highest[corner] = max(highest.get(corner, -math.inf), height)
        for corner, height in highest.items():
            self.corner[corner] = self._vertex(*corner, min(self.rim, height + self.bump))

    def _vertex(self, turn: float, square: float, height: float) -> int:
        self.turn.append(turn)
        self.square.append(square)
        self.height.append(height)
        self.count += 1
        return self.count - 1

    def _wall(self, stretch: _Stretch, height: float) -> _Wall:
        first, last = (self.corner[corner] for corner in stretch.corners())
        half = max(1, math.ceil(stretch.length() / (2.0 * self.spacing)))
        if stretch.arc:
            half = max(half, math.ceil((stretch.stop - stretch.start) * self._fineness(stretch)))
        step = np.arange(2 * half + 1) / (2 * half)
        place = stretch.start + (stretch.stop - stretch.start) * step
        vertices = np.empty(2 * half + 1, np.int64)
        vertices[0], vertices[-1] = first, last
        for k in range(1, 2 * half):
            end = self.height[first if k < half else last]
            level = height + (end - height) * (2.0 * step[k] - 1.0) ** 2
            at = float(place[k])
            vertices[k] = (
                self._vertex(at % 1.0, stretch.line, level) if stretch.arc else self._vertex(stretch.line, at, level)
            )
        return _Wall(vertices, place)

    def _fineness(self, stretch: _Stretch) -> float:
        """Half the number of chords of a whole circle; no chord may cut through a thin ring within or beyond it."""
        radius = math.sqrt(stretch.line)
        thin = radius
        for number in (stretch.inside, stretch.outside):
            if number >= 0:
                thin = min(thin, math.sqrt(self.regions[number].outer) - math.sqrt(self.regions[number].inner))
        return max(48.0, 0.5 * math.pi / math.sqrt(0.1 * thin / radius))

    def _loop(self, number: int, side: dict[str, list[tuple[_Stretch, _Wall]]]) -> tuple[Ints, Floats, Floats]:
        """Vertices around a region, with their turn (unwrapped) and radius in its own frame."""
        region = self.regions[number]
        pieces: list[tuple[Ints, Floats, Floats]] = []
        for name in ("bottom", "right", "top", "left"):
            run: list[tuple[float, Ints, Floats, Floats]] = []
            for stretch, wall in side[name]:
                if stretch.arc:
                    begin = region.start + (stretch.start - region.start) % 1.0
                    turn = begin + (wall.place - stretch.start)
                    radius = np.full(len(turn), math.sqrt(stretch.line))
                else:
                    begin = stretch.start
                    turn = np.full(len(wall.place), region.stop if name == "right" else region.start)
                    radius = np.sqrt(wall.place)
                run.append((begin, wall.vertices, turn, radius))
            run.sort(key=lambda piece: piece[0])
            backwards = name in ("top", "left")
            for _, vertices, turn, radius in reversed(run) if backwards else run:
                order = slice(None, None, -1) if backwards else slice(None)
                pieces.append((vertices[order][:-1], turn[order][:-1], radius[order][:-1]))
        joined = [np.concatenate([piece[part] for piece in pieces]) for part in range(3)]
        return joined[0].astype(np.int64), joined[1], joined[2]

    def _pit(self, number: int, side: dict[str, list[tuple[_Stretch, _Wall]]]) -> int:
        """Fill one region with rings of vertices around its pit; return the pit's vertex."""
        region = self.regions[number]
        edge, turn, radius = self._loop(number, side)
        floor = self.shelf[1] if region.shelf else float(self.split.birth[region.minimum])
        middle = 0.0 if region.disc else math.sqrt(0.5 * (region.inner + region.outer))
        centre = 0.0 if region.disc else 0.5 * (region.start + region.stop)
        rings = int(np.clip(math.ceil(0.7 * math.sqrt(math.pi * region.area) / self.spacing), 4, 48))
        if not region.disc:
            # Rays to the far ends of a long curved region must not cut across its edge from one ring to the next.
            high, depth = math.sqrt(region.outer), math.sqrt(region.outer) - math.sqrt(region.inner)
            curved = high * (math.pi * (region.stop - region.start)) ** 2 / depth
            rings = max(rings, min(math.ceil(curved), 160))
        ratio = (np.arange(1, rings) / rings)[:, None]
        level = np.asarray(self.height)[edge] if len(edge) else np.zeros(0)
        inner_turn = np.broadcast_to(turn, (rings - 1, len(edge))) if region.disc else centre + ratio * (turn - centre)
        inner_radius = middle + ratio * (radius - middle)
        inner_height = floor + (level - floor) * np.sin(0.5 * np.pi * ratio) ** 2
        first = self.count
        self.extra.append(
            (np.append(centre, inner_turn), np.append(middle, inner_radius), np.append(floor, inner_height))
        )
        self.count += 1 + inner_height.size
        grid = np.vstack([first + 1 + np.arange(inner_height.size).reshape(rings - 1, len(edge)), edge])
        place = np.vstack([inner_radius, radius]) * np.exp(2j * np.pi * np.vstack([inner_turn, turn]))
        self._triangulate(first, grid, region.minimum, place)
        return first

    def _triangulate(self, pit: int, grid: Ints, minimum: int, place: NDArray[np.complex128]) -> None:
        """Join neighbouring rings by triangles; of the two diagonals of a quadrilateral the shorter one is drawn."""
        after = np.roll(grid, -1, axis=1)
        fan = np.stack([np.full(grid.shape[1], pit), after[0], grid[0]], axis=1)
        low, high = grid[:-1].ravel(), grid[1:].ravel()
        low_next, high_next = after[:-1].ravel(), after[1:].ravel()
        beyond = np.roll(place, -1, axis=1)
        slash = (np.abs(place[:-1] - beyond[1:]) <= np.abs(beyond[:-1] - place[1:])).ravel()
        one = np.stack([low, np.where(slash, high_next, low_next), high], axis=1)
        two = np.stack([np.where(slash, low, high), low_next, high_next], axis=1)
        block = np.concatenate([fan, one, two])
        self.triangles.append(block)
        self.basin.append(np.full(len(block), minimum, np.int64))

    def _finish(self, pits: list[int]) -> Relief:
        turn = np.concatenate([np.asarray(self.turn), *(extra[0] for extra in self.extra)])
        radius = np.concatenate([np.sqrt(np.asarray(self.square)), *(extra[1] for extra in self.extra)])
        height = np.concatenate([np.asarray(self.height), *(extra[2] for extra in self.extra)])
        angle = 2.0 * np.pi * turn
        return Relief(
            radius * np.cos(angle),
            radius * np.sin(angle),
            height,
            np.concatenate(self.triangles),
            np.concatenate(self.basin),
            np.array([region.minimum for region in self.regions if not region.shelf]),
            np.array([pit for region, pit in zip(self.regions, pits, strict=True) if not region.shelf]),
            self.rim,
        )


def _whole(turn: float) -> float:
    return turn - 1.0 if turn >= 1.0 else turn


def _arcs(regions: list[Region]) -> list[_Stretch]:
    """Stretches of circle, each between exactly two regions (or the last one and the outside)."""
    lines: dict[float, tuple[list[int], list[int]]] = {}
    for number, region in enumerate(regions):
        lines.setdefault(region.outer, ([], []))[0].append(number)
        if region.inner > 0.0:
            lines.setdefault(region.inner, ([], []))[1].append(number)
    stretches = []
    for line, (within, beyond) in lines.items():
        marks = {
            _whole(end) for number in (*within, *beyond) if not regions[number].disc for end in _ends(regions[number])
        }
        turns = sorted(marks) or [0.0]
        for start, stop in zip(turns, [*turns[1:], turns[0] + 1.0], strict=True):
            middle = 0.5 * (start + stop)
            inside, outside = _holder(regions, within, middle), _holder(regions, beyond, middle)
            if inside >= 0 or outside >= 0:
                stretches.append(_Stretch(True, line, start, stop, inside, outside))
    return stretches


def _ends(region: Region) -> tuple[float, float]:
    return region.start, region.stop


def _holder(regions: list[Region], numbers: list[int], turn: float) -> int:
    for number in numbers:
        region = regions[number]
        if (turn - region.start) % 1.0 < region.stop - region.start:
            return number
    return -1


def _spokes(regions: list[Region]) -> list[_Stretch]:
    """Stretches of spoke, each between exactly two regions (one and the same where it goes all the way round)."""
    lines: dict[float, tuple[list[int], list[int]]] = {}
    for number, region in enumerate(regions):
        if not region.disc:
            lines.setdefault(_whole(region.stop), ([], []))[0].append(number)
            lines.setdefault(_whole(region.start), ([], []))[1].append(number)
    span: Callable[[int], tuple[float, float]] = lambda number: (regions[number].inner, regions[number].outer)  # noqa: E731
    stretches = []
    for line, (before, after) in lines.items():
        marks = sorted({end for number in (*before, *after) for end in span(number)})
        for start, stop in itertools.pairwise(marks):
            middle = 0.5 * (start + stop)
            inside = next((number for number in before if span(number)[0] <= middle < span(number)[1]), -1)
            outside = next((number for number in after if span(number)[0] <= middle < span(number)[1]), -1)
            if inside >= 0 and outside >= 0:
                stretches.append(_Stretch(False, line, start, stop, inside, outside))
    return stretches
