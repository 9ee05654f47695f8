"""Saddles, exits and merges: Kruskal's algorithm on the states, restricted to those that can matter.

(1) A state u and its neighbours v with E(v) <= E(u) that drain elsewhere form a *star*: u is a candidate saddle of
    energy E(u) between its own basin (the hub) and theirs (the spokes). A path between two basins changes basin between
    two neighbours, the higher of which has a star; so the stars hold every saddle.
(2) Stars are worked off in ascending order of energy (Kruskal). A spoke whose basin is connected to the hub's strictly
    below E(u) is neither an exit nor a merge, and is dropped.
(3) Stars of one energy see the components as they were strictly below it, so that their order does not matter.
(4) Of the spokes that are left, each lies at the lowest height at which the two components meet. The star is an exit
    of a basin that has no lower one; several at the same height all count.
(5) A star that joins two components is a merge. A component is named by its lowest minimum.
(6) Once one component is left nothing higher can matter, so that most states are never looked at. That is why states
    are gathered in slices of ascending energy (`slices`), each only when it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.explore.flood.hypercube import move

__all__ = ["Forest", "SaddleTable", "Stars", "collect_stars"]

Ints = NDArray[np.int64]
Labels = NDArray[np.int32]
Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)
def collect_stars(
    energies: Floats,
    label: Labels,
    component: Labels,
    candidate: NDArray[np.uint32],
    start: int,
    stop: int,
    bits: int,
    flip: int,
    state: Ints,
    size: Labels,
    spoke: Labels,
) -> tuple[int, int, int]:
    """Write the stars of ``candidate[start:stop]``; return the number of stars, of spokes, and where it stopped.

    Spokes that were connected to the hub before this slice are left out. It stops at `stop`, or before a state whose
    star might not fit any more.
    """
    stars = 0
    spokes = 0
    for row in range(start, stop):
        if stars == state.size or spokes + bits + flip > spoke.size:
            return stars, spokes, row
        here = np.int64(candidate[row])
        hub = label[here]
        home = component[hub]
        first = spokes
        for number in range(bits + flip):
            other = move(here, number, bits)
            basin = label[other]
            if basin == hub or component[basin] == home or energies[other] > energies[here]:  # (1), (2)
                continue
            fresh = True
            for seen in range(first, spokes):
                if spoke[seen] == basin:
                    fresh = False
                    break
            if fresh:
                spoke[spokes] = basin
                spokes += 1
        if spokes > first:
            state[stars] = here
            size[stars] = spokes - first
            stars += 1
    return stars, spokes, stop


@njit(cache=True, nogil=True)
def _find(parent: Labels, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def work_off(
    order: Ints,
    energy: Floats,
    hub: Labels,
    offset: Ints,
    spoke: Labels,
    parent: Labels,
    level: Floats,
    keep: NDArray[np.bool_],
    used: NDArray[np.bool_],
    components: int,
) -> int:
    """Merge basins over stars in the given order; return the number of components left.

    `keep` marks spokes not connected to their hub below the star, `used` the stars that merge something or are an exit;
    `level` holds the height of each basin's exits. The numbers are those of the module's argument.
    """
    total = order.size
    first = 0
    while first < total and components > 1:  # (6)
        height = energy[order[first]]
        last = first
        while last < total and energy[order[last]] == height:  # (3)
            last += 1
        for row in range(first, last):
            star = order[row]
            home = hub[star]
            for place in range(offset[star], offset[star + 1]):
                basin = spoke[place]
                if _find(parent, home) != _find(parent, basin):  # (2)
                    keep[place] = True
                    level[home] = min(level[home], height)
                    level[basin] = min(level[basin], height)
                    # (4): levels are heights of stars, so that equality is that of one and the same height
                    used[star] |= level[home] == height or level[basin] == height
        for row in range(first, last):
            star = order[row]
            for place in range(offset[star], offset[star + 1]):
                if keep[place]:
                    one = _find(parent, hub[star])
                    two = _find(parent, spoke[place])
                    if one != two:  # (5)
                        parent[max(one, two)] = min(one, two)
                        components -= 1
                        used[star] = True
        first = last
    return components


@dataclass(frozen=True, slots=True, eq=False)
class Stars:
    """Candidate saddles of one slice: states with the basins that meet there.

    Attributes
    ----------
    state : array of int64, shape (s,)
        Ascending.
    energy : array of float64, shape (s,)
    hub : array of int32, shape (s,)
    offset : array of int64, shape (s + 1,)
    spoke : array of int32, shape (offset[-1],)
    """

    state: Ints
    energy: Floats
    hub: Labels
    offset: Ints
    spoke: Labels


@dataclass(frozen=True, slots=True, eq=False)
class SaddleTable:
    """Saddles in ascending order of (energy, state); the joined minima of each, hub first, in compressed rows."""

    state: Ints
    energy: Floats
    offset: Ints
    joined: Ints

    def reordered(self, rank: Ints) -> SaddleTable:
        """The same saddles in another order."""
        size = np.diff(self.offset)[rank]
        offset = np.concatenate([[0], np.cumsum(size)])
        places = np.repeat(self.offset[rank] - offset[:-1], size) + np.arange(offset[-1])
        return SaddleTable(self.state[rank], self.energy[rank], offset, self.joined[places])


@dataclass(slots=True, eq=False)
class Forest:
    """Basins as they grow together, and the saddles used so far. Minima are numbered in ascending order of energy."""

    minima: int
    components: int = field(init=False)
    parent: Labels = field(init=False)
    level: Floats = field(init=False)
    _parts: list[SaddleTable] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.components = self.minima
        self.parent = np.arange(self.minima, dtype=np.int32)
        self.level = np.full(self.minima, np.inf)

    def flatten(self) -> None:
        """Let every basin name its component directly: the component's lowest minimum."""
        while True:
            next_up = self.parent[self.parent]
            if np.array_equal(next_up, self.parent):
                return
            self.parent = next_up

    def add(self, stars: Stars) -> None:
        """Work off one slice, all of whose energies lie above those of the slices before."""
        order = np.argsort(stars.energy, kind="stable")
        keep = np.zeros(len(stars.spoke), np.bool_)
        used = np.zeros(len(stars.state), np.bool_)
        self.components = work_off(
            order, stars.energy, stars.hub, stars.offset, stars.spoke, self.parent, self.level, keep, used,
            self.components,
        )  # fmt: skip
        self.flatten()
        self._parts.append(_select(stars, order[used[order]], keep))

    def table(self) -> SaddleTable:
        """All saddles used."""
        if not self._parts:
            return SaddleTable(np.zeros(0, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int64))
        sizes = np.concatenate([np.diff(part.offset) for part in self._parts])
        return SaddleTable(
            np.concatenate([part.state for part in self._parts]),
            np.concatenate([part.energy for part in self._parts]),
            np.concatenate([[0], np.cumsum(sizes)]),
            np.concatenate([part.joined for part in self._parts]),
        )


def _select(stars: Stars, rows: Ints, keep: NDArray[np.bool_]) -> SaddleTable:
    """Turn the chosen stars into saddles: hub first, then the spokes that were kept."""
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    size = kept_before[stars.offset[rows + 1]] - kept_before[stars.offset[rows]] + 1
    offset = np.concatenate([[0], np.cumsum(size)])
    joined = np.empty(offset[-1], np.int64)
    joined[offset[:-1]] = stars.hub[rows]
    tail = np.ones(len(joined), np.bool_)
    tail[offset[:-1]] = False
    places = np.repeat(kept_before[stars.offset[rows]] - (offset[:-1] - np.arange(len(rows))), size - 1) + np.arange(
        tail.sum()
    )
    joined[tail] = stars.spoke[keep][places]
    return SaddleTable(stars.state[rows], stars.energy[rows], offset, joined)
