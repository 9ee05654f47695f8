"""Changes to a file: bytes, words and lines of text, numbers, brackets, lengths, and pieces of other files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["mutated"]

LONGEST = 20_000
NUMBERS = (
    b"0", b"-1", b"1", b"2", b"1e308", b"-1e308", b"1e999", b"nan", b"inf", b"-inf", b"1e-320", b"0x10", b"1_0",
    b"4294967296", b"9223372036854775808", b"1000000", b"999999999", b"9" * 400, b"9" * 5000, b"1." + b"0" * 50, b"--1",
    b"\xd9\xa3", b"1e", b".", b"2147483648", b"-9223372036854775809", b"0.1", b"1e100", b"65536",
)  # fmt: skip
WORDS = (
    b"", b"null", b"true", b"{}", b"[]", b"[[]]", b'"a"', b'""', b"\x1b[31m", b"[bold]", b"\0", b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"SPIN", b"BINARY", b"p", b"c", b"#", b"%", b"h", b"NaN", b"Infinity", b"'", b'\\"', b"__import__('os')", b"../..",
    "é".encode(), "\u202e".encode(), b"\r", b"\x0c", b"1 1 1", b",", b":", b"=",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

Change = Callable[[bytes, np.random.Generator, Sequence[bytes]], bytes]


def _place(data: bytes, generator: np.random.Generator) -> int:
    return int(generator.integers(0, len(data) + 1))


def _flip(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    made = bytearray(data or b"\0")
    for _ in range(int(generator.integers(1, 5))):
        made[int(generator.integers(0, len(made)))] ^= 1 << int(generator.integers(0, 8))
    return bytes(made)


def _insert(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    place = _place(data, generator)
    return data[:place] + generator.integers(0, 256, int(generator.integers(1, 9)), np.uint8).tobytes() + data[place:]


def _delete(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    first, last = sorted((_place(data, generator), _place(data, generator)))
    return data[:first] + data[min(last, first + int(generator.integers(1, 64))) :]


def _cut(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    return data[: _place(data, generator)]


def _repeat(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    first, last = sorted((_place(data, generator), _place(data, generator)))
    return data[:last] + data[first:last] * int(generator.integers(1, 30)) + data[last:]


def _number(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _insert(data, generator, ())
    one = found[int(generator.integers(0, len(found)))]
    return data[: one.start()] + NUMBERS[int(generator.integers(0, len(NUMBERS)))] + data[one.end() :]


def _word(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    place = _place(data, generator)
    return data[:place] + WORDS[int(generator.integers(0, len(WORDS)))] + data[place:]


def _lines(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    rows = data.split(b"\n")
    one, other = (int(generator.integers(0, len(rows))) for _ in range(2))
    rows[one], rows[other] = rows[other], rows[one]
    if generator.random() < 0.5:
        del rows[one]
    return b"\n".join(rows)


def _nest(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    place, depth = _place(data, generator), int(generator.choice([1, 5, 63, 65, 900, 5000]))
    opened, closed = (b"[", b"]") if generator.random() < 0.7 else (b'{"a":', b"}")
    return data[:place] + opened * depth + closed * (depth if generator.random() < 0.7 else 0) + data[place:]


def _length(data: bytes, generator: np.random.Generator, _: Sequence[bytes]) -> bytes:
    """Write a hostile whole number over four or eight bytes, as lengths in headers are."""
    width = int(generator.choice([2, 4, 8]))
    value = int(generator.choice([0, 1, 255, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1])) & ((1 << 8 * width) - 1)
    place = _place(data, generator)
    return data[:place] + value.to_bytes(width, "little") + data[place + width :]


def _splice(data: bytes, generator: np.random.Generator, others: Sequence[bytes]) -> bytes:
    other = others[int(generator.integers(0, len(others)))] if others else data
    return data[: _place(data, generator)] + other[_place(other, generator) :]


CHANGES: tuple[Change, ...] = (
    _flip, _insert, _delete, _cut, _repeat, _number, _number, _number, _word, _word, _lines, _nest, _length, _splice
)  # fmt: skip


def mutated(data: bytes, generator: np.random.Generator, others: Sequence[bytes]) -> bytes:
    """Return a file changed one to four times."""
    for _ in range(int(generator.integers(1, 5))):
        data = CHANGES[int(generator.integers(0, len(CHANGES)))](data, generator, others)
    return data[:LONGEST]
