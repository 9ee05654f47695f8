"""Clusters: compiled against PyTorch, derivatives against differences, symmetry, known energies."""

import dataclasses

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.atoms.pair_potentials import binary_lennard_jones, lennard_jones, morse
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

pytestmark = pytest.mark.quick

CLUSTERS = [lennard_jones(7), binary_lennard_jones(7, small=3), morse(7, rho=9.0)]
NAMES = ["lj", "blj", "morse"]


def spread_out(landscape: TorchLandscape, count: int = 3) -> np.ndarray:
    """Positions where no two atoms almost touch, so that differences are accurate: a stretched lattice, shaken."""
    corners = np.stack(np.meshgrid(*[range(2)] * 3), axis=-1).reshape(-1, 3)[: landscape.dimension // 3] * 1.3
    return corners.ravel() + 0.1 * np.random.default_rng(5).standard_normal((count, landscape.dimension))


@pytest.mark.parametrize("landscape", CLUSTERS, ids=NAMES)
def test_the_kernel_is_the_torch_energy(landscape: TorchLandscape):
    position = spread_out(landscape)
    slow = dataclasses.replace(landscape, kernel=None)
    for fast_part, slow_part in zip(
        (*landscape.energy_and_gradient(position), landscape.hessian(position)),
        (*slow.energy_and_gradient(position), slow.hessian(position)),
        strict=True,
    ):
        np.testing.assert_allclose(fast_part, slow_part, rtol=1e-10, atol=1e-10)
    assert slow.identity == landscape.identity


@pytest.mark.parametrize("landscape", CLUSTERS, ids=NAMES)
def test_derivatives_are_limits_of_differences(landscape: TorchLandscape):
    position = spread_out(landscape, 1)[0]
    steps = 1e-5 * np.eye(landscape.dimension)
    up, down = (landscape.energy_and_gradient(position + sign * steps) for sign in (1, -1))
    _, gradient = landscape.energy_and_gradient(position[None])
    np.testing.assert_allclose(gradient[0], (up[0] - down[0]) / 2e-5, atol=1e-6)
    hessian = landscape.hessian(position[None])[0]
    np.testing.assert_allclose(hessian, (up[1] - down[1]) / 2e-5, atol=1e-5)
    along = np.random.default_rng(1).standard_normal((1, landscape.dimension))
    np.testing.assert_allclose(landscape.hessian_product(position[None], along), along @ hessian, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("landscape", CLUSTERS, ids=NAMES)
def test_energy_is_invariant_as_declared(landscape: TorchLandscape):
    position = spread_out(landscape, 1)
    atoms = position.reshape(-1, 3)
    generator = np.random.default_rng(3)
    turn = np.linalg.qr(generator.standard_normal((3, 3)))[0]
    species = np.array(landscape.invariance.species)
    order = np.concatenate([generator.permutation(np.flatnonzero(species == kind)) for kind in np.unique(species)])
    moved = (atoms[order] @ turn + 2.0).reshape(1, -1)
    first, second = (landscape.energy_and_gradient(each)[0] for each in (position, moved))
    np.testing.assert_allclose(second, first, rtol=1e-12)


def test_unlike_atoms_may_not_be_exchanged():
    landscape = binary_lennard_jones(4, small=1)
    position = spread_out(landscape, 1)
    swapped = position.reshape(-1, 3)[[1, 0, 2, 3]].reshape(1, -1)
    assert abs(np.diff([landscape.energy_and_gradient(each)[0][0] for each in (position, swapped)])[0]) > 1e-3


def test_zero_modes_leave_the_gradient_alone():
    landscape = lennard_jones(7)
    position = spread_out(landscape, 1)
    modes = landscape.invariance.zero_modes(position[0])
    np.testing.assert_allclose(modes @ modes.T, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(modes @ landscape.energy_and_gradient(position)[1][0], 0.0, atol=1e-10)


def test_a_linear_cluster_has_five_zero_modes():
    line = np.array([0.0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert Invariance("atoms", species=(0, 0, 0)).zero_modes(line).shape == (5, 9)


def test_single_precision_and_device():
    landscape = lennard_jones(7)
    position = spread_out(landscape)
    single = landscape.on(device="cpu", dtype="float32")
    assert single.kernel is None
    exact, rough = (each.energy_and_gradient(position)[0] for each in (landscape, single))
    assert 0.0 < np.abs(rough - exact).max() < 1e-4
    with pytest.raises(InputError, match="float16"):
        landscape.on(dtype="float16")
    with pytest.raises(InputError, match="use cpu"):
        landscape.on(device="cuda:99")


def test_wrong_shapes_are_refused():
    with pytest.raises(InputError, match="21"):
        lennard_jones(7).energy_and_gradient(np.zeros((2, 20)))
    with pytest.raises(InputError, match="atoms"):
        lennard_jones(1)
