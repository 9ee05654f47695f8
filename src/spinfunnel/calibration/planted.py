"""Builders of labelled landscapes whose kind is planted: wells, slopes, hidden magnets, blocks, parity checks.

Each takes a number of bits and a seed. Gauges are hidden: a random state takes the place of "all up".
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.calibration.energy_table import EnergyTable
from spinfunnel.landscape import Parameter
from spinfunnel.systems import SpinPolynomial
from spinfunnel.systems.spins.optimisation import regular_graph

__all__ = [
    "block_energies",
    "concave_well",
    "fully_frustrated",
    "hidden_magnet",
    "leading_ones",
    "magnet_in_field",
    "neighbour_tables",
    "open_chain",
    "orthogonal_memories",
    "parity_checks",
    "planted_pairs",
    "random_energies",
    "regular_bonds",
    "ring",
    "separable",
    "signed_pairs",
    "two_cliques",
    "weakly_coupled",
    "wells",
]

Ints = NDArray[np.integer[Any]]


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])


def _targets(n: int, count: int, rng: np.random.Generator) -> list[int]:
    """Random states, each half of the bits, or nearly so, from all others."""
    order = rng.permutation(n)
    first = int(rng.integers(1 << n))
    if count == 1:
        return [first]
    if count == 2:
        return [first, first ^ int((1 << order[: n // 2]).sum())]
    # Three words that differ pairwise in two of three equal parts.
    parts = np.array_split(order, 3)
    masks = [int((1 << part).sum()) for part in parts]
    return [first, first ^ masks[0] ^ masks[1], first ^ masks[0] ^ masks[2]][:count]


def wells(n: int, *, count: int, roughness: float = 0.0, lift: float = 0.0, seed: int) -> EnergyTable:
    """Distance to the nearest of some targets, plus noise; the others lie higher by `lift` times the first's depth.

    The noise is normal with standard deviation ``roughness * sqrt(n) / 2``, the spread of the distance itself times
    `roughness`.
    """
    rng = _rng(seed, 11)
    number = np.arange(1 << n)
    away = [np.bitwise_count(number ^ target).astype(float) for target in _targets(n, count, rng)]
    raised = [row + (lift * n / 2.0 if place else 0.0) for place, row in enumerate(away)]
    energies = np.min(raised, axis=0)
    if roughness > 0.0:
        energies = energies + rng.normal(0.0, roughness * np.sqrt(n) / 2.0, 1 << n)
    facts: dict[str, Parameter] = {"n": n, "count": count, "roughness": roughness, "lift": lift, "seed": seed}
    return EnergyTable(n, energies, "wells", facts)


def regular_bonds(n: int, degree: int, rng: np.random.Generator) -> Ints:
    """Bonds of a random graph in which each site has so many neighbours, one more where none has as many."""
    return regular_graph(n, degree + (n * degree) % 2, rng)


def hidden_magnet(n: int, bonds: Ints, *, weights: str, seed: int) -> SpinPolynomial:
    """Ferromagnet in a random gauge: ``E = -sum |J_ij| t_i t_j s_i s_j``; |J| normal or 1."""
    rng = _rng(seed, 12)
    hidden = rng.choice([-1.0, 1.0], n)
    strength = np.abs(rng.normal(size=len(bonds))) if weights == "gaussian" else np.ones(len(bonds))
    terms = [(bonds, -strength * hidden[bonds].prod(axis=1))]
    return SpinPolynomial(n, terms, name="hidden magnet", parameters={"n": n, "weights": weights, "seed": seed})


def planted_pairs(n: int, *, wrong: float, degree: int, seed: int) -> SpinPolynomial:
    """Interactions on a random graph in favour of a random state, all but a share of them; strengths |N(0, 1)|."""
    rng = _rng(seed, 13)
    hidden = rng.choice([-1.0, 1.0], n)
    bonds = regular_bonds(n, degree, rng)
    sign = np.where(rng.random(len(bonds)) < wrong, -1.0, 1.0)
    strength = np.abs(rng.normal(size=len(bonds)))
    facts = {"n": n, "wrong": wrong, "degree": degree, "seed": seed}
    terms = [(bonds, -sign * strength * hidden[bonds].prod(axis=1))]
    return SpinPolynomial(n, terms, name="planted pairs", parameters=facts)


def magnet_in_field(n: int, bonds: Ints, *, field: float, seed: int) -> SpinPolynomial:
    """Hidden magnet of unit bonds in a weak uniform field along it: the state and its image differ by ``2 n field``."""
    rng = _rng(seed, 14)
    hidden = rng.choice([-1.0, 1.0], n)
    terms = [(bonds, -hidden[bonds].prod(axis=1)), (np.arange(n)[:, None], -field * hidden)]
    return SpinPolynomial(n, terms, name="magnet in a field", parameters={"n": n, "field": field, "seed": seed})


def orthogonal_memories(n: int, *, count: int, seed: int) -> EnergyTable:
    """Minus the largest squared overlap with some words that are pairwise half of the bits apart, or nearly so."""
    rng = _rng(seed, 15)
    number = np.arange(1 << n)
    overlaps = [1.0 - 2.0 * np.bitwise_count(number ^ word) / n for word in _targets(n, count, rng)]
    energies = -n * np.max(np.square(overlaps), axis=0)
    return EnergyTable(n, energies, "memories", {"n": n, "count": count, "seed": seed})


def separable(n: int, *, ratio: float, seed: int) -> SpinPolynomial:
    """Independent spins in fields ``ratio^k``, of random signs and in random order."""
    rng = _rng(seed, 16)
    fields = rng.permutation(ratio ** np.arange(n)) * rng.choice([-1.0, 1.0], n)
    facts = {"n": n, "ratio": ratio, "seed": seed}
    return SpinPolynomial(n, [(np.arange(n)[:, None], fields)], name="separable", parameters=facts)


def block_energies(n: int, *, bits: int, seed: int) -> EnergyTable:
    """Independent blocks of so many bits, each with random energies: many minima, and no glass."""
    rng = _rng(seed, 17)
    number, energies, start = np.arange(1 << n), np.zeros(1 << n), 0
    while start < n:
        width = min(bits, n - start)
        energies += rng.normal(size=1 << width)[(number >> start) & ((1 << width) - 1)]
        start += width
    return EnergyTable(n, energies, "blocks", {"n": n, "bits": bits, "seed": seed})


def leading_ones(n: int, *, seed: int) -> EnergyTable:
    """Minus the number of leading bits that agree with a random word: one minimum, and one path to it."""
    rng = _rng(seed, 18)
    order, wrong = rng.permutation(n), np.arange(1 << n) ^ int(rng.integers(1 << n))
    energies, agree = np.zeros(1 << n), np.ones(1 << n, bool)
    for bit in order.tolist():
        agree &= (wrong >> bit) & 1 == 0
        energies -= agree
    return EnergyTable(n, energies, "leading ones", {"n": n, "seed": seed})


def random_energies(n: int, *, draw: str, slope: float = 0.0, seed: int) -> EnergyTable:
    """Independent energies of variance n / 2, normal, uniform or exponential, and a hidden slope."""
    rng = _rng(seed, 19)
    away = np.bitwise_count(np.arange(1 << n) ^ int(rng.integers(1 << n))).astype(float)
    unit = {
        "normal": rng.normal(size=1 << n),
        "uniform": rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), 1 << n),
        "exponential": rng.exponential(size=1 << n) - 1.0,
    }[draw]
    facts: dict[str, Parameter] = {"n": n, "draw": draw, "slope": slope, "seed": seed}
    return EnergyTable(n, np.sqrt(n / 2.0) * unit + slope * away, "random energies", facts)


def parity_checks(n: int, *, order: int, checks: int, planted: bool, seed: int) -> SpinPolynomial:
    """Products of `order` random spins, each of a random sign, or of the sign of a planted state (XORSAT)."""
    rng = _rng(seed, 20)
    every = np.array(list(combinations(range(n), order)))
    rows = every[rng.choice(len(every), min(checks, len(every)), replace=False)]
    hidden = rng.choice([-1.0, 1.0], n)
    sign = hidden[rows].prod(axis=1) if planted else rng.choice([-1.0, 1.0], len(rows))
    facts: dict[str, Parameter] = {"n": n, "order": order, "checks": checks, "planted": planted, "seed": seed}
    return SpinPolynomial(n, [(rows, -sign)], name="parity checks", parameters=facts)


def fully_frustrated(shape: tuple[int, int], *, seed: int) -> SpinPolynomial:
    """Villain's square lattice in a random gauge: each plaquette has an odd number of wrong bonds; even sides."""
    rows, columns = shape
    n = rows * columns
    bonds, signs = [], []
    for x in range(rows):
        for y in range(columns):
            bonds += [
                (x * columns + y, (x + 1) % rows * columns + y),
                (x * columns + y, x * columns + (y + 1) % columns),
            ]
            signs += [1.0, -1.0 if x % 2 else 1.0]
    hidden = _rng(seed, 21).choice([-1.0, 1.0], n)
    pairs = np.array(bonds)
    terms = [(pairs, -np.array(signs) * hidden[pairs].prod(axis=1))]
    facts: dict[str, Parameter] = {"shape": shape, "seed": seed}
    return SpinPolynomial(n, terms, name="fully frustrated", parameters=facts)


def ring(n: int, *, seed: int) -> SpinPolynomial:
    """Ferromagnetic ring of unit bonds in a random gauge: two ground states that the flip joins, and no barrier."""
    sites = np.arange(n)
    return hidden_magnet(n, np.stack([sites, (sites + 1) % n], axis=1), weights="unit", seed=seed)


def signed_pairs(n: int, *, wrong: float, seed: int) -> SpinPolynomial:
    """Unit interactions of all pairs in favour of a random state, all but a share of them; a half is a glass."""
    rng = _rng(seed, 22)
    hidden = rng.choice([-1.0, 1.0], n)
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    sign = np.where(rng.random(len(pairs)) < wrong, -1.0, 1.0)
    facts: dict[str, Parameter] = {"n": n, "wrong": wrong, "seed": seed}
    return SpinPolynomial(n, [(pairs, -sign * hidden[pairs].prod(axis=1))], name="signed pairs", parameters=facts)


def two_cliques(n: int, *, bridge: float, seed: int) -> SpinPolynomial:
    """Two magnets of half the spins each, all pairs of each bound by 1 and all pairs between them by `bridge`."""
    rng = _rng(seed, 23)
    hidden, side = rng.choice([-1.0, 1.0], n), rng.permutation(n) < n // 2
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    strength = np.where(side[pairs[:, 0]] == side[pairs[:, 1]], 1.0, bridge)
    facts: dict[str, Parameter] = {"n": n, "bridge": bridge, "seed": seed}
    return SpinPolynomial(n, [(pairs, -strength * hidden[pairs].prod(axis=1))], name="two cliques", parameters=facts)


def weakly_coupled(n: int, *, coupling: float, seed: int) -> SpinPolynomial:
    """Spins in fields near 1 with normal pair interactions so weak that no flip is ever held back."""
    rng = _rng(seed, 24)
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    fields = rng.uniform(0.5, 1.5, n) * rng.choice([-1.0, 1.0], n)
    terms = [(np.arange(n)[:, None], fields), (pairs, rng.normal(0.0, coupling / np.sqrt(n), len(pairs)))]
    facts: dict[str, Parameter] = {"n": n, "coupling": coupling, "seed": seed}
    return SpinPolynomial(n, terms, name="weakly coupled", parameters=facts)


def open_chain(n: int, *, field: float, seed: int) -> SpinPolynomial:
    """Ferromagnetic chain with free ends in a field along its order, in a random gauge."""
    hidden, sites = _rng(seed, 25).choice([-1.0, 1.0], n), np.arange(n)
    bonds = np.stack([sites[:-1], sites[1:]], axis=1)
    terms = [(bonds, -hidden[bonds].prod(axis=1)), (sites[:, None], -field * hidden)]
    return SpinPolynomial(n, terms, name="open chain", parameters={"n": n, "field": field, "seed": seed})


def concave_well(n: int, *, seed: int) -> EnergyTable:
    """Square root of the distance to a random state: every step toward it leads down, the last ones most."""
    away = np.bitwise_count(np.arange(1 << n) ^ int(_rng(seed, 26).integers(1 << n))).astype(float)
    return EnergyTable(n, np.sqrt(away), "concave well", {"n": n, "seed": seed})


def neighbour_tables(n: int, *, neighbours: int, seed: int) -> EnergyTable:
    """Sum over bits of a random number for each state of the bit and so many others: Kauffman's NK model."""
    rng = _rng(seed, 27)
    number, energies = np.arange(1 << n), np.zeros(1 << n)
    for bit in range(n):
        others = rng.permutation(np.delete(np.arange(n), bit))[:neighbours]
        index = np.zeros(1 << n, np.int64)
        for place, read in enumerate((bit, *others.tolist())):
            index |= ((number >> read) & 1) << place
        energies += rng.random(1 << (neighbours + 1))[index]
    return EnergyTable(n, energies, "neighbour tables", {"n": n, "neighbours": neighbours, "seed": seed})
