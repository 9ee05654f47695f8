"""What to do next: one command, and why."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from spinfunnel.landscape import Kind
from spinfunnel.report.names import specification
from spinfunnel.report.reported import Reported
from spinfunnel.systems import SYSTEMS

__all__ = ["NextStep", "next_step"]

LONGER = 4
"""How many times as long a further search takes as the last one."""
MOST_EXACT = 26
"""Bits up to which a landscape of a sweep is small enough to be flooded soon."""
WHOLE = 2.0
"""Time of a study over that of its exploring, roughly: nulls, walks and pictures take the other half of a budget."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command, and in one sentence why it is worth running."""

    command: str
    why: str


def next_step(study: Reported) -> NextStep:
    """Choose the next command by the verdict and by how the map was made.

    An undecided landscape is explored longer, or at other sizes. A decided one is compared with other sizes where its
    system has a size, solved where it was sampled, and kept in an atlas otherwise.
    """
    what = shlex.quote(specification(study.landscape))
    road, undecided = study.graph.road, study.verdict.kind == "undecided"
    if road != "exact" and undecided:
        why = "The search was too short to decide. Explore four times as long."
        return NextStep(f"spinfunnel judge {what} --budget {_longer(study.run.seconds)}", why)
    sizes = _sizes(study, larger=undecided)
    if sizes and road == "exact":
        why = (
            "This size does not decide. Compare larger ones."
            if undecided
            else "Does the verdict hold as the system grows? Compare several sizes."
        )
        return NextStep(f"spinfunnel sweep {study.landscape.name} --over {sizes} --samples 10", why)
    if road == "sampled" and study.landscape.kind is Kind.BINARY:
        return NextStep(f"spinfunnel advise {what}", "Which solver finds the lowest energy fastest? Try three.")
    if road != "exact":
        why = "Minima may be missing. Explore four times as long; the atlas keeps what was found."
        return NextStep(f"spinfunnel judge {what} --budget {_longer(study.run.seconds)} --atlas map.db", why)
    return NextStep(
        f"spinfunnel judge {what} --atlas map.db", "Keep the map in an atlas, for other programs and later questions."
    )


def _longer(seconds: float) -> str:
    """Write four times as many seconds as a budget, at least half a minute."""
    whole = max(30, int(LONGER * WHOLE * seconds + 0.5))
    return f"{whole}s" if whole < 120 else f"{round(whole / 60)}m"


def _sizes(study: Reported, *, larger: bool) -> str:
    """Values of the system's size to compare, as they are typed, up to this one or from it on; empty without a size."""
    entry = study.landscape
    if entry.name not in SYSTEMS:
        return ""
    given = entry.parameters
    n, shape = given.get("n"), given.get("shape")
    if isinstance(n, int) and n >= 8:
        sizes = range(n, min(n + 7, MOST_EXACT + 1), 3) if larger else sorted({max(n - 6, 6), max(n - 3, 7), n})
        return f"n={','.join(map(str, sizes))}"
    if isinstance(shape, tuple | list) and len(shape) > 1 and shape[-1] > 3:
        rest = "x".join(str(length) for length in shape[:-1])
        last = shape[-1]
        lengths = range(last, last + 3) if larger else range(max(last - 2, 2), last + 1)
        return "shape=" + ",".join(f"{rest}x{length}" for length in lengths)
    return ""
