"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], *, seconds: float = 600.0) -> None:
    """Come back when the condition holds; the limit is for a test that hangs, not a measure of speed."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
