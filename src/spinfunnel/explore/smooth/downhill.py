"""Map a function in a box from random descents that are followed from minimum to lower minimum.

Random states descend; their shares are the weights of the minima. From each minimum so reached kicks of several lengths
lead to neighbours. On the line between two minima the highest point between each two valleys is where a pass is sought,
and the valleys in between are followed down to minima of their own. The way goes on to the lowest neighbour over the
lowest pass, until nothing lower is found. The ends of all ways are then joined to the lowest by lines, so that every
random descent ends in the map. Minima out of which no kicks were tried are left out where the map holds together
without them: too few ways out of them are known.

Leary, J. Glob. Optim. 18, 367 (2000), for monotonic sequences; Ball, Berry et al., Science 271, 963 (1996).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.box_points import FIELDS, SAME, Ends, climb, descend, no_ends, same_places
from spinfunnel.explore.smooth.box_records import box_records
from spinfunnel.landscape import Budget, Clock, InputError, Landscape, Progress, Record, no_progress
from spinfunnel.moves.differentiable import Boxed

__all__ = ["explore", "refusal"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOGETHER = 128
"""Minima whose neighbours are sought in one round."""
MOST_ASKED = 8_000_000
"""Energies after which no more ways are followed, unless a budget says otherwise."""
SCATTERED, BEST = 200_000, 64
"""Random positions at which the energy is looked at, and the lowest of them that descend as well, without a weight: a
narrow hole is seen by its energy before a random descent falls into it."""
SHORTEST, LONGEST = 0.01, 0.5
"""Lengths of kicks, over the box."""
AGAIN, UNUSUAL = 3, 1.3
"""Rounds, and the barrier out of a minimum, over the usual one, from which on it is looked at again in the next."""
ON_A_LINE, ON_A_LONG_LINE = 49, 513
"""Points of a line between neighbours, and between the ends of ways."""
COORDINATES = 40
"""Most coordinates: a Newton step takes as many energies as twice their square."""


def refusal(landscape: Landscape) -> InputError | None:
    """Why a landscape cannot be mapped by followed descents, or None."""
    if not hasattr(landscape, "periodic"):
        return InputError(f"{landscape.name} has no bounds, which this search needs: set bounds = (low, high)")
    dimension = getattr(landscape, "dimension", 0)
    if dimension > COORDINATES:
        return InputError(
            f"{landscape.name} has {dimension} coordinates; this search takes {COORDINATES}: leave its "
            "bounds out, and use --explorer hopping"
        )
    return None


def explore(
    landscape: Boxed,
    *,
    seed: int = 0,
    workers: int = 1,  # noqa: ARG001 - the function is the user's own, and runs in one thread
    progress: Progress = no_progress,
    budget: Budget | None = None,
    starts: int = 100,
    kicks: int = 0,
) -> Iterator[list[Record]]:
    """Map a function in a box.

    Parameters
    ----------
    landscape : Boxed
        Of at most 40 coordinates.
    seed : int
    workers : int
        Changes nothing.
    progress : callable
    budget : Budget, optional
    starts : int
        Random descents.
    kicks : int
        Kicks out of each minimum; two for each coordinate, and eight more, where 0.

    Yields
    ------
    list of Minimum and Saddle, and an Effort last

    Raises
    ------
    InputError
        For a landscape without bounds, of more coordinates, or one without a number anywhere.
    """
    problem = refusal(landscape)
    if problem is not None:
        raise problem
    limits = budget or Budget()
    found = _Map(landscape, np.random.default_rng(seed), limits, kicks=kicks or 2 * landscape.dimension + 8)
    found.descend_from(landscape.starts(found.generator, starts))
    found.scatter()
    if not len(found.energy):
        raise InputError(f"{landscape.name}: none of {starts} random descents ends in a number: mend it, or its bounds")
    for _ in range(AGAIN):
        while found.follow():
            progress(f"{len(found.energy)} minima, {len(found.passes)} passes", 0.5)
        found.join_neighbours()
        found.join()
        if not found.look_again():
            break
    progress(f"{len(found.energy)} minima, {len(found.passes)} passes", 1.0)
    yield found.records()


class Top(NamedTuple):
    """Highest point of a line between two minima: its height, where it is, and the line's direction over one box."""

    one: int
    other: int
    height: float
    position: Floats
    direction: Floats


class _Map:
    """Minima and passes found so far."""

    def __init__(self, landscape: Boxed, generator: np.random.Generator, budget: Budget, *, kicks: int) -> None:
        self.landscape, self.generator, self.kicks = landscape, generator, kicks
        limits = Budget(evaluations=MOST_ASKED) if budget == Budget() else budget
        self.clock = Clock(limits, lambda: self.evaluations)
        d = landscape.dimension
        self.ends = no_ends(d)
        self.plateaus: list[tuple[float, Floats]] = []
        self.weight = np.zeros(0)
        self.visits = np.zeros(0, np.int64)
        self.followed = np.zeros(0, bool)
        """Minima whose neighbours were sought in this round, and ever."""
        self.kicked = np.zeros(0, bool)
        self.asked: list[int] = []
        self.passes: dict[tuple[int, int], tuple[float, Floats]] = {}
        """Lowest pass on a line between two minima: its height, and where."""
        self.saddles: dict[tuple[int, int], float] = {}
        """Height of the saddle near it, or of the line."""
        self.polished: set[tuple[int, int]] = set()
        self.evaluations = 0

    @property
    def energy(self) -> Floats:
        """Energies of the minima."""
        return self.ends.energy

    def descend_from(self, place: Floats) -> None:
        """Enter where random states descend to, and weigh it."""
        number = self.enter(descend(self.landscape, place))
        number = number[number >= 0]
        np.add.at(self.weight, number, 1.0)
        self.asked = np.unique(number).tolist()

    def scatter(self) -> None:
        """Enter where the lowest of many random positions descend to."""
        place = self.landscape.starts(self.generator, SCATTERED)
        energy = self.landscape.energies(place)
        self.evaluations += len(energy)
        lowest = place[np.argsort(energy, kind="stable")[:BEST]]
        number = self.enter(descend(self.landscape, lowest))
        self.asked = sorted({*self.asked, *number[number >= 0].tolist()})

    def enter(self, ends: Ends) -> Ints:
        """Number of the minimum in which each descent ended, -1 where it is no number; new ones are added."""
        self.evaluations += ends.evaluations
        ends = self._flattened(ends)
        number = np.full(len(ends.energy), -1, np.int64)
        sound = np.flatnonzero(np.isfinite(ends.energy) & (ends.index == 0))
        if not len(sound):
            return number
        known = len(self.energy)
        # What is known comes first, so that it keeps its numbers, unless a new point lies between two of them.
        place = same_places(self.landscape, np.concatenate([self.ends.position, ends.position[sound]]), distance=SAME)
        apart = np.array_equal(place[:known], np.arange(known))
        place = place[known:] if apart else self._nearest(ends.position[sound])
        number[sound] = place
        fresh, first = np.unique(place, return_index=True)
        rows = sound[first[fresh >= known]]
        columns = {name: np.concatenate([getattr(self.ends, name), getattr(ends, name)[rows]]) for name in FIELDS}
        self.ends = Ends(**columns, evaluations=0)
        more = len(rows)
        self.weight = np.append(self.weight, np.zeros(more))
        self.visits = np.append(self.visits, np.zeros(more, np.int64))
        self.followed = np.append(self.followed, np.zeros(more, bool))
        self.kicked = np.append(self.kicked, np.zeros(more, bool))
        np.add.at(self.visits, number[number >= 0], 1)
        return number

    def _flattened(self, ends: Ends) -> Ends:
        """Ends on a plateau of one energy are one place: that of the first of them."""
        flat = np.flatnonzero(ends.flat & np.isfinite(ends.energy))
        position, floor = ends.position.copy(), 1e-9 * max(self.landscape.spread, 1e-300) + 8.0 * self.landscape.noise
        for row in flat.tolist():
            energy = float(ends.energy[row])
            level = next((known for known in self.plateaus if abs(known[0] - energy) <= floor), None)
            if level is None:
                self.plateaus.append((energy, ends.position[row]))
            else:
                position[row] = level[1]
        return dataclasses.replace(ends, position=position)

    def _nearest(self, position: Floats) -> Ints:
        """Number of the known minimum at each position, or a new number, where known ones are joined by new ones."""
        known = len(self.energy)
        width = self.landscape.width
        place = np.empty(len(position), np.int64)
        fresh: list[Floats] = []
        for row, x in enumerate(position):
            every = np.concatenate([self.ends.position, np.array(fresh).reshape(-1, len(x))])
            apart = (every - x) / width
            apart = np.where(self.landscape.periodic, apart - np.round(apart), apart)
            distance = np.linalg.norm(apart, axis=1)
            nearest = int(distance.argmin())
            place[row] = nearest if distance[nearest] <= SAME else known + len(fresh)
            if place[row] == known + len(fresh):
                fresh.append(x)
        return place

    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.clock.over()

    def follow(self) -> bool:
        """Seek the neighbours of the minima that were asked for; ask for the next ones. False where none are left."""
        now = [number for number in self.asked if not self.followed[number]]
        # The lowest first: ways meet there, and need be followed once.
        now = sorted(now, key=lambda number: float(self.energy[number]))[:TOGETHER]
        if not now or self.spent():
            return False
        self.followed[now] = self.kicked[now] = True
        d, width = self.landscape.dimension, self.landscape.width
        size = len(now) * self.kicks
        way = self.generator.standard_normal((size, d))
        # Half of the kicks go along one coordinate: many functions are sums over them.
        along = np.eye(d)[self.generator.integers(d, size=size)] * np.where(way[:, :1] > 0.0, 1.0, -1.0)
        way = np.where(self.generator.random((size, 1)) < 0.5, along, way)
        length = np.exp(self.generator.uniform(np.log(SHORTEST), np.log(LONGEST), (size, 1)))
        usual = self._usual_distance()
        if usual > 0.0:
            # Half of the kicks are about as long as neighbours are apart.
            near = usual * self.generator.uniform(0.5, 1.5, (size, 1))
            length = np.where(self.generator.random((size, 1)) < 0.5, near, length)
        start = np.repeat(np.array(now), self.kicks)
        kicked = self.ends.position[start] + width * length * way / np.linalg.norm(way, axis=1, keepdims=True)
        # A kick through a wall comes back from it.
        kicked = self._reflected(kicked)
        number = self.enter(descend(self.landscape, kicked))
        sound = (number >= 0) & (number != start)
        pairs = np.unique(np.stack([start[sound], number[sound]], axis=1), axis=0)
        self.trace(pairs, points=ON_A_LINE)
        left = [number for number in self.asked if not self.followed[number]]
        self.asked = left + self._next(now)
        return True

    def _usual_distance(self) -> float:
        """Median distance of minima that a pass joins, over the box; 0 before any are known."""
        ends = np.array(list(self.passes)[-1000:], np.int64).reshape(-1, 2)
        apart = (self.ends.position[ends[:, 0]] - self.ends.position[ends[:, 1]]) / self.landscape.width
        apart = np.where(self.landscape.periodic, apart - np.round(apart), apart)
        return float(np.median(np.linalg.norm(apart, axis=1))) if len(ends) else 0.0

    def _reflected(self, position: Floats) -> Floats:
        low, high, width = self.landscape.low, self.landscape.high, self.landscape.width
        turned = np.mod(position - low, 2.0 * width)
        turned = low + np.where(turned > width, 2.0 * width - turned, turned)
        return np.where(self.landscape.periodic, position, np.clip(turned, low, high))

    def _next(self, now: list[int]) -> list[int]:
        """Lower neighbours over the lowest pass of each of these minima."""
        best: dict[int, tuple[float, int]] = {}
        inside = set(now)
        for (one, other), height in self.saddles.items():
            for start, end in ((one, other), (other, one)):
                if start in inside and self.energy[end] < self.energy[start]:
                    best[start] = min(best.get(start, (np.inf, -1)), (height, end))
        return sorted({end for _, end in best.values() if not self.followed[end]})

    def trace(self, pairs: Ints, *, points: int) -> list[int]:
        """Find passes on the lines between pairs of minima (p, 2); return the minima of the valleys in between."""
        if not len(pairs):
            return []
        width, periodic = self.landscape.width, self.landscape.periodic
        position = self.ends.position
        apart = position[pairs[:, 1]] - position[pairs[:, 0]]
        apart = np.where(periodic, apart - width * np.round(apart / width), apart)
        share = np.linspace(0.0, 1.0, points)
        line = position[pairs[:, 0]][:, None] + share[None, :, None] * apart[:, None]
        profile = self.landscape.energies(line.reshape(-1, line.shape[2])).reshape(len(pairs), points)
        self.evaluations += profile.size
        inner = profile[:, 1:-1]
        valley = (inner < profile[:, :-2]) & (inner <= profile[:, 2:])
        row, at = np.nonzero(valley)
        number = self.enter(descend(self.landscape, line[row, at + 1], radius=1.0 / points))
        stops: list[list[tuple[int, int]]] = [[(0, one)] for one in pairs[:, 0].tolist()]
        for each, where, end in zip(row.tolist(), (at + 1).tolist(), number.tolist(), strict=True):
            if end >= 0:
                stops[each].append((where, end))
        tops: list[Top] = []
        for each, end in enumerate(pairs[:, 1].tolist()):
            chain = [*stops[each], (points - 1, end)]
            for (first, one), (last, other) in pairwise(chain):
                if one != other:
                    top = first + int(profile[each, first : last + 1].argmax())
                    tops.append(Top(one, other, float(profile[each, top]), line[each, top], apart[each] / width))
        self._climb(tops)
        return np.unique(number[number >= 0]).tolist()

    def _climb(self, tops: list[Top]) -> None:
        """Enter passes, each with the height of the saddle to which a climb from it leads, if that is lower."""
        better: dict[tuple[int, int], Top] = {}
        for top in tops:
            key = (min(top.one, top.other), max(top.one, top.other))
            known = better[key].height if key in better else self.passes[key][0] if key in self.passes else np.inf
            if top.height < known:
                better[key] = top
        if not better:
            return
        keys = list(better)
        place, way = (np.array([getattr(better[key], name) for key in keys]) for name in ("position", "direction"))
        ends = climb(self.landscape, place, radius=0.01, direction=way)
        self.evaluations += ends.evaluations
        floor = np.array([max(self.energy[one], self.energy[other]) for one, other in keys])
        rough = np.array([better[key].height for key in keys])
        true = (ends.index == 1) & (ends.energy <= rough) & (ends.energy >= floor)
        true &= ends.size <= 1e-4 * max(self.landscape.spread, 1e-300)
        for row, key in enumerate(keys):
            self.passes[key] = float(rough[row]), place[row]
            height = float(ends.energy[row]) if true[row] else float(rough[row])
            if height < self.saddles.get(key, np.inf):
                self.saddles[key] = height
                self.polished.discard(key)
                if true[row]:
                    self.passes[key] = (float(rough[row]), ends.position[row])
                    self.polished.add(key)

    def join_neighbours(self) -> None:
        """Seek passes between each minimum that was looked at and those nearest to it."""
        from scipy.spatial import cKDTree

        looked = np.flatnonzero(self._looked())
        if self.spent() or len(looked) < 2:
            return
        scaled = (self.ends.position[looked] - self.landscape.low) / self.landscape.width
        size = np.where(self.landscape.periodic, 1.0, 0.0)
        scaled = np.where(self.landscape.periodic, np.mod(scaled, 1.0), scaled)
        nearest = min(2 * self.landscape.dimension + 2, len(looked))
        beside = cKDTree(scaled, boxsize=size).query(scaled, k=nearest)[1].reshape(len(looked), -1)
        pairs = np.stack([np.repeat(looked, nearest), looked[beside.ravel()]], axis=1)
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        fresh = [tuple(pair) not in self.passes and pair[0] != pair[1] for pair in pairs.tolist()]
        self.trace(pairs[np.array(fresh, bool)], points=ON_A_LINE)

    def join(self) -> None:
        """Join the parts of the map to the lowest minimum by lines, and look around the minima on them."""
        for _ in range(3):
            part = self._parts(self._looked())
            lowest = int(self.energy.argmin())
            pairs = []
            for number in np.setdiff1d(part[self._looked()], part[lowest]):
                inside = np.flatnonzero((part == number) & self._looked())
                pairs.append((int(inside[self.energy[inside].argmin()]), lowest))
            if not pairs:
                return
            between = self.trace(np.array(pairs, np.int64), points=ON_A_LONG_LINE)
            self.asked = [number for number in between if not self.followed[number]]
            while self.follow():
                pass

    def look_again(self) -> bool:
        """Ask again for minima out of which only unusually high passes are known; whether there are any."""
        looked = self._looked()
        barrier, over = self._escapes(looked)
        known = looked & np.isfinite(barrier)
        if self.spent() or not known.any():
            return False
        high = np.flatnonzero(known & (barrier > UNUSUAL * np.median(barrier[known])))
        ends = [end for number in high.tolist() for end in over[number]]
        again = np.unique(np.array([*high.tolist(), *ends], np.int64))
        again = again[looked[again]]
        self.followed[again] = False
        self.asked = again.tolist()
        return bool(len(again))

    def _escapes(self, among: NDArray[np.bool_]) -> tuple[Floats, dict[int, tuple[int, int]]]:
        """Barrier between each of some minima and the nearest lower one, inf where none is, and the pass over it."""
        barrier = np.full(len(self.energy), np.inf)
        over: dict[int, tuple[int, int]] = {}
        link = list(range(len(self.energy)))
        bottom = list(range(len(self.energy)))

        def root(node: int) -> int:
            while link[node] != node:
                link[node] = link[link[node]]
                node = link[node]
            return node

        for (one, other), height in sorted(self.saddles.items(), key=lambda entry: (entry[1], entry[0])):
            here, there = root(one), root(other)
            if here == there or not (among[one] and among[other]):
                continue
            low, high = sorted((here, there), key=lambda lake: (float(self.energy[bottom[lake]]), lake))
            barrier[bottom[high]] = height - float(self.energy[bottom[high]])
            over[bottom[high]] = (one, other)
            link[high] = low
        return barrier, over

    def _looked(self) -> NDArray[np.bool_]:
        """Minima that were kicked out of, or that random descents end in."""
        return self.kicked | (self.weight > 0.0)

    def _kept(self) -> NDArray[np.bool_]:
        """Minima that the map keeps: those looked at, and those on the lowest ways between them."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import minimum_spanning_tree

        size = len(self.energy)
        ends = np.array(list(self.saddles), np.int64).reshape(-1, 2)
        height = np.array(list(self.saddles.values())) - float(self.energy.min())
        # A pass at the lowest energy is one too: the tree takes 0 for no entry.
        length = height + 1e-9 * max(self.landscape.spread, 1e-300)
        tree = minimum_spanning_tree(coo_matrix((length, (ends[:, 0], ends[:, 1])), shape=(size, size))).tocoo()
        around: list[list[int]] = [[] for _ in range(size)]
        for one, other in zip(tree.row.tolist(), tree.col.tolist(), strict=True):
            around[one].append(other)
            around[other].append(one)
        looked, kept = self._looked(), np.ones(size, bool)
        degree = [len(each) for each in around]
        leaves = [number for number in range(size) if degree[number] <= 1 and not looked[number]]
        while leaves:
            leaf = leaves.pop()
            kept[leaf] = False
            for beside in around[leaf]:
                degree[beside] -= 1
                if kept[beside] and degree[beside] == 1 and not looked[beside]:
                    leaves.append(beside)
        return kept

    def _parts(self, among: NDArray[np.bool_]) -> Ints:
        """Number of the connected part of every minimum, over passes between some of them."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        ends = np.array(list(self.passes), np.int64).reshape(-1, 2)
        ends = ends[among[ends].all(axis=1)]
        size = len(self.energy)
        joined = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
        return np.asarray(connected_components(joined, directed=False)[1], np.int64)

    def records(self) -> list[Record]:
        """All minima and passes, and the effort."""
        kept = self._kept()
        new = np.cumsum(kept) - 1
        keys = [key for key in self.passes if kept[list(key)].all()]
        ends = new[np.array(keys, np.int64).reshape(-1, 2)]
        place = np.array([self.passes[key][1] for key in keys]).reshape(-1, self.landscape.dimension)
        height = np.array([self.saddles[key] for key in keys])
        minima = Ends(**{name: getattr(self.ends, name)[kept] for name in FIELDS}, evaluations=0)
        none = np.full(len(keys), np.nan)
        saddles = Ends(place, height, none, np.ones(len(keys), np.int64), none, np.zeros(len(keys), bool), 0)
        polished = np.array([key in self.polished for key in keys], bool)
        return box_records(
            self.landscape, minima, np.arange(int(kept.sum())), weight=self.weight[kept],
            visits=self.visits[kept], one=ends[:, 0], other=ends[:, 1], rough=height, saddles=saddles,
            polished=polished, proven=False, evaluations=self.evaluations, failures={}, outcome=self.clock.outcome,
        )  # fmt: skip
