"""Structure files of every name and packing: read as they are meant, or refused in a sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from spinfunnel.landscape import InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.atoms.structure_reading import READABLE, read_atoms

pytest.importorskip("ase")

import ase.io
from ase import Atoms
from ase.build import bulk, fcc111
from ase.constraints import FixAtoms

WRITABLE = {
    ".xyz": "extxyz", ".extxyz": "extxyz", ".traj": "traj", ".cif": "cif", ".pdb": "proteindatabank", ".vasp": "vasp",
    ".poscar": "vasp", ".gen": "gen", ".xsf": "xsf", ".cube": "cube", ".gro": "gromacs",
    ".con": "eon", ".gjf": "gaussian-in", ".com": "gaussian-in", ".f34": "crystal", ".shelx": "res", ".res": "res",
    ".g96": "gromos", ".xsd": "xsd", ".ascii": "v-sim",
}  # fmt: skip
NAMES = {"POSCAR": "vasp", "CONTCAR": "vasp", "POSCAR_relaxed": "vasp", "geometry.in": "aims", "coord": "turbomole"}


def crystal() -> Atoms:
    """Four atoms in a cell without any right angle of its own axes."""
    made = bulk("Cu", cubic=True)
    made.positions[1] += [0.1, 0.05, -0.02]
    return made


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("name", [*(f"some{ending}" for ending in WRITABLE), *NAMES])
def test_what_ase_writes_is_read(tmp_path: Path, name: str, packed: str) -> None:
    """The same distances between atoms, whatever the format keeps of the cell."""
    reader = NAMES.get(name) or WRITABLE[Path(name).suffix]
    file = tmp_path / name
    if reader == "crystal":
        pytest.importorskip("spglib")
    ase.io.write(file, crystal(), format=reader)
    if packed:
        packed_file = tmp_path / (name + packed)
        packed_file.write_bytes(gzip.compress(file.read_bytes()))
        file = packed_file
    atoms, note = read_atoms(str(file))
    assert sorted(atoms.numbers) == [29, 29, 29, 29]
    assert note == ""
    known = crystal()
    tolerance = 0.02 if reader in ("gromacs", "gromos") else 2e-3
    for one, other in ((0, 1), (1, 2), (2, 3)):
        way = atoms.positions[other] - atoms.positions[one]
        if atoms.pbc.any():
            assert atoms.get_distance(one, other, mic=True) == pytest.approx(
                known.get_distance(one, other, mic=True), abs=tolerance
            )
        else:
            assert np.linalg.norm(way) == pytest.approx(known.get_distance(one, other), abs=tolerance)


def test_every_format_has_a_reader_of_ase() -> None:
    from ase.io.formats import ioformats

    for reader in READABLE.values():
        assert ioformats[reader].can_read, reader


def test_selective_dynamics_hold_atoms(tmp_path: Path) -> None:
    slab = fcc111("Cu", (2, 2, 3), vacuum=6.0)
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    ase.io.write(tmp_path / "CONTCAR", slab, format="vasp")
    landscape = resolve(str(tmp_path / "CONTCAR"))
    assert landscape.dimension == 12  # type: ignore[union-attr]


def test_one_of_several_frames_is_taken_and_said(tmp_path: Path) -> None:
    series = [Atoms("Cu3", [[0, 0, 0], [2.5 + 0.1 * step, 0, 0], [1.2, 2.1, 0]]) for step in range(4)]
    file = tmp_path / "run.traj"
    ase.io.write(file, series)
    last, said = read_atoms(str(file))
    assert last.positions[1, 0] == pytest.approx(2.8)
    assert said == "frame 3 of 4 of run.traj"
    assert resolve(f"{file}:frame=1").note == "frame 1 of 4 of run.traj"  # type: ignore[union-attr]
    assert resolve(f"ase:file={file},frame=1").identity == resolve(f"{file}:frame=1").identity
    with pytest.raises(InputError, match=r"frame=9 .* does not exist: it has frames 0 to 3"):
        resolve(f"{file}:frame=9")


def test_numbers_as_fortran_writes_them_are_read(tmp_path: Path) -> None:
    file = tmp_path / "cluster.xyz"
    file.write_text("2\nfrom an old program\nCu 0.0D+00 0.0D0 0.0d0\nCu .25D+01 0.0D+00 -1.0D-02\n")
    atoms, _ = read_atoms(str(file))
    np.testing.assert_allclose(atoms.positions, [[0, 0, 0], [2.5, 0, -0.01]])


def test_the_same_file_packed_is_the_same_landscape(tmp_path: Path) -> None:
    plain = tmp_path / "slab.xyz"
    ase.io.write(plain, crystal(), format="extxyz")
    packed = tmp_path / "slab.xyz.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = resolve(str(plain)), resolve(str(packed))
    start = [each.starts(np.random.default_rng(0), 2) for each in (one, other)]  # type: ignore[union-attr]
    np.testing.assert_array_equal(*start)


@pytest.mark.parametrize("name", ["some.cif", "some.traj", "POSCAR", "some.res", "some.con", "some.xsd"])
def test_rubbish_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"Dear all,\n\nthis is a letter.\n")
    with pytest.raises(InputError) as caught:
        resolve(str(tmp_path / name))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
