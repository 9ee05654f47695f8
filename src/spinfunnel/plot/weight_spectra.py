"""The eigenvalues of each layer's weights and their power-law tails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.plot.palette import FUNNELS, axes_or_new, axis, key_text, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

    from spinfunnel.network import LayerSpectrum

__all__ = ["weight_spectra", "weight_spectra_caption", "weight_spectra_figure"]


def weight_spectra_caption(spectra: Sequence[LayerSpectrum]) -> str:
    """Say what is drawn, with each exponent, its interval, and whether a power law is plausible at all."""
    parts = []
    for layer in _drawn(spectra):
        fit = layer.power_law
        if isinstance(fit, NoAnswer):
            parts.append(f"{layer.name}: {fit.cause}")
        else:
            verdict = "plausible" if fit.plausible >= 0.1 else "rejected, so that alpha describes nothing"
            parts.append(f"{layer.name}: alpha {fit.alpha} from {fit.tail} eigenvalues ({verdict})")
    return (
        "Share of eigenvalues of W W' above a value, layer by layer, and the tails x^-alpha fitted to them (dashed). "
        f"{'; '.join(parts)}."
    )


def weight_spectra(spectra: Sequence[LayerSpectrum], ax: Axes | None = None) -> Axes:
    """Draw the share of eigenvalues above a value, and the fitted tails."""
    axes = axes_or_new(ax, size=(5.8, 4.0))
    for number, layer in enumerate(_drawn(spectra)):
        colour = FUNNELS[number % len(FUNNELS)]
        x, share = _above(layer)
        axes.step(x, share, where="post", color=colour, lw=1.4, label=layer.name)
        if not isinstance(layer.power_law, NoAnswer):
            axes.plot(*_tail(layer), "--", color=colour, lw=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("eigenvalue of W W'")
    axes.set_ylabel("share above")
    axes.legend(frameon=False, fontsize=9)
    tidy(axes)
    return axes


def weight_spectra_figure(spectra: Sequence[LayerSpectrum]) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, layer in enumerate(_drawn(spectra)):
        colour = FUNNELS[number % len(FUNNELS)]
        x, share = _above(layer)
        line = {"color": colour, "width": 2, "shape": "hv"}
        figure.add_scatter(x=x, y=share, mode="lines", line=line, name=key_text(layer.name), legendgroup=layer.name)
        if not isinstance(layer.power_law, NoAnswer):
            tail, fit = _tail(layer)
            dashes = {"color": colour, "width": 1.5, "dash": "dash"}
            figure.add_scatter(
                x=tail, y=fit, mode="lines", line=dashes, showlegend=False, legendgroup=layer.name, hoverinfo="skip"
            )
    abscissa, ordinate = axis("eigenvalue of W W'", type="log"), axis("share above", type="log")
    figure.update_layout(layout(xaxis=abscissa, yaxis=ordinate))
    return figure


def _drawn(spectra: Sequence[LayerSpectrum]) -> list[LayerSpectrum]:
    found = [layer for layer in spectra if layer.eigenvalues[0] > 0.0]
    if not found:
        raise InputError("no layer has weights other than zero; there is nothing to draw")
    return found


def _above(layer: LayerSpectrum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.sort(layer.eigenvalues[layer.eigenvalues > 1e-12 * layer.eigenvalues[0]])
    return x, 1.0 - np.arange(len(x)) / len(x)


def _tail(layer: LayerSpectrum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    fit = layer.power_law
    assert not isinstance(fit, NoAnswer)  # noqa: S101 - the callers have looked
    x, _ = _above(layer)
    tail = np.geomspace(fit.smallest, x[-1], 50)
    return tail, fit.tail / len(x) * (tail / fit.smallest) ** (1.0 - fit.alpha.value)
