"""One picture: how it is drawn, what it shows and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.plot.overlap_picture import overlap_obstacle
from spinfunnel.plot.terrain import terrain_obstacle

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes
    ----------
    name, title : str
    draw : callable
        ``draw(graph, ax=None)`` draws with Matplotlib and returns the axes.
    figure : callable
        ``figure(graph)`` returns the Plotly twin.
    caption : callable
        ``caption(graph)`` says what is drawn and what is left out of it.
    summary : str
        What it shows, in a phrase.
    source : str
        Where it comes from.
    flat : bool
        Whether the picture lies in a plane.
    null : str
        Measure whose null `draw` and `figure` take as ``null=...``, if there is one.
    tab : {"shape", "thermodynamics", "dynamics"}
        Where it stands in the report.
    energy : {"", "x", "y", "y2", "colour"}
        Which axis (y2: of the second panel), or the colour, is an energy, to be written on the scale that all
        landscapes share.
    """

    name: str
    title: str
    draw: Callable[..., Any]
    figure: Callable[..., Any]
    caption: Callable[[BasinGraph], str]
    summary: str
    source: str
    flat: bool = True
    null: str = ""
    tab: str = "shape"
    energy: str = ""

    def obstacle(self, graph: BasinGraph) -> str:
        """Why this graph cannot be drawn so, in a clause; empty when it can."""
        if graph.minima == 0:
            return "the map has no minimum yet"
        try:
            self.caption(graph)
        except InputError as error:
            return str(error)
        own = {"overlap": overlap_obstacle, "terrain": terrain_obstacle}.get(self.name)
        return own(graph) if own is not None else ""
