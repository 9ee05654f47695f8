"""Forks of this process: a run in one of them costs no import and no loading of kernels."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable

__all__ = ["forked", "forked_off"]

PATIENCE = 300.0
"""Seconds that a short run may take on a busy machine; more is a hang."""


def forked(work: Callable[[], str]) -> str:
    """Do something in a fork of this process and return its answer, or its traceback."""
    read, write = os.pipe()

    def child() -> None:
        os.close(read)
        try:
            answer = work()
        except BaseException:  # noqa: BLE001 - the parent says what it was
            answer = traceback.format_exc()
        with open(write, "w") as stream:
            stream.write(answer)

    number = forked_off(child)
    os.close(write)
    answered, _, _ = select.select([read], [], [], PATIENCE)
    if not answered:
        os.kill(number, signal.SIGKILL)
    with open(read) as stream:
        answer = stream.read()
    _, status = os.waitpid(number, 0)
    if not answered:
        return f"no answer in {PATIENCE:g} s"
    return answer or f"the process ended with {status} and no answer"


def forked_off(work: Callable[[], object]) -> int:
    """Begin something in a fork of this process and return the number of the fork."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child
        traceback.print_exc()
    finally:
        os._exit(status)
