"""Minima and passes of a function in a box, each once, as records of a map."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.box_points import Ends, same_places
from spinfunnel.landscape import Effort, Minimum, Record, Saddle
from spinfunnel.landscape.records import Bound

if TYPE_CHECKING:
    from spinfunnel.moves.differentiable import Boxed

__all__ = ["box_records"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DIGITS = 4


def box_records(
    landscape: Boxed, minima: Ends, place: Ints, *, weight: Floats, visits: Ints, one: Ints, other: Ints,
    rough: Floats, saddles: Ends, polished: NDArray[np.bool_], evaluations: int, failures: dict[str, int],
    outcome: str = "finished", proven: bool = True,
) -> list[Record]:  # fmt: skip
    """Records of all minima, of the passes between them, and of the effort.

    Parameters
    ----------
    landscape : Boxed
    minima : Ends
        Where descents ended (b,).
    place : array of int64 (b,)
        Which minimum each is (see `box_points.same_places`).
    weight, visits : array (b,)
        Of each descent; they add up.
    one, other : array of int64 (s,)
        Descents whose basins a pass joins.
    rough : array (s,)
        Height of each pass where it was not polished, an upper bound.
    saddles : Ends
        Where climbs from the passes ended (s,).
    polished : array of bool (s,)
        Whether that is a saddle of theirs.
    proven : bool
        Whether no lower pass joins them; else all heights are upper bounds.
    """
    m = int(place.max()) + 1
    # The lowest of the descents that ended in one place stands for it.
    order = np.lexsort((minima.energy, place))
    chosen = order[np.searchsorted(place[order], np.arange(m))]
    energy, volume = minima.energy[chosen], minima.log_volume[chosen]
    whole = max(float(weight.sum()), 1e-300)
    shares = np.bincount(place, weight / whole, m)
    counts = np.bincount(place, visits, m).astype(np.int64)
    a, b = place[one], place[other]
    height = np.where(polished, saddles.energy, rough)
    height = np.maximum(height, np.maximum(energy[a], energy[b])) if len(a) else height
    # Where a pass may be that of other basins all are kept: none is proven, and ways over one saddle meet there anyway.
    kept = _kept(landscape, a, b, height, rough, saddles, polished if proven else np.zeros(len(a), bool), m)
    kept = kept if proven else np.flatnonzero(a != b)[np.argsort(height[a != b], kind="stable")]
    passes = saddles.log_volume
    known = bool(np.isfinite(volume).all() and np.isfinite(passes[kept]).all() and polished[kept].all())
    names = _names(energy, minima.position[chosen])
    found: list[Record] = []
    for number, name in enumerate(names):
        state = minima.position[chosen[number]].astype("<f8").tobytes()
        level = float(volume[number]) if known else 0.0
        found.append(
            Minimum(
                name,
                float(energy[number]),
                float(shares[number]),
                state=state,
                visits=int(counts[number]),
                log_volume=level,
            )
        )
    for row, name in zip(kept.tolist(), _names(height[kept], saddles.position[kept]), strict=True):
        state = saddles.position[row].astype("<f8").tobytes()
        level = float(passes[row]) if known else 0.0
        bound: Bound = "exact" if polished[row] and proven else "upper"
        found.append(
            Saddle(
                name,
                float(height[row]),
                (names[a[row]], names[b[row]]),
                index=1,
                bound=bound,
                state=state,
                log_volume=level,
            )
        )
    rest = int((~polished[kept]).sum())
    said = dict(failures) | ({"passes of an upper bound only": rest} if rest else {})
    said |= {} if known else {"volumes unknown, all taken as equal": 1}
    found.append(Effort(evaluations, outcome, said))  # type: ignore[arg-type]
    return found


def _kept(
    landscape: Boxed, a: Ints, b: Ints, height: Floats, rough: Floats, saddles: Ends,
    polished: NDArray[np.bool_], m: int,
) -> Ints:  # fmt: skip
    """Rows of the passes that a map keeps: each saddle once, and what no lower pass joins, lowest first."""
    rows = np.flatnonzero((a != b) & polished)
    if len(rows):
        # One saddle between several pairs is that of the pair whose grid pass was the lowest.
        number = same_places(landscape, saddles.position[rows])
        order = np.lexsort((rough[rows], number))
        rows = rows[order[np.concatenate([[True], np.diff(number[order]) != 0])]]
    link = np.arange(m)

    def root(node: int) -> int:
        while link[node] != node:
            link[node] = link[link[node]]
            node = int(link[node])
        return node

    sure = np.zeros(len(a), bool)
    sure[rows] = True
    kept: list[int] = []
    for row in np.argsort(height, kind="stable").tolist():
        one, other = int(a[row]), int(b[row])
        ends = root(one), root(other)
        if one != other and (sure[row] or ends[0] != ends[1]):
            kept.append(row)
            link[ends[0]] = ends[1]
    return np.array(kept, np.int64)


def _names(energy: Floats, position: Floats) -> list[str]:
    """Keys of points: the energy in words and a hash of where they lie, each once."""
    seen: dict[str, int] = {}
    names = []
    for value, x in zip(energy.tolist(), position, strict=True):
        digest = hashlib.sha256(np.round(x, 6).tobytes()).hexdigest()[:8]
        name = f"{value:.{DIGITS}g}:{digest}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return names
