"""Any spelling of a landscape, by one table; and what an atlas names, rebuilt without running anything."""

import itertools
import sys

import dimod
import networkx as nx
import numpy as np
import pytest
import scipy.sparse

from spinfunnel.dimod import FunnelSampler
from spinfunnel.landscape import InputError, state_bits
from spinfunnel.systems import SYSTEMS, landscape_from, rebuilt, resolve

STATES = state_bits(np.arange(8), size=3)
X = STATES.astype(float)
S = 2.0 * X - 1.0
Q = np.array([[-1.0, 2.0, 0.0], [0.0, -1.0, 2.0], [0.0, 0.0, -1.0]])
MODEL = dimod.BinaryQuadraticModel({"a": -1.0, "b": -1.0, "c": -1.0}, {"ab": 2.0, "bc": 2.0}, 0.5, "BINARY")


class Compiled:
    """What PyQUBO's compile() returns, as far as it is asked."""

    def to_bqm(self):
        return MODEL


def constrained():
    made = dimod.ConstrainedQuadraticModel()
    made.set_objective(MODEL)
    return made


QUBO = {(i, j): Q[i, j] for i, j in itertools.product(range(3), repeat=2) if Q[i, j]}
SAME = {
    "matrix": (Q, {"as_": "qubo"}), "rows": (Q.tolist(), {}), "sparse": (scipy.sparse.csr_array(Q), {}),
    "mapping": (QUBO, {"vartype": "BINARY"}), "bqm": (MODEL, {}), "cqm": (constrained(), {}),
    "pyqubo": (Compiled(), {}),
    "polynomial": (dimod.BinaryPolynomial({"a": -1, "b": -1, "c": -1, "ab": 2, "bc": 2}, "BINARY"), {}),
    "function": (lambda states: np.einsum("bi,ij,bj->b", states, Q, states), {"n": 3}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_one_energy_in_many_spellings(name):
    spelled, options = SAME[name]
    made = landscape_from(spelled, **options)
    order = sorted(range(3), key=lambda place: str(getattr(made, "labels", range(3))[place]))
    turned = np.empty_like(STATES)
    turned[:, order] = STATES
    offset = 0.5 if name in ("bqm", "cqm", "pyqubo") else 0.0
    np.testing.assert_allclose(made.energy(turned), np.einsum("bi,ij,bj->b", X, Q, X) + offset, atol=1e-12)


def test_couplings_of_spins():
    J = np.array([[0, 1, -2], [1, 0, 0.5], [-2, 0.5, 0]])
    expected = -np.einsum("bi,ij,bj->b", S, np.triu(J, 1), S)
    assert np.allclose(landscape_from(J).energy(STATES), expected)
    assert np.allclose(landscape_from({(0, 1): -1.0, (0, 2): 2.0, (1, 2): -0.5}, as_="ising").energy(STATES), expected)
    fields = landscape_from(({0: 0.25}, {(0, 1): -1.0, (0, 2): 2.0, (1, 2): -0.5}))
    assert np.allclose(fields.energy(STATES), expected + 0.25 * S[:, 0])


def test_a_graph_is_its_maximum_cut():
    graph = nx.Graph(name="kite")
    graph.add_weighted_edges_from([("u", "v", 1.0), ("v", "w", -2.0)])
    graph.add_edge("u", "w")
    made = landscape_from(graph)
    assert made.labels == ("u", "v", "w")
    for state, energy in zip(STATES, made.energy(STATES), strict=True):
        side = dict(zip(made.labels, state, strict=True))
        cut = sum(data.get("weight", 1.0) for a, b, data in graph.edges(data=True) if side[a] != side[b])
        assert energy == 0.0 - 2.0 * cut
    with pytest.raises(InputError, match="directed"):
        landscape_from(nx.DiGraph([(0, 1)]))


def test_texts_paths_atoms_tensors_and_networks(tmp_path):
    import torch
    from ase import Atoms
    from ase.calculators.emt import EMT

    file = tmp_path / "pairs.txt"
    file.write_text("0 1 1\n")
    assert landscape_from(file, vartype="SPIN").energy(np.array([[0, 1]])).tolist() == [-1.0]
    assert landscape_from("sk:n=8", seed=3).identity == resolve("sk:n=8,seed=3").identity
    made = landscape_from("sk:n=8")
    assert landscape_from(made) is made
    atoms = Atoms("Cu2", [[0, 0, 0], [0, 0, 2.4]], calculator=EMT())
    assert landscape_from(atoms).dimension == 6
    assert landscape_from(lambda x: ((x * x).sum(1) - 1) ** 2, dimension=2, box=(-2, 2)).dimension == 2
    module, data = torch.nn.Linear(2, 1), (torch.ones(4, 2), torch.zeros(4, 1))
    assert landscape_from(module, loss=torch.nn.MSELoss(), data=data).dimension == 3
    assert landscape_from((module, torch.nn.MSELoss(), data)).dimension == 3


def quadratic_model():
    made = dimod.QuadraticModel()
    made.add_variable("INTEGER", "i")
    return made


@pytest.mark.parametrize(
    ("anything", "options", "sentence"),
    [
        (3.5, {}, "an object of the type float is no landscape"),
        (quadratic_model(), {}, "QuadraticModel over INTEGER is no binary model"),
        (Q, {"n": 3}, "takes no n="),
        (MODEL, {"as_": "ising"}, "over BINARY variables itself"),
        (MODEL, {"penalty": 2.0}, "has no constraints"),
        (QUBO, {}, "give as_='qubo' or as_='ising'"),
        (np.ones((2, 3)), {}, "square"),
        ([[1.0], [1.0, 2.0]], {}, "different lengths"),
        (len, {}, "number of bits"),
        ("sk:n=8", {"n": 3}, "takes no n="),
        (lambda s: s.sum(1), {"n": 3, "seed": 1}, "leave seed"),
        (dimod.BQM("SPIN"), {}, "without variables"),
        ("no/such/file.txt:vartpe=SPIN", {}, "did you mean 'vartype'"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_sentence(anything, options, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        landscape_from(anything, **options)
    assert "\n" not in str(caught.value)


def test_the_sampler_refuses_other_models_in_one_sentence():
    for model in (quadratic_model(), constrained()):
        with pytest.raises(InputError, match="sample takes a BinaryQuadraticModel"):
            FunnelSampler().sample(model)


def test_a_users_file_may_hold_any_spelling(tmp_path):
    (tmp_path / "mine.py").write_text("import networkx as nx\nring = nx.cycle_graph(5)\n")
    assert resolve(f"{tmp_path / 'mine.py'}:ring").size == 5


# ---------------------------------------------------------------------------------------------
# Atlases from anybody

HOSTILE = [
    "os.system", "canary_of_tests.Canary", "__import__('os').abort()", "../../etc/passwd", "", "\x1b[31m", None, -1, 0,
    True, 2**80, -(2**70), float("nan"), float("inf"), 1e300, [], {}, [1, "a"], {"a": 1}, (10**9, 10**9), [[2, 2]],
    b"x",
]  # fmt: skip


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A module that writes a file when it is imported, on the import path."""
    (tmp_path / "canary_of_tests.py").write_text(f"open({str(tmp_path / 'sung')!r}, 'w').close()\nCanary = dict\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "sung"
    sys.modules.pop("canary_of_tests", None)


@pytest.mark.parametrize("name", SYSTEMS.own)
def test_nothing_runs_that_an_atlas_names(name, canary):
    small = dict(resolve(SYSTEMS[name].example).parameters)
    own = {entry.name for entry in SYSTEMS[name].parameters}
    small = {key: value for key, value in small.items() if key in own}
    for key in [*own, "no_such_parameter"]:
        for value in HOSTILE:
            made = rebuilt(name, {**small, key: value})
            assert made is None or hasattr(made, "identity")
    assert not canary.exists()


def test_the_canary_sings_for_a_users_own_words(canary):
    with pytest.raises(InputError):
        resolve("ase:formula=Cu3,calculator=canary_of_tests.Canary")
    assert canary.exists()


def test_what_was_explored_here_is_rebuilt():
    for spec in ("sk:n=5,seed=2", "ea:shape=2x3,boundary=open", "ase:formula=Cu3,calculator=lj"):
        made = resolve(spec)
        again = rebuilt(made.name, dict(made.parameters))
        assert again is not None
        assert again.identity == made.identity
    assert rebuilt("no such system", {}) is None
