"""The loop in a process of its own, begun again where that crashes or hangs: a crash is a finding, not an end."""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict

from fuzz.run import Count, fuzzed, noted
from fuzz.targets import TARGETS

__all__ = ["fuzzed_guarded"]

BATCH = 20_000
"""Inputs of one process."""
PATIENCE = 120.0
"""Seconds without a new input after which a process hangs."""
HEADER, ROOM = 80, 1 << 16


def fuzzed_guarded(
    *,
    inputs: int = 0,
    seconds: float = 0.0,
    seed: int = 0,
    targets: Sequence[str] | None = None,
    keep: bool = False,
    batch: int = BATCH,
) -> dict[str, Count]:
    """Fuzz as `fuzzed` does, in batches; each has a seed of its own.

    Parameters
    ----------
    inputs, seconds, seed, targets, keep
        As in `fuzzed`.
    batch : int
        Inputs of one process.
    """
    totals = {name: Count() for name in targets or TARGETS}
    end = time.monotonic() + seconds
    done = number = 0
    while done < inputs if inputs else time.monotonic() < end:
        size = min(batch, inputs - done) if inputs else 0
        left = 0.0 if inputs else min(end - time.monotonic(), 600.0)
        done += _batch(totals, inputs=size, seconds=left, seed=seed * 1_000_003 + number, keep=keep)
        number += 1
    return totals


def _batch(totals: dict[str, Count], *, inputs: int, seconds: float, seed: int, keep: bool) -> int:
    """Fuzz in a fork; add what it counted, or the input on which it ended. Return how many inputs were tried."""
    shared = mmap.mmap(-1, ROOM)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            faulthandler.disable()
            os.close(read)
            counts = fuzzed(
                inputs=inputs, seconds=seconds, seed=seed, targets=list(totals), keep=keep,
                watch=lambda name, data: _write(shared, name, data),
            )  # fmt: skip
            with open(write, "w") as stream:
                json.dump({name: asdict(count) for name, count in counts.items()}, stream)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    text = _awaited(read, child, shared)
    _, status = os.waitpid(child, 0)
    if text:
        counted = {name: Count(**plain) for name, plain in json.loads(text).items()}
        for name, count in counted.items():
            _add(totals[name], count)
        return sum(count.inputs for count in counted.values())
    tried, name, data = _read(shared)
    how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit status {status >> 8}"
    count = totals.setdefault(name, Count())
    count.inputs += tried
    noted(f"the process ends with {how}: {tried} inputs into seed {seed}", name, data, count, keep=keep)
    return max(tried, 1)


def _awaited(read: int, child: int, shared: mmap.mmap) -> str:
    """All that the child writes at its end; it is killed where it tries no new input for long."""
    before = -1
    while not select.select([read], [], [], PATIENCE)[0]:
        tried = _read(shared)[0]
        if tried == before:
            os.kill(child, signal.SIGKILL)
            break
        before = tried
    with open(read) as stream:
        return stream.read()


def _write(shared: mmap.mmap, name: str, data: bytes) -> None:
    """Note the input that is about to be tried, with how many there were."""
    number = int.from_bytes(shared[:8], "little") + 1
    word = name.encode()[: HEADER - 17].ljust(HEADER - 16, b"\0")
    shared[: HEADER + len(data)] = number.to_bytes(8, "little") + len(data).to_bytes(8, "little") + word + data


def _read(shared: mmap.mmap) -> tuple[int, str, bytes]:
    number, size = (int.from_bytes(shared[k : k + 8], "little") for k in (0, 8))
    return number, shared[16:HEADER].rstrip(b"\0").decode(), shared[HEADER : HEADER + size]


def _add(total: Count, count: Count) -> None:
    total.inputs += count.inputs
    total.read += count.read
    total.refused += count.refused
    total.contained += count.contained
    total.slowest = max(total.slowest, count.slowest)
    known = {finding.partition(": ")[0] for finding in total.findings}
    total.findings += [finding for finding in count.findings if finding.partition(": ")[0] not in known]
