"""Density of listed states: by energy, by overlap with the native state, by both."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.flood.state_density import BINS, LEVELS, graph_histogram
from spinfunnel.landscape import Tally

__all__ = ["count_listed"]

Floats = NDArray[np.float64]


def count_listed(energies: Floats, copies: NDArray[np.uint8], overlap: NDArray[np.float32] | None) -> tuple[Tally, ...]:
    """Histograms over all states, each of which stands for so many copies.

    Parameters
    ----------
    energies : array of float64, shape (n,)
    copies : array of uint8, shape (n,)
    overlap : array of float32, shape (n,), optional
        With the nearest native state; without it there is the histogram of the energy alone.

    Examples
    --------
    >>> tallies = count_listed(
    ...     np.array([0.0, 1.0, 1.0]), np.array([1, 2, 2], np.uint8), np.array([1, 0, 0], np.float32)
    ... )
    >>> [tally.quantity for tally in tallies], tallies[0].position, tallies[0].count
    (['overlap', 'energy', 'overlap and energy'], (0.0, 1.0), (4.0, 1.0))
    """
    whole = graph_histogram(energies, copies.astype(np.int64))
    if overlap is None:
        return (whole,)
    ring, shell = np.unique(overlap, return_inverse=True)
    number, cells = _numbered(energies)
    joint = shell * cells + number
    count: Floats = np.bincount(joint, weights=copies, minlength=len(ring) * cells).astype(np.float64)
    filled = np.flatnonzero(count)
    lowest = np.full(len(count), np.inf)
    np.minimum.at(lowest, joint, energies)
    rise = energies - lowest[joint]
    first = np.bincount(joint, weights=copies * rise, minlength=len(count))[filled]
    second = np.bincount(joint, weights=copies * rise**2, minlength=len(count))[filled]
    count, lowest = count[filled], lowest[filled]
    spread = np.sqrt(np.maximum(second / count - (first / count) ** 2, 0.0))
    mean = lowest + first / count
    at = ring[filled // cells].astype(np.float64)
    both = Tally(
        "overlap and energy", math.inf, *(tuple(column.tolist()) for column in (mean, count, mean, spread, lowest, at))
    )
    return _by_overlap(ring.astype(np.float64), filled // cells, (count, mean, spread, lowest)), whole, both


def _numbered(energies: Floats) -> tuple[NDArray[np.int64], int]:
    """Number of the level of each energy, or of its bin where levels are many; and how many there are."""
    few = np.unique(energies[:: max(1, len(energies) >> 14)])
    if len(few) <= LEVELS:
        level, place = np.unique(energies, return_inverse=True)
        if len(level) <= LEVELS + BINS:
            return place, len(level)
    low, high = float(energies.min()), float(energies.max())
    # The native level has a bin of its own.
    place = 1 + np.minimum(((energies - low) * (BINS / (high - low))).astype(np.int64), BINS - 1)
    return np.where(energies == low, 0, place), BINS + 1


def _by_overlap(ring: Floats, shell: NDArray[np.int64], cells: tuple[Floats, Floats, Floats, Floats]) -> Tally:
    count, mean, spread, lowest = cells
    number = np.bincount(shell, weights=count, minlength=len(ring))
    bottom = np.full(len(ring), np.inf)
    np.minimum.at(bottom, shell, lowest)
    rise = mean - bottom[shell]
    middle = np.bincount(shell, weights=count * rise, minlength=len(ring)) / number
    off = rise - middle[shell]
    square = np.bincount(shell, weights=count * (off**2 + spread**2), minlength=len(ring)) / number
    columns = (ring, number, bottom + middle, np.sqrt(square), bottom)
    return Tally("overlap", math.inf, *(tuple(column.tolist()) for column in columns))
