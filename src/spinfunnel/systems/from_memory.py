"""Landscapes of objects in memory: one table of what they may be, in the order in which they are tried."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spinfunnel.landscape import InputError
from spinfunnel.systems.atoms.ase_atoms import from_atoms
from spinfunnel.systems.own_energy import is_atoms
from spinfunnel.systems.own_file import is_landscape, smooth_or_binary
from spinfunnel.systems.own_function import source_of
from spinfunnel.systems.spins.from_object import SPELLINGS, is_spins, spins_from

__all__ = ["object_landscape"]


FUNCTION = frozenset({"name", "n", "dimension", "box", "bounds", "period", "gradient"})
"""What may be said of a function."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of object: what it is in words, how it is known, what else may be said of it, and its landscape."""

    what: str
    fits: Callable[[Any, Mapping[str, Any]], bool]
    options: frozenset[str]
    landscape: Callable[..., Any]


def object_landscape(found: Any, **said: Any) -> Any:
    """Landscape of an object (see `systems.landscape_from`).

    Raises
    ------
    InputError
        For what is none of the table, and for what is said of it and does not belong to it.

    Examples
    --------
    >>> object_landscape(lambda states: states.sum(axis=1), n=4, name="ones").size
    4
    """
    row = next((row for row in TABLE if row.fits(found, said)), None)
    if row is None:
        known = ", ".join(spelling.what for spelling in SPELLINGS)
        raise InputError(
            f"an object of the type {type(found).__name__} is no landscape; give a name or a path, {known}, "
            "ASE atoms, a function with n=... or bounds=..., or a PyTorch module with loss=... and data=..."
        )
    strange = sorted(said.keys() - row.options)
    if strange:
        raise InputError(f"a {row.what} takes no {strange[0]}=...; leave it out")
    return row.landscape(found, **said)


def _is_network(found: Any, said: Mapping[str, Any]) -> bool:
    """Whether a PyTorch module is in it; without PyTorch loaded there is none."""
    if "torch" not in sys.modules or is_landscape(found):
        return False
    from spinfunnel.network import is_network

    return is_network(found) or bool(said.keys() & {"loss", "data"})


def _network(found: Any, *, name: str = "network", **said: Any) -> Any:
    from spinfunnel.network import network_from

    if isinstance(found, Mapping | tuple | list):
        if said:
            raise InputError(f"{min(said)} is given twice: give the module alone, or all in one tuple")
        return network_from(found, name=name)
    return network_from(
        {"model": found, "loss": said.get("loss"), "train": said.get("data"), "test": said.get("test")}, name=name
    )


def _function(found: Any, **said: Any) -> Any:
    if "bounds" in said:
        return _in_box(found, **said)
    stray = sorted(said.keys() & {"period", "gradient"})
    if stray:
        raise InputError(f"{stray[0]}=... is of a function in a box; give bounds=(low, high) with it")
    return smooth_or_binary(
        found, n=said.get("n"), dimension=said.get("dimension"), box=said.get("box"), name=said.get("name")
    )


def _in_box(
    found: Any,
    *,
    bounds: Any,
    n: int | None = None,
    dimension: int | None = None,
    box: Any = None,
    period: Any = None,
    gradient: Any = None,
    name: str | None = None,
) -> Any:
    """Landscape of a function between bounds."""
    from spinfunnel.systems.surfaces.box import box_function

    said = name or str(getattr(found, "__name__", type(found).__name__))
    if n is not None or box is not None:
        raise InputError(f"{said} has bounds, which say where it is looked at; leave n=... and box=... out")
    return box_function(
        found, bounds=bounds, name=said, dimension=dimension, period=period, gradient=gradient, source=source_of(found)
    )


TABLE: tuple[Kept, ...] = (
    Kept("landscape", lambda found, _: is_landscape(found), frozenset(), lambda found: found),
    Kept(
        "set of ASE atoms",
        lambda found, _: is_atoms(found),
        frozenset({"name"}),
        lambda found, name="atoms": from_atoms(found, name=name, parameters={}),
    ),
    Kept("network", _is_network, frozenset({"name", "loss", "data", "test"}), _network),
    Kept("model", lambda found, _: is_spins(found), frozenset({"name", "as_", "vartype", "penalty"}), spins_from),
    Kept("function", lambda found, _: callable(found), FUNCTION, _function),
)
