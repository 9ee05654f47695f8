"""Langevin dynamics of a chain of beads by OpenMM, where that is installed.

OpenMM's units of length, mass, energy and time (nm, dalton, kJ/mol, ps) fit together, so that numbers in any others
that do can be given as they are; temperatures are divided by its k_B.

Eastman et al., J. Phys. Chem. B 128, 109 (2024); the integrator: Zhang et al., J. Phys. Chem. A 123, 6056 (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.systems.atoms.bead_chain import ChainField

__all__ = ["openmm_context", "openmm_dynamics"]

Floats = NDArray[np.float64]

BOLTZMANN = 0.00831446261815324
"""In kJ/mol for each kelvin."""


def openmm_context(field: ChainField, *, step: float, friction: float, seed: int) -> Any:
    """Context of OpenMM for a chain, on the fastest platform that it has here.

    Raises
    ------
    InputError
        Where OpenMM is not installed.
    """
    try:
        import openmm
    except ImportError:
        raise InputError(
            "engine=openmm needs OpenMM, which is not installed: pip install openmm, or leave the engine out"
        ) from None
    system = openmm.System()
    for _ in range(field.beads):
        system.addParticle(1.0)
    bonds, angles, twists = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce(), openmm.PeriodicTorsionForce()
    for i, length in enumerate(field.bond.tolist()):
        bonds.addBond(i, i + 1, length, 2.0 * field.bond_stiffness)
    for i, angle in enumerate(field.angle.tolist()):
        angles.addAngle(i, i + 1, i + 2, angle, 2.0 * field.angle_stiffness)
    for i, (single, triple, phase) in enumerate(field.dihedral.tolist()):
        beads = range(i, i + 4)
        # 1 - cos(n (phi - phi0)) = 1 + cos(n phi - (n phi0 + pi))
        twists.addTorsion(*beads, 1, phase + math.pi, single)
        twists.addTorsion(*beads, 3, 3.0 * phase + math.pi, triple)
    pairs = openmm.CustomBondForce("a / r^12 + b / r^10 + c / r^6")
    for name in "abc":
        pairs.addPerBondParameter(name)
    for (i, j), wells in zip(field.pairs.tolist(), field.wells.tolist(), strict=True):
        pairs.addBond(i, j, wells)
    for force in (bonds, angles, twists, pairs):
        system.addForce(force)
    integrator = openmm.LangevinMiddleIntegrator(300.0, friction, step)
    integrator.setRandomNumberSeed(seed)
    return openmm.Context(system, integrator)


def openmm_dynamics(
    field: ChainField, *, step: float, friction: float, seed: int
) -> Callable[[Floats, Floats, float, int], float]:
    """Dynamics ``advance(x, v, temperature, steps)`` of flat positions and velocities, in place; returns the energy."""
    context = openmm_context(field, step=step, friction=friction, seed=seed)
    integrator = context.getIntegrator()

    def advance(x: Floats, v: Floats, temperature: float, steps: int) -> float:
        context.setPositions(x.reshape(-1, 3))
        context.setVelocities(v.reshape(-1, 3))
        integrator.setTemperature(temperature / BOLTZMANN)
        integrator.step(steps)
        state = context.getState(positions=True, velocities=True, energy=True)
        x[:] = np.asarray(state.getPositions(asNumpy=True)._value).ravel()
        v[:] = np.asarray(state.getVelocities(asNumpy=True)._value).ravel()
        return float(state.getPotentialEnergy()._value)

    return advance
