"""The table, the files and the command that all reproductions share."""

from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from repository import DOCS
from spinfunnel.cli import app
from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.reproduce import REPRODUCTIONS, Comparison, Order, Redrawn, find, write
from spinfunnel.reproduce.comparison import exact_comparison, mean_comparison
from spinfunnel.reproduce.disorder import ensemble, sample_seeds
from spinfunnel.reproduce.trend import binomial, exponential_fit, resampled
from waiting import wait_for

if TYPE_CHECKING:
    from conftest import Command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, list(arguments), prog_name="spinfunnel")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.stderr
        return result

    return call


def test_a_deviation_counts_both_errors() -> None:
    row = Comparison("x", Estimate(13.0, 12.0, 14.0), error=0.3, known=12.0, known_error=0.4)
    assert row.deviation == pytest.approx(2.0)
    assert row.agreement == "+2.0 σ"


def test_exact_numbers_are_equal_or_differ() -> None:
    assert exact_comparison("x", 280, known=280).agreement == "equal"
    assert exact_comparison("x", 281, known=280).agreement == "differs by +1"
    assert exact_comparison("x", 281).agreement == ""


def test_one_sample_has_no_interval() -> None:
    assert isinstance(mean_comparison("x", [1.0]).ours, NoAnswer)
    assert mean_comparison("x", [1.0], known=1.0).agreement == ""
    assert isinstance(resampled([np.ones(1)], lambda parts: parts[0].mean(), seed=0)[0], NoAnswer)


def test_rows_are_strict_json() -> None:
    rows = [mean_comparison("x", [1.0], known=2.0), mean_comparison("y", [1.0, 2.0], known=1.5, known_error=0.1)]
    for row in rows:
        json.dumps(row.to_json(), allow_nan=False)
    assert rows[0].to_json()["outcome"] == "too_few_samples"
    assert rows[1].to_json()["standard_errors"] == 0.0


def test_samples_are_the_same_for_any_number_of_them_and_of_workers() -> None:
    assert sample_seeds(Order(seed=3), label="sk", count=5)[:2] == sample_seeds(Order(seed=3), label="sk", count=2)
    assert sample_seeds(Order(seed=3), label="sk", count=5) != sample_seeds(Order(seed=4), label="sk", count=5)
    assert not set(sample_seeds(Order(), label="sk", count=50)) & set(sample_seeds(Order(), label="ea", count=50))
    one, two = (
        ensemble(Order(workers=workers), "sk:n=6", lambda landscape: landscape.identity, count=6) for workers in (1, 2)
    )
    assert one == two
    assert len(set(one)) == 6


def test_an_exponential_is_fitted_within_its_interval() -> None:
    """Noise of a tenth in the logarithm; 400 fits, of which 95 % should hold the rate: 4 sigma is 91 to 99 %."""
    rng = np.random.default_rng(5)
    size = np.arange(8, 24)
    hits = 0
    for _ in range(400):
        rate, _error = exponential_fit(
            size, np.exp(0.3 * size + 0.1 * rng.standard_normal(len(size))), rng=rng, resamples=200
        )
        hits += rate.low <= 0.3 <= rate.high
    assert 0.88 <= hits / 400 <= 0.99


def test_binomial_intervals_reach_the_ends() -> None:
    assert (binomial(0, 10).low, binomial(10, 10).high) == (0.0, 1.0)
    assert binomial(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_the_data_is_written_as_drawn(tmp_path: Path) -> None:
    redrawn = Redrawn(
        (), (), {"n": [1, 2], "x": [0.5, ""]}, lambda figure: figure.add_subplot().plot([1, 2], [3, 4]) and None
    )
    figure, data = write("test", redrawn, folder=tmp_path)
    assert figure.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert list(csv.reader(data.read_text().splitlines())) == [["n", "x"], ["1", "0.5"], ["2", ""]]
    assert {path.name for path in tmp_path.iterdir()} == {"test.png", "test.csv"}


def test_an_unknown_name_is_told_those_there_are() -> None:
    with pytest.raises(InputError, match="klemm, labs"):
        find("clem")


@pytest.mark.parametrize("name", list(REPRODUCTIONS))
def test_every_reproduction_has_a_source_and_a_place_in_the_docs(name: str) -> None:
    entry = REPRODUCTIONS[name]
    assert entry.summary
    assert entry.source
    docs = "".join(page.read_text() for page in DOCS.glob("*.md"))
    assert f"`{name}`" in docs or f"reproduce {name}`" in docs


# ---------------------------------------------------------------------------------------------
# The command


def test_the_list_names_all_with_their_sources(run: Any) -> None:
    listed = run("reproduce").stdout
    assert all(name in listed for name in REPRODUCTIONS)
    rows = json.loads(run("reproduce", "--json").stdout)["reproductions"]
    assert [row["source"] for row in rows] == [entry.source for entry in REPRODUCTIONS.values()]


def test_a_table_for_people_and_one_for_programs(run: Any) -> None:
    shown = run("reproduce", "labs", "--quick", "--samples", "4", "--output", "figures")
    assert "minima, n = 16" in shown.stdout
    assert "figures/labs.png" in shown.stderr
    again = run("reproduce", "labs", "--quick", "--samples", "4", "--output", "figures", "--json", "--workers", "1")
    answer = json.loads(again.stdout)
    assert again.stderr == ""
    rows = {row["quantity"]: row for row in answer["rows"]}
    assert rows["minima, n = 20"]["value"] == 9628
    assert rows["minima, n = 20"]["agreement"] == "equal"
    assert Path(answer["figure"]).exists()
    assert Path(answer["data"]).exists()


@pytest.mark.parametrize("output", ["file", "missing/deeper"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(run: Any, output: str) -> None:
    Path("file").write_text("")
    result = run("reproduce", "klemm", "--samples", "100000", "--output", output, status=2)  # Days, if it began.
    assert len(result.stderr.splitlines()) == 1
    assert output.split("/", maxsplit=1)[0] in result.stderr


def test_too_few_samples_are_a_usage_error(run: Any) -> None:
    assert "--samples" in run("reproduce", "klemm", "--samples", "1", status=2).stderr


def test_interrupted_it_leaves_nothing(spinfunnel: Command, tmp_path: Path) -> None:
    """The folder is made before the work begins; from then on nothing of it may stay."""
    process = spinfunnel.start("reproduce", "klemm", "--output", "figures", "--samples", "100000")
    folder = tmp_path / "figures"
    wait_for(folder.exists)
    os.kill(process.pid, signal.SIGINT)
    _out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert not folder.exists()
