"""The loss along straight lines between weights: Goodfellow's interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.plot.palette import ACCENT, NATIVE, axes_or_new, axis, layout, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

    from spinfunnel.network import Interpolation

__all__ = ["loss_line", "loss_line_caption", "loss_line_figure"]


def loss_line_caption(line: Interpolation) -> str:
    """Say what is drawn, with min-Delta and barrier."""
    _check(line)
    figures = []
    for name, found in (("largest rise (min-Delta)", line.min_delta), ("barrier above the chord", line.barrier)):
        figures.append(f"{name} {found.value:.3g}" if isinstance(found, Estimate) else f"{name}: {found.cause}")
    return (
        f"Loss of {line.name} along the straight line from a = 0 to a = 1, {len(line.alpha)} points: "
        f"{'; '.join(figures)}. A line that only falls is seen on random labels, too, and is weak evidence of a funnel."
    )


def loss_line(line: Interpolation, ax: Axes | None = None) -> Axes:
    """Draw energy, and test loss where there is one, along the line."""
    _check(line)
    axes = axes_or_new(ax, size=(5.6, 3.8))
    axes.plot(
        line.alpha, np.where(np.isfinite(line.energy), line.energy, np.nan), color=NATIVE, lw=1.8, label="training"
    )
    if len(line.test):
        axes.plot(line.alpha, line.test, "--", color=ACCENT, lw=1.6, label="test")
        axes.legend(frameon=False)
    for end in (0.0, 1.0):
        axes.axvline(end, color="#8d929b", lw=0.8, ls=":")
    axes.set_xlabel("a, from the first weights (0) to the second (1)")
    axes.set_ylabel("loss")
    tidy(axes)
    return axes


def loss_line_figure(line: Interpolation) -> Figure:
    """Draw the same as a Plotly figure."""
    import plotly.graph_objects as go

    _check(line)
    figure = go.Figure()
    for name, values, colour, dash in (("training", line.energy, NATIVE, "solid"), ("test", line.test, ACCENT, "dash")):
        if len(values):
            drawn = np.where(np.isfinite(values), values, np.nan)
            figure.add_scatter(
                x=line.alpha, y=drawn, mode="lines", name=name, line={"color": colour, "width": 2, "dash": dash}
            )
    figure.update_layout(layout(xaxis=axis("a, from the first weights (0) to the second (1)"), yaxis=axis("loss")))
    return figure


def _check(line: Interpolation) -> None:
    if not np.isfinite(line.energy).any():
        raise InputError("the loss is nowhere on this line a finite number; there is nothing to draw")
