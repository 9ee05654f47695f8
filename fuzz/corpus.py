"""Small valid files of every target, made by the formats' own examples and by the libraries that write them."""

from __future__ import annotations

import gzip
import importlib.util
import json
from io import BytesIO
from typing import Any

import dimod
import numpy as np
import scipy.sparse

from spinfunnel.formats import FORMATS_READ

__all__ = ["examples"]

PDB = "\n".join(
    f"ATOM  {i + 1:5d}  CA  ALA A{i - 2:4d}    {3.8 * i:8.3f}{0.0:8.3f}{0.0:8.3f}  1.00  0.00           C  "
    for i in range(6)
)
CIF_NAMES = ("group_PDB", "id", "auth_atom_id", "auth_comp_id", "auth_asym_id", "auth_seq_id", "Cartn_x", "Cartn_y")
CIF_NAMES += ("Cartn_z", "type_symbol")
CIF = "data_X\nloop_\n" + "".join(f"_atom_site.{name}\n" for name in CIF_NAMES)
CIF += "".join(f"ATOM {i} CA ALA A {i} {3.8 * i} 0.0 0.0 C\n" for i in range(1, 7))


def _model(vartype: str) -> dimod.BinaryQuadraticModel:
    return dimod.BinaryQuadraticModel(
        {"a": 1.0, ("b", 1): -2.0, "c": 0.5}, {("a", ("b", 1)): 3.0, ("a", "c"): -1.5}, 0.25, vartype
    )


def _constrained() -> dimod.ConstrainedQuadraticModel:
    model = dimod.ConstrainedQuadraticModel()
    a, b, c = dimod.Binaries("abc")
    model.set_objective(-a - 2 * b - 3 * c + a * b)
    model.add_constraint(a + b + c == 1, label="one")
    model.add_constraint(a + b <= 1, label="few")
    return model


def _file(model: Any, **options: Any) -> bytes:
    with model.to_file(**options) as stream:
        return bytes(stream.read())


def _saved(save: Any, *arrays: Any, **named: Any) -> bytes:
    stream = BytesIO()
    save(stream, *arrays, **named)
    return stream.getvalue()


def _tensors() -> bytes:
    header = {
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "F64", "shape": [1], "data_offsets": [16, 24]},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(24)


def _saved_tensors() -> list[bytes]:
    """Checkpoints as PyTorch writes them, in both of its forms."""
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    state = {"epoch": 3, "state_dict": {"a": torch.ones(2, 2), "b": torch.zeros(1)}}
    made = []
    for new in (True, False):
        stream = BytesIO()
        torch.save(state, stream, _use_new_zipfile_serialization=new)
        made.append(stream.getvalue())
    return made


def examples() -> dict[str, list[bytes]]:
    """Valid files by target."""
    found = {name: [row.example.encode()] for name, row in FORMATS_READ.own.items()}
    spin, binary = _model("SPIN"), _model("BINARY")
    square = np.array([[-1.0, 2.0, 0.0], [0.0, -1.0, 2.0], [0.0, 0.0, -1.0]])
    found["dimod-bqm"] = [_file(spin), _file(binary, version=1), _file(dimod.BQM("SPIN").from_ising({}, {(0, 1): 1.0}))]
    found["dimod-cqm"] = [_file(_constrained())]
    found["lp"].append(dimod.lp.dumps(_constrained()).encode())
    found["dimod-json"].append(json.dumps(binary.to_serializable()).encode())
    first = {"linear_terms": [{"bias": 1.0, "label": "a"}, {"bias": 0.0, "label": "b"}], "variable_type": "SPIN"}
    first["quadratic_terms"] = [{"bias": 2.0, "label_head": "a", "label_tail": "b"}]
    found["dimod-json"].append(json.dumps(first).encode())
    found["matrix"] += [
        _saved(np.save, square + square.T),
        _saved(np.savez, J=np.ones((3, 3)) - np.eye(3), h=np.arange(3.0)),
        _saved(np.savez_compressed, Q=square),
        _saved(scipy.sparse.save_npz, scipy.sparse.csr_matrix(square)),
    ]
    found["coo"].append(b"# vartype: BINARY\n0 5 1.5\n5 5 -2e-3\n")
    found["max-sat"] += [b"h 1 2 0\n3 -1 0\n2 -2 3 0\n", b"c tiny\np cnf 3 2\n1 -2 0\n2 3 0\n"]
    found["rudy"].append(b"4 3\n1 2\n2 3\n3 4\n")
    samples = dimod.SampleSet.from_samples(([[0, 1, 1], [1, 0, 0]], ["a", ("b", 1), 7]), "BINARY", [0.0, 1.0])
    found["samples"] = [
        json.dumps(samples.to_serializable()).encode(),
        json.dumps(samples.to_serializable(pack_samples=False)).encode(),
        b"a,b,energy,num_occurrences\n0,1,-1.0,2\n1,1,0.5,1\n",
        b'[{"a": 1, "b": -1}, {"a": -1, "b": -1}]',
        b"0 1 1\n1 0 0\n",
        _saved(np.save, np.array([[0, 1], [1, 0]])),
    ]
    found["structure.pdb"], found["structure.cif"] = [PDB.encode()], [CIF.encode()]
    found["structure.xyz"] = [b"3\nname\nC 0 0 0\nC 3.8 0 0\nC 7.6 0 0\n"]
    found["structure.npy"] = [_saved(np.save, np.arange(9.0).reshape(3, 3) * 0.7)]
    found["structure.csv"] = [b"0,0,0\n3.8,0,0\n7.6,0,0\n"]
    found["checkpoint"], found["checkpoint.pt"] = [_tensors()], _saved_tensors()
    found["compressed"] = [gzip.compress(row.example.encode(), mtime=0) for row in FORMATS_READ.own.values()][4:9]
    found["atlas text"] = [
        bytes([place]) + text
        for place, text in enumerate(
            (b'{"n": 6, "seed": 1}', b'["global flip"]', b"binary", b"64", b"f00d", b"{}", b'{"quench": 3}', b"0")
        )
    ]
    found["database"] = [b"-2.0 3.0 2 1 1 1\n-1.0 4.0 1 1 1 1\n\0000.5 1.0 1 1 2 1 1 1\n"]
    found["spec"] = [
        b"sk:n=4,seed=1",
        b"ea:shape=2x3,boundary=open",
        b"file.txt:vartype=SPIN,as=qubo",
        b"mine.py:energy:n=4",
    ]
    return found
