"""Spin polynomials against the sum written out, and the constructors against their formulas and known answers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from spinfunnel.landscape import Binary, InputError, Symmetry, state_bits
from spinfunnel.systems import (
    SpinPolynomial,
    binary_network,
    disordered_ferromagnet,
    edwards_anderson,
    hopfield_memory,
    low_autocorrelation,
    maximum_cut,
    multiscale_glass,
    multiscale_native_state,
    number_partitioning,
    p_spin_glass,
    random_energy_model,
    random_field_ising,
    resolve,
    sherrington_kirkpatrick,
)
from spinfunnel.systems.spins.conversion import spins_from_binary
from spinfunnel.systems.spins.polynomial_ties import common_unit

pytestmark = pytest.mark.quick


def all_energies(landscape: Binary) -> np.ndarray:
    """Energies of all 2**N states, symmetric copies included."""
    out = np.empty(1 << landscape.size)
    landscape.enumerate(out)
    return out


def minima(energies: np.ndarray) -> tuple[int, int]:
    """Numbers of states with all neighbours higher, and with none lower."""
    numbers = np.arange(len(energies))
    strict, weak = np.ones(len(energies), bool), np.ones(len(energies), bool)
    for bit in range(len(energies).bit_length() - 1):
        other = energies[numbers ^ (1 << bit)]
        strict &= other > energies
        weak &= other >= energies
    return int(strict.sum()), int(weak.sum())


def slow_energy(landscape: SpinPolynomial, number: int) -> float:
    """The definition, term by term."""
    spin = [2 * ((number >> i) & 1) - 1 for i in range(landscape.size)]
    total = landscape.constant
    for indices, coefficients in landscape.terms.values():
        for row, value in zip(indices.tolist(), coefficients.tolist(), strict=True):
            total += value * math.prod(spin[i] for i in row)
    return total


@pytest.mark.parametrize("orders", [(1,), (2,), (1, 2), (3,), (1, 2, 3, 4), (2, 4), (5,)])
@pytest.mark.parametrize("size", [5, 8, 14])
def test_enumeration_equals_the_sum_written_out(orders: tuple[int, ...], size: int) -> None:
    rng = np.random.default_rng(size)
    terms = [(rng.integers(0, size, (12, order)), rng.normal(size=12)) for order in orders]
    landscape = SpinPolynomial(size, terms, constant=0.75)
    energies = all_energies(landscape)
    for number in rng.integers(0, 1 << size, 40).tolist():
        assert energies[number] == pytest.approx(slow_energy(landscape, number), abs=1e-12)


def test_blocks_of_high_bits_are_right() -> None:
    """19 bits reach beyond one block of either kernel."""
    for order in (2, 3):
        landscape = p_spin_glass(19, p=order, seed=3)
        energies = all_energies(landscape)
        for number in np.random.default_rng(1).integers(0, 1 << 19, 20).tolist():
            assert energies[number] == pytest.approx(slow_energy(landscape, number), abs=1e-12)


def test_terms_are_reduced() -> None:
    landscape = SpinPolynomial(
        3, [([[0, 0], [1, 0], [0, 1]], [1.0, 2.0, 3.0]), ([[2, 1, 2]], [4.0]), ([[0, 2]], [0.0])]
    )
    assert landscape.constant == 1.0
    assert landscape.terms[2][0].tolist() == [[0, 1]]
    assert landscape.terms[2][1].tolist() == [5.0]
    assert landscape.terms[1][0].tolist() == [[1]]
    assert landscape.terms[1][1].tolist() == [4.0]
    assert landscape.symmetries == ()


@pytest.mark.parametrize(
    ("size", "terms", "message"),
    [
        (3, [([[0, 1]], [math.nan])], r"coupling of spins \[0, 1\] is nan"),
        (3, [([[0, 1]], [math.inf])], r"is inf"),
        (3, [([[0, 3]], [1.0])], "names spin 3, but the 3 spins"),
        (3, [([[0, -1]], [1.0])], "names spin -1"),
        (3, [([[0, 1]], [1.0, 2.0])], "do not fit"),
        (0, [], "0 spins"),
        (2, [([[0, 1], [1, 0]], [1.5e308, 1.5e308])], "add up to infinity"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_bad_terms_are_refused(size: int, terms: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SpinPolynomial(size, terms)


def test_false_symmetries_are_refused() -> None:
    shift = Symmetry("shift", (1, 2, 3, 0), (0,) * 4)
    ring = [([[0, 1], [1, 2], [2, 3], [3, 0]], [1.0, 1.0, 1.0, 1.0])]
    assert SpinPolynomial(4, ring, symmetries=(shift,)).symmetries[1] is shift
    with pytest.raises(InputError, match="'shift' is no symmetry"):
        SpinPolynomial(4, [([[0, 1]], [1.0])], symmetries=(shift,))
    with pytest.raises(InputError, match="global flip"):
        SpinPolynomial(4, [([[0]], [1.0])], symmetries=(Symmetry.global_flip(4),))


@pytest.mark.parametrize("values", [[0.1, 0.3, -0.7], [1 / 7, 3 / 7, 5 / 7], [2.5, 1e3], [6.0, 9.0], [0.0, 0.0]])
def test_common_unit_is_found(values: list[float]) -> None:
    unit = common_unit(np.array(values))
    assert unit is not None
    assert np.allclose(np.rint(np.array(values) / unit) * unit, values, rtol=1e-15)


@pytest.mark.parametrize("values", [[1.0, math.pi], [1.0, 2.0**-60], [1.0, 2.0**60 + 2.0**10], [0.1, 0.1 + 1e-9]])
def test_no_unit_is_invented(values: list[float]) -> None:
    assert common_unit(np.array(values)) is None


def test_decimals_tie_exactly() -> None:
    rng = np.random.default_rng(0)
    pairs = np.array(list(itertools.combinations(range(10), 2)))
    landscape = SpinPolynomial(10, [(pairs, np.round(rng.integers(-3, 4, len(pairs)) * 0.1, 1))])
    energies = all_energies(landscape)
    assert len(np.unique(energies)) == len(np.unique(np.round(energies, 6)))
    assert np.array_equal(energies, energies[::-1])


def test_binary_variables_become_spins() -> None:
    rng = np.random.default_rng(2)
    terms = [(np.array(list(itertools.combinations(range(5), p))), rng.normal(size=math.comb(5, p))) for p in (1, 2, 3)]
    spins, constant = spins_from_binary(terms)
    x = state_bits(np.arange(32), size=5).astype(float)
    expected = sum(x[:, indices].prod(axis=2) @ values for indices, values in terms)
    np.testing.assert_allclose(all_energies(SpinPolynomial(5, spins, constant=constant)), expected, atol=1e-13)


# ---------------------------------------------------------------------------------------------
# Constructors against their formulas


def test_magnets_have_the_right_sign_and_spread() -> None:
    glass = sherrington_kirkpatrick(200, seed=1)
    values = glass.terms[2][1]
    assert abs(values.mean()) < 5 * 200**-0.5 / len(values) ** 0.5
    # 19,900 normal draws: the variance is within 5 % of 1/n but for 1 in 1e6 seeds.
    assert values.var() * 200 == pytest.approx(1.0, rel=0.05)
    assert sherrington_kirkpatrick(200, bias=50.0, seed=1).terms[2][1].mean() == pytest.approx(-0.25, abs=0.003)
    up = np.ones((1, 12), np.uint8)
    assert disordered_ferromagnet((3, 4), seed=2).energy(up)[0] == pytest.approx(
        -np.abs(edwards_anderson((3, 4), seed=2).terms[2][1]).sum()
    )
    assert (random_field_ising((3, 4), field=0.0).energy(up)[0], len(random_field_ising((3, 4)).terms[2][1])) == (
        -24.0,
        24,
    )
    cubic = p_spin_glass(60, p=3, seed=1).terms[3][1]
    assert cubic.var() * 2 * 60**2 / 6 == pytest.approx(1.0, rel=0.05)
    assert set(edwards_anderson((4, 4), bonds="bimodal").terms[2][1].tolist()) == {-1.0, 1.0}


def test_lattices_have_the_right_bonds() -> None:
    assert [
        len(disordered_ferromagnet(shape).terms[2][1]) for shape in ((4, 4), (2, 4), (5,), (2,), (1, 4), (3, 3, 3))
    ] == [32, 12, 5, 1, 4, 81]
    degree = np.bincount(edwards_anderson((3, 4, 5)).terms[2][0].ravel())
    assert (degree == 6).all()


@pytest.mark.parametrize("n", [3, 6, 9, 12])
def test_labs_is_the_sum_of_squared_correlations(n: int) -> None:
    s = 2.0 * state_bits(np.arange(1 << n), size=n) - 1.0
    expected = sum((s[:, : n - k] * s[:, k:]).sum(axis=1) ** 2 for k in range(1, n))
    assert np.array_equal(all_energies(low_autocorrelation(n)), expected)


LABS = {
    3: 1,
    4: 2,
    5: 2,
    6: 7,
    7: 3,
    8: 8,
    9: 12,
    10: 13,
    11: 5,
    12: 10,
    13: 6,
    14: 19,
    15: 15,
    16: 24,
    17: 32,
    18: 25,
    19: 29,
    20: 26,
}


@pytest.mark.parametrize("n", LABS)
def test_labs_optimum(n: int) -> None:
    out = np.empty(1 << (n - 1))
    low_autocorrelation(n).enumerate(out, workers=2)
    assert out.min() == LABS[n]


@pytest.mark.parametrize(
    ("n", "counts"),
    [
        (8, (24, 24)),
        (10, (40, 168)),
        (12, (280, 280)),
        (13, (308, 500)),
        (14, (352, 736)),
        (15, (696, 1392)),
        (16, (1352, 1352)),
    ],
)
def test_labs_minima(n: int, counts: tuple[int, int]) -> None:
    assert minima(all_energies(low_autocorrelation(n))) == counts


@pytest.mark.parametrize("seed", range(6))
def test_gaussian_ring_has_two_to_the_weak_bonds_minima(seed: int) -> None:
    ring = edwards_anderson((11,), seed=seed)
    bonds = np.zeros(11)
    for (i, j), value in zip(ring.terms[2][0].tolist(), ring.terms[2][1], strict=True):
        bonds[i if j == i + 1 else 10] = abs(value)
    weak = int(((bonds < np.roll(bonds, 1)) & (bonds < np.roll(bonds, -1))).sum())
    assert minima(all_energies(ring))[0] == 2**weak


@pytest.mark.parametrize("seed", range(4))
def test_one_pattern_has_two_minima(seed: int) -> None:
    energies = all_energies(hopfield_memory(11, patterns=1, seed=seed))
    assert minima(energies) == (2, 2)
    assert energies.min() == pytest.approx(-5.0, rel=1e-15)


def stable_states(n: int, p: int) -> float:
    """Mean number of one-flip-stable states of a fully connected p-spin glass."""
    r = (p - 1) / (n - 1)
    return 2**n * quad(lambda z: norm.pdf(z) * norm.cdf(z * math.sqrt(r / (1 - r))) ** n, -12, 12)[0]


@pytest.mark.parametrize(("n", "p"), [(8, 2), (10, 3), (9, 4)])
def test_mean_number_of_stable_states(n: int, p: int) -> None:
    """Mean over 600 samples within 4 standard errors of the exact one: false alarm for 6 seeds in 100,000."""
    counts = [minima(all_energies(p_spin_glass(n, p=p, seed=seed)))[0] for seed in range(600)]
    exact = stable_states(n, p)
    if (n, p) == (8, 2):
        assert exact == pytest.approx(5.22650, abs=1e-5)
        counts = [minima(all_energies(sherrington_kirkpatrick(n, seed=seed)))[0] for seed in range(600)]
    error = np.std(counts, ddof=1) / math.sqrt(len(counts))
    assert abs(np.mean(counts) - exact) < 4 * error
    assert error < 0.04 * exact


def test_random_energies_have_the_right_number_of_minima() -> None:
    """100 samples of 2**10 states; within 4 standard errors: false alarm for 6 seeds in 100,000."""
    counts = [minima(all_energies(random_energy_model(10, seed=seed)))[0] for seed in range(100)]
    error = np.std(counts, ddof=1) / 10.0
    assert abs(np.mean(counts) - 2**10 / 11) < 4 * error
    energies = all_energies(random_energy_model(16, seed=3))
    assert energies.mean() == pytest.approx(0.0, abs=4 * math.sqrt(8 / 2**16))
    assert energies.var() == pytest.approx(8.0, rel=4 * math.sqrt(2 / 2**16))


def test_slope_adds_the_distance() -> None:
    flat, tilted = random_energy_model(9, seed=2), random_energy_model(9, slope=3.0, seed=2)
    states = state_bits(np.arange(512), size=9)
    distance = (states != tilted.target).sum(axis=1)
    np.testing.assert_allclose(tilted.energy(states) - flat.energy(states), 3.0 * distance, atol=1e-12)


def test_hashed_normals_are_the_normal_quantiles() -> None:
    from scipy.special import ndtri

    from spinfunnel.systems.spins.rem_kernels import _mend_tails

    q = np.concatenate([0.5 - 2.0 ** -np.arange(4.0, 53.0), 2.0 ** -np.arange(4.0, 53.0) - 0.5])
    found = np.zeros_like(q)
    _mend_tails(found, q, np.empty(len(q) + 1, np.int64), np.empty(len(q) + 1))
    tails = np.abs(q) > 0.425
    np.testing.assert_allclose(found[tails], np.copysign(ndtri(0.5 - np.abs(q[tails])), q[tails]), rtol=1e-13)


def test_partition_and_cut_are_what_they_say() -> None:
    problem = number_partitioning(8, bits=6, seed=4)
    energies = all_energies(problem)
    differences = np.sqrt(energies)
    numbers = [(differences.max() - differences[(255 ^ (1 << i))]) / 2 for i in range(8)]
    spins = 2.0 * state_bits(np.arange(256), size=8) - 1.0
    assert np.array_equal(energies, (spins @ numbers) ** 2)
    assert min(numbers) >= 1
    assert max(numbers) <= 64
    for degree in (2, 3, 7, 8):
        graph = maximum_cut(10, degree=degree, seed=1)
        assert (np.bincount(graph.terms[2][0].ravel(), minlength=10) == degree).all()


@pytest.mark.parametrize("orders", [(2,), (2, 3), (3,), (2, 4)])
def test_minimal_frustration_has_the_native_state_lowest(orders: tuple[int, ...]) -> None:
    landscape = multiscale_glass(9, orders=orders, levels=2, frustration=0.0, seed=5)
    energies = all_energies(landscape)
    native = int(multiscale_native_state(9, seed=5) @ (1 << np.arange(9)))
    assert energies[native] == energies.min()
    total = sum(np.abs(values).sum() for _, values in landscape.terms.values())
    assert energies.min() == pytest.approx(-total)


def test_dial_turns_over_signs_only() -> None:
    magnet, glass = (multiscale_glass(12, frustration=f, seed=1) for f in (0.0, 0.6))
    turned = total = 0
    for order in (2, 3):
        assert np.array_equal(np.abs(magnet.terms[order][1]), np.abs(glass.terms[order][1]))
        turned += (magnet.terms[order][1] != glass.terms[order][1]).sum()
        total += len(magnet.terms[order][1])
    # 286 draws of probability 0.3: within 4 standard errors.
    assert abs(turned / total - 0.3) < 4 * math.sqrt(0.21 / total)


def test_variance_of_the_multiscale_glass_is_half_its_size() -> None:
    """Mean of 200 samples; the tolerances are 3.8 and 3.9 standard errors: false alarm for 3 seeds in 10,000."""
    share = []
    for seed in range(200):
        landscape = multiscale_glass(8, levels=2, orders=(2,), decay=1.0, seed=seed)
        rows, values = landscape.terms[2]
        near = (rows[:, 0] < 4) == (rows[:, 1] < 4)
        share.append([np.sum(values[near] ** 2), np.sum(values[~near] ** 2)])
    near, far = np.mean(share, axis=0)
    assert near + far == pytest.approx(4.0, rel=0.08)
    assert near / far == pytest.approx(2.0, rel=0.15)


def test_dimod_gives_the_same_energies() -> None:
    import dimod

    for spec in ("sk:n=6", "rfim:shape=2x3", "pspin:n=6", "labs:n=6"):
        landscape = resolve(spec, seed=1)
        model = landscape.to_dimod()
        assert isinstance(model, dimod.BinaryQuadraticModel if landscape.order <= 2 else dimod.BinaryPolynomial)
        states = state_bits(np.arange(64), size=6)
        found = model.energies((2 * states.astype(int) - 1, list(range(6))))
        np.testing.assert_allclose(found, landscape.energy(states), atol=1e-12)


def test_binary_network_on_digits_keeps_its_inputs() -> None:
    real, random = (binary_network(5, labels="digits", shuffle=shuffle, seed=3) for shuffle in (False, True))
    assert np.array_equal(real.inputs, random.inputs)
    assert real.labels.sum() == random.labels.sum()
    assert not np.array_equal(real.labels, random.labels)


def test_a_diluted_multiscale_glass_has_its_degree_its_scales_and_its_native_state():
    """A large one is diluted unasked; at frustration 0 every interaction is satisfied in the native state."""
    magnet = resolve("multiscale:n=500,frustration=0,seed=3")
    assert magnet.parameters["degree"] == 32
    pairs, values = magnet.terms[2]
    assert 0.99 < 2.0 * len(pairs) / (500 * 32) < 1.01
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    inside = np.abs(values)[(pairs // 125 == pairs[:, :1] // 125).all(axis=1)]
    assert 0.3 < len(inside) / len(pairs) < 0.37
    native = multiscale_native_state(500, seed=3)
    total = sum(np.abs(value).sum() for _, value in magnet.terms.values())
    assert magnet.energy(native[None])[0] == pytest.approx(-total)
    assert magnet.energy(1 - native[None])[0] > -total
