"""One scale for the energies of all landscapes in one page: 0 at the ground energy, 1 at the mean of random states."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinfunnel.landscape import BasinGraph
from spinfunnel.network.solutions import Solutions

__all__ = ["EnergyScale", "axes_on_scale", "energy_scale", "on_scale"]

STEPS = (1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class EnergyScale:
    """Energies from the ground state, in units of what a random state lies above it.

    Attributes
    ----------
    ground, unit : float
        Energy at 0, and what is added to it at 1.
    words : str
        What lies at 1.

    Examples
    --------
    >>> EnergyScale(-10.0, 5.0, "the mean energy of a random state").of(-5.0)
    1.0
    """

    ground: float
    unit: float
    words: str

    def of(self, energy: Any) -> Any:
        """Place of an energy, or of an array of them, on the scale."""
        return (energy - self.ground) / self.unit

    def ticks(self, low: float, high: float, *, most: int = 7) -> tuple[list[float], list[str]]:
        """Energies at round numbers of the scale between two energies, and what is written at them.

        Examples
        --------
        >>> EnergyScale(-10.0, 5.0, "").ticks(-10.0, -4.0, most=4)
        ([-10.0, -7.5, -5.0], ['0', '0.5', '1'])
        """
        first, last = self.of(low), self.of(high)
        if not last > first:
            return [low], [f"{first:.3g}"]
        step = _step((last - first) / most)
        numbers = np.arange(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)
        return [float(self.ground + self.unit * step * k) for k in numbers], [f"{step * k:.6g}" for k in numbers]


def _step(least: float) -> float:
    """Least round number that is not smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * step for step in (*STEPS, 10.0) if power * step >= least * (1.0 - 1e-12))


def energy_scale(graph: BasinGraph) -> EnergyScale | None:
    """Scale of a map; None where all that is known has one energy.

    One is the mean energy of a random state where that is known; for a network the mean energy of a random start; else
    the mean energy of the minima in which random descents end, or of the saddles where all minima are equal.
    """
    if graph.minima == 0:
        return None
    ground = float(graph.energy[0])
    unit, words = 0.0, ""
    solutions = Solutions.of(graph)
    if graph.census is not None:
        unit, words = graph.census.mean - ground, "mean energy of a random state"
    elif solutions is not None:
        unit, words = solutions.scale, "mean loss of an untrained network"
    elif graph.weight.any():
        unit = float(np.average(graph.energy, weights=graph.weight)) - ground
        words = "mean energy of the minima in which random descents end"
    if not unit > 1e-12 * max(abs(ground), 1.0) and graph.minima > 1:
        unit, words = float(graph.energy.mean()) - ground, "mean energy of the known minima"
    if not unit > 1e-12 * max(abs(ground), 1.0) and graph.saddles:
        unit, words = float(graph.saddle_energy.mean()) - ground, "mean energy of the known saddles"
    return EnergyScale(ground, unit, words) if unit > 1e-12 * max(abs(ground), 1.0) else None


AXIS, PANEL = "energy (0 ground, 1 mean)", "U (0 ground, 1 mean)"
"""Words at an axis, and at that of a small panel."""


def on_scale(figure: Any, axis: str, scale: EnergyScale | None) -> None:
    """Write the energies of a Plotly figure on the scale: of its "x", "y", "y2" axis or its "colour" bar."""
    if scale is None or not axis:
        return
    if axis == "colour":
        mesh = figure.data[0]
        values, words = scale.ticks(float(np.min(mesh.intensity)), float(np.max(mesh.intensity)))
        bar = {"tickvals": values, "ticktext": words, "title": {"text": AXIS, "side": "right"}}
        mesh.update(colorbar=bar)
        return
    low, high = _extent(figure, axis)
    values, words = scale.ticks(low, high)
    change = {
        "tickmode": "array",
        "tickvals": values,
        "ticktext": words,
        "title": {"text": AXIS if len(axis) == 1 else PANEL},
    }
    figure.update_layout({_layout_name(axis): change})


def _layout_name(axis: str) -> str:
    """Name of an axis in Plotly's layout: "yaxis2" for "y2"."""
    return f"{axis[0]}axis{axis[1:]}"


def _extent(figure: Any, axis: str) -> tuple[float, float]:
    known = figure.layout[_layout_name(axis)].range
    if known is not None:
        return float(known[0]), float(known[1])
    parts = [
        np.asarray(trace[axis[0]], float)
        for trace in figure.data
        if trace.type in ("scatter", "bar") and trace[axis[0]] is not None and (trace[f"{axis[0]}axis"] or axis) == axis
    ]
    values = np.concatenate(parts) if parts else np.zeros(1)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)


def axes_on_scale(axes: Any, axis: str, scale: EnergyScale | None) -> None:
    """Write the energies of Matplotlib axes on the scale; see `on_scale`."""
    if scale is None or not axis:
        return
    if axis == "colour":
        bar = axes.figure.axes[-1]
        values, words = scale.ticks(*bar.get_ylim())
        bar.set_yticks(values, words)
        bar.set_ylabel(AXIS)
        return
    title = AXIS
    if axis == "y2":
        axes, axis, title = axes.figure.axes[1], "y", PANEL
    values, words = scale.ticks(*(axes.get_xlim() if axis == "x" else axes.get_ylim()))
    (axes.set_xticks if axis == "x" else axes.set_yticks)(values, words)
    (axes.set_xlabel if axis == "x" else axes.set_ylabel)(title)
