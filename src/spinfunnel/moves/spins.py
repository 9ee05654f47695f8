"""Single flips on a binary landscape of any size: what each costs, kept up to date flip by flip.

A `Model` holds a landscape as bare arrays for kernels. A polynomial in spins is kept as its terms, spin by spin, so
that a flip costs as much as there are neighbours; anything else as the table of its energies, up to `LARGEST_TABLE`
bits. The kernels work on ``spins`` (int8, +-1) and ``change`` (the energy that flipping each spin would add); energies
of polynomials with a common unit are whole numbers in it, so that equal energies are equal.

States are packed 64 spins to a word, spin i in bit i % 64 of word i // 64. Where the global flip is a symmetry, a state
and its mirror image have one packed form, in which the last spin is down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.landscape import Binary, InputError

__all__ = ["LARGEST_TABLE", "Model", "spin_energy", "spin_model", "start_changes", "turn", "unpacked"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Spins = NDArray[np.int8]

LARGEST_TABLE = 24
"""Bits up to which energies that are no polynomial are tabulated: 128 MB."""


class Model(NamedTuple):
    """A binary landscape as arrays.

    Attributes
    ----------
    size, flip : int
        Number of spins; 1 where the global flip is a symmetry.
    table : array of float64
        Energies by number of state (half of them with `flip`), or empty.
    start : array of int64, shape (size + 1,)
        First term of each spin.
    weight : array of float64
        Coefficient of each term of each spin.
    begin : array of int64
        First of the other spins of each term.
    others : array of int32
    permutation, turned : arrays of int64 and int8, shape (g, size)
        Symmetries, the identity first and one of each pair that differs by the global flip; `turned` is +-1.
    tolerance : float
        Changes of the energy up to this are rounding.
    unit, constant : float
        Energies are ``unit * sum + constant``.
    """

    size: int
    flip: int
    table: Floats
    start: Ints
    weight: Floats
    begin: Ints
    others: NDArray[np.int32]
    permutation: Ints
    turned: Spins
    tolerance: float
    unit: float
    constant: float

    @property
    def words(self) -> int:
        """Words of a packed state."""
        return -(-self.size // 64)


def spin_model(landscape: Binary, *, symmetries: tuple[NDArray[np.int64], NDArray[np.uint8]] | None = None) -> Model:
    """Arrays of a landscape.

    Parameters
    ----------
    landscape : Binary
        With `terms`, `constant` and `unit` as a polynomial in spins has them, or of at most `LARGEST_TABLE` bits.
    symmetries : pair of arrays, optional
        Permutations and flips of the group modulo the global flip, the identity first; the identity alone unless
        given.

    Raises
    ------
    InputError
        For a larger landscape that is no polynomial.

    Examples
    --------
    >>> from spinfunnel.systems import edwards_anderson
    >>> model = spin_model(edwards_anderson((3, 3), bonds="bimodal", seed=1))
    >>> model.size, model.flip, len(model.weight), model.tolerance
    (9, 1, 36, 0.0)
    """
    size = landscape.size
    flip = int(any(symmetry.is_global_flip for symmetry in landscape.symmetries))
    if symmetries is None:
        symmetries = np.arange(size, dtype=np.int64)[None], np.zeros((1, size), np.uint8)
    images = np.ascontiguousarray(symmetries[0]), (1 - 2 * symmetries[1].astype(np.int8)).astype(np.int8)
    terms: Mapping[int, tuple[NDArray[np.int32], Floats]] | None = getattr(landscape, "terms", None)
    if terms is None:
        if size - flip > LARGEST_TABLE:
            raise InputError(
                f"{landscape.name} of {size} bits is no polynomial in spins, and its 2^{size - flip} energies do not "
                f"fit a table of 2^{LARGEST_TABLE}; write it as a polynomial, choose a smaller size, or seek minima "
                "only: --explorer exchange"
            )
        table = np.empty(1 << (size - flip))
        landscape.enumerate(table)
        nothing = np.zeros(size + 1, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int32)
        return Model(size, flip, table, *nothing, *images, 0.0, 1.0, 0.0)
    unit = getattr(landscape, "unit", None)
    start, weight, begin, others = _by_spin(terms, size=size, unit=unit)
    reach = float(np.max(np.add.reduceat(np.append(np.abs(weight), 0.0), start[:-1]))) if len(weight) else 0.0
    tolerance = 0.0 if unit is not None else 1e-10 * reach
    constant = float(getattr(landscape, "constant", 0.0))
    return Model(
        size, flip, np.zeros(0), start, weight, begin, others, *images, tolerance, unit or 1.0, constant
    )  # fmt: skip


def _by_spin(
    terms: Mapping[int, tuple[NDArray[np.int32], Floats]], *, size: int, unit: float | None
) -> tuple[Ints, Floats, Ints, NDArray[np.int32]]:
    """Terms of each spin: first term, coefficients, first other spin, other spins."""
    owner, weight, length, rest = [], [], [], []
    for order, (indices, coefficients) in sorted(terms.items()):
        values = coefficients if unit is None else np.rint(coefficients / unit)
        for place in range(order):
            owner.append(indices[:, place].astype(np.int64))
            weight.append(values)
            length.append(np.full(len(indices), order - 1, np.int64))
            rest.append(np.delete(indices, place, axis=1).astype(np.int32).reshape(-1))
    if not owner:
        return np.zeros(size + 1, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int32)
    whose = np.concatenate(owner)
    order_of = np.argsort(whose, kind="stable")
    long = np.concatenate(length)
    first = np.concatenate([[0], np.cumsum(long)[:-1]])[order_of]
    long = long[order_of]
    begin = np.concatenate([[0], np.cumsum(long)]).astype(np.int64)
    take = np.repeat(first - begin[:-1], long) + np.arange(begin[-1])
    start = np.concatenate([[0], np.cumsum(np.bincount(whose, minlength=size))]).astype(np.int64)
    return start, np.concatenate(weight)[order_of].astype(np.float64), begin, np.concatenate(rest)[take]


def unpacked(words: Words, *, size: int) -> NDArray[np.uint8]:
    """Bits (B, size) of packed states (B, words).

    Examples
    --------
    >>> unpacked(np.array([[6]], np.uint64), size=4).tolist()
    [[0, 1, 1, 0]]
    """
    octets = np.ascontiguousarray(words, "<u8").view(np.uint8).reshape(len(words), -1)
    return np.unpackbits(octets, axis=1, bitorder="little", count=size)


def packed(bits: NDArray[np.uint8]) -> Words:
    """Packed states of bits (B, size), as they are: mirror images are not identified."""
    wide = -(-bits.shape[1] // 64) * 64
    padded = np.zeros((len(bits), wide), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little")).view("<u8").astype(np.uint64)


def spins_apart(one: Words, other: Words) -> Ints:
    """Numbers of spins in which packed states (A, words) and (B, words) differ, shape (A, B).

    Examples
    --------
    >>> spins_apart(np.array([[6]], np.uint64), np.array([[6], [1]], np.uint64)).tolist()
    [[0, 3]]
    """
    total = np.zeros((len(one), len(other)), np.int64)
    for word in range(one.shape[1]):
        total += np.bitwise_count(one[:, None, word] ^ other[None, :, word])
    return total


# ---------------------------------------------------------------------------------------------
# Kernels: one flip


@njit(cache=True, nogil=True)
def table_number(model: Model, spins: Spins) -> int:
    """Place of a state in the table of energies."""
    number = 0
    for i in range(model.size - 1, -1, -1):
        number = 2 * number + (spins[i] > 0)
    if model.flip and spins[model.size - 1] > 0:
        number ^= (1 << model.size) - 1
    return number


@njit(cache=True, nogil=True)
def _table_changes(model: Model, spins: Spins, change: Floats) -> None:
    number = table_number(model, spins)
    free = model.size - model.flip
    here = model.table[number]
    for i in range(free):
        change[i] = model.table[number ^ (1 << i)] - here
    if model.flip:
        change[free] = model.table[number ^ ((1 << free) - 1)] - here


@njit(cache=True, nogil=True)
def start_changes(model: Model, spins: Spins, change: Floats) -> None:
    """What flipping each spin adds to the energy, from scratch."""
    if model.table.size:
        _table_changes(model, spins, change)
        return
    for i in range(model.size):
        field = 0.0
        for term in range(model.start[i], model.start[i + 1]):
            value = model.weight[term]
            for place in range(model.begin[term], model.begin[term + 1]):
                value *= spins[model.others[place]]
            field += value
        change[i] = -2.0 * field * spins[i]


@njit(cache=True, nogil=True)
def turn(model: Model, spins: Spins, change: Floats, i: int) -> None:
    """Flip a spin and bring all changes up to date."""
    if model.table.size:
        spins[i] = -spins[i]
        _table_changes(model, spins, change)
        return
    for term in range(model.start[i], model.start[i + 1]):
        value = 4.0 * model.weight[term] * spins[i]
        first, last = model.begin[term], model.begin[term + 1]
        for place in range(first, last):
            value *= spins[model.others[place]]
        for place in range(first, last):
            change[model.others[place]] += value
    change[i] = -change[i]
    spins[i] = -spins[i]


@njit(cache=True, nogil=True)
def spin_energy(model: Model, spins: Spins) -> float:
    """Energy of a state in the model's unit, without its constant."""
    if model.table.size:
        return model.table[table_number(model, spins)]
    total = 0.0
    for i in range(model.size):
        for term in range(model.start[i], model.start[i + 1]):
            value = model.weight[term] * spins[i]
            first, last = model.begin[term], model.begin[term + 1]
            for place in range(first, last):
                value *= spins[model.others[place]]
            total += value / (1 + last - first)
    return total


# ---------------------------------------------------------------------------------------------
# Kernels: states as packed words


@njit(cache=True, nogil=True)
def pack(spins: Spins, flip: int, words: Words) -> None:
    """Pack a state; with `flip`, the one of it and its mirror image whose last spin is down."""
    size = spins.size
    up = np.int8(-1) if flip and spins[size - 1] > 0 else np.int8(1)
    for word in range(words.size):
        value = np.uint64(0)
        for i in range(64 * word, min(64 * word + 64, size)):
            if spins[i] == up:
                value |= np.uint64(1) << np.uint64(i - 64 * word)
        words[word] = value


@njit(cache=True, nogil=True, inline="always")
def beside(words: Words, i: int, size: int, flip: int, out: Words) -> None:
    """Pack the neighbour of a packed state in which spin i is turned."""
    out[:] = words
    if flip and i == size - 1:
        for word in range(out.size):
            out[word] = ~out[word]
        spare = size - 1 - 64 * (out.size - 1)  # The last spin stays down, and what is beyond stays empty.
        out[out.size - 1] &= (np.uint64(1) << np.uint64(spare)) - np.uint64(1)
    else:
        out[i >> 6] ^= np.uint64(1) << np.uint64(i & 63)


@njit(cache=True, nogil=True)
def below(one: Words, two: Words) -> bool:
    """Whether the first of two packed states has the smaller number."""
    for word in range(one.size - 1, -1, -1):
        if one[word] != two[word]:
            return one[word] < two[word]
    return False


@njit(cache=True, nogil=True)
def same(one: Words, two: Words) -> bool:
    """Whether two packed states are one."""
    for word in range(one.size):  # noqa: SIM110 - a kernel
        if one[word] != two[word]:
            return False
    return True


@njit(cache=True, nogil=True)
def canonical(model: Model, spins: Spins, image: Spins, trial: Words, words: Words) -> None:
    """Pack the smallest of all symmetric copies of a state."""
    pack(spins, model.flip, words)
    for element in range(1, model.turned.shape[0]):
        for i in range(model.size):
            image[i] = spins[model.permutation[element, i]] * model.turned[element, i]
        pack(image, model.flip, trial)
        if below(trial, words):
            words[:] = trial


@njit(cache=True, nogil=True)
def unpack(words: Words, spins: Spins) -> None:
    """Spins of a packed state."""
    for i in range(spins.size):
        spins[i] = 1 if (words[i >> 6] >> np.uint64(i & 63)) & np.uint64(1) else -1


@njit(cache=True, nogil=True)
def go_to(model: Model, spins: Spins, change: Floats, words: Words) -> None:
    """Bring the working state to a packed one (or its mirror image, whichever is nearer), flip by flip."""
    size = model.size
    off = 0
    for i in range(size):
        off += ((words[i >> 6] >> np.uint64(i & 63)) & np.uint64(1)) != np.uint64(spins[i] > 0)
    mirrored = model.flip and 2 * off > size
    away = size - off if mirrored else off
    if 4 * away > size or (model.table.size and away > 1):
        for i in range(size):
            up = (words[i >> 6] >> np.uint64(i & 63)) & np.uint64(1) == np.uint64(1)
            spins[i] = 1 if up != mirrored else -1
        start_changes(model, spins, change)
        return
    for i in range(size):
        up = (words[i >> 6] >> np.uint64(i & 63)) & np.uint64(1) == np.uint64(1)
        if (up != mirrored) != (spins[i] > 0):
            turn(model, spins, change, i)


@njit(cache=True, nogil=True, inline="always")
def mixed(value: Any) -> Any:
    """Scramble 64 bits: the finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def hashed(words: Words) -> Any:
    """Hash of a packed state."""
    total = np.uint64(0x9E3779B97F4A7C15)
    for word in range(words.size):
        total = mixed(total ^ words[word]) + np.uint64(0x9E3779B97F4A7C15)
    return total


@njit(cache=True, nogil=True)
def place_of(index: NDArray[np.int32], kept: Words, words: Words) -> Any:
    """Place in the hash table at which a packed state stands, or where it would."""
    mask = np.uint64(index.size - 1)
    place = hashed(words) & mask
    while index[place] >= 0 and not same(kept[index[place]], words):
        place = (place + np.uint64(1)) & mask
    return np.int64(place)


@njit(cache=True, nogil=True)
def grown(index: NDArray[np.int32], kept: Words, filled: int) -> NDArray[np.int32]:
    """The hash table, twice as long where it is half full."""
    if 2 * filled < index.size:
        return index
    longer = np.full(2 * index.size, -1, np.int32)
    for slot in range(filled):
        longer[place_of(longer, kept, kept[slot])] = slot
    return longer


@njit(cache=True, nogil=True, inline="always")
def next_random(state: NDArray[np.uint64]) -> Any:
    """Next 64 random bits of splitmix64."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    return mixed(state[0])


@njit(cache=True, nogil=True)
def random_spins(state: NDArray[np.uint64], spins: Spins) -> None:
    """Fill with fair coins."""
    bits = np.uint64(0)
    for i in range(spins.size):
        if i & 63 == 0:
            bits = next_random(state)
        spins[i] = 1 if bits & np.uint64(1) else -1
        bits >>= np.uint64(1)
