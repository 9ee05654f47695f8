"""The funnel terrain: the essay's picture, made from data.

A surface with exactly the landscape's barrier tree: height is energy, area is basin weight, the
native state in the middle, passes at the saddles' true heights (`relief`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.tree import merge_tree
from spinfunnel.plot.branch import Branches, branches
from spinfunnel.plot.palette import ACCENT, HEIGHTS, INK, axes_or_new, key_text, layout
from spinfunnel.plot.relief import SMALLEST, Relief, basin_shares, relief
from spinfunnel.plot.unknown import MOST_UNKNOWN, unknown_weight

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D
    from plotly.graph_objects import Figure

__all__ = [
    "funnel_terrain",
    "funnel_terrain_caption",
    "funnel_terrain_figure",
    "pruned_weight",
    "terrain",
    "terrain_obstacle",
]

LIMIT = 150
"""Pits drawn unless told otherwise; more of them are too small to be seen."""
WALL = "#c3c7ce"
"""Colour of the cut face of the block in which a terrain lies."""
ROUGH = 600
"""Pits drawn where fewer would leave out too much."""


def terrain(
    graph: BasinGraph, *, limit: int | Literal["auto"] | None = "auto", spacing: float = 0.035
) -> tuple[Relief, Branches]:
    """Terrain of a basin graph as a mesh, with the branches that it shows.

    Parameters
    ----------
    graph : BasinGraph
    limit : int, None or "auto"
        Number of minima drawn, the most persistent ones; the others' weight goes to the basin into which they merge.
        None draws all, "auto" 150, and 600 where the others hold more than a tenth of the weight.
    spacing : float
        Distance between vertices, see `relief`.

    Raises
    ------
    InputError
        For a map without minima.
    """
    if graph.minima == 0:
        raise InputError("a map without a minimum has no terrain: explore the landscape first")
    split = _split(graph, limit=limit)
    return relief(split, graph.weight, spacing=spacing), split


def _split(graph: BasinGraph, *, limit: int | Literal["auto"] | None) -> Branches:
    """Branches that are drawn; of "auto" `LIMIT`, and `ROUGH` where those left out weigh too much to be left out."""
    tree = merge_tree(graph)
    if limit != "auto":
        return branches(tree, limit=limit)
    split = branches(tree, limit=LIMIT)
    return split if pruned_weight(split, graph.weight) <= MOST_UNKNOWN else branches(tree, limit=ROUGH)


def pruned_weight(split: Branches, weight: NDArray[np.float64]) -> float:
    """Share of the basin weight in minima without a pit of their own."""
    total = float(weight.sum())
    return 1.0 - float(weight[split.kept].sum()) / total if total > 0.0 else 0.0


def terrain_obstacle(graph: BasinGraph) -> str:
    """Why the terrain is not drawn: it would look smooth for want of what is left out or not known."""
    split = _split(graph, limit="auto")
    lost, unknown = pruned_weight(split, graph.weight), unknown_weight(graph)
    if unknown > MOST_UNKNOWN:
        return (
            f"{100 * unknown:.0f} % of the random descents end where the sampled map does not know the way on: the"
            " picture would show a bowl that nobody has seen"
        )
    if lost > MOST_UNKNOWN:
        return (
            f"{len(split.kept):,} pits can be seen, and the other {split.omitted:,} minima hold {100 * lost:.0f} % of"
            " the weight: without them the picture would be a smooth bowl, which this landscape is not known to be"
        )
    return ""


def funnel_terrain_caption(graph: BasinGraph, *, limit: int | Literal["auto"] | None = "auto") -> str:
    """Say what the terrain shows and what it leaves out."""
    split = _split(graph, limit=limit)
    text = (
        "Height is energy, and the area of a basin is its weight, the share of random states that drain into it. Pits,"
        " and the passes between them, are at their exact heights."
        if graph.saddle_exact.all()
        else "Height is energy, and the area of a basin is its weight, the share of random states that drain into it."
        " Pits are at their exact heights, passes at the lowest that were found."
    )
    text += (
        " The native state is put in the middle and what merges last outside: the rising rim is the arrangement, and no"
        " evidence for a funnel."
    )
    if split.omitted:
        text += (
            f" Drawn are the {len(split.kept):,} minima with the highest barriers; the other {split.omitted:,} are"
            " counted to the basin into which they merge."
        )
    if np.any(basin_shares(split, graph.weight) < SMALLEST):
        text += f" Basins lighter than {100 * SMALLEST:g} % are drawn with that much area, so that they can be seen."
    if len(split.kept) == 1:
        text += (
            " With one minimum there is no pass, and nothing says how its wall rises: the wall is drawn, not measured."
        )
    if split.parts > 1:
        text += (
            f" The map has {split.parts:,} parts that no saddle joins; the walls between them are as high as the rim."
        )
    return text


def funnel_terrain(
    graph: BasinGraph,
    ax: Axes3D | None = None,
    *,
    limit: int | Literal["auto"] | None = "auto",
    spacing: float = 0.035,
    elevation: float = 54.0,
    azimuth: float = -62.0,
) -> Axes3D:
    """Draw the terrain on three-dimensional Matplotlib axes.

    Parameters
    ----------
    graph : BasinGraph
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Made where absent.
    limit, spacing
        See `terrain`.
    elevation, azimuth : float
        Direction of view in degrees.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D

    Raises
    ------
    InputError
        For a map without minima.

    Notes
    -----
    Topological landscape: Weber, Bremer, Pascucci, IEEE Trans. Vis. Comput. Graph. 13, 1416 (2007).
    """
    import matplotlib as mpl
    from matplotlib.patheffects import withStroke
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    surface, _ = terrain(graph, limit=limit, spacing=spacing)
    axes: Any = axes_or_new(ax, size=(7.0, 5.4), projection="3d")
    corner = np.stack([surface.x, surface.y, surface.height], axis=1)[surface.triangles]
    low, high = float(surface.height.min()), float(surface.height.max())
    scale = mpl.cm.ScalarMappable(
        mpl.colors.Normalize(low, high), mpl.colors.LinearSegmentedColormap.from_list("heights", HEIGHTS)
    )
    colour = scale.to_rgba(corner[:, :, 2].mean(axis=1))
    colour[:, :3] *= _light(corner, low, high)[:, None]
    axes.add_collection3d(Poly3DCollection(corner, facecolors=colour, edgecolors=colour, linewidths=0.4))
    # Room above the rim moves the rim, the widest part of what is seen, to the middle of the axes.
    axes.set(xlim=(-0.95, 0.95), ylim=(-0.95, 0.95), zlim=(low, high + 0.55 * (high - low)))
    axes.set_box_aspect((1.0, 1.0, 0.775), zoom=1.3)
    axes.set_axis_off()
    axes.view_init(elev=elevation, azim=azimuth)
    bar = axes.figure.colorbar(scale, ax=axes, shrink=0.55, aspect=26, pad=0.02, label="energy")
    bar.outline.set_visible(False)
    native = surface.height[surface.pit[np.flatnonzero(surface.minimum == 0)[0]]]
    axes.plot([0, 0], [0, 0], [native, high], color=ACCENT, lw=1.6, zorder=1e6)
    name = axes.text(0, 0, high + 0.03 * (high - low), "native state", ha="center", va="bottom", zorder=1e6)
    name.set_path_effects([withStroke(linewidth=2.5, foreground="white", alpha=0.8)])
    axes.scatter([0], [0], [native], s=18, color="white", edgecolors=INK, linewidths=0.8, zorder=1e6, depthshade=False)
    drawn: Axes3D = axes
    return drawn


def _light(
    corner: np.ndarray[tuple[int, ...], np.dtype[np.float64]], low: float, high: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Brightness of each triangle under a lamp from the upper left, from 0.55 to 1."""
    scaled = corner.copy()
    scaled[:, :, 2] = (corner[:, :, 2] - low) / max(high - low, 1e-300) * 0.9
    normal = np.cross(scaled[:, 1] - scaled[:, 0], scaled[:, 2] - scaled[:, 0])
    length = np.linalg.norm(normal, axis=1)
    normal /= np.where(length > 0, length, 1.0)[:, None]
    lamp = np.array([-0.5, 0.35, 0.79])
    return np.asarray(0.55 + 0.45 * np.clip(np.abs(normal @ lamp), 0.0, 1.0))


def _wall(low: float, rim: float, *, corners: int = 96) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cut face of the block in which a terrain lies: vertices, shape (2 c, 3), and triangles, shape (2 c, 3)."""
    angle = 2.0 * np.pi * np.arange(corners) / corners
    base = low - 0.03 * (rim - low)
    rings = [np.stack([np.cos(angle), np.sin(angle), np.full(corners, height)], axis=1) for height in (rim, base)]
    here, after = np.arange(corners), (np.arange(corners) + 1) % corners
    upper = np.stack([here, after, corners + here], axis=1)
    lower = np.stack([after, corners + after, corners + here], axis=1)
    return np.concatenate(rings), np.concatenate([upper, lower])


def _block(low: float, rim: float) -> Any:
    """Draw the wall around the terrain: a block that was cut out, so that no outline looks like a funnel."""
    import plotly.graph_objects as go

    place, corner = _wall(low, rim)
    return go.Mesh3d(
        x=place[:, 0],
        y=place[:, 1],
        z=place[:, 2],
        i=corner[:, 0],
        j=corner[:, 1],
        k=corner[:, 2],
        color=WALL,
        lighting={"ambient": 0.7, "diffuse": 0.4, "specular": 0.0},
        hoverinfo="skip",
        showscale=False,
        meta="block",
    )


def funnel_terrain_figure(
    graph: BasinGraph, *, limit: int | Literal["auto"] | None = "auto", spacing: float = 0.045
) -> Figure:
    """Draw the terrain as a Plotly figure that can be turned; see `funnel_terrain`."""
    import plotly.graph_objects as go

    surface, _ = terrain(graph, limit=limit, spacing=spacing)
    low, high = float(surface.height.min()), float(surface.height.max())
    short = np.uint16 if len(surface.x) < 2**16 else np.int32  # Half the size of the page.
    corners = surface.triangles.astype(short)
    mesh = go.Mesh3d(
        x=surface.x.astype(np.float32),
        y=surface.y.astype(np.float32),
        z=surface.height.astype(np.float32),
        i=corners[:, 0],
        j=corners[:, 1],
        k=corners[:, 2],
        intensity=surface.height.astype(np.float32),
        colorscale=[[place / (len(HEIGHTS) - 1), colour] for place, colour in enumerate(HEIGHTS)],
        colorbar={
            "title": {"text": "energy", "side": "right"},
            "thickness": 10,
            "len": 0.66,
            "outlinewidth": 0,
            "x": 1.0,
            "xpad": 4,
        },
        lighting={"ambient": 0.55, "diffuse": 0.75, "specular": 0.12, "roughness": 0.7, "fresnel": 0.1},
        lightposition={"x": -2000, "y": 1500, "z": 3000},
        flatshading=False,
        hoverinfo="skip",
        showscale=True,
    )
    pit, minimum = surface.pit, surface.minimum
    text = [
        f"{'native state' if graph.native[leaf] else 'minimum'} {key_text(str(graph.key[leaf]))}"
        f"<br>energy {graph.energy[leaf]:.6g}"
        f"<br>basin weight {graph.weight[leaf]:.3g}"
        for leaf in minimum.tolist()
    ]
    first = int(np.flatnonzero(minimum == 0)[0])
    dots = go.Scatter3d(
        x=surface.x[pit],
        y=surface.y[pit],
        z=surface.height[pit],
        mode="markers",
        marker={"size": 2.5, "color": "white", "line": {"color": INK, "width": 1}},
        text=text,
        hoverinfo="text",
        customdata=minimum,
        meta="minima",
        showlegend=False,
    )
    mast = go.Scatter3d(
        x=[0, 0],
        y=[0, 0],
        z=[surface.height[pit[first]], high + 0.02 * (high - low)],
        mode="lines+text",
        line={"color": ACCENT, "width": 4},
        text=["", "native state"],
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
    )
    hidden = {"visible": False, "showspikes": False}
    scene = {
        "xaxis": hidden,
        "yaxis": hidden,
        "zaxis": hidden,
        "aspectmode": "manual",
        "aspectratio": {"x": 1.25, "y": 1.25, "z": 0.6},
        "camera": {
            "eye": {"x": 0.72, "y": -1.28, "z": 1.5},
            "center": {"x": 0, "y": 0, "z": -0.06},
        },
    }
    return go.Figure(
        [mesh, dots, mast, _block(low, surface.rim)], layout(scene=scene, margin={"l": 0, "r": 0, "t": 0, "b": 0})
    )
