"""Landscapes in human words, and as they are typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spinfunnel.atlas import LandscapeEntry
from spinfunnel.systems import SYSTEMS

__all__ = ["landscape_title", "specification"]

LONGEST = 60
"""Letters of a parameter's value that a title or a specification shows."""

Words = Callable[[Mapping[str, Any]], str]


def _lattice(given: Mapping[str, Any]) -> str:
    """Write a shape as it is read: 4 × 5."""
    shape = given.get("shape", ())
    return " × ".join(str(length) for length in shape) if isinstance(shape, tuple | list) else str(shape)


def _bonds(given: Mapping[str, Any]) -> str:
    words = {"gaussian": "Gaussian bonds", "pm1": "bonds ±1", "bimodal": "bonds ±1"}
    return words.get(str(given.get("bonds", "")), "")


def _count(noun: str, key: str = "n") -> Words:
    return lambda given: f"{given[key]} {noun}" if key in given else ""


def _chain(given: Mapping[str, Any]) -> str:
    sequence = str(given.get("sequence", ""))
    dimension = {2: "in the plane", 3: "in space"}.get(given.get("dimension", 0), "")
    length = f"{len(sequence)} beads" if sequence else ""
    return " ".join(part for part in (length, dimension) if part)


def _units(given: Mapping[str, Any]) -> str:
    inputs = f"{given['inputs']} inputs" if "inputs" in given else ""
    units = given.get("hidden", 1)
    hidden = "" if given.get("architecture") == "perceptron" else f"{units} hidden unit{'' if units == 1 else 's'}"
    return ", ".join(part for part in (inputs, hidden) if part)


def _task(given: Mapping[str, Any]) -> str:
    """What a binary network learns, in words."""
    labels = str(given.get("labels", ""))
    task = {"digits": "handwritten digits", "teacher": "labels of a teacher", "random": "random labels"}.get(
        labels, labels
    )
    return f"{task}, shuffled" if given.get("shuffle") else task


def _network(given: Mapping[str, Any]) -> str:
    layers, width = given.get("depth", 1), given.get("width", "?")
    hidden = f"{layers} hidden layer{'' if layers == 1 else 's'} of {width}"
    labels = {"random": ", random labels", "shuffled": ", shuffled labels"}.get(str(given.get("labels", "")), "")
    return f"{hidden}, {given.get('data', 'data')}{labels}"


TITLES: Mapping[str, tuple[str, tuple[Words, ...]]] = {
    "sk": ("Spin glass, all pairs coupled", (_count("spins"),)),
    "ea": ("Spin glass", (_lattice, _bonds)),
    "dfm": ("Disordered ferromagnet", (_lattice,)),
    "rfim": ("Ferromagnet in a random field", (_lattice,)),
    "pspin": ("p-spin glass", (_count("spins"),)),
    "multiscale": ("Multi-scale spin glass", (_count("spins"),)),
    "rem": ("Random energy model", (_count("spins"),)),
    "hopfield": ("Hopfield memory", (_count("spins"), _count("patterns", "patterns"))),
    "labs": ("Low-autocorrelation strings", (_count("bits"),)),
    "maxcut": ("Maximum cut of a random graph", (_count("nodes"),)),
    "partition": ("Number partitioning", (_count("numbers"),)),
    "golf": ("Golf course", (_count("bits"),)),
    "hp": ("HP lattice protein", (_chain,)),
    "go": ("Lattice Go protein", (_chain,)),
    "protein": ("Lattice protein", (_chain,)),
    "heteropolymer": ("Random heteropolymer", (_chain,)),
    "committee": ("Network of binary weights", (_units, _task)),
    "network": ("Neural network", (_network,)),
    "lj": ("Lennard-Jones cluster", (_count("atoms", "atoms"),)),
    "blj": ("Binary Lennard-Jones cluster", (_count("atoms", "atoms"),)),
    "morse": ("Morse cluster", (_count("atoms", "atoms"),)),
    "xy": ("XY magnet", (_lattice,)),
    "spherical-pspin": ("Spherical p-spin model", (_count("spins"),)),
    "mueller-brown": ("Müller-Brown surface", ()),
    "himmelblau": ("Himmelblau's function", ()),
    "camel": ("Six-hump camel function", ()),
    "double-well": ("Double wells", ()),
    "bln": ("Model protein of 46 beads", ()),
    "calpha": ("Protein of C-alpha beads", ()),
}
"""Words for each system, and what is said of its parameters; others are called by their name."""


def landscape_title(entry: LandscapeEntry) -> str:
    """Name of a landscape in human words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> landscape_title(SimpleNamespace(name="ea", parameters={"shape": (4, 5), "bonds": "gaussian"}, size=20))
    'Spin glass, 4 × 5, Gaussian bonds'
    >>> landscape_title(SimpleNamespace(name="G1.txt", parameters={}, size=800))
    'G1.txt, 800 variables'
    """
    known = TITLES.get(entry.name)
    if known is None:
        size = f", {entry.size} variables" if entry.size else ""
        return f"{_short(entry.name)}{size}"
    words, details = known
    told = [detail(entry.parameters) for detail in details]
    return ", ".join([words, *(_short(text) for text in told if text)])


def specification(entry: LandscapeEntry) -> str:
    """Return what is typed to get the landscape again, defaults left out; a file by its name alone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> specification(SimpleNamespace(name="ea", parameters={"shape": (4, 5), "seed": 1}))
    'ea:shape=4x5,seed=1'
    """
    system = SYSTEMS.get(entry.name)
    if system is None:
        return str(entry.name)
    default = {parameter.name: parameter.default for parameter in system.parameters}
    typed = {name: _typed(value) for name, value in entry.parameters.items() if name in default}
    said = [f"{name}={text}" for name, text in typed.items() if name == "seed" or text != default[name]]
    return f"{entry.name}:{','.join(said)}" if said else str(entry.name)


def _typed(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
