"""A user's own smooth landscape: a PyTorch energy with a declared dimension, or ASE atoms with their calculator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError, Parameter
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.ranges import check_range
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape, import_torch

__all__ = ["is_atoms", "torch_function"]

Floats = NDArray[np.float64]

PROBES = 16
LARGEST_DIMENSION = 100_000


def is_atoms(found: Any) -> bool:
    """Whether something is a set of ASE atoms."""
    return all(hasattr(found, word) for word in ("get_potential_energy", "get_forces", "positions", "numbers"))


def torch_function(
    function: Callable[[Any], Any],
    dimension: Any,
    *,
    name: str,
    parameters: Mapping[str, Parameter],
    source: bytes,
    box: Any = None,
    species: Any = None,
    step: Any = None,
) -> TorchLandscape:
    """Landscape of a PyTorch energy.

    Parameters
    ----------
    function : callable
        Tensor (B, D) to tensor (B,), differentiable twice; each energy depends on its own row only.
    dimension : int
        D.
    name, parameters
        For reports; part of the identity.
    source : bytes
        Text by which the function is identified, together with a sample of its energies.
    box : (low, high), optional
        Where random starts lie, evenly: numbers or D numbers each. Standard normal numbers times 2 unless given.
    species : sequence of int, optional
        Kinds of the D / 3 atoms, where the energy is that of atoms in space.
    step : float, optional
        Largest sensible step of a coordinate; 1/20 of the box unless given.

    Raises
    ------
    InputError
        Where trials return another shape, no number anywhere, energies without gradients, or energies that depend on
        other rows.

    Examples
    --------
    >>> ring = torch_function(
    ...     lambda x: ((x * x).sum(1) - 1) ** 2, 2, name="ring", parameters={}, source=b"", box=(-2, 2)
    ... )
    >>> ring.energy_and_gradient(np.array([[0.0, 0.0]]))[0].tolist()
    [1.0]
    """
    try:
        size = int(dimension)
    except (TypeError, ValueError):
        raise InputError(f"{name}: the dimension is {dimension!r}; set it to a whole number") from None
    check_range("dimension", size, low=1, high=LARGEST_DIMENSION)
    low, high = _box(box, size, name=name)
    kinds = _species(species, size, name=name)
    default = 0.2 if box is None else float((high - low).max()) / 20.0
    landscape = TorchLandscape(
        name,
        {**parameters, "dimension": size},
        size,
        function,
        (lambda generator, count: 2.0 * generator.standard_normal((count, size)))
        if box is None
        else (lambda generator, count: generator.uniform(low, high, (count, size))),
        invariance=Invariance("atoms", species=kinds) if kinds else Invariance(),
        step=default if step is None else float(step),
        content=(np.frombuffer(source, np.uint8),),
    )
    _refuse_unusable(landscape)
    return landscape


def _box(box: Any, size: int, *, name: str) -> tuple[Floats, Floats]:
    try:
        low, high = (-4.0, 4.0) if box is None else box
        ends = [np.broadcast_to(np.asarray(end, np.float64), (size,)) for end in (low, high)]
    except (TypeError, ValueError):
        raise InputError(f"{name}: box={box!r} is no pair (low, high) of numbers or of {size} numbers each") from None
    if not (np.isfinite(ends).all() and (ends[0] < ends[1]).all()):
        raise InputError(f"{name}: box={box!r} needs finite numbers with low < high")
    return ends[0], ends[1]


def _species(species: Any, size: int, *, name: str) -> tuple[int, ...]:
    if species is None:
        return ()
    kinds = tuple(int(kind) for kind in species)
    if 3 * len(kinds) != size:
        raise InputError(f"{name}: {len(kinds)} species are given for {size} coordinates; give one for each atom")
    return kinds


def _refuse_unusable(landscape: TorchLandscape) -> None:
    """Try the function on random positions."""
    torch = import_torch()
    places = landscape.starts(np.random.default_rng(0), PROBES)
    position = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    try:
        energy = landscape.energy(position)
    except (Exception, SystemExit) as error:
        raise InputError(f"{landscape.name} raised {type(error).__name__}: {_line(error)}") from error
    if not isinstance(energy, torch.Tensor) or tuple(energy.shape) != (PROBES,):
        shape = tuple(getattr(energy, "shape", ()))
        raise InputError(
            f"{landscape.name} returned {type(energy).__name__} of shape {shape} for {PROBES} positions; it must "
            f"return one energy for each, a tensor of shape ({PROBES},)"
        )
    if not energy.requires_grad:
        raise InputError(f"{landscape.name} returned energies without gradients: compute them with PyTorch throughout")
    values = energy.detach().double().cpu().numpy()
    if not np.isfinite(values).any():
        raise InputError(
            f"{landscape.name} is not a number at any of {PROBES} random positions: mend it, or set its box = (low, "
            "high) to where it has values"
        )
    try:
        alone = np.array([float(landscape.energy(position[row : row + 1]).detach()) for row in range(3)])
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{landscape.name} raised {type(error).__name__} for one position alone: {_line(error)}"
        ) from error
    if not np.allclose(alone, values[:3], rtol=1e-9, atol=1e-9, equal_nan=True):
        raise InputError(
            f"{landscape.name} gave {values[0]} for a position among others and {alone[0]} for it alone; an energy "
            "must depend on its own row only, and on nothing random"
        )
    try:
        _, gradient = landscape.energy_and_gradient(places)
        landscape.hessian(places[np.isfinite(values)][:1])
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(f"{landscape.name} cannot be differentiated twice: {_line(error)}") from None
    if not np.isfinite(gradient[np.isfinite(values)]).any() or math.isinf(landscape.step):
        raise InputError(f"{landscape.name} has no finite gradient at any of {PROBES} random positions")


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else "no message"
