"""Noise of an energy and its gradient, measured where the function itself is straight.

Third differences over steps far shorter than anything the energy knows of are noise alone: rounding, the stopping of a
self-consistent field, single precision, or what a machine-learned potential leaves.

Hamming, Introduction to Applied Numerical Analysis (McGraw-Hill, 1971); More, Wild, SIAM J. Sci. Comput. 33, 1292
(2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinfunnel.landscape import InputError

if TYPE_CHECKING:
    from spinfunnel.moves.differentiable import Differentiable

__all__ = ["Noise", "measured_noise"]

RUNGS = 20
LENGTHS = (1e-8, 1e-7)
"""Steps between positions, over the landscape's own step: of several the least noise is taken."""

ROUNDING = 1e-11


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of the noise of the energy, and of a component of the gradient."""

    energy: float = 0.0
    gradient: float = 0.0


def measured_noise(landscape: Differentiable) -> Noise:
    """Measure the noise of a landscape near one of its starts; none where no number is found.

    Examples
    --------
    >>> from spinfunnel.systems import himmelblau
    >>> found = measured_noise(himmelblau())
    >>> bool(found.energy < 1e-11), bool(found.gradient < 1e-10)
    (True, True)
    """
    generator = np.random.default_rng(11)
    start = landscape.starts(generator, 1)[0]
    way = generator.standard_normal(len(start))
    way *= landscape.step / np.abs(way).max()
    best = Noise(np.inf, np.inf)
    for length in LENGTHS:
        ladder = start[None] + length * np.arange(RUNGS)[:, None] * way[None]
        try:
            energy, gradient = landscape.energy_and_gradient(ladder)
        except InputError:
            # The search itself says what the energy raised.
            return Noise()
        if not (np.isfinite(energy).all() and np.isfinite(gradient).all()):
            continue
        # The squares of the coefficients 1, 3, 3, 1 sum to 20.
        apart = [np.diff(values, n=3, axis=0) / np.sqrt(20.0) for values in (energy, gradient)]
        sizes = [float(np.sqrt((each**2).mean())) for each in apart]
        # Rounding of doubles is no noise: where atoms overlap it is large, and gone where they rest.
        for place, values in enumerate((energy, gradient)):
            sizes[place] *= sizes[place] > ROUNDING * float(np.abs(values).max())
        best = Noise(min(best.energy, sizes[0]), min(best.gradient, sizes[1]))
    return best if np.isfinite(best.energy) else Noise()
