"""What is asked of one landscape, in one frozen record that the whole pipeline reads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from spinfunnel.landscape import Budget, InputError, Kind, Landscape, Progress, no_progress

if TYPE_CHECKING:
    from spinfunnel.atlas import Atlas

__all__ = ["Nulls", "Request"]

Nulls: TypeAlias = bool | int
"""Whether to compare with the nulls, or with how many samples of each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """What is asked of one landscape.

    Attributes
    ----------
    landscape : Landscape or None
        None where only its map is known (see `study.recall`).
    explorer : str
        A name in `EXPLORERS`, with options as ``name:option=value,...``; "auto" takes the exact one where it fits.
    seed : int
        Of the explorer and of the nulls.
    workers : int, optional
        Threads; all cores unless given. The result does not depend on it.
    budget : Budget, optional
        For an explorer that samples; `study` also takes a text, 60s or 1e6 evaluations. A time is that of the whole
        study where its stages share it (see `clock.SHARES`), and that of exploring otherwise; evaluations are those of
        exploring.
    atlas : Atlas, str or Path, optional
        Where the map is kept; nowhere unless given. A job that is finished there is read instead of done again.
    measures : tuple of str, optional
        Names in `MEASURES`; all unless given. The verdict rests on those.
    nulls : bool or int
        Whether to compare with the nulls; a number sets the size of those ensembles.
    temperature : float, optional
        For the measures that need one, in the unit of the energy.
    native_tolerance : float, optional
        Minima within this of the ground energy count as native; 0 unless given, of networks 2 % of the energy scale.
    quick : bool
        Fewer and shorter trainings, for the explorers that have a quick way.
    advice : bool
        Whether to say of a binary landscape that was sampled which method suits it (`Study.details`).
    views : bool
        Whether to compute what only pictures need: surfaces, pathways, spectra (`Study.views`).
    progress : callable
        Told the stage and the share of it that is done.

    Raises
    ------
    InputError
        For a value out of range, or an option that this kind of landscape cannot honour.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> Request(landscape=hopfield_memory(6, patterns=1), temperature=-1.0)
    Traceback (most recent call last):
        ...
    spinfunnel.InputError: the temperature is -1.0; give a finite number above 0
    """

    landscape: Landscape | None
    explorer: str = "auto"
    seed: int = 0
    workers: int | None = None
    budget: Budget | None = None
    atlas: Atlas | str | Path | None = None
    measures: Iterable[str] | None = None
    nulls: Nulls = True
    temperature: float | None = None
    native_tolerance: float | None = None
    quick: bool = False
    advice: bool = True
    views: bool = True
    progress: Progress = no_progress

    def __post_init__(self) -> None:
        check_options(
            seed=self.seed, nulls=self.nulls, temperature=self.temperature, native_tolerance=self.native_tolerance
        )
        if self.measures is not None:
            object.__setattr__(self, "measures", tuple(self.measures))
        if self.temperature is not None and getattr(self.landscape, "kind", None) is Kind.NETWORK:
            name = getattr(self.landscape, "name", "this landscape")
            raise InputError(
                f"a temperature of {self.temperature:g} means nothing to {name}: no measure of a neural "
                "network is a function of one; leave it out"
            )


def check_options(*, seed: int | None, nulls: Nulls, temperature: float | None, native_tolerance: float | None) -> None:
    """Refuse, before the work, options that would be refused after it."""
    if seed is not None and seed < 0:
        raise InputError(f"seed={seed} is out of range: give seed >= 0")
    if not isinstance(nulls, bool) and nulls < 2:
        raise InputError(f"a null ensemble of {nulls} has no spread; give at least 2 samples, or none with nulls=False")
    if temperature is not None and not 0.0 < temperature < math.inf:
        raise InputError(f"the temperature is {temperature}; give a finite number above 0")
    if native_tolerance is not None and not 0.0 <= native_tolerance < math.inf:
        raise InputError(f"the native tolerance is {native_tolerance}; give a finite number of at least 0")
