"""Surfaces, planes and lines: every point is the very weights at its coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spinfunnel.landscape import InputError
from spinfunnel.network import (
    NetworkLandscape,
    Span,
    adaptive_surface,
    interpolation,
    plane_through,
    random_plane,
    stack_losses,
    surface,
    trajectory_plane,
)
from spinfunnel.network.kernels import activate, affine, cross_entropy, exponential_table
from spinfunnel.plot.loss_surface import loss_surface_caption

pytestmark = pytest.mark.quick


def draws(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Functional(nn.Module):
    """A forward pass of one's own, that is still one layer after another."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = (
            nn.Conv2d(1, 3, 3, padding=1),
            nn.Conv2d(3, 4, 3, stride=2),
            nn.Linear(36, 3),
        )
        self.pool = nn.MaxPool2d(2, stride=1, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(x))
        x = nn.functional.relu(self.pool(self.second(x)))
        return self.third(x.view(x.size(0), -1)[:, :36])


class Chain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 3, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(nn.functional.relu(self.first(x.view(x.size(0), -1))))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(x + torch.tanh(self.first(x)))


def images() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 5, 2, bias=False),
        nn.Tanh(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(20, 6),
        nn.GELU(),
        nn.Linear(6, 3),
    )


def strided() -> nn.Module:
    """Everything for which there are kernels of images, with odd numbers of outputs."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.Sigmoid(),
        nn.Conv2d(4, 5, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.Tanh(),
        nn.AvgPool2d((1, 2)),
        nn.Conv2d(5, 4, 2, bias=False),
        nn.MaxPool2d(2, stride=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 7),
        nn.Tanh(),
        nn.Linear(7, 3),
    )


def tiled() -> nn.Module:
    """Convolutions of 3 x 3 on images that tiles of 4 x 4 fit or do not fit, behind and before other layers."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(3, 5, 3, padding=1),
        nn.Tanh(),
        nn.Conv2d(5, 6, 3, bias=False),
        nn.ReLU(),
        nn.Conv2d(6, 3, 3, padding=2),
        nn.MaxPool2d(3),
        nn.Conv2d(3, 2, 3, padding=1),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


def flat(*activations: nn.Module) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    size = 6
    for activation in activations:
        layers += [nn.Linear(size, 7), activation]
        size = 7
    return nn.Sequential(*layers, nn.Linear(size, 3))


NETWORKS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "linear": (flat, (6,), "layers"),
    "relu": (lambda: flat(nn.ReLU()), (6,), "layers"),
    "deep": (lambda: flat(nn.Tanh(), nn.Sigmoid(), nn.ReLU()), (6,), "layers"),
    "elementwise": (lambda: flat(nn.SiLU(), nn.Tanh()), (2, 3), "layers"),
    "images": (images, (1, 6, 6), "layers"),
    "strided": (strided, (1, 9, 9), "layers"),
    "tiled": (tiled, (1, 9, 8), "layers"),
    "forward": (Chain, (2, 3), "layers"),
    "slices": (Functional, (1, 8, 8), "plain"),
    "residual": (Residual, (6,), "plain"),
    "batch norm": (lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)), (6,), "plain"),
    "attention": (lambda: nn.Sequential(nn.TransformerEncoderLayer(6, 2, 8), nn.Linear(6, 3)), (6,), "plain"),
}


def landscape(
    name: str, *, dtype: str = "float64", loss: Any = None, count: int = 150, **options: Any
) -> NetworkLandscape:
    make, shape, _ = NETWORKS[name]
    torch.manual_seed(3)
    target = torch.randint(0, 3, (count,), generator=torch.Generator().manual_seed(4))
    labels = draws(count, 3, seed=5) if isinstance(loss, nn.MSELoss) else target
    data = draws(count, *shape, seed=6), labels
    return NetworkLandscape(make(), loss or nn.CrossEntropyLoss(), data, dtype=dtype, dropout="off", **options)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 3e-5)])
def test_every_point_is_the_model_at_its_coordinates(name: str, dtype: str, tolerance: float) -> None:
    network = landscape(name, dtype=dtype, weight_decay=0.01)
    plane = random_plane(network, seed=1)
    found = surface(network, plane, points=7, reach=1.5)
    assert found.computed_by == NETWORKS[name][2]
    known = torch.stack(
        [
            network.energy((plane.origin + a * plane.directions[0] + b * plane.directions[1])[None])[0]
            for a in found.axes[0]
            for b in found.axes[1]
        ]
    )
    np.testing.assert_allclose(found.energy.ravel(), known.numpy(), rtol=tolerance)
    assert found.centre == pytest.approx(float(network.energy(network.start[None])[0]), rel=tolerance)
    shifted = np.roll(found.energy, 1, axis=0).ravel()
    assert not np.allclose(shifted, known.numpy(), rtol=1e-3), "a grid shifted by a row would pass"


def test_convolutions_have_kernels_of_their_own() -> None:
    for name, own in (("strided", True), ("tiled", True), ("images", False), ("relu", False)):
        network = landscape(name, count=70)
        span = Span(network, network.start, draws(1, network.dimension, seed=1))
        assert span._layers is not None
        assert span._layers._by_kernels == own


def test_overflow_is_what_the_model_says() -> None:
    network = landscape("tiled", dtype="float32")
    span = Span(network, network.start, torch.full((1, network.dimension), 1.0))
    plain = Span(network, network.start, torch.full((1, network.dimension), 1.0), quick=False)
    place = np.array([[0.0], [1e8], [1e12], [1e30]])
    mine, known = span.energies(place), plain.energies(place)
    assert span.path == "layers"
    assert not np.isfinite(known).all()
    np.testing.assert_allclose(mine, known, rtol=1e-4)


def test_blocks_of_samples_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    network = landscape("tiled", count=700)
    span = Span(network, network.start, draws(1, network.dimension, seed=1))
    whole = span.energies(np.array([[0.0], [0.5]]))
    seen: list[float] = []
    monkeypatch.setattr(stack_losses, "HELD", 1)
    parts = span.energies(np.array([[0.0], [0.5]]), progress=lambda _, share: seen.append(share))
    np.testing.assert_allclose(parts, whole, rtol=1e-12)
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (3, pytest.approx(1.0))


WEIGHTS = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)


@pytest.mark.parametrize(
    "loss", [nn.MSELoss(), nn.CrossEntropyLoss(label_smoothing=0.1), nn.CrossEntropyLoss(weight=WEIGHTS)]
)
def test_other_losses_take_the_same_path(loss: nn.Module) -> None:
    network = landscape("deep", loss=loss)
    origin, directions = network.start, draws(3, network.dimension, seed=2).double()
    place = np.random.default_rng(1).normal(size=(13, 3))
    quick, plain = Span(network, origin, directions), Span(network, origin, directions, quick=False)
    assert (quick.path, plain.path) == ("layers", "plain")
    np.testing.assert_allclose(quick.energies(place), plain.energies(place), rtol=1e-10)


def test_what_is_not_finite_is_shown_so() -> None:
    network = landscape("relu", dtype="float32")
    big = torch.full_like(network.start, 1e30)
    for quick in (True, False):
        energy = Span(network, network.start, big[None], quick=quick).energies(np.array([[0.0], [1e5], [1e9]]))
        assert np.isfinite(energy[0])
        assert not np.isfinite(energy[1:]).any()
    curve = interpolation(network, network.start, big)
    assert getattr(curve.min_delta, "outcome", "") == "not_finite"


def test_a_loss_that_is_nan_in_a_corner_is_nan_there_and_drawn_blank() -> None:
    def patchy(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        loss = nn.functional.cross_entropy(outputs, labels)
        return torch.where(loss > known, torch.nan, loss)

    known = torch.inf
    network = landscape("relu", loss=patchy)
    plane = random_plane(network, seed=1)
    whole = surface(network, plane, points=5, reach=1.5).energy
    known = float(np.median(whole))
    found = surface(network, plane, points=5, reach=1.5)
    np.testing.assert_array_equal(np.isnan(found.energy), whole > known)
    assert np.isnan(found.energy).sum() == found.not_finite > 0
    coarse = adaptive_surface(network, plane, points=5, coarse=4, reach=1.5)
    corners = np.ix_([0, -1], [0, -1])
    np.testing.assert_array_equal(np.isnan(coarse.energy[corners]), whole[corners] > known)
    assert f"At {found.not_finite} points the loss is no finite number" in loss_surface_caption(found)


def test_the_same_seed_draws_the_same_plane_and_another_one_another() -> None:
    network = landscape("deep")
    torch.manual_seed(1)
    first = surface(network, points=5, seed=8)
    torch.manual_seed(2)
    np.random.seed(3)  # noqa: NPY002 - the global generator must not matter
    again, other = surface(network, points=5, seed=8), surface(network, points=5, seed=9)
    np.testing.assert_array_equal(again.energy, first.energy)
    assert torch.equal(again.plane.directions, first.plane.directions)
    assert first.axes[0][2] == first.axes[1][2] == 0.0
    assert other.centre == pytest.approx(first.centre, rel=1e-12)
    assert not np.allclose(other.energy, first.energy)


def test_kernels_agree_with_the_library() -> None:
    rng = np.random.default_rng(1)
    for dtype, tolerance in ((np.float32, 4e-7), (np.float64, 1e-15)):
        table, scale = exponential_table(dtype), np.empty(37, dtype)
        scratch = np.empty(37, dtype), scale.view(np.int32 if dtype == np.float32 else np.int64), scale, table
        for k, count in ((1, 2), (2, 3), (3, 1)):
            parts, place = rng.normal(size=(k + 1, 4, 37)).astype(dtype), rng.normal(size=(count, k)).astype(dtype)
            field = parts[0] + np.einsum("ck,khn->chn", place, parts[1:])
            for kind, known in enumerate((field, np.maximum(field, 0), np.tanh(field), 1 / (1 + np.exp(-field)))):
                out = np.empty_like(field)
                affine(out, parts, place, kind, *scratch)
                np.testing.assert_allclose(out, known, rtol=0, atol=8 * tolerance)
        edge = np.array([[[-np.inf, -200.0, -1e-30, 0.0, 200.0, np.inf, np.nan]]], dtype)
        rows = tuple(row[:7] for row in scratch[:3])
        for kind, known in ((1, np.maximum(edge, 0)), (2, np.tanh(edge)), (3, [[[0, 0, 0.5, 0.5, 1, 1, np.nan]]])):
            out = edge.copy()
            activate(out, np.zeros((1, 1), dtype), kind, *rows, table)
            np.testing.assert_allclose(out, known, rtol=0, atol=4e-7)
        logits, shift = 30 * rng.normal(size=(2, 5, 37)).astype(dtype), rng.normal(size=(2, 5)).astype(dtype)
        target, total = rng.integers(0, 5, 37), np.zeros(2)
        field = torch.as_tensor(logits + shift[:, :, None]).double()
        known = torch.stack([nn.functional.cross_entropy(z.T, torch.as_tensor(target), reduction="sum") for z in field])
        long = np.empty(185, dtype)
        cross_entropy(total, logits, shift, target, np.empty(185, dtype), long.view(scratch[1].dtype), long, table)
        np.testing.assert_allclose(total, known.numpy(), rtol=100 * tolerance)


@pytest.mark.parametrize("classes", [1, 2, 5, 6, 9, 11])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 2e-6)])
def test_one_hidden_layer_by_vectors_is_the_library(classes: int, dtype: torch.dtype, tolerance: float) -> None:
    kernels, units, points = stack_losses._Kernels(dtype), 7, 3
    calls = {"identity": lambda x: x, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    for k, samples in ((1, 1), (2, 37), (3, 130)):
        parts, place = draws(k + 1, units, samples, seed=k).double(), draws(points, k, seed=9).double()
        weight, bias = 3 * draws(points, classes, units, seed=2), 30 * draws(points, classes, seed=3)
        target = torch.randint(0, classes, (samples,), generator=torch.Generator().manual_seed(4))
        field = parts[0] + torch.einsum("ck,khn->chn", place, parts[1:])
        for name, call in calls.items():
            logits = weight.double() @ call(field) + bias.double()[:, :, None]
            known = nn.functional.cross_entropy(logits, target.expand(points, -1), reduction="none").sum(1).numpy()
            paired = kernels.paired(parts.to(dtype))
            given = name, weight.to(dtype), bias.to(dtype)
            found, turned = np.zeros(points), np.zeros(points)
            kernels.hidden(found, paired, place.numpy(), *given, target.numpy())
            np.testing.assert_allclose(found, known, rtol=tolerance, atol=samples * tolerance)
            kernels.hidden(turned, paired, place.numpy(), *given, (target.numpy() + 1) % classes)
            assert classes == 1 or not np.allclose(turned, known, rtol=1e-3), "labels moved by one would pass"
        place[1] = torch.nan
        kernels.hidden(found, paired, place.numpy(), *given, target.numpy())
        assert np.isfinite(found).tolist() == [True, False, True]


# ---------------------------------------------------------------------------------------------
# Planes


def test_filters_keep_their_lengths_and_biases_stay() -> None:
    network = landscape("images")
    plane = random_plane(network, seed=3, dimensions=3)
    weights = network.state(network.start)
    for direction in plane.directions:
        for name, part in network.state(direction).items():
            if part.ndim < 2:
                assert not part.any()
            else:
                torch.testing.assert_close(part.flatten(1).norm(dim=1), weights[name].flatten(1).norm(dim=1))
    again, other = random_plane(network, seed=3, dimensions=3), random_plane(network, seed=4, dimensions=3)
    assert torch.equal(plane.directions, again.directions)
    assert not torch.equal(plane.directions, other.directions)
    assert torch.equal(surface(network, seed=5, points=3).plane.directions, random_plane(network, seed=5).directions)


def test_a_path_in_a_plane_is_found_there() -> None:
    network = landscape("relu")
    away = torch.linalg.qr(draws(network.dimension, 2, seed=1).double())[0].T
    turn = torch.linspace(0, 3, 20).double()
    path = network.start + torch.stack([3 * torch.cos(turn), torch.sin(turn)], 1) @ away
    plane = trajectory_plane(network, list(path))
    assert sum(plane.explained) == pytest.approx(1.0)
    assert plane.explained[0] > plane.explained[1] > 0
    back = plane.origin + torch.as_tensor(plane.path) @ plane.directions
    torch.testing.assert_close(back, path)
    found = surface(network, plane, points=5)
    assert found.axes[0][0] < plane.path[:, 0].min() < plane.path[:, 0].max() < found.axes[0][-1]
    with pytest.raises(InputError, match="fewer than 2 dimensions"):
        trajectory_plane(network, [network.start, network.start + away[0], network.start + 2 * away[0]])
    with pytest.raises(InputError, match="spans no 2"):
        trajectory_plane(network, list(path[:2]))


def test_three_solutions_lie_on_their_plane() -> None:
    network = landscape("deep")
    points = list(network.start + draws(3, network.dimension, seed=1).double())
    plane = plane_through(network, points)
    for place, point in zip(plane.path, points, strict=True):
        torch.testing.assert_close(plane.origin + torch.as_tensor(place) @ plane.directions, point)
    span = Span(network, plane.origin, plane.directions)
    known = network.energy(torch.stack(points)).numpy()
    np.testing.assert_allclose(span.energies(plane.path), known, rtol=1e-10)
    with pytest.raises(InputError, match="lie on one line"):
        plane_through(network, [points[0], points[1], 2 * points[1] - points[0]])
    with pytest.raises(InputError, match="3 solutions, not 2"):
        plane_through(network, points[:2])


# ---------------------------------------------------------------------------------------------
# Grids and lines


def test_adaptive_surfaces_compute_less_and_stay_close() -> None:
    network = landscape("relu")
    plane = random_plane(network, seed=2)
    whole = surface(network, plane, points=65)
    found = adaptive_surface(network, plane, points=65, tolerance=0.01)
    assert np.array_equal(found.energy[found.evaluated], whole.energy[found.evaluated])
    share = found.evaluated.mean()
    assert 0.02 < share < 0.6
    scale = np.quantile(whole.energy, 0.9) - whole.energy.min()
    assert np.abs(found.energy - whole.energy).max() < 0.03 * scale
    every = adaptive_surface(network, plane, points=17, tolerance=0.0)
    assert every.evaluated.mean() > 0.9
    with pytest.raises(InputError, match="power of two"):
        adaptive_surface(network, plane, points=50)


def test_lines_meet_their_ends_exactly() -> None:
    network = landscape("deep", weight_decay=0.1)
    a, b = network.start, network.start + draws(network.dimension, seed=9).double()
    curve = interpolation(network, a, b, points=11, beyond=0.25)
    assert curve.alpha[0] == pytest.approx(-0.3)
    known = network.energy(torch.stack([a, b])).numpy()
    np.testing.assert_allclose(curve.energy[(curve.alpha == 0) | (curve.alpha == 1)], known, rtol=1e-12)
    middle = float(network.energy((0.5 * (a + b))[None])[0])
    assert curve.energy[np.abs(curve.alpha - 0.5).argmin()] == pytest.approx(middle, rel=1e-10)


def test_min_delta_and_barrier_of_a_known_curve() -> None:
    x = torch.tensor([[1.0]])
    network = NetworkLandscape(nn.Linear(1, 1, bias=False), lambda z, _: (z**2 - 1) ** 2, (x, x))
    well = interpolation(network, torch.tensor([-1.0]), torch.tensor([1.0]), points=5)
    assert well.energy.tolist() == [0.0, 0.5625, 1.0, 0.5625, 0.0]
    assert str(well.min_delta) == "1"
    assert str(well.barrier) == "1"
    down = interpolation(network, torch.tensor([3.0]), torch.tensor([1.0]), points=5)
    assert str(down.min_delta) == "0"
    assert str(down.barrier) == "0"


def test_grids_out_of_range_are_refused() -> None:
    network = landscape("relu")
    for options, message in (
        ({"points": 1}, "points=1"),
        ({"points": 100_000}, "points=100000"),
        ({"reach": -1.0}, "reach=-1.0"),
        ({"reach": float("nan")}, "reach=nan"),
        ({"axes": [np.zeros(3)]}, "2 axes"),
    ):
        with pytest.raises(InputError, match=message):
            surface(network, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="dimensions=4"):
        random_plane(network, dimensions=4)
    with pytest.raises(InputError, match="got shape"):
        interpolation(network, network.start, network.start[:3])
    with pytest.raises(InputError, match="not finite"):
        interpolation(network, network.start, network.start * float("nan"))
