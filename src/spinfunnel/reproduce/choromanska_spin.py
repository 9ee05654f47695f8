"""The spherical p-spin model of Choromanska et al.: where descent ends, and how the index grows with the energy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.estimate import Estimate
from spinfunnel.explore.batch_quench import quench_together
from spinfunnel.explore.engine import Engine
from spinfunnel.explore.stationary import descend_gradient
from spinfunnel.measure.complexity import critical_energy, threshold_energy
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, mean_comparison, paragraphs
from spinfunnel.reproduce.ensemble import sample_seeds
from spinfunnel.reproduce.fit import binomial, resampled
from spinfunnel.systems.pspin_sphere import SphericalPSpin, spherical_p_spin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["choromanska_spin"]

Floats = NDArray[np.float64]

P = 3
PLAN = {25: (60, 40), 50: (60, 40), 100: (30, 40), 250: (8, 24), 500: (3, 16)}
"""Samples of the couplings and random starts of each, by the number of spins."""
QUICK = {25: (12, 20), 50: (12, 20), 100: (4, 20)}
SETTLED = {25: 1e-6, 50: 1e-6, 100: 1e-6, 250: 3e-3, 500: 3e-3}
"""Size of the gradient at which descent ends; energies per spin are then exact to 1e-5."""
INDEX_SPINS = 14
HIGHEST = 3
"""Indices above this are drawn, and counted together."""


def choromanska_spin(order: Order) -> Redrawn:
    """Final energies of descent against size, and the index of critical points against energy."""
    plan = QUICK if order.quick else PLAN
    final: dict[int, list[Floats]] = {}
    work = np.cumsum([0.0, *[count * starts * n**3 for n, (count, starts) in plan.items()]])
    for place, (n, (count, starts)) in enumerate(plan.items()):
        share = 0.8 * work[place : place + 2] / work[-1]
        seeds = sample_seeds(order, label=f"spherical-pspin:n={n}", count=order.samples or count)
        final[n] = _final_energies(order, n, seeds, starts=starts, share=(share[0], share[1]))
    points = _critical_points(order, count=order.count(30, quick=6))
    order.progress("critical points", 1.0)
    rows = [*_final_rows(final, seed=order.seed), *_index_rows(points)]
    return Redrawn(
        tuple(rows), _NOTES, _data(final, points), lambda figure: _draw(figure, final, points), size=(13.0, 5.0)
    )


_NOTES = paragraphs("""
Descent is a quasi-Newton quench, from states even on the sphere. For large n it ends at the threshold energy -E_inf,
where the index of critical points stops to be of the order of n; at a finite n it ends above, by about a power of n.

The fit of the mean is a + b n^(-2/3), the power by which the edge of a random matrix's spectrum, and with it the
threshold, is blurred at size n; its interval is that of the samples and knows nothing of higher orders.

The spread is that over random starts within one sample of the couplings; energies per spin narrow as n grows.

Critical points are found from states on the way down and near the ends of descents by lowering the size of the
gradient, so that their shares by index are not those of all critical points. The theory's energies E_k hold for large
n: at this size the order is compared, not the values.
""")


def _final_energies(order: Order, n: int, seeds: list[int], *, starts: int, share: tuple[float, float]) -> list[Floats]:
    """Final energies per spin (starts,) of every sample."""

    def one(seed: int) -> Floats:
        landscape = spherical_p_spin(n, p=P, seed=seed)
        places = landscape.starts(np.random.default_rng([seed, 1]), starts)
        if landscape.kernel is not None:
            _, energy, size, _ = Engine(landscape).quench(places)
        else:
            _, energy, size, _ = quench_together(
                landscape, places, settled=SETTLED[n], most=4000, longest=2.0 * landscape.step
            )
        return np.asarray(energy[size < 10.0 * SETTLED[n]]) / n

    found = []
    # Large sizes use all threads within the products of matrices.
    with ThreadPoolExecutor(order.workers if n <= 100 else 1) as pool:
        for number, energies in enumerate(pool.map(one, seeds)):
            found.append(energies)
            order.progress(f"descent, {n} spins", share[0] + (share[1] - share[0]) * (number + 1) / len(seeds))
    return found


def _critical_points(order: Order, *, count: int) -> list[NDArray[np.float64]]:
    """Rows (index, energy per spin) of the critical points found in each of `count` samples, each point once."""
    seeds = sample_seeds(order, label="critical points", count=count)
    with ThreadPoolExecutor(order.workers) as pool:
        return list(pool.map(_points_of, seeds))


def _points_of(seed: int) -> Floats:
    landscape = spherical_p_spin(INDEX_SPINS, p=P, seed=seed)
    engine = Engine(landscape)
    rng = np.random.default_rng([seed, 2])
    bottoms = engine.quench(landscape.starts(rng, 80))[0]
    places = [bottoms + reach * rng.standard_normal(bottoms.shape) for reach in (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)]
    x, size, _ = descend_gradient(landscape, np.concatenate(places))
    return _distinct(landscape, engine, x[size < 1e-8])


def _distinct(landscape: SphericalPSpin, engine: Engine, x: Floats) -> Floats:
    """Rows (index, energy per spin), critical points of one energy once."""
    energy = landscape.energy_and_gradient(x)[0] / landscape.dimension
    rows = []
    for place in np.unique(energy.round(8), return_index=True)[1]:
        curvature = engine.curvatures(x[place])
        rows.append((float((curvature < 0.0).sum()), energy[place]))
    return np.array(rows)


def _final_rows(final: dict[int, list[Floats]], *, seed: int) -> list[Comparison]:
    rows = []
    edge = -threshold_energy(P)
    for n, samples in final.items():
        means = [float(energies.mean()) for energies in samples]
        rows.append(mean_comparison(f"mean final energy per spin, n = {n}", means, origin=f"n to infinity: {edge:.6f}"))
        spread, error = resampled(samples, _mean_spread, seed=seed)
        rows.append(Comparison(f"spread of final energies per spin, n = {n}", spread, error, origin="falls with n"))
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


def _mean_spread(samples: list[Floats]) -> float:
    return float(np.mean([energies.std(ddof=1) for energies in samples]))


def _limit(sizes: Floats, parts: list[Floats]) -> float:
    return float(np.polyfit(sizes ** (-2.0 / 3.0), [part.mean() for part in parts], 1)[1])


def _index_rows(points: list[Floats]) -> list[Comparison]:
    rows = []
    lowest = np.array([[_lowest(sample, index) for index in range(HIGHEST + 1)] for sample in points])
    for index in range(HIGHEST + 1):
        known = -critical_energy(index, p=P)
        rows.append(
            mean_comparison(
                f"lowest critical point of index {index}, n = {INDEX_SPINS}",
                lowest[np.isfinite(lowest[:, index]), index],
                origin=f"n to infinity: -E_{index} = {known:.6f}",
            )
        )
    whole = lowest[np.isfinite(lowest).all(axis=1)]
    ordered = int((np.diff(whole, axis=1) > 0.0).all(axis=1).sum())
    share = binomial(ordered, len(whole)) if len(whole) else Estimate(0.0, 0.0, 1.0)
    rows.append(
        Comparison("samples with the lowest energies of indices 0 to 3 in order", share, known=None, origin="all")
    )
    joint = [concordance(sample[:, 0], sample[:, 1]) for sample in points]
    rows.append(mean_comparison("pairs of critical points whose energies are in the order of their indices", joint))
    return rows


def _lowest(sample: Floats, index: int) -> float:
    chosen = sample[sample[:, 0] == index, 1]
    return float(chosen.min()) if len(chosen) else np.nan


def concordance(index: Floats, energy: Floats) -> float:
    """Share of pairs of different index in which the higher index has the higher energy.

    Examples
    --------
    >>> concordance(np.array([0, 1, 2]), np.array([-2.0, -1.0, -1.5]))
    0.6666666666666666
    """
    higher = index[:, None] > index[None]
    return float((higher & (energy[:, None] > energy[None])).sum() / max(int(higher.sum()), 1))


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
        for index, energy in sample:
            put("critical", INDEX_SPINS, number, int(index), float(energy))
    return data


def _draw(figure: Figure, final: dict[int, list[Floats]], points: list[Floats]) -> None:
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
    for index in range(HIGHEST + 1):
        label = "-E_k, large n" if index == 0 else None
        energy = -critical_energy(index, p=P)
        right.plot([energy, energy], [index - 0.4, index + 0.4], color=ACCENT, lw=2, label=label)
    right.axvline(-threshold_energy(P), color=INK, lw=1.2, ls="--", label="-E_inf")
    right.set(xlabel=f"energy per spin, n = {INDEX_SPINS}", ylabel="index")
    right.legend(frameon=False, fontsize=8, loc="lower right")
    for axes in (left, right):
        axes.grid(alpha=0.25, lw=0.6)
        tidy(axes)
