"""What runs share: a limit on what may be spent, who hears of the progress, and the error of bad input."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Budget", "InputError", "Progress", "no_progress"]

Progress: TypeAlias = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done (0 to 1), from the calling thread."""


class InputError(ValueError):
    """What the user gave cannot be used; the message names the value, the bound and the way out."""

    __module__ = "spinfunnel"


def no_progress(stage: str, done: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an explorer that samples may spend: wall-clock seconds, energy evaluations, or both; None is no limit.

    Examples
    --------
    >>> Budget.read("90s"), Budget.read("1.5m").seconds, Budget.read("1e6").evaluations
    (Budget(seconds=90.0, evaluations=None), 90.0, 1000000)
    """

    seconds: float | None = None
    evaluations: int | None = None

    @classmethod
    def read(cls, text: str) -> Budget:
        """Read what a user types: 60s, 5m, 2h, or a number of energy evaluations such as 1e6.

        Raises
        ------
        InputError
            For anything else, or a limit that is not above 0.
        """
        unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
        try:
            amount = float(text if unit is None else text[:-1])
        except ValueError:
            amount = math.nan
        if not 0.0 < amount < 1e18 or (unit is None and amount < 1.0):
            raise InputError(
                f"a budget of {text!r} is no limit; give seconds, minutes or hours as 60s, 5m, 2h, or a "
                "number of energy evaluations as 1e6"
            )
        return cls(seconds=amount * unit) if unit is not None else cls(evaluations=int(amount))

    def deadline(self) -> float:
        """Reading of `time.perf_counter` at which the time is up, infinite without a limit; ask at the start."""
        return math.inf if self.seconds is None else time.perf_counter() + self.seconds
