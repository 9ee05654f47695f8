"""Flooding of a function on a grid of up to three dimensions, in compiled loops."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["flood", "further_passes", "passes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _root(link: Ints, node: int) -> int:
    while link[node] != node:
        link[node] = link[link[node]]
        node = link[node]
    return node


@njit(cache=True, nogil=True)
def _neighbours(node: int, shape: Ints, periodic: NDArray[np.bool_], found: Ints, away: Floats) -> int:
    """Write the neighbours of a node of the grid and their distances in cells; return how many there are."""
    plane = shape[1] * shape[2]
    i, j, k = node // plane, (node // shape[2]) % shape[1], node % shape[2]
    count = 0
    for a in range(-1, 2):
        x = i + a
        if periodic[0]:
            x %= shape[0]
        if x < 0 or x >= shape[0] or (a != 0 and x == i):
            continue
        for b in range(-1, 2):
            y = j + b
            if periodic[1]:
                y %= shape[1]
            if y < 0 or y >= shape[1] or (b != 0 and y == j):
                continue
            for c in range(-1, 2):
                z = k + c
                if periodic[2]:
                    z %= shape[2]
                if z < 0 or z >= shape[2] or (c != 0 and z == k) or (a == 0 and b == 0 and c == 0):
                    continue
                found[count] = x * plane + y * shape[2] + z
                away[count] = math.sqrt(a * a + b * b + c * c)
                count += 1
    return count


@njit(cache=True, nogil=True)
def flood(  # noqa: C901 - a kernel
    energy: Floats, order: Ints, shape: Ints, periodic: NDArray[np.bool_], floor: float
) -> tuple[NDArray[np.int32], Ints]:
    """Basin of every node, and the bottom of every basin; basins shallower than the floor belong to a deeper one.

    Nodes come in the order given, lowest first. One none of whose neighbours came before it is the bottom of a basin;
    others belong to the basin of the neighbour to which they fall most steeply.
    """
    n = len(energy)
    label = np.full(n, -1, np.int32)
    bottom = np.empty(n // 2 + 2, np.int64)
    lake, alias = np.arange(len(bottom)), np.arange(len(bottom))
    basins = 0
    around, away = np.empty(26, np.int64), np.empty(26)
    for node in order:
        if not energy[node] < np.inf:
            break
        count = _neighbours(node, shape, periodic, around, away)
        best, steepest = -1, -1.0
        for place in range(count):
            other = around[place]
            if label[other] >= 0:
                slope = (energy[node] - energy[other]) / away[place]
                if slope > steepest:
                    best, steepest = other, slope
        if best < 0:
            label[node] = basins
            bottom[basins] = node
            basins += 1
            continue
        label[node] = label[best]
        here = _root(lake, label[best])
        for place in range(count):
            other = around[place]
            if label[other] < 0:
                continue
            there = _root(lake, label[other])
            if there == here:
                continue
            # The lake with the higher bottom ends here.
            low, high = (here, there) if energy[bottom[here]] <= energy[bottom[there]] else (there, here)
            lake[high] = low
            if energy[node] - energy[bottom[high]] <= floor:
                alias[_root(alias, high)] = _root(alias, label[best] if high == there else label[other])
            here = low
    number, fresh = np.full(basins, -1, np.int64), 0
    bottoms = np.empty(basins, np.int64)
    for basin in range(basins):
        head = _root(alias, basin)
        if number[head] < 0:
            number[head] = fresh
            bottoms[fresh] = bottom[head]
            fresh += 1
        if energy[bottom[basin]] < energy[bottoms[number[head]]]:
            bottoms[number[head]] = bottom[basin]
    for node in range(n):
        if label[node] >= 0:
            label[node] = number[_root(alias, label[node])]
    return label, bottoms[:fresh].copy()


@njit(cache=True, nogil=True)
def passes(
    energy: Floats, label: NDArray[np.int32], shape: Ints, periodic: NDArray[np.bool_], basins: int
) -> tuple[Ints, Ints, Floats, Ints]:
    """Lowest pass of the grid between every two basins that touch: both basins, its height, its higher node."""
    room = 1 << 12
    while room < 16 * basins:
        room *= 2
    keys, height, place = np.full(room, -1, np.int64), np.empty(room), np.empty(room, np.int64)
    used = 0
    around, away = np.empty(26, np.int64), np.empty(26)
    for node in range(len(energy)):
        one = label[node]
        if one < 0:
            continue
        count = _neighbours(node, shape, periodic, around, away)
        for position in range(count):
            other = around[position]
            two = label[other]
            # The higher node of each pair looks, of equals the later one.
            if (
                two < 0
                or two == one
                or energy[other] > energy[node]
                or (energy[other] == energy[node] and other > node)
            ):
                continue
            key = np.int64(min(one, two)) * basins + max(one, two)
            slot = (key * 11400714819) % room
            while keys[slot] >= 0 and keys[slot] != key:
                slot = (slot + 1) % room
            if keys[slot] < 0:
                if 2 * (used + 1) > room:
                    keys, height, place = _larger(keys, height, place)
                    room = len(keys)
                    slot = (key * 11400714819) % room
                    while keys[slot] >= 0:
                        slot = (slot + 1) % room
                keys[slot], height[slot], place[slot] = key, energy[node], node
                used += 1
            elif energy[node] < height[slot]:
                height[slot], place[slot] = energy[node], node
    filled = np.flatnonzero(keys >= 0)
    found = keys[filled]
    return found // basins, found % basins, height[filled], place[filled]


@njit(cache=True, nogil=True)
def further_passes(
    energy: Floats, label: NDArray[np.int32], shape: Ints, periodic: NDArray[np.bool_], basins: int
) -> tuple[Ints, Ints, Ints]:
    """Other passes of the grid: nodes on the border of two basins, lower than the rest of that border beside them.

    Returns both basins and the node of each. A node on several borders counts for that to its lowest neighbour.
    """
    border = np.full(len(energy), -1, np.int64)
    around, away = np.empty(26, np.int64), np.empty(26)
    for node in range(len(energy)):
        one = label[node]
        if one < 0:
            continue
        lowest = energy[node]
        for position in range(_neighbours(node, shape, periodic, around, away)):
            other = around[position]
            two = label[other]
            if two >= 0 and two != one and energy[other] <= lowest:
                lowest = energy[other]
                border[node] = np.int64(min(one, two)) * basins + max(one, two)
    found = np.zeros(len(energy), np.bool_)
    for node in range(len(energy)):
        if border[node] < 0:
            continue
        found[node] = True
        for position in range(_neighbours(node, shape, periodic, around, away)):
            other = around[position]
            lower = energy[other] < energy[node] or (energy[other] == energy[node] and other < node)
            if border[other] == border[node] and lower:
                found[node] = False
    nodes = np.flatnonzero(found)
    return border[nodes] // basins, border[nodes] % basins, nodes


@njit(cache=True, nogil=True)
def _larger(keys: Ints, height: Floats, place: Ints) -> tuple[Ints, Floats, Ints]:
    room = 2 * len(keys)
    wider, heights, places = np.full(room, -1, np.int64), np.empty(room), np.empty(room, np.int64)
    for slot in range(len(keys)):
        if keys[slot] >= 0:
            new = (keys[slot] * 11400714819) % room
            while wider[new] >= 0:
                new = (new + 1) % room
            wider[new], heights[new], places[new] = keys[slot], height[slot], place[slot]
    return wider, heights, places
