"""Samples of other solvers in every spelling, against what was written; wrong ones in one sentence."""

import json

import dimod
import numpy as np
import pytest

from spinfunnel.formats.sample_sets import read_sample_rows
from spinfunnel.landscape import InputError

NAMES = ["a", ("b", 1), 7, *range(100, 133)]


@pytest.fixture(params=["BINARY", "SPIN"])
def samples(request):
    bits = np.random.default_rng(3).integers(0, 2, (5, len(NAMES)))
    values = bits if request.param == "BINARY" else 2 * bits - 1
    return dimod.SampleSet.from_samples((values, NAMES), request.param, np.arange(5.0), num_occurrences=[1, 2, 1, 1, 3])


@pytest.mark.parametrize("packed", [True, False])
def test_dimods_json(tmp_path, samples, packed):
    (tmp_path / "s.json").write_text(json.dumps(samples.to_serializable(pack_samples=packed)))
    found = read_sample_rows(tmp_path / "s.json")
    assert list(found.variables) == NAMES
    assert found.times.tolist() == [1, 2, 1, 1, 3]
    assert np.array_equal(found.values > 0, samples.record.sample > 0)


def test_a_table_of_pandas(tmp_path, samples):
    header = ["", *(f"v{i}" for i in range(len(NAMES))), "chain_break_fraction", "energy", "num_occurrences"]
    rows = [
        [place, *row, 0.0, energy, times]
        for place, (row, energy, times) in enumerate(
            zip(samples.record.sample, samples.record.energy, samples.record.num_occurrences, strict=True)
        )
    ]
    text = "\n".join(",".join(map(str, row)) for row in [header, *rows])
    (tmp_path / "s.csv").write_text(text)
    found = read_sample_rows(tmp_path / "s.csv")
    assert found.variables == tuple(f"v{i}" for i in range(len(NAMES)))
    assert found.times.tolist() == [1, 2, 1, 1, 3]
    assert np.array_equal(found.values, samples.record.sample)


def test_a_list_of_samples(tmp_path):
    (tmp_path / "s.json").write_text('[{"x": 1, "2": -1}, {"x": -1, "2": -1}]')
    found = read_sample_rows(tmp_path / "s.json")
    assert found.variables == ("x", 2)
    assert found.values.tolist() == [[1, -1], [-1, -1]]


BAD = {
    "pickle.pkl": (b"\x80\x04\x95", "is a pickle or an archive"),
    "both.txt": (b"0 1\n-1 1\n", "rows of 0 and 1, or of -1 and 1"),
    "nan.csv": (b"a,b\nnan,1\n", "rows of 0 and 1"),
    "half.csv": (b"a,b,num_occurrences\n1,1,0.5\n", "whole numbers from 0"),
    "many.csv": (b"a,b,num_occurrences\n1,1,1e15\n", "whole numbers from 0"),
    "twice.csv": (b"a,a\n1,1\n", "occurs twice"),
    "ragged.csv": (b"a,b\n1\n", "row 1 is not 2 numbers"),
    "energy.csv": (b"energy\n1\n", "names no variable"),
    "words.json": (b'[{"a": "1"}]', "values must be 0 and 1"),
    "other.json": (b'[{"a": 1}, {"b": 1}]', "not of the same variables"),
    "bytes.json": (
        b'{"type": "SampleSet", "variable_labels": [0], "sample_data": {"type": "array", "use_bytes": true}}',
        "raw bytes",
    ),
    "short.json": (
        b'{"sample_packed": true, "variable_labels": [0, 1], "sample_data": {"type": "array", "data": [[1, 2, 3]]}}',
        "do not fit",
    ),
    "wide.json": (
        b'{"sample_packed": true, "variable_labels": [0, 1], "sample_data": {"type": "array", "data": [[-1]]}}',
        "no words of 32 bits",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_samples_are_named(tmp_path, name):
    content, sentence = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        read_sample_rows(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
