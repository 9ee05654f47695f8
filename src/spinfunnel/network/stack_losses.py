"""Losses of a stack of known layers along lines and planes: the quick path of `span.Span`.

The first layer's answer is affine in the coordinates: one product for the origin and one for each direction, made once
for a block of samples, and then sums. Flat layers keep samples along the last axis, where products with few outputs
run four times as fast as with samples first; images keep channels last. Blocks of samples and chunks of points are as
large as the second-level cache allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from spinfunnel.landscape import Progress
from spinfunnel.network import hidden_kernels
from spinfunnel.network.data import target_of
from spinfunnel.network.kernel_lanes import BYTES
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.stack import Stack, Step
from spinfunnel.network.stack_images import ImageLayers, suits

__all__ = ["Layers"]

CACHED = 1 << 18
"""Bytes of the first layer's answers to one block of samples at one chunk of points."""
CHUNK = 4
"""Points done at once for flat layers; their weights are made for `POINTS` points at once."""
POINTS = 256
IMAGE_BLOCK = 256
"""Images done at once."""
HELD = 1 << 26
"""Bytes of a first convolution's answers that are held at once."""

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of samples: the first layer's answers, one after the other, and labels."""

    parts: Any
    target: torch.Tensor | None


class Layers:
    """Mean losses at the points ``origin + c @ directions``.

    Parameters
    ----------
    landscape : NetworkLandscape
    stack : Stack
        Its layers, from `stack.recognise`.
    origin, directions : torch.Tensor, shapes (D,) and (k, D)
    """

    def __init__(
        self, landscape: NetworkLandscape, stack: Stack, origin: torch.Tensor, directions: torch.Tensor
    ) -> None:
        self._landscape, self._loss = landscape, stack.loss
        self._inputs, self._target = landscape.train[0], target_of(landscape.train)
        self._count = len(self._inputs)
        place = next(k for k, step in enumerate(stack.steps) if step.kind in ("linear", "convolution"))
        self._before, self._first, self._rest = stack.steps[:place], stack.steps[place], stack.steps[place + 1 :]
        named = [landscape.state(vector) for vector in (origin, *directions)]
        self._named = {
            name: torch.stack([part[name] for part in named])
            for step in stack.steps
            for name in (step.weight, step.bias)
            if name
        }
        self._images = self._first.kind == "convolution"
        self._kernels = _Kernels(landscape.dtype) if landscape.device.type == "cpu" else None

    def losses(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        """Mean losses (m,) at coordinates (m, k)."""
        if self._kernels is not None and self._hidden:
            return self._hidden_losses(place, progress)
        if self._by_kernels:
            return self._image_losses(place, progress)
        total = np.zeros(len(place))
        size = self._block_size()
        chunk = 1 if self._images else CHUNK
        first_of_rest = {self._first.weight, self._first.bias}
        for start in range(0, len(place), POINTS):
            here = place[start : start + POINTS]
            weights = {
                name: torch.tensordot(_with_one(here, value), value, 1)
                for name, value in self._named.items()
                if name not in first_of_rest
            }
            for block in self._blocks(size):
                for point in range(0, len(here), chunk):
                    few = slice(point, min(point + chunk, len(here)))
                    total[start + few.start : start + few.stop] += self._chunk(block, here[few], weights, few)
            progress("surface", min(1.0, (start + POINTS) / len(place)))
        return total / (self._count if self._loss != "other" else 1)

    @property
    def _by_kernels(self) -> bool:
        """Whether there are kernels of convolutions for all layers."""
        return self._kernels is not None and self._images and self._loss == "cross_entropy" and suits(self._rest)

    def _image_losses(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        """Mean losses by `stack_images.ImageLayers`, for as many samples at once as `HELD` allows."""
        total = np.zeros(len(place))
        first = next(self._blocks(1))
        size = max(IMAGE_BLOCK, HELD // sum(part.numel() * part.element_size() for part in first.parts))
        done = 0.0
        for block in self._blocks(size):
            layers = ImageLayers(self._rest, self._named, torch.stack(list(block.parts)), block.target)
            share = len(block.parts[0]) / self._count
            total += layers.sums(place, _part(progress, done, share))
            done += share
        return total / self._count

    @property
    def _hidden(self) -> bool:
        """Whether there is one hidden layer and a cross-entropy, for which one kernel does everything."""
        kinds = [step.kind for step in self._rest]
        return not self._images and self._loss == "cross_entropy" and kinds == ["activation", "linear"]

    def _hidden_losses(self, place: NDArray[np.float64], progress: Progress) -> NDArray[np.float64]:
        """Mean losses by `hidden_kernels.hidden_losses`, for `POINTS` points at once."""
        assert self._kernels is not None and self._target is not None  # noqa: S101, PT018 - `_hidden` has seen both
        total = np.zeros(len(place))
        (block,) = self._blocks(self._count)
        parts = self._kernels.paired(block.parts)
        name, last = self._rest[0].name, self._rest[1]
        target = self._target.to(torch.int64).numpy()
        for start in range(0, len(place), POINTS):
            here = place[start : start + POINTS]
            weight = torch.tensordot(_with_one(here, self._named[last.weight]), self._named[last.weight], 1)
            bias = weight.new_zeros(weight.shape[:2])
            if last.bias:
                bias = torch.tensordot(_with_one(here, self._named[last.bias]), self._named[last.bias], 1)
            self._kernels.hidden(total[start : start + POINTS], parts, here, name, weight, bias, target)
            progress("surface", min(1.0, (start + POINTS) / len(place)))
        return total / self._count

    def _block_size(self) -> int:
        if self._loss == "other":
            return self._count
        if self._images:
            return min(self._count, IMAGE_BLOCK)
        row = CHUNK * self._named[self._first.weight].shape[1] * self._named[self._first.weight].element_size()
        blocks = -(-self._count // max(64, CACHED // row))
        return -(-self._count // blocks)

    def _blocks(self, size: int) -> Iterator[_Block]:
        """The first layer's answers to the origin and to each direction, block by block of samples."""
        weights = self._named[self._first.weight]
        bias = self._named[self._first.bias] if self._first.bias else weights.new_zeros(weights.shape[:2])
        for start in range(0, self._count, size):
            inputs = self._inputs[start : start + size]
            for step in self._before:
                inputs = inputs.flatten(1) if step.kind == "flatten" else _call(step)(inputs)
            target = None if self._target is None else self._target[start : start + size]
            if self._images:
                call = _call(self._first)
                answers = (call(inputs, w, b) for w, b in zip(weights, bias, strict=True))
                yield _Block([answer.contiguous(memory_format=torch.channels_last) for answer in answers], target)
            else:
                yield _Block(torch.matmul(weights, inputs.T).add_(bias[:, :, None]), target)

    def _chunk(self, block: _Block, place: NDArray[np.float64], weights: Weights, few: slice) -> NDArray[np.float64]:
        """Sums (C,) over a block of samples of the losses at some points."""
        if self._images:
            return self._from_images(block, place[0], weights, few)
        activated = bool(self._rest) and self._rest[0].kind == "activation"
        name = self._rest[0].name if activated else "identity"
        if self._kernels is not None:
            field = self._kernels.affine(block.parts, place, name)
        else:
            field = _activation(name)(torch.tensordot(_with_one(place, block.parts), block.parts, 1))
        return self._flat(field, self._rest[1:] if activated else self._rest, weights, few, block.target)

    def _flat(
        self,
        field: torch.Tensor,
        steps: tuple[Step, ...],
        weights: Weights,
        few: slice,
        target: torch.Tensor | None,
        shift: torch.Tensor | None = None,
    ) -> NDArray[np.float64]:
        """From answers (C, h, n), to which `shift` (C, h) is still to be added, to sums of losses (C,)."""
        for step in steps:
            if step.kind == "activation":
                field, shift = self._shifted(field, shift, step.name), None
                continue
            field, shift = self._shifted(field, shift, "identity"), None
            if step.kind == "linear":
                field = torch.bmm(weights[step.weight][few], field)
                shift = weights[step.bias][few] if step.bias else None
            elif step.kind == "elementwise":
                field = _call(step)(field)
        return self._losses(field, shift, target)

    def _shifted(self, field: torch.Tensor, shift: torch.Tensor | None, name: str) -> torch.Tensor:
        """``activation(field + shift)``."""
        if shift is None and name == "identity":
            return field
        if self._kernels is not None:
            return self._kernels.activate(field, _shift(field, shift), name)
        return _activation(name)(field if shift is None else field + shift[:, :, None])

    def _losses(
        self, field: torch.Tensor, shift: torch.Tensor | None, target: torch.Tensor | None
    ) -> NDArray[np.float64]:
        if self._loss == "cross_entropy" and target is not None and self._kernels is not None:
            return self._kernels.cross_entropy(field, _shift(field, shift), target)
        field = field if shift is None else field + shift[:, :, None]
        if self._loss == "cross_entropy" and target is not None:
            chosen = field.gather(1, target.expand(len(field), 1, -1))[:, 0]
            return _numbers((field.logsumexp(1) - chosen).double().sum(1))
        if self._loss == "squares" and target is not None:
            return _numbers((field - target.T).square().double().mean(1).sum(1))
        loss: Any = self._landscape.objective.criterion
        return np.array([float(loss(answer.T.contiguous(), target).mean()) for answer in field])

    def _from_images(
        self, block: _Block, place: NDArray[np.float64], weights: Weights, few: slice
    ) -> NDArray[np.float64]:
        """From the first convolution's answers to the sum of losses at one point, in place where that is possible."""
        images = torch.add(block.parts[0], block.parts[1], alpha=float(place[0]))
        for k in range(1, len(place)):
            images.add_(block.parts[k + 1], alpha=float(place[k]))
        for number, step in enumerate(self._rest):
            if step.kind == "convolution":
                bias = weights[step.bias][few.start] if step.bias else None
                images = _call(step)(images, weights[step.weight][few.start], bias)
            elif step.kind == "activation":
                images = _IN_PLACE[step.name](images)
            elif step.kind == "flatten":
                return self._flattened(images, self._rest[number + 1 :], weights, few, block.target)
            else:
                images = _call(step)(images)
        raise RuntimeError("a network of images that ends without a flat layer is left to the plain path")

    def _flattened(
        self, images: torch.Tensor, steps: tuple[Step, ...], weights: Weights, few: slice, target: torch.Tensor | None
    ) -> NDArray[np.float64]:
        """Go on from images laid flat with channels last: the first weights' columns are put into that order."""
        if not steps or steps[0].kind != "linear":
            raise RuntimeError("flat images that no linear layer follows are left to the plain path")
        flat = images.permute(0, 2, 3, 1).reshape(len(images), -1)
        weight = weights[steps[0].weight][few.start]
        turned = weight.view(len(weight), images.shape[1], -1).transpose(1, 2).reshape(len(weight), -1)
        shift = weights[steps[0].bias][few] if steps[0].bias else None
        return self._flat((turned @ flat.T)[None], steps[1:], weights, few, target, shift)


class _Kernels:
    """The Numba kernels with their scratch rows, on tensors that are seen as arrays."""

    def __init__(self, dtype: torch.dtype) -> None:
        from spinfunnel.network import kernels

        self._calls = kernels
        self._dtype = np.dtype(np.float32 if dtype == torch.float32 else np.float64)
        self._table = kernels.exponential_table(self._dtype)
        self._rows: dict[int, tuple[NDArray[Any], ...]] = {}
        self._out: dict[tuple[int, ...], torch.Tensor] = {}

    def _scratch(self, samples: int) -> tuple[NDArray[Any], ...]:
        if samples not in self._rows:
            scale = np.empty(samples, self._dtype)
            bits = scale.view(np.int32 if self._dtype.itemsize == 4 else np.int64)
            self._rows[samples] = (np.empty(samples, self._dtype), bits, scale, self._table)
        return self._rows[samples]

    def paired(self, parts: torch.Tensor) -> NDArray[Any]:
        """Answers (k + 1, h, n) as (pairs, k + 1, h, w), w two vectors' length, filled up with zeros."""
        length = 2 * BYTES // self._dtype.itemsize
        filled = functional.pad(parts, (0, -parts.shape[2] % length))
        return np.asarray(filled.unflatten(2, (-1, length)).permute(2, 0, 1, 3).contiguous().numpy())

    def hidden(
        self,
        total: NDArray[np.float64],
        parts: NDArray[Any],
        place: NDArray[np.float64],
        name: str,
        weight: torch.Tensor,
        bias: torch.Tensor,
        target: NDArray[np.int64],
    ) -> None:
        """Add sums of losses to total (C,)."""
        classes = bias.shape[1]
        second = torch.cat([weight.transpose(1, 2), bias[:, None]], 1)
        filled = functional.pad(second, (0, hidden_kernels.rows(classes) - classes)).contiguous().numpy()
        tangent, kind = self._calls.TANH.astype(self._dtype), self._calls.ACTIVATIONS[name]
        hidden_kernels.hidden_losses(
            total, parts, place.astype(self._dtype), kind, filled, classes, target, tangent, self._table
        )

    def affine(self, parts: torch.Tensor, place: NDArray[np.float64], name: str) -> torch.Tensor:
        """Answers (C, h, n) of the first layer; they live until the next call."""
        shape = (len(place), *parts.shape[1:])
        if shape not in self._out:
            self._out[shape] = torch.empty(shape, dtype=parts.dtype)
        out = self._out[shape]
        kind = self._calls.ACTIVATIONS[name]
        self._calls.affine(out.numpy(), parts.numpy(), place.astype(self._dtype), kind, *self._scratch(parts.shape[2]))
        return out

    def activate(self, field: torch.Tensor, shift: torch.Tensor, name: str) -> torch.Tensor:
        """Replace answers (C, h, n) by their activation."""
        field = field.contiguous()
        kind = self._calls.ACTIVATIONS[name]
        self._calls.activate(field.numpy(), shift.numpy(), kind, *self._scratch(field.shape[2]))
        return field

    def cross_entropy(self, field: torch.Tensor, shift: torch.Tensor, target: torch.Tensor) -> NDArray[np.float64]:
        """Sums (C,) over samples."""
        total = np.zeros(len(field))
        field = field.contiguous()
        labels = target.to(torch.int64).numpy()
        self._calls.cross_entropy(total, field.numpy(), shift.numpy(), labels, *self._scratch(field[0].numel()))
        return total


_IN_PLACE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": functional.relu_,
    "tanh": torch.tanh_,
    "sigmoid": torch.sigmoid_,
}


def _activation(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    if name == "identity":
        return lambda field: field
    return {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[name]


def _part(progress: Progress, done: float, share: float) -> Progress:
    """Progress of a part of the work, as that of the whole."""
    return lambda stage, part: progress(stage, done + share * part)


def _with_one(place: NDArray[np.float64], like: torch.Tensor) -> torch.Tensor:
    """Coordinates (C, k) with a 1 before each row: the origin's coefficient."""
    return torch.as_tensor(np.hstack([np.ones((len(place), 1)), place]), dtype=like.dtype, device=like.device)


def _shift(field: torch.Tensor, shift: torch.Tensor | None) -> torch.Tensor:
    return field.new_zeros(field.shape[:2]) if shift is None else shift


def _numbers(found: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(found.cpu().numpy(), np.float64)


def _call(step: Step) -> Callable[..., torch.Tensor]:
    if step.call is None:
        raise RuntimeError(f"a {step.kind} layer is not called")
    return step.call
