"""Contracts that every smooth system of the registry keeps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from registered import named, specs
from spinfunnel.landscape import InputError, Kind, Smooth
from spinfunnel.systems import SYSTEMS, resolve

pytestmark = pytest.mark.quick

MORE = {
    "morse": ["atoms=4,rho=3"],
    "quadratic": ["n=7,condition=1000"],
    "double-well": ["n=2,tilt=0,barrier=3"],
    "mueller-brown": ["scale=0.1"],
    "spherical-pspin": ["n=5,p=2", "n=6,p=4", "n=4,p=5"],
    "xy": ["shape=5,couplings=gaussian", "shape=2x3,couplings=bimodal,boundary=open"],
    "bln": ["sequence=BNBL", "interactions=go"],
    "calpha": ["cutoff=9"],
    "ase": ["formula=Cu2Au2", "formula=Ar3,calculator=lj"],
}
"""Variants of systems beside the example that each carries."""
SMOOTH = named(Kind.SMOOTH)
SPECS = specs(SMOOTH, MORE)


def places(landscape: Smooth, count: int = 3) -> np.ndarray:
    """Random positions at which energies are not so large that differences of them say nothing."""
    found = landscape.starts(np.random.default_rng(3), 40)
    _, gradient = landscape.energy_and_gradient(found)
    size = np.abs(gradient).max(axis=1)
    return found[np.argsort(np.where(np.isfinite(size), size, np.inf))[:count]]


def test_variants_are_of_systems_that_there_are() -> None:
    assert set(MORE) <= set(SMOOTH)


@pytest.mark.parametrize("spec", SPECS)
def test_gradient_is_that_of_the_energy(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    x = places(landscape)
    energy, gradient = landscape.energy_and_gradient(x)
    step = 1e-4 * np.random.default_rng(1).standard_normal(x.shape)
    near = landscape.energy_and_gradient(x + step)[0] - landscape.energy_and_gradient(x - step)[0]
    far = landscape.energy_and_gradient(x + 2 * step)[0] - landscape.energy_and_gradient(x - 2 * step)[0]
    slope = (8 * near - far) / 12
    scale = np.linalg.norm(gradient, axis=1) * np.linalg.norm(step, axis=1) + 1e-9 * np.abs(energy)
    assert (np.abs(slope - (gradient * step).sum(1)) <= 1e-6 * scale + 1e-13).all()
    # The twin that must fail: a gradient whose first part is off by a thousandth of its length.
    off = gradient.copy()
    off[:, 0] += 1e-3 * np.linalg.norm(gradient, axis=1)
    assert not (np.abs(slope - (off * step).sum(1)) <= 1e-6 * scale + 1e-13).all()


@pytest.mark.parametrize("spec", SPECS)
def test_the_tensor_energy_is_the_same_and_carries_the_gradient(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    x = places(landscape)
    energy, gradient = landscape.energy_and_gradient(x)
    position = torch.tensor(x, requires_grad=True)
    tensor = landscape.energy(position)
    (slope,) = torch.autograd.grad(tensor.sum(), position)
    np.testing.assert_allclose(tensor.detach().numpy(), energy, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(slope.numpy(), gradient, rtol=0, atol=1e-9 * max(1.0, np.abs(gradient).max()))
    alone = landscape.energy_and_gradient(x[1:2])
    assert alone[0][0] == pytest.approx(energy[1], rel=1e-13)


@pytest.mark.parametrize("spec", SPECS)
def test_hessian_is_that_of_the_gradient_and_has_the_index_of_a_dense_solver(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    x = places(landscape, 2)
    hessian = landscape.hessian(x)
    size, step = x.shape[1], 1e-4
    twin = np.empty_like(hessian)
    for axis in range(size):
        along = np.zeros(size)
        along[axis] = step
        near = landscape.energy_and_gradient(x + along)[1] - landscape.energy_and_gradient(x - along)[1]
        far = landscape.energy_and_gradient(x + 2 * along)[1] - landscape.energy_and_gradient(x - 2 * along)[1]
        twin[:, axis] = (8 * near - far) / (12 * step)
    scale = np.abs(twin).max()
    np.testing.assert_allclose(hessian, twin, rtol=0, atol=2e-7 * scale)
    np.testing.assert_allclose(hessian, np.swapaxes(hessian, 1, 2), rtol=0, atol=1e-11 * scale)
    for one, other in zip(hessian, 0.5 * (twin + np.swapaxes(twin, 1, 2)), strict=True):
        values, known = np.linalg.eigvalsh(one), np.linalg.eigvalsh(other)
        clear = 1e-6 * scale
        assert (values < -clear).sum() == (known < -clear).sum()
    direction = np.random.default_rng(2).standard_normal(x.shape)
    product = landscape.hessian_product(x, direction)
    np.testing.assert_allclose(product, np.einsum("bij,bj->bi", hessian, direction), rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("spec", SPECS)
def test_what_is_declared_invariant_is(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    invariance = landscape.invariance
    x = places(landscape)
    energy, gradient = landscape.energy_and_gradient(x)
    for row, slope in zip(x, gradient, strict=True):
        modes = invariance.zero_modes(row)
        np.testing.assert_allclose(modes @ modes.T, np.eye(len(modes)), atol=1e-10)
        np.testing.assert_allclose(modes @ slope, 0.0, atol=1e-7 * max(1.0, np.linalg.norm(slope)))
    images = [x]
    if invariance.mirror and invariance.kind != "none":
        images.append(-x)
    if invariance.kind == "sphere":
        images.append(1.7 * x)
    if invariance.kind == "angles":
        images.append(x + 0.3 + 2 * np.pi * np.random.default_rng(0).integers(-2, 3, x.shape))
    if invariance.kind == "atoms":
        turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        images.append((x.reshape(len(x), -1, 3) @ turn + [1.0, -2.0, 0.5]).reshape(len(x), -1))
        order = np.argsort(invariance.species, kind="stable")
        like = np.array(invariance.species)
        swapped = np.concatenate([np.roll(order[like[order] == kind], 1) for kind in dict.fromkeys(like[order])])
        moved = np.arange(len(like))
        moved[order] = swapped
        images.append(x.reshape(len(x), -1, 3)[:, moved].reshape(len(x), -1))
    for image in images:
        np.testing.assert_allclose(landscape.energy_and_gradient(image)[0], energy, rtol=1e-9, atol=1e-9)
    if invariance.kind == "atoms" and not invariance.mirror:
        assert np.abs(landscape.energy_and_gradient(-x)[0] - energy).max() > 1e-3


@pytest.mark.parametrize("name", SMOOTH)
def test_identity_is_that_of_the_landscape(name: str) -> None:
    first, again, other = (resolve(name, seed=seed) for seed in (1, 1, 2))
    assert first.identity == again.identity
    draws = [landscape.starts(np.random.default_rng(7), 3) for landscape in (first, again)]
    assert np.array_equal(*draws)
    assert draws[0].shape == (3, first.dimension)
    assert np.array_equal(first.energy_and_gradient(draws[0])[0], again.energy_and_gradient(draws[0])[0])
    same = np.array_equal(first.energy_and_gradient(draws[0])[0], other.energy_and_gradient(draws[0])[0])
    assert same == (first.identity == other.identity)


def test_the_seed_is_that_of_the_disorder() -> None:
    seeded = {name for name in SMOOTH if resolve(name, seed=1).identity != resolve(name, seed=2).identity}
    assert seeded >= {"quadratic", "double-well", "spherical-pspin", "xy"}
    assert not seeded & {"lj", "blj", "morse", "mueller-brown", "camel", "himmelblau", "bln", "calpha", "ase"}


@pytest.mark.parametrize("spec", [spec for spec in SPECS if not spec.startswith("ase")])
def test_single_precision_on_the_processor_is_near(spec: str) -> None:
    landscape = resolve(spec, seed=5)
    x = places(landscape)
    energy, gradient = landscape.energy_and_gradient(x)
    single = landscape.on(device="cpu", dtype="float32")
    assert single.identity == landscape.identity
    again, slope = single.energy_and_gradient(x)
    scale = np.abs(gradient).max() + np.abs(energy).max() + 1.0
    np.testing.assert_allclose(again, energy, rtol=0, atol=1e-4 * scale)
    np.testing.assert_allclose(slope, gradient, rtol=0, atol=1e-4 * scale)
    assert not np.array_equal(again, energy)
    with pytest.raises(InputError, match="float16"):
        landscape.on(dtype="float16")
    with pytest.raises(InputError, match="cannot compute on 'nowhere'"):
        landscape.on(device="nowhere")


@pytest.mark.parametrize("name", SMOOTH)
def test_name_alone_is_a_small_example(name: str) -> None:
    landscape = resolve(name)
    assert landscape.name == name
    assert 1 <= landscape.dimension <= 150
    assert SYSTEMS[name].summary
    assert SYSTEMS[name].source
    with pytest.raises(InputError, match="did you mean 'seed'"):
        resolve(f"{name}:sed=1")
