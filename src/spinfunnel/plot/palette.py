"""One look for all pictures: colours that colour-blind readers can tell apart, fonts, funnel colours.

The qualitative colours are those of Okabe and Ito (jfly.uni-koeln.de/color, 2008), ordered so that neighbours differ
in lightness as well as in hue.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import BasinGraph
from spinfunnel.measure.funnel import funnel_of
from spinfunnel.plot.unknown import MOST_UNKNOWN, unknown_weight

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ACCENT",
    "FUNNELS",
    "INK",
    "REST",
    "FunnelColours",
    "axes_or_new",
    "funnel_colours",
    "key_text",
    "layout",
    "tidy",
]

NATIVE = "#0072b2"
FUNNELS = (NATIVE, "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Colours of the funnels: the native one first, the others by weight."""
REST = "#8d929b"
"""Colour of all further funnels, legible on white and on near-black."""
ACCENT = "#d55e00"
INK = "#22262e"
GRID = "rgba(128,134,146,0.25)"
HEIGHTS = ("#0b2559", "#155f9e", "#3a97b5", "#82c4b0", "#cfe0ab", "#faf3cf")
"""Colours of energies from low to high: lightness rises throughout, which survives grey print and colour blindness."""


@dataclass(frozen=True, slots=True, eq=False)
class FunnelColours:
    """Which colour each minimum is drawn in.

    Attributes
    ----------
    group : array of int64, shape (m,)
        Number of the colour of each minimum: 0 the native funnel, then by weight, the last one for all the rest.
    colours, labels : tuple of str
        One for each group that occurs in the graph.
    """

    group: NDArray[np.int64]
    colours: tuple[str, ...]
    labels: tuple[str, ...]


def funnel_colours(graph: BasinGraph) -> FunnelColours:
    """Colour minima by funnel: the native funnel first, then the heaviest, the remainder in grey.

    The labels say what share each holds, but for a sampled map that leaves more than a tenth of the weight open.

    Raises
    ------
    InputError
        From `funnel_of`.
    """
    funnel = np.asarray(funnel_of(graph))
    bottoms, member = np.unique(funnel, return_inverse=True)
    weight = np.bincount(member, weights=graph.weight, minlength=len(bottoms))
    order = np.lexsort((bottoms, -weight, ~graph.native[bottoms]))
    rank = np.empty(len(bottoms), np.int64)
    rank[order] = np.arange(len(bottoms))
    single = len(FUNNELS)
    group = np.minimum(rank, single)[member]
    used = min(len(bottoms), single + 1)
    total = weight.sum() or 1.0
    labels = []
    known = unknown_weight(graph) <= MOST_UNKNOWN
    for place in range(used):
        if place == single:
            rest = order[single:]
            labels.append(f"{len(rest):,} more" + (f", {_share(weight[rest].sum() / total)}" if known else ""))
        else:
            title = "native funnel" if graph.native[bottoms[order[place]]] else "funnel"
            labels.append(title + (f", {_share(weight[order[place]] / total)}" if known else ""))
    return FunnelColours(group, (*FUNNELS, REST)[:used], tuple(labels))


def _share(value: float) -> str:
    if value == 0.0:
        return "0 %"
    return "< 0.1 %" if 0 < value < 5e-4 else f"{100 * value:.1f} %" if value < 0.0995 else f"{100 * value:.0f} %"


def axes_or_new(ax: Axes | None, *, size: tuple[float, float], projection: str | None = None) -> Axes:
    """Return the axes given, or new ones of this size (inches) in a figure that keeps labels apart."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=size, layout="constrained")
    return figure.add_subplot(projection=projection)


def tidy(ax: Axes) -> None:
    """Draw only the spines that carry a scale."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=3, color=REST)


def layout(**more: Any) -> dict[str, Any]:
    """Plotly layout that all figures share: no frame, no background, room for labels."""
    shared: dict[str, Any] = {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 13, "color": INK},
        "margin": {"l": 64, "r": 16, "t": 16, "b": 52},
        "hoverlabel": {"align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": REST, "activecolor": NATIVE, "orientation": "v"},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left", "font": {"size": 12}},
    }
    return shared | more


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Plotly axis in the shared look."""
    shared: dict[str, Any] = {
        "title": {"text": title, "standoff": 8},
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": REST,
        "ticks": "outside",
        "tickcolor": REST,
        "automargin": True,
    }
    return shared | more


def key_text(key: str, *, width: int = 40) -> str:
    """Key of a minimum as text that Plotly shows literally, cut in the middle when long."""
    text = key if len(key) <= width else f"{key[: width // 2]}…{key[-width // 2 :]}"
    return html.escape(text)
