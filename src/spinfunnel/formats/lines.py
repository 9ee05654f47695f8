"""Files of numbers, read line by line: what is wrong is said with the file, the line, the value and the bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spinfunnel.landscape import InputError

__all__ = ["Line", "content", "lines"]

LARGEST_FILE = 1 << 30


def content(file: Path, *, what: str) -> bytes:
    """Bytes of a file, or a refusal that names it; `what` it should be."""
    if file.is_dir():
        raise InputError(f"{file} is a folder, not a {what}")
    try:
        length = file.stat().st_size
        if length > LARGEST_FILE:
            raise InputError(f"{file} has {length} bytes; a {what} is read up to {LARGEST_FILE} bytes")
        data = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{file} does not exist") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    if not data.strip():
        raise InputError(f"{file} is empty")
    return data


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
        word = self.words[place]
        try:
            value = int(word)
        except ValueError:
            raise self.error(f"{what} {word[:40]!r} is no whole number") from None
        if not low <= value <= high:
            raise self.error(f"{what} {value} is out of range: it must lie between {low} and {high}")
        return value

    def finite(self, place: int, *, what: str) -> float:
        """A finite number."""
        word = self.words[place]
        try:
            value = float(word)
        except ValueError:
            raise self.error(f"{what} {word[:40]!r} is no number") from None
        if not math.isfinite(value):
            raise self.error(f"{what} {word} is not finite; give finite numbers")
        return value


def lines(file: Path, text: str) -> Iterator[Line]:
    """Lines that hold any word."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words:
            yield Line(file, number, words)
