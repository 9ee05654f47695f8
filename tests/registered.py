"""What is registered, sorted by the kind of landscape: systems of plug-ins stand among the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from spinfunnel.landscape import Kind
from spinfunnel.systems import SYSTEMS, resolve


@cache
def _kinds() -> dict[str, Kind]:
    return {name: resolve(system.example).kind for name, system in SYSTEMS.items()}


def named(kind: Kind) -> list[str]:
    """Names of the systems whose example is of this kind."""
    return [name for name, own in _kinds().items() if own is kind]


def specs(names: Iterable[str], more: Mapping[str, Sequence[str]]) -> list[str]:
    """Specs of the examples of systems, and of further variants, given by their parameters."""
    return [
        spec for name in names for spec in (SYSTEMS[name].example, *(f"{name}:{text}" for text in more.get(name, ())))
    ]
