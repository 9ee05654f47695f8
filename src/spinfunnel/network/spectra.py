"""Spectral shape of the weights: the power law of each layer's eigenvalues, and its stable rank."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.network.directions import _vector
from spinfunnel.network.loss_landscape import NetworkLandscape

__all__ = ["LayerSpectrum", "PowerLaw", "layer_spectra", "power_law"]

FEWEST = 20
"""Eigenvalues below which a tail cannot be told from chance."""
FEWEST_IN_TAIL = 8
MOST_CANDIDATES = 200
"""Values tried as the beginning of the tail, evenly spread over the ranks where there are more."""


@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """Tail ``p(x) ~ x^-alpha`` for ``x >= smallest``.

    Attributes
    ----------
    alpha : Estimate
        With the central 95 % of refits, the tail's beginning included, to resampled eigenvalues. Eigenvalues of one
        matrix repel each other and are not independent, so that this is a guide rather than a coverage.
    smallest : float
        Where the tail begins.
    tail : int
        Number of values in it.
    distance : float
        Kolmogorov-Smirnov distance of the tail and the fit.
    plausible : float
        Share of synthetic samples of the same kind whose fit is worse (Clauset, Shalizi, Newman, section 4); below 0.1
        the power law is rejected, and alpha describes nothing.
    """

    alpha: Estimate
    smallest: float
    tail: int
    distance: float
    plausible: float


@dataclass(frozen=True, slots=True, eq=False)
class LayerSpectrum:
    """Spectrum of one layer's weights, a matrix (outputs, everything else).

    Attributes
    ----------
    name : str
    shape : tuple of int
    eigenvalues : array of float64
        Squared singular values, descending.
    power_law : PowerLaw or NoAnswer
    """

    name: str
    shape: tuple[int, ...]
    eigenvalues: NDArray[np.float64]
    power_law: PowerLaw | NoAnswer

    @property
    def alpha(self) -> Measurement:
        """Exponent of the tail, or why there is none."""
        return self.power_law if isinstance(self.power_law, NoAnswer) else self.power_law.alpha

    @property
    def stable_rank(self) -> Measurement:
        """``|W|_F^2 / |W|_2^2``, between 1 and the rank."""
        if not self.eigenvalues[0] > 0.0:
            return NoAnswer("zero_matrix", "all weights are zero", "train the layer first")
        return Estimate.exactly(float(self.eigenvalues.sum() / self.eigenvalues[0]))


def layer_spectra(
    landscape: NetworkLandscape, point: torch.Tensor | None = None, *, resamples: int = 200, seed: int = 0
) -> tuple[LayerSpectrum, ...]:
    """Spectra of all layers with weights of two axes or more, at a point (the model itself unless given).

    Convolutions are taken as matrices (outputs, inputs x height x width). Under 20 eigenvalues there is no exponent.

    Source: Martin, Mahoney, J. Mach. Learn. Res. 22, 165 (2021).

    Examples
    --------
    >>> from spinfunnel.systems import perceptron
    >>> spectra = layer_spectra(perceptron(8, seed=1))
    >>> [(layer.name, len(layer.eigenvalues)) for layer in spectra]
    [('0.weight', 8), ('2.weight', 8)]
    >>> print(spectra[0].alpha)
    too_few_eigenvalues: 8 eigenvalues are fewer than the 20 from which a tail can be told; look at a wider layer
    """
    vector = landscape.start if point is None else _vector(landscape, point)
    found = []
    for number, (name, weights) in enumerate(landscape.state(vector).items()):
        if weights.ndim >= 2 and min(len(weights), weights.numel() // max(1, len(weights))) > 0:
            values = torch.linalg.svdvals(weights.reshape(len(weights), -1).double()).square().cpu().numpy()
            fit = power_law(values, resamples=resamples, seed=seed + number)
            found.append(LayerSpectrum(name, tuple(weights.shape), values, fit))
    return tuple(found)


def power_law(values: NDArray[np.float64], *, resamples: int = 200, seed: int = 0) -> PowerLaw | NoAnswer:
    """Fit a power-law tail: maximum likelihood, its beginning where the Kolmogorov-Smirnov distance is smallest.

    ``alpha = 1 + n / sum ln(x / x_min)`` over the n values above x_min.

    Parameters
    ----------
    values : array
        Positive ones are used.
    resamples : int
        Refits for the interval of alpha, and as many for the test of the fit.

    Source: Clauset, Shalizi, Newman, SIAM Rev. 51, 661 (2009).

    Examples
    --------
    >>> draws = (1.0 - np.random.default_rng(1).random(1000)) ** (-1 / 1.5)
    >>> fit = power_law(draws, resamples=50)
    >>> fit.alpha.low < 2.5 < fit.alpha.high and fit.plausible > 0.1
    True
    """
    if resamples < 20:
        raise InputError(f"resamples={resamples} is out of range: give 20 or more")
    x = np.sort(np.asarray(values, np.float64))
    if not np.isfinite(x).all():
        return NoAnswer("not_finite", "some eigenvalues are no finite numbers", "look at the weights of this layer")
    x = x[x > 1e-12 * max(float(x[-1]) if len(x) else 0.0, 1e-300)]
    if len(x) < FEWEST:
        cause = f"{len(x)} eigenvalues are fewer than the {FEWEST} from which a tail can be told"
        return NoAnswer("too_few_eigenvalues", cause, "look at a wider layer")
    if x[0] == x[-1]:
        return NoAnswer("equal_eigenvalues", "all eigenvalues are equal", "nothing to do: there is no tail")
    alpha, start, distance = _fit(x)
    rng = np.random.default_rng([seed, 21])
    refits = np.array([_fit(np.sort(rng.choice(x, len(x))))[0] for _ in range(resamples)])
    worse = sum(_fit(_synthetic(x, alpha, start, rng))[2] >= distance for _ in range(resamples))
    low, high = (float(bound) for bound in np.quantile(refits, [0.025, 0.975]))
    estimate = Estimate(alpha, min(low, alpha), max(high, alpha))
    return PowerLaw(estimate, float(x[start]), len(x) - start, distance, worse / resamples)


def _fit(x: NDArray[np.float64]) -> tuple[float, int, float]:
    """Exponent, beginning of the tail and distance of ascending positive values."""
    count = len(x)
    starts = np.arange(max(1, count - FEWEST_IN_TAIL + 1))
    if len(starts) > MOST_CANDIDATES:
        starts = np.unique(np.linspace(0, starts[-1], MOST_CANDIDATES).astype(np.int64))
    logs = np.log(x)
    above = np.cumsum(logs[::-1])[::-1]
    best = math.inf, 0, math.inf
    for start in starts.tolist():
        tail = count - start
        total = float(above[start] - tail * logs[start])
        if total <= 1e-12:
            continue
        alpha = 1.0 + tail / total
        model = 1.0 - np.exp((1.0 - alpha) * (logs[start:] - logs[start]))
        steps = np.arange(tail + 1) / tail
        distance = float(max((steps[1:] - model).max(), (model - steps[:-1]).max()))
        if distance < best[2]:
            best = alpha, start, distance
    if math.isinf(best[0]):  # a resample of one value, repeated: as steep as the grid of doubles allows
        return 1e3, 0, 1.0
    return best


def _synthetic(x: NDArray[np.float64], alpha: float, start: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A sample that is a power law above x[start] and the data themselves below."""
    count = len(x)
    above = int(rng.binomial(count, (count - start) / count))
    tail = x[start] * (1.0 - rng.random(above)) ** (1.0 / (1.0 - alpha))
    body = rng.choice(x[:start], count - above) if start else x[start] * np.ones(count - above)
    return np.sort(np.concatenate([body, tail]))
