"""A PostgreSQL server for one test, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgresql(password: str = "") -> Iterator[Path]:
    """Folder of the socket of a server of the user me, who needs a password where one is given."""
    pytest.importorskip("psycopg")
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("no PostgreSQL server on this machine")
    place = Path(tempfile.mkdtemp())
    secret = place / "secret"
    secret.write_text(password)
    # The server refuses to run as root.
    other: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root")
        shutil.chown(place, "nobody")
        shutil.chown(secret, "nobody")
        other = ["runuser", "-u", "nobody", "--"]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": place}
    entry = ["-A", "scram-sha-256", f"--pwfile={secret}"] if password else ["-A", "trust"]
    subprocess.run([*other, "initdb", "-D", place / "data", "-U", "me", *entry, "-E", "UTF8"], **quiet)
    options = f"-c listen_addresses='' -k {place} -c fsync=off"
    control = [*other, "pg_ctl", "-D", place / "data"]
    subprocess.run([*control, "-w", "-o", options, "-l", place / "log", "start"], **quiet)
    try:
        yield place
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(place)
