"""A chart of what a sampling explorer has found: minima, where their chains of lowest exits lead, and the saddles.

Minima come in from quenches. Each is flooded locally until the water finds its way out (see `pocket`); the lower minima
behind become part of the chart and are flooded in turn, so that the chain of lowest exits from every minimum is
followed to its bottom. The parts that are then connected are flooded as wholes, like minima of their own: their lowest
ways out are edges of the minimum spanning tree (Boruvka 1926), exact where the water finds one. What cannot be flooded
within the bounds is joined by paths, whose summits are upper bounds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.pocket import Exits, escape
from spinfunnel.explore.sample.quench import Quenched
from spinfunnel.explore.sample.relink import relink
from spinfunnel.landscape import Binary, Bound, Minimum, Progress, Saddle, no_progress
from spinfunnel.landscape.basin_graph import chief_native
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.spins import Floats, Model, Words, spins_apart, unpacked

__all__ = ["EXACT_SIZE", "Chart", "keys_of"]

AT_ONCE, BATCH = 4, 64
"""Local floods that a thread does one after the other, and how many are made before the chains they begin are looked
at: the same on any number of threads, fewer where time is limited."""
TRIES, CLOSE = 32, 64
"""Paths between two minima; a quarter of them where more parts than the `CLOSE` lowest ones are joined."""
USUAL_SIZE = 1000
"""Spins above which there are fewer paths, in inverse proportion: they are longer."""
MOST_LINKS = 4000
"""Parts that are joined by paths, the lowest first."""
LARGEST_PART = 4096
"""Minima of a part that is flooded as a whole."""
ALL_TIES = 24
"""Bits up to which all ways out at one height are looked for; above, those near the first."""
SOME_TIES = 32
EXACT_SIZE = 64
"""Spins up to which minima behind exits and whole parts are flooded, so that joins can be exact."""


@dataclass(frozen=True, slots=True)
class _Link:
    """A saddle with the minima that it joins by number, hub first."""

    words: bytes
    minima: tuple[int, ...]
    bound: Bound


@dataclass(slots=True, eq=False)
class Chart:
    """Minima and saddles of a binary landscape, and how far the water rose around each.

    Parameters
    ----------
    landscape : Binary
    model : Model
        Of the landscape.
    most : int
        States that are looked at in one local flood.
    plateau : int
        States of a plateau that are searched.
    workers : int
    """

    landscape: Binary
    model: Model
    most: int
    plateau: int
    workers: int = 1
    evaluations: int = 0
    _number: dict[bytes, int] = field(default_factory=dict)
    _words: list[Words] = field(default_factory=list)
    _size: list[tuple[int, int, bool]] = field(default_factory=list)
    _visits: list[int] = field(default_factory=list)
    _energy: list[float] = field(default_factory=list)
    _lid: dict[int, float] = field(default_factory=dict)
    _links: dict[bytes, _Link] = field(default_factory=dict)
    _lowest: list[tuple[int, int]] = field(default_factory=list)
    _flooded: int = 0
    _higher: list[int] = field(default_factory=list)

    def add(self, found: Quenched, *, count: bool) -> None:
        """Take in the minima of quenches; those from random states are counted."""
        rows, first, times = np.unique(found.words, axis=0, return_index=True, return_counts=True)
        order = np.argsort(first)
        sizes = zip(found.plateau[first], found.inner[first], found.open[first], strict=True)
        facts = [(int(size), int(inner), bool(still)) for size, inner, still in sizes]
        numbers = self._numbers(rows[order], [facts[place] for place in order])
        for number, visits in zip(numbers, times[order].tolist(), strict=True):
            self._visits[number] += visits if count else 0
        self.evaluations += found.flips

    def _numbers(self, rows: Words, facts: list[tuple[int, int, bool]]) -> list[int]:
        """Numbers of packed minima; new ones are given one."""
        fresh = [place for place, row in enumerate(rows) if row.tobytes() not in self._number]
        energy = self.landscape.energy(self._bits(rows[fresh])) if fresh else np.zeros(0)
        for place, height in zip(fresh, energy.tolist(), strict=True):
            self._number[rows[place].tobytes()] = len(self._words)
            self._words.append(rows[place].copy())
            self._size.append(facts[place])
            self._visits.append(0)
            self._energy.append(height)
        return [self._number[row.tobytes()] for row in rows]

    def _bits(self, words: Words) -> NDArray[np.uint8]:
        return unpacked(words, size=self.model.size)

    # -----------------------------------------------------------------------------------------
    # What is known

    @property
    def minima(self) -> int:
        """Number of minima."""
        return len(self._words)

    @property
    def visits(self) -> NDArray[np.int64]:
        """Random quenches that ended in each minimum, in the order in which they came."""
        return np.array(self._visits, np.int64)

    @property
    def ground_energy(self) -> float:
        """Lowest energy of a minimum."""
        return min(self._energy)

    @property
    def minima_raw(self) -> int:
        """Plain states of all minima, as far as known: plateaus and symmetric copies counted."""
        return sum(self._copies(number) for number in range(self.minima))

    def natives(self) -> tuple[NDArray[np.uint8], int]:
        """Bits of the minima at the lowest energy, and the number of plain states at it, as far as known."""
        lowest = self.ground_energy
        chosen = [number for number, energy in enumerate(self._energy) if energy == lowest]
        bits = self._bits(np.array([self._words[number] for number in chosen]))
        return bits, sum(self._copies(number) for number in chosen)

    def chief(self) -> NDArray[np.uint8]:
        """Bits (1, N) of the chief native minimum: of those at the lowest energy, that which most searches ended in."""
        number = chief_native(np.array(self._energy), np.array(self._visits, np.float64))
        return self._bits(self._words[number][None])

    def states(self) -> tuple[NDArray[np.uint8], Floats]:
        """Bits and energies of all minima."""
        return self._bits(np.array(self._words)), np.array(self._energy)

    def _copies(self, number: int) -> int:
        plateau, orbit = self._orbit(number)
        return plateau * orbit

    def _orbit(self, number: int) -> tuple[int, int]:
        """States of a plateau, and its copies: mirror images in one plateau are counted as copies of it."""
        plateau, inner, _ = self._size[number]
        images = 1
        if len(self.model.turned) > 1:
            spins = 2 * self._bits(self._words[number][None])[0].astype(np.int8) - 1
            copies = spins[self.model.permutation] * self.model.turned
            if self.model.flip:
                copies = copies * -copies[:, -1:]
            images = len(np.unique(copies, axis=0))
        return plateau, max(1, images // inner) * (1 + self.model.flip)

    # -----------------------------------------------------------------------------------------
    # Floods

    def follow(self, *, deadline: float, limit: int, progress: Progress = no_progress) -> bool:
        """Flood every minimum that has not been flooded, and those behind its exits; False where time ran out.

        Minima that are new are flooded only where a chain leads to them: they are lower, and come next, so that chains
        are followed to their end one after the other. At most `limit` are flooded.
        """
        waiting = list(range(self._flooded, self.minima))
        self._flooded = self.minima
        many = BATCH if math.isinf(deadline) else AT_ONCE * self.workers
        while waiting:
            if len(self._lid) >= limit:
                return False
            batch, waiting = waiting[:many], waiting[many:]
            fresh = []
            for number, exits in zip(batch, self._flood_all([[number] for number in batch], progress), strict=True):
                fresh.extend(self._take_in([number], exits, whole=True))
            waiting = fresh + waiting
            if time.perf_counter() > deadline and waiting:
                return False
        return True

    def _flood_all(self, parts: list[list[int]], progress: Progress) -> list[Exits]:
        ties = None if self.model.size <= ALL_TIES else SOME_TIES

        def one(part: list[int]) -> Exits:
            heights = (np.array([self._energy[n] for n in part]) - self._energy[part[0]]) / self.model.unit
            if self.model.tolerance == 0.0 and not len(self.model.table):
                heights = np.rint(heights)
            words = np.array([self._words[number] for number in part])
            return escape(self.model, words, heights, most=self.most, plateau=self.plateau, ties=ties)

        def work(start: int, stop: int) -> list[Exits]:
            return [one(part) for part in parts[start:stop]]

        rows = over_blocks(
            work, len(parts), workers=self.workers, progress=progress, stage="local floods", block=AT_ONCE
        )
        return [exits for row in rows for exits in row]

    def _take_in(self, part: list[int], exits: Exits, *, whole: bool) -> list[int]:
        """Keep the ways out of minima; return those behind that are new and lower than what they were reached from."""
        self.evaluations += exits.states * self.model.size + exits.flips
        first = part[0]
        reached = self._energy[first] + exits.level * self.model.unit
        facts = list(zip(exits.plateau.tolist(), exits.inner.tolist(), exits.open.tolist(), strict=True))
        before = self.minima
        numbers = self._numbers(exits.outside, facts) if len(exits.outside) else []
        if exits.closed and numbers:
            reached = float(self.landscape.energy(self._bits(exits.saddle)).max())
        if whole:
            self._lid[first] = max(reached, self._energy[first])
        fresh = []
        for place, (number, inside) in enumerate(zip(numbers, exits.inside.tolist(), strict=True)):
            pair = (number, part[inside]) if exits.from_outside[place] else (part[inside], number)
            self._link(exits.saddle[place], pair, "exact")
            if place == 0:
                self._lowest.append(pair)
            if number >= before and self._energy[number] < self._energy[part[inside]] and number not in fresh:
                fresh.append(number)
        # Those that are higher are flooded as well once there is time: they come last.
        self._flooded = max(self._flooded, self.minima)
        self._higher.extend(n for n in range(before, self.minima) if n not in fresh or not whole)
        return fresh

    def complete(self, *, deadline: float, limit: int, progress: Progress = no_progress) -> bool:
        """Flood the minima that were only seen behind exits, until all are; False where there are too many."""
        while self._higher:
            if len(self._lid) + len(self._higher) > limit or time.perf_counter() > deadline:
                return False
            batch, self._higher = self._higher[:BATCH], self._higher[BATCH:]
            batch = [number for number in batch if number not in self._lid]
            for number, exits in zip(batch, self._flood_all([[number] for number in batch], progress), strict=True):
                self._higher.extend(self._take_in([number], exits, whole=True))
        return True

    def _link(self, words: Words, pair: tuple[int, int], bound: Bound) -> None:
        name = words.tobytes()
        known = self._links.get(name)
        if known is None:
            self._links[name] = _Link(name, pair, bound)
        elif known.bound == "exact" and bound == "exact" and known.minima[0] == pair[0]:
            self._links[name] = _Link(name, tuple(dict.fromkeys((*known.minima, pair[1]))), bound)
        elif known.bound == "upper" and bound == "exact":
            self._links[name] = _Link(name, pair, bound)

    # -----------------------------------------------------------------------------------------
    # Connections

    def connect(self, *, deadline: float, limit: int, seed: int, progress: Progress = no_progress) -> bool:
        """Join the parts until one is left: by floods of whole parts, then by paths; False where time ran out."""
        exact = True
        while exact:
            parts = self._parts()
            if len(parts) == 1:
                return True
            small = [part for part in parts if len(part) <= LARGEST_PART]
            biggest = max(parts, key=len)
            chosen = [part for part in small if part is not biggest][:BATCH]
            if not chosen or time.perf_counter() > deadline or self.model.size > EXACT_SIZE:
                break
            exact = False
            for part, exits in zip(chosen, self._flood_all(chosen, progress), strict=True):
                self._take_in(part, exits, whole=False)
                exact = exact or exits.closed
            if not self.complete(deadline=deadline, limit=limit, progress=progress):
                break
        return self._join(deadline=deadline, seed=seed)

    def _parts(self) -> list[list[int]]:
        """Minima of each connected part, the lowest first, parts by their lowest minimum.

        Where joins can be exact, one way out of each flood makes the parts: each alone is an edge of a minimum spanning
        tree, but two at one height may join what has a lower pass elsewhere.
        """
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        pairs = self._lowest if self.model.size <= EXACT_SIZE else self._pairs()
        ends = np.array(pairs, np.int64).reshape(-1, 2)
        graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(self.minima, self.minima))
        count, label = connected_components(graph, directed=False)
        rows: list[list[int]] = [[] for _ in range(count)]
        for number in np.lexsort((np.arange(self.minima), np.array(self._energy))).tolist():
            rows[label[number]].append(number)
        return sorted(rows, key=lambda row: (self._energy[row[0]], row[0]))

    def _pairs(self) -> list[tuple[int, int]]:
        """Hub and every other minimum of each link."""
        return [(link.minima[0], other) for link in self._links.values() for other in link.minima[1:]]

    def _join(self, *, deadline: float, seed: int) -> bool:
        """Paths from the bottom of each part to the ground state, then better ones, and to the nearest lower one.

        One path from each of the lowest parts is found whatever the time, so that rivals are known.
        """
        bottoms = [part[0] for part in self._parts()][:MOST_LINKS]
        words, size = np.array([self._words[number] for number in bottoms]), self.model.size
        for place in range(1, len(bottoms)):
            if place > CLOSE and time.perf_counter() > deadline:
                return False
            self._path(bottoms[0], bottoms[place], tries=1, seed=seed + place)
        longer = max(1.0, size / USUAL_SIZE)
        for place in range(1, len(bottoms)):
            if time.perf_counter() > deadline:
                return False
            away = spins_apart(words[place : place + 1], words[:place])[0]
            away = np.minimum(away, size - away) if self.model.flip else away
            tries = max(1, int((TRIES if place < CLOSE else TRIES // 4) / longer))
            for goal in dict.fromkeys((0, int(away.argmin()))):
                self._path(bottoms[goal], bottoms[place], tries=tries, seed=seed + place)
        return len(bottoms) < MOST_LINKS

    def _path(self, goal: int, start: int, *, tries: int, seed: int) -> None:
        """Keep the lowest summit of so many paths between two minima as an upper bound on their saddle."""
        summit = np.empty(self.model.words, np.uint64)
        relink(self.model, self._words[start], self._words[goal], tries, seed, summit)
        self._link(summit, (goal, start), "upper")
        self.evaluations += tries * self.model.size

    # -----------------------------------------------------------------------------------------
    # Records

    def records(self) -> Iterator[Minimum | Saddle]:
        """Yield minima, then the saddles that join them."""
        keys = keys_of(np.array(self._words), size=self.model.size)
        total = max(sum(self._visits), 1)
        for number, key in enumerate(keys):
            plateau, orbit = self._orbit(number)
            visits = self._visits[number]
            yield Minimum(
                key, self._energy[number], visits / total, plateau, orbit, visits=visits, lid=self._lid.get(number)
            )
        links = list(self._links.values())
        if not links:
            return
        words = np.array([np.frombuffer(link.words, np.uint64) for link in links])
        energy = self.landscape.energy(self._bits(words)).tolist()
        for link, name, height in zip(links, keys_of(words, size=self.model.size), energy, strict=True):
            floor = max(self._energy[number] for number in link.minima)
            yield Saddle(name, max(height, floor), tuple(keys[n] for n in link.minima), bound=link.bound)


def keys_of(words: Words, *, size: int) -> list[str]:
    """Keys of packed states: their bits as strings, bit 0 first.

    Examples
    --------
    >>> keys_of(np.array([[6]], np.uint64), size=4)
    ['0110']
    """
    digits = unpacked(words, size=size) + np.uint8(ord("0"))
    return [row.tobytes().decode("ascii") for row in np.ascontiguousarray(digits)]
