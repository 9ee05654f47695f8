"""Paths between solutions: straight, by AutoNEB, and by Bezier curves; the highest energy on one bounds the saddle.

A barrier is measured two ways (definition 18): above the chord between the ends, ``max over a of E(theta(a)) -
[(1 - a) E_0 + a E_1]`` (Entezari et al. 2021), and above the mean of the ends (Ainsworth et al. 2022).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.solutions import Way

__all__ = ["Path", "auto_neb", "bezier", "lowest_path", "min_delta", "straight"]

Floats = NDArray[np.float64]


def _on_suited_threads(search: Callable[..., Path]) -> Callable[..., Path]:
    @wraps(search)
    def run(network: Batched, *given: Any, **options: Any) -> Path:
        with suited_threads(network):
            return search(network, *given, **options)

    return run


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A path between two parameter vectors, and the energy along it.

    Attributes
    ----------
    kind : {"linear", "autoneb", "bezier"}
    pivots : Tensor, shape (n, D)
        Corners of the path, ends included; the control points of a Bezier curve.
    place : array of float64, shape (m,)
        Where the energy was read: share of the way from one end to the other, 0 to 1.
    energy : array of float64, shape (m,)
    evaluations : int
        Energies and gradients over the data that were computed.
    """

    kind: Literal["linear", "autoneb", "bezier"]
    pivots: Tensor
    place: Floats
    energy: Floats
    evaluations: int

    @property
    def way(self) -> Way:
        """The energy along the path alone."""
        return Way(self.place, self.energy)

    @property
    def saddle(self) -> float:
        """Highest energy on the path: an upper bound of the saddle between its ends."""
        return self.way.saddle

    @property
    def barrier(self) -> float:
        """Highest rise above the chord between the ends' energies; at least 0."""
        return self.way.barrier

    @property
    def barrier_above_mean(self) -> float:
        """Highest energy minus the mean of the ends' energies, the form of Git Re-Basin."""
        return self.saddle - 0.5 * float(self.energy[0] + self.energy[-1])

    def top(self) -> Tensor:
        """Parameters at the highest energy read, shape (D,)."""
        at = float(self.place[int(self.energy.argmax())])
        if self.kind == "bezier":
            return _bezier_points(self.pivots, torch.tensor([at]).to(self.pivots))[0]
        return _along(self.pivots, np.array([at]))[0]


@_on_suited_threads
def straight(network: Batched, one: Tensor, two: Tensor, *, points: int = 25) -> Path:
    """Energy along the straight line between two parameter vectors.

    Examples
    --------
    >>> from torch import nn
    >>> from spinfunnel.network.batched import Batched
    >>> from spinfunnel.network.loss_landscape import NetworkLandscape
    >>> x = torch.ones(4, 1)
    >>> network = Batched(NetworkLandscape(nn.Linear(1, 1, bias=False), nn.MSELoss(), (x, 0.0 * x)))
    >>> straight(network, torch.tensor([-2.0]), torch.tensor([2.0]), points=5).energy.tolist()
    [4.0, 1.0, 0.0, 1.0, 4.0]
    """
    place = np.linspace(0.0, 1.0, points)
    pivots = torch.stack([one, two])
    return Path("linear", pivots, place, _energies(network, _along(pivots, place)), points)


def min_delta(energy: Floats) -> float:
    """Largest rise between two points of a curve, in order: 0 where it falls all the way (Lucas et al. 2021).

    Examples
    --------
    >>> min_delta(np.array([3.0, 1.0, 2.0, 0.5])), min_delta(np.array([3.0, 2.0, 1.0]))
    (1.0, 0.0)
    """
    return float(np.max(energy - np.minimum.accumulate(energy)))


@_on_suited_threads
def auto_neb(
    network: Batched,
    one: Tensor,
    two: Tensor,
    *,
    images: int = 11,
    steps: int = 200,
    rate: float = 0.01,
    batch: int | None = None,
    insertions: int = 1,
    reads: int = 9,
    seed: int = 0,
    start: Tensor | None = None,
    until: float = math.inf,
    progress: Progress = no_progress,
) -> Path:
    """Minimum-energy path by a nudged elastic band that inserts images where it is coarse.

    Images descend perpendicular to the path (tangents of Henkelman and Jonsson, 2000: toward the neighbour of higher
    energy) by Adam and are spread evenly along it after each step; after each cycle an image is put where the energy
    between two images rises by more than a fifth of the barrier above the line between them.

    Parameters
    ----------
    network : Batched
    one, two : Tensor, shape (D,)
        The ends; they do not move.
    images : int
        Images, ends included, before any insertion; at least 3.
    steps : int
        Steps of all cycles together.
    rate : float
        Learning rate; in each cycle it falls to a tenth.
    batch : int, optional
        Samples in each step; all unless given. The energy along the final path is read on all.
    insertions : int
        Cycles followed by insertions.
    reads : int
        Points of each segment at which the final energy is read, so that the highest is no artefact of the images.
    start : Tensor, shape (n, D), optional
        Another first path than the straight one.
    until : float
        Reading of `time.perf_counter` after which the band stays where it is.

    Returns
    -------
    Path
        Its `saddle` is an upper bound, whatever came of the descent.

    Notes
    -----
    Draxler, Veschgini, Salmhofer, Hamprecht, ICML 2018, PMLR 80, 1309.
    """
    if images < 3:
        raise InputError(f"a band of {images} images has none between its ends: give at least 3")
    pivots = _along(torch.stack([one, two]), np.linspace(0.0, 1.0, images)) if start is None else start.clone()
    dice = torch.Generator().manual_seed(seed)
    cycles = insertions + 1
    spent = 0
    for cycle in range(cycles):
        pivots, calls = _relax(
            network,
            pivots,
            steps=steps // cycles,
            rate=rate * 0.5**cycle,
            batch=batch,
            dice=dice,
            until=until,
            progress=progress,
        )
        spent += calls
        if cycle < insertions:
            pivots, calls = _inserted(network, pivots)
            spent += calls
        progress("connecting", (cycle + 1) / cycles)
    place, points = _dense(pivots, reads)
    energy = _energies(network, points)
    return Path("autoneb", pivots, place, energy, spent + len(energy))


@_on_suited_threads
def bezier(
    network: Batched,
    one: Tensor,
    two: Tensor,
    *,
    steps: int = 200,
    points: int = 4,
    rate: float = 0.02,
    batch: int | None = None,
    reads: int = 61,
    seed: int = 0,
) -> Path:
    """Quadratic Bezier curve of least mean energy between two solutions.

    ``theta(t) = (1 - t)^2 theta_0 + 2 t (1 - t) theta_c + t^2 theta_1``; the control point descends the mean energy
    over `points` stratified draws of t in each step, by Adam.

    Notes
    -----
    Garipov, Izmailov, Podoprikhin, Vetrov, Wilson, NeurIPS 2018.
    """
    control = 0.5 * (one + two)
    dice = torch.Generator().manual_seed(seed)
    first, second = torch.zeros_like(control), torch.zeros_like(control)
    for step in range(steps):
        t = ((torch.arange(points) + torch.rand(points, generator=dice)) / points).to(control)
        rows = _rows(network, batch, dice)
        _, slope = network.gradients(_bezier_points(torch.stack([one, control, two]), t), rows)
        pull = (2.0 * t * (1.0 - t)) @ slope / points
        control = _adam(control, pull, first, second, count=step + 1, rate=rate * (1.0 - 0.9 * step / steps))
    pivots = torch.stack([one, control, two])
    place = np.linspace(0.0, 1.0, reads)
    curve = _bezier_points(pivots, torch.from_numpy(place).to(control))
    return Path("bezier", pivots, place, _energies(network, curve), steps * points + reads)


def lowest_path(paths: list[Path]) -> Path:
    """Path with the lowest saddle; the first of equals."""
    return min(paths, key=lambda path: path.saddle)


# ---------------------------------------------------------------------------------------------


def _relax(
    network: Batched,
    pivots: Tensor,
    *,
    steps: int,
    rate: float,
    batch: int | None,
    dice: torch.Generator,
    until: float,
    progress: Progress,
) -> tuple[Tensor, int]:
    first, second = torch.zeros_like(pivots[1:-1]), torch.zeros_like(pivots[1:-1])
    ends = network.losses(pivots[[0, -1]])
    for step in range(steps):
        if time.perf_counter() > until:
            steps = step
            break
        loss, slope = network.gradients(pivots[1:-1], _rows(network, batch, dice))
        tangent = _tangents(pivots, torch.cat([ends[:1], loss, ends[1:]]))
        force = slope - (slope * tangent).sum(1, keepdim=True) * tangent
        inner = _adam(pivots[1:-1], force, first, second, count=step + 1, rate=rate * 0.1 ** (step / max(steps, 1)))
        pivots = _even(torch.cat([pivots[:1], inner, pivots[-1:]]))
        if step % 20 == 0:
            progress("connecting", step / steps)
    return pivots, steps * (len(pivots) - 2)


def _adam(value: Tensor, slope: Tensor, first: Tensor, second: Tensor, *, count: int, rate: float) -> Tensor:
    """One step; the moments change in place."""
    first.lerp_(slope, 0.1)
    second.lerp_(slope * slope, 0.01)
    low = (second / (1.0 - 0.99**count)).sqrt_().add_(1e-8)
    return torch.addcdiv(value, first, low, value=-rate / (1.0 - 0.9**count))


def _tangents(pivots: Tensor, energy: Tensor) -> Tensor:
    """Unit tangents at the inner images: toward the higher neighbour, mixed at an extremum."""
    ahead, behind = pivots[2:] - pivots[1:-1], pivots[1:-1] - pivots[:-2]
    up, down = energy[2:] - energy[1:-1], energy[:-2] - energy[1:-1]
    most, least = torch.maximum(up.abs(), down.abs()), torch.minimum(up.abs(), down.abs())
    rising = energy[2:] > energy[:-2]
    weight = torch.where(rising, most, least)[:, None] * ahead + torch.where(rising, least, most)[:, None] * behind
    tangent = torch.where(((up > 0) & (down <= 0))[:, None], ahead, weight)
    tangent = torch.where(((down > 0) & (up <= 0))[:, None], behind, tangent)
    length = tangent.norm(dim=1, keepdim=True)
    return tangent / length.clamp_min(1e-30)


def _along(pivots: Tensor, place: Floats) -> Tensor:
    """Points of a polyline whose corners are evenly numbered: 0 at the first, 1 at the last."""
    at = np.clip(place, 0.0, 1.0) * (len(pivots) - 1)
    left = np.minimum(at.astype(int), len(pivots) - 2)
    share = torch.from_numpy(at - left).to(pivots)[:, None]
    return torch.lerp(pivots[left], pivots[left + 1], share)


def _even(pivots: Tensor) -> Tensor:
    """Images spread evenly along the polyline through them."""
    length = (pivots[1:] - pivots[:-1]).norm(dim=1).double().cpu().numpy()
    total = np.concatenate([[0.0], np.cumsum(length)])
    if total[-1] <= 0.0:
        return pivots
    wanted = np.linspace(0.0, total[-1], len(pivots))
    left = np.clip(np.searchsorted(total, wanted, side="right") - 1, 0, len(pivots) - 2)
    share = (wanted - total[left]) / np.maximum(length[left], 1e-30)
    moved = torch.lerp(pivots[left], pivots[left + 1], torch.from_numpy(share).to(pivots)[:, None])
    moved[0], moved[-1] = pivots[0], pivots[-1]
    return moved


def _inserted(network: Batched, pivots: Tensor) -> tuple[Tensor, int]:
    """Put an image into every segment whose middle rises above the line by a fifth of the path's barrier."""
    middle = 0.5 * (pivots[1:] + pivots[:-1])
    energy = _energies(network, torch.cat([pivots, middle]))
    corner, between = energy[: len(pivots)], energy[len(pivots) :]
    rise = between - 0.5 * (corner[1:] + corner[:-1])
    scale = max(float(energy.max() - max(energy[0], energy[len(pivots) - 1])), 1e-12)
    wanted = rise > 0.2 * scale
    rows = []
    for number in range(len(middle)):
        rows.append(pivots[number])
        if wanted[number]:
            rows.append(middle[number])
    return torch.stack([*rows, pivots[-1]]), len(energy)


def _dense(pivots: Tensor, reads: int) -> tuple[Floats, Tensor]:
    count = (len(pivots) - 1) * reads + 1
    place = np.linspace(0.0, 1.0, count)
    return place, _along(pivots, place)


def _bezier_points(pivots: Tensor, t: Tensor) -> Tensor:
    weight = torch.stack([(1.0 - t) ** 2, 2.0 * t * (1.0 - t), t**2], dim=1)
    return weight @ pivots


def _rows(network: Batched, batch: int | None, dice: torch.Generator) -> Tensor | None:
    if batch is None or batch >= network.samples:
        return None
    return torch.randint(network.samples, (batch,), generator=dice)


def _energies(network: Batched, vectors: Tensor) -> Floats:
    found: Floats = network.losses(vectors.to(network.dtype)).double().cpu().numpy()
    return found
