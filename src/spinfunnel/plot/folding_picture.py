"""Folding of a structure-based protein: Q(t) from the stretched chain, Q(T), and F(Q) at the folding temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape.estimate import Estimate
from spinfunnel.plot.palette import ACCENT, FUNNELS, INK, REST, tidy
from spinfunnel.systems.atoms.calpha_folding import NATIVE, STRETCH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinfunnel.systems.atoms.calpha_folding import Folding

__all__ = ["folding_sheet"]


def folding_sheet(found: Folding) -> Figure:
    """Draw Q(t) of the coldest replica and of the one nearest Tf, Q(T) with the folded share, and F(Q) at Tf."""
    from matplotlib.figure import Figure

    sheet = Figure(figsize=(11.0, 3.4), layout="constrained")
    course, curve, free = sheet.subplots(1, 3)
    tf = found.folding_temperature
    steps = STRETCH * np.arange(1, len(found.course) + 1) / 1000.0
    middle = tf.value if isinstance(tf, Estimate) else float(found.temperature[0])
    nearest = int(np.abs(found.ladder - middle).argmin())
    for k, colour in ((nearest, REST), (0, FUNNELS[0])):
        course.plot(steps, found.course[:, k], color=colour, lw=0.7, label=f"T = {found.ladder[k]:.2f}")
    course.set(xlabel="thousand steps", ylabel="share of native contacts Q", ylim=(0.0, 1.02))
    curve.plot(found.temperature, found.overlap, color=FUNNELS[0], label="Q")
    curve.plot(found.temperature, found.native_share, color=ACCENT, label=f"share with Q of at least {NATIVE:g}")
    if isinstance(tf, Estimate):
        curve.axvspan(tf.low, tf.high, color=REST, alpha=0.3, lw=0.0, label=f"Tf = {tf.value:.3f}")
    curve.set(xlabel="temperature", ylim=(0.0, 1.02))
    seen = np.isfinite(found.free_energy)
    free.plot(found.bins[seen], found.free_energy[seen], "o-", color=INK, ms=3)
    free.set(xlabel="share of native contacts Q", ylabel="F(Q) / Tf", xlim=(0.0, 1.0))
    for axes in (course, curve):
        axes.legend(frameon=False, fontsize=8)
    for axes in (course, curve, free):
        tidy(axes)
    return sheet
