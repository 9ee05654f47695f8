"""Free energy along the overlap with the native state, with the energy and the entropy that compete in it.

Onuchic, Luthey-Schulten, Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997); Socci, Onuchic, Wolynes, J. Chem. Phys. 104,
5860 (1996).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph, InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure.free_energy import HALF, SAME, FreeEnergy, FreeEnergyProfile, barrier_between
from spinfunnel.measure.free_energy import free_energy as profiles_of
from spinfunnel.measure.native_ensemble import NativeEnsemble, folding_of
from spinfunnel.measure.outcome import Topography
from spinfunnel.plot.palette import ACCENT, INK, NATIVE, REST, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["folding_way", "free_energy", "free_energy_caption", "free_energy_figure"]

RATIOS = ((0.6, NATIVE), (1.0, INK), (1.6, ACCENT))
"""Temperatures in units of the folding temperature, with their colours from cold to hot."""

FLAT = 0.005
"""Rise over Tf that is no rise."""

CEILING = 30.0
"""Height in units of T at which curves are cut off: a weight of 1e-13 is not seen."""

_OVERLAP = "overlap Q with the native state"
_FREE = "F(Q, T) / T above its lowest"


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """One temperature: its profile, colour and name."""

    profile: FreeEnergyProfile
    colour: str
    name: str

    @property
    def height(self) -> NDArray[np.float64]:
        """``-ln P(Q)`` above its lowest."""
        free = self.profile.free_energy
        return np.asarray((free - free.min()) / self.profile.temperature)


def free_energy_caption(graph: BasinGraph) -> str:
    """Say what the curves show, and whether folding is downhill.

    Raises
    ------
    InputError
        Where the map has no histogram of overlap and energy, or no folding temperature.
    """
    states, ensemble, tf = _read(graph)
    border = HALF if ensemble.border is None else ensemble.border
    cut = f" Cut off at {CEILING:g}." if _top(_curves(graph)[0]) == CEILING else ""
    way = folding_way(states.at(tf.value), border=border)
    return (
        f"Free energy of the states at each overlap with the native ones, over T, at the measured folding temperature"
        f" Tf = {tf.value:.4g}, where the native ensemble holds half of the weight, below and above it. At Tf folding"
        f" goes {way}. Beside it the mean energy and the entropy of those states; grey: all states alike (T = ∞).{cut}"
    )


def folding_way(profile: FreeEnergyProfile, *, border: float) -> str:
    """How the way from the unfolded basin to the native one runs at the folding temperature, in words.

    "Downhill all the way" is said only of a curve that rises nowhere on it.

    Examples
    --------
    >>> rise = np.array([0.0, 1.0, 2.0])
    >>> folding_way(FreeEnergyProfile(1.0, np.array([0.2, 0.5, 0.9]), rise, rise, rise, 0 * rise), border=0.5)
    'uphill by 2 Tf, without a barrier on the way back'
    """
    free, t = profile.free_energy, profile.temperature
    unfolded, top, native = barrier_between(free, profile.overlap <= border + SAME)
    barrier = profile.barrier(border) / t
    if barrier >= FLAT:
        return f"over a barrier of {barrier:.2g} Tf"
    rise = float(free[top] - free[unfolded]) / t
    if rise >= FLAT:
        return f"uphill by {rise:.2g} Tf, without a barrier on the way back"
    way = free[min(unfolded, native) : max(unfolded, native) + 1]
    way = way if unfolded <= native else way[::-1]
    bump = float(np.max(way - np.minimum.accumulate(way), initial=0.0)) / t
    return (
        "downhill all the way to the native basin"
        if bump < FLAT
        else f"downhill, except for bumps of up to {bump:.2g} Tf"
    )


def _read(graph: BasinGraph) -> tuple[FreeEnergy, NativeEnsemble, Estimate]:
    states, found = profiles_of(graph), folding_of(Topography(graph))
    if isinstance(states, NoAnswer):
        raise InputError(states.cause)
    if isinstance(found, NoAnswer):
        raise InputError(found.cause)
    return states, *found


def _curves(graph: BasinGraph) -> tuple[list[_Curve], FreeEnergyProfile]:
    states, _, tf = _read(graph)
    curves = [
        _Curve(states.at(ratio * tf.value), colour, "T = Tf" if ratio == 1.0 else f"T = {ratio:g} Tf")
        for ratio, colour in RATIOS
    ]
    return curves, states.at(np.inf)


def _top(curves: list[_Curve]) -> float:
    return min(CEILING, 1.05 * max(1.0, *(float(curve.height.max()) for curve in curves)))


def free_energy(graph: BasinGraph, ax: Axes | None = None) -> Axes:
    """Draw F(Q, T) at several temperatures, with U(Q, T) and S(Q, T) in panels beside it.

    Parameters
    ----------
    graph : BasinGraph
        With a histogram of overlap and energy.
    ax : matplotlib.axes.Axes, optional
        Made where absent; its place in the figure is divided into three.

    Returns
    -------
    matplotlib.axes.Axes
        That of the free energy.

    Raises
    ------
    InputError
        See `free_energy_caption`.
    """
    curves, hot = _curves(graph)
    axes = axes_or_new(ax, size=(7.6, 4.2))
    place = axes.get_subplotspec()
    if place is None:
        raise InputError("the free energy is drawn in three panels: give axes made by add_subplot")
    grid = place.subgridspec(2, 2, width_ratios=(1.7, 1.0))
    axes.set_subplotspec(grid[:, 0])
    energy, entropy = (axes.figure.add_subplot(grid[row, 1]) for row in (0, 1))
    for curve in curves:
        bold = 2.4 if curve.profile.temperature == curves[1].profile.temperature else 1.5
        across = curve.profile.overlap
        axes.plot(across, curve.height, color=curve.colour, lw=bold, marker="o", ms=bold + 1.0, label=curve.name)
        energy.plot(curve.profile.overlap, curve.profile.energy, color=curve.colour, lw=bold)
        entropy.plot(curve.profile.overlap, curve.profile.entropy, color=curve.colour, lw=bold)
    energy.plot(hot.overlap, hot.energy, color=REST, lw=1.4, ls="--", label="T = ∞")
    entropy.plot(hot.overlap, hot.entropy, color=REST, lw=1.4, ls="--")
    axes.set(xlabel=_OVERLAP, ylabel=_FREE)
    axes.set_ylim(0.0, _top(curves))
    energy.set(ylabel="energy U(Q, T)")
    energy.tick_params(labelbottom=False)
    entropy.set(xlabel="overlap Q", ylabel="entropy S(Q, T)")
    for panel in (axes, energy, entropy):
        panel.grid(alpha=0.25, lw=0.6)
        tidy(panel)
    axes.legend(frameon=False, fontsize=9)
    energy.legend(frameon=False, fontsize=8)
    return axes


def free_energy_figure(graph: BasinGraph) -> Figure:
    """Draw the same as a Plotly figure; see `free_energy`."""
    import plotly.graph_objects as go

    curves, hot = _curves(graph)
    figure = go.Figure()
    panels = (("height", "x", "y", "F / T"), ("energy", "x2", "y2", "U"), ("entropy", "x3", "y3", "S"))
    for column, across, up, letter in panels:
        for curve in curves:
            values = curve.height if column == "height" else getattr(curve.profile, column)
            figure.add_scatter(
                x=curve.profile.overlap,
                y=values,
                xaxis=across,
                yaxis=up,
                mode="lines+markers" if column == "height" else "lines",
                line={"color": curve.colour, "width": 3 if curve.name == "T = Tf" else 1.8},
                name=curve.name,
                legendgroup=curve.name,
                showlegend=column == "height",
                hovertemplate=f"{curve.name}<br>Q = %{{x:.3g}}<br>{letter} = %{{y:.4g}}<extra></extra>",
            )
        if column != "height":
            figure.add_scatter(
                x=hot.overlap,
                y=getattr(hot, column),
                xaxis=across,
                yaxis=up,
                mode="lines",
                line={"color": REST, "width": 1.6, "dash": "dash"},
                name="T = ∞",
                legendgroup="hot",
                showlegend=column == "energy",
                hovertemplate=f"T = ∞<br>Q = %{{x:.3g}}<br>{letter} = %{{y:.4g}}<extra></extra>",
            )
    figure.update_layout(
        layout(
            xaxis=axis(_OVERLAP, domain=[0.0, 0.56]),
            yaxis=axis(_FREE, range=[0.0, _top(curves)]),
            xaxis2=axis("", domain=[0.72, 1.0], anchor="y2", showticklabels=False),
            yaxis2=axis("U(Q, T)", domain=[0.56, 1.0], anchor="x2", nticks=5),
            xaxis3=axis("Q", domain=[0.72, 1.0], anchor="y3"),
            yaxis3=axis("S(Q, T)", domain=[0.0, 0.44], anchor="x3", nticks=5),
        )
    )
    return figure
