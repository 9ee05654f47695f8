"""The funnel profile: how much of the state space drains to within eps of the ground state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.coverage import coverage, reached, share_estimate
from spinfunnel.measure.outcome import Topography
from spinfunnel.measure.profile import FunnelProfile
from spinfunnel.measure.profile import funnel_profile as profile_of
from spinfunnel.plot.palette import NATIVE, REST, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

__all__ = ["funnel_profile", "funnel_profile_caption", "funnel_profile_figure", "known_band", "null_band"]

Floats = NDArray[np.float64]

_HEIGHT = "height of the funnel's bottom, ε = (E − E₀) / (⟨E⟩ − E₀)"
_WEIGHT = "share of all states, W(ε)"


def funnel_profile_caption(graph: BasinGraph) -> str:
    """Say what the curve shows, and how much of it is known."""
    profile = profile_of(graph)
    meaning = (
        "The area above the curve is the profile area: 0 for a perfect funnel. ε = 1 is the mean energy of a random"
        " state."
    )
    band = known_band(graph)
    if band is None:
        return (
            "Share of random states whose chain of lowest exits ends within ε of the ground state;"
            f" {100 * profile.weight[0]:.3g} % drain to the native state itself (ε = 0). {meaning}"
        )
    return (
        "Share of random states whose chain of lowest exits ends within ε of the ground state. The hatched band holds"
        f" the curves that the sampled map allows (95 %): to the native state itself (ε = 0) drain"
        f" {100 * band[1][0]:.3g} to {100 * band[2][0]:.3g} % of random descents. Dashed: if every exit not yet found"
        f" were the lowest one known. {meaning}"
    )


def known_band(graph: BasinGraph) -> tuple[Floats, Floats, Floats] | None:
    """Lowest and highest profile that a sampled map allows, 95 %: (eps, low, high); None where the profile is known.

    A random descent whose chain of exits is not known to its end may end at any height. At eps = 0 the two are the
    interval of the measure `funnel_weight`.

    Raises
    ------
    InputError
        Where the graph has no profile.
    """
    if graph.road != "sampled":
        return None
    topography, profile = Topography(graph), profile_of(graph)
    known = topography.shared(coverage)
    if isinstance(known, NoAnswer) or known.searches == 0:
        return profile.eps, np.zeros(len(profile.eps)), np.ones(len(profile.eps))
    found = topography.shared(reached)
    bottom = graph.energy[topography.chains.bottom]
    energies = np.unique(bottom)
    unsure = int(found.visits[~found.certain].sum())
    shares = [
        share_estimate(sure, sure + unsure, known.searches)
        for sure in (int(found.visits[found.certain & (bottom <= energy)].sum()) for energy in energies)
    ]
    eps = (energies - graph.energy[0]) / _unit(graph)
    return eps, np.array([share.low for share in shares]), np.array([share.high for share in shares])


def _unit(graph: BasinGraph) -> float:
    """Height of the mean energy of a random state."""
    if graph.census is None:
        return 1.0
    return graph.census.mean - graph.census.ground_energy or 1.0


def _steps(profile: FunnelProfile, end: float) -> tuple[Floats, Floats]:
    return np.append(profile.eps, end), np.append(profile.weight, profile.weight[-1])


def null_band(nulls: Sequence[FunnelProfile]) -> tuple[Floats, Floats, Floats]:
    """Central 95 % of an ensemble of profiles: (eps, low, high), constant from each eps to the next.

    Parameters
    ----------
    nulls : sequence of FunnelProfile
        At least one.

    Examples
    --------
    >>> curve = FunnelProfile(np.array([0.0, 0.5]), np.array([0.25, 1.0]))
    >>> [part.tolist() for part in null_band([curve, curve])]
    [[0.0, 0.5, 1.0], [0.25, 1.0, 1.0], [0.25, 1.0, 1.0]]
    """
    eps = np.unique(np.concatenate([[0.0, 1.0], *(curve.eps[curve.eps <= 1.0] for curve in nulls)]))
    if len(eps) > 2000:  # More steps than can be seen.
        eps = np.linspace(0.0, 1.0, 2001)
    rows = []
    for curve in nulls:
        place = np.searchsorted(curve.eps, eps, side="right") - 1
        rows.append(np.where(place >= 0, curve.weight[np.maximum(place, 0)], 0.0))
    low, high = np.quantile(np.array(rows), [0.025, 0.975], axis=0)
    return eps, low, high


def funnel_profile(
    graph: BasinGraph, ax: Axes | None = None, *, nulls: Sequence[FunnelProfile] = (), null: Measurement | None = None
) -> Axes:
    """Draw W(eps), with the band of a null ensemble where given.

    Parameters
    ----------
    graph : BasinGraph
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    nulls : sequence of FunnelProfile
        Profiles of the shuffled landscapes; their central 95 % are shaded.
    null : Estimate or NoAnswer, optional
        Of the shuffled landscapes W(0) alone, the measure "funnel_weight": drawn as a point with its interval.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Where the graph has no profile, see `spinfunnel.measure.funnel_profile`.
    """
    profile = profile_of(graph)
    axes = axes_or_new(ax, size=(5.6, 4.0))
    end = max(1.0, float(profile.eps[-1]))
    eps, weight = _steps(profile, end)
    if nulls:
        place, low, high = null_band(nulls)
        axes.fill_between(place, low, high, step="post", color=REST, alpha=0.35, lw=0, label="shuffled energies, 95 %")
    band = known_band(graph)
    if band is None:
        axes.fill_between(eps, weight, 1.0, step="post", color=NATIVE, alpha=0.10, lw=0)
        axes.step(eps, weight, where="post", color=NATIVE, lw=2, label="this landscape")
        axes.plot([0], [weight[0]], "o", color=NATIVE, ms=5, clip_on=False, zorder=5)
    else:
        at, low, high = (
            np.append(part, last) for part, last in zip(band, (end, band[1][-1], band[2][-1]), strict=True)
        )
        axes.fill_between(
            at, low, high, step="post", facecolor="none", edgecolor=NATIVE, hatch="///", alpha=0.5, lw=0.8,
            label="all that the map allows",
        )  # fmt: skip
        axes.step(eps, weight, where="post", color=NATIVE, lw=1.2, ls="--", label="if known exits are the lowest")
    if isinstance(null, Estimate):
        reach = [[null.value - null.low], [null.high - null.value]]
        label = "W(0) of shuffled energies"
        axes.errorbar(
            [0], [null.value], reach, fmt="s", color=REST, ms=6, capsize=5, clip_on=False, zorder=4, label=label
        )
    axes.set(xlim=(0.0, end), ylim=(0.0, 1.0), xlabel=_HEIGHT, ylabel=_WEIGHT)
    axes.margins(0)
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)
    if nulls or isinstance(null, Estimate) or band is not None:
        axes.legend(loc="lower right", frameon=False, fontsize=9)
    return axes


def _known_curve(figure: Figure, eps: Floats, weight: Floats, *, legend: bool, end: float) -> None:
    figure.add_scatter(x=[0, end], y=[1, 1], mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=eps,
        y=weight,
        mode="lines",
        line={"shape": "hv", "color": NATIVE, "width": 2.5},
        fill="tonexty",
        fillcolor="rgba(0,114,178,0.12)",
        name="this landscape",
        showlegend=legend,
        hovertemplate="ε = %{x:.3f}<br>W = %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=[0],
        y=[weight[0]],
        mode="markers",
        marker={"color": NATIVE, "size": 8},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _open_curve(
    figure: Figure, eps: Floats, weight: Floats, *, band: tuple[Floats, Floats, Floats], end: float
) -> None:
    """Band of what a sampled map allows, hatched, and the curve that it would have if known exits were the lowest."""
    at, low, high = (np.append(part, last) for part, last in zip(band, (end, band[1][-1], band[2][-1]), strict=True))
    shape = {"shape": "hv", "width": 1, "color": NATIVE}
    figure.add_scatter(x=at, y=low, mode="lines", line=shape, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=at,
        y=high,
        mode="lines",
        line=shape,
        fill="tonexty",
        fillcolor="rgba(0,114,178,0.05)",
        fillpattern={"shape": "/", "fgcolor": NATIVE, "fgopacity": 0.5, "size": 9, "solidity": 0.15},
        name="all that the map allows",
        hovertemplate="ε = %{x:.3f}<br>W at most %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=eps,
        y=weight,
        mode="lines",
        line={"shape": "hv", "color": NATIVE, "width": 1.5, "dash": "dash"},
        name="if known exits are the lowest",
        hovertemplate="ε = %{x:.3f}<br>W = %{y:.3f}<extra></extra>",
    )


def funnel_profile_figure(
    graph: BasinGraph, *, nulls: Sequence[FunnelProfile] = (), null: Measurement | None = None
) -> Figure:
    """Draw the funnel profile as a Plotly figure; see `funnel_profile`."""
    import plotly.graph_objects as go

    profile = profile_of(graph)
    end = max(1.0, float(profile.eps[-1]))
    eps, weight = _steps(profile, end)
    figure = go.Figure()
    if nulls:
        place, low, high = null_band(nulls)
        shape = {"shape": "hv", "width": 0}
        figure.add_scatter(x=place, y=low, mode="lines", line=shape, hoverinfo="skip", showlegend=False)
        figure.add_scatter(
            x=place,
            y=high,
            mode="lines",
            line=shape,
            fill="tonexty",
            fillcolor="rgba(141,146,155,0.4)",
            name="shuffled energies, 95 %",
            hoverinfo="skip",
        )
    band = known_band(graph)
    if band is None:
        _known_curve(figure, eps, weight, legend=bool(nulls) or isinstance(null, Estimate), end=end)
    else:
        _open_curve(figure, eps, weight, band=band, end=end)
    if isinstance(null, Estimate):
        figure.add_scatter(
            x=[0],
            y=[null.value],
            error_y={"array": [null.high - null.value], "arrayminus": [null.value - null.low], "width": 6},
            mode="markers",
            marker={"color": REST, "size": 8, "symbol": "square"},
            cliponaxis=False,
            name="W(0) of shuffled energies, 95 %",
            hovertemplate="shuffled energies: W(0) = %{y:.3g}<extra></extra>",
        )
    figure.update_layout(
        layout(
            xaxis=axis("ε, height of the funnel's bottom", range=[0, end]),
            yaxis=axis("W(ε), share of all states", range=[0, 1.005]),
        )
    )
    return figure
