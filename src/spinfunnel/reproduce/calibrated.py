"""Calibration of the verdict, made again: accuracy with each family left out, the plane of the verdict, and two scans.

No published table stands beside it, since there is none: funnel measures have not been calibrated on labelled
landscapes before. The tables of docs/calibration.md are from this with more samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.calibration import FAMILIES, LABELS, Calibration, calibrate
from spinfunnel.calibration.labelled import to_row
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.plot.palette import FUNNELS, INK, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, paragraphs
from spinfunnel.verdict.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spinfunnel.calibration import Crossing, Sample
    from spinfunnel.calibration.fitting import Accuracy

__all__ = ["calibration", "draw"]

SHOWN = ("native_gap", "order_1", "search_ruler", "rival_valley_depth", "trap_height", "funnel_weight")
"""Measures whose separation of funnels from the rest is listed."""
STYLES = dict(
    zip(LABELS, zip((FUNNELS[0], FUNNELS[3], FUNNELS[2], FUNNELS[1], FUNNELS[5]), "osD^v", strict=True), strict=True)
)
"""Colour and marker of each kind."""


def calibration(order: Order) -> Redrawn:
    """Labelled landscapes, and what the verdict says of them."""
    found = calibrate(
        samples=max(order.count(4, quick=1), 1),
        quick=order.quick,
        seed=order.seed,
        workers=order.workers,
        progress=order.progress,
    )
    return Redrawn(_rows(found), _NOTES, _data(found), lambda figure: draw(figure, found), size=(11.0, 8.6))


_NOTES = paragraphs("""
Left out: a family is judged with thresholds that were fitted without it. Families weigh the same; intervals are over
families and samples. Landscapes whose label is doubtful (spin glasses of up to 16 spins) are made, but not counted.

Separation is the area under the ROC curve of funnels against all other kinds: the chance that a funnel exceeds another
landscape, or falls short of it, whichever is more likely.

The crossing is the slope at which as many random energy models are called funnel as glass. Between the two most are
undecided.
""")


def _rows(found: Calibration) -> tuple[Comparison, ...]:
    rows = []
    kinds: tuple[tuple[str, dict[int, Accuracy]], ...] = (
        ("thresholds of the program", dict(found.accuracy)),
        ("family left out", dict(found.held_out_accuracy)),
    )
    for title, table in kinds:
        for n, accuracy in table.items():
            origin = f"{title}; {accuracy.samples} landscapes"
            rows.append(Comparison(f"right of decided, {n} bits", accuracy.right, origin=origin))
            rows.append(Comparison(f"undecided, {n} bits", accuracy.undecided, origin=origin))
    for separation in found.separations:
        if separation.measure in SHOWN and separation.second == "rest":
            name = separation.measure.replace("_", " ")
            rows.append(
                Comparison(
                    f"separation by {name}, {separation.n} bits",
                    separation.area,
                    origin=f"funnels against the rest; worst family left out: {separation.left_out:.2f}",
                )
            )
    for crossing in found.crossings:
        origin = f"random energy models of {crossing.n} bits; {crossing.samples} samples"
        rows.append(Comparison(f"slope from glass to funnel, {crossing.n} bits", crossing.slope, origin=origin))
    for row in found.networks:
        name = row.measure.replace("_", " ")
        origin = f"teacher's labels less random ones; {row.samples} networks of each"
        rows.append(Comparison(f"{name}, {row.weights} binary weights", row.difference, origin=origin))
    return tuple(rows)


def _data(found: Calibration) -> dict[str, list[Any]]:
    """Table of the labelled samples with their labels and verdicts."""
    columns: dict[str, list[Any]] = {"label": [], "verdict": [], "verdict, family left out": []}
    held_out = {answer.sample.task: answer.kind for answer in found.held_out}
    for answer in found.shipped:
        columns["label"].append(FAMILIES[answer.sample.task.family].label)
        columns["verdict"].append(answer.kind)
        columns["verdict, family left out"].append(held_out[answer.sample.task])
        for name, cell in to_row(answer.sample).items():
            columns.setdefault(name, []).append(cell)
    return columns


def draw(figure: Figure, found: Calibration) -> None:
    """Draw the plane of the verdict, the accuracy, and the scan of slopes."""
    (plane, depth), (bars, slopes) = figure.subplots(2, 2)
    sizes = sorted(found.accuracy)
    largest = max((n for n in sizes if n <= 20), default=sizes[-1])
    samples = [answer.sample for answer in found.shipped if answer.sample.task.n == largest]
    _plane(plane, samples, measure="native_gap", label="gap below random signs / mean gap")
    _plane(depth, samples, measure="order_1", label="share of the variance that is of fields")
    plane.set_yscale("symlog", linthresh=0.5)
    ticks = (-4, -2, -1, -0.5, 0, 0.5, 1)
    plane.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    plane.minorticks_off()
    plane.set_title(f"does a native state stand out? {largest} bits", fontsize=10)
    depth.set_title(f"do fields point to it? {largest} bits", fontsize=10)
    figure.legend(*depth.get_legend_handles_labels(), loc="outside upper center", ncols=5, frameon=False)
    _bars(bars, found)
    _slopes(slopes, found.crossings)
    for axes in (plane, depth, bars, slopes):
        tidy(axes)


def _plane(axes: Axes, samples: Sequence[Sample], *, measure: str, label: str) -> None:
    for kind in LABELS:
        points = [
            (where.value, high.value)
            for sample in samples
            if FAMILIES[sample.task.family].label == kind
            and isinstance(where := sample.measures.get("search_ruler"), Estimate)
            and isinstance(high := sample.measures.get(measure), Estimate)
        ]
        if points:
            colour, marker = STYLES[kind]
            axes.plot(*np.array(points).T, marker, ms=5, alpha=0.7, mec="none", color=colour, label=kind)
    for name, band in (("search_ruler", axes.axvspan), (measure, axes.axhspan)):
        band(THRESHOLDS[f"{name}_lost"].value, THRESHOLDS[name].value, color=REST, alpha=0.25, lw=0)
    axes.set_xlabel("search ruler: 0 blind, 1 ideal")
    axes.set_ylabel(label)


def _bars(axes: Axes, found: Calibration) -> None:
    sizes = sorted(found.held_out_accuracy)
    bottom = np.zeros(len(sizes))
    undecided = np.array([found.held_out_accuracy[n].undecided.value for n in sizes])
    right = np.array([found.held_out_accuracy[n].right.value for n in sizes]) * (1.0 - undecided)
    for name, share, colour in (
        ("right", right, FUNNELS[2]),
        ("undecided", undecided, REST),
        ("wrong", 1.0 - right - undecided, FUNNELS[5]),
    ):
        axes.bar(range(len(sizes)), share, bottom=bottom, color=colour, label=name, width=0.7)
        bottom = bottom + share
    axes.set_xticks(range(len(sizes)), [str(n) for n in sizes])
    axes.set_xlabel("bits")
    axes.set_ylabel("share of verdicts, family left out of the fit")
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _slopes(axes: Axes, crossings: Sequence[Crossing]) -> None:
    for number, crossing in enumerate(crossings):
        slopes = sorted(crossing.shares)
        for kind, style in (("funnel", "-"), ("glass", "--")):
            share = [dict(crossing.shares[slope]).get(kind, 0.0) for slope in slopes]  # type: ignore[call-overload]
            label = f"{crossing.n} bits" if kind == "funnel" else None
            axes.plot(slopes, share, style, color=FUNNELS[number % len(FUNNELS)], label=label)
        if isinstance(crossing.slope, Estimate):
            axes.axvspan(
                crossing.slope.low, crossing.slope.high, color=FUNNELS[number % len(FUNNELS)], alpha=0.15, lw=0
            )
    axes.set_xlabel("slope of the random energy model")
    axes.set_ylabel("share called funnel (full), glass (dashed)", color=INK)
    axes.legend(frameon=False, fontsize=8)
