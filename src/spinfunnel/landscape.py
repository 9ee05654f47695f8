"""The shared vocabulary: three kinds of landscape and the records that describe what was found on them.

Everything else in the package talks to everything else through this file. An explorer needs a
landscape and yields records; an atlas keeps records; a measure reads a `BasinGraph`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BasinGraph",
    "Binary",
    "Bound",
    "Census",
    "Graph",
    "InputError",
    "Landscape",
    "Minimum",
    "Parameter",
    "Progress",
    "Record",
    "Run",
    "Saddle",
    "Smooth",
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
Progress: TypeAlias = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done (0 to 1), from the calling thread."""


class InputError(ValueError):
    """What the user gave cannot be used; the message names the value, the bound and the way out."""


def no_progress(stage: str, done: float) -> None:
    """Report to nobody."""


# ---------------------------------------------------------------------------------------------
# States and their keys


def state_bits(index: Any, *, size: int) -> NDArray[np.uint8]:
    """Bits of numbered states: bit i of the number is column i, spin ``s_i = 2 b_i - 1``.

    Parameters
    ----------
    index : int or array of int, shape (...)
        Numbers of states, 0 <= index < 2**size.
    size : int
        Number of bits.

    Returns
    -------
    array of uint8, shape (..., size)

    Examples
    --------
    >>> state_bits(6, size=4)
    array([0, 1, 1, 0], dtype=uint8)
    """
    number = np.asarray(index, dtype=np.uint64)
    return ((number[..., None] >> np.arange(size, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8)


def index_key(index: Any, *, size: int) -> NDArray[np.str_]:
    """Keys of numbered binary states: their bits as a string, bit 0 first.

    Examples
    --------
    >>> index_key([1, 6], size=4).tolist()
    ['1000', '0110']
    """
    number = np.atleast_1d(np.asarray(index)).astype(np.uint64)
    octets = -(-size // 8)
    digits = np.empty((len(number), 8 * octets), np.uint32)
    for octet in range(octets):
        digits[:, 8 * octet : 8 * octet + 8] = _OCTETS[(number >> np.uint64(8 * octet)) & np.uint64(255)]
    return np.ascontiguousarray(digits[:, :size]).view(f"U{size}")[:, 0]


def key_states(key: NDArray[np.str_]) -> NDArray[np.uint8]:
    """Bits of keys that are bit strings of one length; the inverse of `index_key`.

    Returns
    -------
    array of uint8, shape (len(key), size)

    Examples
    --------
    >>> key_states(np.array(["1000", "0110"]))
    array([[1, 0, 0, 0],
           [0, 1, 1, 0]], dtype=uint8)
    """
    if len(key) == 0:
        return np.zeros((0, 0), np.uint8)
    text = np.ascontiguousarray(np.asarray(key).astype(np.bytes_))
    return text.view(np.uint8).reshape(len(text), -1) - np.uint8(ord("0"))


_OCTETS = state_bits(np.arange(256), size=8).astype(np.uint32) + np.uint32(ord("0"))


@dataclass(frozen=True, slots=True)
class Symmetry:
    """A bijection of bit strings that leaves every energy alone: permute, then flip.

    The image of state b has bit ``i`` equal to ``b[permutation[i]] ^ flips[i]``. A system declares
    generators; explorers close them to a group and identify what it maps onto each other.

    Examples
    --------
    >>> Symmetry.global_flip(3).apply(np.array([[1, 1, 0]], np.uint8))
    array([[0, 0, 1]], dtype=uint8)
    """

    name: str
    permutation: tuple[int, ...]
    flips: tuple[int, ...]

    @classmethod
    def global_flip(cls, size: int) -> Symmetry:
        """Turn every spin over."""
        return cls("global flip", tuple(range(size)), (1,) * size)

    @property
    def is_global_flip(self) -> bool:
        """Whether this is the global flip."""
        return self.permutation == tuple(range(len(self.permutation))) and all(self.flips)

    def apply(self, states: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images of states, shape (..., size)."""
        return states[..., list(self.permutation)] ^ np.array(self.flips, np.uint8)


def identity_hash(name: str, parameters: Mapping[str, Any], *content: NDArray[Any]) -> str:
    """Hash that names a landscape: its name, its parameters and the arrays that define it.

    Examples
    --------
    >>> identity_hash("sk", {"n": 3, "seed": 1}) == identity_hash("sk", {"seed": 1, "n": 3})
    True
    """
    digest = hashlib.sha256(json.dumps([name, dict(sorted(parameters.items()))], default=str).encode())
    for array in content:
        plain = np.ascontiguousarray(array)
        digest.update(f"{plain.dtype.str}{plain.shape}".encode())
        digest.update(plain.tobytes())
    return digest.hexdigest()[:32]


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


Landscape: TypeAlias = Binary | Graph | Smooth


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
    """

    key: str
    energy: float
    weight: float
    plateau: int = 1
    orbit: int = 1
    state: bytes | None = None


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
    """

    key: str
    energy: float
    minima: tuple[str, ...]
    index: int | None = None
    bound: Bound = "exact"
    state: bytes | None = None


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
    quantity : {"energy", "overlap", "overlap and energy"}
        Bins ascend in it; those of both by overlap, then energy, the empty ones left out.
    temperature : float
        Temperature at which states were drawn; ``inf`` where every state counts once.
    position : tuple of float
        Centre of each bin, or the energy of all its states where that is one (energy); or the overlap
        Q = 1 - 2 d / N with the nearest native state (overlap).
    count : tuple of float
        Number of plain states in each bin.
    mean, spread, lowest : tuple of float
        Mean, standard deviation and minimum of the energy within each bin.
    overlap : tuple of float
        Overlap of each bin, where the histogram is of both; `position` is then the energy.
    """

    quantity: Literal["energy", "overlap", "overlap and energy"]
    temperature: float
    position: tuple[float, ...]
    count: tuple[float, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    lowest: tuple[float, ...]
    overlap: tuple[float, ...] = ()


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


Record: TypeAlias = Minimum | Saddle | Census | Tally
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
    native: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
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
        for row in zip(
            self.key.tolist(),
            self.energy.tolist(),
            self.weight.tolist(),
            self.plateau.tolist(),
            self.orbit.tolist(),
            strict=True,
        ):
            yield Minimum(*row)
        names = self.key[self.saddle_minima].tolist()
        bounds = np.where(self.saddle_exact, "exact", "upper").tolist()
        starts = self.saddle_offsets.tolist()
        for number, (key, energy) in enumerate(zip(self.saddle_key.tolist(), self.saddle_energy.tolist(), strict=True)):
            yield Saddle(key, energy, tuple(names[starts[number] : starts[number + 1]]), None, bounds[number])
        if self.census is not None:
            yield self.census
        yield from self.tallies
