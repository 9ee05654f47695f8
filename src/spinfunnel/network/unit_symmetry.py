"""Symmetries of a network: which units may be exchanged, or turned in sign, without a change of its function.

The model is traced (``torch.fx``), and each axis of features carries a label from the layer that makes it to the layers
that read it. Layers that add features (residual connections) share one label. What is not understood pins the labels it
touches: their units stay where they are, so that a map is coarser than it could be, never wrong.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from spinfunnel.network.tracing import traced

__all__ = ["Axis", "Group", "find_groups"]


@dataclass(frozen=True, slots=True)
class Axis:
    """Axis of a parameter along which a group acts: its length is ``lead * units * inner``, units in the middle."""

    parameter: str
    axis: int
    lead: int = 1
    inner: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Units that may be permuted among each other, and turned in sign where `signs`.

    Attributes
    ----------
    units : int
    axes : tuple of Axis
        Every parameter axis that follows.
    signs : bool
        Whether every operation on these features is odd.
    node : str
        Name of a traced operation whose output carries the features, for matching by activations.
    """

    units: int
    axes: tuple[Axis, ...]
    signs: bool
    node: str


@dataclass(slots=True)
class _Label:
    """Features under construction; labels that turn out to be one are united."""

    units: int
    axes: list[Axis] = field(default_factory=list)
    pinned: bool = False
    signs: bool = True
    node: str = ""
    parent: _Label | None = None

    def root(self) -> _Label:
        found = self
        while found.parent is not None:
            found = found.parent
        return found


@dataclass(frozen=True, slots=True)
class _Carried:
    """A tensor's labelled axis: `axis` holds ``units * inner`` features."""

    label: _Label
    axis: int
    inner: int = 1


_PASS = (
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Identity, nn.AvgPool1d, nn.AvgPool2d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d),
)
_ODD = (nn.Tanh, nn.Softsign, nn.Tanhshrink)
_EVEN = (
    *(nn.ReLU, nn.GELU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid, nn.Softplus, nn.Hardtanh, nn.ReLU6, nn.Hardswish),
    *(nn.Mish, nn.SELU, nn.CELU, nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveMaxPool2d),
)
_ODD_CALLS = {
    *(torch.tanh, functional.tanh, operator.neg, torch.neg, functional.dropout, functional.softsign),
    *(functional.avg_pool2d, functional.adaptive_avg_pool2d),
}
_EVEN_CALLS = {
    *(torch.relu, functional.relu, functional.gelu, functional.silu, torch.sigmoid, functional.sigmoid, torch.abs),
    *(functional.elu, functional.leaky_relu, functional.max_pool2d, functional.softplus, functional.relu6),
}
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
_ADD = {operator.add, operator.iadd, operator.sub, torch.add, torch.sub}
_MULTIPLY = {operator.mul, operator.truediv, torch.mul, torch.div}
_BLOCKS = (nn.TransformerEncoderLayer, nn.TransformerEncoder, nn.MultiheadAttention)


def find_groups(
    model: nn.Module,
    *example: Any,
    named: Mapping[str, Any] | None = None,
    varying: frozenset[str] | None = None,
) -> tuple[Group, ...]:
    """Groups of exchangeable units of a model.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode.
    *example : Tensor
        A few inputs, by which shapes are found.
    named : mapping, optional
        Those that are given by name.
    varying : set of str, optional
        Parameters that vary; units of the others stay where they are. All unless given.

    Raises
    ------
    InputError
        For a model that cannot be traced.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    >>> (group,) = find_groups(model, torch.zeros(2, 4))
    >>> group.units, group.signs, [axis.parameter for axis in group.axes]
    (3, True, ['0.weight', '0.bias', '2.weight'])
    """
    return _Walk(traced(model, example, named or {}), varying).groups()


class _Walk:
    """Carries labels through a traced graph."""

    def __init__(self, module: fx.GraphModule, varying: frozenset[str] | None) -> None:
        self.varying = varying
        self.modules = dict(module.named_modules())
        self.parameters = dict(module.named_parameters())
        self.graph = module.graph
        self.labels: list[_Label] = []
        self.seen: dict[tuple[str, int], tuple[_Label, Axis]] = {}
        self.carried: dict[fx.Node, _Carried] = {}

    def groups(self) -> tuple[Group, ...]:
        for node in self.graph.nodes:
            found = self._visit(node)
            if found is not None:
                self.carried[node] = found
                root = found.label.root()
                root.node = root.node or node.name
        roots: dict[int, _Label] = {}
        for label in self.labels:
            roots.setdefault(id(label.root()), label.root())
        return tuple(
            Group(root.units, tuple(dict.fromkeys(root.axes)), root.signs, root.node)
            for root in roots.values()
            if not root.pinned and root.units > 1 and root.axes
        )

    # -- labels -------------------------------------------------------------------------------

    def _new(self, units: int) -> _Label:
        label = _Label(units)
        self.labels.append(label)
        return label

    def _unite(self, one: _Label, two: _Label) -> _Label:
        one, two = one.root(), two.root()
        if one is two:
            return one
        one.axes += two.axes
        one.pinned = one.pinned or two.pinned or one.units != two.units
        one.signs = one.signs and two.signs
        one.node = one.node or two.node
        two.parent = one
        return one

    def _act(self, label: _Label, name: str, axis: int, *, lead: int = 1, inner: int = 1) -> None:
        """A group acts along an axis of a parameter; shared parameters unite what acts on them."""
        if name not in self.parameters:
            return
        if self.varying is not None and name not in self.varying:
            label.root().pinned = True
            return
        own = Axis(name, axis, lead, inner)
        if (name, axis) in self.seen:
            other, known = self.seen[name, axis]
            joined = self._unite(label, other)
            joined.pinned = joined.pinned or known != own
            return
        self.seen[name, axis] = (label, own)
        label.root().axes.append(own)

    def _pin(self, node: fx.Node) -> None:
        for argument in node.all_input_nodes:
            if argument in self.carried:
                self.carried[argument].label.root().pinned = True

    # -- nodes --------------------------------------------------------------------------------

    def _visit(self, node: fx.Node) -> _Carried | None:
        if node.op == "placeholder":
            return None
        if node.op == "output":
            self._pin(node)
            return None
        if node.op == "get_attr":
            return None
        source = next((arg for arg in node.all_input_nodes if arg in self.carried), None)
        if node.op == "call_module":
            return self._module(node, str(node.target), self.modules[str(node.target)])
        handler = self._call(node)
        if source is None and handler is None:
            return None
        found = handler(node) if handler is not None else None
        if found is None:
            self._pin(node)
        return found

    def _module(self, node: fx.Node, name: str, module: nn.Module) -> _Carried | None:
        source = node.args[0] if node.args else None
        held = self.carried.get(source) if isinstance(source, fx.Node) else None
        rank = len(_shape(source))
        if isinstance(module, nn.Linear):
            return self._linear(name, module.out_features, held, rank)
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return self._convolution(node, name, module, held)
        if isinstance(module, nn.Embedding):
            label = self._new(module.embedding_dim)
            self._act(label, f"{name}.weight", 1)
            return _Carried(label, rank)
        if isinstance(module, _BLOCKS):
            return self._block(node, name, module, held, rank)
        if held is None:
            return None
        if isinstance(module, _NORMS) and held.axis == 1:
            return self._norm(name, held)
        if isinstance(module, nn.LayerNorm) and len(module.normalized_shape) == 1 and held.axis == rank - 1:
            return self._norm(name, held)
        if isinstance(module, nn.Flatten):
            return self._reshaped(node, held)
        if isinstance(module, (*_PASS, *_ODD)):
            return held
        if isinstance(module, _EVEN):
            held.label.root().signs = False
            return held
        self._pin(node)
        return None

    def _linear(self, name: str, outputs: int, held: _Carried | None, rank: int) -> _Carried | None:
        if held is not None and held.axis != rank - 1:
            # It mixes another axis, such as tokens; the labelled one passes through.
            return held
        if held is not None:
            self._act(held.label, f"{name}.weight", 1, inner=held.inner)
        label = self._new(outputs)
        self._act(label, f"{name}.weight", 0)
        self._act(label, f"{name}.bias", 0)
        return _Carried(label, rank - 1)

    def _convolution(self, node: fx.Node, name: str, module: Any, held: _Carried | None) -> _Carried | None:
        if module.groups == 1:
            if held is not None:
                self._act(held.label, f"{name}.weight", 1, inner=held.inner)
            label = self._new(module.out_channels)
            self._act(label, f"{name}.weight", 0)
            self._act(label, f"{name}.bias", 0)
            return _Carried(label, 1)
        if held is not None and module.groups == module.in_channels == module.out_channels:
            self._act(held.label, f"{name}.weight", 0, inner=held.inner)
            self._act(held.label, f"{name}.bias", 0, inner=held.inner)
            return held
        self._pin(node)
        return None

    def _norm(self, name: str, held: _Carried) -> _Carried:
        held.label.root().signs = False
        for part in ("weight", "bias"):
            self._act(held.label, f"{name}.{part}", 0, inner=held.inner)
        return held

    def _block(self, node: fx.Node, name: str, module: Any, held: _Carried | None, rank: int) -> _Carried | None:
        if held is None:
            width = _shape(node.args[0])[-1]
            held = _Carried(self._new(width), rank - 1)
            held.label.pinned = True
        if held.axis != rank - 1 or held.inner != 1:
            self._pin(node)
            return None
        if isinstance(module, nn.MultiheadAttention):
            same = all(argument is node.args[0] for argument in node.args[:3])
            if not same or not module._qkv_same_embed_dim or module.bias_k is not None:
                self._pin(node)
                return None
            return _Carried(self._attention(name, module, held.label), rank - 1)
        layers = [name]
        if isinstance(module, nn.TransformerEncoder):
            layers = [f"{name}.layers.{number}" for number in range(len(module.layers))]
        for layer in layers:
            self._encoder(layer, held.label)
        if isinstance(module, nn.TransformerEncoder) and module.norm is not None:
            self._norm(f"{name}.norm", held)
        return held

    def _encoder(self, name: str, label: _Label) -> None:
        module: Any = self.modules[name]
        self._unite(label, self._attention(f"{name}.self_attn", module.self_attn, label))
        hidden = self._new(module.linear1.out_features)
        hidden.signs, hidden.node = False, ""
        self._act(label, f"{name}.linear1.weight", 1)
        for part in ("weight", "bias"):
            self._act(hidden, f"{name}.linear1.{part}", 0)
            self._act(label, f"{name}.linear2.{part}", 0)
            self._act(label, f"{name}.norm1.{part}", 0)
            self._act(label, f"{name}.norm2.{part}", 0)
        self._act(hidden, f"{name}.linear2.weight", 1)
        label.root().signs = False

    def _attention(self, name: str, module: Any, label: _Label) -> _Label:
        """Whole heads may be exchanged; the features they write are a label of their own."""
        heads, size = self._new(module.num_heads), module.head_dim
        heads.signs = False
        self._act(label, f"{name}.in_proj_weight", 1)
        self._act(heads, f"{name}.in_proj_weight", 0, lead=3, inner=size)
        self._act(heads, f"{name}.in_proj_bias", 0, lead=3, inner=size)
        self._act(heads, f"{name}.out_proj.weight", 1, inner=size)
        written = self._new(module.embed_dim)
        for part in ("weight", "bias"):
            self._act(written, f"{name}.out_proj.{part}", 0)
        return written

    # -- functions and methods ----------------------------------------------------------------

    def _call(self, node: fx.Node) -> Callable[[fx.Node], _Carried | None] | None:
        target = node.target if node.op == "call_function" else str(node.target)
        if target in _ODD_CALLS or target in {"tanh", "contiguous", "clone", "float", "double"}:
            return self._passed
        if target in _EVEN_CALLS or target in {"relu", "sigmoid", "relu_", "abs"}:
            return self._bent
        if target in _ADD or target in {"add", "sub", "add_"}:
            return self._added
        if target in _MULTIPLY or target in {"mul", "div"}:
            return self._multiplied
        if target in {torch.flatten, torch.reshape, "flatten", "view", "reshape"}:
            return lambda one: self._reshaped(one, self._only(one))
        if target in {torch.mean, torch.sum, "mean", "sum"}:
            return self._reduced
        if target in {torch.transpose, torch.permute, "transpose", "permute"}:
            return self._permuted
        if target is operator.getitem:
            return self._item
        return None

    def _only(self, node: fx.Node) -> _Carried | None:
        held = [self.carried[arg] for arg in node.all_input_nodes if arg in self.carried]
        return held[0] if len(held) == 1 else None

    def _passed(self, node: fx.Node) -> _Carried | None:
        return self._only(node)

    def _bent(self, node: fx.Node) -> _Carried | None:
        held = self._only(node)
        if held is not None:
            held.label.root().signs = False
        return held

    def _added(self, node: fx.Node) -> _Carried | None:
        held = [self.carried[arg] for arg in node.all_input_nodes if arg in self.carried]
        others = [arg for arg in node.all_input_nodes if arg not in self.carried]
        if not held or any((one.axis, one.inner) != (held[0].axis, held[0].inner) for one in held):
            return None
        rank = len(_shape(node))
        for other in others:
            shape = _shape(other)
            place = len(shape) - (rank - held[0].axis)
            if other.op != "get_attr" or place < 0 or shape[place] == 1:
                if other.op == "get_attr" and not shape:
                    continue
                return None
            self._act(held[0].label, str(other.target), place, inner=held[0].inner)
        if not others and len(held) == 1 and len(node.all_input_nodes) == 1:
            held[0].label.root().signs = held[0].label.root().signs and _adds_nothing(node)
        label = held[0].label
        for one in held[1:]:
            label = self._unite(label, one.label)
        return _Carried(label, held[0].axis, held[0].inner)

    def _multiplied(self, node: fx.Node) -> _Carried | None:
        held = [self.carried[arg] for arg in node.all_input_nodes if arg in self.carried]
        scaled = len(held) == 1 and len(node.all_input_nodes) == 1 and len(node.args) == 2
        if scaled and node.args[0] is not node.args[1]:
            return held[0]  # By a number.
        if len(held) != len(node.all_input_nodes) or not held:
            return None
        if any((one.axis, one.inner) != (held[0].axis, held[0].inner) for one in held):
            return None
        label = held[0].label
        for one in held[1:]:
            label = self._unite(label, one.label)
        label.root().signs = False
        return _Carried(label, held[0].axis, held[0].inner)

    def _reshaped(self, node: fx.Node, held: _Carried | None) -> _Carried | None:
        source = next((arg for arg in node.all_input_nodes if arg in self.carried), None)
        if held is None or source is None:
            return None
        before, after = _shape(source), _shape(node)
        lead = _product(before[: held.axis])
        for axis in range(len(after)):
            if _product(after[:axis]) != lead or after[axis] % before[held.axis]:
                continue
            more = after[axis] // before[held.axis]
            tail = before[held.axis + 1 :]
            if any(_product(tail[:count]) == more for count in range(len(tail) + 1)):
                return _Carried(held.label, axis, held.inner * more)
        return None

    def _reduced(self, node: fx.Node) -> _Carried | None:
        held = self._only(node)
        axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        if held is None or axes is None:
            return None
        rank = len(_shape(node.all_input_nodes[0]))
        gone = {axis % rank for axis in (axes if isinstance(axes, tuple | list) else (axes,))}
        if held.axis in gone:
            return None
        kept = len(_shape(node)) == rank
        before = 0 if kept else sum(axis < held.axis for axis in gone)
        return _Carried(held.label, held.axis - before, held.inner)

    def _permuted(self, node: fx.Node) -> _Carried | None:
        held = self._only(node)
        given = node.args[1:]
        if held is None or node.kwargs:
            return None
        rank = len(_shape(node))
        flat = [int(axis) % rank for part in given for axis in (part if isinstance(part, tuple | list) else (part,))]  # type: ignore[arg-type]
        if "transpose" in str(node.target):
            order = list(range(rank))
            order[flat[0]], order[flat[1]] = order[flat[1]], order[flat[0]]
        else:
            order = flat
        return _Carried(held.label, order.index(held.axis), held.inner)

    def _item(self, node: fx.Node) -> _Carried | None:
        held = self._only(node)
        source, index = node.args[0], node.args[1]
        if held is None or not isinstance(source, fx.Node):
            return None
        if source.op == "call_module" and isinstance(self.modules[str(source.target)], nn.MultiheadAttention):
            return held if index == 0 else None
        parts = index if isinstance(index, tuple) else (index,)
        if not all(isinstance(part, int | slice) for part in parts):
            return None
        if held.axis < len(parts) and parts[held.axis] != slice(None):
            return None
        return _Carried(held.label, held.axis - sum(isinstance(part, int) for part in parts[: held.axis]), held.inner)


def _shape(node: Any) -> tuple[int, ...]:
    meta = node.meta.get("tensor_meta") if isinstance(node, fx.Node) else None
    if isinstance(meta, tuple) and not hasattr(meta, "shape"):
        meta = meta[0]
    return tuple(getattr(meta, "shape", ()))


def _product(values: tuple[int, ...]) -> int:
    total = 1
    for value in values:
        total *= value
    return total


def _adds_nothing(node: fx.Node) -> bool:
    return all(isinstance(argument, fx.Node) or argument == 0 for argument in node.args)
