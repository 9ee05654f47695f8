"""Clusters and molecules with the energy of any ASE calculator."""

from __future__ import annotations

import dataclasses
import importlib
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter, identity_hash
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.differentiable import Invariance, Kernel, checked_positions
from spinfunnel.moves.frame import Frame
from spinfunnel.moves.noise import measured_noise
from spinfunnel.systems.atoms.emt_cell_kernels import compiled_cell_emt
from spinfunnel.systems.atoms.emt_kernels import compiled_emt
from spinfunnel.systems.atoms.held_atoms import frame_of, freed, scattered
from spinfunnel.systems.atoms.structure_reading import read_atoms
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.registry import suggestion
from spinfunnel.systems.surfaces.torch_energy import import_torch, over_batch

__all__ = ["AseLandscape", "ase_atoms", "from_atoms"]

Floats = NDArray[np.float64]

CALCULATORS = {
    "emt": ("ase.calculators.emt", "EMT", {}),
    "lj": ("ase.calculators.lj", "LennardJones", {"rc": 1000.0}),
    "morse": ("ase.calculators.morse", "MorsePotential", {"rcut1": 900.0, "rcut2": 1000.0}),
}
STEP, WIDEST_STEP = 1e-3, 0.05
"""Of the differences of forces, in Angstrom: errors of 1e-9 eV per square Angstrom where forces are smooth, and the
widest of those of noisy forces."""
MOST_ATOMS = 200
SAME = 1e-9
"""Difference up to which a compiled twin gives the same energies and forces."""


@dataclass(frozen=True, slots=True, eq=False)
class AseLandscape:
    """Energy of an ASE calculator, as a `spinfunnel.moves.differentiable.Differentiable` landscape.

    Free atoms move in space; with a frame, those that are held stay, and the cell is fixed. Energies in eV and lengths
    in Angstrom where the calculator follows ASE's units. Hessians are differences of fourth order of forces, unless
    there is a kernel.

    Attributes
    ----------
    atoms : ase.Atoms
        With its calculator; a copy of the caller's.
    name : str
    parameters : mapping
    known : bool
        Whether the positions of `atoms` are a place to start from.
    kernel : Kernel or None
        Compiled twin of the calculator, used instead where there is one.
    frame : Frame or None
        Of atoms that are held or in a periodic cell.
    note : str
        Which frame of a file of several it is.
    """

    kind: ClassVar[Kind] = Kind.SMOOTH

    atoms: Any
    name: str
    parameters: Mapping[str, Parameter]
    known: bool = True
    kernel: Kernel | None = None
    frame: Frame | None = None
    note: str = ""
    identity: str = field(init=False)
    _native: Floats = field(init=False)
    _lock: Any = field(init=False, default_factory=threading.Lock)
    _noise: float | None = field(init=False, default=None)

    __repr__ = short_name

    def __post_init__(self) -> None:
        check_range("atoms", len(self.atoms), low=2, high=MOST_ATOMS)
        # The calculator's own atoms move with every call.
        object.__setattr__(self, "_native", self.atoms.positions.copy())
        content = [self.atoms.numbers, self._native if self.known else np.zeros(0)]
        if self.frame is not None:
            content += [self.frame.cell, self.frame.basis]
            # What is held is in the frame; springs stay, since they are part of the energy.
            self.atoms.set_constraint([each for each in self.atoms.constraints if type(each).__name__ == "Hookean"])
        object.__setattr__(self, "identity", identity_hash("ase", self.parameters, *content))

    @property
    def dimension(self) -> int:
        """Three times the number of atoms; of atoms that are held in part, the coordinates that move."""
        return 3 * len(self.atoms) if self.frame is None else self.frame.dimension

    @property
    def invariance(self) -> Invariance:
        """Translations, rotations, the mirror, and exchanges of atoms of one element; or the motions of the frame."""
        if self.frame is not None:
            return Invariance("frame", species=tuple(map(int, self.frame.species)), frame=self.frame)
        return Invariance("atoms", species=tuple(int(number) for number in self.atoms.numbers))

    def all_atoms(self, position: Floats) -> Floats:
        """Positions of all atoms (..., N, 3), those that are held among them, at positions (..., D)."""
        if self.frame is not None:
            return self.frame.atoms(position)
        return np.asarray(position).reshape(*np.shape(position)[:-1], -1, 3)

    @property
    def step(self) -> float:
        """Largest sensible step of one coordinate."""
        return 0.2

    @property
    def costly_hessian(self) -> bool:
        """Whether climbs should do without Hessians on their way: each takes four gradients for every coordinate."""
        return self.kernel is None

    def with_held(self, state: bytes) -> bytes:
        """Coordinates of all atoms of a state, both as bytes of doubles."""
        return self.all_atoms(np.frombuffer(state, "<f8")).astype("<f8").tobytes()

    @property
    def box(self) -> str:
        """Cell and periodic directions as the second line of an extended XYZ file says them."""
        periodic = " ".join("FT"[int(each)] for each in self.atoms.pbc)
        if not self.atoms.pbc.any():
            return f'pbc="{periodic}"'
        lattice = " ".join(f"{each!r}" for each in self.atoms.cell[:].ravel().tolist())
        return f'Lattice="{lattice}" pbc="{periodic}"'

    def energy(self, position: Any) -> Any:
        """Energies (B,) of positions (B, D) as tensors; their gradients are the forces."""
        return _torch_function(self)(position)

    def starts(self, generator: np.random.Generator, count: int) -> Floats:
        """Random positions (count, D).

        Atoms at random in a ball; where a structure is known, every second one is that structure, its atoms displaced
        by 0.4 Angstrom (standard deviation).
        """
        if self.frame is not None:
            return scattered(self.frame, self._native, generator, count)
        from ase.data import covalent_radii

        radii = covalent_radii[self.atoms.numbers]
        radius = float((1.6 * ((2.0 * radii) ** 3).sum() * 0.75 / math.pi) ** (1.0 / 3.0))
        way = generator.standard_normal((count, len(self.atoms), 3))
        way /= np.linalg.norm(way, axis=2, keepdims=True)
        found = way * radius * generator.random((count, len(self.atoms), 1)) ** (1.0 / 3.0)
        noise = 0.4 * generator.standard_normal(found.shape)
        if self.known:
            found[::2] = self._native + noise[::2]
        return found.reshape(count, -1)

    def energy_and_gradient(self, position: Floats) -> tuple[Floats, Floats]:
        """Energies (B,) and gradients (B, D)."""
        rows = checked_positions(position, dimension=self.dimension)
        if self.kernel is not None:
            return over_batch(self.kernel, rows, width=self.dimension)
        energy, gradient = np.empty(len(rows)), np.empty_like(rows)
        for row, place in enumerate(rows):
            energy[row], gradient[row] = self._one(place)
        return energy, gradient

    def hessian(self, position: Floats) -> Floats:
        """Hessians (B, D, D)."""
        rows = checked_positions(position, dimension=self.dimension)
        if self.kernel is not None:
            flat = over_batch(self.kernel, rows, width=self.dimension**2)[1]
            return flat.reshape(len(rows), self.dimension, self.dimension)
        found = np.empty((len(rows), self.dimension, self.dimension))
        for row, place in enumerate(rows):
            for axis in range(self.dimension):
                step = np.zeros(self.dimension)
                step[axis] = self._step
                found[row, axis] = self._slope(place, step) / self._step
            found[row] = 0.5 * (found[row] + found[row].T)
        return found

    def hessian_product(self, position: Floats, direction: Floats) -> Floats:
        """Hessians times directions (B, D)."""
        rows = checked_positions(position, dimension=self.dimension)
        along = checked_positions(direction, dimension=self.dimension)
        if self.kernel is not None:
            return np.asarray(np.einsum("bij,bj->bi", self.hessian(rows), along))
        found = np.zeros_like(rows)
        for row, (place, vector) in enumerate(zip(rows, along, strict=True)):
            length = float(np.abs(vector).max())
            if length > 0.0:
                found[row] = self._slope(place, vector * (self._step / length)) * (length / self._step)
        return found

    @property
    def _step(self) -> float:
        """Step of differences: wider where forces are noisy, since the noise is divided by it."""
        if self._noise is None:
            object.__setattr__(self, "_noise", measured_noise(self).gradient)
        # At fourth order, errors grow as the noise over the step and as the step to the power four.
        return float(min(max(STEP, 0.25 * (self._noise or 0.0) ** 0.25), WIDEST_STEP))

    def _slope(self, place: Floats, step: Floats) -> Floats:
        """Change of the gradient along a step, to fourth order."""
        near = self._one(place + step)[1] - self._one(place - step)[1]
        far = self._one(place + 2.0 * step)[1] - self._one(place - 2.0 * step)[1]
        return np.asarray((8.0 * near - far) / 12.0)

    def _one(self, place: Floats) -> tuple[float, Floats]:
        """Energy and gradient at one position; NaN where the calculator fails there."""
        if not np.isfinite(place).all():
            return math.nan, np.full(self.dimension, math.nan)
        # One set of atoms carries one calculator with its own state: a call at a time.
        with self._lock, np.errstate(all="ignore"):
            self.atoms.positions[:] = self.all_atoms(place)
            try:
                energy = float(self.atoms.get_potential_energy())
                # Asked for them, the calculator compares all atoms with its own once more, as long as EMT takes.
                known = getattr(self.atoms.calc, "results", {}).get("forces")
                springs = bool(self.atoms.constraints)
                forces = np.array(self.atoms.get_forces() if known is None or springs else known, np.float64)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                return math.nan, np.full(self.dimension, math.nan)
        return energy, -forces.ravel() if self.frame is None else -self.frame.coordinates(forces)


def ase_atoms(
    file: str = "", *, formula: str = "Cu4", calculator: str = "", frame: int = -1, seed: int = 0
) -> AseLandscape:
    """Cluster or molecule whose energy is that of an ASE calculator.

    Parameters
    ----------
    file : str
        A structure that ASE reads: .xyz, .extxyz, .traj, .cif, .pdb, .vasp, POSCAR, CONTCAR and many more, ``.gz`` or
        not. Its cell is fixed; FixAtoms, FixCartesian, FixScaled, FixedPlane, FixedLine and Hookean are kept.
    formula : str
        The atoms where no file is given, for instance Cu13 or Cu6Au7.
    calculator : str
        ``emt``, ``lj``, ``morse``, another name that ASE knows, or ``package.module.Class`` of a calculator that
        needs no arguments. Without one, emt for its metals (Al, Cu, Ag, Au, Ni, Pd, Pt).
    frame : int
        Which of several structures in the file, counted from 0; the last unless given.
    seed : int
        Not used: nothing is random.

    Source: Hjorth Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017); EMT: Jacobsen, Stoltze, Norskov, Surf.
    Sci. 366, 394 (1996).

    Examples
    --------
    >>> ase_atoms(formula="Cu2Au2").invariance.species
    (29, 29, 79, 79)
    """
    ase = _import_ase()
    check_range("seed", seed, low=0)
    given: dict[str, Parameter] = {"calculator": calculator or "emt"}
    note = ""
    if file:
        atoms, note = read_atoms(file, frame=frame)
        given["file"] = file
        if frame != -1:
            given["frame"] = frame
    else:
        try:
            atoms = ase.Atoms(formula)
        except (KeyError, ValueError):
            raise InputError(f"formula={formula} is no chemical formula: give for instance formula=Cu13") from None
        given["formula"] = formula
    if not calculator and not set(atoms.get_chemical_symbols()) <= _metals():
        raise InputError(
            f"{file or formula} is not made of EMT's metals ({', '.join(sorted(_metals()))}), so it needs a "
            "calculator: ase:file=...,calculator=NAME"
        )
    atoms.calc = _calculator(calculator or "emt")
    return _landscape(atoms, "ase", given, known=bool(file), note=note)


def from_atoms(atoms: Any, *, name: str, parameters: Mapping[str, Parameter]) -> AseLandscape:
    """Landscape of ASE atoms that carry a calculator.

    Raises
    ------
    InputError
        Without a calculator, or for constraints that a map does not keep.
    """
    if atoms.calc is None:
        raise InputError(f"{name} has no calculator: set atoms.calc, for instance to ase.calculators.emt.EMT()")
    copy = atoms.copy()
    copy.calc = atoms.calc
    return _landscape(copy, name, parameters)


def _landscape(
    atoms: Any, name: str, parameters: Mapping[str, Parameter], *, known: bool = True, note: str = ""
) -> AseLandscape:
    """Landscape of atoms in their frame: a cluster that no image of it touches is free in space."""
    calculator, atoms = atoms.calc, freed(atoms)
    atoms.calc = calculator
    return _compiled(AseLandscape(atoms, name, parameters, known=known, frame=frame_of(atoms, name=name), note=note))


def _import_ase() -> Any:
    try:
        return importlib.import_module("ase")
    except ImportError:
        raise InputError("this landscape is computed through ASE: pip install 'spinfunnel[ase]'") from None


def _metals() -> set[str]:
    from ase.calculators.emt import parameters

    return set(parameters) - {"C", "N", "O", "H"}


def _calculator(name: str) -> Any:
    """Calculator by its name."""
    from ase.calculators import calculator as known_to_ase

    options: dict[str, Any] = {}
    try:
        if name.lower() in CALCULATORS:
            module, kind, options = CALCULATORS[name.lower()]
            made = getattr(importlib.import_module(module), kind)
        elif "." in name:
            module, _, kind = name.rpartition(".")
            made = getattr(importlib.import_module(module), kind)
        elif name.lower() in known_to_ase.names:  # type: ignore[attr-defined]
            made = known_to_ase.get_calculator_class(name.lower())
        else:
            known = [*CALCULATORS, *known_to_ase.names]  # type: ignore[attr-defined]
            raise InputError(
                f"calculator={name} is unknown{suggestion(name, known)}: give emt, lj, morse, a name that ASE knows, "
                "or package.module.Class"
            )
        return made(**options)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a calculator does on its way
        raise InputError(
            f"calculator={name} cannot be made: {type(error).__name__}: {str(error)[:160]}; set it up, or give the "
            "atoms with their calculator as file.py:name"
        ) from None


def _compiled(landscape: AseLandscape) -> AseLandscape:
    """Try the calculator, and let a compiled twin take its place where there is one that gives the same numbers."""
    # Made first: the calculator moves the atoms, whose positions are part of the identity.
    atoms, frame = landscape.atoms, landscape.frame
    kernel = compiled_emt(atoms) if frame is None else compiled_cell_emt(atoms, frame)
    twin = dataclasses.replace(landscape, kernel=kernel)
    places, energy, gradient = _tried(landscape)
    again, slope = twin.energy_and_gradient(places)
    alike = np.allclose(again, energy, rtol=SAME, atol=SAME, equal_nan=True)
    return twin if alike and np.allclose(slope, gradient, rtol=SAME, atol=SAME, equal_nan=True) else landscape


def _tried(landscape: AseLandscape) -> tuple[Floats, Floats, Floats]:
    """Ask the calculator at four places, and refuse one that does not answer with numbers."""
    places = landscape.starts(np.random.default_rng(0), 4)
    try:
        energy, gradient = landscape.energy_and_gradient(places)
    except Exception as error:  # noqa: BLE001 - whatever a calculator does
        raise InputError(
            f"the calculator of {landscape.name} failed: {type(error).__name__}: {str(error)[:160]}"
        ) from None
    if not (np.isfinite(energy) & np.isfinite(gradient).all(axis=1)).any():
        raise InputError(f"the calculator of {landscape.name} gives no finite energies and forces at four trial places")
    return places, energy, gradient


def _torch_function(landscape: AseLandscape) -> Callable[[Any], Any]:
    """Energy as a PyTorch function whose backward pass are the forces."""
    torch = import_torch()

    class Energy(torch.autograd.Function):  # type: ignore[name-defined]
        @staticmethod
        def forward(ctx: Any, position: Any) -> Any:
            energy, gradient = landscape.energy_and_gradient(position.detach().cpu().double().numpy())
            ctx.save_for_backward(torch.as_tensor(gradient).to(position))
            return torch.as_tensor(energy).to(position)

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            (gradient,) = ctx.saved_tensors
            return upstream[0][:, None] * gradient

    apply: Callable[[Any], Any] = Energy.apply
    return apply
