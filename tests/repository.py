"""Where the repository's own files are, whichever folder a test lies in."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SOURCE = ROOT / "src"
DOCS = ROOT / "docs"


def environment() -> dict[str, str]:
    """Variables of a process that imports the package and the modules that tests share."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(SOURCE)])}
