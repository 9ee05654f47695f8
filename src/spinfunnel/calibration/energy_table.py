"""A landscape whose energies are written down, one for each state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind

__all__ = ["EnergyTable"]


@dataclass(frozen=True, slots=True, eq=False)
class EnergyTable:
    """A landscape whose energies are written down, one for each state; a `Binary` landscape."""

    kind: ClassVar[Kind] = Kind.BINARY

    size: int
    energies: NDArray[np.float64] = field(repr=False)
    name: str = "table"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """None."""
        return ()

    @property
    def identity(self) -> str:
        """Hash of the energies."""
        return identity_hash(self.name, self.parameters, self.energies)

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        place: NDArray[np.int64] = states.astype(np.int64) @ (np.int64(1) << np.arange(self.size))
        return self.energies[place]

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        out[:] = self.energies[: len(out)]
        progress("energies", 1.0)
