"""Levinthal efficiency against dense solutions, step-by-step walks and known answers."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from slow_twins import basin_graph
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError, Kind
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.measure.levinthal import FoldingTime, folding_time
from spinfunnel.measure.metropolis import MetropolisChain
from spinfunnel.measure.run_lengths import mean_run_length
from spinfunnel.systems import resolve

SMALL = ("sk:n=7,seed=1", "ea:shape=3x3,seed=2", "rem:n=7,seed=3", "labs:n=8", "golf:n=6", "partition:n=7,seed=1")
FIVE = ("sk:n=12,seed=1", "ea:shape=3x4,seed=2", "pspin:n=10,seed=1", "labs:n=11", "golf:n=9")
NAMES = ("levinthal", "folding_time", "fastest_temperature")


def slow_chain(landscape, *, keep_all_moves=True):
    """Energies of the enumerated states, and the neighbours of each by move."""
    flip = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    bits = landscape.size - flip
    energies = np.empty(1 << bits)
    landscape.enumerate(energies)
    number = np.arange(1 << bits)
    moves = [number ^ (1 << bit) for bit in range(bits)]
    if flip and keep_all_moves:
        moves.append((1 << bits) - 1 - number)
    return energies, moves


def slow_passage(landscape, temperature, *, keep_all_moves=True):
    """Mean passage time from every state, from the dense transition matrix."""
    energies, moves = slow_chain(landscape, keep_all_moves=keep_all_moves)
    states = np.arange(len(energies))
    transition = np.zeros((len(energies), len(energies)))
    for other in moves:
        accept = np.exp(-np.maximum(energies[other] - energies, 0.0) / temperature) / len(moves)
        transition[states, other] += accept
        transition[states, states] += 1.0 / len(moves) - accept
    away = energies > energies.min()
    tau = np.zeros(len(energies))
    system = np.eye(int(away.sum())) - transition[np.ix_(away, away)]
    tau[away] = np.linalg.solve(system, np.ones(len(system)))
    return tau


# ---------------------------------------------------------------------------------------------
# Exact passage times


@pytest.mark.parametrize("spec", SMALL)
@pytest.mark.parametrize("share", [0.2, 1.0, math.inf])
def test_passage_times_equal_a_dense_solution(spec, share):
    landscape = resolve(spec)
    chain = MetropolisChain(landscape)
    temperature = share * chain.energies.std()
    tau, error = chain.passage_times(temperature)
    assert error <= 1e-7
    np.testing.assert_allclose(tau, slow_passage(landscape, temperature), rtol=2e-7)


def test_a_spin_that_is_merely_frozen_gives_other_times():
    landscape = resolve("ea:shape=3x3,seed=2")
    tau = MetropolisChain(landscape).passage_times(1.0)[0]
    frozen = slow_passage(landscape, 1.0, keep_all_moves=False)
    assert abs(frozen.mean() / tau.mean() - 1.0) > 0.02


@pytest.mark.parametrize("spec", SMALL)
def test_the_error_of_every_time_is_within_its_bound(spec):
    landscape = resolve(spec)
    chain = MetropolisChain(landscape)
    temperature = 0.3 * chain.energies.std()
    exact = slow_passage(landscape, temperature)
    for tolerance in (0.3, 0.03, 1e-4):
        tau, error = chain.passage_times(temperature, tolerance=tolerance)
        assert error <= tolerance
        assert (np.abs(tau - exact) <= (error + 1e-9) * exact).all()


def test_passage_times_across_tiles_solve_the_sparse_system():
    # Thirteen bits: moves within a tile, between tiles, and the complement.
    from scipy.sparse import coo_matrix

    landscape = resolve("sk:n=14,seed=2")
    energies, moves = slow_chain(landscape)
    temperature, states = 1.0, np.arange(len(energies))
    accept = [np.exp(-np.maximum(energies[other] - energies, 0.0) / temperature) / len(moves) for other in moves]
    leave = coo_matrix((np.concatenate(accept), (np.tile(states, len(moves)), np.concatenate(moves)))).tocsr()
    tau = MetropolisChain(landscape).passage_times(temperature)[0]
    away = energies > energies.min()
    rest = tau * np.sum(accept, axis=0) - leave @ tau
    np.testing.assert_allclose(rest[away], 1.0, rtol=1e-6)
    assert (tau[~away] == 0.0).all()


def test_the_best_temperature_is_that_of_a_fine_grid():
    for spec in ("sk:n=8,seed=1", "ea:shape=2x4,seed=1", "pspin:n=8,seed=1"):
        landscape = resolve(spec)
        chain = MetropolisChain(landscape)
        grid = np.geomspace(0.01, 4.0, 60) * chain.span
        times = [slow_passage(landscape, temperature).mean() for temperature in grid]
        found = folding_time(landscape)
        best = int(np.argmin(times))
        assert times[best] * (1 - 5e-3) <= found.evaluations.value <= times[best] * (1 + 1e-4)
        assert grid[best - 1] <= found.temperature <= grid[best + 1]


def test_energy_unit_and_offset_change_the_temperature_only():
    landscape = resolve("sk:n=9,seed=2")
    graph = flood(landscape)
    one = {name: MEASURES[name].compute(graph, landscape=landscape) for name in NAMES}
    other = Rescaled(landscape)
    two = {name: MEASURES[name].compute(flood(other), landscape=other) for name in NAMES}
    assert two["levinthal"].value == pytest.approx(one["levinthal"].value, rel=1e-5)
    assert two["fastest_temperature"].value == pytest.approx(3.0 * one["fastest_temperature"].value, rel=1e-2)


class Rescaled:
    """The landscape with three times its energies, and eight."""

    kind = Kind.BINARY

    def __init__(self, landscape):
        self.of = landscape
        self.name, self.size, self.symmetries = "rescaled", landscape.size, landscape.symmetries
        self.parameters, self.identity = {}, "rescaled"

    def energy(self, states):
        return 3.0 * self.of.energy(states) + 8.0

    def enumerate(self, out, **options):
        self.of.enumerate(out, **options)
        out *= 3.0
        out += 8.0


# ---------------------------------------------------------------------------------------------
# Known answers (this project's prototype, 11 free bits; means over few samples with their errors)


def efficiency(spec, samples=1):
    return [folding_time(resolve(spec, seed=seed)).efficiency.value for seed in range(1, samples + 1)]


def test_efficiencies_without_disorder():
    assert efficiency("hopfield:n=12,patterns=1")[0] == pytest.approx(0.572, abs=1e-3)
    assert efficiency("hopfield:n=9,patterns=1")[0] == pytest.approx(0.491, abs=1e-3)
    assert folding_time(resolve("labs:n=12")).efficiency.value == pytest.approx(0.006, abs=1e-3)
    # Hitting time of a vertex of the 11-cube: sum_k C(11, k) / (2 k) from every state, over 2^11 - 1 others.
    golf = folding_time(resolve("golf:n=11"))
    fundamental = 0.5 * 11 * sum(math.comb(11, k) / k for k in range(1, 12))
    assert golf.evaluations.value == pytest.approx(fundamental, rel=1e-6)
    assert golf.efficiency.value == pytest.approx(-0.015, abs=2e-3)


@pytest.mark.parametrize(
    ("spec", "published", "error"),
    [
        ("dfm:shape=3x4", 0.464, 0.007),
        ("sk:n=12", 0.390, 0.011),
        ("ea:shape=3x4", 0.360, 0.022),
        ("pspin:n=11", 0.139, 0.004),
        ("partition:n=12", 0.015, 0.003),
        ("rem:n=11", 0.015, 0.010),
    ],
)
def test_efficiencies_over_disorder(spec, published, error):
    # The published errors come from three samples each and are themselves uncertain by a factor of two or so; the
    # spread of ours gives the error of a mean of three. Four standard errors: a false alarm in 10,000.
    values = np.array(efficiency(spec, samples=12))
    scatter = values.std(ddof=1) * math.sqrt(1 / 12 + 1 / 3)
    assert abs(values.mean() - published) < 4.0 * math.hypot(scatter, error)
    assert values.mean() < efficiency("hopfield:n=12,patterns=1")[0]


def test_funnels_glasses_and_golf_courses_are_in_order():
    funnel, glass, random = (np.mean(efficiency(spec, 6)) for spec in ("dfm:shape=3x4", "pspin:n=11", "rem:n=11"))
    assert funnel > glass + 0.1 > random + 0.15


# ---------------------------------------------------------------------------------------------
# Walks


def slow_walk(energies, moves, *, temperature, threshold, limit, seed):
    """One walk, with the numbers of splitmix64 in plain integers."""
    word = (1 << 64) - 1
    state = int(seed)

    def draw():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & word
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & word
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & word
        return z ^ (z >> 31)

    place = draw() % len(energies)
    for made in range(limit + 1):
        if energies[place] <= threshold or made == limit:
            return made, energies[place] <= threshold
        other = moves[((draw() >> 32) * len(moves)) >> 32][place]
        rise = energies[other] - energies[place]
        if rise <= 0 or (draw() >> 11) / 2**53 < math.exp(-rise / temperature):
            place = other
    return None


@pytest.mark.parametrize("spec", SMALL)
def test_walks_equal_plain_ones(spec):
    landscape = resolve(spec)
    chain = MetropolisChain(landscape)
    energies, moves = slow_chain(landscape)
    temperature = 0.4 * energies.std()
    length, hit = chain.run_lengths(temperature, runs=37, limit=60, rng=np.random.default_rng(5))
    seeds = np.random.default_rng(5).integers(0, 1 << 64, 37, dtype=np.uint64)
    fixed = {"temperature": temperature, "threshold": energies.min(), "limit": 60}
    assert list(zip(length, hit, strict=True)) == [slow_walk(energies, moves, seed=seed, **fixed) for seed in seeds]


def test_walks_do_not_depend_on_the_workers():
    landscape = resolve("sk:n=12,seed=1")
    one, three = (folding_time(landscape, method="runs", workers=workers, seed=4) for workers in (1, 3))
    assert one == three
    assert one != folding_time(landscape, method="runs", seed=5)


@pytest.mark.parametrize("spec", FIVE)
def test_walks_agree_with_exact_times_within_their_interval(spec):
    # Intervals of 99.9 %: a false alarm once in two hundred choices of the five seeds.
    landscape = resolve(spec)
    exact = folding_time(landscape)
    temperature = exact.temperature if math.isfinite(exact.temperature) else 1.0
    time = folding_time(landscape, temperature=temperature, method="exact").evaluations.value
    chain = MetropolisChain(landscape)
    rng = np.random.default_rng(11)
    length, hit = chain.run_lengths(temperature, runs=1500, limit=int(30 * time), rng=rng)
    whole = mean_run_length(length, hit, confidence=0.999)
    assert whole.low <= time <= whole.high
    assert whole.high < 1.2 * whole.low
    # The broken twin forgets the walks that were cut off.
    length, hit = chain.run_lengths(temperature, runs=1500, limit=int(time), rng=rng)
    broken = mean_run_length(length[hit], hit[hit], confidence=0.999)
    assert not broken.low <= time <= broken.high


@pytest.mark.parametrize("spec", FIVE)
def test_the_temperature_chosen_by_walks_is_nearly_the_best(spec):
    landscape = resolve(spec)
    exact, walked = folding_time(landscape), folding_time(landscape, method="runs", seed=2)
    # Its own time is that of a temperature picked by noisy walks: within 10 %, besides the interval.
    assert walked.evaluations.low < 1.1 * exact.evaluations.value
    assert walked.evaluations.high > exact.evaluations.value * 0.98
    assert walked.efficiency.low <= walked.efficiency.value <= walked.efficiency.high


@pytest.mark.parametrize("cut", [0.3, 1.0, 5.0])
def test_intervals_of_censored_lengths_cover_as_often_as_they_say(cut):
    # At a coverage of 95 %, fewer than 93 % of 600 are covered once in 50 repeats of this test; the interval is
    # conservative, and the seed is fixed.
    rng = np.random.default_rng(1)
    mean, covered, broken = 1000.0, 0, 0
    for _ in range(600):
        length = np.ceil(rng.exponential(mean, 80))
        hit = length <= cut * mean
        length = np.minimum(length, cut * mean).astype(np.int64)
        found = mean_run_length(length, hit)
        covered += found.low <= mean + 0.5 <= found.high
        careless = mean_run_length(length[hit], hit[hit])
        broken += careless.low <= mean + 0.5 <= careless.high
    assert covered >= 0.93 * 600
    if cut < 5.0:
        assert broken < 0.6 * 600


def test_lengths_more_spread_than_memoryless_ones_get_a_wider_interval():
    rng = np.random.default_rng(3)
    length = np.where(rng.random(200) < 0.9, 10, 10_000)
    found = mean_run_length(length, np.ones(200, bool))
    assert found.low < 1009 < found.high
    # Memoryless lengths would have given 0.87 and 1.16 times the mean.
    assert found.high > 1.5 * found.value


# ---------------------------------------------------------------------------------------------
# Measures and named outcomes


def test_measures_share_one_answer_and_agree_with_the_function():
    landscape = resolve("sk:n=9,seed=1")
    graph = flood(landscape)
    answers = measure_all(graph, names=NAMES, landscape=landscape)
    found = folding_time(landscape)
    assert answers["levinthal"] == found.efficiency
    assert answers["folding_time"] == found.evaluations
    assert answers["fastest_temperature"] == Estimate.exactly(found.temperature)
    assert answers["levinthal"].value == pytest.approx(
        1 - math.log(answers["folding_time"].value) / math.log(found.random)
    )


def test_what_has_no_answer_says_why():
    landscape = resolve("golf:n=8")
    graph = flood(landscape)
    assert measure_all(graph, names=["levinthal"])["levinthal"].outcome == "no_landscape"
    assert MEASURES["fastest_temperature"].compute(graph, landscape=landscape).outcome == "no_guidance"
    listed_nowhere = SimpleNamespace(kind=Kind.GRAPH)
    answer = MEASURES["levinthal"].compute(basin_graph([0.0, 1.0], [(2.0, 0, 1)]), landscape=listed_nowhere)
    assert answer.outcome == "not_binary"
    assert folding_time(landscape, native_energy=1e9).outcome == "all_native"
    stuck = folding_time(resolve("golf:n=16"), method="runs", budget=2000)
    assert isinstance(stuck, NoAnswer)
    assert stuck.outcome == "never_folded"
    assert FoldingTime(Estimate.exactly(0.5), 1.0, 2.0, "exact").efficiency.outcome == "too_small"


def test_bad_input_is_refused_in_a_sentence():
    landscape = resolve("sk:n=8,seed=1")
    with pytest.raises(InputError, match="above 0"):
        folding_time(landscape, temperature=-1.0)
    with pytest.raises(InputError, match="underflow"):
        folding_time(landscape, temperature=1e-4)
    with pytest.raises(InputError, match="raise it"):
        folding_time(landscape, native_energy=-1e9)
    with pytest.raises(InputError, match="smaller size"):
        folding_time(resolve("sk:n=40,seed=1"))


def test_sixteen_bits_are_exact():
    assert folding_time(resolve("sk:n=17,seed=1")).method == "exact"


@pytest.mark.parametrize("seed", range(4))
def test_walks_are_not_lured_to_the_cold(seed):
    """At low temperature some walks go straight down and the rest never arrive: short walks alone prefer it.

    Intervals of 95 %, widened twofold: false alarms below 1e-3 for the four seeds. Found too cold, it was negative;
    at the best of temperatures a factor 1.5 apart, without a parabola through them, 15 % slower than the best.
    """
    glass = resolve("ea:shape=4x4,seed=0")
    exact = folding_time(glass).efficiency.value
    walked = folding_time(glass, method="runs", budget=60_000_000, seed=seed).efficiency
    half = 0.5 * (walked.high - walked.low)
    assert walked.low - half < exact < walked.high + half
    assert walked.high - walked.low < 0.02
