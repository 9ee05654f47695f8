"""Maps as NetworkX graphs and GraphML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spinfunnel.formats.maps.map_rows import Format, minimum_rows, saddle_rows
from spinfunnel.landscape import BasinGraph

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["FORMAT", "to_networkx"]

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_networkx(graph: BasinGraph) -> nx.Graph:
    """Return the map as a NetworkX graph with two kinds of nodes.

    A saddle may join more than two minima, so it is a node too: minima ``m0, m1, ...`` (attributes kind, key, energy,
    weight, plateau, orbit, native) and saddles ``s0, s1, ...`` (kind, key, energy, exact), numbered as in the map,
    with an edge from each saddle to each minimum it joins (attribute hub: whether the saddle's own state drains
    there). The graph itself says exact and symmetry.

    Examples
    --------
    >>> import numpy as np
    >>> hill = BasinGraph(
    ...     np.array(["00", "11"]),
    ...     np.array([-1.0, 0.0]),
    ...     np.array([0.5, 0.5]),
    ...     np.array([1, 1]),
    ...     np.array([1, 1]),
    ...     np.array(["01"]),
    ...     np.array([2.0]),
    ...     np.array([0, 2]),
    ...     np.array([0, 1]),
    ...     np.array([True]),
    ... )
    >>> to_networkx(hill).nodes["s0"]
    {'kind': 'saddle', 'key': '01', 'energy': 2.0, 'exact': True}
    >>> sorted(to_networkx(hill)["s0"])
    ['m0', 'm1']
    """
    import networkx as nx

    drawn = nx.Graph(exact=bool(graph.exact), symmetry=", ".join(graph.symmetry))
    for number, (key, energy, weight, plateau, orbit, native) in enumerate(minimum_rows(graph)):
        drawn.add_node(
            f"m{number}",
            kind="minimum",
            key=key,
            energy=energy,
            weight=weight,
            plateau=plateau,
            orbit=orbit,
            native=native,
        )
    for number, (key, energy, exact, joined) in enumerate(saddle_rows(graph)):
        drawn.add_node(f"s{number}", kind="saddle", key=key, energy=energy, exact=exact)
        for position, minimum in enumerate(joined):
            drawn.add_edge(f"s{number}", f"m{minimum}", hub=position == 0)
    return drawn


def _write_graphml(graph: BasinGraph, paths: Sequence[Path]) -> None:
    import networkx as nx

    drawn = to_networkx(graph)
    for _, attributes in drawn.nodes(data=True):
        attributes["key"] = _in_xml(attributes["key"])
    drawn.graph["symmetry"] = _in_xml(drawn.graph["symmetry"])
    nx.write_graphml_xml(drawn, paths[0])


def _in_xml(text: str) -> str:
    # Markup is escaped by the writer; control characters have no form in XML at all.
    return _NOT_IN_XML.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


FORMAT = Format(
    "graphml",
    ".graphml",
    (),
    _write_graphml,
    "minima and saddles as nodes of a NetworkX graph",
    "graphml.graphdrawing.org",
)
