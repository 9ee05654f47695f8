"""The Hessian against its dense twin, and spectra of weights against known exponents."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.network import (
    Curvature,
    NetworkLandscape,
    dense_hessian,
    eigenvalues,
    index,
    layer_figures,
    layer_spectra,
    power_law,
    spectral_density,
    trace,
)
from spinfunnel.systems import resolve


class Unused(nn.Module):
    """With a parameter that the forward pass does not touch."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.spare = nn.Linear(6, 3), nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x).tanh()


class Fused(nn.Module):
    """Attention by the fused kernel, as a user writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.out = nn.Linear(6, 18), nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.project(x[:, None, :] * torch.ones(1, 3, 1, dtype=x.dtype)).chunk(3, -1)
        return self.out(nn.functional.scaled_dot_product_attention(q, k, v).mean(1))


def flat(*activations: nn.Module) -> nn.Module:
    layers: list[nn.Module] = []
    size = 6
    for activation in activations:
        layers += [nn.Linear(size, 5), activation]
        size = 5
    return nn.Sequential(*layers, nn.Linear(size, 3))


def convolutions() -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(4, 3))


NETWORKS: dict[str, tuple[Any, str]] = {
    "linear": (flat, "layers"),
    "tanh": (lambda: flat(nn.Tanh()), "layers"),
    "relu": (lambda: flat(nn.ReLU()), "layers"),
    "deep": (lambda: flat(nn.Tanh(), nn.Sigmoid(), nn.ReLU()), "layers"),
    "unused": (Unused, "layers"),
    "fused attention": (Fused, "plain"),
    "encoder": (lambda: nn.Sequential(nn.TransformerEncoderLayer(6, 2, 4, 0.0), nn.Linear(6, 3)), "plain"),
    "convolutions": (convolutions, "plain"),
    "batch norm": (lambda: nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)), "plain"),
}


def landscape(name: str, *, loss: Any = None, count: int = 70, **options: Any) -> NetworkLandscape:
    torch.manual_seed(5)
    model = NETWORKS[name][0]()
    draw = torch.Generator().manual_seed(6)
    x, labels = torch.randn(count, 6, generator=draw), torch.randint(0, 3, (count,), generator=draw)
    y = torch.randn(count, 3, generator=draw) if isinstance(loss, nn.MSELoss) else labels
    return NetworkLandscape(model, loss or nn.CrossEntropyLoss(), (x, y), dtype="float64", **options)


def slow_hessian(network: NetworkLandscape) -> torch.Tensor:
    """Differentiate the gradient once for every weight."""
    from spinfunnel.network.objective import exact_attention

    with exact_attention():
        found: Any = torch.autograd.functional.hessian(lambda v: network.energy(v[None])[0], network.start)
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", [None, nn.MSELoss()])
def test_products_are_those_of_the_dense_hessian(name: str, loss: Any) -> None:
    network = landscape(name, loss=loss, weight_decay=0.01)
    curvature = Curvature(network)
    assert curvature.path == NETWORKS[name][1]
    known = slow_hessian(network)
    torch.testing.assert_close(dense_hessian(curvature), known, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(dense_hessian(Curvature(network, quick=False)), known, rtol=1e-8, atol=1e-10)
    assert curvature.products_done >= network.dimension


def test_blocks_of_samples_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    network = landscape("deep", count=300)
    probe = torch.randn(14, network.dimension, generator=torch.Generator().manual_seed(1)).double()
    monkeypatch.setattr("spinfunnel.network.curvature.CACHED", 1)
    curvature = Curvature(network)
    assert curvature._layers is not None
    assert len(curvature._layers._blocks) > 3
    torch.testing.assert_close(curvature.products(probe), probe @ slow_hessian(network), rtol=1e-8, atol=1e-10)


def test_samples_are_differentiated_in_blocks_where_their_losses_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinfunnel.network.curvature.NUMBERS", 1)
    for name, blocks in (("convolutions", 4), ("fused attention", 4), ("batch norm", 1)):
        network = landscape(name, count=200, weight_decay=0.02)
        probe = torch.randn(3, network.dimension, generator=torch.Generator().manual_seed(1)).double()
        curvature = Curvature(network, quick=False)
        torch.testing.assert_close(curvature.products(probe), probe @ slow_hessian(network), rtol=1e-8, atol=1e-10)
        assert len(curvature._plain._graph) == blocks
    mixed = landscape("tanh", loss=lambda out, _: out.square().mean().sqrt(), count=200)
    curvature = Curvature(mixed, quick=False)
    probe = torch.randn(3, mixed.dimension, generator=torch.Generator().manual_seed(1)).double()
    torch.testing.assert_close(curvature.products(probe), probe @ slow_hessian(mixed), rtol=1e-8, atol=1e-10)
    assert len(curvature._plain._graph) == 1, "the root of a mean is no sum over samples"


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_eigenvalues_lie_within_their_residuals(which: Any) -> None:
    network = landscape("deep")
    known = torch.linalg.eigvalsh(slow_hessian(network)).numpy()
    found = eigenvalues(Curvature(network), count=4, which=which, tolerance=1e-6)
    key = {"largest": -known, "smallest": known, "magnitude": -np.abs(known)}[which]
    np.testing.assert_allclose(found.values, known[np.argsort(key)[:4]], rtol=1e-6, atol=1e-10)
    assert found.converged
    assert (found.residuals < 1e-6 * np.abs(known).max()).all()
    images = Curvature(network).products(found.vectors)
    torch.testing.assert_close(images, torch.as_tensor(found.values)[:, None] * found.vectors, rtol=0, atol=1e-6)
    assert found.estimate(0).low <= known[np.argsort(key)[0]] <= found.estimate(0).high


def test_what_has_not_converged_says_so() -> None:
    network = landscape("deep")
    known = torch.linalg.eigvalsh(slow_hessian(network)).numpy()
    found = eigenvalues(Curvature(network), count=4, steps=5, tolerance=1e-8)
    assert not found.converged
    for value, residual in zip(found.values, found.residuals, strict=True):
        assert np.abs(known - value).min() <= residual * (1 + 1e-6)
    assert found.residuals.max() > 1e-8 * np.abs(known).max()
    everything = eigenvalues(Curvature(landscape("tanh", count=20)), count=53, steps=500)
    assert len(everything.values) <= 53


def test_trace_lies_in_its_interval_as_often_as_it_should() -> None:
    # 40 intervals of 95 %: fewer than 33 hits have a probability below 0.001 where the coverage is as stated.
    curvature = Curvature(landscape("deep", weight_decay=0.02))
    known = float(dense_hessian(curvature).trace())
    hits = widths = 0.0
    for seed in range(40):
        found = trace(curvature, products=30, seed=seed)
        assert isinstance(found, Estimate)
        hits += found.low <= known <= found.high
        widths += found.high - found.low
    assert hits >= 33
    assert widths / 40 < 0.5 * known
    exact = trace(curvature, products=10_000)
    assert isinstance(exact, Estimate)
    assert exact.exact
    assert exact.value == pytest.approx(known, rel=1e-10)
    assert trace(curvature, products=30, seed=7) == trace(curvature, products=30, seed=7)


def test_density_has_the_spectrum_s_moments_and_states_its_convergence() -> None:
    network = landscape("deep", weight_decay=0.02)
    known = torch.linalg.eigvalsh(slow_hessian(network)).numpy()
    found = spectral_density(Curvature(network), steps=40, probes=30, seed=2)
    np.testing.assert_allclose(found.weights.sum(1), 1.0, rtol=1e-10)
    # Standard errors over 30 probes; 4 of them have a false-alarm rate below 0.001.
    shares = (found.weights * found.nodes**2).sum(1)
    assert abs(shares.mean() - (known**2).mean()) < 4 * shares.std(ddof=1) / np.sqrt(30)
    assert found.trace.low <= known.sum() <= found.trace.high
    assert found.nodes.max() == pytest.approx(known.max(), rel=1e-6)
    assert found.nodes.min() == pytest.approx(known.min(), rel=1e-3)
    assert found.change < 0.02
    rough = spectral_density(Curvature(network), steps=6, probes=30, seed=2)
    assert rough.change > 5 * found.change
    x = np.linspace(known.min() - 0.2, known.max() + 0.2, 4000)
    assert np.trapezoid(found.density(x), x) == pytest.approx(1.0, abs=1e-3)
    negative = found.below(-1e-3 * known.max())
    assert negative.low - 0.03 <= (known < -1e-3 * known.max()).mean() <= negative.high + 0.03


def test_index_of_known_points() -> None:
    linear: Any = resolve("network:depth=0,weight_decay=0.1,samples=60")
    assert str(index(Curvature(linear))) == "0"
    network = landscape("deep")
    known = torch.linalg.eigvalsh(slow_hessian(network)).numpy()
    assert str(index(Curvature(network))) == f"{(known < -1e-6 * np.abs(known).max()).sum()}"
    assert (known < 0).any()
    large: Any = resolve("network:width=64,samples=50")
    refused = index(Curvature(large))
    assert isinstance(refused, NoAnswer)
    assert refused.outcome == "too_many_weights"


@pytest.mark.parametrize("name", ["deep", "unused", "fused attention", "batch norm"])
def test_layers_have_the_figures_of_their_blocks(name: str) -> None:
    network = landscape(name, weight_decay=0.02)
    known = slow_hessian(network)
    (biggest,) = layer_figures(Curvature(network), most=1)
    assert biggest.weights == max(block.stop - block.start for block in network.layout)
    for block, found in zip(network.layout, layer_figures(Curvature(network)), strict=True):
        part = known[block.start : block.stop, block.start : block.stop]
        assert found.name == block.name
        assert found.largest.values[0] == pytest.approx(float(torch.linalg.eigvalsh(part)[-1]), rel=1e-4, abs=1e-9)
        assert isinstance(found.trace, Estimate)
        # Beyond 64 weights it is estimated; one tensor here, six standard errors of 32 probes.
        margin = 0.0 if found.trace.exact else 3.0 * (found.trace.high - found.trace.low)
        assert found.trace.value == pytest.approx(float(part.trace()), rel=1e-8, abs=1e-10 + margin)


def test_a_linear_model_with_decay_is_exactly_convex() -> None:
    linear: Any = resolve("network:depth=0,weight_decay=0.1,samples=60")
    known = slow_hessian(linear)
    torch.testing.assert_close(dense_hessian(Curvature(linear)), known, rtol=1e-9, atol=1e-12)
    assert float(torch.linalg.eigvalsh(known)[0]) == pytest.approx(0.1, rel=1e-9)


def test_wrong_questions_are_refused() -> None:
    network = landscape("tanh")
    curvature = Curvature(network)
    for wrong in (
        lambda: eigenvalues(curvature, count=0),
        lambda: eigenvalues(curvature, tolerance=2.0),
        lambda: trace(curvature, products=2),
        lambda: spectral_density(curvature, probes=1),
        lambda: curvature.products(torch.zeros(1, 3)),
        lambda: Curvature(network, network.start * float("nan")),
        lambda: power_law(np.ones(50), resamples=1),
    ):
        with pytest.raises(InputError):
            wrong()
    large: Any = resolve("network:width=128,samples=20")
    with pytest.raises(InputError, match="beyond 6000"):
        dense_hessian(Curvature(large))


# ---------------------------------------------------------------------------------------------
# Spectra of weights


def test_exponents_of_known_tails() -> None:
    # 12 intervals of 95 %: fewer than 8 hits have a probability below 0.001 where the coverage is as stated.
    hits = 0
    for seed in range(12):
        draws = (1.0 - np.random.default_rng(seed).random(200)) ** (-1.0 / 1.5)
        fit = power_law(draws, resamples=20, seed=seed)
        assert not isinstance(fit, NoAnswer)
        hits += fit.alpha.low <= 2.5 <= fit.alpha.high
    assert hits >= 8


def test_a_tail_that_is_none_is_called_implausible() -> None:
    uniform = np.random.default_rng(1).random(800)
    fit = power_law(uniform, resamples=20)
    assert not isinstance(fit, NoAnswer)
    assert fit.plausible < 0.1 or fit.tail < 80
    for values, outcome in (
        (np.ones(50), "equal_eigenvalues"),
        (np.arange(1.0, 11.0), "too_few_eigenvalues"),
        (np.array([1.0, np.nan] * 30), "not_finite"),
        (np.zeros(50), "too_few_eigenvalues"),
    ):
        refused = power_law(values)
        assert isinstance(refused, NoAnswer)
        assert refused.outcome == outcome


def test_stable_rank_of_known_matrices() -> None:
    model = nn.Sequential(nn.Linear(6, 4, bias=False), nn.Linear(4, 3, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.diag(torch.tensor([2.0, 1.0, 1.0, 0.0, 0.0, 0.0]))[:4])
        model[1].weight.zero_()
    network = NetworkLandscape(model, nn.MSELoss(), (torch.ones(2, 6), torch.ones(2, 3)))
    first, second = layer_spectra(network)
    assert str(first.stable_rank) == "1.5"
    np.testing.assert_allclose(first.eigenvalues, [4, 1, 1, 0], atol=1e-12)
    assert isinstance(second.stable_rank, NoAnswer)


def slow_exponent(values: list[float]) -> tuple[float, float]:
    """Exponent and beginning of a tail by the definitions, one candidate after the other."""
    best = math.inf, 0.0, 0.0
    for smallest in sorted(values)[: len(values) - 7]:
        tail = sorted(value for value in values if value >= smallest)
        alpha = 1.0 + len(tail) / sum(math.log(value / smallest) for value in tail)
        distance = 0.0
        for number, value in enumerate(tail):
            model = 1.0 - (value / smallest) ** (1.0 - alpha)
            distance = max(distance, abs(model - number / len(tail)), abs(model - (number + 1) / len(tail)))
        best = min(best, (distance, alpha, smallest))
    return best[1], best[2]


def test_exponents_are_those_of_the_definitions() -> None:
    network: Any = resolve("network:width=48,samples=50")
    drawn = np.random.default_rng(3)
    for values in (layer_spectra(network)[0].eigenvalues, drawn.lognormal(size=60), drawn.pareto(2.0, 100) + 1.0):
        fit = power_law(values, resamples=20)
        assert not isinstance(fit, NoAnswer)
        known, smallest = slow_exponent([float(value) for value in values if value > 1e-12 * values.max()])
        assert fit.alpha.value == pytest.approx(known, rel=1e-9)
        assert fit.smallest == pytest.approx(smallest, rel=1e-12)
        assert fit.alpha.low < known < fit.alpha.high
