"""The density of states, with the folding and the glass temperature as the slopes of its tangents.

At temperature T the states that matter are those where ``d ln g / dE = 1 / T``. The line of slope 1 / Tf touches the
native level and the band of all other states; the line of slope 1 / Tg touches the band at its lower edge.

Bryngelson, Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem.
48, 545 (1997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.densities import Spectrum, all_states
from spinfunnel.measure.histograms import views_of
from spinfunnel.measure.native_ensemble import ground_state_ensemble, native_ensemble
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.thermodynamics import freezing_of
from spinfunnel.plot.palette import ACCENT, INK, NATIVE, REST, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["density_of_states", "density_of_states_caption", "density_of_states_figure"]

Floats = NDArray[np.float64]

BINS = 64
_GLASS = "#8a4f7d"
_ENERGY = "energy"
_NUMBER = "ln(number of states in the bin)"


@dataclass(frozen=True, slots=True, eq=False)
class _Tangent:
    """A line of slope 1 / T that touches the logarithm of the numbers from above."""

    name: str
    energy: Floats
    height: Floats
    colour: str
    dash: str


@dataclass(frozen=True, slots=True, eq=False)
class _Density:
    """What is drawn: edges and logarithms of the bins that hold states, the native level, the tangents."""

    edges: Floats
    height: Floats
    native: tuple[Floats, Floats]
    tangents: tuple[_Tangent, ...]
    missing: tuple[str, ...]

    @property
    def top(self) -> float:
        return 1.08 * max(1.0, float(self.height.max()), float(self.native[1].max()))


def _read(graph: BasinGraph) -> _Density:
    topography = _whole(graph)
    everything = all_states(topography)
    found = native_ensemble(topography) if graph.exact else ground_state_ensemble(topography)
    if isinstance(everything, NoAnswer):
        raise InputError(everything.cause)
    if isinstance(found, NoAnswer):
        raise InputError(found.cause)
    natives, others = found.native, found.others
    if not math.isfinite(everything.states):
        raise InputError("there are more states than a double can count")
    edges = np.linspace(everything.ground, float(everything.energy[-1] + everything.spread[-1]), BINS + 1)
    if not edges[-1] > edges[0]:
        raise InputError("every state has one energy")
    place, height = _binned(others, edges)
    native = natives.energy, np.log(natives.count)
    points = (
        np.concatenate([native[0], place[np.isfinite(height)]]),
        np.concatenate([native[1], height[np.isfinite(height)]]),
    )
    band = (place[np.isfinite(height)], height[np.isfinite(height)])
    top = 1.08 * max(1.0, float(points[1].max()))
    tangents, missing = [], []
    for answer, name, touched, colour, dash in (
        (found.tf, "Tf", points, ACCENT, "solid"),
        (freezing_of(others), "Tg", band, _GLASS, "dash"),
    ):
        if isinstance(answer, NoAnswer):
            missing.append(f"There is no {name}: {answer.cause}.")
            continue
        tangents.append(_tangent(answer, name, points=touched, edges=edges, top=top, colour=colour, dash=dash))
    return _Density(edges, height, native, tuple(tangents), tuple(missing))


def _whole(graph: BasinGraph) -> Topography:
    """The map with the density of all its states: counted where it is exact, else from histograms at temperatures."""
    topography = Topography(graph)
    if graph.exact:
        return topography
    views = views_of(topography)
    if isinstance(views, NoAnswer):
        raise InputError(views.cause)
    return views[0]


def _binned(spectrum: Spectrum, edges: Floats) -> tuple[Floats, Floats]:
    """Mean energy and logarithm of the number of states in each bin; -inf where there are none."""
    width = edges[1] - edges[0]
    number = np.clip(((spectrum.energy - edges[0]) / width).astype(np.int64), 0, BINS - 1)
    count = np.bincount(number, weights=spectrum.count, minlength=BINS)
    total = np.bincount(number, weights=spectrum.count * spectrum.energy, minlength=BINS)
    filled = count > 0
    mean = np.where(filled, total / np.where(filled, count, 1.0), 0.0)
    return mean, np.where(filled, np.log(np.where(filled, count, 1.0)), -math.inf)


def _tangent(
    answer: Estimate,
    name: str,
    *,
    points: tuple[Floats, Floats],
    edges: Floats,
    top: float,
    colour: str,
    dash: str,
) -> _Tangent:
    slope = 1.0 / answer.value
    offset = float((points[1] - slope * points[0]).max())
    # From the axis up to the top of the picture, within its sides.
    ends = np.clip(np.array([-offset, top - offset]) / slope, edges[0], edges[-1])
    return _Tangent(
        f"slope 1/{name}, {name} (measured) = {answer.value:.4g}", ends, slope * ends + offset, colour, dash
    )


def density_of_states_caption(graph: BasinGraph) -> str:
    """Say what is drawn, and what there is not.

    Raises
    ------
    InputError
        Where the map has no density of states, or too few states.
    """
    density = _read(graph)
    text = (
        f"Number of states in {BINS} bins of energy, the native states apart (star)."
        " A line of slope 1/T touches the states that matter at temperature T: at Tf the native ones and the band of"
        " all others, at Tg the lower edge of that band. The native state stands out where the first line is the"
        " flatter. Both are measured on these numbers, as Tf and Tg, measured, are in the table; the random-energy form"
        " there takes the band for normal and may differ."
    )
    if not graph.exact:
        text += " The numbers are estimates, from histograms at many temperatures."
    return " ".join((text, *density.missing))


def density_of_states(graph: BasinGraph, ax: Axes | None = None) -> Axes:
    """Draw the logarithm of the number of states against energy, with tangents of slope 1/Tf and 1/Tg.

    Parameters
    ----------
    graph : BasinGraph
        With a density of states.
    ax : matplotlib.axes.Axes, optional
        Made where absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        See `density_of_states_caption`.
    """
    density = _read(graph)
    axes = axes_or_new(ax, size=(5.6, 4.0))
    shown = np.isfinite(density.height)
    left, width = density.edges[:-1][shown], density.edges[1] - density.edges[0]
    # A bin with one state has a logarithm of 0: the sliver keeps it visible.
    sliver = 0.012 * density.top
    axes.bar(
        left, density.height[shown] + sliver, width=width, align="edge", bottom=-sliver, color=REST, alpha=0.45, lw=0
    )
    for line in density.tangents:
        axes.plot(
            line.energy, line.height, color=line.colour, lw=1.8, ls="-" if line.dash == "solid" else "--",
            label=line.name,
        )  # fmt: skip
    axes.plot(
        *density.native, "*", ms=13, color=NATIVE, mec="white", mew=0.6, clip_on=False, zorder=5, label="native states"
    )
    axes.set(xlabel=_ENERGY, ylabel=_NUMBER, ylim=(-sliver, density.top))
    axes.margins(x=0.02)
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)
    axes.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return axes


def density_of_states_figure(graph: BasinGraph) -> Figure:
    """Draw the same as a Plotly figure; see `density_of_states`."""
    import plotly.graph_objects as go

    density = _read(graph)
    shown = np.isfinite(density.height)
    width = float(density.edges[1] - density.edges[0])
    figure = go.Figure()
    sliver = 0.012 * density.top
    figure.add_bar(
        x=density.edges[:-1][shown] + 0.5 * width,
        y=density.height[shown] + sliver,
        base=-sliver,
        width=width,
        marker={"color": "rgba(141,146,155,0.45)", "line": {"width": 0}},
        customdata=np.exp(density.height[shown]),
        hovertemplate="E = %{x:.4g}<br>%{customdata:,.0f} states<extra></extra>",
        name="all other states",
    )
    for line in density.tangents:
        figure.add_scatter(
            x=line.energy,
            y=line.height,
            mode="lines",
            line={"color": line.colour, "width": 2.4, "dash": line.dash},
            name=line.name,
            hoverinfo="name",
        )
    figure.add_scatter(
        x=density.native[0],
        y=density.native[1],
        mode="markers",
        marker={"symbol": "star", "size": 14, "color": NATIVE, "line": {"color": "white", "width": 0.7}},
        cliponaxis=False,
        name="native states",
        hovertemplate="native<br>E = %{x:.6g}<extra></extra>",
    )
    figure.update_layout(
        layout(
            xaxis=axis(_ENERGY),
            yaxis=axis(_NUMBER, range=[-sliver, density.top]),
            bargap=0,
            font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        )
    )
    return figure
