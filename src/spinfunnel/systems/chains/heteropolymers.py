"""Lattice proteins from a native structure, from a sequence of any alphabet, and with a dial of frustration."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.chains.contact_tables import ALPHABETS, Alphabet
from spinfunnel.systems.chains.design import GOALS, compact_structure, designed_sequence
from spinfunnel.systems.chains.lattice import (
    LatticeProtein,
    bond_keys,
    check_chain,
    contacts_of,
    possible_contacts,
    read_bonds,
)
from spinfunnel.systems.ranges import check_choice, check_range, disorder

__all__ = ["frustrated_heteropolymer", "lattice_go", "lattice_protein"]

FINE = 2.0**-16
"""Unit of contact energies that are drawn: they are rounded to it, so that sums are exact."""


def lattice_go(
    native: str = "compact", *, n: int = 14, dimension: int = 2, moves: str = "pivot", seed: int = 0
) -> LatticeProtein:
    """Go model on a lattice: each contact of the native structure counts -1, all others nothing.

    Parameters
    ----------
    native : str
        Bonds of the native structure in the letters R, L, U, D, F, B; or "compact", a maximally compact structure drawn
        at random.
    n : int
        Number of monomers of a structure that is drawn, 4 to 256; 4 to 48 in space.
    dimension : int
    moves : {"pivot", "local", "pull"}
    seed : int
        Of the structure that is drawn.

    Raises
    ------
    InputError
        For a structure that crosses itself, or has no contact.

    Source: Taketomi, Ueda, Go, Int. J. Pept. Protein Res. 7, 445 (1975).

    Examples
    --------
    >>> float(lattice_go("RRULL").list_states().energies.min())
    -2.0
    """
    check_range("seed", seed, low=0)
    check_chain(n, dimension=dimension, moves=moves)
    if native == "compact":
        bonds = compact_structure(n, dimension=dimension, rng=disorder(seed))
    else:
        bonds = read_bonds(native, dimension=dimension)
        check_chain(len(bonds) + 1, dimension=dimension, moves=moves)
    pair = _native_pairs(bonds, dimension=dimension)
    parameters: dict[str, Parameter] = {
        "native": str(bond_keys(bonds[None])[0]),
        "dimension": dimension,
        "moves": moves,
    }
    return LatticeProtein("go", parameters, dimension, -pair, 1.0, moves, "contacts")


def frustrated_heteropolymer(
    n: int = 14, *, frustration: float = 1.0, dimension: int = 2, moves: str = "pivot", seed: int = 0
) -> LatticeProtein:
    """Heteropolymer with a dial of frustration, ``E = sum over contacts of -(1 - f) native_ij + f eta_ij``.

    ``native_ij`` is 1 for the contacts of a compact structure and 0 for others, eta_ij ~ N(0, 1) for each pair of
    monomers: at f = 0 a Go model, at f = 1 the random heteropolymer of Shakhnovich and Gutin.

    Parameters
    ----------
    n : int
        Number of monomers.
    frustration : float
        The dial f, 0 to 1.
    dimension : int
    moves : {"pivot", "local", "pull"}
    seed : int
        Of the structure and the couplings.

    Source: Bryngelson, Wolynes, PNAS 84, 7524 (1987); Shakhnovich, Gutin, Biophys. Chem. 34, 187 (1989).

    Examples
    --------
    >>> chain = frustrated_heteropolymer(9, frustration=0.0, seed=1)
    >>> float(chain.list_states().energies.min())
    -4.0
    """
    check_range("frustration", frustration, low=0.0, high=1.0)
    check_range("seed", seed, low=0)
    check_chain(n, dimension=dimension, moves=moves)
    rng = disorder(seed)
    native = _native_pairs(compact_structure(n, dimension=dimension, rng=rng), dimension=dimension)
    i, j = possible_contacts(n)
    energies = np.zeros((n, n))
    energies[i, j] = -(1.0 - frustration) * native[i, j] + frustration * rng.standard_normal(len(i))
    pair = np.round((energies + energies.T) / FINE).astype(np.int32)
    parameters: dict[str, Parameter] = {
        "n": n, "frustration": float(frustration), "dimension": dimension, "moves": moves, "seed": seed,
    }  # fmt: skip
    return LatticeProtein("heteropolymer", parameters, dimension, pair, FINE, moves, "contacts")


def lattice_protein(
    sequence: str = "designed",
    *,
    n: int = 14,
    alphabet: str = "mj",
    native: str = "compact",
    goal: str = "gap",
    composition: str = "auto",
    dimension: int = 2,
    moves: str = "pivot",
    seed: int = 0,
) -> LatticeProtein:
    """Lattice protein of a sequence of amino acids, or of three letters.

    Parameters
    ----------
    sequence : str
        Letters of the alphabet; or "designed" for a structure, or "random": the letters of the designed sequence of
        the same seed, in random order.
    n : int
        Number of monomers of a sequence that is drawn.
    alphabet : {"mj", "mj-centred", "independent", "three", "hp"}
        Twenty amino acids (Miyazawa, Jernigan 1996), the same less the mean of the table, twenty kinds whose contact
        energies are independent normal numbers, three letters (like -3, unlike -1), or H and P.
    native : str
        Structure for which to design: "compact", or bonds as for `lattice_go`.
    goal : {"gap", "energy", "consistency"}
        What design makes as large, or as low, as it can (see `spinfunnel.systems.chains.design`).
    composition : {"auto", "designed", "drawn"}
        Whether design chooses the letters as well, or arranges letters drawn evenly. "auto" chooses them, but
        not for an energy: the lowest of all is that of one or two letters only, in whatever structure.
    dimension : int
    moves : {"pivot", "local", "pull"}
    seed : int
        Of letters, structure, design and order.

    Raises
    ------
    InputError
        For letters that are not in the alphabet, or parameters out of range.

    Source: Shakhnovich, Gutin, PNAS 90, 7195 (1993); Socci, Onuchic, J. Chem. Phys. 103, 4732 (1995).

    Examples
    --------
    >>> one, other = (lattice_protein(kind, n=9, alphabet="three", seed=2) for kind in ("designed", "random"))
    >>> sorted(one.parameters["sequence"]) == sorted(other.parameters["sequence"])
    True
    """
    check_choice("alphabet", alphabet, tuple(ALPHABETS))
    check_choice("goal", goal, GOALS)
    check_choice("composition", composition, ("auto", "designed", "drawn"))
    check_range("seed", seed, low=0)
    check_chain(n, dimension=dimension, moves=moves)
    kinds = ALPHABETS[alphabet]
    if sequence in ("designed", "random"):
        letters = _designed(n, kinds, native, goal, composition, dimension, seed)
        if sequence == "random":
            letters = np.random.default_rng([seed, 1]).permutation(letters)
    else:
        letters = _letters(sequence, kinds, alphabet)
        check_chain(len(letters), dimension=dimension, moves=moves)
    parameters: dict[str, Parameter] = {
        "sequence": "".join(kinds.letters[letter] for letter in letters), "alphabet": alphabet,
        "dimension": dimension, "moves": moves,
    }  # fmt: skip
    pair = np.ascontiguousarray(kinds.table[letters][:, letters])
    return LatticeProtein("protein", parameters, dimension, pair, kinds.unit, moves, "sequence")


@lru_cache(maxsize=256)
def _designed(
    n: int, kinds: Alphabet, native: str, goal: str, composition: str, dimension: int, seed: int
) -> NDArray[np.int64]:
    """Letters designed for a structure."""
    rng = disorder(seed)
    letters = rng.integers(0, len(kinds.letters), n)
    if native == "compact":
        structure = compact_structure(n, dimension=dimension, rng=rng)
    else:
        structure = read_bonds(native, dimension=dimension)
    if len(structure) != n - 1:
        raise InputError(f"native={native} has {len(structure) + 1} monomers, not n={n}: give both alike")
    mutate = composition == "designed" or (composition == "auto" and goal != "energy")
    return designed_sequence(
        letters, structure, table=kinds.table, dimension=dimension, goal=goal, rng=rng, mutate=mutate
    )


def _letters(sequence: str, kinds: Alphabet, alphabet: str) -> NDArray[np.int64]:
    places = [kinds.letters.find(letter) for letter in sequence.upper()]
    if -1 in places:
        wrong = sequence[places.index(-1)]
        raise InputError(
            f"sequence={sequence} has the letter {wrong!r}, which is none of {kinds.letters}, the alphabet {alphabet}"
        )
    return np.array(places, np.int64)


def _native_pairs(bonds: NDArray[np.int8], *, dimension: int) -> NDArray[np.int32]:
    """1 for native contacts."""
    pair = np.zeros((len(bonds) + 1,) * 2, np.int32)
    for i, j in contacts_of(bonds, dimension=dimension):
        pair[i, j] = pair[j, i] = 1
    if not pair.any():
        raise InputError(f"the structure {bond_keys(bonds[None])[0]} has no contact: there is nothing to fold to")
    return pair
