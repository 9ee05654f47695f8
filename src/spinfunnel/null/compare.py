"""A landscape beside its nulls: one way for every kind, by the rows of `NULLS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.measure.answers import Measures
from spinfunnel.null import NULLS
from spinfunnel.null.ensemble import refused
from spinfunnel.null.row import Asked

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All nulls of one landscape, by name: their measures, and the number of their samples (0 where there is none).

    `own` are the measures of the landscape itself that compare with a null.
    """

    nulls: Mapping[str, Mapping[str, Measurement]]
    samples: Mapping[str, int]
    own: Mapping[str, Measurement]


def compare(asked: Asked) -> Comparison:
    """Make all nulls of a landscape that there are for the road of its map, and say why there are no others.

    Examples
    --------
    >>> from spinfunnel.explore.flood.flooding import flood
    >>> from spinfunnel.systems import disordered_ferromagnet
    >>> magnet = disordered_ferromagnet((3, 3), seed=1)
    >>> beside = compare(Asked(landscape=magnet, graph=flood(magnet), count=4, seed=1))
    >>> beside.samples, beside.own["stability_gap"].value > 0.0
    ({'shuffled_energies': 4, 'sorted_energies': 3, 'shuffled_interactions': 4}, True)
    """
    road = asked.graph.road
    nulls: dict[str, Mapping[str, Measurement]] = {}
    samples: dict[str, int] = {}
    own: dict[str, Measurement] = {}
    for null in NULLS.values():
        way = null.on(road)
        if way is None:
            continue
        known = asked.landscape is not None or road == "trained"
        found = way(asked) if known else refused(_unknown())
        own |= found.own
        if found.measures:
            nulls[null.name], samples[null.name] = Measures(found.measures), found.samples
    return Comparison(nulls, samples, own)


def _unknown() -> NoAnswer:
    return NoAnswer(
        "no_energies",
        "a null is made from the landscape itself, and an atlas keeps only its map",
        "judge the system itself with this atlas; its map is not computed again",
    )
