"""Losses of convolutional stacks along lines and planes, by the kernels that keep samples along the last axis.

Where the layers are convolutions without groups, pooling without padding, activations and linear layers, and the loss
is a cross-entropy. A block of samples goes through all layers at one point before the next point is begun, so that its
numbers stay in the second-level cache. Pixels beyond the border, which the next convolution reads, are rows of zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spinfunnel.landscape import Progress
from spinfunnel.network import image_kernels
from spinfunnel.network.kernels import ACTIVATIONS, block_width, exponential_table
from spinfunnel.network.stack import Step

__all__ = ["ImageLayers", "suits"]

POINTS = 64
"""Points whose weights are made at once."""
Ints = NDArray[np.int64]


def suits(steps: Sequence[Step]) -> bool:
    """Whether there are kernels for the layers behind the first convolution."""
    kinds = [step.kind for step in steps]
    if kinds[-1:] != ["linear"] or "flatten" not in kinds:
        return False
    flat = kinds.index("flatten")
    return all(_known(step) for step in steps[:flat]) and set(kinds[flat + 1 :]) <= {"linear", "activation"}


def _known(step: Step) -> bool:
    if step.kind == "convolution":
        return step.shape is not None and step.shape.groups == 1 and not isinstance(step.shape.padding, str)
    if step.kind == "image":
        return _window(step.call) is not None
    return step.kind == "activation"


def _window(part: Any) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Size and stride of a pooling layer without padding."""
    if type(part) not in (nn.MaxPool2d, nn.AvgPool2d):
        return None
    plain = _pair(part.padding) == (0, 0) and not part.ceil_mode and _pair(getattr(part, "dilation", 1)) == (1, 1)
    if not plain or getattr(part, "divisor_override", None) is not None:
        return None
    return _pair(part.kernel_size), _pair(part.stride)


def _pair(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


@dataclass(slots=True)
class _Images:
    """Where the numbers of a layer's answer to a block of samples lie."""

    channels: int
    height: int
    width: int
    samples: int
    border: tuple[int, int] = (0, 0)

    @property
    def line(self) -> int:
        """Numbers from one line of pixels to the next."""
        return (self.width + 2 * self.border[1]) * self.samples

    @property
    def plane(self) -> int:
        """Numbers from one channel to the next."""
        return (self.height + 2 * self.border[0]) * self.line

    def places(self, *, lines: bool) -> Ints:
        """Where each line begins, or each pixel."""
        x = np.arange(1 if lines else self.width) + self.border[1]
        y = np.arange(self.height) + self.border[0]
        return np.asarray((y[:, None] * self.line + x * self.samples).ravel(), np.int64)


@dataclass
class _Layer:
    """A convolution, a linear layer or a pooling, with the activation behind it."""

    step: Step
    given: _Images
    found: _Images
    base: Ints
    taps: Ints
    lines: bool
    activation: int = 0

    @cached_property
    def places(self) -> Ints:
        """Where its answers go, in each channel."""
        return self.found.places(lines=self.lines)


class ImageLayers:
    """Mean losses at the points ``origin + c @ directions``.

    Parameters
    ----------
    steps : sequence of Step
        Behind the first convolution; `suits` them.
    activation : int
        Right behind the first convolution.
    named : mapping of str to Tensor
        For each parameter those of the origin and of each direction, shape (k + 1, ...).
    parts : Tensor, shape (k + 1, n, channels, height, width)
        The first convolution's answers.
    target : Tensor of int64, shape (n,)
    """

    def __init__(self, steps: Sequence[Step], named: dict[str, torch.Tensor], parts: torch.Tensor, target: Any) -> None:
        self._named, self._target = named, target.to(torch.int64).numpy()
        width = block_width(parts.shape[1], fewest=image_kernels.FEWEST, most=image_kernels.MOST)
        self._first = _Images(parts.shape[2], parts.shape[3], parts.shape[4], width)
        self._layers, self._activation = self._planned(steps)
        self._dtype = parts.numpy().dtype
        padded = torch.nn.functional.pad(parts, (0, 0, 0, 0, 0, 0, 0, -parts.shape[1] % width))
        lines = padded.unflatten(1, (-1, width)).permute(1, 0, 3, 4, 5, 2)  # blocks, k + 1, c, y, x, samples
        lines = lines.reshape(len(lines), len(parts), self._first.channels * self._first.height, -1)
        self._parts = np.ascontiguousarray(lines.numpy())
        self._start = (self._first.places(lines=True) + self._planes(self._first)[:, None]).ravel()
        self._buffers = [np.zeros(entry.channels * entry.plane, self._dtype) for entry in self._shapes()]
        longest = max(max(images.width, images.channels) * width for images in self._shapes())
        scale = np.empty(longest, self._dtype)
        bits = scale.view(np.int32 if self._dtype.itemsize == 4 else np.int64)
        self._scratch = np.empty(longest, self._dtype), bits, scale, exponential_table(self._dtype)

    def losses(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        """Mean losses (m,) at coordinates (m, k)."""
        total = np.zeros(len(place))
        for start in range(0, len(place), POINTS):
            here = place[start : start + POINTS]
            weights = [self._weights(layer, here) for layer in self._layers]
            coordinates = here.astype(self._dtype)
            for block in range(len(self._parts)):
                for point in range(len(here)):
                    total[start + point] += self._block(block, point, coordinates[point], weights)
            progress("surface", min(1.0, (start + POINTS) / len(place)))
        return total / len(self._target)

    # -----------------------------------------------------------------------------------------

    def _block(self, block: int, point: int, place: NDArray[Any], weights: list[Any]) -> float:
        """Sum of the losses of a block of samples at one point."""
        calls, buffers, width = image_kernels, self._buffers, self._first.samples
        calls.affine_lines(buffers[0], self._start, self._parts[block], place, self._activation, self._scratch)
        for layer, given, out, own in zip(self._layers, buffers[:-1], buffers[1:], weights, strict=True):
            common = out, layer.places, layer.found.plane, given, layer.base, layer.taps
            if own is None:
                channels, mean = layer.given.channels, isinstance(layer.step.call, nn.AvgPool2d)
                calls.pooled(*common, layer.given.plane, channels, mean, width, layer.activation, self._scratch)
            else:
                calls.gathered(*common, own[0][point], own[1][point], layer.activation, own[2], self._scratch)
        labels = self._target[block * width : (block + 1) * width]
        return float(calls.entropy(buffers[-1].reshape(-1, width), labels, self._scratch))

    def _weights(self, layer: _Layer, place: NDArray[np.float64]) -> Any:
        """Weights (m, pairs, taps, 2) and biases (m, o) at some points, with room for sums; None for pooling."""
        if layer.step.kind == "image":
            return None
        parts = self._named[layer.step.weight]
        one = torch.as_tensor(np.hstack([np.ones((len(place), 1)), place]), dtype=parts.dtype)
        weight = torch.tensordot(one, parts.flatten(2), 1)
        weight = torch.nn.functional.pad(weight, (0, 0, 0, weight.shape[1] % 2))
        pairs = weight.unflatten(1, (-1, 2)).transpose(2, 3).contiguous().numpy()
        bias = weight.new_zeros(len(place), layer.found.channels)
        if layer.step.bias:
            bias = torch.tensordot(one, self._named[layer.step.bias], 1)
        pixels = layer.found.width if layer.lines else 1
        return pairs, bias.contiguous().numpy(), np.empty((2, pixels * layer.found.samples), self._dtype)

    def _shapes(self) -> list[_Images]:
        return [self._first, *(layer.found for layer in self._layers)]

    @staticmethod
    def _planes(images: _Images) -> Ints:
        return np.arange(images.channels, dtype=np.int64) * images.plane

    def _planned(self, steps: Sequence[Step]) -> tuple[list[_Layer], int]:
        """Layers in order, and the activation behind the first convolution."""
        given, first, layers = self._first, 0, list[_Layer]()
        for step in steps:
            if step.kind == "flatten":
                continue
            if step.kind == "activation":
                if layers and not layers[-1].activation:
                    layers[-1].activation = ACTIVATIONS[step.name]
                elif not layers and not first:
                    first = ACTIVATIONS[step.name]
                else:
                    raise RuntimeError("two activations in a row are left to the plain path")
                continue
            layers.append(self._layer(step, given))
            given = layers[-1].found
        return layers, first

    def _layer(self, step: Step, given: _Images) -> _Layer:
        width = given.samples
        if step.kind == "linear":
            outs, inputs = self._named[step.weight].shape[1:]
            if given.border != (0, 0) or inputs * width != given.channels * given.plane:
                raise RuntimeError("a linear layer that takes something else is left to the plain path")
            taps = np.arange(inputs, dtype=np.int64) * width
            return _Layer(step, given, _Images(outs, 1, 1, width), np.zeros(1, np.int64), taps, lines=False)
        if step.kind == "image":
            size, stride = _window(step.call) or ((1, 1), (1, 1))
            outs, dilation, inner = given.channels, (1, 1), 1
        else:
            assert step.shape is not None  # noqa: S101 - `suits` has seen it
            outs, inner, *size_list = self._named[step.weight].shape[1:]
            size, stride, dilation = _pair(size_list), step.shape.stride, step.shape.dilation
            given.border = _pair(step.shape.padding)
        reach = [dilation[axis] * (size[axis] - 1) + 1 for axis in (0, 1)]
        lengths = given.height + 2 * given.border[0], given.width + 2 * given.border[1]
        height, breadth = ((lengths[axis] - reach[axis]) // stride[axis] + 1 for axis in (0, 1))
        found = _Images(outs, height, breadth, width)
        lines = stride[1] == 1 and step.kind != "image"
        x = np.arange(1 if lines else found.width) * stride[1] * width
        base = (np.arange(found.height)[:, None] * stride[0] * given.line + x).ravel()
        line, pixel = np.arange(size[0]) * dilation[0] * given.line, np.arange(size[1]) * dilation[1] * width
        taps = (np.arange(inner)[:, None, None] * given.plane + line[:, None] + pixel).ravel()
        return _Layer(step, given, found, base.astype(np.int64), taps.astype(np.int64), lines)
