"""Protein structures from PDB and mmCIF files, and bare coordinates: what the structure-based model is built from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.bounded_arrays import read_npy
from spinfunnel.formats.source import Source, content
from spinfunnel.landscape import InputError

__all__ = ["PROTEINS", "Residue", "Structure", "check_xyz", "choice", "is_protein", "read_structure"]

PROTEINS = (".pdb", ".ent", ".cif", ".mmcif")
"""Files that may hold a protein."""
LARGEST_FILE = 200_000_000
FARTHEST = 1e6
"""Size of a coordinate in Angstrom from which on a file is damaged."""
LONGEST_WORD = 40
"""Of a name or a number in mmCIF; none that is real is longer."""
LONGEST_BOND = 4.3
"""Between neighbouring C-alpha atoms, in Angstrom: 3.8 for trans, 2.9 for cis peptides, and room for poor files."""
MODIFIED = {"MSE": "MET", "SEC": "CYS"} | dict.fromkeys(("HSD", "HSE", "HSP", "HID", "HIE", "HIP"), "HIS")
SIDE_CHAINS = {
    "ALA": "CB", "ARG": "CB CG CD NE CZ NH1 NH2", "ASN": "CB CG OD1 ND2", "ASP": "CB CG OD1 OD2", "CYS": "CB SG",
    "GLN": "CB CG CD OE1 NE2", "GLU": "CB CG CD OE1 OE2", "GLY": "", "HIS": "CB CG ND1 CD2 CE1 NE2",
    "ILE": "CB CG1 CG2 CD1", "LEU": "CB CG CD1 CD2", "LYS": "CB CG CD CE NZ", "MET": "CB CG SD CE",
    "PHE": "CB CG CD1 CD2 CE1 CE2 CZ", "PRO": "CB CG CD", "SER": "CB OG", "THR": "CB OG1 CG2",
    "TRP": "CB CG CD1 CD2 NE1 CE2 CE3 CZ2 CZ3 CH2", "TYR": "CB CG CD1 CD2 CE1 CE2 CZ OH", "VAL": "CB CG1 CG2",
}  # fmt: skip
_C_ALPHA = re.compile(r"^(?:ATOM|HETATM)\b.*?\sCA\s", re.MULTILINE)
FEWEST_RESIDUES = 5
BACKBONE = ("N", "CA", "C", "O")
DAMAGED = "the file is damaged or cut short, so get it again"


def choice(name: str, value: str) -> str:
    """How a choice is written where systems are named, and to the command ``fold``.

    Examples
    --------
    >>> choice("chain", "A")
    'chain=A (to fold: --chain A)'
    """
    return f"{name}={value} (to fold: --{name} {value})"


@dataclass(frozen=True, slots=True, eq=False)
class Residue:
    """One residue: its name, number with insertion code, chain, and heavy atoms by name."""

    name: str
    number: str
    chain: str
    atoms: dict[str, tuple[float, float, float]]

    def __str__(self) -> str:
        return f"{self.name} {self.number} of chain {self.chain}"

    @property
    def missing(self) -> list[str]:
        """Heavy atoms of a standard residue that the file lacks."""
        side = SIDE_CHAINS[MODIFIED.get(self.name, self.name)].split()
        if self.name in {"MSE", "SEC"}:
            side = ["SE" if atom in {"SD", "SG"} else atom for atom in side]
        return [atom for atom in (*BACKBONE, *side) if atom not in self.atoms]


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Native structure of one chain.

    Attributes
    ----------
    trace : array, shape (n, 3)
        C-alpha positions in Angstrom.
    heavy : tuple of array, shape (k, 3) each
        Heavy atoms of every residue; empty where the file has none but C-alpha atoms.
    incomplete : str
        The first residue that lacks heavy atoms, and which; empty where none does.
    """

    trace: NDArray[np.float64]
    heavy: tuple[NDArray[np.float64], ...]
    incomplete: str = ""


def is_protein(path: Path) -> bool:
    """Whether a PDB or mmCIF file has C-alpha atoms of at least five residues."""
    return len(_C_ALPHA.findall(_text(Source.of(path, what="structure")))) >= FEWEST_RESIDUES


def read_structure(path: str | Path, *, chain: str = "", residues: str = "") -> Structure:
    """Read one protein chain from a file.

    Parameters
    ----------
    path : str or Path
        ``.pdb``/``.ent``, ``.cif``/``.mmcif``; or the C-alpha trace alone as ``.xyz``, ``.npy`` or ``.csv`` (three
        columns, Angstrom).
    chain : str
        Which chain, where there are several.
    residues : str
        ``first-last`` by the file's own numbers; all unless given.

    Raises
    ------
    InputError
        For a file that is missing or damaged, without residues, with several chains of which none is chosen, with a
        residue that lacks its C-alpha atom, or with a gap in the chain.

    Notes
    -----
    Of several models the first is read, of alternate locations the first; water and ligands are left out.
    """
    file = Path(path)
    source = Source(file, content(file, what="structure (PDB, mmCIF, .xyz, .npy or .csv)"))
    if len(source.data) > LARGEST_FILE:
        raise InputError(f"{file} has {len(source.data) >> 20} MiB, more than a structure has: give one structure")
    kind = source.ending
    if kind in {".xyz", ".npy", ".csv", ".txt"}:
        trace = _coordinates(source)
        _check_bonds(file, trace, [str(number) for number in range(1, len(trace) + 1)])
        return Structure(trace, ())
    text = _text(source)
    cif = kind in {".cif", ".mmcif"} or text.lstrip().startswith("data_")
    atoms = list(_cif_atoms(file, text) if cif else _pdb_atoms(file, text))
    if not atoms:
        raise InputError(f"{file} has no ATOM records: give a structure in PDB or mmCIF format")
    chosen = _one_chain(file, atoms, chain=chain, residues=residues)
    for residue in chosen:
        if "CA" not in residue.atoms:
            raise InputError(
                f"{file}: residue {residue} has no CA atom: complete the file (PDBFixer does), or choose a part "
                f"without it with {choice('residues', 'first-last')}"
            )
    trace = np.array([residue.atoms["CA"] for residue in chosen])
    _check_bonds(file, trace, [residue.number for residue in chosen], atoms=atoms, chain=chosen[0].chain)
    if all(set(residue.atoms) == {"CA"} for residue in chosen):
        return Structure(trace, ())
    lacking = next((residue for residue in chosen if residue.missing), None)
    incomplete = "" if lacking is None else f"residue {lacking} lacks {', '.join(lacking.missing)}"
    return Structure(trace, tuple(np.array(list(residue.atoms.values())) for residue in chosen), incomplete)


Atom = tuple[str, str, str, str, str, str, tuple[float, float, float]]
"""Group, atom name, residue name, chain, residue number with insertion code, element, position."""


def _residues(atoms: Iterable[Atom]) -> list[Residue]:
    """Standard residues in the order of the file; hydrogens, water and ligands left out."""
    found: dict[tuple[str, str], Residue] = {}
    for group, atom, name, chain, number, element, place in atoms:
        standard = name in SIDE_CHAINS or name in MODIFIED
        if not standard or (group == "HETATM" and name not in MODIFIED):
            continue
        residue = found.setdefault((chain, number), Residue(name, number, chain, {}))
        if residue.name == name and element not in {"H", "D"}:
            residue.atoms.setdefault(atom, place)
    return list(found.values())


def _one_chain(file: Path, atoms: list[Atom], *, chain: str, residues: str) -> list[Residue]:
    """Residues of the chosen chain and range."""
    found = _residues(atoms)
    if not found:
        others = ", ".join(list(dict.fromkeys(atom[2][:20] for atom in atoms))[:3])
        raise InputError(f"{file} holds no amino-acid residues, but {others}: give the structure of a protein")
    chains = list(dict.fromkeys(residue.chain for residue in found))
    if chain and chain not in chains:
        raise InputError(f"{file} has no chain {chain!r}, but {', '.join(chains)}: choose {choice('chain', chains[0])}")
    if not chain and len(chains) > 1:
        raise InputError(f"{file} has the chains {', '.join(chains)}: choose one, {choice('chain', chains[0])}")
    chosen = [residue for residue in found if residue.chain == (chain or chains[0])]
    if not residues:
        return chosen
    ends = re.fullmatch(r"(-?\w+)-(-?\w+)", residues)
    numbers = [residue.number for residue in chosen]
    if ends is None or ends[1] not in numbers or ends[2] not in numbers:
        raise InputError(
            f"residues={residues} is no range of chain {chosen[0].chain}, whose residues run from {numbers[0]} to "
            f"{numbers[-1]}: write {choice('residues', f'{numbers[0]}-{numbers[-1]}')}"
        )
    first, last = numbers.index(ends[1]), numbers.index(ends[2])
    if last < first:
        raise InputError(f"residues={residues} runs backwards: write {choice('residues', f'{ends[2]}-{ends[1]}')}")
    return chosen[first : last + 1]


def _check_bonds(
    file: Path, trace: NDArray[np.float64], numbers: list[str], *, atoms: list[Atom] | None = None, chain: str = ""
) -> None:
    length = np.linalg.norm(np.diff(trace, axis=0), axis=1)
    for place in np.flatnonzero((length > LONGEST_BOND) | (length < 1.0)):
        one, other = numbers[place], numbers[place + 1]
        raise InputError(
            f"{file}: the C-alpha atoms of residues {one} and {other} are {length[place]:.1f} Angstrom apart instead "
            f"of 3.8, {_left_out(atoms or [], chain, one, other)}: complete the file, or choose a part without the gap "
            f"with {choice('residues', 'first-last')}"
        )


def _left_out(atoms: list[Atom], chain: str, one: str, other: str) -> str:
    """Say what a gap comes from: residues between that are none of the standard ones, or nothing at all."""
    between = dict.fromkeys(
        (name, number)
        for _, atom, name, where, number, _, _ in atoms
        if where == chain and atom == "CA" and name not in SIDE_CHAINS and _is_between(number, one, other)
    )
    if not between:
        return "so that residues are missing or misplaced"
    said = ", ".join(f"{name[:20]} {number[:20]}" for name, number in between)[:80]
    return f"with {said} between them, not one of the twenty amino acids"


def _is_between(number: str, one: str, other: str) -> bool:
    parts = [re.match(r"-?\d{1,9}", each) for each in (one, number, other)]
    if not all(parts):
        return False
    first, middle, last = (int(part[0]) for part in parts if part)
    return first < middle < last


def _text(source: Source) -> str:
    if b"\0" in source.data[:4096]:
        raise InputError(f"{source.file} is no text: give a PDB or mmCIF file (unpack it first, if it is compressed)")
    return source.data.decode("utf-8", "replace")


def _place(file: Path, line: int, texts: tuple[str, str, str]) -> tuple[float, float, float]:
    try:
        x, y, z = (float(text) for text in texts)
    except ValueError:
        shown = repr(" ".join(texts).strip()[:60])
        raise InputError(f"{file}, line {line}: {shown} are no coordinates: {DAMAGED}") from None
    if not all(abs(value) < FARTHEST for value in (x, y, z)):
        raise InputError(f"{file}, line {line}: the coordinates {x}, {y}, {z} are out of range: {DAMAGED}")
    return x, y, z


def _pdb_atoms(file: Path, text: str) -> Iterator[Atom]:
    """Atoms of the first model of a PDB file (format 3.3, columns as documented by wwPDB)."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("ENDMDL"):
            return
        if not line.startswith(("ATOM  ", "HETATM")):
            continue
        place = _place(file, number, (line[30:38].strip(), line[38:46].strip(), line[46:54].strip()))
        atom = line[12:16].strip()
        element = line[76:78].strip().upper() or atom.lstrip("0123456789")[:1]
        yield line[:6].strip(), atom, line[17:20].strip(), line[21].strip() or "A", line[22:27].strip(), element, place


_TOKEN = re.compile(r"""'((?:[^']|'(?=\S))*)'(?=\s|$)|"((?:[^"]|"(?=\S))*)"(?=\s|$)|(\S+)""")
_COLUMNS = {
    "group": ("group_PDB",),
    "atom": ("auth_atom_id", "label_atom_id"),
    "name": ("auth_comp_id", "label_comp_id"),
    "chain": ("auth_asym_id", "label_asym_id"),
    "number": ("auth_seq_id", "label_seq_id"),
    "x": ("Cartn_x",),
    "y": ("Cartn_y",),
    "z": ("Cartn_z",),
}


def _cif_atoms(file: Path, text: str) -> Iterator[Atom]:
    """Atoms of the first model of an mmCIF file."""
    lines = text.splitlines()
    head = next((number for number, line in enumerate(lines) if line.strip().startswith("_atom_site.")), None)
    if head is None:
        raise InputError(f"{file} has no _atom_site table: give a structure in PDB or mmCIF format")
    names: list[str] = []
    while head < len(lines) and lines[head].strip().startswith("_atom_site."):
        names.append(lines[head].split()[0].removeprefix("_atom_site."))
        head += 1
    try:
        column = {key: names.index(next(w for w in words if w in names)) for key, words in _COLUMNS.items()}
    except StopIteration:
        raise InputError(
            f"{file}: its _atom_site table lacks names, numbers or coordinates of atoms: {DAMAGED}"
        ) from None
    optional = {
        word: names.index(word) for word in ("type_symbol", "pdbx_PDB_ins_code", "pdbx_PDB_model_num") if word in names
    }
    model: str | None = None
    for number, line in enumerate(lines[head:], start=head + 1):
        if line.startswith(("#", "loop_", "_", "data_")):
            return
        row = [(one or two or bare)[:LONGEST_WORD] for one, two, bare in _TOKEN.findall(line)]
        if not row:
            continue
        if len(row) != len(names):
            raise InputError(
                f"{file}, line {number}: {len(row)} values for the {len(names)} columns of _atom_site: {DAMAGED}"
            )
        extra = {word: row[place] for word, place in optional.items()}
        model = model or extra.get("pdbx_PDB_model_num", "1")
        if extra.get("pdbx_PDB_model_num", model) != model:
            return
        group, atom, name, chain, residue = (row[column[key]] for key in ("group", "atom", "name", "chain", "number"))
        code = extra.get("pdbx_PDB_ins_code", "?")
        place = _place(file, number, (row[column["x"]], row[column["y"]], row[column["z"]]))
        element = extra.get("type_symbol", atom[:1]).upper()
        yield group, atom, name, chain, residue + (code if code not in {"?", "."} else ""), element, place


def _coordinates(source: Source) -> NDArray[np.float64]:
    """Bare coordinates, one row a residue."""
    file = source.file
    if source.ending == ".npy":
        found = read_npy(source.data, what=str(file))
    else:
        lines = _text(source).splitlines()
        if source.ending == ".xyz":
            check_xyz(source)
            lines = _text(source).split("\n")  # as the check counts them: a form feed ends no line
            lines = [" ".join(row.split()[1:4]) for row in lines[2 : 2 + int(lines[0])]]
        rows = [row for row in (line.partition("#")[0].replace(",", " ").split() for line in lines) if row]
        try:
            found = np.array([[float(word) for word in row] for row in rows])
        except ValueError as error:
            reason = str(error).splitlines()[0][:80]
            raise InputError(f"{file} holds no coordinates, three numbers a row: {reason}") from None
    if (
        found.ndim != 2
        or found.shape[1] != 3
        or not len(found)
        or found.dtype.kind not in "iuf"
        or not np.isfinite(found).all()
    ):
        raise InputError(f"{file} holds an array of shape {str(found.shape)[:60]}; give three finite coordinates a row")
    # Half-precision numbers would overflow in the comparison.
    places = found.astype(np.float64)
    if np.abs(places).max() >= FARTHEST:
        raise InputError(f"{file} has a coordinate of {np.abs(places).max():g} Angstrom: {DAMAGED}")
    return places


def check_xyz(source: Source) -> None:
    """Refuse an XYZ file that announces more atoms than it has lines.

    Raises
    ------
    InputError
        Naming both numbers.
    """
    lines = source.data.rstrip().count(b"\n") + 1
    head = source.data.split(b"\n", 1)[0].split()
    word = head[0][:20].decode("ascii", "replace") if len(head) == 1 else ""
    if not word.isdecimal():
        raise InputError(f"{source.file} is no XYZ file: its first line is the number of atoms")
    if not 0 < int(word) <= lines - 2:
        raise InputError(f"{source.file} announces {word} atoms and has {max(lines - 2, 0)} lines for them: {DAMAGED}")
