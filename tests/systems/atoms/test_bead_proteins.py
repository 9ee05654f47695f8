"""Chain proteins: known energies, structure files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinfunnel.formats.structure_files import SIDE_CHAINS, read_structure
from spinfunnel.landscape import InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.atoms.bead_chain import dihedral_angles
from spinfunnel.systems.atoms.bln_protein import SEQUENCE_46, bln_field, native_46, random_chains
from spinfunnel.systems.atoms.calpha import calpha_field, calpha_protein, load_native, native_contacts

HELIX = np.array([[2.3 * np.cos(1.745 * i), 2.3 * np.sin(1.745 * i), 1.5 * i] for i in range(12)])
"""C-alpha atoms of an ideal alpha helix, neighbours 3.8 Angstrom apart."""


def pdb_text(trace: np.ndarray, *, chain: str = "A", full: bool = False, names: list[str] | None = None) -> list[str]:
    """Lines of a PDB file."""
    lines = []
    for number, place in enumerate(trace, start=1):
        name = (names or ["ALA"] * len(trace))[number - 1]
        atoms = ["N", "CA", "C", "O", *SIDE_CHAINS[name].split()] if full else ["CA"]
        for k, atom in enumerate(atoms):
            x, y, z = place + (0.0 if atom == "CA" else 0.3 * k)
            lines.append(
                f"ATOM  {len(lines) + 1:5d}  {atom:<3s} {name} {chain}{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00"
            )
    return lines


def cif_text(trace: np.ndarray) -> str:
    """The same as an mmCIF table, with a second model, a ligand and quoted words."""
    fields = "group_PDB id type_symbol label_atom_id label_comp_id label_asym_id label_seq_id auth_asym_id auth_seq_id"
    head = "".join(f"_atom_site.{word}\n" for word in f"{fields} Cartn_x Cartn_y Cartn_z pdbx_PDB_model_num".split())
    rows = [
        f"ATOM {i} C 'CA' ALA X {i} A {i} {x:.3f} {y:.3f} {z:.3f} {model}"
        for model in (1, 2)
        for i, (x, y, z) in enumerate(trace + 5.0 * (model - 1), start=1)
    ]
    rows.insert(3, 'HETATM 99 O "O5\'" ATP X . A 901 1.0 2.0 3.0 1')
    return "data_TEST\n#\nloop_\n" + head + "\n".join(rows) + "\n#\n"


@pytest.fixture
def write(tmp_path: Path):
    def put(name: str, text: str | list[str]) -> str:
        path = tmp_path / name
        path.write_text(text if isinstance(text, str) else "\n".join(text) + "\n")
        return str(path)

    return put


def test_lowest_minimum_of_the_46_mer_has_the_published_energy() -> None:
    """-49.2635, Kim, Keyes and co-workers; with bonds of stiffness 231.2 it is lower."""
    landscape = resolve("bln")
    native = native_46().reshape(1, -1)
    energy, gradient = landscape.energy_and_gradient(native)
    assert energy[0] == pytest.approx(-49.2635, abs=5e-5)
    assert np.abs(gradient).max() < 1e-6
    values = np.linalg.eigvalsh(landscape.hessian(native)[0])
    assert (np.abs(values[:6]) < 1e-6).all()
    assert values[6] > 1.0
    other = resolve("bln:stiffness=231.2").energy_and_gradient(native)
    assert other[0][0] < energy[0]
    assert np.abs(other[1]).max() > 1.0


def test_the_go_variant_keeps_native_attraction_only() -> None:
    frustrated, go = bln_field(SEQUENCE_46), bln_field(SEQUENCE_46, native=native_46())
    attracts, kept = frustrated.wells[:, 2] < 0, go.wells[:, 2] < 0
    assert not (kept & ~attracts).any()
    apart = np.linalg.norm(native_46()[go.pairs[:, 0]] - native_46()[go.pairs[:, 1]], axis=1)
    assert np.array_equal(kept, attracts & (apart < 1.167))
    assert 30 < kept.sum() < attracts.sum() / 2
    assert np.array_equal(frustrated.wells[~attracts], go.wells[~attracts])
    with pytest.raises(InputError, match="leave sequence out"):
        resolve("bln:sequence=BBNNBB,interactions=go")


def test_random_chains_avoid_themselves() -> None:
    field = bln_field(SEQUENCE_46)
    chains = random_chains(field, np.random.default_rng(1), 5).reshape(5, 46, 3)
    for chain in chains:
        apart = np.linalg.norm(chain[:, None] - chain[None], axis=2)[np.triu_indices(46, 3)]
        assert apart.min() > 0.9
        np.testing.assert_allclose(np.linalg.norm(np.diff(chain, axis=0), axis=1), 1.0)
    assert np.abs(chains[0] - chains[1]).max() > 1.0


def test_the_native_hairpin_is_a_minimum_worth_its_contacts() -> None:
    structure = load_native()
    contacts = native_contacts(structure)
    apart = np.linalg.norm(structure.trace[contacts[:, 0]] - structure.trace[contacts[:, 1]], axis=1)
    assert apart.max() < 8.0
    assert (contacts[:, 1] - contacts[:, 0] >= 4).all()
    landscape = resolve("calpha")
    energy, gradient = landscape.energy_and_gradient(structure.trace.reshape(1, -1))
    assert energy[0] == pytest.approx(-len(contacts), abs=0.01)
    assert np.abs(gradient).max() < 0.01
    turned = np.array(dihedral_angles(structure.trace))
    assert np.allclose(dihedral_angles(structure.trace * [1, 1, -1]), -turned)


def test_one_structure_in_three_formats(write) -> None:
    np.save(Path(write("trace.csv", "")).with_name("trace.npy"), HELIX.round(3))
    files = [
        write("helix.pdb", pdb_text(HELIX)),
        write("helix.cif", cif_text(HELIX)),
        write("helix.xyz", "12\nhelix\n" + "\n".join(f"C {x:.3f} {y:.3f} {z:.3f}" for x, y, z in HELIX)),
        write("helix.csv", "\n".join(f"{x:.3f},{y:.3f},{z:.3f}" for x, y, z in HELIX)),
        str(Path(write("trace.csv", "")).with_name("trace.npy")),
    ]
    traces = [read_structure(file).trace for file in files]
    for trace in traces:
        np.testing.assert_allclose(trace, HELIX, atol=6e-4)
    identities = {resolve(f"calpha:file={file}").identity for file in files[:2]}
    assert len(identities) == 2
    part = read_structure(files[0], residues="3-9")
    np.testing.assert_allclose(part.trace, HELIX[2:9], atol=6e-4)


def test_heavy_atoms_decide_on_contacts_where_there_are_any(write) -> None:
    names = ["ALA", "LEU", "LYS", "GLY"] * 3
    complete = write("full.pdb", pdb_text(HELIX, full=True, names=names))
    structure = read_structure(complete)
    assert [len(atoms) for atoms in structure.heavy] == [5, 8, 9, 4] * 3
    heavy, trace = native_contacts(structure, contacts="heavy"), native_contacts(structure, contacts="calpha")
    assert {tuple(pair) for pair in heavy} != {tuple(pair) for pair in trace}
    assert np.array_equal(native_contacts(structure), heavy)
    lacking = [line for line in pdb_text(HELIX, full=True, names=names) if not (" CG " in line and "   2  " in line)]
    file = write("lacking.pdb", lacking)
    with pytest.raises(InputError, match=r"residue LEU 2 of chain A lacks CG.*contacts=calpha"):
        resolve(f"calpha:file={file}")
    assert resolve(f"calpha:file={file},contacts=calpha").dimension == 36
    with pytest.raises(InputError, match="C-alpha atoms only"):
        calpha_field(read_structure(write("bare.pdb", pdb_text(HELIX))), contacts="heavy")


def test_a_file_that_cannot_be_folded_says_why_in_a_sentence(write) -> None:
    whole = pdb_text(HELIX)
    water = "HETATM    1  O   HOH A   1      10.000  10.000  10.000  1.00  0.00"
    cases = {
        "gone": ("", "does not exist"),
        "empty.pdb": ("", "is empty"),
        "empty.cif": ("", "is empty"),
        "letter.pdb": ("Dear all,\n", "has no ATOM records"),
        "page.cif": ("<!DOCTYPE html>\n", "no _atom_site table"),
        "water.pdb": (water, "no amino-acid residues, but HOH"),
        "dna.pdb": ([line.replace("ALA", " DA") for line in whole], "no amino-acid residues, but DA"),
        "two.pdb": (whole + pdb_text(HELIX + 20, chain="B"), r"has the chains A, B: .* chain=A \(to fold: --chain A\)"),
        "two.cif": (cif_text(HELIX).replace(" A 7 ", " B 7 "), "has the chains A, B: choose one, chain=A"),
        "cut.pdb": ("\n".join(whole)[:-30], r"line 12: '' are no coordinates: .* get it again"),
        "not-a-number.pdb": ([whole[0].replace(f"{HELIX[0][0]:8.3f}", "     nan")], "line 1: .* out of range"),
        "modified.pdb": (
            [*whole[:5], whole[5].replace("ALA", "TPO").replace("ATOM  ", "HETATM"), *whole[6:]],
            "residues 5 and 7 .* with TPO 6 between them",
        ),
        "line.pdb": (pdb_text(np.array([[3.8 * i, 0, 0] for i in range(12)])), "no native contacts"),
        "long.csv": (["0,0,0", "3.8,0,0"] * 250, "500 residues; .* take a part, residues=first-last"),
        "gap.pdb": (whole[:5] + whole[7:], "residues 5 and 8 .* residues are missing"),
        "noca.pdb": ([*whole[:4], whole[4].replace(" CA ", " CB "), *whole[5:]], "residue ALA 5 .* has no CA atom"),
        "word.pdb": ([whole[0].replace(f"{HELIX[0][0]:8.3f}", "   x.000")], "line 1: .* are no coordinates"),
        "short.pdb": (whole[:4], "4 residues; the model needs 5 to 400: take more"),
        "one.pdb": (whole[:1], "1 residue; the model needs 5"),
        "table.cif": ("data_X\n", "no _atom_site table"),
        "columns.cif": ("data_X\nloop_\n_atom_site.id\n_atom_site.Cartn_x\n1 2.0\n", "lacks names, numbers or coord"),
        "row.cif": (cif_text(HELIX).replace(" ALA X 4 ", " X 4 "), r"line \d+: 12 values for the 13 columns"),
        "wild.xyz": ("2\n\nC 0 0\n", "announces 2 atoms and has 1 lines"),
        "words.xyz": ("1\n\nC 0 zero 0\n", "holds no coordinates"),
        "flat.csv": ("1,2\n3,4\n", r"shape \(2, 2\)"),
    }
    for name, (text, message) in cases.items():
        file = write(name, text) if name != "gone" else "gone.pdb"
        with pytest.raises(InputError, match=message) as caught:
            resolve(f"calpha:file={file}")
        assert "\n" not in str(caught.value)
    for data, message in ((b"\x1f\x8b\0\0\0", "is a damaged gzip archive"), (b"\x89PNG\0", "is no text")):
        binary = Path(write("binary.pdb", ""))
        binary.write_bytes(data)
        with pytest.raises(InputError, match=message):
            calpha_protein(str(binary))
    with pytest.raises(InputError, match="is a folder"):
        calpha_protein(str(binary.parent))
    two = write("two.pdb", whole + pdb_text(HELIX + 20, chain="B"))
    assert resolve(f"calpha:file={two},chain=B,residues=2-9").dimension == 24
    for wrong, message in {"chain=C": "no chain 'C'", "chain=A,residues=9-2": "runs backwards"}.items():
        with pytest.raises(InputError, match=message):
            resolve(f"calpha:file={two},{wrong}")
