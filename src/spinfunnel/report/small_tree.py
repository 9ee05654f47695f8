"""The disconnectivity graph as a small SVG picture, drawn before any script runs."""

from __future__ import annotations

import numpy as np

from spinfunnel.landscape import InputError
from spinfunnel.plot.disconnectivity import drawing
from spinfunnel.plot.energy_scale import energy_scale
from spinfunnel.plot.palette import ACCENT, funnel_colours
from spinfunnel.plot.unknown import what_is_missing
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape

__all__ = ["small_tree"]

WIDTH, HEIGHT = 340.0, 380.0
LEFT, TOP, BOTTOM = 46.0, 10.0, 14.0
LIMIT = 100
"""Branches drawn, those of the highest barriers."""


def small_tree(study: Reported, *, place: int, height: float = HEIGHT) -> str:
    """SVG of the disconnectivity graph, energies on the common scale."""
    graph = study.graph
    try:
        plan = drawing(graph, limit=LIMIT)
    except InputError as problem:
        return f'<p class="quiet">{escape(problem)}</p>'
    scale = energy_scale(graph)
    low, high = float(graph.energy[0]), plan.top
    reach = 1.03 * max(float(plan.x[0]), plan.width - float(plan.x[0]))
    start = float(plan.x[0]) - reach

    def x(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
        shown: list[float] = np.round(LEFT + (WIDTH - LEFT - 8) * (values - start) / (2 * reach), 1).tolist()
        return shown

    def y(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
        shown: list[float] = np.round(
            TOP + (height - TOP - BOTTOM) * (high - values) / max(high - low, 1e-300), 1
        ).tolist()
        return shown

    kept = plan.split.kept
    shade = funnel_colours(graph)
    group = shade.group[kept]
    inner = np.flatnonzero(plan.split.joined[kept] >= 0)
    pieces = []
    stems, bars = plan.stems(), plan.bars()
    # Passes that are upper bounds are dashed.
    dash = "" if graph.saddle_exact.all() else ' stroke-dasharray="3 2"'
    for k, colour in enumerate(shade.colours):
        for lines, style in ((stems[group == k], ""), (bars[group[inner] == k], dash)):
            if len(lines):
                across, up = x(lines[:, :, 0].ravel()), y(lines[:, :, 1].ravel())
                path = "".join(
                    f"M{across[i]:g} {up[i]:g}L{across[i + 1]:g} {up[i + 1]:g}" for i in range(0, len(across), 2)
                )
                pieces.append(f'<path d="{path}" stroke="{colour}" fill="none" stroke-width="1.3"{style}/>')
    if len(plan.stub_of):
        across, low_end, high_end = x(plan.stub_x), y(plan.stub_low), y(plan.stub_high)
        path = "".join(f"M{a:g} {b:g}L{a:g} {c:g}" for a, b, c in zip(across, low_end, high_end, strict=True))
        pieces.append(f'<path class="stub" d="{path}" stroke="#8d929b" stroke-width="1" stroke-dasharray="1 2"/>')
    across, up = x(plan.x), y(graph.energy[kept])
    for leaf, a, b in zip(kept.tolist(), across, up, strict=True):
        native = bool(graph.native[leaf])
        colour = ACCENT if native else shade.colours[shade.group[leaf]]
        pieces.append(f'<circle data-m="{leaf}" cx="{a:g}" cy="{b:g}" r="{4.5 if native else 2.6}" fill="{colour}"/>')
    ticks = [] if scale is None else list(zip(*scale.ticks(low, high, most=6), strict=True))
    marks = "".join(
        f'<line x1="{LEFT - 4}" x2="{WIDTH - 6}" y1="{up:g}" y2="{up:g}" class="grid"/>'
        f'<text x="{LEFT - 7}" y="{up + 4:g}" text-anchor="end">{escape(text)}</text>'
        for (value, text) in ticks
        for up in y(np.array([value]))
    )
    axis = (
        ""
        if scale is None
        else f'<text transform="translate(11 {height / 2:g}) rotate(-90)" text-anchor="middle">'
        f"energy: 0 ground, 1 mean</text>"
    )
    words = f"{graph.minima:,} minima; lines meet at the lowest pass between two of them"
    return (
        f'<svg class="small-tree" data-system="{place}" data-low="{low!r}" data-high="{high!r}" '
        f'data-top="{TOP}" data-bottom="{height - BOTTOM}" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'aria-label="Disconnectivity graph: {escape(words)}">'
        f'<g class="axis">{marks}{axis}</g>{"".join(pieces)}<line class="cut" x1="{LEFT}" x2="{WIDTH - 6}" y1="-9" '
        f'y2="-9"/></svg><p class="note">{escape(_note(study, drawn=len(kept)))}</p>'
    )


def _note(study: Reported, *, drawn: int) -> str:
    """What the tree shows, what it leaves out and what the map does not know."""
    graph = study.graph
    told = ["Each line ends at a minimum; lines meet at the pass between them."]
    if drawn < graph.minima:
        told.append(f"Drawn: {drawn:,} of {graph.minima:,}.")
    told.append(what_is_missing(graph))
    scale = energy_scale(graph)
    if scale is not None:
        told.append(f"Energy 1 is the {scale.words}.")
    return " ".join(text for text in told if text)
