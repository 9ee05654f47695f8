"""Maps as the Cambridge programs keep them: ``min.data`` and ``ts.data``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spinfunnel.formats.maps.map_rows import Format, minimum_rows
from spinfunnel.landscape import BasinGraph

__all__ = ["FORMAT"]


def _write_cambridge(graph: BasinGraph, paths: Sequence[Path]) -> None:
    """Write ``min.data`` and ``ts.data``.

    A line of the first is: energy, log product of the positive Hessian eigenvalues, order of the point group, three
    moments of inertia; of the second: energy, log product, order, the two minima (from 1), three moments. Both
    programs weigh a minimum with ``exp(-log product / 2) / order * exp(-E / T)``. Of a smooth map the product takes the
    order of the point group in, ``-2 log_volume`` (see `landscape.Minimum`), and the order is 1. States without a
    Hessian get what makes this the number of plain states at the bottom: log product ``-2 ln(plateau)``, and order
    ``L / orbit`` with L the least common multiple of all orbits; their saddles stand in general position (order 1, log
    product 0). There are no moments (1 1 1). One that joins k minima becomes k - 1 lines from its hub.
    """
    copies = math.lcm(*graph.orbit.tolist()) if graph.minima else 1
    with paths[0].open("w", encoding="ascii") as stream:
        for number, (_, energy, _, plateau, orbit, _) in enumerate(minimum_rows(graph)):
            product = -2.0 * math.log(plateau) if plateau > 1 else 0.0
            if graph.harmonic:
                product = -2.0 * float(graph.log_states[number])
            stream.write(f"{energy!r} {product!r} {1 if graph.harmonic else copies // orbit} 1.0 1.0 1.0\n")
    hub, spoke, energies = (column.tolist() for column in graph.direct_edges())
    products = (-2.0 * np.repeat(graph.saddle_log_states, np.diff(graph.saddle_offsets) - 1)).tolist()
    with paths[1].open("w", encoding="ascii") as stream:
        for energy, product, first, second in zip(energies, products, hub, spoke, strict=True):
            stream.write(f"{energy!r} {product + 0.0!r} 1 {first + 1} {second + 1} 1.0 1.0 1.0\n")


FORMAT = Format(
    "cambridge",
    "",
    ("min.data", "ts.data"),
    _write_cambridge,
    "the pair of files that PATHSAMPLE, disconnectionDPS and pele read",
    "Wales, D. J., Energy Landscapes, Cambridge University Press (2003)",
)
