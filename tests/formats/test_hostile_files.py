"""Files that are not read are named; files that would hurt cost little, and end in one sentence."""

from __future__ import annotations

import gzip
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spinfunnel.formats import FORMATS_READ
from spinfunnel.formats.bounded_arrays import read_npy
from spinfunnel.formats.checkpoint import read_checkpoint
from spinfunnel.formats.source import json_document
from spinfunnel.formats.structure_files import read_structure
from spinfunnel.landscape import InputError
from spinfunnel.systems import load_problem, resolve

DATA = Path(__file__).parent / "data"

UNREAD = {
    "m.mps": ("NAME tiny\nROWS\n", "an MPS file: write it as .lp"),
    "m.opb": ("* #variable= 2 #constraint= 1\n", "an OPB or MPS file"),
    "m.pkl": (b"\x80\x04\x95\x00", "a pickle, which could run code"),
    "m.h5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file: save its matrix"),
    "m.bz2": (b"BZh91AY&SY", "a bzip2 archive: unpack it"),
    "m.json": ('{"type": "SampleSet"}', "a set of samples: give the model, and the samples as --samples"),
    "m.gr": ("p edge 3 2\ne 1 2\n", "begins a graph of DIMACS"),
    "m.dqm": (b"DIMODDQM\x01\x00", "a discrete quadratic model"),
    "qcl.qplib": ("x\nQCL\nminimize\n2\n", "type 'QCL' has other than binary variables"),
    "long.cnf": ("p cnf 20 1\n" + " ".join(map(str, range(1, 21))) + " 0\n", "more than 16 literals"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    content, expected = UNREAD[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=expected) as caught:
        load_problem(tmp_path / name)
    assert name in str(caught.value)


def bomb() -> bytes:
    return gzip.compress(b"0 1 1\n" * 30_000_000, 1)


def npz_bomb() -> bytes:
    from io import BytesIO

    stream = BytesIO()
    np.savez_compressed(stream, Q=np.zeros((5000, 5000)))
    return stream.getvalue()


def cubic(term: bytes) -> bytes:
    return b'{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": [[' + term + b"]]}"


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (16384, 16384), }".ljust(117) + b"\n"
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "spins.txt": (lambda: b"1000000 1\n1 2 1\n", "1000000 variables are announced for 1 entries"),
    "spins.qubo": (lambda: b"p qubo 0 1000000 1 0\n0 0 1\n", "1000000 variables are announced"),
    "spins.cnf": (lambda: b"p cnf 1000000 1\n1 0\n", "1000000 variables are announced"),
    "deep.json": (lambda: b'{"type": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested 100001 deep"),
    "strings.json": (lambda: b'{"a": "' + b'\\"[' * 100_000, "no whole JSON"),
    "digits.json": (lambda: cubic(b'["a"], ' + b"9" * 9999), "number"),
    "big.json": (
        lambda: cubic(b'["a"], ' + b"9" * 400), "finite number"
    ),
    "label.json": (lambda: cubic(b"[[{}]], 1"), "names must be words"),
    "segv_p.bqm": ((DATA / "segv_p.bqm").read_bytes, "out of range|damaged"),
    "header.npy": ((DATA / "brokenhdr.npy").read_bytes, "header of this array is damaged"),
    "huge.npy": (
        lambda: b"\x93NUMPY\x01\x00\x76\x00" + HUGE,
        "larger than 1 GiB",
    ),
    "bomb.npz": (npz_bomb, "unpacks to 1 arrays of"),
    "bomb.gz": (bomb, "unpacks to more than"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_little(tmp_path: Path, name: str) -> None:
    make, expected = HOSTILE[name]
    (tmp_path / name).write_bytes(make())
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(InputError, match=expected) as caught:
        resolve(str(tmp_path / name))
    assert time.process_time() - begun < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
    assert "\n" not in str(caught.value)
    assert len(str(caught.value).replace(str(tmp_path), "")) <= 300


@pytest.mark.parametrize("name", ["inf", "over", "zero", "nest"])
def test_hostile_checkpoints_are_refused(tmp_path: Path, name: str) -> None:
    file = DATA / f"{name}.safetensors"
    if name == "nest":
        file = tmp_path / "nest.safetensors"
        file.write_bytes((100_000).to_bytes(8, "little") + b"[" * 100_000)
    with pytest.raises(InputError, match="is damaged"):
        read_checkpoint(file)


def test_a_checkpoint_that_swells_is_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(50_000_000))
    with pytest.raises(InputError, match="more than PyTorch writes"):
        read_checkpoint(tmp_path / "bomb.pt")


@pytest.mark.parametrize("where", ["file", "archive"])
def test_a_long_name_in_a_checkpoint_costs_little(tmp_path: Path, where: str) -> None:
    """PyTorch searches its refusal with an expression whose time grows with the square of the name."""
    import zipfile

    pickled = b"\x80\x02c" + b"a" * 40_000 + b"\nb\n."
    file = tmp_path / "name.pt"
    file.write_bytes(pickled)
    if where == "archive":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", pickled)
            archive.writestr("archive/version", b"3\n")
    begun = time.process_time()
    with pytest.raises(InputError, match="names something in 40002 characters"):
        read_checkpoint(file)
    assert time.process_time() - begun < 2.0


def test_an_archive_over_several_disks_is_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(2)}, tmp_path / "disks.pt")
    data = (tmp_path / "disks.pt").read_bytes()
    end = data.rindex(b"PK\x05\x06")
    locator = b"PK\x06\x07" + (9).to_bytes(4, "little") + bytes(8) + (9).to_bytes(4, "little")
    (tmp_path / "disks.pt").write_bytes(data[:end] + locator + data[end:])
    with pytest.raises(InputError, match="is damaged"):
        read_checkpoint(tmp_path / "disks.pt")


def test_a_form_feed_ends_no_line_of_an_xyz_file(tmp_path: Path) -> None:
    (tmp_path / "feed.xyz").write_bytes(b"\x0c3\nname\nC 0 0 0\nC 3.8 0 0\nC 7.6 0 0\n")
    assert len(read_structure(tmp_path / "feed.xyz").trace) == 3


def test_headers_are_parsed_and_not_evaluated() -> None:
    good = b"{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }"
    data = b"\x93NUMPY\x01\x00" + len(good).to_bytes(2, "little") + good + np.arange(6, dtype="<i2").tobytes()
    assert read_npy(data, what="x").tolist() == [[0, 2, 4], [1, 3, 5]]
    for wrong in (
        good.replace(b"<i2", b"|O8"),
        good.replace(b"(2, 3)", b"(__import__('os'),)"),
        good.replace(b"2, 3", b"2, 4"),
    ):
        with pytest.raises(InputError):
            read_npy(
                data.replace(good, wrong).replace(len(good).to_bytes(2, "little"), len(wrong).to_bytes(2, "little")),
                what="x",
            )


def test_nesting_is_counted_outside_of_strings_only() -> None:
    assert json_document(b'{"a": "' + b"[" * 200 + b'\\""}', what="x") == {"a": "[" * 200 + '"'}
    assert json_document(b"[" * 64 + b"]" * 64, what="x")
    with pytest.raises(InputError, match="nested 65 deep"):
        json_document(b"[" * 65 + b"]" * 65, what="x")


def test_a_gzip_archive_is_read(tmp_path: Path) -> None:
    (tmp_path / "g.txt.gz").write_bytes(gzip.compress(b"3 2\n1 2 1\n2 3 -1\n"))
    assert load_problem(tmp_path / "g.txt.gz").parameters["format"] == "rudy"


def test_a_crash_of_the_child_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.lp").write_text(FORMATS_READ["lp"].example)
    monkeypatch.setattr(
        "spinfunnel.formats.dimod_child.CHILD", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    )
    with pytest.raises(InputError, match="dimod crashes on this file"):
        load_problem(tmp_path / "m.lp")


def test_a_state_dictionary_goes_before_tensors_beside_it(tmp_path: Path) -> None:
    import torch

    model = torch.nn.Linear(3, 2)
    saved = {"epoch": 4, "state_dict": model.state_dict(), "best_acc1": torch.tensor(71.2), "optimizer": {"state": {}}}
    torch.save(saved, tmp_path / "imagenet.pth")
    assert read_checkpoint(tmp_path / "imagenet.pth").keys() == model.state_dict().keys()
    torch.save(model.state_dict() | {"model": torch.ones(1)}, tmp_path / "plain.pth")
    assert set(read_checkpoint(tmp_path / "plain.pth")) == {"weight", "bias", "model"}
