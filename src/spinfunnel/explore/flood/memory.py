"""How much memory a flood needs, and how much there is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from spinfunnel.landscape import InputError, Kind, Landscape

__all__ = ["available_bytes", "flood_refusal", "refuse_if_too_large", "refuse_long_list"]

BYTES_PER_STATE = 13
"""Energy 8, label 4, distance to the native state 1."""
BYTES_PER_STATE_SYMMETRIC = 17
"""The same and the number of the canonical state, where there are symmetries beyond the global flip."""
BYTES_PER_LISTED = 64
"""Of listed states: energy 8, pointer and label 8, code and copies 5, overlap and its sorting 24, plateaus about 16."""
WORKSPACE = 256 << 20
"""Buffers, minima and saddles of an ordinary landscape."""
MOST_BITS = 31
"""A label holds a state's number in 32 bits with a sign."""


def available_bytes() -> int:
    """Memory that this process can still take: what is free, or what its control group leaves."""
    limits: list[int] = []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits.extend(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
        ceiling = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if ceiling != "max":
            limits.append(int(ceiling) - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):
        pass
    if not limits:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return max(0, min(limits))


def _gibibytes(count: int) -> str:
    if count.bit_length() > 80:
        return f"about 2^{count.bit_length() - 31} GiB"
    return f"{count / 2**30:,.0f} GiB" if count >= 10 << 30 else f"{count / 2**30:.1f} GiB"


def refuse_if_too_large(size: int, *, bits: int, symmetric: bool, available: int | None = None) -> None:
    """Raise before anything is allocated when a landscape of `size` spins cannot be flooded here.

    Parameters
    ----------
    size : int
        Number of spins N.
    bits : int
        Free bits: N, or N - 1 where the global flip is divided out.
    symmetric : bool
        Whether there are further symmetries.
    available : int, optional
        Memory in bytes; what the machine has left if not given.

    Raises
    ------
    InputError
        With the memory needed, the memory there is, and the way out.

    Examples
    --------
    >>> refuse_if_too_large(34, bits=33, symmetric=False, available=24 << 30)
    Traceback (most recent call last):
        ...
    spinfunnel.InputError: a 34-spin landscape needs 104 GiB to flood exactly; this machine has 24 GiB free: \
the largest that fits here has 31 spins, larger ones are for sampling: --explorer tempering
    """
    per_state = BYTES_PER_STATE_SYMMETRIC if symmetric else BYTES_PER_STATE
    needed = (per_state << bits) + WORKSPACE
    free = available_bytes() if available is None else available
    if needed <= free and bits <= MOST_BITS:
        return
    fits = min(MOST_BITS, max(0, (free - WORKSPACE) // per_state).bit_length() - 1)
    largest = max(0, fits + size - bits)
    raise InputError(
        f"a {size}-spin landscape needs {_gibibytes(needed)} to flood exactly; this machine has {_gibibytes(free)} "
        f"free: the largest that fits here has {largest} spins, larger ones are for sampling: --explorer tempering"
    )


def refuse_long_list(states: int, *, available: int | None = None) -> None:
    """Raise when a landscape of so many listed states cannot be flooded here.

    Raises
    ------
    InputError
        With the memory needed, the memory there is, and the way out.

    Examples
    --------
    >>> refuse_long_list(10**9, available=24 << 30)
    Traceback (most recent call last):
        ...
    spinfunnel.InputError: 1e+09 states need 60 GiB to flood exactly; this machine has 24 GiB free: choose a \
smaller size, or sample it
    """
    free = available_bytes() if available is None else available
    needed = BYTES_PER_LISTED * states + WORKSPACE
    if needed > free or states >= 1 << MOST_BITS:
        raise InputError(
            f"{states:.3g} states need {_gibibytes(needed)} to flood exactly; this machine has {_gibibytes(free)} "
            "free: choose a smaller size, or sample it"
        )


def flood_refusal(landscape: Landscape) -> InputError | None:
    """Why a landscape cannot be flooded here, of what can be known without exploring; None where it can."""
    given: Any = landscape
    try:
        if landscape.kind is Kind.BINARY:
            flips = sum(symmetry.is_global_flip for symmetry in given.symmetries)
            bits = given.size - min(flips, 1)
            refuse_if_too_large(given.size, bits=bits, symmetric=len(given.symmetries) > flips)
        if landscape.kind is Kind.CHAIN:
            refuse_long_list(given.distinct_states())
    except InputError as problem:
        return InputError(f"{landscape.name}: {problem}")
    return None
