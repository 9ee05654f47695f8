"""A map of the checkpoints of one model: what lies between them, how flat they are, whether one funnel holds them."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spinfunnel.explore.network.network_jobs import key_of, state_of
from spinfunnel.formats.checkpoint import read_checkpoint
from spinfunnel.landscape import Effort, Facts, InputError, Minimum, Progress, Record, Saddle, no_progress
from spinfunnel.landscape.running import plain_text
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.alignment import Alignment
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.live import top_eigenvalue
from spinfunnel.network.paths import auto_neb, straight

__all__ = ["Between", "Checkpoint", "Comparison", "checkpoint_files", "explore"]


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
    """Two checkpoints, and barriers above the chord between their energies."""

    one: str
    two: str
    linear_barrier: float
    aligned_barrier: float
    curved_barrier: float


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


def explore(
    landscape: NetworkLandscape,
    *,
    seed: int = 0,
    workers: int = 1,  # noqa: ARG001 - every explorer takes them
    progress: Progress = no_progress,
    file: str = "",
    quick: bool = False,
) -> Iterator[list[Record]]:
    """Yield checkpoints as the minima of a map, and the lowest paths found between them as saddles.

    Parameters
    ----------
    landscape : NetworkLandscape
    seed : int
        Of the random starts that set the energy scale, and of the elastic bands.
    file : str
        Pattern of the files, such as ``runs/*.pt``.
    quick : bool
        Shorter bands.

    Raises
    ------
    InputError
        For a file that is no checkpoint of this model, or that holds more than tensors; nothing of it is executed.
    """
    files = checkpoint_files(file)
    vectors = [_read(landscape, each) for each in files]
    network, alignment = Batched(landscape), Alignment(landscape)
    plain = network.plain is not None
    steps, images, batch = (60, 7, 256) if quick else (160, 9, 0 if plain else 256)
    points = 25 if plain else 11
    yield []
    with suited_threads(network):
        starts = torch.stack([network.fresh(seed + k) for k in range(4)])
        energies = network.losses(torch.stack(vectors)).double()
        start = float(network.losses(starts).mean())
        scale = max(start - float(energies.min()), 1e-12)
        described = tuple(_described(network, each, vector) for each, vector in zip(files, vectors, strict=True))
        keys = [key_of(vector) for vector in vectors]
        yield [
            Minimum(key, float(energy), 1.0 / len(files), state=state_of(vector))
            for key, energy, vector in zip(keys, energies, vectors, strict=True)
        ]
        pairs = [(i, j) for i in range(len(files)) for j in range(i + 1, len(files))]
        between, spent = [], 0
        for number, (i, j) in enumerate(pairs):
            line = straight(network, vectors[i], vectors[j], points=points)
            moved = alignment(vectors[j], to=vectors[i])
            aligned = straight(network, vectors[i], moved, points=points)
            band = auto_neb(
                network, vectors[i], moved, images=images, steps=steps, batch=batch or None, seed=seed, reads=5
            )
            best = min((line, aligned, band), key=lambda way: way.barrier)
            between.append(Between(str(files[i]), str(files[j]), line.barrier, aligned.barrier, best.barrier))
            spent += line.evaluations + aligned.evaluations + band.evaluations
            top, ends = best.top(), float(max(energies[i], energies[j]))
            if keys[i] != keys[j]:
                joined = (keys[i], keys[j])
                yield [Saddle(key_of(top), max(best.saddle, ends), joined, bound="upper", state=state_of(top))]
            progress("between checkpoints", (number + 1) / len(pairs))
    compared = Comparison(described, tuple(between), scale, alignment.sentence)
    facts = {"trained": False, "scale": scale, "starts": 0, "comparison": compared.to_json()}
    yield [Facts(facts), Effort(spent)]


def _read(landscape: NetworkLandscape, file: Path) -> torch.Tensor:
    try:
        return landscape.vector(read_checkpoint(file)).to(landscape.dtype)
    except InputError as problem:
        message = str(problem)
        raise InputError(message if plain_text(str(file)) in message else f"{file}: {message}") from None


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
