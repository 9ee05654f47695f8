"""Inputs and labels for the binary network: random, digits, or a user's file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.systems.ranges import check_choice, check_range

__all__ = ["digits", "project", "read_data_set"]

Data = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Inputs (P, D) and labels (P,) of -1 and +1."""


def digits(classes: tuple[int, ...] = (3, 8)) -> Data:
    """Two classes of scikit-learn's 8 x 8 handwritten digits: pixels (P, 64) and labels -1 (first class), +1 (second).

    Source: Alpaydin, Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998).

    Examples
    --------
    >>> pixels, labels = digits((3, 8))
    >>> pixels.shape, float(labels.sum())
    ((357, 64), -9.0)
    """
    if len(classes) != 2 or classes[0] == classes[1]:
        raise InputError(
            f"classes={'x'.join(map(str, classes))} are not two different digits: give for instance classes=3x8"
        )
    for digit in classes:
        check_range("classes", digit, low=0, high=9)
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    chosen = np.isin(target, classes)
    return pixels[chosen].astype(np.float64), np.where(target[chosen] == classes[0], -1.0, 1.0)


def read_data_set(path: str | Path) -> Data:
    """Read inputs and labels of two values from a file.

    A ``.npz`` holds arrays ``x`` or ``X``, and ``y``; a ``.csv`` has the label in its last column. A first
    row of a ``.csv`` that is no numbers is a header. The smaller label becomes -1, the larger +1.

    Raises
    ------
    InputError
        For a file that is missing or damaged, shapes that do not fit, values that are not finite, or labels that are
        not two.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(
            f"the data set {file} does not exist (labels are teacher, random, digits, or a .npz or .csv file)"
        )
    try:
        inputs, target = _read_npz(file) if file.suffix.lower() == ".npz" else _read_csv(file)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to its reader
        raise InputError(f"the data set {file} cannot be read: {type(error).__name__}: {str(error)[:80]}") from None
    if inputs.ndim != 2 or target.shape != (len(inputs),) or inputs.shape[1] < 1:
        raise InputError(
            f"the data set {file} has inputs of shape {inputs.shape} and "
            f"labels of shape {target.shape}; (P, D) and (P,) are needed"
        )
    wrong = np.argwhere(~np.isfinite(inputs))
    if len(wrong):
        raise InputError(
            f"the data set {file} holds {inputs[tuple(wrong[0])]} in row "
            f"{wrong[0][0]}, column {wrong[0][1]}; inputs must be finite"
        )
    values = np.unique(target)
    if len(values) != 2:
        raise InputError(f"the data set {file} has {len(values)} different labels; a binary network needs two")
    return inputs, np.where(target == values[0], -1.0, 1.0)


def _read_npz(file: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        names = [name for name in ("x", "X") if name in arrays.files]
        if not names or "y" not in arrays.files:
            raise InputError(
                f"the data set {file} holds {', '.join(arrays.files) or 'nothing'}; arrays x and y are needed"
            )
        return np.asarray(arrays[names[0]], np.float64), np.asarray(arrays["y"], np.float64)


def _read_csv(file: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with file.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if rows and not all(_is_number(word) for word in rows[0]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"the data set {file} holds no rows of numbers")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]) or not all(_is_number(word) for word in row):
            raise InputError(
                f"the data set {file} is damaged in row {number}: {len(rows[0])} "
                f"numbers were expected, got {','.join(row)[:60]}"
            )
    table = np.array(rows, np.float64)
    return table[:, :-1], table[:, -1]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def project(
    inputs: NDArray[np.float64], labels: NDArray[np.float64], *, size: int, projection: str
) -> NDArray[np.float64]:
    """Few features from many, each with mean 0 and variance 1 over the patterns.

    Parameters
    ----------
    inputs : array of shape (P, D)
    labels : array of shape (P,)
        True labels; used by the projection "means" only.
    size : int
        Number of features, at most D.
    projection : {"means", "pca", "random"}
        "pca": the leading principal components. "means": the direction between the means of the two classes first,
        then the leading principal components of what is orthogonal to it, all rotated by an orthogonal matrix drawn
        once (the same for everybody), so that every feature carries its share of the signal. "random": orthogonal
        directions drawn once. Signs of components are fixed by the largest loading.

    Returns
    -------
    array of shape (P, size)
    """
    check_choice("projection", projection, ("means", "pca", "random"))
    if size > inputs.shape[1]:
        raise InputError(f"inputs={size} is out of range: the data set has {inputs.shape[1]} columns")
    centred = inputs - inputs.mean(axis=0)
    rng = np.random.default_rng(20150325)
    if projection == "random":
        features = centred @ np.linalg.qr(rng.normal(size=(inputs.shape[1], size)))[0]
    elif projection == "pca":
        features = centred @ _principal(centred, size)
    else:
        gap = inputs[labels > 0].mean(axis=0) - inputs[labels < 0].mean(axis=0)
        axis = gap / max(float(np.linalg.norm(gap)), 1e-300)
        rest = centred - np.outer(centred @ axis, axis)
        features = (
            np.column_stack([centred @ axis, rest @ _principal(rest, size - 1)])
            if size > 1
            else (centred @ axis)[:, None]
        )
        features = _standard(features) @ np.linalg.qr(rng.normal(size=(size, size)))[0]
    return _standard(features)


def _principal(centred: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Leading principal directions, one in each column, the largest loading positive."""
    directions = np.linalg.svd(centred, full_matrices=False)[2][:count].T
    largest = np.abs(directions).argmax(axis=0)
    return directions * np.where(directions[largest, np.arange(directions.shape[1])] < 0.0, -1.0, 1.0)


def _standard(features: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = features.std(axis=0)
    standard: NDArray[np.float64] = (features - features.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    return standard
