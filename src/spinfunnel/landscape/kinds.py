"""What a landscape offers, as protocols: bits, a graph of states, a list of them, or a differentiable energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.records import Parameter, Record
from spinfunnel.landscape.running import Progress, no_progress
from spinfunnel.landscape.states import StateList, Symmetry

__all__ = [
    "Binary",
    "Finite",
    "Graph",
    "Kind",
    "Landscape",
    "Polynomial",
    "Recorded",
    "Smooth",
    "is_binary",
    "is_chain",
    "short_name",
]


LONGEST = 120
"""Characters of the parameters in a repr."""


class Kind(StrEnum):
    """What kind of landscape it is: the one thing that decides which road it takes.

    Examples
    --------
    >>> Kind.CHAIN.word, Kind.NETWORK.word
    ('graph', 'smooth')
    """

    BINARY = "binary"
    """N bits; the move is one flip."""
    GRAPH = "graph"
    """A finite set of states with neighbour lists."""
    CHAIN = "chain"
    """A lattice chain: a finite set of states that is listed when asked for."""
    SMOOTH = "smooth"
    """A differentiable energy of a vector."""
    RECORDED = "recorded"
    """A map of a smooth landscape that another program made."""
    NETWORK = "network"
    """A neural network with its loss and its data."""

    @property
    def word(self) -> str:
        """The kind as JSON objects name it: binary, graph or smooth."""
        return _WORDS.get(self.value, self.value)


_WORDS = {"chain": "graph", "recorded": "smooth", "network": "smooth"}


@runtime_checkable
class Binary(Protocol):
    """N bits, the move is one flip.

    State number x has bit i equal to ``(x >> i) & 1`` and spin ``s_i = 2 b_i - 1``.
    """

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - documented on the class
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def size(self) -> int:
        """Number of bits N."""
        ...

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Generators of the group that leaves every energy alone (may be empty)."""
        ...

    @property
    def identity(self) -> str:
        """Hash that is equal for equal landscapes only (see `identity_hash`)."""
        ...

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits."""
        ...

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out`.

        ``len(out)`` is 2**N, or 2**(N-1) where the global flip is a symmetry (bit N-1 is 0 throughout). The result
        does not depend on `workers`, to the last digit.
        """
        ...


@runtime_checkable
class Polynomial(Binary, Protocol):
    """A binary landscape that lays its interactions open: ``E(s) = constant + sum_m c_m prod_{i in m} s_i``.

    Explorers flip its spins by local fields; of other binary landscapes they must ask the energy of every state.
    """

    @property
    def terms(self) -> Mapping[int, tuple[NDArray[np.int32], NDArray[np.float64]]]:
        """Order -> (indices (t, order), coefficients (t,)); no spin twice in a row, no row twice."""
        ...

    @property
    def constant(self) -> float: ...  # noqa: D102


@runtime_checkable
class Graph(Protocol):
    """A finite set of states with neighbour lists in compressed rows; the relation is symmetric."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - documented on the class
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def identity(self) -> str: ...  # noqa: D102
    @property
    def energies(self) -> NDArray[np.float64]:
        """Energy of every state, shape (n,)."""
        ...

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Start of each state's neighbours, shape (n + 1,)."""
        ...

    @property
    def neighbours(self) -> NDArray[np.int64]:
        """Neighbours of all states, concatenated."""
        ...

    @property
    def multiplicity(self) -> NDArray[np.int64]:
        """Number of symmetric copies for which each state stands, shape (n,)."""
        ...

    def key(self, index: int) -> str:
        """Key of a numbered state."""
        ...


@runtime_checkable
class Finite(Protocol):
    """A finite set of states that is listed, and whose moves are computed, when asked for; a graph too large to hold.

    Its members cost nothing until `list_states` is called.
    """

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - documented on the class
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def identity(self) -> str: ...  # noqa: D102
    def plain_states(self) -> int | None:
        """Number of states, symmetric copies counted; None where it is not known."""
        ...

    def distinct_states(self) -> int:
        """Number of states up to symmetry; an estimate where it is not known."""
        ...

    def list_states(self, *, workers: int = 1, progress: Progress = no_progress) -> StateList:
        """List all states.

        Raises
        ------
        InputError
            Where they are too many.
        """
        ...


@runtime_checkable
class Smooth(Protocol):
    """A differentiable energy of a flat vector, batch first, written in PyTorch."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - documented on the class
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def identity(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int:
        """Length D of the vector."""
        ...

    def energy(self, position: Any) -> Any:
        """Energies (B,) of positions (B, D), as tensors that carry gradients."""
        ...


@runtime_checkable
class Recorded(Protocol):
    """A smooth landscape of which only a map is known that another program made."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102 - documented on the class
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, Parameter]: ...  # noqa: D102
    @property
    def identity(self) -> str: ...  # noqa: D102
    @property
    def dimension(self) -> int | None:
        """Number of coordinates, where they are known."""
        ...

    def records(self) -> Iterator[Record]:
        """Yield minima before the saddles that name them."""
        ...


Landscape: TypeAlias = Binary | Graph | Finite | Smooth | Recorded


def is_binary(landscape: Landscape | None) -> TypeGuard[Binary]:
    """Whether it is a landscape of bits, by its kind: the type checker then knows its members."""
    return landscape is not None and landscape.kind is Kind.BINARY


def is_chain(landscape: Landscape | None) -> TypeGuard[Finite]:
    """Whether it is a lattice chain, whose states are listed when asked for, by its kind."""
    return landscape is not None and landscape.kind is Kind.CHAIN


def short_name(landscape: Landscape) -> str:
    """One line that names a landscape: its class, its name and its parameters; the repr of every landscape."""
    told = ", ".join(f"{name}={value!r}" for name, value in landscape.parameters.items())
    shown = told if len(told) <= LONGEST else f"{told[: LONGEST - 3]}..."
    return f"<{type(landscape).__name__} {landscape.name}{f': {shown}' if shown else ''}>"
