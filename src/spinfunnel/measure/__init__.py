"""Measures: numbers about a basin graph, each with its definition and its source.

`MEASURES` lists them; adding one is a function in a file of this folder and a row in that file's own list.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.plugins import Registry
from spinfunnel.measure import (
    commitment,
    connected_part,
    correlation,
    depth,
    folding,
    folding_window,
    frustration,
    guided,
    index_counts,
    kinetics,
    levinthal,
    motif,
    phi_values,
    profile,
    rivals,
    rulers,
    share,
    sinks,
    slope,
    smooth_kinetics_measures,
    solution_measures,
    stability,
    superposition,
    thermodynamics,
    transition,
    two_state,
    valley,
    walsh,
)
from spinfunnel.measure.answers import Measures
from spinfunnel.measure.funnel import funnel_of
from spinfunnel.measure.outcome import Measure, Topography
from spinfunnel.measure.profile import FunnelProfile, funnel_profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spinfunnel.landscape import Landscape

__all__ = [
    "COMPARED",
    "MEASURES",
    "FunnelProfile",
    "Measure",
    "Measures",
    "funnel_of",
    "funnel_profile",
    "measure_all",
]

MEASURES: Registry[Measure] = Registry(
    "spinfunnel.measures",
    Measure,
    (
        measure
        for group in (
            share,
            profile,
            sinks,
            frustration,
            depth,
            motif,
            valley,
            correlation,
            folding,
            thermodynamics,
            transition,
            stability,
            guided,
            slope,
            two_state,
            kinetics,
            levinthal,
            walsh,
            rulers,
            folding_window,
            commitment,
            phi_values,
            connected_part,
            rivals,
            superposition,
            smooth_kinetics_measures,
            index_counts,
            solution_measures,
        )
        for measure in group.MEASURES
    ),
)

COMPARED = stability.COMPARED
"""Names of the measures that compare with the ground energies of a null."""


def measure_all(
    graph: BasinGraph,
    *,
    temperature: float | None = None,
    names: Iterable[str] | None = None,
    landscape: Landscape | None = None,
    workers: int = 1,
    seed: int = 0,
    null_grounds: Sequence[float] = (),
    null_maps: Sequence[BasinGraph] = (),
    deadline: float = math.inf,
    solved_bits: int | None = None,
) -> Measures:
    """Measure a basin graph by every measure, or by those named.

    Parameters
    ----------
    graph : BasinGraph
    temperature : float, optional
        For the measures that need one, in the unit of the energy; that of `measure.temperature` unless given.
    names : iterable of str, optional
        Keys of `MEASURES`; all unless given.
    landscape : Landscape, optional
        The landscape of which the graph is the map. Measures that read its states answer ``no_landscape`` without.
    workers : int
        Threads for the long ones; no answer depends on it.
    seed : int
        For those that sample.
    null_grounds : sequence of float
        Ground energies of the ensemble of shuffled interactions, for the measures that compare with it.
    null_maps : sequence of BasinGraph
        Maps of nulls that were explored as the landscape itself was.
    deadline : float
        Reading of `time.perf_counter` by which walks on landscapes that were sampled are over.
    solved_bits : int, optional
        Free bits up to which passage times are solved for; above, walks are run.

    Returns
    -------
    Measures
        A dict of str to Estimate or NoAnswer, in the order of `MEASURES`.

    Raises
    ------
    InputError
        For a name that is not a measure, or a temperature that is not a positive finite number.

    Examples
    --------
    >>> import numpy as np
    >>> graph = BasinGraph(
    ...     key=np.array(["0"]),
    ...     energy=np.zeros(1),
    ...     weight=np.ones(1),
    ...     plateau=np.ones(1, np.int64),
    ...     orbit=np.ones(1, np.int64),
    ...     saddle_key=np.array([], str),
    ...     saddle_energy=np.array([]),
    ...     saddle_offsets=np.array([0]),
    ...     saddle_minima=np.array([], np.int64),
    ...     saddle_exact=np.array([], bool),
    ... )
    >>> for name, answer in measure_all(graph, names=["funnel_weight", "frustration"]).items():
    ...     print(name, "=", answer)
    funnel_weight = 1
    frustration = single_minimum: there is one minimum only; nothing to do: no barrier exists
    """
    wanted = set(MEASURES if names is None else names)
    unknown = sorted(wanted - MEASURES.keys())
    if unknown:
        raise InputError(f"there is no measure {unknown[0]!r}; there are {', '.join(MEASURES)}")
    topography = Topography(
        graph, temperature=temperature, landscape=landscape, workers=workers, seed=seed, null_grounds=null_grounds,
        null_maps=null_maps, deadline=deadline, solved_bits=solved_bits,
    )  # fmt: skip
    return Measures({name: measure.on(topography) for name, measure in MEASURES.items() if name in wanted})
