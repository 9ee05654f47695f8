"""Units renamed: the same function, nearer to the other network; refused where the function would change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from spinfunnel.landscape import InputError
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment, apply, random_copy
from spinfunnel.network.batched import Batched
from spinfunnel.network.paths import straight
from spinfunnel.network.training import Recipe, train
from spinfunnel.pipeline.study import study
from spinfunnel.plot.network_pictures import network_pictures
from spinfunnel.systems import resolve

pytestmark = pytest.mark.quick


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])
        self.short = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x):
        h = self.norms[1](self.two(functional.relu(self.norms[0](self.one(x)))))
        h += self.short(x)
        return functional.relu(h)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.blocks = nn.Conv2d(1, 8, 3, 1, 1), nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(torch.flatten(functional.adaptive_avg_pool2d(self.blocks(torch.tanh(self.stem(x))), 1), 1))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place = nn.Linear(8, 12), nn.Parameter(torch.randn(1, 8, 12))
        self.norm, self.attend = nn.LayerNorm(12), nn.MultiheadAttention(12, 3, batch_first=True)
        self.mix, self.head = nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 12)), nn.Linear(12, 10)

    def forward(self, x):
        x = self.embed(x.squeeze(1)) + self.place
        h = self.norm(x)
        x = x + self.attend(h, h, h, need_weights=False)[0]
        return self.head((x + self.mix(x)).mean(1))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(12, 3, 24, batch_first=True, dropout=0.0)
        self.embed, self.layers = nn.Linear(8, 12), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        return self.head(self.layers(self.embed(x.squeeze(1)))[:, 0])


class Places(nn.Module):
    """Treats hidden units unlike: the trace pins them."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(64, 6), nn.Linear(6, 10)

    def forward(self, x):
        return self.two(torch.cumsum(self.one(x.flatten(1)), 1))


class Lies(nn.Module):
    """Changes its units by position where no trace can see it: in a module that looks like one of torch's."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.bent, self.two = nn.Linear(64, 6), Uneven(), nn.Linear(6, 10)

    def forward(self, x):
        return self.two(self.bent(self.one(x.flatten(1))))


class Uneven(nn.ReLU):
    __module__ = "torch.nn.modules.activation"

    def forward(self, x):
        return x * torch.arange(1.0, 7.0)


def convolution() -> nn.Module:
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 10))


MODELS = {
    "convolution": (convolution, [8, 16]),
    "residual": (Residual, [8, 8, 16, 16]),
    "attention": (Attention, [12, 3, 20]),
    "encoder": (Encoder, [12, 3, 24, 3, 24]),
}


def landscape_of(model: nn.Module) -> NetworkLandscape:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 1, 8, 8, generator=generator)
    return NetworkLandscape(model, nn.CrossEntropyLoss(), (x, torch.arange(64) % 10))


@pytest.mark.parametrize("name", MODELS)
def test_a_renamed_network_is_found_back(name):
    build, units = MODELS[name]
    torch.manual_seed(1)
    network = landscape_of(build())
    alignment = Alignment(network)
    assert sorted(group.units for group in alignment.groups) == sorted(units)
    twin = random_copy(network, alignment.groups, network.start, seed=3)
    assert float((twin - network.start).abs().max()) > 0.1
    torch.testing.assert_close(network.energy(twin[None]), network.energy(network.start[None]), rtol=1e-5, atol=1e-5)
    assert torch.equal(alignment(twin, to=network.start), network.start)


def test_signs_are_turned_where_the_activation_is_odd():
    network = resolve("network:width=6,data=xor")
    alignment = Alignment(network)
    (group,) = alignment.groups
    assert group.signs
    twin = apply(network, group, network.start, order=[1, 0, 2, 3, 5, 4], sign=[-1, 1, 1, -1, -1, 1])
    torch.testing.assert_close(network.energy(twin[None]), network.energy(network.start[None]))
    torch.testing.assert_close(alignment(twin, to=network.start), network.start)
    relu = Alignment(resolve("network:width=6,data=xor,activation=relu"))
    assert not relu.groups[0].signs


def test_units_that_are_treated_unlike_stay_where_they_are():
    alignment = Alignment(landscape_of(Places()))
    assert alignment.groups == ()
    assert "no units" in alignment.reason


def test_a_wrong_symmetry_is_refused():
    """The broken twin: a layer that looks exchangeable and is not."""
    with pytest.raises(InputError, match="exchanging units changes the outputs"):
        Alignment(landscape_of(Lies()))


class Step(nn.Module):
    """As a Lightning module whose step prepares the inputs and calls the network inside; it has no forward pass."""

    def __init__(self, *, penalty: float = 0.0, parts: bool = False) -> None:
        super().__init__()
        self.penalty = penalty
        net = [nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10)]
        self.net = nn.ModuleList([nn.Sequential(*net[:2]), net[2]]) if parts else nn.Sequential(*net)

    def training_step(self, batch, number):
        x = batch[0].flatten(1)
        for part in self.net if isinstance(self.net, nn.ModuleList) else [self.net]:
            x = part(x)
        first = next(self.parameters())
        return nn.functional.cross_entropy(x, batch[1]) + self.penalty * first[0].square().sum()


class Pair(nn.Module):
    """Of two inputs, the second by name or not."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.out = nn.Linear(5, 7), nn.Linear(3, 7), nn.Linear(7, 4)

    def forward(self, left, right, unused=2.0):
        return self.out(torch.tanh(self.left(left) + self.right(right)))


def stepping(**options) -> NetworkLandscape:
    x = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(2)
    return NetworkLandscape(Step(**options), None, (x, torch.arange(64) % 10))


def paired(*, named: bool) -> NetworkLandscape:
    draw = torch.Generator().manual_seed(0)
    left, right = torch.randn(40, 5, generator=draw), torch.randn(40, 3, generator=draw)
    torch.manual_seed(2)
    if not named:
        return NetworkLandscape(Pair(), nn.CrossEntropyLoss(), ((left, right), torch.arange(40) % 4))
    loss = lambda outputs, batch: nn.functional.cross_entropy(outputs, (batch["left"][:, 0] > 0).long())  # noqa: E731
    return NetworkLandscape(Pair(), loss, {"right": right, "left": left})


@pytest.mark.parametrize("build", [stepping, lambda: paired(named=False), lambda: paired(named=True)])
@pytest.mark.parametrize("method", ["weights", "activations"])
def test_steps_and_models_of_several_inputs_are_aligned(build, method):
    network = build()
    alignment = Alignment(network)
    assert [group.units for group in alignment.groups] == [6 if network.objective.steps else 7]
    twin = random_copy(network, alignment.groups, network.start, seed=3)
    assert float((twin - network.start).abs().max()) > 0.1
    torch.testing.assert_close(network.energy(twin[None]), network.energy(network.start[None]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(alignment(twin, to=network.start, method=method), network.start)
    assert alignment.sentence.startswith("units renamed")


def test_a_step_that_treats_one_unit_unlike_is_refused():
    """The broken twin: the network inside is symmetric, the loss around it is not."""
    with pytest.raises(InputError, match="exchanging units changes the outputs"):
        Alignment(stepping(penalty=1.0))


def test_what_cannot_be_aligned_is_said_to_have_upper_bounds():
    network = stepping(parts=True)
    alignment = Alignment(network)
    assert alignment.groups == ()
    assert "every barrier is an upper bound" in alignment.sentence
    judged = study(network, quick=True, nulls=False, explorer="training:networks=2,rounds=1,epochs=2", workers=1)
    assert "units are not aligned, so that every barrier is an upper bound" in judged.verdict.reason
    assert judged.details["network"]["alignment"] == alignment.sentence
    pictures = network_pictures(judged.views["network"])
    assert any("units are not aligned" in picture.caption(judged.graph) for picture in pictures)


@pytest.mark.parametrize("method", ["weights", "activations"])
def test_alignment_lowers_the_linear_barrier(method):
    """Ten times, for two digits networks of 32 units; the seeds are fixed."""
    network = Batched(resolve("network:width=32,dtype=float32,weight_decay=0.0001"))
    one, two = train(network, [0, 1], recipe=Recipe(epochs=20)).end
    aligned = Alignment(network.landscape)(two, to=one, method=method)
    before, after = straight(network, one, two).barrier, straight(network, one, aligned).barrier
    assert after < 0.2 * before
    np.testing.assert_allclose(float(network.losses(aligned[None])), float(network.losses(two[None])), rtol=1e-5)
