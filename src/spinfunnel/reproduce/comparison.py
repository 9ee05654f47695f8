"""What a reproduction is given and what it hands back: quantities beside their known values, data, and a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer, mean_estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Comparison", "Order", "Redrawn", "exact_comparison", "mean_comparison", "paragraphs", "value"]


@dataclass(frozen=True, slots=True)
class Order:
    """How a reproduction is to be made.

    Attributes
    ----------
    samples : int or None
        Disorder samples for each ensemble; None leaves the number to the reproduction.
    quick : bool
        Whether to be done within some seconds: fewer samples, smaller sizes.
    seed : int
        From which all disorder is drawn. The same order gives the same numbers.
    workers : int
        Threads. No number depends on it.
    progress : callable
        Told the stage and the share of it that is done.
    data : Path, optional
        Folder with the user's own images, for reproductions on networks.
    kept : Path, optional
        Folder in which long reproductions keep what is finished, so that the same order resumes.
    """

    samples: int | None = None
    quick: bool = False
    seed: int = 0
    workers: int = 1
    progress: Progress = no_progress
    data: Path | None = None
    kept: Path | None = None

    def count(self, usual: int, *, quick: int) -> int:
        """Disorder samples for an ensemble that usually has so many, and so many when it has to be quick.

        Examples
        --------
        >>> Order(quick=True).count(100, quick=10), Order(samples=5).count(100, quick=10)
        (10, 5)
        """
        if self.samples is not None:
            return self.samples
        return quick if self.quick else usual


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantity: what is known of it, and ours.

    Attributes
    ----------
    quantity : str
    ours : Estimate or NoAnswer
    error : float
        Standard error of ours, 0 where it is exact.
    known : float or None
        The published or exact value; None where there is none to compare with.
    known_error : float
        Its standard error, 0 where it is exact.
    origin : str
        Where the known value comes from, or for which claim of the literature the row stands.

    Examples
    --------
    >>> row = Comparison("minima", Estimate(12.5, 11.5, 13.5), error=0.4, known=12.2, known_error=0.3)
    >>> row.deviation, row.agreement
    (0.6, '+0.6 σ')
    """

    quantity: str
    ours: Measurement
    error: float = 0.0
    known: float | None = None
    known_error: float = 0.0
    origin: str = ""

    @property
    def deviation(self) -> float | None:
        """(ours - known) in standard errors of the difference; None where there is no such number."""
        spread = math.hypot(self.error, self.known_error)
        if self.known is None or isinstance(self.ours, NoAnswer) or spread == 0.0:
            return None
        return round((self.ours.value - self.known) / spread, 3)

    @property
    def agreement(self) -> str:
        """How ours and the known value agree, in a word; empty where there is nothing to compare with."""
        if self.known is None or isinstance(self.ours, NoAnswer):
            return ""
        if self.deviation is not None:
            return f"{self.deviation:+.1f} σ"
        scale = max(abs(self.known), abs(self.ours.value))
        difference = self.ours.value - self.known
        return "equal" if abs(difference) <= 1e-9 * scale else f"differs by {difference:+.2g}"

    def to_json(self) -> dict[str, Any]:
        """Return the row as strictly valid JSON; what is not there is left out."""
        row: dict[str, Any] = {"quantity": self.quantity}
        if isinstance(self.ours, NoAnswer):
            row |= {"outcome": self.ours.outcome, "reason": f"{self.ours.cause}; {self.ours.remedy}"}
        else:
            value, low, high = self.ours.value, self.ours.low, self.ours.high
            row |= {"value": value, "low": low, "high": high, "standard_error": self.error, "outcome": "ok"}
        if self.known is not None:
            row |= {"known": self.known, "known_error": self.known_error}
        if self.deviation is not None:
            row["standard_errors"] = self.deviation
        return row | {"agreement": self.agreement, "origin": self.origin}


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """A published result, made again.

    Attributes
    ----------
    rows : tuple of Comparison
    notes : tuple of str
        What to know when reading the rows: what differs from the source, and why. One sentence or two each.
    data : mapping of str to sequence
        Columns of equal length: what the figure draws.
    draw : callable
        ``draw(figure)`` draws into an empty Matplotlib figure.
    size : (float, float)
        Of that figure, in inches.
    """

    rows: tuple[Comparison, ...]
    notes: tuple[str, ...]
    data: Mapping[str, Sequence[Any]]
    draw: Callable[[Figure], None]
    size: tuple[float, float] = (8.0, 5.0)


def mean_comparison(
    quantity: str, samples: ArrayLike, *, known: float | None = None, known_error: float = 0.0, origin: str = ""
) -> Comparison:
    """Mean over samples beside its known value.

    Examples
    --------
    >>> print(mean_comparison("x", [1.0, 2.0, 3.0], known=2.0).ours)
    2 [-0.4841, 4.484]
    """
    values = np.asarray(samples, np.float64)
    if len(values) < 2:
        ours: Measurement = NoAnswer(
            "too_few_samples",
            f"{len(values)} sample has no spread to take an interval from",
            "give --samples 2 or more",
        )
        return Comparison(quantity, ours, 0.0, known, known_error, origin)
    error = float(values.std(ddof=1) / math.sqrt(len(values)))
    return Comparison(quantity, mean_estimate(values), error, known, known_error, origin)


def exact_comparison(quantity: str, value: float, *, known: float | None = None, origin: str = "") -> Comparison:
    """Number without uncertainty beside its known value.

    Examples
    --------
    >>> exact_comparison("minima of LABS 12", 280, known=280).agreement
    'equal'
    """
    return Comparison(quantity, Estimate.exactly(value), 0.0, known, 0.0, origin)


def value(measurement: Measurement, name: str) -> float:
    """Value of a measurement that every landscape of an ensemble has.

    Raises
    ------
    InputError
        Where it has none after all, with the reason.

    Examples
    --------
    >>> value(Estimate.exactly(2.0), "funnels")
    2.0
    """
    if isinstance(measurement, NoAnswer):
        raise InputError(f"a sample has no {name} ({measurement}); choose another --seed")
    return measurement.value


def paragraphs(text: str) -> tuple[str, ...]:
    r"""Paragraphs of a text, each on one line.

    Examples
    --------
    >>> paragraphs("one\ntwo\n\nthree\n")
    ('one two', 'three')
    """
    return tuple(" ".join(part.split()) for part in text.strip().split("\n\n"))
