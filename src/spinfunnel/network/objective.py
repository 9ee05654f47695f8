"""From a user's module, loss and data to one deterministic function: a private copy that gives the loss of a batch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from spinfunnel.landscape import InputError
from spinfunnel.network.data import leaves, mapped, sample_count

__all__ = ["BatchNorm", "Loss", "Objective", "exact_attention", "loss_name", "private_copy"]

Loss: TypeAlias = Callable[..., Any]
BatchNorm: TypeAlias = Literal["none", "frozen", "recomputed"]
_RANDOM = nn.modules.dropout._DropoutNd
_NORMS = nn.modules.batchnorm._BatchNorm


@contextmanager
def exact_attention() -> Iterator[None]:
    """Compute attention by its formula: the fused kernels have no second derivative, and differ in the last digits."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    known = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(known)


class Objective(nn.Module):
    """The loss of a batch as the forward pass of a module, so that parameters can be put in by name.

    What is called is the module's ``training_step`` where it has one and no loss is given (Lightning); its forward
    pass with the batch as keywords where the batch is a mapping, from which ``.loss`` is taken (Hugging Face); and
    otherwise ``loss(module(inputs), labels)``, or of ``.logits`` where the module answers with an object that has some.
    """

    def __init__(self, module: nn.Module, loss: Loss | None) -> None:
        super().__init__()
        self.module = module
        self.criterion = loss
        self.steps = loss is None and callable(getattr(module, "training_step", None))

    def outputs(self, batch: Any) -> Any:
        """What the module answers to the inputs of a batch."""
        if isinstance(batch, Mapping):
            return self.module(**batch)
        inputs = batch[0] if isinstance(batch, tuple) else batch
        return self.module(*inputs) if isinstance(inputs, tuple) else self.module(inputs)

    def forward(self, batch: Any) -> torch.Tensor:
        """Mean loss of a batch, a scalar."""
        if self.steps:
            answer: Any = self.module.training_step(batch, 0)  # type: ignore[operator]
        elif self.criterion is None or isinstance(batch, Mapping):
            answer = self.outputs(batch)
            if self.criterion is not None:
                answer = self.criterion(answer, batch)
        elif isinstance(batch, tuple) and len(batch) == 2:
            answer = self.criterion(_scores(self.outputs(batch), self.criterion), batch[1])
        else:
            answer = self.criterion(self.outputs(batch), batch)
        if isinstance(answer, Mapping):
            answer = answer.get("loss")
        answer = getattr(answer, "loss", answer)
        if not isinstance(answer, torch.Tensor):
            raise InputError(
                f"the loss is {type(answer).__name__} and no tensor: give loss(outputs, labels), or a model that "
                "returns its loss"
            )
        return answer if answer.ndim == 0 else answer.mean()


def _scores(answer: Any, criterion: Any) -> Any:
    """The logits of an answer that holds them, for a loss of PyTorch's own, which takes tensors alone."""
    if isinstance(answer, torch.Tensor) or not str(getattr(criterion, "__module__", "")).startswith("torch.nn"):
        return answer
    return answer.get("logits", answer) if isinstance(answer, Mapping) else getattr(answer, "logits", answer)


def private_copy(
    model: nn.Module, *, dropout: str, batch_norm: str, device: torch.device, dtype: torch.dtype
) -> tuple[nn.Module, BatchNorm]:
    """Copy of a model that computes a function: in evaluation mode, with its batch norm fixed one way or the other.

    Parameters
    ----------
    model : torch.nn.Module
        Left as it is: parameters, gradients, buffers and mode.
    dropout : {"refuse", "off"}
        What becomes of dropout in a model in training mode.
    batch_norm : {"auto", "frozen", "recomputed"}
        "frozen": the running statistics that the model holds. "recomputed": mean and variance of the data themselves,
        at every point anew. "auto": frozen where the model holds statistics of any data, else recomputed.

    Returns
    -------
    module : torch.nn.Module
    batch_norm : {"none", "frozen", "recomputed"}

    Raises
    ------
    InputError
        For dropout in training mode unless it may be put off, and a model that cannot be copied.
    """
    active = [name or type(part).__name__ for name, part in model.named_modules() if part.training and _drops(part)]
    if active and dropout != "off":
        raise InputError(
            f"the model is in training mode with dropout ({', '.join(active[:3])}), so that its loss is drawn at "
            "random: call model.eval() first, or give dropout=off"
        )
    memo: dict[int, Any] = {id(part): None for part in (getattr(model, "_trainer", None),) if part is not None}
    try:
        module = copy.deepcopy(model, memo)
    except Exception as error:
        raise InputError(f"the model cannot be copied ({type(error).__name__}: {str(error)[:100]})") from error
    for part in module.modules():
        for word in ("log", "log_dict"):
            if callable(getattr(part, word, None)) and hasattr(part, "training_step"):
                setattr(part, word, _say_nothing)
    module.zero_grad(set_to_none=True)
    return module.to(device=device, dtype=dtype).eval(), _settle_norms(module, batch_norm)


def loss_name(loss: Loss | None, module: nn.Module) -> str:
    """A word for the loss, for reports."""
    if loss is None:
        return "the model's own"
    return str(getattr(loss, "__name__", type(loss).__name__)) if module is not loss else "the model's own"


def refuse_random(objective: Objective, batch: Any, *, training: bool, dropout: str) -> None:
    """Refuse a loss that differs when it is computed again, or that would in the training mode it came in."""
    few = mapped(batch, lambda leaf: leaf[:64])
    devices = sorted({leaf.device.index or 0 for leaf in leaves(batch) if leaf.is_cuda})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        if not torch.equal(objective(few).nan_to_num(), objective(few).nan_to_num()):
            raise InputError(
                "the model gives different losses for the same weights and data even in evaluation mode; "
                "a landscape needs one: take out what is drawn at random"
            )
        if training and dropout != "off" and sample_count(few) > 1:
            trial = copy.deepcopy(objective).train()
            try:
                again = torch.equal(trial(few).nan_to_num(), trial(few).nan_to_num())
            except Exception:  # noqa: BLE001 - what fails in training mode only is not used
                return
            if not again:
                raise InputError(
                    "the model is in training mode and its loss is drawn at random (dropout): call model.eval() first, "
                    "or give dropout=off"
                )


def _drops(part: nn.Module) -> bool:
    """Whether a layer drops activations at random when in training mode."""
    if isinstance(part, _RANDOM):
        return part.p > 0.0
    return isinstance(part, nn.RNNBase | nn.MultiheadAttention) and float(part.dropout) > 0.0


def _settle_norms(module: nn.Module, choice: str) -> BatchNorm:
    norms = [part for part in module.modules() if isinstance(part, _NORMS)]
    if not norms:
        return "none"
    tracked = all(part.running_mean is not None for part in norms)
    seen = tracked and all(part.num_batches_tracked is None or int(part.num_batches_tracked) > 0 for part in norms)
    if choice == "frozen" and not tracked:
        raise InputError("the model's batch norm holds no running statistics to freeze: give batch_norm=recomputed")
    if choice == "frozen" or (choice == "auto" and seen):
        return "frozen"
    for part in norms:
        part.running_mean = part.running_var = part.num_batches_tracked = None
        part.track_running_stats = False
    return "recomputed"


def _say_nothing(*_arguments: Any, **_options: Any) -> None:
    """Stand in for Lightning's ``self.log``, which needs a trainer."""
