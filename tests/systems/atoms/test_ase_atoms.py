"""Atoms with an ASE calculator."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.atoms.ase_atoms import from_atoms
from spinfunnel.systems.atoms.pair_potentials import lennard_jones

ase = pytest.importorskip("ase")


def test_energy_is_the_calculators() -> None:
    from ase.build import molecule
    from ase.calculators.emt import EMT

    atoms = molecule("H2O")
    atoms.calc = EMT()
    landscape = from_atoms(atoms, name="water", parameters={})
    energy, gradient = landscape.energy_and_gradient(atoms.positions.reshape(1, -1))
    assert energy[0] == pytest.approx(atoms.get_potential_energy(), rel=1e-13)
    np.testing.assert_allclose(gradient[0], -atoms.get_forces().ravel(), rtol=0, atol=1e-12)
    assert landscape.invariance.species == (8, 1, 1)
    before = atoms.positions.copy()
    landscape.energy_and_gradient(landscape.starts(np.random.default_rng(0), 2))
    assert np.array_equal(atoms.positions, before)


def test_lennard_jones_of_ase_is_ours() -> None:
    theirs, ours = resolve("ase:formula=Ar5,calculator=lj"), lennard_jones(5)
    place = ours.starts(np.random.default_rng(2), 3)
    np.testing.assert_allclose(
        theirs.energy_and_gradient(place)[0], ours.energy_and_gradient(place)[0], rtol=1e-9, atol=1e-6
    )


def test_a_structure_file_is_a_place_to_start_from(tmp_path) -> None:
    from ase.cluster import Icosahedron
    from ase.io import write

    cluster = Icosahedron("Cu", 2)
    cluster.rattle(0.1, seed=1)
    write(tmp_path / "cu13.xyz", cluster)
    landscape = resolve(f"ase:file={tmp_path}/cu13.xyz,calculator=emt")
    starts = landscape.starts(np.random.default_rng(0), 6).reshape(6, 13, 3)
    near = np.abs(starts - cluster.positions).max(axis=(1, 2))
    assert (near[::2] < 2.0).all()
    assert (near[1::2] > 1.0).all()


def test_what_cannot_be_computed_is_refused_in_a_sentence(tmp_path) -> None:
    (tmp_path / "bad.xyz").write_text("3\n\nCu 0 0 0\n")
    (tmp_path / "code.py").write_text("print('no')")
    (tmp_path / "none.xyz").write_text("")
    (tmp_path / "letter.pdb").write_text("Dear all,\n")
    for spec, message in {
        "ase:formula=Zz4": "no chemical formula",
        "ase:formula=Cu": "atoms=1 is out of range",
        "ase:formula=Ar3": "not made of EMT's metals",
        "ase:formula=Cu3,calculator=emtt": "did you mean 'emt'",
        "ase:formula=Ar3,calculator=emt": "the calculator of ase failed: NotImplementedError",
        "ase:formula=Cu3,calculator=no.such.Thing": "cannot be made: ModuleNotFoundError",
        f"ase:file={tmp_path}/gone.xyz": "does not exist",
        f"ase:file={tmp_path}/bad.xyz": "announces 3 atoms and has 1 lines",
        f"ase:file={tmp_path}/code.py": "structures are read from",
        f"ase:file={tmp_path}/none.xyz": "is empty",
        f"{tmp_path}/letter.pdb": "holds no atoms",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            resolve(spec)
        assert "\n" not in str(caught.value)


def test_atoms_without_a_calculator_are_refused() -> None:
    from ase import Atoms

    with pytest.raises(InputError, match="has no calculator"):
        from_atoms(Atoms("Cu2", [[0, 0, 0], [2.5, 0, 0]]), name="pair", parameters={})


def test_a_calculator_that_fails_gives_nan_and_not_a_number() -> None:
    from ase import Atoms
    from ase.calculators.emt import EMT

    landscape = from_atoms(Atoms("Cu2", [[0, 0, 0], [2.5, 0, 0]], calculator=EMT()), name="pair", parameters={})
    energy, gradient = landscape.energy_and_gradient(np.array([[0.0, 0, 0, np.nan, 0, 0]]))
    assert np.isnan(energy[0]) or np.isnan(gradient).any()


def test_without_ase_one_sentence_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ase", None)
    with pytest.raises(InputError, match=r"pip install 'spinfunnel\[ase\]'"):
        resolve("ase")


def test_a_structure_file_alone_says_which_system_it_is(tmp_path) -> None:
    (tmp_path / "cu3.xyz").write_text("3\n\nCu 0 0 0\nCu 2.5 0 0\nCu 0 2.5 0\n")
    assert resolve(str(tmp_path / "cu3.xyz")).name == "ase"
    (tmp_path / "n2.xyz").write_text("2\n\nN 0 0 0\nN 1.1 0 0\n")
    with pytest.raises(InputError, match="needs a calculator"):
        resolve(str(tmp_path / "n2.xyz"))
    turn = np.radians(100.0 * np.arange(10))
    helix = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(10)], axis=1)
    rows = [
        f"ATOM  {n:5d}  CA  ALA A{n:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C"
        for n, (x, y, z) in enumerate(helix, 1)
    ]
    (tmp_path / "helix.pdb").write_text("\n".join(rows))
    landscape = resolve(str(tmp_path / "helix.pdb"))
    assert (landscape.name, landscape.dimension) == ("calpha", 30)


@pytest.mark.parametrize("formula", ["Cu7", "Al3Ni2Pt", "Cu4Au3", "AgPd"])
def test_compiled_emt_is_that_of_ase(formula) -> None:
    from ase.calculators.emt import EMT

    landscape = resolve(f"ase:formula={formula}")
    atoms = ase.Atoms(formula, calculator=EMT())
    places = np.random.default_rng(3).uniform(-3.5, 3.5, (12, 3 * len(atoms)))
    places[0] *= 3.0  # some pairs beyond the cut-off, some atoms alone
    assert landscape.kernel is not None
    energy, gradient = landscape.energy_and_gradient(places)
    for place, value, slope in zip(places, energy, gradient, strict=True):
        atoms.positions[:] = place.reshape(-1, 3)
        scale = max(1.0, np.abs(atoms.get_forces()).max())
        assert value == pytest.approx(atoms.get_potential_energy(), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(slope, -atoms.get_forces().ravel(), rtol=0, atol=1e-12 * scale)


def test_another_calculator_has_no_compiled_twin_and_a_twin_that_differs_is_not_used(monkeypatch) -> None:
    from ase.calculators.emt import EMT

    class Renamed(EMT):
        """A calculator of its own, though it answers as EMT does."""

    class Doubled(EMT):
        def get_property(self, name, atoms=None, allow_calculation=True):
            found = super().get_property(name, atoms, allow_calculation)
            return 2.0 * found if name == "energy" else found

    pair = [[0.0, 0, 0], [2.5, 0, 0]]
    assert from_atoms(ase.Atoms("Cu2", pair, calculator=Renamed()), name="pair", parameters={}).kernel is None
    monkeypatch.setattr("ase.calculators.emt.EMT", Doubled)
    assert from_atoms(ase.Atoms("Cu2", pair, calculator=Doubled()), name="pair", parameters={}).kernel is None
    monkeypatch.undo()
    ours = from_atoms(ase.Atoms("Cu2", pair, calculator=EMT(asap_cutoff=True)), name="pair", parameters={})
    atoms = ase.Atoms("Cu2", pair, calculator=EMT(asap_cutoff=True))
    assert ours.kernel is not None
    assert ours.energy_and_gradient(np.ravel(pair)[None])[0][0] == pytest.approx(
        atoms.get_potential_energy(), rel=1e-12
    )


def test_what_was_tried_is_no_part_of_a_structure() -> None:
    from ase.calculators.emt import EMT

    positions = np.array([[0.0, 0, 0], [2.5, 0, 0], [0, 2.4, 0]])
    made = [from_atoms(ase.Atoms("Cu3", positions, calculator=EMT()), name="three", parameters={}) for _ in range(2)]
    assert made[0].identity == made[1].identity
    starts = made[0].starts(np.random.default_rng(0), 400)[::2].reshape(200, 3, 3)
    np.testing.assert_allclose(starts.mean(axis=0), positions, atol=0.12)  # 4 sigma of 0.4 / sqrt(200)
