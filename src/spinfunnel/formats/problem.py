"""What a problem file holds: a polynomial over spins or over variables 0 and 1, and nothing of how it is explored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.formats.source import Source
from spinfunnel.landscape import InputError

__all__ = ["LARGEST_ENERGY", "MOST_VARIABLES", "Problem", "ProblemFormat", "ReadOptions", "TermList", "check_announced"]

TermList = tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]
"""Pairs of indices (t, order) and coefficients (t,)."""

MOST_VARIABLES = 1_000_000
VARTYPES = ("SPIN", "BINARY")
LARGEST_ENERGY = 1e100
"""Sums of squares over all states must not overflow."""
FREE = 1000, 16
"""Variables that a file may announce beyond its entries: so many, and so many for each entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """``E = constant + sum_m c_m prod_{i in m} v_i`` with v in {-1, 1} (SPIN) or in {0, 1} (BINARY), to be minimised.

    Attributes
    ----------
    size : int
        Number of variables.
    terms : tuple of (indices, coefficients)
        Indices of shape (t, order), coefficients of shape (t,); repeated ones add up.
    vartype : {"SPIN", "BINARY"}
    format : str
        Name of the format.
    name : str
        Of the file.
    constant : float
    labels : tuple
        Names of the variables; 0, 1, ... when empty.
    facts : mapping
        What else reports say of it.
    note : str
        What was decided on reading: the form that was taken, the penalty of constraints, a sign.

    Raises
    ------
    InputError
        For an unknown vartype, no variables, or a coefficient that is not finite.
    """

    size: int
    terms: TermList
    vartype: str
    format: str
    name: str = "problem"
    constant: float = 0.0
    labels: tuple[Any, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if self.vartype not in VARTYPES:
            raise InputError(f"vartype {str(self.vartype)[:40]!r} is unknown: give SPIN or BINARY")
        if not 1 <= self.size <= MOST_VARIABLES:
            raise InputError(f"the model has {self.size} variables; between 1 and {MOST_VARIABLES} can be read")
        for indices, values in self.terms:
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                names = [self.labels[i] if self.labels else i for i in indices[wrong[0]].tolist()]
                raise InputError(
                    f"the coupling of {str(names)[:60]} is {values[wrong[0]]}; couplings must be finite numbers"
                )
        if not np.isfinite(self.constant):
            raise InputError(f"the offset is {self.constant}; it must be a finite number")
        with np.errstate(over="ignore"):
            total = sum((float(np.abs(values).sum()) for _, values in self.terms), abs(self.constant))
        if total > LARGEST_ENERGY:
            raise InputError(
                f"the coefficients add up to {total:.3g}, beyond {LARGEST_ENERGY:g}, where squares of energies "
                "overflow; give them in a larger unit"
            )


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a user says of a file that it does not say itself.

    Attributes
    ----------
    vartype : {"SPIN", "BINARY"} or None
    form : {"ising", "qubo"} or None
        Of a bare matrix (``--as``).
    penalty : float or None
        Weight of what becomes a penalty, where a model has constraints.
    format : str or None
        Name of the format; told by the file unless given.

    Raises
    ------
    InputError
        For a value that is none of these.
    """

    vartype: str | None = None
    form: str | None = None
    penalty: float | None = None
    format: str | None = None

    def __post_init__(self) -> None:
        if self.vartype is not None:
            object.__setattr__(self, "vartype", str(self.vartype).upper())
            if self.vartype not in VARTYPES:
                raise InputError(f"vartype {self.vartype[:40]!r} is unknown: give SPIN or BINARY")
        if self.form is not None:
            object.__setattr__(self, "form", str(self.form).lower())
            if self.form not in ("ising", "qubo"):
                raise InputError(f"as={self.form[:40]} is unknown: give as=ising or as=qubo")
        if self.penalty is not None and not (np.isfinite(self.penalty) and self.penalty > 0.0):
            raise InputError(f"penalty={self.penalty} is no weight: give a positive number")

    @property
    def wanted(self) -> str | None:
        """Kind of variables that the user named, by either option."""
        by_form = {"ising": "SPIN", "qubo": "BINARY"}.get(self.form or "")
        if by_form and self.vartype and by_form != self.vartype:
            raise InputError(f"as={self.form} and vartype={self.vartype} contradict each other: give one of them")
        return by_form or self.vartype


@dataclass(frozen=True, slots=True)
class ProblemFormat:
    """One way to write a problem down: a row of `spinfunnel.formats.FORMATS_READ`.

    Attributes
    ----------
    name : str
    endings : tuple of str
        Of file names, with their dots.
    sniff : callable
        Whether a file is of this format, by its bytes and, where they leave a doubt, its ending; it raises nothing.
    read : callable
        Makes the problem; raises InputError.
    summary : str
        What is minimised.
    source : str
        Where the format is defined.
    example : str
        A small file, or how one is made.
    options : tuple of str
        Names of `ReadOptions` that change what is read.
    """

    name: str
    endings: tuple[str, ...]
    sniff: Callable[[Source], bool]
    read: Callable[[Source, ReadOptions], Problem]
    summary: str
    source: str
    example: str
    options: tuple[str, ...] = ()


def check_announced(variables: int, *, entries: int) -> None:
    """Refuse a number of variables that a file announces and its entries cannot fill.

    Raises
    ------
    InputError
        Beyond 1,000 and 16 for each entry: such a file would make work out of nothing.
    """
    most = FREE[0] + FREE[1] * entries
    if variables > most:
        raise InputError(
            f"{variables} variables are announced for {entries} entries, so that nearly all are free; "
            f"at most {most} are read: leave the free ones out"
        )
