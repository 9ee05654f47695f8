"""What several tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from repository import SOURCE

if "PYTEST_XDIST_WORKER" in os.environ:  # As many of them as cores: threads of each beside them only wait.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


class Command(Protocol):
    """The command line, run in a process of its own in the test's folder."""

    def __call__(self, *arguments: str, timeout: float = 600.0) -> subprocess.CompletedProcess[str]: ...

    def start(self, *arguments: str) -> subprocess.Popen[str]: ...


class _Command:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1"}

    def __call__(self, *arguments: str, timeout: float = 600.0) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments) as process:
            out, error = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, out, error)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "spinfunnel", *arguments],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def spinfunnel(tmp_path: Path) -> Command:
    return _Command(tmp_path)
