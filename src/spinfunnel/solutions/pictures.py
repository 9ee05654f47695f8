"""Pictures of a network's solutions for the report: where they lie, what joins them, how they generalise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spinfunnel.landscape import InputError, Progress, no_progress
from spinfunnel.network import interpolation, plane_through, random_plane, surface
from spinfunnel.network.alignment import told
from spinfunnel.plot import Picture
from spinfunnel.plot.curves import Curve, Sheet, contours, contours_figure, curves, curves_figure
from spinfunnel.plot.palette import ACCENT, NATIVE, REST
from spinfunnel.solutions.network_curvature import Bending, bending_pictures
from spinfunnel.solutions.training_map import Solutions

__all__ = ["drawn"]


def drawn(
    found: Solutions,
    bent: Bending,
    others: Sequence[Solutions] = (),
    *,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = no_progress,
) -> tuple[Picture, ...]:
    """All pictures of a network, with those of the null beside where there is one."""
    made = [_lines(found, others, points=51 if _cheap(found) else 11 if quick else 21)]
    progress("loss surface", 0.2)
    made.append(_sheet(found, points=_points(found, quick=quick), seed=seed))
    progress("loss surface", 0.7)
    if any(pair.curved is not None for pair in found.pairs):
        made.append(_ways(found))
    if len(found.test):
        made.append(_generalisation(found, others))
    made += bending_pictures(bent)
    progress("pictures", 1.0)
    return tuple(made)


def _points(found: Solutions, *, quick: bool) -> int:
    if _cheap(found):
        return 25 if quick else 41
    return 11 if quick else 21


def _cheap(found: Solutions) -> bool:
    return found.landscape.activations * found.landscape.dimension < 1 << 31


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
    )


def _lines(found: Solutions, others: Sequence[Solutions], *, points: int) -> Picture:
    """Interpolation from the start to the solution, real labels and shuffled ones."""
    given, rises = [], []
    for label, colour, some in (("these labels", NATIVE, [found]), ("shuffled labels", REST, others[:3])):
        for one in some:
            line = interpolation(one.landscape, one.start, _raw(one), points=points)
            given.append(Curve(line.alpha, line.energy, colour, label))
            if one is found:
                rises.append(line.min_delta)
    caption = (
        "Energy along the straight line from a random start (0) to the solution that training found from there (1). "
        f"Largest rise on the way: {_said(rises[0])}. A line that only falls is seen on shuffled labels as well, so "
        "that alone it is weak evidence for a funnel."
    )
    return _picture(
        "interpolation",
        "From a start to a solution",
        given,
        axes=("share of the way, α", "energy"),
        caption=caption,
        source="Goodfellow, Vinyals, Saxe, ICLR (2015); Lucas et al., ICML (2021)",
    )


def _raw(found: Solutions) -> Any:
    """The lowest solution: the first is the one to which the others were aligned, so it is where training left it."""
    return found.vectors[0].to(found.landscape.dtype)


def _said(measurement: Any) -> str:
    return f"{measurement.value:.3g}" if hasattr(measurement, "value") else str(measurement)


def _sheet(found: Solutions, *, points: int, seed: int) -> Picture:
    """Plane through the three lowest solutions, or a random one where there are fewer."""
    landscape = found.landscape
    try:
        plane = plane_through(landscape, [vector.to(landscape.dtype) for vector in found.vectors[:3]])
        labels: tuple[str, ...] = ("1", "2", "3")
        source = "Garipov et al., NeurIPS (2018)"
        what = f"the plane through the three lowest solutions, units {'not ' * bool(found.reason)}aligned"
        sheet = surface(landscape, plane, points=points)
        marks = np.asarray(plane.path)[:, :2]
        titles = ("distance", "distance")
    except InputError:
        plane = random_plane(landscape, _raw(found), seed=seed)
        labels, marks = ("solution",), np.zeros((1, 2))
        source = "Li, Xu, Taylor, Studer, Goldstein, NeurIPS (2018)"
        what = "a random plane through the lowest solution, each filter's direction as long as the filter"
        sheet = surface(landscape, plane, points=points)
        titles = ("first direction", "second direction")
    drawn_sheet = Sheet(sheet.axes[0], sheet.axes[1], sheet.energy, marks, labels, titles)
    blank = f" At {sheet.not_finite} points it is no finite number; they are left blank." * bool(sheet.not_finite)
    caption = (
        f"Energy on {what}: {points} x {points} points, each the energy of the very weights at its place.{blank} A "
        f"plane is two dimensions of {landscape.dimension}: a random one hides saddles, which it meets but by chance, "
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
        f"{f' Here {told(found.reason)}.' * bool(found.reason)}"
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
        "their test loss shows what is learnt by heart."
    )
    return _picture(
        "generalisation",
        "Training and test loss",
        given,
        axes=("training loss", "test loss"),
        caption=caption,
        source="Choromanska, Henaff, Mathieu, Ben Arous, LeCun, AISTATS (2015)",
    )
