"""Measures of smooth maps: what they can answer there, and the kind of landscape that follows.

A smooth map holds minima and saddles that were found, each proven; its saddles are true, but others may be missing, so
that barriers are upper bounds. Minima to which no path is known from the lowest one are left out, and their share of
random descents is a measure of its own. Of a chain explored by `joining` the descents are from the coldest replicas of
its dynamics instead: random chains end as coils that a folded one is never in.

What decides on the kind are the rivals of the native state, and what they hold (see `rivals` and `superposition`).

Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import depth, frustration, kinetics, motif, rivals, share, superposition
from spinfunnel.measure.outcome import Measure, Topography, exactly
from spinfunnel.measure.rivals import CAUGHT, OCCUPIED, SOON
from spinfunnel.measure.superposition import HALF, not_smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spinfunnel.landscape import BasinGraph

__all__ = ["MEASURES", "SMOOTH", "SMOOTH_EVIDENCE", "connected_part", "smooth_kind"]

Answer = Callable[[Topography], Measurement]
SmoothKind: TypeAlias = Literal["funnel", "multi-funnel", "glass", "smooth", "undecided"]

SMOOTH_EVIDENCE = (
    "minima", "fewest_visits", "connected_share", "rivals", "trap_ratio", "rival_gap", "rival_barrier",
    "rival_occupation", "rival_descents", "rival_funnels", "rival_escape", "frustration",
)  # fmt: skip
"""Measures on which the verdict of a smooth landscape rests."""
FEWEST_MINIMA = 20
"""Minima below which a map tells the kinds apart only if it is likely to hold all of them."""
MET = 5
"""Searches that must have ended in each of so few minima. The chance of the next one to end in a minimum that is not
known is then 0 by Good and Turing's estimate, that of what was met once."""
MOST_COUNTED = 1000
"""Descents into the minimum of least weight up to which the number of all of them is told from the weights."""
CONNECTED = 0.5
"""Share of the descents that must end in the connected part, for its rivals to tell the kind."""
MOST_FUNNELS, GLASSY = 6.0, 12.0
"""Rival funnels up to which a landscape has several of them, and from which on it is a glass."""


def connected_part(graph: BasinGraph) -> BasinGraph:
    """Return the minima that a path of saddles joins to the lowest one, and the saddles between them."""
    hub, spoke, _ = graph.direct_edges()
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    m = graph.minima
    label = connected_components(coo_matrix((np.ones(len(hub)), (hub, spoke)), shape=(m, m)), directed=False)[1]
    inside = label == label[0]
    if bool(inside.all()):
        return graph
    number = np.cumsum(inside) - 1
    first = graph.saddle_minima[graph.saddle_offsets[:-1]]
    kept = inside[first]
    size = np.diff(graph.saddle_offsets)
    return dataclasses.replace(
        graph,
        **{name: getattr(graph, name)[inside] for name in ("key", "energy", "weight", "plateau", "orbit", "visits")},
        log_volume=None if graph.log_volume is None else graph.log_volume[inside],
        saddle_key=graph.saddle_key[kept],
        saddle_energy=graph.saddle_energy[kept],
        saddle_exact=graph.saddle_exact[kept],
        saddle_offsets=np.concatenate([[0], np.cumsum(size[kept])]),
        saddle_minima=number[graph.saddle_minima[np.repeat(kept, size)]],
        saddle_log_volume=None if graph.saddle_log_volume is None else graph.saddle_log_volume[kept],
        saddle_index=None if graph.saddle_index is None else graph.saddle_index[kept],
    )


def _part(topography: Topography) -> Topography:
    graph = connected_part(topography.graph)
    if graph is topography.graph:
        return topography
    return Topography(graph, temperature=topography.temperature, landscape=topography.landscape)


def _on_part(answer: Answer) -> Answer:
    return lambda topography: answer(topography.shared(_part))


def _of_descents(answer: Answer, *, or_else: bool = False) -> Answer:
    """Read a share of random descents, with the interval that their number allows (Wilson, 95 %).

    Where there were none there is no answer, or what was read as it is.
    """

    def measured(topography: Topography) -> Measurement:
        weight = topography.graph.weight
        if not or_else and (weight > 0.0).any() and not (topography.shared(_part).graph.weight > 0.0).any():
            return NoAnswer(
                "no_path", "no descent ends in a minimum with a known path to the lowest", "explore further"
            )
        found = answer(topography)
        if isinstance(found, NoAnswer):
            return found
        if not (weight > 0.0).any():
            return (
                found
                if or_else
                else NoAnswer("no_descents", "no random state was quenched", "explore the landscape by climbing")
            )
        descents = _descents(weight[weight > 0.0])
        p, z = found.value, 1.96
        middle = (p + z * z / (2 * descents)) / (1 + z * z / descents)
        half = z * math.sqrt(p * (1 - p) / descents + z * z / (4 * descents**2)) / (1 + z * z / descents)
        return Estimate(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)))

    return measured


def _descents(weight: NDArray[np.float64]) -> float:
    """Least number of descents of which all weights are shares.

    Examples
    --------
    >>> _descents(np.array([0.4, 0.4, 0.2])), _descents(np.array([1.0])), _descents(np.array([0.3, 0.7]))
    (5.0, 1.0, 10.0)
    """
    least = float(weight.min())
    counts = np.arange(1, MOST_COUNTED + 1)
    shared = np.abs(np.outer(counts / least, weight) - np.round(np.outer(counts / least, weight))).max(axis=1) < 1e-6
    # Weights that are no shares of a whole number are read as if the least were that of one descent.
    return float(counts[int(shared.argmax())] / least)


def fewest_visits(topography: Topography) -> Measurement:
    """Fewest searches that ended in one of the minima: random descents, and climbs that began elsewhere."""
    if topography.graph.log_volume is None:
        return not_smooth()
    return exactly(float(topography.graph.visits.min()))


def connected_share(topography: Topography) -> Measurement:
    """Share of random descents that end in a minimum with a known path to the lowest, 0 to 1.

    Of the minima themselves where there were no descents: databases of other programs keep none.
    """
    graph = topography.graph
    if graph.log_volume is None:
        return not_smooth()
    inside = np.isin(graph.key, topography.shared(_part).graph.key)
    if not (graph.weight > 0.0).any():
        return exactly(float(inside.mean()))
    return exactly(float(min(graph.weight[inside].sum() / max(graph.weight.sum(), 1e-300), 1.0)))


# ---------------------------------------------------------------------------------------------


SMOOTH: Mapping[str, Answer] = {
    "minima": share.minima,
    "funnel_minima": _on_part(share.funnel_minima),
    "funnel_weight": _of_descents(_on_part(share.funnel_weight)),
    "funnels": _on_part(share.funnels),
    "funnel_boltzmann": _on_part(share.funnel_boltzmann),
    "longest_chain": _on_part(share.longest_chain),
    "rival_weight": _of_descents(_on_part(share.rival_weight)),
    "frustration": _on_part(frustration.frustration),
    "depth": _on_part(depth.depth),
    "difficulty": _on_part(depth.difficulty),
    **{measure.name: _on_part(measure.answer) for group in (motif, kinetics) for measure in group.MEASURES},
    "fewest_visits": fewest_visits,
    "connected_share": _of_descents(connected_share, or_else=True),
    **{measure.name: _on_part(measure.answer) for measure in rivals.MEASURES},
    "rival_descents": _of_descents(_on_part(rivals.rival_descents), or_else=True),
    **{measure.name: measure.answer for measure in superposition.MEASURES},
}
"""How a measure is read off a smooth map; those not in here have no answer there."""

_RIVALS = "this project, after Wales, Miller, Walsh, Nature 394, 758 (1998); Catoni, Ann. Probab. 20, 1109 (1992)"

MEASURES = (
    Measure(
        "fewest_visits",
        fewest_visits,
        "fewest searches that ended in one of the minima",
        "Good, Biometrika 40, 237 (1953)",
        6,
    ),
    Measure("connected_share", connected_share, "share of random descents into the mapped funnels", _RIVALS, 6),
)


def smooth_kind(
    measures: Mapping[str, Measurement],
) -> tuple[SmoothKind, str] | None:
    """Kind of a smooth landscape by its rivals, and the reason; None for the measures of another kind of landscape."""
    count, minima = measures.get("rivals"), measures.get("minima")
    if not (isinstance(count, Estimate) and isinstance(minima, Estimate)):
        return None
    told = measures.get("funnel_weight")
    descents = not (isinstance(told, NoAnswer) and told.outcome == "no_descents")
    if minima.value >= FEWEST_MINIMA:
        return _kind_by_rivals(measures, minima.value, descents=descents)
    visits = measures.get("fewest_visits")
    met = visits.value if isinstance(visits, Estimate) else 0.0
    if met < MET:
        return "undecided", _too_few(minima.value, met)
    if minima.value == 1.0:
        return "smooth", f"every search ends in the one minimum ({met:.0f} of them)"
    kind, reason = _kind_by_rivals(measures, minima.value, descents=descents)
    return kind, f"{reason}; none is likely to be missing, for each was met by {met:.0f} searches or more"


def _too_few(minima: float, met: float) -> str:
    few = "1 minimum is" if minima == 1.0 else f"{minima:.0f} minima are"
    return (
        f"{few} too few to tell the kinds apart while others may be missing: one was met by {met:.0f} "
        f"search{'' if met == 1.0 else 'es'} only, not {MET}; explore further"
    )


def _kind_by_rivals(measures: Mapping[str, Measurement], minima: float, *, descents: bool) -> tuple[SmoothKind, str]:
    share_inside, ratio = measures.get("connected_share"), measures.get("trap_ratio")
    if not isinstance(share_inside, Estimate) or share_inside.low < CONNECTED:
        said = f"{100 * share_inside.value:.0f} %" if isinstance(share_inside, Estimate) else "an unknown share"
        which = "of the descents end in minima with" if descents else "of the minima have"
        return "undecided", f"only {said} {which} a known path to the lowest: explore further"
    if not isinstance(ratio, Estimate):
        return "undecided", "no barriers are known: explore further"
    count = measures.get("rivals")
    assert isinstance(count, Estimate)  # noqa: S101 - the caller saw it
    if count.value == 0.0:
        return "funnel", (
            f"each of {minima:.0f} minima leads to the lowest over barriers below the drop that remains "
            f"(largest ratio {ratio.value:.2g})"
        )
    held, caught, funnels = (measures.get(f"rival_{name}") for name in ("occupation", "descents", "funnels"))
    if not (isinstance(held, Estimate) and isinstance(caught, Estimate) and isinstance(funnels, Estimate)):
        return "undecided", "it is not known how much the rivals hold: measure all"
    gap, barrier = measures.get("rival_gap"), measures.get("rival_barrier")
    lowest = ""
    if isinstance(gap, Estimate) and isinstance(barrier, Estimate):
        lowest = f", the lowest {gap.value:.3g} above it and behind a barrier of {barrier.value:.3g} at most"
    noun = "trap is" if count.value == 1.0 else "traps are"
    said = f"{count.value:.0f} {noun} deeper than the drop to the lowest minimum that remains{lowest}"
    share = f"{_percent(held.value)} of the weight"
    if held.value < OCCUPIED and caught.low < CAUGHT:
        return "funnel", f"{said}; but they never hold more than {share} before the landscape melts"
    escape = measures.get("rival_escape")
    if held.value < HALF and isinstance(escape, Estimate) and escape.value < SOON:
        return "funnel", (
            f"{said}; but they never hold more than {share}, and the highest barrier out of them is {escape.value:.2g} "
            "times the temperature then, so that they are soon left: substates of one native state"
        )
    falling = f" and {_percent(caught.value)} of the descents" if descents else ""
    weighed = f"{said}; they hold {share}{falling}, shared out as among {funnels.value:.1f} equal funnels"
    if funnels.value <= MOST_FUNNELS:
        return "multi-funnel", weighed
    if funnels.value >= GLASSY:
        return "glass", weighed
    return "undecided", f"{weighed}: more than a few, and fewer than a glass has"


def _percent(share: float) -> str:
    """Two digits, and 100 % only of all."""
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{min(100.0 * share, 99.9 if share < 1.0 else 100.0):.3g} %"
