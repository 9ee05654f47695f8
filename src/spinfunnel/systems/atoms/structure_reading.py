"""Structures of atoms from files, through ASE: which files, which frame, and what is mended before ASE reads them."""

from __future__ import annotations

import re
import tempfile
import warnings
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.formats.source import Source, content, ending_of, file_name
from spinfunnel.formats.structure_files import check_xyz
from spinfunnel.landscape import InputError

__all__ = ["READABLE", "is_structure", "read_atoms"]

READABLE = {
    ".xyz": "extxyz", ".extxyz": "extxyz", ".traj": "traj", ".cif": "cif", ".pdb": "proteindatabank", ".mol": "mol",
    ".sdf": "sdf", ".vasp": "vasp", ".poscar": "vasp", ".gen": "gen", ".xsf": "xsf", ".cube": "cube", ".gro": "gromacs",
    ".con": "eon", ".cjson": "cjson", ".car": "dmol-car", ".gjf": "gaussian-in",
    ".com": "gaussian-in", ".pwi": "espresso-in", ".f34": "crystal", ".shelx": "res", ".res": "res", ".xtl": "mustem",
    ".g96": "gromos", ".xsd": "xsd", ".ascii": "v-sim", ".rmc6f": "rmc6f",
}  # fmt: skip
"""Endings of structure files, with the names of ASE's readers; none of these formats can hold code."""
NAMED = {
    "*poscar*": "vasp", "*contcar*": "vasp", "*xdatcar*": "vasp-xdatcar", "*outcar*": "vasp-out",
    "geometry.in*": "aims", "coord": "turbomole", "config": "dlp4",
}  # fmt: skip
"""Files that programs name without an ending."""
LONGEST_SERIES = 100_000_000
"""Bytes of a file of which all frames are counted."""
_FORTRAN = re.compile(rb"(?<![\w.])([+-]?(?:\d+\.?\d*|\.\d+))[dD]([+-]?\d+)(?![\w.])")


def is_structure(path: Path) -> bool:
    """Whether a file's name is one of a structure of atoms.

    Examples
    --------
    >>> [is_structure(Path(name)) for name in ("CONTCAR", "slab.xyz.gz", "G1.txt")]
    [True, True, False]
    """
    return _reader(path) is not None


def read_atoms(file: str, *, frame: int | None = None) -> tuple[Any, str]:
    """Read one structure.

    Parameters
    ----------
    file : str
        Any of `READABLE`, or a name that a program gives (POSCAR, CONTCAR, geometry.in); ``.gz`` behind it or not.
    frame : int, optional
        Which of several, counted from 0, or from the last, -1, backwards; the last unless given.

    Returns
    -------
    atoms : ase.Atoms
        With its cell and constraints, without a calculator.
    note : str
        Which frame was taken of how many; empty where there is one.

    Raises
    ------
    InputError
        In one sentence, for a file that is missing, damaged or no structure, and for a frame that it does not have.
    """
    import ase.io

    path = Path(file)
    if not path.is_file():
        raise InputError(f"the structure {file} does not exist")
    reader = _reader(path)
    if reader is None:
        raise InputError(
            f"{file} ends in {path.suffix or 'nothing'}; structures are read from {', '.join(READABLE)}, and from "
            "files named POSCAR, CONTCAR, XDATCAR, OUTCAR, geometry.in, coord or CONFIG"
        )
    source = Source(path, content(path, what="structure"))
    if reader == "extxyz":
        check_xyz(source)
        source = Source(path, _FORTRAN.sub(rb"\1E\2", source.data))
    one = len(source.data) > LONGEST_SERIES
    try:
        # Read from a copy: unpacked, and with a name that says nothing.
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of what ASE will do one day.
            copy = Path(folder) / "structure"
            copy.write_bytes(source.data)
            index = (-1 if frame is None else frame) if one else ":"
            found = ase.io.read(copy, index=index, format=reader)
    except Exception as error:  # noqa: BLE001 - ASE's readers raise whatever their parsers do
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{file} cannot be read as a structure: {reason[0][:160]}") from None
    series = found if isinstance(found, list) else [found]
    return _chosen(file, series, frame=None if one else frame)


def _chosen(file: str, series: list[Any], *, frame: int | None) -> tuple[Any, str]:
    """The frame that was asked for, examined."""
    import ase

    if not series:
        raise InputError(f"{file} holds no atoms: give a structure in the format that its ending says")
    place = len(series) - 1 if frame is None else frame
    if not -len(series) <= place < len(series):
        raise InputError(f"frame={frame} of {file} does not exist: it has frames 0 to {len(series) - 1}")
    found = series[place]
    if not isinstance(found, ase.Atoms) or not np.isfinite(found.positions).all():
        raise InputError(f"{file} holds no structure with finite coordinates")
    if len(found) == 0:
        raise InputError(f"{file} holds no atoms: give a structure in the format that its ending says")
    found.calc = None
    if not found.cell.any():
        found.pbc = False
    said = f"frame {place % len(series)} of {len(series)} of {file_name(Path(file))}" if len(series) > 1 else ""
    return found, said


def _reader(path: Path) -> str | None:
    """ASE's reader for a file, by its name."""
    name = (path.stem if path.suffix.lower() == ".gz" else path.name).lower()
    if ending_of(path) in READABLE:
        return READABLE[ending_of(path)]
    return next((reader for pattern, reader in NAMED.items() if fnmatch(name, pattern)), None)
