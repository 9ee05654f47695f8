"""The rivals of the native state of a smooth map: deep traps, what they hold, and whether they hold it for long.

All of it is read off the part of the map that saddles join to the lowest minimum (see `connected_part`).

*Rivals*: a trap is a minimum from which every way down leads over a barrier. A palm tree has traps as well, but each is
shallower than the drop that remains below it; a rival of the native state is one that is deeper, ``D(x) > E(x) - E_0``,
at least half as deep as the deepest such that ever holds weight, and low: nearer to the ground energy than to the
median energy of the saddles. Of high minima few ways down are known, and their barriers are the least certain. Rivals
of one lake count once: what reaches a lower rival below the pass from there to the native state belongs to that rival's
funnel.

*Rival funnels*: many a rival is a pocket that hardly anything is ever in. Those that matter hold weight in the harmonic
superposition while the landscape is cold, up to the temperature of the largest heat capacity, where it melts: the
funnels of all rivals are weighed where they first hold half of the weight, or else most, and their number is
``exp(-sum q ln q)`` of their shares q among themselves. One that holds nearly all counts one whatever else there is;
a glass has dozens that hold about the same. In the cold one minimum outweighs all others even in a glass, and which one
hangs on its volume alone: the funnels in which random descents end are counted in the same way, and the larger number
is taken.

*Substates*: two arrangements of a loop of a folded chain are two minima of nearly one energy, so that each is a trap
deeper than the drop that remains. They are substates of one native state if neither ever outweighs the other and what
is in one is soon in the other: `rival_escape`, the barrier out of a rival over the temperature at which rivals are
weighed, is the logarithm of the vibrations that it takes.

Doye, Miller, Wales, J. Chem. Phys. 111, 8417 (1999), for the weights of two funnels; Frauenfelder, Sligar, Wolynes,
Science 254, 1598 (1991), for substates; Wales, Energy Landscapes (Cambridge, 2003), ch. 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Measurement, NoAnswer
from spinfunnel.landscape.tree import escape_barriers, minimax_to
from spinfunnel.measure import depth
from spinfunnel.measure.connected_part import of_descents, on_part
from spinfunnel.measure.outcome import Measure, Topography, exactly
from spinfunnel.measure.superposition import HALF, capacity, levels, shares, temperatures, with_volumes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["MEASURES", "OCCUPIED", "rival_descents", "weighed_at"]

OCCUPIED = 0.01
"""Share of the weight below which a rival counts as never occupied."""


def rivals(topography: Topography) -> Measurement:
    """Count the rivals of the native state (see above) in the connected part."""
    return exactly(float(len(_rivals(topography)[0])))


def rival_gap(topography: Topography) -> Measurement:
    """Energy of the lowest rival above the ground energy, in the unit of the energy."""
    return _of_lowest_rival(topography, lambda part, rival: float(part.graph.energy[rival] - part.graph.energy[0]))


def rival_barrier(topography: Topography) -> Measurement:
    """Barrier from the lowest rival to the native minimum, in the unit of the energy; an upper bound."""

    def barrier(part: Topography, rival: int) -> float:
        return float(minimax_to(part.tree, 0)[rival] - part.graph.energy[rival])

    return _of_lowest_rival(topography, barrier)


def rival_occupation(topography: Topography) -> Measurement:
    """Share of the weight in the rival funnels where they first hold half of it, or else most (see above), 0 to 1."""
    weight = topography.shared(_weighed)[1]
    return exactly(float(weight.sum()))


def rival_descents(topography: Topography) -> Measurement:
    """Share of the random descents that end in the rival funnels, 0 to 1."""
    return exactly(float(min(topography.shared(_descents).sum(), 1.0)))


def rival_funnels(topography: Topography) -> Measurement:
    """Number of rival funnels, ``exp(-sum q ln q)``, by what they hold, or by the descents into them if more."""
    return exactly(max(_number(topography.shared(_weighed)[1]), _number(topography.shared(_descents))))


def _number(share: NDArray[np.float64]) -> float:
    q = share[share > 0.0] / max(share.sum(), 1e-300)
    return float(np.exp(-(q * np.log(q)).sum())) if len(q) else 0.0


def _descents(part: Topography) -> NDArray[np.float64]:
    """Share of the random descents that end in the funnel of each rival (r,)."""
    found = _rivals(part)[0]
    return np.bincount(_funnels(part, found), part.graph.weight, len(found) + 1)[1:].astype(np.float64)


def rival_escape(topography: Topography) -> Measurement:
    """Highest barrier out of a rival over the temperature at which they are weighed; of those that hold 1 % there."""

    def escape(part: Topography) -> Measurement:
        found, barrier = _rivals(part)
        temperature, weight = part.shared(_weighed)
        inside = weight >= OCCUPIED
        if not inside.any():
            return NoAnswer("no_weight", "no rival ever holds 1 % of the weight", "nothing to do: there is one funnel")
        return exactly(float(barrier[found[inside]].max() / temperature))

    return _if_any(topography, escape)


def weighed_at(part: Topography) -> float:
    """Temperature at which rivals are weighed (see `rival_occupation`)."""
    return part.shared(_weighed)[0]


def _weighed(part: Topography) -> tuple[float, NDArray[np.float64]]:
    """Temperature at which all rivals first hold half of the weight, or else most, and what each funnel holds."""
    found = _rivals(part)[0]
    if len(found) == 0:
        return 0.0, np.zeros(0)
    temperature, held = _held(part, found)
    together = held.sum(axis=1)
    first = int((together >= HALF).argmax()) if (together >= HALF).any() else int(together.argmax())
    return float(temperature[first]), np.asarray(held[first])


def _held(part: Topography, found: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Temperatures (t,) up to melting, and the share of the weight in the funnel of each rival (t, r)."""
    graph, funnel = part.graph, _funnels(part, found)
    temperature = temperatures(graph)
    occupied = shares(graph, temperature)
    cold = slice(int(capacity(graph, temperature, occupied).argmax()) + 1)
    return temperature[cold], occupied[cold] @ (funnel[:, None] == np.arange(1, len(found) + 1)[None])


def _funnels(part: Topography, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each minimum the number of the rival in whose funnel it lies, from 1; 0 in the native one."""
    funnel = np.zeros(part.graph.minima, np.int64)
    to_native = minimax_to(part.tree, 0)
    for number, rival in enumerate(found, start=1):
        inside = minimax_to(part.tree, int(rival)) < to_native[rival]
        inside[rival] = True
        funnel[inside & (funnel == 0)] = number
    return funnel


def trap_ratio(topography: Topography) -> Measurement:
    """Largest barrier over remaining drop, ``max over non-native x of D(x) / (E(x) - E_0)``: below 1, no rivals."""
    return depth.difficulty(topography)


def _of_lowest_rival(topography: Topography, read: Callable[[Topography, int], float]) -> Measurement:
    return _if_any(topography, lambda part: exactly(read(part, int(_rivals(part)[0][0]))))


def _if_any(part: Topography, read: Callable[[Topography], Measurement]) -> Measurement:
    if len(_rivals(part)[0]) == 0:
        return NoAnswer("no_rival", "no trap is deeper than the drop below it", "nothing to do: there is one funnel")
    return read(part)


def _rivals(part: Topography) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rivals in order of energy, and escape barriers of all minima."""
    return part.shared(_found)


def _found(part: Topography) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    graph = part.graph
    barrier, drop = escape_barriers(part.tree), levels(graph)
    # Minima of the ground energy are rivals like others, unless the user's tolerance makes them native.
    native = graph.native if graph.native_tolerance > 0.0 else np.arange(graph.minima) == 0
    equal = (drop == 0.0) & ~native
    barrier[equal] = minimax_to(part.tree, 0)[equal] - graph.energy[equal]
    low = drop <= HALF * (np.median(graph.saddle_energy) - graph.energy[0]) if graph.saddles else True
    deeper = np.flatnonzero(~native & np.isfinite(barrier) & (barrier > drop) & low)
    if len(deeper) == 0:
        return deeper, barrier
    # A pocket that nothing is ever in, of which few ways out are known, must not hide the others.
    every = _lakes(part, deeper)
    weighty = every[_held(part, every)[1].max(axis=0) >= OCCUPIED]
    scale = barrier[weighty if len(weighty) else deeper].max()
    return _lakes(part, deeper[barrier[deeper] >= HALF * scale]), barrier


def _lakes(part: Topography, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest rival of each lake, a lake as high as the pass from its lowest rival to the native state."""
    tree, energy = part.tree, part.graph.energy
    to_native = minimax_to(tree, 0)
    left, lowest = found[np.argsort(energy[found], kind="stable")], []
    while len(left):
        lowest.append(left[0])
        left = left[1:][minimax_to(tree, int(left[0]))[left[1:]] >= to_native[left[0]]]
    return np.array(lowest, np.int64)


_RIVALS = "this project, after Wales, Miller, Walsh, Nature 394, 758 (1998); Catoni, Ann. Probab. 20, 1109 (1992)"
_WEIGHTS = "Strodel, Wales, Chem. Phys. Lett. 466, 105 (2008)"

MEASURES = (
    Measure(
        "rivals",
        "traps deeper than the drop to the ground state that remains",
        _RIVALS,
        6,
        smooth=with_volumes(on_part(rivals)),
    ),
    Measure(
        "rival_gap",
        "energy of the lowest rival above the ground energy",
        _RIVALS,
        6,
        smooth=with_volumes(on_part(rival_gap)),
    ),
    Measure(
        "rival_barrier",
        "barrier from the lowest rival to the ground state",
        _RIVALS,
        6,
        smooth=with_volumes(on_part(rival_barrier)),
    ),
    Measure(
        "trap_ratio",
        "largest barrier over the drop that remains: below 1 a palm tree",
        _RIVALS,
        6,
        smooth=with_volumes(on_part(trap_ratio)),
    ),
    Measure(
        "rival_occupation",
        "largest share of the weight in rival funnels",
        _WEIGHTS,
        8,
        smooth=with_volumes(on_part(rival_occupation)),
    ),
    Measure(
        "rival_descents",
        "share of random descents into rival funnels",
        _RIVALS,
        6,
        smooth=with_volumes(of_descents(on_part(rival_descents), or_else=True)),
    ),
    Measure(
        "rival_funnels",
        "number of rival funnels, weighed by what they hold",
        _RIVALS,
        6,
        smooth=with_volumes(on_part(rival_funnels)),
    ),
    Measure(
        "rival_escape",
        "highest barrier out of a rival over the temperature at which rivals are weighed",
        "this project, after Frauenfelder, Sligar, Wolynes, Science 254, 1598 (1991)",
        6,
        smooth=with_volumes(on_part(rival_escape)),
    ),
)
