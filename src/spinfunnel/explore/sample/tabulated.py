"""A small landscape that is no polynomial, with its energies looked up: sampling asks for the same ones many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, Kind, Parameter, Progress, Symmetry, no_progress
from spinfunnel.moves.spins import Model

__all__ = ["Tabulated", "tabulated"]


@dataclass(frozen=True, slots=True, eq=False)
class Tabulated:
    """A landscape of bits and the table of its energies, in which a model has them (see `spinfunnel.moves.spins`).

    Attributes
    ----------
    landscape : Binary
    table : array of float64
        Energies by number of state; of the first half where the global flip is a symmetry.
    """

    kind: ClassVar[Kind] = Kind.BINARY

    landscape: Binary
    table: NDArray[np.float64]

    @property
    def name(self) -> str:
        """That of the landscape."""
        return self.landscape.name

    @property
    def size(self) -> int:
        """Number of bits."""
        return self.landscape.size

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Those of the landscape."""
        return tuple(self.landscape.symmetries)

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Those of the landscape."""
        return self.landscape.parameters

    @property
    def identity(self) -> str:
        """That of the landscape."""
        return self.landscape.identity

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        number = states @ (np.int64(1) << np.arange(self.size, dtype=np.int64))
        # Beyond a halved table lie the mirror images, which have their partners' energies.
        return np.asarray(self.table[np.where(number < len(self.table), number, (1 << self.size) - 1 - number)])

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:
        """Write the energies of the first states into `out` (see `Binary`)."""
        self.landscape.enumerate(out, workers=workers, progress=progress)


def tabulated(landscape: Binary, model: Model) -> Binary:
    """The landscape with its energies looked up where its model is a table of them; else itself.

    Examples
    --------
    >>> from spinfunnel.moves.spins import spin_model
    >>> from spinfunnel.systems import resolve
    >>> network = resolve("committee:inputs=3,hidden=3")
    >>> quick = tabulated(network, spin_model(network))
    >>> state = np.array([[1, 0, 1, 1, 0, 0, 1, 0, 1]], np.uint8)
    >>> bool(quick.energy(state) == network.energy(state))
    True
    """
    return Tabulated(landscape, model.table) if len(model.table) else landscape
