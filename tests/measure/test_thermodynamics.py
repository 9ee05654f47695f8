"""Folding temperatures, correlations and slopes against sums over all states."""

import math
from dataclasses import replace

import numpy as np
import pytest

from slow_twins import slow_flood
from spinfunnel.landscape import Census
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.measure import MEASURES

pytestmark = pytest.mark.quick


def value(graph, name):
    answer = MEASURES[name].compute(graph)
    assert not isinstance(answer, NoAnswer), answer
    return answer.value


def outcome(graph, name):
    answer = MEASURES[name].compute(graph)
    assert isinstance(answer, NoAnswer), answer
    return answer.outcome


def deep_hole(bits=8, depth=20.0, seed=1):
    energies = np.random.default_rng(seed).normal(size=2**bits)
    energies[77] = -depth
    return energies


def dissimilar(energies, *, native):
    """Energies of the states that differ from the native one in a quarter of the bits or more."""
    bits = len(energies).bit_length() - 1
    return np.array([energy for x, energy in enumerate(energies) if 4 * (x ^ native).bit_count() >= bits])


def sherrington_kirkpatrick(n, seed):
    rng = np.random.default_rng(seed)
    coupling = np.triu(rng.normal(size=(n, n)), 1) / math.sqrt(n)
    spins = 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1) - 1.0
    return -np.einsum("bi,ij,bj->b", spins, coupling, spins)


def test_folding_temperatures_follow_their_formulas():
    energies = deep_hole()
    others = dissimilar(energies, native=77)
    gap, spread, entropy = others.mean() + 20.0, others.std(), math.log(len(others))
    graph = slow_flood(energies)
    assert value(graph, "tg") == pytest.approx(spread / math.sqrt(2 * entropy))
    tf = (gap + math.sqrt(gap**2 - 2 * entropy * spread**2)) / (2 * entropy)
    assert value(graph, "tf") == pytest.approx(tf)
    assert value(graph, "tf_tg") == pytest.approx(tf / (spread / math.sqrt(2 * entropy)))


def test_at_tf_native_and_other_states_weigh_the_same_in_the_annealed_random_energy_model():
    graph = slow_flood(deep_hole())
    tf, tg = value(graph, "tf"), value(graph, "tg")
    others = dissimilar(deep_hole(), native=77)
    entropy = math.log(len(others))
    spread = tg * math.sqrt(2 * entropy)
    gap = others.mean() + 20.0
    assert gap - spread**2 / (2 * tf) - tf * entropy == pytest.approx(0.0, abs=1e-9)


def test_the_band_is_that_of_dissimilar_states_and_a_rival_at_the_ground_energy_is_in_it():
    energies = np.random.default_rng(2).normal(size=256)
    energies[[0, 255]] = -30.0
    graph = slow_flood(energies)
    others = dissimilar(energies, native=0 if graph.key[graph.chief] == "00000000" else 255)
    assert (others == -30.0).sum() == 1
    entropy = math.log(len(others))
    assert value(graph, "entropy") == pytest.approx(entropy)
    assert value(graph, "tg") == pytest.approx(others.std() / math.sqrt(2 * entropy))
    assert value(graph, "gap_over_roughness") == pytest.approx(
        (others.mean() + 30.0) / (others.std() * math.sqrt(2 * entropy))
    )
    assert value(graph, "decoy_gap") == 0.0


def test_no_folding_transition_is_named():
    energies = np.random.default_rng(3).normal(size=256)
    energies[np.argmin(energies)] = np.sort(energies)[1] - 0.01
    for name in ("tf", "tf_tg"):
        assert outcome(slow_flood(energies), name) == "no_folding_transition"
    assert value(slow_flood(energies), "tg") > 0


def test_a_golf_course_has_no_roughness():
    energies = np.zeros(256)
    energies[5] = -3.0
    graph = slow_flood(energies)
    assert value(graph, "tg") == pytest.approx(0.0, abs=1e-7)
    assert value(graph, "tf") == pytest.approx(3.0 / math.log(256 - 9))  # The hole and its eight neighbours are alike.
    assert outcome(graph, "tf_tg") == "no_roughness"
    assert outcome(graph, "funnel_slope") == "flat"
    assert value(graph, "decoy_gap") == pytest.approx(256 / 255, rel=0.02)
    assert abs(value(graph, "fitness_distance")) < 0.2


def test_fitness_distance_equals_the_sum_over_states():
    energies = sherrington_kirkpatrick(10, 3)
    state, ground = np.arange(512), int(np.argmin(energies))
    apart = np.array([int(x ^ ground).bit_count() for x in state])
    distance = np.minimum(apart, 10 - apart)
    expected = np.corrcoef(energies, distance)[0, 1]
    assert value(slow_flood(energies, flip=True), "fitness_distance") == pytest.approx(expected)


def test_counting_bits_is_the_ideal_guide():
    energies = np.array([float(x.bit_count()) for x in range(256)])
    graph = slow_flood(energies)
    assert value(graph, "fitness_distance") == pytest.approx(1.0)
    assert outcome(graph, "funnel_slope") == "no_roughness"
    assert value(graph, "autocorrelation") == pytest.approx(1 - 2 / 8)


def test_autocorrelation_of_a_pair_model_is_one_minus_four_over_n():
    graph = slow_flood(sherrington_kirkpatrick(10, 5), flip=True)
    assert value(graph, "autocorrelation") == pytest.approx(1 - 4 / 10)


def test_slope_is_positive_toward_the_native_state_and_about_zero_for_random_energies():
    assert value(slow_flood(sherrington_kirkpatrick(10, 1), flip=True), "funnel_slope") > 1.5
    random = [value(slow_flood(np.random.default_rng(s).normal(size=1024)), "funnel_slope") for s in range(20)]
    # 20 samples of spread about 0.35: a mean beyond 0.4 has a false-alarm rate below 1e-6.
    assert abs(np.mean(random)) < 0.4


def test_slope_is_that_from_random_states_to_the_native_one():
    """A weak field lifts the global flip; the mirror image, low as well, must not make a mountain of the way."""
    half = sherrington_kirkpatrick(10, 1)
    whole = np.concatenate([half, half[::-1]]) + 1e-6 * np.arange(1024)
    assert value(slow_flood(whole), "funnel_slope") == pytest.approx(
        value(slow_flood(half, flip=True), "funnel_slope"), rel=0.05
    )


def test_a_slope_that_leads_astray_is_named():
    """The deepest state lies at the top of the slope: Deb and Goldberg's trap."""
    ones = np.bitwise_count(np.arange(256)).astype(float)
    assert outcome(slow_flood(-ones), "funnel_slope") == "no_roughness"
    assert outcome(slow_flood(np.where(ones == 8, -9.0, ones)), "funnel_slope") == "misleading"


def test_decoy_gap_is_the_best_state_at_overlap_one_half_or_less():
    energies = sherrington_kirkpatrick(10, 7)
    ground = int(np.argmin(energies))
    apart = np.array([int(x ^ ground).bit_count() for x in range(512)])
    far = 1 - 2 * np.minimum(apart, 10 - apart) / 10 <= 0.5 + 1e-12
    expected = (energies[far].min() - energies.min()) / (energies.mean() - energies.min())
    assert value(slow_flood(energies, flip=True), "decoy_gap") == pytest.approx(expected)


@pytest.mark.parametrize("name", ["fitness_distance", "autocorrelation", "profile_area", "decoy_gap", "funnel_slope"])
def test_a_constant_landscape_is_flat(name):
    answer = MEASURES[name].compute(slow_flood(np.ones(16)))
    assert isinstance(answer, NoAnswer)
    assert answer.outcome in {"flat", "too_few_shells"}


def test_energies_that_overflow_are_named():
    census = Census(4, 0.0, math.inf, -1e200, 1, 1, 0.0)
    graph = slow_flood(np.array([-1.0, 0.0, 0.0, 1.0]))
    assert outcome(replace(graph, census=census), "tf_tg_ground_state") == "overflow"
