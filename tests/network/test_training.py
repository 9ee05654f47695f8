"""Batched gradients against automatic differentiation, training, and paths between solutions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spinfunnel.landscape import InputError
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched, fresh
from spinfunnel.network.paths import auto_neb, bezier, min_delta, straight
from spinfunnel.network.training import Recipe, polish, settle, train
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick


def stack(activation, loss, *, bias=True, dropout=False) -> NetworkLandscape:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 5, generator=generator, dtype=torch.float64)
    y = torch.arange(50) % 3 if isinstance(loss, nn.CrossEntropyLoss) else x[:, :3].square()
    middle = [nn.Dropout(0.5)] if dropout else []
    layers = [nn.Linear(5, 7, bias=bias), activation(), *middle, nn.Linear(7, 4, bias=bias), activation()]
    layers.append(nn.Linear(4, 3, bias=bias))
    torch.manual_seed(2)
    return NetworkLandscape(nn.Sequential(*layers).double().eval(), loss, (x, y), weight_decay=0.01)


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.MSELoss()])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.Sigmoid])
def test_hand_derived_gradients_are_those_of_autograd(activation, loss):
    network = stack(activation, loss, bias=activation is not nn.Sigmoid)
    fast, plain = Batched(network), Batched(network)
    assert fast.plain is not None
    plain.plain = None
    vectors = torch.stack([fast.fresh(seed) for seed in range(4)])
    own = torch.stack([torch.randperm(50, generator=torch.Generator().manual_seed(seed))[:9] for seed in range(4)])
    for rows in (None, own[0], own):
        for ours, theirs in zip(fast.gradients(vectors, rows), plain.gradients(vectors, rows), strict=True):
            torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(fast.losses(vectors), network.energy(vectors))
    torch.testing.assert_close(plain.losses(vectors, own[1]), fast.losses(vectors, own[1]))


def test_a_wrong_gradient_would_be_noticed():
    """The broken twin: tanh taken for the identity on the way back."""
    network = stack(nn.Tanh, nn.MSELoss())
    fast, plain = Batched(network), Batched(network)
    plain.plain = None
    assert fast.plain is not None
    broken = fast.plain.__class__(fast.plain.widths, ("relu", "relu"), True, False)
    fast.plain = broken
    vectors = fast.fresh(0)[None]
    assert float((fast.gradients(vectors)[1] - plain.gradients(vectors)[1]).abs().max()) > 1e-3


def test_fresh_weights_depend_on_the_seed_alone():
    network = resolve("network:width=4")
    state = torch.random.get_rng_state()
    one, again, other = fresh(network, 1), fresh(network, 1), fresh(network, 2)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_network_does_not_depend_on_its_company():
    network = Batched(resolve("network:width=4,samples=200"))
    recipe = Recipe(epochs=3, noise=0.5)
    together, alone = train(network, [5, 6], recipe=recipe), train(network, [6], recipe=recipe)
    torch.testing.assert_close(together.end[1], alone.end[0], rtol=1e-8, atol=1e-10)


def test_training_goes_on_until_it_gains_nothing():
    """The gain is the fall of the energy in the last round, and short training is seen to be too short."""
    network = Batched(resolve("network:width=6,samples=200,dtype=float32"))
    start = torch.stack([network.fresh(seed) for seed in (3, 4)])
    common = {"recipe": Recipe(epochs=8, batch=50), "start": start, "tolerance": 0.005}
    once, never = (settle(network, [3, 4], rounds=rounds, **common) for rounds in (1, 0))
    assert (once.epochs, once.rounds, never.epochs) == (12, 1, 8)
    assert np.isnan(never.gain).all()
    fallen = (network.losses(never.end) - network.losses(once.end)).numpy()
    np.testing.assert_allclose(once.gain, fallen, rtol=1e-4)
    assert (once.gain > 0.05).all()
    whole = settle(network, [3, 4], rounds=12, **common)
    assert 4 < whole.rounds < 12
    scale = float(network.losses(start).mean() - network.losses(whole.end).mean())
    assert whole.gain.mean() <= 0.005 * scale


@pytest.mark.parametrize("optimiser", ["adam", "sgd", "langevin"])
def test_training_lowers_the_energy(optimiser):
    network = Batched(resolve("network:width=8,samples=300,dtype=float32"))
    rate = {"adam": 0.01, "sgd": 0.1, "langevin": 0.2}[optimiser]
    found = train(network, [0, 1], recipe=Recipe(optimiser=optimiser, epochs=40, batch=64, rate=rate, temperature=1e-5))
    start = network.losses(found.start).numpy()
    assert (found.energy < 0.5 * start).all()
    assert (np.diff(found.curve.mean(axis=0)) < 0).mean() > 0.7


def test_dropout_acts_while_training_only():
    network = Batched(stack(nn.Tanh, nn.MSELoss(), dropout=True))
    with network.dropout(0.5):
        noisy = network.gradients(network.start[None].repeat(2, 1))[0]
    quiet = network.gradients(network.start[None].repeat(2, 1))[0]
    assert noisy[0] != noisy[1]
    assert quiet[0] == quiet[1]
    with pytest.raises(InputError, match="no dropout layer"), Batched(resolve("network:width=2")).dropout(0.5):
        pass


def test_divergence_is_a_sentence():
    network = Batched(stack(nn.ReLU, nn.MSELoss()))
    with pytest.raises(InputError, match="lower the learning rate"):
        train(network, [0], recipe=Recipe(optimiser="sgd", rate=1e6, epochs=50))


def test_polishing_ends_at_a_minimum():
    network = Batched(resolve("network:depth=0,samples=300"))
    rough = train(network, [0, 1], recipe=Recipe(epochs=20))
    end, energy, slope, _ = polish(network, rough.end, tolerance=1e-8)
    assert slope.max() < 1e-6
    # A linear model with weight decay is convex: one minimum, whatever the start.
    torch.testing.assert_close(end[0], end[1], rtol=1e-3, atol=1e-3)
    assert energy[0] == pytest.approx(energy[1], abs=1e-10)
    assert float(torch.linalg.eigvalsh(Batched(network.landscape).hessians(end[:1]))[0, 0]) > 0.0


@pytest.fixture(scope="module")
def pair():
    network = Batched(resolve("network:width=16,dtype=float32,weight_decay=0.0001"))
    return network, *train(network, [0, 1], recipe=Recipe(epochs=40)).end


def test_curved_paths_lie_below_the_straight_one(pair):
    network, one, two = pair
    line = straight(network, one, two)
    band = auto_neb(network, one, two, images=9, steps=150)
    curve = bezier(network, one, two, steps=150)
    assert line.barrier > 0.05
    assert max(band.barrier, curve.barrier) < 0.3 * line.barrier
    for path in (band, curve):
        assert torch.equal(path.pivots[0], one)
        assert torch.equal(path.pivots[-1], two)
        assert float(network.losses(path.top()[None])) == pytest.approx(path.saddle, rel=1e-4)


def test_a_band_on_a_known_saddle():
    """Two parameters, E = (w1 w2 - 1)^2 at x = 1: minima (1, 1) and (-1, -1), joined over the saddle 0 at E = 1."""
    x = torch.ones(4, 1, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Identity(), nn.Linear(1, 1, bias=False)).double()
    network = Batched(NetworkLandscape(model, nn.MSELoss(), (x, x)))
    one, two = torch.tensor([1.0, 1.0], dtype=torch.float64), torch.tensor([-1.0, -1.0], dtype=torch.float64)
    bent = torch.stack([one, torch.tensor([-0.9, 0.4], dtype=torch.float64), two])
    band = auto_neb(network, one, two, images=3, start=bent, steps=400, rate=0.05)
    assert band.saddle == pytest.approx(1.0, abs=0.01)


def test_the_largest_rise_of_a_curve():
    assert min_delta(np.array([1.0, 0.5, 0.8, 0.1, 0.3])) == pytest.approx(0.3)
    assert min_delta(np.linspace(1.0, 0.0, 9)) == 0.0
