"""Levinthal's golf course."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import Parameter, Progress, Symmetry, identity_hash, no_progress
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.systems.ranges import check_range, disorder
from spinfunnel.systems.spins.rem import state_numbers
from spinfunnel.systems.spins.state_blocks import enumerated_bits

__all__ = ["GolfCourse", "golf_course"]


@dataclass(frozen=True, slots=True, eq=False)
class GolfCourse:
    """A flat landscape with one hole; a `Binary` landscape made by `golf_course`.

    Enumeration costs what it takes to write zeros.
    """

    kind: ClassVar[Kind] = Kind.BINARY

    size: int
    depth: float
    seed: int

    __repr__ = short_name

    @property
    def name(self) -> str:
        """Name of the system."""
        return "golf"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was made from."""
        return {"n": self.size, "depth": self.depth, "seed": self.seed}

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """None are declared: those that exist depend on the hole and are of no use."""
        return ()

    @property
    def identity(self) -> str:
        """Hash of name and parameters."""
        return identity_hash(self.name, {**self.parameters, "hole": self._number})

    @property
    def hole(self) -> NDArray[np.uint8]:
        """Bits (n,) of the hole."""
        return disorder(self.seed).integers(0, 2, self.size).astype(np.uint8)

    @property
    def _number(self) -> int:
        return int(state_numbers(self.hole[None], size=self.size, name=self.name)[0])

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        return np.where(state_numbers(states, size=self.size, name=self.name) == self._number, -self.depth, 0.0)

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)
        out[:] = 0.0
        if self._number < len(out):
            out[self._number] = -self.depth
        progress("energies", 1.0)


def golf_course(n: int = 12, *, depth: float = 1.0, seed: int = 0) -> GolfCourse:
    """Levinthal's golf course: every state has energy 0 but one, the hole, which has -depth.

    Parameters
    ----------
    n : int
        Number of bits, 2 to 62.
    depth : float
        Of the hole, positive.
    seed : int
        Of the place of the hole.

    Source: Levinthal (1969); the picture is that of Dill, Chan, Nat. Struct. Biol. 4, 10 (1997).

    Examples
    --------
    >>> course = golf_course(5, depth=2.0, seed=3)
    >>> energies = np.empty(32)
    >>> course.enumerate(energies)
    >>> float(energies.sum()), float(course.energy(course.hole[None])[0])
    (-2.0, -2.0)
    """
    check_range("n", n, low=2, high=62)
    check_range("depth", depth, low=1e-9, high=1e9)
    check_range("seed", seed, low=0)
    return GolfCourse(n, float(depth), seed)
