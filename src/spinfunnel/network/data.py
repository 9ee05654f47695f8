"""The data of a network, read once and kept: tensors in a fixed order, so that the loss is one function of the weights.

Data are a tree of tensors (tuples, lists and mappings of tensors) with the samples along the first axis of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from spinfunnel.landscape import InputError

__all__ = ["fixed_data", "leaves", "mapped", "sample_count", "target_of"]

LARGEST_BYTES = 8 << 30
"""Data beyond this are refused; a large fixed batch represents them."""


def leaves(tree: Any) -> list[torch.Tensor]:
    """Tensors of a tree, in its order.

    Examples
    --------
    >>> [len(leaf) for leaf in leaves((torch.zeros(2), {"y": torch.zeros(3)}))]
    [2, 3]
    """
    if isinstance(tree, torch.Tensor):
        return [tree]
    if isinstance(tree, Mapping):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in leaves(part)]
    return []


def mapped(tree: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same tree with every tensor changed."""
    if isinstance(tree, torch.Tensor):
        return change(tree)
    if isinstance(tree, Mapping):
        return {name: mapped(part, change) for name, part in tree.items()}
    if isinstance(tree, tuple | list):
        return tuple(mapped(part, change) for part in tree)
    return tree


def sample_count(tree: Any) -> int:
    """Number of samples in a tree of tensors."""
    found = leaves(tree)
    return len(found[0]) if found and found[0].ndim else 0


def target_of(tree: Any) -> torch.Tensor | None:
    """The labels: the second of a pair, or what a mapping calls ``labels``, ``label``, ``target`` or ``y``."""
    if isinstance(tree, tuple) and len(tree) == 2 and isinstance(tree[1], torch.Tensor):
        return tree[1]
    if isinstance(tree, Mapping):
        for name in ("labels", "label", "target", "y"):
            if isinstance(tree.get(name), torch.Tensor):
                return tree[name]
    return None


def fixed_data(source: Any, *, what: str, samples: int = 0, device: torch.device, dtype: torch.dtype) -> Any:
    """Read data once, in a fixed order, as tensors on a device.

    Parameters
    ----------
    source : tensors, arrays, DataLoader, data set, or iterable of batches
        A pair ``(inputs, labels)``, a mapping of named tensors, or what yields such batches.
    what : str
        Name in messages, as "training data".
    samples : int
        At most so many samples, the first ones; 0 means all.
    device : torch.device
    dtype : torch.dtype
        To which floating-point tensors are converted.

    Raises
    ------
    InputError
        For a loader that shuffles, data that differ when they are read again, ragged batches, tensors of different
        numbers of samples, values that are not finite, and data beyond 8 GiB.

    Examples
    --------
    >>> x, y = fixed_data((np.ones((3, 2)), [0, 1, 0]), what="data", device=torch.device("cpu"), dtype=torch.float32)
    >>> x.dtype, y.tolist()
    (torch.float32, [0, 1, 0])
    """
    tree = _tensors(source, what=what) if _is_plain(source) else _read(source, what=what, samples=samples)
    counts = {len(leaf) if leaf.ndim else 0 for leaf in leaves(tree)}
    if len(counts) != 1 or 0 in counts:
        raise InputError(
            f"the {what} hold tensors of {', '.join(map(str, sorted(counts))) or 'no'} samples; "
            "every tensor needs the same number, above 0, along its first axis"
        )
    if samples:
        tree = mapped(tree, lambda leaf: leaf[:samples])
    for leaf in leaves(tree):
        if leaf.is_floating_point() and not bool(torch.isfinite(leaf).all()):
            row = int((~torch.isfinite(leaf)).flatten(1).any(1).nonzero()[0]) if leaf.ndim > 1 else 0
            raise InputError(f"the {what} hold a value that is not finite (first in sample {row}): mend or drop it")
    return mapped(tree, lambda leaf: leaf.detach().to(device, dtype if leaf.is_floating_point() else leaf.dtype))


def _is_plain(source: Any) -> bool:
    """Whether data are tensors or arrays themselves and not something that yields them."""
    if isinstance(source, torch.Tensor | np.ndarray):
        return True
    if isinstance(source, Mapping):
        return all(_is_plain(part) for part in source.values())
    if isinstance(source, tuple) and source:
        return all(_is_plain(part) or _is_numbers(part) for part in source)
    return False


def _is_numbers(part: Any) -> bool:
    return isinstance(part, list) and bool(part) and isinstance(part[0], bool | int | float)


def _tensors(source: Any, *, what: str) -> Any:
    if isinstance(source, torch.Tensor):
        return source
    if isinstance(source, Mapping):
        return {str(name): _tensors(part, what=what) for name, part in source.items()}
    if isinstance(source, tuple | list) and not _is_numbers(source):
        return tuple(_tensors(part, what=what) for part in source)
    try:
        return torch.as_tensor(np.asarray(source))
    except (TypeError, ValueError) as error:
        raise InputError(f"the {what} hold {type(source).__name__}, which is no array of numbers: {error}") from None


def _read(source: Any, *, what: str, samples: int) -> Any:
    """Concatenate the batches of a loader or a data set."""
    loader = source
    if isinstance(source, torch.utils.data.DataLoader):
        _refuse_shuffling(source, what=what)
    elif isinstance(source, torch.utils.data.Dataset) and hasattr(source, "__len__"):
        loader = torch.utils.data.DataLoader(source, batch_size=1024, shuffle=False)
    elif not hasattr(source, "__iter__"):
        raise InputError(
            f"the {what} are {type(source).__name__}: give (inputs, labels) as tensors, a DataLoader or a data set"
        )
    batches = _batches(loader, what=what, samples=samples)
    if not batches:
        raise InputError(f"the {what} are empty: the loader yields no batch")
    again = next(iter(loader), None) if not isinstance(loader, list | tuple) else batches[0]
    first = leaves(batches[0])
    second = leaves(_tensors(again, what=what)) if again is not None else []
    same = len(first) == len(second) and all(
        a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first, second, strict=True)
    )
    if not same:
        raise InputError(
            f"the {what} differ when they are read again (an order or an augmentation that is drawn at random, or a "
            "generator that runs out), so that there is no one loss: give tensors, or a loader that repeats itself"
        )
    try:
        return _joined(batches)
    except RuntimeError as error:
        raise InputError(f"the batches of the {what} do not fit together: {str(error).splitlines()[0]}") from None


def _refuse_shuffling(loader: Any, *, what: str) -> None:
    from torch.utils.data import RandomSampler, SubsetRandomSampler, WeightedRandomSampler

    for sampler in (loader.sampler, getattr(loader.batch_sampler, "sampler", None)):
        if isinstance(sampler, RandomSampler | SubsetRandomSampler | WeightedRandomSampler):
            raise InputError(
                f"the loader of the {what} shuffles ({type(sampler).__name__}), and a landscape needs the same samples "
                "in the same order each time: give DataLoader(..., shuffle=False), or tensors"
            )


def _batches(loader: Any, *, what: str, samples: int) -> list[Any]:
    batches: list[Any] = []
    count = size = 0
    for batch in loader:
        tree = _tensors(batch, what=what)
        batches.append(tree)
        count += sample_count(tree)
        size += sum(leaf.nbytes for leaf in leaves(tree))
        if size > LARGEST_BYTES:
            raise InputError(
                f"the {what} are larger than {LARGEST_BYTES >> 30} GiB: take a large fixed batch, samples=10000 say"
            )
        if samples and count >= samples:
            break
    return batches


def _joined(batches: list[Any]) -> Any:
    first = batches[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(batches)
    if isinstance(first, Mapping):
        return {name: _joined([batch[name] for batch in batches]) for name in first}
    return tuple(_joined([batch[place] for batch in batches]) for place in range(len(first)))
