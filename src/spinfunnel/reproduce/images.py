"""Images for the reproductions on networks: scikit-learn's digits, or the user's own MNIST or CIFAR files.

MNIST is read in its own IDX format, CIFAR-10 in its binary version; nothing pickled is ever loaded.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError

__all__ = ["Images", "images", "read_cifar", "read_idx"]

MOST_TRAINING, MOST_TEST = 4000, 1000
"""Images used of a larger set, the first ones, so that a reproduction takes minutes."""
_CIFAR_ROW = 3073


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Flat images scaled to 0 ... 1 with their classes, to train on and to test."""

    name: str
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]


def images(folder: Path | None = None) -> Images:
    """Digits of scikit-learn, or the images in a folder.

    Parameters
    ----------
    folder : Path, optional
        With ``train-images-idx3-ubyte`` and its three companions (MNIST and its relatives, ``.gz`` or not), or with
        ``data_batch_1.bin`` ... and ``test_batch.bin`` (CIFAR-10, binary version).

    Raises
    ------
    InputError
        For a folder that holds neither, and damaged files.

    Examples
    --------
    >>> found = images()
    >>> found.name, found.x.shape, found.x_test.shape
    ('digits', (1347, 64), (450, 64))
    """
    if folder is None:
        from sklearn.datasets import load_digits

        pixels, target = load_digits(return_X_y=True)
        order = np.random.default_rng(20150325).permutation(len(target))
        x, y = (pixels[order] / 16.0).astype(np.float32), target[order].astype(np.int64)
        return Images("digits", x[:1347], y[:1347], x[1347:], y[1347:])
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give the one that holds the MNIST or CIFAR files")
    if _idx(folder, "train-images") is not None:
        parts = [_idx(folder, word) for word in ("train-images", "train-labels", "t10k-images", "t10k-labels")]
        if any(part is None for part in parts):
            raise InputError(f"{folder} lacks one of the four IDX files (train and t10k, images and labels)")
        x, y, x_test, y_test = (read_idx(part) for part in parts if part is not None)
        return _cut("MNIST", x, y, x_test, y_test, folder)
    batches = sorted(folder.glob("data_batch_*.bin"))
    if batches and (folder / "test_batch.bin").is_file():
        rows = [read_cifar(batch) for batch in batches]
        x, y = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
        return _cut("CIFAR-10", x, y, *read_cifar(folder / "test_batch.bin"), folder)
    raise InputError(
        f"{folder} holds neither the IDX files of MNIST nor the binary version of CIFAR-10 (data_batch_1.bin, "
        "test_batch.bin); pickled versions are never loaded"
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Array of an IDX file of bytes, ``.gz`` or not.

    Raises
    ------
    InputError
        For a file that is damaged or holds something else than bytes.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    rank = raw[3] if len(raw) >= 4 else 0
    if len(raw) < 4 + 4 * rank or raw[:3] != b"\x00\x00\x08" or not 1 <= rank <= 4:
        raise InputError(f"{path} is no IDX file of bytes")
    shape = [int.from_bytes(raw[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(rank)]
    size = int(np.prod(shape, dtype=object))
    if len(raw) != 4 + 4 * rank + size:
        raise InputError(f"{path} is damaged: its header tells of {size} bytes, {len(raw) - 4 - 4 * rank} are there")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_cifar(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (n, 3072) and labels (n,) of a file of CIFAR-10's binary version.

    Raises
    ------
    InputError
        For a file whose length or labels are not those of the format.
    """
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    if len(raw) == 0 or len(raw) % _CIFAR_ROW:
        raise InputError(
            f"{path} is no file of CIFAR-10's binary version: {len(raw)} bytes are no rows of {_CIFAR_ROW}"
        )
    rows = raw.reshape(-1, _CIFAR_ROW)
    if rows[:, 0].max() > 9:
        raise InputError(f"{path} is no file of CIFAR-10's binary version: it holds a label {rows[:, 0].max()}")
    return rows[:, 1:], rows[:, 0]


def _idx(folder: Path, word: str) -> Path | None:
    found = sorted(folder.glob(f"{word}*"))
    return found[0] if found else None


def _cut(
    name: str,
    x: NDArray[np.uint8],
    y: NDArray[np.uint8],
    x_test: NDArray[np.uint8],
    y_test: NDArray[np.uint8],
    folder: Path,
) -> Images:
    if len(x) != len(y) or len(x_test) != len(y_test) or len(x) == 0 or len(x_test) == 0:
        raise InputError(f"{folder} holds {len(x)} images for {len(y)} labels and {len(x_test)} for {len(y_test)}")

    def flat(pixels: NDArray[np.uint8], most: int) -> NDArray[np.float32]:
        return (pixels[:most].reshape(min(most, len(pixels)), -1) / 255.0).astype(np.float32)

    return Images(
        name,
        flat(x, MOST_TRAINING),
        y[:MOST_TRAINING].astype(np.int64),
        flat(x_test, MOST_TEST),
        y_test[:MOST_TEST].astype(np.int64),
    )
