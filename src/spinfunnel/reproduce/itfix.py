"""Iterative fixing against plain restarts at equal energy evaluations: where it helps, and where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.sample.chain_folding import Ladder
from spinfunnel.explore.sample.iterative_fixing import Fixing, search_of
from spinfunnel.explore.sample.replica_exchange import Tempering
from spinfunnel.landscape import InputError, Landscape, is_binary, no_progress
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.landscape.states import Walkable
from spinfunnel.moves.batches import over_blocks
from spinfunnel.plot.palette import ACCENT, FUNNELS, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, paragraphs
from spinfunnel.systems import resolve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["iterative_fixing", "success"]

Ints = NDArray[np.int64]
Cases: TypeAlias = tuple[tuple[str, str, str, float | None, int], ...]

CASES: Cases = (
    ("disordered ferromagnet, 14x14", "funnel", "dfm:shape=14x14,seed=1", None, 1_000_000),
    ("disordered ferromagnet, ring of 48", "funnel", "dfm:shape=48,seed=1", None, 300_000),
    ("disordered ferromagnet, 8x8x8", "funnel", "dfm:shape=8x8x8,seed=1", None, 600_000),
    ("lattice Go, 25-mer", "funnel", "go:n=25,seed=1", -16.0, 60_000),
    ("lattice Go, 36-mer", "funnel", "go:n=36,seed=1", -25.0, 100_000),
    ("HP, 24-mer", "degenerate", "hp:sequence=hhpphpphpphpphpphpphpphh", -9.0, 60_000),
    ("spin glass, 8x8", "glass", "ea:shape=8x8,seed=1", None, 400_000),
    ("Sherrington-Kirkpatrick, 64", "glass", "sk:n=64,seed=1", None, 30_000),
    ("3-spin glass, 30", "glass", "pspin:n=30,seed=1", None, 100_000),
    ("random energies, 14", "glass", "rem:n=14,seed=1", None, 100_000),
    ("binary strings, 24", "glass", "labs:n=24", None, 200_000),
    ("golf course, 14", "golf course", "golf:n=14", None, 100_000),
)
"""Title, kind, system, ground energy where it is not looked up, and evaluations allowed."""
WAYS = ("fixing", "restarts", "tempering")
ANNEALED = 8
LISTED = 20
"""Bits up to which the ground energy is that of all states."""
ROUNDS = 1024
"""Of the tempering that finds the ground energy of larger ones."""
POINTS = 24


def success(reached: Ints, budget: float) -> Estimate:
    """Share of searches that were there within a budget, with its 95 % interval (Wilson 1927).

    Examples
    --------
    >>> print(success(np.array([5, 20, -1, 7]), 10.0))
    0.5 [0.15, 0.85]
    """
    count, z = len(reached), 1.96
    share = float(((reached >= 0) & (reached <= budget)).mean())
    centre, reach = share + z * z / (2 * count), z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    low, high = (centre - reach) / (1 + z * z / count), (centre + reach) / (1 + z * z / count)
    return Estimate(share, min(share, max(0.0, round(float(low), 12))), max(share, min(1.0, round(float(high), 12))))


def iterative_fixing(order: Order) -> Redrawn:
    """Success of iterative fixing, restarts and tempering against energy evaluations."""
    rows: list[Comparison] = []
    found: dict[str, dict[str, Ints]] = {}
    cases = tuple(case for case in CASES if not order.quick or case[4] <= 60_000)
    for number, (title, kind, spec, target, budget) in enumerate(cases):
        order.progress(title, number / len(cases))
        count = order.count(100, quick=12)
        found[title] = _searched(resolve(spec), target, budget, count=count, order=order)
        for way, reached in found[title].items():
            rows.append(Comparison(f"{title}: {way}, success in {budget}", success(reached, budget), origin=kind))
    data = _data(cases, found)
    return Redrawn(tuple(rows), _NOTES, data, lambda figure: _draw(figure, cases, found), size=(11.0, 10.5))


def _searched(landscape: Landscape, target: float | None, budget: int, *, count: int, order: Order) -> dict[str, Ints]:
    """Evaluations at which each search of each way was first there, -1 where it was not within the budget."""
    goal = _goal(landscape) if target is None else target
    found = {}
    for number, way in enumerate(WAYS):

        def some(start: int, stop: int, way: str = way, number: int = number) -> list[int]:
            return [
                _one(landscape, way, goal, budget, np.random.default_rng([order.seed, number, k]))
                for k in range(start, stop)
            ]

        parts = over_blocks(some, count, workers=order.workers, progress=no_progress, stage=way, block=4)
        found[way] = np.array([one for part in parts for one in part], np.int64)
    return found


def _goal(landscape: Landscape) -> float:
    """Ground energy, and a little more for rounding: of all states, or the lowest of a long tempering."""
    if not is_binary(landscape):
        raise InputError(f"the ground energy of {landscape.name} is not looked up: give it")
    if landscape.size <= LISTED:
        energies = np.empty(1 << landscape.size - any(symmetry.is_global_flip for symmetry in landscape.symmetries))
        landscape.enumerate(energies)
        lowest = float(energies.min())
    else:
        run = Tempering(landscape, replicas=128, seed=0)
        run.tune(rounds=ROUNDS)
        run.run(ROUNDS)
        lowest = run.replicas.best()[1]
    return lowest + 1e-6 * abs(lowest)


def _one(landscape: Landscape, way: str, goal: float, budget: int, rng: np.random.Generator) -> int:
    if way == "tempering":
        return _tempered(landscape, goal, budget, rng)
    # A search remembers its last states, so that each has its own.
    fixing = Fixing(search_of(landscape, workers=1), rng, annealed=ANNEALED, fixing=way == "fixing")
    while fixing.evaluations < budget:
        reached = fixing.round(goal)[2]
        if reached >= 0:
            return reached if reached <= budget else -1
    return -1


def _tempered(landscape: Landscape, goal: float, budget: int, rng: np.random.Generator) -> int:
    if isinstance(landscape, Walkable):
        ladder = Ladder(landscape, np.geomspace(0.25, 0.9, 8) * landscape.energy_scale(), 8, rng)
        while ladder.best_energy > goal and ladder.evaluations < budget:
            ladder.round(offers=200)
        return ladder.found_after if ladder.best_energy <= goal else -1
    if not is_binary(landscape):
        raise InputError(f"{landscape.name} is neither a chain nor binary: it is not tempered")
    run = Tempering(landscape, replicas=64, seed=int(rng.integers(1 << 32)))
    while run.replicas.attempts < budget:
        run.run(1)
        if run.replicas.best()[1] <= goal:
            return run.replicas.attempts if run.replicas.attempts <= budget else -1
    return -1


_NOTES = paragraphs("""
All ways are given the same number of energy evaluations; restarts are the very same rounds of annealing with nothing
fixed, so that the difference is that of fixing alone. Tempering is of 64 replicas, for chains 8. Intervals are 95 %
(Wilson). Ground energies above 20 bits are the lowest of a far longer tempering.

Fixing has something to work with where the best states agree in part, and what they agree on is right: in low
dimension, where what is wrong sits in walls between domains, of a funnel or of a glass. Where all spins interact with
all, where energies are random, and on a golf course there is nothing to agree on. Whether it helps is what the rows
say: where the intervals of fixing and restarts overlap, it was not shown to.
""")


def _data(cases: Cases, found: dict[str, dict[str, Ints]]) -> dict[str, list[Any]]:
    names = ("landscape", "kind", "way", "evaluations", "success", "low", "high")
    data: dict[str, list[Any]] = {name: [] for name in names}
    for title, kind, _, _, budget in cases:
        for way, reached in found[title].items():
            for spent in np.geomspace(budget / 100, budget, POINTS):
                share = success(reached, spent)
                cells = (title, kind, way, round(float(spent)), share.value, share.low, share.high)
                for name, cell in zip(names, cells, strict=True):
                    data[name].append(cell)
    return data


def _draw(figure: Figure, cases: Cases, found: dict[str, dict[str, Ints]]) -> None:
    grid = figure.subplots(-(-len(cases) // 3), 3, squeeze=False).ravel()
    colours = dict(zip(WAYS, (ACCENT, REST, FUNNELS[0]), strict=True))
    for axes, (title, kind, _, _, budget) in zip(grid, cases, strict=False):
        spent = np.geomspace(budget / 100, budget, POINTS)
        for way, reached in found[title].items():
            shares = [success(reached, one) for one in spent]
            axes.plot(spent, [share.value for share in shares], color=colours[way], label=way)
            axes.fill_between(
                spent, [share.low for share in shares], [share.high for share in shares], color=colours[way], alpha=0.18
            )
        axes.set(xscale="log", ylim=(-0.03, 1.03), title=f"{title} ({kind})")
        axes.title.set_fontsize(9)
        tidy(axes)
    for axes in grid[len(cases) :]:
        axes.set_axis_off()
    fullest = max(grid[: len(cases)], key=lambda axes: len(axes.lines))
    fullest.legend(frameon=False, fontsize=8)
    figure.supxlabel("energy evaluations", fontsize=9)
    figure.supylabel("share of searches that reached the ground state", fontsize=9)
