"""A neural network as a landscape: its loss on fixed data as a function of one flat vector of weights."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import nn

from spinfunnel.landscape import InputError, Parameter, identity_hash
from spinfunnel.landscape.kinds import Kind
from spinfunnel.network.data import fixed_data, leaves, mapped, sample_count, target_of
from spinfunnel.network.objective import Loss, Objective, exact_attention, loss_name, private_copy, refuse_random

__all__ = ["Block", "Evaluation", "NetworkLandscape"]

DTYPES = {"float32": torch.float32, "float64": torch.float64}
BATCHED_NUMBERS = 1 << 22
"""Activations held at once when many weight vectors are evaluated in one batch; more of them leave the caches."""
FEWEST_BATCHED = 4
Split = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Block:
    """One parameter tensor's place in the flat vector."""

    name: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean loss (without weight decay) and, for class labels, the share of samples that are classified rightly."""

    loss: float
    accuracy: float | None


class NetworkLandscape:
    """Any ``torch.nn.Module`` with a loss and data as a `Smooth` landscape.

    ``E(theta) = (1/P) sum_p loss(f(x_p; theta), y_p) + (weight_decay / 2) |theta|^2``, theta being all parameters that
    require gradients, in the order of ``model.named_parameters()``.

    Parameters
    ----------
    model : torch.nn.Module
        Copied; the original keeps its weights, mode, buffers and gradients. Lightning modules (with
        ``training_step``) and Hugging Face models (whose output has ``.loss``) need no `loss`.
    loss : callable, optional
        ``loss(outputs, labels)``, a mean over samples. One of shape (P,) is averaged.
    train : tensors, arrays, DataLoader or data set
        See `data.fixed_data`.
    test : the same, optional
        Never part of the energy.
    weight_decay : float
        Coefficient of the decay that is part of the energy, as of ``torch.optim.SGD``; 0 leaves it out.
    batch_norm : {"auto", "frozen", "recomputed"}
        See `objective.private_copy`; what was chosen is in `batch_norm`. Recomputed statistics are those of all data
        that are evaluated together.
    dropout : {"refuse", "off"}
        What becomes of dropout in a model in training mode.
    samples : int
        Size of the fixed batch that stands for the training data, its first samples; 0 means all of them.
    device : str
        "auto" is where the model is; "cpu", "cuda", "cuda:1".
    dtype : {"auto", "float32", "float64"}
        "auto" is the model's own.
    name : str
    parameters : mapping
        For reports; part of the identity.

    Attributes
    ----------
    start : torch.Tensor, shape (D,)
        The weights of the model as it was given.
    layout : tuple of Block
    train, test : tree of tensors
    batch_norm : {"none", "frozen", "recomputed"}
    objective : Objective
        The private copy of the model with its loss.

    Raises
    ------
    InputError
        One sentence for each: no parameter to vary, dropout in training mode, a loss that is random or not finite, a
        device that is not there, and what `data.fixed_data` refuses.

    Examples
    --------
    A linear model ``y = w x`` with squared loss on x = (1, 2), y = (1, 2): E(w) = 5/2 (w - 1)^2.

    >>> x = torch.tensor([[1.0], [2.0]])
    >>> line = NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, x))
    >>> line.energy(torch.tensor([[1.0], [3.0]])).tolist()
    [0.0, 10.0]
    """

    kind: ClassVar[Kind] = Kind.NETWORK

    def __init__(
        self,
        model: nn.Module,
        loss: Loss | None,
        train: Any,
        test: Any = None,
        *,
        weight_decay: float = 0.0,
        batch_norm: str = "auto",
        dropout: str = "refuse",
        samples: int = 0,
        device: str = "auto",
        dtype: str = "auto",
        name: str = "network",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> None:
        _check_options(weight_decay=weight_decay, batch_norm=batch_norm, dropout=dropout, samples=samples, dtype=dtype)
        model = _unwrapped(model)
        if not any(parameter.requires_grad for parameter in model.parameters()):
            raise InputError(f"the model {type(model).__name__} has no parameter that requires gradients to vary")
        self.name = name
        self.weight_decay = float(weight_decay)
        self.device, self.dtype = _place(model, device=device, dtype=dtype)
        module, self.batch_norm = private_copy(
            model, dropout=dropout, batch_norm=batch_norm, device=self.device, dtype=self.dtype
        )
        self.objective = Objective(module, loss).eval()
        self._loss = loss
        self.layout = _layout(module)
        self.start = self._flat({entry: value for entry, value in module.named_parameters() if value.requires_grad})
        module.requires_grad_(False)
        place, kind = self.device, self.dtype
        self.train = fixed_data(train, what="training data", samples=samples, device=place, dtype=kind)
        self.test = None if test is None else fixed_data(test, what="test data", device=place, dtype=kind)
        self._tried(training=model.training, dropout=dropout)
        self.parameters: Mapping[str, Parameter] = MappingProxyType(
            dict(parameters or {})
            | {
                "model": type(model).__name__,
                "loss": loss_name(loss, model),
                "weights": self.dimension,
                "training_samples": sample_count(self.train),
                "weight_decay": self.weight_decay,
                "batch_norm": self.batch_norm,
                "dtype": str(self.dtype).removeprefix("torch."),
            }
        )
        self.identity = self._identity()

    def __repr__(self) -> str:
        return f"<NetworkLandscape {self.name}: {self.dimension} weights on {self.device}>"

    # -----------------------------------------------------------------------------------------
    # Energies

    @property
    def dimension(self) -> int:
        """Number of weights D."""
        return self.layout[-1].stop

    def energy(self, position: torch.Tensor) -> torch.Tensor:
        """Energies (B,) of weight vectors (B, D), with gradients where `position` asks for them.

        A loss that is not a finite number is returned as it is.
        """
        if position.ndim != 2 or position.shape[1] != self.dimension:
            raise InputError(
                f"weights of {self.name} are rows of {self.dimension} numbers, got shape {tuple(position.shape)}"
            )
        with exact_attention():
            return torch.cat([self._losses(part) for part in self._parts(position)]) + self._decay(position)

    def value_and_gradient(self, position: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies (B,) and their gradients (B, D), both detached."""
        with torch.enable_grad():
            point = position.detach().requires_grad_(True)
            energy = self.energy(point)
            (gradient,) = torch.autograd.grad(energy.sum(), point)
        return energy.detach(), gradient

    def loss(
        self, vector: torch.Tensor, batch: Any = None, *, instead: Mapping[str, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Mean loss, without weight decay, of one weight vector (D,) on a batch, the training data unless given.

        Parameters named in `instead` are taken from there.
        """
        named = {f"module.{entry}": value for entry, value in (self.state(vector) | dict(instead or {})).items()}
        batch = self.train if batch is None else batch
        return torch.func.functional_call(self.objective, named, (batch,), tie_weights=True, strict=False)

    def evaluate(self, vector: torch.Tensor, *, split: Split = "train") -> Evaluation:
        """Loss and accuracy of one weight vector (D,) on the training or the test data.

        Raises
        ------
        InputError
            Where there are no test data.
        """
        batch = self.train if split == "train" else self.test
        if batch is None:
            raise InputError(f"{self.name} was given no test data")
        with torch.no_grad(), exact_attention():
            loss = float(self.loss(vector, batch))
            return Evaluation(loss, self._accuracy(vector, batch))

    def outputs(self, vector: torch.Tensor, batch: Any = None) -> Any:
        """What the network with this weight vector answers to a batch, the training data unless given."""
        batch = self.train if batch is None else batch
        caller = _Outputs(self.objective)
        named = {f"objective.module.{entry}": value for entry, value in self.state(vector).items()}
        return torch.func.functional_call(caller, named, (batch,), tie_weights=True, strict=False)

    # -----------------------------------------------------------------------------------------
    # Vectors and states

    def state(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        """Parameter tensors by name, as views of a flat vector (D,)."""
        return {block.name: vector[block.start : block.stop].view(block.shape) for block in self.layout}

    def vector(self, state: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Flat vector (D,) of a state dictionary, as of a checkpoint.

        Raises
        ------
        InputError
            Where names or shapes differ from the model's, naming the first ones; where a number is not finite; and
            where batch norm is frozen and the checkpoint's running statistics are others than the landscape's.
        """
        known = {block.name: block.shape for block in self.layout}
        found = _matching(state, known)
        missing = [entry for entry in known if entry not in found]
        held = self.objective.module.state_dict()
        # Statistics that are recomputed are in the checkpoint and not in the copy.
        spare = [entry for entry in found if entry not in held and not entry.endswith(_STATISTICS)]
        wrong = [entry for entry in known if entry in found and tuple(found[entry].shape) != known[entry]]
        for what, entries in (("lacks", missing), ("has in addition", spare)):
            if entries:
                raise InputError(
                    f"the checkpoint is not one of this model: it {what} {', '.join(entries[:3])}"
                    f"{f' and {len(entries) - 3} more' if len(entries) > 3 else ''}"
                )
        if wrong:
            entry = wrong[0]
            raise InputError(
                f"the checkpoint is not one of this model: {entry} has shape {tuple(found[entry].shape)} there and "
                f"{known[entry]} here"
            )
        for entry, value in held.items():
            if entry not in known and entry in found and not _equal(found[entry], value):
                raise InputError(
                    f"the checkpoint holds another {entry} than the landscape, which is fixed along every path: give "
                    "batch_norm=recomputed, or build the landscape from that checkpoint"
                )
        vector = self._flat(found)
        if not bool(torch.isfinite(vector).all()):
            raise InputError("the checkpoint holds weights that are not finite numbers")
        return vector

    def shuffled_labels(self, seed: int = 0) -> NetworkLandscape:
        """The same network on the same inputs with the labels dealt at random: the null of a network.

        Raises
        ------
        InputError
            Where the data have no labels.
        """
        target = target_of(self.train)
        if target is None:
            raise InputError(f"the data of {self.name} have no labels to shuffle")
        order = torch.as_tensor(np.random.default_rng([seed, 4]).permutation(len(target)), device=target.device)
        other = copy.copy(self)
        other.train = (
            (self.train[0], target[order])
            if isinstance(self.train, tuple)
            else {entry: value[order] if value is target else value for entry, value in self.train.items()}
        )
        other.name = f"{self.name}, labels shuffled"
        other.parameters = MappingProxyType({**self.parameters, "shuffled": seed})
        other.identity = other._identity()
        return other

    # -----------------------------------------------------------------------------------------

    def _flat(self, named: Mapping[str, torch.Tensor]) -> torch.Tensor:
        parts = [named[block.name].detach().to(self.device, self.dtype).reshape(-1) for block in self.layout]
        return torch.cat(parts)

    def _losses(self, position: torch.Tensor) -> torch.Tensor:
        if len(position) >= FEWEST_BATCHED and self._batched:
            return torch.func.vmap(self.loss)(position)
        return torch.stack([self.loss(row) for row in position])

    def _decay(self, position: torch.Tensor) -> torch.Tensor:
        if self.weight_decay == 0.0:
            return position.new_zeros(len(position))
        return 0.5 * self.weight_decay * (position * position).sum(1)

    def _parts(self, position: torch.Tensor) -> Iterator[torch.Tensor]:
        size = max(1, BATCHED_NUMBERS // self.activations)
        yield from position.split(size) if len(position) else (position,)

    def _accuracy(self, vector: torch.Tensor, batch: Any) -> float | None:
        target = target_of(batch)
        if target is None or target.ndim != 1 or self.objective.steps:
            return None
        answer = self.outputs(vector, batch)
        answer = getattr(answer, "logits", answer)
        if not isinstance(answer, torch.Tensor) or len(answer) != len(target):
            return None
        if answer.ndim == 2 and answer.shape[1] > 1 and not target.is_floating_point():
            return float((answer.argmax(1) == target).double().mean())
        if answer.numel() == len(target) and bool(((target == 0) | (target == 1)).all()):
            return float(((answer.reshape(-1) > 0) == (target > 0)).double().mean())
        return None

    def _tried(self, *, training: bool, dropout: str) -> None:
        """Run the model once: count its activations, and refuse what is random, fails or is not finite."""
        counts: list[int] = []
        hooks = [
            part.register_forward_hook(lambda _part, _given, answer: counts.extend(map(torch.numel, leaves(answer))))
            for part in self.objective.module.modules()
        ]
        try:
            with torch.no_grad(), exact_attention():
                value = self.loss(self.start)
        except InputError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines() or ["no message"]
            cause = f"{type(error).__name__}: {lines[0][:160]}"
            raise InputError(f"the model fails on the training data: {cause}") from error
        finally:
            for hook in hooks:
                hook.remove()
        if value.is_complex() or not bool(torch.isfinite(value)):
            raise InputError(
                f"the loss of the model as given is {value.item()} on the training data; it must be a finite number: "
                "look at the labels, the scale of the inputs and the last layer"
            )
        self.activations = max(1, sum(counts))
        refuse_random(self.objective, self.train, training=training, dropout=dropout)
        self._batched = self.activations * FEWEST_BATCHED <= BATCHED_NUMBERS and self._vectorises()

    def _vectorises(self) -> bool:
        """Whether `torch.func.vmap` takes the model and gives the plain loop's values."""
        few = self.start.repeat(2, 1) * torch.tensor([[1.0], [0.9]], device=self.device, dtype=self.dtype)
        try:
            with torch.no_grad(), exact_attention():
                batched, plain = torch.func.vmap(self.loss)(few), torch.stack([self.loss(row) for row in few])
        except Exception:  # noqa: BLE001 - whatever vmap cannot transform is run in a loop
            return False
        return bool(torch.allclose(batched, plain, rtol=1e-4, atol=1e-6, equal_nan=True))

    def _identity(self) -> str:
        """Hash of the architecture, the data, and a sample of the energies to three digits."""
        generator = np.random.default_rng(7)
        few = mapped(self.train, lambda leaf: leaf[:256])
        probes = torch.as_tensor(generator.standard_normal((2, self.dimension)), dtype=self.dtype, device=self.device)
        with torch.no_grad(), exact_attention():
            sample = [f"{float(self.loss(0.1 * probe, few)):.3g}" for probe in probes]
        shapes = [[block.name, list(block.shape)] for block in self.layout]
        facts = {**self.parameters, "": [repr(self.objective.module), shapes, sample]}
        return identity_hash(self.name, facts, *(leaf.detach().cpu().numpy() for leaf in leaves(self.train)))


class _Outputs(nn.Module):
    """The module's answer as a forward pass."""

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.objective = objective

    def forward(self, batch: Any) -> Any:
        return self.objective.outputs(batch)


_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def _unwrapped(model: Any) -> nn.Module:
    """The module behind `torch.compile` and `DataParallel`."""
    if not isinstance(model, nn.Module):
        raise InputError(f"the model is {type(model).__name__}; a torch.nn.Module is needed")
    if isinstance(model, torch.jit.ScriptModule):
        raise InputError(
            "the model is a TorchScript program, whose weights cannot be exchanged: give the module itself"
        )
    for word in ("_orig_mod", "module"):
        inner = getattr(model, word, None)
        if type(model).__name__ in ("OptimizedModule", "DataParallel", "DistributedDataParallel") and inner is not None:
            return _unwrapped(inner)
    return model


def _layout(module: nn.Module) -> tuple[Block, ...]:
    blocks: list[Block] = []
    place = 0
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and parameter.numel():
            blocks.append(Block(name, tuple(parameter.shape), place, place + parameter.numel()))
            place = blocks[-1].stop
    return tuple(blocks)


def _place(model: nn.Module, *, device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    first = next(parameter for parameter in model.parameters() if parameter.requires_grad)
    try:
        place = first.device if device == "auto" else torch.device(device)
    except RuntimeError:
        raise InputError(f"device={device} is unknown: give cpu, cuda or cuda:1") from None
    if place.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device={place} is not there: PyTorch finds no GPU on this machine; give device=cpu")
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device={place} is not there: this machine has {torch.cuda.device_count()} GPU(s)")
    if place.type not in ("cpu", "cuda", "mps") or (place.type == "mps" and not torch.backends.mps.is_available()):
        raise InputError(f"device={place} is not there or holds no data: give device=cpu")
    own = first.dtype if first.dtype in DTYPES.values() else torch.float32
    return place, own if dtype == "auto" else DTYPES[dtype]


def _check_options(*, weight_decay: float, batch_norm: str, dropout: str, samples: int, dtype: str) -> None:
    if not 0.0 <= weight_decay < 1e6:
        raise InputError(f"weight_decay={weight_decay} is out of range: give 0 or more")
    if samples < 0:
        raise InputError(f"samples={samples} is out of range: give 0 (all) or more")
    for name, value, choices in (
        ("batch_norm", batch_norm, ("auto", "frozen", "recomputed")),
        ("dropout", dropout, ("refuse", "off")),
        ("dtype", dtype, ("auto", *DTYPES)),
    ):
        if value not in choices:
            raise InputError(f"{name}={value} is unknown: give {name}={' or '.join(choices)}")


def _matching(state: Mapping[str, torch.Tensor], known: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The entries under the model's own names, a common prefix such as ``model.`` taken off."""
    found = dict(state)
    if not any(name in found for name in known):
        for prefix in {name.partition(".")[0] + "." for name in found}:
            shorter = {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
            if any(name in shorter for name in known):
                return shorter
    return found


def _equal(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and bool(torch.allclose(a.cpu().double(), b.cpu().double(), rtol=1e-5, atol=1e-8))
