"""What the Hessian of a network says: top eigenvalues, trace, spectral density, index; each with its convergence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, mean_estimate
from spinfunnel.network.curvature import Curvature, dense_hessian

__all__ = [
    "Eigenvalues",
    "LayerFigures",
    "SpectralDensity",
    "eigenvalues",
    "index",
    "layer_figures",
    "spectral_density",
    "trace",
]

Which = Literal["largest", "smallest", "magnitude"]


class Operator(Protocol):
    """A symmetric matrix that is known by its products; `point` says of which kind its vectors are."""

    point: torch.Tensor

    @property
    def dimension(self) -> int:
        """Number of rows."""
        ...

    def products(self, vectors: torch.Tensor) -> torch.Tensor:
        """Products with vectors (D, K), or with one (D,)."""
        ...


CHECK_EVERY = 2
"""Steps between two looks at the residuals."""
KEPT = 1 << 28
"""Bytes of products that are kept to compute residuals from."""
EXACT = 3000
"""Weights up to which the index is counted on the dense Hessian."""
FINEST = 0.005
"""Share of the largest magnitude to which a density of 100 steps tells eigenvalues from zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenvalues:
    """Eigenvalues from one end of the spectrum, and how good they are.

    Attributes
    ----------
    values : array of float64, shape (k,)
        From the end inwards.
    residuals : array of float64, shape (k,)
        ``|H v - lambda v|`` of the unit vectors found, H v being summed from the very products that were made (or made
        anew, where they would take more than 256 MiB to keep): within this of each value there is an eigenvalue of the
        Hessian, to the rounding of the products.
    vectors : torch.Tensor, shape (k, D)
    converged : bool
        Whether every residual is below the tolerance that was asked for.
    products : int
        Hessian-vector products that it took.
    """

    values: NDArray[np.float64]
    residuals: NDArray[np.float64]
    vectors: torch.Tensor
    converged: bool
    products: int

    def estimate(self, number: int = 0) -> Estimate:
        """One eigenvalue with the interval in which its residual confines an eigenvalue."""
        value = float(self.values[number])
        # A residual can be smaller than the rounding of the value itself.
        radius = max(float(self.residuals[number]), 8.0 * np.finfo(np.float64).eps * abs(value))
        return Estimate(value, value - radius, value + radius)


def eigenvalues(
    curvature: Operator,
    *,
    count: int = 5,
    which: Which = "largest",
    tolerance: float = 1e-4,
    steps: int = 200,
    seed: int = 0,
) -> Eigenvalues:
    """Eigenvalues from one end of the spectrum, by Lanczos's method with full reorthogonalisation.

    Parameters
    ----------
    curvature : Curvature
    count : int
    which : {"largest", "smallest", "magnitude"}
        "smallest" is the most negative end.
    tolerance : float
        Largest residual, in units of the largest magnitude of an eigenvalue. The error of an isolated eigenvalue is of
        the order of the residual squared over its distance from the next.
    steps : int
        Products at most; without convergence by then, `Eigenvalues.converged` is False and the residuals say how far it
        came.
    seed : int
        Of the start vector.

    Notes
    -----
    One start vector meets each eigenspace once: of equal eigenvalues one is found. A loose tolerance can be met before
    an eigenvalue has appeared at all: at 1e-3 and at 3e-4 one start in 200 passed over the fifth eigenvalue of a small
    network, at 1e-4 none did.

    Source: Golub, Van Loan, Matrix Computations (2013), chapter 10.
    """
    size = curvature.dimension
    if not 1 <= count <= size:
        raise InputError(f"count={count} is out of range: give 1 to {size}, the number of weights")
    if not 0.0 < tolerance < 1.0 or steps < 1:
        raise InputError(f"tolerance={tolerance} or steps={steps} is out of range: give 0 < tolerance < 1, steps >= 1")
    most = min(steps, size)
    keep = most * size * curvature.point.element_size() <= KEPT
    basis = _Basis(curvature, 1, seed=seed, keep=keep)
    while True:
        basis.extend(min(CHECK_EVERY, most - basis.steps))
        theta, bound, chosen, vectors = _ritz(basis, count=count, which=which)
        scale = max(float(np.abs(theta).max()), 1e-300)
        enough = len(chosen) == count and bool((bound[chosen] <= 0.5 * tolerance * scale).all())
        if enough or basis.steps >= most or basis.exhausted:
            break
    found = torch.as_tensor(vectors[:, chosen].T, dtype=curvature.point.dtype, device=curvature.point.device)
    ritz = found @ basis.vectors[: basis.steps, 0]
    length = ritz.norm(dim=1, keepdim=True)
    ritz = ritz / length
    more = 0 if keep else len(ritz)
    images = found @ torch.cat(basis.images) / length if keep else curvature.products(ritz)
    images, vector = images.double(), ritz.double()
    values = (images * vector).sum(1) / vector.square().sum(1)
    residuals = (images - values[:, None] * vector).norm(dim=1).cpu().numpy()
    done = len(chosen) == count and bool((residuals <= tolerance * scale).all())
    return Eigenvalues(values.cpu().numpy(), residuals, ritz, done, basis.steps + more)


def _ritz(
    basis: _Basis, *, count: int, which: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Ritz values, their residual bounds, which are wanted, and their coordinates."""
    theta, vectors = basis.ritz(0, basis.steps)
    bound = np.abs(basis.beta[-1][0] * vectors[-1])
    key = {"largest": -theta, "smallest": theta, "magnitude": -np.abs(theta)}[which]
    return theta, bound, np.argsort(key, kind="stable")[:count], vectors


class _Basis:
    """Orthonormal bases of Krylov spaces of several start vectors, grown side by side."""

    def __init__(
        self, curvature: Operator, probes: int, *, seed: int, rademacher: bool = False, keep: bool = False
    ) -> None:
        self._curvature, self._keep = curvature, keep
        self.images: list[torch.Tensor] = []
        rng = np.random.default_rng([seed, 16])
        shape = probes, curvature.dimension
        drawn = 2.0 * rng.integers(0, 2, shape) - 1.0 if rademacher else rng.standard_normal(shape)
        start = torch.as_tensor(drawn).to(curvature.point.device, curvature.point.dtype)
        self.vectors = torch.empty((8, *shape), dtype=start.dtype, device=start.device)
        self.vectors[0] = start / start.norm(dim=1, keepdim=True)
        self.alpha: list[NDArray[np.float64]] = []
        self.beta: list[NDArray[np.float64]] = []
        self.exhausted = False

    @property
    def steps(self) -> int:
        """Dimension of the spaces."""
        return len(self.alpha)

    def extend(self, count: int) -> None:
        """Grow every space by so many dimensions."""
        for _ in range(count):
            if self.exhausted:
                return
            self._step()

    def _step(self) -> None:
        number = self.steps
        if number + 1 >= len(self.vectors):
            self.vectors = torch.cat([self.vectors, torch.empty_like(self.vectors)])
        here = self.vectors[number]
        image = self._curvature.products(here)
        if not bool(torch.isfinite(image).all()):
            raise InputError("a product with the Hessian is not finite at this point: there is no spectrum to report")
        if self._keep:
            self.images.append(image)
        alpha = (image * here).sum(1)
        before = image.norm(dim=1)
        known = self.vectors[: number + 1].permute(1, 0, 2)
        image = self._orthogonal(image, known)
        length = image.norm(dim=1)
        # Once more where most of the vector was taken away (Daniel, Gragg, Kaufman, Stewart 1976).
        if bool((length < 0.7 * before).any()):
            image = self._orthogonal(image, known)
            length = image.norm(dim=1)
        self.alpha.append(alpha.double().cpu().numpy())
        self.beta.append(length.double().cpu().numpy())
        scale = max(float(np.abs(np.array(self.alpha)).max()), float(np.max(self.beta)), 1e-300)
        tiny = 30 * torch.finfo(image.dtype).eps * scale
        if number + 1 >= self._curvature.dimension or float(self.beta[-1].max()) <= tiny:
            self.exhausted = True
            self.beta[-1] = np.zeros_like(self.beta[-1])
            return
        self.vectors[number + 1] = image / length.clamp_min(tiny)[:, None]

    @staticmethod
    def _orthogonal(image: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        # A row times a matrix: the library is ten times as slow on the columns of a batch.
        parts = torch.bmm(image[:, None], known.transpose(1, 2))
        return image - torch.bmm(parts, known)[:, 0]

    def ritz(self, probe: int, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues and vectors of the Hessian in the basis that one probe had after so many steps."""
        from scipy.linalg import eigh_tridiagonal

        alpha = np.array([row[probe] for row in self.alpha[:steps]])
        beta = np.array([row[probe] for row in self.beta[: steps - 1]])
        values, vectors = eigh_tridiagonal(alpha, beta)
        return values, vectors


# ---------------------------------------------------------------------------------------------
# Trace


def trace(curvature: Curvature, *, products: int = 150, seed: int = 0) -> Measurement:
    """Trace of the Hessian by Hutch++, with a 95 % interval.

    A third of the products finds the space Q of the large eigenvalues, a third its trace exactly, and a third samples
    what is left: ``tr(Q'HQ) + mean of g'(1 - QQ')H(1 - QQ')g``, g of random signs; the interval is Student's t of those
    samples, and the error falls like 1 / products where the eigenvalues decay. With as many products as weights, or
    more, the trace is exact.

    Source: Meyer, Musco, Musco, Woodruff, SIAM Symp. Simplicity Algorithms, 142 (2021).
    """
    size = curvature.dimension
    if products < 6:
        raise InputError(f"products={products} is out of range: give 6 or more")
    if size <= products:
        return Estimate.exactly(float(dense_hessian(curvature).trace()))
    third = products // 3
    rng = np.random.default_rng([seed, 17])
    point = curvature.point

    def signs(count: int) -> torch.Tensor:
        return torch.as_tensor(2.0 * rng.integers(0, 2, (count, size)) - 1.0).to(point.device, point.dtype)

    sketch = torch.linalg.qr(curvature.products(signs(third)).T).Q.T
    within = float((curvature.products(sketch) * sketch).sum(dtype=torch.float64))
    probes = signs(products - 2 * third)
    rest = probes - (probes @ sketch.T) @ sketch
    samples = (curvature.products(rest) * rest).sum(1, dtype=torch.float64).cpu().numpy()
    if not math.isfinite(within) or not np.isfinite(samples).all():
        return NoAnswer("not_finite", "a product with the Hessian is not finite", "look at the loss at this point")
    outside = mean_estimate(samples)
    return Estimate(within + outside.value, within + outside.low, within + outside.high)


# ---------------------------------------------------------------------------------------------
# Density


@dataclass(frozen=True, slots=True, eq=False)
class SpectralDensity:
    """The spectrum's density as Gauss quadratures of several random vectors.

    Attributes
    ----------
    nodes, weights : array of float64, shape (probes, steps)
        The density is the mean over probes of ``sum_k weights_k delta(x - nodes_k)``; weights of a probe sum to 1.
    dimension : int
        Number of weights.
    change : float
        Largest difference of the cumulative density between half the steps and all: how much further steps might
        still matter.
    spread : float
        Largest standard error over probes of the cumulative density.
    products : int
    """

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    dimension: int
    change: float
    spread: float
    products: int

    def density(self, x: NDArray[np.float64], *, width: float | None = None) -> NDArray[np.float64]:
        """Density at x, each node widened to a Gaussian of this standard deviation (1 % of the span unless given)."""
        sigma = self.width if width is None else width
        distance = (x[:, None] - self.nodes.ravel()[None, :]) / sigma
        kernel = np.exp(-0.5 * distance**2) / (sigma * math.sqrt(2.0 * math.pi))
        return np.asarray(kernel @ self.weights.ravel() / len(self.nodes))

    @property
    def width(self) -> float:
        """Standard deviation that `density` uses: 1 % of the span of the nodes."""
        return max(0.01 * float(self.nodes.max() - self.nodes.min()), 1e-12)

    def below(self, threshold: float) -> Estimate:
        """Share of eigenvalues below a threshold, with a 95 % interval over probes."""
        shares = (self.weights * (self.nodes < threshold)).sum(1)
        found = mean_estimate(shares)
        low, high = max(0.0, found.low), min(1.0, found.high)
        return Estimate(min(max(found.value, low), high), low, high)

    @property
    def trace(self) -> Estimate:
        """Trace, with a 95 % interval over probes (Hutchinson's estimate; `trace` is sharper)."""
        return mean_estimate(self.dimension * (self.weights * self.nodes).sum(1))


def spectral_density(curvature: Curvature, *, steps: int = 100, probes: int = 10, seed: int = 0) -> SpectralDensity:
    """Density of the Hessian's eigenvalues by stochastic Lanczos quadrature, all probes side by side.

    Parameters
    ----------
    curvature : Curvature
    steps : int
        Lanczos steps of each probe, with full reorthogonalisation.
    probes : int
        Random vectors, at least 2.
    seed : int

    Notes
    -----
    The outermost nodes converge to the outermost eigenvalues; inside, features finer than ``span / steps`` are not
    resolved, and single eigenvalues are not told from their neighbours.

    Source: Lin, Saad, Yang, SIAM Rev. 58, 34 (2016); Ghorbani, Krishnan, Xiao, ICML (2019).
    """
    if steps < 2 or probes < 2:
        raise InputError(f"steps={steps} and probes={probes} are out of range: give 2 or more of each")
    basis = _Basis(curvature, probes, seed=seed, rademacher=True)
    basis.extend(min(steps, curvature.dimension))
    full = [basis.ritz(probe, basis.steps) for probe in range(probes)]
    nodes = np.array([values for values, _ in full])
    weights = np.array([vectors[0] ** 2 for _, vectors in full])
    half = max(1, basis.steps // 2)
    fewer = [basis.ritz(probe, half) for probe in range(probes)]
    change, spread = _convergence(nodes, weights, fewer)
    return SpectralDensity(nodes, weights, curvature.dimension, change, spread, basis.steps * probes)


def _convergence(nodes: NDArray[np.float64], weights: NDArray[np.float64], fewer: list[Any]) -> tuple[float, float]:
    """Change of the smoothed cumulative density from half the steps to all, and its standard error over probes."""
    span = float(nodes.max() - nodes.min())
    sigma = max(0.01 * span, 1e-12)
    x = np.linspace(nodes.min() - 3 * sigma, nodes.max() + 3 * sigma, 400)

    def cumulative(place: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.special import ndtr

        return np.asarray(ndtr((x[:, None] - place[None, :]) / sigma) @ share)

    whole = np.array([cumulative(place, share) for place, share in zip(nodes, weights, strict=True)])
    halves = np.array([cumulative(values, vectors[0] ** 2) for values, vectors in fewer])
    change = float(np.abs(whole.mean(0) - halves.mean(0)).max())
    return change, float((whole.std(0, ddof=1) / math.sqrt(len(nodes))).max())


# ---------------------------------------------------------------------------------------------
# Index and layers


def index(curvature: Curvature, *, tolerance: float = 1e-6, seed: int = 0) -> Measurement:
    """Number of negative eigenvalues, those below ``-tolerance`` times the largest magnitude.

    Counted on the dense Hessian up to 3000 weights. Beyond that the share of the spectral density below the same
    threshold, times the number of weights, with the interval over 10 probes: networks have so many eigenvalues near
    zero that this needs a tolerance of 0.005 or more, which must be asked for.
    """
    size = curvature.dimension
    if size <= EXACT:
        values = torch.linalg.eigvalsh(dense_hessian(curvature).double())
        threshold = -tolerance * float(values.abs().max())
        return Estimate.exactly(float((values < threshold).sum()))
    if tolerance < FINEST:
        return NoAnswer(
            "too_many_weights",
            f"{size} weights are beyond the {EXACT} of a dense Hessian, and a density cannot tell eigenvalues within "
            f"{tolerance:g} of the largest from zero",
            f"count those below a tolerance of {FINEST} or more",
        )
    density = spectral_density(curvature, steps=100, probes=10, seed=seed)
    share = density.below(-tolerance * float(np.abs(density.nodes).max()))
    return Estimate(size * share.value, size * share.low, size * share.high)


@dataclass(frozen=True, slots=True, eq=False)
class LayerFigures:
    """Curvature of one parameter tensor, all others held fixed.

    Attributes
    ----------
    name : str
    weights : int
    largest : Eigenvalues
        Of the block of the Hessian that belongs to the tensor.
    trace : Estimate or NoAnswer
    """

    name: str
    weights: int
    largest: Eigenvalues
    trace: Measurement


def layer_figures(
    curvature: Curvature, *, most: int | None = None, probes: int = 32, steps: int = 60, seed: int = 0
) -> tuple[LayerFigures, ...]:
    """Largest eigenvalue, of at most `steps` products, and trace of every parameter tensor's own block of the Hessian.

    With `most` only so many tensors are looked at, the largest ones, in the order of the model.
    Traces of blocks of at most ``2 * probes`` weights are exact; those of larger ones are Hutchinson's, from `probes`
    vectors of random signs, with a 95 % interval.
    """
    found = []
    layout = curvature.landscape.layout
    largest_first = sorted(range(len(layout)), key=lambda k: layout[k].start - layout[k].stop)
    for number in sorted(largest_first[:most]):
        block = layout[number]
        part = curvature.block(block.name)
        size = part.dimension
        largest = eigenvalues(part, count=1, tolerance=1e-3, steps=steps, seed=seed)
        measured: Measurement
        if size <= 2 * probes:
            eye = torch.eye(size, dtype=part.point.dtype, device=part.point.device)
            measured = Estimate.exactly(float(part.products(eye).diagonal().sum()))
        else:
            rng = np.random.default_rng([seed, 18, number])
            drawn = torch.as_tensor(2.0 * rng.integers(0, 2, (probes, size)) - 1.0).to(
                part.point.device, part.point.dtype
            )
            measured = mean_estimate((part.products(drawn) * drawn).sum(1).double().cpu().numpy())
        found.append(LayerFigures(block.name, size, largest, measured))
    return tuple(found)
