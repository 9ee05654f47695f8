"""Compact structures, and sequences designed for them.

*energy*: until the structure's energy is lowest. *gap*: until it lies as far as possible below the lowest of a set of
decoys, in units of their spread; the decoys are compact conformations of other contacts. *consistency*: until the
native contacts are as far below all others, and below none, as can be in units of the scatter of both, so that
what is favoured locally is what is favoured as a whole. All by annealing of exchanges of two letters, and of
replacements where the composition is free.

Go, Annu. Rev. Biophys. Bioeng. 12, 183 (1983) for consistency; Shakhnovich, Gutin, Proc. Natl. Acad. Sci. 90, 7195
(1993); Abkevich, Gutin, Shakhnovich, J. Chem. Phys. 101, 6052 (1994); Deutsch, Kurosky, Phys. Rev. Lett. 76, 323
(1996).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.systems.chains.lattice import contacts_of, possible_contacts
from spinfunnel.systems.chains.lattice_kernels import step_table
from spinfunnel.systems.chains.lattice_walks import chain_energy, walk_chain

__all__ = ["GOALS", "compact_structure", "decoy_contacts", "designed_sequence", "most_contacts"]

Bonds = NDArray[np.int8]
Floats = NDArray[np.float64]

SWEEPS = {"energy": 60, "gap": 60, "consistency": 400}
"""Exchanges offered for each monomer, over all temperatures of the annealing."""
GOALS = tuple(SWEEPS)
DECOYS = 400
COLLAPSE = 0.35
"""Temperature of a chain whose contacts all count -1, at which decoys are drawn: compact, and changing."""


def most_contacts(n: int, dimension: int) -> int:
    """Largest number of contacts of n monomers, that of the most compact box.

    Examples
    --------
    >>> most_contacts(16, 2), most_contacts(27, 3)
    (9, 28)
    """
    if dimension == 2:
        bonds = 2 * n - math.ceil(2.0 * math.sqrt(n) - 1e-12)
    else:
        bonds = max(
            _box(a, b, n) for a in range(1, n + 1) for b in range(1, a + 1) if (a * b <= n and a <= 2 + n ** (1 / 3))
        )
    return bonds - (n - 1)


def _box(a: int, b: int, n: int) -> int:
    """Neighbouring pairs of sites when layers of a x b are filled one after the other, row by row."""
    full, rest = divmod(n, a * b)
    rows, some = divmod(rest, a)
    layer = 2 * a * b - a - b
    part = (2 * a * rows - a - rows if rows else 0) + (2 * some - 1 - (0 if rows else some) if some else 0)
    return full * layer + max(full - 1, 0) * a * b + part + (rest if full else 0)


def _sticky(n: int) -> NDArray[np.int32]:
    return -np.ones((n, n), np.int32)


def compact_structure(n: int, *, dimension: int, rng: np.random.Generator) -> Bonds:
    """Structure with as many contacts as can be, or nearly: the best of annealed walks of a sticky chain.

    Examples
    --------
    >>> structure = compact_structure(9, dimension=2, rng=np.random.default_rng(1))
    >>> len(contacts_of(structure, dimension=2))
    4
    """
    steps, mask = step_table(n, dimension)
    pair, free, goal = _sticky(n), np.ones(n, np.bool_), -most_contacts(n, dimension)
    seed = rng.integers(0, 1 << 64, 1, dtype=np.uint64)
    best, lowest = np.zeros(n - 1, np.int8), 0
    for _ in range(20):
        bonds = np.zeros(n - 1, np.int8)
        energy, found = 0, best.copy()
        # Hot first, so that each try is another structure.
        for temperature in np.geomspace(20.0, 0.25, 24).tolist():
            low_before = energy
            energy, low, _ = walk_chain(
                bonds, energy, temperature, 40 * n * n, seed, goal, steps, mask, pair, free, found
            )  # fmt: skip
            if low < min(lowest, low_before + 1):
                best, lowest = found.copy(), low
            if lowest <= goal:
                return best
    return best


def decoy_contacts(n: int, *, dimension: int, rng: np.random.Generator, count: int = DECOYS) -> NDArray[np.float64]:
    """Contacts of compact conformations, a row of 0 and 1 over `possible_contacts` for each; drawn at `COLLAPSE`."""
    steps, mask = step_table(n, dimension)
    pair, free = _sticky(n), np.ones(n, np.bool_)
    seed = rng.integers(0, 1 << 64, 1, dtype=np.uint64)
    bonds = np.zeros(n - 1, np.int8)
    i, j = possible_contacts(n)
    place = {pair: k for k, pair in enumerate(zip(i.tolist(), j.tolist(), strict=True))}
    rows = np.zeros((count, len(i)))
    for row in rows:
        energy = chain_energy(bonds, steps, mask, pair)
        walk_chain(bonds, energy, 2.0, 20 * n, seed, -(1 << 30), steps, mask, pair, free, bonds.copy())
        energy = chain_energy(bonds, steps, mask, pair)
        walk_chain(bonds, energy, COLLAPSE, 40 * n, seed, -(1 << 30), steps, mask, pair, free, bonds.copy())
        for contact in contacts_of(bonds, dimension=dimension):
            row[place[contact]] = 1.0
    return np.unique(rows, axis=0)


def designed_sequence(
    letters: NDArray[np.int64], structure: Bonds, *, table: NDArray[np.int32], dimension: int, goal: str,
    rng: np.random.Generator, mutate: bool = False,
) -> NDArray[np.int64]:  # fmt: skip
    """Arrange letters along a structure so that its energy is lowest, or its gap largest.

    Parameters
    ----------
    letters : array of int64, shape (n,)
        Numbers of the letters, in any order.
    structure : array of int8, shape (n - 1,)
    table : array of int32
        Contact energies of the letters.
    dimension : int
    goal : {"gap", "energy", "consistency"}
    rng : numpy.random.Generator
    mutate : bool
        Whether letters may be replaced by others as well, so that the composition is designed too.

    Examples
    --------
    >>> two = np.array([0, 1, 1, 0, 0, 1])
    >>> hp = np.array([[-1, 0], [0, 0]], np.int32)
    >>> rng = np.random.default_rng(1)
    >>> hook = np.array([0, 0, 2, 1, 1], np.int8)
    >>> found = designed_sequence(two, hook, table=hp, dimension=2, goal="energy", rng=rng)
    >>> bool(found[0] == found[5] == 0)
    True
    """
    n = len(letters)
    i, j = possible_contacts(n)
    native = np.zeros(len(i))
    for a, b in contacts_of(structure, dimension=dimension):
        native[(i == a) & (j == b)] = 1.0
    decoys = np.zeros((0, len(i)))
    if goal == "gap":
        decoys = decoy_contacts(n, dimension=dimension, rng=rng)
        # What shares most of the native contacts is no decoy but a part of the funnel.
        decoys = decoys[decoys @ native <= 0.7 * native.sum()]
    best, lowest = letters, math.inf
    here = rng.permutation(letters)
    worth = {"energy": _energy, "gap": _gap, "consistency": _consistency}[goal]

    def price(letters: NDArray[np.int64]) -> float:
        return worth(table[letters[i], letters[j]].astype(np.float64), native, decoys)

    cost = price(here)
    scale = float(np.std(table)) + 1e-9
    for temperature in np.geomspace(2.0, 0.02, 40) * {"energy": scale, "gap": 1.0, "consistency": 0.3}[goal]:
        for _ in range(SWEEPS[goal] * n // 40):
            a, b = rng.integers(0, n, 2)
            before = here[[a, b]]
            here[[a, b]] = (rng.integers(0, len(table)), before[1]) if mutate and rng.random() < 0.5 else before[::-1]
            if (here[[a, b]] == before).all():
                continue
            other = price(here)
            if other <= cost or rng.random() < math.exp((cost - other) / temperature):
                cost = other
                if cost < lowest:
                    best, lowest = here.copy(), cost
            else:
                here[[a, b]] = before
    return best


def _energy(contact: Floats, native: Floats, decoys: Floats) -> float:  # noqa: ARG001
    """Energy of the native structure."""
    return float(native @ contact)


def _gap(contact: Floats, native: Floats, decoys: Floats) -> float:
    """Minus the gap to the lowest decoy in units of the decoys' spread; the energy where there is no decoy."""
    energy = float(native @ contact)
    if not len(decoys):
        return energy
    others = decoys @ contact
    spread = float(others.std())
    return (energy - float(others.min())) / spread if spread > 0.0 else 0.0


def _consistency(contact: Floats, native: Floats, decoys: Floats) -> float:  # noqa: ARG001
    """Mean native contact above the mean of all others, or above none, in units of the scatter of both."""
    own, other = contact[native == 1.0], contact[native == 0.0]
    scatter = math.sqrt(float(own.var()) + float(other.var()))
    return (float(own.mean()) - min(float(other.mean()), 0.0)) / (scatter + 1e-9 * float(np.abs(contact).max()) + 1e-9)
