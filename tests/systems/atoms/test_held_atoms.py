"""Held atoms and cells: what is held stays, symmetry copies are one state, barriers are those of another program."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spinfunnel as sf
from spinfunnel.explore.smooth.identity import group_order, same_point
from spinfunnel.landscape import Budget, InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.atoms.ase_atoms import AseLandscape, from_atoms

ase = pytest.importorskip("ase")

from ase import Atoms  # noqa: E402
from ase.build import add_adsorbate, bulk, fcc100, fcc111  # noqa: E402
from ase.calculators.emt import EMT  # noqa: E402
from ase.constraints import (  # noqa: E402
    FixAtoms,
    FixBondLength,
    FixCartesian,
    FixedLine,
    FixedPlane,
    FixScaled,
    Hookean,
)  # fmt: skip


def slab(metal: str = "Cu", *, size: tuple[int, int, int] = (3, 3, 3), adatom: str = "Cu", site: str = "fcc") -> Atoms:
    """Slab whose lower layers are held, with an adatom."""
    made = (fcc111 if site in ("fcc", "hcp") else fcc100)(metal, size, vacuum=8.0)
    add_adsorbate(made, adatom, 1.9, site)
    made.set_constraint(FixAtoms([atom.index for atom in made if atom.tag > 1]))
    made.calc = EMT()
    return made


def landscape_of(atoms: Atoms) -> AseLandscape:
    return from_atoms(atoms, name="atoms", parameters={})


def vacancy() -> Atoms:
    made = bulk("Cu", cubic=True) * (2, 2, 2)
    del made[13]
    made.calc = EMT()
    return made


def held_cluster() -> Atoms:
    """A tetrahedron of gold, held, with a copper atom on one of its faces."""
    edge, middle = 2.8, 2.8 / 12**0.5
    corners = [[0, 0, 0], [edge, 0, 0], [edge / 2, 3 * middle, 0], [edge / 2, middle, edge * (2 / 3) ** 0.5]]
    made = Atoms("Au4Cu", [*corners, [edge / 2, middle, -2.0]])
    made.set_constraint(FixAtoms([0, 1, 2, 3]))
    made.calc = EMT()
    return made


CASES = {
    "Cu(111)": slab, "Al(100)": lambda: slab("Al", adatom="Au", site="hollow"), "vacancy": vacancy,
    "tetrahedron": held_cluster,
}  # fmt: skip
MOTIONS = {"Cu(111)": 108, "Al(100)": 72 * 2, "vacancy": 48, "tetrahedron": 24}
"""Of three layers of Cu(111) the two that are held have an inversion; two layers of Al(100) have a glide."""


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, Atoms, AseLandscape]:
    atoms = CASES[request.param]()
    return request.param, atoms, landscape_of(atoms)


def test_every_motion_of_the_frame_leaves_the_energy_alone(case: tuple[str, Atoms, AseLandscape]) -> None:
    name, atoms, landscape = case
    frame = landscape.frame
    assert frame is not None
    assert len(frame.turns) == MOTIONS[name]
    generator = np.random.default_rng(1)
    shaken = atoms.copy()
    shaken.calc = EMT()
    q = frame.coordinates(atoms.positions) + 0.1 * generator.standard_normal(frame.dimension)
    shaken.set_constraint()
    shaken.positions = frame.atoms(q)
    known = shaken.get_potential_energy()
    assert landscape.energy_and_gradient(q[None])[0][0] == pytest.approx(known, abs=1e-10)
    for number in generator.integers(len(frame.turns), size=12):
        shaken.positions = frame.atoms(q) @ frame.turns[number].T + frame.shifts[number]
        assert shaken.get_potential_energy() == pytest.approx(known, abs=1e-8)


def test_a_copy_by_symmetry_is_the_same_state_and_another_is_not(case: tuple[str, Atoms, AseLandscape]) -> None:
    _, atoms, landscape = case
    frame, invariance = landscape.frame, landscape.invariance
    assert frame is not None
    generator = np.random.default_rng(2)
    q = frame.coordinates(atoms.positions) + 0.1 * generator.standard_normal(frame.dimension)
    for number in generator.integers(len(frame.turns), size=6):
        copy = frame.atoms(q) @ frame.turns[number].T + frame.shifts[number]
        held = ~frame.movable
        places = frame.atoms(q)
        if frame.pin >= 0:
            copy += places[frame.pin] - copy[frame.pin]
        elif held.any():
            # The motion takes held atoms to held ones, in another order.
            copy[held] = places[held]
        assert same_point(invariance, q, frame.coordinates(copy))
        assert np.linalg.norm(q - frame.overlaid(q, frame.coordinates(copy))) < 1e-6
    assert group_order(invariance, q) == 1
    bent = q.copy()
    bent[-1] += 0.01
    assert not same_point(invariance, q, bent)


def test_the_compiled_twin_gives_what_ase_gives(case: tuple[str, Atoms, AseLandscape]) -> None:
    _, _, landscape = case
    assert landscape.kernel is not None
    frame = landscape.frame
    assert frame is not None
    slow = dataclasses.replace(landscape, kernel=None)
    places = landscape.starts(np.random.default_rng(3), 4)
    if len(frame.cell):
        places[:, :3] += 7.0 * frame.cell[0]  # An atom that wandered off through the lattice.
    fast, known = landscape.energy_and_gradient(places), slow.energy_and_gradient(places)
    np.testing.assert_allclose(fast[0], known[0], atol=1e-9)
    np.testing.assert_allclose(fast[1], known[1], atol=1e-9)
    np.testing.assert_allclose(landscape.hessian(places[:1]), slow.hessian(places[:1]), atol=1e-5)


@pytest.mark.slow
def test_the_barrier_of_a_hop_is_that_of_an_elastic_band() -> None:
    """From the fcc hollow of Cu(111) to the hcp one; 1 meV is asked, what is left is the band's own error."""
    from ase.mep import NEB
    from ase.optimize import BFGS, FIRE

    start = slab()
    BFGS(start, logfile=None).run(fmax=1e-4)
    end = start.copy()
    end.calc = EMT()
    end.positions[-1, 1] -= 1.4737
    BFGS(end, logfile=None).run(fmax=1e-4)
    images = [start, *(start.copy() for _ in range(5)), end]
    for image in images[1:-1]:
        image.calc = EMT()
    band = NEB(images, climb=True, method="improvedtangent")
    band.interpolate()
    FIRE(band, logfile=None).run(fmax=1e-3, steps=2000)
    top = max(image.get_potential_energy() for image in images)
    found = sf.study(
        landscape_of(slab()), explorer="climbing:depth=0.4", nulls=False, views=False, seed=1, workers=2,
        budget=Budget(evaluations=150_000),
    ).graph  # fmt: skip
    energies = np.asarray(found.energy)
    for known in (start.get_potential_energy(), end.get_potential_energy()):
        assert np.abs(energies - known).min() < 1e-6
    assert np.abs(np.asarray(found.saddle_energy) - top).min() < 1e-5


def test_held_atoms_never_move(tmp_path: Path) -> None:
    """A structure file with a mask of what may move, as ASE writes it."""
    import ase.io

    atoms = held_cluster()
    file = tmp_path / "island.extxyz"
    atoms.calc = None
    ase.io.write(file, atoms, columns=["symbols", "positions", "move_mask"])
    landscape = resolve(str(file))
    assert isinstance(landscape, AseLandscape)
    assert landscape.dimension == 3
    found = sf.study(landscape, explorer="climbing", nulls=False, views=False, seed=2)
    # On the faces of the tetrahedron, and in its middle: one minimum each, of orders 6 and 24.
    assert found.graph.minima == 2
    face = np.array([1.4, 2.8 / 12**0.5, -2.0])
    assert group_order(landscape.invariance, face) == 6
    assert group_order(landscape.invariance, np.array([1.4, 2.8 / 12**0.5, 2.8 * (2 / 3) ** 0.5 / 4])) == 24
    places = landscape.all_atoms(landscape.starts(np.random.default_rng(0), 5))
    np.testing.assert_allclose(places[:, :4], np.broadcast_to(atoms.positions[:4], (5, 4, 3)))


def test_exported_structures_have_all_atoms_and_the_cell(tmp_path: Path) -> None:
    import ase.io

    from spinfunnel.cli.work import exported

    atoms = slab(size=(2, 2, 3))
    atoms.calc = None
    ase.io.write(tmp_path / "slab.traj", atoms)
    landscape = resolve(str(tmp_path / "slab.traj"))
    few = Budget(evaluations=4000)
    atlas = str(tmp_path / "slab.db")
    found = sf.study(landscape, atlas=atlas, explorer="climbing", nulls=False, seed=1, budget=few)
    drawn = found.views["coordinates"]
    assert all(places.shape == (13, 3) for places in drawn.values())
    exported(atlas, form="xyz", output=tmp_path / "out", which=None, overwrite=False)
    frames = ase.io.read(tmp_path / "out" / "minima.xyz", index=":")
    assert len(frames) == found.graph.minima
    for frame, energy in zip(frames, found.graph.energy, strict=True):
        assert frame.pbc.tolist() == [True, True, False]
        np.testing.assert_allclose(frame.positions[:8], atoms.positions[:8])
        frame.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(energy, abs=1e-8)


def test_a_cluster_in_a_large_cell_is_free() -> None:
    cluster = Atoms("Cu4", [[0, 0, 0], [2.5, 0, 0], [1.2, 2.1, 0], [1.2, 0.7, 2.0]], calculator=EMT())
    boxed = cluster.copy()
    boxed.set_cell([20.0, 20.0, 20.0])
    boxed.pbc = True
    boxed.positions += [19.0, 5.0, 5.0]
    boxed.wrap()
    boxed.calc = EMT()
    free, cell = landscape_of(cluster), landscape_of(boxed)
    assert cell.frame is None
    energies = [
        sf.study(each, explorer="climbing", nulls=False, views=False, seed=1).graph.energy for each in (free, cell)
    ]
    np.testing.assert_allclose(*energies, atol=1e-9)


def test_planes_lines_axes_and_springs_are_kept() -> None:
    atoms = slab()
    top = len(atoms) - 1
    still = atoms.constraints[0]
    free = landscape_of(atoms).dimension
    for constraint, left in (
        (FixedPlane(top, [0, 0, 1]), 2), (FixedLine(top, [1, 1, 0]), 1),
        (FixCartesian(top, mask=[True, False, False]), 2), (FixScaled([top], mask=[False, False, True]), 2),
    ):  # fmt: skip
        atoms.set_constraint([still, constraint])
        landscape = landscape_of(atoms)
        assert landscape.frame is not None
        assert landscape.dimension == free - 3 + left
        q = landscape.starts(np.random.default_rng(4), 1)
        moved = landscape.all_atoms(q)[0, top] - atoms.positions[top]
        if isinstance(constraint, FixedPlane):
            assert moved[2] == pytest.approx(0.0, abs=1e-12)
        energy, gradient = landscape.energy_and_gradient(q)
        step = np.zeros_like(q)
        step[0, -1] = 1e-5
        slope = (landscape.energy_and_gradient(q + step)[0] - landscape.energy_and_gradient(q - step)[0]) / 2e-5
        assert gradient[0, -1] == pytest.approx(slope[0], abs=1e-6)
        assert np.isfinite(energy).all()
    atoms.set_constraint([still, Hookean(top, 20, k=5.0, rt=1.0)])
    tied = landscape_of(atoms)
    q = tied.frame.coordinates(atoms.positions)  # type: ignore[union-attr]
    plain = slab()
    length = float(np.linalg.norm(atoms.positions[top] - atoms.positions[20]))
    spring = 0.5 * 5.0 * (length - 1.0) ** 2
    energy = tied.energy_and_gradient(q[None])[0][0]
    assert energy == pytest.approx(plain.get_potential_energy() + spring, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda atoms: atoms.set_constraint(FixBondLength(0, 1)), "FixBondLength"),
        (lambda atoms: atoms.set_constraint(FixAtoms(range(len(atoms)))), "every atom is held"),
        (lambda atoms: (atoms.set_constraint(FixAtoms([0])), setattr(atoms, "pbc", False)), "shift or turn"),
        (lambda atoms: (atoms.set_constraint(), setattr(atoms, "pbc", (True, False, False))), "shift or turn"),
    ],
)
def test_what_has_no_frame_is_refused_by_name(change: Any, message: str) -> None:
    atoms = slab()
    change(atoms)
    with pytest.raises(InputError, match=message) as caught:
        landscape_of(atoms)
    assert len(str(caught.value)) < 300
