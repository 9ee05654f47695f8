"""Ensembles: one network trained from many starts, side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network.batched import Batched, suited_threads

__all__ = ["Recipe", "Settled", "Trained", "polish", "settle", "train"]

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
        Mean energy over the steps of each epoch; of fewer epochs where time was over.
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
    until: float = math.inf,
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
    until : float
        Reading of `time.perf_counter` after which no epoch begins but the first.

    Raises
    ------
    InputError
        When training leads to energies that are not finite.

    Examples
    --------
    >>> from torch import nn
    >>> from spinfunnel.network.batched import Batched
    >>> from spinfunnel.network.loss_landscape import NetworkLandscape
    >>> x = torch.linspace(-1, 1, 32)[:, None]
    >>> line = Batched(NetworkLandscape(nn.Linear(1, 1), nn.MSELoss(), (x, 3.0 * x - 1.0)))
    >>> end = train(line, [0, 1], recipe=Recipe(epochs=300, batch=8, rate=0.05)).end
    >>> [[round(float(value), 2) for value in row] for row in end]
    [[3.0, -1.0], [3.0, -1.0]]
    """
    recipe = recipe or Recipe()
    begin = torch.stack([network.fresh(seed) for seed in seeds]) if start is None else start.clone()
    dice = [torch.Generator().manual_seed(int(seed) * 7919 + 17) for seed in seeds]
    state = _State(begin.clone(), recipe)
    curve = np.zeros((len(seeds), recipe.epochs))
    with suited_threads(network), _random_masks(network, recipe, seed=int(seeds[0]) if len(seeds) else 0):
        for epoch in range(recipe.epochs):
            curve[:, epoch] = _epoch(network, state, epoch, dice)
            if not np.isfinite(curve[:, epoch]).all():
                raise InputError(
                    f"training diverged in epoch {epoch + 1}: the loss is not finite; "
                    f"lower the learning rate of {recipe.rate:g}"
                )
            progress("training", (epoch + 1) / recipe.epochs)
            if time.perf_counter() > until:
                curve = curve[:, : epoch + 1]
                break
    loss, slope = network.gradients(state.vectors)
    return Trained(
        begin,
        state.vectors,
        loss.double().cpu().numpy(),
        slope.norm(dim=1).double().cpu().numpy(),
        curve,
        len(seeds) * (curve.shape[1] + 1),
    )


@contextmanager
def _random_masks(network: Batched, recipe: Recipe, *, seed: int) -> Iterator[None]:
    """Within: dropout layers are active where the model has any, with masks that the seed decides."""
    with network.dropout(recipe.dropout):
        if not network.drops:
            yield
            return
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # The modules draw their masks from the global generator.
            yield


def _epoch(network: Batched, state: _State, epoch: int, dice: list[torch.Generator]) -> np.ndarray:
    """One pass over the data; the mean energies (K,) over its steps."""
    recipe, count = state.recipe, len(state.vectors)
    batch = min(recipe.batch, network.samples)
    steps = max(1, network.samples // batch)
    order = None
    if batch < network.samples:
        order = torch.stack([torch.randperm(network.samples, generator=one) for one in dice])
    sums = torch.zeros(count, dtype=torch.float64, device=state.vectors.device)
    for step in range(steps):
        rows = None if order is None else order[:, step * batch : (step + 1) * batch]
        loss, slope = network.gradients(state.vectors, rows)
        sums += loss.double()
        state.step(slope, share=(epoch * steps + step) / (recipe.epochs * steps), dice=dice)
    return (sums / steps).cpu().numpy()


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Where training that was gone on with ended, and how far it still moved.

    Attributes
    ----------
    end : Tensor, shape (K, D)
    gain : array of float64, shape (K,)
        Energy that the last round took away; NaN where there was one round only.
    epochs : int
        In all rounds; 0 of a round that was a descent by L-BFGS.
    rounds : int
        After the first.
    evaluations : int
    cut : bool
        Whether time was over before training had converged or had all its rounds.
    """

    end: Tensor
    gain: np.ndarray
    epochs: int
    rounds: int
    evaluations: int
    cut: bool = False


def settle(
    network: Batched,
    seeds: Sequence[int],
    *,
    recipe: Recipe,
    start: Tensor,
    rounds: int,
    tolerance: float,
    polishing: int = 0,
    until: float = math.inf,
    progress: Progress = no_progress,
) -> Settled:
    """Train, and go on until another round of training no longer lowers the energy.

    Each further round is half as long as all before it together, from where the last one ended and with the learning
    rate raised anew, so that what it gains is a measured answer to "would longer training help?". The slope of the
    training curve is none: it is flat at the end of every round, because the learning rate falls to 0.

    Parameters
    ----------
    network : Batched
    seeds : sequence of int
    recipe : Recipe
        Of the first round.
    start : Tensor, shape (K, D)
    rounds : int
        Further rounds at most.
    tolerance : float
        Mean gain of a round at which training counts as converged, in units of the fall from the mean energy of the
        starts.
    polishing : int
        Steps of a descent by L-BFGS over all data that ends the first round and takes the place of all others; 0 for
        none.
    until : float
        Reading of `time.perf_counter` after which training ends with what it has.
    """

    def relay(stage: str, done: float) -> None:
        progress(stage, (number + done) / (rounds + 1))

    number = 0
    top = float(network.losses(start).mean())
    found = train(network, seeds, recipe=recipe, start=start, until=until, progress=relay)
    end, energy, epochs, spent = found.end, found.energy, found.curve.shape[1], found.evaluations
    cut = epochs < recipe.epochs
    if polishing and not cut:
        end, energy, _, more = polish(network, end, steps=polishing, until=until, progress=relay)
        spent += more
    gain = np.full(len(seeds), np.nan)
    for number in range(1, rounds + 1):
        cut = cut or time.perf_counter() > until
        if cut:
            number -= 1
            break
        if polishing:
            end, lower, _, more = polish(network, end, steps=polishing, until=until, progress=relay)
        else:
            further = replace(recipe, epochs=max(1, epochs // 2))
            seeds_now = [seed + number for seed in seeds]
            found = train(network, seeds_now, recipe=further, start=end, until=until, progress=relay)
            done, spent = found.curve.shape[1], spent + found.evaluations
            if done < further.epochs:
                # The learning rate was raised anew: what a broken round leaves lies higher than what it began with.
                cut, number = True, number - 1
                break
            epochs, end, lower, more = epochs + done, found.end, found.energy, 0
        gain, energy, spent = energy - lower, lower, spent + more
        if float(np.mean(gain)) <= tolerance * (top - float(np.mean(energy))):
            break
    return Settled(end.to(network.dtype), gain, epochs, number, spent, cut)


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
    drawn = [torch.randn(like.shape[1], generator=one, dtype=like.dtype) for one in dice]
    return torch.stack(drawn).to(like.device)


def polish(
    network: Batched,
    vectors: Tensor,
    *,
    tolerance: float = 1e-6,
    steps: int = 2000,
    until: float = math.inf,
    progress: Progress = no_progress,
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
    until : float
        Reading of `time.perf_counter` after which descents end where they are.

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
        return float(loss[0]), slope[0].cpu().numpy()

    def look_at_the_clock(_: np.ndarray) -> None:
        if time.perf_counter() > until:
            raise StopIteration

    ends, calls = [], 0
    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 0.0, "gtol": tolerance, "maxcor": 20}
    with suited_threads(exact):
        for number, vector in enumerate(vectors.double().cpu().numpy()):
            found = minimize(both, vector, jac=True, method="L-BFGS-B", options=options, callback=look_at_the_clock)
            ends.append(torch.from_numpy(found.x))
            calls += int(found.nfev)
            progress("descending to minima", (number + 1) / len(vectors))
    end = torch.stack(ends).to(vectors.device)
    loss, slope = exact.gradients(end)
    return end, loss.cpu().numpy(), slope.norm(dim=1).cpu().numpy(), calls
