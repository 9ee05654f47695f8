"""The verdict: measures in, kind of landscape out, by one rule for each kind of landscape."""

from __future__ import annotations

from collections.abc import Mapping

from spinfunnel.landscape import BasinGraph, Kind
from spinfunnel.landscape.estimate import Measurement
from spinfunnel.verdict.rules import judge_measures
from spinfunnel.verdict.trained import judge_network_map
from spinfunnel.verdict.witness import Verdict

__all__ = ["judge_map"]


def judge_map(
    graph: BasinGraph,
    measures: Mapping[str, Measurement],
    *,
    nulls: Mapping[str, Mapping[str, Measurement]] | None = None,
) -> Verdict:
    """Judge a map by its measures.

    Parameters
    ----------
    graph : BasinGraph
    measures : mapping of str to Estimate or NoAnswer
        As `measure_all` returns them for it.
    nulls : mapping of str to mapping, optional
        The same measures of null ensembles, by the name of the ensemble.

    Examples
    --------
    >>> from spinfunnel.explore.flood.flooding import flood
    >>> from spinfunnel.measure import measure_all
    >>> from spinfunnel.systems import golf_course
    >>> landscape = golf_course(10, seed=1)
    >>> graph = flood(landscape)
    >>> judge_map(graph, measure_all(graph, landscape=landscape)).kind
    'golf course'
    """
    if graph.kind is Kind.NETWORK:
        return judge_network_map(graph, measures, nulls=nulls)
    return judge_measures(measures, kind=graph.kind, road=graph.road, nulls=nulls)
