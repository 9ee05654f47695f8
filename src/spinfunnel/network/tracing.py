"""A model's forward pass as a graph, with the shape of everything in it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import fx, nn

from spinfunnel.landscape import InputError

__all__ = ["arguments", "traced"]


class _Tracer(fx.Tracer):
    """Trace through the user's modules and stop at torch's own."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        own = type(module).__module__.startswith("torch.nn")
        inside = own and not isinstance(module, nn.Sequential | nn.ModuleList)
        return inside or super().is_leaf_module(module, name)


def traced(model: nn.Module, placed: Sequence[Any], named: Mapping[str, Any]) -> fx.GraphModule:
    """Trace a model on a few inputs, given by place and by name.

    Raises
    ------
    InputError
        For a model that cannot be traced.
    """
    from torch.fx.passes.shape_prop import ShapeProp

    try:
        module = fx.GraphModule(model, _Tracer().trace(model))
        # It prints what it raises.
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):
            ShapeProp(module).propagate(*arguments(module.graph, placed, named))
    except Exception as error:  # noqa: BLE001 - whatever tracing does to a user's forward pass
        lines = str(error).strip().splitlines() or ["no message"]
        raise InputError(
            f"the model's units cannot be aligned, since its forward pass cannot be traced ({type(error).__name__}: "
            f"{lines[0][:120]}): write it without branches that depend on the data"
        ) from None
    return module


def arguments(graph: fx.Graph, placed: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    """Inputs of a traced graph in its order: by place, then by name, and the model's own for the rest."""
    rest = [node for node in graph.nodes if node.op == "placeholder"][len(placed) :]
    return [*placed, *(named.get(str(node.target), next(iter(node.args), None)) for node in rest)]
