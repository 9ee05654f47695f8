"""Every format that is read: round trips against sums by hand, what must be asked for, and hostile files."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import dimod
import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinfunnel.formats import FORMATS_READ, ReadOptions, read_problem
from spinfunnel.landscape import InputError, state_bits
from spinfunnel.systems import load_problem, resolve

DATA = Path(__file__).parent / "data"

Model = tuple[int, dict[int, float], dict[tuple[int, int], float], float]
"""Number of variables, linear and quadratic coefficients by index from 0, constant."""


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model of two to five variables, each of which occurs, with small fractions as coefficients."""
    size = draw(st.integers(2, 5))
    value = st.integers(-12, 12).map(lambda whole: whole / 4.0)
    linear = {i: draw(value.filter(bool)) for i in range(size)}
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(range(size), 2))), unique=True, min_size=1))
    return size, linear, {pair: draw(value.filter(bool)) for pair in pairs}, draw(value)


def by_hand(model: Model, *, spins: bool) -> np.ndarray:
    """Energies of all states, state by state."""
    size, linear, quadratic, constant = model
    out = []
    for number in range(1 << size):
        v = [(number >> i) & 1 for i in range(size)]
        v = [2 * bit - 1 for bit in v] if spins else v
        out.append(
            constant
            + sum(value * v[i] for i, value in linear.items())
            + sum(value * v[i] * v[j] for (i, j), value in quadratic.items())
        )
    return np.array(out)


def energies(path: Path, **options: str) -> np.ndarray:
    landscape = load_problem(path, **options)
    order = sorted(range(landscape.size), key=lambda place: str(landscape.labels[place]))
    states = np.empty((1 << landscape.size, landscape.size), np.uint8)
    states[:, order] = state_bits(np.arange(1 << landscape.size), size=landscape.size)
    return landscape.energy(states)


def lines(rows: list[tuple[object, ...]], head: str = "", separator: str = " ") -> bytes:
    return (head + "".join(separator.join(map(str, row)) + "\n" for row in rows)).encode()


def entries(model: Model, *, first: int = 0, linear: float = 1.0, pair: float = 1.0) -> list[tuple[object, ...]]:
    _, near, far, _ = model
    rows: list[tuple[object, ...]] = [(i + first, i + first, linear * value) for i, value in near.items()]
    return rows + [(i + first, j + first, pair * value) for (i, j), value in far.items()]


def head(model: Model, comment: str = "") -> str:
    return f"{comment}{model[0]} {len(model[1]) + len(model[2])}\n"


def as_bqm(model: Model, vartype: str) -> dimod.BinaryQuadraticModel:
    return dimod.BinaryQuadraticModel(*model[1:], vartype)


def as_file(model: object, **options: int) -> bytes:
    with model.to_file(**options) as stream:
        return stream.read()


def first_schema(model: Model) -> bytes:
    _, linear, quadratic, constant = model
    content = {
        "version": {"bqm_schema": "1.0.0", "dimod": "0.6.8"}, "variable_type": "SPIN", "offset": constant,
        "linear_terms": [{"bias": value, "label": i} for i, value in linear.items()],
        "quadratic_terms": [{"bias": v, "label_head": i, "label_tail": j} for (i, j), v in quadratic.items()],
    }  # fmt: skip
    return json.dumps(content).encode()


def bqpjson(model: Model) -> bytes:
    _, linear, quadratic, constant = model
    content = {
        "variable_domain": "boolean", "variable_ids": list(linear), "scale": 2.0, "offset": constant / 2,
        "linear_terms": [{"id": i, "coeff": value / 2} for i, value in linear.items()],
        "quadratic_terms": [{"id_tail": i, "id_head": j, "coeff": v / 2} for (i, j), v in quadratic.items()],
    }  # fmt: skip
    return json.dumps(content).encode()


def qplib(model: Model) -> bytes:
    size, linear, quadratic, constant = model
    rows = [f"{j + 1} {i + 1} {-value}" for (i, j), value in quadratic.items()]
    text = ["! a comment", "some problem", "QBN # kind", "maximize", str(size), str(len(rows)), *rows, "0.0"]
    text += [str(len(linear)), *(f"{i + 1} {-value}" for i, value in linear.items()), str(-constant), "1e30"]
    return ("\n".join([*text, "0.0", "0", "0", "0"]) + "\n").encode()


def lp(model: Model) -> bytes:
    size, linear, quadratic, constant = model
    near = "".join(f" {value:+} x{i}" for i, value in linear.items())
    far = "".join(f" {2 * value:+} x{i} * x{j}" for (i, j), value in quadratic.items())
    names = " ".join(f"x{i}" for i in range(size))
    return f"Minimize\n obj: {near} + [ {far} ] / 2 {constant:+}\nSubject To\nBinary\n {names}\nEnd\n".encode()


def npz(**arrays: np.ndarray) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def sparse(model: Model) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    scipy.sparse.save_npz(stream, scipy.sparse.csr_matrix(square(model, lower=True)))
    return stream.getvalue()


def square(model: Model, *, lower: bool = False) -> np.ndarray:
    matrix = np.zeros((model[0], model[0]))
    for (i, j), value in model[2].items():
        matrix[(j, i) if lower else (i, j)] = value
    return matrix + np.diag([model[1][i] for i in range(model[0])])


def cqm(model: Model) -> bytes:
    made = dimod.ConstrainedQuadraticModel()
    made.set_objective(as_bqm(model, "BINARY"))
    return as_file(made)


WITHOUT_CONSTANT = {"qubo", "coo", "coo colon", "biqmac", "mqlib", "qubist", "matrix", "sparse matrix", "text matrix"}
WRITERS: dict[str, tuple[str, bool, Callable[[Model], bytes]]] = {
    "qubo": (
        "m.qubo", False,
        lambda m: lines(entries(m), f"c name\np qubo 0 {m[0]} {len(m[1])} {len(m[2])}\n"),
    ),
    "coo": ("m.qubo", True, lambda m: lines(entries(m), "# vartype=SPIN\n")),
    "coo colon": ("m.txt", False, lambda m: lines(entries(m), "# vartype: BINARY\n\n")),
    "biqmac": ("m.sparse", False, lambda m: lines(entries(m, first=1, pair=0.5), head(m, "# x\n"))),
    "mqlib": ("m.mqlib", False, lambda m: lines(entries(m, first=1, linear=-1, pair=-0.5), head(m))),
    "qubist": ("m.qh", True, lambda m: lines(entries(m), head(m))),
    "matrix": ("m.npz", False, lambda m: npz(Q=square(m))),
    "sparse matrix": ("m.npz", False, sparse),
    "text matrix": ("m.csv", False, lambda m: lines(list(map(tuple, square(m, lower=True).tolist())), separator=",")),
    "dimod JSON": ("m.json", True, lambda m: json.dumps(as_bqm(m, "SPIN").to_serializable()).encode()),
    "dimod JSON 1": ("m.json", True, first_schema),
    "dimod BQM": ("m.bqm", True, lambda m: as_file(as_bqm(m, "SPIN"))),
    "dimod BQM 1": ("m.bqm", False, lambda m: as_file(as_bqm(m, "BINARY"), version=1)),
    "bqpjson": ("m.json", False, bqpjson),
    "qplib": ("m.qplib", False, qplib),
}  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", WRITERS)
@given(model=models())
def test_a_format_holds_the_energy_that_was_written(tmp_path: Path, kind: str, model: Model) -> None:
    name, spins, write = WRITERS[kind]
    (tmp_path / name).write_bytes(write(model))
    bare = (*model[:3], 0.0) if kind in WITHOUT_CONSTANT else model
    np.testing.assert_allclose(energies(tmp_path / name), by_hand(bare, spins=spins), rtol=0, atol=1e-12)


MODEL: Model = (3, {0: -1.0, 1: 0.5, 2: 2.0}, {(0, 1): -1.5, (1, 2): 3.0}, 0.25)


@pytest.mark.parametrize(("name", "write"), [("m.cqm", cqm), ("m.lp", lp)])
def test_what_dimod_reads_in_a_child_holds_the_energy(
    tmp_path: Path, name: str, write: Callable[[Model], bytes]
) -> None:
    (tmp_path / name).write_bytes(write(MODEL))
    np.testing.assert_allclose(energies(tmp_path / name), by_hand(MODEL, spins=False), rtol=0, atol=1e-12)


def test_every_registered_example_is_read(tmp_path: Path) -> None:
    for name, row in FORMATS_READ.own.items():
        if row.example.startswith("with "):
            continue
        file = tmp_path / f"{name}{row.endings[0] if name != 'matrix' else '.csv'}"
        file.write_text(row.example)
        problem = read_problem(file)
        assert problem.format.lower().replace(" ", "-").replace("dimod-bqm", "dimod") in (name, "polynomial-json")
        assert read_problem(file, options=ReadOptions(format=name)).size == problem.size


PAPER = """\
! ---------------
! example problem
! ---------------
MIPBAND # problem name
QBN     # the paper's is QML; its objective over binary variables
Minimize
3 # variables
5 # nonzeros in lower triangle of Q^0
1 1 2.0 5 lines row & column index & value
2 1 -1.0 |
2 2 2.0 |
3 2 -1.0 |
3 3 2.0 |
-0.2 default value for entries in b_0
1 # non default entries in b_0
2 -0.4D0 1 line of index & value
0.0 value of q^0
1.0E+20 infinity
"""


def test_the_example_of_qplibs_paper(tmp_path: Path) -> None:
    """Furini et al., Math. Program. Comput. 11, 237 (2019), appendix: the Hessian is [2 -1 0; -1 2 -1; 0 -1 2]."""
    (tmp_path / "paper.qplib").write_text(PAPER)
    x = state_bits(np.arange(8), size=3).astype(float)
    hessian = np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
    expected = 0.5 * np.einsum("bi,ij,bj->b", x, hessian, x) + x @ np.array([-0.2, -0.4, -0.2])
    np.testing.assert_allclose(energies(tmp_path / "paper.qplib"), expected, atol=1e-12)


# ---------------------------------------------------------------------------------------------
# Satisfiability


def unsatisfied(clauses: list[tuple[float, tuple[int, ...]]], size: int) -> np.ndarray:
    out = np.zeros(1 << size)
    for number in range(1 << size):
        true = {i + 1 if number >> i & 1 else -(i + 1) for i in range(size)}
        out[number] = sum(weight for weight, literals in clauses if not true & set(literals))
    return out


CLAUSES: list[tuple[float, tuple[int, ...]]] = [
    (3.0, (1, -2, 3)),
    (2.0, (-1,)),
    (1.0, (-3, 2)),
    (5.0, (4, 1, -1)),
    (1.5, (4, -2)),
]


@pytest.mark.parametrize(
    ("name", "text", "clauses"),
    [
        ("c.cnf", "c c\np cnf 4 5\n1 -2 3 0 -1 0\n-3 2 0\n4 1 -1 0 4 -2 0\n", [(1.0, c) for _, c in CLAUSES]),
        ("w.wcnf", "p wcnf 4 5 99\n" + "".join(f"{w} {' '.join(map(str, c))} 0\n" for w, c in CLAUSES), CLAUSES),
        ("h.wcnf", "h 1 2 0\n2 -1 0\n1.5 -2 4 0\n", [(4.5, (1, 2)), (2.0, (-1,)), (1.5, (-2, 4))]),
        ("old.wcnf", "p wcnf 4 3 50\n50 1 2 0\n2 -1 0\n1.5 -2 4 0\n", [(4.5, (1, 2)), (2.0, (-1,)), (1.5, (-2, 4))]),
        ("empty.wcnf", "p wcnf 4 3\n7 0\n2 -1 4 0\n1 2 3 0\n", [(7.0, ()), (2.0, (-1, 4)), (1.0, (2, 3))]),
    ],
)
def test_satisfiability_is_the_weight_of_what_is_not_satisfied(
    tmp_path: Path, name: str, text: str, clauses: list[tuple[float, tuple[int, ...]]]
) -> None:
    (tmp_path / name).write_text(text)
    found = load_problem(tmp_path / name)
    np.testing.assert_allclose(energies(tmp_path / name), unsatisfied(clauses, found.size), rtol=0, atol=1e-12)
    assert ("hard" in found.note) == (name in ("h.wcnf", "old.wcnf"))


# ---------------------------------------------------------------------------------------------
# What a file does not say


def ground(path: Path, **options: str) -> float:
    return float(energies(path, **options).min())


def test_coo_asks_for_the_type_of_its_variables(tmp_path: Path) -> None:
    rows = "0 1 1.0\n1 2 1.0\n0 2 1.0\n2 3 -3.0\n"
    (tmp_path / "colon.txt").write_text(f"# vartype: SPIN\n\n{rows}")
    (tmp_path / "bare.txt").write_text(rows)
    (tmp_path / "bare.qubo").write_text(rows)
    assert ground(tmp_path / "colon.txt") == -4.0
    for name in ("bare.txt", "bare.qubo"):
        with pytest.raises(InputError, match="give --vartype SPIN or --vartype BINARY"):
            load_problem(tmp_path / name)
        assert ground(tmp_path / name, vartype="spin") == -4.0
        assert ground(tmp_path / name, vartype="BINARY") == -3.0
        assert resolve(f"{tmp_path / name}:vartype=SPIN").size == 4
    with pytest.raises(InputError, match="says itself that its variables are SPIN"):
        load_problem(tmp_path / "colon.txt", vartype="BINARY")


def test_coo_variables_are_those_that_occur(tmp_path: Path) -> None:
    (tmp_path / "gaps.coo").write_text("# vartype=SPIN\n3 900000000 -1.5\n3 3 0.5\n")
    assert load_problem(tmp_path / "gaps.coo").labels == (3, 900000000)


Q = {
    "upper": [[-1, 2, 0], [0, -1, 2], [0, 0, -1]], "lower": [[-1, 0, 0], [2, -1, 0], [0, 2, -1]],
    "full": [[-1, 3, 0], [-1, -1, 2], [0, 0, -1]], "symmetric": [[-1, 1, 0], [1, -1, 1], [0, 1, -1]],
}  # fmt: skip


@pytest.mark.parametrize("name", Q)
def test_any_square_q_is_x_q_x(tmp_path: Path, name: str) -> None:
    matrix = np.array(Q[name], float)
    x = state_bits(np.arange(8), size=3).astype(float)
    expected = np.einsum("bi,ij,bj->b", x, matrix, x)
    np.savez(tmp_path / "q.npz", Q=matrix)
    np.savetxt(tmp_path / "q.csv", matrix, delimiter=",")
    np.save(tmp_path / "q.npy", matrix)
    for file in ("q.npz", "q.csv", "q.npy"):
        assert np.array_equal(energies(tmp_path / file), expected)
    assert "read as a QUBO" in load_problem(tmp_path / "q.csv").note
    with pytest.raises(InputError, match="diagonal entry 0 is -1"):
        load_problem(tmp_path / "q.npy", as_="ising")


def test_an_ulp_of_asymmetry_is_none_and_forms_are_chosen(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    J = np.triu(rng.normal(size=(5, 5)), 1)
    full = J + J.T
    full[1, 0] = np.nextafter(full[1, 0], 9.0)
    s = 2.0 * state_bits(np.arange(32), size=5) - 1
    np.save(tmp_path / "j.npy", full)
    np.save(tmp_path / "triangle.npy", J)
    expected = -np.einsum("bi,ij,bj->b", s, J, s)
    np.testing.assert_allclose(energies(tmp_path / "j.npy"), expected, atol=1e-12)
    assert "read as couplings" in load_problem(tmp_path / "j.npy").note
    np.testing.assert_allclose(energies(tmp_path / "triangle.npy", as_="ising"), expected, atol=1e-12)
    with pytest.raises(InputError, match="give --as ising or --as qubo"):
        load_problem(tmp_path / "triangle.npy")
    x = (s + 1) / 2
    np.testing.assert_allclose(
        energies(tmp_path / "j.npy", as_="qubo"), np.einsum("bi,ij,bj->b", x, full, x), atol=1e-12
    )
    full[1, 0] *= 1 + 1e-9
    np.save(tmp_path / "apart.npy", full)
    with pytest.raises(InputError, match="not symmetric"):
        load_problem(tmp_path / "apart.npy", as_="ising")


def test_constraints_become_a_stated_penalty(tmp_path: Path) -> None:
    (tmp_path / "one.lp").write_text(FORMATS_READ["lp"].example)
    made = load_problem(tmp_path / "one.lp")
    assert ground(tmp_path / "one.lp") == -3.0
    assert made.note == "1 constraint became a penalty of weight 30, 10 times the largest bias; --penalty chooses"
    weak = load_problem(tmp_path / "one.lp", penalty=1.0)
    # (a + b + c - 1)^2 costs less than b and c bring: 1 for two chosen, 4 for three, of gains 5 and 6.
    assert weak.energy(np.array([[0, 1, 1], [1, 1, 1], [0, 0, 1]], np.uint8)).tolist() == [-4.0, -2.0, -3.0]
    assert made.labels == ("a", "b", "c")
    (tmp_path / "real.lp").write_text("Minimize\n obj: x\nSubject To\n c: x >= 1\nEnd\n")
    with pytest.raises(InputError, match="'x' is real"):
        load_problem(tmp_path / "real.lp")
    (tmp_path / "g.txt").write_text("2 1\n1 2\n")
    with pytest.raises(InputError, match="has no constraints; leave --penalty out"):
        load_problem(tmp_path / "g.txt", penalty=2.0)


def test_a_table_with_loops_names_the_formats_that_it_may_be(tmp_path: Path) -> None:
    rows = "3 5\n1 1 -1\n1 2 1\n2 2 -1\n2 3 1\n3 3 -1\n"
    (tmp_path / "q.txt").write_text(rows)
    with pytest.raises(InputError, match=r"--format biqmac .* mqlib .* or qubist"):
        load_problem(tmp_path / "q.txt")
    assert ground(tmp_path / "q.txt", format="biqmac") == -2.0
    assert ground(tmp_path / "q.txt", format="mqlib") == -1.0
    assert resolve(f"{tmp_path / 'q.txt'}:format=qubist").parameters["format"] == "qubist"
    with pytest.raises(InputError, match="did you mean 'biqmac'"):
        load_problem(tmp_path / "q.txt", format="biqmak")


def test_the_old_schema_of_dimod(tmp_path: Path) -> None:
    made = load_problem(DATA / "factoring60_schema1.json")
    content = json.loads((DATA / "factoring60_schema1.json").read_text())
    model = dimod.BinaryQuadraticModel(
        {row["label"]: row["bias"] for row in content["linear_terms"]},
        {(row["label_head"], row["label_tail"]): row["bias"] for row in content["quadratic_terms"]},
        content["offset"],
        "BINARY",
    )
    x = np.random.default_rng(0).integers(0, 2, (50, made.size)).astype(np.uint8)
    np.testing.assert_allclose(made.energy(x), model.energies((x.astype(np.int8), list(made.labels))), atol=1e-9)
