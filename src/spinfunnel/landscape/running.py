"""What runs share: a limit on what may be spent, who hears of the progress, and the error of bad input."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Budget", "Clock", "InputError", "Progress", "no_progress", "plain_text"]

Progress: TypeAlias = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done (0 to 1), from the calling thread."""


def plain_text(text: str) -> str:
    r"""Text on one line that can be printed anywhere: control characters and bytes that are no text are written out.

    Examples
    --------
    >>> plain_text("a\nb \x1b[31mred \udcff")
    'a b \\x1b[31mred \\udcff'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign in "\n\r\t" else _written_out(sign) for sign in text)


def _written_out(sign: str) -> str:
    number = ord(sign)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


class InputError(ValueError):
    """What the user gave cannot be used; the message names the value, the bound and the way out.

    Names and values in the message are made plain (see `plain_text`): they may come from a stranger's file.
    """

    __module__ = "spinfunnel"

    def __init__(self, message: object = "") -> None:
        super().__init__(plain_text(str(message)))


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


class Clock:
    """How much of a budget is used up: the one clock of explorers and studies.

    Parameters
    ----------
    budget : Budget or None
    evaluations : callable, optional
        Energy evaluations so far.
    started : float, optional
        Reading of `time.perf_counter` at which the budget's time began; now unless given.

    Attributes
    ----------
    cut : bool
        Whether the budget has ended something.

    Examples
    --------
    >>> clock = Clock(Budget(evaluations=100), lambda: 30)
    >>> clock.used(), clock.over(0.5), clock.over(0.25), clock.deadline()
    (0.3, False, True, inf)
    """

    def __init__(
        self, budget: Budget | None, evaluations: Callable[[], int] = lambda: 0, *, started: float | None = None
    ) -> None:
        self.budget, self.evaluations = budget or Budget(), evaluations
        self.started = time.perf_counter() if started is None else started
        self.cut = False

    @property
    def timed(self) -> bool:
        """Whether there is a limit of time."""
        return self.budget.seconds is not None

    def deadline(self, part: float = 1.0) -> float:
        """Reading of `time.perf_counter` at which a part of the time is up, infinite without a limit."""
        return math.inf if self.budget.seconds is None else self.started + part * self.budget.seconds

    def left(self, part: float = 1.0) -> float:
        """Seconds until a part of the time is up."""
        return self.deadline(part) - time.perf_counter()

    def used(self) -> float:
        """Share of the budget that is used up, of time or of evaluations, whichever is more."""
        seconds, most = self.budget.seconds, self.budget.evaluations
        by_time = 0.0 if seconds is None else (time.perf_counter() - self.started) / seconds
        return max(by_time, 0.0 if most is None else self.evaluations() / most)

    def over(self, part: float = 1.0) -> bool:
        """Whether a part of the budget is used up, which has then ended something."""
        over = self.used() >= part
        self.cut = self.cut or over
        return over

    @property
    def outcome(self) -> Literal["finished", "out of budget"]:
        """Outcome of a run."""
        return "out of budget" if self.cut else "finished"
