"""Curvatures of the native minimum and of the saddles that lead out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.landscape import BasinGraph

__all__ = ["HessianRows", "spectra_of"]

Floats = NDArray[np.float64]

MOST_SADDLES = 15
"""Saddles whose spectra are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class HessianRows:
    """Curvatures of stationary points: the native minimum first, then saddles in order of energy.

    Attributes
    ----------
    energies : array (R,)
    curvatures : array (R, k)
        Eigenvalues of the Hessian, ascending, zero modes left out; NaN where a point has fewer.
    known : int
        Number of known saddles that join the native minimum; those that are drawn are the lowest.
    """

    energies: Floats
    curvatures: Floats
    known: int

    @property
    def frequencies(self) -> Floats:
        """Square roots of the curvatures, negative where the curvature is."""
        return np.asarray(np.sign(self.curvatures) * np.sqrt(np.abs(self.curvatures)))


def spectra_of(
    landscape: Any, graph: BasinGraph, minima: Mapping[str, bytes], saddles: Mapping[str, bytes]
) -> HessianRows:
    """Hessian spectra of the native minimum and of the lowest saddles that join it to others or to itself."""
    engine = Engine(landscape)
    hubs = np.repeat(np.arange(graph.saddles), np.diff(graph.saddle_offsets))
    out = np.unique(hubs[graph.saddle_minima == 0])
    drawn = out[:MOST_SADDLES]
    states = [minima[str(graph.key[0])], *(saddles[str(graph.saddle_key[number])] for number in drawn)]
    found = [engine.curvatures(np.frombuffer(state, "<f8").copy()) for state in states]
    rows = np.full((len(found), max(map(len, found))), np.nan)
    for row, values in zip(rows, found, strict=True):
        row[: len(values)] = values
    return HessianRows(np.concatenate([graph.energy[:1], graph.saddle_energy[drawn]]), rows, len(out))
