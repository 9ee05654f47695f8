"""Aging (definition 14): how descent at a constant rate slows down with the time since its start.

The two-time mean squared displacement ``D(tw, tw + t) = mean over weights of (theta(tw + t) - theta(tw))^2`` depends on
t alone where a network diffuses in a stationary way, and falls with tw in a glass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Measurement, NoAnswer, mean_estimate
from spinfunnel.network.batched import Batched, suited_threads
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["TwoTime", "two_time"]


@dataclass(frozen=True, slots=True, eq=False)
class TwoTime:
    """Two-time functions of K networks at waiting times tw and lags t, in steps of descent.

    Attributes
    ----------
    waits : array of int64, shape (W,)
    lags : array of int64, shape (L,)
    displacement : array of float64, shape (K, W, L)
        Mean squared displacement ``D(tw, tw + t)`` per weight.
    overlap : array of float64, shape (K, W, L)
        Cosine of the angle between the weights at tw and at tw + t.
    """

    waits: NDArray[np.int64]
    lags: NDArray[np.int64]
    displacement: NDArray[np.float64]
    overlap: NDArray[np.float64]

    def exponents(self) -> tuple[Measurement, ...]:
        """``mu = -d ln D / d ln tw`` at every lag, with a 95 % interval over networks: 0 without aging, above it with.

        The slope is that of least squares over all waiting times, of each network alone.
        """
        return tuple(self._exponent(place) for place in range(len(self.lags)))

    def _exponent(self, place: int) -> Measurement:
        moved = self.displacement[:, :, place]
        if len(moved) < 2 or len(self.waits) < 2:
            cause = "a slope needs two waiting times, and its interval two networks"
            return NoAnswer("too_few", cause, "give more of them")
        if not (moved > 0.0).all():
            cause = f"some network did not move in {int(self.lags[place])} steps"
            return NoAnswer("at_rest", cause, "raise the rate or the lag, or take smaller batches")
        x = np.log(self.waits)
        x = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
        return mean_estimate(-np.log(moved) @ x)


def two_time(
    landscape: NetworkLandscape,
    *,
    networks: int = 6,
    waits: Sequence[int] = (10, 30, 100, 300),
    lags: Sequence[int] = (10, 100),
    rate: float = 0.05,
    batch: int = 64,
    seed: int = 0,
) -> TwoTime:
    """Descend by plain SGD at a constant rate from several starts and compare the weights at two times.

    Parameters
    ----------
    landscape : NetworkLandscape
    networks : int
    waits, lags : sequence of int
        Steps, 1 or more.
    rate : float
        Constant, without momentum: any other schedule is a clock of its own.
    batch : int
        Samples of each step, drawn with replacement; all, without noise, where there are no more.
    seed : int

    Raises
    ------
    InputError
        For times or a rate out of range, and where the loss ceases to be finite.

    Source: Baity-Jesi, Sagun, Geiger, Spigler, Ben Arous, Cammarota, LeCun, Wyart, Biroli, ICML (2018).

    Examples
    --------
    On one parabola, of curvature 1, a step of rate 1/2 halves the distance, so that D falls by 4 a step:

    >>> from torch import nn
    >>> model = nn.Linear(1, 1, bias=False)
    >>> parabola = lambda output, _: 0.5 * output.square().mean()
    >>> network = NetworkLandscape(model, parabola, (torch.ones(2, 1), torch.zeros(2)), dtype="float64")
    >>> moved = two_time(network, networks=2, waits=[1, 2, 4], lags=[1], rate=0.5).displacement[0, :, 0]
    >>> (moved[0] / moved).round(6).tolist()
    [1.0, 4.0, 64.0]
    """
    times = [*waits, *lags]
    if networks < 1 or batch < 1 or not times or min(times) < 1 or not waits or not lags or not 0.0 < rate < np.inf:
        raise InputError("networks, batch, waits and lags must be 1 or more, and the rate a positive number")
    network = Batched(landscape)
    kept = _walk(network, {*waits, *(w + t for w in waits for t in lags)}, networks, rate, batch, seed)
    shape = networks, len(waits), len(lags)
    moved, overlap = np.empty(shape), np.empty(shape)
    for row, wait in enumerate(waits):
        for column, lag in enumerate(lags):
            one, two = kept[wait].double(), kept[wait + lag].double()
            moved[:, row, column] = (two - one).square().mean(1).cpu().numpy()
            overlap[:, row, column] = torch.nn.functional.cosine_similarity(one, two, dim=1).cpu().numpy()
    return TwoTime(np.array(waits, np.int64), np.array(lags, np.int64), moved, overlap)


def _walk(
    network: Batched, times: set[int], networks: int, rate: float, batch: int, seed: int
) -> dict[int, torch.Tensor]:
    """Weights (K, D) at the times asked for."""
    vectors = torch.stack([network.fresh(1000 * seed + k) for k in range(networks)])
    dice = torch.Generator().manual_seed(7919 * seed + 14)
    kept = {}
    with suited_threads(network):
        for step in range(1, max(times) + 1):
            drawn = torch.randint(0, network.samples, (networks, batch), generator=dice)
            energy, slope = network.gradients(vectors, drawn if batch < network.samples else None)
            if not bool(torch.isfinite(energy).all()):
                raise InputError(f"descent diverged in step {step}: the loss is not finite; lower the rate of {rate:g}")
            vectors = vectors - rate * slope
            if step in times:
                kept[step] = vectors
    return kept
