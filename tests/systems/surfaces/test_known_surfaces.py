"""Surfaces and spin models whose stationary points are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.surfaces.pspin_sphere import SphericalCouplings

MUELLER_BROWN = [
    (-0.558223634633, 1.441725841805, -146.699517209, 0),
    (0.623499404931, 0.028037758529, -108.166724116, 0),
    (-0.050010822998, 0.466694104872, -80.767818130, 0),
    (-0.822001558733, 0.624312802815, -40.664843509, 1),
    (0.212486582001, 0.292988325107, -72.248940116, 1),
]


@pytest.mark.parametrize(("x", "y", "energy", "index"), MUELLER_BROWN)
def test_stationary_points_of_mueller_brown(x: float, y: float, energy: float, index: int) -> None:
    landscape = resolve("mueller-brown")
    place = np.array([[x, y]])
    found, gradient = landscape.energy_and_gradient(place)
    assert found[0] == pytest.approx(energy, abs=1e-8)
    assert np.abs(gradient).max() < 1e-7
    assert (np.linalg.eigvalsh(landscape.hessian(place)[0]) < 0).sum() == index


def test_double_wells_have_their_roots() -> None:
    landscape = resolve("double-well:n=3,tilt=0.4,barrier=2", seed=4)
    roots = np.sort(np.roots([4.0, 0.0, -4.0, 0.4]).real)
    turn = landscape.content[0]
    assert landscape.content[0].shape == (3, 3)
    for choice in np.ndindex(3, 3, 3):
        place = (roots[list(choice)] @ turn.T)[None]
        energy, gradient = landscape.energy_and_gradient(place)
        assert np.abs(gradient).max() < 1e-12
        assert (np.linalg.eigvalsh(landscape.hessian(place)[0]) < 0).sum() == choice.count(1)
        wells = 2.0 * ((roots**2 - 1) ** 2 + 0.4 * roots)[list(choice)]
        assert energy[0] == pytest.approx(wells.sum(), abs=1e-12)


def test_two_spin_model_is_a_random_matrix() -> None:
    """Stationary points of p = 2 are the eigenvectors, energy n eigenvalue, index the rank of the eigenvalue."""
    landscape = resolve("spherical-pspin:n=9,p=2", seed=3)
    values, vectors = np.linalg.eigh(SphericalCouplings(9, 2, seed=3).parts[0])
    energy, gradient = landscape.energy_and_gradient(3.0 * vectors.T)
    np.testing.assert_allclose(energy, 9 * values, atol=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    index = [(np.linalg.eigvalsh(hessian) < -1e-9).sum() for hessian in landscape.hessian(3.0 * vectors.T)]
    assert index == list(range(9))


@pytest.mark.parametrize(("n", "p"), [(60, 2), (30, 3), (12, 4)])
def test_couplings_of_a_multiset_have_the_variance_of_its_orders(n: int, p: int) -> None:
    """Five standard errors of each variance: a false alarm in about 1 of 10^5 seeds."""
    import torch

    model = SphericalCouplings(n, p, seed=8)
    if p == 3:
        tensor = model.hessian(torch.eye(n, dtype=torch.float64)).numpy() / 6
    else:
        tensor = model.parts[0].reshape((n,) * p)
    found: dict[int, list[float]] = {}
    for places in itertools.combinations_with_replacement(range(n), p):
        orders = math.factorial(p)
        for place in set(places):
            orders //= math.factorial(places.count(place))
        found.setdefault(orders, []).append(orders * tensor[places] / model.scale)
    assert max(found) == math.factorial(p)
    for orders, values in found.items():
        variance, error = np.mean(np.square(values)), math.sqrt(2 / len(values))
        assert abs(variance / orders - 1) < 5 * error
        # The twin that must fail, where there are enough of a kind to tell: every coefficient with one variance.
        assert orders == 1 or error > 0.09 or abs(variance - 1) > 5 * error


def test_too_many_couplings_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(InputError, match=r"n=900 at p=3 has 243405150 couplings .* give n <= 585"):
        resolve("spherical-pspin:n=900")
    with pytest.raises(InputError, match="give n <= 90"):
        resolve("spherical-pspin:n=200,p=4")


def test_a_ring_without_disorder_has_its_known_twisted_states() -> None:
    """theta_i = 2 pi k i / n is stationary with energy -n cos(2 pi k / n)."""
    landscape = resolve("xy:shape=7,couplings=none")
    for k in range(4):
        twisted = 2 * math.pi * k * np.arange(7)[None] / 7
        energy, gradient = landscape.energy_and_gradient(twisted)
        assert energy[0] == pytest.approx(-7 * math.cos(2 * math.pi * k / 7))
        assert np.abs(gradient).max() < 1e-12


def test_device_and_precision_are_options_of_every_torch_system() -> None:
    single = resolve("xy:shape=3x3,dtype=float32,device=cpu", seed=1)
    assert single.dtype == "float32"
    assert single.identity == resolve("xy:shape=3x3", seed=1).identity
    with pytest.raises(InputError, match="float16"):
        resolve("quadratic:dtype=float16")
    with pytest.raises(InputError, match="sk is not computed with PyTorch"):
        resolve("sk:device=cpu")
