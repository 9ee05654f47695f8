"""The command ``spinfunnel``: thin, one command, one library call.

Nothing heavy is imported at module level, so that ``spinfunnel --help`` answers at once.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from typing import Any

import typer

from spinfunnel.cli.commands import app
from spinfunnel.cli.terminal import BAD_INPUT, Ended, end_in_order, say

__all__ = ["app", "main"]

USAGE_ERROR: Any = typer.BadParameter.__base__
"""What a wrong option raises; typer has it from click or from its own copy of click."""
ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that end a command as Ctrl-C does: of schedulers of jobs, and of a terminal that closes."""


def main() -> None:
    """Run the command line and end the process with its exit status."""
    # Modules and kernels are a million objects that live as long as the process: garbage is looked for less often.
    gc.set_threshold(100_000)
    # A shell that starts a command in the background has it ignore interruptions; this one leaves a map that resumes.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            signal.signal(number, end_in_order)
    if isinstance(sys.stdout, io.TextIOWrapper):  # What the terminal cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    try:
        status = app(prog_name="spinfunnel", standalone_mode=False)
    except USAGE_ERROR as problem:
        status = _usage(problem)
    except Ended as end:
        say("ended before any work was done; repeat the command")
        status = end.status
    except OSError as problem:
        say(f"the answer cannot be written ({(problem.strerror or str(problem)).lower()})")
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - what is left to flush cannot be either
        status = BAD_INPUT
    for number in (signal.SIGINT, *ENDS):
        signal.signal(number, signal.SIG_IGN)  # the answer is out, and threads are quick to end
    sys.exit(status)


def _usage(problem: Any) -> int:
    """Say in one sentence which option or argument is wrong; without any, what there is."""
    path = problem.ctx.command_path if problem.ctx else "spinfunnel"
    if type(problem).__name__ == "NoArgsIsHelpError":
        problem.show()
    else:
        say(f"{problem.format_message().strip().rstrip('.')}; see: {path} --help")
    return int(problem.exit_code)
