"""The sampler in dimod's own tests, against exact energies, and samples of others as states."""

import unittest

import dimod
import dimod.testing
import numpy as np
import pytest

from spinfunnel import systems
from spinfunnel.dimod import FunnelSampler, landscape_of, states_of
from spinfunnel.landscape import InputError


@dimod.testing.load_sampler_bqm_tests(FunnelSampler)
class TestContract(unittest.TestCase):
    """What dimod asks of every sampler, on its models (filled in by the decorator)."""


def random_model(vartype, seed=1, n=10):
    model = dimod.generators.gnm_random_bqm(n, 20, vartype, random_state=seed)
    model.offset = 2.5
    return model.relabel_variables({i: ("v", i) if i % 2 else f"x{i}" for i in range(n)}, inplace=False)


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
@pytest.mark.parametrize("method", ["annealing", "tempering"])
def test_the_ground_state_of_any_model(vartype, method):
    model = random_model(vartype)
    exact = dimod.ExactSolver().sample(model).first.energy
    found = FunnelSampler().sample(model, num_reads=7, num_sweeps=100, method=method, seed=2)
    dimod.testing.assert_sampler_api(FunnelSampler())
    dimod.testing.assert_sampleset_energies(found, model)
    assert found.first.energy == pytest.approx(exact)
    assert sum(found.record.num_occurrences) == 7
    assert found.vartype is model.vartype


def test_a_polynomial_of_third_order():
    poly = dimod.BinaryPolynomial({"abc": -1.0, "ab": 0.5, "c": 0.25, (): 3.0}, "BINARY")
    exact = dimod.ExactPolySolver().sample_poly(poly).first.energy
    found = FunnelSampler().sample_poly(poly, num_reads=5, num_sweeps=20, seed=1)
    assert found.first.energy == pytest.approx(exact)


def test_the_same_seed_gives_the_same_samples_and_reads_differ():
    model = systems.resolve("sk:n=60").to_dimod()
    one, two = (FunnelSampler().sample(model, num_reads=70, num_sweeps=3, seed=5, workers=w) for w in (1, 2))
    assert np.array_equal(one.record.sample, two.record.sample)
    other = FunnelSampler().sample(model, num_reads=70, num_sweeps=3, seed=6)
    assert not np.array_equal(one.record.sample, other.record.sample)
    assert len(np.unique(one.record.sample, axis=0)) > 5
    free = FunnelSampler().sample(model, num_reads=2, num_sweeps=3)
    again = FunnelSampler().sample(model, num_reads=2, num_sweeps=3, seed=free.info["seed"])
    assert np.array_equal(free.record.sample, again.record.sample)


def test_empty_and_flat_models():
    assert len(FunnelSampler().sample(dimod.BQM({}, {}, 1.0, "SPIN")).variables) == 0
    flat = dimod.BQM({"a": 0.0, "b": 0.0}, {}, 1.5, "BINARY")
    for method in ("annealing", "tempering"):
        assert FunnelSampler().sample(flat, num_sweeps=5, method=method).first.energy == 1.5


@pytest.mark.parametrize(
    "wrong", [{"num_reads": 0}, {"num_sweeps": 0}, {"method": "magic"}, {"seed": -1}, {"temperatures": [1.0, 2.0]}]
)
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(InputError):
        FunnelSampler().sample(random_model("SPIN"), **wrong)


def test_samples_of_another_solver_as_states():
    model = random_model("BINARY")
    landscape = landscape_of(model)
    sampleset = dimod.RandomSampler().sample(model, num_reads=20)
    states = states_of(sampleset, landscape)
    assert np.allclose(landscape.energy(states), sampleset.record.energy)
    spins = sampleset.change_vartype("SPIN", inplace=False)
    assert np.array_equal(states_of(spins, landscape), states)
    repeated = dimod.SampleSet.from_samples([{0: 1, 1: -1}], "SPIN", [0.0], num_occurrences=[3])
    assert len(states_of(repeated, systems.resolve("sk:n=2"))) == 3
    with pytest.raises(InputError, match="variables"):
        states_of(repeated, landscape)
    with pytest.raises(InputError, match="no model"):
        landscape_of([1, 2])
