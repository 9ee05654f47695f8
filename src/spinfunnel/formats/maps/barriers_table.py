"""Maps as the table that the program barriers prints."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spinfunnel.formats.maps.map_rows import Format
from spinfunnel.landscape import BasinGraph

__all__ = ["FORMAT"]


def _write_barriers(graph: BasinGraph, paths: Sequence[Path]) -> None:
    """Write the table of local minima that the program barriers prints.

    A head line (there: the sequence; here: what the map is, in one word), then for each minimum in ascending order of
    energy, from 1: number, structure, energy, father, barrier. The father is the lowest minimum of the superbasin that
    the minimum's own joins first, at the barrier above its energy. Father 0: it joins none; its barrier reaches up to
    the highest pass of the map. Energies have ten decimals instead of two or five; columns are divided by white
    space, white space in keys becomes an underscore.
    """
    from spinfunnel.landscape.tree import merge_tree

    tree = merge_tree(graph)
    top = tree.energy.max(initial=-math.inf)
    father = np.zeros(graph.minima, np.int64)
    barrier = top - graph.energy
    child = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[child]
    flows = tree.lowest[child] != tree.lowest[parent]
    own = tree.lowest[child[flows]]
    father[own] = tree.lowest[parent[flows]] + 1
    barrier[own] = tree.energy[parent[flows]] - graph.energy[own]
    keys = [re.sub(r"\s", "_", key) or "_" for key in graph.key.tolist()]
    width, digits = max(map(len, keys), default=1), max(4, len(str(graph.minima)))
    rows = zip(keys, graph.energy.tolist(), father.tolist(), barrier.tolist(), strict=True)
    with paths[0].open("w", encoding="utf-8") as stream:
        stream.write(f"     spinfunnel:{graph.minima}-minima{'' if graph.exact else '-sampled'}\n")
        for number, (key, energy, above, height) in enumerate(rows, start=1):
            stream.write(f"{number:{digits}d} {key:<{width}s} {energy:18.10f} {above:{digits}d} {height:18.10f}\n")


FORMAT = Format(
    "barriers",
    ".bar",
    (),
    _write_barriers,
    "the table that the program barriers prints",
    "Flamm, Hofacker, Stadler, Wolfinger, Z. Phys. Chem. 216, 155 (2002)",
)
