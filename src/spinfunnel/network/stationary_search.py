"""All stationary points of a small network, by Newton's method side by side from many starts, symmetric copies merged.

Minima: descent along ``-|H|^-1 g``, each eigenvalue of the Hessian in absolute value (Dauphin et al., NeurIPS 2014).
Saddles: the squared gradient brought to zero by Levenberg and Marquardt's method. Each point is verified by its
gradient and has its index counted; from a saddle of index 1 both ways down are followed, so that it is known what it
joins. Rounds of searches from new random starts and from around what is known go on until one has brought nothing new.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import factorial
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network.alignment import Alignment, apply
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["LARGEST", "Stationary", "stationary_points"]

LARGEST = 40
"""Weights up to which all stationary points are sought."""
MOST_COPIES = 400
GRADIENT = 1e-8
"""Norm of the gradient below which a point counts as stationary."""
FLAT = 1e-7
"""Eigenvalue below which, in absolute value, a direction counts as flat."""
SAME = 1e-3
AROUND = 4
"""Searches of each round around every point of those before; they count in no statistics."""
ROUNDS, FEWEST, OFTEN = 8, 2, 3
"""Rounds at most and at least; they end when searches from random starts have met every point three times."""
NUDGE = 1e-3
"""Length of the step off a saddle along its mode."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stationary:
    """Stationary points up to symmetry, in order of their energy.

    Attributes
    ----------
    points : Tensor of float64, shape (n, D)
    energy : array of float64, shape (n,)
    slope : array of float64, shape (n,)
        Norm of the gradient.
    index : array of int64, shape (n,)
        Negative eigenvalues of the Hessian: 0 at a minimum.
    flat : array of int64, shape (n,)
        Eigenvalues within 1e-7 of 0.
    visits : array of int64, shape (n,)
        Descents from random starts that ended in each minimum; searches that ended in each other point.
    copies : array of int64, shape (n,)
        Distinct symmetric copies of each.
    joins : mapping of int to (int, int)
        Minima at the two feet of each saddle of index 1.
    unseen : float
        Chance that one more search finds a new point, by Good and Turing: the share of searches that ended at a
        point met once.
    searches : int
        Number of searches made.
    """

    points: Tensor
    energy: NDArray[np.float64]
    slope: NDArray[np.float64]
    index: Ints
    flat: Ints
    visits: Ints
    copies: Ints
    joins: dict[int, tuple[int, int]]
    unseen: float
    searches: int

    @property
    def minima(self) -> Ints:
        """Numbers of the minima."""
        return np.flatnonzero(self.index == 0)

    @property
    def saddles(self) -> Ints:
        """Numbers of the saddles of index 1."""
        return np.flatnonzero(self.index == 1)


def stationary_points(
    landscape: NetworkLandscape, *, starts: int = 600, seed: int = 0, progress: Progress = no_progress
) -> Stationary:
    """All stationary points that searches from many starts find.

    Parameters
    ----------
    landscape : NetworkLandscape
        Of few weights; with weight decay, so that minima are points and not valleys.
    starts : int
        Of each kind of search.
    seed : int

    Raises
    ------
    InputError
        For more than 40 weights, no weight decay, or a network on a GPU.
    """
    if landscape.device.type != "cpu":
        raise InputError(
            f"stationary points are not sought on {landscape.device}, which is slow for so few weights; give device=cpu"
        )
    if landscape.dimension > LARGEST:
        raise InputError(
            f"{landscape.dimension} weights are too many to find every stationary point; {LARGEST} at most: take a "
            "smaller network, or map its solutions by training"
        )
    if landscape.weight_decay <= 0.0:
        raise InputError("without weight decay minima are valleys or lie at infinity; give weight_decay=0.001 or so")
    network = Batched(landscape, dtype=torch.float64)
    rng = np.random.default_rng(seed)
    with suited_threads(network):
        low = _descend(network, _random(rng, starts, landscape.dimension), radius=0.3)
        progress("stationary points", 0.2)
        third = starts // 3
        again = low[torch.from_numpy(rng.integers(0, starts, 2 * third))]
        between = 0.5 * (again[:third] + again[third:])
        free = torch.cat([low, _flatten_gradient(network, torch.cat([between, _shaken(rng, low)]))])
        images, near = _copies(landscape), free[:0]
        for turn in range(ROUNDS):
            progress("stationary points", 0.3 + 0.6 * turn / ROUNDS)
            more = torch.cat([_random(rng, starts, landscape.dimension), _shaken(rng, low)])
            free = torch.cat([free, _flatten_gradient(network, more)])
            found = _classified(network, torch.cat([free, near]), images, descents=starts, counted=len(free))
            if turn >= FEWEST and found[5].min() >= OFTEN:
                break
            # What is rarely met lies near what is known.
            around = _shaken(rng, found[0].repeat(AROUND, 1))
            near = torch.cat([near, _flatten_gradient(network, around)])
        joins = _feet(network, found, images)
    progress("stationary points", 1.0)
    return Stationary(*found, joins=joins[0], unseen=joins[1], searches=len(free) + len(near))


# ---------------------------------------------------------------------------------------------


def _random(rng: np.random.Generator, count: int, size: int) -> Tensor:
    """Random starts of four spreads, shape (count, size)."""
    spread = rng.choice([0.3, 1.0, 2.0, 4.0], (count, 1))
    return torch.from_numpy(rng.standard_normal((count, size)) * spread)


def _shaken(rng: np.random.Generator, points: Tensor) -> Tensor:
    """Points with noise of three strengths."""
    scale = torch.from_numpy(rng.choice([0.2, 0.6, 1.5], (len(points), 1)))
    return points + scale * torch.from_numpy(rng.standard_normal(tuple(points.shape)))


def _slopes(network: Batched, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    energy, slope = network.gradients(points)
    return energy, slope, network.hessians(points)


def _descend(network: Batched, points: Tensor, *, radius: float, steps: int = 150) -> Tensor:
    """Follow the energy down, each point by steps of its own length at most `radius`."""
    here, reach = points.clone(), torch.full((len(points), 1), radius, dtype=points.dtype)
    active = torch.arange(len(here))
    for _ in range(steps):
        energy, slope, curve = _slopes(network, here[active])
        value, vector = torch.linalg.eigh(curve)
        along = (vector.transpose(1, 2) @ slope[:, :, None])[:, :, 0]
        step = -(vector @ (along / value.abs().clamp_min(1e-4))[:, :, None])[:, :, 0]
        length = step.norm(dim=1, keepdim=True).clamp_min(1e-300)
        step = step * torch.clamp(reach[active] / length, max=1.0)
        better = network.losses(here[active] + step) <= energy + 1e-15
        here[active] = torch.where(better[:, None], here[active] + step, here[active])
        reach[active] = torch.where(better[:, None], (1.5 * reach[active]).clamp(max=radius), 0.25 * reach[active])
        active = active[(slope.norm(dim=1) > 1e-12) & (reach[active][:, 0] > 1e-12)]
        if len(active) == 0:
            break
    return here


def _flatten_gradient(network: Batched, points: Tensor, *, steps: int = 80) -> Tensor:
    """Bring half the squared gradient to zero: steps ``-(H H + mu)^-1 H g``."""
    here = points.clone()
    damp = torch.full((len(here),), 1e-2, dtype=here.dtype)
    one = torch.eye(here.shape[1], dtype=here.dtype)
    active = torch.arange(len(here))
    for _ in range(steps):
        _, slope, curve = _slopes(network, here[active])
        system = curve @ curve + damp[active][:, None, None] * one
        step = -torch.linalg.solve(system, (curve @ slope[:, :, None]))[:, :, 0]
        _, ahead = network.gradients(here[active] + step)
        better = ahead.norm(dim=1) < slope.norm(dim=1)
        here[active] = torch.where(better[:, None], here[active] + step, here[active])
        damp[active] = torch.where(better, damp[active] * 0.2, damp[active] * 4.0).clamp(1e-14, 1e6)
        active = active[(slope.norm(dim=1) > 1e-13) & (damp[active] < 1e5)]
        if len(active) == 0:
            break
    return here


def _copies(landscape: NetworkLandscape) -> Tensor:
    """Every symmetric copy as a signed rearrangement: rows of (place, sign) packed as ``sign * (place + 1)``."""
    groups = Alignment(landscape).groups
    size = landscape.dimension
    number = 1
    for group in groups:
        number *= factorial(group.units) * (2**group.units if group.signs else 1)
    if number > MOST_COPIES:
        raise InputError(f"every point has {number} symmetric copies; {MOST_COPIES} at most are compared")
    marks = [torch.arange(1.0, size + 1.0, dtype=torch.float64)]
    for group in groups:
        signs = itertools.product([1.0, -1.0], repeat=group.units) if group.signs else [(1.0,) * group.units]
        turns = [(order, sign) for sign in signs for order in itertools.permutations(range(group.units))]
        marks = [apply(landscape, group, mark, order=order, sign=sign) for mark in marks for order, sign in turns]
    return torch.stack(marks)


def _images(point: Tensor, copies: Tensor) -> Tensor:
    """All symmetric copies of a point, shape (copies, D)."""
    return point[copies.abs().long() - 1] * copies.sign()


_Found: TypeAlias = tuple[Tensor, NDArray[np.float64], NDArray[np.float64], Ints, Ints, Ints, Ints]


def _classified(network: Batched, points: Tensor, copies: Tensor, *, descents: int, counted: int) -> _Found:
    """Points that are stationary, each once, with energy, gradient, index, flat directions, visits and copies.

    The first `counted` points count as visits, and of minima only the first `descents`.
    """
    energy, slope = network.gradients(points)
    size = slope.norm(dim=1)
    good = (size <= GRADIENT) & torch.isfinite(energy) & (points.norm(dim=1) < 1e3)
    place = torch.nonzero(good)[:, 0]
    place = place[torch.argsort(energy[place], stable=True)]
    kept: list[int] = []
    visits: list[int] = []
    for number in place.tolist():
        home = _home(points[number], float(energy[number]), [points[k] for k in kept], energy[kept], copies)
        if home is None:
            kept.append(number)
            visits.append(0)
        visits[-1 if home is None else home] += number < counted
    if not kept:
        raise InputError("no search ended at a stationary point: raise the weight decay")
    values = torch.linalg.eigvalsh(network.hessians(points[kept]))
    index, flat = (values < -FLAT).sum(1).cpu().numpy(), (values.abs() <= FLAT).sum(1).cpu().numpy()
    orbit = [len(torch.unique((_images(points[k], copies) / SAME).round(), dim=0)) for k in kept]
    # Minima are visited by descents from random starts, so that visits are shares of space.
    for rank in np.flatnonzero(index == 0):
        ends = [number for number in place.tolist() if number < descents]
        point, level = [points[kept[rank]]], energy[[kept[rank]]]
        visits[rank] = sum(_home(points[one], float(energy[one]), point, level, copies) is not None for one in ends)
    return (
        points[kept],
        energy[kept].cpu().numpy(),
        size[kept].cpu().numpy(),
        index.astype(np.int64),
        flat.astype(np.int64),
        np.array(visits, np.int64),
        np.array(orbit, np.int64),
    )


def _home(point: Tensor, energy: float, known: list[Tensor], energies: Tensor, copies: Tensor) -> int | None:
    """Which of the known points this one is a copy of."""
    near = torch.nonzero((energies - energy).abs() <= 1e-9 * (1.0 + abs(energy)))[:, 0].tolist()
    if not near:
        return None
    images = _images(point, copies)
    for number in near:
        if float((images - known[number]).norm(dim=1).min()) <= SAME * (1.0 + float(point.norm())):
            return int(number)
    return None


def _to_minima(network: Batched, points: Tensor) -> Tensor:
    """Minima below points (n, D).

    A way down that keeps a symmetry of its saddle ends at a lower saddle; it is left along that one's lowest mode.
    """
    ends = points
    for _ in range(3):
        # Short steps at first, so that the way down is that of steepest descent; long ones at its foot.
        ends = _descend(network, _descend(network, ends, radius=0.05, steps=200), radius=0.3)
        value, vector = torch.linalg.eigh(network.hessians(ends))
        stuck = value[:, 0] < -FLAT
        if not stuck.any():
            break
        ends = torch.where(stuck[:, None], ends + NUDGE * vector[:, :, 0], ends)
    return ends


def _feet(network: Batched, found: _Found, copies: Tensor) -> tuple[dict[int, tuple[int, int]], float]:
    """Minima below each saddle of index 1, and the chance of something new."""
    points, energy, _, index, _, visits, _ = found
    saddles, minima = np.flatnonzero(index == 1), np.flatnonzero(index == 0)
    unseen = float((visits <= 1).sum()) / max(float(visits.sum()), 1.0)
    if len(saddles) == 0:
        return {}, unseen
    _, vector = torch.linalg.eigh(network.hessians(points[saddles]))
    down = vector[:, :, 0]
    sides = torch.cat([points[saddles] + NUDGE * down, points[saddles] - NUDGE * down])
    ends = _to_minima(network, sides)
    known, lowest = torch.from_numpy(energy[minima]), list(points[minima])
    level = network.losses(ends).tolist()
    rows = [_home(end, value, lowest, known, copies) for end, value in zip(ends, level, strict=True)]
    joins = {}
    for place, saddle in enumerate(saddles.tolist()):
        one, two = rows[place], rows[place + len(saddles)]
        if one is not None and two is not None:
            joins[saddle] = (int(minima[one]), int(minima[two]))
    return joins, unseen
