"""The shared vocabulary: three kinds of landscape and the records that describe what was found on them.

Everything else in the package talks to everything else through this file. An explorer needs a
landscape and yields records; an atlas keeps records; a measure reads a `BasinGraph`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from spinfunnel.running import Budget, InputError, Progress, no_progress
from spinfunnel.states import StateList, Symmetry, identity_hash, index_key, key_states, state_bits

__all__ = [
    "BasinGraph",
    "Binary",
    "Bound",
    "Budget",
    "Census",
    "Effort",
    "Finite",
    "Graph",
    "InputError",
    "Landscape",
    "Minimum",
    "Parameter",
    "Polynomial",
    "Progress",
    "Record",
    "Recorded",
    "Run",
    "Saddle",
    "Smooth",
    "StateList",
    "Symmetry",
    "Tally",
    "identity_hash",
    "index_key",
    "key_states",
    "no_progress",
    "state_bits",
]

Parameter: TypeAlias = bool | int | float | str | tuple[int, ...]
Bound: TypeAlias = Literal["exact", "upper"]


# ---------------------------------------------------------------------------------------------
# The three kinds of landscape


@runtime_checkable
class Binary(Protocol):
    """N bits, the move is one flip.

    State number x has bit i equal to ``(x >> i) & 1`` and spin ``s_i = 2 b_i - 1``.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - documented on the class
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


# ---------------------------------------------------------------------------------------------
# Records


@dataclass(frozen=True, slots=True)
class Minimum:
    """One minimum, after symmetric copies and neutral neighbours were merged.

    Attributes
    ----------
    key : str
        Canonical identity: for binary states the smallest-numbered state of its plateau and orbit, as a bit string.
    energy : float
    weight : float
        Share of all states whose steepest descent ends here (summed over symmetric copies).
    plateau : int
        Number of states of one copy of the plateau.
    orbit : int
        Number of copies under the symmetries; ``plateau * orbit`` plain states stand behind the record.
    state : bytes or None
        Coordinates (little-endian float64) of a smooth minimum; None where the key is the state.
    visits : int
        Number of searches that ended here and for which this record stands; an atlas adds them up.
    log_volume : float or None
        Of a smooth minimum: logarithm of its harmonic volume, ``-1/2 ln det' H - ln h`` with the order h of its point
        group, zero modes left out; None for discrete states, which are counted.
    lid : float or None
        Height below which no path leaves the basin, where a local flood says so; its own energy at least.
    """

    key: str
    energy: float
    weight: float
    plateau: int = 1
    orbit: int = 1
    state: bytes | None = None
    visits: int = 1
    log_volume: float | None = None
    lid: float | None = None


@dataclass(frozen=True, slots=True)
class Saddle:
    """A state over which two or more basins meet.

    Attributes
    ----------
    key : str
        Canonical identity of the saddle's state.
    energy : float
    minima : tuple of str
        Keys of the minima whose basins meet here. The first is the basin to which the saddle's own state drains; each
        of the others has a neighbour of that state, at no higher energy, in its basin. So the direct saddles that the
        record vouches for are those between the first and each of the others.
    index : int or None
        Number of negative Hessian eigenvalues, where there is a Hessian.
    bound : {"exact", "upper"}
        Whether no lower direct saddle exists between these basins, or the energy is only an upper bound.
    state : bytes or None
        Coordinates of a smooth saddle.
    log_volume : float or None
        Of a smooth saddle: as that of a minimum, the negative eigenvalue left out.
    """

    key: str
    energy: float
    minima: tuple[str, ...]
    index: int | None = None
    bound: Bound = "exact"
    state: bytes | None = None
    log_volume: float | None = None


@dataclass(frozen=True, slots=True)
class Census:
    """What is known about all states together.

    Attributes
    ----------
    states : int
        Number of plain states of the whole space, symmetric copies counted.
    mean, variance : float
        Of the energy of a state drawn at random.
    ground_energy : float
    ground_states : int
        Number of plain states at the ground energy.
    minima_raw : int
        Number of plain states none of whose neighbours is lower.
    autocorrelation : float or None
        Correlation of the energies of a random state and a random neighbour; None where all energies are equal.
    """

    states: int
    mean: float
    variance: float
    ground_energy: float
    ground_states: int
    minima_raw: int
    autocorrelation: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """A histogram over states: of the energy, of the overlap with the native state, or of both.

    Attributes
    ----------
    quantity : {"energy", "overlap", "overlap and energy", "replica overlap"}
        Bins ascend in it; those of both by overlap, then energy, the empty ones left out.
    temperature : float
        Temperature at which states were drawn; ``inf`` where every state counts once.
    position : tuple of float
        Centre of each bin, or the energy of all its states where that is one (energy); or the overlap
        Q = 1 - 2 d / N with the nearest native state (overlap), or of two independent replicas (replica overlap).
    count : tuple of float
        Number of plain states in each bin.
    mean, spread, lowest : tuple of float
        Mean, standard deviation and minimum of the energy within each bin.
    overlap : tuple of float
        Overlap of each bin, where the histogram is of both; `position` is then the energy.
    replica : int
        Number of the independent sample that it is of, where there are several.
    log_count : tuple of float
        Natural logarithms of the counts, where some are more than a double holds (and infinite in `count`).
    """

    quantity: Literal["energy", "overlap", "overlap and energy", "replica overlap"]
    temperature: float
    position: tuple[float, ...]
    count: tuple[float, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    lowest: tuple[float, ...]
    overlap: tuple[float, ...] = ()
    replica: int = field(default=0, kw_only=True)
    log_count: tuple[float, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Run:
    """One exploration: who, how, from which seed, and how it ended."""

    explorer: str
    options: Mapping[str, Parameter]
    seed: int
    version: str
    evaluations: int
    seconds: float
    outcome: Literal["finished", "interrupted", "out of budget"]
    exact: bool
    failures: Mapping[str, int] = field(default_factory=dict)
    """Searches that led to nothing, by their reason: how many of them."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a sampling explorer spent, how it ended, and how many searches failed by which reason: its last record."""

    evaluations: int
    outcome: Literal["finished", "out of budget"] = "finished"
    failures: Mapping[str, int] = field(default_factory=dict)


Record: TypeAlias = Minimum | Saddle | Census | Tally | Effort
"""What explorers yield."""


@dataclass(frozen=True, slots=True, eq=False)
class BasinGraph:
    """The map as plain arrays: all that a measure reads.

    Minima are sorted by energy, then key; number 0 is the ground state. Saddles are sorted by energy, then key.

    Attributes
    ----------
    key : array of str, shape (m,)
    energy, weight : array of float64, shape (m,)
    plateau, orbit : array of int64, shape (m,)
    saddle_key : array of str, shape (s,)
    saddle_energy : array of float64, shape (s,)
    saddle_offsets : array of int64, shape (s + 1,)
    saddle_minima : array of int64, shape (saddle_offsets[-1],)
        Minima that each saddle joins, by number, hub first (see `Saddle`).
    saddle_exact : array of bool, shape (s,)
    census : Census or None
    tallies : tuple of Tally
    symmetry : tuple of str
        Names of the symmetries that were divided out.
    exact : bool
        Whether every minimum, weight and needed saddle is known exactly.
    native : array of bool, shape (m,)
        Which minima count as native: those within `native_tolerance` of the ground energy.
    visits : array of int64, shape (m,)
        Number of searches that ended in each; 1 where all states were visited.
    lid : array of float64, shape (m,), or None
        Height below which no path leaves each basin (see `Minimum`); None in an exact map, whose exits say it.
    log_volume : array of float64, shape (m,), or None
    saddle_log_volume : array of float64, shape (s,), or None
        Harmonic volumes of a smooth map (see `Minimum`).
    saddle_index : array of int64, shape (s,), or None
        Number of negative Hessian eigenvalues of a smooth map.
    """

    key: NDArray[np.str_]
    energy: NDArray[np.float64]
    weight: NDArray[np.float64]
    plateau: NDArray[np.int64]
    orbit: NDArray[np.int64]
    saddle_key: NDArray[np.str_]
    saddle_energy: NDArray[np.float64]
    saddle_offsets: NDArray[np.int64]
    saddle_minima: NDArray[np.int64]
    saddle_exact: NDArray[np.bool_]
    census: Census | None = None
    tallies: tuple[Tally, ...] = ()
    symmetry: tuple[str, ...] = ()
    exact: bool = True
    native_tolerance: float = 0.0
    visits: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    log_volume: NDArray[np.float64] | None = None
    lid: NDArray[np.float64] | None = None
    saddle_log_volume: NDArray[np.float64] | None = None
    saddle_index: NDArray[np.int64] | None = None
    native: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.visits) != len(self.energy):
            object.__setattr__(self, "visits", np.ones(len(self.energy), np.int64))
        ground = self.energy[0] if len(self.energy) else 0.0
        object.__setattr__(self, "native", self.energy <= ground + self.native_tolerance)

    @property
    def minima(self) -> int:
        """Number of minima."""
        return len(self.energy)

    @property
    def saddles(self) -> int:
        """Number of saddles."""
        return len(self.saddle_energy)

    def direct_edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Direct saddles as pairs: (hub, spoke, energy), one row for each spoke of each saddle.

        Rows are in ascending order of energy; a pair may occur more than once, its first row is its direct saddle.
        """
        size = np.diff(self.saddle_offsets)
        hub = np.repeat(self.saddle_minima[self.saddle_offsets[:-1]], size - 1)
        spoke = np.ones(len(self.saddle_minima), bool)
        spoke[self.saddle_offsets[:-1]] = False
        return hub, self.saddle_minima[spoke], np.repeat(self.saddle_energy, size - 1)

    def records(self) -> Iterator[Record]:
        """Yield the map as records, minima before the saddles that name them."""
        nothing = repeat(None)
        volumes = nothing if self.log_volume is None else self.log_volume.tolist()
        columns = (self.key, self.energy, self.weight, self.plateau, self.orbit)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        lids = nothing if self.lid is None or self.exact else self.lid.tolist()
        for row, visits, volume, lid in zip(rows, self.visits.tolist(), volumes, lids, strict=False):
            key, energy, weight, plateau, orbit = row
            yield Minimum(key, energy, weight, plateau, orbit, None, visits, volume, lid)
        names = self.key[self.saddle_minima].tolist()
        bounds = np.where(self.saddle_exact, "exact", "upper").tolist()
        starts = self.saddle_offsets.tolist()
        indices = nothing if self.saddle_index is None else self.saddle_index.tolist()
        volumes = nothing if self.saddle_log_volume is None else self.saddle_log_volume.tolist()
        passes = zip(self.saddle_key.tolist(), self.saddle_energy.tolist(), bounds, indices, volumes, strict=False)
        for number, (key, energy, bound, index, volume) in enumerate(passes):
            joined = tuple(names[starts[number] : starts[number + 1]])
            yield Saddle(key, energy, joined, index, bound, None, volume)
        if self.census is not None:
            yield self.census
        yield from self.tallies
