"""Langevin trajectories against the Boltzmann distribution, and the explorer that quenches along them."""

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid
from scipy.stats import chi2, kstest

from spinfunnel.explore.smooth.langevin import Walkers, explore
from spinfunnel.landscape import Budget, Effort, InputError, Minimum
from spinfunnel.systems import double_wells, lennard_jones, resolve
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

ALARM = 1e-4
"""False-alarm rate of the tests of distributions below; their seeds are fixed."""
T = 0.6


def settled(landscape, *, heat: float = T, count: int = 1500, steps: int = 800) -> np.ndarray:
    """Where walkers from random states are after more than ten times the relaxation between the wells: independent."""
    generator = np.random.default_rng(11)
    x = landscape.starts(generator, count)
    walking = Walkers(landscape, x, np.sqrt(heat) * generator.standard_normal(x.shape), 0.1, heat, generator)
    assert walking.go(steps) == count * (steps + 1)
    return walking.x


def boltzmann(landscape, low: float, high: float):
    """Distribution function of one coordinate at T, by quadrature."""
    grid = np.linspace(low, high, 4001)
    weight = np.exp(-landscape.energy_and_gradient(grid[:, None])[0] / T)
    below = cumulative_trapezoid(weight, grid, initial=0.0)
    return lambda x: np.interp(x, grid, below / below[-1])


@pytest.fixture(scope="module")
def well() -> TorchLandscape:
    """Tilted double well: two minima 0.4 apart and a barrier of 0.8 from the higher one."""
    return double_wells(1)


def test_walkers_are_distributed_by_boltzmanns_law(well):
    exact = boltzmann(well, -3.5, 3.5)
    assert kstest(settled(well)[:, 0], exact).pvalue > ALARM
    # The twin that must fail: the law of another temperature, half as high again.
    assert kstest(settled(well, heat=1.5 * T)[:, 0], exact).pvalue < ALARM


def test_walkers_on_a_sphere_stay_on_it_and_follow_boltzmanns_law():
    """E = -3 x1 / |x| in three dimensions, where x1 / |x| has the density exp(3 u / T) on (-1, 1)."""
    field = resolve("spherical-pspin:n=4")  # for the kind of symmetry alone
    landscape = TorchLandscape(
        "field", {}, 3, lambda x: -3.0 * x[:, 0] / x.norm(dim=1), lambda g, n: g.standard_normal((n, 3)),
        invariance=field.invariance.__class__("sphere", mirror=False),
    )  # fmt: skip
    generator = np.random.default_rng(3)
    x = generator.standard_normal((1200, 3))
    x *= 2.0 / np.linalg.norm(x, axis=1, keepdims=True)
    walking = Walkers(landscape, x, np.zeros_like(x), 0.1, T, generator)
    walking.go(800)
    np.testing.assert_allclose(np.linalg.norm(walking.x, axis=1), 2.0, rtol=1e-12)
    u, b = walking.x[:, 0] / 2.0, 3.0 / T
    assert kstest(u, lambda u: (np.exp(b * u) - np.exp(-b)) / (np.exp(b) - np.exp(-b))).pvalue > ALARM
    b *= 0.8
    assert kstest(u, lambda u: (np.exp(b * u) - np.exp(-b)) / (np.exp(b) - np.exp(-b))).pvalue < ALARM


def test_weights_are_those_of_the_basins_at_the_temperature(well):
    """Shares of quenches against the integral over each basin; quenches are apart by five times the relaxation time."""
    chunks = explore(well, temperature=T, quenches=1200, walkers=60, stretch=400, seed=5)
    records = [record for chunk in chunks for record in chunk]
    last = {record.key: record for record in records if isinstance(record, Minimum)}
    assert len(last) == 2
    low, high = sorted(last.values(), key=lambda record: record.energy)
    grid = np.linspace(-0.5, 0.5, 2001)
    top = grid[well.energy_and_gradient(grid[:, None])[0].argmax()]
    share = float(boltzmann(well, -3.5, 3.5)(top))
    share = share if np.frombuffer(low.state)[0] < top else 1.0 - share
    # The starts are quenched as well, sixty of 1260.
    counts = 1260 * np.array([low.weight, high.weight])
    expected = 1260 * np.array([share, 1.0 - share])

    def surprise(expected: np.ndarray) -> float:
        return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), 1))

    assert surprise(expected) > ALARM
    assert surprise(1260 * np.array([share - 0.1, 1.1 - share])) < ALARM


def test_the_lowest_of_thirteen_atoms_is_found_and_the_seed_tells_all():
    one, two, other = (
        [r for chunk in explore(lennard_jones(13), quenches=320, seed=seed, workers=n) for r in chunk]
        for seed, n in ((1, 1), (1, 2), (2, 1))
    )
    assert one == two != other
    minima = {record.key: record for record in one if isinstance(record, Minimum)}
    assert min(record.energy for record in minima.values()) == pytest.approx(-44.326801, abs=1e-6)
    assert sum(record.weight for record in minima.values()) == pytest.approx(1.0)
    assert isinstance(one[-1], Effort)
    assert one[-1].outcome == "finished"


def test_a_hot_cluster_loses_atoms_and_its_walkers_come_back():
    """At T = 2 seven Lennard-Jones atoms are a gas: quenches of walkers that have lost some are counted by name."""
    records = [r for chunk in explore(lennard_jones(7), temperature=2.0, quenches=320, seed=1) for r in chunk]
    assert sum(records[-1].failures.values()) > 30
    assert set(records[-1].failures) <= {"search does not converge", "quench does not converge", "cluster falls apart"}
    minima = {record.key for record in records if isinstance(record, Minimum)}
    assert 1 <= len(minima) <= 4


def test_a_budget_ends_the_walk_and_what_finds_nothing_is_refused(well):
    records = [r for chunk in explore(well, budget=Budget(evaluations=20_000), quenches=10**6) for r in chunk]
    assert records[-1].outcome == "out of budget"
    assert 20_000 <= records[-1].evaluations < 25_000
    with pytest.raises(InputError, match="give temperature="):
        list(explore(resolve("quadratic:n=2")))
    with pytest.raises(InputError, match="finite temperature of at least 0"):
        list(explore(well, temperature=-1.0))
    with pytest.raises(InputError, match=r"none of 16 random starts .*: energy falls without end \(16\)"):
        list(explore(TorchLandscape("hill", {}, 1, lambda x: -(x**2).sum(1), lambda g, n: g.standard_normal((n, 1)))))
