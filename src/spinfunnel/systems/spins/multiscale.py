"""The multi-scale, multi-spin glass, with a dial from full to minimal frustration."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.ranges import MOST_TERMS, check_range, disorder
from spinfunnel.systems.spins.glasses import subsets
from spinfunnel.systems.spins.polynomial import SpinPolynomial

__all__ = ["multiscale_glass", "multiscale_native_state"]

MEAN_DEGREE, DRAWS = 32, 64
"""Interactions of each order for each spin where all are too many; draws after which a scale counts as exhausted."""


def multiscale_native_state(n: int = 14, *, seed: int = 0) -> NDArray[np.uint8]:
    """Bits (n,) of the native state toward which `multiscale_glass` of this seed is drawn."""
    check_range("n", n, low=2)
    return disorder(seed, 1).integers(0, 2, n).astype(np.uint8)


def multiscale_glass(
    n: int = 14,
    *,
    levels: int = 3,
    orders: tuple[int, ...] = (2, 3),
    decay: float = 1.0,
    frustration: float = 1.0,
    degree: int = 0,
    seed: int = 0,
) -> SpinPolynomial:
    r"""Spins that interact in groups of several sizes on several scales, ``E = -sum_m J_m prod_{i in m} s_i``.

    The spins are halved again and again: one block of all of them at the top scale l = levels - 1, two below it,
    down to 2^(levels - 1) blocks at l = 0. Every set m of p spins, for each p in `orders`, interacts; its scale l(m)
    is that of the smallest block that holds it. With ``g_m ~ N(0, 1)``, a random native state xi, and a random
    number ``u_m`` in [0, 1),

        J_m = (spread of the scale and order) * |g_m| * prod_{i in m} xi_i * (-1 if u_m < frustration / 2 else +1).

    The spread is such that all interactions of scale l and order p together contribute a variance proportional to
    ``2^(-decay l)`` to the energy of a random state, and everything together n / 2, as in the random energy model,
    whatever the dial. Scales at which no block is large enough for an order leave their share to the others.

    Parameters
    ----------
    n : int
        Number of spins.
    levels : int
        Number of scales; 1: no hierarchy. At most log2(n) (rounded down), so that the smallest blocks hold 2 spins.
    orders : tuple of int
        Numbers of spins that interact at once (``orders=2x3`` on the command line). With even orders only, -xi is
        native, too.
    decay : float
        How fast the variance falls with the scale: 0 is equal weight for all scales, large values leave independent
        small blocks.
    frustration : float
        The dial, 0 to 1: the share of interactions that contradict the native state is frustration / 2.
    degree : int
        Interactions of each order in which a spin takes part in the mean, the same number of them at each scale, drawn
        at random; 0: all, up to 20 million, and 32 for larger systems.
    seed : int

    Notes
    -----
    Limits: at frustration 1 the signs are fair coins, J_m is Gaussian and xi means nothing: a glass, which with
    levels=1 is Sherrington-Kirkpatrick (orders=2; variance 1 / (n - 1)) or the p-spin glass. At frustration 0 every
    interaction is satisfied in xi: minimal frustration, a disordered ferromagnet in the gauge of xi, with xi its
    ground state of energy -sum |J|. Between them realisations of one seed are coupled: turning the dial only turns
    over signs, one after the other. Minimal frustration is no promise of a funnel: orders above 2 alone have no
    slope far from xi, and leave a golf course around it.

    Source: Martin, "Why Does Deep Learning Work?" (2015), for the idea; Bryngelson, Wolynes, Proc. Natl. Acad. Sci.
    84, 7524 (1987), for minimal frustration; Dyson, Commun. Math. Phys. 12, 91 (1969), for the hierarchy.

    Examples
    --------
    >>> magnet = multiscale_glass(8, frustration=0.0, seed=1)
    >>> native = multiscale_native_state(8, seed=1)
    >>> total = sum(abs(values).sum() for _, values in magnet.terms.values())
    >>> bool(np.isclose(magnet.energy(native[None])[0], -total))
    True
    """
    _check(n, levels=levels, orders=orders, decay=decay, frustration=frustration)
    check_range("degree", degree, low=0)
    if degree == 0 and max(math.comb(n, order) for order in orders) > MOST_TERMS:
        degree = MEAN_DEGREE
    native = 2.0 * multiscale_native_state(n, seed=seed) - 1.0
    groups = []
    for order in sorted(set(orders)):
        sets = _drawn(n, order, levels=levels, degree=degree, seed=seed) if degree else subsets(n, order)
        rng = disorder(seed, 2, order)
        size, luck = np.abs(rng.normal(size=len(sets))), rng.random(len(sets))
        aligned = native[sets].prod(axis=1) * np.where(luck < 0.5 * frustration, -1.0, 1.0)
        scale = _scale(sets, n=n, levels=levels)
        for level in range(levels):
            here = scale == level
            if here.any():
                groups.append((2.0 ** (-decay * level), sets[here], size[here] * aligned[here]))
    total = sum(share for share, _, _ in groups)
    terms = [(sets, -math.sqrt(0.5 * n * share / total / len(sets)) * values) for share, sets, values in groups]
    facts: dict[str, Parameter] = {
        "n": n,
        "levels": levels,
        "orders": tuple(orders),
        "decay": decay,
        "frustration": frustration,
        "seed": seed,
    }
    return SpinPolynomial(n, terms, name="multiscale", parameters=facts | ({"degree": degree} if degree else {}))


def _check(n: int, *, levels: int, orders: tuple[int, ...], decay: float, frustration: float) -> None:
    check_range("n", n, low=2)
    check_range("levels", levels, low=1, high=int(math.log2(n)))
    check_range("decay", decay, low=-100.0, high=100.0)
    check_range("frustration", frustration, low=0.0, high=1.0)
    if not orders:
        raise InputError("orders is empty: give the numbers of spins that interact, for instance orders=2x3")
    for order in orders:
        check_range("orders", order, low=1, high=n)


def _scale(sets: NDArray[np.int32], *, n: int, levels: int) -> NDArray[np.int64]:
    """Scale of the smallest block that holds each set."""
    scale = np.full(len(sets), levels - 1)
    for level in range(levels - 2, -1, -1):
        blocks = 1 << (levels - 1 - level)
        block = np.repeat(np.arange(blocks), [len(part) for part in np.array_split(np.arange(n), blocks)])
        inside = (block[sets] == block[sets[:, :1]]).all(axis=1)
        scale[inside] = level
    return scale


def _drawn(n: int, order: int, *, levels: int, degree: int, seed: int) -> NDArray[np.int32]:
    """Sets of spins drawn at random, as many at each scale; fewer where the blocks of a scale do not hold so many."""
    rng = disorder(seed, 3, order)
    found = []
    for level in range(levels):
        parts = [part for part in np.array_split(np.arange(n), 1 << (levels - 1 - level)) if len(part) >= order]
        want = max(1, round(n * degree / (order * levels)))
        sets = np.zeros((0, order), np.int32)
        for _ in range(DRAWS if parts else 0):
            which = rng.integers(0, len(parts), 2 * want)
            first, size = np.array([part[0] for part in parts]), np.array([len(part) for part in parts])
            draw = first[which, None] + (rng.random((2 * want, order)) * size[which, None]).astype(np.int64)
            draw = np.sort(draw, axis=1)
            draw = draw[(np.diff(draw, axis=1) > 0).all(axis=1)]
            draw = draw[_scale(draw, n=n, levels=levels) == level].astype(np.int32)
            rows, place = np.unique(np.concatenate([sets, draw]), axis=0, return_index=True)
            sets = rows[np.argsort(place)][:want]
            if len(sets) == want:
                break
        found.append(sets)
    return np.concatenate(found)
