"""A user's own energy: a function of bit strings, or a landscape from a Python file."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import (
    InputError,
    Parameter,
    Progress,
    Symmetry,
    identity_hash,
    no_progress,
    state_bits,
)
from spinfunnel.landscape.kinds import Kind, short_name
from spinfunnel.moves.batches import over_blocks
from spinfunnel.systems.function_ties import merge_levels, rounding_floor, to_grid
from spinfunnel.systems.ranges import LARGEST_ENERGY, check_range
from spinfunnel.systems.spins.state_blocks import block_count, enumerated_bits

__all__ = ["EnergyFunction", "FunctionLandscape", "place_of", "short_reason", "source_of"]

EnergyFunction = Callable[[NDArray[np.uint8]], Any]

BLOCK = 1 << 14
PROBES = 96
FLIPPED = 4096
"""Random states on which a global flip is looked for first."""
ENUMERATED = 24
"""Bits up to which it is then looked for on all states: 128 MB of energies, which are kept."""
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class FunctionLandscape:
    """A user's function of bit strings as a `Binary` landscape.

    Parameters
    ----------
    function : callable
        Maps states, an array of uint8 of shape (B, N) with any B >= 1, to B energies. Each energy must depend on its
        own row only.
    size : int
        Number of bits N, 1 to 62.
    name : str
    parameters : mapping
        For reports; part of the identity.
    symmetries : tuple of Symmetry, optional
        Believed after a test on random states. Unless they are given, the global flip is looked for: on all states up
        to 24 bits, on random ones beyond.
    source : bytes
        Text by which the function is identified; taken from the function where it is not given. A sample of its
        energies joins it, so that a function whose data changed is told apart.

    Raises
    ------
    InputError
        When a trial on random states returns a wrong shape, something else than finite numbers, or different
        energies for the same states in another order or another batch (beyond rounding), or raises an exception.

    Notes
    -----
    The function runs as ordinary Python in the calling thread (`workers` is not used: Python functions need not be
    safe in threads), on blocks of 16,384 states. Every answer is checked, and after an enumeration a sample is asked
    for again.

    Examples
    --------
    >>> ones = FunctionLandscape(lambda states: states.sum(axis=1), size=4, name="ones")
    >>> energies = np.empty(16)
    >>> ones.enumerate(energies)
    >>> energies[[0, 7, 15]].tolist()
    [0.0, 3.0, 4.0]
    """

    kind: ClassVar[Kind] = Kind.BINARY

    function: EnergyFunction
    size: int
    name: str = "function"
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    symmetries: tuple[Symmetry, ...] = cast("tuple[Symmetry, ...]", None)
    source: bytes = b""
    floor: float = field(init=False, default=0.0)
    merged: int = field(init=False, default=0)
    identity: str = field(init=False, default="")
    _known: list[NDArray[np.float64]] = field(init=False, default_factory=list, repr=False)

    __repr__ = short_name

    def __post_init__(self) -> None:
        check_range("n", self.size, low=1, high=62)
        numbers = np.random.default_rng(0).integers(0, 1 << self.size, PROBES, dtype=np.uint64)
        numbers[:2] = 0, (1 << self.size) - 1
        states = state_bits(numbers, size=self.size)
        raw = self._asked(states)
        energies = raw.astype(np.float64)
        difference = self._check_again(states, energies)
        flip = Symmetry.global_flip(self.size)
        turned = self._asked(flip.apply(states)).astype(np.float64)
        apart = float(np.abs(energies - turned).max())
        if apart <= rounding_floor(energies, difference, dtype=raw.dtype):
            difference = max(difference, apart)
        put = object.__setattr__
        put(self, "floor", rounding_floor(energies, difference, dtype=raw.dtype))
        given = cast("tuple[Symmetry, ...] | None", self.symmetries)
        if given is None:
            put(self, "symmetries", (flip,) if self._flips(flip) else ())
        for symmetry in given or ():
            if sorted(symmetry.permutation) != list(range(self.size)) or len(symmetry.flips) != self.size:
                raise InputError(f"the symmetry {symmetry.name!r} does not permute {self.size} bits")
            place = _first_difference(energies, self._asked(symmetry.apply(states)).astype(np.float64))
            if place is not None:
                raise InputError(
                    f"{symmetry.name!r} is no symmetry of {self.name}: it "
                    f"changes the energy of state {_text(states[place])}"
                )
        content = hashlib.sha256(self.source or source_of(self.function)).hexdigest()
        facts = {**self.parameters, "": [self.size, content]}
        with np.errstate(over="ignore"):
            put(self, "identity", identity_hash(self.name, facts, energies.astype(np.float32)))

    def energy(self, states: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Energies (B,) of states (B, N) given as bits, as multiples of the rounding floor."""
        return to_grid(self._asked(states).astype(np.float64), self.floor)

    def _asked(self, states: NDArray[np.uint8]) -> NDArray[Any]:
        """What the function says of states, checked."""
        bits = np.array(states, dtype=np.uint8, order="C")
        if bits.ndim != 2 or bits.shape[1] != self.size:
            raise InputError(f"states of {self.name} are rows of {self.size} bits, got an array of shape {bits.shape}")
        if len(bits) == 0:
            return np.zeros(0)
        try:
            # A division by zero shows as an energy that is not finite, and is refused with its state.
            with np.errstate(all="ignore"):
                answer = self.function(bits.copy())
        except (Exception, SystemExit) as error:
            raise InputError(
                f"{self.name} raised {type(error).__name__} on {len(bits)} states: "
                f"{short_reason(error)}{place_of(error)}"
            ) from error
        return self._checked(answer, bits)

    def enumerate(self, out: NDArray[np.float64], *, workers: int = 1, progress: Progress = no_progress) -> None:  # noqa: ARG002
        """Write the energies of states 0, 1, ..., len(out) - 1 into `out` (see `Binary`)."""
        enumerated_bits(out, size=self.size)
        if self._known:
            out[:] = self._known[0][: len(out)]
            progress("energies", 1.0)
            return

        def block(first: int, last: int) -> None:
            numbers = np.arange(first * BLOCK, min(last * BLOCK, len(out)), dtype=np.uint64)
            out[numbers[0] : numbers[-1] + 1] = self.energy(state_bits(numbers, size=self.size))

        over_blocks(block, block_count(len(out), BLOCK), workers=1, progress=progress, stage="energies", block=1)
        sample = np.random.default_rng(1).integers(0, len(out), PROBES, dtype=np.uint64)
        self._check_again(state_bits(sample, size=self.size), out[sample.astype(np.int64)])
        object.__setattr__(self, "merged", merge_levels(out, self.floor))

    @property
    def ties(self) -> Mapping[str, float]:
        """The rounding floor, of which energies are whole multiples, and the levels that were merged into others."""
        return {"unit": self.floor, "merged": float(self.merged)}

    def _flips(self, flip: Symmetry) -> bool:
        """Whether the global flip leaves every energy alone, to within the rounding floor.

        One state may tell, as the hole of a golf course does; so all are asked where that is done in seconds, and kept
        for the map that is made of them.
        """
        numbers = np.random.default_rng(3).integers(0, 1 << self.size, FLIPPED, dtype=np.uint64)
        states = state_bits(numbers, size=self.size)
        apart = self._asked(states).astype(np.float64) - self._asked(flip.apply(states)).astype(np.float64)
        if bool(np.any(np.abs(apart) > self.floor)):
            return False
        if self.size > ENUMERATED:
            return True
        energies = np.empty(1 << self.size)
        self.enumerate(energies)
        half = len(energies) // 2
        # Rounding may part a state from its image by one step; that is merged where nothing larger parts them.
        if bool(np.any(np.abs(energies[:half] - energies[half:][::-1]) > 1.5 * self.floor)):
            self._known.append(energies)
            return False
        merge_levels(energies[:half], self.floor)
        energies[half:] = energies[:half][::-1]
        self._known.append(energies)
        return True

    def _checked(self, answer: Any, states: NDArray[np.uint8]) -> NDArray[Any]:
        count = len(states)
        try:
            raw = np.asarray(answer)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the object is the user's own
            raise InputError(
                f"{self.name} returned {type(answer).__name__}, which is no array of energies: {short_reason(error)}"
            ) from None
        if raw.shape != (count,):
            raise InputError(
                f"{self.name} returned an array of shape {raw.shape} for {count} "
                f"states; it must return one energy for each, shape ({count},)"
            )
        if np.ma.is_masked(answer):
            raise InputError(f"{self.name} returned masked values; every state needs an energy")
        if raw.dtype.kind not in "biuf":
            raise InputError(f"{self.name} returned {raw.dtype} values; energies must be real numbers")
        energies = raw.astype(np.float64)
        wrong = np.flatnonzero(~(np.abs(energies) <= LARGEST_ENERGY))
        if len(wrong):
            raise InputError(
                f"{self.name} returned {energies[wrong[0]]} for state "
                f"{_text(states[wrong[0]])}; energies must be finite numbers, at most {LARGEST_ENERGY:g} in size"
            )
        return raw

    def _check_again(self, states: NDArray[np.uint8], energies: NDArray[np.float64]) -> float:
        """Refuse a function that answers differently in another order, or alone; return what rounding alone did."""
        order = np.random.default_rng(2).permutation(len(states))
        turned = np.empty_like(energies)
        turned[order] = self._asked(states[order])
        alone = np.concatenate([self._asked(states[:3][row : row + 1]) for row in range(3)] + [energies[3:]])
        largest = 0.0
        for again in (self._asked(states).astype(np.float64), turned, alone):
            largest = max(largest, float(np.abs(energies - again).max()))
            place = _first_difference(energies, again)
            if place is not None:
                raise InputError(
                    f"{self.name} gave different energies for the same state "
                    f"{_text(states[place])}: {energies[place]} and then {again[place]}; "
                    "an energy must depend on its own state only (fix the "
                    "seed of what is random, once, outside of the function)"
                )
        return largest


def source_of(function: Any) -> bytes:
    """Text that identifies a function: its source, or else its byte code."""
    try:
        return inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return code.co_code + repr(code.co_names).encode() if code is not None else repr(type(function)).encode()


def _first_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> int | None:
    """Place of the first two energies that differ by more than rounding."""
    scale = float(np.abs(a).max(initial=0.0))
    wrong = np.flatnonzero(np.abs(a - b) > TOLERANCE * max(scale, 1e-300))
    return int(wrong[0]) if len(wrong) else None


def short_reason(error: BaseException) -> str:
    """First line of what an exception says."""
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else "no message"


def place_of(error: BaseException) -> str:
    """Line of the user's own code at which an exception was raised."""
    last = None
    trace = error.__traceback__
    while trace is not None:
        last = trace
        trace = trace.tb_next
    return f" ({Path(last.tb_frame.f_code.co_filename).name}, line {last.tb_lineno})" if last is not None else ""


def _text(state: NDArray[np.uint8]) -> str:
    """A state as a bit string."""
    return "".join(map(str, state.tolist()))
