"""Pictures of a smooth map that need its coordinates and its energy: a movie of a pathway, Hessian spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spinfunnel.explore.smooth.engine import MOST_DENSE, Engine
from spinfunnel.explore.smooth.pathway import Pathway, follow_pathway
from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.pipeline.study import Study
from spinfunnel.plot import Picture
from spinfunnel.plot.hessian_rows import HessianRows, hessian_rows, hessian_rows_caption, hessian_rows_figure
from spinfunnel.plot.pathway_movie import pathway_movie, pathway_movie_caption, pathway_movie_figure

__all__ = ["spectra_of", "with_smooth_pictures"]

MOST_SADDLES = 15
"""Saddles whose spectra are drawn."""


def with_smooth_pictures(study: Study) -> Study:
    """Return a study of a smooth landscape with its Hessian spectra, that of a cluster with its movie as well."""
    known = study.coordinates
    if known is None or not known.minima:
        return study
    landscape, made = known.landscape, []
    # Pathways take thousands of Hessians: of atoms whose energy is compiled, seconds.
    if landscape.invariance.kind == "atoms" and landscape.kernel is not None:
        made.append(_movie(landscape, study.graph, dict(known.minima), dict(known.saddles)))
    if landscape.dimension <= MOST_DENSE:
        made.append(_spectra(spectra_of(landscape, study.graph, known.minima, known.saddles)))
    return replace(study, figures=(*study.figures, *made))


def spectra_of(
    landscape: Any, graph: BasinGraph, minima: Mapping[str, bytes], saddles: Mapping[str, bytes]
) -> HessianRows:
    """Hessian spectra of the native minimum and of the lowest saddles that join it to others or to itself."""
    engine = Engine(landscape)
    hubs = np.repeat(np.arange(graph.saddles), np.diff(graph.saddle_offsets))
    out = np.unique(hubs[graph.saddle_minima == 0])
    drawn = out[:MOST_SADDLES]
    states = [minima[str(graph.key[0])], *(saddles[str(graph.saddle_key[number])] for number in drawn)]
    found = [engine.curvatures(np.frombuffer(state, "<f8").copy()) for state in states]
    rows = np.full((len(found), max(map(len, found))), np.nan)
    for row, values in zip(rows, found, strict=True):
        row[: len(values)] = values
    return HessianRows(np.concatenate([graph.energy[:1], graph.saddle_energy[drawn]]), rows, len(out))


def _spectra(rows: HessianRows) -> Picture:
    return Picture(
        "hessian_rows",
        "Hessian spectra",
        lambda _graph, ax=None: hessian_rows(rows, ax),
        lambda _graph: hessian_rows_figure(rows),
        lambda _graph: hessian_rows_caption(rows),
        "how stiff the native minimum and the passes out of it are",
        "Wales, Energy Landscapes, Cambridge University Press (2003)",
    )


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
