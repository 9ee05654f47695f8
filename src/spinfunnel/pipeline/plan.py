"""From a landscape and the name of an explorer to a plan: the explorer, its options, its budget."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinfunnel.atlas import LandscapeEntry
from spinfunnel.explore import EXPLORERS, Explorer, loaded
from spinfunnel.landscape import Budget, InputError, Kind, Landscape, Parameter
from spinfunnel.landscape.assignments import parse_assignments, read_assignments, suggestion

__all__ = ["Plan", "describe", "plan", "refuse_unexplorable", "threads"]

MOST_LISTED = 60
"""Coordinates of a smooth landscape up to which all its minima are sought: 13 atoms have some 1500, one more atom makes
them nearly three times as many."""
MOST_GRIDDED = 2
"""Coordinates of a function in a box up to which a grid is flooded unless asked otherwise."""
FEWEST_CLIMBED = 4
"""Coordinates below which every stationary point is sought from all over: climbs from minima know few directions there,
and each costs as many energies as a whole search."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An explorer with its options and its budget: with a landscape and a seed, a job.

    Attributes
    ----------
    explorer : Explorer
    kind : Kind
        Of the landscape.
    options : mapping
        Every option of the explorer, defaults filled in.
    budget : Budget
    """

    explorer: Explorer
    kind: Kind
    options: Mapping[str, Parameter]
    budget: Budget

    @property
    def job(self) -> dict[str, Parameter]:
        """Options as they name the job in an atlas: with the limits of the budget, and what a file holds."""
        limits: dict[str, Parameter | None]
        limits = {"budget_seconds": self.budget.seconds, "budget_evaluations": self.budget.evaluations}
        file = self.options.get("file")
        if isinstance(file, str) and Path(file).is_file():
            limits["content"] = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]
        return {**self.options, **{name: limit for name, limit in limits.items() if limit is not None}}

    @property
    def samples(self) -> bool:
        """Whether the explorer takes a budget."""
        return self.explorer.takes("budget", self.kind)


def plan(landscape: Landscape, explorer: str = "auto", *, budget: Budget | None = None, quick: bool = False) -> Plan:
    """Explorer that a text names, ``name`` or ``name:option=value,...``, for a landscape.

    Parameters
    ----------
    landscape : Landscape
    explorer : str
        "auto" takes the first that can take the landscape; the exact one where it fits into memory; of a smooth
        landscape stationary below 4 coordinates, and joining where it has more minima than can be listed.
    budget : Budget, optional
        For an explorer that samples.
    quick : bool
        For an explorer that has a quick way.

    Raises
    ------
    InputError
        For an unknown explorer or option, one that does not take this kind of landscape, a landscape too large for
        it, or a budget or `quick` for one that takes none.

    Examples
    --------
    >>> from spinfunnel.systems import sherrington_kirkpatrick
    >>> plan(sherrington_kirkpatrick(12, seed=1)).explorer.name
    'flooding'
    """
    name, colon, rest = explorer.partition(":")
    kind = describe(landscape).kind
    chosen = _chosen(landscape, kind, name)
    defaults = chosen.options(kind)
    values: dict[str, Any] = {}
    if colon:
        values = read_assignments(
            chosen.explore(kind), parse_assignments(rest, spec=explorer), name=f"the explorer {chosen.name}",
            among=list(defaults),
        )  # fmt: skip
    if quick and "quick" not in defaults:
        raise InputError(f"{chosen.name} has no quick way of exploring {landscape.name}; leave --quick out")
    if quick:
        values["quick"] = True
    if budget is not None and not chosen.takes("budget", kind):
        raise _unlimited(landscape, chosen, budget)
    return Plan(chosen, kind, {**defaults, **values}, budget or Budget())


def _unlimited(landscape: Landscape, chosen: Explorer, budget: Budget) -> InputError:
    given = f"{budget.seconds:g}s" if budget.seconds is not None else f"{budget.evaluations}"
    does = "visits every state" if chosen.exact else "finishes its search"
    return InputError(
        f"{chosen.name} {does} of {landscape.name} once and cannot stop at a budget of {given}; "
        "leave --budget out, it is for explorers that sample"
    )


def _chosen(landscape: Landscape, kind: Kind, name: str) -> Explorer:
    fitting = [explorer for explorer in EXPLORERS.values() if kind in explorer.kinds]
    if name == "auto":
        return _suited(landscape, kind, fitting)
    if name not in EXPLORERS:
        hint = suggestion(name, list(EXPLORERS))
        raise InputError(f"there is no explorer {name!r}{hint}; there are: auto, {', '.join(EXPLORERS)}")
    explorer = EXPLORERS[name]
    if kind not in explorer.kinds:
        words = " and ".join(dict.fromkeys(each.word for each in explorer.kinds))
        raise InputError(f"the explorer {name} takes {words} landscapes, {landscape.name} is {kind.value}")
    problem = _obstacle(landscape, explorer)
    if problem is not None:
        raise problem from None
    return explorer


def _suited(landscape: Landscape, kind: Kind, fitting: list[Explorer]) -> Explorer:
    """First explorer that can take a landscape; of a smooth one by its number of coordinates."""
    if not fitting:
        raise InputError(
            f"no explorer takes {landscape.name}, a {kind.word} landscape; there are: {', '.join(EXPLORERS)}"
        )
    if kind is Kind.SMOOTH:
        dimension = int(getattr(landscape, "dimension", 0))
        if hasattr(landscape, "periodic"):
            return EXPLORERS["grid" if dimension <= MOST_GRIDDED else "downhill"]
        if dimension > MOST_LISTED:
            return EXPLORERS["joining"]
        if dimension < FEWEST_CLIMBED:
            return EXPLORERS["stationary"]
    problems = []
    for explorer in fitting:
        problem = _obstacle(landscape, explorer)
        if problem is None:
            return explorer
        problems.append(problem)
    raise problems[-1] from None


def _obstacle(landscape: Landscape, explorer: Explorer) -> InputError | None:
    """Why an explorer cannot take a landscape of its kind, of what can be known without exploring."""
    if explorer.refusal is None:
        return None
    found: InputError | None = loaded(explorer.refusal)(landscape)
    return found


def refuse_unexplorable(
    landscape: Landscape, *, explorer: str = "auto", budget: Budget | None = None, quick: bool = False
) -> None:
    """Raise what `explore` would, of what can be known without exploring.

    Raises
    ------
    InputError
        When no explorer takes the landscape, or it is too large for this machine.

    Examples
    --------
    >>> from spinfunnel.systems import sherrington_kirkpatrick
    >>> refuse_unexplorable(sherrington_kirkpatrick(60, seed=1), explorer="flooding")
    Traceback (most recent call last):
        ...
    spinfunnel.InputError: sk: a 60-spin landscape needs ... GiB to flood exactly; ...
    """
    plan(landscape, explorer, budget=budget, quick=quick)


def describe(landscape: Landscape) -> LandscapeEntry:
    """Say what a landscape is, as the atlas keeps it.

    Examples
    --------
    >>> from spinfunnel.systems import hopfield_memory
    >>> entry = describe(hopfield_memory(6, patterns=1, seed=1))
    >>> entry.kind.word, entry.states, entry.symmetry
    ('binary', 64, ('global flip',))
    """
    if not hasattr(landscape, "identity") or not hasattr(landscape, "kind"):
        raise InputError(f"{landscape!r:.60} is no landscape; make one: spinfunnel.systems.resolve('sk:n=12')")
    common = landscape.identity, landscape.name, dict(landscape.parameters)
    given: Any = landscape
    if landscape.kind is Kind.BINARY:
        names = tuple(symmetry.name for symmetry in given.symmetries)
        return LandscapeEntry(*common, landscape.kind, given.size, 1 << given.size, names)
    if landscape.kind is Kind.CHAIN:
        return LandscapeEntry(*common, landscape.kind, None, given.plain_states(), ())
    if landscape.kind is Kind.GRAPH:
        return LandscapeEntry(*common, landscape.kind, None, int(given.multiplicity.sum()), ())
    return LandscapeEntry(*common, landscape.kind, given.dimension, None, ())


def threads(workers: int | None) -> int:
    """Number of threads: as given, or all cores.

    Raises
    ------
    InputError
        For fewer than one.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise InputError(f"{workers} workers cannot work; give at least 1")
    return workers
