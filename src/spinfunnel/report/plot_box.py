"""Pictures in the page: a Plotly figure as data, and a still image for whoever has no script or no WebGL."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Measurement
from spinfunnel.plot import Picture
from spinfunnel.report.text import escape

__all__ = ["plot_box", "script_json", "still"]


def plot_box(picture: Picture, graph: BasinGraph, *, place: int, null: Mapping[str, Measurement] | None = None) -> str:
    """HTML of one picture with its caption, or the reason why there is none; `null` holds the null's measures."""
    obstacle = picture.obstacle(graph)
    if obstacle:
        reason = f"<b>{escape(picture.title)}</b> Not drawn: {escape(obstacle)}."
        return f'<figure class="{picture.name} absent"><figcaption>{reason}</figcaption></figure>'
    name = f"{picture.name}-{place}"
    beside = {"null": null[picture.null]} if null and picture.null in null else {}
    data = script_json(picture.figure(graph, **beside))
    return (
        f'<figure class="{picture.name}"><h3>{escape(picture.title)}</h3>'
        f'<div class="plot" id="plot-{name}" data-flat="{int(picture.flat)}">'
        f'<img alt="{escape(picture.summary)}" src="{still(picture, graph, **beside)}"></div>'
        f'<script type="application/json" id="data-{name}">{data}</script>'
        f"<figcaption>{escape(picture.caption(graph))}</figcaption></figure>"
    )


def script_json(figure: Any) -> str:
    """Figure as JSON that cannot end the script element it stands in.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> "</script>" in script_json(go.Figure(layout={"title": {"text": "</script>"}}))
    False
    """
    from plotly.io import to_json

    text: str = to_json(figure, validate=False)
    for letter, code in (("<", "003c"), (">", "003e"), ("&", "0026"), ("\u2028", "2028"), ("\u2029", "2029")):
        text = text.replace(letter, f"\\u{code}")
    return text


def still(picture: Picture, graph: BasinGraph, **beside: Measurement) -> str:
    """The picture drawn by Matplotlib, as a data address of a PNG image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(6.4, 4.6), layout="constrained")
    FigureCanvasAgg(sheet)
    if picture.flat:
        axes = sheet.add_subplot()
    else:
        import mpl_toolkits.mplot3d  # noqa: F401 - makes the projection known

        axes = sheet.add_subplot(projection="3d")
    picture.draw(graph, axes, **beside)
    file = io.BytesIO()
    sheet.savefig(file, format="png", dpi=100, facecolor="white")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
