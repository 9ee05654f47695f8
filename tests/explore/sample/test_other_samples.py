"""A map from another solver's samples: what a flood knows, whatever wrote the file; wrong files are named."""

import json

import dimod
import numpy as np
import pytest
from typer.testing import CliRunner

from spinfunnel.cli import app
from spinfunnel.dimod import landscape_of, states_of, study_samples
from spinfunnel.explore.sample.other_samples import read_samples
from spinfunnel.landscape import InputError
from spinfunnel.pipeline.plan import plan
from spinfunnel.pipeline.study import study
from spinfunnel.systems import resolve


def model_and_reads(*, vartype="SPIN", reads=32):
    """A glass of twelve spins with names, and random states of it as samples."""
    rng = np.random.default_rng(5)
    names = [f"s{number}" for number in range(12)]
    pairs = {(names[i], names[j]): float(rng.standard_normal()) for i in range(12) for j in range(i)}
    model = dimod.BQM.from_ising({}, pairs).change_vartype(vartype, inplace=False)
    states = rng.integers(0, 2, (reads, 12))
    order = [names[number] for number in rng.permutation(12)]
    return model, dimod.SampleSet.from_samples_bqm((states if vartype == "BINARY" else 2 * states - 1, order), model)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_a_small_landscape_is_mapped_whole(vartype):
    model, reads = model_and_reads(vartype=vartype)
    exact = study(landscape_of(model), nulls=False, measures=["funnel_weight", "minima", "tf_tg"])
    found = study_samples(reads, model, nulls=False, workers=1, measures=["funnel_weight", "minima", "tf_tg"])
    assert not found.graph.exact
    assert set(found.graph.key) == set(exact.graph.key)
    assert found.measures["minima"].value == exact.measures["minima"].value
    ours, known = found.measures["funnel_weight"], exact.measures["funnel_weight"]
    assert ours.low - 0.02 <= known.value <= ours.high + 0.02


def test_samples_that_two_searches_agree_on_carry_the_lowest_energy():
    landscape = resolve("sk:n=14,seed=2")
    exact = study(landscape, nulls=False, measures=["tf_tg"])
    lowest = np.array([list(map(int, exact.graph.key[0]))])
    reads = dimod.SampleSet.from_samples(np.repeat(2 * lowest - 1, 4, axis=0), "SPIN", [exact.graph.energy[0]] * 4)
    found = study_samples(reads, landscape, nulls=False, workers=1, measures=["tf_tg", "band_gap"])
    assert type(found.measures["tf_tg"]) is type(exact.measures["tf_tg"])
    alone = study_samples(reads.slice(1), landscape, nulls=False, workers=1, measures=["tf_tg", "band_gap"])
    assert alone.measures["band_gap"].outcome == "ground_unknown"


def test_the_command_line_takes_a_file(tmp_path):
    model, reads = model_and_reads()
    problem, file = tmp_path / "p.json", tmp_path / "reads.json"
    problem.write_text(json.dumps(model.to_serializable()))
    file.write_text(json.dumps(reads.to_serializable()))
    command = ["judge", str(problem), "--samples", str(file), "--no-nulls", "--json", "--workers", "1"]
    answer = CliRunner().invoke(app, command)
    made = json.loads(answer.output)
    assert made["run"]["explorer"] == "samples"
    assert made["advice"]["recommended"]
    clash = CliRunner().invoke(app, [*command, "--explorer", "flooding"])
    assert clash.exit_code == 2
    assert "one of the two" in clash.output


def test_rows_and_labels_that_begin_at_one_are_read(tmp_path):
    landscape = resolve("ea:shape=2x3,boundary=open")
    rows = np.random.default_rng(1).integers(0, 2, (5, 6))
    np.save(tmp_path / "rows.npy", 2 * rows - 1)
    np.savetxt(tmp_path / "rows.csv", rows, fmt="%d", delimiter=",")
    counted = dimod.SampleSet.from_samples((rows, list(range(1, 7))), "BINARY", [0.0] * 5)
    (tmp_path / "one.json").write_text(json.dumps(counted.to_serializable()))
    for name in ("rows.npy", "rows.csv", "one.json"):
        assert read_samples(tmp_path / name, landscape).tolist() == rows.tolist()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.json", None, "does not exist"),
        ("cut.json", '{"type": "SampleSet", "version"', "no whole JSON document"),
        ("other.json", '{"type": "BinaryQuadraticModel"}', "no sample set of dimod"),
        ("words.txt", "spam and eggs", "holds no samples"),
        ("two.txt", "0 1 2 0 1 1", "rows of 0 and 1"),
        ("short.txt", "0 1 1", "3 variables"),
        ("empty.txt", "", "is empty"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=says):
        read_samples(tmp_path / name, resolve("ea:shape=2x3,boundary=open"))


def test_a_job_is_named_by_what_its_file_holds(tmp_path):
    landscape, file = resolve("ea:shape=2x3,boundary=open"), tmp_path / "rows.txt"
    jobs = []
    for text in ("0 0 0 0 0 0", "1 1 1 0 0 0", "0 0 0 0 0 0"):
        file.write_text(text)
        jobs.append(plan(landscape, f"samples:file={file}").job)
    assert jobs[0] == jobs[2] != jobs[1]


def other_solvers():
    """Samplers of D-Wave and of OpenJij, as they are installed for the tests."""
    import openjij
    from dwave.samplers import SimulatedAnnealingSampler, TabuSampler

    yield pytest.param(SimulatedAnnealingSampler(), {"seed": 1}, id="dwave annealing")
    yield pytest.param(TabuSampler(), {"seed": 1, "timeout": 5}, id="dwave tabu")
    yield pytest.param(openjij.SASampler(), {"seed": 1}, id="openjij annealing")
    yield pytest.param(openjij.SQASampler(), {"seed": 1}, id="openjij quantum annealing")


@pytest.mark.parametrize(("sampler", "options"), list(other_solvers()))
def test_what_other_solvers_return_is_judged_as_it_is(sampler, options, tmp_path):
    model, _ = model_and_reads()
    reads = sampler.sample(model, num_reads=16, **options)
    states = states_of(reads, landscape_of(model))
    assert np.allclose(landscape_of(model).energy(states), np.repeat(reads.record.energy, reads.record.num_occurrences))
    exact = study(landscape_of(model), nulls=False, measures=["funnel_weight", "minima"])
    found = study_samples(reads, model, nulls=False, workers=1, measures=["funnel_weight", "minima"])
    assert set(found.graph.key) == set(exact.graph.key)
    assert np.allclose(found.graph.energy, exact.graph.energy)
    file = tmp_path / "reads.json"
    file.write_text(json.dumps(reads.to_serializable()))
    assert np.array_equal(read_samples(file, landscape_of(model)), states)
