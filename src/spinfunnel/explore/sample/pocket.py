"""Local floods: the basins of one or several minima are filled until the lowest way out is found.

States are taken in ascending order of energy, starting at the minima. The energy reached is the water level; the states
inside make up the pocket. The lid method (Sibani, Schon, Salamon, Andersson, Europhys. Lett. 22, 479, 1993) fills a
pocket up to a height that is given; here the height, which is the escape barrier, is found. `_escape` states the
argument step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.moves.descents import OPEN, descend, rebuild, steepest, winners
from spinfunnel.moves.spins import (
    Floats,
    Ints,
    Model,
    Words,
    beside,
    canonical,
    go_to,
    grown,
    pack,
    place_of,
    same,
    start_changes,
    unpack,
)

__all__ = ["Exits", "escape"]

MOST_EXITS = 16
"""Ways out at exactly one height that are told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Exits:
    """What a local flood found.

    Attributes
    ----------
    closed : bool
        Whether the lowest way out was found.
    level : float
        Height of the exit above the energy of the first minimum, or of the water where the flood was cut off; in the
        unit of the model.
    states : int
        States that were looked at inside.
    saddle : array of uint64, shape (k, W)
        Packed saddle of each way out.
    outside : array of uint64, shape (k, W)
        Packed canonical minimum behind it.
    inside : array of int64, shape (k,)
        Number of the minimum from whose basin it leads out.
    from_outside : array of bool, shape (k,)
        Whether the saddle itself drains to the outside.
    plateau, inner : array of int64, shape (k,)
    open : array of bool, shape (k,)
        Of the minima behind: see `Quenched`.
    flips : int
    """

    closed: bool
    level: float
    states: int
    saddle: Words
    outside: Words
    inside: Ints
    from_outside: NDArray[np.bool_]
    plateau: Ints
    inner: Ints
    open: NDArray[np.bool_]
    flips: int


def escape(model: Model, minima: Words, heights: Floats, *, most: int, plateau: int, ties: int | None = None) -> Exits:
    """Flood the basins of minima, given as packed states, until the water finds a way out.

    Parameters
    ----------
    model : Model
    minima : array of uint64, shape (m, W)
    heights : array of float64, shape (m,)
        Energies of the minima above the first of them, in the unit of the model.
    most : int
        States inside that are looked at.
    plateau : int
        States of a plateau searched at most (see `quench`).
    ties : int, optional
        States inside that are looked at for further ways out at the same height; as many as `most` unless given.

    Examples
    --------
    A ring of six ferromagnetic bonds, cut in one place, with one strong bond less than the others: from the state with
    a wall at that bond the only way out is flat, and leads to the ground state.

    >>> from spinfunnel.moves.spins import spin_model, packed
    >>> from spinfunnel.systems.spins.polynomial import SpinPolynomial
    >>> chain = SpinPolynomial(4, [([[0, 1], [1, 2], [2, 3]], [-2.0, -1.0, -2.0])])
    >>> found = escape(spin_model(chain), packed(np.array([[1, 1, 0, 0]], np.uint8)), np.zeros(1), most=99, plateau=99)
    >>> found.closed, found.level, found.outside.tolist()
    (True, 2.0, [[0]])
    """
    saddle, outside = np.zeros((MOST_EXITS, model.words), np.uint64), np.zeros((MOST_EXITS, model.words), np.uint64)
    facts = np.zeros((MOST_EXITS, 5), np.int64)
    found, closed, level, states, flips = _escape(
        model,
        minima,
        np.asarray(heights, np.float64),
        most,
        most if ties is None else ties,
        plateau,
        saddle,
        outside,
        facts,
    )
    facts = facts[:found]
    return Exits(
        bool(closed), float(level), int(states), saddle[:found], outside[:found], facts[:, 0], facts[:, 1] == 1,
        facts[:, 2], facts[:, 3], facts[:, 4] == OPEN, int(flips),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _push(heap: NDArray[np.int32], used: int, height: Floats, slot: int) -> None:
    """Put a slot on a heap of so many; lowest first, the earlier one of equals."""
    place = used
    while place:
        above = (place - 1) // 2
        other = heap[above]
        if height[other] < height[slot] or (height[other] == height[slot] and other < slot):
            break
        heap[place] = other
        place = above
    heap[place] = slot


@njit(cache=True, nogil=True)
def _pop(heap: NDArray[np.int32], used: int, height: Floats) -> int:
    """Take the first slot off a heap of so many."""
    top, slot = heap[0], heap[used - 1]
    place = 0
    while True:
        down = 2 * place + 1
        if down >= used - 1:
            break
        left, right = heap[down], heap[down + 1]
        if down + 1 < used - 1 and (height[right] < height[left] or (height[right] == height[left] and right < left)):
            down, left = down + 1, right
        if height[slot] < height[left] or (height[slot] == height[left] and slot < left):
            break
        heap[place] = left
        place = down
    heap[place] = slot
    return top


@njit(cache=True, nogil=True)
def _more(
    kept: Words, height: Floats, label: NDArray[np.int32], came: NDArray[np.int32], flat: NDArray[np.bool_],
    heap: NDArray[np.int32], filled: int,
) -> tuple[Words, Floats, NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32]]:  # fmt: skip
    """Twice the room for states, their contents kept."""
    room = 2 * kept.shape[0]
    wider = np.empty((room, kept.shape[1]), np.uint64)
    wider[:filled] = kept[:filled]
    heights, labels, sources = np.empty(room), np.empty(room, np.int32), np.empty(room, np.int32)
    level, queue = np.empty(room, np.bool_), np.empty(room, np.int32)
    heights[:filled], labels[:filled], sources[:filled] = height[:filled], label[:filled], came[:filled]
    level[:filled], queue[: heap.size] = flat[:filled], heap
    return wider, heights, labels, sources, level, queue


@njit(cache=True, nogil=True)
def _lowest(change: Floats, keep: int) -> tuple[float, int]:
    """Limit of the so many lowest entries, and how many equal to it are among them.

    No more states than that are ever looked at, those seen before included: higher neighbours need not be kept.
    """
    if keep >= change.size:
        return np.inf, change.size
    limit = np.partition(change, keep - 1)[keep - 1]
    below_limit = 0
    for value in change:
        below_limit += value < limit
    return limit, keep - below_limit


@njit(cache=True, nogil=True)
def _escape(  # noqa: C901 - a kernel
    model: Model, minima: Words, heights: Floats, most: int, ties: int, cap: int, saddle: Words, outside: Words,
    facts: Ints,
) -> tuple[int, bool, float, int, int]:  # fmt: skip
    """Fill the basins of minima; return the ways out, whether that is all, the water level, states and flips.

    (1) States wait on a heap. The lowest is taken first, of equals the one that was found first. The water level is the
        highest energy that was taken.
    (2) A state is inside where its steepest descent ends in one of the minima, or in a symmetric copy of one: where
        descents tie, the basin of a copy is no copy of the basin. Any other state is outside.
    (3) Neighbours of inside states go onto the heap, those of outside states do not. The descent of an inside state
        stays inside and goes down. Followed backwards from the minimum it reaches the state through inside states that
        are no higher. So all inside states below the water level have been taken.
    (4) Hence the first outside state that is taken is a lowest way out: no path leaves the basins lower than that.
        The saddle is the higher of that state and the inside state from which it was reached.
    (5) Further ways out count at exactly that height, up to the tolerance. A state above it ends the flood. Two ways
        out of one basin into one other are the same exit.
    (6) The flood is cut off after `most` inside states, and `ties` of them after the first way out. Where none was
        found, the water level is a lower bound on it.

    Three short cuts leave the result as it is:

    (7) The steepest neighbour of a state, or the state of equal energy from which it was reached on a plateau, mostly
        has its label already: then no descent is needed.
    (8) Of the neighbours of a state only so many of the lowest are kept as can still be taken before (6).
    (9) Once a way out is known, neighbours above the water level cannot be taken before (5).
    """
    wide = minima.shape[1]
    kept, index = np.empty((256, wide), np.uint64), np.full(512, -1, np.int32)
    own, own_index = np.empty((minima.shape[0] + 1, wide), np.uint64), np.full(64, -1, np.int32)
    height, label, came = np.empty(256), np.full(256, -1, np.int32), np.full(256, -1, np.int32)
    flat = np.zeros(256, np.bool_)
    heap, used, filled = np.empty(256, np.int32), 0, 0
    spins, change, image = np.empty(model.size, np.int8), np.empty(model.size), np.empty(model.size, np.int8)
    aside, aside_change = np.empty(model.size, np.int8), np.empty(model.size)
    tree, trial, words = winners(model.size), np.empty(wide, np.uint64), np.empty(wide, np.uint64)
    end = np.empty(wide, np.uint64)
    flips, states, found, first = 0, 0, 0, 0
    for number in range(minima.shape[0]):
        unpack(minima[number], spins)
        canonical(model, spins, image, trial, own[number])
        own_index[place_of(own_index, own, own[number])] = number
        own_index = grown(own_index, own, number + 1)
        pack(spins, model.flip, kept[filled])
        place = place_of(index, kept, kept[filled])
        if index[place] < 0:
            index[place] = filled
            height[filled], label[filled], flat[filled] = heights[number], number, True
            _push(heap, used, height, filled)
            used, filled = used + 1, filled + 1
            index = grown(index, kept, filled)
            if filled == kept.shape[0] - 1:
                kept, height, label, came, flat, heap = _more(kept, height, label, came, flat, heap, filled)
    start_changes(model, spins, change)
    water = -np.inf
    while used:
        slot = _pop(heap, used, height)  # (1)
        used -= 1
        if found and height[slot] > water + model.tolerance:  # (5)
            return found, True, water, states, flips
        if states >= most or (found and states >= first + ties):  # (6)
            return found, found > 0, water if found else max(water, height[slot]), states, flips
        water = max(water, height[slot])  # (1)
        go_to(model, spins, change, kept[slot])
        inside = label[slot]
        outcome, size, inner = 0, 1, 1
        if inside < 0:
            rebuild(tree, spins, change, model.flip)
            best = steepest(model, spins, change, tree)
            if change[best] < -model.tolerance:  # (7): by the steepest neighbour
                beside(kept[slot], best, model.size, model.flip, words)
                below_slot = index[place_of(index, kept, words)]
                inside = label[below_slot] if below_slot >= 0 else -1
            # (7): on the plateau of a minimum
            elif flat[came[slot]] and abs(height[slot] - height[came[slot]]) <= model.tolerance:
                inside = label[came[slot]]
                flat[slot] = True
            if inside < 0:  # (2)
                aside[:] = spins
                aside_change[:] = change
                steps, outcome, size, inner = descend(model, aside, aside_change, tree, cap, end)
                flips += steps
                inside = own_index[place_of(own_index, own, end)]
        if inside < 0:  # (4)
            seen = False
            for exit_number in range(found):  # (5)
                seen = seen or (facts[exit_number, 0] == label[came[slot]] and same(outside[exit_number], end))
            if not seen and found < outside.shape[0]:
                from_outside = height[slot] >= height[came[slot]]
                saddle[found] = kept[slot] if from_outside else kept[came[slot]]
                outside[found] = end
                facts[found, 0], facts[found, 1] = label[came[slot]], from_outside
                facts[found, 2], facts[found, 3], facts[found, 4] = size, inner, outcome
                first = states if found == 0 else first
                found += 1
            continue
        label[slot] = inside
        states += 1
        limit, left = _lowest(change, most + min(ties, most) + 1)  # (8)
        for i in range(model.size):  # (3)
            level = height[slot] + change[i]
            if change[i] > limit or (found and level > water + model.tolerance):  # (8), (9)
                continue
            if change[i] == limit:
                left -= 1
                if left < 0:
                    continue
            beside(kept[slot], i, model.size, model.flip, kept[filled])
            place = place_of(index, kept, kept[filled])
            if index[place] >= 0:
                continue
            index[place] = filled
            height[filled], label[filled], came[filled], flat[filled] = level, -1, slot, False
            _push(heap, used, height, filled)
            used, filled = used + 1, filled + 1
            index = grown(index, kept, filled)
            if filled == kept.shape[0] - 1:
                kept, height, label, came, flat, heap = _more(kept, height, label, came, flat, heap, filled)
    return found, True, water, states, flips
