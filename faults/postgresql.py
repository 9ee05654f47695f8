"""A PostgreSQL server of one's own in a folder, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Server", "missing", "serving"]


def missing() -> str:
    """Say why there can be no server here, or nothing."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        return "no PostgreSQL server on this machine"
    if os.geteuid() == 0 and not shutil.which("runuser"):
        return "PostgreSQL does not run as root"
    return ""


class Server:
    """A server that listens on a socket in its folder alone."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.url = f"postgresql://me@/postgres?host={place}"
        # The server refuses to run as root.
        self._other = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        self._run("initdb", "-D", place / "data", "-U", "me", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses='' -k {self.place} -c fsync=off"
        self._control("-w", "-o", options, "-l", self.place / "log", "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would: connections break."""
        self._control("-m", "immediate", "stop")

    def _control(self, *words: Any) -> None:
        self._run("pg_ctl", "-D", self.place / "data", *words)

    def _run(self, *words: Any) -> None:
        command = [*self._other, *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.place)


@contextmanager
def serving() -> Iterator[Server]:
    """Serve a new database, and remove it at the end."""
    place = Path(tempfile.mkdtemp(prefix="spinfunnel-pg-"))
    if os.geteuid() == 0:
        shutil.chown(place, "nobody")
    server = Server(place)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(place)
