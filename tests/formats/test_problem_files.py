"""Problem files: round trips against dimod, and one clear sentence for everything that is wrong."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import dimod
import numpy as np
import pytest

from spinfunnel.formats.problems.polynomial_json import write_polynomial
from spinfunnel.landscape import InputError, state_bits
from spinfunnel.systems import SpinPolynomial, load_problem, resolve
from spinfunnel.systems.spins.from_problem import problem_of


def energies(landscape: SpinPolynomial) -> np.ndarray:
    out = np.empty(1 << landscape.size)
    landscape.enumerate(out)
    return out


def exact_solver(model: dimod.BinaryQuadraticModel, labels: tuple) -> np.ndarray:
    """Energies by dimod, in the order of this package's state numbers."""
    found = dimod.ExactSolver().sample(model)
    bits = (np.array([found.record.sample[:, list(found.variables).index(label)] for label in labels]).T > 0).astype(
        np.int64
    )
    out = np.empty(len(found))
    out[bits @ (1 << np.arange(len(labels)))] = found.record.energy
    return out


def some_model(vartype: str, *, decimals: int | None = None) -> dimod.BinaryQuadraticModel:
    rng = np.random.default_rng(3)
    names = ["a", "b", 7, ("x", 1), "e", "f", "g"]
    draw = (lambda: float(rng.normal())) if decimals is None else (lambda: round(float(rng.normal()), decimals))
    linear = {name: draw() for name in names}
    quadratic = {pair: draw() for pair in itertools.combinations(names, 2) if rng.random() < 0.7}
    return dimod.BinaryQuadraticModel(linear, quadratic, 1.25, vartype)


@pytest.mark.parametrize("decimals", [None, 1])
@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("kind", ["json", "file"])
def test_quadratic_model_equals_the_exact_solver(tmp_path: Path, vartype: str, kind: str, decimals: int | None) -> None:
    model = some_model(vartype, decimals=decimals)
    file = tmp_path / "model"
    if kind == "json":
        file.write_text(json.dumps(model.to_serializable()))
    else:
        with model.to_file() as stream:
            file.write_bytes(stream.read())
    landscape = load_problem(file)
    assert set(landscape.labels) == set(model.variables)
    expected = exact_solver(model, landscape.labels)
    found = energies(landscape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert found.argmin() == expected.argmin()
    np.testing.assert_allclose(exact_solver(landscape.to_dimod(), landscape.labels), expected, rtol=0, atol=1e-12)
    if decimals == 1:
        assert landscape.unit is not None
        assert len(np.unique(found)) == len(np.unique(np.round(expected, 6)))


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("header", [True, False])
def test_coo_equals_dimod(tmp_path: Path, vartype: str, header: bool) -> None:
    from dimod.serialization import coo

    model = some_model(vartype, decimals=3)
    model.relabel_variables({name: i for i, name in enumerate(model.variables)})
    file = tmp_path / "model.coo"
    file.write_text(coo.dumps(model, vartype_header=header))
    landscape = load_problem(file, vartype=None if header else vartype)
    expected = exact_solver(coo.loads(file.read_text(), vartype=vartype), landscape.labels)
    np.testing.assert_allclose(energies(landscape), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_polynomial_equals_dimod(tmp_path: Path, vartype: str) -> None:
    terms = {("a", "b", "c"): 1.5, ("b", "c", "d", "e"): -0.3, ("a",): 2.0, ("d", "e"): -1.0, (): 0.5}
    model = dimod.BinaryPolynomial(terms, vartype)
    file = tmp_path / "p.json"
    file.write_text(
        json.dumps({"type": "BinaryPolynomial", "vartype": vartype, "terms": [[list(k), v] for k, v in terms.items()]})
    )
    landscape = load_problem(file)
    states = state_bits(np.arange(32), size=5)
    values = states.astype(int) if vartype == "BINARY" else 2 * states.astype(int) - 1
    expected = model.energies((values, list(landscape.labels)))
    np.testing.assert_allclose(energies(landscape), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        landscape.to_dimod().energies((2 * states.astype(int) - 1, list(landscape.labels))), expected, atol=1e-12
    )
    again = tmp_path / "again.json"
    write_polynomial(problem_of(landscape), again)
    assert np.array_equal(energies(load_problem(again)), energies(landscape))


def test_rudy_is_the_cut(tmp_path: Path) -> None:
    file = tmp_path / "graph.txt"
    edges = {(1, 2): 1.0, (2, 3): -2.0, (1, 4): 3.0, (3, 4): 1.0}
    file.write_text("4 4\n" + "".join(f"{i} {j} {w:g}\n" if w != 1 else f"{i} {j}\n" for (i, j), w in edges.items()))
    landscape = load_problem(file)
    assert landscape.labels == (1, 2, 3, 4)
    for number, energy in enumerate(energies(landscape)):
        side = [(number >> i) & 1 for i in range(4)]
        cut = sum(w for (i, j), w in edges.items() if side[i - 1] != side[j - 1])
        assert energy == sum(edges.values()) - 2 * cut
    assert landscape.symmetries[0].is_global_flip


def test_qubo_is_the_binary_sum(tmp_path: Path) -> None:
    file = tmp_path / "problem.qubo"
    file.write_text("c a comment\np qubo 0 4 2 2\nc another\n0 0 1.5\n3 3 -2\n0 3 0.5\n1 3 4\n")
    landscape = load_problem(file)
    x = state_bits(np.arange(16), size=4).astype(float)
    expected = 1.5 * x[:, 0] - 2 * x[:, 3] + 0.5 * x[:, 0] * x[:, 3] + 4 * x[:, 1] * x[:, 3]
    assert np.array_equal(energies(landscape), expected)


@pytest.mark.parametrize("kind", ["npy", "csv", "txt", "npz", "q"])
def test_matrices(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(1)
    matrix = np.triu(rng.integers(-3, 4, (5, 5)).astype(float), 1)
    field = rng.integers(-3, 4, 5).astype(float) if kind == "npz" else np.zeros(5)
    file = tmp_path / f"m.{'npz' if kind == 'q' else kind}"
    full = matrix + matrix.T
    if kind == "npy":
        np.save(file, full)
    elif kind == "npz":
        np.savez(file, J=full, h=field)
    elif kind == "q":
        np.savez(file, Q=full + np.diag(np.arange(5)))
    else:
        np.savetxt(file, full, delimiter="," if kind == "csv" else " ")
    x = state_bits(np.arange(32), size=5).astype(float)
    s = 2 * x - 1
    expected = -np.einsum("bi,ij,bj->b", s, matrix, s) - s @ field
    if kind == "q":
        expected = np.einsum("bi,ij,bj->b", x, full + np.diag(np.arange(5)), x)
    assert np.array_equal(energies(load_problem(file)), expected)


BAD = {
    "nan.txt": ("2 1\n1 2 nan\n", r"line 2: weight nan is not finite"),
    "inf.coo": ("0 1 inf\n", r"line 1: weight inf is not finite"),
    "loop.txt": ("3 2\n1 2 1\n3 3 1\n", r"line 3: vertex 3 is joined to itself"),
    "range.txt": ("3 2\n1 2 1\n1 4 1\n", r"line 3: index 4 is out of range: it must lie between 1 and 3"),
    "zero.txt": ("3 2\n0 2 1\n1 3 1\n", r"line 2: index 0 is out of range"),
    "twice.txt": ("3 2\n1 2 1\n2 1 1\n", r"line 3: the pair 2 1 was given before"),
    "short.txt": ("3 3\n1 2 1\n2 3 1\n", r"cut short: line 1 announces 3 edges, 2 follow"),
    "long.txt": ("3 1\n1 2 1\n2 3 1\n", r"goes on too long: line 1 announces 1 edges, 2 follow"),
    "half.txt": ("3 2\n1 2 1\n2\n", r"line 3: 1 columns"),
    "huge.txt": ("999999999999 1\n1 2 1\n", r"number of vertices 999999999999 is out of range"),
    "huge.coo": ("0 99999999999 1\n", r"index 99999999999 is out of range"),
    "word.txt": ("2 1\n1 two 1\n", r"line 2: index 'two' is no whole number"),
    "weight.txt": ("2 1\n1 2 heavy\n", r"line 2: weight 'heavy' is no number"),
    "prose.txt": ("Dear reader,\nthis is a letter\n", r"begins no known format"),
    "prose2.txt": ("Dear reader\n", r"begins no known format"),
    "empty.txt": ("", r"is empty"),
    "blank.txt": (" \n\n", r"is empty"),
    "comment.txt": ("# nothing\n", r"comments only"),
    "cut.qubo": ("p qubo 0 4 1 2\n0 0 1\n0 1 1\n", r"announces nCouplers = 2, 1 follow"),
    "range.qubo": ("p qubo 0 4 1 1\n0 0 1\n0 4 1\n", r"index 4 is out of range: it must lie between 0 and 3"),
    "head.qubo": ("0 0 1\n", r"spins or 0 and 1: give --vartype"),
    "head2.qubo": ("p qubo 0 4\n0 0 1\n", r"expected 'p qubo 0 maxNodes"),
    "vartype.coo": ("# vartype=TERNARY\n0 1 1\n", r"vartype 'TERNARY' is unknown"),
    "asym.csv": ("0,1\n2,0\n", r"couplings of spins or a QUBO: give --as ising or --as qubo"),
    "nan.csv": ("0,nan\nnan,0\n", r"matrix\[0, 1\] is nan"),
    "ragged.csv": ("0,1\n1\n", r"row 2: 1 numbers where the first row has 2"),
    "shape.csv": ("0,1,2\n1,0,2\n", r"square matrix"),
    "cut.json": ('{"type": "BinaryQuadraticModel", "vari', r"no whole JSON document"),
    "other.json": ('{"type": "Cake"}', r"got 'Cake'"),
    "list.json": ("[1, 2]", r"this JSON is no model"),
    "field.json": ('{"type": "BinaryQuadraticModel"}', r"no entry 'variable_labels'"),
    "term.json": ('{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": [[["a"], NaN]]}', r"bias of term 0 is nan"),
    "term2.json": ('{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": [["a", 1]]}', r"term 0 must be"),
    "square.json": ('{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": [[["a", "a"], 1]]}', r"occurs twice"),
    "none.json": ('{"type": "BinaryPolynomial", "vartype": "SPIN", "terms": []}', r"no variable"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, expected = BAD[name]
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InputError, match=expected) as caught:
        resolve(str(file))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["nan", "loop", "range", "length", "float", "label", "vartype", "bytes"])
def test_bad_model_is_refused(tmp_path: Path, change: str) -> None:
    content = some_model("SPIN").to_serializable()
    values = {
        "nan": ("linear_biases", [float("nan")] * 7),
        "loop": ("quadratic_head", content["quadratic_tail"]),
        "range": ("quadratic_head", [99] * len(content["quadratic_head"])),
        "length": ("quadratic_biases", [1.0]),
        "float": ("quadratic_head", [0.5] * len(content["quadratic_head"])),
        "label": ("variable_labels", ["a"] * 7),
        "vartype": ("variable_type", "INTEGER"),
        "bytes": ("use_bytes", True),
    }
    content.update([values[change]])
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"bad\.json"):
        load_problem(file)


def test_bad_binary_files_are_refused(tmp_path: Path) -> None:
    with some_model("SPIN").to_file() as stream:
        model = stream.read()
    np.save(tmp_path / "objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    cases = {
        "cut.bqm": model[: len(model) // 2],
        "head.bqm": model[:20],
        "huge.bqm": model.replace(b'"shape": [7, ', b'"shape": [99999, '),
        "garbage": bytes(range(256)) * 4,
        "zeros": b"1 2\0\0\0",
        "cut.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'",
        "zip.npz": b"PK\x03\x04 nothing",
        "objects.npy": (tmp_path / "objects.npy").read_bytes(),
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=name) as caught:
            load_problem(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="folder"):
        load_problem(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load_problem(tmp_path / "nowhere.txt")


def test_large_files_load(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = np.array([pair for pair in itertools.combinations(range(1, 801), 2) if rng.random() < 0.06])
    file = tmp_path / "G.txt"
    file.write_text(f"800 {len(pairs)} \n" + "".join(f"{i} {j} 1\n" for i, j in pairs))
    landscape = load_problem(file)
    assert landscape.size == 800
    assert landscape.energy(np.ones((1, 800), np.uint8))[0] == len(pairs)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 1 2\n9 0 3\n2 3 0\n", "could be couplings of spins or a QUBO"),
        ("0 nan 2\nnan 0 3\n2 3 0\n", "is nan"),
    ],
)
def test_three_by_three_text_is_a_matrix(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "three.txt").write_text(text)
    with pytest.raises(InputError, match=sentence):
        load_problem(tmp_path / "three.txt")


def test_three_entries_are_no_matrix(tmp_path: Path) -> None:
    (tmp_path / "chain.txt").write_text("0 1 2\n1 2 3\n2 3 4\n")
    assert load_problem(tmp_path / "chain.txt", vartype="BINARY").size == 4


def test_a_weighted_graph_needs_every_weight(tmp_path: Path) -> None:
    (tmp_path / "cut.txt").write_text("3 2\n1 2 1\n2 3\n")
    with pytest.raises(InputError, match="line 3: 2 columns"):
        load_problem(tmp_path / "cut.txt")


def test_a_model_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    model = dimod.BinaryQuadraticModel({"one": 1.0, "VARS": -2.0}, {("one", "VARS"): 3.0}, 0.5, "BINARY")
    with model.to_file() as stream:
        whole = stream.read()
    file = tmp_path / "model"
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(InputError):
            load_problem(file)
    file.write_bytes(whole)
    assert load_problem(file).labels == ("one", "VARS")


def test_other_models_of_dimod_are_named(tmp_path: Path) -> None:
    with dimod.ConstrainedQuadraticModel().to_file() as stream:
        (tmp_path / "model.cqm").write_bytes(stream.read())
    with pytest.raises(InputError, match="without variables"):
        load_problem(tmp_path / "model.cqm")


def test_energies_whose_squares_overflow_are_refused() -> None:
    with pytest.raises(InputError, match="larger unit"):
        SpinPolynomial(3, [([[0, 1], [1, 2]], [1e308, 1e308])])
