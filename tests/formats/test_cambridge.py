"""Databases of the Cambridge programs: read as they were written, and what is wrong with them said in a sentence."""

from pathlib import Path

import numpy as np
import pytest

from spinfunnel.cli.work import exported
from spinfunnel.landscape import Budget, InputError
from spinfunnel.pipeline.study import study
from spinfunnel.systems import lennard_jones, load_database, resolve

LOW = "-2.0 3.5 2 1.0 1.0 1.0\n-1.0D+00 4.0 1 1 1 1\n"
HIGH = "0.5 1.0 3 1 2 1 1 1\n0.75 1.0 1 2 2 1 1 1\n"


def folder_of(path: Path, low: str | bytes = LOW, high: str | bytes = HIGH, **points: np.ndarray | bytes) -> Path:
    for name, text in (("min.data", low), ("ts.data", high)):
        (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, numbers in points.items():
        data = numbers if isinstance(numbers, bytes) else np.asarray(numbers, "<f8").tobytes()
        (path / f"points.{name}").write_bytes(data)
    return path


@pytest.mark.parametrize("ends", ["", "min.data"])
def test_what_was_exported_is_read_and_exported_the_same(tmp_path, ends):
    """A folder and its min.data are one map, and every byte of it comes back."""
    atlas, again = str(tmp_path / "lj.db"), str(tmp_path / "again.db")
    found = study(lennard_jones(7), atlas=atlas, nulls=False, budget=Budget(evaluations=400_000))
    for form in ("cambridge", "points"):
        exported(atlas, form=form, output=tmp_path / "lj7", which=None, overwrite=False)
    read = study(resolve(str(tmp_path / "lj7" / ends)), atlas=again)
    for form in ("cambridge", "points"):
        exported(again, form=form, output=tmp_path / "back", which=None, overwrite=False)
    for name in ("min.data", "ts.data", "points.min", "points.ts"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "lj7" / name).read_bytes(), name
    assert (read.graph.minima, read.graph.saddles) == (4, found.graph.saddles)
    for name in ("trap_ratio", "rivals", "superposition_peak", "slowest_relaxation"):
        assert str(read.measures[name]) == str(found.measures[name]), name


def test_volumes_take_orders_in_and_degenerate_saddles_stay(tmp_path):
    database = load_database(folder_of(tmp_path))
    assert [minimum.log_volume for minimum in database.minima] == pytest.approx([-1.75 - np.log(2), -2.0])
    assert [saddle.log_volume for saddle in database.saddles] == pytest.approx([-0.5 - np.log(3), -0.5])
    assert [saddle.minima for saddle in database.saddles] == [("1", "2"), ("2", "2")]
    assert database.dimension is None
    judged = study(database, nulls=False)
    assert judged.verdict.kind == "undecided"
    assert judged.measures["connected_share"].value == 1.0


def test_minima_without_a_path_are_told_without_descents(tmp_path):
    """Of 30 minima two are joined: there were no descents of which a share could be given."""
    low = "".join(f"{number}.0 1.0 1 1 1 1\n" for number in range(30))
    found = study(load_database(folder_of(tmp_path, low, "40 1 1 1 2 1 1 1\n")), nulls=False)
    assert found.verdict.kind == "undecided"
    assert "7 % of the minima have a known path" in found.verdict.reason


def test_one_minimum_has_no_saddles(tmp_path):
    found = study(load_database(folder_of(tmp_path, "-1 0 1 1 1 1\n", "")), nulls=False)
    assert found.graph.minima == 1
    assert found.verdict.kind == "undecided"


@pytest.mark.parametrize(
    ("low", "high", "points", "said"),
    [
        ("-2 3 1 1 1\n", HIGH, {}, r"min.data, line 1: 5 columns where 6"),
        (LOW, "\n0.5 1 1 1 2\n", {}, r"ts.data, line 2: 5 columns where 8"),
        (LOW, "0.5 1 1 1 3 1 1 1\n", {}, r"ts.data, line 1: minimum 3 is out of range: .* between 1 and 2"),
        (LOW, "0.5 1 1 0 2 1 1 1\n", {}, r"ts.data, line 1: minimum 0 is out of range"),
        (LOW, "0.5 1 1 1.5 2 1 1 1\n", {}, r"ts.data, line 1: minimum '1.5' is no whole number"),
        ("-2 3 1 1 1 1\nnan 3 1 1 1 1\n", HIGH, {}, r"min.data, line 2: energy nan is not finite"),
        ("-2 inf 1 1 1 1\n", HIGH, {}, r"min.data, line 1: log product inf is not finite"),
        ("-2 3 0 1 1 1\n", HIGH, {}, r"min.data, line 1: order of the point group 0 is out of range"),
        ("low 3 1 1 1 1\n", HIGH, {}, r"min.data, line 1: energy 'low' is no number"),
        (LOW, "-1.5 1 1 1 2 1 1 1\n", {}, r"ts.data, line 1: .* lies below that of a minimum that it joins, -1.0"),
        (b"-2 3 1 1 1 1\n\xff\n", HIGH, {}, r"min.data, line 2: byte 0xff is no text"),
        ("", HIGH, {}, r"min.data is empty"),
        (LOW, HIGH, {"min": np.zeros(12)[:11]}, r"points.min has 88 bytes for the 2 lines"),
        (LOW, HIGH, {"min": np.zeros(12).tobytes()[:-1]}, r"points.min has 95 bytes for the 2 lines"),
        (LOW, HIGH, {"min": np.zeros(12), "ts": np.zeros(6)}, r"points.ts has 48 bytes .*; 96 bytes are expected"),
        (LOW, HIGH, {"min": [0.0] * 9 + [np.nan, 0, 0]}, r"points.min, point 2, atom 2: coordinate nan is not"),
    ],
)  # fmt: skip
def test_damaged_files_are_named_with_line_and_cause(tmp_path, low, high, points, said):
    with pytest.raises(InputError, match=said):
        load_database(folder_of(tmp_path, low, high, **points))


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"min.data does not exist"):
        resolve(str(tmp_path / "min.data"))
    folder_of(tmp_path)
    (tmp_path / "ts.data").unlink()
    with pytest.raises(InputError, match=r"ts.data does not exist"):
        resolve(str(tmp_path))
    with pytest.raises(InputError, match=r"takes smooth landscapes, .* is recorded"):
        study(load_database(folder_of(tmp_path)), explorer="climbing")
