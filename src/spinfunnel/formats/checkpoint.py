"""Checkpoints as tensors: PyTorch files with weights only, and safetensors. Nothing in them is ever executed."""

from __future__ import annotations

import math
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import torch

from spinfunnel.formats.source import json_document
from spinfunnel.landscape import InputError

__all__ = ["read_checkpoint"]

LARGEST_HEADER = 100_000_000
"""Bytes of a safetensors header, the bound of the format."""
MOST_AXES = 16
MOST_NUMBERS = 1 << 40
PICKLES = 5
"""In a file of the older form, before the numbers."""
LONGEST_NAME = 300
"""Characters of the name of a function in a pickle."""
SHORT = 4096
"""Bytes that are left to PyTorch to refuse, whatever they are."""
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
_PREFIXES = ("module.", "_orig_mod.")


def read_checkpoint(path: str | Path) -> dict[str, torch.Tensor]:
    """Tensors by name from a checkpoint.

    ``.safetensors`` files are parsed here; everything else is read by ``torch.load(weights_only=True)``, which builds
    tensors and plain containers and refuses any other pickled instruction. The state dictionary may lie one level down,
    as ``state_dict`` (Lightning) or ``model_state_dict``; the prefixes that DataParallel and torch.compile add are
    taken off.

    Raises
    ------
    InputError
        For a file that is missing, damaged, holds anything that would have to be executed, or holds no tensors.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"the checkpoint {file} does not exist")
    found = _safetensors(file) if file.suffix.lower() == ".safetensors" else _weights_only(file)
    state = _state(found)
    if not state:
        raise InputError(f"the checkpoint {file} holds no tensors by name: save model.state_dict()")
    return state


def _weights_only(file: Path) -> Any:
    _check_archive(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles by other protocols, which are refused below
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" not in str(error).lower() and "global" not in str(error).lower():
            raise InputError(f"the checkpoint {file} is damaged: {_line(error)}") from None
        raise InputError(
            f"the checkpoint {file} holds pickled code or objects and not weights alone; nothing of it was run: "
            "save torch.save(model.state_dict(), path), or safetensors"
        ) from None
    except Exception as error:  # noqa: BLE001 - bytes at random make the reader fail in any way
        kind = "is a TorchScript program, which is not read" if "TorchScript" in str(error) else "cannot be read"
        raise InputError(f"the checkpoint {file} {kind}: {_line(error)}") from None


def _check_archive(file: Path) -> None:
    """Refuse an archive that swells: PyTorch stores tensors as they are, and so do its readers."""
    try:
        archived = zipfile.is_zipfile(file)
    except zipfile.BadZipFile as error:
        raise InputError(f"the checkpoint {file} is damaged: {_line(error)}") from None
    if not archived:
        with file.open("rb") as stream:
            for _ in range(PICKLES):
                _check_names(file, stream)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
            pickles = [entry for entry in archive.infolist() if entry.filename.endswith("data.pkl")]
            if total <= 2 * file.stat().st_size + (1 << 20):
                for entry in pickles:
                    _check_names(file, BytesIO(archive.read(entry)))
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - bytes at random make the reader fail in any way
        raise InputError(f"the checkpoint {file} is damaged: {_line(error)}") from None
    if total > 2 * file.stat().st_size + (1 << 20):
        raise InputError(f"the checkpoint {file} unpacks to {total} bytes, more than PyTorch writes; it is damaged")


def _check_names(file: Path, stream: BinaryIO) -> None:
    """Refuse a pickle with a very long name: PyTorch's refusal of it takes a time that grows with its square."""
    start, longest = stream.tell(), 0
    try:
        for code, value, _ in pickletools.genops(stream):
            longest = max(longest, len(str(value)) if code.name == "GLOBAL" else 0)
    except Exception as error:  # noqa: BLE001 - bytes at random make the reader fail in any way
        stream.seek(start)
        if len(stream.read(SHORT + 1)) > SHORT:
            raise InputError(f"the checkpoint {file} cannot be read: {_line(error)}") from None
    if longest > LONGEST_NAME:
        raise InputError(f"the checkpoint {file} names something in {longest} characters; it is damaged")


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _state(found: Any) -> dict[str, torch.Tensor]:
    """The tensors of a state dictionary, one level down where the file is a container."""
    if not isinstance(found, Mapping):
        return {}
    # A container may hold tensors of its own, such as the best accuracy so far: its state dictionary goes before them.
    inside = (found[name] for name in _CONTAINERS if isinstance(found.get(name), Mapping))
    states = (
        {str(key): part for key, part in each.items() if isinstance(part, torch.Tensor)} for each in (*inside, found)
    )
    tensors: dict[str, torch.Tensor] = next((state for state in states if state), {})
    for prefix in _PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


def _safetensors(file: Path) -> dict[str, torch.Tensor]:
    """Parse the format: eight bytes of length, a JSON header, then the bytes of all tensors."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, LARGEST_HEADER):
            raise InputError(f"the checkpoint {file} is damaged: its header of {length} bytes does not fit the file")
        try:
            header = json_document(stream.read(length), what="its header")
        except InputError as error:
            raise InputError(f"the checkpoint {file} is damaged: {error}") from None
        body = stream.read()
    if not isinstance(header, dict):
        raise InputError(f"the checkpoint {file} is damaged: its header is no mapping")
    return {
        str(name): _tensor(entry, body, str(name), file) for name, entry in header.items() if name != "__metadata__"
    }


def _tensor(entry: Any, body: bytes, name: str, file: Path) -> torch.Tensor:
    try:
        dtype, shape = _DTYPES[entry["dtype"]], list(entry["shape"])
        first, last = entry["data_offsets"]
        if len(shape) > MOST_AXES or not all(type(size) is int for size in (*shape, first, last)):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise InputError(f"the checkpoint {file} is damaged: the entry of {name[:40]!r} is not understood") from None
    width = torch.empty((), dtype=dtype).element_size()
    # The largest of its axes is bounded too: an axis of length 0 hides the others from the product.
    fits = min(shape, default=0) >= 0 and max(shape, default=0) <= MOST_NUMBERS
    if not fits or not 0 <= first <= last <= len(body) or last - first != width * math.prod(shape):
        raise InputError(f"the checkpoint {file} is damaged: {name[:40]!r} does not fit the bytes set aside for it")
    if first == last:
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(bytearray(body[first:last]), dtype=dtype).reshape(shape)
