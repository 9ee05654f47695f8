"""Losses of convolutional stacks along lines and planes, by the kernels that keep samples along the last axis.

Where the layers are convolutions without groups, pooling without padding, activations and linear layers, and the loss
is a cross-entropy. Every layer's weights are affine in the coordinates and are laid out once for the origin and each
direction; layers, tables and the numbers of a block of samples are offsets into three arrays, so that one compiled call
does all points. Pixels beyond the border, which the next convolution reads, are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spinfunnel.landscape import Progress
from spinfunnel.network import image_kernels as kernels
from spinfunnel.network.kernel_lanes import BYTES
from spinfunnel.network.kernels import ACTIVATIONS, exponential_table
from spinfunnel.network.stack import Step

__all__ = ["ImageLayers", "suits"]

POINTS = 64
"""Points whose weights are made at once."""
LARGEST = 1 << 25
"""Bytes of the weights of all points that are made at once."""
WASTE = 2.0
"""Pixels computed for each that there is, up to which tiles are worth their while."""
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
    """Where the numbers of a layer's answer to a block of samples lie, from `start` on.

    `border` are lines and columns of zeros on each side. `spare` says whether one more pixel of zeros follows each
    channel, `waste` whether one follows that nobody reads.
    """

    channels: int
    height: int
    width: int
    samples: int
    border: tuple[int, int] = (0, 0)
    spare: bool = False
    waste: bool = False
    start: int = 0

    @property
    def line(self) -> int:
        """Numbers from one line of pixels to the next."""
        return (self.width + 2 * self.border[1]) * self.samples

    @property
    def lines(self) -> int:
        """Lines of a channel, border included."""
        return self.height + 2 * self.border[0]

    @property
    def plane(self) -> int:
        """Numbers from one channel to the next."""
        return self.lines * self.line + (self.spare + self.waste) * self.samples

    def pixels(self, y: Ints, x: Ints) -> Ints:
        """Where pixels lie in a channel; those outside the border are the spare one."""
        inside = (y >= 0) & (x >= 0) & (y < self.lines) & (x < self.width + 2 * self.border[1])
        return np.where(inside, y * self.line + x * self.samples, self.lines * self.line).astype(np.int64)

    def places(self, *, whole_lines: bool) -> Ints:
        """Where each line begins, or each pixel."""
        x = np.arange(1 if whole_lines else self.width) + self.border[1]
        y = np.arange(self.height)[:, None] + self.border[0]
        return self.pixels(y, x).ravel()


@dataclass(slots=True)
class _Layer:
    """A convolution, a linear layer or a pooling, with the activation behind it.

    `base` and `taps` say where in a channel its positions and the inputs of each lie; of tiles `base` has all 36.
    """

    step: Step | None
    kind: int
    given: _Images
    found: _Images
    base: Ints
    taps: Ints
    whole_lines: bool = False
    activation: int = 0

    @property
    def places(self) -> Ints:
        """Where its answers go, in each channel; of tiles all 16 pixels, those outside the image to waste."""
        if self.kind != kernels.TILES:
            return self.found.places(whole_lines=self.whole_lines)
        y, x = _tiled(self.found, 4)
        inside = (y < self.found.height) & (x < self.found.width)
        found = self.found
        return np.where(inside, found.pixels(y + found.border[0], x + found.border[1]), found.plane - found.samples)

    @property
    def run(self) -> int:
        """Numbers in a row at every position."""
        return self.found.samples * (self.found.width if self.whole_lines else 1)


def _tiled(images: _Images, size: int) -> tuple[Ints, Ints]:
    """Lines and columns, shape (tiles, size^2), of patches that begin at every fourth pixel."""
    y, x = (np.arange(0, length, 4, dtype=np.int64) for length in (images.height, images.width))
    inner = np.arange(size, dtype=np.int64)
    lines = y[:, None, None, None] + inner[None, None, :, None]
    columns = x[None, :, None, None] + inner[None, None, None, :]
    whole = np.broadcast_shapes(lines.shape, columns.shape)
    return tuple(np.broadcast_to(part, whole).reshape(-1, size * size) for part in (lines, columns))  # type: ignore[return-value]


class ImageLayers:
    """Sums of losses at the points ``origin + c @ directions``.

    Parameters
    ----------
    steps : sequence of Step
        Behind the first convolution; `suits` them.
    named : mapping of str to Tensor
        For each parameter those of the origin and of each direction, shape (k + 1, ...).
    parts : Tensor, shape (k + 1, n, channels, height, width)
        The first convolution's answers.
    target : Tensor of int64, shape (n,)

    Raises
    ------
    RuntimeError
        Where layers follow each other in a way that there are no kernels for.
    """

    def __init__(self, steps: Sequence[Step], named: dict[str, torch.Tensor], parts: torch.Tensor, target: Any) -> None:
        self._named, self._target = named, target.to(torch.int64).numpy()
        self._dtype = parts.numpy().dtype
        samples = 2 * BYTES // self._dtype.itemsize
        self._layers = self._planned(steps, _Images(parts.shape[2], parts.shape[3], parts.shape[4], samples))
        filled = torch.nn.functional.pad(parts, (0, 0, 0, 0, 0, 0, 0, -parts.shape[1] % samples))
        lines = filled.unflatten(1, (-1, samples)).permute(1, 0, 3, 4, 5, 2)  # blocks, k + 1, c, y, x, samples
        self._parts = np.ascontiguousarray(lines.flatten(4).flatten(2, 3).numpy())
        self._packed = torch.cat([packed for layer in self._layers for packed in self._packs(layer)], 1)
        self._program, self._table, numbers = self._laid_out()
        self._memory = np.zeros(numbers, self._dtype)
        channels = max(layer.given.channels for layer in self._layers)
        self._scratch = np.zeros((324 + 72 * channels) * (samples // 2), self._dtype)
        longest = max(max(layer.found.width, layer.found.channels) * samples for layer in self._layers)
        scale = np.empty(longest, self._dtype)
        bits = scale.view(np.int32 if self._dtype.itemsize == 4 else np.int64)
        self._rows = np.empty(longest, self._dtype), bits, scale, exponential_table(self._dtype)

    def sums(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        """Sums over samples of the losses (m,) at coordinates (m, k)."""
        total = np.zeros(len(place))
        constants = np.array(kernels.CONSTANTS, self._dtype)
        count = max(1, min(POINTS, LARGEST // (self._packed.shape[1] * self._dtype.itemsize)))
        for start in range(0, len(place), count):
            here = place[start : start + count]
            one = torch.as_tensor(np.hstack([np.ones((len(here), 1)), here]), dtype=self._packed.dtype)
            kernels.image_losses(
                total[start : start + count],
                self._parts,
                here.astype(self._dtype),
                self._program,
                self._table,
                (one @ self._packed).numpy(),
                self._target,
                self._memory,
                self._scratch,
                self._rows,
                constants,
            )
            progress("surface", min(1.0, (start + count) / len(place)))
        return total

    # -----------------------------------------------------------------------------------------

    def _laid_out(self) -> tuple[Any, Ints, int]:
        """Records of the layers, their tables, and how many numbers there are in memory."""
        program = np.zeros(len(self._layers), kernels.LAYER)
        tables: list[Ints] = []
        end = numbers = weights = 0
        for record, layer in zip(program, self._layers, strict=True):
            layer.found.start, numbers = numbers, numbers + layer.found.channels * layer.found.plane
            record["kind"], record["activation"] = layer.kind, layer.activation
            record["channels"], record["outs"] = layer.given.channels, layer.found.channels
            record["given"], record["given_plane"] = layer.given.start, layer.given.plane
            record["out"], record["out_plane"] = layer.found.start, layer.found.plane
            lines = layer.found.places(whole_lines=True)
            record["count"], record["line"] = len(lines), layer.found.width * layer.found.samples
            record["positions"], record["reach"], record["run"] = len(layer.base), len(layer.taps), layer.run
            for word, rows in (("base", layer.base), ("place", layer.places), ("taps", layer.taps), ("lines", lines)):
                record[word], end = end, end + rows.size
                tables.append(rows.ravel())
            record["weights"], record["bias"] = weights, weights
            for packed in self._packs(layer):
                record["weights"], record["bias"] = record["bias"], weights
                weights += packed.shape[1]
        return program, np.concatenate(tables), numbers

    def _packs(self, layer: _Layer) -> list[torch.Tensor]:
        """Weights and biases of origin and directions, shapes (k + 1, W), outputs in groups side by side."""
        if layer.step is None or layer.step.kind == "image":
            return []
        weight = self._named[layer.step.weight]
        rows, outs = weight.shape[:2]
        if layer.kind == kernels.TILES:
            filters = torch.as_tensor(kernels.FILTERS, dtype=torch.float64)
            turned = torch.einsum("ij,koajl,ml->koima", filters, weight.double(), filters).to(weight.dtype)
            weight = turned.flatten(2, 3)  # k + 1, o, 36, channels
        bias = weight.new_zeros(rows, outs) if not layer.step.bias else self._named[layer.step.bias]
        more = -outs % kernels.GROUP
        filled = torch.nn.functional.pad(weight.flatten(2), (0, 0, 0, more))
        grouped = filled.unflatten(1, (-1, kernels.GROUP)).transpose(2, 3)
        return [grouped.flatten(1), torch.nn.functional.pad(bias, (0, more))]

    def _planned(self, steps: Sequence[Step], first: _Images) -> list[_Layer]:
        """Layers in order, the first of which is the answer of the first convolution."""
        nothing = np.zeros(0, np.int64)
        layers = [_Layer(None, kernels.DIRECT, first, first, nothing, nothing, whole_lines=True)]
        for step in steps:
            if step.kind == "flatten":
                continue
            if step.kind == "activation":
                if layers[-1].activation:
                    raise RuntimeError("two activations in a row are left to the plain path")
                layers[-1].activation = ACTIVATIONS[step.name]
            else:
                layers.append(self._layer(step, layers[-1].found))
        return layers

    def _layer(self, step: Step, given: _Images) -> _Layer:
        samples = given.samples
        if step.kind == "linear":
            outs, inputs = self._named[step.weight].shape[1:]
            if inputs != given.channels * given.height * given.width:
                raise RuntimeError("a linear layer that takes something else is left to the plain path")
            y, x = np.arange(given.height)[:, None], np.arange(given.width)
            taps = (np.arange(given.channels)[:, None] * given.plane + given.pixels(y, x).ravel()).ravel()
            return _Layer(step, kernels.DIRECT, given, _Images(outs, 1, 1, samples), np.zeros(1, np.int64), taps)
        if step.kind == "image":
            size, stride = _window(step.call) or ((1, 1), (1, 1))
            outs, dilation, inner = given.channels, (1, 1), 1
        else:
            assert step.shape is not None  # noqa: S101 - `suits` has seen it
            outs, inner, *size_list = self._named[step.weight].shape[1:]
            size, stride, dilation = _pair(size_list), step.shape.stride, step.shape.dilation
            given.border = _pair(step.shape.padding)
        reach = [dilation[axis] * (size[axis] - 1) + 1 for axis in (0, 1)]
        lengths = given.lines, given.width + 2 * given.border[1]
        height, breadth = ((lengths[axis] - reach[axis]) // stride[axis] + 1 for axis in (0, 1))
        found = _Images(outs, height, breadth, samples)
        if step.kind == "convolution" and (size, stride, dilation) == ((3, 3), (1, 1), (1, 1)):
            tiles = _Layer(step, kernels.TILES, given, found, *self._tiles(given, found))
            if 16 * len(tiles.base) <= WASTE * height * breadth:
                return tiles
            given.spare = found.waste = False
        lines = stride[1] == 1 and step.kind != "image"
        y, x = np.arange(height)[:, None] * stride[0], np.arange(1 if lines else breadth) * stride[1]
        base = given.pixels(y, x).ravel()
        pixel = given.pixels(np.arange(size[0])[:, None] * dilation[0], np.arange(size[1]) * dilation[1])
        taps = (np.arange(inner)[:, None] * given.plane + pixel.ravel()).ravel().astype(np.int64)
        kind = kernels.DIRECT
        if step.kind == "image":
            kind = kernels.MEAN if isinstance(step.call, nn.AvgPool2d) else kernels.LARGEST
        return _Layer(step, kind, given, found, base, taps, lines)

    @staticmethod
    def _tiles(given: _Images, found: _Images) -> tuple[Ints, Ints]:
        """Where the 36 inputs of each tile lie."""
        given.spare = True
        found.waste = bool(found.height % 4 or found.width % 4)
        return given.pixels(*_tiled(found, 6)), np.zeros(0, np.int64)
