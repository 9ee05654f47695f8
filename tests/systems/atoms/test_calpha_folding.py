"""Folding of a structure-based protein by Langevin dynamics."""

import numpy as np
import pytest
import torch

from spinfunnel.landscape import InputError
from spinfunnel.systems.atoms.bead_kernels import pack
from spinfunnel.systems.atoms.bln_protein import random_chains
from spinfunnel.systems.atoms.calpha import calpha_field, load_native
from spinfunnel.systems.atoms.calpha_folding import _at, _log_weights, fold_protein, langevin


def test_a_hairpin_folds_from_a_stretched_chain_and_unfolds_above_its_folding_temperature():
    """Tf of ten times as long a run is 0.96; a fifth of it is nine standard errors of a run as short as this."""
    found = fold_protein("hairpin", steps=60_000, replicas=6, seed=1, workers=2)
    again = fold_protein("hairpin", steps=60_000, replicas=6, seed=1)
    assert np.array_equal(found.overlap, again.overlap)
    assert found.first_folded is not None
    assert found.overlap[0] > 0.8 > 0.3 > found.overlap[-1]
    assert found.bins.tolist() == [k / 25 for k in range(26)]
    assert np.array_equal(found.course, again.course)
    assert (np.diff(found.overlap) < 1e-9).all()
    assert found.folding_temperature.value == pytest.approx(0.96, rel=0.2)


def test_dynamics_keep_the_temperature_of_harmonic_bonds():
    """Two beads: (r - r0)^2 has the mean T / 2 K; a thousand samples know it to 5 %, and 20 % is 4 of these."""
    bond, stiffness, temperature = 4.0, 100.0, 0.8
    nothing = np.zeros((0, 3))
    parameters = pack(
        (stiffness, 0.0), bond=np.array([bond]), angle=np.zeros(0), dihedral=nothing,
        pairs=np.zeros((0, 2), np.int64), wells=nothing,
    )  # fmt: skip
    x, v, state = np.array([0.0, 0, 0, bond, 0, 0]), np.zeros(6), np.array([7], np.uint64)
    off = []
    for _ in range(1000):
        langevin(x, v, parameters, 1000, 0.02, 0.2, temperature, state)
        off.append(np.linalg.norm(x[3:] - x[:3]) - bond)
    assert np.mean(np.square(off)) == pytest.approx(temperature / (2 * stiffness), rel=0.2)
    # Twin that must fail: twice the temperature.
    assert np.mean(np.square(off)) != pytest.approx(2 * temperature / (2 * stiffness), rel=0.2)


def test_pooled_samples_are_weighted_to_any_temperature():
    """Energies of one harmonic degree of freedom: mean T / 2, known to 3 % from 8,000 samples; 12 % is 4 of these."""
    rng, ladder = np.random.default_rng(3), np.array([0.5, 1.0, 2.0])
    energy = 0.5 * ladder * rng.standard_normal((8000, 3)) ** 2
    weight = _log_weights(energy, ladder)
    for temperature in (0.7, 1.4):
        share = _at(temperature, energy, weight)
        assert share @ energy.ravel() == pytest.approx(temperature / 2, rel=0.12)


def test_too_short_a_run_is_refused():
    with pytest.raises(InputError, match="at least 4 replicas of 20000 steps"):
        fold_protein("hairpin", steps=100)


def test_openmm_has_the_same_energy_and_keeps_the_temperature():
    """Energies of random chains agree to single precision; a harmonic bond has T / 2 on average (see above)."""
    pytest.importorskip("openmm")
    from spinfunnel.systems.atoms.openmm_engine import openmm_context, openmm_dynamics

    native = load_native()
    field = calpha_field(native)
    context = openmm_context(field, step=0.02, friction=0.1, seed=1)
    places = np.concatenate([native.trace.reshape(1, -1), random_chains(field, np.random.default_rng(2), 3)])
    for place, energy in zip(places, field.energy(torch.tensor(places)).tolist(), strict=True):
        context.setPositions(place.reshape(-1, 3))
        found = context.getState(energy=True).getPotentialEnergy()._value
        assert found == pytest.approx(energy, rel=1e-4, abs=1e-3)
    advance = openmm_dynamics(field, step=0.02, friction=0.2, seed=3)
    x, v, off = native.trace.ravel().copy(), np.zeros(51), []
    for _ in range(200):
        advance(x, v, 0.5, 50)
        length = np.linalg.norm(np.diff(x.reshape(-1, 3), axis=0), axis=1)
        off.append(((length - field.bond) ** 2).mean())
    assert np.mean(off[20:]) == pytest.approx(0.5 / (2 * 100.0), rel=0.25)


def test_an_engine_that_is_none_is_refused():
    with pytest.raises(InputError, match="own"):
        fold_protein(engine="gromacs")
