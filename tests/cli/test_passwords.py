"""A password in a URL appears in nothing that a command writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgresql_server import postgresql
from repository import environment
from spinfunnel.landscape.passwords import without_passwords

MARK = "m4rk3d"
SECRET = f"{MARK}@1/x"
"""As a user means it; typed, the signs @ and / are escaped."""
TYPED = f"{MARK}%401%2Fx"


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql(SECRET) as place:
        yield place


def run(arguments: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spinfunnel", *arguments]
    where = {**environment(), "PGCONNECT_TIMEOUT": "2", **variables}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=where)


def marked(folder: Path, done: subprocess.CompletedProcess[str]) -> list[str]:
    """Names of what holds the mark."""
    files = [path.name for path in folder.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    return files + [name for name in ("stdout", "stderr") if MARK in getattr(done, name)]


def commands(url: str) -> list[list[str]]:
    return [
        ["explore", "sk:n=8", "--atlas", url],
        ["judge", "sk:n=8", "--atlas", url, "--report", "judged.html"],
        ["judge", "sk:n=8", "--atlas", url, "--json"],
        ["measure", url, "--json"],
        ["measure", url, "--all"],
        ["measure", url, "--landscape", "no-such"],
        ["report", url, "--output", "page.html"],
        ["export", url, "--format", "csv", "--output", "tables"],
        ["sweep", "sk", "--over", "n=6,7", "--samples", "2", "--atlas", url, "--workers", "1"],
        ["repair", url, "--to", "new.db"],
        ["explore", url, "--atlas", url],
        ["measure", url, "--no-such-option", url],
        ["judge", f"file={url}", "--atlas", url],
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(13))
def test_no_command_shows_the_password_of_a_server(server: Path, tmp_path: Path, number: int) -> None:
    done = run(commands(f"postgresql://me:{TYPED}@/postgres?host={server}")[number], tmp_path)
    assert done.returncode in ((0, 2) if number > 4 else (0,)), done.stderr
    assert marked(tmp_path, done) == []
    assert "Traceback" not in done.stderr


SILENT = (
    f"postgresql://me:{MARK}@localhost:1/none",
    f"postgresql://localhost:1/none?user=me&password={MARK}",
    f"postgresql://me:{MARK}@x@localhost:1/none",
    f"mysql://me:{MARK}@host/none",
)
"""Addresses where no server answers."""


def refused(folder: Path, url: str, number: int) -> None:
    done = run(commands(url)[number], folder)
    assert done.returncode == 2
    assert marked(folder, done) == []
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", range(13))
def test_no_command_shows_the_password_of_a_server_that_does_not_answer(tmp_path: Path, number: int) -> None:
    refused(tmp_path, SILENT[number % len(SILENT)], number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(13))
@pytest.mark.parametrize("url", SILENT)
def test_no_command_shows_the_password_in_any_form(tmp_path: Path, url: str, number: int) -> None:
    refused(tmp_path, url, number)


def test_the_password_may_come_from_the_environment_or_a_file(server: Path, tmp_path: Path) -> None:
    url = f"postgresql://me@/postgres?host={server}"
    assert run(["explore", "sk:n=8", "--atlas", url], tmp_path).returncode == 2
    assert run(["explore", "sk:n=8", "--atlas", url], tmp_path, PGPASSWORD=SECRET).returncode == 0
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:me:{SECRET}\n")
    os.chmod(file, 0o600)
    done = run(["measure", url, "--json"], tmp_path, PGPASSFILE=str(file))
    assert done.returncode == 0, done.stderr
    file.unlink()
    assert marked(tmp_path, done) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:a@b/c@host/db", "postgresql://me:***@host/db"),
        ("postgresql+psycopg://me:a%40@host:5432/db", "postgresql+psycopg://me:***@host:5432/db"),
        ("x?password=abc&user=me", "x?password=***&user=me"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql:/me:a@host/db", "postgresql:/me:***@host/db"),
        ("tcp://host:8786", "tcp://host:8786"),
    ],
)
def test_texts_without_their_passwords(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
