"""A file's bytes, bounded before any work is done on them: size, unpacked size, encoding, nesting."""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from spinfunnel.formats.lines import Line
from spinfunnel.landscape import InputError

__all__ = ["Source", "content", "ending_of", "file_name", "json_document"]

LARGEST_FILE = 1 << 30
UNPACKED = 1 << 26
"""Bytes that a small archive may unpack to; larger ones may grow by the factor below, which text does not reach."""
GROWTH = 20
DEEPEST = 64
"""Levels of brackets in a JSON document; models have five."""
HEAD = 1 << 16
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)


def file_name(path: Path) -> str:
    r"""Name of a file as text that can be printed and kept, whatever bytes it is made of.

    Examples
    --------
    >>> file_name(Path("problems/\udcff.qubo"))
    '�.qubo'
    """
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name)


def ending_of(path: Path) -> str:
    """End of a file's name in small letters, that of a gzip archive left out.

    Examples
    --------
    >>> ending_of(Path("1ubq.PDB.gz"))
    '.pdb'
    """
    name = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()


def content(file: Path, *, what: str) -> bytes:
    """Bytes of a file, unpacked where it is a gzip archive.

    Parameters
    ----------
    file : Path
    what : str
        What it should be, for the refusal.

    Raises
    ------
    InputError
        For a file that is missing, empty, no ordinary file, too large, or unpacks to more than 20 times its length.
    """
    said = _shown(file)
    try:
        state = file.stat()
        if stat.S_ISDIR(state.st_mode):
            raise InputError(f"{said} is a folder, not a {what}")
        if not stat.S_ISREG(state.st_mode):
            raise InputError(f"{said} is no ordinary file: save the {what} as one")
        if state.st_size > LARGEST_FILE:
            raise InputError(f"{said} has {state.st_size} bytes; a {what} is read up to {LARGEST_FILE} bytes")
        data = file.read_bytes()
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{said} does not exist") from None
    except OSError as error:
        raise InputError(f"{said} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise InputError(f"{repr(said)[:200]} is no name of a file") from None
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(file, data)
    if not data.strip():
        raise InputError(f"{file} is empty")
    return data


def _shown(file: Path) -> str:
    """Path of a file as a refusal shows it: the middle of a very long one is left out."""
    text = str(file)
    return text if len(text) <= 200 else f"{text[:96]} ... {text[-96:]}"


def _unpacked(file: Path, data: bytes) -> bytes:
    bound = min(max(UNPACKED, GROWTH * len(data)), LARGEST_FILE)
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            found = stream.read(bound + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file} is a damaged gzip archive: {str(error)[:80]}") from None
    if len(found) > bound:
        raise InputError(f"{file} unpacks to more than {bound} bytes; unpack it yourself and give the file in it")
    return found


@dataclass(eq=False)
class Source:
    """A file that is read as a problem: its path, its bytes, and what its readers look at first.

    Attributes
    ----------
    file : Path
    data : bytes
        Unpacked.
    """

    file: Path
    data: bytes

    @staticmethod
    def of(path: str | Path, *, what: str = "problem file") -> Source:
        """Read a file (see `content`)."""
        return Source(Path(path), content(Path(path), what=what))

    @property
    def ending(self) -> str:
        """End of the name (see `ending_of`)."""
        return ending_of(self.file)

    @cached_property
    def text(self) -> str:
        """The bytes as UTF-8.

        Raises
        ------
        InputError
            For bytes that are no text.
        """
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.file} is no text and no model of dimod or NumPy: "
                f"byte {error.start} is {self.data[error.start]:#04x}"
            ) from None
        if "\0" in text:
            raise InputError(
                f"{self.file} is no text and no model of dimod or NumPy: byte {text.index(chr(0))} is 0x00"
            )
        return text

    @cached_property
    def is_json(self) -> bool:
        """Whether the text begins as JSON does."""
        return self.data[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")

    @cached_property
    def document(self) -> Any:
        """The text as JSON."""
        return json_document(self.data, what=str(self.file))

    @cached_property
    def head(self) -> list[Line]:
        """First lines that hold any word, comments too, of at most 64 KiB."""
        return list(self._lines(self.data[:HEAD]))

    def lines(self) -> Iterator[Line]:
        """Every line that holds any word, one at a time."""
        return self._lines(self.data)

    def _lines(self, data: bytes) -> Iterator[Line]:
        plain = data.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in plain:
            plain = plain.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        for number, line in enumerate(BytesIO(plain), 1):
            words = line.decode("utf-8", "replace").split()
            if words:
                yield Line(self.file, number, words)


def json_document(data: bytes, *, what: str) -> Any:
    """Parse JSON of bounded depth.

    Raises
    ------
    InputError
        For bytes that are no JSON, brackets nested deeper than 64, or a whole number of more than 4,300 digits.

    Examples
    --------
    >>> json_document(b"[" * 100 + b"]" * 100, what="deep.json")
    Traceback (most recent call last):
    ...
    spinfunnel.InputError: deep.json: its brackets are nested 100 deep; a model needs 64 at most
    """
    depth = _depth(data)
    if depth > DEEPEST:
        raise InputError(f"{what}: its brackets are nested {depth} deep; a model needs {DEEPEST} at most")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InputError(f"{what}, line {error.lineno}: this is no whole JSON document: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: this JSON is no UTF-8: byte {error.start} is {data[error.start]:#04x}") from None
    except ValueError as error:
        raise InputError(f"{what}: this JSON holds a number that cannot be read: {str(error)[:80]}") from None


def _depth(data: bytes) -> int:
    """Deepest nesting of brackets outside of strings."""
    bare = np.frombuffer(_STRING.sub(b"", data), np.uint8)
    level = deepest = 0
    for start in range(0, len(bare), 1 << 20):
        block = bare[start : start + (1 << 20)]
        step = ((block == 0x5B) | (block == 0x7B)).astype(np.int32) - ((block == 0x5D) | (block == 0x7D))
        path = level + np.cumsum(step)
        level, deepest = int(path[-1]), max(deepest, int(path.max()))
    return deepest
