"""Structure-based (Go) protein of C-alpha beads, built from a native structure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.structure_files import FEWEST_RESIDUES, Structure, choice, read_structure
from spinfunnel.landscape import InputError, Parameter
from spinfunnel.systems.atoms.bead_chain import ChainField, dihedral_angles
from spinfunnel.systems.atoms.bln_protein import chain_landscape
from spinfunnel.systems.ranges import check_choice, check_range
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

__all__ = ["HAIRPIN", "calpha_field", "calpha_protein", "native_contacts"]

Floats = NDArray[np.float64]

REPULSION = 4.0
"""Distance in Angstrom at which a pair that is no native contact has the energy epsilon."""
MOST_RESIDUES = 400
HAIRPIN = """
26.266 25.413 2.842  26.850 29.021 3.898  26.235 30.058 7.497  26.772 33.436 9.197  28.605 33.965 12.503
27.691 37.315 14.143  30.225 38.643 16.662  29.607 41.180 19.467  31.422 43.940 17.553  28.978 43.960 14.678
31.191 42.012 12.331  29.542 39.020 10.653  31.720 36.289 9.176  30.505 33.884 6.512  31.677 30.275 6.639
31.220 27.341 4.275  30.288 24.245 6.193
"""
"""C-alpha atoms of residues 1 to 17 of ubiquitin, a beta hairpin (Protein Data Bank entry 1UBQ)."""


def calpha_protein(
    file: str = "hairpin",
    *,
    chain: str = "",
    residues: str = "",
    contacts: str = "auto",
    cutoff: float = 0.0,
    seed: int = 0,
) -> TorchLandscape:
    """Structure-based protein: the native structure of a file is its ground state, nothing else attracts.

    In units of epsilon, lengths in Angstrom, with native bond lengths, angles and dihedral angles r0, theta0, phi0,
    ``E = sum 100 (r - r0)^2 + sum 20 (theta - theta0)^2
    + sum [1 - cos(phi - phi0) + (1 - cos 3(phi - phi0)) / 2]
    + sum_contacts [5 (s / r)^12 - 6 (s / r)^10] + sum_others (4 / r)^12``,
    over pairs at least four residues apart; s is the native distance of a contact. So the native energy is about
    minus the number of contacts.

    Parameters
    ----------
    file : str
        PDB or mmCIF file, or a C-alpha trace (``.xyz``, ``.npy``, ``.csv``); "hairpin" is the one of ubiquitin.
    chain : str
        Which chain, where the file has several.
    residues : str
        ``first-last`` by the file's numbers; all unless given.
    contacts : {"auto", "heavy", "calpha"}
        Native contacts are pairs with heavy atoms, or C-alpha atoms, nearer than the cutoff; "auto" takes heavy atoms
        where the file has them.
    cutoff : float
        In Angstrom; 0 stands for 4.5 between heavy and 8 between C-alpha atoms.
    seed : int
        Not used: nothing is random.

    Source: Clementi, Nymeyer, Onuchic, J. Mol. Biol. 298, 937 (2000); contacts there by another geometric criterion.

    Examples
    --------
    >>> hairpin = calpha_protein()
    >>> hairpin.dimension, len(native_contacts(load_native()))
    (51, 25)
    """
    check_range("seed", seed, low=0)
    check_range("cutoff", cutoff, low=0.0, high=20.0, unit=" Angstrom")
    structure = load_native(file, chain=chain, residues=residues)
    field = calpha_field(structure, contacts=contacts, cutoff=cutoff)
    given: dict[str, Parameter] = {
        "file": file, "chain": chain, "residues": residues, "contacts": contacts, "cutoff": float(cutoff),
    }  # fmt: skip
    return chain_landscape("calpha", given, field, mirror=False)


def load_native(file: str = "hairpin", *, chain: str = "", residues: str = "") -> Structure:
    """Native structure of a file, or the hairpin shipped here."""
    if file == "hairpin":
        return Structure(np.array(HAIRPIN.split(), np.float64).reshape(-1, 3), ())
    return read_structure(Path(file), chain=chain, residues=residues)


def native_contacts(structure: Structure, *, contacts: str = "auto", cutoff: float = 0.0) -> NDArray[np.int64]:
    """Pairs (C, 2) of residues at least four apart that touch in the native structure.

    Raises
    ------
    InputError
        For contacts between heavy atoms that the structure lacks.
    """
    check_choice("contacts", contacts, ("auto", "heavy", "calpha"))
    heavy = contacts == "heavy" or (contacts == "auto" and bool(structure.heavy))
    if heavy and not structure.heavy:
        raise InputError(
            "contacts=heavy needs all heavy atoms, but the file has C-alpha atoms only: take "
            f"{choice('contacts', 'calpha')}"
        )
    if heavy and structure.incomplete:
        raise InputError(
            f"{structure.incomplete}, so that its contacts are not known: complete the file (PDBFixer does), or take "
            f"{choice('contacts', 'calpha')}"
        )
    reach = cutoff or (4.5 if heavy else 8.0)
    n = len(structure.trace)
    if not heavy:
        apart = np.linalg.norm(structure.trace[:, None] - structure.trace[None], axis=2)
        near = apart < reach
    else:
        from scipy.spatial import cKDTree

        owner = np.repeat(np.arange(n), [len(atoms) for atoms in structure.heavy])
        touching = cKDTree(np.concatenate(structure.heavy)).query_pairs(reach, output_type="ndarray")
        near = np.zeros((n, n), bool)
        near[owner[touching[:, 0]], owner[touching[:, 1]]] = True
        near |= near.T
    one, other = np.nonzero(np.triu(near, 4))
    return np.column_stack([one, other]).astype(np.int64)


def calpha_field(structure: Structure, *, contacts: str = "auto", cutoff: float = 0.0) -> ChainField:
    """Force field of a native structure (see `calpha_protein`).

    Raises
    ------
    InputError
        For chains of fewer than 5 or more than 400 residues, or without contacts.
    """
    trace = structure.trace
    n = len(trace)
    if not FEWEST_RESIDUES <= n <= MOST_RESIDUES:
        way = "take more of the chain" if n < FEWEST_RESIDUES else f"take a part, {choice('residues', 'first-last')}"
        many = "1 residue" if n == 1 else f"{n} residues"
        raise InputError(f"the chain has {many}; the model needs {FEWEST_RESIDUES} to {MOST_RESIDUES}: {way}")
    native = native_contacts(structure, contacts=contacts, cutoff=cutoff)
    if not len(native):
        raise InputError(
            "the structure has no native contacts, no two residues at least four apart that touch, so that nothing "
            "folds it: take more of the chain, or contacts within a larger distance (calpha:file=...,cutoff=12)"
        )
    known = {(int(i), int(j)) for i, j in native}
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 4, n)], np.int64)
    apart = np.linalg.norm(trace[pairs[:, 0]] - trace[pairs[:, 1]], axis=1)
    inside = np.array([(int(i), int(j)) in known for i, j in pairs])
    wells = np.zeros((len(pairs), 3))
    wells[inside, 0], wells[inside, 1] = 5.0 * apart[inside] ** 12, -6.0 * apart[inside] ** 10
    wells[~inside, 0] = REPULSION**12
    step = np.diff(trace, axis=0)
    bend = np.arctan2(np.linalg.norm(np.cross(-step[:-1], step[1:]), axis=1), (-step[:-1] * step[1:]).sum(1))
    if math.pi - bend.max() < 1e-3:
        raise InputError("three neighbouring C-alpha atoms lie on a line, where dihedral angles have no meaning")
    dihedral = np.column_stack([np.ones(n - 3), np.full(n - 3, 0.5), dihedral_angles(trace)])
    return ChainField(100.0, 20.0, np.linalg.norm(step, axis=1), bend, dihedral, pairs, wells)
