"""From a landscape to a verdict, without the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spinfunnel as sf
from repository import ROOT
from spinfunnel.atlas import Atlas
from spinfunnel.explore import EXPLORERS, Explorer
from spinfunnel.landscape import InputError, Kind, Minimum, Saddle
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.null import ensemble as nulls
from spinfunnel.null.energies import dealt
from spinfunnel.pipeline.plan import describe, plan, refuse_unexplorable
from spinfunnel.pipeline.run import explore
from spinfunnel.pipeline.study import recall, study
from spinfunnel.systems import resolve


@pytest.fixture(scope="module")
def ferromagnet() -> Any:
    return sf.systems.disordered_ferromagnet((3, 3), seed=1)


def without_seconds(answer: dict[str, Any]) -> dict[str, Any]:
    run = {key: value for key, value in answer["run"].items() if key != "seconds"}
    return {**answer, "run": run}


def test_the_function_stays_where_it_is_whatever_was_imported_before() -> None:
    code = (
        "import spinfunnel.pipeline.study, spinfunnel as sf; assert callable(sf.study); "
        "from spinfunnel import study; assert callable(study); "
        "from spinfunnel.pipeline.result import Study; assert Study is sf.Study"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_resolves() -> None:
    for name in sf.__all__:
        assert getattr(sf, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'funel'"):
        sf.funel  # noqa: B018 - the attribute access is the test


@pytest.mark.parametrize("spec", ["sk:n=12", "labs:n=13", "ea:shape=3x4,bonds=bimodal", "golf:n=8", "sk:n=2"])
def test_what_was_kept_is_what_was_found(spec: str) -> None:
    landscape = sf.systems.resolve(spec)
    kept, found = study(landscape, atlas=Atlas(), nulls=2), study(landscape, nulls=2)
    assert without_seconds(kept.to_json()) == without_seconds(found.to_json())


def test_json_is_strict_and_has_what_scripts_read(ferromagnet: Any) -> None:
    answer = study(ferromagnet, seed=3).to_json()
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert answer["landscape"]["states"] == 512
    assert answer["landscape"]["symmetry"] == ["global flip"]
    assert answer["run"]["exact"] is True
    assert answer["run"]["evaluations"] == 256
    assert answer["minima_raw"] == 2 * answer["minima"]
    assert answer["ground_energy"] == pytest.approx(-sum(np.abs(c).sum() for _, c in ferromagnet.terms.values()))
    assert set(answer["ground_state"]) <= {"0", "1"}
    assert len(answer["ground_state"]) == 9
    for measure in answer["measures"].values():
        for row in (measure, *measure["null"].values()):
            if row["outcome"] == "ok":
                assert row["low"] <= row["value"] <= row["high"]
            else:
                assert row["reason"]
                assert "value" not in row


def test_same_seed_gives_the_same_json_on_one_worker_and_on_two(ferromagnet: Any) -> None:
    one, two = (without_seconds(study(ferromagnet, seed=5, workers=count).to_json()) for count in (1, 2))
    assert one == two
    # The null ensemble depends on the seed, so equality above is not for lack of randomness.
    assert without_seconds(study(ferromagnet, seed=6, workers=1).to_json()) != one


def test_an_atlas_is_read_instead_of_exploring_again(ferromagnet: Any, tmp_path: Path) -> None:
    first = study(ferromagnet, atlas=tmp_path / "a.db", nulls=False)
    again = study(ferromagnet, atlas=tmp_path / "a.db", nulls=False)
    assert again.run == first.run  # seconds included: the very same run
    assert again.to_json() == first.to_json()
    with Atlas(tmp_path / "a.db") as book:
        assert len(book.runs(ferromagnet.identity)) == 1


def test_a_kept_map_equals_the_flood(ferromagnet: Any) -> None:
    kept, flooded = study(ferromagnet, nulls=False).graph, sf.flood(ferromagnet)
    for name in ("key", "energy", "weight", "saddle_key", "saddle_energy", "saddle_minima"):
        assert np.array_equal(getattr(kept, name), getattr(flooded, name)), name


def test_recall_judges_as_the_study_did(ferromagnet: Any) -> None:
    with Atlas() as book:
        made = study(ferromagnet, atlas=book, seed=2)
        assert recall(book, ferromagnet.identity, landscape=ferromagnet).to_json() == made.to_json()
        alone = recall(book, ferromagnet.identity)
    null = alone.nulls["shuffled_energies"]["funnel_weight"]
    assert isinstance(null, NoAnswer)
    assert null.outcome == "no_energies"


def test_recall_refuses_another_landscape(ferromagnet: Any) -> None:
    other = sf.systems.disordered_ferromagnet((3, 3), seed=2)
    with Atlas() as book:
        explore(ferromagnet, atlas=book)
        with pytest.raises(InputError, match="give the one that was explored"):
            recall(book, ferromagnet.identity, landscape=other)


def test_native_tolerance_reaches_map_and_null(ferromagnet: Any) -> None:
    everything = study(ferromagnet, native_tolerance=1e6, nulls=2)
    assert everything.graph.native.all()
    null = everything.nulls["shuffled_energies"]["funnel_weight"]
    assert isinstance(null, Estimate)
    assert null.value == pytest.approx(1.0)


def test_what_is_too_large_is_refused_before_an_atlas_comes_into_being(tmp_path: Path) -> None:
    large = sf.systems.sherrington_kirkpatrick(60, seed=1)
    with pytest.raises(InputError, match=r"60-spin landscape needs .* GiB"):
        study(large, atlas=tmp_path / "a.db", explorer="flooding")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"60-spin landscape needs .* GiB"):
        refuse_unexplorable(large, explorer="flooding")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"explorer": "flodding"}, "did you mean 'flooding'"),
        ({"workers": 0}, "at least 1"),
        ({"nulls": 1}, "at least 2 samples"),
        ({"temperature": float("nan")}, "finite number above 0"),
        ({"temperature": -1.0}, "finite number above 0"),
        ({"native_tolerance": -1.0}, "at least 0"),
    ],
)
def test_bad_options_are_refused(ferromagnet: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        study(ferromagnet, **options)


def test_an_interrupted_run_keeps_whole_records_and_is_finished_by_the_next(
    ferromagnet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    minima = [Minimum("0" * 9, -1.0, 0.5), Minimum("1" * 9, 0.0, 0.5)]

    def halts(*_: Any, **__: Any) -> Any:
        yield minima
        raise KeyboardInterrupt

    def finishes(*_: Any, **__: Any) -> Any:
        yield minima
        yield [Saddle("01" * 4 + "0", 2.0, ("0" * 9, "1" * 9))]

    with Atlas() as book:
        monkeypatch.setitem(EXPLORERS, "flooding", Explorer("flooding", halts, (Kind.BINARY,), True, "", ""))
        with pytest.raises(KeyboardInterrupt):
            explore(ferromagnet, atlas=book)
        assert [run.outcome for run in book.runs(ferromagnet.identity)] == ["interrupted"]
        assert book.basin_graph(ferromagnet.identity, allow_unfinished=True).minima == 2
        monkeypatch.setitem(EXPLORERS, "flooding", Explorer("flooding", finishes, (Kind.BINARY,), True, "", ""))
        assert explore(ferromagnet, atlas=book).outcome == "finished"
        graph = book.basin_graph(ferromagnet.identity)
    assert (graph.minima, graph.saddles) == (2, 1)


def test_the_null_of_a_ferromagnet_has_no_funnel(ferromagnet: Any) -> None:
    null = nulls.ensemble(ferromagnet, dealt, count=10, seed=1).measures
    weight, own = null["funnel_weight"], study(ferromagnet, nulls=False).measures["funnel_weight"]
    assert isinstance(weight, Estimate)
    assert isinstance(own, Estimate)
    assert weight.high < own.value
    # Shuffling destroys correlations: rho(1) of independent energies is 0 up to 1/sqrt(256 states * 10 samples) = 0.02;
    # 0.1 is five standard errors, a false alarm in less than one run of a million.
    correlation = null["autocorrelation"]
    assert isinstance(correlation, Estimate)
    assert abs(correlation.value) < 0.1


def test_the_null_is_not_made_unasked_for_the_largest() -> None:
    large = sf.systems.sherrington_kirkpatrick(27, seed=1)
    unasked = nulls.unsuited(large, nulls.null_sample_count(1 << 27))
    assert unasked is not None
    assert unasked.outcome == "not_asked"
    assert nulls.unsuited(large, 5) is None
    beyond = nulls.unsuited(sf.systems.sherrington_kirkpatrick(29, seed=1), 5)
    assert beyond is not None
    assert beyond.outcome == "too_large"


def test_describe_names_states_and_symmetry() -> None:
    entry = describe(sf.systems.random_energy_model(6, seed=1))
    assert (entry.kind, entry.size, entry.states, entry.symmetry) == ("binary", 6, 64, ())


def test_the_readme_prints_what_the_code_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    readme = (ROOT / "README.md").read_text()
    code = readme.split("```python\n", 1)[1].split("```", 1)[0]
    shown = readme.split("```text\n", 1)[1].split("```", 1)[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own file
    assert capsys.readouterr().out.split() == shown.split()
    assert (tmp_path / "dfm.html").stat().st_size > 1000


def test_what_is_no_landscape_and_no_seed_is_refused(ferromagnet: Any) -> None:
    with pytest.raises(InputError, match="is neither a system"):
        study("skk:n=10")
    with pytest.raises(InputError, match="seed=-1"):
        study(ferromagnet, seed=-1)


@pytest.mark.parametrize(
    ("spec", "explorer"),
    [
        ("mueller-brown", "stationary"),
        ("lj:atoms=4", "climbing"),
        ("lj:atoms=38", "joining"),
        ("hp:sequence=HPHPPHHPHH", "flooding"),
        ("hp:sequence=HPHPPHHPHH,dimension=3", "flooding"),
        ("sk:n=12", "flooding"),
    ],
)
def test_auto_takes_what_suits(spec: str, explorer: str) -> None:
    """Chains have a dimension too, that of their lattice."""
    assert plan(resolve(spec)).explorer.name == explorer


def test_anything_can_be_studied_and_says_so_in_a_few_lines():
    found = study("sk:n=8", seed=3, nulls=False)
    assert found.landscape.parameters["seed"] == 3
    assert len(repr(found).splitlines()) == 3
    assert len(repr(found)) < 600
    assert repr(found).splitlines()[0] == found.summary().splitlines()[0]
    assert len(found.summary().splitlines()) <= 12
    matrix = study(np.array([[-1.0, 2.0], [0.0, -1.0]]), as_="qubo", nulls=False)
    assert float(matrix.graph.energy[0]) == -1.0
    with pytest.raises(InputError, match="a study takes no colour="):
        study("sk:n=8", colour="red")


def test_labels_of_data_are_no_names_of_variables() -> None:
    found = study(resolve("committee:inputs=4,hidden=2,patterns=8"), nulls=False)
    assert "variables" not in found.views
