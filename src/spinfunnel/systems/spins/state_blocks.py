"""How many states an array of energies holds, and how many blocks cover them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from spinfunnel.landscape import InputError

__all__ = ["block_count", "enumerated_bits"]


def enumerated_bits(out: NDArray[Any], *, size: int) -> int:
    """Number of bits whose settings `out` holds.

    Raises
    ------
    InputError
        When the length of `out` is no power of two, or larger than ``2**size``.

    Examples
    --------
    >>> import numpy as np
    >>> enumerated_bits(np.empty(8), size=4)
    3
    """
    length = len(out)
    bits = length.bit_length() - 1
    if length < 1 or length != 1 << bits or bits > size:
        raise InputError(
            f"an array of {length} energies cannot hold the states of {size} "
            f"bits; give 2**{size}, or 2**{size - 1} with the global flip"
        )
    if out.dtype != "float64" or not out.flags.c_contiguous or out.ndim != 1:
        raise InputError(
            "energies are written into a contiguous one-dimensional "
            f"array of float64, not into {out.dtype} of shape {out.shape}"
        )
    return bits


def block_count(states: int, block: int) -> int:
    """Number of blocks that cover the states (the last may be shorter)."""
    return -(-states // block)
