"""Lines of a table of numbers: what is wrong is said with the file, the line, the value and the bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from spinfunnel.landscape import InputError

__all__ = ["Line"]

LONGEST_NUMBER = 400
"""Digits of a number; doubles have at most 309 before the point and 1,074 after it, of which 17 count."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: where it stands, and its words."""

    file: Path
    number: int
    words: list[str]

    def error(self, message: str) -> InputError:
        """Refusal that names file and line."""
        return InputError(f"{self.file}, line {self.number}: {message}")

    def whole(self, place: int, *, low: int, high: int, what: str) -> int:
        """A whole number within bounds."""
        word = self._word(place, what=what)
        try:
            if len(word) > LONGEST_NUMBER:
                raise ValueError
            value = int(word)
        except ValueError:
            raise self.error(f"{what} {word[:40]!r} is no whole number") from None
        if not low <= value <= high:
            raise self.error(f"{what} {word[:40]} is out of range: it must lie between {low} and {high}")
        return value

    def finite(self, place: int, *, what: str) -> float:
        """A finite number; Fortran's exponents of doubles, written with a D, are read."""
        word = self._word(place, what=what)
        try:
            value = float(word.replace("D", "E").replace("d", "e"))
        except ValueError:
            raise self.error(f"{what} {word[:40]!r} is no number") from None
        if not math.isfinite(value):
            raise self.error(f"{what} {word[:40]} is not finite; give finite numbers")
        return value

    def _word(self, place: int, *, what: str) -> str:
        if place >= len(self.words):
            raise self.error(f"the {what} is missing: the line has {len(self.words)} columns")
        return self.words[place]
