"""What explorers yield: minima, saddles, counts over all states, and what a run was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["Bound", "Census", "Effort", "Facts", "Minimum", "Parameter", "Record", "Run", "Saddle", "Tally"]

Parameter: TypeAlias = bool | int | float | str | tuple[int, ...]
Bound: TypeAlias = Literal["exact", "upper"]


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
        Q = 1 - 2 d / N with the chief native minimum (overlap), or of two independent replicas (replica overlap).
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

    def __repr__(self) -> str:
        return f"<Tally of {self.quantity} in {len(self.position):,} bins, temperature {self.temperature:g}>"


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


@dataclass(frozen=True, slots=True)
class Facts:
    """What an explorer knows beyond minima and saddles, as plain JSON: of trained networks their losses and paths."""

    content: Mapping[str, Any]


Record: TypeAlias = Minimum | Saddle | Census | Tally | Effort | Facts
"""What explorers yield."""
