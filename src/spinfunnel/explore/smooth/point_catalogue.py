"""Minima and saddles as they are found: proven, told apart, and turned into records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinfunnel.explore.smooth.climb_kernels import FOUND, NOT_A_NUMBER, REASONS, STEPS_SPENT
from spinfunnel.explore.smooth.engine import APART, FLAT_THERE, Climbs, Engine
from spinfunnel.explore.smooth.identity import Catalogue, Point
from spinfunnel.landscape import InputError, Minimum, Record, Saddle

__all__ = ["Collection", "nothing_found", "record_of"]

Floats = NDArray[np.float64]

ENDLESS, LOOSE = "energy falls without end", "quench does not converge"
REMEDIES = {
    REASONS[NOT_A_NUMBER]: "start where it is one (box of a function of your own), or mend it",
    ENDLESS: "confine it, for instance by a term that rises far away",
    LOOSE: "smooth its kinks, or give a larger gradient=... to the explorer",
    REASONS[STEPS_SPENT]: "smooth its kinks, or give a larger gradient=... to the explorer",
    FLAT_THERE: "an energy that does not change along a line has no isolated minima: hold that coordinate, or declare "
    "the symmetry",
    APART: "its atoms do not hold together: look at the potential, or start from a structure",
}
"""Ways out where all searches fail for a reason."""


@dataclass(slots=True, eq=False)
class Collection:
    """Minima and saddles that were proven, and what is not yet reported of them.

    Attributes
    ----------
    engine : Engine
    minima, saddles : Catalogue
    joins : dict from key of saddle to keys of the two minima below it
    failures : Counter
        Searches that ended in nothing, by reason.
    """

    engine: Engine
    minima: Catalogue = field(init=False)
    saddles: Catalogue = field(init=False)
    joins: dict[str, tuple[str, str]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    evaluations: int = 0
    _news: list[Record] = field(default_factory=list)
    _visits: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        invariance = self.engine.landscape.invariance
        self.minima = Catalogue(invariance, self.engine.distance, self.engine.same_energy)
        self.saddles = Catalogue(invariance, self.engine.distance, self.engine.same_energy)

    def minimum(self, position: Floats, energy: float, size: float) -> Point | None:
        """Minimum at the end of a quench, entered if it is new, and the visit to it; None where there is none."""
        point = self._found(position, energy, size)
        if point is not None:
            self._visit(point)
        return point

    def _visit(self, point: Point) -> None:
        point.visits += 1
        self._visits[point.key] += 1

    def _found(self, position: Floats, energy: float, size: float) -> Point | None:
        if not math.isfinite(energy):
            self.failures[REASONS[2]] += 1
            return None
        if size > self.engine.settled:
            self.failures[ENDLESS if math.isinf(size) else LOOSE] += 1
            return None
        point = self.minima.find(position, energy)
        return point if point is not None else self._entered(self.minima, position, index=0)

    def saddle(self, climbs: Climbs, row: int, *, start: str | None = None) -> tuple[Point, bool] | None:
        """Saddle of a climb, entered with the minima below it if it is new, and whether it is; None where it failed.

        The climb is a visit to the minima below it, but for the one it started from.
        """
        found = self._saddle(climbs, row)
        if found is not None:
            for key in set(self.joins[found[0].key]) - {start}:
                self._visit(self.minima[key])
        return found

    def _saddle(self, climbs: Climbs, row: int) -> tuple[Point, bool] | None:
        if climbs.outcome[row] != FOUND:
            self.failures[REASONS[climbs.outcome[row]]] += 1
            return None
        known = self.saddles.find(climbs.saddle[row], float(climbs.energy[row]))
        if known is not None:
            known.visits += 1
            return known, False
        proof = self.engine.prove(climbs.saddle[row], index=1)
        if isinstance(proof, str):
            self.failures[proof] += 1
            return None
        below = [
            self._found(climbs.ends[row, side], float(climbs.end_energy[row, side]), float(climbs.end_size[row, side]))
            for side in range(2)
        ]
        if below[0] is None or below[1] is None:
            for each in below:
                if each is not None:
                    self._visit(each)
            return None
        point = self.saddles.add(proof.position, proof.energy)
        point.visits, point.log_volume = 1, proof.log_volume
        self.joins[point.key] = below[0].key, below[1].key
        self._news.append(
            Saddle(
                point.key,
                point.energy,
                self.joins[point.key],
                index=1,
                state=point.position.astype("<f8").tobytes(),
                log_volume=point.log_volume,
            )
        )
        return point, True

    def enter_rough(self, positions: Floats) -> list[Point | None]:
        """Quench positions (B, D) to the end, and enter the minima that are new; return where each ended."""
        if len(positions) == 0:
            return []
        x, energy, size, spent = self.engine.quench(positions)
        self.evaluations += spent
        return [self.minimum(x[row], float(energy[row]), float(size[row])) for row in range(len(x))]

    def refuse_if_empty(self, tried: str, *, late: bool = False) -> None:
        """Raise what the energy raised, or why none of what was tried led to a minimum, where there is none.

        Late: whether the time that was given had run out by then.
        """
        if self.minima.points:
            return
        name = self.engine.landscape.name
        if self.engine.raised:
            raise InputError(f"{name}: its energy raised {self.engine.raised[0]!r}") from self.engine.raised[0]
        raise nothing_found(name, tried, self.failures, late=late)

    def _entered(self, catalogue: Catalogue, position: Floats, *, index: int) -> Point | None:
        proof = self.engine.prove(position, index=index)
        if isinstance(proof, str):
            self.failures[proof] += 1
            return None
        # What was refined may be a point that the quench fell short of.
        point = catalogue.find(proof.position, proof.energy)
        if point is None:
            point = catalogue.add(proof.position, proof.energy)
            point.log_volume = proof.log_volume
        return point

    def news(self, *, weight: Callable[[Point], float]) -> list[Record]:
        """Records of what was found or visited since the last call, minima first."""
        minima: list[Record] = [
            record_of(self.minima[key], weight=weight(self.minima[key]), visits=count)
            for key, count in self._visits.items()
        ]
        found, self._news, self._visits = minima + self._news, [], Counter()
        return found


def nothing_found(name: str, tried: str, failures: Counter[str], *, late: bool = False) -> InputError:
    """Say why nothing that was tried led to a minimum, and the way out."""
    reasons = ", ".join(f"{reason} ({count})" for reason, count in failures.most_common())
    if late:
        return InputError(f"{name}: the time ran out before any of {tried} came to rest ({reasons}); give more of it")
    remedies = [REMEDIES[reason] for reason, _ in failures.most_common() if reason in REMEDIES]
    way_out = f"; {remedies[0]}" if remedies else ""
    return InputError(f"{name}: none of {tried} leads to a minimum: {reasons or 'no end was a finite energy'}{way_out}")


def record_of(point: Point, *, weight: float, visits: int) -> Minimum:
    """Record of a minimum."""
    state = point.position.astype("<f8").tobytes()
    return Minimum(point.key, point.energy, weight, state=state, visits=visits, log_volume=point.log_volume)
