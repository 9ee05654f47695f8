"""Where to climb from so that low minima become joined, and the barriers between them low.

The superbasin of a minimum at a height holds the minima that known paths below that height lead to (Becker, Karplus,
J. Chem. Phys. 106, 1495, 1997). A minimum is a bottom if a barrier leads from it to every lower one. A bottom and the
lower minimum that it meets first have two superbasins below that barrier. Climbs begin in the smaller of the two: a
path over a lower barrier leaves both. Where all minima of a superbasin have been climbed from and none led out, the
barrier stands. What has no known path to the lowest minimum is searched from in the same way, without a height.

The search from both sides is that for a lowest pass by flooding from two springs; its choice of what to join next
stands where connection attempts along estimated paths do in Carr, Trygubenko, Wales, J. Chem. Phys. 122, 234903 (2005).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from spinfunnel.explore.smooth.bridging import Bridge, Bridges, Front
from spinfunnel.explore.smooth.identity import Catalogue, Point

__all__ = ["Joining", "Superbasins", "bottoms"]

LOW = 40
"""Lowest minima of all that are to be joined."""
HALF = 0.5
"""Height of a barrier over that of the highest, from which on it matters; height of a minimum over that of the median
saddle, up to which it does."""
MOST_BARRIERS = 40
"""Barriers that are left standing: a landscape with more rivals is a glass, whatever their heights."""
BRIDGED = 4
"""Of so many blocks of climbs from a chain all but one are made between near minima."""
MOST_NEAR = 200
"""Lowest minima of a superbasin among which near ones are sought."""
MOST_CLIMBS, MOST_ALL, MOST_ALONE = 12_000, 36_000, 1500
"""Climbs for one barrier, for all of them, and for one minimum that has no path to the lowest yet."""
PUT_OFF, MOST_OF_CHAIN = 48, 12_000
"""Of a chain: climbs for one minimum before barriers between what is joined are sought, since what lies behind a knot
can take all the time there is; and all climbs, some six minutes of processor time for 46 beads."""


@dataclass(slots=True)
class Superbasins:
    """Minima that are joined below a height, kept up as saddles are found.

    Examples
    --------
    >>> superbasins = Superbasins(0.0)
    >>> superbasins.add(-1.0, ("a", "b")), superbasins.add(1.0, ("b", "c"))
    (None, None)
    >>> superbasins.of("a") == {"a", "b"}, superbasins.of("c")
    (True, {'c'})
    """

    height: float
    _superbasin: dict[str, set[str]] = field(default_factory=dict)

    def of(self, key: str) -> set[str]:
        """Minima of the superbasin in which one lies."""
        return self._superbasin.setdefault(key, {key})

    def add(self, energy: float, minima: tuple[str, ...]) -> None:
        """Join the minima beside a saddle, if it is below the height."""
        if energy >= self.height:
            return
        large = self.of(minima[0])
        for key in minima[1:]:
            small = self.of(key)
            if small is large:
                continue
            if len(small) > len(large):
                large, small = small, large
            large |= small
            for each in small:
                self._superbasin[each] = large


def bottoms(
    minima: Mapping[str, float], saddles: Sequence[tuple[float, tuple[str, ...]]]
) -> dict[str, tuple[float, str | None]]:
    """Height over which each minimum first meets a lower one, and the lowest one that it meets there.

    Parameters
    ----------
    minima : mapping from key to energy
    saddles : sequence of (energy, keys of minima)

    Returns
    -------
    dict
        (inf, None) of what meets no lower minimum: the lowest, and those without a path to a lower one.

    Examples
    --------
    >>> found = bottoms({"a": -3.0, "b": -2.0, "c": -1.0}, [(1.0, ("a", "b")), (0.0, ("b", "c"))])
    >>> found["b"], found["c"], found["a"]
    ((1.0, 'a'), (0.0, 'b'), (inf, None))
    """
    lowest = {key: key for key in minima}
    met: dict[str, tuple[float, str | None]] = dict.fromkeys(minima, (math.inf, None))

    def root(key: str) -> str:
        while lowest[key] != key:
            lowest[key] = lowest[lowest[key]]
            key = lowest[key]
        return key

    for energy, keys in sorted(saddles):
        one = root(keys[0])
        for key in keys[1:]:
            other = root(key)
            if one == other:
                continue
            low, high = sorted((one, other), key=lambda each: (minima[each], each))
            lowest[high], met[high] = low, (energy, low)
            one = low
    return met


@dataclass(slots=True, eq=False)
class Joining:
    """The choice of minima to climb from.

    Attributes
    ----------
    minima, saddles : Catalogue
    joins : mapping from key of saddle to keys of minima
    fronts : dict from key of minimum to Front
    searches : int
        Climbs from a minimum at least, before it counts as one that leads to nothing new.
    starts : sequence of str
        Minima at the ends of random quenches, which are to be joined to the lowest.
    bridges : Bridges, optional
        Of a chain: every other block of climbs is made between near minima of the two superbasins to be joined.
    stage, done : str, float
        What is being joined, and the share of that stage that is done.
    """

    minima: Catalogue
    saddles: Catalogue
    joins: Mapping[str, tuple[str, str]]
    fronts: dict[str, Front]
    searches: int
    starts: Sequence[str]
    bridges: Bridges | None = None
    superbasins: Superbasins = field(default_factory=lambda: Superbasins(math.inf))
    _seen: int = 0
    _settled: dict[str, float] = field(default_factory=dict)
    _climbs: int = 0
    stage: str = "joining"
    done: float = 0.0

    def tasks(self, block: int) -> Iterator[Front | Bridge]:
        """Minima to climb from, one block after the other; between two of them what was found has to be entered."""
        low = [point.key for point in sorted(self.minima.points, key=lambda each: each.energy)[:LOW]]
        starts = sorted(self.starts, key=lambda each: self.minima[each].energy)
        if self.bridges is None:
            yield from self._each_joined(low, "low minimum", block, most=MOST_ALONE)
            yield from self._each_joined(starts, "start", block, most=MOST_ALONE)
            yield from self._barriers(block)
            return
        yield from islice(self._of_chain(low, starts, block), MOST_OF_CHAIN // block)

    def _of_chain(self, low: Sequence[str], starts: Sequence[str], block: int) -> Iterator[Front | Bridge]:
        for most in (PUT_OFF, MOST_ALONE):
            # The starts of a chain are what it folds to, most of them low: where they lead decides what it is.
            yield from self._each_joined(starts, "start", block, most=most)
            yield from self._each_joined(low, "low minimum", block, most=most)
            yield from self._barriers(block)

    def _each_joined(self, keys: Sequence[str], name: str, block: int, *, most: int) -> Iterator[Front | Bridge]:
        for number, key in enumerate(keys):
            self.stage, self.done = f"joining {name} {number + 1} of {len(keys)}", number / len(keys)
            yield from self._joined(key, block, most)

    def _joined(self, key: str, block: int, most: int) -> Iterator[Front | Bridge]:
        """Climb from a minimum and what it leads to until it is joined to the lowest."""
        self._flood(math.inf)
        for number in range(most // block):
            self._catch_up()
            one, other = self.superbasins.of(key), self.superbasins.of(self._lowest())
            if one is other:
                return
            if self.bridges is not None and number % BRIDGED:
                yield self._bridge(self.bridges, one, other)
            else:
                yield self._ask(min(one, other, key=len), block)

    def _bridge(self, bridges: Bridges, one: set[str], other: set[str]) -> Bridge:
        """Near minima of two superbasins, of each the lowest ones."""
        near, far = bridges.nearest(self._lowest_of(one), self._lowest_of(other))
        return Bridge(self.fronts[near.key], far)

    def _lowest_of(self, superbasin: set[str]) -> list[Point]:
        points = sorted((self.minima[key] for key in superbasin), key=lambda each: (each.energy, each.key))
        return points[:MOST_NEAR]

    def _barriers(self, block: int) -> Iterator[Front]:
        """Seek lower paths from the rivals of the lowest minimum, that behind the highest barrier first."""
        while len(self._settled) < MOST_BARRIERS and self._climbs < MOST_ALL:
            rival = self._rival()
            if rival is None:
                return
            key, height, lower = rival
            self.stage = f"barrier of {height - self.minima[key].energy:.4g}, {len(self._settled)} stand"
            self.done = self._climbs / MOST_ALL
            yield from self._lowered(key, height, lower, block)

    def _lowered(self, key: str, height: float, lower: str, block: int) -> Iterator[Front]:
        self._flood(height)
        for number in range(MOST_CLIMBS // block):
            self._catch_up()
            one, other = self.superbasins.of(key), self.superbasins.of(lower)
            if one is other:
                return
            superbasin = min(one, other, key=len)
            if all(self.fronts[each].done(self.searches) for each in superbasin):
                break
            self._climbs += block
            # Low minima are where paths begin; high ones are near the pass, and there are more than there is time for.
            yield self._ask(superbasin, block, high=number % 2 == 1)
        self._settled[key] = height

    def _rival(self) -> tuple[str, float, str] | None:
        """The minimum behind the highest barrier that may still fall, among traps deeper than the drop that remains."""
        energies = {point.key: point.energy for point in self.minima.points}
        passes = [(point.energy, self.joins[point.key]) for point in self.saddles.points]
        floor = energies[self._lowest()]
        # As rivals are measured: high minima, of which few ways down are known, are none.
        ceiling = floor + HALF * (statistics.median(height for height, _ in passes) - floor) if passes else floor
        deep = [
            (height - energies[key], key, height, lower)
            for key, (height, lower) in bottoms(energies, passes).items()
            if lower is not None and height - energies[key] > energies[key] - floor and energies[key] <= ceiling
        ]
        highest = max((each[0] for each in deep), default=0.0)
        left = [each for each in deep if each[0] >= HALF * highest and self._settled.get(each[1]) != each[2]]
        if not left:
            return None
        _, key, height, lower = max(left)
        return key, height, lower

    def _ask(self, superbasin: set[str], block: int, *, high: bool = False) -> Front:
        """Of a superbasin, the minimum with the fewest climbs, the lowest of those, or the highest."""
        sign = -1.0 if high else 1.0
        front = min(
            (self.fronts[key] for key in superbasin),
            key=lambda each: (each.asked, sign * each.point.energy, each.point.key),
        )
        front.asked += block
        return front

    def _lowest(self) -> str:
        return self.minima.floor.key

    def _flood(self, height: float) -> None:
        """Begin superbasins below another height."""
        self.superbasins, self._seen = Superbasins(height), 0

    def _catch_up(self) -> None:
        """Take in the saddles that were found since the last time."""
        for point in self.saddles.points[self._seen :]:
            self.superbasins.add(point.energy, self.joins[point.key])
        self._seen = len(self.saddles.points)
