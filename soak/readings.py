"""What a process holds, read from the operating system, and whether it grows."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["LIMIT", "Reading", "Verdict", "judged", "table"]

LIMIT = 0.02
"""Growth of the memory, from the first tenth of the readings after warming up to the last, that is called flat."""
ROWS = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """What this process holds after so many cycles: memory of its own in bytes, open files, threads; and the time."""

    cycle: int
    seconds: float
    memory: int
    files: int
    threads: int

    @classmethod
    def now(cls, cycle: int) -> Reading:
        """Read them, with the garbage collected first."""
        gc.collect()
        # Of its own, in memory or swapped out: pages of files come and go with what else the machine does.
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        own = sum(int(status.get(name, "0").split()[0]) * 1024 for name in ("RssAnon", "VmSwap"))
        files = len(os.listdir("/proc/self/fd")) - 1
        return cls(cycle, time.monotonic(), own, files, threading.active_count())

    def __str__(self) -> str:
        return f"{self.memory / 1e6:.1f} MB, {self.files} files, {self.threads} threads"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much memory (a share) and how many files and threads came on top after warming up."""

    cycles: int
    growth: float
    files: int
    threads: int

    @property
    def flat(self) -> bool:
        """Whether nothing grows."""
        return self.growth <= LIMIT and self.files <= 0 and self.threads <= 0

    def __str__(self) -> str:
        return (
            f"{'flat' if self.flat else 'GROWING'}: memory {self.growth:+.2%} (up to {LIMIT:.0%}), files "
            f"{self.files:+d}, threads {self.threads:+d} over {self.cycles} cycles after warming up"
        )


def judged(readings: Sequence[Reading], *, warm: float) -> Verdict:
    """Compare the median of the last tenth of the readings with that of the first tenth after `warm` seconds.

    Raises
    ------
    ValueError
        For fewer than ten readings after warming up: they say nothing. Work longer.
    """
    kept = [reading for reading in readings if reading.seconds - readings[0].seconds >= warm]
    if len(kept) < 10:
        raise ValueError(f"{len(kept)} readings after {warm:g} s of warming up are too few; at least 10 are needed")
    tenth = len(kept) // 10
    first, last = kept[:tenth], kept[-tenth:]

    def middle(part: Sequence[Reading], name: str) -> float:
        return float(median(getattr(reading, name) for reading in part))

    return Verdict(
        len(kept),
        middle(last, "memory") / middle(first, "memory") - 1.0,
        round(middle(last, "files") - middle(first, "files")),
        round(middle(last, "threads") - middle(first, "threads")),
    )


def table(readings: Sequence[Reading], *, minutes: float) -> str:
    """Rows at equal times."""
    step = 60.0 * minutes / ROWS
    lines = [f"{'minute':>8}{'cycles':>8}{'memory/MB':>11}{'files':>7}{'threads':>9}"]
    begun = readings[0].seconds
    following = 0.0
    for reading in readings:
        if reading.seconds - begun >= following or reading is readings[-1]:
            lines.append(
                f"{(reading.seconds - begun) / 60.0:>8.1f}{reading.cycle:>8}{reading.memory / 1e6:>11.1f}"
                f"{reading.files:>7}{reading.threads:>9}"
            )
            following += step
    return "\n".join(lines)
