"""The loop: an example, changed; read, refused in one sentence, or a finding."""

from __future__ import annotations

import hashlib
import resource
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fuzz.corpus import examples
from fuzz.mutations import mutated
from fuzz.targets import SLOW_TARGETS, TARGETS
from spinfunnel.landscape import InputError

__all__ = ["Count", "fuzzed", "noted"]

FOUND = Path(__file__).parent / "found"
SLOW = 4.0
"""Seconds of work; a child may take three before it is ended."""
LONGEST = 600
"""Characters of a refusal before the command line shortens it."""
LARGEST = 500_000
"""KiB by which the memory of this process may swell for one input."""
POOL = 40
FORKED = 50
"""Slow readers take one input for so many of the others."""


@dataclass
class Count:
    """What happened to the inputs of one target."""

    inputs: int = 0
    read: int = 0
    refused: int = 0
    contained: int = 0
    slowest: float = 0.0
    findings: list[str] = field(default_factory=list)


def fuzzed(
    *,
    inputs: int = 0,
    seconds: float = 0.0,
    seed: int = 0,
    targets: Sequence[str] | None = None,
    keep: bool = False,
    watch: Callable[[str, bytes], None] = lambda *_: None,
) -> dict[str, Count]:
    """Fuzz targets in turn.

    Parameters
    ----------
    inputs : int
        How many in all; by `seconds` when 0.
    seconds : float
    seed : int
    targets : sequence of str, optional
        All unless given.
    keep : bool
        Whether findings are written to ``fuzz/found``.
    watch : callable
        Told each target and input before it is tried.
    """
    names = list(targets or TARGETS)
    corpus = examples()
    pools = {name: list(corpus[name]) for name in names}
    counts = {name: Count() for name in names}
    generator = np.random.default_rng(seed)
    end = time.monotonic() + seconds
    done = turn = 0
    while done < inputs if inputs else time.monotonic() < end:
        name = names[turn % len(names)]
        turn += 1
        if name in SLOW_TARGETS and len(names) > 2 and (turn // len(names)) % FORKED:
            continue
        pool = pools[name]
        data = mutated(pool[int(generator.integers(0, len(pool)))], generator, pool)
        watch(name, data)
        if _tried(name, data, counts[name], keep=keep) and len(data) < 4000:
            # What was read is an example to go on from: changes pile up as long as the file stays valid.
            fixed = len(corpus[name])
            pool.append(data)
            if len(pool) > fixed + POOL:
                del pool[fixed + int(generator.integers(0, POOL))]
        done += 1
    return counts


def _worked() -> float:
    """Seconds that this process and its children have worked; other programs on the machine do not count."""
    return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def _tried(name: str, data: bytes, count: Count, *, keep: bool) -> bool:
    """Whether an input was read; its end is counted."""
    count.inputs += 1
    begun, swollen = _worked(), _peak()
    finding, was_read = "", False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            TARGETS[name](data)
        count.read += 1
        was_read = True
    except InputError as error:
        said = str(error)
        count.contained += said.startswith("contained")
        count.refused += 1
        if len(said) > LONGEST or "\n" in said:
            finding = f"a refusal of {len(said)} characters: {said[:120]!r}"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        finding = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {str(error)[:120]}"
    finally:
        taken = _worked() - begun
        count.slowest = max(count.slowest, taken)
    if not finding and taken > SLOW:
        finding = f"{taken:.1f} s for {len(data)} bytes"
    if not finding and _peak() - swollen > LARGEST:
        finding = f"{(_peak() - swollen) / 1024:.0f} MB for {len(data)} bytes"
    if finding:
        noted(finding, name, data, count, keep=keep)
    return was_read


def noted(finding: str, name: str, data: bytes, count: Count, *, keep: bool) -> None:
    """Note what was found, unless an input like it was."""
    if any(finding.partition(": ")[0] == known.partition(": ")[0] for known in count.findings):
        return
    mark = hashlib.sha256(data).hexdigest()[:12]
    count.findings.append(f"{finding} [{mark}]")
    if keep:
        FOUND.mkdir(exist_ok=True)
        (FOUND / f"{name}-{mark}").write_bytes(data)


def _peak() -> int:
    """Most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
