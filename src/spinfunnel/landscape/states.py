"""States: bits, keys and symmetries of binary ones; lists of others; and the hash that names a landscape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shuffleable", "StateList", "Symmetry", "Walkable", "identity_hash", "index_key", "key_states", "state_bits"]


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


@dataclass(frozen=True, slots=True, eq=False)
class StateList:
    """All states of a finite landscape, numbered, with their moves computed when asked for.

    Attributes
    ----------
    energies : array of float64, shape (n,)
    multiplicity : array of integers up to 255, shape (n,)
        Number of symmetric copies for which each state stands.
    rows : callable
        ``rows(states)`` gives the neighbours of some states, a slice or an array of numbers, in compressed rows:
        offsets (int64) and numbers (int32). A move that can be made in two ways is listed twice, and one to a
        symmetric copy leads to the state itself. Plain moves are counted from both ends alike: the multiplicity of u
        times how often v stands in the row of u is the same with u and v exchanged.
    keys : callable
        ``keys(states)`` gives the keys of some states.
    overlap : callable
        ``overlap(natives)`` gives the largest overlap of every state with one of some native states, at most 1, or None
        where there is no measure of it.
    symmetry : tuple of str
        Names of the symmetries that were divided out.
    features : callable, optional
        ``features(states)`` says which contacts each of some states has, 0 or 1, shape (states, contacts).
    """

    energies: NDArray[np.float64]
    multiplicity: NDArray[Any]
    rows: Callable[[slice | NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int32]]]
    keys: Callable[[NDArray[np.int64]], NDArray[np.str_]]
    overlap: Callable[[NDArray[np.int64]], NDArray[np.float32] | None]
    symmetry: tuple[str, ...] = ()
    features: Callable[[NDArray[np.int64]], NDArray[np.int8]] | None = None


@runtime_checkable
class Walkable(Protocol):
    """A landscape that can be walked from state to state with nothing listed: a chain of any length.

    States are rows of small whole numbers, shape (count, m). Energies are in the landscape's unit.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    def energy(self, states: NDArray[np.int8]) -> NDArray[np.float64]:
        """Energies (count,) of states."""
        ...

    def energy_scale(self) -> float:
        """Size of one interaction, in which temperatures are chosen."""
        ...

    def draw_states(self, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """States to begin from."""
        ...

    def walk(
        self,
        states: NDArray[np.int8],
        energies: NDArray[np.float64],
        temperatures: NDArray[np.float64],
        *,
        offers: int,
        seeds: NDArray[np.uint64],
        workers: int = 1,
        held: NDArray[np.bool_] | None = None,
        target: float = -np.inf,
    ) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.int64]]:
        """Offer so many moves to each state at its temperature (Metropolis), in place; each stops at the target.

        `held` marks, for each state, parts that do not move. Returns the lowest energy that each has seen, where, and
        the number of energies computed for each.
        """
        ...

    def quench(self, states: NDArray[np.int8], energies: NDArray[np.float64], *, workers: int = 1) -> NDArray[np.int64]:
        """Go steepest downhill from each state, in place; return the number of energies computed for each."""
        ...

    def feature_table(self, states: NDArray[np.int8]) -> NDArray[np.int8]:
        """Which features each state has, 0 or 1: what states may agree on."""
        ...

    def biased(self, features: NDArray[np.bool_], strength: float) -> Walkable:
        """Return the landscape in which each of some features lowers the energy by a strength."""
        ...

    def state_keys(self, states: NDArray[np.int8]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
        """Keys of states, equal for symmetric copies, and the number of these copies."""
        ...


@runtime_checkable
class Shuffleable(Protocol):
    """A landscape that can be made again with its interactions shuffled: a chain with its monomers in another order."""

    def shuffled(self, seed: int) -> Any:
        """Return the landscape with its interactions shuffled."""
        ...

    def shuffled_grounds(self, seeds: Sequence[int], *, workers: int = 1) -> NDArray[np.float64]:
        """Ground energies of ``shuffled(seed)`` for many seeds, from a list of all states."""
        ...
