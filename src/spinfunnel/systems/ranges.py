"""Checks of the numbers that systems are made from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from spinfunnel.formats.problem import LARGEST_ENERGY
from spinfunnel.landscape import InputError

__all__ = ["LARGEST_ENERGY", "check_choice", "check_range", "check_terms", "disorder"]

MOST_TERMS = 20_000_000


def check_range(name: str, value: float, *, low: float, high: float = math.inf, unit: str = "") -> None:
    """Refuse a number outside ``low <= value <= high``.

    Raises
    ------
    InputError
        Naming the parameter, the value and the bound.

    Examples
    --------
    >>> check_range("n", -3, low=1)
    Traceback (most recent call last):
    ...
    spinfunnel.InputError: n=-3 is out of range: give n >= 1
    """
    if not low <= value <= high:
        bound = f"{name} >= {low:g}" if high == math.inf else f"{low:g} <= {name} <= {high:g}"
        raise InputError(f"{name}={value} is out of range: give {bound}{unit}")
    if not math.isfinite(value):
        raise InputError(f"{name}={value} is not finite: give an ordinary number")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a word that is none of the choices.

    Raises
    ------
    InputError
        Naming the parameter, the value and the choices.
    """
    if value not in choices:
        raise InputError(f"{name}={value[:60]} is unknown: give {name}={' or '.join(choices)}")


def check_terms(count: int, what: str) -> None:
    """Refuse more interactions than fit comfortably into memory.

    Raises
    ------
    InputError
        Beyond 20 million terms, about 1 GiB while they are sorted.
    """
    if count > MOST_TERMS:
        raise InputError(
            f"{what} has {count} interactions, more than the {MOST_TERMS} "
            "that are kept in memory; choose fewer spins or a lower order"
        )


def disorder(seed: int, *stream: int) -> np.random.Generator:
    """Generator from which a system draws its disorder; `stream` tells apart independent draws of one seed.

    Raises
    ------
    InputError
        For a negative seed.
    """
    check_range("seed", seed, low=0)
    return np.random.default_rng([seed, *stream] if stream else seed)
