"""What a page is made of: the report knows the shape of a study, and not who made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from spinfunnel.atlas import LandscapeEntry
from spinfunnel.landscape import BasinGraph, Run
from spinfunnel.landscape.estimate import Measurement

__all__ = ["Judged", "Reported"]


class Judged(Protocol):
    """A verdict."""

    @property
    def kind(self) -> str:
        """Which kind of landscape it is."""

    @property
    def reason(self) -> str:
        """Why, in a sentence."""


class Reported(Protocol):
    """What came of one landscape; see `pipeline.result.Study`, which is one."""

    @property
    def landscape(self) -> LandscapeEntry:
        """Name, parameters, kind, size, states, symmetry and identity."""

    @property
    def run(self) -> Run:
        """Who explored it, from which seed, for how long."""

    @property
    def graph(self) -> BasinGraph:
        """The map."""

    @property
    def measures(self) -> Mapping[str, Measurement]:
        """Answers by the names of the measures."""

    @property
    def nulls(self) -> Mapping[str, Mapping[str, Measurement]]:
        """The same of each null."""

    @property
    def null_samples(self) -> Mapping[str, int]:
        """Size of each null ensemble."""

    @property
    def verdict(self) -> Judged:
        """The verdict."""

    @property
    def details(self) -> Mapping[str, Any]:
        """What else is known, by name."""

    @property
    def views(self) -> Mapping[str, Any]:
        """What was computed to be drawn, by name."""
