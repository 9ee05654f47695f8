"""The 46-bead model protein of three kinds of beads, and its variant without frustration."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.atoms.bead_chain import ChainField
from spinfunnel.systems.ranges import check_choice, check_range
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

__all__ = ["SEQUENCE_46", "bln_protein", "native_46", "random_chains"]

Floats = NDArray[np.float64]

SEQUENCE_46 = "BBBBBBBBBNNNLBLBLBLBNNNBBBBBBBBBNNNLBLBLBLBLBL"
"""B9 N3 (LB)4 N3 B9 N3 (LB)5 L: it folds to a barrel of four strands."""
CONTACT = 1.167
"""Distance in sigma below which two beads that attract each other are in contact in the native state."""
ANGLE = math.radians(105.0)


def bln_protein(
    sequence: str = SEQUENCE_46, *, interactions: str = "frustrated", stiffness: float = 400.0, seed: int = 0
) -> TorchLandscape:
    """Off-lattice protein of hydrophobic (B), hydrophilic (L) and neutral (N) beads, with the beta barrel of 46.

    In units of epsilon and sigma, ``E = sum stiffness / 2 (r - 1)^2 + sum 10 (theta - 105 degrees)^2
    + sum [A (1 + cos phi) + B (1 + cos 3 phi)] + sum_{j >= i + 3} 4 C [r^-12 - D r^-6]``: A = 0, B = 0.2 for dihedral
    angles with at least two neutral beads, else A = B = 1.2; C = D = 1 between B and B; C = 2/3, D = -1 between L and
    L or L and B; C = 1, D = 0 where a bead is neutral.

    Parameters
    ----------
    sequence : str
        Letters B, L and N; the 46-mer unless given.
    interactions : {"frustrated", "go"}
        "go" keeps the attraction of those pairs only that are in contact (r < 1.167) in the native state of the
        46-mer; all others repel each other.
    stiffness : float
        Of the bonds. The lowest minimum known of the 46-mer has the energy -49.263513 at 400, the value of most of
        the literature, and -49.407235 at 231.2, which is in use too.
    seed : int
        Not used: nothing is random.

    Source: Honeycutt, Thirumalai, Proc. Natl. Acad. Sci. 87, 3526 (1990); Berry, Elmaci, Rose, Vekhter, Proc. Natl.
    Acad. Sci. 94, 9520 (1997); Go variant: Miller, Wales, J. Chem. Phys. 111, 6610 (1999).

    Examples
    --------
    >>> bln_protein("BBNNBB").dimension
    18
    """
    check_choice("interactions", interactions, ("frustrated", "go"))
    check_range("seed", seed, low=0)
    check_range("stiffness", stiffness, low=1.0, high=1e5)
    letters = sequence.upper()
    if not 4 <= len(letters) <= 200 or set(letters) - set("BLN"):
        raise InputError(f"sequence={sequence} is no chain of 4 to 200 letters B, L and N: give for instance BBNNLB")
    if interactions == "go" and letters != SEQUENCE_46:
        raise InputError(
            "the Go variant needs a native state, which is known for the 46-bead sequence alone: leave sequence out"
        )
    native = native_46() if interactions == "go" else None
    field = bln_field(letters, native=native, stiffness=stiffness)
    given: dict[str, Parameter] = {"sequence": letters, "interactions": interactions, "stiffness": float(stiffness)}
    return chain_landscape("bln", given, field, mirror=True)


def bln_field(letters: str, *, native: Floats | None = None, stiffness: float = 400.0) -> ChainField:
    """Force field of a sequence; with a native state (n, 3), of its Go variant."""
    n = len(letters)
    turns = [letters[i : i + 4].count("N") >= 2 for i in range(n - 3)]
    dihedral = np.array([(0.0, 0.2, math.pi) if turn else (1.2, 1.2, math.pi) for turn in turns]).reshape(-1, 3)
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 3, n)], np.int64).reshape(-1, 2)
    wells = np.zeros((len(pairs), 3))
    for row, (i, j) in enumerate(pairs):
        kinds = {letters[i], letters[j]}
        strength, attraction = (1.0, 0.0) if "N" in kinds else (1.0, 1.0) if kinds == {"B"} else (2.0 / 3.0, -1.0)
        if native is not None and attraction > 0.0 and np.linalg.norm(native[i] - native[j]) >= CONTACT:
            attraction = 0.0
        wells[row] = 4.0 * strength, 0.0, -4.0 * strength * attraction
    return ChainField(0.5 * stiffness, 10.0, np.ones(n - 1), np.full(n - 2, ANGLE), dihedral, pairs, wells)


def native_46() -> Floats:
    """Lowest minimum known of the frustrated 46-mer, shape (46, 3); its energy is -49.263513."""
    import importlib.resources

    text = importlib.resources.files("spinfunnel.systems.atoms").joinpath("bln46.csv").read_text(encoding="ascii")
    return np.array([[float(word) for word in line.split(",")] for line in text.split()])


def chain_landscape(
    name: str, parameters: dict[str, Parameter], field: ChainField, *, mirror: bool, step: float = 0.2
) -> TorchLandscape:
    """Landscape of a chain of distinct beads."""
    return TorchLandscape(
        name,
        parameters,
        3 * field.beads,
        field.energy,
        lambda generator, count: random_chains(field, generator, count),
        invariance=Invariance("atoms", species=tuple(range(field.beads)), mirror=mirror),
        step=step * float(field.bond.mean()),
        kernel=field.kernel(),
        content=field.arrays,
    )


def random_chains(field: ChainField, generator: np.random.Generator, count: int) -> Floats:
    """Self-avoiding chains (count, 3 n) with the field's bond lengths and angles, and random dihedral angles.

    No two beads that are at least three apart along the chain are nearer than 0.9 mean bond lengths.
    """
    closest = (0.9 * float(field.bond.mean())) ** 2
    return np.array([_one_chain(field, generator, closest).ravel() for _ in range(count)])


def _one_chain(field: ChainField, generator: np.random.Generator, closest: float) -> Floats:
    """Grow bead by bead; go back ten beads where no dihedral angle is free."""
    n = field.beads
    beads = np.zeros((n, 3))
    beads[1, 0] = field.bond[0]
    if n > 2:
        beads[2] = beads[1] + field.bond[1] * np.array([-math.cos(field.angle[0]), math.sin(field.angle[0]), 0.0])
    i = 3
    while i < n:
        along = beads[i - 1] - beads[i - 2]
        along /= np.linalg.norm(along)
        across = np.cross(beads[i - 2] - beads[i - 3], along)
        across /= max(float(np.linalg.norm(across)), 1e-12)
        bend = field.angle[i - 2]
        for turn in generator.uniform(-math.pi, math.pi, 30):
            side = math.cos(turn) * np.cross(along, across) + math.sin(turn) * across
            place = beads[i - 1] + field.bond[i - 1] * (-math.cos(bend) * along + math.sin(bend) * side)
            if i < 4 or ((beads[: i - 2] - place) ** 2).sum(1).min() > closest:
                beads[i] = place
                i += 1
                break
        else:
            i = max(3, i - 10)
    return beads
