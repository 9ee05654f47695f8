"""The U-shape of the folding time against temperature: how wide it is.

Too cold, and a chain sits in traps; too hot, and its energy no longer guides. The window is the range of temperatures
at which folding takes at most `SLOW` times as long as at the best one, as the ratio of its ends. Times are those that
were solved for while the best temperature was sought (`levinthal.folding_time`).

Sali, Shakhnovich, Karplus, Nature 369, 248 (1994); Socci, Onuchic, J. Chem. Phys. 101, 1519 (1994).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.levinthal import folding
from spinfunnel.measure.outcome import Measure, Topography

__all__ = ["MEASURES", "SLOW", "window"]

SLOW = 3.0
"""Times as long as at the best temperature."""


def folding_window(topography: Topography) -> Measurement:
    """Hottest over coldest temperature at which folding takes at most three times as long as at the best one."""
    found = topography.shared(folding)
    if isinstance(found, NoAnswer):
        return found
    if found.method != "exact":
        return NoAnswer(
            "not_solved", "folding times are walked for at the best temperature alone", "use a smaller system"
        )
    return window(found.curve)


def window(curve: Sequence[tuple[float, float]]) -> Measurement:
    """Width of a curve of temperatures, from hot to cold, and times.

    Ends are interpolated on logarithmic axes; the interval is that of the temperatures solved for around them.

    Examples
    --------
    Times that rise with the square of the distance on a logarithmic axis, to 3 at a factor of e, end there:

    >>> import numpy as np
    >>> curve = [(t, 3.0 ** (np.log(t) ** 2)) for t in np.exp(np.linspace(2.0, -2.0, 401)).tolist()]
    >>> round(window(curve).value, 3) == round(np.e**2, 3)
    True
    """
    solved = [(math.log(t), math.log(time)) for t, time in curve if math.isfinite(t)]
    if len(solved) < 2:
        return NoAnswer("no_guidance", "there is no best temperature below infinity", "nothing to do: nothing guides")
    limit = min(math.log(time) for _, time in curve) + math.log(SLOW)
    inside = [k for k in range(len(solved)) if solved[k][1] <= limit]
    first, last = inside[0], inside[-1]
    if first == 0 or last == len(solved) - 1:
        end = "hot" if first == 0 else "cold"
        return NoAnswer(
            f"no_{end}_end",
            f"at the {end} end folding takes less than {SLOW:g} times as long as at the best temperature",
            "use a longer chain",
        )
    hot, cold = _crossing(solved[first - 1], solved[first], limit), _crossing(solved[last], solved[last + 1], limit)
    low, high = solved[first][0] - solved[last][0], solved[first - 1][0] - solved[last + 1][0]
    return Estimate(math.exp(hot - cold), math.exp(low), math.exp(high))


def _crossing(one: tuple[float, float], other: tuple[float, float], limit: float) -> float:
    share = (limit - one[1]) / (other[1] - one[1])
    return one[0] + share * (other[0] - one[0])


MEASURES = (
    Measure(
        "folding_window",
        "range of temperatures at which folding takes at most three times the least time: hottest over coldest",
        "Sali, Shakhnovich, Karplus, Nature 369, 248 (1994)",
        12,
        exact=folding_window,
        reads="landscape",
    ),
)
