"""Rulers: where a landscape stands between nulls made of itself, so that a number means the same at every size.

*Gap ruler*: the ground energy against that of the same interactions with random signs. 0: frustration is what chance
makes of it, as in a glass; above it: the interactions agree more than by chance. Signs are dealt to the terms of the
Walsh spectrum, so that any exact map has this null, whether it came as couplings, as a file or as a function. They are
dealt in the order of the terms' sizes: another gauge, or another order of the variables, gets the same null.

*Search ruler*: the time to the native states at the best temperature between that of blind search (0) and that of the
ideal guide (1), which knows in each state which bits are wrong and meets them by chance, ``sum over j <= d of N / j``
moves from distance d. The same energies shuffled over the states stand at 0, sorted by distance at 1 or nearly so.

*Rival rulers*: the depth of valleys that are dissimilar from the native one over the mean gap, and the search ruler of
the native states and the bottoms of those valleys together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, key_states
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.landscape.kinds import is_binary
from spinfunnel.landscape.tree import subtree_weight
from spinfunnel.measure.depth import depth
from spinfunnel.measure.levinthal import FoldingTime, folding, folding_time, solving
from spinfunnel.measure.native_distances import native_distances
from spinfunnel.measure.outcome import Measure, Topography, census_of, energy_scale, exactly, no_path
from spinfunnel.measure.walsh import spectrum, state_energies
from spinfunnel.moves.group import close_group
from spinfunnel.moves.walsh_transform import energies_of

__all__ = ["MEASURES", "Rivals", "rivals"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_DRAWS = 64
FEWEST_DRAWS = 20
DRAWN_STATES = 1 << 24
"""States of all samples of random signs together, within those numbers of samples."""
DISSIMILAR = 0.5
"""Overlap up to which two states are dissimilar: a quarter of the spins differs."""
COUNTED = 0.1
"""Share of all states from which a valley may be a rival: less is not what a landscape leads to."""
DEEP = 0.2
"""Depth over the mean gap from which a rival's bottom is a goal of the search for either."""
MOST_GOALS = 64
WHOLE = 1e-9
"""Share of the interactions that rounding may leave unsatisfied."""
PAIRS = 4096
"""Ground states of which overlaps are taken."""


# ---------------------------------------------------------------------------------------------
# Gap


@dataclass(frozen=True, slots=True)
class _Grounds:
    """Ground energies of the same interactions with random signs, about the mean energy."""

    own: float
    scale: float
    null: Floats


def _grounds(topography: Topography) -> _Grounds | NoAnswer:
    found = topography.shared(spectrum)
    if isinstance(found, NoAnswer):
        return found
    scale = found.mean - float(topography.graph.energy[0])
    order = np.argsort(-np.abs(found.interactions), kind="stable")
    terms = order[: int(np.count_nonzero(found.interactions))]
    if not scale > 0.0 or len(terms) == 0:
        return NoAnswer("flat", "every state has the ground energy", "nothing to do: there is no landscape")
    draws = max(FEWEST_DRAWS, min(MOST_DRAWS, DRAWN_STATES // len(found.interactions)))
    rng = np.random.default_rng(topography.seed)
    size = np.abs(found.interactions[terms])
    lowest = np.empty(draws)
    for draw in range(draws):
        signed = np.zeros_like(found.interactions)
        signed[terms] = size * (1.0 - 2.0 * rng.integers(0, 2, len(terms)))
        lowest[draw] = energies_of(signed).min()
    return _Grounds(-scale, scale, lowest)


def satisfied(topography: Topography) -> Measurement:
    """Share of the interactions, by strength, that the ground state satisfies: ``(<E> - E_0) / sum over S of |c_S|``.

    Exactly 1 where nothing is frustrated: a magnet in whatever gauge, independent spins, parity checks with a solution.

    Toulouse, Commun. Phys. 2, 115 (1977), for the notion.
    """
    found = topography.shared(spectrum)
    if isinstance(found, NoAnswer):
        return found
    total = float(np.abs(found.interactions).sum())
    if total == 0.0:
        return NoAnswer("flat", "every state has one energy", "nothing to do: there is nothing to satisfy")
    share = (found.mean - float(topography.graph.energy[0])) / total
    return exactly(1.0 if share > 1.0 - WHOLE else share)


def native_gap(topography: Topography) -> Measurement:
    """How far the ground energy lies below that of random signs: ``(<E_0 of random signs> - E_0) / (<E> - E_0)``.

    0 in a glass and for independent spins, whose signs are a gauge; 1 - 1.31 / 1.60 = .18 for the disordered
    ferromagnet on the square lattice. In the random-energy form a gap g makes ``Tf/Tg = a + sqrt(a^2 - 1)`` with a = 1
    / (1 - g). The interval is that of the mean over the samples.
    """
    found = topography.shared(_grounds)
    if isinstance(found, NoAnswer):
        return found
    values = (found.null - found.own) / found.scale
    error = 1.96 * float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    return Estimate(mean, mean - error, mean + error)


def native_z(topography: Topography) -> Measurement:
    """The same distance in standard deviations of the ground energy of random signs; 0 where it has no spread.

    The interval is that of the standard deviation, from so few samples.
    """
    found = topography.shared(_grounds)
    if isinstance(found, NoAnswer):
        return found
    away, spread = float(found.null.mean()) - found.own, float(found.null.std(ddof=1))
    if spread <= 1e-9 * found.scale:
        if away <= 1e-9 * found.scale:
            return exactly(0.0)
        return NoAnswer("no_spread", "random signs always reach the same ground energy", "read the gap alone")
    score = away / spread
    error = 1.96 * math.sqrt(1.0 / len(found.null) + score**2 / (2.0 * (len(found.null) - 1)))
    return Estimate(score, score - error, score + error)


# ---------------------------------------------------------------------------------------------
# Search


def ideal_time(topography: Topography) -> float | NoAnswer:
    """Mean moves from a random state to the nearest native one where only wrong bits are turned, as they are met."""
    landscape: Any = topography.landscape
    energies = topography.shared(state_energies)
    if isinstance(energies, NoAnswer):
        return energies
    size = landscape.size
    share = np.bincount(native_distances(energies, size=size), minlength=size + 1) / len(energies)
    harmonic = np.append(0.0, np.cumsum(size / np.arange(1.0, size + 1.0)))
    return float(share @ harmonic)


def _position(found: FoldingTime | NoAnswer, ideal: float | NoAnswer) -> Measurement:
    """Position of a time between blind search and the ideal guide, on a logarithmic scale."""
    if isinstance(found, NoAnswer):
        return found
    if isinstance(ideal, NoAnswer):
        return ideal
    if not found.random > 2.0 * ideal or not found.evaluations.low > 0.0:
        return NoAnswer(
            "too_small", f"blind search takes {found.random:.3g} moves, hardly more than the ideal guide",
            "there is nothing to search: use a larger system",
        )  # fmt: skip
    room = math.log(found.random / ideal)
    value, low, high = (math.log(found.random / t) / room for t in (
        found.evaluations.value, found.evaluations.high, found.evaluations.low
    ))  # fmt: skip
    return Estimate(value, low, high)


def search_ruler(topography: Topography) -> Measurement:
    """Where the time to the native states stands between blind search, 0, and the ideal guide, 1."""
    return _position(topography.shared(folding), topography.shared(ideal_time))


# ---------------------------------------------------------------------------------------------
# Rivals


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Valleys that are dissimilar from the native one.

    Attributes
    ----------
    bottom : array of int64, shape (k,)
        Their lowest minima, by number.
    depth : array of float64, shape (k,)
        How far each must be climbed out of before it meets anything as low, over the mean gap; deepest first.
    share : array of float64, shape (k,)
        Share of all states that drain into the valley; of the lesser one where it is as low as the native one.
    """

    bottom: Ints
    depth: Floats
    share: Floats


def rivals(topography: Topography) -> Rivals | NoAnswer:
    """Valleys of the merge tree whose lowest minimum is dissimilar from minimum 0 and that hold a share worth the name.

    A valley is the largest subtree of which a minimum is the lowest; it ends where it meets a lower one, or one as low
    with a smaller number. Copies under symmetries are not told apart: the largest overlap of all counts.
    """
    graph, scale = topography.graph, energy_scale(topography.graph)
    if isinstance(scale, NoAnswer):
        return scale
    landscape = topography.landscape
    if not is_binary(landscape):
        return NoAnswer("not_binary", "overlaps are those of bits", "read rival_valley")
    tree = topography.tree
    if len(tree.roots) > 1:
        return no_path()
    inner = np.flatnonzero(tree.parent >= 0)
    # The top of a valley is the node below the merge that makes another minimum the lowest.
    top = inner[tree.lowest[tree.parent[inner]] != tree.lowest[inner]]
    bottom = tree.lowest[top]
    weight = subtree_weight(tree, graph.weight)[top] / graph.weight.sum()
    depth = (tree.energy[tree.parent[top]] - graph.energy[bottom]) / scale
    worth = weight >= COUNTED
    top, bottom, weight, depth = top[worth], bottom[worth], weight[worth], depth[worth]
    tied = graph.energy[bottom] <= graph.energy[0]
    beside = 1.0 - float(weight[tied].sum()) if tied.any() else 1.0
    weight = np.where(tied, np.minimum(weight, max(beside, 0.0)), weight)
    near = similarity(landscape, graph.key[bottom], graph.key[:1])
    far = near <= DISSIMILAR + 1e-12
    order = np.argsort(-depth[far], kind="stable")
    return Rivals(bottom[far][order], depth[far][order], weight[far][order])


def similarity(landscape: Binary, keys: NDArray[np.str_], to: NDArray[np.str_]) -> Floats:
    """Largest overlap of each of some states with any symmetric copy of one state."""
    if len(keys) == 0:
        return np.zeros(0)
    place = np.int64(1) << np.arange(landscape.size, dtype=np.int64)
    numbers, goal = (key_states(array).astype(np.int64) @ place for array in (keys, to))
    images = close_group(landscape.symmetries, size=landscape.size).images(goal)[:, 0]
    away = np.bitwise_count(numbers[None, :] ^ images[:, None]).min(axis=0)
    return 1.0 - 2.0 * away / landscape.size


def rival_valley_depth(topography: Topography) -> Measurement:
    """Depth over the mean gap of the deepest valley dissimilar from the native one that holds a tenth of the states.

    0 where there is none. One of exactly the native energy counts as it is, however shallow.
    """
    found = topography.shared(rivals)
    return found if isinstance(found, NoAnswer) else exactly(float(found.depth.max(initial=0.0)))


def rival_share(topography: Topography) -> Measurement:
    """Share of all states that drain into the valley of `rival_valley_depth`; 0 where there is none."""
    found = topography.shared(rivals)
    if isinstance(found, NoAnswer):
        return found
    return exactly(float(found.share[0]) if len(found.share) else 0.0)


def deep_valleys(topography: Topography) -> Measurement:
    """Number of valleys, dissimilar or not and however few states they hold, that are a fifth of the mean gap deep.

    The native one counts. A few make several funnels, many a glass.
    """
    graph, scale, tree = topography.graph, energy_scale(topography.graph), topography.tree
    if isinstance(scale, NoAnswer):
        return scale
    inner = np.flatnonzero(tree.parent >= 0)
    top = inner[tree.lowest[tree.parent[inner]] != tree.lowest[inner]]
    depth = (tree.energy[tree.parent[top]] - graph.energy[tree.lowest[top]]) / scale
    return exactly(1.0 + float(np.count_nonzero(depth >= DEEP)))


def either_ruler(topography: Topography) -> Measurement:
    """Search ruler of the native states and the bottoms of deep rivals together; of the native alone without."""
    found = topography.shared(rivals)
    if isinstance(found, NoAnswer):
        return found
    landscape: Any = topography.landscape
    graph = topography.graph
    goal = found.bottom[(found.depth >= DEEP) & (graph.energy[found.bottom] > graph.energy[0])][:MOST_GOALS]
    if len(goal) == 0:
        return search_ruler(topography)
    energies = topography.shared(state_energies)
    if isinstance(energies, NoAnswer):
        return energies
    states = [_plateau(energies, int(number), size=landscape.size) for number in _numbers(graph.key[goal], landscape)]
    reached = folding_time(
        landscape, native_energy=float(graph.energy[0]) + graph.native_tolerance, also_native=np.concatenate(states),
        method=solving(landscape, topography), seed=topography.seed, workers=topography.workers,
    )  # fmt: skip
    return _position(reached, topography.shared(ideal_time))


def _numbers(keys: NDArray[np.str_], landscape: Binary) -> Ints:
    """Numbers of states, of the lower one of each pair where the global flip was divided out."""
    bits = landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    found: Ints = key_states(keys).astype(np.int64) @ (np.int64(1) << np.arange(landscape.size, dtype=np.int64))
    return np.where(found >> bits, found ^ ((1 << landscape.size) - 1), found)


def _plateau(energies: Floats, start: int, *, size: int) -> Ints:
    """States of one energy that are joined to a state by flips among them, up to `PAIRS` of them."""
    level, seen, newest = energies[start], {start}, [start]
    flip = len(energies) < 1 << size
    moves = [1 << bit for bit in range(size - flip)] + ([len(energies) - 1] if flip else [])
    while newest and len(seen) < PAIRS:
        around = {state ^ move for state in newest for move in moves} - seen
        newest = [state for state in around if energies[state] == level]
        seen.update(newest)
    return np.array(sorted(seen), np.int64)


def native_overlap(topography: Topography) -> Measurement:
    """Mean largest overlap of two ground states, copies under symmetries not told apart: 1 where they are one state.

    Low where many ground states have little in common, as in fully frustrated magnets: there is no one native
    structure.
    """
    landscape: Any = topography.landscape
    energies = topography.shared(_ground_numbers)
    if isinstance(energies, NoAnswer):
        return energies
    if len(energies) == 1:
        return exactly(1.0)
    step = max(1, len(energies) // 64)
    group = close_group(landscape.symmetries, size=landscape.size)
    some = energies[::step][:64]
    total = np.empty((len(some), len(energies)))
    for row, image in enumerate(group.images(some).T):
        total[row] = 1.0 - 2.0 * np.bitwise_count(energies[None, :] ^ image[:, None]).min(axis=0) / landscape.size
    return exactly(float(total.mean()))


def _ground_numbers(topography: Topography) -> Ints | NoAnswer:
    energies = topography.shared(state_energies)
    if isinstance(energies, NoAnswer):
        return energies
    found = np.flatnonzero(energies == energies.min())
    return found[:: max(1, len(found) // PAIRS)]


def ground_states(topography: Topography) -> Measurement:
    """Number of plain states at the ground energy, symmetric copies counted."""
    census = census_of(topography.graph)
    return census if isinstance(census, NoAnswer) else exactly(float(census.ground_states))


def stuck_share(topography: Topography) -> Measurement:
    """Share of all states, ground states apart, none of whose neighbours is lower; 0 proves that all descents get down.

    States of minima count, and those of plateaus that are left by neutral steps only.
    """
    census = census_of(topography.graph)
    if isinstance(census, NoAnswer):
        return census
    return exactly((census.minima_raw - census.ground_states) / census.states)


def trap_height(topography: Topography) -> Measurement:
    """Deepest trap in units of what a flip changes: depth over ``sqrt(<(E(s) - E(s'))^2>)`` of neighbours s and s'.

    The depth over the mean gap falls with size where traps stay as they are, this does not. 0 without traps.
    """
    graph = topography.graph
    deepest = depth(topography)
    census = graph.census
    if isinstance(deepest, NoAnswer):
        return exactly(0.0) if deepest.outcome in ("single_minimum", "all_native") else deepest
    if census is None or census.autocorrelation is None:
        return NoAnswer("flat", "neighbours do not differ", "nothing to do: there is no landscape")
    flip = math.sqrt(2.0 * census.variance * (1.0 - census.autocorrelation))
    return exactly(deepest.value / flip) if flip > 0.0 else exactly(0.0)


_HERE = "this project"

MEASURES = (
    Measure("native_gap", "depth of the ground energy below that of random signs, over the mean gap",
            "Bryngelson, Wolynes, PNAS 84, 7524 (1987); signs of the Walsh spectrum by this project", 23,
            exact=native_gap, reads="landscape"),
    Measure("satisfied", "share of the interactions, by strength, that the ground state satisfies",
            "Toulouse, Commun. Phys. 2, 115 (1977)", 23, exact=satisfied, reads="landscape"),
    Measure("native_z", "the same in standard deviations of the ground energy of random signs", _HERE, 23,
            exact=native_z, reads="landscape"),
    Measure("search_ruler", "time to the native states: 0 as blind search, 1 as the ideal guide", _HERE, 23,
            exact=search_ruler, reads="landscape"),
    Measure("either_ruler", "the same to the native states or the bottom of a deep rival", _HERE, 23,
            exact=either_ruler, reads="landscape"),
    Measure("rival_valley_depth", "depth over the mean gap of the deepest dissimilar valley with a tenth of the states",
            _HERE, 23, exact=rival_valley_depth, reads="landscape"),
    Measure("rival_share", "share of the states that drain into that valley", _HERE, 23, exact=rival_share,
            reads="landscape"),
    Measure("deep_valleys", "valleys a fifth of the mean gap deep, the native one included", _HERE, 23,
            exact=deep_valleys),
    Measure("ground_states", "number of states at the ground energy, symmetric copies counted", _HERE, 23,
            exact=ground_states),
    Measure("stuck_share", "share of the states, ground states apart, without a lower neighbour", _HERE, 23,
            exact=stuck_share),
    Measure("native_overlap", "mean overlap of two ground states", _HERE, 23, exact=native_overlap, reads="landscape"),
    Measure("trap_height", "deepest trap over the usual change of the energy in a flip", _HERE, 23, exact=trap_height),
)  # fmt: skip
