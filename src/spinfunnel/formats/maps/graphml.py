"""Maps as GraphML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from spinfunnel.formats.maps.map_rows import Format
from spinfunnel.landscape import BasinGraph

__all__ = ["FORMAT"]

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _write_graphml(graph: BasinGraph, paths: Sequence[Path]) -> None:
    import networkx as nx

    drawn = graph.to_networkx()
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
