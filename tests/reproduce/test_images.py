"""The user's images: IDX and CIFAR's binary version parsed defensively; network reproductions are listed."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.reproduce import REPRODUCTIONS
from spinfunnel.reproduce.comparison import Order
from spinfunnel.reproduce.images import images, read_idx
from spinfunnel.reproduce.networks import goodfellow
from spinfunnel.reproduce.widths import _against_width, _told_apart


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_mnist_and_cifar_are_read(tmp_path):
    rng = np.random.default_rng(0)
    for word, count in (("train", 30), ("t10k", 10)):
        pixels = rng.integers(0, 256, (count, 4, 4), dtype=np.uint8)
        (tmp_path / f"{word}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels)))
        (tmp_path / f"{word}-labels-idx1-ubyte").write_bytes(idx(np.arange(count, dtype=np.uint8) % 10))
    found = images(tmp_path)
    assert (found.name, found.x.shape, found.x_test.shape) == ("MNIST", (30, 16), (10, 16))
    assert float(found.x_test[0, 0]) == pytest.approx(pixels[0, 0, 0] / 255.0)
    other = tmp_path / "cifar"
    other.mkdir()
    rows = rng.integers(0, 10, (6, 3073), dtype=np.uint8)
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (other / name).write_bytes(rows.tobytes())
    assert images(other).x.shape == (6, 3072)
    assert images(other).y.tolist() == rows[:, 0].tolist()


def test_damaged_files_are_refused(tmp_path):
    whole = idx(np.zeros((3, 4, 4), np.uint8))
    for number, content in enumerate((b"", b"\x00\x00\x0d\x01", whole[:-1], whole + b"x", b"\x80\x04pickle")):
        file = tmp_path / f"{number}"
        file.write_bytes(content)
        with pytest.raises(InputError):
            read_idx(file)
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match="pickled versions are never loaded"):
        images(tmp_path)


def test_the_line_from_start_to_solution_falls():
    found = goodfellow(Order(samples=2, quick=True))
    rows = {row.quantity: row.ours for row in found.rows}
    assert rows["min-Delta, start to solution, tanh"].value == 0.0
    assert rows["barrier between solutions, tanh"].value > 0.05


def test_intervals_that_do_not_meet_are_counted():
    """Two widths: apart at the first, overlapping at the second; slopes of typed power laws come back."""
    data = {
        "width": [4, 4, 8, 8],
        "labels": ["real", "shuffled"] * 2,
        "measure": ["profile_area"] * 4,
        "value": [0.4, 0.9, 0.1, 0.45],
        "low": [0.39, 0.89, 0.09, 0.095],
        "high": [0.41, 0.91, 0.11, 0.5],
    }
    (apart,) = _told_apart(data)
    assert apart.ours.value == 0.5
    real, shuffled = _against_width(data, seed=0)
    assert real.ours.value == pytest.approx(-2.0)
    assert shuffled.ours.value == pytest.approx(-1.0)
    assert real.ours.low < -2.0 < real.ours.high < 0.0


def test_network_reproductions_are_listed():
    assert {"choromanska", "goodfellow", "draxler", "re-basin", "ballard", "sharpening"} <= set(REPRODUCTIONS)
