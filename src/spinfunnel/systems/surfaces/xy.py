"""XY magnets, XY spin glasses and gauge glasses on a lattice: angles coupled to their neighbours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.ranges import check_choice, check_range, disorder
from spinfunnel.systems.spins.glasses import lattice_bonds
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape, import_torch

__all__ = ["xy_lattice"]


def xy_lattice(
    shape: tuple[int, ...] = (3, 3), *, couplings: str = "gauge", boundary: str = "periodic", seed: int = 0
) -> TorchLandscape:
    """XY model on a hypercubic lattice, ``E = -sum_<ij> J_ij cos(theta_i - theta_j - A_ij)``.

    Parameters
    ----------
    shape : tuple of int
        Length of each direction; any dimension, 2 to 2500 spins.
    couplings : {"gauge", "gaussian", "bimodal", "none"}
        Gauge glass: J = 1, A even in (-pi, pi). XY spin glass: A = 0 and J ~ N(0, 1), or +1 and -1 with equal
        probability. None: the ferromagnet, J = 1 and A = 0, with the ground energy ``-bonds``.
    boundary : {"periodic", "open"}
        See `glasses.lattice_bonds`.
    seed : int

    Source: Kosterlitz, Thouless, J. Phys. C 6, 1181 (1973); Ebner, Stroud, Phys. Rev. B 31, 165 (1985).

    Examples
    --------
    >>> magnet = xy_lattice((3, 3), couplings="none")
    >>> magnet.energy_and_gradient(np.zeros((1, 9)))[0].tolist()
    [-18.0]
    """
    check_choice("couplings", couplings, ("gauge", "gaussian", "bimodal", "none"))
    bonds = lattice_bonds(tuple(shape), boundary=boundary)
    spins = math.prod(shape)
    check_range("shape", spins, low=2, high=2500, unit=" spins in all")
    rng = disorder(seed)
    coupling: NDArray[np.float64] = np.ones(len(bonds))
    phase: NDArray[np.float64] = np.zeros(len(bonds))
    if couplings == "gauge":
        phase = rng.uniform(-math.pi, math.pi, len(bonds))
    elif couplings == "gaussian":
        coupling = rng.standard_normal(len(bonds))
    elif couplings == "bimodal":
        coupling = rng.integers(0, 2, len(bonds)) * 2.0 - coupling

    def energy(x: Any) -> Any:
        torch = import_torch()
        strength, shift = torch.as_tensor(coupling).to(x), torch.as_tensor(phase).to(x)
        return -(strength * torch.cos(x[:, bonds[:, 0]] - x[:, bonds[:, 1]] - shift)).sum(1)

    given: dict[str, Parameter] = {
        "shape": tuple(shape), "couplings": couplings, "boundary": boundary, "seed": seed,
    }  # fmt: skip
    return TorchLandscape(
        "xy",
        given,
        spins,
        energy,
        lambda generator, count: generator.uniform(-math.pi, math.pi, (count, spins)),
        invariance=Invariance("angles", mirror=couplings != "gauge"),
        step=0.5,
        content=(coupling, phase),
    )
