"""Replicas against exact Boltzmann weights, and against themselves on other numbers of threads.

Every stochastic test has a fixed seed. Chi-square tests accept what a right sampler does with probability 1 - 1e-4, and
their broken twins must fall below 1e-6.
"""

import numpy as np
import pytest
from scipy.stats import chi2

from spinfunnel import systems
from spinfunnel.explore.sample import replica_kernels as kernels
from spinfunnel.explore.sample.couplings import couplings_of
from spinfunnel.explore.sample.ladder import barrier, equalised
from spinfunnel.explore.sample.replica_exchange import Tempering, temper
from spinfunnel.explore.sample.replicas import Replicas
from spinfunnel.landscape import InputError, state_bits
from spinfunnel.systems import SpinPolynomial

pytestmark = pytest.mark.quick

SPECS = ["ea:shape=3x4,seed=3", "pspin:n=12,p=3", "rfim:shape=3x4,seed=2", "labs:n=12", "rem:n=12", "partition:n=10"]


def all_energies(landscape):
    return landscape.energy(state_bits(np.arange(1 << landscape.size), size=landscape.size))


def p_value(states, weights, *, each=20.0):
    """Chi-square of visits against weights, states lumped in order of their weight to so many expected visits."""
    n = states.shape[1]
    seen = np.bincount(states.astype(np.int64) @ (1 << np.arange(n)), minlength=1 << n)
    expected = weights / weights.sum() * len(states)
    order = np.argsort(expected)
    bins = np.floor(np.cumsum(expected[order]) / each).astype(int)
    e, s = np.bincount(bins, weights=expected[order]), np.bincount(bins, weights=seen[order])
    full = e > each / 4.0
    return float(chi2.sf((((s - e) ** 2) / np.maximum(e, 1e-300))[full].sum(), full.sum() - 1))


def drawn(landscape, *, temperatures, clusters=None, rounds=300, gap=8, seed=4):
    """States at the middle temperature, so far apart in time that they are independent."""
    run = Tempering(landscape, replicas=256, temperatures=temperatures, clusters=clusters, seed=seed)
    run.run(100)
    states = []
    for _ in range(rounds):
        run.run(gap)
        state, rung = run.snapshot()
        states.append(state[rung == 1])
    return np.concatenate(states)


@pytest.mark.parametrize("spec", SPECS)
def test_states_are_drawn_with_boltzmann_weights_and_not_with_others(spec):
    landscape = systems.resolve(spec)
    energies = all_energies(landscape)
    temperature = float(energies.std()) * 0.7
    asked = not hasattr(landscape, "terms")
    states = drawn(
        landscape,
        temperatures=temperature * np.array([0.6, 1.0, 2.0]),
        rounds=30 if asked else 300,
        gap=2 if asked else 8,
    )
    lowest = energies.min()
    for each in (20.0, 400.0):
        assert p_value(states, np.exp(-(energies - lowest) / temperature), each=each) > 1e-4
    # A temperature wrong by 15 % is found out (by 30 % from the fewer states of a landscape that is asked).
    wrong = temperature * (1.3 if asked else 1.15)
    assert p_value(states, np.exp(-(energies - lowest) / wrong), each=400.0) < 1e-6


def test_biased_dice_are_found_out():
    landscape = systems.resolve("ea:shape=3x4,seed=3")
    energies = all_energies(landscape)
    temperatures = np.array([2.0, 3.0, 6.0])
    run = Tempering(landscape, replicas=256, temperatures=temperatures, seed=4)
    states = []
    for _ in range(300):
        run.run(8)
        state, rung = run.snapshot()
        states.append(state[rung == 1])
        for group in run.replicas.groups:
            # Lanes that share their random numbers: what a careless seeding would do.
            group.generator[:] = run.replicas.groups[0].generator[:, :1]
    assert p_value(np.concatenate(states), np.exp(-energies / 3.0)) < 1e-6


def test_dice_are_uniform_and_independent():
    # A free spin flips with probability 2^offset whatever came before: 64 lanes, 20,000 spins.
    run = Tempering(SpinPolynomial(20_000, [([[0]], [1.0])]), replicas=64, temperatures=np.array([0.5, 1.0]), seed=9)
    group, tables = run.replicas.groups[0], run.replicas._tables
    from spinfunnel.explore.sample import replica_kernels

    before = group.spins.copy()
    replica_kernels.sweep_group(
        group.spins, tables, np.zeros(64, np.float32), np.full(64, -1.0, np.float32), group.generator
    )
    flips = (group.spins != before)[1:20_000].astype(float)
    deviation = 2.0 * flips - 1.0
    count = deviation.size
    assert abs(deviation.sum()) < 4.0 * np.sqrt(count)
    # In time, and between neighbouring lanes, and between lanes that share a 64-bit word; each below 4 sigma.
    assert abs((deviation[1:] * deviation[:-1]).sum()) < 4.0 * np.sqrt(count)
    for step in (1, 2, 8, 16, 32):
        assert abs((deviation[:, step:] * deviation[:, :-step]).sum()) < 4.0 * np.sqrt(count)


@pytest.mark.parametrize("spec", [*SPECS, "sk:n=9", "multiscale", "hopfield:n=11"])
def test_followed_energies_are_the_landscape_s(spec):
    landscape = systems.resolve(spec)
    run = Tempering(landscape, replicas=64, temperatures=np.array([0.5, 1.0]) * 10.0, seed=2)
    series = run.run(5, series=True)
    states, _ = run.snapshot()
    exact = landscape.energy(states)
    spread = np.abs(exact).max()
    # The last energies were noted before the exchange, which turns places only.
    assert np.allclose(np.sort(series[-1].ravel()), np.sort(exact), atol=1e-5 * spread)
    climbs = run.replicas.climbs() * run.replicas.scale
    for spin in range(landscape.size):
        flipped = run.replicas.states()
        flipped[:, spin] ^= 1
        assert np.allclose(landscape.energy(flipped) - run.replicas.energies(), climbs[spin], atol=1e-5 * spread)


def test_cluster_swaps_keep_the_sum_of_two_energies_and_the_weights():
    landscape = systems.resolve("rfim:shape=3x4,seed=2")
    energies = all_energies(landscape)
    states = drawn(landscape, temperatures=np.array([1.5, 2.5, 6.0]), clusters=True)
    assert p_value(states, np.exp(-(energies - energies.min()) / 2.5)) > 1e-4


def test_a_swapped_cluster_is_followed_in_both_energies():
    replicas = Replicas(systems.resolve("rfim:shape=6x6,seed=2"), groups=1, seed=1)
    group, size = replicas.groups[0], replicas.size
    kernels.energies_of(group.spins, replicas._tables, group.energy)
    before, stamp, queue = replicas.energies(), np.zeros(size, np.int64), np.empty(size, np.int64)
    for a in range(0, 64, 2):
        kernels._swap_cluster(group.spins, replicas._tables, group.energy, a, a + 1, group.dice, stamp, a + 1, queue)
    after = replicas.energies()
    assert np.allclose(after[::2] + after[1::2], before[::2] + before[1::2])
    assert np.allclose(group.energy * replicas.scale + replicas.constant, after, atol=1e-5)
    assert np.mean(np.abs(after - before) > 1e-3) > 0.9


def test_quenches_end_in_minima():
    landscape = systems.resolve("sk:n=40,seed=3")
    replicas = Replicas(landscape, groups=2, seed=1)
    replicas.quench()
    assert (replicas.climbs() >= 0.0).all()
    flat = Replicas(systems.resolve("ea:shape=5x5,bonds=bimodal"), groups=1, seed=1)
    flat.quench()
    assert (flat.climbs() >= 0.0).all()


def test_the_number_of_threads_changes_nothing():
    landscape = systems.resolve("ea:shape=6x6,seed=1")
    one, two = (temper(landscape, replicas=192, rounds=64, seed=3, workers=workers) for workers in (1, 2))
    assert np.array_equal(one.series, two.series)
    assert np.array_equal(one.state, two.state)
    assert one.best_energy == two.best_energy


@pytest.mark.parametrize("spec", ["ea:shape=6x6,seed=1", "ea:shape=6x6,bonds=bimodal", "pspin:n=16"])
def test_an_energy_seven_times_as_large_gives_the_same_states(spec):
    landscape = systems.resolve(spec)
    larger = SpinPolynomial(landscape.size, [(rows, 7.0 * values) for rows, values in landscape.terms.values()])
    one, seven = (temper(each, rounds=64, seed=3) for each in (landscape, larger))
    assert np.array_equal(one.state, seven.state)
    assert np.allclose(7.0 * one.temperature, seven.temperature)


def test_couplings_are_seen_from_each_spin():
    landscape = systems.resolve("multiscale")
    couplings = couplings_of(landscape)
    rng = np.random.default_rng(0)
    states = rng.integers(0, 2, (4, landscape.size)).astype(np.uint8)
    spins = np.concatenate([2.0 * states - 1.0, np.ones((4, 1))], axis=1)
    for spin in range(landscape.size):
        a, b = couplings.offsets[spin : spin + 2]
        field = couplings.fields[spin] + spins[:, couplings.neighbours[a:b]] @ couplings.couplings[a:b]
        a, b = couplings.term_offsets[spin : spin + 2]
        field = field + spins[:, couplings.others[a:b]].prod(axis=2) @ couplings.coefficients[a:b]
        flipped = states.copy()
        flipped[:, spin] ^= 1
        rise = landscape.energy(flipped) - landscape.energy(states)
        assert np.allclose(-2.0 * spins[:, spin] * field * couplings.scale, rise)


def test_rungs_come_to_exchange_equally_often():
    run = Tempering(systems.resolve("ea:shape=8x8,seed=1"), seed=1)
    run.tune(rounds=1000)
    run.run(1000)
    assert run.rejection.max() - run.rejection.min() < 0.15
    assert 0.2 < run.rejection.mean() < 0.7
    # A ladder of equal steps in temperature does not.
    plain = Tempering(systems.resolve("ea:shape=8x8,seed=1"), temperatures=np.linspace(0.3, 5.0, 16), seed=1)
    plain.run(1000)
    assert plain.rejection.max() - plain.rejection.min() > 0.15
    assert barrier(run.rejection) == pytest.approx(barrier(plain.rejection), rel=0.5)


def test_what_cannot_be_sampled_is_refused():
    landscape = systems.resolve("sk:n=8")
    for wrong in ([1.0], [1.0, -1.0], [1.0, np.inf], np.linspace(1, 2, 65)):
        with pytest.raises(InputError, match="temperatures"):
            Tempering(landscape, temperatures=np.array(wrong))
    with pytest.raises(InputError, match="clusters"):
        Tempering(systems.resolve("pspin:n=8"), clusters=True)
    with pytest.raises(InputError, match="replicas"):
        Tempering(landscape, replicas=0)
    assert len(equalised(np.array([2.0, 1.0]), np.zeros(1), rungs=5)) == 5
