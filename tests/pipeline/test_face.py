"""What a person at a Python prompt or in a notebook sees: short reprs, tables, pictures, progress."""

from __future__ import annotations

import builtins
import re
import subprocess
import sys
from typing import Any

import dimod
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pytest

import spinfunnel as sf
from repository import ROOT
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import measure_all
from spinfunnel.measure.outcome import Topography
from spinfunnel.pipeline import progress_bar
from spinfunnel.systems import SYSTEMS, resolve

LONGEST = 600


@pytest.fixture(scope="module")
def study() -> Any:
    return sf.study("ea:shape=3x4", seed=1, nulls=3, views=False)


def test_no_repr_is_longer_than_a_few_lines(study: Any) -> None:
    graph = study.graph
    for thing in (
        study, graph, study.verdict, study.measures, study.nulls["shuffled_energies"], study.run, study.landscape,
        sf.merge_tree(graph), Topography(graph), graph.tallies[0], sf.Request(landscape=resolve("sk:n=30")),
        sf.sweep(["sk"], over={"n": [6, 7]}, samples=2, workers=1),
    ):  # fmt: skip
        assert len(repr(thing)) < LONGEST, type(thing)
        assert len(repr(thing).splitlines()) <= 4, type(thing)


@pytest.mark.parametrize("name", [name for name, row in SYSTEMS.items() if row.example and name != "network"])
def test_every_landscape_names_itself_in_a_line(name: str) -> None:
    landscape = resolve(SYSTEMS[name].example)
    assert len(repr(landscape)) < 300
    assert landscape.name in repr(landscape)


def test_the_first_line_of_the_readme_prints_a_few_lines() -> None:
    code = "import spinfunnel as sf; print(sf.study('sk:n=10'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert 3 <= len(done.stdout.splitlines()) <= 12


def test_a_cell_shows_the_map_of_the_two_questions(study: Any) -> None:
    shown = study._repr_html_()
    assert "Does the landscape lead there?" in shown
    assert "<svg" in shown
    assert study.verdict.kind in shown
    assert "<script" not in shown
    assert len(shown) < 20_000


def test_ipython_itself_shows_that_map(study: Any) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    data, _ = formatters.DisplayFormatter().format(study)
    assert "Does a native state stand out?" in data["text/html"]
    assert len(data["text/plain"]) < LONGEST


def test_names_in_a_cell_are_text_and_no_markup() -> None:
    model = dimod.BQM({"a": 1.0, "b": -1.0}, {("a", "b"): 1.0}, 0.0, "SPIN")
    found = sf.study(model, name="<b>mine</b>", nulls=False, views=False)
    assert "<b>mine" not in found._repr_html_()
    assert "&lt;b&gt;mine" in found._repr_html_()


def test_a_table_holds_every_measure_and_its_nulls(study: Any) -> None:
    pytest.importorskip("pandas")
    table = study.to_dataframe()
    assert list(table.index) == list(study.measures)
    assert table.loc["minima", "value"] == study.graph.minima
    assert table.loc["minima", "shuffled_energies_value"] == study.nulls["shuffled_energies"]["minima"].value
    missing = next(name for name, answer in study.measures.items() if not isinstance(answer, Estimate))
    assert np.isnan(table.loc[missing, "value"])
    assert table.loc[missing, "outcome"] == study.measures[missing].outcome


def test_a_table_of_a_sweep_has_a_row_for_each_size_and_measure() -> None:
    pytest.importorskip("pandas")
    sweep = sf.sweep(["sk"], over={"n": [6, 7]}, samples=2, workers=1)
    table = sweep.to_dataframe()
    assert set(table["n"]) == {6, 7}
    assert len(table) == 2 * len(sweep.series[0].sizes[0].means)


def test_without_pandas_a_table_says_what_to_install(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return plain(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match="pip install pandas"):
        study.to_dataframe()


def test_pictures_are_drawn_by_name(study: Any) -> None:
    for name in ("disconnectivity", "density"):
        assert study.plot(name).get_xlabel() or name == "disconnectivity"
    _, ax = plt.subplots()
    assert study.plot(ax=ax) is ax
    plt.close("all")
    with pytest.raises(InputError, match="there are terrain, disconnectivity"):
        study.plot("bowl")


def test_a_map_goes_to_networkx_and_back(study: Any) -> None:
    graph = study.graph
    back = sf.BasinGraph.from_networkx(graph.to_networkx())
    for name in (
        "key", "energy", "weight", "plateau", "orbit", "native", "saddle_key", "saddle_energy", "saddle_offsets",
        "saddle_minima", "saddle_exact",
    ):  # fmt: skip
        assert np.array_equal(getattr(back, name), getattr(graph, name)), name
    assert (back.exact, back.symmetry) == (graph.exact, graph.symmetry)
    assert sf.measure.measure_all(back)["funnel_weight"] == study.measures["funnel_weight"]


def test_a_plain_graph_of_minima_and_passes_is_a_map() -> None:
    drawn = nx.Graph()
    drawn.add_nodes_from([("c", {"energy": 2.0}), ("a", {"energy": 0.0}), ("b", {"energy": 1.0})])
    drawn.add_edge("b", "a", energy=3.0)
    drawn.add_edge("b", "c", energy=2.5)
    graph = sf.BasinGraph.from_networkx(drawn)
    assert graph.key.tolist() == ["a", "b", "c"]
    assert graph.saddle_energy.tolist() == [2.5, 3.0]
    assert graph.weight.tolist() == pytest.approx([1 / 3] * 3)
    assert not graph.exact


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda drawn: drawn.clear(), "no map"),
        (lambda drawn: drawn.nodes["a"].pop("energy"), "node 'a' has no energy"),
        (lambda drawn: drawn.nodes["a"].update(energy=float("nan")), "finite"),
        (lambda drawn: drawn.edges["a", "b"].update(energy=0.5), "lies below a minimum"),
        (lambda drawn: drawn.nodes["b"].update(kind="saddle"), "joins no two minima"),
        (lambda drawn: drawn.nodes["a"].update(weight=0.5), "no shares"),
    ],
)
def test_a_graph_that_is_no_map_is_refused_in_one_sentence(change: Any, words: str) -> None:
    drawn = nx.Graph()
    drawn.add_node("a", energy=0.0)
    drawn.add_node("b", energy=1.0)
    drawn.add_edge("a", "b", energy=2.0)
    change(drawn)
    with pytest.raises(InputError, match=words):
        sf.BasinGraph.from_networkx(drawn)


# ---------------------------------------------------------------------------------------------
# What a study takes


def two_wells(x: Any) -> Any:
    return (x[0] ** 2 - 1.0) ** 2 + x[1] ** 2


def test_a_plain_function_with_bounds_is_a_landscape() -> None:
    found = sf.study(two_wells, bounds=[(-2.0, 2.0), (-1.0, 1.0)], nulls=False, views=False)
    assert found.graph.minima == 2
    assert found.graph.energy == pytest.approx([0.0, 0.0], abs=1e-8)
    assert found.graph.saddle_energy[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"bounds": (-1.0, 1.0), "dimension": 2, "n": 2}, "leave n="),
        ({"period": 1.0, "dimension": 2}, "give bounds"),
        ({}, "give n="),
    ],
)
def test_what_is_said_of_a_function_must_fit_together(said: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        sf.study(two_wells, **said)


def test_one_triangle_however_it_is_held(tmp_path: Any) -> None:
    """Three antiferromagnetic bonds: the ground energy is -1, whoever holds them (a matrix holds J, E = -sum J s s)."""
    coupling = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    file = tmp_path / "triangle.coo"
    file.write_text("# vartype=SPIN\n0 1 1\n0 2 1\n1 2 1\n")
    held = {
        "matrix": (-np.triu(coupling), {"as_": "ising"}),
        "dimod": (dimod.BQM.from_ising({}, {(0, 1): 1.0, (0, 2): 1.0, (1, 2): 1.0}), {}),
        "networkx": (nx.complete_graph(3), {}),
        "path": (file, {}),
        "text": (str(file), {}),
        "function": (lambda bits: _triangle(2.0 * bits - 1.0), {"n": 3}),
    }
    for name, (anything, said) in held.items():
        assert sf.study(anything, nulls=False, views=False, **said).graph.energy[0] == pytest.approx(-1.0), name


def _triangle(spins: Any) -> Any:
    return spins[:, 0] * spins[:, 1] + spins[:, 0] * spins[:, 2] + spins[:, 1] * spins[:, 2]


# ---------------------------------------------------------------------------------------------
# Progress


class Screen:
    """Standard error that is a terminal, or none."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool) -> None:
        self.terminal, self.text = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_a_study_draws_its_progress_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in (True, False):
        screen = Screen(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", screen)
        sf.study("sk:n=8", nulls=False, views=False)
        assert ("sk" in screen.text) is terminal


def test_a_study_that_is_told_where_progress_goes_draws_none(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(terminal=True)
    monkeypatch.setattr(sys, "stderr", screen)
    stages: list[str] = []
    sf.study("sk:n=8", nulls=False, views=False, progress=lambda stage, _done: stages.append(stage))
    assert screen.text == ""
    assert "measuring" in stages


def test_in_a_notebook_the_bar_is_an_output_that_ends_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    display = pytest.importorskip("IPython.display")
    shown: list[str] = []

    class Handle:
        def update(self, picture: Any) -> None:
            shown.append(picture.data)

    def put(picture: Any, *, display_id: bool) -> Handle:
        shown.append(picture.data)
        return Handle()

    monkeypatch.setattr(display, "display", put)
    monkeypatch.setattr(progress_bar, "_in_notebook", lambda: True)
    monkeypatch.setattr(progress_bar, "EVERY", 0.0)
    with progress_bar.progress_bar("<sk>") as told:
        told("flooding", 0.5)
    assert shown[0].startswith("<label>&lt;sk&gt;: starting")
    assert 'value="0.500"' in shown[1]
    assert shown[-1] == ""


def test_names_mean_one_thing() -> None:
    assert "judge" not in sf.__all__
    graph = sf.flood(resolve("sk:n=6"))
    assert sf.judge_measures(measure_all(graph)).kind in ("glass", "undecided", "funnel")


def test_what_the_page_about_python_shows_runs() -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    known: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "python.md", "exec"), known)  # noqa: S102 - our own page
    assert known["graph"].minima == 2
    for name in re.findall(r"study\.(\w+)", page):
        assert hasattr(known["study"], name), name


def test_a_budget_may_be_a_text() -> None:
    found = sf.study("sk:n=20", explorer="exchange", budget="1e5", nulls=False, views=False, advice=False)
    assert found.run.outcome == "out of budget"
    with pytest.raises(InputError, match="give seconds, minutes or hours"):
        sf.study("sk:n=20", explorer="exchange", budget="soon")
