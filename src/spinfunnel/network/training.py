"""Ensembles: one network trained from many starts, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network.batched import Batched, suited_threads

__all__ = ["Recipe", "Trained", "polish", "train"]

Optimiser = Literal["adam", "sgd", "langevin"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How networks are trained.

    Attributes
    ----------
    optimiser : {"adam", "sgd", "langevin"}
        Adam (Kingma, Ba 2015), gradient descent with momentum, or a slow annealer: Langevin dynamics
        ``theta <- theta - eta g + sqrt(2 eta T) xi`` whose temperature falls to 0.
    epochs : int
        Passes over the data.
    batch : int
        Samples in each step; all where there are no more.
    rate : float
        Learning rate; it falls to 0 as a half cosine.
    momentum : float
        Of "sgd".
    noise : float
        Scale of Gaussian noise added to each gradient, in units of the gradient's own norm per parameter.
    dropout : float or None
        Rate of the model's dropout layers while training; their own when None.
    temperature : float
        At which "langevin" starts, in units of the energy.
    """

    optimiser: Optimiser = "adam"
    epochs: int = 60
    batch: int = 128
    rate: float = 0.01
    momentum: float = 0.9
    noise: float = 0.0
    dropout: float | None = None
    temperature: float = 1e-3

    def __post_init__(self) -> None:
        if self.optimiser not in {"adam", "sgd", "langevin"}:
            raise InputError(f"there is no optimiser {self.optimiser!r}; there are adam, sgd and langevin")
        for name, low in (("epochs", 0), ("batch", 1)):
            if getattr(self, name) < low:
                raise InputError(f"{name}={getattr(self, name)} is out of range: give {name} >= {low}")
        for name in ("rate", "noise", "temperature", "momentum"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name}={getattr(self, name)} is out of range: give a finite number of at least 0")
        if self.dropout is not None and not 0.0 <= self.dropout < 1.0:
            raise InputError(f"dropout={self.dropout} is out of range: give 0 <= dropout < 1")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Where training ended.

    Attributes
    ----------
    start, end : Tensor, shape (K, D)
    energy : array of float64, shape (K,)
        At the end, over all data.
    slope : array of float64, shape (K,)
        Norm of the gradient at the end: 0 at a minimum.
    curve : array of float64, shape (K, epochs)
        Mean energy over the steps of each epoch.
    evaluations : int
        Energies of single samples that were computed, in units of the data set.
    """

    start: Tensor
    end: Tensor
    energy: np.ndarray
    slope: np.ndarray
    curve: np.ndarray
    evaluations: int


def train(
    network: Batched,
    seeds: Sequence[int],
    *,
    recipe: Recipe | None = None,
    start: Tensor | None = None,
    progress: Progress = no_progress,
) -> Trained:
    """Train a network from several starts, each with batches and noise of its own.

    Parameters
    ----------
    network : Batched
    seeds : sequence of int
        One for each network: of its start, its batches and its noise. A network does not depend on its company but
        for rounding.
    recipe : Recipe, optional
    start : Tensor, shape (K, D), optional
        Where to start; drawn anew unless given.

    Raises
    ------
    InputError
        When training leads to energies that are not finite.

    Examples
    --------
    >>> from torch import nn
    >>> from spinfunnel.network.batched import Batched
    >>> from spinfunnel.network.landscape import NetworkLandscape
    >>> x = torch.linspace(-1, 1, 32)[:, None]
    >>> line = Batched(NetworkLandscape(nn.Linear(1, 1), nn.MSELoss(), (x, 3.0 * x - 1.0)))
    >>> end = train(line, [0, 1], recipe=Recipe(epochs=300, batch=8, rate=0.05)).end
    >>> [[round(float(value), 2) for value in row] for row in end]
    [[3.0, -1.0], [3.0, -1.0]]
    """
    recipe = recipe or Recipe()
    begin = torch.stack([network.fresh(seed) for seed in seeds]) if start is None else start.clone()
    dice = [torch.Generator().manual_seed(int(seed) * 7919 + 17) for seed in seeds]
    batch = min(recipe.batch, network.samples)
    steps = max(1, network.samples // batch)
    whole = recipe.epochs * steps
    state = _State(begin.clone(), recipe)
    curve = np.zeros((len(seeds), recipe.epochs))
    with suited_threads(network), network.dropout(recipe.dropout), torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seeds[0]) if len(seeds) else 0)  # Of dropout masks, which the modules draw globally.
        for epoch in range(recipe.epochs):
            order = None
            if batch < network.samples:
                order = torch.stack([torch.randperm(network.samples, generator=one) for one in dice])
            sums = torch.zeros(len(seeds), dtype=torch.float64)
            for step in range(steps):
                rows = None if order is None else order[:, step * batch : (step + 1) * batch]
                loss, slope = network.gradients(state.vectors, rows)
                sums += loss.double()
                state.step(slope, share=(epoch * steps + step) / whole, dice=dice)
            curve[:, epoch] = (sums / steps).numpy()
            if not np.isfinite(curve[:, epoch]).all():
                raise InputError(
                    f"training diverged in epoch {epoch + 1}: the loss is not finite; "
                    f"lower the learning rate of {recipe.rate:g}"
                )
            progress("training", (epoch + 1) / recipe.epochs)
    loss, slope = network.gradients(state.vectors)
    return Trained(
        begin,
        state.vectors,
        loss.double().numpy(),
        slope.norm(dim=1).double().numpy(),
        curve,
        len(seeds) * (recipe.epochs + 1),
    )


class _State:
    """Parameters and moments of an ensemble under one recipe."""

    def __init__(self, vectors: Tensor, recipe: Recipe) -> None:
        self.vectors, self.recipe = vectors, recipe
        self.first, self.second, self.count = torch.zeros_like(vectors), torch.zeros_like(vectors), 0

    def step(self, slope: Tensor, *, share: float, dice: list[torch.Generator]) -> None:
        recipe = self.recipe
        rate = recipe.rate * 0.5 * (1.0 + math.cos(math.pi * share))
        if recipe.noise > 0.0:
            scale = recipe.noise * slope.norm(dim=1, keepdim=True) / math.sqrt(slope.shape[1])
            slope = slope + scale * _normal(slope, dice)
        if recipe.optimiser == "adam":
            self.count += 1
            self.first.lerp_(slope, 0.1)
            self.second.lerp_(slope * slope, 0.001)
            low = (self.second / (1.0 - 0.999**self.count)).sqrt_().add_(1e-8)
            self.vectors.addcdiv_(self.first, low, value=-rate / (1.0 - 0.9**self.count))
        elif recipe.optimiser == "sgd":
            self.first.mul_(recipe.momentum).add_(slope)
            self.vectors.add_(self.first, alpha=-rate)
        else:
            # The rate stays, the temperature falls: an annealer.
            heat = recipe.temperature * (1.0 - share) ** 2
            self.vectors.add_(slope, alpha=-recipe.rate)
            self.vectors.add_(_normal(slope, dice), alpha=math.sqrt(2.0 * recipe.rate * heat))


def _normal(like: Tensor, dice: list[torch.Generator]) -> Tensor:
    return torch.stack([torch.randn(like.shape[1], generator=one, dtype=like.dtype) for one in dice])


def polish(
    network: Batched, vectors: Tensor, *, tolerance: float = 1e-6, steps: int = 2000, progress: Progress = no_progress
) -> tuple[Tensor, np.ndarray, np.ndarray, int]:
    """Descend to true minima by L-BFGS over all data in double precision.

    Parameters
    ----------
    network : Batched
    vectors : Tensor, shape (K, D)
    tolerance : float
        Largest component of the gradient at which a descent stops.
    steps : int
        Most iterations of each.

    Returns
    -------
    vectors : Tensor of float64, shape (K, D)
    energy, slope : array of float64, shape (K,)
        Energies, and norms of the gradient.
    evaluations : int
    """
    from scipy.optimize import minimize

    exact = Batched(network.landscape, dtype=torch.float64)

    def both(vector: np.ndarray) -> tuple[float, np.ndarray]:
        loss, slope = exact.gradients(torch.from_numpy(vector)[None])
        return float(loss[0]), slope[0].numpy()

    ends, calls = [], 0
    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 0.0, "gtol": tolerance, "maxcor": 20}
    with suited_threads(exact):
        for number, vector in enumerate(vectors.double().numpy()):
            found = minimize(both, vector, jac=True, method="L-BFGS-B", options=options)
            ends.append(torch.from_numpy(found.x))
            calls += int(found.nfev)
            progress("descending to minima", (number + 1) / len(vectors))
    end = torch.stack(ends)
    loss, slope = exact.gradients(end)
    return end, loss.numpy(), slope.norm(dim=1).numpy(), calls
