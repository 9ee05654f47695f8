"""Products of the Hessian with vectors, many vectors at once.

Stacks of flat layers have a hand-derived product (Pearlmutter's R-operator, samples along the last axis); every other
model is differentiated twice, with the graph of the gradient kept from one product to the next.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import torch

from spinfunnel.landscape import InputError
from spinfunnel.network.data import mapped, sample_count, target_of
from spinfunnel.network.directions import _vector
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.objective import exact_attention
from spinfunnel.network.stack import Stack, recognise

__all__ = ["Block", "Curvature", "dense_hessian"]

CACHED = 1 << 18
"""Bytes of one layer's answers to a block of samples: what the second-level cache holds beside the rest."""
NUMBERS, FEWEST = 1 << 21, 64
"""Activations of a block of samples that is differentiated at once, and its fewest samples."""
SUMMED = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Relative difference of a loss and the mean of its blocks' that is rounding and nothing else."""
LARGEST_DENSE = 6000
AGREEMENT = {torch.float32: 1e-3, torch.float64: 1e-8}
_SMOOTH = {"identity", "relu", "tanh", "sigmoid"}


class Curvature:
    """The Hessian of a network's energy at a point, as an operator.

    Parameters
    ----------
    landscape : NetworkLandscape
    point : torch.Tensor, shape (D,), optional
        The model itself unless given.
    quick : bool
        Whether the hand-derived product may be used; it is, where it agrees with automatic differentiation.

    Attributes
    ----------
    path : {"layers", "plain"}
        Which is used.
    products_done : int
        Number of vectors multiplied so far.

    Notes
    -----
    Where the energy has kinks (relu, max pooling) this is the Hessian of the smooth piece on which the point lies.

    Examples
    --------
    >>> from torch import nn
    >>> x = torch.tensor([[1.0], [2.0]])
    >>> line = NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, x))
    >>> Curvature(line).products(torch.ones(1, 1)).tolist()
    [[5.0]]
    """

    def __init__(self, landscape: NetworkLandscape, point: torch.Tensor | None = None, *, quick: bool = True) -> None:
        self.landscape = landscape
        self.point = landscape.start if point is None else _vector(landscape, point)
        self.products_done = 0
        stack = recognise(landscape) if quick else None
        self._layers = _FlatProduct(landscape, stack, self.point) if stack is not None and _is_flat(stack) else None
        self._plain = _PlainProduct(landscape, self.point)
        self.path = "plain"
        if self._layers is not None:
            probe = torch.linspace(-1.0, 1.0, self.dimension, dtype=landscape.dtype, device=landscape.device)[None]
            quickly, plainly = self._layers.products(probe), self._plain.products(probe)
            scale = float(plainly.norm())
            self._plain.forget()
            if float((quickly - plainly).norm()) <= AGREEMENT[landscape.dtype] * max(scale, 1e-12):
                self.path = "layers"
            else:
                self._layers = None

    @property
    def dimension(self) -> int:
        """Number of weights D."""
        return self.landscape.dimension

    def products(self, vectors: torch.Tensor) -> torch.Tensor:
        """``H v`` for each row of vectors (m, D)."""
        if vectors.ndim != 2 or vectors.shape[1] != self.dimension:
            raise InputError(f"vectors here are rows of {self.dimension} numbers, got shape {tuple(vectors.shape)}")
        self.products_done += len(vectors)
        found = (self._layers or self._plain).products(vectors)
        decay = self.landscape.weight_decay
        return found.add_(vectors, alpha=decay) if decay else found

    def block(self, name: str) -> Block:
        """The diagonal block of one parameter tensor, all others held fixed, as an operator of its own."""
        return Block(self, name)


class Block:
    """The diagonal block of a Hessian that belongs to one parameter tensor.

    Attributes
    ----------
    point : torch.Tensor
        Its weights.
    dimension : int
        How many they are.
    """

    def __init__(self, curvature: Curvature, name: str) -> None:
        layout = curvature.landscape.layout
        self._place = next(slice(part.start, part.stop) for part in layout if part.name == name)
        self._curvature = curvature
        self.point = curvature.point[self._place]
        self.dimension = len(self.point)
        plain = curvature.path == "plain"
        self._plain = _PlainProduct(curvature.landscape, curvature.point, name) if plain else None

    def products(self, vectors: torch.Tensor) -> torch.Tensor:
        """Products of the block with each row of vectors (m, `dimension`)."""
        if self._plain is None:
            whole = vectors.new_zeros((len(vectors), self._curvature.dimension))
            whole[:, self._place] = vectors
            return self._curvature.products(whole)[:, self._place]
        self._curvature.products_done += len(vectors)
        return self._plain.products(vectors).add_(vectors, alpha=self._curvature.landscape.weight_decay)


class _PlainProduct:
    """``H v`` by differentiating the inner product of gradient and vector, of all weights or of one named tensor.

    The graph of the gradient is made once; that of one tensor holds only what depends on it.
    """

    def __init__(self, landscape: NetworkLandscape, point: torch.Tensor, name: str = "") -> None:
        self._landscape, self._point, self._name = landscape, point, name
        self._graph: list[tuple[torch.Tensor, torch.Tensor]] | None = None

    def forget(self) -> None:
        """Let go of the graph; it is made again when it is needed."""
        self._graph = None

    def products(self, vectors: torch.Tensor) -> torch.Tensor:
        """Products with each row of vectors, without weight decay."""
        total = torch.zeros_like(vectors)
        with torch.enable_grad(), exact_attention():
            if self._graph is None:
                self._graph = self._gradients()
            for leaf, gradient in self._graph:
                if gradient.requires_grad:
                    for row, vector in enumerate(vectors):
                        (found,) = torch.autograd.grad(
                            gradient, leaf, vector, retain_graph=True, materialize_grads=True
                        )
                        total[row] += found
        return total.detach()

    def _gradients(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Gradients of the loss, block by block of samples where the loss is a mean over them."""
        parts = []
        count = sample_count(self._landscape.train)
        for batch in _blocks(self._landscape, self._point):
            leaf, loss = self._loss(batch)
            loss = loss * (sample_count(batch) / count)
            if not bool(torch.isfinite(loss)):
                raise InputError(f"the loss is {float(loss)} at this point, where there is no Hessian")
            gradient = torch.zeros_like(leaf)
            if loss.requires_grad:
                (gradient,) = torch.autograd.grad(loss, leaf, create_graph=True, materialize_grads=True)
            parts.append((leaf, gradient))
        return parts

    def _loss(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """What varies, flat, and the loss that depends on it."""
        if not self._name:
            leaf = self._point.clone().requires_grad_(True)
            return leaf, self._landscape.loss(leaf, batch)
        tensor = self._landscape.state(self._point)[self._name]
        leaf = tensor.flatten().clone().requires_grad_(True)
        return leaf, self._landscape.loss(self._point, batch, instead={self._name: leaf.view(tensor.shape)})


def dense_hessian(curvature: Curvature) -> torch.Tensor:
    """The whole Hessian (D, D), symmetric, from D products.

    Raises
    ------
    InputError
        Beyond 6000 weights, where it would hold more than 0.3 GiB.
    """
    size = curvature.dimension
    if size > LARGEST_DENSE:
        raise InputError(
            f"a dense Hessian of {size} weights is beyond {LARGEST_DENSE}: ask for top eigenvalues or the density"
        )
    whole = torch.eye(size, dtype=curvature.point.dtype, device=curvature.point.device)
    found = torch.cat([curvature.products(part) for part in whole.split(64)])
    return 0.5 * (found + found.T)


def _blocks(landscape: NetworkLandscape, point: torch.Tensor) -> list[Any]:
    """Blocks of samples whose losses add up; all samples at once where they do not."""
    train, count = landscape.train, sample_count(landscape.train)
    size = max(FEWEST, NUMBERS * count // max(1, landscape.activations))
    if size >= count or landscape.device.type != "cpu" or landscape.batch_norm == "recomputed":
        return [train]
    blocks = [mapped(train, itemgetter(slice(k, k + size))) for k in range(0, count, size)]
    with torch.no_grad():
        whole = float(landscape.loss(point))
        parts = sum(float(landscape.loss(point, block)) * sample_count(block) / count for block in blocks)
    return blocks if abs(parts - whole) <= SUMMED[landscape.dtype] * abs(whole) else [train]


def _is_flat(stack: Stack) -> bool:
    """Whether there is a hand-derived product: flat layers, known activations and a known loss."""
    kinds = {step.kind for step in stack.steps}
    first = next(k for k, step in enumerate(stack.steps) if step.kind == "linear") if "linear" in kinds else 0
    flat = kinds <= {"linear", "activation", "flatten"} and stack.loss in ("cross_entropy", "squares")
    return flat and all(step.kind == "flatten" for step in stack.steps[:first])


@dataclass(slots=True)
class _Layer:
    """One linear layer with the activations behind it; the arrays are of one block of samples.

    ``slope`` and ``bend`` are the first and second derivative of the activation at the layer's field, the second one
    times what comes back from above; None stands for 1 and 0.
    """

    weight: torch.Tensor
    below: torch.Tensor
    slope: torch.Tensor | None
    bend: torch.Tensor | None
    delta: torch.Tensor


@dataclass(slots=True)
class _Place:
    """Where a layer's parameters lie in the flat vector."""

    shape: tuple[int, int]
    weight: slice
    bias: slice | None
    names: tuple[str, ...]


class _FlatProduct:
    """``H v`` of a stack of linear layers by hand.

    Forward: ``z = W a + b``, ``a = phi(z)``; backward ``g = W' delta``, ``delta = g phi'(z)``. With R for the
    derivative along v: ``Rz = V a + W Ra + v_b``, ``Ra = phi' Rz``; ``Rg = W' R(delta) + V' delta``,
    ``R(delta) = phi' Rg + g phi'' Rz``; the product is ``R(delta) a' + delta Ra'``. What belongs to m vectors has the
    shape (units, m, samples), so that every product is one of two matrices.

    Source: Pearlmutter, Neural Comput. 6, 147 (1994).
    """

    def __init__(self, landscape: NetworkLandscape, stack: Stack, point: torch.Tensor) -> None:
        self._stack, self._landscape = stack, landscape
        self._places = _places(landscape, stack)
        self._rooms: dict[Hashable, torch.Tensor] = {}
        inputs = landscape.train[0].flatten(1)
        self._count = len(inputs)
        widest = max(place.shape[0] for place in self._places)
        size = max(64, CACHED // (widest * inputs.element_size()))
        blocks = -(-self._count // size)
        self._size = -(-self._count // blocks)
        target = target_of(landscape.train)
        self._blocks = [
            self._prepared(point, inputs[k : k + self._size].T.contiguous(), target[k : k + self._size])
            for k in range(0, self._count, self._size)
            if target is not None
        ]

    def _prepared(
        self, point: torch.Tensor, inputs: torch.Tensor, target: torch.Tensor
    ) -> tuple[list[_Layer], torch.Tensor | None]:
        """Layers at the point for a block of samples, and the probabilities of the classes."""
        layers: list[_Layer] = []
        below = inputs
        derivatives = []
        for place in self._places:
            weight = point[place.weight].view(place.shape)
            field = weight @ below
            if place.bias is not None:
                field += point[place.bias][:, None]
            answer, slope, bend = _activated(field, place.names)
            layers.append(_Layer(weight, below, slope, None, field))
            derivatives.append(bend)
            below = answer
        if self._stack.loss == "cross_entropy":
            chances = torch.softmax(below, 0)
            back = chances.clone()
            back[target, torch.arange(len(target), device=target.device)] -= 1.0
            back /= self._count
        else:
            chances = None
            back = (below - target.T) * (2.0 / (self._count * target.shape[1]))
        for layer, bend in zip(reversed(layers), reversed(derivatives), strict=True):
            layer.bend = None if bend is None else back * bend
            layer.delta = back if layer.slope is None else back * layer.slope
            back = layer.weight.T @ layer.delta
        return layers, chances

    def products(self, vectors: torch.Tensor) -> torch.Tensor:
        """``H v`` for each row of vectors (m, D), without weight decay."""
        total = torch.zeros_like(vectors)
        few = max(1, CACHED // (self._size * max(place.shape[0] for place in self._places) * vectors.element_size()))
        for part in range(0, len(vectors), max(few, 10)):
            rows = vectors[part : part + max(few, 10)]
            for layers, chances in self._blocks:
                self._add(total[part : part + len(rows)], rows, layers, chances)
        return total

    def _add(
        self, total: torch.Tensor, vectors: torch.Tensor, layers: list[_Layer], chances: torch.Tensor | None
    ) -> None:
        moved: list[torch.Tensor] = []
        along: list[torch.Tensor | None] = []
        change: torch.Tensor | None = None
        rows = [_rows(vectors, place) for place in self._places]
        m = len(vectors)
        for number, (place, layer, own) in enumerate(zip(self._places, layers, rows, strict=True)):
            along.append(change)
            field = self._room(("field", number), place.shape[0], m, layer.below.shape[1])
            torch.mm(own, layer.below, out=field.view(len(own), -1))
            if place.bias is not None:
                field += vectors[:, place.bias].T[:, :, None]
            if change is not None:
                _flat(field).addmm_(layer.weight, _flat(change))
            moved.append(field)
            change = field
            if layer.slope is not None:
                change = torch.mul(field, layer.slope[:, None], out=self._room(("change", number), *field.shape))
        back = self._loss_change(change, chances)
        for number in range(len(layers) - 1, -1, -1):
            place, layer, field = self._places[number], layers[number], moved[number]
            delta = back if layer.slope is None else back.mul_(layer.slope[:, None])
            if layer.bend is not None:
                delta += field.mul_(layer.bend[:, None])
            units, inputs = place.shape
            part = (delta.view(units * m, -1) @ layer.below.T).view(units, m, inputs)
            before = along[number]
            if before is not None:
                part += (layer.delta @ before.view(inputs * m, -1).T).view(units, inputs, m).transpose(1, 2)
            total[:, place.weight] += part.transpose(0, 1).reshape(m, units * inputs)
            if place.bias is not None:
                total[:, place.bias] += delta.sum(2).T
            if number:
                turned = rows[number].view(units, m, inputs).permute(2, 1, 0).reshape(inputs * m, units)
                back = self._room(("back", number), inputs, m, layer.delta.shape[1])
                torch.mm(turned, layer.delta, out=back.view(inputs * m, -1))
                _flat(back).addmm_(layer.weight.T, _flat(delta))

    def _room(self, what: Hashable, *shape: int) -> torch.Tensor:
        """Numbers to write to, the same for each call: fresh ones would be mapped page by page at every product."""
        size = math.prod(shape)
        if what not in self._rooms or len(self._rooms[what]) < size:
            weight = self._blocks[0][0][0].weight
            self._rooms[what] = torch.empty(size, dtype=weight.dtype, device=weight.device)
        return self._rooms[what][:size].view(shape)

    def _loss_change(self, change: Any, chances: torch.Tensor | None) -> torch.Tensor:
        """Derivative along v of the loss's gradient by the outputs."""
        if chances is None:
            return change * (2.0 / (self._count * len(change)))
        weighted = torch.mul(change, chances[:, None], out=self._room("loss", *change.shape))
        return weighted.addcmul_(weighted.sum(0), chances[:, None], value=-1.0).div_(self._count)


def _rows(vectors: torch.Tensor, place: _Place) -> torch.Tensor:
    """A layer's weights of all vectors: those of one unit one below the other, shape (units m, inputs)."""
    return vectors[:, place.weight].view(-1, *place.shape).transpose(0, 1).reshape(-1, place.shape[1])


def _flat(fields: torch.Tensor) -> torch.Tensor:
    """Fields (units, m, P) as (units, m P)."""
    return fields.view(len(fields), -1)


def _places(landscape: NetworkLandscape, stack: Stack) -> list[_Place]:
    known = {block.name: block for block in landscape.layout}
    places: list[_Place] = []
    for step in stack.steps:
        if step.kind == "linear":
            block = known[step.weight]
            bias = slice(known[step.bias].start, known[step.bias].stop) if step.bias else None
            places.append(_Place((block.shape[0], block.shape[1]), slice(block.start, block.stop), bias, ()))
        elif step.kind == "activation":
            places[-1].names += (step.name,)
    return places


def _activated(
    field: torch.Tensor, names: tuple[str, ...]
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """Value, slope and bend of some activations one after the other."""
    slope: torch.Tensor | None = None
    bend: torch.Tensor | None = None
    for name in names:
        field, first, second = _DERIVATIVES[name](field)
        # (f o g)'' = f''(g) g'^2 + f'(g) g''
        if slope is None:
            slope, bend = first, second
        else:
            outer = None if second is None else second * slope * slope
            inner = None if bend is None else first * bend
            bend = outer if inner is None else inner if outer is None else outer + inner
            slope = first * slope
    return field, slope, bend


def _relu(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
    return z.clamp_min(0.0), (z > 0).to(z.dtype), None


def _tanh(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    a = torch.tanh(z)
    slope = 1.0 - a * a
    return a, slope, -2.0 * a * slope


def _sigmoid(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    a = torch.sigmoid(z)
    slope = a * (1.0 - a)
    return a, slope, slope * (1.0 - 2.0 * a)


_DERIVATIVES: dict[str, Any] = {"relu": _relu, "tanh": _tanh, "sigmoid": _sigmoid}
