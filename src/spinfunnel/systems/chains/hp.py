"""The HP model: two kinds of monomers, of which one is sticky."""

from __future__ import annotations

import numpy as np

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.chains.lattice import LatticeProtein, check_chain
from spinfunnel.systems.ranges import check_range

__all__ = ["hp_protein"]


def hp_protein(
    sequence: str = "HPHPPHHPHPPHPH", *, dimension: int = 2, moves: str = "pivot", seed: int = 0
) -> LatticeProtein:
    """HP lattice protein: each contact of two H monomers counts -1.

    Parameters
    ----------
    sequence : str
        Of the letters H and P, 4 to 256.
    dimension : int
        2 for the square lattice, 3 for the cubic one.
    moves : {"pivot", "local", "pull"}
        Move set, see `spinfunnel.systems.chains.lattice_moves`.
    seed : int
        Has no effect: nothing is drawn.

    Raises
    ------
    InputError
        For other letters or a length out of range.

    Source: Lau, Dill, Macromolecules 22, 3986 (1989); Dill, Bromberg, Yue, Fiebig, Yee, Thomas, Chan, Protein Sci. 4,
    561 (1995).

    Examples
    --------
    >>> protein = hp_protein("HPPH")
    >>> protein.plain_states(), sorted(protein.list_states().energies.tolist())
    (36, [-1.0, 0.0, 0.0, 0.0, 0.0])
    """
    check_range("seed", seed, low=0)
    letters = sequence.upper()
    wrong = sorted(set(letters) - {"H", "P"})
    if wrong:
        raise InputError(f"sequence={sequence} has the letter {wrong[0]!r}: an HP sequence is written in H and P")
    check_range("length of sequence", len(letters), low=4, high=256, unit=" monomers")
    check_chain(len(letters), dimension=dimension, moves=moves)
    sticky = np.array([letter == "H" for letter in letters])
    parameters: dict[str, Parameter] = {"sequence": letters, "dimension": dimension, "moves": moves}
    pair = -(sticky[:, None] & sticky[None, :]).astype(np.int32)
    return LatticeProtein("hp", parameters, dimension, pair, 1.0, moves, "sequence")
