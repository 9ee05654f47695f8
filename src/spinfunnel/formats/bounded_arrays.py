"""Arrays of NumPy in files: headers are checked against the bytes that follow, nothing is evaluated or unpickled."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError

__all__ = ["NPY_MAGIC", "ZIP_MAGIC", "read_npy", "read_npz"]

NPY_MAGIC, ZIP_MAGIC = b"\x93NUMPY", b"PK\x03\x04"
LARGEST_HEADER = 10_000
UNPACKED = 1 << 27
"""Bytes of all arrays of an archive, 4,096 x 4,096 doubles."""
MOST_ARRAYS = 64
LARGEST = 1 << 30
"""Bytes of an array as doubles."""
_DESCR = re.compile(r"""['"]descr['"]\s*:\s*['"]([<>|=]?)([a-zA-Z?])(\d{0,4})['"]""")
_ORDER = re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)\b""")
_SHAPE = re.compile(r"""['"]shape['"]\s*:\s*\(([\d\sL,]{0,200})\)""")


def read_npy(data: bytes, *, what: str, text: bool = False) -> NDArray[Any]:
    """Array of an ``.npy`` file.

    Parameters
    ----------
    data : bytes
    what : str
        Name of the file, for refusals.
    text : bool
        Whether characters are taken, too.

    Raises
    ------
    InputError
        For a damaged header, anything but numbers, or a size that does not fit the bytes that follow.

    Examples
    --------
    >>> from io import BytesIO
    >>> stream = BytesIO()
    >>> np.save(stream, np.arange(3))
    >>> read_npy(stream.getvalue(), what="three.npy").tolist()
    [0, 1, 2]
    """
    if data[:6] != NPY_MAGIC or len(data) < 12 or data[6] not in (1, 2, 3):
        raise InputError(f"{what}: this is no array that NumPy wrote")
    wide = 2 if data[6] == 1 else 4
    length = int.from_bytes(data[8 : 8 + wide], "little")
    start = 8 + wide + length
    if length > LARGEST_HEADER or start > len(data):
        raise InputError(f"{what}: its header of {length} bytes does not fit the file, which is damaged")
    header = data[8 + wide : start].decode("latin-1")
    kind, order, shape = _DESCR.search(header), _ORDER.search(header), _SHAPE.search(header)
    if kind is None and "descr" in header and ("O" in header or "[" in header):
        raise InputError(f"{what} holds Python objects or records, not numbers, and is not unpickled: save numbers")
    if kind is None or order is None or shape is None:
        raise InputError(f"{what}: the header of this array is damaged")
    if kind[2] not in ("?biuf" + ("SU" if text else "")):
        raise InputError(f"{what} holds values of kind {kind[2]!r}, not numbers")
    try:
        dtype = np.dtype(kind[1] + kind[2] + kind[3])
        sizes = tuple(int(word.strip().rstrip("L")) for word in shape[1].split(",") if word.strip())
    except (TypeError, ValueError):
        raise InputError(f"{what}: the header of this array is damaged") from None
    count = math.prod(sizes)
    if count * max(dtype.itemsize, 8) > LARGEST:
        raise InputError(
            f"{what}: an array of shape {_short(sizes)} is larger than {LARGEST >> 30} GiB; give a sparse form"
        )
    if count * dtype.itemsize != len(data) - start:
        raise InputError(
            f"{what}: an array of shape {_short(sizes)} and {dtype} does not fit the {len(data) - start} bytes "
            "that follow its header; the file is damaged"
        )
    flat = np.frombuffer(data, dtype, count=count, offset=start)
    return flat.reshape(sizes, order="F" if order[1] == "True" else "C")


def read_npz(data: bytes, *, what: str) -> dict[str, NDArray[Any]]:
    """Arrays by name of an ``.npz`` archive.

    Raises
    ------
    InputError
        For a damaged archive, one of more than 64 arrays or 128 MiB, and all that `read_npy` refuses.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            total = sum(entry.file_size for entry in entries)
            if len(entries) > MOST_ARRAYS or total > UNPACKED:
                raise InputError(
                    f"{what} unpacks to {len(entries)} arrays of {total} bytes; {MOST_ARRAYS} of {UNPACKED} bytes in "
                    "all are read: give it as .npy or in a sparse form"
                )
            raw = {entry.filename.removesuffix(".npy"): archive.read(entry) for entry in entries}
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{what} is a damaged archive: {type(error).__name__}: {str(error)[:80]}") from None
    except Exception as error:  # noqa: BLE001 - headers of archives at random make the reader fail in any way
        raise InputError(f"{what} cannot be unpacked: {type(error).__name__}: {str(error)[:80]}") from None
    return {name: read_npy(part, what=f"{what}, array {name[:40]}", text=True) for name, part in raw.items()}


def _short(sizes: tuple[int, ...]) -> str:
    return str(sizes)[:60]
