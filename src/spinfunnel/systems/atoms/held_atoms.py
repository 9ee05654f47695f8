"""Constraints and cells of ASE atoms as a frame: what may move, and which motions leave the energy alone.

Read are FixAtoms, FixCartesian, FixScaled, FixedPlane, FixedLine (an atom keeps the directions that all of them leave
it) and Hookean, whose energy stays part of the energy. All other constraints are refused by name. The motions are those
of the lattice (Minkowski-reduced) or, without one, of the atoms that are held, tried one by one on these atoms.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.moves.frame import Frame

__all__ = ["frame_of", "freed", "scattered"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WITHIN = ("FixAtoms", "FixCartesian", "FixScaled", "FixedPlane", "FixedLine")
"""Constraints that hold an atom, or keep it on a line or in a plane."""
SAME_PLACE = 1e-3
"""Distance in Angstrom up to which a motion takes one held atom to another."""
SAME_LENGTH = 1e-5
"""Relative difference of lengths of lattice vectors that a motion may make."""
SAME_ENERGY = 1e-9
REACH = 2.5
"""Gap, in median distances of nearest neighbours, from which on a cluster ends."""


def frame_of(atoms: Any, *, name: str) -> Frame | None:
    """Frame of atoms; None where all are free in space.

    Raises
    ------
    InputError
        For constraints that have no frame, or where what is held lets the rest shift or turn as a whole.
    """
    cell = _lattice(atoms)
    springs = [each for each in atoms.constraints if type(each).__name__ == "Hookean"]
    for each in atoms.constraints:
        if each not in springs and type(each).__name__ not in WITHIN:
            raise InputError(
                f"{name} has the constraint {type(each).__name__}, which a map does not keep; it keeps "
                f"{', '.join(WITHIN)} and Hookean: hold atoms by one of these"
            )
    spaces = [_directions(atoms, number) for number in range(len(atoms))]
    held = np.array([len(each) < 3 for each in spaces])
    tied = any(hasattr(each, "origin") or hasattr(each, "plane") for each in springs)
    species = _species(atoms, spaces, springs)
    if not held.any() and len(cell) == 0 and not tied:
        return None
    if not any(len(each) for each in spaces):
        raise InputError(f"in {name} every atom is held: nothing is left to move")
    pin = -1
    if len(cell) >= 2 and not tied and held.sum() == (np.array([len(each) for each in spaces]) == 0).sum() <= 1:
        # Held alone, an atom stands for the translations: any atom like it may take its place.
        species = _species(atoms, [np.eye(3)] * len(atoms), springs)
        rarest = int(np.argmin([(species == kind).sum() for kind in species]))
        pin = int(np.flatnonzero(held)[0]) if held.any() else rarest
        spaces[pin] = np.zeros((0, 3))
    basis = _columns(spaces)
    if _loose(atoms.positions, basis, cell):
        raise InputError(
            f"what is held in {name} lets the other atoms shift or turn as a whole: hold three atoms that are not on "
            "one line (of a cell that is periodic in two or three directions, one), or none"
        )
    turns, shifts = _motions(atoms, cell, spaces, species, pin=pin, tied=tied)
    still = atoms.positions.ravel() - basis @ (basis.T @ atoms.positions.ravel())
    return Frame(still.reshape(-1, 3), basis, species, cell, turns, shifts, pin)


def freed(atoms: Any) -> Any:
    """Atoms without the cell where they are a cluster that no image of it touches; else as they are.

    The calculator decides: energy and forces are the same with and without the cell.
    """
    if not atoms.pbc.any() or atoms.constraints or len(_lattice(atoms)) != int(atoms.pbc.sum()):
        return atoms
    alone = atoms.copy()
    places = _unwrapped(atoms)
    if places is None:
        return atoms
    alone.positions = places
    alone.pbc = False
    alone.calc = atoms.calc
    try:
        before = atoms.get_potential_energy(), atoms.get_forces().copy()
        after = alone.get_potential_energy(), alone.get_forces().copy()
    except Exception:  # noqa: BLE001 - a calculator that needs the cell keeps it
        return atoms
    scale = 1.0 + abs(before[0])
    same = (
        abs(after[0] - before[0]) <= SAME_ENERGY * scale and np.abs(after[1] - before[1]).max() <= SAME_ENERGY * scale
    )
    return alone if same else atoms


def _lattice(atoms: Any) -> Floats:
    """Reduced lattice vectors (p, 3) of the periodic directions."""
    if not atoms.pbc.any():
        return np.zeros((0, 3))
    from ase.geometry import minkowski_reduce

    cell = np.asarray(atoms.cell[:], float)
    if any(np.linalg.norm(cell[axis]) < 1e-9 for axis in range(3) if atoms.pbc[axis]):
        raise InputError("a periodic direction has no lattice vector: give the cell, or set pbc to False there")
    reduced, _ = minkowski_reduce(cell, pbc=atoms.pbc)
    return np.asarray(reduced[atoms.pbc], float)


def _directions(atoms: Any, number: int) -> Floats:
    """Orthonormal directions (k, 3) in which an atom may move; the axes where it is free."""
    barred: list[Floats] = []
    for each in atoms.constraints:
        if type(each).__name__ not in WITHIN or number not in np.atleast_1d(each.index):
            continue
        kept = _kept_by(each, atoms.cell[:])
        barred.append(np.eye(3) - kept.T @ kept)
    if not barred:
        return np.eye(3)
    values, vectors = np.linalg.eigh(sum(barred))
    found = vectors.T[values < 1e-9]
    # Whole axes are taken as they are: coordinates then are those of the atom.
    axes = np.eye(3)[[bool(np.allclose(found.T @ found @ axis, axis)) for axis in np.eye(3)]]
    return axes if len(axes) == len(found) else found


def _kept_by(constraint: Any, cell: Any) -> Floats:
    """Directions (k, 3) that a constraint leaves to its atoms."""
    kind = type(constraint).__name__
    if kind == "FixAtoms":
        return np.zeros((0, 3))
    if kind == "FixCartesian":
        return np.asarray(np.eye(3)[~np.asarray(constraint.mask, bool)])
    if kind == "FixScaled":
        edges = np.asarray(cell, float)[~np.asarray(constraint.mask, bool)]
        return np.asarray(np.linalg.qr(edges.T)[0].T) if len(edges) else np.zeros((0, 3))
    way = np.asarray(constraint.dir, float) / np.linalg.norm(constraint.dir)
    if kind == "FixedLine":
        return np.asarray(way[None])
    return np.asarray(np.linalg.svd(way[None])[2][1:])


def _species(atoms: Any, spaces: list[Floats], springs: list[Any]) -> Ints:
    """Numbers of the atoms' kinds: elements, and a number of its own for each atom that is unlike all others."""
    species = np.array(atoms.numbers, np.int64)
    single = {number for number, space in enumerate(spaces) if len(space) in (1, 2)}
    for spring in springs:
        single |= set(map(int, spring.indices)) if hasattr(spring, "indices") else {int(spring.index)}
    for place, number in enumerate(sorted(single)):
        species[number] = 1000 + place
    # An atom that is held is not exchanged with one that moves.
    species[[len(space) == 0 for space in spaces]] += 200
    return species


def _columns(spaces: list[Floats]) -> Floats:
    """Basis (3 N, D) of the coordinates that move."""
    columns = []
    for number, space in enumerate(spaces):
        for way in space:
            column = np.zeros((len(spaces), 3))
            column[number] = way
            columns.append(column.ravel())
    return np.array(columns).T


def _loose(positions: Floats, basis: Floats, cell: Floats) -> bool:
    """Whether all that moves can be shifted, or turned where the lattice allows it, with nothing held in the way."""
    centred = positions - positions.mean(axis=0)
    ways = [np.tile(axis, (len(positions), 1)) for axis in np.eye(3)]
    # A lattice of one direction leaves the turn about it, one of two or three directions none.
    about = {0: np.eye(3), 1: cell / np.linalg.norm(cell)}.get(len(cell), np.zeros((0, 3)))
    ways += [np.cross(axis, centred) for axis in about]
    rigid = np.array([way.ravel() for way in ways])
    barred = rigid - (rigid @ basis) @ basis.T
    sizes = np.linalg.svd(barred, compute_uv=False)
    return bool(sizes.min() <= 1e-6 * max(1.0, float(np.linalg.norm(rigid))))


def _motions(
    atoms: Any, cell: Floats, spaces: list[Floats], species: Ints, *, pin: int, tied: bool
) -> tuple[Floats, Floats]:
    """Motions that take the lattice and what is held to themselves."""
    places = np.asarray(atoms.positions, float)
    if tied:
        return np.eye(3)[None], np.zeros((1, 3))
    held = np.flatnonzero([len(space) < 3 for space in spaces])
    turns = _turns_of_lattice(cell) if len(cell) else _turns_of_atoms(places[held], species[held])
    if pin >= 0:
        return np.array(turns), np.zeros((len(turns), 3))
    found: list[tuple[Floats, Floats]] = []
    fixed = np.flatnonzero([len(space) == 0 for space in spaces])
    # Where an atom in a plane stands says nothing of a motion within it.
    rarest = min(fixed if len(fixed) else held, key=lambda number: int((species[held] == species[number]).sum()))
    for turn in turns:
        for goal in held[species[held] == species[rarest]]:
            shift = places[goal] - turn @ places[rarest]
            if _keeps(turn, shift, places, spaces, species, cell, held):
                found.append((turn, shift))
    return np.array([turn for turn, _ in found]), np.array([shift for _, shift in found])


def _keeps(
    turn: Floats, shift: Floats, places: Floats, spaces: list[Floats], species: Ints, cell: Floats, held: Ints
) -> bool:
    """Whether a motion takes held atoms to like ones, and each that moves in part to its own line or plane."""
    inverse = np.linalg.pinv(cell) if len(cell) else None
    for number in held:
        free = spaces[number].T @ spaces[number]
        if not np.allclose(turn @ free @ turn.T, free, atol=1e-6):
            return False
        like = held[species[held] == species[number]]
        way = (turn @ places[number] + shift - places[like]) @ (np.eye(3) - free)
        if inverse is not None:
            way = way - np.round(way @ inverse) @ cell
        if not ((way**2).sum(axis=1) <= SAME_PLACE**2).any():
            return False
    return True


def _turns_of_lattice(cell: Floats) -> list[Floats]:
    """Orthogonal matrices that take a lattice of one to three dimensions to itself."""
    rank = len(cell)
    vectors = np.array(list(product(range(-2, 3), repeat=rank)), float) @ cell
    metric = cell @ cell.T
    scale = SAME_LENGTH * metric.max()
    like = [vectors[np.abs((vectors**2).sum(axis=1) - metric[axis, axis]) <= scale] for axis in range(rank)]
    # The directions across the lattice are kept or turned round: all that a lattice alone allows.
    across = np.linalg.svd(cell)[2][rank:]
    found = []
    for images in product(*like):
        image = np.array(images)
        if np.abs(image @ image.T - metric).max() > scale:
            continue
        for signs in product((1.0, -1.0), repeat=min(3 - rank, 1)):
            ends = np.concatenate([image, *(sign * across for sign in signs)])
            turn = np.linalg.solve(np.concatenate([cell, across]), ends).T
            # Lattice vectors that are equal to five digits make a matrix that is orthogonal to as many.
            left, _, right = np.linalg.svd(turn)
            found.append(left @ right)
    return found


def _turns_of_atoms(places: Floats, species: Ints) -> list[Floats]:
    """Orthogonal matrices that take three held atoms, not on a line, to three like them."""
    gap = np.linalg.norm(places[:, None] - places[None], axis=2)
    first, second = np.unravel_index(gap.argmax(), gap.shape)
    third = int(np.linalg.norm(np.cross(places - places[first], places[second] - places[first]), axis=1).argmax())
    start = _axes(places, int(first), int(second), third)
    found = []
    for one in np.flatnonzero(species == species[first]):
        for two in np.flatnonzero((species == species[second]) & (np.abs(gap[one] - gap[first, second]) < SAME_PLACE)):
            near = np.abs(gap[one] - gap[first, third]) + np.abs(gap[two] - gap[second, third]) < SAME_PLACE
            for three in np.flatnonzero((species == species[third]) & near):
                end = _axes(places, int(one), int(two), int(three))
                found += [end.T @ np.diag([1.0, 1.0, side]) @ start for side in (1.0, -1.0)]
    return found


def _axes(places: Floats, one: int, two: int, three: int) -> Floats:
    """Orthonormal axes (3, 3) of three atoms: along the first two, in their plane, across it."""
    along = places[two] - places[one]
    along = along / np.linalg.norm(along)
    side = places[three] - places[one]
    side = side - (side @ along) * along
    side = side / np.linalg.norm(side)
    return np.array([along, side, np.cross(along, side)])


def _unwrapped(atoms: Any) -> Floats | None:
    """Positions of a cluster in one piece; None where it touches an image of itself, or is in pieces."""
    places = np.asarray(atoms.positions, float)
    cell = _lattice(atoms)
    frame = Frame(
        places, np.zeros((places.size, 0)), np.zeros(len(places), int), cell, np.zeros((0, 3, 3)), np.zeros((0, 3))
    )
    way = frame.nearest(places[None] - places[:, None])
    gap = np.linalg.norm(way, axis=2)
    np.fill_diagonal(gap, np.inf)
    reach = REACH * float(np.median(gap.min(axis=1)))
    if min(np.linalg.norm(edge) for edge in cell) <= 2.0 * reach:
        return None
    whole, seen, waiting = np.array(places), {0}, [0]
    while waiting:
        one = waiting.pop()
        for two in np.flatnonzero(gap[one] < reach):
            if int(two) not in seen:
                whole[two] = whole[one] + way[one, two]
                seen.add(int(two))
                waiting.append(int(two))
    if len(seen) < len(places):
        return None
    closed = np.linalg.norm(whole[None] - whole[:, None] - way, axis=2)
    return whole if (closed[gap < reach] < 1e-6).all() else None


SHAKEN, MOVED = 0.3, 0.15
"""Standard deviations in Angstrom of the displacements of starts, and of those where loose atoms are moved as well."""
LOOSE = 0.75
"""Share of the most neighbours below which an atom is loose: one that lies on a surface, or beside a vacancy."""


def scattered(frame: Frame, native: Floats, generator: np.random.Generator, count: int) -> Floats:
    """Starts (count, D): the structure with its atoms displaced; in every second one a loose atom is put elsewhere.

    Loose are atoms with fewer neighbours than three quarters of the most. One of them goes to a random place in the
    cell at its height, or without a cell to the far side of another loose atom.
    """
    way = frame.nearest(native[None] - native[:, None])
    gap = np.linalg.norm(way, axis=2)
    np.fill_diagonal(gap, np.inf)
    neighbours = (gap < 1.3 * float(np.median(gap.min(axis=1)))).sum(axis=1)
    loose = np.flatnonzero(frame.movable & (neighbours < LOOSE * neighbours.max()))
    found = np.empty((count, frame.dimension))
    for row in range(count):
        atoms, width = np.array(native), SHAKEN
        if row % 2 and len(loose):
            one, width = int(generator.choice(loose)), MOVED
            if len(frame.cell):
                atoms[one] += generator.random(len(frame.cell)) @ frame.cell
            else:
                other = int(generator.choice(loose))
                atoms[one] = atoms[other] + generator.standard_normal(3) * float(gap.min())
        atoms += width * generator.standard_normal(atoms.shape)
        found[row] = frame.coordinates(atoms)
    return found
