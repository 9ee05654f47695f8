"""A pathway of atoms as a movie: the atoms on one side, the energy along the way on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.plot.palette import ACCENT, INK, NATIVE, REST, axes_or_new, axis, layout
from spinfunnel.plot.picture import Picture

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D
    from plotly.graph_objects import Figure

    from spinfunnel.explore.smooth.pathway import Pathway

__all__ = ["pathway_movie", "pathway_movie_caption", "pathway_movie_figure", "pathway_picture"]

Floats = NDArray[np.float64]

MOST_FRAMES = 150
"""Frames that are shown; of more, some evenly chosen, with all minima and saddles."""
NEIGHBOURS = 1.3
"""Longest bond drawn, over the median distance of nearest neighbours."""
PAUSE = 70
"""Milliseconds for each frame."""


def pathway_movie_caption(way: Pathway) -> str:
    """Say what is shown, and which heights are on the way."""
    saddles = len(way.saddles)
    noun = "saddle" if saddles == 1 else "saddles"
    top = float(way.energies.max())
    return (
        f"The lowest known way between the two lowest minima, {way.energies[0]:.6g} and {way.energies[-1]:.6g}: over "
        f"{saddles} {noun}, the highest at {top:.6g}, that is {top - way.energies[0]:.4g} and "
        f"{top - way.energies[-1]:.4g} above them. From each saddle the steepest descent is followed both ways. "
        "The lighter an atom, the further it moves in all; lines join neighbours."
    )


def pathway_movie(way: Pathway, ax: Axes3D | None = None) -> Axes3D:
    """Draw the atoms at the highest saddle, with the lines along which they move."""
    axes: Any = axes_or_new(ax, size=(5.6, 4.6), projection="3d")
    frames = way.positions.reshape(len(way.energies), -1, 3)
    top = int(way.energies.argmax())
    colours = _colours(frames)
    for atom in range(frames.shape[1]):
        axes.plot(*frames[:, atom].T, color=ACCENT, lw=1.2, alpha=0.7)
    x, y, z = _bonds(frames[top])
    axes.plot(*(np.array(each, float) for each in (x, y, z)), color=REST, lw=1.0)
    axes.scatter(*frames[top].T, s=220, c=colours, edgecolors=INK, linewidths=0.6, depthshade=False)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(f"highest saddle, {way.energies[top]:.6g}", fontsize=10)
    return axes


def pathway_movie_figure(way: Pathway) -> Figure:
    """Draw the movie with Plotly: a button that plays it, and a slider."""
    import plotly.graph_objects as go

    shown = _shown(way)
    frames = way.positions.reshape(len(way.energies), -1, 3)
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(way.positions, axis=0), axis=1).cumsum()])
    figure = go.Figure(_moving(frames, along, way.energies, int(shown[0])))
    figure.add_scatter(
        x=along,
        y=way.energies,
        mode="lines",
        line={"color": NATIVE, "width": 2},
        hoverinfo="skip",
        xaxis="x",
        yaxis="y",
    )
    marked = sorted((*way.minima, *way.saddles))
    figure.add_scatter(
        x=along[marked], y=way.energies[marked], mode="markers", marker={"color": NATIVE, "size": 6},
        hovertemplate="energy %{y:.6g}<extra></extra>",
    )  # fmt: skip
    figure.frames = [
        go.Frame(data=_moving(frames, along, way.energies, number), traces=[0, 1, 2], name=str(number))
        for number in shown.tolist()
    ]
    reach = 1.05 * float(np.abs(frames).max())
    hidden = {"visible": False, "range": [-reach, reach]}
    scene = {"xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "cube", "domain": {"x": [0.0, 0.56]}}
    timing = {"frame": {"duration": PAUSE, "redraw": True}, "transition": {"duration": 0}, "fromcurrent": True}
    still = timing | {"frame": {"duration": 0, "redraw": True}, "mode": "immediate"}
    play = {"label": "play", "method": "animate", "args": [None, timing]}
    halt = {"label": "pause", "method": "animate", "args": [[None], still]}
    steps = [
        {"label": f"{way.energies[number]:.5g}", "method": "animate", "args": [[str(number)], still]}
        for number in shown.tolist()
    ]
    buttons = {"type": "buttons", "direction": "left", "x": 0.0, "y": -0.02, "xanchor": "left", "yanchor": "top",
               "pad": {"t": 4}, "buttons": [play, halt], "showactive": False}  # fmt: skip
    slider = {"steps": steps, "x": 0.24, "len": 0.76, "y": -0.02, "yanchor": "top", "pad": {"t": 4},
              "currentvalue": {"prefix": "energy ", "font": {"size": 12}}, "ticklen": 0, "minorticklen": 0,
              "font": {"color": "rgba(0,0,0,0)", "size": 1}}  # fmt: skip
    figure.update_layout(
        layout(
            scene=scene, showlegend=False, margin={"l": 0, "r": 8, "t": 8, "b": 84}, updatemenus=[buttons],
            sliders=[slider], xaxis=axis("way", domain=[0.68, 1.0]), yaxis=axis("energy", domain=[0.12, 1.0]),
        )
    )  # fmt: skip
    return figure


def _moving(frames: Floats, along: Floats, energies: Floats, number: int) -> list[Any]:
    """Traces that change: atoms, bonds and the place on the energy curve."""
    import plotly.graph_objects as go

    atoms = np.round(frames[number], 4)
    x, y, z = _bonds(atoms)
    size = max(8, 34 - 2 * int(len(atoms) ** 0.5) * 2)
    return [
        go.Scatter3d(
            x=atoms[:, 0], y=atoms[:, 1], z=atoms[:, 2], mode="markers", hoverinfo="skip",
            marker={"size": size, "color": _colours(frames), "line": {"color": INK, "width": 1}},
        ),
        go.Scatter3d(x=x, y=y, z=z, mode="lines", line={"color": REST, "width": 4}, hoverinfo="skip"),
        go.Scatter(
            x=[float(along[number])], y=[float(energies[number])], mode="markers",
            marker={"color": ACCENT, "size": 13}, hoverinfo="skip",
        ),
    ]  # fmt: skip


def _shown(way: Pathway) -> NDArray[np.int64]:
    """Frames that are shown."""
    count = len(way.energies)
    even = np.linspace(0, count - 1, min(count, MOST_FRAMES)).round().astype(np.int64)
    return np.unique(np.concatenate([even, np.array([*way.minima, *way.saddles], np.int64)]))


def _colours(frames: Floats) -> list[str]:
    """One colour for each atom, by how far it moves in all: those that move most stand out."""
    from spinfunnel.plot.palette import HEIGHTS

    moved = np.linalg.norm(np.diff(frames, axis=0), axis=2).sum(axis=0)
    rank = moved / max(float(moved.max()), 1e-300)
    return [HEIGHTS[round(float(share) * (len(HEIGHTS) - 1))] for share in rank]


def _bonds(atoms: Floats) -> tuple[list[float | None], ...]:
    """Coordinates of the lines between neighbours, None between two lines."""
    apart = np.linalg.norm(atoms[:, None] - atoms[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    first, second = np.nonzero(np.triu(apart <= NEIGHBOURS * np.median(apart.min(axis=1))))
    lines: list[list[float | None]] = [[], [], []]
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        for place in range(3):
            lines[place] += [float(atoms[one, place]), float(atoms[other, place]), None]
    return tuple(lines)


def pathway_picture(way: Pathway | str) -> Picture:
    """Return the movie of a pathway; of a text, which says why there is none, the picture that is not drawn."""

    def caption(_graph: BasinGraph) -> str:
        if isinstance(way, str):
            raise InputError(way)
        return pathway_movie_caption(way)

    return Picture(
        "pathway",
        "Pathway",
        lambda _graph, ax=None: None if isinstance(way, str) else pathway_movie(way, ax),
        lambda _graph: None if isinstance(way, str) else pathway_movie_figure(way),
        caption,
        "how atoms move between the two lowest minima",
        "Page, McIver, J. Chem. Phys. 88, 922 (1988)",
        flat=False,
        tab="dynamics",
        energy="y",
    )
