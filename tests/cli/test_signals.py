"""Signals end a command as Ctrl-C does: what was found is kept, and one sentence says how to go on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from repository import environment
from spinfunnel.atlas import Atlas
from spinfunnel.cli import terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_keeps_what_was_found_and_says_how_to_resume(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "atlas.db"
    command = [sys.executable, "-m", "spinfunnel", "explore", "sk:n=60", "--explorer", "tempering"]
    command += ["--budget", "300s", "--atlas", str(path), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as one:
        end = time.monotonic() + 120
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1.0)
        one.send_signal(number)
        _, said = one.communicate(timeout=120)
    assert one.returncode == 128 + number
    (line,) = said.splitlines()
    assert line.startswith("spinfunnel: interrupted; ")
    assert "resumes" in line
    with Atlas(path) as atlas:
        (entry,) = atlas.landscapes()
        assert [run.outcome for run in atlas.runs(entry.identity)] == ["interrupted"]


@pytest.mark.parametrize(("number", "said"), [(errno.EMFILE, "too many open files"), (errno.EAGAIN, "--workers")])
def test_what_the_system_lacks_is_named(number: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, terminal.answering(kept="nothing was kept"):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_code == 2
    assert said in capsys.readouterr().err
