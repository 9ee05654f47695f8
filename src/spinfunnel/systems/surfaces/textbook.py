"""Textbook surfaces whose stationary points are known: quadratic, double wells, Mueller-Brown, camel, Himmelblau."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter
from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape, import_torch

__all__ = ["double_wells", "himmelblau", "mueller_brown", "quadratic", "six_hump_camel"]

Floats = NDArray[np.float64]


def quadratic(n: int = 3, *, condition: float = 10.0, seed: int = 0) -> TorchLandscape:
    """Bowl, ``E(x) = (x - c) . A (x - c) / 2``: one minimum, at c, with energy 0.

    Parameters
    ----------
    n : int
        Dimension, 1 to 1000.
    condition : float
        Ratio of the largest to the smallest eigenvalue of A; they run from 1 to it in equal ratios.
    seed : int
        Of the eigenvectors of A and of the centre c, standard normal.

    Examples
    --------
    >>> bowl = quadratic(2, condition=4, seed=1)
    >>> np.linalg.eigvalsh(bowl.hessian(np.zeros((1, 2)))[0]).round(12).tolist()
    [1.0, 4.0]
    """
    check_range("n", n, low=1, high=1000)
    check_range("condition", condition, low=1.0, high=1e8)
    rng = disorder(seed)
    turn = np.linalg.qr(rng.standard_normal((n, n)))[0]
    matrix = (turn * np.geomspace(1.0, condition, n)) @ turn.T
    matrix = 0.5 * (matrix + matrix.T)
    centre = rng.standard_normal(n)

    def energy(x: Any) -> Any:
        torch = import_torch()
        off = x - torch.as_tensor(centre).to(x)
        return 0.5 * (off * (off @ torch.as_tensor(matrix).to(x))).sum(1)

    given: dict[str, Parameter] = {"n": n, "condition": float(condition), "seed": seed}
    return TorchLandscape("quadratic", given, n, energy, _box([-4.0] * n, [4.0] * n), content=(matrix, centre))


def double_wells(n: int = 2, *, barrier: float = 1.0, tilt: float = 0.2, seed: int = 0) -> TorchLandscape:
    """Independent double wells, ``E(x) = sum_i barrier [(x_i^2 - 1)^2 + tilt x_i]``, in turned axes.

    Each coordinate has three stationary points, the roots of ``4 x^3 - 4 x + tilt``; together there are 3^n, of which
    2^n are minima and n 2^(n-1) are saddles of index 1. The lowest is the one with every coordinate in its lower well.

    Parameters
    ----------
    n : int
        Dimension, 1 to 12.
    barrier : float
        Height of each barrier without tilt.
    tilt : float
        0 to 1.5; above 1.5396 a well would vanish. Without tilt all minima are equal.
    seed : int
        Of the rotation of the axes.

    Examples
    --------
    Without tilt the barrier top is the origin:

    >>> double_wells(1, barrier=3, tilt=0).energy_and_gradient(np.zeros((1, 1)))[0].tolist()
    [3.0]
    """
    check_range("n", n, low=1, high=12)
    check_range("barrier", barrier, low=1e-6, high=1e6)
    check_range("tilt", tilt, low=0.0, high=1.5)
    turn = np.linalg.qr(disorder(seed).standard_normal((n, n)))[0]

    def energy(x: Any) -> Any:
        q = x @ import_torch().as_tensor(turn).to(x)
        return barrier * ((q * q - 1.0) ** 2 + tilt * q).sum(1)

    def starts(generator: np.random.Generator, count: int) -> Floats:
        return generator.uniform(-1.8, 1.8, (count, n)) @ turn.T

    given: dict[str, Parameter] = {"n": n, "barrier": float(barrier), "tilt": float(tilt), "seed": seed}
    return TorchLandscape("double-well", given, n, energy, starts, content=(turn,))


_DEPTH = (-200.0, -100.0, -170.0, 15.0)
_A, _B, _C = (-1.0, -1.0, -6.5, 0.7), (0.0, 0.0, 11.0, 0.6), (-10.0, -10.0, -6.5, 0.7)
_X, _Y = (1.0, 0.0, -0.5, -1.0), (0.0, 0.5, 1.5, 1.0)


def mueller_brown(*, scale: float = 1.0, seed: int = 0) -> TorchLandscape:
    """Mueller-Brown surface: three minima, two saddles, a bent path between them.

    ``E = scale sum_k D_k exp(a_k (x - X_k)^2 + b_k (x - X_k)(y - Y_k) + c_k (y - Y_k)^2)`` with
    D = (-200, -100, -170, 15), a = (-1, -1, -6.5, 0.7), b = (0, 0, 11, 0.6), c = (-10, -10, -6.5, 0.7),
    X = (1, 0, -0.5, -1), Y = (0, 0.5, 1.5, 1).

    Parameters
    ----------
    scale : float
        Factor of the energy.
    seed : int
        Not used: nothing is random.

    Source: Mueller, Brown, Theor. Chim. Acta 53, 75 (1979).

    Examples
    --------
    >>> mueller_brown().energy_and_gradient(np.array([[-0.5582236, 1.4417258]]))[0].round(4).tolist()
    [-146.6995]
    """
    check_range("seed", seed, low=0)
    check_range("scale", scale, low=1e-6, high=1e6)

    def energy(x: Any) -> Any:
        torch = import_torch()
        u, v = x[:, :1] - torch.tensor(_X).to(x), x[:, 1:] - torch.tensor(_Y).to(x)
        # Doubles first: these constants are no single-precision numbers.
        a, b, c, depth = (torch.tensor(row, dtype=torch.float64).to(x) for row in (_A, _B, _C, _DEPTH))
        return scale * (depth * torch.exp(a * u * u + b * u * v + c * v * v)).sum(1)

    given: dict[str, Parameter] = {"scale": float(scale)}
    return TorchLandscape("mueller-brown", given, 2, energy, _box([-1.5, -0.5], [1.2, 2.0]))


def six_hump_camel(*, seed: int = 0) -> TorchLandscape:
    """Six-hump camel, ``E = (4 - 2.1 x^2 + x^4 / 3) x^2 + x y + (4 y^2 - 4) y^2``: 15 stationary points.

    Six minima, seven saddles and two maxima, in pairs under ``(x, y) -> (-x, -y)`` but for the saddle at the origin;
    the lowest minima have the energy -1.0316284535.

    Parameters
    ----------
    seed : int
        Not used: nothing is random.

    Source: Dixon, Szegoe, Towards Global Optimisation 2, North-Holland (1978).

    Examples
    --------
    >>> six_hump_camel().energy_and_gradient(np.array([[0.08984201, -0.71265640]]))[0].round(7).tolist()
    [-1.0316285]
    """
    check_range("seed", seed, low=0)

    def energy(x: Any) -> Any:
        u, v = x[:, 0] ** 2, x[:, 1] ** 2
        return (4.0 - 2.1 * u + u * u / 3.0) * u + x[:, 0] * x[:, 1] + (4.0 * v - 4.0) * v

    return TorchLandscape("camel", {}, 2, energy, _box([-2.2, -1.2], [2.2, 1.2]))


def himmelblau(*, seed: int = 0) -> TorchLandscape:
    """Himmelblau's surface, ``E = (x^2 + y - 11)^2 + (x + y^2 - 7)^2``: nine stationary points.

    Four minima of energy 0, one of them at (3, 2), four saddles, and a maximum of energy 181.616522.

    Parameters
    ----------
    seed : int
        Not used: nothing is random.

    Source: Himmelblau, Applied Nonlinear Programming, McGraw-Hill (1972).

    Examples
    --------
    >>> himmelblau().energy_and_gradient(np.array([[3.0, 2.0]]))[0].tolist()
    [0.0]
    """
    check_range("seed", seed, low=0)

    def energy(x: Any) -> Any:
        return (x[:, 0] ** 2 + x[:, 1] - 11.0) ** 2 + (x[:, 0] + x[:, 1] ** 2 - 7.0) ** 2

    return TorchLandscape("himmelblau", {}, 2, energy, _box([-5.0, -5.0], [5.0, 5.0]))


def _box(low: list[float], high: list[float]) -> Callable[[np.random.Generator, int], Floats]:
    """Even random positions in a box."""
    return lambda generator, count: generator.uniform(low, high, (count, len(low)))
