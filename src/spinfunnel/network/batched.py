"""Energies and gradients of many weight vectors of one network at once, on all samples or on some.

A plain stack of linear layers has hand-derived gradients (`dense`); everything else is run by ``torch.func.vmap``
where that takes it, and one vector after the other where it does not.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, hessian, vmap

from spinfunnel.landscape import InputError
from spinfunnel.network.data import mapped, sample_count
from spinfunnel.network.dense import PlainLayers, plain_layers
from spinfunnel.network.loss_landscape import NetworkLandscape
from spinfunnel.network.objective import exact_attention

__all__ = ["Batched", "fresh", "suited_threads"]

LARGEST_BATCHED = 200_000
"""Weights up to which networks are run side by side by vmap; above, one network keeps the cores busy alone."""

SHARED_OUT = 1 << 17
"""Activations of one sample from which operations are long enough for several threads. Beside other work on the same
cores threads wait for each other: on two busy cores a second one made batches of 64 take 70 times as long for 3604
activations of a sample, and 7 times for 28 692."""

BATCHED_NUMBERS = 1 << 22
"""Activations held at once by vmap: beyond, it is slower than one network after the other."""


class Batched:
    """The energy of a `NetworkLandscape` at many weight vectors, and its gradients.

    Parameters
    ----------
    landscape : NetworkLandscape
    dtype : torch.dtype, optional
        Of the computation; the landscape's own unless given.

    Attributes
    ----------
    landscape : NetworkLandscape
    size, samples : int
        Weights of the network, and training samples.
    plain : PlainLayers or None
        The stack of linear layers as which the network is computed, where it is one.

    Examples
    --------
    >>> x = torch.ones(4, 1)
    >>> network = Batched(NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, 2.0 * x)))
    >>> loss, slope = network.gradients(torch.tensor([[2.0], [0.0]]))
    >>> loss.tolist(), slope.tolist()
    ([0.0, 4.0], [[0.0], [-4.0]])
    """

    def __init__(self, landscape: NetworkLandscape, *, dtype: torch.dtype | None = None) -> None:
        self.landscape = landscape
        self.dtype = dtype or landscape.dtype
        self._objective = copy.deepcopy(landscape.objective).to(self.dtype)
        self._data = _cast(landscape.train, self.dtype)
        self._weights_per_sample = max(1, landscape.activations // max(1, sample_count(landscape.train)))
        self.size, self.samples = landscape.dimension, sample_count(landscape.train)
        self.plain = self._as_plain()
        self._vmaps = self.size <= LARGEST_BATCHED and self.plain is None and self._vmap_takes()

    @property
    def start(self) -> Tensor:
        """Weights of the model as it was given, shape (D,)."""
        return self.landscape.start.to(self.dtype)

    def fresh(self, seed: int) -> Tensor:
        """Weights drawn anew, shape (D,); see `fresh`."""
        return fresh(self.landscape, seed).to(self.dtype)

    def losses(self, vectors: Tensor, rows: Tensor | None = None) -> Tensor:
        """Energies (K,) of weight vectors (K, D), on the samples `rows` (B,) or on all."""
        vectors = vectors.to(self.landscape.device, self.dtype)
        batch = self._rows(rows)
        with torch.no_grad(), exact_attention():
            if self.plain is not None:
                found = self.plain.losses(vectors, *batch)
            elif self._vmaps and len(vectors) > 1 and self._at_once(sample_count(batch)) > 1:
                parts = vectors.split(self._at_once(sample_count(batch)))
                found = torch.cat([vmap(self._loss, in_dims=(0, None))(part, batch) for part in parts])
            else:
                found = torch.stack([self._loss(vector, batch) for vector in vectors])
        return found + self._decay(vectors)

    def gradients(self, vectors: Tensor, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Energies (K,) and their gradients (K, D).

        Parameters
        ----------
        vectors : Tensor, shape (K, D)
        rows : Tensor of int64, optional
            Samples to average over: shape (B,) the same for all networks, or (K, B) for each its own.
        """
        vectors = vectors.to(self.landscape.device, self.dtype)
        own = rows is not None and rows.ndim == 2
        batch = self._rows(rows)
        with exact_attention():
            if self.plain is not None and not self.drops:
                loss, slope = self.plain.gradients(vectors, *batch)
            elif self._vmaps and len(vectors) > 1 and self._fits(batch, own=own):
                many = vmap(grad_and_value(self._loss), in_dims=(0, 0 if own else None), randomness="different")
                slope, loss = self._in_parts(many, vectors, batch, own=own)
            else:
                each = [
                    self._slope(vector, _at(batch, place) if own else batch) for place, vector in enumerate(vectors)
                ]
                loss, slope = torch.stack([one[0] for one in each]), torch.stack([one[1] for one in each])
        decay = self.landscape.weight_decay
        return loss + self._decay(vectors), slope + decay * vectors if decay else slope

    def hessians(self, vectors: Tensor) -> Tensor:
        """Dense Hessians (K, D, D); for small networks."""
        decay = self.landscape.weight_decay

        def energy(vector: Tensor) -> Tensor:
            return self._loss(vector, self._data) + 0.5 * decay * vector.square().sum()

        with exact_attention(), warnings.catch_warnings():
            # PyTorch's own forward-mode rules are loaded by a function that it calls deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            return vmap(hessian(energy))(vectors.to(self.landscape.device, self.dtype)).detach()

    def outputs(self, vector: Tensor) -> Any:
        """What the network with these weights (D,) answers to all training inputs."""
        with torch.no_grad(), exact_attention():
            return self.landscape.outputs(vector.to(self.landscape.device, self.landscape.dtype))

    @property
    def drops(self) -> bool:
        """Whether dropout layers are active at present, so that losses are drawn at random."""
        return any(module.training for module in self._objective.modules())

    @property
    def has_dropout(self) -> bool:
        """Whether there are dropout layers with a rate above 0."""
        kinds = nn.modules.dropout._DropoutNd
        return any(isinstance(module, kinds) and module.p > 0.0 for module in self._objective.modules())

    @property
    def shares_operations(self) -> bool:
        """Whether single operations are long enough for several threads."""
        return self.plain is None and self._weights_per_sample >= SHARED_OUT

    @contextmanager
    def dropout(self, rate: float | None) -> Iterator[None]:
        """Within: dropout layers are active, at `rate` or at their own where it is None.

        Raises
        ------
        InputError
            For a rate above 0 where the model has no dropout layer.
        """
        kinds = nn.modules.dropout._DropoutNd
        layers = [module for module in self._objective.modules() if isinstance(module, kinds)]
        if rate is not None and rate > 0.0 and not layers:
            raise InputError(
                f"dropout={rate:g} was asked for, but the model has no dropout layer: add nn.Dropout to it"
            )
        before = [layer.p for layer in layers]
        for layer in layers:
            layer.p = layer.p if rate is None else rate
            layer.train(layer.p > 0.0)
        try:
            yield
        finally:
            for layer, own in zip(layers, before, strict=True):
                layer.p = own
                layer.eval()

    # -----------------------------------------------------------------------------------------

    def _loss(self, vector: Tensor, batch: Any) -> Tensor:
        named = {f"module.{name}": value for name, value in self.landscape.state(vector).items()}
        found: Tensor = functional_call(self._objective, named, (batch,), tie_weights=True, strict=False)
        return found

    def _slope(self, vector: Tensor, batch: Any) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            leaf = vector.detach().clone().requires_grad_(True)
            loss = self._loss(leaf, batch)
            (slope,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), slope

    def _in_parts(self, many: Any, vectors: Tensor, batch: Any, *, own: bool) -> tuple[Tensor, Tensor]:
        count = self._at_once(self._samples_of(batch, own=own))
        slopes, losses = [], []
        for first in range(0, len(vectors), count):
            some = _at(batch, slice(first, first + count)) if own else batch
            slope, loss = many(vectors[first : first + count], some)
            slopes.append(slope.detach())
            losses.append(loss.detach())
        return torch.cat(slopes), torch.cat(losses)

    def _decay(self, vectors: Tensor) -> Tensor | float:
        decay = self.landscape.weight_decay
        return 0.5 * decay * vectors.square().sum(1) if decay else 0.0

    def _rows(self, rows: Tensor | None) -> Any:
        return self._data if rows is None else mapped(self._data, lambda leaf: leaf[rows])

    def _samples_of(self, batch: Any, *, own: bool) -> int:
        return sample_count(_at(batch, 0)) if own else sample_count(batch)

    def _fits(self, batch: Any, *, own: bool) -> bool:
        """Whether two networks or more fit side by side, without which vmap only costs."""
        return self._at_once(self._samples_of(batch, own=own)) > 1

    def _at_once(self, samples: int) -> int:
        return max(1, BATCHED_NUMBERS // max(1, self._weights_per_sample * samples))

    def _as_plain(self) -> PlainLayers | None:
        data = self._data
        if self._objective.steps or not isinstance(data, tuple) or len(data) != 2:
            return None
        if not all(isinstance(part, Tensor) for part in data) or len(self._objective.module.state_dict()) != len(
            self.landscape.layout
        ):
            return None
        plain = plain_layers(self._objective.module, self.landscape._loss)
        return plain if plain is not None and plain.takes(*data) else None

    def _vmap_takes(self) -> bool:
        few = mapped(self._data, lambda leaf: leaf[:4])
        try:
            with exact_attention():
                vmap(grad_and_value(self._loss), in_dims=(0, None))(self.start.repeat(2, 1), few)
        except Exception:  # noqa: BLE001 - whatever vmap cannot transform is run in a loop
            return False
        return True


def fresh(landscape: NetworkLandscape, seed: int) -> Tensor:
    """Weights drawn the way the model's layers draw them, shape (D,), without touching global random numbers.

    A parameter that no layer's ``reset_parameters`` sets is drawn from a normal distribution with the mean and
    spread of the one that was given. Parameters that require no gradients stay as they are.
    """
    twin = copy.deepcopy(landscape.objective.module).requires_grad_(True)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        untouched = {name for name, _ in twin.named_parameters()}
        for prefix, module in twin.named_modules():
            reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
            if callable(reset):
                reset()
                untouched -= {f"{prefix}.{name}".lstrip(".") for name, _ in module.named_parameters()}
        for name, value in twin.named_parameters():
            if name in untouched and value.numel() > 1:
                value.copy_(value.mean() + value.std() * torch.randn_like(value))
    varying = {block.name for block in landscape.layout}
    return landscape.vector({name: value.detach() for name, value in twin.named_parameters() if name in varying})


def _at(tree: Any, place: int | slice) -> Any:
    return mapped(tree, lambda leaf: leaf[place])


@contextmanager
def suited_threads(network: Batched) -> Iterator[None]:
    """Within: one thread for small networks, whose operations are too short to be shared out.

    On a machine with other work, threads that wait for each other between short operations take many times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(before if network.shares_operations else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cast(tree: Any, dtype: torch.dtype) -> Any:
    return mapped(tree, lambda leaf: leaf.to(dtype) if leaf.is_floating_point() else leaf)
