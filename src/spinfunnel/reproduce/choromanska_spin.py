"""The spherical p-spin model of Choromanska et al.: where descent ends, and how the index grows with the energy."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spinfunnel.explore.smooth import stationary
from spinfunnel.explore.smooth.batch_quench import quench_together
from spinfunnel.landscape import Minimum, Saddle
from spinfunnel.measure.complexity import critical_energy, expected_points, threshold_energy
from spinfunnel.measure.index_counts import concordance
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, mean_comparison, paragraphs
from spinfunnel.reproduce.disorder import sample_seeds
from spinfunnel.reproduce.trend import binomial, resampled
from spinfunnel.systems.surfaces.pspin_sphere import spherical_p_spin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["choromanska_spin"]

Floats = NDArray[np.float64]

P = 3
PLAN = {25: (200, 40), 50: (200, 40), 100: (60, 40), 250: (20, 24), 500: (6, 24)}
"""Samples of the couplings and random starts of each, by the number of spins."""
QUICK = {25: (24, 20), 50: (24, 20), 100: (8, 20)}
MOST_STEPS, SETTLED = 4000, 1e-5
"""Steps at most, and size of the gradient at which descent ends; energies per spin are then exact to 1e-8. At 3e-3,
many a descent is still on its way past a saddle, 0.007 too high at 500 spins."""
INDEX_SPINS, STARTS = 8, 256
"""Spins of the model whose critical points are all found, 124 on average, and starts of that search at least."""
HIGHEST = 3
"""Indices up to which rows are shown: the others are their antipodes."""


def choromanska_spin(order: Order) -> Redrawn:
    """Final energies of descent against size, and the index of critical points against energy."""
    plan = QUICK if order.quick else PLAN
    final: dict[int, list[Floats]] = {}
    work = np.cumsum([0.0, *[count * starts * n**3 for n, (count, starts) in plan.items()]])
    for place, (n, (count, starts)) in enumerate(plan.items()):
        share = 0.8 * work[place : place + 2] / work[-1]
        seeds = sample_seeds(order, label=f"spherical-pspin:n={n}", count=order.samples or count)
        final[n] = _final_energies(order, n, seeds, starts=starts, share=(share[0], share[1]))
    points = _critical_points(order, count=order.count(24, quick=6))
    order.progress("critical points", 1.0)
    theory = expected_points(INDEX_SPINS, p=P)
    rows = [*_final_rows(final, seed=order.seed), *_index_rows(points, theory, seed=order.seed)]
    return Redrawn(
        tuple(rows), _NOTES, _data(final, points), lambda sheet: _draw(sheet, final, points, theory), size=(13.0, 5.0)
    )


_NOTES = paragraphs("""
Descent is a quasi-Newton quench, from states even on the sphere. For large n it ends at the threshold energy -E_inf,
where the index of critical points stops to be of the order of n; at a finite n it ends above, by about a power of n.

The fit of the mean is a + b n^(-2/3), the power by which the edge of a random matrix's spectrum, and with it the
threshold, is blurred at size n; its interval is that of the samples and knows nothing of higher orders, which are
about 0.008: from 250 and 500 spins alone it comes to -1.630.

The spread is that over random starts within one sample of the couplings; energies per spin narrow as n grows.

At the smallest size all critical points are found, or nearly: the antipode of one is another, of index n - 1 - k and
the opposite energy, and where one of the two is missed the other tells. Their numbers and mean energies by index are
compared with the Kac-Rice formula, exact at this size; the
energies E_k, below which there are none of index k or more, hold for large n.
""")


def _final_energies(order: Order, n: int, seeds: list[int], *, starts: int, share: tuple[float, float]) -> list[Floats]:
    """Final energies per spin (starts,) of every sample."""

    def one(seed: int) -> Floats:
        landscape = spherical_p_spin(n, p=P, seed=seed)
        places = landscape.starts(np.random.default_rng([seed, 1]), starts)
        longest = 2.0 * landscape.step
        _, energy, size, _ = quench_together(landscape, places, settled=SETTLED, most=MOST_STEPS, longest=longest)
        return np.asarray(energy[size <= SETTLED]) / n

    found = []
    with ThreadPoolExecutor(order.workers) as pool, threadpool_limits(limits=1):
        for number, energies in enumerate(pool.map(one, seeds)):
            found.append(energies)
            order.progress(f"descent, {n} spins", share[0] + (share[1] - share[0]) * (number + 1) / len(seeds))
    return found


def _critical_points(order: Order, *, count: int) -> list[Floats]:
    """Rows (index, energy per spin, whether its antipode was found as well) of each of `count` samples."""
    found = []
    for number, seed in enumerate(sample_seeds(order, label="critical points", count=count)):
        found.append(_with_antipodes(_points_of(seed, workers=order.workers)))
        order.progress(f"critical points, {INDEX_SPINS} spins", 0.8 + 0.2 * (number + 1) / count)
    return found


def _points_of(seed: int, *, workers: int) -> dict[str, tuple[int, float]]:
    landscape = spherical_p_spin(INDEX_SPINS, p=P, seed=seed)
    found = {}
    search = stationary.explore(landscape, seed=seed, workers=workers, starts=STARTS)
    for record in itertools.chain.from_iterable(search):
        if isinstance(record, Minimum | Saddle):
            index = (record.index or 1) if isinstance(record, Saddle) else 0
            found[record.key] = index, record.energy / INDEX_SPINS
    return found


def _with_antipodes(found: dict[str, tuple[int, float]]) -> Floats:
    """Points and their antipodes, each once; no two critical points have one energy, of random couplings."""
    rows = {(index, round(energy, 8)): energy for index, energy in found.values()}
    antipodes = {(INDEX_SPINS - 1 - index, round(-energy, 8)): -energy for index, energy in found.values()}
    both = {**antipodes, **rows}
    return np.array([(key[0], energy, key in rows and key in antipodes) for key, energy in both.items()])


def _final_rows(final: dict[int, list[Floats]], *, seed: int) -> list[Comparison]:
    rows = []
    edge = -threshold_energy(P)
    for n, samples in final.items():
        means = [float(energies.mean()) for energies in samples]
        rows.append(mean_comparison(f"mean final energy per spin, n = {n}", means, origin=f"n to infinity: {edge:.6f}"))
        spreads = [float(energies.std(ddof=1)) for energies in samples]
        rows.append(mean_comparison(f"spread of final energies per spin, n = {n}", spreads, origin="falls with n"))
    sizes = np.array(list(final), float)
    if len(sizes) > 2:
        parts = [np.array([energies.mean() for energies in samples]) for samples in final.values()]
        limit, error = resampled(parts, lambda drawn: _limit(sizes, drawn), seed=seed)
        rows.append(
            Comparison("mean final energy per spin, n to infinity", limit, error, edge, 0.0, "Choromanska et al.")
        )
        power, error = resampled(
            [np.array([energies.std(ddof=1) for energies in samples]) for samples in final.values()],
            lambda drawn: float(np.polyfit(np.log(sizes), [np.log(part.mean()) for part in drawn], 1)[0]),
            seed=seed,
        )
        rows.append(Comparison("spread: power of n", power, error, origin="negative: concentration"))
    return rows


def _limit(sizes: Floats, parts: list[Floats]) -> float:
    return float(np.polyfit(sizes ** (-2.0 / 3.0), [part.mean() for part in parts], 1)[1])


def _index_rows(points: list[Floats], theory: tuple[Floats, Floats, Floats], *, seed: int) -> list[Comparison]:
    rows = []
    counts = np.array([np.bincount(sample[:, 0].astype(int), minlength=INDEX_SPINS) for sample in points])
    pairs = np.concatenate(points)[:, 2]
    rows.append(
        Comparison(
            f"critical points found together with their antipode, n = {INDEX_SPINS}",
            binomial(int(pairs.sum()), len(pairs)),
            origin="all, where none is missed",
        )
    )
    for index in range(HIGHEST + 1):
        name, origin = f"index {index}, n = {INDEX_SPINS}", "Auffinger, Ben Arous, Cerny (2013), theorem 2.1"
        known, error, energy = (float(column[index]) for column in theory)
        rows.append(
            mean_comparison(
                f"critical points of {name}", counts[:, index], known=known, known_error=error, origin=origin
            )
        )
        sums = np.array([[sample[sample[:, 0] == index, 1].sum(), counts[k, index]] for k, sample in enumerate(points)])
        mean, spread = resampled([sums], _ratio, seed=seed)
        rows.append(Comparison(f"their mean energy per spin, index {index}", mean, spread, energy, 0.0, origin))
        rows.append(
            mean_comparison(
                f"lowest critical point of index {index}",
                [lowest for sample in points if np.isfinite(lowest := _lowest(sample, index))],
                origin=f"n to infinity: -E_{index} = {-critical_energy(index, p=P):.6f}",
            )
        )
    bottoms = np.array([[_lowest(sample, index) for index in range(HIGHEST + 1)] for sample in points])
    ordered = int((np.diff(bottoms, axis=1) > 0.0).all(axis=1).sum())
    rows.append(
        Comparison(
            f"samples with the lowest energies of indices 0 to {HIGHEST} in order",
            binomial(ordered, len(points)),
            origin="E_0 > E_1 > E_2 > E_3",
        )
    )
    joint = [concordance(sample[:, 0], sample[:, 1]) for sample in points]
    rows.append(mean_comparison("pairs of critical points whose energies are in the order of their indices", joint))
    return rows


def _ratio(parts: list[Floats]) -> float:
    total = parts[0].sum(axis=0)
    return float(total[0] / total[1])


def _lowest(sample: Floats, index: int) -> float:
    chosen = sample[sample[:, 0] == index, 1]
    return float(chosen.min()) if len(chosen) else np.nan


def _data(final: dict[int, list[Floats]], points: list[Floats]) -> dict[str, list[Any]]:
    data: dict[str, list[Any]] = {name: [] for name in ("kind", "spins", "sample", "index", "energy per spin")}

    def put(*cells: Any) -> None:
        for name, cell in zip(data, cells, strict=True):
            data[name].append(cell)

    for n, samples in final.items():
        for number, energies in enumerate(samples):
            for energy in energies:
                put("final", n, number, "", float(energy))
    for number, sample in enumerate(points):
        for index, energy, _ in sample:
            put("critical", INDEX_SPINS, number, int(index), float(energy))
    return data


def _draw(
    figure: Figure, final: dict[int, list[Floats]], points: list[Floats], theory: tuple[Floats, Floats, Floats]
) -> None:
    left, right = figure.subplots(1, 2)
    for colour, (n, samples) in zip(FUNNELS, final.items(), strict=False):
        energies = np.concatenate(samples)
        left.hist(energies, bins=30, density=True, histtype="step", lw=1.6, color=colour, label=f"n = {n}")
    left.axvline(-threshold_energy(P), color=INK, lw=1.2, ls="--", label="-E_inf")
    left.axvline(-critical_energy(0, p=P), color=ACCENT, lw=1.2, ls=":", label="-E_0")
    left.set(xlabel="final energy per spin", ylabel="density", yscale="log")
    left.legend(frameon=False, fontsize=8)
    every = np.concatenate(points)
    rng = np.random.default_rng(0)
    right.plot(every[:, 1], every[:, 0] + rng.uniform(-0.25, 0.25, len(every)), ".", ms=3, color=FUNNELS[0], alpha=0.5)
    right.plot(theory[2], np.arange(INDEX_SPINS), "o-", color=ACCENT, lw=1.6, ms=5, label="mean, exact")
    right.axvline(-threshold_energy(P), color=INK, lw=1.2, ls="--", label="-E_inf")
    right.set(xlabel=f"energy per spin, n = {INDEX_SPINS}", ylabel="index")
    right.legend(frameon=False, fontsize=8, loc="lower right")
    for axes in (left, right):
        axes.grid(alpha=0.25, lw=0.6)
        tidy(axes)
