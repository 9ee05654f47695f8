"""Plain stacks of linear layers, many networks side by side, with hand-derived gradients.

On small networks the generic way spends its time between the operations. Here the first layer of all networks is one
matrix product, the others are batched, softmax and cross-entropy share their exponentials. Two to four times as fast as
automatic differentiation on a 64-32-10 network (docs/networks.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["PlainLayers", "plain_layers"]

Activation = Literal["tanh", "relu", "sigmoid", "none"]
CACHED = 1 << 16
"""Numbers of one hidden layer of all networks that are held at once: a few of them fit into the cache of a core."""

_KNOWN: dict[type[nn.Module], Activation] = {nn.Tanh: "tanh", nn.ReLU: "relu", nn.Sigmoid: "sigmoid"}


@dataclass(frozen=True, slots=True)
class PlainLayers:
    """A stack ``Linear, activation, Linear, ..., Linear`` with cross-entropy or mean-square loss.

    Attributes
    ----------
    widths : tuple of int
        Of input, hidden layers and output.
    activations : tuple of str
        One for each hidden layer.
    bias : bool
        Whether every layer has one.
    entropy : bool
        Cross-entropy of classes; mean square over samples and outputs otherwise.
    """

    widths: tuple[int, ...]
    activations: tuple[Activation, ...]
    bias: bool
    entropy: bool

    def takes(self, inputs: Tensor, targets: Tensor) -> bool:
        """Whether data have the shapes that this form computes with."""
        if not inputs.is_floating_point() or inputs.flatten(1).shape[1] != self.widths[0]:
            return False
        if self.entropy:
            return targets.ndim == 1 and not targets.is_floating_point() and bool((targets >= 0).all())
        return targets.is_floating_point() and tuple(targets.shape) == (len(targets), self.widths[-1])

    def losses(self, vectors: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean losses (K,) of networks (K, D) on inputs (P, ...) or (K, P, ...)."""
        samples = inputs.shape[0] if self._shared(vectors, inputs) else inputs.shape[1]
        total = vectors.new_zeros(len(vectors))
        for x, y in self._blocks(vectors, inputs, targets):
            _, _, output = self._forward(vectors, x)
            total += self._head(output, y, samples, slope=False)[0]
        return total

    def gradients(self, vectors: Tensor, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mean losses (K,) and gradients (K, D)."""
        samples = inputs.shape[0] if self._shared(vectors, inputs) else inputs.shape[1]
        total, slope = vectors.new_zeros(len(vectors)), torch.zeros_like(vectors)
        with torch.no_grad():
            for x, y in self._blocks(vectors, inputs, targets):
                weights, hidden, output = self._forward(vectors, x)
                loss, back = self._head(output, y, samples, slope=True)
                total += loss
                slope += self._backward(weights, hidden, back)
        return total, slope

    def _shared(self, vectors: Tensor, inputs: Tensor) -> bool:
        """Whether all networks see the same samples."""
        return inputs.ndim < 3 or inputs.shape[0] != len(vectors) or inputs[0].numel() == self.widths[0]

    def _blocks(self, vectors: Tensor, inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Samples in blocks whose hidden layers stay in the cache."""
        rows = max(32, CACHED // (len(vectors) * max(self.widths[1:])))
        if self._shared(vectors, inputs):
            yield from zip(inputs.split(rows), targets.split(rows), strict=True)
        else:
            yield from zip(inputs.split(rows, 1), targets.split(rows, 1), strict=True)

    def _parts(self, vectors: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        weights, biases, start = [], [], 0
        for low, high in pairwise(self.widths):
            weights.append(vectors[:, start : start + low * high].reshape(-1, high, low))
            start += low * high
            if self.bias:
                biases.append(vectors[:, start : start + high])
                start += high
        return weights, biases

    def _forward(self, vectors: Tensor, inputs: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Weights, the inputs of every layer, and the outputs (K, P, out)."""
        weights, biases = self._parts(vectors)
        count = len(vectors)
        shared = self._shared(vectors, inputs)
        layer = inputs.reshape(-1, self.widths[0]) if shared else inputs.reshape(count, -1, self.widths[0])
        hidden = [layer]
        for depth, weight in enumerate(weights):
            if depth == 0 and shared:
                # One product for all networks: their first layers stacked.
                flat = weight.reshape(-1, self.widths[0]).t()
                joined = torch.addmm(biases[0].reshape(-1), layer, flat) if self.bias else layer @ flat
                layer = joined.view(len(layer), count, -1).transpose(0, 1)
            elif self.bias:
                layer = torch.baddbmm(biases[depth][:, None, :], layer, weight.transpose(1, 2))
            else:
                layer = torch.bmm(layer, weight.transpose(1, 2))
            if depth < len(self.activations):
                layer = _activate(layer, self.activations[depth])
                hidden.append(layer)
        return weights, hidden, layer

    def _head(self, output: Tensor, targets: Tensor, samples: int, *, slope: bool) -> tuple[Tensor, Tensor]:
        """Losses (K,) and the gradient by the outputs; means are taken over `samples`."""
        count, rows, width = output.shape
        if not self.entropy:
            gap = output - targets.reshape(-1, rows, width)
            return gap.square().sum((1, 2)) / (samples * width), gap.mul_(2.0 / (samples * width))
        place = targets.reshape(-1, rows, 1).expand(count, rows, 1)
        output = output - output.amax(2, keepdim=True)
        right = output.gather(2, place)
        output = output.exp_()
        total = output.sum(2, keepdim=True)
        loss = (total.log() - right).sum((1, 2)) / samples
        if not slope:
            return loss, output
        output = output.div_(total * samples)
        return loss, output.scatter_add_(2, place, torch.full_like(right, -1.0 / samples))

    def _backward(self, weights: list[Tensor], hidden: list[Tensor], back: Tensor) -> Tensor:
        parts: list[Tensor] = []
        count = len(back)
        for depth in range(len(weights) - 1, -1, -1):
            if self.bias:
                parts.append(back.sum(1))
            below = hidden[depth]
            if below.ndim == 2:
                flat = back.transpose(0, 1).reshape(len(below), -1)
                parts.append((flat.t() @ below).view(count, -1))
            else:
                parts.append(torch.bmm(back.transpose(1, 2), below).view(count, -1))
            if depth:
                back = torch.bmm(back, weights[depth])
                back = _back_through(back, below, self.activations[depth - 1])
        return torch.cat(parts[::-1], dim=1)


def plain_layers(model: nn.Module, loss: object) -> PlainLayers | None:
    """Recognise a plain stack of linear layers with a usual loss; None for everything else."""
    entropy, square = _is_cross_entropy(loss), _is_mean_square(loss)
    if type(model) is nn.Linear:
        model = nn.Sequential(model)
    if type(model) is not nn.Sequential or not (entropy or square):
        return None
    widths: list[int] = []
    activations: list[Activation] = []
    biases: list[bool] = []
    open_layer = False
    for place, module in enumerate(model):
        kind = type(module)
        if isinstance(module, nn.Flatten) and place == 0 and module.start_dim == 1 and module.end_dim == -1:
            continue
        if kind in {nn.Dropout, nn.Identity}:
            continue
        if isinstance(module, nn.Linear) and kind is nn.Linear:
            if open_layer:
                activations.append("none")
            if not widths:
                widths.append(module.in_features)
            widths.append(module.out_features)
            biases.append(module.bias is not None)
            open_layer = True
        elif kind in _KNOWN and open_layer:
            activations.append(_KNOWN[kind])
            open_layer = False
        else:
            return None
    if not open_layer or len(set(biases)) != 1 or len(activations) != len(widths) - 2:
        return None
    return PlainLayers(tuple(widths), tuple(activations), biases[0], entropy)


def _is_cross_entropy(loss: object) -> bool:
    if type(loss) is nn.CrossEntropyLoss:
        plain = loss.weight is None and loss.label_smoothing == 0.0 and loss.ignore_index == -100
        return plain and loss.reduction == "mean"
    return loss is nn.functional.cross_entropy


def _is_mean_square(loss: object) -> bool:
    return (type(loss) is nn.MSELoss and loss.reduction == "mean") or loss is nn.functional.mse_loss


def _activate(layer: Tensor, name: Activation) -> Tensor:
    if name == "tanh":
        # tanh x = 2 sigmoid(2 x) - 1: the vectorised sigmoid of torch is several times as fast as its tanh.
        if layer.dtype == torch.float32:
            return layer.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
        return layer.tanh_()
    if name == "relu":
        return layer.relu_()
    return layer.sigmoid_() if name == "sigmoid" else layer


def _back_through(back: Tensor, value: Tensor, name: Activation) -> Tensor:
    """Gradient before an activation from the one behind it and the activation's value."""
    if name == "tanh":
        return torch.addcmul(back, back * value, value, value=-1.0)
    if name == "relu":
        return back * (value > 0)
    return back * (value * (1.0 - value)) if name == "sigmoid" else back
