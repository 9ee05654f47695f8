"""The rule for lattice chains: that of maps whose states were not all counted, with two questions of their own.

*Does a native state stand out?* Tf/Tg is large for chains whatever their sequence, since compact states are few: a
chain whose gap its own shuffled sequences reach has no native state, and Tf/Tg is not asked. *Is it a hole?* Walks on
long chains are not measured; where they are not, a slope of the energy toward the native contacts says that it is none.

Chains share all other questions with sampled maps and not with exact maps of bits: rulers of those rest on the Walsh
spectrum and on flips, which a chain does not have. Shakhnovich, Gutin, Nature 346, 773 (1990), for the shuffles.
"""

from __future__ import annotations

from spinfunnel.landscape.estimate import NoAnswer
from spinfunnel.verdict.sampled import Own, concluded, guided, stability, stands_out, walks_fail
from spinfunnel.verdict.witness import Case, Conclusion, Finding

__all__ = ["conclude"]


def conclude(case: Case) -> Conclusion:
    """Kind and reason."""
    return concluded(case, Own(_designed, _hole))


def _designed(case: Case) -> Finding:
    """Whether a native state stands out: no where shuffled sequences reach as low, else as of any map."""
    shuffles = stability(case)
    return shuffles if shuffles.no else stands_out(case)


def _hole(case: Case) -> bool:
    """Whether walks fail; where they were not measured, whether no slope leads to the native contacts either."""
    walked = not isinstance(case.read("levinthal"), NoAnswer)
    return walks_fail(case) and (walked or not guided(case).yes)
