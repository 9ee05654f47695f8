"""Random optimisation problems: maximum cut and number partitioning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.ranges import check_choice, check_range, disorder
from spinfunnel.systems.spins.glasses import subsets
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["maximum_cut", "number_partitioning"]


def maximum_cut(
    n: int = 16, *, probability: float = 0.5, degree: int = 0, weights: str = "one", seed: int = 0
) -> SpinPolynomial:
    """Maximum cut of a random graph, ``E = sum_{i<j} w_ij s_i s_j`` = (sum of weights) - 2 cut.

    Parameters
    ----------
    n : int
        Number of vertices, at least 2.
    probability : float
        Of each edge (Erdos-Renyi), unless `degree` is given.
    degree : int
        When positive, the graph is a random regular one of this degree.
    weights : {"one", "bimodal", "gaussian"}
        1, +-1, or N(0, 1).
    seed : int

    Source: Karp (1972); Helmberg, Rendl, SIAM J. Optim. 10, 673 (2000), for the convention of weights.

    Examples
    --------
    >>> graph = maximum_cut(10, degree=3, seed=1)
    >>> len(graph.terms[2][1])
    15
    """
    check_range("n", n, low=2)
    check_range("probability", probability, low=0.0, high=1.0)
    check_range("degree", degree, low=0, high=n - 1)
    check_choice("weights", weights, ("one", "bimodal", "gaussian"))
    rng = disorder(seed)
    if degree:
        pairs = regular_graph(n, degree, rng)
    else:
        every = subsets(n, 2).astype(np.int64)
        pairs = every[rng.random(len(every)) < probability]
    if len(pairs) == 0:
        raise InputError(
            f"the graph of n={n}, probability={probability}, seed={seed} has no edge: raise the probability"
        )
    weight: NDArray[np.float64] = np.ones(len(pairs))
    if weights == "bimodal":
        weight = 2.0 * rng.integers(0, 2, len(pairs)).astype(np.float64) - 1.0
    elif weights == "gaussian":
        weight = rng.normal(size=len(pairs))
    facts: dict[str, Parameter] = {
        "n": n,
        "probability": probability,
        "degree": degree,
        "weights": weights,
        "seed": seed,
    }
    return SpinPolynomial(n, [(pairs, weight)], name="maxcut", parameters=facts)


def regular_graph(n: int, degree: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Edges of a random regular graph: stubs paired at random, loops and repeats swapped away.

    Steger, Wormald, Combin. Probab. Comput. 8, 377 (1999): pair remaining stubs that fit, start over when stuck.
    """
    if n * degree % 2:
        raise InputError(f"no graph of {n} vertices has degree {degree} everywhere: make n or the degree even")
    if 2 * degree > n - 1:
        pairs = subsets(n, 2).astype(np.int64)
        if degree == n - 1:
            return pairs
        missing = {tuple(edge) for edge in regular_graph(n, n - 1 - degree, rng).tolist()}
        return np.array([pair for pair in pairs.tolist() if tuple(pair) not in missing], np.int64)
    while True:
        edges: set[tuple[int, int]] = set()
        stubs: NDArray[np.int64] = np.repeat(np.arange(n), degree)
        stuck = 0
        while len(stubs) and stuck < 50:
            rng.shuffle(stubs)
            left = []
            for a, b in stubs.reshape(-1, 2).tolist():
                edge = (min(a, b), max(a, b))
                if a == b or edge in edges:
                    left += [a, b]
                else:
                    edges.add(edge)
            stuck = stuck + 1 if len(left) == len(stubs) else 0
            stubs = np.array(left, np.int64)
        if not len(stubs):
            return np.array(sorted(edges), np.int64)


def number_partitioning(n: int = 14, *, bits: int = 12, seed: int = 0) -> SpinPolynomial:
    """Number partitioning, ``E = (sum_i a_i s_i)^2`` with a_i uniform in 1, ..., 2^bits.

    The square keeps the energy a polynomial of order 2 and has the same minima, basins and order of saddles as the
    absolute difference of the two parts, which is its root. Energies are exact whole numbers.

    Parameters
    ----------
    n : int
        Number of numbers, at least 2.
    bits : int
        Size of the numbers; bounded so that energies stay below 2^52.
    seed : int

    Source: Mertens, Phys. Rev. Lett. 81, 4281 (1998); Stadler, Hordijk, Fontanari, Phys. Rev. E 67, 056701 (2003).

    Examples
    --------
    >>> problem = number_partitioning(8, bits=4, seed=1)
    >>> energies = np.empty(128)
    >>> problem.enumerate(energies)
    >>> float(np.sqrt(energies.min())) % 1.0
    0.0
    """
    check_range("n", n, low=2, high=100_000)
    check_range("bits", bits, low=1, high=int((51.0 - 2.0 * math.log2(n)) / 2.0))
    numbers = disorder(seed).integers(1, (1 << bits) + 1, n).astype(np.float64)
    pairs = subsets(n, 2)
    products = 2.0 * numbers[pairs[:, 0]] * numbers[pairs[:, 1]]
    facts: dict[str, Parameter] = {"n": n, "bits": bits, "seed": seed}
    return SpinPolynomial(
        n, [(pairs, products)], name="partition", parameters=facts, constant=float((numbers**2).sum())
    )
