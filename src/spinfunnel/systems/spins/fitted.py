"""Maximum-entropy models fitted to observations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.spin_tables import SpinTable, read_spin_table
from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.spins.exact_likelihood import fit_interactions, probabilities
from spinfunnel.systems.spins.glasses import subsets
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["fitted_model"]

MOST = 24


def fitted_model(
    file: str = "",
    *,
    order: int = 2,
    ridge: float = 0.0,
    rows: str = "auto",
    binarise: str = "mean",
    n: int = 10,
    samples: int = 1000,
    seed: int = 0,
) -> SpinPolynomial:
    """Fit ``E(s) = -sum_S theta_S prod_{i in S} s_i`` to observations by exact likelihood; T = 1 is that of the data.

    Parameters
    ----------
    file : str
        Table of observations (see `read_spin_table`); without one, samples of a known model are drawn.
    order : int
        Largest number of spins that interact, 1 to 3; 2 is the pairwise model.
    ridge : float
        Strength of the penalty ``ridge |theta|^2 / 2`` for one sample.
    rows : {"auto", "samples", "variables"}
    binarise : {"mean", "median"}
    n, samples, seed : int
        Without a file: variables, samples and seed of a model with couplings and fields N(0, 1/n).

    The note tells the accuracy: the share of the divergence from independent variables that the model explains.

    Raises
    ------
    InputError
        For a table that cannot be used, more than 24 variables, or a likelihood that has no maximum.

    Source: Schneidman, Berry, Segev, Bialek, Nature 440, 1007 (2006).

    Examples
    --------
    >>> fitted_model(n=4, samples=500).labels
    ('x0', 'x1', 'x2', 'x3')
    """
    check_range("order", order, low=1, high=3)
    check_range("ridge", ridge, low=0)
    table = read_spin_table(file, rows=rows, binarise=binarise) if file else _drawn(n, samples, seed)
    size = len(table.names)
    check_range("variables", size, low=2, high=MOST)
    sets = [subsets(size, k) for k in range(1, min(order, size) + 1)]
    masks = np.concatenate([_masks(part) for part in sets])
    means = np.concatenate([_means(table.samples, part) for part in sets])
    theta = fit_interactions(means, masks, size, ridge=ridge)
    accuracy = _accuracy(table.samples, theta, means, masks)
    parts = np.split(-theta, np.cumsum([len(part) for part in sets])[:-1])
    known = {"file": file, "rows": rows, "binarise": binarise} if file else {"n": n, "samples": samples, "seed": seed}
    return SpinPolynomial(
        size,
        list(zip(sets, parts, strict=True)),
        name="fit",
        parameters={"order": order, "ridge": ridge, **known},
        labels=table.names,
        note=f"{table.note}; accuracy {accuracy:.10f}",
    )


def _accuracy(
    samples: NDArray[np.float64], theta: NDArray[np.float64], means: NDArray[np.float64], masks: NDArray[np.int64]
) -> float:
    """Share of the divergence of independent variables from the data that a model explains, ``(D_1 - D) / D_1``."""
    size = samples.shape[1]
    _, count = np.unique(samples, axis=0, return_counts=True)
    observed = count / len(samples)
    entropy = -float(observed @ np.log(observed))
    up = (1 + samples.mean(axis=0)) / 2
    independent = -float(up @ np.log(up) + (1 - up) @ np.log1p(-up)) - entropy
    model = probabilities(theta, masks, size)[1] - float(theta @ means) - entropy
    return 1.0 - model / independent if independent > 0 else 0.0


def _masks(sets: NDArray[np.int32]) -> NDArray[np.int64]:
    return (np.int64(1) << sets.astype(np.int64)).sum(axis=1)


def _means(samples: NDArray[np.float64], sets: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.array([samples[:, members].prod(axis=1).mean() for members in sets])


def _drawn(n: int, samples: int, seed: int) -> SpinTable:
    """Draw independent samples of a pairwise model, exactly."""
    check_range("n", n, low=2, high=MOST)
    check_range("samples", samples, low=n + 1, high=10_000_000)
    rng = disorder(seed)
    masks = np.concatenate([_masks(subsets(n, 1)), _masks(subsets(n, 2))])
    p, _ = probabilities(rng.standard_normal(len(masks)) / np.sqrt(n), masks, n)
    states = rng.choice(len(p), size=samples, p=p)
    spins = np.where((states[:, None] >> np.arange(n)) & 1, 1.0, -1.0)
    return SpinTable(spins, tuple(f"x{i}" for i in range(n)), f"{samples} samples drawn from a known model")
