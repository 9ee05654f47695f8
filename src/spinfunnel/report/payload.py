"""What the page's script draws from: figures, minima and their states, as compressed JSON."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape.tree import merge_tree, minimax_to
from spinfunnel.measure.funnel import funnel_of
from spinfunnel.network.solutions import Solutions
from spinfunnel.plot import Picture
from spinfunnel.plot.branch import branches
from spinfunnel.plot.energy_scale import EnergyScale, axes_on_scale, energy_scale, on_scale
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape

__all__ = ["compressed", "figure_json", "levels", "library", "minima_of", "payload", "picture_box", "still", "unpacked"]

MOST_MINIMA = 5_000
"""Minima of which a click tells more, the lowest."""
LEVELS = 400
"""Energies at which funnels are counted for the slider."""


_FOREIGN, _SAFE = b"<>&", b",./"
"""Letters of base 85 that mean something in HTML, and those that take their places."""


def compressed(text: str) -> str:
    """Text as gzip in base 85, of letters that mean nothing in HTML: a sixteenth shorter than base 64.

    Examples
    --------
    >>> unpacked(compressed("</script>"))
    '</script>'
    """
    packed = base64.b85encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0))
    return packed.translate(bytes.maketrans(_FOREIGN, _SAFE)).decode("ascii")


def unpacked(letters: str) -> str:
    """Return the text that was compressed, as the page's script does."""
    packed = letters.encode("ascii").translate(bytes.maketrans(_SAFE, _FOREIGN))
    return gzip.decompress(base64.b85decode(packed)).decode("utf-8")


@lru_cache(maxsize=1)
def library() -> str:
    """Plotly's script, compressed."""
    from plotly.offline import get_plotlyjs

    return compressed(get_plotlyjs())


def payload(study: Reported, pictures: Mapping[str, Picture], *, null: Mapping[str, Any] | None) -> str:
    """All data of one landscape as JSON."""
    scale = energy_scale(study.graph)
    figures = {
        name: lean(json.loads(figure_json(picture, study, scale=scale, null=null)))
        for name, picture in pictures.items()
    }
    data = {
        "figures": figures,
        "scale": None if scale is None else {"ground": scale.ground, "unit": scale.unit},
        "levels": levels(study),
        "minima": minima_of(study),
    }
    return json.dumps(data, allow_nan=False, separators=(",", ":"))


def figure_json(picture: Picture, study: Reported, *, scale: EnergyScale | None, null: Mapping[str, Any] | None) -> str:
    """Plotly figure of a picture as JSON, its energies on the common scale."""
    from plotly.io import to_json

    beside = {"null": null[picture.null]} if null and picture.null in null else {}
    figure = picture.figure(study.graph, **beside)
    on_scale(figure, picture.energy, scale)
    text: str = to_json(figure, validate=False)
    return text


MOST_STEPS = 1_500
"""Points of a curve: more cannot be seen."""
FINE = (1 << 14) - 1
"""Steps in which the coordinates of a mesh are carried."""


def lean(figure: dict[str, Any]) -> dict[str, Any]:
    """Figure in fewer letters: meshes as differences of whole numbers, numbers of seven digits, no text of minima.

    What is said of a minimum on hovering the page's script writes itself, from `minima_of`.
    """
    traces = []
    for trace in figure["data"]:
        mesh = trace.get("type") == "mesh3d"
        slim = {name: _slim(name, part, mesh=mesh) for name, part in trace.items()}
        if mesh:
            slim.pop("intensity", None)  # It is the height.
        elif slim.get("type") == "scatter" and slim.get("mode") == "lines":
            slim = _thinned(slim)
        if slim.get("meta") == "minima":
            slim.pop("text", None)
        traces.append(slim)
    return {**figure, "data": traces}


def _slim(name: str, part: Any, *, mesh: bool) -> Any:
    if isinstance(part, dict) and "bdata" in part:
        values = np.frombuffer(base64.b64decode(part["bdata"]), np.dtype(part["dtype"]))
        if "shape" in part:
            rows = values.reshape([int(length) for length in str(part["shape"]).split(",")])
            return [_digits(row) for row in rows]
        if mesh:
            return _packed(values)
        if values.dtype.kind in "iu":
            return [int(value) for value in values.tolist()]
        return _digits(values)
    if isinstance(part, dict):
        return {key: _slim(f"{name}.{key}", value, mesh=False) for key, value in part.items()}
    return part


def _digits(values: NDArray[Any]) -> list[float | None]:
    return [None if not math.isfinite(value) else float(f"{value:.7g}") for value in values.tolist()]


def _packed(values: NDArray[Any]) -> dict[str, Any]:
    """Numbers as differences of whole numbers: `value = low + step * sum of differences`."""
    if values.dtype.kind in "iu":
        whole, low, step = values.astype(np.int64), 0.0, 1.0
    else:
        low = float(values.min(initial=0.0))
        step = max(float(values.max(initial=0.0)) - low, 1e-300) / FINE
        whole = np.round((values - low) / step).astype(np.int64)
    return {"low": low, "step": step, "differences": np.diff(whole, prepend=0).tolist()}


def _thinned(trace: dict[str, Any]) -> dict[str, Any]:
    """Curve with at most `MOST_STEPS` points; one that is broken into pieces stays as it is."""
    x, y = trace.get("x"), trace.get("y")
    if not isinstance(x, list) or not isinstance(y, list) or len(x) <= 2 * MOST_STEPS or None in x:
        return trace
    places = np.unique(np.linspace(0, len(x) - 1, MOST_STEPS).round().astype(int)).tolist()
    return {**trace, "x": [x[place] for place in places], "y": [y[place] for place in places]}


def still(picture: Picture, study: Reported, *, null: Mapping[str, Any] | None) -> str:
    """The picture drawn by Matplotlib, as a data address of a WebP image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(6.4, 4.6), layout="constrained")
    FigureCanvasAgg(sheet)
    if picture.flat:
        axes = sheet.add_subplot()
    else:
        import mpl_toolkits.mplot3d  # noqa: F401 - makes the projection known

        axes = sheet.add_subplot(projection="3d")
    beside = {"null": null[picture.null]} if null and picture.null in null else {}
    drawn = picture.draw(study.graph, axes, **beside)
    axes_on_scale(axes if drawn is None else drawn, picture.energy, energy_scale(study.graph))
    file = io.BytesIO()
    sheet.savefig(file, format="webp", dpi=72, facecolor="white", pil_kwargs={"quality": 40, "method": 4})
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def levels(study: Reported) -> dict[str, list[float]]:
    """How many separate funnels there are below each energy, and what share of the weight there is in the native one.

    Two minima are in one funnel below an energy where a path between them stays below it.

    Returns
    -------
    dict
        "energy", ascending; "funnels", the number of connected parts; "native", the share of the basin weight below
        that lies in the part of the ground state.
    """
    graph = study.graph
    if graph.minima == 0:
        return {"energy": [], "funnels": [], "native": []}
    tree = merge_tree(graph)
    split = branches(tree)
    finite = split.death[np.isfinite(split.death)]
    top = max(float(finite.max(initial=split.birth.max())), float(split.birth.max()))
    low = float(split.birth.min())
    energy = np.linspace(low, top + 0.02 * max(top - low, 1e-12), LEVELS)
    born, died = np.sort(split.birth), np.sort(finite)
    count = np.searchsorted(born, energy, side="right") - np.searchsorted(died, energy, side="right")
    reach = np.asarray(minimax_to(tree, 0))
    reach[0] = graph.energy[0]
    order, joined = np.argsort(split.birth, kind="stable"), np.argsort(reach, kind="stable")
    below = np.append(0.0, np.cumsum(graph.weight[order]))[np.searchsorted(born, energy, side="right")]
    inside = np.append(0.0, np.cumsum(graph.weight[joined]))[np.searchsorted(reach[joined], energy, side="right")]
    share = np.divide(inside, below, out=np.zeros(LEVELS), where=below > 0.0)
    return {
        "energy": energy.tolist(),
        "funnels": [int(number) for number in count],
        "native": _rounded(np.clip(share, 0.0, 1.0), 4),
    }


def minima_of(study: Reported) -> dict[str, Any]:
    """What is told of each minimum when it is chosen: key, energy, weight, way out, and how its state is drawn."""
    graph = study.graph
    count = min(graph.minima, MOST_MINIMA)
    if count == 0:
        return {"count": 0}
    split = branches(merge_tree(graph))
    death = [None if math.isinf(value) else value for value in _rounded(split.death[:count], 8)]
    return {
        "count": count,
        "all": graph.minima,
        "key": [str(key) for key in graph.key[:count]],
        "energy": _rounded(graph.energy[:count], 9),
        "weight": _rounded(graph.weight[:count], 5),
        "funnel": [int(number) for number in np.asarray(funnel_of(graph))[:count]],
        "native": [int(number) for number in np.flatnonzero(graph.native[:count])],
        "exit": death,
        "into": [int(number) for number in split.joined[:count]],
        "state": state_form(study),
    }


def state_form(study: Reported) -> dict[str, Any]:
    """How the states of minima are drawn: spins on a lattice, a fold, atoms, losses, or coordinates."""
    graph, given = study.graph, study.landscape.parameters
    first = str(graph.key[0])
    coordinates = study.views.get("coordinates")
    if coordinates:
        some = next(iter(coordinates.values()))
        form = "atoms" if some.ndim == 2 else "point"
        return {"form": form, "of": {key: _rounded(values.ravel(), 4) for key, values in coordinates.items()}}
    solutions = Solutions.of(graph)
    if solutions is not None:
        return {"form": "losses", "of": _losses(solutions)}
    if first and set(first) <= {"0", "1"}:
        names = study.views.get("variables")
        return {"form": "spins", "shape": _shape(given, len(first)), "names": list(names) if names else None}
    if first and set(first) <= set("LRUDFB"):
        return {"form": "fold", "sequence": str(given.get("sequence", ""))}
    return {"form": "text"}


def _shape(given: Mapping[str, Any], size: int) -> list[int]:
    """Rows and columns in which spins are drawn: those of the lattice, or nearly a square."""
    shape = given.get("shape")
    if isinstance(shape, tuple | list) and math.prod(int(length) for length in shape) == size and len(shape) > 1:
        return [size // int(shape[-1]), int(shape[-1])]
    columns = math.ceil(math.sqrt(size))
    return [math.ceil(size / columns), columns]


def _losses(found: Solutions) -> dict[str, list[float | None]]:
    rows: dict[str, list[float | None]] = {}
    for place, key in enumerate(found.keys):
        train = float(found.train[place]) if len(found.train) else float(found.energy[place])
        test = float(found.test[place]) if len(found.test) else None
        rows[str(key)] = [train, test, float(found.visits[place])]
    return rows


def _rounded(values: NDArray[Any], digits: int) -> list[float]:
    """Numbers with so many digits: fewer letters to carry."""
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, float).tolist()]


def picture_box(picture: Picture, study: Reported, *, place: int, null: Mapping[str, Any] | None) -> str:
    """HTML of one picture: its still, its caption and what can be saved of it."""
    name = f"{picture.name}-{place}"
    tools = "".join(
        f'<button type="button" class="save" data-as="{form}" aria-label="Save {escape(picture.title)} as '
        f'{form.upper()}">{form.upper()}</button>'
        for form in ("png", "svg", "csv")
    )
    return (
        f'<figure class="picture {picture.name}" aria-labelledby="title-{name}"><div class="head">'
        f'<h3 id="title-{name}">{escape(picture.title)}</h3><span class="tools">{tools}</span></div>'
        f'<div class="plot" id="plot-{name}" role="group" '
        f'aria-label="{escape(picture.title)}: {escape(picture.summary)}" '
        f'data-system="{place}" data-figure="{picture.name}" data-flat="{int(picture.flat)}">'
        f'<img alt="" loading="lazy" src="{still(picture, study, null=null)}"></div>'
        f"<figcaption>{escape(picture.caption(study.graph))}</figcaption></figure>"
    )
