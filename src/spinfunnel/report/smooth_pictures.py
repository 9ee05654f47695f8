"""Pictures of a smooth map that need its coordinates and its energy: a movie of a pathway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spinfunnel.atlas import Atlas
from spinfunnel.explore.pathway import Pathway, follow_pathway
from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.plot import Picture
from spinfunnel.plot.pathway_movie import pathway_movie, pathway_movie_caption, pathway_movie_figure
from spinfunnel.study import Study

__all__ = ["is_cluster", "with_smooth_pictures"]


def is_cluster(landscape: Any) -> bool:
    """Whether a landscape is of atoms in space, and its derivatives are cheap."""
    invariance = getattr(landscape, "invariance", None)
    return invariance is not None and invariance.kind == "atoms" and landscape.kernel is not None


def with_smooth_pictures(study: Study, landscape: Any, atlas: Atlas) -> Study:
    """Return a study of a cluster with its movie, where a way between its two lowest minima is known."""
    if not is_cluster(landscape):
        return study
    identity = study.landscape.identity
    minima, saddles = atlas.coordinates(identity), atlas.saddle_coordinates(identity)
    return replace(study, figures=(*study.figures, _movie(landscape, study.graph, minima, saddles)))


def _movie(landscape: Any, graph: BasinGraph, minima: dict[str, bytes], saddles: dict[str, bytes]) -> Picture:
    """Movie of the lowest known way between the two lowest minima; a picture that says why where there is none."""
    way: Pathway | None = None
    missing = "one minimum is known, and no way to another"
    if graph.minima > 1:
        try:
            way = follow_pathway(landscape, graph, minima, saddles)
        except InputError as problem:
            missing = str(problem)

    def caption(_graph: BasinGraph) -> str:
        if way is None:
            raise InputError(missing)
        return pathway_movie_caption(way)

    return Picture(
        "pathway",
        "Pathway",
        lambda _graph, ax=None: pathway_movie(way, ax) if way is not None else None,
        lambda _graph: pathway_movie_figure(way) if way is not None else None,
        caption,
        "how atoms move between the two lowest minima",
        "Page, McIver, J. Chem. Phys. 88, 922 (1988)",
        flat=False,
    )
