"""Maps as NetworkX graphs, both ways: what `BasinGraph.to_networkx` and `BasinGraph.from_networkx` do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.running import InputError

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["columns_of", "drawn_map"]


def drawn_map(graph: Any) -> nx.Graph:
    """Return a basin graph as a NetworkX graph (see `BasinGraph.to_networkx`)."""
    import networkx as nx

    drawn = nx.Graph(exact=bool(graph.exact), symmetry=", ".join(graph.symmetry))
    columns = {
        "key": graph.key,
        "energy": graph.energy,
        "weight": graph.weight,
        "plateau": graph.plateau,
        "orbit": graph.orbit,
        "native": graph.native,
    }
    for number, values in enumerate(zip(*(column.tolist() for column in columns.values()), strict=True)):
        drawn.add_node(f"m{number}", kind="minimum", **dict(zip(columns, values, strict=True)))
    starts, joined = graph.saddle_offsets.tolist(), graph.saddle_minima.tolist()
    rows = zip(graph.saddle_key.tolist(), graph.saddle_energy.tolist(), graph.saddle_exact.tolist(), strict=True)
    for number, (key, energy, exact) in enumerate(rows):
        drawn.add_node(f"s{number}", kind="saddle", key=key, energy=energy, exact=exact)
        for position, minimum in enumerate(joined[starts[number] : starts[number + 1]]):
            drawn.add_edge(f"s{number}", f"m{minimum}", hub=position == 0)
    return drawn


def columns_of(drawn: nx.Graph) -> dict[str, Any]:
    """Return the columns of the basin graph that a NetworkX graph describes (see `BasinGraph.from_networkx`)."""
    nodes = dict(drawn.nodes(data=True))
    minima = [name for name, said in nodes.items() if said.get("kind", "minimum") != "saddle"]
    if not minima:
        raise InputError("a graph without minima is no map; give its nodes an energy")
    energy = {name: _energy(said, f"node {name!r}") for name, said in nodes.items()}
    key = {name: str(said.get("key", name)) for name, said in nodes.items()}
    minima.sort(key=lambda name: (energy[name], key[name]))
    place = {name: number for number, name in enumerate(minima)}
    saddles = _saddles(drawn, nodes, energy, place)
    saddles.sort(key=lambda saddle: saddle[:2])
    joined = [number for _, _, _, ends in saddles for number in ends]
    return {
        "key": np.array([key[name] for name in minima]),
        "energy": np.array([energy[name] for name in minima]),
        "weight": _weights([nodes[name].get("weight") for name in minima]),
        "plateau": np.array([int(nodes[name].get("plateau", 1)) for name in minima]),
        "orbit": np.array([int(nodes[name].get("orbit", 1)) for name in minima]),
        "saddle_key": np.array([key for _, key, _, _ in saddles], str),
        "saddle_energy": np.array([height for height, _, _, _ in saddles], float),
        "saddle_offsets": np.cumsum([0, *(len(ends) for _, _, _, ends in saddles)]),
        "saddle_minima": np.array(joined, np.int64),
        "saddle_exact": np.array([exact for _, _, exact, _ in saddles], bool),
        "symmetry": tuple(part for part in str(drawn.graph.get("symmetry", "")).split(", ") if part),
        "exact": bool(drawn.graph.get("exact", False)),
    }


def _weights(given: list[Any]) -> NDArray[np.float64]:
    """Weights as given, or equal ones where no minimum has any."""
    if all(weight is None for weight in given):
        return np.full(len(given), 1.0 / len(given))
    weights = np.array([math.nan if weight is None else float(weight) for weight in given])
    if not (weights >= 0.0).all() or not 0.0 < weights.sum() < math.inf:
        raise InputError("the weights are no shares of the states; give every minimum one of at least 0, or none any")
    return weights


def _saddles(
    drawn: nx.Graph, nodes: dict[Any, dict[str, Any]], energy: dict[Any, float], place: dict[Any, int]
) -> list[tuple[float, str, bool, list[int]]]:
    """Energy, key, whether exact, and minima of each saddle, its hub first."""
    found: list[tuple[float, str, bool, list[int]]] = []
    for name, said in nodes.items():
        if name in place:
            continue
        ends = sorted(drawn[name], key=lambda other: (not drawn[name][other].get("hub", False), place.get(other, -1)))
        if len(ends) < 2 or any(other not in place for other in ends):
            raise InputError(f"the saddle {name!r} joins no two minima; give it edges to two minima at least")
        exact = bool(said.get("exact", False))
        found.append((energy[name], str(said.get("key", name)), exact, [place[other] for other in ends]))
    for one, other, said in drawn.edges(data=True):
        if one in place and other in place and one != other:
            height = _energy(said, f"edge {one!r} to {other!r}")
            first, second = sorted((one, other), key=place.__getitem__)
            name = str(said.get("key", f"{first}-{second}"))
            found.append((height, name, bool(said.get("exact", False)), [place[first], place[second]]))
    low = {number: energy[name] for name, number in place.items()}
    for height, name, _, ends in found:
        if height < max(low[number] for number in ends):
            raise InputError(f"the saddle {name!r} lies below a minimum that it joins; give the energy of the pass")
    return found


def _energy(said: dict[str, Any], what: str) -> float:
    try:
        energy = float(said["energy"])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"the {what} has no energy; give it the attribute energy=...") from None
    if not math.isfinite(energy):
        raise InputError(f"the energy of the {what} is {energy}; give a finite number")
    return energy
