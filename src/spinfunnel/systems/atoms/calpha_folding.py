"""Folding of a structure-based protein: Langevin dynamics with replica exchange, from a stretched chain.

Replicas at a ladder of temperatures start unfolded and exchange after every stretch; what they pass is the equilibrium
at every temperature once it no longer depends on where they began. All samples together give the weight of each at any
temperature of the ladder (multiple histograms without bins), and so Q(T), the free energy along Q, and Tf, where half
of the weight is native.

Units: epsilon, Angstrom, the mass of a bead; k_B = 1. A structure-based protein folds near T = 1.

References
----------
Clementi, Nymeyer, Onuchic, J. Mol. Biol. 298, 937 (2000); Leimkuhler, Matthews, Appl. Math. Res. Express 2013, 34
(the integrator); Shirts, Chodera, J. Chem. Phys. 129, 124105 (2008) (the weights).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.moves.batches import over_blocks
from spinfunnel.moves.langevin_step import glide, push
from spinfunnel.moves.spins import next_random
from spinfunnel.systems.atoms.bead_chain import ChainField
from spinfunnel.systems.atoms.bead_kernels import chain_gradient, pack
from spinfunnel.systems.atoms.calpha import calpha_field, load_native, native_contacts
from spinfunnel.systems.ranges import check_choice

__all__ = ["NATIVE", "STRETCH", "Folding", "fold_protein"]

Floats = NDArray[np.float64]

STEP, FRICTION = 0.02, 0.1
"""Time step and friction: a bond, the stiffest part, swings in 0.3."""
STRETCH = 500
"""Steps between exchanges, after each of which a sample is taken."""
COLDEST, HOTTEST = 0.6, 1.6
NEAR = 1.2
"""A contact is made within so many native distances."""
NATIVE = 0.5
"""Share of native contacts from which a state counts as folded."""
DISCARDED = 0.5
"""Share of a run in which it forgets where it began."""
GRID = 101
BINS = 26
"""Of the free energy, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """What a run of replica exchange says of a protein.

    Attributes
    ----------
    residues, contacts : int
    temperature, native_share, overlap : array, shape (T,)
        A grid of temperatures; weight of folded states and mean share of native contacts at each.
    folding_temperature : Estimate or NoAnswer
        Where half of the weight is folded, with the spread of four stretches of the run.
    bins, free_energy : array
        Free energy along Q at the folding temperature, in its units, least 0; inf where nothing was sampled.
    first_folded : int or None
        Steps after which the coldest replica was first folded, from a stretched chain.
    steps : int
        Of all replicas together.
    ladder : array, shape (replicas,)
        Temperatures that were simulated.
    course : array, shape (rounds, replicas)
        Share of native contacts at each, every `STRETCH` steps from the stretched chain on.
    """

    residues: int
    contacts: int
    temperature: Floats
    native_share: Floats
    overlap: Floats
    folding_temperature: Measurement
    bins: Floats
    free_energy: Floats
    first_folded: int | None
    steps: int
    ladder: Floats
    course: Floats


@njit(cache=True, nogil=True)
def _normal(state: NDArray[np.uint64]) -> float:
    """Normal number of Box and Muller."""
    one = (np.float64(next_random(state) >> np.uint64(11)) + 0.5) / 9007199254740992.0
    two = np.float64(next_random(state) >> np.uint64(11)) / 9007199254740992.0
    return math.sqrt(-2.0 * math.log(one)) * math.cos(2.0 * math.pi * two)


@njit(cache=True, nogil=True)
def langevin(
    x: Floats, v: Floats, parameters: Floats, steps: int, dt: float, friction: float, temperature: float,
    state: NDArray[np.uint64],
) -> float:  # fmt: skip
    """Integrate in place (splitting BAOAB, unit masses); return the potential energy at the end."""
    g, noise, work = np.zeros(x.size), np.empty(x.size), np.zeros(36)
    energy = chain_gradient(x, parameters, g, work)
    keep = math.exp(-friction * dt)
    kick = math.sqrt((1.0 - keep * keep) * temperature)
    for _ in range(steps):
        for i in range(x.size):
            noise[i] = _normal(state)
        glide(x, v, g, noise, dt, keep, kick)
        g[:] = 0.0
        energy = chain_gradient(x, parameters, g, work)
        push(v, g, dt)
    return energy


def fold_protein(
    file: str = "hairpin",
    *,
    chain: str = "",
    residues: str = "",
    contacts: str = "auto",
    replicas: int = 10,
    steps: int = 400_000,
    engine: str = "own",
    seed: int = 0,
    workers: int = 1,
    progress: Progress = no_progress,
) -> Folding:
    """Fold the Go model of a structure from a stretched chain, and find its folding temperature.

    Parameters
    ----------
    file, chain, residues, contacts
        As for `calpha_protein`.
    replicas : int
        Temperatures from 0.6 to 1.6, at least 4.
    steps : int
        Of each replica.
    engine : {"own", "openmm"}
        Who integrates: the kernel of this file, or OpenMM, where it is installed.
    seed, workers, progress
        The result does not depend on the number of workers.

    Raises
    ------
    InputError
        For a structure that has no such model, too short a run, or an engine that is not installed.

    Examples
    --------
    >>> folding = fold_protein("hairpin", steps=20_000, replicas=4, seed=1)
    >>> folding.residues, folding.contacts, folding.steps
    (17, 25, 80000)
    """
    if replicas < 4 or steps < 40 * STRETCH:
        raise InputError(
            f"{replicas} replicas of {steps} steps are too short a run: give at least 4 replicas of "
            f"{40 * STRETCH} steps each"
        )
    native = load_native(file, chain=chain, residues=residues)
    field = calpha_field(native, contacts=contacts)
    touching = native_contacts(native, contacts=contacts)
    reach = NEAR * np.linalg.norm(native.trace[touching[:, 0]] - native.trace[touching[:, 1]], axis=1)
    rng = np.random.default_rng(seed)
    ladder = np.geomspace(COLDEST, HOTTEST, replicas)
    x = np.tile(_stretched(field.bond).ravel(), (replicas, 1))
    v = rng.standard_normal(x.shape) * np.sqrt(ladder)[:, None]
    state = rng.integers(0, 1 << 64, (replicas, 1), dtype=np.uint64)
    advance = _engine(engine, field, state)
    rounds = steps // STRETCH
    energy, overlap = np.zeros((rounds, replicas)), np.zeros((rounds, replicas))
    for number in range(rounds):

        def work(start: int, stop: int, number: int = number) -> None:
            for k in range(start, stop):
                energy[number, k] = advance(k, x[k], v[k], ladder[k])

        over_blocks(
            work, replicas, workers=workers if engine == "own" else 1, progress=no_progress, stage="folding", block=1
        )
        beads = x.reshape(replicas, -1, 3)
        apart = np.linalg.norm(beads[:, touching[:, 0]] - beads[:, touching[:, 1]], axis=2)
        overlap[number] = (apart < reach).mean(axis=1)
        _exchange(x, v, energy[number].copy(), ladder, rng, parity=number % 2)
        progress("folding", (number + 1) / rounds)
    return _told(field.beads, len(touching), ladder, energy, overlap)


def _engine(name: str, field: ChainField, state: NDArray[np.uint64]) -> Callable[[int, Floats, Floats, float], float]:
    """Dynamics of a stretch of a replica's positions and velocities at a temperature, in place; returns its energy."""
    check_choice("engine", name, ("own", "openmm"))
    if name == "openmm":
        from spinfunnel.systems.atoms.openmm_engine import openmm_dynamics

        chain = openmm_dynamics(field, step=STEP, friction=FRICTION, seed=int(state[0, 0] >> np.uint64(33)))
        return lambda _, x, v, temperature: chain(x, v, temperature, STRETCH)
    parameters = pack(
        (field.bond_stiffness, field.angle_stiffness), bond=field.bond, angle=field.angle, dihedral=field.dihedral,
        pairs=field.pairs, wells=field.wells,
    )  # fmt: skip
    return lambda k, x, v, temperature: langevin(x, v, parameters, STRETCH, STEP, FRICTION, temperature, state[k])


def _stretched(bond: Floats) -> Floats:
    """Beads of a zigzag with given bonds, whose angles are 120 degrees."""
    turn = np.where(np.arange(len(bond)) % 2, 1.0, -1.0) * math.pi / 6.0
    steps = bond[:, None] * np.column_stack([np.cos(turn), np.sin(turn), np.zeros(len(bond))])
    return np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])


def _exchange(x: Floats, v: Floats, energy: Floats, ladder: Floats, rng: np.random.Generator, *, parity: int) -> None:
    """Offer exchanges of neighbouring temperatures; velocities are rescaled."""
    for k in range(parity, len(ladder) - 1, 2):
        gain = (1.0 / ladder[k] - 1.0 / ladder[k + 1]) * (energy[k] - energy[k + 1])
        if math.log(rng.random()) < gain:
            scale = math.sqrt(ladder[k] / ladder[k + 1])
            x[[k, k + 1]] = x[[k + 1, k]]
            v[[k, k + 1]] = v[[k + 1, k]] * np.array([[scale], [1.0 / scale]])


def _log_weights(energy: Floats, ladder: Floats) -> Floats:
    """Logarithm of the density of each of the pooled samples (rounds, K): minus that of the mixture of all ladders."""
    reduced = energy.reshape(-1, 1) / ladder
    free = np.zeros(len(ladder))
    for _ in range(500):
        mixture = np.logaddexp.reduce(free - reduced, axis=1)
        following = -np.logaddexp.reduce(-reduced - mixture[:, None], axis=0)
        following -= following[0]
        if np.abs(following - free).max() < 1e-7:
            break
        free = following
    return np.asarray(-np.logaddexp.reduce(free - reduced, axis=1))


def _at(temperature: float, energy: Floats, weight: Floats) -> Floats:
    """Share of each pooled sample in the equilibrium at a temperature."""
    logs = weight - energy.ravel() / temperature
    share = np.exp(logs - logs.max())
    return np.asarray(share / share.sum())


def _curve(energy: Floats, overlap: Floats, ladder: Floats) -> tuple[Floats, Floats, Floats]:
    """Grid of temperatures, folded weight and mean Q."""
    weight, grid = _log_weights(energy, ladder), np.linspace(ladder[0], ladder[-1], GRID)
    shares = [_at(one, energy, weight) for one in grid.tolist()]
    q = overlap.ravel()
    return grid, np.array([share[q >= NATIVE].sum() for share in shares]), np.array([share @ q for share in shares])


def _crossing(grid: Floats, folded: Floats) -> float:
    """Temperature at which half is folded; nan where that is nowhere."""
    below = np.flatnonzero((folded[:-1] >= 0.5) & (folded[1:] < 0.5))
    if not len(below):
        return math.nan
    k = int(below[-1])
    return float(grid[k] + (grid[k + 1] - grid[k]) * (folded[k] - 0.5) / (folded[k] - folded[k + 1]))


def _told(residues: int, contacts: int, ladder: Floats, energy: Floats, overlap: Floats) -> Folding:
    rounds = len(energy)
    folded_first = np.flatnonzero(overlap[:, 0] >= 0.8)
    first = int(folded_first[0] + 1) * STRETCH if len(folded_first) else None
    kept = slice(int(DISCARDED * rounds), None)
    grid, folded, mean = _curve(energy[kept], overlap[kept], ladder)
    middle = _crossing(grid, folded)
    parts = [
        _crossing(*_curve(e, q, ladder)[:2])
        for e, q in zip(np.array_split(energy[kept], 4), np.array_split(overlap[kept], 4), strict=True)
    ]
    if not math.isfinite(middle) or not np.isfinite(parts).all():
        temperature: Measurement = NoAnswer(
            "not_converged",
            f"from {ladder[0]:g} to {ladder[-1]:g} the run does not both fold and unfold in each quarter",
            "give more --steps",
        )
        at = middle if math.isfinite(middle) else float(ladder[0])
    else:
        at, reach = middle, 3.18 * float(np.std(parts, ddof=1)) / 2.0
        temperature = Estimate(middle, middle - reach, middle + reach)
    share = _at(at, energy[kept], _log_weights(energy[kept], ladder))
    # Each bin holds whole numbers of contacts: edges elsewhere would give some bins one number and others two.
    number = np.arange(contacts + 1) // -(-(contacts + 1) // BINS)
    levels = np.bincount(number)
    made = number[np.rint(overlap[kept].ravel() * contacts).astype(np.int64)]
    held = np.bincount(made, weights=share, minlength=len(levels)) / levels
    bins = np.bincount(number, weights=np.arange(contacts + 1)) / levels / contacts
    with np.errstate(divide="ignore"):
        free = -np.log(held)
    return Folding(
        residues, contacts, grid, folded, mean, temperature, bins, free - free.min(), first,
        energy.size * STRETCH, ladder, overlap,
    )  # fmt: skip
