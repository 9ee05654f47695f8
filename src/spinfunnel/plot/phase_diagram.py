"""A phase diagram: which phase is where in a plane, with the lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spinfunnel.landscape import InputError
from spinfunnel.plot.palette import INK, axes_or_new, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TINTS", "PhaseMap", "phase_diagram"]

Floats = NDArray[np.float64]

TINTS = ("#fdf3d8", "#e3d4e6", "#d3e7f5", "#dcefe2", "#f3ddd2", "#e6e7ea")
"""Pale enough to write upon."""


@dataclass(frozen=True, slots=True, eq=False)
class PhaseMap:
    """Phases in a plane.

    Attributes
    ----------
    x, y : array of float64, shape (a,) and (b,)
        Where the phase was looked at, ascending.
    phase : array of int64, shape (b, a)
        Number of the phase at each place.
    names : tuple of str
        Of the phases, by number.
    lines : mapping of str to (array, array)
        Lines between phases by name: abscissae and ordinates; nan breaks a line.
    """

    x: Floats
    y: Floats
    phase: NDArray[np.int64]
    names: tuple[str, ...]
    lines: Mapping[str, tuple[Floats, Floats]]

    def __post_init__(self) -> None:
        if self.phase.shape != (len(self.y), len(self.x)):
            raise InputError(
                f"phases of shape {self.phase.shape} do not fit {len(self.y)} rows of {len(self.x)} places"
            )

    def centre(self, number: int) -> tuple[float, float] | None:
        """Place of a phase that is farthest from all others and from the rim; None where it has none.

        Examples
        --------
        >>> plane = PhaseMap(np.arange(3.0), np.arange(3.0), np.zeros((3, 3), np.int64), ("one", "none"), {})
        >>> plane.centre(0), plane.centre(1)
        ((1.0, 1.0), None)
        """
        from scipy.ndimage import distance_transform_edt

        inside = np.pad(self.phase == number, 1)
        if not inside.any():
            return None
        depth = distance_transform_edt(inside)[1:-1, 1:-1]
        row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
        return float(self.x[column]), float(self.y[row])


def phase_diagram(
    plane: PhaseMap, ax: Axes | None = None, *, styles: Sequence[str] = ("-", "-", "--", ":"), write_names: bool = True
) -> Axes:
    """Tint the phases, draw the lines between them and write the phases' names.

    Parameters
    ----------
    plane : PhaseMap
    ax : matplotlib.axes.Axes, optional
        Made where absent.
    styles : sequence of str
        Of the lines, in order.
    write_names : bool
        Whether to write each phase's name into it.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    axes = axes_or_new(ax, size=(5.6, 4.4))
    count = len(plane.names)
    tints = ListedColormap([TINTS[number % len(TINTS)] for number in range(count)])
    norm = BoundaryNorm(np.arange(count + 1) - 0.5, count)
    axes.pcolormesh(plane.x, plane.y, plane.phase, cmap=tints, norm=norm, shading="nearest", rasterized=True)
    for number, (name, (x, y)) in enumerate(plane.lines.items()):
        axes.plot(x, y, styles[number % len(styles)], color=INK, lw=1.2, label=name)
    for number, name in enumerate(plane.names):
        place = plane.centre(number)
        if write_names and place is not None:
            axes.annotate(name, place, ha="center", va="center", fontsize=11, color=INK, alpha=0.8)
    axes.set(xlim=(plane.x[0], plane.x[-1]), ylim=(plane.y[0], plane.y[-1]))
    tidy(axes)
    return axes
