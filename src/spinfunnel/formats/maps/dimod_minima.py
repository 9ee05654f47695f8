"""Minima of a binary landscape as a sample set of dimod."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.formats.maps.map_rows import Format
from spinfunnel.landscape import BasinGraph, InputError, key_states

if TYPE_CHECKING:
    import dimod

__all__ = ["FORMAT", "to_sampleset"]


def to_sampleset(graph: BasinGraph) -> dimod.SampleSet:
    """Return the minima of a binary landscape as a dimod sample set of spins, lowest first.

    One row stands for each minimum, with the state that its key spells; ``num_occurrences`` is the number of plain
    states behind it (plateau times orbit), so that occurrences count every degenerate copy. Data vectors: weight,
    plateau, orbit, native.

    Raises
    ------
    InputError
        When the keys are not bit strings of one length: the landscape is not binary.

    Examples
    --------
    >>> import numpy as np
    >>> none = (np.array([], str), np.array([]), np.array([0]), np.array([], int), np.array([], bool))
    >>> pair = BasinGraph(np.array(["01"]), np.array([-1.0]), np.array([1.0]), np.array([1]), np.array([2]), *none)
    >>> best = to_sampleset(pair).first
    >>> [int(spin) for spin in best.sample.values()], float(best.energy), int(best.num_occurrences)
    ([-1, 1], -1.0, 2)
    """
    import dimod

    lengths = {len(key) for key in graph.key.tolist()}
    if len(lengths) > 1 or not all(set(key) <= {"0", "1"} for key in graph.key.tolist()):
        raise InputError(
            "a dimod sample set holds spins, but the keys of these minima are not bit strings; export as graphml "
            "or csv instead"
        )
    bits = key_states(graph.key)
    samples: dimod.SampleSet = dimod.SampleSet.from_samples(
        (bits.astype(np.int8) * 2 - 1, range(bits.shape[1])),
        vartype="SPIN",
        energy=graph.energy,
        num_occurrences=graph.plateau * graph.orbit,
        sort_labels=False,
        info={"exact": bool(graph.exact), "symmetry": list(graph.symmetry)},
        weight=graph.weight,
        plateau=graph.plateau,
        orbit=graph.orbit,
        native=graph.native,
    )
    return samples


def _write_dimod(graph: BasinGraph, paths: Sequence[Path]) -> None:
    with paths[0].open("w", encoding="utf-8") as stream:
        json.dump(to_sampleset(graph).to_serializable(), stream)


FORMAT = Format(
    "dimod", ".json", (), _write_dimod, "the minima of a binary landscape as a dimod SampleSet", "D-Wave dimod"
)
