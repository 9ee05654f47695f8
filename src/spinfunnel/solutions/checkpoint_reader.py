"""Checkpoints of one model compared: are they in one funnel, what lies between them, how flat are they."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spinfunnel.formats.checkpoint import read_checkpoint
from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.live import top_eigenvalue
from spinfunnel.network.paths import Path as Way
from spinfunnel.network.paths import auto_neb, straight
from spinfunnel.solutions.trained import THRESHOLDS

__all__ = ["Between", "Checkpoint", "Comparison", "checkpoint_files", "compare_checkpoints"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: where it lies and how its landscape bends there.

    Attributes
    ----------
    name : str
    energy, train_loss : float
    test_loss, train_accuracy, test_accuracy : float or None
    top_eigenvalue, eigenvalue_error : float
        Of the Hessian by power iteration, with the norm of its residual.
    gradient_norm : float
    """

    name: str
    energy: float
    train_loss: float
    test_loss: float | None
    train_accuracy: float | None
    test_accuracy: float | None
    top_eigenvalue: float
    eigenvalue_error: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class Between:
    """Two checkpoints: barriers above the chord between their energies, and whether one funnel holds both.

    `same_funnel` is "yes" where a path climbs at most 3.1 % of the energy scale, "no barrier low enough was found"
    where every path tried climbs 3.9 % or more (a lower one may exist), and "undecided" in between.
    """

    one: str
    two: str
    linear_barrier: float
    aligned_barrier: float
    curved_barrier: float
    same_funnel: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Checkpoints and what lies between; the energy scale is a random start's energy above the lowest of them."""

    checkpoints: tuple[Checkpoint, ...]
    between: tuple[Between, ...]
    energy_scale: float
    alignment: str

    def to_json(self) -> dict[str, Any]:
        """Return plain numbers."""
        from dataclasses import asdict

        return asdict(self)


def checkpoint_files(pattern: str) -> list[Path]:
    """Files of a pattern such as ``runs/*.pt``, by name.

    Raises
    ------
    InputError
        Unless there are two at least.
    """
    found = sorted(Path(name) for name in glob.glob(pattern, recursive=True))
    if len(found) < 2:
        raise InputError(f"{pattern!r} names {len(found)} of the checkpoints, and two at least are needed to compare")
    return found


def compare_checkpoints(
    landscape: NetworkLandscape,
    files: Sequence[Path],
    *,
    seed: int = 0,
    quick: bool = False,
    progress: Progress = no_progress,
) -> Comparison:
    """Compare checkpoints of a landscape's model, every pair of them.

    Raises
    ------
    InputError
        For a file that is no checkpoint of this model, or that holds more than tensors; nothing of it is executed.
    """
    vectors = []
    for file in files:
        try:
            vectors.append(landscape.vector(read_checkpoint(file)).to(landscape.dtype))
        except InputError as problem:
            message = str(problem)
            raise InputError(message if str(file) in message else f"{file}: {message}") from None
    network, alignment = Batched(landscape), Alignment(landscape)
    plain = network.plain is not None
    steps, images, batch = (60, 7, 256) if quick else (160, 9, 0 if plain else 256)
    points = 25 if plain else 11
    with suited_threads(network):
        starts = torch.stack([network.fresh(seed + k) for k in range(4)])
        floor = float(network.losses(torch.stack(vectors)).min())
        scale = max(float(network.losses(starts).mean()) - floor, 1e-12)
        told = tuple(_described(network, file, vector) for file, vector in zip(files, vectors, strict=True))
        pairs = [(i, j) for i in range(len(files)) for j in range(i + 1, len(files))]
        between = []
        for number, (i, j) in enumerate(pairs):
            line = straight(network, vectors[i], vectors[j], points=points)
            moved = alignment(vectors[j], to=vectors[i])
            aligned = straight(network, vectors[i], moved, points=points)
            band = auto_neb(
                network, vectors[i], moved, images=images, steps=steps, batch=batch or None, seed=seed, reads=5
            )
            best = min((line, aligned, band), key=lambda way: way.barrier)
            between.append(
                Between(str(files[i]), str(files[j]), line.barrier, aligned.barrier, best.barrier, _same(best, scale))
            )
            progress("between checkpoints", (number + 1) / len(pairs))
    return Comparison(told, tuple(between), scale, alignment.told)


def _same(way: Way, scale: float) -> str:
    share = way.barrier / scale
    if share <= THRESHOLDS["relative_depth_lost"].value:
        return "yes"
    return "no barrier low enough was found" if share >= THRESHOLDS["relative_depth"].value else "undecided"


def _described(network: Batched, file: Path, vector: torch.Tensor) -> Checkpoint:
    landscape = network.landscape
    energy, slope = network.gradients(vector[None])
    if not bool(torch.isfinite(energy).all()):
        raise InputError(f"{file}: the loss of this checkpoint is {float(energy[0])}; its weights are of no use")
    value, error = top_eigenvalue(network, vector, steps=30)
    train = landscape.evaluate(vector)
    test = None if landscape.test is None else landscape.evaluate(vector, split="test")
    return Checkpoint(
        str(file),
        float(energy[0]),
        train.loss,
        None if test is None else test.loss,
        train.accuracy,
        None if test is None else test.accuracy,
        value,
        error,
        float(np.float64(slope[0].norm())),
    )
