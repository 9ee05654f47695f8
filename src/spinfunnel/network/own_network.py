"""What a user's function returned, as a network's landscape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["is_network", "network_from"]

_OPTIONS = ("weight_decay", "batch_norm", "dropout", "samples", "device", "dtype")
_KEYS = {"model", "loss", "train", "data", "test", *_OPTIONS}


def is_network(found: Any) -> bool:
    """Whether an object is a network with what belongs to it (see `network_from`).

    Examples
    --------
    >>> is_network(nn.Linear(1, 1)), is_network((nn.Linear(1, 1), nn.MSELoss(), None)), is_network([1, 2])
    (True, True, False)
    """
    if isinstance(found, tuple | list):
        return bool(found) and isinstance(found[0], nn.Module)
    if isinstance(found, Mapping):
        return isinstance(found.get("model"), nn.Module)
    return isinstance(found, nn.Module)


def network_from(
    found: Any, *, name: str = "network", parameters: Mapping[str, Parameter] | None = None, **options: Any
) -> NetworkLandscape:
    """Landscape of ``(model, loss, train)`` or ``(model, loss, train, test)``.

    Also understood: ``(model, loss, (train, test))`` with two loaders or two pairs of tensors; ``(model, train)`` for
    a model that computes its own loss (Lightning, Hugging Face); a Lightning module alone that brings
    ``train_dataloader``; and a mapping with "model", "loss", "train", "test" and any option of `NetworkLandscape`.

    Raises
    ------
    InputError
        When something else is given, data or loss are missing, and all that `NetworkLandscape` refuses.
    """
    given = dict(found) if isinstance(found, Mapping) else _by_place(found)
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise InputError(f"{name} returned {unknown[0]!r}, which is not understood: give {', '.join(sorted(_KEYS))}")
    given.setdefault("train", given.pop("data", None))
    model = given.pop("model")
    for word, hook in (("train", "train_dataloader"), ("test", "val_dataloader")):
        if given.get(word) is None and callable(getattr(model, hook, None)):
            given[word] = _loader(getattr(model, hook))
    if given["train"] is None:
        raise InputError(
            f"{name} gave no training data: return (model, loss, (inputs, labels)) or (model, loss, loader)"
        )
    if given.get("test") is None:
        given["train"], given["test"] = _split(given["train"])
    loss = given.pop("loss", None)
    if loss is not None and not callable(loss):
        raise InputError(f"{name} gave {type(loss).__name__} as loss; a function of outputs and labels is needed")
    return NetworkLandscape(
        model, loss, given.pop("train"), given.pop("test"), name=name, parameters=parameters, **given | options
    )


def _by_place(found: Any) -> dict[str, Any]:
    parts = list(found) if isinstance(found, tuple | list) else [found]
    if len(parts) > 4:
        raise InputError(f"{len(parts)} things were returned; give (model, loss, train) or (model, loss, train, test)")
    own_loss = len(parts) == 2 and (parts[1] is None or not callable(parts[1]))
    words = ("model", "train") if own_loss else ("model", "loss", "train", "test")
    return dict(zip(words, parts, strict=False))


def _loader(hook: Any) -> Any:
    """A Lightning module's own loader, or None where it has none."""
    try:
        return hook()
    except Exception:  # noqa: BLE001 - Lightning raises its own error where no loader was defined
        return None


def _split(data: Any) -> tuple[Any, Any]:
    """Training and test data of a pair of two loaders, data sets or pairs; ``(data, None)`` for anything else."""
    if isinstance(data, Mapping) and "train" in data:
        return data["train"], data.get("test", data.get("val"))
    if isinstance(data, tuple | list) and len(data) == 2 and all(map(_is_data_set, data)):
        return data[0], data[1]
    return data, None


def _is_data_set(part: Any) -> bool:
    kinds = (torch.utils.data.DataLoader, torch.utils.data.Dataset)
    return isinstance(part, kinds) or (isinstance(part, tuple | list) and len(part) == 2 and hasattr(part[0], "shape"))
