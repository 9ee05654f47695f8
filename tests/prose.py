"""Sentences that users read: pages of documentation, and texts of the program."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from repository import ROOT

PAGES = (ROOT / "README.md", ROOT / "VISION.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
SOURCES = tuple(sorted((ROOT / "src" / "spinfunnel").rglob("*.py")))
HELP = "cli"
"""Folder whose docstrings are printed by ``--help``."""


def paragraphs(page: str) -> Iterator[str]:
    """Running text of a Markdown page: no code, no tables, no headings; list items apart."""
    page = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    lines: list[str] = []
    for line in [*page.splitlines(), ""]:
        item = re.match(r"\s{0,3}([-*]|\d+\.) ", line)
        if not line.strip() or item or line.startswith(("#", "|", "    ", "!")):
            if lines:
                yield " ".join(lines)
            lines = []
        if line.strip() and not line.startswith(("#", "|", "    ", "!")):
            lines.append(line.strip())


def sentences(text: str) -> Iterator[str]:
    """Sentences of running text; a colon and a semicolon end one as well."""
    yield from re.split(r"(?<=[.!?:;])\)?\s+", " ".join(text.split()))


def words(sentence: str) -> int:
    """Words of a sentence; a sign or a bracket alone is none."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


def texts(source: str, *, docstrings: bool) -> Iterator[tuple[int, str]]:
    """Texts of a Python file with their lines: literals, the parts of an f-string joined by "0"."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and not (docstrings and id(node.value) in told):
            inner.add(id(node.value))  # a text that documents a name
        if isinstance(node, ast.JoinedStr) and id(node) not in inner:
            inner.update(id(part) for part in ast.walk(node))
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, inspect.cleandoc(node.value) if id(node) in told else node.value


def readable(source: Path) -> Iterator[tuple[str, str]]:
    """Texts of a file that people may read, each with its place: those of several words that are no code."""
    for line, text in texts(source.read_text(), docstrings=HELP in source.relative_to(ROOT).parts):
        letters = sum(word.isalpha() for word in text.split())
        if letters > 3 and 2 * letters > len(text.split()) and not re.search(r"[<{]/?\w+|\n\s{4}|function|=>", text):
            yield f"{source.relative_to(ROOT)}:{line}", text


def prose() -> Iterator[tuple[str, str]]:
    """Every text that users read, with its place."""
    for page in PAGES:
        for paragraph in paragraphs(page.read_text()):
            yield str(page.relative_to(ROOT)), paragraph
    for source in SOURCES:
        yield from readable(source)
