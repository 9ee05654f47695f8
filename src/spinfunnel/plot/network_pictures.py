"""Pictures of a network's solutions for the report: where they lie, what joins them, how they generalise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinfunnel.network.portrait import PlaneView, Portrait
from spinfunnel.network.solutions import Solutions, alignment_sentence
from spinfunnel.plot.curvature_pictures import curvature_pictures
from spinfunnel.plot.curves import Curve, Sheet, contours, contours_figure, curves, curves_figure
from spinfunnel.plot.palette import ACCENT, NATIVE, REST
from spinfunnel.plot.picture import Picture

__all__ = ["network_pictures"]


def network_pictures(seen: Portrait) -> tuple[Picture, ...]:
    """All pictures of a network, with those of the null beside where there is one."""
    made = [_lines(seen)]
    if seen.plane is not None:
        made.append(_sheet(seen.found, seen.plane))
    if any(pair.curved is not None for pair in seen.found.pairs):
        made.append(_ways(seen.found))
    if len(seen.found.test):
        made.append(_generalisation(seen.found, seen.others))
    if seen.curvature is not None:
        made += curvature_pictures(seen.curvature)
    return tuple(made)


def _picture(
    name: str, title: str, given: Sequence[Curve], *, axes: tuple[str, str], caption: str, source: str
) -> Picture:
    return Picture(
        name,
        title,
        lambda _graph, ax=None: curves(given, ax, title=axes),
        lambda _graph: curves_figure(given, title=axes),
        lambda _graph: caption,
        title.lower(),
        source,
        energy="y" if axes[1] == "energy" else "",
    )


def _lines(seen: Portrait) -> Picture:
    """Interpolation from the start to the solution, real labels and shuffled ones."""
    words = ["these labels", *["shuffled labels"] * (len(seen.lines) - 1)]
    colours = [NATIVE, *[REST] * (len(seen.lines) - 1)]
    given = [
        Curve(line.place, line.energy, colour, label)
        for line, colour, label in zip(seen.lines, colours, words, strict=True)
    ]
    caption = (
        "Energy along the straight line from a random start (0) to the solution that training found from there (1). "
        f"Largest rise on the way: {_said(seen.lines[0].rise)}. "
        "A line that only falls is seen on shuffled labels as well: alone it is weak evidence for a funnel."
    )
    return _picture(
        "interpolation",
        "From a start to a solution",
        given,
        axes=("share of the way, α", "energy"),
        caption=caption,
        source="Goodfellow, Vinyals, Saxe, ICLR (2015); Lucas et al., ICML (2021)",
    )


def _said(measurement: Any) -> str:
    return f"{measurement.value:.3g}" if hasattr(measurement, "value") else str(measurement)


def _sheet(found: Solutions, view: PlaneView) -> Picture:
    """Plane through the three lowest solutions, or a random one where there are fewer."""
    if view.through_solutions:
        source = "Garipov et al., NeurIPS (2018)"
        what = f"the plane through the three lowest solutions, units {'not ' * bool(found.reason)}aligned"
        titles = ("distance", "distance")
    else:
        source = "Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018)"
        what = "a random plane through the lowest solution, each filter's direction as long as the filter"
        titles = ("first direction", "second direction")
    drawn_sheet = Sheet(view.axes[0], view.axes[1], view.energy, view.marks, view.labels, titles)
    blank = f" At {view.not_finite} points it is no finite number; they are left blank." * bool(view.not_finite)
    points = len(view.energy)
    caption = (
        f"Energy on {what}: {points} x {points} points, each the energy of the very weights at its place.{blank} A "
        f"plane is two dimensions of {view.dimension}: a random one hides saddles, which it meets but by chance, "
        f"and ridges here are passed by bent paths that leave it. {_off_the_plane(found)}"
    )
    return Picture(
        "loss_surface",
        "Loss surface",
        lambda _graph, ax=None: contours(drawn_sheet, ax),
        lambda _graph: contours_figure(drawn_sheet),
        lambda _graph: caption,
        "energy on a plane through solutions",
        source,
    )


def _off_the_plane(found: Solutions) -> str:
    """What the map of the whole space found between solutions, in a sentence."""
    pairs = [pair for pair in found.pairs if pair.curved is not None]
    if not pairs:
        return "The map of the whole space has one minimum, and no saddle."
    straight_rise = max(pair.linear.barrier for pair in pairs) / found.scale
    rise = max(min(pair.aligned.barrier, pair.curved.barrier) for pair in pairs if pair.curved) / found.scale
    return (
        f"In the whole space {len(pairs)} pairs of solutions were joined: straight paths rise by up to "
        f"{100 * straight_rise:.2g} % of the energy scale, the lowest paths found by up to {100 * rise:.2g} %."
    )


def _ways(found: Solutions) -> Picture:
    given = []
    for pair in found.pairs:
        if pair.curved is None:
            continue
        for path, colour, label in (
            (pair.linear, REST, "straight"),
            (pair.aligned, ACCENT, "straight, units aligned"),
            (pair.curved, NATIVE, "lowest path found"),
        ):
            given.append(Curve(path.place, path.energy, colour, label, "thin"))
    caption = (
        "Energy on the way between pairs of solutions: straight; straight after renaming units so that they lie near "
        "each other; and on the lowest path found (an elastic band). A path's top bounds the saddle from above."
        f"{f' Here {alignment_sentence(found.reason)}.' * bool(found.reason)}"
    )
    return _picture(
        "connectivity",
        "Between solutions",
        given,
        axes=("share of the way", "energy"),
        caption=caption,
        source="Draxler et al., ICML (2018); Ainsworth, Hayase, Srinivasa, ICLR (2023)",
    )


def _generalisation(found: Solutions, others: Sequence[Solutions]) -> Picture:
    given = [Curve(found.train, found.test, NATIVE, "these labels", "points")]
    given += [Curve(one.train, one.test, REST, "shuffled labels", "points") for one in others if len(one.test)]
    caption = (
        "Training and test loss (without weight decay) of every solution. Shuffled labels have nothing to generalise: "
        "their test loss shows what is memorised."
    )
    return _picture(
        "generalisation",
        "Training and test loss",
        given,
        axes=("training loss", "test loss"),
        caption=caption,
        source="Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)",
    )
