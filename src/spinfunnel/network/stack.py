"""Networks that are one layer after another, recognised from a module's own forward pass.

On a line or a plane through weight space the first layer's answer is affine in the coordinates, and the rest is done
for several points at once; for that the layers must be known one by one. `torch.fx` traces the forward pass, so that a
module need not be an ``nn.Sequential``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
import torch.nn.functional as functional
from torch import fx, nn

from spinfunnel.network.data import target_of
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["LossKind", "Stack", "Step", "recognise"]

StepKind: TypeAlias = Literal["linear", "convolution", "activation", "elementwise", "image", "flatten"]
LossKind: TypeAlias = Literal["cross_entropy", "squares", "other"]


@dataclass(frozen=True, slots=True)
class Step:
    """One layer.

    Attributes
    ----------
    kind : str
        "linear" and "convolution" have weights. "activation" is one of the kernels, by `name`; "elementwise" any other
        function of each number; "image" acts on images without weights, such as pooling.
    weight, bias : str
        Names of parameters; empty where there is none.
    name : str
    call : callable or None
        The layer itself where it has no weights; for a convolution ``call(images, weight, bias)``.
    shape : nn.Conv2d or None
        The convolution, for its stride, padding, dilation and groups.
    """

    kind: StepKind
    weight: str = ""
    bias: str = ""
    name: str = ""
    call: Callable[..., Any] | None = None
    shape: Any = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers in order, and the loss at their end."""

    steps: tuple[Step, ...]
    loss: LossKind


_ACTIVATIONS: dict[Any, str] = {
    nn.ReLU: "relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    functional.relu: "relu",
    torch.relu: "relu",
    functional.tanh: "tanh",
    torch.tanh: "tanh",
    functional.sigmoid: "sigmoid",
    torch.sigmoid: "sigmoid",
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
}
_ELEMENTWISE = (
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.LeakyReLU,
    nn.Softplus,
    nn.Hardtanh,
    nn.ReLU6,
    nn.Mish,
    nn.Softsign,
    nn.SELU,
)
_IMAGE = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_NOTHING = (nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout)


def recognise(landscape: NetworkLandscape) -> Stack | None:
    """Layers of the network, or None where it is no plain sequence of known layers."""
    module = landscape.objective.module
    train = landscape.train
    if landscape.objective.steps or not (isinstance(train, tuple) and len(train) == 2 and torch.is_tensor(train[0])):
        return None
    try:
        graph = fx.symbolic_trace(module)
    except Exception:  # noqa: BLE001 - a forward pass that cannot be traced is run as it is
        return None
    steps: list[Step] = []
    known = {block.name for block in landscape.layout}
    previous: fx.Node | None = None
    sizes: set[fx.Node] = set()
    for node in graph.graph.nodes:
        if node.op == "output":
            if list(node.all_input_nodes) != [previous]:
                return None
            break
        if node.op == "placeholder":
            if previous is not None:
                return None
            previous = node
            continue
        if _is_size(node, sizes):
            sizes.add(node)
            continue
        if [given for given in node.all_input_nodes if given not in sizes] != [previous]:
            return None
        found = _step(node, graph, known)
        if found is None:
            return None
        steps += found
        previous = node
    first = next((step for step in steps if step.kind in ("linear", "convolution")), None)
    if first is None or any(step.kind == "activation" for step in steps[: steps.index(first)]):
        return None
    return Stack(tuple(steps), _loss_kind(landscape))


def _step(node: fx.Node, graph: fx.GraphModule, known: set[str]) -> list[Step] | None:
    """The layer of one node of the trace: none, one, or None where it is not understood."""
    if node.op == "call_module":
        return _module_step(str(node.target), graph.get_submodule(str(node.target)), known)
    what: Any = node.target
    if what in _ACTIVATIONS and len(node.args) == 1 and set(node.kwargs) <= {"inplace"}:
        return [Step("activation", name=_ACTIVATIONS[what])]
    if what in (torch.flatten, "flatten") and (node.args[1:] == (1,) or node.kwargs == {"start_dim": 1}):
        return [Step("flatten")]
    if what in ("view", "reshape") and len(node.args) == 3:
        return [Step("flatten")]  # whatever else it may be shows when the two paths are compared
    return None


def _is_size(node: fx.Node, sizes: set[fx.Node]) -> bool:
    """Whether a node of the trace is a length only, as in ``x.view(x.size(0), -1)``."""
    if node.op == "call_method":
        return node.target == "size"
    if node.target is getattr:
        return node.args[1] == "shape"
    return node.target is operator.getitem and node.args[0] in sizes


def _module_step(name: str, part: nn.Module, known: set[str]) -> list[Step] | None:
    kind = type(part)
    if kind in _ACTIVATIONS:
        return [Step("activation", name=_ACTIVATIONS[kind])]
    if kind in _NOTHING:
        return []
    if kind in _ELEMENTWISE:
        return [Step("elementwise", call=part)]
    if kind in _IMAGE and not getattr(part, "return_indices", False):
        return [Step("image", call=part)]
    if isinstance(part, nn.Flatten):
        return [Step("flatten")] if (part.start_dim, part.end_dim) == (1, -1) else None
    weight, bias = f"{name}.weight", f"{name}.bias" if getattr(part, "bias", None) is not None else ""
    if weight not in known or (bias and bias not in known):
        return None
    if kind is nn.Linear:
        return [Step("linear", weight, bias)]
    if kind is nn.Conv2d and isinstance(part, nn.Conv2d) and part.padding_mode == "zeros":
        stride, padding, dilation, groups = part.stride, part.padding, part.dilation, part.groups

        def convolve(images: torch.Tensor, weights: torch.Tensor, shift: torch.Tensor | None) -> torch.Tensor:
            return functional.conv2d(images, weights, shift, stride, padding, dilation, groups)

        return [Step("convolution", weight, bias, call=convolve, shape=part)]
    return None


def _loss_kind(landscape: NetworkLandscape) -> LossKind:
    """Which loss there is a kernel for."""
    loss, target = landscape.objective.criterion, target_of(landscape.train)
    if target is None:
        return "other"
    classes = not target.is_floating_point() and target.ndim == 1 and bool((target >= 0).all())
    plain = isinstance(loss, nn.CrossEntropyLoss) and (
        loss.weight is None and loss.reduction == "mean" and loss.label_smoothing == 0.0
    )
    if classes and (loss is functional.cross_entropy or plain):
        return "cross_entropy"
    if (isinstance(loss, nn.MSELoss) and loss.reduction == "mean") or loss is functional.mse_loss:
        return "squares" if target.is_floating_point() and target.ndim == 2 else "other"
    return "other"
