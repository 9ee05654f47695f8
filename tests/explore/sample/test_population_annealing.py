"""Population annealing against exact free energies; a population that is never copied fails."""

import numpy as np
import pytest

from spinfunnel import systems
from spinfunnel.explore.sample import population_annealing as population
from spinfunnel.explore.sample.population_annealing import cool_population
from spinfunnel.landscape import InputError, state_bits

pytestmark = pytest.mark.quick


def exact(landscape, temperatures):
    energies = landscape.energy(state_bits(np.arange(1 << landscape.size), size=landscape.size))
    weight = np.exp(-(energies - energies.min()) / temperatures[:, None])
    logarithm = np.log(weight.sum(axis=1)) - energies.min() / temperatures
    mean = (weight * energies).sum(axis=1) / weight.sum(axis=1)
    spread = np.sqrt((weight * energies**2).sum(axis=1) / weight.sum(axis=1) - mean**2)
    return logarithm, mean, spread, energies.min()


@pytest.mark.parametrize("spec", ["ea:shape=3x4,seed=3", "pspin:n=12", "rfim:shape=3x4", "partition:n=8,bits=4"])
def test_free_energies_and_energies(spec):
    landscape = systems.resolve(spec)
    found = cool_population(landscape, size=2048, seed=3)
    logarithm, mean, spread, lowest = exact(landscape, found.temperature)
    # Standard errors are about 0.03 (see the doctest's bound); 5 of them.
    assert np.abs(found.log_partition - logarithm).max() < 0.15
    # Members are copies of some 400 families: 5 standard errors.
    assert (np.abs(found.mean_energy - mean) < 5.0 * spread / np.sqrt(400)).all()
    assert found.best_energy == pytest.approx(lowest)
    assert found.finished
    assert found.families > 100


def test_a_population_that_is_not_copied_is_wrong(monkeypatch):
    landscape = systems.resolve("pspin:n=12")
    monkeypatch.setattr(population, "_copied", lambda weight, _: np.arange(len(weight)))
    found = cool_population(landscape, size=2048, sweeps=1, seed=3)
    logarithm, *_ = exact(landscape, found.temperature)
    assert np.abs(found.log_partition - logarithm).max() > 0.15


def test_threads_change_nothing_and_a_run_can_be_ended():
    landscape = systems.resolve("sk:n=40")
    one, two = (cool_population(landscape, size=256, seed=1, workers=workers) for workers in (1, 2))
    assert np.array_equal(one.state, two.state)
    short = cool_population(landscape, size=256, seed=1, wanted=lambda _, done: done < 0.1)
    assert not short.finished
    assert np.array_equal(short.mean_energy, one.mean_energy[: len(short.mean_energy)])
    with pytest.raises(InputError, match="temperature"):
        cool_population(landscape, coldest=-1.0)
